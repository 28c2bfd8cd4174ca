//! Estimates: usage times price list, by billing month, then one conversion of the total.
//!
//! [`estimate`] is a pure function: tiers, included quantities, base fees and blocks apply to each [`Part`] (one
//! billing month, or the part of one for which a list is in force); lines stay in the list's currency and only the
//! total is converted, unrounded. [`share()`] splits a total among groups so that they add up to it exactly.
//! Which list and rate apply is left to `pricing`, rounding to whoever shows a figure.

mod charge;
mod share;

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::money::{ExchangeRate, Money, MoneyError};
use crate::pricing::{MonthShare, PriceList, Quantities, Segment, Terms};
use crate::units::Megabyte;

pub use charge::{Charge, merge_charges};
pub use share::share;

/// What was, or will be, sent in one billing month, or in the part of one for which one list is in force.
#[derive(Clone, Debug)]
pub struct Part {
    /// The list that prices it.
    pub list: Arc<PriceList>,
    /// The part of the month for which the list is in force.
    pub share: MonthShare,
    /// What is priced.
    pub quantities: Quantities,
}

impl Part {
    /// A whole month.
    pub fn month(list: Arc<PriceList>, quantities: Quantities) -> Part {
        Part { list, share: MonthShare::FULL, quantities }
    }

    /// What falls into a segment.
    pub fn of_segment(segment: &Segment, quantities: Quantities) -> Part {
        Part { list: Arc::clone(&segment.list), share: segment.share(), quantities }
    }
}

/// What holds for a whole estimate.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Negotiated terms; without them the contracted cost is the list cost.
    pub terms: Terms,
    /// The rate for the total; `None` leaves it in the list's currency.
    pub exchange_rate: Option<ExchangeRate>,
    /// What a charged megabyte is.
    pub megabyte: Megabyte,
}

/// A priced part.
#[derive(Clone, Debug)]
pub struct PartEstimate {
    /// What was priced.
    pub quantities: Quantities,
    /// Its charges, in the order of the list.
    pub charges: Vec<Charge>,
}

/// What usage costs by a price list. Never rounded and never "billed": that word is an invoice's.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The parts in the order in which they were given.
    pub parts: Vec<PartEstimate>,
    /// One charge per meter over all parts, in the list's currency.
    pub charges: Vec<Charge>,
    /// The sum of the list costs, in the list's currency.
    pub list_total: Money,
    /// The sum of the contracted costs, in the list's currency.
    pub contracted_total: Money,
    /// The contracted total, converted where a rate was given; unrounded.
    pub total: Money,
    /// The price lists used, each once.
    pub price_lists: Vec<Arc<PriceList>>,
    /// What held for the whole estimate.
    pub conditions: Conditions,
}

/// What can go wrong in an estimate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EstimateError {
    /// Nothing to price.
    #[error("there is no usage to be priced: expected at least one month")]
    Empty,
    /// Groups whose quantities are not those of the estimate.
    #[error("the groups hold {groups} {what}, the estimate {estimate}: expected the same")]
    GroupsDoNotAddUp {
        /// What was compared.
        what: &'static str,
        /// The sum over the groups.
        groups: Decimal,
        /// The quantity of the estimate.
        estimate: Decimal,
    },
    /// Two currencies, or an amount beyond exact calculation.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Prices usage, part by part.
pub fn estimate(parts: &[Part], conditions: &Conditions) -> Result<Estimate, EstimateError> {
    let first = parts.first().ok_or(EstimateError::Empty)?;
    let mut priced = Vec::with_capacity(parts.len());
    let mut price_lists: Vec<Arc<PriceList>> = Vec::new();
    for part in parts {
        priced.push(PartEstimate { quantities: part.quantities, charges: part_charges(part, conditions)? });
        if !price_lists.contains(&part.list) {
            price_lists.push(Arc::clone(&part.list));
        }
    }
    let charges = merge_charges(priced.iter().flat_map(|part| &part.charges))?;
    let zero = Money::zero(first.list.currency);
    let sum = |cost: fn(&Charge) -> Money| {
        charges.iter().try_fold(zero, |sum, charge| sum.checked_add(cost(charge)))
    };
    let list_total = sum(|charge| charge.list_cost)?;
    let contracted_total = sum(|charge| charge.contracted_cost)?;
    let total = match &conditions.exchange_rate {
        Some(rate) => rate.convert(contracted_total)?,
        None => contracted_total,
    };
    let conditions = conditions.clone();
    Ok(Estimate { parts: priced, charges, list_total, contracted_total, total, price_lists, conditions })
}

fn part_charges(part: &Part, conditions: &Conditions) -> Result<Vec<Charge>, MoneyError> {
    let costs = part.list.price(&part.quantities, conditions.megabyte, part.share)?;
    costs.into_iter().map(|cost| Charge::new(cost, part.list.currency, &conditions.terms)).collect()
}

#[cfg(test)]
mod tests;
