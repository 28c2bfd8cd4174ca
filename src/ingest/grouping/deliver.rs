//! From grouped records to submissions: what of a message is billed, and what became of each record.
//!
//! * Where the acceptance was seen, its recipients are the message's; later rows only tell what became of them.
//!   Where it states more recipients than it lists, the number stands.
//! * Else a group that was expanded counts as one recipient: the sender named the group once, and the service
//!   charges what it was handed. Rows of members are skipped; since some of them may have been named beside the
//!   group, `recipients_upper` is the number of all rows that are no group.

use super::acceptance::Acceptance;
use super::recipients::{Entry, Status, entries};
use super::{Message, MessageKey, Messages, Origin};
use crate::ingest::{Record, Sink};
use crate::period::Timestamp;
use crate::usage::{Names, Recipients, SizeQuality, Skip, SourceId, Submission, TimeQuality};

/// Recipients and records of one message.
#[derive(Debug, Default)]
struct Tally {
    recipients: Recipients,
    upper: u64,
    /// Recipients that the acceptance states and does not list.
    unlisted: u64,
    used: u64,
    expansion: u64,
    routing: u64,
    event: u64,
}

impl Messages {
    /// Hands over every message in the order in which it was first seen; those of other origins are skipped.
    pub(crate) fn deliver(mut self, sink: &mut dyn Sink, counts: impl Fn(&Origin, &Names) -> bool) {
        // The indexes have done their work; their memory goes back first.
        self.index = Default::default();
        self.further_index = Default::default();
        self.origin_index = Default::default();
        let messages = std::mem::take(&mut self.messages);
        let mut understated = 0_u64;
        for (at, message) in (0..).zip(messages.into_items()) {
            let tally = Tally::of(at, &message, &self);
            understated += u64::from(tally.unlisted > 0);
            for (reason, records) in [
                (Skip::Expansion, tally.expansion),
                (Skip::Routing, tally.routing),
                (Skip::Event, tally.event),
            ] {
                if records > 0 {
                    sink.skip(reason, records);
                }
            }
            if counts(&self.settled_origin(at, &message), sink.names()) {
                sink.accept(Record::Submission(self.submission(at, &message, &tally)));
            } else {
                sink.skip_message(Skip::OtherRelay, tally.used);
            }
        }
        if understated > 0 {
            sink.warn(format!(
                "messages that were accepted for more recipients than the input lists: {understated}; their stated \
                 number counts, and what became of the others is unknown"
            ));
        }
    }

    /// The origin of the acceptance; what it leaves open, and all where there is none, by what the records say.
    fn settled_origin(&self, at: u32, message: &Message) -> Origin {
        let told = self.origins.at(message.origin).origin;
        self.acceptances.get(&at).map_or(told, |earliest| self.origins.at(earliest.origin).origin.or(told))
    }

    fn submission(&self, at: u32, message: &Message, tally: &Tally) -> Submission {
        let origin = self.settled_origin(at, message);
        let flags = Entry::from_halves(message.first);
        let size = self.acceptances.get(&at).and_then(Acceptance::size).or_else(|| match message.size {
            0 => None,
            super::LARGE => self.large.get(&at).copied(),
            size => Some(u64::from(size)),
        });
        let (source, line) = self.positions.resolve(message.position).unwrap_or((SourceId(0), 0));
        Submission {
            time: Timestamp::from_seconds(i64::from(message.time)),
            time_quality: match (flags.is_date_only(), flags.is_zone_assumed()) {
                (true, _) => TimeQuality::DateOnly,
                (false, true) => TimeQuality::ZoneAssumed,
                (false, false) => TimeQuality::Exact,
            },
            messages: 1,
            message_size: size,
            size_quality: if size.is_some() { SizeQuality::Measured } else { SizeQuality::Missing },
            recipients: tally.recipients,
            recipients_upper: tally.upper,
            sender: origin.sender,
            client: origin.client,
            relay: origin.relay,
            traffic: origin.signs.traffic(),
            source,
            line,
            records: tally.used,
            key: MessageKey::from_parts(message.key).bits(),
        }
    }
}

impl Tally {
    fn of(at: u32, message: &Message, messages: &Messages) -> Tally {
        let all = || entries(message.first, &messages.further);
        let count = |fits: fn(&Entry) -> bool| all().filter(fits).count() as u64;
        let mut tally = Tally::default();
        let groups = count(|entry| entry.status() == Status::Expanded);
        if let Some(acceptance) = messages.acceptances.get(&at) {
            all().for_each(|entry| tally.add_after_acceptance(entry));
            tally.used += acceptance.records;
            tally.unlisted = u64::from(acceptance.stated).saturating_sub(tally.recipients.attempted());
            tally.recipients.unknown += tally.unlisted;
            tally.upper = tally.recipients.attempted();
        } else if groups > 0 {
            let members = count(|entry| !matches!(entry.status(), Status::Expanded | Status::Rerouted));
            all().for_each(|entry| tally.add(entry, |status| status == Status::Expanded, Skip::Expansion));
            tally.upper = groups.max(members);
        } else {
            let only_rerouted = count(|entry| entry.status() != Status::Rerouted) == 0;
            all().for_each(|entry| {
                tally.add(entry, |status| only_rerouted || status != Status::Rerouted, Skip::Routing)
            });
            tally.upper = tally.recipients.attempted();
        }
        tally
    }

    /// Once the acceptance is known, other rows add no recipient: they come from expansion or forwarding.
    fn add_after_acceptance(&mut self, entry: Entry) {
        self.used += u64::from(entry.has_message_record());
        let own = u64::from(entry.has_own_record());
        match entry.is_accepted() {
            true => {
                self.count(entry.status());
                self.used += own;
            }
            false => self.expansion += own,
        }
        let event = u64::from(entry.has_event_record());
        match entry.status() {
            Status::Expanded => self.routing += event,
            _ => self.event += event,
        }
    }

    /// Counts a recipient that is billed; the rows of another are skipped for a reason.
    fn add(&mut self, entry: Entry, is_billed: impl Fn(Status) -> bool, otherwise: Skip) {
        self.used += u64::from(entry.has_message_record());
        let rows = u64::from(entry.has_own_record()) + u64::from(entry.has_event_record());
        if is_billed(entry.status()) {
            self.count(entry.status());
            self.used += rows;
        } else if otherwise == Skip::Expansion && entry.status() != Status::Rerouted {
            self.expansion += rows;
        } else {
            self.routing += rows;
        }
    }

    fn count(&mut self, status: Status) {
        let counter = match status {
            Status::Unknown | Status::Rerouted => &mut self.recipients.unknown,
            Status::Open => &mut self.recipients.open,
            Status::Filtered => &mut self.recipients.filtered,
            Status::Bounced => &mut self.recipients.bounced,
            // The service took the group's copy; what became of the members' copies is not the sender's.
            Status::Delivered | Status::Expanded => &mut self.recipients.delivered,
        };
        *counter += 1;
    }
}
