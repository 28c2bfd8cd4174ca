//! Splits a text into the cells of one record, which stay where they are.
//!
//! Cells are read as the crate `csv` reads them, to which the tests compare: a quote opens a cell only at its
//! start and is a plain character in any other; what follows a closing quote belongs to the cell as it stands.
//! Reading the text piece by piece is left to `records`.

use std::ops::Range;

const QUOTE: u8 = b'"';
/// Words of eight bytes that are looked at one by one: cells are seldom longer.
const SHORT_WORDS: usize = 6;

/// Splits records.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    cells: Vec<Range<usize>>,
    /// The numbers of cells with a quote inside.
    inner_quotes: Vec<usize>,
}

impl Splitter {
    /// Splits at a delimiter.
    pub(super) fn at(delimiter: u8) -> Splitter {
        Splitter { delimiter, cells: Vec::new(), inner_quotes: Vec::new() }
    }

    /// Where the cells of the record lie that was split last.
    pub(super) fn cells(&self) -> &[Range<usize>] {
        &self.cells
    }

    /// Splits the record at the start of a text, which is not empty, and returns its length with the first byte
    /// of its line end; `None` where the record can go on behind the text.
    pub(super) fn split(&mut self, text: &[u8], is_whole: bool) -> Option<usize> {
        self.cells.clear();
        self.inner_quotes.clear();
        let mut at = 0;
        loop {
            let end = match text.get(at) {
                Some(&QUOTE) => self.quoted(text, at + 1),
                _ => self.unquoted(text, at),
            };
            match text.get(end).copied() {
                Some(byte) if byte == self.delimiter => at = end + 1,
                None if !is_whole => return None,
                next => return Some(end + usize::from(next.is_some())),
            }
        }
    }

    /// Takes the cell that begins here without a quote; returns where it ends.
    fn unquoted(&mut self, text: &[u8], begin: usize) -> usize {
        let end = self.end_of_cell(text, begin);
        self.cells.push(begin..end);
        end
    }

    /// Takes the cell that begins here behind a quote; returns where it ends.
    fn quoted(&mut self, text: &[u8], begin: usize) -> usize {
        let close = find_quote(text, begin);
        if text.get(close + 1).is_some_and(|&next| self.ends_cell(next)) {
            self.cells.push(begin..close);
            return close + 1;
        }
        let end = self.end_of_quoted(text, close);
        self.inner_quotes.push(self.cells.len());
        self.cells.push(begin..end);
        end
    }

    /// Where a quoted cell ends that has its second quote at `quote` and does not end there.
    fn end_of_quoted(&self, text: &[u8], mut quote: usize) -> usize {
        while text.get(quote + 1) == Some(&QUOTE) {
            quote = find_quote(text, quote + 2);
        }
        self.end_of_cell(text, (quote + 1).min(text.len()))
    }

    fn end_of_cell(&self, text: &[u8], from: usize) -> usize {
        memchr::memchr3(self.delimiter, b'\n', b'\r', &text[from..]).map_or(text.len(), |at| from + at)
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }

    /// Whether cells of the record that was split last have quotes inside.
    pub(super) fn has_inner_quotes(&self) -> bool {
        !self.inner_quotes.is_empty()
    }

    /// Takes the quotes out of cells that have them inside, so that doubled ones become single. The text of the
    /// record that was split last is changed.
    pub(super) fn unescape(&mut self, text: &mut [u8]) {
        for &number in &self.inner_quotes {
            let cell = &mut self.cells[number];
            cell.end = cell.start + unescaped(&mut text[cell.clone()]);
        }
    }
}

/// Where the next quote stands; the end where there is none.
fn find_quote(text: &[u8], from: usize) -> usize {
    let mut at = from.min(text.len());
    // Most cells are short: looking at some words of eight bytes here is faster than starting a search in vectors.
    for _ in 0..SHORT_WORDS {
        let Some(word) = text[at..].first_chunk() else { break };
        match quote_in(u64::from_le_bytes(*word)) {
            Some(place) => return at + place,
            None => at += size_of::<u64>(),
        }
    }
    memchr::memchr(QUOTE, &text[at..]).map_or(text.len(), |place| at + place)
}

/// The place of the first quote among eight bytes, the first of which is the lowest.
fn quote_in(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let zero_at_quotes = word ^ (ONES * QUOTE as u64);
    // The lowest bit that is set belongs to the first byte that is zero; those above it may be carries.
    let found = zero_at_quotes.wrapping_sub(ONES) & !zero_at_quotes & (ONES << 7);
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// Takes the quotes out of what stands behind the first quote of a cell; returns the new length.
fn unescaped(cell: &mut [u8]) -> usize {
    let mut len = 0;
    let mut from = 0;
    while let Some(&byte) = cell.get(from) {
        if byte == QUOTE {
            from += 1;
            if cell.get(from) != Some(&QUOTE) {
                cell.copy_within(from.., len);
                return len + cell.len() - from;
            }
        }
        cell[len] = byte;
        len += 1;
        from += 1;
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, is_whole: bool) -> Option<(usize, Vec<String>)> {
        let mut text = text.as_bytes().to_vec();
        let mut splitter = Splitter::at(b',');
        let len = splitter.split(&text, is_whole)?;
        splitter.unescape(&mut text);
        let cell = |cell: &Range<usize>| String::from_utf8_lossy(&text[cell.clone()]).into_owned();
        Some((len, splitter.cells().iter().map(cell).collect()))
    }

    fn cells(text: &str) -> Vec<String> {
        split(text, true).unwrap().1
    }

    #[test]
    fn quotes_are_read_as_csv_reads_them() {
        assert_eq!(cells("\"a,\n1\",b,"), ["a,\n1", "b", ""]);
        assert_eq!(cells("\"say \"\"no\"\"\",\"\",\"\"\"\""), ["say \"no\"", "", "\""]);
        assert_eq!(cells("a\"b,\"a\"b\"c,d"), ["a\"b", "ab\"c", "d"]);
        assert_eq!(cells("\"open,\nx"), ["open,\nx"]);
        assert_eq!(cells("\"open\"\""), ["open\""]);
    }

    #[test]
    fn a_quote_is_found_wherever_it_stands() {
        for len in 0..70 {
            for place in 0..len {
                // Bytes beside the quote differ from it by one bit and by one.
                let mut text = [b'#', b'!', 0xa2, b' ', 0x80, 0xff].repeat(12)[..len].to_vec();
                assert_eq!(find_quote(&text, 0), len);
                text[place..].fill(QUOTE);
                assert_eq!(find_quote(&text, 0), place, "{len}");
                assert_eq!(find_quote(&text, place), place, "{len}");
            }
        }
        assert_eq!(find_quote(b"a", 3), 1);
    }

    #[test]
    fn a_record_ends_at_its_line_end() {
        assert_eq!(split("a,b\r\nc", true), Some((4, vec!["a".into(), "b".into()])));
        assert_eq!(split("\"a\"\nc", true), Some((4, vec!["a".into()])));
    }

    #[test]
    fn what_can_go_on_is_no_record_yet() {
        for text in ["a", "a,", "\"a", "\"a\"", "\"a\"\"", "\"a\"b"] {
            assert_eq!(split(text, false), None, "{text}");
            assert!(split(text, true).is_some(), "{text}");
        }
    }
}
