//! What is the same for every command: `--format`, `--output`, `--config`, streams and exit codes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::{program, relaymeter, shown};

#[test]
fn formats_that_do_not_exist_yet_are_refused() {
    insta::assert_snapshot!(relaymeter(&["formats", "--format", "xlsx"]), @"
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'xlsx' for '--format <FORMAT>'
      [possible values: table, markdown, csv, json]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(relaymeter(&["formats", "--format", "html"]), @"
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'html' for '--format <FORMAT>'
      [possible values: table, markdown, csv, json]

    For more information, try '--help'.
    ");
}

#[test]
fn an_option_without_effect_is_refused() {
    insta::assert_snapshot!(relaymeter(&["completions", "bash", "--format", "json"]), @"
    exit 2
    --- stdout
    --- stderr
    error: '--format' does not apply to what this command writes

    Usage: relaymeter completions [OPTIONS] <SHELL>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(relaymeter(&["--config", "relaymeter.yaml", "formats"]), @"
    exit 2
    --- stdout
    --- stderr
    error: '--config' does not apply: this command has no standing settings

    Usage: relaymeter formats [OPTIONS] [NAME]

    For more information, try '--help'.
    ");
}

#[test]
fn no_command_is_a_wrong_command_line_and_help_is_not() {
    assert_eq!(program().output().unwrap().status.code(), Some(2));
    let help = program().arg("--help").output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(help.stderr.is_empty());
}

#[test]
fn the_result_goes_to_the_file_and_replaces_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.1");
    fs::write(&path, "old").unwrap();
    let output = program().args(["man", "--output"]).arg(&path).output().unwrap();
    assert_eq!(shown(&output), "exit 0\n--- stdout\n--- stderr\n");
    assert_eq!(fs::read(&path).unwrap(), program().arg("man").output().unwrap().stdout);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Files of a folder with their contents.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

#[test]
fn a_result_never_replaces_what_is_read_or_another_result() {
    let folder = tempfile::tempdir().unwrap();
    let sample =
        |name: &str| fs::read_to_string(format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let list = format!("{}/pricing/acs-email-2023-03-31.yaml", env!("CARGO_MANIFEST_DIR"));
    let terms = "schema_version: 1\nkind: terms\nname: ours\nprice_list: acs-email\ncurrency: USD\neffective: 2024-01-01\ndiscount: 5%\n";
    let files = [
        ("mail.log", sample("postfix.log")),
        ("t.csv", sample("generic-csv.csv")),
        ("map.yaml", sample("generic-csv.mapping.yaml")),
        ("list.yaml", fs::read_to_string(list).unwrap()),
        ("terms.yaml", terms.to_owned()),
        ("relaymeter.yaml", "schema_version: 1\npricing: [list.yaml]\nterms: terms.yaml\n".to_owned()),
        ("other.yaml", "schema_version: 1\n".to_owned()),
    ];
    fs::create_dir(folder.path().join("logs")).unwrap();
    fs::write(folder.path().join("logs/mail.log"), sample("postfix.log")).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let mut cases = vec![
        "analyze mail.log --output mail.log",
        "analyze mail.log --output ./logs/../mail.log",
        "analyze logs --output logs/mail.log",
        "analyze m*.log --output mail.log",
        "analyze mail.log --submissions mail.log",
        "analyze mail.log --output o.csv --submissions ./o.csv",
        "analyze t.csv --mapping map.yaml --output map.yaml",
        "estimate --messages 1 --size 1MB --output terms.yaml",
        "estimate --messages 1 --size 1MB --output relaymeter.yaml",
        "estimate --messages 1 --size 1MB --output list.yaml",
        "estimate --messages 1 --size 1MB --config other.yaml --pricing list.yaml --output list.yaml",
        "estimate --messages 1 --size 1MB --config other.yaml --terms terms.yaml --output terms.yaml",
        "prices check list.yaml --output list.yaml",
        "prices diff list.yaml acs-email --config other.yaml --output list.yaml",
        "sample postfix new --messages 5 --output new/postfix.log",
    ];
    fs::create_dir(folder.path().join("new")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("mail.log", folder.path().join("link.log")).unwrap();
        cases.push("analyze mail.log --output link.log");
    }
    let before = contents(folder.path());
    let mut all = String::new();
    for case in cases {
        let output = program().current_dir(folder.path()).args(case.split(' ')).output().unwrap();
        let shown = shown(&output).replace('\\', "/");
        assert!(shown.starts_with("exit 1\n--- stdout\n--- stderr\nerror: "), "{case}: {shown}");
        all.push_str(&shown[shown.find("error: ").unwrap()..]);
        assert_eq!(contents(folder.path()), before, "{case}");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0, "{case}");
    }
    insta::assert_snapshot!(all.lines().take(15).collect::<Vec<_>>().join("\n"), @"
    error: '--output mail.log' would replace mail.log, which is read: name another file for the result
    error: '--output ./logs/../mail.log' would replace mail.log, which is read: name another file for the result
    error: '--output logs/mail.log' would replace a file in logs, which is read: name another file for the result
    error: '--output mail.log' would replace mail.log, which is read: name another file for the result
    error: '--submissions mail.log' would replace mail.log, which is read: name another file for the result
    error: '--output o.csv' and '--submissions ./o.csv' are the same file: name another for one of them
    error: '--output map.yaml' would replace map.yaml, which is read: name another file for the result
    error: '--output terms.yaml' would replace terms.yaml, which is read: name another file for the result
    error: '--output relaymeter.yaml' would replace relaymeter.yaml, which is read: name another file for the result
    error: '--output list.yaml' would replace list.yaml, which is read: name another file for the result
    error: '--output list.yaml' would replace list.yaml, which is read: name another file for the result
    error: '--output terms.yaml' would replace terms.yaml, which is read: name another file for the result
    error: '--output list.yaml' would replace list.yaml, which is read: name another file for the result
    error: '--output list.yaml' would replace list.yaml, which is read: name another file for the result
    error: '--output new/postfix.log' would replace new/postfix.log, which is written too: name another file for the result
    ");
}

#[test]
fn a_dash_is_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let output = program().current_dir(folder.path()).args(["formats", "--output", "-"]).output().unwrap();
    assert_eq!(output.stdout, program().arg("formats").output().unwrap().stdout);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_wrong_setting_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, problem) in [
        ("pricing: [nope]", "pricing: nope: No such file or directory (os error 2)"),
        ("terms: nope.yaml", "terms: nope.yaml: No such file or directory (os error 2)"),
        ("price_list: nope", "price_list: 'nope' is not a price list: expected one of 'acs-email'"),
    ] {
        let settings = format!("schema_version: 1\n{setting}\n");
        fs::write(folder.path().join("relaymeter.yaml"), settings).unwrap();
        let args = ["estimate", "--messages", "1", "--size", "1MB"];
        let output = program().current_dir(folder.path()).args(args).output().unwrap();
        let expected = format!("exit 1\n--- stdout\n--- stderr\nerror: relaymeter.yaml:2: {problem}\n");
        assert_eq!(shown(&output), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_named() {
    insta::assert_snapshot!(relaymeter(&["man", "--output", "no/such/folder/page.1"]), @"
    exit 1
    --- stdout
    --- stderr
    error: no/such/folder/page.1: cannot be written: No such file or directory (os error 2)
    ");
}

#[cfg(unix)]
#[test]
fn a_new_file_can_be_read_by_others_and_a_device_is_left_in_place() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    let folder = tempfile::tempdir().unwrap();
    let (path, plain) = (folder.path().join("page.1"), folder.path().join("plain"));
    assert!(program().args(["man", "--output"]).arg(&path).output().unwrap().status.success());
    fs::write(&plain, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
    assert!(program().args(["man", "--output", "/dev/null"]).output().unwrap().status.success());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_closed_pipe_is_success() {
    for args in [["man"].as_slice(), &["formats"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("relaymeter"));
        let output = command.args(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(shown(&output), "exit 0\n--- stdout\n--- stderr\n", "{args:?}");
    }
}

#[test]
fn no_color_is_honoured() {
    let colours = |name: &str| {
        let output = program().arg("--nonsense").env("CLICOLOR_FORCE", "1").env(name, "1").output().unwrap();
        output.stderr.contains(&0x1b)
    };
    assert!(colours("UNRELATED"));
    assert!(!colours("NO_COLOR"));
}
