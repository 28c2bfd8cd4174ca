//! What the counts come to: totals, months, groups, with sizes imputed where the source has none.
//!
//! What they cost is left to `estimate`; how they are shown to `report`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::accounting::Accounting;
use super::charge::Beside;
use super::collector::{Counts, Damage};
use super::coverage::Coverage;
use super::cube::{Cell, Totals, Unsized};
use super::days::Days;
use super::dimension::{Dimension, Key, Keyer, Part};
use super::histogram::Histogram;
use super::impute::{ImputedSizes, Pairs};
use super::names::{DomainId, Names};
use super::qualities::Qualities;
use super::submission::Traffic;
use crate::period::{ChargePeriod, Timestamp};

/// Why counts come to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// No size to price data with.
    #[error(
        "{inputs}: no message that counts ({messages}) has a size: expected some to take the mean from\nhint: give one with --missing-size, such as '--missing-size 75kB'; if the input should have sizes, the words that mark them may have been replaced"
    )]
    NoSizes {
        /// Messages that were counted.
        messages: u64,
        /// The inputs that were read: the first by name, the others by number.
        inputs: String,
    },
}

/// Sums over counted submissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Measures {
    /// All that the relay accepted: what is charged in the default.
    pub attempted: Totals,
    /// What was delivered, as far as the source tells.
    pub delivered: Totals,
    /// Recipients of whom the source does not tell what became.
    pub unknown_recipients: u64,
    /// The most recipients that are possible where the source leaves a group's expansion open.
    pub recipients_upper: u64,
    /// The part of `attempted` whose size is imputed.
    pub imputed: Totals,
}

impl Measures {
    fn of(cell: &Cell) -> Measures {
        let Unsized { messages, recipients, .. } = cell.unsized_messages;
        Measures {
            attempted: cell.attempted,
            delivered: cell.delivered,
            unknown_recipients: cell.unknown_recipients,
            recipients_upper: cell.recipients_upper,
            imputed: Totals { messages, recipients, ..Totals::default() },
        }
    }

    /// Adds the bytes of messages that are counted without any.
    fn impute(&mut self, open: &Unsized, size: u64) {
        let bytes_of = |messages, recipients| {
            let mut totals = Totals::default();
            totals.add(messages, recipients, size);
            Totals { messages: 0, recipients: 0, ..totals }
        };
        let attempted = bytes_of(open.messages, open.recipients);
        self.attempted.merge(&attempted);
        self.imputed.merge(&attempted);
        self.delivered.merge(&bytes_of(open.delivered_messages, open.delivered_recipients));
    }

    /// Adds other sums.
    pub fn merge(&mut self, other: &Measures) {
        self.attempted.merge(&other.attempted);
        self.delivered.merge(&other.delivered);
        self.unknown_recipients = self.unknown_recipients.saturating_add(other.unknown_recipients);
        self.recipients_upper = self.recipients_upper.saturating_add(other.recipients_upper);
        self.imputed.merge(&other.imputed);
    }

    /// Messages whose size is in the source, and the sum of their bytes.
    pub fn measured(&self) -> (u64, u128) {
        let messages = self.attempted.messages.saturating_sub(self.imputed.messages);
        (messages, self.attempted.bytes.saturating_sub(self.imputed.bytes))
    }
}

/// One group of the dimensions asked for.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it stands for, one label for each dimension.
    pub labels: Vec<Arc<str>>,
    /// Its sums.
    pub measures: Measures,
    /// Its sums by billing period, because that is how they are priced.
    pub periods: Vec<(ChargePeriod, Measures)>,
    /// Its sizes where the source has them; empty where the run has too many groups to keep them.
    pub sizes: Histogram,
}

impl Group {
    /// Adds the sums of a period.
    fn add(&mut self, period: Option<ChargePeriod>, measures: &Measures, sizes: &Histogram) {
        self.measures.merge(measures);
        self.sizes.merge(sizes);
        let Some(period) = period else { return };
        match self.periods.iter_mut().find(|(known, _)| *known == period) {
            Some((_, known)) => known.merge(measures),
            None => self.periods.push((period, *measures)),
        }
    }

    /// Adds the sums of a period with its sizes, which are moved where there are none yet.
    fn take(&mut self, period: Option<ChargePeriod>, measures: &Measures, sizes: Histogram) {
        if self.sizes.smallest().is_none() {
            self.sizes = sizes;
            return self.add(period, measures, &Histogram::default());
        }
        self.add(period, measures, &sizes);
    }

    /// Adds another group, which keeps its labels no longer.
    pub fn merge(&mut self, other: &Group) {
        for (period, measures) in &other.periods {
            self.add(Some(*period), measures, &Histogram::default());
        }
        self.sizes.merge(&other.sizes);
    }
}

/// Everything counted in a run.
#[derive(Debug)]
pub struct Usage {
    /// The shared texts.
    pub names: Names,
    /// The dimensions of the groups.
    pub by: Vec<Dimension>,
    /// The groups, by their labels. Empty without dimensions.
    pub groups: Vec<Group>,
    /// Whether groups have percentiles; not, where there are too many.
    pub group_percentiles: bool,
    /// All groups together.
    pub total: Measures,
    /// The same by billing period: a UTC month, or the part of one between changes of prices.
    pub periods: BTreeMap<ChargePeriod, Measures>,
    /// The same by kind of traffic.
    pub traffic: BTreeMap<Traffic, Measures>,
    /// All sizes that the source has.
    pub sizes: Histogram,
    /// Sizes for messages without one.
    pub imputed_sizes: ImputedSizes,
    /// The first and the last counted submission.
    pub period: Option<(Timestamp, Timestamp)>,
    /// How sure times and sizes are.
    pub qualities: Qualities,
    /// What became of every record.
    pub accounting: Accounting,
    /// Remarks of the readers.
    pub warnings: Vec<String>,
    /// Inputs that ended early.
    pub damages: Vec<Damage>,
    /// Billed charges and control totals, which are no usage.
    pub beside: Beside,
    /// What was counted on each UTC day.
    pub days: Days,
    /// Which hours the inputs tell of.
    pub coverage: Coverage,
}

/// Sums up a run.
pub(super) fn summarise(counts: Counts, names: Names) -> Result<Usage, UsageError> {
    let Counts { keyer, cube, imputation, mut warnings, .. } = counts;
    if cube.is_folded() {
        warnings.push("too many groups: later ones are counted together as '(other)'".to_owned());
    }
    let (group_percentiles, sizes) = (cube.has_percentiles(), cube.sizes());
    let (imputed_sizes, pairs) = imputation.finish();
    let cells = measure(cube.into_cells(), &imputed_sizes, pairs, &names)?;
    let mut total = Measures::default();
    let (mut periods, mut traffic) = (BTreeMap::<_, Measures>::new(), BTreeMap::<_, Measures>::new());
    for (key, measures, _) in &cells {
        total.merge(measures);
        key.period.into_iter().for_each(|period| periods.entry(period).or_default().merge(measures));
        key.traffic.into_iter().for_each(|kind| traffic.entry(kind).or_default().merge(measures));
    }
    let by = keyer.by().to_vec();
    let groups = if by.is_empty() { Vec::new() } else { group(cells, &keyer, &names) };
    Ok(Usage {
        names,
        by,
        groups,
        group_percentiles,
        total,
        periods,
        traffic,
        sizes,
        imputed_sizes,
        period: counts.period,
        qualities: counts.qualities,
        accounting: counts.accounting,
        warnings,
        damages: counts.damages,
        beside: counts.beside,
        days: counts.days.finish(),
        coverage: counts.coverage.finish(),
    })
}

/// Cells with the bytes of their unsized messages.
fn measure(
    cells: Vec<(Key, Cell)>,
    sizes: &ImputedSizes,
    pairs: Option<Pairs>,
    names: &Names,
) -> Result<Vec<(Key, Measures, Histogram)>, UsageError> {
    let messages = cells.iter().map(|(_, cell)| cell.attempted.messages).sum();
    let size_of = |domain: Option<DomainId>| {
        let size = domain.map_or(sizes.overall(), |domain| sizes.of_domain(domain));
        size.ok_or_else(|| UsageError::NoSizes { messages, inputs: names.sources_label() })
    };
    let mut measured = Vec::with_capacity(cells.len());
    for (key, cell) in cells {
        let mut measures = Measures::of(&cell);
        if pairs.is_none() && cell.unsized_messages != Unsized::default() {
            measures.impute(&cell.unsized_messages, size_of(None)?);
        }
        measured.push((key, measures, cell.sizes));
    }
    for ((cell, domain), open) in pairs.unwrap_or_default() {
        let size = size_of(Some(domain))?;
        if let Some((_, measures, _)) = measured.get_mut(cell as usize) {
            measures.impute(&open, size);
        }
    }
    Ok(measured)
}

/// Groups over periods and traffic, by their labels.
fn group(cells: Vec<(Key, Measures, Histogram)>, keyer: &Keyer, names: &Names) -> Vec<Group> {
    let mut places: FxHashMap<Key, usize> = FxHashMap::default();
    let mut groups: Vec<(Key, Group)> = Vec::new();
    for (key, measures, sizes) in cells {
        let key_of_group = keyer.group_key(key);
        let place = *places.entry(key_of_group).or_insert_with(|| {
            // Mostly one period; a vector that grows begins with room for four.
            let (labels, periods) = (Vec::new(), Vec::with_capacity(1));
            let (measures, sizes) = (Measures::default(), Histogram::default());
            groups.push((key_of_group, Group { labels, measures, periods, sizes }));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(place) {
            group.take(key.period, &measures, sizes);
        }
    }
    sorted(groups, keyer, names)
}

/// Groups with their labels, by them. Each label is made once, and groups are compared by the ranks of theirs.
fn sorted(groups: Vec<(Key, Group)>, keyer: &Keyer, names: &Names) -> Vec<Group> {
    let keys = groups.iter().map(|(key, _)| key);
    let columns: Vec<Column> =
        keyer.by().iter().map(|&by| Column::of(by, keys.clone(), keyer, names)).collect();
    let ranks = |at: usize| columns.iter().map(move |column| column.rank(at));
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let key = |at: usize| groups.get(at).map(|(key, _)| key);
    order.sort_unstable_by(|&a, &b| ranks(a).cmp(ranks(b)).then_with(|| key(a).cmp(&key(b))));
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(|(_, group)| Some(group)).collect();
    let labelled = |at: usize| {
        let group = groups.get_mut(at)?.take()?;
        let labels = columns.iter().filter_map(|column| column.label(at)).collect();
        Some(Group { labels, ..group })
    };
    order.into_iter().filter_map(labelled).collect()
}

/// The labels of groups for one dimension.
struct Column {
    /// In ascending order, each once.
    labels: Vec<Arc<str>>,
    /// For each group the place of its label.
    ranks: Vec<u32>,
}

impl Column {
    fn of<'a>(by: Dimension, keys: impl Iterator<Item = &'a Key>, keyer: &Keyer, names: &Names) -> Column {
        let mut numbers: FxHashMap<Part, u32> = FxHashMap::default();
        let mut labels: Vec<(String, u32)> = Vec::new();
        let number = |key: &Key| {
            *numbers.entry(keyer.part(by, key, names)).or_insert_with(|| {
                let number = labels.len() as u32;
                labels.push((keyer.label(by, key, names), number));
                number
            })
        };
        let mut ranks: Vec<u32> = keys.map(number).collect();
        labels.sort_unstable();
        let mut rank_of = vec![0; labels.len()];
        let mut sorted: Vec<Arc<str>> = Vec::with_capacity(labels.len());
        for (label, number) in labels {
            if sorted.last().is_none_or(|last| **last != *label) {
                sorted.push(label.into());
            }
            rank_of[number as usize] = sorted.len() as u32 - 1;
        }
        ranks.iter_mut().for_each(|rank| *rank = rank_of[*rank as usize]);
        Column { labels: sorted, ranks }
    }

    fn rank(&self, at: usize) -> u32 {
        self.ranks.get(at).copied().unwrap_or_default()
    }

    fn label(&self, at: usize) -> Option<Arc<str>> {
        self.labels.get(self.rank(at) as usize).cloned()
    }
}
