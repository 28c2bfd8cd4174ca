//! Traces in every shape: counts worked out by hand, nasty inputs, and properties that hold for any rows.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::ingest::DateOrder;
use crate::ingest::collect::Collected;
use crate::usage::{Recipients, Skip, Submission, Traffic};

fn read_with(inputs: &[(&str, &[u8])], options: &ReadOptions) -> Result<Collected, ReadError> {
    let inputs = inputs.iter().map(|(name, text)| Input::from_bytes(name, text)).collect();
    let mut sink = Collected::default();
    MessageTrace.read(inputs, options, &mut sink)?;
    let accounting = &sink.accounting;
    assert!(accounting.adds_up(), "{accounting:?}");
    for submission in sink.submissions() {
        assert!(submission.recipients.attempted() >= 1 && submission.records >= 1);
        assert!(submission.recipients_upper >= submission.recipients.attempted());
    }
    Ok(sink)
}

fn read(text: &str) -> Collected {
    read_with(&[("trace", text.as_bytes())], &ReadOptions::default()).unwrap()
}

/// Messages, recipients, bytes, recipient bytes.
type Totals = (u64, u64, u64, u64);

fn totals(sink: &Collected) -> Totals {
    sink.submissions().fold((0, 0, 0, 0), |(messages, recipients, bytes, recipient_bytes), s| {
        let (size, attempted) = (s.message_size.unwrap_or(0), s.recipients.attempted());
        (messages + 1, recipients + attempted, bytes + size, recipient_bytes + size * attempted)
    })
}

fn only(sink: &Collected) -> Submission {
    let all: Vec<_> = sink.submissions().copied().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]
}

fn skipped(sink: &Collected) -> Vec<(Skip, u64)> {
    sink.accounting.skipped.iter().map(|(reason, count)| (*reason, *count)).collect()
}

fn rejections(sink: &Collected) -> Vec<String> {
    sink.accounting.rejections.iter().map(ToString::to_string).collect()
}

const GET: &str =
    "Received,SenderAddress,RecipientAddress,Subject,Status,ToIP,FromIP,Size,MessageId,MessageTraceId\n";

fn get_row(number: u32, recipient: &str, status: &str, size: &str) -> String {
    format!(
        "2026-10-01T12:00:00.1234567,app@contoso.com,{recipient},Hello,{status},192.0.2.7,198.51.100.9,{size},\
         <{number}@app>,00000000-0000-4000-8000-{number:012x}\n"
    )
}

#[test]
fn rows_per_recipient_are_one_message_and_repeats_count_once() {
    let rows = [
        get_row(1, "a@example.net", "Pending", "1000"),
        get_row(1, "b@example.net", "Failed", "1010"),
        get_row(1, "A@Example.Net", "Delivered", "1000"),
        get_row(2, "a@example.net", "Quarantined", "2000"),
    ];
    let sink = read(&format!("{GET}{}", rows.concat()));
    assert_eq!(totals(&sink), (2, 3, 3_010, 4_020));
    assert_eq!(skipped(&sink), [(Skip::Duplicate, 1), (Skip::Header, 1)]);
    let first = *sink.submissions().next().unwrap();
    assert_eq!(first.recipients, Recipients { delivered: 1, bounced: 1, ..Recipients::default() });
    assert_eq!(
        (first.records, first.line, first.time.to_string()),
        (2, 2, "2026-10-01T12:00:00Z".to_owned())
    );
    assert_eq!(sink.names.sender_address(first.sender), "app@contoso.com");
    assert_eq!(sink.names.client_of(first.client).label(), "198.51.100.9");
    assert_eq!(first.key, 0x4000_8000_0000_0000_0001);
    assert_eq!(first.traffic, Traffic::Unknown);
}

/// Nasty input 8: the group, its members and a copy to a member in one message.
#[test]
fn an_expanded_group_is_billed_as_one() {
    let rows = [
        get_row(1, "all@contoso.com", "Expanded", "1000"),
        get_row(1, "a@contoso.com", "Delivered", "1000"),
        get_row(1, "b@contoso.com", "Delivered", "1000"),
        get_row(2, "a@contoso.com", "Delivered", "500"),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
        let text: String = order.iter().map(|&row: &usize| rows[row].as_str()).collect();
        let sink = read(&format!("{GET}{text}"));
        assert_eq!(totals(&sink), (2, 2, 1_500, 1_500));
        assert_eq!(skipped(&sink), [(Skip::Header, 1), (Skip::Expansion, 2)]);
        assert_eq!(sink.submissions().map(|s| s.recipients_upper).max(), Some(2));
    }
}

/// Exports from the portal are translated.
#[test]
fn a_status_that_is_not_understood_is_named() {
    let rows = |group: &str| {
        let rows = [(group, "all@x.com"), ("m1 Zugestellt", "a@x.com"), ("Zugestellt", "b@x.com")];
        rows.map(|(status, recipient)| get_row(1, recipient, status, "1000")).concat()
    };
    let warning = |rows| {
        format!(
            "rows with a status that is not understood: {rows}; groups may be counted member by member: export with \
             English culture"
        )
    };
    let sink = read(&format!("{GET}{}", rows("Erweitert")));
    assert_eq!((totals(&sink), &sink.warnings), ((1, 1, 1_000, 1_000), &vec![warning(1)]));
    let text = format!("{GET}{}", rows("Uitgebreid"));
    let sink = read_with(&[("a", text.as_bytes()), ("b", text.as_bytes())], &ReadOptions::default()).unwrap();
    assert_eq!((totals(&sink), &sink.warnings), ((1, 3, 1_000, 3_000), &vec![warning(4)]));
    let list = enhanced_row("id1", "all@x.com##Empfangen;a@x.com##Empfangen", ",Originating,");
    assert_eq!(read(&format!("{ENHANCED}{list}")).warnings, [warning(1)]);
}

/// Nasty input 8: a Message-ID that thousands of mails share, or none at all.
#[test]
fn without_a_trace_id_sender_and_time_tell_messages_apart() {
    let header = "Received,SenderAddress,RecipientAddress,Status,Size,MessageId\n";
    let rows = "2026-10-01T12:00:00Z,app@x.com,a@y.com,Delivered,10,<same@app>\n\
                2026-10-01T12:00:00Z,app@x.com,b@y.com,Delivered,10,<same@app>\n\
                2026-10-01T12:00:01Z,app@x.com,a@y.com,Delivered,10,<same@app>\n\
                2026-10-01T12:00:01Z,app@x.com,a@y.com,Delivered,10,\n";
    assert_eq!(totals(&read(&format!("{header}{rows}"))), (3, 4, 30, 40));
}

#[test]
fn without_any_id_parts_of_a_second_tell_messages_apart() {
    let rows = |times: &[&str], message_id: &str| {
        let row = |time: &&str| format!("{time},app@x.com,a@y.com,Delivered,10,{message_id}\n");
        let rows: String = times.iter().map(row).collect();
        totals(&read(&format!("Received,SenderAddress,RecipientAddress,Status,Size,MessageId\n{rows}"))).0
    };
    let [a, b, c] = ["2026-10-01T12:00:00.1Z", "2026-10-01T12:00:00.5Z", "2026-10-01T12:00:00Z"];
    assert_eq!(rows(&[a, b, b, c], ""), 3);
    assert_eq!(rows(&["/Date(1658751973240)/", "/Date(1658751973241)/", "1658751973240"], ""), 2);
    // Another export of the same message may write whole seconds.
    assert_eq!(rows(&[a, c], "<m@app>"), 1);
}

/// Nasty input 7.
#[test]
fn sizes_are_missing_kept_or_refused() {
    let rows: Vec<_> = ["0", "", "-5", "\"1,234 KB\"", "5000000000", "\"22.5 KB (23,040 bytes)\""]
        .iter()
        .zip(1..)
        .map(|(size, number)| get_row(number, "a@example.net", "Delivered", size))
        .collect();
    let sink = read(&format!("{GET}{}", rows.concat()));
    let sizes: Vec<_> = sink.submissions().map(|s| s.message_size).collect();
    assert_eq!(sizes, [None, None, Some(5_000_000_000), Some(23_040)]);
    assert_eq!(
        rejections(&sink),
        [
            "trace:4: '-5' is not a size: expected bytes or a unit, such as '2884' or '1.5 MB'",
            "trace:5: '1,234 KB' is not a size: its sign can mean thousands or a fraction, and it is not known which; \
             write it without the sign",
        ]
    );
}

#[test]
fn the_whole_column_decides_the_decimal_mark_of_sizes() {
    let sizes = |cells: &[&str]| {
        let row = |(cell, number)| get_row(number, "a@example.net", "Delivered", &format!("\"{cell}\""));
        let rows: String = cells.iter().zip(1..).map(row).collect();
        read(&format!("{GET}{rows}")).submissions().map(|s| s.message_size.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&["1,234 KB", "12.5 KB", "1,234,567"]), [1_234_000, 12_500, 1_234_567]);
    assert_eq!(sizes(&["1,234 KB", "12,5 KB"]), [1_234, 12_500]);
    // Bytes are whole, whatever sizes with a unit show.
    assert_eq!(sizes(&["1,234", "22,761", "1.234", "12,5 KB"]), [1_234, 22_761, 1_234, 12_500]);
    // What decides stands far behind the start of the file.
    let mut far = vec!["12 KB"; 2_000];
    far.extend(["1,234 KB", "1.5 KB"]);
    assert_eq!(sizes(&far)[2_000..], [1_234_000, 1_500]);
    // A joined part with the other mark leaves open what only its column could decide.
    let mut joined = vec!["1.5 KB"; 2_000];
    joined.extend(["1.234 KB", "1,5 KB"]);
    assert_eq!(sizes(&joined)[2_000..], [1_500]);
}

/// `--relay-host`: the relay of a trace is the host that handed the mail in.
#[test]
fn relay_hosts_are_those_that_handed_mail_in() {
    let read = |text: &str, host: &str| {
        let options = ReadOptions { relay_hosts: vec![host.parse().unwrap()], ..ReadOptions::default() };
        read_with(&[("trace", text.as_bytes())], &options).unwrap()
    };
    let other = get_row(2, "a@example.net", "Delivered", "20").replace("198.51.100.9", "203.0.113.1");
    let text = format!("{GET}{}{other}", get_row(1, "a@example.net", "Delivered", "10"));
    for host in ["198.51.100.9", "198.51.100.0/24"] {
        let sink = read(&text, host);
        assert_eq!(totals(&sink), (1, 1, 10, 10), "{host}");
        assert_eq!(skipped(&sink), [(Skip::Header, 1), (Skip::OtherRelay, 1)]);
    }
    let header = EXTENDED.replace("client_ip,source", "client_ip,client_hostname,source");
    let row = event("id1", "SMTP", "RECEIVE", "a@y.com", 10, "")
        .replace("10.0.0.1,SMTP", "192.0.2.9,App1.contoso.com,SMTP");
    let proxied = event("id2", "SMTP", "RECEIVE", "a@y.com", 10, "")
        .replace("10.0.0.1,SMTP", "10.0.0.1,proxy.outlook.com,SMTP")
        .replace("from-app", "from-other");
    let text = format!("{header}{row}{proxied}");
    for (host, messages) in [
        ("app1.contoso.com", 1),
        ("*.contoso.com", 1),
        ("from-app", 1),
        ("192.0.2.9", 2),
        ("proxy.outlook.com", 0),
    ] {
        assert_eq!(read(&text, host).submissions().count(), messages, "{host}");
    }
}

/// Nasty input 3: `#TYPE`, `sep=`, titles, doubled quotes around names, joined files with other columns.
#[test]
fn what_exporters_put_around_rows_is_a_header() {
    let text = format!(
        "sep=,\n#TYPE Deserialized.MessageTrace\nMessage trace of October\n{GET}{}{GET}{}\
         #TYPE Selected\n\"\"\"Size\"\"\",\"\"\"status\"\"\",\"\"\"recipient_address\"\"\",\"\"\"sender_address\"\"\",\"\"\"received\"\"\",\
         \"\"\"MessageTraceId\"\"\"\n30,Delivered,c@y.com,app@x.com,2026-10-02T00:00:00Z,third\n",
        get_row(1, "a@example.net", "Delivered", "10"),
        get_row(2, "a@example.net", "Delivered", "20"),
    );
    let sink = read(&text);
    assert_eq!(totals(&sink), (3, 3, 60, 60));
    assert_eq!(skipped(&sink), [(Skip::Header, 7)]);
}

#[test]
fn rows_before_their_header_are_rejected_and_titles_are_not() {
    let row = |id| enhanced_row(id, "a@y.com##Receive, Deliver", ",Originating,");
    let text =
        format!("sep=,\nTrace of,2026-10-01\n{}{}#TYPE x\n{ENHANCED}{}", row("id1"), row("id2"), row("id3"));
    let sink = read(&text);
    assert_eq!(totals(&sink), (1, 1, 700, 700));
    assert_eq!(skipped(&sink), [(Skip::Header, 4)]);
    let reason = "a row before its header: expected the header above all rows";
    assert_eq!(rejections(&sink), [format!("trace:3: {reason}"), format!("trace:4: {reason}")]);
}

/// Nasty input 3 for events: what names no event may be the header of the next file.
#[test]
fn a_repeated_header_of_an_extended_trace_begins_another_order_of_columns() {
    let reversed = |line: &str| {
        let cells: Vec<&str> = line.trim_end().split(',').rev().collect();
        format!("{}\n", cells.join(","))
    };
    let rows = |ids: std::ops::Range<u32>| {
        ids.map(|id| event(&format!("id{id}"), "SMTP", "RECEIVE", "a@y.com", 10, "")).collect::<Vec<_>>()
    };
    let second: String = rows(1..11).iter().map(|row| reversed(row)).collect();
    let text = format!("{EXTENDED}{}{}{second}", rows(0..1).concat(), reversed(EXTENDED));
    let sink = read(&text);
    assert_eq!(totals(&sink), (11, 11, 110, 110));
    assert_eq!(skipped(&sink), [(Skip::Header, 2)]);
    let timeless =
        event("id1", "AGENT", "AGENTINFO", "a@y.com", 10, "").replacen("2026-10-01T12:00:00.0000000Z", "", 1);
    assert_eq!(rejections(&read(&format!("{EXTENDED}{timeless}"))), ["trace:2: the time is missing"]);
}

/// Nasty inputs 2 and 4: newlines and quotes in subjects; semicolons and a culture's dates.
#[test]
fn quoted_newlines_and_semicolons_are_read() {
    let text = "Received;SenderAddress;RecipientAddress;Subject;Status;Size;MessageTraceId\n\
                21.10.2022 17:25:36;app@x.com;a@y.com;\"one\ntwo; \"\"three\"\"\";Delivered;10;m1\n\
                21.10.2022 17:25:37;app@x.com;a@y.com;\u{fffd};Delivered;20;m2\n\
                21.10.2022;app@x.com;a@y.com;open \"quote;Delivered;bad;m3\n";
    let sink = read(text);
    assert_eq!(totals(&sink), (2, 2, 30, 30));
    let lines: Vec<_> = sink.submissions().map(|s| s.line).collect();
    assert_eq!(lines, [2, 4]);
    let expected =
        "trace:5: a text of 3 letters is not a size: expected bytes or a unit, such as '2884' or '1.5 MB'";
    assert_eq!(rejections(&sink), [expected]);
}

#[test]
fn a_quote_that_is_not_closed_costs_one_record_and_is_named() {
    let good = get_row(1, "a@example.net", "Delivered", "10");
    let open = get_row(2, "a@example.net", "Delivered", "10").replace("Hello", "\"Hello");
    let sink = read(&format!("{GET}{good}{open}"));
    assert_eq!(totals(&sink), (1, 1, 10, 10));
    let expected = "trace:3: 4 columns over 2 lines where the header has 10: a quote is probably not closed";
    assert_eq!(rejections(&sink), [expected]);
    let endless = format!("{GET}{good}\"{}", "x\n".repeat(9 << 20));
    let sink = read(&endless);
    assert_eq!(totals(&sink), (1, 1, 10, 10));
    assert_eq!(sink.damages[0].line, 3);
    assert_eq!(
        sink.damages[0].what,
        "the record that begins here is longer than 16 MiB: a quote is probably not closed"
    );
}

fn culture(dates: [&str; 3]) -> String {
    let [received, start, end] = dates;
    format!(
        "Received,SenderAddress,RecipientAddress,Status,Size,MessageTraceId,StartDate,EndDate\n\
         {received},app@x.com,a@y.com,Delivered,10,m1,{start},{end}\n"
    )
}

/// Nasty input 4: an order that nothing decides, decided by a later row, by the window, by another file.
#[test]
fn the_whole_column_decides_the_order_of_dates() {
    let time = |text: &str| only(&read(text)).time.to_string();
    assert_eq!(
        time(&culture(["03/04/2024 5:25 PM", "03/25/2024 1:00 AM", "04/02/2024 1:00 AM"])),
        "2024-03-04T17:25:00Z"
    );
    assert_eq!(
        time(&culture(["03/04/2024 17:25", "02/04/2024 09:00", "04/04/2024 09:00"])),
        "2024-04-03T17:25:00Z"
    );
    let open = culture(["03/04/2024 5:25\u{202f}PM", "", ""]);
    let error = read_with(&[("a.csv", open.as_bytes())], &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.csv: its dates can be read with the day or the month first: '03/04/2024 5:25\u{202f}PM'\n\
         hint: say --date-order day-month or --date-order month-day"
    );
    let options = ReadOptions { date_order: Some(DateOrder::MonthDay), ..ReadOptions::default() };
    let sink = read_with(&[("a.csv", open.as_bytes())], &options).unwrap();
    assert_eq!(only(&sink).time.to_string(), "2024-03-04T17:25:00Z");
    let proof = culture(["25/04/2024 17:25", "", ""]).replace("m1", "m2");
    let both = [("a.csv", open.as_bytes()), ("b.csv", proof.as_bytes())];
    let sink = read_with(&both, &ReadOptions::default()).unwrap();
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2024-04-03T17:25:00Z");
    assert_eq!(sink.warnings, ["a.csv: dates are read as day-month, as in the other files"]);
    let mixed = format!("{proof}03/25/2024 17:25,app@x.com,a@y.com,Delivered,10,m3,,\n");
    let error = read_with(&[("c.csv", mixed.as_bytes())], &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "c.csv: some dates have the day first and some the month: '25/04/2024 17:25', '03/25/2024 17:25'\n\
         hint: say --date-order day-month or --date-order month-day"
    );
}

/// Reads `count` rows of each date, the sizes of which are all `size`.
fn of_dates(dates: &[(&str, u32)]) -> Result<Collected, ReadError> {
    let mut rows = String::new();
    for (part, (date, count)) in (0..).zip(dates) {
        for n in 0..*count {
            rows += &get_row(part * 10_000 + n, "a@example.net", "Delivered", "10")
                .replace("2026-10-01T12:00:00.1234567", &format!("{date} 17:25"));
        }
    }
    read_with(&[("a.csv", format!("{GET}{rows}").as_bytes())], &ReadOptions::default())
}

/// The head of 64 KiB is some 300 rows.
#[test]
fn what_stands_behind_the_head_decides_the_order_of_dates_too() {
    let sink = of_dates(&[("10/10/2026", 600), ("11/10/2026", 50), ("13/10/2026", 1)]).unwrap();
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (651, 0));
    let days: Vec<_> = sink.submissions().map(|s| s.time.to_string()[..10].to_owned()).collect();
    assert_eq!((days[600].as_str(), days[650].as_str()), ("2026-10-11", "2026-10-13"));
    let error = of_dates(&[("10/21/2026", 600), ("03/04/2026", 50), ("23/04/2026", 1)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.csv: some dates have the day first and some the month: '23/04/2026 17:25', '10/21/2026 17:25'\n\
         hint: say --date-order day-month or --date-order month-day"
    );
    let error = of_dates(&[("10/10/2026", 600), ("11/10/2026", 1)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.csv: its dates can be read with the day or the month first: '11/10/2026 17:25'\n\
         hint: say --date-order day-month or --date-order month-day"
    );
    let sink = of_dates(&[("2026-10-10", 600), ("11.10.2026", 50)]).unwrap();
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (650, 0));
}

#[test]
fn the_stated_order_of_dates_holds_for_json_too() {
    let row = reporting(1).replace("/Date(1658751973240)/", "07/08/2022 10:00:00");
    let expected =
        "trace:1: '07/08/2022 10:00:00' can be read with the day or the month first: --date-order decides";
    assert_eq!(rejections(&read(&row)), [expected]);
    let options = ReadOptions { date_order: Some(DateOrder::DayMonth), ..ReadOptions::default() };
    let sink = read_with(&[("trace", row.as_bytes())], &options).unwrap();
    assert_eq!(only(&sink).time.to_string(), "2022-08-07T10:00:00Z");
}

/// Exports without direction: the organisation's own domains tell application mail from what came in.
#[test]
fn own_domains_tell_relay_mail_from_inbound_mail() {
    let csv = "Received,SenderAddress,RecipientAddress,Status,Size,MessageTraceId,FromIP,ToIP\n\
        2026-10-01T00:00:00Z,app@Contoso.com,a@y.example,Delivered,10,m1,192.0.2.1,198.51.100.1\n\
        2026-10-01T00:00:01Z,jo@contoso.com,a@y.example,Delivered,10,m2,,198.51.100.1\n\
        2026-10-01T00:00:02Z,x@other.example,b@contoso.com,Delivered,10,m3,203.0.113.1,\n";
    let options = ReadOptions { own_domains: vec!["contoso.com".to_owned()], ..ReadOptions::default() };
    let sink = read_with(&[("a.csv", csv.as_bytes())], &options).unwrap();
    let traffic: Vec<Traffic> = sink.submissions().map(|submission| submission.traffic).collect();
    assert_eq!(traffic, [Traffic::Relay, Traffic::Mailbox, Traffic::Inbound]);
}

/// Nasty input 5 and times that are none.
#[test]
fn times_that_cannot_be_are_refused() {
    let dates =
        ["yesterday at noon", "2026-02-30T00:00:00Z", "1969-12-31T00:00:00Z", "/Date(1658751973240)/"];
    let rows: String = (1..)
        .zip(dates)
        .map(|(n, date)| {
            get_row(n, "a@example.net", "Delivered", "10").replace("2026-10-01T12:00:00.1234567", date)
        })
        .collect();
    let sink = read(&format!("{GET}{rows}"));
    assert_eq!(only(&sink).time.to_string(), "2022-07-25T12:26:13Z");
    assert_eq!(
        rejections(&sink),
        [
            "trace:2: a text of 15 letters is not a time: expected such as '2026-10-01T12:00:00Z' or '10/21/2026 5:25:36 PM'",
            "trace:3: '2026-02-30T00:00:00Z' is not a time: there is no such day in the order of its column",
            "trace:4: the time 1969-12-31T00:00:00Z is not possible: expected 1970 to 2105",
        ]
    );
}

const ENHANCED: &str = "origin_timestamp_utc,sender_address,Recipient_status,message_subject,total_bytes,message_id,\
                        network_message_id,original_client_ip,directionality,connector_id,delivery_priority\n";

fn enhanced_row(id: &str, statuses: &str, rest: &str) -> String {
    format!("2026-10-01T12:00:00.0000000Z,app@contoso.com,\"{statuses}\",s,700,<m@app>,{id},{rest},Normal\n")
}

/// Nasty input 6: thousands of recipients in one cell, signs inside addresses, repeats in another case.
#[test]
fn recipients_of_an_enhanced_row_are_counted_once_each() {
    let thousand: Vec<_> = (0..1_000).map(|n| format!("u{n}@example.net##Receive, Deliver")).collect();
    let list =
        format!("{};U7@EXAMPLE.NET##Receive, Fail;\"\"a;b\"\"@x.com##Receive, Defer;", thousand.join(";"));
    let sink =
        read(&format!("{ENHANCED}{}", enhanced_row("id1", &list, "192.0.2.1,Originating,Inbound from app")));
    let submission = only(&sink);
    assert_eq!(submission.recipients, Recipients { delivered: 1_000, open: 1, ..Recipients::default() });
    assert_eq!((submission.traffic, submission.records), (Traffic::Relay, 1));
    assert_eq!(sink.names.host_name(submission.relay), "inbound from app");
}

#[test]
fn enhanced_rows_tell_traffic_groups_and_missing_recipients() {
    let text = format!(
        "{ENHANCED}{}{}{}{}{}",
        enhanced_row(
            "id1",
            "all@x.com##Receive, Expand;a@x.com##Receive, Deliver;b@x.com##Receive, Deliver",
            ",Originating,"
        ),
        enhanced_row("id2", "a@x.com##Receive, Resolve;b@x.com##Receive, Deliver", ",Incoming,"),
        enhanced_row("id3", "a@x.com##Receive, Transfer", "192.0.2.1,2,"),
        enhanced_row("id4", "; ", ",1,"),
        enhanced_row("id1", "ALL@x.com##Receive, Expand", ",Originating,"),
    );
    let sink = read(&text);
    let shown: Vec<_> =
        sink.submissions().map(|s| (s.recipients.attempted(), s.recipients_upper, s.traffic)).collect();
    assert_eq!(shown, [(1, 2, Traffic::Mailbox), (1, 1, Traffic::Inbound), (1, 1, Traffic::Relay)]);
    assert_eq!(skipped(&sink), [(Skip::Duplicate, 1), (Skip::Header, 1)]);
    let expected = "trace:5: the recipients are missing: expected 'address##status' in recipient_status";
    assert_eq!(rejections(&sink), [expected]);
}

const EXTENDED: &str = "date_time_utc,client_ip,source,event_id,message_id,network_message_id,recipient_address,total_bytes,\
                        related_recipient_address,sender_address,return_path,directionality,original_client_ip,connector_id\n";

fn event(id: &str, source: &str, event: &str, recipients: &str, size: u32, related: &str) -> String {
    format!(
        "2026-10-01T12:00:00.0000000Z,10.0.0.1,{source},{event},<m@app>,{id},{recipients},{size},{related},\
         App <app@contoso.com>,app@contoso.com,Originating,192.0.2.9,from-app\n"
    )
}

/// A group that is expanded before the next server receives the message for its members.
#[test]
fn a_later_hop_of_an_extended_trace_bills_no_members() {
    let at = |time: &str, row: String| row.replace("12:00:00.0000000", time);
    for (first, hop) in [("10:00:09.3284899", "10:00:11"), ("10:00:09.3284899", "10:00:09.3284900")] {
        let rows = [
            at(first, event("id1", "SMTP", "RECEIVE", "list@x.com", 1_000, "")),
            at(first, event("id1", "ROUTING", "EXPAND", "m1@x.com;m2@x.com", 1_000, "list@x.com")),
            at(hop, event("id1", "SMTP", "RECEIVE", "m1@x.com;m2@x.com", 900, "")),
            at(hop, event("id1", "STOREDRIVER", "DELIVER", "m1@x.com", 900, "")),
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 1, 3], [1, 2, 3, 0]] {
            let text: String = order.iter().map(|&row: &usize| rows[row].as_str()).collect();
            let sink = read(&format!("{EXTENDED}{text}"));
            assert_eq!(totals(&sink), (1, 1, 1_000, 1_000), "{order:?}");
            let expected = [(Skip::Duplicate, 1), (Skip::Event, 1), (Skip::Header, 1), (Skip::Routing, 1)];
            assert_eq!(skipped(&sink), expected, "{order:?}");
        }
    }
}

#[test]
fn an_extended_trace_counts_the_recipients_that_the_acceptance_states() {
    let header = EXTENDED.replace("total_bytes", "total_bytes,recipient_count");
    let row = |id: &str, list: &str, count: &str| {
        event(id, "SMTP", "RECEIVE", list, 1_000, "").replace(",1000,", &format!(",1000,{count},"))
    };
    let sink = read(&format!(
        "{header}{}{}{}{}",
        row("id1", "a@y.com", "3"),
        row("id2", "a@y.com;A@y.com", "2"),
        row("id3", "a@y.com;b@y.com", ""),
        row("id4", "a@y.com", "many"),
    ));
    let counts: Vec<_> = sink.submissions().map(|s| (s.recipients.attempted(), s.recipients_upper)).collect();
    assert_eq!(counts, [(3, 3), (1, 1), (2, 2)]);
    assert_eq!(sink.warnings.len(), 1);
    assert_eq!(rejections(&sink), ["trace:5: a text of 4 letters is not a count: expected a whole number"]);
}

#[test]
fn an_extended_trace_counts_acceptances_and_their_recipients() {
    let rows = [
        event("id1", "SMTP", "HARECEIVE", "list@x.com;a@y.com", 890, ""),
        event("id1", "SMTP", "RECEIVE", "list@x.com;a@y.com", 900, ""),
        event("id1", "ROUTING", "EXPAND", "m1@x.com;m2@x.com", 950, "list@x.com"),
        event("id1", "ROUTING", "TRANSFER", "m1@x.com", 950, ""),
        event("id1", "SMTP", "SEND", "a@y.com", 990, ""),
        event("id1", "STOREDRIVER", "DELIVER", "m1@x.com", 990, ""),
        event("id1", "SMTP", "FAIL", "m2@x.com", 990, ""),
        // Its acceptance was before the export began: only outcomes are known.
        event("id2", "SMTP", "DEFER", "a@y.com;b@y.com", 400, ""),
        event("id2", "SMTP", "SEND", "a@y.com", 410, ""),
        event("id3", "AGENT", "AGENTINFO", "a@y.com", 400, ""),
        event("", "SMTP", "RECEIVE", "", 1, ""),
    ];
    let mut backwards = rows.clone();
    backwards.reverse();
    for rows in [rows, backwards] {
        let sink = read(&format!("{EXTENDED}{}", rows.concat()));
        assert_eq!(totals(&sink), (2, 4, 1_310, 2 * 900 + 2 * 410));
        assert_eq!(sink.accounting.rejected, 1);
        assert_eq!(sink.accounting.used + sink.accounting.skipped[&Skip::Event], 1 + 2 + 5);
        assert_eq!(sink.accounting.skipped[&Skip::Routing], 2);
        let accepted = sink.submissions().find(|s| s.message_size == Some(900)).unwrap();
        assert_eq!(accepted.recipients, Recipients { delivered: 2, ..Recipients::default() });
        assert_eq!((accepted.recipients_upper, accepted.traffic), (2, Traffic::Relay));
        assert_eq!(sink.names.sender_address(accepted.sender), "app@contoso.com");
        assert_eq!(sink.names.client_of(accepted.client).label(), "192.0.2.9");
        let cut = sink.submissions().find(|s| s.message_size == Some(410)).unwrap();
        assert_eq!(cut.recipients, Recipients { delivered: 1, open: 1, ..Recipients::default() });
    }
}

#[test]
fn messages_of_a_mailbox_are_told_from_those_of_a_host() {
    let rows = [
        event("id1", "STOREDRIVER", "RECEIVE", "a@y.com", 10, ""),
        event("id2", "SMTP", "RECEIVE", "a@y.com", 10, "").replace("Originating", "Incoming"),
        event("id3", "SMTP", "RECEIVE", "a@y.com", 10, "").replace("app@contoso.com,Orig", "<>,Orig"),
    ];
    let sink = read(&format!("{EXTENDED}{}", rows.concat()));
    let traffic: Vec<_> = sink.submissions().map(|s| s.traffic).collect();
    assert_eq!(traffic, [Traffic::Mailbox, Traffic::Inbound, Traffic::Relay]);
    let senders: Vec<_> = sink.submissions().map(|s| sink.names.sender_address(s.sender)).collect();
    assert_eq!(senders, ["app@contoso.com", "app@contoso.com", "<>"]);
}

#[test]
fn exports_of_different_shapes_meet_in_one_message() {
    let id = "00000000-0000-4000-8000-000000000001";
    let get = format!("{GET}{}", get_row(1, "a@example.net", "Delivered", "1000"));
    let enhanced = format!(
        "{ENHANCED}{}",
        enhanced_row(id, "a@example.net##Receive, Deliver", "192.0.2.1,Originating,")
    );
    let graph = format!(
        "{{\"id\":\"{id}\",\"receivedDateTime\":\"2026-10-01T12:00:00Z\",\"senderAddress\":\"app@contoso.com\",\
         \"recipientAddress\":\"A@example.net\",\"status\":\"delivered\",\"size\":1000}}"
    );
    let inputs = [("a", get.as_bytes()), ("b", enhanced.as_bytes()), ("c", graph.as_bytes())];
    let sink = read_with(&inputs, &ReadOptions::default()).unwrap();
    let submission = only(&sink);
    assert_eq!((submission.recipients.attempted(), submission.message_size), (1, Some(1_000)));
    assert_eq!(submission.traffic, Traffic::Relay);
    assert_eq!(skipped(&sink), [(Skip::Duplicate, 2), (Skip::Header, 2)]);
}

/// Log collectors and document stores number their own records.
#[test]
fn the_id_of_the_message_beats_that_of_a_record_in_any_order() {
    let of_record = |n: u32| [format!("\"id\":\"r{n}\""), format!("\"_id\":\"s{n}\"")];
    for first in [true, false] {
        let (mut objects, mut rows) = (String::new(), String::new());
        for (n, recipient) in (0..).zip(["a@y.com", "b@y.com"]) {
            let own = reporting(7).replace("a@y.com", recipient);
            let ids = of_record(n).join(",");
            let inner = own.trim_matches(['{', '}']);
            objects += &if first { format!("{{{ids},{inner}}}\n") } else { format!("{{{inner},{ids}}}\n") };
            let row = get_row(7, recipient, "Delivered", "10");
            let row = row.trim_end();
            rows += &if first { format!("r{n},s{n},{row}\n") } else { format!("{row},r{n},s{n}\n") };
        }
        let header = GET.trim_end();
        let header = if first { format!("id,_id,{header}\n") } else { format!("{header},id,_id\n") };
        assert_eq!(totals(&read(&objects)), (1, 2, 10, 20), "{first}");
        assert_eq!(totals(&read(&(header + &rows))), (1, 2, 10, 20), "{first}");
    }
}

fn reporting(id: u32) -> String {
    format!(
        "{{\"MessageTraceId\":\"m{id}\",\"Received\":\"/Date(1658751973240)/\",\"SenderAddress\":\"app@x.com\",\
         \"RecipientAddress\":\"a@y.com\",\"Subject\":\"cut \\ud83d\",\"Size\":10,\"Status\":\"Delivered\",\"FromIP\":null}}"
    )
}

#[test]
fn rows_are_found_in_every_envelope() {
    let (one, two) = (reporting(1), reporting(2));
    let escaped = serde_json::to_string(&one.replace("cut \\ud83d", "cut")).unwrap();
    let list = serde_json::to_string(&format!("[{one},{two}]").replace("cut \\ud83d", "cut")).unwrap();
    let envelopes = [
        format!("{one}{two}"),
        format!("{one}\n{two}\n"),
        format!("[{one},\n{two}]"),
        format!("{{\"value\":[{one},{two}],\"@odata.nextLink\":\"https://example.com\"}}"),
        format!("{{\"odata.metadata\":\"x\",\"value\":[{one},{two}],\"n\":1.5}}"),
        format!("{{\"d\":{{\"results\":[{one},{two}],\"__next\":null}}}}"),
        format!(
            "{{\"@timestamp\":\"x\",\"id\":\"w\",\"message\":{escaped}}}\n{{\"event\":{{\"original\":{two}}}}}"
        ),
        format!("{{\"_raw\":{escaped}}}\n\n\u{1e}{two}"),
        format!("{{\"value\":{list}}}"),
        format!("{{\"message\":\"[info] sent\",{}\n{two}", &one[1..]),
    ];
    for envelope in envelopes {
        assert_eq!(MessageTrace.detect(envelope.as_bytes()), Some(Likelihood::Certain), "{envelope}");
        let sink = read(&envelope);
        assert_eq!(totals(&sink), (2, 2, 20, 20), "{envelope}");
        assert_eq!(sink.accounting.records, 2);
        assert_eq!(rejections(&sink), Vec::<String>::new());
    }
    let empty = read("{\"@odata.context\":\"x#tracing/messageTraces\",\"value\":[]}{\"d\":{\"results\":[]}}");
    assert_eq!((totals(&empty), empty.accounting.records), ((0, 0, 0, 0), 0));
}

/// A line that was cut between key and value, by a full disk or a copied window, as the first and as a later one.
#[test]
fn a_line_of_json_that_breaks_off_costs_only_itself() {
    let (one, two) = (reporting(1), reporting(2));
    let expected = |line| vec![format!("trace:{line}: the JSON ends in the middle of a document")];
    for (end, newline) in [(":", "\n"), (": ", "\r\n"), (":{", "\n"), (":1", "\n"), (":1,", "\n"), ("", "\n")]
    {
        let cut = format!("{{\"MessageTraceId\":\"m9\",\"Size\"{end}");
        let text = [one.as_str(), &cut, &two, &cut].join(newline);
        let sink = read(&text);
        assert_eq!(totals(&sink), (2, 2, 20, 20), "{end}");
        assert_eq!(rejections(&sink), [expected(2), expected(4)].concat(), "{end}");
    }
    for key in ["Size", "message", "x"] {
        let sink = read(&format!("{{\"MessageTraceId\":\"m9\",\"{key}\":\n{one}\n{two}\n"));
        assert_eq!((totals(&sink), rejections(&sink)), ((2, 2, 20, 20), expected(1)), "{key}");
    }
    let pages = format!("{{\"value\":[\n{one},\n{two}\n]}}\n{{\"value\":[\n{one}\n]}}\n");
    let sink = read(&pages);
    assert_eq!((totals(&sink), sink.accounting.rejected), ((2, 2, 20, 20), 0));
}

/// A script that saves the first page only.
#[test]
fn a_page_without_the_next_one_is_named() {
    let page = |id, link: &str| format!("{{\"value\":[{}]{link}}}", reporting(id));
    let next = ",\"@odata.nextLink\":\"https://graph.example/?skip=1\"";
    let warnings = |pages: &[(&str, String)]| {
        let inputs: Vec<_> = pages.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        read_with(&inputs, &ReadOptions::default()).unwrap().warnings
    };
    let expected = "b.json: more pages follow ('@odata.nextLink'), and the last one is in no input: this is not the whole; \
                    fetch the pages up to the one without a link";
    assert_eq!(warnings(&[("a.json", page(1, next)), ("b.json", page(2, next))]), [expected]);
    let none: [&str; 0] = [];
    assert_eq!(warnings(&[("a.json", page(1, next)), ("b.json", page(2, ""))]), none);
    assert_eq!(warnings(&[("a.json", page(2, "")), ("b.json", page(1, next))]), none);
    assert_eq!(warnings(&[("a.json", page(1, ",\"@odata.nextLink\":null"))]), none);
    let old = format!("{{\"d\":{{\"results\":[{}],\"__next\":\"https://x\"}}}}", reporting(1));
    assert_eq!(warnings(&[("b.json", old)]), [expected]);
}

#[test]
fn malformed_json_names_its_line() {
    let (one, two) = (reporting(1), reporting(2));
    let sink = read(&format!("{one}\n{{\"MessageTraceId\":}}\nnull\n{two}\n{{\"Received\":\"x"));
    assert_eq!(totals(&sink), (2, 2, 20, 20));
    assert_eq!(
        rejections(&sink),
        [
            "trace:2: not JSON: a sign that does not belong here",
            "trace:3: not JSON: expected an object or a list",
            "trace:5: the JSON ends in the middle of a document",
        ]
    );
    let sink = read(&format!("{{\"value\":[\n{one},\n{two},\n!\n]}}"));
    assert_eq!(totals(&sink), (2, 2, 20, 20));
    assert_eq!(
        (sink.damages[0].line, sink.damages[0].what.as_str()),
        (4, "not JSON: a sign that does not belong here")
    );
    let sink = read(&format!(
        "[{one}, {{\"x\": 1}}, 7, {{\"RecipientAddress\":\"a@y.com\",\"Received\":null,\"Size\":-1}}]"
    ));
    assert_eq!(
        rejections(&sink),
        [
            "trace:1: an object that is no row of a trace: expected RecipientAddress and Received",
            "trace:1: an empty cell is not a time: expected such as '2026-10-01T12:00:00Z' or '10/21/2026 5:25:36 PM'",
        ]
    );
    let endless = format!("[{one},\n{{\"message\":\"{}", "x".repeat(17 << 20));
    let sink = read(&endless);
    assert_eq!(
        (sink.damages[0].line, sink.damages[0].what.as_str()),
        (2, "the row that begins here is longer than 16 MiB")
    );
    let deep = format!("{one}\n{}", "[".repeat(1_000_000));
    assert_eq!(rejections(&read(&deep)), ["trace:2: not JSON: a sign that does not belong here"]);
}

/// Nasty input 20: an export that ends where the services cut.
#[test]
fn an_export_that_was_cut_is_named() {
    let rows =
        |count: u32| (0..count).map(|n| get_row(n, "a@example.net", "Delivered", "1")).collect::<String>();
    let warning = |rows| {
        format!(
            "trace: exactly {rows} rows: services cut exports there, so later rows are probably missing; export \
             shorter periods"
        )
    };
    assert_eq!(read(&format!("{GET}{}", rows(1_000))).warnings, [warning("1000")]);
    assert_eq!(read(&format!("{GET}{}", rows(999))).warnings, Vec::<String>::new());
    let objects: String = (0..1_000).map(|n| reporting(n) + "\n").collect();
    assert_eq!(read(&objects).warnings, [warning("1000")]);
}

/// Nasty input 16.
#[test]
fn a_header_alone_is_accounted_for_and_gives_nothing() {
    let sink = read(GET);
    assert_eq!((totals(&sink), skipped(&sink)), ((0, 0, 0, 0), vec![(Skip::Header, 1)]));
    let named_by_the_user = read(&"a,b\n".repeat(22));
    assert_eq!(skipped(&named_by_the_user), [(Skip::Header, 20)]);
    assert_eq!(
        rejections(&named_by_the_user)[0],
        "trace:21: a row without a header: expected columns such as Received, SenderAddress, RecipientAddress"
    );
    assert_eq!(read("").accounting.records, 0);
}

/// Nasty input 17.
#[test]
fn unusual_senders_and_clients_are_read() {
    let base = get_row(1, "a@example.net", "Delivered", "10");
    let senders = ["<>", "", "bounce+7=user=example.net@app.example", "root", "\"a b\"@müller.example"];
    let text: String = (0..)
        .zip(senders)
        .map(|(n, sender)| {
            let sender = format!("\"{}\"", sender.replace('"', "\"\""));
            base.replace("app@contoso.com", &sender)
                .replace("000000000001", &format!("{n:012x}"))
                .replace("198.51.100.9", "[2001:db8::1%3]:25")
        })
        .collect();
    let sink = read(&format!("{GET}{text}"));
    let senders: Vec<_> = sink.submissions().map(|s| sink.names.sender_address(s.sender)).collect();
    assert_eq!(senders, ["<>", "<>", "bounce*@app.example", "root@(no domain)", "\"a b\"@müller.example"]);
    assert!(sink.submissions().all(|s| sink.names.client_of(s.client).label() == "2001:db8::1"));
}

#[test]
fn only_traces_are_recognised() {
    for text in [
        "",
        "Date,To,Size\n",
        "{\"a\":1}",
        "time,sender,recipients\n",
        "Oct 1 12:00:00 mx postfix/smtp[1]: x",
        "\0\0",
    ] {
        assert_eq!(MessageTrace.detect(text.as_bytes()), None, "{text}");
    }
    for text in [GET, ENHANCED, EXTENDED] {
        assert_eq!(MessageTrace.detect(text.as_bytes()), Some(Likelihood::Certain));
    }
}

/// The samples that are shipped are read to their last record.
#[test]
fn samples_are_recognised_and_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples");
    let expected: [(&str, Totals); 4] = [
        ("message-trace-enhanced.csv", (4, 7, 126_411, 222_123)),
        ("message-trace-extended.csv", (2, 3, 121_310, 152_620)),
        ("message-trace-get.csv", (4, 5, 129_522, 151_803)),
        ("message-trace-graph.json", (3, 4, 115_240, 146_480)),
    ];
    for (name, expected) in expected {
        let text = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(MessageTrace.detect(&text), Some(Likelihood::Certain), "{name}");
        let sink = read_with(&[(name, &text)], &ReadOptions::default()).unwrap();
        assert_eq!(totals(&sink), expected, "{name}");
        assert_eq!(sink.accounting.rejected, 0, "{name}");
    }
}

/// Real and reconstructed files: messages, recipients, bytes, recipient bytes; records; traffic of the first.
#[test]
fn real_files_give_the_counts_worked_out_by_hand() {
    let folder = std::env::var_os("RELAYMETER_TEST_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let folder = folder.join("logs/exchange-online");
    if !folder.exists() {
        println!("skipped: {} is absent", folder.display());
        return;
    }
    let expected: [(&str, Totals, u64, Traffic); 9] = [
        ("elastic-messagetrace.json", (1, 1, 87_891, 87_891), 1, Traffic::Unknown),
        ("elastic-messagetrace.ndjson", (2, 2, 45_465, 45_465), 2, Traffic::Inbound),
        ("graph-docs-messageTraces.json", (3, 3, 142_590, 142_590), 3, Traffic::Unknown),
        ("reconstructed-enhanced-summary-utf16le-bom.csv", (2, 3, 50_990, 100_780), 3, Traffic::Relay),
        ("reconstructed-extended-utf16le-nobom.csv", (1, 2, 88_000, 176_000), 6, Traffic::Mailbox),
        ("reconstructed-getmessagetrace-exportcsv-de-DE.csv", (1, 1, 22_761, 22_761), 2, Traffic::Mailbox),
        ("reconstructed-getmessagetrace-exportcsv-v1.csv", (1, 1, 22_761, 22_761), 3, Traffic::Mailbox),
        ("sekoia-messagetrace.json", (1, 1, 87_680, 87_680), 1, Traffic::Inbound),
        ("sekoia-messagetrace2.json", (1, 1, 0, 0), 1, Traffic::Mailbox),
    ];
    for (name, expected, records, traffic) in expected {
        let mut text = std::fs::read(folder.join(name)).unwrap();
        if name.contains("utf16le") {
            text = encoding_rs::UTF_16LE.decode(&text).0.into_owned().into_bytes();
        }
        assert_eq!(MessageTrace.detect(&text), Some(Likelihood::Certain), "{name}");
        let sink = read_with(&[(name, &text)], &ReadOptions::default()).unwrap();
        assert_eq!((totals(&sink), sink.accounting.records), (expected, records), "{name}");
        assert_eq!(sink.submissions().next().unwrap().traffic, traffic, "{name}");
        assert_eq!((sink.accounting.rejected, sink.warnings.len()), (0, 0), "{name}");
    }
    let report = std::fs::read(folder.join("derived-smtp-auth-clients-report.csv")).unwrap();
    assert_eq!(MessageTrace.detect(&report), None);
}

#[test]
fn sizes_and_origins_do_not_hang_on_the_order_of_files() {
    let accepted = |time: &str, size| {
        let row = event("id1", "SMTP", "RECEIVE", "a@y.com", size, "").replace("12:00:00.0000000", time);
        format!("{EXTENDED}{row}")
    };
    let row =
        enhanced_row("id1", "a@y.com##Receive, Deliver", "192.0.2.1,Originating,").replace("s,700", "s,900");
    let other = row.replace("app@contoso.com", "web@contoso.com").replace("192.0.2.1", "192.0.2.2");
    let of_row = |row: &str| format!("{ENHANCED}{row}");
    let sets = [
        [accepted("10:00:09", 0), accepted("10:00:20", 500), of_row(&row)],
        [of_row(&row), of_row(&other), of_row(&row)],
    ];
    for set in sets {
        let mut all = std::collections::BTreeSet::new();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let inputs = order.map(|at: usize| ("part", set[at].as_bytes()));
            let sink = read_with(&inputs, &ReadOptions::default()).unwrap();
            all.insert((only(&sink).message_size, format!("{:?}", origins(&sink))));
        }
        assert_eq!(all.len(), 1, "{all:?}");
    }
}

/// A row of a message that may be shared with other rows, which may tell another origin.
fn any_row() -> impl Strategy<Value = String> {
    let statuses =
        prop::sample::select(vec!["Delivered", "Failed", "Pending", "Expanded", "Resolved", "Quarantined"]);
    let origins = (0..3_u32, prop::sample::select(vec!["", "198.51.100.1", "198.51.100.2"]));
    (0..6_u32, 0..5_u32, statuses, 0..2_000_u32, origins).prop_map(
        |(message, recipient, status, size, (sender, client))| {
            get_row(message, &format!("u{recipient}@example.net"), status, &size.to_string())
                .replace(",app@contoso", &format!(",app{sender}@contoso"))
                .replace("198.51.100.9", client)
        },
    )
}

/// An acceptance or a later event of such a message.
fn any_event() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec![("SMTP", "RECEIVE"), ("SMTP", "SEND"), ("ROUTING", "EXPAND")]);
    let connectors = prop::sample::select(vec!["", "from-app", "from-web"]);
    (0..6_u32, 0..4_u32, kinds, 0..3_u32, connectors).prop_map(
        |(message, second, (source, name), size, connector)| {
            let id = format!("00000000-0000-4000-8000-{message:012x}");
            event(&id, source, name, "u1@example.net", size * 500, "all@example.net")
                .replace("12:00:00.0", &format!("12:00:0{second}.0"))
                .replace("192.0.2.9,from-app", &format!("192.0.2.{size},{connector}"))
        },
    )
}

/// Where messages came from, as texts: ids differ with the order of reading.
fn origins(sink: &Collected) -> Vec<(u128, [String; 3], Traffic)> {
    let names = &sink.names;
    let origin = |s: &Submission| {
        let client = names.client_of(s.client).label();
        let texts = [names.sender_address(s.sender).to_owned(), client, names.host_name(s.relay).to_owned()];
        (s.key, texts, s.traffic)
    };
    let mut all: Vec<_> = sink.submissions().map(origin).collect();
    all.sort_by_key(|(key, ..)| *key);
    all
}

/// What must not hang on how rows are spread over files.
type Outcome = (Totals, [u64; 6], Vec<(u128, [String; 3], Traffic)>);

fn of_parts(header: &str, parts: &[Vec<String>]) -> Outcome {
    let texts: Vec<String> = parts.iter().map(|rows| format!("{header}{}", rows.concat())).collect();
    let inputs: Vec<_> = texts.iter().map(|text| ("part", text.as_bytes())).collect();
    of_inputs(&inputs)
}

fn of_inputs(inputs: &[(&str, &[u8])]) -> Outcome {
    let sink = read_with(inputs, &ReadOptions::default()).unwrap();
    let mut outcomes = [0; 6];
    for s in sink.submissions() {
        let r = s.recipients;
        let of_one = [r.delivered, r.open, r.bounced, r.filtered, r.unknown, s.recipients_upper];
        outcomes.iter_mut().zip(of_one).for_each(|(sum, one)| *sum += one);
    }
    (totals(&sink), outcomes, origins(&sink))
}

proptest! {
    #[test]
    fn split_order_and_repetition_change_nothing(rows in prop::collection::vec(any_row(), 0..40), at in 0..40_usize) {
        let whole = of_parts(GET, std::slice::from_ref(&rows));
        let (first, second) = rows.split_at(at.min(rows.len()));
        prop_assert_eq!(&of_parts(GET, &[first.to_vec(), second.to_vec()]), &whole);
        prop_assert_eq!(&of_parts(GET, &[second.to_vec(), first.to_vec()]), &whole);
        let backwards: Vec<String> = rows.iter().rev().cloned().collect();
        prop_assert_eq!(&of_parts(GET, &[backwards]), &whole);
        prop_assert_eq!(&of_parts(GET, &[rows.clone(), second.to_vec(), rows]), &whole);
    }

    #[test]
    fn the_order_of_events_and_of_shapes_changes_nothing(
        (rows, events) in (prop::collection::vec(any_row(), 0..12), prop::collection::vec(any_event(), 0..24)),
    ) {
        let backwards: Vec<String> = events.iter().rev().cloned().collect();
        prop_assert_eq!(of_parts(EXTENDED, std::slice::from_ref(&events)), of_parts(EXTENDED, &[backwards]));
        let (rows, events) = (format!("{GET}{}", rows.concat()), format!("{EXTENDED}{}", events.concat()));
        let (rows, events) = (("rows", rows.as_bytes()), ("events", events.as_bytes()));
        prop_assert_eq!(of_inputs(&[rows, events]), of_inputs(&[events, rows]));
    }

    #[test]
    fn any_bytes_end_in_the_accounting(bytes in prop::collection::vec(any::<u8>(), 0..300), start in 0..5_usize) {
        let starts = [GET, ENHANCED, EXTENDED, "[", "{\"value\":[{\"Received\":"];
        let text = [starts[start].as_bytes(), &bytes].concat();
        MessageTrace.detect(&bytes);
        // Bytes may happen to hold dates whose order is open, which is an answer too.
        let _ = read_with(&[("any", &text)], &ReadOptions::default());
    }
}

/// Nasty input 5: seconds, milliseconds and microseconds in one tool chain.
#[test]
fn epoch_numbers_are_times() {
    let row = |id: u32, time: &str| {
        format!(
            "{{\"id\":\"m{id}\",\"receivedDateTime\":{time},\"senderAddress\":\"app@x.com\",\
             \"recipientAddress\":\"a@y.com\",\"size\":70,\"status\":\"delivered\"}}"
        )
    };
    let times = ["1658751973", "1658751973240", "1658751973240000", "1658751973.24", "\"1658751973240\""];
    let rows: Vec<String> = (1..).zip(times).map(|(id, time)| row(id, time)).collect();
    let sink = read(&format!("{{\"value\":[{}]}}", rows.join(",")));
    let read_times: Vec<String> = sink.submissions().map(|s| s.time.to_string()).collect();
    assert_eq!(read_times, ["2022-07-25T12:26:13Z"; 5]);
    let odd = read(&row(1, "7"));
    let expected =
        "trace:1: '7' is not a time: expected such as '2026-10-01T12:00:00Z' or '10/21/2026 5:25:36 PM'";
    assert_eq!(rejections(&odd), [expected]);
}
