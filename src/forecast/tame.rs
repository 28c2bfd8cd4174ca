//! Takes the sting out of outliers: a day far outside what its neighbours and its phase suggest is pulled in before a
//! smoothing model sees it. What it held is not lost: the mean is handed back as a factor.

use super::history::History;
use super::season::adjusted;

/// Robust standard deviations beyond which a value is pulled in to them.
const FAR: f64 = 3.0;
/// The median absolute value of a standard normal deviation.
const MEDIAN_ABSOLUTE: f64 = 0.674_489_750_196_081_7;
/// Steps on each side whose median says what is usual.
const REACH: usize = 7;
/// Steps below which nothing is called an outlier.
const LEAST: usize = 28;

/// The tamed values, and the mean of the true ones as a share of theirs; none where nothing is far out.
///
/// A step is compared with the median of its neighbours (Hampel 1974). Near the end it has fewer of them to come, so
/// that a trend alone leads away from their median: there the limit is what such one-sided medians miss everywhere.
pub(crate) fn tamed(history: &History<'_>) -> Option<(Vec<f64>, f64)> {
    let count = history.len();
    if count < LEAST {
        return None;
    }
    let adjusted = adjusted(history);
    let mut values = history.values.to_vec();
    let mut room = Vec::with_capacity(2 * REACH + 1);
    let mut is_tamed = false;
    for after in 0..=REACH {
        let usual: Vec<f64> =
            (0..count).map(|step| usual(&adjusted.values, step, after, &mut room)).collect();
        // What stands at the end may be a new level instead: it takes more to be called an outlier.
        let doubt = 1.0 - after as f64 / REACH as f64;
        let limit = (FAR + doubt) * spread(&adjusted.values, &usual);
        let steps = if after == REACH { 0..count - REACH } else { count - 1 - after..count - after };
        for step in steps.filter(|_| limit > 1e-6) {
            let value = adjusted.values[step];
            let kept = value.clamp(usual[step] - limit, usual[step] + limit);
            if (kept - value).abs() > 1e-12 && history.observed[step] {
                values[step] = adjusted.restore(step, kept).max(0.0);
                is_tamed = true;
            }
        }
    }
    let tame = History { values: &values, ..*history };
    let share = history.mean() / tame.mean();
    (is_tamed && share.is_finite()).then_some((values, share))
}

/// The median of a step, those before it and so many after it.
fn usual(values: &[f64], step: usize, after: usize, room: &mut Vec<f64>) -> f64 {
    room.clear();
    room.extend_from_slice(&values[step.saturating_sub(REACH)..(step + after + 1).min(values.len())]);
    let middle = room.len() / 2;
    *room.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The standard deviation that the median absolute difference suggests.
fn spread(values: &[f64], usual: &[f64]) -> f64 {
    let mut away: Vec<f64> = values.iter().zip(usual).map(|(value, usual)| (value - usual).abs()).collect();
    let middle = away.len() / 2;
    *away.select_nth_unstable_by(middle, f64::total_cmp).1 / MEDIAN_ABSOLUTE
}
