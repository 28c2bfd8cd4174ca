//! The keys of digests: random bytes in files that nobody else may read. One is for recipients and can be erased; the
//! other, for senders, stays, since forgotten senders are known again by it.
//!
//! What is digested is left to `privacy`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::error::LedgerError;
use super::paths;
use super::privacy::Secret;

/// The key of digests of senders.
const SENDERS: &str = "state/sender-secret";

/// The keys of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Secrets {
    /// For recipients.
    pub recipients: Secret,
    /// For senders.
    pub senders: Secret,
}

impl Secrets {
    /// Those of a ledger; they are made where there are none. The caller is the one writer.
    pub fn of(folder: &Path) -> Result<Secrets, LedgerError> {
        Ok(Secrets { recipients: secret(folder, paths::SECRET)?, senders: secret(folder, SENDERS)? })
    }
}

fn secret(folder: &Path, name: &str) -> Result<Secret, LedgerError> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => match bytes.as_slice().try_into() {
            Ok(bytes) => Ok(Secret::new(bytes)),
            Err(_) => Err(LedgerError::damaged(&path, format!("it has {} bytes: expected 16", bytes.len()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes)
                .map_err(|error| LedgerError::io("made", &path)(io::Error::other(error)))?;
            write_private(&path, &bytes).map_err(LedgerError::io("written", &path))?;
            paths::sync_folder(&folder.join(paths::STATE))?;
            Ok(Secret::new(bytes))
        }
        Err(error) => Err(LedgerError::io("read", &path)(error)),
    }
}

/// Writes a file that only its owner can read, as a whole.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_are_private() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        let [one, two] = [(); 2].map(|()| Secrets::of(folder.path()).unwrap());
        assert_eq!(one.recipients.recipient(1, 2), two.recipients.recipient(1, 2));
        assert_ne!(one.recipients.recipient(1, 2), two.senders.recipient(1, 2));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("state/secret")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.path().join("state/secret"), "short").unwrap();
        let error = Secrets::of(folder.path()).unwrap_err().to_string();
        assert!(error.contains("secret: is damaged: it has 5 bytes: expected 16"), "{error}");
    }
}
