//! What holds for every format, shown on its samples: however they are cut into files, in whatever order and how
//! often these are given, the counts stay the same and every record is accounted for.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use relaymeter::ingest::formats::FORMATS;
use relaymeter::ingest::run::read_all;
use relaymeter::ingest::{Input, Mapping, ReadOptions};
use relaymeter::usage::{Collector, CountOptions, Dimension, Usage};

/// A sample, as lines that may stand in files of their own.
struct Sample {
    name: String,
    format: String,
    options: ReadOptions,
    /// What every part has to begin with.
    header: String,
    /// What may be cut between: lines or records.
    pieces: Vec<String>,
}

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut table = csv::Reader::from_path(folder.join("truth.csv")).unwrap();
    let sample = |row: csv::StringRecord| {
        let text = std::fs::read_to_string(folder.join(&row[0])).unwrap();
        let option = |name: &str| row[2].split_whitespace().skip_while(|word| *word != name).nth(1);
        let options = ReadOptions {
            mapping: option("--mapping").map(|file| Mapping::read(&folder.join(file)).unwrap()),
            year: option("--year").map(|year| year.parse().unwrap()),
            log_zone: option("--log-timezone").map(|zone| zone.parse().unwrap()),
            ..ReadOptions::default()
        };
        let (header, pieces) = pieces(&row[0], &text);
        Sample { name: row[0].to_owned(), format: row[1].to_owned(), options, header, pieces }
    };
    table.records().map(|row| sample(row.unwrap())).collect()
}

/// A text as its header and its pieces. A document of JSON is one piece, and so is a cost export: another export of
/// a day replaces what the first said of it.
fn pieces(name: &str, text: &str) -> (String, Vec<String>) {
    if name.ends_with(".json") || name.starts_with("azure-cost") {
        return (String::new(), vec![text.to_owned()]);
    }
    let is_table = name.ends_with(".csv");
    // The lines of IIS take their day from the directives above them and belong to these; directives in the middle
    // begin what was another file.
    let is_joined = text.matches("\n#Fields").count() > 1;
    let in_sections = text.starts_with('#') && (is_joined || !text.contains("#Fields: date-time"));
    let mut pieces: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut before = "";
    for line in text.split_inclusive('\n') {
        let begins_section = line.starts_with('#') && !before.starts_with('#');
        match pieces.last_mut().filter(|_| is_open || (in_sections && !begins_section)) {
            Some(piece) => piece.push_str(line),
            None => pieces.push(line.to_owned()),
        }
        is_open ^= is_table && line.matches('"').count() % 2 == 1;
        before = line;
    }
    if in_sections {
        return (String::new(), pieces);
    }
    let is_header = |piece: &String| match is_table {
        true => piece.starts_with('#') || piece.starts_with("sep="),
        false => piece.starts_with('#'),
    };
    let directives = pieces.iter().take_while(|piece| is_header(piece)).count();
    let header: Vec<String> = pieces.drain(..directives + usize::from(is_table)).collect();
    // Without ids, a line that is in two files is one message: equal neighbours stay together. So do the lines of a
    // second, because files that begin in the same one have no order.
    let is_log = !is_table && !name.ends_with("jsonl");
    let alike = |one: &String, next: &String| one == next || is_log && clock(one) == clock(next);
    let together = pieces.chunk_by(alike).map(<[String]>::concat);
    (header.concat(), together.collect())
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
