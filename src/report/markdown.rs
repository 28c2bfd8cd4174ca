//! `--format markdown`: tables for wikis, issues and mails (GitHub Flavored Markdown).

use std::io;

use super::{Cell, Report, Row, RowKind, Section, Table, Writer, harmless};

/// The Markdown writer.
#[derive(Debug)]
pub(super) struct Markdown;

impl Writer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let sections = report.sections.iter().map(|section| match section {
            Section::Table(table) => heading("##", &table.title) + &pipes(table),
            // The table beside it has its numbers, and a picture is a file of its own.
            Section::Figure(_) => String::new(),
            Section::Notes { heading: title, lines } => heading("##", title) + &notes(lines),
        });
        let blocks: Vec<String> =
            std::iter::once(heading("#", &report.title)).chain(sections).filter(|b| !b.is_empty()).collect();
        let text = blocks.iter().map(|block| block.trim_end()).collect::<Vec<_>>().join("\n\n");
        writeln!(out, "{text}")
    }
}

fn heading(mark: &str, title: &str) -> String {
    if title.is_empty() { String::new() } else { format!("{mark} {}\n\n", escaped(title)) }
}

fn notes(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {}\n", escaped(line))).collect()
}

fn pipes(table: &Table) -> String {
    let is_number = |index| table.rows.iter().any(|row| row.cells.get(index).is_some_and(Cell::is_number));
    let mark = |index| if is_number(index) { "---:" } else { "---" }.to_owned();
    let header = line(table.columns.iter().map(|name| escaped(name)));
    let marks = line((0..table.columns.len()).map(mark));
    let rows = table.rows.iter().map(|row| line(row.cells.iter().map(|cell| shown(cell, row))));
    [header, marks].into_iter().chain(rows).collect()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn shown(cell: &Cell, row: &Row) -> String {
    match (escaped(&cell.for_people()), row.kind) {
        (text, RowKind::Total) if !text.is_empty() => format!("**{text}**"),
        (text, _) => text,
    }
}

/// Text that Markdown takes as it stands: no markup, no HTML, no column break.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in harmless(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
