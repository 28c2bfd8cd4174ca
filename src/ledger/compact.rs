//! Merging the small files that batches leave behind: the same rows in fewer files.

use std::path::Path;

use super::error::LedgerError;
use super::manifest::FileEntry;
use super::schema::Kind;
use super::store::Store;
use super::transaction::Transaction;
use super::writer::Writer;

/// Rows of a merged file: as many as fit into memory at any time.
const MERGED_ROWS: u64 = 256 * 1024;

/// What was merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compacted {
    /// Files before.
    pub before: u64,
    /// Files after.
    pub after: u64,
}

/// Merges small files of the same kind and day, all in one batch. Nothing to merge changes nothing.
pub fn compact(folder: &Path) -> Result<Compacted, LedgerError> {
    let writer = Writer::open(folder)?;
    let store = writer.store();
    let files = store.manifest().files();
    let merges = merges(files);
    let before = files.len() as u64;
    let gone: usize = merges.iter().map(|files| files.len() - 1).sum();
    if !merges.is_empty() {
        let batch = writer.begin()?;
        merges.iter().try_for_each(|files| merge(&store, &batch, files))?;
        batch.commit()?;
    }
    Ok(Compacted { before, after: before - gone as u64 })
}

/// Files that become one.
fn merges(files: &[FileEntry]) -> Vec<Vec<&FileEntry>> {
    let mut merges: Vec<Vec<&FileEntry>> = Vec::new();
    for file in files {
        match merges.last_mut().filter(|merge| fits(merge, file)) {
            Some(merge) => merge.push(file),
            None => merges.push(vec![file]),
        }
    }
    merges.retain(|merge| merge.len() > 1);
    merges
}

/// Whether a file can be merged with others.
fn fits(merge: &[&FileEntry], file: &FileEntry) -> bool {
    let rows = merge.iter().fold(file.rows, |rows, file| rows.saturating_add(file.rows));
    rows <= MERGED_ROWS && merge.iter().all(|other| (other.kind, other.day) == (file.kind, file.day))
}

/// Writes the rows of some files as one.
fn merge(store: &Store, batch: &Transaction, files: &[&FileEntry]) -> Result<(), LedgerError> {
    let Some((first, others)) = files.split_first() else { return Ok(()) };
    others.iter().for_each(|file| batch.remove(file));
    match first.kind {
        Kind::Submissions | Kind::Unfinished => {
            batch.replace_submissions(first, &mut all(files, |file| store.submissions(file))?)
        }
        Kind::Summaries => batch.replace_summaries(first, &mut all(files, |file| store.summaries(file))?),
        Kind::Charges => batch.replace_charges(first, &mut all(files, |file| store.charges(file))?),
    }
}

fn all<R>(
    files: &[&FileEntry],
    read: impl Fn(&FileEntry) -> Result<Vec<R>, LedgerError>,
) -> Result<Vec<R>, LedgerError> {
    let mut rows = Vec::new();
    for file in files {
        rows.extend(read(file)?);
    }
    Ok(rows)
}
