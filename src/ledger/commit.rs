//! Putting a batch in place so that it is there wholly or not at all, whatever happens meanwhile.
//!
//! All new files, the manifest among them, are on disk in the staging folder before a record of the commit is. From
//! then on the batch belongs to the ledger: its steps are moves and removals, which are done again from the record
//! where a process did not get to the end. Staging files is left to `transaction`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::LedgerError;
use super::manifest::{parse, to_json};
use super::schema::VERSION;
use super::{lock, paths};

/// What is to be done to put a batch in place; doing it twice is the same as once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Redo {
    pub(super) version: u64,
    /// Files to move, from staging to their place; the manifest last.
    pub(super) moves: Vec<(String, String)>,
    /// Files that the new manifest does not name any more.
    pub(super) removals: Vec<String>,
}

impl Redo {
    pub(super) fn new(moves: Vec<(String, String)>, removals: Vec<String>) -> Redo {
        Redo { version: VERSION, moves, removals }
    }

    /// The record of a commit that was not ended.
    pub(super) fn read(folder: &Path) -> Result<Option<Redo>, LedgerError> {
        let path = folder.join(paths::REDO);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LedgerError::io("read", &path)(error)),
        };
        let redo: Redo = parse(&path, &text)?;
        let is_staged = |from: &str| {
            let name = from.strip_prefix(paths::STAGING).and_then(|rest| rest.strip_prefix('/'));
            name.is_some_and(|name| !name.is_empty() && !name.contains(['/', '\\', ':']) && name != "..")
        };
        let strange = redo.moves.iter().find(|(from, to)| !is_staged(from) || !paths::is_own(to));
        let strange = strange.map(|(_, to)| to).or(redo.removals.iter().find(|path| !paths::is_own(path)));
        match strange {
            Some(strange) => {
                Err(LedgerError::damaged(&path, format!("'{strange}' is no place of a file of the ledger")))
            }
            None => Ok(Some(redo)),
        }
    }

    /// Makes the batch part of the ledger. The caller holds both locks.
    pub(super) fn record(&self, folder: &Path) -> Result<(), LedgerError> {
        let path = folder.join(paths::REDO);
        paths::replace_synced(&path, to_json(self).as_bytes()).inspect_err(|_| drop(fs::remove_file(&path)))
    }

    /// Puts everything in place and takes the record away. The caller holds both locks.
    pub(super) fn apply(&self, folder: &Path) -> Result<(), LedgerError> {
        let mut touched = BTreeSet::new();
        for (from, to) in &self.moves {
            let (from, to) = (folder.join(from), folder.join(to));
            put(&from, &to)?;
            touched.extend(to.parent().map(Path::to_owned));
        }
        touched.iter().try_for_each(|touched| paths::sync_folder(touched))?;
        for removal in &self.removals {
            let path = folder.join(removal);
            paths::remove(&path)?;
            // The folder of a day without files; others refuse.
            path.parent().filter(|_| removal.contains("/day=")).map(fs::remove_dir);
        }
        clear_staging(folder)?;
        paths::remove(&folder.join(paths::REDO))?;
        paths::sync_folder(&folder.join(paths::STATE))
    }
}

/// Moves a file to its place, unless that was done before.
fn put(from: &Path, to: &Path) -> Result<(), LedgerError> {
    to.parent().map_or(Ok(()), paths::make_folder)?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && to.is_file() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(LedgerError::Missing(to.to_owned())),
        other => other.map_err(LedgerError::io("written", to)),
    }
}

/// Removes what batches left that did not become part of the ledger.
pub(super) fn clear_staging(folder: &Path) -> Result<(), LedgerError> {
    paths::remove_folder(&folder.join(paths::STAGING))
}

/// Ends a commit that was begun. The caller holds the writer's lock.
pub(super) fn recover(folder: &Path) -> Result<(), LedgerError> {
    if !folder.join(paths::REDO).exists() {
        return Ok(());
    }
    let _alone = lock::exclusive(folder, lock::WRITER_PATIENCE)?;
    Redo::read(folder)?.map_or(Ok(()), |redo| redo.apply(folder))
}
