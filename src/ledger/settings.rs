//! What all batches of a ledger must agree on: settings that change what is read, and zones of times without one.
//!
//! They are remembered in the manifest with the first batch that has them.

use super::error::LedgerError;
use super::manifest::{Manifest, Settings, SourceZone};
use crate::ingest::{HostPattern, ReadOptions};
use crate::period::Zone;

impl Settings {
    /// Those of a run.
    pub(super) fn of(options: &ReadOptions, pseudonymise: bool) -> Settings {
        let sorted = |mut texts: Vec<String>| {
            texts.sort_unstable();
            texts.dedup();
            texts
        };
        Settings {
            relay_hosts: sorted(options.relay_hosts.iter().map(typed).collect()),
            own_domains: sorted(options.own_domains.clone()),
            pseudonymise,
        }
    }

    /// Checks that they are those of earlier batches.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<(), LedgerError> {
        let Some(earlier) = &manifest.settings else { return Ok(()) };
        let hosts = "the relay hosts decide which recipients count; use the same, or another ledger";
        let domains =
            "the own domains decide which traffic is application mail; use the same, or another ledger";
        let all = [
            ("--relay-host", shown(&earlier.relay_hosts), shown(&self.relay_hosts), hosts),
            ("--own-domain", shown(&earlier.own_domains), shown(&self.own_domains), domains),
            (
                "--pseudonymise",
                is_on(earlier.pseudonymise),
                is_on(self.pseudonymise),
                "a ledger holds senders or pseudonyms, not both; use the same, or another ledger",
            ),
        ];
        match all.into_iter().find(|(_, stored, new, _)| stored != new) {
            Some((setting, stored, new, hint)) => {
                Err(LedgerError::OtherSettings { setting, stored, new, hint })
            }
            None => Ok(()),
        }
    }
}

impl Manifest {
    /// Checks that what a reader of the ledger asks of relay hosts and own domains, if anything, is what its batches
    /// were read with: the choice was made then.
    pub fn agree_on(&self, options: &ReadOptions) -> Result<(), LedgerError> {
        let Some(earlier) = &self.settings else { return Ok(()) };
        let Settings { relay_hosts, own_domains, pseudonymise } = Settings::of(options, earlier.pseudonymise);
        let or = |asked: Vec<String>, known: &[String]| if asked.is_empty() { known.to_vec() } else { asked };
        let relay_hosts = or(relay_hosts, &earlier.relay_hosts);
        let own_domains = or(own_domains, &earlier.own_domains);
        Settings { relay_hosts, own_domains, pseudonymise }.check(self)
    }
}

/// A relay host as it is typed.
fn typed(host: &HostPattern) -> String {
    match host {
        HostPattern::Name(name) => name.clone(),
        HostPattern::Below(domain) => format!("*{domain}"),
        HostPattern::Network(network) if network.prefix_len() == network.max_prefix_len() => {
            network.addr().to_string()
        }
        HostPattern::Network(network) => network.to_string(),
    }
}

fn shown(texts: &[String]) -> String {
    if texts.is_empty() { "not given".to_owned() } else { format!("'{}'", texts.join("', '")) }
}

fn is_on(flag: bool) -> String {
    if flag { "given" } else { "not given" }.to_owned()
}

/// The zone of times without one.
pub(super) fn zone_of(options: &ReadOptions) -> String {
    options.log_zone.unwrap_or(Zone::UTC).to_string()
}

/// Checks that times without a zone, which a host wrote in logs of a format, are read as before, and remembers it where it is new.
pub(super) fn agree(
    manifest: &mut Manifest,
    format: &str,
    host: &str,
    zone: &str,
) -> Result<(), LedgerError> {
    let known =
        manifest.zones.iter().find(|known| (known.format.as_str(), known.host.as_str()) == (format, host));
    match known {
        Some(known) if known.zone != zone => Err(LedgerError::OtherZone {
            logs: if host.is_empty() { format.to_owned() } else { format!("{format} logs of {host}") },
            stored: known.zone.clone(),
            new: zone.to_owned(),
        }),
        Some(_) => Ok(()),
        None => {
            let [format, host, zone] = [format, host, zone].map(str::to_owned);
            manifest.zones.push(SourceZone { format, host, zone });
            manifest.zones.sort_unstable();
            Ok(())
        }
    }
}
