//! Finding the rows of a trace in JSON: objects with the names of its columns, wherever an envelope holds them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::stream::Gauge;
use crate::ingest::delimited::name_of;
use crate::ingest::formats::message_trace::columns::{Column, Shape, column_of};
use crate::ingest::formats::message_trace::row::{Cells, Notation, Reader, Taken};
use crate::ingest::{Input, rejection};

/// Keys under which an envelope holds rows, as [`name_of`] writes them.
const ENVELOPES: [&str; 12] = [
    "value", "results", "d", "message", "input", "event", "original", "raw", "source", "records", "data",
    "body",
];

/// Those that mark an envelope even where they hold no rows.
const EMPTY_OR_NOT: [&str; 3] = ["value", "results", "d"];

/// Those under which a page of an answer holds its rows, and those under which it links to the next one.
const PAGES: [&str; 2] = ["value", "results"];
const LINKS: [&str; 2] = ["odatanextlink", "next"];

/// Whether a head is JSON with the marks of a trace, plain or inside a text.
pub(in crate::ingest::formats::message_trace) fn is_trace(head: &[u8]) -> bool {
    let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    let starts = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    let reporting =
        has("MessageTraceId") || has("RecipientAddress") && has("SenderAddress") && has("Received");
    let graph = has("recipientAddress") && has("receivedDateTime");
    starts && (reporting || graph || has("tracing/messageTraces"))
}

/// Reads rows out of the documents of one input.
pub(super) struct Walk<'a, 'b> {
    input: &'a Input,
    notation: Notation,
    pub(super) reader: &'a mut Reader<'b>,
    gauge: Gauge,
    /// Rows that were read.
    pub(super) rows: u64,
    /// Pages that were read.
    pub(super) pages: PageCount,
}

/// How many pages link to another one, and how many do not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageCount {
    pub(super) linked: u64,
    pub(super) last: u64,
}

impl<'a, 'b> Walk<'a, 'b> {
    /// A walk through an input.
    pub(super) fn new(
        input: &'a Input,
        notation: Notation,
        reader: &'a mut Reader<'b>,
        gauge: Gauge,
    ) -> Walk<'a, 'b> {
        Walk { input, notation, reader, gauge, rows: 0, pages: PageCount::default() }
    }

    fn take(&mut self, row: &FoundRow) {
        let texts: Vec<_> = row.cells.iter().map(|(column, raw)| (*column, text_of(raw))).collect();
        let mut cells = Cells::new(row.line);
        for (column, text) in &texts {
            cells.set(*column, text.as_bytes());
        }
        let notation = self.notation;
        self.count(row.line, |reader| match row.has_mark() {
            true => reader.take(&cells, Shape::Recipient, notation),
            false => {
                Err("an object that is no row of a trace: expected RecipientAddress and Received".to_owned())
            }
        });
    }

    fn count(&mut self, line: u64, take: impl FnOnce(&mut Reader<'b>) -> Result<Taken, String>) {
        self.gauge.end_row();
        self.rows += 1;
        self.reader.sink.records(1);
        match take(self.reader) {
            Ok(Taken::Used) => {}
            Ok(Taken::Skipped(reason)) => self.reader.sink.skip(reason, 1),
            Err(reason) => self.reader.sink.reject(rejection(self.input, line, reason)),
        }
    }

    /// Reads a text that holds JSON, as log collectors wrap it; whether it did.
    fn take_text(&mut self, text: &str) -> bool {
        // A list of objects; a text such as `[info] done` is none.
        let text = text.trim_start();
        let inner = text.strip_prefix('[').unwrap_or(text);
        if !inner.trim_start().starts_with('{') {
            return false;
        }
        let mut json = serde_json::Deserializer::from_str(text);
        if (Visit { walk: self, is_row_place: true }).deserialize(&mut json).is_err() {
            self.count(self.gauge.line(), |_| Err("the JSON inside the wrapper cannot be read".to_owned()));
        }
        true
    }
}

/// The cells of one object, as they stand in the JSON.
struct FoundRow {
    line: u64,
    cells: Vec<(Column, Box<RawValue>)>,
    is_envelope: bool,
}

impl FoundRow {
    /// The columns that tell a row from another object. Wrappers have `id`, `status` or `source` of their own.
    fn has_mark(&self) -> bool {
        self.cells
            .iter()
            .any(|(column, _)| matches!(column, Column::Time | Column::Recipient | Column::Sender))
    }
}

/// A text without quotes and escapes, a number as it is written, nothing for `null` and containers.
fn text_of(raw: &RawValue) -> Cow<'_, str> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Cow<'_, str>>(raw.get()).unwrap_or_default(),
        Some(b'n' | b'{' | b'[') | None => Cow::Borrowed(""),
        Some(_) => Cow::Borrowed(raw.get()),
    }
}

/// Visits one value: an envelope or a row.
pub(super) struct Visit<'w, 'a, 'b> {
    /// Where rows go.
    pub(super) walk: &'w mut Walk<'a, 'b>,
    /// Whether an object here must be a row or hold some.
    pub(super) is_row_place: bool,
}

impl<'de> DeserializeSeed<'de> for Visit<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Visit<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.walk.take_text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let walk = self.walk;
        while items.next_element_seed(Visit { walk, is_row_place: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut row = FoundRow { line: self.walk.gauge.line(), cells: Vec::new(), is_envelope: false };
        let (mut is_page, mut is_linked) = (false, false);
        while let Some(key) = object.next_key::<Cow<'_, str>>()? {
            let name = name_of(key.as_bytes());
            if ENVELOPES.contains(&name.as_str()) {
                let before = self.walk.rows;
                object.next_value_seed(Visit { walk: self.walk, is_row_place: false })?;
                row.is_envelope |= self.walk.rows > before || EMPTY_OR_NOT.contains(&name.as_str());
                is_page |= PAGES.contains(&name.as_str());
            } else if LINKS.contains(&name.as_str()) {
                is_linked |= object.next_value::<Option<IgnoredAny>>()?.is_some();
            } else if let Some(column) = column_of(key.as_bytes(), &name) {
                row.cells.push((column, object.next_value()?));
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        if row.has_mark() || self.is_row_place && !row.is_envelope {
            self.walk.take(&row);
        }
        self.walk.pages.linked += u64::from(is_page && is_linked);
        self.walk.pages.last += u64::from(is_page && !is_linked);
        Ok(())
    }
}
