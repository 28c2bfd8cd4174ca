//! Following messages: which one a line belongs to, who handed it in, and under which number its mail goes on.
//!
//! When a message is complete, and what it comes to, is left to [`crate::ingest::syslog::under_way`].

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};
use sha2::{Digest, Sha256};

use super::line::{Delivery, Event, next_id, parts};
use crate::ingest::ReadOptions;
use crate::ingest::handover::{RelayFilter, accepted_bytes, from_this_host};
use crate::ingest::syslog::message::{Message, Recipient, Route, Status};
use crate::ingest::syslog::under_way::{UnderWay, host_key, host_label, text_key};
use crate::ingest::syslog::{Clock, Desk, Header, Place};
use crate::period::Timestamp;
use crate::usage::{SenderId, Skip};

/// Sessions that are remembered while they last; those that never end would fill the memory.
const SESSION_CAP: usize = 100_000;

/// Who hands messages in.
#[derive(Debug, Default)]
struct Session {
    name: Box<[u8]>,
    ip: Box<[u8]>,
    user: Box<[u8]>,
}

/// The messages and sessions under way.
pub struct Follower {
    /// The messages.
    pub mail: UnderWay,
    sessions: FxHashMap<u64, Session>,
    relays: RelayFilter,
    /// The next host of a line as the filter takes it.
    relay: Vec<u8>,
}

/// A line that names a message, and where it stands.
#[derive(Clone, Copy)]
struct Entry<'a> {
    header: &'a Header<'a>,
    host: u64,
    session: u64,
    key: u64,
    time: Timestamp,
    place: Place,
}

impl Follower {
    /// A follower of no message so far.
    pub fn new(options: &ReadOptions) -> Follower {
        Follower {
            mail: UnderWay::default(),
            sessions: FxHashMap::default(),
            relays: RelayFilter::new(&options.relay_hosts),
            relay: Vec::new(),
        }
    }

    /// Takes a line of OpenSMTPD.
    pub fn line(&mut self, header: &Header<'_>, place: Place, clock: &mut Clock, desk: &mut Desk<'_>) {
        let Some((session, agent, text)) = parts(header.message) else { return desk.skip(Skip::Session) };
        let event = Event::parse(agent, text);
        let host = host_key(header.host);
        let session = FxBuildHasher.hash_one((host, session));
        let id = match event {
            Event::Message { id, .. } | Event::Envelope { id, .. } | Event::Delivery { id, .. } => id,
            Event::Cut(expected) => {
                return desk.reject(place, &format!("its line is cut: expected {expected}"));
            }
            Event::NotAccepted => return desk.skip(Skip::NotAccepted),
            _ => {
                self.note_session(session, &event);
                return desk.skip(Skip::Session);
            }
        };
        let Some(time) = desk.instant(header, place, clock) else { return };
        self.mail.advance(time, desk);
        let key = FxBuildHasher.hash_one((host, id));
        let entry = Entry { header, host, session, key, time, place };
        let Some(slot) = self.slot_of(&entry, id, &event, clock, desk) else { return };
        let Some(message) = self.mail.message(slot) else { return };
        message.records += 1;
        message.last = message.last.max(time);
        message.started = message.started.min(time);
        message.found(key);
        match event {
            Event::Message { size, recipients, from, .. } => {
                self.handed_in(slot, &entry, size.zip(recipients), from, desk);
            }
            Event::Envelope { from, .. } => self.sent_by(slot, &entry, from, desk),
            Event::Delivery { from, delivery, .. } => {
                self.sent_by(slot, &entry, from, desk);
                self.deliver(slot, &entry, &delivery, desk);
            }
            _ => {}
        }
        self.mail.note_complete(slot, time);
    }

    fn note_session(&mut self, session: u64, event: &Event<'_>) {
        match *event {
            Event::Connected { name, ip } => {
                if self.sessions.len() >= SESSION_CAP {
                    self.sessions.clear();
                }
                let known = Session { name: name.into(), ip: ip.into(), user: Box::default() };
                self.sessions.insert(session, known);
            }
            Event::User(user) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.user = user.into();
                }
            }
            Event::Disconnected => {
                self.sessions.remove(&session);
            }
            _ => {}
        }
    }

    /// The message of a line, begun where it is new. What was counted before is a duplicate; recipients that come
    /// later than all that were announced are a further part of it.
    fn slot_of(
        &mut self,
        entry: &Entry<'_>,
        id: &[u8],
        event: &Event<'_>,
        clock: &Clock,
        desk: &mut Desk<'_>,
    ) -> Option<u32> {
        if self.mail.was_read(entry.key, entry.time) {
            desk.skip(Skip::Duplicate);
            return None;
        }
        if let Some(slot) = self.mail.slot(entry.key) {
            return Some(slot);
        }
        let earlier = self.mail.finished(entry.key);
        let mut digest = Sha256::new();
        for part in [host_label(entry.header.host), b" ", id, b" ", entry.header.time] {
            digest.update(part);
        }
        let digest = digest.finalize().iter().take(16).fold(0_u128, |key, &b| key << 8 | u128::from(b));
        let Place { source, line } = entry.place;
        let mut message = Message::new(entry.key, entry.host, digest, entry.time, source, line);
        message.quality = clock.quality();
        if let (Some(earlier), Event::Delivery { .. }) = (earlier, event) {
            earlier.lend(&mut message);
        }
        Some(self.mail.add(message))
    }

    /// Notes size and recipients of a message, and who handed it in. Of a mail with several numbers the first tells.
    fn handed_in(
        &mut self,
        slot: u32,
        entry: &Entry<'_>,
        numbers: Option<(u64, u64)>,
        from: Option<&[u8]>,
        desk: &mut Desk<'_>,
    ) {
        let Some(message) = self.mail.message(slot) else { return };
        let Some((size, recipients)) = numbers else {
            message.records -= 1;
            return desk
                .reject(entry.place, "its message line is cut: expected 'size=' and 'nrcpt=' with numbers");
        };
        let is_first = message.key == entry.key;
        if is_first && message.handed_in && from.is_none() {
            message.records -= 1;
            return desk.skip(Skip::Duplicate);
        }
        // Older releases repeat the line for each recipient.
        if !(is_first && message.handed_in) {
            message.expected += recipients;
        }
        message.size = message.size.or(Some(size));
        if is_first && !message.handed_in {
            message.handed_in = true;
            if let Some(session) = self.sessions.get(&entry.session) {
                let (name, ip) = (&*session.name, &*session.ip);
                let local = ip == b"local" || ip.starts_with(b"local:");
                let names = desk.sink.names();
                message.client = if local {
                    names.client(entry.header.host, b"", &session.user)
                } else {
                    names.client(if name == b"<unknown>" { b"" } else { name }, ip, &session.user)
                };
            }
        }
        if let Some(from) = from {
            self.sent_by(slot, entry, from, desk);
        }
    }

    fn sent_by(&mut self, slot: u32, entry: &Entry<'_>, from: &[u8], desk: &mut Desk<'_>) {
        let Some(message) = self.mail.message(slot) else { return };
        if message.sender == SenderId::UNKNOWN && message.key == entry.key {
            message.sender = desk.sink.names().sender(from);
        }
    }

    fn deliver(&mut self, slot: u32, entry: &Entry<'_>, delivery: &Delivery<'_>, desk: &mut Desk<'_>) {
        let (name, ip) = delivery.relay;
        let near = !delivery.local && from_this_host(name, ip);
        let sent = delivery.status == Status::Sent;
        self.relay.clear();
        for part in [name, b"[", ip, b"]"] {
            self.relay.extend_from_slice(part);
        }
        let counts = ip.is_empty() && name.is_empty() || self.relays.counts(&self.relay);
        let next = next_id(delivery.reply).filter(|_| near && sent);
        let next = next.map(|id| FxBuildHasher.hash_one((entry.host, id)));
        let route = match (delivery.local, near) {
            _ if next.is_some() => Route::Passed,
            (true, _) => Route::Local,
            (_, true) if !sent => Route::Near,
            _ if counts => Route::External,
            _ => Route::OtherRelay,
        };
        let host = desk.sink.names().host(if name.is_empty() { ip } else { name });
        let Some(message) = self.mail.message(slot) else { return };
        if route == Route::External {
            message.pass(host);
            message.accepted_size =
                message.accepted_size.max(accepted_bytes(delivery.reply).filter(|_| sent));
        }
        // A leg's own recipients are told apart from those of the leg in which its mail goes on.
        let leg = if near { entry.key } else { 0 };
        let recipient = Recipient { status: delivery.status, route };
        let news = message.deliver(text_key(delivery.to) ^ leg, recipient);
        let Some(next) = next.filter(|_| news) else { return };
        let known = self.mail.slot(next).is_some();
        if !known && self.mail.finished(next).is_some() {
            return;
        }
        self.mail.join(slot, next);
        let Some(message) = self.mail.message(slot) else { return };
        message.pass_to(next);
        if !known {
            message.wait_for(next, 1);
        }
    }
}
