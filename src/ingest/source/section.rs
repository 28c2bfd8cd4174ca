//! Bytes that can be read again from any position: a file, a member of an archive in it, memory, or a
//! temporary file. Decompression is left to `layer`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::Fault;

/// A stream of bytes on its way through decompression and decoding.
pub(super) type Stream = Box<dyn Read + Send>;

/// Where bytes are kept.
#[derive(Clone, Debug)]
enum Store {
    Memory(Arc<[u8]>),
    /// Opened anew by each reader, so that a folder of many files needs no more than a few handles.
    File(Arc<Path>),
    /// A temporary file without a name: readers share its handle and seek before each read.
    Spool(Arc<Mutex<File>>),
}

/// A span of bytes in a store.
#[derive(Clone, Debug)]
pub(super) struct Section {
    store: Store,
    start: u64,
    len: u64,
    /// Whether more was announced than there is.
    cut: bool,
    expansion: Expansion,
    /// Where what is read is counted, as it lies on disk.
    counter: Option<Arc<AtomicU64>>,
}

/// How much larger bytes are than what stands for them on disk (1:1 for a file itself).
#[derive(Clone, Copy, Debug)]
pub(super) struct Expansion {
    pub(super) on_disk: u64,
    pub(super) expanded: u64,
}

impl Expansion {
    /// Whether the bytes are those on disk.
    pub(super) fn is_none(self) -> bool {
        self.on_disk == self.expanded
    }

    /// What so many bytes take on disk.
    pub(super) fn on_disk(self, bytes: u64) -> u64 {
        let scaled = u128::from(bytes) * u128::from(self.on_disk) / u128::from(self.expanded.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl Section {
    /// A file as long as it is now: what is appended while it is read is left for the next run.
    pub(super) fn of_file(path: &Path, len: u64) -> Section {
        Section::whole(Store::File(path.into()), len)
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Section {
        Section::whole(Store::Memory(bytes.into()), bytes.len() as u64)
    }

    /// A temporary file, with what its bytes take on disk in the file they came from.
    pub(super) fn of_spool(file: File, len: u64, on_disk: u64) -> Section {
        let spool = Section::whole(Store::Spool(Arc::new(Mutex::new(file))), len);
        Section { expansion: Expansion { on_disk: on_disk.max(1), expanded: len.max(1) }, ..spool }
    }

    fn whole(store: Store, len: u64) -> Section {
        let expansion = Expansion { on_disk: 1, expanded: 1 };
        Section { store, start: 0, len, cut: false, expansion, counter: None }
    }

    /// A span of this one. Where it would reach past the end, as in a cut archive, reading it ends in an error.
    pub(super) fn part(&self, start: u64, len: u64) -> Section {
        let room = self.len.saturating_sub(start);
        let start = self.start.saturating_add(start);
        Section { start, len: len.min(room), cut: len > room, ..self.clone() }
    }

    /// The same, of which all that is read is counted, as it lies on disk.
    pub(super) fn counted(&self, counter: &Arc<AtomicU64>) -> Section {
        Section { counter: Some(counter.clone()), ..self.clone() }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn expansion(&self) -> Expansion {
        self.expansion
    }

    /// Reads from the start.
    pub(super) fn reader(&self) -> io::Result<SectionReader> {
        let handle = match &self.store {
            Store::Memory(bytes) => Handle::Memory(bytes.clone()),
            Store::Spool(file) => Handle::Spool(file.clone()),
            Store::File(path) => {
                let mut file = File::open(path)?;
                if self.start > 0 {
                    file.seek(SeekFrom::Start(self.start))?;
                }
                Handle::File(file)
            }
        };
        let counter = self.counter.clone().map(|counter| (counter, self.expansion));
        Ok(SectionReader { handle, start: self.start, len: self.len, cut: self.cut, position: 0, counter })
    }
}

#[derive(Debug)]
enum Handle {
    Memory(Arc<[u8]>),
    File(File),
    Spool(Arc<Mutex<File>>),
}

/// Reads a section. The store ending before the section is an error.
#[derive(Debug)]
pub(super) struct SectionReader {
    handle: Handle,
    start: u64,
    len: u64,
    cut: bool,
    position: u64,
    counter: Option<(Arc<AtomicU64>, Expansion)>,
}

impl Read for SectionReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.position);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let early = Fault::EndsEarly { what: "the data", bytes: self.position };
        if wanted == 0 {
            return if self.cut && !buf.is_empty() { Err(early.into()) } else { Ok(0) };
        }
        let place = self.start.saturating_add(self.position);
        let buf = &mut buf[..wanted];
        let count = match &mut self.handle {
            Handle::Memory(bytes) => {
                let rest = usize::try_from(place).ok().and_then(|place| bytes.get(place..));
                rest.unwrap_or_default().read(buf)?
            }
            Handle::File(file) => file.read(buf)?,
            Handle::Spool(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(place))?;
                file.read(buf)?
            }
        };
        if count == 0 {
            return Err(early.into());
        }
        self.position += count as u64;
        if let Some((counter, expansion)) = &self.counter {
            counter.fetch_add(expansion.on_disk(count as u64), Ordering::Relaxed);
        }
        Ok(count)
    }
}

impl Seek for SectionReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        if let Handle::File(file) = &mut self.handle {
            let place = self.start.checked_add(self.position).ok_or(io::ErrorKind::InvalidInput)?;
            file.seek(SeekFrom::Start(place))?;
        }
        Ok(self.position)
    }
}

/// The first bytes of a stream, at most `count`, and the stream as if nothing had been read from it. An error
/// on the way comes from the returned stream, after the bytes before it.
pub(super) fn peek(mut stream: Stream, count: usize) -> (Vec<u8>, Prefixed) {
    let mut first = Vec::new();
    let fault = (&mut stream).take(count as u64).read_to_end(&mut first).err();
    let again = Prefixed { first: io::Cursor::new(first.clone()), fault, rest: stream };
    (first, again)
}

/// Bytes that were read before, an error that followed them, and the rest of a stream.
pub(super) struct Prefixed {
    pub(super) first: io::Cursor<Vec<u8>>,
    pub(super) fault: Option<io::Error>,
    pub(super) rest: Stream,
}

impl Read for Prefixed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.first.read(buf)?;
        if count > 0 || buf.is_empty() {
            return Ok(count);
        }
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => self.rest.read(buf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(section: &Section) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        section.reader()?.read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn parts_read_alike_from_memory_file_and_spool() {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        named.write_all(b"0123456789").unwrap();
        let mut spool = tempfile::tempfile().unwrap();
        spool.write_all(b"0123456789").unwrap();
        for whole in [
            Section::of_bytes(b"0123456789"),
            Section::of_file(named.path(), 10),
            Section::of_spool(spool, 10, 5),
        ] {
            assert_eq!(read(&whole).unwrap(), b"0123456789");
            let part = whole.part(2, 6).part(1, 3);
            assert_eq!(read(&part).unwrap(), b"345");
            let mut reader = part.reader().unwrap();
            assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 2);
            let mut last = Vec::new();
            reader.read_to_end(&mut last).unwrap();
            assert_eq!(last, b"5");
            let cut = read(&whole.part(8, 5)).unwrap_err();
            assert_eq!(cut.to_string(), "the data ends early after 2 bytes");
        }
    }

    #[test]
    fn peeking_takes_nothing_away_and_keeps_the_error() {
        let (first, mut stream) = peek(Box::new(&b"abcdef"[..]), 3);
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!((first, all), (b"abc".to_vec(), b"abcdef".to_vec()));

        let cut = Section::of_bytes(b"abc").part(0, 9);
        let (first, mut stream) = peek(Box::new(cut.reader().unwrap()), 100);
        let mut all = Vec::new();
        let error = stream.read_to_end(&mut all).unwrap_err();
        assert_eq!((first, all), (b"abc".to_vec(), b"abc".to_vec()));
        assert_eq!(error.to_string(), "the data ends early after 3 bytes");
    }
}
