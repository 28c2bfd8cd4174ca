//! What stands beside usage in the report of an analysis: billed charges by month, resource and meter, and control
//! totals with the difference to what was counted. Setting charges against an estimate is left to `reconcile`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::table::{body, table, text};
use crate::cli::cost_data::{money_json, plain};
use crate::money::{Currency, Money};
use crate::period::Month;
use crate::pricing::Metered;
use crate::report::{Cell, Row, RowKind, Section};
use crate::units::Megabyte;
use crate::usage::{Beside, ChargeKey, ChargeSum, ControlSum, Usage};

/// The last part of a resource's path is its name.
const PATH_SIGN: char = '/';

/// The tables, where there is anything to show.
pub(super) fn sections(usage: &Usage) -> Vec<Section> {
    let mut sections = Vec::new();
    if !usage.beside.charges.is_empty() {
        sections.push(Section::Table(table(
            "Billed charges (from exports, not part of the usage)",
            &["Month", "Resource", "Meter", "Quantity", "Counts", "Days", "Unit price", "Billed cost"],
            charge_rows(&usage.beside),
        )));
    }
    if !usage.beside.controls.is_empty() {
        sections.push(Section::Table(table(
            "Control totals (to compare with, not part of the usage)",
            &["Report", "What", "First day", "Last day", "Stated", "Counted", "Difference"],
            usage.beside.controls.iter().map(|(name, sum)| control_row(name, sum, usage)).collect(),
        )));
    }
    sections
}

/// The charges of a month for one resource, meter and currency.
struct Line {
    sum: ChargeSum,
    unit: String,
    days: u64,
    last_day: NaiveDate,
    /// The unit price, where all have the same.
    unit_price: Option<Decimal>,
}

/// What lines are told apart by: month, resource, meter and what it counts, currency.
type Place<'a> = (Month, &'a str, &'a str, Option<&'static str>, &'a str);

fn charge_rows(beside: &Beside) -> Vec<Row> {
    let mut lines: BTreeMap<Place<'_>, Line> = BTreeMap::new();
    for (key, sum) in &beside.charges {
        let place: Place<'_> =
            (key.month(), &key.resource, &key.meter, sum.metered.map(Metered::name), &key.currency);
        let Some(line) = lines.get_mut(&place) else {
            let (unit, unit_price) = (key.unit.clone(), key.unit_price);
            lines.insert(place, Line { sum: sum.clone(), unit, days: 1, last_day: key.date, unit_price });
            continue;
        };
        // Sums of a month stay within what the days were checked for.
        if line.sum.add(sum).is_ok() {
            line.days += u64::from(line.last_day != key.date);
        }
        line.unit_price = line.unit_price.filter(|price| Some(*price) == key.unit_price);
        line.last_day = key.date;
    }
    let mut rows: Vec<Row> = lines.iter().map(|(place, line)| charge_row(place, line)).collect();
    rows.extend(totals(beside));
    rows
}

fn charge_row((month, resource, meter, counts, _): &Place<'_>, line: &Line) -> Row {
    let resource = resource.rsplit(PATH_SIGN).next().unwrap_or_default();
    let price = line.unit_price.zip(line.sum.pricing_currency.or(Some(line.sum.billed_cost.currency())));
    body(vec![
        text(month.to_string()),
        text(if resource.is_empty() { "(none)" } else { resource }),
        text(*meter),
        Cell::Number(line.sum.quantity.normalize()),
        text(counts.map_or_else(|| format!("not priced ({})", line.unit), str::to_owned)),
        Cell::Count(line.days.into()),
        price.map_or(Cell::Empty, |(price, currency)| Cell::UnitPrice(Money::new(price, currency))),
        Cell::Money(line.sum.billed_cost),
    ])
}

/// One total for each currency: they are never added up.
fn totals(beside: &Beside) -> Vec<Row> {
    let mut totals: BTreeMap<&str, Money> = BTreeMap::new();
    for (key, sum) in &beside.charges {
        let total = totals.entry(&key.currency).or_insert(Money::zero(sum.billed_cost.currency()));
        *total = total.checked_add(sum.billed_cost).unwrap_or(*total);
    }
    let row = |total: Money| {
        let mut cells = vec![text("Total")];
        cells.resize(7, Cell::Empty);
        cells.push(Cell::Money(total));
        Row { kind: RowKind::Total, cells }
    };
    totals.into_values().map(row).collect()
}

fn control_row((report, what): &(&'static str, String), sum: &ControlSum, usage: &Usage) -> Row {
    let days = sum.days.map_or([Cell::Empty, Cell::Empty], |(first, last)| {
        [text(first.to_string()), text(last.to_string())]
    });
    let counted = counted(sum, usage);
    let [first, last] = days;
    body(vec![
        text(*report),
        text(what.clone()),
        first,
        last,
        Cell::Number(sum.quantity.normalize()),
        counted.map_or(Cell::Empty, Cell::Number),
        difference(sum, counted).map_or(Cell::Empty, Cell::Share),
    ])
}

/// What was counted of the same; `None` where nothing was, or the total is of something else.
fn counted(sum: &ControlSum, usage: &Usage) -> Option<Decimal> {
    let totals = usage.total.attempted;
    if totals.messages == 0 {
        return None;
    }
    match sum.metered? {
        Metered::Messages => Some(totals.messages.into()),
        Metered::Recipients => Some(totals.recipients.into()),
        Metered::Megabytes => {
            let bytes = i128::try_from(totals.recipient_bytes).ok()?;
            let bytes = Decimal::try_from_i128_with_scale(bytes, 0).ok()?;
            bytes.checked_div(Megabyte::default().in_bytes().into())
        }
    }
}

/// What was counted, above or below what is stated, as a part of that.
fn difference(sum: &ControlSum, counted: Option<Decimal>) -> Option<Decimal> {
    counted?.checked_sub(sum.quantity)?.checked_div(sum.quantity)
}

/// All charges, by day.
pub(super) fn charges_json(beside: &Beside) -> Value {
    let line = |(key, sum): (&ChargeKey, &ChargeSum)| {
        json!({
            "date": key.date.to_string(),
            "resource": key.resource,
            "meter": key.meter,
            "metered": sum.metered.map(Metered::name),
            "quantity": plain(sum.quantity),
            "unit": key.unit,
            "unit_price": key.unit_price.map(plain),
            "pricing_currency": sum.pricing_currency.as_ref().map(Currency::code),
            "exchange_rate": key.exchange_rate.map(plain),
            "billed_cost": money_json(sum.billed_cost),
            "records": sum.records,
        })
    };
    beside.charges.iter().map(line).collect()
}

/// All control totals.
pub(super) fn controls_json(usage: &Usage) -> Value {
    let line = |((report, what), sum): (&(&'static str, String), &ControlSum)| {
        let counted = counted(sum, usage);
        json!({
            "report": report,
            "what": what,
            "metered": sum.metered.map(Metered::name),
            "first": sum.days.map(|(first, _)| first.to_string()),
            "last": sum.days.map(|(_, last)| last.to_string()),
            "stated": plain(sum.quantity),
            "counted": counted.map(plain),
            "difference": difference(sum, counted).map(plain),
        })
    };
    usage.beside.controls.iter().map(line).collect()
}
