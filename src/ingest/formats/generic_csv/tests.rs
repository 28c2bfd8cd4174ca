//! Tables with and without a mapping: what is counted, and what is refused with which words.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::ingest::DateOrder;
use crate::ingest::collect::Collected;

fn read_with(inputs: &[(&str, &[u8])], options: &ReadOptions) -> Result<Collected, ReadError> {
    let inputs = inputs.iter().map(|(name, text)| Input::from_bytes(name, text)).collect();
    let mut sink = Collected::default();
    GenericCsv.read(inputs, options, &mut sink)?;
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    for submission in sink.submissions() {
        assert!(submission.recipients.attempted() >= submission.messages && submission.messages >= 1);
    }
    Ok(sink)
}

fn read(text: &str) -> Collected {
    read_with(&[("table", text.as_bytes())], &ReadOptions::default()).unwrap()
}

fn error(text: &str) -> String {
    read_with(&[("table", text.as_bytes())], &ReadOptions::default()).unwrap_err().to_string()
}

fn with_mapping(text: &str, mapping: &str) -> Result<Collected, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.yaml");
    std::fs::write(&path, mapping).unwrap();
    let options = ReadOptions { mapping: Some(Mapping::read(&path)?), ..ReadOptions::default() };
    read_with(&[("table", text.as_bytes())], &options)
}

/// Messages, recipients, bytes, recipient bytes.
fn totals(sink: &Collected) -> (u64, u64, u64, u64) {
    sink.submissions().fold((0, 0, 0, 0), |(messages, recipients, bytes, recipient_bytes), s| {
        let (size, attempted) = (s.message_size.unwrap_or(0), s.recipients.attempted());
        (
            messages + s.messages,
            recipients + attempted,
            bytes + size * s.messages,
            recipient_bytes + size * attempted,
        )
    })
}

fn rejections(sink: &Collected) -> Vec<String> {
    sink.accounting.rejections.iter().map(ToString::to_string).collect()
}

#[test]
fn an_array_in_place_of_recipients_is_refused() {
    let rows = |cell: &str| {
        format!(
            "Timestamp,EventId,Source,NetworkMessageId,Sender,Recipients,TotalBytes\n\
             2026-10-01 12:00:00,RECEIVE,SMTP,1,app@contoso.com,{cell},5000\n"
        )
    };
    let sink = read(&rows("System.String[]"));
    assert_eq!(totals(&sink), (0, 0, 0, 0));
    assert!(rejections(&sink)[0].starts_with("table:2: 'System.String[]' stands for a list of recipients"));
    assert_eq!(totals(&read(&rows("jo@example.net;al@example.net"))), (1, 2, 5_000, 10_000));
    // A count of recipients tells what the list does not.
    let counted = rows("System.String[]").replace("TotalBytes\n", "TotalBytes,RecipientCount\n");
    assert_eq!(totals(&read(&counted.replace(",5000", ",5000,3"))), (1, 3, 5_000, 15_000));
}

#[test]
fn hops_in_tables_of_events_are_told() {
    let table = "Timestamp,EventId,Source,Id,Sender,Recipients,TotalBytes\n\
                 2026-10-01 12:00:00,RECEIVE,SMTP,<1@app>,app@contoso.com,jo@example.net,5000\n\
                 2026-10-01 12:00:01,SEND,SMTP,<1@app>,app@contoso.com,jo@example.net,5000\n\
                 2026-10-01 12:00:02,RECEIVE,SMTP,<1@app>,app@contoso.com,jo@example.net,5400\n";
    let read = |id: &str| read(&table.replace(",Id,", &format!(",{id},")));
    let (by_message, by_network) = (read("MessageId"), read("NetworkMessageId"));
    assert_eq!(totals(&by_message).0, 2);
    assert!(by_message.warnings.iter().any(|warning| warning.contains("without a NetworkMessageId")));
    assert_eq!((totals(&by_network).0, by_network.warnings.len()), (1, 0));
}

#[test]
fn usual_columns_are_read_without_a_mapping() {
    let sink = read(
        "Report of October\nTimestamp,From,To,Size,Client IP,Status\n\
         2026-10-01 12:00:00,App <app@x.com>,\"a@y.com; A@Y.com, b@y.com\",12 KB,192.0.2.1,250\n\
         2026-10-01T14:00:00+02:00,<>,c@y.com,0,mail.x.com,Bounced\n\
         1759320000,,c@y.com,,,\n",
    );
    assert_eq!(totals(&sink), (3, 4, 12_000, 24_000));
    assert_eq!(sink.accounting.skipped[&Skip::Header], 2);
    let all: Vec<_> = sink.submissions().collect();
    let outcomes: Vec<_> =
        all.iter().map(|s| [s.recipients.delivered, s.recipients.bounced, s.recipients.unknown]).collect();
    assert_eq!(outcomes, [[2, 0, 0], [0, 1, 0], [0, 0, 1]]);
    let times: Vec<_> = all.iter().map(|s| (s.time.to_string(), s.time_quality)).collect();
    assert_eq!(
        times,
        [
            ("2026-10-01T12:00:00Z".to_owned(), TimeQuality::ZoneAssumed),
            ("2026-10-01T12:00:00Z".to_owned(), TimeQuality::Exact),
            ("2025-10-01T12:00:00Z".to_owned(), TimeQuality::Exact),
        ]
    );
    let senders: Vec<_> = all.iter().map(|s| sink.names.sender_address(s.sender)).collect();
    assert_eq!(senders, ["app@x.com", "<>", "(unknown)"]);
    let clients: Vec<_> = all.iter().map(|s| sink.names.client_of(s.client).label()).collect();
    assert_eq!(clients, ["192.0.2.1", "mail.x.com", "(unknown)"]);
}

#[test]
fn counts_of_messages_and_recipients_are_kept_apart() {
    let sink = read(
        "Date,Sender,Count,Size\n2026-10-01,app@x.com,\"1,500\",2000\n2026-10-02,app@x.com,\"12,000,000\",1000\n\
                     2026-10-03,app@x.com,0,5\n",
    );
    assert_eq!(totals(&sink), (12_001_500, 12_001_500, 12_003_000_000, 12_003_000_000));
    assert_eq!(sink.submissions().next().unwrap().time_quality, TimeQuality::DateOnly);
    assert_eq!(sink.accounting.skipped[&Skip::Event], 1);
    let sink = read("Date,nrcpt,Size\n2026-10-01,5,100\n2026-10-01,0,100\n");
    assert_eq!(totals(&sink), (1, 5, 100, 500));
    assert_eq!(rejections(&sink), ["table:3: 0 recipients for 1 messages: expected at least one each"]);
    let sink = read("Date,Count,recipient_count,Size\n2026-10-01,10,25,100\n");
    assert_eq!(totals(&sink), (10, 25, 1_000, 2_500));
    let sink = read("Date,Count,To,Size,Status\n2026-10-01,10,a@y.com;b@y.com,100,Delivered\n");
    assert_eq!(totals(&sink), (10, 20, 1_000, 2_000));
}

#[test]
fn rows_with_one_id_are_one_message() {
    let text = "Date,To,Size,MessageId\n2026-10-01,a@y.com,100,<1>\n2026-10-01,b@y.com,110,<1>\n2026-10-01,B@y.com,110,<1>\n\
                2026-10-01,a@y.com,5,<2>\n";
    let sink = read(text);
    assert_eq!(totals(&sink), (2, 3, 115, 225));
    assert_eq!(sink.accounting.skipped[&Skip::Duplicate], 1);
    let twice =
        read_with(&[("a", text.as_bytes()), ("b", text.as_bytes())], &ReadOptions::default()).unwrap();
    assert_eq!(totals(&twice), (2, 3, 115, 225));
}

#[test]
fn a_table_given_twice_counts_once() {
    let text = "Date,To,Size\n2026-10-01,a@y.com,100\n2026-10-01,a@y.com,100\n";
    assert_eq!(totals(&read(text)), (2, 2, 200, 200));
    let twice =
        read_with(&[("a", text.as_bytes()), ("b", text.as_bytes())], &ReadOptions::default()).unwrap();
    assert_eq!(totals(&twice), (2, 2, 200, 200));
    assert_eq!(
        twice.warnings,
        ["2 rows without an id are in more than one file and count once; map an id column if they differ"]
    );
}

#[test]
fn events_after_acceptance_are_no_messages() {
    let sink = read(
        "Timestamp,Event_Id,Recipients,total-bytes\n2026-10-01,RECEIVE,a@y.com;b@y.com,100\n2026-10-01,SEND,a@y.com,120\n",
    );
    assert_eq!(totals(&sink), (1, 2, 100, 200));
    assert_eq!(sink.accounting.skipped[&Skip::Event], 1);
}

/// Nasty input 4: what only the user can decide.
#[test]
fn what_is_ambiguous_is_refused_with_a_preview() {
    assert_eq!(
        error("Date,Received,To\n2026-10-01,2026-10-02,a@y.com\nx@y.com,,b@y.com\n"),
        "table: 2 columns can be the time: 'Received' ('2026-10-02', an empty cell) and 'Date' ('2026-10-01', a text of 5 letters)\n\
         hint: say in a mapping file which column is the time: --mapping FILE"
    );
    assert_eq!(
        error("Date,Recipient,To\n2026-10-01,root,390511234567\n2026-10-01,,jdoe\n"),
        "table: 2 columns can be the recipients: 'Recipient' (a text of 4 letters, an empty cell) and 'To' (a text \
         of 12 characters, a text of 4 letters)\n\
         hint: say in a mapping file which column is the recipients: --mapping FILE"
    );
    assert_eq!(
        error("Date,To\n03/04/2024,a@y.com\n05/06/2024 10:00,a@y.com\n"),
        "table: the dates in 'Date' can be read with the day or the month first: '03/04/2024', '05/06/2024 10:00'\n\
         hint: say --date-order day-month or --date-order month-day, or 'date_order:' in a mapping file"
    );
    assert_eq!(
        error("Date,To\n25/04/2024,a@y.com\n05/26/2024,a@y.com\n"),
        "table: some dates in 'Date' have the day first and some the month: '25/04/2024', '05/26/2024'\n\
         hint: say --date-order day-month or --date-order month-day, or 'date_order:' in a mapping file"
    );
    assert_eq!(
        error("Date;To;Size\n2024-10-01;a@y.com;1,234\n2024-10-01;a@y.com;2,345 KB\n2024-10-01;a@y.com;7\n"),
        "table: the numbers in 'Size' can have thousands separators or decimal marks: '1,234', '2,345 KB'\n\
         hint: say 'decimal_mark: \".\"' or 'decimal_mark: \",\"' in a mapping file: --mapping FILE"
    );
    assert_eq!(
        error("a,b\n1,2\n"),
        "table: its columns are not known: expected a time and recipients, a recipient count, or a \
         count with a sender or a size\n\
         hint: name them in a mapping file: --mapping FILE"
    );
    let options = ReadOptions { date_order: Some(DateOrder::MonthDay), ..ReadOptions::default() };
    let sink = read_with(&[("t", b"Date,To\n03/04/2024,a@y.com\n")], &options).unwrap();
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2024-03-04T00:00:00Z");
}

/// Nasty input 4: decided by a value far behind the start.
#[test]
fn the_whole_column_decides() {
    let rows = "03/04/2024,a@y.com,\"1,234 KB\"\n".repeat(10_000);
    let sink = read(&format!("Date,To,Size\n{rows}25/04/2024,a@y.com,\"1,5 KB\"\n"));
    assert_eq!(totals(&sink), (10_001, 10_001, 12_340_000 + 1_500, 12_340_000 + 1_500));
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2024-04-03T00:00:00Z");
}

#[test]
fn a_mapping_names_columns_and_what_the_table_does_not_say() {
    let table = "Export of the gateway\nGesendet|An|Größe|Anzahl\n03/04/2024 10:00|a@y.com|1,234|2\n\n04/04/2024 10:00|b@y.com|10|1\n";
    let mapping = "columns:\n  gesendet: time\n  AN: recipients\n  3: size\n  Anzahl: count\ndate_order: day-month\n\
                   decimal_mark: ','\nsize_unit: kB\nzone: Europe/Rome\n";
    let sink = with_mapping(table, mapping).unwrap();
    assert_eq!(totals(&sink), (3, 3, 2 * 1_234 + 10_000, 2 * 1_234 + 10_000));
    let first = *sink.submissions().next().unwrap();
    assert_eq!(
        (first.time.to_string().as_str(), first.time_quality),
        ("2024-04-03T08:00:00Z", TimeQuality::Exact)
    );
    assert_eq!((first.line, sink.submissions().nth(1).unwrap().line), (3, 5));
    let headless = "2026-10-01;a@y.com;5\n2026-10-01;b@y.com;6\n";
    let sink = with_mapping(headless, "columns: {1: time, 2: recipients, 3: size}\nheader: false\n").unwrap();
    assert_eq!(totals(&sink), (2, 2, 11, 11));
}

#[test]
fn a_table_in_windows_1252_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.yaml");
    std::fs::write(&path, "columns: {Zeit: time, Empfänger: recipients, Größe: size}\n").unwrap();
    let options = ReadOptions { mapping: Some(Mapping::read(&path).unwrap()), ..ReadOptions::default() };
    let table = b"Zeit;Empf\xe4nger;Gr\xf6\xdfe\n1.10.2026 5:25\xa0PM;m\xfcller@x.com;1\xa0234\n\
                  1.10.2026 5:26?PM;m\xfcller@x.com,m\xf6ller@x.com;10\n";
    let sink = read_with(&[("table", table)], &options).unwrap();
    assert_eq!(totals(&sink), (2, 3, 1_244, 1_254));
}

#[test]
fn a_mapping_that_does_not_fit_is_refused() {
    let refused = |table: &str, mapping: &str| {
        let text = with_mapping(table, mapping).unwrap_err().to_string();
        text.split_once("\nhint: see the columns in ").unwrap().0.to_owned()
    };
    assert_eq!(
        refused("A,B\n1,2\n", "columns: {A: time, C: recipients}"),
        "table: it has no column 'C' for the recipients"
    );
    assert_eq!(
        refused("A,B\n1,2\n", "columns: {A: time, 3: recipients}"),
        "table: it has no column '3' for the recipients"
    );
    assert_eq!(
        refused("A,B\n1,2\n", "columns: {A: time, B: sender}"),
        "table: the mapping needs a time and recipients, a recipient_count or a count"
    );
    assert_eq!(
        refused("A,B,b\n1,2,3\n", "columns: {A: time, B: recipients}"),
        "table: 2 columns have the name 'B' of the recipients"
    );
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let sink = read(
        "Date,To,Size\nyesterday,a@y.com,1\n2026-02-30,a@y.com,1\n2026-10-01,,1\n2026-10-01,a@y.com,-1\n2026-10-01,a@y.com\n\
         1960-01-01,a@y.com,1\n#TYPE x\nDate,To,Size\n2026-10-01,a@y.com,1,\n",
    );
    assert_eq!(totals(&sink), (1, 1, 1, 1));
    assert_eq!(sink.accounting.rejected, 6);
    assert_eq!(
        rejections(&sink),
        [
            "table:2: a text of 9 letters is not a time: expected such as '2026-10-01 12:00:00' or '1.10.2026 12:00'",
            "table:3: '2026-02-30' is not a time: there is no such day in the order of its column",
            "table:4: the recipients are missing",
            "table:5: '-1' is not a size: expected bytes or a unit, such as '2884' or '1.5 MB'",
            "table:6: 2 columns where the header has 3: a quote is probably not closed",
        ]
    );
    assert_eq!(sink.accounting.skipped[&Skip::Header], 3);
}

#[test]
fn names_with_commas_are_no_recipients() {
    let sink = read(
        "Date;To;Size\n2026-10-01;Doe, Jo <a@x.com>;100\n\
         2026-10-01;\"Doe, Jo <a@x.com>; Roe, Al <b@x.com>\";100\n2026-10-01;Doe, Jo;100\n",
    );
    assert_eq!(totals(&sink), (2, 3, 200, 300));
    assert_eq!(rejections(&sink), ["table:4: the recipients are missing"]);
}

/// Nasty input 3.
#[test]
fn a_further_header_moves_the_columns() {
    let rows = "2026-10-01,s@c.com,a@x.com;b@x.com;c@x.com,100\n";
    let moved = "Date,To,From,Size\n2026-10-01,a@x.com;b@x.com;c@x.com,s@c.com,100\n";
    let sink = read(&format!("Date,From,To,Size\n{rows}{moved}Date,From,To,Size\n{rows}"));
    assert_eq!(totals(&sink), (3, 9, 300, 900));
    let senders: Vec<_> = sink.submissions().map(|s| sink.names.sender_address(s.sender)).collect();
    assert_eq!(senders, ["s@c.com"; 3]);
    assert_eq!(sink.accounting.skipped[&Skip::Header], 3);
    let sink = read(&format!("Date,From,To,Size\n{rows}To,Received,Size\nd@x.com,2026-10-02,7\n"));
    assert_eq!(totals(&sink), (2, 4, 107, 307));
    let mapping = "columns: {Day: time, 2: sender, Whom: recipients}";
    let sink = with_mapping(
        "Day,Who,Whom\n2026-10-01,s@c.com,a@x.com\nWhom,Day,Who\nb@x.com,2026-10-01,s@c.com\n",
        mapping,
    );
    let sink = sink.unwrap();
    assert_eq!(totals(&sink), (2, 2, 0, 0));
    assert_eq!(sink.names.sender_address(sink.submissions().nth(1).unwrap().sender), "s@c.com");
}

#[test]
fn a_further_header_that_cannot_be_followed_ends_the_reading() {
    let rows = "Date,From,To\n2026-10-01,s@c.com,a@x.com\n";
    let damage = |sink: Collected| {
        assert_eq!(totals(&sink).0, 1);
        (sink.damages[0].line, sink.damages[0].what.clone())
    };
    assert_eq!(
        damage(read(&format!("{rows}Date,Received,To\n2026-10-01,2026-10-02,a@x.com\n"))),
        (3, "another header begins here, and 2 columns can be the time".to_owned())
    );
    let mapped = with_mapping(
        &format!("{rows}Date,From\n2026-10-01,s@c.com\n"),
        "columns: {Date: time, To: recipients}",
    );
    assert_eq!(
        damage(mapped.unwrap()),
        (3, "another header begins here, and it has no column 'To' for the recipients".to_owned())
    );
}

#[test]
fn rows_that_begin_like_a_comment_are_rows() {
    let sink = read(
        "From,Date,To,Size\n#app@x.com,2026-10-01,a@y.com,1\nsep=app@x.com,2026-10-01,a@y.com,1\n\
         #app@x.com,2026-10-01,,1\n#app@x.com,2026-10-01,a@y.com,x\nsep=,\n# end\n",
    );
    assert_eq!(totals(&sink), (2, 2, 2, 2));
    assert_eq!((sink.accounting.rejected, sink.accounting.skipped[&Skip::Header]), (2, 3));
    let sink = with_mapping("#;Zeit;An\n1;2026-10-01;a@y.com\n", "columns: {Zeit: time, An: recipients}");
    assert_eq!(totals(&sink.unwrap()), (1, 1, 0, 0));
}

#[test]
fn rows_before_the_header_are_shown() {
    let sink = read("Report,2026,x\n2026-10-01,a@y.com,1\nDate,To,Size\n2026-10-01,a@y.com,1\n");
    assert_eq!(totals(&sink), (1, 1, 1, 1));
    assert_eq!(rejections(&sink), ["table:2: it stands before the header"]);
    let sink = with_mapping("2026-10-01;a@y.com\n2026-10-01;b@y.com\n", "columns: {1: time, 2: recipients}");
    assert_eq!(
        rejections(&sink.unwrap()),
        [
            "table:1: it stands where the header is expected: say 'header: false' in the mapping file if there is none"
        ]
    );
}

/// Facts 2.4: applications reuse a Message-ID.
#[test]
fn a_message_id_is_a_key_only_with_sender_and_time() {
    let rows = "2026-10-01 08:00:00,a@x.com,c@y.com,10,<app>\n2026-10-02 08:00:00,a@x.com,c@y.com,10,<app>\n\
                2026-10-02 08:00:32,a@x.com,c@y.com,10,<app>\n2026-10-02 08:00:00,b@x.com,c@y.com,10,<app>\n\
                2026-10-01 08:00:00,a@x.com,d@y.com,10,<app>\n2026-10-01 08:00:00,A@x.com,c@y.com,10,<app>\n";
    assert_eq!(totals(&read(&format!("Date,From,To,Size,Message-ID\n{rows}"))), (4, 5, 40, 50));
    let unique = read(&format!("Date,From,To,Size,network_message_id\n{rows}"));
    assert_eq!(totals(&unique), (1, 2, 10, 20));
    let counted = "2026-10-01,a@x.com,5,<app>\n2026-10-02,a@x.com,5,<app>\n2026-10-02,a@x.com,5,<app>\n";
    assert_eq!(totals(&read(&format!("Date,From,Count,Message-ID\n{counted}"))), (10, 10, 0, 0));
}

fn with_relay(text: &str, hosts: &[&str]) -> Result<Collected, ReadError> {
    let relay_hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    read_with(&[("table", text.as_bytes())], &ReadOptions { relay_hosts, ..ReadOptions::default() })
}

#[test]
fn relay_hosts_choose_by_the_column_of_the_next_host() {
    for (id, header) in [("", ""), (",<1>", ",MessageId")] {
        let row = |to: &str, relay: &str| format!("2026-10-01,{to}@y.com,10,{relay}{id}\n");
        let table = [
            format!("Date,To,Size,Relay{header}\n"),
            row("a", "SMTP.Office365.com."),
            row("b", "mx.example.net[192.0.2.7]:25").replace("<1>", "<2>"),
            row("c", "local").replace("<1>", "<3>"),
            row("d", "").replace("<1>", "<4>"),
        ];
        let sink = with_relay(&table.concat(), &["smtp.office365.com", "192.0.2.0/24"]).unwrap();
        assert_eq!(totals(&sink), (2, 2, 20, 20), "{header}");
        assert_eq!(sink.accounting.skipped[&Skip::OtherRelay], 2);
        assert_eq!(sink.accounting.skipped_messages[&Skip::OtherRelay], 2);
    }
    let without = with_relay("Date,To\n2026-10-01,a@y.com\n", &["smtp.office365.com"]);
    assert_eq!(
        without.unwrap_err().to_string(),
        "table: --relay-host or 'relay_hosts:' cannot choose its rows: it has no column of the next host or connector\n\
         hint: name the column in a mapping file as 'relay', or read the table without relay hosts"
    );
}

#[test]
fn dates_and_numbers_beyond_the_start_decide_too() {
    let head = "10/10/2026,a@y.com,5\n".repeat(4_000);
    let later = "11/10/2026,a@y.com,5\n".repeat(50);
    let sink = read(&format!("Date,To,Size\n{head}{later}13/10/2026,a@y.com,5\n"));
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (4_051, 0));
    assert_eq!(sink.submissions().nth(4_000).unwrap().time.to_string(), "2026-10-11T00:00:00Z");
    assert_eq!(
        error(&format!("Date,To,Size\n13/10/2026,a@y.com,5\n{head}10/13/2026,a@y.com,5\n"))
            .lines()
            .next()
            .unwrap(),
        "table: some dates in 'Date' have the day first and some the month: '13/10/2026', '10/13/2026'"
    );
    // Where the start has only dates that need no order, others are refused one by one.
    let head = "2026-10-10,a@y.com,5\n".repeat(4_000);
    let sink = read(&format!("Date,To,Size\n{head}13/10/2026,a@y.com,5\n2026-10-10,a@y.com,\"1,234\"\n"));
    assert_eq!(totals(&sink).0, 4_000);
    assert_eq!(
        rejections(&sink),
        [
            "table:4002: '13/10/2026' is not a time: day or month can stand first, and the start of its column does \
             not show which; say --date-order",
            "table:4003: '1,234' is not a size: its sign can mean thousands or a fraction, and it is not known which; \
             write it without the sign",
        ]
    );
}

#[test]
fn a_count_alone_is_no_mail() {
    for header in [
        "Date,Count",
        "Date,Connector name,Direction,TLS,Count",
        "Date,Sender address,TLS 1.2 %,Messages sent,Count",
    ] {
        let table = format!("{header}\n2026-03-23,500000,1,1,1\n");
        assert_eq!(GenericCsv.detect(table.as_bytes()), None, "{header}");
        assert!(error(&table).starts_with("table: its columns are not known"), "{header}");
    }
    let sink = with_mapping("Date,Count\n2026-03-23,5\n", "columns: {Date: time, Count: count}").unwrap();
    assert_eq!(totals(&sink), (5, 5, 0, 0));
}

#[test]
fn a_column_number_beyond_the_row_is_named() {
    let mapping = "columns: {1: time, 2: recipients, 4: size}\nheader: false\n";
    let error =
        with_mapping("2026-10-01;a@y.com;5\n2026-10-01;b@y.com;6\n", mapping).unwrap_err().to_string();
    assert!(error.starts_with("table: it has no column '4' for the size\n"), "{error}");
    let sink = with_mapping("2026-10-01;a@y.com;x;5\n2026-10-01;b@y.com;6\n", mapping).unwrap();
    assert_eq!(rejections(&sink), ["table:2: 3 columns where the mapping names column 4"]);
}

/// Nasty input 16.
#[test]
fn a_header_alone_gives_nothing() {
    let sink = read("Date,To,Size\n");
    assert_eq!((totals(&sink), sink.accounting.records), ((0, 0, 0, 0), 1));
}

#[test]
fn only_tables_with_time_and_recipients_are_a_fallback() {
    for text in ["Date,To\n", "sep=;\nTime;Count;Size\n", "Received\tnrcpt\n2026-10-01\t3\n"] {
        assert_eq!(GenericCsv.detect(text.as_bytes()), Some(Likelihood::Fallback), "{text}");
    }
    for text in [
        "",
        "Date,Sender\n",
        "Time;Count\n",
        "To,Size\n",
        "Sender address,Domain,Messages sent\n",
        "Oct 1 12:00:00 mx postfix[1]: to=<a>\n",
    ] {
        assert_eq!(GenericCsv.detect(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn the_sample_is_read_with_and_without_its_mapping() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples");
    let text = std::fs::read(folder.join("generic-csv.csv")).unwrap();
    assert_eq!(GenericCsv.detect(&text), Some(Likelihood::Fallback));
    let mapping = Mapping::read(&folder.join("generic-csv.mapping.yaml")).ok();
    for (options, first) in [
        (ReadOptions::default(), "2026-09-28T08:00:05Z"),
        (ReadOptions { mapping, ..ReadOptions::default() }, "2026-09-28T06:00:05Z"),
    ] {
        let sink = read_with(&[("generic-csv.csv", &text)], &options).unwrap();
        assert_eq!(totals(&sink), (4, 5, 1_071_800, 2_120_300));
        assert_eq!((sink.accounting.records, sink.accounting.rejected), (6, 0));
        assert_eq!(sink.submissions().next().unwrap().time.to_string(), first);
    }
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    let row = (0..6_u32, 0..5_u32, 0..2_000_u32);
    let row = row.prop_map(|(id, to, size)| format!("2026-10-01,u{to}@y.com,{size},<{id}>\n"));
    prop::collection::vec(row, 0..40)
}

fn of_parts(parts: &[&[String]]) -> (u64, u64, u64, u64) {
    let texts: Vec<String> =
        parts.iter().map(|rows| format!("Date,To,Size,MessageId\n{}", rows.concat())).collect();
    let inputs: Vec<_> = texts.iter().map(|text| ("part", text.as_bytes())).collect();
    totals(&read_with(&inputs, &ReadOptions::default()).unwrap())
}

proptest! {
    #[test]
    fn split_order_and_repetition_change_nothing(rows in rows(), at in 0..40_usize) {
        let whole = of_parts(&[&rows]);
        let (first, second) = rows.split_at(at.min(rows.len()));
        prop_assert_eq!(of_parts(&[first, second]), whole);
        prop_assert_eq!(of_parts(&[second, first]), whole);
        prop_assert_eq!(of_parts(&[&rows, second, &rows]), whole);
    }

    #[test]
    fn any_bytes_end_in_the_accounting(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        GenericCsv.detect(&bytes);
        let text = [b"Date;To;Size;Count\n2026-10-01;a@y.com;5;1\n".as_slice(), &bytes].concat();
        // Bytes may happen to make a column ambiguous, which is an answer too.
        let _ = read_with(&[("any", &text)], &ReadOptions::default());
    }
}
