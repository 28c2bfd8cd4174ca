//! Which transports lead out of the host. Their names are free: a delivery shows it by the next host that it names, and
//! an attempt that failed before it reached one is like the deliveries of its transport.

use rustc_hash::FxHashMap;

/// Transports that are told apart; later ones are judged by their names alone.
const CAP: usize = 10_000;

/// A transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransportId(u16);

/// Where a transport leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// To other hosts.
    Remote,
    /// To mailboxes, files and commands of this host.
    Local,
}

/// All transports of a run.
#[derive(Debug, Default)]
pub struct Transports {
    ids: FxHashMap<Box<[u8]>, TransportId>,
    /// What deliveries showed, else what the name suggests.
    kinds: Vec<(Option<Kind>, Kind)>,
}

impl Transports {
    /// The transport with a name.
    pub fn id(&mut self, name: &[u8]) -> TransportId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        if self.kinds.is_empty() {
            // What comes after the cap shares the first two places, one for each kind.
            self.kinds.extend([Kind::Remote, Kind::Local].map(|kind| (Some(kind), kind)));
        }
        let suggested = suggested(name);
        if self.kinds.len() >= CAP {
            return TransportId(u16::from(suggested == Kind::Local));
        }
        let id = TransportId(u16::try_from(self.kinds.len()).unwrap_or_default());
        self.kinds.push((None, suggested));
        self.ids.insert(name.into(), id);
        id
    }

    /// Notes what a delivery shows of its transport; the first one tells.
    pub fn learn(&mut self, name: &[u8], kind: Kind) {
        let TransportId(at) = self.id(name);
        if let Some((shown, _)) = self.kinds.get_mut(usize::from(at)) {
            *shown = shown.or(Some(kind));
        }
    }

    /// Where a transport leads.
    pub fn kind(&self, id: TransportId) -> Kind {
        let known = self.kinds.get(usize::from(id.0));
        known.map_or(Kind::Remote, |(shown, suggested)| shown.unwrap_or(*suggested))
    }
}

/// Whether a transport hands mail to a mailbox server over LMTP, by its name: such a delivery names a host too.
pub fn is_lmtp(name: &[u8]) -> bool {
    contains(name, b"lmtp")
}

fn suggested(name: &[u8]) -> Kind {
    let is_remote = contains(name, b"smtp") || contains(name, b"remote") || contains(name, b"smarthost");
    let local: [&[u8]; 10] = [
        b"local",
        b"pipe",
        b"file",
        b"maildir",
        b"mailbox",
        b"lmtp",
        b"dovecot",
        b"autoreply",
        b"reply",
        b"virtual",
    ];
    let is_local = local.iter().any(|word| contains(name, word));
    if is_local && !is_remote || is_lmtp(name) { Kind::Local } else { Kind::Remote }
}

fn contains(name: &[u8], word: &[u8]) -> bool {
    name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_tell_more_than_names() {
        let mut transports = Transports::default();
        let (out, mailbox, odd) =
            (transports.id(b"remote_smtp"), transports.id(b"maildir_home"), transports.id(b"t1"));
        let kinds = |transports: &Transports| [out, mailbox, odd].map(|id| transports.kind(id));
        assert_eq!(kinds(&transports), [Kind::Remote, Kind::Local, Kind::Remote]);
        transports.learn(b"t1", Kind::Local);
        transports.learn(b"t1", Kind::Remote);
        transports.learn(b"maildir_home", Kind::Remote);
        assert_eq!(kinds(&transports), [Kind::Remote, Kind::Remote, Kind::Local]);
        assert!(is_lmtp(b"dovecot_LMTP") && !is_lmtp(b"remote_smtp"));
    }

    #[test]
    fn endless_names_cost_no_memory() {
        let mut transports = Transports::default();
        for n in 0..CAP + 10 {
            transports.id(format!("t{n}").as_bytes());
        }
        assert!(transports.kinds.len() <= CAP);
        let late = [transports.id(b"late_smtp"), transports.id(b"late_pipe")];
        assert_eq!(late.map(|id| transports.kind(id)), [Kind::Remote, Kind::Local]);
    }
}
