//! Every format on any bytes: no panic, no hang, bounded memory, and every record accounted for.
//!
//! The first byte chooses the format, where `FUZZ_FORMAT` does not name one, the second where the rest is split into
//! two files (0: nowhere).

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use relaymeter::ingest::formats::FORMATS;
use relaymeter::ingest::run::read_all;
use relaymeter::ingest::{Input, ReadOptions};
use relaymeter::usage::{Collector, CountOptions};

fuzz_target!(|data: &[u8]| {
    let [format, split, rest @ ..] = data else { return };
    static ONLY: LazyLock<Option<usize>> = LazyLock::new(|| {
        let wanted = std::env::var("FUZZ_FORMAT").ok()?;
        Some(FORMATS.iter().position(|format| format.name() == wanted).expect("FUZZ_FORMAT names a format"))
    });
    let at = ONLY.unwrap_or(usize::from(*format) % FORMATS.len());
    let Some(format) = FORMATS.get(at) else { return };
    let middle = rest.len() * usize::from(*split) / 256;
    let (first, second) = rest.split_at(middle);
    let inputs = vec![Input::from_bytes("first.log", first), Input::from_bytes("second.log", second)];
    // A year, so that logs without one are read and not refused.
    let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
    let mut collector = Collector::new(CountOptions::default());
    if read_all(inputs, FORMATS, Some(*format), &options, &mut collector).is_ok() {
        let accounting = collector.accounting();
        assert!(accounting.adds_up(), "{}: {accounting:?}", format.name());
    }
});
