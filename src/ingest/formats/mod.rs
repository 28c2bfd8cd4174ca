//! One file per format; the order of [`FORMATS`] is the order in which `relaymeter formats` shows them.

pub mod acs_diagnostics;
pub mod azure_cost;
pub mod control_totals;
pub mod exchange_server;
pub mod exim;
pub mod generic_csv;
pub mod hmailserver;
pub mod iis_smtp;
pub mod message_trace;
pub mod opensmtpd;
pub mod postfix;
pub mod sendmail;

use super::LogFormat;

/// All formats that can be read. The generic format is asked last.
pub static FORMATS: &[&dyn LogFormat] = &[
    &postfix::Postfix,
    &exim::Exim,
    &sendmail::Sendmail,
    &opensmtpd::OpenSmtpd,
    &exchange_server::ExchangeServer,
    &iis_smtp::IisSmtp,
    &hmailserver::HMailServer,
    &message_trace::MessageTrace,
    &acs_diagnostics::AcsDiagnostics,
    &azure_cost::AzureCost,
    &control_totals::ControlTotals,
    &generic_csv::GenericCsv,
];
