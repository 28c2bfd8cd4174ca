//! What one row of message tracking says of its message.
//!
//! * A message is accepted by `RECEIVE`; every server it passes logs one, and the earliest settles sender, size and
//!   recipients. Later ones are hops.
//! * A message is known by its network message id, which all servers share. Version 14 has none: there it is the
//!   Message-ID with the sender, and what an application sends again under both counts as a hop.
//! * Recipients are those of the acceptance; `EXPAND`, `RESOLVE` and `REDIRECT` only say what took whose place. What
//!   `DELIVER` puts into a mailbox of these servers is local and does not count; neither does a hand-over to the
//!   mailbox transport service, where the log of that service is not there.
//! * `recipient-status` is never read: its parts may themselves hold `;`. Every row has one event, which tells more.
//!
//! What is counted of the rows of one message is left to `grouping`.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::cells::{Cells, instant, undoubled};
use super::events::{self, Event, From};
use super::layout::{Column, Layout};
use super::relay::RelayHosts;
use crate::ingest::Sink;
use crate::ingest::delimited::{RecipientHasher, bare, parse_count, parse_size, split_list};
use crate::ingest::grouping::{
    Batch, Kind, MessageKey, Messages, OriginText, Received, Said, Sender, Signs, Status,
};
use crate::usage::Skip;

/// What became of a row that was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// It is counted with its message.
    Used,
    /// It is not counted.
    Skipped(Skip),
}

/// A row under its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) layout: &'a Layout,
    pub(super) cells: Cells<'a>,
    pub(super) line: u64,
}

impl<'a> Record<'a> {
    pub(super) fn get(&self, column: Column) -> &'a [u8] {
        self.layout.get(&self.cells, column)
    }
}

/// Reads rows in any order, and keeps what they say until it is merged.
pub(super) struct Tracking<'a> {
    own_domains: &'a [String],
    relays: RelayHosts<'a>,
    hasher: RecipientHasher,
    /// What the rows said.
    pub(super) batch: Batch,
    /// Of acceptances without a network message id: the message on its server, and the number that it had there.
    pub(super) numbers: Vec<(u64, u64)>,
}

/// Which number each server gave messages without a network message id.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    known: FxHashMap<u64, u64>,
    /// Whether a server gave one of them two numbers.
    is_ambiguous: bool,
}

impl Numbers {
    /// Takes note of what rows said.
    pub(super) fn note(&mut self, numbers: &[(u64, u64)]) {
        for (message, number) in numbers {
            self.is_ambiguous |= self.known.entry(*message).or_insert(*number) != number;
        }
    }

    /// Warns of messages that cannot be told apart: applications reuse Message-IDs, and gateways hand a message
    /// back under its own.
    pub(super) fn warn_if_ambiguous(&self, sink: &mut dyn Sink) {
        if self.is_ambiguous {
            sink.warn(
                "messages without network-message-id came again under the same Message-ID and sender, and count once: \
                 if an application reuses its Message-IDs, more were sent"
                    .to_owned(),
            );
        }
    }
}

impl<'a> Tracking<'a> {
    /// A reader that has read nothing.
    pub(super) fn new(own_domains: &'a [String], relays: RelayHosts<'a>) -> Tracking<'a> {
        let hasher = RecipientHasher::default();
        Tracking { own_domains, relays, hasher, batch: Batch::default(), numbers: Vec::new() }
    }

    /// Notes which number a server gave a message that has no network message id.
    fn note_number(&mut self, record: &Record<'_>, key: MessageKey) {
        if has_network_id(record) {
            return;
        }
        let hash = |text: &[u8], seed: u64| {
            let mut hasher = FxHasher::default();
            hasher.write_u64(seed);
            hasher.write(text);
            hasher.finish()
        };
        let number = hash(record.get(Column::InternalId), 0);
        self.numbers.push((hash(record.get(Column::ServerName), key.hash()), number));
    }

    /// Takes up what a row says, or says what is wrong with it.
    pub(super) fn take(&mut self, record: &Record<'_>) -> Result<(), String> {
        let (recipients, related) = (Column::Recipients, Column::Related);
        let (event, replaced) = match events::event(record.get(Column::Source), record.get(Column::Event)) {
            Event::Other(_) if record.get(Column::Event).is_empty() => {
                return Err("the event is missing: expected such as 'RECEIVE' in event-id".to_owned());
            }
            Event::Other(reason) => return self.skip(reason),
            _ if is_probe(record) => return self.skip(Skip::Probe),
            Event::Accepted(from) => return self.take_acceptance(record, from),
            Event::Outcome(status) => ((status, Skip::Event), recipients),
            Event::Expanded => ((Status::Expanded, Skip::Routing), related),
            Event::Replaced => ((Status::Rerouted, Skip::Routing), related),
            Event::Sent => match self.sent(record) {
                Some(status) => ((status, Skip::Event), recipients),
                None => return self.skip(Skip::Routing),
            },
        };
        self.take_outcome(record, replaced, event)
    }

    fn skip(&mut self, reason: Skip) -> Result<(), String> {
        self.batch.skip(reason);
        Ok(())
    }

    /// What a hand-over means for its recipients; `None` where it is a hop to another server of the organisation.
    fn sent(&self, record: &Record<'_>) -> Option<Status> {
        let connector = record.get(Column::Connector);
        if events::is_internal_connector(connector) {
            return is_into_mailbox(record.get(Column::Context)).then_some(Status::Local);
        }
        let names = [record.get(Column::ServerName), connector];
        let counts = self.relays.counts(names, record.get(Column::ServerIp));
        Some(if counts { Status::Delivered } else { Status::Elsewhere })
    }

    fn take_acceptance(&mut self, record: &Record<'_>, from: From) -> Result<(), String> {
        let list = undoubled(record.get(Column::Recipients));
        let mut listed = 0;
        for address in split_list(&list, b";") {
            if let Some(hash) = self.hasher.hash(address) {
                self.batch.recipients.push((hash, Status::Unknown));
                listed += 1;
            }
        }
        let said = match listed {
            0 => Err("the recipient addresses are missing".to_owned()),
            _ => self.acceptance(record, from, listed),
        };
        match &said {
            Ok(said) => self.batch.say(*said),
            Err(_) => self.batch.forget_recipients(),
        }
        said.map(|_| ())
    }

    fn acceptance(&mut self, record: &Record<'_>, from: From, listed: usize) -> Result<Said, String> {
        let origin = OriginText {
            sender: match from {
                From::Report => Sender::Null,
                _ => sender(record),
            },
            client: client(record),
            relay: host(record.get(Column::Connector)),
            signs: signs(record, from, self.own_domains),
        };
        let (said, nanoseconds) = self.said(record, &origin, Kind::Recipient)?;
        self.note_number(record, said.key);
        let stated = stated(record.get(Column::Count), listed)?;
        let received = Received { nanoseconds, stated, is_hop: is_later_hop(record), ..Received::default() };
        Ok(Said { kind: Kind::Accepted(received), ..said })
    }

    /// An event after acceptance. It counts only where the acceptance is in no input, which shows at the end:
    /// until then the row stays with the first recipient of whom it brings news.
    fn take_outcome(
        &mut self,
        record: &Record<'_>,
        column: Column,
        (status, otherwise): (Status, Skip),
    ) -> Result<(), String> {
        let list = undoubled(record.get(column));
        for address in split_list(&list, b";") {
            if let Some(hash) = self.hasher.hash(address) {
                self.batch.recipients.push((hash, status));
            }
        }
        if !self.batch.has_recipients() {
            return self.skip(otherwise);
        }
        let client = match record.get(Column::OriginalIp) {
            b"" => None,
            ip => Some((&b""[..], ip)),
        };
        let relay = host(record.get(Column::Connector));
        let origin = OriginText { sender: sender(record), client, relay, signs: Signs::None };
        let said = self.said(record, &origin, Kind::Outcome { otherwise, has_weight: false });
        match &said {
            Ok((said, _)) => self.batch.say(*said),
            Err(_) => self.batch.forget_recipients(),
        }
        said.map(|_| ())
    }

    /// What a row says, but for its recipients, and the nanoseconds within its second.
    fn said(
        &mut self,
        record: &Record<'_>,
        origin: &OriginText<&[u8]>,
        kind: Kind,
    ) -> Result<(Said, u32), String> {
        let origin = self.batch.written.number(origin);
        let instant = instant(record.get(Column::Time))?;
        if !Messages::fits(instant.time) {
            return Err(format!("the time {} is not possible: expected 1970 to 2105", instant.time));
        }
        let said = Said {
            key: key(record)?,
            time: instant.time,
            date_only: false,
            size: parse_size(record.get(Column::Size), None, "")?.filter(|size| *size > 0),
            origin,
            line: record.line,
            kind,
        };
        Ok((said, instant.nanoseconds))
    }
}

/// The key of a message: its network message id; else Message-ID and sender, since applications reuse the former;
/// else the number that its server gave it.
fn key(record: &Record<'_>) -> Result<MessageKey, String> {
    if has_network_id(record) {
        return Ok(MessageKey::of_id(record.get(Column::NetworkId)));
    }
    // Some servers write the Message-ID with its angle brackets and some without.
    match (bare(record.get(Column::MessageId)), record.get(Column::InternalId)) {
        (b"", b"") => Err("network-message-id, message-id and internal-message-id are missing".to_owned()),
        (b"", number) => Ok(MessageKey::of_parts(&[b"exchange number", number])),
        (id, _) => Ok(MessageKey::of_parts(&[b"exchange", id, bare(envelope_sender(record))])),
    }
}

fn has_network_id(record: &Record<'_>) -> bool {
    const NO_ID: &[u8] = b"00000000-0000-0000-0000-000000000000";
    !matches!(record.get(Column::NetworkId), b"" | NO_ID)
}

/// Whether a message is a test of the system's health.
fn is_probe(record: &Record<'_>) -> bool {
    [Column::Sender, Column::ReturnPath, Column::Recipients]
        .iter()
        .any(|column| events::is_probe(record.get(*column)))
}

/// Whether a reply came from the mailbox transport service, which delivers: it names its host and has no queue, so
/// no number in one.
fn is_into_mailbox(context: &[u8]) -> bool {
    let holds = |text: &[u8]| memchr::memmem::find(context, text).is_some();
    holds(b"[Hostname=") && !holds(b"InternalId=")
}

/// The envelope sender; `sender-address` is that of the header, and stands in where there is no other.
fn envelope_sender<'a>(record: &Record<'a>) -> &'a [u8] {
    match record.get(Column::ReturnPath) {
        b"" => record.get(Column::Sender),
        path => path,
    }
}

fn sender<'a>(record: &Record<'a>) -> Sender<&'a [u8]> {
    match envelope_sender(record) {
        b"" => Sender::Unknown,
        sender => Sender::Text(bare(sender)),
    }
}

fn host(name: &[u8]) -> Option<&[u8]> {
    Some(name).filter(|name| !name.is_empty())
}

/// The host that handed a message in. The front end of version 15 hands on what it takes, so `client-ip` is then the
/// server itself, and the client stands in `original-client-ip` and in `custom-data`.
fn client<'a>(record: &Record<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let custom = record.get(Column::Custom);
    let proxied = custom_value(custom, b"ProxiedClientIPAddress=");
    let own = record.get(Column::ClientIp);
    let ip = match record.get(Column::OriginalIp) {
        b"" if proxied.is_empty() => own,
        b"" => proxied,
        original => original,
    };
    let name = match ip {
        b"" => return None,
        _ if ip == proxied => custom_value(custom, b"ProxiedClientHostname="),
        _ if ip == own => record.get(Column::ClientName),
        _ => b"",
    };
    Some((name, ip))
}

/// Whether the row names another server as the first of the organisation that took the message.
fn is_later_hop(record: &Record<'_>) -> bool {
    let label = |host: &'_ [u8]| host.split(|byte| *byte == b'.').next().map(<[u8]>::to_ascii_lowercase);
    let (first, own) =
        (custom_value(record.get(Column::Custom), b"FirstForestHop="), record.get(Column::ServerName));
    !first.is_empty() && !own.is_empty() && label(first) != label(own)
}

/// The value of one part of `custom-data`, `S:Name=value;...`; empty where it is not there.
fn custom_value<'a>(custom: &'a [u8], name: &[u8]) -> &'a [u8] {
    let Some(at) = memchr::memmem::find(custom, name) else { return b"" };
    let value = &custom[at + name.len()..];
    &value[..memchr::memchr(b';', value).unwrap_or(value.len())]
}

/// The number of recipients that an acceptance states, where it is more than it lists (a list can name one twice,
/// which counts once).
fn stated(cell: &[u8], listed: usize) -> Result<u32, String> {
    let count = parse_count(cell, None)?.filter(|count| *count > listed as u64).unwrap_or(0);
    u32::try_from(count).map_err(|_| format!("a recipient count of {count}: expected at most {}", u32::MAX))
}

/// What an acceptance shows of the kind of traffic.
///
/// * From a mailbox, also where only the transport service's log is there: then the server handed the message to
///   itself without a client behind it.
/// * `Originating`, or with a sender of the own domains: relay.
/// * `Incoming` is all that comes without authentication, mail of applications too: inbound only where the own
///   domains are known and the sender's is none of them.
fn signs(record: &Record<'_>, from: From, own_domains: &[String]) -> Signs {
    match from {
        From::Mailbox => return Signs::Mailbox,
        From::Server | From::Report => return Signs::Passing,
        From::Host => {}
    }
    let (client, server) = (record.get(Column::ClientIp), record.get(Column::ServerIp));
    let has_proxy = memchr::memmem::find(record.get(Column::Custom), b"Prox").is_some();
    if !client.is_empty() && client == server && !has_proxy {
        return Signs::Mailbox;
    }
    let domain = bare(envelope_sender(record)).rsplit(|&b| b == b'@').next().unwrap_or_default();
    let is_own = own_domains.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(domain));
    if is_own || record.get(Column::Direction).eq_ignore_ascii_case(b"Originating") {
        return Signs::Relay;
    }
    if own_domains.is_empty() { Signs::Passing } else { Signs::Inbound }
}
