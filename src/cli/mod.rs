//! The command line: arguments, the way to a command, and how it ended. One file per command.
//!
//! Adding a command is a file with `Args` and `run`, its `mod` line and its entry in `commands!`. Standing
//! settings are in [`settings`]; how results, remarks and errors reach stdout and stderr is in [`output`].

pub mod analyze;
pub mod budget;
pub mod completions;
pub mod count_args;
mod cost_data;
pub mod estimate;
mod explain;
pub mod forecast;
pub mod formats;
pub mod ingest;
pub mod ledger;
pub mod man;
pub mod output;
pub mod pictures;
pub mod price_args;
pub mod price_book;
pub mod prices;
mod progress;
pub mod read_args;
mod records;
mod result_files;
pub mod sample;
pub mod settings;
pub mod source_args;
pub mod submissions;
mod typed_number;
mod unusable;

use std::cell::OnceCell;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::report::{self, Report, Writer};
pub use pictures::Picture;
pub use result_files::ResultFiles;
pub use settings::{Choice, Origin, Settings};

/// What an organisation's application mail costs on Azure Communication Services Email.
#[derive(Parser, Debug)]
#[command(name = "relaymeter", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: GlobalArgs,
}

/// Options that mean the same for every command.
#[derive(clap::Args, Debug)]
struct GlobalArgs {
    /// Read standing settings from FILE instead of relaymeter.yaml in the working folder
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to write the result [default: table]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = writer_names())]
    format: Option<String>,
    /// Write the result to FILE instead of standard output (-); .svg and .png draw it
    #[arg(long, global = true, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Declares the commands: each has its module (with `Args` and `run`) and its name in [`Command`].
macro_rules! commands {
    ($($module:ident $name:ident),+ $(,)?) => {
        #[derive(Subcommand, Debug)]
        enum Command {
            $($name(Box<$module::Args>)),+
        }

        impl Command {
            fn run(&self, context: &Context) -> anyhow::Result<Outcome> {
                match self {
                    $(Command::$name(args) => $module::run(args, context)),+
                }
            }
        }
    };
}

commands! {
    analyze Analyze,
    ingest Ingest,
    ledger Ledger,
    estimate Estimate,
    forecast Forecast,
    prices Prices,
    formats Formats,
    sample Sample,
    completions Completions,
    man Man,
}

/// What a command may ask for beside its own arguments.
#[derive(Debug, Default)]
pub struct Context {
    config: Option<PathBuf>,
    settings: OnceCell<Settings>,
    results: ResultFiles,
    shows_data: bool,
    picture: Option<Picture>,
}

impl Context {
    /// A context whose settings are read, when first asked for, from a named file or from the working folder.
    pub fn new(config: Option<PathBuf>, results: ResultFiles) -> Context {
        Context { config, results, ..Context::default() }
    }

    /// The same for a result that is drawn.
    pub fn drawing(self, picture: Option<Picture>) -> Context {
        Context { picture, ..self }
    }

    /// The picture that is asked for in place of a report.
    pub fn picture(&self) -> Option<Picture> {
        self.picture
    }

    /// The same for a result that is written as data, with all that is known.
    pub fn showing_data(self, shows_data: bool) -> Context {
        Context { shows_data, ..self }
    }

    /// Whether the result is written as data: what only that shows need not be worked out for another.
    pub fn shows_data(&self) -> bool {
        self.shows_data
    }

    /// A context with settings that are already known.
    pub fn with_settings(settings: Settings) -> Context {
        Context { settings: OnceCell::from(settings), ..Context::default() }
    }

    /// The standing settings; all defaults where there is no file.
    pub fn settings(&self) -> anyhow::Result<&Settings> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::find(self.config.as_deref())?;
        for path in settings.file.iter().chain(&settings.pricing).chain(&settings.terms) {
            self.results.check_read(path)?;
        }
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The files of results, to be compared with what is read beside the paths of the command line.
    pub fn results(&self) -> &ResultFiles {
        &self.results
    }
}

/// What a command hands back.
#[derive(Debug)]
pub struct Outcome {
    /// What is written to stdout or `--output`.
    pub body: Body,
    /// How it ended.
    pub exit: Exit,
    /// Remarks for stderr.
    pub warnings: Vec<String>,
}

/// What a command has to say.
pub enum Body {
    /// Facts, rendered by the [`Writer`] that `--format` names.
    Report(Report),
    /// A text of its own kind (a log, a script), produced while it is written; `--format` does not apply.
    Stream(Box<Produce>),
}

/// Writes a text piece by piece.
pub type Produce = dyn FnOnce(&mut dyn io::Write) -> anyhow::Result<()>;

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Report(report) => f.debug_tuple("Report").field(report).finish(),
            Body::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}

impl Outcome {
    /// A report, done and without remarks.
    pub fn report(report: Report) -> Outcome {
        Outcome { body: Body::Report(report), exit: Exit::Done, warnings: Vec::new() }
    }

    /// A text that is produced while it is written, in bounded memory.
    pub fn stream(produce: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()> + 'static) -> Outcome {
        Outcome { body: Body::Stream(Box::new(produce)), exit: Exit::Done, warnings: Vec::new() }
    }

    /// A text that is already in memory.
    pub fn bytes(bytes: Vec<u8>) -> Outcome {
        Outcome::stream(move |out| Ok(out.write_all(&bytes)?))
    }
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

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Rejected => 3,
            Exit::CheckFailed => 4,
        }
    }
}

/// A wrong command line that clap cannot see by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongCommandLine(String);

/// A wrong command line that clap cannot see by itself; ends with exit code 2.
pub fn usage_error(message: impl fmt::Display) -> anyhow::Error {
    WrongCommandLine(message.to_string()).into()
}

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    let result = Cli::command().try_get_matches().map_err(anyhow::Error::from);
    let result = result.and_then(|matches| execute(&matches).map_err(|error| with_usage(error, &matches)));
    ExitCode::from(match result {
        Ok(exit) => exit.code(),
        Err(error) => output::show_error(&error),
    })
}

/// A wrong command line with the usage of the command that it is for.
fn with_usage(error: anyhow::Error, matches: &ArgMatches) -> anyhow::Error {
    let wrong = match error.downcast::<WrongCommandLine>() {
        Ok(wrong) => wrong,
        Err(other) => return other,
    };
    let mut command = Cli::command();
    command.build();
    for (name, _) in levels(matches).filter_map(ArgMatches::subcommand) {
        if let Some(inner) = command.find_subcommand(name).cloned() {
            command = inner;
        }
    }
    command.error(ErrorKind::ArgumentConflict, wrong).into()
}

/// What was given to the program, to its command, to the command of that, and so on.
fn levels(matches: &ArgMatches) -> impl Iterator<Item = &ArgMatches> {
    std::iter::successors(Some(matches), |level| level.subcommand().map(|(_, inner)| inner))
}

fn execute(matches: &ArgMatches) -> anyhow::Result<Exit> {
    let cli = Cli::from_arg_matches(matches)?;
    let shows_data = cli.global.writer().shows_data();
    let picture = cli.picture()?;
    let context = Context::new(cli.global.config.clone(), ResultFiles::of(matches)?);
    let context = context.showing_data(shows_data).drawing(picture);
    let outcome = cli.command.run(&context)?;
    cli.global.check_all_used(&context, &outcome.body)?;
    output::show_warnings(&outcome.warnings);
    output::write(outcome.body, cli.global.writer(), cli.global.output.as_deref())?;
    Ok(outcome.exit)
}

impl Command {
    /// Whether it can draw its result.
    fn draws(&self) -> bool {
        matches!(self, Command::Analyze(_) | Command::Forecast(_))
    }
}

impl Cli {
    /// The picture that the ending of `--output` asks for, where the command can draw one.
    fn picture(&self) -> anyhow::Result<Option<Picture>> {
        let Some((file, picture)) =
            self.global.output.as_deref().and_then(|file| Some((file, Picture::of(file)?)))
        else {
            return Ok(None);
        };
        let file = file.display();
        if !self.command.draws() {
            return Err(usage_error(format!(
                "'--output {file}' asks for a picture ({picture}), which this command does not draw: choose another ending"
            )));
        }
        if let Some(format) = &self.global.format {
            return Err(usage_error(format!(
                "'--format {format}' does not apply to a picture: leave it out, or choose another ending than '{file}' has"
            )));
        }
        Ok(Some(picture))
    }
}

impl GlobalArgs {
    fn writer(&self) -> &'static dyn Writer {
        let named = |name: &String| report::WRITERS.iter().find(|writer| writer.name() == name);
        *self.format.as_ref().and_then(named).unwrap_or(&report::WRITERS[0])
    }

    /// Refuses an option that was given and had no effect.
    fn check_all_used(&self, context: &Context, body: &Body) -> anyhow::Result<()> {
        if self.format.is_some() && matches!(body, Body::Stream(_)) {
            return Err(usage_error("'--format' does not apply to what this command writes"));
        }
        if self.config.is_some() && context.settings.get().is_none() {
            return Err(usage_error("'--config' does not apply: this command has no standing settings"));
        }
        Ok(())
    }
}

fn writer_names() -> clap::builder::PossibleValuesParser {
    report::WRITERS.iter().map(|writer| writer.name()).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_output_format_can_be_asked_for_and_the_first_is_the_default() {
        for writer in report::WRITERS {
            let cli = Cli::try_parse_from(["relaymeter", "formats", "--format", writer.name()]).unwrap();
            assert_eq!(cli.global.writer().name(), writer.name());
        }
        let cli = Cli::try_parse_from(["relaymeter", "formats"]).unwrap();
        assert_eq!(cli.global.writer().name(), "table");
    }

    #[test]
    fn settings_are_read_only_when_asked_for() {
        let context = Context::new(Some("no/such.yaml".into()), ResultFiles::default());
        assert!(context.settings.get().is_none());
        let message = context.settings().unwrap_err().to_string();
        assert!(message.starts_with("no/such.yaml: "), "{message}");
        let known = Settings { price_list: Some("acs-email".to_owned()), ..Settings::default() };
        assert_eq!(Context::with_settings(known.clone()).settings().unwrap(), &known);
    }
}
