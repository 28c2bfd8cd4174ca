//! Tables in binary files as CSV text: sheets of Excel workbooks and Parquet files, so that all that holds for CSV
//! holds for them.
//!
//! The text is made while it is read, by a thread that is some blocks ahead; it is never whole in memory. Line and
//! row numbers of a sheet are the same as long as no cell has line breaks. Finding the tables in a file is left to
//! `unpack`, reading them to `workbook` and `parquet`.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};

use super::ahead::{BLOCKS_AHEAD, Blocks};
use super::guard::guarded;
use super::section::{Section, Stream};
use super::{parquet, workbook};

/// Bytes of text that are handed over at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// A table in a file.
#[derive(Clone, Debug)]
pub(super) enum Table {
    /// A sheet of an Excel workbook, by its name.
    Sheet(String),
    /// The rows of a Parquet file.
    Parquet,
}

impl Table {
    /// The text of the table in a file.
    pub(super) fn text(&self, file: &Section) -> io::Result<Stream> {
        let (table, file) = (self.clone(), file.clone());
        let (blocks, received) = sync_channel(BLOCKS_AHEAD);
        std::thread::Builder::new().name("table".to_owned()).spawn(move || {
            let mut text = CsvText { blocks: blocks.clone(), block: Vec::new() };
            let written = match table {
                Table::Sheet(name) => guarded("workbook", || workbook::write_sheet(&file, &name, &mut text)),
                Table::Parquet => guarded("Parquet file", || parquet::write_rows(&file, &mut text)),
            };
            let end = written.and_then(|()| text.flush());
            // Nobody waits for the end where the text is no longer read.
            let _ = blocks.send(end.map(|()| Vec::new()));
        })?;
        Ok(Box::new(Blocks::of(received, "the table breaks off: its file is damaged")))
    }
}

/// Writes cells as CSV, block by block.
pub(super) struct CsvText {
    blocks: SyncSender<io::Result<Vec<u8>>>,
    block: Vec<u8>,
}

impl CsvText {
    /// Adds a cell to the line, behind a comma where it is not the first.
    pub(super) fn cell(&mut self, is_first: bool, text: &str) -> io::Result<()> {
        if !is_first {
            self.block.push(b',');
        }
        let needs_quotes = |byte: u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
        if !text.bytes().any(needs_quotes) {
            return self.write_all(text.as_bytes());
        }
        self.block.push(b'"');
        for (at, part) in text.split('"').enumerate() {
            if at > 0 {
                self.block.extend(b"\"\"");
            }
            self.block.extend(part.as_bytes());
        }
        self.write_all(b"\"")
    }

    /// Ends the line.
    pub(super) fn end_line(&mut self) -> io::Result<()> {
        self.write_all(b"\n")
    }
}

impl Write for CsvText {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.block.extend(text);
        if self.block.len() >= BLOCK_BYTES {
            self.flush()?;
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        if block.is_empty() {
            return Ok(());
        }
        self.blocks.send(Ok(block)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
