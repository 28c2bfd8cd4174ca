//! Reading rows of a Parquet file of the ledger: those columns that the rows have a place for, by their names.
//!
//! Whatever bytes a file has, it is rows or an error that names it.

use std::borrow::Cow;
use std::path::Path;

use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::schema::types::ColumnDescPtr;

use super::error::LedgerError;
use super::file::{LedgerFile, unharmed};
use super::schema::{Cell, Column, Kind, Table, Type};

/// Rows that are put together at a time: as many as stay in the cache.
const BATCH_ROWS: usize = 1024;
/// Rows for which there is room from the start, whatever a file says.
const ROOM: usize = 1 << 20;

/// Reads all rows of a file that has so many of them.
pub(super) fn read_file<R: Table>(path: &Path, kind: Kind, rows: u64) -> Result<Vec<R>, LedgerError> {
    unharmed(path, || read_rows(path, kind, rows))
}

fn read_rows<R: Table>(path: &Path, kind: Kind, expected: u64) -> Result<Vec<R>, LedgerError> {
    let mut file = LedgerFile::open(path, kind)?;
    let columns: Vec<&'static Column<R>> = R::columns().iter().collect();
    let places = file.places(kind, &columns)?;
    let mut rows = Vec::with_capacity(usize::try_from(expected).unwrap_or(ROOM).min(ROOM));
    for (at, count) in file.groups().into_iter().enumerate() {
        let pages = file.read_group(at, &places)?;
        let cursors = columns.iter().zip(pages);
        let mut cursors: Vec<Cursor<R>> =
            cursors.map(|(column, (about, pages))| Cursor::new(column, about, pages)).collect();
        read_group(&mut cursors, count, &mut rows).map_err(|what| file.damaged(what))?;
    }
    if rows.len() as u64 != expected {
        let found = rows.len();
        return Err(file.damaged(format!("it has {found} rows: expected {expected}, as the manifest says")));
    }
    Ok(rows)
}

fn read_group<R: Table>(cursors: &mut [Cursor<R>], rows: usize, into: &mut Vec<R>) -> Result<(), String> {
    let mut left = rows;
    while left > 0 {
        let (count, start) = (left.min(BATCH_ROWS), into.len());
        into.extend((0..count).map(|_| R::empty()));
        cursors.iter_mut().try_for_each(|cursor| cursor.fill(count, &mut into[start..]))?;
        left -= count;
    }
    Ok(())
}

/// Reads a column, some rows at a time.
struct Cursor<R: 'static> {
    column: &'static Column<R>,
    values: Values,
    /// 1 for each value, 0 for each that is missing.
    present: Vec<i16>,
}

enum Values {
    Int32(ColumnReaderImpl<Int32Type>, Vec<i32>),
    Int64(ColumnReaderImpl<Int64Type>, Vec<i64>),
    Bool(ColumnReaderImpl<BoolType>, Vec<bool>),
    Bytes(ColumnReaderImpl<ByteArrayType>, Vec<ByteArray>),
    Fixed(ColumnReaderImpl<FixedLenByteArrayType>, Vec<FixedLenByteArray>),
}

impl<R> Cursor<R> {
    fn new(column: &'static Column<R>, about: ColumnDescPtr, pages: Box<dyn PageReader>) -> Cursor<R> {
        let values = match column.holds {
            Type::Int32 => Values::Int32(ColumnReaderImpl::new(about, pages), Vec::new()),
            Type::Int64 | Type::Time => Values::Int64(ColumnReaderImpl::new(about, pages), Vec::new()),
            Type::Bool => Values::Bool(ColumnReaderImpl::new(about, pages), Vec::new()),
            Type::Text | Type::Bytes => Values::Bytes(ColumnReaderImpl::new(about, pages), Vec::new()),
            Type::Digest => Values::Fixed(ColumnReaderImpl::new(about, pages), Vec::new()),
        };
        Cursor { column, values, present: Vec::new() }
    }

    /// Reads the next rows; an error that says what is wrong.
    fn fill(&mut self, count: usize, rows: &mut [R]) -> Result<(), String> {
        let (column, present) = (self.column, &mut self.present);
        let is_text = column.holds == Type::Text;
        match &mut self.values {
            Values::Int32(reader, values) => {
                read(column, reader, count, present, values)?;
                put(column, present, values, rows, |value| Some(Cell::Int(i64::from(*value))))
            }
            Values::Int64(reader, values) => {
                read(column, reader, count, present, values)?;
                put(column, present, values, rows, |value| Some(Cell::Int(*value)))
            }
            Values::Bool(reader, values) => {
                read(column, reader, count, present, values)?;
                put(column, present, values, rows, |value| Some(Cell::Bool(*value)))
            }
            Values::Bytes(reader, values) => {
                read(column, reader, count, present, values)?;
                put(column, present, values, rows, |value| match is_text {
                    true => {
                        std::str::from_utf8(value.data()).ok().map(|text| Cell::Text(Cow::Borrowed(text)))
                    }
                    false => Some(Cell::Bytes(Cow::Borrowed(value.data()))),
                })
            }
            Values::Fixed(reader, values) => {
                read(column, reader, count, present, values)?;
                put(column, present, values, rows, |value| {
                    value.data().try_into().ok().map(|bytes| Cell::Digest(u128::from_be_bytes(bytes)))
                })
            }
        }
    }
}

/// Reads so many values, missing ones among them.
fn read<R, T: DataType>(
    column: &Column<R>,
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    present: &mut Vec<i16>,
    values: &mut Vec<T::T>,
) -> Result<(), String> {
    values.clear();
    present.clear();
    let levels = column.nullable.then_some(present);
    let (found, _, _) = reader
        .read_records(count, levels, None, values)
        .map_err(|error| format!("column '{}': {error}", column.name))?;
    if found == count { Ok(()) } else { Err(format!("column '{}' ends before the others", column.name)) }
}

/// Puts values into their rows.
fn put<'a, R, T>(
    column: &Column<R>,
    present: &[i16],
    values: &'a [T],
    rows: &mut [R],
    cell: impl Fn(&'a T) -> Option<Cell<'a>>,
) -> Result<(), String> {
    let mut values = values.iter();
    for (at, row) in rows.iter_mut().enumerate() {
        let is_there = !column.nullable || present.get(at) == Some(&1);
        let cell = if is_there { values.next().and_then(&cell) } else { Some(Cell::Null) };
        let done = cell.and_then(|cell| (column.set)(row, &cell));
        done.ok_or_else(|| format!("column '{}' has a value that is none of its own", column.name))?;
    }
    Ok(())
}
