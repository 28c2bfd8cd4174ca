//! Legs: a mail that goes through a content filter, a second instance or a second server comes back under another id
//! and is one submission. Who handed it in comes from the first leg, its outcome from the last.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::ingest::origin::Origin;
use crate::period::Timestamp;
use crate::usage::{SenderId, Skip};

/// Seconds for which a message is waited for that another one names as what it goes on in.
pub const LATE_LINK: i64 = 120;
/// Hints that are kept before the older half is dropped.
const HINT_CAP: usize = 16_384;

/// A mail of several messages.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Who handed the mail in.
    pub origin: Origin,
    /// Lines of messages that left, not yet accounted for.
    pub records: u64,
    /// Whether a submission was made of it.
    pub counted: bool,
    /// Why messages that left are no submission.
    pub reason: Skip,
    /// Messages of it that are under way.
    pub members: u32,
}

impl Leg {
    /// The origin, with what it lacks taken from a later message. The later one's client is the filter, so it is not
    /// taken.
    pub fn origin_of(&self, later: &Origin) -> Origin {
        let sender = if self.origin.sender == SenderId::UNKNOWN { later.sender } else { self.origin.sender };
        Origin { sender, size: self.origin.size.or(later.size), ..self.origin }
    }
}

/// The message that named an id before a line of that id was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Naming {
    /// Its packed id.
    pub id: u128,
    /// Its serial number.
    pub serial: u64,
    /// Whether its recipients count where it does not go on.
    pub counts: bool,
}

/// All legs under way, and what links messages that are still to come.
#[derive(Debug, Default)]
pub struct Legs {
    legs: Vec<Option<Leg>>,
    free: Vec<usize>,
    named: FxHashMap<u64, Naming>,
    deadlines: VecDeque<(Timestamp, u64)>,
    hints: [FxHashMap<u64, u128>; 2],
}

impl Legs {
    fn begin(&mut self, origin: Origin) -> usize {
        let leg = Leg { origin, records: 0, counted: false, reason: Skip::FilterHop, members: 2 };
        match self.free.pop() {
            Some(index) => {
                self.legs[index] = Some(leg);
                index
            }
            None => {
                self.legs.push(Some(leg));
                self.legs.len() - 1
            }
        }
    }

    /// Joins a message, of which origin and leg are given, to the one in which its mail goes on, and gives the leg that
    /// each of them is then.
    pub fn join(&mut self, origin: Origin, first: Option<usize>, later: Option<usize>) -> [Option<usize>; 2] {
        match (first, later) {
            (None, None) => [Some(self.begin(origin)); 2],
            (Some(index), None) => {
                self.get(index).into_iter().for_each(|leg| leg.members += 1);
                [Some(index); 2]
            }
            // The later one went on already: the first comes before all of its leg.
            (None, Some(index)) => {
                if let Some(leg) = self.get(index) {
                    leg.members += 1;
                    if origin.started <= leg.origin.started {
                        leg.origin = origin;
                    }
                }
                [Some(index); 2]
            }
            (Some(_), Some(_)) => [first, later],
        }
    }

    /// A leg under way.
    pub fn get(&mut self, index: usize) -> Option<&mut Leg> {
        self.legs.get_mut(index)?.as_mut()
    }

    /// Takes a leg of which no message is left.
    pub fn take(&mut self, index: usize) -> Option<Leg> {
        let leg = self.legs.get_mut(index)?.take()?;
        self.free.push(index);
        Some(leg)
    }

    /// Notes that a message goes on under an id of which no line was read yet.
    pub fn name(&mut self, next: u64, naming: Naming, now: Timestamp) {
        if self.named.insert(next, naming).is_none() {
            self.deadlines.push_back((Timestamp::from_seconds(now.seconds() + LATE_LINK), next));
        }
    }

    /// The message that named an id.
    pub fn naming(&mut self, next: u64) -> Option<Naming> {
        if self.named.is_empty() { None } else { self.named.remove(&next) }
    }

    /// Forgets ids that did not come in time; all of them without a time.
    pub fn expire(&mut self, now: Option<Timestamp>) {
        while let Some(&(deadline, next)) = self.deadlines.front() {
            if now.is_some_and(|now| now < deadline) {
                return;
            }
            self.deadlines.pop_front();
            self.named.remove(&next);
        }
    }

    /// Remembers a message that came from this host itself by its message-id.
    pub fn hint(&mut self, message_id: u64, id: u128) {
        let [new, old] = &mut self.hints;
        if new.len() >= HINT_CAP / 2 {
            *old = std::mem::take(new);
        }
        new.insert(message_id, id);
    }

    /// The last message that came from this host itself under a message-id.
    pub fn hinted(&self, message_id: u64) -> Option<u128> {
        self.hints.iter().find_map(|hints| hints.get(&message_id)).copied()
    }
}
