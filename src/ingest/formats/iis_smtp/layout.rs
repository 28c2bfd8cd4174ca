//! The columns of a W3C extended log, as its `#Fields:` line names them.

use super::row::{Act, Row, act_of, starts_with};
use super::shape::said;
use crate::ingest::delimited::plain_digits;
use crate::usage::names::parse_ip;

/// Columns that are looked at.
const COLUMN_CAP: usize = 64;
/// The fields of a log of which only rows are left, as the service writes them where all are chosen.
const ALL_FIELDS: &[u8] = b"date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method \
    cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host \
    cs(User-Agent) cs(Cookie) cs(Referer)";

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Date,
    Time,
    Client,
    Name,
    Service,
    Server,
    Command,
    Query,
    Status,
    Received,
    Protocol,
    /// It is not read.
    Other,
}

/// Fields by their names; the others are not read. `sc-win32-status` of `QUIT` is a duration and no status.
const NAMES: [(&[u8], Field); 11] = [
    (b"date", Field::Date),
    (b"time", Field::Time),
    (b"c-ip", Field::Client),
    (b"cs-username", Field::Name),
    (b"s-sitename", Field::Service),
    (b"s-computername", Field::Server),
    (b"cs-method", Field::Command),
    (b"cs-uri-query", Field::Query),
    (b"sc-status", Field::Status),
    (b"cs-bytes", Field::Received),
    (b"cs-version", Field::Protocol),
];

/// The columns in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    fields: Vec<Field>,
}

impl Layout {
    /// The columns that a `#Fields:` line names, given without that word. It may end with a space.
    pub(super) fn of(names: &[u8]) -> Layout {
        let field = |name: &[u8]| {
            let known = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
            known.map_or(Field::Other, |(_, field)| *field)
        };
        Layout { fields: words(names).take(COLUMN_CAP).map(field).collect() }
    }

    /// The columns of a log with all fields, for rows whose header is missing.
    pub(super) fn of_all_fields() -> Layout {
        Layout::of(ALL_FIELDS)
    }

    /// Whether the columns of messages are there.
    pub(super) fn lacks(&self) -> Option<&'static str> {
        let has = |field| self.fields.contains(&field);
        [(Field::Command, "cs-method"), (Field::Client, "c-ip")]
            .into_iter()
            .find(|(field, _)| !has(*field))
            .map(|(_, name)| name)
    }

    /// Whether it says which commands were refused.
    pub(super) fn has_status(&self) -> bool {
        self.fields.contains(&Field::Status)
    }

    /// Whether it names senders and recipients.
    pub(super) fn has_query(&self) -> bool {
        self.fields.contains(&Field::Query)
    }

    /// A row; `None` where it has more or fewer columns.
    #[inline]
    pub(super) fn row<'a>(&self, line: &'a [u8]) -> Option<Row<'a>> {
        let mut row = Row::default();
        let mut cells = words(line);
        for field in &self.fields {
            let cell = said(cells.next()?);
            match field {
                Field::Other => {}
                Field::Date => row.date = cell,
                Field::Time => row.time = cell,
                Field::Client => row.client = cell,
                Field::Name => row.name = cell,
                Field::Service => row.service = cell,
                Field::Server => row.server = cell,
                Field::Command => row.command = cell,
                Field::Query => row.query = cell,
                Field::Status => row.status = plain_digits(cell).and_then(|code| u32::try_from(code).ok()),
                Field::Received => row.received = plain_digits(cell),
                Field::Protocol => row.protocol = cell,
            }
        }
        cells.next().is_none().then_some(row)
    }
}

/// The cells of a line, which are never empty.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}

/// Day and time of a row by their form alone, for rows whose columns are not known.
pub(super) fn dated(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut before: &[u8] = &[];
    for word in words(line).take(COLUMN_CAP) {
        if is_digits_with(before, b"0000-00-00") && is_digits_with(word, b"00:00:00") {
            return Some((before, word));
        }
        before = word;
    }
    None
}

fn is_digits_with(word: &[u8], form: &[u8]) -> bool {
    word.len() == form.len()
        && word.iter().zip(form).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            sign => byte == sign,
        })
}

/// Whether a row without a known header is of an SMTP service: one of the first columns is an address, and the name
/// of the service, or its protocol and a command, are among the others.
pub(super) fn is_row_of_smtp(line: &[u8]) -> bool {
    let is_address = |word: &[u8]| std::str::from_utf8(word).is_ok_and(|word| parse_ip(word).is_some());
    let has = |fits: fn(&[u8]) -> bool| words(line).take(COLUMN_CAP).any(fits);
    let is_service = |word: &[u8]| {
        starts_with(word, b"SMTPSVC") && word.len() > 7 && word.iter().skip(7).all(u8::is_ascii_digit)
    };
    let is_protocol = |word: &[u8]| word == b"SMTP";
    words(line).take(3).any(is_address)
        && (has(is_service) || has(is_protocol) && has(|word| act_of(word) != Act::Talk))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &[u8] = b"2006-10-09 05:00:42 192.0.2.247 app1.example.net SMTPSVC1 MX1 192.0.2.2 0 DATA - \
        <MX1fS@mx1.example.com> 250 0 132 29518 62 SMTP - - - -";

    #[test]
    fn columns_are_found_by_name() {
        let row = Layout::of_all_fields().row(FULL).unwrap();
        assert_eq!((row.client, row.name), (&b"192.0.2.247"[..], &b"app1.example.net"[..]));
        assert_eq!((row.received, row.status, row.act()), (Some(29518), Some(250), Act::Data));
        let minimal = Layout::of(b" time c-ip cs-method cs-uri-stem sc-status ");
        let row = minimal.row(b"13:17:37 192.0.2.3 MAIL - 250").unwrap();
        assert_eq!((row.time, row.act(), row.query), (&b"13:17:37"[..], Act::Mail, &b""[..]));
        assert_eq!((minimal.has_status(), minimal.has_query(), minimal.lacks()), (true, false, None));
        assert_eq!(Layout::of(b"date time s-ip").lacks(), Some("cs-method"));
        assert_eq!(minimal.row(b"13:17:37 192.0.2.3 MAIL - 250 0"), None);
        assert_eq!(minimal.row(b"13:17:37 192.0.2.3 MAIL -"), None);
    }

    #[test]
    fn rows_without_a_header_show_their_time_and_service() {
        assert_eq!(dated(FULL), Some((&b"2006-10-09"[..], &b"05:00:42"[..])));
        assert_eq!(dated(b"192.0.2.1 host 05:00:42"), None);
        assert!(is_row_of_smtp(FULL));
        assert!(is_row_of_smtp(b"127.0.0.1 HOST1 MAIL +FROM:app@example.com 0 47 SMTP - -"));
        assert!(!is_row_of_smtp(b"2013-07-30 00:00:00 W3SVC1 192.0.2.1 GET / - 80 - 192.0.2.2 UA 200"));
        assert!(!is_row_of_smtp(b"SMTP server 192.0.2.1 stopped"));
    }
}
