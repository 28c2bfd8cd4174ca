//! Input and line of a message in 32 bits: lines are counted on over all inputs.

use crate::usage::SourceId;

/// Where the inputs lie in the common count of lines. Beyond 2^32 lines (over 400 GB of trace) all places are
/// the last one; counts are not affected.
#[derive(Debug, Default)]
pub(super) struct Positions {
    begins: Vec<(u32, SourceId)>,
    next: u32,
}

impl Positions {
    /// Begins an input.
    pub(super) fn begin(&mut self, source: SourceId) {
        self.begins.push((self.next, source));
        self.next = self.next.saturating_add(1);
    }

    /// The place of a line of the current input.
    pub(super) fn of(&mut self, line: u64) -> u32 {
        let begin = self.begins.last().map_or(0, |(begin, _)| *begin);
        let place = u32::try_from(line).map_or(u32::MAX, |line| begin.saturating_add(line));
        self.next = self.next.max(place.saturating_add(1));
        place
    }

    /// The input and line of a place.
    pub(super) fn resolve(&self, place: u32) -> Option<(SourceId, u64)> {
        let after = self.begins.partition_point(|(begin, _)| *begin <= place);
        let (begin, source) = self.begins.get(after.checked_sub(1)?)?;
        Some((*source, u64::from(place - begin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
