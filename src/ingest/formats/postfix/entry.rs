//! What a line of Postfix tells beside its words: whether mail was handed to this host itself, and the instant in a
//! message-id.

use crate::ingest::handover::{find, from_this_host, host_parts};
use crate::period::Timestamp;

/// Whether a delivery went to this host itself or to a filter: a loopback address or socket, a port on which
/// filters listen (amavis and its kin), or the address that the instance is named after.
pub fn is_near(instance: &[u8], relay: &[u8]) -> bool {
    const FILTER_PORTS: [&[u8]; 3] = [b"10024", b"10025", b"10026"];
    let (name, ip) = host_parts(relay);
    let port = memchr::memrchr(b':', relay).map_or(&b""[..], |at| &relay[at + 1..]);
    let own = ip.len() >= 7 && find(instance, ip).is_some();
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
