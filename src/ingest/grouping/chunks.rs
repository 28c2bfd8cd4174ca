//! Storage that grows without copying, and the hash index over it.

use hashbrown::HashTable;

/// Items of one chunk.
const CHUNK: usize = 8_192;
/// Parts of an index. Each doubles by itself, so that old and new table of the whole never exist at once.
const SHARDS: usize = 16;
/// The part of each of 256 hash values. Part `n` takes a share that grows as 2^(n/16), so that the parts double
/// one after the other and the whole stays about two thirds full, however many items there are.
const SHARD_OF: [u8; 256] = shard_table();

const fn shard_table() -> [u8; 256] {
    // 256 x (2^(n/16) - 1), rounded: where the share of part n ends.
    const ENDS: [usize; SHARDS] = [11, 23, 36, 48, 62, 76, 91, 106, 122, 139, 156, 175, 194, 213, 234, 256];
    let mut table = [0; 256];
    let (mut value, mut part) = (0, 0);
    while value < 256 {
        if value == ENDS[part] {
            part += 1;
        }
        table[value] = part as u8;
        value += 1;
    }
    table
}

/// A list that is never copied when it grows. It holds fewer than 2^32 items, which at 40 bytes each would be
/// 160 GiB, more than any machine this runs on.
#[derive(Debug)]
pub(crate) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Chunks { chunks: Vec::new() }
    }
}

impl<T> Chunks<T> {
    /// Adds an item and returns its number.
    pub(crate) fn push(&mut self, item: T) -> u32 {
        let full = self.chunks.len() * CHUNK;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => {
                chunk.push(item);
                (full - CHUNK + chunk.len() - 1) as u32
            }
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.chunks.push(chunk);
                full as u32
            }
        }
    }

    /// The item of a number that `push` returned.
    pub(crate) fn at(&self, number: u32) -> &T {
        &self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }

    /// The item of a number that `push` returned, to be changed.
    pub(crate) fn at_mut(&mut self, number: u32) -> &mut T {
        &mut self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }

    /// All items in the order in which they were added; each chunk is freed as it is left.
    pub(super) fn into_items(self) -> impl Iterator<Item = T> {
        self.chunks.into_iter().flatten()
    }
}

/// Finds numbers of items by hash.
#[derive(Debug)]
pub(crate) struct Index {
    shards: Vec<HashTable<u32>>,
}

impl Default for Index {
    fn default() -> Self {
        Index { shards: vec![HashTable::new(); SHARDS] }
    }
}

impl Index {
    /// The number of the item that is meant.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.shards[shard(hash)].find(hash, |&number| is_it(number)).copied()
    }

    /// Adds an item that is not there; `hash_of` gives the hash of one that is.
    pub(crate) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        self.shards[shard(hash)].insert_unique(hash, number, |&number| hash_of(number));
    }
}

/// The table uses the lowest and the highest bits; the shard is taken from between them.
fn shard(hash: u64) -> usize {
    usize::from(SHARD_OF[(hash >> 40) as usize & 0xff])
}

/// Spreads a number over 64 bits (the finalizer of SplitMix64, Steele, Lea and Flood 2014).
pub(super) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_numbers_over_chunks() {
        let mut chunks = Chunks::default();
        let mut index = Index::default();
        for item in 0..20_000_u64 {
            let number = chunks.push(item);
            assert_eq!(u64::from(number), item);
            index.insert(mixed(item), number, |number| mixed(*chunks.at(number)));
        }
        *chunks.at_mut(8_192) = 7;
        assert_eq!(index.find(mixed(19_999), |n| *chunks.at(n) == 19_999), Some(19_999));
        assert_eq!(index.find(mixed(20_000), |n| *chunks.at(n) == 20_000), None);
        assert_eq!(chunks.into_items().nth(8_192), Some(7));
    }
}
