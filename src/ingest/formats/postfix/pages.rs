//! The blocks of a part, looked at on all cores and given in their order.

use std::io::{self, Read};
use std::num::NonZeroUsize;

use super::extract::extract;
use super::rows::Page;
use crate::ingest::parallel::in_rounds;
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
    while is_filled && (cores == NonZeroUsize::MIN || blocks.is_done()) {
        extract(&mut first);
        take(&first);
        is_filled = blocks.fill(&mut first.block);
    }
    if is_filled {
        let mut first = Some(first);
        let fill = |page: &mut Page| match first.take() {
            Some(first) => {
                *page = first;
                true
            }
            None => blocks.fill(&mut page.block),
        };
        in_rounds(cores, fill, extract, take);
    }
    blocks.take_fault()
}
