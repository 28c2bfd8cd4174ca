//! Records of separated values in a text in memory, which stays as it is: a block of an input may have to be read
//! again (see `blocks`).
//!
//! Reading an input record by record is left to `records`.

use super::records::{BYTE_ORDER_MARK, Row, newlines};
use super::split::Splitter;
use crate::ingest::blocks::Text;

/// The records of a text, one after the other.
pub(crate) struct Rows<'t> {
    text: Text<'t>,
    /// Where the next record begins, and on which line.
    at: usize,
    line: u64,
    splitter: Splitter,
    /// A record with quotes inside its cells, as they are meant.
    unescaped: Vec<u8>,
}

impl<'t> Rows<'t> {
    /// Records under a delimiter.
    pub(crate) fn new(text: Text<'t>, delimiter: u8) -> Rows<'t> {
        let has_mark = text.is_first && text.bytes.starts_with(BYTE_ORDER_MARK);
        let at = if has_mark { BYTE_ORDER_MARK.len() } else { 0 };
        Rows { text, at, line: text.line, splitter: Splitter::at(delimiter), unescaped: Vec::new() }
    }

    /// The next record; `None` where there is none, or where it may go on behind the text.
    pub(crate) fn next_row(&mut self) -> Option<Row<'_>> {
        while let Some(byte @ (b'\n' | b'\r')) = self.text.bytes.get(self.at) {
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        let rest = self.text.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = self.splitter.split(rest, self.text.is_last)?;
        let (record, line) = (&rest[..len], self.line);
        self.at += len;
        self.line += newlines(record);
        if !self.splitter.has_inner_quotes() {
            return Some(Row::new(line, record, self.splitter.cells()));
        }
        self.unescaped.clear();
        self.unescaped.extend_from_slice(record);
        self.splitter.unescape(&mut self.unescaped);
        Some(Row::new(line, &self.unescaped, self.splitter.cells()))
    }

    /// The bytes of the record that may go on behind the text, and the line on which it begins.
    pub(crate) fn left(&self) -> (usize, u64) {
        (self.text.bytes.len().saturating_sub(self.at), self.line)
    }
}
