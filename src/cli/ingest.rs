//! `relaymeter ingest`: adds logs and exports to a ledger, once each however often they are given.
//!
//! Reading is that of `analyze`; what is kept, and what is there already, is left to `ledger`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::cost_data::{self, notes};
use super::read_args::ReadArgs;
use super::{Context, Outcome, records};
use crate::ingest::run::Ingested;
use crate::ledger::{Batch, Changes, Kind, Outcome as Added, Volume, Writer};
use crate::report::{Cell, Report, Row, RowKind, Section, Table};
use crate::usage::{Accounting, Damage};

/// The layout of the data; counted up when a reader would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Add logs and exports to a ledger, the durable history behind reports: what is there already adds nothing
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Logs and exports: files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folder of the ledger; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    ledger: PathBuf,
    /// Replace local parts of senders by pseudonyms that only this ledger can tell apart
    #[arg(long)]
    pseudonymise: bool,
    /// Let inputs without any message pass
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    read: ReadArgs,
}

/// What was read, beside the messages.
struct ReadRecords {
    accounting: Accounting,
    damages: Vec<Damage>,
    warnings: Vec<String>,
    ingested: Ingested,
}

/// Reads and adds.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    let reading = args.read.resolve(context.settings()?)?.with_digests(true);
    let found = args.read.discover(&args.paths, context.results())?;
    let writer = Writer::open(&args.ledger)?;
    let mut batch = Batch::new(&writer, reading.options(), args.pseudonymise)?;
    let ingested = reading.read(found, &mut batch)?;
    let mut read = ReadRecords {
        accounting: batch.accounting().clone(),
        damages: batch.damages().to_vec(),
        warnings: batch.warnings().to_vec(),
        ingested,
    };
    if batch.control_totals() > 0 {
        read.warnings.push(format!(
            "control totals are to compare with and are not kept in a ledger: {}",
            batch.control_totals()
        ));
    }
    let is_empty = batch.is_empty();
    if is_empty && !args.allow_empty {
        anyhow::bail!(nothing(&read));
    }
    let (_, added) = batch.commit(writer, &read.ingested)?;
    read.warnings.extend(records::unread_warnings(&read.damages, &read.ingested));
    let exit = records::exit(&read.accounting, &read.damages, &read.ingested);
    let warnings = read.warnings.clone();
    Ok(Outcome { exit, warnings, ..Outcome::report(report(args, &added, &read)) })
}

/// The error of a run that has read nothing to be kept.
fn nothing(read: &ReadRecords) -> String {
    let ReadRecords { accounting, ingested, .. } = read;
    let skipped = accounting.skipped.iter().map(|(reason, count)| format!("{count} {}", reason.name()));
    let skipped = skipped.collect::<Vec<_>>().join(", ");
    let skipped = if skipped.is_empty() { String::new() } else { format!(", skipped: {skipped}") };
    let mut text = format!(
        "no message to add: {} inputs, {} records, {} rejected{skipped}",
        ingested.inputs.len(),
        accounting.records,
        accounting.rejected
    );
    for line in
        records::rejections(accounting).into_iter().chain(records::unread_warnings(&read.damages, ingested))
    {
        text.push('\n');
        text.push_str(&line);
    }
    text.push_str("\nhint: --allow-empty lets this pass; the ledger is as it was");
    text
}

fn report(args: &Args, added: &Added, read: &ReadRecords) -> Report {
    let folder = args.ledger.display();
    let title = match added.batch {
        Some(number) => format!("Batch {number} of the ledger {folder}"),
        None => format!("Nothing new for the ledger {folder}"),
    };
    let mut sections = vec![Section::Table(changes(added))];
    sections.extend(notes("Warnings", read.warnings.clone()));
    let Changes { added: new, completed, already_there } = added.total();
    let messages = new.messages + completed.messages + already_there.messages;
    sections.push(Section::Table(records::accounting(&read.accounting, messages)));
    sections.extend(notes("Rejected", records::rejections(&read.accounting)));
    sections.extend(notes("Provenance", provenance(read)));
    Report { title, sections, data: data(args, added, read).into() }
}

/// What became of what was read, by kind.
fn changes(added: &Added) -> Table {
    let columns = ["", "", "Rows", "Messages", "Recipients"].map(str::to_owned).to_vec();
    let mut rows = Vec::new();
    let mut row = |kind: &str, became: &str, volume: &Volume| {
        if volume.rows > 0 {
            let counts = [volume.rows, volume.messages, volume.recipients].map(|n| Cell::Count(n.into()));
            let texts = [kind, became].map(|text| Cell::Text(text.to_owned()));
            rows.push(Row { kind: RowKind::Body, cells: texts.into_iter().chain(counts).collect() });
        }
    };
    for kind in [Kind::Submissions, Kind::Summaries, Kind::Charges] {
        let Changes { added, completed, already_there } = added.of(kind);
        row(kind.name(), "added", &added);
        row(kind.name(), "completed or replaced", &completed);
        row(kind.name(), "already there", &already_there);
    }
    row("all", "older than what is kept", &added.forgotten);
    let unfinished = Volume { rows: added.unfinished, ..Volume::default() };
    row("messages", "do not count so far", &unfinished);
    Table { title: String::new(), columns, rows }
}

fn provenance(read: &ReadRecords) -> Vec<String> {
    let inputs = read.ingested.inputs.iter().take(records::SHOWN_INPUTS).map(records::input_note);
    let more = read.ingested.inputs.len().saturating_sub(records::SHOWN_INPUTS);
    let more = (more > 0).then(|| format!("and {more} more inputs (--format json lists all)."));
    [cost_data::version_note()].into_iter().chain(inputs).chain(more).collect()
}

fn data(args: &Args, added: &Added, read: &ReadRecords) -> Value {
    let volume = |volume: &Volume| json!({ "rows": volume.rows, "messages": volume.messages, "recipients": volume.recipients });
    let days = added.days.iter().map(|((kind, day), changes)| {
        json!({
            "kind": kind.name(),
            "day": day.to_string(),
            "added": volume(&changes.added),
            "completed": volume(&changes.completed),
            "already_there": volume(&changes.already_there),
        })
    });
    json!({
        "schema_version": SCHEMA_VERSION,
        "ledger": args.ledger.display().to_string(),
        "batch": added.batch,
        "days": days.collect::<Vec<_>>(),
        "unfinished": added.unfinished,
        "forgotten": volume(&added.forgotten),
        "accounting": records::accounting_json(&read.accounting),
        "inputs": records::inputs_json(&read.ingested),
        "damages": records::damages_json(&read.damages),
        "warnings": read.warnings,
    })
}
