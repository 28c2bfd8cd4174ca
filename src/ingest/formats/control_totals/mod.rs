//! Counts that providers keep of their own, to compare usage with: the SMTP AUTH clients report and the reports on
//! outbound messages of the Exchange admin center, and the metrics that Azure Monitor keeps of Communication Services
//! Email.
//!
//! None of them has sizes, and most have no recipients, so they are no usage and never become any. Sender addresses
//! are read only to tell rows apart.

mod columns;
mod csv;
mod json;
mod metric;
mod tally;

use self::tally::Tally;
use crate::ingest::delimited::column_orders;
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format.
#[derive(Debug)]
pub(super) struct ControlTotals;

/// The delimiter of a table, or none for JSON; `None` where the head is no report.
fn encoding(head: &[u8]) -> Option<Option<u8>> {
    if json::is_metrics(head) {
        return Some(None);
    }
    csv::delimiter(head).map(Some)
}

/// The same for an input that the user named to be a report.
fn encoding_of_named(head: &[u8]) -> Option<u8> {
    let starts_json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    encoding(head).unwrap_or(if starts_json { None } else { Some(b',') })
}

impl LogFormat for ControlTotals {
    fn name(&self) -> &'static str {
        "control-totals"
    }

    fn about(&self) -> About {
        About {
            title: "Reports to compare with: SMTP AUTH clients, outbound messages (Exchange), email metrics (Azure \
                    Monitor)",
            size: "none",
            recipients: "none in reports of Exchange; metrics: recipients by final status",
            direction: "outbound rows of the messages report; inbound ones are skipped",
            sender: "not kept",
            limits: "never usage: shown beside what logs, traces or exports in the same run count; the SMTP AUTH clients \
                     report has no days; English headers",
            export: "Exchange admin center > Reports > Mail flow > 'SMTP AUTH clients' or 'Outbound messages' > Export; \
                     az monitor metrics list --resource ID --metric ApiRequests DeliveryStatusUpdate --aggregation Count \
                     --interval P1D --start-time ... --end-time ... --filter \"Operation eq '*'\" (MessageStatus for \
                     the second) --output json",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        encoding(head).map(|_| Likelihood::Certain)
    }

    fn read(
        &self,
        mut inputs: Vec<Input>,
        options: &ReadOptions,
        sink: &mut dyn Sink,
    ) -> Result<(), ReadError> {
        let delimiters: Vec<Option<u8>> =
            inputs.iter().map(|input| encoding_of_named(input.head())).collect();
        let orders =
            column_orders(&mut inputs, &delimiters, options.date_order, &mut *sink, &csv::time_column)?;
        let mut tally = Tally::default();
        for ((input, delimiter), order) in inputs.iter_mut().zip(delimiters).zip(orders) {
            let source = sink.names().add_source(input.name());
            match delimiter {
                None => json::read(input, source, &mut tally, sink)?,
                Some(delimiter) => csv::read(input, delimiter, order, source, &mut tally, sink)?,
            }
        }
        tally.deliver(sink);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
