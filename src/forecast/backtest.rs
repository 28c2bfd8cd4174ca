//! Forecasts of the past: from several points of its own history a series is forecast with what was known then, and
//! compared with what came. What follows from it is decided by selection and calibration.

use super::combination::{Model, Start, project};
use super::history::History;
use super::models::{Projection, Reach};

/// Sample paths of a backtest: enough for a spread, few enough to be quick.
const PATHS: usize = 200;
/// The least history before the first origin, in steps and in cycles.
const LEAST_STEPS: usize = 8;
const LEAST_CYCLES: usize = 2;

/// A forecast of the past by every model.
#[derive(Debug)]
pub(crate) struct Trial {
    /// Steps that were known.
    pub origin: usize,
    /// What came, and whether it was measured.
    pub actual: Vec<f64>,
    pub observed: Vec<bool>,
    pub projections: Vec<(Model, Projection)>,
}

impl Trial {
    pub(crate) fn of(&self, model: Model) -> Option<&Projection> {
        self.projections.iter().find(|(found, _)| *found == model).map(|(_, projection)| projection)
    }

    /// The error of a model: half the mean absolute error of a step, half that of the total per step.
    pub(crate) fn loss(&self, model: Model) -> Option<f64> {
        let mean = &self.of(model)?.mean;
        let (mut errors, mut total, mut count) = (0.0, 0.0, 0.0);
        for ((actual, forecast), observed) in self.actual.iter().zip(mean).zip(&self.observed) {
            if *observed {
                errors += (actual - forecast).abs();
                total += actual - forecast;
                count += 1.0;
            }
        }
        (count > 0.0).then(|| f64::midpoint(errors, f64::abs(total)) / count)
    }
}

/// Runs up to so many trials, the last first, each with as much of the horizon as the history allows.
pub(crate) fn run(history: &History<'_>, start: &Start, reach: &Reach, origins: usize) -> Vec<Trial> {
    let (places, horizon) = origins_of(history, reach.horizon, origins);
    let mut trials = Vec::new();
    for origin in places {
        let end = origin + horizon;
        let observed = history.observed[origin..end].to_vec();
        if !observed.contains(&true) {
            continue;
        }
        let reach = Reach { horizon, ..reach_of(origin, reach) };
        let (projections, _) = project(&history.before(origin), start, &reach, None);
        trials.push(Trial { origin, actual: history.values[origin..end].to_vec(), observed, projections });
    }
    trials
}

/// How a trial looks ahead.
fn reach_of(origin: usize, reach: &Reach) -> Reach {
    Reach { paths: PATHS, seed: reach.seed ^ (origin as u64) << 8, ..*reach }
}

/// The trials of one model alone, with paths: those of [`run`] have none of a model that is seldom chosen.
pub(crate) fn with_paths(history: &History<'_>, trials: &mut [Trial], model: Model, reach: &Reach) {
    for trial in trials {
        let reach = Reach { horizon: trial.actual.len(), ..reach_of(trial.origin, reach) };
        let (found, _) = project(&history.before(trial.origin), &Start::default(), &reach, Some(model));
        trial.projections = found;
    }
}

/// How many times the length of a trial all trials cover: futures that do not overlap.
pub(crate) fn windows(trials: &[Trial]) -> f64 {
    let places = || trials.iter().map(|trial| trial.origin);
    let (first, last) = (places().min().unwrap_or(0), places().max().unwrap_or(0));
    let ahead = trials.first().map_or(0, |trial| trial.actual.len());
    1.0 + (last - first) as f64 / ahead.max(1) as f64
}

/// Where the trials begin, and how many steps each looks ahead.
fn origins_of(history: &History<'_>, horizon: usize, most: usize) -> (Vec<usize>, usize) {
    let count = history.len();
    let least = LEAST_STEPS.max(LEAST_CYCLES * history.season);
    let Some(room) = count.checked_sub(least).filter(|room| *room > 1 && most > 0 && horizon > 0) else {
        return (Vec::new(), 0);
    };
    let ahead = horizon.min(room.div_ceil(2)).max(1);
    let span = room - ahead;
    let gap = (span / (most - 1).max(1)).clamp(1, ahead);
    let places = (0..most).map(|back| back * gap).take_while(|back| *back <= span);
    (places.map(|back| count - ahead - back).collect(), ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: usize, season: usize, horizon: usize) -> (Vec<usize>, usize) {
        let values = vec![1.0; count];
        origins_of(&History { values: &values, observed: &vec![true; count], season }, horizon, 4)
    }

    #[test]
    fn origins_leave_two_cycles_and_use_what_there_is() {
        assert_eq!(places(100, 7, 10), (vec![90, 80, 70, 60], 10));
        assert_eq!(places(48, 12, 18), (vec![36, 32, 28, 24], 12));
        assert_eq!(places(16, 7, 31), (vec![15, 14], 1));
        assert_eq!(places(14, 7, 31), (vec![], 0));
        assert_eq!(places(0, 1, 3), (vec![], 0));
    }
}
