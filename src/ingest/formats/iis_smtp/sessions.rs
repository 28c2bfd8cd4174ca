//! Which rows of a client belong together.
//!
//! The log has no number of a session or message, and a client with several connections mixes their rows. Rows are
//! one client's where service, computer, address and the name of its greeting are the same. Of its transactions
//! under way:
//!
//! * a recipient goes to one that had a row within the last minute, then to one that does not have it yet, then to
//!   the one with the fewest, then to the oldest: connections that send in step are told apart so;
//! * `DATA` ends one with recipients, whose declared size fits best, then the oldest;
//! * `RSET` and `QUIT` end one only where all connections of the client have one under way; where it is open which,
//!   that one is only put behind the others;
//! * `DATA` that is refused for want of recipients ends one without any; where all have some, the recipients of the
//!   one with the fewest go to another.
//!
//! So each accepted `DATA` is one message of its own size, and each accepted recipient belongs to one, whatever the
//! order. Which of the messages that one client hands in at the same moment a recipient or sender belongs to is the
//! likeliest, and can be another: recipient bytes are then near the truth, messages and bytes exact.

use rustc_hash::{FxHashMap, FxHashSet};

use super::transaction::Transaction;
use crate::period::Timestamp;

/// Transactions under way that are kept of one client.
const OPEN_CAP: usize = 256;
/// Seconds after which a transaction or connection without a row is given up.
const ABANDONED: i64 = 86_400;

/// A client's connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    open: Vec<Transaction>,
    connections: u32,
    /// Whether its first row is a greeting, so that all its connections are counted.
    is_whole: bool,
    last: Timestamp,
}

impl Client {
    /// Gives up transactions that had no row for a day; their rows.
    fn give_up_old(&mut self, now: Timestamp) -> u64 {
        let mut rows = 0;
        self.open.retain(|transaction| {
            let old = is_old(transaction.last, now);
            rows += if old { transaction.records } else { 0 };
            !old
        });
        rows
    }

    /// Rows of all transactions.
    fn records(&self) -> u64 {
        self.open.iter().map(|transaction| transaction.records).sum()
    }

    /// The same, with rows that were counted elsewhere.
    fn without_records(mut self) -> Client {
        self.open.iter_mut().for_each(|transaction| transaction.records = 0);
        self
    }

    /// Transactions that are surely under way: not taken back, and not left without a row.
    fn certain(&self, now: Timestamp) -> u32 {
        let certain = self.open.iter().filter(|one| !one.doubtful && !one.is_idle(now)).count();
        u32::try_from(certain).unwrap_or(u32::MAX)
    }
}

/// Whether a row is so long ago that nothing follows it.
fn is_old(last: Timestamp, now: Timestamp) -> bool {
    now.seconds().saturating_sub(last.seconds()) > ABANDONED
}

/// The clients of one part, and those whose rows the parts before left open.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    clients: FxHashMap<u64, Client>,
    left: FxHashMap<u64, Vec<(Timestamp, Client)>>,
    /// Clients that were taken over from the parts before, or could have been.
    asked: FxHashSet<u64>,
    begin: Option<Timestamp>,
    /// Rows of transactions that were given up.
    pub(super) abandoned: u64,
}

impl Sessions {
    /// Begins a part whose first row has this time.
    pub(super) fn begin(&mut self, first: Option<Timestamp>) {
        self.begin = first;
        self.asked.clear();
    }

    /// Ends a part: what is under way stays for the part that goes on where this one ends.
    pub(super) fn end(&mut self, last: Timestamp) {
        self.sweep(last);
        for (key, client) in self.clients.drain() {
            self.asked.remove(&key);
            self.left.entry(key).or_default().push((last, client));
        }
        // Of the others nothing is under way any more, whatever the parts before left.
        for key in self.asked.drain() {
            if let Some(left) = self.left.get_mut(&key) {
                left.push((last, Client::default()));
            }
        }
    }

    /// Ends the run: whatever was not finished is given up.
    pub(super) fn finish(&mut self) {
        let left = std::mem::take(&mut self.left).into_values().flatten();
        self.abandoned += left.map(|(_, client)| client.records()).sum::<u64>();
    }

    /// Gives up what had no row for a day.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        let mut abandoned = 0;
        self.clients.retain(|_, client| {
            abandoned += client.give_up_old(now);
            !client.open.is_empty() || client.connections > 0 && !is_old(client.last, now)
        });
        self.abandoned += abandoned;
    }

    /// A client, which goes on from the part before where that ended no later than this one begins.
    fn client(&mut self, key: u64, now: Timestamp) -> &mut Client {
        let is_new = !self.left.is_empty() && !self.clients.contains_key(&key) && self.asked.insert(key);
        if is_new && let Some(client) = self.take_left(key) {
            self.clients.insert(key, client);
        }
        let client = self.clients.entry(key).or_default();
        client.last = now;
        client
    }

    /// What the latest of the parts that ended before this one left of a client. Copies of this part go on from the
    /// same, but its rows count only with the first.
    fn take_left(&mut self, key: u64) -> Option<Client> {
        let begin = self.begin?;
        let left = self.left.get_mut(&key)?;
        let before = left.iter().enumerate().filter(|(_, (end, _))| *end <= begin);
        // Of several that end in one second, the one that was read last.
        let (at, _) = before.max_by_key(|(_, (end, _))| *end)?;
        let latest = left.remove(at);
        // Parts come by their begin: nothing asks for an earlier one again.
        let outdated = left.extract_if(.., |(end, _)| *end <= begin);
        self.abandoned += outdated.map(|(_, client)| client.records()).sum::<u64>();
        let mut client = latest.1.clone();
        left.push((latest.0, latest.1.without_records()));
        self.abandoned += client.give_up_old(begin);
        Some(client)
    }

    /// A client connects.
    pub(super) fn hello(&mut self, key: u64, now: Timestamp) {
        let client = self.client(key, now);
        client.is_whole |= client.connections == 0 && client.open.is_empty();
        client.connections = client.connections.saturating_add(1);
    }

    /// A client that encrypts its connection says hello on it again.
    pub(super) fn encrypt(&mut self, key: u64, now: Timestamp) {
        let client = self.client(key, now);
        client.connections = client.connections.saturating_sub(1);
    }

    /// A transaction begins.
    pub(super) fn mail(&mut self, key: u64, transaction: Transaction) {
        let now = transaction.last;
        let client = self.client(key, now);
        client.open.push(transaction);
        let certain = client.certain(now);
        if !client.is_whole {
            client.connections = client.connections.max(certain);
        } else if certain > client.connections {
            // One was taken back while it was open which: the one that waits longest.
            let waiting = client.open.iter_mut().filter(|one| !one.doubtful && !one.is_idle(now));
            if let Some(one) = waiting.min_by_key(|one| one.last) {
                one.doubtful = true;
            }
        }
        if client.open.len() > OPEN_CAP {
            self.abandoned += client.open.remove(0).records;
        }
    }

    /// A recipient is accepted; the transaction to which it belongs, and whether it is new there. `None` where the
    /// client has none under way.
    pub(super) fn recipient(
        &mut self,
        key: u64,
        recipient: Option<u64>,
        now: Timestamp,
    ) -> Option<(&mut Transaction, bool)> {
        let open = &mut self.client(key, now).open;
        let rank =
            |one: &Transaction| (one.doubtful, one.is_idle(now), one.has(recipient), one.recipient_count());
        let best = open.iter_mut().min_by_key(|one| rank(one))?;
        let is_new = !best.has(recipient);
        Some((best, is_new))
    }

    /// The transaction to which a piece of a message belongs.
    pub(super) fn piece(&mut self, key: u64, now: Timestamp) -> Option<&mut Transaction> {
        let open = &mut self.client(key, now).open;
        let with_recipients = open.iter_mut().filter(|one| one.recipient_count() > 0);
        with_recipients.min_by_key(|one| (one.doubtful, one.pieces == 0, one.is_idle(now)))
    }

    /// A message of this size is accepted; the transaction that it ends. One without recipients only where there is
    /// no other.
    pub(super) fn accept(&mut self, key: u64, size: Option<u64>, now: Timestamp) -> Option<Transaction> {
        self.end_best(key, now, |one| {
            let none = one.recipient_count() == 0;
            (none, one.doubtful, one.pieces == 0, one.misfit(size), one.is_idle(now))
        })
    }

    /// A message is refused; the transaction that it ends. One that is refused for having no recipient ends one
    /// without: where all have some, those of the one with the fewest are another's.
    pub(super) fn refuse(&mut self, key: u64, for_none: bool, now: Timestamp) -> Option<Transaction> {
        let mut ended = self.end_best(key, now, |one| {
            let count = if for_none { one.recipient_count() } else { 0 };
            (one.recipient_count() == 0 && !for_none, count, one.doubtful, one.is_idle(now))
        })?;
        if for_none && let Some(other) = self.client(key, now).open.iter_mut().find(|one| !one.doubtful) {
            other.take_recipients(&mut ended);
        }
        Some(ended)
    }

    fn end_best<K: Ord>(
        &mut self,
        key: u64,
        now: Timestamp,
        rank: impl Fn(&Transaction) -> K,
    ) -> Option<Transaction> {
        let client = self.client(key, now);
        let (at, _) = client.open.iter().enumerate().min_by_key(|(_, one)| rank(one))?;
        Some(client.open.remove(at))
    }

    /// A client takes back what one of its connections began.
    pub(super) fn reset(&mut self, key: u64, now: Timestamp) {
        let client = self.client(key, now);
        let certain = client.certain(now);
        if certain == 0 || client.connections > certain {
            return;
        }
        if let [_] = client.open.as_slice() {
            self.abandoned += client.open.remove(0).records;
            return;
        }
        let meant = client.open.iter_mut().filter(|one| !one.doubtful);
        if let Some(one) = meant.min_by_key(|one| (!one.is_idle(now), one.recipient_count())) {
            one.doubtful = true;
        }
    }

    /// One of a client's connections ends.
    pub(super) fn quit(&mut self, key: u64, now: Timestamp) {
        self.reset(key, now);
        let client = self.client(key, now);
        client.connections = client.connections.saturating_sub(1);
        if client.connections == 0 && client.certain(now) == 0 {
            let open = client.open.drain(..).map(|one| one.records).sum::<u64>();
            self.clients.remove(&key);
            self.abandoned += open;
        }
    }
}
