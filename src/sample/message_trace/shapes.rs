//! Rows in the shapes in which traces are exported.

use chrono::{Datelike, Timelike};

use super::letter::{Addressee, Letter, Mailbox, Status, Way};
use crate::sample::cast::Address;
use crate::sample::text::{LOWER, Put, SECOND, put_iso_time, timestamp, year};

/// The form of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `Get-MessageTrace | Export-Csv` of an English PowerShell: one row per recipient, UTC without zone.
    Get,
    /// Enhanced summary report: one row per message with all recipients.
    Enhanced,
    /// JSON of Microsoft Graph: one object per recipient.
    Graph,
}

impl Shape {
    /// The end of a file name.
    pub fn extension(self) -> &'static str {
        match self {
            Shape::Get | Shape::Enhanced => "csv",
            Shape::Graph => "json",
        }
    }

    /// What stands before the first row, between rows and after the last.
    pub(super) fn frame(self) -> [&'static str; 3] {
        match self {
            Shape::Get => [GET_HEADER, "\r\n", "\r\n"],
            Shape::Enhanced => [ENHANCED_HEADER, "\r\n", "\r\n"],
            Shape::Graph => [GRAPH_START, ",\n", "\n  ]\n}\n"],
        }
    }

    /// Whether a message is one row, with all its recipients.
    pub(super) fn is_per_message(self) -> bool {
        self == Shape::Enhanced
    }
}

const GET_HEADER: &str = "\"PSComputerName\",\"RunspaceId\",\"PSShowComputerName\",\"Organization\",\"MessageId\",\
    \"Received\",\"SenderAddress\",\"RecipientAddress\",\"Subject\",\"Status\",\"ToIP\",\"FromIP\",\"Size\",\
    \"MessageTraceId\",\"StartDate\",\"EndDate\",\"Index\"\r\n";
const ENHANCED_HEADER: &str = "\"origin_timestamp_utc\",\"sender_address\",\"recipient_status\",\
    \"message_subject\",\"total_bytes\",\"message_id\",\"network_message_id\",\"original_client_ip\",\
    \"directionality\",\"connector_id\",\"delivery_priority\"\r\n";
const GRAPH_START: &str = "{\n  \"@odata.context\": \
    \"https://graph.microsoft.com/beta/$metadata#admin/exchange/tracing/messageTraces\",\n  \"value\": [\n";

/// Days that one query of `Get-MessageTrace` may cover.
const QUERY_DAYS: u64 = 10;

/// The row of one recipient as `Export-Csv` writes it; `start` is the first instant of the plan.
pub(super) fn put_get(row: &mut Vec<u8>, letter: &Letter, addressee: &Addressee, start: u64, index: u64) {
    row.text("\"outlook.office365.com\",\"a1b2c3d4-0000-4000-8000-0000c0ffee00\",\"False\",");
    row.text("\"contoso.onmicrosoft.com\",");
    quoted(row, |cell| put_message_id(cell, letter));
    quoted(row, |cell| put_us_time(cell, letter.time));
    quoted(row, |cell| cell.extend_from_slice(&letter.sender));
    quoted(row, |cell| letter.put_address(cell, addressee.mailbox));
    quoted(row, |cell| letter.put_subject(cell));
    quoted(row, |cell| _ = cell.text(status_word(addressee.status)));
    // Missing values are empty without quotes.
    quoted_unless_empty(row, |cell| put_next_ip(cell, addressee.mailbox));
    quoted_unless_empty(row, |cell| letter.put_client(cell));
    quoted(row, |cell| _ = cell.number(addressee.size));
    quoted(row, |cell| put_guid(cell, letter.trace_id));
    let query = QUERY_DAYS * 86_400 * SECOND;
    let from = start + (letter.time - start) / query * query;
    quoted(row, |cell| put_us_time(cell, from));
    quoted(row, |cell| put_us_time(cell, from + query));
    row.text("\"").number(index).text("\"");
}

/// The row of a message in an Enhanced summary report.
pub(super) fn put_enhanced(row: &mut Vec<u8>, letter: &Letter) {
    quoted(row, |cell| put_iso_time(cell, letter.time, 7));
    quoted(row, |cell| cell.extend_from_slice(&letter.sender));
    quoted(row, |cell| {
        for (place, addressee) in letter.addressees.iter().enumerate() {
            cell.text(if place > 0 { ";" } else { "" });
            letter.put_address(cell, addressee.mailbox);
            cell.text("##Receive, ").text(last_event(addressee));
        }
    });
    quoted(row, |cell| letter.put_subject(cell));
    quoted(row, |cell| _ = cell.number(letter.size));
    quoted(row, |cell| put_message_id(cell, letter));
    quoted(row, |cell| put_guid(cell, letter.trace_id));
    quoted(row, |cell| letter.put_client(cell));
    let (direction, connector) = match letter.way {
        Way::Relay => ("Originating", "Relay from on-premises"),
        Way::Mailbox | Way::Report => ("Originating", ""),
        Way::Inbound => ("Incoming", ""),
    };
    quoted(row, |cell| _ = cell.text(direction));
    quoted(row, |cell| _ = cell.text(connector));
    row.text("\"Normal\"");
}

/// The object of one recipient in Graph's answer.
pub(super) fn put_graph(row: &mut Vec<u8>, letter: &Letter, addressee: &Addressee) {
    row.text("    {");
    member(row, "id", |value| put_guid(value, letter.trace_id));
    member(row, "senderAddress", |value| value.extend_from_slice(&letter.sender));
    member(row, "recipientAddress", |value| letter.put_address(value, addressee.mailbox));
    member(row, "messageId", |value| put_message_id(value, letter));
    member(row, "receivedDateTime", |value| put_iso_time(value, letter.time, 0));
    member(row, "subject", |value| letter.put_subject(value));
    row.text("\"size\": ").number(addressee.size).text(", ");
    member(row, "fromIP", |value| letter.put_client(value));
    member(row, "toIP", |value| put_next_ip(value, addressee.mailbox));
    row.text("\"status\": \"");
    // The documentation shows both spellings.
    let word = status_word(addressee.status);
    match letter.chance.is_multiple_of(5) {
        true => row.extend(word.bytes().map(|byte| byte.to_ascii_lowercase())),
        false => _ = row.text(word),
    }
    row.text("\"}");
}

/// A cell in quotes, quotes inside doubled, and a comma.
fn quoted(row: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    row.push(b'"');
    let start = row.len();
    put(row);
    if row[start..].contains(&b'"') {
        let cell = row.split_off(start);
        for byte in cell {
            row.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
        }
    }
    row.extend_from_slice(b"\",");
}

fn quoted_unless_empty(row: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = row.len();
    quoted(row, put);
    if row[start..] == *b"\"\"," {
        row.truncate(start);
        row.push(b',');
    }
}

/// A member with a text value, and a comma.
fn member(row: &mut Vec<u8>, name: &str, put: impl FnOnce(&mut Vec<u8>)) {
    row.text("\"").text(name).text("\": \"");
    let start = row.len();
    put(row);
    if row[start..].iter().any(|byte| matches!(byte, b'"' | b'\\' | 0..32)) {
        let value = row.split_off(start);
        for byte in value {
            match byte {
                b'"' | b'\\' => row.extend_from_slice(&[b'\\', byte]),
                0..32 => _ = row.text("\\u").hex(u64::from(byte), 4, LOWER),
                _ => row.push(byte),
            }
        }
    }
    row.text("\", ");
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Delivered => "Delivered",
        Status::Failed => "Failed",
        Status::Pending => "Pending",
        Status::Quarantined => "Quarantined",
        Status::Expanded => "Expanded",
    }
}

/// The word in which a recipient's list of events ends.
fn last_event(addressee: &Addressee) -> &'static str {
    match (addressee.status, addressee.mailbox) {
        (Status::Delivered, Mailbox::Outside(_)) => "Send",
        (Status::Delivered, _) => "Deliver",
        (Status::Failed, _) => "Fail",
        (Status::Pending, _) => "Defer",
        (Status::Quarantined, _) => "Quarantined",
        (Status::Expanded, _) => "Expand",
    }
}

fn put_message_id(cell: &mut Vec<u8>, letter: &Letter) {
    cell.push(b'<');
    cell.extend_from_slice(&letter.message_id);
    cell.push(b'>');
}

/// The address to which mail for outside goes; nothing for the company's own mailboxes.
fn put_next_ip(cell: &mut Vec<u8>, mailbox: Mailbox) {
    if let Mailbox::Outside(Address { domain, .. }) = mailbox {
        cell.text("203.0.113.").number(20 + domain as u64);
    }
}

fn put_guid(cell: &mut Vec<u8>, id: [u64; 2]) {
    cell.hex(id[0] >> 32, 8, LOWER).text("-").hex(id[0] >> 16, 4, LOWER).text("-").hex(id[0], 4, LOWER);
    cell.text("-").hex(id[1] >> 48, 4, LOWER).text("-").hex(id[1], 12, LOWER);
}

/// `10/1/2026 2:52:30 AM`.
fn put_us_time(cell: &mut Vec<u8>, time: u64) {
    let utc = timestamp(time).in_utc();
    cell.number(u64::from(utc.month())).text("/").number(u64::from(utc.day())).text("/");
    cell.padded(year(utc), 4).text(" ");
    let (is_afternoon, hour) = utc.hour12();
    cell.number(u64::from(hour)).text(":").padded(u64::from(utc.minute()), 2);
    cell.text(":").padded(u64::from(utc.second()), 2).text(if is_afternoon { " PM" } else { " AM" });
}
