//! Files with any bytes: an error or a finding, never a panic.

use std::fs;
use std::path::{Path, PathBuf};

use relaymeter::ledger::{Kind, Store, Writer, check};

use super::{Random, add};

/// Damages of each file.
const DAMAGES: u64 = 60;

/// All files of a ledger.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The bytes with some cut off or changed.
fn damaged(whole: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let length = bytes.len() as u64;
    match random.below(4) {
        0 => bytes.truncate(random.below(length) as usize),
        1 => bytes[random.below(length) as usize] ^= 1 << random.below(8),
        // The footer is where most can go wrong.
        2 => bytes[(length - 1 - random.below(length.min(2_000))) as usize] = random.below(256) as u8,
        _ => {
            (0..=random.below(4)).for_each(|_| bytes[random.below(length) as usize] = random.below(256) as u8)
        }
    }
    bytes
}

/// Reads everything in every way; how many ways ended in an error.
fn read_all(folder: &Path) -> usize {
    let Ok(store) = Store::open(folder) else { return 1 };
    let mut errors = 0;
    for file in store.files(Kind::Submissions).chain(store.files(Kind::Unfinished)) {
        let names =
            ["key", "time", "thread", "leg", "sender", "client_ip", "message_size", "begun", "traffic"];
        errors += usize::from(store.submissions(file).is_err());
        errors += usize::from(store.identities(file).is_err());
        errors += usize::from(store.submission_columns(file, &names).is_err());
    }
    errors
}

#[test]
fn damage_is_found_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    drop(add(Writer::open(folder.path()).unwrap(), 0).unwrap());
    let mut random = Random(5);
    let (mut read, mut unread) = (0, 0);
    let all = files(folder.path());
    let tables: Vec<&PathBuf> =
        all.iter().filter(|path| path.extension().is_some_and(|end| end == "parquet")).collect();
    assert_eq!(tables.len(), 5);
    // Those of other days are alike.
    for path in [tables[0], tables[4], &folder.path().join("state/manifest.json")] {
        let whole = fs::read(path).unwrap();
        for _ in 0..DAMAGES {
            let bytes = damaged(&whole, &mut random);
            fs::write(path, &bytes).unwrap();
            match read_all(folder.path()) {
                0 => read += 1,
                _ => unread += 1,
            }
            let found = check(folder.path());
            if path.extension().is_some_and(|end| end == "parquet") && bytes != whole {
                let findings = found.unwrap().findings;
                assert_eq!(findings.len(), 1, "{findings:?}");
                assert!(path.ends_with(&findings[0].path));
            }
        }
        fs::write(path, &whole).unwrap();
    }
    eprintln!("damaged files: {unread} ended in an error, {read} were read all the same");
    assert!(unread > DAMAGES);
}

#[test]
fn a_record_of_a_commit_leads_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    drop(add(Writer::open(&ledger).unwrap(), 0).unwrap());
    let other = folder.path().join("other.txt");
    fs::write(&other, "mine").unwrap();
    let records = [
        r#"{"version": 1, "moves": [], "removals": ["../other.txt"]}"#,
        r#"{"version": 1, "moves": [["state/staging/../../../other.txt", "README.md"]], "removals": []}"#,
        r#"{"version": 1, "moves": [], "removals": ["submissions/day=2026-10-01/../../../other.txt"]}"#,
        r#"{"version": 1, "moves": "#,
        "",
    ];
    for record in records {
        fs::write(ledger.join("state/commit.json"), record).unwrap();
        for error in
            [Store::open(&ledger).unwrap_err().to_string(), Writer::open(&ledger).unwrap_err().to_string()]
        {
            assert!(error.contains("state/commit.json: is damaged: "), "{error}");
        }
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
    }
    fs::write(ledger.join("state/commit.json"), r#"{"version": 2}"#).unwrap();
    let error = Store::open(&ledger).unwrap_err().to_string();
    assert!(error.contains("state/commit.json: has version 2 of the ledger: expected 1 or less"), "{error}");
}
