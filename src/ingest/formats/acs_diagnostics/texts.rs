//! Texts of rows by number: each is kept once for a block, and looked up once among the names of the run.

use std::hash::Hasher;
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Texts, each of which is kept once; 0 is the number of the empty one.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each stands, and its hash.
    kept: Vec<(Range<usize>, u64)>,
    index: HashTable<u32>,
    /// The number of the text before, which is often that of the next.
    last: u32,
}

impl Texts {
    /// The number of a text, which is kept where it is new.
    pub(super) fn number(&mut self, text: &[u8]) -> u32 {
        if text == self.at(self.last) {
            return self.last;
        }
        if text.is_empty() {
            return 0;
        }
        let mut hasher = FxHasher::default();
        hasher.write(text);
        let hash = hasher.finish();
        let known = |number: &u32| self.at(*number) == text;
        if let Some(number) = self.index.find(hash, known) {
            self.last = *number;
            return self.last;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.kept.push((start..self.bytes.len(), hash));
        let (kept, number) = (&self.kept, self.kept.len() as u32);
        let hash_of = |number: &u32| kept.get(*number as usize - 1).map_or(0, |(_, hash)| *hash);
        self.index.insert_unique(hash, number, hash_of);
        self.last = number;
        number
    }

    /// The text of a number.
    pub(super) fn at(&self, number: u32) -> &[u8] {
        let kept = (number as usize).checked_sub(1).and_then(|at| self.kept.get(at));
        kept.and_then(|(place, _)| self.bytes.get(place.clone())).unwrap_or_default()
    }

    /// Texts that are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}

/// Ids of texts in the run, by their numbers.
#[derive(Debug)]
pub(super) struct Ids<T>(Vec<Option<T>>);

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Ids(Vec::new())
    }
}

impl<T: Copy> Ids<T> {
    /// The id of a text, which is looked up where it was not yet.
    pub(super) fn of(&mut self, number: u32, texts: &Texts, look_up: impl FnOnce(&[u8]) -> T) -> T {
        let at = number as usize;
        if let Some(Some(id)) = self.0.get(at) {
            return *id;
        }
        let id = look_up(texts.at(number));
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at] = Some(id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_looked_up_once() {
        let (mut texts, mut ids) = (Texts::default(), Ids::default());
        let numbers = ["a", "", "bc", "a", "bc", "bc", ""].map(|text| texts.number(text.as_bytes()));
        assert_eq!(numbers, [1, 0, 2, 1, 2, 2, 0]);
        assert_eq!(
            (texts.at(0), texts.at(1), texts.at(2), texts.at(3)),
            (&b""[..], &b"a"[..], &b"bc"[..], &b""[..])
        );
        let mut looked_up = Vec::new();
        for number in numbers {
            assert_eq!(
                ids.of(number, &texts, |text| {
                    looked_up.push(text.to_vec());
                    text.len()
                }),
                texts.at(number).len()
            );
        }
        assert_eq!(looked_up, [&b"a"[..], b"", b"bc"]);
    }
}
