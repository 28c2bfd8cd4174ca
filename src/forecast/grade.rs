//! Grades: how far forecasts of the past lay from what came, and how often a band held it.
//!
//! Figures are amounts, as exact decimals in and out; only ratios of them are floats. The formulas are in `scores`.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::level::Level;
use super::scores;

/// One figure that was forecast and came.
#[derive(Clone, PartialEq, Debug)]
pub struct Graded {
    /// What came.
    pub actual: Decimal,
    /// What was expected.
    pub expected: Decimal,
    /// The bands, one for each level.
    pub bands: Vec<Band>,
}

/// A band: the least and the most that a level lets expect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Band {
    /// The lower end.
    pub low: Decimal,
    /// The upper end.
    pub high: Decimal,
}

impl Band {
    /// The band of a level over equally likely figures: those that leave as many out on either side.
    pub fn of(mut futures: Vec<Decimal>, level: Level) -> Option<Band> {
        futures.sort_unstable();
        let last = futures.len().checked_sub(1)?;
        let (low, high) = level.tails();
        let at = |probability: f64| futures[((probability * last as f64).round() as usize).min(last)];
        Some(Band { low: at(low), high: at(high) })
    }

    /// Whether it holds a figure.
    pub fn holds(&self, figure: Decimal) -> bool {
        self.low <= figure && figure <= self.high
    }
}

/// The share of equally likely figures above a bound, of 1.
pub fn chance_above(futures: &[Decimal], bound: Decimal) -> Option<Decimal> {
    let above = futures.iter().filter(|figure| **figure > bound).count();
    Decimal::from(above).checked_div(Decimal::from(futures.len()))
}

/// How good forecasts were.
#[derive(Clone, PartialEq, Debug)]
pub struct Grade {
    /// Figures that were compared.
    pub count: usize,
    /// The mean distance between forecast and figure, in the figures' unit.
    pub mean_absolute_error: Decimal,
    /// The sum of the distances for the sum of the figures, of 1 (WAPE); `None` where all figures are zero.
    pub relative_error: Option<Decimal>,
    /// The mean of twice the distance for the sum of forecast and figure, of 1.
    pub smape: Option<Decimal>,
    /// The mean distance for the mean change from one figure to the next in the past.
    pub mase: Option<Decimal>,
    /// For each level: how many figures its band held, and the mean scaled interval score.
    pub levels: Vec<(Level, usize, Option<Decimal>)>,
}

impl Grade {
    /// Grades figures; `past` are the figures of the past in order. `None` where there is nothing to grade.
    pub fn of(graded: &[Graded], levels: &[Level], past: &[Decimal]) -> Option<Grade> {
        let count = graded.len();
        if count == 0 {
            return None;
        }
        let floats = |figures: &mut dyn Iterator<Item = Decimal>| -> Vec<f64> {
            figures.map(|figure| figure.to_f64().unwrap_or_default()).collect()
        };
        let actual = floats(&mut graded.iter().map(|one| one.actual));
        let expected = floats(&mut graded.iter().map(|one| one.expected));
        let unit = scores::naive_error(&floats(&mut past.iter().copied()), 1);
        let level = |(place, level): (usize, &Level)| {
            let bands = graded.iter().filter_map(|one| one.bands.get(place));
            let held = graded.iter().zip(bands.clone()).filter(|(one, band)| band.holds(one.actual)).count();
            let lows = floats(&mut bands.clone().map(|band| band.low));
            let ends: Vec<(f64, f64)> =
                lows.into_iter().zip(floats(&mut bands.map(|band| band.high))).collect();
            let score = unit.and_then(|unit| ratio(scores::msis(&actual, &ends, 1.0 - level.share(), unit)));
            (*level, held, score)
        };
        let error = scores::mae(&actual, &expected);
        let sum: f64 = actual.iter().map(|actual| actual.abs()).sum();
        Some(Grade {
            count,
            mean_absolute_error: ratio(error).unwrap_or_default(),
            relative_error: (sum > 0.0).then(|| ratio(error * count as f64 / sum)).flatten(),
            smape: ratio(scores::smape(&actual, &expected) / 100.0),
            mase: unit.and_then(|unit| ratio(scores::mase(&actual, &expected, unit))),
            levels: levels.iter().enumerate().map(level).collect(),
        })
    }
}

/// A ratio with four decimals: more would not mean anything.
fn ratio(value: f64) -> Option<Decimal> {
    let rounded = (value * 1e4).round();
    (rounded.abs() < 1e15).then(|| Decimal::new(rounded as i64, 4).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> Level {
        text.parse().unwrap()
    }

    #[test]
    fn a_band_leaves_as_many_out_on_either_side() {
        let futures: Vec<Decimal> = (0..=100).rev().map(Decimal::from).collect();
        assert_eq!(Band::of(futures.clone(), level("80")), Some(Band { low: 10.into(), high: 90.into() }));
        assert_eq!(
            chance_above(&futures, Decimal::from(89)).map(|share| share.round_dp(3)),
            Some(Decimal::new(109, 3))
        );
        assert_eq!(Band::of(Vec::new(), level("80")), None);
        assert_eq!(chance_above(&[], Decimal::ONE), None);
    }

    #[test]
    fn grades_are_those_worked_out_by_hand() {
        let graded = |actual: i64, expected: i64, low: i64, high: i64| Graded {
            actual: actual.into(),
            expected: expected.into(),
            bands: vec![Band { low: low.into(), high: high.into() }],
        };
        let past = [100, 110, 90].map(Decimal::from);
        let grade =
            Grade::of(&[graded(100, 90, 80, 120), graded(50, 70, 60, 80)], &[level("80")], &past).unwrap();
        assert_eq!(grade.mean_absolute_error, Decimal::from(15));
        assert_eq!(grade.relative_error, Some(Decimal::new(2, 1)));
        // 20 / 190 and 40 / 120.
        assert_eq!(grade.smape, Some(Decimal::new(2193, 4)));
        // The past changes by 10 and 20.
        assert_eq!(grade.mase, Some(Decimal::ONE));
        // Widths 40 and 20, and 10 below at a rate of 10: (40 + 120) / 2 / 15.
        assert_eq!(grade.levels, [(level("80"), 1, Some(Decimal::new(53_333, 4)))]);
        assert_eq!(Grade::of(&[], &[], &past), None);
    }
}
