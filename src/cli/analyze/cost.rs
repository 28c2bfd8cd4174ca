//! What usage costs: which prices apply to which billing period, the total, and the shares of groups.
//!
//! The arithmetic is that of `estimate`; here only the periods are matched with prices.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use chrono::{NaiveDate, NaiveTime};

use crate::cli::cost_data::Sums;
use crate::cli::price_args::PriceArgs;
use crate::cli::price_book::{Matter, PriceBook, Prices, uses_given};
use crate::cli::settings::Settings;
use crate::cli::usage_error;
use crate::estimate::{Charge, Conditions, Estimate, Part, estimate, merge_charges, share};
use crate::money::{Money, MoneyError};
use crate::period::{ChargePeriod, Month, Timestamp, parse_date};
use crate::pricing::{Quantities, Segment, Terms};
use crate::usage::{Measures, Totals};

/// The day whose prices apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum On {
    /// The newest list and rate, whenever the mail was sent.
    #[default]
    Newest,
    /// Those in force on a day.
    Day(NaiveDate),
    /// Those in force when the mail was sent: list by day, terms and rate by billing month.
    Usage,
}

impl On {
    /// Reads a day, or `usage`.
    pub fn parse(text: &str) -> Result<On, String> {
        if text == "usage" {
            return Ok(On::Usage);
        }
        let wrong =
            |_| format!("'{text}' is not a day of prices: expected a date such as '2026-10-01', or 'usage'");
        parse_date(text).map(On::Day).map_err(wrong)
    }

    /// The word or day on the command line; `None` for the newest.
    pub fn shown(self) -> Option<String> {
        match self {
            On::Newest => None,
            On::Day(day) => Some(day.to_string()),
            On::Usage => Some("usage".to_owned()),
        }
    }
}

/// Which prices apply.
pub(super) struct Pricer {
    book: PriceBook,
    on: On,
    /// The prices of the day, or the newest ones.
    pub(super) prices: Prices,
}

/// Periods that are priced together, because terms and rate are the same.
#[derive(Clone)]
struct Batch {
    segments: Vec<Segment>,
    conditions: Conditions,
}

/// The prices of all periods of a run.
#[derive(Clone)]
pub(super) struct Plan {
    batches: Vec<Batch>,
    nothing: Money,
    nothing_listed: Money,
    pub(super) warnings: Vec<String>,
}

/// What a run costs.
pub(super) struct Cost {
    estimates: Vec<(Vec<ChargePeriod>, Estimate)>,
    /// One charge per meter over all estimates, in the list's currency.
    charges: Vec<Charge>,
    /// In the result's currency, unrounded.
    pub(super) total: Money,
    /// By the list, in its currency.
    pub(super) list_total: Money,
    /// By the terms, in the list's currency.
    pub(super) contracted_total: Money,
}

impl Pricer {
    /// Finds the prices; whatever is wrong with them is told before anything is read.
    pub(super) fn new(args: &PriceArgs, on: On, settings: &Settings) -> anyhow::Result<Pricer> {
        let book = args.read(settings)?;
        if let (On::Usage, Some((version, from))) = (on, book.pinned()) {
            return Err(usage_error(format!(
                "'--on usage' chooses the version by date: name the price list ({from}) without '@{version}'"
            )));
        }
        let prices = book.on(match on {
            On::Day(day) => Some(day),
            On::Newest | On::Usage => None,
        })?;
        Ok(Pricer { book, on, prices })
    }

    /// Where billing periods are cut beside the start of a month: the days on which another list comes into force.
    pub(super) fn cuts(&self) -> Vec<Timestamp> {
        match self.on {
            On::Usage => {
                let midnight = |day: NaiveDate| Timestamp::from_utc(day.and_time(NaiveTime::MIN));
                self.book.changes().into_iter().map(midnight).collect()
            }
            On::Newest | On::Day(_) => Vec::new(),
        }
    }

    /// The prices of billing periods, which are months, or parts of them between [`cuts`](Pricer::cuts). A month
    /// with usage is priced to its end, since fees are due for the whole of it; one without costs nothing.
    pub(super) fn plan(&self, periods: impl Iterator<Item = ChargePeriod>) -> anyhow::Result<Plan> {
        let list = &self.prices.list;
        let rate = self.prices.conditions.exchange_rate.as_ref();
        let (batches, warnings) = match self.on {
            On::Usage => self.batches_by_month(periods)?,
            On::Newest | On::Day(_) => {
                let segment =
                    |period: ChargePeriod| Segment::whole_month(Month::of(period.start), list.clone());
                let (segments, conditions) = (periods.map(segment).collect(), self.prices.conditions.clone());
                (vec![Batch { segments, conditions }], self.prices.warnings.clone())
            }
        };
        Ok(Plan {
            batches,
            nothing: Money::zero(rate.map_or(list.currency, |rate| rate.billing)),
            nothing_listed: Money::zero(list.currency),
            warnings: warnings.into_values().collect(),
        })
    }

    /// Each month by its own prices.
    fn batches_by_month(
        &self,
        periods: impl Iterator<Item = ChargePeriod>,
    ) -> anyhow::Result<(Vec<Batch>, BTreeMap<Matter, String>)> {
        let mut months = BTreeSet::new();
        for period in periods {
            let month = Month::of(period.start);
            let list = self.book.list_on(period.start.date());
            list.with_context(|| format!("cannot price the usage of {month} by its own date"))?;
            months.insert(month);
        }
        let (mut batches, mut warnings) = (Vec::new(), BTreeMap::new());
        for month in months {
            let prices = self.book.in_month(month);
            let prices =
                prices.with_context(|| format!("cannot price the usage of {month} by its own date"))?;
            let segments = prices.segments;
            batches.extend(prices.conditions.map(|conditions| Batch { segments, conditions }));
            for (matter, remark) in prices.warnings {
                warnings.entry(matter).or_insert(remark);
            }
        }
        if !batches.iter().any(Batch::uses_given) {
            warnings.extend(self.book.unused_warning());
        }
        Ok((batches, warnings))
    }
}

impl Batch {
    fn uses_given(&self) -> bool {
        self.segments.iter().any(|segment| uses_given(&segment.list, &self.conditions))
    }
}

impl Plan {
    /// The same without terms, where there are any.
    pub(super) fn at_list_prices(&self) -> Option<Plan> {
        let mut plan = self.clone();
        let mut any = false;
        for batch in &mut plan.batches {
            any |= std::mem::take(&mut batch.conditions.terms) != Terms::default();
        }
        any.then_some(plan)
    }

    /// Prices what was sent in each period.
    pub(super) fn price(
        &self,
        periods: &BTreeMap<ChargePeriod, Measures>,
        of: fn(&Measures) -> Totals,
    ) -> anyhow::Result<Cost> {
        let mut cost = Cost {
            estimates: Vec::new(),
            charges: Vec::new(),
            total: self.nothing,
            list_total: self.nothing_listed,
            contracted_total: self.nothing_listed,
        };
        for batch in self.batches.iter().filter(|batch| !batch.segments.is_empty()) {
            let mut parts = Vec::with_capacity(batch.segments.len());
            for segment in &batch.segments {
                let totals = periods.get(&segment.period).map(of).unwrap_or_default();
                parts.push(Part::of_segment(segment, totals.quantities()?));
            }
            let priced = estimate(&parts, &batch.conditions)?;
            cost.total = cost.total.checked_add(priced.total)?;
            cost.list_total = cost.list_total.checked_add(priced.list_total)?;
            cost.contracted_total = cost.contracted_total.checked_add(priced.contracted_total)?;
            cost.estimates.push((batch.segments.iter().map(|segment| segment.period).collect(), priced));
        }
        cost.charges = merge_charges(cost.estimates().flat_map(|estimate| &estimate.charges))?;
        Ok(cost)
    }
}

impl Cost {
    /// The estimates behind the total: one, or one for each period with prices of its own.
    pub(super) fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        self.estimates.iter().map(|(_, estimate)| estimate)
    }

    /// The charges with their sums.
    pub(super) fn sums(&self) -> Sums<'_> {
        Sums {
            charges: &self.charges,
            list_total: self.list_total,
            contracted_total: self.contracted_total,
            total: self.total,
            with_terms: self.estimates().any(|estimate| !estimate.conditions.terms.file.is_empty()),
        }
    }

    /// Shares the total among groups by what each sent in each period. The shares add up to the total.
    pub(super) fn share(&self, groups: &[&[(ChargePeriod, Measures)]]) -> anyhow::Result<Vec<Money>> {
        let mut shares = vec![Money::zero(self.total.currency()); groups.len()];
        for (periods, estimate) in &self.estimates {
            let mut parts = Vec::with_capacity(groups.len());
            for group in groups {
                parts.push(by_period(periods, group)?);
            }
            for (sum, part) in shares.iter_mut().zip(share(estimate, &parts)?) {
                *sum = sum.checked_add(part)?;
            }
        }
        settle(self.total, &mut shares)?;
        Ok(shares)
    }
}

fn by_period(
    periods: &[ChargePeriod],
    group: &[(ChargePeriod, Measures)],
) -> Result<Vec<Quantities>, MoneyError> {
    let of = |period: &ChargePeriod| {
        let found = group.iter().find(|(own, _)| own == period);
        found.map_or(Ok(Quantities::default()), |(_, measures)| measures.attempted.quantities())
    };
    periods.iter().map(of).collect()
}

/// Gives the largest share what adding up the shares of several estimates leaves beyond the 28th digit.
fn settle(total: Money, shares: &mut [Money]) -> Result<(), MoneyError> {
    let mut rest = total;
    for share in shares.iter() {
        rest = rest.checked_sub(*share)?;
    }
    if let Some(largest) = shares.iter_mut().max_by_key(|share| share.amount()) {
        *largest = largest.checked_add(rest)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_prices() {
        assert_eq!(On::parse("usage"), Ok(On::Usage));
        assert_eq!(On::parse("2025-04-11").unwrap().shown().unwrap(), "2025-04-11");
        assert_eq!(
            On::parse("2025").unwrap_err(),
            "'2025' is not a day of prices: expected a date such as '2026-10-01', or 'usage'"
        );
    }
}
