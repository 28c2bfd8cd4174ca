//! One line of Exim: its time, its message id, and the pieces into which a system log splits it.
//!
//! What the text after the id says is left to [`super::event`].

use crate::ingest::handover::find;
use crate::ingest::syslog::stamp::Stamp;
use crate::ingest::syslog::{Header, not_own};
use crate::period::Timestamp;
use crate::usage::Skip;

/// Seconds within which a message is received, so that its id tells the zone of the line that says so.
const RECEPTION: i64 = 60;
/// Seconds of a quarter of an hour: zones differ by whole ones.
const QUARTER: i64 = 900;

/// A line in parts; all of them borrowed from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// The time as it is written.
    pub time: &'a [u8],
    /// The host, empty in Exim's own log.
    pub host: &'a [u8],
    /// The text after time and process id.
    pub text: &'a [u8],
}

/// Which piece of a long line a line is: `[2/3]`, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// Its number.
    pub number: u32,
    /// How many there are.
    pub total: u32,
    /// What stands between the time and the number: host, program and process.
    pub writer: &'a [u8],
    /// Whether the line was split where it had a line end.
    pub breaks_line: bool,
    /// The text of the piece.
    pub text: &'a [u8],
}

/// Whether a program is Exim. The empty name stands for its own log.
pub fn is_exim(program: &[u8]) -> bool {
    let base = memchr::memrchr(b'/', program).map_or(program, |slash| &program[slash + 1..]);
    let rest = base.strip_prefix(b"exim");
    program.is_empty() || rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphabetic))
}

/// The header of a line in Exim's own log or in a system log, or why it has none.
pub fn header(line: &[u8]) -> Result<Header<'_>, Skip> {
    if line.trim_ascii().is_empty() {
        return Err(Skip::Header);
    }
    let bare = Header::parse_bare(line).filter(|bare| message_id(without_pid(bare.message)).is_some());
    if let Some(bare) = bare {
        return Ok(bare);
    }
    Header::parse_own(line, is_exim).ok_or_else(|| {
        let header = Header::parse_rfc5424(line).or_else(|| Header::parse(line));
        header.map_or(Skip::Fragment, |outer| {
            not_own(outer.inner().map_or(outer.program, |inner| inner.program))
        })
    })
}

/// The piece that a line of a system log is, if its header is this one.
pub fn piece<'a>(line: &'a [u8], header: &Header<'a>) -> Option<Piece<'a>> {
    if header.program.is_empty() || header.message.first() != Some(&b'[') {
        return None;
    }
    let (number, rest) = number(&header.message[1..])?;
    let breaks_line = match rest.first()? {
        b'/' => false,
        b'\\' => true,
        _ => return None,
    };
    let (total, rest) = self::number(&rest[1..])?;
    let text = rest.strip_prefix(b"]")?;
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let start = find(line, header.time)? + header.time.len();
    let end = line.len().checked_sub(header.message.len())?;
    let writer = line.get(start..end)?;
    (1..=total).contains(&number).then_some(Piece { number, total, writer, breaks_line, text })
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0, |n, byte| n * 10 + u32::from(byte - b'0'));
    (1..=4).contains(&digits).then(|| (value, &text[digits..]))
}

/// The parts of a line by its header.
pub fn line<'a>(header: &Header<'a>) -> Line<'a> {
    Line { time: header.time, host: header.host, text: without_pid(header.message) }
}

/// The parts of a line that was put together from pieces: its own time stands before its text.
pub fn rejoined<'a>(time: &'a [u8], host: &'a [u8], text: &'a [u8]) -> Line<'a> {
    let header = Header { time, host, program: b"", message: text };
    match Header::parse_bare(text) {
        Some(bare) => line(&Header { time: bare.time, message: bare.message, ..header }),
        None => line(&header),
    }
}

/// Cuts `[2249] ` from the start.
fn without_pid(text: &[u8]) -> &[u8] {
    let Some(inner) = text.strip_prefix(b"[") else { return text };
    let digits = inner.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = inner[digits..].strip_prefix(b"] ");
    after.filter(|_| digits > 0).unwrap_or(text)
}

/// Splits a message id from the start of a text: `XXXXXX-XXXXXX-XX`, since Exim 4.97 `XXXXXX-XXXXXXXXXXX-XXXX`.
pub fn message_id(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.get(6) != Some(&b'-') {
        return None;
    }
    let length = match (text.get(13), text.get(18)) {
        (Some(b'-'), _) => 16,
        (_, Some(b'-')) => 23,
        _ => return None,
    };
    let (id, rest) = text.split_at_checked(length)?;
    let dashes = id.iter().filter(|&&byte| byte == b'-').count();
    let formed = dashes == 2 && id.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    match rest.first() {
        None => formed.then_some((id, rest)),
        Some(b' ') => formed.then(|| (id, &rest[1..])),
        Some(_) => None,
    }
}

/// A message id in one number; ids of both lengths pack apart.
pub fn packed(id: &[u8]) -> u128 {
    let digits = id.iter().filter(|&&byte| byte != b'-');
    digits.fold(1, |packed, &byte| packed << 6 | u128::from(digit(byte)))
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A' + 10,
        b'a'..=b'z' => byte - b'a' + 36,
        _ => 63,
    }
}

/// The instant that a line proves: the id of a message begins with the second in which its reception began, and the
/// line that says that it was received follows soon. Where they are not whole quarters of an hour apart, it does not
/// (a slow client, or a system on which ids count otherwise).
pub fn received_at(time: &[u8], text: &[u8]) -> Option<Timestamp> {
    let (id, rest) = message_id(text)?;
    if !rest.starts_with(b"<= ") {
        return None;
    }
    let seconds = id[..6].iter().fold(0_i64, |n, &byte| n * 62 + i64::from(digit(byte)));
    let late = (i64::from(Stamp::parse(time)?.second) - seconds).rem_euclid(QUARTER);
    (late <= RECEPTION).then(|| Timestamp::from_seconds(seconds + late))
}

/// [`received_at`] by the header of a line.
pub fn proof(header: &Header<'_>) -> Option<Timestamp> {
    received_at(header.time, line(header).text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_both_lengths_are_told_from_other_words() {
        assert_eq!(
            message_id(b"1RwtJa-000AFB-07 Completed"),
            Some((&b"1RwtJa-000AFB-07"[..], &b"Completed"[..]))
        );
        let long = b"10HmaX-000000005vi-0000 <= a";
        assert_eq!(message_id(long).map(|(id, rest)| (id.len(), rest)), Some((23, &b"<= a"[..])));
        for text in
            ["Start queue run: pid=1", "1RwtJa-000AFB-07x", "1RwtJa-000AFB", "H=a-b.c-d [192.0.2.1]", ""]
        {
            assert_eq!(message_id(text.as_bytes()), None, "{text}");
        }
        let ids = ["1RwtJa-000AFB-07", "1RwtJa-000AFB-08", "1RwtJa-000AFb-07", "1RwtJa-0000000AFB0-0700"];
        let mut all = ids.map(|id| packed(id.as_bytes()));
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_same_text_comes_out_of_every_header() {
        for written in [
            "2012-02-13 14:39:22 1RwtJa-000AFB-07 Completed",
            "2012-02-13 14:39:22 [2249] 1RwtJa-000AFB-07 Completed",
            "2012-02-13 14:39:22.123 +0400 [2249] 1RwtJa-000AFB-07 Completed",
            "Feb 13 14:39:22 mx exim[2249]: 1RwtJa-000AFB-07 Completed",
            "Feb 13 14:39:22 mx exim[2249]: 2012-02-13 14:39:22 1RwtJa-000AFB-07 Completed",
            "2012-02-13T14:39:22+04:00 mx exim4[2249]: 2012-02-13 14:39:22 [7] 1RwtJa-000AFB-07 Completed",
        ] {
            let header = header(written.as_bytes()).unwrap();
            assert_eq!(line(&header).text, b"1RwtJa-000AFB-07 Completed", "{written}");
            assert!(written.contains("mx") == (header.host == b"mx"), "{written}");
        }
        assert_eq!(header(b"Feb 13 14:39:22 mx cron[2]: x"), Err(Skip::OtherProgram));
        assert_eq!(header(b"P Received: from x"), Err(Skip::Fragment));
        assert_eq!(header(b" "), Err(Skip::Header));
        assert!(is_exim(b"/usr/sbin/exim-out") && !is_exim(b"eximstats") && !is_exim(b"postfix/smtp"));
    }

    #[test]
    fn pieces_name_their_writer() {
        let written = b"Feb 13 14:39:22 mx exim[2249]: [2/3] more of it";
        let found = piece(written, &header(written).unwrap()).unwrap();
        assert_eq!((found.number, found.total, found.breaks_line), (2, 3, false));
        assert_eq!((found.writer, found.text), (&b" mx exim[2249]: "[..], &b"more of it"[..]));
        let broken = b"Feb 13 14:39:22 mx exim[2249]: [1\\2] more";
        assert!(piece(broken, &header(broken).unwrap()).unwrap().breaks_line);
        for text in ["[2249] 1RwtJa-000AFB-07 x", "[4/3] x", "[1/2", "x"] {
            let written = format!("Feb 13 14:39:22 mx exim[2249]: {text}");
            assert_eq!(piece(written.as_bytes(), &header(written.as_bytes()).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_reception_proves_its_instant() {
        let text = b"1RwtJa-0009RI-2d <= a@example.com P=local S=1";
        let utc = received_at(b"2012-02-13 14:39:23", text).unwrap();
        assert_eq!(utc.to_string(), "2012-02-13T10:39:23Z");
        assert_eq!(received_at(b"2012-02-13 14:42:23", text), None);
        assert_eq!(received_at(b"2012-02-13 14:39:23", b"1RwtJa-0009RI-2d Completed"), None);
    }
}
