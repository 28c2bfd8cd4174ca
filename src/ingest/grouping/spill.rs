//! Shares of the messages that do not fit in memory: a temporary file holds what was known of one when memory ran
//! out, and every record since. Such shares are finished one after the other, so that no more than one of a lane is
//! in memory, and then read again message by message. How it is written is left to `record`.

mod record;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

use super::chunks::Index;
use super::deliver::{Ready, Stream, View};
use super::intake::One;
use super::origins::Origins;
use super::shard::{Shard, Uncounted};
use crate::ingest::ReadError;
use crate::usage::Skip;

/// Bytes that are written and read together.
const BUFFER: usize = 64 * 1024;

/// A share of the messages of a run.
#[derive(Debug)]
pub(super) enum Share {
    /// In memory.
    Here(Box<Shard>),
    /// In a file, with records that are still to be taken.
    Spilled(Box<Spilled>),
    /// In a file, with all records taken.
    Done(Cases),
}

/// A share in a file, up to the end of which records are added.
#[derive(Debug)]
pub(super) struct Spilled {
    file: BufWriter<File>,
    /// Messages at its start.
    cases: u32,
    /// Records behind them.
    rows: u64,
    origins: Origins,
    uncounted: Uncounted,
    /// Reasons that records name by number.
    skips: Vec<Skip>,
    /// A record before it is written, used again for each.
    record: Vec<u8>,
}

/// Messages in a file, in the order in which they were first seen.
#[derive(Debug)]
pub(super) struct Cases {
    file: BufReader<File>,
    left: u32,
    uncounted: Uncounted,
}

/// What a failure with a temporary file means for whoever reads.
pub(super) fn failed(error: &io::Error) -> ReadError {
    ReadError::Undecided {
        input: std::env::temp_dir().display().to_string(),
        problem: format!(
            "messages beyond {} MiB cannot be kept in a temporary file: {error}",
            super::lanes::LIMIT >> 20
        ),
        hint: "name a folder with more room in the environment variable TMPDIR, or read fewer files at once"
            .to_owned(),
    }
}

fn temporary() -> io::Result<BufWriter<File>> {
    tempfile::tempfile().map(|file| BufWriter::with_capacity(BUFFER, file))
}

/// A file from its start.
fn again(file: BufWriter<File>) -> io::Result<BufReader<File>> {
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(BufReader::with_capacity(BUFFER, file))
}

impl Share {
    /// Bytes that it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Share::Here(shard) => shard.bytes(),
            Share::Spilled(_) | Share::Done(_) => 0,
        }
    }

    /// Records that brought nothing new.
    pub(super) fn uncounted(&self) -> &Uncounted {
        match self {
            Share::Here(shard) => &shard.uncounted,
            Share::Spilled(spilled) => &spilled.uncounted,
            Share::Done(cases) => &cases.uncounted,
        }
    }

    /// Takes a record.
    pub(super) fn take(&mut self, one: &One<'_>) -> io::Result<()> {
        match self {
            Share::Here(shard) => shard.take(one),
            Share::Spilled(spilled) => spilled.keep(one)?,
            Share::Done(_) => {}
        }
        Ok(())
    }

    /// Puts it into a file.
    pub(super) fn spill(&mut self) -> io::Result<()> {
        let Share::Here(shard) = self else { return Ok(()) };
        let mut file = temporary()?;
        let (cases, record) = (shard.write(&mut file)?, Vec::new());
        let (origins, uncounted) = (shard.origins.clone(), std::mem::take(&mut shard.uncounted));
        let spilled = Spilled { file, cases, rows: 0, origins, uncounted, skips: Vec::new(), record };
        *self = Share::Spilled(Box::new(spilled));
        Ok(())
    }

    /// Takes the records that are in its file.
    pub(super) fn finish(self) -> io::Result<Share> {
        match self {
            Share::Spilled(spilled) => Ok(Share::Done(spilled.finish()?)),
            Share::Here(_) | Share::Done(_) => Ok(self),
        }
    }

    /// Its messages, in the order in which they were first seen.
    pub(super) fn settled<'v>(self, view: View<'v>) -> Box<dyn Stream + 'v> {
        match self {
            Share::Here(shard) => Box::new(shard.settled(view)),
            // None is left unfinished.
            Share::Spilled(_) => Box::new(Shard::default().settled(view)),
            Share::Done(cases) => Box::new(Read { cases, shard: Shard::default(), view }),
        }
    }
}

impl Spilled {
    /// Keeps a record.
    fn keep(&mut self, one: &One<'_>) -> io::Result<()> {
        let number = one.told.number.unwrap_or_else(|| self.origins.number(one.told.told));
        self.record.clear();
        record::put_row(&mut self.record, one, number, &mut self.skips);
        self.rows += 1;
        self.file.write_all(&self.record)
    }

    fn finish(self) -> io::Result<Cases> {
        let mut file = again(self.file)?;
        let mut shard = Shard { uncounted: self.uncounted, ..Shard::new(&self.origins) };
        for _ in 0..self.cases {
            let at = record::case(&mut file, &mut shard)?;
            shard.index.insert(shard.key(at).hash(), at);
        }
        let mut recipients = Vec::new();
        for _ in 0..self.rows {
            let (said, place, told) = record::row(&mut file, &self.origins, &self.skips, &mut recipients)?;
            shard.take(&One { said: &said, place, told, recipients: &recipients });
        }
        drop(file);
        let mut done = temporary()?;
        let left = shard.write(&mut done)?;
        Ok(Cases { file: again(done)?, left, uncounted: shard.uncounted })
    }
}

/// Messages that are read from a file one by one.
struct Read<'v> {
    cases: Cases,
    /// Holds the next one, where that is read.
    shard: Shard,
    view: View<'v>,
}

impl Read<'_> {
    fn read(&mut self) -> Option<()> {
        self.cases.left = self.cases.left.checked_sub(1)?;
        self.shard.clear();
        if let Err(error) = record::case(&mut self.cases.file, &mut self.shard) {
            self.view.fail(error);
            self.shard.clear();
            self.cases.left = 0;
            return None;
        }
        Some(())
    }
}

impl Stream for Read<'_> {
    fn place(&mut self) -> Option<u32> {
        if self.shard.messages.next_number() == 0 {
            self.read()?;
        }
        Some(self.shard.messages.at(0).place)
    }

    fn settle(&mut self) -> Option<Ready> {
        self.place()?;
        let message = *self.shard.messages.at(0);
        let ready = self.shard.ready(0, &message, self.view);
        self.shard.messages.clear();
        Some(ready)
    }
}

impl Shard {
    /// Writes all messages; how many they are.
    fn write(&self, file: &mut BufWriter<File>) -> io::Result<u32> {
        let mut record = Vec::new();
        let count = self.messages.next_number();
        for at in 0..count {
            record.clear();
            record::put_case(&mut record, self, at);
            file.write_all(&record)?;
        }
        Ok(count)
    }

    /// Forgets all messages; the room for a few is kept.
    fn clear(&mut self) {
        self.messages.clear();
        if self.further.next_number() > 0 {
            self.further.clear();
            self.further_index = Index::default();
        }
        self.large.clear();
        self.acceptances.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_folder_and_how_to_change_it() {
        let error = failed(&io::Error::from(io::ErrorKind::StorageFull)).to_string();
        assert!(error.starts_with(&std::env::temp_dir().display().to_string()), "{error}");
        assert!(error.contains("beyond 512 MiB") && error.contains("TMPDIR"), "{error}");
    }
}
