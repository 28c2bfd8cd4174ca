//! Messages from send rows and status rows in any order, joined by correlation id.
//!
//! A message is some hundred bytes and a recipient a hash, so that what is held grows with real messages only. Rows
//! that repeat, as services deliver them at least once and exports overlap, add nothing.

mod ahead;

use rust_decimal::Decimal;

pub(super) use self::ahead::LOOKED_UP;
use super::values;
use super::words::Word;
use crate::ingest::grouping::{Chunks, Index, MessageKey, further_hash};
use crate::ingest::trail::{Addressee, Status, Trail};
use crate::ingest::{HostPattern, Record, Sink};
use crate::period::Timestamp;
use crate::usage::{
    ClientId, HostId, Outcome, Recipients, SenderId, SizeQuality, Skip, SourceId, Submission, TimeQuality,
    Traffic,
};

/// What every row says of its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// The correlation id.
    pub(super) id: MessageKey,
    /// The digest of the resource; 0 where the row names none.
    pub(super) resource: u32,
    /// The name of the resource.
    pub(super) relay: HostId,
    /// Seconds since 1970.
    pub(super) time: u32,
    /// How the time became an instant.
    pub(super) time_quality: TimeQuality,
    /// The input.
    pub(super) source: SourceId,
    /// The line.
    pub(super) line: u64,
}

/// What a send row says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Send {
    /// Recipients.
    pub(super) recipients: u32,
    /// Megabytes of one copy; 0: missing.
    pub(super) megabytes: Decimal,
    /// What handed it in.
    pub(super) client: ClientId,
}

/// One message.
#[derive(Clone, Copy, Debug)]
struct Message {
    facts: Facts,
    send: Option<Send>,
    sender: SenderId,
    /// Whether only a row on the whole message names the sender.
    has_sender_of_level: bool,
    /// Whether its send rows say different things.
    differs: bool,
    /// Rows on the whole message.
    level_rows: u32,
    /// The last final word on the whole message, as `Dropped`, and its time: the fate of recipients without their own.
    level: Option<(u32, Word)>,
    /// Recipients with a status, by outcome.
    outcomes: [u32; Outcome::ALL.len()],
}

/// One recipient with a status.
#[derive(Clone, Copy, Debug)]
struct Recipient {
    hash: u64,
    message: u32,
    /// When it had the status that stands.
    time: u32,
    word: Word,
    /// The words of its rows, as bits.
    seen: u16,
}

/// All messages of a run.
#[derive(Debug, Default)]
pub(super) struct Messages {
    messages: Chunks<Message>,
    index: Index,
    recipients: Chunks<Recipient>,
    recipient_index: Index,
}

impl Messages {
    /// The number of a message, which is added where it is new. Rows without a resource, as queries that leave the
    /// column out give them, belong to any with their id.
    fn message(&mut self, facts: &Facts) -> u32 {
        let (messages, next) = (&self.messages, self.messages.next_number());
        let at = self.index.find_or_add(facts.id.hash(), next, |at| {
            let known = &messages.at(at).facts;
            let [one, other] = [known.resource, facts.resource];
            known.id == facts.id && (one == other || one == 0 || other == 0)
        });
        if at == next {
            self.messages.push(Message {
                facts: *facts,
                send: None,
                sender: SenderId::UNKNOWN,
                has_sender_of_level: false,
                differs: false,
                level_rows: 0,
                level: None,
                outcomes: [0; Outcome::ALL.len()],
            });
        } else {
            let known = &mut self.messages.at_mut(at).facts;
            if known.resource == 0 {
                (known.resource, known.relay) = (facts.resource, facts.relay);
            }
        }
        at
    }

    /// Adds a send row; whether it is the first of its message. Of several the earliest stands, whatever the order.
    pub(super) fn send(&mut self, facts: &Facts, send: Send) -> bool {
        let at = self.message(facts);
        let message = self.messages.at_mut(at);
        let stands = message.send.is_none_or(|known| {
            message.differs |= (known.recipients, known.megabytes) != (send.recipients, send.megabytes);
            let larger = (known.recipients, known.megabytes) < (send.recipients, send.megabytes);
            (facts.time, !larger) < (message.facts.time, larger)
        });
        let is_first = message.send.is_none();
        if stands {
            let Facts { resource, relay, .. } = message.facts;
            message.facts = Facts { resource, relay, ..*facts };
            message.send = Some(send);
        }
        is_first
    }

    /// Adds a row on a message as a whole. What becomes of it shows at the end.
    pub(super) fn level(&mut self, facts: &Facts, word: Word, sender: SenderId) {
        let at = self.message(facts);
        let message = self.messages.at_mut(at);
        message.note_time(facts);
        message.level_rows = message.level_rows.saturating_add(1);
        if word.is_final() {
            message.level = message.level.max(Some((facts.time, word)));
        }
        if message.sender == SenderId::UNKNOWN && sender != SenderId::UNKNOWN {
            message.sender = sender;
            message.has_sender_of_level = true;
        }
    }

    /// Adds a status row of a recipient, by the hash of its id: the reason why the row adds nothing, or none.
    pub(super) fn status(&mut self, facts: &Facts, hash: u64, word: Word, sender: SenderId) -> Option<Skip> {
        let number = self.message(facts);
        let new = Recipient { hash, message: number, time: facts.time, word, seen: word.bit() };
        let (recipients, next) = (&self.recipients, self.recipients.next_number());
        let place = further_hash(number, hash);
        let at = self.recipient_index.find_or_add(place, next, |at| {
            let known = recipients.at(at);
            (known.hash, known.message) == (hash, number)
        });
        let message = self.messages.at_mut(number);
        message.note_time(facts);
        if sender != SenderId::UNKNOWN && (message.sender == SenderId::UNKNOWN || message.has_sender_of_level)
        {
            message.sender = sender;
            message.has_sender_of_level = false;
        }
        if at == next {
            self.recipients.push(new);
            message.outcomes[word.outcome() as usize] += 1;
            return None;
        }
        let known = self.recipients.at_mut(at);
        let repeats = known.seen & word.bit() != 0;
        known.seen |= word.bit();
        if (word.rank(), facts.time, word) > (known.word.rank(), known.time, known.word) {
            message.outcomes[known.word.outcome() as usize] -= 1;
            message.outcomes[word.outcome() as usize] += 1;
            (known.word, known.time) = (word, facts.time);
        }
        Some(if repeats { Skip::Duplicate } else { Skip::Event })
    }

    /// Hands over every message, in the order in which it was first seen; those of other resources are skipped.
    pub(super) fn deliver(self, hosts: &[HostPattern], sink: &mut dyn Sink) {
        let mut remarks = Remarks::default();
        let listed = if sink.wants_trails() { self.listed() } else { Vec::new() };
        let mut listed = listed.chunk_by(|one, next| one.0 == next.0).peekable();
        for number in 0..self.messages.next_number() {
            let message = self.messages.at(number);
            remarks.note(message);
            let own = listed.next_if(|own| own.first().is_some_and(|one| one.0 == number));
            message.deliver(hosts, own.unwrap_or_default(), sink);
        }
        remarks.warn(sink);
    }

    /// All recipients with a status, those of each message together.
    fn listed(&self) -> Vec<(u32, Addressee)> {
        let addressee = |at| {
            let one: &Recipient = self.recipients.at(at);
            let status = status_of(one.word.outcome());
            (one.message, Addressee { hash: one.hash, status, accepted: false })
        };
        let mut listed: Vec<_> = (0..self.recipients.next_number()).map(addressee).collect();
        listed.sort_unstable_by_key(|(message, one)| (*message, one.hash));
        listed
    }
}

impl Message {
    /// Until the send row is there, the first status is the nearest to the acceptance.
    fn note_time(&mut self, facts: &Facts) {
        if self.send.is_none() && facts.time < self.facts.time {
            (self.facts.time, self.facts.time_quality) = (facts.time, facts.time_quality);
        }
    }

    fn proven(&self) -> u32 {
        self.outcomes.iter().sum()
    }

    /// What the send row states; status rows of more recipients than that are of real ones.
    fn attempted(&self) -> u32 {
        self.send.map_or(0, |send| send.recipients).max(self.proven())
    }

    fn deliver(&self, hosts: &[HostPattern], listed: &[(u32, Addressee)], sink: &mut dyn Sink) {
        let level_rows = u64::from(self.level_rows);
        let rows = u64::from(self.send.is_some()) + u64::from(self.proven());
        if self.attempted() == 0 {
            if sink.wants_trails() {
                sink.unfinished(&self.submission(rows + level_rows), &self.trail(&[]));
            }
            return sink.skip_message(Skip::NoRecipient, rows + level_rows);
        }
        let used_level_rows = u64::from(self.has_sender_of_level);
        if level_rows > used_level_rows {
            sink.skip(Skip::Event, level_rows - used_level_rows);
        }
        let records = rows + used_level_rows;
        if !is_through(hosts, sink.names().host_name(self.facts.relay)) {
            return sink.skip_message(Skip::OtherRelay, records);
        }
        let submission = self.submission(records);
        if sink.wants_trails() {
            let listed: Vec<Addressee> = listed.iter().map(|(_, one)| *one).collect();
            sink.accept_with(submission, &self.trail(&listed));
        } else {
            sink.accept(Record::Submission(submission));
        }
    }

    /// What became of recipients without a status of their own.
    fn fate(&self) -> Outcome {
        self.level.map_or(Outcome::Unknown, |(_, word)| word.outcome())
    }

    /// What a later read of the message needs. Every row names its key, and none says that it is the last.
    fn trail<'a>(&self, listed: &'a [Addressee]) -> Trail<'a> {
        let last = Timestamp::from_seconds(self.facts.time.into());
        Trail {
            stated: self.send.map_or(0, |send| send.recipients.into()),
            rest: status_of(self.fate()),
            ..Trail::of_key(last, self.send.is_some(), listed)
        }
    }

    fn submission(&self, records: u64) -> Submission {
        let facts = &self.facts;
        let fate = self.fate();
        let without_status = u64::from(self.attempted() - self.proven());
        let counted = |outcome: Outcome| {
            u64::from(self.outcomes[outcome as usize]) + if outcome == fate { without_status } else { 0 }
        };
        let recipients = Recipients {
            delivered: counted(Outcome::Delivered),
            open: counted(Outcome::Open),
            bounced: counted(Outcome::Bounced),
            filtered: counted(Outcome::Filtered),
            unknown: counted(Outcome::Unknown),
        };
        let megabytes = self.send.map(|send| send.megabytes).filter(|megabytes| !megabytes.is_zero());
        let resource = facts.resource.to_be_bytes();
        Submission {
            time: Timestamp::from_seconds(facts.time.into()),
            time_quality: facts.time_quality,
            messages: 1,
            message_size: megabytes.map(values::bytes),
            size_quality: megabytes
                .map_or(SizeQuality::Missing, |megabytes| SizeQuality::Stated { megabytes }),
            recipients,
            recipients_upper: recipients.attempted(),
            sender: self.sender,
            client: self.send.map_or(ClientId::UNKNOWN, |send| send.client),
            relay: facts.relay,
            traffic: Traffic::Relay,
            source: facts.source,
            line: facts.line,
            records,
            key: MessageKey::of_parts(&[b"acs", &facts.id.bits().to_be_bytes(), &resource]).bits(),
        }
    }
}

/// An outcome as a store keeps it.
fn status_of(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Delivered => Status::Delivered,
        Outcome::Open => Status::Open,
        Outcome::Bounced => Status::Bounced,
        Outcome::Filtered => Status::Filtered,
        Outcome::Unknown => Status::Unknown,
    }
}

/// Whether a message went through one of the resources; without any, every message counts. Resources have names
/// only.
fn is_through(hosts: &[HostPattern], resource: &str) -> bool {
    hosts.is_empty()
        || hosts.iter().any(|host| match host {
            HostPattern::Name(wanted) => resource == wanted,
            HostPattern::Below(domain) => resource.ends_with(domain.as_str()),
            HostPattern::Network(_) => false,
        })
}

/// Messages of which something is missing or odd.
#[derive(Debug, Default)]
struct Remarks {
    messages: u64,
    without_send: u64,
    without_status: u64,
    differing: u64,
    understated: u64,
}

impl Remarks {
    fn note(&mut self, message: &Message) {
        let (has_send, proven) = (message.send.is_some(), message.proven());
        self.messages += 1;
        self.without_send += u64::from(!has_send);
        self.without_status += u64::from(proven == 0 && message.level_rows == 0);
        self.differing += u64::from(message.differs);
        self.understated += u64::from(message.send.is_some_and(|send| send.recipients < proven));
    }

    fn warn(&self, sink: &mut dyn Sink) {
        let of_all = |count: u64| format!("{count} of {}", self.messages);
        let remarks = [
            (
                self.without_send,
                "messages with status rows and no send row: {}: the recipients that their rows name count, their \
                 sizes are missing; read EmailSendMailOperational of the same time too",
            ),
            (
                self.without_status,
                "messages with a send row and no status rows: {}: their sender and what became of their recipients \
                 are unknown; read EmailStatusUpdateOperational of the same time too",
            ),
            (
                self.differing,
                "messages whose send rows repeat with other counts or sizes: {}: the earliest row counts",
            ),
            (
                self.understated,
                "messages with status rows of more recipients than their send row states: {}: all of them count",
            ),
        ];
        for (count, text) in remarks {
            if count > 0 {
                sink.warn(text.replace("{}", &of_all(count)));
            }
        }
    }
}
