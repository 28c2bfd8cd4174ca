//! Reads Postfix lines into messages and hands finished ones on as submissions.
//!
//! Counting rules: a message counts once, when it was accepted; a recipient once, however often delivery was tried;
//! legs through filters and local deliveries do not count. Time comes from [`crate::ingest::syslog`].

use std::collections::VecDeque;
use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};
use sha2::{Digest, Sha256};

use super::chain::{Legs, from_this_host};
use super::line::{self, Daemon, Delivery, Event, Status};
use super::message::{Message, Origin, Route};
use super::queue::{Belongs, Logged, Queue};
use super::relay::RelayFilter;
use crate::ingest::syslog::{Clock, Header, Part, Records};
use crate::ingest::{ReadError, ReadOptions, Record, Sink};
use crate::period::Timestamp;
use crate::usage::{
    ClientId, Recipients, Rejection, SenderId, SizeQuality, Skip, SourceId, Submission, Traffic,
};

/// Seconds for which a message that left the queue waits for lines that come late.
const LATE_LINES: i64 = 5;
/// Seconds for which a message that came from this host waits for the line that links it to an earlier leg.
const LATE_LINK: i64 = 120;
/// Lines after which messages that were never queued are looked for.
const SWEEP_LINES: u64 = 1 << 20;
/// Seconds after which a message that was never queued is given up (a client that broke off).
const NEVER_QUEUED: i64 = 86_400;
/// Seconds after which a message that never left the queue is given up, well above any queue lifetime in use.
const NEVER_REMOVED: i64 = 60 * 86_400;

/// The state of one run over all parts of a log.
#[derive(Debug)]
pub struct Reader<'s> {
    sink: &'s mut dyn Sink,
    queue: Queue,
    legs: Legs,
    hosts: FxHashMap<Box<[u8]>, u32>,
    last_host: (Box<[u8]>, u32),
    instances: FxHashMap<Box<[u8]>, u32>,
    relays: RelayFilter,
    leaving: [VecDeque<(Timestamp, u32)>; 2],
    lines: u64,
    newest: Timestamp,
    tally: Tally,
}

/// Lines of one part that belong to no message.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    skipped: FxHashMap<Skip, u64>,
}

impl std::fmt::Debug for dyn Sink + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}

/// A line of Postfix with a queue id, and where it stands.
struct Entry<'a> {
    header: Header<'a>,
    daemon: Daemon,
    rest: &'a [u8],
    id: &'a [u8],
    source: SourceId,
    line: u64,
}

impl<'s> Reader<'s> {
    /// A reader that delivers into a sink.
    /// `hosts` are those whose logs are read.
    pub fn new(options: &ReadOptions, hosts: &[&[u8]], sink: &'s mut dyn Sink) -> Reader<'s> {
        let mut reader = Reader {
            sink,
            queue: Queue::default(),
            legs: Legs::default(),
            hosts: FxHashMap::default(),
            last_host: (Box::default(), u32::MAX),
            instances: FxHashMap::default(),
            relays: RelayFilter::new(&options.relay_hosts),
            leaving: [VecDeque::new(), VecDeque::new()],
            lines: 0,
            newest: Timestamp::from_seconds(i64::MIN),
            tally: Tally::default(),
        };
        for host in hosts {
            reader.host(host);
        }
        reader
    }

    /// Reads one part to its end. Messages under way stay for the next part; those that only wait for late lines
    /// are let go where that part goes back in time, so that its copies of their lines are seen as copies.
    pub fn read(&mut self, part: &mut Part) -> Result<(), ReadError> {
        let newest = self.newest.seconds();
        if part.first().is_some_and(|first| first.seconds() + LATE_LINK < newest) {
            self.leave_until(0, None);
            self.leave_until(1, None);
        }
        let source = self.sink.names().add_source(part.input.name());
        let mut records = Records::new(part.input.open()?, part.envelope);
        let mut last = 0;
        loop {
            match records.next_record() {
                Ok(Some(record)) => {
                    last = record.number;
                    self.record(record.line, record.number, source, &mut part.clock);
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(part.input.name(), last, error.to_string());
                    break;
                }
            }
        }
        self.flush_tally();
        Ok(())
    }

    /// Ends the run: whatever is still under way is counted as open.
    pub fn finish(mut self) {
        for queue in 0..self.leaving.len() {
            self.leave_until(queue, None);
        }
        for slot in self.queue.select(|_| true) {
            self.leave(slot);
        }
        for leg in self.legs.lost() {
            let recipients = Recipients { unknown: leg.recipients.max(1), ..Recipients::default() };
            let messages = u64::from(!leg.counted);
            self.submit(&leg.origin, None, recipients, messages, leg.records, crate::usage::HostId::UNKNOWN);
        }
        self.flush_tally();
    }

    /// Takes one record; a line of a stream without line ends can hold several.
    fn record(&mut self, mut line: &[u8], number: u64, source: SourceId, clock: &mut Clock) {
        if line.first() == Some(&b'<') {
            while let Some(next) = next_in_stream(line) {
                self.line(&line[..next], number, source, clock);
                line = &line[next..];
            }
        }
        self.line(line, number, source, clock);
    }

    fn line(&mut self, line: &[u8], number: u64, source: SourceId, clock: &mut Clock) {
        self.tally.records += 1;
        self.lines += 1;
        if self.lines.is_multiple_of(SWEEP_LINES) {
            self.sweep();
        }
        match entry(line, number, source) {
            Err(reason) => self.skip(reason),
            Ok(entry) => match clock.instant(entry.header.time) {
                Some(time) => self.entry(&entry, time, clock),
                None => self.reject(&entry, "its time cannot be read: expected a date of the calendar"),
            },
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, time: Timestamp, clock: &mut Clock) {
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
            Event::Client { name, ip, user, first_id, original } => {
                message.begun = true;
                message.reinjected = from_this_host(name, ip) && !original;
                message.origin.client = self.sink.names().client(name, ip, user);
                if let Some(first) = first_id {
                    message.reinjected = true;
                    self.legs.hint(hash(first), logged.id);
                }
            }
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
                let broken = size.is_none() || recipients.is_none();
                if !message.queued {
                    (message.begun, message.queued) = (true, true);
                    message.queued_recipients = recipients.unwrap_or(0);
                    message.origin.sender = self.sink.names().sender(from);
                }
                message.origin.size = message.origin.size.or(size);
                if broken {
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
            (_, Status::Sent) if memchr::memmem::find(delivery.reply, b"discarded").is_some() && near => {
                Route::Discarded
            }
            (Daemon::Local | Daemon::Pipe | Daemon::Lmtp, _) => Route::Local,
            (Daemon::Smtp, Status::Bounced) if near => Route::Discarded,
            _ if counts => Route::External,
            _ => Route::OtherRelay,
        };
        if route == Route::External
            && message.relay == crate::usage::HostId::UNKNOWN
            && delivery.relay != b"none"
        {
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
        let (started, message_id, from_here) =
            (message.origin.started, message.message_id, near || entry.daemon == Daemon::Pipe);
        if let Some(next) = next {
            let known = near || self.is_log_host(delivery.relay) || entry.daemon == Daemon::Lmtp;
            return (known || self.continues(next, started, message_id, logged.time)).then_some(next);
        }
        let hinted = self
            .legs
            .hinted(hash(entry.id), logged.id)
            .or_else(|| (message_id != 0).then(|| self.legs.hinted(message_id, logged.id)).flatten());
        hinted.filter(|&next| from_here && self.continues(next, started, message_id, logged.time))
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

    /// Lets messages go whose time of waiting is over; all of them without a time.
    fn leave_until(&mut self, queue: usize, now: Option<Timestamp>) {
        while let Some(&(deadline, slot)) = self.leaving[queue].front() {
            if now.is_some_and(|now| now < deadline) {
                return;
            }
            self.leaving[queue].pop_front();
            self.leave(slot);
        }
    }

    /// Counts a message that is complete.
    fn leave(&mut self, slot: u32) {
        let Some(mut message) = self.queue.finish(slot) else { return };
        let passed_on = !message.next_ids.is_empty();
        // What a filter took, or was put back into the queue, is counted where it goes on.
        message.removed |= passed_on;
        let recipients = message.external();
        let counts = recipients.attempted() > 0;
        let leg = message.leg.and_then(|index| self.legs.get(index).map(|leg| (index, leg.clone())));
        let origin = leg.as_ref().map_or(message.origin, |(_, leg)| leg.origin_of(&message.origin));
        let messages = u64::from(!leg.as_ref().is_some_and(|(_, leg)| leg.counted));
        let mut records = message.records;
        if let Some((index, leg)) = &leg {
            let began_here = leg.origin.digest == message.origin.digest;
            if passed_on && !counts {
                return self.pass(*index, began_here, records);
            }
            if began_here {
                self.legs.get(*index).into_iter().for_each(|leg| leg.counted |= counts);
                self.legs.close(*index, 0);
            } else {
                records += self.legs.end(*index, counts);
            }
        }
        if counts {
            return self.submit(&origin, message.accepted_size, recipients, messages, records, message.relay);
        }
        let reason = reason_not_counted(&message);
        if messages == 1 { self.sink.skip_message(reason, records) } else { self.sink.skip(reason, records) }
    }

    /// Accounts for the lines of a leg that only passes its mail on.
    fn pass(&mut self, leg: usize, began_here: bool, records: u64) {
        if began_here {
            if let Some(records) = self.legs.close(leg, records) {
                self.sink.skip(Skip::FilterHop, records);
            }
            return;
        }
        if let Some(leg) = self.legs.get(leg) {
            leg.records += records;
        }
        let taken = self.legs.end(leg, false);
        match self.legs.get(leg) {
            Some(open) => open.records += taken,
            None => self.sink.skip(Skip::FilterHop, taken),
        }
    }

    fn submit(
        &mut self,
        origin: &Origin,
        accepted: Option<u64>,
        recipients: Recipients,
        messages: u64,
        records: u64,
        relay: crate::usage::HostId,
    ) {
        let message_size = accepted.or(origin.size);
        let size_quality = match (accepted, origin.size) {
            (Some(_), _) => SizeQuality::Accepted,
            (None, Some(_)) => SizeQuality::Measured,
            (None, None) => SizeQuality::Missing,
        };
        self.sink.accept(Record::Submission(Submission {
            time: origin.started,
            time_quality: origin.quality,
            messages,
            message_size,
            size_quality,
            recipients,
            recipients_upper: recipients.attempted(),
            sender: origin.sender,
            client: origin.client,
            relay,
            traffic: Traffic::Relay,
            source: origin.source,
            line: origin.line,
            records,
            key: origin.digest,
        }));
    }

    /// Gives up messages that were never queued or never left, so that memory stays bounded.
    fn sweep(&mut self) {
        let now = self.newest.seconds();
        let stale = self.queue.select(|message| {
            let age = now - message.last.seconds();
            let never_queued = !message.queued && message.recipients().next().is_none();
            !message.removed && (age > NEVER_REMOVED || never_queued && age > NEVER_QUEUED)
        });
        for slot in stale {
            self.leave(slot);
        }
    }

    fn host(&mut self, name: &[u8]) -> u32 {
        if *self.last_host.0 == *name && self.last_host.1 != u32::MAX {
            return self.last_host.1;
        }
        let next = self.hosts.len() as u32;
        let host = self.hosts.get(name).copied().unwrap_or(next);
        if host == next {
            self.hosts.insert(name.into(), host);
        }
        self.last_host = (name.into(), host);
        host
    }

    fn instance(&mut self, name: &[u8]) -> u32 {
        if let Some(&instance) = self.instances.get(name) {
            return instance;
        }
        let instance = self.instances.len() as u32;
        self.instances.insert(name.into(), instance);
        instance
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

    fn skip(&mut self, reason: Skip) {
        *self.tally.skipped.entry(reason).or_default() += 1;
    }

    fn reject(&mut self, entry: &Entry<'_>, reason: &str) {
        let file = self.sink.names().source_name(entry.source).to_owned();
        self.sink.reject(Rejection { file, line: entry.line, reason: reason.to_owned() });
    }

    fn flush_tally(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.sink.records(tally.records);
        for (reason, count) in tally.skipped {
            self.sink.skip(reason, count);
        }
    }
}

/// Splits a line into what is needed to read it further, or says why it names no message.
fn entry(line: &[u8], number: u64, source: SourceId) -> Result<Entry<'_>, Skip> {
    let header = match line.first() {
        None => return Err(Skip::Header),
        Some(b'<' | b'0'..=b'9') => Header::parse_rfc5424(line).or_else(|| Header::parse(line)),
        Some(_) => Header::parse(line),
    };
    let outer = header.ok_or(Skip::Fragment)?;
    let (header, daemon) = match Daemon::of(outer.program) {
        Some(daemon) => (outer, daemon),
        None => {
            // A container's log driver puts a header of its own before the line.
            let inner = Header::parse(outer.message).ok_or(Skip::OtherProgram)?;
            (inner, Daemon::of(inner.program).ok_or(Skip::OtherProgram)?)
        }
    };
    let message = header.message;
    match line::queue_id(message) {
        Some((id, rest)) if daemon != Daemon::Other => {
            Ok(Entry { header, daemon, rest, id, source, line: number })
        }
        _ if message.starts_with(b"NOQUEUE: ") && memchr::memmem::find(message, b"reject").is_some() => {
            Err(Skip::NotAccepted)
        }
        _ => Err(Skip::Session),
    }
}

/// Where the next message begins in a stream without line ends: at a priority tag that a time follows.
fn next_in_stream(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'<', line).skip(1).find(|&at| {
        let tag = line[at + 1..].iter().take(4).position(|&b| b == b'>');
        let digits =
            tag.is_some_and(|end| end > 0 && line[at + 1..at + 1 + end].iter().all(u8::is_ascii_digit));
        digits && Header::parse(&line[at..]).is_some()
    })
}

/// Whether a delivery went to this host itself or to a filter: a loopback address or socket, a port on which
/// filters listen (amavis and its kin), or the address that the instance is named after.
fn is_near(entry: &Entry<'_>, delivery: &Delivery<'_>) -> bool {
    const FILTER_PORTS: [&[u8]; 3] = [b"10024", b"10025", b"10026"];
    let (name, ip) = line::host_parts(delivery.relay);
    let port = memchr::memrchr(b':', delivery.relay).map_or(&b""[..], |at| &delivery.relay[at + 1..]);
    let own = ip.len() >= 7 && memchr::memmem::find(line::instance(entry.header.program), ip).is_some();
    from_this_host(name, ip)
        || ip.starts_with(b"private/")
        || ip.starts_with(b"/")
        || FILTER_PORTS.contains(&port)
        || own
}

/// The instant in a message-id that Postfix made itself: `20140401025230.14E542A1CAD@host` is UTC.
pub fn own_message_id(id: &[u8], queue_id: &[u8]) -> Option<Timestamp> {
    let inner = id.strip_prefix(b"<").unwrap_or(id);
    let (digits, rest) = inner.split_at_checked(14)?;
    let own = rest.strip_prefix(b".")?.strip_prefix(queue_id)?.starts_with(b"@");
    let text = std::str::from_utf8(digits).ok().filter(|_| own)?;
    chrono::NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok().map(Timestamp::from_utc)
}

fn reason_not_counted(message: &Message) -> Skip {
    if message.refused {
        Skip::NotAccepted
    } else if message.count(Route::Probe) > 0 {
        Skip::Probe
    } else if message.count(Route::OtherRelay) > 0 {
        Skip::OtherRelay
    } else if message.count(Route::Discarded) > 0 {
        Skip::Discarded
    } else if message.count(Route::Local) > 0 {
        Skip::LocalDelivery
    } else if message.begun {
        Skip::NotAccepted
    } else {
        Skip::Event
    }
}

fn hash(bytes: &[u8]) -> u64 {
    FxBuildHasher.hash_one(bytes).max(1)
}
