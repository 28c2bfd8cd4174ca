//! Work on blocks of input on all cores, with the results in the order of the blocks.
//!
//! One thread makes blocks (it reads, decompresses and cuts at record ends), workers turn them into results, and the
//! caller takes the results one after the other. Every stage waits for the next, so that no more than a few blocks
//! for each core are held. What a block is, is left to the formats.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
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
    fn nothing_is_worked_on_without_blocks() {
        in_order(some(2), || None::<u32>, |block| block, |_| panic!("there is no result"));
    }
}
