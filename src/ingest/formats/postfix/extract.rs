//! Finds in a block of lines what single lines tell: the part of reading that needs no other line, and so is done on
//! all cores. What neighbouring lines share (time and host, programs, clients, next hosts) is looked at once.
//!
//! What the words of a line mean is left to `line`, what follows from them to `follow`.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use super::entry::{is_near, own_message_id};
use super::line::{self, Daemon, Delivery, Event};
use super::rows::{Delivered, Found, HandedIn, Key, Page, Program, Relay, Row, Said, Span, StampAt};
use crate::ingest::handover::{accepted_bytes, address_hash, find, from_this_host, host_parts};
use crate::ingest::syslog::blocks::BlockLine;
use crate::ingest::syslog::frames::message_length;
use crate::ingest::syslog::header::Front;
use crate::ingest::syslog::stamp::Stamp;
use crate::ingest::syslog::{Header, not_own};
use crate::usage::Skip;

/// Finds what the lines of a page's block tell.
pub fn extract(page: &mut Page) {
    let Page { block, found } = page;
    found.clear();
    let text = block.text();
    let mut extractor =
        Extractor { text, found, front: None, stamp: (&[], &[]), has_nuls: block.is_unwrapped() };
    let read = block.each_line(|line| extractor.record(line));
    found.read = read;
}

struct Extractor<'a, 'f> {
    text: &'a [u8],
    found: &'f mut Found,
    front: Option<Front<'a>>,
    /// Time and host of the last row.
    stamp: (&'a [u8], &'a [u8]),
    /// Whether lines can hold NULs, behind which only the last piece counts.
    has_nuls: bool,
}

/// A line in the parts that are needed to read it further.
struct Parts<'a> {
    header: Header<'a>,
    program: u32,
    daemon: Daemon,
    id: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Extractor<'a, '_> {
    /// Takes one record; a line of a stream without line ends can hold several.
    fn record(&mut self, record: BlockLine<'a>) {
        let mut line = record.bytes;
        if matches!(line.first(), Some(b'<' | b'0'..=b'9')) {
            while let Some(next) = message_length(line) {
                self.line(&line[..next], record.number);
                line = &line[next..];
            }
        }
        self.line(line, record.number);
        if record.overlong {
            let row = Row {
                id: 0,
                line: record.number,
                ordinal: self.found.lines,
                stamp: u32::MAX,
                program: u32::MAX,
                said: Said::Overlong,
            };
            self.found.rows.push(row);
        }
    }

    #[inline]
    fn line(&mut self, line: &'a [u8], number: u32) {
        self.found.lines += 1;
        match self.parts(line) {
            Err(reason) => self.skip(reason),
            Ok(parts) => {
                let said = self.said(&parts);
                let row = Row {
                    id: line::packed(parts.id),
                    line: number,
                    ordinal: self.found.lines,
                    stamp: self.stamp_of(&parts.header),
                    program: parts.program,
                    said,
                };
                self.found.rows.push(row);
            }
        }
    }

    fn skip(&mut self, reason: Skip) {
        match self.found.skipped.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.found.skipped.push((reason, 1)),
        }
    }

    /// Splits a line into what is needed to read it further, or says why it names no message.
    fn parts(&mut self, line: &'a [u8]) -> Result<Parts<'a>, Skip> {
        if line.is_empty() {
            return Err(Skip::Header);
        }
        let outer = self.header(line).ok_or(Skip::Fragment)?;
        let (header, program) = match self.program(outer.program) {
            Some(program) => (outer, program),
            None => {
                // A container's log driver puts a header of its own before the line.
                let inner = outer.inner().ok_or_else(|| not_own(outer.program))?;
                (inner, self.program(inner.program).ok_or_else(|| not_own(inner.program))?)
            }
        };
        let (program, daemon) = program;
        match line::queue_id(header.message) {
            Some((id, rest)) if daemon != Daemon::Other => Ok(Parts { header, program, daemon, id, rest }),
            _ if header.message.starts_with(b"NOQUEUE: ") && find(header.message, b"reject").is_some() => {
                Err(Skip::NotAccepted)
            }
            _ => Err(Skip::Session),
        }
    }

    /// The header of a line. One that begins like the line before has its time and host.
    #[inline]
    fn header(&mut self, line: &'a [u8]) -> Option<Header<'a>> {
        if let Some(front) = &self.front
            && let Some(header) = front.header_of(line)
        {
            return Some(header);
        }
        let header = match line.first() {
            Some(b'<' | b'0'..=b'9') => Header::parse_rfc5424(line).or_else(|| Header::parse(line)),
            _ => Header::parse(line),
        }?;
        if !self.has_nuls {
            self.front = Front::of(line, &header).or(self.front);
        }
        Some(header)
    }

    /// The place of a program and its kind, where it is of Postfix.
    fn program(&mut self, name: &'a [u8]) -> Option<(u32, Daemon)> {
        let (text, programs) = (self.text, &mut self.found.programs);
        let daemon = |place: u32, all: &[Program]| Some((place, all.get(place as usize)?.daemon));
        let known = programs.known(name, |program| program.name.of_text(text) == name);
        if let Some(place) = known {
            return daemon(place, &programs.all);
        }
        let program = Program { name: Span::of(name, text), daemon: Daemon::of(name)? };
        let place = programs.place(name, |known| known.name.of_text(text) == name, || program);
        daemon(place, &programs.all)
    }

    /// The place of a line's time and host.
    fn stamp_of(&mut self, header: &Header<'a>) -> u32 {
        let stamp = (header.time, header.host);
        if self.found.stamps.is_empty() || self.stamp != stamp {
            self.stamp = stamp;
            let (text, host) = (self.text, header.host);
            let is = |known: &Span| known.of_text(text) == host;
            let host = self.found.hosts.place(host, is, || Span::of(host, text));
            let (time, stamp) = (Span::of(header.time, text), Stamp::parse(header.time));
            self.found.stamps.push(StampAt { time, stamp, host });
        }
        self.found.stamps.len() as u32 - 1
    }

    #[inline]
    fn said(&mut self, parts: &Parts<'a>) -> Said {
        let digest = || Key::of(parts.header.host, parts.id, parts.header.time);
        if parts.daemon == Daemon::Smtpd
            && let Some(told) = parts.rest.strip_prefix(b"client=")
        {
            return Said::Client { client: self.client(told, parts.rest), digest: digest() };
        }
        match Event::parse(parts.daemon, parts.rest) {
            Event::Client { .. } | Event::Note => Said::Note,
            Event::Pickup { first_id } => {
                Said::Pickup { first: first_id.map(|id| self.id(line::packed(id))), digest: digest() }
            }
            Event::MessageId(id) => {
                let is_empty = id.iter().all(|byte| matches!(byte, b'<' | b'>' | b' '));
                let hash = if is_empty { 0 } else { FxBuildHasher.hash_one(id).max(1) };
                Said::MessageId { hash, own: own_message_id(id, parts.id) }
            }
            Event::Queued { from, size, recipients } => {
                let text = self.text;
                let is = |known: &Span| known.of_text(text) == from;
                let from = self.found.senders.place(from, is, || Span::of(from, text));
                Said::Queued { from, recipients, size }
            }
            Event::Expired => Said::Expired,
            Event::Delivery(delivery) => Said::Delivery(self.delivered(&delivery, parts)),
            Event::CutDelivery => Said::CutDelivery,
            Event::Removed => Said::Removed,
            Event::Refused => Said::Refused,
        }
    }

    /// The place of who handed a message in.
    fn client(&mut self, told: &'a [u8], rest: &'a [u8]) -> u32 {
        let text = self.text;
        let is = |known: &HandedIn| known.told.of_text(text) == told;
        self.found.clients.place(told, is, || {
            let span = |part: &[u8]| Span::of(part, text);
            let Event::Client { name, ip, user, first_id, original } = Event::parse(Daemon::Smtpd, rest)
            else {
                return HandedIn { told: span(told), ..HandedIn::default() };
            };
            HandedIn {
                told: span(told),
                name: span(name),
                ip: span(ip),
                user: span(user),
                first: first_id.map(line::packed),
                reinjected: from_this_host(name, ip) && !original || first_id.is_some(),
            }
        })
    }

    fn delivered(&mut self, delivery: &Delivery<'a>, parts: &Parts<'a>) -> Delivered {
        let (text, program, told) = (self.text, parts.program, delivery.relay);
        let is = |known: &Relay| known.program == program && known.told.of_text(text) == told;
        let relay = self.found.relays.place(told, is, || Relay {
            told: Span::of(told, text),
            name: Span::of(host_parts(told).0, text),
            program,
            near: is_near(line::instance(parts.header.program), told),
        });
        let near = self.found.relays.all.get(relay as usize).is_some_and(|relay| relay.near);
        let reply = delivery.reply;
        let looks = near || parts.daemon == Daemon::Pipe;
        Delivered {
            to: address_hash(delivery.to),
            accepted: accepted_bytes(reply).unwrap_or(0),
            relay,
            next: line::next_queue_id(reply).map(|id| self.id(line::packed(id))),
            status: delivery.status,
            daemon: parts.daemon,
            discarded: looks && find(reply, b"discarded").is_some(),
        }
    }

    /// The place of a further queue id.
    fn id(&mut self, id: u128) -> u32 {
        self.found.ids.push(id);
        self.found.ids.len() as u32 - 1
    }
}
