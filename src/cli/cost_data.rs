//! Costs as data and as tables, the same in every command that prices something.
//!
//! JSON carries exact decimals as strings; what the figures mean is left to `estimate`.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::price_args::TYPED_RATE;
use crate::estimate::{Charge, Estimate};
use crate::money::{ExchangeRate, Money, Rounding, round};
use crate::pricing::rate::Step;
use crate::pricing::{PriceList, Source, Terms};
use crate::report::{Cell, Row, RowKind, Table, grouped};
use crate::units::Megabyte;

/// A number without trailing zeros.
pub(super) fn plain(number: Decimal) -> String {
    number.normalize().to_string()
}

/// A number for people, in full, with commas between thousands.
pub(super) fn shown(number: Decimal) -> String {
    grouped(&plain(number))
}

/// A share of 1 in per cent, with two decimals at most.
pub(super) fn per_cent(share: Decimal) -> String {
    let percent = share.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(Decimal::MAX);
    format!("{} %", plain(round(percent, 2, Rounding::HalfUp)))
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

/// The rate of a conversion; a typed one has a date only where the day of the prices was given.
pub(super) fn exchange_rate_json(rate: Option<&ExchangeRate>, on_given: bool) -> Value {
    let Some(rate) = rate else { return Value::Null };
    let dated = on_given || rate.source != TYPED_RATE;
    json!({
        "rate": plain(rate.rate()),
        "pricing_currency": rate.pricing,
        "billing_currency": rate.billing,
        "date": dated.then(|| rate.date.to_string()),
        "source": rate.source,
    })
}

/// Which list the prices come from.
pub(super) fn price_list_json(list: &PriceList) -> Value {
    json!({
        "name": list.name,
        "version": list.version,
        "provider": list.provider,
        "currency": list.currency,
        "effective": list.effective.to_string(),
        "file": list.file,
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
    json!({ "name": terms.name, "file": terms.file, "discount": plain(terms.discount) })
}

/// The table of an estimate's charges with their total; with terms, list and contracted price side by side.
pub(super) fn charges_table(title: &str, estimate: &Estimate) -> Table {
    let with_terms = !estimate.conditions.terms.file.is_empty();
    let list: &[&str] = if with_terms { &["List unit price", "List cost"] } else { &[] };
    let own: &[&str] =
        if with_terms { &["Contracted unit price", "Contracted cost"] } else { &["Unit price", "Cost"] };
    let columns = ["Meter", "Quantity", "Unit"].iter().chain(list).chain(own);
    let mut rows: Vec<Row> = estimate.charges.iter().map(|charge| charge_row(charge, with_terms)).collect();
    rows.push(total_row("Total", with_terms.then_some(estimate.list_total), estimate.contracted_total));
    if estimate.conditions.exchange_rate.is_some() {
        let name = format!("Total in {}", estimate.total.currency());
        let list_cell = with_terms.then_some(Cell::Empty);
        let mut row = total_row(&name, None, estimate.total);
        if let Some(empty) = list_cell {
            row.cells.splice(3..3, [empty.clone(), empty]);
        }
        rows.push(row);
    }
    Table { title: title.to_owned(), columns: columns.map(|name| (*name).to_owned()).collect(), rows }
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

/// Where the prices come from, in sentences.
pub(super) fn provenance_notes(estimate: &Estimate, on_given: bool) -> Vec<String> {
    let mut lines: Vec<String> = estimate.price_lists.iter().map(|list| list_note(list)).collect();
    if let Some(rate) = &estimate.conditions.exchange_rate {
        lines.push(rate_note(rate, on_given));
    }
    let terms = &estimate.conditions.terms;
    if !terms.file.is_empty() {
        let discount = match terms.discount.is_zero() {
            true => String::new(),
            false => format!(": {} off the list price", per_cent(terms.discount)),
        };
        lines.push(format!("Terms: {} ({}){discount}.", terms.name, terms.file));
    }
    lines.push(megabyte_note(estimate.conditions.megabyte));
    lines
}

fn list_note(list: &PriceList) -> String {
    format!(
        "Price list: {} version {}, {}, in force from {}; {}, read on {}.",
        list.name, list.version, list.provider, list.effective, list.source.url, list.source.retrieved_on
    )
}

fn rate_note(rate: &ExchangeRate, on_given: bool) -> String {
    let (value, pricing, billing) = (plain(rate.rate()), rate.pricing, rate.billing);
    match (rate.source == TYPED_RATE, on_given) {
        (true, true) => {
            format!("Exchange rate: {pricing} {value} per {billing} on {}, typed with --fx.", rate.date)
        }
        (true, false) => format!("Exchange rate: {pricing} {value} per {billing}, typed with --fx."),
        (false, _) => {
            format!("Exchange rate: {pricing} {value} per {billing}, of {}; {}.", rate.date, rate.source)
        }
    }
}

fn megabyte_note(megabyte: Megabyte) -> String {
    let bytes = grouped(&megabyte.in_bytes().to_string());
    format!("A charged megabyte is {bytes} bytes (the provider does not say; --megabyte changes it).")
}
