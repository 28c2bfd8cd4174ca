//! Logs in every shape: counts worked out by hand, missing halves, and properties that hold for any rows.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::ingest::collect::Collected;
use crate::ingest::formats::FORMATS;
use crate::ingest::{DateOrder, Record};
use crate::period::Zone;
use crate::pricing::Metered;
use crate::usage::{ControlTotal, Recipients, SizeQuality, Skip, Submission, TimeQuality, Traffic};

fn read_with(inputs: &[(&str, &[u8])], options: &ReadOptions) -> Result<Collected, ReadError> {
    let inputs = inputs.iter().map(|(name, text)| Input::from_bytes(name, text)).collect();
    let mut sink = Collected::default();
    AcsDiagnostics.read(inputs, options, &mut sink)?;
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    for submission in sink.submissions() {
        assert!(submission.recipients.attempted() >= 1 && submission.records >= 1);
        assert_eq!(submission.traffic, Traffic::Relay);
    }
    Ok(sink)
}

fn read(text: &str) -> Collected {
    assert_eq!(AcsDiagnostics.detect(text.as_bytes()), Some(Likelihood::Certain), "{text}");
    read_with(&[("log", text.as_bytes())], &ReadOptions::default()).unwrap()
}

fn only(sink: &Collected) -> Submission {
    let all: Vec<_> = sink.submissions().copied().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]
}

fn controls(sink: &Collected) -> Vec<&ControlTotal> {
    let mut totals = Vec::new();
    for record in &sink.records {
        if let Record::ControlTotal(total) = record {
            totals.push(total);
        }
    }
    totals
}

fn skipped(sink: &Collected) -> Vec<(Skip, u64)> {
    sink.accounting.skipped.iter().map(|(reason, count)| (*reason, *count)).collect()
}

fn rejections(sink: &Collected) -> Vec<String> {
    sink.accounting.rejections.iter().map(ToString::to_string).collect()
}

/// Messages, recipients by outcome, bytes.
fn totals(sink: &Collected) -> (u64, Recipients, u64) {
    sink.submissions().fold((0, Recipients::default(), 0), |(messages, all, bytes), submission| {
        let one = submission.recipients;
        let all = Recipients {
            delivered: all.delivered + one.delivered,
            open: all.open + one.open,
            bounced: all.bounced + one.bounced,
            filtered: all.filtered + one.filtered,
            unknown: all.unknown + one.unknown,
        };
        (messages + 1, all, bytes + submission.message_size.unwrap_or(0))
    })
}

fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

const RESOURCE: &str =
    "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.COMMUNICATION/COMMUNICATIONSERVICES/MAIL";

fn envelope(second: u32, category: &str, number: u32, properties: &str) -> String {
    format!(
        "{{\"time\":\"2026-10-01T12:00:{second:02}.5000000Z\",\"resourceId\":\"{RESOURCE}\",\"category\":\"{category}\",\
         \"operationName\":\"x\",\"correlationId\":\"{}\",\"properties\":{properties}}}\n",
        id(number)
    )
}

fn send(number: u32, size: &str, recipients: u32) -> String {
    let properties = format!(
        "{{\"Size\":{size},\"ToRecipientsCount\":{recipients},\"CcRecipientsCount\":1,\"BccRecipientsCount\":0,\
         \"UniqueRecipientsCount\":{recipients},\"TrafficSource\":\"SMTP\"}}"
    );
    envelope(0, "EmailSendMailOperational", number, &properties)
}

fn status(second: u32, number: u32, recipient: &str, word: &str) -> String {
    let properties = format!(
        "{{\"RecipientId\":\"{recipient}\",\"DeliveryStatus\":\"{word}\",\"SenderDomain\":\"contoso.com\",\
         \"SenderUsername\":\"app\",\"IsHardBounce\":\"False\"}}"
    );
    envelope(second, "EmailStatusUpdateOperational", number, &properties)
}

#[test]
fn a_send_row_and_its_status_rows_are_one_message() {
    let rows = [
        status(3, 1, "a@example.net", "Delivered"),
        status(1, 1, "a@example.net", "OutForDelivery"),
        status(1, 1, "", "OutForDelivery"),
        send(1, "0.0260190", 3),
        status(4, 1, "B@example.net", "Suppressed"),
    ];
    let sink = read(&rows.concat());
    let message = only(&sink);
    assert_eq!(
        message.recipients,
        Recipients { delivered: 1, filtered: 1, unknown: 1, ..Recipients::default() }
    );
    let SizeQuality::Stated { megabytes } = message.size_quality else { panic!("{message:?}") };
    assert_eq!((megabytes.to_string().as_str(), message.message_size), ("0.0260190", Some(26_019)));
    assert_eq!((message.line, message.records), (4, 3));
    assert_eq!(
        (message.time.to_string().as_str(), message.time_quality),
        ("2026-10-01T12:00:00Z", TimeQuality::Exact)
    );
    assert_eq!(sink.names.sender_address(message.sender), "app@contoso.com");
    assert_eq!(sink.names.host_name(message.relay), "mail");
    assert_eq!(sink.names.client_of(message.client).label(), "smtp");
    assert_eq!(skipped(&sink), [(Skip::Event, 2)]);
    assert!(sink.warnings.is_empty(), "{:?}", sink.warnings);
}

#[test]
fn what_is_final_beats_what_is_under_way_and_the_later_of_two_final_words_stands() {
    let of = |rows: &[(u32, &str)]| {
        let rows = rows.iter().map(|(second, word)| status(*second, 1, "a@example.net", word));
        only(&read(&(rows.collect::<String>() + &send(1, "1", 1)))).recipients
    };
    let one = Recipients::default();
    let words = [(5, "Delivered"), (9, "OutForDelivery")];
    assert_eq!(of(&words), Recipients { delivered: 1, ..one });
    for words in [[(5, "Delivered"), (9, "Bounced")], [(9, "Bounced"), (5, "Delivered")]] {
        assert_eq!(of(&words), Recipients { bounced: 1, ..one });
    }
    for words in [[(5, "Delivered"), (5, "Failed")], [(5, "Failed"), (5, "Delivered")]] {
        assert_eq!(of(&words), Recipients { delivered: 1, ..one });
    }
}

#[test]
fn a_word_that_is_not_known_is_named() {
    let sink = read(&(send(1, "1", 1) + &status(1, 1, "a@example.net", "Teleported")));
    assert_eq!(only(&sink).recipients.unknown, 1);
    assert_eq!(
        sink.warnings,
        [
            "rows with a delivery status that is not known: 1 ('Teleported'); what became of their recipients counts as \
          unknown"
        ]
    );
}

#[test]
fn missing_halves_are_counted_and_told() {
    let rows = [
        send(1, "0.5", 2),
        status(1, 2, "a@example.net", "Delivered"),
        status(2, 2, "b@example.net", "Bounced"),
        status(2, 3, "", "OutForDelivery"),
    ];
    let sink = read(&rows.concat());
    let expected = Recipients { delivered: 1, bounced: 1, unknown: 2, ..Recipients::default() };
    assert_eq!(totals(&sink), (2, expected, 500_000));
    let statuses = sink.submissions().nth(1).unwrap();
    assert_eq!((statuses.message_size, statuses.size_quality), (None, SizeQuality::Missing));
    assert_eq!(sink.names.sender_address(sink.submissions().next().unwrap().sender), "(unknown)");
    assert_eq!(sink.accounting.skipped_messages[&Skip::NoRecipient], 1);
    assert_eq!(
        sink.warnings,
        [
            "messages with status rows and no send row: 2 of 3: the recipients that their rows name count, their \
             sizes are missing; read EmailSendMailOperational of the same time too",
            "messages with a send row and no status rows: 1 of 3: their sender and what became of their recipients \
             are unknown; read EmailStatusUpdateOperational of the same time too",
        ]
    );
}

#[test]
fn a_row_on_the_whole_message_is_used_where_only_it_names_the_sender() {
    let sink =
        read(&(status(1, 1, "", "OutForDelivery") + &send(1, "1", 2) + &status(1, 1, "", "Delivered")));
    assert_eq!((only(&sink).records, skipped(&sink)), (2, vec![(Skip::Event, 1)]));
    assert_eq!(sink.names.sender_address(only(&sink).sender), "app@contoso.com");
}

#[test]
fn the_end_of_a_whole_message_is_that_of_recipients_without_their_own() {
    let recipients = |rows: &[String]| only(&read(&rows.concat())).recipients;
    let dropped = [send(1, "0.1", 3), status(1, 1, "", "Queued"), status(2, 1, "", "Dropped")];
    assert_eq!(recipients(&dropped), Recipients { filtered: 3, ..Recipients::default() });
    let failed = [status(2, 1, "", "Failed"), status(3, 1, "jo@example.net", "Delivered"), send(1, "0.1", 3)];
    assert_eq!(recipients(&failed), Recipients { delivered: 1, bounced: 2, ..Recipients::default() });
    // What is under way says nothing of a recipient.
    let open = [send(1, "0.1", 3), status(1, 1, "", "OutForDelivery")];
    assert_eq!(recipients(&open), Recipients { unknown: 3, ..Recipients::default() });
}

#[test]
fn without_unique_recipients_the_lines_are_added() {
    let properties = "{\"Size\":\"0.5\",\"ToRecipientsCount\":\"2\",\"CcRecipientsCount\":1.0,\"BccRecipientsCount\":null}";
    let sink = read(&envelope(0, "EmailSendMailOperational", 1, properties));
    assert_eq!(only(&sink).recipients.attempted(), 3);
}

#[test]
fn properties_may_be_nested_flat_or_a_text() {
    let nested = send(1, "0.5", 2);
    let (head, tail) = nested.split_once("\"properties\":").unwrap();
    let properties = tail.trim_end().strip_suffix('}').unwrap();
    let flat = format!("{head}{}\n", properties.strip_prefix('{').unwrap());
    let text = format!("{head}\"properties\":{}}}\n", serde_json::to_string(properties).unwrap());
    let hub = format!("{{\"records\":[{nested},{flat}]}}\n[{{\"records\":[{text}]}}]");
    let wrapped = format!(
        "{{\"@timestamp\":\"x\",\"type\":\"azure\",\"event\":{{\"original\":{}}}}}\n",
        serde_json::to_string(&nested).unwrap()
    );
    for (shape, rows) in [(&nested, 1), (&flat, 1), (&text, 1), (&hub, 3), (&wrapped, 1)] {
        let sink = read(shape);
        assert_eq!(
            (only(&sink).recipients.attempted(), only(&sink).message_size),
            (2, Some(500_000)),
            "{shape}"
        );
        assert_eq!((sink.accounting.records, sink.accounting.rejected), (rows, 0), "{shape}");
    }
    let broken = envelope(0, "EmailSendMailOperational", 1, "\"{\\\"Size\\\":0.5,\"");
    let reason = "log:1: the properties are a text that is no JSON";
    assert_eq!(rejections(&read(&broken)), [reason]);
}

const TABLES: &str = "{\"tables\":[{\"name\":\"PrimaryResult\",\"columns\":[{\"name\":\"TimeGenerated\",\"type\":\"datetime\"},\
                      {\"name\":\"CorrelationId\",\"type\":\"string\"},{\"name\":\"Extra\",\"type\":\"dynamic\"},\
                      {\"name\":\"Size\",\"type\":\"real\"},{\"name\":\"UniqueRecipientsCount\",\"type\":\"int\"}],\"rows\":[";

#[test]
fn results_of_queries_are_read_row_by_row() {
    let rows = format!("[\"2026-10-01T12:00:00Z\",\"{}\",{{\"a\":[1.5]}},2.6E-05,3],\n[\"x\",null]", id(1));
    let sink = read(&format!("{TABLES}{rows}]}}]}}"));
    assert_eq!((only(&sink).recipients.unknown, only(&sink).message_size), (3, Some(26)));
    assert_eq!(
        rejections(&sink),
        [
            "log:2: no row of a log of Communication Services: expected a category such as EmailSendMailOperational"
        ]
    );
    assert!(sink.damages.is_empty());
}

#[test]
fn a_partial_result_is_damage() {
    let row = format!("[\"2026-10-01T12:00:00Z\",\"{}\",null,0.5,1]", id(1));
    let error =
        "{\"code\":\"PartialError\",\"message\":\"There were some errors when processing your query.\"}";
    for text in [
        format!("{TABLES}{row}]}}],\"error\":{error}}}"),
        format!("{{\"error\":{error},{}{row}]}}]}}", &TABLES[1..]),
    ] {
        let sink = read(&text);
        assert_eq!(only(&sink).recipients.unknown, 1);
        assert_eq!(
            sink.damages[0].what,
            "the result of the query is partial (PartialError): rows are missing; run the query again"
        );
    }
    let sink = read(&format!("{TABLES}{row}]}}],\"error\":null}}"));
    assert!(sink.damages.is_empty());
    // One of several queries of a batch failed.
    let failed = format!("{{\"id\":\"2\",\"status\":400,\"body\":{{\"error\":{error}}}}}");
    let sink = read(&format!("{{\"responses\":[{failed},{{\"body\":{TABLES}{row}]}}]}}}}]}}"));
    assert_eq!((totals(&sink).0, sink.damages.len(), sink.accounting.rejected), (1, 1, 0));
    // A log collector has errors of its own.
    let wrapped = serde_json::to_string(&send(1, "1", 1)).unwrap();
    let sink = read(&format!("{{\"error\":{{\"message\":\"no field\"}},\"message\":{wrapped}}}"));
    assert_eq!((totals(&sink).0, sink.damages.len()), (1, 0));
}

#[test]
fn rows_before_their_columns_are_rejected() {
    let text = format!(
        "{{\"tables\":[{{\"rows\":[[\"{}\",1]],\"columns\":[{{\"name\":\"UniqueRecipientsCount\"}},\
                        {{\"name\":\"CorrelationId\"}}]}}]}}",
        id(1)
    );
    assert_eq!(rejections(&read(&text)), ["log:1: a row of a table whose columns are not named before it"]);
}

#[test]
fn other_services_and_engagement_are_skipped_by_name() {
    let rows = [
        envelope(0, "ChatOperational", 7, "{\"UserId\":\"x\"}"),
        envelope(0, "EmailUserEngagementOperational", 1, "{\"EngagementType\":\"View\"}"),
        envelope(0, "CallSummary", 8, "{}"),
        "{\"count\":2,\"time\":\"2026-10-01T12:00:00Z\",\"metricName\":\"ApiRequests\"}\n".to_owned(),
    ];
    let text = rows.concat();
    let sink = read(&text);
    assert_eq!(skipped(&sink), [(Skip::Event, 1), (Skip::NotUsage, 1), (Skip::OtherService, 2)]);
    let claims = FORMATS.iter().filter(|format| format.detect(text.as_bytes()) == Some(Likelihood::Certain));
    assert_eq!(claims.count(), 1);
}

#[test]
fn usage_records_of_email_are_control_totals() {
    let record = |number: u32, usage: &str, unit: &str, quantity: &str| {
        let properties = format!(
            "{{\"RecordId\":\"{number}\",\"UsageType\":\"{usage}\",\"UnitType\":\"{unit}\",\"Quantity\":{quantity},\
             \"StartTime\":\"2026-09-30T23:00:00Z\"}}"
        );
        envelope(0, "Usage", 99, &properties)
    };
    let rows = [
        record(1, "Email", "messages", "12"),
        record(2, "EMAIL data", "Megabytes", "0.25"),
        record(2, "EMAIL data", "Megabytes", "0.25"),
        record(3, "email", "parsecs", "1"),
        record(4, "PSTN", "minutes", "5"),
        record(5, "Email", "messages", "\"?\""),
    ];
    let sink = read(&rows.concat());
    let found: Vec<_> = controls(&sink)
        .into_iter()
        .map(|total| {
            (total.what.as_str(), total.metered, total.quantity.to_string(), total.date.unwrap().to_string())
        })
        .collect();
    let day = || "2026-09-30".to_owned();
    assert_eq!(
        found,
        [
            ("Email, messages", Some(Metered::Recipients), "12".to_owned(), day()),
            ("EMAIL data, Megabytes", Some(Metered::Megabytes), "0.25".to_owned(), day()),
            ("email, parsecs", None, "1".to_owned(), day()),
        ]
    );
    assert_eq!(skipped(&sink), [(Skip::Duplicate, 1), (Skip::NotUsage, 3), (Skip::OtherService, 1)]);
    assert_eq!(sink.accounting.rejected, 1);
    assert!(sink.warnings[0].contains("1 ('parsecs')"), "{:?}", sink.warnings);
}

#[test]
fn rows_that_say_too_little_are_rejected_with_what_was_expected() {
    for (text, reason) in [
        (
            "{\"OperationCategory\":\"EmailSendMailOperational\",\"Size\":0.1,\"UniqueRecipientsCount\":1}"
                .to_owned(),
            "the time and the CorrelationId are missing: these are the properties of a log row without the envelope \
             around them (time, resourceId, category, correlationId)",
        ),
        (
            envelope(0, "EmailSendMailOperational", 1, "{\"Size\":0.1}"),
            "the number of recipients is missing: expected UniqueRecipientsCount",
        ),
        (send(1, "26019", 1), "'26019' is not a size: expected megabytes, at most 1000"),
        (
            send(1, "\"jo@example.net\"", 1),
            "a text of 12 letters is not a size: expected megabytes, such as '0.026019'",
        ),
        (
            send(1, "1", 1).replace("2026-10-01T12", "2026-10-41T12"),
            "'2026-10-41T12:00:00.5000000Z' is not a time: expected such as '2026-10-01T12:00:00Z' or '10/21/2026, \
             5:25:36 PM'",
        ),
        (
            send(1, "1", 1).replace("2026-10-01T12", "1926-10-01T12"),
            "the time 1926-10-01T12:00:00Z is not possible: expected 1970 to 2105",
        ),
    ] {
        assert_eq!(rejections(&read(&text)), [format!("log:1: {reason}")]);
    }
}

#[test]
fn a_send_row_of_no_recipient_counts_nothing() {
    let sink = read(&send(1, "1", 0));
    assert_eq!(sink.accounting.skipped_messages[&Skip::NoRecipient], 1);
}

#[test]
fn lines_that_are_cut_or_no_json_do_not_end_the_log() {
    let cut = &send(1, "1", 1)[..200];
    let text = format!("{}{cut}\n{}not json\n{}", send(2, "1", 1), send(3, "1", 1), send(4, "1", 1));
    let sink = read(&text);
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (3, 2));
    let sink = read(&format!("{{\"records\":[{}{cut}", send(2, "1", 1).trim_end().to_owned() + ","));
    assert_eq!((totals(&sink).0, sink.damages.len() as u64 + sink.accounting.rejected), (1, 1));
}

#[test]
fn repeated_send_rows_that_differ_are_told_and_the_earliest_stands() {
    let later = send(1, "2", 5).replace("12:00:00", "12:00:07");
    for text in [send(1, "1", 3) + &later, later.clone() + &send(1, "1", 3)] {
        let sink = read(&text);
        assert_eq!((only(&sink).recipients.unknown, only(&sink).message_size), (3, Some(1_000_000)));
        assert!(
            sink.warnings.iter().any(|warning| warning.contains("repeat with other counts or sizes: 1 of 1"))
        );
    }
}

#[test]
fn one_id_at_two_resources_is_two_messages_and_a_row_without_resource_is_of_either() {
    let other = send(1, "1", 3).replace("SERVICES/MAIL", "SERVICES/SHOP");
    let bare = status(1, 1, "a@example.net", "Delivered").replace(RESOURCE, "");
    assert_eq!(totals(&read(&(send(1, "1", 3) + &other))).0, 2);
    for text in [send(1, "1", 3) + &bare, bare.clone() + &send(1, "1", 3)] {
        let sink = read(&text);
        assert_eq!((totals(&sink).0, sink.names.host_name(only(&sink).relay)), (1, "mail"));
    }
    // Settings write the resource in capitals, tables in small letters.
    let lower = send(1, "1", 3).replace(RESOURCE, &RESOURCE.to_lowercase());
    assert_eq!(totals(&read(&(send(1, "1", 3) + &lower))).0, 1);
}

#[test]
fn a_relay_host_is_the_name_of_a_resource() {
    let other = send(2, "1", 3).replace("SERVICES/MAIL", "SERVICES/SHOP");
    let text = send(1, "1", 1) + &other;
    for (host, messages) in [("shop", 1), ("smtp.office365.com", 0), ("192.0.2.0/24", 0)] {
        let options = ReadOptions { relay_hosts: vec![host.parse().unwrap()], ..ReadOptions::default() };
        let sink = read_with(&[("log", text.as_bytes())], &options).unwrap();
        assert_eq!(totals(&sink).0, messages, "{host}");
        assert_eq!(sink.accounting.skipped_messages[&Skip::OtherRelay], 2 - messages);
    }
}

const SEND_HEADER: &str = "TimeGenerated [UTC],CorrelationId,Size,UniqueRecipientsCount,_ResourceId\n";

fn csv_send(time: &str, number: u32) -> String {
    format!("\"{time}\",{},0.5,2,{RESOURCE}\n", id(number))
}

#[test]
fn dates_of_the_portal_are_decided_by_their_column() {
    let text = format!(
        "{SEND_HEADER}{}{}",
        csv_send("10/12/2026, 1:00:00.250 PM", 1),
        csv_send("10/13/2026, 1:00:00 AM", 2)
    );
    let sink = read(&text);
    assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2026-10-12T13:00:00Z");
    let open = format!("{SEND_HEADER}{}", csv_send("10/12/2026, 1:00:00 PM", 1));
    let error = read_with(&[("log", open.as_bytes())], &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "log: its dates can be read with the day or the month first: '10/12/2026, 1:00:00 PM'\n\
         hint: say --date-order day-month or --date-order month-day"
    );
    let sink = read_with(&[("a", open.as_bytes()), ("b", text.as_bytes())], &ReadOptions::default()).unwrap();
    assert_eq!(
        (totals(&sink).0, sink.warnings[0].as_str()),
        (2, "a: dates are read as month-day, as in the other files")
    );
    let options = ReadOptions { date_order: Some(DateOrder::DayMonth), ..ReadOptions::default() };
    let sink = read_with(&[("log", open.as_bytes())], &options).unwrap();
    assert_eq!(only(&sink).time.to_string(), "2026-12-10T13:00:00Z");
    let mixed = format!("{text}{}", csv_send("14/10/2026, 1:00:00 AM", 3));
    let error = read_with(&[("log", mixed.as_bytes())], &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("some dates have the day first and some the month"), "{error}");
}

#[test]
fn times_of_the_portal_may_be_in_another_zone() {
    let header = SEND_HEADER.replace("[UTC]", "[UTC+02:00]");
    let text = format!("{header}{}", csv_send("2026-10-12 01:00:00", 1));
    let options =
        ReadOptions { log_zone: Some("Europe/Rome".parse::<Zone>().unwrap()), ..ReadOptions::default() };
    let sink = read_with(&[("log", text.as_bytes())], &options).unwrap();
    assert_eq!(
        (only(&sink).time.to_string().as_str(), only(&sink).time_quality),
        ("2026-10-11T23:00:00Z", TimeQuality::ZoneAssumed)
    );
    assert!(sink.warnings.iter().all(|warning| !warning.contains("zone")));
    let sink = read(&text);
    assert_eq!(only(&sink).time.to_string(), "2026-10-12T01:00:00Z");
    assert_eq!(sink.warnings[0], "times of the log have no zone and are read as UTC; give --log-timezone");
}

#[test]
fn csv_files_may_be_joined_saved_in_another_language_and_cut() {
    let statuses = format!(
        "TimeGenerated;CorrelationId;RecipientId;DeliveryStatus;SenderDomain\n2026-10-12T01:00:02Z;{};a@example.net;Delivered;contoso.com\n",
        id(1)
    );
    let sends = format!(
        "sep=;\nTimeGenerated;CorrelationId;Size;UniqueRecipientsCount;Note\n2026-10-12T01:00:00Z;{};0,0045;2;\"a;\nb\"\n",
        id(1)
    );
    let sink = read(&(sends.clone() + &statuses));
    assert_eq!((only(&sink).message_size, only(&sink).recipients.delivered), (Some(4_500), 1));
    assert_eq!(sink.names.sender_address(only(&sink).sender), "@contoso.com");
    assert_eq!(skipped(&sink), [(Skip::Header, 3)]);
    let row = csv_send("2026-10-12T01:00:00Z", 1);
    let sink = read(&format!("Logs\n{row}{SEND_HEADER}{row}"));
    assert_eq!(rejections(&sink), ["log:2: a row before its header: expected the header above all rows"]);
    let rows: String = (0..30_000).map(|number| csv_send("2026-10-12T01:00:00Z", number)).collect();
    let sink = read(&format!("{SEND_HEADER}{rows}"));
    assert_eq!(totals(&sink).0, 30_000);
    assert!(sink.warnings[0].contains("exactly 30000 rows"), "{:?}", sink.warnings);
    let sink = read(&format!("{SEND_HEADER}{}", "2026-10-12T01:00:00Z,x\n"));
    assert_eq!(
        rejections(&sink),
        ["log:2: 2 columns where the header has 5: a quote is probably not closed"]
    );
}

#[test]
fn other_files_are_not_claimed() {
    for text in [
        "Received,SenderAddress,RecipientAddress,Status,MessageTraceId\n",
        "Sender address,Domain,TLS 1.0,TLS 1.1,TLS 1.2,Messages sent\n",
        "Time,Size,To\n",
        "TimeGenerated,CorrelationId,DeliveryStatus,PhoneNumber\n",
        "{\"value\":[{\"receivedDateTime\":\"x\",\"recipientAddress\":\"y\"}]}",
        "{\"time\":\"x\",\"category\":\"FrontDoorAccessLog\",\"properties\":{}}",
        "{\"columns\":[{\"name\":\"ResourceId\"}],\"rows\":[[\"/x/Microsoft.Communication/CommunicationServices/y\"]]}",
        "{\"tables\":[{\"columns\":[{\"name\":\"Category\"}],\"rows\":[[\"Administrative\",1]]}]}",
    ] {
        assert_eq!(AcsDiagnostics.detect(text.as_bytes()), None, "{text}");
    }
    let log = send(1, "1", 1);
    let claims = FORMATS.iter().filter(|format| format.detect(log.as_bytes()) == Some(Likelihood::Certain));
    assert_eq!(claims.count(), 1);
}

/// The totals of rows, which no split, order or repetition may change.
fn totals_of(parts: &[&[&String]]) -> ((u64, Recipients, u64), u64) {
    let texts: Vec<String> = parts.iter().map(|rows| rows.iter().map(|row| row.as_str()).collect()).collect();
    let inputs: Vec<(&str, &[u8])> = texts.iter().map(|text| ("part", text.as_bytes())).collect();
    let sink = read_with(&inputs, &ReadOptions::default()).unwrap();
    let records = sink.submissions().map(|submission| submission.records).sum();
    (totals(&sink), records)
}

proptest! {
    #[test]
    fn split_order_and_repetition_change_nothing(
        seeds in proptest::collection::vec((0_u32..4, 0_u32..3, 0_usize..6, 0_u32..20), 1..20),
        order in proptest::collection::vec(any::<u64>(), 20),
        cut in 0_usize..20,
    ) {
        let words = ["OutForDelivery", "Delivered", "Bounced", "Suppressed", "Teleported", ""];
        let rows: Vec<String> = seeds.iter().map(|(number, recipient, word, second)| match words[*word] {
            "" => send(*number, &format!("0.{}", number + 1), number + 1),
            word => status(*second, *number, &format!("r{recipient}@example.net"), word),
        }).collect();
        let all: Vec<&String> = rows.iter().collect();
        let expected = totals_of(&[&all]);
        let mut shuffled: Vec<(u64, &String)> = order.iter().copied().zip(all.iter().copied()).collect();
        shuffled.sort();
        let shuffled: Vec<&String> = shuffled.into_iter().map(|(_, row)| row).collect();
        let (left, right) = shuffled.split_at(cut.min(shuffled.len()));
        prop_assert_eq!(totals_of(&[left, right]), expected);
        prop_assert_eq!(totals_of(&[right, &all, left]), expected);
    }

    #[test]
    fn no_bytes_end_in_a_panic(text in "[\\{\\}\\[\\]\":, a1\\n]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        for input in [text.as_bytes(), &bytes, &[SEND_HEADER.as_bytes(), &bytes].concat()] {
            read_with(&[("log", input)], &ReadOptions::default()).ok();
        }
    }
}

#[test]
fn documented_and_composed_files_are_read() {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".to_owned());
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(root);
    if !root.is_dir() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", root.display());
        return;
    }
    let composed =
        std::fs::read_to_string(root.join("azure/SYNTHETIC/PT1H.EmailSendMailOperational.jsonl")).unwrap();
    let sink = read(&composed);
    assert_eq!((only(&sink).recipients.unknown, only(&sink).message_size), (6, Some(26_019)));
    for file in
        ["logs/acs/ms-docs-email-log-samples.jsonl", "azure/logs/acs-email-log-properties.samples.jsonl"]
    {
        let sink = read(&std::fs::read_to_string(root.join(file)).unwrap());
        assert_eq!((sink.accounting.rejected, skipped(&sink)), (2, vec![(Skip::Event, 2)]));
    }
}
