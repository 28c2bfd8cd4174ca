//! What a store of submissions needs beside them, so that a message that is cut across two reads becomes one: by
//! what its lines name it, from when to when they go, and what became of each recipient.
//!
//! Formats fill a [`Trail`] in where a [`Sink`](super::Sink) asks for it; joining trails is left to `ledger`.
//! Recipients are hashes that say nothing of their address to whoever has not got it.

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
    /// A hash of its address without regard to case, the same in every run.
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
    /// Whether its beginning was seen: the sender and the size are known if they ever are.
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
