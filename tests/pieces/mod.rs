//! The samples, cut into what may stand in files of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use relaymeter::ingest::{Mapping, ReadOptions};

/// A sample, as lines that may stand in files of their own.
pub struct Sample {
    pub name: String,
    pub format: String,
    pub options: ReadOptions,
    /// What every part has to begin with.
    pub header: String,
    /// What may be cut between: lines or records.
    pub pieces: Vec<String>,
    /// Whether the pieces are sections with directives of their own.
    pub in_sections: bool,
}

/// All samples.
pub fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut table = csv::Reader::from_path(folder.join("truth.csv")).unwrap();
    let sample = |row: csv::StringRecord| {
        let text = std::fs::read_to_string(folder.join(&row[0])).unwrap();
        let option = |name: &str| row[2].split_whitespace().skip_while(|word| *word != name).nth(1);
        let options = ReadOptions {
            mapping: option("--mapping").map(|file| Mapping::read(&folder.join(file)).unwrap()),
            year: option("--year").map(|year| year.parse().unwrap()),
            log_zone: option("--log-timezone").map(|zone| zone.parse().unwrap()),
            ..ReadOptions::default()
        };
        let (header, pieces, in_sections) = pieces(&row[0], &text);
        let (name, format) = (row[0].to_owned(), row[1].to_owned());
        Sample { name, format, options, header, pieces, in_sections }
    };
    table.records().map(|row| sample(row.unwrap())).collect()
}

/// A text as its header and its pieces. A document of JSON is one piece, and so is a cost export: another export of
/// a day replaces what the first said of it.
fn pieces(name: &str, text: &str) -> (String, Vec<String>, bool) {
    if name.ends_with(".json") || name.starts_with("azure-cost") {
        return (String::new(), vec![text.to_owned()], false);
    }
    let is_table = is_table(name);
    // The lines of IIS take their day from the directives above them and belong to these; directives in the middle
    // begin what was another file.
    let is_joined = text.matches("\n#Fields").count() > 1;
    let in_sections =
        !is_table && text.starts_with('#') && (is_joined || !text.contains("#Fields: date-time"));
    let mut pieces: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut before = "";
    for line in text.split_inclusive('\n') {
        let begins_section = line.starts_with('#') && !before.starts_with('#');
        match pieces.last_mut().filter(|_| is_open || (in_sections && !begins_section)) {
            Some(piece) => piece.push_str(line),
            None => pieces.push(line.to_owned()),
        }
        is_open ^= is_table && line.matches('"').count() % 2 == 1;
        before = line;
    }
    if in_sections {
        return (String::new(), pieces, true);
    }
    let is_header = |piece: &String| match is_table {
        true => piece.starts_with('#') || piece.starts_with("sep="),
        false => piece.starts_with('#'),
    };
    let directives = pieces.iter().take_while(|piece| is_header(piece)).count();
    let header: Vec<String> = pieces.drain(..directives + usize::from(is_table)).collect();
    (header.concat(), pieces, false)
}

/// Whether a sample is a table with a header.
pub fn is_table(name: &str) -> bool {
    name.ends_with(".csv")
}
