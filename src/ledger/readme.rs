//! The README of a ledger's folder, made from the tables of columns.

use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use super::schema::{Table, VERSION};

/// The text.
pub(super) fn text() -> String {
    let mut text = format!("# A ledger of relaymeter, version {VERSION}\n");
    table::<SubmissionRow>(&mut text, "submissions");
    table::<SummaryRow>(&mut text, "summaries");
    table::<ChargeRow>(&mut text, "charges");
    text
}

fn table<R: Table>(text: &mut String, name: &str) {
    let rows = R::columns().iter().map(|column| {
        let null = if column.nullable { ", or null" } else { "" };
        format!(
            "| {} | {}{null} | {} | {} |\n",
            column.name,
            column.holds.shown(),
            column.unit,
            column.meaning
        )
    });
    let rows: String = rows.collect();
    let head = "| column | type | unit | meaning |\n|---|---|---|---|";
    text.push_str(&format!("\n## {name}\n\n{head}\n{rows}"));
}
