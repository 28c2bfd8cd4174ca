//! Recipient lists as exports write them, and the only thing that is kept of a recipient: a hash.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::usage::names::decode;

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

/// Splits a list of recipients whose separator is not known: the pieces that are addresses, so that the comma in
/// `Doe, Jo <jo@example.net>` separates nothing. Without any address, words between `;` stand for themselves:
/// `root`.
pub(crate) fn split_recipients(cell: &[u8]) -> impl Iterator<Item = &[u8]> {
    let has_addresses = split_list(cell, b";,\r\n").any(is_address);
    let separators = if has_addresses { &b";,\r\n"[..] } else { b";\r\n" };
    let is_word = |piece: &[u8]| !piece.iter().any(|byte| byte.is_ascii_whitespace() || *byte == b',');
    split_list(cell, separators)
        .filter(move |piece| if has_addresses { is_address(piece) } else { is_word(piece) })
}

/// Whether a piece of a list has an `@` with something on both sides.
fn is_address(piece: &[u8]) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_whitespace());
    memchr::memchr_iter(b'@', piece).any(|at| is_part(piece[..at].last()) && is_part(piece.get(at + 1)))
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

/// Turns addresses into hashes, without regard to case, display name, `smtp:` prefix and angle brackets; the same
/// for UTF-8 and Windows-1252.
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
            false => self.lower.extend(decode(bare).to_lowercase().as_bytes()),
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
    fn a_name_with_a_comma_is_no_recipient() {
        let recipients = |cell: &str| -> Vec<String> {
            let pieces = split_recipients(cell.as_bytes());
            pieces.map(|piece| String::from_utf8_lossy(bare(piece)).into_owned()).collect()
        };
        assert_eq!(recipients("Doe, Jo <a@x.com>"), ["a@x.com"]);
        assert_eq!(recipients("Doe, Jo <a@x.com>; Roe, Al <b@x.com>"), ["a@x.com", "b@x.com"]);
        assert_eq!(recipients("Jo @ Doe, Inc <a@x.com>;b@x.com"), ["a@x.com", "b@x.com"]);
        assert_eq!(recipients("a@x.com,b@x.com;"), ["a@x.com", "b@x.com"]);
        assert_eq!(
            recipients("a@x.com; b@x.com, c@x.com\nd@x.com"),
            ["a@x.com", "b@x.com", "c@x.com", "d@x.com"]
        );
        assert_eq!(recipients("root;jdoe"), ["root", "jdoe"]);
        assert_eq!(recipients("Doe, Jo; Roe, Al"), [""; 0]);
        assert_eq!(recipients("undisclosed recipients:;"), [""; 0]);
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

    #[test]
    fn recipients_in_windows_1252_are_told_apart() {
        let mut hasher = RecipientHasher::default();
        let [mueller, moeller] =
            [b"m\xfcller@x.com", b"m\xf6ller@x.com"].map(|cell| hasher.hash(cell).unwrap());
        assert_ne!(mueller, moeller);
        assert_eq!(hasher.hash("Müller@x.com".as_bytes()), Some(mueller));
    }
}
