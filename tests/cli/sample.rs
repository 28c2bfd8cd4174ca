//! `relaymeter sample`: logs and their truth, files that are there, wrong command lines.

use std::fs;

use serde_json::Value;

use crate::{program, relaymeter};

#[test]
fn a_log_comes_with_its_truth() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    let args = ["sample", "postfix", path.to_str().unwrap(), "--messages", "230"];
    let shown = relaymeter(&args).replace(path.to_str().unwrap(), "DIR").replace('\\', "/");
    insta::assert_snapshot!(shown, @r#"
    exit 0
    --- stdout
    What a correct reader finds in this sample

                                    Messages  Recipients     Bytes  Recipient bytes
    ------------------------------  --------  ----------  --------  ---------------
    Delivered                            220         304  18.56 MB         30.17 MB
    Null sender (not in the total)         4           4  18.94 kB         18.94 kB
    ------------------------------  --------  ----------  --------  ---------------
    Total                                225         309  18.59 MB         30.19 MB

      2121 records, 341.70 kB.
      Written: DIR/postfix.log
      Written: DIR/postfix.truth.json
    --- stderr
    "#);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/postfix.log");
    let expected = fs::read_to_string(sample).unwrap().replace("\r\n", "\n");
    assert!(fs::read_to_string(path.join("postfix.log")).unwrap() == expected);
    let truth: Value = serde_json::from_slice(&fs::read(path.join("postfix.truth.json")).unwrap()).unwrap();
    assert_eq!(truth["truth"]["recipients"], 309);
    assert_eq!(truth["plan"]["messages"], 230);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 2, "nothing else is left behind");
}

#[test]
fn every_shape_of_a_trace_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for (shape, name, start) in [
        ("get", "message-trace.csv", "\"PSComputerName\","),
        ("enhanced", "message-trace.csv", "\"origin_timestamp_utc\","),
        ("graph", "message-trace.json", "{\n  \"@odata.context\""),
    ] {
        let args = ["sample", "message-trace", path, "--shape", shape, "--messages", "20", "--force"];
        program().args(args).assert().success();
        assert!(fs::read_to_string(folder.path().join(name)).unwrap().starts_with(start), "{shape}");
    }
}

#[test]
fn files_that_are_there_stay() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("postfix.truth.json"), "mine").unwrap();
    let path = folder.path().to_str().unwrap();
    let shown = relaymeter(&["sample", "postfix", path]).replace(path, "DIR").replace('\\', "/");
    insta::assert_snapshot!(shown, @r#"
    exit 1
    --- stdout
    --- stderr
    error: DIR/postfix.truth.json: there is such a file
    hint: --force overwrites it
    "#);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    program().args(["sample", "postfix", path, "--force", "--messages", "5"]).assert().success();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let path = file.to_str().unwrap();
    let shown = relaymeter(&["sample", "postfix", path, "--messages", "5"]).replace(path, "DIR");
    assert!(shown.starts_with("exit 1\n"), "{shown}");
    assert!(shown.contains("error: DIR/postfix.log: cannot be written: "), "{shown}");
}

#[test]
fn a_wrong_day_says_what_is_expected() {
    insta::assert_snapshot!(relaymeter(&["sample", "postfix", "x", "--start", "1.10.2026"]), @r#"
    exit 2
    --- stdout
    --- stderr
    error: invalid value '1.10.2026' for '--start <DATE>': '1.10.2026' is not a date: expected year, month and day such as '2026-10-01'

    For more information, try '--help'.
    "#);
}
