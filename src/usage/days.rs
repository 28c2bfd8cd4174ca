//! Totals by UTC day, whatever the groups of a run are: control totals are of certain days.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};

use super::cube::Totals;
use crate::period::Timestamp;

/// Days that are told apart: a century. Where there are more, times are wrong and no comparison is made.
const DAY_CAP: usize = 36_525;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// What was counted on each day. Messages without a size count with no bytes.
#[derive(Clone, Debug, Default)]
pub struct Days {
    /// The day of the last message, which is mostly that of the next.
    open: (i64, Totals),
    days: BTreeMap<i64, Totals>,
    is_full: bool,
}

impl Days {
    /// Counts messages of one size at a time.
    pub(super) fn add(&mut self, time: Timestamp, messages: u64, recipients: u64, size: u64) {
        let day = time.seconds().div_euclid(DAY);
        if day != self.open.0 {
            self.close();
            self.open = (day, Totals::default());
        }
        self.open.1.add(messages, recipients, size);
    }

    /// Adds what was counted apart.
    pub(super) fn merge(&mut self, other: &Days) {
        self.close();
        self.is_full |= other.is_full;
        other.days.iter().for_each(|(day, totals)| self.put(*day, *totals));
        self.put(other.open.0, other.open.1);
    }

    fn close(&mut self) {
        let (day, totals) = std::mem::take(&mut self.open);
        self.put(day, totals);
    }

    fn put(&mut self, day: i64, totals: Totals) {
        if totals == Totals::default() {
            return;
        }
        if self.days.len() >= DAY_CAP && !self.days.contains_key(&day) {
            self.is_full = true;
            return;
        }
        self.days.entry(day).or_default().merge(&totals);
    }

    /// The totals when everything is counted.
    pub(super) fn finish(mut self) -> Days {
        self.close();
        self
    }

    /// The totals of some days, both included; `None` where there are too many days to tell.
    pub fn within(&self, first: NaiveDate, last: NaiveDate) -> Option<Totals> {
        if self.is_full {
            return None;
        }
        let midnight = |date: NaiveDate| Timestamp::from_utc(date.and_time(NaiveTime::MIN)).seconds();
        let [first, last] = [first, last].map(|date| midnight(date).div_euclid(DAY));
        let mut sum = Totals::default();
        self.days.range(first..=last.max(first)).for_each(|(_, totals)| sum.merge(totals));
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_utc() {
        let mut days = Days::default();
        for (seconds, recipients) in [(0, 1), (DAY - 1, 2), (DAY, 4), (5, 8), (-1, 16)] {
            days.add(Timestamp::from_seconds(seconds), 1, recipients, 10);
        }
        let days = days.finish();
        let date = |day| NaiveDate::from_ymd_opt(1970, 1, day).unwrap();
        let recipients = |first, last| days.within(date(first), date(last)).unwrap().recipients;
        assert_eq!((recipients(1, 1), recipients(2, 2), recipients(1, 9)), (11, 4, 15));
    }
}
