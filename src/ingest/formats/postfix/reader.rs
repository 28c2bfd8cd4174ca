//! Reads Postfix lines into messages and hands finished ones on as submissions.
//!
//! Counting rules: a message counts once, when it was accepted; a recipient once, however often delivery was tried;
//! legs through filters and local deliveries do not count. Time comes from [`crate::ingest::syslog`].

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::chain::Legs;
use super::entry::{Entry, entry};
use super::others::Others;
use super::queue::Queue;
use crate::ingest::syslog::frames::message_length;
use crate::ingest::syslog::relay::RelayFilter;
use crate::ingest::syslog::walk::newest_first;
use crate::ingest::syslog::{Clock, Part, Records};
use crate::ingest::{ReadError, ReadOptions, Sink};
use crate::period::Timestamp;
use crate::usage::{Rejection, Skip, SourceId};

/// Seconds for which a message that left the queue waits for lines that come late.
pub const LATE_LINES: i64 = 5;
/// Seconds for which a message that came from this host waits for the line that links it to an earlier leg.
pub const LATE_LINK: i64 = 120;
/// Lines after which messages that were never queued are looked for.
const SWEEP_LINES: u64 = 1 << 20;
/// Seconds after which a message that was never queued is given up (a client that broke off).
const NEVER_QUEUED: i64 = 86_400;
/// Seconds after which a message that never left the queue is given up, well above any queue lifetime in use.
const NEVER_REMOVED: i64 = 60 * 86_400;

/// The state of one run over all parts of a log.
pub struct Reader<'s> {
    pub(super) sink: &'s mut dyn Sink,
    pub(super) queue: Queue,
    pub(super) legs: Legs,
    pub(super) others: Others,
    hosts: FxHashMap<Box<[u8]>, u32>,
    /// The hosts with full names, by the first label.
    labels: FxHashMap<Box<[u8]>, u32>,
    next_host: u32,
    last_host: (Box<[u8]>, u32),
    instances: FxHashMap<Box<[u8]>, u32>,
    last_instance: (Box<[u8]>, u32),
    pub(super) relays: RelayFilter,
    pub(super) leaving: [VecDeque<(Timestamp, u32)>; 2],
    lines: u64,
    pub(super) newest: Timestamp,
    tally: Tally,
}

/// Lines of one part that belong to no message.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    skipped: FxHashMap<Skip, u64>,
}

impl<'s> Reader<'s> {
    /// A reader that delivers into a sink.
    /// `hosts` are those whose logs are read.
    pub fn new(options: &ReadOptions, hosts: &[&[u8]], sink: &'s mut dyn Sink) -> Reader<'s> {
        let mut reader = Reader {
            sink,
            queue: Queue::default(),
            legs: Legs::default(),
            others: Others::default(),
            hosts: FxHashMap::default(),
            labels: FxHashMap::default(),
            next_host: 0,
            last_host: (Box::default(), u32::MAX),
            instances: FxHashMap::default(),
            last_instance: (Box::default(), u32::MAX),
            relays: RelayFilter::new(&options.relay_hosts),
            leaving: [VecDeque::new(), VecDeque::new()],
            lines: 0,
            newest: Timestamp::from_seconds(i64::MIN),
            tally: Tally::default(),
        };
        for host in hosts {
            reader.host(host);
        }
        reader.others.follow = reader.next_host > 1;
        reader
    }

    /// Reads one part to its end. Messages under way stay for the next part; those that only wait for late lines
    /// are let go where that part goes back in time, so that its copies of their lines are seen as copies.
    pub fn read(&mut self, part: &mut Part) -> Result<(), ReadError> {
        let newest = self.newest.seconds();
        if part.first().is_some_and(|first| first.seconds() + LATE_LINK < newest) {
            self.let_go(None);
        }
        let source = self.sink.names().add_source(part.input.name());
        let mut records = Records::new(part.input.open()?, part.envelope);
        let mut last = 0;
        loop {
            match records.next_record() {
                Ok(Some(record)) => {
                    last = record.number;
                    self.record(record.line, record.number, source, &mut part.clock);
                    if record.overlong {
                        self.tally.records += 1;
                        self.reject_line(
                            source,
                            last,
                            "it is longer than 1 MiB: what stands beyond that is not read",
                        );
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(part.input.name(), last, error.to_string());
                    break;
                }
            }
        }
        self.flush_tally();
        if part.clock.runs_backwards() { Err(newest_first(part)) } else { Ok(()) }
    }

    /// Ends the run: whatever is still under way is counted as open.
    pub fn finish(mut self) {
        self.let_go(None);
        for slot in self.queue.select(|_| true) {
            self.leave(slot);
        }
        self.let_go(None);
        self.flush_tally();
    }

    /// Takes one record; a line of a stream without line ends can hold several.
    fn record(&mut self, mut line: &[u8], number: u64, source: SourceId, clock: &mut Clock) {
        if matches!(line.first(), Some(b'<' | b'0'..=b'9')) {
            while let Some(next) = message_length(line) {
                self.line(&line[..next], number, source, clock);
                line = &line[next..];
            }
        }
        self.line(line, number, source, clock);
    }

    fn line(&mut self, line: &[u8], number: u64, source: SourceId, clock: &mut Clock) {
        self.tally.records += 1;
        self.lines += 1;
        if self.lines.is_multiple_of(SWEEP_LINES) {
            self.sweep();
        }
        match entry(line, number, source) {
            Err(reason) => self.skip(reason),
            Ok(entry) => match clock.instant(entry.header.time, entry.header.host) {
                Some(time) => self.entry(&entry, time, clock),
                None => self.reject(&entry, "its time cannot be read: expected a date of the calendar"),
            },
        }
    }

    /// Gives up messages that were never queued or never left, so that memory stays bounded.
    fn sweep(&mut self) {
        let now = self.newest.seconds();
        let stale = self.queue.select(|message| {
            let age = now - message.last.seconds();
            let never_queued = !message.queued && message.recipients().next().is_none();
            !message.removed && (age > NEVER_REMOVED || never_queued && age > NEVER_QUEUED)
        });
        for slot in stale {
            self.leave(slot);
        }
    }

    /// The number of a host. A short name and a full one that begins with it are one, in any case of letters.
    pub(super) fn host(&mut self, name: &[u8]) -> u32 {
        if *self.last_host.0 == *name && self.last_host.1 != u32::MAX {
            return self.last_host.1;
        }
        let number = match self.hosts.get(name) {
            Some(&number) => number,
            None => self.new_spelling(name),
        };
        self.others.follow |= number > 0;
        self.last_host = (name.into(), number);
        number
    }

    /// Numbers a host by a name that was not met so far; it can be one of a known host.
    fn new_spelling(&mut self, spelled: &[u8]) -> u32 {
        let name = spelled.to_ascii_lowercase();
        let label = &name[..memchr::memchr(b'.', &name).unwrap_or(name.len())];
        let is_short = label.len() == name.len();
        let aliases = if is_short { &self.labels } else { &self.hosts };
        let known = self.hosts.get(&*name).or_else(|| aliases.get(label)).copied();
        let number = known.unwrap_or(self.next_host);
        self.next_host += u32::from(known.is_none());
        if !is_short {
            self.labels.entry(label.into()).or_insert(number);
        }
        self.hosts.insert(name.into(), number);
        self.hosts.insert(spelled.into(), number);
        number
    }

    pub(super) fn instance(&mut self, name: &[u8]) -> u32 {
        numbered(&mut self.instances, &mut self.last_instance, name)
    }

    pub(super) fn skip(&mut self, reason: Skip) {
        *self.tally.skipped.entry(reason).or_default() += 1;
    }

    pub(super) fn reject(&mut self, entry: &Entry<'_>, reason: &str) {
        self.reject_line(entry.source, entry.line, reason);
    }

    fn reject_line(&mut self, source: SourceId, line: u64, reason: &str) {
        let file = self.sink.names().source_name(source).to_owned();
        self.sink.reject(Rejection { file, line, reason: reason.to_owned() });
    }

    fn flush_tally(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.sink.records(tally.records);
        for (reason, count) in tally.skipped {
            self.sink.skip(reason, count);
        }
    }
}

/// The number of a name, remembered between lines since neighbouring lines mostly share it.
fn numbered(known: &mut FxHashMap<Box<[u8]>, u32>, last: &mut (Box<[u8]>, u32), name: &[u8]) -> u32 {
    if *last.0 == *name && last.1 != u32::MAX {
        return last.1;
    }
    let next = known.len() as u32;
    let number = known.get(name).copied().unwrap_or(next);
    if number == next {
        known.insert(name.into(), number);
    }
    *last = (name.into(), number);
    number
}
