//! Exchange Server: message tracking logs, and the SMTP protocol logs that stand in for them.
//!
//! One format for both, because they tell of the same messages: where a run has any message tracking, the protocol
//! logs are skipped as covered. Lines are read in `reader`, by columns that `layout` finds; what a row of message
//! tracking says is in `tracking`, what a session of a protocol log says in `protocol`; how rows become messages
//! is left to `grouping`.

mod blocks;
mod cells;
mod events;
mod layout;
mod protocol;
mod reader;
mod relay;
mod session;
mod side;
mod smtp;
mod tracking;

use self::cells::Splitter;
use self::layout::{Kind, Layout};
use self::protocol::Protocol;
use self::reader::Reader;
use self::relay::RelayHosts;
use self::side::Side;
use self::tracking::{Numbers, Tracking};
use crate::ingest::grouping::{Lanes, Messages};
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format `exchange-server`.
#[derive(Debug)]
pub(super) struct ExchangeServer;

impl LogFormat for ExchangeServer {
    fn name(&self) -> &'static str {
        "exchange-server"
    }

    fn about(&self) -> About {
        About {
            title: "Exchange Server: message tracking logs, else SMTP protocol logs",
            size: "total-bytes where the first server received it; protocol logs: bytes received, else SIZE= as declared",
            recipients: "recipient-address where the first server received it; protocol logs: accepted RCPT TO",
            direction: "mail into mailboxes of these servers is left out; Originating or Incoming; --relay-host means \
                        the next host. Protocol logs: none",
            sender: "return path, else the sender's header; client address behind the front end; receive connector",
            limits: "message tracking keeps 30 days or 1,000 MB, whichever is less; give the logs of all servers; \
                     version 14 has no network message id (Message-ID and sender stand in); with \
                     any message tracking in a run, protocol logs are skipped; they are off by default, and tell \
                     neither what is local nor what was written in mailboxes",
            export: "copy C:\\Program Files\\Microsoft\\Exchange Server\\V15\\TransportRoles\\Logs\\MessageTracking\\*.LOG \
                     from each server (Get-TransportService | Format-List Name,MessageTrackingLogPath); protocol logs: \
                     ...\\TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive\\*.LOG, after Set-ReceiveConnector \
                     -ProtocolLoggingLevel Verbose",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        Layout::of_head(head).map(|_| Likelihood::Certain)
    }

    fn read(
        &self,
        mut inputs: Vec<Input>,
        options: &ReadOptions,
        sink: &mut dyn Sink,
    ) -> Result<(), ReadError> {
        let kinds: Vec<_> = inputs.iter().map(|input| Layout::of_head(input.head())).collect();
        let has = |kind| kinds.iter().flatten().any(|layout| layout.kind == kind);
        let (is_covered, has_sessions) = (has(Kind::Tracking), has(Kind::Protocol));
        let has_side = |side| inputs.iter().any(|input| Side::of_head(input.head()) == Some(side));
        let (has_receive, has_send) = (has_side(Side::Receive), has_side(Side::Send));
        let relays = RelayHosts::new(&options.relay_hosts);
        // A session can run on in the next log.
        inputs.sort_by_cached_key(|input| side::first_time(input.head()));
        let (own_domains, mut numbers) = (options.own_domains.as_slice(), Numbers::default());
        // What is read in blocks is grouped on all cores, and what is read line by line is grouped here.
        let (mut lanes, mut messages) = (Lanes::new(), Messages::default());
        if is_covered && blocks::can_read(&inputs) {
            blocks::read(&mut inputs, (own_domains, relays), (&mut lanes, &mut numbers), sink)?;
        } else {
            let mut reader = Reader {
                messages,
                tracking: Tracking::new(own_domains, relays),
                numbers,
                protocol: (!is_covered).then(|| Protocol::new(own_domains, relays, has_receive)),
                splitter: Splitter::default(),
                tally: Default::default(),
                input: String::new(),
                sink: &mut *sink,
            };
            for input in &mut inputs {
                reader.read(input)?;
            }
            (messages, numbers) = (reader.messages, reader.numbers);
        }
        numbers.warn_if_ambiguous(sink);
        if has_sessions {
            warn_of_sessions(is_covered, has_receive && has_send, sink);
            warn_of_relays(!is_covered && has_receive && !relays.is_open(), sink);
        }
        lanes.deliver(sink, |_, _| true)?;
        messages.deliver(sink, |_, _| true);
        Ok(())
    }
}

/// Warns that hosts were asked for that are not in these logs.
fn warn_of_relays(are_untold: bool, sink: &mut dyn Sink) {
    if are_untold {
        let what = "--relay-host says nothing about SmtpReceive logs: they do not name the next host";
        sink.warn(what.to_owned());
    }
}

/// Warns of what protocol logs were left out, or cannot tell.
fn warn_of_sessions(is_covered: bool, has_both_sides: bool, sink: &mut dyn Sink) {
    if is_covered {
        return sink.warn(
            "SMTP protocol logs are skipped: message tracking in the same run tells of the same messages"
                .to_owned(),
        );
    }
    sink.warn(
        "SMTP protocol logs do not tell mail into the organisation's own mailboxes from other mail: message tracking \
         does"
            .to_owned(),
    );
    if has_both_sides {
        sink.warn(
            "SmtpSend logs are skipped: SmtpReceive logs in the same run tell of the same messages"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests;
