//! What a line of Exim says of a message: its arrival, a delivery, its end.
//!
//! Fields are read from left to right, since subjects, names of clients and replies can hold anything. What follows
//! for the message is left to [`super::message`].

use super::fields::{Field, Fields, quoted};
use crate::ingest::handover::{find, leading_number};

/// What a line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// `<=`: the message was accepted.
    Arrival(Arrival<'a>),
    /// `=>` and its kin: what became of a recipient.
    Delivery(Delivery<'a>),
    /// Nothing is left to deliver.
    Completed,
    /// The administrator took it out of the queue.
    Removed,
    /// It was refused after its id was given.
    Refused,
    /// A line with a flag that ends before what the flag is about.
    Cut,
    /// Anything else.
    Note,
}

/// An accepted message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Arrival<'a> {
    /// The envelope sender, empty for `<>`.
    pub sender: &'a [u8],
    /// The verified name of the client, or empty.
    pub host: &'a [u8],
    /// Its address, or empty for a local program.
    pub ip: &'a [u8],
    /// The local user, or the one of `ident`.
    pub local_user: &'a [u8],
    /// The user that authenticated.
    pub user: &'a [u8],
    /// Bytes of one copy.
    pub size: Option<u64>,
    /// The message-id.
    pub message_id: &'a [u8],
    /// Recipients, where they are logged.
    pub recipients: u32,
}

/// What became of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Handed over.
    Sent,
    /// To be tried again.
    Deferred,
    /// Given up.
    Failed,
    /// Not tried on purpose (`-N`).
    Suppressed,
}

/// A delivery or an attempt at one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery<'a> {
    /// What became of it.
    pub status: Status,
    /// The final address, a path, a command, or a word such as `:blackhole:`.
    pub target: &'a [u8],
    /// The transport, or empty where none was reached.
    pub transport: &'a [u8],
    /// The next host as `name [address]`, or empty.
    pub host: &'a [u8],
    /// What it replied.
    pub reply: &'a [u8],
    /// The envelope sender, where it is logged.
    pub sender: Option<&'a [u8]>,
    /// Bytes of the delivered copy, where they are logged.
    pub size: Option<u64>,
}

impl<'a> Event<'a> {
    /// Reads the text after a message id.
    pub fn parse(text: &'a [u8]) -> Event<'a> {
        let (flag, rest) = text.split_at_checked(3).unwrap_or((text, b""));
        match flag {
            b"<= " => arrival(rest),
            b"=> " | b"-> " | b">> " => delivery(Status::Sent, rest),
            b"== " => delivery(Status::Deferred, rest),
            b"** " => delivery(Status::Failed, rest),
            b"*> " => delivery(Status::Suppressed, rest),
            b"<=" | b"=>" | b"->" | b">>" | b"==" | b"**" | b"*>" => Event::Cut,
            _ if is_word(text, b"Completed") => Event::Completed,
            _ if text.starts_with(b"removed by ") => Event::Removed,
            _ if is_refusal(text) => Event::Refused,
            _ => Event::Note,
        }
    }
}

fn is_word(text: &[u8], word: &[u8]) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.first().is_none_or(|&byte| byte == b' '))
}

/// Whether a line says that something was refused: `rejected RCPT`, `temporarily rejected`, `discarded by`.
pub fn is_refusal(text: &[u8]) -> bool {
    let refused = [&b" rejected "[..], b"discarded by "];
    text.starts_with(b"rejected ") || refused.iter().any(|words| find(text, words).is_some())
}

fn arrival(text: &[u8]) -> Event<'_> {
    let (sender, rest) = address(text);
    if sender.is_empty() {
        return Event::Cut;
    }
    let sender = if sender == b"<>" { b"" } else { sender };
    let mut arrival = Arrival { sender, ..Arrival::default() };
    let mut fields = Fields::new(rest);
    while let Some(field) = fields.next() {
        match field.key {
            b"H" => (arrival.host, arrival.ip) = client(field.value),
            b"U" => arrival.local_user = field.value,
            b"A" => arrival.user = user(field.value),
            b"S" => arrival.size = arrival.size.or(leading_number(field.value)),
            b"id" => arrival.message_id = field.value,
            // Nothing of the message itself follows its subject.
            b"T" => {
                arrival.recipients = recipients(fields.rest());
                break;
            }
            b"" if field.value == b"for" => {
                arrival.recipients = words(fields.rest());
                break;
            }
            _ => {}
        }
    }
    Event::Arrival(arrival)
}

/// The verified name and the address in `name (greeting) [address]:port`; the greeting is the client's own word.
fn client(value: &[u8]) -> (&[u8], &[u8]) {
    let open = if value.starts_with(b"[") { Some(0) } else { find(value, b" [").map(|at| at + 1) };
    let Some(open) = open else { return (value, b"") };
    let inner = &value[open + 1..];
    let ip = &inner[..memchr::memchr(b']', inner).unwrap_or(inner.len())];
    let name = &value[..memchr::memchr(b' ', value).unwrap_or(value.len()).min(open)];
    (if name.starts_with(b"(") { b"" } else { name }, ip)
}

/// The user in `authenticator:user:sender`.
fn user(value: &[u8]) -> &[u8] {
    let mut parts = value.split(|&byte| byte == b':');
    let first = parts.next().unwrap_or_default();
    parts.next().unwrap_or(first)
}

/// How many recipients stand behind ` for ` after a subject.
fn recipients(rest: &[u8]) -> u32 {
    find(rest, b" for ").map_or(0, |at| words(&rest[at + 5..]))
}

/// How many addresses stand in a row; one can hold spaces inside quotes.
fn words(mut text: &[u8]) -> u32 {
    let mut count = 0;
    loop {
        let (word, rest) = address(text);
        if word.is_empty() {
            return count;
        }
        (count, text) = (count + 1, rest);
    }
}

/// Splits the first address from a text: up to a space outside quotes.
fn address(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let mut start = 0;
    if text.starts_with(b"\"") {
        start = quoted(text).map_or(0, |inner| inner.len() + 2);
    }
    let end = memchr::memchr(b' ', &text[start..]).map_or(text.len(), |at| start + at);
    text.split_at(end)
}

fn delivery(status: Status, text: &[u8]) -> Event<'_> {
    let (target, rest) = target(text);
    let (target, error) = match target.strip_suffix(b":") {
        Some(inner) if inner.first() != Some(&b':') => (inner, true),
        _ => (target, false),
    };
    if target.is_empty() {
        return Event::Cut;
    }
    let is_failure = matches!(status, Status::Deferred | Status::Failed);
    if is_failure && !target.iter().any(|byte| matches!(byte, b'@' | b'|' | b'/' | b'>')) {
        return Event::Note;
    }
    let empty = &b""[..];
    let mut delivery =
        Delivery { status, target, transport: empty, host: empty, reply: empty, sender: None, size: None };
    let mut fields = match (error, is_failure) {
        (true, _) => Fields::new(empty),
        (false, true) => Fields::up_to_error(rest),
        (false, false) => Fields::new(rest),
    };
    for field in fields.by_ref() {
        take(&mut delivery, &field);
    }
    if is_failure && delivery.host.is_empty() {
        delivery.host = host_in_error(if error { rest } else { fields.rest() });
    }
    Event::Delivery(delivery)
}

fn take<'a>(delivery: &mut Delivery<'a>, field: &Field<'a>) {
    match field.key {
        b"T" => delivery.transport = field.value,
        b"H" => delivery.host = field.value,
        b"C" => delivery.reply = field.value,
        b"F" | b"P" if field.value.starts_with(b"<") => {
            let inner = &field.value[1..];
            delivery.sender = delivery.sender.or(Some(inner.strip_suffix(b">").unwrap_or(inner)));
        }
        b"S" => delivery.size = leading_number(field.value),
        _ => {}
    }
}

/// Splits what was delivered to from a text: an address, or a path or command, which can hold spaces.
fn target(text: &[u8]) -> (&[u8], &[u8]) {
    if !matches!(text.first(), Some(b'|' | b'/')) {
        return address(text);
    }
    let ends = [&b" <"[..], b" F=<", b" P=<", b" R=", b" T="];
    let end = ends.iter().filter_map(|end| find(text, end)).min().unwrap_or(text.len());
    text.split_at(end)
}

/// The host that an older line names in its error: `…: host mx.example.net [192.0.2.1]: 450 …`.
fn host_in_error(error: &[u8]) -> &[u8] {
    let Some(at) = find(error, b": host ").filter(|&at| at < 400) else { return b"" };
    let host = &error[at + 7..];
    let end = memchr::memchr(b']', host).map_or(0, |end| end + 1);
    let host = &host[..end];
    let words = host.iter().filter(|&&byte| byte == b' ').count();
    if words == 1 && find(host, b" [").is_some() { host } else { b"" }
}

/// The id that the next Exim gave the message, from `250 OK id=1RwtJa-000AFB-07`.
pub fn next_id(reply: &[u8]) -> Option<&[u8]> {
    let id = &reply[find(reply, b"OK id=")? + 6..];
    let length = id.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    super::line::message_id(&id[..length]).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival_of(text: &str) -> Arrival<'_> {
        match Event::parse(text.as_bytes()) {
            Event::Arrival(arrival) => arrival,
            other => panic!("{other:?}"),
        }
    }

    fn delivery_of(text: &str) -> Delivery<'_> {
        match Event::parse(text.as_bytes()) {
            Event::Delivery(delivery) => delivery,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_arrival_tells_sender_client_user_and_size() {
        let arrival = arrival_of(
            "<= app@example.com H=web.example.com ([10.9.9.9]) [192.0.2.7]:40112 I=[192.0.2.1]:25 P=esmtpsa \
             X=TLS1.3:TLS_AES_256:256 CV=no DN=\"CN=a S=7\" A=login:shop@example.com S=4711 M8S=0 RT=0.1s \
             id=x@example.com T=\"S=99 for you \\\" for x@y.example\" from <app@example.com> for a@example.net \
             \"b c\"@example.net",
        );
        assert_eq!((arrival.sender, arrival.size), (&b"app@example.com"[..], Some(4_711)));
        assert_eq!((arrival.host, arrival.ip), (&b"web.example.com"[..], &b"192.0.2.7"[..]));
        assert_eq!((arrival.user, arrival.message_id), (&b"shop@example.com"[..], &b"x@example.com"[..]));
        assert_eq!(arrival.recipients, 2);
    }

    #[test]
    fn senders_and_clients_of_other_kinds() {
        let bounce = arrival_of("<= <> R=1RookS-000Pg8-VO U=mailnull P=local S=3958");
        assert_eq!(
            (bounce.sender, bounce.local_user, bounce.size),
            (&b""[..], &b"mailnull"[..], Some(3_958))
        );
        let spaced =
            arrival_of("<= \"a b\"@example.com H=(test) [2001:db8::1]:4 P=smtp S=1 for x@example.net");
        assert_eq!((spaced.sender, spaced.host), (&b"\"a b\"@example.com"[..], &b""[..]));
        assert_eq!((spaced.ip, spaced.recipients), (&b"2001:db8::1"[..], 1));
        let greeting = arrival_of("<= a@example.com H=([192.0.2.66]) [192.0.2.7] P=smtp S=12");
        assert_eq!(greeting.ip, b"192.0.2.7");
        assert_eq!(arrival_of("<= a@example.com U=www P=local S=sss").size, None);
        assert_eq!(arrival_of("<= a@example.com U=w P=local S=5 T=\"cut off for a@b").recipients, 0);
    }

    #[test]
    fn deliveries_of_every_flag() {
        let sent = delivery_of(
            "=> a@example.net <alias@example.com> F=<app@example.com> P=<app@example.com> R=dnslookup \
             T=remote_smtp S=4800 H=mx.example.net [192.0.2.9]*:25 X=TLS1.2:x:256 CV=yes DN=\"/CN=a \
             H=b\" C=\"250 2.6.0 \"quoted\" OK id=1RwtJa-000AFB-07\" QT=1s",
        );
        assert_eq!((sent.target, sent.transport), (&b"a@example.net"[..], &b"remote_smtp"[..]));
        assert_eq!(
            (sent.host, sent.sender),
            (&b"mx.example.net [192.0.2.9]"[..], Some(&b"app@example.com"[..]))
        );
        assert_eq!((next_id(sent.reply), sent.size), (Some(&b"1RwtJa-000AFB-07"[..]), Some(4_800)));
        let piped =
            delivery_of("=> |/usr/bin/x -a <list@example.com> <list@example.com> R=pipe T=address_pipe");
        assert_eq!((piped.target, piped.transport), (&b"|/usr/bin/x -a"[..], &b"address_pipe"[..]));
        assert_eq!(
            delivery_of(">> a@example.net R=r T=smtp H=mx [192.0.2.9] C=\"250 OK\"").status,
            Status::Sent
        );
        assert_eq!(delivery_of("*> a@example.net R=r T=smtp H=mx [192.0.2.9]").status, Status::Suppressed);
        assert_eq!(delivery_of("=> :blackhole: <a@example.net> R=null").target, b":blackhole:");
        for text in ["=>", "<= ", "** ", "=> "] {
            assert_eq!(Event::parse(text.as_bytes()), Event::Cut, "{text}");
        }
    }

    #[test]
    fn failures_name_their_host_before_or_in_the_error() {
        let old = delivery_of(
            "== a@example.net R=dnslookup T=remote_smtp defer (-44): SMTP error from remote mail server after RCPT \
             TO:<a@example.net>: host mx0.example.net [192.0.2.5]: 450 T=fake H=fake [192.0.2.6]",
        );
        assert_eq!((old.status, old.transport), (Status::Deferred, &b"remote_smtp"[..]));
        assert_eq!(old.host, b"mx0.example.net [192.0.2.5]");
        let new = delivery_of(
            "** a@example.net R=r T=smtp H=mx.example.net [192.0.2.9] : SMTP error: 550 No H=x [192.0.2.6]",
        );
        assert_eq!((new.status, new.host), (Status::Failed, &b"mx.example.net [192.0.2.9]"[..]));
        let early = delivery_of("** a@example.net: retry timeout exceeded T=x");
        assert_eq!((early.target, early.transport, early.host), (&b"a@example.net"[..], &b""[..], &b""[..]));
        let joined = delivery_of("** a@example.net R=dnslookup T=remote_smtp: all hosts failed");
        assert_eq!(joined.transport, b"remote_smtp");
        assert_eq!(Event::parse(b"** mua_wrapper is set but recipients cannot"), Event::Note);
    }

    #[test]
    fn ends_and_refusals() {
        assert_eq!(Event::parse(b"Completed"), Event::Completed);
        assert_eq!(Event::parse(b"Completed QT=3s"), Event::Completed);
        assert_eq!(Event::parse(b"removed by root"), Event::Removed);
        assert_eq!(Event::parse(b"Message is frozen"), Event::Note);
        let refused = b"F=<a@example.com> H=x [192.0.2.1] P=esmtp temporarily rejected by local_scan(): x";
        assert_eq!(Event::parse(refused), Event::Refused);
    }
}
