//! Noticing exports that a service cut: the file is whole, only later rows are not in it.

use crate::ingest::Sink;

/// Rows at which services cut an export: 1,000 (portals), 5,000 (`Get-MessageTraceV2`, Graph and cost pages), 10,000
/// and 20,000 (trace summaries), 30,000 (Log Analytics portal), 50,000 and 100,000 (historical search, older and
/// newer text), 500,000 (Log Analytics queries).
const CUT_AT: [u64; 8] = [1_000, 5_000, 10_000, 20_000, 30_000, 50_000, 100_000, 500_000];

/// Warns of an export that ends exactly where a service cuts.
pub(crate) fn warn_if_cut(input: &str, rows: u64, sink: &mut dyn Sink) {
    if CUT_AT.contains(&rows) {
        sink.warn(format!(
            "{input}: exactly {rows} rows: services cut exports there, so later rows are probably missing; export \
             shorter periods"
        ));
    }
}
