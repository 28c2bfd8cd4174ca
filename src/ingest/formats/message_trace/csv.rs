//! Traces as CSV: historical search and `Export-Csv`, with what exporters put around and between the rows.

use super::columns::{Column, Header};
use super::row::{Cells, Notation, Reader, Taken};
use crate::ingest::delimited::{DateText, Records, Row, delimiters_of, is_preamble, warn_if_cut};
use crate::ingest::{Input, SourceError, rejection};
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

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    delimiter: u8,
    notation: Notation,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let mut records = Records::new(input.open()?, delimiter);
    let mut sheet = Sheet { input, notation, header: None, before: Vec::new(), rows: 0 };
    // What speaks against the notation is left to the caller: the rest would be read wrongly.
    while reader.against.is_none() {
        match records.next_row() {
            Ok(Some(row)) => sheet.take(&row, reader),
            Ok(None) => break,
            Err(damaged) => {
                reader.sink.damage(input.name(), damaged.line, damaged.what);
                sheet.judge_before_header(reader);
                return Ok(());
            }
        }
    }
    sheet.judge_before_header(reader);
    sheet.end(reader);
    Ok(())
}

/// A record before the header: a title, or a row that was separated from its header.
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

/// A CSV file, or one of several that were joined.
struct Sheet<'a> {
    input: &'a Input,
    notation: Notation,
    header: Option<Header>,
    before: Vec<Before>,
    rows: u64,
}

impl Sheet<'_> {
    fn take(&mut self, row: &Row<'_>, reader: &mut Reader<'_>) {
        reader.sink.records(1);
        let Some(header) = self.header else { return self.take_before_header(row, reader) };
        let taken = row
            .complete(header.width)
            .and_then(|()| reader.take(&Cells::under(&header, row), header.shape, self.notation));
        match taken {
            Ok(Taken::Used) => self.rows += 1,
            Ok(Taken::Skipped(reason)) => {
                self.rows += 1;
                reader.sink.skip(reason, 1);
            }
            Err(reason) => self.take_unread(row, reason, reader),
        }
    }

    fn take_before_header(&mut self, row: &Row<'_>, reader: &mut Reader<'_>) {
        self.header = Header::of(row.cells());
        if self.header.is_some() {
            self.judge_before_header(reader);
            return reader.sink.skip(Skip::Header, 1);
        }
        if self.before.len() < BEFORE_HEADER {
            return self.before.push(Before::of(row));
        }
        let reason =
            "a row without a header: expected columns such as Received, SenderAddress, RecipientAddress";
        reader.sink.reject(rejection(self.input, row.line, reason));
    }

    /// Titles are skipped; rows that stand before their header, as after sorting, are mail that is not counted.
    fn judge_before_header(&mut self, reader: &mut Reader<'_>) {
        for before in self.before.drain(..) {
            match self.header {
                Some(header) if before.is_row_of(&header) => {
                    let reason = "a row before its header: expected the header above all rows";
                    reader.sink.reject(rejection(self.input, before.line, reason));
                }
                _ => reader.sink.skip(Skip::Header, 1),
            }
        }
    }

    /// A record that is no row of this header: where files were joined it begins the next one.
    fn take_unread(&mut self, row: &Row<'_>, reason: String, reader: &mut Reader<'_>) {
        if let Some(header) = Header::of(row.cells()) {
            self.end(reader);
            self.header = Some(header);
            return reader.sink.skip(Skip::Header, 1);
        }
        if is_preamble(row.cells()) {
            return reader.sink.skip(Skip::Header, 1);
        }
        self.rows += 1;
        reader.sink.reject(rejection(self.input, row.line, reason));
    }

    /// Ends a file within the input.
    fn end(&mut self, reader: &mut Reader<'_>) {
        warn_if_cut(self.input, self.rows, reader.sink);
        self.rows = 0;
    }
}
