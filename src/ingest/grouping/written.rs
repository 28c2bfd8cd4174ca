//! Where the records of a block came from, as it is written: each origin is kept once for a block, so that its texts
//! are looked up once, however many records share it.
//!
//! Blocks are read on several cores, and [`Names`] are of the whole run: so records name origins by number until
//! [`Written::resolve`] gives them the ids of the run, in the order in which they were first read.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::chunks::mixed;
use super::{Origin, Signs, origin_digest};
use crate::usage::{ClientId, HostId, Names, SenderId};

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

/// The origins of a block.
#[derive(Debug, Default)]
pub(crate) struct Written {
    texts: Vec<u8>,
    origins: Vec<OriginText<Range<usize>>>,
    index: HashTable<u32>,
}

/// An origin with the ids of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved {
    /// The ids.
    pub(super) origin: Origin,
    /// The digest of its texts.
    pub(super) digest: u32,
}

impl Written {
    /// The number of an origin in this block.
    pub(crate) fn number(&mut self, origin: &OriginText<&[u8]>) -> u32 {
        let (texts, origins) = (&self.texts, &self.origins);
        let is_it = |at: &u32| origins.get(*at as usize).is_some_and(|known| stands(texts, known) == *origin);
        let hash = |origin: &OriginText<&[u8]>| {
            let mut hasher = FxHasher::default();
            origin.hash(&mut hasher);
            mixed(hasher.finish())
        };
        let rehash = |at: &u32| origins.get(*at as usize).map_or(0, |known| hash(&stands(texts, known)));
        let next = origins.len() as u32;
        match self.index.entry(hash(origin), is_it, rehash) {
            hashbrown::hash_table::Entry::Occupied(known) => return *known.get(),
            hashbrown::hash_table::Entry::Vacant(vacant) => vacant.insert(next),
        };
        let texts = &mut self.texts;
        let kept = origin.map(|text| {
            let start = texts.len();
            texts.extend_from_slice(text);
            start..texts.len()
        });
        self.origins.push(kept);
        next
    }

    /// The origins with the ids of the run, by number.
    pub(super) fn resolve(&self, names: &mut Names) -> Vec<Resolved> {
        let resolved = |written: &OriginText<Range<usize>>| {
            let written = stands(&self.texts, written);
            let sender = match written.sender {
                Sender::Unknown => SenderId::UNKNOWN,
                Sender::Null => SenderId::NULL,
                Sender::Text(sender) => names.sender(sender),
            };
            let client = written.client.map_or(ClientId::UNKNOWN, |(name, ip)| names.client(name, ip, b""));
            let relay = written.relay.map_or(HostId::UNKNOWN, |relay| names.host(relay));
            let origin = Origin { sender, client, relay, signs: written.signs };
            Resolved { origin, digest: origin_digest(&origin, names) }
        };
        self.origins.iter().map(resolved).collect()
    }
}

/// An origin as it stands.
fn stands<'t>(texts: &'t [u8], kept: &OriginText<Range<usize>>) -> OriginText<&'t [u8]> {
    kept.map(|place| texts.get(place.clone()).unwrap_or_default())
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
        let resolved = written.resolve(&mut names);
        assert_eq!(resolved.len(), 3);
        assert_eq!(resolved[0].origin.sender, names.sender(b"a@x"));
        assert_eq!(names.host_name(resolved[2].origin.relay), "ex");
        assert_eq!(resolved[2].digest, origin_digest(&resolved[2].origin, &names));
    }
}
