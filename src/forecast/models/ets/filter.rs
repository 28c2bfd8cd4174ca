//! The recursion that runs a form over a history: one step ahead, then correct. Where to begin and with which
//! parameters is the business of the fit.

use super::super::super::simplex::Point;
use super::{ALPHA, BETA, Errors, Form, GAMMA, LEVEL, PHI, SLOPE};

/// Where a form stands after a history.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub level: f64,
    pub slope: f64,
    /// By phase: step modulo season. One neutral factor where there is no season.
    pub factors: Vec<f64>,
    /// The phase of the next step.
    pub phase: usize,
}

/// What a form is run over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<'a> {
    /// The values, or their logarithms.
    pub values: &'a [f64],
    pub observed: &'a [bool],
    /// The first factors by phase; one neutral factor where there is no season.
    pub factors: &'a [f64],
}

/// How well a form followed a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    /// The sum of the squared errors.
    pub squares: f64,
    /// The sum of the logarithms of what relative errors are relative to.
    pub logs: f64,
    pub level: f64,
    pub slope: f64,
    /// The phase of the next step.
    pub phase: usize,
}

/// The smoothing parameters as they enter the recursion: each is bounded by the one before it (the usual region).
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub alpha: f64,
    pub beta: f64,
    pub gamma: f64,
    pub phi: f64,
}

impl Rates {
    pub(super) fn of(point: &Point) -> Rates {
        let alpha = point[ALPHA];
        Rates { alpha, beta: alpha * point[BETA], gamma: (1.0 - alpha) * point[GAMMA], phi: point[PHI] }
    }
}

/// Runs a form over the data; the factors at the end are left in `factors`.
pub(super) fn run(form: Form, point: &Point, data: &Data<'_>, factors: &mut [f64]) -> Trace {
    factors.copy_from_slice(data.factors);
    match form.errors {
        Errors::Multiplicative => run_relative(point, data, factors),
        Errors::Additive | Errors::Logarithmic => run_additive(point, data, factors),
    }
}

fn run_additive(point: &Point, data: &Data<'_>, factors: &mut [f64]) -> Trace {
    let rates = Rates::of(point);
    let (mut level, mut slope, mut squares, mut phase) = (point[LEVEL], point[SLOPE], 0.0, 0);
    for (value, observed) in data.values.iter().zip(data.observed) {
        let fading = rates.phi * slope;
        let base = level + fading;
        let error = if *observed { value - base - factors[phase] } else { 0.0 };
        level = base + rates.alpha * error;
        slope = fading + rates.beta * error;
        factors[phase] += rates.gamma * error;
        squares += error * error;
        phase = if phase + 1 == factors.len() { 0 } else { phase + 1 };
    }
    Trace { squares, logs: 0.0, level, slope, phase }
}

/// The least level and forecast that relative errors may be relative to.
const LEAST: f64 = 1e-6;

fn run_relative(point: &Point, data: &Data<'_>, factors: &mut [f64]) -> Trace {
    let rates = Rates::of(point);
    let (mut level, mut slope, mut squares, mut phase) = (point[LEVEL], point[SLOPE], 0.0, 0);
    // The logarithm of a product, taken now and then, costs less than a sum of logarithms.
    let (mut logs, mut product) = (0.0, 1.0_f64);
    for (value, observed) in data.values.iter().zip(data.observed) {
        let fading = rates.phi * slope;
        let base = level + fading;
        let ahead = base * factors[phase];
        if base < LEAST || ahead < LEAST {
            return Trace { squares: f64::INFINITY, logs: 0.0, level, slope, phase };
        }
        let error = if *observed { value / ahead - 1.0 } else { 0.0 };
        level = base * (1.0 + rates.alpha * error);
        slope = fading + rates.beta * base * error;
        factors[phase] *= 1.0 + rates.gamma * error;
        squares += error * error;
        product *= if *observed { ahead } else { 1.0 };
        if !(1e-100..=1e100).contains(&product) {
            logs += product.ln();
            product = 1.0;
        }
        phase = if phase + 1 == factors.len() { 0 } else { phase + 1 };
    }
    Trace { squares, logs: logs + product.ln(), level, slope, phase }
}

#[cfg(test)]
mod tests {
    use super::super::Trend;
    use super::*;

    fn form(errors: Errors) -> Form {
        Form { errors, trend: Trend::None, seasonal: false }
    }

    #[test]
    fn simple_smoothing_by_hand() {
        // Level 10, alpha 0.5: errors 2, -3 and (nothing measured) 0.
        let data = Data { values: &[12.0, 8.0, 99.0], observed: &[true, true, false], factors: &[0.0] };
        let trace = run(form(Errors::Additive), &[0.5, 0.0, 0.0, 1.0, 10.0, 0.0], &data, &mut [0.0]);
        assert!((trace.level - 9.5).abs() < 1e-12 && (trace.squares - 13.0).abs() < 1e-12);
    }

    #[test]
    fn relative_errors_by_hand() {
        // Level 10: error 0.2, level 11; then error -3/11.
        let data = Data { values: &[12.0, 8.0], observed: &[true; 2], factors: &[1.0] };
        let trace = run(form(Errors::Multiplicative), &[0.5, 0.0, 0.0, 1.0, 10.0, 0.0], &data, &mut [0.0]);
        assert!((trace.level - 9.5).abs() < 1e-12);
        assert!((trace.squares - (0.04 + 9.0 / 121.0)).abs() < 1e-12);
        assert!((trace.logs - 110.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_season_and_a_slope_are_followed_without_error() {
        let values = [11.0, 11.0, 13.0, 13.0];
        let data = Data { values: &values, observed: &[true; 4], factors: &[1.0, 0.0] };
        let form = Form { errors: Errors::Additive, trend: Trend::Additive, seasonal: true };
        let trace = run(form, &[0.3, 0.2, 0.1, 1.0, 9.0, 1.0], &data, &mut [0.0; 2]);
        assert!(trace.squares < 1e-20 && trace.phase == 0, "{trace:?}");
    }
}
