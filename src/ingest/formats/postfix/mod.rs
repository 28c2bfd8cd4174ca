//! Postfix mail logs, in every header that syslog daemons, journald and containers put before them.
//!
//! Each message is followed by host, queue id and incarnation from acceptance to `removed` (`message`, `queue`);
//! passes through filters are joined (`chain`).
//! `extract` finds on all cores what single lines tell (`rows`), in blocks that `pages` gives in their order; `reader`
//! runs over the parts, `follow` takes in rows, `count` lets complete messages go.

mod chain;
mod count;
mod entry;
mod extract;
mod follow;
mod known;
mod line;
mod message;
mod pages;
mod queue;
mod reader;
mod rows;

use std::num::NonZeroUsize;

use super::super::parallel::workers;
use super::super::syslog::blocks::BLOCK_BYTES;
use super::super::syslog::{self, Envelope, Header, Known, Records};
use super::super::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};
use crate::period::Timestamp;
use line::Daemon;

/// The format `postfix`.
#[derive(Debug)]
pub struct Postfix;

impl LogFormat for Postfix {
    fn name(&self) -> &'static str {
        "postfix"
    }

    fn about(&self) -> About {
        About {
            title: "Postfix mail log (syslog, journald, maillog_file, container logs)",
            size: "queue size of each message; the accepted bytes where Exchange Online states them",
            recipients: "one delivery line each",
            direction: "by next host: local deliveries are left out, --relay-host narrows further",
            sender: "envelope sender; client name, address and user",
            limits: "kept for weeks by logrotate; no year in the classic header; give all rotated parts at once",
            export: "copy /var/log/mail.log* (Debian) or /var/log/maillog* (Red Hat), compressed or not; with \
                     journald: journalctl -t postfix/qmgr -t postfix/smtp -t postfix/smtpd -t postfix/cleanup \
                     -t postfix/pickup -t postfix/bounce -o short-iso > mail.log",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let mut records = Records::new(head, Envelope::of(head));
        while let Ok(Some(record)) = records.next_record() {
            if daemon(record.line).is_some() {
                return Some(Likelihood::Certain);
            }
        }
        None
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        read_with(inputs, options, sink, workers(), BLOCK_BYTES)
    }
}

/// Reads inputs on so many cores, in blocks of about so many bytes.
fn read_with(
    inputs: Vec<Input>,
    options: &ReadOptions,
    sink: &mut dyn Sink,
    cores: NonZeroUsize,
    bytes: usize,
) -> Result<(), ReadError> {
    let known = Known { is_own: |program| Daemon::of(program).is_some(), proof };
    let mut parts = syslog::arrange(inputs, options, known, sink)?;
    let hosts: Vec<Vec<u8>> = parts.iter().flat_map(|part| part.hosts.clone()).collect();
    let hosts: Vec<&[u8]> = hosts.iter().map(Vec::as_slice).collect();
    let mut reader = reader::Reader::new(options, &hosts, sink);
    for part in &mut parts {
        reader.read(part, cores, bytes)?;
    }
    reader.finish();
    syslog::tell_zones(&parts, Postfix.name(), sink);
    Ok(())
}

/// The daemon that wrote a line, also inside a container's header.
fn daemon(line: &[u8]) -> Option<Daemon> {
    let outer = Header::parse_rfc5424(line).or_else(|| Header::parse(line))?;
    Daemon::of(outer.program).or_else(|| Daemon::of(outer.inner()?.program))
}

/// The instant that a line proves: a message-id that Postfix made holds its time in UTC.
fn proof(header: &Header<'_>) -> Option<Timestamp> {
    if Daemon::of(header.program)? != Daemon::Cleanup {
        return None;
    }
    let (queue_id, rest) = line::queue_id(header.message)?;
    entry::own_message_id(rest.strip_prefix(b"message-id=")?, queue_id)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod legs_tests;

#[cfg(test)]
mod around_tests;
