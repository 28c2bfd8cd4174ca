//! The three file formats of IIS: W3C extended, NCSA common and Microsoft's own, line by line.
//!
//! | | W3C extended | NCSA common | IIS |
//! |---|---|---|---|
//! | columns | named by `#Fields:`, which may change | fixed | fixed |
//! | bytes of a row | `sc-bytes` sent, `cs-bytes` received | sent only | received, then sent |
//! | size of a message | `cs-bytes` of its `DATA` row | none: only `SIZE=` of `MAIL` | received bytes of its `DATA` row |
//! | times | UTC | local, with the offset of standard time | local |
//!
//! That the only number of NCSA rows is the bytes sent follows from its rows: `DATA` has some 120 bytes there, as
//! long as the answer `250 2.6.0 <id> Queued mail for delivery` and as `sc-bytes` of such a row.

use super::layout::Layout;
use super::row::{Row, starts_with};
use crate::ingest::delimited::plain_digits;

/// How the lines of a part are to be read.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// W3C extended; `None` where no `#Fields:` line was seen yet.
    W3c(Option<Layout>),
    /// NCSA common.
    Ncsa,
    /// Microsoft IIS.
    Fixed,
}

/// A line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parsed<'a> {
    /// A row.
    Row(Row<'a>),
    /// A line that begins with `#`.
    Directive(&'a [u8]),
    /// Nothing.
    Blank,
    /// No row; what was expected.
    Unread(&'static str),
}

impl Shape {
    /// The shape of a text by its first lines.
    pub(super) fn of(head: &[u8]) -> Option<Shape> {
        let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        for line in lines.clone() {
            if Shape::of_ncsa(line).is_some() {
                return Some(Shape::Ncsa);
            }
            if Shape::of_fixed(line).is_some_and(|row| starts_with(row.service, b"SMTPSVC")) {
                return Some(Shape::Fixed);
            }
            if starts_with(line, b"#Fields:") || memchr::memmem::find(line, b" SMTP").is_some() {
                return Some(Shape::W3c(None));
            }
        }
        None
    }

    /// Reads a line.
    pub(super) fn parse<'a>(&self, line: &'a [u8]) -> Parsed<'a> {
        let line = line.trim_ascii();
        match (line.first(), self) {
            (None, _) => Parsed::Blank,
            (Some(b'#'), _) => Parsed::Directive(line),
            (_, Shape::W3c(Some(layout))) => layout.row(line).map_or(
                Parsed::Unread("expected as many columns as the '#Fields:' line before it names"),
                Parsed::Row,
            ),
            (_, Shape::W3c(None)) => {
                Parsed::Unread("no '#Fields:' line names its columns: give the log from its begin")
            }
            (_, Shape::Ncsa) => Shape::of_ncsa(line).map_or(
                Parsed::Unread(
                    "expected a row of the NCSA format: address, user, [time], \"command\", code, bytes",
                ),
                Parsed::Row,
            ),
            (_, Shape::Fixed) => Shape::of_fixed(line)
                .map_or(Parsed::Unread("expected the 15 columns of the IIS log format"), Parsed::Row),
        }
    }

    /// `192.0.2.1 - host.example [11/Oct/2006:13:16:45 -0600] "DATA -?+<id@host> SMTP" 250 124`.
    fn of_ncsa(line: &[u8]) -> Option<Row<'_>> {
        let open = memchr::memmem::find(line, b" [")?;
        let close = open + memchr::memmem::find(line.get(open..)?, b"] \"")?;
        let last = memchr::memrchr(b'"', line).filter(|last| *last > close + 2)?;
        let request = line.get(close + 3..last)?;
        let mut who = line.get(..open)?.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let (client, _, name) = (who.next()?, who.next()?, who.next()?);
        let mut numbers = line.get(last + 1..)?.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let (status, _) = (numbers.next()?, numbers.next()?);
        let space = memchr::memrchr(b' ', request)?;
        let (request, protocol) = (request.get(..space)?, request.get(space + 1..)?);
        if !protocol.eq_ignore_ascii_case(b"SMTP") {
            return None;
        }
        let words = memchr::memchr(b' ', request).unwrap_or(request.len());
        let query = memchr::memchr(b'?', request).map_or(&[][..], |mark| &request[mark + 1..]);
        Some(Row {
            date: line.get(open + 2..close)?,
            client: said(client),
            name: said(name),
            protocol,
            command: said(request.get(..words)?),
            query: said(query),
            status: plain_digits(status).and_then(|code| u32::try_from(code).ok()),
            ..Row::default()
        })
    }

    /// `10.3.5.1, host.example, 8/18/06, 13:17:37, SMTPSVC1, MAIL01, 10.2.0.1, 270, 480, 101, 250, 0, DATA, -, <id>,`:
    /// client, user, day, time, service, server, its address, milliseconds, bytes received, bytes sent, code, Win32
    /// code, command, target, parameters, in which commas may stand.
    fn of_fixed(line: &[u8]) -> Option<Row<'_>> {
        let mut cells = line.splitn(15, |byte| *byte == b',').map(|cell| said(cell.trim_ascii()));
        let mut next = || cells.next();
        let (client, name, date, time) = (next()?, next()?, next()?, next()?);
        let (service, server, _, _) = (next()?, next()?, next()?, next()?);
        let (received, _, status, _) = (next()?, next()?, next()?, next()?);
        let (command, _, query) = (next()?, next()?, next()?);
        let query = query.strip_suffix(b",").unwrap_or(query);
        Some(Row {
            date,
            time,
            client,
            name,
            service,
            server,
            protocol: b"",
            command,
            query: said(query.trim_ascii()),
            status: plain_digits(status).and_then(|code| u32::try_from(code).ok()),
            received: plain_digits(received),
        })
    }
}

/// A cell, empty where it is `-`.
pub(super) fn said(cell: &[u8]) -> &[u8] {
    if cell == b"-" { &[] } else { cell }
}

#[cfg(test)]
mod tests {
    use super::super::row::Act;
    use super::*;

    #[test]
    fn ncsa_rows_have_no_size() {
        let line = b"198.51.100.7 - client.example.net [11/Oct/2006:13:16:45 -0600] \
                     \"DATA -?+<0001$33a7@host> SMTP\" 250 124";
        let row = Shape::of_ncsa(line).unwrap();
        assert_eq!((row.client, row.name), (&b"198.51.100.7"[..], &b"client.example.net"[..]));
        assert_eq!((row.date, row.act()), (&b"11/Oct/2006:13:16:45 -0600"[..], Act::Data));
        assert_eq!((row.query, row.status, row.received), (&b"+<0001$33a7@host>"[..], Some(250), None));
        let answer = b"203.0.113.158 - OutboundConnectionResponse [11/Oct/2006:13:16:39 -0600] \
                       \"- -?220-mx.example.com+ESMTP;+\"hi\"+Wed SMTP\" 0 82";
        assert_eq!(Shape::of_ncsa(answer).unwrap().act(), Act::Outbound);
        let web = b"192.0.2.7 - - [11/Oct/2006:13:16:45 -0600] \"GET /?a HTTP/1.1\" 200 124";
        assert_eq!(Shape::of_ncsa(web), None);
    }

    #[test]
    fn iis_rows_have_bytes_received_before_bytes_sent() {
        let line = b"192.0.2.9, app1.example.com, 8/18/06, 13:17:37, SMTPSVC1, MAIL01, 192.0.2.1, 270, 480, 101, 250, 0, DATA, -, <1@mail01>,";
        let row = Shape::of_fixed(line).unwrap();
        assert_eq!((row.act(), row.received, row.status), (Act::Data, Some(480), Some(250)));
        assert_eq!((row.query, row.server), (&b"<1@mail01>"[..], &b"MAIL01"[..]));
        let banner = b"203.0.113.4, OutboundConnectionResponse, 8/18/06, 13:17:37, SMTPSVC1, MAIL01, -, 0, 0, 82, 0, 0, -, -, 220+Wed,+11+Oct+2006,";
        let row = Shape::of_fixed(banner).unwrap();
        assert_eq!((row.act(), row.query), (Act::Outbound, &b"220+Wed,+11+Oct+2006"[..]));
        assert_eq!(Shape::of_fixed(b"a, b, c"), None);
    }
}
