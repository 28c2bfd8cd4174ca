//! What goes wrong inside a stream: data that breaks off, is damaged, or expands beyond reason.
//!
//! The texts leave the input's name to whoever shows them ([`super::SourceError`], `Sink::damage`), and hold
//! nothing of the content.

use std::io;

/// Why reading a stream ended before its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Fault {
    /// There is less than was announced.
    #[error("{what} ends early after {bytes} bytes")]
    EndsEarly { what: &'static str, bytes: u64 },
    /// A checksum or a structure is wrong.
    #[error("{what} is damaged after {bytes} bytes: {reason}")]
    Damaged { what: &'static str, bytes: u64, reason: String },
    /// Another kind of data stands behind the end.
    #[error("{what} is followed by other data after {bytes} bytes")]
    Trailing { what: &'static str, bytes: u64 },
    /// A bomb, or nothing that a log could be.
    #[error("{what} expands more than {ratio} times, to over {bytes} bytes: refused")]
    Expands { what: &'static str, ratio: u64, bytes: u64 },
    /// The same of all that a file holds.
    #[error("expands, with all else in its file, more than {ratio} times, to over {bytes} bytes: refused")]
    WholeExpands { ratio: u64, bytes: u64 },
    /// A device of zeros, or nothing that a log could be.
    #[error("begins with more than {bytes} bytes of NUL: refused")]
    OnlyNuls { bytes: u64 },
    /// The decoder asks for more memory than is granted.
    #[error("{what} needs more than {mebibytes} MiB of memory to decompress: refused")]
    Memory { what: &'static str, mebibytes: u64 },
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> io::Error {
        let kind = match fault {
            Fault::EndsEarly { .. } => io::ErrorKind::UnexpectedEof,
            Fault::Memory { .. } => io::ErrorKind::OutOfMemory,
            Fault::Damaged { .. }
            | Fault::Trailing { .. }
            | Fault::Expands { .. }
            | Fault::WholeExpands { .. }
            | Fault::OnlyNuls { .. } => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, fault)
    }
}

/// Whether an error is already told in our words, or the system's.
pub(super) fn is_told(error: &io::Error) -> bool {
    error.raw_os_error().is_some() || error.get_ref().is_some_and(|inner| inner.is::<Fault>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_says_what_and_where() {
        let what = "xz data";
        for (fault, text) in [
            (Fault::EndsEarly { what, bytes: 7 }, "xz data ends early after 7 bytes"),
            (
                Fault::Damaged { what, bytes: 7, reason: "invalid block checksum".into() },
                "xz data is damaged after 7 bytes: invalid block checksum",
            ),
            (Fault::Trailing { what, bytes: 7 }, "xz data is followed by other data after 7 bytes"),
            (
                Fault::Expands { what, ratio: 1000, bytes: 67_108_864 },
                "xz data expands more than 1000 times, to over 67108864 bytes: refused",
            ),
            (
                Fault::WholeExpands { ratio: 1000, bytes: 67_108_864 },
                "expands, with all else in its file, more than 1000 times, to over 67108864 bytes: refused",
            ),
            (Fault::OnlyNuls { bytes: 67_108_864 }, "begins with more than 67108864 bytes of NUL: refused"),
            (
                Fault::Memory { what, mebibytes: 128 },
                "xz data needs more than 128 MiB of memory to decompress: refused",
            ),
        ] {
            let error = io::Error::from(fault);
            assert_eq!(error.to_string(), text);
            assert!(is_told(&error));
        }
        assert!(!is_told(&io::ErrorKind::InvalidData.into()));
    }
}
