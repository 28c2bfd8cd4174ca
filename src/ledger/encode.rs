//! Writing rows as a Parquet file, with its digest and sums. The same rows make the same bytes.
//!
//! Which columns there are is left to the tables, where files stand to `transaction`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use sha2::{Digest, Sha256};

use super::error::LedgerError;
use super::manifest::Sums;
use super::schema::{Cell, Column, Kind, Table, Type, VERSION, parquet_schema};

/// Rows that are read and held together: few enough to be held, enough to be packed well.
pub(super) const GROUP_ROWS: usize = 128 * 1024;
/// Bytes of the dictionary of a column. So many that a group of rows stays below it: `vectors` counts on texts that
/// are stored once each.
const DICTIONARY_CAP: usize = 1 << 30;
/// Keys of what each file says of itself.
pub(super) const VERSION_KEY: &str = "relaymeter.ledger.version";
pub(super) const KIND_KEY: &str = "relaymeter.kind";
const PROGRAM_KEY: &str = "relaymeter.version";

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) sums: Sums,
}

/// Writes rows, in their order, to a new file and waits until it is on disk.
pub(super) fn write_file<R: Table>(path: &Path, kind: Kind, rows: &[R]) -> Result<Written, LedgerError> {
    write_packed(path, kind, rows, Compression::ZSTD(ZstdLevel::default()))
}

fn write_packed<R: Table>(
    path: &Path,
    kind: Kind,
    rows: &[R],
    packing: Compression,
) -> Result<Written, LedgerError> {
    let failed = |error| LedgerError::Io { verb: "written", path: path.to_owned(), cause: as_io(error) };
    let file = File::create(path).map_err(LedgerError::io("written", path))?;
    let hashing = Hashing { file: BufWriter::new(file), hash: Sha256::new(), bytes: 0 };
    let schema = parquet_schema::<R>(kind).map_err(failed)?;
    let mut writer = SerializedFileWriter::new(hashing, schema, Arc::new(properties::<R>(kind, packing)))
        .map_err(failed)?;
    let mut buffers: Vec<Buffer> = R::columns().iter().map(Buffer::new).collect();
    for group in rows.chunks(GROUP_ROWS) {
        for row in group {
            let columns = R::columns().iter().zip(&mut buffers);
            columns.for_each(|(column, buffer)| buffer.push((column.get)(row)));
        }
        let mut writer = writer.next_row_group().map_err(failed)?;
        buffers.iter_mut().try_for_each(|buffer| buffer.write(&mut writer)).map_err(failed)?;
        writer.close().map_err(failed)?;
    }
    let Hashing { file, hash, bytes } = writer.into_inner().map_err(failed)?;
    let file = file.into_inner().map_err(|error| LedgerError::io("written", path)(error.into_error()))?;
    file.sync_all().map_err(LedgerError::io("written", path))?;
    let mut sums = Sums::default();
    rows.iter().for_each(|row| row.add_to(&mut sums));
    Ok(Written { bytes, sha256: hex(&hash.finalize()), sums })
}

fn as_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn properties<R: Table>(kind: Kind, packing: Compression) -> WriterProperties {
    let says = |key: &str, value: String| KeyValue { key: key.to_owned(), value: Some(value) };
    let mut properties = WriterProperties::builder()
        .set_compression(packing)
        .set_dictionary_page_size_limit(DICTIONARY_CAP)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(None)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(vec![
            says(VERSION_KEY, VERSION.to_string()),
            says(KIND_KEY, kind.name().to_owned()),
            says(PROGRAM_KEY, env!("CARGO_PKG_VERSION").to_owned()),
        ]));
    for column in R::columns().iter().filter(|column| !column.repeats()) {
        properties = properties
            .set_column_dictionary_enabled(column.name.into(), false)
            .set_column_statistics_enabled(column.name.into(), EnabledStatistics::None);
    }
    properties.build()
}

/// Counts and digests what passes.
struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The values of a column in a group of rows.
struct Buffer {
    values: Values,
    /// 1 for each value, 0 for each that is missing; only where some may be.
    present: Option<Vec<i16>>,
}

enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Bool(Vec<bool>),
    /// Texts, bytes and digests: all bytes, and from where to where each value goes.
    Spans {
        bytes: Vec<u8>,
        spans: Vec<(usize, usize)>,
        fixed: bool,
    },
}

impl Buffer {
    fn new<R>(column: &Column<R>) -> Buffer {
        let values = match column.holds {
            Type::Int32 => Values::Int32(Vec::new()),
            Type::Int64 | Type::Time => Values::Int64(Vec::new()),
            Type::Bool => Values::Bool(Vec::new()),
            Type::Text | Type::Bytes => Values::Spans { bytes: Vec::new(), spans: Vec::new(), fixed: false },
            Type::Digest => Values::Spans { bytes: Vec::new(), spans: Vec::new(), fixed: true },
        };
        Buffer { values, present: column.nullable.then(Vec::new) }
    }

    fn push(&mut self, cell: Cell) {
        if let Some(present) = &mut self.present {
            present.push(i16::from(cell != Cell::Null));
            if cell == Cell::Null {
                return;
            }
        }
        match (&mut self.values, cell) {
            // What is no number of 32 bits is no leg or status either; it does not occur.
            (Values::Int32(values), Cell::Int(value)) => {
                values.push(i32::try_from(value).unwrap_or(i32::MAX))
            }
            (Values::Int64(values), Cell::Int(value)) => values.push(value),
            (Values::Bool(values), Cell::Bool(value)) => values.push(value),
            (Values::Spans { bytes, spans, .. }, Cell::Text(text)) => span(bytes, spans, text.as_bytes()),
            (Values::Spans { bytes, spans, .. }, Cell::Bytes(value)) => span(bytes, spans, &value),
            (Values::Spans { bytes, spans, .. }, Cell::Digest(value)) => {
                span(bytes, spans, &value.to_be_bytes())
            }
            // The tables give each column cells of its own type: a test goes over all of them.
            _ => {}
        }
    }

    /// Writes what was pushed as the next column, and begins anew.
    fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<W>,
    ) -> Result<(), ParquetError> {
        let column = group.next_column()?;
        let mut column = column.ok_or_else(|| ParquetError::General("no column is left".to_owned()))?;
        self.write_values(&mut column)?;
        if let Some(present) = &mut self.present {
            present.clear();
        }
        column.close()
    }

    fn write_values(&mut self, column: &mut SerializedColumnWriter) -> Result<(), ParquetError> {
        let present = self.present.as_deref();
        match &mut self.values {
            Values::Int32(values) => {
                column.typed::<Int32Type>().write_batch(values, present, None)?;
                values.clear();
            }
            Values::Int64(values) => {
                column.typed::<Int64Type>().write_batch(values, present, None)?;
                values.clear();
            }
            Values::Bool(values) => {
                column.typed::<BoolType>().write_batch(values, present, None)?;
                values.clear();
            }
            Values::Spans { bytes, spans, fixed } => {
                let bytes = Bytes::from(std::mem::take(bytes));
                let values = spans.drain(..).map(|(start, end)| ByteArray::from(bytes.slice(start..end)));
                if *fixed {
                    let values: Vec<FixedLenByteArray> = values.map(FixedLenByteArray::from).collect();
                    column.typed::<FixedLenByteArrayType>().write_batch(&values, present, None)?;
                } else {
                    let values: Vec<ByteArray> = values.collect();
                    column.typed::<ByteArrayType>().write_batch(&values, present, None)?;
                }
            }
        }
        Ok(())
    }
}

/// Adds a value; one that is the same as the one before takes no room.
fn span(bytes: &mut Vec<u8>, spans: &mut Vec<(usize, usize)>, value: &[u8]) {
    if let Some(&(start, end)) = spans.last()
        && bytes.get(start..end) == Some(value)
    {
        spans.push((start, end));
        return;
    }
    let start = bytes.len();
    bytes.extend_from_slice(value);
    spans.push((start, bytes.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::decode::read_file;
    use crate::ledger::probe::{START, submission};
    use crate::ledger::row::SubmissionRow;
    use crate::ledger::submissions::Identity;
    use crate::ledger::vectors::read_vectors;
    use crate::period::Timestamp;
    use std::time::Instant;

    /// A message as a busy relay has them: few senders and hosts, sizes and recipients that vary.
    fn realistic(number: u64) -> SubmissionRow {
        let mixed =
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mut row = submission(number);
        row.key = (u128::from(mixed) << 64) | u128::from(mixed.wrapping_mul(0xff51_afd7_ed55_8ccd));
        row.thread = Some(mixed.rotate_left(17));
        row.time = Timestamp::from_seconds(START + (number * 86_400 / 1_000_000).cast_signed());
        row.last = Timestamp::from_seconds(row.time.seconds() + (mixed >> 40).cast_signed() % 9);
        row.message_size = Some(2_000 + (mixed >> 33) % 90_000);
        row.sender = Some(format!("app{}@dept{}.example.com", (mixed >> 20) % 400, (mixed >> 20) % 12));
        row.client.name = Some(format!("host{}.example.com", (mixed >> 12) % 60));
        row.line = number * 9 + mixed % 5;
        row.addressees.iter_mut().for_each(|addressee| addressee.hash = mixed.rotate_left(41));
        row
    }

    /// Bytes a row and rows a second, to be looked at: `cargo test --release speed -- --ignored --nocapture`.
    #[test]
    #[ignore = "measures"]
    fn speed_and_size_of_a_million_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let rows: Vec<SubmissionRow> = (0..1_000_000).map(realistic).collect();
        for packing in [
            Compression::ZSTD(ZstdLevel::try_new(1).unwrap()),
            Compression::ZSTD(ZstdLevel::try_new(3).unwrap()),
            Compression::SNAPPY,
            Compression::UNCOMPRESSED,
        ] {
            let start = Instant::now();
            let written = write_packed(&path, Kind::Submissions, &rows, packing).unwrap();
            let write = start.elapsed();
            let start = Instant::now();
            let read: Vec<SubmissionRow> = read_file(&path, Kind::Submissions, 1_000_000).unwrap();
            let whole = start.elapsed();
            assert_eq!(read.len(), rows.len());
            let start = Instant::now();
            let read: Vec<Identity> = read_file(&path, Kind::Submissions, 1_000_000).unwrap();
            let identities = start.elapsed();
            assert_eq!(read.len(), rows.len());
            let names = [
                "time",
                "messages",
                "message_size",
                "size_quality",
                "recipients_delivered",
                "recipients_open",
                "recipients_bounced",
                "recipients_filtered",
                "recipients_unknown",
                "recipients_upper",
                "sender",
                "client_name",
                "client_ip",
                "client_user",
                "connector",
                "traffic",
                "records",
                "time_quality",
            ];
            let start = Instant::now();
            let read = read_vectors::<SubmissionRow>(&path, Kind::Submissions, 1_000_000, &names).unwrap();
            let vectors = start.elapsed();
            assert_eq!(read.iter().map(crate::ledger::Vectors::rows).sum::<usize>(), rows.len());
            let start = Instant::now();
            let few = ["time", "messages", "message_size", "recipients_delivered", "sender"];
            read_vectors::<SubmissionRow>(&path, Kind::Submissions, 1_000_000, &few).unwrap();
            let bytes = written.bytes / 1_000_000;
            println!(
                "{packing}: {bytes} bytes a row; write {write:?}, rows {whole:?}, identities {identities:?}, 18 columns {vectors:?}, 5 columns {:?}",
                start.elapsed()
            );
        }
    }
}
