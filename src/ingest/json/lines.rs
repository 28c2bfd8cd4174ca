//! Lines of JSON objects, one document each, as services write logs: such inputs can be read in blocks.
//!
//! What is no such line may go on in the next ones, and is left to `stream`.

use serde::de::{DeserializeSeed, IgnoredAny};

use super::stream::{Gauge, is_space, line_error};
use super::{Visit, Walk};
use crate::ingest::blocks::Text;

/// Bytes of a line that is read here; a longer one may be too long for a row.
const LINE_CAP: usize = 8 * 1024 * 1024;

/// Where a reading of lines stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stopped {
    /// Bytes that were not read.
    pub(crate) left: usize,
    /// The line on which they begin.
    pub(crate) line: u64,
    /// Whether they are for `stream` to read, and more is to come in any case.
    pub(crate) is_for_stream: bool,
}

/// A walk that can take back what it found.
pub(crate) trait Undo: Walk {
    /// What tells how much was found.
    type Mark;
    /// How much was found so far.
    fn mark(&self) -> Self::Mark;
    /// Takes back what was found since.
    fn undo(&mut self, mark: Self::Mark);
    /// Takes the row of a line, if that is possible without reading JSON; whether it was.
    fn take_flat(&mut self, line: &[u8]) -> bool;
}

/// Reads the lines of a text up to one that is no document of its own; `has_documents` tells whether there was one
/// before, and then whether there is.
pub(crate) fn read_lines<W: Undo>(
    text: Text<'_>,
    has_documents: &mut bool,
    walk: impl FnOnce(Gauge) -> W,
) -> (W, Stopped) {
    let gauge = Gauge::default();
    let mut walk = walk(gauge.clone());
    let (mut rest, mut number) = (text.bytes, text.line);
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest);
        if end.is_none() && !text.is_last {
            break;
        }
        let (line, behind) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &[][..]),
        };
        gauge.begin_line(number);
        let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
        match line.get(start..).unwrap_or_default() {
            [] => {}
            document if read_document(document, number, &mut walk) => *has_documents = true,
            _ => return (walk, Stopped { left: rest.len(), line: number, is_for_stream: true }),
        }
        number += u64::from(end.is_some());
        rest = behind;
    }
    (walk, Stopped { left: rest.len(), line: number, is_for_stream: false })
}

/// Reads a line, if it is a document; whether it is.
fn read_document<W: Undo>(line: &[u8], number: u64, walk: &mut W) -> bool {
    let is_object = line.first() == Some(&b'{') && line.trim_ascii_end().last() == Some(&b'}');
    if !is_object || line.len() > LINE_CAP {
        return false;
    }
    let end = line.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    if walk.take_flat(&line[..end]) {
        return true;
    }
    let mark = walk.mark();
    let mut json = serde_json::Deserializer::from_slice(line);
    let read = (Visit { walk: &mut *walk, is_row_place: true }).deserialize(&mut json);
    let Err(error) = read.and_then(|()| json.end()) else { return true };
    // Only what is JSON is read here, so that the stream sees all the rest as it stands.
    let is_json = serde_json::from_slice::<IgnoredAny>(line).is_ok();
    match is_json {
        true => walk.reject(number, line_error(&error)),
        false => walk.undo(mark),
    }
    is_json
}
