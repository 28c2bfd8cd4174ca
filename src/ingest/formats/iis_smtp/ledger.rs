//! Messages that were accepted: which of them were read before, and what is handed on of them.
//!
//! The log gives a message no number that all rows share. Two messages are one where time, client, service, size
//! and Message-ID are the same, and then of each as many count as the input with the most has: a copy, an
//! overlapping part or a second export add nothing. One whose first rows are not in a part waits for the end: where
//! another part has it whole, that one counts.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::clock::Timed;
use super::row::Row;
use super::transaction::Transaction;
use crate::ingest::grouping::{MessageKey, Repeats};
use crate::ingest::trail::{Addressee, Status, Trail};
use crate::ingest::{Record, Sink};
use crate::usage::{ClientId, HostId, Recipients, SenderId, SizeQuality, Skip, Submission, Traffic};

/// An accepted message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) transaction: Transaction,
    pub(super) time: Timed,
    pub(super) size: Option<u64>,
    pub(super) client: ClientId,
    pub(super) key: MessageKey,
}

/// All accepted messages of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    repeats: Repeats,
    headless: Vec<Message>,
    /// Messages that counted without a measured size.
    pub(super) unmeasured: u64,
    /// Messages of which no row names the sender.
    pub(super) senderless: u64,
}

impl Ledger {
    /// Begins the next part.
    pub(super) fn begin(&mut self) {
        self.repeats.begin_input();
    }

    /// Takes a message.
    pub(super) fn take(&mut self, message: Message, sink: &mut dyn Sink) {
        let records = message.transaction.records;
        if message.transaction.recipient_count() == 0 {
            sink.skip_message(Skip::NoRecipient, records);
        } else if message.transaction.sender.is_none() {
            self.headless.push(message);
        } else if self.repeats.repeats(message.key.hash()) {
            sink.skip_message(Skip::Duplicate, records);
        } else {
            self.hand_on(&message, sink);
        }
    }

    /// Ends the run: messages without their first rows count where no part has them whole.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        for message in std::mem::take(&mut self.headless) {
            if self.repeats.is_known_id(message.key.hash()) {
                sink.skip_message(Skip::Duplicate, message.transaction.records);
            } else {
                self.senderless += 1;
                self.hand_on(&message, sink);
            }
        }
    }

    fn hand_on(&mut self, message: &Message, sink: &mut dyn Sink) {
        let transaction = &message.transaction;
        let measured = message.size.is_some();
        let size = message.size.or(transaction.declared);
        self.unmeasured += u64::from(!measured);
        let unknown = transaction.recipient_count();
        let (source, line) = transaction.place;
        let submission = Submission {
            time: message.time.0,
            time_quality: message.time.1,
            messages: 1,
            message_size: size,
            size_quality: match (measured, size) {
                (true, _) => SizeQuality::Measured,
                (false, Some(_)) => SizeQuality::Declared,
                (false, None) => SizeQuality::Missing,
            },
            recipients: Recipients { unknown, ..Recipients::default() },
            recipients_upper: unknown,
            sender: transaction.sender.unwrap_or(SenderId::UNKNOWN),
            client: message.client,
            relay: HostId::UNKNOWN,
            traffic: Traffic::Relay,
            source,
            line,
            records: transaction.records,
            key: message.key.bits(),
        };
        if !sink.wants_trails() {
            return sink.accept(Record::Submission(submission));
        }
        let listed: Vec<Addressee> = transaction
            .listed()
            .map(|hash| Addressee { hash, status: Status::Unknown, accepted: false })
            .collect();
        let begun = transaction.sender.is_some();
        let trail = Trail { stated: unknown, ..Trail::of_key(submission.time, begun, &listed) };
        sink.accept_with(submission, &trail);
    }
}

/// What identifies a client: its rows belong together.
pub(super) fn client_key(row: &Row<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    for text in [row.client, row.name, row.service, row.server] {
        hasher.write(text);
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

/// What identifies a message: when, as it is logged, and by whom it was handed in, its size and its Message-ID. Where
/// the row leaves out the day, which directives give in UTC, the instant tells it.
pub(super) fn message_key(row: &Row<'_>, time: Timed) -> MessageKey {
    let seconds = time.0.seconds().to_be_bytes();
    let date: &[u8] = if row.date.is_empty() { &seconds } else { row.date };
    let size = row.received.unwrap_or(0).to_be_bytes();
    let who: [&[u8]; 4] = [row.client, row.name, row.service, row.server];
    MessageKey::of_parts(&[b"iis", date, row.time, who[0], who[1], who[2], who[3], &size, row.query])
}
