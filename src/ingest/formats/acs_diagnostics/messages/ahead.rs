//! Looking ahead: the messages and recipients of the next rows are brought near before the rows are added.

use super::super::said::{Said, What};
use super::Messages;
use crate::ingest::grouping::further_hash;

/// Rows that are looked up at once.
pub(in super::super) const LOOKED_UP: usize = 32;

impl Messages {
    /// Looks up the messages of some rows, and then their recipients, at once: each look-up waits for memory, and those
    /// of one row after the other wait one after the other.
    pub(in super::super) fn look_up<'s>(&self, some: impl Iterator<Item = &'s Said>) {
        let mut places = [(0, 0); LOOKED_UP];
        let mut free = places.iter_mut();
        for said in some {
            let is_it = |at| self.messages.at(at).facts.id == said.id;
            let number = self.index.find(said.id.hash(), is_it);
            if let (Some(number), What::Status { recipient: Some(hash), .. }) = (number, said.what)
                && let Some(place) = free.next()
            {
                *place = (number, hash);
            }
        }
        let count = LOOKED_UP - free.len();
        let found = places.iter().take(count).filter(|(number, hash)| {
            let is_it = |at| self.recipients.at(at).hash == *hash;
            self.recipient_index.find(further_hash(*number, *hash), is_it).is_some()
        });
        std::hint::black_box(found.count());
    }
}
