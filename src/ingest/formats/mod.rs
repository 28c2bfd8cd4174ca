//! One file per format; the order of [`FORMATS`] is the order in which `relaymeter formats` shows them.

pub mod generic_csv;
pub mod message_trace;
pub mod opensmtpd;
pub mod postfix;
pub mod sendmail;

use super::LogFormat;

/// All formats that can be read. The generic format is asked last.
pub static FORMATS: &[&dyn LogFormat] = &[
    &postfix::Postfix,
    &sendmail::Sendmail,
    &opensmtpd::OpenSmtpd,
    &message_trace::MessageTrace,
    &generic_csv::GenericCsv,
];
