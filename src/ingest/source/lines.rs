//! Lines of any length in bounded memory. What a line means is left to the formats.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

/// Bytes of a line that are kept; the rest of a longer one is dropped and the line marked as cut.
pub const LINE_CAP: usize = 1024 * 1024;

/// Bytes read at a time: half of a common L2 cache, so that a line is still there when it is looked at.
const BUFFER_BYTES: usize = 512 * 1024;

/// A reader of lines ended by LF, CRLF, or lone CR where a text has no LF in its first 512 KiB.
///
/// Where the text ends with an error, the lines before it come first; the last of them, being unfinished, is
/// marked as cut.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    number: u64,
    /// Which byte ends a line; known after the first bytes are read.
    mark: Option<u8>,
    done: bool,
    fault: Option<io::Error>,
}

/// One line without its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its number (1-based).
    pub number: u64,
    /// Its bytes, without CR or LF at the end.
    pub bytes: &'a [u8],
    /// Whether bytes of it are missing: it was longer than [`LINE_CAP`], or the input broke off inside it.
    pub cut: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of a text.
    pub fn new(reader: R) -> Lines<R> {
        let buffer = Vec::new();
        Lines { reader, buffer, start: 0, end: 0, number: 0, mark: None, done: false, fault: None }
    }

    /// The next line, or `None` at the end. An error comes once, after the lines before it.
    #[inline]
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let (from, to, cut) = match self.whole_line() {
            Some((from, to)) => (from, to, to - from > LINE_CAP),
            None => match self.line_across_reads()? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        self.number += 1;
        let to = to.min(from + LINE_CAP);
        let mut bytes = &self.buffer[from..to];
        while let [rest @ .., b'\r'] = bytes {
            bytes = rest;
        }
        Ok(Some(Line { number: self.number, bytes, cut }))
    }

    /// The next line where all of it is in the buffer.
    #[inline]
    fn whole_line(&mut self) -> Option<(usize, usize)> {
        let mark = self.mark?;
        let unread = &self.buffer[self.start..self.end];
        let from = self.start;
        let to = from + memchr(mark, unread)?;
        self.start = to + 1;
        Some((from, to))
    }

    /// The next line where it is not wholly in the buffer, or is the last one.
    #[cold]
    fn line_across_reads(&mut self) -> io::Result<Option<(usize, usize, bool)>> {
        let mark = self.line_mark();
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.start + searched..self.end];
            if let Some(length) = memchr(mark, unread) {
                let from = self.start;
                let to = from + searched + length;
                self.start = to + 1;
                return Ok(Some((from, to, to - from > LINE_CAP)));
            }
            searched = self.end - self.start;
            if searched > LINE_CAP {
                return Ok(Some(self.overlong_line(mark)));
            }
            if !self.fill() {
                return self.last_line();
            }
        }
    }

    /// What stands after the last line end: an unfinished line, and then the error that ended the text.
    fn last_line(&mut self) -> io::Result<Option<(usize, usize, bool)>> {
        if self.start == self.end {
            return self.fault.take().map_or(Ok(None), Err);
        }
        let (from, to) = (self.start, self.end);
        self.start = to;
        Ok(Some((from, to, self.fault.is_some())))
    }

    /// Keeps the first [`LINE_CAP`] bytes and drops the others up to the end of the line.
    fn overlong_line(&mut self, mark: u8) -> (usize, usize, bool) {
        let from = self.start;
        let to = from + LINE_CAP;
        self.end = to;
        self.start = to;
        while self.fill_after(to) {
            if let Some(length) = memchr(mark, &self.buffer[to..self.end]) {
                self.start = to + length + 1;
                break;
            }
            self.end = to;
        }
        (from, to, true)
    }

    /// The byte that ends lines: LF, or CR where the first buffer has CRs and no LF.
    fn line_mark(&mut self) -> u8 {
        if let Some(mark) = self.mark {
            return mark;
        }
        while memchr(b'\n', &self.buffer[..self.end]).is_none() && self.end < BUFFER_BYTES && self.fill() {}
        let first = &self.buffer[..self.end];
        let only_cr = memchr2(b'\n', b'\r', first).is_some() && memchr(b'\n', first).is_none();
        let mark = if only_cr { b'\r' } else { b'\n' };
        self.mark = Some(mark);
        mark
    }

    /// Reads more bytes behind the unread ones, which may move. Whether there were any.
    fn fill(&mut self) -> bool {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.fill_after(self.end)
    }

    /// Reads more bytes to a place in the buffer, which becomes the end of the unread bytes.
    fn fill_after(&mut self, place: usize) -> bool {
        if self.done {
            return false;
        }
        if self.buffer.len() < place + BUFFER_BYTES / 2 {
            self.buffer.resize(place + BUFFER_BYTES, 0);
        }
        let read = loop {
            match self.reader.read(&mut self.buffer[place..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.fault = read.err();
        self.done = count == 0;
        self.end = place + count;
        count > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a text in pieces of a fixed length, then an error where one is set.
    struct Pieces<'a>(&'a [u8], usize, Option<io::Error>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(self.1).min(buf.len());
            if count == 0 {
                return self.2.take().map_or(Ok(0), Err);
            }
            buf[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn lines_of(text: &[u8], piece: usize) -> Vec<(u64, Vec<u8>, bool)> {
        let mut lines = Lines::new(Pieces(text, piece, None));
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((line.number, line.bytes.to_vec(), line.cut));
        }
        assert!(lines.next_line().unwrap().is_none());
        all
    }

    fn texts(text: &[u8]) -> Vec<Vec<u8>> {
        let whole = lines_of(text, usize::MAX);
        assert_eq!(whole, lines_of(text, 1), "reading byte by byte differs");
        assert_eq!(whole, lines_of(text, 7), "reading in pieces differs");
        assert!(whole.iter().zip(1..).all(|((number, _, cut), expected)| *number == expected && !cut));
        whole.into_iter().map(|(_, bytes, _)| bytes).collect()
    }

    #[test]
    fn lines_end_with_lf_crlf_or_the_text() {
        assert_eq!(texts(b"a\nbc\r\n\nd"), [&b"a"[..], b"bc", b"", b"d"]);
        assert_eq!(texts(b"a\r\r\nb\rc\n"), [&b"a"[..], b"b\rc"]);
        assert!(texts(b"").is_empty());
        assert_eq!(texts(b"\n"), [b""]);
    }

    #[test]
    fn lone_cr_ends_lines_where_there_is_no_lf() {
        assert_eq!(texts(b"a\rb\r\rc"), [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(texts(b"only"), [b"only"]);
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_one_is_whole() {
        for extra in [0, 1, 17, BUFFER_BYTES, 3 * LINE_CAP] {
            let mut text = b"before\n".to_vec();
            text.extend(std::iter::repeat_n(b'x', LINE_CAP + extra));
            text.extend_from_slice(b"\nafter");
            for piece in [4096, 100_003, usize::MAX] {
                let all = lines_of(&text, piece);
                assert_eq!(all.len(), 3, "{extra} {piece}");
                assert_eq!((all[1].1.len(), all[1].2), (LINE_CAP, extra > 0));
                assert_eq!(all[2], (3, b"after".to_vec(), false));
            }
        }
    }

    #[test]
    fn memory_stays_bounded() {
        let mut lines = Lines::new(io::repeat(b'x').take(20 * LINE_CAP as u64));
        assert!(lines.next_line().unwrap().is_some_and(|line| line.cut));
        assert!(lines.next_line().unwrap().is_none());
        assert!(lines.buffer.capacity() <= 4 * LINE_CAP);
    }

    #[test]
    fn an_error_comes_after_the_lines_before_it() {
        let broken = io::Error::new(io::ErrorKind::UnexpectedEof, "gzip data ends early after 9 bytes");
        let mut lines = Lines::new(Pieces(b"whole\nhal", 4, Some(broken)));
        let first = lines.next_line().unwrap().unwrap();
        assert_eq!((first.bytes, first.cut), (&b"whole"[..], false));
        let second = lines.next_line().unwrap().unwrap();
        assert_eq!((second.bytes, second.cut), (&b"hal"[..], true));
        assert_eq!(lines.next_line().unwrap_err().to_string(), "gzip data ends early after 9 bytes");
        assert!(lines.next_line().unwrap().is_none());
    }
}
