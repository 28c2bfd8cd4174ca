//! What a file of the ledger holds: kinds of rows, and for each kind one table of columns with their types, units and
//! meanings, from which the Parquet schema, the writing and reading of rows and the README of the folder are made.
//!
//! The tables themselves stand beside the rows: `submissions`, `summaries`, `charges`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use chrono::NaiveDate;
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type as ParquetType, TypePtr};

use super::manifest::Sums;
use crate::period::Timestamp;

/// The version of the folder and its files; a change that an older program would misread makes it greater.
pub const VERSION: u64 = 1;

/// What rows a file holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Messages, one row each.
    Submissions,
    /// Messages that a source counted for a window.
    Summaries,
    /// Lines of invoices and cost exports.
    Charges,
    /// Messages that do not count yet, because the log broke off before they were accepted or ended.
    Unfinished,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Kind; 4] = [Kind::Submissions, Kind::Summaries, Kind::Charges, Kind::Unfinished];

    /// The word in files and folders.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Submissions => "submissions",
            Kind::Summaries => "summaries",
            Kind::Charges => "charges",
            Kind::Unfinished => "unfinished",
        }
    }

    /// The kind of a word.
    pub fn of_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where its files stand below the ledger.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Unfinished => "state/unfinished",
            other => other.name(),
        }
    }

    /// Whether it has a folder for each day.
    pub fn is_by_day(self) -> bool {
        self != Kind::Unfinished
    }
}

/// How values of a column are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Type {
    /// 16 bytes, big end first.
    Digest,
    /// A whole number below 2^31.
    Int32,
    /// A whole number.
    Int64,
    /// Microseconds since 1970 in UTC.
    Time,
    /// UTF-8.
    Text,
    /// Bytes that only the program reads.
    Bytes,
    /// Yes or no.
    Bool,
}

impl Type {
    /// The words of Parquet for it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Type::Digest => "FIXED_LEN_BYTE_ARRAY(16)",
            Type::Int32 => "INT32",
            Type::Int64 => "INT64",
            Type::Time => "INT64, TIMESTAMP(MICROS, UTC)",
            Type::Text => "BYTE_ARRAY, STRING",
            Type::Bytes => "BYTE_ARRAY",
            Type::Bool => "BOOLEAN",
        }
    }

    fn physical(self) -> Physical {
        match self {
            Type::Digest => Physical::FIXED_LEN_BYTE_ARRAY,
            Type::Int32 => Physical::INT32,
            Type::Int64 | Type::Time => Physical::INT64,
            Type::Text | Type::Bytes => Physical::BYTE_ARRAY,
            Type::Bool => Physical::BOOLEAN,
        }
    }
}

/// A value on its way between a row and a column.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cell<'a> {
    Null,
    Digest(u128),
    /// Of `Int32`, `Int64` and `Time`.
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Bool(bool),
}

impl<'a> Cell<'a> {
    /// A count; what has 64 bits is stored with its sign.
    pub(super) fn count(number: u64) -> Cell<'a> {
        Cell::Int(number.cast_signed())
    }

    /// A count where there is one.
    pub(super) fn maybe_count(number: Option<u64>) -> Cell<'a> {
        number.map_or(Cell::Null, Cell::count)
    }

    pub(super) fn time(time: Timestamp) -> Cell<'a> {
        Cell::Int(time.seconds() * MICROS)
    }

    pub(super) fn text(text: &'a str) -> Cell<'a> {
        Cell::Text(Cow::Borrowed(text))
    }

    pub(super) fn maybe_text(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Null, Cell::text)
    }

    /// Something by its text.
    pub(super) fn shown(value: Option<impl ToString>) -> Cell<'a> {
        value.map_or(Cell::Null, |value| Cell::Text(Cow::Owned(value.to_string())))
    }

    pub(super) fn as_count(&self) -> Option<u64> {
        match self {
            Cell::Int(number) => Some(number.cast_unsigned()),
            _ => None,
        }
    }

    pub(super) fn as_maybe_count(&self) -> Option<Option<u64>> {
        match self {
            Cell::Null => Some(None),
            other => other.as_count().map(Some),
        }
    }

    pub(super) fn as_digest(&self) -> Option<u128> {
        match self {
            Cell::Digest(digest) => Some(*digest),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Cell::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn as_time(&self) -> Option<Timestamp> {
        match self {
            Cell::Int(micros) if micros % MICROS == 0 => Some(Timestamp::from_seconds(micros / MICROS)),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_maybe_text(&self) -> Option<Option<&str>> {
        match self {
            Cell::Null => Some(None),
            other => other.as_text().map(Some),
        }
    }
}

/// Microseconds in a second.
pub(super) const MICROS: i64 = 1_000_000;

/// A column of rows of one type.
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    pub(super) holds: Type,
    /// Whether values may be missing.
    pub(super) nullable: bool,
    /// What a number counts; empty where there is nothing to say.
    pub(super) unit: &'static str,
    /// What it means, for the README.
    pub(super) meaning: &'static str,
    pub(super) get: Get<R>,
    pub(super) set: Set<R>,
}

/// Takes the value of a column out of a row.
type Get<R> = for<'a> fn(&'a R) -> Cell<'a>;
/// Puts the value of a column into a row; `None`: it is no value of this column.
type Set<R> = for<'a> fn(&mut R, &Cell<'a>) -> Option<()>;

impl<R> Column<R> {
    /// A column without missing values.
    pub(super) fn new(
        name: &'static str,
        holds: Type,
        unit: &'static str,
        meaning: &'static str,
        get: Get<R>,
        set: Set<R>,
    ) -> Column<R> {
        Column { name, holds, nullable: false, unit, meaning, get, set }
    }

    /// The same with missing values.
    pub(super) fn or_null(self) -> Column<R> {
        Column { nullable: true, ..self }
    }

    /// Whether values come again so often that they are stored once each.
    pub(super) fn repeats(&self) -> bool {
        !matches!(self.holds, Type::Digest | Type::Bytes) && self.name != "thread"
    }
}

/// Rows that have a table of columns.
pub(super) trait Table: Sized + 'static {
    /// The columns, in the order of the file.
    fn columns() -> &'static [Column<Self>];
    /// A row to be filled in.
    fn empty() -> Self;
    /// The order within a file.
    fn order(&self, other: &Self) -> Ordering;
    /// The instant whose day is the file's.
    fn time(&self) -> Timestamp;
    /// Adds it to the sums of a file.
    fn add_to(&self, sums: &mut Sums);

    /// The day of the file that holds it.
    fn day(&self) -> NaiveDate {
        self.time().date()
    }
}

/// The Parquet schema of a kind.
pub(super) fn parquet_schema<R: Table>(kind: Kind) -> Result<TypePtr, ParquetError> {
    let fields = R::columns().iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(ParquetType::group_type_builder(kind.name()).with_fields(fields).build()?))
}

fn field<R>(column: &Column<R>) -> Result<TypePtr, ParquetError> {
    let repetition = if column.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let builder =
        ParquetType::primitive_type_builder(column.name, column.holds.physical()).with_repetition(repetition);
    let builder = match column.holds {
        Type::Digest => builder.with_length(16),
        Type::Text => {
            builder.with_logical_type(Some(LogicalType::String)).with_converted_type(ConvertedType::UTF8)
        }
        Type::Time => builder.with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        _ => builder,
    };
    Ok(Arc::new(builder.build()?))
}
