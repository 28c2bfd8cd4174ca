//! The columns of summaries. How columns become files is left to `encode` and `decode`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use super::columns::{all_of, counted_columns};
use super::manifest::Sums;
use super::row::SummaryRow;
use super::schema::{Cell, Column, Table, Type};
use crate::period::Timestamp;
use crate::usage::{Client, Recipients, SizeQuality, TimeQuality, Traffic};

const KEY: &str =
    "digest of what identifies the row in its source: the window and what it is grouped by, not its counts";

static COLUMNS: LazyLock<Vec<Column<SummaryRow>>> = LazyLock::new(|| {
    let mut columns = vec![
        Column::new(
            "key",
            Type::Digest,
            "",
            KEY,
            |row: &SummaryRow| Cell::Digest(row.key),
            |row, cell| cell.as_digest().map(|key| row.key = key),
        ),
        Column::new(
            "time",
            Type::Time,
            "",
            "start of the window",
            |row| Cell::time(row.time),
            |row, cell| cell.as_time().map(|time| row.time = time),
        ),
        Column::new(
            "seconds",
            Type::Int64,
            "seconds",
            "length of the window; 86400 where the source gives a day only",
            |row| Cell::count(u64::from(row.seconds)),
            |row, cell| u32::try_from(cell.as_count()?).ok().map(|seconds| row.seconds = seconds),
        ),
    ];
    columns.extend(counted_columns!(SummaryRow));
    columns
});

impl Table for SummaryRow {
    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }

    fn empty() -> Self {
        SummaryRow {
            key: 0,
            time: Timestamp::default(),
            seconds: 0,
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
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.time, self.key).cmp(&(other.time, other.key))
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn add_to(&self, sums: &mut Sums) {
        sums.count(self.messages, all_of(&self.recipients), self.message_size);
    }
}
