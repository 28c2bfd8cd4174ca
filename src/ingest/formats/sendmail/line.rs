//! Sendmail lines: which message they name and what they say of it.
//!
//! Keys are read from left to right up to `stat=`, since what follows can hold anything. What follows from a line for
//! a message is left to [`super::follow`].

use chrono::NaiveDate;

use crate::ingest::handover::{find, host_parts, leading_number};
use crate::ingest::syslog::Header;
use crate::ingest::syslog::clock::calendar;
use crate::ingest::syslog::message::Status;
use crate::ingest::syslog::stamp::Stamp;
use crate::period::Timestamp;

/// Letters and digits of a queue id in the order of their values.
const DIGITS: usize = 60;
/// Queue ids from this length on begin with the time in UTC; shorter ones are of releases before 8.10.
const TIMED_LENGTH: usize = 12;
/// The first year of the sixty that a queue id tells apart: that of the release that put the year into it.
const FIRST_YEAR: i32 = 1999;
/// Steps in which zones lie, and the seconds within which a line follows its queue id where that proves the zone.
const ZONE_STEP: i64 = 30 * 60;
const PROMPT: i64 = 90;

/// Whether a program is of Sendmail: `sendmail`, or one of the names that it takes by task, such as `sm-mta`.
pub fn is_own(program: &[u8]) -> bool {
    program == b"sendmail" || program.starts_with(b"sm-") && program != b"sm-notify"
}

/// Splits `jA9J1UvC004306: rest` into queue id and rest.
pub fn queue_id(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = message.iter().take(21).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (id, rest) = message.split_at(length);
    let formed = (8..=20).contains(&length) && id.iter().any(u8::is_ascii_digit);
    rest.strip_prefix(b": ").filter(|_| formed).map(|rest| (id, rest))
}

/// The instant at which a queue id was given, which it states in UTC: year, month, day, hour, minute and second.
pub fn instant_of(id: &[u8]) -> Option<Timestamp> {
    let mut parts = [0_u32; 6];
    let digits = id.get(..6).filter(|_| id.len() >= TIMED_LENGTH)?;
    for (part, &byte) in parts.iter_mut().zip(digits) {
        *part = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            b'a'..=b'x' => u32::from(byte - b'a') + 36,
            _ => return None,
        };
    }
    let [year, month, day, hour, minute, second] = parts;
    let year = FIRST_YEAR + (1900 + year as i32 - FIRST_YEAR).rem_euclid(DIGITS as i32);
    let date = NaiveDate::from_ymd_opt(year, month + 1, day)?;
    date.and_hms_opt(hour, minute, second).map(Timestamp::from_utc)
}

/// The instant that a line proves: one with the sender follows its queue id at once, unless the connection was idle
/// in between; then it is no whole zone away from it.
pub fn proof(header: &Header<'_>) -> Option<Timestamp> {
    let (id, rest) = queue_id(header.message).filter(|_| is_own(header.program))?;
    let utc = instant_of(id).filter(|_| rest.starts_with(b"from="))?;
    let stamp = Stamp::parse(header.time).filter(|stamp| stamp.offset.is_none())?;
    let local = calendar(&stamp, chrono::Datelike::year(&utc.date()))?.and_utc().timestamp();
    ((local - utc.seconds()).rem_euclid(ZONE_STEP) <= PROMPT).then_some(utc)
}

/// One delivery line; all its recipients share what is said of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery<'a> {
    /// From the first recipient on: `<a@example.net>,<b@example.org>, delay=…`.
    pub list: &'a [u8],
    /// The mailer, such as `esmtp`, `relay` or `local`.
    pub mailer: &'a [u8],
    /// The next host as written, such as `mx.example.net. [192.0.2.7]`, or empty.
    pub relay: &'a [u8],
    /// What became of the recipients.
    pub status: Status,
    /// The text of the status.
    pub reply: &'a [u8],
}

/// What a line with a queue id says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// Taken in.
    From {
        /// The envelope sender, perhaps in angle brackets.
        from: &'a [u8],
        /// Bytes, `None` where they cannot be read.
        size: Option<u64>,
        /// Recipients, `None` where they cannot be read.
        recipients: Option<u32>,
        /// Who handed it in.
        relay: &'a [u8],
    },
    /// A delivery to one or more recipients.
    Delivery(Delivery<'a>),
    /// A delivery line that is cut before its first recipient can be read.
    CutDelivery,
    /// A notice about the message was made under another queue id.
    Notice {
        /// The notice's queue id.
        id: &'a [u8],
        /// Whether what was still deferred is given up.
        gives_up: bool,
    },
    /// Some recipients go on under another queue id, as members of a list that has an owner do.
    Clone(&'a [u8]),
    /// The recipients are spread over several queue ids: these.
    Split(&'a [u8]),
    /// Refused as a whole after its text was read.
    Refused,
    /// Thrown away by a filter.
    Discarded,
    /// A recipient or a sender was refused, or the connection was lost.
    NotAccepted,
    /// Anything else.
    Note,
}

impl<'a> Event<'a> {
    /// Reads the text after the queue id.
    pub fn parse(rest: &'a [u8]) -> Event<'a> {
        if rest.starts_with(b"to=") {
            return delivery(rest);
        }
        if rest.starts_with(b"from=") {
            return from(rest);
        }
        if let Some((id, text)) = queue_id(rest) {
            return onward(id, text);
        }
        let has = |key: &[u8]| find(rest, key).is_some();
        if rest.starts_with(b"split: maxrcpts=") {
            return find(rest, b", id").map_or(Event::Note, |at| Event::Split(&rest[at + 4..]));
        }
        let filtered = rest.starts_with(b"Milter") || rest.starts_with(b"milter");
        if !filtered && !rest.starts_with(b"ruleset=") {
            let lost = rest.starts_with(b"lost input channel") || has(b"... ") && !has(b"alias");
            return if lost { Event::NotAccepted } else { Event::Note };
        }
        let at_end = has(b" data,") || has(b"check_eo") || has(b"=eom") || has(b"=body") || has(b"=data");
        if has(b", discard") {
            Event::Discarded
        } else if has(b"reject") || has(b"tempfail") {
            if at_end { Event::Refused } else { Event::NotAccepted }
        } else {
            Event::Note
        }
    }
}

/// `NEWQID: DSN: User unknown`, `NEWQID: sender notify: Warning: …`, `NEWQID: clone: owner=…`.
fn onward<'a>(id: &'a [u8], text: &[u8]) -> Event<'a> {
    const NOTICES: [&[u8]; 4] = [b"DSN:", b"return to sender:", b"sender notify:", b"postmaster notify:"];
    if text.starts_with(b"clone: ") {
        Event::Clone(id)
    } else if NOTICES.iter().any(|notice| text.starts_with(notice)) {
        Event::Notice { id, gives_up: find(text, b"Cannot send message").is_some() }
    } else {
        Event::Note
    }
}

/// Reads `from=<a@example.com>, size=N, class=0, nrcpts=K, …, relay=name [ip]`.
fn from(rest: &[u8]) -> Event<'_> {
    let text = &rest[5..];
    let end = find(text, b", size=").or_else(|| find(text, b", ")).unwrap_or(text.len());
    let (from, keys) = text.split_at(end);
    // A number at the end of a line may have been cut.
    let number = |key: &[u8]| value(keys, key).filter(|v| v.contains(&b',')).and_then(leading_number);
    Event::From {
        from,
        size: number(b", size="),
        recipients: number(b", nrcpts=").map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        relay: last_value(keys, b", relay=").unwrap_or_default(),
    }
}

fn delivery(rest: &[u8]) -> Event<'_> {
    let list = &rest[3..];
    let keys = after_list(list);
    if keys.is_empty() && !list.ends_with(b">") {
        return Event::CutDelivery;
    }
    let (keys, reply) = match find(keys, b", stat=") {
        Some(at) => (&keys[..at], keys.get(at + 7..)),
        None => (keys, None),
    };
    let until_comma = |text: &'_ [u8]| find(text, b", ").unwrap_or(text.len());
    let word = |key: &[u8]| value(keys, key).map_or(&b""[..], |v| &v[..until_comma(v)]);
    let status = reply.map_or(Status::Unknown, |reply| status(reply, word(b", dsn=")));
    let (mailer, relay) = (word(b", mailer="), word(b", relay="));
    Event::Delivery(Delivery { list, mailer, relay, status, reply: reply.unwrap_or_default() })
}

/// The status by the text and, where that is an error's, by the class of the enhanced code.
fn status(reply: &[u8], dsn: &[u8]) -> Status {
    if reply.starts_with(b"Sent") {
        return Status::Sent;
    }
    if reply.starts_with(b"Deferred") || reply.starts_with(b"queued") {
        return Status::Deferred;
    }
    match dsn.first() {
        Some(b'2') => Status::Sent,
        Some(b'4') => Status::Deferred,
        _ if reply.is_empty() => Status::Unknown,
        _ => Status::Bounced,
    }
}

/// The recipients of a delivery line, one by one, without angle brackets.
pub fn recipients(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut done = false;
    std::iter::from_fn(move || {
        loop {
            if done {
                return None;
            }
            let length = recipient_length(list);
            let (one, rest) = list.split_at(length);
            done = !rest.starts_with(b",") || rest.starts_with(b", ");
            list = rest.get(1..).unwrap_or_default();
            let one = one.strip_prefix(b"<").map_or(one, |one| one.strip_suffix(b">").unwrap_or(one));
            if !one.is_empty() {
                return Some(one);
            }
        }
    })
}

/// The bytes up to the comma after a recipient, which can hold commas inside angle brackets.
fn recipient_length(list: &[u8]) -> usize {
    let inside = match list.first() {
        Some(b'<') => find(list, b">,").map_or(list.len(), |at| at + 1),
        _ => 0,
    };
    memchr::memchr(b',', &list[inside..]).map_or(list.len(), |at| inside + at)
}

/// What stands after the recipients of a delivery line, from its comma on.
fn after_list(mut list: &[u8]) -> &[u8] {
    loop {
        let rest = &list[recipient_length(list)..];
        if rest.is_empty() || rest.starts_with(b", ") {
            return rest;
        }
        list = &rest[1..];
    }
}

/// Name and address of `name [address]`, `[address]` or `user@name [address]`, the last point of the name cut.
pub fn host(relay: &[u8]) -> (&[u8], &[u8]) {
    let (name, ip) = host_parts(relay);
    let name = name.trim_ascii_end();
    (name.strip_suffix(b".").unwrap_or(name), ip)
}

/// The queue id that another Sendmail gave: `Sent (jA9J1UvC004306 Message accepted for delivery)`.
pub fn next_queue_id(reply: &[u8]) -> Option<&[u8]> {
    let before = &reply[..find(reply, b" Message accepted for delivery")?];
    let start = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let id = &before[start..];
    ((8..=20).contains(&id.len()) && id.iter().any(u8::is_ascii_digit)).then_some(id)
}

fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    find(text, key).map(|at| &text[at + key.len()..])
}

/// The text after the last occurrence of a key: a message-id before it can hold anything.
fn last_value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    memchr::memmem::rfind(text, key).map(|at| &text[at + key.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery_of(line: &str) -> Delivery<'_> {
        match Event::parse(line.as_bytes()) {
            Event::Delivery(delivery) => delivery,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_queue_id_states_its_instant() {
        let shown = |id: &str| instant_of(id.as_bytes()).map(|time| time.to_string());
        assert_eq!(shown("jA9J1UvC004306").as_deref(), Some("2005-11-09T19:01:30Z"));
        assert_eq!(shown("6991AxCl001234").as_deref(), Some("2026-10-09T01:10:59Z"));
        assert_eq!((shown("IAA12345"), shown("zA9J1UvC004306"), shown("0000000000000")), (None, None, None));
    }

    #[test]
    fn only_a_prompt_line_proves_the_zone() {
        let proven = |line: &str| {
            let header = Header::parse(line.as_bytes()).unwrap();
            proof(&header).is_some()
        };
        let line =
            |time: &str| format!("Nov  9 {time} h sendmail[1]: jA9J1UvC004306: from=<a@example.com>, size=1");
        assert!(proven(&line("12:01:31")) && proven(&line("20:01:30")) && proven(&line("14:31:40")));
        assert!(!proven(&line("12:11:30")) && !proven(&line("12:01:29")));
    }

    #[test]
    fn programs_and_queue_ids() {
        assert!(is_own(b"sm-mta") && is_own(b"sendmail") && is_own(b"sm-msp-queue"));
        assert!(!is_own(b"postfix/sendmail") && !is_own(b"sm-notify"));
        assert_eq!(queue_id(b"u9CB32qX026592: to=x"), Some((&b"u9CB32qX026592"[..], &b"to=x"[..])));
        for text in ["NOQUEUE: x", "STARTTLS=client, relay=x", "starting daemon (8.14): x", "alias database"]
        {
            assert_eq!(queue_id(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn lists_end_where_keys_begin() {
        let line = "to=<a@example.net>,<\"b, c\"@example.net>,root, [more], ctladdr=<x@example.com> (8/12), delay=00:00:01, \
            xdelay=00:00:01, mailer=esmtp, pri=30, relay=mx.example.net. [192.0.2.7], dsn=2.0.0, \
            stat=Sent (ok, relay=no, stat=no)";
        let delivery = delivery_of(line);
        let all: Vec<&[u8]> = recipients(delivery.list).collect();
        assert_eq!(all, [&b"a@example.net"[..], b"\"b, c\"@example.net", b"root"]);
        assert_eq!((delivery.mailer, delivery.status), (&b"esmtp"[..], Status::Sent));
        assert_eq!(host(delivery.relay), (&b"mx.example.net"[..], &b"192.0.2.7"[..]));
        assert_eq!(Event::parse(b"to=<a@exam"), Event::CutDelivery);
    }

    #[test]
    fn statuses_by_text_and_code() {
        let of = |end: &str| delivery_of(format!("to=<a@example.net>, delay=00:00:00, {end}").leak()).status;
        assert_eq!(of("dsn=5.1.1, stat=User unknown"), Status::Bounced);
        assert_eq!(of("stat=Host unknown (Name server: x: host not found)"), Status::Bounced);
        assert_eq!(of("dsn=4.0.0, stat=Deferred: Connection refused by x"), Status::Deferred);
        assert_eq!(of("dsn=4.4.1, stat=timeout"), Status::Deferred);
        assert_eq!(of("stat=queued"), Status::Deferred);
        assert_eq!(of("dsn=5.0.0, stat=Service unavailable"), Status::Bounced);
        assert_eq!(of("pri=3"), Status::Unknown);
    }

    #[test]
    fn what_filters_and_rules_say() {
        let of = |text: &'static str| Event::parse(text.as_bytes());
        assert_eq!(of("Milter: data, reject=550 5.7.1 Blocked"), Event::Refused);
        assert_eq!(of("Milter: data, discard"), Event::Discarded);
        assert_eq!(of("Milter add: header: X-Scanned: yes"), Event::Note);
        assert_eq!(of("ruleset=check_rcpt, arg1=<a@x>, relay=[1], reject=550 denied"), Event::NotAccepted);
        assert_eq!(of("<a@example.net>... User unknown"), Event::NotAccepted);
        assert_eq!(of("lost input channel from x [192.0.2.1] to MTA after rcpt"), Event::NotAccepted);
        assert_eq!(of("alias <staff@example.com> => <a@example.com>"), Event::Note);
        let notice = Event::Notice { id: b"69A9J1UvC00430", gives_up: true };
        assert_eq!(of("69A9J1UvC00430: DSN: Cannot send message within 5 days"), notice);
        assert_eq!(of("69A9J1UvC00430: clone: owner=owner-x"), Event::Clone(b"69A9J1UvC00430"));
    }

    #[test]
    fn the_next_queue_id() {
        assert_eq!(
            next_queue_id(b"Sent (69A9J1UvC00430 Message accepted for delivery)"),
            Some(&b"69A9J1UvC00430"[..])
        );
        assert_eq!(next_queue_id(b"Sent (2.0.0 Message accepted for delivery)"), None);
    }
}
