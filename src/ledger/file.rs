//! A Parquet file of the ledger as it is opened for reading: what it says of itself is checked, and the columns that
//! are wanted are brought into memory, no others.
//!
//! Its values are left to `decode` and `vectors`. Whatever bytes a file has, no more room is made than they can fill.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, TypePtr};

use super::encode::{GROUP_ROWS, KIND_KEY, VERSION_KEY};
use super::error::LedgerError;
use super::schema::{Column, Kind, Table, VERSION, parquet_schema};
use crate::ingest::source::{check_footer_bytes, check_pages_bytes, guarded};

/// Bytes behind the footer: its length and the magic.
const END_BYTES: u64 = 8;
const MAGIC: &[u8] = b"PAR1";
/// Bytes that are read at once from the end: nearly always the whole footer.
const TAIL_BYTES: u64 = 32 * 1024;
/// Bytes between two wanted columns that are rather read than skipped.
const GAP_BYTES: u64 = 64 * 1024;
/// Bytes to which a column of a group of rows may expand.
const COLUMN_CAP: i64 = 1 << 30;

/// What is told of a column, and its pages.
pub(super) type ColumnPages = (ColumnDescPtr, Box<dyn PageReader>);

/// What all rows of a group have in a column.
#[derive(Debug)]
pub(super) enum Only {
    Missing,
    Number(i64),
    Text(Box<str>),
}

/// A file that is open.
pub(super) struct LedgerFile {
    path: PathBuf,
    file: File,
    len: u64,
    metadata: ParquetMetaData,
}

impl LedgerFile {
    /// Opens a file of a kind.
    pub(super) fn open(path: &Path, kind: Kind) -> Result<LedgerFile, LedgerError> {
        let mut file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LedgerError::Missing(path.to_owned()),
            _ => LedgerError::io("opened", path)(error),
        })?;
        let len = file.metadata().map_err(LedgerError::io("opened", path))?.len();
        let footer = read_footer(path, &mut file, len)?;
        check_footer_bytes(&footer).map_err(|error| LedgerError::damaged(path, error.to_string()))?;
        let metadata = ParquetMetaDataReader::decode_metadata(&footer);
        let metadata = metadata.map_err(|error| LedgerError::damaged(path, error.to_string()))?;
        let file = LedgerFile { path: path.to_owned(), file, len, metadata };
        file.check_head(kind)?;
        Ok(file)
    }

    /// An error that says that this file is damaged.
    pub(super) fn damaged(&self, what: impl Into<String>) -> LedgerError {
        LedgerError::damaged(&self.path, what)
    }

    /// Checks what it says of itself.
    fn check_head(&self, kind: Kind) -> Result<(), LedgerError> {
        let metadata = self.metadata.file_metadata();
        let pairs = metadata.key_value_metadata().map_or(&[][..], Vec::as_slice);
        let said =
            |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
        match said(VERSION_KEY).and_then(|version| version.parse::<u64>().ok()) {
            Some(found) if found > VERSION => {
                return Err(LedgerError::Newer { path: self.path.clone(), found, known: VERSION });
            }
            Some(_) if said(KIND_KEY) == Some(kind.name()) => {}
            Some(_) => return Err(self.damaged(format!("it holds no {}: expected those", kind.name()))),
            None => return Err(self.damaged(format!("it has no '{VERSION_KEY}': expected a version"))),
        }
        // Each field of the schema is one column, as long as all of them are plain.
        let schema = metadata.schema_descr();
        if schema.num_columns() != schema.root_schema().get_fields().len() {
            return Err(self.damaged("it has groups of columns: expected plain ones"));
        }
        let groups = self.metadata.row_groups();
        if groups.iter().any(|group| !(0..=GROUP_ROWS as i64).contains(&group.num_rows())) {
            return Err(self.damaged(format!("expected groups of at most {GROUP_ROWS} rows")));
        }
        Ok(())
    }

    /// Where columns of rows stand in the file.
    pub(super) fn places<R: Table>(
        &self,
        kind: Kind,
        columns: &[&'static Column<R>],
    ) -> Result<Vec<usize>, LedgerError> {
        let schema = parquet_schema::<R>(kind).map_err(|error| self.damaged(error.to_string()))?;
        let found = self.metadata.file_metadata().schema_descr().root_schema().get_fields();
        let place = |column: &&'static Column<R>| {
            let wanted = schema.get_fields().iter().find(|field| field.name() == column.name);
            let place = found.iter().position(|field| field.name() == column.name);
            let place = place.filter(|&place| wanted.is_some_and(|wanted| is_same(&found[place], wanted)));
            let (name, holds) = (column.name, column.holds.shown());
            place.ok_or_else(|| self.damaged(format!("expected a column '{name}' of {holds}")))
        };
        columns.iter().map(place).collect()
    }

    /// Rows of each group.
    pub(super) fn groups(&self) -> Vec<usize> {
        let rows = self.metadata.row_groups().iter().map(RowGroupMetaData::num_rows);
        rows.map(|rows| usize::try_from(rows).unwrap_or_default()).collect()
    }

    /// What all rows of a group have in the column at a place, where the statistics in the footer tell: such a column
    /// need not be read.
    pub(super) fn only_value(&self, at: usize, place: usize) -> Option<Only> {
        let group = self.metadata.row_groups().get(at)?;
        let found = group.columns().get(place)?.statistics()?;
        let missing = found.null_count_opt()?;
        if missing > 0 {
            return (i64::try_from(missing) == Ok(group.num_rows())).then_some(Only::Missing);
        }
        let is_one = found.min_is_exact()
            && found.max_is_exact()
            && found.min_bytes_opt()? == found.max_bytes_opt()?;
        match found {
            _ if !is_one => None,
            Statistics::Int32(found) => found.min_opt().map(|&number| Only::Number(number.into())),
            Statistics::Int64(found) => found.min_opt().map(|&number| Only::Number(number)),
            Statistics::ByteArray(found) => {
                let text = std::str::from_utf8(found.min_opt()?.data()).ok()?;
                Some(Only::Text(text.into()))
            }
            _ => None,
        }
    }

    /// The columns at these places of a group, each with what is told of it.
    pub(super) fn read_group(
        &mut self,
        at: usize,
        places: &[usize],
    ) -> Result<Vec<ColumnPages>, LedgerError> {
        let group = self.metadata.row_groups().get(at).ok_or_else(|| self.damaged("a group is missing"))?;
        let mut chunks = Vec::with_capacity(places.len());
        for place in places {
            let column = group.columns().get(*place).ok_or_else(|| self.damaged("a column is missing"))?;
            let (start, length) = column.byte_range();
            let end = start.checked_add(length).filter(|end| *end <= self.len);
            let end = end.ok_or_else(|| self.damaged("a column goes beyond its end"))?;
            if column.uncompressed_size() > COLUMN_CAP || column.num_values() != group.num_rows() {
                return Err(self.damaged("a column has another length than the rest"));
            }
            chunks.push((column.clone(), start..end));
        }
        let rows = usize::try_from(group.num_rows()).unwrap_or_default();
        let bytes = self.read_ranges(&chunks.iter().map(|(_, range)| range.clone()).collect::<Vec<_>>())?;
        let open = |((column, range), bytes): (&(_, Range<u64>), Bytes)| {
            let column: &parquet::file::metadata::ColumnChunkMetaData = column;
            check_pages_bytes(&bytes, rows as u64).map_err(|error| self.damaged(error.to_string()))?;
            let chunk = Arc::new(Chunk { start: range.start, bytes });
            let pages = SerializedPageReader::new(chunk, column, rows, None);
            let pages = pages.map_err(|error| self.damaged(error.to_string()))?;
            Ok((column.column_descr_ptr(), Box::new(pages) as Box<dyn PageReader>))
        };
        chunks.iter().zip(bytes).map(open).collect()
    }

    /// Reads spans of the file; those that stand close together at once.
    fn read_ranges(&mut self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, LedgerError> {
        let mut order: Vec<usize> = (0..ranges.len()).collect();
        order.sort_by_key(|&at| ranges[at].start);
        let mut read = vec![Bytes::new(); ranges.len()];
        let mut rest = order.as_slice();
        while let Some(&first) = rest.first() {
            let start = ranges[first].start;
            let mut end = ranges[first].end;
            let mut count = 1;
            while let Some(&next) = rest.get(count).filter(|&&next| ranges[next].start <= end + GAP_BYTES) {
                end = end.max(ranges[next].end);
                count += 1;
            }
            let whole = Bytes::from(
                read_span(&mut self.file, start, end - start).map_err(|error| self.unread(error))?,
            );
            for &at in &rest[..count] {
                let inner = ranges[at].start - start..ranges[at].end - start;
                read[at] = whole.slice(inner.start as usize..inner.end as usize);
            }
            rest = &rest[count..];
        }
        Ok(read)
    }

    fn unread(&self, error: io::Error) -> LedgerError {
        LedgerError::io("read", &self.path)(error)
    }
}

/// What a reader makes of a file, or the error that it is damaged where the reader panics.
pub(super) fn unharmed<T>(
    path: &Path,
    read: impl FnOnce() -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let read = guarded("Parquet file", || Ok(read()));
    read.unwrap_or_else(|error| Err(LedgerError::damaged(path, error.to_string())))
}

fn read_span(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    // The span lies within the length of the file, so that no more room is made than that.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The footer of a file.
fn read_footer(path: &Path, file: &mut File, len: u64) -> Result<Bytes, LedgerError> {
    let unread = |error| LedgerError::io("read", path)(error);
    let damaged = || LedgerError::damaged(path, "expected a Parquet file with its footer");
    let tail_start = len.saturating_sub(TAIL_BYTES);
    let tail = Bytes::from(read_span(file, tail_start, len - tail_start).map_err(unread)?);
    let split = tail.len().checked_sub(END_BYTES as usize).ok_or_else(damaged)?;
    let (length, magic) = tail[split..].split_at(4);
    if magic != MAGIC {
        return Err(damaged());
    }
    let length = u64::from(length.try_into().map_or(0, u32::from_le_bytes));
    let start = (len - END_BYTES).checked_sub(length).ok_or_else(damaged)?;
    match start.checked_sub(tail_start) {
        Some(start) => Ok(tail.slice(start as usize..split)),
        None => read_span(file, start, length).map(Bytes::from).map_err(unread),
    }
}

/// Whether a field is read as another.
fn is_same(found: &TypePtr, wanted: &TypePtr) -> bool {
    let (one, two) = (found.get_basic_info(), wanted.get_basic_info());
    let length = |field: &TypePtr| match field.as_ref() {
        parquet::schema::types::Type::PrimitiveType { type_length, .. } => *type_length,
        parquet::schema::types::Type::GroupType { .. } => 0,
    };
    found.is_primitive()
        && found.get_physical_type() == wanted.get_physical_type()
        && length(found) == length(wanted)
        && one.repetition() == two.repetition()
        && one.logical_type_ref() == two.logical_type_ref()
}

/// A column in memory, for a reader that asks by places in the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at <= self.bytes.len());
        at.map(|at| self.bytes.slice(at..)).ok_or_else(beyond)
    }
}

fn beyond() -> ParquetError {
    ParquetError::General("a page goes beyond its column".to_owned())
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start.saturating_add(self.bytes.len() as u64)
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let rest = self.from(start)?;
        if length > rest.len() { Err(beyond()) } else { Ok(rest.slice(..length)) }
    }
}
