//! Tables of any other origin: columns by a mapping file or by shipped names.
//!
//! What a table leaves open (two columns for one field, an order of dates, a decimal mark) is refused with a
//! preview and the option that decides it; nothing is guessed. A row is a message, unless rows share an id; a
//! `count` column makes it many.

mod fields;
mod layout;
mod mapping;
mod rows;
mod strays;
mod survey;
mod window;

use self::fields::Field;
use self::layout::Layout;
pub use self::mapping::Mapping;
use self::rows::{Table, Timed, has_relay, row_hash};
use self::strays::{complete, take_before_rows, take_unread};
use self::survey::Survey;
use self::window::{seconds_of, window_key};
use crate::ingest::delimited::{RecipientHasher, Records, Row, warn_if_cut};
use crate::ingest::grouping::{self, Facts, MessageKey, Messages, Origin, Repeats, Signs, Status};
use crate::ingest::handover;
use crate::ingest::source::Origin as Found;
use crate::ingest::trail::{Addressee, Trail};
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Record, Sink};
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

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let mapping = options.mapping.as_ref();
        // All decisions come before the first row: a refusal leaves nothing half counted.
        let mut tables = Vec::new();
        for mut input in inputs {
            match table(&mut input, mapping, options) {
                Ok(table) => tables.push((input, table)),
                // A folder may hold tables of anything.
                Err(error) if input.origin() == Found::Found => sink.damage(input.name(), 0, error.reason()),
                Err(error) => return Err(error),
            }
        }
        let mut reader = Reader::default();
        for (input, table) in &mut tables {
            reader.read(input, table, sink)?;
            if table.may_repeat_hops() {
                sink.warn(
                    "tables of message tracking events without a NetworkMessageId count a message once for every \
                     server that received it: give the server's own log files (MSGTRK*.LOG), or export that column"
                        .to_owned(),
                );
            }
        }
        if reader.has_assumed_zone {
            sink.zone_assumed(self.name(), "");
        }
        if reader.repeats.count > 0 {
            sink.warn(format!(
                "{} rows without an id are in more than one file and count once; map an id column if they differ",
                reader.repeats.count
            ));
        }
        reader.messages.deliver(sink, |origin, names| {
            handover::is_to(&options.relay_hosts, names.host_name(origin.relay))
        });
        Ok(())
    }
}

/// How an input is to be read.
fn table<'a>(
    input: &mut Input,
    mapping: Option<&'a Mapping>,
    options: &'a ReadOptions,
) -> Result<Table<'a>, ReadError> {
    let layout = Layout::of(input, mapping)?;
    has_relay(&layout, &options.relay_hosts).map_err(|problem| ReadError::Undecided {
        input: input.name().to_owned(),
        problem,
        hint: "name the column in a mapping file as 'relay', or read the table without relay hosts"
            .to_owned(),
    })?;
    let survey = Survey::of(input, &layout, mapping, options)?;
    let decisions = survey.decide(input, &layout, mapping, options)?;
    Ok(Table::new(layout, decisions, mapping, options))
}

/// What is kept over all inputs.
#[derive(Default)]
struct Reader {
    messages: Messages,
    repeats: Repeats,
    hasher: RecipientHasher,
    recipients: Vec<(u64, Status)>,
    has_assumed_zone: bool,
}

impl Reader {
    fn read(
        &mut self,
        input: &mut Input,
        table: &mut Table<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), ReadError> {
        let source = sink.names().add_source(input.name());
        self.messages.begin_input(source);
        self.repeats.begin_input();
        let mut records = Records::new(input.open()?, table.layout.delimiter);
        let mut number: usize = 0;
        loop {
            let row = match records.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => {
                    warn_if_cut(input, number.saturating_sub(table.header_records) as u64, sink);
                    return Ok(());
                }
                Err(damaged) => {
                    sink.damage(input.name(), damaged.line, damaged.what);
                    return Ok(());
                }
            };
            number += 1;
            sink.records(1);
            if number <= table.header_records {
                take_before_rows(&row, number, table, input, sink);
            } else if let Err(reason) = self.take(&row, table, source, sink)
                && let Err(what) = take_unread(&row, reason, table, input, sink)
            {
                sink.damage(input.name(), row.line, format!("another header begins here, and {what}"));
                return Ok(());
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
        complete(row, &table.layout)?;
        let timed = table.time(row)?;
        self.has_assumed_zone |= table.assumes_zone(timed.1);
        if is_other_event(row, table) {
            sink.skip(Skip::Event, 1);
            return Ok(());
        }
        let size = table.size(row)?;
        let counted = [table.number(row, Field::Count)?, table.number(row, Field::RecipientCount)?];
        table.recipients(row, &mut self.hasher, &mut self.recipients);
        if counted == [None, None] && table.has_array(row) {
            return Err(
                "'System.String[]' stands for a list of recipients of unknown length: join it before \
                        Export-Csv, as in @{n='Recipients';e={$_.Recipients -join ';'}}"
                    .to_owned(),
            );
        }
        let id = table.cell(row, Field::Id).filter(|id| !id.is_empty());
        let key = id.map(|id| table.key(row, id));
        if let Some(key) = key.filter(|_| counted == [None, None]) {
            return self.take_shared(row, table, (timed, size), key, sink);
        }
        self.take_alone(row, table, source, (timed, size, key), counted, sink)
    }

    /// A row that is one or more whole messages.
    fn take_alone(
        &mut self,
        row: &Row<'_>,
        table: &Table<'_>,
        source: SourceId,
        (timed, size, key): (Timed, Option<u64>, Option<MessageKey>),
        counted: [Option<u64>; 2],
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let (messages, recipients) = self.counts(counted, table.status(row))?;
        if messages == 0 {
            sink.skip(Skip::Event, 1);
            return Ok(());
        }
        let is_window = counted[0].is_some();
        let Some(key) = self.new_key(row, key, is_window.then_some(table)) else {
            sink.skip(Skip::Duplicate, 1);
            return Ok(());
        };
        let (sender, client, relay) = table.origin(row, sink.names());
        let submission = Submission {
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
        };
        self.hand_on(submission, row, table, counted, sink);
        Ok(())
    }

    /// Hands over what a row that stands for itself says.
    fn hand_on(
        &self,
        submission: Submission,
        row: &Row<'_>,
        table: &Table<'_>,
        [count, recipient_count]: [Option<u64>; 2],
        sink: &mut dyn Sink,
    ) {
        if !handover::is_to(table.relay_hosts, sink.names().host_name(submission.relay)) {
            return sink.skip_message(Skip::OtherRelay, 1);
        }
        if count.is_some() {
            return sink.accept_summary(submission, seconds_of(table.cell(row, Field::Time)));
        }
        if !sink.wants_trails() {
            return sink.accept(Record::Submission(submission));
        }
        let addressee = |&(hash, status)| Addressee { hash, status, accepted: false };
        let listed: Vec<Addressee> = match recipient_count {
            None => self.recipients.iter().map(addressee).collect(),
            Some(_) => Vec::new(),
        };
        let trail = Trail {
            stated: recipient_count.unwrap_or(0),
            rest: table.status(row),
            ..Trail::of_key(submission.time, true, &listed)
        };
        sink.accept_with(submission, &trail);
    }

    /// The key of a row that stands for itself; `None` where it was read before. Equal rows of one file are messages
    /// that share a key: nothing in them tells which is which. That of a row of counts says which it counts.
    fn new_key(
        &mut self,
        row: &Row<'_>,
        key: Option<MessageKey>,
        counts: Option<&Table<'_>>,
    ) -> Option<MessageKey> {
        let Some(key) = key else {
            let hash = row_hash(row);
            let key = match counts {
                Some(table) => window_key(row, table),
                None => MessageKey::of_parts(&[b"row", &hash.to_be_bytes()]),
            };
            return (!self.repeats.repeats(hash)).then_some(key);
        };
        (!self.repeats.is_known_id(key.hash())).then_some(key)
    }

    /// A row of a message that may have other rows.
    fn take_shared(
        &mut self,
        row: &Row<'_>,
        table: &Table<'_>,
        (timed, size): (Timed, Option<u64>),
        key: MessageKey,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        if self.recipients.is_empty() {
            return Err("the recipients are missing".to_owned());
        }
        let (sender, client, relay) = table.origin(row, sink.names());
        let slot = self.messages.message(&Facts {
            key,
            time: timed.0,
            date_only: timed.1 == TimeQuality::DateOnly,
            zone_assumed: timed.1 == TimeQuality::ZoneAssumed,
            size,
            size_declared: false,
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
        // No word of a table means the last two: they are told by logs of servers with mailboxes.
        Status::Unknown | Status::Rerouted | Status::Local | Status::Elsewhere => &mut recipients.unknown,
    };
    *counter = counter.checked_add(count).ok_or("the recipients are more than can be counted")?;
    Ok(())
}

/// Whether a row is an event of message tracking other than the acceptance: a table of events has many rows for
/// one message.
fn is_other_event(row: &Row<'_>, table: &Table<'_>) -> bool {
    let event = table.cell(row, Field::Status).unwrap_or_default();
    table.is_of_events() && !event.eq_ignore_ascii_case(b"RECEIVE")
}

#[cfg(test)]
mod tests;
