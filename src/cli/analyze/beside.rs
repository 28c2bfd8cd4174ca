//! What stands beside usage in the report of an analysis: billed charges by month, resource and meter, and control
//! totals with the difference to what was counted. Setting charges against an estimate is left to `reconcile`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::table::{body, table, text};
use crate::cli::cost_data::{money_json, notes, plain, rounding_note};
use crate::money::{Currency, Money};
use crate::period::Month;
use crate::pricing::Metered;
use crate::report::{Cell, Row, RowKind, Section};
use crate::units::Megabyte;
use crate::usage::{Beside, ChargeKey, ChargeSum, ControlSum, Usage};

/// The last part of a resource's path is its name.
const PATH_SIGN: char = '/';

/// The columns of billed charges.
const COLUMNS: [&str; 9] = [
    "Month",
    "Resource",
    "Meter",
    "Quantity",
    "Counts",
    "Days",
    "Unit price",
    "Exchange rate",
    "Billed cost",
];

/// The tables, where there is anything to show.
pub(super) fn sections(usage: &Usage) -> Vec<Section> {
    let mut sections = Vec::new();
    if !usage.beside.charges.is_empty() {
        sections.push(Section::Table(table(
            "Billed charges (from exports, not part of the usage)",
            &COLUMNS,
            charge_rows(&usage.beside),
        )));
        sections.extend(notes("", rounding_notes(&usage.beside)));
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

/// A figure that all charges of a line have, or not.
#[derive(Clone, Copy, Default)]
struct Common {
    value: Option<Decimal>,
    differs: bool,
}

impl Common {
    /// Takes the figure of another charge into account.
    fn observe(&mut self, value: Option<Decimal>) {
        self.differs |= self.value.is_some_and(|known| value.is_some_and(|value| value != known));
        self.value = self.value.or(value);
    }

    fn get(self) -> Option<Decimal> {
        self.value.filter(|_| !self.differs)
    }
}

/// The charges of a month for one resource, meter and currency.
struct Line {
    sum: ChargeSum,
    unit: String,
    days: u64,
    last_day: NaiveDate,
    unit_price: Common,
    exchange_rate: Common,
}

impl Line {
    fn of(key: &ChargeKey, sum: &ChargeSum) -> Line {
        let mut line = Line {
            sum: sum.clone(),
            unit: key.unit.clone(),
            days: 1,
            last_day: key.date,
            unit_price: Common::default(),
            exchange_rate: Common::default(),
        };
        line.observe(key);
        line
    }

    fn observe(&mut self, key: &ChargeKey) {
        // Credits have no price of their own.
        self.unit_price.observe(key.unit_price);
        self.exchange_rate.observe(key.exchange_rate);
    }

    fn add(&mut self, key: &ChargeKey, sum: &ChargeSum) {
        // Sums of a month stay within what the days were checked for.
        if self.sum.add(sum).is_ok() {
            self.days += u64::from(self.last_day != key.date);
        }
        if self.sum.pricing_currency.is_none() {
            self.sum.pricing_currency = sum.pricing_currency;
        }
        self.last_day = key.date;
        self.observe(key);
    }
}

/// What lines are told apart by: month, resource, meter and what it counts, currency.
type Place<'a> = (Month, &'a str, &'a str, Option<&'static str>, &'a str);

fn lines(beside: &Beside) -> BTreeMap<Place<'_>, Line> {
    let mut lines: BTreeMap<Place<'_>, Line> = BTreeMap::new();
    for (key, sum) in &beside.charges {
        let place: Place<'_> =
            (key.month(), &key.resource, &key.meter, sum.metered.map(Metered::name), &key.currency);
        match lines.get_mut(&place) {
            Some(line) => line.add(key, sum),
            None => drop(lines.insert(place, Line::of(key, sum))),
        }
    }
    lines
}

fn charge_rows(beside: &Beside) -> Vec<Row> {
    let lines = lines(beside);
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    let mut shared: BTreeSet<&str> = BTreeSet::new();
    for (_, resource, ..) in lines.keys() {
        let name = name_of(resource);
        if named.insert(name, resource).is_some_and(|other| other != *resource) {
            shared.insert(name);
        }
    }
    let label = |resource| if shared.contains(name_of(resource)) { resource } else { name_of(resource) };
    let mut rows: Vec<Row> =
        lines.iter().map(|(place, line)| charge_row(place, label(place.1), line)).collect();
    rows.extend(totals(&lines));
    rows
}

/// The name of a resource, which two resources of different groups can share.
fn name_of(resource: &str) -> &str {
    resource.rsplit(PATH_SIGN).next().unwrap_or_default()
}

fn charge_row((month, _, meter, counts, _): &Place<'_>, resource: &str, line: &Line) -> Row {
    let billing = line.sum.billed_cost.currency();
    let pricing = line.sum.pricing_currency.unwrap_or(billing);
    let price = line.unit_price.get().map(|price| Cell::UnitPrice(Money::new(price, pricing)));
    let rate = line.exchange_rate.get().filter(|_| pricing != billing);
    body(vec![
        text(month.to_string()),
        text(if resource.is_empty() { "(none)" } else { resource }),
        text(*meter),
        Cell::Number(line.sum.quantity.normalize()),
        text(counts.map_or_else(|| format!("not priced ({})", line.unit), str::to_owned)),
        Cell::Count(line.days.into()),
        price.unwrap_or(Cell::Empty),
        rate.map_or(Cell::Empty, Cell::Number),
        Cell::Money(line.sum.billed_cost),
    ])
}

/// Totals of each currency, which are never added up: of what is priced by recipients and megabytes, and of all.
fn totals(lines: &BTreeMap<Place<'_>, Line>) -> Vec<Row> {
    let mut totals: BTreeMap<&str, BTreeMap<Option<&'static str>, ChargeSum>> = BTreeMap::new();
    for ((_, _, _, counts, currency), line) in lines {
        let of_currency = totals.entry(currency).or_default();
        match of_currency.get_mut(counts) {
            Some(sum) => drop(sum.add(&line.sum)),
            None => drop(of_currency.insert(*counts, line.sum.clone())),
        }
    }
    let mut rows = Vec::new();
    for of_currency in totals.values() {
        let priced = of_currency.iter().filter_map(|(counts, sum)| Some(((*counts)?, sum)));
        rows.extend(priced.map(|(counts, sum)| {
            total_row("Subtotal", [Cell::Number(sum.quantity.normalize()), text(counts)], sum.billed_cost)
        }));
        let costs = of_currency.values().map(|sum| sum.billed_cost);
        let total = costs.reduce(|one, other| one.checked_add(other).unwrap_or(one));
        rows.extend(total.map(|total| total_row("Total", [Cell::Empty, Cell::Empty], total)));
    }
    rows
}

fn total_row(label: &str, [quantity, counts]: [Cell; 2], cost: Money) -> Row {
    let mut cells = vec![text(label), Cell::Empty, Cell::Empty, quantity, counts];
    cells.resize(COLUMNS.len() - 1, Cell::Empty);
    cells.push(Cell::Money(cost));
    Row { kind: RowKind::Total, cells }
}

/// Where the rounded rows of a currency show another sum than its total.
fn rounding_notes(beside: &Beside) -> Vec<String> {
    let mut costs: BTreeMap<&str, Vec<Money>> = BTreeMap::new();
    let lines = lines(beside);
    for ((.., currency), line) in &lines {
        costs.entry(currency).or_default().push(line.sum.billed_cost);
    }
    let note = |costs: &Vec<Money>| {
        let total = costs.iter().copied().reduce(|one, other| one.checked_add(other).unwrap_or(one))?;
        rounding_note("the billed cost", total, costs.iter().copied())
    };
    costs.values().filter_map(note).collect()
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

/// What was counted of the same on its days, or in all where it has none; `None` where nothing was counted at all, or
/// the total is of something else.
fn counted(sum: &ControlSum, usage: &Usage) -> Option<Decimal> {
    let all = usage.total.attempted;
    if all.messages == 0 {
        return None;
    }
    let totals = match sum.days {
        Some((first, last)) => usage.days.within(first, last)?,
        None => all,
    };
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
