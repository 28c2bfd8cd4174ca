//! Totals by report, what is counted and day. A row that is given twice, in the same file or in an overlapping one,
//! counts once.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ingest::grouping::MessageKey;
use crate::ingest::{Record, Sink};
use crate::pricing::Metered;
use crate::usage::{ControlTotal, Skip, SourceId};

/// What one row of a report counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Count {
    /// The report.
    pub(super) report: &'static str,
    /// What it counts, in words that may be shown.
    pub(super) what: String,
    /// What of the usage it can be compared with.
    pub(super) metered: Option<Metered>,
    /// A sum over several words that is shown besides: what, and its meter.
    pub(super) also: Option<(&'static str, Metered)>,
    /// How many.
    pub(super) quantity: Decimal,
    /// The day, where the report says so.
    pub(super) date: Option<NaiveDate>,
    /// The line of the row.
    pub(super) line: u64,
    /// Records behind it: 1, or 0 for a further number of a row.
    pub(super) records: u64,
}

/// A total, and where its first row stands.
#[derive(Debug)]
struct Sum {
    metered: Option<Metered>,
    quantity: Decimal,
    source: SourceId,
    line: u64,
    records: u64,
}

/// All totals of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sums: BTreeMap<(&'static str, String, Option<NaiveDate>), Sum>,
    /// The quantity of each row with a day or time, by the digest of what else it says.
    dated: FxHashMap<u128, Decimal>,
    /// The content of files without days.
    undated: FxHashSet<u128>,
    overflowed: bool,
}

impl Tally {
    /// Adds a row of a report with days or times. Of two rows that differ only in their number, as of a day that was
    /// not over, the larger stands; whether the row is new.
    pub(super) fn add_dated(&mut self, key: MessageKey, count: Count, source: SourceId) -> bool {
        match self.dated.entry(key.bits()) {
            Entry::Vacant(new) => {
                new.insert(count.quantity);
                self.add(count, source);
                true
            }
            Entry::Occupied(mut known) => {
                let more = count.quantity.checked_sub(*known.get()).unwrap_or_default();
                if more > Decimal::ZERO {
                    known.insert(count.quantity);
                    self.add(Count { quantity: more, records: 0, ..count }, source);
                }
                false
            }
        }
    }

    /// Adds all rows of a file without days, unless its content was already read; whether it is new.
    pub(super) fn add_file(&mut self, content: MessageKey, counts: Vec<Count>, source: SourceId) -> bool {
        let is_new = self.undated.insert(content.bits());
        if is_new {
            counts.into_iter().for_each(|count| self.add(count, source));
        }
        is_new
    }

    fn add(&mut self, count: Count, source: SourceId) {
        let Count { report, what, metered, also, quantity, date, line, records } = count;
        let both =
            [Some((what, metered, records)), also.map(|(what, metered)| (what.to_owned(), Some(metered), 0))];
        for (what, metered, records) in both.into_iter().flatten() {
            let empty = Sum { metered, quantity: Decimal::ZERO, source, line, records: 0 };
            let sum = self.sums.entry((report, what, date)).or_insert(empty);
            sum.records += records;
            match sum.quantity.checked_add(quantity) {
                Some(quantity) => sum.quantity = quantity,
                None => self.overflowed = true,
            }
        }
    }

    /// Hands over all totals.
    pub(super) fn deliver(self, sink: &mut dyn Sink) {
        if self.undated.len() > 1 {
            sink.warn(format!(
                "reports without days that are added up: {}; they must be of days that do not overlap",
                self.undated.len()
            ));
        }
        if self.overflowed {
            sink.warn("numbers of a report are too large to be added: its total is too low".to_owned());
        }
        for ((report, what, date), sum) in self.sums {
            let Sum { metered, quantity, source, line, records } = sum;
            let total = ControlTotal { report, what, metered, quantity, date, source, line, records };
            sink.accept(Record::ControlTotal(total));
        }
    }
}

/// What became of a row that was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// It is in a total.
    Kept,
    /// It is in none.
    Skipped(Skip),
}

impl Taken {
    /// Of a row with a day or time.
    pub(super) fn if_new(is_new: bool) -> Taken {
        if is_new { Taken::Kept } else { Taken::Skipped(Skip::Duplicate) }
    }
}
