//! Following messages: which message a line belongs to, what it says of it, and where its mail goes on.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};

use super::chain::from_this_host;
use super::entry::{Entry, is_near, own_message_id};
use super::line::{self, Daemon, Delivery, Event, Status};
use super::message::{Message, Origin, Route};
use super::queue::{Belongs, Logged};
use super::reader::{LATE_LINES, LATE_LINK, Reader};
use crate::ingest::syslog::Clock;
use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, SenderId, Skip};

impl Reader<'_> {
    pub(super) fn entry(&mut self, entry: &Entry<'_>, time: Timestamp, clock: &mut Clock) {
        let event = Event::parse(entry.daemon, entry.rest);
        let mut time = time;
        if let Event::MessageId(id) = event
            && let Some(utc) = own_message_id(id, entry.id)
        {
            clock.prove(utc);
            time = clock.instant(entry.header.time).unwrap_or(time);
        }
        self.newest = self.newest.max(time);
        self.leave_until(0, Some(time));
        self.leave_until(1, Some(time));
        let begins = matches!(event, Event::Client { .. } | Event::Pickup { .. });
        let logged = Logged {
            id: line::packed(entry.id),
            host: self.host(entry.header.host),
            instance: self.instance(line::instance(entry.header.program)),
            time,
            begins,
        };
        let slot = match self.queue.belongs(&logged) {
            Belongs::Finished => return self.skip(Skip::Duplicate),
            Belongs::To(slot) => slot,
            Belongs::New => self.begin(entry, &logged, clock),
        };
        self.apply(slot, entry, &event, &logged);
    }

    /// Begins a message with the first line that names it.
    fn begin(&mut self, entry: &Entry<'_>, logged: &Logged, clock: &Clock) -> u32 {
        let mut digest = Sha256::new();
        for part in [entry.header.host, b" ", entry.id, b" ", entry.header.time] {
            digest.update(part);
        }
        let digest = digest.finalize();
        let key = digest.iter().take(16).fold(0_u128, |key, &b| key << 8 | u128::from(b));
        let origin = Origin {
            started: logged.time,
            quality: clock.quality(),
            source: entry.source,
            line: entry.line,
            digest: key,
            client: ClientId::UNKNOWN,
            sender: SenderId::UNKNOWN,
            size: None,
        };
        let mut message = Message::new(logged.id, logged.host, logged.instance, origin);
        message.leg = self.legs.awaiting(logged.id);
        self.queue.add(message)
    }

    fn apply(&mut self, slot: u32, entry: &Entry<'_>, event: &Event<'_>, logged: &Logged) {
        let Some(message) = self.queue.get(slot) else { return };
        message.records += 1;
        message.last = message.last.max(logged.time);
        message.origin.started = message.origin.started.min(logged.time);
        message.instance = logged.instance;
        match *event {
            Event::Client { .. } => self.handed_in(slot, event, logged.id),
            Event::Pickup { first_id } => {
                (message.begun, message.reinjected) = (true, true);
                message.origin.client = self.sink.names().client(entry.header.host, b"", b"");
                if let Some(first) = first_id {
                    self.requeue(line::packed(first), logged);
                }
            }
            Event::MessageId(id) => {
                message.begun = true;
                message.message_id = if id.is_empty() { 0 } else { hash(id) };
                if message.reinjected && message.message_id != 0 {
                    self.legs.hint(message.message_id, logged.id);
                }
            }
            Event::Queued { from, size, recipients } => {
                if !message.queued {
                    (message.begun, message.queued) = (true, true);
                    message.queued_recipients = recipients.unwrap_or(0);
                    message.origin.sender = self.sink.names().sender(from);
                }
                message.origin.size = message.origin.size.or(size);
                if size.is_none() || recipients.is_none() {
                    message.records -= 1;
                    self.reject(entry, "its queue line is cut: expected 'size=' and 'nrcpt=' with numbers");
                }
            }
            Event::Expired => message.expire(),
            Event::Delivery(delivery) => self.deliver(slot, entry, &delivery, logged),
            Event::CutDelivery => {
                message.records -= 1;
                self.reject(entry, "its delivery line is cut: expected 'to=<' up to '>'");
            }
            Event::Refused => (message.begun, message.refused) = (true, true),
            Event::Removed => self.removed(slot, logged.time),
            Event::Note => {}
        }
    }

    /// Notes who handed a message in over the network.
    fn handed_in(&mut self, slot: u32, event: &Event<'_>, id: u128) {
        let &Event::Client { name, ip, user, first_id, original } = event else { return };
        let Some(message) = self.queue.get(slot) else { return };
        message.begun = true;
        message.reinjected = from_this_host(name, ip) && !original || first_id.is_some();
        message.origin.client = self.sink.names().client(name, ip, user);
        if let Some(first) = first_id {
            self.legs.hint(hash(first), id);
        }
    }

    fn removed(&mut self, slot: u32, time: Timestamp) {
        let Some(message) = self.queue.get(slot).filter(|message| !message.removed) else { return };
        message.removed = true;
        let late_link = message.reinjected && message.leg.is_none();
        let (queue, wait) = if late_link { (1, LATE_LINK) } else { (0, LATE_LINES) };
        self.leaving[queue].push_back((Timestamp::from_seconds(time.seconds() + wait), slot));
    }

    fn deliver(&mut self, slot: u32, entry: &Entry<'_>, delivery: &Delivery<'_>, logged: &Logged) {
        let next = self.next_leg(slot, entry, delivery, logged);
        let near = next.is_some() || is_near(entry, delivery);
        let counts = self.relays.counts(delivery.relay);
        let Some(message) = self.queue.get(slot) else { return };
        let route = match (entry.daemon, delivery.status) {
            _ if next.is_some() => Route::Filter,
            (_, Status::Probe) => Route::Probe,
            (Daemon::Discard, _) => Route::Discarded,
            (_, Status::Sent) if near && line::find(delivery.reply, b"discarded").is_some() => {
                Route::Discarded
            }
            (Daemon::Local | Daemon::Pipe | Daemon::Lmtp, _) => Route::Local,
            (Daemon::Smtp, Status::Bounced) if near => Route::Discarded,
            _ if counts => Route::External,
            _ => Route::OtherRelay,
        };
        if route == Route::External && message.relay == HostId::UNKNOWN && delivery.relay != b"none" {
            message.relay = self.sink.names().host(line::host_parts(delivery.relay).0);
        }
        if delivery.status == Status::Sent {
            message.accepted_size = message.accepted_size.max(line::accepted_bytes(delivery.reply));
        }
        message.deliver(delivery, route);
        let passed = message.count(Route::Filter);
        if let Some(next) = next
            && !message.next_ids.contains(&next)
        {
            message.next_ids.push(next);
            let leg = self.legs.pass_on(message, passed);
            self.link(leg, next, logged);
        } else if next.is_some() {
            self.legs.pass_on(message, passed);
        }
    }

    /// The packed queue id under which a delivered mail goes on in this log; `None` where it left for good.
    fn next_leg(
        &mut self,
        slot: u32,
        entry: &Entry<'_>,
        delivery: &Delivery<'_>,
        logged: &Logged,
    ) -> Option<u128> {
        let passes_on = matches!(entry.daemon, Daemon::Smtp | Daemon::Lmtp | Daemon::Pipe);
        if !passes_on || delivery.status != Status::Sent {
            return None;
        }
        let near = is_near(entry, delivery);
        let next = line::next_queue_id(delivery.reply).map(line::packed).filter(|&next| next != logged.id);
        let message = self.queue.get(slot)?;
        let (started, message_id) = (message.origin.started, message.message_id);
        if let Some(next) = next {
            let known = near || self.is_log_host(delivery.relay) || entry.daemon == Daemon::Lmtp;
            return (known || self.continues(next, started, message_id, logged.time)).then_some(next);
        }
        if !near && entry.daemon != Daemon::Pipe {
            return None;
        }
        let by_id = self.legs.hinted(hash(entry.id), logged.id);
        let next = by_id.or_else(|| self.legs.hinted(message_id, logged.id))?;
        self.continues(next, started, message_id, logged.time).then_some(next)
    }

    /// Whether a message under way can be the next leg: begun after this one, with the same message-id.
    fn continues(&mut self, next: u128, started: Timestamp, message_id: u64, now: Timestamp) -> bool {
        let Some(slot) = self.queue.under_way(next, now) else { return false };
        let Some(later) = self.queue.get(slot) else { return false };
        let after = later.origin.started.seconds() + LATE_LINES >= started.seconds();
        after && (later.message_id == message_id || later.message_id == 0 || message_id == 0)
    }

    /// Joins a leg to the message in which it goes on, now or when that message appears. One that was already
    /// counted, since its log is ahead, is not waited for.
    fn link(&mut self, leg: usize, next: u128, logged: &Logged) {
        if let Some(slot) = self.queue.under_way(next, logged.time) {
            if let Some(later) = self.queue.get(slot).filter(|later| later.leg.is_none()) {
                later.leg = Some(leg);
                self.legs.feed(leg);
            }
            return;
        }
        let started = self.legs.get(leg).map_or(logged.time, |leg| leg.origin.started);
        let counted =
            (0..self.hosts.len() as u32).any(|host| self.queue.lived(host, next, started, logged.time));
        if !counted {
            self.legs.await_id(next, leg);
        }
    }

    /// A message that was put back into the queue goes on under a new id: what was not yet delivered moves.
    fn requeue(&mut self, first: u128, logged: &Logged) {
        let Some(slot) = self.queue.under_way(first, logged.time) else { return };
        let Some(message) = self.queue.get(slot).filter(|message| message.host == logged.host) else {
            return;
        };
        message.removed = true;
        message.move_on();
        message.next_ids.push(logged.id);
        let leg = self.legs.pass_on(message, 0);
        self.link(leg, logged.id, logged);
        self.leave(slot);
    }

    /// Whether a next host is one whose log is read too, by the first label of its name.
    fn is_log_host(&self, relay: &[u8]) -> bool {
        let label = |name: &[u8]| memchr::memchr(b'.', name).unwrap_or(name.len());
        let (relay, _) = line::host_parts(relay);
        let relay = &relay[..label(relay)];
        self.hosts.len() > 1
            && !relay.is_empty()
            && self.hosts.keys().any(|host| host[..label(host)].eq_ignore_ascii_case(relay))
    }
}

fn hash(bytes: &[u8]) -> u64 {
    FxBuildHasher.hash_one(bytes).max(1)
}
