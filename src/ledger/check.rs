//! Looking at every byte of a ledger: whether all files are there and as they were written, whether their rows come to
//! what the manifest says, and whether there is more than it names.
//!
//! How findings are shown is left to `cli`.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::decode;
use super::encode::hex;
use super::error::LedgerError;
use super::manifest::{FileEntry, Sums};
use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use super::schema::{Kind, Table};
use super::store::Store;
use super::twice::{Marks, mark};
use crate::ingest::parallel::{in_order, workers};

/// Bytes that are digested at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// What a check has looked at, and found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Files that the manifest names.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong, by file.
    pub findings: Vec<Finding>,
}

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The file, below the ledger.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.fault)
    }
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// It is not there.
    #[error("is missing: expected a file of {rows} rows")]
    Missing {
        /// Rows that it had.
        rows: u64,
    },
    /// It cannot be read, or is not what a reader takes.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Its bytes are others.
    #[error(
        "has other bytes than were written: {found_bytes} bytes with SHA-256 {found}, expected {expected_bytes} with {expected}"
    )]
    Changed {
        /// Its length.
        found_bytes: u64,
        /// Its digest.
        found: String,
        /// The length that it had.
        expected_bytes: u64,
        /// The digest that it had.
        expected: String,
    },
    /// Its rows come to something else than the manifest says.
    #[error("comes to other sums than the manifest says: {found}, expected {expected}")]
    Sums {
        /// What they come to.
        found: String,
        /// What the manifest says.
        expected: String,
    },
    /// It has rows of another day.
    #[error("has {rows} rows of another day, the first of {first}: expected rows of its day only")]
    WrongDay {
        /// How many.
        rows: u64,
        /// The day of the first.
        first: String,
    },
    /// Its rows are not in order.
    #[error("has rows out of order: expected them by time and key")]
    Unsorted,
    /// A row stands twice in the ledger.
    #[error("holds {rows} messages that stand in the ledger more than once, such as key {key}, leg {leg}")]
    Twice {
        /// How many rows of this file.
        rows: u64,
        /// The key of the first, in hexadecimal.
        key: String,
        /// The leg of the first.
        leg: u32,
    },
    /// The manifest does not name it, though other programs that read the folder count it.
    #[error("is no file of the ledger: expected only those that state/manifest.json names")]
    Stray,
}

/// Checks a ledger. An error is one that keeps it from being opened.
pub fn check(folder: &Path) -> Result<Checked, LedgerError> {
    let store = Store::open(folder)?;
    let files = store.manifest().files();
    let mut checked = Checked { files: files.len() as u64, ..Checked::default() };
    let mut marks = Marks::default();
    let mut next = files.iter();
    let work = |file: &FileEntry| (file.clone(), examine(&store, file));
    in_order(
        workers(),
        || next.next(),
        work,
        |(file, found)| {
            checked.rows = checked.rows.saturating_add(file.rows);
            checked.bytes = checked.bytes.saturating_add(file.bytes);
            let finding = |fault| Finding { path: file.path.clone(), fault };
            checked.findings.extend(found.faults.into_iter().map(finding));
            marks.add(file.kind, &found.marks);
            true
        },
    );
    checked.findings.extend(marks.twice(&store));
    checked.findings.extend(strays(&store));
    checked.findings.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(checked)
}

/// What was found in a file.
#[derive(Default)]
struct Examined {
    faults: Vec<Fault>,
    /// A mark for each row that must not stand twice.
    marks: Vec<u64>,
}

fn examine(store: &Store, file: &FileEntry) -> Examined {
    let unread = |fault| Examined { faults: vec![fault], ..Examined::default() };
    let (found_bytes, found) = match digest(&store.path(file)) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return unread(Fault::Missing { rows: file.rows });
        }
        Err(error) => return unread(Fault::Unreadable(error.to_string())),
    };
    if (found_bytes, &found) != (file.bytes, &file.sha256) {
        let (expected_bytes, expected) = (file.bytes, file.sha256.clone());
        return unread(Fault::Changed { found_bytes, found, expected_bytes, expected });
    }
    let examined = match file.kind {
        Kind::Submissions | Kind::Unfinished => {
            rows::<SubmissionRow>(store, file, |row| Some(mark(row.key, row.leg)))
        }
        Kind::Summaries => rows::<SummaryRow>(store, file, |row| Some(mark(row.key, 0))),
        Kind::Charges => rows::<ChargeRow>(store, file, |_| None),
    };
    examined.unwrap_or_else(|error| unread(Fault::Unreadable(error.to_string())))
}

/// Length and digest of a file.
fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut file = BufReader::with_capacity(BLOCK_BYTES, File::open(path)?);
    loop {
        let block = file.fill_buf()?;
        if block.is_empty() {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(block);
        let length = block.len();
        bytes += length as u64;
        file.consume(length);
    }
}

fn rows<R: Table>(
    store: &Store,
    file: &FileEntry,
    marked: impl Fn(&R) -> Option<u64>,
) -> Result<Examined, LedgerError> {
    let rows: Vec<R> = decode::read_file(&store.path(file), file.kind, file.rows)?;
    let mut faults = Vec::new();
    let mut sums = Sums::default();
    rows.iter().for_each(|row| row.add_to(&mut sums));
    if sums != file.sums {
        faults.push(Fault::Sums { found: sums.to_string(), expected: file.sums.to_string() });
    }
    let mut strange = rows.iter().map(R::day).filter(|day| file.day.is_some_and(|own| own != *day));
    if let Some(first) = strange.next() {
        faults.push(Fault::WrongDay { rows: 1 + strange.count() as u64, first: first.to_string() });
    }
    if !rows.is_sorted_by(|one, two| one.order(two).is_le()) {
        faults.push(Fault::Unsorted);
    }
    Ok(Examined { faults, marks: rows.iter().filter_map(marked).collect() })
}

/// Files in the folders of the ledger that do not belong to it.
fn strays(store: &Store) -> Vec<Finding> {
    let named: BTreeSet<_> = store.manifest().files().iter().map(|file| store.path(file)).collect();
    let folders = Kind::ALL.map(|kind| store.folder().join(kind.folder()));
    let entries = folders.iter().flat_map(|folder| WalkDir::new(folder).sort_by_file_name()).flatten();
    let strays = entries.filter(|entry| !entry.file_type().is_dir() && !named.contains(entry.path()));
    let finding = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(store.folder()).unwrap_or(entry.path());
        let path = path.to_string_lossy().replace('\\', "/");
        Finding { path, fault: Fault::Stray }
    };
    strays.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::probe::{charge, day, submission, summary};
    use crate::ledger::{Compacted, Writer, compact};
    use std::fs;

    /// Batches of one message each, with a summary and a charge.
    fn ledger(batches: u64) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path()).unwrap();
        for number in 0..batches {
            let batch = writer.begin().unwrap();
            batch.add_submissions(day(), &mut vec![submission(number)]).unwrap();
            batch.add_summaries(day(), &mut vec![summary(number as u32)]).unwrap();
            batch.add_charges(day(), &mut vec![charge(number as i64)]).unwrap();
            writer = batch.commit().unwrap();
        }
        folder
    }

    fn findings(folder: &Path) -> Vec<String> {
        check(folder).unwrap().findings.iter().map(Finding::to_string).collect()
    }

    const FILE: &str = "submissions/day=2026-10-01/000001-0.parquet";

    #[test]
    fn a_sound_ledger_has_no_findings() {
        let folder = ledger(2);
        let checked = check(folder.path()).unwrap();
        assert_eq!((checked.files, checked.rows, checked.findings), (6, 6, vec![]));
    }

    #[test]
    fn what_is_missing_changed_or_too_much_is_found() {
        let folder = ledger(3);
        let at = |path: &str| folder.path().join(path);
        fs::remove_file(at(FILE)).unwrap();
        fs::write(at("summaries/day=2026-10-01/000002-0.parquet"), "PAR1").unwrap();
        fs::copy(at("charges/day=2026-10-01/000001-0.parquet"), at("charges/day=2026-10-01/copy.parquet"))
            .unwrap();
        let found = findings(folder.path());
        assert_eq!(found.len(), 3, "{found:#?}");
        assert_eq!(
            found[0],
            "charges/day=2026-10-01/copy.parquet: is no file of the ledger: expected only those that state/manifest.json names"
        );
        assert_eq!(found[1], format!("{FILE}: is missing: expected a file of 1 rows"));
        let changed = "summaries/day=2026-10-01/000002-0.parquet: has other bytes than were written: 4 bytes";
        assert!(found[2].starts_with(changed), "{}", found[2]);
    }

    #[test]
    fn a_manifest_that_says_other_sums_is_found() {
        let folder = ledger(1);
        let path = folder.path().join("state/manifest.json");
        let text = fs::read_to_string(&path).unwrap().replacen("\"messages\": 1", "\"messages\": 2", 1);
        fs::write(&path, text).unwrap();
        let found = findings(folder.path());
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with(&format!("{FILE}: comes to other sums than the manifest says: ")),
            "{found:?}"
        );
    }

    #[test]
    fn a_message_that_stands_twice_is_found() {
        let folder = ledger(2);
        let batch = Writer::open(folder.path()).unwrap().begin().unwrap();
        batch.add_submissions(day(), &mut vec![submission(1), submission(7)]).unwrap();
        batch.commit().unwrap();
        let found = findings(folder.path());
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("holds 1 messages that stand in the ledger more than once"), "{found:?}");
    }

    #[test]
    fn compacting_keeps_all_rows_in_fewer_files() {
        let folder = ledger(5);
        let rows = |kind| {
            let store = Store::open(folder.path()).unwrap();
            let mut rows = Vec::new();
            for file in store.files(kind) {
                rows.extend(store.submissions(file).unwrap());
            }
            rows.sort_by(SubmissionRow::order);
            rows
        };
        let before = rows(Kind::Submissions);
        assert_eq!(compact(folder.path()).unwrap(), Compacted { before: 15, after: 3 });
        assert_eq!(rows(Kind::Submissions), before);
        assert_eq!(findings(folder.path()), Vec::<String>::new());
        assert_eq!(compact(folder.path()).unwrap(), Compacted { before: 3, after: 3 });
        assert_eq!(Store::open(folder.path()).unwrap().manifest().next_batch, 7);
    }
}
