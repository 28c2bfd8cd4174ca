//! How far the reading is: on the terminal, for those who wait longer than a moment. Nothing is shown where standard
//! error is no terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done sooner is not worth a bar.
const PATIENCE: Duration = Duration::from_millis(800);
/// Time between two looks at the counter.
const TICK: Duration = Duration::from_millis(200);
const SHOWN: &str = "{bytes} of {total_bytes} [{bar:30}] {binary_bytes_per_sec}, {eta} left";

/// A bar that is there until it is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    read: Arc<AtomicU64>,
    worker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins to show how much of so many bytes is read.
    pub(super) fn start(total: u64) -> Progress {
        let read = Arc::<AtomicU64>::default();
        let target = ProgressDrawTarget::stderr();
        let worker = (total > 0 && !target.is_hidden()).then(|| {
            let (ended, end) = channel::<()>();
            let counter = read.clone();
            let show = move || {
                if end.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = ProgressBar::with_draw_target(Some(total), target).with_elapsed(PATIENCE);
                if let Ok(style) = ProgressStyle::with_template(SHOWN) {
                    bar.set_style(style.progress_chars("=> "));
                }
                // An input that is looked through before it is read counts twice.
                while end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    bar.set_position(counter.load(Ordering::Relaxed).min(total));
                }
                bar.finish_and_clear();
            };
            (ended, std::thread::spawn(show))
        });
        Progress { read, worker }
    }

    /// Where what is read is to be counted; `None`: nobody looks.
    pub(super) fn counter(&self) -> Option<Arc<AtomicU64>> {
        self.worker.is_some().then(|| self.read.clone())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((ended, worker)) = self.worker.take() {
            drop(ended);
            // A bar that failed is no reason to fail.
            let _ = worker.join();
        }
    }
}
