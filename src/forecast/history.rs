//! The past of a series as models see it: regular steps, scaled to order 1, with a mark where a value was filled in.

/// Values of the past, one per step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<'a> {
    /// What was measured, or filled in.
    pub values: &'a [f64],
    /// Where it was measured. Filled-in values hold the place and teach nothing.
    pub observed: &'a [bool],
    /// Steps to a cycle; 1 where there is none.
    pub season: usize,
}

impl<'a> History<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// What was known before a step.
    pub(crate) fn before(&self, origin: usize) -> History<'a> {
        let end = origin.min(self.len());
        History { values: &self.values[..end], observed: &self.observed[..end], season: self.season }
    }

    /// How many cycles there are (of two steps, where there is no cycle).
    pub(crate) fn cycles(&self) -> f64 {
        self.len() as f64 / self.season.max(2) as f64
    }

    /// The last steps.
    pub(crate) fn last(&self, count: usize) -> History<'a> {
        let start = self.len().saturating_sub(count);
        History { values: &self.values[start..], observed: &self.observed[start..], season: self.season }
    }

    /// The measured values.
    pub(crate) fn measured(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().zip(self.observed).filter(|(_, observed)| **observed).map(|(value, _)| *value)
    }

    /// The mean of the measured values; 0 of none.
    pub(crate) fn mean(&self) -> f64 {
        mean(self.measured())
    }

    /// The standard deviation of the measured values; 0 of fewer than two.
    pub(crate) fn deviation(&self) -> f64 {
        let mean = self.mean();
        let count = self.measured().count();
        let squares: f64 = self.measured().map(|value| (value - mean).powi(2)).sum();
        if count < 2 { 0.0 } else { (squares / (count - 1) as f64).sqrt() }
    }
}

/// The mean of some numbers; 0 of none.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// The straight line through numbers at 0, 1, 2…: its value at 0 and its slope (least squares).
pub(crate) fn line(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = mean(values.iter().copied());
    let (mut cross, mut squares) = (0.0, 0.0);
    for (step, value) in values.iter().enumerate() {
        let away = step as f64 - middle;
        cross += away * (value - mean);
        squares += away * away;
    }
    let slope = if squares > 0.0 { cross / squares } else { 0.0 };
    (if values.is_empty() { 0.0 } else { mean - slope * middle }, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found() {
        let (start, slope) = line(&[1.0, 3.0, 5.0, 7.0]);
        assert!((start - 1.0).abs() < 1e-12 && (slope - 2.0).abs() < 1e-12);
        assert_eq!(line(&[]), (0.0, 0.0));
        assert_eq!(line(&[4.0]), (4.0, 0.0));
    }

    #[test]
    fn filled_in_values_do_not_count() {
        let history = History { values: &[1.0, 100.0, 3.0], observed: &[true, false, true], season: 1 };
        assert!((history.mean() - 2.0).abs() < 1e-12);
        assert!((history.deviation() - 2.0_f64.sqrt()).abs() < 1e-12);
        assert!((history.before(1).mean() - 1.0).abs() < 1e-12);
    }
}
