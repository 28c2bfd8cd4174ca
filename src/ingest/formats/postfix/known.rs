//! What the texts of a block are in the run: numbers of hosts and instances, senders, clients and next hosts. Each is
//! looked up when the first row that needs it is followed, so that they are numbered in the order of the lines.

use super::rows::{Entry, Found};
use crate::ingest::Sink;
use crate::ingest::handover::RelayFilter;
use crate::period::Timestamp;
use crate::usage::{ClientId, HostId, SenderId};

/// What is known of the texts of one block, by their places in it.
#[derive(Debug, Default)]
pub struct Known {
    /// The time of the last row, its host, and the place of both.
    pub stamp: Option<(u32, Timestamp, u32)>,
    /// The numbers of the hosts.
    pub hosts: Vec<Option<u32>>,
    /// The numbers of the instances.
    pub instances: Vec<Option<u32>>,
    senders: Vec<Option<SenderId>>,
    clients: Vec<Option<ClientId>>,
    relays: Vec<Option<NextHost>>,
}

/// A next host.
#[derive(Clone, Copy, Debug)]
pub struct NextHost {
    /// Its name.
    pub host: HostId,
    /// Whether a delivery to it counts.
    pub counts: bool,
    /// Whether it is this host itself or a filter.
    pub near: bool,
    /// Whether there is one.
    pub is_named: bool,
}

impl Known {
    /// Forgets everything, and makes room for what was found in the next block.
    pub fn begin(&mut self, found: &Found) {
        self.stamp = None;
        renew(&mut self.hosts, found.hosts.all.len());
        renew(&mut self.instances, found.programs.all.len());
        renew(&mut self.senders, found.senders.all.len());
        renew(&mut self.clients, found.clients.all.len());
        renew(&mut self.relays, found.relays.all.len());
    }

    /// A sender.
    pub fn sender(&mut self, entry: &Entry<'_>, place: u32, sink: &mut dyn Sink) -> SenderId {
        let look_up = || {
            let sender = entry.found.senders.all.get(place as usize).copied().unwrap_or_default();
            sink.names().sender(sender.of_text(entry.text))
        };
        known(&mut self.senders, place, look_up)
    }

    /// A client.
    pub fn client(&mut self, entry: &Entry<'_>, place: u32, sink: &mut dyn Sink) -> ClientId {
        let look_up = || {
            let client = entry.found.clients.all.get(place as usize).copied().unwrap_or_default();
            let [name, ip, user] = [client.name, client.ip, client.user].map(|part| part.of_text(entry.text));
            sink.names().client(name, ip, user)
        };
        known(&mut self.clients, place, look_up)
    }

    /// A next host.
    pub fn next(
        &mut self,
        entry: &Entry<'_>,
        place: u32,
        filter: &mut RelayFilter,
        sink: &mut dyn Sink,
    ) -> NextHost {
        let look_up = || {
            let relay = entry.found.relays.all.get(place as usize).copied().unwrap_or_default();
            let told = relay.told.of_text(entry.text);
            NextHost {
                host: sink.names().host(relay.name.of_text(entry.text)),
                counts: filter.counts(told),
                near: relay.near,
                is_named: told != b"none" && !told.is_empty(),
            }
        };
        known(&mut self.relays, place, look_up)
    }
}

fn renew<T>(all: &mut Vec<Option<T>>, count: usize) {
    all.clear();
    all.resize_with(count, || None);
}

/// What is known of a place, looked up where it is not.
#[inline]
pub fn known<T: Copy>(all: &mut [Option<T>], place: u32, look_up: impl FnOnce() -> T) -> T {
    match all.get_mut(place as usize) {
        Some(known) => *known.get_or_insert_with(look_up),
        None => look_up(),
    }
}
