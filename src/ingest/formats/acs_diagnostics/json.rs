//! Logs as JSON: lines of a storage account, `records` of an Event Hub, results of queries, and wrappers of log
//! collectors. Only the cells of one row are in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::batch::{Batch, Mark};
use super::columns::{Cells, Column, Kind, column_of};
use super::row::Clock;
use crate::ingest::json::{self, Flat, Gauge, Member, Visit, text_of};

/// Tables and categories that only these logs have.
const MARKS: [&str; 4] = [
    "EmailSendMailOperational",
    "EmailStatusUpdateOperational",
    "EmailUserEngagementOperational",
    "ACSBillingUsage",
];
/// The type of the service's resources, lower case.
const RESOURCE_TYPE: &[u8] = b"microsoft.communication/communicationservices";

/// Whether a head is JSON with the marks of these logs, plain or inside a text.
pub(super) fn is_log(head: &[u8]) -> bool {
    let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    let by_fields = || has("CorrelationId") && (has("UniqueRecipientsCount") || has("DeliveryStatus"));
    let is_other_category = || has("ategory\\\":") || has("ategory\":");
    let is_of_service = || memchr::memmem::find(&head.to_ascii_lowercase(), RESOURCE_TYPE).is_some();
    matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
        && (MARKS.iter().any(|mark| has(mark)) || by_fields() || is_other_category() && is_of_service())
}

/// What a key stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Cell(Column),
    /// The fields of the service, as an object or a text.
    Properties,
    /// Rows, or what holds them.
    Envelope,
    /// The tables of a query's result.
    Tables,
    /// The columns of a table of a query's result, and its rows.
    Columns,
    Rows,
    /// The name of a table.
    Name,
    /// What went wrong with a query.
    Error,
    Other,
}

impl Key {
    fn of(key: &str) -> Key {
        if let Some(column) = column_of(key.as_bytes()) {
            return Key::Cell(column);
        }
        match key {
            "properties" | "Properties" => Key::Properties,
            "columns" | "Columns" => Key::Columns,
            "rows" | "Rows" => Key::Rows,
            "name" | "Name" => Key::Name,
            "error" | "Error" => Key::Error,
            "tables" | "Tables" => Key::Tables,
            "responses" => Key::Envelope,
            _ if json::is_envelope(key) => Key::Envelope,
            _ => Key::Other,
        }
    }
}

/// What the member of a key is in a line without rows inside.
fn member_of(key: &[u8]) -> Member<Column> {
    match std::str::from_utf8(key).map_or(Key::Envelope, Key::of) {
        Key::Cell(column) => Member::Cell(column),
        Key::Properties => Member::Inner,
        Key::Other => Member::Other,
        _ => Member::Strange,
    }
}

/// Reads a key without keeping its text.
struct KeyOf;

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Key, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(Key::of(key))
    }
}

/// The cells of one object, as they stand in the JSON.
#[derive(Default)]
struct Found {
    /// The line on which it begins.
    line: u64,
    cells: Vec<(Column, Box<RawValue>)>,
    /// Whether properties in a text are no JSON.
    has_bad_properties: bool,
}

impl Found {
    /// Whether there is a field that other objects, such as those of log collectors, do not have.
    fn has_mark(&self) -> bool {
        let is_mark = |column: &Column| {
            matches!(column, Column::Correlation | Column::Unique | Column::Status | Column::UsageType)
        };
        self.cells.iter().any(|(column, _)| is_mark(column))
    }
}

/// The fields of the service in an envelope: an object, or a text that holds one.
struct Properties<'f>(&'f mut Found);

impl<'de> DeserializeSeed<'de> for Properties<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Properties<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let found = self.0;
        if text.trim_start().starts_with('{') {
            let mut json = serde_json::Deserializer::from_str(text);
            let read = Properties(&mut *found).deserialize(&mut json).and_then(|()| json.end());
            found.has_bad_properties |= read.is_err();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key_seed(KeyOf)? {
            match key {
                Key::Cell(column) => self.0.cells.push((column, object.next_value()?)),
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Finds rows in the documents of one input.
pub(super) struct Walk<'a> {
    pub(super) found: Batch,
    /// Takes what was found, where that is not done at the end.
    hand_over: Option<&'a mut dyn FnMut(Batch)>,
    gauge: Gauge,
    flat: Flat<Column>,
    rows: u64,
}

impl<'a> Walk<'a> {
    /// A walk that hands over what it finds now and then, or keeps it.
    pub(super) fn new(gauge: Gauge, clock: Clock, hand_over: Option<&'a mut dyn FnMut(Batch)>) -> Walk<'a> {
        Walk { found: Batch::new(clock), hand_over, gauge, flat: Flat::default(), rows: 0 }
    }

    fn take(&mut self, found: &Found, table: Option<Kind>) {
        let cells: Vec<_> = found.cells.iter().map(|(column, raw)| (*column, text_of(raw))).collect();
        match found.has_bad_properties {
            true => self.found.reject(found.line, "the properties are a text that is no JSON".to_owned()),
            false => self.found.row(found.line, table, &cells),
        }
        self.count();
    }

    fn count(&mut self) {
        self.gauge.end_row();
        self.rows += 1;
        if let Some(hand_over) = &mut self.hand_over
            && self.found.is_full()
        {
            hand_over(self.found.take());
        }
    }

    /// What a query could not do makes its result a part of the whole, though it looks like one.
    fn note_error(&mut self, code: &str) {
        let what =
            format!("the result of the query is partial ({code}): rows are missing; run the query again");
        self.found.damage(self.gauge.line(), what);
    }
}

/// The error of a query's result.
#[derive(serde::Deserialize)]
struct QueryError {
    code: Option<String>,
}

/// The code of an error as it may be shown; `None` where it has none, and no tables stand beside it.
fn error_code(error: &RawValue, has_tables: bool) -> Option<String> {
    let error: Option<QueryError> = serde_json::from_str(error.get()).ok();
    let code = error.and_then(|error| error.code);
    let is_word = |code: &String| !code.is_empty() && code.chars().all(char::is_alphanumeric);
    match code.filter(is_word) {
        None if has_tables => Some("without a code".to_owned()),
        code => code,
    }
}

/// A column of a table in a query's result.
#[derive(serde::Deserialize)]
struct TableColumn {
    #[serde(alias = "Name", alias = "ColumnName")]
    name: String,
}

/// The fields of a table's columns; none where they cannot be read.
fn table_columns(raw: &RawValue) -> Vec<Option<Column>> {
    let columns: Vec<TableColumn> = serde_json::from_str(raw.get()).unwrap_or_default();
    columns.iter().map(|column| column_of(column.name.as_bytes())).collect()
}

impl json::Walk for Walk<'_> {
    fn object<'de, A: MapAccess<'de>>(&mut self, mut object: A, is_row_place: bool) -> Result<(), A::Error> {
        let mut found = Found { line: self.gauge.line(), ..Found::default() };
        let (mut is_envelope, mut has_properties, mut error) = (false, false, None);
        let (mut table, mut columns, mut has_tables) = (None, Vec::new(), false);
        while let Some(key) = object.next_key_seed(KeyOf)? {
            match key {
                Key::Cell(column) => found.cells.push((column, object.next_value()?)),
                Key::Properties => {
                    has_properties = true;
                    object.next_value_seed(Properties(&mut found))?;
                }
                Key::Envelope | Key::Tables => {
                    let before = self.rows;
                    object.next_value_seed(Visit { walk: &mut *self, is_row_place: false })?;
                    is_envelope |= self.rows > before || found.cells.is_empty();
                    has_tables |= key == Key::Tables;
                }
                Key::Columns => columns = table_columns(&object.next_value::<Box<RawValue>>()?),
                Key::Rows => {
                    is_envelope = true;
                    object.next_value_seed(TableRows { walk: &mut *self, columns: &columns, table })?;
                }
                Key::Name => {
                    let raw: Box<RawValue> = object.next_value()?;
                    table = Kind::named(text_of(&raw).as_bytes());
                }
                Key::Error => error = object.next_value::<Option<Box<RawValue>>>()?,
                Key::Other => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        // Log collectors have errors of their own, beside what they wrap.
        let is_answer = has_tables || !is_envelope && found.cells.is_empty();
        if let Some(code) = error.filter(|_| is_answer).and_then(|error| error_code(&error, has_tables)) {
            self.note_error(&code);
            return Ok(());
        }
        if !is_envelope && (is_row_place || has_properties || found.has_mark()) {
            self.take(&found, None);
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, what: String) {
        self.found.reject(line, what);
        self.count();
    }

    fn damage(&mut self, line: u64, what: String) {
        self.found.damage(line, what);
    }

    fn gauge(&self) -> &Gauge {
        &self.gauge
    }
}

impl json::Undo for Walk<'_> {
    type Mark = (u64, Mark);

    fn mark(&self) -> (u64, Mark) {
        (self.rows, self.found.mark())
    }

    fn undo(&mut self, (rows, mark): (u64, Mark)) {
        self.rows = rows;
        self.found.undo(mark);
    }

    fn take_flat(&mut self, line: &[u8]) -> bool {
        let mut row = Cells::new(self.gauge.line());
        let read = self.flat.read(line, member_of, |column, text| row.set(column, text));
        if read.is_some() {
            self.found.cells(&row, None);
            self.count();
        }
        read.is_some()
    }
}

/// The rows of a table in a query's result: lists of cells.
struct TableRows<'w, 'a> {
    walk: &'w mut Walk<'a>,
    columns: &'w [Option<Column>],
    table: Option<Kind>,
}

impl<'de> DeserializeSeed<'de> for TableRows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TableRows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let TableRows { walk, columns, table } = self;
        let gauge = walk.gauge.clone();
        while let Some(found) = rows.next_element_seed(TableRow { columns, gauge: &gauge })? {
            walk.found.table_rows += 1;
            match columns.is_empty() {
                true => {
                    let reason = "a row of a table whose columns are not named before it";
                    walk.found.reject(found.line, reason.to_owned());
                    walk.count();
                }
                false => walk.take(&found, table),
            }
        }
        Ok(())
    }
}

/// One row of a table.
struct TableRow<'c> {
    columns: &'c [Option<Column>],
    gauge: &'c Gauge,
}

impl<'de> DeserializeSeed<'de> for TableRow<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Found, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TableRow<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Found, A::Error> {
        let mut found = Found { line: self.gauge.line(), ..Found::default() };
        for column in self.columns {
            match column {
                Some(column) => match cells.next_element()? {
                    Some(cell) => found.cells.push((*column, cell)),
                    None => return Ok(found),
                },
                None => drop(cells.next_element::<IgnoredAny>()?),
            }
        }
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}
