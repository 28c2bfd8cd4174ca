//! Records of separated values, one at a time, in bounded memory and with the line on which each begins.
//!
//! A quote that is never closed would make the rest of a file one record: a record longer than [`RECORD_CAP`]
//! ends the reading with the line where it began.

use std::io::{self, Read};
use std::ops::Range;

use super::split::Splitter;

/// Bytes of one record; a real one holds at most some thousand recipients.
const RECORD_CAP: usize = 16 * 1024 * 1024;
/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 64 * 1024;
/// The mark that some exporters repeat behind the one of the file.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The line on which it begins (1-based).
    pub(crate) line: u64,
    text: &'a [u8],
    cells: &'a [Range<usize>],
}

impl<'a> Row<'a> {
    /// A record whose cells lie in a text.
    pub(super) fn new(line: u64, text: &'a [u8], cells: &'a [Range<usize>]) -> Row<'a> {
        Row { line, text, cells }
    }

    /// The number of cells.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell without white space around it; empty where the record has no such cell.
    pub(crate) fn cell(&self, index: usize) -> &'a [u8] {
        let cell = self.cells.get(index).map_or(&[][..], |cell| &self.text[cell.clone()]);
        match cell {
            // Nearly every cell begins and ends with a letter or digit.
            [first, .., last] if *first > b' ' && *last > b' ' => cell,
            _ => cell.trim_ascii(),
        }
    }

    /// All cells.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let text = self.text;
        self.cells.iter().map(move |cell| &text[cell.clone()])
    }

    /// Lines over which the record runs.
    pub(crate) fn lines(&self) -> u64 {
        1 + self.cells().map(newlines).sum::<u64>()
    }

    /// Whether it has the cells of a header of this width; more are allowed where they are empty.
    pub(crate) fn complete(&self, header_width: usize) -> Result<(), String> {
        let extra = (header_width..self.len()).any(|at| !self.cell(at).is_empty());
        if self.len() >= header_width && !extra {
            return Ok(());
        }
        let over = match self.lines() {
            1 => String::new(),
            lines => format!(" over {lines} lines"),
        };
        Err(format!(
            "{} columns{over} where the header has {header_width}: a quote is probably not closed",
            self.len()
        ))
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
    source: Box<dyn Read + Send>,
    splitter: Splitter,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not yet split.
    unread: Range<usize>,
    /// The line on which `unread` begins.
    line: u64,
    is_first: bool,
    has_ended: bool,
    /// What broke the source off, until all that came before is handed out.
    fault: Option<io::Error>,
}

impl Records {
    /// Records of a text.
    pub(crate) fn new(source: Box<dyn Read + Send>, delimiter: u8) -> Records {
        Records {
            source,
            splitter: Splitter::at(delimiter),
            buffer: vec![0; BUFFER_BYTES],
            unread: 0..0,
            line: 1,
            is_first: true,
            has_ended: false,
            fault: None,
        }
    }

    /// Records of a text in memory.
    pub(crate) fn of_bytes(text: &[u8], delimiter: u8) -> Records {
        Records::new(Box::new(io::Cursor::new(text.to_vec())), delimiter)
    }

    /// The next record, or `None` at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, Damaged> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let len = loop {
            match self.splitter.split(&self.buffer[self.unread.clone()], self.has_ended) {
                Some(len) => break len,
                None => self.fill()?,
            }
        };
        let (begin, line) = (self.unread.start, self.line);
        let text = &mut self.buffer[begin..begin + len];
        self.unread.start += len;
        self.line += newlines(text);
        self.splitter.unescape(text);
        Ok(Some(Row { line, text, cells: self.splitter.cells() }))
    }

    /// Skips empty lines and what is left of the last line end; whether there is anything behind them.
    fn skip_line_ends(&mut self) -> Result<bool, Damaged> {
        loop {
            while let Some(byte @ (b'\n' | b'\r')) = self.buffer[self.unread.clone()].first() {
                self.line += u64::from(*byte == b'\n');
                self.unread.start += 1;
            }
            if !self.unread.is_empty() || self.has_ended {
                return Ok(!self.unread.is_empty());
            }
            self.fill()?;
        }
    }

    /// Reads on, with more room where the buffer is full of one record.
    fn fill(&mut self) -> Result<(), Damaged> {
        if let Some(fault) = self.fault.take() {
            return Err(self.damaged(fault.to_string()));
        }
        if self.unread.len() > RECORD_CAP {
            return Err(self.damaged(format!(
                "the record that begins here is longer than {} MiB: a quote is probably not closed",
                RECORD_CAP >> 20
            )));
        }
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.unread.end == self.buffer.len() {
            // Doubled, so that a long record is not split anew too often.
            self.buffer.resize((2 * self.buffer.len()).min(RECORD_CAP + BUFFER_BYTES), 0);
        }
        self.read_until_full();
        if std::mem::take(&mut self.is_first) && self.buffer[self.unread.clone()].starts_with(BYTE_ORDER_MARK)
        {
            self.unread.start += BYTE_ORDER_MARK.len();
        }
        Ok(())
    }

    fn read_until_full(&mut self) {
        while !self.has_ended && self.fault.is_none() && self.unread.end < self.buffer.len() {
            match self.source.read(&mut self.buffer[self.unread.end..]) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.unread.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.fault = Some(error),
            }
        }
    }

    fn damaged(&self, what: String) -> Damaged {
        Damaged { line: self.line, what }
    }
}

pub(super) fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            let mut records = Records::new(Box::new(endless), b',');
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
        let mut records = Records::new(Box::new(text), b',');
        assert!(records.next_row().unwrap().is_some());
        let damaged = records.next_row().unwrap_err();
        assert_eq!((damaged.line, damaged.what.as_str()), (2, "the archive is cut"));
    }

    #[test]
    fn one_mark_at_the_start_is_no_text() {
        let mut records = Records::of_bytes("\u{feff}\u{feff}a,\u{feff}b".as_bytes(), b',');
        let row = records.next_row().unwrap().unwrap();
        assert_eq!([row.cell(0), row.cell(1)], ["\u{feff}a".as_bytes(), "\u{feff}b".as_bytes()]);
    }

    #[test]
    fn records_longer_than_what_is_read_at_a_time_are_whole() {
        let long = "x\"\"\n".repeat(BUFFER_BYTES);
        let mut records = Records::of_bytes(format!("a,\"{long}\"\nb,c\n").as_bytes(), b',');
        let row = records.next_row().unwrap().unwrap();
        assert_eq!((row.cell(1).len(), row.lines()), (3 * BUFFER_BYTES - 1, 1 + BUFFER_BYTES as u64));
        let row = records.next_row().unwrap().unwrap();
        assert_eq!((row.line, row.cell(1)), (2 + BUFFER_BYTES as u64, &b"c"[..]));
        assert!(records.next_row().unwrap().is_none());
    }

    /// Hands out a text in pieces.
    struct Pieces {
        text: io::Cursor<Vec<u8>>,
        lengths: Vec<usize>,
    }

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let wanted = self.lengths.pop().unwrap_or(usize::MAX).min(buffer.len());
            self.text.read(&mut buffer[..wanted])
        }
    }

    fn all_cells(mut records: Records) -> Vec<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        while let Some(row) = records.next_row().unwrap() {
            all.push(row.cells().map(<[u8]>::to_vec).collect());
        }
        all
    }

    proptest! {
        #[test]
        fn cells_are_those_of_the_crate_csv(
            text in "[\"\"\",,;\n\r ab\u{feff}]{0,60}",
            room in 4_usize..20,
            lengths in proptest::collection::vec(1_usize..9, 0..20),
        ) {
            let csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<Vec<u8>>> = csv
                .into_byte_records()
                .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            let source = Pieces { text: io::Cursor::new(text.into_bytes()), lengths };
            let records = Records { buffer: vec![0; room], ..Records::new(Box::new(source), b',') };
            prop_assert_eq!(all_cells(records), expected);
        }
    }
}
