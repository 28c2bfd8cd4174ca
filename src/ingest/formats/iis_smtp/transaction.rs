//! One mail transaction of a client: from `MAIL` to the answer to `DATA`.

use rustc_hash::FxHashSet;

use crate::period::Timestamp;
use crate::usage::{SenderId, SourceId};

/// Seconds without a row after which another transaction of the client is the likelier one.
const IDLE: i64 = 60;
/// Recipients up to which a list is searched.
const SEARCHED: usize = 32;

/// A transaction under way.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// The sender; `None` where the row that names it is not in the input.
    pub(super) sender: Option<SenderId>,
    /// The size that the client declared.
    pub(super) declared: Option<u64>,
    /// Bytes of the pieces so far.
    pub(super) pieces: u64,
    /// Rows of it.
    pub(super) records: u64,
    /// Where its first row is.
    pub(super) place: (SourceId, u64),
    /// When its last row was written.
    pub(super) last: Timestamp,
    /// Whether a client that has several under way took one of them back, perhaps this one.
    pub(super) doubtful: bool,
    recipients: Recipients,
}

/// Recipients by the hashes of their addresses, and those without address.
#[derive(Clone, Debug, Default)]
struct Recipients {
    list: Vec<u64>,
    /// Those of a list that is too long to be searched.
    set: FxHashSet<u64>,
    nameless: u64,
}

impl Transaction {
    /// A transaction whose first row is here.
    pub(super) fn new(sender: Option<SenderId>, place: (SourceId, u64), last: Timestamp) -> Transaction {
        Transaction {
            sender,
            declared: None,
            pieces: 0,
            records: 0,
            place,
            last,
            doubtful: false,
            recipients: Recipients::default(),
        }
    }

    /// Recipients that were accepted.
    pub(super) fn recipient_count(&self) -> u64 {
        self.recipients.list.len() as u64 + self.recipients.nameless
    }

    /// The hashes of those whose address is logged.
    pub(super) fn listed(&self) -> impl Iterator<Item = u64> {
        self.recipients.list.iter().copied()
    }

    /// Whether a recipient was accepted before; one whose address is not logged never was.
    pub(super) fn has(&self, recipient: Option<u64>) -> bool {
        let known = &self.recipients;
        recipient.is_some_and(|hash| match known.list.len() {
            0..=SEARCHED => known.list.contains(&hash),
            _ => known.set.contains(&hash),
        })
    }

    /// Adds a recipient that it does not have.
    pub(super) fn add(&mut self, recipient: Option<u64>) {
        let known = &mut self.recipients;
        match recipient {
            None => known.nameless += 1,
            Some(hash) => {
                known.list.push(hash);
                match known.list.len() {
                    0..=SEARCHED => {}
                    one_more if one_more == SEARCHED + 1 => known.set.extend(&known.list),
                    _ => drop(known.set.insert(hash)),
                }
            }
        }
    }

    /// Takes the recipients of another one, with the rows that named them.
    pub(super) fn take_recipients(&mut self, other: &mut Transaction) {
        let taken = std::mem::take(&mut other.recipients);
        let count = taken.list.len() as u64 + taken.nameless;
        for recipient in taken.list {
            if !self.has(Some(recipient)) {
                self.add(Some(recipient));
            }
        }
        self.recipients.nameless += taken.nameless;
        self.records += count;
        other.records = other.records.saturating_sub(count);
    }

    /// Whether it had no row for so long that another one is the likelier.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        now.seconds().saturating_sub(self.last.seconds()) > IDLE
    }

    /// How badly a size fits the one that was declared: 0 well, 1 none was declared, 2 badly.
    pub(super) fn misfit(&self, size: Option<u64>) -> u8 {
        match (self.declared, size) {
            (Some(declared), Some(size)) => {
                if declared.abs_diff(size) <= 64 + declared / 64 {
                    0
                } else {
                    2
                }
            }
            _ => 1,
        }
    }
}
