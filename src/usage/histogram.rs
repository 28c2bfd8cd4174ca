//! Message sizes by bucket, for percentiles in bounded memory.
//!
//! Buckets are log-linear: sizes below 128 bytes are exact, above that every power of two is cut into 64 equal
//! parts, so a bucket is at most 1/64 (1.6 %) as wide as the sizes in it. A percentile is never below the true
//! one and at most 1.6 % above it; the smallest and largest size are exact. Sums and means are left to `cube`.

use std::fmt;

/// Binary digits kept below the leading one: 2^6 = 64 buckets for every power of two.
const PRECISION: u32 = 6;
/// Bits of an entry that hold its count; the bits above hold the bucket (at most 3,775, 12 bits).
const COUNT_BITS: u32 = 52;
/// The largest count of an entry.
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// Entries from which on a window is worth its room; it is looked for again each time they have doubled.
const CROWD: usize = 32;
/// Buckets of a window for each of its entries, at most.
const SPARSE: usize = 3;

/// Counts of messages by size.
///
/// One 8-byte entry (bucket, then count) for each bucket that occurs, in ascending order; once there are many, the
/// buckets among which most sizes fall have a count each, found by place.
#[derive(Clone, Eq, Default)]
pub struct Histogram {
    /// All entries outside the window.
    entries: Vec<u64>,
    window: Option<Window>,
    range: Option<(u64, u64)>,
}

/// Counts of buckets that follow each other; 0 where one did not occur.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Window {
    first: u64,
    counts: Box<[u64]>,
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buckets: Vec<(u64, u64)> = self.buckets().collect();
        f.debug_struct("Histogram").field("range", &self.range).field("buckets", &buckets).finish()
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Histogram) -> bool {
        self.range == other.range && self.buckets().eq(other.buckets())
    }
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

    /// Adds all counts of another histogram; returns how many new buckets were opened.
    pub fn merge(&mut self, other: &Histogram) -> usize {
        if self.range.is_none() {
            other.clone_into(self);
            return self.buckets().count();
        }
        if let Some((smallest, largest)) = other.range {
            self.widen(smallest, largest);
        }
        other.buckets().filter(|&(bucket, messages)| self.add_to_bucket(bucket, messages)).count()
    }

    fn widen(&mut self, smallest: u64, largest: u64) {
        let (low, high) = self.range.unwrap_or((smallest, largest));
        self.range = Some((low.min(smallest), high.max(largest)));
    }

    fn add_to_bucket(&mut self, bucket: u64, messages: u64) -> bool {
        let Some(count) = self.window.as_mut().and_then(|window| window.count_of(bucket)) else {
            return self.add_to_entry(bucket, messages);
        };
        let is_new = *count == 0;
        *count = count.saturating_add(messages).min(COUNT_MASK);
        is_new
    }

    fn add_to_entry(&mut self, bucket: u64, messages: u64) -> bool {
        let at = self.entries.partition_point(|&entry| entry >> COUNT_BITS < bucket);
        match self.entries.get_mut(at) {
            Some(entry) if *entry >> COUNT_BITS == bucket => {
                let count = (*entry & COUNT_MASK).saturating_add(messages).min(COUNT_MASK);
                *entry = bucket << COUNT_BITS | count;
                false
            }
            _ => {
                self.entries.insert(at, bucket << COUNT_BITS | messages.min(COUNT_MASK));
                if self.entries.len() >= CROWD && self.entries.len().is_power_of_two() {
                    self.look_for_window();
                }
                true
            }
        }
    }

    /// Opens a window for all buckets but the outermost, where they lie close together.
    fn look_for_window(&mut self) {
        let buckets: Vec<(u64, u64)> = self.buckets().collect();
        let edge = buckets.len() / CROWD;
        let inner = &buckets[edge..buckets.len() - edge];
        let (Some((first, _)), Some((last, _))) = (inner.first(), inner.last()) else { return };
        let Ok(span) = usize::try_from(last - first + 1) else { return };
        if span > SPARSE * inner.len() {
            return;
        }
        let mut window = Window { first: *first, counts: vec![0; span].into() };
        self.entries.clear();
        for (bucket, messages) in buckets {
            match window.count_of(bucket) {
                Some(count) => *count = messages,
                None => self.entries.push(bucket << COUNT_BITS | messages),
            }
        }
        self.window = Some(window);
    }

    /// The buckets that occur with their counts, in ascending order.
    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let (first, counts) =
            self.window.as_ref().map_or((0, &[][..]), |window| (window.first, &window.counts));
        let (below, above) =
            self.entries.split_at(self.entries.partition_point(|entry| entry >> COUNT_BITS < first));
        let of_entry = |entry: &u64| (entry >> COUNT_BITS, entry & COUNT_MASK);
        let inside = (first..).zip(counts.iter().copied()).filter(|&(_, messages)| messages > 0);
        below.iter().map(of_entry).chain(inside).chain(above.iter().map(of_entry))
    }

    /// Messages counted.
    pub fn messages(&self) -> u128 {
        self.buckets().map(|(_, messages)| u128::from(messages)).sum()
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
        for (bucket, messages) in self.buckets() {
            seen += u128::from(messages);
            if seen >= rank {
                return Some(upper_end(bucket).clamp(smallest, largest));
            }
        }
        Some(largest)
    }

    /// Forgets everything and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Histogram::default();
    }
}

impl Window {
    fn count_of(&mut self, bucket: u64) -> Option<&mut u64> {
        let at = bucket.checked_sub(self.first)?;
        self.counts.get_mut(at as usize)
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

    #[test]
    fn many_sizes_are_found_by_place() {
        let mut histogram = Histogram::default();
        let sizes = [0, u64::MAX].into_iter().chain((1_000..9_000).step_by(10));
        for size in sizes {
            histogram.add(size, 1);
        }
        assert!(histogram.window.is_some());
        assert!(histogram.entries.len() < 2 * CROWD, "{}", histogram.entries.len());
        assert_eq!(histogram.messages(), 802);
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
            let opened = merged.merge(&of(&right));
            let together = of(&[left.clone(), right].concat());
            prop_assert_eq!(opened, together.buckets().count() - of(&left).buckets().count());
            prop_assert_eq!(merged, together);
        }

        #[test]
        fn a_window_changes_nothing(
            sizes in prop::collection::vec(prop_oneof![20 => 1_000_u64..9_000, 1 => any::<u64>()], 0..600),
            percent in 0_u8..=100,
        ) {
            let (mut histogram, mut plain) = (Histogram::default(), std::collections::BTreeMap::new());
            for size in &sizes {
                let count = plain.entry(bucket_of(*size)).or_insert(0_u64);
                prop_assert_eq!(histogram.add(*size, 3), *count == 0);
                *count += 3;
            }
            prop_assert!(histogram.buckets().eq(plain.clone()));
            let sorted = Histogram {
                entries: plain.iter().map(|(bucket, count)| bucket << COUNT_BITS | count).collect(),
                window: None,
                range: histogram.range,
            };
            prop_assert_eq!(histogram.percentile(percent), sorted.percentile(percent));
            prop_assert_eq!(histogram, sorted);
        }
    }
}
