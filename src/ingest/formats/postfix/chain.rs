//! Legs: a mail that goes through a content filter, a second instance or a second server is logged under several
//! queue ids and is one submission. Who handed it in comes from the first leg, its outcome from the last.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::message::Message;
use crate::ingest::origin::Origin;
use crate::period::Timestamp;
use crate::usage::{HostId, SenderId, Skip};

/// Hints that are kept before the older half is dropped.
const HINT_CAP: usize = 16_384;

/// The first leg of a mail whose later legs are still to come or to end.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Who handed the mail in.
    pub origin: Origin,
    /// Lines of finished legs, not yet accounted for.
    pub records: u64,
    /// Whether a submission was made of it.
    pub counted: bool,
    open: bool,
    feeding: u32,
}

impl Leg {
    /// The leg's origin, with what it lacks taken from a later leg. The later leg's client is the filter, so it
    /// is not taken.
    pub fn origin_of(&self, later: &Origin) -> Origin {
        let sender = if self.origin.sender == SenderId::UNKNOWN { later.sender } else { self.origin.sender };
        Origin { sender, size: self.origin.size.or(later.size), ..self.origin }
    }
}

/// By what a later leg is recognised when it appears.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sign {
    /// The packed queue id that the filter gave back.
    QueueId(u128),
    /// The hash of the message-id, where the filter gave no queue id back.
    MessageId(u64),
}

/// A later leg that was not seen yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Awaited {
    /// The packed queue id of the message that goes on in it.
    pub first_id: u128,
    /// The digest of its host's name, where trails are wanted.
    pub host_digest: u64,
    /// The leg that goes on in it.
    pub leg: usize,
    /// Recipients that went this way.
    pub recipients: u64,
    /// What they come to if it never appears.
    pub otherwise: Otherwise,
    /// Bytes by the accepting service.
    pub accepted: Option<u64>,
    /// The next host.
    pub relay: HostId,
    /// When it is given up.
    pub deadline: Timestamp,
}

/// What became of mail that went to this host itself and did not come back in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Otherwise {
    /// A filter took it under a queue id that the log does not hold.
    Unknown,
    /// It left through a tunnel or another mail system on this host.
    Delivered,
    /// It ended here, or where it does not count.
    Skipped(Skip),
}

/// All legs under way.
#[derive(Debug, Default)]
pub struct Legs {
    legs: Vec<Option<Leg>>,
    free: Vec<usize>,
    awaited: FxHashMap<Sign, Vec<Awaited>>,
    /// The signs of awaited legs by the packed queue id of the first one, which a later leg may name.
    first_ids: FxHashMap<u128, Sign>,
    deadlines: VecDeque<(Timestamp, Sign)>,
    hints: Hints,
    /// Whether a message named the queue id that it had before.
    named: bool,
}

impl Legs {
    /// The leg that a message is: the one that fed it, or a new one that begins with it.
    pub fn pass_on(&mut self, message: &mut Message) -> usize {
        let index = message.leg.unwrap_or_else(|| self.begin(message.origin));
        message.leg = Some(index);
        index
    }

    fn begin(&mut self, origin: Origin) -> usize {
        let leg = Leg { origin, records: 0, counted: false, open: true, feeding: 0 };
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

    /// A leg under way.
    pub fn get(&mut self, index: usize) -> Option<&mut Leg> {
        self.legs.get_mut(index)?.as_mut()
    }

    /// Notes that a leg goes on in a further message.
    pub fn feed(&mut self, index: usize) {
        if let Some(leg) = self.get(index) {
            leg.feeding += 1;
        }
    }

    /// Puts a message before the leg of one that it fed and that had begun a leg of its own. A message whose own leg
    /// goes on elsewhere too stays what it is.
    pub fn precede(&mut self, later: usize, message: &mut Message) {
        if let Some(own) = message.leg.filter(|own| *own != later) {
            let Some(leg) = self.get(own).filter(|leg| leg.feeding == 0) else { return };
            let records = leg.records;
            self.release(own);
            self.get(later).into_iter().for_each(|leg| leg.records += records);
        }
        message.leg = Some(later);
        if let Some(leg) = self.get(later) {
            leg.origin = message.origin;
            leg.open = true;
        }
        self.feed(later);
    }

    /// Notes that a recipient of a leg goes on in a message that was not seen yet. Several legs can await one sign:
    /// message-ids are reused.
    pub fn await_sign(&mut self, sign: Sign, awaited: Awaited) {
        let waiting = self.awaited.entry(sign).or_default();
        if let Some(known) = waiting.iter_mut().find(|known| known.leg == awaited.leg) {
            known.recipients += awaited.recipients;
            known.accepted = known.accepted.max(awaited.accepted);
            return;
        }
        waiting.push(awaited);
        self.deadlines.push_back((awaited.deadline, sign));
        self.first_ids.insert(awaited.first_id, sign);
        self.feed(awaited.leg);
    }

    /// The leg that goes on in a message with this sign.
    pub fn awaiting(&mut self, sign: Sign) -> Option<usize> {
        if self.awaited.is_empty() { None } else { self.take(sign, |_, _| true).map(|awaited| awaited.leg) }
    }

    /// The leg that goes on in a message with this message-id, which a filter hands in for the same sender and with
    /// headers of its own. Without these, it is another message under a message-id that was used before.
    pub fn awaiting_mail(&mut self, message_id: u64, later: &Origin) -> Option<usize> {
        if self.awaited.is_empty() {
            return None;
        }
        let taken = self.take(Sign::MessageId(message_id), |_, leg| leg.origin.goes_on_in(later));
        taken.map(|awaited| awaited.leg)
    }

    /// The leg that goes on in a message that names its first queue id.
    pub fn awaiting_after(&mut self, first_id: u128) -> Option<usize> {
        let sign = *self.first_ids.get(&first_id)?;
        self.take(sign, |awaited, _| awaited.first_id == first_id).map(|awaited| awaited.leg)
    }

    fn take(&mut self, sign: Sign, fits: impl Fn(&Awaited, &Leg) -> bool) -> Option<Awaited> {
        let waiting = self.awaited.get(&sign)?;
        let leg = |awaited: &Awaited| self.legs.get(awaited.leg).and_then(Option::as_ref);
        let at = waiting.iter().position(|awaited| leg(awaited).is_some_and(|leg| fits(awaited, leg)))?;
        self.remove(sign, at)
    }

    fn remove(&mut self, sign: Sign, at: usize) -> Option<Awaited> {
        let waiting = self.awaited.get_mut(&sign)?;
        let awaited = waiting.remove(at);
        if waiting.is_empty() {
            self.awaited.remove(&sign);
        }
        self.first_ids.remove(&awaited.first_id);
        Some(awaited)
    }

    /// Takes the next leg that waited long enough; all of them, one by one, without a time.
    pub fn overdue(&mut self, now: Option<Timestamp>) -> Option<(Sign, Awaited)> {
        while let Some(&(deadline, sign)) = self.deadlines.front() {
            if now.is_some_and(|now| now < deadline) {
                return None;
            }
            self.deadlines.pop_front();
            let waiting = self.awaited.get(&sign);
            let at = waiting.and_then(|all| all.iter().position(|awaited| awaited.deadline == deadline));
            if let Some(at) = at {
                return self.remove(sign, at).map(|awaited| (sign, awaited));
            }
        }
        None
    }

    /// Notes that the message with which a leg began has left; its lines are accounted for with the last leg.
    /// Gives them back where no later leg is left to do so.
    pub fn close(&mut self, index: usize, records: u64) -> Option<u64> {
        let leg = self.get(index)?;
        leg.open = false;
        leg.records += records;
        if leg.feeding > 0 {
            return None;
        }
        let records = leg.records;
        self.release(index);
        Some(records)
    }

    /// Notes that a later leg has ended, and gives back the lines to account for with it.
    pub fn end(&mut self, index: usize, counted: bool) -> u64 {
        let Some(leg) = self.get(index) else { return 0 };
        leg.feeding = leg.feeding.saturating_sub(1);
        leg.counted |= counted;
        let records = std::mem::take(&mut leg.records);
        if leg.feeding == 0 && !leg.open {
            self.release(index);
        }
        records
    }

    fn release(&mut self, index: usize) {
        if self.legs.get_mut(index).is_some_and(|leg| leg.take().is_some()) {
            self.free.push(index);
        }
    }

    /// Remembers a message by the hash of the queue id that it had before it went through a filter.
    pub fn hint_id(&mut self, first: u64, id: u128) {
        self.named = true;
        self.hint(first, id);
    }

    /// The later leg that names the queue id with this hash, and is not the message itself.
    pub fn hinted_id(&self, first: u64, not: u128) -> Option<u128> {
        if self.named { self.hinted(first, not) } else { None }
    }

    /// Remembers a message that came in through a filter by what it shares with its first leg.
    pub fn hint(&mut self, shared: u64, id: u128) {
        self.hints.insert(shared, id);
    }

    /// The later leg that shares something with a message, and is not the message itself.
    pub fn hinted(&self, shared: u64, not: u128) -> Option<u128> {
        self.hints.get(shared).filter(|&id| id != not)
    }
}

/// The newest hints, in two generations so that old ones cost nothing to drop.
#[derive(Debug, Default)]
struct Hints {
    new: FxHashMap<u64, u128>,
    old: FxHashMap<u64, u128>,
}

impl Hints {
    fn insert(&mut self, shared: u64, id: u128) {
        if self.new.len() >= HINT_CAP / 2 {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(shared, id);
    }

    fn get(&self, shared: u64) -> Option<u128> {
        self.new.get(&shared).or_else(|| self.old.get(&shared)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_hints_are_dropped_in_halves() {
        let mut hints = Hints::default();
        for n in 0..HINT_CAP as u64 + 1 {
            hints.insert(n, u128::from(n));
        }
        assert_eq!(hints.get(0), None);
        assert_eq!(hints.get(HINT_CAP as u64), Some(HINT_CAP as u128));
        assert!(hints.new.len() + hints.old.len() <= HINT_CAP);
    }
}
