//! The report of an analysis for people: figures, groups, traffic, accounting, provenance.

use rust_decimal::Decimal;

use super::rows::Row;
use super::{Analysis, AtListPrices, beside};
use crate::cli::cost_data::{self, notes};
use crate::cli::records;
use crate::money::{Money, Rounding, round};
use crate::pricing::Metered;
use crate::report::{Cell, Row as TableRow, RowKind, Section, Table, counted, grouped};
use crate::usage::{Histogram, Measures};

/// The cost by the list, where there are terms.
const LIST_COST: &str = "List cost";
/// The percentiles that are shown.
pub(super) const PERCENTILES: [u8; 3] = [50, 95, 99];

/// All sections in the order in which they are read.
pub(super) fn sections(analysis: &Analysis) -> Vec<Section> {
    let mut sections = Vec::new();
    if !analysis.is_beside_only() {
        sections.push(Section::Table(figures(analysis)));
    }
    let sums = analysis.cost.sums();
    if !sums.charges.is_empty() {
        sections.push(Section::Table(cost_data::charges_table("Cost", sums)));
        sections.extend(notes("", cost_data::charge_rounding_notes(sums)));
    }
    if !analysis.usage.by.is_empty() {
        sections.push(Section::Table(groups(analysis)));
    }
    sections.extend(notes("", rounding_notes(analysis)));
    sections.extend(beside::sections(&analysis.usage));
    if analysis.unfiltered {
        sections.push(Section::Table(traffic(analysis)));
    }
    sections.extend(notes("Warnings", analysis.warnings.clone()));
    sections.extend(notes("Remarks", remarks(analysis)));
    let accounting = &analysis.usage.accounting;
    sections.push(Section::Table(records::accounting(accounting, analysis.usage.total.attempted.messages)));
    sections.extend(notes("Rejected", records::rejections(accounting)));
    sections.extend(notes("Provenance", provenance(analysis)));
    sections
}

pub(super) fn table(title: &str, columns: &[&str], rows: Vec<TableRow>) -> Table {
    Table { title: title.to_owned(), columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
}

pub(super) fn body(cells: Vec<Cell>) -> TableRow {
    TableRow { kind: RowKind::Body, cells }
}

pub(super) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn count(count: u64) -> Cell {
    Cell::Count(count.into())
}

fn size(size: Option<u64>) -> Cell {
    size.map_or(Cell::Empty, |size| Cell::Bytes(size.into()))
}

/// Recipients of one message.
pub(super) fn per_message(measures: &Measures) -> Option<Decimal> {
    let totals = measures.attempted;
    Decimal::from(totals.recipients).checked_div(Decimal::from(totals.messages))
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
        ("Recipients per message", per_message(total).map_or(Cell::Empty, Cell::Ratio), Cell::Empty),
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
    if let Some(AtListPrices { cost, delivered_cost }) = &analysis.list {
        lines.push((LIST_COST, Cell::Money(cost.total), Cell::Money(delivered_cost.total)));
    }
    let costs = [&analysis.cost, &analysis.delivered_cost].map(|cost| Cell::Money(cost.total));
    let [cost, delivered_cost] = costs;
    lines.push((cost_name(analysis), cost, delivered_cost));
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
    ];
    let costs = analysis.list.as_ref().map(|_| LIST_COST).into_iter().chain([cost_name(analysis)]);
    let headers: Vec<String> = by.iter().map(|name| header(name)).collect();
    let columns: Vec<&str> = headers.iter().map(String::as_str).chain(measures).chain(costs).collect();
    let mut rows: Vec<TableRow> = analysis.rows.iter().map(|row| body(group_cells(row))).collect();
    let labels = (0..by.len()).map(|place| if place == 0 { text("Total") } else { Cell::Empty });
    let costs = (analysis.list.as_ref().map(|list| list.cost.total), analysis.cost.total);
    let total = measure_cells(&analysis.usage.total, &analysis.usage.sizes, costs);
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
    let labels = row.group.labels.iter().map(|label| text(&**label));
    labels.chain(measure_cells(&row.group.measures, &row.group.sizes, (row.list_cost, row.cost))).collect()
}

fn measure_cells(
    measures: &Measures,
    sizes: &Histogram,
    (list_cost, cost): (Option<Money>, Money),
) -> Vec<Cell> {
    let totals = measures.attempted;
    let mut cells = vec![
        count(totals.messages),
        count(totals.recipients),
        per_message(measures).map_or(Cell::Empty, Cell::Ratio),
        Cell::Bytes(totals.bytes),
        Cell::Bytes(totals.recipient_bytes),
        size(mean_size(measures)),
    ];
    cells.extend(PERCENTILES.map(|percent| size(sizes.percentile(percent))));
    cells.push(size(sizes.largest()));
    cells.extend(list_cost.into_iter().chain([cost]).map(Cell::Money));
    cells
}

/// The cost in force: beside that by the list, it says so.
fn cost_name(analysis: &Analysis) -> &'static str {
    if analysis.list.is_some() { "Contracted cost" } else { "Cost" }
}

/// Where rounding each row shows another sum than the rounded total.
fn rounding_notes(analysis: &Analysis) -> Vec<String> {
    let rows = &analysis.rows;
    if rows.is_empty() {
        return Vec::new();
    }
    let listed = analysis.list.as_ref().and_then(|list| {
        let costs = rows.iter().filter_map(|row| row.list_cost);
        cost_data::rounding_note("the list cost", list.cost.total, costs)
    });
    let costs = rows.iter().map(|row| row.cost);
    let cost = cost_data::rounding_note("the cost", analysis.cost.total, costs);
    listed.into_iter().chain(cost).collect()
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
pub(super) fn remarks(analysis: &Analysis) -> Vec<String> {
    let usage = &analysis.usage;
    let mut lines: Vec<String> = unknown_remarks(analysis).collect();
    let qualities = &usage.qualities;
    let counts = [
        (qualities.size_declared, "Sizes as the client declared them, not measured"),
        (qualities.zone_assumed, "Times in an assumed zone (--log-timezone changes it)"),
        (qualities.year_inferred, "Times with a year inferred from the age of the file (--year changes it)"),
        (qualities.date_only, "Times that are days without an hour"),
    ];
    let remarks = counts.into_iter().filter(|(count, _)| *count > 0);
    lines.extend(remarks.map(|(count, what)| format!("{what}: {}.", grouped(&count.to_string()))));
    lines.extend(cost_data::average_notes(analysis.cost.sums().charges));
    lines.extend(limit_remarks(analysis));
    if usage.sizes.messages() > 0 {
        lines.push(
            "'50% up to' and the like are at most 1.6 % above the true sizes; the largest size is exact."
                .into(),
        );
    }
    if !usage.group_percentiles {
        lines.push(
            "There are too many groups to keep the sizes of each: percentiles are of the whole run.".into(),
        );
    }
    lines
}

/// Where the mail was too much for a limit that a new customer meets: more than it lets through in the whole time, so
/// that some hour had more for certain.
fn limit_remarks(analysis: &Analysis) -> Vec<String> {
    let lists = analysis.cost.estimates().flat_map(|estimate| &estimate.price_lists);
    let (Some(list), Some((first, last))) = (lists.last(), analysis.usage.period) else { return Vec::new() };
    let hours = (last.seconds() - first.seconds()).div_euclid(3600) + 1;
    let totals = &analysis.usage.total.attempted;
    let mut lines = Vec::new();
    for limit in &list.limits {
        let volume = match limit.metered {
            Metered::Messages => Decimal::from(totals.messages),
            Metered::Recipients => Decimal::from(totals.recipients),
            Metered::Megabytes => continue,
        };
        if limit.per_hour.checked_mul(hours.into()).is_some_and(|most| volume > most) {
            lines.push(format!(
                "{} {} within {} need more than {} an hour: {}; {}.",
                cost_data::shown(volume),
                limit.metered.name(),
                counted(hours, "hour"),
                cost_data::shown(limit.per_hour),
                limit.note,
                limit.url
            ));
        }
    }
    lines
}

/// What the input does not tell.
fn unknown_remarks(analysis: &Analysis) -> impl Iterator<Item = String> {
    let total = &analysis.usage.total;
    let imputed = (total.imputed.messages > 0).then(|| {
        format!(
            "{} to {} without a size in the input: {} are imputed.",
            counted(total.imputed.messages, "message"),
            counted(total.imputed.recipients, "recipient"),
            counted(total.imputed.recipient_bytes, "recipient byte")
        )
    });
    let outcome = if !analysis.knows_delivery() && total.attempted.recipients > 0 {
        Some("The input does not tell what was delivered.".to_owned())
    } else if total.unknown_recipients > 0 {
        let recipients = counted(total.unknown_recipients, "recipient");
        Some(format!("The input does not tell what became of {recipients}: not in 'delivered only'."))
    } else {
        None
    };
    imputed.into_iter().chain(outcome)
}

/// What the figures rest on.
fn provenance(analysis: &Analysis) -> Vec<String> {
    let mut lines = vec![cost_data::version_note()];
    for estimate in analysis.cost.estimates() {
        for note in cost_data::provenance_notes(estimate, analysis.on.shown().is_some()) {
            if !lines.contains(&note) {
                lines.push(note);
            }
        }
    }
    lines.extend(analysis.in_force.iter().map(|one| format!("{one}.")));
    lines.extend(records::input_notes(&analysis.ingested));
    lines
}
