//! What all mail systems that log through syslog share: headers, clocks, wrappers and rotated parts.
//!
//! The lines of one mail system, and what they mean, are left to its format.

pub mod clock;
pub mod envelope;
pub mod frames;
pub mod header;
pub(in crate::ingest) mod message;
pub mod parts;
pub mod stamp;
pub(in crate::ingest) mod under_way;
pub(in crate::ingest) mod walk;

pub use clock::Clock;
pub use envelope::{Envelope, Records};
pub use header::Header;
pub use parts::{Known, Part, arrange};
pub(in crate::ingest) use walk::{Desk, Place, walk};

/// Whether a text reads like a system log at all, so that an error can say what was recognised.
pub fn looks_like_syslog(head: &[u8]) -> bool {
    let lines = head.split(|&b| b == b'\n').filter(|line| !line.is_empty()).take(20);
    let headers = lines.clone().filter(|line| Header::parse(line).is_some()).count();
    headers > 0 && headers * 2 >= lines.count()
}
