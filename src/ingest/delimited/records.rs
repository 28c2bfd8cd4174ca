//! Records of separated values, one at a time, in bounded memory and with the line on which each begins.
//!
//! A quote that is never closed would make the rest of a file one record: a record longer than [`RECORD_CAP`]
//! ends the reading with the line where it began.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::ByteRecord;

/// Bytes of one record; a real one holds at most some thousand recipients.
const RECORD_CAP: usize = 16 * 1024 * 1024;
/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The line on which it begins (1-based).
    pub(crate) line: u64,
    record: &'a ByteRecord,
}

impl<'a> Row<'a> {
    /// The number of cells.
    pub(crate) fn len(&self) -> usize {
        self.record.len()
    }

    /// A cell without white space around it; empty where the record has no such cell.
    pub(crate) fn cell(&self, index: usize) -> &'a [u8] {
        self.record.get(index).unwrap_or_default().trim_ascii()
    }

    /// All cells.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.record.iter()
    }

    /// Lines over which the record runs.
    pub(crate) fn lines(&self) -> u64 {
        1 + newlines(self.record)
    }
}

/// What ended the reading early.
#[derive(Debug)]
pub(crate) struct Damaged {
    /// The line on which the last record began.
    pub(crate) line: u64,
    /// What happened.
    pub(crate) what: String,
}

/// A reader of records.
pub(crate) struct Records {
    csv: csv::Reader<Budgeted>,
    record: ByteRecord,
    meter: Rc<Meter>,
    line_feeds_only: bool,
}

/// What the reader below the record splitter has handed out.
#[derive(Debug, Default)]
struct Meter {
    since_record: Cell<usize>,
    ended: Cell<bool>,
    overrun: Cell<bool>,
}

struct Budgeted {
    inner: Box<dyn Read + Send>,
    meter: Rc<Meter>,
}

impl Read for Budgeted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = self.meter.since_record.get();
        if since > RECORD_CAP {
            self.meter.overrun.set(true);
            return Err(io::Error::other("record too long"));
        }
        let count = self.inner.read(buffer)?;
        self.meter.since_record.set(since + count);
        self.meter.ended.set(count == 0);
        Ok(count)
    }
}

impl Records {
    /// Records of a text whose start is `head`, which shows how its lines end.
    pub(crate) fn new(text: Box<dyn Read + Send>, head: &[u8], delimiter: u8) -> Records {
        let meter = Rc::new(Meter::default());
        let first_end = memchr::memchr(b'\n', head);
        let line_feeds_only = first_end.is_some_and(|end| end == 0 || head.get(end - 1) != Some(&b'\r'));
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Budgeted { inner: text, meter: Rc::clone(&meter) });
        Records { csv, record: ByteRecord::new(), meter, line_feeds_only }
    }

    /// Records of a text in memory.
    pub(crate) fn of_bytes(text: &[u8], delimiter: u8) -> Records {
        Records::new(Box::new(io::Cursor::new(text.to_vec())), text, delimiter)
    }

    /// The next record, or `None` at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, Damaged> {
        self.meter.since_record.set(0);
        let begin = self.csv.position().line();
        match self.csv.read_byte_record(&mut self.record) {
            Ok(true) => Ok(Some(Row { line: self.line(), record: &self.record })),
            Ok(false) => Ok(None),
            Err(_) if self.meter.overrun.get() => {
                // The line feed of CRLF belongs to the record before, but is counted with this one.
                let line = if self.line_feeds_only || begin == 1 { begin } else { begin + 1 };
                let what = format!(
                    "the record that begins here is longer than {} MiB: a quote is probably not closed",
                    RECORD_CAP >> 20
                );
                Err(Damaged { line, what })
            }
            Err(error) => Err(Damaged { line: begin, what: io::Error::from(error).to_string() }),
        }
    }

    /// The splitter counts line feeds up to the end of the record, for CRLF without the last; those inside the
    /// record and the one that ends it are taken off again.
    fn line(&self) -> u64 {
        let ended_by_feed = self.line_feeds_only && !self.meter.ended.get();
        let inside = newlines(&self.record) + u64::from(ended_by_feed);
        self.csv.position().line().saturating_sub(inside).max(1)
    }
}

fn newlines(record: &ByteRecord) -> u64 {
    memchr::memchr_iter(b'\n', record.as_slice()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, usize)> {
        let mut records = Records::of_bytes(text.as_bytes(), b',');
        let mut lines = Vec::new();
        while let Some(row) = records.next_row().unwrap() {
            lines.push((row.line, row.len()));
        }
        lines
    }

    #[test]
    fn a_record_knows_the_line_on_which_it_begins() {
        let expected = [(1, 2), (2, 2), (4, 2), (6, 2)];
        assert_eq!(lines("a,b\nc,d\n\n\"x\ny\",2\nz,1"), expected);
        assert_eq!(lines("a,b\nc,d\n\n\"x\ny\",2\nz,1\n"), expected);
        assert_eq!(lines("a,b\r\nc,d\r\n\r\n\"x\r\ny\",2\r\nz,1"), expected);
        assert_eq!(lines("a,b\r\nc,d\r\n\r\n\"x\r\ny\",2\r\nz,1\r\n"), expected);
        assert_eq!(lines("\"x\r\ny\",2\r\nz,1\r\n"), [(1, 2), (3, 2)]);
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
        for (end, name) in [("\n", "LF"), ("\r\n", "CRLF")] {
            let head = format!("a,b{end}c,d{end}\"open,");
            let endless = io::Cursor::new(head.clone().into_bytes()).chain(io::repeat(b'x'));
            let mut records = Records::new(Box::new(endless), head.as_bytes(), b',');
            assert!(records.next_row().unwrap().is_some());
            assert!(records.next_row().unwrap().is_some());
            let damaged = records.next_row().unwrap_err();
            assert_eq!(damaged.line, 3, "{name}");
            assert_eq!(
                damaged.what,
                "the record that begins here is longer than 16 MiB: a quote is probably not closed"
            );
        }
    }

    #[test]
    fn a_cut_source_names_the_system_s_reason() {
        struct Cut;
        impl Read for Cut {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the archive is cut"))
            }
        }
        let text = io::Cursor::new(b"a,b\nc".to_vec()).chain(Cut);
        let mut records = Records::new(Box::new(text), b"a,b\nc", b',');
        assert!(records.next_row().unwrap().is_some());
        let damaged = records.next_row().unwrap_err();
        assert_eq!((damaged.line, damaged.what.as_str()), (2, "the archive is cut"));
    }
}
