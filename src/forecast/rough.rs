//! Forecasts from fewer than three whole days: the mail an hour over the hours that the log tells of, with a band by
//! rule of thumb, because nothing in so short a log says how days differ.

use std::ops::Range;

use chrono::NaiveDate;

use super::honest::{Honest, Options};
use super::log_days::{Day, LogDays, Standing, Sums};
use super::noise::Normals;
use super::projection::{Basis, Method, Projection, Span, whole};
use crate::period::Month;

/// Spread of the logarithm of a month's mail around that of a day or two: weekends of application mail have from a
/// fifth to all of a weekday's, and a day may be a quiet or a busy one. A rule of thumb, not a measurement: two in
/// three months lie within a factor of 1.8.
const SPREAD: f64 = 0.6;
/// The same for the size of messages, which varies less.
const SIZE_SPREAD: f64 = 0.25;
/// Hours of a day.
const HOURS: f64 = 24.0;

/// Forecasts spans by the rate an hour.
pub(super) fn project(
    days: &LogDays,
    spans: &[Range<NaiveDate>],
    honest: Honest,
    options: &Options,
    seed: u64,
) -> Projection {
    let mut sums = Sums::default();
    let is_covered = |day: &&Day| matches!(day.standing, Standing::Whole | Standing::CutOff { .. });
    days.days.iter().filter(is_covered).for_each(|day| sums.merge(day.sums));
    let rate = sums.recipients as f64 / covered_hours(days);
    let size = sums.recipient_bytes as f64 / f64::max(sums.recipients as f64, 1.0);
    let mut normals = Normals::new(seed, 2);
    // The mean of a log-normal factor is 1 where half the variance is taken off its logarithm.
    let factor = |normal: f64, spread: f64| (spread * normal - spread * spread / 2.0).exp();
    let shock = |normals: &[f64]| (factor(normals[0], SPREAD), factor(normals[1], SIZE_SPREAD));
    let shocks: Vec<(f64, f64)> = (0..options.paths).map(|_| shock(normals.next_path())).collect();
    let span = |range: &Range<NaiveDate>| {
        let first = if range.start == days.next() { 1.0 - days.to_come() } else { 0.0 };
        let length = (range.end - range.start).num_days() as f64 - first;
        let recipients = rate * HOURS * length.max(0.0);
        let future =
            |(more, larger): &(f64, f64)| whole(recipients * more, recipients * more * size * larger);
        Span {
            days: range.clone(),
            expected: whole(recipients, recipients * size),
            futures: shocks.iter().map(future).collect(),
        }
    };
    let basis = Basis {
        recipients: Method::Rate,
        recipient_size: Method::Rate,
        months: None,
        effects: honest.effects,
        anomalies: honest.anomalies,
    };
    let missing = missing(days, rate, size);
    Projection { spans: spans.iter().map(span).collect(), missing, basis }
}

/// What is missing of days of the past, by the rate.
fn missing(days: &LogDays, rate: f64, size: f64) -> Vec<(NaiveDate, Sums)> {
    let lacking = |date: NaiveDate| match usize::try_from((date - days.first).num_days()) {
        Err(_) => 1.0,
        Ok(place) => match days.days[place].standing {
            Standing::Whole => 0.0,
            Standing::CutOff { before, .. } => before,
            Standing::Incomplete | Standing::Missing => 1.0,
        },
    };
    let dates = Month::of_date(days.first).first_day().iter_days().take_while(|date| *date < days.next());
    let counts = dates.map(|date| (date, lacking(date) * HOURS * rate));
    counts
        .filter(|(_, count)| *count >= 0.5)
        .map(|(date, count)| (date, whole(count, count * size)))
        .collect()
}

/// Hours that the log tells of, one at least: all of a whole day, and those of a day that is cut off from the first
/// or up to the last instant.
pub fn covered_hours(days: &LogDays) -> f64 {
    let hours = days.days.iter().enumerate().map(|(place, day)| match day.standing {
        Standing::Whole => HOURS,
        Standing::CutOff { .. } => days.hours_within_span(place),
        Standing::Incomplete | Standing::Missing => 0.0,
    });
    f64::max(hours.sum(), 1.0)
}
