//! Message sizes by bucket, for percentiles in bounded memory.
//!
//! Buckets are log-linear: sizes below 128 bytes are exact, above that every power of two is cut into 64 equal
//! parts, so a bucket is at most 1/64 (1.6 %) as wide as the sizes in it. A percentile is never below the true
//! one and at most 1.6 % above it; the smallest and largest size are exact. Sums and means are left to `cube`.

/// Binary digits kept below the leading one: 2^6 = 64 buckets for every power of two.
const PRECISION: u32 = 6;
/// Bits of an entry that hold its count; the bits above hold the bucket (at most 3,775, 12 bits).
const COUNT_BITS: u32 = 52;
/// The largest count of an entry.
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// Counts of messages by size.
///
/// Sparse: one 8-byte entry (bucket, then count) for each bucket that occurs, in ascending order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Histogram {
    entries: Vec<u64>,
    range: Option<(u64, u64)>,
}

impl Histogram {
    /// Counts messages of a size; returns whether a new bucket was opened.
    pub fn add(&mut self, size: u64, messages: u64) -> bool {
        if messages == 0 {
            return false;
        }
        self.widen(size, size);
        self.add_to_bucket(bucket_of(size), messages)
    }

    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if let Some((smallest, largest)) = other.range {
            self.widen(smallest, largest);
        }
        for &entry in &other.entries {
            self.add_to_bucket(entry >> COUNT_BITS, entry & COUNT_MASK);
        }
    }

    fn widen(&mut self, smallest: u64, largest: u64) {
        let (low, high) = self.range.unwrap_or((smallest, largest));
        self.range = Some((low.min(smallest), high.max(largest)));
    }

    fn add_to_bucket(&mut self, bucket: u64, messages: u64) -> bool {
        let at = self.entries.partition_point(|&entry| entry >> COUNT_BITS < bucket);
        match self.entries.get_mut(at) {
            Some(entry) if *entry >> COUNT_BITS == bucket => {
                let count = (*entry & COUNT_MASK).saturating_add(messages).min(COUNT_MASK);
                *entry = bucket << COUNT_BITS | count;
                false
            }
            _ => {
                self.entries.insert(at, bucket << COUNT_BITS | messages.min(COUNT_MASK));
                true
            }
        }
    }

    /// Messages counted.
    pub fn messages(&self) -> u128 {
        self.entries.iter().map(|entry| u128::from(entry & COUNT_MASK)).sum()
    }

    /// The exact largest size.
    pub fn largest(&self) -> Option<u64> {
        self.range.map(|(_, largest)| largest)
    }

    /// The exact smallest size.
    pub fn smallest(&self) -> Option<u64> {
        self.range.map(|(smallest, _)| smallest)
    }

    /// The size that this per cent of the messages do not exceed (nearest rank), as the upper end of its bucket.
    pub fn percentile(&self, percent: u8) -> Option<u64> {
        let (smallest, largest) = self.range?;
        let rank = (self.messages() * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        for &entry in &self.entries {
            seen += u128::from(entry & COUNT_MASK);
            if seen >= rank {
                return Some(upper_end(entry >> COUNT_BITS).clamp(smallest, largest));
            }
        }
        Some(largest)
    }

    /// Forgets everything and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Histogram::default();
    }
}

/// The bucket of a size: the size itself below 128, then 64 for each power of two.
fn bucket_of(size: u64) -> u64 {
    let digits = u64::BITS - size.leading_zeros();
    let shift = digits.saturating_sub(PRECISION + 1);
    (u64::from(shift) << PRECISION) + (size >> shift)
}

/// The largest size in a bucket.
fn upper_end(bucket: u64) -> u64 {
    let shift = (bucket >> PRECISION).saturating_sub(1);
    let lead = bucket - (shift << PRECISION);
    // In the last bucket the end is 2^64 - 1: shift the end of the lead in, rather than the start of the next.
    lead << shift | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_sizes_are_exact_and_the_ends_always() {
        let mut sizes = Histogram::default();
        for size in [0, 1, 127, u64::MAX] {
            sizes.add(size, 1);
        }
        assert_eq!((sizes.smallest(), sizes.largest()), (Some(0), Some(u64::MAX)));
        assert_eq!(
            [25, 50, 75, 100].map(|p| sizes.percentile(p)),
            [Some(0), Some(1), Some(127), Some(u64::MAX)]
        );
        assert_eq!(Histogram::default().percentile(50), None);
    }

    #[test]
    fn messages_weigh() {
        let mut sizes = Histogram::default();
        sizes.add(100, 99);
        sizes.add(50, 0);
        sizes.add(5_000, 1);
        assert_eq!([50, 99, 100].map(|p| sizes.percentile(p)), [Some(100), Some(100), Some(5_000)]);
        assert_eq!((sizes.smallest(), sizes.messages()), (Some(100), 100));
    }

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        for bucket in 1..3_776 {
            let (below, end) = (upper_end(bucket - 1), upper_end(bucket));
            assert_eq!(bucket_of(end), bucket);
            assert_eq!(bucket_of(below + 1), bucket);
            assert!((end - below - 1) <= (below + 1) / 64, "bucket {bucket}");
        }
        assert_eq!((bucket_of(u64::MAX), upper_end(3_775)), (3_775, u64::MAX));
    }

    proptest! {
        #[test]
        fn percentiles_are_at_most_a_bucket_too_high(
            sizes in prop::collection::vec(0_u64..50_000_000, 1..200),
            percent in 1_u8..=100,
        ) {
            let mut histogram = Histogram::default();
            sizes.iter().for_each(|&size| { histogram.add(size, 1); });
            let mut sorted = sizes;
            sorted.sort_unstable();
            let rank = (sorted.len() * usize::from(percent)).div_ceil(100);
            let (exact, shown) = (sorted[rank - 1], histogram.percentile(percent).unwrap());
            prop_assert!(shown >= exact && shown - exact <= exact / 64);
        }

        #[test]
        fn merging_is_counting_together(
            left in prop::collection::vec(any::<u64>(), 0..50),
            right in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let of = |sizes: &[u64]| {
                let mut histogram = Histogram::default();
                sizes.iter().for_each(|&size| { histogram.add(size, 2); });
                histogram
            };
            let mut merged = of(&left);
            merged.merge(&of(&right));
            prop_assert_eq!(merged, of(&[left, right].concat()));
        }
    }
}
