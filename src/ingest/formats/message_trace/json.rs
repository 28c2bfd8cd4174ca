//! Traces as JSON: Graph and the reporting web service, one object per row, in any of their envelopes.
//!
//! Envelopes are walked while they stream; only the cells of one row are in memory. Known envelopes: a bare
//! object, a list, lines of objects, `{"value": []}` (OData), `{"d": {"results": []}}` (older OData), and wrappers
//! of log collectors that carry the row as an object or as text (`message`, `event.original`, `_raw`).

mod stream;
mod walk;

use crate::ingest::{Input, SourceError, rejection};

use super::csv::warn_if_cut;
use super::row::{Notation, Reader};
use stream::{ByteStream, Stop};
use walk::Walk;

pub(super) use walk::is_trace;

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    notation: Notation,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let mut stream = ByteStream::new(input.open()?);
    let mut walk = Walk::new(input, notation, reader, stream.gauge());
    loop {
        match stream.document(&mut walk) {
            Ok(true) => {}
            Ok(false) => break,
            Err(Stop::Line { line, what }) => {
                walk.reader.sink.records(1);
                walk.reader.sink.reject(rejection(input, line, what));
            }
            Err(Stop::Input { line, what }) => {
                walk.reader.sink.damage(input.name(), line, what);
                break;
            }
        }
    }
    let rows = walk.rows;
    warn_if_cut(input, rows, reader);
    Ok(())
}
