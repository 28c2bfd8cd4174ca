//! From timestamps as written to instants: the year that a log leaves out, and its zone.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use super::stamp::Stamp;
use crate::period::{Timestamp, Zone};
use crate::usage::TimeQuality;

/// Months back after which a step is New Year and not disorder.
const ROLLOVER_MONTHS: u32 = 6;
/// Zone offsets are whole quarters of an hour.
const OFFSET_STEP: i64 = 15 * 60;
/// Largest distance from UTC, on either side (UTC-12 to UTC+14).
const OFFSET_LIMIT: i64 = 14 * 3600;
/// Longest text of a timestamp that is remembered.
const CACHED: usize = 40;

/// The clock of one part of a log: reads its timestamps in the order in which they stand.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Option<Zone>,
    proven_offset: Option<i64>,
    year: Option<i32>,
    last_month: u32,
    year_inferred: bool,
    cached: [u8; CACHED],
    cached_length: usize,
    cached_time: Timestamp,
    cached_local: Option<i64>,
    has_offset: bool,
    assumed_utc: bool,
}

impl Clock {
    /// A clock for timestamps in `zone`; `year` is that of the first one without a year.
    pub fn new(zone: Option<Zone>, year: Option<i32>) -> Clock {
        Clock {
            zone,
            proven_offset: None,
            year,
            last_month: 0,
            year_inferred: false,
            cached: [0; CACHED],
            cached_length: 0,
            cached_time: Timestamp::default(),
            cached_local: None,
            has_offset: false,
            assumed_utc: false,
        }
    }

    /// The same clock, with an offset from UTC that the log (or a sibling) proves.
    pub fn with_offset(mut self, offset: Option<i64>) -> Clock {
        self.proven_offset = offset;
        self
    }

    /// The same clock, marked as having its year from a file date.
    pub fn inferred(mut self) -> Clock {
        self.year_inferred = true;
        self
    }

    /// The instant of a timestamp; `None` where it is out of range or needs a year that is unknown.
    pub fn instant(&mut self, text: &[u8]) -> Option<Timestamp> {
        if self.cached_length == text.len() && self.cached[..text.len()] == *text {
            return Some(self.cached_time);
        }
        let stamp = Stamp::parse(text)?;
        let local = self.local(&stamp)?;
        let time = self.instant_in_zone(local, &stamp);
        self.cached_local = (stamp.offset.is_none()).then(|| local.and_utc().timestamp());
        self.cached_length = 0;
        if let Some(cache) = self.cached.get_mut(..text.len()) {
            cache.copy_from_slice(text);
            self.cached_length = text.len();
            self.cached_time = time;
        }
        Some(time)
    }

    fn local(&mut self, stamp: &Stamp) -> Option<NaiveDateTime> {
        let year = match stamp.year {
            Some(year) => year,
            None => rolled(self.year?, self.last_month, stamp.month),
        };
        let local = calendar(stamp, year)?;
        if stamp.year.is_none() {
            self.year = Some(year);
            self.last_month = stamp.month;
        }
        Some(local)
    }

    fn instant_in_zone(&mut self, local: NaiveDateTime, stamp: &Stamp) -> Timestamp {
        let seconds = local.and_utc().timestamp();
        self.has_offset = stamp.offset.is_some();
        self.assumed_utc |= !self.has_offset && self.zone.is_none() && self.proven_offset.is_none();
        match (stamp.offset, self.zone, self.proven_offset) {
            (Some(offset), _, _) => Timestamp::from_seconds(seconds - i64::from(offset)),
            (None, Some(zone), _) => zone.to_utc(local),
            (None, None, offset) => Timestamp::from_seconds(seconds - offset.unwrap_or(0)),
        }
    }

    /// The instant of a stamp without remembering it.
    pub fn instant_of(mut self, stamp: &Stamp) -> Option<Timestamp> {
        let local = self.local(stamp)?;
        Some(self.instant_in_zone(local, stamp))
    }

    /// Learns from a record that states its instant itself, at the time last read, how far the log is from UTC.
    pub fn prove(&mut self, utc: Timestamp) {
        let Some(local) = self.cached_local.filter(|_| self.zone.is_none()) else { return };
        let Some(offset) = offset_between(local, utc) else { return };
        if self.proven_offset != Some(offset) {
            self.proven_offset = Some(offset);
            self.cached_length = 0;
        }
    }

    /// How good the instants of the last line are.
    pub fn quality(&self) -> TimeQuality {
        if self.has_offset {
            TimeQuality::Exact
        } else if self.year_inferred {
            TimeQuality::YearInferred
        } else if self.proven_offset.is_some() && self.zone.is_none() {
            TimeQuality::Exact
        } else {
            TimeQuality::ZoneAssumed
        }
    }

    /// Whether an instant stands on the assumption that the log is in UTC.
    pub fn assumes_utc(&self) -> bool {
        self.assumed_utc
    }
}

/// The year of a month that follows another: a step over New Year changes it, small disorder does not.
pub fn rolled(year: i32, last_month: u32, month: u32) -> i32 {
    if last_month == 0 {
        year
    } else if month + ROLLOVER_MONTHS < last_month {
        year + 1
    } else if month > last_month + ROLLOVER_MONTHS {
        year - 1
    } else {
        year
    }
}

/// The calendar time of a stamp in a year; `None` for 29 February outside leap years.
pub fn calendar(stamp: &Stamp, year: i32) -> Option<NaiveDateTime> {
    let date = NaiveDate::from_ymd_opt(year, stamp.month, stamp.day)?;
    let (whole, leap) = (stamp.second.min(86_399), stamp.second / 86_400);
    let time = NaiveTime::from_num_seconds_from_midnight_opt(whole, 0)?;
    Some(date.and_time(time) + chrono::TimeDelta::seconds(i64::from(leap)))
}

/// The zone offset in seconds between a local time (as if it were UTC) and an instant; `None` where they are no
/// offset apart.
pub fn offset_between(local: i64, utc: Timestamp) -> Option<i64> {
    let difference = local - utc.seconds();
    let offset = (difference + OFFSET_STEP / 2).div_euclid(OFFSET_STEP) * OFFSET_STEP;
    (offset.abs() <= OFFSET_LIMIT).then_some(offset)
}

/// The year and zone offset of a stamp whose instant is known.
pub fn proven(stamp: &Stamp, utc: Timestamp) -> Option<(i32, i64)> {
    let year = utc.date().year();
    let candidates = match stamp.year {
        Some(written) => vec![written],
        None => vec![year, year - 1, year + 1],
    };
    candidates.into_iter().find_map(|year| {
        let local = calendar(stamp, year)?.and_utc().timestamp();
        offset_between(local, utc).map(|offset| (year, offset))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(clock: &mut Clock, text: &str) -> String {
        clock.instant(text.as_bytes()).map_or("none".into(), |time| time.to_string())
    }

    #[test]
    fn the_year_turns_at_new_year_and_not_at_disorder() {
        let mut clock = Clock::new(None, Some(2013));
        let times =
            ["Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:58", "Jan  1 00:00:02", "Mar  1 00:00:00"];
        let shown: Vec<String> = times.iter().map(|text| shown(&mut clock, text)).collect();
        assert_eq!(
            shown,
            [
                "2013-12-31T23:59:59Z",
                "2014-01-01T00:00:01Z",
                "2013-12-31T23:59:58Z",
                "2014-01-01T00:00:02Z",
                "2014-03-01T00:00:00Z"
            ]
        );
    }

    #[test]
    fn a_proof_moves_the_zone_and_an_explicit_zone_stands() {
        let utc = "UTC"
            .parse::<Zone>()
            .unwrap()
            .to_utc(NaiveDate::from_ymd_opt(2014, 4, 1).unwrap().and_hms_opt(2, 52, 30).unwrap());
        let mut clock = Clock::new(None, Some(2014));
        assert_eq!(shown(&mut clock, "Apr  1 04:52:30"), "2014-04-01T04:52:30Z");
        assert_eq!(clock.quality(), TimeQuality::ZoneAssumed);
        clock.prove(utc);
        assert_eq!(shown(&mut clock, "Apr  1 04:52:30"), "2014-04-01T02:52:30Z");
        assert_eq!(clock.quality(), TimeQuality::Exact);
        let mut explicit = Clock::new("America/New_York".parse().ok(), Some(2014));
        shown(&mut explicit, "Apr  1 04:52:30");
        explicit.prove(utc);
        assert_eq!(shown(&mut explicit, "Apr  1 04:52:30"), "2014-04-01T08:52:30Z");
    }

    #[test]
    fn leap_day_and_leap_second() {
        assert_eq!(shown(&mut Clock::new(None, Some(2012)), "Feb 29 01:15:43"), "2012-02-29T01:15:43Z");
        assert_eq!(shown(&mut Clock::new(None, Some(2013)), "Feb 29 01:15:43"), "none");
        assert_eq!(shown(&mut Clock::new(None, None), "Feb 28 01:15:43"), "none");
        assert_eq!(shown(&mut Clock::new(None, None), "2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
    }
}
