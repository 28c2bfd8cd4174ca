//! More series than there are colours become fewer: the largest keep theirs, the rest is one.

use rust_decimal::Decimal;

use super::drawing::SERIES;
use super::figure::{Column, Columns, Series, sum};

/// Which series goes where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fold {
    /// The series that are drawn.
    pub(super) series: Vec<Series>,
    /// For each given series, its place among those.
    places: Vec<usize>,
}

impl Fold {
    /// Keeps the largest series by the sum of their sizes, in the order in which they are given.
    pub(super) fn new(series: &[Series], rows: &[&[Decimal]], other: &str) -> Fold {
        let size = |place: usize| sum(rows.iter().filter_map(|row| row.get(place)).map(Decimal::abs));
        let mut own: Vec<usize> = (0..series.len()).filter(|place| !series[*place].is_other).collect();
        own.sort_by_key(|place| std::cmp::Reverse(size(*place)));
        own.truncate(SERIES.len());
        let (mut kept, mut places) = (Vec::new(), vec![usize::MAX; series.len()]);
        for (place, one) in series.iter().enumerate().filter(|(place, _)| own.contains(place)) {
            places[place] = kept.len();
            kept.push(one.clone());
        }
        if kept.len() < series.len() {
            let named = series.iter().find(|one| one.is_other);
            let rest = kept.len();
            kept.push(named.cloned().unwrap_or_else(|| Series::other(other)));
            places.iter_mut().filter(|place| **place == usize::MAX).for_each(|place| *place = rest);
        }
        Fold { series: kept, places }
    }

    /// The amounts of the series that are drawn; a missing one is zero.
    pub(super) fn amounts(&self, row: &[Decimal]) -> Vec<Decimal> {
        let mut amounts = vec![Decimal::ZERO; self.series.len()];
        for (place, amount) in self.places.iter().zip(row) {
            if let Some(total) = amounts.get_mut(*place) {
                *total = total.saturating_add(*amount);
            }
        }
        amounts
    }
}

/// The same columns with fewer series.
pub(super) fn folded(plot: &Columns, other: &str) -> Columns {
    let parts = plot.columns.iter().flat_map(|column| [column.measured.as_slice(), &column.forecast]);
    let fold = Fold::new(&plot.series, &parts.collect::<Vec<_>>(), other);
    // A column without forecast has none afterwards.
    let amounts = |row: &[Decimal]| if row.is_empty() { Vec::new() } else { fold.amounts(row) };
    let column = |column: &Column| Column {
        measured: amounts(&column.measured),
        forecast: amounts(&column.forecast),
        ..column.clone()
    };
    let columns = plot.columns.iter().map(column).collect();
    Columns { series: fold.series.clone(), columns, ..plot.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_keep_their_order_and_the_rest_is_one() {
        let series: Vec<Series> = ["a", "b", "c", "d", "e", "f", "g"].map(Series::new).to_vec();
        let row: Vec<Decimal> = [5, 1, 7, 9, -20, 4, 2].map(Decimal::from).to_vec();
        let fold = Fold::new(&series, &[&row], "other");
        let names: Vec<&str> = fold.series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a", "c", "d", "e", "f", "other"]);
        assert_eq!(fold.amounts(&row), [5, 7, 9, -20, 4, 3].map(Decimal::from));
        assert_eq!(fold.amounts(&[]), [0; 6].map(Decimal::from));
        let few = Fold::new(&[Series::new("a"), Series::other("rest")], &[], "other");
        assert_eq!(few.series.len(), 2);
        assert_eq!(few.amounts(&row), [5, 1].map(Decimal::from));
    }
}
