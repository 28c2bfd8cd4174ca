//! SMTP commands and replies as protocol logs write them.
//!
//! What they mean for a message is left to `protocol`.

/// A command of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command<'a> {
    /// `EHLO` or `HELO` with the client's name.
    Hello(&'a [u8]),
    /// `MAIL FROM` with sender and declared size.
    Mail { sender: &'a [u8], size: Option<u64> },
    /// `RCPT TO`.
    Recipient(&'a [u8]),
    /// `DATA`.
    Data,
    /// `BDAT` with the bytes of this chunk.
    Chunk { bytes: u64, last: bool },
    /// `RSET`.
    Reset,
    /// `XPROXY` or `XPROXYFROM`: the front end hands on a session of this id, from this client.
    Proxied { session: &'a [u8], ip: &'a [u8], name: &'a [u8] },
    /// `X-ANONYMOUSTLS` or `X-EXPS`, which only Exchange servers say to each other.
    Exchange,
    /// Any other.
    Other,
}

/// A reply of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reply<'a> {
    pub(super) code: u32,
    /// Whether the next line goes on with it.
    pub(super) goes_on: bool,
    pub(super) text: &'a [u8],
}

impl Reply<'_> {
    /// Whether it says yes.
    pub(super) fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether it says that a message was taken.
    pub(super) fn is_queued(&self) -> bool {
        self.is_positive() && memchr::memmem::find(self.text, b"Queued mail for delivery").is_some()
    }
}

/// Reads a command.
pub(super) fn command(data: &[u8]) -> Command<'_> {
    let verb_end = data.iter().position(|byte| matches!(byte, b' ' | b':')).unwrap_or(data.len());
    let (verb, rest) = data.split_at(verb_end);
    let is = |name: &str| verb.eq_ignore_ascii_case(name.as_bytes());
    let argument = rest.trim_ascii();
    match verb.first().map(u8::to_ascii_uppercase) {
        Some(b'M') if is("MAIL") => {
            let (sender, parameters) = path(after_colon(argument));
            Command::Mail { sender, size: parameter(parameters, b"SIZE=").and_then(number) }
        }
        Some(b'R') if is("RCPT") => Command::Recipient(path(after_colon(argument)).0),
        Some(b'R') if is("RSET") => Command::Reset,
        Some(b'D') if is("DATA") => Command::Data,
        Some(b'B') if is("BDAT") => {
            let mut words = argument.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
            let bytes = words.next().and_then(number).unwrap_or(0);
            let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"LAST"));
            Command::Chunk { bytes, last }
        }
        Some(b'E' | b'H') if is("EHLO") || is("HELO") => Command::Hello(argument),
        Some(b'X') if is("XPROXY") || is("XPROXYFROM") => {
            let value = |name| parameter(argument, name).unwrap_or_default();
            Command::Proxied { session: value(b"SID="), ip: value(b"IP="), name: value(b"DOMAIN=") }
        }
        Some(b'X') if is("X-ANONYMOUSTLS") || is("X-EXPS") => Command::Exchange,
        _ => Command::Other,
    }
}

/// Reads a reply; `None` where a line is none.
pub(super) fn reply(data: &[u8]) -> Option<Reply<'_>> {
    let code = number(data.get(..3)?)? as u32;
    let goes_on = data.get(3) == Some(&b'-');
    Some(Reply { code, goes_on, text: data.get(4..).unwrap_or_default() })
}

/// The id between `<` and `>` that a reply names, or that stands behind `InternetMessageId`.
pub(super) fn message_id(text: &[u8]) -> Option<&[u8]> {
    let begin = memchr::memchr(b'<', text)?;
    let id = &text[begin + 1..];
    Some(&id[..memchr::memchr(b'>', id)?]).filter(|id| !id.is_empty())
}

/// The place in a queue that a reply names: `[InternalId=123, Hostname=EX01.contoso.com]`.
pub(super) fn queue_place(text: &[u8]) -> Option<&[u8]> {
    let place = &text[memchr::memmem::find(text, b"[InternalId=")?..];
    Some(&place[..memchr::memchr(b']', place)?])
}

/// The bytes that a reply says were taken: `1234 bytes in 0.101, 11.9 KB/sec`.
pub(super) fn bytes_taken(text: &[u8]) -> Option<u64> {
    let before = text[..memchr::memmem::find(text, b" bytes in ")?].trim_ascii_end();
    let begin = before.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    number(&before[begin..])
}

fn after_colon(argument: &[u8]) -> &[u8] {
    memchr::memchr(b':', argument).map_or(&b""[..], |at| argument[at + 1..].trim_ascii())
}

/// An address in angle brackets or not, and what stands behind it.
fn path(text: &[u8]) -> (&[u8], &[u8]) {
    match text {
        [b'<', inner @ ..] => {
            let mut quoted = false;
            let closes = |byte: &u8| {
                quoted ^= *byte == b'"';
                !quoted && *byte == b'>'
            };
            let end = inner.iter().position(closes).unwrap_or(inner.len());
            (&inner[..end], inner.get(end + 1..).unwrap_or_default())
        }
        _ => text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len())),
    }
}

/// The value of a parameter: `SIZE=123`.
fn parameter<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b' ').find_map(|word| {
        let (start, value) = word.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |value: u64, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_their_parameters() {
        assert_eq!(
            command(b"MAIL FROM:<app@contoso.com> SIZE=1234 BODY=8BITMIME"),
            Command::Mail { sender: b"app@contoso.com", size: Some(1234) }
        );
        assert_eq!(command(b"mail from: <> size=0"), Command::Mail { sender: b"", size: Some(0) });
        assert_eq!(command(b"MAIL FROM:a@x.com"), Command::Mail { sender: b"a@x.com", size: None });
        assert_eq!(command(b"RCPT TO:<\"a>b\"@x.com> NOTIFY=NEVER"), Command::Recipient(b"\"a>b\"@x.com"));
        assert_eq!(command(b"BDAT 70 LAST"), Command::Chunk { bytes: 70, last: true });
        assert_eq!(command(b"BDAT 70"), Command::Chunk { bytes: 70, last: false });
        assert_eq!(
            command(b"XPROXYFROM SID=08DC IP=192.0.2.7 PORT=5 DOMAIN=app1.example SEQNUM=1"),
            Command::Proxied { session: b"08DC", ip: b"192.0.2.7", name: b"app1.example" }
        );
        assert_eq!(command(b"X-EXPS EXCHANGEAUTH SHA256"), Command::Exchange);
        assert_eq!([command(b"QUIT"), command(b""), command(b"MAILER")], [Command::Other; 3]);
    }

    #[test]
    fn replies_tell_code_size_and_place() {
        let text = b"250 2.6.0 <1@app> [InternalId=7, Hostname=EX01] 1234 bytes in 0.1, 9 KB/sec Queued mail for delivery";
        let reply = reply(text).unwrap();
        assert!(reply.is_queued() && !reply.goes_on);
        assert_eq!(message_id(reply.text), Some(&b"1@app"[..]));
        assert_eq!(queue_place(reply.text), Some(&b"[InternalId=7, Hostname=EX01"[..]));
        assert_eq!(bytes_taken(reply.text), Some(1234));
        assert_eq!(super::reply(b"250-SIZE").map(|reply| (reply.code, reply.goes_on)), Some((250, true)));
        assert_eq!(super::reply(b"None"), None);
        assert_eq!((bytes_taken(b"x bytes in "), message_id(b"<>"), queue_place(b"[x]")), (None, None, None));
    }
}
