//! Records grouped into messages: repeated rows, overlapping exports and one row per recipient become one
//! submission, whatever the order of rows and files.
//!
//! A gigabyte of trace can hold millions of messages, so a message is 40 bytes: texts are held once in
//! [`Names`](crate::usage::Names), recipients as hashes, and storage grows by chunks without copying. Reading
//! rows, and saying what they mean, is left to the formats.

mod acceptance;
mod chunks;
mod deliver;
mod key;
mod positions;
mod recipients;

pub(crate) use acceptance::{Received, Standing};
pub(crate) use chunks::{Chunks, Index};
pub(crate) use key::MessageKey;
pub(crate) use recipients::{Row, Status};

use rustc_hash::FxHashMap;

use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, SenderId, SourceId, Traffic};
use acceptance::Acceptance;
use chunks::mixed;
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

/// How much the word of a record weighs against what is known of its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// It stands: the record is the earliest acceptance.
    Settles,
    /// It is as good as any other.
    Joins,
    /// It only fills gaps: the acceptance is known.
    Fills,
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
    origins: Chunks<Origin>,
    origin_index: Index,
    further: Chunks<Further>,
    further_index: Index,
    large: FxHashMap<u32, u64>,
    acceptances: FxHashMap<u32, Acceptance>,
    positions: Positions,
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
        let (slot, is_new) = self.find_or_add(facts, false);
        if !is_new {
            let known = Entry::from_halves(self.messages.at(slot.0).first);
            let word = if known.is_acceptance() { Word::Fills } else { Word::Joins };
            self.merge(slot, facts, word);
        }
        slot
    }

    /// The place of a message, and whether it is added.
    fn find_or_add(&mut self, facts: &Facts, acceptance: bool) -> (Slot, bool) {
        let (messages, parts) = (&self.messages, facts.key.parts());
        let next = messages.next_number();
        let at = self.index.find_or_add(facts.key.hash(), next, |at| messages.at(at).key == parts);
        if at == next {
            self.push(facts, acceptance);
        }
        (Slot(at), at == next)
    }

    fn push(&mut self, facts: &Facts, acceptance: bool) {
        let mut first = Entry::NONE;
        first.set_message_flags(acceptance, facts);
        let message = Message {
            key: facts.key.parts(),
            time: seconds(facts.time),
            size: 0,
            origin: self.origin(facts.origin),
            position: self.positions.of(facts.line),
            first: first.halves(),
        };
        let at = self.messages.push(message);
        self.set_size(at, facts.size);
    }

    /// Every step is the same whichever record comes first: the earliest acceptance stands; without one, the
    /// earliest time and the largest size (which differs among the rows of recipients whose copy was changed).
    fn merge(&mut self, slot: Slot, facts: &Facts, word: Word) {
        let (known, time) = (*self.messages.at(slot.0), seconds(facts.time));
        let size = self.size(slot.0);
        let merged_size = match word {
            Word::Settles => facts.size.or(size),
            Word::Joins => size.max(facts.size),
            Word::Fills => size.or(facts.size),
        };
        if merged_size != size {
            self.set_size(slot.0, merged_size);
        }
        let origin = self.merged_origin(known.origin, facts.origin, word);
        let message = self.messages.at_mut(slot.0);
        message.origin = origin;
        if word == Word::Settles || word == Word::Joins && time < known.time {
            let mut first = Entry::from_halves(known.first);
            first.set_message_flags(word == Word::Settles, facts);
            message.first = first.halves();
            message.time = time;
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

    /// The number of an origin, which many messages share.
    fn origin(&mut self, origin: Origin) -> u32 {
        let (origins, next) = (&self.origins, self.origins.next_number());
        let at = self.origin_index.find_or_add(origin.hash(), next, |at| *origins.at(at) == origin);
        if at == next {
            self.origins.push(origin);
        }
        at
    }

    /// The origin that stands: that of the acceptance, else the one that shows more of the traffic. What it
    /// leaves open is taken from the other.
    fn merged_origin(&mut self, known: u32, new: Origin, word: Word) -> u32 {
        let old = *self.origins.at(known);
        let new_stands = word == Word::Settles || word == Word::Joins && new.signs > old.signs;
        let (better, other) = if new_stands { (new, old) } else { (old, new) };
        let filled = Origin {
            sender: if better.sender == SenderId::UNKNOWN { other.sender } else { better.sender },
            client: if better.client == ClientId::UNKNOWN { other.client } else { better.client },
            relay: if better.relay == HostId::UNKNOWN { other.relay } else { better.relay },
            signs: if better.signs == Signs::None { other.signs } else { better.signs },
        };
        if filled == old { known } else { self.origin(filled) }
    }
}

impl Origin {
    fn hash(&self) -> u64 {
        let client = u64::from(self.client.0) << 32 | u64::from(self.sender.0);
        mixed(client ^ mixed(u64::from(self.relay.0) << 3 | self.signs as u64))
    }
}

/// Seconds since 1970; [`Messages::fits`] has been asked before.
fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.seconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
