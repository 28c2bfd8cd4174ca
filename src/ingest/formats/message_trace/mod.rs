//! Exchange Online message traces: historical search (Enhanced and Extended), `Get-MessageTrace` and
//! `Get-MessageTraceV2` through `Export-Csv`, Graph and the reporting web service as JSON.
//!
//! One format for all of them, because they tell of the same messages under the same ids: a run over a
//! historical search and a `Get-MessageTrace` export counts a message that is in both once. What a row says is
//! in `row`; how rows become messages is left to `grouping`.

mod batch;
mod columns;
mod csv;
mod json;
mod relay;
mod row;
mod survey;
mod values;
mod words;

use self::batch::Merger;
use crate::ingest::grouping::Lanes;
use crate::ingest::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format.
#[derive(Debug)]
pub(super) struct MessageTrace;

/// How one input is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    Json,
    Csv { delimiter: u8 },
}

impl Encoding {
    fn of(head: &[u8]) -> Option<Encoding> {
        if json::is_trace(head) {
            return Some(Encoding::Json);
        }
        csv::delimiter(head).map(|delimiter| Encoding::Csv { delimiter })
    }

    fn delimiter(self) -> Option<u8> {
        match self {
            Encoding::Json => None,
            Encoding::Csv { delimiter } => Some(delimiter),
        }
    }

    /// The encoding of an input that the user named to be a trace.
    fn of_named(head: &[u8]) -> Encoding {
        let starts_json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
        let other = if starts_json { Encoding::Json } else { Encoding::Csv { delimiter: b',' } };
        Encoding::of(head).unwrap_or(other)
    }
}

impl LogFormat for MessageTrace {
    fn name(&self) -> &'static str {
        "message-trace"
    }

    fn about(&self) -> About {
        About {
            title: "Exchange Online message trace: historical search, Get-MessageTrace, Graph (CSV and JSON)",
            size: "total_bytes or Size, of one copy; the largest of a message's rows, or that of its acceptance",
            recipients: "one row each, or recipient_status; a group that was expanded counts once",
            direction: "directionality, else FromIP and ToIP",
            sender: "sender address, client address, connector (historical search)",
            limits: "90 days; exports are cut at 1,000 to 100,000 rows (a warning says so); --relay-host means the host \
                     that handed the mail in, by address, or in a historical search by name or connector",
            export: "Start-HistoricalSearch -ReportType MessageTrace | MessageTraceDetail; Get-MessageTraceV2 | Export-Csv; \
                     Graph /admin/exchange/tracing/messageTraces",
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
        let mut surveys = survey::surveys(&mut inputs, &encodings, options)?;
        let notations = survey::notations(&inputs, &surveys, options, sink)?;
        let (mut messages, mut pages) = (Lanes::new(), json::Pages::default());
        let mut merger = Merger::new(&mut messages, &mut *sink);
        let own_domains = options.own_domains.as_slice();
        let mut from = 0;
        while let Some(encoding) = encodings.get(from) {
            let against = match encoding {
                Encoding::Json => {
                    let (input, notation) = (&mut inputs[from], notations[from]);
                    merger.begin_input(input.name());
                    json::read(input, notation, own_domains, &mut merger, &mut pages)?;
                    0
                }
                Encoding::Csv { .. } => {
                    // Files of rows that stand one after the other are read together.
                    let delimiters = encodings[from..].iter().map_while(|encoding| encoding.delimiter());
                    let files: Vec<_> = delimiters.zip(&notations[from..]).collect();
                    csv::read(&mut inputs[from..from + files.len()], &files, own_domains, &mut merger)?
                }
            };
            if let Some(cell) = merger.against.take() {
                let at = from + against;
                return Err(survey::refused(&inputs[at], &mut surveys[at], cell));
            }
            from += against + 1;
        }
        warn_if_unclear(merger.unclear, merger.sink);
        pages.warn_if_more(merger.sink);
        messages.deliver(sink, |origin, names| relay::is_from(&options.relay_hosts, origin, names))
    }
}

/// Warns of statuses in another language: a group that is not known as such is not told from its members.
fn warn_if_unclear(rows: u64, sink: &mut dyn Sink) {
    if rows > 0 {
        sink.warn(format!(
            "rows with a status that is not understood: {rows}; groups may be counted member by member: export with \
             English culture"
        ));
    }
}

#[cfg(test)]
mod tests;
