//! Which bytes a run has read: the length of each file as it is on disk, and its SHA-256 where that is asked for,
//! computed on a thread of its own while the inputs are parsed.

use std::fmt::Write;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};

use super::section::{Section, Stream};
use super::{Input, SourceError};

/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1024;

/// What a file was when it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digest {
    /// The file: for a member of an archive, the archive.
    pub file: String,
    /// Its length in bytes, as it is on disk.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal digits, where it was asked for.
    pub sha256: Option<String>,
}

/// A file, or a stream, behind one or more inputs.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) content: FileContent,
}

#[derive(Debug)]
pub(super) enum FileContent {
    Section(Section),
    /// Counted and hashed as it is read.
    Stream(Arc<Mutex<Running>>),
}

/// The digest of the bytes so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Running {
    hash: Sha256,
    bytes: u64,
}

impl Running {
    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn finish(self, file: &str) -> Digest {
        let mut sha256 = String::new();
        for byte in self.hash.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Digest { file: file.to_owned(), bytes: self.bytes, sha256: Some(sha256) }
    }
}

/// A stream that is counted and hashed as it is read, and its digest so far.
pub(super) fn hashed(inner: Stream) -> (Stream, FileContent) {
    let running = Arc::<Mutex<Running>>::default();
    (Box::new(Hashed { inner, running: running.clone() }), FileContent::Stream(running))
}

struct Hashed {
    inner: Stream,
    running: Arc<Mutex<Running>>,
}

impl Read for Hashed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.running.lock().unwrap_or_else(PoisonError::into_inner).add(&buf[..count]);
        Ok(count)
    }
}

/// Digests that are being computed. Dropping them stops the work.
#[derive(Debug)]
pub struct Digests {
    files: Vec<Arc<SourceFile>>,
    /// For each input, its file.
    file_of: Vec<usize>,
    worker: Option<JoinHandle<Vec<io::Result<Running>>>>,
    stop: Arc<AtomicBool>,
}

impl Digests {
    /// Starts to read the files behind inputs, each once; without `hashes` nothing is read, and only their lengths
    /// are told.
    pub fn start(inputs: &[Input], hashes: bool) -> Digests {
        let mut files: Vec<Arc<SourceFile>> = Vec::new();
        let mut file_of = Vec::new();
        for input in inputs {
            // Inputs of one file stand together, so looking at the last one is enough.
            if !files.last().is_some_and(|last| Arc::ptr_eq(last, &input.file)) {
                files.push(input.file.clone());
            }
            file_of.push(files.len() - 1);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (work, halt) = (files.clone(), stop.clone());
        let worker = hashes
            .then(|| std::thread::spawn(move || work.iter().map(|file| digest_of(file, &halt)).collect()));
        Digests { files, file_of, worker, stop }
    }

    /// Waits for the digests: one for each input that was given, in that order. To be called when the inputs
    /// have been read, since streams are hashed as they are read.
    pub fn finish(mut self) -> Result<Vec<Digest>, SourceError> {
        let mut digests = Vec::with_capacity(self.files.len());
        match self.worker.take() {
            None => digests.extend(self.files.iter().map(|file| file.length())),
            Some(worker) => {
                let done = worker.join().unwrap_or_default();
                for (file, running) in self.files.iter().zip(done) {
                    let running = match &file.content {
                        FileContent::Stream(running) => Ok(so_far(running)),
                        FileContent::Section(_) => running,
                    };
                    let failed = |error| SourceError::Io { input: file.name.clone(), error };
                    digests.push(running.map_err(failed)?.finish(&file.name));
                }
            }
        }
        Ok(self.file_of.iter().filter_map(|&file| digests.get(file).cloned()).collect())
    }
}

impl SourceFile {
    /// What is known of it without reading it.
    fn length(&self) -> Digest {
        let bytes = match &self.content {
            FileContent::Section(section) => section.len(),
            FileContent::Stream(running) => so_far(running).bytes,
        };
        Digest { file: self.name.clone(), bytes, sha256: None }
    }
}

fn so_far(running: &Mutex<Running>) -> Running {
    running.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Drop for Digests {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            // It stops at its next read; what it computed is not wanted.
            let _ = worker.join();
        }
    }
}

fn digest_of(file: &SourceFile, stop: &AtomicBool) -> io::Result<Running> {
    let mut running = Running::default();
    let FileContent::Section(section) = &file.content else {
        return Ok(running);
    };
    let mut reader = section.reader()?;
    let mut buffer = vec![0; READ_BYTES];
    while !stop.load(Ordering::Relaxed) {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => running.add(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(running)
}
