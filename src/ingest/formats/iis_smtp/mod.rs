//! Logs of the SMTP service of IIS (Windows Server, Exchange 2000 and 2003), in all three file formats.
//!
//! The inbound side counts: what clients handed in. Rows of outbound connections say nothing of which message they
//! carry and are left out, so what became of a recipient is unknown and a retry at a second host adds nothing.
//! `shape` and `layout` split lines into a `row`, `clock` reads its time, `part` puts the inputs in order, `sessions`
//! finds the `transaction` of a row, `ledger` counts each message once; `reader` runs over them.

mod clock;
mod layout;
mod ledger;
mod part;
mod reader;
mod row;
mod sessions;
mod shape;
mod transaction;

use self::layout::{Layout, is_row_of_smtp};
use self::shape::{Parsed, Shape};
use crate::ingest::source::Origin;
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format `iis-smtp`.
#[derive(Debug)]
pub(super) struct IisSmtp;

impl LogFormat for IisSmtp {
    fn name(&self) -> &'static str {
        "iis-smtp"
    }

    fn about(&self) -> About {
        About {
            title: "SMTP service of IIS: W3C extended, NCSA common and Microsoft IIS log files",
            size: "bytes received by the DATA row (cs-bytes); NCSA has none: the size that the client declared",
            recipients: "one accepted RCPT row each; what became of them is unknown",
            direction: "none: all that clients handed in; --client and --sender-domain narrow it",
            sender: "envelope sender; client address and greeting name",
            limits: "rows have no session id: those of one client are put together in their order, so that sender, recipients and \
                     size of messages it hands in at the same moment can be exchanged, never their number; W3C is UTC, \
                     the others are local time (--log-timezone)",
            export: "IIS 6.0 Manager > SMTP Virtual Server > Properties > General > Enable logging, W3C, with all of \
                     its extended properties (at least date, time, c-ip, cs-username, cs-method, cs-uri-query, \
                     sc-status, cs-bytes); copy %windir%\\System32\\LogFiles\\SmtpSvc1\\*.log",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let mut shape = Shape::of(head)?;
        let is_own = |line: &[u8]| match shape.parse(line) {
            Parsed::Row(row) => row.is_surely_smtp(),
            Parsed::Unread(_) => matches!(shape, Shape::W3c(None)) && is_row_of_smtp(line),
            Parsed::Directive(directive) => {
                if let Some(names) = directive.strip_prefix(b"#Fields:") {
                    shape = Shape::W3c(Some(Layout::of(names)));
                }
                false
            }
            Parsed::Blank => false,
        };
        head.split(|byte| *byte == b'\n').any(is_own).then_some(Likelihood::Certain)
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let inputs = without_relay_hosts(inputs, options, sink)?;
        let mut layouts: Vec<Layout> = inputs.iter().flat_map(|input| part::layouts(input.head())).collect();
        layouts.dedup();
        let parts = part::arrange(inputs, options)?;
        let mut reader = reader::Reader::new(layouts, sink);
        for part in parts {
            reader.read(part)?;
        }
        reader.finish();
        Ok(())
    }
}

/// The inputs, unless relay hosts are to choose their messages: the log does not say which host took a message.
fn without_relay_hosts(
    inputs: Vec<Input>,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<Vec<Input>, ReadError> {
    if options.relay_hosts.is_empty() {
        return Ok(inputs);
    }
    let refusal = |input: &Input| {
        ReadError::Undecided {
        input: input.name().to_owned(),
        problem: "--relay-host or 'relay_hosts:' cannot choose its messages: the log does not say which host took one"
            .to_owned(),
        hint: "read it without relay hosts, and choose by --client or --sender-domain".to_owned(),
    }
    };
    if let Some(named) = inputs.iter().find(|input| input.origin() == Origin::Named) {
        return Err(refusal(named));
    }
    // A folder may hold logs of anything.
    inputs.iter().for_each(|input| sink.damage(input.name(), 0, refusal(input).reason()));
    Ok(Vec::new())
}

#[cfg(test)]
mod tests;
