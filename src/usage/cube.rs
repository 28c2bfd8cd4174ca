//! Sums of counted submissions by key, in integers and in bounded memory.
//!
//! What a key is made of is left to `dimension`; sizes that are not in the source to `impute`.

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::dimension::Key;
use super::histogram::Histogram;
use crate::money::MoneyError;
use crate::pricing::Quantities;

/// Cells that are told apart (some 300 bytes each, and 1 kB as rows of a report); later ones count under `(other)` of their period and
/// traffic.
const CELL_CAP: usize = 100_000;
/// Buckets of all cells' size histograms together (8 bytes each). Past it only the run as a whole has
/// percentiles.
const BUCKET_CAP: usize = 2_000_000;

/// Keys whose cells are remembered: those of the senders of an hour, say.
const RECENT: usize = 256;

/// What is charged for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Messages.
    pub messages: u64,
    /// Recipients.
    pub recipients: u64,
    /// Bytes of the messages, each counted once.
    pub bytes: u128,
    /// Bytes of the messages, each counted for every recipient.
    pub recipient_bytes: u128,
    /// The part of it whose source states sizes in the megabytes that are charged.
    pub stated: Stated,
}

/// Data of messages whose size the service states in its own megabytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stated {
    /// Megabytes as logged, each message counted for every recipient.
    pub recipient_megabytes: Decimal,
    /// What they are in [`Totals::recipient_bytes`].
    pub recipient_bytes: u128,
}

impl Stated {
    fn merge(&mut self, other: &Stated) {
        if *other == Stated::default() {
            return; // Nearly always: few sources state megabytes.
        }
        self.recipient_bytes = self.recipient_bytes.saturating_add(other.recipient_bytes);
        self.recipient_megabytes = self.recipient_megabytes.saturating_add(other.recipient_megabytes);
    }
}

impl Totals {
    /// Counts messages of one size (`recipients` are those of all of them).
    pub(super) fn add(&mut self, messages: u64, recipients: u64, size: u64) {
        self.messages = self.messages.saturating_add(messages);
        self.recipients = self.recipients.saturating_add(recipients);
        self.bytes = self.bytes.saturating_add(u128::from(size) * u128::from(messages));
        self.recipient_bytes = self.recipient_bytes.saturating_add(u128::from(size) * u128::from(recipients));
    }

    /// Notes that recipients' copies of one size were stated in megabytes.
    fn state(&mut self, recipients: u64, size: u64, megabytes: Decimal) {
        self.stated.merge(&Stated {
            recipient_megabytes: megabytes.saturating_mul(recipients.into()),
            recipient_bytes: u128::from(size) * u128::from(recipients),
        });
    }

    /// What is priced: where the source states megabytes, those in place of their bytes.
    pub fn quantities(&self) -> Result<Quantities, MoneyError> {
        let bytes = self.recipient_bytes.saturating_sub(self.stated.recipient_bytes);
        let measured = Quantities::measured(self.messages, self.recipients, bytes)?;
        Ok(Quantities { recipient_megabytes: self.stated.recipient_megabytes, ..measured })
    }

    /// Adds other totals. The collector bounds what one record can hold, so that no sum reaches its limit.
    pub fn merge(&mut self, other: &Totals) {
        self.messages = self.messages.saturating_add(other.messages);
        self.recipients = self.recipients.saturating_add(other.recipients);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.recipient_bytes = self.recipient_bytes.saturating_add(other.recipient_bytes);
        self.stated.merge(&other.stated);
    }
}

/// A counted submission, or the part of it with one outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Portion {
    pub(super) size: Option<u64>,
    /// The size in the service's megabytes, where it states that.
    pub(super) megabytes: Option<Decimal>,
    pub(super) messages: u64,
    pub(super) recipients: u64,
    pub(super) delivered_messages: u64,
    pub(super) delivered_recipients: u64,
    pub(super) unknown_recipients: u64,
    pub(super) recipients_upper: u64,
}

/// Messages whose size is not in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Unsized {
    pub(super) messages: u64,
    pub(super) recipients: u64,
    pub(super) delivered_messages: u64,
    pub(super) delivered_recipients: u64,
}

impl Unsized {
    pub(super) fn add(&mut self, portion: &Portion) {
        let Portion { messages, recipients, delivered_messages, delivered_recipients, .. } = *portion;
        self.merge(&Unsized { messages, recipients, delivered_messages, delivered_recipients });
    }

    /// Adds others.
    pub(super) fn merge(&mut self, other: &Unsized) {
        self.messages = self.messages.saturating_add(other.messages);
        self.recipients = self.recipients.saturating_add(other.recipients);
        self.delivered_messages = self.delivered_messages.saturating_add(other.delivered_messages);
        self.delivered_recipients = self.delivered_recipients.saturating_add(other.delivered_recipients);
    }
}

/// The sums of one cell. Messages without a size count with zero bytes until they are imputed.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) attempted: Totals,
    pub(super) delivered: Totals,
    pub(super) unknown_recipients: u64,
    pub(super) recipients_upper: u64,
    pub(super) unsized_messages: Unsized,
    pub(super) sizes: Histogram,
}

impl Cell {
    /// Adds the sums of another; its sizes are left to the cube.
    fn merge(&mut self, other: &Cell) {
        self.attempted.merge(&other.attempted);
        self.delivered.merge(&other.delivered);
        self.unknown_recipients = self.unknown_recipients.saturating_add(other.unknown_recipients);
        self.recipients_upper = self.recipients_upper.saturating_add(other.recipients_upper);
        self.unsized_messages.merge(&other.unsized_messages);
    }
}

/// All cells of a run.
#[derive(Debug)]
pub(super) struct Cube {
    index: FxHashMap<Key, u32>,
    cells: Vec<(Key, Cell)>,
    /// Cells that were found lately, by [`Key::slot`].
    recent: Box<[Option<(Key, u32)>; RECENT]>,
    buckets: usize,
    /// The sizes of all cells, once there are too many buckets to keep those of each.
    all_sizes: Histogram,
    caps: (usize, usize),
    folded: bool,
}

impl Default for Cube {
    fn default() -> Self {
        Cube::with_caps(CELL_CAP, BUCKET_CAP)
    }
}

impl Cube {
    /// One that folds cells beyond so many.
    pub(super) fn with_cells(cells: usize) -> Cube {
        Cube::with_caps(cells, BUCKET_CAP)
    }

    fn with_caps(cells: usize, buckets: usize) -> Cube {
        Cube {
            index: FxHashMap::default(),
            cells: Vec::new(),
            recent: Box::new([None; RECENT]),
            buckets: 0,
            all_sizes: Histogram::default(),
            caps: (cells, buckets),
            folded: false,
        }
    }

    /// Counts a portion; returns the number of its cell.
    pub(super) fn add(&mut self, key: Key, portion: &Portion) -> u32 {
        let at = self.cell_of(key);
        let Some((_, cell)) = self.cells.get_mut(at as usize) else { return at };
        let size = portion.size.unwrap_or(0);
        cell.attempted.add(portion.messages, portion.recipients, size);
        cell.delivered.add(portion.delivered_messages, portion.delivered_recipients, size);
        if let Some(megabytes) = portion.megabytes {
            cell.attempted.state(portion.recipients, size, megabytes);
            cell.delivered.state(portion.delivered_recipients, size, megabytes);
        }
        cell.unknown_recipients = cell.unknown_recipients.saturating_add(portion.unknown_recipients);
        cell.recipients_upper = cell.recipients_upper.saturating_add(portion.recipients_upper);
        match portion.size {
            None => cell.unsized_messages.add(portion),
            Some(size) if self.buckets <= self.caps.1 => {
                self.buckets += usize::from(cell.sizes.add(size, portion.messages));
                self.check_buckets();
            }
            Some(size) => {
                self.all_sizes.add(size, portion.messages);
            }
        }
        at
    }

    /// Counts all that another cube counted in a cell; returns the number of its cell here.
    pub(super) fn merge(&mut self, key: Key, other: &Cell) -> u32 {
        let at = self.cell_of(key);
        let Some((_, cell)) = self.cells.get_mut(at as usize) else { return at };
        cell.merge(other);
        if self.buckets <= self.caps.1 {
            self.buckets += cell.sizes.merge(&other.sizes);
            self.check_buckets();
        } else {
            self.all_sizes.merge(&other.sizes);
        }
        at
    }

    fn check_buckets(&mut self) {
        if self.buckets > self.caps.1 {
            for (_, cell) in &mut self.cells {
                self.all_sizes.merge(&cell.sizes);
                cell.sizes.clear();
            }
        }
    }

    fn cell_of(&mut self, key: Key) -> u32 {
        let slot = key.slot() % RECENT;
        if let Some((known, at)) = self.recent[slot]
            && known == key
        {
            return at;
        }
        let at = match self.index.get(&key) {
            Some(&at) => at,
            None if self.cells.len() >= self.caps.0 && !key.other => {
                self.folded = true;
                return self.cell_of(key.other());
            }
            None => {
                let at = self.cells.len() as u32;
                self.cells.push((key, Cell::default()));
                self.index.insert(key, at);
                at
            }
        };
        self.recent[slot] = Some((key, at));
        at
    }

    /// Whether cells were folded into `(other)`.
    pub(super) fn is_folded(&self) -> bool {
        self.folded
    }

    /// The sizes of all cells together.
    pub(super) fn sizes(&self) -> Histogram {
        let mut sizes = self.all_sizes.clone();
        for (_, cell) in &self.cells {
            sizes.merge(&cell.sizes);
        }
        sizes
    }

    /// Whether cells have percentiles.
    pub(super) fn has_percentiles(&self) -> bool {
        self.buckets <= self.caps.1
    }

    /// The cells, in the order in which they were opened.
    pub(super) fn cells(&self) -> &[(Key, Cell)] {
        &self.cells
    }

    /// The same, to keep.
    pub(super) fn into_cells(self) -> Vec<(Key, Cell)> {
        self.cells
    }
}

#[cfg(test)]
mod tests {
    use super::super::dimension::{Dimension, Keyer};
    use super::super::submission::tests::submission;
    use super::*;
    use crate::period::Zone;
    use crate::usage::{Names, Submission};

    fn keys(count: u32) -> Vec<Key> {
        let mut names = Names::default();
        let mut keyer = Keyer::new(vec![Dimension::Sender], Zone::UTC, Vec::new());
        let mut key = |n| {
            let sender = names.sender(format!("s{n}@example.com").as_bytes());
            keyer.key(&Submission { sender, ..submission() }, &names)
        };
        (0..count).map(&mut key).collect()
    }

    fn portion(size: u64) -> Portion {
        Portion { size: Some(size), messages: 1, recipients: 2, ..Portion::default() }
    }

    #[test]
    fn past_the_cap_new_cells_are_one_and_nothing_is_lost() {
        let mut cube = Cube::with_caps(3, 100);
        for key in keys(10) {
            cube.add(key, &portion(100));
            cube.add(key, &portion(100));
        }
        assert!(cube.is_folded() && cube.has_percentiles());
        let cells = cube.into_cells();
        let messages: Vec<u64> = cells.iter().map(|(_, cell)| cell.attempted.messages).collect();
        assert_eq!(messages, [2, 2, 2, 14]);
        assert!(cells.iter().filter(|(key, _)| key.other).count() == 1);
    }

    #[test]
    fn past_the_buckets_sums_go_on_without_percentiles() {
        let mut cube = Cube::with_caps(100, 5);
        let key = keys(1)[0];
        (0..20).for_each(|size| {
            cube.add(key, &portion(size));
        });
        assert!(!cube.has_percentiles());
        assert_eq!((cube.sizes().messages(), cube.sizes().largest()), (20, Some(19)));
        let cells = cube.into_cells();
        assert_eq!(
            cells[0].1.attempted,
            Totals { messages: 20, recipients: 40, bytes: 190, recipient_bytes: 380, ..Totals::default() }
        );
        assert_eq!(cells[0].1.sizes, Histogram::default());
    }
}
