//! How many messages came from each format: logs of several systems can tell of the same mail, which nothing in them
//! shows.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::ingest::run::{Ingested, InputRead, Recognition};
use crate::usage::{Counted, Names, SourceId};

/// Messages that count, by the input that told of them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    by_input: FxHashMap<SourceId, (String, u64)>,
    /// The input of the last messages and how many they are: those of one input mostly come together.
    open: Option<(SourceId, u64)>,
}

impl Counts {
    /// Takes note of a counted submission.
    pub(super) fn count(&mut self, counted: &Counted<'_>, names: &Names) {
        self.add(counted.submission.source, counted.messages, names);
    }

    /// Takes note of counted messages of an input.
    pub(super) fn add(&mut self, source: SourceId, more: u64, names: &Names) {
        match &mut self.open {
            Some((open, messages)) if *open == source => *messages = messages.saturating_add(more),
            _ => {
                self.close();
                self.by_input.entry(source).or_insert_with(|| (names.source_name(source).to_owned(), 0));
                self.open = Some((source, more));
            }
        }
    }

    fn close(&mut self) {
        let Some((source, more)) = self.open.take() else { return };
        if let Some((_, messages)) = self.by_input.get_mut(&source) {
            *messages = messages.saturating_add(more);
        }
    }

    /// What to say where messages of several formats are added up.
    pub(super) fn warning(mut self, ingested: &Ingested) -> Option<String> {
        self.close();
        let read_as = |input: &'_ InputRead| match input.recognition {
            Recognition::Read(format) => Some(format),
            _ => None,
        };
        let inputs = ingested.inputs.iter().filter_map(|input| Some((input.name.as_str(), read_as(input)?)));
        let inputs: FxHashMap<&str, &str> = inputs.collect();
        let mut by_format: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, messages) in self.by_input.into_values().filter(|(_, messages)| *messages > 0) {
            if let Some(format) = inputs.get(name.as_str()) {
                let sum = by_format.entry(format).or_default();
                *sum = sum.saturating_add(messages);
            }
        }
        let formats = by_format.iter().map(|(format, messages)| format!("{messages} {format}"));
        let formats = formats.collect::<Vec<_>>().join(", ");
        (by_format.len() > 1).then(|| {
            format!(
                "the total adds up messages of several kinds of logs ({formats}): mail that passed through several of \
                 these systems counts once for each; give only the logs of one, unless they tell of different mail"
            )
        })
    }
}
