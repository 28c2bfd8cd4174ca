//! Where the columns of one table are: its delimiter, its header, and which cell fills which field.

use super::fields::{FIELDS, Field, Found, is_enough, is_report, known_columns};
use super::mapping::Mapping;
use crate::ingest::delimited::{
    DELIMITERS, Row, complete_records, delimiter_by_consistency, delimiters_of, described, is_preamble,
    name_of, shown, stated_delimiter,
};
use crate::ingest::source::HEAD_BYTES;
use crate::ingest::{Input, ReadError};

/// Records before the header: `sep=`, comments and titles.
const BEFORE_HEADER: usize = 20;
/// Rows of a preview.
const PREVIEW: usize = 5;

/// How a table is to be read.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Layout {
    /// The delimiter.
    pub(super) delimiter: u8,
    /// Records up to and including the header.
    pub(super) header_records: usize,
    /// The names of all columns as [`name_of`] writes them; `None` where there is no header.
    header: Option<Vec<String>>,
    at: [Option<usize>; FIELDS.len()],
    names: [String; FIELDS.len()],
}

impl Layout {
    /// The cell number of a field.
    pub(super) fn at(&self, field: Field) -> Option<usize> {
        self.at[field as usize]
    }

    /// The column's name, or its number where there is no header.
    pub(super) fn column(&self, field: Field) -> &str {
        &self.names[field as usize]
    }

    /// The name in the header as [`name_of`] writes it, even where the column is mapped by number.
    pub(super) fn title(&self, field: Field) -> &str {
        let names = self.header.as_deref().zip(self.at(field));
        names.and_then(|(names, at)| names.get(at)).map_or("", String::as_str)
    }

    /// Cells of the header; `None` where there is none.
    pub(super) fn width(&self) -> Option<usize> {
        self.header.as_ref().map(Vec::len)
    }

    /// The number of the last cell that is read.
    pub(super) fn last(&self) -> Option<usize> {
        self.at.iter().flatten().max().copied()
    }

    fn new(delimiter: u8, header_records: usize, header: Option<Vec<String>>, found: &[Found]) -> Layout {
        let (mut at, mut names) = ([None; FIELDS.len()], <[String; FIELDS.len()]>::default());
        for column in found {
            if at[column.field as usize].is_none() {
                at[column.field as usize] = Some(column.at);
                names[column.field as usize].clone_from(&column.column);
            }
        }
        Layout { delimiter, header_records, header, at, names }
    }

    /// The layout by shipped names, as far as they are enough.
    pub(super) fn by_names(head: &[u8]) -> Option<(Layout, Vec<Found>)> {
        delimiters_of(head).next()?; // JSON has commas, too.
        delimiters(head, None).into_iter().find_map(|delimiter| {
            let records = records(head, delimiter);
            let found = |cells: &Vec<Vec<u8>>| {
                Some(known_columns(cells)).filter(|found| is_enough(found) && !is_report(cells, found))
            };
            let (number, cells, found) = records
                .iter()
                .take(BEFORE_HEADER)
                .enumerate()
                .find_map(|(number, cells)| Some((number, cells, found(cells)?)))?;
            Some((Layout::new(delimiter, number + 1, Some(names_of(cells)), &found), found))
        })
    }

    /// The layout of an input.
    pub(super) fn of(input: &Input, mapping: Option<&Mapping>) -> Result<Layout, ReadError> {
        if let Some(mapping) = mapping {
            return mapped(input, mapping);
        }
        let Some((layout, found)) = Layout::by_names(input.head()) else {
            return Err(ReadError::Undecided {
                input: input.name().to_owned(),
                problem: "its columns are not known: expected a time and recipients, a recipient count, or a count \
                          with a sender or a size"
                    .to_owned(),
                hint: "name them in a mapping file: --mapping FILE".to_owned(),
            });
        };
        match rivals(&found) {
            Some((field, columns)) => Err(ambiguous(input, &layout, field, &columns)),
            None => Ok(layout),
        }
    }

    /// The layout that a further header begins, as in files that were joined; `None` where the row is no header,
    /// and a reason where its columns cannot be followed.
    pub(super) fn below(&self, row: &Row<'_>, is_mapped: bool) -> Option<Result<Layout, String>> {
        self.header.as_ref()?;
        let cells: Vec<Vec<u8>> = row.cells().map(<[u8]>::to_vec).collect();
        let names = names_of(&cells);
        let found = if is_mapped { self.renewed(&names)? } else { known_below(&cells)? };
        Some(found.map(|found| Layout::new(self.delimiter, 0, Some(names), &found)))
    }

    /// The mapped columns by their names in another header.
    fn renewed(&self, names: &[String]) -> Option<Result<Vec<Found>, String>> {
        names.iter().any(|name| name == self.title(Field::Time)).then_some(())?;
        let fields = FIELDS.iter().map(|(field, ..)| *field).filter(|field| self.at(*field).is_some());
        let found = fields.map(|field| {
            let column = self.column(field).to_owned();
            let mut places = (0..names.len()).filter(|&at| names[at] == self.title(field));
            match (places.next(), places.next()) {
                (Some(at), None) => Ok(Found { field, at, column }),
                (None, _) => Err(no_column(&column, field)),
                _ => Err(same_name(places.count() + 2, &column, field)),
            }
        });
        Some(found.collect())
    }
}

/// The columns of a further header by shipped names.
fn known_below(cells: &[Vec<u8>]) -> Option<Result<Vec<Found>, String>> {
    let found = known_columns(cells);
    let has_time = found.iter().any(|found| found.field == Field::Time);
    (has_time && found.iter().any(|found| found.field != Field::Time)).then_some(())?;
    Some(match rivals(&found) {
        Some((field, columns)) => Err(format!("{} columns can be the {}", columns.len(), field.name())),
        None if !is_enough(&found) => Err("it has no recipients, recipient count or count".to_owned()),
        None => Ok(found),
    })
}

/// Several columns for a field that must have one.
fn rivals(found: &[Found]) -> Option<(Field, Vec<&Found>)> {
    let fields = found.iter().map(|found| found.field).filter(|field| field.must_be_single());
    let columns = |field| found.iter().filter(|found| found.field == field).collect::<Vec<_>>();
    fields.map(|field| (field, columns(field))).find(|(_, columns)| columns.len() > 1)
}

fn names_of(cells: &[Vec<u8>]) -> Vec<String> {
    cells.iter().map(|cell| name_of(cell)).collect()
}

fn no_column(column: &str, field: Field) -> String {
    format!("it has no column '{column}' for the {}", field.name())
}

fn same_name(count: usize, column: &str, field: Field) -> String {
    format!("{count} columns have the name '{column}' of the {}", field.name())
}

/// Delimiters to try, the likeliest first.
fn delimiters(head: &[u8], mapping: Option<&Mapping>) -> Vec<u8> {
    if let Some(delimiter) = mapping.and_then(|mapping| mapping.delimiter).or_else(|| stated_delimiter(head))
    {
        return vec![delimiter];
    }
    delimiter_by_consistency(head, is_complete(head)).into_iter().chain(DELIMITERS).collect()
}

fn is_complete(head: &[u8]) -> bool {
    head.len() < HEAD_BYTES || head.ends_with(b"\n")
}

fn records(head: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    complete_records(head, delimiter, is_complete(head))
}

fn ambiguous(input: &Input, layout: &Layout, field: Field, columns: &[&Found]) -> ReadError {
    let records = records(input.head(), layout.delimiter);
    let preview = if field == Field::Recipients { described } else { shown };
    let values = |at: usize| {
        let rows = records.iter().skip(layout.header_records).take(PREVIEW);
        let cells: Vec<String> = rows.map(|row| preview(row.get(at).map_or(&[], Vec::as_slice))).collect();
        cells.join(", ")
    };
    let previews: Vec<String> =
        columns.iter().map(|found| format!("'{}' ({})", found.column, values(found.at))).collect();
    ReadError::Undecided {
        input: input.name().to_owned(),
        problem: format!("{} columns can be the {}: {}", columns.len(), field.name(), previews.join(" and ")),
        hint: format!("say in a mapping file which column is the {}: --mapping FILE", field.name()),
    }
}

/// The layout by a mapping: columns by name, else by number.
fn mapped(input: &Input, mapping: &Mapping) -> Result<Layout, ReadError> {
    let head = input.head();
    let wanted: Vec<String> = mapping.columns.iter().map(|(column, _)| name_of(column.as_bytes())).collect();
    let mut best: Option<(usize, Layout)> = None;
    for delimiter in delimiters(head, Some(mapping)) {
        let records = records(head, delimiter);
        let (number, names) = match mapping.header {
            true => header(&records, &wanted),
            false => (0, Vec::new()),
        };
        let found = found_columns(mapping, &names);
        let layout = Layout::new(delimiter, number, mapping.header.then_some(names), &found);
        if best.as_ref().is_none_or(|(count, _)| found.len() > *count) {
            best = Some((found.len(), layout));
        }
    }
    let layout = best.map_or_else(|| Layout::new(b',', 0, None, &[]), |(_, layout)| layout);
    check_mapped(input, mapping, &layout)?;
    Ok(layout)
}

/// The header among the first records: the one with the most wanted names, else the first that is no comment.
fn header(records: &[Vec<Vec<u8>>], wanted: &[String]) -> (usize, Vec<String>) {
    let known = |cells: &[Vec<u8>]| names_of(cells).iter().filter(|name| wanted.contains(name)).count();
    let rated = records.iter().take(BEFORE_HEADER).enumerate();
    // `#` can also be the name of a first column.
    let rated = rated.filter(|(_, cells)| known(cells) > 0 || !is_preamble(cells.iter().map(Vec::as_slice)));
    let best = rated.reduce(|best, other| if known(other.1) > known(best.1) { other } else { best });
    best.map_or((0, Vec::new()), |(number, cells)| (number + 1, names_of(cells)))
}

fn found_columns(mapping: &Mapping, names: &[String]) -> Vec<Found> {
    let by_name = |column: &str| names.iter().position(|name| *name == name_of(column.as_bytes()));
    let by_number = |column: &str| column.trim().parse::<usize>().ok()?.checked_sub(1);
    let found = mapping.columns.iter().filter_map(|(column, field)| {
        let at = by_name(column).or_else(|| by_number(column))?;
        Some(Found { field: *field, at, column: column.clone() })
    });
    found.collect()
}

fn check_mapped(input: &Input, mapping: &Mapping, layout: &Layout) -> Result<(), ReadError> {
    let refused = |problem: String| ReadError::Undecided {
        input: input.name().to_owned(),
        problem,
        hint: format!("see the columns in {}", mapping.path),
    };
    let records = records(input.head(), layout.delimiter);
    let width = layout.width().or_else(|| records.iter().map(Vec::len).max()).unwrap_or(0);
    for (column, field) in &mapping.columns {
        if layout.at(*field).is_none_or(|at| at >= width) {
            return Err(refused(no_column(column, *field)));
        }
    }
    let has = |field| layout.at(field).is_some();
    if !has(Field::Time) || !(has(Field::Recipients) || has(Field::RecipientCount) || has(Field::Count)) {
        let what = "the mapping needs a time and recipients, a recipient_count or a count";
        return Err(refused(what.to_owned()));
    }
    let names = mapping.columns.iter().map(|(column, _)| name_of(column.as_bytes()));
    let header = layout.header_records.checked_sub(1).and_then(|number| records.get(number));
    for (name, (column, field)) in names.zip(&mapping.columns) {
        let count = header.map_or(0, |cells| cells.iter().filter(|cell| name_of(cell) == name).count());
        if count > 1 {
            return Err(refused(same_name(count, column, *field)));
        }
    }
    Ok(())
}
