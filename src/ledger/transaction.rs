//! A batch that is being written: new files in the staging folder, and what becomes of old ones.
//!
//! Putting it in place is left to `commit`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;

use super::commit::{self, Redo};
use super::encode::write_file;
use super::error::LedgerError;
use super::lock::{self, Lock};
use super::manifest::{FileEntry, Manifest};
use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use super::schema::{Kind, Table};
use super::store::Store;
use super::writer::Writer;
use super::{paths, readme};

/// A batch. It is there wholly once [`Transaction::commit`] returns, and not at all if that does not.
///
/// Rows can be added from several threads. Names of files do not depend on them, as long as each day is added by one.
#[derive(Debug)]
pub struct Transaction {
    store: Arc<Store>,
    /// `None` once it is committed.
    lock: Option<Lock>,
    manifest: Manifest,
    changes: Mutex<Changes>,
}

/// What a batch changes.
#[derive(Debug, Default)]
struct Changes {
    /// New files with the names they have in the staging folder.
    added: Vec<(FileEntry, String)>,
    /// Paths of files that are no longer part of the ledger.
    removed: BTreeSet<String>,
    /// Whether the secret is removed.
    erases_secret: bool,
}

impl Transaction {
    pub(super) fn new(store: Arc<Store>, lock: Lock) -> Result<Transaction, LedgerError> {
        paths::make_folder(&store.folder().join(paths::STAGING))?;
        let mut manifest = store.manifest().clone();
        manifest.next_batch = manifest.next_batch.saturating_add(1);
        manifest.written_by = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Transaction { store, lock: Some(lock), manifest, changes: Mutex::default() })
    }

    /// The number of this batch.
    pub fn number(&self) -> u64 {
        self.store.manifest().next_batch
    }

    /// The ledger without this batch.
    pub fn store(&self) -> Arc<Store> {
        self.store.clone()
    }

    /// What the batch says of itself and of later ones; the files are added by themselves.
    pub fn manifest_mut(&mut self) -> &mut Manifest {
        &mut self.manifest
    }

    /// Adds a file of submissions of a UTC day, which are sorted and used up. No rows make no file.
    pub fn add_submissions(&self, day: NaiveDate, rows: &mut Vec<SubmissionRow>) -> Result<(), LedgerError> {
        self.add(Kind::Submissions, Some(day), rows)
    }

    /// Adds a file of summaries of a UTC day, which are sorted and used up. No rows make no file.
    pub fn add_summaries(&self, day: NaiveDate, rows: &mut Vec<SummaryRow>) -> Result<(), LedgerError> {
        self.add(Kind::Summaries, Some(day), rows)
    }

    /// Adds a file of charges of a UTC day, which are sorted and used up. No rows make no file.
    pub fn add_charges(&self, day: NaiveDate, rows: &mut Vec<ChargeRow>) -> Result<(), LedgerError> {
        self.add(Kind::Charges, Some(day), rows)
    }

    /// Adds a file of messages that do not count yet, which are sorted and used up. No rows make no file.
    pub fn add_unfinished(&self, rows: &mut Vec<SubmissionRow>) -> Result<(), LedgerError> {
        self.add(Kind::Unfinished, None, rows)
    }

    /// Puts other rows in the place of a file of submissions or unfinished messages; none: it is removed.
    pub fn replace_submissions(
        &self,
        file: &FileEntry,
        rows: &mut Vec<SubmissionRow>,
    ) -> Result<(), LedgerError> {
        self.remove(file);
        self.add(file.kind, file.day, rows)
    }

    /// Puts other rows in the place of a file of summaries; none: it is removed.
    pub fn replace_summaries(&self, file: &FileEntry, rows: &mut Vec<SummaryRow>) -> Result<(), LedgerError> {
        self.remove(file);
        self.add(file.kind, file.day, rows)
    }

    /// Puts other rows in the place of a file of charges; none: it is removed.
    pub fn replace_charges(&self, file: &FileEntry, rows: &mut Vec<ChargeRow>) -> Result<(), LedgerError> {
        self.remove(file);
        self.add(file.kind, file.day, rows)
    }

    /// Takes a file out of the ledger.
    pub fn remove(&self, file: &FileEntry) {
        self.changes().removed.insert(file.path.clone());
    }

    /// Erases the key of digests: what was digested with it cannot be compared with anything any more.
    pub fn erase_secret(&self) {
        self.changes().erases_secret = true;
    }

    /// Makes the batch part of the ledger, and gives the writer back.
    pub fn commit(mut self) -> Result<Writer, LedgerError> {
        let folder = self.store.folder().to_owned();
        let redo = self.prepare()?;
        let alone = lock::exclusive(&folder, lock::WRITER_PATIENCE)?;
        redo.record(&folder)?;
        // From here on the batch is part of the ledger, whoever puts it in place.
        let lock = self.lock.take();
        redo.apply(&folder)?;
        drop(alone);
        match lock {
            Some(lock) => Writer::load(&folder, lock),
            None => Writer::open(&folder),
        }
    }

    /// Writes what is still missing in the staging folder, and says what is to be done.
    fn prepare(&mut self) -> Result<Redo, LedgerError> {
        let folder = self.store.folder();
        let changes = std::mem::take(self.changes.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.manifest.files.retain(|file| !changes.removed.contains(&file.path));
        let staged = |name: &str| format!("{}/{name}", paths::STAGING);
        let mut moves = Vec::with_capacity(changes.added.len() + 2);
        for (file, name) in changes.added {
            moves.push((staged(&name), file.path.clone()));
            self.manifest.files.push(file);
        }
        let by_place = |file: &FileEntry| (file.kind, file.day, file.path.clone());
        self.manifest.files.sort_by_cached_key(by_place);
        moves.sort_unstable();
        for (path, text) in [(paths::README, readme::text()), (paths::MANIFEST, self.manifest.to_json())] {
            let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
            paths::write_synced(&folder.join(staged(name)), text.as_bytes())?;
            moves.push((staged(name), path.to_owned()));
        }
        paths::sync_folder(&folder.join(paths::STAGING))?;
        let mut removals = Vec::from_iter(changes.removed);
        removals.extend(changes.erases_secret.then(|| paths::SECRET.to_owned()));
        // Folders are made before the commit, so that a full disk is found before it.
        let folders: BTreeSet<_> = moves.iter().filter_map(|(_, to)| to.rsplit_once('/')).collect();
        folders.iter().try_for_each(|(inner, _)| paths::make_folder(&folder.join(inner)))?;
        Ok(Redo::new(moves, removals))
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add<R: Table>(
        &self,
        kind: Kind,
        day: Option<NaiveDate>,
        rows: &mut Vec<R>,
    ) -> Result<(), LedgerError> {
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_unstable_by(R::order);
        self.check_days(day, rows)?;
        let (mut entry, staged) = self.reserve(kind, day, rows.len() as u64);
        let written = write_file(&self.staged_path(&staged), kind, rows)?;
        (entry.bytes, entry.sha256, entry.sums) = (written.bytes, written.sha256, written.sums);
        let mut changes = self.changes();
        if let Some((place, _)) = changes.added.iter_mut().find(|(_, name)| *name == staged) {
            *place = entry;
        }
        rows.clear();
        Ok(())
    }

    /// A place for a new file, with its name in the staging folder.
    fn reserve(&self, kind: Kind, day: Option<NaiveDate>, rows: u64) -> (FileEntry, String) {
        let mut changes = self.changes();
        let others = changes.added.iter().filter(|(file, _)| (file.kind, file.day) == (kind, day)).count();
        let name = paths::file_name(self.number(), others as u64);
        let folder = paths::folder_of(kind, day);
        let staged = format!("{}-{name}", folder.replace('/', "-"));
        let path = format!("{folder}/{name}");
        let (bytes, sha256, sums) = Default::default();
        let entry = FileEntry { kind, day, path, rows, bytes, sha256, sums };
        changes.added.push((entry.clone(), staged.clone()));
        (entry, staged)
    }

    fn staged_path(&self, name: &str) -> PathBuf {
        self.store.folder().join(paths::STAGING).join(name)
    }

    /// Refuses rows, by time, of another day.
    fn check_days<R: Table>(&self, day: Option<NaiveDate>, rows: &[R]) -> Result<(), LedgerError> {
        let (Some(day), Some(first), Some(last)) = (day, rows.first(), rows.last()) else { return Ok(()) };
        match [first, last].into_iter().find(|row| row.day() != day) {
            Some(row) => {
                Err(LedgerError::WrongDay { folder: self.store.folder().to_owned(), day, time: row.time() })
            }
            None => Ok(()),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed now is by the next writer.
            drop(commit::clear_staging(self.store.folder()));
        }
    }
}
