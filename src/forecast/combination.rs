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
    /// The mean of the last weeks (or year), with the shape of their cycle.
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

/// The projections of every model that suits a history (or of one alone), in the order of [`Model`]; and where their
/// fits ended.
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
    let needs = |model: Model| wants(model) || wants(Model::Mean);
    let mut found = Vec::new();
    if wants(Model::SeasonalNaive) {
        found.push((Model::SeasonalNaive, naive::seasonal_naive(history, reach)));
    }
    if wants(Model::RunRate) {
        found.push((Model::RunRate, naive::run_rate(history, reach)));
    }
    if wants(Model::Intermittent) && intermittent::is_intermittent(history) {
        found.push((Model::Intermittent, intermittent::project(history, reach)));
    }
    let mut end = Start::default();
    // Only smoothing follows outliers; the floor stays what it is.
    let tame = (needs(Model::Ets) || needs(Model::Theta)).then(|| tamed(history)).flatten();
    let (values, share) = tame.map_or((None, 1.0), |(values, share)| (Some(values), share));
    let history = &History { values: values.as_deref().unwrap_or(history.values), ..*history };
    if needs(Model::Ets)
        && let Some(fitted) = ets::fit(history, &start.ets, reach.horizon)
    {
        end.ets = fitted.hints();
        found.push((Model::Ets, ets::project(&fitted, history, reach)));
    }
    let adjusted = adjusted(history);
    let reach_of = |place: u64| Reach { seed: reach.seed ^ place, ..*reach };
    if needs(Model::Theta)
        && let Some(fitted) = theta::fit(history, &adjusted, start.theta)
    {
        end.theta = Some(fitted.hint());
        found.push((Model::Theta, theta::project(&fitted, history, &reach_of(1))));
    }
    for (_, part) in found.iter_mut().filter(|(model, _)| MEMBERS.contains(model)) {
        part.mean.iter_mut().for_each(|value| *value *= share);
    }
    if wants(Model::Mean) {
        let parts: Vec<&Projection> =
            found.iter().filter(|(model, _)| MEMBERS.contains(model)).map(|(_, part)| part).collect();
        if parts.len() == MEMBERS.len() {
            let mean = mean(&parts, reach);
            found.push((Model::Mean, mean));
        }
    }
    found.retain(|(model, _)| wants(*model));
    (found, end)
}

/// The models whose mean is the usual choice.
const MEMBERS: [Model; 2] = [Model::Ets, Model::Theta];

/// The mean of some projections; its paths are drawn from each in turn, so that their mean is the same.
fn mean(parts: &[&Projection], reach: &Reach) -> Projection {
    let share = 1.0 / parts.len() as f64;
    let mean = (0..reach.horizon).map(|step| parts.iter().map(|part| part.mean[step] * share).sum());
    let mean = mean.collect();
    let mut paths = Paths::zero(reach.paths, reach.horizon);
    for (place, path) in paths.iter_mut().enumerate() {
        // Pairs of opposite noise stay together.
        let part = parts[place / 2 % parts.len()];
        if let Some(drawn) = part.paths.iter().nth(place) {
            path.copy_from_slice(drawn);
        }
    }
    Projection { mean, paths }
}
