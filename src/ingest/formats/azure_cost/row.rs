//! One row of a cost export: whether it is about mail, and what it charges.
//!
//! The meter's name decides first; other meters of Communication Services are kept as charges of which nothing is
//! known to be counted. Event Grid rows can point at the same resource and are of another service.

use rust_decimal::Decimal;

use super::amounts::{self, Amounts};
use super::columns::{Column, Layout};
use super::ledger::{Charge, Ledger, Place};
use super::number;
use crate::ingest::delimited::{DateOrder, DateText, DecimalMark, Row, described, shown};
use crate::money::{Currency, Money};
use crate::period::{ChargePeriod, Month, Timestamp, Zone};
use crate::pricing::Metered;
use crate::usage::names::decode;

const SENT_METER: &[u8] = b"basic sent email";
const DATA_METER: &[u8] = b"basic data transferred";
const PROVIDER: &[u8] = b"microsoft.communication";
const SERVICE_NAME: &[u8] = b"azure communication services";
const MAIL_CATEGORY: &[u8] = b"email";
const EVENT_GRID: &[u8] = b"event grid";
const DAY_SECONDS: i64 = 86_400;

/// How the cells of an input are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Notation {
    /// What dates such as `03/04/2024` mean.
    pub(super) order: Option<DateOrder>,
    /// The decimal mark of its numbers.
    pub(super) mark: Option<DecimalMark>,
}

/// A row by its columns, whatever it is written in.
pub(super) trait Cells {
    /// A cell by its place; empty where the row has none.
    fn at(&self, place: usize) -> &[u8];
}

impl Cells for Row<'_> {
    fn at(&self, place: usize) -> &[u8] {
        self.cell(place)
    }
}

/// A row that has more cells than its header, because a cell before `from` holds delimiters outside quotes: those
/// behind stand `by` places further on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shifted<'a> {
    /// The row.
    pub(super) row: Row<'a>,
    /// The first place that is shifted.
    pub(super) from: usize,
    /// How far.
    pub(super) by: usize,
}

impl Cells for Shifted<'_> {
    fn at(&self, place: usize) -> &[u8] {
        self.row.cell(if place < self.from { place } else { place + self.by })
    }
}

/// The cells of a row, with the columns' places.
pub(super) struct RowView<'a, C: Cells> {
    layout: &'a Layout,
    cells: &'a C,
}

impl<'a, C: Cells> RowView<'a, C> {
    /// A row under its layout.
    pub(super) fn new(layout: &'a Layout, cells: &'a C) -> RowView<'a, C> {
        RowView { layout, cells }
    }

    /// The cell of a column; empty where there is none, or a literal `NULL`.
    pub(super) fn cell(&self, column: Column) -> &'a [u8] {
        let cell = self.layout.at(column).map_or(&[][..], |place| self.cells.at(place));
        if cell.eq_ignore_ascii_case(b"null") { &[] } else { cell }
    }

    fn text(&self, column: Column) -> std::borrow::Cow<'a, str> {
        decode(self.cell(column))
    }

    /// What the row's meter counts, if the row is of Communication Services at all.
    pub(super) fn service(&self) -> Option<Option<Metered>> {
        let meter = self.cell(Column::Meter);
        let is_meter = |name: &[u8]| match meter {
            [] => self.is_described_as(name),
            meter => meter.eq_ignore_ascii_case(name),
        };
        if is_meter(SENT_METER) {
            return Some(Some(Metered::Recipients));
        }
        let states_no_service = [Column::Service, Column::ServiceName, Column::Category, Column::Resource]
            .iter()
            .all(|column| self.cell(*column).is_empty());
        let is_data = is_meter(DATA_METER);
        if is_data && (states_no_service || self.is_of_provider()) {
            return Some(Some(Metered::Megabytes));
        }
        self.is_of_provider().then_some(None)
    }

    /// Whether a description such as `Email - Basic Sent Email` names a meter: pure FOCUS has no column for it.
    fn is_described_as(&self, name: &[u8]) -> bool {
        let description = self.text(Column::Description);
        description.split(" - ").any(|part| part.trim().as_bytes().eq_ignore_ascii_case(name))
    }

    fn is_of_provider(&self) -> bool {
        let category = self.cell(Column::Category);
        let service = self.cell(Column::Service);
        if !service.is_empty() {
            return service.eq_ignore_ascii_case(PROVIDER);
        }
        if category.eq_ignore_ascii_case(EVENT_GRID) || contains(self.cell(Column::Description), EVENT_GRID) {
            return false;
        }
        category.eq_ignore_ascii_case(MAIL_CATEGORY)
            || self.cell(Column::ServiceName).eq_ignore_ascii_case(SERVICE_NAME)
            || contains(self.cell(Column::ResourceType), PROVIDER)
            || contains(self.cell(Column::Resource), PROVIDER)
    }

    /// Reads the charge of a row of Communication Services.
    pub(super) fn charge(
        &self,
        metered: Option<Metered>,
        notation: &Notation,
        place: Place,
        ledger: &mut Ledger,
    ) -> Result<Charge, String> {
        let period = self.period(notation)?;
        let billing_month = self.date(Column::BillingPeriod, notation).unwrap_or(period.start);
        let currency = self.currency(Column::Currency)?.ok_or("the billing currency is missing")?;
        let cost = self.number(Column::Cost, notation)?.ok_or("the cost is missing")?;
        let charge_type = self.text(Column::ChargeType).to_lowercase();
        let charge_type = if charge_type.is_empty() { "usage".to_owned() } else { charge_type };
        let stated = self.stated(cost, charge_type == "usage", notation)?;
        let Amounts { quantity, unit_price, unit, is_block_assumed } = match self.layout.is_focus {
            true => amounts::of_focus(&stated, metered)?,
            false => amounts::of_details(&stated, metered)?,
        };
        if is_block_assumed {
            ledger.assumed_blocks.insert(unit.clone());
        }
        let (resource, meter) = (self.text(Column::Resource).to_lowercase(), self.meter_name(metered));
        let scope = if resource.is_empty() { self.subscription() } else { String::new() };
        let texts = &mut ledger.texts;
        Ok(Charge {
            place,
            period,
            resource: texts.id(&resource),
            scope: texts.id(&scope),
            meter: texts.id(&meter),
            meter_key: texts.id(&meter.to_lowercase()),
            charge_type: texts.id(&charge_type),
            billing_month: Month::of(billing_month),
            metered,
            quantity,
            unit: texts.id(&unit),
            unit_price,
            pricing_currency: self.pricing_currency(currency)?,
            exchange_rate: stated.rate,
            cost: Money::new(cost, currency),
        })
    }

    /// The currency of prices; without a column for it that of the billing.
    fn pricing_currency(&self, billing: Currency) -> Result<Option<Currency>, String> {
        match self.layout.at(Column::PricingCurrency) {
            Some(_) => self.currency(Column::PricingCurrency),
            None => Ok(Some(billing)),
        }
    }

    /// The id of the subscription, which FOCUS writes as a path.
    fn subscription(&self) -> String {
        let path = self.text(Column::Subscription).to_lowercase();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    fn stated(&self, cost: Decimal, is_usage: bool, notation: &Notation) -> Result<amounts::Stated, String> {
        let number = |column| self.number(column, notation);
        let text = |column| self.text(column).trim().to_owned();
        Ok(amounts::Stated {
            quantity: number(Column::Quantity)?,
            pricing_quantity: number(Column::PricingQuantity)?,
            unit: text(Column::Unit),
            pricing_unit: text(Column::PricingUnit),
            unit_text: text(Column::UnitText),
            block: number(Column::BlockSize)?,
            price: match number(Column::Price)? {
                None => number(Column::OtherPrice)?,
                price => price,
            },
            rate: number(Column::ExchangeRate)?.filter(|rate| *rate > Decimal::ZERO),
            cost,
            is_usage,
        })
    }

    /// The meter in its usual spelling, or what else describes the charge.
    fn meter_name(&self, metered: Option<Metered>) -> String {
        match metered {
            Some(Metered::Recipients) => return "Basic Sent Email".to_owned(),
            Some(Metered::Megabytes) => return "Basic Data Transferred".to_owned(),
            Some(Metered::Messages) | None => {}
        }
        let named = [Column::Meter, Column::Description, Column::Category].map(|column| self.text(column));
        let name = named.iter().map(|name| name.trim()).find(|name| !name.is_empty());
        name.unwrap_or("(not named)").to_owned()
    }

    fn number(&self, column: Column, notation: &Notation) -> Result<Option<Decimal>, String> {
        number::parse(self.cell(column), notation.mark)
    }

    fn currency(&self, column: Column) -> Result<Option<Currency>, String> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Ok(None);
        }
        let code = decode(cell).to_uppercase();
        let currency = code.parse().map_err(|_| {
            format!("{} is not a currency: expected three letters such as 'EUR'", described(cell))
        })?;
        Ok(Some(currency))
    }

    /// The day that is charged, or the period that FOCUS states.
    fn period(&self, notation: &Notation) -> Result<ChargePeriod, String> {
        let start = self.date(Column::Date, notation).map_err(|()| self.bad_date(notation))?;
        let start = Timestamp::from_seconds(start.seconds().div_euclid(DAY_SECONDS) * DAY_SECONDS);
        let day_after = Timestamp::from_seconds(start.seconds() + DAY_SECONDS);
        let end = self.date(Column::PeriodEnd, notation).ok().filter(|end| *end > start);
        Ok(ChargePeriod { start, end: end.unwrap_or(day_after) })
    }

    fn date(&self, column: Column, notation: &Notation) -> Result<Timestamp, ()> {
        let date = DateText::parse_with_numbers(self.cell(column)).ok_or(())?;
        let date = date.resolve(notation.order).ok_or(())?;
        Ok(date.instant(&Zone::UTC))
    }

    fn bad_date(&self, notation: &Notation) -> String {
        let cell = self.cell(Column::Date);
        let is_open = DateText::parse_with_numbers(cell).is_some_and(|date| date.is_open());
        let date = shown(cell);
        match is_open && notation.order.is_none() {
            true => format!(
                "{date} can be read in two ways and no date of the input shows which: --date-order month-day or \
                 --date-order day-month decides"
            ),
            false => format!("{date} is not a date: expected one such as '2026-10-21' or '10/21/2026'"),
        }
    }
}

/// Whether a text holds words, in any case; the words are lower case.
pub(super) fn contains(text: &[u8], words: &[u8]) -> bool {
    let Some(&first) = words.first() else { return true };
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
    starts
        .filter_map(|start| text.get(start..start + words.len()))
        .any(|part| part.eq_ignore_ascii_case(words))
}

/// Whether any cell of a row names the service or one of its meters.
pub(super) fn mentions_mail(row: &Row<'_>) -> bool {
    row.cells().any(|cell| [PROVIDER, SENT_METER, DATA_METER].iter().any(|words| contains(cell, words)))
}
