//! The tables that are known: which report a header is of, and where its columns stand.

use super::metric::{Metric, Series};
use crate::ingest::delimited::{Row, name_of};

/// A column that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Sender,
    Tls,
    TlsVersion,
    Messages,
    Date,
    Direction,
    Connector,
    Metric,
    Operation,
    StatusCode,
    MessageStatus,
    Count,
    Total,
    Resource,
}

const COLUMNS: usize = 14;

/// Names as [`name_of`] writes them. Exchange admin center: 'SMTP AUTH clients report', then the details of 'Inbound
/// messages' and 'Outbound messages'. Azure Monitor: `az monitor metrics list --output table`, the table `AzureMetrics`.
const NAMES: [(&str, Column); 40] = [
    ("senderaddress", Column::Sender),
    ("sender", Column::Sender),
    ("useraddress", Column::Sender),
    ("notls", Column::Tls),
    ("tls10", Column::Tls),
    ("tls11", Column::Tls),
    ("tls12", Column::Tls),
    ("tls13", Column::Tls),
    ("forcedtls", Column::Tls),
    ("tlsversion", Column::TlsVersion),
    ("tls", Column::TlsVersion),
    ("messagessent", Column::Messages),
    ("messagesent", Column::Messages),
    ("sentmessages", Column::Messages),
    ("messagecount", Column::Messages),
    ("messages", Column::Messages),
    ("volume", Column::Messages),
    ("messagevolume", Column::Messages),
    ("date", Column::Date),
    ("time", Column::Date),
    ("timestamp", Column::Date),
    ("timegenerated", Column::Date),
    ("connectordirectionandname", Column::Direction),
    ("connectordirection", Column::Direction),
    ("direction", Column::Direction),
    ("connectorname", Column::Connector),
    ("connector", Column::Connector),
    ("connectortype", Column::Connector),
    ("name", Column::Metric),
    ("metric", Column::Metric),
    ("metricname", Column::Metric),
    ("operation", Column::Operation),
    ("statuscodeclass", Column::StatusCode),
    ("statuscode", Column::StatusCode),
    ("messagestatus", Column::MessageStatus),
    ("count", Column::Count),
    ("total", Column::Total),
    ("value", Column::Total),
    ("resourceid", Column::Resource),
    ("resource", Column::Resource),
];

/// Which report a table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Report {
    /// Messages by sender that signed in to submit.
    SmtpAuth,
    /// Messages by day, connector and direction.
    Connectors,
    /// A metric in each row.
    Metrics,
    /// A metric in each column.
    MetricColumns,
}

/// A header row.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// Which report it is.
    pub(super) report: Report,
    at: [Option<u32>; COLUMNS],
    /// Columns that are a metric by themselves.
    pub(super) metrics: Vec<Series>,
    /// Cells of the header row.
    pub(super) width: usize,
    /// Whether two columns can hold the number of messages, which then no one can know.
    pub(super) is_ambiguous: bool,
}

impl Header {
    /// Reads a record as a header row; `None` where it is none of these reports.
    pub(super) fn of(row: &Row<'_>) -> Option<Header> {
        let (mut at, mut metrics, mut number_columns) = ([None; COLUMNS], Vec::new(), 0);
        for (place, cell) in (0..).zip(row.cells()) {
            // A zone may stand behind the name of a time: `TimeGenerated [UTC]`.
            let name = name_of(cell.split(|byte| *byte == b'[').next().unwrap_or_default());
            if let Some((_, column)) = NAMES.iter().find(|(known, _)| *known == name) {
                number_columns += u32::from(*column == Column::Messages);
                at[*column as usize].get_or_insert(place);
            } else if let Some(metric) = Metric::of(cell) {
                metrics.push(Series::of(place as usize, metric, cell));
            }
        }
        let report = report_of(|column| at[column as usize].is_some(), !metrics.is_empty())?;
        Some(Header { report, at, metrics, width: row.len(), is_ambiguous: number_columns > 1 })
    }

    /// The cell number of a column.
    pub(super) fn at(&self, column: Column) -> Option<usize> {
        self.at[column as usize].map(|at| at as usize)
    }

    /// The cell of a column; empty where there is none.
    pub(super) fn cell<'a>(&self, row: &Row<'a>, column: Column) -> &'a [u8] {
        self.at(column).map_or(b"", |at| row.cell(at))
    }
}

/// The report by columns that occur together nowhere else.
fn report_of(has: impl Fn(Column) -> bool, has_metrics: bool) -> Option<Report> {
    let has_tls = has(Column::Tls) || has(Column::TlsVersion);
    let is_connectors = has(Column::Direction) || has(Column::Connector);
    if has(Column::Sender) && has_tls && has(Column::Messages) {
        Some(Report::SmtpAuth)
    } else if has(Column::Date) && is_connectors && has_tls && has(Column::Messages) {
        Some(Report::Connectors)
    } else if has(Column::Date) && has(Column::Metric) && (has(Column::Count) || has(Column::Total)) {
        Some(Report::Metrics)
    } else {
        (has(Column::Date) && has_metrics).then_some(Report::MetricColumns)
    }
}
