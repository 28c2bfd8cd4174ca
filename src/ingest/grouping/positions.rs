//! Input and line of a message in 32 bits: records are counted over all inputs, and lines follow from the count.

use crate::usage::SourceId;

/// Where records lie in the common count. It grows with their lines, and by one where several stand on one line, so
/// that it also tells which of two came first. Beyond 2^32 lines (over 400 GB of trace) all places are the last one;
/// counts are not affected.
#[derive(Debug, Default)]
pub(super) struct Positions {
    stretches: Vec<Stretch>,
    next: u32,
}

/// Records whose lines follow from their places.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    begin: u32,
    source: SourceId,
    /// The line of the first.
    line: u64,
    /// Whether all stand on that line; else the lines grow with the places.
    is_one_line: bool,
}

impl Stretch {
    fn line_of(&self, place: u32) -> u64 {
        let behind = if self.is_one_line { 0 } else { u64::from(place.saturating_sub(self.begin)) };
        self.line + behind
    }

    /// The place of a line, where it is in this stretch, or behind it, and is not before `next`.
    fn place_of(&self, line: u64, next: u32) -> Option<u32> {
        if self.is_one_line {
            return (self.line == line).then_some(next);
        }
        let behind = line.checked_sub(self.line)?;
        let place = u32::try_from(behind).map_or(u32::MAX, |behind| self.begin.saturating_add(behind));
        (place >= next).then_some(place)
    }
}

impl Positions {
    /// Begins an input.
    pub(super) fn begin(&mut self, source: SourceId) {
        self.stretches.push(Stretch { begin: self.next, source, line: 0, is_one_line: false });
        self.next = self.next.saturating_add(1);
    }

    /// The place of the next record, which begins on a line of the current input.
    pub(super) fn of(&mut self, line: u64) -> u32 {
        let last = self.stretches.last().copied();
        let place = match last.map(|last| (last, last.place_of(line, self.next))) {
            Some((_, Some(place))) => place,
            Some((last, None)) => {
                let is_one_line = line == last.line_of(self.next.saturating_sub(1));
                self.stretches.push(Stretch { begin: self.next, line, is_one_line, ..last });
                self.next
            }
            None => u32::try_from(line).unwrap_or(u32::MAX),
        };
        self.next = self.next.max(place.saturating_add(1));
        place
    }

    /// The input and line of a place.
    pub(super) fn resolve(&self, place: u32) -> Option<(SourceId, u64)> {
        let after = self.stretches.partition_point(|stretch| stretch.begin <= place);
        let stretch = self.stretches.get(after.checked_sub(1)?)?;
        Some((stretch.source, stretch.line_of(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_leads_back_to_input_and_line() {
        let mut positions = Positions::default();
        positions.begin(SourceId(7));
        let places = [positions.of(1), positions.of(900)];
        positions.begin(SourceId(8));
        positions.begin(SourceId(9));
        let last = positions.of(3);
        assert_eq!(
            places.map(|place| positions.resolve(place)),
            [Some((SourceId(7), 1)), Some((SourceId(7), 900))]
        );
        assert_eq!(positions.resolve(last), Some((SourceId(9), 3)));
        assert_eq!(positions.of(u64::MAX), u32::MAX);
        assert_eq!(Positions::default().resolve(5), None);
    }

    proptest! {
        /// However records lie on lines, their places grow and lead back.
        #[test]
        fn places_grow_and_lead_back(lines in prop::collection::vec(0_u64..12, 1..60)) {
            let mut positions = Positions::default();
            positions.begin(SourceId(1));
            let places: Vec<u32> = lines.iter().map(|line| positions.of(*line)).collect();
            prop_assert!(places.is_sorted_by(|one, next| one < next));
            let back: Vec<u64> = places.iter().filter_map(|place| positions.resolve(*place)).map(|at| at.1).collect();
            prop_assert_eq!(back, lines);
        }
    }
}
