//! One line of an Exchange log split into its cells, which stay where they are.
//!
//! Exchange writes every record on one line and breaks none, so a line is split by itself: a quote that a crash
//! left open spoils its own line and no other.

use std::borrow::Cow;
use std::ops::Range;

use chrono::NaiveDate;

use crate::ingest::delimited::{DateText, shown};
use crate::period::{Timestamp, Zone};

/// A line and where its cells lie.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    cells: Vec<Range<usize>>,
}

/// The cells of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells<'a> {
    line: &'a [u8],
    cells: &'a [Range<usize>],
}

impl Splitter {
    /// Splits a line at commas outside of quotes.
    pub(super) fn split<'a>(&'a mut self, line: &'a [u8]) -> Cells<'a> {
        self.cells.clear();
        let (mut begin, mut quoted) = (0, false);
        for at in memchr::memchr2_iter(b',', b'"', line) {
            if line[at] == b'"' {
                quoted = !quoted;
            } else if !quoted {
                self.cells.push(begin..at);
                begin = at + 1;
            }
        }
        self.cells.push(begin..line.len());
        Cells { line, cells: &self.cells }
    }
}

impl<'a> Cells<'a> {
    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell without the quotes and white space around it; empty where there is none. Doubled quotes stay doubled,
    /// which only matters in a list: see [`undoubled`].
    pub(super) fn get(&self, at: usize) -> &'a [u8] {
        let cell = self.cells.get(at).and_then(|cell| self.line.get(cell.clone())).unwrap_or_default();
        match cell {
            [b'"', inner @ .., b'"'] => inner.trim_ascii(),
            _ => cell.trim_ascii(),
        }
    }
}

/// A cell whose doubled quotes are single, as in the recipient `"a;b"@example.com`.
pub(super) fn undoubled(cell: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(cell, b"\"\"").is_none() {
        return Cow::Borrowed(cell);
    }
    let mut single = Vec::with_capacity(cell.len());
    let mut rest = cell;
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        single.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    single.extend_from_slice(rest);
    Cow::Owned(single)
}

/// An instant with the nanoseconds within its second, which tell which of two hops was the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Instant {
    pub(super) time: Timestamp,
    pub(super) nanoseconds: u32,
}

/// The instant of a cell, or what is wrong with it. Exchange writes `2024-01-25T15:16:09.843Z`; a copy that went
/// through a spreadsheet can have another shape, and is UTC too.
pub(super) fn instant(cell: &[u8]) -> Result<Instant, String> {
    exchange_time(cell)
        .or_else(|| other_time(cell))
        .ok_or_else(|| format!("{} is not a time: expected such as '2024-01-25T15:16:09.843Z'", shown(cell)))
}

/// Whether a cell has the time that Exchange writes.
pub(super) fn is_exchange_time(cell: &[u8]) -> bool {
    exchange_time(cell).is_some()
}

fn exchange_time(cell: &[u8]) -> Option<Instant> {
    let (whole, fraction) = (cell.get(..19)?, cell[19..].strip_suffix(b"Z")?);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| whole[at] != mark) {
        return None;
    }
    let number = |part: Range<usize>| {
        whole[part].iter().try_fold(0, |number: u32, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(5..7)?, number(8..10)?)?;
    let time = date.and_hms_opt(number(11..13)?, number(14..16)?, number(17..19)?)?;
    let nanoseconds = match fraction {
        b"" => 0,
        [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
            padded.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
        }
        _ => return None,
    };
    Some(Instant { time: Timestamp::from_utc(time), nanoseconds })
}

fn other_time(cell: &[u8]) -> Option<Instant> {
    let date = DateText::parse(cell)?.resolve(None)?;
    Some(Instant { time: date.instant(&Zone::UTC), nanoseconds: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<String> {
        let mut splitter = Splitter::default();
        let cells = splitter.split(line.as_bytes());
        (0..cells.len()).map(|at| String::from_utf8_lossy(cells.get(at)).into_owned()).collect()
    }

    #[test]
    fn commas_in_quotes_separate_nothing() {
        assert_eq!(cells("a,\"b, c;\"\"d\"\", e\", f ,"), ["a", "b, c;\"\"d\"\", e", "f", ""]);
        assert_eq!(cells(""), [""]);
        assert_eq!(cells("a,\"open, b"), ["a", "\"open, b"]);
        assert_eq!(cells("\""), ["\""]);
    }

    #[test]
    fn doubled_quotes_become_single_ones() {
        assert_eq!(*undoubled(b"\"\"a;b\"\"@x.com;c@x.com"), *b"\"a;b\"@x.com;c@x.com");
        assert_eq!(*undoubled(b"a@x.com"), *b"a@x.com");
    }

    #[test]
    fn times_keep_their_parts_of_a_second() {
        let read = |cell: &str| instant(cell.as_bytes()).map(|i| (i.time.to_string(), i.nanoseconds));
        assert_eq!(read("2024-01-25T15:16:09.843Z"), Ok(("2024-01-25T15:16:09Z".to_owned(), 843_000_000)));
        assert_eq!(read("2024-01-25T15:16:09Z"), Ok(("2024-01-25T15:16:09Z".to_owned(), 0)));
        assert_eq!(read("2024-01-25 15:16:09"), Ok(("2024-01-25T15:16:09Z".to_owned(), 0)));
        for wrong in ["", "2024-02-30T15:16:09.843Z", "2024-01-25T25:16:09.843Z", "jo@example.com"] {
            let reason = read(wrong).unwrap_err();
            assert!(reason.contains("is not a time") && !reason.contains('@'), "{reason}");
        }
    }
}
