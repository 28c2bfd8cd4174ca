//! What one row of a trace says of its message, for all shapes and both encodings.
//!
//! A message is known by its network message id, which `MessageTraceId` and Graph's `id` also are; rows of one
//! recipient repeat in overlapping exports; times are UTC whether or not a zone is written. What is counted of
//! the rows of one message is left to `grouping`.

use super::batch::TraceBatch;
use super::columns::{Column, Header, Shape};
use super::values::{nanoseconds, resolved, size, stated};
use super::words::{self, Event};
use crate::ingest::delimited::{self, DateOrder, DateText, DecimalMark, MarkEvidence, RecipientHasher};
use crate::ingest::grouping::{
    Kind, MessageKey, Messages, OriginText, Received, Said, Sender, Signs, Status,
};
use crate::period::{Timestamp, Zone};
use crate::usage::Skip;

/// The cells of one row by column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells<'a> {
    /// The line on which it begins.
    pub(super) line: u64,
    cells: [Option<&'a [u8]>; super::columns::COLUMNS],
}

impl<'a> Cells<'a> {
    /// A row without cells.
    pub(super) fn new(line: u64) -> Cells<'a> {
        Cells { line, cells: Default::default() }
    }

    /// The cells of a record under a header.
    pub(super) fn under(header: &Header, row: &delimited::Row<'a>) -> Cells<'a> {
        let mut cells = Cells::new(row.line);
        for (column, at) in header.places() {
            cells.cells[column] = Some(row.cell(at));
        }
        cells
    }

    /// Sets a cell. Of two with one name the first counts, as in [`Header::of`].
    pub(super) fn set(&mut self, column: Column, text: &'a [u8]) {
        self.cells[column as usize].get_or_insert(text.trim_ascii());
    }

    /// A cell; `None` where there is no such column.
    fn has(&self, column: Column) -> Option<&'a [u8]> {
        self.cells[column as usize]
    }

    /// A cell; empty where there is no such column.
    pub(super) fn get(&self, column: Column) -> &'a [u8] {
        self.has(column).unwrap_or_default()
    }
}

/// How a file writes what can be read in two ways; `None` where that is not known or not needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Notation {
    /// Whether the day or the month stands first.
    pub(super) order: Option<DateOrder>,
    /// Whether the user stated the order; else it is inferred, and a date may speak against it.
    pub(super) is_stated: bool,
    /// The decimal mark of sizes.
    pub(super) mark: Option<DecimalMark>,
}

/// A cell that shows another notation than was inferred, as it may be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Against {
    /// A date that proves this order.
    Order(DateOrder, String),
    /// A size with the other decimal mark.
    Mark(String),
}

/// Reads rows, and keeps what they say until it is merged.
pub(super) struct Parser<'a> {
    hasher: RecipientHasher,
    own_domains: &'a [String],
    windows: [Option<Window>; 2],
    /// What the rows said.
    pub(super) batch: TraceBatch,
}

/// A cell of a window of time, which is mostly that of the row before, and the order of day and month that it proves.
#[derive(Debug)]
struct Window {
    cell: Vec<u8>,
    proven: Option<DateOrder>,
}

impl<'a> Parser<'a> {
    /// A parser that has read nothing.
    pub(super) fn new(own_domains: &'a [String]) -> Parser<'a> {
        let hasher = RecipientHasher::default();
        Parser { hasher, own_domains, windows: [None, None], batch: TraceBatch::default() }
    }

    /// Takes up what a row says, or says what is wrong with it.
    pub(super) fn take(&mut self, cells: &Cells<'_>, shape: Shape, notation: Notation) -> Result<(), String> {
        match shape {
            Shape::Recipient => self.take_recipient(cells, notation),
            Shape::Message => self.take_message(cells, notation),
            Shape::Event => self.take_event(cells, notation),
        }
    }

    fn take_recipient(&mut self, cells: &Cells<'_>, notation: Notation) -> Result<(), String> {
        let hash =
            self.hasher.hash(cells.get(Column::Recipient)).ok_or("the recipient address is missing")?;
        let signs = signs(cells, None, self.own_domains);
        let said = self.said(cells, notation, signs, Kind::Recipient)?;
        let status = words::row_status(cells.get(Column::Status));
        self.batch.unclear += u64::from(status.is_none());
        self.batch.said.recipients.push((hash, status.unwrap_or(Status::Unknown)));
        self.batch.said.say(said);
        Ok(())
    }

    fn take_message(&mut self, cells: &Cells<'_>, notation: Notation) -> Result<(), String> {
        let list = cells.get(Column::RecipientStatus);
        if !delimited::split_statuses(list).any(|(address, _)| self.hasher.hash(address).is_some()) {
            return Err(
                "the recipients are missing: expected 'address##status' in recipient_status".to_owned()
            );
        }
        let said = self.said(cells, notation, signs(cells, None, self.own_domains), Kind::Message)?;
        let mut is_clear = true;
        for (address, status) in delimited::split_statuses(list) {
            if let Some(hash) = self.hasher.hash(address) {
                let status = words::listed_status(status);
                is_clear &= status.is_some();
                self.batch.said.recipients.push((hash, status.unwrap_or(Status::Unknown)));
            }
        }
        self.batch.unclear += u64::from(!is_clear);
        self.batch.said.say(said);
        Ok(())
    }

    fn take_event(&mut self, cells: &Cells<'_>, notation: Notation) -> Result<(), String> {
        let event = words::event(cells.get(Column::EventSource), cells.get(Column::Event));
        match event {
            Event::Accepted { mailbox } => self.take_acceptance(cells, notation, mailbox),
            Event::Outcome(status) => {
                let recipients = cells.get(Column::Recipient);
                self.take_outcome(cells, notation, recipients, status, Skip::Event)
            }
            Event::Expanded => {
                let group = cells.get(Column::Related);
                self.take_outcome(cells, notation, group, Status::Expanded, Skip::Routing)
            }
            Event::Step => self.skip_event(cells, Skip::Routing),
            Event::Other if cells.get(Column::Event).is_empty() => Err("the event is missing".to_owned()),
            Event::Other => self.skip_event(cells, Skip::Event),
        }
    }

    fn take_acceptance(
        &mut self,
        cells: &Cells<'_>,
        notation: Notation,
        mailbox: bool,
    ) -> Result<(), String> {
        let list = cells.get(Column::Recipient);
        let mut listed = 0;
        for address in delimited::split_list(list, b";") {
            if let Some(hash) = self.hasher.hash(address) {
                self.batch.said.recipients.push((hash, Status::Unknown));
                listed += 1;
            }
        }
        let said = match listed {
            0 => Err("the recipient addresses are missing".to_owned()),
            _ => self.acceptance(cells, notation, mailbox, listed),
        };
        match &said {
            Ok(said) => self.batch.said.say(*said),
            Err(_) => self.batch.said.forget_recipients(),
        }
        said.map(|_| ())
    }

    fn acceptance(
        &mut self,
        cells: &Cells<'_>,
        notation: Notation,
        mailbox: bool,
        listed: usize,
    ) -> Result<Said, String> {
        let nanoseconds = nanoseconds(cells.get(Column::Time));
        let signs = signs(cells, Some(mailbox), self.own_domains);
        let received = Received { nanoseconds, ..Received::default() };
        let said = self.said(cells, notation, signs, Kind::Accepted(received))?;
        let stated = stated(cells.get(Column::RecipientCount), listed)?;
        Ok(Said { kind: Kind::Accepted(Received { stated, ..received }), ..said })
    }

    /// An event after acceptance. It counts only where the acceptance is in no input, which shows at the end:
    /// until then the row stays with the first recipient of whom it brings news.
    fn take_outcome(
        &mut self,
        cells: &Cells<'_>,
        notation: Notation,
        recipients: &[u8],
        status: Status,
        otherwise: Skip,
    ) -> Result<(), String> {
        if !delimited::split_list(recipients, b";").any(|address| self.hasher.hash(address).is_some()) {
            self.batch.said.skip(otherwise);
            return Ok(());
        }
        let came_in = words::is_outbound(cells.get(Column::Direction)) == Some(false);
        let signs = if came_in { Signs::Inbound } else { Signs::None };
        let said = self.said(cells, notation, signs, Kind::Outcome { otherwise, has_weight: true })?;
        for address in delimited::split_list(recipients, b";") {
            if let Some(hash) = self.hasher.hash(address) {
                self.batch.said.recipients.push((hash, status));
            }
        }
        self.batch.said.say(said);
        Ok(())
    }

    /// An event that does not count. A repeated header names no event either, whatever the order of its columns, but
    /// has no time; looking for a digit is cheap, for most rows of a trace are such events.
    fn skip_event(&mut self, cells: &Cells<'_>, reason: Skip) -> Result<(), String> {
        if !cells.get(Column::Time).iter().any(u8::is_ascii_digit) {
            return Err("the time is missing".to_owned());
        }
        self.batch.said.skip(reason);
        Ok(())
    }

    /// What a row says, but for its recipients, which are to be added next.
    fn said(
        &mut self,
        cells: &Cells<'_>,
        notation: Notation,
        signs: Signs,
        kind: Kind,
    ) -> Result<Said, String> {
        let written = cells.get(Column::Time);
        let date = DateText::parse_with_numbers(written);
        self.hold_against(cells, date.as_ref(), notation);
        let date = resolved(date, written, notation.order)?;
        let time = date.instant(&Zone::UTC);
        if !Messages::fits(time) {
            return Err(format!("the time {time} is not possible: expected 1970 to 2105"));
        }
        Ok(Said {
            key: key(cells, time)?,
            time,
            date_only: date.date_only,
            size: size(cells.get(Column::Size), notation.mark)?,
            origin: self.batch.said.written.number(&origin(cells, signs)),
            line: cells.line,
            kind,
        })
    }

    /// Holds a row against the notation that was inferred from the start of its input: what was read with it would
    /// be in the wrong month, or a thousand times too large.
    fn hold_against(&mut self, cells: &Cells<'_>, time: Option<&DateText>, notation: Notation) {
        if let (Some(order), false) = (notation.order, notation.is_stated) {
            let windows = [Column::WindowStart, Column::WindowEnd].map(|column| cells.get(column));
            let [start, end] = [0, 1].map(|at| self.window(at, windows[at]));
            let proofs = [time.and_then(DateText::proves), start, end];
            let written = [cells.get(Column::Time), windows[0], windows[1]];
            for (proven, cell) in proofs.into_iter().zip(written) {
                if let Some(proven) = proven.filter(|proven| *proven != order) {
                    let against = || Against::Order(proven, delimited::shown(cell));
                    self.batch.against.get_or_insert_with(against);
                }
            }
        }
        let size = cells.get(Column::Size);
        if notation.mark.is_some() && !size.iter().all(u8::is_ascii_digit) {
            let mut evidence = MarkEvidence::default();
            evidence.observe(size);
            if evidence.decided().is_some_and(|mark| Some(mark) != notation.mark) {
                self.batch.against.get_or_insert_with(|| Against::Mark(delimited::shown(size)));
            }
        }
    }

    /// The order that a cell of a window proves.
    fn window(&mut self, at: usize, cell: &[u8]) -> Option<DateOrder> {
        if let Some(known) = self.windows[at].as_ref().filter(|known| known.cell == cell) {
            return known.proven;
        }
        let proven = DateText::parse_with_numbers(cell).and_then(|date| date.proves());
        self.windows[at] = Some(Window { cell: cell.to_vec(), proven });
        proven
    }
}

/// Where a row says that its message came from.
fn origin<'a>(cells: &Cells<'a>, signs: Signs) -> OriginText<&'a [u8]> {
    // Exchange's sender address is the From or Sender header; where the envelope is there, it stands.
    let sender = match cells.get(Column::ReturnPath) {
        b"" => {
            cells.has(Column::Sender).map_or(Sender::Unknown, |sender| Sender::Text(delimited::bare(sender)))
        }
        path => Sender::Text(delimited::bare(path)),
    };
    let client = match client_ip(cells) {
        b"" => None,
        ip => Some((client_name(cells, ip), ip)),
    };
    let relay = Some(cells.get(Column::Connector)).filter(|connector| !connector.is_empty());
    OriginText { sender, client, relay, signs }
}

fn client_ip<'a>(cells: &Cells<'a>) -> &'a [u8] {
    match cells.get(Column::FromIp) {
        b"" => cells.get(Column::ClientIp),
        ip => ip,
    }
}

/// The name of the client, which stands beside `client_ip` and so is that of a proxy where another address is the
/// client's.
fn client_name<'a>(cells: &Cells<'a>, ip: &[u8]) -> &'a [u8] {
    if cells.get(Column::ClientIp) == ip { cells.get(Column::ClientName) } else { b"" }
}

/// The key of a message: its network message id, else Message-ID, sender and time together (a Message-ID alone
/// is reused by applications). Events differ in time, so they go by Message-ID and sender. Without any Message-ID
/// only the time tells messages of one sender apart, so all of it counts; with one, exports that write whole
/// seconds still meet those that write parts.
fn key(cells: &Cells<'_>, time: Timestamp) -> Result<MessageKey, String> {
    const NO_ID: &[u8] = b"00000000-0000-0000-0000-000000000000";
    // The name that says whose id it is beats a plain one, even where it is empty.
    let id = cells.has(Column::Id).unwrap_or_else(|| cells.get(Column::PlainId));
    if !id.is_empty() && id != NO_ID {
        return Ok(MessageKey::of_id(id));
    }
    let (message_id, sender) = (cells.get(Column::MessageId), cells.get(Column::Sender));
    match (cells.has(Column::Event), message_id) {
        (Some(_), b"") => Err("both network_message_id and message_id are missing".to_owned()),
        (Some(_), _) => Ok(MessageKey::of_parts(&[b"trace", message_id, sender])),
        (None, _) => {
            let second = time.seconds().to_be_bytes();
            let fraction = if message_id.is_empty() { nanoseconds(cells.get(Column::Time)) } else { 0 };
            let parts: [&[u8]; 5] = [b"trace", message_id, sender, &second, &fraction.to_be_bytes()];
            Ok(MessageKey::of_parts(if fraction > 0 { &parts } else { &parts[..4] }))
        }
    }
}

/// What a row shows of the kind of traffic. Sources: Microsoft's pages on historical search
/// (`directionality`, `connector_id`, `original_client_ip`) and on Get-MessageTrace (`FromIP` is blank for
/// mail written in the service, `ToIP` is blank for mail delivered into it).
///
/// * `Originating` with a client address or connector: relay; from a mailbox (`STOREDRIVER`) or without either:
///   mailbox. `Incoming`: inbound.
/// * Without directionality: no `FromIP`: mailbox. With a `FromIP`, where the organisation's own domains are known:
///   relay from one of them, inbound from any other. Where they are not: without `ToIP` inbound, unless sender and
///   recipient share a domain, as application mail to colleagues does; anything else is left open.
fn signs(cells: &Cells<'_>, mailbox: Option<bool>, own_domains: &[String]) -> Signs {
    let has_client = !client_ip(cells).is_empty() || !cells.get(Column::Connector).is_empty();
    match words::is_outbound(cells.get(Column::Direction)) {
        Some(true) if mailbox == Some(true) || !has_client => return Signs::Mailbox,
        Some(true) => return Signs::Relay,
        Some(false) => return Signs::Inbound,
        None => {}
    }
    let domain = |column| cells.get(column).rsplit(|&b| b == b'@').next().unwrap_or_default();
    let is_own = || own_domains.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(domain(Column::Sender)));
    match (cells.has(Column::FromIp), cells.has(Column::ToIp)) {
        (None, _) => Signs::None,
        (Some(b""), _) => Signs::Mailbox,
        _ if is_own() => Signs::Relay,
        _ if !own_domains.is_empty() => Signs::Inbound,
        (Some(_), Some(b"")) if !domain(Column::Sender).eq_ignore_ascii_case(domain(Column::Recipient)) => {
            Signs::Inbound
        }
        (Some(_), _) => Signs::Passing,
    }
}
