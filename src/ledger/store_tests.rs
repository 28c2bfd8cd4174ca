//! Tests of writing and reading as a whole: rows come back as they were, in folders and files as described.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::probe::{any_submission, charge, day, submission, summary};
use super::row::SubmissionRow;
use super::schema::Table;
use super::{Kind, LedgerError, Store, Writer};

fn ledger() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Adds a batch of submissions.
fn add(folder: &Path, numbers: std::ops::Range<u64>) -> Vec<SubmissionRow> {
    let rows: Vec<SubmissionRow> = numbers.map(submission).collect();
    let batch = Writer::open(folder).unwrap().begin().unwrap();
    batch.add_submissions(day(), &mut rows.clone()).unwrap();
    batch.commit().unwrap();
    rows
}

#[test]
fn rows_of_all_kinds_come_back() {
    let folder = ledger();
    let (mut messages, mut windows) = (vec![submission(1), submission(2)], vec![summary(3)]);
    let (mut charges, mut open) = (vec![charge(1), charge(2)], vec![submission(3)]);
    let (kept, kept_windows, kept_charges, kept_open) =
        (messages.clone(), windows.clone(), charges.clone(), open.clone());
    let batch = Writer::open(folder.path()).unwrap().begin().unwrap();
    batch.add_submissions(day(), &mut messages).unwrap();
    batch.add_summaries(day(), &mut windows).unwrap();
    batch.add_charges(day(), &mut charges).unwrap();
    batch.add_unfinished(&mut open).unwrap();
    assert!(messages.is_empty());
    batch.commit().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let file = |kind| store.files(kind).next().unwrap();
    assert_eq!(store.submissions(file(Kind::Submissions)).unwrap(), kept);
    assert_eq!(store.summaries(file(Kind::Summaries)).unwrap(), kept_windows);
    assert_eq!(store.charges(file(Kind::Charges)).unwrap(), kept_charges);
    assert_eq!(store.submissions(file(Kind::Unfinished)).unwrap(), kept_open);
    let identities = store.identities(file(Kind::Submissions)).unwrap();
    assert_eq!((identities.len(), identities[0].key, identities[0].thread), (2, kept[0].key, kept[0].thread));
    let paths: Vec<&str> = store.manifest().files().iter().map(|file| file.path.as_str()).collect();
    let expected = [
        "submissions/day=2026-10-01/000001-0.parquet",
        "summaries/day=2026-10-01/000001-0.parquet",
        "charges/day=2026-10-01/000001-0.parquet",
        "state/unfinished/000001-0.parquet",
    ];
    assert_eq!(paths, expected);
    let sums = &file(Kind::Submissions).sums;
    assert_eq!((sums.messages, sums.recipients, sums.recipient_bytes), (2, 5, 2 * 75_001 + 3 * 75_002));
}

#[test]
fn a_file_is_replaced_or_removed_with_the_batch() {
    let folder = ledger();
    add(folder.path(), 0..3);
    add(folder.path(), 3..4);
    let writer = Writer::open(folder.path()).unwrap();
    let store = writer.store();
    let files: Vec<_> = store.files(Kind::Submissions).collect();
    let batch = writer.begin().unwrap();
    batch.replace_submissions(files[0], &mut vec![submission(9)]).unwrap();
    batch.replace_submissions(files[1], &mut Vec::new()).unwrap();
    let store = batch.commit().unwrap().store();
    let files: Vec<_> = store.files(Kind::Submissions).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(store.submissions(files[0]).unwrap(), [submission(9)]);
    let found = fs::read_dir(folder.path().join("submissions/day=2026-10-01")).unwrap();
    assert_eq!(found.count(), 1);
}

#[test]
fn a_batch_that_is_given_up_leaves_nothing() {
    let folder = ledger();
    let rows = add(folder.path(), 0..3);
    let batch = Writer::open(folder.path()).unwrap().begin().unwrap();
    batch.add_submissions(day(), &mut vec![submission(9)]).unwrap();
    drop(batch);
    assert!(!folder.path().join("state/staging").exists());
    let store = Store::open(folder.path()).unwrap();
    let file = store.files(Kind::Submissions).next().unwrap();
    assert_eq!(store.submissions(file).unwrap(), rows);
}

#[test]
fn the_same_batches_make_the_same_bytes() {
    let (one, two) = (ledger(), ledger());
    for folder in [one.path(), two.path()] {
        add(folder, 0..500);
        add(folder, 500..600);
    }
    for path in ["state/manifest.json", "README.md", "submissions/day=2026-10-01/000002-0.parquet"] {
        assert_eq!(
            fs::read(one.path().join(path)).unwrap(),
            fs::read(two.path().join(path)).unwrap(),
            "{path}"
        );
    }
}

#[test]
fn a_row_of_another_day_is_refused() {
    let folder = ledger();
    let batch = Writer::open(folder.path()).unwrap().begin().unwrap();
    let error = batch.add_submissions(day().succ_opt().unwrap(), &mut vec![submission(1)]).unwrap_err();
    assert!(matches!(error, LedgerError::WrongDay { .. }), "{error}");
}

#[test]
fn a_ledger_without_its_manifest_is_not_begun_anew() {
    let folder = ledger();
    add(folder.path(), 0..3);
    let files = || fs::read_dir(folder.path().join(format!("submissions/day={}", day()))).unwrap().count();
    fs::remove_file(folder.path().join("state/manifest.json")).unwrap();
    let error = Writer::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("manifest.json: is missing: expected a file of the ledger"), "{error}");
    assert_eq!(files(), 1);
}

#[test]
fn a_file_is_no_place_for_a_ledger() {
    let folder = ledger();
    let path = folder.path().join("mail.log");
    fs::write(&path, "").unwrap();
    let error = Writer::open(&path).unwrap_err().to_string();
    assert!(error.ends_with("mail.log: is a file: expected a folder, for the ledger"), "{error}");
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let folder = ledger();
    assert!(matches!(Store::open(folder.path()).unwrap_err(), LedgerError::NoLedger(_)));
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let error = Writer::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("'letter.txt'"), "{error}");
    assert!(!folder.path().join("state").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_rows_come_back_in_order(rows in proptest::collection::vec(any_submission(), 1..40)) {
        let folder = ledger();
        let batch = Writer::open(folder.path()).unwrap().begin().unwrap();
        batch.add_submissions(day(), &mut rows.clone()).unwrap();
        let store = batch.commit().unwrap().store();
        let mut expected = rows;
        expected.sort_by(SubmissionRow::order);
        let file = store.files(Kind::Submissions).next().unwrap();
        prop_assert_eq!(store.submissions(file).unwrap(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn columns_hold_what_rows_hold(rows in proptest::collection::vec(any_submission(), 1..40)) {
        let folder = ledger();
        let batch = Writer::open(folder.path()).unwrap().begin().unwrap();
        batch.add_submissions(day(), &mut rows.clone()).unwrap();
        let store = batch.commit().unwrap().store();
        let file = store.files(Kind::Submissions).next().unwrap();
        let rows = store.submissions(file).unwrap();
        let names = ["key", "leg", "time", "message_size", "sender", "traffic", "begun", "no such"];
        let groups = store.submission_columns(file, &names).unwrap();
        let group = &groups[0];
        prop_assert_eq!((groups.len(), group.rows()), (1, rows.len()));
        prop_assert!(group.numbers("line").is_none() && group.numbers("no such").is_none());
        let numbers = |name: &str, at: usize| {
            let numbers = group.numbers(name).unwrap();
            (!numbers.is_missing(at)).then(|| numbers.value(at))
        };
        let text = |name: &str, at: usize| {
            let texts = group.texts(name).unwrap();
            texts.list.get(texts.place(at) as usize).map(|text| text.to_string())
        };
        for (at, row) in rows.iter().enumerate() {
            prop_assert_eq!(group.digests("key").unwrap()[at], row.key);
            prop_assert_eq!(numbers("leg", at), Some(i64::from(row.leg)));
            prop_assert_eq!(numbers("time", at), Some(row.time.seconds()));
            prop_assert_eq!(numbers("message_size", at), row.message_size.map(u64::cast_signed));
            prop_assert_eq!(numbers("begun", at), Some(i64::from(row.begun)));
            prop_assert_eq!(text("sender", at), row.sender.clone());
            prop_assert_eq!(text("traffic", at), Some(row.traffic.name().to_owned()));
        }
    }
}
