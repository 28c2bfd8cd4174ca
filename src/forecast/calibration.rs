//! Makes sample paths as wide as forecasts of this series proved to be: models believe themselves too much. Learns
//! from trials; which trials there are is the backtest's business.

use super::models::Projection;
use super::noise::Normals;
use super::paths::Paths;

/// By how much the spread of the model's own paths was widened (above 1) or narrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// The factor for single steps.
    pub steps: f64,
    /// The factor for the total of all steps.
    pub total: f64,
    /// Forecasts of the past that it was learned from; with 0 it is what is usual for such models.
    pub origins: usize,
}

/// What is usual: set on simulated daily counts and on series of textbooks (employment, flights, births), not fitted to
/// the sets that accuracy is quoted on.
const USUAL_STEPS: f64 = 1.08;
const USUAL_TOTAL: f64 = 1.45;
/// How much wider futures are where a cycle was seen once; the more cycles there are, the less.
const SHORT: f64 = 1.0;
/// The spread of a future is itself uncertain: its logarithm has this standard deviation between paths, which makes the
/// tails as heavy as those of a t distribution with some ten degrees of freedom.
const TAIL: f64 = 0.35;
/// Trials that weigh as much as what is usual.
const HALF: f64 = 6.0;
/// How far one series may move a factor.
const RANGE: (f64, f64) = (0.4, 4.0);
/// How many times its mean a step may come to in a future: without a limit a few futures would carry the mean.
const MOST_TIMES: f64 = 8.0;
/// The mean absolute value of a standard normal deviation.
const MEAN_ABSOLUTE: f64 = 0.797_884_560_802_865_4;

/// What one trial says: errors in units of the spread that the model gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surprise {
    /// The mean absolute error of a step.
    pub steps: f64,
    /// The absolute error of the total.
    pub total: f64,
}

/// Compares a projection with what came; none where nothing was measured or the model saw no spread at all.
pub(crate) fn surprise(projection: &Projection, actual: &[f64], observed: &[bool]) -> Option<Surprise> {
    let (spreads, total_spread) = projection.paths.spreads();
    let (mut steps, mut total, mut count) = (0.0, 0.0, 0.0);
    for (step, actual) in actual.iter().enumerate().filter(|(step, _)| observed[*step]) {
        let error = actual - projection.mean[step];
        if spreads[step] > 1e-9 {
            steps += (error / spreads[step]).abs();
            count += 1.0;
        }
        total += error;
    }
    (count > 0.0 && total_spread > 1e-9)
        .then(|| Surprise { steps: steps / count, total: total.abs() / total_spread })
}

/// The geometric mean of what the trials say and what is usual for a history of so many cycles, weighed by how many
/// trials there are.
pub(crate) fn learn(surprises: &[Surprise], windows: f64, cycles: f64) -> Calibration {
    let short = 1.0 + SHORT / cycles.max(1.0);
    let count = surprises.len() as f64;
    let factor = |of: fn(&Surprise) -> f64, usual: f64, count: f64| {
        let weight = count / (count + HALF);
        let own = surprises.iter().map(of).sum::<f64>() / surprises.len().max(1) as f64 / MEAN_ABSOLUTE;
        let own = own.clamp(usual * RANGE.0, usual * RANGE.1);
        if surprises.is_empty() { usual } else { (weight * own.ln() + (1.0 - weight) * usual.ln()).exp() }
    };
    Calibration {
        steps: factor(|surprise| surprise.steps, USUAL_STEPS * short, count),
        total: factor(|surprise| surprise.total, USUAL_TOTAL * short, windows.min(count)),
        origins: surprises.len(),
    }
}

/// Widens the paths of a projection about its mean: each deviation by one factor, and all steps of a path by a shock
/// in common, such that both the single step and the total have the spread that the calibration asks for.
pub(crate) fn apply(projection: &mut Projection, calibration: &Calibration, seed: u64) {
    let (spreads, total) = projection.paths.spreads();
    let together: f64 = spreads.iter().sum();
    let (steps, wanted) = (calibration.steps.powi(2), calibration.total.powi(2));
    // Per step: own + shared = steps; for the total: own * total^2 + shared * together^2 = wanted * total^2.
    let slack = together.powi(2) - total.powi(2);
    let shared = if slack > 1e-9 * together.powi(2) { (wanted - steps) * total.powi(2) / slack } else { 0.0 };
    let shared = shared.clamp(0.0, steps);
    let (own, shared) = ((steps - shared).sqrt(), shared.sqrt());
    let centre = centre(&projection.paths);
    let mut shocks = Normals::new(seed, 1);
    let mut scales = Normals::new(seed ^ 5, 1);
    let mut scale = 1.0;
    for (place, path) in projection.paths.iter_mut().enumerate() {
        // A pair of opposite paths stays opposite.
        if place % 2 == 0 {
            scale = (TAIL * scales.next_path()[0] - TAIL * TAIL).exp();
        }
        let own = own * scale;
        let shock = scale * shared * shocks.next_path()[0];
        for (step, value) in path.iter_mut().enumerate() {
            let moved = projection.mean[step] + own * (*value - centre[step]) + shock * spreads[step];
            *value = moved.clamp(0.0, MOST_TIMES * projection.mean[step]);
        }
    }
    recentre(projection);
}

/// Widens the paths of a series of mostly zeros: each path is multiplied by a shock of its own, so that zeros stay zeros
/// and the total gets the spread that the calibration asks for.
pub(crate) fn apply_to_zeros(projection: &mut Projection, calibration: &Calibration, seed: u64) {
    let (_, total) = projection.paths.spreads();
    let mean: f64 = projection.mean.iter().sum();
    let missing = (calibration.total.powi(2) - 1.0).max(0.0).sqrt() * total;
    // The variance of a lognormal factor of mean 1 is the exponential of its own variance, less 1.
    let variance = if mean > 0.0 { (1.0 + (missing / mean).powi(2)).ln() } else { 0.0 };
    let mut shocks = Normals::new(seed, 1);
    for path in projection.paths.iter_mut() {
        let shock = (variance.sqrt() * shocks.next_path()[0] - variance / 2.0).exp();
        path.iter_mut().for_each(|value| *value *= shock);
    }
}

fn centre(paths: &Paths) -> Vec<f64> {
    let mut centre = vec![0.0; paths.steps()];
    for path in paths.iter() {
        centre.iter_mut().zip(path).for_each(|(sum, value)| *sum += value);
    }
    let count = paths.count().max(1) as f64;
    centre.into_iter().map(|sum| sum / count).collect()
}

/// Where paths were cut at zero their mean rose: each step is scaled back to the mean.
fn recentre(projection: &mut Projection) {
    let centre = centre(&projection.paths);
    for path in projection.paths.iter_mut() {
        for (step, value) in path.iter_mut().enumerate() {
            if centre[step] > 1e-12 && projection.mean[step] > 1e-12 {
                *value *= projection.mean[step] / centre[step];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projection() -> Projection {
        let mut paths = Paths::zero(4000, 6);
        let mut normals = Normals::new(3, 6);
        for path in paths.iter_mut() {
            path.iter_mut().zip(normals.next_path()).for_each(|(value, noise)| *value = 100.0 + noise);
        }
        Projection { mean: vec![100.0; 6], paths }
    }

    #[test]
    fn steps_and_total_get_the_spread_that_is_asked_for() {
        let mut widened = projection();
        let calibration = Calibration { steps: 1.2, total: 1.8, origins: 8 };
        apply(&mut widened, &calibration, 9);
        let (spreads, total) = widened.paths.spreads();
        assert!(spreads.iter().all(|spread| (spread - 1.2).abs() < 0.06), "{spreads:?}");
        assert!((total - 1.8 * 6.0_f64.sqrt()).abs() < 0.15, "{total}");
    }

    #[test]
    fn nothing_falls_below_zero_and_the_mean_stays() {
        let mut widened = projection();
        widened.mean = vec![1.0; 6];
        apply(&mut widened, &Calibration { steps: 3.0, total: 3.0, origins: 0 }, 9);
        assert!(widened.paths.values().iter().all(|value| *value >= 0.0));
        assert!(centre(&widened.paths).iter().all(|mean| (mean - 1.0).abs() < 1e-9));
    }

    #[test]
    fn trials_outweigh_what_is_usual_as_they_grow_in_number() {
        let wide = Surprise { steps: 2.0, total: 2.0 };
        let (none, few, many) =
            (learn(&[], 0.0, 1e9), learn(&[wide; 2], 2.0, 1e9), learn(&[wide; 30], 30.0, 1e9));
        assert!((none.steps - USUAL_STEPS).abs() < 1e-6 && none.origins == 0);
        assert!(learn(&[], 0.0, 2.0).steps > 1.3 * none.steps);
        assert!(none.steps < few.steps && few.steps < many.steps && many.steps < 2.6);
    }
}
