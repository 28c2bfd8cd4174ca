//! All messages of a run on all cores: each thread looks after a lane of shares, and takes the records of its shares in
//! the order in which they were read. So every share grows as if there was one thread.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::Origin;
use super::batch::Batch;
use super::deliver::deliver;
use super::intake::{Intake, Rows};
use super::key::SHARDS;
use super::shard::Shard;
use super::spill::{Share, failed};
use crate::ingest::{ReadError, Sink, parallel};
use crate::usage::{Names, SourceId};

/// Bytes of messages that are held in memory; shares beyond go to temporary files.
pub(super) const LIMIT: usize = 512 * 1024 * 1024;
/// Records up to which threads do not pay.
const FEW: usize = 20_000;
/// Batches that wait in front of each thread.
const WAITING: usize = 4;
/// Records whose messages are looked up at once.
const LOOKED_UP: usize = 32;

/// All messages of a run whose records come in batches.
#[derive(Debug)]
pub(crate) struct Lanes {
    intake: Intake,
    /// Records up to which threads do not pay.
    few: usize,
    taken: usize,
    /// Those that are here.
    here: Vec<Lane>,
    /// Those that threads look after.
    away: Vec<Away>,
    has_failed: bool,
}

/// Shares that one thread looks after.
#[derive(Debug)]
struct Lane {
    number: u8,
    of: u8,
    shares: Vec<Share>,
    /// Bytes that its shares may take in memory.
    limit: usize,
    /// Records of its shares, used again for every batch.
    own: Vec<usize>,
    /// Why a share cannot be written or read.
    fault: Option<io::Error>,
}

/// How many lanes there are, how many records are taken before threads begin, and how many bytes are held in memory.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct How {
    pub(in crate::ingest) lanes: usize,
    pub(in crate::ingest) few: usize,
    pub(in crate::ingest) limit: usize,
}

#[cfg(test)]
thread_local! {
    /// In place of how real inputs are grouped.
    pub(in crate::ingest) static HOW: std::cell::Cell<Option<How>> = const { std::cell::Cell::new(None) };
}

fn how() -> How {
    #[cfg(test)]
    if let Some(how) = HOW.get() {
        return how;
    }
    // Half the cores: those that parse are busy already. On two, a thread of its own was slower than none.
    How { lanes: parallel::workers().get() / 2, few: FEW, limit: LIMIT }
}

#[derive(Debug)]
struct Away {
    inlet: SyncSender<Arc<Rows>>,
    thread: JoinHandle<Lane>,
}

impl Lanes {
    /// A lane for every two cores.
    pub(crate) fn new() -> Lanes {
        let (intake, How { lanes, few, limit }) = (Intake::default(), how());
        let of = u8::try_from(lanes).unwrap_or(SHARDS).clamp(1, SHARDS);
        let share = |_| Share::Here(Box::new(Shard::new(intake.origins())));
        let lane = |number: u8| Lane {
            number,
            of,
            shares: (number..SHARDS).step_by(of.into()).map(share).collect(),
            limit: limit / usize::from(of),
            own: Vec::new(),
            fault: None,
        };
        let here = (0..of).map(lane).collect();
        Lanes { intake, few, taken: 0, here, away: Vec::new(), has_failed: false }
    }

    /// Begins an input; the lines of later records are in it.
    pub(crate) fn begin_input(&mut self, source: SourceId) {
        self.intake.begin_input(source);
    }

    /// Takes what the next records of an input say.
    pub(crate) fn take_batch(&mut self, batch: Batch, input: &str, sink: &mut dyn Sink) {
        let rows = self.intake.take(batch, input, sink);
        self.taken += rows.len();
        if self.taken > self.few && self.here.len() > 1 {
            self.away = self.here.drain(..).map(Lane::send_away).collect();
        }
        if self.away.is_empty() {
            self.here.iter_mut().for_each(|lane| lane.take(&rows));
            self.has_failed = self.here.iter().any(|lane| lane.fault.is_some());
            return;
        }
        let rows = Arc::new(rows);
        for lane in &self.away {
            // A thread that takes no more has a reason, which it tells once it is waited for.
            self.has_failed |= lane.inlet.send(Arc::clone(&rows)).is_err();
        }
    }

    /// Whether nothing more is taken; [`deliver`](Lanes::deliver) says why.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Hands over every message in the order in which it was first seen; those of other origins are skipped. It fails
    /// where memory is too small for all messages, and so is the folder for temporary files.
    pub(crate) fn deliver(
        mut self,
        sink: &mut dyn Sink,
        counts: impl Fn(&Origin, &Names) -> bool,
    ) -> Result<(), ReadError> {
        let are_few = self.away.is_empty();
        self.here.iter_mut().for_each(Lane::finish);
        for Away { inlet, thread } in self.away {
            drop(inlet);
            match thread.join() {
                Ok(lane) => self.here.push(lane),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        if let Some(error) = self.here.iter_mut().find_map(|lane| lane.fault.take()) {
            return Err(failed(&error));
        }
        let shares = self.here.into_iter().map(|lane| lane.shares);
        let lanes = if are_few { vec![shares.flatten().collect()] } else { shares.collect() };
        deliver(lanes, &self.intake, sink, counts).map_err(|error| failed(&error))
    }
}

impl Lane {
    fn send_away(mut self) -> Away {
        let (inlet, outlet): (_, Receiver<Arc<Rows>>) = sync_channel(WAITING);
        let thread = thread::spawn(move || {
            while self.fault.is_none()
                && let Ok(rows) = outlet.recv()
            {
                self.take(&rows);
            }
            drop(outlet);
            self.finish();
            self
        });
        Away { inlet, thread }
    }

    /// Takes those records that are of its shares.
    fn take(&mut self, rows: &Rows) {
        let (number, of) = (self.number, self.of);
        self.own.clear();
        let own = rows.shards.iter().enumerate().filter(|(_, shard)| **shard % of == number);
        self.own.extend(own.map(|(at, _)| at));
        let taken = self.take_own(rows).and_then(|()| self.make_room());
        self.fault = self.fault.take().or(taken.err());
    }

    fn take_own(&mut self, rows: &Rows) -> io::Result<()> {
        let share = |at: usize| rows.shards.get(at).map_or(0, |shard| usize::from(shard / self.of));
        for some in self.own.chunks(LOOKED_UP) {
            let knows = |at: &&usize| match (self.shares.get(share(**at)), rows.key(**at)) {
                (Some(Share::Here(shard)), Some(key)) => shard.knows(key),
                _ => false,
            };
            std::hint::black_box(some.iter().filter(knows).count());
            for at in some {
                if let Some((share, one)) = self.shares.get_mut(share(*at)).zip(rows.at(*at)) {
                    share.take(&one)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the largest shares into files where all take too much memory.
    fn make_room(&mut self) -> io::Result<()> {
        while self.shares.iter().map(Share::bytes).sum::<usize>() > self.limit {
            let largest = self.shares.iter_mut().max_by_key(|share| share.bytes());
            largest.map_or(Ok(()), Share::spill)?;
        }
        Ok(())
    }

    /// Takes the records that are in files, one share after the other.
    fn finish(&mut self) {
        if self.fault.is_none() {
            let finished: io::Result<Vec<Share>> = self.shares.drain(..).map(Share::finish).collect();
            match finished {
                Ok(shares) => self.shares = shares,
                Err(error) => self.fault = Some(error),
            }
        }
    }
}

#[cfg(test)]
mod tests;
