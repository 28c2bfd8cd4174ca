//! `prices diff`: one volume priced with two lists.

use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::change::{Side, changes};
use super::{body, money_json, plain, table, text};
use crate::cli::cost_data::{file_note, price_list_json};
use crate::cli::price_args::selection;
use crate::estimate::{Conditions, Estimate, Part, estimate};
use crate::money::Money;
use crate::pricing::file::{self, PriceFile};
use crate::pricing::{Catalog, PriceList, PricingError, Quantities};
use crate::report::{Cell, Report, Row, RowKind, Section, amount, counted, per_cent};
use crate::units::{Megabyte, MessageSize};

/// A list and what the volume costs by it.
struct Priced {
    list: Arc<PriceList>,
    estimate: Estimate,
}

/// A meter of either list, or of both.
struct Line<'a> {
    meter: &'a str,
    a: Option<Side<'a>>,
    b: Option<Side<'a>>,
    /// What differs.
    changes: Vec<String>,
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
    let [a, b] = lists.map(|list| Priced::new(list, quantities));
    let (a, b) = (a?, b?);
    let difference = b.list_total().checked_sub(a.list_total())?;
    let lines = lines(&a, &b);
    let notes =
        Section::Notes { heading: "Difference".to_owned(), lines: notes([&a, &b], &lines, difference) };
    let counted = counted(messages.normalize(), "message");
    Ok(Report {
        title: format!("{counted} a month of {size}, priced with two lists"),
        sections: vec![lines_table(&lines, [a.list_total(), b.list_total(), difference])?, notes],
        data: json!({
            "messages": plain(messages),
            "message_size": size.in_bytes().to_string(),
            "a": a.json(),
            "b": b.json(),
            "difference": money_json(difference),
            "meters": lines.iter().map(line_json).collect::<Vec<_>>(),
            "provenance": {
                "version": env!("CARGO_PKG_VERSION"),
                "megabyte": Megabyte::default().name(),
            },
        })
        .into(),
    })
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

impl Priced {
    fn new(list: Arc<PriceList>, quantities: Quantities) -> anyhow::Result<Priced> {
        let estimate = estimate(&[Part::month(Arc::clone(&list), quantities)], &Conditions::default())?;
        Ok(Priced { list, estimate })
    }

    fn list_total(&self) -> Money {
        self.estimate.list_total
    }

    fn side(&self, meter: &str) -> Option<Side<'_>> {
        let charge = self.estimate.charges.iter().find(|charge| charge.sku_meter == meter)?;
        let meter = self.list.meters.iter().find(|own| own.sku_meter == meter);
        Some(Side { charge, meter })
    }

    fn json(&self) -> Value {
        json!({ "price_list": price_list_json(&self.list), "list_total": money_json(self.list_total()) })
    }
}

/// The meters of both, in the order of the first and then of the second.
fn lines<'a>(a: &'a Priced, b: &'a Priced) -> Vec<Line<'a>> {
    let mut lines: Vec<Line> = Vec::new();
    for charge in a.estimate.charges.iter().chain(&b.estimate.charges) {
        let meter = charge.sku_meter.as_str();
        if !lines.iter().any(|line| line.meter == meter) {
            let (a, b) = (a.side(meter), b.side(meter));
            let changes = match (a, b) {
                (Some(a), Some(b)) => changes(a, b),
                (Some(_), None) => vec!["only in A".to_owned()],
                (None, _) => vec!["only in B".to_owned()],
            };
            lines.push(Line { meter, a, b, changes });
        }
    }
    lines
}

fn lines_table(lines: &[Line], totals: [Money; 3]) -> anyhow::Result<Section> {
    let mut rows = lines.iter().map(row).collect::<anyhow::Result<Vec<Row>>>()?;
    let blank = [text("Total"), Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty];
    rows.push(Row { kind: RowKind::Total, cells: [&blank[..], &totals.map(Cell::Money)].concat() });
    let columns =
        ["Meter", "Unit A", "Unit price A", "Unit B", "Unit price B", "Cost A", "Cost B", "B less A"];
    Ok(table("", columns, rows))
}

fn row(line: &Line) -> anyhow::Result<Row> {
    let unit = |side: Option<Side>| side.map_or(Cell::Empty, |side| text(&side.charge.pricing_unit));
    let price =
        |side: Option<Side>| side.map_or(Cell::Empty, |side| Cell::UnitPrice(side.charge.list_unit_price));
    let cost = |side: Option<Side>| side.map_or(Cell::Empty, |side| Cell::Money(side.charge.list_cost));
    let Line { meter, a, b, .. } = *line;
    let difference = Cell::Money(difference(line)?);
    Ok(body(vec![text(meter), unit(a), price(a), unit(b), price(b), cost(a), cost(b), difference]))
}

/// What the meter costs more with the second list; a meter that a list has not costs nothing in it.
fn difference(line: &Line) -> anyhow::Result<Money> {
    let cost = |side: Option<Side>| side.map(|side| side.charge.list_cost);
    let (a, b) = (cost(line.a), cost(line.b));
    let currency = a.or(b).map(|cost| cost.currency());
    let zero = Money::zero(currency.unwrap_or(crate::money::Currency::USD));
    Ok(b.unwrap_or(zero).checked_sub(a.unwrap_or(zero))?)
}

fn notes(priced: [&Priced; 2], lines: &[Line], difference: Money) -> Vec<String> {
    let name = |(letter, Priced { list, .. }): (&str, &Priced)| {
        let file = file_note(&list.file, list.sha256.as_deref());
        format!("{letter}: {} version {}, in force from {}; {file}.", list.name, list.version, list.effective)
    };
    let mut notes: Vec<String> = ["A", "B"].into_iter().zip(priced).map(name).collect();
    let changed = lines.iter().filter(|line| !line.changes.is_empty());
    let changed: Vec<String> =
        changed.map(|line| format!("{}: {}.", line.meter, line.changes.join("; "))).collect();
    match changed.is_empty() {
        true => notes.push("No price differs.".to_owned()),
        false => notes.extend(changed),
    }
    notes.push(total_note(priced[0].list_total(), difference));
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

fn line_json(line: &Line) -> Value {
    let side = |side: Option<Side>| {
        side.map(|Side { charge, meter }| {
            json!({
                "list_unit_price": plain(charge.list_unit_price.amount()),
                "list_cost": plain(charge.list_cost.amount()),
                "pricing_quantity": plain(charge.pricing_quantity),
                "pricing_unit": charge.pricing_unit,
                "included": meter.map_or("0".to_owned(), |meter| plain(meter.rate.included)),
                "block": meter.and_then(|meter| meter.rate.block).map(plain),
            })
        })
    };
    json!({
        "sku_meter": line.meter,
        "a": side(line.a),
        "b": side(line.b),
        "changed": !line.changes.is_empty(),
    })
}
