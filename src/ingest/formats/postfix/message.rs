//! One message on its way through the queue: everything its lines said, until it leaves.
//!
//! Keeping many of them apart is left to [`super::queue`], joining those that are one mail to [`super::chain`].

use super::line::Status;
use crate::ingest::origin::Origin;
use crate::ingest::trail::{self, Addressee, Trail};
use crate::period::Timestamp;
use crate::usage::{HostId, Recipients, SenderId};

/// Where a recipient's mail went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// To another organisation or host: what is counted.
    External,
    /// To another host that `--relay-host` does not name.
    OtherRelay,
    /// To a mailbox or command on this host.
    Local,
    /// Through a filter, from which it comes back under another queue id.
    Filter,
    /// Thrown away.
    Discarded,
    /// Nowhere: an address probe.
    Probe,
}

/// A recipient, known only by the hash of its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recipient {
    hash: u64,
    /// What became of it.
    pub status: Status,
    /// Where its mail went.
    pub route: Route,
}

impl Recipient {
    /// What became of it, as a store keeps it.
    fn trail_status(&self) -> trail::Status {
        match (self.route, self.status) {
            (Route::Local, _) => trail::Status::Local,
            (Route::External, Status::Sent) => trail::Status::Delivered,
            (Route::External, Status::Deferred) => trail::Status::Open,
            (Route::External, Status::Bounced) => trail::Status::Bounced,
            (Route::External, Status::Unknown | Status::Probe) => trail::Status::Unknown,
            (Route::OtherRelay | Route::Filter | Route::Discarded | Route::Probe, _) => {
                trail::Status::Elsewhere
            }
        }
    }
}

impl Origin {
    /// Whether a mail can have gone on in a later one by what is known of both: a filter keeps the sender and adds
    /// headers of its own.
    pub fn goes_on_in(&self, later: &Origin) -> bool {
        let unknown = [self.sender, later.sender].contains(&SenderId::UNKNOWN);
        let grows = self.size.zip(later.size).is_none_or(|(first, later)| later > first);
        grows && (unknown || self.sender == later.sender)
    }
}

/// One incarnation of a queue id.
#[derive(Clone, Debug)]
pub struct Message {
    /// The packed queue id.
    pub id: u128,
    /// The host that logged it.
    pub host: u32,
    /// The Postfix instance that logged it.
    pub instance: u32,
    /// The digest of the host's name, where trails are wanted.
    pub host_digest: u64,
    /// Who handed it in, and when.
    pub origin: Origin,
    /// The last line's instant.
    pub last: Timestamp,
    /// Whether the line with which a message begins was seen.
    pub begun: bool,
    /// Whether a line said who handed it in.
    pub handed_in: bool,
    /// Whether it came from this host or through a filter, so that an earlier leg can exist.
    pub reinjected: bool,
    /// Hash of its message-id, 0 where unknown.
    pub message_id: u64,
    /// Whether the queue took it.
    pub queued: bool,
    /// Recipients by the first queue line.
    pub queued_recipients: u32,
    /// Bytes by the accepting service.
    pub accepted_size: Option<u64>,
    /// Whether a filter refused it before it was queued.
    pub refused: bool,
    /// Whether the queue gave up what was still deferred.
    pub expired: bool,
    /// Whether it left the queue.
    pub removed: bool,
    /// Whether another host's log already told of it, and it is counted there.
    pub counted_elsewhere: bool,
    /// The first external next host.
    pub relay: HostId,
    /// The leg from which it was re-injected.
    pub leg: Option<usize>,
    /// Whether some of its mail goes on in another message.
    pub passed_on: bool,
    /// Lines read.
    pub records: u64,
    first: Option<Recipient>,
    others: Vec<Recipient>,
}

impl Message {
    /// A message of which one line was seen.
    pub fn new(id: u128, host: u32, instance: u32, origin: Origin) -> Message {
        Message {
            id,
            host,
            instance,
            host_digest: 0,
            last: origin.started,
            origin,
            begun: false,
            handed_in: false,
            reinjected: false,
            message_id: 0,
            queued: false,
            queued_recipients: 0,
            accepted_size: None,
            refused: false,
            expired: false,
            removed: false,
            counted_elsewhere: false,
            relay: HostId::UNKNOWN,
            leg: None,
            passed_on: false,
            records: 0,
            first: None,
            others: Vec::new(),
        }
    }

    /// All recipients seen.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.first.iter().chain(&self.others)
    }

    /// Notes a delivery to a recipient, known by the hash of its address, and says whether it is news. Repeated lines of a recipient are retries: a mail that
    /// was handed over stays so.
    pub fn deliver(&mut self, hash: u64, status: Status, route: Route) -> bool {
        let known = self.first.iter_mut().chain(&mut self.others).find(|recipient| recipient.hash == hash);
        match known {
            Some(recipient) if recipient.status == Status::Sent => return false,
            Some(recipient) => (recipient.status, recipient.route) = (status, route),
            None => {
                let recipient = Recipient { hash, status, route };
                match &self.first {
                    None => self.first = Some(recipient),
                    Some(_) => self.others.push(recipient),
                }
            }
        }
        true
    }

    /// Notes a next host. A message that leaves through several has none of them for its own.
    pub fn pass(&mut self, relay: HostId) {
        self.relay =
            if self.relay == HostId::UNKNOWN || self.relay == relay { relay } else { HostId::SEVERAL };
    }

    /// Notes that the queue gave up what was still deferred.
    pub fn expire(&mut self) {
        self.expired = true;
        for recipient in self.first.iter_mut().chain(&mut self.others) {
            if recipient.status == Status::Deferred {
                recipient.status = Status::Bounced;
            }
        }
    }

    /// Notes that what was still deferred goes on under another queue id.
    pub fn move_on(&mut self) {
        for recipient in self.first.iter_mut().chain(&mut self.others) {
            if recipient.status == Status::Deferred {
                recipient.route = Route::Filter;
            }
        }
    }

    /// Notes that what was handed over goes on under another queue id.
    pub fn went_on(&mut self) {
        for recipient in self.first.iter_mut().chain(&mut self.others) {
            if recipient.status == Status::Sent {
                recipient.route = Route::Filter;
            }
        }
    }

    /// Recipients whose mail was handed over.
    pub fn count_sent(&self) -> u64 {
        self.recipients().filter(|recipient| recipient.status == Status::Sent).count() as u64
    }

    /// Recipients that went a way.
    pub fn count(&self, route: Route) -> u64 {
        self.recipients().filter(|recipient| recipient.route == route).count() as u64
    }

    /// What a later read needs to go on with it. Where some of its mail goes on in another message, what was not
    /// tried here is not told: it can go on there too.
    pub fn trail<'a>(&self, listed: &'a mut Vec<Addressee>) -> Trail<'a> {
        listed.clear();
        listed.extend(self.recipients().map(|one| Addressee {
            hash: one.hash,
            status: one.trail_status(),
            accepted: false,
        }));
        let is_over = self.refused || self.passed_on;
        let has_open = listed.iter().any(|one| one.status == trail::Status::Open);
        Trail {
            thread: Some(trail::thread(self.host_digest, self.id)),
            last: self.last,
            begun: self.handed_in,
            ended: self.removed || self.refused,
            stated: if is_over { 0 } else { self.queued_recipients.into() },
            rest: match (self.removed, self.expired && !has_open) {
                (false, _) => trail::Status::Open,
                (true, true) => trail::Status::Bounced,
                (true, false) => trail::Status::Unknown,
            },
            accepted: false,
            recipients: listed,
        }
    }

    /// The recipients that count, by outcome. Those of a message still in the queue for which no attempt was
    /// logged yet are open; what a filter took, or was put back into the queue, is counted where it goes on. Where all
    /// delivery lines are lost, the first queue line tells how many there were.
    pub fn external(&self) -> Recipients {
        let mut counts = Recipients::default();
        for recipient in self.recipients().filter(|recipient| recipient.route == Route::External) {
            match recipient.status {
                Status::Sent => counts.delivered += 1,
                Status::Deferred => counts.open += 1,
                Status::Bounced => counts.bounced += 1,
                Status::Unknown | Status::Probe => counts.unknown += 1,
            }
        }
        if self.removed && self.first.is_none() && !self.passed_on && !self.refused {
            let lost = u64::from(self.queued_recipients);
            if self.expired { counts.bounced += lost } else { counts.unknown += lost }
        } else if !self.removed && !self.passed_on {
            let seen = self.recipients().count() as u64;
            counts.open += u64::from(self.queued_recipients).saturating_sub(seen);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::handover::address_hash;
    use crate::usage::{ClientId, SourceId, TimeQuality};

    fn message() -> Message {
        let origin = Origin {
            started: Timestamp::default(),
            quality: TimeQuality::Exact,
            source: SourceId(0),
            line: 1,
            digest: 0,
            client: ClientId::UNKNOWN,
            sender: SenderId::UNKNOWN,
            size: None,
        };
        Message::new(1, 0, 0, origin)
    }

    fn deliver(message: &mut Message, to: &str, status: Status, route: Route) {
        message.deliver(address_hash(to.as_bytes()), status, route);
    }

    #[test]
    fn retries_and_spellings_are_one_recipient() {
        let mut message = message();
        message.removed = true;
        for status in [Status::Deferred, Status::Sent, Status::Deferred] {
            deliver(&mut message, "A@Example.net", status, Route::External);
        }
        deliver(&mut message, "a@example.NET", Status::Bounced, Route::External);
        deliver(&mut message, "b@example.net", Status::Deferred, Route::External);
        message.expire();
        let expected = Recipients { delivered: 1, bounced: 1, ..Recipients::default() };
        assert_eq!(message.external(), expected);
    }

    #[test]
    fn recipients_not_yet_tried_are_open_while_the_message_is_queued() {
        let mut message = message();
        message.queued_recipients = 5;
        deliver(&mut message, "a@example.net", Status::Sent, Route::External);
        deliver(&mut message, "b@example.net", Status::Sent, Route::Local);
        assert_eq!(message.external(), Recipients { delivered: 1, open: 3, ..Recipients::default() });
        message.removed = true;
        assert_eq!(message.external().attempted(), 1);
    }
}
