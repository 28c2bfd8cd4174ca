//! Decompression: one [`Layer`] per compression around a stream, recognised by its first bytes. How far data
//! may expand is left to `meter`, archives to `archive`.

use std::io::{self, BufRead, BufReader, Read};

use super::fault::{Fault, is_told};
use super::meter::Meter;
use super::section::Stream;

/// Memory granted to a decoder: what `xz -9` (64 MiB) and `zstd --long` (128 MiB) need.
const DECODER_MEBIBYTES: u64 = 128;
/// Compressed bytes read at a time.
const READ_BYTES: usize = 128 * 1024;
/// Bytes that are decoded at a time where an error loses them.
const CHUNK_BYTES: usize = 1024;

/// A compression around a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layer {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    /// Deflate as zip members have it, without a frame.
    Deflate,
    /// The end of a zip member: its length and CRC-32 must be these.
    Checked {
        crc: u32,
        len: u64,
    },
}

impl Layer {
    /// The compression of a stream by its first bytes.
    pub(super) fn of_start(start: &[u8]) -> Option<Layer> {
        match start {
            [0x1f, 0x8b, 8, ..] => Some(Layer::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Layer::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Layer::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', block @ ..] if is_bzip2_block(block) => Some(Layer::Bzip2),
            _ => None,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Layer::Gzip => "gzip data",
            Layer::Zstd => "zstd data",
            Layer::Xz => "xz data",
            Layer::Bzip2 => "bzip2 data",
            Layer::Deflate | Layer::Checked { .. } => "zip data",
        }
    }

    /// The stream inside a compressed one.
    pub(super) fn decode(self, below: Stream, meter: &Meter) -> Stream {
        let buffered = BufReader::with_capacity(READ_BYTES, below);
        let decoder: io::Result<Stream> = match self {
            Layer::Gzip => Ok(Box::new(GzipMembers { state: GzipState::Between(buffered), written: 0 })),
            Layer::Zstd => zstd::Decoder::with_buffer(buffered).map(|decoder| Box::new(decoder) as Stream),
            Layer::Xz => {
                let limit = DECODER_MEBIBYTES as u32 * 1024;
                Ok(Box::new(Chunked::new(lzma_rust2::XzReader::new_mem_limit(buffered, true, limit))))
            }
            Layer::Bzip2 => Ok(Box::new(bzip2::bufread::MultiBzDecoder::new(buffered))),
            Layer::Deflate => Ok(Box::new(flate2::bufread::DeflateDecoder::new(buffered))),
            Layer::Checked { crc, len } => {
                Ok(Box::new(Checked { inner: buffered, sum: flate2::Crc::new(), read: 0, crc, len }))
            }
        };
        let (decoder, fault) = match decoder {
            Ok(decoder) => (decoder, None),
            Err(error) => (Box::new(io::empty()) as Stream, Some(error)),
        };
        Box::new(Guarded {
            what: self.what(),
            decoder,
            fault,
            meter: meter.clone(),
            written: 0,
            ended: false,
        })
    }
}

/// The mark of a bzip2 block or of the end of an empty stream: digits of pi and of its square root.
fn is_bzip2_block(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
        || bytes.starts_with(&[0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
}

/// A decoder that stops at the cap, tells its errors in our words, and is never asked again after one.
struct Guarded {
    what: &'static str,
    decoder: Stream,
    fault: Option<io::Error>,
    meter: Meter,
    written: u64,
    ended: bool,
}

impl Guarded {
    fn told(&self, error: io::Error) -> io::Error {
        let (what, bytes) = (self.what, self.written);
        if is_told(&error) {
            return error;
        }
        let reason = error.to_string();
        if error.kind() == io::ErrorKind::UnexpectedEof || reason == "incomplete frame" {
            return Fault::EndsEarly { what, bytes }.into();
        }
        if error.kind() == io::ErrorKind::OutOfMemory || reason.contains("too much memory") {
            return Fault::Memory { what, mebibytes: DECODER_MEBIBYTES }.into();
        }
        Fault::Damaged { what, bytes, reason }.into()
    }
}

impl Read for Guarded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended || buf.is_empty() {
            return Ok(0);
        }
        let read = self.fault.take().map_or_else(|| self.decoder.read(buf), Err);
        match read {
            Ok(count) => {
                self.written += count as u64;
                self.ended = count == 0;
                let checked = self.meter.check(self.what, self.written);
                self.ended |= checked.is_err();
                checked.map(|()| count).map_err(io::Error::from)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.ended = true;
                Err(self.told(error))
            }
        }
    }
}

/// Reads a decoder in small chunks of its own: the xz decoder forgets what it has decoded in the call that ends
/// in an error, so that the less is asked for, the less of a cut file is lost.
struct Chunked<R> {
    inner: R,
    chunk: [u8; CHUNK_BYTES],
    given: usize,
    filled: usize,
}

impl<R: Read> Chunked<R> {
    fn new(inner: R) -> Chunked<R> {
        Chunked { inner, chunk: [0; CHUNK_BYTES], given: 0, filled: 0 }
    }
}

impl<R: Read> Read for Chunked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.filled {
            self.filled = self.inner.read(&mut self.chunk)?;
            self.given = 0;
        }
        let count = (&self.chunk[self.given..self.filled]).read(buf)?;
        self.given += count;
        Ok(count)
    }
}

/// Gzip members one after the other, as `cat a.gz b.gz` makes them. Zeros after the last one are padding.
struct GzipMembers {
    state: GzipState,
    written: u64,
}

enum GzipState {
    Inside(Box<flate2::bufread::GzDecoder<BufReader<Stream>>>),
    Between(BufReader<Stream>),
    Ended,
}

impl Read for GzipMembers {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, GzipState::Ended) {
                GzipState::Ended => return Ok(0),
                GzipState::Between(mut below) => match below.fill_buf()? {
                    [] => return Ok(0),
                    [0x1f, ..] => {
                        self.state = GzipState::Inside(Box::new(flate2::bufread::GzDecoder::new(below)));
                    }
                    _ => return self.padding(below),
                },
                GzipState::Inside(mut member) => {
                    let count = member.read(buf)?;
                    self.written += count as u64;
                    if count > 0 {
                        self.state = GzipState::Inside(member);
                        return Ok(count);
                    }
                    self.state = GzipState::Between(member.into_inner());
                }
            }
        }
    }
}

impl GzipMembers {
    /// Reads zeros up to the end; other bytes are a fault.
    fn padding(&self, mut below: BufReader<Stream>) -> io::Result<usize> {
        loop {
            let bytes = below.fill_buf()?;
            if bytes.is_empty() {
                return Ok(0);
            }
            if bytes.iter().any(|&byte| byte != 0) {
                return Err(Fault::Trailing { what: Layer::Gzip.what(), bytes: self.written }.into());
            }
            let count = bytes.len();
            below.consume(count);
        }
    }
}

/// A zip member, whose length and checksum stand in the archive's directory.
struct Checked<R> {
    inner: R,
    sum: flate2::Crc,
    read: u64,
    crc: u32,
    len: u64,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.read += count as u64;
        self.sum.update(&buf[..count]);
        let wrong = |reason: &str| Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        match count {
            0 if self.read < self.len => Err(io::ErrorKind::UnexpectedEof.into()),
            0 if self.sum.sum() != self.crc => wrong("its checksum differs from the archive's directory"),
            _ if self.read > self.len => wrong("it is longer than the archive's directory says"),
            _ => Ok(count),
        }
    }
}
