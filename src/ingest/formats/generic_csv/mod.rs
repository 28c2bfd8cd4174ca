//! Tables of any other origin: columns by a mapping file or by shipped names.
//!
//! What a table leaves open (two columns for one field, an order of dates, a decimal mark) is refused with a
//! preview and the option that decides it; nothing is guessed. A row is a message, unless rows share an id; a
//! `count` column makes it many.

mod fields;
mod layout;
mod mapping;
mod repeats;
mod rows;
mod survey;

use self::fields::Field;
use self::layout::{Layout, repeats_header};
use self::mapping::Mapping;
use self::repeats::Repeats;
use self::rows::{Table, Timed, row_hash};
use self::survey::Survey;
use crate::ingest::delimited::{RecipientHasher, Records, Row, is_preamble, name_of};
use crate::ingest::grouping::{self, Facts, MessageKey, Messages, Origin, Signs, Status};
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Record, Sink, rejection};
use crate::period::Zone;
use crate::usage::{Recipients, SizeQuality, Skip, SourceId, Submission, TimeQuality, Traffic};

/// The format.
#[derive(Debug)]
pub(super) struct GenericCsv;

impl LogFormat for GenericCsv {
    fn name(&self) -> &'static str {
        "generic-csv"
    }

    fn about(&self) -> About {
        About {
            title: "any table of messages or message counts (CSV), by a mapping file or usual column names",
            size: "a size column, of one copy, with or without unit",
            recipients: "a list, a recipient count, or a count of messages per row",
            direction: "none",
            sender: "sender, client and connector columns, where there are some",
            limits: "rows without an id that repeat in another file count once",
            export: "any tool that writes a header and one row per message, recipient or period",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        Layout::by_names(head).map(|_| Likelihood::Fallback)
    }

    fn takes_mapping(&self) -> bool {
        true
    }

    fn read(
        &self,
        mut inputs: Vec<Input>,
        options: &ReadOptions,
        sink: &mut dyn Sink,
    ) -> Result<(), ReadError> {
        let mapping = options.mapping.as_deref().map(Mapping::read).transpose()?;
        let mapping = mapping.as_ref();
        // All decisions come before the first row: a refusal leaves nothing half counted.
        let mut plans = Vec::new();
        for input in &mut inputs {
            let layout = Layout::of(input, mapping)?;
            let decisions = Survey::of(input, &layout)?.decide(input, &layout, mapping, options)?;
            plans.push((layout, decisions));
        }
        let mut reader = Reader::default();
        for (input, (layout, decisions)) in inputs.iter_mut().zip(&plans) {
            let zone = zone(layout, mapping, options);
            let size_unit = mapping.map_or("", |mapping| &mapping.size_unit);
            let table = Table { layout, decisions: *decisions, zone, size_unit };
            reader.read(input, &table, sink)?;
        }
        if reader.repeats.count > 0 {
            sink.warn(format!(
                "{} rows without an id are in more than one file and count once; map an id column if they differ",
                reader.repeats.count
            ));
        }
        reader.messages.deliver(sink, |_, _| true);
        Ok(())
    }
}

/// The zone of times that state none: of the mapping, of a column such as `date_time_utc`, of the run, else UTC.
fn zone(layout: &Layout, mapping: Option<&Mapping>, options: &ReadOptions) -> (Zone, TimeQuality) {
    let column = name_of(layout.column(Field::Time).as_bytes());
    match (mapping.and_then(|mapping| mapping.zone), options.log_zone) {
        (Some(zone), _) => (zone, TimeQuality::Exact),
        (None, _) if column.ends_with("utc") => (Zone::UTC, TimeQuality::Exact),
        (None, Some(zone)) => (zone, TimeQuality::ZoneAssumed),
        (None, None) => (Zone::UTC, TimeQuality::ZoneAssumed),
    }
}

/// What is kept over all inputs.
#[derive(Default)]
struct Reader {
    messages: Messages,
    repeats: Repeats,
    hasher: RecipientHasher,
    recipients: Vec<(u64, Status)>,
}

impl Reader {
    fn read(&mut self, input: &mut Input, table: &Table<'_>, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let source = sink.names().add_source(input.name());
        self.messages.begin_input(source);
        self.repeats.begin_input();
        let mut records = Records::new(input.open()?, table.layout.delimiter);
        let mut number = 0;
        loop {
            let row = match records.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err(damaged) => {
                    sink.damage(input.name(), damaged.line, damaged.what);
                    return Ok(());
                }
            };
            number += 1;
            sink.records(1);
            let time = table.cell(&row, Field::Time).unwrap_or_default();
            let is_header = number <= table.layout.header_records || repeats_header(table.layout, time);
            if is_header || is_preamble(row.cells()) {
                sink.skip(Skip::Header, 1);
            } else if let Err(reason) = self.take(&row, table, source, sink) {
                sink.reject(rejection(input, row.line, reason));
            }
        }
    }

    fn take(
        &mut self,
        row: &Row<'_>,
        table: &Table<'_>,
        source: SourceId,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        complete(row, table.layout)?;
        if is_other_event(row, table) {
            sink.skip(Skip::Event, 1);
            return Ok(());
        }
        let (timed, size) = (table.time(row)?, table.size(row)?);
        let counted = [table.number(row, Field::Count)?, table.number(row, Field::RecipientCount)?];
        table.recipients(row, &mut self.hasher, &mut self.recipients);
        let id = table.cell(row, Field::Id).unwrap_or_default();
        if counted == [None, None] && !id.is_empty() {
            return self.take_shared(row, table, (timed, size), id, sink);
        }
        self.take_alone(row, table, source, (timed, size), counted, sink)
    }

    /// A row that is one or more whole messages.
    fn take_alone(
        &mut self,
        row: &Row<'_>,
        table: &Table<'_>,
        source: SourceId,
        (timed, size): (Timed, Option<u64>),
        counted: [Option<u64>; 2],
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let id = table.cell(row, Field::Id).unwrap_or_default();
        let (messages, recipients) = self.counts(counted, table.status(row))?;
        if messages == 0 {
            sink.skip(Skip::Event, 1);
            return Ok(());
        }
        match self.new_key(row, id) {
            None => sink.skip(Skip::Duplicate, 1),
            Some(key) => {
                let (sender, client, relay) = table.origin(row, sink.names());
                sink.accept(Record::Submission(Submission {
                    time: timed.0,
                    time_quality: timed.1,
                    messages,
                    message_size: size,
                    size_quality: if size.is_some() { SizeQuality::Measured } else { SizeQuality::Missing },
                    recipients,
                    recipients_upper: recipients.attempted(),
                    sender,
                    client,
                    relay,
                    traffic: Traffic::Unknown,
                    source,
                    line: row.line,
                    records: 1,
                    key: key.bits(),
                }));
            }
        }
        Ok(())
    }

    /// The key of a row that stands for itself; `None` where it was read before.
    fn new_key(&mut self, row: &Row<'_>, id: &[u8]) -> Option<MessageKey> {
        if id.is_empty() {
            let hash = row_hash(row);
            let key = MessageKey::of_parts(&[b"row", &hash.to_be_bytes()]);
            return (!self.repeats.repeats(hash)).then_some(key);
        }
        let key = MessageKey::of_id(id);
        (!self.repeats.is_known_id(key.hash())).then_some(key)
    }

    /// A row of a message that may have other rows.
    fn take_shared(
        &mut self,
        row: &Row<'_>,
        table: &Table<'_>,
        (timed, size): (Timed, Option<u64>),
        id: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        if self.recipients.is_empty() {
            return Err("the recipients are missing".to_owned());
        }
        let (sender, client, relay) = table.origin(row, sink.names());
        let slot = self.messages.message(&Facts {
            key: MessageKey::of_id(id),
            time: timed.0,
            date_only: timed.1 == TimeQuality::DateOnly,
            zone_assumed: timed.1 == TimeQuality::ZoneAssumed,
            size,
            origin: Origin { sender, client, relay, signs: Signs::None },
            line: row.line,
        });
        let single = self.recipients.len() == 1;
        let mut news = false;
        for &(hash, status) in &self.recipients {
            let kind = match (single, news) {
                (true, _) => grouping::Row::Own,
                (false, false) => grouping::Row::Message,
                (false, true) => grouping::Row::Rest,
            };
            news |= self.messages.recipient(slot, hash, status, kind);
        }
        if !news {
            sink.skip(Skip::Duplicate, 1);
        }
        Ok(())
    }

    /// Messages of a row and recipients of all of them.
    fn counts(
        &mut self,
        [count, recipient_count]: [Option<u64>; 2],
        status: Status,
    ) -> Result<(u64, Recipients), String> {
        let messages = count.unwrap_or(1);
        self.recipients.sort_unstable();
        self.recipients.dedup_by_key(|(hash, _)| *hash);
        let listed = self.recipients.len() as u64;
        let Some(total) = recipient_count else {
            if listed == 0 && count.is_none() {
                return Err("the recipients are missing".to_owned());
            }
            let mut recipients = Recipients::default();
            for (_, status) in &self.recipients {
                add(&mut recipients, *status, messages)?;
            }
            if listed == 0 {
                add(&mut recipients, status, messages)?;
            }
            return Ok((messages, recipients));
        };
        if total < messages {
            return Err(format!("{total} recipients for {messages} messages: expected at least one each"));
        }
        let mut recipients = Recipients::default();
        add(&mut recipients, status, total)?;
        Ok((messages, recipients))
    }
}

fn add(recipients: &mut Recipients, status: Status, count: u64) -> Result<(), String> {
    let counter = match status {
        Status::Delivered | Status::Expanded => &mut recipients.delivered,
        Status::Open => &mut recipients.open,
        Status::Bounced => &mut recipients.bounced,
        Status::Filtered => &mut recipients.filtered,
        Status::Unknown | Status::Rerouted => &mut recipients.unknown,
    };
    *counter = counter.checked_add(count).ok_or("the recipients are more than can be counted")?;
    Ok(())
}

/// Whether a row has the cells that are read.
fn complete(row: &Row<'_>, layout: &Layout) -> Result<(), String> {
    let extra = |width: usize| (width..row.len()).any(|at| !row.cell(at).is_empty());
    match layout.width {
        Some(width) if row.len() < width || extra(width) => {
            let lines = row.lines();
            let over = if lines > 1 { format!(" over {lines} lines") } else { String::new() };
            Err(format!(
                "{} columns{over} where the header has {width}: a quote is probably not closed",
                row.len()
            ))
        }
        _ => Ok(()),
    }
}

/// Whether a row is an event of message tracking other than the acceptance: a table of events has many rows for
/// one message.
fn is_other_event(row: &Row<'_>, table: &Table<'_>) -> bool {
    let is_event_column = name_of(table.layout.column(Field::Status).as_bytes()) == "eventid";
    let event = table.cell(row, Field::Status).unwrap_or_default();
    is_event_column && !event.eq_ignore_ascii_case(b"RECEIVE")
}

#[cfg(test)]
mod tests;
