//! Following messages: which one a line belongs to, what it says of it, and under which queue id its mail goes on.
//!
//! When complete messages are let go, and what they come to, is left to [`crate::ingest::syslog::under_way`].

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashSet};
use sha2::{Digest, Sha256};

use super::line::{self, Delivery, Event};
use crate::ingest::ReadOptions;
use crate::ingest::handover::{RelayFilter, accepted_bytes, find, from_this_host};
use crate::ingest::syslog::message::{Message, Recipient, Route, Status};
use crate::ingest::syslog::under_way::{UnderWay, host_key, host_label, text_key};
use crate::ingest::syslog::{Clock, Desk, Header, Place};
use crate::period::Timestamp;
use crate::usage::{SenderId, Skip};

/// The messages under way, and what is remembered of those that are complete.
pub struct Follower {
    /// The messages.
    pub mail: UnderWay,
    relays: RelayFilter,
    hosts: FxHashSet<u64>,
    /// Queue ids under which other hosts took over what was counted, where logs of several hosts are read.
    handed_over: FxHashSet<u64>,
}

/// A line with a queue id, and where it stands.
#[derive(Clone, Copy)]
struct Entry<'a> {
    host: &'a [u8],
    /// The hash of the host's name.
    host_key: u64,
    id: &'a [u8],
    key: u64,
    time: Timestamp,
    /// The time as it is written.
    written: &'a [u8],
    place: Place,
}

impl Follower {
    /// A follower of no message so far, for the logs of some hosts.
    pub fn new(options: &ReadOptions, hosts: &[Vec<u8>]) -> Follower {
        Follower {
            mail: UnderWay::default(),
            relays: RelayFilter::new(&options.relay_hosts),
            hosts: hosts.iter().map(|host| host_key(host)).collect(),
            handed_over: FxHashSet::default(),
        }
    }

    /// Ends the run: what is still under way is counted.
    pub fn finish(self, desk: &mut Desk<'_>) {
        self.mail.finish(desk);
    }

    /// Takes a line of Sendmail.
    pub fn line(&mut self, header: &Header<'_>, place: Place, clock: &mut Clock, desk: &mut Desk<'_>) {
        let Some((id, rest)) = line::queue_id(header.message) else {
            let refused = find(header.message, b"reject=").is_some();
            return desk.skip(if refused { Skip::NotAccepted } else { Skip::Session });
        };
        let event = Event::parse(rest);
        let Some(mut time) = desk.instant(header, place, clock) else { return };
        let host_key = host_key(header.host);
        if matches!(event, Event::From { .. })
            && let Some(utc) = line::proof(header)
        {
            if let Some(seconds) = clock.prove(utc) {
                self.mail.shift(host_key, seconds);
            }
            time = clock.instant(header.time, header.host).unwrap_or(time);
        }
        self.mail.advance(time, desk);
        let (key, written) = (key(id, host_key), header.time);
        let entry = Entry { host: header.host, host_key, id, key, time, written, place };
        let Some(slot) = self.slot_of(&entry, &event, clock, desk) else { return };
        self.apply(slot, &entry, &event, desk);
    }

    /// The message of a line, begun where it is new. Lines that belong to none are accounted for here.
    fn slot_of(
        &mut self,
        entry: &Entry<'_>,
        event: &Event<'_>,
        clock: &Clock,
        desk: &mut Desk<'_>,
    ) -> Option<u32> {
        if let Some(slot) = self.mail.slot(entry.key) {
            return Some(slot);
        }
        let earlier = self.mail.finished(entry.key);
        // An id that holds its time begins one message only.
        let repeats = matches!(event, Event::From { .. }) && line::instant_of(entry.id).is_some();
        if repeats && earlier.is_some() || self.mail.was_read(entry.key, entry.time) {
            desk.skip(Skip::Duplicate);
            return None;
        }
        let begins = self.begins(entry, event, earlier.is_some(), desk)?;
        if !begins {
            desk.skip(Skip::Event);
            return None;
        }
        let slot = self.begin(entry, clock);
        // What comes later than all that was announced are further recipients, as an alias or a list brings.
        let later = earlier.filter(|_| !matches!(event, Event::From { .. }));
        if let Some((earlier, message)) = later.zip(self.mail.message(slot)) {
            earlier.lend(message);
        }
        Some(slot)
    }

    /// Whether a line begins a message, where none is under way; `None` where it is accounted for.
    fn begins(
        &mut self,
        entry: &Entry<'_>,
        event: &Event<'_>,
        was_counted: bool,
        desk: &mut Desk<'_>,
    ) -> Option<bool> {
        match *event {
            Event::From { recipients: Some(0), .. } => {
                desk.sink.skip_message(Skip::NotAccepted, 1);
                None
            }
            Event::NotAccepted => {
                desk.skip(Skip::NotAccepted);
                None
            }
            Event::Notice { id, .. } if was_counted => {
                self.notice(id, entry);
                Some(false)
            }
            Event::CutDelivery => Some(!was_counted),
            Event::Note => Some(false),
            _ => Some(true),
        }
    }

    fn begin(&mut self, entry: &Entry<'_>, clock: &Clock) -> u32 {
        let mut digest = Sha256::new();
        for part in [host_label(entry.host), b" ", entry.id] {
            digest.update(part);
        }
        if line::instant_of(entry.id).is_none() {
            digest.update(entry.written);
        }
        let digest = digest.finalize().iter().take(16).fold(0_u128, |key, &b| key << 8 | u128::from(b));
        let (source, line) = (entry.place.source, entry.place.line);
        let mut message = Message::new(entry.key, entry.host_key, digest, entry.time, source, line);
        message.quality = clock.quality();
        message.counted_elsewhere = self.handed_over.contains(&entry.key);
        self.mail.add(message)
    }

    fn apply(&mut self, slot: u32, entry: &Entry<'_>, event: &Event<'_>, desk: &mut Desk<'_>) {
        let Some(message) = self.mail.message(slot) else { return };
        message.records += 1;
        message.last = message.last.max(entry.time);
        message.started = message.started.min(entry.time);
        message.found(entry.key);
        match *event {
            Event::From { .. } => self.handed_in(slot, entry, event, desk),
            Event::Delivery(delivery) => self.deliver(slot, entry, &delivery, desk),
            Event::CutDelivery => {
                message.records -= 1;
                desk.reject(entry.place, "its delivery line is cut: expected recipients and 'stat='");
            }
            Event::Notice { id, gives_up } => {
                if gives_up {
                    message.give_up();
                }
                self.notice(id, entry);
            }
            Event::Clone(id) => self.go_on(slot, id, entry),
            Event::Split(ids) => {
                let ids = ids.split(|byte| !byte.is_ascii_alphanumeric());
                ids.filter(|id| id.len() >= 8).for_each(|id| self.go_on(slot, id, entry));
            }
            Event::Refused => message.refused = true,
            Event::Discarded => message.discarded = true,
            Event::NotAccepted | Event::Note => {}
        }
        self.mail.note_complete(slot, entry.time);
    }

    /// Notes who handed a message in. Of a mail with several queue ids that is told by the first.
    fn handed_in(&mut self, slot: u32, entry: &Entry<'_>, event: &Event<'_>, desk: &mut Desk<'_>) {
        let &Event::From { from, size, recipients, relay } = event else { return };
        let Some(message) = self.mail.message(slot) else { return };
        let is_first = message.key == entry.key;
        if is_first && message.handed_in {
            message.records -= 1;
            return desk.skip(Skip::Duplicate);
        }
        if size.is_none() || recipients.is_none() {
            message.records -= 1;
            desk.reject(
                entry.place,
                "its line with the sender is cut: expected 'size=' and 'nrcpts=' with numbers",
            );
        }
        message.expected += u64::from(recipients.unwrap_or(0));
        message.size = message.size.or(size);
        if !is_first {
            return;
        }
        message.handed_in = true;
        message.sender = desk.sink.names().sender(from);
        let (name, ip) = line::host(relay);
        let (user, name) = match memchr::memrchr(b'@', name) {
            Some(at) => (&name[..at], &name[at + 1..]),
            None => (&b""[..], name),
        };
        let local = ip.is_empty() && from_this_host(name, ip);
        message.client = if local {
            desk.sink.names().client(entry.host, b"", user)
        } else {
            desk.sink.names().client(name, ip, b"")
        };
    }

    fn deliver(&mut self, slot: u32, entry: &Entry<'_>, delivery: &Delivery<'_>, desk: &mut Desk<'_>) {
        let (name, ip) = line::host(delivery.relay);
        let near = from_this_host(name, ip);
        let local = is_local(delivery.mailer, delivery.relay);
        let counts = self.relays.counts(delivery.relay);
        let sent = delivery.status == Status::Sent;
        let next = line::next_queue_id(delivery.reply).filter(|_| sent && !local);
        let next = next.map(|id| key(id, entry.host_key)).filter(|&next| self.goes_on(slot, next, near));
        let route = match (local, near) {
            _ if next.is_some() => Route::Passed,
            _ if delivery.mailer == b"discard" => Route::Discarded,
            (true, _) => Route::Local,
            (_, true) if !sent => Route::Near,
            (_, true) if find(delivery.reply, b"discarded").is_some() => Route::Discarded,
            _ if counts => Route::External,
            _ => Route::OtherRelay,
        };
        let host = if route == Route::External && !delivery.relay.is_empty() {
            Some(desk.sink.names().host(if name.is_empty() { ip } else { name }))
        } else {
            None
        };
        let Some(message) = self.mail.message(slot) else { return };
        if let Some(host) = host {
            message.pass(host);
            let accepted = accepted_bytes(delivery.reply).filter(|_| sent);
            message.accepted_size = message.accepted_size.max(accepted);
        }
        // A leg's own recipients are told apart from those of the leg in which its mail goes on.
        let leg = if near || route == Route::Passed { entry.key } else { 0 };
        let mut news = 0;
        for address in line::recipients(delivery.list) {
            let hash = text_key(address);
            if leg != 0 {
                message.forget(hash);
            }
            let recipient = Recipient { status: delivery.status, route };
            news += u64::from(message.deliver(hash ^ leg, recipient));
        }
        match next {
            Some(next) => self.pass_on(slot, next, news),
            None => self.hand_over(delivery, entry.host_key),
        }
    }

    /// Whether what a server took under a queue id is to be looked for in the log: it is of this host, or of one
    /// whose log is read too. Where next hosts are chosen, what is handed to one counts there.
    fn goes_on(&self, slot: u32, next: u64, near: bool) -> bool {
        if let Some(later) = self.mail.slot(next) {
            return near || self.relays.is_open() || self.mail.host(later) == self.mail.host(slot);
        }
        near || self.relays.is_open() && self.mail.finished(next).is_some()
    }

    /// Joins a message to the one in which recipients' mail goes on, or waits for it.
    fn pass_on(&mut self, slot: u32, next: u64, recipients: u64) {
        if self.mail.finished(next).is_some() && self.mail.slot(next).is_none() {
            return;
        }
        let known = self.mail.slot(next).is_some();
        self.mail.join(slot, next);
        let Some(message) = self.mail.message(slot) else { return };
        message.pass_to(next);
        if !known {
            message.wait_for(next, recipients);
        }
    }

    fn go_on(&mut self, slot: u32, id: &[u8], entry: &Entry<'_>) {
        let next = key(id, entry.host_key);
        if next != entry.key && self.mail.finished(next).is_none() {
            self.mail.join(slot, next);
        }
    }

    /// Remembers under which queue id another host took over what is counted here.
    fn hand_over(&mut self, delivery: &Delivery<'_>, host: u64) {
        if self.hosts.len() < 2 || !self.relays.is_open() || delivery.status != Status::Sent {
            return;
        }
        if let Some(id) = line::next_queue_id(delivery.reply) {
            self.handed_over.insert(key(id, host));
        }
    }

    /// Begins a notice about a message: its sender is null, which no line says.
    fn notice(&mut self, id: &[u8], entry: &Entry<'_>) {
        let key = key(id, entry.host_key);
        if self.mail.finished(key).is_some() {
            return;
        }
        let slot = self.mail.slot(key).unwrap_or_else(|| {
            let digest = u128::from(key) << 64 | u128::from(entry.key);
            let (source, line) = (entry.place.source, entry.place.line);
            self.mail.add(Message::new(key, entry.host_key, digest, entry.time, source, line))
        });
        if let Some(message) = self.mail.message(slot).filter(|message| !message.handed_in) {
            message.sender = SenderId::NULL;
        }
    }
}

/// Whether a mailer delivers on this host: to mailboxes, files and commands.
fn is_local(mailer: &[u8], relay: &[u8]) -> bool {
    const LOCAL: [&[u8]; 8] =
        [b"local", b"prog", b"*file*", b"*include*", b"procmail", b"dovecot", b"maildrop", b"mailman"];
    let network = mailer == b"relay" || find(mailer, b"smtp").is_some();
    let named = LOCAL.contains(&mailer) || mailer.starts_with(b"cyrus") || find(mailer, b"lmtp").is_some();
    let failed = matches!(mailer, b"" | b"error" | b"*error*" | b"discard");
    named || !network && !failed && !relay.contains(&b'[')
}

/// The key of a queue id: ids that hold their time are the same on all hosts, others belong to one.
fn key(id: &[u8], host: u64) -> u64 {
    let host = if line::instant_of(id).is_some() { 0 } else { host };
    FxBuildHasher.hash_one((id, host))
}
