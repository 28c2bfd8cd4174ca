//! The future of fitted forms: its mean and its sample paths, from the state that the filter left.

use super::super::super::history::History;
use super::super::super::noise::Normals;
use super::super::super::paths::Paths;
use super::super::{Projection, Reach};
use super::filter::Rates;
use super::{Blend, Errors, Fitted};

/// The most that the variance of a logarithm may be when its mean is inverted: beyond it the mean is no use.
const MOST_VARIANCE: f64 = 0.2;
/// How far a relative error may fall.
const LEAST_ERROR: f64 = -0.95;

/// The future of a blend: the mean of its members' means, and paths of each in proportion to its weight.
pub(crate) fn project(blend: &Blend, history: &History<'_>, reach: &Reach) -> Projection {
    let most = history.values.iter().fold(0.0_f64, |most, value| most.max(*value));
    let mut projection =
        Projection { mean: vec![0.0; reach.horizon], paths: Paths::zero(reach.paths, reach.horizon) };
    for (weight, member) in &blend.members {
        for (sum, value) in projection.mean.iter_mut().zip(means(member, reach.horizon)) {
            *sum += weight * value;
        }
    }
    let mut normals = Normals::new(reach.seed, reach.horizon);
    let mut factors = Vec::new();
    let mut ends = blend.members.iter().scan(0.0, |sum, (weight, _)| {
        *sum += weight * reach.paths as f64;
        Some(*sum)
    });
    let mut members = blend.members.iter();
    let mut member = members.next();
    let mut end = ends.next().unwrap_or(0.0);
    for (place, path) in projection.paths.iter_mut().enumerate() {
        // Pairs of opposite noise stay with one member.
        while (place / 2 * 2) as f64 >= end.round() && members.len() > 0 {
            member = members.next();
            end = ends.next().unwrap_or(f64::INFINITY);
        }
        if let Some((_, member)) = member {
            walk(member, normals.next_path(), &mut factors, path);
        }
        // Nothing that a model dreams up goes beyond a hundred times what was ever seen.
        path.iter_mut().for_each(|value| *value = value.clamp(0.0, most * 100.0));
    }
    projection
}

/// The mean of each step; that of a logarithm is corrected for the skew that its inversion brings.
fn means(member: &Fitted, horizon: usize) -> Vec<f64> {
    let mut path = vec![0.0; horizon];
    walk(member, &vec![0.0; horizon], &mut Vec::new(), &mut path);
    if member.form.errors == Errors::Logarithmic {
        let rates = Rates::of(&member.point);
        let season = member.state.factors.len();
        let (mut variance, mut damped, mut fading) = (0.0, 0.0, 1.0);
        for (step, value) in path.iter_mut().enumerate() {
            // The response of this step to an error so many steps before it.
            let response = if step == 0 {
                1.0
            } else {
                fading *= rates.phi;
                damped += fading;
                let seasonal = if member.form.seasonal && step % season == 0 { rates.gamma } else { 0.0 };
                rates.alpha + rates.beta * damped + seasonal
            };
            variance += (member.sigma * response).powi(2);
            *value *= (variance.min(MOST_VARIANCE) / 2.0).exp();
        }
    }
    path.iter_mut().for_each(|value| *value = value.max(0.0));
    path
}

/// One future: the recursion of the filter, with drawn errors.
fn walk(member: &Fitted, noise: &[f64], factors: &mut Vec<f64>, path: &mut [f64]) {
    let rates = Rates::of(&member.point);
    let state = &member.state;
    factors.clear();
    factors.extend_from_slice(&state.factors);
    let (mut level, mut slope, mut phase) = (state.level, state.slope, state.phase);
    for (value, noise) in path.iter_mut().zip(noise) {
        let fading = rates.phi * slope;
        let base = level + fading;
        let error = member.sigma * noise;
        if member.form.errors == Errors::Multiplicative {
            let base = base.max(0.0);
            let error = error.max(LEAST_ERROR);
            *value = base * factors[phase] * (1.0 + error);
            level = base * (1.0 + rates.alpha * error);
            slope = fading + rates.beta * base * error;
            factors[phase] *= 1.0 + rates.gamma * error;
        } else {
            let ahead = base + factors[phase] + error;
            *value = if member.form.errors == Errors::Logarithmic { ahead.min(700.0).exp() } else { ahead };
            level = base + rates.alpha * error;
            slope = fading + rates.beta * error;
            factors[phase] += rates.gamma * error;
        }
        phase = if phase + 1 == factors.len() { 0 } else { phase + 1 };
    }
}
