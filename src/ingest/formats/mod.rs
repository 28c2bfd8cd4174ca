//! One file per format; the order of [`FORMATS`] is the order in which `relaymeter formats` shows them.

pub mod acs_diagnostics;
pub mod azure_cost;
pub mod control_totals;
pub mod exchange_server;
pub mod generic_csv;
pub mod hmailserver;
pub mod iis_smtp;
pub mod message_trace;
pub mod postfix;

use super::LogFormat;

/// All formats that can be read. The generic format is asked last.
pub static FORMATS: &[&dyn LogFormat] = &[
    &postfix::Postfix,
    &message_trace::MessageTrace,
    &exchange_server::ExchangeServer,
    &acs_diagnostics::AcsDiagnostics,
    &azure_cost::AzureCost,
    &control_totals::ControlTotals,
    &iis_smtp::IisSmtp,
    &hmailserver::HMailServer,
    &generic_csv::GenericCsv,
];
