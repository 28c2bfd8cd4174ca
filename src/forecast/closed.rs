//! Phases of a cycle in which nothing happens, such as weekends: taken out before models see a series, and put back
//! into what they project. Without zeros a series can be divided and has logarithms.

use super::history::{History, mean};
use super::models::{Projection, Reach};
use super::paths::Paths;
use crate::random::Random;

/// The mean of a phase, as a share of that of all steps, below which it is closed.
const CLOSED: f64 = 0.02;
/// Cycles that must have passed before a phase is believed to be closed.
const LEAST_CYCLES: usize = 3;

/// The open steps of a history.
#[derive(Debug)]
pub(crate) struct Open {
    values: Vec<f64>,
    observed: Vec<bool>,
    season: usize,
    /// By phase: what a closed one has shown; none for an open one.
    closed: Vec<Option<Vec<f64>>>,
    /// Steps of the whole history.
    count: usize,
}

/// The open part of a history; none where no phase is closed.
pub(crate) fn open(history: &History<'_>) -> Option<Open> {
    let season = history.season;
    if season < 2 || history.len() < LEAST_CYCLES * season {
        return None;
    }
    let limit = history.mean() * CLOSED;
    let of = |phase: usize| {
        let steps = (phase..history.len()).step_by(season).filter(|step| history.observed[*step]);
        let values: Vec<f64> = steps.map(|step| history.values[step]).collect();
        (mean(values.iter().copied()) < limit && values.len() >= LEAST_CYCLES).then_some(values)
    };
    let closed: Vec<Option<Vec<f64>>> = (0..season).map(of).collect();
    let left = closed.iter().filter(|phase| phase.is_none()).count();
    let steps = || (0..history.len()).filter(|step| closed[step % season].is_none());
    (left > 0 && left < season).then(|| Open {
        values: steps().map(|step| history.values[step]).collect(),
        observed: steps().map(|step| history.observed[step]).collect(),
        season: left,
        count: history.len(),
        closed: closed.clone(),
    })
}

impl Open {
    pub(crate) fn history(&self) -> History<'_> {
        History { values: &self.values, observed: &self.observed, season: self.season }
    }

    /// How far ahead the open steps reach.
    pub(crate) fn reach(&self, reach: &Reach) -> Reach {
        let horizon = (0..reach.horizon).filter(|step| self.shown(*step).is_none()).count();
        Reach { horizon, ..*reach }
    }

    fn shown(&self, ahead: usize) -> Option<&Vec<f64>> {
        self.closed[(self.count + ahead) % self.closed.len()].as_ref()
    }

    /// A projection of the open steps with the closed ones in their places: what they were, drawn at random.
    pub(crate) fn close(&self, open: &Projection, reach: &Reach) -> Projection {
        let mut opened = open.mean.iter();
        let value = |ahead: usize| match self.shown(ahead) {
            Some(shown) => mean(shown.iter().copied()),
            None => opened.next().copied().unwrap_or(0.0),
        };
        let mean = (0..reach.horizon).map(value).collect();
        let none = Paths::zero(reach.paths, 1);
        let from = if open.mean.is_empty() { &none } else { &open.paths };
        let mut paths = Paths::zero(from.count(), reach.horizon);
        let mut random = Random::new(reach.seed ^ 4);
        for (path, from) in paths.iter_mut().zip(from.iter()) {
            let mut opened = from.iter();
            for (ahead, value) in path.iter_mut().enumerate() {
                *value = match self.shown(ahead) {
                    Some(shown) => shown[random.below(shown.len() as u64) as usize],
                    None => opened.next().copied().unwrap_or(0.0),
                };
            }
        }
        Projection { mean, paths }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_are_taken_out_and_put_back() {
        let values: Vec<f64> =
            (0..30).map(|day| if day % 7 < 5 { 1.0 + f64::from(day) } else { 0.0 }).collect();
        let history = History { values: &values, observed: &[true; 30], season: 7 };
        let found = open(&history).expect("closed weekends");
        assert_eq!((found.history().season, found.history().len()), (5, 22));
        assert_eq!(found.history().values[5], 8.0);
        let reach = Reach { horizon: 6, paths: 2, seed: 1 };
        let inner = found.reach(&reach);
        assert_eq!(inner.horizon, 4);
        let mut paths = Paths::zero(2, 4);
        paths.iter_mut().for_each(|path| path.copy_from_slice(&[1.0, 2.0, 3.0, 4.0]));
        let whole = found.close(&Projection { mean: vec![1.0, 2.0, 3.0, 4.0], paths }, &reach);
        // Day 30 is the third of its week.
        assert_eq!(whole.mean, [1.0, 2.0, 3.0, 0.0, 0.0, 4.0]);
        assert_eq!(whole.paths.iter().nth(1), Some(&[1.0, 2.0, 3.0, 0.0, 0.0, 4.0][..]));
    }

    #[test]
    fn a_week_without_a_closed_day_stays_whole() {
        assert!(open(&History { values: &[1.0; 30], observed: &[true; 30], season: 7 }).is_none());
        assert!(open(&History { values: &[0.0; 30], observed: &[true; 30], season: 7 }).is_none());
    }
}
