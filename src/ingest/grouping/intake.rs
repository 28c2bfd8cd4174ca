//! What is done with the records of a run one after the other, before shares of the messages take them at once: they
//! get places, and their origins the ids of the run, in the order in which they were read.

use super::batch::{Batch, Kind, Said};
use super::origins::{Origins, Told};
use super::positions::Positions;
use super::shard::Shard;
use super::written::{KnownOrigins, Resolved};
use super::{Facts, Received, Row, Standing, Status};
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

impl Rows {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.said.len()
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
        for (said, _) in &said {
            places.push(self.positions.of(said.line));
            let number = numbers.get(said.origin as usize).filter(|_| said.kind.has_weight());
            if let Some(origin) = number.and_then(|number| self.known.at(*number)) {
                let told = Told::of(origin.origin, origin.digest);
                origin.number.get_or_insert_with(|| self.origins.number(told));
            }
        }
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
    /// Looks up the message of a record. Each look-up waits for memory: those of several records wait together, and
    /// those of one after the other wait one after the other.
    pub(super) fn knows(&self, rows: &Rows, at: usize) -> bool {
        let key = rows.said.get(at).map(|(said, _)| said.key);
        let found = |at: u32, parts| self.messages.at(at).key == parts;
        key.is_some_and(|key| self.index.find(key.hash(), |at| found(at, key.parts())).is_some())
    }

    /// Takes a record, by its number.
    pub(super) fn take(&mut self, rows: &Rows, at: usize) {
        let from = at.checked_sub(1).and_then(|before| rows.said.get(before)).map_or(0, |(_, end)| *end);
        let row = rows.said.get(at).zip(rows.places.get(at));
        let Some(((said, end), place)) = row else { return };
        let recipients = rows.recipients.get(from as usize..*end as usize).unwrap_or_default();
        let Some(origin) = rows.origins.get(said.origin as usize) else { return };
        if !self.add(said, *place, origin, recipients) {
            match said.kind {
                Kind::Outcome { otherwise, .. } => self.uncounted.skip(otherwise, 1),
                _ => self.uncounted.skip(Skip::Duplicate, 1),
            }
        }
    }

    /// Adds a record to its message; whether it is counted with it.
    fn add(&mut self, said: &Said, place: u32, origin: &Resolved, recipients: &[(u64, Status)]) -> bool {
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
        let told = origin.teller(said.kind.has_weight());
        let first = match said.kind {
            Kind::Accepted(received) => {
                let received = Received { texts: origin.digest, ..received };
                let standing = self.accept_told((&facts, place), received, &told);
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
        let slot = self.message_told((&facts, place), &told);
        let mut news = false;
        for (hash, status) in recipients {
            let row = if news { Row::Rest } else { first };
            news |= self.recipient(slot, *hash, *status, row);
        }
        news
    }
}
