//! What one row says of its message, as far as that takes no knowledge of other rows: so rows are understood on all
//! cores, and only what they say is added to the messages in their order.
//!
//! Ids of texts are of the whole run; a row names its texts by their numbers in `texts`.

use rust_decimal::Decimal;

use super::columns::{Cells, Column, Kind};
use super::row::Clock;
use super::texts::Texts;
use super::values::{count, date, megabytes};
use super::words::Word;
use crate::ingest::delimited::RecipientHasher;
use crate::ingest::grouping::MessageKey;
use crate::period::{Timestamp, Zone};
use crate::usage::{Skip, TimeQuality};

/// What a row is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row {
    /// It is on a message.
    Message(Said),
    /// It is a usage record, of which there are few: they are read where they are counted.
    Usage,
    /// It is not counted.
    Skipped(Skip),
}

/// What a row says of its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    /// The correlation id.
    pub(super) id: MessageKey,
    /// The digest of the resource; 0 where the row names none.
    pub(super) resource: u32,
    /// The name of the resource, among the hosts.
    pub(super) relay: u32,
    /// Seconds since 1970.
    pub(super) time: u32,
    /// How the time became an instant.
    pub(super) time_quality: TimeQuality,
    /// The line.
    pub(super) line: u64,
    /// What it is about.
    pub(super) what: What,
}

/// What a row on a message is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// The message was handed in.
    Send {
        /// Recipients.
        recipients: u32,
        /// Megabytes of one copy; 0: missing.
        megabytes: Decimal,
        /// What handed it in, among the clients.
        client: u32,
    },
    /// What became of the message or a recipient.
    Status {
        /// The hash of the recipient; `None` where the row is on the whole message.
        recipient: Option<u64>,
        /// What became of it.
        word: Word,
        /// The word where it is not known, among the statuses.
        written: u32,
        /// Among the senders.
        sender: u32,
    },
}

/// The texts of rows.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) hosts: Texts,
    pub(super) clients: Texts,
    pub(super) senders: Texts,
    pub(super) statuses: Texts,
}

/// What times were without a zone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Zones {
    /// Whether some time is in a zone that no column states.
    pub(super) assumed: bool,
    /// Whether some time is in a zone that nobody states.
    pub(super) unknown: bool,
}

/// Understands rows.
#[derive(Debug, Default)]
pub(super) struct Teller {
    clock: Clock,
    pub(super) written: Written,
    pub(super) zones: Zones,
    hasher: RecipientHasher,
    resource: Resource,
    day: Option<Day>,
    sender: Vec<u8>,
}

/// The resource of the row before: nearly always that of this row too.
#[derive(Debug, Default)]
struct Resource {
    path: Vec<u8>,
    digest: u32,
    name: u32,
}

/// The day of a time before, as `2026-10-01T` writes it, and when it began.
#[derive(Clone, Copy, Debug)]
struct Day {
    written: [u8; 11],
    began: i64,
}

impl Teller {
    /// A teller of rows whose times are written in one way.
    pub(super) fn new(clock: Clock) -> Teller {
        Teller { clock, ..Teller::default() }
    }

    /// Says how the times of the next rows are written.
    pub(super) fn begin(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// The texts of rows; those of further rows go on where they are given back.
    pub(super) fn take_written(&mut self) -> Written {
        std::mem::take(&mut self.written)
    }

    /// What a row says, or what is wrong with it. The table is that of a query's result, where its name tells.
    pub(super) fn tell(&mut self, cells: &Cells<'_>, table: Option<Kind>) -> Result<Row, String> {
        match Kind::of(cells, table) {
            Some(Kind::Send) => self.send(cells).map(Row::Message),
            Some(Kind::Status) => self.status(cells).map(Row::Message),
            Some(Kind::Engagement) => Ok(Row::Skipped(Skip::Event)),
            Some(Kind::Usage) => Ok(Row::Usage),
            Some(Kind::Metric) => Ok(Row::Skipped(Skip::NotUsage)),
            Some(Kind::Other) => Ok(Row::Skipped(Skip::OtherService)),
            None => Err("no row of a log of Communication Services: expected a category such as \
                         EmailSendMailOperational"
                .to_owned()),
        }
    }

    fn send(&mut self, cells: &Cells<'_>) -> Result<Said, String> {
        let recipients = recipients(cells)?;
        let megabytes = megabytes(cells.get(Column::Size))?.unwrap_or_default();
        let client = self.written.clients.number(cells.get(Column::TrafficSource));
        self.said(cells, What::Send { recipients, megabytes, client })
    }

    fn status(&mut self, cells: &Cells<'_>) -> Result<Said, String> {
        let status = cells.get(Column::Status);
        let word = Word::of(status);
        let what = What::Status {
            recipient: self.hasher.hash(cells.get(Column::Recipient)),
            word,
            written: if word == Word::New { self.written.statuses.number(status) } else { 0 },
            sender: self.sender(cells),
        };
        self.said(cells, what)
    }

    fn said(&mut self, cells: &Cells<'_>, what: What) -> Result<Said, String> {
        let (written, id) = (cells.get(Column::Time), cells.get(Column::Correlation));
        match (written, id) {
            (b"", b"") => {
                return Err(
                    "the time and the CorrelationId are missing: these are the properties of a log row \
                            without the envelope around them (time, resourceId, category, correlationId)"
                        .to_owned(),
                );
            }
            (b"", _) => return Err("the time is missing: expected time or TimeGenerated".to_owned()),
            (_, b"") => {
                return Err("the CorrelationId is missing: it tells which rows are of one message".to_owned());
            }
            _ => {}
        }
        let (time, time_quality) = self.instant(written)?;
        let seconds = u32::try_from(time.seconds())
            .map_err(|_| format!("the time {time} is not possible: expected 1970 to 2105"))?;
        let (resource, relay) = self.resource(cells.get(Column::Resource));
        let id = MessageKey::of_id(id);
        Ok(Said { id, resource, relay, time: seconds, time_quality, line: cells.line, what })
    }

    /// The instant of a time.
    pub(super) fn instant(&mut self, written: &[u8]) -> Result<(Timestamp, TimeQuality), String> {
        let parts = day_and_time(written);
        if let Some((day, seconds)) = parts
            && let Some(known) = self.day.filter(|known| known.written == *day)
        {
            return Ok((Timestamp::from_seconds(known.began + seconds), TimeQuality::Exact));
        }
        let clock = self.clock;
        let date = date(written, clock.order)?;
        let (zone, quality) = match (clock.is_local && !date.has_zone(), date.date_only) {
            (_, true) => (Zone::UTC, TimeQuality::DateOnly),
            (true, false) => {
                self.zones.assumed = true;
                self.zones.unknown |= clock.zone.is_none();
                (clock.zone.unwrap_or(Zone::UTC), TimeQuality::ZoneAssumed)
            }
            (false, false) => (Zone::UTC, TimeQuality::Exact),
        };
        let time = date.instant(&zone);
        if let Some((day, seconds)) = parts {
            self.day = Some(Day { written: *day, began: time.seconds() - seconds });
        }
        Ok((time, quality))
    }

    /// The digest of a resource and its name, the last part of its path; case differs between settings and tables.
    fn resource(&mut self, path: &[u8]) -> (u32, u32) {
        if path.is_empty() {
            return (0, 0);
        }
        if self.resource.path != path {
            let digest = MessageKey::of_parts(&[b"resource", path]).bits() as u32;
            self.resource.digest = digest.max(1);
            self.resource.path.clear();
            self.resource.path.extend_from_slice(path);
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            self.resource.name = self.written.hosts.number(name);
        }
        (self.resource.digest, self.resource.name)
    }

    fn sender(&mut self, cells: &Cells<'_>) -> u32 {
        let (user, domain) = (cells.get(Column::SenderUser), cells.get(Column::SenderDomain));
        let at: &[u8] = match (user, domain) {
            (_, b"") => return self.written.senders.number(user),
            _ if user.contains(&b'@') => return self.written.senders.number(user),
            _ => b"@",
        };
        self.sender.clear();
        [user, at, domain].iter().for_each(|part| self.sender.extend_from_slice(part));
        self.written.senders.number(&self.sender)
    }

    /// Forgets the texts, where there are many.
    pub(super) fn shrink(&mut self, cap: usize) -> bool {
        let Written { hosts, clients, senders, statuses } = &self.written;
        let is_full = [hosts, clients, senders, statuses].iter().any(|texts| texts.len() > cap);
        if is_full {
            (self.written, self.resource) = (Written::default(), Resource::default());
        }
        is_full
    }
}

/// The day of `2026-10-01T01:38:20.8331309Z`, and the seconds behind its beginning; `None` where a time is written in
/// any other way. Nothing says that there is such a day.
fn day_and_time(written: &[u8]) -> Option<(&[u8; 11], i64)> {
    let (day, rest) = written.split_first_chunk::<11>()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let is_day = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        10 => *byte == b'T',
        _ => byte.is_ascii_digit(),
    };
    let fraction = rest.strip_suffix(b"Z")?;
    let is_fraction = match fraction.split_first() {
        None => true,
        Some((point, digits)) => *point == b'.' && digits.iter().all(u8::is_ascii_digit),
    };
    let [h1, h2, b':', m1, m2, b':', s1, s2] = time else { return None };
    let two = |tens: &u8, ones: &u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    let fits = hour < 24 && minute < 60 && second < 60 && is_fraction;
    (fits && day.iter().enumerate().all(is_day)).then_some((day, hour * 3_600 + minute * 60 + second))
}

/// The recipients of a send row. The service charges for each address once; where only the numbers of the three lines
/// are there, an address in two of them counts twice.
fn recipients(cells: &Cells<'_>) -> Result<u32, String> {
    if let Some(unique) = count(cells.get(Column::Unique))? {
        return Ok(unique);
    }
    let mut sum = None;
    for column in [Column::To, Column::Cc, Column::Bcc] {
        if let Some(count) = count(cells.get(column))? {
            sum = Some(sum.unwrap_or(0_u32).saturating_add(count));
        }
    }
    sum.ok_or_else(|| "the number of recipients is missing: expected UniqueRecipientsCount".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_known_day_are_read_as_any_other() {
        let mut teller = Teller::default();
        for written in [
            "2026-10-01T01:38:20.8331309Z",
            "2026-10-01T23:59:59Z",
            "2026-10-01T23:59:60Z",
            "2026-10-01T24:00:00Z",
            "2026-10-01T01:60:00Z",
            "2026-10-01T00:00:00.Z",
            "2026-10-01T00:00:00.Z1Z",
            "2026-10-01T00:00:00+02:00",
            "2026-10-01T00:00:00",
            "2026-02-30T00:00:00Z",
            "2026-02-30T00:00:01Z",
            "2026-10-02T5:25:36 PM",
            "2026-10-01",
        ] {
            let afresh = Teller::default().instant(written.as_bytes());
            assert_eq!(teller.instant(written.as_bytes()), afresh, "{written}");
        }
    }
}
