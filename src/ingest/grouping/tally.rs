//! What of a message is billed, and what became of each of its records.
//!
//! * Where the acceptance was seen, its recipients are the message's; later rows only tell what became of them.
//!   Where it states more recipients than it lists, the number stands.
//! * Else a group that was expanded counts as one recipient: the sender named the group once, and the service
//!   charges what it was handed. Rows of members are skipped; since some of them may have been named beside the
//!   group, `recipients_upper` is the number of all rows that are no group.
//! * A recipient whose copy went into a mailbox of the same servers, or to a host that is not asked for, does not
//!   count; nor does a message without any other. An address that was replaced by another shares its fate, and so
//!   does a group all of whose members have such mailboxes or are behind such hosts.

use super::Status;
use super::recipients::{Entry, entries};
use super::shard::{Message, Shard};
use crate::usage::{Recipients, Skip};

/// Recipients and records of one message.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) recipients: Recipients,
    /// Recipients with a mailbox of the servers that wrote the log.
    local: u64,
    /// Recipients behind a host that does not count.
    elsewhere: u64,
    pub(super) upper: u64,
    /// Recipients that the acceptance states and does not list.
    pub(super) unlisted: u64,
    pub(super) used: u64,
    pub(super) expansion: u64,
    pub(super) routing: u64,
    pub(super) event: u64,
}

impl Tally {
    /// Settles a message of a share, by its number.
    pub(super) fn of(at: u32, message: &Message, shard: &Shard) -> Tally {
        let all = || entries(message.first, &shard.further);
        let count = |fits: fn(&Entry) -> bool| all().filter(fits).count() as u64;
        let mut tally = Tally::default();
        let groups = count(|entry| entry.status() == Status::Expanded);
        if let Some(acceptance) = shard.acceptances.get(&at) {
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
    pub(super) fn reason_to_skip(&self) -> Option<Skip> {
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
