//! What the rows of a block of a trace say beside what is said of messages, and the state of a run over all blocks.

use super::row::Against;
use crate::ingest::Sink;
use crate::ingest::grouping::{Batch, Lanes};

/// What the rows of a block say.
#[derive(Debug, Default)]
pub(super) struct TraceBatch {
    /// What they say of messages.
    pub(super) said: Batch,
    /// Rows with a status that is not understood.
    pub(super) unclear: u64,
    /// The first cell that speaks against the notation of the input.
    pub(super) against: Option<Against>,
    /// Rows up to each end of a file within the input.
    pub(super) ended: Vec<u64>,
    /// Rows behind the last of them.
    pub(super) rows: u64,
}

/// Adds what batches say to the messages of the run.
pub(super) struct Merger<'a> {
    messages: &'a mut Lanes,
    pub(super) sink: &'a mut dyn Sink,
    /// Rows with a status that is not understood.
    pub(super) unclear: u64,
    /// The first cell of the input that speaks against its notation.
    pub(super) against: Option<Against>,
}

impl<'a> Merger<'a> {
    /// A merger that has taken nothing.
    pub(super) fn new(messages: &'a mut Lanes, sink: &'a mut dyn Sink) -> Merger<'a> {
        Merger { messages, sink, unclear: 0, against: None }
    }

    /// Begins an input.
    pub(super) fn begin_input(&mut self, name: &str) {
        let source = self.sink.names().add_source(name);
        self.messages.begin_input(source);
    }

    /// Whether more is to be read.
    pub(super) fn wants_more(&self) -> bool {
        self.against.is_none() && !self.messages.has_failed()
    }

    /// Takes what the next rows of an input say.
    pub(super) fn merge(&mut self, batch: TraceBatch, input: &str) {
        self.messages.take_batch(batch.said, input, self.sink);
        self.unclear += batch.unclear;
        self.against = self.against.take().or(batch.against);
    }
}
