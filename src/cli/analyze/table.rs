//! The report of an analysis for people: figures, groups, traffic, accounting, provenance.

use rust_decimal::Decimal;

use super::Analysis;
use super::rows::Row;
use crate::cli::cost_data;
use crate::ingest::run::Recognition;
use crate::money::{Money, Rounding, round};
use crate::report::{Cell, Row as TableRow, RowKind, Section, Table};
use crate::usage::{Histogram, Measures, SHOWN_REJECTIONS};

/// Inputs that are listed for people.
const SHOWN_INPUTS: usize = 20;
/// The percentiles that are shown.
pub(super) const PERCENTILES: [u8; 3] = [50, 95, 99];

/// All sections in the order in which they are read.
pub(super) fn sections(analysis: &Analysis) -> Vec<Section> {
    let mut sections = vec![Section::Table(figures(analysis))];
    if !analysis.usage.by.is_empty() {
        sections.push(Section::Table(groups(analysis)));
    }
    sections.extend(notes("", rounding_note(analysis).into_iter().collect()));
    if analysis.unfiltered {
        sections.push(Section::Table(traffic(analysis)));
    }
    sections.extend(notes("Remarks", remarks(analysis)));
    sections.push(Section::Table(accounting(analysis)));
    sections.extend(notes("Rejected", rejections(analysis)));
    sections.extend(notes("Provenance", provenance(analysis)));
    sections
}

fn notes(heading: &str, lines: Vec<String>) -> Option<Section> {
    (!lines.is_empty()).then(|| Section::Notes { heading: heading.to_owned(), lines })
}

fn table(title: &str, columns: &[&str], rows: Vec<TableRow>) -> Table {
    Table { title: title.to_owned(), columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
}

fn body(cells: Vec<Cell>) -> TableRow {
    TableRow { kind: RowKind::Body, cells }
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn count(count: u64) -> Cell {
    Cell::Count(count.into())
}

fn size(size: Option<u64>) -> Cell {
    size.map_or(Cell::Empty, |size| Cell::Bytes(size.into()))
}

/// Recipients of one message, to two decimals.
pub(super) fn per_message(measures: &Measures) -> Option<Decimal> {
    let totals = measures.attempted;
    let ratio = Decimal::from(totals.recipients).checked_div(Decimal::from(totals.messages))?;
    let mut shown = round(ratio, 2, Rounding::HalfUp);
    shown.rescale(2);
    Some(shown)
}

/// The mean of the sizes that the source has, in whole bytes.
pub(super) fn mean_size(measures: &Measures) -> Option<u64> {
    let (messages, bytes) = measures.measured();
    let bytes = Decimal::try_from_i128_with_scale(i128::try_from(bytes).ok()?, 0).ok()?;
    let mean = bytes.checked_div(Decimal::from(messages))?;
    u64::try_from(round(mean, 0, Rounding::HalfUp)).ok()
}

/// The figures of the whole run; delivered mail beside them where it differs.
fn figures(analysis: &Analysis) -> Table {
    let total = &analysis.usage.total;
    let (all, delivered) = (total.attempted, total.delivered);
    let sizes = &analysis.usage.sizes;
    let mut lines = vec![
        ("Messages", count(all.messages), count(delivered.messages)),
        ("Recipients", count(all.recipients), count(delivered.recipients)),
        ("Recipients per message", per_message(total).map_or(Cell::Empty, Cell::Number), Cell::Empty),
        ("Bytes", Cell::Bytes(all.bytes), Cell::Bytes(delivered.bytes)),
        ("Recipient bytes", Cell::Bytes(all.recipient_bytes), Cell::Bytes(delivered.recipient_bytes)),
        ("Mean size", size(mean_size(total)), Cell::Empty),
    ];
    let names = ["Size of 50% up to", "Size of 95% up to", "Size of 99% up to"];
    for (name, percent) in names.into_iter().zip(PERCENTILES) {
        lines.push((name, size(sizes.percentile(percent)), Cell::Empty));
    }
    lines.push(("Largest size", size(sizes.largest()), Cell::Empty));
    if total.recipients_upper > all.recipients {
        lines.push(("Recipients at most", count(total.recipients_upper), Cell::Empty));
    }
    if let Some((first, last)) = analysis.usage.period {
        lines.push(("First", text(first.to_string()), Cell::Empty));
        lines.push(("Last", text(last.to_string()), Cell::Empty));
    }
    lines.push(("Cost", Cell::Money(analysis.cost.total), Cell::Money(analysis.delivered_cost.total)));
    let two = analysis.knows_delivery() && all != delivered;
    let columns: &[&str] =
        if two { &["Figure", "Attempted", "Delivered only"] } else { &["Figure", "Value"] };
    let row = |(name, all, delivered): (&str, Cell, Cell)| {
        let mut cells = vec![text(name), all];
        cells.extend(two.then_some(delivered));
        body(cells)
    };
    table("Usage", columns, lines.into_iter().map(row).collect())
}

/// The table by group with its total.
fn groups(analysis: &Analysis) -> Table {
    let by: Vec<&str> = analysis.usage.by.iter().map(|dimension| dimension.name()).collect();
    let measures = [
        "Messages",
        "Recipients",
        "Recipients/message",
        "Bytes",
        "Recipient bytes",
        "Mean size",
        "50% up to",
        "95% up to",
        "99% up to",
        "Largest",
        "Cost",
    ];
    let headers: Vec<String> = by.iter().map(|name| header(name)).collect();
    let columns: Vec<&str> = headers.iter().map(String::as_str).chain(measures).collect();
    let mut rows: Vec<TableRow> = analysis.rows.iter().map(|row| body(group_cells(row))).collect();
    let labels = (0..by.len()).map(|place| if place == 0 { text("Total") } else { Cell::Empty });
    let total = measure_cells(&analysis.usage.total, &analysis.usage.sizes, analysis.cost.total);
    rows.push(TableRow { kind: RowKind::Total, cells: labels.chain(total).collect() });
    table(&format!("By {}", by.join(", ")), &columns, rows)
}

/// A dimension's word as the head of a column: `Sender domain`.
fn header(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect::<String>().replace('-', " ")
}

fn group_cells(row: &Row) -> Vec<Cell> {
    let labels = row.group.labels.iter().map(text);
    labels.chain(measure_cells(&row.group.measures, &row.group.sizes, row.cost)).collect()
}

fn measure_cells(measures: &Measures, sizes: &Histogram, cost: Money) -> Vec<Cell> {
    let totals = measures.attempted;
    let mut cells = vec![
        count(totals.messages),
        count(totals.recipients),
        per_message(measures).map_or(Cell::Empty, Cell::Number),
        Cell::Bytes(totals.bytes),
        Cell::Bytes(totals.recipient_bytes),
        size(mean_size(measures)),
    ];
    cells.extend(PERCENTILES.map(|percent| size(sizes.percentile(percent))));
    cells.extend([size(sizes.largest()), Cell::Money(cost)]);
    cells
}

/// Where rounding each row shows another sum than the rounded total. A note and no row, because programs read
/// exact rows, which add up.
fn rounding_note(analysis: &Analysis) -> Option<String> {
    let zero = Money::zero(analysis.cost.total.currency());
    let rounded = analysis.rows.iter().try_fold(zero, |sum, row| sum.checked_add(row.cost.rounded())).ok()?;
    let difference = analysis.cost.total.rounded().checked_sub(rounded).ok()?;
    (!analysis.rows.is_empty() && difference != zero).then(|| {
        format!("Rounding: {difference} between the rounded rows ({rounded}) and the total, which is exact before it is rounded.")
    })
}

/// What kinds of traffic an unfiltered total is made of.
fn traffic(analysis: &Analysis) -> Table {
    let row = |(kind, measures): (&crate::usage::Traffic, &Measures)| {
        let totals = measures.attempted;
        body(vec![
            text(kind.name()),
            count(totals.messages),
            count(totals.recipients),
            Cell::Bytes(totals.bytes),
            Cell::Bytes(totals.recipient_bytes),
        ])
    };
    let columns = ["Traffic", "Messages", "Recipients", "Bytes", "Recipient bytes"];
    table("Traffic in the unfiltered total", &columns, analysis.usage.traffic.iter().map(row).collect())
}

/// What the user should know to judge the figures.
fn remarks(analysis: &Analysis) -> Vec<String> {
    let usage = &analysis.usage;
    let (total, qualities) = (&usage.total, &usage.qualities);
    let mut lines = Vec::new();
    if total.imputed.messages > 0 {
        lines.push(format!(
            "{} messages to {} recipients have no size in the input: {} recipient bytes are imputed.",
            total.imputed.messages, total.imputed.recipients, total.imputed.recipient_bytes
        ));
    }
    if !analysis.knows_delivery() && total.attempted.recipients > 0 {
        lines.push("The input does not tell what was delivered.".to_owned());
    } else if total.unknown_recipients > 0 {
        lines.push(format!(
            "Of {} recipients the input does not tell what became: they are not in 'delivered only'.",
            total.unknown_recipients
        ));
    }
    let counts = [
        (qualities.size_declared, "sizes are as the client declared them, not measured"),
        (qualities.zone_assumed, "times are in an assumed zone (--log-timezone changes it)"),
        (qualities.year_inferred, "times have a year inferred from the age of the file (--year changes it)"),
        (qualities.date_only, "times are days without an hour"),
    ];
    let remarks = counts.into_iter().filter(|(count, _)| *count > 0);
    lines.extend(remarks.map(|(count, what)| format!("{count} {what}.")));
    if !usage.group_percentiles {
        lines.push(
            "There are too many groups to keep the sizes of each: percentiles are of the whole run.".into(),
        );
    }
    lines
}

/// What became of every record.
fn accounting(analysis: &Analysis) -> Table {
    let accounting = &analysis.usage.accounting;
    let mut rows = vec![body(vec![
        text("used"),
        count(accounting.used),
        count(analysis.usage.total.attempted.messages),
    ])];
    for (reason, records) in &accounting.skipped {
        let messages = accounting.skipped_messages.get(reason).copied().map_or(Cell::Empty, count);
        rows.push(body(vec![text(format!("skipped: {}", reason.name())), count(*records), messages]));
    }
    rows.push(body(vec![text("rejected"), count(accounting.rejected), Cell::Empty]));
    let all = vec![text("read"), count(accounting.records), Cell::Empty];
    rows.push(TableRow { kind: RowKind::Total, cells: all });
    table("Accounting", &["Became", "Records", "Messages"], rows)
}

fn rejections(analysis: &Analysis) -> Vec<String> {
    let accounting = &analysis.usage.accounting;
    let mut lines: Vec<String> = accounting.rejections.iter().map(ToString::to_string).collect();
    let more = accounting.rejected.saturating_sub(lines.len() as u64);
    if more > 0 && lines.len() >= SHOWN_REJECTIONS {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What the figures rest on.
fn provenance(analysis: &Analysis) -> Vec<String> {
    let mut lines = vec![format!("relaymeter {}.", env!("CARGO_PKG_VERSION"))];
    for estimate in analysis.cost.estimates() {
        for note in cost_data::provenance_notes(estimate, analysis.on.shown().is_some()) {
            if !lines.contains(&note) {
                lines.push(note);
            }
        }
    }
    lines.extend(analysis.in_force.iter().map(|one| format!("{}: {} ({}).", one.name, one.value, one.from)));
    let inputs = &analysis.ingested.inputs;
    for input in inputs.iter().take(SHOWN_INPUTS) {
        let digest = &input.digest;
        lines.push(format!(
            "{}: {}, {} bytes, SHA-256 {}.",
            input.name,
            recognition_name(&input.recognition),
            digest.bytes,
            digest.sha256
        ));
    }
    if inputs.len() > SHOWN_INPUTS {
        lines.push(format!("and {} more inputs (--format json lists all).", inputs.len() - SHOWN_INPUTS));
    }
    lines
}

/// What an input was read as: a format's name, or why it was not read.
pub(super) fn recognition_name(recognition: &Recognition) -> &str {
    match recognition {
        Recognition::Read(format) => format,
        Recognition::Empty => "(empty)",
        Recognition::Unrecognised(_) => "(not recognised)",
        Recognition::Unreadable(_) => "(unreadable)",
    }
}
