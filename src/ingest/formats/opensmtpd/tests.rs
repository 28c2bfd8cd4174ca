//! Tests of lines and of whole logs.

use super::line::{Event, parts};
use super::*;
use crate::ingest::HostPattern;
use crate::ingest::collect::Collected;
use crate::ingest::formats::FORMATS;
use crate::usage::{SenderId, SizeQuality, Skip};

fn read_with(inputs: Vec<Input>, options: &ReadOptions) -> Collected {
    let options = ReadOptions { year: Some(2026), ..options.clone() };
    let mut sink = Collected::default();
    OpenSmtpd.read(inputs, &options, &mut sink).unwrap();
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
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/opensmtpd.log");
    std::fs::read_to_string(path).unwrap()
}

const SAMPLE: (u64, u64, u64, u64) = (7, 11, 131_130, 236_130);

#[test]
fn a_log_given_twice_split_in_any_order_or_overlapping_counts_once() {
    let log = sample();
    assert_eq!(sums(&read(&log)), SAMPLE);
    let input = |name: &str, text: &str| Input::from_bytes(name, text.as_bytes());
    let ends: Vec<usize> = log.match_indices('\n').map(|(at, _)| at + 1).collect();
    for &end in &ends[..ends.len() - 1] {
        let (head, tail) = log.split_at(end);
        let overlap = vec![input("a", head), input("b", &log)];
        for parts in
            [vec![input("a", head), input("b", tail)], vec![input("b", tail), input("a", head)], overlap]
        {
            assert_eq!(sums(&read_with(parts, &ReadOptions::default())), SAMPLE, "split at {end}");
        }
    }
}

#[test]
fn who_handed_in_is_told_by_the_session() {
    let sink = read(&sample());
    let client = |size: u64| {
        let submission = sink.submissions().find(|s| s.message_size == Some(size)).unwrap();
        sink.names.client_of(submission.client).label()
    };
    assert_eq!(client(3_030), "app1.example.com [192.0.2.10]");
    assert_eq!(client(20_000), "erp at erp.example.com [192.0.2.20]");
    assert_eq!(client(5_000), "app1.example.com [192.0.2.10]");
    assert_eq!(client(700), "gw1");
    assert_eq!(client(900), "app2.example.com [2001:db8::10]");
    let outcome = sink.submissions().find(|s| s.message_size == Some(20_000)).unwrap().recipients;
    assert_eq!((outcome.delivered, outcome.bounced, outcome.open), (2, 1, 0));
}

#[test]
fn relay_host_chooses_by_the_next_host() {
    let below = HostPattern::Below(".mail.protection.outlook.com".into());
    let options = ReadOptions { relay_hosts: vec![below], ..ReadOptions::default() };
    let log = sample();
    let sink = read_with(vec![Input::from_bytes("a", log.as_bytes())], &options);
    let sent: Vec<_> = sink.submissions().filter(|s| s.recipients.delivered > 0).collect();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].message_size, sent[0].size_quality), (Some(41_500), SizeQuality::Accepted));
    assert!(sink.accounting.skipped_messages[&Skip::OtherRelay] >= 4);
}

#[test]
fn older_releases_name_the_event_and_the_recipients() {
    let sink = read(
        "Nov  2 08:00:00 gw1 smtpd[1]: 8f4864084ecc48f4 smtp event=connected address=192.0.2.10 host=app.example.com\n\
         Nov  2 08:00:00 gw1 smtpd[1]: 8f4864084ecc48f4 smtp event=message msgid=7077717e from=<a@example.com> to=<b@example.net> size=500 ndest=2 proto=ESMTP\n\
         Nov  2 08:00:00 gw1 smtpd[1]: 8f4864084ecc48f4 smtp event=message msgid=7077717e from=<a@example.com> to=<c@example.net> size=500 ndest=2 proto=ESMTP\n\
         Nov  2 08:00:01 gw1 smtpd[1]: 8f4864084ecc48f4 smtp event=closed reason=quit\n\
         Nov  2 08:00:01 gw1 smtpd[1]: 8f4864084ecc48f5 mta event=delivery evpid=7077717e797a776e from=<a@example.com> to=<b@example.net> rcpt=<-> source=\"192.0.2.1\" relay=\"198.51.100.7 (mx.example.net)\" delay=1s result=\"Ok\" stat=\"250 ok\"\n\
         Nov  2 08:00:01 gw1 smtpd[1]: 8f4864084ecc48f5 mta event=delivery evpid=7077717e797a776f from=<a@example.com> to=<c@example.net> rcpt=<-> source=\"192.0.2.1\" relay=\"198.51.100.7 (mx.example.net)\" delay=1s result=\"PermFail\" stat=\"550 no\"\n",
    );
    assert_eq!(sums(&sink), (1, 2, 500, 1_000));
    let submission = *sink.submissions().next().unwrap();
    assert_eq!(
        (submission.recipients.delivered, submission.recipients.bounced, submission.records),
        (1, 1, 4)
    );
}

#[test]
fn cut_lines_are_rejected() {
    let sink = read(
        "Nov  2 08:00:00 gw1 smtpd[1]: 8f4864084ecc48f4 smtp message msgid=7077717e size=500 nrc\n\
         Nov  2 08:00:00 gw1 smtpd[1]: 8f4864084ecc48f4 smtp message msgid=7077\n\
         Nov  2 08:00:01 gw1 smtpd[1]: 8f4864084ecc48f5 mta delivery evpid=7077717e797a776e from=<a@example.com> to=<b@exam\n\
         Nov  2 08:00:01 gw1 smtpd[1]: 8f4864084ecc48f5 mta delivery evpid=7077717e797a776e from=<a@example.com> to=<b@example.net> rcpt=<-> sou\n",
    );
    assert_eq!((sums(&sink), sink.accounting.rejected), ((1, 1, 0, 0), 3));
}

#[test]
fn no_log_is_claimed_twice() {
    let claims = |head: &str| {
        FORMATS.iter().filter(|one| one.detect(head.as_bytes()) == Some(Likelihood::Certain)).count()
    };
    assert_eq!(claims(&sample()), 1);
    let postfix = "Oct  9 10:00:00 h postfix/smtpd[1]: AAAA01: client=x[192.0.2.1]\nOct  9 10:00:00 h smtpd[1]: hello\n";
    assert_eq!((OpenSmtpd.detect(postfix.as_bytes()), claims(postfix)), (None, 1));
}

#[test]
fn replies_hold_anything() {
    let line = b"8f4864084ecc48f5 mta delivery evpid=7077717e797a776e from=<> to=<b@example.net> rcpt=<-> source=\"-\" \
        relay=\"-\" delay=1s result=\"TempFail\" stat=\"451 result=\"Ok\" relay=\"x\" \"";
    let (_, agent, text) = parts(line).unwrap();
    let Event::Delivery { id, from, delivery } = Event::parse(agent, text) else { panic!("no delivery") };
    assert_eq!((id, from, delivery.relay), (&b"7077717e"[..], &b""[..], (&b""[..], &b"-"[..])));
    assert_eq!(delivery.status, crate::ingest::syslog::message::Status::Deferred);
}

proptest::proptest! {
    #[test]
    fn any_damage_is_accounted_for(at in 0_usize..9_000, byte in proptest::prelude::any::<u8>(), cut in 0_usize..9_000) {
        let mut text = sample().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        text.drain(..cut % text.len());
        read_with(vec![Input::from_bytes("x", &text)], &ReadOptions::default());
    }
}
