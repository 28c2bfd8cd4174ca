//! What the headers of a Parquet file announce: its reader makes room for that before it looks whether it is there,
//! and a program that gets no memory ends at once. So it is bounded here first.
//!
//! The headers are Thrift structures in the compact protocol. What they mean is left to the reader.

use std::io::{self, BufReader, Read};

use super::section::Section;

/// Bytes to which a page may expand; writers keep pages at some 1 MiB.
const PAGE_CAP: u64 = 256 * 1024 * 1024;
/// Values in a dictionary; writers keep dictionaries below some 1 MiB.
const DICTIONARY_CAP: u64 = 1 << 22;
/// Groups within groups of a schema.
const DEPTH_CAP: usize = 64;
/// Bytes behind the footer: its length and the magic.
const END_BYTES: u64 = 8;
/// Bytes of a header that are read at a time.
const BLOCK_BYTES: usize = 512;

/// Kinds of fields.
const INT: u8 = 5;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Checks that the groups of the schema hold no more than there is, and not too deep.
pub(super) fn check_schema(file: &Section) -> io::Result<()> {
    let end = file.len().checked_sub(END_BYTES).ok_or_else(damaged)?;
    let mut length = [0; 4];
    file.part(end, 4).reader()?.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    let start = end.checked_sub(length).ok_or_else(damaged)?;
    check_footer(Compact::new(&file.part(start, length))?)
}

/// The same of a footer in memory.
pub(crate) fn check_footer_bytes(footer: &[u8]) -> io::Result<()> {
    check_footer(Compact { from: footer, at: 0 })
}

fn check_footer(mut footer: Compact<impl Read>) -> io::Result<()> {
    let mut last = 0;
    while let Some((field, kind)) = footer.field(&mut last)? {
        if (field, kind) == (2, LIST) {
            footer.schema()?;
        } else {
            footer.skip(kind, DEPTH_CAP)?;
        }
    }
    Ok(())
}

/// Checks the pages of a column that begin at a place and hold so many values.
pub(super) fn check_pages(file: &Section, (start, length): (u64, u64), values: u64) -> io::Result<()> {
    let (mut at, mut seen) = (0, 0_u64);
    while at < length && seen < values {
        let from = start.checked_add(at).ok_or_else(damaged)?;
        let mut header = Compact::new(&file.part(from, length - at))?;
        let page = header.page()?;
        at = at.saturating_add(header.at).saturating_add(page.bytes);
        seen = seen.saturating_add(page.values);
    }
    Ok(())
}

/// The same of a column in memory.
pub(crate) fn check_pages_bytes(column: &[u8], values: u64) -> io::Result<()> {
    let (mut at, mut seen) = (0_u64, 0_u64);
    while seen < values {
        let Some(from) = usize::try_from(at).ok().and_then(|at| column.get(at..)) else { break };
        if from.is_empty() {
            break;
        }
        let mut header = Compact { from, at: 0 };
        let page = header.page()?;
        at = at.saturating_add(header.at).saturating_add(page.bytes);
        seen = seen.saturating_add(page.values);
    }
    Ok(())
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the Parquet file is damaged: its headers contradict each other",
    )
}

/// What the header of a page announces.
#[derive(Default)]
struct Page {
    /// Bytes behind the header.
    bytes: u64,
    /// Values, those of a dictionary left out.
    values: u64,
}

/// Reads Thrift's compact protocol.
struct Compact<R> {
    from: R,
    /// Bytes read.
    at: u64,
}

impl Compact<BufReader<super::section::SectionReader>> {
    fn new(section: &Section) -> io::Result<Self> {
        Ok(Compact { from: BufReader::with_capacity(BLOCK_BYTES, section.reader()?), at: 0 })
    }
}

impl<R: Read> Compact<R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte).map_err(|_| damaged())?;
        self.at += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged())
    }

    /// A number that is not negative and not above a cap.
    fn count(&mut self, kind: u8, cap: u64) -> io::Result<u64> {
        let number = self.varint()?;
        // Zigzag: odd numbers are negative.
        if kind != INT || number % 2 == 1 || number / 2 > cap {
            return Err(damaged());
        }
        Ok(number / 2)
    }

    /// The next field of a structure, with its kind; `None` at the end.
    fn field(&mut self, last: &mut u64) -> io::Result<Option<(u64, u8)>> {
        let header = self.byte()?;
        if header == 0 {
            return Ok(None);
        }
        *last = match header >> 4 {
            0 => self.varint()? / 2,
            step => *last + u64::from(step),
        };
        Ok(Some((*last, header & 0x0f)))
    }

    /// Length and kind of a list.
    fn list(&mut self) -> io::Result<(u64, u8)> {
        let header = self.byte()?;
        let length = if header >> 4 == 15 { self.varint()? } else { u64::from(header >> 4) };
        Ok((length, header & 0x0f))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(damaged)?;
        match kind {
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => self.skip_bytes(8)?,
            8 => {
                let length = self.varint()?;
                self.skip_bytes(length)?;
            }
            LIST | 10 => {
                let (length, kind) = self.list()?;
                (0..length).try_for_each(|_| self.skip_element(kind, depth))?;
            }
            11 => {
                let length = self.varint()?;
                let kinds = if length > 0 { self.byte()? } else { 0 };
                for _ in 0..length {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 0x0f, depth)?;
                }
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth)?;
                }
            }
            _ => return Err(damaged()),
        }
        Ok(())
    }

    /// Skips an element of a list; a truth value takes a byte there.
    fn skip_element(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        self.skip(if matches!(kind, 1 | 2) { 3 } else { kind }, depth)
    }

    fn skip_bytes(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.from).take(length), &mut io::sink())?;
        self.at += skipped;
        if skipped == length { Ok(()) } else { Err(damaged()) }
    }

    /// A list of columns and groups, each group followed by what it holds.
    fn schema(&mut self) -> io::Result<()> {
        let (length, kind) = self.list()?;
        let mut open: Vec<u64> = Vec::new();
        for _ in 0..length {
            if kind != STRUCT || open.len() > DEPTH_CAP {
                return Err(damaged());
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            let (mut children, mut last) = (0, 0);
            while let Some((field, kind)) = self.field(&mut last)? {
                match field {
                    5 => children = self.count(kind, length)?,
                    _ => self.skip(kind, DEPTH_CAP)?,
                }
            }
            open.push(children);
            while open.pop_if(|left| *left == 0).is_some() {}
        }
        Ok(())
    }

    fn page(&mut self) -> io::Result<Page> {
        let (mut page, mut last) = (Page::default(), 0);
        while let Some((field, kind)) = self.field(&mut last)? {
            match field {
                2 => drop(self.count(kind, PAGE_CAP)?),
                3 => page.bytes = self.count(kind, PAGE_CAP)?,
                5 | 8 if kind == STRUCT => page.values = self.values(u64::MAX)?,
                7 if kind == STRUCT => drop(self.values(DICTIONARY_CAP)?),
                _ => self.skip(kind, DEPTH_CAP)?,
            }
        }
        Ok(page)
    }

    /// The number of values, with which the header of each kind of page begins.
    fn values(&mut self, cap: u64) -> io::Result<u64> {
        let (mut values, mut last) = (0, 0);
        while let Some((field, kind)) = self.field(&mut last)? {
            match field {
                1 => values = self.count(kind, cap)?,
                _ => self.skip(kind, DEPTH_CAP)?,
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of nothing but a footer with a schema: bytes of field 2 as they are written.
    fn schema(list: &[u8]) -> Section {
        let footer = [&[0x15, 2, 0x19], list, &[0]].concat();
        let length = (footer.len() as u32).to_le_bytes();
        Section::of_bytes(&[b"PAR1", footer.as_slice(), &length, b"PAR1"].concat())
    }

    /// An element of a schema that holds so many others, zigzag below 64.
    fn group(children: u8) -> [u8; 3] {
        [0x55, children * 2, 0]
    }

    fn list(elements: &[[u8; 3]]) -> Vec<u8> {
        [&[0xfc, elements.len() as u8], elements.concat().as_slice()].concat()
    }

    #[test]
    fn a_schema_holds_what_it_announces() {
        check_schema(&schema(&list(&[group(2), group(0), group(1), group(0)]))).unwrap();
        check_schema(&schema(&list(&[group(9), group(0)]))).unwrap_err();
        check_schema(&schema(&[0x1c, 0x55, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0])).unwrap_err();
        check_schema(&schema(&list(&[group(1); 60]))).unwrap();
        check_schema(&schema(&list(&[group(1); 100]))).unwrap_err();
        check_schema(&Section::of_bytes(b"PAR1")).unwrap_err();
        check_schema(&Section::of_bytes(b"\xff\xff\xff\xffPAR1")).unwrap_err();
    }

    #[test]
    fn pages_and_dictionaries_are_bounded() {
        let check = |header: &[u8]| check_pages(&Section::of_bytes(header), (0, header.len() as u64), 3);
        // A dictionary of 3 values in 4 bytes, then a page of 3 values in 2 bytes.
        let page = [0x15, 0, 0x15, 4, 0x15, 4, 0x2c, 0x15, 6, 0, 0, 7, 7];
        let dictionary = [0x15, 4, 0x15, 8, 0x15, 8, 0x4c, 0x15, 6, 0, 0, 1, 2, 3, 4];
        check(&[&dictionary[..], &page].concat()).unwrap();
        // What stands behind the last value is not read.
        check(&[&page[..], b"\xff\xff"].concat()).unwrap();
        check(&[0x15, 0, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 4, 0]).unwrap_err();
        check(&[0x15, 0, 0x15, 3, 0x15, 4, 0]).unwrap_err();
        check(&[0x15, 4, 0x15, 8, 0x15, 8, 0x4c, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0]).unwrap_err();
        check(&[0x15, 0]).unwrap_err();
    }
}
