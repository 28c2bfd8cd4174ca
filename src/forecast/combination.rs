//! All models of one history, and their mean: what competes in a backtest and what finally forecasts.

use super::closed::open;
use super::history::History;
use super::models::ets::{self, Hint};
use super::models::{Projection, Reach, intermittent, naive, theta};
use super::paths::Paths;
use super::season::adjusted;
use super::simplex::Point;
use super::tame::tamed;

/// What may forecast a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// The last cycle again.
    SeasonalNaive,
    /// The mean of the last four weeks (or two years), with the shape of their cycle.
    RunRate,
    /// How often something comes, and how much then (TSB).
    Intermittent,
    /// Exponential smoothing, its forms weighed by AICc.
    Ets,
    /// The dynamic optimised Theta model.
    Theta,
    /// The mean of exponential smoothing and Theta.
    Mean,
}

impl Model {
    /// Whether it is one of the simple models that any other must beat.
    pub(crate) fn is_floor(self) -> bool {
        matches!(self, Model::SeasonalNaive | Model::RunRate)
    }

    /// The name under which people know it.
    pub fn name(self) -> &'static str {
        match self {
            Model::SeasonalNaive => "seasonal naive",
            Model::RunRate => "run-rate",
            Model::Intermittent => "TSB",
            Model::Ets => "ETS",
            Model::Theta => "Theta",
            Model::Mean => "mean of ETS and Theta",
        }
    }
}

/// Where fits of a longer history ended: a start for those of a shorter one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    ets: Vec<Hint>,
    theta: Option<Point>,
}

/// The projections of every model that suits a history, in the order of [`Model`]; and where their fits ended.
///
/// Of one model alone it makes all paths. Of all of them it makes paths only for those that are usually chosen: none for
/// the floor, and for the parts of the mean just those that it draws.
pub(crate) fn project(
    history: &History<'_>,
    start: &Start,
    reach: &Reach,
    only: Option<Model>,
) -> (Vec<(Model, Projection)>, Start) {
    let Some(open) = open(history) else { return project_open(history, start, reach, only) };
    let (mut found, end) = project_open(&open.history(), start, &open.reach(reach), only);
    found.iter_mut().for_each(|(_, projection)| *projection = open.close(projection, reach));
    (found, end)
}

fn project_open(
    history: &History<'_>,
    start: &Start,
    reach: &Reach,
    only: Option<Model>,
) -> (Vec<(Model, Projection)>, Start) {
    let wants = |model: Model| only.is_none_or(|only| only == model);
    let unseen = Reach { paths: if only.is_none() { 0 } else { reach.paths }, ..*reach };
    let mut found = Vec::new();
    if wants(Model::SeasonalNaive) {
        found.push((Model::SeasonalNaive, naive::seasonal_naive(history, &unseen)));
    }
    if wants(Model::RunRate) {
        found.push((Model::RunRate, naive::run_rate(history, &unseen)));
    }
    if wants(Model::Intermittent) && intermittent::is_intermittent(history) {
        found.push((Model::Intermittent, intermittent::project(history, reach)));
    }
    let mut end = Start::default();
    if MEMBERS.into_iter().any(wants) || wants(Model::Mean) {
        let parts;
        (parts, end) = smoothed(history, start, reach, only);
        let mean = (wants(Model::Mean) && parts.len() == MEMBERS.len()).then(|| mean(&parts, reach));
        found.extend(parts.into_iter().filter(|(model, _)| wants(*model)));
        found.extend(mean.map(|mean| (Model::Mean, mean)));
    }
    (found, end)
}

/// The parts of the mean (or one of them alone), fitted to a history without its outliers: the floor has no need of
/// that, only smoothing follows them.
fn smoothed(
    history: &History<'_>,
    start: &Start,
    reach: &Reach,
    only: Option<Model>,
) -> (Vec<(Model, Projection)>, Start) {
    let is_alone = only.is_some_and(|only| only != Model::Mean);
    let wants = |model: Model| !is_alone || only == Some(model);
    let paths = if is_alone { reach.paths } else { reach.paths.div_ceil(2 * MEMBERS.len()) * 2 };
    let reach = Reach { paths, ..*reach };
    let (values, share) = tamed(history).map_or((None, 1.0), |(values, share)| (Some(values), share));
    let history = &History { values: values.as_deref().unwrap_or(history.values), ..*history };
    let (mut found, mut end) = (Vec::new(), Start::default());
    if wants(Model::Ets)
        && let Some(fitted) = ets::fit(history, &start.ets, reach.horizon)
    {
        end.ets = fitted.hints();
        found.push((Model::Ets, ets::project(&fitted, history, &reach)));
    }
    if wants(Model::Theta)
        && let Some(fitted) = theta::fit(history, &adjusted(history), start.theta)
    {
        end.theta = Some(fitted.hint());
        let reach = Reach { seed: reach.seed ^ 1, ..reach };
        found.push((Model::Theta, theta::project(&fitted, history, &reach)));
    }
    for (_, part) in &mut found {
        part.mean.iter_mut().for_each(|value| *value *= share);
    }
    (found, end)
}

/// Moves the mean towards the run-rate by a share, where the run-rate looks back on several cycles.
pub(crate) fn lean(projections: &mut [(Model, Projection)], share: f64, season: usize) {
    let rate =
        projections.iter().find(|(model, _)| *model == Model::RunRate).map(|(_, rate)| rate.mean.clone());
    if let Some(rate) = rate.filter(|_| naive::window(season) >= 4 * season) {
        for (_, mean) in projections.iter_mut().filter(|(model, _)| *model == Model::Mean) {
            for (value, rate) in mean.mean.iter_mut().zip(&rate) {
                *value += share * (rate - *value);
            }
        }
    }
}

/// The models whose mean is the usual choice.
const MEMBERS: [Model; 2] = [Model::Ets, Model::Theta];

/// The mean of some projections; its paths are those of each in turn, so that their mean is the same.
fn mean(parts: &[(Model, Projection)], reach: &Reach) -> Projection {
    let share = 1.0 / parts.len() as f64;
    let mean = (0..reach.horizon).map(|step| parts.iter().map(|(_, part)| part.mean[step] * share).sum());
    let mean = mean.collect();
    let mut paths = Paths::zero(reach.paths, reach.horizon);
    for (place, path) in paths.iter_mut().enumerate() {
        // Pairs of opposite noise stay together.
        let (pair, half) = (place / 2, place % 2);
        let (_, part) = &parts[pair % parts.len()];
        if let Some(drawn) = part.paths.iter().nth(pair / parts.len() * 2 + half) {
            path.copy_from_slice(drawn);
        }
    }
    Projection { mean, paths }
}
