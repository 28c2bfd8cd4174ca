//! Tests of whole logs: against themselves, by an independent count, and against the reader.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::*;
use crate::ingest::collect::Collected;
use crate::ingest::formats::postfix::Postfix;
use crate::ingest::{Input, LogFormat, ReadOptions};
use crate::period::Zone;
use crate::sample::truth::part;
use crate::sample::{Counts, Features, Stamp};
use crate::usage::{SenderId, Skip};

fn written(plan: &Plan) -> (String, Truth) {
    let mut out = Vec::new();
    let truth = postfix(plan, &mut out).unwrap();
    assert_eq!(truth.output_bytes, out.len() as u64);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(truth.records, text.lines().count() as u64);
    (text, truth)
}

fn number(line: &str, key: &str) -> u64 {
    let rest = line.split_once(key).unwrap().1;
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (text, truth) = written(&Plan::new(300));
    assert_eq!(written(&Plan::new(300)), (text.clone(), truth));
    assert_ne!(written(&Plan { seed: 2, ..Plan::new(300) }).0, text);
    let digest: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        digest, "250f5c44cde95990",
        "the generator changed: samples and recorded figures change with it"
    );
}

#[test]
fn the_sample_is_what_its_page_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/postfix.log");
    let text = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    assert!(text == written(&Plan::new(230)).0, "samples/postfix.log is not the one of samples/README.md");
}

#[test]
fn a_plain_log_counts_line_by_line_to_its_truth() {
    let (text, truth) = written(&Plan { hosts: 2, ..Plan::plain(3_000) });
    let mut sizes = HashMap::new();
    let mut counted = Counts::default();
    for line in text.lines() {
        let id = line.split("]: ").nth(1).unwrap().split(':').next().unwrap();
        if line.contains("(queue active)") {
            assert_eq!(sizes.insert(id, number(line, "size=")), None, "an id comes once");
            counted.messages += 1;
            counted.bytes += u128::from(number(line, "size="));
        } else if line.contains(" to=<") {
            assert!(line.contains("status=sent ("), "{line}");
            counted.recipients += 1;
            counted.recipient_bytes += u128::from(sizes[id]);
        }
    }
    assert_eq!((counted.messages, &counted), (3_000, &truth.total));
    assert_eq!(truth.total, truth.delivered);
    assert_eq!(truth.total, truth.by_relay_size);
}

#[test]
fn parts_add_up_to_the_total() {
    let (_, truth) = written(&Plan { hosts: 3, senders: 20, ..Plan::new(4_000) });
    for parts in [&truth.by_day, &truth.by_sender_domain] {
        let mut sum = Counts::default();
        for part in parts.values() {
            sum.messages += part.messages;
            sum.recipients += part.recipients;
            sum.bytes += part.bytes;
            sum.recipient_bytes += part.recipient_bytes;
        }
        assert_eq!(sum, truth.total);
    }
    let total = truth.total;
    assert!(total.recipients >= total.messages && total.recipient_bytes >= total.bytes);
    let settled = truth.delivered.recipients + truth.bounced_recipients + truth.open_recipients;
    assert_eq!(settled, total.recipients);
    let all = total.messages + truth.local_messages + truth.discarded_messages + truth.refused_messages;
    // The only messages beyond those handed in are reports that stay on their host.
    assert!((4_000..4_020).contains(&all), "{all}");
}

#[test]
fn a_small_log_has_everything_once() {
    let (text, truth) = written(&Plan::new(220));
    for mark in [
        "status=deferred",
        "status=bounced",
        "status=expired",
        "sender non-delivery notification",
        "from=<>,",
        "relay=127.0.0.1[127.0.0.1]:10024",
        "discarded, id=",
        "NOQUEUE: reject",
        "relay=local",
        "orig_to=<root>",
        "bytes in",
        "disconnect from",
        "statistics: ",
        "bounces+",
    ] {
        assert!(text.contains(mark), "no {mark}");
    }
    assert!(truth.accepted_size_messages > 50 && truth.filter_legs > 0 && truth.open_recipients > 0);
    let mut ended = HashSet::new();
    let again = |line: &str| {
        let id = line.split("]: ").nth(1).and_then(|rest| rest.split(": ").next()).unwrap_or_default();
        let known = ended.contains(id) && line.contains("message-id=<");
        if line.ends_with(": removed") {
            ended.insert(id.to_owned());
        }
        known
    };
    assert!(text.lines().map(again).filter(|&again| again).count() > 0, "no id comes again");
}

#[test]
fn lines_are_in_order() {
    let (text, _) = written(&Plan { stamp: Stamp::Rfc3339, hosts: 2, ..Plan::new(1_000) });
    let stamps: Vec<&str> = text.lines().map(|line| &line[..32]).collect();
    assert!(stamps.is_sorted());
    assert!(stamps[0] >= "2026-10-01" && stamps[stamps.len() - 1] < "2026-11-01");
}

#[test]
fn all_names_and_addresses_are_fictitious() {
    let (text, _) = written(&Plan { senders: 60, hosts: 2, ..Plan::new(2_000) });
    let name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    for word in text.split(|c| !name(c)).filter(|word| word.contains('.')) {
        let octets: Vec<&str> = word.split('.').collect();
        let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if octets.len() == 4 && octets.iter().all(digits) {
            let allowed = ["10.", "127.0.0.1", "192.0.2.", "198.51.100.", "203.0.113."];
            assert!(allowed.iter().any(|start| word.starts_with(start)), "{word}");
        }
        let last = octets[octets.len() - 1];
        if ["com", "net", "org", "de", "it", "eu"].contains(&last) {
            let domain = octets[octets.len().saturating_sub(2)];
            let allowed = ["example", "contoso", "fabrikam", "outlook"];
            assert!(allowed.contains(&domain), "{word}");
        }
    }
}

#[test]
fn odd_plans_work() {
    for (messages, days) in [(0, 0), (1, 1), (500, 1)] {
        let plan = Plan { days, max_recipients: 0, senders: 0, hosts: 0, ..Plan::new(messages) };
        let (_, truth) = written(&plan);
        assert!(truth.total.messages <= messages);
    }
    let (_, truth) = written(&Plan { max_recipients: 1_000, ..Plan::plain(400) });
    assert!(truth.total.recipients > 1_000);
}

#[test]
fn a_size_in_bytes_is_met_nearly() {
    let plan = Plan::new(0).sized(3_000_000, postfix).unwrap();
    let (text, _) = written(&plan);
    assert!((2_700_000..3_300_000).contains(&text.len()), "{}", text.len());
}

/// What the reader finds, in the words of the truth.
fn found(log: &str, options: &ReadOptions) -> (Truth, Collected) {
    let mut sink = Collected::default();
    Postfix.read(vec![Input::from_bytes("postfix.log", log.as_bytes())], options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up());
    assert_eq!(sink.accounting.rejected, 0, "{:?}", sink.accounting.rejections);
    let mut found = Truth { records: sink.accounting.records, ..Truth::default() };
    for submission in sink.submissions() {
        let size = submission.message_size.unwrap_or(0);
        let recipients = submission.recipients;
        if submission.sender == SenderId::NULL {
            found.null_sender.add(recipients.attempted(), size);
            continue;
        }
        found.total.add(recipients.attempted(), size);
        found.recipients_upper += submission.recipients_upper;
        found.delivered.add(recipients.delivered, size);
        found.bounced_recipients += recipients.bounced;
        found.open_recipients += recipients.open;
        let domain = sink.names.domain(sink.names.sender_domain(submission.sender));
        part(&mut found.by_sender_domain, domain).add(recipients.attempted(), size);
        part(&mut found.by_day, &submission.time.date().to_string()).add(recipients.attempted(), size);
    }
    (found, sink)
}

#[test]
fn the_reader_finds_the_truth() {
    let rome: Zone = "Europe/Rome".parse().unwrap();
    let plans = [
        Plan::plain(500),
        Plan::new(2_000),
        Plan { seed: 5, stamp: Stamp::Rfc3339, zone: rome, ..Plan::new(2_000) },
        Plan { seed: 6, hosts: 3, senders: 40, max_recipients: 60, ..Plan::new(3_000) },
        Plan { seed: 7, features: Features { microsoft: false, ..Features::ALL }, ..Plan::new(2_000) },
    ];
    for (number, plan) in plans.iter().enumerate() {
        let (log, truth) = written(plan);
        let (found, sink) = found(&log, &ReadOptions::default());
        let skipped = |reason| sink.accounting.skipped_messages.get(&reason).copied().unwrap_or(0);
        let expected = Truth {
            records: truth.records,
            total: truth.total,
            delivered: truth.delivered,
            recipients_upper: truth.recipients_upper,
            bounced_recipients: truth.bounced_recipients,
            open_recipients: truth.open_recipients,
            null_sender: truth.null_sender,
            by_day: truth.by_day.clone(),
            by_sender_domain: truth.by_sender_domain.clone(),
            ..Truth::default()
        };
        assert_eq!(found, expected, "plan {number}");
        assert_eq!(skipped(Skip::Discarded), truth.discarded_messages, "plan {number}");
        assert_eq!(skipped(Skip::LocalDelivery), truth.local_messages, "plan {number}");
    }
}
