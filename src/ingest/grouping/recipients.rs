//! Recipients of a message: a hash, what became of it, and which records told of it.

use super::chunks::mixed;
use super::shard::Shard;
use super::{Facts, Slot};
use crate::ingest::trail::{Addressee, Status};

/// How a record tells of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Row {
    /// The record is this recipient's own.
    Own,
    /// The record is about the whole message; this is the first new recipient in it.
    Message,
    /// The record is about the whole message and already counted with another recipient.
    Rest,
    /// The record is the acceptance and lists this recipient; it is counted with the message.
    Accepted,
    /// The record is an event after acceptance.
    Event,
}

/// One recipient: 50 bits of its hash above 14 bits of state. Two recipients of one message fall together
/// once in 2^50 pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry(u64);

const STATUS: u64 = 0b1111;
const PRESENT: u64 = 1 << 4;
const ACCEPTED: u64 = 1 << 5;
const OWN_RECORD: u64 = 1 << 6;
const MESSAGE_RECORD: u64 = 1 << 7;
const EVENT_RECORD: u64 = 1 << 8;
// Of the message, kept in its first entry.
const DATE_ONLY: u64 = 1 << 9;
const ACCEPTANCE: u64 = 1 << 10;
const ZONE_ASSUMED: u64 = 1 << 11;
const SIZE_DECLARED: u64 = 1 << 12;
/// The message has several recipients: all are in a list, whose head stands where the hash else does.
const MANY: u64 = 1 << 13;
pub(super) const STATE_BITS: u32 = 14;
/// Recipients up to which a list is walked. Only those of longer lists are in the index: most lists are shorter, and
/// an index waits for memory as often as such a walk.
const WALKED: u32 = 8;
const OF_MESSAGE: u64 = DATE_ONLY | ACCEPTANCE | ZONE_ASSUMED | SIZE_DECLARED;

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

    pub(super) fn set_accepted(&mut self, accepted: bool) {
        self.0 = if accepted { self.0 | ACCEPTED } else { self.0 & !ACCEPTED };
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

    /// The same as a store keeps it.
    pub(super) fn addressee(self) -> Addressee {
        Addressee { hash: self.hash(), status: self.status(), accepted: self.is_accepted() }
    }

    /// Whether its status leaves it a recipient that can count.
    pub(super) fn can_be_billed(self) -> bool {
        !matches!(self.status(), Status::Rerouted | Status::Local | Status::Elsewhere)
    }

    pub(super) fn status(self) -> Status {
        Status::ALL.get((self.0 & STATUS) as usize).copied().unwrap_or(Status::Unknown)
    }

    pub(super) fn is_size_declared(self) -> bool {
        self.is(SIZE_DECLARED)
    }

    pub(super) fn set_message_flags(&mut self, acceptance: bool, facts: &Facts) {
        self.0 &= !OF_MESSAGE;
        for (set, flag) in [
            (acceptance, ACCEPTANCE),
            (facts.date_only, DATE_ONLY),
            (facts.zone_assumed, ZONE_ASSUMED),
            (facts.size_declared, SIZE_DECLARED),
        ] {
            self.0 |= if set { flag } else { 0 };
        }
    }

    fn hash(self) -> u64 {
        self.0 >> STATE_BITS
    }

    /// Whether it stands for a list of several.
    pub(super) fn has_list(self) -> bool {
        self.is(MANY)
    }

    /// What stands in the message before it has a recipient.
    pub(super) fn without_list(self) -> Entry {
        Entry(self.0 & OF_MESSAGE)
    }

    /// 1 + the number of the latest recipient in the list of several; 0: there is no list.
    fn head(self) -> u32 {
        if self.is(MANY) { (self.0 >> 32) as u32 } else { 0 }
    }

    /// How many there are in the list of several, counted up to one more than are walked.
    fn list_len(self) -> u32 {
        if self.is(MANY) { (self.0 as u32) >> STATE_BITS } else { 0 }
    }

    /// What stands in the message in place of its first recipient once there are several.
    fn with_list(self, head: u32, len: u32) -> Entry {
        let len = len.min(WALKED + 1);
        Entry(self.0 & OF_MESSAGE | MANY | u64::from(len) << STATE_BITS | u64::from(head) << 32)
    }

    /// Takes up another record's word on this recipient; whether the record is to be counted with it.
    fn merge(&mut self, status: Status, row: Row) -> bool {
        let (known, accepted) = (self.is_present(), self.is_accepted());
        let status = if known { self.status().max(status) } else { status };
        self.0 = self.0 & !STATUS | status as u64 | PRESENT;
        let news = match row {
            Row::Accepted => !accepted,
            _ => !known,
        };
        if row == Row::Accepted {
            self.set_accepted(true);
        }
        if news {
            self.0 |= match row {
                Row::Own => OWN_RECORD,
                Row::Message => MESSAGE_RECORD,
                Row::Event => EVENT_RECORD,
                Row::Rest | Row::Accepted => 0,
            };
        }
        news
    }
}

/// One of several recipients, in a list that leads back from the latest.
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

/// A hash for an index of the recipients of all messages.
pub(crate) fn further_hash(message: u32, recipient: u64) -> u64 {
    mixed(recipient ^ mixed(u64::from(message)))
}

impl Shard {
    /// Adds a recipient by the hash of its address, or merges what a record says of it. Whether the record
    /// brought news, and is counted with this recipient; else it repeats what was known.
    pub(super) fn recipient(&mut self, slot: Slot, hash: u64, status: Status, row: Row) -> bool {
        self.change_recipient(slot, hash >> STATE_BITS, |entry| entry.merge(status, row))
    }

    /// Changes a recipient, which is added where it is not there.
    pub(super) fn change_recipient<T>(
        &mut self,
        slot: Slot,
        hash: u64,
        change: impl FnOnce(&mut Entry) -> T,
    ) -> T {
        let message = self.messages.at_mut(slot.0);
        let mut first = Entry::from_halves(message.first);
        if first.head() == 0 {
            if !first.is_present() {
                first.0 |= hash << STATE_BITS;
            }
            if first.hash() == hash {
                let changed = change(&mut first);
                message.first = first.halves();
                return changed;
            }
            self.add_further(slot, Entry(first.0 & !OF_MESSAGE));
        }
        let at = self
            .find_further(slot, hash)
            .unwrap_or_else(|| self.add_further(slot, Entry(hash << STATE_BITS)));
        let further = self.further.at_mut(at);
        let mut entry = Entry::from_halves(further.entry);
        let changed = change(&mut entry);
        further.entry = entry.halves();
        changed
    }

    /// The number of a recipient in the list of several.
    fn find_further(&self, slot: Slot, hash: u64) -> Option<u32> {
        let first = Entry::from_halves(self.messages.at(slot.0).first);
        if first.list_len() > WALKED {
            return self.further_index.find(further_hash(slot.0, hash), |at| {
                let further = self.further.at(at);
                further.message == slot.0 && Entry::from_halves(further.entry).hash() == hash
            });
        }
        let mut next = first.head();
        while let Some(at) = next.checked_sub(1) {
            let further = self.further.at(at);
            if Entry::from_halves(further.entry).hash() == hash {
                return Some(at);
            }
            next = further.next;
        }
        None
    }

    /// Adds a recipient to the list of several; its number.
    pub(super) fn add_further(&mut self, slot: Slot, entry: Entry) -> u32 {
        let message = self.messages.at_mut(slot.0);
        let first = Entry::from_halves(message.first);
        let at = self.further.push(Further { entry: entry.halves(), message: slot.0, next: first.head() });
        message.first = first.with_list(at + 1, first.list_len() + 1).halves();
        if first.list_len() == WALKED {
            self.index_list(at);
        } else if first.list_len() > WALKED {
            self.index_further(at);
        }
        at
    }

    /// Puts a list that became too long to be walked into the index.
    fn index_list(&mut self, latest: u32) {
        let mut next = latest + 1;
        while let Some(at) = next.checked_sub(1) {
            self.index_further(at);
            next = self.further.at(at).next;
        }
    }

    fn index_further(&mut self, at: u32) {
        self.further_index.insert(self.further.at(at).hash(), at);
    }
}

/// All recipients of a message.
pub(super) fn entries(
    first: [u32; 2],
    further: &super::chunks::Chunks<Further>,
) -> impl Iterator<Item = Entry> {
    let first = Entry::from_halves(first);
    let mut next = first.head();
    let several = std::iter::from_fn(move || {
        let item = further.at(next.checked_sub(1)?);
        next = item.next;
        Some(Entry::from_halves(item.entry))
    });
    let single = Some(first).filter(|entry| entry.is_present());
    single.into_iter().chain(several)
}
