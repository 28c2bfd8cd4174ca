//! `relaymeter completions`: scripts for every shell.

use crate::{command_names, program, relaymeter};

#[test]
fn every_shell_gets_a_script_that_knows_commands_and_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = program().args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        // fish names an option without its dashes.
        let option = |name: &str| match shell {
            "fish" => format!(" -l {name} "),
            _ => format!("--{name}"),
        };
        let offer = |command: &str| match shell {
            "bash" => format!("relaymeter,{command})"),
            "elvish" => format!("cand {command} '"),
            "fish" => format!("-a \"{command}\""),
            "powershell" => format!("::new('{command}', "),
            _ => format!("'{command}:"),
        };
        for name in ["output", "format", "config", "messages", "budget", "terms", "relay-host"] {
            assert!(script.contains(&option(name)), "{shell}: --{name}");
        }
        for command in command_names() {
            assert!(script.contains(&offer(&command)), "{shell}: {command}");
        }
    }
}

#[test]
fn another_shell_is_refused() {
    insta::assert_snapshot!(relaymeter(&["completions", "cmd"]), @"
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'cmd' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

    For more information, try '--help'.
    ");
}
