//! Tests of what stands around Postfix lines: streams, exports, headers in headers, years and zones.

use super::*;
use crate::ingest::collect::Collected;
use crate::usage::Skip;

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
        format!("postfix/smtp[4]: {id}: to=<a@example.net>, relay=mx[192.0.2.7]:25, status=sent (250, ok, 1, 2, 3)"),
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
        .map(|line| line.replace("<22>", "<22>1 ").replacen("[3]: ", " 3 - - ", 1).replacen("[4]: ", " 4 - - ", 1))
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
    let mut lines = vec![
        "<22>Oct  1 12:00:00 h postfix/cleanup[2]: A00000: message-id=<20141001100000.A00000@h>".to_owned(),
    ];
    lines.extend(tagged(1, |_| "Oct  1 12:00:00 h ".to_owned()));
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
