//! Reports in every shape: totals worked out by hand, repeats, and what must not be guessed.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::ingest::Record;
use crate::ingest::collect::Collected;
use crate::pricing::Metered;
use crate::usage::Skip;

fn read_all(texts: &[&str]) -> Collected {
    let inputs: Vec<Input> = texts.iter().map(|text| Input::from_bytes("report", text.as_bytes())).collect();
    let mut sink = Collected::default();
    ControlTotals.read(inputs, &ReadOptions::default(), &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    assert_eq!(sink.submissions().count(), 0);
    sink
}

fn read(text: &str) -> Collected {
    assert_eq!(ControlTotals.detect(text.as_bytes()), Some(Likelihood::Certain), "{text}");
    read_all(&[text])
}

/// What is counted, the day, the meter and the number of each total.
fn totals(sink: &Collected) -> Vec<(String, Option<Metered>, String)> {
    let total = |record: &Record| match record {
        Record::ControlTotal(total) => {
            let date = total.date.map_or(String::new(), |date| format!(" {date}"));
            Some((format!("{}{date}", total.what), total.metered, total.quantity.normalize().to_string()))
        }
        _ => None,
    };
    sink.records.iter().filter_map(total).collect()
}

fn total(what: &str, metered: Option<Metered>, quantity: &str) -> (String, Option<Metered>, String) {
    (what.to_owned(), metered, quantity.to_owned())
}

fn skipped(sink: &Collected) -> Vec<(Skip, u64)> {
    sink.accounting.skipped.iter().map(|(reason, count)| (*reason, *count)).collect()
}

fn rejections(sink: &Collected) -> Vec<String> {
    sink.accounting.rejections.iter().map(ToString::to_string).collect()
}

const MESSAGES: Option<Metered> = Some(Metered::Messages);
const SMTP_AUTH: &str = "Sender address,Domain,TLS 1.0,TLS 1.1,TLS 1.2,Messages sent\n";

#[test]
fn senders_that_sign_in_are_added_up_and_not_kept() {
    let sink = read(&format!(
        "{SMTP_AUTH}erp@contoso.com,contoso.com,0,0,100,\"20,811\"\nfax@contoso.com,contoso.com,12,0,88,1532.0\n"
    ));
    assert_eq!(totals(&sink), [total("messages sent", MESSAGES, "22343")]);
    assert_eq!(skipped(&sink), [(Skip::Header, 1), (Skip::NotUsage, 2)]);
    for header in [
        "sep=;\nSender Address;Domain;TLS1.0(%);TLS 1.2;Message count",
        "Report of October\n\nDate;Sender address;TLS 1.3;Messages Sent",
    ] {
        assert_eq!(ControlTotals.detect(header.as_bytes()), Some(Likelihood::Certain), "{header}");
    }
}

#[test]
fn the_same_report_twice_adds_nothing_and_another_one_is_added_with_a_warning() {
    let report = format!("{SMTP_AUTH}erp@contoso.com,contoso.com,0,0,100,10\n");
    let sink = read_all(&[&report, &report]);
    assert_eq!(totals(&sink), [total("messages sent", MESSAGES, "10")]);
    assert_eq!(skipped(&sink), [(Skip::Duplicate, 1), (Skip::Header, 2), (Skip::NotUsage, 1)]);
    assert!(sink.warnings.is_empty());
    let sink = read_all(&[&report, &report.replace(",10\n", ",12\n")]);
    assert_eq!(totals(&sink), [total("messages sent", MESSAGES, "22")]);
    assert_eq!(
        sink.warnings,
        ["reports without days that are added up: 2; they must be of days that do not overlap"]
    );
}

const CONNECTORS: &str =
    "Date,Connector direction and name,Connector type,Forced TLS?,No TLS,TLS 1.2,Volume\n";

#[test]
fn only_outbound_messages_count_and_a_day_that_was_not_over_is_replaced() {
    let row = |day: u32, direction: &str, volume: &str| {
        format!("2026-10-{day:02},{direction},Partner,Yes,0,{volume},{volume}\n")
    };
    let first = [
        row(1, "Outbound: to Internet", "100"),
        row(2, "Outbound: to Internet", "40"),
        row(1, "Inbound: relay", "7"),
    ];
    let second = [row(2, "Outbound: to Internet", "90"), row(3, "Outbound: to Internet", "5")];
    let (first, second) = (CONNECTORS.to_owned() + &first.concat(), CONNECTORS.to_owned() + &second.concat());
    let expected = [
        total("outbound messages 2026-10-01", MESSAGES, "100"),
        total("outbound messages 2026-10-02", MESSAGES, "90"),
        total("outbound messages 2026-10-03", MESSAGES, "5"),
    ];
    for inputs in [[&*first, &*second], [&*second, &*first]] {
        let sink = read_all(&inputs);
        assert_eq!(totals(&sink), expected);
        assert_eq!(skipped(&sink), [(Skip::Duplicate, 1), (Skip::Header, 2), (Skip::NotUsage, 4)]);
    }
    assert_eq!(ControlTotals.detect(first.as_bytes()), Some(Likelihood::Certain));
}

#[test]
fn what_a_report_leaves_open_is_not_guessed() {
    let sink = read(&format!("{CONNECTORS}2026-10-01,to Internet,Partner,Yes,0,1,1\n"));
    assert_eq!(
        rejections(&sink),
        [
            "report:2: the direction is not told: expected 'Outbound' or 'Inbound' in a column such as 'Connector direction \
          and name'"
        ]
    );
    let sink = read("Date,Direction,TLS,Messages,Volume\n2026-10-01,Outbound,1.2,5,6\n");
    assert_eq!(
        rejections(&sink),
        ["report:2: two columns can hold the number of messages: leave only one of them in the file"]
    );
    for (row, reason) in [
        ("erp@contoso.com,contoso.com,0,0,100,", "the number of messages is missing"),
        (
            "erp@contoso.com,contoso.com,0,0,100,lots",
            "a text of 4 letters is not a number of messages: expected such as '1532'",
        ),
        (
            "erp@contoso.com,contoso.com,0,0,100,1.5",
            "'1.5' is not a number of messages: expected such as '1532'",
        ),
        ("erp@contoso.com,contoso.com", "2 columns where the header has 6: a quote is probably not closed"),
    ] {
        assert_eq!(rejections(&read(&format!("{SMTP_AUTH}{row}\n"))), [format!("report:2: {reason}")]);
    }
}

#[test]
fn days_are_decided_by_their_column() {
    let report = format!("{CONNECTORS}10/12/2026,Outbound,x,No,0,1,1\n");
    let mut sink = Collected::default();
    let inputs = vec![Input::from_bytes("report", report.as_bytes())];
    let error = ControlTotals.read(inputs, &ReadOptions::default(), &mut sink).unwrap_err();
    assert!(error.to_string().contains("--date-order"), "{error}");
    let sink = read(&format!("{report}10/13/2026,Outbound,x,No,0,1,2\n"));
    assert_eq!(totals(&sink)[0], total("outbound messages 2026-10-12", MESSAGES, "1"));
}

#[test]
fn metrics_in_columns_are_known_by_their_labels() {
    let text = "Time,\"ApiRequests (Count), Operation = SendMail\",\"DeliveryStatusUpdate (Count), MessageStatus = Delivered\"\n\
                2026-10-01T00:00:00Z,5,7.0\n2026-10-02T00:00:00Z,,1\n";
    let sink = read_all(&[text, text]);
    assert_eq!(
        totals(&sink),
        [
            total("recipients Delivered 2026-10-01", None, "7"),
            total("recipients Delivered 2026-10-02", None, "1"),
            total("recipients with a final status 2026-10-01", Some(Metered::Recipients), "7"),
            total("recipients with a final status 2026-10-02", Some(Metered::Recipients), "1"),
            total("requests to send 2026-10-01", MESSAGES, "5"),
        ]
    );
    assert_eq!(skipped(&sink)[0], (Skip::Duplicate, 2));
}

fn answer(metric: &str, dimension: &str, value: &str, data: &str, data_first: bool) -> String {
    let metadata = format!(
        "\"metadatavalues\":[{{\"name\":{{\"localizedValue\":\"x\",\"value\":\"{dimension}\"}},\"value\":\"{value}\"}}]"
    );
    let series = match data_first {
        true => format!("\"data\":[{data}],{metadata}"),
        false => format!("{metadata},\"data\":[{data}]"),
    };
    format!(
        "{{\"cost\":59,\"interval\":\"PT1M\",\"namespace\":\"Microsoft.Communication/CommunicationServices\",\"value\":[{{\
         \"id\":\"/x/Microsoft.Insights/metrics/{metric}\",\"name\":{{\"localizedValue\":\"y\",\"value\":\"{metric}\"}},\
         \"timeseries\":[{{{series}}}],\"unit\":\"Count\"}}]}}"
    )
}

#[test]
fn answers_of_azure_monitor_are_read_whichever_way_round() {
    let data = "{\"count\":3.0,\"timeStamp\":\"2026-10-01T12:00:00+00:00\",\"total\":null},\n\
                {\"timeStamp\":\"2026-10-01T12:01:00Z\",\"count\":null},{\"timeStamp\":\"2026-10-01T12:02:00Z\",\"total\":1e0}";
    for data_first in [true, false] {
        let text = answer("ApiRequests", "operation", "SendMail", data, data_first);
        let sink = read(&text);
        assert_eq!(totals(&sink), [total("requests to send 2026-10-01", MESSAGES, "4")]);
        assert_eq!(sink.accounting.records, 3);
        let sink = read_all(&[&text, &text]);
        assert_eq!(totals(&sink), [total("requests to send 2026-10-01", MESSAGES, "4")]);
    }
    let sink = read(&answer("DeliveryStatusUpdate", "messagestatus", "OutForDelivery", data, true));
    assert_eq!(totals(&sink), [total("recipients OutForDelivery 2026-10-01", None, "4")]);
    let sink = read(&answer("UserEngagement", "engagementtype", "View", data, true));
    assert_eq!(skipped(&sink), [(Skip::Event, 3)]);
}

#[test]
fn lines_of_a_diagnostic_setting_have_no_dimensions() {
    let line = "{\"count\":2,\"total\":2,\"average\":1.0,\"resourceId\":\"/X/MICROSOFT.COMMUNICATION/COMMUNICATIONSERVICES/M\",\
                \"time\":\"2026-10-01T12:00:00.0000000Z\",\"metricName\":\"ApiRequests\",\"timeGrain\":\"PT1M\"}\n";
    let sink = read(&line.repeat(2));
    assert_eq!(totals(&sink), [total("API requests of all operations 2026-10-01", None, "2")]);
    let sink =
        read(&format!("{line}{}\n{{\"a\":1}}\n", line.replace("ApiRequests", "APIRequestSMS").trim_end()));
    assert_eq!(skipped(&sink), [(Skip::NotUsage, 1), (Skip::OtherService, 1)]);
    assert_eq!(rejections(&sink), ["report:3: an object without numbers of a metric"]);
    let sink = read(&format!("{line}{{\"time\":\"2026-10-01T12:00:00Z\",\"count\":5}}\n"));
    assert_eq!(rejections(&sink), ["report:2: an object without numbers of a metric"]);
}

#[test]
fn series_without_a_value_of_their_dimension_are_told_apart() {
    let data = "{\"timeStamp\":\"2026-10-01T12:00:00Z\",\"count\":1}";
    let one = answer("ApiRequests", "operation", "SendMail", data, true);
    let none = one.replace("\"SendMail\"", "null");
    let expected = [
        total("API requests of all operations 2026-10-01", None, "1"),
        total("requests to send 2026-10-01", MESSAGES, "1"),
    ];
    assert_eq!(totals(&read_all(&[&one, &none])), expected);
}

#[test]
fn other_tables_are_not_claimed() {
    for text in [
        "Date,Sender,Messages\n2026-10-01,app@contoso.com,5\n",
        "Timestamp,Name,Count\n2026-10-01,Percentage CPU,5\n",
        "Received,SenderAddress,RecipientAddress,Status\n",
        "{\"value\":[{\"timeseries\":[],\"name\":{\"value\":\"CPU\"}}]}",
        "Time,Operation,Count\n",
    ] {
        assert_eq!(ControlTotals.detect(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn the_derived_report_is_read() {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".to_owned());
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(root);
    if !root.is_dir() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", root.display());
        return;
    }
    let file = root.join("logs/exchange-online/derived-smtp-auth-clients-report.csv");
    let sink = read(&std::fs::read_to_string(file).unwrap());
    assert_eq!(totals(&sink), [total("messages sent", MESSAGES, "22343")]);
}

proptest! {
    #[test]
    fn no_bytes_end_in_a_panic(text in "[\\{\\}\\[\\]\":, a1\\n]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let json = answer("ApiRequests", "operation", "Send", &text, true);
        for input in [text.as_bytes(), &bytes, json.as_bytes(), &[SMTP_AUTH.as_bytes(), &bytes].concat()] {
            let mut sink = Collected::default();
            ControlTotals.read(vec![Input::from_bytes("report", input)], &ReadOptions::default(), &mut sink).ok();
            prop_assert!(sink.accounting.adds_up());
        }
    }
}
