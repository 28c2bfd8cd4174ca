//! A ledger for reading: a snapshot of its manifest and files.
//!
//! Changing it is left to `writer` and `transaction`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::commit;
use super::decode::read_file;
use super::error::LedgerError;
use super::lock::{self, Lock};
use super::manifest::{FileEntry, Manifest};
use super::paths;
use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use super::schema::Kind;
use super::submissions::Identity;
use super::vectors::{Vectors, read_vectors};

/// A ledger as it was when it was opened. Batches that are added meanwhile wait until it is dropped.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    manifest: Manifest,
    /// Keeps the files in place; the writer needs no lock against itself.
    _shared: Option<Lock>,
}

impl Store {
    /// Opens a ledger for reading, and ends a commit that another process could not.
    pub fn open(folder: &Path) -> Result<Store, LedgerError> {
        if !folder.join(paths::STATE).is_dir() {
            return Err(LedgerError::NoLedger(folder.to_owned()));
        }
        let start = Instant::now();
        loop {
            let shared = lock::shared(folder)?;
            if !folder.join(paths::REDO).exists() {
                return Store::load(folder, shared);
            }
            // Whoever began the commit does not live any more: the record is there only while the lock is held alone.
            drop(shared);
            match lock::try_writer(&folder.join(paths::WRITER_LOCK))? {
                Some(_writer) => commit::recover(folder)?,
                None if start.elapsed() < lock::READER_PATIENCE => std::thread::sleep(lock::STEP),
                None => {
                    let (folder, seconds) = (folder.to_owned(), lock::READER_PATIENCE.as_secs());
                    return Err(LedgerError::Busy { folder, by: "a batch is put in place", seconds });
                }
            }
        }
    }

    /// Reads the manifest of a ledger that nobody changes.
    pub(super) fn load(folder: &Path, shared: Option<Lock>) -> Result<Store, LedgerError> {
        let manifest = Manifest::read(folder)?.ok_or_else(|| LedgerError::NoLedger(folder.to_owned()))?;
        Ok(Store { folder: folder.to_owned(), manifest, _shared: shared })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What belongs to it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The files of a kind, by day.
    pub fn files(&self, kind: Kind) -> impl Iterator<Item = &FileEntry> {
        self.manifest.files.iter().filter(move |file| file.kind == kind)
    }

    /// Where a file stands.
    pub fn path(&self, file: &FileEntry) -> PathBuf {
        self.folder.join(&file.path)
    }

    /// The rows of a file of submissions, or of unfinished messages.
    pub fn submissions(&self, file: &FileEntry) -> Result<Vec<SubmissionRow>, LedgerError> {
        read_file(&self.path(file), file.kind, file.rows)
    }

    /// The rows of a file of summaries.
    pub fn summaries(&self, file: &FileEntry) -> Result<Vec<SummaryRow>, LedgerError> {
        read_file(&self.path(file), file.kind, file.rows)
    }

    /// The rows of a file of charges.
    pub fn charges(&self, file: &FileEntry) -> Result<Vec<ChargeRow>, LedgerError> {
        read_file(&self.path(file), file.kind, file.rows)
    }

    /// Columns of a file of submissions or unfinished messages by their names, one item for each group of rows, with
    /// texts by number: the way to read millions of rows. Nothing else is decoded.
    pub fn submission_columns(&self, file: &FileEntry, names: &[&str]) -> Result<Vec<Vectors>, LedgerError> {
        read_vectors::<SubmissionRow>(&self.path(file), file.kind, file.rows, names)
    }

    /// The same of a file of summaries.
    pub fn summary_columns(&self, file: &FileEntry, names: &[&str]) -> Result<Vec<Vectors>, LedgerError> {
        read_vectors::<SummaryRow>(&self.path(file), file.kind, file.rows, names)
    }

    /// What tells the messages of a file of submissions apart, in the order of its rows; nothing else is decoded.
    pub fn identities(&self, file: &FileEntry) -> Result<Vec<Identity>, LedgerError> {
        read_file(&self.path(file), file.kind, file.rows)
    }
}
