//! Counting: what a message that is complete comes to, alone or as one of several legs.

use super::message::Message;
use super::reader::Reader;
use crate::ingest::Record;
use crate::ingest::origin::Origin;
use crate::period::Timestamp;
use crate::usage::{Recipients, Skip, Submission};

impl Reader<'_> {
    /// Lets go whatever has waited long enough; everything that waits, without a time.
    pub(super) fn let_go(&mut self, now: Option<Timestamp>) {
        for queue in 0..self.leaving.len() {
            while let Some(&(deadline, slot, serial)) = self.leaving[queue].front() {
                if now.is_some_and(|now| now < deadline) {
                    break;
                }
                self.leaving[queue].pop_front();
                if self.queue.get(slot).is_some_and(|message| message.serial == serial) {
                    self.leave(slot);
                }
            }
        }
        self.legs.expire(now);
    }

    /// Counts a message that is complete.
    pub(super) fn leave(&mut self, slot: u32) {
        let Some(message) = self.queue.finish(slot) else { return };
        let recipients = message.external(&self.transports);
        let counts = recipients.attempted() > 0 && !message.counted_elsewhere;
        if counts {
            self.others.count(message.id, message.message_id);
            self.untold += u64::from(!message.completed && message.is_untried() && message.expected == 0);
        }
        let reason = match message.counted_elsewhere {
            true => Skip::FilterHop,
            false => message.reason_not_counted(&self.transports),
        };
        if !counts {
            self.note_unfinished(&message);
        }
        match message.leg {
            Some(leg) => self.leave_leg(leg, &message, recipients, counts, reason),
            None if counts => self.submit(&message, &message.origin, recipients, 1, message.records),
            // What another host's log or an earlier leg told of is no message of its own.
            None if message.counted_elsewhere => self.sink.skip(reason, message.records),
            None => self.sink.skip_message(reason, message.records),
        }
    }

    /// Counts a message that is one of several of one mail, whose lines are accounted for with those that count.
    fn leave_leg(
        &mut self,
        index: usize,
        message: &Message,
        recipients: Recipients,
        counts: bool,
        reason: Skip,
    ) {
        let Some(leg) = self.legs.get(index) else { return };
        leg.members = leg.members.saturating_sub(1);
        leg.records += message.records;
        if leg.reason == Skip::FilterHop {
            leg.reason = reason;
        }
        let is_last = leg.members == 0;
        if counts {
            let (messages, records) = (u64::from(!leg.counted), std::mem::take(&mut leg.records));
            leg.counted = true;
            let origin = leg.origin_of(&message.origin);
            self.submit(message, &origin, recipients, messages, records);
        }
        let Some(leg) = is_last.then(|| self.legs.take(index)).flatten() else { return };
        match (leg.counted, leg.records) {
            (true, 0) => {}
            (true, records) => self.sink.skip(Skip::FilterHop, records),
            (false, records) => self.sink.skip_message(leg.reason, records),
        }
    }

    fn submit(
        &mut self,
        message: &Message,
        origin: &Origin,
        recipients: Recipients,
        messages: u64,
        records: u64,
    ) {
        let submission = origin.submission(message.accepted_size, message.relay, messages, recipients);
        let submission = Submission { records, ..submission };
        if self.sink.wants_trails() {
            self.sink.accept_with(submission, &message.trail(&self.transports, &mut Vec::new()));
        } else {
            self.sink.accept(Record::Submission(submission));
        }
    }

    /// Tells of a message that does not count as far as it was read.
    pub(super) fn note_unfinished(&mut self, message: &Message) {
        if self.sink.wants_trails() {
            let (size, none) = (message.accepted_size, Recipients::default());
            let submission = message.origin.submission(size, message.relay, 1, none);
            self.sink.unfinished(&submission, &message.trail(&self.transports, &mut Vec::new()));
        }
    }
}
