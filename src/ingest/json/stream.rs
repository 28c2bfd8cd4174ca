//! JSON documents one after the other from a stream, with line numbers and a limit on what one row may hold.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, IgnoredAny};
use serde_json::error::Category;

use super::{Visit, Walk};

/// Bytes of one row; without a limit a text that never ends would fill the memory.
const ROW_CAP: u64 = 16 * 1024 * 1024;
/// Bytes that are read at a time: most lines of objects are whole in it.
const BUFFER_BYTES: usize = 512 * 1024;

/// Where the stream is, shared with what reads it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(Rc<GaugeCells>);

#[derive(Debug, Default)]
struct GaugeCells {
    line: Cell<u64>,
    since_row: Cell<u64>,
    last: Cell<u8>,
    overrun: Cell<bool>,
}

impl Gauge {
    /// The line that is being read (1-based).
    pub(crate) fn line(&self) -> u64 {
        self.0.line.get() + 1
    }

    /// Says that a line begins here.
    pub(super) fn begin_line(&self, number: u64) {
        self.0.line.set(number - 1);
        self.end_row();
    }

    /// Says that a row ended here.
    pub(crate) fn end_row(&self) {
        self.0.since_row.set(0);
    }
}

/// What ended a document early.
#[derive(Debug)]
pub(super) enum Stop {
    /// A line that is no JSON among lines of objects; the next line can be read.
    Line {
        /// The line.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The rest of the input cannot be read.
    Input {
        /// The line.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// A stream of JSON documents.
pub(super) struct ByteStream {
    text: BufReader<Box<dyn Read + Send>>,
    gauge: Gauge,
    cut: LineCut,
}

/// Where a line of objects breaks off. JSON may go on in the next line, so a document that began on a line and is
/// followed by a line that begins an object is only taken for a cut one where a value is missing, or where the
/// document before ended with its line.
#[derive(Debug, Default)]
struct LineCut {
    /// Whether the document before ended on the line on which it began.
    in_lines: bool,
    /// Whether an object is being read, and still on its first line.
    on_first_line: bool,
    /// The last sign on that line that is no space.
    last_sign: u8,
}

impl LineCut {
    /// Whether the document ends before this byte, the next one of the stream.
    fn is_before(&mut self, byte: u8, last: u8) -> bool {
        if !self.on_first_line {
            return false;
        }
        if last == b'\n' {
            self.on_first_line =
                byte == b'{' && (self.last_sign == b':' || self.in_lines && self.last_sign != b'[');
            return self.on_first_line;
        }
        if !byte.is_ascii_whitespace() {
            self.last_sign = byte;
        }
        false
    }
}

impl Read for ByteStream {
    /// The JSON reader asks for one byte at a time.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buffer.first_mut() else { return Ok(0) };
        Ok(self.take_byte()?.map_or(0, |byte| {
            *slot = byte;
            1
        }))
    }
}

impl ByteStream {
    /// A stream over a text.
    pub(super) fn new(text: Box<dyn Read + Send>) -> ByteStream {
        ByteStream {
            text: BufReader::with_capacity(BUFFER_BYTES, text),
            gauge: Gauge::default(),
            cut: LineCut::default(),
        }
    }

    /// A stream over the rest of a text that begins on a line, behind lines that were documents or not.
    pub(super) fn resumed(text: Box<dyn Read + Send>, line: u64, in_lines: bool) -> ByteStream {
        let mut stream = ByteStream::new(text);
        stream.gauge.begin_line(line);
        stream.cut.in_lines = in_lines;
        stream
    }

    /// Where the stream is.
    pub(super) fn gauge(&self) -> Gauge {
        self.gauge.clone()
    }

    /// Reads the next document; whether there was one.
    pub(super) fn document<W: Walk>(&mut self, walk: &mut W) -> Result<bool, Stop> {
        self.gauge.end_row();
        let stop = |line, error: io::Error| Stop::Input { line, what: error.to_string() };
        let first = self.skip_space().map_err(|error| stop(self.gauge.line(), error))?;
        let Some(first) = first else { return Ok(false) };
        let line = self.gauge.line();
        if !matches!(first, b'{' | b'[') {
            self.skip_line().map_err(|error| stop(line, error))?;
            return Err(Stop::Line { line, what: "not JSON: expected an object or a list".to_owned() });
        }
        if let Some(len) = self.document_in_line() {
            return self.line_document(len, walk);
        }
        // The line end before it is no part of the document.
        self.gauge.0.last.set(b' ');
        (self.cut.on_first_line, self.cut.last_sign) = (first == b'{', first);
        let mut json = serde_json::Deserializer::from_reader(&mut *self);
        match (Visit { walk, is_row_place: true }).deserialize(&mut json) {
            Ok(()) => {
                self.cut.in_lines = self.gauge.line() == line;
                Ok(true)
            }
            Err(error) => Err(self.stopped(line, &error)),
        }
    }

    /// The length of the line that begins here, where all of it is at hand and is one object: nearly all are, and
    /// reading those from memory is several times faster than byte by byte.
    fn document_in_line(&self) -> Option<usize> {
        let text = self.text.buffer();
        let line = &text[..memchr::memchr(b'\n', text)?];
        let is_object = line.first() == Some(&b'{') && line.trim_ascii_end().last() == Some(&b'}');
        (is_object && serde_json::from_slice::<IgnoredAny>(line).is_ok()).then_some(line.len())
    }

    /// Reads the document that is the line of this length.
    fn line_document<W: Walk>(&mut self, len: usize, walk: &mut W) -> Result<bool, Stop> {
        let line = self.text.buffer().get(..len).unwrap_or_default();
        let mut json = serde_json::Deserializer::from_slice(line);
        let read = (Visit { walk, is_row_place: true }).deserialize(&mut json);
        let gauge = &self.gauge.0;
        let number = self.gauge.line();
        self.text.consume(len + 1);
        gauge.line.set(number);
        gauge.last.set(b'\n');
        self.cut.in_lines = true;
        match read {
            Ok(()) => Ok(true),
            Err(error) => Err(Stop::Line { line: number, what: line_error(&error) }),
        }
    }

    /// Whether the rest can be read depends on where the document began: if on the same line, it was one of
    /// many lines.
    fn stopped(&mut self, line: u64, error: &serde_json::Error) -> Stop {
        let at = self.gauge.line() - u64::from(self.gauge.0.last.get() == b'\n');
        if self.gauge.0.overrun.get() {
            let what = format!("the row that begins here is longer than {} MiB", ROW_CAP >> 20);
            return Stop::Input { line: at, what };
        }
        if let Some(kind) = error.io_error_kind() {
            return Stop::Input { line: at, what: format!("cannot be read to its end: {kind}") };
        }
        let what = what_of(error);
        let in_one_line = at == line && (self.gauge.0.last.get() == b'\n' || self.skip_line().is_ok());
        match in_one_line {
            true => Stop::Line { line, what: what.to_owned() },
            false => Stop::Input { line: at, what: what.to_owned() },
        }
    }

    /// The next byte; `None` at the end.
    fn take_byte(&mut self) -> io::Result<Option<u8>> {
        let gauge = &self.gauge.0;
        if gauge.since_row.get() > ROW_CAP {
            gauge.overrun.set(true);
            return Err(io::Error::other("row too long"));
        }
        let Some(&byte) = self.text.fill_buf()?.first() else { return Ok(None) };
        if self.cut.is_before(byte, gauge.last.get()) {
            return Ok(None);
        }
        self.text.consume(1);
        gauge.since_row.set(gauge.since_row.get() + 1);
        gauge.line.set(gauge.line.get() + u64::from(byte == b'\n'));
        gauge.last.set(byte);
        Ok(Some(byte))
    }

    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        self.cut.on_first_line = false;
        loop {
            match self.text.fill_buf()?.first().copied() {
                Some(byte) if is_space(byte) => {
                    self.take_byte()?;
                    self.gauge.end_row();
                }
                first => return Ok(first),
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        self.cut.on_first_line = false;
        while self.take_byte()?.is_some_and(|byte| byte != b'\n') {
            self.gauge.end_row();
        }
        Ok(())
    }
}

/// Whether a byte may stand between documents.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1e)
}

/// What is wrong with a document in one line.
pub(super) fn line_error(error: &serde_json::Error) -> String {
    what_of(error).to_owned()
}

/// What is wrong with a document, without a word of it.
fn what_of(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Eof => "the JSON ends in the middle of a document",
        Category::Data => "a value where an object or a list was expected",
        Category::Syntax | Category::Io => "not JSON: a sign that does not belong here",
    }
}
