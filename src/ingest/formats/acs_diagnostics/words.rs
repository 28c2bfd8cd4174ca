//! Delivery statuses and units of usage records, in the words of the service.

use crate::pricing::Metered;
use crate::usage::Outcome;

/// A delivery status. Of several rows of a recipient a later word of the life of a message stands: what is final
/// before what is under way; of two final ones the later in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Word {
    /// A word that is not known.
    New,
    Queued,
    OutForDelivery,
    Dropped,
    Quarantined,
    FilteredSpam,
    Suppressed,
    Failed,
    Bounced,
    Delivered,
}

/// The words, lower case (Microsoft's pages on email logs and on delivery reports through Event Grid).
const WORDS: [(&str, Word); 9] = [
    ("delivered", Word::Delivered),
    ("outfordelivery", Word::OutForDelivery),
    ("queued", Word::Queued),
    ("bounced", Word::Bounced),
    ("failed", Word::Failed),
    ("suppressed", Word::Suppressed),
    ("filteredspam", Word::FilteredSpam),
    ("quarantined", Word::Quarantined),
    ("dropped", Word::Dropped),
];

impl Word {
    /// The status of a cell.
    pub(super) fn of(cell: &[u8]) -> Word {
        let known = WORDS.iter().find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(cell));
        known.map_or(Word::New, |(_, word)| *word)
    }

    /// The word as a bit.
    pub(super) fn bit(self) -> u16 {
        1 << self as u16
    }

    /// 0: not known, 1: under way, 2: final.
    pub(super) fn rank(self) -> u8 {
        match self {
            Word::New => 0,
            Word::Queued | Word::OutForDelivery => 1,
            _ => 2,
        }
    }

    /// Whether nothing more is to come.
    pub(super) fn is_final(self) -> bool {
        self.rank() == 2
    }

    /// What became of the recipient.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Word::New => Outcome::Unknown,
            Word::Queued | Word::OutForDelivery => Outcome::Open,
            Word::Dropped | Word::Quarantined | Word::FilteredSpam | Word::Suppressed => Outcome::Filtered,
            Word::Failed | Word::Bounced => Outcome::Bounced,
            Word::Delivered => Outcome::Delivered,
        }
    }
}

/// What a unit of a usage record counts; `None` where that is not known. The values for mail are not published, so
/// what they must hold is asked for, not what they must be.
pub(super) fn metered(unit: &[u8]) -> Option<Metered> {
    let unit = unit.to_ascii_lowercase();
    let has = |word: &str| memchr::memmem::find(&unit, word.as_bytes()).is_some();
    if has("megabyte") || unit == b"mb" {
        return Some(Metered::Megabytes);
    }
    (has("message") || has("mail") || has("recipient")).then_some(Metered::Recipients)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_their_outcomes() {
        for (cell, outcome, rank) in [
            ("Delivered", Outcome::Delivered, 2),
            ("outfordelivery", Outcome::Open, 1),
            ("Queued", Outcome::Open, 1),
            ("Bounced", Outcome::Bounced, 2),
            ("Failed", Outcome::Bounced, 2),
            ("Suppressed", Outcome::Filtered, 2),
            ("FilteredSpam", Outcome::Filtered, 2),
            ("Quarantined", Outcome::Filtered, 2),
            ("Dropped", Outcome::Filtered, 2),
            ("Teleported", Outcome::Unknown, 0),
        ] {
            let word = Word::of(cell.as_bytes());
            assert_eq!((word.outcome(), word.rank()), (outcome, rank), "{cell}");
        }
    }

    #[test]
    fn units_are_known_by_what_they_hold() {
        assert_eq!(metered(b"Messages"), Some(Metered::Recipients));
        assert_eq!(metered(b"megabytes"), Some(Metered::Megabytes));
        assert_eq!(metered(b"MB"), Some(Metered::Megabytes));
        assert_eq!(metered(b"minutes"), None);
    }
}
