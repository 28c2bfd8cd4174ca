//! Reports: tables of typed cells and notes, computed once and rendered by one [`Writer`] per format.
//!
//! A command fills a [`Report`]; no command knows an output format. What the figures mean is left to the layers
//! that compute them.

mod json;

use std::io;

use rust_decimal::Decimal;

use crate::money::Money;

/// All that a command has to say: tables and notes for people, and the same facts as data for programs.
#[derive(Clone, Debug)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// Tables and notes in the order in which they are read.
    pub sections: Vec<Section>,
    /// The published JSON of the command: exact decimals as strings, no locale.
    pub data: serde_json::Value,
}

/// A part of a report.
#[derive(Clone, Debug)]
pub enum Section {
    /// A table.
    Table(Table),
    /// Lines of text under an optional heading. Left out of CSV.
    Notes {
        /// The heading, or empty.
        heading: String,
        /// One statement each.
        lines: Vec<String>,
    },
}

/// A table: named columns and rows of typed cells.
#[derive(Clone, Debug)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// One name per column, as shown and as the CSV header.
    pub columns: Vec<String>,
    /// Rows with as many cells as there are columns.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whether it is one of the items or their sum.
    pub kind: RowKind,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// What a row stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowKind {
    /// An item.
    Body,
    /// The sum of the items, or the difference that rounding leaves.
    Total,
}

/// A value with its meaning; each writer decides how it looks.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// Nothing to show.
    Empty,
    /// A text.
    Text(String),
    /// A whole number of things.
    Count(u128),
    /// A number of bytes: with a unit for people, plain for programs.
    Bytes(u128),
    /// An exact number, shown in full.
    Number(Decimal),
    /// An amount: rounded to the currency for people, exact for programs.
    Money(Money),
    /// A price of one unit: exact, in full, everywhere.
    UnitPrice(Money),
    /// A share of 1, shown in per cent with one decimal.
    Share(Decimal),
}

/// An output format. Adding one is a new file and its entry in [`WRITERS`].
pub trait Writer: Sync + std::fmt::Debug {
    /// The word for `--format`.
    fn name(&self) -> &'static str;
    /// Renders a report.
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()>;
}

/// All output formats; the first is the default.
pub static WRITERS: &[&dyn Writer] = &[&json::Json];

/// Whether a character could drive a terminal or reorder text: controls and bidirectional overrides.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with every unsafe character written out, such as `\n` and `\u{1b}`.
pub(crate) fn harmless(text: &str) -> String {
    let written = |c: char| if is_unsafe(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(written).collect()
}
