//! What holds for every format, shown on its samples: however they are cut into files, in whatever order and how
//! often these are given, the counts stay the same and every record is accounted for.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod pieces;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use relaymeter::ingest::Input;
use relaymeter::ingest::formats::FORMATS;
use relaymeter::ingest::run::read_all;
use relaymeter::usage::{Collector, CountOptions, Dimension, Usage};

use pieces::{Sample, is_table};

/// The samples, cut only where files that hold the parts keep an order.
fn samples() -> Vec<Sample> {
    let together = |mut sample: Sample| {
        // Without ids, a line that is in two files is one message: equal neighbours stay together. So do the lines of a
        // second, because files that begin in the same one have no order.
        let is_log = !is_table(&sample.name) && !sample.name.ends_with("jsonl") && !sample.in_sections;
        let alike = |one: &String, next: &String| one == next || is_log && clock(one) == clock(next);
        sample.pieces = sample.pieces.chunk_by(alike).map(<[String]>::concat).collect();
        sample
    };
    pieces::samples().into_iter().map(together).collect()
}

/// The first `12:34:56` of a line.
fn clock(line: &str) -> Option<&str> {
    let is_clock = |text: &&str| text.bytes().enumerate().all(|(at, byte)| (at % 3 == 2) == (byte == b':'));
    (0..line.len()).filter_map(|at| line.get(at..at + 8)).find(is_clock)
}

/// Messages, recipients, bytes, recipient bytes, delivered recipients.
type Figures = (u64, u64, u128, u128, u64);

/// What was counted, in all that must not change: usage by label, and what stands beside it.
fn counts(usage: &Usage) -> (BTreeMap<String, Figures>, Vec<String>) {
    let total = ("total".to_owned(), usage.total);
    let groups = usage.groups.iter().map(|group| (group.labels.join(" | "), group.measures));
    let row = |(label, measures): (String, relaymeter::usage::Measures)| {
        let all = measures.attempted;
        (label, (all.messages, all.recipients, all.bytes, all.recipient_bytes, measures.delivered.recipients))
    };
    let charges = usage.beside.charges.iter();
    let charges =
        charges.map(|(key, sum)| format!("{key:?} {} {:?}", sum.quantity.normalize(), sum.billed_cost));
    let controls =
        usage.beside.controls.iter().map(|(key, sum)| format!("{key:?} {}", sum.quantity.normalize()));
    ([total].into_iter().chain(groups).map(row).collect(), charges.chain(controls).collect())
}

fn read(sample: &Sample, parts: &[String]) -> Usage {
    let name = |at: usize| format!("{}.{at}", sample.name);
    let inputs = parts.iter().enumerate().map(|(at, text)| Input::from_bytes(&name(at), text.as_bytes()));
    let format = FORMATS.iter().find(|format| format.name() == sample.format).unwrap();
    let by = vec![Dimension::Day, Dimension::SenderDomain, Dimension::Client];
    let mut collector = Collector::new(CountOptions { by, ..CountOptions::default() });
    read_all(inputs.collect(), FORMATS, Some(*format), &sample.options, &mut collector).unwrap();
    let accounting = collector.accounting();
    assert!(accounting.adds_up(), "{}: {accounting:?}", sample.name);
    collector.finish().0.unwrap()
}

/// The sample cut at some pieces, every part with its header.
fn cut(sample: &Sample, at: &[Index]) -> Vec<String> {
    let mut ends: Vec<usize> = at.iter().map(|index| index.index(sample.pieces.len() + 1)).collect();
    ends.push(sample.pieces.len());
    ends.sort_unstable();
    let mut start = 0;
    let mut parts = Vec::new();
    for end in ends {
        if end > start {
            parts.push(sample.header.clone() + &sample.pieces[start..end].concat());
        }
        start = end;
    }
    parts
}

#[test]
fn sums_are_plausible_and_add_up() {
    for sample in samples() {
        let usage = read(&sample, &cut(&sample, &[]));
        let all = usage.total.attempted;
        assert!(all.recipients >= all.messages, "{}", sample.name);
        assert!(all.recipient_bytes >= all.bytes, "{}", sample.name);
        let mut sum = relaymeter::usage::Totals::default();
        usage.groups.iter().for_each(|group| sum.merge(&group.measures.attempted));
        assert_eq!(sum, all, "{}", sample.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_order_and_repetition_change_nothing(
        at in proptest::collection::vec(any::<Index>(), 0..4),
        order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(),
        again in subsequence((0..6).collect::<Vec<usize>>(), 0..3),
    ) {
        for sample in samples() {
            let expected = counts(&read(&sample, &cut(&sample, &[])));
            let mut parts = cut(&sample, &at);
            let repeated: Vec<String> = again.iter().filter_map(|at| parts.get(*at).cloned()).collect();
            parts.extend(repeated);
            let shuffled: Vec<String> = order.iter().filter_map(|at| parts.get(*at).cloned()).collect();
            prop_assert_eq!(counts(&read(&sample, &shuffled)), expected, "{}", sample.name);
        }
    }
}
