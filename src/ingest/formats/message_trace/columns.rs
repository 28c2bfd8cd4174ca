//! Columns of the trace exports by name, and the shape that they make.
//!
//! Names are compared without case, spaces and underscores, and may stand in any order; the two documented
//! spellings of each shape and its variants in the wild are in one table.

use crate::ingest::delimited::name_of;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Time,
    Sender,
    ReturnPath,
    Recipient,
    RecipientStatus,
    Status,
    Size,
    Id,
    /// An `id` that does not say of what: Graph's is the message's, a log collector's that of its own record.
    PlainId,
    MessageId,
    FromIp,
    ClientIp,
    ToIp,
    Direction,
    Connector,
    Event,
    EventSource,
    Related,
    RecipientCount,
    ClientName,
    WindowStart,
    WindowEnd,
}

/// Kinds of columns.
pub(super) const COLUMNS: usize = 22;

/// Names as [`name_of`] writes them. Enhanced and Extended: historical search; the others: `Get-MessageTrace`,
/// `Get-MessageTraceV2` and the reporting web service, then Graph.
const NAMES: [(&str, Column); 30] = [
    ("origintimestamputc", Column::Time),
    ("origintimestamp", Column::Time),
    ("datetimeutc", Column::Time),
    ("received", Column::Time),
    ("receiveddatetime", Column::Time),
    ("senderaddress", Column::Sender),
    ("returnpath", Column::ReturnPath),
    ("recipientaddress", Column::Recipient),
    ("recipientstatus", Column::RecipientStatus),
    ("status", Column::Status),
    ("totalbytes", Column::Size),
    ("size", Column::Size),
    ("networkmessageid", Column::Id),
    ("messagetraceid", Column::Id),
    ("id", Column::PlainId),
    ("messageid", Column::MessageId),
    ("internetmessageid", Column::MessageId),
    ("originalclientip", Column::FromIp),
    ("fromip", Column::FromIp),
    ("clientip", Column::ClientIp),
    ("toip", Column::ToIp),
    ("directionality", Column::Direction),
    ("connectorid", Column::Connector),
    ("eventid", Column::Event),
    ("source", Column::EventSource),
    ("relatedrecipientaddress", Column::Related),
    ("recipientcount", Column::RecipientCount),
    ("clienthostname", Column::ClientName),
    ("startdate", Column::WindowStart),
    ("enddate", Column::WindowEnd),
];

/// The column of a name, as it is written and as [`name_of`] writes it. `_id` is what document stores add.
pub(super) fn column_of(written: &[u8], name: &str) -> Option<Column> {
    if name == "id" && written.contains(&b'_') {
        return None;
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
}

/// What one row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A message with all its recipients (Enhanced summary).
    Message,
    /// An event in the life of a message (Extended).
    Event,
    /// A message and one of its recipients (`Get-MessageTrace`, Graph).
    Recipient,
}

/// A header row: where each column stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    at: [Option<u32>; COLUMNS],
    /// The columns that are there and their cells, which are read of every row.
    present: [(u8, u32); COLUMNS],
    count: usize,
    /// Cells of the header row.
    pub(super) width: usize,
    /// What its rows are about.
    pub(super) shape: Shape,
}

impl Header {
    /// Reads a record as a header row; `None` where it is none of a trace.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a [u8]>) -> Option<Header> {
        let mut at = [None; COLUMNS];
        let mut width = 0;
        for cell in cells {
            if let Some(column) = column_of(cell, &name_of(cell)) {
                // Of two columns with one name the first counts, as in PowerShell.
                at[column as usize].get_or_insert(width as u32);
            }
            width += 1;
        }
        let shape = shape_of(|column| at[column as usize].is_some())?;
        let (mut present, mut count) = ([(0, 0); COLUMNS], 0);
        for (column, at) in (0..).zip(at).filter_map(|(column, at)| Some((column, at?))) {
            present[count] = (column, at);
            count += 1;
        }
        Some(Header { at, present, count, width, shape })
    }

    /// The columns that are there, each with its cell number.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.present.iter().take(self.count).map(|(column, at)| (usize::from(*column), *at as usize))
    }

    /// The cell number of a column.
    pub(super) fn at(&self, column: Column) -> Option<usize> {
        self.at[column as usize].map(|at| at as usize)
    }
}

/// The shape by its own marks: columns that occur together nowhere else.
fn shape_of(has: impl Fn(Column) -> bool) -> Option<Shape> {
    if !has(Column::Time) || !has(Column::Sender) {
        return None;
    }
    let has_id = has(Column::Id) || has(Column::PlainId) || has(Column::MessageId);
    if has(Column::Event) && has(Column::EventSource) && has(Column::Recipient) && has_id {
        return Some(Shape::Event);
    }
    if has(Column::RecipientStatus) && !has(Column::Event) && has_id {
        return Some(Shape::Message);
    }
    let own_marks = has_id || has(Column::FromIp) || has(Column::Status);
    (has(Column::Recipient) && own_marks && !has(Column::Event)).then_some(Shape::Recipient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(header: &str) -> Option<Shape> {
        Header::of(header.split(',').map(str::as_bytes)).map(|header| header.shape)
    }

    #[test]
    fn shapes_are_told_by_their_own_columns() {
        let enhanced = "Origin_Timestamp_UTC,sender address,Recipient_status,total_bytes,network_message_id";
        assert_eq!(shape(enhanced), Some(Shape::Message));
        let extended =
            "date_time_utc,source,event_id,message_id,recipient_address,recipient_status,sender_address";
        assert_eq!(shape(extended), Some(Shape::Event));
        let get = "Size,Received,SenderAddress,RecipientAddress,Subject,Status,MessageTraceId";
        assert_eq!(shape(get), Some(Shape::Recipient));
        let doubled = "\"origin_timestamp_utc\",\"sender_address\",\"recipient_status\",\"message_id\"";
        assert_eq!(shape(doubled), Some(Shape::Message));
    }

    #[test]
    fn other_tables_are_not_claimed() {
        for header in [
            "Date,To,Size",
            "Timestamp,Sender,Recipients,MessageId",
            "Sender address,Domain,Messages sent",
            "",
        ] {
            assert_eq!(shape(header), None, "{header}");
        }
    }

    #[test]
    fn columns_stand_in_any_order() {
        let header = Header::of(
            ["x", "Status", "RecipientAddress", "Received", "SenderAddress"].map(str::as_bytes).into_iter(),
        );
        let header = header.unwrap();
        assert_eq!((header.at(Column::Time), header.width), (Some(3), 5));
        assert_eq!(header.at(Column::Size), None);
    }
}
