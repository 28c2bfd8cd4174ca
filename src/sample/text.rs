//! Appending words and numbers to a line without the cost of the formatting machinery.

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use super::Stamp;
use crate::period::{Timestamp, Zone};

/// Microseconds in a second.
pub(super) const SECOND: u64 = 1_000_000;

/// English month names as syslog writes them, whatever the locale.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Appends to a line.
pub(super) trait Put {
    /// A text.
    fn text(&mut self, text: &str) -> &mut Self;
    /// A number in decimal.
    fn number(&mut self, value: u64) -> &mut Self;
    /// A number in decimal with leading zeros; only its last `width` digits.
    fn padded(&mut self, value: u64, width: u32) -> &mut Self;
    /// A number in hexadecimal with exactly `width` digits out of `digits`.
    fn hex(&mut self, value: u64, width: u32, digits: &[u8; 16]) -> &mut Self;
}

/// Capital hexadecimal digits.
pub(super) const UPPER: &[u8; 16] = b"0123456789ABCDEF";
/// Small hexadecimal digits.
pub(super) const LOWER: &[u8; 16] = b"0123456789abcdef";

impl Put for Vec<u8> {
    fn text(&mut self, text: &str) -> &mut Self {
        self.extend_from_slice(text.as_bytes());
        self
    }

    fn number(&mut self, value: u64) -> &mut Self {
        let width = value.checked_ilog10().unwrap_or(0) + 1;
        self.padded(value, width)
    }

    fn padded(&mut self, mut value: u64, width: u32) -> &mut Self {
        let start = self.len();
        self.resize(start + width as usize, b'0');
        for digit in self[start..].iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
        self
    }

    fn hex(&mut self, value: u64, width: u32, digits: &[u8; 16]) -> &mut Self {
        for place in (0..width).rev() {
            self.push(digits[((value >> (4 * place)) & 15) as usize]);
        }
        self
    }
}

/// Appends a delay as Postfix does: two significant digits below 10 seconds, whole seconds above.
pub(super) fn put_delay(line: &mut Vec<u8>, micros: u64) {
    let hundredths = micros / 10_000;
    match hundredths {
        1000.. => line.number(hundredths / 100),
        100.. if hundredths % 100 < 10 => line.number(hundredths / 100),
        100.. => line.number(hundredths / 100).text(".").number(hundredths % 100 / 10),
        0 => line.text("0"),
        _ if hundredths.is_multiple_of(10) => line.text("0.").number(hundredths / 10),
        _ => line.text("0.").padded(hundredths, 2),
    };
}

/// `2026-10-01T02:52:30Z`, with up to 7 digits of a second.
pub(super) fn put_iso_time(cell: &mut Vec<u8>, time: u64, digits: u32) {
    let utc = timestamp(time).in_utc();
    cell.padded(year(utc), 4).text("-").padded(u64::from(utc.month()), 2).text("-");
    cell.padded(u64::from(utc.day()), 2).text("T").padded(u64::from(utc.hour()), 2).text(":");
    cell.padded(u64::from(utc.minute()), 2).text(":").padded(u64::from(utc.second()), 2);
    if digits > 0 {
        cell.text(".").padded(time % SECOND * 10 / 10_u64.pow(7 - digits), digits);
    }
    cell.text("Z");
}

/// The year, from 0 on.
pub(super) fn year(utc: DateTime<Utc>) -> u64 {
    u64::try_from(utc.year()).unwrap_or(0)
}

/// Shows instants as the start of a log line; remembers the last quarter of an hour, in which the day and the
/// distance from UTC cannot change.
#[derive(Debug)]
pub(super) struct Clock {
    zone: Zone,
    stamp: Stamp,
    quarter: u64,
    local: NaiveDateTime,
    offset: String,
}

impl Clock {
    pub(super) fn new(zone: Zone, stamp: Stamp) -> Clock {
        Clock { zone, stamp, quarter: u64::MAX, local: NaiveDateTime::default(), offset: String::new() }
    }

    /// Appends an instant (microseconds since 1970) in the log's own form.
    pub(super) fn put(&mut self, line: &mut Vec<u8>, time: u64) {
        match self.stamp {
            Stamp::Rfc3164 => self.put_rfc3164(line, time),
            Stamp::Rfc3339 => self.put_rfc3339(line, time),
        }
    }

    /// Appends `Oct  1 02:52:30`.
    pub(super) fn put_rfc3164(&mut self, line: &mut Vec<u8>, time: u64) {
        self.turn_to(time);
        let month = MONTHS.get(self.local.month0() as usize).copied().unwrap_or_default();
        let pad = if self.local.day() < 10 { "  " } else { " " };
        line.text(month).text(pad).number(u64::from(self.local.day())).text(" ");
        self.put_clock(line, time);
    }

    /// Appends `2026-10-01T02:52:30.185246+02:00`.
    fn put_rfc3339(&mut self, line: &mut Vec<u8>, time: u64) {
        self.turn_to(time);
        line.padded(u64::try_from(self.local.year()).unwrap_or(0), 4).text("-");
        line.padded(u64::from(self.local.month()), 2)
            .text("-")
            .padded(u64::from(self.local.day()), 2)
            .text("T");
        self.put_clock(line, time);
        line.text(".").padded(time % SECOND, 6).text(&self.offset);
    }

    fn put_clock(&self, line: &mut Vec<u8>, time: u64) {
        let second_of_quarter = time / SECOND % 900;
        let minute = u64::from(self.local.minute()) + second_of_quarter / 60;
        line.padded(u64::from(self.local.hour()), 2).text(":").padded(minute, 2);
        line.text(":").padded(second_of_quarter % 60, 2);
    }

    fn turn_to(&mut self, time: u64) {
        let quarter = time / SECOND / 900;
        if quarter == self.quarter {
            return;
        }
        self.quarter = quarter;
        let start = timestamp(quarter * 900 * SECOND);
        self.local = self.zone.from_utc(start);
        let offset = (self.local - start.in_utc().naive_utc()).num_minutes();
        let sign = if offset < 0 { '-' } else { '+' };
        self.offset = format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
    }
}

/// The whole second of an instant in microseconds since 1970.
pub(super) fn timestamp(time: u64) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(time / SECOND).unwrap_or(i64::MAX))
}

/// Appends the 14 digits with which Postfix starts a message-id: the UTC second.
pub(super) fn put_compact_utc(line: &mut Vec<u8>, time: u64) {
    let utc = timestamp(time).in_utc();
    line.padded(u64::try_from(utc.year()).unwrap_or(0), 4).padded(u64::from(utc.month()), 2);
    line.padded(u64::from(utc.day()), 2).padded(u64::from(utc.hour()), 2);
    line.padded(u64::from(utc.minute()), 2).padded(u64::from(utc.second()), 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(put: impl Fn(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        put(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn numbers_have_all_their_digits() {
        assert_eq!(
            shown(|l| _ = l.number(0).text(" ").number(90).text(" ").number(u64::MAX)),
            "0 90 18446744073709551615"
        );
        assert_eq!(shown(|l| _ = l.padded(7, 2).hex(0x2A1CAD, 7, UPPER)), "0702A1CAD");
    }

    #[test]
    fn delays_look_like_those_of_postfix() {
        let delays = [0, 50_000, 200_000, 680_000, 2_000_000, 4_910_000, 11_200_000, 427_000_000];
        let texts: Vec<_> = delays.iter().map(|&micros| shown(|l| put_delay(l, micros))).collect();
        assert_eq!(texts, ["0", "0.05", "0.2", "0.68", "2", "4.9", "11", "427"]);
    }

    #[test]
    fn stamps_follow_the_zone_and_its_clock_changes() {
        let rome: Zone = "Europe/Rome".parse().unwrap();
        let at =
            |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_micros() as u64;
        let mut clock = Clock::new(rome, Stamp::Rfc3339);
        let mut line = Vec::new();
        clock.put(&mut line, at("2026-10-25T00:59:59.000007Z"));
        line.push(b' ');
        clock.put(&mut line, at("2026-10-25T01:00:00Z"));
        line.push(b' ');
        clock.put_rfc3164(&mut line, at("2026-10-04T22:07:09Z"));
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "2026-10-25T02:59:59.000007+02:00 2026-10-25T02:00:00.000000+01:00 Oct  5 00:07:09"
        );
    }
}
