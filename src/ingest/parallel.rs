//! Work on blocks of input on all cores, with the results in the order of the blocks.
//!
//! One thread makes blocks (it reads, decompresses and cuts at record ends), workers turn them into results, and the
//! caller takes the results one after the other. Every stage waits for the next, so that no more than a few blocks
//! for each core are held. What a block is, is left to the formats.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Blocks that wait in front of and behind each worker.
const WAITING: usize = 2;

/// How many workers a machine is given: one for each core.
pub(crate) fn workers() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Calls `next` on a thread of its own until it has no more, `work` on each of its blocks on others, and `take` with
/// the results here, in the order of the blocks. It ends early, without taking more, once `take` says `false`.
pub(crate) fn in_order<B: Send, R: Send>(
    workers: NonZeroUsize,
    next: impl FnMut() -> Option<B> + Send,
    work: impl Fn(B) -> R + Sync,
    mut take: impl FnMut(R) -> bool,
) {
    thread::scope(|scope| {
        let work = &work;
        let (mut inlets, mut outlets) = (Vec::new(), Vec::new());
        for _ in 0..workers.get() {
            let (inlet, blocks) = sync_channel(WAITING);
            let (results, outlet) = sync_channel(WAITING);
            scope.spawn(move || work_on(&blocks, work, &results));
            inlets.push(inlet);
            outlets.push(outlet);
        }
        scope.spawn(move || deal(next, &inlets));
        // Blocks were dealt in turn, so that results come in turn; the first worker without one had no more blocks.
        let mut turn = outlets.iter().cycle();
        while turn.next().and_then(|outlet| outlet.recv().ok()).is_some_and(&mut take) {}
        // Their ends are dropped before the threads are waited for: a worker that cannot hand on stops.
        drop(outlets);
    });
}

/// Lets workers fill pages, one at a time with `fill` until it says `false`, and then `work` on them at once; `take`
/// gets them here in the order in which they were filled. Who fills a page works on it, so that what was read is still in
/// the cache of that core. Pages go round: a few for each worker, whose room is used again.
pub(crate) fn in_rounds<P: Default + Send>(
    workers: NonZeroUsize,
    fill: impl FnMut(&mut P) -> bool + Send,
    work: impl Fn(&mut P) + Sync,
    mut take: impl FnMut(&P),
) {
    let (spare_inlet, spare) = channel();
    for _ in 0..workers.get() * (WAITING + 1) {
        let _ = spare_inlet.send(Box::<P>::default());
    }
    let source = Mutex::new(Source { fill, spare, filled: 0, done: false });
    thread::scope(|scope| {
        // Owned here, so that workers that wait for a page stop once nothing more is taken.
        let spare_inlet = spare_inlet;
        let (inlet, results) = channel();
        let (source, work) = (&source, &work);
        for _ in 0..workers.get() {
            let results = Results(inlet.clone());
            scope.spawn(move || {
                while let Some((turn, mut page)) = source.lock().ok().and_then(|mut source| source.next()) {
                    work(&mut page);
                    if results.0.send(Some((turn, page))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(inlet);
        let (mut turn, mut early) = (0, BTreeMap::new());
        while let Ok(Some((filled, page))) = results.recv() {
            early.insert(filled, page);
            while let Some(page) = early.remove(&turn) {
                take(&page);
                turn += 1;
                // It fails where no worker is left to fill it.
                let _ = spare_inlet.send(page);
            }
        }
    });
}

/// What fills pages, and those that can be filled.
struct Source<F, P> {
    fill: F,
    spare: Receiver<Box<P>>,
    filled: u64,
    done: bool,
}

impl<P, F: FnMut(&mut P) -> bool> Source<F, P> {
    fn next(&mut self) -> Option<(u64, Box<P>)> {
        if self.done {
            return None;
        }
        let mut page = self.spare.recv().ok()?;
        self.done = !(self.fill)(&mut page);
        self.filled += 1;
        (!self.done).then_some((self.filled - 1, page))
    }
}

/// Where a worker puts pages. One that panics says so, as nobody would wait for its page to the end of all days.
struct Results<P>(Sender<Option<(u64, Box<P>)>>);

impl<P> Drop for Results<P> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(None);
        }
    }
}

fn deal<B>(mut next: impl FnMut() -> Option<B>, inlets: &[SyncSender<B>]) {
    for inlet in inlets.iter().cycle() {
        if next().is_none_or(|block| inlet.send(block).is_err()) {
            return;
        }
    }
}

fn work_on<B, R>(blocks: &Receiver<B>, work: impl Fn(B) -> R, results: &SyncSender<R>) {
    while let Ok(block) = blocks.recv() {
        if results.send(work(block)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_blocks() {
        for count in 1..5 {
            let mut blocks = 0..1_000_u32;
            let mut taken = Vec::new();
            let work = |block: u32| {
                // Some take longer than others.
                thread::sleep(std::time::Duration::from_micros(u64::from(block % 7) * 10));
                block * 2
            };
            in_order(
                some(count),
                || blocks.next(),
                work,
                |result| {
                    taken.push(result);
                    true
                },
            );
            assert_eq!(taken, (0..1_000).map(|block| block * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn it_ends_where_no_more_is_taken() {
        let mut taken = 0;
        in_order(
            some(3),
            || Some(1),
            |block: u32| block,
            |result| {
                taken += result;
                taken < 10
            },
        );
        assert_eq!(taken, 10);
    }

    #[test]
    fn pages_go_round_in_order() {
        for count in 1..5 {
            let (mut filled, mut taken) = (0_u64, Vec::new());
            let fill = |page: &mut u64| {
                filled += 1;
                *page = filled;
                filled <= 1_000
            };
            let work = |page: &mut u64| {
                thread::sleep(std::time::Duration::from_micros(*page % 7 * 10));
                *page *= 2;
            };
            in_rounds(some(count), fill, work, |page| taken.push(*page));
            assert_eq!(taken, (1..=1_000).map(|page| page * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic = "a scoped thread panicked"]
    fn a_panic_of_a_worker_ends_the_rounds() {
        in_rounds(some(2), |_: &mut u64| true, |_| panic!("as a test"), |_| {});
    }

    #[test]
    fn nothing_is_worked_on_without_blocks() {
        in_order(some(2), || None::<u32>, |block| block, |_| panic!("there is no result"));
        in_rounds(some(2), |_: &mut u32| false, |_| {}, |_| panic!("there is no result"));
    }
}
