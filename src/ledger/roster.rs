//! What a batch brings, by key and thread, in few bytes a message; and for each the row of the ledger that is most
//! likely the same message.
//!
//! Keys are held folded to 64 bits: whoever joins two rows compares them whole.

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use super::identity::Likeness;
use super::submissions::Identity;
use crate::period::Timestamp;

/// Bits of a span that hold its seconds; the others say what was seen of the message.
const SECONDS: u32 = (1 << 30) - 1;
const BEGUN: u32 = 1 << 30;
const ENDED: u32 = 1 << 31;

/// All messages of a batch, by the numbers under which they came.
#[derive(Debug, Default)]
pub struct Roster {
    keys: Vec<u64>,
    threads: Vec<u64>,
    times: Vec<i64>,
    spans: Vec<u32>,
    by_key: HashTable<u32>,
    by_thread: HashTable<u32>,
    /// Of messages that share their key with earlier ones.
    legs: FxHashMap<u32, u32>,
}

/// The partner of each message of a batch, by number.
#[derive(Debug)]
pub struct Pairs(Vec<Partner>);

/// The row of the ledger that is most likely the same message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Partner {
    /// How surely it is: less is more.
    rank: u32,
    /// The number of its file among those that were searched.
    pub file: u32,
    /// Its place in the file.
    pub row: u32,
}

const NOBODY: Partner = Partner { rank: u32::MAX, file: 0, row: 0 };

fn folded(key: u128) -> u64 {
    key as u64 ^ ((key >> 64) as u64).rotate_left(32)
}

/// Keys are digests; threads may be less evenly spread, and are.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

impl Roster {
    /// Takes note of a message; returns its number and leg.
    pub fn note(&mut self, mark: &Identity) -> (u32, u32) {
        let number = self.keys.len() as u32;
        let key = folded(mark.key);
        let leg = self.numbers_of_key(key).count() as u32;
        self.keys.push(key);
        self.threads.push(mark.thread.unwrap_or(0));
        self.times.push(mark.time.seconds());
        let seconds = mark.last.seconds().saturating_sub(mark.time.seconds()).clamp(0, SECONDS.into());
        let flags = if mark.begun { BEGUN } else { 0 } | if mark.ended { ENDED } else { 0 };
        self.spans.push(seconds as u32 | flags);
        let Roster { keys, threads, by_key, by_thread, .. } = self;
        by_key.insert_unique(spread(key), number, |&at| spread(keys[at as usize]));
        if leg > 0 {
            self.legs.insert(number, leg);
        }
        if let Some(thread) = mark.thread {
            by_thread.insert_unique(spread(thread), number, |&at| spread(threads[at as usize]));
        }
        (number, leg)
    }

    /// Whether no message was noted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn numbers_of_key(&self, key: u64) -> impl Iterator<Item = u32> {
        let numbers = self.by_key.iter_hash(spread(key)).copied();
        numbers.filter(move |&at| self.keys.get(at as usize) == Some(&key))
    }

    /// The messages that can be the same as a row of the ledger, each with how surely.
    pub fn matches(&self, stored: &Identity) -> impl Iterator<Item = (u32, Likeness)> {
        let leg_of = |at: u32| self.legs.get(&at).copied().unwrap_or(0);
        let of_key = self.numbers_of_key(folded(stored.key)).filter(move |&at| leg_of(at) == stored.leg);
        let of_thread =
            stored.thread.into_iter().flat_map(|thread| self.by_thread.iter_hash(spread(thread)).copied());
        let alike = |at: u32| Some((at, self.mark(at)?.likeness(&Identity { key: 1, ..*stored })?));
        of_key.map(|at| (at, Likeness::Key)).chain(of_thread.filter_map(alike))
    }

    /// What is known of a message, with no key: threads are compared.
    fn mark(&self, number: u32) -> Option<Identity> {
        let at = number as usize;
        let (time, span) = (*self.times.get(at)?, *self.spans.get(at)?);
        Some(Identity {
            key: 0,
            leg: 0,
            thread: self.threads.get(at).copied(),
            time: Timestamp::from_seconds(time),
            last: Timestamp::from_seconds(time + i64::from(span & SECONDS)),
            begun: span & BEGUN != 0,
            ended: span & ENDED != 0,
        })
    }

    /// The UTC day of a message, counted from 1970.
    pub fn day(&self, number: u32) -> Option<i64> {
        self.times.get(number as usize).map(|time| time.div_euclid(24 * 60 * 60))
    }
}

impl Pairs {
    /// Nobody has a partner yet.
    pub fn new(roster: &Roster) -> Pairs {
        Pairs(vec![NOBODY; roster.keys.len()])
    }

    /// Keeps the row as the partner of a message, where it has no likelier one.
    pub fn pair(&mut self, number: u32, likeness: Likeness, file: u32, row: u32) {
        let rank = match likeness {
            Likeness::Key => 0,
            Likeness::Overlap => 1,
            Likeness::Sequel(gap) => u32::try_from(gap).unwrap_or(u32::MAX - 1).clamp(2, u32::MAX - 1),
        };
        if let Some(partner) = self.0.get_mut(number as usize) {
            *partner = Partner { rank, file, row }.min(*partner);
        }
    }

    /// Takes the partner away.
    pub fn part(&mut self, number: u32) {
        self.0.get_mut(number as usize).into_iter().for_each(|partner| *partner = NOBODY);
    }

    /// The row of the ledger that is most likely the same message.
    pub fn partner(&self, number: u32) -> Option<Partner> {
        self.0.get(number as usize).copied().filter(|partner| *partner != NOBODY)
    }

    /// All messages that have a partner.
    pub fn all(&self) -> impl Iterator<Item = (u32, Partner)> {
        (0..).zip(self.0.iter().copied()).filter(|(_, partner)| *partner != NOBODY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(key: u128, thread: Option<u64>, span: (i64, i64), seen: (bool, bool)) -> Identity {
        let [time, last] = [span.0, span.1].map(Timestamp::from_seconds);
        Identity { key, leg: 0, thread, time, last, begun: seen.0, ended: seen.1 }
    }

    fn matched(roster: &Roster, mark: &Identity) -> Vec<(u32, Likeness)> {
        roster.matches(mark).collect()
    }

    #[test]
    fn messages_of_one_key_have_legs() {
        let mut roster = Roster::default();
        let one = mark(u128::MAX, None, (0, 1), (true, true));
        let legs = [(); 3].map(|()| roster.note(&one));
        assert_eq!(legs, [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(matched(&roster, &one), [(0, Likeness::Key)]);
        assert_eq!(matched(&roster, &Identity { leg: 2, ..one }), [(2, Likeness::Key)]);
        assert_eq!(matched(&roster, &Identity { leg: 3, ..one }), []);
    }

    #[test]
    fn the_likeliest_row_is_the_partner() {
        let mut roster = Roster::default();
        let tail = mark(5, Some(7), (100, 120), (false, true));
        roster.note(&tail);
        let mut pairs = Pairs::new(&roster);
        let head = |key, last| mark(key, Some(7), (0, last), (true, false));
        for (row, stored) in [head(1, 10), head(2, 80), head(3, 110), head(4, 50)].iter().enumerate() {
            for (number, likeness) in matched(&roster, stored) {
                pairs.pair(number, likeness, 0, row as u32);
            }
        }
        assert_eq!(pairs.partner(0).map(|partner| partner.row), Some(2), "it overlaps");
        for (number, likeness) in matched(&roster, &Identity { thread: None, ..tail }) {
            pairs.pair(number, likeness, 3, 9);
        }
        let all: Vec<_> = pairs.all().map(|(number, it)| (number, it.file, it.row)).collect();
        assert_eq!(all, [(0, 3, 9)], "it has the same key");
        pairs.part(0);
        assert_eq!(pairs.partner(0), None);
        assert_eq!(pairs.partner(1), None);
    }
}
