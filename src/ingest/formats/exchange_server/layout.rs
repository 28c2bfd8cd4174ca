//! The columns of Exchange logs: by the names after `#Fields:`, else by the shape of a row.
//!
//! Version 14 has 26 columns without a network message id, version 15 has 30; only `#Fields` says which is where.
//! A copy without any header is recognised by its number of cells and what stands in them.

use super::cells::{Cells, Splitter, is_exchange_time};

/// The mark before the names of columns.
const FIELDS: &[u8] = b"#Fields:";
/// Lines in which a header or a row of known shape is looked for.
const LOOKED_AT: usize = 100;

const V14: &str = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,\
                   event-id,internal-message-id,message-id,recipient-address,recipient-status,total-bytes,\
                   recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,\
                   message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data";
const V15: &str = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,\
                   event-id,internal-message-id,message-id,network-message-id,recipient-address,recipient-status,\
                   total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,\
                   return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,\
                   custom-data,transport-traffic-type,log-id,schema-version";
const PROTOCOL: &str =
    "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context";

/// What a log tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Events of messages (MSGTRK, MSGTRKMS, MSGTRKMD, MSGTRKMA).
    Tracking,
    /// Lines of SMTP sessions (SmtpReceive, SmtpSend).
    Protocol,
}

/// A column that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Time,
    ClientIp,
    ClientName,
    ServerIp,
    ServerName,
    Context,
    Connector,
    Source,
    Event,
    InternalId,
    MessageId,
    NetworkId,
    Recipients,
    Size,
    Count,
    Related,
    Sender,
    ReturnPath,
    Direction,
    OriginalIp,
    Custom,
    Session,
    Sequence,
    Remote,
    Data,
}

/// Columns by name; in protocol logs `event` and `context` are those of SMTP.
const NAMES: [(&str, Column); 27] = [
    ("date-time", Column::Time),
    ("client-ip", Column::ClientIp),
    ("client-hostname", Column::ClientName),
    ("server-ip", Column::ServerIp),
    ("server-hostname", Column::ServerName),
    ("source-context", Column::Context),
    ("context", Column::Context),
    ("connector-id", Column::Connector),
    ("source", Column::Source),
    ("event-id", Column::Event),
    ("event", Column::Event),
    ("internal-message-id", Column::InternalId),
    ("message-id", Column::MessageId),
    ("network-message-id", Column::NetworkId),
    ("recipient-address", Column::Recipients),
    ("total-bytes", Column::Size),
    ("recipient-count", Column::Count),
    ("related-recipient-address", Column::Related),
    ("sender-address", Column::Sender),
    ("return-path", Column::ReturnPath),
    ("directionality", Column::Direction),
    ("original-client-ip", Column::OriginalIp),
    ("custom-data", Column::Custom),
    ("session-id", Column::Session),
    ("sequence-number", Column::Sequence),
    ("remote-endpoint", Column::Remote),
    ("data", Column::Data),
];
const COLUMNS: usize = 25;
/// A column that is not there: no line has so many cells.
const ABSENT: usize = usize::MAX;

/// Where the columns stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    /// Cells of a row.
    pub(super) width: usize,
    at: [usize; COLUMNS],
}

impl Layout {
    /// The layout that a line states; `None` where it states none of these logs'.
    pub(super) fn of_header(line: &[u8]) -> Option<Layout> {
        Layout::of_names(without_mark(line).strip_prefix(FIELDS)?)
    }

    fn of_names(names: &[u8]) -> Option<Layout> {
        let mut layout = Layout { kind: Kind::Tracking, width: 0, at: [ABSENT; COLUMNS] };
        for name in names.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let known = NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
            if let Some((_, column)) = known {
                layout.at[*column as usize] = layout.width;
            }
            layout.width += 1;
        }
        let has = |columns: &[Column]| columns.iter().all(|column| layout.at[*column as usize] != ABSENT);
        if has(&[Column::Time, Column::Source, Column::Event, Column::Recipients])
            && has(&[Column::MessageId])
        {
            return Some(layout);
        }
        let is_protocol = has(&[Column::Time, Column::Session, Column::Event, Column::Data, Column::Remote]);
        is_protocol.then_some(Layout { kind: Kind::Protocol, ..layout })
    }

    /// The layout that the shape of a row shows, for copies without a header.
    pub(super) fn of_row(cells: &Cells<'_>) -> Option<Layout> {
        let (names, fits): (&str, fn(&Cells<'_>) -> bool) = match cells.len() {
            26 => (V14, is_tracking),
            30 => (V15, is_tracking),
            9 => (PROTOCOL, is_protocol),
            _ => return None,
        };
        (is_exchange_time(cells.get(0)) && fits(cells)).then(|| Layout::of_names(names.as_bytes()))?
    }

    /// The layout that the start of an input shows.
    pub(super) fn of_head(head: &[u8]) -> Option<Layout> {
        let mut splitter = Splitter::default();
        head.split(|byte| matches!(byte, b'\n' | b'\r')).take(LOOKED_AT).find_map(|line| match without_mark(
            line,
        )
        .first()?
        {
            b'#' => Layout::of_header(line),
            _ => Layout::of_row(&splitter.split(without_mark(line))),
        })
    }

    /// A cell of a row; empty where there is no such column.
    pub(super) fn get<'a>(&self, cells: &Cells<'a>, column: Column) -> &'a [u8] {
        cells.get(self.at[column as usize])
    }
}

/// A line without the byte order mark before it, which also stands where files were joined.
pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

fn is_tracking(cells: &Cells<'_>) -> bool {
    let is_word = |cell: &[u8]| cell.len() > 1 && cell.iter().all(u8::is_ascii_uppercase);
    is_word(cells.get(7)) && is_word(cells.get(8))
}

fn is_protocol(cells: &Cells<'_>) -> bool {
    let session = cells.get(2);
    let is_session = session.len() >= 8 && session.iter().all(u8::is_ascii_hexdigit);
    let is_number = |cell: &[u8]| !cell.is_empty() && cell.iter().all(u8::is_ascii_digit);
    is_session && is_number(cells.get(3)) && matches!(cells.get(6), b"+" | b"-" | b"<" | b">" | b"*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(head: &str) -> Option<Kind> {
        Layout::of_head(head.as_bytes()).map(|layout| layout.kind)
    }

    #[test]
    fn fields_decide_and_not_positions() {
        let layout = Layout::of_header(
            b"\xef\xbb\xbf#Fields: event-id,source,date-time,new-column,recipient-address,message-id",
        );
        let layout = layout.unwrap();
        let mut splitter = Splitter::default();
        let cells = splitter.split(b"RECEIVE,SMTP,2024-01-25T15:16:09.843Z,?,a@example.com,<1@x>");
        assert_eq!(layout.get(&cells, Column::Recipients), b"a@example.com");
        assert_eq!(layout.get(&cells, Column::NetworkId), b"");
        assert_eq!((layout.width, layout.kind), (6, Kind::Tracking));
    }

    #[test]
    fn rows_without_a_header_are_told_by_their_shape() {
        let row = |width: usize| {
            let mut cells = vec![""; width];
            (cells[0], cells[7], cells[8]) = ("2024-01-25T15:16:09.843Z", "SMTP", "RECEIVE");
            cells.join(",")
        };
        assert_eq!([26, 30].map(|width| kind(&row(width))), [Some(Kind::Tracking); 2]);
        assert_eq!(kind(&row(27)), None);
        let session =
            "2024-01-25T15:14:39.026Z,EX\\Default,08DC1DB8591B229A,1,192.0.2.1:25,192.0.2.2:53,>,220 x,";
        assert_eq!(kind(session), Some(Kind::Protocol));
        assert_eq!(kind(&session.replace(",>,", ",x,")), None);
    }

    #[test]
    fn other_logs_are_not_claimed() {
        for head in [
            "#Software: Microsoft Internet Information Services 5.0\n#Fields: date time c-ip cs-method sc-status\n",
            "#Fields: date-time,session,source,Destination,direction,description\n",
            "#Fields: Timestamp,SessionId,IPAddress,MessageId,P1FromAddress,Agent,Event,Action\n",
            "a,b,c\n1,2,3\n",
            "",
        ] {
            assert_eq!(kind(head), None, "{head}");
        }
    }
}
