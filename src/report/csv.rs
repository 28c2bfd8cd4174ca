//! `--format csv`: the tables of a report as RFC 4180, for spreadsheets and programs.
//!
//! One table is its header and its rows, total rows last. Of several tables, each begins with a row that holds
//! its title alone, and an empty line stands between two. Notes under a heading are a table of one column. Numbers are exact and plain; a column with amounts of
//! money is followed by one with their currency. A text that a spreadsheet would run as a formula begins with
//! an apostrophe.

use std::borrow::Cow;
use std::io;

use ::csv::{Terminator, WriterBuilder};

use super::{Cell, Report, Row, RowKind, Section, Table, Writer, is_unsafe};

/// The CSV writer.
#[derive(Debug)]
pub(super) struct Csv;

impl Writer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let tables: Vec<Cow<'_, Table>> = report.sections.iter().filter_map(table_of).collect();
        for (index, table) in tables.iter().enumerate() {
            if index > 0 {
                out.write_all(b"\r\n")?;
            }
            let title = (tables.len() > 1).then_some(table.title.as_str());
            write_table(table, title, out)?;
        }
        Ok(())
    }
}

/// A table, or the notes under a heading as one. Notes without heading explain how another format shows a table.
fn table_of(section: &Section) -> Option<Cow<'_, Table>> {
    match section {
        Section::Table(table) => Some(Cow::Borrowed(table)),
        Section::Figure(_) => None,
        Section::Notes { heading, .. } if heading.is_empty() => None,
        Section::Notes { heading, lines } => {
            let row = |line: &String| Row { kind: RowKind::Body, cells: vec![Cell::Text(line.clone())] };
            Some(Cow::Owned(Table {
                title: heading.clone(),
                columns: vec!["Note".to_owned()],
                rows: lines.iter().map(row).collect(),
            }))
        }
    }
}

fn write_table(table: &Table, title: Option<&str>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(out);
    if let Some(title) = title {
        writer.write_record([text(title)])?;
    }
    let holds_money: Vec<bool> = (0..table.columns.len()).map(|index| has_money(table, index)).collect();
    writer.write_record(header(table, &holds_money))?;
    for row in &table.rows {
        writer.write_record(fields(row, &holds_money))?;
    }
    writer.flush()
}

fn has_money(table: &Table, index: usize) -> bool {
    table.rows.iter().any(|row| row.cells.get(index).is_some_and(|cell| cell.money().is_some()))
}

fn header(table: &Table, holds_money: &[bool]) -> Vec<String> {
    let names = table.columns.iter().zip(holds_money);
    let fields = names.flat_map(|(name, money)| {
        let currency = money.then(|| text(&format!("{name} currency")));
        std::iter::once(text(name)).chain(currency)
    });
    fields.collect()
}

fn fields(row: &Row, holds_money: &[bool]) -> Vec<String> {
    let cells = row.cells.iter().zip(holds_money);
    let fields = cells.flat_map(|(cell, money)| {
        let code = || cell.money().map(|money| money.currency().to_string()).unwrap_or_default();
        std::iter::once(field(cell)).chain(money.then(code))
    });
    fields.collect()
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(content) => text(content),
        number => number.for_programs(),
    }
}

/// A text as data: no formula (OWASP "CSV Injection") and no control character but tab and line ends.
fn text(content: &str) -> String {
    let mut text = String::new();
    push_text(&mut text, content);
    text
}

/// Adds a text as such data.
pub(crate) fn push_text(text: &mut String, content: &str) {
    if content.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        text.push('\'');
    }
    for c in content.chars() {
        match c {
            '\t' | '\r' | '\n' => text.push(c),
            c if is_unsafe(c) => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
}
