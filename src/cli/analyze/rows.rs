//! The rows of the table by group: each with its share of the cost, in the order in which they are shown.

use std::cmp::Reverse;
use std::num::NonZeroUsize;

use rust_decimal::Decimal;

use super::cost::Cost;
use crate::money::Money;
use crate::usage::{Group, OTHER, Usage};

/// A group and what it costs.
pub(super) struct Row {
    pub(super) group: Group,
    pub(super) cost: Money,
    /// What it costs by the list, where that is something else.
    pub(super) list_cost: Option<Money>,
}

/// All groups with their costs: by time where the first dimension is one, else the dearest first. With `top`, the
/// dearest ones, and the others together as the last row.
pub(super) fn rows(
    usage: &mut Usage,
    cost: &Cost,
    list_cost: Option<&Cost>,
    top: Option<NonZeroUsize>,
) -> anyhow::Result<Vec<Row>> {
    let groups = std::mem::take(&mut usage.groups);
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let periods: Vec<_> = groups.iter().map(|group| group.periods.as_slice()).collect();
    let shares = cost.share(&periods)?;
    let list_shares = list_cost.map(|cost| cost.share(&periods)).transpose()?;
    let by_time = usage.by.first().is_some_and(|dimension| dimension.is_time());
    let order = match by_time && top.is_none() {
        true => (0..groups.len()).collect(),
        false => dearest_first(&shares),
    };
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    let mut row = |place: &usize| {
        let list_cost = list_shares.as_ref().and_then(|shares| shares.get(*place).copied());
        Some(Row { group: groups.get_mut(*place)?.take()?, cost: *shares.get(*place)?, list_cost })
    };
    let (shown, rest) = order.split_at(top.map_or(order.len(), NonZeroUsize::get).min(order.len()));
    let mut rows: Vec<Row> = shown.iter().filter_map(&mut row).collect();
    rows.extend(together(rest.iter().filter_map(row))?);
    Ok(rows)
}

/// Places by their costs. Groups come by label, which stays the order among equals.
fn dearest_first(shares: &[Money]) -> Vec<usize> {
    let costs = shares.iter().map(|share| Reverse(share.amount()));
    let mut order: Vec<(Reverse<Decimal>, usize)> = costs.zip(0..).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, place)| place).collect()
}

/// Rows as one; none where there are none.
fn together(mut rows: impl Iterator<Item = Row>) -> anyhow::Result<Option<Row>> {
    let Some(mut sum) = rows.next() else { return Ok(None) };
    for row in rows {
        sum.group.merge(&row.group);
        sum.cost = sum.cost.checked_add(row.cost)?;
        if let (Some(sum), Some(cost)) = (&mut sum.list_cost, row.list_cost) {
            *sum = sum.checked_add(cost)?;
        }
    }
    sum.group.labels.fill(OTHER.into());
    Ok(Some(sum))
}
