//! `relaymeter prices`: which prices there are, what they say, whether they are proved, and how two differ.

mod change;
mod diff;
mod show;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::cost_data::{self, money_json, plain};
use super::price_args::day;
use super::{Body, Context, Exit, Outcome, estimate, usage_error};
use crate::pricing::check::{Check, checks, list_checks, rate_checks};
use crate::pricing::file::{self, RateFile};
use crate::pricing::{Catalog, PriceList};
use crate::report::{Cell, Report, Row, RowKind, Section, Table};
use crate::units::MessageSize;

/// List, show, check and compare price lists and exchange rates
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// Price file or folder of them, to be used in place of built-in ones of the same name and first day
    #[arg(long, global = true, value_name = "FILE|DIR")]
    pricing: Vec<PathBuf>,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Command {
    /// List all price lists and exchange rates
    List,
    /// Show a price list, or the exchange rates of one name
    Show {
        /// Its name, with a version for another than the newest
        #[arg(value_name = "NAME[@VERSION]")]
        name: String,
        /// Show the list, or the exchange rate, in force on a day
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// Calculate all worked examples again; ends with exit code 4 where one does not reproduce
    Check {
        /// Price files or folders of them [default: those in use]
        #[arg(value_name = "FILE|DIR")]
        files: Vec<PathBuf>,
    },
    /// Price one volume with two lists and show what differs
    Diff {
        /// The first list, by name or file
        #[arg(value_name = "A")]
        a: String,
        /// The second list, by name or file
        #[arg(value_name = "B")]
        b: String,
        /// Messages a month, with one recipient each
        #[arg(long, value_name = "N", default_value = "1M", value_parser = estimate::messages)]
        messages: Decimal,
        /// Size of one message
        #[arg(long, value_name = "SIZE", default_value = "0.2MB")]
        size: MessageSize,
    },
}

/// The layout of the data; counted up when a reader would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Runs the chosen subcommand.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    let mut outcome = run_subcommand(args, context)?;
    if let Body::Report(report) = &mut outcome.body {
        report.data["schema_version"] = json!(SCHEMA_VERSION);
    }
    Ok(outcome)
}

fn run_subcommand(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    let settings = context.settings()?;
    let pricing = settings.choose_all(&args.pricing, &settings.pricing);
    let catalog = || settings.located("pricing", &pricing.from, Catalog::with_files(&pricing.value));
    match &args.command {
        Command::List => Ok(Outcome::report(list(&catalog()?))),
        Command::Show { name, on } => Ok(Outcome::report(show::report(&catalog()?, name, *on)?)),
        Command::Check { files } if files.is_empty() => checked(&in_use(&catalog()?)?),
        Command::Check { files } => {
            if !args.pricing.is_empty() {
                return Err(usage_error(
                    "'--pricing' does not apply where the files to be checked are named",
                ));
            }
            checked(&named(files)?)
        }
        Command::Diff { a, b, messages, size } => {
            for either in [a, b] {
                context.results().check_read(Path::new(either))?;
            }
            Ok(Outcome::report(diff::report(&catalog()?, [a, b], *messages, *size)?))
        }
    }
}

/// A row of an item.
fn body(cells: Vec<Cell>) -> Row {
    Row { kind: RowKind::Body, cells }
}

/// A cell of text.
fn text(text: impl ToString) -> Cell {
    Cell::Text(text.to_string())
}

/// A table with these column names.
fn table<const N: usize>(title: &str, columns: [&str; N], rows: Vec<Row>) -> Section {
    Section::Table(Table { title: title.to_owned(), columns: columns.map(str::to_owned).into(), rows })
}

/// The file in a table of many: its path, unless it is built in.
fn place(file: &str, sha256: Option<&String>) -> Cell {
    text(if sha256.is_some() { file } else { "built in" })
}

fn list(catalog: &Catalog) -> Report {
    let list_row = |list: &PriceList| {
        let read_on = list.source.retrieved_on;
        let texts = [&list.name, &list.version, &list.provider, list.currency.code()].map(text);
        body(
            [&texts[..], &[text(list.effective), text(read_on), place(&list.file, list.sha256.as_ref())]]
                .concat(),
        )
    };
    let rate_row = |file: &RateFile| {
        let pair = format!("{} per {}", file.pricing, file.billing);
        let last = file.rates.last().map(|rate| rate.date).unwrap_or(file.effective);
        let span = format!("{} to {last}", file.effective);
        let texts = [&file.name, &file.version, &file.provider, &pair, &span].map(text);
        body([&texts[..], &[place(&file.file, file.sha256.as_ref())]].concat())
    };
    let columns = ["Name", "Version", "Provider", "Currency", "In force from", "Read on", "File"];
    let lists = catalog.lists().map(|list| list_row(list)).collect();
    let rates = catalog.rate_files().iter().map(rate_row).collect();
    Report {
        title: "Prices".to_owned(),
        sections: vec![
            table("Price lists", columns, lists),
            table("Exchange rates", ["Name", "Version", "Provider", "Pair", "Dates", "File"], rates),
        ],
        data: json!({
            "price_lists": catalog.lists().map(|list| cost_data::price_list_json(list)).collect::<Vec<_>>(),
            "exchange_rates": catalog.rate_files().iter().map(rate_file_json).collect::<Vec<_>>(),
        })
        .into(),
    }
}

fn rate_file_json(file: &RateFile) -> Value {
    let rate = |rate: &crate::money::ExchangeRate| json!({ "date": rate.date.to_string(), "rate": plain(rate.rate()) });
    json!({
        "name": file.name,
        "version": file.version,
        "provider": file.provider,
        "pricing_currency": file.pricing,
        "billing_currency": file.billing,
        "file": file.file,
        "sha256": file.sha256,
        "derived_from": file.derived_from,
        "source": cost_data::source_json(&file.source),
        "rates": file.rates.iter().map(rate).collect::<Vec<_>>(),
    })
}

/// A file and the recalculation of its examples.
struct CheckedFile {
    file: String,
    checks: Vec<Check>,
}

fn in_use(catalog: &Catalog) -> anyhow::Result<Vec<CheckedFile>> {
    let mut files = Vec::new();
    for list in catalog.lists() {
        files.push(CheckedFile { file: list.file.clone(), checks: list_checks(list)? });
    }
    for rates in catalog.rate_files() {
        files.push(CheckedFile { file: rates.file.clone(), checks: rate_checks(rates)? });
    }
    Ok(files)
}

fn named(paths: &[PathBuf]) -> anyhow::Result<Vec<CheckedFile>> {
    let mut files = Vec::new();
    for path in paths {
        for path in file::files_of(path)? {
            files
                .push(CheckedFile { file: path.display().to_string(), checks: checks(&file::read(&path)?)? });
        }
    }
    Ok(files)
}

/// Shows every recalculation; the check fails where one differs from what is stated.
fn checked(files: &[CheckedFile]) -> anyhow::Result<Outcome> {
    let all = || files.iter().flat_map(|file| &file.checks);
    let row = |check: &Check| {
        let verdict = if check.reproduces() { "reproduces" } else { "DIFFERS" };
        let place = format!("{}:{}", check.file, check.line);
        let (expected, computed) = (Cell::UnitPrice(check.expected), Cell::UnitPrice(check.computed));
        body(vec![text(place), expected, computed, text(verdict), text(&check.source)])
    };
    let failed = all().filter(|check| !check.reproduces()).count();
    let mut lines = vec![format!("Examples: {}, of them different: {failed}.", all().count())];
    for file in files.iter().filter(|file| file.checks.is_empty()) {
        lines.push(format!("{} has no worked examples: it could be read, and no more is proved.", file.file));
    }
    let rows = all().map(row).collect();
    let report = Report {
        title: "Worked examples, calculated again".to_owned(),
        sections: vec![
            table("", ["Place", "Stated", "Calculated", "Result", "Source"], rows),
            Section::Notes { heading: "Result".to_owned(), lines },
        ],
        data: json!({
            "reproduces": failed == 0,
            "files": files.iter().map(|file| file.file.as_str()).collect::<Vec<_>>(),
            "examples": all().map(check_json).collect::<Vec<_>>(),
        })
        .into(),
    };
    let exit = if failed == 0 { Exit::Done } else { Exit::CheckFailed };
    Ok(Outcome { exit, ..Outcome::report(report) })
}

fn check_json(check: &Check) -> Value {
    json!({
        "file": check.file,
        "line": check.line,
        "source": check.source,
        "stated": money_json(check.expected),
        "calculated": money_json(check.computed),
        "reproduces": check.reproduces(),
    })
}

#[cfg(test)]
mod tests;
