//! Counts worked out by hand, nasty inputs, and properties that hold for any rows.

use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::ingest::collect::Collected;
use crate::ingest::source::discover;
use crate::usage::{Recipients, SizeQuality, Skip, Submission, Traffic};

fn read_with(inputs: &[(&str, &[u8])], options: &ReadOptions) -> Collected {
    let inputs = inputs.iter().map(|(name, text)| Input::from_bytes(name, text)).collect();
    read_inputs(inputs, options)
}

fn read_inputs(inputs: Vec<Input>, options: &ReadOptions) -> Collected {
    let mut sink = Collected::default();
    ExchangeServer.read(inputs, options, &mut sink).unwrap();
    assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
    for submission in sink.submissions() {
        assert!(submission.recipients.attempted() >= 1 && submission.records >= 1);
        assert!(submission.recipients_upper >= submission.recipients.attempted());
    }
    sink
}

fn read(text: &str) -> Collected {
    read_with(&[("log", text.as_bytes())], &ReadOptions::default())
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
    assert_eq!(all.len(), 1, "{all:?} {:?}", sink.accounting);
    all[0]
}

fn skipped(sink: &Collected, reason: Skip) -> u64 {
    sink.accounting.skipped.get(&reason).copied().unwrap_or(0)
}

fn reasons(sink: &Collected) -> Vec<String> {
    sink.accounting.rejections.iter().map(ToString::to_string).collect()
}

const V15: &str = "#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,\
                   source,event-id,internal-message-id,message-id,network-message-id,recipient-address,\
                   recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,\
                   sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,\
                   original-server-ip,custom-data,transport-traffic-type,log-id,schema-version";

/// A row of version 15: what is not said has a plain value or none.
#[derive(Clone)]
struct Track(Vec<(&'static str, String)>);

impl Track {
    fn new(source_event: &str, id: u32, recipients: &str) -> Track {
        let (source, event) = source_event.split_once(' ').unwrap();
        Track(Vec::new())
            .with("date-time", "2026-10-01T06:00:01.220Z")
            .with("source", source)
            .with("event-id", event)
            .with("internal-message-id", "7")
            .with("message-id", &format!("<{id}@app.contoso.com>"))
            .with("network-message-id", &format!("00000000-0000-4000-8000-{id:012x}"))
            .with("recipient-address", recipients)
            .with("recipient-count", &recipients.split(';').count().to_string())
            .with("total-bytes", "1000")
            .with("sender-address", "app@contoso.com")
            .with("return-path", "app@contoso.com")
            .with("directionality", "Originating")
    }

    fn with(mut self, column: &'static str, value: &str) -> Track {
        self.0.retain(|(known, _)| *known != column);
        self.0.push((column, value.to_owned()));
        self
    }

    /// Sent through a connector to a host.
    fn through(self, connector: &str, host: &str) -> Track {
        self.with("connector-id", connector).with("server-hostname", host).with("server-ip", "198.51.100.36")
    }

    fn under(&self, columns: &str) -> String {
        let value = |column: &str| {
            let value = self.0.iter().find(|(known, _)| *known == column).map_or("", |(_, value)| value);
            if value.contains([',', '"']) {
                format!("\"{}\"", value.replace('"', "\"\""))
            } else {
                value.to_owned()
            }
        };
        let columns = columns.trim_start_matches("#Fields: ").split(',');
        columns.map(value).collect::<Vec<_>>().join(",") + "\r\n"
    }

    fn line(&self) -> String {
        self.under(V15)
    }
}

fn accepted(id: u32, recipients: &str) -> Track {
    Track::new("SMTP RECEIVE", id, recipients)
}

fn log(rows: &[Track]) -> String {
    std::iter::once(format!("{V15}\r\n")).chain(rows.iter().map(Track::line)).collect()
}

fn tracked(rows: &[Track]) -> Collected {
    read(&log(rows))
}

const OFFICE: &str = "contoso-com.mail.protection.outlook.com";

#[test]
fn a_message_counts_once_whatever_becomes_of_it() {
    let to = |event: &str, recipient: &str| Track::new(event, 1, recipient).with("total-bytes", "1300");
    let sink = tracked(&[
        accepted(1, "jo@example.net;al@example.org;sam@example.com;kim@example.net"),
        to("SMTP HARECEIVE", "jo@example.net"),
        to("SMTP SENDEXTERNAL", "jo@example.net").through("Outbound", OFFICE),
        to("SMTP FAIL", "al@example.org")
            .with("recipient-status", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found;<al@example.org>"),
        to("SMTP DEFER", "sam@example.com"),
        to("SMTP DEFER", "sam@example.com"),
        to("SAFETYNET RESUBMIT", "kim@example.net"),
    ]);
    let submission = only(&sink);
    let expected = Recipients { delivered: 1, bounced: 1, open: 1, unknown: 1, ..Recipients::default() };
    assert_eq!((submission.recipients, submission.message_size), (expected, Some(1000)));
    assert_eq!((submission.traffic, submission.records), (Traffic::Relay, 1));
    assert_eq!(submission.time.to_string(), "2026-10-01T06:00:01Z");
    assert_eq!(skipped(&sink, Skip::Event), 6);
}

#[test]
fn servers_of_one_organisation_tell_of_one_message() {
    let first = accepted(1, "all@contoso.com").with("server-hostname", "EX01");
    let hop = accepted(1, "jo@example.net;al@example.org")
        .with("date-time", "2026-10-01T06:00:01.221Z")
        .with("internal-message-id", "99")
        .with("total-bytes", "1400");
    let expanded = Track::new("ROUTING EXPAND", 1, "jo@example.net;al@example.org")
        .with("related-recipient-address", "all@contoso.com");
    let inside = Track::new("SMTP SEND", 1, "all@contoso.com")
        .through("Intra-Organization SMTP Send Connector", "EX02")
        .with("source-context", ";250 2.6.0 <1> [InternalId=9, Hostname=EX02] Queued mail for delivery");
    let out = Track::new("SMTP SENDEXTERNAL", 1, "jo@example.net").through("Outbound", OFFICE);
    let rows = [first, expanded, inside, hop, out];
    for turn in 0..rows.len() {
        let mut turned = rows.clone();
        turned.rotate_left(turn);
        let parts: Vec<String> = turned.iter().map(|row| log(std::slice::from_ref(row))).collect();
        let inputs: Vec<_> = parts.iter().map(|part| ("log", part.as_bytes())).collect();
        let sink = read_with(&inputs, &ReadOptions::default());
        assert_eq!(totals(&sink), (1, 1, 1000, 1000), "{turn}");
        assert_eq!(only(&sink).recipients.delivered, 1);
    }
}

/// The second server's clock is behind by more than the way takes.
#[test]
fn a_row_that_names_another_server_as_the_first_is_a_hop() {
    let first = "S:FirstForestHop=ex01.contoso.com;S:DeliveryPriority=Normal";
    let at = |server: &str, time: &str, size: &str| {
        let row = accepted(1, "jo@example.net").with("server-hostname", server).with("total-bytes", size);
        row.with("date-time", time).with("custom-data", first)
    };
    let rows =
        [at("EX01", "2026-10-01T06:00:01.500Z", "1000"), at("EX02", "2026-10-01T06:00:01.400Z", "1300")];
    assert_eq!(only(&tracked(&rows)).message_size, Some(1000));
    assert_eq!(only(&tracked(&rows[1..])).message_size, Some(1300));
}

#[test]
fn mail_into_mailboxes_of_these_servers_does_not_count() {
    let mailbox = |id| {
        Track::new("SMTP SEND", id, "ann@contoso.com")
            .through("Intra-Organization SMTP Send Connector", "EX01")
            .with("source-context", ";250 2.0.0 OK <1@app> [Hostname=EX01.contoso.com];ClientSubmitTime:")
    };
    let group = |event: &str| {
        Track::new(event, 5, "ann@contoso.com;bob@contoso.com")
            .with("related-recipient-address", "it@contoso.com")
    };
    let sink = tracked(&[
        accepted(1, "ann@contoso.com"),
        Track::new("STOREDRIVER DELIVER", 1, "ann@contoso.com"),
        accepted(2, "ann@contoso.com;jo@example.net"),
        Track::new("STOREDRIVER DELIVER", 2, "Ann@contoso.com"),
        accepted(3, "ann@contoso.com"),
        mailbox(3),
        accepted(4, "a.smith@contoso.com"),
        Track::new("ROUTING RESOLVE", 4, "ann@contoso.com")
            .with("related-recipient-address", "a.smith@contoso.com"),
        Track::new("STOREDRIVER DELIVER", 4, "ann@contoso.com"),
        accepted(5, "it@contoso.com"),
        group("ROUTING EXPAND"),
        group("STOREDRIVER DELIVER").with("related-recipient-address", ""),
        // Its acceptance is in an earlier log.
        Track::new("STOREDRIVER DELIVER", 6, "ann@contoso.com"),
    ]);
    assert_eq!(only(&sink).recipients, Recipients { unknown: 1, ..Recipients::default() });
    assert_eq!(sink.accounting.skipped_messages[&Skip::LocalDelivery], 5);
}

#[test]
fn a_group_whose_members_are_behind_another_host_does_not_count() {
    let sent =
        |member: &str| Track::new("SMTP SENDEXTERNAL", 1, member).through("Internet", "mx.example.net");
    let expanded = Track::new("ROUTING EXPAND", 1, "a@example.net;b@example.net")
        .with("related-recipient-address", "all@contoso.com");
    let rows = [accepted(1, "all@contoso.com"), expanded, sent("a@example.net"), sent("b@example.net")];
    let relay = |host: &str| ReadOptions { relay_hosts: vec![host.parse().unwrap()], ..Default::default() };
    for rows in [&rows[..], &rows[1..]] {
        let text = log(rows);
        let read = |host| read_with(&[("log", text.as_bytes())], &relay(host));
        assert_eq!(totals(&read("mx.example.net")), (1, 1, 1_000, 1_000));
        let other = read("*.mail.protection.outlook.com");
        assert_eq!((totals(&other).0, other.accounting.skipped_messages[&Skip::OtherRelay]), (0, 1));
    }
}

#[test]
fn a_group_with_members_outside_counts_once() {
    let group = Track::new("ROUTING EXPAND", 1, "ann@contoso.com;jo@example.net;al@example.org")
        .with("related-recipient-address", "all@contoso.com");
    let rows = [
        accepted(1, "all@contoso.com"),
        group,
        Track::new("STOREDRIVER DELIVER", 1, "ann@contoso.com"),
        Track::new("SMTP SENDEXTERNAL", 1, "jo@example.net;al@example.org").through("Outbound", OFFICE),
    ];
    let sink = tracked(&rows);
    assert_eq!((only(&sink).recipients.delivered, only(&sink).recipients_upper), (1, 1));
    // Without the acceptance, the members that left may have been named beside the group.
    let later = only(&tracked(&rows[1..]));
    assert_eq!((later.recipients.attempted(), later.recipients_upper), (1, 2));
}

#[test]
fn an_address_that_was_replaced_shares_the_fate_of_the_other() {
    let sink = tracked(&[
        accepted(1, "old@contoso.com"),
        Track::new("ROUTING REDIRECT", 1, "new@example.net")
            .with("related-recipient-address", "old@contoso.com"),
        Track::new("SMTP FAIL", 1, "new@example.net"),
    ]);
    assert_eq!(only(&sink).recipients, Recipients { bounced: 1, ..Recipients::default() });
}

#[test]
fn probes_and_reports_are_skipped_by_name() {
    let sink = tracked(&[
        accepted(1, "HealthMailboxff42d4a@contoso.com"),
        accepted(2, "jo@example.net").with("sender-address", "inboundproxy@inboundproxy.com"),
        Track::new("STOREDRIVER DELIVER", 1, "HealthMailboxff42d4a@contoso.com"),
        Track::new("DSN DSN", 3, "app@example.net").with("sender-address", "postmaster@contoso.com"),
        Track::new("SMTP SENDEXTERNAL", 4, "app@example.net")
            .with("sender-address", "")
            .with("return-path", "<>")
            .with("directionality", "Incoming"),
    ]);
    assert_eq!(skipped(&sink, Skip::Probe), 3);
    let senders: Vec<_> = sink.submissions().map(|s| s.sender).collect();
    assert_eq!(senders, [crate::usage::SenderId::NULL; 2]);
}

#[test]
fn the_client_stands_behind_the_front_end() {
    let client = |row: Track| {
        let sink = tracked(&[row]);
        sink.names.client_of(only(&sink).client).label()
    };
    let own = accepted(1, "jo@example.net")
        .with("client-ip", "192.0.2.10")
        .with("client-hostname", "ex01.contoso.com")
        .with("server-ip", "192.0.2.11");
    assert_eq!(client(own.clone()), "ex01.contoso.com [192.0.2.10]");
    let custom =
        "S:ProxyHop1=ex01(192.0.2.10);S:ProxiedClientIPAddress=192.0.2.50;S:ProxiedClientHostname=app01";
    assert_eq!(client(own.clone().with("custom-data", custom)), "app01 [192.0.2.50]");
    let original = own.with("custom-data", custom).with("original-client-ip", "192.0.2.51");
    assert_eq!(client(original), "192.0.2.51");
    let zone = accepted(1, "jo@example.net").with("client-ip", "fe80::1234:5678:4321:1010%3");
    assert_eq!(client(zone), "fe80::1234:5678:4321:1010");
}

#[test]
fn traffic_is_told_apart() {
    let traffic = |row: Track, own: &[&str]| {
        let own_domains = own.iter().map(|domain| (*domain).to_owned()).collect();
        let options = ReadOptions { own_domains, ..ReadOptions::default() };
        only(&read_with(&[("log", log(&[row]).as_bytes())], &options)).traffic
    };
    let incoming = accepted(1, "jo@example.net").with("directionality", "Incoming");
    assert_eq!(traffic(accepted(1, "jo@example.net"), &[]), Traffic::Relay);
    assert_eq!(traffic(incoming.clone(), &[]), Traffic::Unknown);
    assert_eq!(traffic(incoming.clone(), &["contoso.com"]), Traffic::Relay);
    assert_eq!(traffic(incoming.clone(), &["fabrikam.com"]), Traffic::Inbound);
    assert_eq!(traffic(Track::new("STOREDRIVER RECEIVE", 1, "jo@example.net"), &[]), Traffic::Mailbox);
    // Handed on by the mailbox transport service of the same server, whose own log is not there.
    let own_server =
        accepted(1, "jo@example.net").with("client-ip", "192.0.2.1").with("server-ip", "192.0.2.1");
    assert_eq!(traffic(own_server.clone(), &[]), Traffic::Mailbox);
    assert_eq!(traffic(own_server.with("custom-data", "S:ProxyHop1=ex01(192.0.2.1)"), &[]), Traffic::Relay);
}

#[test]
fn a_mailbox_message_is_not_relay_traffic_on_its_way_either() {
    let written = Track::new("STOREDRIVER RECEIVE", 1, "jo@example.net");
    let hop = accepted(1, "jo@example.net").with("date-time", "2026-10-01T06:00:01.900Z");
    for rows in [[written.clone(), hop.clone()], [hop, written]] {
        assert_eq!(only(&tracked(&rows)).traffic, Traffic::Mailbox);
    }
}

#[test]
fn only_next_hosts_that_are_asked_for_count() {
    let rows = [
        accepted(1, "jo@example.net;al@example.org"),
        Track::new("SMTP SENDEXTERNAL", 1, "jo@example.net").through("Outbound", OFFICE),
        Track::new("SMTP SEND", 1, "al@example.org").through("Internet", "mx.example.org"),
        accepted(2, "al@example.org"),
        Track::new("SMTP SEND", 2, "al@example.org").through("Internet", "mx.example.org"),
    ];
    let options = ReadOptions {
        relay_hosts: vec!["*.mail.protection.outlook.com".parse().unwrap()],
        ..ReadOptions::default()
    };
    let sink = read_with(&[("log", log(&rows).as_bytes())], &options);
    assert_eq!(only(&sink).recipients, Recipients { delivered: 1, ..Recipients::default() });
    assert_eq!(sink.accounting.skipped_messages[&Skip::OtherRelay], 1);
    assert_eq!(totals(&tracked(&rows)), (2, 3, 2000, 3000));
}

/// Version 14: a Message-ID with or without brackets and the sender are all there is.
#[test]
fn without_a_network_message_id_message_id_and_sender_are_the_key() {
    let v14: String = {
        let columns = V15.split(',').filter(|column| *column != "network-message-id");
        columns.take(26).collect::<Vec<_>>().join(",")
    };
    let bare = accepted(1, "jo@example.net").with("message-id", "1@app.contoso.com");
    let rows = [
        accepted(1, "jo@example.net"),
        bare.with("internal-message-id", "8").with("date-time", "2026-10-01T06:00:02.000Z"),
        accepted(1, "jo@example.net").with("return-path", "shop@contoso.com"),
        accepted(2, "jo@example.net"),
    ];
    let text: String = rows.iter().map(|row| row.under(&v14)).collect();
    for text in [format!("\u{feff}{v14}\r\n{text}"), text.clone()] {
        let sink = read(&text);
        assert_eq!(totals(&sink), (3, 3, 3000, 3000));
        assert_eq!(skipped(&sink, Skip::Duplicate), 1);
        assert!(sink.warnings[0].contains("came again under the same Message-ID"), "{:?}", sink.warnings);
    }
    let with_hop: String =
        [&rows[0], &rows[0].clone().with("server-hostname", "EX02").with("internal-message-id", "9")]
            .iter()
            .map(|row| row.under(&v14))
            .collect();
    let sink = read(&with_hop);
    assert_eq!((totals(&sink).0, sink.warnings.len()), (1, 0));
}

#[test]
fn headers_are_used_wherever_they_stand() {
    let row = accepted(1, "jo@example.net");
    let short =
        "#Fields: event-id,source,message-id,network-message-id,date-time,total-bytes,recipient-address";
    let other = accepted(2, "jo@example.net");
    let text = [row.line(), format!("{short}\n"), other.under(short), log(&[accepted(3, "jo@example.net")])]
        .concat();
    assert!(ExchangeServer.detect(text.as_bytes()) == Some(Likelihood::Certain));
    assert_eq!(totals(&read(&text)), (3, 3, 3000, 3000));
}

#[test]
fn the_newest_log_ends_in_the_middle_of_a_row() {
    let whole = log(&[accepted(1, "jo@example.net"), accepted(2, "a@example.net;b@example.net")]);
    let second = whole.trim_end().rfind('\n').unwrap() + 1;
    let ends = whole.find("schema-version").unwrap();
    for end in second..whole.len() - 2 {
        let sink = read(&whole[..end]);
        let is_whole = whole[second..end].matches(',').count() == 29;
        assert_eq!(totals(&sink).0, 1 + u64::from(is_whole), "{end}");
        assert_eq!(sink.accounting.rejected, 0, "{:?}", reasons(&sink));
        assert!(end > ends);
    }
    // In the middle of a log it is a row that cannot be read.
    let sink = read(&format!("{}\r\n{}", &whole[..second + 60], accepted(3, "jo@example.net").line()));
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (2, 1));
    assert!(reasons(&sink)[0].ends_with("columns: expected 30"), "{:?}", reasons(&sink));
}

#[test]
fn an_open_quote_spoils_its_own_row_only() {
    let open = accepted(1, "jo@example.net").line().replace("app@contoso.com", "\"app@contoso.com");
    let text = [log(&[]), open.replacen('"', "", 1), accepted(2, "jo@example.net").line()].concat();
    let sink = read(&text);
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (1, 1));
}

#[test]
fn what_cannot_be_read_says_why_and_shows_no_address() {
    let sink = tracked(&[
        accepted(1, ""),
        accepted(2, "jo@example.net").with("date-time", "jo@example.net"),
        accepted(3, "jo@example.net").with("total-bytes", "jo@example.net"),
        accepted(4, "jo@example.net").with("event-id", ""),
        accepted(5, "jo@example.net")
            .with("network-message-id", "")
            .with("message-id", "")
            .with("internal-message-id", ""),
    ]);
    assert_eq!((totals(&sink).0, sink.accounting.rejected), (0, 5));
    for reason in reasons(&sink) {
        assert!(!reason.contains('@'), "{reason}");
    }
}

#[test]
fn an_acceptance_that_states_more_recipients_than_it_lists_counts_them() {
    let sink = tracked(&[accepted(1, "jo@example.net;Jo@Example.net").with("recipient-count", "2")]);
    assert_eq!(totals(&sink).1, 1);
    let sink = tracked(&[accepted(1, "jo@example.net").with("recipient-count", "3")]);
    assert_eq!(totals(&sink).1, 3);
    let many: Vec<String> = (0..1000).map(|n| format!("r{n}@example.net")).collect();
    assert_eq!(totals(&tracked(&[accepted(1, &many.join(";"))])).1, 1000);
}

const SMTP: &str = "#Software: Microsoft Exchange Server\r\n#Log-type: SMTP Receive Protocol Log\r\n\
                    #Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,\
                    data,context\r\n";

/// Lines of one session; each text is an event and its data.
fn session(connector: &str, id: u32, lines: &[&str]) -> String {
    let line = |(number, line): (usize, &&str)| {
        let (event, data) = line.split_once(' ').unwrap_or((line, ""));
        let (data, context) = data.split_once('|').unwrap_or((data, ""));
        let quoted = if data.contains(',') { format!("\"{data}\"") } else { data.to_owned() };
        format!(
            "2026-10-01T06:00:{:02}.000Z,{connector},08DE00C0{id:08X},{number},192.0.2.10:25,192.0.2.50:5000,{event},\
             {quoted},{context}\r\n",
            number % 60
        )
    };
    lines.iter().enumerate().map(line).collect()
}

const FRONT: &str = "EX01\\Default Frontend EX01";
const HUB: &str = "EX01\\Default EX01";
const OUT: &str = "Outbound to Office 365";

fn receive(lines: &[&str]) -> Collected {
    read(&format!("{SMTP}{}", session(FRONT, 1, lines)))
}

#[test]
fn one_session_hands_in_several_messages() {
    let sink = receive(&[
        "+",
        "> 220 EX01",
        "< EHLO app01",
        "> 250 EX01",
        "< MAIL FROM:<app@contoso.com> SIZE=900",
        "> 250 2.1.0 Sender OK",
        "< RCPT TO:<jo@example.net>",
        "> 250 2.1.5 Recipient OK",
        "< RCPT TO:<Jo@Example.net>",
        "> 250 2.1.5 Recipient OK",
        "< RCPT TO:<no@example.org>",
        "> 550 5.7.54 SMTP; Unable to relay",
        "< DATA",
        "> 354 go",
        "> 250 2.6.0 <1@app> Queued mail for delivery",
        "< MAIL FROM:<app@contoso.com> SIZE=900",
        "> 250 2.1.0 Sender OK",
        "< RCPT TO:<a@example.net>",
        "> 250 2.1.5 Recipient OK",
        "< RSET",
        "> 250 2.0.0 Resetting",
        "< MAIL FROM:<app@contoso.com>",
        "> 250 2.1.0 Sender OK",
        "< RCPT TO:<a@example.net>",
        "> 250 2.1.5 Recipient OK",
        "< BDAT 1000",
        "> 250 2.0.0 CHUNK received OK, 1000 octets",
        "< BDAT 500 LAST",
        "> 250 2.6.0 <2@app> [InternalId=2, Hostname=EX01] Queued mail for delivery",
        "< QUIT",
        "> 221 bye",
        "-",
    ]);
    let sizes: Vec<_> = sink.submissions().map(|s| (s.message_size, s.size_quality)).collect();
    assert_eq!(sizes, [(Some(900), SizeQuality::Declared), (Some(1500), SizeQuality::Measured)]);
    assert_eq!(totals(&sink).1, 2);
    let first = sink.submissions().next().unwrap();
    assert_eq!(sink.names.client_of(first.client).label(), "app01 [192.0.2.50]");
    assert_eq!(skipped(&sink, Skip::NotAccepted), 1);
}

#[test]
fn commands_that_were_sent_ahead_meet_their_replies() {
    let sink = receive(&[
        "+",
        "< MAIL FROM:<app@contoso.com>",
        "< RCPT TO:<a@example.net>",
        "< RCPT TO:<b@example.net>",
        "< DATA",
        "> 250 2.1.0 Sender OK",
        "> 550 5.1.1 User unknown",
        "> 250 2.1.5 Recipient OK",
        "> 354 go",
        "> 250 2.6.0 <1@app> [InternalId=1, Hostname=EX01] 700 bytes in 0.1, 6.8 KB/sec Queued mail for delivery",
        "< MAIL FROM:<app@contoso.com>",
        "< RCPT TO:<a@example.net>",
        "< DATA",
        "> 250 2.1.0 Sender OK",
        "> 250 2.1.5 Recipient OK",
        "> 354 go",
        "> 552 5.3.4 Message size exceeds fixed maximum message size",
        "< MAIL FROM:<x@example.net>",
        "> 550 5.7.1 Sender denied",
    ]);
    assert_eq!(totals(&sink), (1, 1, 700, 700));
    assert_eq!(skipped(&sink, Skip::NotAccepted), 3);
}

#[test]
fn a_message_without_an_accepted_recipient_is_none() {
    let sink = receive(&[
        "+",
        "< MAIL FROM:<app@contoso.com>",
        "> 250 ok",
        "< RCPT TO:<a@example.net>",
        "> 550 no",
        "< DATA",
        "> 503 5.5.2 Need rcpt command",
    ]);
    assert_eq!((totals(&sink).0, skipped(&sink, Skip::NotAccepted)), (0, 2));
}

/// The front end and the transport service log one message each of the same session.
#[test]
fn a_proxied_session_counts_once() {
    let message = [
        "< MAIL FROM:<app@contoso.com> SIZE=900",
        "> 250 ok",
        "< RCPT TO:<a@example.net>",
        "> 250 ok",
        "< DATA",
        "> 354 go",
        "> 250 2.6.0 <1@app> [InternalId=1, Hostname=EX01] Queued mail for delivery",
        "-",
    ];
    let hello = ["+", "< EHLO EX01", "> 250 EX01", "< X-ANONYMOUSTLS", "> 220 ok"];
    let proxied =
        ["< XPROXYFROM SID=08DE00C000000001 IP=192.0.2.77 PORT=5 DOMAIN=app77 SEQNUM=1", "> 250 ok"];
    let front = session(FRONT, 1, &[&["+", "< EHLO app77", "> 250 EX01"][..], &message].concat());
    let hub = session(HUB, 2, &[&hello[..], &proxied, &message].concat());
    let hop = session(HUB, 3, &[&hello[..], &message].concat());
    let both = read(&[SMTP, &front, &hub].concat());
    assert_eq!(totals(&both), (1, 1, 900, 900));
    assert_eq!(skipped(&both, Skip::Duplicate), 1);
    let alone = read(&[SMTP, &hub].concat());
    assert_eq!(alone.names.client_of(only(&alone).client).label(), "app77 [192.0.2.77]");
    // A session between servers, with no client behind it.
    assert_eq!(skipped(&read(&[SMTP, &hop].concat()), Skip::Routing), 1);
}

fn sent(connector: &str, id: u32, recipient: &str, answer: &str) -> String {
    let (rcpt, mail) = (format!("> RCPT TO:<{recipient}>"), "> MAIL FROM:<app@contoso.com> SIZE=900");
    let answer = format!("< {answer}");
    let banner = format!("< 220 {OFFICE} Microsoft ESMTP MAIL Service ready");
    let sending = "* |sending message with RecordId 7 and InternetMessageId <1@app>";
    let lines = [
        "*",
        "+",
        &banner,
        "> EHLO ex01",
        "< 250 hi",
        sending,
        mail,
        &rcpt,
        "< 250 ok",
        "< 250 ok",
        "> BDAT 950 LAST",
        &answer,
        "-",
    ];
    session(connector, id, &lines)
}

#[test]
fn the_way_out_counts_only_where_the_way_in_is_not_told() {
    let send = SMTP.replace("Receive", "Send");
    let out = [
        send.as_str(),
        &sent(OUT, 1, "a@example.net", "250 2.6.0 <1@app> Queued mail for delivery"),
        &sent(OUT, 2, "b@example.org", "451 4.7.0 later"),
        &sent(OUT, 3, "b@example.org", "250 2.6.0 <1@app> Queued mail for delivery"),
        &sent(OUT, 4, "c@example.org", "550 5.7.1 no"),
        &sent("Intra-Organization SMTP Send Connector", 5, "d@example.org", "250 Queued mail for delivery"),
    ]
    .concat();
    let alone = read(&out);
    assert_eq!(only(&alone).recipients, Recipients { delivered: 2, bounced: 1, ..Recipients::default() });
    assert_eq!(only(&alone).message_size, Some(950));
    let other = ReadOptions { relay_hosts: vec!["192.0.2.99".parse().unwrap()], ..ReadOptions::default() };
    let elsewhere = read_with(&[("send", out.as_bytes())], &other);
    assert_eq!(elsewhere.accounting.skipped_messages[&Skip::OtherRelay], 1);
    let office = ReadOptions { relay_hosts: vec!["*.mail.protection.outlook.com".parse().unwrap()], ..other };
    assert_eq!(totals(&read_with(&[("send", out.as_bytes())], &office)).0, 1);

    let way_in = format!("{SMTP}{}", session(FRONT, 1, &["+", "-"]));
    let both = read_with(&[("in", way_in.as_bytes()), ("out", out.as_bytes())], &ReadOptions::default());
    assert_eq!((totals(&both).0, skipped(&both, Skip::Covered)), (0, 65));
}

#[test]
fn tracking_covers_protocol_logs() {
    let message = ["+", "< MAIL FROM:<a@x.com>", "> 250 ok", "-"];
    let sessions = format!("{SMTP}{}", session(FRONT, 1, &message));
    let tracking = log(&[accepted(1, "jo@example.net")]);
    let inputs = [("smtp", sessions.as_bytes()), ("track", tracking.as_bytes())];
    let sink = read_with(&inputs, &ReadOptions::default());
    assert_eq!((totals(&sink).0, skipped(&sink, Skip::Covered)), (1, 4));
    assert_eq!(
        sink.warnings,
        ["SMTP protocol logs are skipped: message tracking in the same run tells of the same messages"]
    );
}

#[test]
fn messages_of_which_only_the_end_is_logged_are_shown() {
    let sink = receive(&["> 354 go", "< BDAT 7 LAST", "> 250 2.6.0 <1@app> Queued mail for delivery"]);
    assert_eq!((totals(&sink).0, skipped(&sink, Skip::Fragment)), (0, 1));
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).unwrap()
}

/// The sample that protocol logs are best cut at: sessions run on in the next part.
#[test]
fn logs_that_are_split_copied_or_packed_give_the_same() {
    for name in ["exchange-server-tracking.log", "exchange-server-protocol.log"] {
        let text = sample(name);
        let whole = totals(&read_with(&[("log", &text)], &ReadOptions::default()));
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        for (at, _) in ends.step_by(3) {
            let (first, second) = text.split_at(at + 1);
            let parts = |parts: &[&[u8]]| {
                let inputs: Vec<_> = parts.iter().map(|part| ("log", *part)).collect();
                totals(&read_with(&inputs, &ReadOptions::default()))
            };
            assert_eq!(parts(&[first, second]), whole, "{name} {at}");
            assert_eq!(parts(&[second, first]), whole, "{name} {at}");
            assert_eq!(parts(&[&text, second, &text, first]), whole, "{name} {at}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{name}.1.gz"));
        let mut packed =
            flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), Default::default());
        packed.write_all(&text).unwrap();
        packed.finish().unwrap();
        let mut inputs = discover(&[path]).unwrap().inputs;
        inputs.push(Input::from_bytes(name, &text));
        assert_eq!(totals(&read_inputs(inputs, &ReadOptions::default())), whole, "{name}");
    }
}

#[test]
fn quoted_recipients_are_one_each() {
    let sink = tracked(&[accepted(1, "\"a;b\"@example.net;c@example.net").with("recipient-count", "2")]);
    assert_eq!(totals(&sink).1, 2);
}

/// Real files: messages, recipients, bytes, recipient bytes; what of them is skipped or of which traffic.
#[test]
fn real_files_give_the_counts_worked_out_by_hand() {
    let folder = std::env::var_os("RELAYMETER_TEST_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let folder = folder.join("logs/exchange-server");
    if !folder.exists() {
        println!("skipped: {} is absent", folder.display());
        return;
    }
    let expected: [(&str, Totals, u64); 8] = [
        ("beats-MSGTRK-v14-utf8bom.LOG", (0, 0, 0, 0), 7),
        ("crowdsec-exchange-smtp-bf.log", (0, 0, 0, 0), 9),
        ("crowdsec-exchange-smtp-logs.log", (0, 0, 0, 0), 1),
        ("derived-MSGTRK2026100108-1.LOG", (1, 2, 2_048, 4_096), 12),
        ("elastic-SmtpReceive-protocol-noheader.log", (0, 0, 0, 0), 4),
        ("elastic-SmtpSend-protocol-noheader.log", (0, 0, 0, 0), 3),
        // Two accepted, one put into a mailbox, and a report with the null sender that the sieve leaves out.
        ("elastic-messagetracking-noheader.log", (3, 3, 151_829, 151_829), 6),
        ("nxlog-MSGTRKMS2022091915-1.LOG", (1, 1, 3_750_222, 3_750_222), 7),
    ];
    for (name, expected, records) in expected {
        let text = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(ExchangeServer.detect(&text), Some(Likelihood::Certain), "{name}");
        let sink = read_with(&[(name, &text)], &ReadOptions::default());
        assert_eq!((totals(&sink), sink.accounting.records), (expected, records), "{name}");
        assert_eq!(sink.accounting.rejected, 0, "{name}: {:?}", reasons(&sink));
    }
}

proptest! {
    #[test]
    fn any_bytes_end_in_the_accounting(bytes in prop::collection::vec(any::<u8>(), 0..300), start in 0..4_usize) {
        let row = accepted(1, "jo@example.net").line();
        let starts = [format!("{V15}\r\n"), SMTP.to_owned(), row, "2026-10-01T06:00:00.000Z,".to_owned()];
        let text = [starts[start].as_bytes(), &bytes].concat();
        ExchangeServer.detect(&bytes);
        read_with(&[("any", &text)], &ReadOptions::default());
    }

    #[test]
    fn any_session_ends_in_the_accounting(lines in prop::collection::vec(0..14_usize, 0..60)) {
        let known = [
            "+", "-", "< MAIL FROM:<a@x.com> SIZE=7", "< RCPT TO:<b@y.com>", "< DATA", "> 354 go", "> 250 ok",
            "> 550 no", "> 250 2.6.0 <1@app> Queued mail for delivery", "< RSET", "< BDAT 5 LAST", "< BDAT 3",
            "* x|authenticated", "< XPROXY SID=1 IP=192.0.2.1",
        ];
        let lines: Vec<&str> = lines.iter().map(|at| known[*at]).collect();
        receive(&lines);
    }
}
