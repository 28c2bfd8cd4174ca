//! What happens to one message, decided before a line of it is written.

use super::queue::QueueId;
use crate::sample::cast::{Address, Entry};
use crate::sample::text::SECOND;

/// Waits before a deferred message is tried again: Postfix doubles them from 5 minutes up to 4 hours.
const BACKOFF: [u64; 7] = [300, 600, 1_200, 2_400, 4_800, 9_600, 14_400];
/// How long a message is tried (Postfix `maximal_queue_lifetime`).
const LIFETIME: u64 = 5 * 86_400 * SECOND;
/// Time at the end of a log in which nothing new is tried, so that what was begun is told to its end.
const CLOSING: u64 = 60 * SECOND;

/// One accepted message.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) host: u32,
    pub(super) id: QueueId,
    /// Handing in began: the first line with the id.
    pub(super) accepted: u64,
    /// The queue manager took it.
    pub(super) queued: u64,
    /// The envelope sender; empty for the null sender.
    pub(super) sender: Vec<u8>,
    pub(super) entry: Entry,
    pub(super) message_id: Vec<u8>,
    /// Bytes by the queue manager's line.
    pub(super) size: u64,
    /// Bytes by Microsoft's reply.
    pub(super) accepted_size: u64,
    pub(super) microsoft: bool,
    pub(super) passage: Passage,
    pub(super) recipients: Vec<Recipient>,
    /// Whom a report is for: the sender of the message that failed.
    pub(super) origin: Vec<u8>,
    /// Refused recipients of the same session.
    pub(super) refused: u32,
    /// When the queue manager took it up, for the first time and again.
    pub(super) attempts: Vec<u64>,
    /// A number that varies replies and processes.
    pub(super) chance: u64,
}

/// Whether a content filter stands in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passage {
    Straight,
    /// Through the filter and back under a second id; `named` where the second leg names the first.
    Filtered {
        second: QueueId,
        named: bool,
    },
    /// Into the filter and thrown away there.
    Discarded,
}

/// An accepted recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Recipient {
    pub(super) address: Address,
    pub(super) place: Place,
    /// The attempt (from 0) after which it is settled.
    pub(super) settled: usize,
    pub(super) outcome: Outcome,
}

/// Where a recipient is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// On another host.
    Outside,
    /// On another host, written to by an alias.
    Alias,
    /// On the relay itself.
    Local,
    /// The sender of the message that this one reports on.
    Origin,
}

/// What becomes of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Delivered,
    Bounced,
    /// Given up after days of deferrals.
    Expired,
    /// Still deferred where the log ends.
    Open,
}

impl Story {
    /// Recipients outside with one of some outcomes.
    pub(super) fn outside(&self, outcomes: &[Outcome]) -> u64 {
        let counted =
            |recipient: &&Recipient| recipient.place != Place::Local && outcomes.contains(&recipient.outcome);
        self.recipients.iter().filter(counted).count() as u64
    }

    /// All recipients outside.
    pub(super) fn all_outside(&self) -> u64 {
        self.recipients.iter().filter(|recipient| recipient.place != Place::Local).count() as u64
    }

    /// What Microsoft's replies say it took, where one stands in the log.
    pub(super) fn stated_size(&self) -> Option<u64> {
        let stated = self.microsoft && self.outside(&[Outcome::Delivered]) > 0;
        stated.then_some(self.accepted_size)
    }

    /// Whether all recipients are on the host itself.
    pub(super) fn stays_at_home(&self) -> bool {
        self.all_outside() == 0
    }

    /// The domain of the envelope sender.
    pub(super) fn sender_domain(&self) -> &str {
        let at = self.sender.iter().rposition(|&byte| byte == b'@').map_or(0, |at| at + 1);
        std::str::from_utf8(&self.sender[at..]).unwrap_or_default()
    }

    /// Whether an attempt ends in failure for someone.
    pub(super) fn fails_at(&self, attempt: usize) -> bool {
        self.recipients.iter().any(|recipient| {
            recipient.settled == attempt && matches!(recipient.outcome, Outcome::Bounced | Outcome::Expired)
        })
    }

    /// Whether it stays in the queue where the log ends.
    pub(super) fn stays(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.outcome == Outcome::Open)
    }

    /// Whether it expires.
    pub(super) fn expires(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.outcome == Outcome::Expired)
    }

    /// Plans a first attempt and `retries` further ones, or with `None` as many as there are until it expires.
    /// What would come after the log's end leaves its recipients open.
    pub(super) fn plan_attempts(&mut self, first: u64, retries: Option<usize>, log_end: u64) {
        let mut time = first;
        self.attempts.push(time);
        for attempt in 0.. {
            let last = self.attempts.len() - 1;
            let done = match retries {
                Some(retries) => last >= retries,
                None => time >= self.accepted + LIFETIME,
            };
            if done {
                return self.settle_expired(last);
            }
            let wait = BACKOFF.get(attempt).copied().unwrap_or(14_400);
            time += (wait + (self.chance >> attempt) % 29) * SECOND;
            if time + CLOSING >= log_end {
                return self.leave_open(last);
            }
            self.attempts.push(time);
        }
    }

    /// Gives up after an attempt.
    fn settle_expired(&mut self, last: usize) {
        for recipient in &mut self.recipients {
            if recipient.outcome == Outcome::Expired {
                recipient.settled = last;
            }
        }
    }

    /// Leaves open whoever would be settled after an attempt.
    fn leave_open(&mut self, last: usize) {
        for recipient in &mut self.recipients {
            if recipient.settled > last {
                recipient.outcome = Outcome::Open;
            }
        }
    }
}
