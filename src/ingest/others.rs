//! Mail between hosts whose logs are read together: what one host handed over to another is one submission.
//!
//! The other host gives the mail a queue id and says so in its reply; with the message-id that identifies it, in
//! whichever order the two logs are read. What the first host handed over counts there.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashSet};

/// What hosts handed over and took over, known by queue id and message-id. Kept only where logs of several hosts
/// are read, since it grows with their mail.
#[derive(Debug, Default)]
pub struct Others {
    /// Whether logs of several hosts are read.
    pub follow: bool,
    handed_over: FxHashSet<u64>,
    counted: FxHashSet<u64>,
}

impl Others {
    /// Notes that a mail was counted and handed to a host that gave it this packed queue id.
    pub fn hand_over(&mut self, id: u128, message_id: u64) {
        if self.follow && message_id != 0 {
            self.handed_over.insert(key(id, message_id));
        }
    }

    /// Whether a host handed over the mail that has this packed queue id and message-id here.
    pub fn handed_over(&self, id: u128, message_id: u64) -> bool {
        !self.handed_over.is_empty() && self.handed_over.contains(&key(id, message_id))
    }

    /// Notes that a mail was counted under its packed queue id.
    pub fn count(&mut self, id: u128, message_id: u64) {
        if self.follow && message_id != 0 {
            self.counted.insert(key(id, message_id));
        }
    }

    /// Whether the mail that a host took over was already counted there.
    pub fn took_over(&self, id: u128, message_id: u64) -> bool {
        !self.counted.is_empty() && self.counted.contains(&key(id, message_id))
    }
}

fn key(id: u128, message_id: u64) -> u64 {
    FxBuildHasher.hash_one((id, message_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_known_by_both_ids_where_several_hosts_are_read() {
        let mut others = Others::default();
        others.hand_over(1, 2);
        assert!(!others.handed_over(1, 2));
        others.follow = true;
        others.hand_over(1, 2);
        others.count(3, 4);
        assert!(others.handed_over(1, 2) && others.took_over(3, 4));
        assert!(!others.handed_over(1, 3) && !others.took_over(1, 2));
        others.hand_over(5, 0);
        assert!(!others.handed_over(5, 0));
    }
}
