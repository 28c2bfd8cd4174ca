//! Dates and times as exports write them: ISO, .NET cultures, JSON `/Date(ms)/`, epoch numbers.
//!
//! A cell such as `03/04/2024` is read without deciding whether the day or the month stands first; that is
//! decided for the whole column in [`super::order`].

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::clock::Scanner;
use super::order::DateOrder;
use crate::period::{Timestamp, Zone};

/// Names of months in dates.
pub(super) const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date and time as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DateText {
    /// An instant by itself: seconds since 1970.
    Instant(i64),
    /// A calendar time.
    Calendar {
        /// The year.
        year: u32,
        /// Day and month, in the order of `written`.
        pair: (u32, u32),
        /// Which of the two is the month.
        written: Written,
        /// Seconds since midnight; `None` where only a day is given.
        seconds: Option<u32>,
        /// Seconds east of UTC, where the cell states a zone.
        offset: Option<i32>,
    },
}

/// Which of two numbers is the month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// The first: `2024-04-03`, `2024/4/3`.
    MonthDay,
    /// The second: `03.04.2024`; every .NET culture that separates by points and ends with the year puts the
    /// day first.
    DayMonth,
    /// Not known: `03/04/2024`, `03-04-2024`.
    Open,
}

/// A date and time of which all is known but perhaps the zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ResolvedDate {
    local: NaiveDateTime,
    offset: Option<i32>,
    /// Whether the cell has a day only.
    pub(crate) date_only: bool,
}

impl ResolvedDate {
    /// Whether the cell states its zone.
    pub(crate) fn has_zone(&self) -> bool {
        self.offset.is_some()
    }

    /// The instant, with the zone for cells that state none.
    pub(crate) fn instant(&self, zone: &Zone) -> Timestamp {
        match self.offset {
            Some(0) => Timestamp::from_utc(self.local),
            Some(offset) => Timestamp::from_seconds(self.local.and_utc().timestamp() - i64::from(offset)),
            None => zone.to_utc(self.local),
        }
    }
}

impl DateText {
    /// Reads a cell; `None` where it is no date.
    pub(crate) fn parse(cell: &[u8]) -> Option<DateText> {
        let cell = cell.trim_ascii();
        json_date(cell).or_else(|| calendar(cell)).or_else(|| with_month_name(cell))
    }

    /// Reads a cell that may also be a plain number: seconds, milliseconds, microseconds or nanoseconds since
    /// 1970 by their digits, or `20241003`, `20241003172536`.
    pub(crate) fn parse_with_numbers(cell: &[u8]) -> Option<DateText> {
        DateText::parse(cell).or_else(|| number(cell.trim_ascii()))
    }

    /// Whether the meaning depends on the order of day and month.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, DateText::Calendar { pair: (first, second), written: Written::Open, .. }
            if first != second && *first <= 12 && *second <= 12)
    }

    /// Whether day and month differ, and only the column's order tells them apart.
    pub(crate) fn needs_order(&self) -> bool {
        self.is_open() || self.proves().is_some()
    }

    /// Whether the order of day and month is one that only a column can show.
    pub(crate) fn has_order(&self) -> bool {
        matches!(self, DateText::Calendar { written: Written::Open, .. })
    }

    /// The order that this one date proves: a number above 12 is a day.
    pub(crate) fn proves(&self) -> Option<DateOrder> {
        match *self {
            DateText::Calendar { pair: (first, second), written: Written::Open, .. } => {
                match (first > 12, second > 12) {
                    (true, false) => Some(DateOrder::DayMonth),
                    (false, true) => Some(DateOrder::MonthDay),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The date with the order of its column; `None` where no such day exists or the order is needed and not
    /// known.
    pub(crate) fn resolve(&self, order: Option<DateOrder>) -> Option<ResolvedDate> {
        let (year, (first, second), written, seconds, offset) = match *self {
            DateText::Instant(seconds) => {
                let local = Timestamp::from_seconds(seconds).in_utc().naive_utc();
                return Some(ResolvedDate { local, offset: Some(0), date_only: false });
            }
            DateText::Calendar { year, pair, written, seconds, offset } => {
                (year, pair, written, seconds, offset)
            }
        };
        let day_first = match (written, order) {
            (Written::DayMonth, _) | (Written::Open, Some(DateOrder::DayMonth)) => true,
            (Written::MonthDay, _) | (Written::Open, Some(DateOrder::MonthDay)) => false,
            (Written::Open, None) if self.is_open() => return None,
            (Written::Open, None) => first > 12,
        };
        let (day, month) = if day_first { (first, second) } else { (second, first) };
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds.unwrap_or(0), 0)?;
        Some(ResolvedDate { local: date.and_time(time), offset, date_only: seconds.is_none() })
    }
}

/// `/Date(1658751973240)/` or `/Date(1658751973240+0200)/`: milliseconds of WCF JSON; its zone is only how it
/// was shown.
fn json_date(cell: &[u8]) -> Option<DateText> {
    let inner = cell.strip_prefix(b"/Date(")?.strip_suffix(b")/")?;
    let sign_end = usize::from(inner.first() == Some(&b'-'));
    let digits = inner[sign_end..].iter().take_while(|b| b.is_ascii_digit()).count();
    let text = std::str::from_utf8(&inner[..sign_end + digits]).ok()?;
    Some(DateText::Instant(text.parse::<i64>().ok()?.div_euclid(1_000)))
}

/// `2022-10-21T17:25:36.9693760Z`, `10/21/2022 5:25:36 PM`, `21.10.2022 17:25:36`, `21. 10. 2022 17:25`. A year of
/// two digits is refused: whether it stands first or last, nothing tells.
fn calendar(cell: &[u8]) -> Option<DateText> {
    let mut at = Scanner::new(cell);
    let (first, first_digits) = at.number(4)?;
    let separator = at.one_of(b"-/.")?;
    at.spaces();
    let (second, second_digits) = at.number(2)?;
    at.one_of(&[separator])?;
    at.spaces();
    let (third, third_digits) = at.number(4)?;
    if separator == b'.' {
        at.one_of(b".");
    }
    let (seconds, offset) = time_and_zone(&mut at)?;
    let (year, pair, written) = match (first_digits, third_digits) {
        (4, 1 | 2) => (first, (second, third), Written::MonthDay),
        (1 | 2, 4) => (third, (first, second), written_with(separator)),
        _ => return None,
    };
    let fits = (1..=31).contains(&pair.0) && (1..=31).contains(&pair.1) && second_digits <= 2;
    fits.then_some(DateText::Calendar { year, pair, written, seconds, offset })
}

fn written_with(separator: u8) -> Written {
    if separator == b'.' { Written::DayMonth } else { Written::Open }
}

/// What follows a date up to the end of the cell.
fn time_and_zone(at: &mut Scanner<'_>) -> Option<(Option<u32>, Option<i32>)> {
    if at.is_done() {
        return Some((None, None));
    }
    let comma = at.one_of(b",").is_some();
    if !at.spaces() && !comma {
        at.one_of(b"T")?;
    }
    let seconds = at.time()?;
    at.spaces();
    let offset = match at.is_done() {
        true => None,
        false => Some(at.offset()?),
    };
    at.is_done().then_some((Some(seconds), offset))
}

/// `21 Oct 2022 17:25:36`, `21-Oct-2022`, `Oct 21, 2022 5:25:36 PM`, `Fri, 21 Oct 2022 17:25:36 +0200`.
fn with_month_name(cell: &[u8]) -> Option<DateText> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let mut at = Scanner::new(cell);
    if DAYS.iter().any(|day| at.word(day)) {
        at.one_of(b",");
        at.spaces();
    }
    let mut day = at.number(2);
    if day.is_some() && at.one_of(b"-").is_none() && !at.spaces() {
        return None;
    }
    let month = (1..).zip(MONTHS).find_map(|(number, name)| at.word(name).then_some(number))?;
    if at.one_of(b"-").is_none() && !at.spaces() {
        return None;
    }
    if day.is_none() {
        day = at.number(2);
        at.one_of(b",");
        at.spaces();
    }
    let (day, (year, digits)) = (day?.0, at.number(4)?);
    let (seconds, offset) = time_and_zone(&mut at)?;
    (digits == 4).then_some(DateText::Calendar {
        year,
        pair: (month, day),
        written: Written::MonthDay,
        seconds,
        offset,
    })
}

/// A plain number: a count since 1970 in the unit that its digits give for the years 2001 to 2286, or a date
/// without separators.
fn number(cell: &[u8]) -> Option<DateText> {
    let whole = cell.split(|&b| b == b'.').next()?;
    let fraction = cell.get(whole.len() + 1..).unwrap_or_default();
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let value: i64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
    if is_compact_hour(whole) {
        return None;
    }
    match whole.len() {
        10 => Some(DateText::Instant(value)),
        13 => Some(DateText::Instant(value / 1_000)),
        16 => Some(DateText::Instant(value / 1_000_000)),
        19 => Some(DateText::Instant(value / 1_000_000_000)),
        8 | 14 if fraction.is_empty() => compact(value, whole.len() == 14),
        _ => None,
    }
}

/// Whether ten or more digits, which would be a count since 1970, begin as `2026102117` does: such a count is
/// later than 2032, so a day and an hour are meant, a form that is not read.
fn is_compact_hour(digits: &[u8]) -> bool {
    let Some((day, hour)) = digits.get(..10).map(|start| start.split_at(8)) else { return false };
    let day = std::str::from_utf8(day).ok().and_then(|day| compact(day.parse().ok()?, false));
    let exists = day.is_some_and(|day| day.resolve(None).is_some());
    exists && hour < &b"24"[..] && digits.len() != 14
}

fn compact(value: i64, with_time: bool) -> Option<DateText> {
    let value = u64::try_from(value).ok()?;
    let (date, time) = if with_time { (value / 1_000_000, value % 1_000_000) } else { (value, 0) };
    let part = |number: u64, divisor: u64| u32::try_from(number / divisor % 100).ok();
    let (hour, minute, second) = (part(time, 10_000)?, part(time, 100)?, part(time, 1)?);
    let year = u32::try_from(date / 10_000).ok().filter(|year| (1970..2200).contains(year))?;
    let seconds = (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)?;
    Some(DateText::Calendar {
        year,
        pair: (part(date, 100)?, part(date, 1)?),
        written: Written::MonthDay,
        seconds: with_time.then_some(seconds),
        offset: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(cell: &str, order: Option<DateOrder>) -> Option<String> {
        let resolved = DateText::parse_with_numbers(cell.as_bytes())?.resolve(order)?;
        Some(resolved.instant(&Zone::UTC).to_string())
    }

    #[test]
    fn dates_are_read_as_exporters_write_them() {
        let cases = [
            ("2022-10-21T17:25:36.9693760Z", "2022-10-21T17:25:36Z"),
            ("2022-10-21T17:25:36", "2022-10-21T17:25:36Z"),
            ("2022-10-21T17:25:36+02:00", "2022-10-21T15:25:36Z"),
            ("2022-10-21 17:25:36 -0530", "2022-10-21T22:55:36Z"),
            ("2022/10/21 17:25", "2022-10-21T17:25:00Z"),
            ("10/21/2022 5:25:36 PM", "2022-10-21T17:25:36Z"),
            ("10/21/2022, 12:25:36\u{202f}AM", "2022-10-21T00:25:36Z"),
            ("21/10/2022 12:05 p.\u{a0}m.", "2022-10-21T12:05:00Z"),
            ("10/21/2022 5:25:36?PM", "2022-10-21T17:25:36Z"),
            ("21.10.2022 17:25:36", "2022-10-21T17:25:36Z"),
            ("1.2.2022 17.25.36", "2022-02-01T17:25:36Z"),
            ("21. 10. 2022 17:25", "2022-10-21T17:25:00Z"),
            ("2022. 10. 21. 17:25:36", "2022-10-21T17:25:36Z"),
            ("21 Oct 2022 17:25:36", "2022-10-21T17:25:36Z"),
            ("Oct 21, 2022 5:25:36 PM", "2022-10-21T17:25:36Z"),
            ("Fri, 21 Oct 2022 17:25:36 +0200", "2022-10-21T15:25:36Z"),
            ("21-Oct-2022", "2022-10-21T00:00:00Z"),
            ("/Date(1658751973240)/", "2022-07-25T12:26:13Z"),
            ("/Date(1658751973240+0200)/", "2022-07-25T12:26:13Z"),
            ("1658751973", "2022-07-25T12:26:13Z"),
            ("1658751973.240", "2022-07-25T12:26:13Z"),
            ("1658751973240", "2022-07-25T12:26:13Z"),
            ("1658751973240000", "2022-07-25T12:26:13Z"),
            ("1658751973240000000", "2022-07-25T12:26:13Z"),
            ("20221021", "2022-10-21T00:00:00Z"),
            ("20221021172536", "2022-10-21T17:25:36Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ];
        for (cell, expected) in cases {
            assert_eq!(utc(cell, None).as_deref(), Some(expected), "{cell}");
        }
    }

    #[test]
    fn spaces_of_windows_1252_are_spaces() {
        for cell in [&b"10/21/2022\xa05:25:36\xa0PM"[..], b"10/21/2022 5:25:36 p.\xa0m."] {
            let resolved = DateText::parse(cell).unwrap().resolve(None).unwrap();
            assert_eq!(resolved.instant(&Zone::UTC).to_string(), "2022-10-21T17:25:36Z");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let cells = [
            "",
            "Received",
            "2022-13-01",
            "2022-02-30 10:00",
            "10/21/2022 25:00",
            "10/21/2022 13:00 PM",
            "12:30",
            "jo@example.net",
            "2022-10-21T17:25:36 or so",
            "1",
            "/Date(x)/",
            "99999999999999999999",
            "1-2-3-4",
            "26-10-21 10:00",
            "21/10/22 10:00",
            "22. 10. 21.",
            "2026102117",
            "2026102117253600",
        ];
        for cell in cells {
            assert_eq!(utc(cell, None), None, "{cell}");
        }
    }

    #[test]
    fn an_open_order_needs_a_decision() {
        assert_eq!(utc("03/04/2024 10:00", None), None);
        let day_first = utc("03/04/2024 10:00", Some(DateOrder::DayMonth));
        assert_eq!(day_first.as_deref(), Some("2024-04-03T10:00:00Z"));
        let month_first = utc("03/04/2024 10:00", Some(DateOrder::MonthDay));
        assert_eq!(month_first.as_deref(), Some("2024-03-04T10:00:00Z"));
        assert_eq!(utc("04/04/2024", None).as_deref(), Some("2024-04-04T00:00:00Z"));
        assert_eq!(utc("25/04/2024", Some(DateOrder::MonthDay)), None);
    }
}
