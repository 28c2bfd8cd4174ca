//! Records before the header of a table: titles and comments of an exporter, or rows that sorting put there.

use super::records::Row;

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

    /// The lines of all records that were kept, and whether each is a row that stands before its header: mail that is
    /// not counted. Without a header at the end of the input, all are titles.
    pub(crate) fn judged(
        &mut self,
        header_width: Option<usize>,
    ) -> impl Iterator<Item = (u64, bool)> + use<'_> {
        let is_row = move |width: usize| width >= ROW_WIDTH && header_width == Some(width);
        self.records.drain(..).map(move |(line, width)| (line, is_row(width)))
    }
}
