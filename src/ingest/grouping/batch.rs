//! What the records of a block say, before it is known which messages of the run they are of.
//!
//! Blocks are read on several cores; what they say is taken in the order of the records, with the same result as if
//! they had been read one by one.

use super::written::Resolved;
use super::{Facts, MessageKey, Messages, Received, Row, Standing, Status, Written};
use crate::ingest::Sink;
use crate::period::Timestamp;
use crate::usage::{Rejection, Skip};

/// Records whose messages are looked up at once.
const LOOKED_UP: usize = 32;
/// What the records of an origin tell, with the weight of its texts and without.
const WEIGHTY: usize = 0;
const WEIGHTLESS: usize = 1;

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
    said: Vec<(Said, u32)>,
    skipped: Vec<(Skip, u64)>,
    rejections: Vec<(u64, String)>,
}

impl Batch {
    /// Keeps what a record says; its recipients were added before.
    pub(crate) fn say(&mut self, said: Said) {
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

impl Messages {
    /// Takes what the next records of an input say.
    pub(crate) fn take_batch(&mut self, batch: Batch, input: &str, sink: &mut dyn Sink) {
        let Batch { written, recipients, records, said, mut skipped, rejections } = batch;
        let mut known = std::mem::take(&mut self.known_origins);
        let origins = known.of(&written, sink.names());
        let (mut from, mut duplicates) = (0, 0);
        for some in said.chunks(LOOKED_UP) {
            self.look_up(some);
            for (said, end) in some {
                let of_record = recipients.get(from..*end as usize).unwrap_or_default();
                from = *end as usize;
                let origin = origins.get(said.origin as usize).and_then(|number| known.at(*number));
                let Some(origin) = origin else { continue };
                if !self.add(said, origin, of_record, &mut duplicates) {
                    match said.kind {
                        Kind::Outcome { otherwise, .. } => count(&mut skipped, otherwise, 1),
                        _ => duplicates += 1,
                    }
                }
            }
        }
        self.known_origins = known;
        sink.records(records);
        sink.skip(Skip::Duplicate, duplicates);
        for (reason, records) in skipped {
            sink.skip(reason, records);
        }
        for (line, reason) in rejections {
            sink.reject(Rejection { file: input.to_owned(), line, reason });
        }
    }

    /// Looks up the messages of some records at once: each look-up waits for memory, and those of one after the other
    /// wait one after the other.
    fn look_up(&self, some: &[(Said, u32)]) {
        let messages = &self.messages;
        let found = some.iter().filter(|(said, _)| {
            let parts = said.key.parts();
            self.index.find(said.key.hash(), |at| messages.at(at).key == parts).is_some()
        });
        std::hint::black_box(found.count());
    }

    /// Adds a record to its message; whether it is counted with it.
    fn add(
        &mut self,
        said: &Said,
        origin: &mut Resolved,
        recipients: &[(u64, Status)],
        duplicates: &mut u64,
    ) -> bool {
        let facts = Facts {
            key: said.key,
            time: said.time,
            date_only: said.date_only,
            zone_assumed: false,
            size: said.size,
            size_declared: false,
            origin: origin.origin,
            line: said.line,
        };
        let (first, weight) = match said.kind {
            Kind::Accepted(received) => {
                let received = Received { texts: origin.digest, ..received };
                let standing = self.accept_told(&facts, received, &mut origin.told[WEIGHTY]);
                let Standing::Settles { slot, replaced } = standing else {
                    return false;
                };
                *duplicates += replaced;
                return self.settle(slot, recipients.iter().map(|(hash, _)| *hash));
            }
            Kind::Recipient => (Row::Own, WEIGHTY),
            Kind::Message => (Row::Message, WEIGHTY),
            Kind::Outcome { has_weight, .. } => (Row::Event, if has_weight { WEIGHTY } else { WEIGHTLESS }),
        };
        let slot = self.message_told(&facts, &mut origin.told[weight]);
        let mut news = false;
        for (hash, status) in recipients {
            let row = if news { Row::Rest } else { first };
            news |= self.recipient(slot, *hash, *status, row);
        }
        news
    }
}
