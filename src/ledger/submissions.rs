//! The columns of submissions and of unfinished messages, and of what is read to know a message again.
//!
//! How columns become files is left to `encode` and `decode`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use super::columns::{all_of, counted_columns, status, status_number};
use super::manifest::Sums;
use super::row::SubmissionRow;
use super::schema::{Cell, Column, Table, Type};
use crate::ingest::trail::{Addressee, Status};
use crate::period::Timestamp;
use crate::usage::{Client, Recipients, SizeQuality, TimeQuality, Traffic};

/// Bytes of a recipient: its digest, then its status with the mark of acceptance.
const ADDRESSEE_BYTES: usize = 9;
/// The mark of a recipient that the acceptance lists.
const ACCEPTED: u8 = 0x80;

const KEY: &str = "digest of what identifies the message in its source, over what was logged";
const LEG: &str = "0 for the message, 1 and more for further rows of the same key";
const THREAD: &str = "digest of what every line of the message names, such as host and queue id, which later messages \
                      can use again; null: the key says it all";
const TIME: &str = "the instant at which the relay accepted it, in whole seconds";
const STATED: &str = "recipients that its acceptance states, listed or not; 0: it states none";
const REST: &str = "what became of those that are stated and not listed, by the numbers below";
const ADDRESSEES: &str = "its recipients, 9 bytes each: a keyed digest of the address (8 bytes, big end first), then the \
                          number of what became of it, plus 128 where the acceptance lists it; null: none, or erased";

static COLUMNS: LazyLock<Vec<Column<SubmissionRow>>> = LazyLock::new(|| {
    let mut columns = Vec::from(identifying());
    columns.extend(counted_columns!(SubmissionRow));
    columns.extend(seen());
    columns.extend(addressed());
    columns
});

/// Where and when a message stands.
fn identifying() -> [Column<SubmissionRow>; 5] {
    [
        Column::<SubmissionRow>::new(
            "key",
            Type::Digest,
            "",
            KEY,
            |row| Cell::Digest(row.key),
            |row, cell| cell.as_digest().map(|key| row.key = key),
        ),
        Column::<SubmissionRow>::new(
            "leg",
            Type::Int32,
            "",
            LEG,
            |row| Cell::count(u64::from(row.leg)),
            |row, cell| u32::try_from(cell.as_count()?).ok().map(|leg| row.leg = leg),
        ),
        Column::<SubmissionRow>::new(
            "thread",
            Type::Int64,
            "",
            THREAD,
            |row| Cell::maybe_count(row.thread),
            |row, cell| cell.as_maybe_count().map(|thread| row.thread = thread),
        )
        .or_null(),
        Column::<SubmissionRow>::new(
            "time",
            Type::Time,
            "",
            TIME,
            |row| Cell::time(row.time),
            |row, cell| cell.as_time().map(|time| row.time = time),
        ),
        Column::<SubmissionRow>::new(
            "last",
            Type::Time,
            "",
            "the instant of its last record",
            |row| Cell::time(row.last),
            |row, cell| cell.as_time().map(|time| row.last = time),
        ),
    ]
}

/// What was seen of it, which is needed to complete it.
fn seen() -> [Column<SubmissionRow>; 3] {
    [
        Column::<SubmissionRow>::new(
            "begun",
            Type::Bool,
            "",
            "whether its beginning was seen",
            |row| Cell::Bool(row.begun),
            |row, cell| cell.as_bool().map(|begun| row.begun = begun),
        ),
        Column::<SubmissionRow>::new(
            "ended",
            Type::Bool,
            "",
            "whether its end was seen",
            |row| Cell::Bool(row.ended),
            |row, cell| cell.as_bool().map(|ended| row.ended = ended),
        ),
        Column::<SubmissionRow>::new(
            "stated",
            Type::Int64,
            "recipients",
            STATED,
            |row| Cell::count(row.stated),
            |row, cell| cell.as_count().map(|stated| row.stated = stated),
        ),
    ]
}

/// What became of whom.
fn addressed() -> [Column<SubmissionRow>; 3] {
    [
        Column::<SubmissionRow>::new(
            "rest",
            Type::Int32,
            "",
            REST,
            |row| Cell::count(u64::from(status_number(row.rest))),
            |row, cell| status(u8::try_from(cell.as_count()?).ok()?).map(|rest| row.rest = rest),
        ),
        Column::<SubmissionRow>::new(
            "accepted",
            Type::Bool,
            "",
            "whether the acceptance lists its recipients",
            |row| Cell::Bool(row.accepted),
            |row, cell| cell.as_bool().map(|accepted| row.accepted = accepted),
        ),
        Column::<SubmissionRow>::new(
            "addressees",
            Type::Bytes,
            "",
            ADDRESSEES,
            |row| packed(&row.addressees),
            |row, cell| unpacked(cell).map(|addressees| row.addressees = addressees),
        )
        .or_null(),
    ]
}

fn packed<'a>(addressees: &[Addressee]) -> Cell<'a> {
    if addressees.is_empty() {
        return Cell::Null;
    }
    let mut bytes = Vec::with_capacity(addressees.len() * ADDRESSEE_BYTES);
    for addressee in addressees {
        bytes.extend_from_slice(&addressee.hash.to_be_bytes());
        bytes.push(status_number(addressee.status) | if addressee.accepted { ACCEPTED } else { 0 });
    }
    Cell::Bytes(Cow::Owned(bytes))
}

fn unpacked(cell: &Cell) -> Option<Vec<Addressee>> {
    let bytes = match cell {
        Cell::Null => return Some(Vec::new()),
        Cell::Bytes(bytes) => bytes,
        _ => return None,
    };
    let (addressees, rest) = bytes.as_chunks::<ADDRESSEE_BYTES>();
    let addressee = |[hash @ .., last]: &[u8; ADDRESSEE_BYTES]| {
        let status = status(last & !ACCEPTED)?;
        Some(Addressee { hash: u64::from_be_bytes(*hash), status, accepted: last & ACCEPTED != 0 })
    };
    if rest.is_empty() { addressees.iter().map(addressee).collect() } else { None }
}

impl Table for SubmissionRow {
    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }

    fn empty() -> Self {
        SubmissionRow {
            key: 0,
            leg: 0,
            thread: None,
            time: Timestamp::default(),
            last: Timestamp::default(),
            time_quality: TimeQuality::Exact,
            messages: 0,
            message_size: None,
            size_quality: SizeQuality::Missing,
            recipients: Recipients::default(),
            recipients_upper: 0,
            sender: None,
            client: Client::default(),
            connector: None,
            traffic: Traffic::Unknown,
            format: String::new(),
            source: String::new(),
            line: 0,
            records: 0,
            batch: 0,
            begun: false,
            ended: false,
            stated: 0,
            rest: Status::Unknown,
            accepted: false,
            addressees: Vec::new(),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.time, self.key, self.leg).cmp(&(other.time, other.key, other.leg))
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn add_to(&self, sums: &mut Sums) {
        let recipients = all_of(&self.recipients);
        sums.count(self.messages, recipients, self.message_size);
    }
}

/// What is read of a stored message to know it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// `SubmissionRow::key`.
    pub key: u128,
    /// `SubmissionRow::leg`.
    pub leg: u32,
    /// `SubmissionRow::thread`.
    pub thread: Option<u64>,
    /// `SubmissionRow::time`.
    pub time: Timestamp,
    /// `SubmissionRow::last`.
    pub last: Timestamp,
    /// `SubmissionRow::begun`.
    pub begun: bool,
    /// `SubmissionRow::ended`.
    pub ended: bool,
}

static IDENTITY: LazyLock<Vec<Column<Identity>>> = LazyLock::new(|| {
    vec![
        Column::<Identity>::new(
            "key",
            Type::Digest,
            "",
            KEY,
            |row| Cell::Digest(row.key),
            |row, cell| cell.as_digest().map(|key| row.key = key),
        ),
        Column::<Identity>::new(
            "leg",
            Type::Int32,
            "",
            LEG,
            |row| Cell::count(u64::from(row.leg)),
            |row, cell| u32::try_from(cell.as_count()?).ok().map(|leg| row.leg = leg),
        ),
        Column::<Identity>::new(
            "thread",
            Type::Int64,
            "",
            THREAD,
            |row| Cell::maybe_count(row.thread),
            |row, cell| cell.as_maybe_count().map(|thread| row.thread = thread),
        )
        .or_null(),
        Column::<Identity>::new(
            "time",
            Type::Time,
            "",
            TIME,
            |row| Cell::time(row.time),
            |row, cell| cell.as_time().map(|time| row.time = time),
        ),
        Column::<Identity>::new(
            "last",
            Type::Time,
            "",
            "",
            |row| Cell::time(row.last),
            |row, cell| cell.as_time().map(|time| row.last = time),
        ),
        Column::<Identity>::new(
            "begun",
            Type::Bool,
            "",
            "",
            |row| Cell::Bool(row.begun),
            |row, cell| cell.as_bool().map(|begun| row.begun = begun),
        ),
        Column::<Identity>::new(
            "ended",
            Type::Bool,
            "",
            "",
            |row| Cell::Bool(row.ended),
            |row, cell| cell.as_bool().map(|ended| row.ended = ended),
        ),
    ]
});

impl Table for Identity {
    fn columns() -> &'static [Column<Self>] {
        &IDENTITY
    }

    fn empty() -> Self {
        let time = Timestamp::default();
        Identity { key: 0, leg: 0, thread: None, time, last: time, begun: false, ended: false }
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.time, self.key, self.leg).cmp(&(other.time, other.key, other.leg))
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn add_to(&self, _: &mut Sums) {}
}
