//! Words of delivery lines: recipients, delays, next hosts and their replies.

use super::story::{Place, Recipient, Story};
use crate::sample::text::{LOWER, Put, SECOND, UPPER, put_delay};

/// The relay's way to Microsoft: the tenant's own name there.
const MICROSOFT: &str = "contoso-com.mail.protection.outlook.com";

pub(super) fn put_address(line: &mut Vec<u8>, story: &Story, recipient: &Recipient) {
    match recipient.place {
        Place::Outside => recipient.address.put(line, "@"),
        Place::Alias => _ = line.text("it-operations@contoso.com"),
        Place::Local if story.origin.is_empty() => put_root(line, story.host),
        Place::Local | Place::Origin => line.extend_from_slice(&story.origin),
    }
}

/// The administrator's mailbox on a host.
pub(super) fn put_root(line: &mut Vec<u8>, host: u32) {
    line.text("root@relay").number(u64::from(host) + 1).text(".contoso.com");
}

pub(super) fn put_recipient(line: &mut Vec<u8>, story: &Story, recipient: &Recipient) {
    line.text("to=<");
    put_address(line, story, recipient);
    line.text(">");
    if recipient.place == Place::Alias || (recipient.place == Place::Local && story.origin.is_empty()) {
        line.text(", orig_to=<root>");
    }
}

/// Delays: in all, and before the queue manager, in the queue, connecting, sending.
pub(super) fn put_delays(line: &mut Vec<u8>, story: &Story, time: u64, took: u64) {
    let all = time.saturating_sub(story.accepted);
    line.text(", delay=");
    put_delay(line, all);
    line.text(", delays=");
    put_delay(line, all.saturating_sub(took));
    line.text("/0/");
    put_delay(line, took / 3);
    line.text("/");
    put_delay(line, took - took / 3);
}

pub(super) fn put_next_host(line: &mut Vec<u8>, story: &Story, recipient: &Recipient) {
    if story.microsoft {
        line.text(MICROSOFT).text("[192.0.2.").number(36 + story.chance % 3 * 2);
    } else if matches!(recipient.place, Place::Origin | Place::Alias) {
        line.text("mx1.contoso.com[203.0.113.10");
    } else {
        line.text("mx1.").text(recipient.address.domain());
        line.text("[203.0.113.").number(20 + recipient.address.domain as u64);
    }
    line.text("]");
}

/// Microsoft's reply with the bytes it took.
pub(super) fn put_microsoft_reply(line: &mut Vec<u8>, story: &Story) {
    line.text(", dsn=2.6.0, status=sent (250 2.6.0 <").extend_from_slice(&story.message_id);
    line.text("> [InternalId=").number(30_000_000_000_000 + story.chance % 30_000_000_000_000);
    line.text(", Hostname=DB9PR01MB")
        .padded(1_000 + story.chance % 9_000, 4)
        .text(".eurprd01.prod.outlook.com] ");
    let millis = 80 + story.chance % 900;
    // Bytes per millisecond are kB of 1000 bytes per second; Microsoft's KB has 1024.
    let rate = story.accepted_size * 1_000 / millis * 1_000 / 1_024;
    line.number(story.accepted_size).text(" bytes in ").number(millis / 1_000).text(".").padded(millis, 3);
    line.text(", ").number(rate / 1_000).text(".").padded(rate, 3).text(" KB/sec Queued mail for delivery)");
}

/// Other hosts' replies, in the forms that are common; a tricky one looks like keys of the line itself.
pub(super) fn put_reply(line: &mut Vec<u8>, story: &Story, recipient: &Recipient, tricky: bool) {
    let number = story.chance ^ (recipient.address.domain as u64) << 17;
    line.text(", dsn=2.0.0, status=sent (");
    match number % 6 {
        0 => line
            .text("250 OK id=1w")
            .hex(number >> 8, 4, LOWER)
            .text("-000")
            .hex(number >> 30, 3, LOWER)
            .text("-Nk"),
        1 => line.text("250 2.0.0 Ok: queued as 4").hex(number >> 12, 9, UPPER),
        2 => line.text("250 ok:  Message ").number(number >> 40).text(" accepted"),
        3 => line
            .text("250 2.0.0 OK ")
            .number(story.accepted / SECOND)
            .text(" ")
            .hex(number >> 20, 8, LOWER)
            .text(" - smtp"),
        4 => line.text("250 2.0.0 Message accepted").text(if tricky {
            ", relay=internal, status=queued"
        } else {
            ""
        }),
        _ => line.text("250 2.0.0 Ok: queued as ").hex(number >> 12, 10, UPPER),
    };
    line.text(")");
}
