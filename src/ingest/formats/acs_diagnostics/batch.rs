//! What rows that were found in JSON say, until it is added to their messages: rows are found and understood on several
//! cores, and added in order.

use std::ops::Range;

use super::columns::{Cells, Column, Kind};
use super::messages::LOOKED_UP;
use super::row::{Clock, Reader, Taken, TextIds};
use super::said::{self, Said, Teller};
use crate::usage::{Rejection, Skip};

/// Rows that are kept before they are handed over.
const FULL: usize = 1_000;

/// What was found in a part of an input.
#[derive(Debug)]
pub(super) struct Batch {
    clock: Clock,
    teller: Teller,
    texts: Vec<u8>,
    cells: Vec<(Column, Range<usize>)>,
    found: Vec<Found>,
    /// Rows of tables: results of queries are cut, logs are not.
    pub(super) table_rows: u64,
}

/// How much was found.
#[derive(Debug)]
pub(super) struct Mark {
    texts: usize,
    cells: usize,
    found: usize,
    table_rows: u64,
}

/// What was found.
#[derive(Debug)]
enum Found {
    /// What a row says.
    Said(Said),
    /// A row that is not counted.
    Skipped(Skip),
    /// A usage record with its cells.
    Usage { line: u64, table: Option<Kind>, cells: Range<usize> },
    /// Something that should be a row and cannot be read.
    Unread { line: u64, what: String },
    /// Damage of the input.
    Damage { line: u64, what: String },
}

impl Batch {
    /// Nothing yet, of an input whose times are written in one way.
    pub(super) fn new(clock: Clock) -> Batch {
        Batch {
            clock,
            teller: Teller::new(clock),
            texts: Vec::new(),
            cells: Vec::new(),
            found: Vec::new(),
            table_rows: 0,
        }
    }

    /// Takes all that is there, and leaves nothing.
    pub(super) fn take(&mut self) -> Batch {
        let clock = self.clock;
        std::mem::replace(self, Batch::new(clock))
    }

    /// Adds a row.
    pub(super) fn row<T: AsRef<str>>(&mut self, line: u64, table: Option<Kind>, cells: &[(Column, T)]) {
        let mut row = Cells::new(line);
        cells.iter().for_each(|(column, text)| row.set(*column, text.as_ref().as_bytes()));
        self.cells(&row, table);
    }

    /// Adds a row by its cells.
    pub(super) fn cells(&mut self, row: &Cells<'_>, table: Option<Kind>) {
        let line = row.line;
        let found = match self.teller.tell(row, table) {
            Ok(said::Row::Message(said)) => Found::Said(said),
            Ok(said::Row::Skipped(reason)) => Found::Skipped(reason),
            Ok(said::Row::Usage) => Found::Usage { line, table, cells: self.keep(row) },
            Err(what) => Found::Unread { line, what },
        };
        self.found.push(found);
    }

    /// Keeps the cells of a row.
    fn keep(&mut self, row: &Cells<'_>) -> Range<usize> {
        let first = self.cells.len();
        for (column, text) in row.filled() {
            let start = self.texts.len();
            self.texts.extend_from_slice(text);
            self.cells.push((column, start..self.texts.len()));
        }
        first..self.cells.len()
    }

    /// Adds something that should be a row and cannot be read.
    pub(super) fn reject(&mut self, line: u64, what: String) {
        self.found.push(Found::Unread { line, what });
    }

    /// Adds damage.
    pub(super) fn damage(&mut self, line: u64, what: String) {
        self.found.push(Found::Damage { line, what });
    }

    /// How much there is.
    pub(super) fn mark(&self) -> Mark {
        let (texts, cells) = (self.texts.len(), self.cells.len());
        Mark { texts, cells, found: self.found.len(), table_rows: self.table_rows }
    }

    /// Takes back what was added since.
    pub(super) fn undo(&mut self, mark: Mark) {
        self.texts.truncate(mark.texts);
        self.cells.truncate(mark.cells);
        self.found.truncate(mark.found);
        self.table_rows = mark.table_rows;
    }

    /// Whether it is time to hand it over.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= FULL
    }

    /// Adds what the rows say.
    pub(super) fn read(mut self, input: &str, reader: &mut Reader<'_>) {
        reader.note_zones(self.teller.zones);
        let (written, mut ids) = (self.teller.take_written(), TextIds::default());
        let mut records = 0;
        let found = std::mem::take(&mut self.found);
        for (number, found_one) in found.iter().enumerate() {
            if number % LOOKED_UP == 0 {
                let next = found.get(number..).unwrap_or_default().iter().take(LOOKED_UP);
                reader.look_up(
                    next.filter_map(|found| if let Found::Said(said) = found { Some(said) } else { None }),
                );
            }
            records += 1;
            let (line, taken) = match found_one {
                Found::Said(said) => (said.line, Ok(reader.add(said, &written, &mut ids))),
                Found::Skipped(reason) => (0, Ok(Taken::Skipped(*reason))),
                Found::Usage { line, table, cells } => (*line, self.read_usage(*line, *table, cells, reader)),
                Found::Unread { line, what } => (*line, Err(what.clone())),
                Found::Damage { line, what } => {
                    records -= 1;
                    reader.sink.damage(input, *line, what.clone());
                    continue;
                }
            };
            match taken {
                Ok(Taken::Kept) => {}
                Ok(Taken::Skipped(reason)) => reader.sink.skip(reason, 1),
                Err(reason) => reader.sink.reject(Rejection { file: input.to_owned(), line, reason }),
            }
        }
        reader.sink.records(records);
    }

    fn read_usage(
        &self,
        line: u64,
        table: Option<Kind>,
        cells: &Range<usize>,
        reader: &mut Reader<'_>,
    ) -> Result<Taken, String> {
        let mut row = Cells::new(line);
        for (column, text) in self.cells.get(cells.clone()).unwrap_or_default() {
            row.set(*column, self.texts.get(text.clone()).unwrap_or_default());
        }
        reader.take(&row, table, self.clock)
    }
}
