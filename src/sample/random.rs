//! Repeatable chance in integers: the same seed gives the same numbers on every machine and in every version.

/// SplitMix64 (Steele, Lea and Flood 2014; constants of the public-domain reference by Vigna).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A stream of numbers for a seed.
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to, not including, `end` (0 where `end` is 0).
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: evenly spread, and no division.
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A number from `low` to `high` that is more often small: the lesser of two draws.
    pub(super) fn mostly_low(&mut self, low: u64, high: u64) -> u64 {
        self.between(low, high).min(self.between(low, high))
    }

    /// Whether something happens that happens so many times in 100.
    pub(super) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

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
    fn the_numbers_are_those_of_the_reference() {
        let mut random = Random::new(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut random = Random::new(1);
        assert_eq!(random.below(0), 0);
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
    }

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
