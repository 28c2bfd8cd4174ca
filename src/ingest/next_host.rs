//! `--relay-host` for formats that state the next host or connector as one text: it chooses by name or address.

use crate::ingest::HostPattern;
use crate::usage::names::parse_ip;

/// Whether a next host, lower case, is one of the hosts; without any, every message counts. Logs write a host as
/// `name`, `address`, `name[address]:port` or `name:port`.
pub(crate) fn is_to(hosts: &[HostPattern], next: &str) -> bool {
    let (name, address) = match next.split_once('[') {
        Some((name, rest)) => (name, rest.split(']').next().unwrap_or_default()),
        None => (next.split(':').next().unwrap_or_default(), next),
    };
    let (name, address) = (name.trim().trim_end_matches('.'), parse_ip(address));
    hosts.is_empty()
        || hosts.iter().any(|host| match host {
            HostPattern::Name(wanted) => name == wanted,
            HostPattern::Below(domain) => name.ends_with(domain.as_str()),
            HostPattern::Network(network) => address.is_some_and(|address| network.contains(&address)),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
