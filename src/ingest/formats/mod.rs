//! One file per format; the order of [`FORMATS`] is the order in which `relaymeter formats` shows them.

mod message_trace;
pub mod postfix;

use super::LogFormat;

/// All formats that can be read. The generic format is asked last.
pub static FORMATS: &[&dyn LogFormat] = &[&message_trace::MessageTrace, &postfix::Postfix];
