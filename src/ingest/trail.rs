//! What a store of submissions needs beside them, so that a message that is cut across two reads becomes one: by
//! what its lines name it, from when to when they go, and what became of each recipient.
//!
//! Formats fill a [`Trail`] in where a [`Sink`](super::Sink) asks for it; joining trails is left to `ledger`.
//! Recipients are hashes that say nothing of their address to whoever has not got it.
//!
//! Hashes and threads are the same in every run and version: no hasher is seeded, and tests hold their values. They
//! are those of one format, which a message is always read with.

use crate::period::Timestamp;

/// What became of a recipient. Of several records on one recipient the greatest stands: a status moves on
/// (pending, then delivered), so the later export wins in whatever order files are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// The source does not tell.
    Unknown,
    /// Replaced by another address (resolved, transferred): no recipient of its own.
    Rerouted,
    /// Deferred or pending.
    Open,
    /// Quarantined or filtered.
    Filtered,
    /// Handed to a host that `--relay-host` does not name: it does not count.
    Elsewhere,
    /// Failed.
    Bounced,
    /// Delivered or handed on.
    Delivered,
    /// Put into a mailbox of the servers that wrote the log: it does not count.
    Local,
    /// A group whose members have rows of their own.
    Expanded,
}

impl Status {
    /// All of them, from the least to the greatest; the place is the number under which one is stored.
    pub const ALL: [Status; 9] = [
        Status::Unknown,
        Status::Rerouted,
        Status::Open,
        Status::Filtered,
        Status::Elsewhere,
        Status::Bounced,
        Status::Delivered,
        Status::Local,
        Status::Expanded,
    ];
}

/// One recipient of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addressee {
    /// A hash of its address without regard to case, the same in every run. Formats that group records keep 50 bits
    /// of one, others 64: two recipients of one message fall together once in 2^50 pairs.
    pub hash: u64,
    /// What became of it.
    pub status: Status,
    /// Whether the acceptance of the message lists it.
    pub accepted: bool,
}

/// What is known of a message beside its submission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trail<'a> {
    /// A digest of what every line of the message names, such as host and queue id, which later messages can use
    /// again; `None` where the key of the submission is named by every record.
    pub thread: Option<u64>,
    /// The instant of the last line that was seen.
    pub last: Timestamp,
    /// Whether its beginning was seen: who handed it in is known if it ever is. Sender and size can stand in a later
    /// line, and so in another part.
    pub begun: bool,
    /// Whether its end was seen: nothing more is to come.
    pub ended: bool,
    /// Recipients that its acceptance states, listed or not; 0: it states none.
    pub stated: u64,
    /// What became of those that are stated and not listed.
    pub rest: Status,
    /// Whether the acceptance was seen and lists its recipients: others come from expansion and do not count.
    pub accepted: bool,
    /// The recipients that are listed, each once.
    pub recipients: &'a [Addressee],
}

impl<'a> Trail<'a> {
    /// What is known of a message whose key every record names, where none says that it is the last.
    pub(crate) fn of_key(last: Timestamp, begun: bool, recipients: &'a [Addressee]) -> Trail<'a> {
        Trail {
            thread: None,
            last,
            begun,
            ended: false,
            stated: 0,
            rest: Status::Unknown,
            accepted: false,
            recipients,
        }
    }
}

/// The thread of a message that a host logs under a packed id.
pub(crate) fn thread(host: u64, id: u128) -> u64 {
    fnv(fnv(OFFSET_BASIS, &host.to_be_bytes()), &id.to_be_bytes())
}

/// The part of a thread that is the host: its name without the domain, in any case of letters. Of an address all counts.
pub(crate) fn host_digest(host: &[u8]) -> u64 {
    let label = &host[..memchr::memchr(b'.', host).unwrap_or(host.len())];
    let label = if label.iter().all(u8::is_ascii_digit) { host } else { label };
    label.iter().fold(OFFSET_BASIS, |hash, byte| fnv(hash, &[byte.to_ascii_lowercase()]))
}

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// 64-bit FNV-1a (RFC 9923).
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::delimited::RecipientHasher;
    use crate::ingest::handover::address_hash;
    use crate::ingest::syslog::under_way::text_key;

    /// A store holds these: where a crate changes them, it has to be held back or its algorithm kept here.
    #[test]
    fn hashes_are_those_of_every_version() {
        let address = b"Anna.Rossi@Example.NET";
        let expected = 15_942_137_905_990_800_416;
        assert_eq!(address_hash(address), expected);
        assert_eq!(text_key(address), expected);
        assert_eq!(RecipientHasher::default().hash(address), Some(expected));
        assert_eq!(address_hash(b"anna.rossi@example.net"), expected);
        assert_eq!(thread(host_digest(b"Relay1.example.com"), 7), 12_320_964_342_746_287_240);
        assert_eq!(host_digest(b"relay1"), host_digest(b"RELAY1.example.org"));
        assert_ne!(host_digest(b"192.0.2.1"), host_digest(b"192.0.2.2"));
    }
}
