//! What became of records and inputs, as every command that reads logs tells it: tables, warnings, data and the exit
//! code. What the messages come to is left to the commands.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Exit;
use crate::ingest::run::{Ingested, InputRead, Recognition};
use crate::report::{Cell, Row as TableRow, RowKind, Table};
use crate::usage::{Accounting, Damage, SHOWN_REJECTIONS, Skip, Usage};

/// Inputs that are listed for people.
pub(super) const SHOWN_INPUTS: usize = 20;
/// Inputs that no format claims, which are shown; JSON lists all.
const SHOWN_UNREAD: usize = 5;

/// Whether everything was read.
pub(super) fn exit(accounting: &Accounting, damages: &[Damage], ingested: &Ingested) -> Exit {
    let whole = accounting.rejected == 0 && damages.is_empty();
    if whole && unread(ingested).next().is_none() { Exit::Done } else { Exit::Rejected }
}

/// Inputs that no format claims, with what they look like.
fn unread(ingested: &Ingested) -> impl Iterator<Item = (&str, &str)> {
    ingested.inputs.iter().filter_map(|input| match input.recognition {
        Recognition::Unrecognised(what) => Some((input.name.as_str(), what)),
        _ => None,
    })
}

/// What to say of inputs that were not read, or not to their end.
pub(super) fn unread_warnings(damages: &[Damage], ingested: &Ingested) -> Vec<String> {
    let damages = damages.iter().map(|damage| match damage.line {
        0 => format!("{}: {}", damage.input, damage.what),
        line => format!("{}:{line}: {}; what comes before it counts", damage.input, damage.what),
    });
    let unknown = unread(ingested)
        .take(SHOWN_UNREAD)
        .map(|(input, what)| format!("{input}: not recognised, not read: it looks like {what}"));
    let more = unread(ingested).count().saturating_sub(SHOWN_UNREAD);
    let more = (more > 0).then(|| format!("and {more} more inputs are not recognised and not read"));
    damages.chain(unknown).chain(more).collect()
}

/// What to say where mail other than that of applications can be in the totals.
pub(super) fn unfiltered_warning(usage: &Usage) -> String {
    let kinds = usage.traffic.iter();
    let kinds: Vec<String> =
        kinds.map(|(kind, measures)| format!("{} {}", measures.attempted.messages, kind.name())).collect();
    format!(
        "the total is unfiltered ({} messages): choose application mail with --client, --sender-domain, --connector or \
         --relay-host",
        kinds.join(", ")
    )
}

/// What became of every record.
pub(super) fn accounting(accounting: &Accounting, messages: u64) -> Table {
    let mut rows = vec![body(vec![text("used"), count(accounting.used), count(messages)])];
    for (reason, records) in &accounting.skipped {
        let messages = accounting.skipped_messages.get(reason).copied().map_or(Cell::Empty, count);
        rows.push(body(vec![text(format!("skipped: {}", reason.name())), count(*records), messages]));
    }
    rows.push(body(vec![text("rejected"), count(accounting.rejected), Cell::Empty]));
    let all = vec![text("read"), count(accounting.records), Cell::Empty];
    rows.push(TableRow { kind: RowKind::Total, cells: all });
    let columns = ["Became", "Records", "Messages"].map(str::to_owned).to_vec();
    Table { title: "Accounting".to_owned(), columns, rows }
}

/// The first rejected records, and how many more there are.
pub(super) fn rejections(accounting: &Accounting) -> Vec<String> {
    let mut lines: Vec<String> = accounting.rejections.iter().map(ToString::to_string).collect();
    let more = accounting.rejected.saturating_sub(lines.len() as u64);
    if more > 0 && lines.len() >= SHOWN_REJECTIONS {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What became of every record, as data.
pub(super) fn accounting_json(accounting: &Accounting) -> Value {
    let by_reason = |counts: &BTreeMap<Skip, u64>| -> Map<String, Value> {
        counts.iter().map(|(reason, count)| (reason.name().to_owned(), json!(count))).collect()
    };
    let rejections = accounting.rejections.iter().map(
        |rejection| json!({ "file": rejection.file, "line": rejection.line, "reason": rejection.reason }),
    );
    json!({
        "records": accounting.records,
        "used": accounting.used,
        "skipped": by_reason(&accounting.skipped),
        "skipped_messages": by_reason(&accounting.skipped_messages),
        "rejected": accounting.rejected,
        "rejections": rejections.collect::<Vec<_>>(),
    })
}

/// Every input and what it was read as, as data.
pub(super) fn inputs_json(ingested: &Ingested) -> Vec<Value> {
    let input = ingested.inputs.iter().map(|input| {
        json!({
            "name": input.name,
            "read_as": recognition_name(&input.recognition),
            "file": input.digest.file,
            "bytes": input.digest.bytes,
            "sha256": input.digest.sha256,
        })
    });
    input.collect()
}

/// An input and what it was read as, in a line.
pub(super) fn input_note(input: &InputRead) -> String {
    let (name, read_as) = (&input.name, recognition_name(&input.recognition));
    format!("{name}: {read_as}, {} bytes.", input.digest.bytes)
}

/// The first inputs, one line each, and how many more there are.
pub(super) fn input_notes(ingested: &Ingested) -> Vec<String> {
    let mut lines: Vec<String> = ingested.inputs.iter().take(SHOWN_INPUTS).map(input_note).collect();
    let more = ingested.inputs.len().saturating_sub(SHOWN_INPUTS);
    if more > 0 {
        lines.push(format!("and {more} more inputs (--format json lists all)."));
    }
    lines
}

/// Where inputs ended early, as data.
pub(super) fn damages_json(damages: &[Damage]) -> Vec<Value> {
    let damage = |damage: &Damage| json!({ "input": damage.input, "line": damage.line, "what": damage.what });
    damages.iter().map(damage).collect()
}

/// What an input was read as: a format's name, or why it was not read.
pub(super) fn recognition_name(recognition: &Recognition) -> Cow<'_, str> {
    Cow::Borrowed(match recognition {
        Recognition::Read(format) => format,
        Recognition::Empty => "(empty)",
        Recognition::Unrecognised(_) => "(not recognised)",
        Recognition::Unreadable(_) => "(unreadable)",
        Recognition::OtherSheet => "(other sheet)",
        Recognition::CopyOf(first) => return Cow::Owned(format!("(copy of {first})")),
    })
}

fn count(number: u64) -> Cell {
    Cell::Count(number.into())
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn body(cells: Vec<Cell>) -> TableRow {
    TableRow { kind: RowKind::Body, cells }
}
