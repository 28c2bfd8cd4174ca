//! Message tracking in blocks of lines, which all cores read. Rows of protocol logs between them are covered by it.

use std::sync::{Mutex, PoisonError};

use super::cells::Splitter;
use super::layout::{Kind, Layout};
use super::reader::{Sheet, Taker};
use super::relay::RelayHosts;
use super::tracking::{Numbers, Record, Tracking};
use crate::ingest::blocks::{self, Event, Made, Text, Work};
use crate::ingest::grouping::{Batch, Lanes};
use crate::ingest::source::{HEAD_BYTES, LINE_CAP};
use crate::ingest::{Input, Sink, SourceError};
use crate::usage::Skip;

/// How the logs of a run are read.
struct Logs<'a> {
    /// The columns of each that are probably in force behind its start.
    layouts: Vec<Mutex<Option<Layout>>>,
    own_domains: &'a [String],
    relays: RelayHosts<'a>,
}

/// Where the reading of a log stands.
#[derive(Clone, PartialEq, Debug, Default)]
struct Place {
    sheet: Sheet,
    /// Whether a line goes on that was taken as too long.
    is_in_long_line: bool,
}

/// What the lines of a block say.
struct Said {
    batch: Batch,
    numbers: Vec<(u64, u64)>,
}

/// Takes rows of message tracking.
struct Rows<'a>(Tracking<'a>);

impl Taker for Rows<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), String> {
        match record.layout.kind {
            Kind::Tracking => self.0.take(record)?,
            Kind::Protocol => self.0.batch.skip(Skip::Covered),
        }
        Ok(())
    }

    fn skip(&mut self, reason: Skip) {
        self.0.batch.skip(reason);
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.0.batch.reject(line, reason);
    }
}

/// Whether logs can be read in blocks: lines that end in lone CRs are no blocks.
pub(super) fn can_read(inputs: &[Input]) -> bool {
    let has_lines = |head: &[u8]| head.len() < HEAD_BYTES || memchr::memchr(b'\n', head).is_some();
    inputs.iter().all(|input| has_lines(input.head()))
}

/// Reads logs one after the other.
pub(super) fn read(
    inputs: &mut [Input],
    (own_domains, relays): (&[String], RelayHosts<'_>),
    (messages, numbers): (&mut Lanes, &mut Numbers),
    sink: &mut dyn Sink,
) -> Result<(), SourceError> {
    let names: Vec<String> = inputs.iter().map(|input| input.name().to_owned()).collect();
    let layouts = inputs.iter().map(|input| Mutex::new(Layout::of_head(input.head()))).collect();
    let logs = Logs { layouts, own_domains, relays };
    blocks::read(inputs, &logs, |number, event| {
        let Some(name) = names.get(number) else { return false };
        let mut rows = Rows(Tracking::new(own_domains, relays));
        match event {
            Event::Begin => {
                let source = sink.names().add_source(name);
                messages.begin_input(source);
            }
            Event::Batch(said) => {
                numbers.note(&said.numbers);
                messages.take_batch(said.batch, name, sink);
            }
            Event::End(place) => place.sheet.end(true, &mut rows),
            Event::Damage { state: mut place, line, left, what } => {
                let mut lines = line.saturating_sub(1);
                if left > 0 {
                    // The line that broke off.
                    lines += 1;
                    rows.0.batch.records += 1;
                    place.sheet.line(b"", (line, true), &mut Splitter::default(), &mut rows);
                }
                sink.damage(name, lines, what);
                place.sheet.end(false, &mut rows);
            }
        }
        messages.take_batch(rows.0.batch, name, sink);
        !messages.has_failed()
    })
}

impl Work for Logs<'_> {
    type Batch = Said;
    type State = Place;

    fn has_quotes(&self) -> bool {
        false
    }

    fn begin(&self, _: usize) -> Place {
        Place::default()
    }

    fn guess(&self, input: usize) -> Place {
        let layout = |known: &Mutex<Option<Layout>>| *known.lock().unwrap_or_else(PoisonError::into_inner);
        let layout = self.layouts.get(input).and_then(layout);
        Place { sheet: Sheet::under(layout), is_in_long_line: false }
    }

    fn learn(&self, input: usize, place: &Place) {
        if let Some(known) = self.layouts.get(input) {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = place.sheet.layout;
        }
    }

    fn read(&self, _: usize, text: Text<'_>, mut place: Place) -> Made<Said, Place> {
        let mut rows = Rows(Tracking::new(self.own_domains, self.relays));
        let mut splitter = Splitter::default();
        let (mut rest, mut number) = (text.bytes, text.line);
        // A short log may have lone CRs at the ends of its lines.
        let has_feeds = !(text.is_first && text.is_last) || memchr::memchr(b'\n', rest).is_some();
        let mark = if has_feeds { b'\n' } else { b'\r' };
        while !rest.is_empty() {
            let (line, behind) = match memchr::memchr(mark, rest) {
                Some(end) => (&rest[..end], &rest[end + 1..]),
                None if text.is_last || rest.len() > LINE_CAP || place.is_in_long_line => (rest, &[][..]),
                None => break,
            };
            let goes_on = line.len() == rest.len() && !text.is_last;
            let was_taken = std::mem::replace(&mut place.is_in_long_line, goes_on);
            if !was_taken {
                let cut = line.len() > LINE_CAP;
                rows.0.batch.records += 1;
                place.sheet.line(without_returns(line), (number, cut), &mut splitter, &mut rows);
            }
            number += u64::from(!goes_on);
            rest = behind;
        }
        let Tracking { batch, numbers, .. } = rows.0;
        Made { batch: Said { batch, numbers }, state: place, left: rest.len(), line: number }
    }
}

/// A line without the CRs at its end.
fn without_returns(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = line {
        line = rest;
    }
    line
}
