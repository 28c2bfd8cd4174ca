//! Rows that were found in JSON, until they are read: what is found on several cores is read in order.

use std::ops::Range;

use super::columns::{Cells, Column, Kind};
use super::row::{Clock, Reader, Taken};
use crate::usage::Rejection;

/// Rows that are kept before they are handed over.
const FULL: usize = 1_000;

/// What was found in a part of an input.
#[derive(Debug, Default)]
pub(super) struct Batch {
    texts: String,
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
    /// A row with its cells.
    Row { line: u64, table: Option<Kind>, cells: Range<usize> },
    /// Something that should be a row and cannot be read.
    Unread { line: u64, what: String },
    /// Damage of the input.
    Damage { line: u64, what: String },
}

impl Batch {
    /// Adds a row.
    pub(super) fn row<T: AsRef<str>>(
        &mut self,
        line: u64,
        table: Option<Kind>,
        cells: impl Iterator<Item = (Column, T)>,
    ) {
        let first = self.cells.len();
        for (column, text) in cells {
            let start = self.texts.len();
            self.texts.push_str(text.as_ref());
            self.cells.push((column, start..self.texts.len()));
        }
        self.found.push(Found::Row { line, table, cells: first..self.cells.len() });
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

    /// Reads the rows.
    pub(super) fn read(self, input: &str, clock: Clock, reader: &mut Reader<'_>) {
        let mut records = 0;
        for found in self.found {
            let (line, taken) = match found {
                Found::Row { line, table, cells } => {
                    let mut row = Cells::new(line);
                    for (column, text) in self.cells.get(cells).unwrap_or_default() {
                        row.set(*column, self.texts.get(text.clone()).unwrap_or_default().as_bytes());
                    }
                    (line, reader.take(&row, table, clock))
                }
                Found::Unread { line, what } => (line, Err(what)),
                Found::Damage { line, what } => {
                    reader.sink.damage(input, line, what);
                    continue;
                }
            };
            records += 1;
            match taken {
                Ok(Taken::Kept) => {}
                Ok(Taken::Skipped(reason)) => reader.sink.skip(reason, 1),
                Err(reason) => reader.sink.reject(Rejection { file: input.to_owned(), line, reason }),
            }
        }
        reader.sink.records(records);
    }
}
