//! What records come to does not depend on lanes, threads and memory.

use proptest::prelude::*;

use super::*;
use crate::ingest::Record;
use crate::ingest::collect::Collected;
use crate::ingest::grouping::{Kind, MessageKey, OriginText, Received, Said, Sender, Signs, Status};
use crate::ingest::trail::Trail;
use crate::period::Timestamp;
use crate::usage::{Rejection, Skip, Submission};

/// A sink that writes everything down, trails too.
#[derive(Debug, Default)]
struct Written {
    collected: Collected,
    trails: Vec<String>,
}

impl Sink for Written {
    fn names(&mut self) -> &mut Names {
        self.collected.names()
    }

    fn records(&mut self, count: u64) {
        self.collected.records(count);
    }

    fn accept(&mut self, record: Record) {
        self.collected.accept(record);
    }

    fn wants_trails(&self) -> bool {
        true
    }

    fn accept_with(&mut self, submission: Submission, trail: &Trail<'_>) {
        self.trails.push(format!("{trail:?}"));
        self.accept(Record::Submission(submission));
    }

    fn unfinished(&mut self, submission: &Submission, trail: &Trail<'_>) {
        self.trails.push(format!("{submission:?} {trail:?}"));
    }

    fn skip(&mut self, reason: Skip, records: u64) {
        self.collected.skip(reason, records);
    }

    fn skip_message(&mut self, reason: Skip, records: u64) {
        self.collected.skip_message(reason, records);
    }

    fn reject(&mut self, rejection: Rejection) {
        self.collected.reject(rejection);
    }

    fn warn(&mut self, warning: String) {
        self.collected.warn(warning);
    }

    fn damage(&mut self, input: &str, line: u64, what: String) {
        self.collected.damage(input, line, what);
    }
}

/// What one record says: message, kind, recipients, what became of them, second, size and sender.
type Row = (u8, u8, Vec<u8>, usize, u8, u8, u8);

fn say(batch: &mut Batch, (message, kind, recipients, status, second, size, sender): &Row, line: u64) {
    let status = Status::ALL[*status];
    batch.recipients.extend(recipients.iter().map(|recipient| (u64::from(*recipient) << 40, status)));
    let text = [b'a' + sender, b'@', b'x'];
    let signs = if *sender == 0 { Signs::Inbound } else { Signs::None };
    let origin = OriginText { sender: Sender::Text(&text[..]), client: None, relay: None, signs };
    let (stated, is_hop) = (u32::from(*size) % 20, size % 3 == 0);
    let kind = match kind {
        0 | 1 => Kind::Recipient,
        2 => Kind::Message,
        3 => Kind::Accepted(Received { nanoseconds: (*size).into(), stated, texts: 0, is_hop }),
        _ => Kind::Outcome {
            otherwise: [Skip::Event, Skip::Routing][usize::from(size % 2)],
            has_weight: is_hop,
        },
    };
    let large = if *size == 7 { u64::from(u32::MAX) * 2 } else { 0 };
    batch.records += 1;
    let said = Said {
        key: MessageKey::of_parts(&[&[*message]]),
        time: Timestamp::from_seconds(1_700_000_000 + i64::from(*second)),
        date_only: second % 4 == 0,
        size: Some(u64::from(*size) + large).filter(|size| *size > 0),
        origin: batch.written.number(&origin),
        line,
        kind,
    };
    batch.say(said);
}

/// All that records come to.
fn told(rows: &[Row], rows_of_batch: usize, how: How) -> String {
    HOW.set(Some(how));
    let mut lanes = Lanes::new();
    HOW.set(None);
    let mut sink = Written::default();
    let source = sink.names().add_source("x");
    lanes.begin_input(source);
    for (number, some) in rows.chunks(rows_of_batch).enumerate() {
        let mut batch = Batch::default();
        // Three of them stand on one line.
        let line = |at: usize| (number * rows_of_batch + at) as u64 / 3;
        some.iter().enumerate().for_each(|(at, row)| say(&mut batch, row, line(at)));
        lanes.take_batch(batch, "x", &mut sink);
    }
    let result = lanes.deliver(&mut sink, |origin, names| names.sender_address(origin.sender) != "b@x");
    assert!(sink.collected.accounting.adds_up(), "{:?}", sink.collected.accounting);
    format!("{result:?} {sink:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn records_come_to_the_same_in_any_lanes_and_any_memory(
        rows in prop::collection::vec(
            (0_u8..12, 0_u8..6, prop::collection::vec(0_u8..40, 1..14), 0_usize..9, 0_u8..9, 0_u8..9, 0_u8..5),
            1..120,
        ),
        rows_of_batch in 1_usize..40,
        lanes in 1_usize..40,
        few in prop::sample::select(vec![0, 30, usize::MAX]),
        limit in prop::sample::select(vec![0, 1_000_000, 2_500_000, usize::MAX]),
    ) {
        let expected = told(&rows, rows.len(), How { lanes: 1, few: usize::MAX, limit: usize::MAX });
        prop_assert_eq!(told(&rows, rows_of_batch, How { lanes, few, limit }), expected);
    }
}
