//! From a regular series to sample paths of its future: fits, tries, chooses and calibrates. Where the series comes
//! from, what it counts and what it costs is not known here.

use super::backtest::{Trial, run, windows, with_paths};
use super::calibration::{Calibration, Surprise, apply, apply_to_zeros, learn, surprise};
use super::combination::{Model, Start, lean, project};
use super::history::History;
use super::models::{Projection, Reach};
use super::paths::Paths;
use super::selection::{Choice, choose};
use crate::random::Random;

/// A regular series without gaps.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// One value per step, oldest first. What is negative or not finite counts as not measured.
    pub values: &'a [f64],
    /// Whether each step was measured; steps beyond its end were. A value that was filled in holds the place, but is
    /// neither learned from nor scored.
    pub observed: &'a [bool],
    /// Steps to a cycle: 7 for days, 12 for months, 24 for hours, 1 for none.
    pub season: usize,
}

/// What is asked of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Steps ahead.
    pub horizon: usize,
    /// Sample paths.
    pub paths: usize,
    /// The seed of all chance. Series that are combined path by path need seeds of their own.
    pub seed: u64,
    /// Forecasts of the past, at most.
    pub origins: usize,
}

impl Settings {
    /// 1,000 paths and 8 forecasts of the past.
    pub fn new(horizon: usize) -> Settings {
        Settings { horizon, paths: 1000, seed: 1, origins: 8 }
    }
}

/// A forecast of the past from what was known then: all parameters are fitted anew, but the forms of smoothing and the
/// model itself are those that the whole history suggests.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Steps of the series that were known.
    pub known: usize,
    /// What came, a value per step.
    pub actual: Vec<f64>,
    /// Whether it was measured.
    pub observed: Vec<bool>,
    /// The mean that was forecast.
    pub mean: Vec<f64>,
    /// The paths that were forecast, calibrated by the other origins only.
    pub paths: Paths,
}

/// A forecast that can be graded.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The mean of each step: finite and not below zero.
    pub mean: Vec<f64>,
    /// Equally likely futures, in no order; bands of steps and of sums are read from them.
    pub paths: Paths,
    /// The model behind it, and why.
    pub choice: Choice,
    /// How its paths were widened.
    pub calibration: Calibration,
    /// Forecasts of the past by the same model, the latest first; empty where the history is too short for any.
    pub backtest: Vec<Origin>,
}

/// Measured steps below which only the run-rate is believed.
const SHORT: usize = 8;

/// Forecasts a series. Any input has an answer: of nothing it is zero.
pub fn forecast(series: &Series<'_>, settings: &Settings) -> Forecast {
    let (values, observed, scale) = cleaned(series);
    let history = History { values: &values, observed: &observed, season: series.season.max(1) };
    let reach = Reach { horizon: settings.horizon, paths: settings.paths, seed: settings.seed };
    let (mut projections, start) = project(&history, &Start::default(), &reach, None);
    let is_short = history.measured().count() < SHORT;
    let mut trials = if is_short { Vec::new() } else { run(&history, &start, &reach, settings.origins) };
    let mut allowed: Vec<Model> = projections.iter().map(|(model, _)| *model).collect();
    allowed.retain(|model| !is_short || *model == Model::RunRate);
    let choice = choose(&allowed, &trials);
    if choice.model.is_floor() {
        with_paths(&history, &mut trials, choice.model, &reach);
        (projections, _) = project(&history, &start, &reach, Some(choice.model));
    }
    lean(&mut projections, choice.run_rate_share, history.season);
    for trial in &mut trials {
        lean(&mut trial.projections, choice.run_rate_share, history.season);
    }
    let surprises: Vec<Option<Surprise>> = trials
        .iter()
        .map(|trial| surprise(trial.of(choice.model)?, &trial.actual, &trial.observed))
        .collect();
    let calibration =
        learn(&surprises.iter().copied().flatten().collect::<Vec<_>>(), windows(&trials), history.cycles());
    let chosen = projections.into_iter().find(|(model, _)| *model == choice.model);
    let mut chosen = chosen.map_or_else(
        || Projection {
            mean: vec![0.0; settings.horizon],
            paths: Paths::zero(settings.paths, settings.horizon),
        },
        |(_, projection)| projection,
    );
    widen(choice.model, &mut chosen, &calibration, settings.seed ^ 2);
    shuffle(&mut chosen.paths, settings.seed ^ 3);
    rescale(&mut chosen, scale);
    let backtest = origins(&history, trials, choice.model, &surprises, scale);
    Forecast { mean: chosen.mean, paths: chosen.paths, choice, calibration, backtest }
}

/// The forecast of one named model, not compared with any other, calibrated as the chosen one would be; none where the
/// history does not allow it. This is how models are scored.
pub fn forecast_with(model: Model, series: &Series<'_>, settings: &Settings) -> Option<(Vec<f64>, Paths)> {
    let (values, observed, scale) = cleaned(series);
    let history = History { values: &values, observed: &observed, season: series.season.max(1) };
    let reach = Reach { horizon: settings.horizon, paths: settings.paths, seed: settings.seed };
    let (projections, _) = project(&history, &Start::default(), &reach, Some(model));
    let (_, mut found) = projections.into_iter().next()?;
    widen(model, &mut found, &learn(&[], 0.0, history.cycles()), settings.seed ^ 2);
    rescale(&mut found, scale);
    Some((found.mean, found.paths))
}

/// Finite values of order 1, where they were measured, and what they were divided by. A value that cannot be one is
/// replaced by that of a cycle before.
fn cleaned(series: &Series<'_>) -> (Vec<f64>, Vec<bool>, f64) {
    let season = series.season.max(1);
    let mut values: Vec<f64> = Vec::with_capacity(series.values.len());
    let mut observed = Vec::with_capacity(series.values.len());
    for (step, value) in series.values.iter().enumerate() {
        let is_value = value.is_finite() && *value >= 0.0;
        let before = step.checked_sub(season).and_then(|before| values.get(before)).or(values.last());
        let filled = before.copied().unwrap_or(0.0);
        values.push(if is_value { *value } else { filled });
        observed.push(is_value && series.observed.get(step).copied().unwrap_or(true));
    }
    // By the greatest, so that a sum of the greatest numbers there are is one too.
    let most = values.iter().fold(0.0_f64, |most, value| most.max(*value));
    let mean = super::history::mean(values.iter().map(|value| value / most)) * most;
    let scale = if most > 1e-200 { mean } else { 1.0 };
    values.iter_mut().for_each(|value| *value /= scale);
    (values, observed, scale)
}

fn widen(model: Model, projection: &mut Projection, calibration: &Calibration, seed: u64) {
    match model {
        Model::Intermittent => apply_to_zeros(projection, calibration, seed),
        _ => apply(projection, calibration, seed),
    }
}

/// Puts paths into a random order, so that series combined path by path do not share the order of their models.
fn shuffle(paths: &mut Paths, seed: u64) {
    let mut random = Random::new(seed);
    let mut order: Vec<usize> = (0..paths.count()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, random.below(place as u64 + 1) as usize);
    }
    let before = paths.clone();
    let rows: Vec<&[f64]> = before.iter().collect();
    for (path, from) in paths.iter_mut().zip(order) {
        path.copy_from_slice(rows[from]);
    }
}

fn rescale(projection: &mut Projection, scale: f64) {
    let back = |value: &mut f64| {
        let scaled = *value * scale;
        *value = if scaled.is_finite() { scaled.max(0.0) } else { 0.0 };
    };
    projection.mean.iter_mut().for_each(back);
    projection.paths.iter_mut().flatten().for_each(back);
}

/// The trials of one model in the units of the series, each calibrated by what the others say.
fn origins(
    history: &History<'_>,
    trials: Vec<Trial>,
    model: Model,
    surprises: &[Option<Surprise>],
    scale: f64,
) -> Vec<Origin> {
    let windows = windows(&trials);
    let mut found = Vec::new();
    for (place, trial) in trials.into_iter().enumerate() {
        let others = surprises.iter().enumerate().filter(|(other, _)| *other != place);
        let others: Vec<Surprise> = others.filter_map(|(_, surprise)| *surprise).collect();
        let Trial { origin, actual, observed, projections } = trial;
        let Some((_, mut projection)) = projections.into_iter().find(|(found, _)| *found == model) else {
            continue;
        };
        widen(
            model,
            &mut projection,
            &learn(&others, windows, history.before(origin).cycles()),
            origin as u64,
        );
        rescale(&mut projection, scale);
        let actual = actual.into_iter().map(|value| value * scale).collect();
        let Projection { mean, paths } = projection;
        found.push(Origin { known: origin, actual, observed, mean, paths });
    }
    found
}
