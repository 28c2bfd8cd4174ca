//! Which hours the inputs tell of: an hour with any submission, counted or not, is one that was logged. That tells a
//! day without mail from a day without a log.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};

use crate::period::Timestamp;

/// Days that are told apart: a century. Later ones are not kept.
const DAY_CAP: usize = 36_525;
/// Seconds of a day and of an hour.
const DAY: i64 = 24 * 60 * 60;
const HOUR: i64 = 60 * 60;

/// The hours in which something was handed in, by UTC day.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// The hour of the last submission, which is mostly that of the next.
    open: Option<i64>,
    /// One bit an hour, the lowest for midnight.
    days: BTreeMap<i64, u32>,
    span: Option<(Timestamp, Timestamp)>,
}

impl Coverage {
    /// Notes that something was handed in.
    pub(super) fn note(&mut self, time: Timestamp) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        let hour = time.seconds().div_euclid(HOUR);
        if self.open == Some(hour) {
            return;
        }
        self.open = Some(hour);
        let day = time.seconds().div_euclid(DAY);
        if self.days.len() < DAY_CAP || self.days.contains_key(&day) {
            *self.days.entry(day).or_default() |= 1 << hour.rem_euclid(24);
        }
    }

    /// Adds what another part of the run tells of.
    pub(super) fn merge(&mut self, other: &Coverage) {
        for time in other.span.into_iter().flat_map(|(first, last)| [first, last]) {
            self.note(time);
        }
        for (day, hours) in &other.days {
            if self.days.len() < DAY_CAP || self.days.contains_key(day) {
                *self.days.entry(*day).or_default() |= hours;
            }
        }
    }

    /// A coverage of these instants, for the tests of those who look at it.
    #[cfg(test)]
    pub(crate) fn of(times: impl IntoIterator<Item = Timestamp>) -> Coverage {
        let mut coverage = Coverage::default();
        times.into_iter().for_each(|time| coverage.note(time));
        coverage
    }

    /// What is known when everything is noted.
    pub(super) fn finish(self) -> Coverage {
        Coverage { open: None, ..self }
    }

    /// The first and the last submission, counted or not.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    /// The hours of a UTC day that are told of: one bit each, the lowest for midnight.
    pub fn hours(&self, day: NaiveDate) -> u32 {
        let midnight = Timestamp::from_utc(day.and_time(NaiveTime::MIN)).seconds();
        self.days.get(&midnight.div_euclid(DAY)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_utc_and_noted_once() {
        let mut coverage = Coverage::default();
        for seconds in [0, 10, HOUR - 1, 23 * HOUR, DAY + 5 * HOUR, -1, 0] {
            coverage.note(Timestamp::from_seconds(seconds));
        }
        let date = |text: &str| text.parse().unwrap();
        assert_eq!(coverage.hours(date("1970-01-01")), 1 | 1 << 23);
        assert_eq!(coverage.hours(date("1970-01-02")), 1 << 5);
        assert_eq!(coverage.hours(date("1969-12-31")), 1 << 23);
        assert_eq!(coverage.hours(date("1970-01-03")), 0);
        let (first, last) = coverage.span().unwrap();
        assert_eq!((first.seconds(), last.seconds()), (-1, DAY + 5 * HOUR));
    }
}
