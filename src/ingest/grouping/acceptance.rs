//! The acceptance of a message: of the records that say it was received, the earliest settles who its recipients
//! are. A later one is a hop on the way, perhaps after groups were expanded into members, who are not billed.
//!
//! Only formats with events have such records, so what they say is held beside the messages.

use std::cmp::Ordering;

use super::origins::Teller;
use super::recipients::{Row, STATE_BITS};
use super::shard::{Placed, Shard, Word, seconds};
use super::{Facts, Slot};
use crate::ingest::trail::Status;

/// When within its second, and how large, a message was received. A hop adds headers, so of two at one moment the
/// smaller was the first.
pub(super) type Moment = (u32, u64);

/// The size of an acceptance that states none.
const NO_SIZE: u64 = u64::MAX;

/// The earliest acceptance of one message.
#[derive(Debug, Default)]
pub(super) struct Acceptance {
    pub(super) moment: Moment,
    /// The number of its origin.
    pub(super) origin: u32,
    pub(super) is_hop: bool,
    /// Records that are counted with it: its list may be spread over several.
    pub(super) records: u64,
    /// The number of recipients that it states.
    pub(super) stated: u32,
    /// The hashes of those it lists.
    pub(super) listed: Vec<u64>,
}

/// What a record of acceptance says beside the facts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    /// Nanoseconds within the second.
    pub(crate) nanoseconds: u32,
    /// The number of recipients that it states, which can be more than it lists; 0: it states none.
    pub(crate) stated: u32,
    /// A digest of its texts, which decides between records that differ in origin.
    pub(crate) texts: u32,
    /// Whether it says itself that another server was the first: it stands only where that one's is not there,
    /// however the clocks of the two differ.
    pub(crate) is_hop: bool,
}

/// What a record of acceptance is among those of its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// The earliest so far.
    Settles {
        /// The place of the message.
        slot: Slot,
        /// Records that were counted as the acceptance and now turn out to be hops.
        replaced: u64,
    },
    /// A hop after the acceptance.
    Hop,
}

impl Acceptance {
    /// The size that it states.
    pub(super) fn size(&self) -> Option<u64> {
        Some(self.moment.1).filter(|&size| size < NO_SIZE)
    }
}

impl Shard {
    /// Adds a message, or what its acceptance says of it; the record stands at a place.
    pub(super) fn accept_told(
        &mut self,
        (facts, place): Placed<'_>,
        received: Received,
        told: &Teller,
    ) -> Standing {
        let moment = (received.nanoseconds, facts.size.unwrap_or(NO_SIZE));
        let (slot, is_new) = self.find_or_add((facts, place), told, true);
        let order = if is_new { Ordering::Less } else { self.order(slot, facts, received.is_hop, moment) };
        let word = match order {
            Ordering::Less => Word::Settles,
            Ordering::Equal => Word::Joins,
            Ordering::Greater => Word::Follows,
        };
        self.merge(slot, facts, told, word);
        if word == Word::Follows {
            return Standing::Hop;
        }
        let replaced = if word == Word::Settles { self.forget_acceptance(slot) } else { 0 };
        let known = self.acceptances.get(&slot.0).map(|acceptance| acceptance.origin);
        let origin = match known {
            Some(known) => self.merged_origin(known, told),
            None => self.origin_of(told),
        };
        let acceptance = self.acceptances.entry(slot.0).or_default();
        (acceptance.moment, acceptance.is_hop, acceptance.origin) = (moment, received.is_hop, origin);
        acceptance.stated = acceptance.stated.max(received.stated);
        Standing::Settles { slot, replaced }
    }

    /// Adds recipients that the settling acceptance lists, by the hashes of their addresses. Whether one of them
    /// is new, and the record counted with the message; else it repeats what was known.
    pub(super) fn settle(&mut self, slot: Slot, recipients: impl Iterator<Item = u64>) -> bool {
        let mut new = Vec::new();
        for hash in recipients {
            if self.recipient(slot, hash, Status::Unknown, Row::Accepted) {
                new.push(hash >> STATE_BITS);
            }
        }
        let acceptance = self.acceptances.entry(slot.0).or_default();
        acceptance.records += u64::from(!new.is_empty());
        let is_news = !new.is_empty();
        match acceptance.listed.is_empty() {
            true => acceptance.listed = new,
            false => acceptance.listed.append(&mut new),
        }
        is_news
    }

    /// Where a record of acceptance stands to the earliest so far: `Less` where it is earlier or the only one.
    fn order(&self, slot: Slot, facts: &Facts, is_hop: bool, moment: Moment) -> Ordering {
        let known = self.messages.at(slot.0).time;
        let new = (is_hop, seconds(facts.time), moment);
        self.acceptances
            .get(&slot.0)
            .map_or(Ordering::Less, |earliest| new.cmp(&(earliest.is_hop, known, earliest.moment)))
    }

    /// Takes back what a record said that turns out to be a hop; returns the records behind it. Every recipient
    /// is taken back once for each time it was listed, so hops in any order cost no more than reading them.
    fn forget_acceptance(&mut self, slot: Slot) -> u64 {
        let Some(hop) = self.acceptances.remove(&slot.0) else { return 0 };
        for hash in hop.listed {
            self.change_recipient(slot, hash, |entry| entry.set_accepted(false));
        }
        hop.records
    }
}
