//! What texts that were numbered apart are numbered in the run's own list.
//!
//! Taking the texts over is left to `names`.

use super::names::{ClientId, DomainId, HostId, SenderId, SourceId};

/// The numbers of a run by those of other names.
#[derive(Debug)]
pub(super) struct Numbering {
    pub(super) senders: Vec<SenderId>,
    pub(super) domains: Vec<DomainId>,
    pub(super) clients: Vec<ClientId>,
    pub(super) hosts: Vec<HostId>,
    pub(super) sources: Vec<SourceId>,
}

impl Numbering {
    pub(super) fn sender(&self, id: SenderId) -> SenderId {
        of(&self.senders, id.0, id)
    }

    pub(super) fn domain(&self, id: DomainId) -> DomainId {
        of(&self.domains, id.0, id)
    }

    pub(super) fn client(&self, id: ClientId) -> ClientId {
        of(&self.clients, id.0, id)
    }

    pub(super) fn host(&self, id: HostId) -> HostId {
        of(&self.hosts, id.0, id)
    }

    pub(super) fn source(&self, id: SourceId) -> SourceId {
        of(&self.sources, id.0, id)
    }
}

/// A number by another; every text that was numbered apart has one.
fn of<T: Copy>(numbers: &[T], at: u32, itself: T) -> T {
    numbers.get(at as usize).copied().unwrap_or(itself)
}
