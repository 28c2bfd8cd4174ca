//! Counting: when a message is complete, what it comes to, and what is remembered of it.

use super::follow::Follower;
use super::message::Message;
use crate::ingest::Record;
use crate::ingest::syslog::Desk;
use crate::period::Timestamp;
use crate::usage::{ClientId, SenderId, SizeQuality, Skip, Submission, Traffic};

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
    pub fn covers(&self, time: Timestamp) -> bool {
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

impl Follower {
    /// Notes that a message may be complete.
    pub(super) fn note_complete(&mut self, slot: u32, now: Timestamp) {
        let Some(message) = self.message(slot) else { return };
        if !message.leaving && message.is_complete() {
            message.leaving = true;
            let (deadline, key) = (Timestamp::from_seconds(now.seconds() + LATE_LINES), message.key);
            self.leaving.push_back((deadline, slot, key));
        }
    }

    /// Lets go whatever has waited long enough; everything that waits, without a time.
    pub(super) fn let_go(&mut self, now: Option<Timestamp>, desk: &mut Desk<'_>) {
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
            self.finished.insert(key, finished);
        }
        let recipients = message.external(ended);
        if message.counted_elsewhere {
            return desk.sink.skip(Skip::FilterHop, message.records);
        }
        if recipients.attempted() == 0 {
            let reason = message.reason();
            return match message.messages {
                _ if message.records == 0 => {}
                0 => desk.sink.skip(reason, message.records),
                _ => desk.sink.skip_message(reason, message.records),
            };
        }
        let (message_size, size_quality) = match (message.accepted_size, message.size) {
            (Some(accepted), _) => (Some(accepted), SizeQuality::Accepted),
            (None, Some(size)) => (Some(size), SizeQuality::Measured),
            (None, None) => (None, SizeQuality::Missing),
        };
        desk.sink.accept(Record::Submission(Submission {
            time: message.started,
            time_quality: message.quality,
            messages: message.messages,
            message_size,
            size_quality,
            recipients,
            recipients_upper: recipients.attempted(),
            sender: message.sender,
            client: message.client,
            relay: message.relay,
            traffic: Traffic::Relay,
            source: message.source,
            line: message.line,
            records: message.records,
            key: message.digest,
        }));
    }
}
