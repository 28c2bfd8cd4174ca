//! Costs as data and as tables, the same in every command that prices something.
//!
//! JSON carries exact decimals as strings; what the figures mean is left to `estimate`.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::estimate::{Charge, Estimate};
use crate::money::{Currency, ExchangeRate, Money, RateSource};
use crate::pricing::rate::Step;
use crate::pricing::terms::MeterTerms;
use crate::pricing::{PriceList, Source, Terms};
use crate::report::{Cell, Row, RowKind, Section, Table, amount, grouped};
use crate::units::Megabyte;

/// A number without trailing zeros.
pub(super) fn plain(number: Decimal) -> String {
    number.normalize().to_string()
}

/// A number for people, in full, with commas between thousands.
pub(super) fn shown(number: Decimal) -> String {
    grouped(&plain(number))
}

/// An amount in all its digits, with the decimals of its currency at least: `USD 1,250.00`, `USD 0.185`.
pub(super) fn in_full(money: Money) -> String {
    format!("{} {}", money.currency(), digits_in_full(money))
}

/// The same without the currency.
pub(super) fn digits_in_full(money: Money) -> String {
    let exact = money.amount().normalize();
    match exact.scale() <= money.currency().decimals() {
        true => grouped(&money.display_amount()),
        false => grouped(&exact.to_string()),
    }
}

/// Where rounding each row shows another sum than the rounded total. A note and no row, because programs read
/// exact rows, which add up.
pub(super) fn rounding_note(
    what: &str,
    total: Money,
    mut rows: impl Iterator<Item = Money>,
) -> Option<String> {
    let zero = Money::zero(total.currency());
    let rounded = rows.try_fold(zero, |sum, row| sum.checked_add(row.rounded())).ok()?;
    let difference = total.rounded().checked_sub(rounded).ok()?;
    (difference != zero).then(|| {
        format!(
            "Rounding of {what}: {} between the rounded rows ({}) and the total, which is exact before it is rounded.",
            amount(&difference),
            amount(&rounded)
        )
    })
}

/// An amount with its unrounded value and how it is shown.
pub(super) fn money_json(money: Money) -> Value {
    json!({
        "amount": plain(money.amount()),
        "display": money.display_amount(),
        "currency": money.currency(),
    })
}

/// The charges of an estimate, in the list's currency.
pub(super) fn charges_json(charges: &[Charge]) -> Value {
    let charge = |charge: &Charge| {
        let step = |step: &Step| {
            json!({
                "quantity": plain(step.quantity),
                "unit_price": plain(step.unit_price),
                "cost": plain(step.cost),
            })
        };
        json!({
            "sku_meter": charge.sku_meter,
            "consumed_quantity": plain(charge.consumed_quantity),
            "included_quantity": plain(charge.included),
            "pricing_quantity": plain(charge.pricing_quantity),
            "pricing_unit": charge.pricing_unit,
            "list_unit_price": plain(charge.list_unit_price.amount()),
            "list_cost": plain(charge.list_cost.amount()),
            "contracted_unit_price": plain(charge.contracted_unit_price.amount()),
            "contracted_cost": plain(charge.contracted_cost.amount()),
            "unit_price_is_average": charge.is_average(),
            "steps": charge.steps.iter().map(step).collect::<Vec<_>>(),
            "currency": charge.list_cost.currency(),
        })
    };
    charges.iter().map(charge).collect()
}

/// The source of a typed rate.
const TYPED_RATE: &str = "--fx";

/// The rate of a conversion; a typed one has a date only where the day of the prices was given.
pub(super) fn exchange_rate_json(rate: Option<&ExchangeRate>, on_given: bool) -> Value {
    let Some(rate) = rate else { return Value::Null };
    let dated = on_given || rate.source != RateSource::Typed;
    let mut data = json!({
        "rate": plain(rate.rate()),
        "pricing_currency": rate.pricing,
        "billing_currency": rate.billing,
        "date": dated.then(|| rate.date.to_string()),
        "source": TYPED_RATE,
    });
    if let RateSource::File { url, derived_from, file, sha256 } = &rate.source {
        data["source"] = json!(url);
        data["derived_from"] = json!(derived_from);
        data["file"] = json!(file);
        data["sha256"] = json!(sha256);
    }
    data
}

/// Which list the prices come from; a list that is built in has no digest.
pub(super) fn price_list_json(list: &PriceList) -> Value {
    json!({
        "name": list.name,
        "version": list.version,
        "provider": list.provider,
        "currency": list.currency,
        "effective": list.effective.to_string(),
        "file": list.file,
        "sha256": list.sha256,
        "source": source_json(&list.source),
    })
}

/// Where figures come from.
pub(super) fn source_json(source: &Source) -> Value {
    json!({
        "url": source.url,
        "retrieved_on": source.retrieved_on.to_string(),
        "note": source.note,
    })
}

/// Which terms were applied; null where none were.
pub(super) fn terms_json(terms: &Terms) -> Value {
    if terms.file.is_empty() {
        return Value::Null;
    }
    let meter = |(name, own): &(String, MeterTerms)| match own {
        MeterTerms::Price(price) => json!({ "sku_meter": name, "unit_price": plain(*price) }),
        MeterTerms::Discount(discount) => json!({ "sku_meter": name, "discount": plain(*discount) }),
    };
    json!({
        "name": terms.name,
        "file": terms.file,
        "sha256": terms.sha256,
        "effective": terms.effective.map(|day| day.to_string()),
        "until": terms.until.map(|day| day.to_string()),
        "discount": plain(terms.discount),
        "meters": terms.meters.iter().map(meter).collect::<Vec<_>>(),
    })
}

/// Charges with their sums, as a table shows them.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a> {
    /// In the list's currency.
    pub(super) charges: &'a [Charge],
    /// By the list, in its currency.
    pub(super) list_total: Money,
    /// By the terms, in the list's currency.
    pub(super) contracted_total: Money,
    /// In the result's currency.
    pub(super) total: Money,
    /// Whether there are terms.
    pub(super) with_terms: bool,
}

impl<'a> Sums<'a> {
    /// Those of an estimate.
    pub(super) fn of(estimate: &'a Estimate) -> Sums<'a> {
        Sums {
            charges: &estimate.charges,
            list_total: estimate.list_total,
            contracted_total: estimate.contracted_total,
            total: estimate.total,
            with_terms: !estimate.conditions.terms.file.is_empty(),
        }
    }
}

/// The table of charges with their total; with terms, list and contracted price side by side.
pub(super) fn charges_table(title: &str, sums: Sums) -> Table {
    let list: &[&str] = if sums.with_terms { &["List unit price", "List cost"] } else { &[] };
    let own: &[&str] =
        if sums.with_terms { &["Contracted unit price", "Contracted cost"] } else { &["Unit price", "Cost"] };
    let columns = ["Meter", "Quantity", "Unit"].iter().chain(list).chain(own);
    let mut rows: Vec<Row> = sums.charges.iter().map(|charge| charge_row(charge, sums.with_terms)).collect();
    rows.push(total_row("Total", sums.with_terms.then_some(sums.list_total), sums.contracted_total));
    if sums.total.currency() != sums.contracted_total.currency() {
        let name = format!("Total in {}", sums.total.currency());
        let mut row = total_row(&name, None, sums.total);
        if sums.with_terms {
            row.cells.splice(3..3, [Cell::Empty, Cell::Empty]);
        }
        rows.push(row);
    }
    Table { title: title.to_owned(), columns: columns.map(|name| (*name).to_owned()).collect(), rows }
}

/// Says where the rounded charges add up to another total than the one shown.
pub(super) fn charge_rounding_notes(sums: Sums) -> Vec<String> {
    let contracted = sums.charges.iter().map(|charge| charge.contracted_cost);
    let list = sums.charges.iter().map(|charge| charge.list_cost);
    let contracted = rounding_note("the cost", sums.contracted_total, contracted);
    let listed = sums.with_terms.then(|| rounding_note("the list cost", sums.list_total, list)).flatten();
    listed.into_iter().chain(contracted).collect()
}

/// Says which unit prices are averages.
pub(super) fn average_notes(charges: &[Charge]) -> impl Iterator<Item = String> {
    charges.iter().filter(|charge| charge.is_average()).map(|charge| {
        let prices: Vec<String> = charge.steps.iter().map(|step| plain(step.unit_price)).collect();
        format!("The unit price of {} is the average over {}.", charge.sku_meter, prices.join(", "))
    })
}

fn charge_row(charge: &Charge, with_terms: bool) -> Row {
    let mut cells = vec![
        Cell::Text(charge.sku_meter.clone()),
        Cell::Number(charge.pricing_quantity.normalize()),
        Cell::Text(charge.pricing_unit.clone()),
    ];
    if with_terms {
        cells.extend([Cell::UnitPrice(charge.list_unit_price), Cell::Money(charge.list_cost)]);
    }
    cells.extend([Cell::UnitPrice(charge.contracted_unit_price), Cell::Money(charge.contracted_cost)]);
    Row { kind: RowKind::Body, cells }
}

fn total_row(name: &str, list_total: Option<Money>, total: Money) -> Row {
    let mut cells = vec![Cell::Text(name.to_owned()), Cell::Empty, Cell::Empty];
    if let Some(list_total) = list_total {
        cells.extend([Cell::Empty, Cell::Money(list_total)]);
    }
    cells.extend([Cell::Empty, Cell::Money(total)]);
    Row { kind: RowKind::Total, cells }
}

/// A section of statements under a heading; none where there are no statements.
pub(super) fn notes(heading: &str, lines: Vec<String>) -> Option<Section> {
    (!lines.is_empty()).then(|| Section::Notes { heading: heading.to_owned(), lines })
}

/// Which program made a report.
pub(super) fn version_note() -> String {
    format!("relaymeter {}.", env!("CARGO_PKG_VERSION"))
}

/// Where the prices come from, in sentences.
pub(super) fn provenance_notes(estimate: &Estimate, on_given: bool) -> Vec<String> {
    let mut lines: Vec<String> = estimate.price_lists.iter().map(|list| list_note(list)).collect();
    if let Some(rate) = &estimate.conditions.exchange_rate {
        lines.push(rate_note(rate, on_given));
    }
    let currency = estimate.list_total.currency();
    lines.extend(terms_note(&estimate.conditions.terms, currency));
    lines.push(megabyte_note(estimate.conditions.megabyte));
    lines
}

/// Which file figures come from: nothing tells a changed copy from the original but its digest.
pub(super) fn file_note(file: &str, sha256: Option<&str>) -> String {
    match sha256 {
        Some(sha256) => format!("{file}, SHA-256 {sha256}"),
        None => "built in".to_owned(),
    }
}

fn list_note(list: &PriceList) -> String {
    format!(
        "Price list: {} version {}, {}, in force from {}; {}, read on {}; {}.",
        list.name,
        list.version,
        list.provider,
        list.effective,
        list.source.url,
        list.source.retrieved_on,
        file_note(&list.file, list.sha256.as_deref())
    )
}

fn rate_note(rate: &ExchangeRate, on_given: bool) -> String {
    let rate_of = format!("Exchange rate: {} {} per {}", rate.pricing, plain(rate.rate()), rate.billing);
    match &rate.source {
        RateSource::Typed if on_given => format!("{rate_of} on {}, typed with --fx.", rate.date),
        RateSource::Typed => format!("{rate_of}, typed with --fx."),
        RateSource::File { url, derived_from, file, sha256 } => {
            let derived = derived_from.as_ref();
            let derived = derived.map(|from| format!(", not published but derived from {from}"));
            let file = file_note(file, sha256.as_deref());
            format!("{rate_of}, of {}{}; {url}; {file}.", rate.date, derived.unwrap_or_default())
        }
    }
}

/// What was negotiated, in full; nothing where there are no terms.
fn terms_note(terms: &Terms, currency: Currency) -> Option<String> {
    if terms.file.is_empty() {
        return None;
    }
    let off = |discount: Decimal| format!("{} off", exact_per_cent(discount));
    let mut agreed: Vec<String> = Vec::new();
    for (meter, own) in &terms.meters {
        agreed.push(match own {
            MeterTerms::Price(price) => format!("{meter} at {currency} {}", plain(*price)),
            MeterTerms::Discount(discount) => format!("{meter} {}", off(*discount)),
        });
    }
    if terms.meters.is_empty() || !terms.discount.is_zero() {
        let what = if terms.meters.is_empty() { "the list price" } else { "the list price of all else" };
        agreed.push(format!("{} {what}", off(terms.discount)));
    }
    let file = match &terms.sha256 {
        Some(_) => file_note(&terms.file, terms.sha256.as_deref()),
        None => terms.file.clone(),
    };
    let from = terms.effective.map(|day| format!(", in force from {day}"));
    let until = terms.until.map(|day| format!(" up to {day}, exclusive"));
    let days = from.unwrap_or_default() + &until.unwrap_or_default();
    Some(format!("Terms: {} ({file}){days}: {}.", terms.name, agreed.join(", ")))
}

/// A share of 1 in per cent, in all its digits.
pub(super) fn exact_per_cent(share: Decimal) -> String {
    format!("{}%", plain(share.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(share)))
}

fn megabyte_note(megabyte: Megabyte) -> String {
    let bytes = grouped(&megabyte.in_bytes().to_string());
    format!("A charged megabyte is {bytes} bytes (the provider does not say; --megabyte changes it).")
}
