//! Tests of what stands around Postfix lines: streams, exports, headers in headers, years and zones.

use super::*;
use crate::ingest::collect::Collected;

fn read_named(name: &str, text: &[u8], options: &ReadOptions) -> Result<Collected, ReadError> {
    let mut sink = Collected::default();
    Postfix.read(vec![Input::from_bytes(name, text)], options, &mut sink)?;
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    Ok(sink)
}

fn read(text: &str) -> Collected {
    read_named("mail.log", text.as_bytes(), &ReadOptions::default()).unwrap()
}

/// The lines of one message, without time and host.
fn message(id: &str) -> [String; 3] {
    [
        format!("postfix/qmgr[3]: {id}: from=<x@example.com>, size=900, nrcpt=1 (queue active)"),
        format!(
            "postfix/smtp[4]: {id}: to=<a@example.net>, relay=mx[192.0.2.7]:25, status=sent (250, ok, 1, 2, 3)"
        ),
        format!("postfix/qmgr[3]: {id}: removed"),
    ]
}

/// `count` messages, one in each minute from 10:00 on, every line behind `header(minute)`.
fn log(count: u32, header: impl Fn(u32) -> String) -> Vec<String> {
    let lines = |n| message(&format!("{:06X}", 0xA0_0000 + n)).map(|line| format!("{}{line}", header(n)));
    (0..count).flat_map(lines).collect()
}

fn minute(n: u32) -> String {
    format!("2026-10-01T{:02}:{:02}:00Z h ", 10 + n / 60, n % 60)
}

/// Messages, delivered recipients and the first and last time.
fn counted(sink: &Collected) -> (u64, u64, String, String) {
    let times = || sink.submissions().map(|s| s.time);
    let shown = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
    let sum = |of: fn(&crate::usage::Submission) -> u64| sink.submissions().map(of).sum();
    (sum(|s| s.messages), sum(|s| s.recipients.delivered), shown(times().min()), shown(times().max()))
}

fn one(time: &str) -> (u64, u64, String, String) {
    (1, 1, time.to_owned(), time.to_owned())
}

/// Lines with a priority tag, an hour of messages over and over.
fn tagged(count: u32, header: impl Fn(u32) -> String) -> Vec<String> {
    log(count, |n| format!("<22>{}", header(n % 60)))
}

fn counted_octets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{} {line}", line.len())).collect()
}

#[test]
fn a_stream_without_line_ends_is_read_to_its_end_however_long() {
    let plain = tagged(6_000, minute);
    let rfc5424: Vec<String> = plain
        .iter()
        .map(|line| {
            line.replace("<22>", "<22>1 ").replacen("[3]: ", " 3 - - ", 1).replacen("[4]: ", " 4 - - ", 1)
        })
        .collect();
    let expected = (6_000, 6_000, "2026-10-01T10:00:00Z".to_owned(), "2026-10-01T10:59:00Z".to_owned());
    for text in [
        plain.concat(),
        counted_octets(&plain),
        rfc5424.concat(),
        counted_octets(&rfc5424),
        counted_octets(&plain.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>()),
        plain.join("\n"),
    ] {
        assert!(text.len() > 1 << 20);
        let sink = read(&text);
        assert_eq!(counted(&sink), expected, "{}", &text[..120]);
        assert_eq!((sink.accounting.records, sink.accounting.rejected), (18_000, 0));
    }
}

#[test]
fn what_a_line_holds_beyond_its_longest_is_rejected_and_shown() {
    let mut lines = log(2, minute);
    lines.insert(3, format!("2026-10-01T10:00:30Z h postfix/smtpd[1]: {}", "x".repeat(2 << 20)));
    let sink = read(&lines.join("\n"));
    assert_eq!((counted(&sink).0, sink.accounting.rejected), (2, 1));
    assert_eq!(
        sink.accounting.rejections[0].to_string(),
        "mail.log:4: it is longer than 1 MiB: what stands beyond that is not read"
    );
}

#[test]
fn a_stream_proves_its_year_as_lines_do() {
    let mut lines = tagged(1, |_| "Oct  1 12:00:00 h ".to_owned());
    let proof = "<22>Oct  1 12:00:00 h postfix/cleanup[2]: A00000: message-id=<20141001100000.A00000@h>";
    lines.insert(0, "<22>Oct  1 12:00:00 h postfix/smtpd[1]: A00000: client=a[192.0.2.1]".to_owned());
    lines.insert(1, proof.to_owned());
    assert_eq!(counted(&read(&lines.concat())), one("2014-10-01T10:00:00Z"));
    assert_eq!(counted(&read(&counted_octets(&lines))), one("2014-10-01T10:00:00Z"));
}

#[test]
fn a_log_that_runs_from_new_to_old_is_refused() {
    let mut lines = log(40, minute);
    lines.reverse();
    let error = read_named("mail.log", lines.join("\n").as_bytes(), &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "mail.log: its lines run from the newest to the oldest, and messages can only be followed the other way\n\
         hint: sort the export by time, oldest first; 'tac LOG > TURNED' turns the lines of a plain log round"
    );
}

#[test]
fn disorder_is_not_taken_for_a_log_that_runs_backwards() {
    let mut lines = log(40, minute);
    lines.chunks_mut(6).for_each(<[String]>::reverse);
    let sink = read(&lines.join("\n"));
    assert_eq!(sink.accounting.records, 120);
}

#[test]
fn the_separator_of_an_export_is_that_of_its_header() {
    for separator in [",", ";", "\t"] {
        let row = |line: String| format!("1{separator}h{separator}\"{line}\"\n");
        let rows: String = log(3, minute).into_iter().map(row).collect();
        let sink = read(&format!("time{separator}host{separator}message\n{rows}"));
        let found = counted(&sink);
        assert_eq!((found.0, found.1), (3, 3), "{separator:?}");
    }
}

#[test]
fn an_outer_time_with_a_zone_stands_for_an_inner_one_without() {
    let read_at = |header: &str| counted(&read(&log(1, |_| header.to_owned()).join("\n")));
    let same_year = "2026-05-01T10:00:00+02:00 h docker[1]: May  1 08:00:00 relay ";
    assert_eq!(read_at(same_year), one("2026-05-01T08:00:00Z"));
    let new_year = "2024-12-31T23:30:00-05:00 h docker[1]: Jan  1 04:30:00 relay ";
    assert_eq!(read_at(new_year), one("2025-01-01T04:30:00Z"));
    let both = "2026-05-01T10:00:05Z h docker[1]: 2026-05-01T12:00:00+02:00 relay ";
    assert_eq!(read_at(both), one("2026-05-01T10:00:00Z"));
}

#[test]
fn a_message_id_inside_a_second_header_proves_its_time() {
    let header = "Oct  1 12:00:00 h docker[1]: Oct  1 10:00:00 relay ";
    let proof = "postfix/cleanup[2]: A00000: message-id=<20141001100000.A00000@relay>";
    let lines = log(1, |_| header.to_owned()).join("\n");
    assert_eq!(counted(&read(&format!("{header}{proof}\n{lines}"))), one("2014-10-01T10:00:00Z"));
}

#[test]
fn a_long_pause_is_not_taken_for_a_step_back_over_new_year() {
    let days = ["Jan  5", "Sep 15"];
    let lines = log(2, |n| format!("{} 10:00:00 h ", days[n as usize]));
    let options = ReadOptions { year: Some(2025), ..ReadOptions::default() };
    let sink = read_named("mail.log", lines.join("\n").as_bytes(), &options).unwrap();
    assert_eq!(counted(&sink), (2, 2, "2025-01-05T10:00:00Z".to_owned(), "2025-09-15T10:00:00Z".to_owned()));
}

#[test]
fn a_leap_day_far_into_a_log_tells_its_year() {
    let mut lines = log(2_000, |_| "Feb 28 10:00:00 h ".to_owned());
    lines.push(
        "Feb 29 10:00:00 h postfix/qmgr[3]: B00000: from=<x@example.com>, size=9, nrcpt=1 (x)".to_owned(),
    );
    let text = lines.join("\n");
    let sink = read_named("mail.log-20260301", text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(sink.accounting.rejected, 0);
    assert_eq!(counted(&sink).2, "2024-02-28T10:00:00Z");
}

#[test]
fn a_year_without_a_zone_proves_no_zone() {
    let warning = "times of the log have no zone and are read as UTC; give --log-timezone";
    let lines = log(1, |_| "2026-05-01T10:00:00 h ".to_owned()).join("\n");
    assert_eq!(read(&lines).warnings, [warning]);
    let mut sink = Collected::default();
    let classic = log(1, |_| "May  1 12:00:00 other ".to_owned()).join("\n");
    let inputs = vec![Input::from_bytes("a", lines.as_bytes()), Input::from_bytes("b", classic.as_bytes())];
    Postfix.read(inputs, &ReadOptions::default(), &mut sink).unwrap();
    assert_eq!(sink.warnings, [warning]);
    let sophos = log(1, |_| "2020:07:18-16:56:31 h ".to_owned()).join("\n");
    assert_eq!(read(&sophos).warnings, [warning]);
}

#[test]
fn a_journal_export_holds_bytes_and_ends_without_an_empty_line() {
    let entry = |line: &str, binary: bool| {
        let (program, text) = line.split_once(": ").unwrap();
        let fields = format!(
            "__CURSOR=x\n__REALTIME_TIMESTAMP=1790848800000000\n_HOSTNAME=h\nSYSLOG_IDENTIFIER={program}\n"
        );
        let mut entry = fields.into_bytes();
        if binary {
            entry.extend_from_slice(b"MESSAGE\n");
            entry.extend_from_slice(&(text.len() as u64).to_le_bytes());
        } else {
            entry.extend_from_slice(b"MESSAGE=");
        }
        entry.extend_from_slice(text.as_bytes());
        entry.push(b'\n');
        entry
    };
    for padding in 0..300 {
        let mut lines = message("A00000").map(|line| line.replace("[3]", "").replace("[4]", ""));
        lines[1].push_str(&" ".repeat(padding));
        let text = lines.map(|line| entry(&line, line.contains("to=<"))).join(&b'\n');
        let sink = read_named("x", &text, &ReadOptions::default()).unwrap();
        assert_eq!(counted(&sink), one("2026-10-01T10:00:00Z"), "{padding}");
        assert_eq!(sink.accounting.skipped.get(&crate::usage::Skip::Session), None);
    }
}
