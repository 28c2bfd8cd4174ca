//! Records before the header of a table: titles and comments of an exporter, or rows that sorting put there.

use super::records::Row;
use crate::ingest::{Input, Sink, rejection};
use crate::usage::Skip;

/// Records before a header; more than that is no title.
const BEFORE_HEADER: usize = 20;
/// Cells from which on a record as wide as the header is a row of it: titles are narrow.
const ROW_WIDTH: usize = 3;

/// The records before the header that is still to come.
#[derive(Debug, Default)]
pub(crate) struct Preamble {
    records: Vec<(u64, usize)>,
}

impl Preamble {
    /// How many records there can be before a header.
    pub(crate) const CAP: usize = BEFORE_HEADER;

    /// Keeps a record until the header is there; whether there was room.
    pub(crate) fn keep(&mut self, row: &Row<'_>) -> bool {
        let has_room = self.records.len() < BEFORE_HEADER;
        if has_room {
            self.records.push((row.line, row.len()));
        }
        has_room
    }

    /// Skips the records that were kept as titles, and rejects those that are rows before their header: mail that is
    /// not counted. Without a header at the end of the input, all are titles.
    pub(crate) fn judge(&mut self, header_width: Option<usize>, input: &Input, sink: &mut dyn Sink) {
        for (line, width) in self.records.drain(..) {
            match width >= ROW_WIDTH && header_width == Some(width) {
                true => {
                    let reason = "a row before its header: expected the header above all rows";
                    sink.reject(rejection(input, line, reason));
                }
                false => sink.skip(Skip::Header, 1),
            }
        }
    }
}
