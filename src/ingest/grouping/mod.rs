//! Records grouped into messages: repeated rows, overlapping exports and one row per recipient become one
//! submission, whatever the order of rows and files.
//!
//! A gigabyte of trace can hold millions of messages, so a message is 40 bytes: texts are held once in
//! [`Names`], recipients as hashes, and storage grows by chunks without copying. Messages are
//! shared out by their keys (`shard`), so that all cores group (`lanes`), and are delivered in the order in which they
//! were first seen. Reading rows, and saying what they mean, is left to the formats.

mod acceptance;
mod batch;
mod chunks;
mod deliver;
mod intake;
mod key;
mod lanes;
mod origins;
mod positions;
mod recipients;
mod repeats;
mod shard;
mod spill;
mod tally;
mod written;

pub(crate) use super::trail::Status;
pub(crate) use acceptance::{Received, Standing};
pub(crate) use batch::{Batch, Kind, Said};
pub(crate) use chunks::{Chunks, Index};
pub(crate) use key::MessageKey;
pub(crate) use lanes::Lanes;
#[cfg(test)]
pub(in crate::ingest) use lanes::{HOW, How};
pub(crate) use origins::origin_digest;
pub(crate) use recipients::{Row, further_hash};
pub(crate) use repeats::Repeats;
pub(crate) use written::{OriginText, Sender};

use super::Sink;
use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, Names, SenderId, SourceId, Traffic};
use intake::Intake;
use origins::{Teller, Told};
use shard::Shard;
use spill::Share;

/// What one record says of its message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// What identifies the message.
    pub(crate) key: MessageKey,
    /// When it was accepted.
    pub(crate) time: Timestamp,
    /// Whether `time` is only a day.
    pub(crate) date_only: bool,
    /// Whether the zone of `time` is assumed.
    pub(crate) zone_assumed: bool,
    /// Bytes of one copy.
    pub(crate) size: Option<u64>,
    /// Whether `size` is only what the client declared.
    pub(crate) size_declared: bool,
    /// Where the message came from.
    pub(crate) origin: Origin,
    /// The line of the record in its input.
    pub(crate) line: u64,
}

/// Where a message came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    /// The envelope sender.
    pub(crate) sender: SenderId,
    /// The submitting host.
    pub(crate) client: ClientId,
    /// The connector.
    pub(crate) relay: HostId,
    /// What the record shows of the kind of traffic.
    pub(crate) signs: Signs,
}

/// What records show of the kind of traffic; of several records of one message the greatest stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Signs {
    /// Nothing.
    None,
    /// It came in from the Internet.
    Inbound,
    /// It came in from a host and is not only for the tenant's own mailboxes, so it is not simply inbound.
    Passing,
    /// It was written in a mailbox.
    Mailbox,
    /// It was handed in by a host of the tenant.
    Relay,
}

impl Signs {
    fn traffic(self) -> Traffic {
        match self {
            Signs::None | Signs::Passing => Traffic::Unknown,
            Signs::Inbound => Traffic::Inbound,
            Signs::Mailbox => Traffic::Mailbox,
            Signs::Relay => Traffic::Relay,
        }
    }
}

/// The place of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(u32);

/// All messages of a run whose records come one by one, and are told at once whether they count.
#[derive(Debug)]
pub(crate) struct Messages {
    intake: Intake,
    shard: Shard,
}

impl Default for Messages {
    fn default() -> Self {
        let intake = Intake::default();
        let shard = Shard::new(intake.origins());
        Messages { intake, shard }
    }
}

impl Messages {
    /// Begins an input; the lines of later facts are in it.
    pub(crate) fn begin_input(&mut self, source: SourceId) {
        self.intake.begin_input(source);
    }

    /// Whether facts can be kept: times before 1970 and after 2105 do not fit.
    pub(crate) fn fits(time: Timestamp) -> bool {
        u32::try_from(time.seconds()).is_ok()
    }

    /// Adds a message, or what another record than its acceptance says of it.
    pub(crate) fn message(&mut self, facts: &Facts) -> Slot {
        self.message_by(facts, 0)
    }

    /// The same with a digest of the texts of the record, which decides between records that differ in origin.
    pub(crate) fn message_by(&mut self, facts: &Facts, texts: u32) -> Slot {
        let placed = (facts, self.intake.place(facts.line));
        self.shard.message_told(placed, &Teller::of(Told::of(facts.origin, texts)))
    }

    /// Adds a message, or what its acceptance says of it.
    pub(crate) fn accept(&mut self, facts: &Facts, received: Received) -> Standing {
        let placed = (facts, self.intake.place(facts.line));
        self.shard.accept_told(placed, received, &Teller::of(Told::of(facts.origin, received.texts)))
    }

    /// Adds recipients that the settling acceptance lists, by the hashes of their addresses. Whether one of them
    /// is new, and the record counted with the message; else it repeats what was known.
    pub(crate) fn settle(&mut self, slot: Slot, recipients: impl Iterator<Item = u64>) -> bool {
        self.shard.settle(slot, recipients)
    }

    /// Adds a recipient by the hash of its address, or merges what a record says of it. Whether the record
    /// brought news, and is counted with this recipient; else it repeats what was known.
    pub(crate) fn recipient(&mut self, slot: Slot, hash: u64, status: Status, row: Row) -> bool {
        self.shard.recipient(slot, hash, status, row)
    }

    /// Takes what the next records of an input say.
    pub(crate) fn take_batch(&mut self, batch: Batch, input: &str, sink: &mut dyn Sink) {
        let rows = self.intake.take(batch, input, sink);
        (0..rows.len()).filter_map(|at| rows.at(at)).for_each(|one| self.shard.take(&one));
    }

    /// Hands over every message in the order in which it was first seen; those of other origins are skipped.
    pub(crate) fn deliver(self, sink: &mut dyn Sink, counts: impl Fn(&Origin, &Names) -> bool) {
        // What is in memory does not fail.
        let _ = deliver::deliver(vec![vec![Share::Here(Box::new(self.shard))]], &self.intake, sink, counts);
    }
}

#[cfg(test)]
mod tests;
