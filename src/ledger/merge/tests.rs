//! Joining is the same in any order, says nothing twice, and mends a log that was cut anywhere.

use proptest::prelude::*;

use super::super::identity::Likeness;
use super::super::submissions::Identity;
use super::*;
use crate::ingest::trail::Status;
use crate::period::Timestamp;
use crate::usage::TimeQuality;

/// A message to one recipient, of which everything is known.
pub(in crate::ledger) fn row() -> SubmissionRow {
    SubmissionRow {
        key: 1,
        leg: 0,
        thread: Some(9),
        time: Timestamp::from_seconds(1_790_000_000),
        last: Timestamp::from_seconds(1_790_000_000),
        time_quality: TimeQuality::Exact,
        messages: 1,
        message_size: Some(1_000),
        size_quality: SizeQuality::Measured,
        recipients: Recipients { delivered: 1, ..Recipients::default() },
        recipients_upper: 1,
        sender: Some("app@contoso.com".to_owned()),
        client: Client::default(),
        connector: None,
        traffic: Traffic::Relay,
        format: "postfix".to_owned(),
        source: "mail.log".to_owned(),
        line: 1,
        records: 3,
        batch: 1,
        begun: true,
        ended: true,
        stated: 1,
        rest: Status::Unknown,
        accepted: false,
        addressees: vec![Addressee { hash: 5, status: Status::Delivered, accepted: false }],
    }
}

/// What a line of a log says of a message.
#[derive(Clone, Copy, Debug)]
enum Line {
    Begin { stated: u64 },
    Delivery { hash: u64, status: Status, host: u8 },
    End { gives_up: bool },
}

/// The row of a part of a log, as a reader makes it: each line with the second of its time.
fn read(lines: &[(i64, Line)]) -> SubmissionRow {
    let (first, last) = (lines[0].0, lines[lines.len() - 1].0);
    let mut read = SubmissionRow {
        key: first.unsigned_abs().into(),
        time: Timestamp::from_seconds(first),
        last: Timestamp::from_seconds(last),
        records: lines.len() as u64,
        line: first.unsigned_abs(),
        message_size: None,
        size_quality: SizeQuality::Missing,
        sender: None,
        begun: false,
        ended: false,
        stated: 0,
        rest: Status::Open,
        addressees: Vec::new(),
        ..row()
    };
    for (_, line) in lines {
        match *line {
            Line::Begin { stated } => {
                read.begun = true;
                read.stated = stated;
                (read.sender, read.message_size) = (row().sender, row().message_size);
                read.size_quality = SizeQuality::Measured;
            }
            Line::Delivery { hash, status, host } => {
                let host = Some(format!("mx{host}"));
                let differs = read.connector.is_some() && read.connector != host;
                read.connector = if differs { Some(SEVERAL.to_owned()) } else { host };
                read.addressees.push(Addressee { hash, status, accepted: false });
            }
            Line::End { gives_up } => {
                read.ended = true;
                read.rest = if gives_up { Status::Bounced } else { Status::Unknown };
            }
        }
    }
    in_order(&mut read.addressees);
    let settled = settled(&read);
    (read.recipients, read.recipients_upper) = (settled.recipients, settled.upper);
    read
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Open),
        Just(Status::Delivered),
        Just(Status::Bounced),
        Just(Status::Elsewhere),
        Just(Status::Local),
    ]
}

/// The lines of a message, in seconds that grow by some steps.
fn message() -> impl Strategy<Value = Vec<(i64, Line)>> {
    let delivery =
        (0..6_u64, status(), 0..2_u8).prop_map(|(hash, status, host)| Line::Delivery { hash, status, host });
    let deliveries = prop::collection::vec((delivery, 1..100_000_i64), 0..8);
    (0..6_u64, deliveries, prop::option::of(any::<bool>())).prop_map(|(stated, deliveries, end)| {
        let mut time = 1_790_000_000;
        let mut lines = vec![(time, Line::Begin { stated })];
        for (line, step) in deliveries {
            time += step;
            lines.push((time, line));
        }
        lines.extend(end.map(|gives_up| (time + 1, Line::End { gives_up })));
        lines
    })
}

proptest! {
    #[test]
    fn a_message_that_is_cut_anywhere_is_whole_again(lines in message(), at in 0..9_usize) {
        prop_assume!(lines.len() > 1);
        let at = 1 + at % (lines.len() - 1);
        let (head, tail, whole) = (read(&lines[..at]), read(&lines[at..]), read(&lines));
        prop_assert!(Identity::of(&head).likeness(&Identity::of(&tail)) > Some(Likeness::Key));
        for (stored, new) in [(&head, &tail), (&tail, &head)] {
            let once = joined(stored, new);
            prop_assert_eq!(&once, &whole);
            for again in [&head, &tail, &whole] {
                prop_assert!(Identity::of(&once).likeness(&Identity::of(again)).is_some());
                prop_assert_eq!(&joined(&once, again), &whole);
            }
        }
    }

    #[test]
    fn parts_of_three_come_together_in_any_order(lines in message(), cuts in (0..9_usize, 0..9_usize)) {
        prop_assume!(lines.len() > 2);
        let first = 1 + cuts.0 % (lines.len() - 2);
        let second = first + 1 + cuts.1 % (lines.len() - first - 1);
        let parts = [&lines[..first], &lines[first..second], &lines[second..]].map(read);
        let whole = read(&lines);
        for [a, b, c] in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let joined = joined(&joined(&parts[a], &parts[b]), &parts[c]);
            // Where the middle comes last, its records cannot be told from those of the others.
            prop_assert_eq!(SubmissionRow { records: whole.records, ..joined }, whole.clone());
        }
    }

    #[test]
    fn views_of_one_message_are_joined_in_any_order(views in prop::collection::vec(view(), 3)) {
        let of = |order: [usize; 3]| {
            let [a, b, c] = order.map(|at| &views[at]);
            prop_assert_eq!(&joined(a, &joined(b, c)), &joined(&joined(a, b), c));
            Ok(joined(&joined(a, b), c))
        };
        let expected = of([0, 1, 2])?;
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            prop_assert_eq!(of(order)?, expected.clone());
        }
        views.iter().for_each(|view| assert_eq!(joined(&expected, view), expected));
    }
}

/// What one of several exports knows of a message: all name its key, some its acceptance, some of its recipients.
fn view() -> impl Strategy<Value = SubmissionRow> {
    let addressee = (0..5_u64, 0..Status::ALL.len(), any::<bool>());
    let addressees = prop::collection::vec(addressee, 0..5);
    let size = prop::option::of(1_000..1_003_u64);
    (addressees, size, any::<bool>(), 0..4_u64, any::<bool>(), 0..3_u8).prop_map(
        |(listed, size, accepted, stated, ended, known)| {
            // The acceptance knows what it is asked for.
            let (size, known) = if accepted { (size.or(Some(1_000)), known.max(1)) } else { (size, known) };
            let entry = |(hash, status, accepted): (u64, usize, bool)| Addressee {
                hash,
                status: Status::ALL[status],
                accepted,
            };
            let mut view = SubmissionRow {
                message_size: size,
                size_quality: size.map_or(SizeQuality::Missing, |_| SizeQuality::Measured),
                addressees: listed.into_iter().map(entry).collect(),
                sender: Some(format!("{known}@contoso.com")).filter(|_| known > 0),
                client: Client { user: Some(known.to_string()).filter(|_| known > 0), ..Client::default() },
                connector: (known > 0).then(|| format!("to {known}")),
                accepted,
                ended,
                stated,
                ..row()
            };
            if !accepted {
                view.addressees.iter_mut().for_each(|entry| entry.accepted = false);
            }
            in_order(&mut view.addressees);
            let settled = settled(&view);
            (view.recipients, view.recipients_upper) = (settled.recipients, settled.upper);
            view
        },
    )
}

#[test]
fn without_listed_recipients_the_greater_count_stands() {
    let recipients = |delivered, open| Recipients { delivered, open, ..Recipients::default() };
    let erased = |delivered, open| SubmissionRow {
        recipients: recipients(delivered, open),
        recipients_upper: delivered + open,
        addressees: Vec::new(),
        stated: 0,
        ..row()
    };
    assert_eq!(joined(&erased(1, 2), &erased(3, 0)).recipients, recipients(3, 0));
    assert_eq!(joined(&erased(1, 2), &row()).recipients, recipients(1, 2));
    assert_eq!(joined(&row(), &erased(1, 2)).recipients, recipients(1, 2));
}

#[test]
fn the_input_in_which_a_message_was_first_seen_stays() {
    let copy = SubmissionRow { source: "copy.log".to_owned(), line: 7, ..row() };
    assert_eq!(joined(&row(), &copy), row());
    assert_eq!(joined(&copy, &row()), copy);
}

#[test]
fn the_size_of_a_mail_is_that_before_its_filter() {
    let mail = row();
    let behind = SubmissionRow { key: 2, message_size: Some(1_400), ..row() };
    for [stored, new] in [[&mail, &behind], [&behind, &mail]] {
        assert_eq!(joined(stored, new).message_size, Some(1_000));
    }
}
