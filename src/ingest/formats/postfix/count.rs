//! Counting: what a message that left the queue comes to, alone or as one of several legs.

use super::chain::{Awaited, Otherwise, Sign};
use super::message::{Message, Route};
use super::reader::{LATE_LINK, Reader};
use crate::ingest::Record;
use crate::ingest::origin::Origin;
use crate::ingest::trail::{self, Trail};
use crate::period::Timestamp;
use crate::usage::{Recipients, Skip, Submission};

impl Reader<'_> {
    /// Lets go whatever has waited long enough; everything that waits, without a time.
    pub(super) fn let_go(&mut self, now: Option<Timestamp>) {
        for queue in 0..self.leaving.len() {
            while let Some(&(deadline, slot)) = self.leaving[queue].front() {
                if now.is_some_and(|now| now < deadline) {
                    break;
                }
                self.leaving[queue].pop_front();
                self.leave(slot);
            }
        }
        while let Some((sign, awaited)) = self.legs.overdue(now) {
            self.give_up(sign, &awaited);
        }
    }

    /// Counts recipients whose mail went to this host itself and did not come back in the log.
    fn give_up(&mut self, sign: Sign, awaited: &Awaited) {
        let Some(leg) = self.legs.get(awaited.leg).cloned() else { return };
        let n = awaited.recipients;
        let recipients = match awaited.otherwise {
            Otherwise::Unknown => Recipients { unknown: n, ..Recipients::default() },
            Otherwise::Delivered => Recipients { delivered: n, ..Recipients::default() },
            Otherwise::Skipped(reason) => {
                let records = self.legs.end(awaited.leg, false);
                return if leg.counted {
                    self.sink.skip(reason, records)
                } else {
                    self.sink.skip_message(reason, records)
                };
            }
        };
        let records = self.legs.end(awaited.leg, true);
        let messages = u64::from(!leg.counted);
        let submission = leg.origin.submission(awaited.accepted, awaited.relay, messages, recipients);
        let submission = Submission { records, ..submission };
        if self.sink.wants_trails() {
            self.sink.accept_with(submission, &awaited_trail(sign, awaited, recipients));
        } else {
            self.sink.accept(Record::Submission(submission));
        }
    }

    /// Counts a message that is complete.
    pub(super) fn leave(&mut self, slot: u32) {
        let Some(message) = self.queue.finish(slot) else { return };
        let passed_on = message.passed_on;
        if message.counted_elsewhere {
            return self.drop_counted(&message);
        }
        let recipients = message.external();
        let counts = recipients.attempted() > 0;
        let leg = message.leg.and_then(|index| self.legs.get(index).map(|leg| (index, leg.clone())));
        let origin = leg.as_ref().map_or(message.origin, |(_, leg)| leg.origin_of(&message.origin));
        let messages = u64::from(!leg.as_ref().is_some_and(|(_, leg)| leg.counted));
        if !counts {
            self.note_unfinished(&message, &origin, messages);
        }
        let mut records = message.records;
        if let Some((index, leg)) = &leg {
            let began_here = leg.origin.digest == message.origin.digest;
            if passed_on && !counts {
                return self.pass(*index, began_here, records);
            }
            if began_here {
                self.legs.get(*index).into_iter().for_each(|leg| leg.counted |= counts);
                records += self.legs.close(*index, 0).unwrap_or(0);
            } else {
                records += self.legs.end(*index, counts);
            }
        }
        if counts {
            self.others.count(message.id, message.message_id);
            return self.submit(&message, &origin, recipients, messages, records);
        }
        let reason = reason_not_counted(&message);
        if messages == 1 { self.sink.skip_message(reason, records) } else { self.sink.skip(reason, records) }
    }

    /// Accounts for the lines of a mail that was counted where another host handed it over.
    fn drop_counted(&mut self, message: &Message) {
        let mut records = message.records;
        if let Some(leg) = message.leg {
            let began_here = self.legs.get(leg).is_some_and(|leg| leg.origin.digest == message.origin.digest);
            records +=
                if began_here { self.legs.close(leg, 0).unwrap_or(0) } else { self.legs.end(leg, true) };
        }
        self.sink.skip(Skip::FilterHop, records);
    }

    /// Accounts for the lines of a leg that only passes its mail on.
    fn pass(&mut self, leg: usize, began_here: bool, records: u64) {
        if began_here {
            if let Some(records) = self.legs.close(leg, records) {
                self.sink.skip(Skip::FilterHop, records);
            }
            return;
        }
        if let Some(leg) = self.legs.get(leg) {
            leg.records += records;
        }
        self.end_passing(leg);
    }

    /// Ends a part of a leg that only passes its mail on; its lines stay with the parts that are left.
    pub(super) fn end_passing(&mut self, leg: usize) {
        let taken = self.legs.end(leg, false);
        match self.legs.get(leg) {
            Some(open) => open.records += taken,
            None => self.sink.skip(Skip::FilterHop, taken),
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
            self.sink.accept_with(submission, &message.trail(&mut Vec::new()));
        } else {
            self.sink.accept(Record::Submission(submission));
        }
    }

    /// Tells of a message that does not count as far as it was read.
    fn note_unfinished(&mut self, message: &Message, origin: &Origin, messages: u64) {
        if self.sink.wants_trails() {
            let none = Recipients::default();
            let submission = origin.submission(message.accepted_size, message.relay, messages, none);
            self.sink.unfinished(&submission, &message.trail(&mut Vec::new()));
        }
    }
}

/// The trail of recipients whose mail was handed to this host itself: where a queue id was given back, the message
/// that has it tells more of them.
fn awaited_trail(sign: Sign, awaited: &Awaited, recipients: Recipients) -> Trail<'static> {
    let next = match sign {
        Sign::QueueId(next) => Some(trail::thread(awaited.host_digest, next)),
        Sign::MessageId(_) => None,
    };
    Trail {
        thread: next,
        last: Timestamp::from_seconds(awaited.deadline.seconds() - LATE_LINK),
        begun: true,
        ended: false,
        stated: awaited.recipients,
        rest: if recipients.delivered > 0 { trail::Status::Delivered } else { trail::Status::Unknown },
        accepted: false,
        recipients: &[],
    }
}

fn reason_not_counted(message: &Message) -> Skip {
    if message.refused {
        Skip::NotAccepted
    } else if message.count(Route::Probe) > 0 {
        Skip::Probe
    } else if message.count(Route::OtherRelay) > 0 {
        Skip::OtherRelay
    } else if message.count(Route::Discarded) > 0 {
        Skip::Discarded
    } else if message.count(Route::Local) > 0 {
        Skip::LocalDelivery
    } else if message.begun {
        Skip::NotAccepted
    } else {
        Skip::Event
    }
}
