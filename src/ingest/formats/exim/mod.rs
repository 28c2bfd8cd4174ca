//! Exim logs: mainlog, rejectlog and paniclog, and what Exim hands to a syslog daemon.
//!
//! Each message is followed by id and incarnation from `<=` to `Completed` (`message`, `queue`); passes through filters
//! and other instances are joined (`legs`). `reader` runs over the parts and puts split lines together (`pieces`),
//! `follow` takes in lines (`line`, `event`, `fields`), `count` lets complete messages go.

mod count;
mod event;
mod fields;
mod follow;
mod legs;
mod line;
mod message;
mod pieces;
mod queue;
mod reader;
mod transports;

use super::super::syslog::{self, Envelope, Known, Records};
use super::super::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};
use crate::ingest::handover::find;

/// The format `exim`.
#[derive(Debug)]
pub struct Exim;

impl LogFormat for Exim {
    fn name(&self) -> &'static str {
        "exim"
    }

    fn about(&self) -> About {
        About {
            title: "Exim log (mainlog, or through syslog)",
            size: "S= of each arrival; the accepted bytes where Exchange Online states them",
            recipients: "one delivery line each; those of the arrival ('for') where none was tried yet",
            direction: "by next host: local deliveries and discarded mail are left out, --relay-host narrows further",
            sender: "envelope sender; client name, address and user",
            limits: "rotated daily, kept for some ten days; local time without zone, which message ids prove; give all \
                     rotated parts at once",
            export: "copy /var/log/exim4/mainlog* (Debian), /var/log/exim/main.log* (Red Hat) or \
                     /var/log/exim_mainlog* (cPanel), compressed or not; 'exim -bP log_file_path' names the place; \
                     where it is syslog: journalctl -t exim -o short-iso > mail.log",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let mut records = Records::new(head, Envelope::of(head));
        while let Ok(Some(record)) = records.next_record() {
            if is_own(record.line) {
                return Some(Likelihood::Certain);
            }
        }
        None
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let known = Known { is_own: line::is_exim, proof: line::proof };
        let mut parts = syslog::arrange(inputs, options, known, sink)?;
        let several = parts.len() > 1 || parts.iter().any(|part| part.hosts.len() > 1);
        let mut reader = reader::Reader::new(options, several, sink);
        for part in &mut parts {
            reader.read(part)?;
        }
        reader.finish();
        syslog::tell_zones(&parts, self.name(), sink);
        Ok(())
    }
}

/// Whether a line is of Exim: by the program that wrote it, by a message id, or by words of its own log.
fn is_own(text: &[u8]) -> bool {
    let Ok(header) = line::header(text) else { return false };
    let line = line::line(&header);
    if !header.program.is_empty() || line::message_id(line.text).is_some_and(|(_, rest)| is_flagged(rest)) {
        return true;
    }
    let text = line.text;
    let begins = |words: &[u8]| text.starts_with(words);
    let holds = |words: &[u8]| find(text, words).is_some();
    begins(b"Start queue run: pid=")
        || begins(b"End queue run: pid=")
        || begins(b"exim ") && holds(b" daemon started: pid=")
        || begins(b"H=")
            && (holds(b"] ") || holds(b"]:"))
            && (holds(b" rejected ") || holds(b" sender verify "))
        || holds(b" authenticator failed for ")
}

/// Whether the text after an id is as Exim writes it.
fn is_flagged(text: &[u8]) -> bool {
    let flags: [&[u8]; 10] =
        [b"<= ", b"=> ", b"-> ", b">> ", b"*> ", b"== ", b"** ", b"Completed", b"H=", b"F="];
    flags.iter().any(|flag| text.starts_with(flag)) || text.starts_with(b"SA: ")
}

#[cfg(test)]
mod tests;
