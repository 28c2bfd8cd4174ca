//! How far data may expand: for each stream, and for all together that comes out of one file on disk, so that
//! an archive of many small bombs is one bomb.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::Fault;
use super::section::{Expansion, Stream};

/// Output that is never questioned: a small file of one repeated line may expand without bound.
pub(super) const EXPANSION_FREE: u64 = 64 * 1024 * 1024;
/// Output per byte on disk beyond that. Real logs reach 10 to 100; only runs of one byte come near the 1,032
/// that deflate can do.
pub(super) const EXPANSION_RATIO: u64 = 1000;

/// Whether so much output is more than so many bytes on disk may become.
pub(super) fn is_too_much(written: u64, on_disk: u64) -> bool {
    written > EXPANSION_FREE && written / EXPANSION_RATIO > on_disk
}

/// What came out of one file so far, and from how many of its bytes.
#[derive(Debug, Default)]
struct Whole {
    taken: AtomicU64,
    written: AtomicU64,
}

/// The part of one text or archive in what comes out of its file. Reading it again adds nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Share {
    whole: Arc<Whole>,
    most: Arc<Whole>,
}

impl Share {
    /// The part of another text in the same file.
    pub(super) fn of_another(&self) -> Share {
        Share { whole: self.whole.clone(), most: Arc::default() }
    }

    /// Notes how far a reading has come, and whether the file as a whole now expands too far.
    fn is_exceeded(&self, taken: u64, written: u64) -> bool {
        let (whole, most) = (&self.whole, &self.most);
        // One after the other for the bytes from below: what is not noted yet would look like an expansion.
        let taken = raise(&most.taken, &whole.taken, taken);
        is_too_much(raise(&most.written, &whole.written, written), taken)
    }
}

/// Raises a part to `value`, where it is lower, and the sum by as much; returns the sum.
fn raise(part: &AtomicU64, sum: &AtomicU64, value: u64) -> u64 {
    let more = value.saturating_sub(part.fetch_max(value, Ordering::Relaxed));
    sum.fetch_add(more, Ordering::Relaxed) + more
}

/// Counts the bytes that a chain of layers takes from below, to which its output is compared.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    taken: Arc<AtomicU64>,
    expansion: Expansion,
    share: Share,
}

impl Meter {
    /// Puts a meter under a chain of layers.
    pub(super) fn under(below: Stream, expansion: Expansion, share: Share) -> (Stream, Meter) {
        let meter = Meter { taken: Arc::default(), expansion, share };
        (Box::new(Metered { inner: below, taken: meter.taken.clone() }), meter)
    }

    /// What was taken so far, in bytes on disk.
    pub(super) fn on_disk(&self) -> u64 {
        self.expansion.on_disk(self.taken.load(Ordering::Relaxed))
    }

    /// Refuses output of a layer beyond the caps.
    pub(super) fn check(&self, what: &'static str, written: u64) -> Result<(), Fault> {
        let (ratio, bytes) = (EXPANSION_RATIO, EXPANSION_FREE);
        if is_too_much(written, self.on_disk()) {
            return Err(Fault::Expands { what, ratio, bytes });
        }
        // The bytes of a temporary file were noted when it was written.
        let taken = if self.expansion.is_none() { self.on_disk() } else { 0 };
        if self.share.is_exceeded(taken, written) {
            return Err(Fault::WholeExpands { ratio, bytes });
        }
        Ok(())
    }
}

struct Metered {
    inner: Stream,
    taken: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u64 = EXPANSION_FREE - 1;

    #[test]
    fn the_parts_of_a_file_have_one_allowance() {
        let first = Share::default();
        assert!(!first.is_exceeded(10, MANY));
        assert!(!first.is_exceeded(10, MANY), "reading again adds nothing");
        let second = first.of_another();
        assert!(second.is_exceeded(10, 1_000));
        assert!(!second.is_exceeded(MANY, MANY), "a part that is well in proportion pays for the whole");
        assert!(!Share::default().is_exceeded(10, 1_000), "another file has its own");
    }
}
