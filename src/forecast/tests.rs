//! What the engine must do whatever the models: known structures, hopeless input, the same answer twice, honest bands.

use proptest::prelude::*;

use super::*;
use crate::random::Random;

fn run(values: &[f64], season: usize, horizon: usize) -> Forecast {
    forecast(&Series { values, observed: &[], season }, &Settings { paths: 400, ..Settings::new(horizon) })
}

/// Noise about 0, roughly normal, of standard deviation 1.
fn noise(random: &mut Random) -> f64 {
    (0..12).map(|_| random.below(1_000_000) as f64 / 1e6).sum::<f64>() - 6.0
}

fn made(count: usize, seed: u64, of: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut random = Random::new(seed);
    (0..count).map(|step| of(step, noise(&mut random)).max(0.0)).collect()
}

fn total(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn is_sound(found: &Forecast, horizon: usize) {
    let is_value = |value: &f64| value.is_finite() && *value >= 0.0;
    assert_eq!((found.mean.len(), found.paths.steps(), found.paths.count()), (horizon, horizon, 400));
    assert!(found.mean.iter().all(is_value) && found.paths.values().iter().all(is_value));
    assert!(found.calibration.steps.is_finite() && found.calibration.total.is_finite());
    assert!(found.choice.rivals.iter().all(|rival| rival.error.is_finite()), "{:?}", found.choice);
    for origin in &found.backtest {
        assert!(origin.mean.iter().all(is_value) && origin.paths.values().iter().all(is_value));
        assert!(origin.actual.iter().all(is_value));
    }
}

#[test]
fn a_trend_goes_on() {
    let values = made(60, 1, |step, noise| 100.0 + 5.0 * step as f64 + 4.0 * noise);
    let found = run(&values, 12, 12);
    let truth: f64 = (60..72).map(|step| 100.0 + 5.0 * f64::from(step)).sum();
    assert!((total(&found.mean) / truth - 1.0).abs() < 0.05, "{} {truth}", total(&found.mean));
}

#[test]
fn a_weekly_season_is_kept_from_two_weeks_on() {
    let week = |step: usize| if step % 7 < 5 { 1000.0 } else { 100.0 };
    for count in [15, 21, 35, 200] {
        let values = made(count, 2, |step, noise| week(step) * (1.0 + 0.05 * noise));
        let found = run(&values, 7, 14);
        for (ahead, mean) in found.mean.iter().enumerate() {
            let truth = week(count + ahead);
            assert!(
                (mean / truth - 1.0).abs() < 0.5 || (mean - truth).abs() < 150.0,
                "{count}: {:?}",
                found.mean
            );
        }
    }
}

#[test]
fn closed_weekends_stay_closed() {
    let values = made(90, 12, |step, noise| if step % 7 < 5 { 500.0 * (1.0 + 0.1 * noise) } else { 0.0 });
    let found = run(&values, 7, 14);
    for (ahead, mean) in found.mean.iter().enumerate() {
        let truth = if (90 + ahead) % 7 < 5 { 500.0 } else { 0.0 };
        assert!((mean - truth).abs() < 60.0, "{:?}", found.mean);
    }
}

#[test]
fn twenty_months_keep_their_season() {
    let year = |step: usize| if step % 12 == 11 { 300.0 } else { 100.0 };
    let values = made(20, 13, |step, noise| year(step) * (1.0 + 0.03 * noise));
    let found = run(&values, 12, 12);
    // Step 23 is the fourth ahead.
    let others: f64 =
        found.mean.iter().enumerate().filter(|(ahead, _)| *ahead != 3).map(|(_, mean)| mean).sum();
    assert!(found.mean[3] > 1.8 * others / 11.0, "{:?}", found.mean);
}

#[test]
fn a_level_shift_is_followed() {
    let values = made(120, 3, |step, noise| if step < 80 { 100.0 } else { 200.0 } + 5.0 * noise);
    let found = run(&values, 7, 14);
    assert!(found.mean.iter().all(|mean| (mean - 200.0).abs() < 25.0), "{:?}", found.mean);
}

#[test]
fn an_outage_that_is_marked_does_not_lower_the_forecast() {
    let values = made(90, 4, |step, noise| if (80..87).contains(&step) { 0.0 } else { 100.0 + 3.0 * noise });
    let observed: Vec<bool> = (0..90).map(|step| !(80..87).contains(&step)).collect();
    let filled: Vec<f64> = (0..90).map(|step| if observed[step] { values[step] } else { 100.0 }).collect();
    let series = Series { values: &filled, observed: &observed, season: 7 };
    let found = forecast(&series, &Settings { paths: 400, ..Settings::new(14) });
    assert!(found.mean.iter().all(|mean| (mean - 100.0).abs() < 8.0), "{:?}", found.mean);
}

#[test]
fn one_campaign_does_not_become_the_rule() {
    let values = made(90, 5, |step, noise| if step == 60 { 2000.0 } else { 100.0 + 5.0 * noise });
    let found = run(&values, 7, 28);
    assert!(total(&found.mean) / 28.0 < 180.0, "{:?}", found.mean);
}

#[test]
fn a_series_of_mostly_zeros_has_a_model_of_its_own() {
    let mut random = Random::new(6);
    let values: Vec<f64> = (0..120).map(|_| if random.percent(15) { 50.0 } else { 0.0 }).collect();
    let found = run(&values, 1, 20);
    assert_eq!((found.choice.model, found.choice.reason), (Model::Intermittent, Reason::MostlyZero));
    assert!(found.mean[0] > 1.0 && found.mean[0] < 25.0, "{:?}", found.mean);
    assert!(
        found.paths.values().iter().filter(|value| **value < 1.0).count() * 2 > found.paths.values().len()
    );
}

#[test]
fn five_days_have_an_answer_that_admits_its_poverty() {
    let found = run(&[90.0, 110.0, 100.0, 95.0, 105.0], 7, 31);
    is_sound(&found, 31);
    assert_eq!((found.choice.model, found.choice.reason), (Model::RunRate, Reason::TooShort));
    assert_eq!(found.calibration.origins, 0);
    assert!(found.mean.iter().all(|mean| (mean - 100.0).abs() < 1e-6));
}

#[test]
fn hopeless_series_have_an_answer() {
    let huge = |place: usize| (0..50).map(|step| if step == place { 1e15 } else { 3.0 }).collect::<Vec<_>>();
    let alone = |place: usize| (0..50).map(|step| if step == place { 7.0 } else { 0.0 }).collect::<Vec<_>>();
    let cases = [
        vec![],
        vec![5.0],
        vec![5.0, 6.0],
        vec![0.0; 60],
        vec![8.0; 60],
        huge(0),
        huge(30),
        huge(49),
        alone(0),
        alone(49),
        vec![f64::MAX; 30],
        vec![f64::NAN, f64::INFINITY, -3.0, 4.0],
    ];
    for values in cases {
        for season in [0, 1, 7, 12, 24, 400] {
            is_sound(&run(&values, season, 13), 13);
        }
    }
    assert_eq!(run(&[0.0; 60], 7, 3).mean, [0.0; 3]);
    assert!(run(&[8.0; 60], 7, 3).mean.iter().all(|mean| (mean - 8.0).abs() < 0.01));
    let nothing = run(&[1.0, 2.0], 7, 0);
    assert!(nothing.mean.is_empty() && nothing.paths.count() == 0);
}

#[test]
fn the_same_input_has_the_same_output() {
    let values = made(100, 7, |step, noise| 50.0 + (step % 7) as f64 + noise);
    let (first, second) = (run(&values, 7, 10), run(&values, 7, 10));
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

#[test]
fn the_band_of_a_sum_is_narrower_than_the_sum_of_bands() {
    let values = made(200, 8, |_, noise| 100.0 + 10.0 * noise);
    let found = run(&values, 7, 20);
    let level = Level::from_percent(80.0).expect("a level");
    let (low, high) = found.paths.interval(0..20, level);
    let widths: f64 =
        (0..20).map(|step| found.paths.interval(step..step + 1, level)).map(|(low, high)| high - low).sum();
    assert!(high - low < 0.8 * widths, "{} {widths}", high - low);
    assert!(low < total(&found.mean) && total(&found.mean) < high);
}

#[test]
fn bands_hold_what_they_promise_on_series_made_by_chance() {
    let level = Level::from_percent(80.0).expect("a level");
    let (mut steps, mut totals) = (0.0, 0.0);
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let (mut sum, mut values) = (0.0, Vec::new());
        for step in 0..104 {
            sum += noise(&mut random);
            let week = [20.0, 15.0, 10.0, 10.0, 5.0, -30.0, -30.0][step % 7];
            values.push(f64::max(300.0 + 4.0 * sum + week + 10.0 * noise(&mut random), 0.0));
        }
        let found = run(&values[..90], 7, 14);
        let held = |range: std::ops::Range<usize>, actual: f64| {
            let (low, high) = found.paths.interval(range, level);
            f64::from(low <= actual && actual <= high)
        };
        steps += (0..14).map(|step| held(step..step + 1, values[90 + step])).sum::<f64>() / 14.0 / 200.0;
        totals += held(0..14, total(&values[90..])) / 200.0;
    }
    assert!((0.7..0.9).contains(&steps), "{steps}");
    assert!((0.66..0.94).contains(&totals), "{totals}");
}

#[test]
fn the_backtest_knows_only_what_was_known() {
    let values = made(150, 9, |step, noise| 100.0 + (step % 7) as f64 * 10.0 + 5.0 * noise);
    let found = run(&values, 7, 14);
    assert_eq!(found.backtest.len(), 8);
    for origin in &found.backtest {
        assert_eq!(origin.mean.len(), 14);
        assert!((origin.actual[0] - values[origin.known]).abs() < 1e-9);
    }
    // What comes later than an origin does not change its forecast, but for the start of its fit.
    assert!(found.backtest[0].known == 136 && found.choice.rivals.len() >= 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_series_has_a_sound_forecast(
        values in proptest::collection::vec(
            prop_oneof![Just(0.0), 0.0..100.0_f64, 0.0..1e15_f64, Just(1e15), Just(1e-12)], 0..400),
        marks in proptest::collection::vec(any::<bool>(), 0..400),
        season in 0_usize..60,
        horizon in 0_usize..40,
    ) {
        let settings = Settings { paths: 400, origins: 3, ..Settings::new(horizon) };
        let found = forecast(&Series { values: &values, observed: &marks, season }, &settings);
        if horizon > 0 {
            is_sound(&found, horizon);
        }
    }
}
