//! Where the files of a ledger stand, and the few steps with files that must not be lost when the machine stops.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use chrono::NaiveDate;

use super::error::LedgerError;
use super::schema::Kind;

pub(super) const STATE: &str = "state";
pub(super) const MANIFEST: &str = "state/manifest.json";
pub(super) const README: &str = "README.md";
/// What is still to be done of a commit.
pub(super) const REDO: &str = "state/commit.json";
pub(super) const STAGING: &str = "state/staging";
/// Locked by the writer.
pub(super) const WRITER_LOCK: &str = "state/lock";
/// Who the writer is. Beside the lock, which other systems do not let others read while it is held.
pub(super) const WRITER: &str = "state/writer";
/// Locked by readers together, or by a writer that puts files in place alone.
pub(super) const READ_LOCK: &str = "state/read-lock";
/// Shut by a writer that waits for readers.
pub(super) const GATE: &str = "state/gate";
/// The key of digests.
pub(super) const SECRET: &str = "state/secret";

/// The folder of the files of a kind and day.
pub(super) fn folder_of(kind: Kind, day: Option<NaiveDate>) -> String {
    match day {
        Some(day) => format!("{}/day={day}", kind.folder()),
        None => kind.folder().to_owned(),
    }
}

/// The name of a file: the batch that wrote it, and its number among those of the day.
pub(super) fn file_name(batch: u64, number: u64) -> String {
    format!("{batch:06}-{number}.parquet")
}

/// Whether [`file_name`] makes such a name.
pub(super) fn is_file_name(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.strip_suffix(".parquet").and_then(|name| name.split_once('-'));
    parts.is_some_and(|(batch, number)| batch.len() >= 6 && is_number(batch) && is_number(number))
}

/// Whether a path leads to a file that a commit may put in place or remove.
pub(super) fn is_own(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return path == README };
    if matches!(path, MANIFEST | SECRET) {
        return true;
    }
    let is_of = |kind: &Kind| match folder.strip_prefix(kind.folder()) {
        Some("") => !kind.is_by_day(),
        Some(rest) => {
            let day = rest.strip_prefix("/day=").filter(|_| kind.is_by_day());
            day.is_some_and(|day| crate::period::parse_date(day).is_ok())
        }
        None => false,
    };
    is_file_name(name) && Kind::ALL.iter().any(is_of)
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), LedgerError> {
    fs::create_dir_all(path).map_err(LedgerError::io("made", path))
}

/// Writes a file and waits until it is on disk.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(LedgerError::io("written", path))
}

/// Replaces a file as a whole: others see the old or the new one.
pub(super) fn replace_synced(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    let new = path.with_extension("new");
    write_synced(&new, bytes)
        .and_then(|()| fs::rename(&new, path).map_err(LedgerError::io("written", path)))
        .inspect_err(|_| drop(fs::remove_file(&new)))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Waits until the names in a folder are on disk.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> Result<(), LedgerError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(LedgerError::io("written", path))
}

/// Other systems keep names on disk by themselves.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> Result<(), LedgerError> {
    Ok(())
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), LedgerError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LedgerError::io("removed", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a folder with all that is in it; it may be gone already.
pub(super) fn remove_folder(path: &Path) -> Result<(), LedgerError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LedgerError::io("removed", path)(error)),
        _ => Ok(()),
    }
}
