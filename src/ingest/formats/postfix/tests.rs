//! Tests of whole logs.

use super::*;
use crate::ingest::Input;
use crate::ingest::collect::Collected;
use crate::usage::{SenderId, SizeQuality, Skip, TimeQuality};
use proptest::prelude::*;

fn read(inputs: Vec<Input>) -> Collected {
    let mut sink = Collected::default();
    Postfix.read(inputs, &ReadOptions::default(), &mut sink).unwrap();
    sink
}

fn data(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".into());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join(path);
    let content = std::fs::read(&path).ok();
    if content.is_none() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", path.display());
    }
    content
}

/// Messages, recipients, bytes, recipient bytes, delivered recipients and their bytes.
type Sums = (u64, u64, u64, u64, u64, u64);

fn sums(sink: &Collected) -> Sums {
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    sink.submissions().fold(Sums::default(), |sums, s| {
        let (size, all) = (s.message_size.unwrap_or(0), s.recipients.attempted());
        (
            sums.0 + s.messages,
            sums.1 + all,
            sums.2 + size * s.messages,
            sums.3 + size * all,
            sums.4 + s.recipients.delivered,
            sums.5 + size * s.recipients.delivered,
        )
    })
}

const RELAY_2014: Sums = (5_020, 5_138, 195_422_433, 198_675_327, 5_137, 198_645_163);

#[test]
fn the_relay_of_2014_has_its_known_totals() {
    let Some(log) = data("logs/postfix/outbound-relay-2014.log") else { return };
    let sink = read(vec![Input::from_bytes("mail.info", &log)]);
    assert_eq!(sums(&sink), RELAY_2014);
    assert_eq!(sink.accounting.rejected, 0);
    let null: Vec<_> = sink.submissions().filter(|s| s.sender == SenderId::NULL).collect();
    assert_eq!((null.len(), null[0].message_size), (1, Some(32_053)));
    assert!(sink.submissions().all(|s| s.time.to_string().starts_with("2014-04-0")));
    assert!(sink.submissions().all(|s| s.time_quality == TimeQuality::Exact));
    let first = sink.submissions().map(|s| s.time).min().unwrap();
    assert_eq!(first.to_string(), "2014-04-01T02:52:30Z");
    assert_eq!(sink.warnings, Vec::<String>::new());
}

#[test]
fn a_log_given_twice_split_or_shuffled_counts_once() {
    let Some(log) = data("logs/postfix/outbound-relay-2014.log") else { return };
    let input = |name: &str, bytes: &[u8]| Input::from_bytes(name, bytes);
    let twice = read(vec![input("a", &log), input("b", &log)]);
    assert_eq!(sums(&twice), RELAY_2014);
    assert_eq!(twice.accounting.skipped.get(&Skip::Duplicate), Some(&twice.accounting.used));
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', &log).map(|at| at + 1).collect();
    for &line in &[1, 2, 3, 700, 3_347, 10_180, 19_424, 19_762, 27_300, 27_358] {
        let (head, tail) = log.split_at(ends[line - 1]);
        for parts in [vec![input("a", head), input("b", tail)], vec![input("b", tail), input("a", head)]] {
            assert_eq!(sums(&read(parts)), RELAY_2014, "split after line {line}");
        }
    }
    let cut = |from: usize, to: usize| &log[ends[from]..ends[to]];
    let overlapping = vec![
        input("c", cut(15_000, 27_358)),
        input("a", &log[..ends[9_000]]),
        input("b", cut(8_000, 20_000)),
    ];
    assert_eq!(sums(&read(overlapping)), RELAY_2014);
}

#[test]
fn the_expired_mail_is_one_message_with_one_recipient() {
    let Some(log) = data("logs/postfix/lightmeter/18_expired.log") else { return };
    let options = ReadOptions { year: Some(2020), ..ReadOptions::default() };
    let mut sink = Collected::default();
    Postfix.read(vec![Input::from_bytes("x", &log)], &options, &mut sink).unwrap();
    assert_eq!(sums(&sink), (1, 1, 312_343, 312_343, 0, 0));
    assert_eq!(sink.submissions().next().unwrap().recipients.bounced, 1);
    assert_eq!(sink.accounting.skipped_messages.get(&Skip::LocalDelivery), Some(&1));
}

#[test]
fn filter_legs_local_mail_and_second_servers_do_not_count() {
    // Messages, recipients and bytes once, by file; several files are one log of several hosts.
    type Case<'a> = (&'a [&'a str], (u64, u64, u64));
    let cases: [Case<'_>; 13] = [
        (&["1_bounce_simple"], (1, 1, 391)),
        (&["2_multiple_recipients_some_bounces"], (1, 5, 502)),
        (&["2_multiple_recipients_some_bounces_no_last_remove"], (1, 5, 502)),
        (&["3_local_delivery"], (0, 0, 0)),
        (&["9_mixed_messages"], (2, 6, 893)),
        (&["10_pickup"], (0, 0, 0)),
        (&["12_two_independent_deliveries_in_the_same_smtpd_process_mixed"], (2, 2, 1_005)),
        (&["13_empty_msgid_issue_388"], (0, 0, 0)),
        (&["15_milter-reject"], (0, 0, 0)),
        (&["21_deliveries_with_local_daemon"], (3, 3, 4_090)),
        (&["26_two_recipients"], (1, 2, 2_239)),
        (&["29_inbound_relayed_message_server_1", "29_inbound_relayed_message_server_2"], (1, 1, 852)),
        (&["29_inbound_relayed_message_server_2", "29_inbound_relayed_message_server_1"], (1, 1, 852)),
    ];
    for (names, expected) in cases {
        let options = ReadOptions { year: Some(2021), ..ReadOptions::default() };
        let mut inputs = Vec::new();
        for name in names {
            let Some(log) = data(&format!("logs/postfix/lightmeter/{name}.log")) else { return };
            inputs.push(Input::from_bytes(name, &log));
        }
        let mut sink = Collected::default();
        Postfix.read(inputs, &options, &mut sink).unwrap();
        let (messages, recipients, bytes, ..) = sums(&sink);
        assert_eq!((messages, recipients, bytes), expected, "{names:?}");
    }
}

/// Reads lines of 1 October 2026, UTC, of host `relay` under program `postfix`; `{` stands for the header.
fn read_lines(lines: &str) -> Collected {
    let mut text = String::new();
    for (second, line) in lines.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let header = format!("2026-10-01T10:{:02}:{:02}Z relay postfix/", second / 60, second % 60);
        text.push_str(&line.replacen('{', &header, 1));
        text.push('\n');
    }
    read(vec![Input::from_bytes("mail.log", text.as_bytes())])
}

#[test]
fn a_mail_goes_through_a_filter_that_hides_its_queue_id() {
    let sink = read_lines(
        "{smtpd[1]: AAAA01: client=app[192.0.2.10]
        {cleanup[2]: AAAA01: message-id=<1@app.example>
        {qmgr[3]: AAAA01: from=<app@example.com>, size=1000, nrcpt=1 (queue active)
        {smtpd[4]: AAAA02: client=localhost[127.0.0.1]
        {cleanup[2]: AAAA02: message-id=<1@app.example>
        {qmgr[3]: AAAA02: from=<app@example.com>, size=1400, nrcpt=1 (queue active)
        {smtp[5]: AAAA01: to=<a@example.net>, relay=127.0.0.1[127.0.0.1]:10030, dsn=2.0.0, status=sent (250 ok)
        {qmgr[3]: AAAA01: removed
        {smtp[5]: AAAA02: to=<a@example.net>, relay=mx.example.net[192.0.2.7]:25, dsn=2.0.0, status=sent (250 ok)
        {qmgr[3]: AAAA02: removed",
    );
    assert_eq!(sums(&sink), (1, 1, 1_000, 1_000, 1, 1_000));
    let submission = *sink.submissions().next().unwrap();
    assert_eq!(sink.names.client_of(submission.client).label(), "app [192.0.2.10]");
    assert_eq!((submission.records, submission.line), (10, 1));
}

#[test]
fn a_filter_that_splits_a_mail_in_two_leaves_one_message() {
    let sink = read_lines(
        "{qmgr[3]: AAAA01: from=<app@example.com>, size=1000, nrcpt=2 (queue active)
        {smtp[5]: AAAA01: to=<a@example.net>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 Ok: queued as AAAA02)
        {smtp[5]: AAAA01: to=<b@example.org>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 Ok: queued as AAAA03)
        {qmgr[3]: AAAA02: from=<app@example.com>, size=1400, nrcpt=1 (queue active)
        {qmgr[3]: AAAA03: from=<app@example.com>, size=1400, nrcpt=1 (queue active)
        {smtp[5]: AAAA02: to=<a@example.net>, relay=mx.example.net[192.0.2.7]:25, status=sent (250 ok)
        {smtp[5]: AAAA03: to=<b@example.org>, relay=mx.example.org[192.0.2.8]:25, status=bounced (550 no)
        {qmgr[3]: AAAA01: removed
        {qmgr[3]: AAAA02: removed
        {qmgr[3]: AAAA03: removed",
    );
    assert_eq!(sums(&sink), (1, 2, 1_000, 2_000, 1, 1_000));
}

#[test]
fn spam_that_never_left_and_probes_do_not_count() {
    let sink = read_lines(
        "{qmgr[3]: AAAA01: from=<x@example.com>, size=1000, nrcpt=1 (queue active)
        {smtp[5]: AAAA01: to=<a@example.net>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 2.7.0 Ok, discarded, id=1 - spam)
        {qmgr[3]: AAAA01: removed
        {smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 denied
        {qmgr[3]: AAAA02: from=<double-bounce@example.com>, size=240, nrcpt=1 (queue active)
        {smtp[5]: AAAA02: to=<a@example.net>, relay=mx.example.net[192.0.2.7]:25, status=deliverable (250 ok)
        {qmgr[3]: AAAA02: removed
        {discard[5]: AAAA03: to=<a@example.net>, relay=none, status=sent (example.net)
        {qmgr[3]: AAAA03: removed",
    );
    assert_eq!(sums(&sink).0, 0);
    let skipped = &sink.accounting.skipped;
    assert_eq!(
        [Skip::Discarded, Skip::NotAccepted, Skip::Probe].map(|reason| skipped.get(&reason).copied()),
        [Some(5), Some(1), Some(3)]
    );
}

#[test]
fn exchange_online_tells_the_accepted_size_and_relay_host_narrows() {
    let lines = "2026-10-01T10:00:00Z relay postfix/qmgr[3]: AAAA01: from=<x@example.com>, size=1000, nrcpt=2 (queue active)
2026-10-01T10:00:01Z relay postfix/smtp[5]: AAAA01: to=<a@example.net>, relay=example-net.mail.protection.outlook.com[192.0.2.7]:25, status=sent (250 2.6.0 <1> [InternalId=9, Hostname=h.prod.outlook.com] 1036 bytes in 0.101, 13.8 KB/sec Queued mail for delivery)
2026-10-01T10:00:01Z relay postfix/smtp[5]: AAAA01: to=<b@example.org>, relay=mx.example.org[192.0.2.8]:25, status=sent (250 ok)
2026-10-01T10:00:02Z relay postfix/qmgr[3]: AAAA01: removed
";
    let mut sink = Collected::default();
    let below = crate::ingest::HostPattern::Below(".mail.protection.outlook.com".into());
    let options = ReadOptions { relay_hosts: vec![below], ..ReadOptions::default() };
    Postfix.read(vec![Input::from_bytes("x", lines.as_bytes())], &options, &mut sink).unwrap();
    assert_eq!(sums(&sink), (1, 1, 1_036, 1_036, 1, 1_036));
    assert_eq!(sink.submissions().next().unwrap().size_quality, SizeQuality::Accepted);
}

#[test]
fn what_is_put_back_into_the_queue_counts_once() {
    let sink = read_lines(
        "{pickup[1]: AAAA01: uid=0 from=<root>
        {qmgr[3]: AAAA01: from=<root@example.com>, size=500, nrcpt=1 (queue active)
        {smtp[5]: AAAA01: to=<a@example.net>, relay=none, status=deferred (connect timed out)
        {postsuper[9]: AAAA01: requeued
        {pickup[1]: AAAA02: uid=106 from=<root@example.com> orig_id=AAAA01
        {cleanup[2]: AAAA02: message-id=<1@example.com>
        {qmgr[3]: AAAA02: from=<root@example.com>, size=600, nrcpt=1 (queue active)
        {smtp[5]: AAAA02: to=<a@example.net>, relay=mx.example.net[192.0.2.7]:25, status=sent (250 ok)
        {qmgr[3]: AAAA02: removed",
    );
    assert_eq!(sums(&sink), (1, 1, 500, 500, 1, 500));
}

#[test]
fn cut_and_foreign_lines_are_accounted_for() {
    let sink = read_lines(
        "{qmgr[3]: AAAA01: from=<x@example.com>, si
        {smtp[5]: AAAA01: to=<a@exam
        {smtp[5]: AAAA01: to=<a@example.net>, relay=mx.example.net[192.0.2.7]:25, del
        not a log line
        {qmgr[3]: AAAA01: removed",
    );
    assert_eq!(sums(&sink).0, 1);
    assert_eq!(sink.submissions().next().unwrap().recipients.unknown, 1);
    let shown: Vec<String> = sink.accounting.rejections.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "mail.log:1: its queue line is cut: expected 'size=' and 'nrcpt=' with numbers",
            "mail.log:2: its delivery line is cut: expected 'to=<' up to '>'",
        ]
    );
    assert_eq!(sink.accounting.skipped.get(&Skip::Fragment), Some(&1));
}

#[test]
fn streams_containers_and_repeated_lines_are_read() {
    let stream = "<22>Oct  1 10:00:00 h postfix/qmgr[3]: AAAA01: from=<x@example.com>, size=9, nrcpt=1 (queue active)\
        <22>Oct  1 10:00:00 h postfix/smtp[5]: AAAA01: to=<a@example.net>, relay=mx[192.0.2.7]:25, status=sent (250 <1> ok)\
        <22>Oct  1 10:00:00 h postfix/qmgr[3]: AAAA01: removed";
    let docker = "Oct 01 12:00:00 h docker[1]: Oct  1 10:00:00 c postfix/qmgr[3]: AAAA02: from=<x@example.com>, size=9, nrcpt=1 (queue active)\n\
        Oct 01 12:00:00 h docker[1]: Oct  1 10:00:01 c postfix/smtp[5]: message repeated 2 times: [ AAAA02: to=<a@example.net>, relay=none, status=deferred (x)]\n";
    for (text, recipients) in [(stream, (1, 0)), (docker, (0, 1))] {
        let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
        let mut sink = Collected::default();
        Postfix.read(vec![Input::from_bytes("x", text.as_bytes())], &options, &mut sink).unwrap();
        let submission = sink.submissions().next().unwrap();
        assert_eq!((submission.recipients.delivered, submission.recipients.open), recipients);
        assert_eq!(submission.time.to_string(), "2026-10-01T10:00:00Z");
        assert!(sink.accounting.adds_up());
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_accounted_for(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
        let mut text = b"2026-10-01T10:00:00Z h postfix/qmgr[1]: AAAA01: from=<>, size=1, nrcpt=1 (x)\n".to_vec();
        text.extend(bytes);
        let sink = read(vec![Input::from_bytes("x", &text)]);
        proptest::prop_assert!(sink.accounting.adds_up());
    }

    #[test]
    fn any_damage_to_a_line_is_accounted_for(at in 0_usize..400, byte in proptest::prelude::any::<u8>(), cut in 0_usize..400) {
        let mut text = b"Oct  1 10:00:00 h postfix/smtpd[1]: AAAA01: client=a[192.0.2.1]:25, orig_queue_id=B1B1B1\n\
            Oct  1 10:00:00 h postfix/cleanup[1]: AAAA01: message-id=<20261001100000.AAAA01@h>\n\
            Oct  1 10:00:00 h postfix/qmgr[1]: AAAA01: from=<a@example.com>, size=1, nrcpt=1 (queue active)\n\
            Oct  1 10:00:01 h postfix/smtp[1]: AAAA01: to=<b@example.net>, relay=x[127.0.0.1]:10024, status=sent (250 queued as B2B2B2)\n"
            .to_vec();
        let at = at % text.len();
        text[at] = byte;
        text.truncate(text.len() - cut % text.len());
        let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
        let mut sink = Collected::default();
        Postfix.read(vec![Input::from_bytes("x", &text)], &options, &mut sink).unwrap();
        proptest::prop_assert!(sink.accounting.adds_up());
    }
}

/// A line of a few hosts, queue ids and times, or something that is none.
fn any_line() -> impl Strategy<Value = String> {
    let texts = prop::sample::select(vec![
        "smtpd[1]: ID: client=erp.contoso.com[192.0.2.7], sasl_username=app@contoso.com",
        "smtpd[1]: ID: client=localhost[127.0.0.1], orig_queue_id=ABCDE0",
        "smtpd[1]: ID: client=localhost[127.0.0.1]",
        "pickup[2]: ID: uid=0 from=<root>",
        "pickup[2]: ID: uid=0 from=<root> orig_id=ABCDE1",
        "cleanup[3]: ID: message-id=<a@contoso.com>",
        "cleanup[3]: ID: message-id=<20261001080000.ABCDE1@relay>",
        "cleanup[3]: ID: message-id=<20261001070000.ABCDE2@relay>",
        "cleanup[3]: ID: milter-reject: END-OF-MESSAGE from x",
        "qmgr[4]: ID: from=<a@contoso.com>, size=1000, nrcpt=1 (queue active)",
        "qmgr[4]: ID: from=<b@contoso.com>, size=2000, nrcpt=2 (queue active)",
        "qmgr[4]: ID: from=<a@contoso.com>, si",
        "qmgr[4]: ID: from=<a@contoso.com>, status=expired, returned to sender",
        "qmgr[4]: ID: removed",
        "smtp[5]: ID: to=<x@example.com>, relay=mx.example.com[198.51.100.1]:25, status=sent (250 ok)",
        "smtp[5]: ID: to=<y@example.com>, relay=mx.example.com[198.51.100.1]:25, status=deferred (later)",
        "smtp[5]: ID: to=<x@example.com>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 queued as ABCDE3)",
        "smtp[5]: ID: to=<x@example.com>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 ok)",
        "smtp[5]: ID: to=<x@example.com>, relay=h2[192.0.2.9]:25, status=sent (250 queued as ABCDE2)",
        "smtp[5]: ID: to=<cut",
        "smtpd[1]: connect from unknown[192.0.2.8]",
        "smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.8]: 554",
        "anvil[6]: statistics: max cache size 1",
    ]);
    let front = (0_u32..3, 0_u32..60, prop::sample::select(vec!["h1", "h2", "h1.contoso.com"]), 0_u32..5);
    let other = prop::sample::select(vec![
        "",
        "broken",
        "\r",
        "Oct 99 10:00:00 h1 postfix/qmgr[4]: ABCDE0: removed",
        "Oct  1 10:00:00 h1 dovecot: x",
        "Oct  1 10:00:00 h1 docker[1]: Oct  1 10:00:00 h2 postfix/qmgr[4]: ABCDE1: removed",
        "<22>Oct  1 10:00:00 h1 postfix/qmgr[4]: ABCDE0: removed",
        "2026-10-01T08:00:30Z h1 postfix/qmgr[4]: ABCDE0: removed",
        "<22>1 2026-10-01T08:00:30Z h1 postfix/qmgr 4 - - ABCDE0: removed",
    ]);
    let line = (front, texts).prop_map(|((minute, second, host, id), text)| {
        let text = text.replace("ID:", &format!("ABCDE{id}:"));
        match minute {
            0 => format!("2026-10-01T08:00:{second:02}.{id}{second}Z {host} postfix/{text}"),
            _ => format!("Oct  1 10:{minute:02}:{second:02} {host} postfix/{text}"),
        }
    });
    prop_oneof![12 => line, 1 => other.prop_map(str::to_owned)]
}

/// All that a run delivers, read on so many cores in blocks of such a size.
fn delivered(parts: &[String], cores: usize, bytes: usize) -> String {
    let inputs =
        parts.iter().zip(1..).map(|(text, n)| Input::from_bytes(&format!("mail.log.{n}"), text.as_bytes()));
    let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
    let mut sink = Collected::default();
    let ended = read_with(inputs.collect(), &options, &mut sink, NonZeroUsize::new(cores).unwrap(), bytes);
    let Collected { records, accounting, warnings, damages, .. } = &sink;
    format!("{ended:?} {records:#?} {accounting:#?} {warnings:?} {damages:?}")
}

proptest! {
    #[test]
    fn blocks_and_cores_change_nothing(
        lines in prop::collection::vec(any_line(), 1..60),
        (sorted, cut, cores, bytes) in (any::<bool>(), 0_usize..60, 1_usize..4, 1_usize..3_000),
    ) {
        let mut lines = lines;
        if sorted {
            lines.sort_by(|one, other| one.get(..15).cmp(&other.get(..15)));
        }
        let (first, second) = lines.split_at(cut.min(lines.len()));
        let parts = [first.join("\n"), second.join("\n")];
        prop_assert_eq!(delivered(&parts, cores, bytes), delivered(&parts, 1, 1 << 20));
    }
}
