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
        counts.coverage.merge(&part.coverage);
        for (at, messages) in apart.observer.0.iter().enumerate() {
            if let Some(messages) = messages {
                self.observer.summed(numbers.source(SourceId(at as u32)), *messages, &self.names);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::collector::tests::{any_dimensions, any_submission, collector};
    use crate::usage::submission::tests::submission;
    use crate::usage::{Dimension, SenderId, Usage};
    use proptest::prelude::*;

    /// The names of `collector` in another order.
    fn part(options: CountOptions, records: usize) -> Apart {
        let mut apart = Apart::part(options, records);
        apart.names_mut().add_source("mail.log");
        for sender in ["b@two.example", "a@two.example", "b@one.example", "a@one.example"] {
            apart.names_mut().sender(sender.as_bytes());
        }
        apart
    }

    fn as_in_part(submission: &Submission) -> Submission {
        let SenderId(id) = submission.sender;
        Submission { sender: SenderId(if id < 2 { id } else { 7 - id }), ..*submission }
    }

    fn shown(collector: Collector) -> String {
        let accounting = format!("{:?}", collector.accounting());
        let usage = collector.finish().0.unwrap();
        let Usage { groups, total, periods, traffic, sizes, period, qualities, days, coverage, .. } = &usage;
        format!(
            "{accounting}\n{groups:#?}\n{total:?}\n{periods:?}\n{traffic:?}\n{sizes:?}\n{period:?}\n{qualities:?}\n{days:?}\n{coverage:?}"
        )
    }

    proptest! {
        #[test]
        fn parts_add_up_to_what_is_counted_at_once(
            parts in prop::collection::vec(prop::collection::vec(any_submission(), 1..30), 1..5),
            dimensions in any_dimensions(),
            delivered_only in any::<bool>(),
        ) {
            let mut options = CountOptions { by: dimensions, ..CountOptions::default() };
            options.zone = "Europe/Rome".parse().unwrap();
            options.filters.delivered_only = delivered_only;
            let (mut at_once, mut in_parts) = (collector(options.clone()), collector(options.clone()));
            let sources = [SourceId(0)];
            for part_of_run in [&vec![submission()]].into_iter().chain(&parts) {
                let mut apart = part(options.clone(), part_of_run.len());
                for submission in part_of_run {
                    at_once.count(submission);
                    apart.count(&as_in_part(submission));
                }
                if !in_parts.absorb(&apart, &sources) {
                    prop_assert!(apart.accounting().rejected > 0);
                    part_of_run.iter().for_each(|submission| in_parts.count(submission));
                }
            }
            prop_assert_eq!(shown(in_parts), shown(at_once));
        }
    }

    #[test]
    fn what_depends_on_the_whole_is_not_told_from_a_part() {
        let many = Submission { messages: 5, ..submission() };
        let mut rejected = part(CountOptions::default(), 1);
        rejected.count(&many);
        let mut scattered = part(CountOptions { by: vec![Dimension::Hour], ..CountOptions::default() }, 1);
        for hour in 0..2_000 {
            let time = crate::period::Timestamp::from_seconds(hour * 3_600);
            scattered.count(&Submission { time, ..submission() });
        }
        assert!(!rejected.is_whole() && !scattered.is_whole());
        let mut run = collector(CountOptions::default());
        assert!(!run.absorb(&rejected, &[SourceId(0)]));
        assert_eq!(run.accounting().rejected, 0);
    }
}
