//! Rows of Parquet files as CSV, column names first. Numbers keep all their digits, times are ISO 8601 in UTC.
//!
//! Which column means what is left to the formats.

use std::io;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use parquet::data_type::{AsBytes, Decimal as ParquetDecimal};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use rust_decimal::Decimal;

use super::announced::{check_pages, check_schema};
use super::section::{Section, SectionReader};
use super::table::CsvText;
use crate::ingest::double::{shortest, shortest_single};

/// What a Parquet file begins and ends with.
pub(super) const MAGIC: &[u8] = b"PAR1";
/// Bytes to which the values of a column within a group of rows may expand; writers keep whole groups below 128 MiB.
const COLUMN_CAP: i64 = 256 * 1024 * 1024;
/// Columns that are read; the widest schema of a cost export has some 110.
const WIDTH_CAP: usize = 2_000;

/// Writes the table as CSV.
pub(super) fn write_rows(file: &Section, text: &mut CsvText) -> io::Result<()> {
    check_schema(file)?;
    let reader = SerializedFileReader::new(Chunks(file.clone())).map_err(damaged)?;
    check_sizes(&reader)?;
    for column in reader.metadata().row_groups().iter().flat_map(|group| group.columns()) {
        check_pages(file, column.byte_range(), u64::try_from(column.num_values()).unwrap_or_default())?;
    }
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let columns = schema.root_schema().get_fields();
    for (at, column) in columns.iter().enumerate() {
        text.cell(at == 0, column.name())?;
    }
    text.end_line()?;
    for row in RowIter::from_file_into(Box::new(reader)) {
        for (at, (_, field)) in row.map_err(damaged)?.get_column_iter().enumerate() {
            text.cell(at == 0, &shown(field)?)?;
        }
        text.end_line()?;
    }
    Ok(())
}

/// Refuses what no writer makes: a small file would take gigabytes.
fn check_sizes(reader: &SerializedFileReader<Chunks>) -> io::Result<()> {
    let metadata = reader.metadata();
    let width = metadata.file_metadata().schema_descr().num_columns();
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    if width > WIDTH_CAP || columns.clone().any(|column| column.uncompressed_size() > COLUMN_CAP) {
        return Err(io::Error::other(format!(
            "the Parquet file has more than {WIDTH_CAP} columns, or one of more than {} MiB in a group of rows: refused",
            COLUMN_CAP >> 20
        )));
    }
    Ok(())
}

fn damaged(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(format!("the Parquet file is damaged: {error}")),
        },
        error => io::Error::other(format!("the Parquet file is damaged: {error}")),
    }
}

/// A value as CSV has it.
fn shown(field: &Field) -> io::Result<String> {
    Ok(match field {
        Field::Null => String::new(),
        Field::Float(value) => shortest_single(*value),
        Field::Double(value) => shortest(*value),
        Field::Decimal(value) => decimal(value)?,
        Field::Str(value) => value.clone(),
        Field::Bytes(value) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        Field::Date(days) => NaiveDate::default()
            .checked_add_signed(chrono::TimeDelta::days(i64::from(*days)))
            .map_or_else(String::new, |date| date.to_string()),
        Field::TimestampMillis(time) => instant(DateTime::from_timestamp_millis(*time))?,
        Field::TimestampMicros(time) => instant(DateTime::from_timestamp_micros(*time))?,
        other => other.to_string(),
    })
}

fn instant(time: Option<DateTime<chrono::Utc>>) -> io::Result<String> {
    let time = time.ok_or_else(|| io::Error::other("the Parquet file holds a time beyond the calendar"))?;
    Ok(time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
}

/// A decimal with all its digits; an error beyond the 28 that the program calculates with.
fn decimal(value: &ParquetDecimal) -> io::Result<String> {
    let beyond = || io::Error::other("the Parquet file holds a decimal of more than 28 digits");
    let bytes = value.data();
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut number = if negative { -1_i128 } else { 0 };
    for byte in bytes {
        number = number
            .checked_mul(256)
            .and_then(|number| number.checked_add(i128::from(*byte)))
            .ok_or_else(beyond)?;
    }
    let scale = u32::try_from(value.scale()).map_err(|_| beyond())?;
    Decimal::try_from_i128_with_scale(number, scale).map(|number| number.to_string()).map_err(|_| beyond())
}

/// The file for the reader, which asks for its parts.
#[derive(Clone)]
struct Chunks(Section);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Chunks {
    type T = SectionReader;

    fn get_read(&self, start: u64) -> Result<SectionReader, ParquetError> {
        let rest = self.0.len().saturating_sub(start);
        self.0.part(start, rest).reader().map_err(external)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::new();
        let mut reader = self.0.part(start, length as u64).reader().map_err(external)?;
        io::Read::read_to_end(&mut reader, &mut bytes).map_err(external)?;
        Ok(bytes.into())
    }
}

fn external(error: io::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use crate::ingest::source::discover;
    use parquet::data_type::{
        ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
    };
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::io::{Read, Write};
    use std::sync::Arc;

    fn table() -> Vec<u8> {
        let schema = "message charges {
            REQUIRED INT64 time (TIMESTAMP(MICROS, true));
            OPTIONAL BYTE_ARRAY meter (UTF8);
            REQUIRED FIXED_LEN_BYTE_ARRAY(9) cost (DECIMAL(20, 10));
            REQUIRED DOUBLE size;
        }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut file = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut file, schema, Arc::new(WriterProperties::default())).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[1_790_858_096_123_000, 0], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let meter = [ByteArray::from("Basic \"Sent\", Email")];
        column.typed::<ByteArrayType>().write_batch(&meter, Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let cost = |number: i128| FixedLenByteArray::from(number.to_be_bytes()[7..].to_vec());
        let costs = [cost(-12_345_678_901_234_567_890), cost(25)];
        column.typed::<FixedLenByteArrayType>().write_batch(&costs, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[0.026_019, 2.0], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        file
    }

    fn read(file: &[u8]) -> Result<String, String> {
        let mut saved = tempfile::NamedTempFile::new().unwrap();
        saved.write_all(file).unwrap();
        let mut found = discover(&[saved.path()]).map_err(|error| error.to_string())?.inputs;
        let mut text = String::new();
        let mut stream = found[0].open().map_err(|error| error.to_string())?;
        stream.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    const ROWS: &str = "time,meter,cost,size\n\
                        2026-10-01T12:34:56.123Z,\"Basic \"\"Sent\"\", Email\",-1234567890.1234567890,0.026019\n\
                        1970-01-01T00:00:00Z,,0.0000000025,2\n";

    #[test]
    fn rows_keep_all_their_digits() {
        assert_eq!(read(&table()).unwrap(), ROWS);
    }

    #[test]
    fn a_packed_table_is_read_as_well() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&table()).unwrap();
        assert_eq!(read(&packed.finish().unwrap()).unwrap(), ROWS);
    }

    #[test]
    fn damage_in_any_byte_ends_in_rows_or_in_an_error_that_says_so() {
        let whole = table();
        for at in 4..whole.len() - 4 {
            for value in [0, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                if let Err(error) = read(&damaged) {
                    assert!(error.contains("the Parquet file "), "byte {at} as {value}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_dictionary_without_end_is_refused_before_there_is_room_for_it() {
        let mut file = table();
        // The header of a dictionary with two values, and the same with two thousand million.
        let two = file.windows(3).position(|bytes| bytes == [0x4c, 0x15, 4]).unwrap();
        file.splice(two..two + 3, [0x4c, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f]);
        let error = read(&file).unwrap_err();
        assert_eq!(error, "the Parquet file is damaged: its headers contradict each other");
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let whole = table();
        for cut in [4, 100, whole.len() / 2, whole.len() - 1] {
            let error = read(&whole[..cut]).unwrap_err();
            assert!(error.starts_with("the Parquet file is damaged: "), "{error}");
        }
    }
}
