//! `relaymeter ledger`: what a ledger holds, whether it is whole, and how it is tidied and forgets.

mod show;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::price_args::day;
use super::{Context, Outcome};
use crate::ledger::{self, Checked, Compacted, Forget, Store, Writer};
use crate::report::{Report, Section, counted, grouped};
use crate::units::display_bytes;

/// The layout of the data; counted up when a reader would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Show, check and tidy a ledger, and forget what is in it
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Command {
    /// Show what is in it by month and source
    Show(Folder),
    /// Look at every file and row: all there, as they were written, and no message twice; exit code 1 where not
    Check(Folder),
    /// Merge the small files that batches leave behind
    Compact(Folder),
    /// Remove old days, or erase who sent or received; nothing forgotten comes back with a later batch
    Forget {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        what: What,
    },
}

/// Where the ledger is.
#[derive(clap::Args, Clone, Debug)]
struct Folder {
    /// Folder of the ledger
    #[arg(value_name = "DIR")]
    ledger: PathBuf,
}

/// What is forgotten: exactly one.
#[derive(clap::Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// All days before this one (UTC)
    #[arg(long, value_name = "DATE", value_parser = day)]
    before: Option<NaiveDate>,
    /// A sender, or all of a domain: their volume stays, under erased@domain
    #[arg(long, value_name = "ADDRESS|@DOMAIN", value_parser = sender)]
    sender: Option<String>,
    /// The key and digests by which recipients of a message are told apart when its parts come in two batches
    #[arg(long)]
    recipients: bool,
}

/// Runs the chosen subcommand.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Show(folder) => Ok(Outcome::report(show::report(&folder.ledger)?)),
        Command::Check(folder) => checked(&folder.ledger),
        Command::Compact(folder) => compacted(&folder.ledger),
        Command::Forget { folder, what } => {
            context.results().check_read(&folder.ledger)?;
            forgotten(&folder.ledger, what)
        }
    }
}

fn checked(folder: &Path) -> anyhow::Result<Outcome> {
    let Checked { files, rows, bytes, findings } = ledger::check(folder)?;
    if !findings.is_empty() {
        let lines: Vec<String> =
            findings.iter().map(|finding| format!("{}: {finding}", folder.display())).collect();
        anyhow::bail!(
            "{}\nhint: {} in {files} files; a copy from a backup mends what is damaged",
            lines.join("\n"),
            counted(findings.len(), "finding")
        );
    }
    let line = format!(
        "Whole: {}, {}, {}.",
        counted(files, "file"),
        counted(rows, "row"),
        display_bytes(bytes.into())
    );
    let data = json!({ "schema_version": SCHEMA_VERSION, "files": files, "rows": rows, "bytes": bytes });
    Ok(said(folder, line, data))
}

fn compacted(folder: &Path) -> anyhow::Result<Outcome> {
    let Compacted { before, after } = ledger::compact(folder)?;
    let line =
        format!("{} before, {} now; the same rows.", counted(before, "file"), grouped(&after.to_string()));
    let data = json!({ "schema_version": SCHEMA_VERSION, "files_before": before, "files_after": after });
    Ok(said(folder, line, data))
}

fn forgotten(folder: &Path, what: &What) -> anyhow::Result<Outcome> {
    let (wanted, done) = match (what.before, &what.sender) {
        (Some(date), _) => (Forget::Before(date), format!("removed, all from before {date}")),
        (None, Some(sender)) => (Forget::Sender(sender.clone()), "changed; their volume stays".to_owned()),
        (None, None) => (Forget::Recipients, "changed; no digest of a recipient is left".to_owned()),
    };
    // A folder without a ledger is told, not made one.
    drop(Store::open(folder)?);
    let (_, volume) = ledger::forget(Writer::open(folder)?, &wanted)?;
    let rows = counted(volume.rows, "row");
    let line = format!(
        "{rows} {done} ({}, {}).",
        counted(volume.messages, "message"),
        counted(volume.recipients, "recipient")
    );
    let data = json!({
        "schema_version": SCHEMA_VERSION,
        "rows": volume.rows,
        "messages": volume.messages,
        "recipients": volume.recipients,
    });
    Ok(said(folder, line, data))
}

/// A report of one statement.
fn said(folder: &Path, line: String, data: Value) -> Outcome {
    let title = format!("Ledger {}", folder.display());
    let sections = vec![Section::Notes { heading: String::new(), lines: vec![line] }];
    Outcome::report(Report { title, sections, data: data.into() })
}

fn sender(text: &str) -> Result<String, String> {
    let (_, domain) = text.rsplit_once('@').unwrap_or_default();
    match domain.is_empty() || domain.contains(char::is_whitespace) {
        true => Err(format!("'{text}' is not a sender: expected an address, or '@' and a domain")),
        false => Ok(text.to_owned()),
    }
}
