//! `relaymeter estimate`: what a volume of mail costs a month.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;

use super::budget::{self, Budget};
use super::cost_data::{self, Sums, in_full, plain, shown};
use super::count_args::InForce;
use super::price_args::{PriceArgs, day};
use super::price_book::Prices;
use super::typed_number::{self, TypedError};
use super::{Context, Exit, Outcome, explain};
use crate::estimate::{Estimate, Part, estimate};
use crate::money::{Money, MoneyError, parse_amount};
use crate::pricing::{Metered, PriceList, Quantities};
use crate::report::{Report, Section, amount, counted};
use crate::units::MessageSize;

/// The layout of the data; counted up when a reader would have to change.
const SCHEMA_VERSION: u32 = 1;
/// The most months that are priced at once: a hundred years.
const MAX_MONTHS: u32 = 1_200;

/// Price a volume of mail
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Messages a month, such as 1000000, 1.000.000, 1_000_000, 1M or 2.5k
    #[arg(long, value_name = "N", value_parser = messages, allow_negative_numbers = true)]
    pub messages: Decimal,
    /// Mean number of recipients of a message
    #[arg(long, value_name = "R", default_value = "1", value_parser = recipients, allow_negative_numbers = true)]
    pub recipients_per_message: Decimal,
    /// Size of one message with headers and attachments, such as 0.2MB, 200kB, 1.5MiB or 2884
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub size: MessageSize,
    /// Use the prices and the exchange rate in force on a day [default: the newest]
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub on: Option<NaiveDate>,
    /// Months alike to be priced
    #[arg(long, value_name = "N", default_value = "1", value_parser = months, allow_negative_numbers = true)]
    pub months: u32,
    /// Amount that the total of all months, rounded as it is shown, must not exceed, such as 300 or 300EUR; ends
    /// with exit code 4 if it does
    #[arg(long, value_name = "AMOUNT", value_parser = budget::parse, allow_hyphen_values = true)]
    pub budget: Option<Budget>,
    /// Derive the total step by step
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub prices: PriceArgs,
}

/// Prices the volume and checks the budget.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    let prices = args.prices.resolve(context.settings()?, args.on)?;
    let quantities = Quantities::typed(args.messages, args.recipients_per_message, args.size)?;
    let part = Part::month(prices.list.clone(), quantities);
    let months = usize::try_from(args.months)?;
    let priced = estimate(&vec![part; months], &prices.conditions)?;
    let budget = args.budget.map(|budget| BudgetCheck::new(budget, priced.total)).transpose()?;
    let within = budget.as_ref().is_none_or(|check| check.within);
    Ok(Outcome {
        exit: if within { Exit::Done } else { Exit::CheckFailed },
        warnings: prices.warnings.values().cloned().collect(),
        ..Outcome::report(report(args, &prices, &priced, budget.as_ref())?)
    })
}

/// A budget beside the total.
struct BudgetCheck {
    limit: Money,
    /// The total that counts: rounded, since nobody is asked to pay another.
    total: Money,
    within: bool,
}

impl BudgetCheck {
    fn new(budget: Budget, total: Money) -> anyhow::Result<BudgetCheck> {
        let total = total.rounded();
        let limit = budget.within(total.currency())?;
        let within = total.amount() <= limit.amount();
        Ok(BudgetCheck { limit, total, within })
    }

    fn note(&self) -> anyhow::Result<String> {
        let (limit, total) = (in_full(self.limit), amount(&self.total));
        let left = self.limit.checked_sub(self.total)?;
        Ok(match self.within {
            true => format!("Within the budget of {limit}: the total of {total} leaves {}.", in_full(left)),
            false => {
                let over = in_full(self.total.checked_sub(self.limit)?);
                format!("OVER THE BUDGET of {limit}: the total of {total} exceeds it by {over}.")
            }
        })
    }
}

fn report(
    args: &Args,
    prices: &Prices,
    priced: &Estimate,
    budget: Option<&BudgetCheck>,
) -> anyhow::Result<Report> {
    let messages = counted(args.messages.normalize(), "message");
    let mut title = format!("{messages} a month of {}", args.size);
    if args.recipients_per_message != Decimal::ONE {
        title += &format!(" to {} recipients each", shown(args.recipients_per_message));
    }
    if args.months > 1 {
        title += &format!(", {} months", shown(args.months.into()));
    }
    let remarks = remarks(args, prices, priced, budget)?;
    let mut sections = vec![Section::Table(cost_data::charges_table("Cost", Sums::of(priced)))];
    if args.explain {
        sections.extend(explain::sections(args, priced)?);
    }
    let data = data(args, prices, priced, budget, &remarks)?;
    let mut provenance = vec![cost_data::version_note()];
    provenance.extend(cost_data::provenance_notes(priced, args.on.is_some()));
    provenance.extend(prices.in_force.iter().map(|one| format!("{one}.")));
    let warnings = prices.warnings.values().cloned().collect();
    let notes = [("Warnings", warnings), ("Remarks", remarks), ("Provenance", provenance)];
    sections.extend(notes.into_iter().filter_map(|(heading, lines)| cost_data::notes(heading, lines)));
    Ok(Report { title, sections, data: data.into() })
}

/// What the user should know to judge the total.
fn remarks(
    args: &Args,
    prices: &Prices,
    priced: &Estimate,
    budget: Option<&BudgetCheck>,
) -> anyhow::Result<Vec<String>> {
    let mut lines: Vec<String> = budget.map(BudgetCheck::note).transpose()?.into_iter().collect();
    if args.months > 1 {
        lines.push(format!("One month: {}.", amount(&monthly(priced, args.months)?)));
    }
    lines.extend(cost_data::charge_rounding_notes(Sums::of(priced)));
    lines.extend(cost_data::average_notes(&priced.charges));
    lines.extend(limit_notes(&prices.list, args));
    Ok(lines)
}

fn data(
    args: &Args,
    prices: &Prices,
    priced: &Estimate,
    budget: Option<&BudgetCheck>,
    remarks: &[String],
) -> anyhow::Result<serde_json::Value> {
    let mut data = json!({
        "schema_version": SCHEMA_VERSION,
        "total": cost_data::money_json(priced.total),
        "list_total": cost_data::money_json(priced.list_total),
        "contracted_total": cost_data::money_json(priced.contracted_total),
        "months": args.months,
        "monthly_total": cost_data::money_json(monthly(priced, args.months)?),
        "charges": cost_data::charges_json(&priced.charges),
        "exchange_rate":
            cost_data::exchange_rate_json(prices.conditions.exchange_rate.as_ref(), args.on.is_some()),
        "budget": budget.map(|check| json!({
            "limit": cost_data::money_json(check.limit),
            "compared_total": cost_data::money_json(check.total),
            "within": check.within,
        })),
        "warnings": prices.warnings.values().collect::<Vec<_>>(),
        "remarks": remarks,
        "provenance": provenance(args, prices),
    });
    if args.explain {
        data["explanation"] = explain::data(args, priced)?;
    }
    Ok(data)
}

fn provenance(args: &Args, prices: &Prices) -> serde_json::Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "price_list": cost_data::price_list_json(&prices.list),
        "terms": cost_data::terms_json(&prices.conditions.terms),
        "megabyte": prices.conditions.megabyte.name(),
        "on": args.on.map(|on| on.to_string()),
        "usage": {
            "messages": plain(args.messages),
            "recipients_per_message": plain(args.recipients_per_message),
            "message_size": args.size.in_bytes().to_string(),
        },
        "chosen_by": prices.chosen_by,
        "settings": prices.in_force.iter().map(InForce::json).collect::<Vec<_>>(),
    })
}

/// The total of one of the months, which are alike.
fn monthly(priced: &Estimate, months: u32) -> anyhow::Result<Money> {
    let amount = priced.total.amount().checked_div(Decimal::from(months));
    let amount = amount.ok_or(MoneyError::Overflow)?;
    Ok(Money::new(amount, priced.total.currency()))
}

/// Says where a volume is beyond a limit that a new customer meets.
fn limit_notes(list: &PriceList, args: &Args) -> Vec<String> {
    let volume = |metered| match metered {
        Metered::Messages => Some(args.messages),
        Metered::Recipients => args.messages.checked_mul(args.recipients_per_message),
        Metered::Megabytes => None,
    };
    let mut lines = Vec::new();
    for limit in &list.limits {
        let (Some(volume), Some(most)) = (volume(limit.metered), limit.per_30_days()) else { continue };
        if volume > most {
            lines.push(format!(
                "{} {} a month need more than {} an hour, which is {} in 30 days: {}; {}.",
                shown(volume),
                limit.metered.name(),
                shown(limit.per_hour),
                shown(most),
                limit.note,
                limit.url
            ));
        }
    }
    lines
}

/// Reads a whole number, with thousands set apart or `k`, `M` or `G` after it.
pub(super) fn messages(text: &str) -> Result<Decimal, String> {
    let refuse = || {
        format!(
            "'{text}' is not a number of messages: expected a whole number such as '1000000', '1M' or '2.5k'"
        )
    };
    let trimmed = text.trim();
    let (digits, factor) = match trimmed.char_indices().last() {
        Some((end, 'k' | 'K')) => (&trimmed[..end], 1_000_u32),
        Some((end, 'm' | 'M')) => (&trimmed[..end], 1_000_000),
        Some((end, 'g' | 'G')) => (&trimmed[..end], 1_000_000_000),
        _ => (trimmed, 1),
    };
    let too_large =
        || format!("'{text}' is too large for a number of messages: expected {} at most", u64::MAX);
    let number = match typed_number::read(digits) {
        Ok(number) => number,
        // As in a size: with a unit a point is a decimal point.
        Err(TypedError::Open { fraction, .. }) if factor > 1 && digits.contains('.') => fraction,
        Err(TypedError::Open { thousands, fraction }) => {
            return Err(two_readings(text, &trimmed[digits.len()..], &thousands, fraction));
        }
        Err(TypedError::TooManyDigits) => return Err(too_large()),
        Err(TypedError::Unreadable) => return Err(refuse()),
    };
    let number = number.checked_mul(Decimal::from(factor)).ok_or_else(too_large)?;
    match number.is_integer() {
        true if number > Decimal::from(u64::MAX) => Err(too_large()),
        true => Ok(number.normalize()),
        false => Err(refuse()),
    }
}

/// The refusal of a number of messages whose point or comma may separate thousands.
fn two_readings(text: &str, unit: &str, thousands: &str, fraction: Decimal) -> String {
    match unit.is_empty() && !fraction.is_integer() {
        true => format!("'{text}' can be read in two ways, one of them not whole: write '{thousands}'"),
        false => format!("'{text}' can be read in two ways: write '{thousands}{unit}' or '{fraction}{unit}'"),
    }
}

fn months(text: &str) -> Result<u32, String> {
    let months = text.parse().ok().filter(|months| (1..=MAX_MONTHS).contains(months));
    months.ok_or_else(|| {
        format!("'{text}' is not a number of months: expected a whole number from 1 to {MAX_MONTHS}")
    })
}

fn recipients(text: &str) -> Result<Decimal, String> {
    let expected =
        || format!("'{text}' is not a number of recipients: expected 1 or more, such as '1' or '2.5'");
    parse_amount(text).ok().filter(|number| *number >= Decimal::ONE).ok_or_else(expected)
}

#[cfg(test)]
pub(super) mod tests;
