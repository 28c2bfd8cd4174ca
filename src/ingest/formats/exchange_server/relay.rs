//! `--relay-host` for Exchange servers: their logs name the host that a message was handed to, by name, address and
//! send connector.

use crate::ingest::HostPattern;
use crate::usage::names::{decode, parse_ip};

/// The hosts that count.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelayHosts<'a> {
    hosts: &'a [HostPattern],
}

impl<'a> RelayHosts<'a> {
    /// The hosts of an option; without any, all count.
    pub(super) fn new(hosts: &'a [HostPattern]) -> RelayHosts<'a> {
        RelayHosts { hosts }
    }

    /// Whether all hosts count.
    pub(super) fn is_open(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Whether a next host counts that has these names and this address.
    pub(super) fn counts(&self, names: [&[u8]; 2], address: &[u8]) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let names = names.map(|name| decode(name).trim_end_matches('.').to_lowercase());
        let names = names.each_ref().map(String::as_str);
        let address = parse_ip(&decode(address));
        self.hosts.iter().any(|host| host.matches(&names, address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_host_is_known_by_name_address_and_connector() {
        let hosts = ["*.mail.protection.outlook.com", "192.0.2.0/24", "internet"];
        let hosts: Vec<HostPattern> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let relays = RelayHosts::new(&hosts);
        assert!(relays.counts([b"contoso-com.mail.protection.Outlook.com.", b""], b""));
        assert!(relays.counts([b"mx.example.net", b"Internet"], b""));
        assert!(relays.counts([b"", b""], b"192.0.2.9:25"));
        assert!(!relays.counts([b"mx.example.net", b"Other"], b"198.51.100.1"));
        assert!(RelayHosts::new(&[]).counts([b"", b""], b"") && !relays.is_open());
    }
}
