//! What the records of a block say, before it is known which messages of the run they are of.
//!
//! Blocks are read on several cores; what they say is taken in the order of the records, with the same result as if
//! they had been read one by one.

use super::written::Written;
use super::{MessageKey, Received, Status};
use crate::period::Timestamp;
use crate::usage::Skip;

/// What one record says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    /// What identifies the message.
    pub(crate) key: MessageKey,
    /// When it was accepted, or something happened to it.
    pub(crate) time: Timestamp,
    /// Whether `time` is only a day.
    pub(crate) date_only: bool,
    /// Bytes of one copy.
    pub(crate) size: Option<u64>,
    /// The number of its origin in the block.
    pub(crate) origin: u32,
    /// The line of the record in its input.
    pub(crate) line: u64,
    /// What it is about.
    pub(crate) kind: Kind,
}

/// What a record is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// One recipient.
    Recipient,
    /// The message with its recipients.
    Message,
    /// The acceptance of the message; the digest of its texts is still to be filled in.
    Accepted(Received),
    /// What became of recipients.
    Outcome {
        /// Why the record is skipped where all of it was known.
        otherwise: Skip,
        /// Whether the texts of its origin decide between records that differ.
        has_weight: bool,
    },
}

/// What the records of a block say.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Their origins.
    pub(crate) written: Written,
    /// Recipients of all records, by hash, and what became of them: those of the record that is read stand last.
    pub(crate) recipients: Vec<(u64, Status)>,
    /// Records of any kind.
    pub(crate) records: u64,
    /// Each with the end of its recipients.
    pub(super) said: Vec<(Said, u32)>,
    /// The share of the messages that each is of.
    pub(super) shards: Vec<u8>,
    pub(super) skipped: Vec<(Skip, u64)>,
    pub(super) rejections: Vec<(u64, String)>,
}

impl Kind {
    /// Whether the texts of the origin decide between records that differ.
    pub(super) fn has_weight(self) -> bool {
        !matches!(self, Kind::Outcome { has_weight: false, .. })
    }
}

impl Batch {
    /// Keeps what a record says; its recipients were added before.
    pub(crate) fn say(&mut self, said: Said) {
        self.shards.push(said.key.shard());
        self.said.push((said, self.recipients.len() as u32));
    }

    /// Whether recipients of a record were added that is not kept yet.
    pub(crate) fn has_recipients(&self) -> bool {
        self.recipients.len() > self.said.last().map_or(0, |(_, end)| *end as usize)
    }

    /// Takes back recipients of a record that turns out to be unreadable.
    pub(crate) fn forget_recipients(&mut self) {
        let kept = self.said.last().map_or(0, |(_, end)| *end);
        self.recipients.truncate(kept as usize);
    }

    /// Notes a record that is not counted.
    pub(crate) fn skip(&mut self, reason: Skip) {
        count(&mut self.skipped, reason, 1);
    }

    /// Notes a record that cannot be read.
    pub(crate) fn reject(&mut self, line: u64, reason: String) {
        self.rejections.push((line, reason));
    }
}

fn count(skipped: &mut Vec<(Skip, u64)>, reason: Skip, records: u64) {
    match skipped.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, sum)) => *sum += records,
        None => skipped.push((reason, records)),
    }
}
