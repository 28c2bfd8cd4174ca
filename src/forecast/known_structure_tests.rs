//! Histories whose structure is known because they are made here: what a forecast of each must say.

use chrono::NaiveDate;

use super::log_days::after;
use super::*;
use crate::period::{Month, Timestamp};
use crate::random::Random;

const OPTIONS: Options = Options { holidays: None, anomalies: Treatment::Replace, paths: 400, origins: 6 };

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Whole days from a Monday on; each message has 1 kB. The noise is even, of up to a tenth to either side.
fn history(first: &str, days: usize, recipients: impl Fn(usize) -> u64) -> LogDays {
    let mut random = Random::new(7);
    let first = date(first);
    let day = |place: usize| {
        let percent = random.between(90, 110);
        let recipients = recipients(place) * percent / 100;
        let sums = Sums { recipients, recipient_bytes: u128::from(recipients) * 1_000 };
        Day { sums, standing: Standing::Whole }
    };
    let days: Vec<Day> = (0..days).map(day).collect();
    let end = after(first, days.len() as u64);
    let midnight = |date: NaiveDate| Timestamp::from_utc(date.and_time(chrono::NaiveTime::MIN));
    LogDays { first, days, span: (midnight(first), midnight(end)), left_out: 0 }
}

/// The forecast of the whole month after the running one: expected recipients and the band of 80 per cent.
fn next_month(days: &LogDays) -> (u64, u64, u64) {
    let running = Month::of_date(days.next());
    let next = running.next();
    let spans = [days.next()..next.first_day(), next.first_day()..next.next().first_day()];
    let projection = project(days, &spans, &OPTIONS, 1);
    let span = &projection.spans[1];
    let mut futures: Vec<u64> = span.futures.iter().map(|sums| sums.recipients).collect();
    futures.sort_unstable();
    let at = |share: usize| futures[futures.len() * share / 100];
    (span.expected.recipients, at(10), at(90))
}

fn is_within(value: u64, target: u64, percent: u64) -> bool {
    value.abs_diff(target) * 100 <= target * percent
}

fn weekly(place: usize) -> u64 {
    if place % 7 >= 5 { 200 } else { 1_000 }
}

#[test]
fn a_week_is_followed() {
    let days = history("2026-03-02", 120, weekly);
    let (expected, low, high) = next_month(&days);
    // July has 23 working days and 8 days of weekends.
    let july = 23 * 1_000 + 8 * 200;
    assert!(is_within(expected, july, 3), "{expected} for {july}");
    assert!(low < july && july < high, "{low} to {high}");
    assert!(high - low < july / 4, "{low} to {high}");
}

#[test]
fn a_trend_is_followed_for_a_while() {
    let days = history("2026-03-02", 150, |place| weekly(place) * (100 + place as u64) / 100);
    let (expected, _, _) = next_month(&days);
    // At its end the trend has come to two and a half times; it must not fall back, nor explode.
    let level: u64 = (0..31).map(weekly).sum();
    assert!((level * 23 / 10..level * 33 / 10).contains(&expected), "{expected} for {level}");
}

#[test]
fn a_new_level_is_believed() {
    let days = history("2026-03-02", 150, |place| weekly(place) * if place >= 90 { 3 } else { 1 });
    let (expected, _, _) = next_month(&days);
    let level: u64 = (0..31).map(|day| 3 * weekly(day)).sum();
    assert!(is_within(expected, level, 15), "{expected} for {level}");
}

#[test]
fn an_outage_and_a_campaign_change_nothing_much() {
    let days = history("2026-03-02", 120, |place| match place {
        60 => 0,
        90 | 91 => 20_000,
        place => weekly(place),
    });
    let (expected, _, _) = next_month(&days);
    let level: u64 = (0..31).map(weekly).sum();
    assert!(is_within(expected, level, 10), "{expected} for {level}");
    let projection = project(&days, &[days.next()..after(days.next(), 30)], &OPTIONS, 1);
    let found: Vec<String> = projection.basis.anomalies.iter().map(|one| one.date.to_string()).collect();
    assert_eq!(found, ["2026-05-01", "2026-05-31", "2026-06-01"]);
    // Kept, they are still named.
    let keep = Options { anomalies: Treatment::Keep, ..OPTIONS };
    assert_eq!(project(&days, &[days.next()..after(days.next(), 30)], &keep, 1).basis.anomalies.len(), 3);
}

#[test]
fn a_gap_is_no_small_month() {
    let mut days = history("2026-03-02", 120, weekly);
    for day in &mut days.days[50..80] {
        *day = Day { sums: Sums::default(), standing: Standing::Missing };
    }
    let (expected, _, _) = next_month(&days);
    let level: u64 = (0..31).map(weekly).sum();
    assert!(is_within(expected, level, 10), "{expected} for {level}");
}

#[test]
fn mail_now_and_then_has_its_mean() {
    let days = history("2026-03-02", 210, |place| if place % 10 == 3 { 500 } else { 0 });
    let (expected, low, high) = next_month(&days);
    assert!(is_within(expected, 1_550, 40), "{expected}");
    assert!(low <= 1_500 && high >= 1_500, "{low} to {high}");
}

#[test]
fn few_days_have_a_wide_band() {
    let days = history("2026-03-02", 5, weekly);
    let (expected, low, high) = next_month(&days);
    assert!(expected > 0 && low < expected && high > expected);
    assert!((high - low) * 2 > expected, "{low} to {high}: wide, since no weekend was seen");
    let two = history("2026-03-02", 2, weekly);
    let (expected, low, high) = next_month(&two);
    assert!(is_within(expected, 30_000, 15), "{expected}");
    assert!(high > low * 3, "{low} to {high}");
}

#[test]
fn nothing_stays_nothing_and_a_constant_stays() {
    assert_eq!(next_month(&history("2026-03-02", 100, |_| 0)), (0, 0, 0));
    let mut constant = history("2026-03-02", 100, |_| 0);
    constant.days.iter_mut().for_each(|day| day.sums = Sums { recipients: 500, recipient_bytes: 500_000 });
    let (expected, low, high) = next_month(&constant);
    assert!(is_within(expected, 15_500, 1) || is_within(expected, 15_000, 1), "{expected}");
    assert!(low <= expected && expected <= high);
}

#[test]
fn one_huge_day_is_no_forecast() {
    let days = history("2026-03-02", 120, |place| if place == 100 { 1_000_000_000 } else { weekly(place) });
    let (expected, _, _) = next_month(&days);
    let level: u64 = (0..31).map(weekly).sum();
    assert!(is_within(expected, level, 10), "{expected} for {level}");
}

#[test]
fn a_leap_day_is_a_day() {
    let days = history("2027-08-02", 170, |_| 1_000);
    let next = date("2028-02-01")..date("2028-03-01");
    let projection = project(&days, &[days.next()..next.start, next], &OPTIONS, 1);
    assert!(
        is_within(projection.spans[1].expected.recipients, 29_000, 3),
        "{:?}",
        projection.spans[1].expected
    );
}

#[test]
fn the_year_is_followed_once_it_was_seen_twice() {
    let first = date("2023-01-02");
    let december = move |place: usize| {
        let day = after(first, place as u64);
        weekly(place) * if day.format("%m").to_string() == "12" { 3 } else { 1 }
    };
    let days = history("2023-01-02", 3 * 365 - 30, december);
    let spans: Vec<_> = {
        let mut month = Month::of_date(days.next());
        let mut start = days.next();
        let mut spans = Vec::new();
        for _ in 0..13 {
            spans.push(start..month.next().first_day());
            month = month.next();
            start = month.first_day();
        }
        spans
    };
    let projection = project(&days, &spans, &OPTIONS, 1);
    assert!(projection.basis.months.is_some());
    let of = |name: &str| {
        let span = projection.spans.iter().rfind(|span| span.days.start.to_string().starts_with(name));
        span.map_or(0, |span| span.expected.recipients)
    };
    assert!(of("2026-12") > of("2026-09") * 2, "{} and {}", of("2026-12"), of("2026-09"));
}

#[test]
fn the_same_history_has_the_same_forecast() {
    let days = history("2026-03-02", 90, weekly);
    let spans = [days.next()..after(days.next(), 40)];
    let [a, b] = [0, 0].map(|_| project(&days, &spans, &OPTIONS, 3).spans);
    assert_eq!(a, b);
}

#[test]
fn trials_compare_months_weeks_or_days() {
    let extent = Extent { origins: 6, horizons: 2 };
    let unit =
        |days| trials(&history("2026-03-02", days, weekly), &OPTIONS, extent, 1).map(|trials| trials.unit);
    assert_eq!(
        [unit(150), unit(40), unit(9), unit(4)],
        [Some(Unit::Month), Some(Unit::Week), Some(Unit::Day), None]
    );
    let trials = trials(&history("2026-03-02", 150, weekly), &OPTIONS, extent, 1).unwrap();
    let trial = trials.trials.first().unwrap();
    assert!(is_within(trial.expected.recipients, trial.actual.recipients, 10));
    assert!(trials.trials.iter().all(|trial| trial.days.start >= trial.origin));
}
