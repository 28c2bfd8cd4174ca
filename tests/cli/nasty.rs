//! Twenty inputs that a reader of mail logs must survive, each ending in right totals or in a clear error.
//!
//! They are told from end to end here; what one format makes of each is tested beside that format.

use std::io::Write;

use serde_json::Value;

use super::program;

/// Messages, recipients, bytes, recipient bytes; or the error.
type Read = Result<[u64; 4], String>;

/// What the program makes of files in a folder.
fn read_with(files: &[(&str, &[u8])], options: &[&str]) -> (Read, Value) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let output = program()
        .args(["analyze", "--format", "json", "--include-null-sender"])
        .args(options)
        .arg(match files {
            [(name, _)] => folder.path().join(name),
            _ => folder.path().to_owned(),
        })
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let data: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    if !matches!(output.status.code(), Some(0 | 3)) {
        assert!(stderr.starts_with("error: "), "{stderr}");
        return (Err(stderr), data);
    }
    let accounting = &data["accounting"];
    let skipped: u64 = accounting["skipped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let count = |name: &str| accounting[name].as_u64().unwrap();
    assert_eq!(count("used") + skipped + count("rejected"), count("records"), "{accounting}");
    let figures = ["messages", "recipients", "bytes", "recipient_bytes"];
    (Ok(figures.map(|name| data["totals"][name].as_u64().unwrap())), data)
}

fn read(files: &[(&str, &[u8])]) -> Read {
    read_with(files, &[]).0
}

/// A message of Postfix to one recipient: five lines.
fn postfix(second: u32, id: &str, sender: &str, size: u32) -> String {
    let line = |after: u32, daemon: &str, text: &str| {
        let time = second + after;
        let clock = format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60);
        format!("2026-10-01T{clock}+00:00 relay postfix/{daemon}[7]: {id}: {text}\n")
    };
    let delivery = "to=<jo@example.com>, relay=mx.example.com[203.0.113.9]:25, delay=1, delays=0/0/0/1, \
                    dsn=2.0.0, status=sent (250 ok)";
    [
        line(0, "smtpd", "client=app.contoso.com[192.0.2.5]"),
        line(0, "cleanup", &format!("message-id=<{id}.{second}@app.contoso.com>")),
        line(0, "qmgr", &format!("from=<{sender}>, size={size}, nrcpt=1 (queue active)")),
        line(1, "smtp", delivery),
        line(1, "qmgr", "removed"),
    ]
    .concat()
}

/// A row of `Get-MessageTrace` with the columns that matter.
fn trace(time: &str, recipient: &str, size: &str, id: &str) -> String {
    format!("{time},app@contoso.com,{recipient},Invoice,Delivered,{size},{id}\n")
}

const TRACE: &str = "Received,SenderAddress,RecipientAddress,Subject,Status,Size,MessageTraceId\n";
const ENHANCED: &str = "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,\
                        network_message_id,original_client_ip,directionality,connector_id,delivery_priority\n";

fn two_rows() -> String {
    let row = |at, size, id| trace(&format!("2026-10-01T08:00:0{at}.1234567Z"), "jo@example.com", size, id);
    TRACE.to_owned() + &row(1, "1000", "m1") + &row(2, "2000", "m2")
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[test]
fn nasty_01_utf16_with_and_without_mark_and_an_odd_end() {
    let text = two_rows();
    let marked = utf16(&format!("\u{feff}{text}"), true);
    let big = utf16(&format!("\u{feff}{text}"), false);
    let odd = [utf16(&text, true), vec![b'x']].concat();
    for encoded in [utf16(&text, true), utf16(&text, false), marked, big, odd] {
        assert_eq!(read(&[("t.csv", &encoded)]), Ok([2, 2, 3000, 3000]));
    }
}

#[test]
fn nasty_02_newlines_quotes_cut_surrogates_and_an_open_quote() {
    let subjects = ["\"two\nlines\"", "\"say \"\"hi\"\"\"", "cut \u{fffd}"];
    let row = |at: usize| {
        let row = trace("2026-10-01T08:00:00Z", "jo@example.com", "1000", &format!("m{at}"));
        row.replace("Invoice", subjects[at])
    };
    let text: String = (0..3).map(row).collect();
    assert_eq!(read(&[("t.csv", (TRACE.to_owned() + &text).as_bytes())]), Ok([3, 3, 3000, 3000]));

    let open =
        two_rows() + "2026-10-01T08:00:00Z,app@contoso.com,jo@example.com,\"never closed,Delivered,1000,m9\n";
    let (totals, data) = read_with(&[("t.csv", open.as_bytes())], &[]);
    assert_eq!(totals, Ok([2, 2, 3000, 3000]));
    assert_eq!(data["accounting"]["rejected"], 1);
    assert!(
        data["accounting"]["rejections"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("a quote is probably not closed")
    );
}

#[test]
fn nasty_03_type_line_sep_line_titles_and_joined_exports() {
    let other = "MessageTraceId,Size,Status,RecipientAddress,SenderAddress,Received\n\
                 m3,4000,Delivered,jo@example.com,app@contoso.com,2026-10-02T08:00:00Z\n";
    let text =
        format!("sep=,\n#TYPE Selected.System.Object\nTrace of October\n{}{}{other}", two_rows(), two_rows());
    assert_eq!(read(&[("t.csv", text.as_bytes())]), Ok([3, 3, 7000, 7000]));
}

#[test]
fn nasty_04_semicolons_decimal_commas_and_dates_that_could_be_either() {
    let german = b"Datum;Absender;Empf\xe4nger;Gr\xf6\xdfe\n31.10.2026 17:25:36;app@contoso.com;jo@example.com;1,5 KB\n";
    let mapping = "columns:\n  Datum: time\n  Absender: sender\n  'Empf\u{e4}nger': recipients\n  'Gr\u{f6}\u{df}e': size\n\
                   zone: Europe/Berlin\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("german.yaml");
    std::fs::write(&file, mapping).unwrap();
    let options = ["--mapping", file.to_str().unwrap()];
    assert_eq!(read_with(&[("t.csv", german)], &options).0, Ok([1, 1, 1500, 1500]));

    let rows = |times: [&str; 2]| {
        let row = |at: usize| trace(times[at], "jo@example.com", "1000", &format!("m{at}"));
        TRACE.to_owned() + &row(0) + &row(1)
    };
    let ambiguous = rows(["03/04/2026 08:00", "05/06/2026 08:00"]);
    let error = read(&[("t.csv", ambiguous.as_bytes())]).unwrap_err();
    assert!(error.contains("--date-order"), "{error}");
    let decided = rows(["03/04/2026 5:25:36\u{202f}PM", "13/04/2026 5:25:36\u{202f}AM"]);
    let (totals, data) = read_with(&[("t.csv", decided.as_bytes())], &[]);
    assert_eq!((totals, &data["period"]["first"]), (Ok([2, 2, 2000, 2000]), &"2026-04-03T17:25:36Z".into()));
}

#[test]
fn nasty_05_times_of_every_kind_in_one_tool_chain() {
    let object = |time: &str, id: u32| {
        format!(
            "{{\"MessageTraceId\":\"m{id}\",\"Received\":{time},\"SenderAddress\":\"app@contoso.com\",\"RecipientAddress\":\
             \"jo@example.com\",\"Subject\":null,\"Status\":\"Delivered\",\"FromIP\":null,\"Size\":100}}\n"
        )
    };
    let times = ["\"/Date(1790841600000)/\"", "\"2026-10-01T08:00:00.4907658\"", "\"2026-10-01T08:00:00Z\""];
    let text: String = times.iter().zip(0..).map(|(time, id)| object(time, id)).collect();
    let (totals, data) = read_with(&[("t.json", text.as_bytes())], &["--by", "hour"]);
    assert_eq!((totals, data["rows"].as_array().unwrap().len()), (Ok([3, 3, 300, 300]), 1));

    let epochs = "time,recipients,size\n1790841600,jo@example.com,1\n1790841600123,jo@example.com,2\n1790841600123456,jo@example.com,3\n";
    let (totals, data) = read_with(&[("t.csv", epochs.as_bytes())], &["--by", "hour"]);
    assert_eq!((totals, data["rows"].as_array().unwrap().len()), (Ok([3, 3, 6, 6]), 1));
}

#[test]
fn nasty_06_signs_inside_addresses_a_thousand_recipients_and_repeats_in_another_case() {
    let list = |count: u32| {
        (0..count).map(|n| format!("r{n}@example.com##Receive, Deliver")).collect::<Vec<_>>().join(";")
    };
    let row = |status: &str, id: &str| {
        let status = status.replace('"', "\"\"");
        format!(
            "2026-10-01T08:00:00Z,app@contoso.com,\"{status}\",x,10,<{id}@contoso.com>,{id},192.0.2.5,Originating,,0\n"
        )
    };
    let broken = "\"Fname LName<fname.lname\"@example.com##Receive, Fail";
    let text = ENHANCED.to_owned()
        + &row(&list(1_000), "m1")
        + &row(broken, "m2")
        + &row("Jo@example.com##Receive, Deliver;jo@EXAMPLE.com##Receive, Deliver", "m3");
    assert_eq!(read(&[("t.csv", text.as_bytes())]), Ok([3, 1_002, 30, 10_020]));
}

#[test]
fn nasty_07_sizes_that_are_none_and_sizes_that_differ() {
    let time = "2026-10-01T08:00:00Z";
    let row = |size: &str, id: &str| trace(time, "jo@example.com", size, id);
    let text = TRACE.to_owned()
        + &row("\"1,234 KB\"", "m1")
        + &row("4294967296", "m2")
        + &row("100", "m3")
        + &trace(time, "al@example.com", "120", "m3")
        + &row("-5", "m4")
        + &row("", "m5");
    let (totals, data) = read_with(&[("t.csv", text.as_bytes())], &["--missing-size", "1000"]);
    // The largest of a message's rows; a missing one is imputed. A negative one is no size, and one that could be
    // thousands or a fraction is not guessed.
    let bytes = 4_294_967_296 + 120 + 1000;
    assert_eq!(totals, Ok([3, 4, bytes, bytes + 120]));
    assert_eq!(data["accounting"]["rejected"], 2, "{}", data["accounting"]);
}

#[test]
fn nasty_08_groups_and_message_ids_that_applications_share() {
    let row = |recipient: &str, status: &str, id: &str| {
        trace("2026-10-01T08:00:00Z", recipient, "100", id).replace("Delivered", status)
    };
    let text = TRACE.to_owned()
        + &row("all@contoso.com", "Expanded", "m1")
        + &row("a@contoso.com", "Delivered", "m1")
        + &row("b@contoso.com", "Delivered", "m1")
        + &row("jo@example.com", "Delivered", "m2");
    assert_eq!(read(&[("t.csv", text.as_bytes())]), Ok([2, 2, 200, 200]));

    let same = |second, id: &str| {
        postfix(second, id, "app@contoso.com", 500)
            .replace(&format!("<{id}.{second}@app.contoso.com>"), "<same@app>")
    };
    let log: String = (0..50).map(|n| same(n * 60, &format!("AA{:04X}BB", n))).collect();
    assert_eq!(read(&[("mail.log", log.as_bytes())]), Ok([50, 50, 25_000, 25_000]));
}

#[test]
fn nasty_09_the_same_log_as_log_copy_gzip_info_and_warn() {
    let log = postfix(60, "AAAA000001", "app@contoso.com", 500)
        + &postfix(90, "AAAA000002", "app@contoso.com", 700);
    let warn: String =
        log.lines().filter(|line| line.contains("smtp[")).map(|line| format!("{line}\n")).collect();
    let packed = gzip(log.as_bytes());
    let files: [(&str, &[u8]); 5] = [
        ("mail.log", log.as_bytes()),
        ("mail.log.1", log.as_bytes()),
        ("mail.log.1.gz", &packed),
        ("mail.info", log.as_bytes()),
        ("mail.warn", warn.as_bytes()),
    ];
    assert_eq!(read(&files), Ok([2, 2, 1200, 1200]));
    let text = two_rows();
    assert_eq!(read(&[("a.csv", text.as_bytes()), ("b.csv", text.as_bytes())]), Ok([2, 2, 3000, 3000]));
}

#[test]
fn nasty_10_a_filter_that_hands_mail_in_again() {
    let first = postfix(60, "AAAA000001", "app@contoso.com", 500).replace(
        "relay=mx.example.com[203.0.113.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
        "relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from \
         MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BBBB000001)",
    );
    let second = postfix(61, "BBBB000001", "app@contoso.com", 900)
        .replace("client=app.contoso.com[192.0.2.5]", "client=localhost[127.0.0.1]")
        .replace("BBBB000001.61@", "AAAA000001.60@");
    let (totals, data) = read_with(&[("mail.log", (first + &second).as_bytes())], &["--by", "client"]);
    assert_eq!(totals, Ok([1, 1, 500, 500]));
    assert_eq!(data["rows"][0]["group"]["client"], "app.contoso.com [192.0.2.5]");
}

#[test]
fn nasty_11_queue_ids_that_come_twice_on_one_host_and_on_two() {
    let again =
        postfix(60, "AAAAAA", "app@contoso.com", 500) + &postfix(300, "AAAAAA", "app@contoso.com", 700);
    let elsewhere =
        postfix(60, "AAAAAA", "app@contoso.com", 900).replace(" relay postfix", " relay2 postfix");
    let long = postfix(60, "4Xq3vB1zkbz2xQ", "app@contoso.com", 50);
    let mut lines: Vec<&str> = again.lines().chain(elsewhere.lines()).chain(long.lines()).collect();
    lines.sort_by_key(|line| line.split(' ').next());
    assert_eq!(read(&[("mail.log", (lines.join("\n") + "\n").as_bytes())]), Ok([4, 4, 2150, 2150]));
}

#[test]
fn nasty_12_deferred_for_days_over_rotated_files_and_then_expired() {
    let line = |day: u32, daemon: &str, text: &str| {
        format!("2026-10-0{day}T08:00:00+00:00 relay postfix/{daemon}[7]: AAAA000001: {text}\n")
    };
    let active = "from=<app@contoso.com>, size=500, nrcpt=1 (queue active)";
    let deferred =
        "to=<jo@example.com>, relay=none, delay=9, delays=9/0/0/0, dsn=4.4.1, status=deferred (timed out)";
    let first =
        line(1, "smtpd", "client=app[192.0.2.5]") + &line(1, "qmgr", active) + &line(1, "smtp", deferred);
    let second = line(3, "qmgr", active) + &line(3, "smtp", deferred);
    let third = line(6, "qmgr", "from=<app@contoso.com>, status=expired, returned to sender")
        + &line(6, "qmgr", "removed");
    let parts: [(&str, &[u8]); 3] =
        [("mail.log", third.as_bytes()), ("mail.log.1", second.as_bytes()), ("mail.log.2", first.as_bytes())];
    let (totals, data) = read_with(&parts, &["--by", "outcome"]);
    assert_eq!((totals, &data["rows"][0]["group"]["outcome"]), (Ok([1, 1, 500, 500]), &"bounced".into()));
    // The start of the story is missing: the message counts, with a size that is known from a later attempt.
    assert_eq!(read(&parts[..2]), Ok([1, 1, 500, 500]));
}

#[test]
fn nasty_13_no_year_new_year_leap_day_and_a_log_of_2014() {
    let old = |text: &str, year: &str| {
        let mut lines = String::new();
        for line in text.lines() {
            let rest = line.split_once(' ').unwrap().1;
            lines += &format!("{year} {rest}\n");
        }
        lines
    };
    let log = old(&postfix(0, "AAAA000001", "app@contoso.com", 500), "Dec 31 23:59:50")
        + &old(&postfix(0, "AAAA000002", "app@contoso.com", 700), "Jan  1 00:00:10");
    let (totals, data) = read_with(&[("mail.log", log.as_bytes())], &["--year", "2013", "--by", "month"]);
    let months: Vec<&Value> =
        data["rows"].as_array().unwrap().iter().map(|row| &row["group"]["month"]).collect();
    assert_eq!(
        (totals, months),
        (
            Ok([2, 2, 1200, 1200]),
            vec!["2013-12", "2014-01"].into_iter().map(Value::from).collect::<Vec<_>>().iter().collect()
        )
    );

    let leap = old(&postfix(0, "AAAA000003", "app@contoso.com", 500), "Feb 29 10:00:00");
    let error = read_with(&[("mail.log", leap.as_bytes())], &["--year", "2025"]).0.unwrap_err();
    assert!(
        error.contains("mail.log:1: its time cannot be read: expected a date of the calendar"),
        "{error}"
    );
    let greek = old(&postfix(0, "AAAA000004", "app@contoso.com", 500), "\u{391}\u{3c0}\u{3c1} 15 10:00:00");
    let both = old(&postfix(0, "AAAA000005", "app@contoso.com", 700), "ao\u{fb}t 19 10:00:00");
    assert_eq!(read_with(&[("mail.log", greek.as_bytes())], &["--year", "2026"]).0, Ok([1, 1, 500, 500]));
    assert_eq!(read_with(&[("mail.log", both.as_bytes())], &["--year", "2026"]).0, Ok([1, 1, 700, 700]));
}

#[test]
fn nasty_14_every_header_that_stands_before_a_line() {
    let log = postfix(60, "AAAA000001", "app@contoso.com", 500);
    let custom = log.replace(" postfix/", " postfix-out/content-filter/");
    let no_pid = log.replace("[7]", "");
    let solaris = log.replace("[7]: ", "[7]: [ID 197553 mail.info] ");
    let priority: String = log.lines().map(|line| format!("<22>{line}\n")).collect();
    let rfc5424: String = log
        .lines()
        .map(|line| {
            let (time, rest) = line.split_once(' ').unwrap();
            let (program, text) = rest.strip_prefix("relay ").unwrap().split_once("[7]: ").unwrap();
            format!("<22>1 {time} relay {program} 7 - - {text}\n")
        })
        .collect();
    let journal: String = log
        .lines()
        .map(|line| {
            let (program, text) = line.split_once(" relay ").unwrap().1.split_once("[7]: ").unwrap();
            let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
            format!(
                "{{\"__REALTIME_TIMESTAMP\":\"1790841600000000\",\"_HOSTNAME\":\"relay\",\"SYSLOG_IDENTIFIER\":\"{program}\",\
                 \"SYSLOG_PID\":\"7\",\"MESSAGE\":[{}]}}\n",
                bytes.join(",")
            )
        })
        .collect();
    let siem: String = "time,message\n".to_owned()
        + &log.lines().map(|line| format!("x,\"{}\"\n", line.replace('"', "\"\""))).collect::<String>();
    for text in [custom, no_pid, solaris, priority, rfc5424, journal, siem] {
        assert_eq!(read(&[("mail.log", text.as_bytes())]), Ok([1, 1, 500, 500]), "{text}");
    }
}

#[test]
fn nasty_15_cut_lines_nuls_bad_utf8_long_lines_and_mixed_line_ends() {
    let log = postfix(60, "AAAA000001", "app@contoso.com", 500).replace('\n', "\r\n");
    let mut bytes = log.into_bytes();
    bytes.extend([0; 5000]);
    bytes.extend(b"2026-10-01T09:00:00+00:00 relay postfix/smtpd[7]: connect from \xff\xfe[192.0.2.7]\n");
    bytes.extend(b"2026-10-01T09:00:00+00:00 relay postfix/cleanup[7]: BBBB000001: message-id=<");
    bytes.extend(vec![b'x'; 1 << 20]);
    bytes.extend(b">\n2026-10-01T09:00:01+00:00 relay postfix/qm");
    bytes.extend(postfix(7200, "CCCC000001", "app@contoso.com", 700).trim_end().bytes());
    assert_eq!(read(&[("mail.log", &bytes)]), Ok([2, 2, 1200, 1200]));
}

#[test]
fn nasty_16_cut_and_joined_compressions_empty_files_and_binaries() {
    let [one, two] = [500, 700].map(|size| postfix(size, &format!("AAAA000{size}"), "app@contoso.com", size));
    let joined = [gzip(one.as_bytes()), gzip(two.as_bytes())].concat();
    assert_eq!(read(&[("mail.log", &joined)]), Ok([2, 2, 1200, 1200]));
    let (totals, data) = read_with(&[("mail.gz", &joined[..joined.len() - 20])], &[]);
    assert!(totals.is_ok() && !data["provenance"]["damages"].as_array().unwrap().is_empty());
    let files: [(&str, &[u8]); 4] = [
        ("empty.log", b""),
        ("header.csv", TRACE.as_bytes()),
        ("program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0"),
        ("mail.log", one.as_bytes()),
    ];
    assert_eq!(read(&files), Ok([1, 1, 500, 500]));
    let bomb = gzip(&vec![b'a'; 80 << 20]);
    let error = read(&[("bomb.gz", &bomb)]).unwrap_err();
    assert!(error.contains("expands") || error.contains("not recognised"), "{error}");
}

#[test]
fn nasty_17_null_senders_verp_quoted_addresses_and_odd_clients() {
    let senders = [
        "",
        "bounce+17=jo=example.com@contoso.com",
        "\\\"a b\\\"@contoso.com",
        "gr\u{fc}n@b\u{fc}cher.example",
    ];
    let mut log = String::new();
    for (at, sender) in senders.iter().enumerate() {
        let sender = sender.replace('\\', "");
        log += &postfix(60 * (at as u32 + 1), &format!("AAAA00000{at}"), &sender, 100);
    }
    let clients = ["unknown[unknown]", "app[2001:db8::1]", "localhost[::1]", "app[fe80::1%eth0]:2525"];
    for (at, client) in clients.iter().enumerate() {
        let one = postfix(600 + 60 * at as u32, &format!("BBBB00000{at}"), "app@contoso.com", 100);
        log += &one.replace("app.contoso.com[192.0.2.5]", client);
    }
    let (totals, data) = read_with(&[("mail.log", log.as_bytes())], &["--by", "sender-domain"]);
    assert_eq!(totals, Ok([8, 8, 800, 800]));
    assert!(data["rows"].as_array().unwrap().len() <= 4);
}

#[test]
fn nasty_18_mail_that_never_left() {
    let refused = "2026-10-01T08:00:00+00:00 relay postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.66]: 554 \
                   5.7.1 <x@example.com>: Relay access denied; from=<a@b.example> to=<x@example.com> proto=ESMTP\n";
    let noise = "2026-10-01T08:00:00+00:00 relay postfix/postscreen[8]: CONNECT from [192.0.2.66]:4711 to [192.0.2.1]:25\n";
    let error = read(&[("mail.log", (refused.to_owned() + noise).as_bytes())]).unwrap_err();
    assert!(error.contains("0 messages usable") && error.contains("not-accepted 1"), "{error}");
    let discarded = postfix(60, "AAAA000001", "app@contoso.com", 500)
        .replace("relay=mx.example.com[203.0.113.9]:25", "relay=127.0.0.1[127.0.0.1]:10024")
        .replace("(250 ok)", "(250 2.7.0 Ok, discarded, id=1-2 - spam)");
    let log = refused.to_owned() + &discarded + &postfix(90, "AAAA000002", "app@contoso.com", 700);
    let (totals, data) = read_with(&[("mail.log", log.as_bytes())], &[]);
    assert_eq!(
        (totals, &data["accounting"]["skipped_messages"]["discarded"]),
        (Ok([1, 1, 700, 700]), &1.into())
    );
}

#[test]
fn nasty_20_logs_whose_keywords_were_replaced_and_exports_that_were_cut() {
    let log = postfix(60, "AAAA000001", "app@contoso.com", 500);
    let anonymised = log.replace("size=", "xxxx=").replace("from=<", "yyyy=<").replace("to=<", "zz=<");
    let error = read(&[("mail.log", anonymised.as_bytes())]).unwrap_err();
    assert!(error.contains("recognised as postfix, 0 messages usable"), "{error}");

    let rows: String =
        (0..1_000).map(|n| trace("2026-10-01T08:00:00Z", "jo@example.com", "10", &format!("m{n}"))).collect();
    let (totals, data) = read_with(&[("t.csv", (TRACE.to_owned() + &rows).as_bytes())], &[]);
    assert_eq!(totals, Ok([1_000, 1_000, 10_000, 10_000]));
    assert!(data["warnings"][0].as_str().unwrap().contains("exactly 1000 rows"));
}

#[test]
fn nasty_19_iis_without_dates_and_with_other_fields_and_exchange_with_probes_and_shadows() {
    let iis = "#Software: Microsoft Internet Information Services 6.0\n#Version: 1.0\n#Date: 2026-10-01 05:00:15\n\
        #Fields: c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-query sc-status cs-bytes \n\
        192.0.2.7 app SMTPSVC1 MX 192.0.2.1 0 MAIL +FROM:app@contoso.com 250 30\n\
        192.0.2.7 app SMTPSVC1 MX 192.0.2.1 0 RCPT +TO:+<jo@example.com> 250 30\n\
        192.0.2.7 app SMTPSVC1 MX 192.0.2.1 0 DATA <1@app> 250 2560\n\
        203.0.113.4 OutboundConnectionCommand SMTPSVC1 MX - 25 MAIL FROM:<app@contoso.com>+SIZE=2884 0 4\n\
        203.0.113.5 OutboundConnectionCommand SMTPSVC1 MX - 25 MAIL FROM:<app@contoso.com>+SIZE=2884 0 4\n\
        203.0.113.4 OutboundConnectionResponse SMTPSVC1 MX - 25 - 451+later 0 9\n\
        #Date: 2026-10-01 06:00:00\n\
        #Fields: date time c-ip cs-method cs-uri-query sc-status cs-bytes s-sitename cs-username\n\
        2026-10-01 06:00:01 192.0.2.7 MAIL +From:+<app@contoso.com> 250 30 SMTPSVC1 app\n\
        2026-10-01 06:00:01 192.0.2.7 RCPT +To:+&lt;jo@example.com&gt; 250 30 SMTPSVC1 app\n\
        2026-10-01 06:00:01 192.0.2.7 RCPT +To:+<al@example.com> 250 30 SMTPSVC1 app\n\
        2026-10-01 06:00:02 192.0.2.7 DATA <2@app> 250 1000 SMTPSVC1 app\n";
    assert_eq!(read(&[("ex261001.log", iis.as_bytes())]), Ok([2, 3, 3560, 4560]));
    let ncsa = "192.0.2.7 - app [01/Jul/2026:13:16:40 -0600] \"MAIL -?+FROM:+<app@contoso.com>+SIZE=500 SMTP\" 250 46\n\
        192.0.2.7 - app [01/Jul/2026:13:16:41 -0600] \"RCPT -?+TO:+<jo@example.com> SMTP\" 250 32\n\
        192.0.2.7 - app [01/Jul/2026:13:16:42 -0600] \"DATA -?+<3@app> SMTP\" 250 124\n";
    // The printed offset is that of winter; the zone tells the true instant.
    let (totals, data) =
        read_with(&[("nc260701.log", ncsa.as_bytes())], &["--log-timezone", "America/Denver"]);
    assert_eq!((totals, &data["period"]["first"]), (Ok([1, 1, 500, 500]), &"2026-07-01T19:16:42Z".into()));

    let fields = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,\
                  event-id,internal-message-id,message-id,network-message-id,recipient-address,recipient-status,\
                  total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,\
                  return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data,\
                  transport-traffic-type,log-id,schema-version";
    let row = |source: &str, event: &str, id: u32, sender: &str, recipient: &str, status: &str| {
        format!(
            "2026-10-01T06:00:0{}.000Z,192.0.2.7,app,192.0.2.10,EX1,,EX1\\Relay,{source},{event},{id},<{id}@app>,net-{id},\
             {recipient},{status},1000,1,,,Hello; you,{sender},{sender},,Originating,,192.0.2.7,,,Email,log-{id},15.2\n",
            id % 10
        )
    };
    let app = "app@contoso.com";
    let rows = row("SMTP", "RECEIVE", 1, app, "jo@example.com", "")
        + &row("SMTP", "HARECEIVE", 1, app, "jo@example.com", "")
        + &row("AGENT", "AGENTINFO", 1, app, "jo@example.com", "")
        + &row("SMTP", "RESUBMIT", 1, app, "jo@example.com", "")
        + &row("SMTP", "SENDEXTERNAL", 1, app, "jo@example.com", "250 2.6.0 <x>; Queued")
        + &row("SMTP", "RECEIVE", 2, app, "al@example.com", "")
        + &row("SMTP", "FAIL", 2, app, "al@example.com", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found")
        + &row("SMTP", "RECEIVE", 3, "HealthMailbox12@contoso.com", "HealthMailbox12@contoso.com", "");
    let v15 = format!("#Software: Microsoft Exchange Server\n#Fields: {fields}\n{rows}");
    let copied = v15.replace("EX1", "EX2");
    let files: [(&str, &[u8]); 2] =
        [("MSGTRK2026100106-1.LOG", v15.as_bytes()), ("MSGTRK2026100106-2.LOG", copied.as_bytes())];
    let (totals, data) = read_with(&files, &["--by", "outcome"]);
    let outcomes: Vec<&str> = data["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["group"]["outcome"].as_str().unwrap())
        .collect();
    assert_eq!((totals, outcomes), (Ok([2, 2, 2000, 2000]), vec!["bounced", "delivered"]));
}

/// A year of logs of three kinds, as an administrator packs them: rotated, compressed, some of them twice.
#[test]
fn an_archive_of_three_kinds_of_logs_with_copies_is_one_history() {
    let exim = |second: u32, id: &str, size: u32| {
        let line = |after: u32, text: &str| {
            let time = second + after;
            format!("2026-10-01 {:02}:{:02}:{:02} {id} {text}\n", time / 3600, time / 60 % 60, time % 60)
        };
        line(
            0,
            &format!("<= app@contoso.com H=app [192.0.2.5] P=esmtp S={size} id={id}@app for jo@example.com"),
        ) + &line(
            1,
            "=> jo@example.com R=dnslookup T=remote_smtp H=mx.example.com [203.0.113.9] C=\"250 OK\"",
        ) + &line(1, "Completed")
    };
    let [old, new] = [
        postfix(60, "AAAA000001", "app@contoso.com", 500),
        postfix(7200, "AAAA000002", "app@contoso.com", 700),
    ];
    let mainlog = exim(3_600, "1vGabc-0000000Abcd-1Xyz", 900) + &exim(3_700, "1vGabd-0000000Abce-1Xyz", 300);
    let trace = two_rows();
    let members: [(&str, Vec<u8>); 8] = [
        ("mail/mail.log", new.clone().into_bytes()),
        ("mail/mail.log.1", old.clone().into_bytes()),
        ("mail/mail.log.1.gz", gzip(old.as_bytes())),
        ("mail/mail.log.2.gz", gzip((old + &new).as_bytes())),
        ("exim/mainlog", mainlog.clone().into_bytes()),
        ("exim/mainlog.1.gz", gzip(mainlog.as_bytes())),
        ("exports/trace.csv", utf16(&format!("\u{feff}{trace}"), true)),
        ("exports/trace (1).csv", trace.into_bytes()),
    ];
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in &members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    let archive = gzip(&tar.into_inner().unwrap());
    let (totals, data) = read_with(&[("logs-2026.tar.gz", &archive)], &[]);
    assert_eq!(totals, Ok([6, 6, 500 + 700 + 900 + 300 + 3000, 500 + 700 + 900 + 300 + 3000]), "{data:#}");
}

#[test]
fn damage_that_makes_a_reader_panic_is_an_error_of_the_file() {
    let schema = "message rows { REQUIRED INT32 size; }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let mut file = Vec::new();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(&mut file, schema.into(), Default::default())
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<parquet::data_type::Int32Type>().write_batch(&[1, 2, 3], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    // The kind of the first page: an index where the values of the column stood. The reader has not implemented that.
    assert_eq!(file[5], 4);
    file[5] = 2;
    let error = read(&[("rows.parquet", &file)]).unwrap_err();
    assert!(
        error.ends_with("rows.parquet: the Parquet file is damaged: its parts contradict each other\n"),
        "{error}"
    );
}
