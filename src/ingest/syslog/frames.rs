//! Messages of a forwarded stream, one after the other: after the octets that are counted before each (RFC 6587),
//! or at a priority tag that a time follows. What a message says is left to [`super::header`].

use std::io::{self, Read};

use super::header::Header;
use super::stamp::stamp_length;

/// Bytes in which the end of a message is looked for.
const WINDOW: usize = 128 * 1024;
/// Bytes of a message that tell whether it begins with a header.
const HEADER_BYTES: usize = 256;
/// Digits of an octet count.
const COUNT_DIGITS: usize = 6;

/// A text in which every message of a stream ends its line. Other texts pass through untouched.
#[derive(Debug)]
pub struct Frames<R> {
    reader: R,
    is_stream: bool,
    /// The bytes not yet given are `window[start..]`; those up to `start + left` are of one message.
    window: Vec<u8>,
    start: usize,
    left: usize,
    ends_line: bool,
    done: bool,
    fault: Option<io::Error>,
}

impl<R: Read> Frames<R> {
    /// The messages of a text, where that is a stream.
    pub fn new(reader: R, is_stream: bool) -> Frames<R> {
        let window = Vec::new();
        Frames { reader, is_stream, window, start: 0, left: 0, ends_line: false, done: false, fault: None }
    }

    /// Looks for the end of the next message. Whether there is one.
    fn next_message(&mut self) -> bool {
        self.fill();
        let text = &self.window[self.start..];
        (self.left, self.ends_line) = match message_length(text) {
            Some(length) => (length, text[length - 1] != b'\n'),
            None if self.done => (text.len(), false),
            // The next message may begin at the very end of the window.
            None => (text.len() - HEADER_BYTES, false),
        };
        self.left > 0
    }

    /// Reads until a whole window is there, or all of the text.
    fn fill(&mut self) {
        if self.done || self.window.len() - self.start >= WINDOW {
            return;
        }
        self.window.drain(..self.start);
        self.start = 0;
        let wanted = 2 * WINDOW - self.window.len();
        self.fault = (&mut self.reader).take(wanted as u64).read_to_end(&mut self.window).err();
        self.done = self.window.len() < 2 * WINDOW;
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_stream {
            return self.reader.read(buffer);
        }
        let mut given = 0;
        while given < buffer.len() {
            if self.left > 0 {
                let count = self.left.min(buffer.len() - given);
                buffer[given..given + count].copy_from_slice(&self.window[self.start..self.start + count]);
                (self.start, self.left, given) = (self.start + count, self.left - count, given + count);
            } else if std::mem::take(&mut self.ends_line) {
                buffer[given] = b'\n';
                given += 1;
            } else if !self.next_message() {
                break;
            }
        }
        match self.fault.take_if(|_| given == 0) {
            Some(fault) => Err(fault),
            None => Ok(given),
        }
    }
}

/// Whether lines at the start of a text hold more than one message.
pub fn is_stream(head: &[u8]) -> bool {
    let begins = |line: &&[u8]| matches!(line.first(), Some(b'<' | b'0'..=b'9'));
    head.split(|&byte| byte == b'\n').filter(begins).any(|line| message_length(line).is_some())
}

/// The bytes of the first of several messages; `None` where only one is left.
pub fn message_length(text: &[u8]) -> Option<usize> {
    counted_length(text).or_else(|| {
        memchr::memchr2_iter(b'<', b'\n', text).find_map(|at| match text[at] {
            b'\n' => Some(at + 1),
            _ => (at > 0 && !is_count(&text[..at]) && begins_message(&text[at..])).then_some(at),
        })
    })
}

/// The bytes of a message by the octet count before it, with a line end after it, where the count fits: another
/// message follows.
fn counted_length(text: &[u8]) -> Option<usize> {
    let digits = text.iter().take(COUNT_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=COUNT_DIGITS).contains(&digits) || !text[digits..].starts_with(b" <") {
        return None;
    }
    let octets = text[..digits].iter().fold(0_usize, |n, byte| n * 10 + usize::from(byte - b'0'));
    let after = text.get(digits + 1 + octets..)?;
    let line_end = after.iter().take_while(|&&byte| byte == b'\n' || byte == b'\r').count();
    let fits = matches!(after.get(line_end), Some(b'<' | b'0'..=b'9')) && octets > 0;
    fits.then_some(digits + 1 + octets + line_end)
}

fn is_count(text: &[u8]) -> bool {
    text.len() <= COUNT_DIGITS + 1
        && text
            .split_last()
            .is_some_and(|(last, digits)| *last == b' ' && digits.iter().all(u8::is_ascii_digit))
}

/// Whether a text begins with a priority tag and a header.
fn begins_message(text: &[u8]) -> bool {
    let text = &text[..text.len().min(HEADER_BYTES)];
    let Some(end) = text.iter().take(5).position(|&byte| byte == b'>').filter(|&end| end > 1) else {
        return false;
    };
    let rfc5424 = text[end + 1..].strip_prefix(b"1 ").and_then(stamp_length).is_some();
    text[1..end].iter().all(u8::is_ascii_digit) && (rfc5424 || Header::parse(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "<22>Apr  1 04:52:30 h p[1]: a <b@c> 12";
    const SECOND: &str = "<22>1 2014-04-01T04:52:30Z h p 1 - - x";

    fn lines(text: &str) -> String {
        let mut out = String::new();
        Frames::new(text.as_bytes(), is_stream(text.as_bytes())).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn every_message_becomes_a_line() {
        let (one, two) = (FIRST.len(), SECOND.len());
        assert_eq!(lines(&format!("{FIRST}{SECOND}{FIRST}")), format!("{FIRST}\n{SECOND}\n{FIRST}"));
        assert_eq!(
            lines(&format!("{one} {FIRST}{two} {SECOND}{one} {FIRST}")),
            format!("{one} {FIRST}\n{two} {SECOND}\n{one} {FIRST}")
        );
        let with_ends = format!("{} {FIRST}\n{two} {SECOND}\n", one + 1);
        assert_eq!(lines(&with_ends), with_ends);
        let wrong_count = format!("7 {FIRST}{SECOND}");
        assert_eq!(lines(&wrong_count), format!("7 {FIRST}\n{SECOND}"));
    }

    #[test]
    fn other_texts_are_no_stream() {
        for text in
            ["", "<", "0 <", "12 <22>x", "2014-04-01T04:52:30Z h p: <22>x", FIRST, SECOND, "<1><2><3>"]
        {
            assert!(!is_stream(text.as_bytes()), "{text}");
        }
        assert_eq!(lines("a\n\nb"), "a\n\nb");
    }

    #[test]
    fn a_message_longer_than_the_window_goes_on() {
        let long = format!("{FIRST}{}", "y".repeat(3 * WINDOW));
        assert_eq!(lines(&format!("{FIRST}{long}{SECOND}")), format!("{FIRST}\n{long}\n{SECOND}"));
    }

    #[test]
    fn an_error_comes_after_what_was_read() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let stream = format!("{FIRST}{SECOND}");
        let mut frames = Frames::new(stream.as_bytes().chain(Broken), true);
        let mut out = Vec::new();
        assert_eq!(frames.read_to_end(&mut out).unwrap_err().to_string(), "broken");
        assert_eq!(out, format!("{FIRST}\n{SECOND}").into_bytes());
    }
}
