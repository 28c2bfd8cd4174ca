//! The command line: arguments, settings, output and exit codes. One file per command.

use std::process::ExitCode;

use crate::report::Report;

/// What a command hands back to be written.
#[derive(Debug)]
pub struct Outcome {
    /// What it has to say.
    pub report: Report,
    /// How it ended.
    pub exit: Exit,
    /// Remarks for stderr.
    pub warnings: Vec<String>,
}

/// How a command that worked ended; 1 (could not) and 2 (wrong command line) come from errors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 3: done, but records were rejected, or files damaged or not recognised.
    Rejected,
    /// 4: a check that was asked for failed.
    CheckFailed,
}

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
