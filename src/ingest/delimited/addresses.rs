//! Recipient lists as exports write them, and the only thing that is kept of a recipient: a hash.

use std::hash::Hasher;

use rustc_hash::FxHasher;

/// Splits a list at separators outside of quotes; display names and `smtp:` prefixes stay on. A list whose
/// quotes do not pair is split at every separator.
pub(crate) fn split_list<'a>(cell: &'a [u8], separators: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let paired = memchr::memchr_iter(b'"', cell).count().is_multiple_of(2);
    let mut quoted = false;
    let pieces = cell.split(move |byte| {
        quoted ^= paired && *byte == b'"';
        !quoted && separators.contains(byte)
    });
    pieces.map(<[u8]>::trim_ascii).filter(|piece| !piece.is_empty())
}

/// Splits `addr##Receive, Deliver;addr2##Receive, Fail` into addresses and status lists. A local part may hold
/// `;` and `##`, so an entry ends at the first `;` after a `##`, and its status begins at the last `##`. Without
/// any `##` left, every `;` separates addresses.
pub(crate) fn split_statuses(cell: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = cell;
    std::iter::from_fn(move || {
        loop {
            if rest.trim_ascii().is_empty() {
                return None;
            }
            let mark = memchr::memmem::find(rest, b"##");
            let from = mark.unwrap_or(0);
            let end = memchr::memchr(b';', &rest[from..]).map_or(rest.len(), |at| from + at);
            let entry = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            let (address, status) = match memchr::memmem::rfind(entry, b"##") {
                Some(at) => (&entry[..at], &entry[at + 2..]),
                None => (entry, &[][..]),
            };
            if !address.trim_ascii().is_empty() {
                return Some((address.trim_ascii(), status.trim_ascii()));
            }
        }
    })
}

/// Turns addresses into hashes, without regard to case, display name, `smtp:` prefix and angle brackets.
#[derive(Debug, Default)]
pub(crate) struct RecipientHasher {
    lower: Vec<u8>,
}

impl RecipientHasher {
    /// The hash of an address; `None` where nothing is left of it.
    pub(crate) fn hash(&mut self, address: &[u8]) -> Option<u64> {
        let bare = bare(address);
        if bare.is_empty() {
            return None;
        }
        self.lower.clear();
        match bare.is_ascii() {
            true => {
                self.lower.extend_from_slice(bare);
                self.lower.make_ascii_lowercase();
            }
            false => self.lower.extend(String::from_utf8_lossy(bare).to_lowercase().as_bytes()),
        }
        let mut hasher = FxHasher::default();
        hasher.write(&self.lower);
        Some(hasher.finish())
    }
}

/// The address in `Jo <jo@example.net>`, `smtp:jo@example.net` or `<jo@example.net>`.
pub(crate) fn bare(address: &[u8]) -> &[u8] {
    let mut bare = address.trim_ascii();
    if let Some(inner) = bare.strip_suffix(b">")
        && let Some(open) = memchr::memrchr(b'<', inner)
    {
        bare = inner[open + 1..].trim_ascii();
    }
    match bare.get(..5) {
        Some(start) if start.eq_ignore_ascii_case(b"smtp:") => bare[5..].trim_ascii(),
        _ => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cell: &str) -> Vec<String> {
        split_list(cell.as_bytes(), b";,\n").map(|s| String::from_utf8_lossy(s).into_owned()).collect()
    }

    #[test]
    fn lists_are_split_outside_of_quotes() {
        assert_eq!(list("a@x.com; b@x.com,c@x.com\nd@x.com;"), ["a@x.com", "b@x.com", "c@x.com", "d@x.com"]);
        assert_eq!(list("\"Rossi, Jo\" <a@x.com>;b@x.com"), ["\"Rossi, Jo\" <a@x.com>", "b@x.com"]);
        assert_eq!(list("\"open, a@x.com;b@x.com"), ["\"open", "a@x.com", "b@x.com"]);
        assert!(list(" ; ,\n").is_empty());
    }

    #[test]
    fn statuses_follow_the_last_mark() {
        let pairs = |cell: &str| -> Vec<(String, String)> {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            split_statuses(cell.as_bytes()).map(|(a, s)| (text(a), text(s))).collect()
        };
        let pair = |a: &str, s: &str| (a.to_owned(), s.to_owned());
        assert_eq!(
            pairs("a@x.com##Receive, Deliver;\"Fname LName<fname.lname\"@x.com##Receive, Fail"),
            [pair("a@x.com", "Receive, Deliver"), pair("\"Fname LName<fname.lname\"@x.com", "Receive, Fail")]
        );
        assert_eq!(pairs("\"a;b\"@x.com##Send;"), [pair("\"a;b\"@x.com", "Send")]);
        assert_eq!(pairs("\"a##b\"@x.com##Send"), [pair("\"a##b\"@x.com", "Send")]);
        assert_eq!(pairs("a@x.com"), [pair("a@x.com", "")]);
        assert_eq!(pairs("a@x.com;b@x.com"), [pair("a@x.com", ""), pair("b@x.com", "")]);
        assert_eq!(pairs("##Deliver; "), []);
    }

    #[test]
    fn spellings_of_one_recipient_are_one() {
        let mut hasher = RecipientHasher::default();
        let hash = hasher.hash(b"jo@example.net");
        assert!(hash.is_some());
        for spelling in
            ["Jo@Example.NET", "<jo@example.net>", "\"Rossi, Jo\" <JO@example.net>", "SMTP:jo@example.net"]
        {
            assert_eq!(hasher.hash(spelling.as_bytes()), hash, "{spelling}");
        }
        assert_ne!(hasher.hash(b"jo@example.com"), hash);
        assert_eq!(hasher.hash("MÜLLER@x.de".as_bytes()), hasher.hash("müller@x.de".as_bytes()));
        assert_eq!(hasher.hash(b" <> "), None);
    }
}
