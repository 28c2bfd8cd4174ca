//! A ledger under bad conditions: killed writers, full disks, two writers, readers beside a writer, damaged files.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says what it skips")]

mod bytes;
mod disk;
mod kill;
mod together;

use std::path::Path;

use relaymeter::ingest::trail::{Addressee, Status};
use relaymeter::ledger::row::SubmissionRow;
use relaymeter::ledger::{Kind, LedgerError, Store, Writer, check};
use relaymeter::period::Timestamp;
use relaymeter::usage::{Client, Recipients, SizeQuality, TimeQuality, Traffic};

/// Messages that a batch adds, one on each of as many days.
const PER_BATCH: u64 = 4;
/// The start of 1 October 2026.
const START: i64 = 1_790_812_800;

/// A message; the number tells it from all others.
fn message(number: u64) -> SubmissionRow {
    let day = number % PER_BATCH;
    let time = Timestamp::from_seconds(START + (day * 86_400 + number % 86_400).cast_signed());
    SubmissionRow {
        key: u128::from(number),
        leg: 0,
        thread: Some(number),
        time,
        last: time,
        time_quality: TimeQuality::Exact,
        messages: 1,
        message_size: Some(75_000),
        size_quality: SizeQuality::Measured,
        recipients: Recipients { delivered: 1, ..Recipients::default() },
        recipients_upper: 1,
        sender: Some(format!("app{}@example.com", number % 20)),
        client: Client {
            name: Some("host.example.com".to_owned()),
            ip: "192.0.2.1".parse().ok(),
            user: None,
        },
        connector: None,
        traffic: Traffic::Relay,
        format: "postfix".to_owned(),
        source: "mail.log".to_owned(),
        line: number,
        records: 1,
        batch: 1,
        begun: true,
        ended: true,
        stated: 1,
        rest: Status::Unknown,
        accepted: false,
        addressees: vec![Addressee { hash: number, status: Status::Delivered, accepted: false }],
    }
}

/// Adds the batch of a number: a message on each of some days, and its number in place of the last among the
/// unfinished.
fn add(writer: Writer, number: u64) -> Result<Writer, LedgerError> {
    let store = writer.store();
    let batch = writer.begin()?;
    for message in (number * PER_BATCH..(number + 1) * PER_BATCH).map(message) {
        batch.add_submissions(message.time.date(), &mut vec![message])?;
    }
    store.files(Kind::Unfinished).for_each(|file| batch.remove(file));
    batch.add_unfinished(&mut vec![message(number + 1)])?;
    batch.commit()
}

/// How many batches a ledger holds; all of them must be there wholly, and nothing else.
fn batches(store: &Store) -> u64 {
    let mut unfinished = Vec::new();
    for file in store.files(Kind::Unfinished) {
        unfinished.extend(store.submissions(file).unwrap());
    }
    assert!(unfinished.len() <= 1);
    let count = unfinished.first().map_or(0, |row| row.line);
    let mut numbers = Vec::new();
    for file in store.files(Kind::Submissions) {
        numbers.extend(store.submissions(file).unwrap().into_iter().map(|row| {
            assert_eq!(row, message(row.line));
            row.line
        }));
    }
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..count * PER_BATCH), "{count} batches are not these: {numbers:?}");
    count
}

/// The same of a ledger on disk, after every byte of it was looked at.
fn sound_batches(folder: &Path) -> u64 {
    let findings = check(folder).unwrap().findings;
    assert!(findings.is_empty(), "{findings:#?}");
    batches(&Store::open(folder).unwrap())
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
