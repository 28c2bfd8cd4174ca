//! `--format table`: aligned columns for people at a terminal.
//!
//! Nothing depends on the terminal: the same report gives the same bytes everywhere.

use std::io;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width};

use super::{Cell, Report, Row, RowKind, Section, Table, Writer, harmless};
use crate::chart::{self, Screen};

/// Characters of a text that are shown; the middle of a longer one (a hostile name) is left out.
const SHOWN_CHARACTERS: usize = 180;
/// Columns of text after which a cell continues on the next line.
const WRAP_COLUMNS: u16 = 60;
/// The fewest such columns: below, lines of text are too short to read.
const MIN_WRAP_COLUMNS: u16 = 20;
/// Columns within which a table stays where that breaks no word.
const TABLE_COLUMNS: u16 = 100;
/// Rows that are arranged at a time: each then takes ten times the room of its text.
const CHUNK_ROWS: usize = 1_000;
/// What figures are drawn for: any terminal, so that the same report gives the same bytes.
const SCREEN: Screen = Screen { width: 80, unicode: true, colour: false };
/// Spaces between columns.
const GAP: u16 = 2;

/// The writer for people.
#[derive(Debug)]
pub(super) struct Text;

impl Writer for Text {
    fn name(&self) -> &'static str {
        "table"
    }

    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let sections = report.sections.iter().map(|section| match section {
            Section::Table(table) => format!("{}{}\n", heading(&table.title), aligned(table)),
            Section::Figure(figure) => chart::terminal(figure, SCREEN),
            Section::Notes { heading: title, lines } => format!("{}{}", heading(title), notes(lines)),
        });
        let blocks: Vec<String> = std::iter::once(heading(&report.title)).chain(sections).collect();
        let filled: Vec<&str> = blocks.iter().map(String::as_str).filter(|block| !block.is_empty()).collect();
        out.write_all(filled.join("\n").as_bytes())
    }
}

fn heading(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!("{}\n", harmless(title)) }
}

fn notes(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {}\n", harmless(line))).collect()
}

/// The table with a rule below the header and above the first of its total rows.
fn aligned(table: &Table) -> String {
    let header = header(table);
    let widths = widths(table, &header);
    let wrap = wrap_columns(table, &widths);
    let widths: Vec<u16> = widths.into_iter().map(|width| width.min(wrap)).collect();
    let rule = || widths.iter().map(|&width| set("-".repeat(width.into()), false)).collect();
    let mut text = arranged(vec![header, rule()], &widths);
    let mut last = RowKind::Body;
    for rows in table.rows.chunks(CHUNK_ROWS) {
        let mut lines = Vec::with_capacity(CHUNK_ROWS);
        for row in rows {
            if last == RowKind::Body && row.kind == RowKind::Total {
                lines.push(rule());
            }
            lines.push(cells(row));
            last = row.kind;
        }
        text.push('\n');
        text.push_str(&arranged(lines, &widths));
    }
    text
}

/// The columns that the longest text of each column takes.
fn widths(table: &Table, header: &[comfy_table::Cell]) -> Vec<u16> {
    let mut widths = vec![0; table.columns.len()];
    let mut widen = |rows: Vec<Vec<comfy_table::Cell>>| {
        let measured = comfy_table::Table::new().add_rows(rows).column_max_content_widths();
        widths.iter_mut().zip(measured).for_each(|(widest, width)| *widest = width.max(*widest));
    };
    widen(vec![header.to_vec()]);
    table.rows.chunks(CHUNK_ROWS).for_each(|rows| widen(rows.iter().map(cells).collect()));
    widths
}

/// The most columns of a cell at which the table is narrow enough, if there are any; else the usual ones.
fn wrap_columns(table: &Table, widths: &[u16]) -> u16 {
    let shown = |cell: &Cell| cell.for_people();
    let texts = table.rows.iter().flat_map(|row| &row.cells).map(shown).chain(table.columns.iter().cloned());
    let longest = |text: String| text.split_whitespace().map(|word| word.chars().count()).max();
    let longest = u16::try_from(texts.filter_map(longest).max().unwrap_or_default()).unwrap_or(u16::MAX);
    let width = |wrap: u16| widths.iter().map(|width| u32::from(*width.min(&wrap) + GAP)).sum::<u32>();
    let fitting = (MIN_WRAP_COLUMNS.max(longest)..=WRAP_COLUMNS).rev();
    fitting.into_iter().find(|wrap| width(*wrap) <= u32::from(TABLE_COLUMNS + GAP)).unwrap_or(WRAP_COLUMNS)
}

/// Rows in columns of these widths.
fn arranged(rows: Vec<Vec<comfy_table::Cell>>, widths: &[u16]) -> String {
    let mut arranged = comfy_table::Table::new();
    arranged.load_style(comfy_table::presets::NOTHING);
    arranged.set_content_arrangement(ContentArrangement::Dynamic).set_width(u16::MAX);
    arranged.add_rows(rows);
    arranged
        .set_constraints(widths.iter().map(|width| ColumnConstraint::Absolute(Width::Fixed(width + GAP))));
    for column in arranged.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    arranged.trim_fmt()
}

fn header(table: &Table) -> Vec<comfy_table::Cell> {
    let is_number = |index| table.rows.iter().any(|row| row.cells.get(index).is_some_and(Cell::is_number));
    let cell = |(index, name): (usize, &String)| set(shortened(&harmless(name)), is_number(index));
    table.columns.iter().enumerate().map(cell).collect()
}

fn cells(row: &Row) -> Vec<comfy_table::Cell> {
    row.cells.iter().map(|cell| set(shortened(&cell.for_people()), cell.is_number())).collect()
}

fn set(text: String, right: bool) -> comfy_table::Cell {
    let alignment = if right { CellAlignment::Right } else { CellAlignment::Left };
    comfy_table::Cell::new(text).set_alignment(alignment)
}

/// A text without its middle where it is too long: the ends of an address or a path say most.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN_CHARACTERS {
        return text.to_owned();
    }
    let half = SHOWN_CHARACTERS / 2;
    let start: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(count - half).collect();
    format!("{start}...{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_is_arranged_as_one() {
        let row = |number: usize, kind| Row {
            kind,
            cells: vec![Cell::Text(format!("sender {number}")), Cell::Count(number as u128)],
        };
        let mut rows: Vec<Row> = (1..=2 * CHUNK_ROWS).map(|number| row(number, RowKind::Body)).collect();
        rows.extend([row(7, RowKind::Total), row(8, RowKind::Total)]);
        let columns = ["Sender", "Messages"].map(str::to_owned).to_vec();
        let text = aligned(&Table { title: String::new(), columns, rows });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 * CHUNK_ROWS + 5);
        assert!(lines.iter().all(|line| line.len() == "sender 2000      2000".len()), "one width");
        let rules: Vec<usize> = (0..lines.len()).filter(|&line| lines[line].starts_with("--")).collect();
        assert_eq!(rules, [1, 2 * CHUNK_ROWS + 2]);
    }
}
