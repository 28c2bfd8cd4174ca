//! The header of a log line: where its time, host, program and message stand.
//!
//! Accepts RFC 3164, RFC 3339 and RFC 5424 headers, priority tags, Solaris ids, Sophos times, octet counts, what
//! collections of cluster logs put before a line, and a second header inside the first (containers). What the message means is left to the formats.

use super::stamp::{Stamp, stamp_length};

/// What RFC 5424 puts before a message in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A log line in parts; all of them borrowed from the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header<'a> {
    /// The time as it is written.
    pub time: &'a [u8],
    /// The host, or empty.
    pub host: &'a [u8],
    /// The program without its process id, such as `postfix/smtp`.
    pub program: &'a [u8],
    /// What follows.
    pub message: &'a [u8],
}

impl<'a> Header<'a> {
    /// Finds the parts of a line, `None` where it does not begin like a log line.
    pub fn parse(line: &'a [u8]) -> Option<Header<'a>> {
        let line = without_collection(without_priority(without_nul(line)));
        let length = stamp_length(line)?;
        let (time, rest) = line.split_at(length);
        let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
        let (host, rest) = split_token(rest)?;
        // What stands first is no host where it ends as a program does, though an IPv6 address can end in a colon.
        if host.ends_with(b"]:") || host.ends_with(b":") && host.contains(&b'/') {
            return Self::without_host(time, host, rest);
        }
        Self::after_host(time, host, rest).or_else(|| Self::without_host(time, host, rest))
    }

    /// Reads an RFC 5424 line, whose program and process id are tokens of their own.
    pub fn parse_rfc5424(line: &'a [u8]) -> Option<Header<'a>> {
        let line = without_priority(without_nul(line)).strip_prefix(b"1 ")?;
        let (time, rest) = line.split_at(stamp_length(line)?);
        let (host, rest) = split_token(rest.strip_prefix(b" ")?)?;
        let (program, rest) = split_token(rest)?;
        let (_process, rest) = split_token(rest)?;
        let (_message_id, rest) = split_token(rest)?;
        let message = after_structured_data(rest)?.trim_ascii_start();
        let message = message.strip_prefix(BYTE_ORDER_MARK).unwrap_or(message);
        Some(Header { time, host, program: without_pid(program), message })
    }

    /// Reads a line of a mail system's own log, which begins with date and time and names neither host nor program.
    pub fn parse_bare(line: &'a [u8]) -> Option<Header<'a>> {
        let line = without_nul(line);
        if !line.first()?.is_ascii_digit() || line.get(10) != Some(&b' ') {
            return None;
        }
        let (time, rest) = line.split_at(stamp_length(line)?);
        Some(Header { time, host: b"", program: b"", message: rest.strip_prefix(b" ")? })
    }

    /// Reads a line that a mail system can write to its own log or hand to a syslog daemon, by the programs that are
    /// its own. Where such a line has a time of its own behind the header, that one has a year; where only the header
    /// states its zone, it stands for both.
    pub fn parse_own(line: &'a [u8], is_own: fn(&[u8]) -> bool) -> Option<Header<'a>> {
        let named = |header: &Header<'_>| !header.program.is_empty() && is_own(header.program);
        let outer = Header::parse_rfc5424(line).or_else(|| Header::parse(line));
        let own =
            outer.and_then(|outer| if named(&outer) { Some(outer) } else { outer.inner().filter(named) });
        let Some(own) = own else { return Header::parse_bare(line) };
        match Header::parse_bare(own.message) {
            Some(bare) if states_zone(own.time) && !states_zone(bare.time) => {
                Some(Header { message: bare.message, ..own })
            }
            Some(bare) => Some(Header { time: bare.time, message: bare.message, ..own }),
            None => Some(own),
        }
    }

    /// The header inside the message, as log drivers of containers leave it. Of the two times the inner one is
    /// nearer to the event; where only the outer one states its zone, it stands for both.
    pub fn inner(&self) -> Option<Header<'a>> {
        let inner = Header::parse(self.message)?;
        let time = if states_zone(self.time) && !states_zone(inner.time) { self.time } else { inner.time };
        Some(Header { time, ..inner })
    }

    /// The usual case: the program is the next word and ends with a colon; facility words may stand before it.
    fn after_host(time: &'a [u8], host: &'a [u8], mut rest: &'a [u8]) -> Option<Header<'a>> {
        for _ in 0..3 {
            let (word, after) = split_token(rest)?;
            if let Some(program) = word.strip_suffix(b":") {
                return Some(Header {
                    time,
                    host,
                    program: without_pid(program),
                    message: without_id(after),
                });
            }
            rest = after;
        }
        None
    }

    fn without_host(time: &'a [u8], word: &'a [u8], rest: &'a [u8]) -> Option<Header<'a>> {
        let program = without_pid(word.strip_suffix(b":")?);
        Some(Header { time, host: b"", program, message: without_id(rest) })
    }
}

/// Time and host of a line, and the bytes that tell them: a line that begins with the same ones has the same. Fractions
/// of a second may differ.
#[derive(Clone, Copy, Debug)]
pub struct Front<'a> {
    /// All up to the space behind the host, or up to the fraction.
    bytes: &'a [u8],
    /// What follows the digits of the fraction, up to there.
    behind_fraction: Option<&'a [u8]>,
    /// Where the time begins, and how much of what follows the fraction is of it.
    start: usize,
    zone: usize,
    time: &'a [u8],
    host: &'a [u8],
}

impl<'a> Front<'a> {
    /// The front of a line without NULs with this header; `None` where it may be told by what follows the host.
    pub fn of(line: &'a [u8], header: &Header<'a>) -> Option<Front<'a>> {
        let Header { time, host, .. } = *header;
        let offset = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
        let (start, end) = (offset(time), offset(host) + host.len());
        // Behind a tag, or at once: what else can come before the time is not followed here.
        let is_usual = match line.first()? {
            b'<' => start > 0,
            first => start == 0 && first.is_ascii_alphanumeric(),
        };
        let is_host = !host.is_empty() && !host.contains(&b':');
        let is_rfc5424 = without_priority(line).starts_with(b"1 ");
        if !is_usual || !is_host || is_rfc5424 || line.get(end) != Some(&b' ') {
            return None;
        }
        let whole = Front { bytes: &line[..=end], behind_fraction: None, start, zone: 0, time, host };
        let Some(point) = time.iter().position(|b| matches!(b, b'.' | b',')).filter(|&point| point >= 15)
        else {
            return Some(whole);
        };
        let (bytes, fraction) = line[..=end].split_at(start + point + 1);
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        let zone = time.len() - point - 1 - digits;
        Some(Front { bytes, behind_fraction: Some(&fraction[digits..]), zone, ..whole })
    }

    /// The header of a line that begins like this.
    #[inline]
    pub fn header_of(&self, line: &'a [u8]) -> Option<Header<'a>> {
        let (front, mut rest) = line.split_at_checked(self.bytes.len())?;
        if !is_same(front, self.bytes) {
            return None;
        }
        let (mut time, host) = (self.time, self.host);
        if let Some(behind) = self.behind_fraction {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            rest = rest[digits..].strip_prefix(behind)?;
            time = &line[self.start..front.len() + digits + self.zone];
        }
        match with_pid(rest) {
            Some((program, after)) => Some(Header { time, host, program, message: without_id(after) }),
            None => Header::after_host(time, host, rest),
        }
    }
}

/// Whether two texts of one length are the same. Those of a usual front are compared by their halves, which overlap.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    match (one.first_chunk::<16>(), one.last_chunk::<16>()) {
        (Some(first), Some(last)) if one.len() <= 32 => {
            let halves = other.first_chunk::<16>().zip(other.last_chunk::<16>());
            halves.is_some_and(|(other_first, other_last)| {
                u128::from_ne_bytes(*first) == u128::from_ne_bytes(*other_first)
                    && u128::from_ne_bytes(*last) == u128::from_ne_bytes(*other_last)
            })
        }
        _ => one == other,
    }
}

/// Splits `program[123]: message`, as most lines go on behind the host.
#[inline]
fn with_pid(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', rest)?;
    let word = rest[..end].strip_suffix(b"]:")?;
    let open = word.iter().rposition(|b| !b.is_ascii_digit())?;
    let is_usual = word[open] == b'[' && !word[0].is_ascii_whitespace();
    is_usual.then(|| (&word[..open], &rest[end + 1..]))
}

fn states_zone(time: &[u8]) -> bool {
    Stamp::parse(time).is_some_and(|stamp| stamp.offset.is_some())
}

/// Cuts what copytruncate and half-written pages leave: everything up to the last NUL.
fn without_nul(line: &[u8]) -> &[u8] {
    match memchr::memrchr(0, line) {
        Some(nul) => &line[nul + 1..],
        None => line,
    }
}

/// Cuts an octet count and a priority tag: `123 <22>`, `<mail.info>`.
fn without_priority(line: &[u8]) -> &[u8] {
    if line.first().is_some_and(u8::is_ascii_alphabetic) {
        return line;
    }
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    let counted = if digits > 0 { line[digits..].strip_prefix(b" <") } else { line.strip_prefix(b"<") };
    let Some(tagged) = counted else { return line };
    match memchr::memchr(b'>', &tagged[..tagged.len().min(24)]) {
        Some(end) => tagged[end + 1..].trim_ascii_start(),
        None => line,
    }
}

/// Cuts what collections of cluster logs put before a line: `- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 …`.
fn without_collection(line: &[u8]) -> &[u8] {
    let collected = |line: &'_ [u8]| -> Option<usize> {
        let rest = line.strip_prefix(b"- ")?;
        let (epoch, rest) = split_token(rest)?;
        let (date, rest) = split_token(rest)?;
        let (_host, rest) = split_token(rest)?;
        let formed = epoch.iter().all(u8::is_ascii_digit) && date.len() == 10 && date.get(4) == Some(&b'.');
        formed.then_some(line.len() - rest.len())
    };
    match line.first() {
        Some(b'-') => &line[collected(line).unwrap_or(0)..],
        _ => line,
    }
}

/// Cuts the structured data of RFC 5424: `-`, or elements in brackets, whose quoted values can hold brackets.
fn after_structured_data(text: &[u8]) -> Option<&[u8]> {
    if let Some(message) = text.strip_prefix(b"-") {
        return Some(message);
    }
    let (mut quoted, mut escaped) = (false, false);
    let end = text.iter().enumerate().position(|(at, byte)| {
        let ends = *byte == b']' && !quoted && text.get(at + 1) != Some(&b'[');
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    Some(&text[end.filter(|_| text.starts_with(b"["))? + 1..])
}

/// Splits at the first space; several spaces count as one. A last word has nothing after it.
fn split_token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return None;
    }
    match memchr::memchr(b' ', text) {
        Some(end) => Some((&text[..end], &text[end + 1..])),
        None => Some((text, b"")),
    }
}

fn without_pid(program: &[u8]) -> &[u8] {
    match memchr::memrchr(b'[', program) {
        Some(start) if program.ends_with(b"]") => &program[..start],
        _ => program,
    }
}

/// Cuts the `[ID 197553 mail.info]` of Solaris and the wrapper of rsyslog's `message repeated N times: [ … ]`.
fn without_id(message: &[u8]) -> &[u8] {
    let Some(&first) = message.first() else { return message };
    if first == b'[' && message.starts_with(b"[ID ") {
        let end = memchr::memmem::find(message, b"] ").map_or(message.len(), |end| end + 2);
        return &message[end..];
    }
    if first == b'm' && message.starts_with(b"message repeated ") {
        let inner = memchr::memmem::find(message, b": [").map(|start| &message[start + 3..]);
        return inner.map_or(message, |inner| inner.strip_suffix(b"]").unwrap_or(inner).trim_ascii_start());
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::names::decode;
    use proptest::prelude::*;

    fn parts(line: &str) -> Option<(&str, &str, &str, &str)> {
        let header = Header::parse_rfc5424(line.as_bytes()).or_else(|| Header::parse(line.as_bytes()))?;
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        Some((text(header.time), text(header.host), text(header.program), text(header.message)))
    }

    fn any_line() -> impl Strategy<Value = String> {
        let pieces = [
            vec!["", "", "", "<22>", "<mail.info>", "12 <22>", "<22>1 ", "1 ", "- ", "<"],
            vec![
                "Oct  1 04:52:30",
                "Oct  1 04:52:30.12",
                "2014-04-01T04:52:30+02:00",
                "2014-04-01T04:52:30.1+02:00",
                "2014-04-01T04:52:30.123456+02:00",
                "2014-04-01 04:52:30,5",
                "2014-04-01 04:52:30.7 +0200",
                "2014:04:01-04:52:30",
                "O.t,b  1 04:52:30",
            ],
            vec![" ", " ", " ", ": ", "  ", ":  ", ""],
            vec!["h", "h", "h2", "+0200", "-12345", "12", "h:", "p/smtp[1]:", "2001:db8::", "h.e,f"],
            vec![" ", " ", " ", "  ", ""],
            vec![
                "p/smtp[12]: ",
                "p/smtp[3]: ",
                "p/smtp: ",
                "mail.info p/smtp[1]: ",
                "p[a]: ",
                "[1]: ",
                "\tp[1]: ",
                "> ",
            ],
            vec!["A1: removed", "[ID 1 mail.info] A1: removed", "", " x", "1 - - - x"],
        ];
        pieces.map(prop::sample::select).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_line_that_begins_like_another_has_the_header_that_it_has_by_itself(
            mut lines in proptest::collection::vec(any_line(), 2),
            alike in any::<bool>(),
            cut in 0_usize..60,
        ) {
            if alike {
                let (first, second) = (lines[0].clone(), lines[1].clone());
                lines[1] = first.chars().take(cut).chain(second.chars().skip(cut)).collect();
            }
            let [one, other] = [lines[0].as_bytes(), lines[1].as_bytes()];
            let whole = |line: &'_ [u8]| {
                let header = Header::parse_rfc5424(line).or_else(|| Header::parse(line));
                header.map(|header| [header.time, header.host, header.program, header.message].map(<[u8]>::to_vec))
            };
            if let Some(header) = Header::parse_rfc5424(one).or_else(|| Header::parse(one))
                && let Some(front) = Front::of(one, &header)
            {
                for line in [one, other] {
                    if let Some(found) = front.header_of(line) {
                        let found = [found.time, found.host, found.program, found.message].map(<[u8]>::to_vec);
                        prop_assert_eq!(whole(line), Some(found));
                    }
                }
                prop_assert!(front.header_of(one).is_some());
            }
        }
    }

    #[test]
    fn what_a_collection_put_before_a_line_is_cut() {
        let line = "- 1131566490 2005.11.09 eadmin1 Nov 9 12:01:30 src@eadmin1 sendmail[4306]: text";
        assert_eq!(parts(line), Some(("Nov 9 12:01:30", "src@eadmin1", "sendmail", "text")));
        assert_eq!(parts("- not a date host Nov 9 12:01:30 h p[1]: text"), None);
    }

    #[test]
    fn every_header_gives_its_parts() {
        let rfc3164 = Some(("Apr  1 04:52:30", "relay", "postfix/smtp", "A1: removed"));
        for line in [
            "Apr  1 04:52:30 relay postfix/smtp[25446]: A1: removed",
            "<22>Apr  1 04:52:30 relay postfix/smtp[25446]: A1: removed",
            "<mail.info>Apr  1 04:52:30 relay postfix/smtp[25446]: A1: removed",
            "67 <22>Apr  1 04:52:30 relay postfix/smtp[25446]: A1: removed",
            "Apr  1 04:52:30 relay postfix/smtp: A1: removed",
            "Apr  1 04:52:30 relay mail.info postfix/smtp[25446]: A1: removed",
            "Apr  1 04:52:30 relay postfix/smtp[25446]: [ID 197553 mail.info] A1: removed",
            "Apr  1 04:52:30 relay postfix/smtp[25446]: message repeated 2 times: [ A1: removed]",
            "cut off\0\0\0Apr  1 04:52:30 relay postfix/smtp[25446]: A1: removed",
        ] {
            assert_eq!(parts(line), rfc3164, "{line}");
        }
        let rfc3339 = "2023-03-14T00:00:31.185246+01:00";
        let expected = Some((rfc3339, "relay", "postfix/smtp", "A1: removed"));
        assert_eq!(parts(&format!("{rfc3339} relay postfix/smtp[7]: A1: removed")), expected);
        assert_eq!(parts(&format!("<22>1 {rfc3339} relay postfix/smtp 7 - - A1: removed")), expected);
        assert_eq!(
            parts(&format!("<22>1 {rfc3339} relay postfix/smtp 7 - [a b=\"c\"] A1: removed")),
            expected
        );
        for data in [r#"[a b="x] y"]"#, r#"[a b="x\"] y"][c d="1"]"#, r#"[a b="\\"]"#, "-"] {
            assert_eq!(
                parts(&format!("<22>1 {rfc3339} relay postfix/smtp 7 - {data} A1: removed")),
                expected,
                "{data}"
            );
        }
        assert_eq!(parts(&format!("<22>1 {rfc3339} relay postfix/smtp 7 - - \u{feff}A1: removed")), expected);
        assert_eq!(parts(&format!("<22>1 {rfc3339} relay postfix/smtp[4] - - - A1: removed")), expected);
        let no_host = parts("Apr  1 04:52:30 postfix/smtp[7]: A1:removed x");
        assert_eq!(no_host, Some(("Apr  1 04:52:30", "", "postfix/smtp", "A1:removed x")));
        for program in ["postfix/smtp[7]", "postfix/smtp"] {
            let line = format!("{rfc3339} {program}: AAAA1111BB: removed");
            assert_eq!(parts(&line), Some((rfc3339, "", "postfix/smtp", "AAAA1111BB: removed")));
        }
        let address = parts("Apr  1 04:52:30 2001:db8:: postfix/smtp[7]: A1: removed");
        assert_eq!(address, Some(("Apr  1 04:52:30", "2001:db8::", "postfix/smtp", "A1: removed")));
    }

    #[test]
    fn a_log_of_its_own_has_neither_host_nor_program() {
        let own = |line: &'static str| {
            let header =
                Header::parse_own(line.as_bytes(), |program| program.is_empty() || program == b"exim");
            header.map(|header| {
                [header.time, header.host, header.message].map(|part| decode(part).into_owned())
            })
        };
        let parts = |time: &str, host: &str, text: &str| Some([time, host, text].map(str::to_owned));
        let time = "2026-10-05 10:00:01";
        assert_eq!(own("2026-10-05 10:00:01 A => b: c"), parts(time, "", "A => b: c"));
        assert_eq!(
            own("2026-10-05 10:00:01 exim 4.97 daemon started: x"),
            parts(time, "", "exim 4.97 daemon started: x")
        );
        assert_eq!(own("2026-10-05 10:00:01 mx exim[7]: A"), parts(time, "mx", "A"));
        assert_eq!(own("Oct  5 10:00:01 mx exim[7]: 2026-10-05 10:00:01 A"), parts(time, "mx", "A"));
        let zoned = "2026-10-05T10:00:01+02:00";
        assert_eq!(own("2026-10-05T10:00:01+02:00 mx exim: 2026-10-05 10:00:01 A"), parts(zoned, "mx", "A"));
        assert_eq!(own("Oct  5 10:00:01 mx cron[7]: A"), None);
    }

    #[test]
    fn other_text_is_no_header() {
        for line in
            ["", "ir/)", "\tcontinued", "Apr  1 04:52:30", "Apr  1 04:52:30 relay", "<22>", "\0\0\0", "1 "]
        {
            assert_eq!(parts(line), None, "{line}");
        }
    }
}
