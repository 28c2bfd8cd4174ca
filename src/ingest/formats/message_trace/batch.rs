//! What the rows of a block say, before it is known which messages of the run they are of.
//!
//! Blocks are read on several cores; [`Merger`] takes what they say in the order of the rows, with the same result as
//! if they had been read one by one.

use super::row::Against;
use crate::ingest::Sink;
use crate::ingest::grouping::{
    Facts, MessageKey, Messages, Received, Resolved, Row, Standing, Status, Written,
};
use crate::period::Timestamp;
use crate::usage::{Rejection, Skip};

/// Reasons that rows of traces are skipped for while they are read.
const REASONS: [Skip; 4] = [Skip::Duplicate, Skip::Event, Skip::Routing, Skip::Header];

/// What one row says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) key: MessageKey,
    pub(super) time: Timestamp,
    pub(super) date_only: bool,
    pub(super) size: Option<u64>,
    /// The number of its origin in the block.
    pub(super) origin: u32,
    pub(super) line: u64,
    /// Where its recipients are in the block.
    pub(super) recipients: (u32, u32),
    pub(super) kind: Kind,
}

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// One recipient.
    Recipient,
    /// The message with its recipients.
    Message,
    /// The acceptance of the message.
    Accepted {
        /// Nanoseconds within the second.
        nanoseconds: u32,
        /// The number of recipients that it states, where it is more than it lists.
        stated: u32,
    },
    /// What became of recipients; what the row is where they were known.
    Outcome(Skip),
}

/// What the rows of a block say.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) written: Written,
    pub(super) said: Vec<Said>,
    /// Recipients of all rows, by hash, and what became of them.
    pub(super) recipients: Vec<(u64, Status)>,
    /// Records of any kind.
    pub(super) records: u64,
    skipped: [u64; REASONS.len()],
    rejections: Vec<(u64, String)>,
    /// Rows with a status that is not understood.
    pub(super) unclear: u64,
    /// The first cell that speaks against the notation of the input.
    pub(super) against: Option<Against>,
    /// Rows up to each end of a file within the input, and behind the last of them.
    pub(super) ended: Vec<u64>,
    pub(super) rows: u64,
}

impl Batch {
    /// Notes a row that is not counted.
    pub(super) fn skip(&mut self, reason: Skip) {
        count(&mut self.skipped, reason);
    }

    /// Notes a row that cannot be read.
    pub(super) fn reject(&mut self, line: u64, reason: String) {
        self.rejections.push((line, reason));
    }
}

/// Adds what batches say to the messages of the run.
pub(super) struct Merger<'a> {
    messages: &'a mut Messages,
    pub(super) sink: &'a mut dyn Sink,
    /// Rows with a status that is not understood.
    pub(super) unclear: u64,
    /// The first cell of the input that speaks against its notation.
    pub(super) against: Option<Against>,
}

impl<'a> Merger<'a> {
    /// A merger that has taken nothing.
    pub(super) fn new(messages: &'a mut Messages, sink: &'a mut dyn Sink) -> Merger<'a> {
        Merger { messages, sink, unclear: 0, against: None }
    }

    /// Begins an input.
    pub(super) fn begin_input(&mut self, name: &str) {
        let source = self.sink.names().add_source(name);
        self.messages.begin_input(source);
    }

    /// Takes what the next rows of an input say.
    pub(super) fn merge(&mut self, batch: Batch, input: &str) {
        let origins = batch.written.resolve(self.sink.names());
        let (mut duplicates, mut otherwise) = (0, [0; REASONS.len()]);
        for said in &batch.said {
            let Some(origin) = origins.get(said.origin as usize) else { continue };
            let (from, len) = (said.recipients.0 as usize, said.recipients.1 as usize);
            let recipients = batch.recipients.get(from..from + len).unwrap_or_default();
            match self.add(said, origin, recipients, &mut duplicates) {
                true => {}
                false => match said.kind {
                    Kind::Outcome(reason) => count(&mut otherwise, reason),
                    _ => duplicates += 1,
                },
            }
        }
        self.sink.records(batch.records);
        self.sink.skip(Skip::Duplicate, duplicates);
        for (at, reason) in REASONS.into_iter().enumerate() {
            self.sink.skip(reason, batch.skipped[at] + otherwise[at]);
        }
        for (line, reason) in batch.rejections {
            self.sink.reject(Rejection { file: input.to_owned(), line, reason });
        }
        self.unclear += batch.unclear;
        self.against = self.against.take().or(batch.against);
    }

    /// Adds a row to its message; whether it is counted with it.
    fn add(
        &mut self,
        said: &Said,
        origin: &Resolved,
        recipients: &[(u64, Status)],
        duplicates: &mut u64,
    ) -> bool {
        let facts = Facts {
            key: said.key,
            time: said.time,
            date_only: said.date_only,
            zone_assumed: false,
            size: said.size,
            size_declared: false,
            origin: origin.origin,
            line: said.line,
        };
        let first = match said.kind {
            Kind::Accepted { nanoseconds, stated } => {
                let received = Received { nanoseconds, stated, texts: origin.digest, is_hop: false };
                let Standing::Settles { slot, replaced } = self.messages.accept(&facts, received) else {
                    return false;
                };
                *duplicates += replaced;
                return self.messages.settle(slot, recipients.iter().map(|(hash, _)| *hash));
            }
            Kind::Recipient => Row::Own,
            Kind::Message => Row::Message,
            Kind::Outcome(_) => Row::Event,
        };
        let slot = self.messages.message_by(&facts, origin.digest);
        let mut news = false;
        for (hash, status) in recipients {
            let row = if news { Row::Rest } else { first };
            news |= self.messages.recipient(slot, *hash, *status, row);
        }
        news
    }
}

fn count(skipped: &mut [u64; REASONS.len()], reason: Skip) {
    if let Some(at) = REASONS.iter().position(|known| *known == reason) {
        skipped[at] += 1;
    }
}
