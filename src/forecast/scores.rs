//! How good forecasts were: the scores of the literature, for a backtest as for a public set of series.

/// The symmetric mean absolute percentage error in per cent (Makridakis 1993, as in the M3 and M4 competitions).
///
/// Steps at which both are zero count as no error.
pub fn smape(actual: &[f64], forecast: &[f64]) -> f64 {
    average(actual.iter().zip(forecast).map(|(actual, forecast)| {
        let size = actual.abs() + forecast.abs();
        if size > 0.0 { 200.0 * (actual - forecast).abs() / size } else { 0.0 }
    }))
}

/// The mean absolute error.
pub fn mae(actual: &[f64], forecast: &[f64]) -> f64 {
    average(actual.iter().zip(forecast).map(|(actual, forecast)| (actual - forecast).abs()))
}

/// The mean absolute error of the seasonal naive forecast inside a history: the unit of [`mase`] and [`msis`].
///
/// None where the history is not longer than a cycle, or does not change from cycle to cycle.
pub fn naive_error(history: &[f64], season: usize) -> Option<f64> {
    let season = season.max(1);
    if history.len() <= season {
        return None;
    }
    let changes = history[season..].iter().zip(history).map(|(after, before)| (after - before).abs());
    Some(average(changes)).filter(|error| *error > 0.0)
}

/// The mean absolute scaled error (Hyndman and Koehler 2006), with the unit from [`naive_error`].
pub fn mase(actual: &[f64], forecast: &[f64], unit: f64) -> f64 {
    mae(actual, forecast) / unit
}

/// The mean scaled interval score (Gneiting and Raftery 2007, as in the M4 competition) of bands that leave a share
/// `outside`, such as 0.05 for 95 %.
pub fn msis(actual: &[f64], bands: &[(f64, f64)], outside: f64, unit: f64) -> f64 {
    let scores = actual.iter().zip(bands).map(|(actual, (low, high))| {
        let missed = (low - actual).max(0.0) + (actual - high).max(0.0);
        high - low + 2.0 / outside * missed
    });
    average(scores) / unit
}

/// The share of steps whose band held what came; both ends belong to the band.
pub fn coverage(actual: &[f64], bands: &[(f64, f64)]) -> f64 {
    average(actual.iter().zip(bands).map(|(actual, (low, high))| f64::from(low <= actual && actual <= high)))
}

fn average(values: impl Iterator<Item = f64>) -> f64 {
    super::history::mean(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn scores_by_hand() {
        near(smape(&[100.0, 0.0], &[50.0, 0.0]), 100.0 / 3.0);
        near(mae(&[1.0, 5.0], &[2.0, 2.0]), 2.0);
        assert_eq!(naive_error(&[1.0, 2.0, 4.0, 3.0], 2), Some(2.0));
        assert_eq!(naive_error(&[1.0, 2.0], 2), None);
        assert_eq!(naive_error(&[1.0, 1.0, 1.0], 1), None);
        near(mase(&[1.0, 5.0], &[2.0, 2.0], 4.0), 0.5);
        // Widths 2 and 2, one miss by 1 that costs 40.
        near(msis(&[1.0, 5.0], &[(0.0, 2.0), (2.0, 4.0)], 0.05, 2.0), (2.0 + 42.0) / 2.0 / 2.0);
        near(coverage(&[2.0, 5.0], &[(0.0, 2.0), (2.0, 4.0)]), 0.5);
        near(mae(&[], &[]), 0.0);
    }
}
