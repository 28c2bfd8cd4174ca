//! What is found in a block of lines: a row for each line that names a queue id, with all that one line tells by
//! itself. Texts are kept once for the block, mostly, and found by their place in it.
//!
//! `extract` fills it, on any thread; which message a row belongs to is left to `follow`.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};

use super::line::{self, Daemon, Status};
use crate::ingest::syslog::blocks::Block;
use crate::ingest::syslog::stamp::Stamp;
use crate::period::Timestamp;
use crate::usage::{Skip, SourceId};

/// Places in which texts are remembered, a power of two.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 8;

/// A piece of a block's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where a part of a text stands in it; nowhere, and empty, where it is no part.
    pub fn of(part: &[u8], text: &[u8]) -> Span {
        let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        match (u32::try_from(start), u32::try_from(start.wrapping_add(part.len()))) {
            (Ok(start), Ok(end)) if end as usize <= text.len() => Span { start, end },
            _ => Span::default(),
        }
    }

    /// The piece of the text.
    #[inline]
    pub fn of_text(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A line that names a queue id.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The packed queue id.
    pub id: u128,
    /// The number of the line among those of the block (1-based).
    pub line: u32,
    /// Its number where each of several messages in a line counts.
    pub ordinal: u32,
    /// Its time and host: a place in [`Found::stamps`].
    pub stamp: u32,
    /// Its program: a place in [`Found::programs`].
    pub program: u32,
    /// What it says.
    pub said: Said,
}

/// What a line says; [`line::Event`] without its texts.
#[derive(Clone, Copy, Debug)]
pub enum Said {
    /// A message begins, handed in over the network.
    Client {
        /// By whom: a place in [`Found::clients`].
        client: u32,
        /// What the line names, should it be the first of its message.
        digest: Key,
    },
    /// A message begins, handed in by a local program.
    Pickup {
        /// The queue id it had before it was put back into the queue: a place in [`Found::ids`].
        first: Option<u32>,
        /// What the line names, should it be the first of its message.
        digest: Key,
    },
    /// The message's own id.
    MessageId {
        /// Its hash, 0 where it is empty.
        hash: u64,
        /// The instant that stands in one that Postfix made.
        own: Option<Timestamp>,
    },
    /// Accepted and in the queue; repeated at every retry.
    Queued {
        /// The envelope sender: a place in [`Found::senders`].
        from: u32,
        /// Recipients that are left.
        recipients: Option<u32>,
        /// Bytes, `None` where they cannot be read.
        size: Option<u64>,
    },
    /// All that was still deferred is given up.
    Expired,
    /// A recipient's delivery.
    Delivery(Delivered),
    /// A delivery line that is cut before its recipient can be read.
    CutDelivery,
    /// The message leaves the queue.
    Removed,
    /// Refused or thrown away by a filter before it was queued.
    Refused,
    /// Anything else.
    Note,
    /// No line of its own: the line before goes on beyond what is read of it.
    Overlong,
}

/// One delivery line, without its texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// The hash of the recipient.
    pub to: u64,
    /// The bytes that the next host says it took; 0 where it says nothing.
    pub accepted: u64,
    /// The next host: a place in [`Found::relays`].
    pub relay: u32,
    /// The queue id that the next host gave the message: a place in [`Found::ids`].
    pub next: Option<u32>,
    /// What became of the recipient.
    pub status: Status,
    /// What wrote the line.
    pub daemon: Daemon,
    /// Whether the reply says that the mail was thrown away. Noted only where the mail stays near, or where a
    /// command took it.
    pub discarded: bool,
}

/// A digest of 128 bits, in halves so that a row stays small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(u64, u64);

impl Key {
    /// The key of the message that begins with a line.
    pub fn of(host: &[u8], id: &[u8], time: &[u8]) -> Key {
        let mut digest = Sha256::new();
        let mut together = [0_u8; 96];
        let mut length = 0;
        for part in [host, b" ", id, b" ", time] {
            match together.get_mut(length..length + part.len()) {
                Some(room) => room.copy_from_slice(part),
                None => {
                    digest.update(&together[..length]);
                    digest.update(part);
                    length = 0;
                    continue;
                }
            }
            length += part.len();
        }
        digest.update(&together[..length]);
        let digest = digest.finalize();
        let half = |bytes: &[u8]| bytes.iter().fold(0, |key, &b| key << 8 | u64::from(b));
        Key(half(&digest[..8]), half(&digest[8..16]))
    }

    /// Both halves.
    pub fn whole(self) -> u128 {
        u128::from(self.0) << 64 | u128::from(self.1)
    }
}

/// Time and host of a line.
#[derive(Clone, Copy, Debug)]
pub struct StampAt {
    /// The time as it is written.
    pub time: Span,
    /// What that is, where it can be read.
    pub stamp: Option<Stamp>,
    /// The host: a place in [`Found::hosts`].
    pub host: u32,
}

/// A program of Postfix.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name, with the instance.
    pub name: Span,
    /// What it is.
    pub daemon: Daemon,
}

/// Who handed a message in, as a line tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandedIn {
    /// All that the line says.
    pub told: Span,
    /// The host's name, or `unknown`.
    pub name: Span,
    /// Its address.
    pub ip: Span,
    /// The user it authenticated as, or empty.
    pub user: Span,
    /// The packed queue id of the same message before it went through a filter.
    pub first: Option<u128>,
    /// Whether it came from this host or through a filter.
    pub reinjected: bool,
}

/// A next host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relay {
    /// As it is written.
    pub told: Span,
    /// Its name.
    pub name: Span,
    /// The program that delivers to it.
    pub program: u32,
    /// Whether it is this host itself or a filter.
    pub near: bool,
}

/// Texts of a block, each once if it was met not long before.
#[derive(Debug)]
pub struct Texts<T> {
    /// What is known of each.
    pub all: Vec<T>,
    slots: [u32; SLOTS],
}

impl<T> Default for Texts<T> {
    fn default() -> Self {
        Texts { all: Vec::new(), slots: [u32::MAX; SLOTS] }
    }
}

impl<T> Texts<T> {
    fn clear(&mut self) {
        self.all.clear();
        self.slots.fill(u32::MAX);
    }

    /// The place of a text that is remembered.
    #[inline]
    pub fn known(&self, text: &[u8], is: impl FnOnce(&T) -> bool) -> Option<u32> {
        let slot = self.slots[slot_of(text)];
        self.all.get(slot as usize).is_some_and(is).then_some(slot)
    }

    /// The place of a text, which is added where it is new.
    #[inline]
    pub fn place(&mut self, text: &[u8], is: impl FnOnce(&T) -> bool, make: impl FnOnce() -> T) -> u32 {
        let slot = &mut self.slots[slot_of(text)];
        if self.all.get(*slot as usize).is_some_and(is) {
            return *slot;
        }
        *slot = self.all.len() as u32;
        self.all.push(make());
        *slot
    }
}

/// Where a text is remembered, by its ends.
#[inline]
fn slot_of(text: &[u8]) -> usize {
    let ends = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => text.iter().fold(0, |ends, &b| ends << 8 | u64::from(b)),
    };
    let mixed = (ends ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOT_BITS)) as usize
}

/// All that is found in a block.
#[derive(Debug, Default)]
pub struct Found {
    /// The lines that name a queue id, in their order.
    pub rows: Vec<Row>,
    /// Lines that were read.
    pub read: u32,
    /// The same, where each of several messages in a line counts.
    pub lines: u32,
    /// Lines that name no message, by reason.
    pub skipped: Vec<(Skip, u64)>,
    /// Time and host of lines, where they are others than those of the line before.
    pub stamps: Vec<StampAt>,
    /// Hosts.
    pub hosts: Texts<Span>,
    /// Programs of Postfix.
    pub programs: Texts<Program>,
    /// Who handed messages in.
    pub clients: Texts<HandedIn>,
    /// Envelope senders.
    pub senders: Texts<Span>,
    /// Next hosts.
    pub relays: Texts<Relay>,
    /// Further packed queue ids.
    pub ids: Vec<u128>,
}

impl Found {
    /// Forgets everything and keeps the room.
    pub fn clear(&mut self) {
        self.rows.clear();
        (self.read, self.lines) = (0, 0);
        self.skipped.clear();
        self.stamps.clear();
        self.hosts.clear();
        self.programs.clear();
        self.clients.clear();
        self.senders.clear();
        self.relays.clear();
        self.ids.clear();
    }
}

/// A block of lines and what is found in it.
#[derive(Debug, Default)]
pub struct Page {
    /// The lines.
    pub block: Block,
    /// What is found in them.
    pub found: Found,
}

/// A row, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The row.
    pub row: &'a Row,
    /// What was found in its block.
    pub found: &'a Found,
    /// The text of the block.
    pub text: &'a [u8],
    /// The input.
    pub source: SourceId,
    /// The number of the line in it.
    pub line: u64,
}

impl<'a> Entry<'a> {
    /// The host.
    pub fn host(&self) -> &'a [u8] {
        let host = self.stamp().and_then(|stamp| self.found.hosts.all.get(stamp.host as usize));
        host.copied().unwrap_or_default().of_text(self.text)
    }

    /// Time and host.
    #[inline]
    pub fn stamp(&self) -> Option<&'a StampAt> {
        self.found.stamps.get(self.row.stamp as usize)
    }

    /// The name of the Postfix instance.
    pub fn instance(&self) -> &'a [u8] {
        let program = self.found.programs.all.get(self.row.program as usize);
        line::instance(program.map_or(&[], |program| program.name.of_text(self.text)))
    }

    /// The key of the message, where it begins with this line.
    pub fn key(&self) -> u128 {
        match self.row.said {
            Said::Client { digest, .. } | Said::Pickup { digest, .. } => digest.whole(),
            _ => {
                let time = self.stamp().map_or(Span::default(), |stamp| stamp.time);
                let (id, length) = line::unpacked(self.row.id);
                Key::of(self.host(), &id[..length], time.of_text(self.text)).whole()
            }
        }
    }

    /// A further queue id.
    pub fn id_at(&self, place: Option<u32>) -> Option<u128> {
        self.found.ids.get(place? as usize).copied()
    }
}

/// The hash of a packed queue id.
pub fn hash_of_id(id: u128) -> u64 {
    FxBuildHasher.hash_one(id).max(1)
}
