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
    let list_shares = match list_cost {
        Some(cost) => cost.share(&periods)?.into_iter().map(Some).collect(),
        None => vec![None; shares.len()],
    };
    let costs = shares.into_iter().zip(list_shares);
    let row = |(group, (cost, list_cost))| Row { group, cost, list_cost };
    let mut rows: Vec<Row> = groups.into_iter().zip(costs).map(row).collect();
    let by_time = usage.by.first().is_some_and(|dimension| dimension.is_time());
    if !by_time || top.is_some() {
        rows = dearest_first(rows);
    }
    if let Some(top) = top {
        fold_rest(&mut rows, top.get())?;
    }
    Ok(rows)
}

/// Rows by their costs. They come by label, which stays the order among equals. Costs are sorted and not rows, which
/// are large.
fn dearest_first(rows: Vec<Row>) -> Vec<Row> {
    let mut order: Vec<(Reverse<Decimal>, usize)> =
        rows.iter().enumerate().map(|(place, row)| (Reverse(row.cost.amount()), place)).collect();
    order.sort_unstable();
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, place)| rows.get_mut(place)?.take()).collect()
}

/// Replaces the rows after the first `top` by one.
fn fold_rest(rows: &mut Vec<Row>, top: usize) -> anyhow::Result<()> {
    if rows.len() <= top {
        return Ok(());
    }
    let mut rest = rows.split_off(top).into_iter();
    let Some(mut sum) = rest.next() else { return Ok(()) };
    for row in rest {
        sum.group.merge(&row.group);
        sum.cost = sum.cost.checked_add(row.cost)?;
        if let (Some(sum), Some(cost)) = (&mut sum.list_cost, row.list_cost) {
            *sum = sum.checked_add(cost)?;
        }
    }
    sum.group.labels.fill(OTHER.to_owned());
    rows.push(sum);
    Ok(())
}
