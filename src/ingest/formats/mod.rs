//! One file per format; the order of [`FORMATS`] is the order in which `relaymeter formats` shows them.

pub mod exim;
pub mod generic_csv;
pub mod message_trace;
pub mod postfix;

use super::LogFormat;

/// All formats that can be read. The generic format is asked last.
pub static FORMATS: &[&dyn LogFormat] =
    &[&postfix::Postfix, &exim::Exim, &message_trace::MessageTrace, &generic_csv::GenericCsv];
