//! The messages that are under way, by queue id; and the times at which finished ones lived.
//!
//! Postfix reuses short queue ids within minutes, so an id names a list of incarnations, told apart by host,
//! instance and time. Finished incarnations are remembered by the times at which they lived ([`Lifetimes`]).

use rustc_hash::FxHashMap;

use super::message::Message;
use crate::ingest::lifetimes::Lifetimes;
use crate::period::Timestamp;

/// Seconds by which lines of one message can be out of order.
const DISORDER: i64 = 5;
/// No further incarnation in a list.
const END: u32 = u32::MAX;

/// Messages under way.
#[derive(Debug, Default)]
pub struct Queue {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    heads: FxHashMap<u128, u32>,
    /// The id that was looked up last, and its head: neighbouring lines are often of one message.
    last: (u128, u32),
    finished: Lifetimes,
}

#[derive(Debug)]
struct Slot {
    message: Message,
    older: u32,
}

/// What a line with a queue id belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Belongs {
    /// To the message in this slot.
    To(u32),
    /// To a message that was already counted.
    Finished,
    /// To none yet.
    New,
}

/// Where and when a line was logged.
#[derive(Clone, Copy, Debug)]
pub struct Logged {
    /// The packed queue id.
    pub id: u128,
    /// The host.
    pub host: u32,
    /// The instance.
    pub instance: u32,
    /// The instant.
    pub time: Timestamp,
    /// Whether it is a line with which a message begins.
    pub begins: bool,
}

impl Queue {
    /// Finds the incarnation to which a line belongs.
    pub fn belongs(&mut self, logged: &Logged) -> Belongs {
        if self.last.0 != logged.id {
            self.last = (logged.id, self.heads.get(&logged.id).copied().unwrap_or(END));
        }
        let mut at = self.last.1;
        let (mut exact, mut on_host) = (None, None);
        while let Some(Some(slot)) = self.slots.get(at as usize) {
            let message = &slot.message;
            if message.host == logged.host && fits(message, logged) {
                on_host = on_host.or(Some(at));
                if message.instance == logged.instance {
                    exact = exact.or(Some(at));
                }
            }
            at = slot.older;
        }
        // Services can log under another instance name than the queue manager; the host's only one is meant.
        if let Some(at) = exact.or(on_host.filter(|_| !logged.begins)) {
            return Belongs::To(at);
        }
        let finished = self.was_finished(logged.host, logged.id, logged.time, logged.begins);
        if finished { Belongs::Finished } else { Belongs::New }
    }

    /// Whether a finished incarnation covers a time.
    pub fn was_finished(&mut self, host: u32, id: u128, time: Timestamp, begins: bool) -> bool {
        self.finished.cover(span_key(host, id), time, begins)
    }

    /// Whether an incarnation has left the queue of a host not long before a time.
    pub fn has_left(&mut self, host: u32, id: u128, time: Timestamp) -> bool {
        self.finished.ended_before(span_key(host, id), time)
    }

    /// Finds a message under way by its id alone, begun no later than a time: the far side of a hand-over.
    pub fn under_way(&self, id: u128, by: Timestamp) -> Option<u32> {
        let mut at = *self.heads.get(&id)?;
        while let Some(Some(slot)) = self.slots.get(at as usize) {
            if slot.message.origin.started.seconds() <= by.seconds() + DISORDER {
                return Some(at);
            }
            at = slot.older;
        }
        None
    }

    /// Adds a message and returns its slot.
    pub fn add(&mut self, message: Message) -> u32 {
        let id = message.id;
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        let older = self.heads.insert(id, at).unwrap_or(END);
        self.last = (id, at);
        self.slots[at as usize] = Some(Slot { message, older });
        at
    }

    /// The message in a slot.
    pub fn get(&mut self, at: u32) -> Option<&mut Message> {
        self.slots.get_mut(at as usize)?.as_mut().map(|slot| &mut slot.message)
    }

    /// Takes a message out and remembers when it lived.
    pub fn finish(&mut self, at: u32) -> Option<Message> {
        let slot = self.slots.get_mut(at as usize)?.take()?;
        self.free.push(at);
        self.unlink(at, &slot);
        let message = slot.message;
        self.finished.add(span_key(message.host, message.id), message.origin.started, message.last);
        Some(message)
    }

    fn unlink(&mut self, at: u32, slot: &Slot) {
        let id = slot.message.id;
        let Some(&head) = self.heads.get(&id) else { return };
        if head == at {
            if self.last.0 == id {
                self.last.1 = slot.older;
            }
            if slot.older == END {
                self.heads.remove(&id);
            } else {
                self.heads.insert(id, slot.older);
            }
            return;
        }
        let mut newer = head;
        while let Some(Some(next)) = self.slots.get_mut(newer as usize) {
            if next.older == at {
                next.older = slot.older;
                return;
            }
            newer = next.older;
        }
    }

    /// Moves the messages of a host in time: its clock turned out to be off by some seconds.
    pub fn shift(&mut self, host: u32, seconds: i64) {
        let moved = |time: Timestamp| Timestamp::from_seconds(time.seconds() + seconds);
        for slot in self.slots.iter_mut().flatten().filter(|slot| slot.message.host == host) {
            slot.message.origin.started = moved(slot.message.origin.started);
            slot.message.last = moved(slot.message.last);
        }
    }

    /// The slots of all messages that satisfy a condition, in the order in which they began.
    pub fn select(&self, condition: impl Fn(&Message) -> bool) -> Vec<u32> {
        let slots = self.slots.iter().zip(0_u32..);
        let mut selected: Vec<(Timestamp, u64, u32)> = slots
            .filter_map(|(slot, at)| Some((&slot.as_ref()?.message, at)))
            .filter(|(message, _)| condition(message))
            .map(|(message, at)| (message.origin.started, message.origin.line, at))
            .collect();
        selected.sort_unstable();
        selected.into_iter().map(|(_, _, at)| at).collect()
    }
}

/// Whether a line can be of a message under way: not long before its start, not long after it left the queue,
/// and no second line that says who handed it in.
fn fits(message: &Message, logged: &Logged) -> bool {
    let (started, time) = (message.origin.started.seconds(), logged.time.seconds());
    if logged.begins {
        let same = if message.handed_in { time == started } else { (time - started).abs() <= DISORDER };
        return same;
    }
    let late = message.removed && time > message.last.seconds() + DISORDER;
    time + DISORDER >= started && !late
}

/// Host and queue id in 64 bits: two that collide would also have to live at the same time to be mixed up.
fn span_key(host: u32, id: u128) -> u64 {
    use std::hash::BuildHasher;
    rustc_hash::FxBuildHasher.hash_one((host, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::origin::Origin;
    use crate::usage::{ClientId, SenderId, SourceId, TimeQuality};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn logged(seconds: i64, begins: bool) -> Logged {
        Logged { id: 7, host: 0, instance: 0, time: at(seconds), begins }
    }

    fn add(queue: &mut Queue, start: i64, end: i64) -> u32 {
        let origin = Origin {
            started: at(start),
            quality: TimeQuality::Exact,
            source: SourceId(0),
            line: 1,
            digest: 0,
            client: ClientId::UNKNOWN,
            sender: SenderId::UNKNOWN,
            size: None,
        };
        let slot = queue.add(Message::new(7, 0, 0, origin));
        let message = queue.get(slot).unwrap();
        (message.begun, message.handed_in, message.last) = (true, true, at(end));
        slot
    }

    #[test]
    fn a_reused_id_is_a_new_message_and_an_old_line_a_duplicate() {
        let mut queue = Queue::default();
        let first = add(&mut queue, 0, 10);
        assert_eq!(queue.belongs(&logged(5, false)), Belongs::To(first));
        queue.finish(first);
        assert_eq!(queue.belongs(&logged(5, false)), Belongs::Finished);
        assert_eq!(queue.belongs(&logged(0, true)), Belongs::Finished);
        assert_eq!(queue.belongs(&logged(10, true)), Belongs::New);
        assert_eq!(queue.belongs(&logged(1_400, true)), Belongs::New);
        let second = add(&mut queue, 1_400, 1_405);
        assert_eq!(queue.belongs(&logged(1_401, false)), Belongs::To(second));
        assert_eq!(queue.belongs(&logged(3, false)), Belongs::Finished);
        queue.finish(second);
        assert_eq!(queue.belongs(&logged(3, false)), Belongs::Finished);
        assert_eq!(queue.belongs(&logged(1_403, false)), Belongs::Finished);
    }

    #[test]
    fn incarnations_of_other_hosts_and_instances_stay_apart() {
        let mut queue = Queue::default();
        let slot = add(&mut queue, 0, 10);
        assert_eq!(queue.belongs(&Logged { host: 1, ..logged(5, false) }), Belongs::New);
        assert_eq!(queue.belongs(&Logged { instance: 1, ..logged(5, false) }), Belongs::To(slot));
        assert_eq!(queue.belongs(&Logged { instance: 1, ..logged(5, true) }), Belongs::New);
        assert_eq!(queue.under_way(7, at(5)), Some(slot));
        assert_eq!(queue.under_way(7, at(-60)), None);
    }

    #[test]
    fn lists_survive_any_order_of_leaving() {
        let mut queue = Queue::default();
        let slots: Vec<u32> = (0..3).map(|n| add(&mut queue, n * 100, n * 100 + 1)).collect();
        for slot in [slots[1], slots[2], slots[0]] {
            assert!(queue.finish(slot).is_some());
        }
        assert_eq!(queue.select(|_| true), Vec::<u32>::new());
        assert!(queue.finish(slots[0]).is_none());
    }
}
