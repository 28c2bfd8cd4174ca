//! What the days of the past can be used for: whole days, days cut off at either end, days with hours missing, and
//! days without a log, told apart from days on which nothing was sent.
//!
//! Nothing is replaced or left out here; that is left to `honest`.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use crate::period::Timestamp;
use crate::usage::Coverage;

/// What was sent on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Recipients.
    pub recipients: u64,
    /// Bytes of the messages, each counted for every recipient.
    pub recipient_bytes: u128,
}

impl Sums {
    /// Adds others.
    pub fn merge(&mut self, other: Sums) {
        self.recipients = self.recipients.saturating_add(other.recipients);
        self.recipient_bytes = self.recipient_bytes.saturating_add(other.recipient_bytes);
    }
}

/// What a day can be used for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Standing {
    /// All of it is known; nothing sent means nothing sent.
    Whole,
    /// The log begins or ends in it.
    CutOff {
        /// The share of a usual day that lies before the log.
        before: f64,
        /// The share that lies after it.
        after: f64,
    },
    /// Most of the hours that such a day usually has are missing.
    Incomplete,
    /// No log.
    Missing,
}

/// One day of the past, in UTC.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Day {
    /// What was sent, as far as it is known.
    pub sums: Sums,
    /// What it can be used for.
    pub standing: Standing,
}

/// The days from the first to the last with a log, none left out.
#[derive(Clone, PartialEq, Debug)]
pub struct LogDays {
    /// The first day.
    pub first: NaiveDate,
    /// One after the other.
    pub days: Vec<Day>,
    /// The first and the last instant that the log tells of.
    pub span: (Timestamp, Timestamp),
    /// Logged days that lie more than [`GAP_CAP`] from the others, which are left out.
    pub left_out: u64,
}

/// What the days are made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What was counted, by UTC day.
    pub sums: &'a BTreeMap<NaiveDate, Sums>,
    /// Which hours have a log.
    pub coverage: &'a Coverage,
    /// The window that was asked for; days outside are not looked at.
    pub window: (Option<Timestamp>, Option<Timestamp>),
    /// Whether there are records of which only the day is known.
    pub has_dates_only: bool,
}

/// A gap of so many days ends what a history can tell of today: more than a year and a month.
pub const GAP_CAP: i64 = 400;
/// A day is cut off where more than this share of a usual day lies outside the log: more than an hour of an office
/// day, by which the clock change moves it.
const CUT_OFF: f64 = 0.1;
/// The same where no whole day shows what a usual one is: three quarters of an hour.
const CUT_OFF_UNSEEN: f64 = 0.03;
/// A day lacks hours where it has less than this share of those of its weekday.
const FEW_HOURS: f64 = 0.5;
/// Hours that a weekday must usually have before lacking ones say anything.
const BUSY_HOURS: f64 = 8.0;
/// A weekday that has mail in this share of the weeks has a log missing where it has none.
const MOSTLY: f64 = 0.8;
/// Days without mail in a row that a weekend and its holidays explain.
const LONG_WEEKEND: usize = 6;

impl LogDays {
    /// The days of a run; `None` where it has none.
    pub fn new(sources: &Sources<'_>) -> Option<LogDays> {
        let (first, last) = sources.coverage.span()?;
        let (from, to) = sources.window;
        let start = from.map_or(first, |from| from.max(first));
        let end = to.map_or(last, |to| last.min(Timestamp::from_seconds(to.seconds() - 1)));
        if start > end {
            return None;
        }
        let (dates, left_out) = dates(sources.coverage, start.date(), end.date());
        let start = dates.first().map_or(start, |date| start.max(midnight(*date)));
        let end = dates
            .last()
            .map_or(end, |date| end.min(Timestamp::from_seconds(midnight(after(*date, 1)).seconds() - 1)));
        let hours: Vec<u32> = dates.iter().map(|date| sources.coverage.hours(*date)).collect();
        // Each day has one hour, that of its date: no day can be seen to be cut off.
        let dates_only = sources.has_dates_only && hours.iter().all(|hours| hours.count_ones() <= 1);
        let usual = Usual::of(&dates, &hours);
        let empty = Empty::of(&dates, &hours);
        let last_place = dates.len().checked_sub(1)?;
        let standing = |place: usize, date: NaiveDate| {
            if hours[place] == 0 {
                return if empty.is_missing(place, date) { Standing::Missing } else { Standing::Whole };
            }
            let (is_first, is_last) = (place == 0 && !dates_only, place == last_place && !dates_only);
            let before = if is_first { usual.share_before(date, start) } else { 0.0 };
            let after = if is_last { usual.share_after(date, end) } else { 0.0 };
            match before + after > if usual.is_seen { CUT_OFF } else { CUT_OFF_UNSEEN } {
                true => Standing::CutOff { before, after },
                false if place > 0 && place < last_place && usual.lacks_hours(date, hours[place]) => {
                    Standing::Incomplete
                }
                false => Standing::Whole,
            }
        };
        let sums = |date: &NaiveDate| sources.sums.get(date).copied().unwrap_or_default();
        let days = dates.iter().enumerate();
        let days = days.map(|(place, date)| Day { sums: sums(date), standing: standing(place, *date) });
        Some(LogDays { first: *dates.first()?, days: days.collect(), span: (start, end), left_out })
    }

    /// The day at a place.
    pub fn date(&self, place: usize) -> NaiveDate {
        after(self.first, place as u64)
    }

    /// The first day of which nothing, or not all, is known.
    pub fn next(&self) -> NaiveDate {
        after(self.first, self.known() as u64)
    }

    /// Days before [`next`](LogDays::next).
    pub(super) fn known(&self) -> usize {
        match self.days.last() {
            Some(Day { standing: Standing::CutOff { after, .. }, .. }) if *after > 0.0 => self.days.len() - 1,
            _ => self.days.len(),
        }
    }

    /// Whether a part of [`next`](LogDays::next) is known.
    pub fn has_begun_next(&self) -> bool {
        self.to_come() < 1.0
    }

    /// The share of [`next`](LogDays::next) that is still to come.
    pub(super) fn to_come(&self) -> f64 {
        match self.days.get(self.known()) {
            Some(Day { standing: Standing::CutOff { after, .. }, .. }) => after.min(1.0),
            _ => 1.0,
        }
    }

    /// The same as it was known before a day.
    pub fn before(&self, date: NaiveDate) -> LogDays {
        let days = usize::try_from((date - self.first).num_days()).unwrap_or(0).min(self.days.len());
        let end = self.span.1.min(Timestamp::from_seconds(midnight(date).seconds() - 1));
        LogDays { days: self.days[..days].to_vec(), span: (self.span.0, end), ..self.clone() }
    }

    /// What was sent from a day up to another, and how many days of it are whole.
    pub fn sum(&self, days: Range<NaiveDate>) -> (Sums, usize) {
        let place = |date: NaiveDate| {
            usize::try_from((date - self.first).num_days()).unwrap_or(0).min(self.days.len())
        };
        let (mut sums, mut whole) = (Sums::default(), 0);
        for day in &self.days[place(days.start)..place(days.end)] {
            sums.merge(day.sums);
            whole += usize::from(day.standing == Standing::Whole);
        }
        (sums, whole)
    }

    /// Hours of a day that lie between the first and the last instant.
    pub(super) fn hours_within_span(&self, place: usize) -> f64 {
        let start = midnight(self.date(place)).max(self.span.0).seconds();
        let end = midnight(self.date(place + 1)).min(self.span.1).seconds();
        (end - start).max(0) as f64 / 3600.0
    }

    /// Days of which all is known.
    pub fn whole_days(&self) -> usize {
        self.days.iter().filter(|day| day.standing == Standing::Whole).count()
    }
}

/// A day some days later.
pub(super) fn after(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

fn midnight(date: NaiveDate) -> Timestamp {
    Timestamp::from_utc(date.and_time(NaiveTime::MIN))
}

/// The days from one to another; of parts that lie more than [`GAP_CAP`] apart, the one with the most logged days. And
/// how many logged days are in the others.
fn dates(coverage: &Coverage, start: NaiveDate, end: NaiveDate) -> (Vec<NaiveDate>, u64) {
    let mut parts: Vec<(NaiveDate, NaiveDate, u64)> = Vec::new();
    for date in start.iter_days().take_while(|date| *date <= end).filter(|date| coverage.hours(*date) != 0) {
        match parts.last_mut() {
            Some((_, last, logged)) if (date - *last).num_days() <= GAP_CAP => {
                *last = date;
                *logged += 1;
            }
            _ => parts.push((date, date, 1)),
        }
    }
    let all: u64 = parts.iter().map(|(_, _, logged)| logged).sum();
    // Of two alike, the later.
    let kept = parts.into_iter().max_by_key(|(first, _, logged)| (*logged, *first));
    let Some((mut first, last, logged)) = kept else { return (Vec::new(), 0) };
    if logged == all {
        first = start;
    }
    (first.iter_days().take_while(|date| *date <= last).collect(), all - logged)
}

/// How often each hour of each weekday has a log, over the inner days that have one.
struct Usual {
    by_weekday: [[f64; 24]; 7],
    /// Whether there are such days.
    is_seen: bool,
}

impl Usual {
    fn of(dates: &[NaiveDate], hours: &[u32]) -> Usual {
        let (mut counts, mut days) = ([[0.0; 24]; 7], [0.0; 7]);
        let inner = 1..dates.len().saturating_sub(1);
        for (date, mask) in dates.iter().zip(hours).take(inner.end).skip(inner.start) {
            if *mask != 0 {
                let weekday = index(date.weekday());
                days[weekday] += 1.0;
                (0..24).for_each(|hour| counts[weekday][hour] += f64::from(mask >> hour & 1));
            }
        }
        let all_days: f64 = days.iter().sum();
        let mut by_weekday = [[1.0; 24]; 7];
        for (weekday, usual) in by_weekday.iter_mut().enumerate() {
            for (hour, share) in usual.iter_mut().enumerate() {
                // A weekday seen less than three times is taken like the others.
                *share = match (days[weekday] >= 3.0, all_days > 0.0) {
                    (true, _) => counts[weekday][hour] / days[weekday],
                    (false, true) => counts.iter().map(|counts| counts[hour]).sum::<f64>() / all_days,
                    (false, false) => 1.0,
                };
            }
        }
        Usual { by_weekday, is_seen: all_days > 0.0 }
    }

    fn share_before(&self, date: NaiveDate, start: Timestamp) -> f64 {
        let hour = (start.seconds() - midnight(date).seconds()) / 3600;
        self.share(date, |at| (at as i64) < hour)
    }

    fn share_after(&self, date: NaiveDate, end: Timestamp) -> f64 {
        let hour = (end.seconds() - midnight(date).seconds()) / 3600;
        self.share(date, |at| (at as i64) > hour)
    }

    fn share(&self, date: NaiveDate, of: impl Fn(usize) -> bool) -> f64 {
        let usual = &self.by_weekday[index(date.weekday())];
        let all: f64 = usual.iter().sum();
        let part: f64 = usual.iter().enumerate().filter(|(hour, _)| of(*hour)).map(|(_, share)| share).sum();
        if all > 0.0 { part / all } else { 0.0 }
    }

    fn lacks_hours(&self, date: NaiveDate, mask: u32) -> bool {
        let usual: f64 = self.by_weekday[index(date.weekday())].iter().sum();
        usual >= BUSY_HOURS && f64::from(mask.count_ones()) < FEW_HOURS * usual
    }
}

/// The days without any mail, and which of them have no log.
struct Empty {
    /// Whether a day lies in a row of empty days that is longer than such rows are.
    in_long_run: Vec<bool>,
    /// The share of weeks in which a weekday has mail, outside such rows.
    active: [f64; 7],
}

impl Empty {
    fn of(dates: &[NaiveDate], hours: &[u32]) -> Empty {
        let runs = runs(hours);
        let mut in_long_run = vec![false; hours.len()];
        for (at, run) in runs.iter().enumerate() {
            let mut others: Vec<usize> = runs.iter().map(|run| run.len()).collect();
            others.swap_remove(at);
            others.sort_unstable();
            let usual = others.get(others.len() / 2).copied().unwrap_or(0);
            if run.len() > (2 * usual + 2).max(LONG_WEEKEND) {
                run.clone().for_each(|place| in_long_run[place] = true);
            }
        }
        let (mut active, mut all) = ([0.0; 7], [0.0; 7]);
        for (place, date) in dates.iter().enumerate().filter(|(place, _)| !in_long_run[*place]) {
            let weekday = index(date.weekday());
            all[weekday] += 1.0;
            active[weekday] += f64::from(u8::from(hours[place] != 0));
        }
        (0..7).for_each(|weekday| active[weekday] /= f64::max(all[weekday], 1.0));
        Empty { in_long_run, active }
    }

    fn is_missing(&self, place: usize, date: NaiveDate) -> bool {
        self.in_long_run[place] || self.active[index(date.weekday())] >= MOSTLY
    }
}

/// The rows of days without any log.
fn runs(hours: &[u32]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for place in (0..hours.len()).filter(|place| hours[*place] == 0) {
        match runs.last_mut() {
            Some(run) if run.end == place => run.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    runs
}

fn index(weekday: Weekday) -> usize {
    weekday.num_days_from_monday() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of 2026-03-02 (a Monday) on: a submission at each full hour that `logged` says, ten recipients each.
    fn log(days: i64, logged: impl Fn(i64, i64) -> bool) -> (BTreeMap<NaiveDate, Sums>, Coverage) {
        let start = midnight(date("2026-03-02")).seconds();
        let hours = (0..days * 24).filter(|hour| logged(hour / 24, hour % 24));
        let times: Vec<Timestamp> = hours.map(|hour| Timestamp::from_seconds(start + hour * 3600)).collect();
        let mut sums = BTreeMap::new();
        for time in &times {
            let sum: &mut Sums = sums.entry(time.date()).or_default();
            sum.merge(Sums { recipients: 10, recipient_bytes: 1_000 });
        }
        (sums, Coverage::of(times))
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days_of(days: i64, logged: impl Fn(i64, i64) -> bool) -> LogDays {
        let (sums, coverage) = log(days, logged);
        LogDays::new(&Sources {
            sums: &sums,
            coverage: &coverage,
            window: (None, None),
            has_dates_only: false,
        })
        .unwrap()
    }

    fn places(days: &LogDays, is: impl Fn(Standing) -> bool) -> Vec<usize> {
        (0..days.days.len()).filter(|place| is(days.days[*place].standing)).collect()
    }

    #[test]
    fn days_cut_off_at_either_end_are_known_by_the_usual_hours() {
        // From 06:00 of the first to 15:00 of the last day, otherwise around the clock.
        let cut = days_of(20, |day, hour| (day > 0 || hour >= 6) && (day < 19 || hour <= 15));
        assert_eq!(places(&cut, |standing| matches!(standing, Standing::CutOff { .. })), [0, 19]);
        let Standing::CutOff { after: share, .. } = cut.days[19].standing else { panic!("cut off") };
        assert!((share - 8.0 / 24.0).abs() < 1e-9);
        assert_eq!((cut.next(), cut.whole_days()), (date("2026-03-21"), 18));
        // Mail of office hours only: nothing is missing of a day that begins at eight.
        let office = days_of(20, |_, hour| (8..18).contains(&hour));
        assert_eq!(office.whole_days(), 20);
        // The clock change moves the office by an hour and cuts no day off.
        let summer =
            days_of(40, |day, hour| if day < 27 { (8..18).contains(&hour) } else { (7..17).contains(&hour) });
        assert_eq!(summer.whole_days(), 40);
    }

    #[test]
    fn gaps_are_told_from_days_without_mail() {
        // Nothing is sent at weekends; a week and a single Wednesday have no log.
        let is_logged = |day: i64, hour: i64| {
            day % 7 < 5 && (8..18).contains(&hour) && !(35..42).contains(&day) && day != 65
        };
        let days = days_of(100, is_logged);
        let missing = places(&days, |standing| standing == Standing::Missing);
        // The weekends around the missing week belong to the gap.
        assert_eq!(missing, [33, 34, 35, 36, 37, 38, 39, 40, 41, 65]);
        assert_eq!(days.days[5], Day { sums: Sums::default(), standing: Standing::Whole });
        // A newsletter once a month: the days between are zeros.
        let monthly = days_of(200, |day, hour| day % 30 == 0 && hour == 9);
        assert!(places(&monthly, |standing| standing == Standing::Missing).is_empty());
    }

    #[test]
    fn a_day_with_few_of_its_hours_is_incomplete() {
        let days = days_of(30, |day, hour| day != 12 || hour < 5);
        assert_eq!(places(&days, |standing| standing == Standing::Incomplete), [12]);
    }

    #[test]
    fn what_lies_before_more_than_a_year_without_log_is_left_out() {
        let days = days_of(500, |day, _| !(3..=450).contains(&day));
        assert_eq!((days.first, days.days.len()), (date("2027-05-27"), 49));
        assert!(days.left_out > 0);
    }

    #[test]
    fn a_window_cuts_no_day_off_and_dates_alone_have_no_hours() {
        let (sums, coverage) = log(10, |_, hour| hour == 0);
        let sources =
            |window, has_dates_only| Sources { sums: &sums, coverage: &coverage, window, has_dates_only };
        assert_eq!(LogDays::new(&sources((None, None), true)).unwrap().whole_days(), 10);
        let window = (Some(midnight(date("2026-03-04"))), Some(midnight(date("2026-03-08"))));
        let days = LogDays::new(&sources(window, false)).unwrap();
        assert_eq!((days.first, days.days.len(), days.whole_days()), (date("2026-03-04"), 4, 4));
        assert_eq!(LogDays::new(&sources((Some(midnight(date("2027-01-01"))), None), false)), None);
    }
}
