//! Records of a file that are no rows of its table: titles, headers, and rows that are not whole.

use super::layout::Layout;
use super::rows::Table;
use crate::ingest::delimited::{Row, is_preamble};
use crate::ingest::{Input, Sink, rejection};
use crate::usage::Skip;

/// A record up to the header: a title, a comment or the header itself. One that is a row of data is shown.
pub(super) fn take_before_rows(
    row: &Row<'_>,
    number: usize,
    table: &Table<'_>,
    input: &Input,
    sink: &mut dyn Sink,
) {
    let is_row = table.layout.width() == Some(row.len()) && table.has_date(row);
    if !is_row {
        return sink.skip(Skip::Header, 1);
    }
    let reason = match number == table.header_records {
        true => {
            "it stands where the header is expected: say 'header: false' in the mapping file if there is none"
        }
        false => "it stands before the header",
    };
    sink.reject(rejection(input, row.line, reason));
}

/// A record that is no row of this table: a further header, a comment, or a row that cannot be read. An error where
/// nothing after it can be read.
pub(super) fn take_unread(
    row: &Row<'_>,
    reason: String,
    table: &mut Table<'_>,
    input: &Input,
    sink: &mut dyn Sink,
) -> Result<(), String> {
    if table.has_date(row) {
        sink.reject(rejection(input, row.line, reason));
        return Ok(());
    }
    let header = table.follow(row);
    if header != Ok(false) || is_preamble(row.cells()) {
        sink.skip(Skip::Header, 1);
    } else {
        sink.reject(rejection(input, row.line, reason));
    }
    header.map(|_| ())
}

/// Whether a row has the cells that are read.
pub(super) fn complete(row: &Row<'_>, layout: &Layout) -> Result<(), String> {
    let extra = |width: usize| (width..row.len()).any(|at| !row.cell(at).is_empty());
    match layout.width() {
        Some(width) if row.len() < width || extra(width) => {
            let lines = row.lines();
            let over = if lines > 1 { format!(" over {lines} lines") } else { String::new() };
            Err(format!(
                "{} columns{over} where the header has {width}: a quote is probably not closed",
                row.len()
            ))
        }
        Some(_) => Ok(()),
        None => match layout.last() {
            Some(last) if row.len() <= last => {
                Err(format!("{} columns where the mapping names column {}", row.len(), last + 1))
            }
            _ => Ok(()),
        },
    }
}
