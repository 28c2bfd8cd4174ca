//! Time: UTC seconds inside, months, days and hours as half-open periods, zones at the edges.
//!
//! Billing months are UTC. A zone is used for two things only: what a log without a zone means, and how
//! days and hours are shown. What is charged in a period is left to `pricing` and `estimate`.

use std::fmt;
use std::str::FromStr;

use chrono::offset::LocalResult;
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant that a calendar can show (start of the year 0).
    const MIN: i64 = -62_167_219_200;
    /// The latest instant that a calendar can show (end of the year 9999).
    const MAX: i64 = 253_402_300_799;

    /// Seconds since 1970 in UTC, held within the years 0 to 9999.
    pub fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds.clamp(Self::MIN, Self::MAX))
    }

    /// A calendar time that is already UTC.
    pub fn from_utc(time: NaiveDateTime) -> Timestamp {
        Timestamp::from_seconds(time.and_utc().timestamp())
    }

    /// Seconds since 1970 in UTC.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The calendar time in UTC.
    pub fn in_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }

    /// The day in UTC.
    pub fn date(self) -> NaiveDate {
        self.in_utc().date_naive()
    }

    /// Whole minutes since 1970.
    pub fn minute(self) -> i64 {
        self.0.div_euclid(60)
    }
}

impl fmt::Display for Timestamp {
    /// `2014-04-01T02:52:30Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.in_utc().format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// A calendar month in UTC: the period over which tiers, allowances and base fees apply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The month that holds an instant.
    pub fn of(time: Timestamp) -> Month {
        Month::of_date(time.date())
    }

    /// The month that holds a day.
    pub fn of_date(date: NaiveDate) -> Month {
        Month { year: date.year(), month: date.month() }
    }

    /// The first day.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or_default()
    }

    /// The month after.
    pub fn next(self) -> Month {
        match self.month {
            12 => Month { year: self.year + 1, month: 1 },
            month => Month { year: self.year, month: month + 1 },
        }
    }

    /// From the first instant of the month up to the first of the next.
    pub fn period(self) -> ChargePeriod {
        ChargePeriod::of_dates(self.first_day(), self.next().first_day())
    }
}

impl fmt::Display for Month {
    /// `2026-10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Month, PeriodError> {
        parse_date(&format!("{text}-01"))
            .map(Month::of_date)
            .map_err(|_| PeriodError::BadMonth(text.to_owned()))
    }
}

/// A span of time that includes its start and excludes its end (FOCUS ChargePeriodStart and -End).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChargePeriod {
    /// The first instant in the period.
    pub start: Timestamp,
    /// The first instant after the period.
    pub end: Timestamp,
}

impl ChargePeriod {
    /// From the start of one UTC day up to the start of another.
    pub fn of_dates(start: NaiveDate, end: NaiveDate) -> ChargePeriod {
        let midnight = |date: NaiveDate| Timestamp::from_utc(date.and_time(chrono::NaiveTime::MIN));
        ChargePeriod { start: midnight(start), end: midnight(end) }
    }

    /// Whether an instant lies in the period.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }
}

impl fmt::Display for ChargePeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

/// What can go wrong with dates and zones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// A text that is not a zone.
    #[error(
        "'{0}' is not a time zone: expected a name such as 'Europe/Rome', 'UTC' or an offset such as '+02:00'"
    )]
    BadZone(String),
    /// A text that is not a day.
    #[error("'{0}' is not a date: expected year, month and day such as '2026-10-01'")]
    BadDate(String),
    /// A text that is not a month.
    #[error("'{0}' is not a month: expected year and month such as '2026-10'")]
    BadMonth(String),
}

/// Reads a day written as `2026-10-01`, with every digit: two of a year would be the year 26.
pub fn parse_date(text: &str) -> Result<NaiveDate, PeriodError> {
    // chrono alone takes signs, spaces and missing digits.
    let is_complete = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_complete);
    date.ok_or_else(|| PeriodError::BadDate(text.to_owned()))
}

/// A time zone: a fixed offset or a named one with its history of daylight saving time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// Always the same distance from UTC.
    Fixed(FixedOffset),
    /// A zone of the IANA database.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone::Named(chrono_tz::UTC);

    /// The instant of a local calendar time. A time that occurs twice is taken as the first of the two, one
    /// that a clock change leaves out as if the clock had not yet been changed.
    pub fn to_utc(&self, local: NaiveDateTime) -> Timestamp {
        let seconds = match self {
            Zone::Fixed(offset) => (local - *offset).and_utc().timestamp(),
            // What traces are written in; searching its history took longer than reading the date.
            Zone::Named(chrono_tz::UTC) => local.and_utc().timestamp(),
            Zone::Named(zone) => match zone.from_local_datetime(&local) {
                LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.timestamp(),
                LocalResult::None => {
                    let before = zone.offset_from_utc_datetime(&(local - TimeDelta::hours(3)));
                    (local - before.fix()).and_utc().timestamp()
                }
            },
        };
        Timestamp::from_seconds(seconds)
    }

    /// The instant of a local calendar time; of one that occurs twice, the second where the first lies before
    /// `earliest`.
    pub fn to_utc_after(&self, local: NaiveDateTime, earliest: Timestamp) -> Timestamp {
        let first = self.to_utc(local);
        let Zone::Named(zone) = self else { return first };
        match zone.from_local_datetime(&local) {
            LocalResult::Ambiguous(_, second) if first < earliest => {
                Timestamp::from_seconds(second.timestamp())
            }
            _ => first,
        }
    }

    /// The local calendar time of an instant.
    pub fn from_utc(&self, time: Timestamp) -> NaiveDateTime {
        let utc = time.in_utc().naive_utc();
        match self {
            Zone::Fixed(offset) => utc + *offset,
            Zone::Named(zone) => utc + zone.offset_from_utc_datetime(&utc).fix(),
        }
    }
}

impl FromStr for Zone {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Zone, PeriodError> {
        if let Ok(zone) = text.parse::<chrono_tz::Tz>() {
            return Ok(Zone::Named(zone));
        }
        if text.eq_ignore_ascii_case("z") {
            return Ok(Zone::UTC);
        }
        let offset = text.parse::<FixedOffset>();
        offset.map(Zone::Fixed).map_err(|_| PeriodError::BadZone(text.to_owned()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Fixed(offset) => write!(f, "{offset}"),
            Zone::Named(zone) => write!(f, "{}", zone.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december: Month = "2026-12".parse().unwrap();
        let period = december.period();
        assert_eq!(period.to_string(), "2026-12-01T00:00:00Z to 2027-01-01T00:00:00Z");
        assert!(period.contains(period.start));
        assert!(!period.contains(period.end));
        assert_eq!(Month::of(period.end), december.next());
    }

    #[test]
    fn folds_take_the_first_instant_and_gaps_the_old_offset() {
        let rome: Zone = "Europe/Rome".parse().unwrap();
        let fold = rome.to_utc(local("2026-10-25 02:30:00"));
        assert_eq!(fold.to_string(), "2026-10-25T00:30:00Z");
        let gap = rome.to_utc(local("2026-03-29 02:30:00"));
        assert_eq!(gap.to_string(), "2026-03-29T01:30:00Z");
        assert_eq!(rome.from_utc(fold), local("2026-10-25 02:30:00"));
    }

    #[test]
    fn zones_are_names_or_offsets() {
        assert_eq!("UTC".parse::<Zone>().unwrap(), Zone::UTC);
        let offset: Zone = "+02:00".parse().unwrap();
        assert_eq!(offset.to_utc(local("2014-04-01 04:52:30")).to_string(), "2014-04-01T02:52:30Z");
        assert_eq!(
            "Roma".parse::<Zone>().unwrap_err().to_string(),
            "'Roma' is not a time zone: expected a name such as 'Europe/Rome', 'UTC' or an offset such as '+02:00'"
        );
        assert_eq!(
            parse_date("1.10.2026").unwrap_err().to_string(),
            "'1.10.2026' is not a date: expected year, month and day such as '2026-10-01'"
        );
    }

    #[test]
    fn dates_and_months_have_all_their_digits_and_nothing_else() {
        for text in [
            "23-03-31",
            "-2023-03-31",
            "+2023-03-31",
            "2023-3-31",
            "2023-03- 31",
            " 2025-04-11",
            "2025-04-11 ",
            "02023-03-31",
            "2023-13-01",
            "2023-02-29",
            "2023/03/31",
            "２023-03-31",
            "",
        ] {
            let expected =
                format!("'{text}' is not a date: expected year, month and day such as '2026-10-01'");
            assert_eq!(parse_date(text).map_err(|error| error.to_string()), Err(expected));
        }
        assert_eq!(parse_date("2024-02-29").unwrap().to_string(), "2024-02-29");
        for text in ["26-10", "+2026-10", "2026-1", "2026- 1", " 2026-10", "2026-13", "2026-10-01"] {
            let expected = format!("'{text}' is not a month: expected year and month such as '2026-10'");
            assert_eq!(text.parse::<Month>().map_err(|error| error.to_string()), Err(expected));
        }
    }

    #[test]
    fn any_second_count_can_be_shown() {
        assert_eq!(Timestamp::from_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_seconds(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    }
}
