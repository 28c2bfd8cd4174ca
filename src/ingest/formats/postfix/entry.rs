//! One line of Postfix: its header, its queue id, and where it was handed over to.

use super::line::{self, Daemon, Delivery};
use crate::ingest::handover::{find, from_this_host, host_parts};
use crate::ingest::syslog::{Header, not_own};
use crate::period::Timestamp;
use crate::usage::{Skip, SourceId};

/// A line of Postfix with a queue id, and where it stands.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Time, host and program.
    pub header: Header<'a>,
    /// What wrote it.
    pub daemon: Daemon,
    /// The text after the queue id.
    pub rest: &'a [u8],
    /// The queue id.
    pub id: &'a [u8],
    /// The input.
    pub source: SourceId,
    /// The number of the line in it.
    pub line: u64,
}

/// Splits a line into what is needed to read it further, or says why it names no message.
pub fn entry(line: &[u8], number: u64, source: SourceId) -> Result<Entry<'_>, Skip> {
    let header = match line.first() {
        None => return Err(Skip::Header),
        Some(b'<' | b'0'..=b'9') => Header::parse_rfc5424(line).or_else(|| Header::parse(line)),
        Some(_) => Header::parse(line),
    };
    let outer = header.ok_or(Skip::Fragment)?;
    let (header, daemon) = match Daemon::of(outer.program) {
        Some(daemon) => (outer, daemon),
        None => {
            // A container's log driver puts a header of its own before the line.
            let inner = outer.inner().ok_or_else(|| not_own(outer.program))?;
            (inner, Daemon::of(inner.program).ok_or_else(|| not_own(inner.program))?)
        }
    };
    let message = header.message;
    match line::queue_id(message) {
        Some((id, rest)) if daemon != Daemon::Other => {
            Ok(Entry { header, daemon, rest, id, source, line: number })
        }
        _ if message.starts_with(b"NOQUEUE: ") && find(message, b"reject").is_some() => {
            Err(Skip::NotAccepted)
        }
        _ => Err(Skip::Session),
    }
}

/// Whether a delivery went to this host itself or to a filter: a loopback address or socket, a port on which
/// filters listen (amavis and its kin), or the address that the instance is named after.
pub fn is_near(entry: &Entry<'_>, delivery: &Delivery<'_>) -> bool {
    const FILTER_PORTS: [&[u8]; 3] = [b"10024", b"10025", b"10026"];
    let (name, ip) = host_parts(delivery.relay);
    let port = memchr::memrchr(b':', delivery.relay).map_or(&b""[..], |at| &delivery.relay[at + 1..]);
    let own = ip.len() >= 7 && find(line::instance(entry.header.program), ip).is_some();
    from_this_host(name, ip)
        || ip.starts_with(b"private/")
        || ip.starts_with(b"/")
        || FILTER_PORTS.contains(&port)
        || own
}

/// The instant in a message-id that Postfix made itself: `20140401025230.14E542A1CAD@host` is UTC.
pub fn own_message_id(id: &[u8], queue_id: &[u8]) -> Option<Timestamp> {
    let inner = id.strip_prefix(b"<").unwrap_or(id);
    let (digits, rest) = inner.split_at_checked(14)?;
    let own = rest.strip_prefix(b".")?.strip_prefix(queue_id)?.starts_with(b"@");
    if !own || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number =
        |from: usize, to: usize| digits[from..to].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    let date = chrono::NaiveDate::from_ymd_opt(number(0, 4) as i32, number(4, 6), number(6, 8))?;
    date.and_hms_opt(number(8, 10), number(10, 12), number(12, 14)).map(Timestamp::from_utc)
}
