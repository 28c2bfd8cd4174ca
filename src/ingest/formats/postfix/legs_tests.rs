//! Tests of mail that is logged under several queue ids, on one host or on several, whole and damaged.

use super::*;
use crate::ingest::Input;
use crate::ingest::collect::Collected;

/// One line: seconds after 10:00 on 1 October, host, daemon, text.
type Line = (u32, &'static str, &'static str, String);

fn handed_in(at: u32, host: &'static str, id: &str, client: &str, message_id: &str, size: u32) -> Vec<Line> {
    vec![
        (at, host, "smtpd", format!("{id}: client={client}")),
        (at, host, "cleanup", format!("{id}: message-id=<{message_id}>")),
        (at, host, "qmgr", format!("{id}: from=<app@contoso.com>, size={size}, nrcpt=1 (queue active)")),
    ]
}

fn sent(at: u32, host: &'static str, id: &str, to: &str, relay: &str, reply: &str) -> Line {
    (at, host, "smtp", format!("{id}: to=<{to}>, relay={relay}, delay=0.1, dsn=2.0.0, status=sent ({reply})"))
}

fn gone(at: u32, host: &'static str, id: &str) -> Line {
    (at, host, "qmgr", format!("{id}: removed"))
}

const OUT: &str = "mx.dest.example[192.0.2.9]:25";
const FILTER: &str = "127.0.0.1[127.0.0.1]:10024";
const APP: &str = "app[10.0.0.5]";
const LOCAL: &str = "localhost[127.0.0.1]";

fn text(lines: &[Line]) -> String {
    let line = |(at, host, daemon, rest): &Line| {
        format!("Oct  1 10:{:02}:{:02} {host} postfix/{daemon}[1]: {rest}\n", at / 60, at % 60)
    };
    lines.iter().map(line).collect()
}

/// Messages, recipients, bytes and recipient bytes of several files, and the clients.
fn read(files: &[&[Line]]) -> ((u64, u64, u64, u64), Vec<String>) {
    let inputs = files.iter().zip(["a", "b", "c"]);
    let inputs = inputs.map(|(lines, name)| Input::from_bytes(name, text(lines).as_bytes())).collect();
    let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
    let mut sink = Collected::default();
    Postfix.read(inputs, &options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    let sums = sink.submissions().fold((0, 0, 0, 0), |sums, s| {
        let (size, all) = (s.message_size.unwrap_or(0), s.recipients.attempted());
        (sums.0 + s.messages, sums.1 + all, sums.2 + size * s.messages, sums.3 + size * all)
    });
    let clients = sink.submissions().map(|s| sink.names.client_of(s.client).label()).collect();
    (sums, clients)
}

fn joined(parts: &[Vec<Line>]) -> Vec<Line> {
    parts.concat()
}

#[test]
fn a_filter_without_queue_id_is_one_leg_whenever_the_next_appears() {
    for later in [0, 2, 90] {
        let log = joined(&[
            handed_in(0, "h", "AAAA01", APP, "m@app", 1_000),
            vec![sent(0, "h", "AAAA01", "u@x.example", FILTER, "250 OK"), gone(0, "h", "AAAA01")],
            handed_in(later, "h", "AAAA02", LOCAL, "m@app", 1_500),
            vec![sent(later, "h", "AAAA02", "u@x.example", OUT, "250 ok"), gone(later, "h", "AAAA02")],
        ]);
        assert_eq!(read(&[&log]), ((1, 1, 1_000, 1_000), vec!["app [10.0.0.5]".to_owned()]), "{later}");
    }
}

#[test]
fn a_tunnel_on_this_host_is_the_way_out() {
    let log = joined(&[
        handed_in(0, "h", "AAAA01", APP, "m@app", 1_000),
        vec![
            sent(0, "h", "AAAA01", "u@x.example", "127.0.0.1[127.0.0.1]:11125", "250 OK"),
            gone(0, "h", "AAAA01"),
        ],
        handed_in(300, "h", "AAAA02", APP, "n@app", 500),
        vec![sent(300, "h", "AAAA02", "u@x.example", OUT, "250 OK"), gone(300, "h", "AAAA02")],
    ]);
    assert_eq!(read(&[&log]).0, (2, 2, 1_500, 1_500));
}

#[test]
fn later_legs_that_end_first_do_not_hide_the_first() {
    let queued = |id: &str| format!("250 2.0.0 Ok: queued as {id}");
    let log = joined(&[
        handed_in(0, "h", "AAAA01", APP, "m@app", 1_000),
        handed_in(1, "h", "AAAA02", LOCAL, "m@app", 1_500),
        handed_in(3, "h", "AAAA03", LOCAL, "m@app", 2_000),
        vec![
            sent(3, "h", "AAAA03", "u@x.example", OUT, "250 ok"),
            gone(3, "h", "AAAA03"),
            sent(3, "h", "AAAA02", "u@x.example", FILTER, &queued("AAAA03")),
            gone(3, "h", "AAAA02"),
            sent(4, "h", "AAAA01", "u@x.example", FILTER, &queued("AAAA02")),
            gone(4, "h", "AAAA01"),
        ],
    ]);
    assert_eq!(read(&[&log]), ((1, 1, 1_000, 1_000), vec!["app [10.0.0.5]".to_owned()]));
}

#[test]
fn recipients_on_two_ways_are_one_message() {
    let log = joined(&[
        handed_in(0, "h", "AAAA01", APP, "m@app", 1_000),
        handed_in(1, "h", "AAAA02", LOCAL, "m@app", 1_500),
        vec![
            sent(1, "h", "AAAA01", "a@x.example", OUT, "250 ok"),
            sent(1, "h", "AAAA01", "b@x.example", FILTER, "250 Ok: queued as AAAA02"),
            gone(1, "h", "AAAA01"),
            sent(2, "h", "AAAA02", "b@x.example", OUT, "250 ok"),
            gone(2, "h", "AAAA02"),
        ],
    ]);
    assert_eq!(read(&[&log]).0, (1, 2, 1_000, 2_000));
}

#[test]
fn hosts_that_hand_over_to_each_other_count_once_in_any_order() {
    let own = |host, id: &str, at| {
        let way = vec![sent(at, host, id, "f@x.example", OUT, "250 ok"), gone(at, host, id)];
        joined(&[handed_in(at, host, id, APP, id, 1_000), way])
    };
    let relay = "smarthost.contoso.com[10.0.0.2]:25";
    let first = joined(&[
        own("relay1", "FFFF01", 0),
        handed_in(60, "relay1", "AAAA01", APP, "m@app", 1_000),
        vec![
            sent(60, "relay1", "AAAA01", "u@x.example", relay, "250 2.0.0 Ok: queued as BBBB02"),
            gone(60, "relay1", "AAAA01"),
        ],
    ]);
    let second = joined(&[
        own("relay2", "FFFF02", 0),
        handed_in(61, "relay2", "BBBB02", "relay1[10.0.0.1]", "m@app", 1_400),
        vec![sent(61, "relay2", "BBBB02", "u@x.example", OUT, "250 ok"), gone(61, "relay2", "BBBB02")],
    ]);
    let merged = joined(&[first.clone(), second.clone()]);
    assert_eq!(read(&[&first, &second]).0, (3, 3, 3_000, 3_000));
    assert_eq!(read(&[&second, &first]).0, (3, 3, 3_000, 3_000));
    assert_eq!(read(&[&merged]).0, (3, 3, 3_000, 3_000));
}

#[test]
fn short_and_full_host_names_are_one_host() {
    let log = |host| {
        let way = vec![sent(0, host, "AAAA01", "u@x.example", OUT, "250 ok"), gone(0, host, "AAAA01")];
        joined(&[handed_in(0, host, "AAAA01", APP, "m@app", 1_000), way])
    };
    assert_eq!(read(&[&log("Relay1"), &log("relay1.contoso.com")]).0, (1, 1, 1_000, 1_000));
    assert_eq!(read(&[&log("relay1.contoso.com"), &log("relay1.fabrikam.com")]).0.0, 2);
}

#[test]
fn an_id_used_again_is_another_mail_even_where_its_end_is_lost() {
    let mut log = handed_in(0, "h", "AAAA01", APP, "m@app", 1_000);
    log.push(sent(0, "h", "AAAA01", "u@x.example", OUT, "250 ok"));
    log.push((3_000, "h", "qmgr", "AAAA01: from=<b@contoso.com>, size=2000, nrcpt=1 (queue active)".into()));
    log.push(sent(3_000, "h", "AAAA01", "v@x.example", OUT, "250 ok"));
    log.push(gone(3_000, "h", "AAAA01"));
    assert_eq!(read(&[&log]).0, (2, 2, 3_000, 3_000));
}

#[test]
fn lines_of_one_second_count_in_any_order() {
    let mut log = handed_in(0, "h", "AAAA01", APP, "m@app", 1_000);
    log.push(sent(0, "h", "AAAA01", "u@x.example", OUT, "250 ok"));
    log.push(gone(0, "h", "AAAA01"));
    for first in 0..log.len() {
        let mut turned = log.clone();
        turned.rotate_left(first);
        assert_eq!(read(&[&turned]).0, (1, 1, 1_000, 1_000), "from line {first}");
    }
    log.reverse();
    assert_eq!(read(&[&log]).0, (1, 1, 1_000, 1_000));
}

#[test]
fn where_all_delivery_lines_are_lost_the_queue_tells_the_recipients() {
    let mut log = handed_in(0, "h", "AAAA01", APP, "m@app", 1_000);
    log[2].3 = log[2].3.replace("nrcpt=1", "nrcpt=3");
    log.push(gone(0, "h", "AAAA01"));
    assert_eq!(read(&[&log]).0, (1, 3, 1_000, 3_000));
}

#[test]
fn a_message_through_several_next_hosts_belongs_to_none() {
    let log = joined(&[
        handed_in(0, "h", "AAAA01", APP, "m@app", 1_000),
        vec![
            sent(0, "h", "AAAA01", "a@x.example", OUT, "250 ok"),
            sent(0, "h", "AAAA01", "b@x.example", "mx2.dest.example[192.0.2.10]:25", "250 ok"),
            gone(0, "h", "AAAA01"),
        ],
    ]);
    let options = ReadOptions { year: Some(2026), ..ReadOptions::default() };
    let mut sink = Collected::default();
    Postfix.read(vec![Input::from_bytes("a", text(&log).as_bytes())], &options, &mut sink).unwrap();
    let relay = sink.submissions().next().unwrap().relay;
    assert_eq!(sink.names.host_name(relay), "(several)");
}

const TUNNEL: &str = "127.0.0.1[127.0.0.1]:10587";

#[test]
fn mail_through_a_tunnel_stays_apart_under_one_message_id_or_none() {
    for (client, message_id) in [(APP, ""), (APP, "same@app"), (LOCAL, "same@app"), (LOCAL, "")] {
        let ids = ["AAAA01", "AAAA02", "AAAA03", "AAAA04", "AAAA05"];
        let log = joined(&[0, 1, 2, 3, 4].map(|n: u32| {
            let id = ids[n as usize];
            let mut lines = handed_in(n * 20, "h", id, client, message_id, 1_000);
            lines.push(sent(n * 20 + 1, "h", id, "u@x.example", TUNNEL, "250 2.0.0 OK"));
            lines.push(gone(n * 20 + 1, "h", id));
            lines
        }));
        assert_eq!(read(&[&log]).0, (5, 5, 5_000, 5_000), "{client} {message_id}");
    }
}

#[test]
fn a_message_that_names_its_first_queue_id_is_a_leg_of_it() {
    let first = |reply_at: u32, relay: &str| {
        let mut lines = handed_in(0, "h", "AAAA01", APP, "m@app", 1_000);
        lines.push(sent(reply_at, "h", "AAAA01", "u@x.example", relay, "250 2.0.0 Ok"));
        lines.push(gone(reply_at, "h", "AAAA01"));
        lines
    };
    let second = |at: u32, message_id: &str| {
        let client = format!("{LOCAL}, orig_queue_id=AAAA01, orig_client={APP}");
        let mut lines = handed_in(at, "h", "AAAA02", &client, message_id, 1_000);
        lines.push(sent(at + 1, "h", "AAAA02", "u@x.example", OUT, "250 ok"));
        lines.push(gone(at + 1, "h", "AAAA02"));
        lines
    };
    let expected = ((1, 1, 1_000, 1_000), vec!["app [10.0.0.5]".to_owned()]);
    for relay in [FILTER, "filter.corp[10.0.0.50]:2525"] {
        for message_id in ["m@app", "other@filter"] {
            for at in [1, 3, 20, 200] {
                let mut log = joined(&[first(3, relay), second(at, message_id)]);
                log.sort_by_key(|line| line.0);
                assert_eq!(read(&[&log]), expected, "{relay} {message_id} {at}");
            }
        }
    }
}

#[test]
fn legs_of_which_only_deliveries_are_left_add_up() {
    let log = joined(&[
        vec![sent(0, "h", "951000", "r@x.example", FILTER, "250 2.0.0 Ok: queued as B00790")],
        vec![sent(98, "h", "097B30", "s@x.example", FILTER, "250 2.0.0 Ok: queued as 951000")],
    ]);
    // What matters is checked where logs are read: every line is accounted for.
    assert_eq!(read(&[&log]).0.0, 1);
}

#[test]
fn a_host_whose_next_hop_does_not_count_leaves_the_mail_to_the_next_log() {
    let near = [
        handed_in(0, "a", "AAAA01", APP, "m@app", 1_000),
        vec![
            sent(1, "a", "AAAA01", "u@x.example", "b[10.0.0.2]:25", "250 Ok: queued as BBBB01"),
            gone(1, "a", "AAAA01"),
        ],
    ];
    let far = [
        handed_in(1, "b", "BBBB01", "a[10.0.0.1]", "m@app", 1_300),
        vec![sent(2, "b", "BBBB01", "u@x.example", OUT, "250 ok"), gone(2, "b", "BBBB01")],
    ];
    let inputs = [("a", joined(&near)), ("b", joined(&far))];
    let inputs = inputs.map(|(name, lines)| Input::from_bytes(name, text(&lines).as_bytes()));
    let relay_hosts = vec!["mx.dest.example".parse().unwrap()];
    let options = ReadOptions { year: Some(2026), relay_hosts, ..ReadOptions::default() };
    let mut sink = Collected::default();
    Postfix.read(inputs.into(), &options, &mut sink).unwrap();
    assert_eq!(sink.submissions().count(), 1);
}

#[test]
fn a_leg_through_a_filter_counts_where_next_hosts_are_chosen() {
    let back = format!("{LOCAL}, orig_queue_id=AAAA01, orig_client={APP}");
    let relay = "filter.corp[10.0.0.50]:2525";
    let log = joined(&[
        handed_in(0, "h", "AAAA01", APP, "m@app", 1_000),
        vec![sent(1, "h", "AAAA01", "u@x.example", relay, "250 Ok"), gone(1, "h", "AAAA01")],
        handed_in(21, "h", "AAAA02", &back, "m@app", 1_200),
        vec![sent(22, "h", "AAAA02", "u@x.example", OUT, "250 ok"), gone(22, "h", "AAAA02")],
    ]);
    let relay_hosts = vec!["mx.dest.example".parse().unwrap()];
    let options = ReadOptions { year: Some(2026), relay_hosts, ..ReadOptions::default() };
    let mut sink = Collected::default();
    Postfix.read(vec![Input::from_bytes("a", text(&log).as_bytes())], &options, &mut sink).unwrap();
    assert_eq!(sink.submissions().count(), 1);
}

/// Mail through a filter that names the next queue id, one that does not, one that names the first, and a tunnel.
fn mixed() -> Vec<Line> {
    let back = format!("{LOCAL}, orig_queue_id=AAAA05, orig_client={APP}");
    let named = "250 Ok: queued as AAAA02";
    let mut log = joined(&[
        handed_in(0, "h", "AAAA01", APP, "a@app", 1_000),
        handed_in(1, "h", "AAAA02", LOCAL, "a@app", 1_300),
        vec![sent(2, "h", "AAAA01", "u@x.example", FILTER, named), gone(2, "h", "AAAA01")],
        vec![sent(3, "h", "AAAA02", "u@x.example", OUT, "250 ok"), gone(3, "h", "AAAA02")],
        handed_in(4, "h", "AAAA03", APP, "a@app", 1_000),
        vec![sent(5, "h", "AAAA03", "u@x.example", FILTER, "250 OK"), gone(5, "h", "AAAA03")],
        handed_in(8, "h", "AAAA04", LOCAL, "a@app", 1_400),
        vec![sent(9, "h", "AAAA04", "u@x.example", OUT, "250 ok"), gone(9, "h", "AAAA04")],
        handed_in(9, "h", "AAAA05", APP, "b@app", 1_000),
        vec![sent(10, "h", "AAAA05", "u@x.example", FILTER, "250 OK"), gone(10, "h", "AAAA05")],
        handed_in(11, "h", "AAAA06", &back, "c@app", 1_000),
    ]);
    log.extend(vec![sent(12, "h", "AAAA06", "u@x.example", TUNNEL, "250 ok"), gone(12, "h", "AAAA06")]);
    log.extend(handed_in(13, "h", "AAAA07", LOCAL, "c@app", 1_000));
    log.extend([sent(14, "h", "AAAA07", "u@x.example", TUNNEL, "250 ok"), gone(14, "h", "AAAA07")]);
    log
}

#[test]
fn chains_of_every_kind_count_once_each() {
    assert_eq!(read(&[&mixed()]).0, (4, 4, 4_000, 4_000));
}

proptest::proptest! {
    #[test]
    fn chains_that_lost_lines_add_up(kept in proptest::collection::vec(proptest::prelude::any::<bool>(), 36)) {
        let log = mixed();
        let left: Vec<Line> =
            log.into_iter().zip(kept.into_iter().chain([true])).filter(|(_, kept)| *kept).map(|(line, _)| line).collect();
        // Reading asserts that every line is accounted for.
        proptest::prop_assert!(read(&[&left]).0.0 <= 7);
    }
}
