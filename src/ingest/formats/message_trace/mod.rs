//! Exchange Online message traces: historical search (Enhanced and Extended), `Get-MessageTrace` and
//! `Get-MessageTraceV2` through `Export-Csv`, Graph and the reporting web service as JSON.
//!
//! One format for all of them, because they tell of the same messages under the same ids: a run over a
//! historical search and a `Get-MessageTrace` export counts a message that is in both once. What a row says is
//! in `row`; how rows become messages is left to `grouping`.

mod columns;
mod csv;
mod json;
mod relay;
mod row;
mod words;

use self::csv::Survey;
use self::row::{Notation, Reader};
use crate::ingest::delimited::{DateOrder, OrderEvidence, OrderVerdict, RecipientHasher};
use crate::ingest::grouping::Messages;
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
        let notations = notations(&mut inputs, &encodings, options, sink)?;
        let (mut messages, mut pages) = (Messages::default(), json::Pages::default());
        let mut unclear = 0;
        for ((input, encoding), notation) in inputs.iter_mut().zip(encodings).zip(notations) {
            let source = sink.names().add_source(input.name());
            messages.begin_input(source);
            let mut reader = Reader {
                messages: &mut messages,
                sink: &mut *sink,
                hasher: RecipientHasher::default(),
                own_domains: &options.own_domains,
                unclear: 0,
            };
            match encoding {
                Encoding::Json => json::read(input, notation, &mut reader, &mut pages)?,
                Encoding::Csv { delimiter } => csv::read(input, delimiter, notation, &mut reader)?,
            }
            unclear += reader.unclear;
        }
        warn_if_unclear(unclear, sink);
        pages.warn_if_more(sink);
        messages.deliver(sink, |origin, names| relay::is_from(&options.relay_hosts, origin, names));
        Ok(())
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

/// How each input is written. The order of day and month: as the user says; else what its start proves, else its
/// whole date column, else what the other inputs prove; never a guess. The decimal mark: what its sizes prove.
fn notations(
    inputs: &mut [Input],
    encodings: &[Encoding],
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<Vec<Notation>, ReadError> {
    let mut surveys = Vec::new();
    for (input, encoding) in inputs.iter_mut().zip(encodings) {
        surveys.push(match encoding {
            Encoding::Csv { delimiter } => survey(input, *delimiter, options.date_order)?,
            Encoding::Json => Survey::default(),
        });
    }
    let mut all = OrderEvidence::default();
    surveys.iter().for_each(|survey| all.add(&survey.evidence));
    let mut notations = Vec::new();
    for (input, survey) in inputs.iter().zip(&surveys) {
        let order = match (options.date_order, survey.evidence.verdict(), all.verdict()) {
            (Some(order), _, _) => Some(order),
            (None, OrderVerdict::Decided(order), _) => Some(order),
            (None, OrderVerdict::NotNeeded, _) => None,
            (None, OrderVerdict::Open, OrderVerdict::Decided(order)) => {
                sink.warn(format!(
                    "{}: dates are read as {}, as in the other files",
                    input.name(),
                    order.name()
                ));
                Some(order)
            }
            (None, verdict, _) => return Err(undecided(input, survey, verdict)),
        };
        notations.push(Notation { order, mark: survey.marks.decided() });
    }
    Ok(notations)
}

/// What an input shows; the whole of it is read only where its start leaves open what can matter.
fn survey(input: &mut Input, delimiter: u8, stated: Option<DateOrder>) -> Result<Survey, ReadError> {
    let head = Survey::of_head(input, delimiter);
    let is_order_open = stated.is_none() && head.evidence.verdict() == OrderVerdict::Open;
    let is_mark_open = head.has_signs && head.marks.decided().is_none();
    if (is_order_open || is_mark_open) && input.can_reopen() {
        return Ok(Survey::of_all(input, delimiter)?);
    }
    Ok(head)
}

fn undecided(input: &Input, survey: &Survey, verdict: OrderVerdict) -> ReadError {
    let proofs: Vec<&str> = survey.proofs.iter().flatten().map(String::as_str).collect();
    let problem = match verdict {
        OrderVerdict::Mixed => {
            format!("some dates have the day first and some the month: {}", proofs.join(", "))
        }
        _ => format!("its dates can be read with the day or the month first: {}", survey.preview.join(", ")),
    };
    ReadError::Undecided {
        input: input.name().to_owned(),
        problem,
        hint: "say --date-order day-month or --date-order month-day".to_owned(),
    }
}

#[cfg(test)]
mod tests;
