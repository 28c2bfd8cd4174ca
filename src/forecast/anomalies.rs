//! Days unlike their neighbours that do not come back: outages and one-off campaigns. They are shown, and replaced
//! or kept as the user chooses.
//!
//! What the calendar explains is taken out before (see `calendar`); a change that lasts is no anomaly but a new level.

use chrono::{Datelike, NaiveDate};

use super::daily::{Daily, WEEK, median};

/// What becomes of anomalies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Treatment {
    /// The models see what is usual for the day in their place.
    #[default]
    Replace,
    /// The models see them.
    Keep,
}

impl Treatment {
    /// The words on the command line.
    pub const ALL: [(Treatment, &'static str); 2] =
        [(Treatment::Replace, "replace"), (Treatment::Keep, "keep")];
}

/// What an anomaly is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Far less than usual.
    Outage,
    /// Far more than usual.
    Campaign,
}

/// A day unlike its neighbours.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Anomaly {
    /// The day.
    pub date: NaiveDate,
    /// What it looks like.
    pub kind: Kind,
    /// What was counted.
    pub value: f64,
    /// What is usual for its weekday.
    pub usual: f64,
}

/// A day is unlike its neighbours by at least this factor, up or down...
const FACTOR: f64 = 2.5;
/// ... and by so many spreads of the logarithms (of the normal distribution, one in two million).
const SPREADS: f64 = 5.0;
/// Makes a median of absolute deviations the spread of a normal distribution (1 / the upper quartile).
const MAD_TO_SPREAD: f64 = 1.4826;
/// Unlike days in a row that are still no new level.
const LONGEST: usize = 7;
/// Unlike days at the end of a history that are still no new level.
const LONGEST_AT_END: usize = 2;
/// Below so many recipients a day, chance alone makes such factors.
const SMALLEST: f64 = 30.0;
/// Days by which the place of something monthly moves.
const MONTHLY_SLACK: i64 = 2;

/// The anomalies of a daily figure, in order.
pub(super) fn anomalies(daily: &Daily) -> Vec<Anomaly> {
    let unlikeness: Vec<Option<(f64, f64)>> =
        (0..daily.len()).map(|place| unlikeness(daily, place)).collect();
    let ratios: Vec<Option<f64>> = unlikeness.iter().map(|unlike| unlike.map(|(ratio, _)| ratio)).collect();
    let mut sizes: Vec<f64> = ratios.iter().flatten().map(|ratio| ratio.abs()).collect();
    let limit = (SPREADS * MAD_TO_SPREAD * median(&mut sizes)).max(FACTOR.ln());
    let mut unlike: Vec<(usize, Kind)> = Vec::new();
    for (place, ratio) in ratios.iter().enumerate() {
        match ratio {
            Some(ratio) if *ratio > limit => unlike.push((place, Kind::Campaign)),
            Some(ratio) if *ratio < -limit => unlike.push((place, Kind::Outage)),
            _ => {}
        }
    }
    let passing = unlike.iter().filter(|(place, kind)| {
        let row = row_of(&unlike, *place, *kind);
        let longest = if row.1 + 1 == daily.len() { LONGEST_AT_END } else { LONGEST };
        row.1 - row.0 < longest && !comes_back(daily, &unlike, *place, *kind)
    });
    let anomaly = |&(place, kind): &(usize, Kind)| {
        let usual = unlikeness[place].map_or(0.0, |(_, usual)| usual);
        Anomaly { date: daily.date(place), kind, value: daily.values[place], usual }
    };
    passing.map(anomaly).collect()
}

/// The logarithm of a day's mail for what is usual, and that usual: of the weeks before and after, what is nearer to
/// the day, so that days around a new level are like one of the sides.
fn unlikeness(daily: &Daily, place: usize) -> Option<(f64, f64)> {
    if !daily.observed[place] {
        return None;
    }
    let sides = daily.usual_on_both_sides(place).into_iter().flatten();
    let ratio = |usual: f64| ((daily.values[place].max(1.0) / usual).ln(), usual);
    sides.filter(|usual| *usual >= SMALLEST).map(ratio).min_by(|(a, _), (b, _)| a.abs().total_cmp(&b.abs()))
}

/// The first and the last of the unlike days of one kind around a day, in a row.
fn row_of(unlike: &[(usize, Kind)], place: usize, kind: Kind) -> (usize, usize) {
    let is = |place: usize| {
        unlike.binary_search_by_key(&place, |(place, _)| *place).is_ok_and(|at| unlike[at].1 == kind)
    };
    let first = (0..place).rev().take_while(|place| is(*place)).last().unwrap_or(place);
    let last = (place + 1..).take_while(|place| is(*place)).last().unwrap_or(place);
    (first, last)
}

/// Whether days like it stand at the same place of at least two other months: a monthly run, not one of its kind.
fn comes_back(daily: &Daily, unlike: &[(usize, Kind)], place: usize, kind: Kind) -> bool {
    let date = daily.date(place);
    let month = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
    let mut months: Vec<i64> = unlike
        .iter()
        .filter(|(other, other_kind)| *other_kind == kind && other.abs_diff(place) > WEEK)
        .map(|(other, _)| daily.date(*other))
        .filter(|other| distance_in_month(*other, date) <= MONTHLY_SLACK)
        .map(month)
        .collect();
    months.dedup();
    months.len() >= 2
}

/// Days between the places of two dates in their months, across the turn of the month too.
fn distance_in_month(a: NaiveDate, b: NaiveDate) -> i64 {
    let apart = (i64::from(a.day()) - i64::from(b.day())).abs();
    apart.min(31 - apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(days: usize, change: impl Fn(usize, f64) -> f64) -> Daily {
        let value = |place: usize| {
            let weekend = if place % 7 >= 5 { 0.3 } else { 1.0 };
            let noise = 1.0 + 0.2 * ((place * 7919 % 13) as f64 / 13.0 - 0.5);
            change(place, 1000.0 * weekend * noise)
        };
        let first = "2026-01-05".parse().unwrap();
        Daily { first, values: (0..days).map(value).collect(), observed: vec![true; days] }
    }

    fn places(daily: &Daily) -> Vec<(i64, Kind)> {
        let place = |anomaly: &Anomaly| (anomaly.date - daily.first).num_days();
        anomalies(daily).iter().map(|anomaly| (place(anomaly), anomaly.kind)).collect()
    }

    #[test]
    fn an_outage_and_a_campaign_are_found_and_a_week_is_none() {
        assert_eq!(places(&daily(90, |_, value| value)), []);
        let both = daily(90, |place, value| match place {
            30 => 0.0,
            50 | 51 => value * 6.0,
            _ => value,
        });
        assert_eq!(places(&both), [(30, Kind::Outage), (50, Kind::Campaign), (51, Kind::Campaign)]);
    }

    #[test]
    fn a_new_level_and_a_monthly_run_are_none() {
        let level = daily(90, |place, value| if place >= 60 { value * 4.0 } else { value });
        assert_eq!(places(&level), []);
        let last_days = daily(90, |place, value| if place >= 86 { value * 4.0 } else { value });
        assert_eq!(places(&last_days), []);
        let monthly = daily(
            150,
            |place, value| if [10, 41, 69, 100, 130].contains(&place) { value * 5.0 } else { value },
        );
        assert_eq!(places(&monthly), []);
    }

    #[test]
    fn few_mails_a_day_have_none() {
        assert_eq!(places(&daily(90, |place, value| if place == 40 { 10.0 } else { value / 100.0 })), []);
    }
}
