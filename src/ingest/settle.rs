//! The recipients that count, from what is known of each: the one place that says so for messages that are joined.
//!
//! * Where the acceptance was seen, the recipients that it lists are the message's. Where it states more, so many
//!   share what is said of the rest.
//! * Else a group that was expanded counts as one recipient, since the sender named the group once; members could
//!   have been named beside it, so the most that is possible is all that are no group.
//! * Else all count. What was announced and is not listed shares what is said of the rest, unless the end of the
//!   message was seen: by then every recipient was tried, and an address that is missing went into another.
//!
//! A message whose rest is elsewhere at its end was refused or thrown away as a whole. Recipients that a message still waited for when it expired share what is said of the rest.
//!
//! A recipient with a mailbox of the same servers, or behind a host that is not asked for, does not count. An address
//! that was replaced by another shares its fate, and so does a group all of whose members are no recipients.

use super::trail::{Addressee, Status, Trail};
use crate::usage::Recipients;

/// Recipients of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settled {
    /// Those that count, by what became of them.
    pub recipients: Recipients,
    /// The most that are possible.
    pub upper: u64,
    /// Those with a mailbox of the servers that wrote the log.
    pub local: u64,
    /// Those behind a host that does not count.
    pub elsewhere: u64,
    /// The part of those that count that is stated and not listed.
    pub unlisted: u64,
    /// Whether those that were still open bounced.
    expired: bool,
}

/// Settles the recipients of a message.
pub fn settle(trail: &Trail<'_>) -> Settled {
    if trail.ended && trail.rest == Status::Elsewhere {
        return Settled::default();
    }
    let all = trail.recipients;
    let is_group = |entry: &&Addressee| entry.status == Status::Expanded;
    let is_rerouted = |entry: &&Addressee| entry.status == Status::Rerouted;
    let mut settled = Settled { expired: trail.ended && trail.rest == Status::Bounced, ..Settled::default() };
    if trail.accepted {
        let others = fate(all.iter().filter(|entry| !entry.accepted));
        all.iter().filter(|entry| entry.accepted).for_each(|entry| settled.count(entry.status, others));
    } else if all.iter().any(|entry| is_group(&entry)) {
        let others = fate(all.iter().filter(|entry| !is_group(entry)));
        all.iter().filter(is_group).for_each(|entry| settled.count(entry.status, others));
    } else {
        let only_rerouted = all.iter().all(|entry| is_rerouted(&entry));
        let counts = |entry: &&Addressee| only_rerouted || !is_rerouted(entry);
        all.iter().filter(counts).for_each(|entry| settled.count(entry.status, None));
    }
    settled.unlisted = unlisted(trail);
    settled.add(trail.rest, settled.unlisted);
    settled.upper = settled.recipients.attempted();
    if !trail.accepted && settled.upper > 0 && all.iter().any(|entry| is_group(&entry)) {
        settled.upper = settled.upper.max(all.iter().filter(|entry| is_member(entry)).count() as u64);
    }
    settled
}

/// Recipients that are stated and not listed.
fn unlisted(trail: &Trail<'_>) -> u64 {
    let listed = trail.recipients.iter().filter(|entry| entry.accepted || !trail.accepted).count() as u64;
    let all_tried = trail.ended && !trail.accepted && listed > 0;
    if all_tried { 0 } else { trail.stated.saturating_sub(listed) }
}

/// Whether it can count where groups are told apart from it.
fn is_member(entry: &Addressee) -> bool {
    !matches!(entry.status, Status::Rerouted | Status::Local | Status::Elsewhere | Status::Expanded)
}

/// What became of recipients together: the best that happened to one whose copy left, or `Local` where every copy
/// went into a mailbox.
fn fate<'a>(entries: impl Iterator<Item = &'a Addressee>) -> Option<Status> {
    let told = |status: &Status| !matches!(status, Status::Unknown | Status::Rerouted | Status::Expanded);
    entries.map(|entry| entry.status).filter(told).max_by_key(|status| (*status != Status::Local, *status))
}

impl Settled {
    /// Counts a recipient; `others` is what became of those that took the place of some.
    fn count(&mut self, status: Status, others: Option<Status>) {
        let status = match (status, others) {
            (Status::Rerouted, Some(others)) => others,
            (Status::Expanded, Some(others @ (Status::Local | Status::Elsewhere))) => others,
            _ => status,
        };
        self.add(status, 1);
    }

    fn add(&mut self, status: Status, count: u64) {
        let counter = match status {
            Status::Unknown | Status::Rerouted => &mut self.recipients.unknown,
            Status::Open if self.expired => &mut self.recipients.bounced,
            Status::Open => &mut self.recipients.open,
            Status::Filtered => &mut self.recipients.filtered,
            Status::Bounced => &mut self.recipients.bounced,
            Status::Elsewhere => &mut self.elsewhere,
            Status::Local => &mut self.local,
            // The service took the group's copy; what became of the members' copies is not the sender's.
            Status::Delivered | Status::Expanded => &mut self.recipients.delivered,
        };
        *counter = counter.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Timestamp;

    fn listed(statuses: &[(Status, bool)]) -> Vec<Addressee> {
        let entry = |(hash, &(status, accepted)): (u64, _)| Addressee { hash, status, accepted };
        (0..).zip(statuses).map(entry).collect()
    }

    fn settled(
        accepted: bool,
        ended: bool,
        stated: u64,
        rest: Status,
        statuses: &[(Status, bool)],
    ) -> Settled {
        let last = Timestamp::default();
        let recipients = &listed(statuses);
        settle(&Trail { thread: None, last, begun: true, ended, stated, rest, accepted, recipients })
    }

    fn delivered(count: u64) -> Recipients {
        Recipients { delivered: count, ..Recipients::default() }
    }

    #[test]
    fn what_the_acceptance_lists_counts_and_the_rest_is_told() {
        use Status::*;
        let found = settled(true, false, 4, Unknown, &[(Delivered, true), (Local, true), (Delivered, false)]);
        assert_eq!(found.recipients, Recipients { delivered: 1, unknown: 2, ..Recipients::default() });
        assert_eq!((found.upper, found.local, found.unlisted), (3, 1, 2));
    }

    #[test]
    fn an_address_that_was_replaced_shares_the_fate_of_the_other() {
        use Status::*;
        let found = settled(true, true, 0, Unknown, &[(Rerouted, true), (Bounced, false), (Local, false)]);
        assert_eq!(found.recipients, Recipients { bounced: 1, ..Recipients::default() });
        assert_eq!(settled(true, true, 0, Unknown, &[(Rerouted, true), (Local, false)]).local, 1);
    }

    #[test]
    fn a_group_counts_once_and_its_members_are_possible() {
        use Status::*;
        let members = [(Expanded, false), (Delivered, false), (Open, false), (Local, false)];
        let found = settled(false, true, 0, Unknown, &members);
        assert_eq!((found.recipients, found.upper), (delivered(1), 2));
        let found = settled(false, true, 0, Unknown, &[(Expanded, false), (Elsewhere, false)]);
        assert_eq!((found.recipients.attempted(), found.elsewhere, found.upper), (0, 1, 0));
    }

    #[test]
    fn only_rerouted_addresses_are_unknown_and_else_none() {
        use Status::*;
        let found = settled(false, true, 0, Unknown, &[(Rerouted, false), (Rerouted, false)]);
        assert_eq!(found.recipients.unknown, 2);
        let found = settled(false, true, 0, Unknown, &[(Rerouted, false), (Delivered, false)]);
        assert_eq!((found.recipients, found.upper), (delivered(1), 1));
    }

    #[test]
    fn what_is_announced_is_open_until_the_end_and_unknown_without_any_line() {
        use Status::*;
        let some = [(Delivered, false), (Local, false)];
        let open = settled(false, false, 5, Open, &some);
        assert_eq!(open.recipients, Recipients { delivered: 1, open: 3, ..Recipients::default() });
        assert_eq!(settled(false, true, 5, Open, &some).recipients, delivered(1));
        assert_eq!(settled(false, true, 5, Bounced, &[]).recipients.bounced, 5);
        assert_eq!(settled(false, true, 0, Bounced, &[]).recipients, Recipients::default());
        assert_eq!(settled(false, true, 0, Bounced, &[(Open, false)]).recipients.bounced, 1);
        assert_eq!(settled(false, true, 2, Elsewhere, &[(Bounced, false)]), Settled::default());
    }
}
