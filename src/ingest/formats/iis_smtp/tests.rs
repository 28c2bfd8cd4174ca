//! Tests of whole logs.

use super::*;
use crate::ingest::collect::Collected;
use crate::usage::{SenderId, SizeQuality, Skip, TimeQuality};

fn read_with(options: &ReadOptions, texts: &[&str]) -> Collected {
    let inputs = texts.iter().enumerate();
    let inputs =
        inputs.map(|(at, text)| Input::from_bytes(&format!("ex{at}.log"), text.as_bytes())).collect();
    let mut sink = Collected::default();
    IisSmtp.read(inputs, options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    sink
}

fn read(texts: &[&str]) -> Collected {
    read_with(&ReadOptions::default(), texts)
}

/// Messages, recipients, bytes and recipient bytes.
type Sums = (u64, u64, u64, u64);

fn sums(sink: &Collected) -> Sums {
    sink.submissions().fold(Sums::default(), |sums, one| {
        let (size, all) = (one.message_size.unwrap_or(0), one.recipients.attempted());
        (sums.0 + one.messages, sums.1 + all, sums.2 + size, sums.3 + size * all)
    })
}

const HEADER: &str = "#Software: Microsoft Internet Information Services 6.0\n#Version: 1.0\n\
    #Date: 2026-10-01 05:00:15\n#Fields: date time c-ip cs-username s-sitename s-computername s-ip s-port \
    cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host \
    cs(User-Agent) cs(Cookie) cs(Referer) \n";

/// Rows of the log with all fields; each is `time client command query status bytes`.
fn w3c(rows: &[&str]) -> String {
    let row = |row: &&str| {
        let cells: Vec<&str> = row.split(' ').collect();
        let [time, client, command, query, status, bytes] = cells[..] else { panic!("{row}") };
        format!(
            "2026-10-01 {time} 192.0.2.{client} app{client}.example.com SMTPSVC1 MX1 192.0.2.2 0 {command} - {query} \
             {status} 0 40 {bytes} 0 SMTP - - - -\n"
        )
    };
    rows.iter().map(row).collect()
}

fn log(rows: &[&str]) -> String {
    HEADER.to_owned() + &w3c(rows)
}

/// Two messages of one client on two connections at once, one of another, one refused, one given up.
const MIXED: [&str; 32] = [
    "05:00:01 7 EHLO +app7.example.com 250 21",
    "05:00:01 7 MAIL +FROM:<shop@example.com>+SIZE=2000 250 40",
    "05:00:01 7 EHLO +app7.example.com 250 21",
    "05:00:02 7 MAIL +FROM:<news+1@example.com>+SIZE=50000 250 40",
    "05:00:02 7 RCPT +TO:<a@example.net> 250 29",
    "05:00:02 7 RCPT +TO:<a@example.net> 250 29",
    "05:00:02 7 RCPT +TO:<b@example.net> 250 29",
    "05:00:02 8 HELO +app8.example.com 250 21",
    "05:00:02 8 MAIL +From:+<app@APP8> 250 24",
    "05:00:02 8 RCPT +To:+<c@example.net> 250 29",
    "05:00:02 8 RCPT +To:+<C@example.net> 250 29",
    "05:00:02 8 RCPT +To:+<nobody@example.net> 550 29",
    "05:00:03 7 DATA <2@mx1.example.com> 250 50100",
    "05:00:03 8 DATA <3@mx1.example.com> 250 3000",
    "05:00:03 7 DATA <1@mx1.example.com> 250 2010",
    "05:00:03 7 QUIT app7.example.com 240 4",
    "05:00:03 7 QUIT app7.example.com 240 4",
    "05:00:03 8 RSET - 250 4",
    "05:00:04 8 MAIL +FROM:<> 250 24",
    "05:00:04 8 RCPT +TO:<d@example.net> 250 29",
    "05:00:04 8 DATA <4@mx1.example.com> 250 900",
    "05:00:04 8 MAIL +FROM:<app@APP8> 250 24",
    "05:00:05 8 RCPT +TO:<d@example.net> 250 29",
    "05:00:05 8 DATA - 552 4",
    "05:00:06 8 MAIL +FROM:<app@APP8> 250 24",
    "05:00:06 8 RCPT +TO:<d@example.net> 250 29",
    "05:00:06 8 QUIT app8.example.com 240 4",
    "05:00:07 9 xxxx +host 500 11",
    "05:00:07 9 VRFY +root 252 11",
    "05:00:07 9 MAIL +FROM:<spam@example.org> 250 24",
    "05:00:07 9 RCPT +TO:<x@example.org> 550 24",
    "05:00:07 9 DATA - 554 4",
];

fn check_mixed(sink: &Collected) {
    let all: u64 = sink.submissions().map(|one| one.recipients.attempted()).sum();
    assert_eq!((sums(sink).0, all, sums(sink).2), (4, 5, 56_010));
}

#[test]
fn every_accepted_data_is_one_message() {
    let sink = read(&[&log(&MIXED)]);
    check_mixed(&sink);
    let shown: Vec<String> = sink
        .submissions()
        .map(|one| {
            let (size, all) = (one.message_size.unwrap_or(0), one.recipients.unknown);
            let client = sink.names.client_of(one.client).label();
            format!("{} {size} to {all} from {client} at {}", sink.names.sender_address(one.sender), one.time)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "news+*@example.com 50100 to 1 from app7.example.com [192.0.2.7] at 2026-10-01T05:00:03Z",
            "app@app8 3000 to 1 from app8.example.com [192.0.2.8] at 2026-10-01T05:00:03Z",
            "shop@example.com 2010 to 2 from app7.example.com [192.0.2.7] at 2026-10-01T05:00:03Z",
            "<> 900 to 1 from app8.example.com [192.0.2.8] at 2026-10-01T05:00:04Z",
        ]
    );
    assert!(sink.submissions().all(|one| one.time_quality == TimeQuality::Exact));
    assert!(sink.submissions().all(|one| one.size_quality == SizeQuality::Measured));
    assert_eq!(sink.submissions().filter(|one| one.sender == SenderId::NULL).count(), 1);
    let skipped = |reason| sink.accounting.skipped.get(&reason).copied().unwrap_or(0);
    assert_eq!((skipped(Skip::Header), skipped(Skip::Duplicate), skipped(Skip::Probe)), (4, 1, 1));
    // One RCPT each that was refused, two refused messages of 3 and 2 rows, one of 2 that was given up.
    assert_eq!(skipped(Skip::NotAccepted), 2 + 3 + 2 + 2);
    assert_eq!(sink.accounting.skipped_messages[&Skip::NotAccepted], 2);
    assert_eq!(sink.accounting.rejected, 0);
    assert_eq!(sink.warnings, Vec::<String>::new());
}

#[test]
fn splits_copies_and_overlaps_change_nothing() {
    let whole = log(&MIXED);
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', whole.as_bytes()).map(|at| at + 1).collect();
    for at in &ends {
        let (head, tail) = whole.split_at(*at);
        for parts in [[head, tail], [tail, head]] {
            // Names in order, as the parts of a log have them.
            let name = |part: &str| if part == head { "a.log" } else { "b.log" };
            let inputs = parts.iter().map(|part| Input::from_bytes(name(part), part.as_bytes())).collect();
            let mut sink = Collected::default();
            IisSmtp.read(inputs, &ReadOptions::default(), &mut sink).unwrap();
            assert!(sink.accounting.adds_up());
            check_mixed(&sink);
        }
    }
    let twice = read(&[&whole, &whole]);
    check_mixed(&twice);
    assert_eq!(twice.accounting.skipped_messages[&Skip::Duplicate], 4);
    for (from, to) in [(10, 14), (6, 20), (5, 25), (8, 8)] {
        let (first, second) = (&whole[..ends[4 + to]], HEADER.to_owned() + &whole[ends[4 + from]..]);
        check_mixed(&read(&[first, &second]));
        check_mixed(&read(&[&second, first, &whole]));
    }
}

#[test]
fn parts_in_any_order_are_one_log() {
    let rows: Vec<String> =
        MIXED.iter().enumerate().map(|(at, row)| format!("05:01:{at:02}{}", &row[8..])).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let parts: Vec<String> = rows.chunks(5).map(w3c).collect();
    let mut texts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let first = HEADER.to_owned() + texts[0];
    texts[0] = &first;
    for turn in 0..texts.len() {
        texts.rotate_left(turn);
        check_mixed(&read(&texts));
        let copies: Vec<&str> = texts.iter().chain(&texts).copied().collect();
        check_mixed(&read(&copies));
    }
}

#[test]
fn equal_messages_of_one_second_are_as_many_as_they_are() {
    let one = ["05:00:01 7 MAIL +FROM:<a@example.com> 250 40", "05:00:01 7 RCPT +TO:<b@example.net> 250 29"];
    let data = "05:00:01 7 DATA - 250 700";
    let rows = [one[0], one[1], data, one[0], one[0], one[1], one[1], data, data];
    assert_eq!(sums(&read(&[&log(&rows)])), (3, 3, 2100, 2100));
    assert_eq!(sums(&read(&[&log(&rows), &log(&rows)])), (3, 3, 2100, 2100));
}

#[test]
fn fields_can_change_and_services_share_a_file() {
    let text = HEADER.to_owned()
        + &w3c(&["05:00:01 7 MAIL +FROM:<a@example.com> 250 40"])
        + "#Fields: time c-ip cs-username s-sitename s-computername cs-method cs-uri-query sc-status cs-bytes\n\
           05:00:02 192.0.2.7 app7.example.com SMTPSVC1 MX1 RCPT +TO:<b@example.net> 250 29\n\
           05:00:02 192.0.2.9 app7.example.com W3SVC1 MX1 DATA - 250 29\n\
           05:00:02 192.0.2.7 app7.example.com SMTPSVC2 MX1 DATA <9@mx> 503 29\n\
           05:00:03 192.0.2.7 app7.example.com SMTPSVC1 MX1 DATA <1@mx> 0 900\n\
           05:00:03 short row\n\
           #Date: 2026-10-02 00:00:00\n\
           #Fields: date time s-ip cs-method cs-uri-stem cs-version sc-status\n\
           2026-10-02 00:00:00 192.0.2.2 GET / HTTP/1.1 200\n";
    let sink = read(&[&text]);
    assert_eq!(sums(&sink), (1, 1, 900, 900));
    assert_eq!(sink.accounting.skipped[&Skip::OtherProgram], 2);
    assert_eq!(sink.accounting.rejected, 1);
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2026-10-01T05:00:03Z");
}

#[test]
fn a_log_without_times_takes_its_directive() {
    let text = "#Date: 2006-10-09 05:00:15\n\
        #Fields: c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-query sc-win32-status \
        cs-bytes cs-version cs(User-Agent) cs(Referer)\n\
        127.0.0.1 HOST1 SMTPSVC1 HOST1 127.0.0.1 0 MAIL +FROM:app@example.com 0 47 SMTP - -\n\
        127.0.0.1 HOST1 SMTPSVC1 HOST1 127.0.0.1 0 RCPT +TO:&lt;jo@example.net&gt; 0 30 SMTP - -\n\
        127.0.0.1 HOST1 SMTPSVC1 HOST1 127.0.0.1 0 DATA <HOST1VoMDrx0000015e@HOST1> 0 2560 SMTP - -\n\
        203.0.113.4 OutboundConnectionCommand SMTPSVC1 HOST1 - 25 MAIL FROM:<app@example.com>+SIZE=2884 0 0 SMTP - -\n\
        203.0.113.4 OutboundConnectionResponse SMTPSVC1 HOST1 - 25 - 504+5.5.2+<HOST1>:+Helo+command+rejected 0 0 SMTP - -\n\
        203.0.113.3 OutboundConnectionCommand SMTPSVC1 HOST1 - 25 MAIL FROM:<app@example.com>+SIZE=2884 0 0 SMTP - -\n";
    let sink = read(&[text]);
    assert_eq!(sums(&sink), (1, 1, 2560, 2560));
    let one = sink.submissions().next().unwrap();
    assert_eq!(
        (one.time.to_string().as_str(), one.time_quality),
        ("2006-10-09T05:00:15Z", TimeQuality::DateOnly)
    );
    assert_eq!(sink.names.sender_address(one.sender), "app@example.com");
    assert_eq!(sink.accounting.skipped[&Skip::Event], 2);
    assert_eq!(
        sink.warnings,
        ["rows have no sc-status: what was refused cannot be told and counts as accepted"]
    );
}

const NCSA: &str = "\
203.0.113.158 - OutboundConnectionResponse [11/Oct/2006:13:16:39 -0600] \"- -?220-mx.example.com+ESMTP;+Wed,+11+Oct+2006+14:16:38+-0400 SMTP\" 0 82\n\
198.51.100.7 - client.example.net [11/Oct/2006:13:16:40 -0600] \"EHLO -?+client.example.net SMTP\" 250 220\n\
198.51.100.7 - client.example.net [11/Oct/2006:13:16:41 -0600] \"MAIL -?+FROM:+<app@example.com>+SIZE=4000 SMTP\" 250 45\n\
198.51.100.7 - client.example.net [11/Oct/2006:13:16:41 -0600] \"RCPT -?+TO:+<a@example.com> SMTP\" 250 32\n\
198.51.100.7 - client.example.net [11/Oct/2006:13:16:45 -0600] \"DATA -?+<000001c6ed61$33a7e690$97cfa8c0@host> SMTP\" 250 124\n\
198.51.100.7 - client.example.net [11/Oct/2006:13:16:45 -0600] \"QUIT -?client.example.net SMTP\" 240 70\n";

#[test]
fn ncsa_logs_count_the_declared_size() {
    let sink = read(&[NCSA]);
    let one = sink.submissions().next().unwrap();
    assert_eq!((sums(&sink), one.size_quality), ((1, 1, 4000, 4000), SizeQuality::Declared));
    assert_eq!(
        (one.time.to_string().as_str(), one.time_quality),
        ("2006-10-11T19:16:45Z", TimeQuality::ZoneAssumed)
    );
    assert_eq!(sink.warnings.len(), 2);
    let options = ReadOptions { log_zone: "America/Chicago".parse().ok(), ..ReadOptions::default() };
    let sink = read_with(&options, &[NCSA, NCSA]);
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2006-10-11T18:16:45Z");
    assert_eq!(sums(&sink).0, 1);
    assert_eq!(sink.warnings.len(), 1);
}

#[test]
fn iis_logs_count_the_bytes_received() {
    let row = |rest: &str| {
        format!("192.0.2.7, app.example.com, 8/18/06, 13:17:37, SMTPSVC1, MAIL01, 192.0.2.1, {rest}\n")
    };
    let text = row("0, 20, 40, 250, 0, EHLO, -, app.example.com,")
        + &row("90, 42, 0, 250, 0, MAIL FROM, -, FROM:<maria@example.com>,")
        + &row("0, 32, 0, 250, 0, RCPT TO, -, TO:<terry@example.net>,")
        + &row("0, 32, 0, 250, 0, RCPT TO, -, TO:<jo@example.net>,")
        + &row("270, 48000, 101, 250, 0, DATA, -, <0019E3517@mail01>,")
        + &row("81, 4, 52, 0, 541, QUIT, -, MAIL01,")
        + &row("bad");
    let options = ReadOptions { log_zone: "Europe/Rome".parse().ok(), ..ReadOptions::default() };
    let sink = read_with(&options, &[&text]);
    assert_eq!(sums(&sink), (1, 2, 48_000, 96_000));
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2006-08-18T11:17:37Z");
    assert_eq!((sink.accounting.rejected, sink.warnings.len()), (1, 0));
    let warned = read(&[&text]).warnings;
    assert_eq!(warned, ["times of the log have no zone and are read as UTC; give --log-timezone"]);
}

#[test]
fn pieces_are_one_message() {
    let rows = [
        "05:00:01 7 MAIL +FROM:<a@example.com> 250 40",
        "05:00:01 7 RCPT +TO:<b@example.net> 250 29",
        "05:00:02 7 BDAT +4096 250 10",
        "05:00:02 7 BDAT +1000+LAST 250 14",
        "05:00:03 7 MAIL +FROM:<a@example.com> 250 40",
        "05:00:03 7 RCPT +TO:<b@example.net> 250 29",
        "05:00:03 7 BDAT <1@mx1.example.com> 250 7000",
        "05:00:04 7 BDAT +4096 250 10",
    ];
    let sink = read(&[&log(&rows)]);
    assert_eq!(sums(&sink), (2, 2, 12_096, 12_096));
    assert_eq!(sink.accounting.skipped[&Skip::Fragment], 1);
}

#[test]
fn what_a_client_takes_back_is_not_its_next_message() {
    let begun =
        ["05:00:01 7 MAIL +FROM:<a@example.com> 250 40", "05:00:01 7 RCPT +TO:<b@example.net> 250 29"];
    let next = [
        "05:00:03 7 MAIL +FROM:<c@example.com> 250 40",
        "05:00:03 7 RCPT +TO:<d@example.net> 250 29",
        "05:00:04 7 DATA - 250 900",
    ];
    let hello = "05:00:00 7 EHLO +app7.example.com 250 21";
    for end in ["05:00:02 7 RSET - 250 4", "05:00:02 7 QUIT app7.example.com 240 4"] {
        let plain = [&[hello][..], &begun, &[end], &next].concat();
        let encrypted = [&[hello, "05:00:00 7 STARTTLS - 220 8", hello][..], &begun, &[end], &next].concat();
        for rows in [plain, encrypted] {
            let sink = read(&[&log(&rows)]);
            assert_eq!(sums(&sink), (1, 1, 900, 900));
            let one = sink.submissions().next().unwrap();
            assert_eq!(sink.names.sender_address(one.sender), "c@example.com");
            assert_eq!(sink.accounting.skipped[&Skip::NotAccepted], 2);
        }
    }
}

#[test]
fn what_was_begun_days_ago_is_not_finished() {
    let first =
        log(&["05:00:01 7 MAIL +FROM:<a@example.com> 250 40", "05:00:01 7 RCPT +TO:<b@example.net> 250 29"]);
    let second = log(&["05:00:01 7 DATA - 250 900"]).replace("2026-10-01", "2026-10-04");
    let sink = read(&[&first, &second]);
    assert_eq!(sink.accounting.skipped[&Skip::NotAccepted], 2);
    assert_eq!(sink.accounting.skipped_messages[&Skip::NoRecipient], 1);
}

#[test]
fn want_of_recipients_takes_none_from_another_message() {
    let rows = [
        "05:00:01 7 MAIL +FROM:<a@example.com> 250 40",
        "05:00:01 7 MAIL +FROM:<a@example.com> 250 40",
        "05:00:01 7 RCPT +TO:<bad@example.net> 550 29",
        "05:00:01 7 RCPT +TO:<b@example.net> 250 29",
        "05:00:01 7 RCPT +TO:<c@example.net> 250 29",
        "05:00:02 7 DATA - 554 4",
        "05:00:02 7 DATA <1@mx> 250 900",
    ];
    let sink = read(&[&log(&rows)]);
    assert_eq!(sums(&sink), (1, 2, 900, 1800));
    assert_eq!(sink.accounting.skipped[&Skip::NotAccepted], 1 + 2);
}

#[test]
fn what_began_before_the_log_is_told() {
    let rows = ["05:00:01 7 RCPT +TO:<b@example.net> 250 29", "05:00:02 7 DATA <1@mx> 250 900"];
    let sink = read(&[&log(&rows)]);
    assert_eq!(sums(&sink), (1, 1, 900, 900));
    assert_eq!(sink.submissions().next().unwrap().sender, SenderId::UNKNOWN);
    assert!(sink.warnings[0].starts_with("1 messages began before the input"));
    let sink = read(&[&log(&rows[1..])]);
    assert_eq!(sink.accounting.skipped_messages[&Skip::NoRecipient], 1);
}

#[test]
fn the_real_rows_of_an_open_relay_are_outbound_only() {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".into());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let Ok(rows) = std::fs::read_to_string(path.join("logs/iis-smtp/blog-openrelay-2lines-noheader.log"))
    else {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", path.display());
        return;
    };
    assert_eq!(IisSmtp.detect(rows.as_bytes()), Some(Likelihood::Certain));
    let sink = read(&[&rows]);
    assert_eq!((sums(&sink), sink.accounting.records, sink.accounting.rejected), (Sums::default(), 2, 0));
    assert!(sink.warnings[0].starts_with("all rows are of outbound connections"));
}

#[test]
fn relay_hosts_cannot_choose() {
    let options =
        ReadOptions { relay_hosts: vec!["mx.example.com".parse().unwrap()], ..ReadOptions::default() };
    let input = Input::from_bytes("ex.log", log(&MIXED).as_bytes());
    let error = IisSmtp.read(vec![input], &options, &mut Collected::default()).unwrap_err();
    assert!(error.to_string().starts_with("ex.log: --relay-host or 'relay_hosts:' cannot choose"), "{error}");
}

#[test]
fn only_smtp_services_are_recognised() {
    let detect = |text: &str| IisSmtp.detect(text.as_bytes()).is_some();
    assert!(detect(&log(&MIXED)) && detect(&w3c(&MIXED)) && detect(NCSA));
    assert!(detect(
        "192.0.2.7, app, 8/18/06, 13:17:37, SMTPSVC1, MAIL01, 192.0.2.1, 0, 20, 40, 250, 0, EHLO, -, a,\n"
    ));
    assert!(detect("#Fields: time c-ip cs-method cs-uri-stem sc-status \n13:17:37 192.0.2.3 MAIL - 250 \n"));
    assert!(!detect(HEADER));
    assert!(!detect("#Fields: date time cs-method cs-uri-stem\n2026-10-01 05:00:01 GET /SMTP\n"));
    assert!(!detect("192.0.2.1 - - [11/Oct/2006:13:16:45 -0600] \"GET /?a HTTP/1.1\" 200 124\n"));
    assert!(!detect("Oct  1 05:00:01 host SMTPSVC1: DATA SMTP 192.0.2.1\n"));
    assert!(!detect(""));
}

proptest::proptest! {
    #[test]
    fn any_damage_is_accounted_for(at in 0_usize..4000, byte in proptest::prelude::any::<u8>(), cut in 0_usize..4000) {
        let mut text = log(&MIXED).into_bytes();
        let (at, cut) = (HEADER.len() + at % (text.len() - HEADER.len()), cut % text.len());
        text[at] = byte;
        for bytes in [&text[..], &text[..cut], &text[cut..]] {
            let mut sink = Collected::default();
            IisSmtp.read(vec![Input::from_bytes("a", bytes)], &ReadOptions::default(), &mut sink).unwrap();
            proptest::prop_assert!(sink.accounting.adds_up());
            proptest::prop_assert!(sums(&sink).0 <= 4 + 2, "the refused ones at most");
        }
    }

    #[test]
    fn any_bytes_are_accounted_for(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
        let mut sink = Collected::default();
        IisSmtp.read(vec![Input::from_bytes("a", &bytes)], &ReadOptions::default(), &mut sink).unwrap();
        proptest::prop_assert!(sink.accounting.adds_up());
    }
}
