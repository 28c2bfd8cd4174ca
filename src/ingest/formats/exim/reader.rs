//! Reads Exim lines into messages and hands finished ones on as submissions.
//!
//! Counting rules: a message counts once, when it was accepted; a recipient once, however often delivery was tried;
//! passes through filters and local deliveries do not count. Time comes from [`crate::ingest::syslog`].

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::legs::Legs;
use super::line::{self, Line};
use super::pieces::{Joined, Pieces, Step};
use super::queue::Queue;
use super::transports::Transports;
use crate::ingest::handover::RelayFilter;
use crate::ingest::others::Others;
use crate::ingest::syslog::frames::message_length;
use crate::ingest::syslog::{Clock, Envelope, Part, Records};
use crate::ingest::{ReadError, ReadOptions, Sink};
use crate::period::Timestamp;
use crate::usage::{Rejection, Skip, SourceId};

/// Lines after which messages that were never completed are looked for.
const SWEEP_LINES: u64 = 1 << 20;
/// Seconds after which a message that was never completed is given up, well above any retry time in use.
const NEVER_COMPLETED: i64 = 60 * 86_400;
/// Seconds by which a part that begins so much earlier than the last one ended tells of the same time again.
const BACK: i64 = 120;

/// Where a record stands, and how many it is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The input.
    pub source: SourceId,
    /// The line in it.
    pub line: u64,
    /// The records behind the text.
    pub records: u64,
}

/// The state of one run over all parts of a log.
pub struct Reader<'s> {
    pub(super) sink: &'s mut dyn Sink,
    pub(super) queue: Queue,
    pub(super) legs: Legs,
    pub(super) others: Others,
    pub(super) transports: Transports,
    pub(super) relays: RelayFilter,
    pub(super) leaving: [VecDeque<(Timestamp, u32, u64)>; 2],
    pub(super) newest: Timestamp,
    /// Messages that count with one recipient because nothing tells how many they have.
    pub(super) untold: u64,
    pieces: Pieces,
    lines: u64,
    tally: Tally,
}

/// Lines of one part that belong to no message.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    skipped: FxHashMap<Skip, u64>,
}

impl<'s> Reader<'s> {
    /// A reader that delivers into a sink. `several` logs can be of hosts that hand mail to each other.
    pub fn new(options: &ReadOptions, several: bool, sink: &'s mut dyn Sink) -> Reader<'s> {
        let mut others = Others::default();
        others.follow = several;
        Reader {
            sink,
            queue: Queue::default(),
            legs: Legs::default(),
            others,
            transports: Transports::default(),
            relays: RelayFilter::new(&options.relay_hosts),
            leaving: [VecDeque::new(), VecDeque::new()],
            newest: Timestamp::from_seconds(i64::MIN),
            untold: 0,
            pieces: Pieces::default(),
            lines: 0,
            tally: Tally::default(),
        }
    }

    /// Reads one part to its end. Messages under way stay for the next part; completed ones that only wait for late
    /// lines are let go where that part goes back in time, so that its copies of their lines are seen as copies.
    pub fn read(&mut self, part: &mut Part) -> Result<(), ReadError> {
        let newest = self.newest.seconds();
        if part.first().is_some_and(|first| first.seconds() + BACK < newest) {
            self.let_go(None);
        }
        let source = self.sink.names().add_source(part.input.name());
        let mut records = Records::new(part.input.open()?, part.envelope);
        let is_stream = part.envelope == Envelope::Stream;
        let mut place = Place { source, line: 0, records: 1 };
        loop {
            match records.next_record() {
                Ok(Some(record)) => {
                    place.line = record.number;
                    self.record(record.line, place, is_stream, &mut part.clock);
                    if record.overlong {
                        self.tally.records += 1;
                        self.reject(place, "it is longer than 1 MiB: what stands beyond that is not read");
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(part.input.name(), place.line, error.to_string());
                    break;
                }
            }
        }
        for joined in self.pieces.take() {
            self.joined(&joined, &mut part.clock);
        }
        self.flush_tally();
        part.refuse_newest_first()
    }

    /// Ends the run: whatever is still under way is counted as open.
    pub fn finish(mut self) {
        self.let_go(None);
        for slot in self.queue.select(|_| true) {
            self.leave(slot);
        }
        self.flush_tally();
        if self.untold > 0 {
            let (noun, verb) = if self.untold == 1 { ("message", "has") } else { ("messages", "have") };
            self.sink.warn(format!(
                "{} accepted {noun} {verb} no delivery in the log, which names no recipients either: counted with one \
                 open recipient each",
                self.untold
            ));
        }
    }

    /// Takes one record; a line of a stream without line ends can hold several.
    fn record(&mut self, mut text: &[u8], place: Place, is_stream: bool, clock: &mut Clock) {
        if is_stream || text.first() == Some(&b'<') {
            while let Some(next) = message_length(text) {
                self.line(&text[..next], place, clock);
                text = &text[next..];
            }
        }
        self.line(text, place, clock);
    }

    fn line(&mut self, text: &[u8], place: Place, clock: &mut Clock) {
        self.tally.records += 1;
        self.lines += 1;
        if self.lines.is_multiple_of(SWEEP_LINES) {
            self.sweep();
        }
        let header = match line::header(text) {
            Ok(header) => header,
            Err(reason) => return self.skip(reason, 1),
        };
        let Some(piece) = line::piece(text, &header) else {
            return self.timed(&line::line(&header), place, clock);
        };
        match self.pieces.add(&piece, (header.time, header.host, place.source, place.line)) {
            Step::Complete(joined) | Step::Open(Some(joined)) => self.joined(&joined, clock),
            Step::Open(None) => {}
            Step::Stray => self.skip(Skip::Fragment, 1),
        }
    }

    /// Takes a line that was put together, or what there is of it. Its own time, which has a year, stands in its first
    /// piece.
    fn joined(&mut self, joined: &Joined, clock: &mut Clock) {
        let place = Place { source: joined.source, line: joined.line, records: joined.records };
        let line = line::rejoined(&joined.time, &joined.host, &joined.text);
        self.timed(&line, place, clock);
    }

    fn timed(&mut self, line: &Line<'_>, place: Place, clock: &mut Clock) {
        match clock.instant(line.time, line.host) {
            Some(time) => self.entry(line, place, time, clock),
            None => {
                self.reject(place, "its time cannot be read: expected a date of the calendar");
                self.skip(Skip::Fragment, place.records - 1);
            }
        }
    }

    /// Gives up messages that were never completed, so that memory stays bounded.
    fn sweep(&mut self) {
        let now = self.newest.seconds();
        for slot in self.queue.select(|message| now - message.last.seconds() > NEVER_COMPLETED) {
            self.leave(slot);
        }
    }

    pub(super) fn skip(&mut self, reason: Skip, records: u64) {
        if records > 0 {
            *self.tally.skipped.entry(reason).or_default() += records;
        }
    }

    pub(super) fn reject(&mut self, place: Place, reason: &str) {
        let file = self.sink.names().source_name(place.source).to_owned();
        self.sink.reject(Rejection { file, line: place.line, reason: reason.to_owned() });
    }

    fn flush_tally(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.sink.records(tally.records);
        for (reason, count) in tally.skipped {
            self.sink.skip(reason, count);
        }
    }
}
