//! `--format json`: the published data of a report, exact decimals as strings, no locale.

use std::io;

use super::{Report, Writer, is_unsafe};

/// The JSON writer.
#[derive(Debug)]
pub(super) struct Json;

impl Writer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&report.data)?;
        // Outside strings JSON is plain ASCII, so every such character may be written as an escape; serde
        // already escapes those below the space.
        for part in text.split_inclusive(|c: char| c != '\n' && is_unsafe(c)) {
            let kept = part.trim_end_matches(|c: char| c != '\n' && is_unsafe(c));
            out.write_all(kept.as_bytes())?;
            if let Some(escaped) = part[kept.len()..].chars().next() {
                write!(out, "\\u{:04x}", u32::from(escaped))?;
            }
        }
        out.write_all(b"\n")
    }
}
