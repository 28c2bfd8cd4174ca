//! The program as users meet it: one module per command, whole outputs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod acs;
mod analyze;
mod completions;
mod drawn;
mod estimate;
mod forecast;
mod formats;
mod global;
mod ledger;
mod man;
mod nasty;
mod on_usage;
mod prices;
mod readme;
mod real_data;
mod sample;
mod samples;
mod tables;

use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;
use clap::CommandFactory;

/// The program in the crate's folder, away from the terminal and settings of whoever runs the tests.
fn program() -> assert_cmd::Command {
    let mut command = cargo_bin_cmd!("relaymeter");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("CLICOLOR_FORCE");
    command
}

/// Every command that the program has.
fn command_names() -> Vec<String> {
    let program = relaymeter::cli::Cli::command();
    let names: Vec<String> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    assert!(!names.is_empty());
    names
}

/// Runs the program and shows all that comes back.
fn relaymeter(args: &[&str]) -> String {
    shown(&program().args(args).output().unwrap())
}

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

/// Where the real logs for tests are, if they are.
fn data_folder() -> std::path::PathBuf {
    let root = std::env::var("RELAYMETER_TEST_DATA").unwrap_or_else(|_| "../shared/data".to_owned());
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root)
}

/// The published schema of a command's JSON.
fn schema(command: &str) -> jsonschema::Validator {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let text = std::fs::read_to_string(folder.join(format!("{command}.schema.json"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}
