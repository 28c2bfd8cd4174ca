//! What is to come, by charge period: recipients and bytes together, as expected and as equally likely futures.
//!
//! Days are forecast by the week. From two years of whole months on, later months follow the year as well: a model
//! of months says how much, the days how it is spread. What the futures cost is left to `estimate`.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

use super::anomalies::Anomaly;
use super::calendar::Effect;
use super::calibration::Calibration;
use super::daily::{Daily, WEEK};
use super::engine::{Forecast, Series, Settings, forecast};
use super::honest::{Honest, Options};
use super::log_days::{LogDays, Standing, Sums, after};
use super::noise::Normals;
use super::paths::Paths;
use super::rough;
use super::selection::Choice;
use crate::period::Month;

/// Whole days below which there is no day to forecast from.
pub const FEWEST_DAYS: usize = 3;
/// Whole months from which the year is followed: two of each.
const MONTHS_OF_YEARS: usize = 24;
/// A year of months.
const YEAR: usize = 12;
/// The share of the days of a month that must be known for it to say something of its month.
const MOST: f64 = 0.8;
/// Days of the running month from which it counts as a month.
const RUNNING_DAYS: u32 = 10;

/// What is to come in one span of days.
#[derive(Clone, PartialEq, Debug)]
pub struct Span {
    /// Its days; the first is the first that is not wholly known.
    pub days: Range<NaiveDate>,
    /// What is expected.
    pub expected: Sums,
    /// What it comes to in each of the futures; the same place in two spans is the same future.
    pub futures: Vec<Sums>,
}

/// How the figures came about.
#[derive(Clone, Debug)]
pub struct Basis {
    /// How recipients were forecast.
    pub recipients: Method,
    /// How the bytes of a recipient were.
    pub recipient_size: Method,
    /// How later months were, where the year is followed.
    pub months: Option<Method>,
    /// What special days do to the recipients, and to the bytes of one.
    pub effects: [Vec<Effect>; 2],
    /// Days unlike their neighbours.
    pub anomalies: Vec<Anomaly>,
}

/// A way to forecast one series.
#[derive(Clone, Debug)]
pub enum Method {
    /// By the model that the engine chose, with bands as wide as its forecasts of the past ask for.
    Model(Box<Choice>, Calibration),
    /// By the rate an hour: there are too few whole days.
    Rate,
}

/// The spans with how they came about.
#[derive(Clone, Debug)]
pub struct Projection {
    /// One after the other.
    pub spans: Vec<Span>,
    /// What is missing of days before the spans, from the first of the month in which the log begins on: days without
    /// a log, and the rest of those that are not wholly known. Estimated from the days around them.
    pub missing: Vec<(NaiveDate, Sums)>,
    /// How they came about.
    pub basis: Basis,
}

/// Daily figures to come: recipients and bytes of one, each expected and in all futures.
struct Days {
    recipients: Forecast,
    recipient_size: Forecast,
}

/// Forecasts spans of days that follow each other from [`LogDays::next`] on. `seed` makes the futures repeatable.
pub fn project(days: &LogDays, spans: &[Range<NaiveDate>], options: &Options, seed: u64) -> Projection {
    let last = spans.last().map_or(days.next(), |span| span.end);
    let honest = Honest::new(days, last, options);
    if days.whole_days() < FEWEST_DAYS {
        return rough::project(days, spans, honest, options, seed);
    }
    let horizon = usize::try_from((last - days.next()).num_days()).unwrap_or(0);
    let ahead = |daily: &Daily, effects: &[Effect], first: f64, seed| {
        let series = Series { values: &daily.values, observed: &daily.observed, season: WEEK };
        let mut ahead = forecast(&series, &Settings { seed, ..settings(horizon, options) });
        let mut factors = honest.special.factors(effects, days.next(), horizon);
        factors.iter_mut().take(1).for_each(|factor| *factor *= first);
        let scale =
            |values: &mut [f64]| values.iter_mut().zip(&factors).for_each(|(value, factor)| *value *= factor);
        scale(&mut ahead.mean);
        ahead.paths.iter_mut().for_each(scale);
        ahead
    };
    let [effects, size_effects] = &honest.effects;
    let recipients = ahead(&honest.recipients, effects, days.to_come(), seed);
    let recipient_size = ahead(&honest.recipient_size, size_effects, 1.0, seed ^ 1);
    let mut daily = Days { recipients, recipient_size };
    let months = follow_the_year(days, &honest, &mut daily, options, seed ^ 2);
    widen(&mut daily.recipients.paths, days.whole_days(), months.is_some(), seed ^ 3);
    let basis = Basis {
        recipients: method(&daily.recipients),
        recipient_size: method(&daily.recipient_size),
        months,
        effects: honest.effects.clone(),
        anomalies: honest.anomalies.clone(),
    };
    let missing = missing(days, &honest);
    let spans = spans.iter().map(|span| daily.span(days.next(), span)).collect();
    Projection { spans, missing, basis }
}

/// What is missing of days of the past, from what is usual for them.
fn missing(days: &LogDays, honest: &Honest) -> Vec<(NaiveDate, Sums)> {
    let (first, next) = (Month::of_date(days.first).first_day(), days.next());
    let length = usize::try_from((next - first).num_days()).unwrap_or(0);
    let [factors, size_factors] =
        [0, 1].map(|which| honest.special.factors(&honest.effects[which], first, length));
    let dates = first.iter_days().take(length).zip(factors).zip(size_factors);
    let part = |((date, factor), size_factor): ((NaiveDate, f64), f64)| {
        let place = usize::try_from((date - days.first).num_days()).ok();
        let (count, size) = match place {
            Some(place) => (honest.recipients.values[place], honest.recipient_size.values[place]),
            None => (honest.recipients.usual_before(date), honest.recipient_size.usual_before(date)),
        };
        let usual = count * factor;
        let measured = place.map_or(0.0, |place| days.days[place].sums.recipients as f64);
        let lacking = match place.map(|place| days.days[place].standing) {
            None | Some(Standing::Missing) => usual,
            Some(Standing::Incomplete) => (usual - measured).max(0.0),
            Some(Standing::CutOff { before, .. }) => usual * before,
            Some(Standing::Whole) => 0.0,
        };
        (lacking >= 0.5).then(|| (date, whole(lacking, lacking * size * size_factor)))
    };
    dates.filter_map(part).collect()
}

fn method(forecast: &Forecast) -> Method {
    Method::Model(Box::new(forecast.choice.clone()), forecast.calibration)
}

fn settings(horizon: usize, options: &Options) -> Settings {
    Settings { paths: options.paths, origins: options.origins, ..Settings::new(horizon) }
}

impl Days {
    fn span(&self, next: NaiveDate, days: &Range<NaiveDate>) -> Span {
        let step = |date: NaiveDate| usize::try_from((date - next).num_days()).unwrap_or(0);
        let steps = step(days.start)..step(days.end).min(self.recipients.mean.len());
        let sums = |recipients: &[f64], size: &[f64]| {
            let count = steps.clone().map(|step| recipients[step]).sum();
            let bytes = steps.clone().map(|step| recipients[step] * size[step]).sum();
            whole(count, bytes)
        };
        let futures = self.recipients.paths.iter().zip(self.recipient_size.paths.iter());
        Span {
            days: days.clone(),
            expected: sums(&self.recipients.mean, &self.recipient_size.mean),
            futures: futures.map(|(recipients, size)| sums(recipients, size)).collect(),
        }
    }
}

/// What a history is too short to show: models that never saw a weekend, a turn of the month or a year cannot know
/// how much they do. The spreads of the logarithm are rules of thumb for application mail, not measurements.
const UNSEEN_WEEK: f64 = 0.3;
const UNSEEN_MONTH: f64 = 0.07;
const UNSEEN_YEAR: f64 = 0.1;
/// Whole days from which each day of the week, and the turn of the month, was seen twice.
pub const TWO_WEEKS: usize = 14;
/// See [`TWO_WEEKS`].
pub const TWO_MONTHS: usize = 62;
/// Days after which the spread of the year is reached; it goes on to grow as that of a random walk does.
const HALF_A_YEAR: f64 = 182.0;

/// Makes each future more, or less, as a whole, by what the history was too short to show. The mean stays.
fn widen(paths: &mut Paths, whole_days: usize, year_is_followed: bool, seed: u64) {
    let spread = |is_seen: bool, spread: f64| if is_seen { 0.0 } else { spread };
    let week = spread(whole_days >= TWO_WEEKS, UNSEEN_WEEK);
    let at_once = week.hypot(spread(whole_days >= TWO_MONTHS, UNSEEN_MONTH));
    let year = spread(year_is_followed, UNSEEN_YEAR);
    let mut normals = Normals::new(seed, 2);
    for path in paths.iter_mut() {
        let drawn = normals.next_path();
        for (step, value) in path.iter_mut().enumerate() {
            let year = year * (step as f64 / HALF_A_YEAR).sqrt();
            let variance = at_once * at_once + year * year;
            *value *= (at_once * drawn[0] + year * drawn[1] - variance / 2.0).exp();
        }
    }
}

/// Whole recipients and bytes. None are lost: what is no whole recipient still has its bytes.
pub(super) fn whole(recipients: f64, bytes: f64) -> Sums {
    // A float that is too large for the integer becomes the largest one.
    Sums { recipients: recipients.round() as u64, recipient_bytes: bytes.round() as u128 }
}

/// Lets the months after the running one be what a model of months says, where there are enough of them. Says which
/// model that is.
fn follow_the_year(
    days: &LogDays,
    honest: &Honest,
    daily: &mut Days,
    options: &Options,
    seed: u64,
) -> Option<Method> {
    let next = days.next();
    let months = Months::of(days, honest, &daily.recipients.mean)?;
    let running = months.first_to_come;
    let end = after(next, daily.recipients.mean.len() as u64);
    let to_come: Vec<Month> = std::iter::successors(Some(running), |month| Some(month.next()))
        .take_while(|month| month.first_day() < end)
        .collect();
    let series = Series { values: &months.a_day, observed: &months.observed, season: YEAR };
    let outlook = forecast(&series, &Settings { seed, ..settings(to_come.len(), options) });
    let step = |date: NaiveDate| usize::try_from((date - next).num_days()).unwrap_or(0);
    for (place, month) in to_come.iter().enumerate() {
        let steps = step(month.first_day())..step(month.next().first_day().min(end));
        let length = steps.len() as f64;
        stretch(&mut daily.recipients.mean[steps.clone()], outlook.mean[place] * length);
        let paths: &mut Paths = &mut daily.recipients.paths;
        for (path, months) in paths.iter_mut().zip(outlook.paths.iter()) {
            stretch(&mut path[steps.clone()], months[place] * length);
        }
    }
    (!to_come.is_empty()).then(|| method(&outlook))
}

/// Makes values add up to a sum; evenly, where they add up to nothing.
fn stretch(values: &mut [f64], sum: f64) {
    let now: f64 = values.iter().sum();
    let even = sum / values.len().max(1) as f64;
    values.iter_mut().for_each(|value| *value = if now > 0.0 { *value * sum / now } else { even });
}

/// Recipients a day by month, so that a short month is no small one.
struct Months {
    a_day: Vec<f64>,
    observed: Vec<bool>,
    /// The month after the last of them.
    first_to_come: Month,
}

impl Months {
    /// The months of the past; `None` where they are too few. The running month stands among them, as expected, once
    /// enough of it is known.
    fn of(days: &LogDays, honest: &Honest, expected: &[f64]) -> Option<Months> {
        let (first, next) = (days.first, days.next());
        let start = if first.day() == 1 { Month::of_date(first) } else { Month::of_date(first).next() };
        let running = Month::of_date(next);
        let factors = honest.special.factors(&honest.effects[0], first, honest.recipients.len());
        let value = |date: NaiveDate| match usize::try_from((date - first).num_days()) {
            Ok(place) if place < factors.len() => honest.recipients.values[place] * factors[place],
            Ok(place) => expected.get(place - factors.len()).copied().unwrap_or_default(),
            Err(_) => 0.0,
        };
        let seen = |date: &NaiveDate| {
            let place = usize::try_from((*date - first).num_days()).ok();
            place.is_none_or(|place| honest.recipients.observed.get(place).copied().unwrap_or(true))
        };
        let mut months = Months { a_day: Vec::new(), observed: Vec::new(), first_to_come: running };
        let mut month = start;
        while month < running || (month == running && next.day0() >= RUNNING_DAYS) {
            let dates = month.first_day().iter_days().take_while(|date| Month::of_date(*date) == month);
            let dates: Vec<NaiveDate> = dates.collect();
            let length = dates.len() as f64;
            months.a_day.push(dates.iter().map(|date| value(*date)).sum::<f64>() / length);
            months.observed.push(dates.iter().filter(|date| seen(date)).count() as f64 >= MOST * length);
            month = month.next();
            months.first_to_come = month;
        }
        if months.first_to_come == running && next.day0() > 0 {
            months.first_to_come = running.next();
            // The running month is not long enough to say anything; it is a step that nobody saw.
            let last = months.a_day.last().copied()?;
            months.a_day.push(last);
            months.observed.push(false);
        }
        (months.observed.iter().filter(|seen| **seen).count() >= MONTHS_OF_YEARS).then_some(months)
    }
}
