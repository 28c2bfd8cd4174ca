//! Runs over the parts of a log: every line ends in the accounting, messages in the ledger.

use std::collections::BTreeMap;

use super::clock::{Assumed, Clock, Timed};
use super::layout::Layout;
use super::ledger::{Ledger, Message, client_key, message_key};
use super::part::Part;
use super::row::{Act, Address, Answer, Row, address, declared_size, piece};
use super::sessions::Sessions;
use super::shape::{Parsed, Shape};
use super::transaction::Transaction;
use crate::ingest::delimited::RecipientHasher;
use crate::ingest::source::Lines;
use crate::ingest::{Input, ReadError, Sink, rejection};
use crate::period::Timestamp;
use crate::usage::{SenderId, Skip, SourceId};

/// Rows after which clients that left without a word are looked for.
const SWEEP_ROWS: u64 = 1 << 20;
/// Bytes that the command `DATA` has itself: a row with no more than these does not tell the size of the message.
const COMMAND_BYTES: u64 = 6;
/// The answer to a command that comes too early: nothing ends with it.
const OUT_OF_ORDER: u32 = 503;
/// The answer to `DATA` without a recipient, among others.
const FAILED: u32 = 554;

const ONLY_OUTBOUND: &str = "all rows are of outbound connections, which do not say what was handed in: give the rows \
                             of the clients, too";
const STANDARD_OFFSET: &str = "times of the NCSA format are read with the offset they print, which is that of standard \
                               time also in summer, when they are an hour late by it; give --log-timezone";
const NO_QUERY: &str =
    "rows have no cs-uri-query: senders are unknown, and a recipient named twice counts twice";

/// What a run over all parts knows.
pub(super) struct Reader<'s> {
    sink: &'s mut dyn Sink,
    sessions: Sessions,
    ledger: Ledger,
    hasher: RecipientHasher,
    tally: BTreeMap<Skip, u64>,
    rows: u64,
    newest: Timestamp,
    layouts: Vec<Layout>,
    before: Option<(Shape, Clock)>,
    assumed: Assumed,
    has_inbound: bool,
    lacking: Lacking,
}

/// What columns the rows lack, to be told to the user.
#[derive(Debug, Default)]
struct Lacking {
    status: bool,
    query: bool,
    inbound: bool,
}

/// Where a row stands, and when.
#[derive(Clone, Copy)]
struct At {
    key: u64,
    time: Timed,
    place: (SourceId, u64),
}

impl<'s> Reader<'s> {
    /// A reader that delivers into a sink; `layouts` are the columns that any part names.
    pub(super) fn new(layouts: Vec<Layout>, sink: &'s mut dyn Sink) -> Reader<'s> {
        Reader {
            sink,
            sessions: Sessions::default(),
            ledger: Ledger::default(),
            hasher: RecipientHasher::default(),
            tally: BTreeMap::new(),
            rows: 0,
            newest: Timestamp::from_seconds(i64::MIN),
            layouts,
            before: None,
            assumed: Assumed::default(),
            has_inbound: false,
            lacking: Lacking::default(),
        }
    }

    /// Reads one part to its end.
    pub(super) fn read(&mut self, mut part: Part) -> Result<(), ReadError> {
        let source = self.sink.names().add_source(part.input.name());
        if let Some((_, clock)) = &self.before {
            part.clock.continue_from(clock);
        }
        let mut shape = self.shape_of(&part);
        self.ledger.begin();
        self.sessions.begin(part.first.or(self.before.as_ref().map(|_| self.newest)));
        self.newest = part.first.unwrap_or(self.newest);
        let mut lines = Lines::new(part.input.open()?);
        let mut last = 0;
        loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    last = line.number;
                    self.rows += 1;
                    if self.rows.is_multiple_of(SWEEP_ROWS) {
                        self.sessions.sweep(self.newest);
                    }
                    if line.cut {
                        let reason = "it is longer than 1 MiB, or the input breaks off inside it";
                        self.sink.reject(rejection(&part.input, last, reason));
                        continue;
                    }
                    self.line(line.bytes, (source, last), &mut shape, &mut part.clock, &part.input);
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(part.input.name(), last, error.to_string());
                    break;
                }
            }
        }
        self.sink.records(std::mem::take(&mut self.rows));
        self.sessions.end(self.newest);
        let assumed = part.clock.assumed;
        self.assumed.zone |= assumed.zone;
        self.assumed.utc |= assumed.utc;
        self.assumed.offset |= assumed.offset;
        self.assumed.order |= assumed.order;
        self.before = Some((shape, part.clock));
        Ok(())
    }

    /// How the first lines of a part are read: one that begins without `#Fields:` goes on with the columns of the
    /// part before it or, where its rows do not fit, of another part, or has all.
    fn shape_of(&self, part: &Part) -> Shape {
        let Some(row) = part.headless_row() else { return part.shape.clone() };
        let before = match &self.before {
            Some((Shape::W3c(Some(layout)), _)) => Some(layout.clone()),
            _ => None,
        };
        let mut known =
            before.into_iter().chain(self.layouts.iter().cloned()).chain([Layout::of_all_fields()]);
        let fits = |layout: &Layout| layout.row(row).is_some_and(|row| row.is_surely_smtp());
        Shape::W3c(known.find(fits))
    }

    /// Ends the run.
    pub(super) fn finish(mut self) {
        self.sessions.finish();
        self.ledger.finish(self.sink);
        self.lacking.inbound = !self.has_inbound && self.tally.contains_key(&Skip::Event);
        self.skip(Skip::NotAccepted, self.sessions.abandoned);
        for (reason, count) in std::mem::take(&mut self.tally) {
            self.sink.skip(reason, count);
        }
        self.warn();
    }

    fn skip(&mut self, reason: Skip, records: u64) {
        *self.tally.entry(reason).or_default() += records;
    }

    fn line(
        &mut self,
        line: &[u8],
        place: (SourceId, u64),
        shape: &mut Shape,
        clock: &mut Clock,
        input: &Input,
    ) {
        match shape.parse(line) {
            Parsed::Row(row) => {
                if let Err(reason) = self.row(&row, place, shape, clock) {
                    self.sink.reject(rejection(input, place.1, reason));
                }
            }
            Parsed::Directive(directive) => {
                self.skip(Skip::Header, 1);
                if let Some(names) = directive.strip_prefix(b"#Fields:") {
                    *shape = Shape::W3c(Some(Layout::of(names)));
                } else if let Some(date) = directive.strip_prefix(b"#Date:") {
                    clock.set(date);
                }
            }
            Parsed::Blank => self.skip(Skip::Header, 1),
            Parsed::Unread(reason) => self.sink.reject(rejection(input, place.1, reason)),
        }
    }

    fn row(
        &mut self,
        row: &Row<'_>,
        place: (SourceId, u64),
        shape: &Shape,
        clock: &mut Clock,
    ) -> Result<(), String> {
        let act = row.act();
        let told = match act {
            Act::Foreign => Some(Skip::OtherProgram),
            Act::Outbound | Act::Talk => Some(Skip::Session),
            Act::HandOver => Some(Skip::Event),
            Act::Probe => Some(Skip::Probe),
            _ => None,
        };
        if let Some(reason) = told {
            self.skip(reason, 1);
            return Ok(());
        }
        self.note_lacking(shape)?;
        let key = client_key(row);
        let time = clock.instant(row, shape);
        if let Some((time, _)) = time {
            self.newest = self.newest.max(time);
        }
        if matches!(act, Act::Hello | Act::Encrypt | Act::Reset | Act::Quit) {
            self.skip(Skip::Session, 1);
            let now = time.map_or(self.newest, |time| time.0);
            match act {
                _ if row.answer() == Answer::Refused => {}
                Act::Hello => self.sessions.hello(key, now),
                Act::Encrypt => self.sessions.encrypt(key, now),
                Act::Reset => self.sessions.reset(key, now),
                _ => self.sessions.quit(key, now),
            }
            return Ok(());
        }
        let time =
            time.ok_or("its time cannot be read: expected day and time, or a '#Date:' line before it")?;
        self.message_row(row, act, At { key, time, place });
        Ok(())
    }

    /// Notes what the columns of a row of a message lack; an error where nothing can be told without them.
    fn note_lacking(&mut self, shape: &Shape) -> Result<(), String> {
        let Shape::W3c(Some(layout)) = shape else { return Ok(()) };
        if let Some(name) = layout.lacks() {
            return Err(format!(
                "the log has no column '{name}', without which messages cannot be told apart"
            ));
        }
        self.lacking.status |= !layout.has_status();
        self.lacking.query |= !layout.has_query();
        Ok(())
    }

    fn message_row(&mut self, row: &Row<'_>, act: Act, at: At) {
        self.has_inbound = true;
        match (act, row.answer()) {
            (Act::Mail, Answer::Accepted) => self.mail(row, at),
            (Act::Recipient, Answer::Accepted) => self.recipient(row, at),
            (Act::Data, Answer::Accepted) => self.accept(row, at, None),
            (_, Answer::Accepted) => self.piece(row, at),
            (_, Answer::Continue) => self.skip(Skip::Event, 1),
            (Act::Data | Act::Piece, Answer::Refused) => self.refuse(row, at),
            (_, Answer::Refused) => self.skip(Skip::NotAccepted, 1),
        }
    }

    fn mail(&mut self, row: &Row<'_>, at: At) {
        let sender = match address(row.query, b"FROM:") {
            Address::Of(sender) => self.sink.names().sender(sender),
            Address::Null => SenderId::NULL,
            Address::Unknown => SenderId::UNKNOWN,
        };
        let mut transaction = Transaction::new(Some(sender), at.place, at.time.0);
        transaction.declared = declared_size(row.query);
        transaction.records = 1;
        self.sessions.mail(at.key, transaction);
    }

    fn recipient(&mut self, row: &Row<'_>, at: At) {
        let recipient = match address(row.query, b"TO:") {
            Address::Of(recipient) => self.hasher.hash(recipient),
            Address::Null | Address::Unknown => None,
        };
        let now = at.time.0;
        match self.sessions.recipient(at.key, recipient, now) {
            Some((transaction, is_new)) => {
                transaction.last = now;
                if is_new {
                    transaction.add(recipient);
                    transaction.records += 1;
                } else {
                    self.skip(Skip::Duplicate, 1);
                }
            }
            None => {
                let mut transaction = Transaction::new(None, at.place, now);
                transaction.add(recipient);
                transaction.records = 1;
                self.sessions.mail(at.key, transaction);
            }
        }
    }

    /// A piece of a message, or the last one.
    fn piece(&mut self, row: &Row<'_>, at: At) {
        let (stated, is_last) = piece(row.query);
        let bytes = measured(row).unwrap_or(0).max(stated);
        if is_last {
            return self.accept(row, at, Some(bytes));
        }
        match self.sessions.piece(at.key, at.time.0) {
            Some(transaction) => {
                transaction.pieces += bytes;
                transaction.records += 1;
                transaction.last = at.time.0;
            }
            None => self.skip(Skip::Fragment, 1),
        }
    }

    /// The end of a message, with the bytes of its last piece where it came in pieces.
    fn accept(&mut self, row: &Row<'_>, at: At, last_piece: Option<u64>) {
        let size = measured(row);
        let known = self.sessions.accept(at.key, size.filter(|_| last_piece.is_none()), at.time.0);
        let mut transaction = known.unwrap_or_else(|| Transaction::new(None, at.place, at.time.0));
        transaction.records += 1;
        let size = match last_piece {
            None => size,
            Some(bytes) => Some(transaction.pieces.saturating_add(bytes)).filter(|sum| *sum > 0),
        };
        let client = self.sink.names().client(row.name, row.client, b"");
        let message = Message { transaction, time: at.time, size, client, key: message_key(row, at.time) };
        self.ledger.take(message, self.sink);
    }

    fn refuse(&mut self, row: &Row<'_>, at: At) {
        if row.status == Some(OUT_OF_ORDER) {
            return self.skip(Skip::NotAccepted, 1);
        }
        match self.sessions.refuse(at.key, row.status == Some(FAILED), at.time.0) {
            Some(transaction) => self.sink.skip_message(Skip::NotAccepted, transaction.records + 1),
            None => self.skip(Skip::NotAccepted, 1),
        }
    }

    fn warn(self) {
        let Reader { sink, assumed, lacking, ledger, .. } = self;
        if assumed.zone {
            sink.zone_assumed("iis-smtp", "");
        }
        let said = [
            (lacking.inbound, ONLY_OUTBOUND),
            (assumed.utc, "times of the log have no zone and are read as UTC; give --log-timezone"),
            (assumed.offset, STANDARD_OFFSET),
            (assumed.order, "dates of the IIS format are read with the month first; give --date-order"),
            (
                lacking.status,
                "rows have no sc-status: what was refused cannot be told and counts as accepted",
            ),
            (lacking.query, NO_QUERY),
        ];
        for (_, text) in said.iter().filter(|(holds, _)| *holds) {
            sink.warn((*text).to_owned());
        }
        if ledger.unmeasured > 0 {
            sink.warn(format!(
                "{} messages have no measured size (the NCSA format has none, W3C needs cs-bytes): the one that the \
                 client declared counts, where it did",
                ledger.unmeasured
            ));
        }
        if ledger.senderless > 0 {
            sink.warn(format!(
                "{} messages began before the input, so that their sender and some recipients are not known; give \
                 the file before, too",
                ledger.senderless
            ));
        }
    }
}

/// The bytes that a row measures of a message.
fn measured(row: &Row<'_>) -> Option<u64> {
    row.received.filter(|bytes| *bytes > COMMAND_BYTES)
}
