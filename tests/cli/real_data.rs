//! Every real log and export ends in totals or in a clear error, whatever it is. The data is used in place and
//! is not part of the project; without it the test says so and passes.

use std::path::{Path, PathBuf};

use super::program;

/// Folders of `RELAYMETER_TEST_DATA` of which every file is read.
const FOLDERS: [&str; 4] = ["logs/exchange-online", "logs/postfix", "logs/sendmail", "logs/syslog-wrappers"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_real_file_ends_in_totals_or_a_clear_error() {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    if !root.is_dir() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", root.display());
        return;
    }
    let mut found = Vec::new();
    FOLDERS.iter().for_each(|folder| files(&root.join(folder), &mut found));
    for file in found {
        let output = program().args(["analyze", "--format", "json"]).arg(&file).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0 | 3) => {
                let data: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                assert!(data["totals"]["messages"].as_u64().unwrap() > 0, "{}", file.display());
                let accounting = &data["accounting"];
                let skipped = accounting["skipped"].as_object().unwrap().values();
                let sum: u64 = skipped.map(|count| count.as_u64().unwrap()).sum();
                let count = |name: &str| accounting[name].as_u64().unwrap();
                assert_eq!(count("used") + sum + count("rejected"), count("records"), "{}", file.display());
            }
            Some(1) => {
                let says_why =
                    ["recognised", "size", "year", "unreadable"].iter().any(|word| stderr.contains(word));
                assert!(stderr.starts_with("error: ") && says_why, "{}: {stderr}", file.display());
            }
            code => panic!("{}: {code:?} {stderr}", file.display()),
        }
    }
}
