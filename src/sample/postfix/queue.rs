//! Queue ids as Postfix makes them: from the microsecond and the inode of the queue file.
//!
//! An inode belongs to one message until that is removed, so an id is never shared by two messages of a host at
//! the same time; one after the other it can be, and on another host as well.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::sample::text::{Put, SECOND, UPPER};

/// The digits of long ids (Postfix `safe_ultostr`): no vowels, so that no word appears.
const BASE_52: &[u8; 52] = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
/// The lowest inode of ordinary messages and of those whose id is used on two hosts.
const FIRST_INODE: u32 = 0x2A_1C00;
const FIRST_TWIN: u32 = 0x51_0000;
/// Time after which the id of a removed message may come again.
const PAUSE: u64 = 180 * SECOND;

/// A queue id, short (`14E542A1CAD`) or long (`3Pt2mN2VXxznjll`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct QueueId {
    text: [u8; 24],
    len: u8,
    inode: u32,
    /// The microsecond within the second that is part of it.
    micros: u64,
}

impl QueueId {
    fn new(time: u64, inode: u32, long: bool) -> QueueId {
        let mut text = Vec::with_capacity(24);
        if long {
            put_base(&mut text, time / SECOND, 52, 6);
            put_base(&mut text, time % SECOND, 52, 4);
            text.push(b'z');
            put_base(&mut text, u64::from(inode), 51, 1);
        } else {
            let digits = inode.checked_ilog2().unwrap_or(0) / 4 + 1;
            text.hex(time % SECOND, 5, UPPER).hex(u64::from(inode), digits, UPPER);
        }
        let mut id = QueueId { text: [0; 24], len: text.len().min(24) as u8, inode, micros: time % SECOND };
        id.text[..usize::from(id.len)].copy_from_slice(&text[..usize::from(id.len)]);
        id
    }

    /// The id as it stands in the log.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }
}

fn put_base(text: &mut Vec<u8>, mut value: u64, base: u64, width: usize) {
    let start = text.len();
    while value > 0 || text.len() < start + width {
        text.push(BASE_52[(value % base) as usize]);
        value /= base;
    }
    text[start..].reverse();
}

/// The queue of one host.
#[derive(Debug)]
pub(super) struct Queue {
    /// Inodes of removed messages by the time of removal.
    free: BinaryHeap<Reverse<(u64, u32)>>,
    fresh: u32,
    /// Ids to be used again: from when, the microsecond and the inode.
    again: VecDeque<(u64, u64, u32)>,
    /// From when ids are long.
    long_from: u64,
    /// Whether inodes serve again; otherwise every id is new.
    frugal: bool,
}

impl Queue {
    pub(super) fn new(long_from: u64, frugal: bool) -> Queue {
        // A spool that has been in use: some inodes are free in no particular order.
        let used = (0..24).map(|place| Reverse((place, FIRST_INODE + place as u32 * 29 % 200)));
        let free = if frugal { used.collect() } else { BinaryHeap::new() };
        Queue { free, fresh: FIRST_INODE + 200, again: VecDeque::new(), long_from, frugal }
    }

    /// An id for a message that comes at a time.
    pub(super) fn open(&mut self, time: u64) -> QueueId {
        let inode = match self.free.peek() {
            Some(&Reverse((removed, inode))) if removed < time => {
                self.free.pop();
                inode
            }
            _ => {
                self.fresh += 1;
                self.fresh
            }
        };
        QueueId::new(time, inode, time >= self.long_from)
    }

    /// An id that was or is in use elsewhere, with the time (within two seconds from `time`) to which it
    /// belongs; `None` where there is none to be used again.
    pub(super) fn open_again(&mut self, time: u64) -> Option<(u64, QueueId)> {
        let &(from, micros, inode) = self.again.front()?;
        if from > time || time >= self.long_from {
            return None;
        }
        self.again.pop_front();
        let time = (time / SECOND + 1) * SECOND + micros;
        Some((time, QueueId::new(time, inode, false)))
    }

    /// Whether the short id of a message that is removed now can come again.
    pub(super) fn can_come_again(&self, removed: u64) -> bool {
        self.frugal && removed + PAUSE < self.long_from
    }

    /// Ends the message of an id; with `again` its id is kept to be used once more.
    pub(super) fn remove(&mut self, id: &QueueId, removed: u64, again: bool) {
        if again {
            self.again.push_back((removed + PAUSE, id.micros, id.inode));
        } else if self.frugal {
            self.free.push(Reverse((removed, id.inode)));
        }
    }

    /// An id that the queue of another host uses as well, for messages at about the same time.
    pub(super) fn open_twin(&mut self, other: &mut Queue, time: u64, number: u32) -> Option<QueueId> {
        if time >= self.long_from {
            return None;
        }
        let inode = FIRST_TWIN + number;
        other.again.push_front((time, time % SECOND, inode));
        Some(QueueId::new(time, inode, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_those_of_postfix() {
        let id = QueueId::new(1_790_823_150 * SECOND + 85_588, 0x2A_1CAD, false);
        assert_eq!(id.text(), b"14E542A1CAD");
        let id = QueueId::new(1_790_823_150 * SECOND + 85_588, 0x2A_1CAD, true);
        let text = std::str::from_utf8(id.text()).unwrap();
        assert_eq!((text.len(), text.find('z')), (15, Some(10)), "{text}");
    }

    #[test]
    fn an_inode_serves_one_message_at_a_time() {
        let mut queue = Queue::new(u64::MAX, true);
        let ids: Vec<QueueId> = (100..150).map(|time| queue.open(time)).collect();
        let inodes: std::collections::HashSet<u32> = ids.iter().map(|id| id.inode).collect();
        assert_eq!(inodes.len(), 50);
        queue.remove(&ids[7], 200, false);
        assert_ne!(queue.open(200).inode, ids[7].inode);
        assert_eq!(queue.open(201).inode, ids[7].inode);
    }

    #[test]
    fn without_reuse_every_id_is_new() {
        let mut queue = Queue::new(u64::MAX, false);
        let first = queue.open(100);
        queue.remove(&first, 200, false);
        assert_ne!(queue.open(300).inode, first.inode);
        assert_eq!(QueueId::new(1, 0x123_4567, false).text(), b"000011234567");
    }

    #[test]
    fn an_id_comes_again_after_a_pause() {
        let mut queue = Queue::new(u64::MAX, true);
        let first = queue.open(5 * SECOND + 77);
        queue.remove(&first, 6 * SECOND, true);
        assert_eq!(queue.open_again(60 * SECOND), None);
        let (time, again) = queue.open_again(400 * SECOND).unwrap();
        assert_eq!((time, again.text()), (401 * SECOND + 77, first.text()));
    }
}
