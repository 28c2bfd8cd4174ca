//! All models of one history, and their mean: what competes in a backtest and what finally forecasts.

use super::history::History;
use super::models::ets::{self, Hint};
use super::models::{Projection, Reach, intermittent, naive, theta};
use super::paths::Paths;
use super::simplex::Point;

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

/// The projections of every model that suits a history, in the order of [`Model`]; and where their fits ended.
pub(crate) fn project(
    history: &History<'_>,
    start: &Start,
    reach: &Reach,
) -> (Vec<(Model, Projection)>, Start) {
    let mut found = vec![
        (Model::SeasonalNaive, naive::seasonal_naive(history, reach)),
        (Model::RunRate, naive::run_rate(history, reach)),
    ];
    if intermittent::is_intermittent(history) {
        found.push((Model::Intermittent, intermittent::project(history, reach)));
    }
    let ets = ets::fit(history, &start.ets);
    let theta = theta::fit(history, start.theta);
    let end = Start {
        ets: ets.as_ref().map(ets::Blend::hints).unwrap_or_default(),
        theta: theta.as_ref().map(theta::Fitted::hint),
    };
    if let (Some(ets), Some(theta)) = (ets, theta) {
        let ets = ets::project(&ets, history, reach);
        let theta = theta::project(&theta, history, &Reach { seed: reach.seed ^ 1, ..*reach });
        let mean = mean(&[&ets, &theta], reach);
        found.extend([(Model::Ets, ets), (Model::Theta, theta), (Model::Mean, mean)]);
    }
    (found, end)
}

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
