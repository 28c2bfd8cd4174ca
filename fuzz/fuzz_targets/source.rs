//! Opening any bytes as a file: decompression, archives, workbooks, Parquet, encodings, then recognition.

#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use relaymeter::ingest::detect::detect;
use relaymeter::ingest::formats::FORMATS;
use relaymeter::ingest::source::discover;

/// Bytes of a text that are read: a small file may expand to gigabytes, which takes time and no memory.
const TEXT_CAP: u64 = 16 * 1024 * 1024;

fuzz_target!(|data: &[u8]| {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), data).expect("a temporary file");
    let Ok(found) = discover(&[file.path()]) else { return };
    for mut input in found.inputs.into_iter().take(20) {
        let _ = detect(&input, FORMATS, false);
        if let Ok(text) = input.open() {
            let _ = text.take(TEXT_CAP).read_to_end(&mut Vec::new());
        }
    }
});
