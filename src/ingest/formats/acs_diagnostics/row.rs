//! Rows of a log in their order, for all kinds and both encodings: what each says is added to its message, and usage
//! records are counted.
//!
//! Times are UTC, whether or not a zone is written; only the portal can show them in another one, and then says so in
//! the header. Of a recipient nothing but a hash is kept. What a row says is found in `said`, and how rows become
//! messages is left to `messages`.

use rustc_hash::FxHashSet;

use super::columns::{Cells, Column, Kind};
use super::messages::{Facts, Messages, Send};
use super::said::{self, Said, Teller, What, Written, Zones};
use super::texts::Ids;
use super::words::{Word, metered};
use crate::ingest::delimited::{DateOrder, name_of, plain_decimal, plain_word, word};
use crate::ingest::grouping::MessageKey;
use crate::ingest::{Record, Sink};
use crate::period::Zone;
use crate::usage::{ClientId, ControlTotal, HostId, SenderId, Skip, SourceId};

/// Texts of rows that are read one by one before they are forgotten.
const TEXT_CAP: usize = 10_000;
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
    /// Understands rows that are read one by one.
    teller: Teller,
    /// The ids of their texts.
    ids: TextIds,
    source: SourceId,
    /// Usage records that were read.
    usage: FxHashSet<u128>,
    unknown: Unknown,
}

/// The ids of texts in the run.
#[derive(Debug, Default)]
pub(super) struct TextIds {
    hosts: Ids<HostId>,
    clients: Ids<ClientId>,
    senders: Ids<SenderId>,
}

/// Words of the service that are not known, as they may be shown, and rows that have them.
#[derive(Debug, Default)]
struct Unknown {
    statuses: Vec<String>,
    status_rows: u64,
    units: Vec<String>,
    unit_rows: u64,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub(super) fn new(messages: &'a mut Messages, sink: &'a mut dyn Sink) -> Reader<'a> {
        Reader {
            messages,
            sink,
            teller: Teller::default(),
            ids: TextIds::default(),
            source: SourceId(0),
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
        self.teller.begin(clock);
        match self.teller.tell(cells, table)? {
            said::Row::Message(said) => {
                let (mut ids, written) = (std::mem::take(&mut self.ids), self.teller.take_written());
                let taken = self.add(&said, &written, &mut ids);
                (self.ids, self.teller.written) = (ids, written);
                if self.teller.shrink(TEXT_CAP) {
                    self.ids = TextIds::default();
                }
                Ok(taken)
            }
            said::Row::Usage => self.take_usage(cells),
            said::Row::Skipped(reason) => Ok(Taken::Skipped(reason)),
        }
    }

    /// Looks up what some rows are about at once.
    pub(super) fn look_up<'s>(&self, some: impl Iterator<Item = &'s Said>) {
        self.messages.look_up(some);
    }

    /// Notes what times of rows were that were understood elsewhere.
    pub(super) fn note_zones(&mut self, zones: Zones) {
        self.teller.zones.assumed |= zones.assumed;
        self.teller.zones.unknown |= zones.unknown;
    }

    /// Adds what a row says to its message.
    pub(super) fn add(&mut self, said: &Said, written: &Written, ids: &mut TextIds) -> Taken {
        let names = self.sink.names();
        let relay = ids.hosts.of(said.relay, &written.hosts, |name| names.host(name));
        let Said { id, resource, time, time_quality, line, .. } = *said;
        let facts = Facts { id, resource, relay, time, time_quality, source: self.source, line };
        match said.what {
            What::Send { recipients, megabytes, client } => {
                let client = ids.clients.of(client, &written.clients, |text| match text {
                    b"" => ClientId::UNKNOWN,
                    text => names.client(text, b"", b""),
                });
                let is_first = self.messages.send(&facts, Send { recipients, megabytes, client });
                if is_first { Taken::Kept } else { Taken::Skipped(Skip::Duplicate) }
            }
            What::Status { recipient, word, written: status, sender } => {
                let sender = ids.senders.of(sender, &written.senders, |text| match text {
                    b"" => SenderId::UNKNOWN,
                    text => names.sender(text),
                });
                let Some(hash) = recipient else {
                    self.messages.level(&facts, word, sender);
                    return Taken::Kept;
                };
                if word == Word::New {
                    self.unknown.status_rows += 1;
                    note(&mut self.unknown.statuses, written.statuses.at(status));
                }
                self.messages.status(&facts, hash, word, sender).map_or(Taken::Kept, Taken::Skipped)
            }
        }
    }

    /// The service's own count. Records of mail count beside the usage; those of calls and chats are of no interest.
    fn take_usage(&mut self, cells: &Cells<'_>) -> Result<Taken, String> {
        let (usage, unit) = (cells.get(Column::UsageType), cells.get(Column::UnitType));
        if !name_of(usage).contains("email") {
            return Ok(Taken::Skipped(Skip::OtherService));
        }
        let quantity =
            plain_decimal(cells.get(Column::Quantity)).filter(|quantity| !quantity.is_sign_negative());
        let quantity = quantity.ok_or("the quantity is missing: expected a number such as '12'")?;
        let start = [Column::Start, Column::Time].map(|column| cells.get(column));
        let written = start.into_iter().find(|cell| !cell.is_empty()).ok_or("the time is missing")?;
        let time = self.teller.instant(written)?.0;
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

    /// Warns of what was not known.
    pub(super) fn warn(&mut self) {
        let Unknown { statuses, status_rows, units, unit_rows } = &self.unknown;
        let zones = self.teller.zones;
        if zones.assumed {
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
        if zones.unknown {
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
