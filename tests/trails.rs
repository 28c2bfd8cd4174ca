//! What a store of submissions relies on, shown on the samples of all formats: keys are of what is logged, trails settle
//! to what was counted, and a log that is cut between any two lines gives in two reads, joined, what it gives in one.
//!
//! [`Store`] joins by the rules of the ledger: a key, or a thread whose lives overlap or go on.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod pieces;

use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::{BTreeMap, BTreeSet};

use relaymeter::ingest::formats::FORMATS;
use relaymeter::ingest::run::read_all;
use relaymeter::ingest::trail::{Addressee, Status};
use relaymeter::ingest::{DateOrder, Input, ReadOptions, Record, Sink, Trail, settle};
use relaymeter::usage::{Names, Recipients, Rejection, SenderId, SizeQuality, Skip, Submission};

use pieces::Sample;

/// Seconds by which the lives of one message in two reads may miss each other.
const GRACE: i64 = 5;
/// Seconds after which nothing goes on any more.
const LONGEST: i64 = 60 * 86_400;
/// Lines of a sample that is not cut at all of its lines.
const LONG: usize = 100;

/// A message as it is kept.
#[derive(Clone, Debug)]
struct Row {
    key: u128,
    /// The number among those of its key in one read.
    leg: usize,
    thread: Option<u64>,
    span: (i64, i64),
    begun: bool,
    ended: bool,
    stated: u64,
    rest: Status,
    accepted: bool,
    listed: BTreeMap<u64, (Status, bool)>,
    messages: u64,
    /// Whether the next host stated the size, which then stands; and the size.
    size: (bool, Option<u64>),
    sender: Option<String>,
}

impl Row {
    fn trail<'a>(&self, listed: &'a mut Vec<Addressee>) -> Trail<'a> {
        let addressee =
            |(&hash, &(status, accepted)): (&u64, &(Status, bool))| Addressee { hash, status, accepted };
        *listed = self.listed.iter().map(addressee).collect();
        Trail {
            thread: self.thread,
            last: relaymeter::period::Timestamp::from_seconds(self.span.1),
            begun: self.begun,
            ended: self.ended,
            stated: self.stated,
            rest: self.rest,
            accepted: self.accepted,
            recipients: listed,
        }
    }

    fn recipients(&self) -> Recipients {
        settle(&self.trail(&mut Vec::new())).recipients
    }

    /// Whether another row is of the same message.
    fn is(&self, other: &Row) -> bool {
        let same_key = self.key == other.key && self.leg == other.leg;
        let (Some(thread), Some(other_thread)) = (self.thread, other.thread) else { return same_key };
        let goes_on = |first: &Row, next: &Row| {
            let gap = next.span.0 - first.span.1;
            !first.ended && !next.begun && (-GRACE..LONGEST).contains(&gap)
        };
        let overlaps = self.span.0 - GRACE <= other.span.1 && other.span.0 - GRACE <= self.span.1;
        thread == other_thread
            && (self.key == other.key || overlaps || goes_on(self, other) || goes_on(other, self))
    }

    fn join(&mut self, mut other: Row) {
        // Of two acceptances the earlier stands; the other is a hop.
        // Of two at one moment the smaller was the first.
        let moment = |row: &Row| (row.span.0, row.size.1.unwrap_or(u64::MAX));
        let order = if self.accepted && other.accepted { moment(self).cmp(&moment(&other)) } else { Equal };
        let hop = match order {
            Less => Some(&mut other),
            Equal => None,
            Greater => Some(&mut *self),
        };
        if let Some(hop) = hop {
            hop.listed.values_mut().for_each(|one| one.1 = false);
            hop.begun = false;
        }
        for (hash, (status, accepted)) in other.listed {
            let one = self.listed.entry(hash).or_insert((status, accepted));
            *one = (one.0.max(status), one.1 || accepted);
        }
        self.rest = match (self.ended, other.ended) {
            (true, false) => self.rest,
            (false, true) => other.rest,
            _ => self.rest.max(other.rest),
        };
        let other_first = other.begun && !self.begun;
        let (first, later) = if other_first { (other.size, self.size) } else { (self.size, other.size) };
        self.size = match (first, later) {
            _ if first.0 != later.0 || self.begun == other.begun => first.max(later),
            _ => (first.0, first.1.or(later.1)),
        };
        let (first, later) = (self.sender.take(), other.sender);
        self.sender = if other_first { later.or(first) } else { first.or(later) };
        self.messages = self.messages.max(other.messages);
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.stated = self.stated.max(other.stated);
        self.begun |= other.begun;
        self.ended |= other.ended;
        self.accepted |= other.accepted;
        self.thread = self.thread.or(other.thread);
    }
}

/// Everything that was read, joined.
#[derive(Default)]
struct Store {
    names: Names,
    rows: Vec<Row>,
    summaries: BTreeMap<u128, (u64, Recipients, u32)>,
    submissions: Vec<(Submission, bool)>,
    legs: BTreeMap<u128, usize>,
    zones: BTreeSet<(String, String)>,
}

impl Store {
    fn take(&mut self, submission: &Submission, trail: &Trail<'_>, is_finished: bool) {
        let leg = self.legs.entry(submission.key).or_default();
        let sender = submission.sender;
        let sender = (sender != SenderId::UNKNOWN).then(|| self.names.sender_address(sender).to_owned());
        let mut row = Row {
            key: submission.key,
            leg: *leg,
            thread: trail.thread,
            span: (submission.time.seconds(), trail.last.seconds()),
            begun: trail.begun,
            ended: trail.ended,
            stated: trail.stated,
            rest: trail.rest,
            accepted: trail.accepted,
            listed: trail.recipients.iter().map(|one| (one.hash, (one.status, one.accepted))).collect(),
            messages: submission.messages,
            size: (submission.size_quality == SizeQuality::Accepted, submission.message_size),
            sender,
        };
        *leg += usize::from(is_finished);
        while let Some(at) = self.rows.iter().position(|known| known.is(&row)) {
            let mut known = self.rows.swap_remove(at);
            known.join(row);
            row = known;
        }
        self.rows.push(row);
    }

    fn read(&mut self, sample: &Sample, options: &ReadOptions, text: &str) {
        self.legs.clear();
        let format = FORMATS.iter().find(|format| format.name() == sample.format).unwrap();
        let inputs = vec![Input::from_bytes(&sample.name, text.as_bytes())];
        read_all(inputs, FORMATS, Some(*format), options, self).unwrap();
    }

    /// What counts: messages, recipients by outcome, size and sender of each.
    fn counts(&self) -> Vec<String> {
        let rows = self.rows.iter().filter(|row| row.recipients().attempted() > 0);
        let shown = |row: &Row| {
            let Recipients { delivered, open, bounced, filtered, unknown } = row.recipients();
            let sender = row.sender.clone();
            format!(
                "{} {delivered} {open} {bounced} {filtered} {unknown} {:?} {sender:?}",
                row.messages, row.size.1
            )
        };
        let mut counts: Vec<String> = rows.map(shown).collect();
        counts.extend(self.summaries.values().map(|summary| format!("{summary:?}")));
        counts.sort();
        counts
    }

    fn keys(&self) -> Vec<u128> {
        let mut keys: Vec<u128> = self.submissions.iter().map(|(one, _)| one.key).collect();
        keys.sort_unstable();
        keys
    }
}

impl Sink for Store {
    fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    fn wants_trails(&self) -> bool {
        true
    }

    fn accept(&mut self, record: Record) {
        assert!(!matches!(record, Record::Submission(_)), "{record:?} has no trail");
    }

    fn accept_with(&mut self, submission: Submission, trail: &Trail<'_>) {
        let settled = settle(trail);
        assert_eq!(settled.recipients, submission.recipients, "{submission:?} {trail:?}");
        assert_eq!(settled.upper, submission.recipients_upper, "{submission:?} {trail:?}");
        let hashes: BTreeSet<u64> = trail.recipients.iter().map(|one| one.hash).collect();
        assert_eq!(hashes.len(), trail.recipients.len(), "{trail:?}");
        assert!(trail.last >= submission.time, "{submission:?} {trail:?}");
        self.take(&submission, trail, true);
        self.submissions.push((submission, true));
    }

    fn unfinished(&mut self, submission: &Submission, trail: &Trail<'_>) {
        self.take(submission, trail, false);
    }

    fn accept_summary(&mut self, summary: Submission, seconds: u32) {
        self.summaries.insert(summary.key, (summary.messages, summary.recipients, seconds));
        self.submissions.push((summary, false));
    }

    fn zone_assumed(&mut self, format: &'static str, host: &str) {
        self.zones.insert((format.to_owned(), host.to_owned()));
    }

    fn records(&mut self, _: u64) {}
    fn skip(&mut self, _: Skip, _: u64) {}
    fn skip_message(&mut self, _: Skip, _: u64) {}
    fn reject(&mut self, _: Rejection) {}
    fn warn(&mut self, _: String) {}
    fn damage(&mut self, input: &str, line: u64, what: String) {
        panic!("{input}:{line}: {what}");
    }
}

/// The samples of messages. A part need not prove year and zone, so they are told.
fn samples() -> Vec<Sample> {
    let of_messages = |sample: &Sample| !["azure-cost", "control-totals"].contains(&sample.format.as_str());
    let mut samples: Vec<Sample> = pieces::samples().into_iter().filter(of_messages).collect();
    for sample in &mut samples {
        sample.options.year = sample.options.year.or(Some(2026));
        if sample.name == "acs-diagnostics-loganalytics.csv" {
            sample.options.date_order = Some(DateOrder::MonthDay);
        }
        sample.options.log_zone = sample.options.log_zone.or("UTC".parse().ok());
    }
    samples
}

fn whole(sample: &Sample) -> String {
    sample.header.clone() + &sample.pieces.concat()
}

fn read(sample: &Sample, options: &ReadOptions, texts: &[&str]) -> Store {
    let mut store = Store::default();
    texts.iter().for_each(|text| store.read(sample, options, text));
    store
}

#[test]
fn messages_have_keys_of_their_own() {
    for sample in samples() {
        let store = read(&sample, &sample.options, &[&whole(&sample)]);
        let mut seen = BTreeSet::new();
        for (submission, _) in store.submissions.iter().filter(|(one, _)| one.messages > 0) {
            // Its log tells no more of a message than sender, client, size and second.
            if sample.format == "hmailserver" {
                continue;
            }
            assert!(seen.insert(submission.key), "{}: {submission:?}", sample.name);
        }
    }
}

#[test]
fn keys_are_of_what_is_logged() {
    for sample in samples() {
        let expected = read(&sample, &sample.options, &[&whole(&sample)]).keys();
        let zone = |name: &str| ReadOptions { log_zone: name.parse().ok(), ..sample.options.clone() };
        let of_year = ReadOptions { year: Some(2021), ..sample.options.clone() };
        for options in [zone("Asia/Tokyo"), zone("America/Los_Angeles"), of_year] {
            assert_eq!(read(&sample, &options, &[&whole(&sample)]).keys(), expected, "{}", sample.name);
        }
        let name = Sample { name: "another.name".to_owned(), ..sample };
        assert_eq!(read(&name, &name.options, &[&whole(&name)]).keys(), expected);
    }
}

/// Samples with cuts where the two parts do not tell the same as the whole: cuts after which sizes or senders differ, at
/// most, and cuts after which messages or recipients do.
const LESS: [(&str, usize, usize); 9] = [
    // Legs of one mail under several queue ids that no line of one part links: who handed the mail in, and with which
    // size, is told by the later leg.
    ("postfix.log", 1, 0),
    ("exim-mainlog.log", 2, 0),
    ("opensmtpd.log", 8, 0),
    // The same; clones of a message of which one part does not tell, and a recipient that is announced twice and tried
    // once before the first part ends.
    ("sendmail.log", 5, 2),
    // Deliveries of one second that are alike in all but the recipients: two messages that are cut apart are one.
    ("hmailserver-awstats.log", 0, 1),
    // Sessions: rows of IIS have no id, and what a client of Exchange said before a part begins is not known in it.
    ("iis-smtp-w3c.log", 5, 14),
    ("iis-smtp-ncsa.log", 2, 4),
    ("iis-smtp-iis.log", 2, 3),
    ("exchange-server-protocol.log", 0, 3),
];

/// What can be different after a cut.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Difference {
    /// Size and sender.
    Origin,
    /// Messages or recipients, too.
    Counts,
}

/// The difference between what was found and what is expected.
fn difference(found: &Store, expected: &Store) -> Option<Difference> {
    let counts = |store: &Store| -> Vec<String> {
        let first = |row: String| row.split(" Some").next().map(|row| row.replace(" None", "")).unwrap();
        let mut counts: Vec<String> = store.counts().into_iter().map(first).collect();
        counts.sort();
        counts
    };
    match (found.counts() == expected.counts(), counts(found) == counts(expected)) {
        (true, _) => None,
        (false, true) => Some(Difference::Origin),
        (false, false) => Some(Difference::Counts),
    }
}

/// The two parts of a sample that is cut. The second has the header too, or the directives that hold at the cut.
fn parts(sample: &Sample, lines: &[String], at: usize) -> [String; 2] {
    let is_directive = |line: &&String| line.starts_with('#');
    let before: Vec<&String> = lines[..at].iter().rev().skip_while(|line| !is_directive(line)).collect();
    let held = before.into_iter().take_while(|line| is_directive(line)).collect::<Vec<_>>();
    let held: String = held.into_iter().rev().filter(|_| sample.in_sections).map(String::as_str).collect();
    let header = &sample.header;
    [format!("{header}{}", lines[..at].concat()), format!("{header}{held}{}", lines[at..].concat())]
}

#[test]
fn two_parts_are_joined_to_the_whole() {
    for sample in samples() {
        let expected = read(&sample, &sample.options, &[&whole(&sample)]);
        let lines: Vec<String> = match sample.in_sections {
            true => sample.pieces.concat().split_inclusive('\n').map(str::to_owned).collect(),
            false => sample.pieces.clone(),
        };
        let (mut origins, mut counts) = (0, 0);
        for at in (1..lines.len()).step_by(1 + lines.len() / LONG * 5) {
            let [first, last] = parts(&sample, &lines, at);
            let mut worst = None;
            for texts in [[&*first, &last], [&last, &first]] {
                let mut found = read(&sample, &sample.options, &texts);
                worst = worst.max(difference(&found, &expected));
                if texts[0] == first {
                    // The whole read once more adds nothing.
                    found.read(&sample, &sample.options, &whole(&sample));
                    worst = worst.max(difference(&found, &expected));
                }
            }
            origins += usize::from(worst == Some(Difference::Origin));
            counts += usize::from(worst == Some(Difference::Counts));
        }
        let allowed = LESS.iter().find(|(name, ..)| *name == sample.name).copied();
        let (_, most_origins, most_counts) = allowed.unwrap_or_default();
        assert!(origins <= most_origins && counts <= most_counts, "{}: {origins}, {counts}", sample.name);
    }
}

#[test]
fn the_hosts_of_an_assumed_zone_are_told() {
    let zones = |name: &str, zone: Option<&str>| {
        let sample = samples().into_iter().find(|sample| sample.name == name).unwrap();
        let log_zone = zone.map(|zone| zone.parse().unwrap());
        let options = ReadOptions { log_zone, ..sample.options.clone() };
        read(&sample, &options, &[&whole(&sample)]).zones.into_iter().collect::<Vec<_>>()
    };
    let told = |format: &str, host: &str| vec![(format.to_owned(), host.to_owned())];
    assert_eq!(zones("opensmtpd.log", None), told("opensmtpd", "gw1"));
    assert_eq!(zones("hmailserver-awstats.log", None), told("hmailserver", ""));
    assert_eq!(zones("iis-smtp-iis.log", Some("America/Chicago")), told("iis-smtp", ""));
    // Its own message-ids prove the zone, unless the user states one.
    assert_eq!(zones("postfix.log", None), []);
    assert_eq!(zones("postfix.log", Some("UTC")), told("postfix", "relay1"));
    assert_eq!(zones("acs-diagnostics.jsonl", None), []);
}

#[test]
fn a_later_export_of_a_window_has_its_key() {
    let mut sample = samples().into_iter().find(|sample| sample.format == "generic-csv").unwrap();
    sample.options = ReadOptions::default();
    let read_table = |rows: &str| {
        let table = format!("date,sender,application,count,recipient_count,size\n{rows}");
        let store = read(&sample, &sample.options, &[&table]);
        store.summaries.iter().map(|(key, summary)| (*key, summary.0, summary.2)).collect::<BTreeSet<_>>()
    };
    let early = read_table("2026-10-01,a@contoso.com,shop,10,12,1000\n");
    let late =
        read_table("2026-10-01,a@contoso.com,shop,20,30,1100\n2026-10-01,a@contoso.com,erp,20,30,1100\n");
    let (key, ..) = early.first().copied().unwrap();
    assert_eq!(early, BTreeSet::from([(key, 10, 86_400)]));
    assert!(late.contains(&(key, 20, 86_400)) && late.len() == 2, "{late:?}");
}

#[test]
fn the_order_of_dates_changes_no_key_of_a_table() {
    let mut sample = samples().into_iter().find(|sample| sample.format == "generic-csv").unwrap();
    let table = "date,message id,sender,recipients\n03/04/2026 10:00,<1@x>,a@contoso.com,b@example.com\n\
                 04/04/2026 10:00,<2@x>,a@contoso.com,b@example.com\n";
    let mut keys = |order| {
        sample.options = ReadOptions { date_order: Some(order), ..ReadOptions::default() };
        read(&sample, &sample.options, &[table]).keys()
    };
    let expected = keys(DateOrder::DayMonth);
    assert_eq!((expected.len(), keys(DateOrder::MonthDay)), (2, expected));
}
