//! Tests of a ledger as a whole: what is added in any parts and in any order is handed over as if it were read at once.

use std::fs;
use std::path::Path;

use super::forget::{Forget, forget};
use super::replay::{Selected, replay};
use super::row::SubmissionRow;
use super::{Batch, Kind, LedgerError, Outcome, Store, Writer};
use crate::ingest::formats::FORMATS;
use crate::ingest::run::read_all;
use crate::ingest::{Input, ReadOptions, Sink};
use crate::usage::{Collector, CountOptions, Dimension, Filters, Recipients, Usage};

fn options() -> ReadOptions {
    ReadOptions { own_domains: vec!["contoso.com".to_owned()], year: Some(2026), ..ReadOptions::default() }
}

fn inputs(files: &[(String, Vec<u8>)]) -> Vec<Input> {
    files.iter().map(|(name, bytes)| Input::from_bytes(name, bytes)).collect()
}

/// What is no log, or has counts by day: as summaries these would cover the mail that other samples have on the same
/// days without a connector, which read at once they do not.
const LEFT_OUT: [&str; 4] = ["README.md", "truth.csv", "generic-csv.mapping.yaml", "usage-by-day.csv"];

/// The samples with messages, by name.
fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let is_log = |path: &Path| !LEFT_OUT.contains(&name(path).as_str());
    all.iter().filter(|path| is_log(path)).map(|path| (name(path), fs::read(path).unwrap())).collect()
}

fn add(folder: &Path, files: &[(String, Vec<u8>)]) -> Outcome {
    let writer = Writer::open(folder).unwrap();
    let mut batch = Batch::new(&writer, &options(), false).unwrap();
    let read = read_all(inputs(files), FORMATS, None, &options(), &mut batch).unwrap();
    assert!(batch.accounting().adds_up());
    batch.commit(writer, &read).unwrap().1
}

fn count(by: &[Dimension], fill: impl FnOnce(&mut dyn Sink)) -> Usage {
    let filters = Filters { include_null_sender: true, ..Filters::default() };
    let mut collector = Collector::new(CountOptions { by: by.to_vec(), filters, ..CountOptions::default() });
    fill(&mut collector);
    collector.finish().0.unwrap()
}

fn shown(usage: &Usage) -> String {
    let groups: Vec<_> = usage
        .groups
        .iter()
        .map(|group| format!("{:?} {:?} {:?}", group.labels, group.measures, group.sizes))
        .collect();
    format!("{:#?}\n{:?}\n{:?}\n{:?}\n{:?}", groups, usage.total, usage.qualities, usage.sizes, usage.period)
}

const EVERY: [&[Dimension]; 11] = [
    &[],
    &[Dimension::Month],
    &[Dimension::Day],
    &[Dimension::Hour],
    &[Dimension::SenderDomain],
    &[Dimension::Sender],
    &[Dimension::Client],
    &[Dimension::Outcome],
    &[Dimension::Source],
    &[Dimension::Traffic],
    &[Dimension::Connector],
];

fn assert_is_as_read(folder: &Path, files: &[(String, Vec<u8>)], dimensions: &[&[Dimension]]) {
    let store = Store::open(folder).unwrap();
    for by in dimensions {
        let read = count(by, |sink| {
            read_all(inputs(files), FORMATS, None, &options(), sink).unwrap();
        });
        let replayed = count(by, |sink| replay(&store, &Selected::default(), sink).unwrap());
        assert!(replayed.accounting.adds_up());
        pretty(by, &shown(&replayed), &shown(&read));
        assert_eq!(format!("{:?}", replayed.beside.charges), format!("{:?}", read.beside.charges));
    }
}

fn pretty(by: &[Dimension], found: &str, expected: &str) {
    if found != expected {
        let lines = found.lines().zip(expected.lines()).filter(|(one, other)| one != other);
        let shown: String = lines.take(8).map(|(one, other)| format!("- {other}\n+ {one}\n")).collect();
        panic!("by {by:?}:\n{shown}");
    }
}

#[test]
fn each_sample_is_handed_over_as_it_is_read() {
    for sample in samples() {
        let folder = tempfile::tempdir().unwrap();
        let files = [sample];
        let outcome = add(folder.path(), &files);
        assert_eq!(outcome.total().already_there, Default::default(), "{}", files[0].0);
        let again = add(folder.path(), &files);
        assert_eq!(again.batch, None, "{}: {again:?}", files[0].0);
        assert_eq!(again.total().already_there, outcome.total().added, "{}", files[0].0);
        if outcome.of(Kind::Submissions).added.rows > 0 || outcome.of(Kind::Summaries).added.rows > 0 {
            assert_is_as_read(folder.path(), &files, &EVERY);
        }
    }
}

#[test]
fn samples_in_any_batches_and_order_are_as_read_at_once() {
    let files = samples();
    let orders: [&[usize]; 3] = [&[0, 1, 2], &[2, 0, 1], &[1, 2, 0]];
    for order in orders {
        let folder = tempfile::tempdir().unwrap();
        let mut batches = vec![Vec::new(); 3];
        for (at, file) in files.iter().enumerate() {
            // Charges of a later batch replace those of an earlier one, whatever export they come from.
            // What tracking logs tell of a message of a protocol log is known only where both are read together.
            let together = file.0.starts_with("azure-cost") || file.0.starts_with("exchange-server");
            let part = if together { 0 } else { at % 3 };
            batches[part].push(file.clone());
        }
        for _ in 0..2 {
            order.iter().for_each(|&part| drop(add(folder.path(), &batches[part])));
        }
        let again = add(folder.path(), &files);
        assert_eq!(
            again.batch,
            None,
            "{:?}",
            again.days.iter().filter(|it| it.1.completed.rows + it.1.added.rows > 0).collect::<Vec<_>>()
        );
        let by: [&[Dimension]; 5] =
            [&[Dimension::Source], &[], &[Dimension::Sender], &[Dimension::Hour], &[Dimension::Connector]];
        assert_is_as_read(folder.path(), &files, &by);
    }
}

fn sample(name: &str) -> Vec<(String, Vec<u8>)> {
    samples().into_iter().filter(|(file, _)| file == name).collect()
}

#[test]
fn what_is_forgotten_is_not_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let files = sample("postfix.log");
    add(folder.path(), &files);
    let rows = || {
        let store = Store::open(folder.path()).unwrap();
        let files: Vec<_> = store.files(Kind::Submissions).collect();
        files.iter().flat_map(|file| store.submissions(file).unwrap()).collect::<Vec<_>>()
    };
    let forget = |what: Forget| forget(Writer::open(folder.path()).unwrap(), &what).unwrap().1;
    let recipients = |rows: &[SubmissionRow]| rows.iter().map(|row| row.recipients.attempted()).sum::<u64>();
    let before = rows();
    let sender =
        before.iter().filter_map(|row| row.sender.clone()).find(|sender| sender.contains('@')).unwrap();
    let of_sender = before.iter().filter(|row| row.sender.as_ref() == Some(&sender)).count() as u64;

    assert_eq!(forget(Forget::Sender(sender.to_uppercase())).rows, of_sender);
    assert_eq!(add(folder.path(), &files).batch, None);
    assert_eq!((rows().len(), recipients(&rows())), (before.len(), recipients(&before)));
    assert!(rows().iter().all(|row| row.sender.as_ref() != Some(&sender)));

    forget(Forget::Recipients);
    assert!(!folder.path().join("state/secret").exists());
    assert_eq!(add(folder.path(), &files).batch, None);
    assert!(rows().iter().all(|row| row.addressees.is_empty()));
    assert_eq!(recipients(&rows()), recipients(&before));

    let domain = sender.rsplit_once('@').unwrap().1;
    forget(Forget::Sender(format!("@{domain}")));
    let day = before[before.len() / 2].time.date();
    forget(Forget::Before(day));
    let outcome = add(folder.path(), &files);
    assert_eq!(outcome.batch, None);
    let old = before.iter().filter(|row| row.time.date() < day).count() as u64;
    assert_eq!((outcome.forgotten.rows, rows().len() as u64), (old, before.len() as u64 - old));
}

#[test]
fn pseudonyms_stay_the_same_and_are_for_all_batches() {
    let folder = tempfile::tempdir().unwrap();
    let files = sample("postfix.log");
    let add_as = |pseudonymise: bool| {
        let writer = Writer::open(folder.path()).unwrap();
        let mut batch = Batch::new(&writer, &options(), pseudonymise)?;
        let read = read_all(inputs(&files), FORMATS, None, &options(), &mut batch).unwrap();
        Ok::<_, LedgerError>(batch.commit(writer, &read)?.1)
    };
    assert!(add_as(true).unwrap().batch.is_some());
    assert_eq!(add_as(true).unwrap().batch, None);
    let error = add_as(false).unwrap_err().to_string();
    assert!(error.starts_with("--pseudonymise is not given: expected given"), "{error}");
    let store = Store::open(folder.path()).unwrap();
    let files: Vec<_> = store.files(Kind::Submissions).collect();
    for row in files.iter().flat_map(|file| store.submissions(file).unwrap()) {
        let sender = row.sender.unwrap_or_default();
        assert!(sender == "<>" || sender.is_empty() || sender.starts_with("p-"), "{sender}");
    }
}

#[test]
fn an_earlier_export_does_not_undo_a_later_one() {
    let whole = sample("azure-cost-mca.csv");
    let text = String::from_utf8(whole[0].1.clone()).unwrap();
    let earlier = text.replace(",120000,", ",60000,").replace("27.783", "13.8915");
    assert_ne!(earlier, text);
    let corrected = text.replace("27.783", "26.783");
    let named = |name: &str, text: &str| [(name.to_owned(), text.as_bytes().to_vec())];
    let folder = tempfile::tempdir().unwrap();
    let changed = |text: &str| {
        let changes = add(folder.path(), &named("export.csv", text)).of(Kind::Charges);
        (changes.added.rows, changes.completed.rows)
    };
    assert_eq!(changed(&earlier), (6, 0));
    assert_eq!(changed(&text), (0, 3), "of the day and resource");
    assert_eq!(changed(&earlier), (0, 0));
    assert_eq!(changed(&corrected), (0, 3), "as much usage for another price");
}

/// Logs cut at lines into parts, each with a name of its own.
fn cut(files: &[(String, Vec<u8>)], parts: usize) -> Vec<Vec<(String, Vec<u8>)>> {
    let mut all = vec![Vec::new(); parts];
    for (name, bytes) in files {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        for (at, part) in lines.chunks(lines.len().div_ceil(parts)).enumerate() {
            all[at].push((format!("{name}.{at}"), part.concat()));
        }
    }
    all
}

#[test]
fn a_log_that_is_cut_is_as_read_at_once_in_any_order() {
    let by: [&[Dimension]; 4] = [&[Dimension::Sender], &[], &[Dimension::Hour], &[Dimension::Client]];
    let all = [("postfix.log", [2, 3, 7]), ("exim-mainlog.log", [3, 5, 7])];
    for (name, counts) in all {
        let files = sample(name);
        for parts in counts {
            let parts = cut(&files, parts);
            for order in [parts.iter().collect::<Vec<_>>(), parts.iter().rev().collect()] {
                let folder = tempfile::tempdir().unwrap();
                order.iter().chain(&order).for_each(|part| drop(add(folder.path(), part)));
                assert_is_as_read(folder.path(), &files, &by);
            }
        }
    }
}

#[test]
fn a_message_over_midnight_is_one_whichever_part_comes_first() {
    for reversed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut parts = cut(&plain(), 7);
        if reversed {
            parts.reverse();
        }
        for part in parts.iter().chain(&cut(&plain(), 7)) {
            add(folder.path(), part);
        }
        let store = Store::open(folder.path()).unwrap();
        let files: Vec<_> = store.files(Kind::Submissions).collect();
        let rows: Vec<_> = files.iter().flat_map(|file| store.submissions(file).unwrap()).collect();
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].recipients, Recipients { delivered: 2, ..Recipients::default() });
        assert_eq!(rows[0].time.to_string(), "2026-10-01T10:00:00Z");
        drop(files);
        drop(store);
        // Records of parts that meet within a second are told apart only by the whole.
        let outcome = add(folder.path(), &plain());
        assert_eq!((outcome.total().added.rows, outcome.total().completed.rows), (0, 1));
        assert_eq!(add(folder.path(), &plain()).batch, None);
    }
}

#[test]
fn what_never_went_on_is_kept_as_long_as_a_queue_can_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    let begun = |day: &str| {
        let line =
            format!("{day} 10:00:00 mx1 postfix/smtpd[1]: 4A1B2C3D4E: client=app1.contoso.com[10.0.0.5]\n");
        vec![(
            "mail.log".to_owned(),
            (line + &PLAIN.replace("Oct  1", day).replace("Oct  2", day)).into_bytes(),
        )]
    };
    let only_begun =
        vec![("mail.log".to_owned(), PLAIN.lines().take(2).collect::<Vec<_>>().join("\n").into_bytes())];
    assert_eq!(add(folder.path(), &only_begun).unfinished, 1);
    let id = |log: Vec<(String, Vec<u8>)>| {
        let text = String::from_utf8(log[0].1.clone()).unwrap().replace("4A1B2C3D4E", "5A1B2C3D4E");
        vec![("mail.log".to_owned(), text.into_bytes())]
    };
    assert_eq!(add(folder.path(), &id(begun("Nov 20"))).unfinished, 1, "50 days later");
    assert_eq!(add(folder.path(), &id(begun("Dec 10"))).unfinished, 0, "70 days later");
}

/// A log without years, zones or ids that hold a time.
const PLAIN: &str = "\
Oct  1 10:00:00 mx1 postfix/smtpd[1]: 4A1B2C3D4E: client=app1.contoso.com[10.0.0.5]
Oct  1 10:00:00 mx1 postfix/cleanup[2]: 4A1B2C3D4E: message-id=<1@contoso.com>
Oct  1 10:00:00 mx1 postfix/qmgr[3]: 4A1B2C3D4E: from=<app@contoso.com>, size=3000, nrcpt=2 (queue active)
Oct  1 10:00:01 mx1 postfix/smtp[4]: 4A1B2C3D4E: to=<a@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, status=sent (250 ok)
Oct  1 10:00:02 mx1 postfix/smtp[4]: 4A1B2C3D4E: to=<b@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, status=deferred (timeout)
Oct  2 10:00:02 mx1 postfix/smtp[4]: 4A1B2C3D4E: to=<b@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, status=sent (250 ok)
Oct  2 10:00:02 mx1 postfix/qmgr[3]: 4A1B2C3D4E: removed
";

fn plain() -> Vec<(String, Vec<u8>)> {
    vec![("mail.log".to_owned(), PLAIN.as_bytes().to_vec())]
}

#[test]
fn another_zone_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = add(folder.path(), &plain());
    let zoned = ReadOptions { log_zone: Some("Europe/Rome".parse().unwrap()), ..options() };
    let writer = Writer::open(folder.path()).unwrap();
    let mut batch = Batch::new(&writer, &zoned, false).unwrap();
    let read = read_all(inputs(&plain()), FORMATS, None, &zoned, &mut batch).unwrap();
    let error = batch.commit(writer, &read).map(|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("postfix logs of mx1: times without a zone are read as Europe/Rome: expected UTC"),
        "{error}"
    );
    assert_eq!(add(folder.path(), &plain()).total().already_there, outcome.total().added);
}
