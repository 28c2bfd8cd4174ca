//! Traces as CSV: historical search and `Export-Csv`, with what exporters put around and between the rows.

use std::sync::{Mutex, PoisonError};

use super::batch::{Merger, TraceBatch};
use super::columns::{Column, Header};
use super::row::{Cells, Notation, Parser};
use crate::ingest::blocks::{self, Event, Made, Text, Work};
use crate::ingest::delimited::{DateText, Records, Row, Rows, delimiters_of, is_preamble, warn_if_cut};
use crate::ingest::{Input, SourceError};
use crate::usage::Skip;

/// Records before the header: `#TYPE`, `sep=` and titles.
const BEFORE_HEADER: usize = 20;

/// The delimiter under which the head has a trace's header.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    delimiters_of(head).find(|&delimiter| header_within(head, delimiter).is_some())
}

/// The header among the first records.
fn header_within(head: &[u8], delimiter: u8) -> Option<Header> {
    let mut records = Records::of_bytes(head, delimiter);
    for _ in 0..=BEFORE_HEADER {
        let row = records.next_row().ok()??;
        if let Some(header) = Header::of(row.cells()) {
            return Some(header);
        }
    }
    None
}

/// How the CSV files of a run are read.
struct Sheets<'a> {
    inputs: Vec<Written>,
    own_domains: &'a [String],
}

/// How one file is written.
struct Written {
    delimiter: u8,
    notation: Notation,
    /// The header that is probably in force behind the first rows.
    header: Mutex<Option<Header>>,
}

impl<'a> Sheets<'a> {
    fn new(inputs: &[Input], files: &[(u8, &Notation)], own_domains: &'a [String]) -> Sheets<'a> {
        let written = |(input, (delimiter, notation)): (&Input, &(u8, &Notation))| {
            let header = Mutex::new(header_within(input.head(), *delimiter));
            Written { delimiter: *delimiter, notation: **notation, header }
        };
        Sheets { inputs: inputs.iter().zip(files).map(written).collect(), own_domains }
    }
}

impl Work for Sheets<'_> {
    type Batch = TraceBatch;
    type State = Sheet;

    fn has_quotes(&self) -> bool {
        true
    }

    fn begin(&self, _: usize) -> Sheet {
        Sheet::default()
    }

    fn guess(&self, input: usize) -> Sheet {
        let header = |written: &Written| *written.header.lock().unwrap_or_else(PoisonError::into_inner);
        Sheet { header: self.inputs.get(input).and_then(header), before: Vec::new() }
    }

    fn learn(&self, input: usize, sheet: &Sheet) {
        if let Some(written) = self.inputs.get(input) {
            *written.header.lock().unwrap_or_else(PoisonError::into_inner) = sheet.header;
        }
    }

    fn read(&self, input: usize, text: Text<'_>, mut sheet: Sheet) -> Made<TraceBatch, Sheet> {
        let mut parser = Parser::new(self.own_domains);
        let (mut left, mut line) = (text.bytes.len(), text.line);
        if let Some(Written { delimiter, notation, .. }) = self.inputs.get(input) {
            let mut rows = Rows::new(text, *delimiter);
            // What speaks against the notation is left to the caller: the rest would be read wrongly.
            while parser.batch.against.is_none()
                && let Some(row) = rows.next_row()
            {
                sheet.take(&row, *notation, &mut parser);
            }
            (left, line) = rows.left();
        }
        Made { batch: parser.batch, state: sheet, left, line }
    }
}

/// Reads files one after the other, each with its delimiter and notation; returns the number of the last one that was
/// read: it is not the last of all where it speaks against its notation.
pub(super) fn read(
    inputs: &mut [Input],
    files: &[(u8, &Notation)],
    own_domains: &[String],
    merger: &mut Merger<'_>,
) -> Result<usize, SourceError> {
    let names: Vec<String> = inputs.iter().map(|input| input.name().to_owned()).collect();
    let sheets = Sheets::new(inputs, files, own_domains);
    let (mut rows, mut last) = (0, 0);
    blocks::read(inputs, &sheets, |number, event| {
        let Some(name) = names.get(number) else { return false };
        match event {
            Event::Begin => {
                merger.begin_input(name);
                rows = 0;
            }
            Event::Batch(batch) => {
                for more in &batch.ended {
                    warn_if_cut(name, rows + more, merger.sink);
                    rows = 0;
                }
                rows += batch.rows;
                merger.merge(batch, name);
            }
            Event::End(sheet) => {
                merger.merge(sheet.end(), name);
                warn_if_cut(name, rows, merger.sink);
            }
            Event::Damage { state, line, what, .. } => {
                merger.sink.damage(name, line, what);
                merger.merge(state.end(), name);
            }
        }
        last = number;
        merger.wants_more()
    })?;
    Ok(last)
}

/// A record before the header: a title, or a row that was separated from its header.
#[derive(Clone, PartialEq, Debug)]
struct Before {
    line: u64,
    width: usize,
    /// Which of its first 64 cells are dates, as bits.
    dates: u64,
}

impl Before {
    fn of(row: &Row<'_>) -> Before {
        let is_date = |at: &usize| DateText::parse_with_numbers(row.cell(*at)).is_some();
        let dates = (0..row.len().min(64)).filter(is_date).fold(0, |bits, at| bits | 1 << at);
        Before { line: row.line, width: row.len(), dates }
    }

    /// Whether it fits under the header: as wide, and with a date where the header has the time.
    fn is_row_of(&self, header: &Header) -> bool {
        let has_time = header.at(Column::Time).is_some_and(|at| at < 64 && self.dates >> at & 1 == 1);
        self.width == header.width && has_time
    }
}

/// Where a reading of a CSV file stands, or of several that were joined.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Sheet {
    header: Option<Header>,
    before: Vec<Before>,
}

impl Sheet {
    fn take(&mut self, row: &Row<'_>, notation: Notation, parser: &mut Parser<'_>) {
        parser.batch.said.records += 1;
        let Some(header) = self.header else { return self.take_before_header(row, &mut parser.batch) };
        let taken = row
            .complete(header.width)
            .and_then(|()| parser.take(&Cells::under(&header, row), header.shape, notation));
        match taken {
            Ok(()) => parser.batch.rows += 1,
            Err(reason) => self.take_unread(row, reason, &mut parser.batch),
        }
    }

    fn take_before_header(&mut self, row: &Row<'_>, batch: &mut TraceBatch) {
        self.header = Header::of(row.cells());
        if self.header.is_some() {
            self.judge_before_header(batch);
            return batch.said.skip(Skip::Header);
        }
        if self.before.len() < BEFORE_HEADER {
            return self.before.push(Before::of(row));
        }
        let reason =
            "a row without a header: expected columns such as Received, SenderAddress, RecipientAddress";
        batch.said.reject(row.line, reason.to_owned());
    }

    /// Titles are skipped; rows that stand before their header, as after sorting, are mail that is not counted.
    fn judge_before_header(&mut self, batch: &mut TraceBatch) {
        for before in self.before.drain(..) {
            match self.header {
                Some(header) if before.is_row_of(&header) => {
                    let reason = "a row before its header: expected the header above all rows";
                    batch.said.reject(before.line, reason.to_owned());
                }
                _ => batch.said.skip(Skip::Header),
            }
        }
    }

    /// A record that is no row of this header: where files were joined it begins the next one.
    fn take_unread(&mut self, row: &Row<'_>, reason: String, batch: &mut TraceBatch) {
        if let Some(header) = Header::of(row.cells()) {
            // The file before ends here.
            batch.ended.push(std::mem::take(&mut batch.rows));
            self.header = Some(header);
            return batch.said.skip(Skip::Header);
        }
        if is_preamble(row.cells()) {
            return batch.said.skip(Skip::Header);
        }
        batch.rows += 1;
        batch.said.reject(row.line, reason);
    }

    /// What is left to say at the end of an input.
    fn end(mut self) -> TraceBatch {
        let mut batch = TraceBatch::default();
        self.judge_before_header(&mut batch);
        batch
    }
}
