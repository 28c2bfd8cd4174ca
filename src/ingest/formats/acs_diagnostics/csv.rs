//! Logs as CSV: exports of Log Analytics from the portal, of tables and of queries, with one header for all rows.

use super::columns::{COLUMNS, Cells, Column, Kind, column_of};
use super::row::{Clock, Reader, Taken};
use crate::ingest::delimited::{DateOrder, Preamble, Records, Row, delimiters_of, is_preamble, warn_if_cut};
use crate::ingest::{Input, SourceError, rejection};
use crate::period::Zone;
use crate::usage::Skip;

/// The delimiter under which the head has a header of these logs.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    delimiters_of(head).find(|&delimiter| {
        let mut records = Records::of_bytes(head, delimiter);
        (0..=Preamble::CAP)
            .map_while(|_| records.next_row().ok().flatten().map(|row| Header::of(&row).is_some()))
            .any(|is_header| is_header)
    })
}

/// The column of times where a row is a header.
pub(super) fn time_column(row: &Row<'_>) -> Option<usize> {
    Header::of(row).map(|header| header.at[Column::Time as usize].map_or(usize::MAX, |at| at as usize))
}

/// A header row: where each field stands.
#[derive(Clone, Copy, Debug)]
struct Header {
    at: [Option<u32>; COLUMNS],
    width: usize,
    /// Whether times are in a zone that is not UTC.
    is_local: bool,
}

impl Header {
    /// Reads a record as a header row; `None` where it is none of these logs.
    fn of(row: &Row<'_>) -> Option<Header> {
        let mut header = Header { at: [None; COLUMNS], width: row.len(), is_local: false };
        for (at, cell) in (0..).zip(row.cells()) {
            // The portal writes the zone behind the names of times: `TimeGenerated [UTC]`.
            let open = memchr::memchr(b'[', cell).unwrap_or(cell.len());
            let (name, zone) = cell.split_at_checked(open)?;
            let Some(column) = column_of(name.trim_ascii()) else { continue };
            if header.at[column as usize].is_none() {
                header.at[column as usize] = Some(at);
                let zone = zone.trim_ascii();
                let is_utc = zone.is_empty() || zone.eq_ignore_ascii_case(b"[utc]");
                header.is_local |= column == Column::Time && !is_utc;
            }
        }
        let has = |column: Column| header.at[column as usize].is_some();
        // Other services have delivery statuses too.
        let is_email = match Kind::by_fields(has) {
            Some(Kind::Status) => has(Column::Recipient) || has(Column::SenderDomain),
            kind => kind.is_some(),
        };
        let is_log = is_email && (has(Column::Time) || has(Column::Correlation));
        is_log.then_some(header)
    }

    fn cells<'a>(&self, row: &Row<'a>) -> Cells<'a> {
        let mut cells = Cells::new(row.line);
        cells.fill(self.at.map(|at| at.map(|at| row.cell(at as usize))));
        cells
    }
}

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    delimiter: u8,
    order: Option<DateOrder>,
    zone: Option<Zone>,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let mut records = Records::new(input.open()?, delimiter);
    let mut sheet = Sheet { input, order, zone, header: None, before: Preamble::default(), rows: 0 };
    loop {
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
    sheet.end(reader);
    Ok(())
}

/// A CSV file, or one of several that were joined.
struct Sheet<'a> {
    input: &'a Input,
    order: Option<DateOrder>,
    zone: Option<Zone>,
    header: Option<Header>,
    before: Preamble,
    rows: u64,
}

impl Sheet<'_> {
    fn take(&mut self, row: &Row<'_>, reader: &mut Reader<'_>) {
        reader.sink.records(1);
        let Some(header) = self.header else { return self.take_before_header(row, reader) };
        let clock = Clock { order: self.order, is_local: header.is_local, zone: self.zone };
        let taken = row.complete(header.width).and_then(|()| reader.take(&header.cells(row), None, clock));
        match taken {
            Ok(Taken::Kept) => self.rows += 1,
            Ok(Taken::Skipped(Skip::OtherService)) if self.begins_table(row) => {
                self.next_header(row, reader);
            }
            Ok(Taken::Skipped(reason)) => {
                self.rows += 1;
                reader.sink.skip(reason, 1);
            }
            Err(_) if self.begins_table(row) => self.next_header(row, reader),
            Err(_) if is_preamble(row.cells()) => reader.sink.skip(Skip::Header, 1),
            Err(reason) => {
                self.rows += 1;
                reader.sink.reject(rejection(self.input, row.line, reason));
            }
        }
    }

    fn begins_table(&self, row: &Row<'_>) -> bool {
        Header::of(row).is_some()
    }

    /// Where files were joined a header begins the next one.
    fn next_header(&mut self, row: &Row<'_>, reader: &mut Reader<'_>) {
        self.end(reader);
        self.header = Header::of(row);
        reader.sink.skip(Skip::Header, 1);
    }

    fn take_before_header(&mut self, row: &Row<'_>, reader: &mut Reader<'_>) {
        self.header = Header::of(row);
        if self.header.is_some() {
            self.judge_before_header(reader);
            return reader.sink.skip(Skip::Header, 1);
        }
        if self.before.keep(row) {
            return;
        }
        let reason = "a row without a header: expected columns such as TimeGenerated, CorrelationId, \
                      UniqueRecipientsCount";
        reader.sink.reject(rejection(self.input, row.line, reason));
    }

    fn judge_before_header(&mut self, reader: &mut Reader<'_>) {
        self.before.judge(self.header.map(|header| header.width), self.input, reader.sink);
    }

    fn end(&mut self, reader: &mut Reader<'_>) {
        self.judge_before_header(reader);
        warn_if_cut(self.input.name(), self.rows, reader.sink);
        self.rows = 0;
    }
}
