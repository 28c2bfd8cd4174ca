//! The two locks of a ledger: one for the writer as long as it lives, one that readers share and that a writer has
//! alone while it puts files in place. The system frees them when a process ends, however it ends.
//!
//! Readers pass a gate before they share the lock, and a writer shuts it first: else readers that overlap would keep
//! it out for ever.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::error::LedgerError;
use super::paths;
use crate::period::Timestamp;

/// How long is waited between two tries.
pub(super) const STEP: Duration = Duration::from_millis(2);
/// How long a reader waits for files to be put in place.
pub(super) const READER_PATIENCE: Duration = Duration::from_secs(60);
/// How long a writer waits for readers to end.
pub(super) const WRITER_PATIENCE: Duration = Duration::from_secs(600);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file frees the lock")] File);

/// The lock of the one writer; an error that names who has it.
pub(super) fn writer(folder: &Path) -> Result<Lock, LedgerError> {
    let path = folder.join(paths::WRITER_LOCK);
    let lock = try_writer(&path)?.ok_or_else(|| LedgerError::InUse {
        folder: folder.to_owned(),
        holder: holder(&folder.join(paths::WRITER)),
    })?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_seconds(i64::try_from(now.as_secs()).unwrap_or_default());
    let path = folder.join(paths::WRITER);
    let text = format!("process {}, since {now}\n", std::process::id());
    fs::write(&path, text).map_err(LedgerError::io("written", &path))?;
    Ok(lock)
}

/// The lock of the writer where it is free.
pub(super) fn try_writer(path: &Path) -> Result<Option<Lock>, LedgerError> {
    let file = open(path).map_err(LedgerError::io("opened", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(LedgerError::io("locked", path)(error)),
    }
}

/// What the writer wrote of itself.
fn holder(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(80).collect();
    if text.is_empty() { "it has just begun".to_owned() } else { text }
}

/// The lock that readers share. `None`: the folder cannot be written to and nobody ever wrote a lock into it, so that
/// nobody changes it either.
pub(super) fn shared(folder: &Path) -> Result<Option<Lock>, LedgerError> {
    let path = folder.join(paths::READ_LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(_) => match open(&path) {
            Ok(file) => file,
            Err(_) => return Ok(None),
        },
    };
    let by = "a batch is put in place";
    let gate_path = folder.join(paths::GATE);
    // A folder that cannot be written to may have none.
    let gate = open(&gate_path).ok();
    if let Some(gate) = &gate {
        patiently(folder, &gate_path, by, READER_PATIENCE, || gate.try_lock_shared())?;
    }
    patiently(folder, &path, by, READER_PATIENCE, || file.try_lock_shared())?;
    Ok(Some(Lock(file)))
}

/// Opens the file of a lock, which never holds anything.
fn open(path: &Path) -> std::io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// The lock under which files are put in place, with the gate.
pub(super) type Alone = (Lock, Lock);

/// Shuts the gate, and waits until nobody reads any more.
pub(super) fn exclusive(folder: &Path, patience: Duration) -> Result<Alone, LedgerError> {
    let by = "those who read it are done";
    let take = |name: &str| {
        let path = folder.join(name);
        let file = open(&path).map_err(LedgerError::io("opened", &path))?;
        patiently(folder, &path, by, patience, || file.try_lock())?;
        Ok(Lock(file))
    };
    let gate = take(paths::GATE)?;
    Ok((take(paths::READ_LOCK)?, gate))
}

/// Tries until it succeeds or takes too long.
fn patiently(
    folder: &Path,
    path: &Path,
    by: &'static str,
    patience: Duration,
    take: impl Fn() -> Result<(), TryLockError>,
) -> Result<(), LedgerError> {
    let start = Instant::now();
    loop {
        match take() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(LedgerError::io("locked", path)(error)),
            Err(TryLockError::WouldBlock) if start.elapsed() < patience => std::thread::sleep(STEP),
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Busy { folder: folder.to_owned(), by, seconds: patience.as_secs() });
            }
        }
    }
}
