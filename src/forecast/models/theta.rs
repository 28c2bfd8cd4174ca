//! The dynamic optimised Theta model (Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler 2016): simple smoothing
//! plus a share of a straight line that is learned anew at each step. Works on values freed of their season.

use super::super::history::History;
use super::super::noise::Normals;
use super::super::paths::Paths;
use super::super::season::Adjusted;
use super::super::simplex::{Point, Search, minimise};
use super::{Projection, Reach};

/// Parameters: smoothing, theta, and the first level.
const ALPHA: usize = 0;
const THETA: usize = 1;
const FIRST: usize = 2;
const CALLS: usize = 150;
const CALLS_WARM: usize = 40;

/// A fitted model.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    point: Point,
    state: State,
    sigma: f64,
    adjusted: Adjusted,
}

/// Where the recursion stands: the level, the mean so far and the line through all so far.
#[derive(Clone, Copy, Debug)]
struct State {
    level: f64,
    mean: f64,
    start: f64,
    slope: f64,
    /// Values so far.
    count: f64,
    /// (1 - alpha) to the power of the count.
    power: f64,
}

impl State {
    fn first(point: &Point) -> State {
        State { level: point[FIRST], mean: 0.0, start: 0.0, slope: 0.0, count: 0.0, power: 1.0 }
    }

    /// What comes next.
    fn ahead(&self, alpha: f64, share: f64) -> f64 {
        self.level
            + share * (self.power * self.start + (1.0 - self.power * (1.0 - alpha)) / alpha * self.slope)
    }

    fn update(&mut self, value: f64, alpha: f64) {
        self.count += 1.0;
        let count = self.count;
        self.level += alpha * (value - self.level);
        let slope = if count < 2.0 {
            0.0
        } else {
            ((count - 2.0) * self.slope + 6.0 * (value - self.mean) / count) / (count + 1.0)
        };
        self.mean += (value - self.mean) / count;
        self.slope = slope;
        self.start = self.mean - (count + 1.0) / 2.0 * slope;
        self.power *= 1.0 - alpha;
    }
}

impl Fitted {
    /// What the next fit of the same series may start from.
    pub(crate) fn hint(&self) -> Point {
        self.point
    }
}

/// Fits a history; none where it is too short.
pub(crate) fn fit(history: &History<'_>, adjusted: &Adjusted, warm: Option<Point>) -> Option<Fitted> {
    let count = history.measured().count();
    if count < 4 {
        return None;
    }
    let clean = &adjusted.values;
    let spread = history.deviation().max(1e-6);
    let (low, high) = ([0.01, 1.0, f64::MIN, 0.0, 0.0, 0.0], [0.99, 50.0, f64::MAX, 0.0, 0.0, 0.0]);
    let search = |start: Point| Search {
        used: 3,
        start,
        step: [0.2, 1.0, spread / 2.0, 0.0, 0.0, 0.0]
            .map(|step| if warm.is_some() { step * 0.3 } else { step }),
        low,
        high,
        budget: if warm.is_some() { CALLS_WARM } else { CALLS },
    };
    let cold = [0.2, 0.7].map(|alpha| [alpha, 2.0, clean[0] / 2.0, 0.0, 0.0, 0.0]);
    let starts = warm.as_ref().map_or(&cold[..], std::slice::from_ref);
    let mut best = (cold[0], f64::INFINITY);
    for start in starts {
        let found = minimise(&search(*start), |point| follow(point, clean, history.observed).0);
        if found.1 < best.1 {
            best = found;
        }
    }
    let (point, squares) = best;
    let (_, state) = follow(&point, clean, history.observed);
    let sigma = (squares / (count as f64 - 3.0).max(1.0)).sqrt();
    let fitted = Fitted { point, state, sigma, adjusted: adjusted.clone() };
    (sigma.is_finite() && state.level.is_finite()).then_some(fitted)
}

/// The squared errors one step ahead, from the third step on, and the state at the end.
fn follow(point: &Point, values: &[f64], observed: &[bool]) -> (f64, State) {
    let (alpha, share) = (point[ALPHA], 1.0 - 1.0 / point[THETA]);
    let mut state = State::first(point);
    let mut squares = 0.0;
    for (value, observed) in values.iter().zip(observed) {
        let ahead = state.ahead(alpha, share);
        let value = if *observed { *value } else { ahead };
        if state.count >= 2.0 {
            squares += (value - ahead).powi(2);
        }
        state.update(value, alpha);
    }
    (squares, state)
}

/// The future of a fitted model: the recursion on its own forecasts, without and with drawn errors.
pub(crate) fn project(fitted: &Fitted, history: &History<'_>, reach: &Reach) -> Projection {
    let most = history.values.iter().fold(0.0_f64, |most, value| most.max(*value)) * 100.0;
    let mut mean = vec![0.0; reach.horizon];
    walk(fitted, history.len(), &vec![0.0; reach.horizon], &mut mean);
    mean.iter_mut().for_each(|value| *value = value.clamp(0.0, most));
    let mut paths = Paths::zero(reach.paths, reach.horizon);
    let mut normals = Normals::new(reach.seed, reach.horizon);
    for path in paths.iter_mut() {
        walk(fitted, history.len(), normals.next_path(), path);
        path.iter_mut().for_each(|value| *value = value.clamp(0.0, most));
    }
    Projection { mean, paths }
}

fn walk(fitted: &Fitted, begun: usize, noise: &[f64], path: &mut [f64]) {
    let (alpha, share) = (fitted.point[ALPHA], 1.0 - 1.0 / fitted.point[THETA]);
    let mut state = fitted.state;
    for (step, (value, noise)) in path.iter_mut().zip(noise).enumerate() {
        let clean = state.ahead(alpha, share) + fitted.sigma * noise;
        state.update(clean, alpha);
        *value = fitted.adjusted.restore(begun + step, clean);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::season::adjusted;
    use super::*;

    #[test]
    fn the_running_line_is_the_least_squares_line() {
        let values = [3.0, 5.0, 4.0, 8.0, 9.0];
        let mut state = State::first(&[0.5, 2.0, 3.0, 0.0, 0.0, 0.0]);
        for value in values {
            state.update(value, 0.5);
        }
        let (start, slope) = super::super::super::history::line(&values);
        assert!((state.slope - slope).abs() < 1e-9, "{} {slope}", state.slope);
        // The paper counts from 1.
        assert!((state.start - (start - slope)).abs() < 1e-9);
    }

    #[test]
    fn a_straight_line_goes_on() {
        let values: Vec<f64> = (0..40).map(|step| 10.0 + 2.0 * f64::from(step)).collect();
        let history = History { values: &values, observed: &[true; 40], season: 1 };
        let fitted = fit(&history, &adjusted(&history), None).expect("long enough");
        let found = project(&fitted, &history, &Reach { horizon: 6, paths: 10, seed: 1 });
        for (step, value) in found.mean.iter().enumerate() {
            let truth = 90.0 + 2.0 * step as f64;
            assert!((value - truth).abs() < 0.05 * truth, "{:?}", found.mean);
        }
    }
}
