//! Tests of whole traces: against themselves and by an independent count.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::*;
use crate::ingest::collect::Collected;
use crate::ingest::formats::FORMATS;
use crate::ingest::{Input, ReadOptions};
use crate::sample::Counts;
use crate::usage::SenderId;

fn written(plan: &Plan, shape: Shape) -> (String, Truth) {
    let mut out = Vec::new();
    let truth = message_trace(plan, shape, &mut out).unwrap();
    assert_eq!(truth.output_bytes, out.len() as u64);
    (String::from_utf8(out).unwrap(), truth)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let digests = [Shape::Get, Shape::Enhanced, Shape::Graph].map(|shape| {
        let (text, _) = written(&Plan::new(300), shape);
        assert_eq!(written(&Plan::new(300), shape).0, text);
        Sha256::digest(&text).iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    assert_eq!(digests, ["37284f7d", "0d5290b6", "ba69d093"], "the generator changed");
}

/// One recipient's row: message, sender, recipient, status, size, client.
type Row = (String, String, String, String, u64, String);

fn rows(text: &str, shape: Shape) -> Vec<Row> {
    if shape == Shape::Graph {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
        let row = |row: &serde_json::Value| {
            let names = ["id", "senderAddress", "recipientAddress", "status", "fromIP"];
            let [id, sender, recipient, status, client] = names.map(|name| text(row, name));
            (id, sender, recipient, status.to_lowercase(), row["size"].as_u64().unwrap(), client)
        };
        return json["value"].as_array().unwrap().iter().map(row).collect();
    }
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.unwrap();
        let cell = |at: usize| record[at].to_owned();
        if shape == Shape::Get {
            rows.push((
                cell(13),
                cell(6),
                cell(7),
                cell(9).to_lowercase(),
                cell(12).parse().unwrap(),
                cell(11),
            ));
            continue;
        }
        for recipient in record[2].split(';') {
            let (address, events) = recipient.rsplit_once("##").unwrap();
            let status = match events.rsplit_once(", ").unwrap().1 {
                "Send" | "Deliver" => "delivered",
                "Fail" => "failed",
                "Defer" => "pending",
                "Expand" => "expanded",
                word => &word.to_lowercase(),
            };
            let row =
                (cell(6), cell(1), address.to_owned(), status.to_owned(), cell(4).parse().unwrap(), cell(7));
            rows.push(row);
        }
    }
    rows
}

/// Counts rows by message, without any of the generator's own counting.
fn counted(rows: &[Row]) -> (Counts, Counts, u64) {
    let mut messages: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        messages.entry(&row.0).or_default().push(row);
    }
    let (mut total, mut relay, mut delivered) = (Counts::default(), Counts::default(), 0);
    for rows in messages.values().filter(|rows| rows[0].1 != "<>") {
        let groups: BTreeSet<&str> =
            rows.iter().filter(|row| row.3 == "expanded").map(|row| row.2.as_str()).collect();
        let people: BTreeSet<(&str, &str)> =
            rows.iter().map(|row| (row.2.as_str(), row.3.as_str())).collect();
        let size = rows.iter().map(|row| row.4).max().unwrap();
        let recipients = if groups.is_empty() { people.len() } else { groups.len() } as u64;
        total.add(recipients, size);
        if rows[0].5 == RELAY_IP {
            relay.add(recipients, size);
        }
        let arrived = people.iter().filter(|person| person.1 == "delivered").count() as u64;
        delivered += if groups.is_empty() { arrived } else { groups.len() as u64 };
    }
    (total, relay, delivered)
}

#[test]
fn rows_count_to_the_truth_in_every_shape() {
    for shape in [Shape::Get, Shape::Enhanced, Shape::Graph] {
        for plan in [Plan::plain(400), Plan { max_recipients: 40, ..Plan::new(3_000) }] {
            let (text, truth) = written(&plan, shape);
            let rows = rows(&text, shape);
            let (total, relay, delivered) = counted(&rows);
            assert_eq!((total, delivered), (truth.total, truth.delivered.recipients), "{shape:?}");
            assert_eq!(relay, truth.by_traffic["relay"], "{shape:?}");
            if !shape.is_per_message() {
                assert_eq!(rows.len() as u64, truth.records, "{shape:?}");
            }
        }
    }
}

#[test]
fn a_trace_has_everything_and_adds_up() {
    let (text, truth) = written(&Plan::new(2_000), Shape::Get);
    for mark in
        ["\"Expanded\"", "\"Failed\"", "\"Pending\"", "\"Quarantined\"", "\"<>\"", "\"\"autumn\"\"", ",,"]
    {
        assert!(text.contains(mark), "no {mark}");
    }
    assert!(truth.repeated_records > 0 && truth.recipients_upper > truth.total.recipients);
    for parts in [&truth.by_day, &truth.by_sender_domain, &truth.by_traffic] {
        assert_eq!(parts.values().map(|part| part.messages).sum::<u64>(), truth.total.messages);
        assert_eq!(
            parts.values().map(|part| part.recipient_bytes).sum::<u128>(),
            truth.total.recipient_bytes
        );
    }
    assert!(
        truth.total.recipients >= truth.total.messages && truth.total.recipient_bytes >= truth.total.bytes
    );
    let settled = truth.delivered.recipients + truth.bounced_recipients + truth.filtered_recipients;
    assert_eq!(settled + truth.open_recipients, truth.total.recipients);
}

#[test]
fn rows_of_one_message_stand_apart() {
    let (text, _) = written(&Plan::new(1_000), Shape::Graph);
    let rows = rows(&text, Shape::Graph);
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let apart =
        rows.iter().enumerate().filter(|(at, row)| last.insert(&row.0, *at).is_some_and(|was| was + 1 < *at));
    assert!(apart.count() > 50);
}

#[test]
fn an_empty_trace_is_whole() {
    for shape in [Shape::Get, Shape::Enhanced, Shape::Graph] {
        let (text, truth) = written(&Plan { days: 0, ..Plan::new(0) }, shape);
        assert_eq!((truth.total, rows(&text, shape).len()), (Counts::default(), 0));
    }
}

#[test]
fn all_addresses_are_fictitious() {
    for shape in [Shape::Get, Shape::Enhanced, Shape::Graph] {
        let (text, _) = written(&Plan { senders: 60, ..Plan::new(1_000) }, shape);
        for (_, sender, recipient, _, _, client) in rows(&text, shape) {
            for address in [sender, recipient] {
                let end = address.rsplit('@').next().unwrap().to_owned();
                let allowed =
                    ["<>", "example.com", "example.net", "example.org", "contoso.com", "fabrikam.com"];
                assert!(
                    allowed.iter().any(|allowed| end == *allowed || end.ends_with(&format!(".{allowed}"))),
                    "{end}"
                );
            }
            let reserved = ["192.0.2.", "198.51.100."].iter().any(|start| client.starts_with(start));
            assert!(reserved || client.is_empty(), "{client}");
        }
    }
}

/// What the reader finds, in the words of the truth.
fn found(text: &str) -> Truth {
    let format = FORMATS.iter().find(|format| format.name() == "message-trace").unwrap();
    let mut sink = Collected::default();
    let input = Input::from_bytes("trace", text.as_bytes());
    format.read(vec![input], &ReadOptions::default(), &mut sink).unwrap();
    assert!(sink.accounting.adds_up());
    assert_eq!(sink.accounting.rejected, 0, "{:?}", sink.accounting.rejections);
    let mut found = Truth::default();
    for submission in sink.submissions() {
        let (recipients, size) = (submission.recipients, submission.message_size.unwrap_or(0));
        if submission.sender == SenderId::NULL {
            found.null_sender.add(recipients.attempted(), size);
            continue;
        }
        let domain = sink.names.domain(sink.names.sender_domain(submission.sender));
        found.count(Counted {
            day: &submission.time.date().to_string(),
            sender_domain: domain,
            relay_size: size,
            accepted_size: None,
            recipients: recipients.attempted(),
            recipients_upper: submission.recipients_upper,
            delivered: recipients.delivered,
            bounced: recipients.bounced,
            filtered: recipients.filtered,
        });
    }
    found
}

#[test]
fn the_reader_finds_the_truth() {
    for shape in [Shape::Get, Shape::Enhanced, Shape::Graph] {
        for plan in [Plan::plain(300), Plan { seed: 4, max_recipients: 60, ..Plan::new(2_000) }] {
            let (text, truth) = written(&plan, shape);
            // What a reader does not tell: records are counted elsewhere, traffic needs a filter.
            let expected = Truth {
                records: 0,
                output_bytes: 0,
                repeated_records: 0,
                by_traffic: BTreeMap::new(),
                ..truth
            };
            assert_eq!(found(&text), expected, "{shape:?}");
        }
    }
}
