//! Digests that stand for people: of recipients, of senders that are forgotten, and pseudonyms of senders. All are
//! keyed by the secret of the ledger, so that they say nothing to whoever tries out addresses without it.
//!
//! Keeping the secret is left to `store`.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::usage::{Client, names};

/// The local part that stands for a forgotten sender.
pub const ERASED: &str = "erased";
/// What texts of senders that are no address look like; they name nobody.
const NOBODY: [&str; 2] = ["(not an address)", "(other)"];

/// The secret of a ledger.
#[derive(Clone, Copy)]
pub struct Secret([u8; 16]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// That of these bytes.
    pub fn new(bytes: [u8; 16]) -> Secret {
        Secret(bytes)
    }

    /// The digest of a recipient of a message, whose parts share the salt: what other messages of the same recipient
    /// have differs.
    pub fn recipient(&self, salt: u128, hash: u64) -> u64 {
        first_bytes(self.digest(b"recipient", &[&salt.to_be_bytes(), &hash.to_be_bytes()]))
    }

    /// The digest under which a forgotten sender, or `@domain`, is remembered.
    pub fn forgotten(&self, sender: &str) -> String {
        format!("{:016x}", first_bytes(self.digest(b"forgotten", &[sender.as_bytes()])))
    }

    /// The local part that stands for that of an address.
    pub fn pseudonym(&self, address: &str) -> String {
        format!("p-{:012x}", first_bytes(self.digest(b"pseudonym", &[address.as_bytes()])) >> 16)
    }

    fn digest(&self, purpose: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(purpose);
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize().into()
    }
}

fn first_bytes(digest: [u8; 32]) -> u64 {
    digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The text under which a sender is kept, such that it reads as the same sender again.
pub fn kept_sender(shown: &str) -> Cow<'_, str> {
    // The label of a missing domain is more than one word, and would be none of its own.
    match shown.strip_suffix("@(no domain)") {
        Some(local) if local.is_empty() || local.contains('@') => format!("{local}@").into(),
        Some(local) => local.into(),
        // A domain of points only is shown without them.
        None if shown.ends_with('@') => format!("{shown}.").into(),
        None => shown.into(),
    }
}

/// The address with another local part.
fn renamed(address: &str, local: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, domain)) if !domain.is_empty() => format!("{local}@{domain}"),
        _ => local.to_owned(),
    }
}

/// A sender or authenticated user by its pseudonym.
pub fn pseudonymised(secret: &Secret, address: &str) -> String {
    match is_nobody(address) {
        true => address.to_owned(),
        false => renamed(address, &secret.pseudonym(address)),
    }
}

/// Whether a text names no person: the null sender, what is no address, and what is changed already.
fn is_nobody(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    let hex = local.strip_prefix("p-").is_some_and(|rest| {
        rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    });
    address == "<>" || NOBODY.contains(&local) || local == ERASED || hex
}

/// The text of an erased sender or user.
pub fn erased(address: &str) -> String {
    if address == "<>" { address.to_owned() } else { renamed(address, ERASED) }
}

/// Whether a sender is erased.
pub fn is_erased(address: &str) -> bool {
    address.rsplit_once('@').map_or(address, |(local, _)| local) == ERASED
}

/// The client with another text for the user that it authenticated as.
pub fn with_user(client: &Client, change: impl Fn(&str) -> String) -> Client {
    Client { user: client.user.as_deref().map(change), ..client.clone() }
}

/// Whether a sender is meant by an address or by `@domain`, both lower case.
pub fn is_meant(sender: &str, wanted: &str) -> bool {
    match wanted.strip_prefix('@') {
        Some(domain) => sender.rsplit_once('@').is_some_and(|(_, own)| own == domain),
        None => sender == wanted,
    }
}

/// An address or `@domain` as it is compared: as the sender of a log that is read.
pub fn normalised(wanted: &str) -> String {
    let text = wanted.trim().to_lowercase();
    if text.starts_with('@') {
        return text;
    }
    let mut names = names::Names::default();
    let id = names.sender(text.as_bytes());
    kept_sender(names.sender_address(id)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{Names, SenderId};
    use proptest::prelude::*;

    #[test]
    fn digests_differ_by_secret_purpose_and_salt() {
        let (one, other) = (Secret::new([1; 16]), Secret::new([2; 16]));
        assert_eq!(one.recipient(7, 9), one.recipient(7, 9));
        assert_ne!(one.recipient(7, 9), one.recipient(8, 9));
        assert_ne!(one.recipient(7, 9), other.recipient(7, 9));
        assert_ne!(one.pseudonym("a@b.example"), other.pseudonym("a@b.example"));
        assert_eq!(one.pseudonym("a@b.example").len(), 14);
        assert_eq!(format!("{one:?}"), "Secret(…)");
    }

    #[test]
    fn a_pseudonym_keeps_the_domain_and_is_none_of_a_pseudonym() {
        let secret = Secret::new([1; 16]);
        let once = pseudonymised(&secret, "jo@contoso.com");
        assert!(once.starts_with("p-") && once.ends_with("@contoso.com"));
        assert_eq!(pseudonymised(&secret, &once), once);
        for nobody in ["<>", "(not an address)@contoso.com", "erased@contoso.com"] {
            assert_eq!(pseudonymised(&secret, nobody), nobody);
        }
        assert_eq!(erased("jo@contoso.com"), "erased@contoso.com");
        assert_eq!(erased("root"), "erased");
    }

    #[test]
    fn senders_are_meant_by_address_or_domain() {
        assert!(is_meant("jo@contoso.com", &normalised(" <Jo@Contoso.com>")));
        assert!(is_meant("jo@contoso.com", &normalised("@Contoso.com")));
        assert!(!is_meant("jo@mail.contoso.com", &normalised("@contoso.com")));
        assert!(is_meant("news+*@contoso.com", &normalised("news+42@contoso.com")));
    }

    proptest! {
        #[test]
        fn texts_that_were_read_once_are_read_as_the_same_again(
            raws in prop::collection::vec("[aB<>@@.+=\" *();,é]{0,8}", 1..30),
        ) {
            let mut names = Names::default();
            for raw in &raws {
                let id = names.sender(raw.as_bytes());
                let again = match id {
                    SenderId::NULL => "<>".to_owned(),
                    _ => kept_sender(names.sender_address(id)).into_owned(),
                };
                prop_assert_eq!(names.sender(again.as_bytes()), id, "{} as {}", raw, again);
                let id = names.host(raw.as_bytes());
                let again = names.host_name(id).to_owned();
                prop_assert_eq!(names.host(again.as_bytes()), id);
                let id = names.client(raw.as_bytes(), b"[IPv6:2001:db8::1%eth0]", raw.as_bytes());
                let Client { name, ip, user } = names.client_of(id).clone();
                let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
                let [name, user] = [name, user].map(Option::unwrap_or_default);
                prop_assert_eq!(names.client(name.as_bytes(), ip.as_bytes(), user.as_bytes()), id);
            }
        }
    }
}
