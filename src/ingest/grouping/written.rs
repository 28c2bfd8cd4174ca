//! Where the records of a block came from, as it is written: each origin is kept once for a block, so that its texts
//! are looked up once, however many records share it.
//!
//! Blocks are read on several cores, and [`Names`] are of the whole run: so records name origins by number until
//! [`KnownOrigins`] give them the ids of the run, in the order in which they were first read.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::chunks::mixed;
use super::origins::{Teller, Told};
use super::{Origin, Signs, origin_digest};
use crate::usage::{ClientId, HostId, Names, SenderId};

/// Origins that are known together, and bytes of their texts.
const KNOWN_CAP: usize = 50_000;
const KNOWN_BYTES: usize = 8 * 1024 * 1024;

/// The sender of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Sender<T> {
    /// The record does not tell.
    Unknown,
    /// The null sender, whatever is written.
    Null,
    /// As it stands.
    Text(T),
}

/// Where a record came from, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct OriginText<T> {
    /// The envelope sender.
    pub(crate) sender: Sender<T>,
    /// The name and the address of the submitting host; `None` where the record does not tell.
    pub(crate) client: Option<(T, T)>,
    /// The connector; `None` where the record does not tell.
    pub(crate) relay: Option<T>,
    /// What the record shows of the kind of traffic.
    pub(crate) signs: Signs,
}

impl<T> OriginText<T> {
    fn map<U>(&self, mut text: impl FnMut(&T) -> U) -> OriginText<U> {
        OriginText {
            sender: match &self.sender {
                Sender::Unknown => Sender::Unknown,
                Sender::Null => Sender::Null,
                Sender::Text(sender) => Sender::Text(text(sender)),
            },
            client: self.client.as_ref().map(|(name, ip)| (text(name), text(ip))),
            relay: self.relay.as_ref().map(text),
            signs: self.signs,
        }
    }
}

/// Origins, each of which is kept once.
#[derive(Debug, Default)]
pub(crate) struct Written {
    texts: Vec<u8>,
    origins: Vec<Kept>,
    index: HashTable<u32>,
}

/// An origin and its hash.
#[derive(Debug)]
struct Kept {
    origin: OriginText<Range<u32>>,
    hash: u64,
}

impl Written {
    /// The number of an origin in this block.
    pub(crate) fn number(&mut self, origin: &OriginText<&[u8]>) -> u32 {
        let mut hasher = FxHasher::default();
        origin.hash(&mut hasher);
        self.number_by(origin, mixed(hasher.finish()))
    }

    fn number_by(&mut self, origin: &OriginText<&[u8]>, hash: u64) -> u32 {
        let (texts, origins) = (&self.texts, &self.origins);
        let is_it = |at: &u32| {
            let known = origins.get(*at as usize);
            known.is_some_and(|known| known.hash == hash && stands(texts, &known.origin) == *origin)
        };
        let rehash = |at: &u32| origins.get(*at as usize).map_or(0, |known| known.hash);
        let next = origins.len() as u32;
        match self.index.entry(hash, is_it, rehash) {
            hashbrown::hash_table::Entry::Occupied(known) => return *known.get(),
            hashbrown::hash_table::Entry::Vacant(vacant) => vacant.insert(next),
        };
        let texts = &mut self.texts;
        let origin = origin.map(|text| {
            let start = texts.len() as u32;
            texts.extend_from_slice(text);
            start..texts.len() as u32
        });
        self.origins.push(Kept { origin, hash });
        next
    }
}

/// An origin with the ids of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved {
    pub(super) origin: Origin,
    /// The digest of its texts.
    pub(super) digest: u32,
    /// The number of what a record tells of it whose texts have weight, once there was one.
    pub(super) number: Option<u32>,
}

impl Resolved {
    /// What a record tells of it.
    pub(super) fn teller(&self, has_weight: bool) -> Teller {
        match has_weight {
            true => Teller { told: Told::of(self.origin, self.digest), number: self.number },
            false => Teller::of(Told::of(self.origin, 0)),
        }
    }

    fn of(written: &OriginText<&[u8]>, names: &mut Names) -> Resolved {
        let sender = match written.sender {
            Sender::Unknown => SenderId::UNKNOWN,
            Sender::Null => SenderId::NULL,
            Sender::Text(sender) => names.sender(sender),
        };
        let client = written.client.map_or(ClientId::UNKNOWN, |(name, ip)| names.client(name, ip, b""));
        let relay = written.relay.map_or(HostId::UNKNOWN, |relay| names.host(relay));
        let origin = Origin { sender, client, relay, signs: written.signs };
        let digest = origin_digest(&origin, names);
        Resolved { origin, digest, number: None }
    }
}

/// Origins of the run that were resolved last: most blocks have the same.
#[derive(Debug, Default)]
pub(super) struct KnownOrigins {
    written: Written,
    resolved: Vec<Resolved>,
}

impl KnownOrigins {
    /// The numbers of a block's origins here, by their numbers in the block.
    pub(super) fn of(&mut self, block: &Written, names: &mut Names) -> Vec<u32> {
        // Forgetting costs no more than resolving again.
        if self.resolved.len() > KNOWN_CAP || self.written.texts.len() > KNOWN_BYTES {
            *self = KnownOrigins::default();
        }
        let number = |kept: &Kept| {
            let origin = stands(&block.texts, &kept.origin);
            let number = self.written.number_by(&origin, kept.hash);
            if number as usize == self.resolved.len() {
                self.resolved.push(Resolved::of(&origin, names));
            }
            number
        };
        block.origins.iter().map(number).collect()
    }

    /// The origin of a number.
    pub(super) fn at(&mut self, number: u32) -> Option<&mut Resolved> {
        self.resolved.get_mut(number as usize)
    }
}

/// An origin as it stands.
fn stands<'t>(texts: &'t [u8], kept: &OriginText<Range<u32>>) -> OriginText<&'t [u8]> {
    kept.map(|place| texts.get(place.start as usize..place.end as usize).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_once_and_found_by_its_texts() {
        let origin = |name: &'static str, ip: &'static str| OriginText::<&[u8]> {
            sender: Sender::Text(b"a@x"),
            client: Some((name.as_bytes(), ip.as_bytes())),
            relay: None,
            signs: Signs::None,
        };
        let (one, other) = (origin("", "ab"), origin("a", "b"));
        let null = OriginText { sender: Sender::Null, client: None, relay: Some(&b"EX"[..]), ..one };
        let mut written = Written::default();
        let numbers = [one, other, null, one].map(|origin| written.number(&origin));
        assert_eq!(numbers, [0, 1, 2, 0]);
        let mut names = Names::default();
        let mut known = KnownOrigins::default();
        assert_eq!(known.of(&written, &mut names), [0, 1, 2]);
        assert_eq!(known.of(&written, &mut names), [0, 1, 2]);
        assert_eq!(known.at(0).unwrap().origin.sender, names.sender(b"a@x"));
        let third = *known.at(2).unwrap();
        assert_eq!(names.host_name(third.origin.relay), "ex");
        assert_eq!(third.digest, origin_digest(&third.origin, &names));
    }
}
