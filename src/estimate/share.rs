//! The cost of parts of a total: pro rata by quantity, adding up exactly.

use rust_decimal::Decimal;

use super::{Charge, Estimate, EstimateError, PartEstimate};
use crate::money::{Money, MoneyError, Rounding, round};
use crate::pricing::{Metered, Quantities};

/// Shares the total of an estimate (contracted, converted) among groups.
///
/// `groups[g][p]` is what group `g` sent in part `p` of the estimate (nothing, where `p` is beyond the group's
/// end); the groups must hold all of it. Each charge
/// of a part is shared by the quantity it counts (a base fee by recipients), so that tiers and allowances are
/// shared alike. Shares are cut to as many decimals as let them be added without loss (about 28 digits), and the
/// largest group takes what that leaves, a fraction of 10^-20 of the total at most: the shares add up exactly.
pub fn share(estimate: &Estimate, groups: &[Vec<Quantities>]) -> Result<Vec<Money>, EstimateError> {
    let parts = estimate.parts.len();
    if let Some(group) = groups.iter().find(|group| group.len() > parts) {
        let (groups, estimate) = (Decimal::from(group.len()), Decimal::from(parts));
        return Err(EstimateError::GroupsDoNotAddUp { what: "parts", groups, estimate });
    }
    for (index, part) in estimate.parts.iter().enumerate() {
        check_sums(part, &sum(groups.iter().filter_map(|group| group.get(index)))?)?;
    }
    let total = estimate.total.amount();
    let decimals = decimals_for_sums(total);
    let mut shares = Vec::with_capacity(groups.len());
    let whole = Whole::of(estimate)?;
    for group in groups {
        let exact = group_cost(estimate, &whole, group)?;
        shares.push(round(exact, decimals, Rounding::Down));
    }
    let largest = (0..shares.len()).rev().max_by_key(|index| shares.get(*index));
    let mut rest = total;
    for share in &shares {
        rest = rest.checked_sub(*share).ok_or(MoneyError::Overflow)?;
    }
    if let Some(share) = largest.and_then(|index| shares.get_mut(index)) {
        *share = share.checked_add(rest).ok_or(MoneyError::Overflow)?;
    }
    let currency = estimate.total.currency();
    Ok(shares.into_iter().map(|amount| Money::new(amount.normalize(), currency)).collect())
}

/// Decimals with which amounts up to the total can be added without loss: 28 digits always fit a decimal.
fn decimals_for_sums(total: Decimal) -> u32 {
    let own = total.normalize();
    let digits = own.mantissa().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    (own.scale() + Decimal::MAX_SCALE.saturating_sub(digits)).min(Decimal::MAX_SCALE)
}

/// What the charges of an estimate are shared by, of all groups together.
struct Whole {
    any_stated: bool,
    /// For each charge of each part the quantity of all groups, and whether it is that of all parts: where nothing was
    /// sent in a part, but a fee is due.
    charges: Vec<Vec<(Decimal, bool)>>,
}

impl Whole {
    fn of(estimate: &Estimate) -> Result<Whole, MoneyError> {
        let quantities = || estimate.parts.iter().map(|part| &part.quantities);
        let any_stated = quantities().any(|quantities| !quantities.recipient_megabytes.is_zero());
        let mut whole = Whole { any_stated, charges: Vec::with_capacity(estimate.parts.len()) };
        let all = sum(quantities())?;
        for part in &estimate.parts {
            let mut charges = Vec::with_capacity(part.charges.len());
            for charge in &part.charges {
                let own = whole.shared_by(charge.metered, &part.quantities, estimate)?;
                charges.push(match own.is_zero() {
                    true => (whole.shared_by(charge.metered, &all, estimate)?, true),
                    false => (own, false),
                });
            }
            whole.charges.push(charges);
        }
        Ok(whole)
    }

    /// The quantity by which a charge is shared: bytes stand for megabytes where they can, since they are whole.
    fn shared_by(
        &self,
        metered: Metered,
        quantities: &Quantities,
        estimate: &Estimate,
    ) -> Result<Decimal, MoneyError> {
        match metered {
            Metered::Megabytes if !self.any_stated => Ok(quantities.recipient_bytes),
            _ => quantities.of(metered, estimate.conditions.megabyte),
        }
    }
}

/// What a group costs in the currency of the total, to 28 digits. A part in which nothing was sent, but a fee is
/// due, is shared by what was sent in all parts.
fn group_cost(estimate: &Estimate, whole: &Whole, group: &[Quantities]) -> Result<Decimal, MoneyError> {
    let own_sum = sum(group.iter())?;
    let mut cost = Money::zero(estimate.contracted_total.currency());
    for (index, (part, alls)) in estimate.parts.iter().zip(&whole.charges).enumerate() {
        let own = group.get(index).copied().unwrap_or_default();
        for (charge, &(all, is_of_all)) in part.charges.iter().zip(alls) {
            let own = if is_of_all { &own_sum } else { &own };
            let amount = pro_rata(charge, whole.shared_by(charge.metered, own, estimate)?, all)?;
            cost = cost.checked_add(Money::new(amount, cost.currency()))?;
        }
    }
    let converted = match &estimate.conditions.exchange_rate {
        Some(rate) => rate.convert(cost)?,
        None => cost,
    };
    Ok(converted.amount())
}

fn sum<'a>(mut quantities: impl Iterator<Item = &'a Quantities>) -> Result<Quantities, MoneyError> {
    quantities.try_fold(Quantities::default(), |sum, one| sum.checked_add(one))
}

fn pro_rata(charge: &Charge, own: Decimal, all: Decimal) -> Result<Decimal, MoneyError> {
    let cost = charge.contracted_cost.amount();
    if all.is_zero() || own == all {
        return Ok(if own == all && !all.is_zero() { cost } else { Decimal::ZERO });
    }
    let multiplied_first = cost.checked_mul(own).and_then(|product| product.checked_div(all));
    let divided_first = || own.checked_div(all).and_then(|part| part.checked_mul(cost));
    multiplied_first.or_else(divided_first).ok_or(MoneyError::Overflow)
}

/// Refuses groups that hold more or less than the part.
fn check_sums(part: &PartEstimate, sum: &Quantities) -> Result<(), EstimateError> {
    let pairs = [
        ("messages", sum.messages, part.quantities.messages),
        ("recipients", sum.recipients, part.quantities.recipients),
        ("recipient bytes", sum.recipient_bytes, part.quantities.recipient_bytes),
        ("recipient megabytes", sum.recipient_megabytes, part.quantities.recipient_megabytes),
    ];
    match pairs.into_iter().find(|(_, groups, estimate)| groups != estimate) {
        Some((what, groups, estimate)) => Err(EstimateError::GroupsDoNotAddUp { what, groups, estimate }),
        None => Ok(()),
    }
}
