//! Traces as JSON: Graph and the reporting web service, one object per row, in any of their envelopes.
//!
//! Envelopes are walked while they stream; only the cells of one row are in memory. Known envelopes: a bare
//! object, a list, lines of objects, `{"value": []}` (OData), `{"d": {"results": []}}` (older OData), and wrappers
//! of log collectors that carry the row as an object or as text (`message`, `event.original`, `_raw`).

mod walk;

use crate::ingest::{Input, Sink, SourceError, json};

use super::batch::Merger;
use super::row::{Notation, Parser};
use crate::ingest::delimited::warn_if_cut;
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
    own_domains: &[String],
    merger: &mut Merger<'_>,
    pages: &mut Pages,
) -> Result<(), SourceError> {
    let name = input.name().to_owned();
    let mut walk = json::read(input, |gauge| {
        Walk::new(&name, notation, (Parser::new(own_domains), &mut *merger), gauge)
    })?;
    walk.merge();
    let (rows, counted) = (walk.rows, walk.pages);
    pages.add(&counted, &name);
    warn_if_cut(&name, rows, merger.sink);
    Ok(())
}
