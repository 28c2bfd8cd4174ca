//! Every sample gives its truth, and every format has a sample: `samples/truth.csv` is the list of both.

use std::collections::BTreeSet;
use std::path::Path;

use relaymeter::ingest::formats::FORMATS;

use super::program;

/// A row of `samples/truth.csv`.
struct Truth {
    sample: String,
    format: String,
    options: Vec<String>,
    /// Column and value of what must be found.
    figures: Vec<(String, String)>,
}

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn truths() -> Vec<Truth> {
    let mut table = csv::Reader::from_path(samples().join("truth.csv")).unwrap();
    let columns = table.headers().unwrap().clone();
    let row = |row: csv::StringRecord| Truth {
        sample: row[0].to_owned(),
        format: row[1].to_owned(),
        options: row[2].split_whitespace().map(str::to_owned).collect(),
        // An empty cell is not checked.
        figures: (3..row.len())
            .filter(|at| !row[*at].is_empty())
            .map(|at| (columns[at].to_owned(), row[at].to_owned()))
            .collect(),
    };
    table.records().map(|record| row(record.unwrap())).collect()
}

/// What a report says in a column of the table of truths: a total of the usage, or a sum of what was billed.
fn figure(found: &serde_json::Value, column: &str) -> String {
    let Some(billed) = column.strip_prefix("billed_") else { return found["totals"][column].to_string() };
    let decimal =
        |value: &serde_json::Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    let charges = found["billed_charges"].as_array().unwrap().iter();
    let sum: rust_decimal::Decimal = match billed {
        "cost" => charges.map(|charge| decimal(&charge["billed_cost"]["amount"])).sum(),
        metered => charges
            .filter(|charge| charge["metered"] == metered)
            .map(|charge| decimal(&charge["quantity"]))
            .sum(),
    };
    sum.normalize().to_string()
}

#[test]
fn every_sample_gives_its_truth() {
    for truth in truths() {
        let mut command = program();
        command.current_dir(samples()).args(["analyze", "--format", "json", &truth.sample]);
        let output = command.args(&truth.options).output().unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}: {}", truth.sample, String::from_utf8_lossy(&output.stderr)));
        assert_eq!(found["provenance"]["inputs"][0]["read_as"], truth.format.as_str(), "{}", truth.sample);
        for (column, expected) in truth.figures {
            let figure = figure(&found, &column);
            assert_eq!(figure, expected, "{column} of {}", truth.sample);
        }
        let accounting = &found["accounting"];
        let skipped: u64 =
            accounting["skipped"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        let count = |name: &str| accounting[name].as_u64().unwrap();
        assert_eq!(count("used") + skipped + count("rejected"), count("records"), "{}", truth.sample);
    }
}

#[test]
fn every_format_has_a_sample_and_every_sample_a_truth() {
    let truths = truths();
    let proven: BTreeSet<&str> = truths.iter().map(|truth| truth.format.as_str()).collect();
    let known: BTreeSet<&str> = FORMATS.iter().map(|format| format.name()).collect();
    assert_eq!(proven, known);
    let beside = ["README.md", "truth.csv"];
    let files =
        std::fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> =
        files.filter(|name| !beside.contains(&name.as_str()) && !name.ends_with(".mapping.yaml")).collect();
    assert_eq!(files, truths.iter().map(|truth| truth.sample.clone()).collect());
}
