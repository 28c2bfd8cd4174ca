//! The columns of billed charges; decimals are texts, so that no engine rounds them.
//!
//! How columns become files is left to `encode` and `decode`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use rust_decimal::Decimal;

use super::manifest::Sums;
use super::row::ChargeRow;
use super::schema::{Cell, Column, Table, Type};
use crate::money::{Currency, Money};
use crate::period::{ChargePeriod, Timestamp};
use crate::pricing::Metered;
use crate::usage::{BilledCharge, SourceId};

static COLUMNS: LazyLock<Vec<Column<ChargeRow>>> = LazyLock::new(|| {
    let mut columns = Vec::from(what());
    columns.extend(quantity());
    columns.extend(price());
    columns.extend(cost());
    columns.extend(origin());
    columns
});

/// What is charged, and for when.
fn what() -> [Column<ChargeRow>; 5] {
    [
        Column::<ChargeRow>::new(
            "period_start",
            Type::Time,
            "",
            "first instant of the period that is charged, nearly always a UTC day",
            |row| Cell::time(row.charge.period.start),
            |row, cell| cell.as_time().map(|time| row.charge.period.start = time),
        ),
        Column::<ChargeRow>::new(
            "period_end",
            Type::Time,
            "",
            "first instant after the period",
            |row| Cell::time(row.charge.period.end),
            |row, cell| cell.as_time().map(|time| row.charge.period.end = time),
        ),
        Column::<ChargeRow>::new(
            "resource",
            Type::Text,
            "",
            "the resource as the export names it, lower case; empty: it names none",
            |row| Cell::text(&row.charge.resource),
            |row, cell| cell.as_text().map(|text| row.charge.resource = text.to_owned()),
        ),
        Column::<ChargeRow>::new(
            "meter",
            Type::Text,
            "",
            "the meter, such as 'Basic Sent Email'",
            |row| Cell::text(&row.charge.meter),
            |row, cell| cell.as_text().map(|text| row.charge.meter = text.to_owned()),
        ),
        Column::<ChargeRow>::new(
            "metered",
            Type::Text,
            "",
            "what the meter counts: messages, recipients or megabytes; null: not known",
            |row| Cell::maybe_text(row.charge.metered.map(Metered::name)),
            |row, cell| metered(cell.as_maybe_text()?).map(|metered| row.charge.metered = metered),
        )
        .or_null(),
    ]
}

/// How much.
fn quantity() -> [Column<ChargeRow>; 2] {
    [
        Column::<ChargeRow>::new(
            "quantity",
            Type::Text,
            "of 'metered'",
            "exact decimal; for an unknown meter in units of 'unit'",
            |row| Cell::shown(Some(row.charge.quantity)),
            |row, cell| cell.as_text()?.parse().ok().map(|quantity| row.charge.quantity = quantity),
        ),
        Column::<ChargeRow>::new(
            "unit",
            Type::Text,
            "",
            "the unit as the export states it, such as '1K' or '100 MB'",
            |row| Cell::text(&row.charge.unit),
            |row, cell| cell.as_text().map(|text| row.charge.unit = text.to_owned()),
        ),
    ]
}

/// At what price, by contract.
fn price() -> [Column<ChargeRow>; 3] {
    [
        Column::<ChargeRow>::new(
            "unit_price",
            Type::Text,
            "of 'pricing_currency'",
            "exact decimal: the price of one by contract; null: not stated",
            |row| Cell::shown(row.charge.unit_price),
            |row, cell| decimal(cell).map(|price| row.charge.unit_price = price),
        )
        .or_null(),
        Column::<ChargeRow>::new(
            "pricing_currency",
            Type::Text,
            "",
            "currency of the unit price, ISO 4217; null: not stated",
            |row| Cell::shown(row.charge.pricing_currency),
            |row, cell| {
                let currency = cell.as_maybe_text()?.map(str::parse).transpose();
                currency.ok().map(|currency| row.charge.pricing_currency = currency)
            },
        )
        .or_null(),
        Column::<ChargeRow>::new(
            "exchange_rate",
            Type::Text,
            "",
            "exact decimal: billing currency for one of the pricing currency; null: not stated",
            |row| Cell::shown(row.charge.exchange_rate),
            |row, cell| decimal(cell).map(|rate| row.charge.exchange_rate = rate),
        )
        .or_null(),
    ]
}

/// What it cost.
fn cost() -> [Column<ChargeRow>; 2] {
    [
        Column::<ChargeRow>::new(
            "billed_cost",
            Type::Text,
            "of 'billing_currency'",
            "exact decimal: the cost",
            |row| Cell::shown(Some(row.charge.billed_cost.amount())),
            |row, cell| {
                let cost = &mut row.charge.billed_cost;
                cell.as_text()?.parse().ok().map(|amount| *cost = Money::new(amount, cost.currency()))
            },
        ),
        Column::<ChargeRow>::new(
            "billing_currency",
            Type::Text,
            "",
            "currency of the cost, ISO 4217",
            |row| Cell::shown(Some(row.charge.billed_cost.currency())),
            |row, cell| {
                let cost = &mut row.charge.billed_cost;
                cell.as_text()?.parse().ok().map(|currency| *cost = Money::new(cost.amount(), currency))
            },
        ),
    ]
}

/// Where it was read.
fn origin() -> [Column<ChargeRow>; 4] {
    [
        Column::<ChargeRow>::new(
            "source",
            Type::Text,
            "",
            "the input that states it",
            |row| Cell::text(&row.source),
            |row, cell| cell.as_text().map(|text| row.source = text.to_owned()),
        ),
        Column::<ChargeRow>::new(
            "line",
            Type::Int64,
            "",
            "line of its record there, from 1",
            |row| Cell::count(row.charge.line),
            |row, cell| cell.as_count().map(|line| row.charge.line = line),
        ),
        Column::<ChargeRow>::new(
            "records",
            Type::Int64,
            "records",
            "input records behind it",
            |row| Cell::count(row.charge.records),
            |row, cell| cell.as_count().map(|records| row.charge.records = records),
        ),
        Column::<ChargeRow>::new(
            "batch",
            Type::Int64,
            "",
            "number of the batch that brought it",
            |row| Cell::count(row.batch),
            |row, cell| cell.as_count().map(|batch| row.batch = batch),
        ),
    ]
}

fn metered(word: Option<&str>) -> Option<Option<Metered>> {
    let Some(word) = word else { return Some(None) };
    Metered::ALL.into_iter().find(|metered| metered.name() == word).map(Some)
}

fn decimal(cell: &Cell) -> Option<Option<Decimal>> {
    cell.as_maybe_text()?.map(str::parse).transpose().ok()
}

impl Table for ChargeRow {
    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }

    fn empty() -> Self {
        let time = Timestamp::default();
        let charge = BilledCharge {
            period: ChargePeriod { start: time, end: time },
            resource: String::new(),
            meter: String::new(),
            metered: None,
            quantity: Decimal::ZERO,
            unit: String::new(),
            unit_price: None,
            pricing_currency: None,
            exchange_rate: None,
            billed_cost: Money::zero(Currency::USD),
            source: SourceId(0),
            line: 0,
            records: 0,
        };
        ChargeRow { charge, source: String::new(), batch: 0 }
    }

    fn order(&self, other: &Self) -> Ordering {
        let (one, two) = (&self.charge, &other.charge);
        let period = one.period.cmp(&two.period);
        let names = || (&one.resource, &one.meter, &one.unit).cmp(&(&two.resource, &two.meter, &two.unit));
        let place = || (&self.source, one.line).cmp(&(&other.source, two.line));
        period.then_with(names).then_with(place)
    }

    fn time(&self) -> Timestamp {
        self.charge.period.start
    }

    fn add_to(&self, sums: &mut Sums) {
        sums.bill(self.charge.billed_cost);
    }
}
