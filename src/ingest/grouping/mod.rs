//! Records grouped into messages: repeated rows, overlapping exports and one row per recipient become one
//! submission, whatever the order of rows and files.
//!
//! A gigabyte of trace can hold millions of messages, so a message is 40 bytes: texts are held once in
//! [`Names`](crate::usage::Names), recipients as hashes, and storage grows by chunks without copying. Reading
//! rows, and saying what they mean, is left to the formats.

mod acceptance;
mod batch;
mod chunks;
mod deliver;
mod key;
mod origins;
mod positions;
mod recipients;
mod repeats;
mod written;

pub(crate) use super::trail::Status;
pub(crate) use acceptance::{Received, Standing};
pub(crate) use batch::{Batch, Kind, Said};
pub(crate) use chunks::{Chunks, Index};
pub(crate) use key::MessageKey;
pub(crate) use origins::origin_digest;
pub(crate) use recipients::{Row, further_hash};
pub(crate) use repeats::Repeats;
use written::{KnownOrigins, Written};
pub(crate) use written::{OriginText, Sender};

use rustc_hash::FxHashMap;

use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, SenderId, SourceId, Traffic};
use acceptance::Acceptance;
use origins::{Teller, Told};
use positions::Positions;
use recipients::{Entry, Further};

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

/// A message in as few bytes as its facts need; 32-bit parts keep it free of padding.
#[derive(Clone, Copy, Debug)]
struct Message {
    key: [u32; 4],
    /// Seconds since 1970.
    time: u32,
    /// Bytes; 0: missing, `LARGE`: in [`Messages::large`].
    size: u32,
    /// Number of its origin.
    origin: u32,
    /// Line, counted over all inputs.
    position: u32,
    /// Its only recipient, or where its several are, and the flags of the message.
    first: [u32; 2],
}

/// How the time of a record stands to that of its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// It stands: the record is the earliest acceptance.
    Settles,
    /// It is as good as any other.
    Joins,
    /// It does not count: the acceptance is known.
    Follows,
}

/// A size that does not fit in 32 bits.
const LARGE: u32 = u32::MAX;

/// The place of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(u32);

/// All messages of a run.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    messages: Chunks<Message>,
    index: Index,
    origins: Chunks<Told>,
    origin_index: Index,
    further: Chunks<Further>,
    further_index: Index,
    large: FxHashMap<u32, u64>,
    acceptances: FxHashMap<u32, Acceptance>,
    positions: Positions,
    known_origins: KnownOrigins,
}

impl Messages {
    /// Begins an input; the lines of later facts are in it.
    pub(crate) fn begin_input(&mut self, source: SourceId) {
        self.positions.begin(source);
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
        self.message_told(facts, &mut Teller::of(Told::of(facts.origin, texts)))
    }

    fn message_told(&mut self, facts: &Facts, told: &mut Teller) -> Slot {
        let (slot, is_new) = self.find_or_add(facts, told, false);
        if !is_new {
            let known = Entry::from_halves(self.messages.at(slot.0).first);
            let word = if known.is_acceptance() { Word::Follows } else { Word::Joins };
            self.merge(slot, facts, told, word);
        }
        slot
    }

    /// The place of a message, and whether it is added.
    fn find_or_add(&mut self, facts: &Facts, told: &mut Teller, acceptance: bool) -> (Slot, bool) {
        let (messages, parts) = (&self.messages, facts.key.parts());
        let next = messages.next_number();
        let at = self.index.find_or_add(facts.key.hash(), next, |at| messages.at(at).key == parts);
        if at == next {
            self.push(facts, told, acceptance);
        }
        (Slot(at), at == next)
    }

    fn push(&mut self, facts: &Facts, told: &mut Teller, acceptance: bool) {
        let mut first = Entry::NONE;
        first.set_message_flags(acceptance, facts);
        let message = Message {
            key: facts.key.parts(),
            time: seconds(facts.time),
            size: 0,
            origin: self.origin_of(told),
            position: self.positions.of(facts.line),
            first: first.halves(),
        };
        let at = self.messages.push(message);
        self.set_size(at, facts.size);
    }

    /// Every step is the same whichever record comes first. The time is that of the earliest acceptance; without
    /// one the earliest, and of equal ones the one that is known best. Size and origin are what all records say,
    /// with the largest size (it differs among the rows of recipients whose copy was changed); what the acceptance
    /// says of them is kept with it, for a hop may be read first.
    fn merge(&mut self, slot: Slot, facts: &Facts, told: &Teller, word: Word) {
        let (known, size) = (*self.messages.at(slot.0), self.size(slot.0));
        if facts.size > size {
            self.set_size(slot.0, facts.size);
        }
        let origin = self.merged_origin(known.origin, told);
        let message = self.messages.at_mut(slot.0);
        message.origin = origin;
        let mut first = Entry::from_halves(known.first);
        let known = (known.time, first.is_date_only(), first.is_zone_assumed());
        let new = (seconds(facts.time), facts.date_only, facts.zone_assumed);
        if word == Word::Settles || word == Word::Joins && new < known {
            let is_acceptance = word == Word::Settles || first.is_acceptance();
            first.set_message_flags(is_acceptance, facts);
            message.first = first.halves();
            message.time = new.0;
        }
    }

    fn size(&self, at: u32) -> Option<u64> {
        match self.messages.at(at).size {
            0 => None,
            LARGE => self.large.get(&at).copied(),
            size => Some(u64::from(size)),
        }
    }

    fn set_size(&mut self, at: u32, size: Option<u64>) {
        let size = size.unwrap_or(0);
        self.messages.at_mut(at).size = match u32::try_from(size) {
            Ok(size) if size < LARGE => size,
            _ => {
                self.large.insert(at, size);
                LARGE
            }
        };
    }
}

/// Seconds since 1970; [`Messages::fits`] has been asked before.
fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.seconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
