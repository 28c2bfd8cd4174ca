//! The times at which messages lived that were counted already, by the id under which a mail server logged them.
//!
//! A line that falls into such a time was read before (a copy of the file, an overlapping export) and is a duplicate.

use rustc_hash::FxHashMap;

use crate::period::Timestamp;

/// Seconds within which a queue id that another line names means the incarnation that had it last.
const RECENT: u32 = 3_600;

/// The finished messages of a run.
#[derive(Debug, Default)]
pub struct Lifetimes {
    newest: FxHashMap<u64, Span>,
    earlier: FxHashMap<u64, Vec<Span>>,
    /// Those that were not sorted in yet: in a log that goes on in time nobody asks for them.
    fresh: Vec<(u64, Span)>,
    /// The end of the last one of all.
    latest: Option<u32>,
}

/// Seconds since 1970 from the first to the last line of a message.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: Timestamp, end: Timestamp) -> Span {
        let short = |time: Timestamp| u32::try_from(time.seconds().max(0)).unwrap_or(u32::MAX);
        Span { start: short(start), end: short(end) }
    }

    /// Whether a line belongs to the span. A message that begins in the second in which another ended is a new
    /// one, unless that other began then too.
    fn covers(&self, time: Timestamp, begins: bool) -> bool {
        let time = Span::new(time, time).start;
        let inside = self.start <= time && time <= self.end;
        inside && !(begins && time == self.end && self.start < self.end)
    }
}

impl Lifetimes {
    /// Notes when a message lived. Ids that are used again have several lives.
    pub fn add(&mut self, key: u64, start: Timestamp, end: Timestamp) {
        let span = Span::new(start, end);
        self.latest = self.latest.max(Some(span.end));
        self.fresh.push((key, span));
    }

    fn sort_in(&mut self) {
        self.newest.reserve(self.fresh.len());
        for (key, span) in std::mem::take(&mut self.fresh) {
            if let Some(earlier) = self.newest.insert(key, span) {
                self.earlier.entry(key).or_default().push(earlier);
            }
        }
    }

    /// Whether a line of this time, with which a message `begins` or not, is of a finished one.
    pub fn cover(&mut self, key: u64, time: Timestamp, begins: bool) -> bool {
        if Some(Span::new(time, time).start) > self.latest {
            return false;
        }
        self.sort_in();
        self.newest.get(&key).is_some_and(|span| span.covers(time, begins))
            || self.earlier.get(&key).is_some_and(|spans| spans.iter().any(|span| span.covers(time, begins)))
    }

    /// Whether the last message of an id ended not long before a time.
    pub fn ended_before(&mut self, key: u64, time: Timestamp) -> bool {
        self.sort_in();
        let now = Span::new(time, time).start;
        let newest = self.newest.get(&key);
        newest.is_some_and(|span| span.start <= now && now.saturating_sub(span.end) <= RECENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_several_lives() {
        let at = Timestamp::from_seconds;
        let mut lifetimes = Lifetimes::default();
        lifetimes.add(1, at(100), at(110));
        lifetimes.add(1, at(500), at(510));
        assert!(lifetimes.cover(1, at(105), false) && lifetimes.cover(1, at(505), false));
        assert!(!lifetimes.cover(1, at(300), false) && !lifetimes.cover(2, at(105), false));
        assert!(lifetimes.cover(1, at(110), false) && !lifetimes.cover(1, at(110), true));
        assert!(lifetimes.ended_before(1, at(600)) && !lifetimes.ended_before(1, at(9_000)));
    }
}
