//! What was billed, and what others counted: compared with usage, never added to it.
//!
//! A [`BilledCharge`] is a line of an invoice or cost export, a [`ControlTotal`] a provider's own count.
//! [`Beside`] sums both up for a run. Telling copies of a charge apart is left to the formats, setting them
//! against an estimate to reports.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::names::SourceId;
use crate::money::{Currency, Money, MoneyError};
use crate::period::{ChargePeriod, Month};
use crate::pricing::Metered;

/// Lines of billed charges that are told apart (some 300 bytes each): years of days, meters and resources. Later
/// ones count under no resource.
const LINE_CAP: usize = 100_000;
/// The resource of charges past the cap.
const OTHER_RESOURCES: &str = "(other)";

/// What was billed for a meter and a resource in a period (FOCUS: BilledCost), as one row of an export states it.
#[derive(Clone, PartialEq, Debug)]
pub struct BilledCharge {
    /// The period that is charged, nearly always a UTC day.
    pub period: ChargePeriod,
    /// The resource, as the export names it, lower case; empty where it names none.
    pub resource: String,
    /// The meter, such as `Basic Sent Email`.
    pub meter: String,
    /// What the meter counts; `None` for one that price lists do not know.
    pub metered: Option<Metered>,
    /// Recipients or megabytes (the unit's block times its number); for an unknown meter, units of `unit`.
    pub quantity: Decimal,
    /// The unit as the export states it, such as `1K` or `100 MB`.
    pub unit: String,
    /// The price of one recipient or megabyte by contract, in the pricing currency.
    pub unit_price: Option<Decimal>,
    /// The currency of the unit price, where the export states it.
    pub pricing_currency: Option<Currency>,
    /// Billing currency per unit of the pricing currency.
    pub exchange_rate: Option<Decimal>,
    /// The cost, in the billing currency.
    pub billed_cost: Money,
    /// The input that states it.
    pub source: SourceId,
    /// The line of its record in that input (1-based).
    pub line: u64,
    /// Input records behind it.
    pub records: u64,
}

/// A count that a provider's report states.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlTotal {
    /// The report, such as `SMTP AUTH clients report`.
    pub report: &'static str,
    /// What it counts in its own words, such as `messages sent`.
    pub what: String,
    /// The usage that it can be compared with; `None` where it counts something else.
    pub metered: Option<Metered>,
    /// How many.
    pub quantity: Decimal,
    /// The day it is for, where the report says so.
    pub date: Option<NaiveDate>,
    /// The input that states it.
    pub source: SourceId,
    /// The line of its record in that input (1-based).
    pub line: u64,
    /// Input records behind it.
    pub records: u64,
}

/// What tells lines of billed charges apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ChargeKey {
    /// The first day that is charged.
    pub date: NaiveDate,
    /// The resource.
    pub resource: String,
    /// The meter.
    pub meter: String,
    /// The unit.
    pub unit: String,
    /// The price of one.
    pub unit_price: Option<Decimal>,
    /// The billing currency.
    pub currency: String,
    /// The exchange rate.
    pub exchange_rate: Option<Decimal>,
}

impl ChargeKey {
    /// The month of its day.
    pub fn month(&self) -> Month {
        Month::of_date(self.date)
    }
}

/// Charges with the same key.
#[derive(Clone, PartialEq, Debug)]
pub struct ChargeSum {
    /// What the meter counts.
    pub metered: Option<Metered>,
    /// The sum of the quantities.
    pub quantity: Decimal,
    /// The sum of the costs.
    pub billed_cost: Money,
    /// The currency of the unit price.
    pub pricing_currency: Option<Currency>,
    /// Input records behind it.
    pub records: u64,
}

impl ChargeSum {
    /// Adds what another sum holds.
    pub fn add(&mut self, other: &ChargeSum) -> Result<(), MoneyError> {
        let quantity = self.quantity.checked_add(other.quantity).ok_or(MoneyError::Overflow)?;
        self.billed_cost = self.billed_cost.checked_add(other.billed_cost)?;
        self.quantity = quantity;
        self.records = self.records.saturating_add(other.records);
        Ok(())
    }
}

/// Control totals of one kind.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlSum {
    /// The usage that it can be compared with.
    pub metered: Option<Metered>,
    /// How many.
    pub quantity: Decimal,
    /// The first and last day, where the report has days.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

/// All that stands beside the usage of a run.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Billed charges by day, resource and meter.
    pub charges: BTreeMap<ChargeKey, ChargeSum>,
    /// Control totals by report and what it counts.
    pub controls: BTreeMap<(&'static str, String), ControlSum>,
}

impl Beside {
    /// Adds a charge; an error beyond the 28 digits of a decimal.
    pub fn charge(&mut self, charge: BilledCharge) -> Result<(), MoneyError> {
        let mut key = ChargeKey {
            date: charge.period.start.date(),
            resource: charge.resource,
            meter: charge.meter,
            unit: charge.unit,
            unit_price: charge.unit_price.map(|price| price.normalize()),
            currency: charge.billed_cost.currency().code().to_owned(),
            exchange_rate: charge.exchange_rate.map(|rate| rate.normalize()),
        };
        let sum = ChargeSum {
            metered: charge.metered,
            quantity: charge.quantity,
            billed_cost: charge.billed_cost,
            pricing_currency: charge.pricing_currency,
            records: charge.records,
        };
        if self.charges.len() >= LINE_CAP && !self.charges.contains_key(&key) {
            key.resource = OTHER_RESOURCES.to_owned();
        }
        match self.charges.get_mut(&key) {
            Some(known) => known.add(&sum)?,
            None => drop(self.charges.insert(key, sum)),
        }
        Ok(())
    }

    /// Adds a control total; an error beyond the 28 digits of a decimal.
    pub fn control(&mut self, total: ControlTotal) -> Result<(), MoneyError> {
        let days = total.date.map(|date| (date, date));
        let sum = self.controls.entry((total.report, total.what)).or_insert(ControlSum {
            metered: total.metered,
            quantity: Decimal::ZERO,
            days,
        });
        sum.quantity = sum.quantity.checked_add(total.quantity).ok_or(MoneyError::Overflow)?;
        if let (Some((first, last)), Some(date)) = (&mut sum.days, total.date) {
            (*first, *last) = ((*first).min(date), (*last).max(date));
        }
        Ok(())
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty() && self.controls.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// 1,000 recipients billed at USD 0.25 on the first day of 2026.
    pub(crate) fn billed_charge() -> BilledCharge {
        let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        BilledCharge {
            period: ChargePeriod::of_dates(day, day.succ_opt().unwrap()),
            resource: "/subscriptions/1/mail".to_owned(),
            meter: "Basic Sent Email".to_owned(),
            metered: Some(Metered::Recipients),
            quantity: 1_000.into(),
            unit: "1".to_owned(),
            unit_price: Some(Decimal::new(25, 5)),
            pricing_currency: Some(Currency::USD),
            exchange_rate: None,
            billed_cost: Money::new(Decimal::new(25, 2), Currency::USD),
            source: SourceId(0),
            line: 2,
            records: 1,
        }
    }

    /// 5 requests that a provider counted on the third day of 2026.
    pub(crate) fn control_total() -> ControlTotal {
        ControlTotal {
            report: "metrics",
            what: "requests".to_owned(),
            metered: Some(Metered::Messages),
            quantity: 5.into(),
            date: NaiveDate::from_ymd_opt(2026, 1, 3),
            source: SourceId(0),
            line: 2,
            records: 1,
        }
    }

    #[test]
    fn charges_with_one_key_are_one_line() {
        let mut beside = Beside::default();
        beside.charge(billed_charge()).unwrap();
        beside.charge(BilledCharge { unit_price: Some(Decimal::new(250, 6)), ..billed_charge() }).unwrap();
        beside.charge(BilledCharge { meter: "Chat".to_owned(), metered: None, ..billed_charge() }).unwrap();
        let lines: Vec<_> =
            beside.charges.iter().map(|(key, sum)| (key.meter.as_str(), sum.quantity, sum.records)).collect();
        assert_eq!(lines, [("Basic Sent Email", 2_000.into(), 2), ("Chat", 1_000.into(), 1)]);
    }

    #[test]
    fn control_totals_of_one_report_are_summed_over_their_days() {
        let mut beside = Beside::default();
        let total = |day, quantity: u64| ControlTotal {
            quantity: quantity.into(),
            date: NaiveDate::from_ymd_opt(2026, 1, day),
            ..control_total()
        };
        for total in [total(3, 5), total(1, 6), total(2, 7)] {
            beside.control(total).unwrap();
        }
        let sum = beside.controls.values().next().unwrap();
        let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        assert_eq!((sum.quantity, sum.days), (18.into(), Some((day(1), day(3)))));
    }

    #[test]
    fn sums_beyond_a_decimal_are_refused() {
        let mut beside = Beside::default();
        let huge = BilledCharge { quantity: Decimal::MAX, ..billed_charge() };
        beside.charge(huge.clone()).unwrap();
        assert_eq!(beside.charge(huge), Err(MoneyError::Overflow));
    }
}
