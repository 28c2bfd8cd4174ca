//! One message handed in for delivery, as every log format reports it.
//!
//! A [`Submission`] is small and plain: texts are held once in [`super::names::Names`] and named by number, so
//! that millions of submissions cost no allocation. It has no field for recipient addresses or subjects.

use rust_decimal::Decimal;

use super::names::{ClientId, HostId, SenderId, SourceId};
use crate::period::Timestamp;

/// One accepted message, a row of several, or a further leg of one.
///
/// `messages` is 1 for a message and more for a pre-aggregated row. It is 0 for a further leg: recipients of a
/// message that another submission already counts (a second pass through a filter, a second relay). A leg adds
/// its recipients and their bytes; its message, the bytes of that message and its weight among sizes are counted
/// once, with the first. With `--delivered-only` a leg counts its delivered recipients also where the first had
/// none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Submission {
    /// The instant at which the relay accepted the message; the first line seen where that is missing.
    pub time: Timestamp,
    /// How `time` became an instant.
    pub time_quality: TimeQuality,
    /// Messages behind this record: 1, the count of a pre-aggregated row, or 0 for a further leg.
    pub messages: u64,
    /// Bytes of one copy with headers and attachments; `None` where the source does not tell.
    pub message_size: Option<u64>,
    /// Where the size comes from.
    pub size_quality: SizeQuality,
    /// Recipients of one message by what became of them; of a pre-aggregated row, of all its messages.
    pub recipients: Recipients,
    /// The most recipients that are possible where the source leaves a group's expansion open; else the same
    /// as the number of `recipients`.
    pub recipients_upper: u64,
    /// The envelope sender.
    pub sender: SenderId,
    /// The submitting host.
    pub client: ClientId,
    /// The connector or next host that took the message, where the source tells.
    pub relay: HostId,
    /// Which traffic it looks like.
    pub traffic: Traffic,
    /// The input in which it was first seen.
    pub source: SourceId,
    /// The line of its first record in that input (1-based; 0 where the source has no lines).
    pub line: u64,
    /// Input records that were read into this submission.
    pub records: u64,
    /// Digest of what identifies the message in its source.
    pub key: u128,
}

/// Accepted recipients, without duplicates, by outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recipients {
    /// Handed over to the next host or delivered.
    pub delivered: u64,
    /// Still deferred where the input ends.
    pub open: u64,
    /// Bounced or expired after acceptance.
    pub bounced: u64,
    /// Held back by a filter or quarantine after acceptance.
    pub filtered: u64,
    /// The source does not tell.
    pub unknown: u64,
}

impl Recipients {
    /// All accepted recipients: what is charged in the default.
    pub fn attempted(&self) -> u64 {
        self.delivered + self.open + self.bounced + self.filtered + self.unknown
    }

    /// Recipients with one outcome.
    pub fn with(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Delivered => self.delivered,
            Outcome::Open => self.open,
            Outcome::Bounced => self.bounced,
            Outcome::Filtered => self.filtered,
            Outcome::Unknown => self.unknown,
        }
    }
}

/// What became of a recipient after acceptance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Handed over to the next host or delivered.
    Delivered,
    /// Still deferred where the input ends.
    Open,
    /// Bounced or expired.
    Bounced,
    /// Held back by a filter or quarantine.
    Filtered,
    /// The source does not tell.
    Unknown,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Outcome; 5] =
        [Outcome::Delivered, Outcome::Open, Outcome::Bounced, Outcome::Filtered, Outcome::Unknown];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Delivered => "delivered",
            Outcome::Open => "open",
            Outcome::Bounced => "bounced",
            Outcome::Filtered => "filtered",
            Outcome::Unknown => "unknown",
        }
    }
}

/// How a time became an instant, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TimeQuality {
    /// The source states date, time and zone, or the log itself proves them.
    Exact,
    /// The zone is assumed: `--log-timezone`, or UTC.
    ZoneAssumed,
    /// The year was inferred from the file's own date.
    YearInferred,
    /// The source gives a day only.
    DateOnly,
}

impl TimeQuality {
    /// The word used in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            TimeQuality::Exact => "exact",
            TimeQuality::ZoneAssumed => "zone-assumed",
            TimeQuality::YearInferred => "year-inferred",
            TimeQuality::DateOnly => "date-only",
        }
    }
}

/// Where a size comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SizeQuality {
    /// The accepting service said how many bytes it took.
    Accepted,
    /// The relay measured it.
    Measured,
    /// The client declared it before sending.
    Declared,
    /// The service states the size in its own megabytes, and charges by them whatever a megabyte is. Kept as
    /// logged; `message_size` is the same in bytes at 10^6 a megabyte, rounded.
    Stated {
        /// Megabytes of one copy.
        megabytes: Decimal,
    },
    /// Not in the source; imputed from the mean of comparable messages.
    Missing,
}

impl SizeQuality {
    /// The word used in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            SizeQuality::Accepted => "accepted",
            SizeQuality::Measured => "measured",
            SizeQuality::Declared => "declared",
            SizeQuality::Stated { .. } => "stated",
            SizeQuality::Missing => "missing",
        }
    }
}

/// Which traffic a submission looks like; a total over all of them is labelled unfiltered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Traffic {
    /// Handed in by a host: application mail.
    Relay,
    /// Written in a mailbox.
    Mailbox,
    /// Came in from the Internet.
    Inbound,
    /// The source does not tell.
    Unknown,
}

impl Traffic {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Traffic; 4] = [Traffic::Relay, Traffic::Mailbox, Traffic::Inbound, Traffic::Unknown];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Traffic::Relay => "relay",
            Traffic::Mailbox => "mailbox",
            Traffic::Inbound => "inbound",
            Traffic::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One message of 1,000 bytes to one delivered recipient, of which nothing else is known.
    pub(crate) fn submission() -> Submission {
        Submission {
            time: Timestamp::from_seconds(1_396_327_950),
            time_quality: TimeQuality::Exact,
            messages: 1,
            message_size: Some(1_000),
            size_quality: SizeQuality::Measured,
            recipients: Recipients { delivered: 1, ..Recipients::default() },
            recipients_upper: 1,
            sender: SenderId::UNKNOWN,
            client: ClientId::UNKNOWN,
            relay: HostId::UNKNOWN,
            traffic: Traffic::Unknown,
            source: SourceId(0),
            line: 1,
            records: 1,
            key: 0,
        }
    }
}
