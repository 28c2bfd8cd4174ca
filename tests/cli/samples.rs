//! Every sample gives its truth, and every format has a sample: `samples/truth.csv` is the list of both.

use std::collections::BTreeSet;
use std::path::Path;

use relaymeter::ingest::formats::FORMATS;

use super::program;

/// A row of `samples/truth.csv`.
pub(crate) struct Truth {
    pub(crate) sample: String,
    format: String,
    pub(crate) options: Vec<String>,
    /// Column and value of what must be found; an empty value is not looked at.
    figures: Vec<(String, String)>,
}

pub(crate) fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

pub(crate) fn truths() -> Vec<Truth> {
    let mut table = csv::Reader::from_path(samples().join("truth.csv")).unwrap();
    let columns = table.headers().unwrap().clone();
    let row = |row: csv::StringRecord| Truth {
        sample: row[0].to_owned(),
        format: row[1].to_owned(),
        options: row[2].split_whitespace().map(str::to_owned).collect(),
        figures: (3..row.len())
            .filter(|at| !row[*at].is_empty())
            .map(|at| (columns[at].to_owned(), row[at].to_owned()))
            .collect(),
    };
    table.records().map(|record| row(record.unwrap())).collect()
}

/// What a report says in a column of the table of truths: a total of the usage, a sum of what was
/// billed, or of what control totals state.
fn figure(found: &serde_json::Value, column: &str) -> String {
    let decimal =
        |value: &serde_json::Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    if column == "control" {
        let controls = found["control_totals"].as_array().unwrap().iter();
        let sum: rust_decimal::Decimal = controls.map(|control| decimal(&control["stated"])).sum();
        return sum.normalize().to_string();
    }
    let Some(billed) = column.strip_prefix("billed_") else { return found["totals"][column].to_string() };
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

/// The rows of a CSV sample, as wide as the widest.
fn table_of(sample: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(samples().join(sample)).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = if text.lines().next().unwrap().contains(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new();
    let mut reader =
        reader.delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Every CSV sample, with the truth of which it has to give the figures in another container.
fn csv_samples() -> impl Iterator<Item = Truth> {
    truths().into_iter().filter(|truth| truth.sample.ends_with(".csv"))
}

fn totals(path: &Path, options: &[String]) -> (serde_json::Value, serde_json::Value, serde_json::Value) {
    let mut command = program();
    command.current_dir(samples()).args(["analyze", "--format", "json"]).arg(path);
    let output = command.args(options).output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}: {}", path.display(), String::from_utf8_lossy(&output.stderr)));
    (found["totals"].clone(), found["billed_charges"].clone(), found["cost"]["total"].clone())
}

#[test]
fn every_csv_sample_gives_the_same_as_a_workbook() {
    let folder = tempfile::tempdir().unwrap();
    for truth in csv_samples() {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().set_name("Cover").unwrap().write(0, 0, "An export").unwrap();
        let sheet = book.add_worksheet().set_name("Data").unwrap();
        for (row, cells) in table_of(&truth.sample).into_iter().enumerate() {
            for (column, cell) in cells.into_iter().enumerate() {
                sheet.write(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), cell).unwrap();
            }
        }
        let path = folder.path().join(format!("{}.xlsx", truth.sample));
        book.save(&path).unwrap();
        let expected = totals(Path::new(&truth.sample), &truth.options);
        assert_eq!(totals(&path, &truth.options), expected, "{}", truth.sample);
    }
}

#[test]
fn every_csv_sample_gives_the_same_as_parquet() {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::schema::types::Type;
    use std::sync::Arc;

    let folder = tempfile::tempdir().unwrap();
    for truth in csv_samples() {
        let rows = table_of(&truth.sample);
        // Titles and '#TYPE' lines have no place in a file with a schema.
        let header = rows.iter().position(|row| row.len() > 2).unwrap();
        let column = |name: &String| {
            let column = Type::primitive_type_builder(name, parquet::basic::Type::BYTE_ARRAY);
            Arc::new(column.with_converted_type(parquet::basic::ConvertedType::UTF8).build().unwrap())
        };
        let columns = rows[header].iter().map(column).collect();
        let schema = Arc::new(Type::group_type_builder("rows").with_fields(columns).build().unwrap());
        let path = folder.path().join(format!("{}.parquet", truth.sample));
        let file = std::fs::File::create(&path).unwrap();
        let mut writer =
            parquet::file::writer::SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let cells = |at: usize| {
            rows[header + 1..].iter().filter_map(move |row| row.get(at).filter(|cell| !cell.is_empty()))
        };
        let defined = |at: usize| -> Vec<i16> {
            rows[header + 1..]
                .iter()
                .map(|row| i16::from(row.get(at).is_some_and(|cell| !cell.is_empty())))
                .collect()
        };
        let mut at = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            let values: Vec<ByteArray> = cells(at).map(|cell| ByteArray::from(cell.as_str())).collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&defined(at)), None).unwrap();
            column.close().unwrap();
            at += 1;
        }
        group.close().unwrap();
        writer.close().unwrap();
        let expected = totals(Path::new(&truth.sample), &truth.options);
        assert_eq!(totals(&path, &truth.options), expected, "{}", truth.sample);
    }
}
