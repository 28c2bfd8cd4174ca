//! Following messages: which message a line belongs to, what it says of it, and where its mail goes on.

use super::chain::{Awaited, Otherwise, Sign};
use super::known::NextHost;
use super::line::{Daemon, Status};
use super::message::{Message, Route};
use super::queue::{Belongs, Logged};
use super::reader::{LATE_LINES, LATE_LINK, Reader};
use super::rows::{Delivered, Entry, Said, hash_of_id};
use crate::ingest::origin::Origin;
use crate::ingest::syslog::Clock;
use crate::ingest::trail;
use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, SenderId, Skip};

impl Reader<'_> {
    /// Takes a row in: finds the message that it belongs to, or begins one.
    pub(super) fn entry(&mut self, entry: &Entry<'_>, clock: &mut Clock) {
        let Some((mut time, mut host)) = self.stamp(entry, clock) else {
            return self.reject(entry, "its time cannot be read: expected a date of the calendar");
        };
        if let Said::MessageId { own: Some(utc), .. } = entry.row.said {
            if let Some(seconds) = clock.prove(utc) {
                self.queue.shift(host, seconds);
            }
            self.known.stamp = None;
            (time, host) = self.stamp(entry, clock).unwrap_or((time, host));
        }
        self.newest = self.newest.max(time);
        self.let_go(Some(time));
        let begins = matches!(entry.row.said, Said::Client { .. } | Said::Pickup { .. });
        let instance = self.instance(entry);
        let logged = Logged { id: entry.row.id, host, instance, time, begins };
        let slot = match self.queue.belongs(&logged) {
            Belongs::Finished => return self.skip(Skip::Duplicate, 1),
            Belongs::To(slot) if !self.is_other_mail(slot, &entry.row.said) => slot,
            Belongs::To(_) | Belongs::New => self.begin(entry, &logged, clock),
        };
        self.apply(slot, entry, &logged);
    }

    /// Whether a queue line is of another mail than the message under way: the line with which that one left was
    /// lost, and its id is used again.
    fn is_other_mail(&mut self, slot: u32, said: &Said) -> bool {
        let &Said::Queued { size: Some(size), recipients: Some(_), .. } = said else { return false };
        let message = self.queue.get(slot).filter(|message| message.queued);
        message.and_then(|message| message.origin.size).is_some_and(|known| known != size)
    }

    /// Begins a message with the first line that names it.
    fn begin(&mut self, entry: &Entry<'_>, logged: &Logged, clock: &Clock) -> u32 {
        let origin = Origin {
            started: logged.time,
            quality: clock.quality(),
            source: entry.source,
            line: entry.line,
            digest: entry.key(),
            client: ClientId::UNKNOWN,
            sender: SenderId::UNKNOWN,
            size: None,
        };
        let mut message = Message::new(logged.id, logged.host, logged.instance, origin);
        if self.sink.wants_trails() {
            message.host_digest = trail::host_digest(entry.host());
        }
        message.leg = self.legs.awaiting(Sign::QueueId(logged.id));
        self.queue.add(message)
    }

    fn apply(&mut self, slot: u32, entry: &Entry<'_>, logged: &Logged) {
        let Some(message) = self.queue.get(slot) else { return };
        message.records += 1;
        message.last = message.last.max(logged.time);
        message.origin.started = message.origin.started.min(logged.time);
        message.instance = logged.instance;
        match entry.row.said {
            Said::Client { client, .. } => self.handed_in(slot, entry, client, logged),
            Said::Pickup { first, .. } => {
                (message.begun, message.handed_in, message.reinjected) = (true, true, true);
                message.origin.client = self.sink.names().client(entry.host(), b"", b"");
                if let Some(first) = entry.id_at(first) {
                    self.requeue(first, logged);
                }
            }
            Said::MessageId { hash, .. } => self.identified(slot, hash, logged),
            Said::Queued { from, size, recipients } => {
                if !message.queued {
                    (message.begun, message.queued) = (true, true);
                    message.queued_recipients = recipients.unwrap_or(0);
                    message.origin.sender = self.known.sender(entry, from, self.sink);
                }
                message.origin.size = message.origin.size.or(size);
                let is_cut = size.is_none() || recipients.is_none();
                self.find_first_leg(slot);
                let Some(message) = self.queue.get(slot).filter(|_| is_cut) else { return };
                message.records -= 1;
                self.reject(entry, "its queue line is cut: expected 'size=' and 'nrcpt=' with numbers");
            }
            Said::Expired => message.expire(),
            Said::Delivery(delivered) => self.deliver(slot, entry, &delivered, logged),
            Said::CutDelivery => {
                message.records -= 1;
                self.reject(entry, "its delivery line is cut: expected 'to=<' up to '>'");
            }
            Said::Refused => (message.begun, message.refused) = (true, true),
            Said::Removed => self.removed(slot, logged.time),
            Said::Note | Said::Overlong => {}
        }
    }

    /// Notes who handed a message in over the network.
    fn handed_in(&mut self, slot: u32, entry: &Entry<'_>, client: u32, logged: &Logged) {
        let Some(told) = entry.found.clients.all.get(client as usize) else { return };
        let Some(message) = self.queue.get(slot) else { return };
        (message.begun, message.handed_in) = (true, true);
        message.reinjected = told.reinjected;
        message.origin.client = self.known.client(entry, client, self.sink);
        if let Some(first) = told.first {
            self.legs.hint_id(hash_of_id(first), logged.id);
            self.come_back(slot, first, logged);
        }
    }

    /// Joins a message to the one that it says it was before a filter took it.
    fn come_back(&mut self, slot: u32, first: u128, logged: &Logged) {
        let awaited = self.legs.awaiting_after(first);
        let earlier = self.queue.under_way(first, logged.time).filter(|&earlier| earlier != slot);
        let earlier = earlier.filter(|&at| self.queue.get(at).is_some_and(|one| one.host == logged.host));
        if let Some(earlier) = earlier {
            if let Some(message) = self.queue.get(earlier).filter(|one| one.count_sent() > 0) {
                message.went_on();
                message.passed_on = true;
            }
            self.link(earlier, logged.id, logged);
            // What was awaited has come: it is the message that was just joined.
            if let Some(leg) = awaited {
                self.end_passing(leg);
            }
            return;
        }
        // Where next hosts are chosen, the filter is none of them: the first leg did not count.
        let left = self.relays.is_open() && self.queue.has_left(logged.host, first, logged.time);
        let Some(message) = self.queue.get(slot) else { return };
        match awaited {
            Some(leg) => message.leg = message.leg.or(Some(leg)),
            None => message.counted_elsewhere |= left,
        }
    }

    /// Notes the hash of a message's own id, 0 where it is empty, by which other legs of it are found.
    fn identified(&mut self, slot: u32, message_id: u64, logged: &Logged) {
        let Some(message) = self.queue.get(slot) else { return };
        message.begun = true;
        message.message_id = message_id;
        if message_id == 0 {
            return;
        }
        message.counted_elsewhere |= self.others.handed_over(logged.id, message_id);
        if message.reinjected {
            self.legs.hint(message_id, logged.id);
        }
        self.find_first_leg(slot);
    }

    /// Finds the leg that awaits a message from this host itself, once it is known by message-id, sender and size.
    fn find_first_leg(&mut self, slot: u32) {
        let Some(message) = self.queue.get(slot) else { return };
        if message.reinjected && message.queued && message.leg.is_none() && message.message_id != 0 {
            message.leg = self.legs.awaiting_mail(message.message_id, &message.origin);
        }
    }

    fn removed(&mut self, slot: u32, time: Timestamp) {
        let Some(message) = self.queue.get(slot).filter(|message| !message.removed) else { return };
        message.removed = true;
        let (leg, digest, reinjected) = (message.leg, message.origin.digest, message.reinjected);
        let first = leg.and_then(|leg| self.legs.get(leg)).is_none_or(|leg| leg.origin.digest == digest);
        let (queue, wait) = if reinjected && first { (1, LATE_LINK) } else { (0, LATE_LINES) };
        self.leaving[queue].push_back((Timestamp::from_seconds(time.seconds() + wait), slot));
    }

    fn deliver(&mut self, slot: u32, entry: &Entry<'_>, delivered: &Delivered, logged: &Logged) {
        let next = self.known.next(entry, delivered.relay, &mut self.relays, self.sink);
        let onward = self.onward(slot, entry, delivered, &next, logged);
        let Some(message) = self.queue.get(slot) else { return };
        let route = match (delivered.daemon, delivered.status) {
            _ if onward != Onward::Nowhere => Route::Filter,
            (_, Status::Probe) => Route::Probe,
            (Daemon::Discard, _) => Route::Discarded,
            (_, Status::Sent) if next.near && delivered.discarded => Route::Discarded,
            (Daemon::Local | Daemon::Pipe | Daemon::Lmtp, _) => Route::Local,
            (Daemon::Smtp, Status::Bounced) if next.near => Route::Discarded,
            _ if next.counts => Route::External,
            _ => Route::OtherRelay,
        };
        if route == Route::External && next.is_named {
            message.pass(next.host);
        }
        let accepted = Some(delivered.accepted).filter(|&n| n > 0 && delivered.status == Status::Sent);
        if route == Route::External {
            message.accepted_size = message.accepted_size.max(accepted);
        }
        if message.deliver(delivered.to, delivered.status, route) && route == Route::Filter {
            self.go_on(slot, onward, accepted, next.host, logged);
        }
    }

    /// Joins a message to the one in which a recipient's mail goes on, or waits for it.
    fn go_on(&mut self, slot: u32, onward: Onward, accepted: Option<u64>, relay: HostId, logged: &Logged) {
        let Some(message) = self.queue.get(slot) else { return };
        message.passed_on = true;
        let sign = match onward {
            Onward::Nowhere | Onward::Counted => {
                self.legs.pass_on(message);
                return;
            }
            Onward::Message(next) => return self.link(slot, next, logged),
            Onward::Awaited(sign, _) => sign,
        };
        let Onward::Awaited(_, otherwise) = onward else { return };
        let leg = self.legs.pass_on(message);
        let deadline = Timestamp::from_seconds(logged.time.seconds() + LATE_LINK);
        let (first_id, host_digest) = (logged.id, message.host_digest);
        let awaited =
            Awaited { first_id, host_digest, leg, recipients: 1, otherwise, accepted, relay, deadline };
        self.legs.await_sign(sign, awaited);
    }

    /// Where a recipient's mail goes on after a delivery.
    fn onward(
        &mut self,
        slot: u32,
        entry: &Entry<'_>,
        delivered: &Delivered,
        host: &NextHost,
        logged: &Logged,
    ) -> Onward {
        let passes_on = matches!(delivered.daemon, Daemon::Smtp | Daemon::Lmtp | Daemon::Pipe);
        if !passes_on || delivered.status != Status::Sent {
            return Onward::Nowhere;
        }
        let near = host.near;
        let Some(message) = self.queue.get(slot) else { return Onward::Nowhere };
        let (started, message_id) = (message.origin.started, message.message_id);
        let next = entry.id_at(delivered.next).filter(|&next| next != logged.id);
        if next.is_none()
            && let Some(next) = self.reinjected_as(logged, started)
        {
            return Onward::Message(next);
        }
        match next {
            Some(next) if self.continues(next, started, message_id, logged.time) => Onward::Message(next),
            Some(next) if near || delivered.daemon == Daemon::Lmtp => {
                match self.queue.under_way(next, logged.time) {
                    Some(_) => Onward::Message(next),
                    None => Onward::Awaited(Sign::QueueId(next), Otherwise::Unknown),
                }
            }
            Some(next) if self.others.took_over(next, message_id) => Onward::Counted,
            // What does not count here is left to the log of the host that took it.
            Some(next) if host.counts => {
                self.others.hand_over(next, message_id);
                Onward::Nowhere
            }
            None if (near || delivered.daemon == Daemon::Pipe) && !delivered.discarded => {
                self.onward_unnamed(slot, delivered.daemon, host.counts, logged)
            }
            Some(_) | None => Onward::Nowhere,
        }
    }

    /// The message under way on this host that names this one as what it was before.
    fn reinjected_as(&mut self, logged: &Logged, started: Timestamp) -> Option<u128> {
        let next = self.legs.hinted_id(hash_of_id(logged.id), logged.id)?;
        let slot = self.queue.under_way(next, logged.time)?;
        let later = self.queue.get(slot)?;
        let after = later.origin.started.seconds() + LATE_LINES >= started.seconds();
        (after && later.host == logged.host).then_some(next)
    }

    /// Where mail goes on that was handed to this host itself without getting a queue id: by the message-id of the
    /// next message, which may appear only later.
    fn onward_unnamed(&mut self, slot: u32, daemon: Daemon, counts: bool, logged: &Logged) -> Onward {
        let Some(message) = self.queue.get(slot) else { return Onward::Nowhere };
        let (origin, message_id, leg) = (message.origin, message.message_id, message.leg);
        let otherwise = match daemon {
            Daemon::Smtp if counts => Otherwise::Delivered,
            Daemon::Smtp => Otherwise::Skipped(Skip::OtherRelay),
            _ => Otherwise::Skipped(Skip::LocalDelivery),
        };
        if message_id == 0 {
            return Onward::Nowhere;
        }
        let next = self.legs.hinted(message_id, logged.id);
        let next = next.filter(|&next| self.continues(next, origin.started, message_id, logged.time));
        match next.filter(|&next| self.is_same_mail(&origin, leg, next, logged)) {
            Some(next) => Onward::Message(next),
            None if daemon == Daemon::Lmtp => Onward::Nowhere,
            None => Onward::Awaited(Sign::MessageId(message_id), otherwise),
        }
    }

    /// Whether a message under way is the same mail by all that is known, and no other mail's leg.
    fn is_same_mail(&mut self, origin: &Origin, leg: Option<usize>, next: u128, logged: &Logged) -> bool {
        let slot = self.queue.under_way(next, logged.time);
        let later = slot.and_then(|slot| self.queue.get(slot));
        later.is_some_and(|later| {
            (later.leg.is_none() || later.leg == leg) && origin.goes_on_in(&later.origin)
        })
    }

    /// Whether a message under way can be the next leg: begun after this one, with the same message-id.
    fn continues(&mut self, next: u128, started: Timestamp, message_id: u64, now: Timestamp) -> bool {
        let Some(slot) = self.queue.under_way(next, now) else { return false };
        let Some(later) = self.queue.get(slot) else { return false };
        let after = later.origin.started.seconds() + LATE_LINES >= started.seconds();
        after && (later.message_id == message_id || later.message_id == 0 || message_id == 0)
    }

    /// Joins a message to one under way in which its mail goes on. One that had itself gone on already stays
    /// joined to what follows it.
    fn link(&mut self, slot: u32, next: u128, logged: &Logged) {
        let Some(later) = self.queue.under_way(next, logged.time).filter(|&later| later != slot) else {
            return;
        };
        let Some(message) = self.queue.get(later) else { return };
        let (leg, digest) = (message.leg, message.origin.digest);
        let own = leg.filter(|&leg| self.legs.get(leg).is_some_and(|leg| leg.origin.digest == digest));
        let Some(first) = self.queue.get(slot) else { return };
        if let Some(own) = own {
            return self.legs.precede(own, first);
        }
        let first = self.legs.pass_on(first);
        if leg.is_none()
            && let Some(message) = self.queue.get(later)
        {
            message.leg = Some(first);
            self.legs.feed(first);
        }
    }

    /// A message that was put back into the queue goes on under a new id: what was not yet delivered moves.
    fn requeue(&mut self, first: u128, logged: &Logged) {
        let Some(slot) = self.queue.under_way(first, logged.time) else { return };
        let Some(message) = self.queue.get(slot).filter(|message| message.host == logged.host) else {
            return;
        };
        (message.removed, message.passed_on) = (true, true);
        message.move_on();
        self.link(slot, logged.id, logged);
        self.leave(slot);
    }
}

/// Where a recipient's mail goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Onward {
    /// Nowhere in this log: it is delivered, or it is not.
    Nowhere,
    /// In the message under way with this packed queue id.
    Message(u128),
    /// In a message that is still to come.
    Awaited(Sign, Otherwise),
    /// In a message of another host that was counted already.
    Counted,
}
