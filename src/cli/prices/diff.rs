//! `prices diff`: one volume priced with two lists.

use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{body, money_json, plain, table, text};
use crate::cli::cost_data::{file_note, price_list_json};
use crate::cli::price_args::selection;
use crate::estimate::{Charge, Conditions, Estimate, Part, estimate};
use crate::money::Money;
use crate::pricing::file::{self, PriceFile};
use crate::pricing::{Catalog, PriceList, PricingError, Quantities};
use crate::report::{Cell, Report, Row, RowKind, Section, amount, counted, per_cent};
use crate::units::{Megabyte, MessageSize};

/// A meter of either list, or of both.
struct Line<'a> {
    meter: &'a str,
    a: Option<&'a Charge>,
    b: Option<&'a Charge>,
}

/// Prices a volume with two lists, each named or in a file.
pub(super) fn report(
    catalog: &Catalog,
    names: [&str; 2],
    messages: Decimal,
    size: MessageSize,
) -> anyhow::Result<Report> {
    let lists = [find(catalog, names[0])?, find(catalog, names[1])?];
    if lists[0].currency != lists[1].currency {
        anyhow::bail!(
            "the price lists are in {} and {}: expected one currency, since a difference is not converted",
            lists[0].currency,
            lists[1].currency
        );
    }
    let quantities = Quantities::typed(messages, Decimal::ONE, size)?;
    let priced = |list: &Arc<PriceList>| {
        estimate(&[Part::month(Arc::clone(list), quantities)], &Conditions::default())
    };
    let (a, b) = (priced(&lists[0])?, priced(&lists[1])?);
    let difference = b.list_total.checked_sub(a.list_total)?;
    let lines = lines(&a, &b);
    let mut rows = lines.iter().map(row).collect::<anyhow::Result<Vec<Row>>>()?;
    let totals = [a.list_total, b.list_total, difference].map(Cell::Money);
    let blank = [text("Total"), Cell::Empty, Cell::Empty];
    rows.push(Row { kind: RowKind::Total, cells: [blank, totals].concat() });
    let columns = ["Meter", "Unit price A", "Unit price B", "Cost A", "Cost B", "B less A"];
    let data = json!({
        "messages": plain(messages),
        "message_size": size.in_bytes().to_string(),
        "a": side_json(&lists[0], &a),
        "b": side_json(&lists[1], &b),
        "difference": money_json(difference),
        "meters": lines.iter().map(line_json).collect::<Vec<_>>(),
        "provenance": {
            "version": env!("CARGO_PKG_VERSION"),
            "megabyte": Megabyte::default().name(),
        },
    });
    let notes =
        Section::Notes { heading: String::new(), lines: notes(&lists, &lines, [a.list_total, difference]) };
    let messages = counted(messages.normalize(), "message");
    let title = format!("{messages} a month of {size}, priced with two lists");
    Ok(Report { title, sections: vec![table("", columns, rows), notes], data: data.into() })
}

/// A list by name and version, or from a file where there is one of that name.
fn find(catalog: &Catalog, name: &str) -> Result<Arc<PriceList>, PricingError> {
    let path = Path::new(name);
    if !path.is_file() {
        let (name, version) = selection(name);
        return catalog.list(name, version, None);
    }
    match file::read(path)? {
        PriceFile::PriceList(list) => Ok(Arc::new(list)),
        other => Err(PricingError::WrongKind {
            file: name.to_owned(),
            kind: other.kind(),
            expected: "'price-list'",
        }),
    }
}

/// The meters of both, in the order of the first and then of the second.
fn lines<'a>(a: &'a Estimate, b: &'a Estimate) -> Vec<Line<'a>> {
    let find = |estimate: &'a Estimate, meter: &str| {
        estimate.charges.iter().find(|charge| charge.sku_meter == meter)
    };
    let mut lines: Vec<Line> = Vec::new();
    for charge in a.charges.iter().chain(&b.charges) {
        let meter = charge.sku_meter.as_str();
        if !lines.iter().any(|line| line.meter == meter) {
            lines.push(Line { meter, a: find(a, meter), b: find(b, meter) });
        }
    }
    lines
}

fn row(line: &Line) -> anyhow::Result<Row> {
    let price = |charge: Option<&Charge>| charge.map_or(Cell::Empty, |c| Cell::UnitPrice(c.list_unit_price));
    let cost = |charge: Option<&Charge>| charge.map_or(Cell::Empty, |c| Cell::Money(c.list_cost));
    let difference = Cell::Money(difference(line)?);
    Ok(body(vec![text(line.meter), price(line.a), price(line.b), cost(line.a), cost(line.b), difference]))
}

/// What the meter costs more with the second list; a meter that a list has not costs nothing in it.
fn difference(line: &Line) -> anyhow::Result<Money> {
    let cost = |charge: Option<&Charge>| charge.map(|charge| charge.list_cost);
    let (a, b) = (cost(line.a), cost(line.b));
    let currency = a.or(b).map(|cost| cost.currency());
    let zero = Money::zero(currency.unwrap_or(crate::money::Currency::USD));
    Ok(b.unwrap_or(zero).checked_sub(a.unwrap_or(zero))?)
}

fn notes(lists: &[Arc<PriceList>; 2], lines: &[Line], [before, difference]: [Money; 2]) -> Vec<String> {
    let names = ["A", "B"].into_iter().zip(lists);
    let mut notes: Vec<String> = names
        .map(|(letter, list)| {
            format!(
                "{letter}: {} version {}, in force from {}; {}.",
                list.name,
                list.version,
                list.effective,
                file_note(&list.file, list.sha256.as_deref())
            )
        })
        .collect();
    let changed: Vec<String> = lines.iter().filter(|line| is_changed(line)).map(change).collect();
    match changed.is_empty() {
        true => notes.push("No price differs at this volume.".to_owned()),
        false => notes.extend(changed),
    }
    notes.push(total_note(before, difference));
    notes
}

/// How the total changes.
fn total_note(before: Money, difference: Money) -> String {
    if difference.amount().is_zero() {
        return "The total is the same.".to_owned();
    }
    let (verb, by) = match difference.amount().is_sign_negative() {
        true => ("falls", Money::new(-difference.amount(), difference.currency())),
        false => ("rises", difference),
    };
    let share = by.amount().checked_div(before.amount()).map(|share| format!(" ({})", per_cent(share)));
    format!("The total {verb} by {}{}.", amount(&by), share.unwrap_or_default())
}

fn is_changed(line: &Line) -> bool {
    match (line.a, line.b) {
        (Some(a), Some(b)) => a.list_unit_price != b.list_unit_price || a.list_cost != b.list_cost,
        _ => true,
    }
}

fn change(line: &Line) -> String {
    let price = |charge: &Charge| {
        let average = if charge.is_average() { " on average" } else { "" };
        let money = charge.list_unit_price;
        format!("{} {}{average}", money.currency(), plain(money.amount()))
    };
    match (line.a, line.b) {
        (Some(a), Some(b)) => format!("{}: {} becomes {}.", line.meter, price(a), price(b)),
        (Some(_), None) => format!("{}: only in A.", line.meter),
        _ => format!("{}: only in B.", line.meter),
    }
}

fn side_json(list: &PriceList, estimate: &Estimate) -> Value {
    json!({ "price_list": price_list_json(list), "list_total": money_json(estimate.list_total) })
}

fn line_json(line: &Line) -> Value {
    let side = |charge: Option<&Charge>| {
        charge.map(|charge| {
            json!({
                "list_unit_price": plain(charge.list_unit_price.amount()),
                "list_cost": plain(charge.list_cost.amount()),
                "pricing_quantity": plain(charge.pricing_quantity),
                "pricing_unit": charge.pricing_unit,
            })
        })
    };
    json!({ "sku_meter": line.meter, "a": side(line.a), "b": side(line.b), "changed": is_changed(line) })
}
