//! Finding rows that stand twice in a ledger of any size: 8 bytes for each row, and a second look at those few files
//! whose marks are the same.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::check::{Fault, Finding};
use super::schema::Kind;
use super::store::Store;

/// Marks of the rows of each kind.
#[derive(Default)]
pub(super) struct Marks(BTreeMap<Kind, Vec<u64>>);

/// A mark of a row: the same for the same key and leg.
pub(super) fn mark(key: u128, leg: u32) -> u64 {
    let mut hasher = FxHasher::default();
    (key, leg).hash(&mut hasher);
    hasher.finish()
}

impl Marks {
    /// Adds those of a file.
    pub(super) fn add(&mut self, kind: Kind, marks: &[u64]) {
        self.0.entry(kind).or_default().extend_from_slice(marks);
    }

    /// The files that hold rows which stand twice.
    pub(super) fn twice(self, store: &Store) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (kind, mut marks) in self.0 {
            marks.sort_unstable();
            let same = marks.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
            let same: FxHashSet<u64> = same.collect();
            if !same.is_empty() {
                findings.extend(confirmed(store, kind, &same));
            }
        }
        findings
    }
}

/// A row and the file in which it stands.
type Seen<'a> = (u128, u32, &'a str);

/// Looks again at the rows with these marks. Files that cannot be read are told already.
fn confirmed(store: &Store, kind: Kind, marks: &FxHashSet<u64>) -> Vec<Finding> {
    let mut seen: Vec<Seen> = Vec::new();
    for file in store.files(kind) {
        let keys: Vec<(u128, u32)> = match kind {
            Kind::Summaries => {
                store.summaries(file).map(|rows| rows.iter().map(|row| (row.key, 0)).collect())
            }
            _ => store.identities(file).map(|rows| rows.iter().map(|row| (row.key, row.leg)).collect()),
        }
        .unwrap_or_default();
        let keys = keys.into_iter().filter(|(key, leg)| marks.contains(&mark(*key, *leg)));
        seen.extend(keys.map(|(key, leg)| (key, leg, file.path.as_str())));
    }
    let mut counts: FxHashMap<(u128, u32), u64> = FxHashMap::default();
    seen.iter().for_each(|(key, leg, _)| *counts.entry((*key, *leg)).or_default() += 1);
    let mut files: BTreeMap<&str, (u64, u128, u32)> = BTreeMap::new();
    for (key, leg, path) in seen {
        if counts.get(&(key, leg)).is_some_and(|count| *count > 1) {
            files.entry(path).or_insert((0, key, leg)).0 += 1;
        }
    }
    let finding = |(path, (rows, key, leg)): (&str, (u64, u128, u32))| {
        let fault = Fault::Twice { rows, key: format!("{key:032x}"), leg };
        Finding { path: path.to_owned(), fault }
    };
    files.into_iter().map(finding).collect()
}
