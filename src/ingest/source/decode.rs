//! Text encodings: UTF-16 becomes UTF-8 as it streams, a UTF-8 mark is dropped, everything else stays as it
//! is. Fields that are no UTF-8 are decoded one by one by `usage::names::decode`.

use std::io::{self, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

use super::fault::Fault;
use super::nuls::{WithoutNuls, leading_nuls};
use super::section::{Prefixed, Stream};

/// Bytes after leading NULs that are looked at to tell the encoding (facts: Exchange exports).
const SAMPLE_BYTES: usize = 512;
/// UTF-16 bytes converted at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// NULs at the start of an endless stream (a device, a pipe) after which nothing else is expected.
const NUL_CAP: u64 = 64 * 1024 * 1024;

/// Whether the bytes of a stream have an end that is known. The hole at the start of a file ends with the file at
/// the latest, however large it is; before the first byte of anything else there may be NULs for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    Known,
    Open,
}

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    /// UTF-8, ASCII or any code page of single bytes.
    Bytes,
    Utf16Le,
    Utf16Be,
}

/// The text of a stream, without a byte order mark, NULs and a Ctrl-Z at its end.
pub(super) fn decoded(mut stream: Stream, extent: Extent) -> Stream {
    let start = Start::read(&mut stream, extent);
    let (encoding, mark) = encoding_of(&start.sample, start.nuls);
    let mut first = start.sample;
    if encoding == Encoding::Utf16Be && mark == 0 && start.nuls % 2 == 1 {
        first.insert(0, 0);
    }
    first.drain(..mark);
    let rest = Prefixed { first: io::Cursor::new(first), fault: start.fault, rest: stream };
    match encoding {
        Encoding::Bytes => Box::new(WithoutNuls::new(rest)),
        Encoding::Utf16Le => utf16(rest, UTF_16LE.new_decoder_without_bom_handling()),
        Encoding::Utf16Be => utf16(rest, UTF_16BE.new_decoder_without_bom_handling()),
    }
}

fn utf16(rest: Prefixed, decoder: Decoder) -> Stream {
    Box::new(WithoutNuls::new(Utf16::new(rest, decoder)))
}

/// The start of a stream behind its leading NULs.
struct Start {
    nuls: u64,
    sample: Vec<u8>,
    fault: Option<io::Error>,
}

impl Start {
    fn read(stream: &mut Stream, extent: Extent) -> Start {
        let mut start = Start { nuls: 0, sample: Vec::new(), fault: None };
        let mut chunk = vec![0; CHUNK_BYTES];
        while start.sample.len() < SAMPLE_BYTES {
            let count = match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    start.fault = Some(error);
                    break;
                }
            };
            let mut bytes = &chunk[..count];
            if start.sample.is_empty() {
                let nuls = leading_nuls(bytes);
                start.nuls += nuls as u64;
                bytes = &bytes[nuls..];
                if extent == Extent::Open && start.nuls > NUL_CAP {
                    start.fault = Some(Fault::OnlyNuls { bytes: NUL_CAP }.into());
                    break;
                }
            }
            start.sample.extend_from_slice(bytes);
        }
        start
    }
}

/// The encoding of a text that begins with `sample` after some NULs, and the length of its byte order mark.
pub(super) fn encoding_of(sample: &[u8], nuls_before: u64) -> (Encoding, usize) {
    match sample {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Bytes, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        _ => (without_mark(sample, nuls_before), 0),
    }
}

/// UTF-16 of mostly Latin text has zeros at more than 60 % of the positions of one parity. Where the other
/// parity has many too, they are holes of a log, not an encoding. The first zero of big-endian text counts
/// among the NULs before the sample: its other zeros then stand where those of little-endian text would.
fn without_mark(sample: &[u8], nuls_before: u64) -> Encoding {
    let sample = &sample[..sample.len().min(SAMPLE_BYTES)];
    let zeros = |parity: usize| sample.iter().skip(parity).step_by(2).filter(|&&byte| byte == 0).count();
    let half = sample.len() / 2;
    let many = |count: usize| count * 10 > half * 6;
    let few = |count: usize| count * 10 <= half;
    let (even, odd) = (zeros(0), zeros(1));
    if half == 0 || !few(even) || !many(odd) {
        return Encoding::Bytes;
    }
    if nuls_before % 2 == 1 { Encoding::Utf16Be } else { Encoding::Utf16Le }
}

/// Converts UTF-16 to UTF-8 as it is read. A last odd byte is dropped, unpaired surrogates become U+FFFD.
struct Utf16<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Bytes at the start of `raw` that are still to be converted.
    waiting: usize,
    text: Vec<u8>,
    given: usize,
    fault: Option<io::Error>,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    fn new(inner: R, decoder: Decoder) -> Utf16<R> {
        let raw = vec![0; CHUNK_BYTES];
        Utf16 { inner, decoder, raw, waiting: 0, text: Vec::new(), given: 0, fault: None, ended: false }
    }

    /// Converts the next bytes into `text`; at the end, what the decoder still holds.
    fn convert(&mut self) -> io::Result<()> {
        match self.inner.read(&mut self.raw[self.waiting..]) {
            Ok(count) => {
                self.waiting += count;
                self.ended = count == 0;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                self.ended = true;
                self.fault = Some(error);
            }
        }
        let whole = self.waiting - self.waiting % 2;
        let longest = self.decoder.max_utf8_buffer_length(whole).unwrap_or(usize::MAX);
        self.text.resize(longest.min(4 * CHUNK_BYTES), 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..whole], &mut self.text, self.ended);
        self.text.truncate(written);
        self.given = 0;
        self.raw.copy_within(whole..self.waiting, 0);
        self.waiting -= whole;
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return self.fault.take().map_or(Ok(0), Err);
            }
            self.convert()?;
        }
        let mut rest = &self.text[self.given..];
        let count = rest.read(buf)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Gives a text in pieces of a fixed length.
    pub(in crate::ingest::source) struct Pieces(
        pub(in crate::ingest::source) io::Cursor<Vec<u8>>,
        pub(in crate::ingest::source) usize,
    );

    impl Read for Pieces {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buf.len());
            self.0.read(&mut buf[..count])
        }
    }

    fn text_of(bytes: &[u8]) -> String {
        let mut texts = [1, 3, 1000, usize::MAX].map(|piece| {
            let mut text = Vec::new();
            let stream = Pieces(io::Cursor::new(bytes.to_vec()), piece);
            decoded(Box::new(stream), Extent::Open).read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        assert!(texts.iter().all(|text| *text == texts[0]), "reading in pieces differs");
        std::mem::take(&mut texts[0])
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    const TEXT: &str =
        "date_time_utc,sender_address,subject\r\n2026-01-02,app@contoso.com,Rechnung für \u{1f4e7}\r\n";

    #[test]
    fn utf16_is_read_with_and_without_mark() {
        for unit in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let plain = utf16(TEXT, unit);
            let marked = utf16(&format!("\u{feff}{TEXT}"), unit);
            assert_eq!(text_of(&plain), TEXT);
            assert_eq!(text_of(&marked), TEXT);
            for nuls in [2, 70_002] {
                assert_eq!(text_of(&[vec![0; nuls], plain.clone()].concat()), TEXT);
            }
        }
    }

    #[test]
    fn a_cut_utf16_text_loses_only_its_last_character() {
        for unit in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let mut odd = utf16(TEXT, unit);
            odd.push(b'x');
            assert_eq!(text_of(&odd), TEXT);
            let mut surrogate = utf16(TEXT, unit);
            surrogate.extend(unit(0xd83d));
            assert_eq!(text_of(&surrogate), format!("{TEXT}\u{fffd}"));
        }
    }

    #[test]
    fn long_utf16_streams_in_chunks() {
        let text = TEXT.repeat(5000);
        assert_eq!(text_of(&utf16(&text, u16::to_le_bytes)), text);
    }

    #[test]
    fn bytes_stay_as_they_are() {
        assert_eq!(text_of("\u{feff}größe".as_bytes()), "größe");
        assert_eq!(text_of(b""), "");
        assert_eq!(text_of(b"a"), "a");
        assert_eq!(text_of(b"\xef\xbb"), "\u{fffd}");
        let mut raw = Vec::new();
        decoded(Box::new(&b"m\xfcller"[..]), Extent::Open).read_to_end(&mut raw).unwrap();
        assert_eq!(raw, b"m\xfcller");
    }

    #[test]
    fn holes_of_a_log_are_no_encoding() {
        let line = "Apr  1 04:52:30 relay postfix/qmgr[123]: removed\n";
        let mut holed = vec![0; 100_000];
        holed.extend_from_slice(line.as_bytes());
        assert_eq!(text_of(&holed), line);
        let mut inside = line.as_bytes().to_vec();
        inside.resize(400, 0);
        inside.extend_from_slice(line.as_bytes());
        assert_eq!(text_of(&inside), line.repeat(2));
        assert_eq!(text_of(&[0; 1000]), "");
        let utf16 = [utf16(line, u16::to_le_bytes), vec![0; 500], utf16(line, u16::to_le_bytes)].concat();
        assert_eq!(text_of(&utf16), line.repeat(2));
    }

    #[test]
    fn an_endless_stream_of_nuls_ends_in_an_error() {
        let endless = || Box::new(io::repeat(0).take(2 * NUL_CAP).chain(&b"a\n"[..]));
        let mut text = String::new();
        let error = decoded(endless(), Extent::Open).read_to_string(&mut text).unwrap_err();
        assert_eq!(error.to_string(), "begins with more than 67108864 bytes of NUL: refused");
        decoded(endless(), Extent::Known).read_to_string(&mut text).unwrap();
        assert_eq!(text, "a\n");
    }
}
