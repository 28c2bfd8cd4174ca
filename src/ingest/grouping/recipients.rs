//! Recipients of a message: a hash, what became of it, and which records told of it.

use super::chunks::mixed;
use super::{Messages, Slot};

/// What became of a recipient. Of several records on one recipient the greatest stands: a status moves on
/// (pending, then delivered), so the later export wins in whatever order files are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Status {
    /// The source does not tell.
    Unknown,
    /// Replaced by another address (resolved, transferred): no recipient of its own.
    Rerouted,
    /// Deferred or pending.
    Open,
    /// Quarantined or filtered.
    Filtered,
    /// Failed.
    Bounced,
    /// Delivered or handed on.
    Delivered,
    /// A group whose members have rows of their own.
    Expanded,
}

impl Status {
    const ALL: [Status; 7] = [
        Status::Unknown,
        Status::Rerouted,
        Status::Open,
        Status::Filtered,
        Status::Bounced,
        Status::Delivered,
        Status::Expanded,
    ];
}

/// How a record tells of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Row {
    /// The record is this recipient's own.
    Own,
    /// The record is about the whole message; this is the first new recipient in it.
    Message,
    /// The record is about the whole message and already counted with another recipient.
    Rest,
    /// The record is the acceptance and lists this recipient; the flag says whether it is its first new one.
    Accepted(bool),
    /// The record is an event after acceptance.
    Event,
}

/// One recipient: 54 bits of its hash above 10 bits of state. Two recipients of one message fall together
/// once in 2^54 pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry(u64);

const STATUS: u64 = 0b111;
const PRESENT: u64 = 1 << 3;
const ACCEPTED: u64 = 1 << 4;
const OWN_RECORD: u64 = 1 << 5;
const MESSAGE_RECORD: u64 = 1 << 6;
const EVENT_RECORD: u64 = 1 << 7;
// Of the message, kept in its first entry.
const DATE_ONLY: u64 = 1 << 8;
const ACCEPTANCE: u64 = 1 << 9;
const ZONE_ASSUMED: u64 = 1 << 10;
const STATE_BITS: u32 = 11;

impl Entry {
    pub(super) const NONE: Entry = Entry(0);

    pub(super) fn halves(self) -> [u32; 2] {
        [self.0 as u32, (self.0 >> 32) as u32]
    }

    pub(super) fn from_halves([low, high]: [u32; 2]) -> Entry {
        Entry(u64::from(high) << 32 | u64::from(low))
    }

    fn is(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn is_present(self) -> bool {
        self.is(PRESENT)
    }

    pub(super) fn is_accepted(self) -> bool {
        self.is(ACCEPTED)
    }

    pub(super) fn has_own_record(self) -> bool {
        self.is(OWN_RECORD)
    }

    pub(super) fn has_message_record(self) -> bool {
        self.is(MESSAGE_RECORD)
    }

    pub(super) fn has_event_record(self) -> bool {
        self.is(EVENT_RECORD)
    }

    pub(super) fn is_acceptance(self) -> bool {
        self.is(ACCEPTANCE)
    }

    pub(super) fn is_date_only(self) -> bool {
        self.is(DATE_ONLY)
    }

    pub(super) fn is_zone_assumed(self) -> bool {
        self.is(ZONE_ASSUMED)
    }

    pub(super) fn status(self) -> Status {
        Status::ALL.get((self.0 & STATUS) as usize).copied().unwrap_or(Status::Unknown)
    }

    pub(super) fn set_message_flags(&mut self, acceptance: bool, date_only: bool, zone_assumed: bool) {
        self.0 &= !(ACCEPTANCE | DATE_ONLY | ZONE_ASSUMED);
        for (set, flag) in [(acceptance, ACCEPTANCE), (date_only, DATE_ONLY), (zone_assumed, ZONE_ASSUMED)] {
            self.0 |= if set { flag } else { 0 };
        }
    }

    fn hash(self) -> u64 {
        self.0 >> STATE_BITS
    }

    /// Takes up another record's word on this recipient; whether the record is to be counted with it.
    fn merge(&mut self, status: Status, row: Row) -> bool {
        let (known, accepted) = (self.is_present(), self.is_accepted());
        let status = if known { self.status().max(status) } else { status };
        self.0 = self.0 & !STATUS | status as u64 | PRESENT;
        let news = match row {
            Row::Accepted(_) => !accepted,
            _ => !known,
        };
        if let Row::Accepted(_) = row {
            self.0 |= ACCEPTED;
        }
        if news {
            self.0 |= match row {
                Row::Own => OWN_RECORD,
                Row::Message | Row::Accepted(true) => MESSAGE_RECORD,
                Row::Event => EVENT_RECORD,
                Row::Rest | Row::Accepted(false) => 0,
            };
        }
        news
    }
}

/// A recipient beyond the first, in a list that leads back from the latest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Further {
    entry: [u32; 2],
    message: u32,
    /// 1 + the number of the one before; 0: none.
    next: u32,
}

impl Further {
    fn hash(&self) -> u64 {
        further_hash(self.message, Entry::from_halves(self.entry).hash())
    }
}

fn further_hash(message: u32, recipient: u64) -> u64 {
    mixed(recipient ^ mixed(u64::from(message)))
}

impl Messages {
    /// Adds a recipient by the hash of its address, or merges what a record says of it. Whether the record
    /// brought news, and is counted with this recipient; else it repeats what was known.
    pub(crate) fn recipient(&mut self, slot: Slot, hash: u64, status: Status, row: Row) -> bool {
        let hash = hash >> STATE_BITS;
        let message = self.messages.at_mut(slot.0);
        let mut first = Entry::from_halves(message.first);
        if !first.is_present() {
            first.0 |= hash << STATE_BITS;
        }
        if first.hash() == hash {
            let news = first.merge(status, row);
            message.first = first.halves();
            return news;
        }
        let known = self.further_index.find(further_hash(slot.0, hash), |at| {
            let further = self.further.at(at);
            further.message == slot.0 && Entry::from_halves(further.entry).hash() == hash
        });
        let at = known.unwrap_or_else(|| self.add_further(slot, hash));
        let further = self.further.at_mut(at);
        let mut entry = Entry::from_halves(further.entry);
        let news = entry.merge(status, row);
        further.entry = entry.halves();
        news
    }

    fn add_further(&mut self, slot: Slot, hash: u64) -> u32 {
        let message = self.messages.at_mut(slot.0);
        let entry = Entry(hash << STATE_BITS).halves();
        let at = self.further.push(Further { entry, message: slot.0, next: message.more });
        message.more = at + 1;
        let further = &self.further;
        self.further_index.insert(further_hash(slot.0, hash), at, |at| further.at(at).hash());
        at
    }
}

/// All recipients of a message, beginning with the first.
pub(super) fn entries(
    first: [u32; 2],
    more: u32,
    further: &super::chunks::Chunks<Further>,
) -> impl Iterator<Item = Entry> {
    let mut next = more;
    let rest = std::iter::from_fn(move || {
        let item = further.at(next.checked_sub(1)?);
        next = item.next;
        Some(Entry::from_halves(item.entry))
    });
    std::iter::once(Entry::from_halves(first)).filter(|entry| entry.is_present()).chain(rest)
}
