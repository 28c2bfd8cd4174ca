//! Texts that are made while they are read, by a thread that is some blocks ahead: decompression beside parsing.
//!
//! What makes the text, is left to the callers.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::section::Stream;
use crate::ingest::parallel::workers;

/// Blocks that may wait to be read.
pub(super) const BLOCKS_AHEAD: usize = 4;
/// Bytes of a block.
const BLOCK_BYTES: usize = 256 * 1024;

/// The same stream, read by a thread of its own. A text that ends in its first block needs none, and on a single core
/// it would only be in the way.
pub(super) fn ahead(mut stream: Stream) -> io::Result<Stream> {
    if workers().get() == 1 {
        return Ok(stream);
    }
    let first = read_block(&mut stream);
    if !matches!(&first, Ok(block) if block.len() == BLOCK_BYTES) {
        let (sender, received) = sync_channel(2);
        hand_over(&sender, first);
        return Ok(Box::new(Blocks::of(received, BROKEN_OFF)));
    }
    let (sender, received) = sync_channel(BLOCKS_AHEAD);
    std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut block = first;
        while hand_over(&sender, block) {
            block = read_block(&mut stream);
        }
    })?;
    Ok(Box::new(Blocks::of(received, BROKEN_OFF)))
}

/// What is said where the thread ended without a word.
const BROKEN_OFF: &str = "the data breaks off: it is damaged";

/// A block, and the error that ended it early.
fn read_block(stream: &mut Stream) -> Result<Vec<u8>, (Vec<u8>, io::Error)> {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    match stream.take(BLOCK_BYTES as u64).read_to_end(&mut block) {
        Ok(_) => Ok(block),
        Err(error) => Err((block, error)),
    }
}

/// Hands a block over; whether more are to come.
fn hand_over(sender: &SyncSender<io::Result<Vec<u8>>>, block: Result<Vec<u8>, (Vec<u8>, io::Error)>) -> bool {
    match block {
        Ok(block) => {
            let is_last = block.len() < BLOCK_BYTES;
            // An empty block says that this was the end.
            let end = if is_last && !block.is_empty() { Some(Vec::new()) } else { None };
            sender.send(Ok(block)).is_ok() && end.is_none_or(|end| sender.send(Ok(end)).is_ok()) && !is_last
        }
        Err((block, error)) => {
            // What came before the error is text all the same.
            let text = block.is_empty() || sender.send(Ok(block)).is_ok();
            let _ = text && sender.send(Err(error)).is_ok();
            false
        }
    }
}

/// Blocks as a stream; an empty one is its end.
pub(super) struct Blocks {
    received: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
    is_over: bool,
    /// What is said where no end came.
    broken_off: &'static str,
}

impl Blocks {
    /// The stream of blocks that a thread sends.
    pub(super) fn of(received: Receiver<io::Result<Vec<u8>>>, broken_off: &'static str) -> Blocks {
        Blocks { received, block: io::Cursor::new(Vec::new()), is_over: false, broken_off }
    }
}

impl Read for Blocks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.block.read(buf)?;
            if count > 0 || buf.is_empty() || self.is_over {
                return Ok(count);
            }
            match self.received.recv() {
                Ok(Ok(block)) => {
                    self.is_over = block.is_empty();
                    self.block = io::Cursor::new(block);
                }
                Ok(Err(error)) => {
                    self.is_over = true;
                    return Err(error);
                }
                Err(_) => {
                    self.is_over = true;
                    return Err(io::Error::other(self.broken_off));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives some bytes, then an error or the end.
    struct Source(usize, bool);

    impl Read for Source {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.0.min(buf.len()).min(1_000);
            if count == 0 && self.1 {
                return Err(io::Error::other("torn"));
            }
            buf[..count].fill(b'x');
            self.0 -= count;
            Ok(count)
        }
    }

    #[test]
    fn nothing_is_lost_at_any_length() {
        for length in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 7 * BLOCK_BYTES] {
            for torn in [false, true] {
                let mut text = Vec::new();
                let read = ahead(Box::new(Source(length, torn))).unwrap().read_to_end(&mut text);
                assert_eq!(text.len(), length);
                assert_eq!(read.map_err(|error| error.to_string()).err(), torn.then(|| "torn".to_owned()));
            }
        }
    }

    #[test]
    fn a_stream_that_is_let_go_ends_its_thread() {
        let mut stream = ahead(Box::new(io::repeat(b'x'))).unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
        drop(stream);
    }
}
