//! Long lines that a system log took in pieces: `[1/3]`, or `[1\3]` where the line was split at its line ends. The
//! pieces of one process follow each other, with those of others between them.

use std::collections::VecDeque;

use super::line::Piece;
use crate::ingest::source::LINE_CAP;
use crate::usage::SourceId;

/// Lines that are put together at one time.
const CAP: usize = 256;

/// A line of which pieces were read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Joined {
    writer: Vec<u8>,
    next: u32,
    total: u32,
    /// The time of the first piece, as it is written.
    pub time: Vec<u8>,
    /// Its host.
    pub host: Vec<u8>,
    /// The text so far.
    pub text: Vec<u8>,
    /// Pieces read.
    pub records: u64,
    /// The input of the first piece.
    pub source: SourceId,
    /// The line of the first piece.
    pub line: u64,
}

/// Lines that are not complete.
#[derive(Debug, Default)]
pub struct Pieces {
    open: VecDeque<Joined>,
}

/// What a piece leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The line is complete.
    Complete(Joined),
    /// More is to come; a line of which pieces are missing may be given up for it.
    Open(Option<Joined>),
    /// The piece belongs to no line of which the start was read.
    Stray,
}

impl Pieces {
    /// Takes a piece.
    pub fn add(&mut self, piece: &Piece<'_>, place: (&[u8], &[u8], SourceId, u64)) -> Step {
        let at = self.open.iter().position(|open| open.writer == piece.writer);
        if piece.number > 1 {
            let fits = |open: &Joined| open.next == piece.number && open.total == piece.total;
            let Some(at) = at.filter(|&at| self.open.get(at).is_some_and(fits)) else { return Step::Stray };
            return self.extend(at, piece);
        }
        let (time, host, source, line) = place;
        let begun = Joined {
            writer: piece.writer.to_vec(),
            next: 2,
            total: piece.total,
            time: time.to_vec(),
            host: host.to_vec(),
            text: piece.text.to_vec(),
            records: 1,
            source,
            line,
        };
        // A line in one piece takes no room from another, so none is given up for it.
        if piece.total == 1 {
            return Step::Complete(begun);
        }
        let given_up = match at {
            Some(at) => self.open.remove(at),
            None if self.open.len() >= CAP => self.open.pop_front(),
            None => None,
        };
        self.open.push_back(begun);
        Step::Open(given_up)
    }

    fn extend(&mut self, at: usize, piece: &Piece<'_>) -> Step {
        let Some(open) = self.open.get_mut(at) else { return Step::Stray };
        open.next += 1;
        open.records += 1;
        if piece.breaks_line {
            open.text.extend_from_slice(b"\\n");
        }
        let room = LINE_CAP.saturating_sub(open.text.len());
        open.text.extend_from_slice(&piece.text[..piece.text.len().min(room)]);
        if piece.number < piece.total {
            return Step::Open(None);
        }
        self.open.remove(at).map_or(Step::Stray, Step::Complete)
    }

    /// The lines of which pieces are missing at the end.
    pub fn take(&mut self) -> VecDeque<Joined> {
        std::mem::take(&mut self.open)
    }
}
