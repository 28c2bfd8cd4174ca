//! The program as users meet it: one module per command, whole outputs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod analyze;
mod completions;
mod formats;
mod global;
mod man;
mod readme;
mod real_data;
mod sample;

use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;

/// The program in the crate's folder, away from the terminal and settings of whoever runs the tests.
fn program() -> assert_cmd::Command {
    let mut command = cargo_bin_cmd!("relaymeter");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("CLICOLOR_FORCE");
    command
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
