//! From grouped records to submissions: what of a message is billed, and what became of each record.
//!
//! * Where the acceptance was seen, its recipients are the message's; later rows only tell what became of them.
//!   Where it states more recipients than it lists, the number stands.
//! * Else a group that was expanded counts as one recipient: the sender named the group once, and the service
//!   charges what it was handed. Rows of members are skipped; since some of them may have been named beside the
//!   group, `recipients_upper` is the number of all rows that are no group.
//! * A recipient whose copy went into a mailbox of the same servers, or to a host that is not asked for, does not
//!   count; nor does a message without any other. An address that was replaced by another shares its fate, and so
//!   does a group all of whose members have such mailboxes or are behind such hosts.

use super::acceptance::Acceptance;
use super::recipients::{Entry, entries};
use super::{Message, MessageKey, Messages, Origin, Status};
use crate::ingest::trail::{Addressee, Trail};
use crate::ingest::{Record, Sink};
use crate::period::Timestamp;
use crate::usage::{Names, Recipients, SizeQuality, Skip, SourceId, Submission, TimeQuality};

/// Recipients and records of one message.
#[derive(Debug, Default)]
struct Tally {
    recipients: Recipients,
    /// Recipients with a mailbox of the servers that wrote the log.
    local: u64,
    /// Recipients behind a host that does not count.
    elsewhere: u64,
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
            let is_skipped = tally.reason_to_skip();
            if is_skipped.is_none() && !counts(&self.settled_origin(at, &message), sink.names()) {
                sink.skip_message(Skip::OtherRelay, tally.used);
            } else if sink.wants_trails() {
                self.hand_on_with_trail(at, &message, &tally, sink);
            } else if let Some(reason) = is_skipped {
                sink.skip_message(reason, tally.used);
            } else {
                sink.accept(Record::Submission(self.submission(at, &message, &tally)));
            }
        }
        if understated > 0 {
            sink.warn(format!(
                "messages that were accepted for more recipients than the input lists: {understated}; their stated \
                 number counts, and what became of the others is unknown"
            ));
        }
    }

    /// Hands a message over with what a later read of it needs. Every record names its key, and none says that it is
    /// the last.
    fn hand_on_with_trail(&self, at: u32, message: &Message, tally: &Tally, sink: &mut dyn Sink) {
        let acceptance = self.acceptances.get(&at);
        let recipients: Vec<Addressee> =
            entries(message.first, &self.further).map(Entry::addressee).collect();
        let has_event = entries(message.first, &self.further).any(Entry::has_event_record);
        let last = Timestamp::from_seconds(i64::from(message.time));
        let trail = Trail {
            stated: acceptance.map_or(0, |acceptance| acceptance.stated.into()),
            accepted: acceptance.is_some(),
            ..Trail::of_key(last, acceptance.is_some() || !has_event, &recipients)
        };
        let submission = self.submission(at, message, tally);
        match tally.reason_to_skip() {
            None => sink.accept_with(submission, &trail),
            Some(reason) => {
                sink.unfinished(&submission, &trail);
                sink.skip_message(reason, tally.used);
            }
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
            size_quality: match size {
                Some(_) if flags.is_size_declared() => SizeQuality::Declared,
                Some(_) => SizeQuality::Measured,
                None => SizeQuality::Missing,
            },
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
            let others = fate(all().filter(|entry| !entry.is_accepted()));
            all().for_each(|entry| tally.add_after_acceptance(entry, others));
            tally.used += acceptance.records;
            let known = tally.recipients.attempted() + tally.local + tally.elsewhere;
            tally.unlisted = u64::from(acceptance.stated).saturating_sub(known);
            tally.recipients.unknown += tally.unlisted;
            tally.upper = tally.recipients.attempted();
        } else if groups > 0 {
            let members = count(|entry| entry.can_be_billed() && entry.status() != Status::Expanded);
            let others = fate(all().filter(|entry| entry.status() != Status::Expanded));
            all().for_each(|entry| {
                tally.add(entry, others, |status| status == Status::Expanded, Skip::Expansion)
            });
            tally.upper = match tally.recipients.attempted() {
                0 => 0,
                groups => groups.max(members),
            };
        } else {
            let only_rerouted = count(|entry| entry.status() != Status::Rerouted) == 0;
            all().for_each(|entry| {
                tally.add(entry, None, |status| only_rerouted || status != Status::Rerouted, Skip::Routing)
            });
            tally.upper = tally.recipients.attempted();
        }
        tally
    }

    /// Why the message does not count, where none of its recipients does.
    fn reason_to_skip(&self) -> Option<Skip> {
        match (self.recipients.attempted(), self.local, self.elsewhere) {
            (1.., _, _) | (0, 0, 0) => None,
            (0, _, 1..) => Some(Skip::OtherRelay),
            (0, ..) => Some(Skip::LocalDelivery),
        }
    }

    /// Once the acceptance is known, other rows add no recipient: they come from expansion or forwarding.
    fn add_after_acceptance(&mut self, entry: Entry, others: Option<Status>) {
        self.used += u64::from(entry.has_message_record());
        let own = u64::from(entry.has_own_record());
        match entry.is_accepted() {
            true => {
                self.count(entry.status(), others);
                self.used += own;
            }
            false => self.expansion += own,
        }
        let event = u64::from(entry.has_event_record());
        match entry.status() {
            Status::Expanded | Status::Rerouted => self.routing += event,
            _ => self.event += event,
        }
    }

    /// Counts a recipient that is billed; the rows of another are skipped for a reason.
    fn add(
        &mut self,
        entry: Entry,
        others: Option<Status>,
        is_billed: impl Fn(Status) -> bool,
        otherwise: Skip,
    ) {
        self.used += u64::from(entry.has_message_record());
        let rows = u64::from(entry.has_own_record()) + u64::from(entry.has_event_record());
        if is_billed(entry.status()) {
            self.count(entry.status(), others);
            self.used += rows;
        } else if otherwise == Skip::Expansion && entry.status() != Status::Rerouted {
            self.expansion += rows;
        } else {
            self.routing += rows;
        }
    }

    /// Counts a recipient; `others` is what became of those that took the place of some.
    fn count(&mut self, status: Status, others: Option<Status>) {
        let status = match (status, others) {
            (Status::Rerouted, Some(others)) => others,
            (Status::Expanded, Some(others @ (Status::Local | Status::Elsewhere))) => others,
            _ => status,
        };
        let counter = match status {
            Status::Unknown | Status::Rerouted => &mut self.recipients.unknown,
            Status::Open => &mut self.recipients.open,
            Status::Filtered => &mut self.recipients.filtered,
            Status::Bounced => &mut self.recipients.bounced,
            Status::Elsewhere => &mut self.elsewhere,
            Status::Local => &mut self.local,
            // The service took the group's copy; what became of the members' copies is not the sender's.
            Status::Delivered | Status::Expanded => &mut self.recipients.delivered,
        };
        *counter += 1;
    }
}

/// What became of recipients together: the best that happened to one whose copy left, or `Local` where every copy
/// went into a mailbox.
fn fate(entries: impl Iterator<Item = Entry>) -> Option<Status> {
    let told = |status: &Status| !matches!(status, Status::Unknown | Status::Rerouted | Status::Expanded);
    let local_last = |status: &Status| (*status != Status::Local, *status);
    entries.map(Entry::status).filter(told).max_by_key(local_last)
}
