//! What comes as JSON: the manifest of an export, and answers of the Cost Management query API.

use std::io::Read as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::columns::{Column, Layout};
use super::ledger::{Kind, Ledger, Place};
use super::row::{Cells, Notation, RowView};
use crate::ingest::{Input, Sink, SourceError, rejection};
use crate::usage::Skip;

/// Bytes of a manifest or an answer, which has 5,000 rows at most.
const DOCUMENT_CAP: u64 = 64 * 1024 * 1024;

/// Either of them.
#[derive(Debug, Deserialize)]
struct Document<'a> {
    #[serde(rename = "exportConfig")]
    export: Option<ExportConfig>,
    #[serde(rename = "runInfo", default)]
    run: RunInfo,
    #[serde(default)]
    blobs: Vec<Blob>,
    #[serde(borrow)]
    properties: Option<Answer<'a>>,
    #[serde(default)]
    columns: Vec<AnswerColumn>,
    #[serde(borrow, default)]
    rows: Vec<Vec<&'a RawValue>>,
    #[serde(rename = "nextLink", default)]
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ExportConfig {
    #[serde(rename = "exportName", default)]
    name: String,
    #[serde(rename = "resourceId", default)]
    resource: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
struct RunInfo {
    #[serde(rename = "submittedTime", default)]
    submitted: String,
    #[serde(rename = "runId", default)]
    id: String,
    #[serde(rename = "startDate", default)]
    start: String,
}

/// A file of an export.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(super) struct Blob {
    /// Its path in the storage container.
    #[serde(rename = "blobName", default)]
    pub(super) name: String,
    /// Its rows, where the manifest states them.
    #[serde(rename = "dataRowCount")]
    pub(super) rows: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    columns: Vec<AnswerColumn>,
    #[serde(borrow, default)]
    rows: Vec<Vec<&'a RawValue>>,
    #[serde(rename = "nextLink", default)]
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AnswerColumn {
    name: String,
}

/// What an export's manifest says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Manifest {
    /// The input that it is.
    pub(super) input: String,
    /// The export, the kind of its data and the first day of its period: a newer run of the same replaces older
    /// ones.
    pub(super) subject: (String, String, String),
    /// The run.
    pub(super) run: String,
    /// When it was asked for, as text that sorts by time.
    pub(super) submitted: String,
    /// The kind; `None` for one that holds no costs, such as price sheets.
    pub(super) kind: Option<Kind>,
    /// Its files.
    pub(super) blobs: Vec<Blob>,
}

/// Whether a head is JSON at all.
pub(super) fn is_json(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"{")
}

/// Whether a head is of a manifest or of a query's answer.
pub(super) fn is_of_cost_management(head: &[u8]) -> bool {
    let has = |words: &[u8]| memchr::memmem::find(head, words).is_some();
    let is_answer = has(b"\"columns\"")
        && (super::row::contains(head, b"microsoft.costmanagement/query") || has(b"\"PreTaxCost\""));
    is_json(head) && (has(b"\"exportConfig\"") || is_answer)
}

/// The whole text of an input.
pub(super) fn text(input: &mut Input, sink: &mut dyn Sink) -> Result<Option<String>, SourceError> {
    let mut bytes = Vec::new();
    let read = input.open()?.take(DOCUMENT_CAP + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        sink.damage(input.name(), 1, error.to_string());
        return Ok(None);
    }
    if bytes.len() as u64 > DOCUMENT_CAP {
        sink.damage(input.name(), 1, format!("the document is longer than {} MiB", DOCUMENT_CAP >> 20));
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn document(text: &str) -> Result<Document<'_>, String> {
    // The library's message may quote the text.
    serde_json::from_str(text).map_err(|error| {
        format!(
            "the JSON breaks off or is of another shape at line {}, column {}",
            error.line(),
            error.column()
        )
    })
}

/// The manifest that a text is; `None` where it is none.
pub(super) fn manifest(input: &str, text: &str) -> Option<Manifest> {
    let Document { export: Some(export), run, blobs, .. } = document(text).ok()? else { return None };
    let kind = match export.kind.to_lowercase().as_str() {
        "actualcost" | "" => Some(Kind::Actual),
        "amortizedcost" => Some(Kind::Amortized),
        "usage" => Some(Kind::Usage),
        "focuscost" => Some(Kind::Focus),
        _ => None,
    };
    let name = if export.resource.is_empty() { export.name } else { export.resource };
    Some(Manifest {
        input: input.to_owned(),
        subject: (name.to_lowercase(), export.kind.to_lowercase(), run.start),
        run: if run.id.is_empty() { input.to_owned() } else { run.id },
        submitted: run.submitted,
        kind,
        blobs,
    })
}

/// The cells of an answer's row.
struct AnswerRow(Vec<Vec<u8>>);

impl Cells for AnswerRow {
    fn at(&self, place: usize) -> &[u8] {
        self.0.get(place).map_or(&[], Vec::as_slice)
    }
}

impl AnswerRow {
    fn of(row: &[&RawValue]) -> AnswerRow {
        let cell = |value: &&RawValue| match value.get() {
            "null" => Vec::new(),
            number if !number.starts_with('"') => number.as_bytes().to_vec(),
            quoted => serde_json::from_str::<String>(quoted).unwrap_or_default().into_bytes(),
        };
        AnswerRow(row.iter().map(cell).collect())
    }
}

/// Reads a query's answer; each of its rows is a record.
pub(super) fn read_answer(input: &Input, text: &str, set: u32, ledger: &mut Ledger, sink: &mut dyn Sink) {
    let document = match document(text) {
        Ok(document) => document,
        Err(reason) => {
            sink.records(1);
            return sink.reject(rejection(input, 1, reason));
        }
    };
    let bare = Answer { columns: document.columns, rows: document.rows, next: document.next };
    let answer = document.properties.unwrap_or(bare);
    let layout = Layout::of_any(answer.columns.iter().map(|column| column.name.as_bytes()));
    let source = sink.names().add_source(input.name());
    let place = Place { set, kind: Kind::Query, source, line: 1 };
    sink.records(answer.rows.len() as u64);
    for row in &answer.rows {
        match take(&AnswerRow::of(row), &layout, place, ledger) {
            Ok(true) => {}
            Ok(false) => sink.skip(Skip::OtherService, 1),
            Err(reason) => sink.reject(rejection(input, 1, reason)),
        }
    }
    if answer.next.is_some_and(|next| !next.is_empty()) {
        sink.warn(format!(
            "{}: more pages follow ('nextLink'): fetch them too, up to the one without a link",
            input.name()
        ));
    }
}

fn take(row: &AnswerRow, layout: &Layout, place: Place, ledger: &mut Ledger) -> Result<bool, String> {
    let tells_service =
        [Column::Meter, Column::Category, Column::Service, Column::ServiceName, Column::ResourceType];
    if tells_service.iter().all(|column| layout.at(*column).is_none()) {
        return Err(
            "the query's answer has no column that tells the service: group by Meter, UnitOfMeasure and \
                    ResourceId, daily, with PreTaxCost and UsageQuantity"
                .to_owned(),
        );
    }
    let view = RowView::new(layout, row);
    let Some(metered) = view.service() else { return Ok(false) };
    let charge = view.charge(metered, &Notation::default(), place, ledger)?;
    ledger.charges.push(charge);
    Ok(true)
}
