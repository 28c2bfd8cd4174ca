//! What a ledger holds: by month, by source, by batch and by the zones under which logs were read.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::ledger::manifest::Sums;
use crate::ledger::replay::{Selected, replay};
use crate::ledger::{FileEntry, Kind, Manifest, Store, Wanted};
use crate::period::Month;
use crate::report::{Cell, Report, Row, RowKind, Section, Table};
use crate::units::MessageSize;
use crate::usage::{Collector, CountOptions, Dimension, Filters, Totals};

/// Batches that are listed for people; JSON lists all.
const SHOWN_BATCHES: usize = 12;

/// Sources that are listed for people; JSON lists all.
const SHOWN_SOURCES: usize = 20;

/// The files of a kind and month together.
#[derive(Debug, Default)]
struct Content {
    sums: Sums,
    rows: u64,
    files: u64,
    bytes: u64,
}

impl Content {
    fn add(&mut self, file: &FileEntry) {
        self.sums.add(&file.sums);
        self.rows += file.rows;
        self.files += 1;
        self.bytes += file.bytes;
    }
}

/// What a ledger holds.
pub(super) fn report(folder: &Path) -> anyhow::Result<Report> {
    let store = Store::open(folder)?;
    let manifest = store.manifest();
    let mut months: BTreeMap<(String, &str), Content> = BTreeMap::new();
    for file in manifest.files() {
        let month = file.day.map_or_else(|| "(open)".to_owned(), |day| Month::of_date(day).to_string());
        months.entry((month, file.kind.name())).or_default().add(file);
    }
    let mut sections = vec![Section::Table(by_month(&months))];
    let sources = by_source(&store)?;
    sections.push(Section::Table(source_table(&sources, manifest)));
    sections.push(Section::Table(batches(manifest)));
    if !manifest.zones.is_empty() {
        sections.push(Section::Table(zones(manifest)));
    }
    let data = data(folder, manifest, &months, &sources);
    Ok(Report { title: format!("Ledger {}", folder.display()), sections, data: data.into() })
}

fn by_month(months: &BTreeMap<(String, &str), Content>) -> Table {
    let names = ["Month", "Kind", "Rows", "Messages", "Recipients", "Recipient bytes", "Files", "On disk"];
    let mut total = Content::default();
    let mut rows = Vec::new();
    let cells = |month: &str, kind: &str, content: &Content| {
        let count = |number: u64| Cell::Count(number.into());
        vec![
            Cell::Text(month.to_owned()),
            Cell::Text(kind.to_owned()),
            count(content.rows),
            count(content.sums.messages),
            count(content.sums.recipients),
            Cell::Bytes(content.sums.recipient_bytes.into()),
            count(content.files),
            Cell::Bytes(content.bytes.into()),
        ]
    };
    for ((month, kind), content) in months {
        rows.push(Row { kind: RowKind::Body, cells: cells(month, kind, content) });
        total.rows += content.rows;
        total.files += content.files;
        total.bytes += content.bytes;
        if *kind != Kind::Unfinished.name() {
            total.sums.add(&content.sums);
        }
    }
    rows.push(Row { kind: RowKind::Total, cells: cells("Total", "", &total) });
    Table { title: "By month".to_owned(), columns: names.map(str::to_owned).to_vec(), rows }
}

/// Messages and recipients by the input in which they were first seen, the most first.
fn by_source(store: &Store) -> anyhow::Result<Vec<(String, Totals)>> {
    let filters = Filters { include_null_sender: true, ..Filters::default() };
    // Sizes are not shown, so that none need be known.
    let options = CountOptions {
        filters,
        by: vec![Dimension::Source],
        missing_size: Some(MessageSize::from_bytes(0)),
        ..CountOptions::default()
    };
    let mut collector = Collector::new(options);
    let wanted = Wanted { source: true, ..Wanted::none() };
    replay(store, &Selected { days: None, wanted }, &mut collector)?;
    let groups = collector.finish().0?.groups;
    let mut sources: Vec<(String, Totals)> =
        groups.into_iter().map(|group| (group.labels.concat(), group.measures.attempted)).collect();
    sources.sort_by(|(a, one), (b, other)| other.messages.cmp(&one.messages).then_with(|| a.cmp(b)));
    Ok(sources)
}

fn source_table(sources: &[(String, Totals)], manifest: &Manifest) -> Table {
    let inputs = manifest.batches.iter().flat_map(|batch| &batch.inputs);
    let formats: BTreeMap<&str, &str> =
        inputs.map(|input| (input.name.as_str(), input.format.as_str())).collect();
    let row = |source: &str, format: &str, totals: [u64; 2]| {
        let texts = [source, format].map(|text| Cell::Text(text.to_owned()));
        let counts = totals.map(|number| Cell::Count(number.into()));
        Row { kind: RowKind::Body, cells: texts.into_iter().chain(counts).collect() }
    };
    let shown = sources.iter().take(SHOWN_SOURCES).map(|(source, totals)| {
        row(
            source,
            formats.get(source.as_str()).copied().unwrap_or_default(),
            [totals.messages, totals.recipients],
        )
    });
    let mut rows: Vec<Row> = shown.collect();
    let rest = sources.get(SHOWN_SOURCES..).unwrap_or_default();
    if !rest.is_empty() {
        let sum = |of: fn(&Totals) -> u64| rest.iter().map(|(_, totals)| of(totals)).sum();
        let name = format!("and {} more (--format json lists all)", rest.len());
        rows.push(row(&name, "", [sum(|totals| totals.messages), sum(|totals| totals.recipients)]));
    }
    let names = ["Source", "Format", "Messages", "Recipients"].map(str::to_owned);
    Table { title: "By source".to_owned(), columns: names.to_vec(), rows }
}

fn batches(manifest: &Manifest) -> Table {
    let names = ["Batch", "Inputs", "First input", "Added", "Completed", "Already there"];
    let skipped = manifest.batches.len().saturating_sub(SHOWN_BATCHES);
    let rows = manifest.batches.iter().skip(skipped).map(|batch| {
        let count = |number: u64| Cell::Count(number.into());
        let first = batch.inputs.first().map_or_else(String::new, |input| input.name.clone());
        let cells = vec![
            count(batch.number),
            count(batch.inputs.len() as u64),
            Cell::Text(first),
            count(batch.added),
            count(batch.merged),
            count(batch.already_there),
        ];
        Row { kind: RowKind::Body, cells }
    });
    let title = if skipped > 0 { format!("The last {SHOWN_BATCHES} batches") } else { "Batches".to_owned() };
    Table { title, columns: names.map(str::to_owned).to_vec(), rows: rows.collect() }
}

fn zones(manifest: &Manifest) -> Table {
    let rows = manifest.zones.iter().map(|zone| {
        let cells = [&zone.format, &zone.host, &zone.zone].map(|text| Cell::Text(text.clone()));
        Row { kind: RowKind::Body, cells: cells.to_vec() }
    });
    Table {
        title: "Zones of logs that state none".to_owned(),
        columns: ["Format", "Host", "Zone"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn data(
    folder: &Path,
    manifest: &Manifest,
    months: &BTreeMap<(String, &str), Content>,
    sources: &[(String, Totals)],
) -> Value {
    let sources = sources.iter().map(|(source, totals)| {
        json!({ "source": source, "messages": totals.messages, "recipients": totals.recipients })
    });
    let months = months.iter().map(|((month, kind), content)| {
        json!({
            "month": month,
            "kind": kind,
            "rows": content.rows,
            "messages": content.sums.messages,
            "recipients": content.sums.recipients,
            "recipient_bytes": content.sums.recipient_bytes,
            "billed": content.sums.billed,
            "files": content.files,
            "bytes": content.bytes,
        })
    });
    json!({
        "schema_version": super::SCHEMA_VERSION,
        "ledger": folder.display().to_string(),
        "format_version": manifest.version,
        "months": months.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
        "batches": manifest.batches,
        "zones": manifest.zones,
        "settings": manifest.settings,
        "forgotten": manifest.forgotten,
    })
}
