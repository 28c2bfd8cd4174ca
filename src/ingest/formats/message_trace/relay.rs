//! `--relay-host` for traces: a trace is written by the service that was handed the mail, so the relay is the host
//! that handed it in. Addresses and networks are compared with the client's address, names with the client's name
//! and the connector, where the shape has them.

use crate::ingest::HostPattern;
use crate::ingest::grouping::Origin;
use crate::usage::Names;

/// Whether a message of this origin was handed in by one of the hosts; without any, every message counts.
pub(super) fn is_from(hosts: &[HostPattern], origin: &Origin, names: &Names) -> bool {
    let client = names.client_of(origin.client);
    let host_names = [client.name.as_deref().unwrap_or_default(), names.host_name(origin.relay)];
    hosts.is_empty() || hosts.iter().any(|host| host.matches(&host_names, client.ip))
}
