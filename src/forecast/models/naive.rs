//! The floor that any model must beat: the last cycle again, and the recent rate. Both need next to no history.

use super::super::history::{History, mean};
use super::super::noise::Normals;
use super::super::paths::Paths;
use super::{Projection, Reach};

/// Steps that a recent rate looks back on where the cycle is short: four weeks of days, two years of months.
const WINDOW: usize = 28;
const SHORT_WINDOW: usize = 12;
/// The relative spread assumed where nothing can be learned of it: fewer than three values.
const UNKNOWN_SPREAD: f64 = 0.3;

/// The last cycle again (seasonal naive; Hyndman and Athanasopoulos 2021, 5.2).
pub(crate) fn seasonal_naive(history: &History<'_>, reach: &Reach) -> Projection {
    let count = history.len();
    let season = if history.season > 1 && count >= history.season { history.season } else { 1 };
    let last = &history.values[count.saturating_sub(season)..];
    let mean: Vec<f64> =
        (0..reach.horizon).map(|step| if last.is_empty() { 0.0 } else { last[step % last.len()] }).collect();
    let squares = (season..count)
        .filter(|&step| history.observed[step] && history.observed[step - season])
        .map(|step| (history.values[step] - history.values[step - season]).powi(2));
    let spread =
        known_spread(history, super::super::history::mean(squares).sqrt(), count.saturating_sub(season));
    let mut paths = Paths::zero(reach.paths, reach.horizon);
    let mut normals = Normals::new(reach.seed, reach.horizon);
    for path in paths.iter_mut() {
        let noise = normals.next_path();
        for step in 0..reach.horizon {
            // Each further cycle starts from the simulated one before it.
            let before = if step >= season { path[step - season] - mean[step - season] } else { 0.0 };
            path[step] = mean[step] + before + spread * noise[step];
        }
    }
    Projection { mean, paths }
}

/// The mean of the last four weeks or two years, with the shape of the cycle in that window where it holds two.
pub(crate) fn run_rate(history: &History<'_>, reach: &Reach) -> Projection {
    let window = window(history.season);
    let recent = history.last(window);
    // Where nothing of the window was measured, what was before it is all there is.
    let rate = if recent.measured().next().is_some() { recent.mean() } else { history.mean() };
    let shape = shape(history, window, rate);
    let at = |step: usize| shape.get((history.len() + step) % shape.len().max(1)).copied().unwrap_or(rate);
    let mean: Vec<f64> = (0..reach.horizon).map(|step| at(step).max(0.0)).collect();
    let start = history.len() - recent.len();
    let around = |step: usize| {
        let place = (start + step) % shape.len().max(1);
        recent.values[step] - shape.get(place).copied().unwrap_or(rate)
    };
    let squares = (0..recent.len()).filter(|&step| recent.observed[step]).map(|step| around(step).powi(2));
    let spread = known_spread(history, super::super::history::mean(squares).sqrt(), recent.len());
    // The rate itself is uncertain by its standard error, and drifts by as much again over the next window.
    let error = spread / (recent.len().max(1) as f64).sqrt();
    let mut paths = Paths::zero(reach.paths, reach.horizon);
    let mut normals = Normals::new(reach.seed, reach.horizon + 2);
    for path in paths.iter_mut() {
        let noise = normals.next_path();
        for step in 0..reach.horizon {
            let drift = noise[1] * ((step + 1) as f64 / window as f64).sqrt();
            path[step] = mean[step] + spread * noise[step + 2] + error * (noise[0] + drift);
        }
    }
    Projection { mean, paths }
}

/// Whole cycles within 28 steps, at least one; twelve steps where there is no cycle.
pub(crate) fn window(season: usize) -> usize {
    if season > 1 { season * (WINDOW / season).max(1) } else { SHORT_WINDOW }
}

/// The mean by phase in the window, where it holds at least two whole cycles; else nothing.
fn shape(history: &History<'_>, window: usize, rate: f64) -> Vec<f64> {
    let season = history.season;
    let cycles = window.min(history.len()) / season.max(1);
    if season < 2 || cycles < 2 {
        return Vec::new();
    }
    let start = history.len() - cycles * season;
    (0..season)
        .map(|phase| {
            let steps =
                (start..history.len()).filter(|&step| step % season == phase && history.observed[step]);
            let values: Vec<f64> = steps.map(|step| history.values[step]).collect();
            if values.is_empty() { rate } else { mean(values.into_iter()) }
        })
        .collect()
}

/// A spread learned from enough deviations, or a wide one.
fn known_spread(history: &History<'_>, spread: f64, deviations: usize) -> f64 {
    if deviations >= 3 {
        spread
    } else {
        spread.max(history.deviation()).max(UNKNOWN_SPREAD * history.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACH: Reach = Reach { horizon: 5, paths: 400, seed: 1 };

    fn history<'a>(values: &'a [f64], observed: &'a [bool], season: usize) -> History<'a> {
        History { values, observed, season }
    }

    #[test]
    fn the_last_cycle_comes_again() {
        let values = [9.0, 9.0, 9.0, 1.0, 2.0, 3.0];
        let found = seasonal_naive(&history(&values, &[true; 6], 3), &REACH);
        assert_eq!(found.mean, [1.0, 2.0, 3.0, 1.0, 2.0]);
        assert_eq!(seasonal_naive(&history(&[4.0], &[true], 3), &REACH).mean, [4.0; 5]);
        assert_eq!(seasonal_naive(&history(&[], &[], 3), &REACH).mean, [0.0; 5]);
    }

    #[test]
    fn a_rate_that_nobody_saw_lately_is_that_of_before() {
        let (values, mut observed) = (vec![5.0; 70], vec![true; 70]);
        observed[30..].fill(false);
        let found = run_rate(&history(&values, &observed, 7), &REACH);
        assert!(found.mean.iter().all(|mean| (mean - 5.0).abs() < 1e-9), "{:?}", found.mean);
    }

    #[test]
    fn a_rate_is_the_mean_of_whole_weeks_and_keeps_their_shape() {
        let values: Vec<f64> = (0..70).map(|day| if day % 7 < 5 { 10.0 } else { 0.0 }).collect();
        let found = run_rate(&history(&values, &[true; 70], 7), &Reach { horizon: 7, ..REACH });
        assert_eq!(found.mean, [10.0, 10.0, 10.0, 10.0, 10.0, 0.0, 0.0]);
        assert_eq!(run_rate(&history(&[4.0, 6.0], &[true; 2], 7), &REACH).mean, [5.0; 5]);
        assert_eq!(run_rate(&history(&[], &[], 7), &REACH).mean, [0.0; 5]);
    }

    #[test]
    fn one_value_has_a_wide_spread() {
        let (spreads, _) = run_rate(&history(&[100.0], &[true], 1), &REACH).paths.spreads();
        assert!(spreads[0] > 25.0, "{spreads:?}");
    }
}
