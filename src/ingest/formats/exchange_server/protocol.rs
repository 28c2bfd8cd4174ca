//! SMTP protocol logs: the messages of each session, where message tracking is off.
//!
//! * A message is all from `MAIL FROM` to the reply that takes it; its recipients are those whose `RCPT TO` was
//!   answered with yes. Replies come in the order of their commands, which clients may send ahead.
//! * The front end and the transport service both log a session that one hands to the other. Both repeat the reply
//!   with the message's place in the queue, which is its key, so it counts once.
//! * Sessions between Exchange servers (`X-EXPS`, `X-ANONYMOUSTLS`) without a proxied client are hops, and mail
//!   written in mailboxes, of which these logs tell nothing more.
//! * `SmtpSend` tells of the way out. It counts only where no `SmtpReceive` is read: there a message is known by its
//!   Message-ID and sender, since every next host has its own session.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::cells::{Instant, instant};
use super::events;
use super::layout::Column;
use super::relay::RelayHosts;
use super::session::{self, Pending, Session, Transaction};
use super::side::Side;
use super::smtp::{self, Command, Reply};
use super::tracking::{Record, Taken};
use crate::ingest::Sink;
use crate::ingest::delimited::RecipientHasher;
use crate::ingest::grouping::{Facts, Messages, Origin, Received, Row, Signs, Standing, Status};
use crate::usage::{ClientId, HostId, Skip};

/// Sessions that are followed at once; where there are more, those without a message under way are forgotten.
const SESSION_CAP: usize = 200_000;
/// Commands of a session that wait for replies; a server that answered none of so many logs no replies.
const PENDING_CAP: usize = 100_000;

/// Follows sessions.
pub(super) struct Protocol<'a> {
    own_domains: &'a [String],
    relays: RelayHosts<'a>,
    /// Whether the run has `SmtpReceive` logs.
    has_receive: bool,
    side: Option<Side>,
    sessions: FxHashMap<u64, Session>,
    hasher: RecipientHasher,
}

impl<'a> Protocol<'a> {
    /// A reader that has read nothing.
    pub(super) fn new(own_domains: &'a [String], relays: RelayHosts<'a>, has_receive: bool) -> Protocol<'a> {
        let sessions = FxHashMap::default();
        Protocol {
            own_domains,
            relays,
            has_receive,
            side: None,
            sessions,
            hasher: RecipientHasher::default(),
        }
    }

    /// Begins an input.
    pub(super) fn begin_input(&mut self, head: &[u8]) {
        self.side = Side::of_head(head);
    }

    /// Takes the next line of a session, or says what is wrong with it.
    pub(super) fn take(
        &mut self,
        record: &Record<'_>,
        messages: &mut Messages,
        sink: &mut dyn Sink,
    ) -> Result<Taken, String> {
        let connector = record.get(Column::Connector);
        let side = self.side.unwrap_or_else(|| Side::of_connector(connector));
        if side == Side::Send && self.has_receive {
            return Ok(Taken::Skipped(Skip::Covered));
        }
        let event = record.get(Column::Event);
        if !matches!(event, b"+" | b"-" | b"<" | b">" | b"*") {
            return Err("the event is none of '+', '-', '<', '>' and '*'".to_owned());
        }
        let instant = instant(record.get(Column::Time))?;
        let id = session_id(connector, record.get(Column::Session));
        let Some(mut session) = self.session(id, record, event) else {
            return Ok(Taken::Skipped(Skip::Duplicate));
        };
        if event == b"-" {
            return Ok(Taken::Skipped(Skip::Session));
        }
        let step = Step { record, side, instant, connector };
        let taken = match (event, side) {
            (b"<", Side::Receive) | (b">", Side::Send) => self.command(&mut session, &step, sink),
            (b">", Side::Receive) | (b"<", Side::Send) => self.reply(&mut session, &step, messages, sink)?,
            (b"*", _) => session.remark(record),
            _ => Taken::Skipped(Skip::Session),
        };
        self.sessions.insert(id, session);
        Ok(taken)
    }

    /// Takes out the session of a line; `None` where it already had this line.
    fn session(&mut self, id: u64, record: &Record<'_>, event: &[u8]) -> Option<Session> {
        let sequence = number(record.get(Column::Sequence));
        let known = self.sessions.remove(&id).filter(|_| event != b"+" && sequence != 0);
        if known.is_none() && self.sessions.len() >= SESSION_CAP {
            self.sessions.retain(|_, session| session.transaction.is_some());
            if self.sessions.len() >= SESSION_CAP {
                self.sessions.clear();
            }
        }
        let mut session = known.unwrap_or_default();
        if session.last.is_some_and(|last| sequence <= last) {
            self.sessions.insert(id, session);
            return None;
        }
        session.last = Some(sequence);
        if session.ip.is_empty() {
            session.ip = record.get(Column::Remote).to_vec();
        }
        Some(session)
    }

    fn command(&mut self, session: &mut Session, step: &Step<'_>, sink: &mut dyn Sink) -> Taken {
        let mut pending = Pending::Other;
        match smtp::command(step.record.get(Column::Data)) {
            Command::Hello(name) if session.proxied.is_none() && step.side == Side::Receive => {
                session.name = name.to_vec();
            }
            Command::Proxied { session: id, ip, name } => {
                session.proxied = Some(id.to_vec());
                (session.ip, session.name) = (ip.to_vec(), name.to_vec());
            }
            Command::Exchange => session.is_exchange = true,
            Command::Mail { sender, size } => {
                session.transaction = Some(self.transaction(sender, size, session.last, sink));
                pending = Pending::Mail;
            }
            Command::Recipient(address) => {
                if let (Some(transaction), Some(hash)) = (&mut session.transaction, self.hasher.hash(address))
                {
                    transaction.is_probe |= events::is_probe(address);
                    pending = Pending::Recipient(transaction.recipients.len());
                    transaction.recipients.push((hash, None));
                }
            }
            Command::Data => pending = Pending::Data,
            Command::Chunk { bytes, last } => {
                if let Some(transaction) = &mut session.transaction {
                    transaction.chunks = transaction.chunks.saturating_add(bytes);
                }
                pending = if last { Pending::Message } else { Pending::Other };
            }
            Command::Reset => session.transaction = None,
            Command::Hello(_) | Command::Other => {}
        }
        if session.pending.len() >= PENDING_CAP {
            session.pending.clear();
        }
        session.pending.push_back(pending);
        session.beside()
    }

    fn transaction(
        &self,
        sender: &[u8],
        size: Option<u64>,
        sequence: Option<u64>,
        sink: &mut dyn Sink,
    ) -> Transaction {
        let domain = sender.rsplit(|&byte| byte == b'@').next().unwrap_or_default();
        Transaction {
            sender: sink.names().sender(sender),
            address: sender.to_vec(),
            is_own: self.own_domains.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(domain)),
            is_probe: events::is_probe(sender),
            declared: size.filter(|size| *size > 0),
            chunks: 0,
            recipients: Vec::new(),
            sequence: sequence.unwrap_or(0),
        }
    }

    fn reply(
        &mut self,
        session: &mut Session,
        step: &Step<'_>,
        messages: &mut Messages,
        sink: &mut dyn Sink,
    ) -> Result<Taken, String> {
        let Some(reply) = smtp::reply(step.record.get(Column::Data)) else { return Ok(session.beside()) };
        if reply.goes_on {
            return Ok(session.beside());
        }
        if session.pending.is_empty() && step.side == Side::Send && session.name.is_empty() {
            // The banner names the next host.
            session.name = reply.text.split(|byte| *byte == b' ').next().unwrap_or_default().to_vec();
        }
        match session.answered(&reply) {
            Pending::Mail if !reply.is_positive() => session.transaction = None,
            Pending::Recipient(at) => {
                if let Some(recipient) =
                    session.transaction.as_mut().and_then(|transaction| transaction.recipients.get_mut(at))
                {
                    recipient.1 = Some(reply.code);
                }
                let reason = if reply.is_positive() { Skip::Event } else { Skip::NotAccepted };
                return Ok(Taken::Skipped(reason));
            }
            Pending::Data if reply.code == 354 => session.pending.push_front(Pending::Message),
            Pending::Data | Pending::Message => {
                return match session.transaction.take() {
                    Some(transaction) => self.end(session, &transaction, &reply, step, messages, sink),
                    // Its sender and recipients stand before the start of the log.
                    None => Ok(Taken::Skipped(Skip::Fragment)),
                };
            }
            Pending::Mail | Pending::Other => return Ok(session.beside()),
        }
        Ok(Taken::Skipped(if reply.code == 354 { Skip::Event } else { Skip::NotAccepted }))
    }

    /// Ends a message with the reply to all of it.
    fn end(
        &mut self,
        session: &Session,
        transaction: &Transaction,
        reply: &Reply<'_>,
        step: &Step<'_>,
        messages: &mut Messages,
        sink: &mut dyn Sink,
    ) -> Result<Taken, String> {
        let is_hop = session.is_exchange && session.proxied.is_none() || step.is_internal();
        let reason = match () {
            () if transaction.is_probe => Some(Skip::Probe),
            () if is_hop => Some(Skip::Routing),
            () if step.side == Side::Receive && !reply.is_positive() => Some(Skip::NotAccepted),
            () => None,
        };
        if let Some(reason) = reason {
            return Ok(Taken::Skipped(reason));
        }
        if !Messages::fits(step.instant.time) {
            return Err(format!("the time {} is not possible: expected 1970 to 2105", step.instant.time));
        }
        let measured = smtp::bytes_taken(reply.text).or(Some(transaction.chunks).filter(|bytes| *bytes > 0));
        let facts = Facts {
            key: session::key(session, transaction, reply, step.side, step.record.get(Column::Session)),
            time: step.instant.time,
            date_only: false,
            zone_assumed: false,
            size: measured.or(transaction.declared),
            size_declared: measured.is_none(),
            origin: self.origin(session, transaction, step, sink),
            line: step.record.line,
        };
        Ok(match step.side {
            Side::Receive => accept(&facts, step.instant.nanoseconds, transaction, messages, sink),
            Side::Send => self.send(&facts, session, transaction, reply, messages, step),
        })
    }

    fn origin(
        &self,
        session: &Session,
        transaction: &Transaction,
        step: &Step<'_>,
        sink: &mut dyn Sink,
    ) -> Origin {
        let sender = transaction.sender;
        let connector = step.connector;
        let relay = if connector.is_empty() { HostId::UNKNOWN } else { sink.names().host(connector) };
        if step.side == Side::Send {
            return Origin { sender, client: ClientId::UNKNOWN, relay, signs: Signs::None };
        }
        let client = sink.names().client(&session.name, &session.ip, &session.user);
        let signs = match (transaction.is_own || !session.user.is_empty(), self.own_domains.is_empty()) {
            (true, _) => Signs::Relay,
            (false, false) => Signs::Inbound,
            (false, true) => Signs::Passing,
        };
        Origin { sender, client, relay, signs }
    }

    /// Adds what one next host made of a message.
    fn send(
        &self,
        facts: &Facts,
        session: &Session,
        transaction: &Transaction,
        reply: &Reply<'_>,
        messages: &mut Messages,
        step: &Step<'_>,
    ) -> Taken {
        let counts = self.relays.counts([&session.name, step.connector], step.record.get(Column::Remote));
        let slot = messages.message(facts);
        let mut news = false;
        for &(hash, answer) in &transaction.recipients {
            let code = match answer {
                Some(code) if !(200..300).contains(&code) => code,
                _ => reply.code,
            };
            let status = match code {
                _ if !counts => Status::Elsewhere,
                200..300 => Status::Delivered,
                500..600 => Status::Bounced,
                _ => Status::Open,
            };
            let row = if news { Row::Rest } else { Row::Message };
            news |= messages.recipient(slot, hash, status, row);
        }
        Taken::Skipped(Skip::Duplicate).unless(news)
    }
}

/// One line and what is known of it.
struct Step<'a> {
    record: &'a Record<'a>,
    side: Side,
    instant: Instant,
    connector: &'a [u8],
}

impl Step<'_> {
    /// Whether its connector is one that only servers of the organisation use.
    fn is_internal(&self) -> bool {
        match self.side {
            Side::Receive => memchr::memmem::find(self.connector, b"Mailbox Delivery").is_some(),
            Side::Send => events::is_internal_connector(self.connector),
        }
    }
}

impl Taken {
    /// This, or that it is counted.
    fn unless(self, news: bool) -> Taken {
        if news { Taken::Used } else { self }
    }
}

/// Adds a message that was accepted.
fn accept(
    facts: &Facts,
    nanoseconds: u32,
    transaction: &Transaction,
    messages: &mut Messages,
    sink: &mut dyn Sink,
) -> Taken {
    let is_accepted = |answer: Option<u32>| answer.is_none_or(|code| (200..300).contains(&code));
    let accepted =
        transaction.recipients.iter().filter(|(_, answer)| is_accepted(*answer)).map(|(hash, _)| *hash);
    if accepted.clone().next().is_none() {
        return Taken::Skipped(Skip::NoRecipient);
    }
    let Standing::Settles { slot, replaced } =
        messages.accept(facts, Received { nanoseconds, ..Received::default() })
    else {
        return Taken::Skipped(Skip::Duplicate);
    };
    if replaced > 0 {
        sink.skip(Skip::Duplicate, replaced);
    }
    Taken::Skipped(Skip::Duplicate).unless(messages.settle(slot, accepted))
}

/// Sessions are numbered by each server, whose name is in that of its receive connectors.
fn session_id(connector: &[u8], session: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(connector);
    hasher.write_u8(0);
    hasher.write(session);
    hasher.finish()
}

fn number(digits: &[u8]) -> u64 {
    digits
        .iter()
        .filter(|digit| digit.is_ascii_digit())
        .fold(0, |number: u64, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}
