//! `relaymeter formats`: the list, and one format.

use relaymeter::ingest::formats::FORMATS;
use serde_json::Value;

use crate::{program, relaymeter};

#[test]
fn every_format_that_is_read_is_listed_with_all_that_it_carries() {
    let output = program().args(["formats", "--format", "json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = listed["formats"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|format| format["name"].as_str().unwrap()).collect();
    assert_eq!(names, FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>());
    for (format, name) in listed.iter().zip(names) {
        let alone = program().args(["formats", name, "--format", "json"]).output().unwrap();
        assert_eq!(&serde_json::from_slice::<Value>(&alone.stdout).unwrap(), format);
        assert!(
            format.as_object().unwrap().values().all(|fact| !fact.as_str().unwrap().is_empty()),
            "{name}"
        );
    }
}

#[test]
fn the_list_fits_a_terminal() {
    let shown = relaymeter(&["formats"]);
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
}

#[test]
fn an_unknown_format_is_a_wrong_command_line() {
    let shown = relaymeter(&["formats", "pigeon"]);
    assert!(
        shown
            .starts_with("exit 2\n--- stdout\n--- stderr\nerror: 'pigeon' is not a format: expected one of ")
    );
}
