//! Opening inputs: files, folders, globs and standard input, decompressed and decoded.

mod lines;

pub use lines::{Line, Lines};

use std::io::{self, Read};

use chrono::NaiveDate;

use crate::period::Timestamp;

/// Bytes of the start of an input that are looked at to recognise it.
pub const HEAD_BYTES: usize = 64 * 1024;

/// One stream of text: a file, a member of an archive, or standard input.
#[derive(Debug)]
pub struct Input {
    name: String,
    head: Vec<u8>,
    content: Vec<u8>,
    dates: Dates,
}

/// What is known of an input's age beside its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Dates {
    /// The time in the gzip header.
    pub gzip: Option<Timestamp>,
    /// A date in the file's name, as rotation writes it.
    pub name: Option<NaiveDate>,
    /// When the file (or archive member) was last changed.
    pub modified: Option<Timestamp>,
}

/// Why an input cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system's reason.
    #[error("{input}: {error}")]
    Io {
        /// The input.
        input: String,
        /// The reason.
        error: io::Error,
    },
}

impl Input {
    /// An input that is already in memory.
    pub fn from_bytes(name: &str, content: &[u8]) -> Input {
        let head = content[..content.len().min(HEAD_BYTES)].to_vec();
        Input { name: name.to_owned(), head, content: content.to_vec(), dates: Dates::default() }
    }

    /// The name under which it is shown: a path, `archive.zip!member` or `(standard input)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The start of the text, at most [`HEAD_BYTES`], decompressed and decoded.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// What is known of its age beside its content.
    pub fn dates(&self) -> Dates {
        self.dates
    }

    /// Whether [`Input::open`] works more than once (not for standard input).
    pub fn can_reopen(&self) -> bool {
        true
    }

    /// The whole text from its start, decompressed and decoded.
    pub fn open(&mut self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(io::Cursor::new(self.content.clone())))
    }

    /// The end of the text, at most [`HEAD_BYTES`]; reads the whole input where it is compressed. `None` where
    /// it cannot be read twice.
    pub fn tail(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let start = self.content.len().saturating_sub(HEAD_BYTES);
        Ok(Some(self.content[start..].to_vec()))
    }
}
