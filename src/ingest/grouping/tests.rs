//! Messages from rows in any order.

use super::recipients::Further;
use super::shard::Message;
use super::*;
use crate::ingest::collect::Collected;
use crate::usage::{Recipients, Skip, Submission};

fn facts(key: u128, time: i64, size: Option<u64>) -> Facts {
    Facts {
        key: MessageKey::of_parts(&[&key.to_le_bytes()]),
        time: Timestamp::from_seconds(time),
        date_only: false,
        zone_assumed: false,
        size,
        size_declared: false,
        origin: Origin {
            sender: SenderId::UNKNOWN,
            client: ClientId::UNKNOWN,
            relay: HostId::UNKNOWN,
            signs: Signs::None,
        },
        line: 1,
    }
}

fn deliver(messages: Messages) -> (Vec<Submission>, Collected) {
    let mut sink = Collected::default();
    messages.deliver(&mut sink, |_, _| true);
    let submissions = sink.submissions().copied().collect();
    (submissions, sink)
}

fn messages() -> Messages {
    let mut messages = Messages::default();
    messages.begin_input(SourceId(0));
    messages
}

#[test]
fn a_message_is_small() {
    assert_eq!(size_of::<Message>(), 40);
    assert_eq!(size_of::<Further>(), 16);
}

#[test]
fn recipients_are_known_again_however_many_there_are() {
    let mut all = messages();
    for round in 0..2 {
        for recipient in 1..=40_u64 {
            // Messages 1 to 40 have as many recipients as their number says; their rows stand among each other.
            for message in recipient..=40 {
                let slot = all.message(&facts(u128::from(message), 1_000, None));
                let news = all.recipient(slot, recipient << 20, Status::Delivered, Row::Own);
                assert_eq!(news, round == 0, "recipient {recipient} of {message}");
            }
        }
    }
    let (submissions, _) = deliver(all);
    let delivered: Vec<u64> = submissions.iter().map(|submission| submission.recipients.delivered).collect();
    assert_eq!(delivered, (1..=40).collect::<Vec<_>>());
}

#[test]
fn rows_of_one_message_are_one_submission() {
    let mut all = messages();
    for (recipient, status) in
        [(1, Status::Open), (2, Status::Bounced), (1, Status::Delivered), (3, Status::Unknown)]
    {
        let slot = all.message(&facts(7, 1_000 - recipient as i64, Some(100 + recipient)));
        let news = all.recipient(slot, recipient << 20, status, Row::Own);
        assert_eq!(news, status != Status::Delivered);
    }
    let (submissions, _) = deliver(all);
    let [submission] = submissions.as_slice() else { panic!("{submissions:?}") };
    let expected = Recipients { delivered: 1, bounced: 1, unknown: 1, ..Recipients::default() };
    assert_eq!(submission.recipients, expected);
    assert_eq!((submission.records, submission.message_size), (3, Some(103)));
    assert_eq!(submission.time.seconds(), 997);
}

#[test]
fn a_group_is_billed_once_and_its_members_are_not() {
    let mut all = messages();
    let slot = all.message(&facts(7, 1_000, Some(100)));
    for recipient in 1..=3 {
        all.recipient(slot, recipient << 20, Status::Delivered, Row::Own);
    }
    all.recipient(slot, 9 << 20, Status::Expanded, Row::Own);
    let (submissions, sink) = deliver(all);
    assert_eq!(submissions[0].recipients.attempted(), 1);
    assert_eq!(submissions[0].recipients_upper, 3);
    assert_eq!(submissions[0].records, 1);
    assert_eq!(sink.accounting.skipped[&Skip::Expansion], 3);
}

/// Adds an acceptance that lists recipients by number; whether it counts now, and how many it replaced.
fn accept(all: &mut Messages, facts: &Facts, received: Received, recipients: &[u64]) -> (bool, u64) {
    match all.accept(facts, received) {
        Standing::Hop => (false, 0),
        Standing::Settles { slot, replaced } => {
            (all.settle(slot, recipients.iter().map(|recipient| recipient << 20)), replaced)
        }
    }
}

#[test]
fn the_acceptance_settles_recipients_time_and_size_in_any_order() {
    let accepted = facts(7, 1_005, Some(500));
    let event = facts(7, 1_000, Some(900));
    for acceptance_first in [true, false] {
        let mut all = messages();
        if acceptance_first {
            assert_eq!(accept(&mut all, &accepted, Received::default(), &[1]), (true, 0));
        }
        for recipient in [1, 2] {
            let slot = all.message(&event);
            all.recipient(slot, recipient << 20, Status::Delivered, Row::Event);
        }
        if !acceptance_first {
            assert_eq!(accept(&mut all, &accepted, Received::default(), &[1]), (true, 0));
        }
        let (submissions, _) = deliver(all);
        assert_eq!((submissions[0].message_size, submissions[0].time.seconds()), (Some(500), 1_005));
        let expected = Recipients { delivered: 1, ..Recipients::default() };
        assert_eq!((submissions[0].recipients, submissions[0].records), (expected, 1));
    }
}

/// A group (1) is expanded into members (2 and 3) before a hop, by time, by a part of a second, or by size.
#[test]
fn the_earliest_acceptance_stands_in_any_order() {
    let received = |nanoseconds| Received { nanoseconds, ..Received::default() };
    let first = (facts(7, 1_000, Some(500)), received(300), &[1][..]);
    for later in [
        (facts(7, 1_001, Some(400)), received(0)),
        (facts(7, 1_000, Some(400)), received(301)),
        (facts(7, 1_000, Some(501)), received(300)),
    ] {
        let records = [first, (later.0, later.1, &[2, 3][..]), first];
        for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
            let mut all = messages();
            let mut skipped = 0;
            for (facts, received, recipients) in order.map(|at: usize| records[at]) {
                let (counts, replaced) = accept(&mut all, &facts, received, recipients);
                skipped += replaced + u64::from(!counts);
            }
            let (submissions, sink) = deliver(all);
            assert_eq!((submissions[0].recipients.attempted(), submissions[0].recipients_upper), (1, 1));
            assert_eq!((submissions[0].message_size, submissions[0].records, skipped), (Some(500), 1, 2));
            assert!(sink.warnings.is_empty());
        }
    }
}

/// The clock of the second server is behind.
#[test]
fn a_hop_that_says_so_stands_only_without_the_first() {
    let (first, hop) = (facts(7, 1_000, Some(500)), facts(7, 998, Some(700)));
    let is_hop = Received { is_hop: true, ..Received::default() };
    for hop_first in [true, false] {
        let mut all = messages();
        if hop_first {
            accept(&mut all, &hop, is_hop, &[2, 3]);
        }
        accept(&mut all, &first, Received::default(), &[1]);
        if !hop_first {
            assert_eq!(accept(&mut all, &hop, is_hop, &[2, 3]), (false, 0));
        }
        let (submissions, _) = deliver(all);
        assert_eq!((submissions[0].message_size, submissions[0].time.seconds()), (Some(500), 1_000));
        assert_eq!(submissions[0].recipients.attempted(), 1);
    }
}

#[test]
fn the_origin_of_the_acceptance_stands_whatever_hops_show() {
    let origin = |client, signs| Origin {
        sender: SenderId(5),
        client: ClientId(client),
        relay: HostId::UNKNOWN,
        signs,
    };
    let records = [
        Facts { origin: origin(3, Signs::Mailbox), ..facts(7, 1_000, None) },
        Facts { origin: origin(4, Signs::Relay), ..facts(7, 1_001, None) },
    ];
    for order in [[0, 1], [1, 0]] {
        let mut all = messages();
        for at in order {
            accept(&mut all, &records[at], Received::default(), &[1]);
        }
        let (submissions, _) = deliver(all);
        assert_eq!((submissions[0].client, submissions[0].traffic), (ClientId(3), Traffic::Mailbox));
    }
}

#[test]
fn an_acceptance_that_states_more_than_it_lists_counts_what_it_states() {
    let mut all = messages();
    let stated = Received { stated: 3, ..Received::default() };
    accept(&mut all, &facts(7, 1_000, None), stated, &[1]);
    accept(&mut all, &facts(7, 1_000, None), stated, &[2]);
    accept(&mut all, &facts(8, 1_000, None), Received::default(), &[1]);
    let (submissions, sink) = deliver(all);
    let counts: Vec<_> = submissions.iter().map(|s| (s.recipients.attempted(), s.recipients_upper)).collect();
    assert_eq!(counts, [(3, 3), (1, 1)]);
    assert_eq!(submissions[0].records, 2);
    assert_eq!(
        sink.warnings,
        [
            "messages that were accepted for more recipients than the input lists: 1; their stated number counts, \
          and what became of the others is unknown"
        ]
    );
}

/// A row on the whole message and the acceptance, from two exports, are two records.
#[test]
fn an_acceptance_beside_a_row_on_the_message_is_counted_too() {
    let mut all = messages();
    let slot = all.message(&facts(7, 1_000, None));
    assert!(all.recipient(slot, 1 << 20, Status::Delivered, Row::Message));
    assert_eq!(accept(&mut all, &facts(7, 1_000, None), Received::default(), &[1]), (true, 0));
    let (submissions, _) = deliver(all);
    assert_eq!((submissions[0].records, submissions[0].recipients.delivered), (2, 1));
}

#[test]
fn hops_of_many_recipients_in_any_order_stay_fast() {
    let mut all = messages();
    let recipients: Vec<u64> = (0..50_000).collect();
    accept(&mut all, &facts(7, 1_000_000, None), Received::default(), &recipients);
    for recipient in 0..50_000_u64 {
        let earlier = facts(7, 999_999 - recipient as i64, None);
        accept(&mut all, &earlier, Received::default(), &[recipient]);
    }
    let (submissions, _) = deliver(all);
    assert_eq!(submissions[0].recipients.attempted(), 1);
}

#[test]
fn a_message_whose_recipients_were_all_rerouted_still_counts() {
    let mut all = messages();
    let slot = all.message(&facts(7, 1_000, None));
    all.recipient(slot, 1 << 20, Status::Rerouted, Row::Own);
    let (submissions, _) = deliver(all);
    assert_eq!(submissions[0].recipients.unknown, 1);
    assert_eq!(submissions[0].records, 1);
}

#[test]
fn sizes_beyond_32_bits_are_kept() {
    let mut all = messages();
    for size in [u64::from(u32::MAX) - 1, u64::from(u32::MAX), 1 << 40] {
        let slot = all.message(&facts(u128::from(size), 1_000, Some(size)));
        all.recipient(slot, 1 << 20, Status::Unknown, Row::Own);
    }
    let (submissions, _) = deliver(all);
    let sizes: Vec<_> = submissions.iter().map(|s| s.message_size).collect();
    assert_eq!(sizes, [Some(u64::from(u32::MAX) - 1), Some(u64::from(u32::MAX)), Some(1 << 40)]);
}

#[test]
fn the_record_that_shows_most_of_the_traffic_stands() {
    let mut all = messages();
    let origin = |sender: u32, client: u32, signs| Origin {
        sender: SenderId(sender),
        client: ClientId(client),
        relay: HostId::UNKNOWN,
        signs,
    };
    for (recipient, origin) in [(1, origin(5, 0, Signs::Inbound)), (2, origin(6, 3, Signs::Passing))] {
        let slot = all.message(&Facts { origin, ..facts(7, 1_000, None) });
        all.recipient(slot, recipient << 20, Status::Unknown, Row::Own);
    }
    let (submissions, _) = deliver(all);
    assert_eq!(submissions[0].traffic, Traffic::Unknown);
    assert_eq!((submissions[0].sender, submissions[0].client), (SenderId(6), ClientId(3)));
}

#[test]
fn many_recipients_of_one_message_stay_fast() {
    let mut all = messages();
    let slot = all.message(&facts(7, 1_000, None));
    for recipient in 0..200_000_u64 {
        assert!(all.recipient(slot, chunks::mixed(recipient), Status::Delivered, Row::Own));
    }
    let (submissions, _) = deliver(all);
    assert_eq!(submissions[0].recipients.delivered, 200_000);
}
