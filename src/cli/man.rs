//! `relaymeter man`: the manual page of the program or of one command, as roff.

use clap::CommandFactory;

use super::{Cli, Context, Outcome, usage_error};

/// Print a manual page (view it with `relaymeter man | man -l -`)
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The command to describe, such as `formats`; the program itself where there is none
    command: Vec<String>,
}

/// Prints the page.
pub fn run(args: &Args, _: &Context) -> anyhow::Result<Outcome> {
    let mut command = Cli::command();
    command.build();
    for name in &args.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| usage_error(format!("'{name}' is not a command of relaymeter")))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(Outcome::bytes(page))
}
