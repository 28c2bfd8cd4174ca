//! Azure's own logs of Communication Services Email: diagnostic settings to a storage account (`PT1H.json`) or an
//! Event Hub, exports of Log Analytics from the portal as CSV, and results of queries as JSON.
//!
//! One format for all of them, because they tell of the same messages under the same ids. A send row states size and
//! recipients and knows no sender, status rows know the sender and what became of each recipient; `messages` joins
//! them. The service's usage records are control totals and no usage. What a row says is in `said`.

mod batch;
mod columns;
mod csv;
mod json;
mod lines;
mod messages;
mod row;
mod said;
mod texts;
mod values;
mod words;

use self::messages::Messages;
use self::row::{Clock, Reader};
use crate::ingest::delimited::column_orders;
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format.
#[derive(Debug)]
pub(super) struct AcsDiagnostics;

/// How one input is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    Json,
    Csv { delimiter: u8 },
}

impl Encoding {
    fn of(head: &[u8]) -> Option<Encoding> {
        if json::is_log(head) {
            return Some(Encoding::Json);
        }
        csv::delimiter(head).map(|delimiter| Encoding::Csv { delimiter })
    }

    /// The encoding of an input that the user named to be such a log.
    fn of_named(head: &[u8]) -> Encoding {
        let starts_json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
        let other = if starts_json { Encoding::Json } else { Encoding::Csv { delimiter: b',' } };
        Encoding::of(head).unwrap_or(other)
    }

    fn delimiter(self) -> Option<u8> {
        match self {
            Encoding::Json => None,
            Encoding::Csv { delimiter } => Some(delimiter),
        }
    }
}

impl LogFormat for AcsDiagnostics {
    fn name(&self) -> &'static str {
        "acs-diagnostics"
    }

    fn about(&self) -> About {
        About {
            title: "Azure Communication Services Email: diagnostic logs (storage, Event Hub, Log Analytics; JSON and CSV)",
            size: "Size of the send row, in the service's own megabytes, kept as logged",
            recipients: "UniqueRecipientsCount of the send row (without it To + Cc + Bcc, an upper count); what became \
                         of each from the status rows",
            direction: "outbound only",
            sender: "SenderUsername and SenderDomain of the status rows; client: TrafficSource; connector: the resource",
            limits: "logs begin when the diagnostic setting is made; the portal exports 30,000 rows (a warning says so); \
                     give send and status rows of the same time; --relay-host means the name of the resource",
            export: "Diagnostic settings of the Communication Services resource: 'Email Service Send Mail Logs' and 'Email \
                     Service Delivery Status Update Logs' to a storage account (download the insights-logs-email* \
                     containers) or Log Analytics (run 'union ACSEmailSendMailOperational, \
                     ACSEmailStatusUpdateOperational', then Export > CSV, all columns)",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        Encoding::of(head).map(|_| Likelihood::Certain)
    }

    fn read(
        &self,
        mut inputs: Vec<Input>,
        options: &ReadOptions,
        sink: &mut dyn Sink,
    ) -> Result<(), ReadError> {
        let encodings: Vec<Encoding> = inputs.iter().map(|input| Encoding::of_named(input.head())).collect();
        let delimiters: Vec<Option<u8>> = encodings.iter().map(|encoding| encoding.delimiter()).collect();
        let orders =
            column_orders(&mut inputs, &delimiters, options.date_order, &mut *sink, &csv::time_column)?;
        let mut messages = Messages::default();
        let mut reader = Reader::new(&mut messages, &mut *sink);
        let clocks: Vec<Clock> =
            orders.iter().map(|order| Clock { order: *order, ..Clock::default() }).collect();
        let mut from = 0;
        while let Some(encoding) = encodings.get(from) {
            let alike = encodings[from..].iter().take_while(|other| other.delimiter().is_none());
            let to = from + alike.count().max(1);
            match encoding {
                Encoding::Json => lines::read(&mut inputs[from..to], &clocks[from..to], &mut reader)?,
                Encoding::Csv { delimiter } => {
                    let input = &mut inputs[from];
                    reader.begin_input(input.name());
                    csv::read(input, *delimiter, orders[from], options.log_zone, &mut reader)?;
                }
            }
            from = to;
        }
        reader.warn();
        messages.deliver(&options.relay_hosts, sink);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
