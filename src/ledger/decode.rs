//! Reading rows of a Parquet file of the ledger: those columns that the rows have a place for, by their names.
//!
//! Whatever bytes a file has, it is rows or an error that names it.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::TypePtr;

use super::encode::{KIND_KEY, VERSION_KEY};
use super::error::LedgerError;
use super::schema::{Cell, Column, Kind, Table, Type, VERSION, parquet_schema};
use crate::ingest::source::guarded;

/// Rows that are put together at a time: as many as stay in the cache.
const BATCH_ROWS: usize = 1024;
/// Rows for which there is room from the start, whatever a file says.
const ROOM: usize = 1 << 20;

/// Reads all rows of a file that has so many of them.
pub(super) fn read_file<R: Table>(path: &Path, kind: Kind, rows: u64) -> Result<Vec<R>, LedgerError> {
    let read = guarded("Parquet file", || Ok(read_rows(path, kind, rows)));
    read.unwrap_or_else(|error| Err(LedgerError::damaged(path, error.to_string())))
}

fn read_rows<R: Table>(path: &Path, kind: Kind, expected: u64) -> Result<Vec<R>, LedgerError> {
    let damaged = |error: ParquetError| LedgerError::damaged(path, error.to_string());
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LedgerError::Missing(path.to_owned()),
        _ => LedgerError::io("read", path)(error),
    })?;
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(damaged)?;
    let metadata = reader.metadata();
    check_head(path, kind, metadata.file_metadata())?;
    let places = places::<R>(path, kind, metadata.file_metadata())?;
    let mut rows = Vec::with_capacity(usize::try_from(expected).unwrap_or(ROOM).min(ROOM));
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at).map_err(damaged)?;
        read_group(path, &*group, &places, &mut rows)?;
    }
    if rows.len() as u64 != expected {
        let what = format!("it has {} rows: expected {expected}, as the manifest says", rows.len());
        return Err(LedgerError::damaged(path, what));
    }
    Ok(rows)
}

/// Checks what a file says of itself.
fn check_head(path: &Path, kind: Kind, metadata: &FileMetaData) -> Result<(), LedgerError> {
    let pairs = metadata.key_value_metadata().map_or(&[][..], Vec::as_slice);
    let said = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
    let version = said(VERSION_KEY).and_then(|version| version.parse::<u64>().ok());
    match version {
        Some(found) if found > VERSION => {
            Err(LedgerError::Newer { path: path.to_owned(), found, known: VERSION })
        }
        Some(_) if said(KIND_KEY) == Some(kind.name()) => Ok(()),
        Some(_) => Err(LedgerError::damaged(path, format!("it holds no {}: expected those", kind.name()))),
        None => Err(LedgerError::damaged(path, format!("expected a version as '{VERSION_KEY}'"))),
    }
}

/// A column of the rows and its place in the file.
type Place<R> = (&'static Column<R>, usize);

/// Where the columns stand in the file.
fn places<R: Table>(path: &Path, kind: Kind, metadata: &FileMetaData) -> Result<Vec<Place<R>>, LedgerError> {
    let schema = parquet_schema::<R>(kind).map_err(|error| LedgerError::damaged(path, error.to_string()))?;
    let found = metadata.schema_descr().root_schema().get_fields();
    let place = |(column, wanted): (&'static Column<R>, &TypePtr)| {
        let place = found.iter().position(|field| field.name() == column.name);
        let place = place.filter(|&place| is_same(&found[place], wanted));
        place.map(|place| (column, place)).ok_or_else(|| {
            let holds = column.holds.shown();
            LedgerError::damaged(path, format!("expected a column '{}' of {holds}", column.name))
        })
    };
    // Each field of the schema is one column, as long as all of them are plain.
    if metadata.schema_descr().num_columns() != found.len() {
        return Err(LedgerError::damaged(path, "expected columns without groups"));
    }
    R::columns().iter().zip(schema.get_fields()).map(place).collect()
}

/// Whether a field is read as another.
fn is_same(found: &TypePtr, wanted: &TypePtr) -> bool {
    found.is_primitive()
        && found.get_physical_type() == wanted.get_physical_type()
        && found.get_basic_info().repetition() == wanted.get_basic_info().repetition()
        && (found.get_basic_info().logical_type_ref() == wanted.get_basic_info().logical_type_ref())
}

fn read_group<R: Table>(
    path: &Path,
    group: &dyn RowGroupReader,
    places: &[Place<R>],
    rows: &mut Vec<R>,
) -> Result<(), LedgerError> {
    let mut cursors = Vec::with_capacity(places.len());
    for (column, place) in places {
        let reader = group.get_column_reader(*place);
        let reader = reader.map_err(|error| LedgerError::damaged(path, error.to_string()))?;
        cursors.push(Cursor::new(column, reader));
    }
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(usize::MAX);
    while left > 0 {
        let (count, start) = (left.min(BATCH_ROWS), rows.len());
        rows.extend((0..count).map(|_| R::empty()));
        for cursor in &mut cursors {
            cursor.fill(count, &mut rows[start..]).map_err(|what| LedgerError::damaged(path, what))?;
        }
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
    fn new(column: &'static Column<R>, reader: ColumnReader) -> Cursor<R> {
        let values = match column.holds {
            Type::Int32 => Values::Int32(get_typed_column_reader(reader), Vec::new()),
            Type::Int64 | Type::Time => Values::Int64(get_typed_column_reader(reader), Vec::new()),
            Type::Bool => Values::Bool(get_typed_column_reader(reader), Vec::new()),
            Type::Text | Type::Bytes => Values::Bytes(get_typed_column_reader(reader), Vec::new()),
            Type::Digest => Values::Fixed(get_typed_column_reader(reader), Vec::new()),
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
