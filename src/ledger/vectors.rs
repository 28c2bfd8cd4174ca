//! Reading columns as vectors of numbers, texts as numbers of a list that has each text once: the way to hand millions
//! of rows over without a text for each.
//!
//! Rows as a whole are read in `decode`.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use parquet::basic::{Encoding, Repetition, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{BoolType, DataType, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type as ParquetType};

use super::error::LedgerError;
use super::file::{LedgerFile, Only, unharmed};
use super::schema::{Column, Kind, MICROS, Table, Type};

/// The number of a text that is missing.
pub const NO_TEXT: u32 = u32::MAX;

/// Columns of a group of rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Vectors {
    rows: usize,
    numbers: BTreeMap<&'static str, Numbers>,
    texts: BTreeMap<&'static str, Texts>,
    digests: BTreeMap<&'static str, Vec<u128>>,
}

/// A column of numbers: counts, seconds since 1970 for times, 1 and 0 for yes and no.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbers {
    /// One for each row, or only one where it is the same in all; 0 where it is missing. What has 64 bits is held with
    /// its sign.
    values: Vec<i64>,
    /// Whether the value of each row is missing, or of all rows; empty where none is.
    missing: Vec<bool>,
}

impl Numbers {
    /// The number of a row; 0 where it is missing.
    pub fn value(&self, at: usize) -> i64 {
        each(&self.values, at).unwrap_or_default()
    }

    /// Whether the number of a row is missing.
    pub fn is_missing(&self, at: usize) -> bool {
        each(&self.missing, at).unwrap_or_default()
    }

    /// The number of all rows, where it is the same in all.
    pub fn only(&self) -> Option<i64> {
        if let [only] = self.values[..] { Some(only) } else { None }
    }
}

/// What a row has, or what all rows have.
pub(super) fn each<T: Copy>(values: &[T], at: usize) -> Option<T> {
    if let [only] = values { Some(*only) } else { values.get(at).copied() }
}

/// A column of texts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Texts {
    /// Each text once.
    pub list: Vec<Box<str>>,
    /// For each row the place of its text in the list, or only one where all rows have the same; [`NO_TEXT`] where it
    /// is missing.
    pub places: Vec<u32>,
}

impl Texts {
    /// The place of a row's text in the list; [`NO_TEXT`] where it is missing.
    pub fn place(&self, at: usize) -> u32 {
        each(&self.places, at).unwrap_or(NO_TEXT)
    }
}

impl Vectors {
    /// Rows of the group.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A column of numbers that was asked for.
    pub fn numbers(&self, name: &str) -> Option<&Numbers> {
        self.numbers.get(name)
    }

    /// A column of texts that was asked for.
    pub fn texts(&self, name: &str) -> Option<&Texts> {
        self.texts.get(name)
    }

    /// A column of digests that was asked for.
    pub fn digests(&self, name: &str) -> Option<&[u128]> {
        self.digests.get(name).map(Vec::as_slice)
    }
}

impl Vectors {
    /// Takes a column of numbers out; none where it was not asked for.
    pub(super) fn take_numbers(&mut self, name: &str) -> Numbers {
        self.numbers.remove(name).unwrap_or_default()
    }

    /// Takes a column of texts out; none where it was not asked for.
    pub(super) fn take_texts(&mut self, name: &str) -> Texts {
        self.texts.remove(name).unwrap_or_default()
    }

    /// Takes a column of digests out; none where it was not asked for.
    pub(super) fn take_digests(&mut self, name: &str) -> Vec<u128> {
        self.digests.remove(name).unwrap_or_default()
    }
}

/// Reads columns by their names; names that the rows do not have are left out.
pub(super) fn read_vectors<R: Table>(
    path: &Path,
    kind: Kind,
    expected: u64,
    names: &[&str],
) -> Result<Vec<Vectors>, LedgerError> {
    unharmed(path, || {
        let mut file = LedgerFile::open(path, kind)?;
        let columns: Vec<&'static Column<R>> =
            R::columns().iter().filter(|column| names.contains(&column.name)).collect();
        let places = file.places(kind, &columns)?;
        let groups = file.groups();
        let found: usize = groups.iter().sum();
        if found as u64 != expected {
            return Err(
                file.damaged(format!("it has {found} rows: expected {expected}, as the manifest says"))
            );
        }
        let mut read = Vec::with_capacity(groups.len());
        for (at, rows) in groups.into_iter().enumerate() {
            let mut vectors = Vectors { rows, ..Vectors::default() };
            let (mut various, mut their_places) = (Vec::new(), Vec::new());
            for (column, &place) in columns.iter().zip(&places) {
                match file.only_value(at, place) {
                    Some(only) if vectors.fill(column, &only) => {}
                    _ => {
                        various.push(column);
                        their_places.push(place);
                    }
                }
            }
            for (column, (about, pages)) in various.iter().zip(file.read_group(at, &their_places)?) {
                let done = vectors.read(column, about, pages);
                done.map_err(|error| file.damaged(format!("column '{}': {error}", column.name)))?;
            }
            read.push(vectors);
        }
        Ok(read)
    })
}

impl Vectors {
    /// Notes that a column has the same in all rows; `false` where it holds something else than that.
    fn fill<R>(&mut self, column: &'static Column<R>, only: &Only) -> bool {
        let name = column.name;
        match (column.holds, only) {
            (Type::Int64 | Type::Int32 | Type::Time, Only::Missing) => {
                self.numbers.insert(name, Numbers { values: vec![0], missing: vec![true] });
            }
            (Type::Int64 | Type::Int32, Only::Number(number)) => {
                self.numbers.insert(name, Numbers { values: vec![*number], missing: Vec::new() });
            }
            (Type::Text, Only::Missing) => {
                self.texts.insert(name, Texts { list: Vec::new(), places: vec![NO_TEXT] });
            }
            (Type::Text, Only::Text(text)) => {
                self.texts.insert(name, Texts { list: vec![text.clone()], places: vec![0] });
            }
            _ => return false,
        }
        true
    }

    fn read<R>(
        &mut self,
        column: &'static Column<R>,
        about: ColumnDescPtr,
        pages: Box<dyn PageReader>,
    ) -> Result<(), ParquetError> {
        let (name, rows) = (column.name, self.rows);
        match column.holds {
            Type::Int64 | Type::Time => {
                let (mut values, levels) = all::<Int64Type>(about, pages, rows)?;
                if column.holds == Type::Time {
                    values.iter_mut().for_each(|value| *value /= MICROS);
                }
                self.numbers.insert(name, numbers(values, &levels, rows));
            }
            Type::Int32 => {
                let (values, levels) = all::<Int32Type>(about, pages, rows)?;
                let values = values.into_iter().map(i64::from).collect();
                self.numbers.insert(name, numbers(values, &levels, rows));
            }
            Type::Bool => {
                let (values, levels) = all::<BoolType>(about, pages, rows)?;
                let values = values.into_iter().map(i64::from).collect();
                self.numbers.insert(name, numbers(values, &levels, rows));
            }
            Type::Digest => {
                let (values, _) = all::<FixedLenByteArrayType>(about, pages, rows)?;
                let digest = |value: &parquet::data_type::FixedLenByteArray| value.data().try_into().ok();
                let digests = values.iter().map(|value| digest(value).map(u128::from_be_bytes));
                let digests =
                    digests.collect::<Option<_>>().ok_or_else(|| general("a digest of another length"))?;
                self.digests.insert(name, digests);
            }
            Type::Text => drop(self.texts.insert(name, texts(&about, pages, rows)?)),
            Type::Bytes => return Err(general("bytes are read with their rows only")),
        }
        Ok(())
    }
}

fn general(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}

/// All values of a column, and where each may be missing, 1 for each that is there and 0 for each that is not.
fn all<T: DataType>(
    about: ColumnDescPtr,
    pages: Box<dyn PageReader>,
    rows: usize,
) -> Result<(Vec<T::T>, Vec<i16>), ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::new());
    let may_miss = about.max_def_level() > 0;
    let mut reader = ColumnReaderImpl::<T>::new(about, pages);
    let (found, ..) = reader.read_records(rows, may_miss.then_some(&mut levels), None, &mut values)?;
    if found == rows { Ok((values, levels)) } else { Err(general("it ends before the others")) }
}

/// Values with one for each row.
fn numbers(values: Vec<i64>, levels: &[i16], rows: usize) -> Numbers {
    if values.len() == rows {
        return Numbers { values, missing: Vec::new() };
    }
    let missing: Vec<bool> = levels.iter().map(|level| *level == 0).collect();
    let mut known = values.into_iter();
    let value = |missing: &bool| if *missing { 0 } else { known.next().unwrap_or_default() };
    Numbers { values: missing.iter().map(value).collect(), missing }
}

/// Texts by their places in the dictionary that the file has.
fn texts(about: &ColumnDescPtr, pages: Box<dyn PageReader>, rows: usize) -> Result<Texts, ParquetError> {
    let mut pages = TextPages { pages, list: None };
    let list = pages.list()?;
    let (values, levels) = all::<Int32Type>(as_numbers(about)?, Box::new(pages), rows)?;
    let places = if values.len() == rows {
        values.into_iter().map(i32::cast_unsigned).collect()
    } else {
        let mut known = values.into_iter().map(i32::cast_unsigned);
        let place = |level: &i16| if *level == 0 { NO_TEXT } else { known.next().unwrap_or(NO_TEXT) };
        levels.iter().map(place).collect()
    };
    Ok(Texts { list, places })
}

/// The same column as if it held numbers.
fn as_numbers(about: &ColumnDescPtr) -> Result<ColumnDescPtr, ParquetError> {
    let may_miss = about.max_def_level() > 0;
    let repetition = if may_miss { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let field =
        ParquetType::primitive_type_builder(about.name(), Physical::INT32).with_repetition(repetition);
    let path = ColumnPath::new(vec![about.name().to_owned()]);
    let (field, level) = (field.build()?.into(), about.max_def_level());
    Ok(ColumnDescriptor::new(field, level, 0, path).into())
}

/// Pages of a column of texts, in which the dictionary of texts is exchanged for one of their places: so the decoder
/// of numbers gives the places, and nothing is made of the texts.
struct TextPages {
    pages: Box<dyn PageReader>,
    /// The dictionary that comes first.
    list: Option<Page>,
}

impl TextPages {
    /// Takes the texts of the dictionary out.
    fn list(&mut self) -> Result<Vec<Box<str>>, ParquetError> {
        let page = self.pages.get_next_page()?;
        let Some(Page::DictionaryPage { buf, num_values, encoding, is_sorted }) = page else {
            return Err(general("expected a dictionary of its texts"));
        };
        let (mut list, mut rest) = (Vec::new(), &buf[..]);
        for _ in 0..num_values {
            let (text, after) = first_text(rest).ok_or_else(|| general("expected texts as UTF-8"))?;
            list.push(text.into());
            rest = after;
        }
        let places: Vec<u8> = (0..num_values).flat_map(u32::to_le_bytes).collect();
        self.list = Some(Page::DictionaryPage { buf: Bytes::from(places), num_values, encoding, is_sorted });
        Ok(list)
    }
}

/// A text behind its length of four bytes, and what follows.
fn first_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

impl Iterator for TextPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for TextPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        if let Some(list) = self.list.take() {
            return Ok(Some(list));
        }
        let page = self.pages.get_next_page()?;
        let is_coded = page.as_ref().is_none_or(|page| {
            let coded = [Encoding::RLE_DICTIONARY, Encoding::PLAIN_DICTIONARY];
            !page.is_data_page() || coded.contains(&page.encoding())
        });
        if is_coded { Ok(page) } else { Err(general("expected places in its dictionary")) }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        Err(general("pages are read in turn"))
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        Err(general("pages are read in turn"))
    }
}
