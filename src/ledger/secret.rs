//! The key with which recipients and erased senders are digested, so that nobody who has the Parquet files alone can
//! try addresses out. Digesting is left to those who have the addresses.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::error::LedgerError;
use super::paths;

/// Bytes of the key.
pub(super) const BYTES: usize = 16;

/// A key of a ledger whose writer calls; it is made where there is none.
pub(super) fn get(folder: &Path, name: &str) -> Result<[u8; BYTES], LedgerError> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|bytes: Vec<u8>| {
            LedgerError::damaged(&path, format!("it has {} bytes: expected {BYTES}", bytes.len()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(LedgerError::io("read", &path)(error)),
    }
}

/// Makes a key and waits until it is on disk; it is whole or not there.
fn make(path: &Path) -> Result<[u8; BYTES], LedgerError> {
    let mut secret = [0; BYTES];
    getrandom::fill(&mut secret).map_err(|error| LedgerError::io("made", path)(io::Error::other(error)))?;
    let new = path.with_extension("new");
    paths::remove(&new)?;
    let written = open_private(&new).and_then(|mut file| {
        file.write_all(&secret)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(LedgerError::io("written", path))?;
    path.parent().map_or(Ok(()), paths::sync_folder)?;
    Ok(secret)
}

/// A new file that only its owner reads, where the system knows such.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(paths::STATE)).unwrap();
        let secret = get(folder.path(), paths::SECRET).unwrap();
        assert_ne!(secret, [0; BYTES]);
        assert_eq!(get(folder.path(), paths::SECRET).unwrap(), secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(paths::SECRET)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.path().join(paths::SECRET), b"short").unwrap();
        let error = get(folder.path(), paths::SECRET).unwrap_err().to_string();
        assert!(error.contains("it has 5 bytes: expected 16"), "{error}");
    }
}
