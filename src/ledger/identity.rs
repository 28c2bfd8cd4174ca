//! Whether two rows are one message: by their key, or by what their lines name it and when they go.
//!
//! Finding the rows to compare is left to `seek`, joining them to `merge`.

use super::row::SubmissionRow;
use super::submissions::Identity;
use crate::usage::TimeQuality;

/// Seconds by which lines of one message can stand out of order where its log was cut.
const GRACE: i64 = 5;
/// Seconds for which a message can rest in a queue: after them a queue id is another message's.
pub(super) const REST: i64 = 60 * 24 * 60 * 60;
/// Seconds by which clocks of one message can differ; more is another zone.
const DRIFT: i64 = 15 * 60;

/// How two rows are known to be one message; the least is the surest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Likeness {
    /// They have the same key.
    Key,
    /// Lines of both go at the same time under the same name.
    Overlap,
    /// One goes on, so many seconds later, where the other breaks off.
    Sequel(i64),
}

impl Identity {
    /// That of a row.
    pub fn of(row: &SubmissionRow) -> Identity {
        let SubmissionRow { key, leg, thread, time, last, begun, ended, .. } = *row;
        Identity { key, leg, thread, time, last, begun, ended }
    }

    /// How this row is the same message as another; `None`: it is not.
    pub fn likeness(&self, other: &Identity) -> Option<Likeness> {
        if self.key == other.key {
            return (self.leg == other.leg).then_some(Likeness::Key);
        }
        if self.thread.is_none() || self.thread != other.thread {
            return None;
        }
        let [first, second] =
            if (self.time, self.last) <= (other.time, other.last) { [self, other] } else { [other, self] };
        let gap = second.time.seconds().saturating_sub(first.last.seconds());
        // A beginning after the other's beginning or end is that of a later message with the same name. Within a second
        // no name comes again: both are of one message, of which one read saw the hop before.
        let later = second.time > first.time && gap >= 0;
        let anew = later && second.begun && (first.begun || first.ended);
        match gap {
            _ if anew => None,
            ..=GRACE => Some(Likeness::Overlap),
            ..=REST if !first.ended && !second.begun => Some(Likeness::Sequel(gap)),
            _ => None,
        }
    }
}

/// Whether one row has read the same beginning at another time than the other: with another zone or year. The key of a
/// message with a thread is a digest of its first line, time and all, so that nothing else can be behind it. Without
/// one, an earlier record of the message can have come to light where its times are known for sure.
pub fn contradicts(a: &SubmissionRow, b: &SubmissionRow) -> bool {
    let sure = |row: &SubmissionRow| row.time_quality == TimeQuality::Exact;
    let apart = a.time.seconds().abs_diff(b.time.seconds()) > DRIFT.unsigned_abs();
    (a.key, a.leg) == (b.key, b.leg)
        && a.begun
        && b.begun
        && apart
        && (a.thread.is_some() || !sure(a) && !sure(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Timestamp;

    fn identity(key: u128, span: (i64, i64), seen: (bool, bool)) -> Identity {
        let [time, last] = [span.0, span.1].map(Timestamp::from_seconds);
        Identity { key, leg: 0, thread: Some(7), time, last, begun: seen.0, ended: seen.1 }
    }

    fn likeness(a: (i64, i64, bool, bool), b: (i64, i64, bool, bool)) -> Option<Likeness> {
        let [a, b] =
            [(1, a), (2, b)].map(|(key, (from, to, begun, ended))| identity(key, (from, to), (begun, ended)));
        assert_eq!(a.likeness(&b), b.likeness(&a));
        a.likeness(&b)
    }

    #[test]
    fn a_log_that_is_cut_goes_on_in_the_next() {
        assert_eq!(likeness((0, 10, true, false), (12, 20, false, true)), Some(Likeness::Overlap));
        assert_eq!(likeness((0, 10, true, false), (900, 920, false, true)), Some(Likeness::Sequel(890)));
        assert!(likeness((0, 10, true, false), (10 + REST, 10 + REST, false, true)).is_some());
        assert_eq!(likeness((0, 10, true, false), (11 + REST, 11 + REST, false, true)), None);
        assert_eq!(likeness((0, 10, false, false), (900, 920, false, false)), Some(Likeness::Sequel(890)));
    }

    #[test]
    fn a_name_that_is_used_again_is_another_message() {
        assert_eq!(likeness((0, 10, true, true), (11, 20, true, true)), None);
        assert_eq!(likeness((0, 10, true, true), (10, 20, true, false)), None);
        assert_eq!(likeness((0, 10, true, true), (900, 920, false, true)), None);
        assert_eq!(likeness((0, 10, true, false), (900, 920, true, true)), None);
        assert_eq!(likeness((0, 10, false, true), (12, 20, true, true)), None);
    }

    #[test]
    fn a_key_or_a_thread_at_the_same_time_is_enough() {
        assert_eq!(likeness((0, 10, true, true), (4, 6, false, false)), Some(Likeness::Overlap));
        assert_eq!(likeness((0, 10, true, true), (4, 12, true, true)), Some(Likeness::Overlap));
        assert_eq!(likeness((5, 5, true, false), (5, 5, true, true)), Some(Likeness::Overlap));
        let [a, b] = [identity(1, (0, 1), (true, true)), identity(1, (90, 91), (true, true))];
        assert_eq!(a.likeness(&b), Some(Likeness::Key));
        assert_eq!(a.likeness(&Identity { leg: 1, thread: None, ..b }), None);
        assert_eq!(a.likeness(&Identity { leg: 1, ..a }), None, "a further leg is no other part");
        let tail = Identity { key: 2, begun: false, ..a };
        assert_eq!(
            Identity { leg: 1, ..a }.likeness(&tail),
            Some(Likeness::Overlap),
            "what went through a filter is a further leg, and the next log has only its own id"
        );
        assert_eq!(a.likeness(&Identity { key: 2, thread: Some(8), ..a }), None);
    }
}
