//! From the times of IIS logs to instants.
//!
//! * W3C extended: UTC. Where a column is left out, `#Date:` gives the day, and the time too.
//! * NCSA common: local, with an offset that is that of standard time all year, so that a time in summer is an hour
//!   late by it. `--log-timezone` is taken instead of the offset where it is given.
//! * IIS: local, without zone; day and month as the server's locale orders them, the month first by default.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::row::Row;
use super::shape::Shape;
use crate::ingest::delimited::plain_digits;
use crate::ingest::{DateOrder, ReadOptions};
use crate::period::{Timestamp, Zone};
use crate::usage::TimeQuality;

/// Longest text of a date and a time that is remembered.
const CACHED: usize = 48;
/// Seconds by which rows of one log can be out of order.
const DISORDER: i64 = 300;
/// Hours back after which a time without a day is of the next one.
const NEXT_DAY_HOURS: i64 = 12;
const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";

/// A time with how it became one.
pub(super) type Timed = (Timestamp, TimeQuality);

/// What the instants of a run stand on, to be told to the user.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Assumed {
    /// Times without zone were read in the one that the user states, or as UTC.
    pub(super) zone: bool,
    /// Times without zone were read as UTC.
    pub(super) utc: bool,
    /// The offset that NCSA rows print was taken.
    pub(super) offset: bool,
    /// Day and month could be the other way round.
    pub(super) order: bool,
}

/// The clock of one part.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    zone: Option<Zone>,
    order: Option<DateOrder>,
    /// What `#Date:` said last, moved on where times without a day pass midnight.
    directive: Option<NaiveDateTime>,
    last: Timestamp,
    cached: [u8; CACHED],
    cached_length: usize,
    cached_time: Option<Timed>,
    /// What its instants stand on.
    pub(super) assumed: Assumed,
}

impl Clock {
    /// A clock; `order` is what the dates of all inputs prove.
    pub(super) fn new(options: &ReadOptions, order: Option<DateOrder>) -> Clock {
        Clock {
            zone: options.log_zone,
            order: options.date_order.or(order),
            directive: None,
            last: Timestamp::from_seconds(i64::MIN),
            cached: [0; CACHED],
            cached_length: usize::MAX,
            cached_time: None,
            assumed: Assumed::default(),
        }
    }

    /// Takes the text of a `#Date:` line: `2006-10-09 05:00:15`.
    pub(super) fn set(&mut self, text: &[u8]) {
        let text = text.trim_ascii();
        let (date, time) = text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len()));
        if let Some(date) = ymd(date) {
            let time = seconds(time.trim_ascii()).and_then(midnight_plus).unwrap_or_default();
            self.directive = Some(date.and_time(time));
            self.cached_length = usize::MAX;
        }
    }

    /// Goes on where the part before ended, for a part that begins in the middle of a section.
    pub(super) fn continue_from(&mut self, before: &Clock) {
        self.directive = self.directive.or(before.directive);
    }

    /// The instant of a row; `None` where it cannot be read.
    #[inline]
    pub(super) fn instant(&mut self, row: &Row<'_>, shape: &Shape) -> Option<Timed> {
        let (date, time) = (row.date, row.time);
        let length = date.len() + time.len();
        let is_cached = self.cached_length == length
            && self.cached.get(..date.len()) == Some(date)
            && self.cached.get(date.len()..length) == Some(time);
        if !is_cached {
            self.cached_time = self.read(date, time, shape);
            self.cached_length = usize::MAX;
            if let Some(cache) = self.cached.get_mut(..length) {
                cache[..date.len()].copy_from_slice(date);
                cache[date.len()..].copy_from_slice(time);
                self.cached_length = length;
            }
            self.last = self.cached_time.map_or(self.last, |timed| timed.0);
        }
        self.cached_time
    }

    fn read(&mut self, date: &[u8], time: &[u8], shape: &Shape) -> Option<Timed> {
        match shape {
            Shape::W3c(_) => self.read_w3c(date, time),
            Shape::Ncsa => self.read_ncsa(date),
            Shape::Fixed => {
                let day = self.day(date)?;
                let local = day.and_time(midnight_plus(seconds(time)?)?);
                let zone = self.zone.unwrap_or(Zone::UTC);
                self.assumed.zone = true;
                self.assumed.utc |= self.zone.is_none();
                Some((self.in_zone(&zone, local), TimeQuality::ZoneAssumed))
            }
        }
    }

    fn read_w3c(&mut self, date: &[u8], time: &[u8]) -> Option<Timed> {
        let (local, quality) = match (date, time) {
            ([], []) => (self.directive?, TimeQuality::DateOnly),
            ([], time) => (self.after_directive(midnight_plus(seconds(time)?)?)?, TimeQuality::Exact),
            (date, []) => (ymd(date)?.and_time(NaiveTime::MIN), TimeQuality::DateOnly),
            (date, time) => (ymd(date)?.and_time(midnight_plus(seconds(time)?)?), TimeQuality::Exact),
        };
        Some((Timestamp::from_utc(local), quality))
    }

    /// The instant of a time of day behind `#Date:`, which is of the next day where it lies far before the last one.
    fn after_directive(&mut self, time: NaiveTime) -> Option<NaiveDateTime> {
        let last = self.directive?;
        let same_day = last.date().and_time(time);
        let next = if last - same_day > TimeDelta::hours(NEXT_DAY_HOURS) {
            same_day.checked_add_signed(TimeDelta::days(1))?
        } else {
            same_day
        };
        self.directive = Some(next.max(last));
        Some(next)
    }

    /// `11/Oct/2006:13:16:45 -0600`.
    fn read_ncsa(&mut self, stamp: &[u8]) -> Option<Timed> {
        let colon = memchr::memchr(b':', stamp)?;
        let mut day = stamp.get(..colon)?.split(|byte| *byte == b'/');
        let (number_of_day, month, year) = (day.next()?, day.next()?.to_ascii_lowercase(), day.next()?);
        let month = MONTHS.as_chunks::<3>().0.iter().position(|name| name[..] == *month)? as u32 + 1;
        let date = NaiveDate::from_ymd_opt(small(year)?.cast_signed(), month, small(number_of_day)?)?;
        let rest = stamp.get(colon + 1..)?;
        let space = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let local = date.and_time(midnight_plus(seconds(rest.get(..space)?)?)?);
        if let Some(zone) = self.zone {
            self.assumed.zone = true;
            return Some((self.in_zone(&zone, local), TimeQuality::ZoneAssumed));
        }
        let offset = offset(rest.get(space..)?)?;
        self.assumed.offset = true;
        Some((Timestamp::from_seconds(local.and_utc().timestamp() - offset), TimeQuality::ZoneAssumed))
    }

    /// `8/18/06`, `18.08.2006`, `2006-08-18`.
    fn day(&mut self, date: &[u8]) -> Option<NaiveDate> {
        let (first, second, third) = day_parts(date)?;
        if first > 31 {
            return NaiveDate::from_ymd_opt(first.cast_signed(), second, third);
        }
        let day_first = match self.order {
            Some(order) => order == DateOrder::DayMonth,
            None if date.contains(&b'.') => true,
            None => {
                self.assumed.order |= first <= 12 && second <= 12 && first != second;
                first > 12
            }
        };
        let (day, month) = if day_first { (first, second) } else { (second, first) };
        let year = match third {
            0..70 => third + 2000,
            70..100 => third + 1900,
            year => year,
        };
        NaiveDate::from_ymd_opt(year.cast_signed(), month, day)
    }

    /// An instant of a local time; of an hour that comes twice, the one after the rows before.
    fn in_zone(&self, zone: &Zone, local: NaiveDateTime) -> Timestamp {
        zone.to_utc_after(local, Timestamp::from_seconds(self.last.seconds().saturating_sub(DISORDER)))
    }
}

/// The order of day and month that a date of the IIS format proves: a number above 12 is a day.
pub(super) fn proven_order(date: &[u8]) -> Option<DateOrder> {
    let (first, second, _) = day_parts(date)?;
    match (first, second) {
        (13..=31, 1..=12) => Some(DateOrder::DayMonth),
        (1..=12, 13..=31) => Some(DateOrder::MonthDay),
        _ => None,
    }
}

fn day_parts(date: &[u8]) -> Option<(u32, u32, u32)> {
    let mut parts = date.split(|byte| matches!(byte, b'/' | b'.' | b'-'));
    let all = (small(parts.next()?)?, small(parts.next()?)?, small(parts.next()?)?);
    parts.next().is_none().then_some(all)
}

/// `2006-10-09`.
fn ymd(date: &[u8]) -> Option<NaiveDate> {
    let (year, month, day) = day_parts(date)?;
    NaiveDate::from_ymd_opt(year.cast_signed(), month, day).filter(|_| year > 1900)
}

/// `05:00:42` as seconds since midnight.
fn seconds(time: &[u8]) -> Option<u32> {
    let mut parts = time.split(|byte| *byte == b':');
    let (hour, minute, second) = (small(parts.next()?)?, small(parts.next()?)?, small(parts.next()?)?);
    let fits = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    fits.then_some(hour * 3600 + minute * 60 + second)
}

fn midnight_plus(seconds: u32) -> Option<NaiveTime> {
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)
}

/// ` -0600` or ` - 0600` in seconds.
fn offset(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let (sign, digits) = text.split_first()?;
    let value = small(digits.trim_ascii()).filter(|value| *value < 2400 && value % 100 < 60)?;
    let seconds = i64::from(value / 100 * 3600 + value % 100 * 60);
    match sign {
        b'-' => Some(-seconds),
        b'+' => Some(seconds),
        _ => None,
    }
}

/// A number of at most four digits.
fn small(text: &[u8]) -> Option<u32> {
    plain_digits(text).filter(|_| text.len() <= 4).and_then(|value| u32::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(clock: &mut Clock, date: &str, time: &str, shape: &Shape) -> String {
        let row = Row { date: date.as_bytes(), time: time.as_bytes(), ..Row::default() };
        clock.instant(&row, shape).map_or("none".into(), |timed| format!("{} {}", timed.0, timed.1.name()))
    }

    fn clock(zone: Option<&str>) -> Clock {
        let log_zone = zone.map(|zone| zone.parse().unwrap());
        Clock::new(&ReadOptions { log_zone, ..ReadOptions::default() }, None)
    }

    #[test]
    fn w3c_times_are_utc_and_what_they_lack_is_in_the_directive() {
        let shape = Shape::W3c(None);
        let mut clock = clock(Some("Europe/Rome"));
        assert_eq!(shown(&mut clock, "2006-10-09", "05:00:42", &shape), "2006-10-09T05:00:42Z exact");
        assert_eq!(shown(&mut clock, "", "05:00:42", &shape), "none");
        clock.set(b" 2006-10-09 23:59:15");
        assert_eq!(shown(&mut clock, "", "", &shape), "2006-10-09T23:59:15Z date-only");
        assert_eq!(shown(&mut clock, "", "23:59:58", &shape), "2006-10-09T23:59:58Z exact");
        assert_eq!(shown(&mut clock, "", "00:00:01", &shape), "2006-10-10T00:00:01Z exact");
        assert_eq!(shown(&mut clock, "", "23:59:59", &shape), "2006-10-10T23:59:59Z exact");
        assert_eq!(shown(&mut clock, "2006-10-09", "", &shape), "2006-10-09T00:00:00Z date-only");
        assert_eq!(shown(&mut clock, "2006-13-09", "05:00:42", &shape), "none");
        assert_eq!(shown(&mut clock, "2006-10-09", "25:00:42", &shape), "none");
    }

    #[test]
    fn ncsa_times_take_the_zone_of_the_run_instead_of_the_printed_offset() {
        let summer = "11/Oct/2006:13:16:39 -0600";
        let mut printed = clock(None);
        assert_eq!(shown(&mut printed, summer, "", &Shape::Ncsa), "2006-10-11T19:16:39Z zone-assumed");
        assert!(printed.assumed.offset);
        let mut named = clock(Some("America/Chicago"));
        assert_eq!(shown(&mut named, summer, "", &Shape::Ncsa), "2006-10-11T18:16:39Z zone-assumed");
        assert_eq!(named.assumed, Assumed { zone: true, ..Assumed::default() });
        let spaced = "18/Aug/2006:13:17:37 - 0800";
        assert_eq!(shown(&mut printed, spaced, "", &Shape::Ncsa), "2006-08-18T21:17:37Z zone-assumed");
        assert_eq!(shown(&mut printed, "18/Aug/2006", "", &Shape::Ncsa), "none");
    }

    #[test]
    fn iis_times_are_local_with_the_month_first_unless_shown_otherwise() {
        let mut utc = clock(None);
        assert_eq!(shown(&mut utc, "8/9/06", "7:55:20", &Shape::Fixed), "2006-08-09T07:55:20Z zone-assumed");
        assert_eq!(utc.assumed, Assumed { zone: true, utc: true, order: true, offset: false });
        assert_eq!(
            shown(&mut utc, "03/20/98", "7:55:20", &Shape::Fixed),
            "1998-03-20T07:55:20Z zone-assumed"
        );
        assert_eq!(
            shown(&mut utc, "20.03.2001", "7:55:20", &Shape::Fixed),
            "2001-03-20T07:55:20Z zone-assumed"
        );
        assert_eq!(
            shown(&mut utc, "2001-03-04", "7:55:20", &Shape::Fixed),
            "2001-03-04T07:55:20Z zone-assumed"
        );
        let mut days = Clock::new(&ReadOptions::default(), Some(DateOrder::DayMonth));
        assert_eq!(shown(&mut days, "8/9/06", "7:55:20", &Shape::Fixed), "2006-09-08T07:55:20Z zone-assumed");
        assert_eq!(proven_order(b"20/3/06"), Some(DateOrder::DayMonth));
        assert_eq!((proven_order(b"3/20/06"), proven_order(b"3/4/06")), (Some(DateOrder::MonthDay), None));
    }

    #[test]
    fn the_hour_that_comes_twice_goes_on() {
        let mut rome = clock(Some("Europe/Rome"));
        let mut at = |time: &str| shown(&mut rome, "10/25/26", time, &Shape::Fixed)[..20].to_owned();
        assert_eq!(at("2:59:50"), "2026-10-25T00:59:50Z");
        assert_eq!(at("2:00:05"), "2026-10-25T01:00:05Z");
        assert_eq!(at("2:30:00"), "2026-10-25T01:30:00Z");
        assert_eq!(at("2:59:50"), "2026-10-25T01:59:50Z");
    }
}
