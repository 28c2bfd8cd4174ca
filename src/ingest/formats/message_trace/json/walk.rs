//! Finding the rows of a trace in JSON: objects with the names of its columns, wherever an envelope holds them.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use crate::ingest::delimited::name_of;
use crate::ingest::formats::message_trace::batch::Merger;
use crate::ingest::formats::message_trace::columns::{Column, Shape, column_of};
use crate::ingest::formats::message_trace::row::{Cells, Notation, Parser};
use crate::ingest::json::{self, Gauge, Visit, text_of};

/// Rows that are handed over together.
const MERGED_ROWS: u64 = 1_000;

/// Keys that mark an envelope even where they hold no rows.
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
    input: &'a str,
    notation: Notation,
    parser: Parser<'a>,
    merger: &'a mut Merger<'b>,
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
        input: &'a str,
        notation: Notation,
        (parser, merger): (Parser<'a>, &'a mut Merger<'b>),
        gauge: Gauge,
    ) -> Walk<'a, 'b> {
        Walk { input, notation, parser, merger, gauge, rows: 0, pages: PageCount::default() }
    }

    fn take(&mut self, row: &FoundRow) {
        let texts: Vec<_> = row.cells.iter().map(|(column, raw)| (*column, text_of(raw))).collect();
        let mut cells = Cells::new(row.line);
        for (column, text) in &texts {
            cells.set(*column, text.as_bytes());
        }
        let notation = self.notation;
        self.count(row.line, |parser| match row.has_mark() {
            true => parser.take(&cells, Shape::Recipient, notation),
            false => {
                Err("an object that is no row of a trace: expected RecipientAddress and Received".to_owned())
            }
        });
    }

    fn count(&mut self, line: u64, take: impl FnOnce(&mut Parser<'a>) -> Result<(), String>) {
        self.gauge.end_row();
        self.rows += 1;
        self.parser.batch.said.records += 1;
        if let Err(reason) = take(&mut self.parser) {
            self.parser.batch.said.reject(line, reason);
        }
        if self.parser.batch.said.records >= MERGED_ROWS {
            self.merge();
        }
    }

    /// Hands over what was read.
    pub(super) fn merge(&mut self) {
        self.merger.merge(std::mem::take(&mut self.parser.batch), self.input);
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

impl json::Walk for Walk<'_, '_> {
    fn object<'de, A: MapAccess<'de>>(&mut self, mut object: A, is_row_place: bool) -> Result<(), A::Error> {
        let mut row = FoundRow { line: self.gauge.line(), cells: Vec::new(), is_envelope: false };
        let (mut is_page, mut is_linked) = (false, false);
        while let Some(key) = object.next_key::<Cow<'_, str>>()? {
            let name = name_of(key.as_bytes());
            if json::is_envelope(&name) {
                let before = self.rows;
                object.next_value_seed(Visit { walk: &mut *self, is_row_place: false })?;
                row.is_envelope |= self.rows > before || EMPTY_OR_NOT.contains(&name.as_str());
                is_page |= PAGES.contains(&name.as_str());
            } else if LINKS.contains(&name.as_str()) {
                is_linked |= object.next_value::<Option<IgnoredAny>>()?.is_some();
            } else if let Some(column) = column_of(key.as_bytes(), &name) {
                row.cells.push((column, object.next_value()?));
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        if row.has_mark() || is_row_place && !row.is_envelope {
            self.take(&row);
        }
        self.pages.linked += u64::from(is_page && is_linked);
        self.pages.last += u64::from(is_page && !is_linked);
        Ok(())
    }

    fn reject(&mut self, line: u64, what: String) {
        self.count(line, |_| Err(what));
    }

    fn damage(&mut self, line: u64, what: String) {
        self.merger.sink.damage(self.input, line, what);
    }

    fn gauge(&self) -> &Gauge {
        &self.gauge
    }
}
