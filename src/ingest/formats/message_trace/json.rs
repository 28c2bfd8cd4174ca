//! Traces as JSON: Graph and the reporting web service, one object per row, in any of their envelopes.
//!
//! Envelopes are walked while they stream; only the cells of one row are in memory. Known envelopes: a bare
//! object, a list, lines of objects, `{"value": []}` (OData), `{"d": {"results": []}}` (older OData), and wrappers
//! of log collectors that carry the row as an object or as text (`message`, `event.original`, `_raw`).

mod stream;
mod walk;

use crate::ingest::{Input, Sink, SourceError, rejection};

use super::row::{Notation, Reader};
use crate::ingest::delimited::warn_if_cut;
use stream::{ByteStream, Stop};
use walk::{PageCount, Walk};

pub(super) use walk::is_trace;

/// Pages of an answer that was fetched in parts. A link to the next page cannot be followed here, nor compared
/// with the pages that are there; only that the last page is missing shows.
#[derive(Debug, Default)]
pub(super) struct Pages {
    linked: u64,
    last: u64,
    /// The input of the latest page that has a link.
    latest: String,
}

impl Pages {
    fn add(&mut self, more: &PageCount, input: &str) {
        self.linked += more.linked;
        self.last += more.last;
        if more.linked > 0 {
            self.latest = input.to_owned();
        }
    }

    /// Warns where every page says that another one follows.
    pub(super) fn warn_if_more(&self, sink: &mut dyn Sink) {
        if self.linked > 0 && self.last == 0 {
            sink.warn(format!(
                "{}: more pages follow ('@odata.nextLink'), and the last one is in no input: this is not the whole; \
                 fetch the pages up to the one without a link",
                self.latest
            ));
        }
    }
}

/// Reads one input.
pub(super) fn read(
    input: &mut Input,
    notation: Notation,
    reader: &mut Reader<'_>,
    pages: &mut Pages,
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
    pages.add(&walk.pages, input.name());
    warn_if_cut(input, rows, reader.sink);
    Ok(())
}
