//! Diagnostic logs of Azure Communication Services Email as they lie in a storage account: one JSON object a line,
//! a send row a message and status rows a recipient.

use std::io::{self, Write};

use super::Plan;
use super::cast::Sender;
use super::text::{LOWER, Put, SECOND, put_iso_time};
use super::timeline::Timeline;
use super::traffic::{Fate, Message, Traffic};
use super::truth::Truth;

/// What stands between the time and the category of every row.
const RESOURCE: &str = "Z\",\"resourceId\":\"/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/\
    RG-MAIL/PROVIDERS/MICROSOFT.COMMUNICATION/COMMUNICATIONSERVICES/ACS-CONTOSO\",\"category\":\"";

/// Writes the logs of a plan as one text and returns what a correct reader must find in it. Sizes are the message's
/// bytes as megabytes with six digits, recipients get a status row when their mail goes out and one when its fate is
/// known; some rows stand twice, since the service delivers them at least once. Fails only where `out` does.
pub fn acs_diagnostics(plan: &Plan, out: &mut dyn Write) -> io::Result<Truth> {
    let (mut traffic, mut truth) = (Traffic::new(plan), Truth::default());
    let mut rows = Timeline::new(b"\n");
    while let Some(message) = traffic.next() {
        rows.write_until(message.time, out, |_, _, _| {})?;
        let seconds = traffic.random.between(2, 90);
        let sender = traffic.sender(&message);
        // The service counts by the size that it states: that is the accepted one.
        message.count(sender, Some(message.size), &mut truth);
        for copy in 0..1 + u64::from(message.repeats) {
            put_send(rows.line(message.time + copy * 3 * SECOND, 0), &message);
        }
        truth.repeated_records += u64::from(message.repeats);
        let whole = Status { recipient: None, word: "OutForDelivery", code: ["", ""] };
        put_status(
            rows.line(message.time + SECOND / 2, 0),
            message.time + SECOND / 2,
            &message,
            sender,
            &whole,
        );
        for place in 0..message.recipients.len() {
            let recipient = Some(place);
            let time = message.time + SECOND;
            let out_for = Status { recipient, word: "OutForDelivery", code: ["", ""] };
            put_status(rows.line(time, 0), time, &message, sender, &out_for);
            let (word, code) = match message.recipients[place].1 {
                Fate::Delivered => ("Delivered", ["250", "2.0.0"]),
                Fate::Bounced => ("Bounced", ["550", "5.1.1"]),
                Fate::Filtered => ("FilteredSpam", ["", ""]),
                Fate::Open => continue,
            };
            let time = time + seconds * SECOND;
            put_status(rows.line(time, 0), time, &message, sender, &Status { recipient, word, code });
        }
    }
    rows.write_until(u64::MAX, out, |_, _, _| {})?;
    rows.raw(if rows.lines > 0 { b"\n" } else { b"" });
    rows.flush(out)?;
    (truth.records, truth.output_bytes) = (rows.lines, rows.bytes);
    Ok(truth)
}

fn put_start(row: &mut Vec<u8>, time: u64, message: &Message, category: &str, operation: &str) {
    row.text("{\"time\":\"");
    put_iso_time(row, time, 7);
    row.pop();
    row.text(RESOURCE).text(category).text("\",\"operationName\":\"").text(operation);
    row.text("\",\"operationVersion\":\"2023-03-31\",\"correlationId\":\"");
    let number = message.number;
    row.hex(message.chance >> 32, 8, LOWER).text("-").hex(message.chance >> 16, 4, LOWER);
    row.text("-4000-8000-").hex(number, 12, LOWER).text("\",\"location\":\"europe\",\"properties\":{");
    row.text("\"OperationType\":\"")
        .text(operation)
        .text("\",\"OperationCategory\":\"")
        .text(category)
        .text("\",");
}

fn put_send(row: &mut Vec<u8>, message: &Message) {
    put_start(row, message.time, message, "EmailSendMailOperational", "SendMail");
    let recipients = message.recipients.len() as u64;
    row.text("\"Size\":").number(message.size / 1_000_000).text(".").padded(message.size % 1_000_000, 6);
    row.text(",\"ToRecipientsCount\":").number(recipients);
    row.text(",\"CcRecipientsCount\":0,\"BccRecipientsCount\":0,\"UniqueRecipientsCount\":")
        .number(recipients);
    row.text(",\"AttachmentsCount\":").number(u64::from(message.size > 100_000));
    row.text(",\"TrafficSource\":\"SMTP\"}}");
}

/// What a status row says.
struct Status {
    /// The recipient's place; `None`: the whole message.
    recipient: Option<usize>,
    word: &'static str,
    code: [&'static str; 2],
}

fn put_status(row: &mut Vec<u8>, time: u64, message: &Message, sender: &Sender, status: &Status) {
    put_start(row, time, message, "EmailStatusUpdateOperational", "DeliveryStatusUpdate");
    row.text("\"RecipientId\":\"");
    if let Some((address, _)) = status.recipient.and_then(|place| message.recipients.get(place)) {
        address.put(row, "@");
    }
    row.text("\",\"DeliveryStatus\":\"").text(status.word);
    row.text("\",\"SmtpStatusCode\":\"").text(status.code[0]);
    row.text("\",\"EnhancedSmtpStatusCode\":\"").text(status.code[1]);
    row.text("\",\"SenderDomain\":\"").text(&sender.domain);
    row.text("\",\"SenderUsername\":\"").text(&sender.local_part);
    row.text("\",\"IsHardBounce\":").text(if status.word == "Bounced" { "true" } else { "false" }).text("}}");
}
