//! The one writer of a ledger: it makes the folder, ends what another writer could not, and begins batches.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use super::error::LedgerError;
use super::lock::{self, Lock};
use super::manifest::Manifest;
use super::schema::Kind;
use super::store::Store;
use super::transaction::Transaction;
use super::{commit, paths, readme};

/// A ledger that nobody else changes as long as this lives.
#[derive(Debug)]
pub struct Writer {
    store: Arc<Store>,
    lock: Lock,
}

impl Writer {
    /// Opens a ledger for changes, and makes it in a folder that is new or empty.
    pub fn open(folder: &Path) -> Result<Writer, LedgerError> {
        if !folder.join(paths::STATE).is_dir() {
            refuse_strange(folder)?;
        }
        paths::make_folder(&folder.join(paths::STATE))?;
        let lock = lock::writer(folder)?;
        commit::recover(folder)?;
        commit::clear_staging(folder)?;
        make(folder)?;
        Writer::load(folder, lock)
    }

    /// Reads the state of a ledger whose lock is held.
    pub(super) fn load(folder: &Path, lock: Lock) -> Result<Writer, LedgerError> {
        Ok(Writer { store: Arc::new(Store::load(folder, None)?), lock })
    }

    /// The ledger as it is, which can be read beside a batch.
    pub fn store(&self) -> Arc<Store> {
        self.store.clone()
    }

    /// Begins a batch, of which nothing is seen before it is committed.
    pub fn begin(self) -> Result<Transaction, LedgerError> {
        Transaction::new(self.store, self.lock)
    }
}

impl Deref for Writer {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Refuses a folder that holds something of another kind.
fn refuse_strange(folder: &Path) -> Result<(), LedgerError> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(LedgerError::NoFolder(folder.to_owned()));
        }
        Err(error) => return Err(LedgerError::io("read", folder)(error)),
    };
    match entries.next() {
        None => Ok(()),
        Some(Err(error)) => Err(LedgerError::io("read", folder)(error)),
        Some(Ok(entry)) => {
            let found = entry.file_name().to_string_lossy().into_owned();
            Err(LedgerError::NotEmpty { folder: folder.to_owned(), found })
        }
    }
}

/// Makes what a ledger has from the start; a ledger that is there is left as it is.
fn make(folder: &Path) -> Result<(), LedgerError> {
    if folder.join(paths::MANIFEST).exists() {
        return Ok(());
    }
    for kind in Kind::ALL {
        let of_kind = folder.join(kind.folder());
        // Files that no manifest names are removed: here that would be all the ledger ever held.
        if fs::read_dir(&of_kind).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(LedgerError::Missing(folder.join(paths::MANIFEST)));
        }
        paths::make_folder(&of_kind)?;
    }
    paths::replace_synced(&folder.join(paths::README), readme::text().as_bytes())?;
    paths::replace_synced(&folder.join(paths::MANIFEST), Manifest::new().to_json().as_bytes())
}
