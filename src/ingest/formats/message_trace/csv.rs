//! Traces as CSV: historical search and `Export-Csv`, with what exporters put around and between the rows.

use super::columns::{Column, Header};
use super::row::{Cells, Notation, Reader, Taken};
use crate::ingest::delimited::{
    DELIMITERS, DateText, MarkEvidence, OrderEvidence, Records, Row, is_preamble, shown, stated_delimiter,
};
use crate::ingest::{Input, SourceError, rejection};
use crate::usage::Skip;

/// Records before the header: `#TYPE`, `sep=` and titles.
const BEFORE_HEADER: u64 = 20;
/// Rows at which the services cut an export: 1,000 (portal), 5,000 (`Get-MessageTraceV2` and Graph pages), 10,000
/// and 20,000 (summaries), 50,000 and 100,000 (historical search, older and newer text).
pub(super) const CUT_AT: [u64; 6] = [1_000, 5_000, 10_000, 20_000, 50_000, 100_000];
/// Ambiguous dates that are shown.
const PREVIEW: usize = 5;

/// The delimiter under which the head has a trace's header.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    let stated = stated_delimiter(head);
    stated.into_iter().chain(DELIMITERS).find(|&delimiter| header_within(head, delimiter).is_some())
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

/// What the dates of an input show about their order.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The evidence.
    pub(super) evidence: OrderEvidence,
    /// Some dates that can be read in two ways.
    pub(super) preview: Vec<String>,
    /// What its sizes show about their decimal mark.
    pub(super) marks: MarkEvidence,
    /// Whether some size is more than digits, so that a later one may be open.
    pub(super) has_signs: bool,
    /// A date that proves the day to be first, and one that proves the month to be.
    pub(super) proofs: [Option<String>; 2],
    header: Option<Header>,
}

impl Survey {
    /// Looks at the head only.
    pub(super) fn of_head(input: &Input, delimiter: u8) -> Survey {
        let mut survey = Survey::default();
        // A head may end inside a row, and a part of a date would prove the wrong thing.
        survey.observe(Records::of_bytes(input.head(), delimiter), !input.head().ends_with(b"\n"));
        survey
    }

    /// Looks at the whole input.
    pub(super) fn of_all(input: &mut Input, delimiter: u8) -> Result<Survey, SourceError> {
        let mut survey = Survey::default();
        let records = Records::new(input.open()?, delimiter);
        survey.observe(records, false);
        Ok(survey)
    }

    fn observe(&mut self, mut records: Records, last_is_cut: bool) {
        let mut before: Option<[Option<DateText>; 3]> = None;
        // The last size waits too: its space is reused.
        let mut size_before = Vec::new();
        while let Ok(Some(row)) = records.next_row() {
            if let Some(dates) = before.take() {
                self.observe_dates(dates);
                self.observe_size(&size_before);
            }
            before = self.dates(&row);
            size_before.clear();
            size_before.extend_from_slice(self.size_of(&row));
        }
        if let Some(dates) = before.filter(|_| !last_is_cut) {
            self.observe_dates(dates);
            self.observe_size(&size_before);
        }
    }

    fn size_of<'a>(&self, row: &Row<'a>) -> &'a [u8] {
        let at = self.header.and_then(|header| header.at(Column::Size));
        at.map_or(b"", |at| row.cell(at))
    }

    fn observe_size(&mut self, size: &[u8]) {
        if !size.iter().all(u8::is_ascii_digit) {
            self.has_signs = true;
            self.marks.observe(size);
        }
    }

    fn dates(&mut self, row: &Row<'_>) -> Option<[Option<DateText>; 3]> {
        let columns = [Column::Time, Column::WindowStart, Column::WindowEnd];
        let header = self.header;
        let cells = columns.map(|column| header.and_then(|h| h.at(column)).map(|at| row.cell(at)));
        let dates = cells.map(|cell| DateText::parse_with_numbers(cell.unwrap_or_default()));
        if dates[0].is_none() {
            self.header = Header::of(row.cells()).or(self.header);
            return None;
        }
        for (date, cell) in dates.iter().flatten().zip(cells.iter().flatten()) {
            if let Some(order) = date.proves() {
                self.proofs[order as usize].get_or_insert_with(|| shown(cell));
            }
        }
        match (dates[0], cells[0]) {
            (Some(date), Some(cell)) if date.is_open() && self.preview.len() < PREVIEW => {
                self.preview.push(shown(cell));
            }
            _ => {}
        }
        Some(dates)
    }

    fn observe_dates(&mut self, dates: [Option<DateText>; 3]) {
        dates.iter().flatten().for_each(|date| self.evidence.observe(date));
        if let [Some(time), Some(start), Some(end)] = dates {
            self.evidence.observe_window(&time, &start, &end);
        }
    }
}

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    delimiter: u8,
    notation: Notation,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let mut records = Records::new(input.open()?, delimiter);
    let mut sheet = Sheet { input, notation, header: None, before: 0, rows: 0 };
    loop {
        match records.next_row() {
            Ok(Some(row)) => sheet.take(&row, reader),
            Ok(None) => break,
            Err(damaged) => {
                reader.sink.damage(input.name(), damaged.line, damaged.what);
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
    notation: Notation,
    header: Option<Header>,
    before: u64,
    rows: u64,
}

impl Sheet<'_> {
    fn take(&mut self, row: &Row<'_>, reader: &mut Reader<'_>) {
        reader.sink.records(1);
        let Some(header) = self.header else { return self.take_before_header(row, reader) };
        let taken = complete(row, &header)
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
        self.before += 1;
        if self.header.is_some() || self.before <= BEFORE_HEADER {
            return reader.sink.skip(Skip::Header, 1);
        }
        let reason =
            "a row without a header: expected columns such as Received, SenderAddress, RecipientAddress";
        reader.sink.reject(rejection(self.input, row.line, reason));
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
        warn_if_cut(self.input, self.rows, reader);
        self.rows = 0;
    }
}

/// Warns of an export that ends exactly where a service cuts.
pub(super) fn warn_if_cut(input: &Input, rows: u64, reader: &mut Reader<'_>) {
    if CUT_AT.contains(&rows) {
        reader.sink.warn(format!(
            "{}: exactly {rows} rows: the service cuts exports there, so later messages are probably missing; \
             export shorter periods",
            input.name()
        ));
    }
}

/// Whether a row has the cells of its header; more are allowed where they are empty.
fn complete(row: &Row<'_>, header: &Header) -> Result<(), String> {
    let extra = (header.width..row.len()).any(|at| !row.cell(at).is_empty());
    if row.len() >= header.width && !extra {
        return Ok(());
    }
    let over = match row.lines() {
        1 => String::new(),
        lines => format!(" over {lines} lines"),
    };
    Err(format!(
        "{} columns{over} where the header has {}: a quote is probably not closed",
        row.len(),
        header.width
    ))
}
