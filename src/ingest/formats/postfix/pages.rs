//! The blocks of a part, looked at on all cores and given in their order.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use super::extract::extract;
use super::rows::Page;
use crate::ingest::parallel::in_order;
use crate::ingest::syslog::blocks::Blocks;

/// Gives the pages of a part to `take`, and returns what ended it early. What one block holds, and all blocks on a
/// single core, are read without further threads.
pub fn pages<R: Read + Send>(
    blocks: &mut Blocks<R>,
    cores: NonZeroUsize,
    mut take: impl FnMut(&Page),
) -> Option<io::Error> {
    let mut first = Page::default();
    let mut is_filled = blocks.fill(&mut first.block);
    if cores == NonZeroUsize::MIN || blocks.is_done() {
        while is_filled {
            extract(&mut first);
            take(&first);
            is_filled = blocks.fill(&mut first.block);
        }
        return blocks.take_fault();
    }
    let mut first = Some(first);
    // Pages are used again: their room is large, and clearing fresh memory takes as long as reading into it.
    let spare = Mutex::new(Vec::new());
    let next = || {
        if let Some(first) = first.take() {
            return Some(first);
        }
        let mut page: Page = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        blocks.fill(&mut page.block).then_some(page)
    };
    let work = |mut page: Page| {
        extract(&mut page);
        page
    };
    in_order(cores, next, work, |page| {
        take(&page);
        spare.lock().unwrap_or_else(PoisonError::into_inner).push(page);
        true
    });
    blocks.take_fault()
}
