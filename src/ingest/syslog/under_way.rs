//! The messages under way of a mail system that does not log when a message leaves its queue: when each is complete,
//! what it comes to, and what is remembered of it.
//!
//! Which message a line belongs to, and what it says, is left to the formats.

use std::collections::VecDeque;
use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::message::Message;
use super::walk::Desk;
use crate::ingest::Record;
use crate::ingest::trail::{Status, Trail};
use crate::period::Timestamp;
use crate::usage::{ClientId, Recipients, SenderId, Skip, Submission};

/// Seconds for which a complete message waits for further lines: of recipients that were not announced, of the
/// submission that it came from, of notices.
const LATE_LINES: i64 = 600;
/// Lines after which messages that will never be complete are looked for.
const SWEEP_LINES: u64 = 1 << 20;
/// Seconds after which a message of which lines are missing is let go, and one that is still deferred: well above
/// the time for which a queue keeps it.
const NEVER_COMPLETE: i64 = 10 * 86_400;
const NEVER_DELIVERED: i64 = 60 * 86_400;

/// What is remembered of a message that was counted.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    start: u32,
    end: u32,
    size: u32,
    sender: SenderId,
    client: ClientId,
}

impl Finished {
    fn new(message: &Message) -> Finished {
        let short = |time: Timestamp| u32::try_from(time.seconds().max(0)).unwrap_or(u32::MAX);
        let size = message.size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        let (start, end) = (short(message.started), short(message.last));
        Finished { start, end, size, sender: message.sender, client: message.client }
    }

    /// Whether a line lies in the time of the message, so that it was read before.
    fn covers(&self, time: Timestamp) -> bool {
        (i64::from(self.start)..=i64::from(self.end)).contains(&time.seconds())
    }

    /// Tells a message of further recipients what is known of the one that was counted.
    pub fn lend(&self, message: &mut Message) {
        message.messages = 0;
        message.started = Timestamp::from_seconds(i64::from(self.start));
        message.size = (self.size > 0).then_some(u64::from(self.size));
        (message.sender, message.client) = (self.sender, self.client);
    }
}

/// The messages under way, and what is remembered of those that were counted.
#[derive(Debug)]
pub struct UnderWay {
    slots: Vec<Option<Message>>,
    free: Vec<u32>,
    keys: FxHashMap<u64, u32>,
    finished: FxHashMap<u64, Finished>,
    /// Earlier messages with the keys of later ones.
    reused: FxHashMap<u64, Vec<Finished>>,
    leaving: VecDeque<(Timestamp, u32, u64)>,
    newest: Timestamp,
    lines: u64,
}

impl Default for UnderWay {
    fn default() -> UnderWay {
        UnderWay {
            slots: Vec::new(),
            free: Vec::new(),
            keys: FxHashMap::default(),
            finished: FxHashMap::default(),
            reused: FxHashMap::default(),
            leaving: VecDeque::new(),
            newest: Timestamp::from_seconds(i64::MIN),
            lines: 0,
        }
    }
}

impl UnderWay {
    /// Prepares for a part. Where it goes back in time, what is complete is let go, so that its copies of lines are
    /// seen as copies.
    pub fn begin_part(&mut self, first: Option<Timestamp>, desk: &mut Desk<'_>) {
        if first.is_some_and(|first| first < self.newest) {
            self.let_go(None, desk);
        }
    }

    /// Notes the time of a line, and lets go what has waited long enough.
    pub fn advance(&mut self, time: Timestamp, desk: &mut Desk<'_>) {
        self.newest = self.newest.max(time);
        self.let_go(Some(time), desk);
    }

    /// Where the message with a key stands.
    pub fn slot(&self, key: u64) -> Option<u32> {
        self.keys.get(&key).copied()
    }

    /// Whether a line with a key lies in the time of a message that was counted and in that of none under way, so that
    /// it was read before.
    pub fn was_read(&self, key: u64, time: Timestamp) -> bool {
        let covers = |finished: &Finished| finished.covers(time);
        let under_way = self.slot(key).and_then(|slot| self.slots.get(slot as usize)?.as_ref());
        under_way.is_none_or(|message| time < message.started)
            && (self.finished.get(&key).is_some_and(covers)
                || self.reused.get(&key).is_some_and(|all| all.iter().any(covers)))
    }

    /// What is remembered of the message with a key that was counted last.
    pub fn finished(&self, key: u64) -> Option<Finished> {
        self.finished.get(&key).copied()
    }

    /// The message in a slot.
    pub fn message(&mut self, slot: u32) -> Option<&mut Message> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// The host of the message in a slot.
    pub fn host(&self, slot: u32) -> Option<u64> {
        self.slots.get(slot as usize)?.as_ref().map(|message| message.host)
    }

    /// Adds a message and returns its slot.
    pub fn add(&mut self, message: Message) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.keys.insert(message.key, slot);
        self.slots[slot as usize] = Some(message);
        slot
    }

    /// Makes the lines of a further key those of a message.
    pub fn join(&mut self, slot: u32, next: u64) {
        let Some(later) = self.slot(next) else {
            self.keys.insert(next, slot);
            self.message(slot).into_iter().for_each(|message| message.others.push(next));
            return;
        };
        let taken =
            if later == slot { None } else { self.slots.get_mut(later as usize).and_then(Option::take) };
        let Some(taken) = taken else { return };
        self.free.push(later);
        for &key in std::iter::once(&taken.key).chain(&taken.others) {
            self.keys.insert(key, slot);
        }
        if let Some(message) = self.message(slot) {
            message.take_in(taken);
        }
    }

    /// Moves the messages of a host in time: its clock turned out to be in another zone.
    pub fn shift(&mut self, host: u64, seconds: i64) {
        let moved = |time: Timestamp| Timestamp::from_seconds(time.seconds() + seconds);
        for message in self.slots.iter_mut().flatten().filter(|message| message.host == host) {
            message.started = moved(message.started);
            message.last = moved(message.last);
        }
    }

    /// Notes that a message may be complete.
    pub fn note_complete(&mut self, slot: u32, now: Timestamp) {
        let Some(message) = self.message(slot) else { return };
        if !message.leaving && message.is_complete() {
            message.leaving = true;
            let (deadline, key) = (Timestamp::from_seconds(now.seconds() + LATE_LINES), message.key);
            self.leaving.push_back((deadline, slot, key));
        }
    }

    /// Lets go whatever has waited long enough; everything that waits, without a time.
    fn let_go(&mut self, now: Option<Timestamp>, desk: &mut Desk<'_>) {
        while let Some(&(deadline, slot, key)) = self.leaving.front() {
            if now.is_some_and(|now| now < deadline) {
                break;
            }
            self.leaving.pop_front();
            let Some(message) = self.message(slot).filter(|one| one.leaving && one.key == key) else {
                continue;
            };
            message.leaving = false;
            if message.is_complete() {
                self.leave(slot, false, desk);
            }
        }
        if let Some(now) = now {
            self.lines += 1;
            if self.lines.is_multiple_of(SWEEP_LINES) {
                self.sweep(now, desk);
            }
        }
    }

    /// Gives up messages that will never be complete, so that memory stays bounded.
    fn sweep(&mut self, now: Timestamp, desk: &mut Desk<'_>) {
        let stale = self.select(|message| {
            let limit = if message.is_deferred() { NEVER_DELIVERED } else { NEVER_COMPLETE };
            now.seconds() - message.last.seconds() > limit
        });
        stale.into_iter().for_each(|slot| self.leave(slot, false, desk));
    }

    /// The slots of messages that satisfy a condition, in the order in which they began.
    fn select(&self, condition: impl Fn(&Message) -> bool) -> Vec<u32> {
        let under_way = self.slots.iter().zip(0_u32..).filter_map(|(slot, at)| Some((slot.as_ref()?, at)));
        let mut selected: Vec<(Timestamp, u64, u32)> = under_way
            .filter(|(message, _)| condition(message))
            .map(|(message, at)| (message.started, message.line, at))
            .collect();
        selected.sort_unstable();
        selected.into_iter().map(|(_, _, at)| at).collect()
    }

    /// Ends the run: what is still under way is counted, open where nothing else is known.
    pub fn finish(mut self, desk: &mut Desk<'_>) {
        self.let_go(None, desk);
        for slot in self.select(|_| true) {
            let newest = self.newest.seconds();
            let ended = self.message(slot).is_some_and(|one| newest - one.last.seconds() < LATE_LINES);
            self.leave(slot, ended, desk);
        }
    }

    /// Counts a message and remembers when it lived.
    fn leave(&mut self, slot: u32, ended: bool, desk: &mut Desk<'_>) {
        let Some(message) = self.slots.get_mut(slot as usize).and_then(Option::take) else { return };
        self.free.push(slot);
        let finished = Finished::new(&message);
        for &key in std::iter::once(&message.key).chain(&message.others) {
            self.keys.remove(&key);
            if let Some(earlier) = self.finished.insert(key, finished) {
                self.reused.entry(key).or_default().push(earlier);
            }
        }
        let recipients = message.external(ended);
        let rested = self.newest.seconds() - message.last.seconds() >= LATE_LINES;
        if message.counted_elsewhere {
            return desk.sink.skip(Skip::FilterHop, message.records);
        }
        if desk.sink.wants_trails() {
            note_earlier_ids(&message, desk);
        }
        if recipients.attempted() == 0 {
            if desk.sink.wants_trails() {
                let submission =
                    message.origin().submission(None, message.relay, message.messages, recipients);
                desk.sink.unfinished(&submission, &message.trail(ended, rested, &mut Vec::new()));
            }
            let reason = message.reason();
            return match message.messages {
                _ if message.records == 0 => {}
                0 => desk.sink.skip(reason, message.records),
                _ => desk.sink.skip_message(reason, message.records),
            };
        }
        let submission =
            message.origin().submission(message.accepted_size, message.relay, message.messages, recipients);
        let submission = Submission { records: message.records, ..submission };
        if desk.sink.wants_trails() {
            desk.sink.accept_with(submission, &message.trail(ended, rested, &mut Vec::new()));
        } else {
            desk.sink.accept(Record::Submission(submission));
        }
    }
}

/// Tells that the queue ids under which a message went on are done, so that what an earlier read knows of them alone
/// counts no more.
fn note_earlier_ids(message: &Message, desk: &mut Desk<'_>) {
    let submission = message.origin().submission(None, message.relay, 0, Recipients::default());
    for thread in message.threads_before() {
        let over = Trail {
            thread: Some(thread),
            last: message.last,
            begun: false,
            ended: true,
            stated: 0,
            rest: Status::Local,
            accepted: false,
            recipients: &[],
        };
        desk.sink.unfinished(&submission, &over);
    }
}

/// The hash of a host's name without its domain, in any case of letters.
pub fn host_key(host: &[u8]) -> u64 {
    text_key(host_label(host))
}

/// A host's name without its domain.
pub fn host_label(host: &[u8]) -> &[u8] {
    &host[..memchr::memchr(b'.', host).unwrap_or(host.len())]
}

/// Hash of a text without regard to case.
pub fn text_key(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    let mut folded = [0_u8; 64];
    for chunk in text.chunks(folded.len()) {
        let folded = &mut folded[..chunk.len()];
        folded.copy_from_slice(chunk);
        folded.make_ascii_lowercase();
        hasher.write(folded);
    }
    hasher.finish()
}
