//! Finds the parameters of each form and weighs the forms. The recursion itself is the filter's.

use super::super::super::history::{History, line, mean};
use super::super::super::season::{Cycle, Effect, cycle};
use super::super::super::simplex::{DIMENSIONS, Point, Search, minimise};
use super::filter::{Data, State, run};
use super::{Blend, Errors, Fitted, Form, Hint, Trend};

/// Objective calls per parameter of a first fit, and of a fit that starts near its end.
const CALLS: usize = 28;
const CALLS_WARM: usize = 12;
/// Forms kept beside the best one, and the Akaike weight below which a form is not.
const MEMBERS: usize = 4;
const LEAST_WEIGHT: f64 = 0.05;

/// The usual bounds of damping.
const LEAST_PHI: f64 = 0.8;
const MOST_PHI: f64 = 0.98;

/// A history on one scale, with the cycle found there.
struct Prepared {
    values: Vec<f64>,
    cycle: Option<Cycle>,
    /// What the logarithms add to minus twice the log-likelihood.
    jacobian: f64,
}

/// Fits the forms that suit a history (only those of the hints, where there are any); none where it is too short.
pub(crate) fn fit(history: &History<'_>, hints: &[Hint], horizon: usize) -> Option<Blend> {
    if history.measured().count() < 4 {
        return None;
    }
    let is_positive = history.values.iter().all(|value| *value > 1e-9);
    let raw = prepare(history, Errors::Additive);
    let others = is_positive
        .then(|| (prepare(history, Errors::Logarithmic), prepare(history, Errors::Multiplicative)));
    let prepared = |errors: Errors| match (errors, &others) {
        (Errors::Additive, _) => Some(&raw),
        (Errors::Logarithmic, Some((logs, _))) => Some(logs),
        (Errors::Multiplicative, Some((_, ratios))) => Some(ratios),
        _ => None,
    };
    let is_near = history.season < 2 || horizon <= 2 * history.season;
    let most_phi = most_phi(history.season, is_near);
    let mut fits = Vec::new();
    if hints.is_empty() {
        for form in Form::all(is_near) {
            let data = prepared(form.errors).filter(|data| !form.seasonal || data.cycle.is_some());
            fits.extend(data.and_then(|data| fit_form(form, history, data, None, most_phi)));
        }
    } else {
        for hint in hints {
            let form = hint.form;
            let data = prepared(form.errors).filter(|data| !form.seasonal || data.cycle.is_some());
            fits.extend(data.and_then(|data| fit_form(form, history, data, Some(hint.point), most_phi)));
        }
        if fits.is_empty() {
            return fit(history, &[], horizon);
        }
    }
    blend(fits)
}

/// The weakest damping: a slope that would go on for more than two cycles fades within them.
fn most_phi(season: usize, is_near: bool) -> f64 {
    if is_near { MOST_PHI } else { (1.0 - 0.5 / season as f64).clamp(LEAST_PHI, MOST_PHI) }
}

fn prepare(history: &History<'_>, errors: Errors) -> Prepared {
    let values: Vec<f64> = match errors {
        Errors::Logarithmic => history.values.iter().map(|value| value.ln()).collect(),
        _ => history.values.to_vec(),
    };
    let effect = if errors == Errors::Multiplicative { Effect::Multiplicative } else { Effect::Additive };
    let cycle = cycle(&values, history.observed, history.season, effect);
    let logs = values.iter().zip(history.observed).filter(|(_, observed)| **observed).map(|(value, _)| value);
    let jacobian = if errors == Errors::Logarithmic { 2.0 * logs.sum::<f64>() } else { 0.0 };
    Prepared { values, cycle, jacobian }
}

/// The first level and slope: a line through the first cycles without their season.
fn first_state(form: Form, data: &Data<'_>) -> (f64, f64, f64) {
    let season = data.factors.len();
    let reach = data.values.len().min((2 * season).max(10));
    let clean: Vec<f64> = data.values[..reach]
        .iter()
        .enumerate()
        .map(|(step, value)| match form.errors {
            Errors::Multiplicative => value / data.factors[step % season],
            _ => value - data.factors[step % season],
        })
        .collect();
    let (start, slope) = line(&clean);
    let middle = mean(clean.iter().copied());
    let spread = (mean(clean.iter().map(|value| (value - middle).powi(2)))).sqrt().max(1e-3);
    match form.trend {
        Trend::None => (mean(clean.iter().copied().take(reach.div_ceil(2))), 0.0, spread),
        _ => (start - slope, slope, spread),
    }
}

fn fit_form(
    form: Form,
    history: &History<'_>,
    prepared: &Prepared,
    warm: Option<Point>,
    most_phi: f64,
) -> Option<Fitted> {
    let neutral = [if form.errors == Errors::Multiplicative { 1.0 } else { 0.0 }];
    let cycle = prepared.cycle.as_ref().filter(|_| form.seasonal);
    let factors = cycle.map_or(&neutral[..], |cycle| &cycle.factors);
    let data = Data { values: &prepared.values, observed: history.observed, factors };
    let count = history.measured().count() as f64;
    // The cycle is not fitted here, and has paid for its parameters by shrinkage: charged again, every short history
    // would lose its season.
    let parameters = form.axes().len() as f64 + 1.0;
    let cycle_parameters = cycle.map_or(0.0, |cycle| cycle.kept * (factors.len() - 1) as f64);
    if count - parameters - 1.0 < 1.0 {
        return None;
    }
    let axes = form.axes();
    let mut room = factors.to_vec();
    let search = search(form, &data, warm, most_phi);
    let full = |point: &Point| {
        let mut full = NEUTRAL;
        for (place, &axis) in axes.iter().enumerate() {
            full[axis] = point[place];
        }
        full
    };
    let (point, value) = minimise(&search, |point| {
        let trace = run(form, &full(point), &data, &mut room);
        count * (trace.squares / count).max(1e-14).ln() + 2.0 * trace.logs
    });
    if !value.is_finite() {
        return None;
    }
    let point = full(&point);
    let trace = run(form, &point, &data, &mut room);
    let penalty = 2.0 * parameters * count / (count - parameters - 1.0);
    let state = State { level: trace.level, slope: trace.slope, factors: room, phase: trace.phase };
    let freedom = (count - parameters - cycle_parameters).max(count / 3.0);
    let sigma = (trace.squares / freedom).sqrt();
    Some(Fitted { form, point, state, sigma, criterion: value + prepared.jacobian + penalty })
}

/// The point that the parameters which a form has not leave the recursion unmoved by.
const NEUTRAL: Point = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn search(form: Form, data: &Data<'_>, warm: Option<Point>, most_phi: f64) -> Search {
    let (level, slope, spread) = first_state(form, data);
    let start = warm.unwrap_or([0.3, 0.1, 0.1, 0.95, level, slope]);
    let step = [0.2, 0.1, 0.1, -0.05, spread / 2.0, spread / 10.0];
    let low = [1e-4, 1e-4, 0.0, LEAST_PHI, f64::MIN, f64::MIN];
    let high = [0.9999, 0.9999, 0.9999, most_phi, f64::MAX, f64::MAX];
    let axes = form.axes();
    let pick = |from: [f64; DIMENSIONS]| {
        let mut picked = [0.0; DIMENSIONS];
        for (place, &axis) in axes.iter().enumerate() {
            picked[place] = from[axis];
        }
        picked
    };
    let closer = if warm.is_some() { 0.3 } else { 1.0 };
    let calls = if warm.is_some() { CALLS_WARM } else { CALLS };
    Search {
        used: axes.len(),
        start: pick(start),
        step: pick(step).map(|step| step * closer),
        low: pick(low),
        high: pick(high),
        budget: calls * axes.len(),
    }
}

/// Akaike weights of the best forms (Kolassa 2011: forecasts weighed so beat the single best form).
fn blend(mut fits: Vec<Fitted>) -> Option<Blend> {
    fits.retain(|fit| fit.criterion.is_finite() && fit.sigma.is_finite());
    fits.sort_by(|left, right| left.criterion.total_cmp(&right.criterion));
    fits.truncate(MEMBERS);
    let best = fits.first()?.criterion;
    let mut members: Vec<(f64, Fitted)> =
        fits.into_iter().map(|fit| (((best - fit.criterion) / 2.0).exp(), fit)).collect();
    let total: f64 = members.iter().map(|(weight, _)| weight).sum();
    members.retain(|(weight, _)| weight / total >= LEAST_WEIGHT);
    let total: f64 = members.iter().map(|(weight, _)| weight).sum();
    members.iter_mut().for_each(|(weight, _)| *weight /= total);
    Some(Blend { members })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_walk_is_followed_closely_and_noise_is_not() {
        let mut random = crate::random::Random::new(5);
        let noise: Vec<f64> = (0..200).map(|_| 10.0 + random.between(0, 1000) as f64 / 1000.0).collect();
        let mut sum = 100.0;
        let walk: Vec<f64> = noise
            .iter()
            .map(|step| {
                sum += step - 10.5;
                sum
            })
            .collect();
        for (values, low, high) in [(&noise, 0.0, 0.15), (&walk, 0.8, 1.0)] {
            let history = History { values, observed: &[true; 200], season: 1 };
            let data = prepare(&history, Errors::Additive);
            let form = Form { errors: Errors::Additive, trend: Trend::None, seasonal: false };
            let found = fit_form(form, &history, &data, None, MOST_PHI)
                .map(|fitted| fitted.point[super::super::ALPHA]);
            assert!(found.is_some_and(|alpha| (low..=high).contains(&alpha)), "{found:?}");
        }
    }

    #[test]
    fn too_little_is_not_fitted() {
        assert!(fit(&History { values: &[1.0; 3], observed: &[true; 3], season: 1 }, &[], 3).is_none());
    }
}
