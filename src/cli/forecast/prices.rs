//! What a month costs: the price lists in force in it, each for its days. The arithmetic is that of `estimate`.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::cli::price_args::PriceArgs;
use crate::cli::price_book::{Matter, PriceBook, Prices};
use crate::cli::settings::Settings;
use crate::estimate::{Conditions, Estimate, Part, estimate};
use crate::forecast::Sums;
use crate::money::{Currency, Money, MoneyError};
use crate::period::Month;
use crate::pricing::{Quantities, Segment};

/// The prices of all months.
pub(super) struct MonthPrices {
    book: PriceBook,
    /// The newest ones, whose exchange rate holds for all months.
    pub(super) newest: Prices,
    /// Remarks, one for each matter.
    pub(super) warnings: BTreeMap<Matter, String>,
}

/// The prices of a month.
pub(super) struct MonthPlan {
    segments: Vec<Segment>,
    conditions: Conditions,
    /// Remarks, one for each matter.
    pub(super) warnings: BTreeMap<Matter, String>,
}

impl MonthPrices {
    /// Reads the price files.
    pub(super) fn new(args: &PriceArgs, settings: &Settings) -> anyhow::Result<MonthPrices> {
        let book = args.read(settings)?;
        let newest = book.on(None)?;
        let mut warnings = newest.warnings.clone();
        // Terms are those of each month, whatever day the list was read on.
        warnings.remove(&Matter::Terms);
        Ok(MonthPrices { book, newest, warnings })
    }

    /// The currency of the result.
    pub(super) fn currency(&self) -> Currency {
        let rate = self.newest.conditions.exchange_rate.as_ref();
        rate.map_or(self.newest.list.currency, |rate| rate.billing)
    }

    /// The prices of a month.
    pub(super) fn of(&self, month: Month) -> anyhow::Result<MonthPlan> {
        let prices = self.book.of_month(month, &self.newest)?;
        let conditions = prices.conditions.unwrap_or_else(|| self.newest.conditions.clone());
        Ok(MonthPlan { segments: prices.segments, conditions, warnings: prices.warnings })
    }

    /// The newest prices, for a month of any date.
    pub(super) fn newest_for(&self, month: Month) -> MonthPlan {
        let segments = vec![Segment::whole_month(month, self.newest.list.clone())];
        MonthPlan { segments, conditions: self.newest.conditions.clone(), warnings: BTreeMap::new() }
    }
}

impl MonthPlan {
    /// The days of the month, cut where another list comes into force.
    pub(super) fn spans(&self) -> impl Iterator<Item = Range<NaiveDate>> {
        self.segments.iter().map(|segment| segment.period.start.date()..segment.period.end.date())
    }

    /// Prices what each of the [`spans`](MonthPlan::spans) has.
    pub(super) fn price(&self, quantities: &[Quantities]) -> anyhow::Result<Estimate> {
        let parts: Vec<Part> = self
            .segments
            .iter()
            .zip(quantities)
            .map(|(segment, quantities)| Part::of_segment(segment, *quantities))
            .collect();
        Ok(estimate(&parts, &self.conditions)?)
    }

    /// The costs of each meter, in the result's currency, in the order of the list.
    pub(super) fn meters(&self, estimate: &Estimate) -> Result<Vec<(String, Money)>, MoneyError> {
        let convert = |money: Money| match &self.conditions.exchange_rate {
            Some(rate) => rate.convert(money),
            None => Ok(money),
        };
        let charges = estimate.charges.iter();
        charges.map(|charge| Ok((charge.sku_meter.clone(), convert(charge.contracted_cost)?))).collect()
    }
}

/// What is expected, as it is priced; its messages by those that a recipient had.
pub(super) fn expected(sums: Sums, messages_per_recipient: Decimal) -> Result<Quantities, MoneyError> {
    let quantities = Quantities::measured(0, sums.recipients, sums.recipient_bytes)?;
    let messages = quantities.recipients.checked_mul(messages_per_recipient).ok_or(MoneyError::Overflow)?;
    Ok(Quantities { messages, ..quantities })
}
