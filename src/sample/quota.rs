//! What happens to a fixed number of messages, so that even a short log has its one bounce.

use crate::random::Random;

/// Something that happens to a fixed number of messages, at random places spread over the whole run.
///
/// A plain chance would leave a short log without its one bounce; this one has it.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    messages: u64,
    total: u64,
    planned: u64,
    next: u64,
    waiting: u64,
}

impl Quota {
    /// `rate` in 10,000 of `messages`; at least once where the rate is not 0.
    pub(super) fn new(rate: u32, messages: u64, random: &mut Random) -> Quota {
        let share = u128::from(messages) * u128::from(rate.min(10_000)) / 10_000;
        let total = if rate == 0 { 0 } else { (share as u64).max(1).min(messages) };
        let mut quota = Quota { messages, total, planned: 0, next: u64::MAX, waiting: 0 };
        quota.plan_next(random);
        quota
    }

    /// Comes to the message with this number (from 0).
    pub(super) fn reach(&mut self, message: u64, random: &mut Random) {
        if message == self.next {
            self.waiting += 1;
            self.plan_next(random);
        }
    }

    /// Whether it is due now; if so it is taken. What nobody takes waits for a later message.
    pub(super) fn take(&mut self) -> bool {
        let due = self.waiting > 0;
        self.waiting -= u64::from(due);
        due
    }

    /// A place in the next of `total` equal stretches.
    fn plan_next(&mut self, random: &mut Random) {
        if self.planned >= self.total {
            self.next = u64::MAX;
            return;
        }
        let edge = |part: u64| (u128::from(self.messages) * u128::from(part) / u128::from(self.total)) as u64;
        let (start, end) = (edge(self.planned), edge(self.planned + 1));
        self.next = start + random.below(end - start);
        self.planned += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_met_exactly_and_never_missing() {
        for (rate, messages, expected) in
            [(0, 1000, 0), (1, 100, 1), (500, 1000, 50), (10_000, 7, 7), (1, 0, 0)]
        {
            let mut random = Random::new(9);
            let mut quota = Quota::new(rate, messages, &mut random);
            let mut taken = 0;
            for message in 0..messages {
                quota.reach(message, &mut random);
                taken += u64::from(quota.take());
            }
            assert_eq!(taken, expected, "{rate} in 10,000 of {messages}");
        }
    }
}
