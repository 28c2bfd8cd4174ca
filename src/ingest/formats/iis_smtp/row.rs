//! One row of an IIS log, whatever its file format: who said what, and what was answered.
//!
//! How a row is split into cells is left to `shape`, what rows mean together to `follow`.

use crate::ingest::delimited::plain_digits;

/// A row, with empty texts where the log has `-` or no such column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Row<'a> {
    /// Day, as it is written.
    pub(super) date: &'a [u8],
    /// Time of day, as it is written.
    pub(super) time: &'a [u8],
    /// Address of the other side.
    pub(super) client: &'a [u8],
    /// What the client called itself, or which side of an outbound connection this is.
    pub(super) name: &'a [u8],
    /// The service: `SMTPSVC1`.
    pub(super) service: &'a [u8],
    /// The name of the computer.
    pub(super) server: &'a [u8],
    /// The protocol: `SMTP`.
    pub(super) protocol: &'a [u8],
    /// The command; empty in answers of other servers.
    pub(super) command: &'a [u8],
    /// What follows the command.
    pub(super) query: &'a [u8],
    /// The answer's code. 0 where the service logs none.
    pub(super) status: Option<u32>,
    /// Bytes that the client sent.
    pub(super) received: Option<u64>,
}

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// A client names the sender.
    Mail,
    /// A client names a recipient.
    Recipient,
    /// A client hands in a message.
    Data,
    /// A client hands in a message or a piece of it.
    Piece,
    /// A client takes back what it began.
    Reset,
    /// A client says hello.
    Hello,
    /// A client encrypts its connection, and says hello once more.
    Encrypt,
    /// A client leaves.
    Quit,
    /// A client asks about an address.
    Probe,
    /// Anything else that a client says.
    Talk,
    /// The service hands a message on.
    HandOver,
    /// The service talks with another server.
    Outbound,
    /// A row of another service.
    Foreign,
}

/// What an answer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// Yes, or the log does not say: a service that refuses a command logs its code.
    Accepted,
    /// Go on.
    Continue,
    /// No.
    Refused,
}

impl Row<'_> {
    /// What the row is about.
    pub(super) fn act(&self) -> Act {
        if !self.is_smtp() {
            return Act::Foreign;
        }
        // `MAIL FROM` and `RCPT TO` in some versions.
        let word = self.command.split(|byte| *byte == b' ').next().unwrap_or_default();
        let act = act_of(word);
        if !starts_with(self.name, b"OutboundConnection") {
            return act;
        }
        match act {
            Act::Mail | Act::Recipient | Act::Data | Act::Piece => Act::HandOver,
            _ => Act::Outbound,
        }
    }

    /// Whether an SMTP service wrote the row. Services that share a log are told apart by their name, else by the
    /// protocol, else by the commands that only web servers know.
    pub(super) fn is_smtp(&self) -> bool {
        match (self.service, self.protocol) {
            ([], []) => !is_web_command(self.command),
            ([], protocol) => protocol.eq_ignore_ascii_case(b"SMTP"),
            (service, _) => starts_with(service, b"SMTPSVC"),
        }
    }

    /// Whether the row itself shows that an SMTP service wrote it.
    pub(super) fn is_surely_smtp(&self) -> bool {
        let has_mark = !self.service.is_empty() || self.protocol.eq_ignore_ascii_case(b"SMTP");
        self.is_smtp() && (has_mark || !matches!(self.act(), Act::Talk | Act::Outbound))
    }

    /// What the answer means.
    pub(super) fn answer(&self) -> Answer {
        match self.status {
            None | Some(0 | 200..=299) => Answer::Accepted,
            Some(300..=399) => Answer::Continue,
            Some(_) => Answer::Refused,
        }
    }
}

/// What a command is about.
pub(super) fn act_of(command: &[u8]) -> Act {
    const ACTS: [(&[u8], Act); 11] = [
        (b"MAIL", Act::Mail),
        (b"RCPT", Act::Recipient),
        (b"DATA", Act::Data),
        (b"BDAT", Act::Piece),
        (b"RSET", Act::Reset),
        (b"HELO", Act::Hello),
        (b"EHLO", Act::Hello),
        (b"QUIT", Act::Quit),
        (b"VRFY", Act::Probe),
        (b"EXPN", Act::Probe),
        (b"STARTTLS", Act::Encrypt),
    ];
    let known = ACTS.iter().find(|(name, _)| command.eq_ignore_ascii_case(name));
    known.map_or(Act::Talk, |(_, act)| *act)
}

fn is_web_command(command: &[u8]) -> bool {
    const WEB: [&[u8]; 12] = [
        b"GET",
        b"HEAD",
        b"POST",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"PATCH",
        b"TRACE",
        b"CONNECT",
        b"PROPFIND",
        b"REPORT",
        b"RPC_IN_DATA",
    ];
    WEB.iter().any(|web| command.eq_ignore_ascii_case(web))
}

/// Whether a text begins with a word in any case of letters.
pub(super) fn starts_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// An address of a `MAIL` or `RCPT` row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Address<'a> {
    /// What is between the angle brackets, or stands for it.
    Of(&'a [u8]),
    /// `<>`.
    Null,
    /// The row does not say.
    Unknown,
}

/// The address in `+From:+<app@example.com>+SIZE=2884`, `FROM:app@example.com`, `FROM:+<...` or, in copies from
/// web pages, `FROM:&lt;app@example.com&gt;`. A `+` stands for a space, and for itself inside an address.
pub(super) fn address<'a>(query: &'a [u8], word: &[u8]) -> Address<'a> {
    let text = without_spaces(query);
    let text = match starts_with(text, word) {
        true => without_spaces(&text[word.len()..]),
        false => text,
    };
    let (Some(inner), closing) = opened(text) else {
        return match bare(text) {
            [] => Address::Unknown,
            address => Address::Of(address),
        };
    };
    // A line that was cut inside the address has no closing bracket.
    let end = memchr::memmem::find(inner, closing).unwrap_or_else(|| bare(inner).len());
    match without_spaces(inner.get(..end).unwrap_or(inner)) {
        [] if end < inner.len() => Address::Null,
        [] => Address::Unknown,
        address => Address::Of(without_route(address)),
    }
}

/// What follows an opening bracket, and the closing one that belongs to it.
fn opened(text: &[u8]) -> (Option<&[u8]>, &'static [u8]) {
    match text.strip_prefix(b"<") {
        Some(inner) => (Some(inner), b">"),
        None => (text.strip_prefix(b"&lt;"), b"&gt;"),
    }
}

/// An address without brackets: up to the first space behind its `@`.
fn bare(text: &[u8]) -> &[u8] {
    let at = memchr::memchr(b'@', text).unwrap_or(0);
    let space = memchr::memchr2(b'+', b' ', text.get(at..).unwrap_or_default());
    text.get(..space.map_or(text.len(), |space| at + space)).unwrap_or(text)
}

/// An address without the hosts that a source route puts before it: `@one.example:jo@two.example`.
fn without_route(address: &[u8]) -> &[u8] {
    match (address.first(), memchr::memrchr(b':', address)) {
        (Some(b'@'), Some(colon)) => address.get(colon + 1..).unwrap_or(address),
        _ => address,
    }
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b'+' | b' ');
    let begin = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(begin, |last| last + 1);
    text.get(begin..end).unwrap_or_default()
}

/// The size that a client declares in a `MAIL` row: `SIZE=2884`.
pub(super) fn declared_size(query: &[u8]) -> Option<u64> {
    let behind = memchr::memmem::rfind_iter(query, b"=").find_map(|equals| {
        let name = query.get(equals.checked_sub(5)?..equals)?;
        let is_size = matches!(name.first(), Some(b'+' | b' ')) && name[1..].eq_ignore_ascii_case(b"SIZE");
        is_size.then(|| &query[equals + 1..])
    })?;
    let digits = behind.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(behind.len());
    plain_digits(&behind[..digits]).filter(|size| *size > 0)
}

/// What a `BDAT` row says of its piece: the bytes, and whether it is the last one. A row with a Message-ID closes
/// the message as the one of `DATA` does.
pub(super) fn piece(query: &[u8]) -> (u64, bool) {
    let text = without_spaces(query);
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let Some(bytes) = plain_digits(&text[..digits]) else { return (0, true) };
    (bytes, without_spaces(&text[digits..]).eq_ignore_ascii_case(b"LAST"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_read_in_every_spelling() {
        let from = |query: &str| match address(query.as_bytes(), b"FROM:") {
            Address::Of(address) => String::from_utf8_lossy(address).into_owned(),
            other => format!("{other:?}"),
        };
        for query in [
            "+From:+<app@example.com>",
            "+FROM:app@example.com",
            "FROM:<app@example.com>+SIZE=2884",
            "FROM:+<app@example.com>+SIZE=2884",
            "FROM:&lt;app@example.com&gt;+BODY=8BITMIME",
            "From:app@example.com+SIZE=12",
            "FROM: <app@example.com>",
            "FROM:<@relay.example,@b.example:app@example.com>",
            "FROM:<app@example.com",
            "<app@example.com>",
        ] {
            assert_eq!(from(query), "app@example.com", "{query}");
        }
        assert_eq!(from("FROM:<news+42@example.com>"), "news+42@example.com");
        assert_eq!(from("FROM:news+42@example.com+SIZE=1"), "news+42@example.com");
        assert_eq!(from("+From:+<root>"), "root");
        assert_eq!((from("FROM:<>"), from("FROM:+<+>"), from("FROM:&lt;&gt;")), null3());
        assert_eq!((from(""), from("FROM:"), from("FROM:+<")), unknown3());
    }

    fn null3() -> (String, String, String) {
        ("Null".into(), "Null".into(), "Null".into())
    }

    fn unknown3() -> (String, String, String) {
        ("Unknown".into(), "Unknown".into(), "Unknown".into())
    }

    #[test]
    fn sizes_and_pieces_are_read() {
        assert_eq!(declared_size(b"FROM:<a@x.com>+SIZE=2884+BODY=7BIT"), Some(2884));
        assert_eq!(declared_size(b"FROM:<a@x.com>+size=2884"), Some(2884));
        assert_eq!(declared_size(b"FROM:<a+SIZE=3@x.com>+BODY=7BIT"), Some(3));
        assert_eq!(declared_size(b"FROM:<a@x.com>+SIZE=0"), None);
        assert_eq!(declared_size(b"FROM:<a=b@x.com>"), None);
        assert_eq!(piece(b"+2048+LAST"), (2048, true));
        assert_eq!(piece(b"+2048"), (2048, false));
        assert_eq!(piece(b"<1@mx1.example.com>"), (0, true));
        assert_eq!(piece(b""), (0, true));
    }

    #[test]
    fn rows_are_told_apart_by_service_protocol_and_command() {
        let smtp = Row { service: b"SMTPSVC1", command: b"RCPT TO", ..Row::default() };
        assert_eq!((smtp.act(), smtp.is_surely_smtp()), (Act::Recipient, true));
        let out = Row { name: b"OutboundConnectionCommand", command: b"MAIL", ..smtp };
        assert_eq!(out.act(), Act::HandOver);
        assert_eq!(Row { command: b"", ..out }.act(), Act::Outbound);
        assert_eq!(Row { command: b"xxxx", ..smtp }.act(), Act::Talk);
        let web = Row { service: b"W3SVC1", command: b"GET", ..Row::default() };
        assert_eq!(web.act(), Act::Foreign);
        assert_eq!(Row { service: b"", ..web }.act(), Act::Foreign);
        assert_eq!(Row { protocol: b"HTTP/1.1", command: b"MAIL", ..Row::default() }.act(), Act::Foreign);
        assert!(!Row { command: b"xxxx", ..Row::default() }.is_surely_smtp());
        assert!(Row { command: b"data", ..Row::default() }.is_surely_smtp());
    }
}
