//! What is the same for every command: `--format`, `--output`, `--config`, streams and exit codes.

use std::fs;
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

    Usage: relaymeter [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(relaymeter(&["--config", "relaymeter.yaml", "formats"]), @"
    exit 2
    --- stdout
    --- stderr
    error: '--config' does not apply: this command has no standing settings

    Usage: relaymeter [OPTIONS] <COMMAND>

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
