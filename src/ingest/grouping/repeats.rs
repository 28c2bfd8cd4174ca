//! Rows without an id: which of them repeat a row of another file.
//!
//! Two equal rows in one file are two messages. The same rows in a second file (an overlapping export, the file
//! given twice) are the same messages again, so of each row as many count as the file with the most has.

use super::chunks::{Chunks, Index};

/// One row, by the hash of its content.
#[derive(Clone, Copy, Debug)]
struct Seen {
    hash: u64,
    most: u32,
    input: u32,
    here: u32,
}

/// All rows of a run: 20 bytes each and an index.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    seen: Chunks<Seen>,
    index: Index,
    input: u32,
    /// Rows that repeat one of another file.
    pub(crate) count: u64,
}

impl Repeats {
    /// Begins the next file.
    pub(crate) fn begin_input(&mut self) {
        self.input += 1;
    }

    /// Whether a row repeats one of another file.
    pub(crate) fn repeats(&mut self, hash: u64) -> bool {
        let Some(at) = self.index.find(hash, |at| self.seen.at(at).hash == hash) else {
            self.add(hash);
            return false;
        };
        let (input, seen) = (self.input, self.seen.at_mut(at));
        if seen.input != input {
            (seen.input, seen.here) = (input, 0);
        }
        seen.here = seen.here.saturating_add(1);
        let repeats = seen.here <= seen.most;
        seen.most = seen.most.max(seen.here);
        self.count += u64::from(repeats);
        repeats
    }

    /// Whether an id was seen before, in any file.
    pub(crate) fn is_known_id(&mut self, hash: u64) -> bool {
        let known = self.index.find(hash, |at| self.seen.at(at).hash == hash).is_some();
        if !known {
            self.add(hash);
        }
        known
    }

    fn add(&mut self, hash: u64) {
        let at = self.seen.push(Seen { hash, most: 1, input: self.input, here: 1 });
        self.index.insert(hash, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_equal_rows_count_as_the_file_with_the_most_has() {
        let mut repeats = Repeats::default();
        let mut counted = 0;
        for file in [&[1, 2, 1][..], &[1, 1, 1, 3], &[1, 2, 2, 3]] {
            repeats.begin_input();
            counted += file.iter().filter(|&&row| !repeats.repeats(row << 50)).count();
        }
        // Row 1 three times (second file), row 2 twice (third), row 3 once.
        assert_eq!((counted, repeats.count), (6, 5));
        assert!(!repeats.is_known_id(9) && repeats.is_known_id(9));
    }
}
