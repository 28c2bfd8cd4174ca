//! A share of the messages of a run, by their keys: what records say of them is put together here.
//!
//! Shares have nothing in common but the origins, so that each can be looked after by a thread of its own.

use rustc_hash::FxHashMap;

use super::acceptance::Acceptance;
use super::chunks::{Chunks, Index};
use super::origins::{Origins, Teller};
use super::recipients::{Entry, Further};
use super::{Facts, MessageKey, Slot};
use crate::period::Timestamp;
use crate::usage::Skip;

/// A message in as few bytes as its facts need; 32-bit parts keep it free of padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) key: [u32; 4],
    /// Seconds since 1970.
    pub(super) time: u32,
    /// Bytes; 0: missing, `LARGE`: in [`Shard::large`].
    pub(super) size: u32,
    /// Number of its origin.
    pub(super) origin: u32,
    /// Its first record, counted over all inputs.
    pub(super) place: u32,
    /// Its only recipient, or where its several are, and the flags of the message.
    pub(super) first: [u32; 2],
}

/// How the time of a record stands to that of its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// It stands: the record is the earliest acceptance.
    Settles,
    /// It is as good as any other.
    Joins,
    /// It does not count: the acceptance is known.
    Follows,
}

/// A size that does not fit in 32 bits.
pub(super) const LARGE: u32 = u32::MAX;

/// What a record says, and its place in the count over all inputs.
pub(super) type Placed<'a> = (&'a Facts, u32);

/// A share of the messages of a run.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub(super) messages: Chunks<Message>,
    pub(super) index: Index,
    pub(super) further: Chunks<Further>,
    pub(super) further_index: Index,
    pub(super) large: FxHashMap<u32, u64>,
    pub(super) acceptances: FxHashMap<u32, Acceptance>,
    pub(super) origins: Origins,
    pub(super) uncounted: Uncounted,
}

/// Records that brought nothing new, by the reason for which they are skipped.
#[derive(Debug, Default)]
pub(super) struct Uncounted(pub(super) Vec<(Skip, u64)>);

impl Uncounted {
    /// Counts records that are skipped for a reason.
    pub(super) fn skip(&mut self, reason: Skip, records: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sum)) => *sum += records,
            None => self.0.push((reason, records)),
        }
    }
}

impl Shard {
    /// An empty share of the messages that have these origins.
    pub(super) fn new(origins: &Origins) -> Shard {
        Shard { origins: origins.clone(), ..Shard::default() }
    }

    /// Adds a message, or what another record than its acceptance says of it; the record stands at a place.
    pub(super) fn message_told(&mut self, (facts, place): Placed<'_>, told: &Teller) -> Slot {
        let (slot, is_new) = self.find_or_add((facts, place), told, false);
        if !is_new {
            let known = Entry::from_halves(self.messages.at(slot.0).first);
            let word = if known.is_acceptance() { Word::Follows } else { Word::Joins };
            self.merge(slot, facts, told, word);
        }
        slot
    }

    /// The place of a message, and whether it is added.
    pub(super) fn find_or_add(
        &mut self,
        (facts, place): Placed<'_>,
        told: &Teller,
        acceptance: bool,
    ) -> (Slot, bool) {
        let (messages, parts) = (&self.messages, facts.key.parts());
        let next = messages.next_number();
        let at = self.index.find_or_add(facts.key.hash(), next, |at| messages.at(at).key == parts);
        if at == next {
            self.push((facts, place), told, acceptance);
        }
        (Slot(at), at == next)
    }

    fn push(&mut self, (facts, place): Placed<'_>, told: &Teller, acceptance: bool) {
        let mut first = Entry::NONE;
        first.set_message_flags(acceptance, facts);
        let message = Message {
            key: facts.key.parts(),
            time: seconds(facts.time),
            size: 0,
            origin: self.origin_of(told),
            place,
            first: first.halves(),
        };
        let at = self.messages.push(message);
        self.set_size(at, facts.size);
    }

    /// Every step is the same whichever record comes first. The time is that of the earliest acceptance; without
    /// one the earliest, and of equal ones the one that is known best. Size and origin are what all records say,
    /// with the largest size (it differs among the rows of recipients whose copy was changed); what the acceptance
    /// says of them is kept with it, for a hop may be read first.
    pub(super) fn merge(&mut self, slot: Slot, facts: &Facts, told: &Teller, word: Word) {
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

    pub(super) fn size(&self, at: u32) -> Option<u64> {
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

    /// The key of a message.
    pub(super) fn key(&self, at: u32) -> MessageKey {
        MessageKey::from_parts(self.messages.at(at).key)
    }

    /// Bytes that it takes, those of lists of acceptances as they mostly are.
    pub(super) fn bytes(&self) -> usize {
        const ACCEPTANCE: usize = size_of::<(u32, Acceptance)>() + 1;
        const LISTED: usize = 48;
        let acceptances = self.acceptances.capacity() * ACCEPTANCE + self.acceptances.len() * LISTED;
        let lists = self.further.bytes() + self.further_index.bytes();
        self.messages.bytes() + self.index.bytes() + lists + acceptances
    }
}

/// Seconds since 1970; [`Messages::fits`](super::Messages::fits) has been asked before.
pub(super) fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.seconds()).unwrap_or(0)
}
