//! From grouped records to submissions, in the order in which their messages were first seen, whatever shares they
//! are in. Shares are settled at once, and handed over here one message after the other. What of a message is billed
//! is left to `tally`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::iter::Peekable;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::acceptance::Acceptance;
use super::chunks::Items;
use super::intake::Intake;
use super::origins::Table;
use super::positions::Positions;
use super::recipients::{Entry, entries};
use super::shard::{LARGE, Message, Shard};
use super::spill::Share;
use super::tally::Tally;
use super::{MessageKey, Origin};
use crate::ingest::trail::{Addressee, Trail};
use crate::ingest::{Record, Sink};
use crate::period::Timestamp;
use crate::usage::{Names, SizeQuality, Skip, SourceId, Submission, TimeQuality};

/// Messages that threads hand over together, and how often ahead of need.
const TOGETHER: usize = 256;
const AHEAD: usize = 4;

/// A message that is settled.
#[derive(Debug)]
pub(super) struct Ready {
    /// Where its first record stands.
    place: u32,
    origin: Origin,
    submission: Submission,
    expansion: u64,
    routing: u64,
    event: u64,
    is_understated: bool,
    skipped: Option<Skip>,
    trail: Option<Box<Known>>,
}

/// What a later read of a message needs.
#[derive(Debug)]
struct Known {
    /// The number of recipients that its acceptance states, where that was seen.
    accepted: Option<u64>,
    begun: bool,
    recipients: Vec<Addressee>,
}

/// What shares have in common.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    origins: &'a Table,
    positions: &'a Positions,
    with_trails: bool,
    /// Why messages cannot be read from a file.
    fault: &'a Mutex<Option<io::Error>>,
}

impl View<'_> {
    /// Takes note that messages cannot be read.
    pub(super) fn fail(&self, error: io::Error) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Hands over every message of lanes of shares; those of other origins are skipped.
pub(super) fn deliver(
    lanes: Vec<Vec<Share>>,
    intake: &Intake,
    sink: &mut dyn Sink,
    counts: impl Fn(&Origin, &Names) -> bool,
) -> io::Result<()> {
    for (reason, records) in lanes.iter().flatten().flat_map(|share| &share.uncounted().0) {
        sink.skip(*reason, *records);
    }
    let (origins, fault) = (intake.origins().take(), Mutex::default());
    let view = View {
        origins: &origins,
        positions: &intake.positions,
        with_trails: sink.wants_trails(),
        fault: &fault,
    };
    let mut understated = 0_u64;
    let mut hand_over = |ready: Ready| {
        understated += u64::from(ready.is_understated);
        ready.hand_over(sink, &counts);
    };
    if lanes.len() > 1 {
        in_threads(lanes, view, hand_over);
    } else {
        lanes.into_iter().for_each(|lane| settled(lane, view).for_each(&mut hand_over));
    }
    if understated > 0 {
        sink.warn(format!(
            "messages that were accepted for more recipients than the input lists: {understated}; their stated \
             number counts, and what became of the others is unknown"
        ));
    }
    fault.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Settled messages in the order in which they were first seen. They are large, so that only their places are
/// compared, and each is settled where it is wanted.
pub(super) trait Stream {
    /// The place of the next one.
    fn place(&mut self) -> Option<u32>;
    /// The next one.
    fn settle(&mut self) -> Option<Ready>;
}

impl Stream for Box<dyn Stream + '_> {
    fn place(&mut self) -> Option<u32> {
        (**self).place()
    }

    fn settle(&mut self) -> Option<Ready> {
        (**self).settle()
    }
}

/// Settles each lane in a thread of its own.
fn in_threads(lanes: Vec<Vec<Share>>, view: View<'_>, hand_over: impl FnMut(Ready)) {
    thread::scope(|scope| {
        let mut outlets = Vec::new();
        for lane in lanes {
            let (inlet, from) = sync_channel(AHEAD);
            scope.spawn(move || {
                let mut all = settled(lane, view);
                loop {
                    let mut some = Vec::with_capacity(TOGETHER);
                    some.extend(all.by_ref().take(TOGETHER));
                    if some.is_empty() || inlet.send(some).is_err() {
                        return;
                    }
                }
            });
            outlets.push(Outlet { from, some: Vec::new().into_iter() });
        }
        in_order(outlets).for_each(hand_over);
    });
}

/// What a thread settles.
struct Outlet {
    from: Receiver<Vec<Ready>>,
    some: std::vec::IntoIter<Ready>,
}

impl Stream for Outlet {
    fn place(&mut self) -> Option<u32> {
        if self.some.as_slice().is_empty() {
            self.some = self.from.recv().ok()?.into_iter();
        }
        self.some.as_slice().first().map(|ready| ready.place)
    }

    fn settle(&mut self) -> Option<Ready> {
        self.place()?;
        self.some.next()
    }
}

/// The messages of a lane of shares.
fn settled(lane: Vec<Share>, view: View<'_>) -> impl Iterator<Item = Ready> {
    in_order(lane.into_iter().map(|share| share.settled(view)).collect())
}

/// What several streams hold, in the order of all.
fn in_order<S: Stream>(mut streams: Vec<S>) -> impl Iterator<Item = Ready> {
    let place = |(number, stream): (usize, &mut S)| Some(Reverse((stream.place()?, number)));
    let mut order: BinaryHeap<_> = streams.iter_mut().enumerate().filter_map(place).collect();
    std::iter::from_fn(move || {
        let mut first = order.peek_mut()?;
        let Reverse((_, number)) = *first;
        let stream = streams.get_mut(number)?;
        let ready = stream.settle();
        match stream.place() {
            Some(place) => *first = Reverse((place, number)),
            None => drop(PeekMut::pop(first)),
        }
        ready
    })
}

/// The messages of a share in memory.
struct Here<'v> {
    shard: Shard,
    messages: Peekable<Items<Message>>,
    at: u32,
    view: View<'v>,
}

impl Stream for Here<'_> {
    fn place(&mut self) -> Option<u32> {
        self.messages.peek().map(|message| message.place)
    }

    fn settle(&mut self) -> Option<Ready> {
        let (at, message) = (self.at, self.messages.next()?);
        self.at += 1;
        Some(self.shard.ready(at, &message, self.view))
    }
}

impl Ready {
    fn hand_over(self, sink: &mut dyn Sink, counts: impl Fn(&Origin, &Names) -> bool) {
        for (reason, records) in
            [(Skip::Expansion, self.expansion), (Skip::Routing, self.routing), (Skip::Event, self.event)]
        {
            if records > 0 {
                sink.skip(reason, records);
            }
        }
        if self.skipped.is_none() && !counts(&self.origin, sink.names()) {
            sink.skip_message(Skip::OtherRelay, self.submission.records);
        } else if let Some(known) = &self.trail {
            self.hand_on_with_trail(known, sink);
        } else if let Some(reason) = self.skipped {
            sink.skip_message(reason, self.submission.records);
        } else {
            sink.accept(Record::Submission(self.submission));
        }
    }

    /// Hands a message over with what a later read of it needs. Every record names its key, and none says that it is
    /// the last.
    fn hand_on_with_trail(&self, known: &Known, sink: &mut dyn Sink) {
        let trail = Trail {
            stated: known.accepted.unwrap_or(0),
            accepted: known.accepted.is_some(),
            ..Trail::of_key(self.submission.time, known.begun, &known.recipients)
        };
        match self.skipped {
            None => sink.accept_with(self.submission, &trail),
            Some(reason) => {
                sink.unfinished(&self.submission, &trail);
                sink.skip_message(reason, self.submission.records);
            }
        }
    }
}

impl Shard {
    /// Its messages, in the order in which they were first seen.
    pub(super) fn settled<'v>(mut self, view: View<'v>) -> impl Stream + 'v {
        // The indexes have done their work; their memory goes back first.
        self.index = Default::default();
        self.further_index = Default::default();
        let messages = std::mem::take(&mut self.messages).into_items().peekable();
        Here { shard: self, messages, at: 0, view }
    }

    /// A message, by its number.
    pub(super) fn ready(&self, at: u32, message: &Message, view: View<'_>) -> Ready {
        let tally = Tally::of(at, message, self);
        let origin = self.settled_origin(at, message, view.origins);
        Ready {
            place: message.place,
            origin,
            submission: self.submission(at, message, &tally, (&origin, view.positions)),
            expansion: tally.expansion,
            routing: tally.routing,
            event: tally.event,
            is_understated: tally.unlisted > 0,
            skipped: tally.reason_to_skip(),
            trail: view.with_trails.then(|| Box::new(self.known(at, message))),
        }
    }

    fn known(&self, at: u32, message: &Message) -> Known {
        let accepted = self.acceptances.get(&at).map(|acceptance| acceptance.stated.into());
        let all = || entries(message.first, &self.further);
        let has_event = all().any(Entry::has_event_record);
        Known {
            accepted,
            begun: accepted.is_some() || !has_event,
            recipients: all().map(Entry::addressee).collect(),
        }
    }

    /// The origin of the acceptance; what it leaves open, and all where there is none, by what the records say.
    fn settled_origin(&self, at: u32, message: &Message, origins: &Table) -> Origin {
        let told = origins.origin(message.origin);
        self.acceptances.get(&at).map_or(told, |earliest| origins.origin(earliest.origin).or(told))
    }

    fn submission(
        &self,
        at: u32,
        message: &Message,
        tally: &Tally,
        (origin, positions): (&Origin, &Positions),
    ) -> Submission {
        let flags = Entry::from_halves(message.first);
        let size = self.acceptances.get(&at).and_then(Acceptance::size).or_else(|| match message.size {
            0 => None,
            LARGE => self.large.get(&at).copied(),
            size => Some(u64::from(size)),
        });
        let (source, line) = positions.resolve(message.place).unwrap_or((SourceId(0), 0));
        Submission {
            time: Timestamp::from_seconds(i64::from(message.time)),
            time_quality: match (flags.is_date_only(), flags.is_zone_assumed()) {
                (true, _) => TimeQuality::DateOnly,
                (false, true) => TimeQuality::ZoneAssumed,
                (false, false) => TimeQuality::Exact,
            },
            messages: 1,
            message_size: size,
            size_quality: match size {
                Some(_) if flags.is_size_declared() => SizeQuality::Declared,
                Some(_) => SizeQuality::Measured,
                None => SizeQuality::Missing,
            },
            recipients: tally.recipients,
            recipients_upper: tally.upper,
            sender: origin.sender,
            client: origin.client,
            relay: origin.relay,
            traffic: origin.signs.traffic(),
            source,
            line,
            records: tally.used,
            key: MessageKey::from_parts(message.key).bits(),
        }
    }
}
