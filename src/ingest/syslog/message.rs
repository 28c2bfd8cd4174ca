//! One message of a mail system that does not log when a message leaves its queue: everything its lines said, under
//! all its queue ids, until every recipient came to an end.
//!
//! Keeping many of them apart is left to [`super::under_way`].

use rustc_hash::FxHashMap;

use crate::ingest::origin::Origin;
use crate::ingest::trail::{self, Addressee, Trail};
use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, Recipients, SenderId, Skip, SourceId, TimeQuality};

/// What became of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Handed over.
    Sent,
    /// Will be tried again.
    Deferred,
    /// Given up.
    Bounced,
    /// Cut off.
    Unknown,
}

/// Where a recipient's mail went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// To another host: what is counted.
    External,
    /// To another host that `--relay-host` does not name.
    OtherRelay,
    /// To a mailbox, file or command.
    Local,
    /// Thrown away.
    Discarded,
    /// To the mail server of this host, which did not take it.
    Near,
    /// To a mail server in whose log it goes on.
    Passed,
}

/// A recipient, known only by the hash of its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recipient {
    /// What became of it.
    pub status: Status,
    /// Where its mail went.
    pub route: Route,
}

/// A mail from its first queue id on.
#[derive(Clone, Debug)]
pub struct Message {
    /// The key of the first queue id, and those of the queue ids in which it went on.
    pub key: u64,
    /// Further keys.
    pub others: Vec<u64>,
    /// The one of them to which it was handed over.
    onward: Option<u64>,
    /// The hash of the host's name.
    pub host: u64,
    /// When it was taken in.
    pub started: Timestamp,
    /// The last line's instant.
    pub last: Timestamp,
    /// How good `started` is.
    pub quality: TimeQuality,
    /// The input of the first line.
    pub source: SourceId,
    /// The first line.
    pub line: u64,
    /// Digest of host and queue id.
    pub digest: u128,
    /// Who handed it in.
    pub client: ClientId,
    /// The envelope sender.
    pub sender: SenderId,
    /// Bytes by the queue.
    pub size: Option<u64>,
    /// Bytes by the accepting service.
    pub accepted_size: Option<u64>,
    /// The external next host.
    pub relay: HostId,
    /// Whether the line that tells the sender was seen.
    pub handed_in: bool,
    /// Recipients that lines of the senders announced.
    pub expected: u64,
    /// Whether it was refused as a whole.
    pub refused: bool,
    /// Whether a filter threw it away.
    pub discarded: bool,
    /// Whether it is a copy of what is counted by another host's log, or a late part of what was counted.
    pub counted_elsewhere: bool,
    /// Messages that it stands for: 0 for recipients that came after it was counted.
    pub messages: u64,
    /// Whether it waits to be let go.
    pub leaving: bool,
    /// Lines read.
    pub records: u64,
    recipients: FxHashMap<u64, Recipient>,
    deferred: usize,
    /// Whether the queue gave up what was still deferred.
    gave_up: bool,
    /// Recipients that went on under a queue id of which no line was seen so far.
    awaited: Vec<(u64, u64)>,
}

impl Recipient {
    /// What became of it, as a store keeps it.
    fn trail_status(&self) -> trail::Status {
        match (self.route, self.status) {
            (Route::Local, _) => trail::Status::Local,
            (Route::External, Status::Sent) => trail::Status::Delivered,
            (Route::External, Status::Deferred) => trail::Status::Open,
            (Route::External, Status::Bounced) => trail::Status::Bounced,
            (Route::External, Status::Unknown) => trail::Status::Unknown,
            (Route::OtherRelay | Route::Discarded | Route::Near | Route::Passed, _) => {
                trail::Status::Elsewhere
            }
        }
    }
}

impl Message {
    /// Who handed it in, and when.
    pub fn origin(&self) -> Origin {
        let Message { started, quality, source, line, digest, client, sender, size, .. } = *self;
        Origin { started, quality, source, line, digest, client, sender, size }
    }

    /// A message of which nothing is known but where its first line stands.
    pub fn new(key: u64, host: u64, digest: u128, time: Timestamp, source: SourceId, line: u64) -> Message {
        Message {
            key,
            others: Vec::new(),
            onward: None,
            host,
            started: time,
            last: time,
            quality: TimeQuality::Exact,
            source,
            line,
            digest,
            client: ClientId::UNKNOWN,
            sender: SenderId::UNKNOWN,
            size: None,
            accepted_size: None,
            relay: HostId::UNKNOWN,
            handed_in: false,
            expected: 0,
            refused: false,
            discarded: false,
            counted_elsewhere: false,
            messages: 1,
            leaving: false,
            records: 0,
            recipients: FxHashMap::default(),
            deferred: 0,
            gave_up: false,
            awaited: Vec::new(),
        }
    }

    /// Notes what became of a recipient, and says whether it is news. Repeated lines are retries: what was handed
    /// over stays so.
    pub fn deliver(&mut self, hash: u64, new: Recipient) -> bool {
        let known = self.recipients.get(&hash).map(|known| known.status);
        if known == Some(Status::Sent) {
            return false;
        }
        self.deferred -= usize::from(known == Some(Status::Deferred));
        self.deferred += usize::from(new.status == Status::Deferred);
        self.recipients.insert(hash, new);
        true
    }

    /// Forgets a recipient whose mail goes on elsewhere.
    pub fn forget(&mut self, hash: u64) {
        let known = self.recipients.remove(&hash);
        self.deferred -= usize::from(known.is_some_and(|known| known.status == Status::Deferred));
    }

    /// Notes a next host. A message that leaves through several has none of them for its own.
    pub fn pass(&mut self, relay: HostId) {
        let same = self.relay == HostId::UNKNOWN || self.relay == relay || relay == HostId::UNKNOWN;
        self.relay = match (same, relay) {
            (true, HostId::UNKNOWN) => self.relay,
            (true, relay) => relay,
            (false, _) => HostId::SEVERAL,
        };
    }

    /// Notes recipients that go on under a queue id of which no line was seen.
    pub fn wait_for(&mut self, key: u64, recipients: u64) {
        match self.awaited.iter_mut().find(|(known, _)| *known == key) {
            Some((_, count)) => *count += recipients,
            None => self.awaited.push((key, recipients)),
        }
    }

    /// Notes that a line of a queue id was seen.
    pub fn found(&mut self, key: u64) {
        self.awaited.retain(|(known, _)| *known != key);
    }

    /// Notes that the queue gave up what was still deferred.
    pub fn give_up(&mut self) {
        for recipient in self.recipients.values_mut().filter(|one| one.status == Status::Deferred) {
            recipient.status = Status::Bounced;
        }
        self.deferred = 0;
        self.gave_up = true;
    }

    /// Takes in a message that is this one's next leg.
    pub fn take_in(&mut self, later: Message) {
        self.others.push(later.key);
        self.others.extend(later.others);
        self.onward = later.onward.or(self.onward);
        self.started = self.started.min(later.started);
        self.last = self.last.max(later.last);
        self.size = self.size.or(later.size);
        if self.sender == SenderId::UNKNOWN {
            self.sender = later.sender;
        }
        self.accepted_size = self.accepted_size.max(later.accepted_size);
        self.pass(later.relay);
        self.expected += later.expected;
        self.refused |= later.refused;
        self.gave_up |= later.gave_up;
        self.discarded |= later.discarded;
        self.records += later.records;
        self.awaited.extend(later.awaited);
        for (hash, recipient) in later.recipients {
            self.deliver(hash, recipient);
        }
    }

    /// Whether every announced recipient came to an end.
    pub fn is_complete(&self) -> bool {
        let seen = self.recipients.len() as u64;
        self.refused
            || self.discarded
            || seen > 0 && self.deferred == 0 && self.awaited.is_empty() && seen >= self.expected
    }

    /// Whether a recipient waits for a further attempt.
    pub fn is_deferred(&self) -> bool {
        self.deferred > 0
    }

    /// The recipients that count, by outcome. `ended` says that the log ends where the message stands: what was
    /// announced and not yet tried is open. Otherwise only a message without any attempt is.
    pub fn external(&self, ended: bool) -> Recipients {
        let mut counts = Recipients::default();
        if self.refused || self.discarded {
            return counts;
        }
        for recipient in self.recipients.values().filter(|recipient| recipient.route == Route::External) {
            match recipient.status {
                Status::Sent => counts.delivered += 1,
                Status::Deferred => counts.open += 1,
                Status::Bounced => counts.bounced += 1,
                Status::Unknown => counts.unknown += 1,
            }
        }
        counts.unknown += self.awaited.iter().map(|(_, count)| count).sum::<u64>();
        let seen = self.recipients.len() as u64;
        if seen == 0 || ended {
            counts.open += self.expected.saturating_sub(seen);
        }
        counts
    }

    /// What a later read needs to go on with it; `at_end` as `ended` with [`Message::external`]. A message that was
    /// silent for long has `rested`: without the line that announces recipients, that is its end.
    pub fn trail<'a>(&self, at_end: bool, rested: bool, listed: &'a mut Vec<Addressee>) -> Trail<'a> {
        let is_void = self.refused || self.discarded;
        let mut awaited: u64 = self.awaited.iter().map(|(_, count)| count).sum();
        listed.clear();
        listed.extend(self.recipients.iter().map(|(&hash, one)| {
            // What went on under an id of which no line was read is unknown.
            let is_awaited = one.route == Route::Passed && awaited > 0;
            awaited -= u64::from(is_awaited);
            let status = match (is_void, is_awaited) {
                (true, _) => trail::Status::Elsewhere,
                (false, true) => trail::Status::Unknown,
                (false, false) => one.trail_status(),
            };
            Addressee { hash, status, accepted: false }
        }));
        listed.sort_unstable_by_key(|one| one.hash);
        let gave_up = self.gave_up && self.deferred == 0 && listed.len() as u64 >= self.expected;
        Trail {
            thread: Some(self.onward.unwrap_or(self.key)),
            last: self.last,
            begun: self.handed_in,
            ended: is_void || gave_up || self.is_complete() && (self.handed_in || rested),
            stated: if is_void || !(at_end || listed.is_empty()) { 0 } else { self.expected },
            rest: match (is_void, gave_up) {
                (true, _) => trail::Status::Elsewhere,
                (false, true) => trail::Status::Bounced,
                (false, false) => trail::Status::Open,
            },
            accepted: false,
            recipients: listed,
        }
    }

    /// Notes the queue id in which all recipients go on; what is read of them later stands under it.
    pub fn pass_to(&mut self, next: u64) {
        self.onward = self.onward.or(Some(next));
    }

    /// The threads of the queue ids before that in which it went on.
    pub fn threads_before(&self) -> impl Iterator<Item = u64> {
        let all = std::iter::once(&self.key).chain(&self.others).copied();
        all.filter(|thread| self.onward.is_some_and(|onward| onward != *thread))
    }

    /// Why no recipient counts.
    pub fn reason(&self) -> Skip {
        let has = |route: Route| self.recipients.values().any(|recipient| recipient.route == route);
        if self.refused {
            Skip::NotAccepted
        } else if has(Route::OtherRelay) {
            Skip::OtherRelay
        } else if self.discarded || has(Route::Discarded) {
            Skip::Discarded
        } else if has(Route::Local) {
            Skip::LocalDelivery
        } else if has(Route::Near) {
            Skip::NotAccepted
        } else if has(Route::Passed) {
            Skip::FilterHop
        } else {
            Skip::Event
        }
    }
}
