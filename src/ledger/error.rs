//! Why a ledger cannot be opened, read or changed. Every error names the file and what was expected there.

use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::period::Timestamp;

/// Why a ledger cannot be opened, read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The system refused it.
    #[error("{}: cannot be {verb}: {cause}", path.display())]
    Io {
        /// What was tried, such as `read`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// There is no ledger.
    #[error(
        "{}: holds no ledger: expected a folder with state/manifest.json\nhint: 'relaymeter ingest PATH… --ledger {}' makes one", .0.display(), .0.display()
    )]
    NoLedger(PathBuf),
    /// A ledger would be made in a folder of something else.
    #[error("{}: is not empty and holds no ledger (there is '{found}'): expected a new or empty folder", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// Something that is there.
        found: String,
    },
    /// A ledger would be made in the place of a file.
    #[error("{}: is a file: expected a folder, for the ledger", .0.display())]
    NoFolder(PathBuf),
    /// A file of the ledger is not what was written.
    #[error("{}: is damaged: {what}\nhint: 'relaymeter ledger check' looks at every file; a copy from a backup mends it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        what: String,
    },
    /// A file that the manifest names is not there.
    #[error("{}: is missing: expected a file of the ledger\nhint: a copy from a backup mends it", .0.display())]
    Missing(PathBuf),
    /// A later version of the program wrote it.
    #[error(
        "{}: has version {found} of the ledger: expected {known} or less\nhint: a newer relaymeter wrote it; use that", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: u64,
        /// The latest that is known.
        known: u64,
    },
    /// Another writer is at work.
    #[error("{}: another writer is at work ({holder}): expected to be the only one\nhint: try again once it has ended", folder.display())]
    InUse {
        /// The ledger.
        folder: PathBuf,
        /// Who it is, as it says itself.
        holder: String,
    },
    /// Others read it, or put a batch in place, for longer than is waited.
    #[error("{}: is in use for more than {seconds} s: expected that {by} ends", folder.display())]
    Busy {
        /// The ledger.
        folder: PathBuf,
        /// Who is waited for.
        by: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// A row that does not belong into the file of a day.
    #[error("{}: a row of {time} is not of {day}: expected rows of that day only", folder.display())]
    WrongDay {
        /// The ledger.
        folder: PathBuf,
        /// The day of the file.
        day: NaiveDate,
        /// The time of the row.
        time: Timestamp,
    },
    /// Rows could not be kept aside while inputs were read.
    #[error("rows cannot be kept in a temporary file: {0}\nhint: set TMPDIR to a folder with more room")]
    Spool(io::Error),
    /// A message is in the ledger with a time that another zone or year has made of it.
    #[error(
        "{source_name}:{line}: reads {new} for a message that the ledger has at {stored}: expected the same time\nhint: read it with the same --log-timezone and --year as before"
    )]
    Contradiction {
        /// The input that is read.
        source_name: String,
        /// The line in it.
        line: u64,
        /// The time that is stored.
        stored: Timestamp,
        /// The time that was read.
        new: Timestamp,
    },
    /// Times without a zone are read with another zone than before.
    #[error(
        "{logs}: times without a zone are read as {new}: expected {stored}, as in earlier batches of the ledger\nhint: give --log-timezone {stored}"
    )]
    OtherZone {
        /// The format, and the host that wrote the logs.
        logs: String,
        /// The zone of earlier batches.
        stored: String,
        /// The zone of this one.
        new: String,
    },
    /// Settings that change what is read differ from those of earlier batches.
    #[error("{setting} is {new}: expected {stored}, as in earlier batches of the ledger\nhint: {hint}")]
    OtherSettings {
        /// The option.
        setting: &'static str,
        /// What it was.
        stored: String,
        /// What it is.
        new: String,
        /// What to do.
        hint: &'static str,
    },
}

impl LedgerError {
    /// What the system says of a path.
    pub(super) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LedgerError {
        move |cause| LedgerError::Io { verb, path: path.to_owned(), cause }
    }

    /// A file that is not what was written.
    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> LedgerError {
        LedgerError::Damaged { path: path.to_owned(), what: what.into() }
    }
}
