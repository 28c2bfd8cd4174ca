//! Which model forecasts: the mean of the strong ones, unless the trials say clearly that another is better.

use super::backtest::{Trial, windows};
use super::combination::Model;

/// How a model did in the trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rival {
    /// The model.
    pub model: Model,
    /// Its mean absolute error, half by step and half of the total, as a share of the mean of what came.
    pub error: f64,
}

impl Rival {
    /// The error in per cent, with one decimal.
    pub fn percent(&self) -> String {
        format!("{:.1}%", self.error * 100.0)
    }
}

/// Why a model was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is too little history for any other.
    TooShort,
    /// Most steps are zero.
    MostlyZero,
    /// There is too little history for a comparison.
    Unproven,
    /// No other model was clearly better in the trials.
    NotBeaten,
    /// It was clearly better in the trials than the one that is usually best.
    ClearlyBetter,
}

/// The model that was chosen, why, and how all did.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The model.
    pub model: Model,
    /// Why it was chosen.
    pub reason: Reason,
    /// All models that were tried, by how simple they are; empty without trials.
    pub rivals: Vec<Rival>,
    /// How far the mean leans on the run-rate as well, from 0 to a third: as far as that did well in the trials.
    pub run_rate_share: f64,
}

/// Trials below which nothing but the usual choice is believed.
const LEAST_TRIALS: usize = 4;
/// Futures that do not overlap, below which trials are one lucky stretch told several times.
const LEAST_WINDOWS: f64 = 3.0;
/// A rival must have no more than this share of the error, and win this share of the trials.
const CLEARLY: f64 = 0.8;
const WINS: f64 = 0.75;
/// An error, as a share of what came, below which there is nothing to be better at.
const NOTHING: f64 = 0.002;

/// Chooses among the models that a history allows.
pub(crate) fn choose(allowed: &[Model], trials: &[Trial]) -> Choice {
    let usual = [Model::Intermittent, Model::Mean].into_iter().find(|model| allowed.contains(model));
    let Some(usual) = usual else {
        return Choice {
            model: Model::RunRate,
            reason: Reason::TooShort,
            rivals: Vec::new(),
            run_rate_share: 0.0,
        };
    };
    let rivals = rivals(allowed, trials);
    let known = if usual == Model::Intermittent { Reason::MostlyZero } else { Reason::NotBeaten };
    if trials.len() < LEAST_TRIALS || windows(trials) < LEAST_WINDOWS {
        let reason = if usual == Model::Intermittent { known } else { Reason::Unproven };
        let lean = if trials.len() < LEAST_TRIALS { 0.0 } else { lean(&rivals) };
        return Choice { model: usual, reason, rivals, run_rate_share: lean };
    }
    let error = |model: Model| rivals.iter().find(|rival| rival.model == model).map(|rival| rival.error);
    let error_to_beat = error(usual).unwrap_or(f64::INFINITY);
    let mut best = (usual, if error_to_beat > NOTHING { error_to_beat * CLEARLY } else { 0.0 });
    // The parts of the mean may not take its place: to prefer one of them on few trials is to follow luck.
    for rival in rivals.iter().filter(|rival| rival.model.is_floor()) {
        if rival.error < best.1 && wins(rival.model, usual, trials) >= WINS {
            best = (rival.model, rival.error);
        }
    }
    let reason = if best.0 == usual { known } else { Reason::ClearlyBetter };
    let lean = if best.0 == Model::Mean { lean(&rivals) } else { 0.0 };
    Choice { model: best.0, reason, rivals, run_rate_share: lean }
}

/// The share of the run-rate beside the two parts of the mean: a third where it erred as little, and next to nothing
/// where it erred half as much again (weights by past error, Bates and Granger 1969).
fn lean(rivals: &[Rival]) -> f64 {
    let error = |model: Model| rivals.iter().find(|rival| rival.model == model).map(|rival| rival.error);
    match (error(Model::Mean), error(Model::RunRate)) {
        (Some(mean), Some(rate)) if rate > 0.0 => {
            let weight = (mean / rate).min(1.0).powi(4);
            weight / (2.0 + weight)
        }
        _ => 0.0,
    }
}

fn rivals(allowed: &[Model], trials: &[Trial]) -> Vec<Rival> {
    let actual = trials.iter().flat_map(|trial| {
        trial.actual.iter().zip(&trial.observed).filter(|(_, observed)| **observed).map(|(actual, _)| *actual)
    });
    let size = super::history::mean(actual);
    let of = |model: &Model| {
        let losses: Option<Vec<f64>> = trials.iter().map(|trial| trial.loss(*model)).collect();
        let mean = super::history::mean(losses.filter(|losses| !losses.is_empty())?.into_iter());
        Some(Rival { model: *model, error: if size > 0.0 { mean / size } else { mean } })
    };
    allowed.iter().filter_map(of).collect()
}

/// The share of trials in which one model was better than another.
fn wins(model: Model, other: Model, trials: &[Trial]) -> f64 {
    let won = trials.iter().filter(|trial| trial.loss(model) < trial.loss(other)).count();
    won as f64 / trials.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::models::Projection;
    use super::super::paths::Paths;
    use super::*;

    fn trial(errors: [f64; 2], origin: usize) -> Trial {
        let projection = |error: f64| Projection { mean: vec![10.0 + error; 2], paths: Paths::zero(0, 2) };
        Trial {
            origin,
            actual: vec![10.0; 2],
            observed: vec![true; 2],
            projections: vec![(Model::RunRate, projection(errors[0])), (Model::Mean, projection(errors[1]))],
        }
    }

    fn chosen(trials: &[[f64; 2]]) -> (Model, Reason) {
        let trials: Vec<Trial> =
            trials.iter().zip(8..).map(|(errors, origin)| trial(*errors, 2 * origin)).collect();
        let choice = choose(&[Model::RunRate, Model::Mean], &trials);
        (choice.model, choice.reason)
    }

    #[test]
    fn a_simpler_model_must_be_clearly_better() {
        assert_eq!(chosen(&[[1.0, 2.0]; 4]), (Model::RunRate, Reason::ClearlyBetter));
        assert_eq!(chosen(&[[1.7, 2.0]; 4]), (Model::Mean, Reason::NotBeaten));
        assert_eq!(chosen(&[[1.0, 2.0]; 3]), (Model::Mean, Reason::Unproven));
        let same: Vec<Trial> = (0..4).map(|_| trial([1.0, 2.0], 8)).collect();
        assert_eq!(choose(&[Model::RunRate, Model::Mean], &same).reason, Reason::Unproven);
        // Better by one lucky trial alone.
        let lucky = [[0.0, 9.0], [1.0, 0.9], [1.0, 0.9], [1.0, 0.9]];
        assert_eq!(chosen(&lucky), (Model::Mean, Reason::NotBeaten));
        assert_eq!(choose(&[Model::RunRate], &[]).reason, Reason::TooShort);
    }

    #[test]
    fn the_mean_leans_on_a_run_rate_as_far_as_it_did_well() {
        let share = |errors: [f64; 2]| {
            let trials: Vec<Trial> = (4..8).map(|origin| trial(errors, 2 * origin)).collect();
            choose(&[Model::RunRate, Model::Mean], &trials).run_rate_share
        };
        assert!((share([2.0, 2.0]) - 1.0 / 3.0).abs() < 1e-12);
        assert!(share([4.0, 2.0]) < 0.04 && share([4.0, 2.0]) > 0.0);
        assert!(share([1.0, 2.0]).abs() < 1e-12);
    }

    #[test]
    fn errors_are_shares_of_what_came() {
        let choice = choose(&[Model::RunRate, Model::Mean], &[trial([1.0, -2.0], 8)]);
        assert!((choice.rivals[0].error - 0.1).abs() < 1e-12 && (choice.rivals[1].error - 0.2).abs() < 1e-12);
    }
}
