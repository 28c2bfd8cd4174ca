//! Tests of whole logs.

use super::*;
use crate::ingest::HostPattern;
use crate::ingest::collect::Collected;
use crate::usage::{SenderId, SizeQuality, Skip, Submission, TimeQuality};

fn read_with(inputs: Vec<Input>, options: &ReadOptions) -> Collected {
    let mut sink = Collected::default();
    Exim.read(inputs, options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    sink
}

fn read(logs: &[&str]) -> Collected {
    let inputs =
        logs.iter().enumerate().map(|(n, log)| Input::from_bytes(&format!("log.{n}"), log.as_bytes()));
    read_with(inputs.collect(), &ReadOptions::default())
}

fn data(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".into());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join("logs/exim").join(path);
    let content = std::fs::read(&path).ok();
    if content.is_none() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", path.display());
    }
    content
}

/// Messages, recipients, bytes and recipient bytes of all that counts, null senders left out.
fn sums(sink: &Collected) -> (u64, u64, u64, u64) {
    sink.submissions().filter(|s| s.sender != SenderId::NULL).fold((0, 0, 0, 0), |sums, s| {
        let (size, all) = (s.message_size.unwrap_or(0), s.recipients.attempted());
        (sums.0 + s.messages, sums.1 + all, sums.2 + size * s.messages, sums.3 + size * all)
    })
}

fn only(sink: &Collected) -> Submission {
    let mut all = sink.submissions();
    let one = *all.next().expect("a submission");
    assert_eq!(all.next(), None);
    one
}

/// A log of many hard things; times are UTC+2, as the ids prove.
const LOG: &str = include_str!("../../../../samples/exim-mainlog.log");
const SYSLOG: &str = include_str!("../../../../samples/exim-syslog.log");

#[test]
fn exims_own_tests_have_their_known_totals() {
    // Messages, recipients, of these open, bounced and unknown: counted by hand.
    type Case = (&'static str, [u64; 5]);
    let cases: [Case; 22] = [
        ("0023", [0, 0, 0, 0, 0]),
        ("0163", [1, 1, 1, 0, 0]),
        ("0216", [2, 501, 501, 0, 0]),
        ("0227", [0, 0, 0, 0, 0]),
        ("0264", [7, 7, 2, 5, 0]),
        ("0322", [9, 14, 0, 14, 0]),
        ("0497", [9, 9, 0, 9, 0]),
        ("0511", [1, 16, 0, 16, 0]),
        ("1157", [3, 3, 3, 0, 0]),
        ("1199", [3, 3, 3, 0, 0]),
        ("2002", [0, 0, 0, 0, 0]),
        ("2012", [8, 8, 7, 1, 0]),
        ("4051", [0, 0, 0, 0, 0]),
        ("4515", [0, 0, 0, 0, 0]),
        ("4690", [0, 0, 0, 0, 0]),
        ("5100", [0, 0, 0, 0, 0]),
        ("5400", [12, 17, 0, 0, 0]),
        ("5710", [2, 2, 2, 0, 0]),
        ("5720", [2, 2, 2, 0, 0]),
        ("5730", [3, 3, 3, 0, 0]),
        ("5801", [0, 0, 0, 0, 0]),
        ("9400", [3, 3, 2, 1, 0]),
    ];
    for (name, expected) in cases {
        let Some(log) = data(&format!("testsuite/{name}.mainlog")) else { return };
        let sink = read_with(vec![Input::from_bytes(name, &log)], &ReadOptions::default());
        let counts = sink.submissions().filter(|s| s.sender != SenderId::NULL).fold([0; 5], |sums, s| {
            let r = s.recipients;
            let one = [s.messages, r.attempted(), r.open, r.bounced, r.unknown];
            std::array::from_fn(|at| sums[at] + one[at])
        });
        assert_eq!(counts, expected, "{name}");
        assert_eq!(sink.accounting.rejected, 0, "{name}");
    }
}

#[test]
fn a_log_full_of_blackholed_mail_has_its_known_totals() {
    let Some(log) = data("smairon-mail.log.example") else { return };
    let sink = read_with(vec![Input::from_bytes("mainlog", &log)], &ReadOptions::default());
    let (messages, recipients, bytes, _) = sums(&sink);
    assert_eq!((messages, recipients, bytes), (100, 128, 109_813));
    let missing = sink.submissions().filter(|s| s.size_quality == SizeQuality::Missing).count();
    assert_eq!((missing, sink.accounting.skipped_messages[&Skip::Discarded]), (23, 4));
    // Local time was UTC+4, as the ids of the messages that were received prove.
    assert!(sink.submissions().all(|s| s.time.to_string().starts_with("2012-02-13T10:39:")));
    assert!(sink.submissions().all(|s| s.time_quality == TimeQuality::Exact));
}

#[test]
fn real_logs_in_which_nothing_was_accepted_are_recognised() {
    for name in [
        "crowdsec/exim-logs.log",
        "crowdsec/exim-syslog-logs.log",
        "crowdsec/exim-bf.log",
        "fail2ban-exim-spam",
    ] {
        let Some(log) = data(name) else { return };
        assert_eq!(Exim.detect(&log), Some(Likelihood::Certain), "{name}");
        let options = ReadOptions { year: Some(2022), ..ReadOptions::default() };
        let sink = read_with(vec![Input::from_bytes(name, &log)], &options);
        assert_eq!((sink.submissions().count(), sink.accounting.rejected), (0, 0), "{name}");
    }
}

#[test]
fn a_log_given_twice_split_or_shuffled_counts_once() {
    for log in [LOG, SYSLOG] {
        let whole = read(&[log]);
        let expected = sums(&whole);
        let twice = read(&[log, log]);
        assert_eq!(sums(&twice), expected);
        assert!(twice.accounting.skipped[&Skip::Duplicate] > 0);
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', log.as_bytes()).map(|at| at + 1).collect();
        for &end in &ends[..ends.len() - 1] {
            let (head, tail) = log.split_at(end);
            for parts in [[head, tail], [tail, head]] {
                assert_eq!(sums(&read(&parts)), expected, "split at byte {end}");
            }
        }
        let third = ends.len() / 3;
        let overlapping = [&log[ends[third]..], &log[..ends[2 * third]]];
        assert_eq!(sums(&read(&overlapping)), expected);
    }
}

#[test]
fn a_log_with_and_without_syslog_is_the_same() {
    let own: String = SYSLOG
        .lines()
        .filter_map(|line| line.split_once("]: ").map(|(_, text)| text))
        .filter(|text| text.starts_with("20"))
        .map(|text| format!("{text}\n"))
        .collect();
    let both = read(&[SYSLOG, &own]);
    assert_eq!(sums(&both), sums(&read(&[SYSLOG])));
}

#[test]
fn detection_leaves_other_logs_alone() {
    for log in [LOG, SYSLOG, "2026-10-05 10:00:00 exim 4.97 daemon started: pid=7, -q30m\n"] {
        assert_eq!(Exim.detect(log.as_bytes()), Some(Likelihood::Certain));
        assert_eq!(super::super::postfix::Postfix.detect(log.as_bytes()), None);
    }
    for other in [
        "Oct  5 10:00:00 mx postfix/smtp[1]: 4A1B2C: to=<a@example.net>, relay=mx[192.0.2.1]:25, status=sent (250 OK)\n",
        "2026-10-05 10:00:00 some text\n2026-10-05 10:00:01 H=1 rejected\n",
        "date,sender,recipients\n2026-10-05 10:00:00,a@example.com,1\n",
        "Oct  5 10:00:00 mx sm-mta[7]: 95A: from=<a@example.com>, size=7\n",
        "",
    ] {
        assert_eq!(Exim.detect(other.as_bytes()), None, "{other}");
    }
}

/// An arrival, a delivery and the end of a message, at a time of 5 October 2026.
fn message(time: &str, id: &str, sender: &str, size: u64, to: &str) -> String {
    format!(
        "2026-10-05 {time} {id} <= {sender} H=web [192.0.2.7] P=esmtp S={size} id=m{id}@example.com\n\
         2026-10-05 {time} {id} => {to} R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.9] C=\"250 OK\"\n\
         2026-10-05 {time} {id} Completed\n"
    )
}

#[test]
fn an_id_that_comes_again_is_another_message() {
    let first = message("10:00:00", "1aaaaa-000001-AA", "a@example.com", 100, "x@example.net");
    let again = message("14:00:00", "1aaaaa-000001-AA", "a@example.com", 30, "x@example.net");
    assert_eq!(sums(&read(&[&first, &again])), (2, 2, 130, 130));
    assert_eq!(sums(&read(&[&again, &first, &again])), (2, 2, 130, 130));
    let long = message("10:00:00", "1aaaaa-0000000001A-AAAA", "a@example.com", 7, "x@example.net");
    assert_eq!(sums(&read(&[&first, &long])), (2, 2, 107, 107));
}

#[test]
fn a_delivery_that_precedes_the_arrival_is_of_it() {
    let log = "2026-10-05 10:00:00 1aaaaa-000001-AA >> x@example.net R=d T=remote_smtp H=mx [192.0.2.9] C=\"250 OK\"\n\
               2026-10-05 10:00:03 1aaaaa-000001-AA <= a@example.com H=web [192.0.2.7] P=esmtp S=100\n\
               2026-10-05 10:00:03 1aaaaa-000001-AA Completed\n";
    let rest = message("18:00:00", "1aaaaa-000003-AA", "b@example.com", 1, "x@example.net");
    for logs in [vec![log], vec![log, log], vec![log, &rest, log]] {
        let sink = read(&logs);
        assert_eq!(sums(&sink).2 % 100, u64::from(logs.len() == 3));
        let first = sink.submissions().next().unwrap();
        assert_eq!((first.recipients.delivered, first.message_size), (1, Some(100)));
        assert_eq!(sink.submissions().count(), 1 + usize::from(logs.len() == 3));
    }
}

#[test]
fn deliveries_without_their_arrival_count_without_size() {
    let log = "2026-10-05 10:00:00 1aaaaa-000001-AA == x@example.net R=d T=remote_smtp defer (-53): later\n\
               2026-10-05 11:00:00 1aaaaa-000001-AA => x@example.net F=<a@example.com> R=d T=remote_smtp H=mx [192.0.2.9]\n\
               2026-10-05 11:00:00 1aaaaa-000001-AA -> Y@example.net F=<a@example.com> R=d T=remote_smtp H=mx [192.0.2.9]\n\
               2026-10-05 11:00:00 1aaaaa-000001-AA Completed\n\
               2026-10-05 11:00:00 1aaaaa-000002-AA Completed\n";
    let sink = read(&[log]);
    let one = only(&sink);
    assert_eq!(
        (one.recipients.delivered, one.message_size, one.size_quality),
        (2, None, SizeQuality::Missing)
    );
    assert_eq!(sink.names.sender_address(one.sender), "a@example.com");
    assert_eq!(sink.accounting.skipped[&Skip::Event], 1);
    assert!(sink.warnings.iter().any(|warning| warning.contains("--log-timezone")));
}

#[test]
fn relay_hosts_choose_deliveries() {
    let log = message("10:00:00", "1aaaaa-000001-AA", "a@example.com", 100, "x@example.net");
    let other = log
        .replace("000001", "000002")
        .replace("mx.example.net [192.0.2.9]", "smtp.office365.com [192.0.2.44]");
    let inputs = || vec![Input::from_bytes("mainlog", format!("{log}{other}").as_bytes())];
    for pattern in ["smtp.office365.com", "192.0.2.44", "*.office365.com"] {
        let relay_hosts: Vec<HostPattern> = vec![pattern.parse().unwrap()];
        let sink = read_with(inputs(), &ReadOptions { relay_hosts, ..ReadOptions::default() });
        assert_eq!(sums(&sink), (1, 1, 100, 100), "{pattern}");
        assert_eq!(sink.accounting.skipped_messages[&Skip::OtherRelay], 1);
    }
}

#[test]
fn exchange_states_the_accepted_bytes() {
    let log = message("10:00:00", "1aaaaa-000001-AA", "a@example.com", 100, "x@example.net").replace(
        "250 OK",
        "250 2.6.0 <m@example.com> [InternalId=7, Hostname=A.prod.outlook.com] 141 bytes in 0.1, 1.3 KB/sec Queued",
    );
    let one = only(&read(&[&log]));
    assert_eq!((one.message_size, one.size_quality), (Some(141), SizeQuality::Accepted));
}

/// A message that a filter on this host hands back under another id; `reply` tells that id, or not.
fn filtered(reply: &str, later_first: bool) -> String {
    let first = [
        "1aaaaa-000001-AA <= a@example.com H=web [192.0.2.7] P=esmtp S=100 id=m@example.com",
        "1aaaaa-000001-AA => x@example.net R=scan T=scan_smtp H=localhost [127.0.0.1] C=\"REPLY\"",
        "1aaaaa-000001-AA -> y@example.net R=scan T=scan_smtp H=localhost [127.0.0.1] C=\"REPLY\"",
        "1aaaaa-000001-AA Completed",
    ];
    let later = [
        "1aaaaa-000002-AA <= a@example.com H=localhost [127.0.0.1] P=esmtp S=140 id=m@example.com",
        "1aaaaa-000002-AA => x@example.net R=out T=remote_smtp H=mx.example.net [192.0.2.9] C=\"250 OK\"",
        "1aaaaa-000002-AA => y@example.net R=out T=remote_smtp H=mx.example.net [192.0.2.9] C=\"250 OK\"",
        "1aaaaa-000002-AA Completed",
    ];
    let lines = if later_first {
        [&first[..1], &later[..], &first[1..]].concat()
    } else {
        [&first[..], &later[..]].concat()
    };
    let line = |line: &&str| format!("2026-10-05 10:00:00 {}\n", line.replace("REPLY", reply));
    lines.iter().map(line).collect()
}

#[test]
fn a_pass_through_a_filter_counts_once() {
    for (reply, later_first) in
        [("250 OK id=1aaaaa-000002-AA", true), ("250 OK id=1aaaaa-000002-AA", false), ("250 Sent", true)]
    {
        let sink = read(&[&filtered(reply, later_first)]);
        let one = only(&sink);
        assert_eq!((one.messages, one.recipients.delivered, one.message_size), (1, 2, Some(100)), "{reply}");
        assert_eq!(sink.names.client_of(one.client).label(), "web [192.0.2.7]");
        assert_eq!(one.records, 8);
    }
}

#[test]
fn a_scanner_that_is_a_command_is_a_filter() {
    let log = "2026-10-05 10:00:00 1aaaaa-000001-AA <= a@example.com H=web [192.0.2.7] P=esmtp S=100 id=m@example.com\n\
               2026-10-05 10:00:01 1aaaaa-000002-AA <= a@example.com U=mail P=spam-scanned S=140 id=m@example.com\n\
               2026-10-05 10:00:01 1aaaaa-000001-AA => x@example.net R=spamcheck T=spamcheck\n\
               2026-10-05 10:00:01 1aaaaa-000001-AA Completed\n\
               2026-10-05 10:00:02 1aaaaa-000002-AA => x@example.net R=out T=remote_smtp H=mx [192.0.2.9] C=\"250 OK\"\n\
               2026-10-05 10:00:02 1aaaaa-000002-AA Completed\n";
    let sink = read(&[log]);
    let one = only(&sink);
    assert_eq!((one.recipients.delivered, one.message_size), (1, Some(100)));
    assert_eq!(sink.names.client_of(one.client).label(), "web [192.0.2.7]");
}

#[test]
fn mail_to_this_host_that_does_not_come_back_is_not_lost() {
    let log = filtered("250 OK id=1zzzzz-000002-AA", false);
    let first: String = log.lines().take(4).map(|line| format!("{line}\n")).collect();
    assert_eq!(only(&read(&[&first])).recipients.unknown, 2);
    let tunnel = first.replace("id=1zzzzz-000002-AA", "queued");
    assert_eq!(only(&read(&[&tunnel])).recipients.delivered, 2);
}

#[test]
fn two_servers_count_what_they_hand_to_each_other_once() {
    let front = message("10:00:00", "1aaaaa-000001-AA", "a@example.com", 100, "x@example.net")
        .replace("250 OK", "250 OK id=1bbbbb-000002-BB");
    let back = message("10:00:00", "1bbbbb-000002-BB", "a@example.com", 120, "x@example.net")
        .replace("m1bbbbb-000002-BB", "m1aaaaa-000001-AA");
    let rest = message("18:00:00", "1bbbbb-000003-BB", "b@example.com", 1, "x@example.net");
    for logs in [[&front, &back, &rest], [&back, &front, &rest], [&rest, &back, &front]] {
        let logs: Vec<&str> = logs.iter().map(|log| log.as_str()).collect();
        assert_eq!((sums(&read(&logs)).0, sums(&read(&logs)).1), (2, 2));
    }
    // Each log on its own from another day: the second is read when the first one's mail is long counted.
    let front = format!("{front}{rest}");
    assert_eq!(sums(&read(&[&front, &back])).0, 2);
}

#[test]
fn pieces_of_long_lines_are_joined_and_lost_ones_do_no_harm() {
    let line = |pid: u32, text: &str| format!("2026-10-05T10:00:00+02:00 mx exim[{pid}]: {text}\n");
    let arrival = [
        line(7, "[1/3] 2026-10-05 10:00:00 1aaaaa-000001-AA <= a@example.com H=web [192.0.2.7] P=esm"),
        line(8, "[1/2] 2026-10-05 10:00:00 1aaaaa-000002-AA <= b@example.com H=web [192.0.2.7] P=esmtp S=7"),
        line(7, "[2/3] tp S=12"),
        line(7, "[3/3] 34 id=m@example.com"),
        line(9, "[2\\2] stray"),
    ];
    let sink = read(&[&arrival.concat()]);
    let mut sizes: Vec<Option<u64>> = sink.submissions().map(|s| s.message_size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [Some(7), Some(1_234)]);
    assert_eq!(sink.accounting.skipped[&Skip::Fragment], 1);
    assert_eq!(sink.accounting.used, 4);
}

#[test]
fn a_line_in_one_piece_does_not_lose_the_one_that_its_process_left_open() {
    let line = |text: &str| format!("2026-10-05T10:00:00+02:00 mx exim[7]: {text}\n");
    let log = [
        line("[1/2] 2026-10-05 10:00:00 1aaaaa-000001-AA <= a@example.com H=web [192.0.2.7]"),
        line("[1/1] 2026-10-05 10:00:00 1aaaaa-000002-AA <= b@example.com H=web [192.0.2.7]"),
    ];
    assert_eq!(read(&[&log.concat()]).accounting.used, 2);
}

#[test]
fn local_probes_and_discarded_mail_do_not_count() {
    let cases = [
        ("=> shop <shop@example.com> R=localuser T=local_delivery", Skip::LocalDelivery),
        ("=> |/usr/bin/vacation <shop@example.com> R=pipe T=address_pipe", Skip::LocalDelivery),
        ("=> /var/mail/shop <shop@example.com> R=file T=address_file", Skip::LocalDelivery),
        (
            "=> x@example.net R=lmtp T=dovecot_lmtp H=127.0.0.1 [127.0.0.1] C=\"250 Saved\"",
            Skip::LocalDelivery,
        ),
        (
            "== shop@example.com R=localuser T=local_delivery defer (-22): mailbox is full",
            Skip::LocalDelivery,
        ),
        ("=> :blackhole: <x@example.net> R=null", Skip::Discarded),
        ("=> blackhole (DATA ACL discarded recipients)", Skip::Discarded),
        ("*> x@example.net R=dnslookup T=remote_smtp H=mx [192.0.2.9]", Skip::Probe),
        ("removed by root", Skip::Discarded),
        ("Frozen by root", Skip::NoRecipient),
    ];
    for (line, expected) in cases {
        let log = format!(
            "2026-10-05 10:00:00 1aaaaa-000001-AA <= a@example.com U=a P=local S=100\n\
             2026-10-05 10:00:00 1aaaaa-000001-AA {line}\n2026-10-05 10:00:01 1aaaaa-000001-AA Completed\n"
        );
        let sink = read(&[&log]);
        assert_eq!(sink.accounting.skipped_messages.get(&expected), Some(&1), "{line}");
        assert_eq!(sink.submissions().count(), 0, "{line}");
    }
}

#[test]
fn times_are_local_as_told_and_the_repeated_hour_is_two() {
    let log = "2026-10-25 02:10:00 1aaaaa-000001-AA <= a@example.com U=a P=local S=1 for x@example.net\n\
               2026-10-25 02:59:00 1aaaaa-000002-AA <= a@example.com U=a P=local S=1 for x@example.net\n\
               2026-10-25 02:05:00 1aaaaa-000003-AA <= a@example.com U=a P=local S=1 for x@example.net\n";
    let options = ReadOptions { log_zone: "Europe/Rome".parse().ok(), ..ReadOptions::default() };
    let sink = read_with(vec![Input::from_bytes("mainlog", log.as_bytes())], &options);
    let times: Vec<String> = sink.submissions().map(|s| s.time.to_string()).collect();
    assert_eq!(times, ["2026-10-25T00:10:00Z", "2026-10-25T00:59:00Z", "2026-10-25T01:05:00Z"]);
    assert!(sink.submissions().all(|s| s.time_quality == TimeQuality::ZoneAssumed));
    assert!(sink.warnings.is_empty());
    let zoned = log.replace("02:10:00 ", "02:10:00.123 +0200 [7] ");
    let sink = read_with(vec![Input::from_bytes("mainlog", zoned.as_bytes())], &ReadOptions::default());
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2026-10-25T00:10:00Z");
}

#[test]
fn damaged_lines_are_rejected_or_skipped_with_a_reason() {
    let log = "2026-13-45 10:00:00 1aaaaa-000001-AA <= a@example.com U=a P=local S=1\n\
               2026-10-05 10:00:00 1aaaaa-000002-AA <= \n\
               2026-10-05 10:00:00 1aaaaa-000002-AA\n\
               \x00\x00\x002026-10-05 10:00:00 1aaaaa-000003-AA <= \u{fffd}@example.com H= [ P=\" S= id= T=\"\n\
               P Received: from x\n\n";
    let sink = read(&[log]);
    assert_eq!(sink.accounting.rejected, 2);
    assert!(sink.accounting.rejections.iter().all(|one| !one.reason.contains('@')));
    assert_eq!(sink.submissions().count(), 1);
}

#[test]
fn lines_from_the_newest_to_the_oldest_are_refused() {
    let log: String = (0..20)
        .map(|n| message(&format!("10:{n:02}:00"), "1aaaaa-000001-AA", "a@example.com", 1, "b@c.example"))
        .collect();
    let turned: Vec<&str> = log.lines().rev().collect();
    let mut sink = Collected::default();
    let input = Input::from_bytes("mainlog", turned.join("\n").as_bytes());
    assert!(Exim.read(vec![input], &ReadOptions::default(), &mut sink).is_err());
}
