//! `relaymeter completions`: a script that completes commands and options in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Context, Outcome};

/// Print a script that completes commands and options in a shell
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell that shall read the script
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args, _: &Context) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "relaymeter", &mut script);
    Ok(Outcome::bytes(script))
}
