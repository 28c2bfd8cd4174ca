//! Tests of whole logs.

use super::*;
use crate::ingest::HostPattern;
use crate::ingest::collect::Collected;
use crate::ingest::formats::FORMATS;
use crate::usage::{SenderId, SizeQuality, Skip, TimeQuality};

fn read_with(inputs: Vec<Input>, options: &ReadOptions) -> Collected {
    let mut sink = Collected::default();
    Sendmail.read(inputs, options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    sink
}

fn read(text: &str) -> Collected {
    read_with(vec![Input::from_bytes("mail.log", text.as_bytes())], &ReadOptions::default())
}

/// Messages, recipients, bytes and recipient bytes.
fn sums(sink: &Collected) -> (u64, u64, u64, u64) {
    sink.submissions().filter(|s| s.sender != SenderId::NULL).fold((0, 0, 0, 0), |sums, s| {
        let (size, all) = (s.message_size.unwrap_or(0), s.recipients.attempted());
        (sums.0 + s.messages, sums.1 + all, sums.2 + size * s.messages, sums.3 + size * all)
    })
}

fn sample() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/sendmail.log");
    std::fs::read_to_string(path).unwrap()
}

const SAMPLE: (u64, u64, u64, u64) = (14, 27, 232_000, 522_316);

fn data(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".into());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join(path);
    let content = std::fs::read(&path).ok();
    if content.is_none() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", path.display());
    }
    content
}

/// Reads lines of 9 October 2026, UTC, of host `relay`; `{` stands for the header up to the program.
fn lines(text: &str) -> String {
    let mut log = String::new();
    for (second, line) in text.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        log.push_str(&line.replacen(
            '{',
            &format!("Oct  9 10:{:02}:{:02} relay ", second / 60, second % 60),
            1,
        ));
        log.push('\n');
    }
    log
}

#[test]
fn queue_ids_prove_year_and_zone() {
    let sink = read(&sample());
    assert_eq!(sums(&sink), SAMPLE);
    let first = sink.submissions().min_by_key(|s| s.time).unwrap();
    assert_eq!(
        (first.time.to_string().as_str(), first.time_quality),
        ("2026-10-05T06:01:11Z", TimeQuality::Exact)
    );
    assert_eq!((sink.warnings.len(), sink.accounting.rejected), (0, 0));
}

#[test]
fn a_log_given_twice_split_in_any_order_or_overlapping_counts_once() {
    let log = sample();
    let input = |name: &str, text: &str| Input::from_bytes(name, text.as_bytes());
    let ends: Vec<usize> = log.match_indices('\n').map(|(at, _)| at + 1).collect();
    for &end in &ends[..ends.len() - 1] {
        let (head, tail) = log.split_at(end);
        for parts in [vec![input("a", head), input("b", tail)], vec![input("b", tail), input("a", head)]] {
            assert_eq!(sums(&read_with(parts, &ReadOptions::default())), SAMPLE, "split at {end}");
        }
        let overlapping = vec![input("a", head), input("b", &log)];
        assert_eq!(sums(&read_with(overlapping, &ReadOptions::default())), SAMPLE, "head of {end} twice");
    }
    let twice = vec![input("a", &log), input("b", &log)];
    assert_eq!(sums(&read_with(twice, &ReadOptions::default())), SAMPLE);
}

#[test]
fn relay_host_chooses_by_the_next_host() {
    let below = HostPattern::Below(".mail.protection.outlook.com".into());
    let options = ReadOptions { relay_hosts: vec![below], ..ReadOptions::default() };
    let log = sample();
    let sink = read_with(vec![Input::from_bytes("a", log.as_bytes())], &options);
    let tried: Vec<_> = sink.submissions().filter(|s| s.recipients.open < s.recipients.attempted()).collect();
    assert_eq!(tried.len(), 1);
    assert_eq!((tried[0].message_size, tried[0].size_quality), (Some(155_432), SizeQuality::Accepted));
    assert!(sink.accounting.skipped_messages[&Skip::OtherRelay] >= 10);
}

#[test]
fn a_local_mail_is_one_message_in_whichever_order_its_legs_are_logged() {
    let q1 = "{sendmail[1]: 699A00aa000001: from=app, size=900, class=0, nrcpts=1, msgid=<1@h>, relay=app@localhost";
    let q2 = "{sm-mta[2]: 699A00ab000002: from=<app@h.example>, size=1100, class=0, nrcpts=1, msgid=<1@h>, proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]";
    let link = "{sendmail[1]: 699A00aa000001: to=a@example.net, delay=00:00:01, mailer=relay, pri=1, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (699A00ab000002 Message accepted for delivery)";
    let sent = "{sm-mta[3]: 699A00ab000002: to=<a@example.net>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.7], dsn=2.0.0, stat=Sent (ok)";
    for order in [[q1, q2, link, sent], [q1, q2, sent, link], [q1, link, q2, sent], [q2, q1, link, sent]] {
        let sink = read(&lines(&order.join("\n")));
        assert_eq!(sums(&sink), (1, 1, 900, 900), "{order:?}");
        let submission = *sink.submissions().next().unwrap();
        assert_eq!((submission.records, submission.recipients.delivered), (4, 1));
        assert_eq!(sink.names.client_of(submission.client).label(), "app at relay");
    }
    let alone = read(&lines(&[q1, link].join("\n")));
    assert_eq!(alone.submissions().next().unwrap().recipients.unknown, 1);
}

#[test]
fn mail_between_hosts_whose_logs_are_both_read_counts_once() {
    let a = "Oct  9 10:00:00 alpha sm-mta[1]: 699A00aa000001: from=<app@example.com>, size=900, class=0, nrcpts=1, msgid=<1@h>, relay=app [192.0.2.1]\n\
        Oct  9 10:00:01 alpha sm-mta[1]: 699A00aa000001: to=<a@example.net>, delay=00:00:01, mailer=esmtp, pri=1, relay=beta.example.com. [192.0.2.2], dsn=2.0.0, stat=Sent (699A00ab000002 Message accepted for delivery)\n";
    let b = "Oct  9 10:00:01 beta sm-mta[2]: 699A00ab000002: from=<app@example.com>, size=1000, class=0, nrcpts=1, msgid=<1@h>, relay=alpha [192.0.2.3]\n\
        Oct  9 10:00:02 beta sm-mta[2]: 699A00ab000002: to=<a@example.net>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.7], dsn=2.0.0, stat=Sent (ok)\n";
    let input = |name: &str, text: &str| Input::from_bytes(name, text.as_bytes());
    let earlier = b.replace("10:00:0", "09:59:5");
    for parts in [vec![input("a", a), input("b", b)], vec![input("b", &earlier), input("a", a)]] {
        let (messages, recipients, ..) = sums(&read_with(parts, &ReadOptions::default()));
        assert_eq!((messages, recipients), (1, 1));
    }
}

#[test]
fn solaris_tags_and_streams_and_statements_of_the_zone_are_read() {
    let log = "<22>2026-10-09T12:00:00+02:00 relay sendmail[1]: [ID 801593 mail.info] 699A00aa000001: from=<app@example.com>, size=900, class=0, nrcpts=1, msgid=<1@h>, relay=app [192.0.2.1]\n\
        <22>2026-10-09T12:00:01+02:00 relay sendmail[1]: [ID 801593 mail.info] 699A00aa000001: to=<a@example.net>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.7], dsn=2.0.0, stat=Sent (ok)\n";
    let sink = read(log);
    assert_eq!(sums(&sink), (1, 1, 900, 900));
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2026-10-09T10:00:00Z");
}

#[test]
fn cut_lines_are_rejected_and_lost_ones_leave_what_is_known() {
    let sink = read(&lines(
        "{sm-mta[1]: 699A00aa000001: from=<app@example.com>, size=900, class=0, nrcp
        {sm-mta[1]: 699A00aa000001: to=<a@example.net>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.7], dsn=2.0.0, stat=Sent (ok)
        {sm-mta[1]: 699A00aa000001: from=<app@example.com>, size=900, class=0, nrcp
        {sm-mta[1]: 699A00ab000002: to=<b@exam
        {sm-mta[1]: 699A00ac000003: to=<c@example.net>, delay=2+00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.7], dsn=2.0.0, stat=Sent (ok)",
    ));
    assert_eq!(sums(&sink), (2, 2, 900, 900));
    let shown: Vec<String> = sink.accounting.rejections.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "mail.log:1: its line with the sender is cut: expected 'size=' and 'nrcpts=' with numbers",
            "mail.log:4: its delivery line is cut: expected recipients and 'stat='",
        ]
    );
}

#[test]
fn an_option_says_the_zone_of_lines_that_prove_none() {
    let log = "Oct  9 10:00:00 relay sendmail[1]: KAA00001: from=<app@example.com>, size=900, class=0, nrcpts=1, relay=app [192.0.2.1]\n";
    let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
    let sink = read_with(vec![Input::from_bytes("a", log.as_bytes())], &options);
    assert_eq!(sink.warnings, ["times of the log have no zone and are read as UTC; give --log-timezone"]);
    let submission = *sink.submissions().next().unwrap();
    assert_eq!((submission.time_quality, submission.recipients.open), (TimeQuality::ZoneAssumed, 1));
    let options = ReadOptions { log_zone: Some("Europe/Rome".parse().unwrap()), ..options };
    let sink = read_with(vec![Input::from_bytes("a", log.as_bytes())], &options);
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2026-10-09T08:00:00Z");
    assert!(sink.warnings.is_empty());
}

#[test]
fn no_log_is_claimed_twice() {
    let claims = |head: &str| {
        FORMATS.iter().filter(|one| one.detect(head.as_bytes()) == Some(Likelihood::Certain)).count()
    };
    assert_eq!(claims(&sample()), 1);
    let postfix = "Oct  9 10:00:00 h postfix/sendmail[1]: fatal: usage\nOct  9 10:00:00 h postfix/qmgr[1]: AAAA01: removed\n";
    assert_eq!((Sendmail.detect(postfix.as_bytes()), claims(postfix)), (None, 1));
}

#[test]
fn mail_that_the_own_server_never_took_is_no_mail() {
    let Some(log) = data("logs/sendmail/loghub-Thunderbird_2k.log") else { return };
    assert_eq!(Sendmail.detect(&log[..65_536]), Some(Likelihood::Certain));
    let sink = read_with(vec![Input::from_bytes("x", &log)], &ReadOptions::default());
    assert_eq!(sums(&sink).0, 0);
    assert_eq!(sink.accounting.skipped_messages.get(&Skip::NotAccepted), Some(&10));
    let Some(attacks) = data("logs/sendmail/fail2ban-sendmail-auth") else { return };
    let sink = read_with(
        vec![Input::from_bytes("x", &attacks)],
        &ReadOptions { year: Some(2014), ..ReadOptions::default() },
    );
    assert_eq!((sink.records.len(), sink.accounting.rejected), (0, 0));
}

proptest::proptest! {
    #[test]
    fn any_damage_is_accounted_for(at in 0_usize..9_000, byte in proptest::prelude::any::<u8>(), cut in 0_usize..9_000) {
        let mut text = sample().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        text.drain(..cut % text.len());
        let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
        read_with(vec![Input::from_bytes("x", &text)], &options);
    }
}
