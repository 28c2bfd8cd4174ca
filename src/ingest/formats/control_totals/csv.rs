//! Reports as CSV: what the Exchange admin center exports, and metrics of Azure Monitor.

use super::columns::{Column, Header, Report};
use super::metric::{self, Dimensions, Metric};
use super::tally::{Count, Taken, Tally};
use crate::ingest::delimited::{
    DateOrder, DateText, Preamble, Records, Row, delimiters_of, plain_decimal, shown, warn_if_cut,
};
use crate::ingest::grouping::MessageKey;
use crate::ingest::{Input, Sink, SourceError, rejection};
use crate::period::{Timestamp, Zone};
use crate::pricing::Metered;
use crate::usage::names::decode;
use crate::usage::{Skip, SourceId};

/// The delimiter under which the head has the header of a report.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    delimiters_of(head).find(|&delimiter| is_report(head, delimiter))
}

/// Metrics in rows have headers that other tables have too, so that a metric of the service must follow.
fn is_report(head: &[u8], delimiter: u8) -> bool {
    let mut records = Records::of_bytes(head, delimiter);
    for _ in 0..=Preamble::CAP {
        let Ok(Some(row)) = records.next_row() else { return false };
        let Some(header) = Header::of(&row) else { continue };
        if header.report != Report::Metrics {
            return true;
        }
        while let Ok(Some(row)) = records.next_row() {
            if Metric::named(header.cell(&row, Column::Metric)).is_some() {
                return true;
            }
        }
        return false;
    }
    false
}

/// The column of days or times where a row is a header.
pub(super) fn time_column(row: &Row<'_>) -> Option<usize> {
    Header::of(row).map(|header| header.at(Column::Date).unwrap_or(usize::MAX))
}

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    delimiter: u8,
    order: Option<DateOrder>,
    source: SourceId,
    tally: &mut Tally,
    sink: &mut dyn Sink,
) -> Result<(), SourceError> {
    let mut records = Records::new(input.open()?, delimiter);
    let content = MessageKey::of_parts(&[b"report"]);
    let mut sheet = Sheet {
        input,
        order,
        source,
        tally,
        header: None,
        before: Preamble::default(),
        rows: 0,
        undated: Vec::new(),
        content,
    };
    loop {
        match records.next_row() {
            Ok(Some(row)) => sheet.take(&row, sink),
            Ok(None) => break,
            Err(damaged) => {
                sink.damage(input.name(), damaged.line, damaged.what);
                break;
            }
        }
    }
    sheet.end(sink);
    Ok(())
}

/// One report.
struct Sheet<'a> {
    input: &'a Input,
    order: Option<DateOrder>,
    source: SourceId,
    tally: &'a mut Tally,
    header: Option<Header>,
    before: Preamble,
    rows: u64,
    /// Rows without days, until it is known whether the same file was already read.
    undated: Vec<Count>,
    content: MessageKey,
}

impl Sheet<'_> {
    fn take(&mut self, row: &Row<'_>, sink: &mut dyn Sink) {
        sink.records(1);
        let Some(header) = self.header.take() else { return self.take_before_header(row, sink) };
        let taken = row.complete(header.width).and_then(|()| self.take_row(&header, row));
        self.header = Some(header);
        self.rows += 1;
        match taken {
            Ok(Taken::Kept) => {}
            Ok(Taken::Skipped(reason)) => sink.skip(reason, 1),
            Err(_) if Header::of(row).is_some() => {
                self.rows -= 1;
                self.header = Header::of(row);
                sink.skip(Skip::Header, 1);
            }
            Err(reason) => sink.reject(rejection(self.input, row.line, reason)),
        }
    }

    fn take_before_header(&mut self, row: &Row<'_>, sink: &mut dyn Sink) {
        self.header = Header::of(row);
        if self.header.is_some() {
            self.judge_before_header(sink);
            return sink.skip(Skip::Header, 1);
        }
        if self.before.keep(row) {
            return;
        }
        let reason =
            "a row without a header: expected columns such as 'Sender address', 'TLS 1.2', 'Messages sent'";
        sink.reject(rejection(self.input, row.line, reason));
    }

    fn take_row(&mut self, header: &Header, row: &Row<'_>) -> Result<Taken, String> {
        if header.is_ambiguous && matches!(header.report, Report::SmtpAuth | Report::Connectors) {
            return Err(
                "two columns can hold the number of messages: leave only one of them in the file".to_owned()
            );
        }
        match header.report {
            Report::SmtpAuth => self.take_smtp_auth(header, row),
            Report::Connectors => self.take_connector(header, row),
            Report::Metrics => self.take_metric(header, row),
            Report::MetricColumns => self.take_metric_columns(header, row),
        }
    }

    /// Senders are not kept: they only tell rows apart.
    fn take_smtp_auth(&mut self, header: &Header, row: &Row<'_>) -> Result<Taken, String> {
        let sender = header.cell(row, Column::Sender);
        let messages = messages(header.cell(row, Column::Messages))?;
        let date = match header.cell(row, Column::Date) {
            b"" => None,
            cell => Some(self.time(cell)?.date()),
        };
        let count = Count {
            report: "SMTP AUTH clients report",
            what: "messages sent".to_owned(),
            metered: Some(Metered::Messages),
            also: None,
            quantity: messages.into(),
            date,
            line: row.line,
            records: 1,
        };
        if date.is_some() {
            let key = MessageKey::of_parts(&[b"smtp-auth", header.cell(row, Column::Date), sender]);
            return Ok(Taken::if_new(self.tally.add_dated(key, count, self.source)));
        }
        let so_far = self.content.bits().to_be_bytes();
        self.content = MessageKey::of_parts(&[&so_far, sender, &messages.to_be_bytes()]);
        self.undated.push(count);
        Ok(Taken::Kept)
    }

    /// Inbound mail is shown by the same report and is none of an application's.
    fn take_connector(&mut self, header: &Header, row: &Row<'_>) -> Result<Taken, String> {
        let [direction, connector] =
            [Column::Direction, Column::Connector].map(|column| header.cell(row, column));
        match direction_of(direction).or_else(|| direction_of(connector)) {
            Some(Direction::Outbound) => {}
            Some(Direction::Inbound) => return Ok(Taken::Skipped(Skip::NotUsage)),
            None => {
                return Err("the direction is not told: expected 'Outbound' or 'Inbound' in a column such as 'Connector \
                            direction and name'"
                    .to_owned());
            }
        }
        let date = header.cell(row, Column::Date);
        let count = Count {
            report: "outbound messages report",
            what: "outbound messages".to_owned(),
            metered: Some(Metered::Messages),
            also: None,
            quantity: messages(header.cell(row, Column::Messages))?.into(),
            date: Some(self.time(date)?.date()),
            line: row.line,
            records: 1,
        };
        let tls = header.cell(row, Column::TlsVersion);
        let key = MessageKey::of_parts(&[b"connector", date, direction, connector, tls]);
        Ok(Taken::if_new(self.tally.add_dated(key, count, self.source)))
    }

    fn take_metric(&mut self, header: &Header, row: &Row<'_>) -> Result<Taken, String> {
        let label = header.cell(row, Column::Metric);
        let Some(metric) = Metric::named(label) else { return Ok(Taken::Skipped(Skip::OtherService)) };
        let cell = |column| header.cell(row, column);
        let number = if cell(Column::Count).is_empty() { cell(Column::Total) } else { cell(Column::Count) };
        let dimensions = Dimensions {
            operation: cell(Column::Operation).to_vec(),
            status_code: cell(Column::StatusCode).to_vec(),
            message_status: cell(Column::MessageStatus).to_vec(),
        };
        let time = self.time(cell(Column::Date))?;
        let number = quantity(number)?;
        // All cells but the numbers tell rows apart: there may be dimensions that are not known here.
        let numbers = [header.at(Column::Count), header.at(Column::Total)];
        let others: Vec<&[u8]> = (0..row.len())
            .filter(|at| !numbers.contains(&Some(*at)) && Some(*at) != header.at(Column::Date))
            .map(|at| row.cell(at))
            .collect();
        let seconds = time.seconds().to_be_bytes();
        let key = MessageKey::of_parts(&[&[&b"metric"[..], &seconds], &others[..]].concat());
        match metric::count(metric, &dimensions, number, time.date(), row.line) {
            Ok(count) => Ok(Taken::if_new(self.tally.add_dated(key, count, self.source))),
            Err(reason) => Ok(Taken::Skipped(reason)),
        }
    }

    /// A column for each metric, or for each series of one, whose dimensions stand in its name.
    fn take_metric_columns(&mut self, header: &Header, row: &Row<'_>) -> Result<Taken, String> {
        let written = header.cell(row, Column::Date);
        let time = self.time(written)?;
        let mut taken = Taken::Skipped(Skip::Event);
        for series in &header.metrics {
            let cell = row.cell(series.at);
            if cell.is_empty() {
                continue;
            }
            let (number, seconds) = (quantity(cell)?, time.seconds().to_be_bytes());
            let key = MessageKey::of_parts(&[b"metrics", &seconds, &series.label]);
            if let Ok(count) = metric::count(series.metric, &series.dimensions, number, time.date(), row.line)
            {
                let records = u64::from(taken != Taken::Kept);
                let is_new = self.tally.add_dated(key, Count { records, ..count }, self.source);
                taken = if records == 0 { taken } else { Taken::if_new(is_new) };
            }
        }
        Ok(taken)
    }

    fn time(&self, cell: &[u8]) -> Result<Timestamp, String> {
        let refused = || format!("{} is not a date: expected such as '2026-10-01'", shown(cell));
        let date = DateText::parse(cell).and_then(|date| date.resolve(self.order));
        date.map(|date| date.instant(&Zone::UTC)).ok_or_else(refused)
    }

    fn judge_before_header(&mut self, sink: &mut dyn Sink) {
        self.before.judge(self.header.as_ref().map(|header| header.width), self.input, sink);
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.judge_before_header(sink);
        warn_if_cut(self.input.name(), self.rows, sink);
        let undated = std::mem::take(&mut self.undated);
        let rows = undated.len() as u64;
        if rows > 0 && !self.tally.add_file(self.content, undated, self.source) {
            sink.skip(Skip::Duplicate, rows);
        }
    }
}

/// Which way a connector leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Outbound,
    Inbound,
}

/// The direction that a cell tells; `None` where it tells none, or both.
fn direction_of(cell: &[u8]) -> Option<Direction> {
    let cell = cell.to_ascii_lowercase();
    let has =
        |words: &[&str]| words.iter().any(|word| memchr::memmem::find(&cell, word.as_bytes()).is_some());
    match (has(&["outbound", "outgoing"]), has(&["inbound", "incoming"])) {
        (true, false) => Some(Direction::Outbound),
        (false, true) => Some(Direction::Inbound),
        _ => None,
    }
}

/// A number of messages: whole, so that a sign before three digits separates thousands.
fn messages(cell: &[u8]) -> Result<u64, String> {
    let text = decode(cell);
    let groups: Vec<&str> = text.split([',', '.', ' ', '\'', '’', '\u{a0}', '\u{202f}']).collect();
    let is_group = |group: &&str| group.len() == 3;
    let digits = match groups.get(1..).unwrap_or_default().iter().all(is_group) {
        true => groups.concat().parse().ok(),
        false => plain_decimal(cell)
            .map(|number| number.normalize())
            .and_then(|number| number.to_string().parse().ok()),
    };
    digits.ok_or_else(|| match cell {
        b"" => "the number of messages is missing".to_owned(),
        _ => format!("{} is not a number of messages: expected such as '1532'", shown(cell)),
    })
}

/// A number of a metric; Azure writes counts as doubles.
fn quantity(cell: &[u8]) -> Result<rust_decimal::Decimal, String> {
    let number = if cell.is_empty() || cell.eq_ignore_ascii_case(b"null") { b"0" } else { cell };
    plain_decimal(number)
        .filter(|number| !number.is_sign_negative())
        .ok_or_else(|| format!("{} is not a number: expected such as '12' or '12.0'", shown(cell)))
}
