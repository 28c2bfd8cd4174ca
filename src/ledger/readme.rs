//! The README of a ledger's folder, made from the tables of columns: what another program needs to read it.

use super::columns::status_number;
use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use super::schema::{Table, VERSION};
use crate::ingest::trail::Status;

/// The text.
pub(super) fn text() -> String {
    let mut text = format!(
        "# A ledger of relaymeter, version {VERSION} of the format\n\n{INTRODUCTION}\n\n{}",
        "## Reading it with other programs\n\n"
    );
    text.push_str(READING);
    table::<SubmissionRow>(&mut text, "submissions", SUBMISSIONS);
    text.push_str("\nNumbers of what became of recipients: ");
    let statuses = Status::ALL.map(|status| format!("{} {status:?}", status_number(status)).to_lowercase());
    text.push_str(&statuses.join(", "));
    text.push_str(".\n");
    table::<SummaryRow>(&mut text, "summaries", SUMMARIES);
    table::<ChargeRow>(&mut text, "charges", CHARGES);
    text
}

const INTRODUCTION: &str = "\
Made by `relaymeter ingest`; this page is written anew with each batch. `submissions/`, `summaries/` and `charges/` hold
Parquet files by UTC day, and nothing else. `state/` belongs to the program: `manifest.json` names every file with its rows,
SHA-256 and sums; `unfinished/` holds messages that do not count yet; `secret` is the key of the digests of
recipients, `sender-secret` that of pseudonyms and of forgotten senders: only who may know them should have the two. No recipient addresses and no subjects are kept.

Change it with `relaymeter ingest` and `relaymeter ledger` only; `relaymeter ledger check` looks at every byte. A batch is there
wholly or not at all; while one is put in place (milliseconds), other programs may see a part of it. Every file says its version
and kind as key-value metadata (`relaymeter.ledger.version`, `relaymeter.kind`).";

const READING: &str = "\
```sql
-- DuckDB: messages, recipients and bytes by UTC month and sender domain
select date_trunc('month', day) as month, sender_domain, sum(messages), sum(recipients), sum(message_size * recipients)
from read_parquet('submissions/*/*.parquet', hive_partitioning = true) group by all order by all;
```

Each message has one row with `messages` = 1, and may have further ones with 0. `day` is the UTC day of `time`, from the name of
the folder. Times are whole seconds in UTC. Exact decimals are texts: cast them to DECIMAL, not to a float.
";

const SUBMISSIONS: &str = "One row for a message. Within a file rows go by time, key and leg.";
const SUMMARIES: &str = "One row for messages that a source counted for a window. Where submissions cover the same messages, \
                         relaymeter counts one of the two: add them up by yourself only where you know that they do not.";
const CHARGES: &str = "One row for a line of an invoice or cost export: money, not usage.";

fn table<R: Table>(text: &mut String, name: &str, about: &str) {
    let rows = R::columns().iter().map(|column| {
        let null = if column.nullable { ", or null" } else { "" };
        format!(
            "| `{}` | {}{null} | {} | {} |\n",
            column.name,
            column.holds.shown(),
            column.unit,
            column.meaning
        )
    });
    let rows: String = rows.collect();
    let head = "| column | type | unit | meaning |\n|---|---|---|---|";
    text.push_str(&format!("\n## {name}\n\n{about}\n\n{head}\n{rows}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_told_with_its_meaning() {
        let text = text();
        fn told<R: Table>(text: &str) {
            for column in R::columns() {
                let begin = format!("| `{}` | {}", column.name, column.holds.shown());
                assert!(text.lines().any(|line| line.starts_with(&begin)), "{begin}");
                assert!(!column.meaning.is_empty() && !column.meaning.contains('|'), "{}", column.name);
            }
        }
        told::<SubmissionRow>(&text);
        told::<SummaryRow>(&text);
        told::<ChargeRow>(&text);
        assert!(text.contains("0 unknown, 1 rerouted, 2 open"), "{text}");
        assert!(text.starts_with("# A ledger of relaymeter, version 1 of the format\n\nMade by"));
    }
}
