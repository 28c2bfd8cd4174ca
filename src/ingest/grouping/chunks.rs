//! Storage that grows without copying, and the hash index over it.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Items of one chunk.
const CHUNK: usize = 4_096;
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

    /// The number that `push` will return next.
    pub(crate) fn next_number(&self) -> u32 {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len()) as u32
    }

    /// The item of a number that `push` returned.
    pub(crate) fn at(&self, number: u32) -> &T {
        &self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }

    /// The item of a number that `push` returned, to be changed.
    pub(crate) fn at_mut(&mut self, number: u32) -> &mut T {
        &mut self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<T>()
    }

    /// Forgets all items; one chunk is kept.
    pub(super) fn clear(&mut self) {
        self.chunks.truncate(1);
        self.chunks.iter_mut().for_each(Vec::clear);
    }

    /// All items in the order in which they were added; each chunk is freed as it is left.
    pub(super) fn into_items(self) -> Items<T> {
        self.chunks.into_iter().flatten()
    }
}

/// The items of a list.
pub(super) type Items<T> = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

/// Finds numbers of items by hash.
#[derive(Debug)]
pub(crate) struct Index {
    shards: Vec<HashTable<Place>>,
}

/// Where an item is, and as much of its hash as tells most others apart: a search seldom looks at an item that is
/// not meant, and growing at none, since each look waits for memory.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: u32,
    short_hash: u32,
}

impl Place {
    /// The hash in the table, which uses its lowest and highest bits.
    fn table_hash(&self) -> u64 {
        let product = u64::from(self.short_hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ (product >> 32)
    }
}

impl Default for Index {
    fn default() -> Self {
        Index { shards: vec![HashTable::new(); SHARDS] }
    }
}

impl Index {
    /// The number of the item that is meant.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let wanted = Place { number: 0, short_hash: short(hash) };
        let is_it = |place: &Place| place.short_hash == wanted.short_hash && is_it(place.number);
        self.shards[shard(hash)].find(wanted.table_hash(), is_it).map(|place| place.number)
    }

    /// The number of the item that is meant; where it is not there, `next` is added. One search for both.
    #[inline]
    pub(crate) fn find_or_add(&mut self, hash: u64, next: u32, is_it: impl Fn(u32) -> bool) -> u32 {
        let new = Place { number: next, short_hash: short(hash) };
        let is_it = |place: &Place| place.short_hash == new.short_hash && is_it(place.number);
        match self.shards[shard(hash)].entry(new.table_hash(), is_it, Place::table_hash) {
            Entry::Occupied(known) => known.get().number,
            Entry::Vacant(vacant) => vacant.insert(new).get().number,
        }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }

    /// Adds an item that is not there.
    pub(crate) fn insert(&mut self, hash: u64, number: u32) {
        let new = Place { number, short_hash: short(hash) };
        self.shards[shard(hash)].insert_unique(new.table_hash(), new, Place::table_hash);
    }
}

/// The part of a hash that stands in the table.
fn short(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The shard of a hash, by bits that do not stand in the table.
fn shard(hash: u64) -> usize {
    usize::from(SHARD_OF[hash as usize & 0xff])
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
            index.insert(mixed(item), number);
            assert_eq!(chunks.next_number(), number + 1);
        }
        let found_or_added =
            |index: &mut Index, item, next| index.find_or_add(mixed(item), next, |n| *chunks.at(n) == item);
        assert_eq!(found_or_added(&mut index, 9_000, chunks.next_number()), 9_000);
        assert_eq!(chunks.next_number(), 20_000);
        assert_eq!(found_or_added(&mut index, 20_000, chunks.next_number()), 20_000);
        assert_eq!(chunks.push(20_000), 20_000);
        *chunks.at_mut(8_192) = 7;
        assert_eq!(index.find(mixed(19_999), |n| *chunks.at(n) == 19_999), Some(19_999));
        assert_eq!(index.find(mixed(20_000), |n| *chunks.at(n) == 20_000), Some(20_000));
        assert_eq!(index.find(mixed(20_001), |n| *chunks.at(n) == 20_001), None);
        assert_eq!(chunks.into_items().nth(8_192), Some(7));
    }
}
