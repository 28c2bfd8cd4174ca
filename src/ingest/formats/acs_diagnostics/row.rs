//! What one row of a log says, for all kinds and both encodings.
//!
//! Times are UTC, whether or not a zone is written; only the portal can show them in another one, and then says so in
//! the header. Of a recipient nothing but a hash is kept. How rows become messages is left to `messages`.

use rustc_hash::FxHashSet;

use super::columns::{Cells, Column, Kind};
use super::messages::{Facts, Messages, Send};
use super::values::{count, date, megabytes};
use super::words::{Word, metered};
use crate::ingest::delimited::{DateOrder, RecipientHasher, name_of, plain_decimal, plain_word, word};
use crate::ingest::grouping::MessageKey;
use crate::ingest::{Record, Sink};
use crate::period::{Timestamp, Zone};
use crate::usage::{ClientId, ControlTotal, HostId, SenderId, Skip, SourceId, TimeQuality};

/// Words that are named in a warning.
const NAMED_WORDS: usize = 5;

/// How an input writes times.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// Which of day and month stands first.
    pub(super) order: Option<DateOrder>,
    /// Whether its times are not in UTC, though they have no zone.
    pub(super) is_local: bool,
    /// What such times mean, as far as the user says.
    pub(super) zone: Option<Zone>,
}

/// What became of a row that was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// It is accounted for with its message or total.
    Kept,
    /// It is not counted.
    Skipped(Skip),
}

/// Messages, and what is needed to add rows to them.
pub(super) struct Reader<'a> {
    messages: &'a mut Messages,
    pub(super) sink: &'a mut dyn Sink,
    hasher: RecipientHasher,
    source: SourceId,
    resource: Resource,
    sender: Vec<u8>,
    /// Usage records that were read.
    usage: FxHashSet<u128>,
    unknown: Unknown,
}

/// The resource of the row before: nearly always that of this row too.
#[derive(Debug, Default)]
struct Resource {
    path: Vec<u8>,
    digest: u32,
    name: Option<HostId>,
}

/// Words of the service that are not known, as they may be shown, and rows that have them.
#[derive(Debug, Default)]
struct Unknown {
    statuses: Vec<String>,
    status_rows: u64,
    units: Vec<String>,
    unit_rows: u64,
    /// Whether some time is in a zone that no column states.
    assumed_zones: bool,
    /// Whether some time is in a zone that nobody states.
    local_times: bool,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub(super) fn new(messages: &'a mut Messages, sink: &'a mut dyn Sink) -> Reader<'a> {
        Reader {
            messages,
            sink,
            hasher: RecipientHasher::default(),
            source: SourceId(0),
            resource: Resource::default(),
            sender: Vec::new(),
            usage: FxHashSet::default(),
            unknown: Unknown::default(),
        }
    }

    /// Begins an input.
    pub(super) fn begin_input(&mut self, name: &str) {
        self.source = self.sink.names().add_source(name);
    }

    /// Adds a row to its message, or says what is wrong with it. The table is that of a query's result, where its
    /// name tells.
    pub(super) fn take(
        &mut self,
        cells: &Cells<'_>,
        table: Option<Kind>,
        clock: Clock,
    ) -> Result<Taken, String> {
        match Kind::of(cells, table) {
            Some(Kind::Send) => self.take_send(cells, clock),
            Some(Kind::Status) => self.take_status(cells, clock),
            Some(Kind::Engagement) => Ok(Taken::Skipped(Skip::Event)),
            Some(Kind::Usage) => self.take_usage(cells, clock),
            Some(Kind::Metric) => Ok(Taken::Skipped(Skip::NotUsage)),
            Some(Kind::Other) => Ok(Taken::Skipped(Skip::OtherService)),
            None => Err("no row of a log of Communication Services: expected a category such as \
                         EmailSendMailOperational"
                .to_owned()),
        }
    }

    fn take_send(&mut self, cells: &Cells<'_>, clock: Clock) -> Result<Taken, String> {
        let recipients = recipients(cells)?;
        let megabytes = megabytes(cells.get(Column::Size))?.unwrap_or_default();
        let facts = self.facts(cells, clock)?;
        let client = match cells.get(Column::TrafficSource) {
            b"" => ClientId::UNKNOWN,
            source => self.sink.names().client(source, b"", b""),
        };
        let is_first = self.messages.send(&facts, Send { recipients, megabytes, client });
        Ok(if is_first { Taken::Kept } else { Taken::Skipped(Skip::Duplicate) })
    }

    fn take_status(&mut self, cells: &Cells<'_>, clock: Clock) -> Result<Taken, String> {
        let facts = self.facts(cells, clock)?;
        let sender = self.sender(cells);
        let Some(hash) = self.hasher.hash(cells.get(Column::Recipient)) else {
            self.messages.level(&facts, Word::of(cells.get(Column::Status)), sender);
            return Ok(Taken::Kept);
        };
        let status = cells.get(Column::Status);
        let word = Word::of(status);
        if word == Word::New {
            self.unknown.status_rows += 1;
            note(&mut self.unknown.statuses, status);
        }
        Ok(self.messages.status(&facts, hash, word, sender).map_or(Taken::Kept, Taken::Skipped))
    }

    /// The service's own count. Records of mail count beside the usage; those of calls and chats are of no interest.
    fn take_usage(&mut self, cells: &Cells<'_>, clock: Clock) -> Result<Taken, String> {
        let (usage, unit) = (cells.get(Column::UsageType), cells.get(Column::UnitType));
        if !name_of(usage).contains("email") {
            return Ok(Taken::Skipped(Skip::OtherService));
        }
        let quantity =
            plain_decimal(cells.get(Column::Quantity)).filter(|quantity| !quantity.is_sign_negative());
        let quantity = quantity.ok_or("the quantity is missing: expected a number such as '12'")?;
        let start = [Column::Start, Column::Time].map(|column| cells.get(column));
        let written = start.into_iter().find(|cell| !cell.is_empty()).ok_or("the time is missing")?;
        let time = self.instant(written, clock)?.0;
        let resource = cells.get(Column::Resource);
        let key = match cells.get(Column::RecordId) {
            b"" => {
                MessageKey::of_parts(&[b"usage", resource, written, usage, unit, cells.get(Column::Quantity)])
            }
            id => MessageKey::of_parts(&[b"usage", resource, id]),
        };
        if !self.usage.insert(key.bits()) {
            return Ok(Taken::Skipped(Skip::Duplicate));
        }
        let metered = metered(unit);
        if metered.is_none() {
            self.unknown.unit_rows += 1;
            note(&mut self.unknown.units, unit);
        }
        self.sink.accept(Record::ControlTotal(ControlTotal {
            report: "ACS billing usage records",
            what: format!("{}, {}", plain_word(usage), plain_word(unit)),
            metered,
            quantity,
            date: Some(time.date()),
            source: self.source,
            line: cells.line,
            records: 1,
        }));
        Ok(Taken::Kept)
    }

    fn facts(&mut self, cells: &Cells<'_>, clock: Clock) -> Result<Facts, String> {
        let (written, id) = (cells.get(Column::Time), cells.get(Column::Correlation));
        match (written, id) {
            (b"", b"") => {
                return Err(
                    "the time and the CorrelationId are missing: these are the properties of a log row \
                            without the envelope around them (time, resourceId, category, correlationId)"
                        .to_owned(),
                );
            }
            (b"", _) => return Err("the time is missing: expected time or TimeGenerated".to_owned()),
            (_, b"") => {
                return Err("the CorrelationId is missing: it tells which rows are of one message".to_owned());
            }
            _ => {}
        }
        let (time, time_quality) = self.instant(written, clock)?;
        let seconds = u32::try_from(time.seconds())
            .map_err(|_| format!("the time {time} is not possible: expected 1970 to 2105"))?;
        let (resource, relay) = self.resource(cells.get(Column::Resource));
        let (source, line) = (self.source, cells.line);
        Ok(Facts { id: MessageKey::of_id(id), resource, relay, time: seconds, time_quality, source, line })
    }

    fn instant(&mut self, written: &[u8], clock: Clock) -> Result<(Timestamp, TimeQuality), String> {
        let date = date(written, clock.order)?;
        let (zone, quality) = match (clock.is_local && !date.has_zone(), date.date_only) {
            (_, true) => (Zone::UTC, TimeQuality::DateOnly),
            (true, false) => {
                self.unknown.assumed_zones = true;
                self.unknown.local_times |= clock.zone.is_none();
                (clock.zone.unwrap_or(Zone::UTC), TimeQuality::ZoneAssumed)
            }
            (false, false) => (Zone::UTC, TimeQuality::Exact),
        };
        Ok((date.instant(&zone), quality))
    }

    /// The digest of a resource and its name, the last part of its path; case differs between settings and tables.
    fn resource(&mut self, path: &[u8]) -> (u32, HostId) {
        if path.is_empty() {
            return (0, HostId::UNKNOWN);
        }
        if self.resource.path != path || self.resource.name.is_none() {
            let digest = MessageKey::of_parts(&[b"resource", path]).bits() as u32;
            self.resource.digest = digest.max(1);
            self.resource.path.clear();
            self.resource.path.extend_from_slice(path);
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            self.resource.name = Some(self.sink.names().host(name));
        }
        (self.resource.digest, self.resource.name.unwrap_or(HostId::UNKNOWN))
    }

    fn sender(&mut self, cells: &Cells<'_>) -> SenderId {
        let (user, domain) = (cells.get(Column::SenderUser), cells.get(Column::SenderDomain));
        let at: &[u8] = match (user, domain) {
            (b"", b"") => return SenderId::UNKNOWN,
            (_, b"") => b"",
            _ if user.contains(&b'@') => return self.sink.names().sender(user),
            _ => b"@",
        };
        self.sender.clear();
        [user, at, domain].iter().for_each(|part| self.sender.extend_from_slice(part));
        self.sink.names().sender(&self.sender)
    }

    /// Warns of what was not known.
    pub(super) fn warn(&mut self) {
        let Unknown { statuses, status_rows, units, unit_rows, assumed_zones, local_times } = &self.unknown;
        if *assumed_zones {
            self.sink.zone_assumed("acs-diagnostics", "");
        }
        if *status_rows > 0 {
            self.sink.warn(format!(
                "rows with a delivery status that is not known: {status_rows} ({}); what became of their recipients \
                 counts as unknown",
                statuses.join(", ")
            ));
        }
        if *unit_rows > 0 {
            self.sink.warn(format!(
                "usage records of email in a unit that is not known: {unit_rows} ({}); they are shown and not \
                 compared",
                units.join(", ")
            ));
        }
        if *local_times {
            self.sink
                .warn("times of the log have no zone and are read as UTC; give --log-timezone".to_owned());
        }
    }
}

/// Adds a word to those that are named, where it is new and there is room.
fn note(words: &mut Vec<String>, cell: &[u8]) {
    if words.len() < NAMED_WORDS {
        let word = word(cell);
        if !words.contains(&word) {
            words.push(word);
        }
    }
}

/// The recipients of a send row. The service charges for each address once; where only the numbers of the three lines
/// are there, an address in two of them counts twice.
fn recipients(cells: &Cells<'_>) -> Result<u32, String> {
    if let Some(unique) = count(cells.get(Column::Unique))? {
        return Ok(unique);
    }
    let mut sum = None;
    for column in [Column::To, Column::Cc, Column::Bcc] {
        if let Some(count) = count(cells.get(column))? {
            sum = Some(sum.unwrap_or(0_u32).saturating_add(count));
        }
    }
    sum.ok_or_else(|| "the number of recipients is missing: expected UniqueRecipientsCount".to_owned())
}
