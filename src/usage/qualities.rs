//! How sure the times and sizes of counted submissions are.

use super::submission::{SizeQuality, Submission, TimeQuality};

/// Counted submissions whose quality is worth a remark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Qualities {
    /// Submissions whose zone is assumed.
    pub zone_assumed: u64,
    /// Submissions whose year was inferred from the age of the file.
    pub year_inferred: u64,
    /// Submissions of which only the day is known.
    pub date_only: u64,
    /// Submissions whose size the client declared and nobody measured.
    pub size_declared: u64,
}

impl Qualities {
    /// Takes note of a counted submission.
    pub(super) fn note(&mut self, submission: &Submission) {
        if submission.messages == 0 {
            return; // A further leg: the message was noted with its first.
        }
        match submission.time_quality {
            TimeQuality::Exact => {}
            TimeQuality::ZoneAssumed => self.zone_assumed += 1,
            TimeQuality::YearInferred => self.year_inferred += 1,
            TimeQuality::DateOnly => self.date_only += 1,
        }
        let declared = submission.message_size.is_some() && submission.size_quality == SizeQuality::Declared;
        self.size_declared += u64::from(declared);
    }

    /// Adds what was counted apart.
    pub(super) fn merge(&mut self, other: &Qualities) {
        self.zone_assumed += other.zone_assumed;
        self.year_inferred += other.year_inferred;
        self.date_only += other.date_only;
        self.size_declared += other.size_declared;
    }
}
