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

    fn shows_data(&self) -> bool {
        true
    }

    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(Escaping(&mut *out), &report.data)?;
        out.write_all(b"\n")
    }
}

/// Writes unsafe characters as escapes. Outside strings JSON is plain ASCII, so every such character may be; serde
/// already escapes those below the space, and hands on whole characters.
struct Escaping<'a>(&'a mut dyn io::Write);

impl io::Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nearly all that is written is a few bytes of this kind.
        if bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        for part in text.split_inclusive(|c: char| c != '\n' && is_unsafe(c)) {
            let kept = part.trim_end_matches(|c: char| c != '\n' && is_unsafe(c));
            self.0.write_all(kept.as_bytes())?;
            if let Some(escaped) = part[kept.len()..].chars().next() {
                write!(self.0, "\\u{:04x}", u32::from(escaped))?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
