//! Following messages: which message a line belongs to, what it says of it, and where its mail goes on.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};

use super::event::{self, Arrival, Delivery, Event, Status};
use super::legs::{LATE_LINK, Naming};
use super::line::{self, Line};
use super::message::{Message, Route};
use super::queue::{Belongs, id_hash};
use super::reader::{Place, Reader};
use super::transports::{Kind, is_lmtp};
use crate::ingest::handover::{accepted_bytes, find, from_this_host, host_parts};
use crate::ingest::origin::Origin;
use crate::ingest::syslog::Clock;
use crate::ingest::trail;
use crate::period::Timestamp;
use crate::usage::{ClientId, SenderId, Skip};

/// Seconds for which a completed message waits for lines that come late.
const LATE_LINES: i64 = 5;

impl Reader<'_> {
    /// Takes a line with its time.
    pub(super) fn entry(&mut self, line: &Line<'_>, place: Place, time: Timestamp, clock: &mut Clock) {
        let Some((id, text)) = line::message_id(line.text) else {
            let reason = if event::is_refusal(line.text) { Skip::NotAccepted } else { Skip::Session };
            return self.skip(reason, place.records);
        };
        let mut time = time;
        if let Some(utc) = line::received_at(line.time, line.text) {
            clock.prove(utc);
            time = clock.instant(line.time, line.host).unwrap_or(time);
        }
        self.newest = self.newest.max(time);
        self.let_go(Some(time));
        let event = Event::parse(text);
        let id = line::packed(id);
        let slot = match self.queue.belongs(id, time, matches!(event, Event::Arrival(_))) {
            Belongs::Read => return self.skip(Skip::Duplicate, place.records),
            Belongs::To(slot) => slot,
            found @ (Belongs::New | Belongs::After(_)) if !begins(&event) => {
                if found == Belongs::New && self.sink.wants_trails() {
                    self.note_end(id, &event, line, place, time, clock);
                }
                return self.unknown(&event, place);
            }
            Belongs::New => self.begin(id, line, place, time, clock),
            Belongs::After(over) => {
                self.leave(over);
                self.begin(id, line, place, time, clock)
            }
        };
        self.apply(slot, &event, line, place, time);
    }

    /// Tells that a message ended of which nothing else was read.
    fn note_end(
        &mut self,
        id: u128,
        event: &Event<'_>,
        line: &Line<'_>,
        place: Place,
        time: Timestamp,
        clock: &Clock,
    ) {
        let mut message = Message::new(id, 0, origin(id, line, place, time, clock));
        message.host_digest = trail::host_digest(line.host);
        match event {
            Event::Completed => message.completed = true,
            // What was deferred then bounces.
            Event::Removed => (message.completed, message.removed) = (true, true),
            _ => return,
        }
        self.note_unfinished(&message);
    }

    /// Takes a line of a message that no line began.
    fn unknown(&mut self, event: &Event<'_>, place: Place) {
        match event {
            Event::Cut => self.cut(place),
            Event::Refused => self.skip(Skip::NotAccepted, place.records),
            _ => self.skip(Skip::Event, place.records),
        }
    }

    fn cut(&mut self, place: Place) {
        self.reject(place, "its line is cut: expected an address behind the flag");
        self.skip(Skip::Fragment, place.records - 1);
    }

    /// Begins a message with the first line that names it.
    fn begin(&mut self, id: u128, line: &Line<'_>, place: Place, time: Timestamp, clock: &Clock) -> u32 {
        let slot = self.queue.add(id, origin(id, line, place, time, clock));
        if self.sink.wants_trails()
            && let Some(message) = self.queue.get(slot)
        {
            message.host_digest = trail::host_digest(line.host);
        }
        if let Some(naming) = self.legs.naming(id_hash(id)) {
            match self.queue.under_way(naming.id) {
                Some((first, message)) if message.serial == naming.serial => self.link(first, slot),
                _ => {
                    if let Some(message) = self.queue.get(slot) {
                        message.counted_elsewhere = naming.counts;
                    }
                }
            }
        }
        slot
    }

    fn apply(&mut self, slot: u32, event: &Event<'_>, line: &Line<'_>, place: Place, time: Timestamp) {
        let Some(message) = self.queue.get(slot) else { return };
        (message.begun, message.last) = (message.begun.min(time), message.last.max(time));
        if *event == Event::Cut {
            return self.cut(place);
        }
        message.records += place.records;
        match event {
            Event::Arrival(arrival) => self.arrive(slot, arrival, line, place, time),
            Event::Delivery(delivery) => self.deliver(slot, delivery, time),
            Event::Removed => message.remove(),
            Event::Completed => self.complete(slot, time),
            Event::Refused | Event::Cut | Event::Note => {}
        }
    }

    /// Notes who handed a message in.
    fn arrive(&mut self, slot: u32, arrival: &Arrival<'_>, line: &Line<'_>, place: Place, time: Timestamp) {
        let names = self.sink.names();
        let sender = names.sender(arrival.sender);
        let is_local = arrival.ip.is_empty();
        let client = if is_local {
            let host = if line.host.is_empty() { &b"localhost"[..] } else { line.host };
            names.client(host, b"", if arrival.user.is_empty() { arrival.local_user } else { arrival.user })
        } else {
            names.client(arrival.host, arrival.ip, arrival.user)
        };
        let Some(message) = self.queue.get(slot) else { return };
        message.arrived = true;
        message.is_near = is_local || from_this_host(arrival.host, arrival.ip);
        message.message_id = message_hash(arrival.message_id);
        message.expected = message.expected.max(arrival.recipients);
        let origin = &mut message.origin;
        (origin.client, origin.sender) = (client, sender);
        // The arrival tells the size and the time of acceptance; deliveries before it only that of their copies.
        origin.size = arrival.size.or(origin.size);
        (origin.started, origin.source, origin.line) = (time, place.source, place.line);
        let (id, message_id, is_near) = (message.id, message.message_id, message.is_near);
        message.counted_elsewhere |= message.leg.is_none() && self.others.handed_over(id, message_id);
        if is_near && message_id != 0 {
            self.legs.hint(message_id, id);
        }
    }

    fn complete(&mut self, slot: u32, time: Timestamp) {
        let Some(message) = self.queue.get(slot).filter(|message| !message.completed) else { return };
        message.completed = true;
        let (queue, wait) = if message.is_near { (1, LATE_LINK) } else { (0, LATE_LINES) };
        let serial = message.serial;
        self.leaving[queue].push_back((Timestamp::from_seconds(time.seconds() + wait), slot, serial));
    }

    fn deliver(&mut self, slot: u32, delivery: &Delivery<'_>, time: Timestamp) {
        let sent = delivery.status == Status::Sent;
        let next = event::next_id(delivery.reply).filter(|_| sent).map(line::packed);
        let next = next.filter(|&next| self.queue.get(slot).is_some_and(|message| message.id != next));
        let route = self.route(delivery, next.is_some());
        let relay = self.sink.names().host(host_parts(delivery.host).0);
        let sender = delivery.sender.map(|sender| self.sink.names().sender(sender));
        let Some(message) = self.queue.get(slot) else { return };
        if let Some(sender) = sender.filter(|_| message.origin.sender == SenderId::UNKNOWN) {
            message.origin.sender = sender;
        }
        message.origin.size = message.origin.size.or(delivery.size);
        if matches!(route, Route::External | Route::Awaited) && !delivery.host.is_empty() {
            message.pass(relay);
        }
        if route == Route::External && sent {
            message.accepted_size = message.accepted_size.max(accepted_bytes(delivery.reply));
        }
        if !message.deliver(delivery, route, next.map_or(0, id_hash)) || !sent {
            return;
        }
        match next {
            Some(next) => self.goes_on(slot, next, route, time),
            None if matches!(route, Route::Local | Route::External) => self.comes_back(slot, delivery),
            None => {}
        }
    }

    /// Where a delivery led.
    fn route(&mut self, delivery: &Delivery<'_>, has_next: bool) -> Route {
        let sent = delivery.status == Status::Sent;
        match delivery.target {
            _ if delivery.status == Status::Suppressed => return Route::Probe,
            b":blackhole:" | b"blackhole" | b"discarded" => return Route::Discarded,
            [b'|' | b'/' | b'>', ..] => return Route::Local,
            _ if is_lmtp(delivery.transport) => return Route::Local,
            _ => {}
        }
        if delivery.host.is_empty() {
            return match (sent, delivery.transport.is_empty()) {
                (true, is_empty) => {
                    if !is_empty {
                        self.transports.learn(delivery.transport, Kind::Local);
                    }
                    Route::Local
                }
                (false, true) => Route::External,
                (false, false) => Route::Undecided(self.transports.id(delivery.transport)),
            };
        }
        self.transports.learn(delivery.transport, Kind::Remote);
        let (name, ip) = host_parts(delivery.host);
        let near = from_this_host(name, ip);
        if sent && near && find(delivery.reply, b"discarded").is_some() {
            Route::Discarded
        } else if !self.relays.counts(delivery.host) {
            Route::OtherRelay
        } else if near && has_next {
            Route::Awaited
        } else {
            Route::External
        }
    }

    /// Joins a message to the one whose id the next host gave it, or waits for that.
    fn goes_on(&mut self, slot: u32, next: u128, route: Route, time: Timestamp) {
        let hash = id_hash(next);
        let Some(message) = self.queue.get(slot) else { return };
        let (id, serial, message_id) = (message.id, message.serial, message.message_id);
        let started = message.origin.started.seconds();
        if let Some((later, message)) = self.queue.under_way(next)
            && message.origin.started.seconds() + LATE_LINES >= started
        {
            return self.link(slot, later);
        }
        let near = route == Route::Awaited;
        if self.others.took_over(next, message_id) || near && self.queue.has_left(hash, time) {
            if let Some(message) = self.queue.get(slot) {
                message.went_on(hash);
            }
            return;
        }
        let counts = matches!(route, Route::External | Route::Awaited);
        self.legs.name(hash, Naming { id, serial, counts }, time);
        if counts {
            self.others.hand_over(next, message_id);
        }
    }

    /// Joins a message that went to a command or to this host without getting an id to the one that came back from it:
    /// under its message-id, from its sender, and not smaller.
    fn comes_back(&mut self, slot: u32, delivery: &Delivery<'_>) {
        let (name, ip) = host_parts(delivery.host);
        if !delivery.host.is_empty() && !from_this_host(name, ip) {
            return;
        }
        let Some(message) = self.queue.get(slot).filter(|message| message.message_id != 0) else { return };
        let (id, origin, leg) = (message.id, message.origin, message.leg);
        let Some(next) = self.legs.hinted(message.message_id).filter(|&next| next != id) else { return };
        let Some((later, message)) = self.queue.under_way(next) else { return };
        let grows = origin.size.zip(message.origin.size).is_none_or(|(first, later)| later >= first);
        let same =
            message.origin.sender == origin.sender && grows && message.origin.started >= origin.started;
        if same && (message.leg.is_none() || message.leg == leg) {
            let next = id_hash(next);
            if let Some(message) = self.queue.get(slot) {
                message.name_next(delivery, next);
            }
            self.link(slot, later);
        }
    }

    /// Joins two messages of one mail.
    fn link(&mut self, first: u32, later: u32) {
        let Some(message) = self.queue.get(later).filter(|_| first != later) else { return };
        let (later_leg, next) = (message.leg, id_hash(message.id));
        let Some(message) = self.queue.get(first) else { return };
        let passed_on = message.went_on(next);
        let [first_leg, later_leg] = self.legs.join(message.origin, message.leg, later_leg);
        message.leg = first_leg;
        if let Some(message) = self.queue.get(later) {
            message.leg = later_leg;
            message.expected = message.expected.max(passed_on);
        }
    }
}

/// What the first line of a message tells. The key is a digest of what is logged: of the id, and of the time as it is
/// written, whatever zone it is read in.
fn origin(id: u128, line: &Line<'_>, place: Place, time: Timestamp, clock: &Clock) -> Origin {
    let mut digest = Sha256::new();
    digest.update(id.to_be_bytes());
    digest.update(line.time);
    let digest = digest.finalize();
    Origin {
        started: time,
        quality: clock.quality(),
        source: place.source,
        line: place.line,
        digest: digest.iter().take(16).fold(0_u128, |key, &byte| key << 8 | u128::from(byte)),
        client: ClientId::UNKNOWN,
        sender: SenderId::UNKNOWN,
        size: None,
    }
}

/// Whether a line begins a message of which no line was read: one that tells what it comes to.
fn begins(event: &Event<'_>) -> bool {
    matches!(event, Event::Arrival(_) | Event::Delivery(_))
}

/// Hash of a message-id, 0 where there is none.
fn message_hash(id: &[u8]) -> u64 {
    if id.is_empty() { 0 } else { FxBuildHasher.hash_one(id).max(1) }
}
