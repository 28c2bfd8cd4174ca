//! Log lines inside other containers: JSON lines of journald and of log collectors, CSV exports with the line in
//! a column, `journalctl -o export`. Plain text passes through untouched.

use std::io::{self, Read};

use serde_json::Value;

use super::frames::{Frames, is_stream};
use crate::ingest::source::{LINE_CAP, Lines};

/// How log lines are wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Envelope {
    /// Not at all.
    Plain,
    /// As messages of a stream, of which a line can hold many.
    Stream,
    /// One JSON object per line.
    Json,
    /// One CSV record per line.
    Csv {
        /// Where the log line stands (0-based).
        column: usize,
        /// What stands between the cells.
        separator: u8,
    },
    /// `FIELD=value` lines, an empty line after each entry.
    JournalExport,
}

/// Names under which exports keep the raw line.
const LINE_FIELDS: [&str; 8] = ["message", "MESSAGE", "msg", "log", "_raw", "raw", "line", "event.original"];

impl Envelope {
    /// Finds the container by the start of a text.
    pub fn of(head: &[u8]) -> Envelope {
        let text = head.trim_ascii_start();
        let first = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        if first.starts_with(b"{") {
            return Envelope::Json;
        }
        if first.starts_with(b"__CURSOR=") || first.starts_with(b"__REALTIME_TIMESTAMP=") {
            return Envelope::JournalExport;
        }
        let table = separator_of(first).and_then(|separator| {
            let column = csv_cells(first, separator).iter().position(|cell| is_line_field(cell))?;
            Some(Envelope::Csv { column, separator })
        });
        let others = || if is_stream(head) { Envelope::Stream } else { Envelope::Plain };
        table.unwrap_or_else(others)
    }
}

/// The separator of a CSV header: the commonest of comma, semicolon and tab. Only the header tells, since log lines
/// are full of commas.
fn separator_of(header: &[u8]) -> Option<u8> {
    let count = |separator: u8| memchr::memchr_iter(separator, header).count();
    let commonest = [b',', b';', b'\t'].into_iter().max_by_key(|&one| (count(one), u8::MAX - one));
    commonest.filter(|&one| count(one) > 0)
}

fn is_line_field(cell: &str) -> bool {
    LINE_FIELDS.iter().any(|name| name.eq_ignore_ascii_case(cell.trim()))
}

/// The log lines of a text, taken out of their container.
#[derive(Debug)]
pub struct Records<R> {
    lines: Lines<Frames<R>>,
    envelope: Envelope,
    unwrapped: Vec<u8>,
    entry: JournalEntry,
    last_number: u64,
}

/// One record: the line that was read and the log line in it.
#[derive(Clone, Copy, Debug)]
pub struct LogRecord<'a> {
    /// The number of the line in the input (1-based).
    pub number: u64,
    /// The log line; empty where the container holds none.
    pub line: &'a [u8],
    /// Whether the line that was read is longer than [`LINE_CAP`] and goes on beyond it.
    pub overlong: bool,
}

impl<R: Read> Records<R> {
    /// The records of a text in a container.
    pub fn new(reader: R, envelope: Envelope) -> Records<R> {
        let lines = Lines::new(Frames::new(reader, envelope == Envelope::Stream));
        Records { lines, envelope, unwrapped: Vec::new(), entry: JournalEntry::default(), last_number: 0 }
    }

    /// The next record, or `None` at the end.
    pub fn next_record(&mut self) -> io::Result<Option<LogRecord<'_>>> {
        let Some(line) = self.lines.next_line()? else {
            return Ok(self.entry.last(self.last_number, &mut self.unwrapped));
        };
        let (number, overlong) = (line.number, line.cut && line.bytes.len() >= LINE_CAP);
        if matches!(self.envelope, Envelope::Plain | Envelope::Stream) {
            return Ok(Some(LogRecord { number, line: line.bytes, overlong }));
        }
        self.unwrapped.clear();
        match self.envelope {
            Envelope::Plain | Envelope::Stream => {}
            Envelope::Json => unwrap_json(line.bytes, &mut self.unwrapped),
            Envelope::Csv { column, separator } => {
                if let Some(cell) = csv_cells(line.bytes, separator).get(column) {
                    self.unwrapped.extend_from_slice(cell.as_bytes());
                }
            }
            Envelope::JournalExport => {
                self.last_number = number;
                self.entry.add(line.bytes, &mut self.unwrapped);
            }
        }
        Ok(Some(LogRecord { number, line: &self.unwrapped, overlong }))
    }
}

/// The cells of one CSV line.
fn csv_cells(line: &[u8], separator: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(separator).flexible(true).from_reader(line);
    let mut record = csv::ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Takes the log line out of a JSON object: a raw line as it is, a journal entry with a header made from its
/// fields.
fn unwrap_json(line: &[u8], out: &mut Vec<u8>) {
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(line.trim_ascii()) else { return };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    if object.contains_key("__REALTIME_TIMESTAMP") {
        let message = object.get("MESSAGE").map(json_bytes).unwrap_or_default();
        let entry = JournalEntry {
            microseconds: text("__REALTIME_TIMESTAMP").to_owned(),
            host: text("_HOSTNAME").to_owned(),
            program: text("SYSLOG_IDENTIFIER").to_owned(),
            message,
            binary: Vec::new(),
        };
        entry.write(out);
    } else if let Some(message) = LINE_FIELDS.iter().find_map(|name| object.get(*name)) {
        out.extend(json_bytes(message).into_iter().map(|b| if b == b'\n' { b' ' } else { b }));
    }
}

/// A JSON string, or the array of bytes that journald writes for text that is not UTF-8.
fn json_bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(bytes) => {
            bytes.iter().filter_map(|b| b.as_u64().and_then(|b| u8::try_from(b).ok())).collect()
        }
        _ => Vec::new(),
    }
}

/// The fields of a journal entry that make a log line.
#[derive(Debug, Default)]
struct JournalEntry {
    microseconds: String,
    host: String,
    program: String,
    message: Vec<u8>,
    /// The field of which the value comes in the next lines, being no text.
    binary: Vec<u8>,
}

impl JournalEntry {
    /// Adds a `FIELD=value` line; an empty line ends the entry and writes it. A line with a name alone comes before
    /// the length of a value in eight bytes, and the value.
    fn add(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if !self.binary.is_empty() {
            let value = after_length(line);
            if !value.is_empty() {
                let field = std::mem::take(&mut self.binary);
                self.set(&field, value);
            }
        } else if let Some(equals) = memchr::memchr(b'=', line) {
            self.set(&line[..equals], &line[equals + 1..]);
        } else if line.is_empty() {
            std::mem::take(self).write(out);
        } else if line.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_') {
            self.binary = line.to_vec();
        }
    }

    fn set(&mut self, field: &[u8], value: &[u8]) {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        match field {
            b"__REALTIME_TIMESTAMP" => self.microseconds = text(value),
            b"_HOSTNAME" => self.host = text(value),
            b"SYSLOG_IDENTIFIER" => self.program = text(value),
            b"MESSAGE" => self.message = value.to_vec(),
            _ => {}
        }
    }

    /// The entry that the end of the text ends.
    fn last<'a>(&mut self, number: u64, out: &'a mut Vec<u8>) -> Option<LogRecord<'a>> {
        out.clear();
        std::mem::take(self).write(out);
        (!out.is_empty()).then_some(LogRecord { number, line: out, overlong: false })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let micros = self.microseconds.parse::<i64>().ok();
        let Some(time) = micros.and_then(chrono::DateTime::from_timestamp_micros) else { return };
        let header = format!("{} {} {}: ", time.format("%Y-%m-%dT%H:%M:%SZ"), self.host, self.program);
        out.extend_from_slice(header.as_bytes());
        out.extend(self.message.iter().map(|&b| if b == b'\n' { b' ' } else { b }));
    }
}

/// The value behind its length, which is little-endian and of which the reading of text has dropped the NULs. A byte
/// of it can be a line end: then the value, or nothing yet, stands alone in the line.
fn after_length(line: &[u8]) -> &[u8] {
    for (digits, rest) in (1..=3).filter_map(|digits| line.split_at_checked(digits)) {
        let length = (rest.len() as u64).to_le_bytes();
        if length.iter().filter(|&&byte| byte != 0).eq(digits) {
            return rest;
        }
    }
    let text = line.iter().position(|byte| !byte.is_ascii_control()).unwrap_or(line.len());
    if line.len() == 1 { &[] } else { &line[text..] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(text: &str) -> Vec<String> {
        let mut records = Records::new(text.as_bytes(), Envelope::of(text.as_bytes()));
        let mut lines = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            lines.push(String::from_utf8_lossy(record.line).into_owned());
        }
        lines
    }

    #[test]
    fn lines_come_out_of_every_container() {
        let line = "Apr  1 04:52:30 h postfix/qmgr[1]: A1B2C3: removed";
        assert_eq!(unwrapped(line), [line]);
        assert_eq!(unwrapped(&format!("{{\"host\":\"h\",\"message\":\"{line}\"}}")), [line]);
        assert_eq!(unwrapped(&format!("time,host,message\n1,h,\"{line}\""))[1], line);
        let journal = "2018-08-21T14:04:21Z h postfix/qmgr: A1B2C3: removed";
        let json = r#"{ "__REALTIME_TIMESTAMP" : "1534860261221373", "_HOSTNAME" : "h", "SYSLOG_IDENTIFIER" : "postfix/qmgr", "MESSAGE" : "A1B2C3: removed" }"#;
        assert_eq!(unwrapped(json), [journal]);
        let bytes = r#"{"__REALTIME_TIMESTAMP":"1534860261221373","_HOSTNAME":"h","SYSLOG_IDENTIFIER":"p","MESSAGE":[72,105,300]}"#;
        assert_eq!(unwrapped(bytes), ["2018-08-21T14:04:21Z h p: Hi"]);
        let export = "__CURSOR=x\n__REALTIME_TIMESTAMP=1534860261221373\n_HOSTNAME=h\nSYSLOG_IDENTIFIER=postfix/qmgr\nMESSAGE=A1B2C3: removed\n\n";
        assert_eq!(unwrapped(export).last().map(String::as_str), Some(journal));
    }

    #[test]
    fn broken_containers_give_empty_lines() {
        assert_eq!(unwrapped("{\"message\":\n[1,2]\n{}"), ["", "", ""]);
    }
}
