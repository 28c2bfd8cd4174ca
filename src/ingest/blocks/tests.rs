//! Blocks of any size on any number of cores are read alike: in plain cells, and in every format that reads blocks.

use proptest::prelude::*;

use super::*;
use crate::ingest::collect::Collected;
use crate::ingest::delimited::Rows;
use crate::ingest::formats::FORMATS;
use crate::ingest::grouping::{self, How};
use crate::ingest::{LogFormat, ReadOptions};

thread_local! {
    /// Workers and bytes of a block, in place of those for real inputs.
    pub(super) static HOW: std::cell::Cell<Option<(usize, usize)>> = const { std::cell::Cell::new(None) };
}

/// Cells of each row with its line, under a state that the rows change.
#[derive(Default)]
struct Cells {
    guess: Mutex<Vec<u8>>,
}

type Read = Vec<(u64, Vec<Vec<u8>>, Vec<u8>)>;

impl Work for Cells {
    type Batch = Read;
    type State = Vec<u8>;

    fn has_quotes(&self) -> bool {
        true
    }

    fn begin(&self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn guess(&self, _: usize) -> Vec<u8> {
        self.guess.lock().unwrap().clone()
    }

    fn learn(&self, _: usize, state: &Vec<u8>) {
        self.guess.lock().unwrap().clone_from(state);
    }

    fn read(&self, _: usize, text: Text<'_>, mut state: Vec<u8>) -> Made<Read, Vec<u8>> {
        let (mut rows, mut batch) = (Rows::new(text, b','), Vec::new());
        while let Some(row) = rows.next_row() {
            if row.cell(0) == b"h" {
                state = row.cell(1).to_vec();
            }
            batch.push((row.line, row.cells().map(<[u8]>::to_vec).collect(), state.clone()));
        }
        let (left, line) = rows.left();
        Made { batch, state, left, line }
    }
}

/// What is read of texts, with what happened at the end of each.
fn read_in(texts: &[String], workers: usize, block_bytes: usize) -> Vec<(Read, String)> {
    let mut inputs: Vec<Input> = texts.iter().map(|text| Input::from_bytes("x", text.as_bytes())).collect();
    let mut all = Vec::new();
    let take = |number: usize, event: Event<Cells>| {
        match event {
            Event::Begin => {
                assert_eq!(number, all.len());
                all.push((Read::new(), String::new()));
            }
            Event::Batch(rows) => all[number].0.extend(rows),
            Event::End(state) => all[number].1 = format!("{state:?}"),
            Event::Damage { line, what, .. } => all[number].1 = format!("{line}: {what}"),
        }
        true
    };
    read_with(&mut inputs, &Cells::default(), (workers, block_bytes), take).unwrap();
    all
}

proptest! {
    #[test]
    fn blocks_of_any_size_on_any_number_of_cores_are_read_alike(
        texts in prop::collection::vec("(h,[a-c]\n|[\"\",\n\r ab]{0,9}|[\"]ab[\"],b\n|a,\"\n\",c\n){0,30}", 1..4),
        workers in 1_usize..4,
        block_bytes in 1_usize..80,
    ) {
        prop_assert_eq!(read_in(&texts, workers, block_bytes), read_in(&texts, 1, 1 << 16));
    }
}

#[test]
fn blocks_are_cut_at_line_ends_outside_of_quotes() {
    assert_eq!(cut(b"a,\"b\"\nc", true), Some(6));
    assert_eq!(cut(b"a\nb,\"c\nd", true), Some(2));
    assert_eq!(cut(b"\"a\nb", true), None);
    assert_eq!(cut(b"\"a\nb", false), Some(3));
    assert_eq!(cut(b"a", true), None);
    // A quote astray: any line end will do once enough was searched.
    let astray = format!("\"a\n{}", "b".repeat(SEARCHED_BYTES));
    assert_eq!(cut(astray.as_bytes(), true), Some(3));
}

#[test]
fn a_record_without_end_ends_its_input_and_no_other() {
    let endless = format!("a,b\n\"{}", "c\n".repeat(RECORD_CAP));
    let read = read_in(&[endless, "d\n".to_owned()], 2, 1 << 20);
    assert_eq!((read[0].0.len(), read[1].0.len()), (1, 1));
    assert!(read[0].1.starts_with("2: the record that begins here is longer than 16 MiB"));
}

#[test]
fn reading_ends_where_no_more_is_wanted() {
    let mut inputs = [Input::from_bytes("x", &b"a\n".repeat(1_000))];
    let mut batches = 0;
    let take = |_: usize, event: Event<Cells>| {
        batches += usize::from(matches!(event, Event::Batch(_)));
        batches < 3
    };
    read_with(&mut inputs, &Cells::default(), (2, 16), take).unwrap();
    assert_eq!(batches, 3);
}

/// All that a format makes of inputs.
fn made_of(format: &dyn LogFormat, texts: &[String], how: (usize, usize), grouping: How) -> String {
    HOW.set(Some(how));
    grouping::HOW.set(Some(grouping));
    let input = |text: &String| Input::from_bytes("x", text.as_bytes());
    let mut sink = Collected::default();
    let result = format.read(texts.iter().map(input).collect(), &ReadOptions::default(), &mut sink);
    HOW.set(None);
    grouping::HOW.set(None);
    let error = result.err().map(|error| error.to_string());
    let senders: Vec<&str> =
        sink.submissions().map(|submission| sink.names.sender_address(submission.sender)).collect();
    let Collected { records, accounting, warnings, damages, .. } = &sink;
    format!("{error:?} {senders:?} {records:#?} {accounting:#?} {warnings:?} {damages:?}")
}

/// Lines of a sample, in which some stand again, are lost, or are cut or mixed up with quotes.
fn spoiled(sample: &str, changes: &[(usize, usize)]) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample);
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for (at, change) in changes {
        let at = at % lines.len();
        let line = lines[at].clone();
        let half = (0..=line.len() / 2).rev().find(|half| line.is_char_boundary(*half)).unwrap();
        match change {
            0 => lines.insert(at, line),
            1 => lines[at] = line[..half].to_owned(),
            2 => lines[at].insert(half, '"'),
            3 => lines[at] = format!("{}\n{}", &line[..half], &line[half..]),
            4 => lines[at].insert(0, '"'),
            5 => lines.insert(at, lines[0].clone()),
            6 => lines.insert(at, "\n{\"a\": [\n{}]}\n".to_owned()),
            _ => lines.insert(at, "\"a\nb\",\"c\"\"\n\"\n".to_owned()),
        }
    }
    let middle = lines.len() / 2;
    [lines[..middle].concat(), lines[middle..].concat(), lines.concat()].to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn formats_make_the_same_of_blocks_of_any_size_on_any_number_of_cores(
        sample in prop::sample::select(vec![
            ("message-trace", "message-trace-get.csv"),
            ("message-trace", "message-trace-enhanced.csv"),
            ("message-trace", "message-trace-extended.csv"),
            ("exchange-server", "exchange-server-tracking.log"),
            ("acs-diagnostics", "acs-diagnostics.jsonl"),
        ]),
        changes in prop::collection::vec((0_usize..1_000, 0_usize..8), 0..6),
        workers in 1_usize..4,
        block_bytes in 1_usize..3_000,
        lanes in 1_usize..5,
        few in prop::sample::select(vec![0, 10, usize::MAX]),
        limit in prop::sample::select(vec![0, 3_000_000, usize::MAX]),
    ) {
        let format = FORMATS.iter().find(|format| format.name() == sample.0).unwrap();
        let texts = spoiled(sample.1, &changes);
        let expected = made_of(*format, &texts, (1, 1 << 24), How { lanes: 1, few: 0, limit: usize::MAX });
        let made = made_of(*format, &texts, (workers, block_bytes), How { lanes, few, limit });
        prop_assert!(made == expected, "{made}\n{expected}");
    }
}
