//! Opening inputs: files, folders, globs and standard input, decompressed and decoded.
//!
//! [`discover()`] turns what the user named into [`Input`]s: one per text, whether it is a file, a member of an
//! archive or standard input. An input is read as a stream; memory does not grow with its length. Which format
//! a text has is left to `detect` and the formats.

mod ahead;
mod announced;
mod archive;
mod dates;
mod decode;
mod digest;
mod discover;
mod fault;
mod guard;
mod layer;
mod lines;
mod meter;
mod nuls;
mod parquet;
mod section;
mod table;
mod unpack;
mod workbook;

pub(crate) use announced::{check_footer_bytes, check_pages_bytes};
pub use dates::Dates;
pub use digest::{Digest, Digests};
pub use discover::{Discovery, discover};
pub(crate) use guard::guarded;
pub use lines::{LINE_CAP, Line, Lines};

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use decode::{Encoding, encoding_of};
use digest::{FileContent, SourceFile};
use nuls::{WithoutNuls, leading_nuls};
use section::{Section, Stream, peek};
use unpack::Place;

/// Bytes of the start of an input that are looked at to recognise it.
pub const HEAD_BYTES: usize = 64 * 1024;

/// One stream of text: a file, a member of an archive, or standard input.
pub struct Input {
    name: String,
    origin: Origin,
    dates: Dates,
    content: Content,
    head: OnceLock<Head>,
    file: Arc<SourceFile>,
    sheet: Option<Sheet>,
}

/// Where a table stands that is a sheet of a workbook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// The workbook, as it is shown.
    pub workbook: String,
    /// The name on the sheet's tab.
    pub name: String,
}

/// Where the bytes of an input are.
enum Content {
    Place(Place),
    /// Can be read once: `None` afterwards.
    Stream(Option<Stream>),
}

/// The start of a text, and what broke it off.
struct Head {
    bytes: Vec<u8>,
    fault: Option<String>,
}

/// How an input came to be read: what a named one lacks is an error, a found one may be something else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The user named this very file, or standard input.
    Named,
    /// It was found in a folder, an archive or by a glob.
    Found,
}

/// Why an input cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system's reason, or damage of the data.
    #[error("{input}: {error}")]
    Io {
        /// The input.
        input: String,
        /// The reason.
        error: io::Error,
    },
    /// A path that leads nowhere.
    #[error("'{0}' does not exist: expected a file, a folder, a glob such as 'logs/*.gz', or '-'")]
    Missing(String),
    /// A glob without a match.
    #[error("'{0}' matches no file")]
    NoMatch(String),
    /// A pattern that is no glob.
    #[error("'{pattern}' is not a glob: {reason}")]
    BadGlob {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Standard input named more than once.
    #[error("'-' is named twice: standard input can be read only once")]
    StdinTwice,
    /// A stream opened again.
    #[error("{input}: it is a stream and was already read\nhint: save it as a file and name that")]
    ReadTwice {
        /// The input.
        input: String,
    },
    /// A folder or archive without files.
    #[error("{input}: holds no files")]
    Nothing {
        /// The folder or archive.
        input: String,
    },
    /// A ledger where logs are expected.
    #[error("{folder}: is a ledger, not a folder of logs\nhint: name it with --ledger {folder}")]
    Ledger {
        /// The folder.
        folder: String,
    },
    /// An archive that cannot be followed.
    #[error("{input}: the {kind} archive is damaged: {what}")]
    BadArchive {
        /// The archive.
        input: String,
        /// `tar` or `zip`.
        kind: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A member under a password.
    #[error("{input}: it is encrypted\nhint: unpack the archive with its password and name the files")]
    Encrypted {
        /// The member.
        input: String,
    },
    /// A zip member in a compression that is not read.
    #[error(
        "{input}: zip compression '{method}' cannot be read: expected stored, deflate, bzip2, zstd or xz\n\
         hint: unpack the archive and name the files"
    )]
    UnknownMethod {
        /// The member.
        input: String,
        /// The compression's name.
        method: String,
    },
    /// A tar member with holes.
    #[error("{input}: it is stored as a sparse file\nhint: unpack the archive and name the files")]
    Sparse {
        /// The member.
        input: String,
    },
    /// Archives in archives in archives.
    #[error("{input}: packed more than {cap} times over: refused\nhint: unpack the outer archives first",
        cap = unpack::DEPTH_CAP)]
    TooDeep {
        /// The input.
        input: String,
    },
    /// An archive of too many files.
    #[error("{input}: holds more than {cap} files: the others are not read", cap = unpack::MEMBER_CAP)]
    TooMany {
        /// The archive.
        input: String,
    },
    /// No room for a temporary copy.
    #[error("{input}: cannot unpack it to a temporary file in {folder}: {error}\nhint: set TMPDIR to a folder with room",
        folder = folder.display())]
    Spool {
        /// The archive.
        input: String,
        /// The folder of temporary files.
        folder: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

impl SourceError {
    /// The path or input it is about, and what is wrong, for those who show the two apart.
    pub fn parts(&self) -> (&str, String) {
        let input = match self {
            SourceError::Io { input, .. }
            | SourceError::ReadTwice { input }
            | SourceError::Nothing { input }
            | SourceError::BadArchive { input, .. }
            | SourceError::Encrypted { input }
            | SourceError::UnknownMethod { input, .. }
            | SourceError::Sparse { input }
            | SourceError::TooDeep { input }
            | SourceError::TooMany { input }
            | SourceError::Spool { input, .. } => input,
            SourceError::Ledger { folder } => folder,
            SourceError::Missing(path) | SourceError::NoMatch(path) => path,
            SourceError::BadGlob { pattern, .. } => pattern,
            SourceError::StdinTwice => "-",
        };
        let text = self.to_string();
        let what = text.strip_prefix(input).and_then(|rest| rest.strip_prefix(": "));
        (input, what.unwrap_or(&text).to_owned())
    }
}

impl Input {
    /// A text that is already in memory. It is decoded but not decompressed, and counts as named.
    pub fn from_bytes(name: &str, content: &[u8]) -> Input {
        let section = Section::of_bytes(content);
        let file = SourceFile { name: name.to_owned(), content: FileContent::Section(section.clone()) };
        Input {
            name: name.to_owned(),
            origin: Origin::Named,
            dates: Dates { name: dates::date_in_name(name), ..Dates::default() },
            content: Content::Place(Place::plain(section)),
            head: OnceLock::new(),
            file: Arc::new(file),
            sheet: None,
        }
    }

    /// The name under which it is shown: a path, `archive.zip!member` or `(standard input)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that it is in: for a member of an archive, the archive.
    pub fn file(&self) -> &str {
        &self.file.name
    }

    /// The sheet that it is, where it is one of a workbook.
    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheet.as_ref()
    }

    /// Whether the user named it, or it was found.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The start of the text, at most [`HEAD_BYTES`], decompressed and decoded. It is read once and kept. Where
    /// the input breaks off inside it, what came before.
    pub fn head(&self) -> &[u8] {
        &self.read_head().bytes
    }

    /// What broke the text off inside its head, or kept it from being opened at all.
    pub fn head_fault(&self) -> Option<&str> {
        self.read_head().fault.as_deref()
    }

    /// Keeps only the first bytes of the head, where a run has so many inputs that whole ones take too much.
    pub fn shorten_head(&mut self, bytes: usize) {
        if let Some(head) = self.head.get_mut() {
            head.bytes.truncate(bytes);
            head.bytes.shrink_to_fit();
        }
    }

    fn read_head(&self) -> &Head {
        self.head.get_or_init(|| {
            let Content::Place(place) = &self.content else {
                return Head { bytes: Vec::new(), fault: None };
            };
            match place.text() {
                Err(error) => Head { bytes: Vec::new(), fault: Some(error.to_string()) },
                Ok(text) => {
                    let (bytes, text) = peek(text, HEAD_BYTES);
                    Head { bytes, fault: text.fault.map(|fault| fault.to_string()) }
                }
            }
        })
    }

    /// Counts all that is read of the text from now on, as it lies on disk.
    pub fn count_reading(&mut self, counter: &Arc<AtomicU64>) {
        if let Content::Place(place) = &mut self.content {
            place.section = place.section.counted(counter);
        }
    }

    /// What is known of its age beside its content.
    pub fn dates(&self) -> Dates {
        self.dates
    }

    /// Whether [`Input::open`] works more than once (not for standard input and other streams).
    pub fn can_reopen(&self) -> bool {
        matches!(self.content, Content::Place(_))
    }

    /// The whole text from its start, decompressed and decoded. Reading ends in an error where the data breaks
    /// off or is damaged, after all that could be decoded; the error's text says what happened and after how
    /// many bytes, and leaves this input's name to whoever shows it.
    pub fn open(&mut self) -> Result<Box<dyn Read + Send>, SourceError> {
        match &mut self.content {
            Content::Place(place) => {
                let text = if place.is_packed() { place.text().and_then(ahead::ahead) } else { place.text() };
                text.map_err(|error| self.io_error(error))
            }
            Content::Stream(stream) => {
                stream.take().ok_or_else(|| SourceError::ReadTwice { input: self.name.clone() })
            }
        }
    }

    /// The end of the text, at most [`HEAD_BYTES`]; reads the whole input where it is compressed or UTF-16.
    /// `None` where it cannot be read twice. Of an input that breaks off, the end of what can be read.
    pub fn tail(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let Content::Place(place) = &self.content else {
            return Ok(None);
        };
        let tail = if place.is_plain() { plain_tail(&place.section) } else { Ok(None) };
        let tail = match tail {
            Ok(None) => place.text().map(|text| Some(last_bytes(text))),
            other => other,
        };
        tail.map_err(|error| self.io_error(error))
    }

    fn io_error(&self, error: io::Error) -> SourceError {
        SourceError::Io { input: self.name.clone(), error }
    }
}

/// The end of bytes that need no conversion, without reading what is before it.
fn plain_tail(section: &Section) -> io::Result<Option<Vec<u8>>> {
    let (start, _) = peek(Box::new(section.reader()?), HEAD_BYTES);
    let text = leading_nuls(&start);
    let (encoding, mark) = encoding_of(&start[text..], text as u64);
    // A short text may end in its own mark; one that begins with a long hole may hide its encoding.
    let before = section.len().saturating_sub(HEAD_BYTES as u64);
    if encoding != Encoding::Bytes || text == HEAD_BYTES || ((mark + text) as u64) > before {
        return Ok(None);
    }
    let end = section.part(before, HEAD_BYTES as u64);
    let end = last_bytes(Box::new(WithoutNuls::new(end.reader()?)));
    // A hole may fill the end.
    Ok(Some(end).filter(|end| !end.is_empty()))
}

/// The last [`HEAD_BYTES`] of a stream, up to its end or to the error that ends it.
fn last_bytes(mut stream: Stream) -> Vec<u8> {
    let mut kept = Vec::new();
    loop {
        let read = (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut kept);
        let excess = kept.len().saturating_sub(HEAD_BYTES);
        kept.drain(..excess);
        if !matches!(read, Ok(1..)) {
            return kept;
        }
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .field("origin", &self.origin)
            .field("dates", &self.dates)
            .field("can_reopen", &self.can_reopen())
            .finish_non_exhaustive()
    }
}

/// A name from outside without control characters, which could change what a terminal shows.
fn visible(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether a folder or file of this name is left out where it was not named: `.git`, `.mail.log.swp`.
fn is_hidden_name(name: &str) -> bool {
    name.starts_with('.') && name != "." && name != ".."
}

#[cfg(test)]
mod tests;
