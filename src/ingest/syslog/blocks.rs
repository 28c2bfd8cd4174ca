//! Blocks of whole lines, so that several threads can look at a log at once: cut at line ends, or filled with the lines
//! that came out of their container. The lines are those of [`Records`], with the same numbers.
//!
//! What the lines mean is left to the formats, the threads to [`crate::ingest::parallel`].

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::envelope::{Envelope, Records};
use super::frames::Frames;
use crate::ingest::source::LINE_CAP;

/// Bytes of a block, about: small enough to stay in the cache of a core until it is read.
pub const BLOCK_BYTES: usize = 512 * 1024;
/// Bytes in which a line end is looked for before lone CRs are taken for line ends.
const MARK_BYTES: usize = 512 * 1024;

/// Some lines of a log.
#[derive(Debug, Default)]
pub struct Block {
    /// The text is `bytes[..end]`.
    bytes: Vec<u8>,
    end: usize,
    /// The lines that came out of a container; the text is theirs, one after the other.
    unwrapped: Option<Vec<Unwrapped>>,
    /// The byte that ends lines.
    mark: u8,
    /// Whether the input broke off inside the last line.
    broken: bool,
}

/// A line that came out of a container.
#[derive(Clone, Copy, Debug)]
struct Unwrapped {
    end: usize,
    number: u32,
    overlong: bool,
}

/// A line of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockLine<'a> {
    /// The line, without its end.
    pub bytes: &'a [u8],
    /// Its number among those read for the block (1-based).
    pub number: u32,
    /// Whether the line that was read is longer than [`LINE_CAP`] and goes on beyond it.
    pub overlong: bool,
}

impl Block {
    /// The bytes of all its lines.
    pub fn text(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Whether its lines came out of a container, in which they can hold anything; texts have no NULs.
    pub fn is_unwrapped(&self) -> bool {
        self.unwrapped.is_some()
    }

    /// Gives all lines one after the other, and returns how many were read for them.
    pub fn each_line<'a>(&'a self, mut take: impl FnMut(BlockLine<'a>)) -> u32 {
        let text = self.text();
        if let Some(lines) = &self.unwrapped {
            let mut start = 0;
            for &Unwrapped { end, number, overlong } in lines {
                take(BlockLine { bytes: &text[start..end], number, overlong });
                start = end;
            }
            return lines.last().map_or(0, |line| line.number);
        }
        let (mut start, mut number) = (0, 0);
        for end in memchr_iter(self.mark, text) {
            number += 1;
            take(whole(&text[start..end], number, false));
            start = end + 1;
        }
        if start < text.len() {
            number += 1;
            take(whole(&text[start..], number, self.broken));
        }
        number
    }
}

/// A line as it stands in a text: without CRs at its end and what is beyond the longest line.
#[inline]
fn whole(line: &[u8], number: u32, broken: bool) -> BlockLine<'_> {
    let cut = broken || line.len() > LINE_CAP;
    let mut bytes = &line[..line.len().min(LINE_CAP)];
    while let [rest @ .., b'\r'] = bytes {
        bytes = rest;
    }
    BlockLine { bytes, number, overlong: cut && bytes.len() >= LINE_CAP }
}

/// Cuts a text into blocks.
#[derive(Debug)]
pub struct Blocks<R> {
    source: Source<R>,
    /// Bytes after which a block is full.
    size: usize,
    done: bool,
    fault: Option<io::Error>,
}

#[derive(Debug)]
enum Source<R> {
    /// A text of lines, and what was read behind the last block.
    Text { reader: Frames<R>, rest: Vec<u8>, mark: Option<u8> },
    /// Lines in a container, and the number of the last one read.
    Container { records: Box<Records<R>>, last: u64 },
}

impl<R: Read> Blocks<R> {
    /// The blocks of a text in a container, of about this size.
    pub fn new(reader: R, envelope: Envelope, size: usize) -> Blocks<R> {
        let source = match envelope {
            Envelope::Plain | Envelope::Stream => Source::Text {
                reader: Frames::new(reader, envelope == Envelope::Stream),
                rest: Vec::new(),
                mark: None,
            },
            Envelope::Json | Envelope::Csv { .. } | Envelope::JournalExport => {
                Source::Container { records: Box::new(Records::new(reader, envelope)), last: 0 }
            }
        };
        Blocks { source, size: size.max(1), done: false, fault: None }
    }

    /// Whether all was read.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// What ended the text early, once all blocks were made.
    pub fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    /// Fills a block with the next lines; `false` where there are none. The room that it has is used again.
    pub fn fill(&mut self, block: &mut Block) -> bool {
        (block.end, block.broken) = (0, false);
        if self.done {
            return false;
        }
        match &self.source {
            Source::Text { .. } => self.fill_with_text(block),
            Source::Container { .. } => self.fill_with_records(block),
        }
    }

    fn fill_with_records(&mut self, block: &mut Block) -> bool {
        let Source::Container { records, last } = &mut self.source else { return false };
        let lines = block.unwrapped.get_or_insert_default();
        lines.clear();
        block.bytes.clear();
        let first = *last;
        // The lines read are counted as well: one without content takes no room.
        while block.bytes.len() < self.size && lines.len() < self.size {
            match records.next_record() {
                Ok(Some(record)) => {
                    block.bytes.extend_from_slice(record.line);
                    *last = record.number;
                    let number = u32::try_from(record.number - first).unwrap_or(u32::MAX);
                    lines.push(Unwrapped { end: block.bytes.len(), number, overlong: record.overlong });
                }
                ended => {
                    self.fault = ended.err();
                    self.done = true;
                    break;
                }
            }
        }
        block.end = block.bytes.len();
        !lines.is_empty()
    }

    fn fill_with_text(&mut self, block: &mut Block) -> bool {
        let Source::Text { reader, rest, mark } = &mut self.source else { return false };
        block.unwrapped = None;
        let mut text = Filling { reader, bytes: &mut block.bytes, end: 0, fault: None, done: false };
        text.put(rest);
        rest.clear();
        let mark = *mark.get_or_insert_with(|| text.find_mark());
        block.mark = mark;
        while text.end < self.size && text.read(self.size) {}
        let cut = text.cut(mark, rest);
        (block.end, self.done) = (cut, text.done);
        self.fault = text.fault;
        block.broken = self.fault.is_some();
        block.end > 0
    }
}

/// A block into which a text is read.
struct Filling<'f, R> {
    reader: &'f mut Frames<R>,
    bytes: &'f mut Vec<u8>,
    end: usize,
    fault: Option<io::Error>,
    done: bool,
}

impl<R: Read> Filling<'_, R> {
    fn put(&mut self, bytes: &[u8]) {
        if self.bytes.len() < bytes.len() {
            self.bytes.resize(bytes.len(), 0);
        }
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.end = bytes.len();
    }

    /// Reads more, at most up to a length. Whether there was any.
    fn read(&mut self, until: usize) -> bool {
        if self.done || self.end >= until {
            return false;
        }
        if self.bytes.len() < until {
            self.bytes.resize(until, 0);
        }
        let read = loop {
            match self.reader.read(&mut self.bytes[self.end..until]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.fault = read.err();
        self.done = count == 0;
        self.end += count;
        count > 0
    }

    /// The byte that ends lines: LF, or CR where the first bytes have CRs and no LF.
    fn find_mark(&mut self) -> u8 {
        while memchr(b'\n', &self.bytes[..self.end]).is_none() && self.read(MARK_BYTES) {}
        let first = &self.bytes[..self.end];
        let only_cr = memchr2(b'\n', b'\r', first).is_some() && memchr(b'\n', first).is_none();
        if only_cr { b'\r' } else { b'\n' }
    }

    /// Where the last whole line ends; what is behind it goes into `rest`. A line that does not end is read on to its
    /// end; what is beyond the longest line is dropped.
    fn cut(&mut self, mark: u8, rest: &mut Vec<u8>) -> usize {
        let mut searched = 0;
        loop {
            if self.done {
                return self.end;
            }
            if let Some(at) = memrchr(mark, &self.bytes[searched..self.end]) {
                let cut = searched + at + 1;
                rest.extend_from_slice(&self.bytes[cut..self.end]);
                return cut;
            }
            searched = self.end;
            if self.end > LINE_CAP {
                return self.drop_line(mark, rest);
            }
            self.read(self.end + MARK_BYTES);
        }
    }

    /// Drops what follows the longest line up to its end. One byte more is kept, which tells that it went on.
    fn drop_line(&mut self, mark: u8, rest: &mut Vec<u8>) -> usize {
        let kept = LINE_CAP + 1;
        self.end = kept;
        while self.read(kept + MARK_BYTES) {
            if let Some(at) = memchr(mark, &self.bytes[kept..self.end]) {
                rest.extend_from_slice(&self.bytes[kept + at + 1..self.end]);
                self.bytes[kept] = mark;
                return kept + 1;
            }
            self.end = kept;
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Line = (u64, Vec<u8>, bool);

    /// Gives a text in pieces, then an error where one is set.
    struct Pieces<'a>(&'a [u8], usize, bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(self.1).min(buf.len());
            if count == 0 && std::mem::take(&mut self.2) {
                return Err(io::Error::other("broken"));
            }
            buf[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn by_blocks(text: Pieces<'_>, envelope: Envelope, size: usize) -> (Vec<Line>, Option<String>) {
        let mut blocks = Blocks::new(text, envelope, size);
        let (mut all, mut base, mut block) = (Vec::new(), 0, Block::default());
        while blocks.fill(&mut block) {
            let read = block.each_line(|line| {
                all.push((base + u64::from(line.number), line.bytes.to_vec(), line.overlong));
            });
            base += u64::from(read);
        }
        (all, blocks.take_fault().map(|fault| fault.to_string()))
    }

    fn by_records(text: Pieces<'_>, envelope: Envelope) -> (Vec<Line>, Option<String>) {
        let mut records = Records::new(text, envelope);
        let mut all = Vec::new();
        loop {
            match records.next_record() {
                Ok(Some(record)) => all.push((record.number, record.line.to_vec(), record.overlong)),
                Ok(None) => return (all, None),
                Err(fault) => return (all, Some(fault.to_string())),
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_where_records_cut_it() {
        for extra in [0, 1, 17, MARK_BYTES, 3 * LINE_CAP] {
            let mut text = b"before\n".to_vec();
            text.extend(std::iter::repeat_n(b'x', LINE_CAP + extra));
            for end in [&b""[..], b"\n", b"\nafter", b"\r\nafter\n"] {
                let text = [&text[..], end].concat();
                for (piece, broken) in [(usize::MAX, false), (100_003, true)] {
                    let expected = by_records(Pieces(&text, piece, broken), Envelope::Plain);
                    for size in [1, 7, 100_000, 4 * LINE_CAP] {
                        let found = by_blocks(Pieces(&text, piece, broken), Envelope::Plain, size);
                        assert!(found == expected, "{extra} {end:?} {piece} {size}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_hold_the_lines_that_records_give(
            text in "[a\r\n<2>= \"{}:,]{0,60}|(\\{\"message\":\"[ab]{0,5}\"\\}\n){0,6}",
            (piece, size, broken) in (1_usize..9, 1_usize..40, any::<bool>()),
            kind in 0_usize..5,
        ) {
            let csv = Envelope::Csv { column: 1, separator: b',' };
            let envelope =
                [Envelope::Plain, Envelope::Stream, Envelope::Json, csv, Envelope::JournalExport][kind];
            let pieces = || Pieces(text.as_bytes(), piece, broken);
            prop_assert_eq!(by_blocks(pieces(), envelope, size), by_records(pieces(), envelope));
        }
    }
}
