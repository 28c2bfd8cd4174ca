//! One message on its way through the queue: everything its lines said, until it is completed.
//!
//! Which message a line belongs to is left to [`super::queue`], joining those that are one mail to [`super::legs`].

use super::event::{Delivery, Status};
use super::transports::{Kind, TransportId, Transports};
use crate::ingest::handover::address_hash;
use crate::ingest::origin::Origin;
use crate::ingest::trail::{self, Addressee, Trail};
use crate::period::Timestamp;
use crate::usage::{HostId, Recipients, Skip};

/// Where a recipient's mail went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// To another organisation or host: what is counted.
    External,
    /// To another host that `--relay-host` does not name.
    OtherRelay,
    /// To this host itself, under an id that is still to come.
    Awaited,
    /// Through this transport, which tells when the message is complete whether it leaves the host.
    Undecided(TransportId),
    /// To a mailbox, file or command on this host.
    Local,
    /// Through a filter or a second instance, from which it comes back under another id.
    Onward,
    /// Thrown away.
    Discarded,
    /// Nowhere: a test of a delivery.
    Probe,
}

/// A recipient, known only by the hash of its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Recipient {
    hash: u64,
    /// Hash of the id under which its mail goes on, 0 where none is known.
    next: u64,
    status: Status,
    route: Route,
}

/// One incarnation of a message id.
#[derive(Clone, Debug)]
pub struct Message {
    /// The packed id.
    pub id: u128,
    /// The digest of its host's name, where trails are wanted.
    pub host_digest: u64,
    /// Tells it from other messages that have, or had, its slot.
    pub serial: u64,
    /// Who handed it in, and when.
    pub origin: Origin,
    /// The first line's instant, which can precede the arrival.
    pub begun: Timestamp,
    /// The last line's instant.
    pub last: Timestamp,
    /// Whether its arrival was seen.
    pub arrived: bool,
    /// Whether it came from this host itself, so that an earlier leg can exist.
    pub is_near: bool,
    /// Hash of its message-id, 0 where unknown.
    pub message_id: u64,
    /// Recipients by the arrival line, or by the deliveries of the leg before it; 0 where neither tells.
    pub expected: u32,
    /// Bytes by the accepting service.
    pub accepted_size: Option<u64>,
    /// Whether nothing is left to deliver.
    pub completed: bool,
    /// Whether the administrator took it out of the queue.
    pub removed: bool,
    /// Whether it was already counted under an earlier id.
    pub counted_elsewhere: bool,
    /// The first external next host.
    pub relay: HostId,
    /// The leg that it is.
    pub leg: Option<usize>,
    /// Lines read.
    pub records: u64,
    first: Option<Recipient>,
    others: Vec<Recipient>,
}

impl Message {
    /// A message of which no line was taken yet.
    pub fn new(id: u128, serial: u64, origin: Origin) -> Message {
        Message {
            id,
            host_digest: 0,
            serial,
            begun: origin.started,
            last: origin.started,
            origin,
            arrived: false,
            is_near: false,
            message_id: 0,
            expected: 0,
            accepted_size: None,
            completed: false,
            removed: false,
            counted_elsewhere: false,
            relay: HostId::UNKNOWN,
            leg: None,
            records: 0,
            first: None,
            others: Vec::new(),
        }
    }

    fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.first.iter().chain(&self.others)
    }

    fn recipients_mut(&mut self) -> impl Iterator<Item = &mut Recipient> {
        self.first.iter_mut().chain(&mut self.others)
    }

    /// Whether no delivery was seen.
    pub fn is_untried(&self) -> bool {
        self.first.is_none()
    }

    /// Notes a delivery line, and says whether it is news. Repeated lines of a recipient are retries: a mail that
    /// was handed over stays so.
    pub fn deliver(&mut self, delivery: &Delivery<'_>, route: Route, next: u64) -> bool {
        let hash = address_hash(delivery.target);
        let status = delivery.status;
        let known = self.first.iter_mut().chain(&mut self.others).find(|recipient| recipient.hash == hash);
        match known {
            Some(recipient) if recipient.status == Status::Sent => return false,
            Some(recipient) => {
                // `retry timeout exceeded` names neither transport nor host: those of the last attempt stand.
                let names_none = delivery.transport.is_empty() && delivery.host.is_empty();
                if !names_none || status == Status::Sent {
                    recipient.route = route;
                }
                (recipient.status, recipient.next) = (status, next);
            }
            None => {
                let recipient = Recipient { hash, next, status, route };
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

    /// Notes under which id the mail of a recipient goes on.
    pub fn name_next(&mut self, delivery: &Delivery<'_>, next: u64) {
        let hash = address_hash(delivery.target);
        self.recipients_mut().filter(|one| one.hash == hash).for_each(|recipient| recipient.next = next);
    }

    /// Notes that what was handed over under an id goes on in the message that has it, and says for how many
    /// recipients.
    pub fn went_on(&mut self, next: u64) -> u32 {
        let mut count = 0;
        for recipient in self.recipients_mut().filter(|recipient| recipient.next == next) {
            recipient.route = Route::Onward;
            count += 1;
        }
        count
    }

    /// Notes that the administrator took it out of the queue: what was not yet delivered never will be.
    pub fn remove(&mut self) {
        self.removed = true;
        for recipient in self.recipients_mut().filter(|recipient| recipient.status == Status::Deferred) {
            recipient.status = Status::Failed;
        }
    }

    /// Whether a recipient went a way.
    pub fn went(&self, transports: &Transports, route: Route) -> bool {
        self.recipients().any(|recipient| decided(recipient.route, transports) == route)
    }

    /// The recipients that count, by outcome. Those of a message still in the queue for which no attempt was
    /// logged yet are open: as many as its arrival names, and one at least.
    pub fn external(&self, transports: &Transports) -> Recipients {
        let mut counts = Recipients::default();
        for recipient in self.recipients() {
            match (decided(recipient.route, transports), recipient.status) {
                (Route::Awaited, _) => counts.unknown += 1,
                (Route::External, Status::Sent) => counts.delivered += 1,
                (Route::External, Status::Deferred) => counts.open += 1,
                (Route::External, Status::Failed) => counts.bounced += 1,
                _ => {}
            }
        }
        let announced = self.announced();
        if !self.completed {
            counts.open += announced.saturating_sub(self.recipients().count() as u64);
        } else if self.is_untried() {
            counts.unknown += announced;
        }
        counts
    }

    /// Recipients of which no line tells what became of them: as many as its arrival names, and one at least while it
    /// is in the queue.
    fn announced(&self) -> u64 {
        match (self.completed, self.removed) {
            (false, _) => u64::from(self.expected).max(u64::from(self.arrived && self.is_untried())),
            (true, false) => u64::from(self.expected),
            (true, true) => 0,
        }
    }

    /// What a later read needs to go on with it.
    pub fn trail<'a>(&self, transports: &Transports, listed: &'a mut Vec<Addressee>) -> Trail<'a> {
        listed.clear();
        listed.extend(self.recipients().map(|one| {
            let status = match (decided(one.route, transports), one.status) {
                (Route::Awaited, _) => trail::Status::Unknown,
                (Route::External, Status::Sent) => trail::Status::Delivered,
                (Route::External, Status::Deferred) => trail::Status::Open,
                (Route::External, Status::Failed) => trail::Status::Bounced,
                (Route::Local, _) => trail::Status::Local,
                _ => trail::Status::Elsewhere,
            };
            Addressee { hash: one.hash, status, accepted: false }
        }));
        Trail {
            thread: Some(trail::thread(self.host_digest, self.id)),
            last: self.last,
            begun: self.arrived,
            ended: self.completed,
            stated: self.announced(),
            rest: match (self.completed, self.removed) {
                (false, _) => trail::Status::Open,
                (true, false) => trail::Status::Unknown,
                (true, true) => trail::Status::Bounced,
            },
            accepted: false,
            recipients: listed,
        }
    }

    /// Why a message without recipients that count is none.
    pub fn reason_not_counted(&self, transports: &Transports) -> Skip {
        let went = |route| self.went(transports, route);
        if went(Route::OtherRelay) {
            Skip::OtherRelay
        } else if went(Route::Local) {
            Skip::LocalDelivery
        } else if went(Route::Discarded) || self.removed {
            Skip::Discarded
        } else if went(Route::Probe) {
            Skip::Probe
        } else if went(Route::Onward) {
            Skip::FilterHop
        } else if self.arrived {
            Skip::NoRecipient
        } else {
            Skip::Event
        }
    }
}

/// A route, with one that was left to the transport decided.
fn decided(route: Route, transports: &Transports) -> Route {
    match route {
        Route::Undecided(id) if transports.kind(id) == Kind::Local => Route::Local,
        Route::Undecided(_) => Route::External,
        other => other,
    }
}
