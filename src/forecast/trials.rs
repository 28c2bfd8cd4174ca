//! The forecast tried on its own past: at earlier days everything is done as it would have been done then, and set
//! against what came.
//!
//! This is the outer test of the whole way from log to quantities; which model is used inside is chosen by a test of
//! its own on what was known at that day. What quantities cost is left to the caller, errors to `grade`.

use std::ops::Range;

use chrono::{Days, NaiveDate};

use super::honest::Options;
use super::log_days::{LogDays, Sums, after};
use super::projection::project;
use crate::period::Month;

/// The spans in which the past is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Calendar months.
    Month,
    /// Seven days.
    Week,
    /// Single days.
    Day,
}

impl Unit {
    /// The word for one.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Month => "month",
            Unit::Week => "week",
            Unit::Day => "day",
        }
    }
}

/// One forecast of the past beside what came.
#[derive(Clone, PartialEq, Debug)]
pub struct Trial {
    /// The first day that was not known.
    pub origin: NaiveDate,
    /// How many units ahead: 1 for the one that begins at the origin.
    pub horizon: usize,
    /// The days that were forecast.
    pub days: Range<NaiveDate>,
    /// What came.
    pub actual: Sums,
    /// What was expected.
    pub expected: Sums,
    /// The futures that were drawn.
    pub futures: Vec<Sums>,
}

/// The forecasts of the past.
#[derive(Clone, PartialEq, Debug)]
pub struct Trials {
    /// The spans that were compared.
    pub unit: Unit,
    /// By origin, then by horizon.
    pub trials: Vec<Trial>,
    /// All spans that are wholly known, in order: what each change from one to the next is measured on.
    pub units: Vec<(Range<NaiveDate>, Sums)>,
}

/// How many forecasts of the past are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Days at which forecasts are made, at most.
    pub origins: usize,
    /// Units ahead, at most.
    pub horizons: usize,
}

/// Trials that it takes to say anything.
const FEWEST: usize = 2;

/// Tries the forecast on the past: by months where there are enough, else by weeks, else by days; `None` where not
/// even days are enough.
pub fn trials(days: &LogDays, options: &Options, extent: Extent, seed: u64) -> Option<Trials> {
    [Unit::Month, Unit::Week, Unit::Day].into_iter().find_map(|unit| {
        let spans = spans(days, unit);
        let known = spans.iter().filter(|span| is_known(days, span));
        let units = known.map(|span| (span.clone(), days.sum(span.clone()).0)).collect();
        let origins = origins(days, unit, &spans, extent.origins);
        if origins.len() < FEWEST {
            return None;
        }
        let tried = origins.iter().flat_map(|&origin| tried(days, &spans[origin..], options, extent, seed));
        Some(Trials { unit, trials: tried.collect(), units })
    })
}

/// Days that must be known before the first origin.
fn training(unit: Unit) -> u64 {
    match unit {
        Unit::Month => 42,
        Unit::Week => 14,
        Unit::Day => 4,
    }
}

/// The spans of a unit up to the last known day. Weeks are counted back from it, so that no day is lost at the end.
fn spans(days: &LogDays, unit: Unit) -> Vec<Range<NaiveDate>> {
    let (first, next) = (days.first, days.next());
    let mut spans = Vec::new();
    match unit {
        Unit::Month => {
            let mut month = Month::of_date(first);
            while month.next().first_day() <= next {
                spans.push(month.first_day()..month.next().first_day());
                month = month.next();
            }
        }
        Unit::Week | Unit::Day => {
            let length = if unit == Unit::Week { 7 } else { 1 };
            let mut end = next;
            while let Some(start) = end.checked_sub_days(Days::new(length)).filter(|start| *start >= first) {
                spans.push(start..end);
                end = start;
            }
            spans.reverse();
        }
    }
    spans
}

fn is_known(days: &LogDays, span: &Range<NaiveDate>) -> bool {
    let length = usize::try_from((span.end - span.start).num_days()).unwrap_or(0);
    days.sum(span.clone()).1 == length
}

/// The places of the last spans that are wholly known and have enough days before them.
fn origins(days: &LogDays, unit: Unit, spans: &[Range<NaiveDate>], most: usize) -> Vec<usize> {
    let earliest = after(days.first, training(unit));
    let fits = |place: &usize| spans[*place].start >= earliest && is_known(days, &spans[*place]);
    let mut origins: Vec<usize> = (0..spans.len()).rev().filter(fits).take(most).collect();
    origins.reverse();
    origins
}

fn tried(
    days: &LogDays,
    spans: &[Range<NaiveDate>],
    options: &Options,
    extent: Extent,
    seed: u64,
) -> Vec<Trial> {
    let ahead = &spans[..spans.len().min(extent.horizons)];
    let Some(origin) = ahead.first().map(|span| span.start) else { return Vec::new() };
    let known = days.before(origin);
    let projection = project(&known, ahead, options, seed);
    let trial = |(place, span): (usize, super::projection::Span)| {
        let (actual, _) = days.sum(span.days.clone());
        let (expected, futures) = (span.expected, span.futures);
        is_known(days, &span.days).then_some(Trial {
            origin,
            horizon: place + 1,
            days: span.days,
            actual,
            expected,
            futures,
        })
    };
    projection.spans.into_iter().enumerate().filter_map(trial).collect()
}
