//! The README shows what the program does: every ```` ```console ```` block is run and its output compared.
//!
//! A line that begins with `$ ` is a command, what follows is its output: stderr first, as on a terminal, where
//! remarks come before the result. `RELAYMETER_UPDATE_README=1 cargo test readme` writes the real outputs.

use std::fs;
use std::path::Path;

use crate::program;

#[test]
fn examples_show_real_output() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    // The ledger of the examples begins empty.
    let _ = fs::remove_dir_all(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ledger"));
    assert!(readme.contains("```console\n$ "), "no example is left");
    let fresh = with_outputs(&readme);
    if std::env::var_os("RELAYMETER_UPDATE_README").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    for (number, (shown, real)) in (1..).zip(readme.lines().zip(fresh.lines())) {
        assert_eq!(shown, real, "README.md:{number}");
    }
    assert_eq!(readme, fresh);
}

#[test]
fn the_test_command_is_the_one_that_ci_runs() {
    let read = |name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    let named = readme.lines().filter(|line| line.starts_with("cargo test")).collect::<Vec<_>>();
    assert_eq!(named.len(), 1);
    assert!(ci.lines().any(|line| line == named[0]), "{}", named[0]);
}

#[test]
fn outputs_are_written_below_their_commands() {
    let text = "a\n```console\n$ relaymeter --version\nold\n$ cargo run --release -- --version\n\
                $ cargo test\nkept\n```\n```sh\n$ relaymeter --version\n```\n";
    assert_eq!(
        with_outputs(text),
        "a\n```console\n$ relaymeter --version\nrelaymeter 0.1.0\n$ cargo run --release -- --version\n\
         relaymeter 0.1.0\n$ cargo test\nkept\n```\n```sh\n$ relaymeter --version\n```\n"
    );
    assert_eq!(words("a 'b c' \"d e\"f g"), ["a", "b c", "d ef", "g"]);
}

/// The text with the real output below every command of its examples.
fn with_outputs(readme: &str) -> String {
    let mut fresh = String::new();
    let (mut in_example, mut replaced) = (false, false);
    for line in readme.lines() {
        if line.starts_with("```") {
            (in_example, replaced) = (line == "```console", false);
        }
        let command = line.strip_prefix("$ ").filter(|_| in_example);
        if replaced && command.is_none() {
            continue;
        }
        fresh.push_str(line);
        fresh.push('\n');
        if let Some(command) = command {
            let args = arguments(command);
            replaced = args.is_some();
            fresh.push_str(&args.map(|args| output(&args)).unwrap_or_default());
        }
    }
    fresh
}

/// The arguments of a command of this program; none for those that build or clone it.
fn arguments(command: &str) -> Option<Vec<String>> {
    let own = ["relaymeter ", "cargo run --release -- "];
    let args = own.iter().find_map(|start| command.strip_prefix(start));
    let foreign = ["cargo ", "git "].iter().any(|start| command.starts_with(start));
    assert!(args.is_some() || foreign, "'{command}' is not run: use a block that is not marked console");
    args.map(words)
}

/// Words as a shell splits them, with single and double quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn output(args: &[String]) -> String {
    let output = program().args(args).env("NO_COLOR", "1").output().unwrap();
    let text = [output.stderr, output.stdout].concat();
    // CSV has CRLF line ends (RFC 4180), the README has LF.
    let text = String::from_utf8(text).unwrap().replace("\r\n", "\n");
    assert!(!text.contains("```"), "the output ends its block");
    text
}
