//! Postfix lines: which daemon wrote them, for which queue id, and what they say.
//!
//! Keys are read from left to right up to the `(` of the status, since reply texts can hold anything. What follows
//! from a line for a message is left to [`super::message`].

use crate::ingest::handover::{find, host_parts, leading_number};

/// The programs of Postfix that write lines, by what the lines are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Daemon {
    /// Takes mail from the network.
    Smtpd,
    /// Takes mail from local programs.
    Pickup,
    /// Writes messages into the queue.
    Cleanup,
    /// Schedules deliveries.
    Qmgr,
    /// Delivers to other hosts.
    Smtp,
    /// Delivers over LMTP, usually to mailboxes.
    Lmtp,
    /// Delivers on this host.
    Local,
    /// Delivers through a command.
    Pipe,
    /// Writes failed or deferred deliveries without trying.
    Error,
    /// Throws mail away on purpose.
    Discard,
    /// Makes bounces and delay notices.
    Bounce,
    /// The administrator's queue tool.
    Postsuper,
    /// All others: connections, tables, statistics.
    Other,
}

impl Daemon {
    /// The daemon of a program such as `postfix-mx/submission/smtpd`; `None` where it is not Postfix.
    pub fn of(program: &[u8]) -> Option<Daemon> {
        let slash = memchr::memrchr(b'/', program)?;
        Some(match &program[slash + 1..] {
            b"smtpd" => Daemon::Smtpd,
            b"pickup" => Daemon::Pickup,
            b"cleanup" => Daemon::Cleanup,
            b"qmgr" | b"nqmgr" | b"oqmgr" => Daemon::Qmgr,
            b"smtp" | b"relay" => Daemon::Smtp,
            b"lmtp" => Daemon::Lmtp,
            b"local" | b"virtual" => Daemon::Local,
            b"pipe" => Daemon::Pipe,
            b"error" | b"retry" => Daemon::Error,
            b"discard" => Daemon::Discard,
            b"bounce" | b"defer" | b"trace" => Daemon::Bounce,
            b"postsuper" => Daemon::Postsuper,
            b"anvil" | b"dnsblog" | b"flush" | b"master" | b"postdrop" | b"postfix-script" | b"postlog"
            | b"postlogd" | b"postmap" | b"postqueue" | b"postscreen" | b"proxymap" | b"proxywrite"
            | b"qmqpd" | b"scache" | b"sendmail" | b"showq" | b"spawn" | b"tlsmgr" | b"tlsproxy"
            | b"trivial-rewrite" | b"verify" => Daemon::Other,
            _ => return None,
        })
    }
}

/// The first part of a program's path: the name of the Postfix instance.
pub fn instance(program: &[u8]) -> &[u8] {
    &program[..memchr::memchr(b'/', program).unwrap_or(program.len())]
}

/// What a byte can be in a queue id.
const DIGIT: u8 = 1;
const VOWEL: u8 = 2;
/// A letter that is no capital hexadecimal digit.
const BEYOND_HEXADECIMAL: u8 = 4;
const FOREIGN: u8 = 8;
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [FOREIGN; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A' | b'E' => VOWEL,
            b'B'..=b'F' => 0,
            b'a' | b'e' | b'i' | b'o' | b'u' | b'I' | b'O' | b'U' => VOWEL | BEYOND_HEXADECIMAL,
            b'a'..=b'z' | b'A'..=b'Z' => BEYOND_HEXADECIMAL,
            _ => FOREIGN,
        };
        byte += 1;
    }
    classes
}

/// Splits `4AA091855DA0: rest` into queue id and rest. Neither kind has a fixed length. Short ids are capital
/// hexadecimal digits, long ones letters and digits without vowels (Postfix `enable_long_queue_ids`); anonymised
/// ones still hold a digit. Words such as `warning` do none of it.
#[inline]
pub fn queue_id(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut seen, mut length) = (0, 0);
    for &byte in message.iter().take(21) {
        let class = CLASSES[byte as usize];
        if class == FOREIGN {
            break;
        }
        seen |= class;
        length += 1;
    }
    if message.get(length) != Some(&b':') {
        return None;
    }
    let (digit, vowel) = (seen & DIGIT != 0, seen & VOWEL != 0);
    let hexadecimal = seen & BEYOND_HEXADECIMAL == 0;
    let formed = (6..=20).contains(&length) && (digit || hexadecimal || length >= 10 && !vowel);
    let rest = &message[length + 1..];
    formed.then(|| (&message[..length], rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// The six bits of each letter and digit. A table, since letters and digits of an id follow no pattern that a processor
/// could foresee.
const SIX_BITS: [u8; 256] = six_bits();

const fn six_bits() -> [u8; 256] {
    let mut bits = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        bits[byte] = match b {
            b'0'..=b'9' => b - b'0',
            b'A'..=b'Z' => b - b'A' + 10,
            _ => b.wrapping_sub(b'a').wrapping_add(36) & 0x3f,
        };
        byte += 1;
    }
    bits
}

/// Packs a queue id of at most 20 letters and digits into 120 bits.
#[inline]
pub fn packed(id: &[u8]) -> u128 {
    // Ten digits at a time fit into a machine word.
    id.chunks(10).fold(1, |packed, ten| {
        let word = ten.iter().fold(0_u64, |word, &b| word << 6 | u64::from(SIX_BITS[b as usize]));
        packed << (6 * ten.len()) | u128::from(word)
    })
}

/// The letters and digits of a packed queue id, and how many there are.
pub fn unpacked(id: u128) -> ([u8; 20], usize) {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let length = ((u128::BITS - id.leading_zeros()).saturating_sub(1) / 6).min(20) as usize;
    let mut digits = [0; 20];
    for (place, digit) in digits[..length].iter_mut().rev().enumerate() {
        let six_bits = (id >> (6 * place)) as usize & 0x3f;
        *digit = DIGITS.get(six_bits).copied().unwrap_or(b'?');
    }
    (digits, length)
}

/// What became of a recipient, by the word after `status=`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// Cut off or unknown.
    Unknown,
    /// Will be tried again.
    Deferred,
    /// Given up.
    Bounced,
    /// Handed over.
    Sent,
    /// An address probe, no mail.
    Probe,
}

/// One delivery line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery<'a> {
    /// The recipient without angle brackets.
    pub to: &'a [u8],
    /// The next host as written, such as `mx.example.net[192.0.2.7]:25`, `none` or `local`.
    pub relay: &'a [u8],
    /// What became of the recipient.
    pub status: Status,
    /// The text in parentheses after the status.
    pub reply: &'a [u8],
}

/// What a line with a queue id says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A message begins, handed in over the network.
    Client {
        /// The host's name, or `unknown`.
        name: &'a [u8],
        /// Its address.
        ip: &'a [u8],
        /// The user it authenticated as, or empty.
        user: &'a [u8],
        /// The queue id of the same message before it went through a filter.
        first_id: Option<&'a [u8]>,
        /// Whether name and address are those of the host before the filter.
        original: bool,
    },
    /// A message begins, handed in by a local program.
    Pickup {
        /// The queue id it had before it was put back into the queue.
        first_id: Option<&'a [u8]>,
    },
    /// The message's own id.
    MessageId(&'a [u8]),
    /// Accepted and in the queue; repeated at every retry.
    Queued {
        /// The envelope sender, without angle brackets.
        from: &'a [u8],
        /// Bytes, `None` where they cannot be read.
        size: Option<u64>,
        /// Recipients that are left.
        recipients: Option<u32>,
    },
    /// All that was still deferred is given up.
    Expired,
    /// A recipient's delivery.
    Delivery(Delivery<'a>),
    /// A delivery line that is cut before its recipient can be read.
    CutDelivery,
    /// The message leaves the queue.
    Removed,
    /// Refused or thrown away by a filter before it was queued.
    Refused,
    /// Anything else.
    Note,
}

impl<'a> Event<'a> {
    /// Reads the text after the queue id.
    pub fn parse(daemon: Daemon, rest: &'a [u8]) -> Event<'a> {
        match daemon {
            Daemon::Smtpd => client(rest),
            Daemon::Pickup if rest.starts_with(b"uid=") => {
                Event::Pickup { first_id: value(rest, b" orig_id=").map(|v| until(v, b" ")) }
            }
            Daemon::Cleanup => cleanup(rest),
            Daemon::Qmgr => queued(rest),
            Daemon::Postsuper if rest.starts_with(b"removed") => Event::Removed,
            Daemon::Smtp | Daemon::Lmtp | Daemon::Local | Daemon::Pipe | Daemon::Error | Daemon::Discard => {
                if rest.starts_with(b"to=") {
                    delivery(rest)
                } else {
                    Event::Note
                }
            }
            _ => Event::Note,
        }
    }
}

fn client(rest: &[u8]) -> Event<'_> {
    let Some(client) = rest.strip_prefix(b"client=") else { return refused_or_note(rest) };
    let original = value(rest, b", orig_client=");
    let (name, ip) = host_parts(until(original.unwrap_or(client), b", "));
    let user = value(rest, b", sasl_username=").map_or(&b""[..], |v| until(v, b", "));
    let first_id = value(rest, b", orig_queue_id=").map(|v| until(v, b", "));
    Event::Client { name, ip, user, first_id, original: original.is_some() }
}

fn cleanup(rest: &[u8]) -> Event<'_> {
    let id = rest.strip_prefix(b"message-id=").or_else(|| rest.strip_prefix(b"resent-message-id="));
    id.map_or_else(|| refused_or_note(rest), Event::MessageId)
}

fn refused_or_note(rest: &[u8]) -> Event<'_> {
    let refused = rest.starts_with(b"reject: END-OF-MESSAGE")
        || rest.starts_with(b"reject: body")
        || rest.starts_with(b"reject: header")
        || rest.starts_with(b"discard:")
        || rest.starts_with(b"milter-reject: END-OF-MESSAGE")
        || rest.starts_with(b"milter-discard:");
    if refused { Event::Refused } else { Event::Note }
}

fn queued(rest: &[u8]) -> Event<'_> {
    if rest.starts_with(b"removed") {
        return Event::Removed;
    }
    let Some(from) = rest.strip_prefix(b"from=") else { return Event::Note };
    let (from, after) = address(from);
    if after.starts_with(b", status=expired") || after.starts_with(b", status=force-expired") {
        return Event::Expired;
    }
    let size = value(after, b", size=").and_then(whole_number);
    let recipients = value(after, b", nrcpt=").and_then(whole_number).and_then(|n| u32::try_from(n).ok());
    Event::Queued { from, size, recipients }
}

fn delivery(rest: &[u8]) -> Event<'_> {
    let Some(to) = rest.strip_prefix(b"to=") else { return Event::CutDelivery };
    if to.first() == Some(&b'<') && memchr::memchr(b'>', to).is_none() {
        return Event::CutDelivery;
    }
    let (to, after) = address(to);
    let (status_text, keys) = match find(after, b", status=") {
        Some(at) => (&after[at + 9..], &after[..at]),
        None => (&b""[..], after),
    };
    let (word, reply) =
        status_text.split_at(status_text.iter().position(|&b| b == b' ').unwrap_or(status_text.len()));
    let status = match word {
        b"sent" => Status::Sent,
        b"deferred" => Status::Deferred,
        b"bounced" | b"expired" => Status::Bounced,
        b"deliverable" | b"undeliverable" | b"undeliverable-but-not-cached" => Status::Probe,
        _ => Status::Unknown,
    };
    let relay = value(keys, b", relay=").map_or(&b""[..], |v| until(v, b", "));
    Event::Delivery(Delivery { to, relay, status, reply: reply.trim_ascii_start() })
}

/// Reads `<address>` or a bare address, and what follows it. An address can hold `>` and commas inside quotes.
fn address(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(inner) = text.strip_prefix(b"<") {
        let end = find(inner, b">, ").or_else(|| memchr::memchr(b'>', inner)).unwrap_or(inner.len());
        return (&inner[..end], inner.get(end + 1..).unwrap_or_default());
    }
    let end = find(text, b", ").unwrap_or(text.len());
    text.split_at(end)
}

/// The text after the first occurrence of a key.
fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    find(text, key).map(|at| &text[at + key.len()..])
}

fn until<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    &text[..find(text, end).unwrap_or(text.len())]
}

/// A number that something follows: one at the end of a line may have been cut.
fn whole_number(text: &[u8]) -> Option<u64> {
    text.iter().any(|b| !b.is_ascii_digit()).then(|| leading_number(text))?
}

/// The queue id that the next host gave the message, from `… queued as 23EBE3D5C0`.
pub fn next_queue_id(reply: &[u8]) -> Option<&[u8]> {
    let id = value(reply, b"queued as ")?;
    let length = id.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    (6..=20).contains(&length).then(|| &id[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_are_found_under_any_instance_name() {
        for program in ["postfix/smtp", "postfix-239.58.50.50/smtp", "postfix-mx/content-filter/smtp"] {
            assert_eq!(Daemon::of(program.as_bytes()), Some(Daemon::Smtp), "{program}");
        }
        assert_eq!(Daemon::of(b"dovecot"), None);
        assert_eq!(Daemon::of(b"lightmeter/relayed-bounce"), None);
        assert_eq!(instance(b"postfix-mx/submission/smtpd"), b"postfix-mx");
    }

    #[test]
    fn queue_ids_have_any_length_and_pack_apart() {
        assert_eq!(queue_id(b"4G6yC35YlszCx5Pk: removed"), Some((&b"4G6yC35YlszCx5Pk"[..], &b"removed"[..])));
        for text in
            ["connect from x", "NOQUEUE: reject: RCPT", "warning: x", "A1: removed", "statistics: max"]
        {
            assert_eq!(queue_id(text.as_bytes()), None, "{text}");
        }
        assert!(queue_id(b"BABABABABABA: removed").is_some());
        let ids = ["A1B2C3", "a1b2c3", "A1B2C", "0A1B2C3", "4G6yC35YlszCx5Pk", "4G6yC35YlszCx5PK"];
        for id in ids.iter().chain(&["zzzzzzzzzzzzzzzzzzzz", "00000000000000000000"]) {
            let (digits, length) = unpacked(packed(id.as_bytes()));
            assert_eq!(&digits[..length], id.as_bytes());
        }
        let mut all: Vec<u128> = ids.iter().map(|id| packed(id.as_bytes())).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), ids.len());
    }

    #[test]
    fn keys_are_read_up_to_the_status() {
        let line =
            b"to=<\"a, b\"@x.example>, orig_to=<root>, relay=mx.example[192.0.2.1]:25, conn_use=2, delay=1, \
            dsn=2.0.0, status=sent (250 ok, relay=other[198.51.100.1]:25, status=bounced)";
        let Event::Delivery(delivery) = Event::parse(Daemon::Smtp, line) else { panic!("no delivery") };
        assert_eq!(delivery.to, b"\"a, b\"@x.example");
        assert_eq!(delivery.relay, b"mx.example[192.0.2.1]:25");
        assert_eq!(delivery.status, Status::Sent);
        assert_eq!(Event::parse(Daemon::Smtp, b"to=<cut-of"), Event::CutDelivery);
    }

    #[test]
    fn the_queue_line_and_its_broken_forms() {
        let read = |line: &'static str| Event::parse(Daemon::Qmgr, line.as_bytes());
        assert_eq!(
            read("from=<a@x.example>, size=11515, nrcpt=2 (queue active)"),
            Event::Queued { from: b"a@x.example", size: Some(11_515), recipients: Some(2) }
        );
        assert_eq!(
            read("from=<>, size=7, nrcpt=1 (queue active)"),
            Event::Queued { from: b"", size: Some(7), recipients: Some(1) }
        );
        let cut = Event::Queued { from: b"a@x.example", size: Some(11_515), recipients: None };
        assert_eq!(read("from=<a@x.example>, size=11515, nrcpt=1"), cut);
        assert_eq!(
            read("from=<a@x.example>, si"),
            Event::Queued { from: b"a@x.example", size: None, recipients: None }
        );
        assert_eq!(read("from=<a@x.example>, status=expired, returned to sender"), Event::Expired);
        assert_eq!(read("removed"), Event::Removed);
    }

    #[test]
    fn replies_tell_the_next_id() {
        assert_eq!(next_queue_id(b"(250 2.0.0 Ok: queued as 23EBE3D5C0)"), Some(&b"23EBE3D5C0"[..]));
        assert_eq!(next_queue_id(b"(250 2.0.0 Ok: queued as x)"), None);
    }
}
