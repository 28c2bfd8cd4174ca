//! Message tracking logs of an Exchange server (2016 and later) that hands application mail to Exchange Online.

use std::io::{self, Write};

use super::Plan;
use super::cast::Sender;
use super::text::{LOWER, Put, SECOND, put_iso_time};
use super::timeline::Timeline;
use super::traffic::{Fate, Message, Traffic};
use super::truth::{Truth, part};

const START: &str = "#Software: Microsoft Exchange Server\r\n#Version: 15.02.1544.011\r\n\
    #Log-type: Message Tracking Log\r\n#Date: ";
const FIELDS: &str = "\r\n#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,\
    connector-id,source,event-id,internal-message-id,message-id,network-message-id,recipient-address,\
    recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,\
    sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,\
    custom-data,transport-traffic-type,log-id,schema-version\r\n";
/// The server's own address and name.
const SERVER: [&str; 2] = ["192.0.2.10", "EX01"];

/// Writes the tracking log of a plan as one file and returns what a correct reader must find in it. A message is a
/// RECEIVE, a shadow copy on the partner server, a row of an agent, and what became of its recipients: SENDEXTERNAL
/// for those handed on, FAIL or MODERATORREJECT for the others, DEFER for those that wait. Fails only where `out` does.
pub fn exchange_tracking(plan: &Plan, out: &mut dyn Write) -> io::Result<Truth> {
    let (mut traffic, mut truth) = (Traffic::new(plan), Truth::default());
    let mut rows = Timeline::new(b"\r\n");
    let mut start = START.as_bytes().to_vec();
    put_iso_time(&mut start, plan.start_micros(), 3);
    start.text(FIELDS);
    rows.raw(&start);
    while let Some(message) = traffic.next() {
        rows.write_until(message.time, out, |_, _, _| {})?;
        let handed_on = message.time + traffic.random.between(1, 20) * SECOND / 4;
        let sender = traffic.sender(&message);
        message.count(sender, None, &mut truth);
        part(&mut truth.by_traffic, "relay").add(message.recipients.len() as u64, message.size);
        put_events(&mut rows, &message, sender, handed_on, plan.features.noise);
        truth.repeated_records += u64::from(message.repeats);
    }
    rows.write_until(u64::MAX, out, |_, _, _| {})?;
    rows.raw(if rows.lines > 0 { b"\r\n" } else { b"" });
    rows.flush(out)?;
    (truth.records, truth.output_bytes) = (rows.lines, rows.bytes);
    Ok(truth)
}

/// One event: source and name, and what differs between rows.
struct Event<'a> {
    time: u64,
    name: &'a str,
    /// Client address and name, server address and name.
    hosts: [&'a str; 4],
    connector: &'a str,
    /// What became of the recipients that it lists; `None`: all.
    fate: Option<Fate>,
    status: &'a str,
    custom: &'a str,
}

fn put_events(rows: &mut Timeline, message: &Message, sender: &Sender, handed_on: u64, noise: bool) {
    let (name, ip) = sender.host();
    let proxied = format!(
        "S:FirstForestHop=EX01.contoso.com;S:ProxiedClientIPAddress={ip};S:ProxiedClientHostname={name}"
    );
    let received = Event {
        time: message.time,
        name: "SMTP,RECEIVE",
        hosts: [SERVER[0], SERVER[1], SERVER[0], SERVER[1]],
        connector: "EX01\\Default EX01",
        fate: None,
        status: "",
        custom: &proxied,
    };
    for _ in 0..1 + u64::from(message.repeats) {
        put_row(rows, message, sender, &received);
    }
    let quiet = Event { hosts: ["", "", "", "EX02"], connector: "", custom: "", ..received };
    if noise {
        put_row(
            rows,
            message,
            sender,
            &Event { time: message.time + 4_000, name: "SMTP,HARECEIVE", ..quiet },
        );
        let custom = "S:AMA=SUM|v=0|action=|error=|atch=0;S:CompCost=|ETR=0";
        let hosts = ["", "", "", "EX01"];
        put_row(rows, message, sender, &Event { name: "AGENT,AGENTINFO", hosts, custom, ..quiet });
    }
    let next = [SERVER[0], SERVER[1], "198.51.100.36", "contoso-com.mail.protection.outlook.com"];
    for (fate, name, hosts, connector, status) in [
        (Fate::Delivered, "SMTP,SENDEXTERNAL", next, "Outbound to Office 365", "250 2.1.5 Recipient OK"),
        (Fate::Bounced, "SMTP,FAIL", ["", "", "", "EX01"], "", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound"),
        (Fate::Filtered, "APPROVAL,MODERATORREJECT", ["", "", "", "EX01"], "", ""),
        (Fate::Open, "SMTP,DEFER", ["", "", "", "EX01"], "Outbound to Office 365", "451 4.4.0 timed out"),
    ] {
        if message.recipients.iter().any(|recipient| recipient.1 == fate) {
            let event =
                Event { time: handed_on, name, hosts, connector, status, fate: Some(fate), custom: "" };
            put_row(rows, message, sender, &event);
        }
    }
}

fn put_row(rows: &mut Timeline, message: &Message, sender: &Sender, event: &Event<'_>) {
    let row = rows.line(event.time, 0);
    put_iso_time(row, event.time, 3);
    row.text(",");
    for host in event.hosts {
        row.text(host).text(",");
    }
    row.text(",").text(event.connector).text(",").text(event.name).text(",");
    row.number(70_368_744_177_664 + message.number).text(",<").hex(message.chance, 16, LOWER);
    row.text("@app.contoso.com>,").hex(message.chance >> 32, 8, LOWER).text("-52b1-4c7e-8d10-");
    row.hex(message.number, 12, LOWER).text(",");
    let listed =
        || message.recipients.iter().filter(|(_, fate)| event.fate.is_none_or(|wanted| wanted == *fate));
    for (place, (address, _)) in listed().enumerate() {
        row.text(if place > 0 { ";" } else { "" });
        address.put(row, "@");
    }
    row.text(",");
    for place in 0..if event.status.is_empty() { 0 } else { listed().count() } {
        row.text(if place > 0 { ";" } else { "" }).text(event.status);
    }
    row.text(",").number(message.size).text(",").number(listed().count() as u64).text(",,,");
    row.text("\"Your order ").number(message.number).text(", thank you\",");
    for _ in 0..2 {
        row.text(&sender.local_part).text("@").text(&sender.domain).text(",");
    }
    row.text(",Originating,,,,").text(event.custom).text(",Email,").hex(message.chance, 8, LOWER);
    row.text("-7d1c-4b1e-9a51-").hex(message.number, 12, LOWER).text(",15.02.1544.011");
}
