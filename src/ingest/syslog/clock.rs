//! From timestamps as written to instants: the year that a log leaves out, and its zone.

use std::ops::Range;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Weekday};
use rustc_hash::FxHashMap;

use super::stamp::Stamp;
use crate::period::{Timestamp, Zone};
use crate::usage::TimeQuality;

/// Months back after which a step is New Year and not disorder.
const ROLLOVER_MONTHS: u32 = 6;
/// The last of the days after New Year from which a step back over it can be, and the first of those to which.
const FIRST_DAYS: MonthDay = (1, 2);
const LAST_DAYS: MonthDay = (12, 30);
/// Zone offsets are whole quarters of an hour.
const OFFSET_STEP: i64 = 15 * 60;
/// Largest distance from UTC, on either side (UTC-12 to UTC+14).
const OFFSET_LIMIT: i64 = 14 * 3600;
/// Seconds in an hour.
const HOUR: i64 = 3600;
/// Seconds by which local time jumps back when an hour is repeated, with room for lines out of order and pauses.
const CLOCK_BACK: Range<i64> = 45 * 60..HOUR + 60;
/// Seconds by which lines of one log can be out of order.
const DISORDER: i64 = 300;
/// Hosts of one log that have a clock of their own.
const HOST_CAP: usize = 1_000;
/// Steps back that are no chance.
const STEPS_BACK: u64 = 3;
/// Longest text of a timestamp that is remembered.
const CACHED: usize = 40;

/// The clock of one part of a log: reads its timestamps in the order in which they stand.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Option<Zone>,
    default_offset: Option<i64>,
    hosts: Vec<HostClock>,
    places: FxHashMap<Box<[u8]>, usize>,
    current: usize,
    year: Option<i32>,
    last_day: MonthDay,
    /// The date of that day, where one was read.
    date: Option<NaiveDate>,
    year_inferred: bool,
    cached: [u8; CACHED],
    cached_length: usize,
    cached_time: Timestamp,
    cached_local: Option<i64>,
    has_offset: bool,
    assumed_utc: bool,
    steps_on: u64,
    steps_back: u64,
}

/// What is known of the clock of one host; hosts of a merged log can be in several zones.
#[derive(Clone, Debug)]
struct HostClock {
    host: Box<[u8]>,
    offset: Option<i64>,
    proven: bool,
    /// Whether a time without zone was read in that of the user or in UTC, without proof.
    assumed: bool,
    last_local: i64,
    last: Timestamp,
}

impl Clock {
    /// A clock for timestamps in `zone`; `year` is that of the first one without a year.
    pub fn new(zone: Option<Zone>, year: Option<i32>) -> Clock {
        Clock {
            zone,
            default_offset: None,
            hosts: Vec::new(),
            places: FxHashMap::default(),
            current: 0,
            year,
            last_day: (0, 0),
            date: None,
            year_inferred: false,
            cached: [0; CACHED],
            cached_length: 0,
            cached_time: Timestamp::default(),
            cached_local: None,
            has_offset: false,
            assumed_utc: false,
            steps_on: 0,
            steps_back: 0,
        }
    }

    /// The same clock, with an offset from UTC for hosts that prove none themselves.
    pub fn with_offset(mut self, offset: Option<i64>) -> Clock {
        self.default_offset = offset;
        self
    }

    /// The same clock, with an offset from UTC that a host proves.
    pub fn with_host(mut self, host: &[u8], offset: i64) -> Clock {
        let at = self.host(host);
        (self.hosts[at].offset, self.hosts[at].proven) = (Some(offset), true);
        self
    }

    /// The same clock, marked as having its year from a file date.
    pub fn inferred(mut self) -> Clock {
        self.year_inferred = true;
        self
    }

    /// The instant of a timestamp that a host wrote; `None` where it is out of range or needs a year that is
    /// unknown.
    pub fn instant(&mut self, text: &[u8], host: &[u8]) -> Option<Timestamp> {
        let same_host = self.hosts.get(self.current).is_some_and(|current| *current.host == *host);
        if same_host && self.cached_length == text.len() && self.cached[..text.len()] == *text {
            return Some(self.cached_time);
        }
        let time = self.instant_at(&Stamp::parse(text)?, host)?;
        if let Some(cache) = self.cached.get_mut(..text.len()) {
            cache.copy_from_slice(text);
            self.cached_length = text.len();
            self.cached_time = time;
        }
        Some(time)
    }

    /// The same for a timestamp that was read apart.
    pub fn instant_at(&mut self, stamp: &Stamp, host: &[u8]) -> Option<Timestamp> {
        let local = self.local(stamp)?;
        if self.hosts.get(self.current).is_none_or(|current| *current.host != *host) {
            self.current = self.host(host);
        }
        let time = self.instant_in_zone(local, stamp);
        self.cached_local = (stamp.offset.is_none()).then(|| local.and_utc().timestamp());
        self.cached_length = 0;
        Some(time)
    }

    /// The place of a host, which is added where it is new.
    fn host(&mut self, host: &[u8]) -> usize {
        if let Some(&at) = self.places.get(host) {
            return at;
        }
        // A log of endless hosts shares one clock among the last of them.
        if self.hosts.len() >= HOST_CAP {
            return HOST_CAP - 1;
        }
        let last = Timestamp::from_seconds(i64::MIN);
        let clock = HostClock {
            host: host.into(),
            offset: None,
            proven: false,
            assumed: false,
            last_local: i64::MIN,
            last,
        };
        self.places.insert(host.into(), self.hosts.len());
        self.hosts.push(clock);
        self.hosts.len() - 1
    }

    fn local(&mut self, stamp: &Stamp) -> Option<NaiveDateTime> {
        let year = match stamp.year {
            Some(year) => year,
            None => rolled(self.year?, self.last_day, (stamp.month, stamp.day)),
        };
        let day = (stamp.month, stamp.day);
        let date = match self.date.filter(|_| self.year == Some(year) && self.last_day == day) {
            Some(date) => date,
            None => NaiveDate::from_ymd_opt(year, stamp.month, stamp.day)?,
        };
        let local = at_second(date, stamp.second)?;
        (self.year, self.last_day, self.date) = (Some(year), day, Some(date));
        Some(local)
    }

    fn instant_in_zone(&mut self, local: NaiveDateTime, stamp: &Stamp) -> Timestamp {
        let seconds = local.and_utc().timestamp();
        let (zone, default) = (self.zone, self.default_offset);
        self.has_offset = stamp.offset.is_some();
        let Some(host) = self.hosts.get_mut(self.current) else { return Timestamp::from_seconds(seconds) };
        host.assumed |= stamp.offset.is_none() && (zone.is_some() || host.offset.or(default).is_none());
        let time = match (stamp.offset, zone) {
            (Some(offset), _) => Timestamp::from_seconds(seconds - i64::from(offset)),
            (None, Some(zone)) => {
                zone.to_utc_after(local, Timestamp::from_seconds(host.last.seconds() - DISORDER))
            }
            (None, None) => {
                self.assumed_utc |= host.offset.or(default).is_none();
                if host.turns_back(local) {
                    host.offset = Some(host.offset.or(default).unwrap_or(0) - HOUR);
                }
                host.last_local = seconds;
                Timestamp::from_seconds(seconds - host.offset.or(default).unwrap_or(0))
            }
        };
        // The first line of a host is a step on from nowhere.
        self.steps_on += u64::from(time > host.last);
        self.steps_back += u64::from(time < host.last);
        host.last = time;
        time
    }

    /// The instant of a stamp without remembering it.
    pub fn instant_of(mut self, stamp: &Stamp, host: &[u8]) -> Option<Timestamp> {
        let local = self.local(stamp)?;
        self.current = self.host(host);
        Some(self.instant_in_zone(local, stamp))
    }

    /// Learns from a record that states its instant itself, at the time last read, how far its host is from UTC.
    /// Gives the seconds by which instants of that host so far were off, where they stood on no proof.
    pub fn prove(&mut self, utc: Timestamp) -> Option<i64> {
        let local = self.cached_local.filter(|_| self.zone.is_none())?;
        let offset = offset_between(local, utc)?;
        let default = self.default_offset;
        let host = self.hosts.get_mut(self.current)?;
        let (before, was_proven) = (host.offset.or(default), host.proven);
        (host.offset, host.proven, host.assumed) = (Some(offset), true, false);
        if before == Some(offset) {
            return None;
        }
        self.cached_length = 0;
        (!was_proven).then(|| before.unwrap_or(0) - offset)
    }

    /// How good the instants of the last line are.
    pub fn quality(&self) -> TimeQuality {
        let proven = self.hosts.get(self.current).is_some_and(|host| host.offset.is_some());
        if self.has_offset {
            TimeQuality::Exact
        } else if self.year_inferred {
            TimeQuality::YearInferred
        } else if self.zone.is_none() && (proven || self.default_offset.is_some()) {
            TimeQuality::Exact
        } else {
            TimeQuality::ZoneAssumed
        }
    }

    /// Whether the lines so far ran from the newest to the oldest: most steps of a host's time went back.
    pub fn runs_backwards(&self) -> bool {
        let on = self.steps_on.saturating_sub(self.hosts.len() as u64);
        self.steps_back >= STEPS_BACK && self.steps_back > 2 * on
    }

    /// The hosts of which times without zone were read in that of the user, or in UTC.
    pub fn hosts_with_assumed_zone(&self) -> impl Iterator<Item = &[u8]> {
        self.hosts.iter().filter(|host| host.assumed).map(|host| &*host.host)
    }

    /// Whether an instant stands on the assumption that the log is in UTC.
    pub fn assumes_utc(&self) -> bool {
        self.assumed_utc
    }
}

impl HostClock {
    /// Whether local time was set back by an hour since the last line, as at the end of daylight saving time: in
    /// the small hours of a Sunday.
    fn turns_back(&self, local: NaiveDateTime) -> bool {
        let back = self.last_local.saturating_sub(local.and_utc().timestamp());
        CLOCK_BACK.contains(&back) && local.weekday() == Weekday::Sun && local.hour() < 4
    }
}

/// Month and day, from 1; month 0 before the first.
pub type MonthDay = (u32, u32);

/// The year of a day that follows another: a step over New Year changes it, a pause within the year does not.
/// Backwards the step is one of lines out of order, of hosts in several zones perhaps, and so one of days.
pub fn rolled(year: i32, last: MonthDay, day: MonthDay) -> i32 {
    if last.0 == 0 {
        year
    } else if day.0 + ROLLOVER_MONTHS < last.0 {
        year + 1
    } else if last <= FIRST_DAYS && day >= LAST_DAYS {
        year - 1
    } else {
        year
    }
}

/// The calendar time of a stamp in a year; `None` for 29 February outside leap years.
pub fn calendar(stamp: &Stamp, year: i32) -> Option<NaiveDateTime> {
    at_second(NaiveDate::from_ymd_opt(year, stamp.month, stamp.day)?, stamp.second)
}

fn at_second(date: NaiveDate, second: u32) -> Option<NaiveDateTime> {
    let (whole, leap) = (second.min(86_399), second / 86_400);
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
        clock.instant(text.as_bytes(), b"h").map_or("none".into(), |time| time.to_string())
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
    fn a_pause_of_any_length_stays_within_the_year() {
        let mut clock = Clock::new(None, Some(2025));
        let times =
            ["Jan  1 10:00:00", "Sep 15 10:00:00", "Dec 31 10:00:00", "Jan  5 10:00:00", "Dec 31 10:00:00"];
        let years: Vec<String> = times.iter().map(|text| shown(&mut clock, text)[..4].to_owned()).collect();
        assert_eq!(years, ["2025", "2025", "2025", "2026", "2026"]);
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

    #[test]
    fn the_repeated_hour_comes_after_the_first() {
        let at_night = ["Oct 25 02:10:00", "Oct 25 02:59:50", "Oct 25 02:00:05", "Oct 25 02:30:00"];
        let expected =
            ["2026-10-25T00:10:00Z", "2026-10-25T00:59:50Z", "2026-10-25T01:00:05Z", "2026-10-25T01:30:00Z"];
        let mut named = Clock::new("Europe/Rome".parse().ok(), Some(2026));
        assert_eq!(at_night.map(|text| shown(&mut named, text)), expected);
        let mut proven = Clock::new(None, Some(2026)).with_offset(Some(7200));
        assert_eq!(at_night.map(|text| shown(&mut proven, text)), expected);
    }

    #[test]
    fn hosts_of_a_merged_log_have_clocks_of_their_own() {
        let mut clock = Clock::new(None, Some(2026)).with_host(b"rome", 7200).with_host(b"utc", 0);
        let mut at = |host: &[u8]| clock.instant(b"Jul  1 12:00:00", host).unwrap().to_string();
        assert_eq!(at(b"rome"), "2026-07-01T10:00:00Z");
        assert_eq!(at(b"utc"), "2026-07-01T12:00:00Z");
        assert_eq!(at(b"rome"), "2026-07-01T10:00:00Z");
    }
}
