//! All messages of a run on all cores: each thread looks after a lane of shares, and takes the records of its shares in
//! the order in which they were read. So every share grows as if there was one thread.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::Origin;
use super::batch::Batch;
use super::deliver::deliver;
use super::intake::{Intake, Rows};
use super::key::SHARDS;
use super::shard::Shard;
use crate::ingest::{Sink, parallel};
use crate::usage::{Names, SourceId};

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
    taken: usize,
    /// Those that are here.
    here: Vec<Lane>,
    /// Those that threads look after.
    away: Vec<Away>,
}

/// Shares that one thread looks after.
#[derive(Debug)]
struct Lane {
    number: u8,
    of: u8,
    shards: Vec<Shard>,
    /// Records of its shares, used again for every batch.
    own: Vec<usize>,
}

#[derive(Debug)]
struct Away {
    inlet: SyncSender<Arc<Rows>>,
    thread: JoinHandle<Lane>,
}

impl Lanes {
    /// A lane for each core.
    pub(crate) fn new() -> Lanes {
        Lanes::of(parallel::workers().get())
    }

    fn of(lanes: usize) -> Lanes {
        let intake = Intake::default();
        let of = u8::try_from(lanes).unwrap_or(SHARDS).clamp(1, SHARDS);
        let shards = |number| (number..SHARDS).step_by(of.into()).map(|_| Shard::new(intake.origins()));
        let lane = |number| Lane { number, of, shards: shards(number).collect(), own: Vec::new() };
        let here = (0..of).map(lane).collect();
        Lanes { intake, taken: 0, here, away: Vec::new() }
    }

    /// Begins an input; the lines of later records are in it.
    pub(crate) fn begin_input(&mut self, source: SourceId) {
        self.intake.begin_input(source);
    }

    /// Takes what the next records of an input say.
    pub(crate) fn take_batch(&mut self, batch: Batch, input: &str, sink: &mut dyn Sink) {
        let rows = self.intake.take(batch, input, sink);
        self.taken += rows.len();
        if self.taken > FEW && self.here.len() > 1 {
            self.away = self.here.drain(..).map(Lane::send_away).collect();
        }
        if self.away.is_empty() {
            return self.here.iter_mut().for_each(|lane| lane.take(&rows));
        }
        let rows = Arc::new(rows);
        for lane in &self.away {
            // It fails only where the thread panicked, which shows once it is waited for.
            let _ = lane.inlet.send(Arc::clone(&rows));
        }
    }

    /// Hands over every message in the order in which it was first seen; those of other origins are skipped.
    pub(crate) fn deliver(mut self, sink: &mut dyn Sink, counts: impl Fn(&Origin, &Names) -> bool) {
        let are_few = self.away.is_empty();
        for Away { inlet, thread } in self.away {
            drop(inlet);
            match thread.join() {
                Ok(lane) => self.here.push(lane),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        let shards = self.here.into_iter().map(|lane| lane.shards);
        let lanes = if are_few { vec![shards.flatten().collect()] } else { shards.collect() };
        deliver(lanes, &self.intake, sink, counts);
    }
}

impl Lane {
    fn send_away(mut self) -> Away {
        let (inlet, outlet): (_, Receiver<Arc<Rows>>) = sync_channel(WAITING);
        let thread = thread::spawn(move || {
            outlet.into_iter().for_each(|rows| self.take(&rows));
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
        let share = |at: usize| rows.shards.get(at).map_or(0, |shard| usize::from(shard / of));
        for some in self.own.chunks(LOOKED_UP) {
            let knows =
                |at: &&usize| self.shards.get(share(**at)).is_some_and(|shard| shard.knows(rows, **at));
            std::hint::black_box(some.iter().filter(knows).count());
            for at in some {
                if let Some(shard) = self.shards.get_mut(share(*at)) {
                    shard.take(rows, *at);
                }
            }
        }
    }
}
