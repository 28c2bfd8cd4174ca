//! What is done with the records of a run one after the other, before shares of the messages take them at once: they
//! get places, and their origins the ids of the run, in the order in which they were read.

use super::batch::{Batch, Kind, Said};
use super::origins::{Origins, Teller, Told};
use super::positions::Positions;
use super::shard::Shard;
use super::written::{KnownOrigins, Resolved};
use super::{Facts, MessageKey, Row, Standing, Status};
use crate::ingest::Sink;
use crate::usage::{Rejection, Skip, SourceId};

/// The state of a run over all inputs.
#[derive(Debug, Default)]
pub(super) struct Intake {
    pub(super) positions: Positions,
    known: KnownOrigins,
    origins: Origins,
}

/// Records with all that shares of the messages need to take them.
#[derive(Debug)]
pub(super) struct Rows {
    /// Each with the end of its recipients.
    said: Vec<(Said, u32)>,
    /// The share that each belongs to.
    pub(super) shards: Vec<u8>,
    places: Vec<u32>,
    recipients: Vec<(u64, Status)>,
    origins: Vec<Resolved>,
}

/// One record with all that its share of the messages needs to take it.
#[derive(Clone, Copy, Debug)]
pub(super) struct One<'a> {
    pub(super) said: &'a Said,
    pub(super) place: u32,
    pub(super) told: Teller,
    pub(super) recipients: &'a [(u64, Status)],
}

impl Rows {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    /// A record, by its number.
    #[inline]
    pub(super) fn at(&self, at: usize) -> Option<One<'_>> {
        let from = at.checked_sub(1).and_then(|before| self.said.get(before)).map_or(0, |(_, end)| *end);
        let ((said, end), place) = self.said.get(at).zip(self.places.get(at))?;
        let recipients = self.recipients.get(from as usize..*end as usize).unwrap_or_default();
        let told = self.origins.get(said.origin as usize)?.teller(said.kind.has_weight());
        Some(One { said, place: *place, told, recipients })
    }

    /// The key of a record.
    pub(super) fn key(&self, at: usize) -> Option<MessageKey> {
        self.said.get(at).map(|(said, _)| said.key)
    }
}

impl Intake {
    /// What records told.
    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Begins an input; the lines of later records are in it.
    pub(super) fn begin_input(&mut self, source: SourceId) {
        self.positions.begin(source);
    }

    /// The place of the next record, by its line.
    pub(super) fn place(&mut self, line: u64) -> u32 {
        self.positions.of(line)
    }

    /// Takes the next records of an input; those that are of no message end here.
    pub(super) fn take(&mut self, batch: Batch, input: &str, sink: &mut dyn Sink) -> Rows {
        let Batch { written, recipients, records, said, shards, skipped, rejections } = batch;
        let numbers = self.known.of(&written, sink.names());
        let mut places = Vec::with_capacity(said.len());
        // Other threads wait while it is held, and most records bring no new origin.
        let mut table = None;
        for (said, _) in &said {
            places.push(self.positions.of(said.line));
            let number = numbers.get(said.origin as usize).filter(|_| said.kind.has_weight());
            if let Some(origin) = number.and_then(|number| self.known.at(*number)) {
                let told = Told::of(origin.origin, origin.digest);
                let table = &mut table;
                let add = || table.get_or_insert_with(|| self.origins.lock()).find_or_add(told);
                origin.number.get_or_insert_with(add);
            }
        }
        drop(table);
        let origins = numbers.iter().filter_map(|number| self.known.at(*number).copied()).collect();
        sink.records(records);
        for (reason, records) in skipped {
            sink.skip(reason, records);
        }
        for (line, reason) in rejections {
            sink.reject(Rejection { file: input.to_owned(), line, reason });
        }
        Rows { said, shards, places, recipients, origins }
    }
}

impl Shard {
    /// Whether it has a message. Each look-up waits for memory: those of several records wait together, and those of
    /// one after the other wait one after the other.
    pub(super) fn knows(&self, key: MessageKey) -> bool {
        let parts = key.parts();
        self.index.find(key.hash(), |at| self.messages.at(at).key == parts).is_some()
    }

    /// Takes a record.
    pub(super) fn take(&mut self, one: &One<'_>) {
        if !self.add(one) {
            match one.said.kind {
                Kind::Outcome { otherwise, .. } => self.uncounted.skip(otherwise, 1),
                _ => self.uncounted.skip(Skip::Duplicate, 1),
            }
        }
    }

    /// Adds a record to its message; whether it is counted with it.
    fn add(&mut self, one: &One<'_>) -> bool {
        let One { said, place, told, recipients } = one;
        let facts = Facts {
            key: said.key,
            time: said.time,
            date_only: said.date_only,
            zone_assumed: false,
            size: said.size,
            size_declared: false,
            origin: told.told.origin,
            line: said.line,
        };
        let first = match said.kind {
            Kind::Accepted(received) => {
                let standing = self.accept_told((&facts, *place), received, told);
                let Standing::Settles { slot, replaced } = standing else {
                    return false;
                };
                self.uncounted.skip(Skip::Duplicate, replaced);
                return self.settle(slot, recipients.iter().map(|(hash, _)| *hash));
            }
            Kind::Recipient => Row::Own,
            Kind::Message => Row::Message,
            Kind::Outcome { .. } => Row::Event,
        };
        let slot = self.message_told((&facts, *place), told);
        let mut news = false;
        for (hash, status) in *recipients {
            let row = if news { Row::Rest } else { first };
            news |= self.recipient(slot, *hash, *status, row);
        }
        news
    }
}
