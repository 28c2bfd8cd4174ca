//! The AWStats log of hMailServer: one line per delivery to a recipient, when it ended.
//!
//! Columns, separated by tabs: local time, sender, recipient, address of the client, host that took the message,
//! `SMTP`, `?`, code, bytes. 250 is a delivery; one to a mailbox of the server has the host 127.0.0.1. Any other code
//! is a recipient that was refused or could not be reached, which has 0 bytes: the log tells neither the two apart nor
//! the size, so none of them counts.
//!
//! The log has no id of a message. Deliveries in the same second with the same sender, client and size to recipients
//! that all differ are one message: hMailServer hands a message to all recipients at a host at once. Recipients at a
//! host that answers in another second are a further message; recipients and recipient bytes are right in either
//! case. Messages that only differ in their recipients share a key, for a log that is read while it grows can have
//! shown but some of these. Its other log, of sessions, says too little and is refused.

use std::collections::BTreeMap;
use std::hash::Hasher;

use chrono::{NaiveDate, NaiveDateTime};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::ingest::delimited::{RecipientHasher, plain_digits};
use crate::ingest::grouping::{MessageKey, Repeats};
use crate::ingest::source::{Line, Lines, Origin};
use crate::ingest::trail::{Addressee, Status, Trail};
use crate::ingest::{
    About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Record, Sink, handover, rejection,
};
use crate::period::{Timestamp, Zone};
use crate::usage::names::{decode, parse_ip};
use crate::usage::{
    ClientId, HostId, Recipients, SenderId, SizeQuality, Skip, SourceId, Submission, TimeQuality, Traffic,
};

/// Columns of a line.
const COLUMNS: usize = 9;
/// The code of a delivery.
const DELIVERED: u64 = 250;
/// Seconds by which lines of one log can be out of order.
const DISORDER: i64 = 300;

/// The format `hmailserver`.
#[derive(Debug)]
pub(super) struct HMailServer;

impl LogFormat for HMailServer {
    fn name(&self) -> &'static str {
        "hmailserver"
    }

    fn about(&self) -> About {
        About {
            title: "hMailServer's AWStats log",
            size: "bytes of the message in each line",
            recipients: "one line each; those of one second, sender, client and size are one message",
            direction: "deliveries to the server's own mailboxes are left out; --relay-host narrows further",
            sender: "envelope sender; client address",
            limits: "local time (--log-timezone); the time is that of the delivery; lines of failures have no size and \
                     do not count; a line that repeats in another file counts once",
            export: "hMailServer Administrator > Settings > Logging > AWStats; then copy hmailserver_awstats.log \
                     from the Logs folder",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let mut lines = head.split(|byte| *byte == b'\n');
        lines.any(|line| Delivery::of(line).is_some() || is_of_session(line)).then_some(Likelihood::Certain)
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let mut inputs = without_sessions(inputs, sink)?;
        in_order(&mut inputs)?;
        let mut reader = Reader::new(options, (inputs.len() > 1).then(Repeats::default), sink);
        for input in &mut inputs {
            reader.read(input)?;
        }
        reader.finish();
        Ok(())
    }
}

/// Puts the parts of a log in the order of their lines. Parts that begin in one second are told apart by where they
/// end, since a message may begin in one and go on in the other.
fn in_order(inputs: &mut [Input]) -> Result<(), ReadError> {
    let firsts: Vec<_> = inputs.iter().map(|input| first_time(input.head())).collect();
    let mut keys = Vec::with_capacity(inputs.len());
    for (input, first) in inputs.iter_mut().zip(&firsts) {
        let is_alone = firsts.iter().filter(|other| *other == first).count() == 1;
        let tail = if is_alone { None } else { input.tail()? };
        let last = tail
            .and_then(|tail| tail.rsplit(|byte| *byte == b'\n').find_map(Delivery::of).map(|one| one.local));
        keys.push((*first, last, input.name().to_owned()));
    }
    inputs.sort_by_cached_key(|input| keys.iter().find(|(_, _, name)| name == input.name()).cloned());
    Ok(())
}

/// Leaves out session logs, which hold no size and not what became of a message.
fn without_sessions(inputs: Vec<Input>, sink: &mut dyn Sink) -> Result<Vec<Input>, ReadError> {
    let mut kept = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut lines = input.head().split(|byte| *byte == b'\n');
        if !lines.any(is_of_session) || first_time(input.head()).is_some() {
            kept.push(input);
            continue;
        }
        let refusal = ReadError::Undecided {
            input: input.name().to_owned(),
            problem: "recognised as hMailServer's session log, which holds no sizes of messages".to_owned(),
            hint: "read its AWStats log, hmailserver_awstats.log, which is turned on in hMailServer Administrator > \
                   Settings > Logging > AWStats"
                .to_owned(),
        };
        if input.origin() == Origin::Named {
            return Err(refusal);
        }
        sink.damage(input.name(), 0, refusal.reason());
    }
    Ok(kept)
}

/// `"SMTPD" 1204 17 "2026-10-01 08:00:00.123" "192.0.2.7" "RECEIVED: ..."`, separated by tabs.
fn is_of_session(line: &[u8]) -> bool {
    let mut cells = line.split(|byte| *byte == b'\t');
    let is_smtp = matches!(cells.next(), Some(b"\"SMTPD\"" | b"\"SMTPC\""));
    is_smtp && cells.next().and_then(plain_digits).is_some() && cells.next().and_then(plain_digits).is_some()
}

/// A line of the log.
#[derive(Clone, Copy, Debug)]
struct Delivery<'a> {
    local: NaiveDateTime,
    sender: &'a [u8],
    recipient: &'a [u8],
    client: &'a [u8],
    host: &'a [u8],
    code: u64,
    bytes: u64,
}

impl Delivery<'_> {
    /// Reads a line; `None` where it is not one of the log.
    fn of(line: &[u8]) -> Option<Delivery<'_>> {
        let mut cells = [&[][..]; COLUMNS];
        let mut count = 0;
        for cell in line.trim_ascii_end().split(|byte| *byte == b'\t') {
            *cells.get_mut(count)? = cell.trim_ascii();
            count += 1;
        }
        let [time, sender, recipient, client, host, protocol, page, code, bytes] = cells;
        if count != COLUMNS || protocol != b"SMTP" || page != b"?" {
            return None;
        }
        let (local, code, bytes) = (local_time(time)?, plain_digits(code)?, plain_digits(bytes)?);
        Some(Delivery { local, sender, recipient, client, host, code, bytes })
    }

    /// What identifies the message as far as its line does: time as it is logged, sender, client and size.
    fn key(&self) -> MessageKey {
        let seconds = self.local.and_utc().timestamp().to_be_bytes();
        let size = self.bytes.to_be_bytes();
        MessageKey::of_parts(&[b"hmailserver", &seconds, self.sender, self.client, &size])
    }

    /// Whether the server put the message into a mailbox of its own.
    fn is_local(&self) -> bool {
        parse_ip(&decode(self.host)).is_some_and(|ip| ip.is_loopback())
    }
}

/// `2026-10-01 08:00:00`.
fn local_time(text: &[u8]) -> Option<NaiveDateTime> {
    let number = |from: usize, to: usize| -> Option<u32> {
        plain_digits(text.get(from..to)?).and_then(|value| u32::try_from(value).ok())
    };
    let signs = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if text.len() != 19 || signs.iter().any(|(at, sign)| text.get(*at) != Some(sign)) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0, 4)?.cast_signed(), number(5, 7)?, number(8, 10)?)?;
    date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)
}

/// The time of the first line that has one.
fn first_time(head: &[u8]) -> Option<NaiveDateTime> {
    let mut lines = head.split(|byte| *byte == b'\n');
    lines.find_map(Delivery::of).map(|delivery| delivery.local)
}

fn hash_of(line: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(line);
    hasher.finish()
}

/// Deliveries of one second that are one message so far.
#[derive(Debug)]
struct Group {
    sender: SenderId,
    client: ClientId,
    host: HostId,
    size: Option<u64>,
    recipients: FxHashSet<u64>,
    place: (SourceId, u64),
    key: MessageKey,
}

/// What identifies a message within its second.
type GroupKey = (SenderId, ClientId, u64);

struct Reader<'s> {
    sink: &'s mut dyn Sink,
    options: &'s ReadOptions,
    /// Of one input no line can repeat one of another.
    repeats: Option<Repeats>,
    hasher: RecipientHasher,
    tally: BTreeMap<Skip, u64>,
    second: Timestamp,
    groups: FxHashMap<GroupKey, Group>,
    /// The keys in the order in which their groups began; of groups that ended since, once more.
    order: Vec<GroupKey>,
    delivered: u64,
}

impl<'s> Reader<'s> {
    fn new(options: &'s ReadOptions, repeats: Option<Repeats>, sink: &'s mut dyn Sink) -> Reader<'s> {
        Reader {
            sink,
            options,
            repeats,
            hasher: RecipientHasher::default(),
            tally: BTreeMap::new(),
            second: Timestamp::from_seconds(i64::MIN),
            groups: FxHashMap::default(),
            order: Vec::new(),
            delivered: 0,
        }
    }

    fn read(&mut self, input: &mut Input) -> Result<(), ReadError> {
        let source = self.sink.names().add_source(input.name());
        if let Some(repeats) = &mut self.repeats {
            repeats.begin_input();
        }
        let mut lines = Lines::new(input.open()?);
        let (mut last, mut earliest) = (0, Timestamp::from_seconds(i64::MIN));
        loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    last = line.number;
                    if let Err(reason) = self.line(&line, source, &mut earliest) {
                        self.sink.reject(rejection(input, last, reason));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.sink.damage(input.name(), last, error.to_string());
                    break;
                }
            }
        }
        self.sink.records(last);
        Ok(())
    }

    fn line(
        &mut self,
        line: &Line<'_>,
        source: SourceId,
        earliest: &mut Timestamp,
    ) -> Result<(), &'static str> {
        if line.cut {
            return Err("it is longer than 1 MiB, or the input breaks off inside it");
        }
        if line.bytes.trim_ascii().is_empty() {
            self.skip(Skip::Header, 1);
            return Ok(());
        }
        if is_of_session(line.bytes) {
            self.skip(Skip::Session, 1);
            return Ok(());
        }
        let delivery = Delivery::of(line.bytes).ok_or(
            "expected 9 columns of the AWStats log: time, sender, recipient, client, host, SMTP, ?, code, bytes",
        )?;
        let zone = self.options.log_zone.unwrap_or(Zone::UTC);
        let time = zone.to_utc_after(delivery.local, *earliest);
        *earliest = Timestamp::from_seconds(time.seconds() - DISORDER);
        let reason = self.excluded(&delivery);
        if let Some(reason) = reason {
            self.skip(reason, 1);
            return Ok(());
        }
        if self.repeats.as_mut().is_some_and(|repeats| repeats.repeats(hash_of(line.bytes))) {
            self.skip(Skip::Duplicate, 1);
            return Ok(());
        }
        let recipient = self.hasher.hash(delivery.recipient).ok_or("the recipient is missing")?;
        self.deliver(&delivery, recipient, time, (source, line.number));
        Ok(())
    }

    /// Why a line counts nothing.
    fn excluded(&self, delivery: &Delivery<'_>) -> Option<Skip> {
        if delivery.code != DELIVERED {
            return Some(Skip::NotAccepted);
        }
        if delivery.is_local() {
            return Some(Skip::LocalDelivery);
        }
        let hosts = &self.options.relay_hosts;
        let is_chosen = hosts.is_empty() || handover::is_to(hosts, &decode(delivery.host).to_lowercase());
        (!is_chosen).then_some(Skip::OtherRelay)
    }

    fn skip(&mut self, reason: Skip, records: u64) {
        *self.tally.entry(reason).or_default() += records;
    }

    fn deliver(&mut self, delivery: &Delivery<'_>, recipient: u64, time: Timestamp, place: (SourceId, u64)) {
        self.delivered += 1;
        if time != self.second {
            self.let_go();
            self.second = time;
        }
        let names = self.sink.names();
        // The log leaves the null sender empty.
        let sender = if delivery.sender.is_empty() { SenderId::NULL } else { names.sender(delivery.sender) };
        let (client, host) = (names.client(b"", delivery.client, b""), names.host(delivery.host));
        let key = (sender, client, delivery.bytes);
        if self.groups.get(&key).is_some_and(|group| group.recipients.contains(&recipient))
            && let Some(whole) = self.groups.remove(&key)
        {
            self.hand_on(whole);
        }
        let order = &mut self.order;
        let group = self.groups.entry(key).or_insert_with(|| {
            order.push(key);
            let size = Some(delivery.bytes).filter(|bytes| *bytes > 0);
            Group { sender, client, host, size, recipients: FxHashSet::default(), place, key: delivery.key() }
        });
        group.recipients.insert(recipient);
        if group.host != host {
            group.host = HostId::SEVERAL;
        }
    }

    /// Hands on the messages of the last second.
    fn let_go(&mut self) {
        for key in std::mem::take(&mut self.order) {
            if let Some(group) = self.groups.remove(&key) {
                self.hand_on(group);
            }
        }
    }

    fn hand_on(&mut self, group: Group) {
        let delivered = group.recipients.len() as u64;
        let submission = Submission {
            time: self.second,
            time_quality: TimeQuality::ZoneAssumed,
            messages: 1,
            message_size: group.size,
            size_quality: if group.size.is_some() { SizeQuality::Measured } else { SizeQuality::Missing },
            recipients: Recipients { delivered, ..Recipients::default() },
            recipients_upper: delivered,
            sender: group.sender,
            client: group.client,
            relay: group.host,
            traffic: Traffic::Relay,
            source: group.place.0,
            line: group.place.1,
            records: delivered,
            key: group.key.bits(),
        };
        if !self.sink.wants_trails() {
            return self.sink.accept(Record::Submission(submission));
        }
        let addressee = |hash| Addressee { hash, status: Status::Delivered, accepted: false };
        let listed: Vec<Addressee> = group.recipients.into_iter().map(addressee).collect();
        self.sink.accept_with(submission, &Trail::of_key(submission.time, true, &listed));
    }

    fn finish(mut self) {
        self.let_go();
        let Reader { sink, options, repeats, tally, delivered, .. } = self;
        tally.into_iter().for_each(|(reason, count)| sink.skip(reason, count));
        if let Some(count) = repeats.map(|repeats| repeats.count).filter(|count| *count > 0) {
            sink.warn(format!(
                "{count} deliveries are in more than one file and count once: the log has no ids"
            ));
        }
        if delivered > 0 {
            sink.zone_assumed(HMailServer.name(), "");
        }
        if options.log_zone.is_none() && delivered > 0 {
            sink.warn("times of the log have no zone and are read as UTC; give --log-timezone".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::collect::Collected;

    fn read_with(options: &ReadOptions, texts: &[&str]) -> Collected {
        let inputs = texts.iter().enumerate();
        let inputs =
            inputs.map(|(at, text)| Input::from_bytes(&format!("{at}.log"), text.as_bytes())).collect();
        let mut sink = Collected::default();
        HMailServer.read(inputs, options, &mut sink).unwrap();
        assert!(sink.accounting.adds_up(), "{:?}", sink.accounting);
        sink
    }

    fn read(texts: &[&str]) -> Collected {
        read_with(&ReadOptions::default(), texts)
    }

    /// Messages, recipients, recipient bytes.
    fn sums(sink: &Collected) -> (u64, u64, u64) {
        sink.submissions().fold((0, 0, 0), |sums, one| {
            let all = one.recipients.delivered;
            (sums.0 + one.messages, sums.1 + all, sums.2 + all * one.message_size.unwrap_or(0))
        })
    }

    fn line(second: u32, sender: &str, recipient: &str, host: &str, rest: &str) -> String {
        format!(
            "2026-10-01 08:00:{second:02}\t{sender}\t{recipient}\t192.0.2.7\t{host}\tSMTP\t?\t{}\r\n",
            rest.replace(' ', "\t")
        )
    }

    fn log() -> String {
        [
            line(1, "shop@example.com", "a@example.net", "mx.example.net", "250 1000"),
            line(1, "shop@example.com", "b@example.net", "mx.example.net", "250 1000"),
            line(1, "news@example.com", "b@example.net", "mx.example.net", "250 1000"),
            line(1, "shop@example.com", "c@example.org", "mx.example.org", "250 1000"),
            line(1, "shop@example.com", "A@example.net", "mx.example.net", "250 1000"),
            line(2, "shop@example.com", "jo@example.com", "127.0.0.1", "250 1200"),
            line(2, "shop@example.com", "nobody@example.net", "127.0.0.1", "550 0"),
            line(2, "", "app@example.net", "mx.example.net", "250 3000"),
            line(3, "shop@example.com", "a@example.net", "mx.example.net", "250 0"),
        ]
        .concat()
    }

    #[test]
    fn deliveries_of_one_second_are_one_message() {
        let sink = read(&[&log()]);
        let shown: Vec<(u64, Option<u64>, bool)> = sink
            .submissions()
            .map(|one| (one.recipients.delivered, one.message_size, one.relay == HostId::SEVERAL))
            .collect();
        let expected = [
            (3, Some(1000), true),
            (1, Some(1000), false),
            (1, Some(1000), false),
            (1, Some(3000), false),
            (1, None, false),
        ];
        assert_eq!(shown, expected);
        assert_eq!(sink.submissions().filter(|one| one.sender == SenderId::NULL).count(), 1);
        assert_eq!(sink.accounting.skipped[&Skip::LocalDelivery], 1);
        assert_eq!(sink.accounting.skipped[&Skip::NotAccepted], 1);
        let zone = "times of the log have no zone and are read as UTC; give --log-timezone";
        assert_eq!(sink.warnings, [zone]);
    }

    #[test]
    fn splits_copies_and_overlaps_change_nothing() {
        let whole = log();
        let expected = (5, 7, 5000 + 3000);
        assert_eq!(sums(&read(&[&whole])), expected);
        assert_eq!(sums(&read(&[&whole, &whole])), expected);
        for (end, _) in whole.match_indices('\n') {
            let (head, tail) = whole.split_at(end + 1);
            assert_eq!(sums(&read(&[head, tail])), expected);
            assert_eq!(sums(&read(&[head, &whole, tail])), expected);
        }
    }

    #[test]
    fn zone_and_relay_hosts_are_heeded() {
        let options = ReadOptions {
            log_zone: "Europe/Rome".parse().ok(),
            relay_hosts: vec!["*.example.org".parse().unwrap()],
            ..ReadOptions::default()
        };
        let sink = read_with(&options, &[&log()]);
        assert_eq!(sums(&sink), (1, 1, 1000));
        assert_eq!(sink.submissions().next().unwrap().time.to_string(), "2026-10-01T06:00:01Z");
        assert_eq!(sink.accounting.skipped[&Skip::OtherRelay], 6);
        assert_eq!(sink.warnings, Vec::<String>::new());
    }

    #[test]
    fn session_logs_end_in_an_error_that_names_the_other_log() {
        let session =
            "\"SMTPD\"\t1204\t17\t\"2026-10-01 08:00:00.123\"\t\"192.0.2.7\"\t\"RECEIVED: MAIL FROM:<>\"\r\n";
        assert_eq!(HMailServer.detect(session.as_bytes()), Some(Likelihood::Certain));
        let input = Input::from_bytes("hmailserver.log", session.as_bytes());
        let error =
            HMailServer.read(vec![input], &ReadOptions::default(), &mut Collected::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "hmailserver.log: recognised as hMailServer's session log, which holds no sizes of messages\n\
             hint: read its AWStats log, hmailserver_awstats.log, which is turned on in hMailServer Administrator > \
             Settings > Logging > AWStats"
        );
    }

    #[test]
    fn sessions_in_the_same_file_are_left_out() {
        let session = "\"SMTPC\"\t1204\t17\t\"2026-10-01 08:00:00.123\"\t\"192.0.2.7\"\t\"SENT: QUIT\"\r\n";
        let sink = read(&[&(session.to_owned() + &log())]);
        assert_eq!((sums(&sink).0, sink.accounting.skipped[&Skip::Session]), (5, 1));
    }

    #[test]
    fn other_tables_are_not_recognised_and_bad_lines_are_shown() {
        for other in ["a\tb\tc\n", "2026-10-01 08:00:00\ta\tb\tc\td\tHTTP\t?\t200\t5\n", ""] {
            assert_eq!(HMailServer.detect(other.as_bytes()), None, "{other}");
        }
        let text = log() + "2026-10-01 08:00:00\thalf\n\n";
        let sink = read(&[&text]);
        assert_eq!((sums(&sink).0, sink.accounting.rejected), (5, 1));
        assert_eq!(sink.accounting.skipped[&Skip::Header], 1);
    }

    proptest::proptest! {
        #[test]
        fn any_damage_is_accounted_for(at in 0_usize..900, byte in proptest::prelude::any::<u8>(), cut in 0_usize..900) {
            let mut text = log().into_bytes();
            let (at, cut) = (at % text.len(), cut % text.len());
            text[at] = byte;
            for bytes in [&text[..], &text[cut..]] {
                let mut sink = Collected::default();
                HMailServer.read(vec![Input::from_bytes("a", bytes)], &ReadOptions::default(), &mut sink).unwrap();
                proptest::prop_assert!(sink.accounting.adds_up());
            }
        }
    }
}
