//! Goes through the lines of a part: finds the header of each, accounts for those that are of no mail system, and
//! gives the others to the format that knows what they mean.

use rustc_hash::FxHashMap;

use super::frames::message_length;
use super::{Clock, Header, Part, Records, not_own};
use crate::ingest::{ReadError, Sink};
use crate::period::Timestamp;
use crate::usage::{Rejection, Skip, SourceId};

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The input.
    pub source: SourceId,
    /// The number of the line in it (1-based).
    pub line: u64,
}

/// Takes what is known of single lines, and holds the sink of the run.
pub struct Desk<'s> {
    /// The sink.
    pub sink: &'s mut dyn Sink,
    records: u64,
    skipped: FxHashMap<Skip, u64>,
}

impl<'s> Desk<'s> {
    /// A desk before a sink.
    pub fn new(sink: &'s mut dyn Sink) -> Desk<'s> {
        Desk { sink, records: 0, skipped: FxHashMap::default() }
    }

    /// Notes a line that is part of no message.
    pub fn skip(&mut self, reason: Skip) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Notes a line that should be read and cannot be.
    pub fn reject(&mut self, place: Place, reason: &str) {
        let file = self.sink.names().source_name(place.source).to_owned();
        self.sink.reject(Rejection { file, line: place.line, reason: reason.to_owned() });
    }

    /// The instant of a line; one whose time cannot be read is rejected.
    pub fn instant(&mut self, header: &Header<'_>, place: Place, clock: &mut Clock) -> Option<Timestamp> {
        let time = clock.instant(header.time, header.host);
        if time.is_none() {
            self.reject(place, "its time cannot be read: expected a date of the calendar");
        }
        time
    }

    fn flush(&mut self) {
        self.sink.records(std::mem::take(&mut self.records));
        for (reason, count) in self.skipped.drain() {
            self.sink.skip(reason, count);
        }
    }
}

/// Takes a line of the mail system: each must end in a call of the desk or in a message.
pub type Take<'t> = &'t mut dyn FnMut(&Header<'_>, Place, &mut Clock, &mut Desk<'_>);

/// Reads a part to its end and gives the lines of the programs that `is_own` knows to `take`.
pub fn walk(
    part: &mut Part,
    is_own: fn(&[u8]) -> bool,
    desk: &mut Desk<'_>,
    take: Take<'_>,
) -> Result<(), ReadError> {
    let source = desk.sink.names().add_source(part.input.name());
    let mut records = Records::new(part.input.open()?, part.envelope);
    let mut place = Place { source, line: 0 };
    loop {
        match records.next_record() {
            Ok(Some(record)) => {
                place.line = record.number;
                let mut line = record.line;
                // A line of a stream without line ends can hold several messages.
                while matches!(line.first(), Some(b'<' | b'0'..=b'9')) {
                    let Some(next) = message_length(line) else { break };
                    one(&line[..next], place, is_own, &mut part.clock, desk, take);
                    line = &line[next..];
                }
                one(line, place, is_own, &mut part.clock, desk, take);
                if record.overlong {
                    desk.records += 1;
                    desk.reject(place, "it is longer than 1 MiB: what stands beyond that is not read");
                }
            }
            Ok(None) => break,
            Err(error) => {
                desk.sink.damage(part.input.name(), place.line, error.to_string());
                break;
            }
        }
    }
    desk.flush();
    part.refuse_newest_first()
}

fn one(
    line: &[u8],
    place: Place,
    is_own: fn(&[u8]) -> bool,
    clock: &mut Clock,
    desk: &mut Desk<'_>,
    take: Take<'_>,
) {
    desk.records += 1;
    match own_header(line, is_own) {
        Ok(header) => take(&header, place, clock, desk),
        Err(reason) => desk.skip(reason),
    }
}

/// The header that a mail system's program wrote, also inside that of a container's log driver.
pub fn own_header(line: &[u8], is_own: fn(&[u8]) -> bool) -> Result<Header<'_>, Skip> {
    let header = match line.first() {
        None => return Err(Skip::Header),
        Some(b'<' | b'0'..=b'9') => Header::parse_rfc5424(line).or_else(|| Header::parse(line)),
        Some(_) => Header::parse(line),
    };
    let outer = header.ok_or(Skip::Fragment)?;
    if is_own(outer.program) {
        return Ok(outer);
    }
    match outer.inner() {
        Some(inner) if is_own(inner.program) => Ok(inner),
        Some(inner) => Err(not_own(inner.program)),
        None => Err(not_own(outer.program)),
    }
}
