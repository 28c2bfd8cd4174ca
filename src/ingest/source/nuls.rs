//! NULs in a text, which copying and truncating rotation leaves as holes, and the Ctrl-Z with which DOS ended
//! files: dropped here, so that no format sees them.

use std::io::{self, Read};

/// The Ctrl-Z of DOS.
const CTRL_Z: u8 = 0x1a;
/// Bytes read at a time behind a Ctrl-Z, to see whether it is the last byte.
const AHEAD_BYTES: usize = 4096;

/// A text without its NULs and without a Ctrl-Z at its end.
pub(super) struct WithoutNuls<R> {
    inner: R,
    /// Whether a Ctrl-Z was read that is the last byte so far.
    held: bool,
    /// Bytes behind a Ctrl-Z that was not the last one, and that one before them.
    ahead: io::Cursor<Vec<u8>>,
}

impl<R: Read> WithoutNuls<R> {
    pub(super) fn new(inner: R) -> WithoutNuls<R> {
        WithoutNuls { inner, held: false, ahead: io::Cursor::default() }
    }

    /// Reads into a buffer; returns how many bytes of it are text, or `None` at the end.
    fn fill(&mut self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let count = self.inner.read(buf)?;
        if count == 0 {
            return Ok(None);
        }
        let mut kept = drop_nuls(&mut buf[..count]);
        if buf[..kept].ends_with(&[CTRL_Z]) {
            self.held = true;
            kept -= 1;
        }
        Ok(Some(kept))
    }

    /// Reads on behind a Ctrl-Z; whether there was an end.
    fn look_ahead(&mut self) -> io::Result<bool> {
        let mut bytes = vec![CTRL_Z; AHEAD_BYTES];
        self.held = false;
        match self.fill(&mut bytes[1..]) {
            Ok(Some(0)) if !self.held => self.held = true,
            Ok(Some(count)) => {
                bytes.truncate(1 + count);
                self.ahead = io::Cursor::new(bytes);
            }
            Ok(None) => return Ok(true),
            Err(error) => {
                self.held = true;
                return Err(error);
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for WithoutNuls<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.ahead.read(buf)?;
            if count > 0 {
                return Ok(count);
            }
            if self.held {
                if self.look_ahead()? {
                    return Ok(0);
                }
                continue;
            }
            match self.fill(buf)? {
                Some(0) => {}
                Some(count) => return Ok(count),
                None => return Ok(0),
            }
        }
    }
}

/// Moves all bytes but NULs to the front; returns their number.
fn drop_nuls(bytes: &mut [u8]) -> usize {
    let Some(mut kept) = memchr::memchr(0, bytes) else {
        return bytes.len();
    };
    let mut at = kept;
    loop {
        at += leading_nuls(&bytes[at..]);
        if at == bytes.len() {
            return kept;
        }
        let text = memchr::memchr(0, &bytes[at..]).unwrap_or(bytes.len() - at);
        bytes.copy_within(at..at + text, kept);
        kept += text;
        at += text;
    }
}

/// The number of NULs at the start.
pub(super) fn leading_nuls(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::super::decode::tests::Pieces;
    use super::*;

    fn text_of(bytes: &[u8]) -> Vec<u8> {
        let mut texts = [1, 2, 3, 1000, usize::MAX].map(|piece| {
            let mut text = Vec::new();
            let pieces = Pieces(io::Cursor::new(bytes.to_vec()), piece);
            WithoutNuls::new(pieces).read_to_end(&mut text).unwrap();
            text
        });
        assert!(texts.iter().all(|text| *text == texts[0]), "reading in pieces differs");
        std::mem::take(&mut texts[0])
    }

    #[test]
    fn nuls_are_dropped_wherever_they_stand() {
        assert_eq!(text_of(b"\0\0a\0b\n\0\0\0c\n\0"), b"ab\nc\n");
        assert_eq!(text_of(b"\0\0"), b"");
        assert_eq!(text_of(b"plain\n"), b"plain\n");
    }

    #[test]
    fn a_ctrl_z_is_dropped_at_the_end_only() {
        assert_eq!(text_of(b"a\n\x1a"), b"a\n");
        assert_eq!(text_of(b"a\n\x1a\0\0\0"), b"a\n");
        assert_eq!(text_of(b"\x1ab\x1a\x1a\0\x1ac\x1a\x1a"), b"\x1ab\x1a\x1a\x1ac\x1a");
        let long = [&b"a\x1a"[..], &[b'x'; 3 * AHEAD_BYTES]].concat();
        assert_eq!(text_of(&long), long);
    }
}
