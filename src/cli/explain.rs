//! `estimate --explain`: the total step by step, and why converted, printed unit prices do not give it.
//!
//! Price pages show small converted unit prices rounded up. Multiplied by a large quantity the rounding becomes
//! visible: this is how a figure such as EUR 264.00 for a month of EUR 253.75 comes about. Everything shown is
//! calculated from the estimate.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::cost_data::{digits_in_full, exact_per_cent, in_full, money_json, plain, shown};
use super::estimate::Args;
use crate::estimate::{Charge, Estimate};
use crate::money::{ExchangeRate, Money, MoneyError, Rounding, round};
use crate::pricing::rate::Step;
use crate::pricing::terms::{MeterTerms, Terms};
use crate::report::{Cell, Row, RowKind, Section, Table, amount, counted, per_cent};

/// Digits of a small unit price that a price page prints: of the five that are known from Azure's page of April 2025
/// four have two, such as EUR 0.00024 for 0.0002315, and one has three.
const PRINTED_DIGITS: u32 = 2;
/// Decimals of a larger one: EUR 0.371 for 0.370439.
const PRINTED_DECIMALS: u32 = 3;

/// A unit price as a price page prints it, and what it makes of the quantity.
struct PrintedStep<'a> {
    meter: &'a str,
    quantity: Decimal,
    list: Money,
    exact: Money,
    printed: Money,
    cost: Money,
}

/// The arithmetic with printed unit prices.
struct Printed<'a> {
    steps: Vec<PrintedStep<'a>>,
    total: Money,
    /// The right total at list prices, converted.
    right: Money,
}

/// The derivation, and for a converted total the comparison with printed unit prices.
pub(super) fn sections(args: &Args, priced: &Estimate) -> Result<Vec<Section>, MoneyError> {
    let heading = "How the total comes about".to_owned();
    let mut sections = vec![Section::Notes { heading, lines: derivation(args, priced)? }];
    if let Some(rate) = &priced.conditions.exchange_rate {
        let printed = printed(priced, rate)?;
        sections.push(Section::Table(printed.table(rate)));
        sections.push(Section::Notes { heading: "Conclusion".to_owned(), lines: printed.conclusion(rate)? });
    }
    Ok(sections)
}

/// The same for programs.
pub(super) fn data(args: &Args, priced: &Estimate) -> Result<Value, MoneyError> {
    let printed = match &priced.conditions.exchange_rate {
        Some(rate) => printed(priced, rate)?.data(),
        None => Value::Null,
    };
    Ok(json!({ "steps": derivation(args, priced)?, "printed_unit_prices": printed }))
}

fn derivation(args: &Args, priced: &Estimate) -> Result<Vec<String>, MoneyError> {
    let mut lines = Vec::new();
    if let Some(part) = priced.parts.first() {
        let (quantities, megabyte) = (&part.quantities, priced.conditions.megabyte);
        let megabytes = quantities.of(crate::pricing::Metered::Megabytes, megabyte)?;
        lines.push(format!(
            "{} x {} per message = {}",
            counted(quantities.messages.normalize(), "message"),
            shown(args.recipients_per_message),
            counted(quantities.recipients.normalize(), "recipient")
        ));
        lines.push(format!(
            "{} x {} = {}; divided by {} = {} MB",
            counted(quantities.recipients.normalize(), "recipient"),
            counted(args.size.in_bytes(), "byte"),
            counted(quantities.recipient_bytes.normalize(), "byte"),
            shown(megabyte.in_bytes().into()),
            shown(megabytes)
        ));
        let terms = &priced.conditions.terms;
        lines.extend(part.charges.iter().flat_map(|charge| charge_lines(charge, terms)));
    }
    lines.extend(total_lines(args, priced)?);
    Ok(lines)
}

/// The charges of one month with their tiers, and what the terms make of them.
fn charge_lines(charge: &Charge, terms: &Terms) -> Vec<String> {
    let mut lines = Vec::new();
    let (meter, currency) = (&charge.sku_meter, charge.list_cost.currency());
    if !charge.included.is_zero() {
        lines.push(format!("{meter}: the first {} are included", shown(charge.included)));
    }
    let step = |step: &Step| {
        let (quantity, price, cost) = (shown(step.quantity), plain(step.unit_price), shown(step.cost));
        format!("{meter}: {quantity} x {currency} {price} = {currency} {cost}")
    };
    lines.extend(charge.steps.iter().map(step));
    if charge.steps.len() > 1 {
        lines.push(format!("{meter}: together {}", exact(charge.list_cost)));
    }
    if charge.contracted_cost != charge.list_cost {
        let (contracted, listed) = (exact(charge.contracted_cost), exact(charge.list_cost));
        lines.push(match terms.of_meter(meter) {
            MeterTerms::Price(price) => format!(
                "{meter}: by the terms {} x {currency} {} = {contracted} instead of {listed}",
                shown(charge.pricing_quantity),
                plain(price)
            ),
            MeterTerms::Discount(discount) => {
                format!("{meter}: by the terms {listed} less {} = {contracted}", exact_per_cent(discount))
            }
        });
    }
    lines
}

fn total_lines(args: &Args, priced: &Estimate) -> Result<Vec<String>, MoneyError> {
    let mut lines = Vec::new();
    let costs = priced.parts.first().into_iter().flat_map(|part| &part.charges);
    let summands: Vec<String> = costs.map(|charge| shown(charge.contracted_cost.amount())).collect();
    let currency = priced.contracted_total.currency();
    let month = priced.contracted_total.amount().checked_div(args.months.into());
    let month = month.ok_or(MoneyError::Overflow)?;
    lines.push(format!("Sum: {} = {currency} {}", summands.join(" + "), shown(month)));
    if args.months > 1 {
        lines.push(format!(
            "{} months x {} = {}",
            shown(args.months.into()),
            shown(month),
            exact(priced.contracted_total)
        ));
    }
    if let Some(rate) = &priced.conditions.exchange_rate {
        let (amount, rate) = (exact(priced.contracted_total), plain(rate.rate()));
        lines.push(format!("Converted once, at the end: {amount} / {rate} = {}", exact(priced.total)));
    }
    lines.push(format!("Rounded once, where it is shown: {}", amount(&priced.total)));
    Ok(lines)
}

/// Takes each unit price of the list as a price page prints it in the result's currency, and multiplies.
fn printed<'a>(priced: &'a Estimate, rate: &ExchangeRate) -> Result<Printed<'a>, MoneyError> {
    let mut steps = Vec::new();
    let mut total = Money::zero(rate.billing);
    for charge in &priced.charges {
        for step in &charge.steps {
            let list = Money::new(step.unit_price.normalize(), rate.pricing);
            let exact = rate.convert(list)?;
            let printed = Money::new(as_printed(exact.amount()), rate.billing);
            let cost = printed.checked_mul(step.quantity)?;
            total = total.checked_add(cost)?;
            let (meter, quantity) = (charge.sku_meter.as_str(), step.quantity);
            steps.push(PrintedStep { meter, quantity, list, exact, printed, cost });
        }
    }
    Ok(Printed { steps, total, right: rate.convert(priced.list_total)? })
}

/// A converted unit price as a price page is assumed to print it.
fn as_printed(exact: Decimal) -> Decimal {
    let exact = exact.normalize();
    let digits = exact.mantissa().unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
    let zeros = exact.scale().saturating_sub(digits);
    let decimals = PRINTED_DECIMALS.max(zeros + PRINTED_DIGITS);
    round(exact, decimals, Rounding::Up).normalize()
}

impl Printed<'_> {
    fn table(&self, rate: &ExchangeRate) -> Table {
        let columns = ["Meter", "Quantity", "List price", "Exact in", "As printed", "Quantity x printed"];
        let columns = columns.map(|name| match name {
            "Exact in" => format!("Exact in {}", rate.billing),
            name => name.to_owned(),
        });
        let row = |step: &PrintedStep| Row {
            kind: RowKind::Body,
            cells: vec![
                Cell::Text(step.meter.to_owned()),
                Cell::Number(step.quantity.normalize()),
                Cell::UnitPrice(step.list),
                Cell::UnitPrice(step.exact),
                Cell::UnitPrice(step.printed),
                Cell::Money(step.cost),
            ],
        };
        let mut rows: Vec<Row> = self.steps.iter().map(row).collect();
        let mut cells = vec![Cell::Text("Total".to_owned())];
        cells.extend([Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, Cell::Money(self.total)]);
        rows.push(Row { kind: RowKind::Total, cells });
        let title = format!("What unit prices printed in {} would give", rate.billing);
        Table { title, columns: columns.into(), rows }
    }

    fn conclusion(&self, rate: &ExchangeRate) -> Result<Vec<String>, MoneyError> {
        // As shown: a difference that rounding hides, or a share of next to nothing, would explain nothing.
        let (total, right) = (self.total.rounded(), self.right.rounded());
        let excess = total.checked_sub(right)?;
        let summands: Vec<String> = self.steps.iter().map(|step| digits_in_full(step.cost)).collect();
        let difference = match (excess.amount().is_zero(), excess.amount().checked_div(right.amount())) {
            (true, _) => "once rounded, the same as the total at list prices".to_owned(),
            (false, None) => format!("more than the {} at list prices", amount(&self.right)),
            (false, Some(share)) => {
                let (excess, share) = (amount(&excess), per_cent(share));
                format!("{excess} ({share}) more than the {} at list prices", amount(&right))
            }
        };
        Ok(vec![
            format!("{} = {}: {difference}.", summands.join(" + "), in_full(self.total)),
            format!(
                "Assumed: a price page converts every unit price at {} and rounds it up at its second significant \
                 digit (from 0.1 on, at the third decimal), as Azure's page of April 2025 did with most prices known \
                 from it.",
                plain(rate.rate())
            ),
            "That rounding is then multiplied by the quantity.".to_owned(),
            "Right is to multiply the published prices, to convert the total, and to round once.".to_owned(),
        ])
    }

    fn data(&self) -> Value {
        let step = |step: &PrintedStep| {
            json!({
                "sku_meter": step.meter,
                "quantity": plain(step.quantity),
                "list_unit_price": plain(step.list.amount()),
                "exact_unit_price": plain(step.exact.amount()),
                "printed_unit_price": plain(step.printed.amount()),
                "cost": plain(step.cost.amount()),
            })
        };
        json!({
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
            "total": money_json(self.total),
            "right_total": money_json(self.right),
        })
    }
}

/// An amount in full.
fn exact(money: Money) -> String {
    format!("{} {}", money.currency(), shown(money.amount()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed for a price in dollars at the rate of April 2025.
    fn printed(dollars: &str) -> String {
        let (dollars, rate): (Decimal, Decimal) = (dollars.parse().unwrap(), "1.0798".parse().unwrap());
        as_printed(dollars.checked_div(rate).unwrap()).to_string()
    }

    #[test]
    fn unit_prices_are_printed_as_azures_page_did() {
        let known = [
            ("0.00025", "0.00024"),
            ("0.00012", "0.00012"),
            ("0.000026", "0.000025"),
            ("0.000004", "0.0000038"),
            ("0.40", "0.371"),
            ("0.25", "0.232"),
            ("8.76", "8.113"),
            ("23.36", "21.634"),
        ];
        for (dollars, euro) in known {
            assert_eq!(printed(dollars), euro, "USD {dollars}");
        }
        // The exception: the page had 0.0000149, with three digits.
        assert_eq!(printed("0.000016"), "0.000015");
    }

    #[test]
    fn a_price_is_never_printed_as_a_multiple_of_itself() {
        assert_eq!(printed("0.0000042"), "0.0000039");
        assert_eq!(printed("0"), "0");
        assert_eq!(as_printed("0.5".parse().unwrap()).to_string(), "0.5");
        assert_eq!(as_printed("0.00099".parse().unwrap()).to_string(), "0.00099");
        assert_eq!(as_printed("0.000991".parse().unwrap()).to_string(), "0.001");
        assert_eq!(as_printed("35".parse().unwrap()).to_string(), "35");
    }
}
