//! `relaymeter sample`: realistic logs to try the other commands on, with their truth beside them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Context, Outcome, output};
use crate::period::{Zone, parse_date};
use crate::report::{Cell, Report, Row, RowKind, Section, Table};
use crate::sample::{self, Counts, Features, Plan, Shape, Stamp, Truth};
use crate::units::{MessageSize, display_bytes};

/// Most days of one log: ten years.
const MAX_DAYS: i64 = 3_660;

/// Make realistic logs to try the program on, with the counts they must give
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(clap::Subcommand, Debug)]
enum Kind {
    /// Write a Postfix log: postfix.log and postfix.truth.json
    Postfix(PostfixArgs),
    /// Write an Exchange Online message trace: message-trace.csv or .json and message-trace.truth.json
    MessageTrace(TraceArgs),
    /// Write an Exchange message tracking log: exchange-tracking.log and exchange-tracking.truth.json
    ExchangeTracking(Common),
    /// Write ACS diagnostic logs, one JSON object a line: acs-diagnostics.jsonl and acs-diagnostics.truth.json
    AcsDiagnostics(Common),
}

#[derive(clap::Args, Debug)]
struct PostfixArgs {
    /// Hosts whose lines stand in one log
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=9))]
    hosts: u32,
    /// How the time stands at the start of a line: 'Oct  1 04:52:30' or '2026-10-01T04:52:30.185246+02:00'
    #[arg(long, value_enum, default_value = "rfc3164")]
    stamp: StampArg,
    /// Zone of the hosts' clocks, such as Europe/Rome
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    log_timezone: Zone,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct TraceArgs {
    /// Form of the export: Get-MessageTrace by Export-Csv, Enhanced summary report, or Graph JSON
    #[arg(long, value_enum, default_value = "get")]
    shape: ShapeArg,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args, Debug)]
struct Common {
    /// Folder to write to; it is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Messages handed in
    #[arg(long, value_name = "N", default_value = "1000")]
    messages: u64,
    /// As many messages as make a log of about this size, such as 50MB or 1GB
    #[arg(long, value_name = "SIZE", conflicts_with = "messages")]
    size: Option<MessageSize>,
    /// Start of the random numbers: the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// First day (UTC)
    #[arg(long, value_name = "DATE", default_value = "2026-10-01", value_parser = parse_start)]
    start: NaiveDate,
    /// Days in which all lines lie
    #[arg(long, value_name = "N", default_value = "31", value_parser = clap::value_parser!(u32).range(1..=MAX_DAYS))]
    days: u32,
    /// Different senders
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    senders: u32,
    /// Most recipients of one message
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_recipients: u32,
    /// Leave out everything that makes logs hard to count: retries, bounces, filters, noise
    #[arg(long)]
    plain: bool,
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum StampArg {
    Rfc3164,
    Rfc3339,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum ShapeArg {
    Get,
    Enhanced,
    Graph,
}

/// Writes one log of a plan.
type Make<'a> = &'a dyn Fn(&Plan, &mut dyn Write) -> io::Result<Truth>;

/// Writes the log and its truth.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    match &args.kind {
        Kind::Postfix(args) => {
            let stamp = match args.stamp {
                StampArg::Rfc3164 => Stamp::Rfc3164,
                StampArg::Rfc3339 => Stamp::Rfc3339,
            };
            let plan = Plan { hosts: args.hosts, stamp, zone: args.log_timezone, ..args.common.plan() };
            let own = json!({
                "hosts": plan.hosts,
                "stamp": format!("{stamp:?}").to_lowercase(),
                "log_timezone": plan.zone.to_string(),
            });
            args.common.write(context, plan, own, ("postfix.log", &sample::postfix))
        }
        Kind::MessageTrace(args) => {
            let shape = match args.shape {
                ShapeArg::Get => Shape::Get,
                ShapeArg::Enhanced => Shape::Enhanced,
                ShapeArg::Graph => Shape::Graph,
            };
            let make = |plan: &Plan, out: &mut dyn Write| sample::message_trace(plan, shape, out);
            let own = json!({ "shape": format!("{shape:?}").to_lowercase() });
            let name = format!("message-trace.{}", shape.extension());
            args.common.write(context, args.common.plan(), own, (&name, &make))
        }
        Kind::ExchangeTracking(args) => {
            args.write(context, args.plan(), json!({}), ("exchange-tracking.log", &sample::exchange_tracking))
        }
        Kind::AcsDiagnostics(args) => {
            args.write(context, args.plan(), json!({}), ("acs-diagnostics.jsonl", &sample::acs_diagnostics))
        }
    }
}

impl Common {
    fn plan(&self) -> Plan {
        Plan {
            seed: self.seed,
            start: self.start,
            days: self.days,
            senders: self.senders,
            max_recipients: self.max_recipients,
            features: if self.plain { Features::NONE } else { Features::ALL },
            ..Plan::new(self.messages)
        }
    }

    /// Writes the log under a name and its truth beside it; `own` are the settings of this kind of log.
    fn write(
        &self,
        context: &Context,
        plan: Plan,
        own: Value,
        (name, make): (&str, Make<'_>),
    ) -> anyhow::Result<Outcome> {
        let log = self.folder.join(name);
        let truth_file = log.with_extension("truth.json");
        context.results().check_made(&log)?;
        context.results().check_made(&truth_file)?;
        self.refuse_existing(&[&log, &truth_file])?;
        let plan = match self.size {
            Some(size) => plan.sized(size.in_bytes(), make)?,
            None => plan,
        };
        let truth = self.save(&log, |out| Ok(make(&plan, out)?))?;
        let data = json!({ "plan": as_json(&plan, own), "truth": serde_json::to_value(&truth)? });
        self.save(&truth_file, |out| Ok(writeln!(out, "{data:#}")?))?;
        Ok(Outcome::report(report(&truth, data, &[&log, &truth_file])))
    }

    fn refuse_existing(&self, files: &[&Path]) -> anyhow::Result<()> {
        match files.iter().find(|file| !self.force && file.exists()) {
            Some(file) => bail!("{}: there is such a file\nhint: --force overwrites it", file.display()),
            None => Ok(()),
        }
    }

    /// Writes beside the file and renames, so that a file is whole or not there.
    fn save<T>(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let saved = || -> anyhow::Result<T> {
            fs::create_dir_all(&self.folder)?;
            let mut file = output::temporary(&self.folder, path)?;
            let result = write(&mut file)?;
            match self.force {
                true => file.persist(path),
                false => file.persist_noclobber(path),
            }
            .map_err(|failed| failed.error)?;
            Ok(result)
        };
        saved().with_context(|| format!("{}: cannot be written", path.display()))
    }
}

fn report(truth: &Truth, data: Value, files: &[&Path]) -> Report {
    let columns = ["", "Messages", "Recipients", "Bytes", "Recipient bytes"].map(str::to_owned).to_vec();
    let mut rows = vec![
        row("Delivered", &truth.delivered),
        row("Null sender (not in the total)", &truth.null_sender),
        Row { kind: RowKind::Total, ..row("Total", &truth.total) },
    ];
    let traffic = truth.by_traffic.iter().map(|(name, counts)| row(&format!("Traffic: {name}"), counts));
    rows.splice(0..0, traffic);
    let size = display_bytes(u128::from(truth.output_bytes));
    let mut lines = vec![format!("{} records, {size}.", truth.records)];
    lines.extend(files.iter().map(|file| format!("Written: {}", file.display())));
    Report {
        title: "What a correct reader finds in this sample".to_owned(),
        sections: vec![
            Section::Table(Table { title: String::new(), columns, rows }),
            Section::Notes { heading: String::new(), lines },
        ],
        data: data.into(),
    }
}

fn row(name: &str, counts: &Counts) -> Row {
    let cells = vec![
        Cell::Text(name.to_owned()),
        Cell::Count(u128::from(counts.messages)),
        Cell::Count(u128::from(counts.recipients)),
        Cell::Bytes(counts.bytes),
        Cell::Bytes(counts.recipient_bytes),
    ];
    Row { kind: RowKind::Body, cells }
}

/// What was asked for, so that the log can be made again.
fn as_json(plan: &Plan, own: Value) -> Value {
    let mut json = json!({
        "seed": plan.seed,
        "messages": plan.messages,
        "start": plan.start.to_string(),
        "days": plan.days,
        "senders": plan.senders,
        "max_recipients": plan.max_recipients,
        "plain": plan.features == Features::NONE,
    });
    if let (Some(json), Value::Object(own)) = (json.as_object_mut(), own) {
        json.extend(own);
    }
    json
}

fn parse_start(text: &str) -> Result<NaiveDate, String> {
    let date = parse_date(text).map_err(|error| error.to_string())?;
    let possible = NaiveDate::from_ymd_opt(1970, 1, 1)..=NaiveDate::from_ymd_opt(2100, 1, 1);
    match possible.contains(&Some(date)) {
        true => Ok(date),
        false => Err(format!("'{text}' is not possible: expected a day from 1970-01-01 to 2100-01-01")),
    }
}
