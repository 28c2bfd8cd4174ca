//! Reads the lines of Exchange logs: headers, which may come again in the middle of a file, and rows, which go to
//! `tracking` or `protocol` by the columns above them.
//!
//! Sessions run on from log to log, so protocol logs are read one by one here; message tracking alone is read in
//! blocks (see `blocks`).

use rustc_hash::FxHashMap;

use super::cells::Splitter;
use super::layout::{Kind, Layout, without_mark};
use super::protocol::Protocol;
use super::tracking::{Numbers, Record, Taken, Tracking};
use crate::ingest::grouping::Messages;
use crate::ingest::source::Lines;
use crate::ingest::{Input, Sink, SourceError};
use crate::usage::{Rejection, Skip};

/// What rows are given to.
pub(super) trait Taker {
    /// Takes a row, or says what is wrong with it.
    fn record(&mut self, record: &Record<'_>) -> Result<(), String>;
    /// Takes note of a line that is not counted.
    fn skip(&mut self, reason: Skip);
    /// Takes note of a line that cannot be read.
    fn reject(&mut self, line: u64, reason: String);
}

/// Where the reading of an input stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Sheet {
    /// The columns.
    pub(super) layout: Option<Layout>,
    /// A row with too few cells, which is torn off where nothing follows it.
    torn: Option<(u64, String)>,
}

impl Sheet {
    /// A place behind the header.
    pub(super) fn under(layout: Option<Layout>) -> Sheet {
        Sheet { layout, torn: None }
    }

    /// Takes the next line.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        (number, cut): (u64, bool),
        splitter: &mut Splitter,
        taker: &mut impl Taker,
    ) {
        if let Some((at, reason)) = self.torn.take() {
            taker.reject(at, reason);
        }
        if cut {
            let reason = "the line is longer than 1 MiB or breaks off: expected a whole row".to_owned();
            return taker.reject(number, reason);
        }
        let line = without_mark(line);
        if line.first().is_none_or(|first| *first == b'#') || line.trim_ascii().is_empty() {
            self.layout = Layout::of_header(line).or(self.layout);
            return taker.skip(Skip::Header);
        }
        self.row(line, number, splitter, taker);
    }

    fn row(&mut self, line: &[u8], number: u64, splitter: &mut Splitter, taker: &mut impl Taker) {
        let cells = splitter.split(line);
        // A row with fewer cells is torn, however many are left.
        if self.layout.is_none_or(|layout| layout.width < cells.len()) {
            self.layout = Layout::of_row(&cells).or(self.layout);
        }
        match &self.layout {
            Some(layout) if layout.width == cells.len() => {
                if let Err(reason) = taker.record(&Record { layout, cells, line: number }) {
                    taker.reject(number, reason);
                }
            }
            layout => {
                let expected = layout.map_or("9, 26 or 30".to_owned(), |layout| layout.width.to_string());
                let reason = format!("{} columns: expected {expected}", cells.len());
                match layout {
                    Some(layout) if layout.width < cells.len() => taker.reject(number, reason),
                    _ => self.torn = Some((number, reason)),
                }
            }
        }
    }

    /// Ends an input, which is whole or broke off.
    pub(super) fn end(self, is_whole: bool, taker: &mut impl Taker) {
        match self.torn {
            // The server still writes the newest log, so a copy of it ends in the middle of a row.
            Some(_) if is_whole => taker.skip(Skip::Fragment),
            Some((line, reason)) => taker.reject(line, reason),
            None => {}
        }
    }
}

/// The state of one run over all inputs.
pub(super) struct Reader<'a> {
    pub(super) messages: Messages,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) tracking: Tracking<'a>,
    pub(super) numbers: Numbers,
    /// `None` where sessions are told by message tracking in the same run.
    pub(super) protocol: Option<Protocol<'a>>,
    pub(super) splitter: Splitter,
    pub(super) tally: FxHashMap<Skip, u64>,
    /// The name of the input.
    pub(super) input: String,
}

impl Reader<'_> {
    /// Reads an input to its end.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<(), SourceError> {
        self.input = input.name().to_owned();
        let source = self.sink.names().add_source(input.name());
        self.messages.begin_input(source);
        if let Some(protocol) = &mut self.protocol {
            protocol.begin_input(input.head());
        }
        let mut lines = Lines::new(input.open()?);
        let (mut sheet, mut splitter) = (Sheet::default(), std::mem::take(&mut self.splitter));
        let (mut records, mut is_whole) = (0, true);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    records += 1;
                    sheet.line(line.bytes, (line.number, line.cut), &mut splitter, self);
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(&self.input, records, error.to_string());
                    is_whole = false;
                    break;
                }
            }
        }
        self.sink.records(records);
        sheet.end(is_whole, self);
        self.splitter = splitter;
        for (reason, count) in self.tally.drain() {
            self.sink.skip(reason, count);
        }
        Ok(())
    }
}

impl Taker for Reader<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), String> {
        if record.layout.kind == Kind::Tracking {
            self.tracking.take(record)?;
            // Rows of sessions beside it are of the same messages.
            self.numbers.note(&std::mem::take(&mut self.tracking.numbers));
            self.messages.take_batch(std::mem::take(&mut self.tracking.batch), &self.input, self.sink);
            return Ok(());
        }
        let taken = match &mut self.protocol {
            Some(protocol) => protocol.take(record, &mut self.messages, self.sink)?,
            None => Taken::Skipped(Skip::Covered),
        };
        if let Taken::Skipped(reason) = taken {
            self.skip(reason);
        }
        Ok(())
    }

    fn skip(&mut self, reason: Skip) {
        *self.tally.entry(reason).or_default() += 1;
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.sink.reject(Rejection { file: self.input.clone(), line, reason });
    }
}
