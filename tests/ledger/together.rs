//! Two writers, and readers beside a writer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use relaymeter::ledger::{LedgerError, Store, Writer};

use super::{add, batches, sound_batches};

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = Writer::open(folder.path()).unwrap();
    let error = Writer::open(folder.path()).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }));
    let (path, process) = (folder.path().display(), std::process::id());
    let begin = format!("{path}: another writer is at work (process {process}, since 20");
    let end = "Z): expected to be the only one\nhint: try again once it has ended";
    let error = error.to_string();
    assert!(error.starts_with(&begin) && error.ends_with(end), "{error}");
    let first = add(first, 0).unwrap();
    assert!(Writer::open(folder.path()).is_err());
    drop(first);
    drop(add(Writer::open(folder.path()).unwrap(), 1).unwrap());
    assert_eq!(sound_batches(folder.path()), 2);
}

#[test]
fn a_writer_that_does_not_commit_leaves_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    drop(Writer::open(folder.path()).unwrap().begin().unwrap());
    drop(add(Writer::open(folder.path()).unwrap(), 0).unwrap());
    assert_eq!(sound_batches(folder.path()), 1);
}

#[test]
fn readers_see_whole_batches_while_others_are_committed() {
    const BATCHES: u64 = 15;
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = || {
            let (mut last, mut states) = (0, 1);
            while !is_done.load(Ordering::Acquire) {
                let store = Store::open(folder.path()).unwrap();
                let count = batches(&store);
                assert!(count >= last);
                states += u64::from(count > last);
                last = count;
                drop(store);
                // So that a writer finds a moment without readers.
                thread::yield_now();
            }
            states
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for number in 0..BATCHES {
            writer = add(writer, number).unwrap();
        }
        is_done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() > 2, "a reader saw no batch come");
        }
    });
    assert_eq!(sound_batches(folder.path()), BATCHES);
}

#[test]
fn a_snapshot_keeps_what_it_saw_and_the_writer_waits() {
    let folder = tempfile::tempdir().unwrap();
    let writer = add(Writer::open(folder.path()).unwrap(), 0).unwrap();
    let store = Store::open(folder.path()).unwrap();
    thread::scope(|scope| {
        let adds = scope.spawn(|| drop(add(writer, 1).unwrap()));
        thread::sleep(std::time::Duration::from_millis(100));
        assert!(!adds.is_finished());
        assert_eq!(batches(&store), 1);
        drop(store);
        adds.join().unwrap();
    });
    assert_eq!(sound_batches(folder.path()), 2);
}
