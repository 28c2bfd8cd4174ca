//! Reads the lines of Exchange logs: headers, which may come again in the middle of a file, and rows, which go to
//! `tracking` or `protocol` by the columns above them.

use rustc_hash::FxHashMap;

use super::cells::Splitter;
use super::layout::{Kind, Layout, without_mark};
use super::protocol::Protocol;
use super::tracking::{Record, Taken, Tracking};
use crate::ingest::grouping::Messages;
use crate::ingest::source::Lines;
use crate::ingest::{Input, Sink, SourceError, rejection};
use crate::usage::Skip;

/// The state of one run over all inputs.
pub(super) struct Reader<'a> {
    pub(super) messages: Messages,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) tracking: Tracking<'a>,
    pub(super) protocol: Protocol<'a>,
    /// Whether sessions are told by message tracking in the same run.
    pub(super) is_covered: bool,
    pub(super) splitter: Splitter,
    pub(super) tally: FxHashMap<Skip, u64>,
}

/// What is known of an input while it is read.
struct Sheet<'i> {
    input: &'i Input,
    layout: Option<Layout>,
    /// A row with too few cells, which is torn off where nothing follows it.
    torn: Option<(u64, String)>,
}

impl Reader<'_> {
    /// Reads an input to its end.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<(), SourceError> {
        let source = self.sink.names().add_source(input.name());
        self.messages.begin_input(source);
        self.protocol.begin_input(input.head());
        let mut lines = Lines::new(input.open()?);
        let mut sheet = Sheet { input, layout: None, torn: None };
        let (mut records, mut is_whole) = (0, true);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    records += 1;
                    self.line(without_mark(line.bytes), line.number, line.cut, &mut sheet);
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(sheet.input.name(), records, error.to_string());
                    is_whole = false;
                    break;
                }
            }
        }
        self.sink.records(records);
        match sheet.torn.take() {
            // The server still writes the newest log, so a copy of it ends in the middle of a row.
            Some(_) if is_whole => self.skip(Skip::Fragment),
            Some((line, reason)) => self.reject(&sheet, line, reason),
            None => {}
        }
        for (reason, count) in self.tally.drain() {
            self.sink.skip(reason, count);
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], number: u64, cut: bool, sheet: &mut Sheet<'_>) {
        if let Some((at, reason)) = sheet.torn.take() {
            self.reject(sheet, at, reason);
        }
        if cut {
            let reason = "the line is longer than 1 MiB or breaks off: expected a whole row".to_owned();
            return self.reject(sheet, number, reason);
        }
        if line.first().is_none_or(|first| *first == b'#') || line.trim_ascii().is_empty() {
            sheet.layout = Layout::of_header(line).or(sheet.layout);
            return self.skip(Skip::Header);
        }
        self.row(line, number, sheet);
    }

    fn row(&mut self, line: &[u8], number: u64, sheet: &mut Sheet<'_>) {
        let mut splitter = std::mem::take(&mut self.splitter);
        let cells = splitter.split(line);
        // A row with fewer cells is torn, however many are left.
        if sheet.layout.is_none_or(|layout| layout.width < cells.len()) {
            sheet.layout = Layout::of_row(&cells).or(sheet.layout);
        }
        match sheet.layout {
            Some(layout) if layout.width == cells.len() => {
                let record = Record { layout: &layout, cells, line: number };
                match self.record(&record) {
                    Ok(Taken::Used) => {}
                    Ok(Taken::Skipped(reason)) => self.skip(reason),
                    Err(reason) => self.reject(sheet, number, reason),
                }
            }
            layout => {
                let expected = layout.map_or("9, 26 or 30".to_owned(), |layout| layout.width.to_string());
                let reason = format!("{} columns: expected {expected}", cells.len());
                match layout {
                    Some(layout) if layout.width < cells.len() => self.reject(sheet, number, reason),
                    _ => sheet.torn = Some((number, reason)),
                }
            }
        }
        self.splitter = splitter;
    }

    fn record(&mut self, record: &Record<'_>) -> Result<Taken, String> {
        match record.layout.kind {
            Kind::Tracking => self.tracking.take(record, &mut self.messages, self.sink),
            Kind::Protocol if self.is_covered => Ok(Taken::Skipped(Skip::Covered)),
            Kind::Protocol => self.protocol.take(record, &mut self.messages, self.sink),
        }
    }

    fn skip(&mut self, reason: Skip) {
        *self.tally.entry(reason).or_default() += 1;
    }

    fn reject(&mut self, sheet: &Sheet<'_>, line: u64, reason: String) {
        self.sink.reject(rejection(sheet.input, line, reason));
    }
}
