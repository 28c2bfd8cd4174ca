//! Reads Postfix lines into messages and hands finished ones on as submissions.
//!
//! Counting rules: a message counts once, when it was accepted; a recipient once, however often delivery was tried;
//! legs through filters and local deliveries do not count. Time comes from [`crate::ingest::syslog`].

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use rustc_hash::FxHashMap;

use super::chain::Legs;
use super::known::{Known, known};
use super::pages::pages;
use super::queue::Queue;
use super::rows::{Entry, Page, Said};
use crate::ingest::handover::RelayFilter;
use crate::ingest::others::Others;
use crate::ingest::syslog::blocks::Blocks;
use crate::ingest::syslog::{Clock, Part};
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
    pub(super) relays: RelayFilter,
    pub(super) leaving: [VecDeque<(Timestamp, u32)>; 2],
    pub(super) known: Known,
    lines: u64,
    sweeps: u64,
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
            relays: RelayFilter::new(&options.relay_hosts),
            leaving: [VecDeque::new(), VecDeque::new()],
            known: Known::default(),
            lines: 0,
            sweeps: 0,
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
    pub fn read(&mut self, part: &mut Part, cores: NonZeroUsize, bytes: usize) -> Result<(), ReadError> {
        let newest = self.newest.seconds();
        if part.first().is_some_and(|first| first.seconds() + LATE_LINK < newest) {
            self.let_go(None);
        }
        let source = self.sink.names().add_source(part.input.name());
        let mut blocks = Blocks::new(part.input.open()?, part.envelope, bytes);
        let mut read = 0;
        let fault = {
            let clock = &mut part.clock;
            let take = |page: &Page| {
                self.page(page, source, read, clock);
                read += u64::from(page.found.read);
            };
            pages(&mut blocks, cores, take)
        };
        if let Some(fault) = fault {
            self.sink.damage(part.input.name(), read, fault.to_string());
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
        self.let_go(None);
        self.flush_tally();
    }

    /// Takes what was found in a block, before which so many lines of the input were read.
    fn page(&mut self, page: &Page, source: SourceId, read: u64, clock: &mut Clock) {
        let (found, text) = (&page.found, page.block.text());
        self.known.begin(found);
        for row in &found.rows {
            self.sweep_before(u64::from(row.ordinal));
            let line = read + u64::from(row.line);
            if let Said::Overlong = row.said {
                self.tally.records += 1;
                self.reject_line(
                    source,
                    line,
                    "it is longer than 1 MiB: what stands beyond that is not read",
                );
            } else {
                self.entry(&Entry { row, found, text, source, line }, clock);
            }
        }
        self.sweep_before(u64::from(found.lines));
        self.lines += u64::from(found.lines);
        self.tally.records += u64::from(found.lines);
        for &(reason, count) in &found.skipped {
            self.skip(reason, count);
        }
    }

    /// Sweeps where enough lines were read, up to one of the next block. What lines without messages say changes
    /// nothing, so that it does not matter which of them it is.
    fn sweep_before(&mut self, line: u64) {
        let sweeps = (self.lines + line) / SWEEP_LINES;
        if sweeps > self.sweeps {
            self.sweeps = sweeps;
            self.sweep();
        }
    }

    /// The instant of a row and the number of its host; `None` where its time cannot be read.
    pub(super) fn stamp(&mut self, entry: &Entry<'_>, clock: &mut Clock) -> Option<(Timestamp, u32)> {
        if let Some((stamp, time, host)) = self.known.stamp
            && stamp == entry.row.stamp
        {
            return Some((time, host));
        }
        self.known.stamp = None;
        let at = entry.stamp()?;
        let name = entry.host();
        let time = clock.instant_at(at.stamp.as_ref()?, name)?;
        let mut hosts = std::mem::take(&mut self.known.hosts);
        let host = known(&mut hosts, at.host, || self.host(name));
        self.known.hosts = hosts;
        self.known.stamp = Some((entry.row.stamp, time, host));
        Some((time, host))
    }

    /// The number of the instance that wrote a row.
    pub(super) fn instance(&mut self, entry: &Entry<'_>) -> u32 {
        let instances = &mut self.instances;
        let number = || {
            let next = instances.len() as u32;
            *instances.entry(entry.instance().into()).or_insert(next)
        };
        known(&mut self.known.instances, entry.row.program, number)
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

    pub(super) fn skip(&mut self, reason: Skip, lines: u64) {
        *self.tally.skipped.entry(reason).or_default() += lines;
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
