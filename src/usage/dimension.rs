//! What usage can be grouped by, and the key of a group.
//!
//! The billing period (a UTC month, cut where prices change) and the kind of traffic are part of every key,
//! because tiers apply per month and a total over all traffic is split; other parts stay at zero unless they were asked for. Days and hours are
//! those of the display zone. Summing is left to `cube`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime};

use super::names::{ClientId, DomainId, HostId, Names, SenderId, SourceId};
use super::numbering::Numbering;
use super::submission::{Outcome, Submission, Traffic};
use crate::period::{ChargePeriod, Month, Timestamp, Zone};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// The step in which zones change their offset from UTC (a quarter of an hour, since standard time came in).
const OFFSET_STEP: i64 = 900;

/// What usage is grouped by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dimension {
    /// The billing month, in UTC.
    Month,
    /// The day in the display zone.
    Day,
    /// The hour in the display zone.
    Hour,
    /// The domain of the envelope sender.
    SenderDomain,
    /// The envelope sender.
    Sender,
    /// The submitting host.
    Client,
    /// What became of a recipient. A message counts with its first outcome in the order of [`Outcome::ALL`].
    Outcome,
    /// The input.
    Source,
    /// The kind of traffic.
    Traffic,
    /// The connector or next host.
    Connector,
}

/// A word that is not a dimension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is nothing to group by: expected month, day, hour, sender-domain, sender, client, outcome, source, traffic or connector"
)]
pub struct UnknownDimension(String);

impl Dimension {
    /// All of them, in the order in which they are listed for people.
    pub const ALL: [Dimension; 10] = [
        Dimension::Month,
        Dimension::Day,
        Dimension::Hour,
        Dimension::SenderDomain,
        Dimension::Sender,
        Dimension::Client,
        Dimension::Outcome,
        Dimension::Source,
        Dimension::Traffic,
        Dimension::Connector,
    ];

    /// The word on the command line, in columns and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Dimension::Month => "month",
            Dimension::Day => "day",
            Dimension::Hour => "hour",
            Dimension::SenderDomain => "sender-domain",
            Dimension::Sender => "sender",
            Dimension::Client => "client",
            Dimension::Outcome => "outcome",
            Dimension::Source => "source",
            Dimension::Traffic => "traffic",
            Dimension::Connector => "connector",
        }
    }

    /// Whether groups have an order in time.
    pub fn is_time(self) -> bool {
        matches!(self, Dimension::Month | Dimension::Day | Dimension::Hour)
    }
}

impl FromStr for Dimension {
    type Err = UnknownDimension;

    fn from_str(text: &str) -> Result<Dimension, UnknownDimension> {
        let known = Dimension::ALL.into_iter().find(|dimension| dimension.name() == text.trim());
        known.ok_or_else(|| UnknownDimension(text.to_owned()))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a cell of the cube stands for. Parts that were not asked for are zero or `None`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    /// The billing period; `None` only in a group over several.
    pub(super) period: Option<ChargePeriod>,
    /// The start of the hour or day: the instant in seconds for hours, the local midnight for days.
    time: i64,
    sender: u32,
    client: u32,
    connector: u32,
    source: u32,
    outcome: Option<Outcome>,
    pub(super) traffic: Option<Traffic>,
    /// Whether it is the cell for all that found no room.
    pub(super) other: bool,
}

impl Hash for Key {
    /// In a few words, since most submissions are looked up by it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let pair = |one: u32, two: u32| u64::from(one) << 32 | u64::from(two);
        let kind = self.outcome.map_or(0, |outcome| outcome as u32 + 1) << 8
            | self.traffic.map_or(0, |traffic| traffic as u32 + 1) << 1
            | u32::from(self.other);
        state.write_i64(self.period.map_or(0, |period| period.start.seconds()));
        state.write_i64(self.time);
        state.write_u64(pair(self.sender, self.client));
        state.write_u64(pair(self.connector, self.source));
        state.write_u32(kind);
    }
}

impl Key {
    fn of(period: Option<ChargePeriod>, traffic: Option<Traffic>) -> Key {
        Key {
            period,
            time: 0,
            sender: 0,
            client: 0,
            connector: 0,
            source: 0,
            outcome: None,
            traffic,
            other: false,
        }
    }

    /// A number that keys which come close to each other seldom share in its lowest bits.
    pub(super) fn slot(&self) -> usize {
        let parts = [self.sender, self.client, self.connector, self.source, (self.time / HOUR) as u32];
        let mixed =
            parts.iter().fold(0_u32, |mixed, part| (mixed.rotate_left(5) ^ part).wrapping_mul(0x9E37_79B9));
        (mixed >> 16) as usize
    }

    /// The same with an outcome.
    pub(super) fn with_outcome(self, outcome: Outcome) -> Key {
        Key { outcome: Some(outcome), ..self }
    }

    /// The cell of the same period and traffic for all that found no room.
    pub(super) fn other(self) -> Key {
        Key { other: true, ..Key::of(self.period, self.traffic) }
    }
}

/// A part of a key, as a number; `None` in the key for all that found no room.
pub(super) type Part = Option<i64>;

/// Finds the key of a submission. Remembers the last period and offset: logs go forward in time.
#[derive(Debug)]
pub(super) struct Keyer {
    by: Vec<Dimension>,
    asked: Asked,
    zone: Zone,
    cuts: Vec<Timestamp>,
    period: ChargePeriod,
    offset: Option<(i64, i64)>,
}

/// The parts of a key that were asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    day: bool,
    hour: bool,
    sender: bool,
    sender_domain: bool,
    client: bool,
    connector: bool,
    source: bool,
}

impl Keyer {
    pub(super) fn new(by: Vec<Dimension>, zone: Zone, cuts: Vec<Timestamp>) -> Keyer {
        let nowhere = ChargePeriod { start: Timestamp::default(), end: Timestamp::default() };
        let asked = Asked {
            day: by.contains(&Dimension::Day),
            hour: by.contains(&Dimension::Hour),
            sender: by.contains(&Dimension::Sender),
            sender_domain: by.contains(&Dimension::SenderDomain),
            client: by.contains(&Dimension::Client),
            connector: by.contains(&Dimension::Connector),
            source: by.contains(&Dimension::Source),
        };
        Keyer { by, asked, zone, cuts, period: nowhere, offset: None }
    }

    pub(super) fn by(&self) -> &[Dimension] {
        &self.by
    }

    pub(super) fn asks(&self, dimension: Dimension) -> bool {
        self.by.contains(&dimension)
    }

    /// The key of a submission, without its outcome.
    pub(super) fn key(&mut self, submission: &Submission, names: &Names) -> Key {
        let mut key = Key::of(Some(self.period_of(submission.time)), Some(submission.traffic));
        let asked = self.asked;
        if asked.sender {
            key.sender = submission.sender.0;
        } else if asked.sender_domain {
            key.sender = names.sender_domain(submission.sender).0;
        }
        if asked.client {
            key.client = submission.client.0;
        }
        if asked.connector {
            key.connector = submission.relay.0;
        }
        if asked.source {
            key.source = submission.source.0;
        }
        if asked.hour || asked.day {
            key.time = self.time_of(submission.time, asked.hour);
        }
        key
    }

    /// A key whose parts are numbered as other names number them.
    pub(super) fn renumbered(&self, key: Key, numbers: &Numbering) -> Key {
        let sender = SenderId(key.sender);
        Key {
            sender: match self.asked {
                Asked { sender: true, .. } => numbers.sender(sender).0,
                Asked { sender_domain: true, .. } => numbers.domain(DomainId(key.sender)).0,
                _ => key.sender,
            },
            client: if self.asked.client { numbers.client(ClientId(key.client)).0 } else { key.client },
            connector: if self.asked.connector {
                numbers.host(HostId(key.connector)).0
            } else {
                key.connector
            },
            source: if self.asked.source { numbers.source(SourceId(key.source)).0 } else { key.source },
            ..key
        }
    }

    fn period_of(&mut self, time: Timestamp) -> ChargePeriod {
        if !self.period.contains(time) {
            let ChargePeriod { mut start, mut end } = Month::of(time).period();
            for &cut in &self.cuts {
                if cut <= time {
                    start = start.max(cut);
                } else {
                    end = end.min(cut);
                }
            }
            self.period = ChargePeriod { start, end };
        }
        self.period
    }

    fn time_of(&mut self, time: Timestamp, hour: bool) -> i64 {
        let offset = self.offset_at(time.seconds());
        let local = time.seconds() + offset;
        if hour { local.div_euclid(HOUR) * HOUR - offset } else { local.div_euclid(DAY) * DAY }
    }

    fn offset_at(&mut self, seconds: i64) -> i64 {
        let step = seconds.div_euclid(OFFSET_STEP);
        match self.offset {
            Some((known, offset)) if known == step => offset,
            _ => {
                let time = Timestamp::from_seconds(seconds);
                let offset = self.zone.from_utc(time).and_utc().timestamp() - time.seconds();
                self.offset = Some((step, offset));
                offset
            }
        }
    }

    /// The key of a group over periods and traffic: the month and the traffic are kept only where asked for.
    pub(super) fn group_key(&self, key: Key) -> Key {
        let period = key.period.filter(|_| self.asks(Dimension::Month) && !key.other);
        let traffic = key.traffic.filter(|_| self.asks(Dimension::Traffic) && !key.other);
        Key { period: period.map(|period| Month::of(period.start).period()), traffic, ..key }
    }

    /// What the label of a key for one of its dimensions depends on.
    pub(super) fn part(&self, dimension: Dimension, key: &Key, names: &Names) -> Part {
        if key.other {
            return None;
        }
        Some(match dimension {
            Dimension::Month => key.period.map_or(0, |period| period.start.seconds()),
            Dimension::Day | Dimension::Hour => key.time,
            Dimension::SenderDomain if self.asked.sender => {
                names.sender_domain(SenderId(key.sender)).0.into()
            }
            Dimension::SenderDomain | Dimension::Sender => key.sender.into(),
            Dimension::Client => key.client.into(),
            Dimension::Outcome => key.outcome.map_or(0, |outcome| outcome as i64 + 1),
            Dimension::Source => key.source.into(),
            Dimension::Traffic => key.traffic.map_or(0, |traffic| traffic as i64 + 1),
            Dimension::Connector => key.connector.into(),
        })
    }

    /// How a key reads for one of its dimensions.
    pub(super) fn label(&self, dimension: Dimension, key: &Key, names: &Names) -> String {
        if key.other {
            return OTHER.to_owned();
        }
        match dimension {
            Dimension::Month => {
                key.period.map_or_else(String::new, |period| Month::of(period.start).to_string())
            }
            Dimension::Day => self.local_start(key).format("%Y-%m-%d").to_string(),
            Dimension::Hour => self.hour_label(key.time),
            Dimension::SenderDomain if self.asks(Dimension::Sender) => {
                names.domain(names.sender_domain(SenderId(key.sender))).to_owned()
            }
            Dimension::SenderDomain => names.domain(DomainId(key.sender)).to_owned(),
            Dimension::Sender => names.sender_address(SenderId(key.sender)).to_owned(),
            Dimension::Client => names.client_of(ClientId(key.client)).label(),
            Dimension::Outcome => key.outcome.map_or("", Outcome::name).to_owned(),
            Dimension::Source => names.source_name(SourceId(key.source)).to_owned(),
            Dimension::Traffic => key.traffic.map_or("", Traffic::name).to_owned(),
            Dimension::Connector => names.host_name(HostId(key.connector)).to_owned(),
        }
    }

    fn local_start(&self, key: &Key) -> NaiveDateTime {
        match self.asks(Dimension::Hour) {
            true => self.zone.from_utc(Timestamp::from_seconds(key.time)),
            false => DateTime::from_timestamp(key.time, 0).unwrap_or_default().naive_utc(),
        }
    }

    /// The local hour with its offset, so that the hour which a clock change repeats is told apart.
    fn hour_label(&self, seconds: i64) -> String {
        let local = self.zone.from_utc(Timestamp::from_seconds(seconds));
        let minutes = (local.and_utc().timestamp() - seconds) / 60;
        let start = local.format("%Y-%m-%dT%H:%M");
        match minutes {
            0 => format!("{start}Z"),
            _ => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{start}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }
}

/// The label of what is not told apart.
pub const OTHER: &str = "(other)";

#[cfg(test)]
mod tests {
    use super::super::submission::tests::submission;
    use super::*;

    fn labels(by: &[Dimension], zone: &str, time: &str) -> Vec<String> {
        let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%SZ").unwrap();
        let names = Names::default();
        let mut keyer = Keyer::new(by.to_vec(), zone.parse().unwrap(), Vec::new());
        let key = keyer.key(&Submission { time: Timestamp::from_utc(time), ..submission() }, &names);
        by.iter().map(|&dimension| keyer.label(dimension, &key, &names)).collect()
    }

    #[test]
    fn months_are_utc_and_days_local() {
        use Dimension::{Day, Hour, Month};
        let shown = |zone, time| labels(&[Month, Day, Hour], zone, time);
        assert_eq!(shown("UTC", "2026-09-30T22:30:00Z"), ["2026-09", "2026-09-30", "2026-09-30T22:00Z"]);
        assert_eq!(
            shown("Europe/Rome", "2026-09-30T22:30:00Z"),
            ["2026-09", "2026-10-01", "2026-10-01T00:00+02:00"]
        );
        assert_eq!(
            shown("Asia/Kolkata", "2026-09-30T22:10:00Z"),
            ["2026-09", "2026-10-01", "2026-10-01T03:00+05:30"]
        );
        assert_eq!(labels(&[Day], "Europe/Rome", "2026-09-30T22:30:00Z"), ["2026-10-01"]);
    }

    #[test]
    fn the_hour_that_occurs_twice_is_two() {
        let first = labels(&[Dimension::Hour], "Europe/Rome", "2026-10-25T00:59:59Z");
        let second = labels(&[Dimension::Hour], "Europe/Rome", "2026-10-25T01:00:00Z");
        assert_eq!(
            (first, second),
            (vec!["2026-10-25T02:00+02:00".to_owned()], vec!["2026-10-25T02:00+01:00".to_owned()])
        );
    }

    #[test]
    fn the_offset_follows_a_clock_change() {
        let names = Names::default();
        let mut keyer = Keyer::new(vec![Dimension::Hour], "Europe/Rome".parse().unwrap(), Vec::new());
        let mut shown = |seconds| {
            let time = Timestamp::from_seconds(seconds);
            let key = keyer.key(&Submission { time, ..submission() }, &names);
            keyer.label(Dimension::Hour, &key, &names)
        };
        // 2026-03-29T01:00:00Z is when summer time begins.
        assert_eq!(shown(1_774_745_999), "2026-03-29T01:00+01:00");
        assert_eq!(shown(1_774_746_000), "2026-03-29T03:00+02:00");
    }

    #[test]
    fn a_month_is_cut_where_prices_change() {
        let cuts = ["2026-10-11", "2026-12-01"].map(|day| crate::period::parse_date(day).unwrap());
        let cuts = cuts.map(|day| ChargePeriod::of_dates(day, day).start).to_vec();
        let mut keyer = Keyer::new(Vec::new(), Zone::UTC, cuts.clone());
        let mut shown = |seconds| keyer.period_of(Timestamp::from_seconds(seconds)).to_string();
        let cut = cuts[0].seconds();
        assert_eq!(shown(cut - 1), "2026-10-01T00:00:00Z to 2026-10-11T00:00:00Z");
        assert_eq!(shown(cut), "2026-10-11T00:00:00Z to 2026-11-01T00:00:00Z");
        assert_eq!(shown(cut + 40 * DAY), "2026-11-01T00:00:00Z to 2026-12-01T00:00:00Z");
        assert_eq!(shown(cut + 52 * DAY), "2026-12-01T00:00:00Z to 2027-01-01T00:00:00Z");
    }

    #[test]
    fn dimensions_are_words() {
        for dimension in Dimension::ALL {
            assert_eq!(dimension.name().parse(), Ok(dimension));
        }
        assert_eq!(
            "week".parse::<Dimension>().unwrap_err().to_string(),
            "'week' is nothing to group by: expected month, day, hour, sender-domain, sender, client, outcome, source, traffic or connector"
        );
    }
}
