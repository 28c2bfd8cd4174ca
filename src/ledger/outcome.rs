//! What a batch has changed in a ledger, by kind and day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::row::{SubmissionRow, SummaryRow};
use super::schema::Kind;
use crate::usage::Recipients;

/// Rows, with what they come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Volume {
    /// Rows.
    pub rows: u64,
    /// Messages.
    pub messages: u64,
    /// Recipients.
    pub recipients: u64,
}

impl Volume {
    /// Adds rows of so many messages.
    pub(super) fn count(&mut self, messages: u64, recipients: &Recipients) {
        self.rows += 1;
        self.messages = self.messages.saturating_add(messages);
        self.recipients = self.recipients.saturating_add(recipients.attempted());
    }

    /// Adds a message.
    pub(super) fn add(&mut self, row: &SubmissionRow) {
        self.count(row.messages, &row.recipients);
    }

    /// Adds a summary.
    pub(super) fn add_summary(&mut self, row: &SummaryRow) {
        self.count(row.messages, &row.recipients);
    }

    /// Adds another volume.
    pub fn merge(&mut self, other: &Volume) {
        self.rows += other.rows;
        self.messages = self.messages.saturating_add(other.messages);
        self.recipients = self.recipients.saturating_add(other.recipients);
    }
}

/// What became of the rows of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// New ones.
    pub added: Volume,
    /// Stored ones that were completed or replaced, as they are now.
    pub completed: Volume,
    /// Ones that the ledger had already, as it has them.
    pub already_there: Volume,
}

impl Changes {
    /// Adds other changes.
    pub fn merge(&mut self, other: &Changes) {
        self.added.merge(&other.added);
        self.completed.merge(&other.completed);
        self.already_there.merge(&other.already_there);
    }
}

/// What a batch has changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The number of the batch; `None`: it changed nothing, and there is none.
    pub batch: Option<u64>,
    /// By kind and UTC day of the rows.
    pub days: BTreeMap<(Kind, NaiveDate), Changes>,
    /// Messages that do not count yet, all that the ledger has.
    pub unfinished: u64,
    /// Rows from before the day up to which all was forgotten.
    pub forgotten: Volume,
}

impl Outcome {
    /// What became of all rows of a kind.
    pub fn of(&self, kind: Kind) -> Changes {
        let mut all = Changes::default();
        self.days.iter().filter(|((of, _), _)| *of == kind).for_each(|(_, changes)| all.merge(changes));
        all
    }

    /// What became of all rows.
    pub fn total(&self) -> Changes {
        let mut all = Changes::default();
        self.days.values().for_each(|changes| all.merge(changes));
        all
    }

    /// The changes of a day, to add to.
    pub(super) fn day(&mut self, kind: Kind, day: NaiveDate) -> &mut Changes {
        self.days.entry((kind, day)).or_default()
    }

    /// Adds what another part of the batch has changed.
    pub(super) fn merge(&mut self, other: &Outcome) {
        other.days.iter().for_each(|(&(kind, day), changes)| self.day(kind, day).merge(changes));
        self.forgotten.merge(&other.forgotten);
    }

    /// Whether the ledger is another than before.
    pub(super) fn is_change(&self) -> bool {
        let Changes { added, completed, .. } = self.total();
        added.rows + completed.rows > 0
    }
}
