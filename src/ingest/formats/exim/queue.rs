//! The messages that are under way, by id, and the times at which finished ones lived.
//!
//! Exim's ids hold the time, so that one comes again only over long spans: a new arrival under the id of a completed
//! message is a new message, and a line from within the life of a finished one was read before.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::message::Message;
use crate::ingest::lifetimes::Lifetimes;
use crate::ingest::origin::Origin;
use crate::period::Timestamp;

/// Seconds by which lines of one message can be out of order.
const DISORDER: i64 = 5;
/// Seconds that a delivery can precede the arrival: the next host is asked while the client still sends.
const CUTTHROUGH: i64 = 600;

/// Messages under way.
#[derive(Debug, Default)]
pub struct Queue {
    slots: Vec<Option<Message>>,
    free: Vec<u32>,
    heads: FxHashMap<u128, u32>,
    finished: Lifetimes,
    serial: u64,
}

/// What a line with an id belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Belongs {
    /// To the message in this slot.
    To(u32),
    /// To another incarnation than the one in this slot, which is over.
    After(u32),
    /// To a message that was already counted, or it was already read.
    Read,
    /// To none yet.
    New,
}

impl Queue {
    /// Finds the message to which a line belongs; `arrives` where the line is an arrival.
    pub fn belongs(&mut self, id: u128, time: Timestamp, arrives: bool) -> Belongs {
        if let Some((slot, message)) = self.under_way(id) {
            let (started, seconds) = (message.origin.started.seconds(), time.seconds());
            let late = message.completed && seconds > message.last.seconds() + DISORDER;
            return match (arrives, message.arrived) {
                (true, true) if seconds == started => Belongs::Read,
                (true, true) => self.earlier(id, time, true).unwrap_or(Belongs::After(slot)),
                (true, false) if (seconds - started).abs() <= CUTTHROUGH => Belongs::To(slot),
                (true, false) => self.earlier(id, time, true).unwrap_or(Belongs::After(slot)),
                (false, _) if seconds + DISORDER < started => {
                    self.earlier(id, time, false).unwrap_or(Belongs::To(slot))
                }
                (false, _) if late => Belongs::After(slot),
                (false, _) => Belongs::To(slot),
            };
        }
        self.earlier(id, time, arrives).unwrap_or(Belongs::New)
    }

    fn earlier(&mut self, id: u128, time: Timestamp, arrives: bool) -> Option<Belongs> {
        self.finished.cover(id_hash(id), time, arrives).then_some(Belongs::Read)
    }

    /// Whether a message ended not long before a time.
    pub fn has_left(&mut self, id: u64, time: Timestamp) -> bool {
        self.finished.ended_before(id, time)
    }

    /// The message under way that has an id, with its slot.
    pub fn under_way(&mut self, id: u128) -> Option<(u32, &mut Message)> {
        let slot = *self.heads.get(&id)?;
        let message = self.slots.get_mut(slot as usize)?.as_mut()?;
        Some((slot, message))
    }

    /// Adds a message and returns its slot.
    pub fn add(&mut self, id: u128, origin: Origin) -> u32 {
        self.serial += 1;
        let message = Message::new(id, self.serial, origin);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(message);
        }
        self.heads.insert(id, slot);
        slot
    }

    /// The message in a slot.
    pub fn get(&mut self, slot: u32) -> Option<&mut Message> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Takes a message out and remembers when it lived.
    pub fn finish(&mut self, slot: u32) -> Option<Message> {
        let message = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        if self.heads.get(&message.id) == Some(&slot) {
            self.heads.remove(&message.id);
        }
        self.finished.add(id_hash(message.id), message.begun, message.last);
        Some(message)
    }

    /// The slots of all messages that satisfy a condition, in the order in which they began.
    pub fn select(&self, condition: impl Fn(&Message) -> bool) -> Vec<u32> {
        let slots = self.slots.iter().zip(0_u32..);
        let mut selected: Vec<(u64, u32)> = slots
            .filter_map(|(message, at)| Some((message.as_ref()?, at)))
            .filter(|(message, _)| condition(message))
            .map(|(message, at)| (message.serial, at))
            .collect();
        selected.sort_unstable();
        selected.into_iter().map(|(_, at)| at).collect()
    }
}

/// A packed id in 64 bits: two that collide would also have to live at the same time to be mixed up.
pub fn id_hash(id: u128) -> u64 {
    FxBuildHasher.hash_one(id).max(1)
}
