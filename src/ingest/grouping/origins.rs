//! Where a message came from, as several records tell it. What they say is put together so that their order does not
//! matter: each part is that of the record which weighs most among those that tell it.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use rustc_hash::FxHasher;

use super::chunks::{Chunks, Index, mixed};
use super::shard::Shard;
use super::{Origin, Signs};
use crate::usage::{ClientId, HostId, Names, SenderId};

/// What a record weighs: what it shows of the traffic, then a digest of its texts. Ids would not do: they are given
/// in the order in which texts are first read.
type Weight = (Signs, u32);

/// A digest of the names of an origin, the same in whatever order rows are read. Names and not cells, whose
/// spellings may differ in every row.
pub(crate) fn origin_digest(origin: &Origin, names: &Names) -> u32 {
    let mut hasher = FxHasher::default();
    let client = names.client_of(origin.client);
    (names.sender_address(origin.sender), &client.name, client.ip).hash(&mut hasher);
    names.host_name(origin.relay).hash(&mut hasher);
    hasher.finish() as u32
}

/// An origin and the weights of the records that told its sender, client and relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) origin: Origin,
    weights: [Weight; 3],
}

impl Told {
    /// What one record tells.
    pub(super) fn of(origin: Origin, texts: u32) -> Told {
        Told { origin, weights: [(origin.signs, texts); 3] }
    }

    /// What both tell.
    fn with(self, other: Told) -> Told {
        let (a, b) = (self.origin, other.origin);
        let weights = |part: usize| [self.weights[part], other.weights[part]];
        let (sender, by_sender) = heavier([a.sender, b.sender], weights(0), SenderId::UNKNOWN);
        let (client, by_client) = heavier([a.client, b.client], weights(1), ClientId::UNKNOWN);
        let (relay, by_relay) = heavier([a.relay, b.relay], weights(2), HostId::UNKNOWN);
        let origin = Origin { sender, client, relay, signs: a.signs.max(b.signs) };
        Told { origin, weights: [by_sender, by_client, by_relay] }
    }

    fn hash(&self) -> u64 {
        let Origin { sender, client, relay, signs } = self.origin;
        let ids = mixed(u64::from(client.0) << 32 | u64::from(sender.0));
        let all = mixed(ids ^ (u64::from(relay.0) << 3 | signs as u64));
        self.weights
            .iter()
            .fold(all, |all, (signs, texts)| mixed(all ^ (u64::from(*texts) << 3 | *signs as u64)))
    }
}

/// What records tell, with its number once that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller {
    pub(super) told: Told,
    pub(super) number: Option<u32>,
}

impl Teller {
    pub(super) fn of(told: Told) -> Teller {
        Teller { told, number: None }
    }
}

/// The part that stands, and its weight.
fn heavier<T: Copy + PartialEq>([a, b]: [T; 2], [by_a, by_b]: [Weight; 2], unknown: T) -> (T, Weight) {
    match b != unknown && (a == unknown || by_b > by_a) {
        true => (b, by_b),
        false => (a, by_a),
    }
}

impl Origin {
    /// This origin; what it leaves open is taken from another.
    pub(super) fn or(self, other: Origin) -> Origin {
        Origin {
            sender: if self.sender == SenderId::UNKNOWN { other.sender } else { self.sender },
            client: if self.client == ClientId::UNKNOWN { other.client } else { self.client },
            relay: if self.relay == HostId::UNKNOWN { other.relay } else { self.relay },
            signs: if self.signs == Signs::None { other.signs } else { self.signs },
        }
    }
}

/// What records of the run told, each once, by number. Threads share it: the numbers depend on which of them comes
/// first, and nothing else does.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Arc<RwLock<Table>>);

/// The same for whoever has it to himself.
#[derive(Debug, Default)]
pub(super) struct Table {
    told: Chunks<Told>,
    index: Index,
}

impl Table {
    /// The origin of a number.
    pub(super) fn origin(&self, number: u32) -> Origin {
        self.told.at(number).origin
    }

    fn find(&self, told: &Told) -> Option<u32> {
        self.index.find(told.hash(), |at| self.told.at(at) == told)
    }

    /// The number of what records tell, which many messages share.
    pub(super) fn find_or_add(&mut self, told: Told) -> u32 {
        let (known, next) = (&self.told, self.told.next_number());
        let at = self.index.find_or_add(told.hash(), next, |at| *known.at(at) == told);
        if at == next {
            self.told.push(told);
        }
        at
    }
}

impl Origins {
    /// The number of what records tell, which many messages share.
    pub(super) fn number(&self, told: Told) -> u32 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).find(&told);
        known.unwrap_or_else(|| self.lock().find_or_add(told))
    }

    /// The table, for whoever has more to add.
    pub(super) fn lock(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What records told under a number.
    pub(super) fn told(&self, number: u32) -> Told {
        *self.0.read().unwrap_or_else(PoisonError::into_inner).told.at(number)
    }

    /// All of them, once no record comes any more.
    pub(super) fn take(&self) -> Table {
        let mut table = std::mem::take(&mut *self.lock());
        table.index = Index::default(); // It has done its work; its memory goes back.
        table
    }
}

impl Shard {
    /// The number of what a record tells.
    pub(super) fn origin_of(&self, teller: &Teller) -> u32 {
        teller.number.unwrap_or_else(|| self.origins.number(teller.told))
    }

    /// The number of what a known origin and another record tell.
    pub(super) fn merged_origin(&self, known: u32, new: &Teller) -> u32 {
        if new.number == Some(known) {
            return known; // Nearly always: rows of one message tell the same.
        }
        let old = self.origins.told(known);
        let both = old.with(new.told);
        if both == old { known } else { self.origins.number(both) }
    }
}
