//! Which next hosts count: `--relay-host` for logs that name the host of each delivery.

use rustc_hash::FxHashMap;

use super::line::host_parts;
use crate::ingest::HostPattern;
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
        let (name, ip) = host_parts(relay);
        let (name, ip) = (decode(name).to_lowercase(), parse_ip(&decode(ip)));
        let counts = self.patterns.iter().any(|pattern| match pattern {
            HostPattern::Name(wanted) => name == *wanted,
            HostPattern::Below(domain) => name.ends_with(domain.as_str()),
            HostPattern::Network(network) => ip.is_some_and(|ip| network.contains(&ip)),
        });
        if self.decided.len() >= CACHE_CAP {
            self.decided.clear();
        }
        self.decided.insert(relay.into(), counts);
        counts
    }
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
}
