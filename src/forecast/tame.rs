//! Takes the sting out of outliers: a day far outside what its neighbours and its phase suggest is pulled in before a
//! smoothing model sees it. What it held is not lost: the mean is handed back as a factor.

use super::history::History;
use super::season::adjusted;

/// Robust standard deviations beyond which a value is pulled in to them.
const FAR: f64 = 3.0;
/// The median absolute value of a standard normal deviation.
const MEDIAN_ABSOLUTE: f64 = 0.674_489_750_196_081_7;
/// The most steps on each side whose median says what is usual.
const MOST_REACH: usize = 14;
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
    let reach = reach(history.season);
    let adjusted = adjusted(history);
    let mut values = history.values.to_vec();
    let mut room = Vec::with_capacity(2 * reach + 1);
    let mut is_tamed = false;
    for after in 0..=reach {
        let usual: Vec<f64> =
            (0..count).map(|step| usual(&adjusted.values, step, (reach, after), &mut room)).collect();
        // What stands at the end may be a new level instead: it takes more to be called an outlier.
        let doubt = 1.0 - after as f64 / reach as f64;
        let limit = (FAR + doubt) * spread(&adjusted.values, &usual);
        let steps = if after == reach { 0..count - reach } else { count - 1 - after..count - after };
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

/// Steps on each side whose median says what is usual: a week of days, a third of a longer cycle.
fn reach(season: usize) -> usize {
    if season > 7 { (season / 3).min(MOST_REACH) } else { 7 }
}

/// The median of a step, those before it and so many after it.
fn usual(values: &[f64], step: usize, (before, after): (usize, usize), room: &mut Vec<f64>) -> f64 {
    room.clear();
    room.extend_from_slice(&values[step.saturating_sub(before)..(step + after + 1).min(values.len())]);
    let middle = room.len() / 2;
    *room.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The standard deviation that the median absolute difference suggests.
fn spread(values: &[f64], usual: &[f64]) -> f64 {
    let mut away: Vec<f64> = values.iter().zip(usual).map(|(value, usual)| (value - usual).abs()).collect();
    let middle = away.len() / 2;
    *away.select_nth_unstable_by(middle, f64::total_cmp).1 / MEDIAN_ABSOLUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tame(values: &[f64]) -> Option<(Vec<f64>, f64)> {
        tamed(&History { values, observed: &vec![true; values.len()], season: 7 })
    }

    /// A week with some noise about 1.
    fn usual_days(count: usize) -> Vec<f64> {
        let mut random = crate::random::Random::new(2);
        (0..count).map(|_| 1.0 + random.between(0, 100) as f64 / 1000.0).collect()
    }

    #[test]
    fn one_campaign_is_pulled_in_and_its_mean_is_kept() {
        let mut values = usual_days(60);
        values[30] = 20.0;
        let (tamed, share) = tame(&values).expect("an outlier");
        assert!(tamed[30] < 1.5, "{}", tamed[30]);
        assert_eq!(tamed[29], values[29]);
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        assert!((sum(&tamed) * share - sum(&values)).abs() < 1e-9);
    }

    #[test]
    fn a_new_level_and_a_trend_stay() {
        let mut values = usual_days(60);
        values[40..].iter_mut().for_each(|value| *value *= 3.0);
        let (tamed, _) = tame(&values).unwrap_or_else(|| (values.clone(), 1.0));
        assert!((40..60).all(|day| tamed[day] > 0.9 * values[day]), "{:?}", &tamed[38..]);
        let trend: Vec<f64> =
            usual_days(60).iter().enumerate().map(|(day, value)| value + day as f64).collect();
        assert!(tame(&trend).is_none_or(|(tamed, _)| tamed[59] > 0.97 * trend[59]));
    }

    #[test]
    fn short_and_even_series_stay() {
        assert!(tame(&[1.0; 60]).is_none());
        assert!(tame(&usual_days(27)).is_none());
    }
}
