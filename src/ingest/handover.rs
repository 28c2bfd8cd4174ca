//! What the logs of mail servers tell of the host to which mail was handed: whether it counts (`--relay-host`), whether
//! it is this host itself, and how many bytes it says it took.
//!
//! Where these words stand in a line is left to the formats.

use std::hash::Hasher;

use rustc_hash::FxHashMap;

use super::HostPattern;
use crate::usage::names::{decode, parse_ip};

/// Decisions that are remembered.
const CACHE_CAP: usize = 10_000;

/// Decides for each `relay=` whether its recipients count.
#[derive(Debug)]
pub struct RelayFilter {
    patterns: Vec<HostPattern>,
    decided: FxHashMap<Box<[u8]>, bool>,
}

impl RelayFilter {
    /// A filter that lets pass what one of the patterns names; without patterns, everything.
    pub fn new(patterns: &[HostPattern]) -> RelayFilter {
        RelayFilter { patterns: patterns.to_vec(), decided: FxHashMap::default() }
    }

    /// Whether all next hosts count.
    pub fn is_open(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a delivery through this next host counts. One that reached no host yet (`none`) does.
    pub fn counts(&mut self, relay: &[u8]) -> bool {
        if self.patterns.is_empty() || relay == b"none" || relay.is_empty() {
            return true;
        }
        if let Some(&decided) = self.decided.get(relay) {
            return decided;
        }
        let counts = is_to(&self.patterns, &decode(relay).to_lowercase());
        if self.decided.len() >= CACHE_CAP {
            self.decided.clear();
        }
        self.decided.insert(relay.into(), counts);
        counts
    }
}

/// Whether a next host, lower case, is one of the hosts; without any, every message counts. Logs write a host as
/// `name`, `address`, `name[address]:port` or `name:port`.
pub fn is_to(hosts: &[HostPattern], next: &str) -> bool {
    let (name, address) = match next.split_once('[') {
        Some((name, rest)) => (name, rest.split(']').next().unwrap_or_default()),
        None => (next.split(':').next().unwrap_or_default(), next),
    };
    let (name, address) = (name.trim().trim_end_matches('.'), parse_ip(address));
    hosts.is_empty() || hosts.iter().any(|host| host.matches(&[name], address))
}

/// Whether name and address are of this host itself, so that a message from or to it has another leg.
pub fn from_this_host(name: &[u8], ip: &[u8]) -> bool {
    ip.starts_with(b"127.")
        || ip.strip_prefix(b"IPv6:").unwrap_or(ip) == b"::1"
        || name == b"localhost"
        || name.starts_with(b"localhost.")
}

/// Splits `name[address]:port` into name and address; a space can stand between them.
pub fn host_parts(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'[', text) {
        Some(open) => {
            let inner = &text[open + 1..];
            (text[..open].trim_ascii_end(), &inner[..memchr::memchr(b']', inner).unwrap_or(inner.len())])
        }
        None => (text, b""),
    }
}

/// The bytes that Exchange says it took: `[InternalId=…, Hostname=…] 141301 bytes in 0.101, 1361.827 KB/sec Queued …`.
/// Other servers mean other things by such words.
pub fn accepted_bytes(reply: &[u8]) -> Option<u64> {
    let reply = &reply[find(reply, b"[InternalId=")?..];
    let end = find(reply, b" bytes in ")?;
    let start = reply[..end].iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |at| at + 1);
    leading_number(&reply[start..end]).filter(|&bytes| bytes > 0)
}

/// Where a key first occurs. Texts and keys are short, so a search for the first byte beats preparing one for all.
pub fn find(text: &[u8], key: &[u8]) -> Option<usize> {
    let first = *key.first()?;
    memchr::memchr_iter(first, text).find(|&at| text[at..].starts_with(key))
}

/// The number with which a text begins.
pub fn leading_number(text: &[u8]) -> Option<u64> {
    let digits = &text[..text.iter().take_while(|b| b.is_ascii_digit()).count()];
    if digits.is_empty() {
        return None;
    }
    let digit = |n: u64, &b: &u8| n.checked_mul(10)?.checked_add(u64::from(b - b'0'));
    digits.iter().try_fold(0, digit)
}

/// Hash of an address without regard to case.
pub fn address_hash(address: &[u8]) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    let mut folded = [0_u8; 64];
    for chunk in address.chunks(folded.len()) {
        let folded = &mut folded[..chunk.len()];
        folded.copy_from_slice(chunk);
        folded.make_ascii_lowercase();
        hasher.write(folded);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_domains_and_networks_are_matched() {
        let patterns = [
            HostPattern::Name("smtp.office365.com".into()),
            HostPattern::Below(".mail.protection.outlook.com".into()),
            HostPattern::Network("192.0.2.0/24".parse().unwrap()),
        ];
        let mut filter = RelayFilter::new(&patterns);
        assert!(filter.counts(b"SMTP.office365.com[198.51.100.1]:587"));
        assert!(filter.counts(b"contoso-com.mail.protection.outlook.com[198.51.100.1]:25"));
        assert!(filter.counts(b"mx[192.0.2.9]:25"));
        assert!(filter.counts(b"none"));
        assert!(!filter.counts(b"mx.example.net[198.51.100.1]:25"));
        assert!(RelayFilter::new(&[]).counts(b"mx.example.net[198.51.100.1]:25"));
    }

    #[test]
    fn hosts_of_this_machine() {
        assert!(from_this_host(b"localhost", b"127.0.0.1"));
        assert!(from_this_host(b"x", b"::1"));
        assert!(!from_this_host(b"mx", b"192.0.2.1"));
    }

    #[test]
    fn replies_of_exchange_tell_the_accepted_size() {
        let reply =
            b"(250 2.6.0 <id> [InternalId=1, Hostname=h] 141301 bytes in 0.101, 1361.827 KB/sec Queued mail)";
        assert_eq!(accepted_bytes(reply), Some(141_301));
        assert_eq!(accepted_bytes(b"(250 2.0.0 accepted 12 bytes in buffer)"), None);
        assert_eq!(accepted_bytes(b"([InternalId=1] bytes in )"), None);
    }

    #[test]
    fn a_next_host_is_known_by_name_or_address() {
        let hosts = ["smtp.office365.com", "*.outlook.com", "192.0.2.0/24", "2001:db8::1"];
        let hosts: Vec<HostPattern> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        for next in [
            "smtp.office365.com.",
            "smtp.office365.com:587",
            "x.mail.protection.outlook.com[198.51.100.1]:25",
            "192.0.2.7",
            "mx.example.net [192.0.2.7]:25",
            "[2001:db8::1]:25",
            "2001:db8::1",
        ] {
            assert!(is_to(&hosts, next), "{next}");
        }
        for next in ["", "outlook.com", "192.0.3.7", "smtp.office365.com.example.net"] {
            assert!(!is_to(&hosts, next) && is_to(&[], next), "{next}");
        }
    }
}
