//! Sample paths: joint futures, from which bands on steps and on sums of steps are read. How they come about is the
//! business of models and calibration.

use std::ops::Range;

use super::level::Level;

/// Equally likely futures, each with a value per step; all finite and not below zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths {
    steps: usize,
    values: Vec<f64>,
}

impl Paths {
    /// Room for `count` futures of `steps` steps, all zero.
    pub(crate) fn zero(count: usize, steps: usize) -> Paths {
        Paths { steps, values: vec![0.0; count * steps] }
    }

    /// How many steps each future has.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How many futures there are.
    pub fn count(&self) -> usize {
        self.values.len().checked_div(self.steps).unwrap_or(0)
    }

    /// All values, future after future.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The futures, each a value per step.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.steps.max(1))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        self.values.chunks_exact_mut(self.steps.max(1))
    }

    /// The sum of a range of steps in each future, sorted. A range beyond the last step ends there.
    pub fn sums(&self, steps: Range<usize>) -> Vec<f64> {
        let end = steps.end.min(self.steps);
        let start = steps.start.min(end);
        let mut sums: Vec<f64> = self.iter().map(|path| path[start..end].iter().sum()).collect();
        sums.sort_by(f64::total_cmp);
        sums
    }

    /// The band that holds the sum of a range of steps at a level.
    pub fn interval(&self, steps: Range<usize>, level: Level) -> (f64, f64) {
        let sums = self.sums(steps);
        let (low, high) = level.tails();
        (quantile(&sums, low), quantile(&sums, high))
    }

    /// The standard deviation of each step and that of the sum of all.
    pub(crate) fn spreads(&self) -> (Vec<f64>, f64) {
        let count = self.count().max(1) as f64;
        let mut moments = vec![(0.0, 0.0); self.steps];
        let mut total = (0.0, 0.0);
        for path in self.iter() {
            for (moment, value) in moments.iter_mut().zip(path) {
                *moment = (moment.0 + value, moment.1 + value * value);
            }
            let sum: f64 = path.iter().sum();
            total = (total.0 + sum, total.1 + sum * sum);
        }
        let deviation = |(sum, squares): (f64, f64)| {
            let mean: f64 = sum / count;
            (squares / count - mean * mean).max(0.0).sqrt()
        };
        (moments.into_iter().map(deviation).collect(), deviation(total))
    }
}

/// The quantile of sorted values at a probability, interpolated (type 7 of Hyndman and Fan 1996); 0 of nothing.
pub fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = probability.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn paths(steps: usize, values: &[f64]) -> Paths {
        Paths { steps, values: values.to_vec() }
    }

    #[test]
    fn a_quantile_is_interpolated() {
        assert!((quantile(&[1.0, 2.0, 4.0], 0.75) - 3.0).abs() < 1e-12);
        assert!((quantile(&[7.0], 0.1) - 7.0).abs() < 1e-12);
        assert!(quantile(&[], 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_band_of_a_sum_comes_from_sums() {
        // What one step gains the other loses: each is uncertain, their sum is not.
        let paths = paths(2, &[0.0, 10.0, 10.0, 0.0, 4.0, 6.0]);
        let level = Level::from_percent(80.0).unwrap();
        assert_eq!(paths.interval(0..2, level), (10.0, 10.0));
        let (low, high) = paths.interval(0..1, level);
        assert!(high - low > 5.0);
        assert_eq!(paths.sums(1..9), [0.0, 6.0, 10.0]);
    }

    #[test]
    fn nothing_is_no_panic() {
        let level = Level::from_percent(80.0).unwrap();
        assert_eq!(Paths::default().interval(0..3, level), (0.0, 0.0));
        assert_eq!(Paths::zero(0, 3).count(), 0);
    }
}
