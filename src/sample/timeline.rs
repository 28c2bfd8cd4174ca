//! Lines to come, written in the order of their times although messages overlap.
//!
//! Holds only what is still to come (retries of a few days), so that a log of any size needs little memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

/// Bytes collected before they are written.
const CHUNK: usize = 64 * 1024;

/// Lines by time; those of one time in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    entries: BinaryHeap<Reverse<Entry>>,
    texts: Vec<Vec<u8>>,
    free: Vec<u32>,
    added: u64,
    /// What stands between two lines.
    separator: &'static [u8],
    out: Vec<u8>,
    /// Lines written so far.
    pub(super) lines: u64,
    /// Bytes written so far.
    pub(super) bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry {
    time: u64,
    order: u64,
    text: u32,
    host: u32,
}

impl Timeline {
    /// An empty log with `separator` between its lines.
    pub(super) fn new(separator: &'static [u8]) -> Timeline {
        Timeline { separator, ..Timeline::default() }
    }

    /// A new line of a host at a time, to be filled by the caller.
    pub(super) fn line(&mut self, time: u64, host: u32) -> &mut Vec<u8> {
        let text = self.free.pop().unwrap_or_else(|| {
            self.texts.push(Vec::with_capacity(256));
            (self.texts.len() - 1) as u32
        });
        self.entries.push(Reverse(Entry { time, order: self.added, text, host }));
        self.added += 1;
        let line = &mut self.texts[text as usize];
        line.clear();
        line
    }

    /// Writes all lines before a time; `start` writes what stands before a line's text.
    pub(super) fn write_until(
        &mut self,
        time: u64,
        out: &mut dyn Write,
        mut start: impl FnMut(&mut Vec<u8>, u64, u32),
    ) -> io::Result<()> {
        while let Some(Reverse(entry)) = self.entries.peek().copied() {
            if entry.time >= time {
                break;
            }
            self.entries.pop();
            if self.lines > 0 {
                self.out.extend_from_slice(self.separator);
            }
            start(&mut self.out, entry.time, entry.host);
            self.out.extend_from_slice(&self.texts[entry.text as usize]);
            self.free.push(entry.text);
            self.lines += 1;
            if self.out.len() >= CHUNK {
                self.flush(out)?;
            }
        }
        Ok(())
    }

    /// Adds a text before the first or after the last line, such as a header.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    /// Hands over what was collected.
    pub(super) fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.out)?;
        self.bytes += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }
}
