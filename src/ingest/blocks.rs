//! Inputs in blocks of whole records, which all cores read at once, with the same result as one core.
//!
//! One thread opens the inputs one after the other, decompresses them and cuts them at line ends outside of quotes.
//! That is where records end, unless a quote stands astray or the columns change: so each block is read on the
//! assumption that it begins a record under the state that is known so far, and read again, here and in order, where
//! that turns out to be wrong. What a record is, and what state it depends on, is left to the formats.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use super::parallel::{in_order, workers};
use super::source::HEAD_BYTES;
use super::{Input, SourceError};

/// Bytes of a block: small enough to stay in a cache from the thread that reads it to the one that takes it apart.
const BLOCK_BYTES: usize = 256 * 1024;
/// Bytes that are read to find a line end outside of quotes; after that any line end will do.
const SEARCHED_BYTES: usize = 4 * BLOCK_BYTES;
/// Bytes of one record; a real one holds at most some thousand recipients.
const RECORD_CAP: usize = 16 * 1024 * 1024;
/// Buffers that are kept to be filled again.
const SPARE_BUFFERS: usize = 32;

/// A text of some records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'t> {
    /// The records; the last may go on behind them.
    pub(crate) bytes: &'t [u8],
    /// The line on which they begin (1-based).
    pub(crate) line: u64,
    /// Whether the input begins here.
    pub(crate) is_first: bool,
    /// Whether the input ends here.
    pub(crate) is_last: bool,
}

/// What a format makes of a text.
#[derive(Debug)]
pub(crate) struct Made<B, S> {
    /// What it holds.
    pub(crate) batch: B,
    /// The state behind it.
    pub(crate) state: S,
    /// Bytes at its end of a record that goes on behind it.
    pub(crate) left: usize,
    /// The line on which they begin.
    pub(crate) line: u64,
}

/// How a format reads the inputs, which are named by number.
pub(crate) trait Work: Sync {
    /// What is handed over of a block.
    type Batch: Send;
    /// What a block depends on, such as the columns.
    type State: Clone + PartialEq + Send;

    /// Whether line ends inside quotes end no record.
    fn has_quotes(&self) -> bool;
    /// The state at the start of an input.
    fn begin(&self, input: usize) -> Self::State;
    /// The state that is probably in force behind the start of an input.
    fn guess(&self, input: usize) -> Self::State;
    /// Takes note of the state in which a block ended.
    fn learn(&self, input: usize, state: &Self::State);
    /// Reads a text.
    fn read(&self, input: usize, text: Text<'_>, state: Self::State) -> Made<Self::Batch, Self::State>;
}

/// What happens to an input, in this order: it begins, batches follow, and it ends, damaged or not.
pub(crate) enum Event<W: Work + ?Sized> {
    /// It begins.
    Begin,
    /// Some of its records.
    Batch(W::Batch),
    /// All of it was read.
    End(W::State),
    /// It broke off, or a record does not end.
    Damage {
        /// The state up to there.
        state: W::State,
        /// The line on which the last record begins.
        line: u64,
        /// Bytes that there are of it.
        left: usize,
        /// What happened.
        what: String,
    },
}

/// Reads inputs; `take` gets what happens to each, by its number, and ends the reading with `false`.
pub(crate) fn read<W: Work>(
    inputs: &mut [Input],
    work: &W,
    take: impl FnMut(usize, Event<W>) -> bool,
) -> Result<(), SourceError> {
    read_with(inputs, work, how(inputs), take)
}

/// How many workers read inputs, and how many bytes at a time.
fn how(inputs: &[Input]) -> (usize, usize) {
    #[cfg(test)]
    if let Some(how) = tests::HOW.get() {
        return how;
    }
    let bytes: usize = inputs.iter().map(|input| input.head().len()).sum();
    (if bytes < HEAD_BYTES { 1 } else { workers().get() }, BLOCK_BYTES)
}

/// The same with so many workers and bytes of a block.
fn read_with<W: Work>(
    inputs: &mut [Input],
    work: &W,
    (workers, block_bytes): (usize, usize),
    take: impl FnMut(usize, Event<W>) -> bool,
) -> Result<(), SourceError> {
    let spare = Spare::default();
    let mut dealer = Dealer::new(inputs, &spare, work.has_quotes(), block_bytes);
    let mut order = InOrder { work, take, state: None, carry: Carry::default(), error: None, is_over: false };
    let assume = |block: Block| {
        let state = if block.is_first { work.begin(block.input) } else { work.guess(block.input) };
        let made = work.read(block.input, block.text(), state.clone());
        Assumed { block, state, made }
    };
    match std::num::NonZeroUsize::new(workers).filter(|count| count.get() > 1) {
        Some(count) => in_order(count, || dealer.next(), assume, |part| order.take(part, &spare)),
        None => while dealer.next().is_some_and(|block| order.take(assume(block), &spare)) {},
    }
    order.error.map_or(Ok(()), Err)
}

/// A part of an input.
struct Block {
    input: usize,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are text.
    len: usize,
    line: u64,
    is_first: bool,
    is_last: bool,
    fault: Option<Fault>,
}

/// What broke an input off behind a block.
enum Fault {
    Unopened(SourceError),
    Broken(io::Error),
}

impl Block {
    fn text(&self) -> Text<'_> {
        Text {
            bytes: self.buffer.get(..self.len).unwrap_or_default(),
            line: self.line,
            is_first: self.is_first,
            is_last: self.is_last && self.fault.is_none(),
        }
    }
}

/// A block and what it holds, if it begins a record in a state.
struct Assumed<W: Work> {
    block: Block,
    state: W::State,
    made: Made<W::Batch, W::State>,
}

/// Buffers to be filled again.
#[derive(Default)]
struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self, len: usize) -> Vec<u8> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.filter(|buffer| buffer.len() == len).unwrap_or_else(|| vec![0; len])
    }

    fn give(&self, buffer: Vec<u8>) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_BUFFERS {
            spare.push(buffer);
        }
    }
}

/// Makes blocks of inputs.
struct Dealer<'a> {
    inputs: std::iter::Enumerate<std::slice::IterMut<'a, Input>>,
    spare: &'a Spare,
    has_quotes: bool,
    block_bytes: usize,
    open: Option<Open>,
}

/// An input that is being read.
struct Open {
    number: usize,
    source: Box<dyn Read + Send>,
    /// The start of the next block.
    rest: Vec<u8>,
    line: u64,
    is_first: bool,
}

impl<'a> Dealer<'a> {
    fn new(inputs: &'a mut [Input], spare: &'a Spare, has_quotes: bool, block_bytes: usize) -> Dealer<'a> {
        Dealer { inputs: inputs.iter_mut().enumerate(), spare, has_quotes, block_bytes, open: None }
    }

    fn next(&mut self) -> Option<Block> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                let (number, input) = self.inputs.next()?;
                match input.open() {
                    Ok(source) => Open { number, source, rest: Vec::new(), line: 1, is_first: true },
                    Err(error) => return Some(unopened(number, error)),
                }
            }
        };
        let block = self.block(&mut open);
        self.open = (!block.is_last).then_some(open);
        Some(block)
    }

    fn block(&self, open: &mut Open) -> Block {
        let mut buffer = self.spare.take(self.block_bytes);
        let mut len = open.rest.len();
        if buffer.len() <= len {
            buffer.resize(len + self.block_bytes, 0);
        }
        buffer[..len].copy_from_slice(&open.rest);
        open.rest.clear();
        let (mut end, mut fault) = (None, None);
        while end.is_none() {
            match read_until_full(&mut open.source, &mut buffer, &mut len) {
                Ok(true) => {
                    end = cut(&buffer[..len], self.has_quotes);
                    if end.is_none() {
                        buffer.resize(2 * buffer.len(), 0);
                    }
                }
                Ok(false) => break,
                Err(error) => {
                    fault = Some(Fault::Broken(error));
                    break;
                }
            }
        }
        let (is_last, end) = (end.is_none(), end.unwrap_or(len));
        open.rest.extend_from_slice(&buffer[end..len]);
        let line = open.line;
        open.line += memchr::memchr_iter(b'\n', &buffer[..end]).count() as u64;
        let is_first = std::mem::take(&mut open.is_first);
        Block { input: open.number, buffer, len: end, line, is_first, is_last, fault }
    }
}

fn unopened(input: usize, error: SourceError) -> Block {
    let fault = Some(Fault::Unopened(error));
    Block { input, buffer: Vec::new(), len: 0, line: 1, is_first: true, is_last: true, fault }
}

/// Fills a buffer behind its text; whether it is full and more may follow.
fn read_until_full(source: &mut dyn Read, buffer: &mut [u8], len: &mut usize) -> io::Result<bool> {
    while *len < buffer.len() {
        match source.read(&mut buffer[*len..]) {
            Ok(0) => return Ok(false),
            Ok(count) => *len += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Where a text is cut: behind the last line end outside of quotes; `None` where more of it must be seen.
fn cut(text: &[u8], has_quotes: bool) -> Option<usize> {
    let end_of_line = |text: &[u8]| memchr::memrchr(b'\n', text).map(|at| at + 1);
    let is_odd = |text: &[u8]| !memchr::memchr_iter(b'"', text).count().is_multiple_of(2);
    let Some(last) = end_of_line(text) else {
        return (text.len() > RECORD_CAP).then_some(text.len());
    };
    let (mut end, mut is_inside) = (last, has_quotes && is_odd(&text[..last]));
    while is_inside {
        match end_of_line(&text[..end - 1]) {
            Some(before) => {
                is_inside ^= is_odd(&text[before..end]);
                end = before;
            }
            // A quote astray, or a very long cell: what is cut in the middle of a record is put together again.
            None => return (text.len() >= SEARCHED_BYTES).then_some(last),
        }
    }
    Some(end)
}

/// The start of a record that goes on in the next block.
#[derive(Default)]
struct Carry {
    bytes: Vec<u8>,
    line: u64,
    is_first: bool,
}

/// Takes what was made of blocks, one after the other, and makes it anew where an assumption was wrong.
struct InOrder<'w, W: Work, T> {
    work: &'w W,
    take: T,
    /// The state behind the block before.
    state: Option<W::State>,
    carry: Carry,
    error: Option<SourceError>,
    /// Whether the input is damaged, and the rest of it is left.
    is_over: bool,
}

impl<W: Work, T: FnMut(usize, Event<W>) -> bool> InOrder<'_, W, T> {
    /// Takes a block; whether more is wanted.
    fn take(&mut self, assumed: Assumed<W>, spare: &Spare) -> bool {
        let Assumed { mut block, state: assumed, made } = assumed;
        let input = block.input;
        let fault = match block.fault.take() {
            Some(Fault::Unopened(error)) => {
                self.error = Some(error);
                return false;
            }
            Some(Fault::Broken(error)) => Some(error.to_string()),
            None => None,
        };
        if block.is_first {
            self.is_over = false;
            self.carry.bytes.clear();
            if !(self.take)(input, Event::Begin) {
                return false;
            }
        }
        if self.is_over {
            return true;
        }
        let is_last = block.is_last && fault.is_none();
        let known = self.state.take().filter(|_| !block.is_first);
        let state = known.unwrap_or_else(|| self.work.begin(input));
        let made = match self.carry.bytes.is_empty() && state == assumed {
            true => {
                self.carry.keep(block.text(), &made);
                made
            }
            false => self.again(input, &block, is_last, state),
        };
        spare.give(block.buffer);
        self.hand_over(input, made, fault, is_last)
    }

    /// Hands over what was made of a block, and how the input ended with it; whether more is wanted.
    fn hand_over(
        &mut self,
        input: usize,
        made: Made<W::Batch, W::State>,
        fault: Option<String>,
        is_last: bool,
    ) -> bool {
        let (line, state) = (made.line, made.state);
        if !(self.take)(input, Event::Batch(made.batch)) {
            return false;
        }
        let what = fault.or_else(|| (!is_last && self.carry.bytes.len() > RECORD_CAP).then(too_long));
        self.is_over = what.is_some();
        match what {
            Some(what) => {
                let left = self.carry.bytes.len();
                (self.take)(input, Event::Damage { state, line, left, what })
            }
            None if is_last => (self.take)(input, Event::End(state)),
            None => {
                self.work.learn(input, &state);
                self.state = Some(state);
                true
            }
        }
    }

    /// Reads a block behind what was carried over, in the state that is known now.
    fn again(
        &mut self,
        input: usize,
        block: &Block,
        is_last: bool,
        state: W::State,
    ) -> Made<W::Batch, W::State> {
        let (text, mut carry) = (block.text(), std::mem::take(&mut self.carry));
        if carry.bytes.is_empty() {
            (carry.line, carry.is_first) = (text.line, text.is_first);
        }
        carry.bytes.extend_from_slice(text.bytes);
        let text = Text { bytes: &carry.bytes, line: carry.line, is_first: carry.is_first, is_last };
        let made = self.work.read(input, text, state);
        self.carry.keep(text, &made);
        made
    }
}

impl Carry {
    /// Keeps what is left of a text.
    fn keep<B, S>(&mut self, text: Text<'_>, made: &Made<B, S>) {
        let from = text.bytes.len().saturating_sub(made.left);
        self.bytes.clear();
        self.bytes.extend_from_slice(text.bytes.get(from..).unwrap_or_default());
        self.line = made.line;
        self.is_first = text.is_first && from == 0;
    }
}

fn too_long() -> String {
    format!(
        "the record that begins here is longer than {} MiB: a quote is probably not closed",
        RECORD_CAP >> 20
    )
}

#[cfg(test)]
mod tests;
