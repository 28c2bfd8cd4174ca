//! OpenSMTPD lines: which session and message they name and what they say.
//!
//! What follows from a line for a message is left to [`super::follow`].

use crate::ingest::handover::{find, leading_number};
use crate::ingest::syslog::message::Status;

/// Session, agent and event of `5df87c903d709659 smtp message msgid=…`, in older releases `… smtp event=message …`.
pub fn parts(message: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (session, rest) = message.split_at_checked(16)?;
    let rest = rest.strip_prefix(b" ").filter(|_| session.iter().all(u8::is_ascii_hexdigit))?;
    let (agent, rest) = rest.split_at(memchr::memchr(b' ', rest)?);
    let formed =
        matches!(agent, b"smtp" | b"mta" | b"mda" | b"queue" | b"scheduler" | b"smtp-in" | b"smtp-out");
    let event = rest.strip_prefix(b" ").filter(|_| formed)?;
    Some((session, agent, event.strip_prefix(b"event=").unwrap_or(event)))
}

/// One delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery<'a> {
    /// The recipient.
    pub to: &'a [u8],
    /// Name and address of the next host.
    pub relay: (&'a [u8], &'a [u8]),
    /// What became of it.
    pub status: Status,
    /// What the next host said.
    pub reply: &'a [u8],
    /// Whether it went to a mailbox or command of this host.
    pub local: bool,
}

/// What a line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A session begins.
    Connected {
        /// The host's name, or `<unknown>`.
        name: &'a [u8],
        /// Its address, or `local`.
        ip: &'a [u8],
    },
    /// The session's user.
    User(&'a [u8]),
    /// A message was taken in.
    Message {
        /// Its number.
        id: &'a [u8],
        /// Bytes, `None` where they cannot be read.
        size: Option<u64>,
        /// Recipients, `None` where they cannot be read.
        recipients: Option<u64>,
        /// The envelope sender, where the line tells it.
        from: Option<&'a [u8]>,
    },
    /// The sender of a message.
    Envelope {
        /// The message's number.
        id: &'a [u8],
        /// The envelope sender.
        from: &'a [u8],
    },
    /// What became of a recipient.
    Delivery {
        /// The message's number.
        id: &'a [u8],
        /// The envelope sender.
        from: &'a [u8],
        /// The delivery.
        delivery: Delivery<'a>,
    },
    /// A line that is cut: what was expected.
    Cut(&'static str),
    /// A sender, a recipient or a text was refused.
    NotAccepted,
    /// A session ends.
    Disconnected,
    /// Anything else.
    Note,
}

impl<'a> Event<'a> {
    /// Reads the text of an event.
    pub fn parse(agent: &[u8], text: &'a [u8]) -> Event<'a> {
        let from = || address(text, b" from=<");
        if text.starts_with(b"connected ") && agent.starts_with(b"smtp") {
            let ip = word(text, b" address=").unwrap_or_default();
            return Event::Connected { name: word(text, b" host=").unwrap_or_default(), ip: bare(ip) };
        }
        if text.starts_with(b"authentication ") && find(text, b"result=ok").is_some() {
            return Event::User(word(text, b" user=").unwrap_or_default());
        }
        if text.starts_with(b"disconnected") || text.starts_with(b"closed") {
            return Event::Disconnected;
        }
        if text.starts_with(b"message ") {
            let Some(id) = id(text, b" msgid=") else { return Event::Cut("'msgid=' with 8 digits") };
            let number = |key: &[u8]| whole_number(text, key);
            let recipients = number(b" nrcpt=").or_else(|| number(b" ndest="));
            return Event::Message { id, size: number(b" size="), recipients, from: from() };
        }
        if text.starts_with(b"envelope ") {
            let parts = id(text, b" evpid=").zip(from());
            return parts
                .map_or(Event::Cut("'evpid=' and 'from='"), |(id, from)| Event::Envelope { id, from });
        }
        if text.starts_with(b"failed-command ") {
            const ASKS: [&[u8]; 3] = [b"command=\"MAIL", b"command=\"RCPT", b"command=\"DATA"];
            let asks = ASKS.iter().any(|command| find(text, command).is_some());
            return if asks { Event::NotAccepted } else { Event::Note };
        }
        if find(text, b"evpid=").is_none() || find(text, b" to=<").is_none() {
            return Event::Note;
        }
        let parts = id(text, b" evpid=").zip(from()).zip(address(text, b" to=<"));
        let Some(((id, from), to)) = parts else { return Event::Cut("'evpid=', 'from=' and 'to='") };
        Event::Delivery { id, from, delivery: delivery(text, to, agent == b"mda") }
    }
}

fn delivery<'a>(text: &'a [u8], to: &'a [u8], local: bool) -> Delivery<'a> {
    // A reply can hold anything, so nothing is looked for in it.
    let (keys, reply) = match find(text, b" stat=") {
        Some(at) => (&text[..at], &text[at + 6..]),
        None => (text, &b""[..]),
    };
    let status = match word(keys, b" result=").unwrap_or_default() {
        b"Ok" => Status::Sent,
        b"TempFail" => Status::Deferred,
        b"" => Status::Unknown,
        _ => Status::Bounced,
    };
    let relay = find(keys, b" relay=\"").map_or(&b""[..], |at| &keys[at + 8..]);
    let relay = &relay[..memchr::memchr(b'"', relay).unwrap_or(relay.len())];
    let (ip, name) = relay.split_at(find(relay, b" (").unwrap_or(relay.len()));
    let name = name.strip_prefix(b" (").map_or(name, |name| name.strip_suffix(b")").unwrap_or(name));
    Delivery { to, relay: (name, bare(ip)), status, reply, local }
}

/// The text between angle brackets after a key.
fn address<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let inner = &text[find(text, key)? + key.len()..];
    Some(&inner[..memchr::memchr(b'>', inner)?])
}

/// The word after a key, without the quotes that some releases put around it.
fn word<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let word = &text[find(text, key)? + key.len()..];
    let word = &word[..memchr::memchr(b' ', word).unwrap_or(word.len())];
    Some(word.strip_prefix(b"\"").map_or(word, |word| word.strip_suffix(b"\"").unwrap_or(word)))
}

/// The number of the message: the first eight digits of its own or an envelope's id.
fn id<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = find(text, key)? + key.len();
    text.get(at..at + 8).filter(|id| id.iter().all(u8::is_ascii_hexdigit))
}

/// A number that something follows: one at the end of a line may have been cut.
fn whole_number(text: &[u8], key: &[u8]) -> Option<u64> {
    let digits = &text[find(text, key)? + key.len()..];
    digits.contains(&b' ').then(|| leading_number(digits))?
}

/// An address without the brackets of IPv6.
fn bare(ip: &[u8]) -> &[u8] {
    ip.strip_prefix(b"[").map_or(ip, |ip| ip.strip_suffix(b"]").unwrap_or(ip))
}

/// The number under which another OpenSMTPD took a message: `250 2.0.0: f6e94209 Message accepted for delivery`.
pub fn next_id(reply: &[u8]) -> Option<&[u8]> {
    let before = &reply[..find(reply, b" Message accepted for delivery")?];
    let id = before.get(before.len().checked_sub(8)?..)?;
    id.iter().all(u8::is_ascii_hexdigit).then_some(id)
}
