//! The keys of digests of a ledger. One is for recipients and can be erased; the
//! other, for senders, stays, since forgotten senders are known again by it.
//!
//! What is digested is left to `privacy`, the files to `secret`.

use std::path::Path;

use super::error::LedgerError;
use super::privacy::Secret;
use super::{paths, secret};

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
        let key = |name| secret::get(folder, name).map(Secret::new);
        Ok(Secrets { recipients: key(paths::SECRET)?, senders: key(SENDERS)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
