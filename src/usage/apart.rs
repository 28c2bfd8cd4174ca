//! Counting apart: several threads count parts of a run, and the sums are added up in the order of the parts, so that
//! they are those of one thread.
//!
//! What depends on the order of the whole (what is counted as `(other)` once there are too many, which rejected
//! records are shown) cannot be told from a part: such a part is handed over record by record.

use super::collector::{Collector, CountOptions, Counted, Observer};
use super::cube::Cube;
use super::names::{Names, SourceId};
use super::submission::Submission;

/// Groups of a part that are rather added up than counted again, beside those that its records pay for.
const FEW_CELLS: usize = 1_000;
/// Records that must share a group for adding up to pay.
const SHARING: usize = 16;

/// Counts a part of a run.
pub type Apart = Collector<Inputs>;

/// Messages by input, in the order of the inputs.
#[derive(Debug, Default)]
pub struct Inputs(Vec<Option<u64>>);

impl Observer for Inputs {
    fn counted(&mut self, counted: &Counted<'_>, _: &Names) {
        let Submission { source, .. } = counted.submission;
        let at = source.0 as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        if let Some(messages) = self.0.get_mut(at) {
            *messages = Some(messages.unwrap_or_default().saturating_add(counted.messages));
        }
    }
}

impl Apart {
    /// Counts a part of so many records.
    pub fn part(options: CountOptions, records: usize) -> Apart {
        let mut apart = Collector::observed(options, Inputs::default());
        apart.counts.cube = Cube::with_cells(FEW_CELLS + records / SHARING);
        apart
    }

    /// Whether its sums are all that there is to say of it, and adding them up pays: it has few groups and no
    /// rejected record.
    pub fn is_whole(&self) -> bool {
        let counts = &self.counts;
        !counts.cube.is_folded()
            && counts.accounting.rejected == 0
            && counts.cube.has_percentiles()
            && !counts.imputation.is_overall()
            && counts.beside.is_empty()
            && counts.warnings.is_empty()
            && counts.damages.is_empty()
    }
}

impl<O: Observer> Collector<O> {
    /// How a part of the run can be counted apart; `None` where every submission is wanted.
    pub fn counts_apart(&self) -> Option<CountOptions> {
        self.observer.takes_sums().then(|| self.options.clone())
    }

    /// Adds what was counted apart, whose inputs are these of the run; `false`, and nothing is added, where its
    /// records must be handed over instead.
    pub fn absorb(&mut self, apart: &Apart, sources: &[SourceId]) -> bool {
        if !self.observer.takes_sums() || !apart.is_whole() || !self.names.has_room_for(&apart.names) {
            return false;
        }
        let numbers = self.names.adopt(&apart.names, sources);
        let (counts, part) = (&mut self.counts, &apart.counts);
        let mut cells = Vec::with_capacity(part.cube.cells().len());
        for (key, cell) in part.cube.cells() {
            cells.push(counts.cube.merge(counts.keyer.renumbered(*key, &numbers), cell));
        }
        counts.imputation.merge(&part.imputation, &cells, &numbers);
        for time in part.period.into_iter().flat_map(|(first, last)| [first, last]) {
            counts.note_time(time);
        }
        counts.qualities.merge(&part.qualities);
        counts.accounting.merge(&part.accounting);
        counts.days.merge(&part.days);
        for (at, messages) in apart.observer.0.iter().enumerate() {
            if let Some(messages) = messages {
                self.observer.summed(numbers.source(SourceId(at as u32)), *messages, &self.names);
            }
        }
        true
    }
}
