//! Every real log and export ends in totals or in a clear error, and is read as what it is. The data is used in
//! place and is not part of the project; without it the test says so and passes.
//!
//! `cargo test --test cli real_data -- --nocapture` shows what each file came to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::program;

/// Folders below `RELAYMETER_TEST_DATA` and what the files in them may be read as; the longest name decides. Whatever
/// is in none of them must not be read.
const READ_AS: [(&str, &[&str]); 14] = [
    ("azure/SYNTHETIC/PT1H", &["acs-diagnostics"]),
    ("azure/cost-management", &["azure-cost"]),
    ("azure/focus", &["azure-cost"]),
    ("azure/logs", &["acs-diagnostics"]),
    ("logs/acs", &["acs-diagnostics"]),
    ("logs/azure-cost", &["azure-cost"]),
    ("logs/exchange-online", &["message-trace", "control-totals"]),
    ("logs/exchange-server", &["exchange-server"]),
    ("logs/exim", &["exim"]),
    ("logs/focus", &["azure-cost"]),
    ("logs/iis-smtp/blog", &["iis-smtp"]),
    ("logs/postfix", &["postfix"]),
    ("logs/sendmail", &["sendmail"]),
    ("logs/syslog-wrappers", &["postfix", "sendmail", "exim"]),
];
/// What a clear error names.
const REASONS: [&str; 7] =
    ["recognised", "size", "year", "unreadable", "--date-order", "control total", "damaged"];

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// What a file of this name may be read as.
fn may_be(name: &str) -> BTreeSet<&'static str> {
    let folders = READ_AS.iter().filter(|(folder, _)| name.starts_with(folder));
    let formats = folders.max_by_key(|(folder, _)| folder.len());
    formats.into_iter().flat_map(|(_, formats)| *formats).copied().collect()
}

/// Checks the report of a file; in a word what it came to.
fn totals(name: &str, report: &Value) -> String {
    let accounting = &report["accounting"];
    let skipped = accounting["skipped"].as_object().unwrap().values();
    let skipped: u64 = skipped.map(|count| count.as_u64().unwrap()).sum();
    let count = |name: &str| accounting[name].as_u64().unwrap();
    assert_eq!(count("used") + skipped + count("rejected"), count("records"), "{name}");
    let messages = report["totals"]["messages"].as_u64().unwrap();
    let charges = report["billed_charges"].as_array().unwrap().len();
    assert!(messages > 0 || charges > 0, "{name}: silently nothing");
    format!("{messages} messages, {charges} charges")
}

#[test]
fn every_real_file_ends_in_totals_or_a_clear_error() {
    let root = crate::data_folder();
    if !root.is_dir() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", root.display());
        return;
    }
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    for file in found {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let output = program().args(["analyze", "--format", "json"]).arg(&file).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let (read_as, came_to) = match output.status.code() {
            Some(0 | 3) => {
                let report: Value = serde_json::from_slice(&output.stdout).unwrap();
                let read_as = report["provenance"]["inputs"][0]["read_as"].as_str().unwrap().to_owned();
                (read_as, totals(&name, &report))
            }
            Some(1) => {
                let says_why = REASONS.iter().any(|reason| stderr.contains(reason));
                assert!(stderr.starts_with("error: ") && says_why, "{name}: {stderr}");
                let read_as = stderr.split_once("recognised as ").map_or("", |(_, rest)| rest);
                let end = read_as.find([',', ';', ' ']).unwrap_or(read_as.len());
                (read_as[..end].to_owned(), "a clear error".to_owned())
            }
            code => panic!("{name}: {code:?} {stderr}"),
        };
        println!("{name} | {read_as} | {came_to}");
        let allowed = may_be(&name);
        assert!(read_as.is_empty() || allowed.contains(read_as.as_str()), "{name} was read as {read_as}");
    }
}
