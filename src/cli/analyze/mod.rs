//! `relaymeter analyze`: what logs and exports say was sent, by whom and when, and what it costs.
//!
//! Arguments become options, a collector counts, `cost` prices, `table` and `json` show.

mod beside;
mod cost;
mod drawn;
mod formats;
mod json;
mod rows;
mod table;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::count_args::{CountArgs, InForce};
use super::price_args::PriceArgs;
use super::result_files::STREAM;
use super::source_args::{Source, SourceArgs};
use super::submissions::SubmissionsFile;
use super::{Context, Exit, Outcome, records, unusable, usage_error};
use crate::ingest::run::Ingested;
use crate::report::Report;
use crate::usage::{
    Collector, CountOptions, Counted, Dimension, Names, Observer, Skip, SourceId, Traffic, Usage,
};
use cost::{Cost, On, Plan, Pricer};
use rows::Row;

/// Read logs and exports: what was sent, and what it costs
#[derive(clap::Args, Clone, Debug, Default)]
#[command(
    override_usage = "relaymeter analyze [OPTIONS] <PATH>...\n       relaymeter analyze [OPTIONS] --ledger <DIR>"
)]
pub struct Args {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// Group by month, day, hour, sender-domain, sender, client, outcome, source, traffic or connector, or several
    #[arg(long, value_name = "DIMENSION,…", value_delimiter = ',')]
    pub by: Vec<Dimension>,
    /// Show only the N dearest groups, and the others as one
    #[arg(long, value_name = "N", requires = "by", value_parser = top)]
    pub top: Option<NonZeroUsize>,
    /// Let inputs without any message pass as zero
    #[arg(long)]
    pub allow_empty: bool,
    /// Write the counted submissions to a CSV file: no recipients, no subjects
    #[arg(long, value_name = "FILE.csv", value_parser = submissions_file)]
    pub submissions: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub count: CountArgs,
    /// Use the prices and the exchange rate of a day, or of the usage's own dates [default: the newest]
    #[arg(long, value_name = "DATE|usage", value_parser = On::parse, help_heading = "What it costs")]
    pub on: Option<On>,
    #[command(flatten, next_help_heading = "What it costs")]
    #[allow(missing_docs)]
    pub prices: PriceArgs,
}

/// Everything that a run found out.
struct Analysis {
    usage: Usage,
    ingested: Ingested,
    rows: Vec<Row>,
    cost: Cost,
    delivered_cost: Cost,
    /// The same by the list, where terms or a discount make it something else.
    list: Option<AtListPrices>,
    in_force: Vec<InForce>,
    on: On,
    /// Whether mail other than that of applications can be in the totals.
    unfiltered: bool,
    /// Remarks for stderr, which the report keeps.
    warnings: Vec<String>,
}

/// What everything would cost without terms, in the result's currency.
struct AtListPrices {
    cost: Cost,
    delivered_cost: Cost,
}

/// Reads, counts and prices.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    let settings = context.settings()?;
    check_dimensions(&args.by)?;
    drawn::check(args, context)?;
    let on = args.on.unwrap_or_default();
    // Wrong prices and filters are told before hours of reading.
    let pricer = Pricer::new(&args.prices, on, settings)?;
    let source = args.source.open(context)?;
    let (mut options, counting) = args.count.resolve(settings, &args.by)?;
    options.cuts = pricer.cuts();
    let filtered = options.filters.selects_traffic() || source.selects_relay;
    let in_force: Vec<InForce> =
        pricer.prices.in_force.iter().chain(&source.in_force).cloned().chain(counting).collect();
    let (mut usage, ingested) = read(args, source, options, &in_force)?;

    let plan = pricer.plan(usage.periods.keys().copied())?;
    let price = |plan: &Plan| -> anyhow::Result<(Cost, Cost)> {
        let cost = plan.price(&usage.periods, |measures| measures.attempted)?;
        Ok((cost, plan.price(&usage.periods, |measures| measures.delivered)?))
    };
    let (cost, delivered_cost) = price(&plan)?;
    let list = plan.at_list_prices().map(|plan| price(&plan)).transpose()?;
    let list = list.map(|(cost, delivered_cost)| AtListPrices { cost, delivered_cost });
    let rows = rows::rows(&mut usage, &cost, list.as_ref().map(|list| &list.cost), args.top)?;
    let unfiltered = !filtered && usage.traffic.keys().any(|kind| *kind != Traffic::Relay);
    let warnings = Vec::new();
    let mut analysis =
        Analysis { usage, ingested, rows, cost, delivered_cost, list, in_force, on, unfiltered, warnings };
    analysis.warnings = analysis.all_warnings(&plan);
    let (exit, warnings) = (analysis.exit(), analysis.warnings.clone());
    if let Some(picture) = context.picture() {
        return Ok(Outcome { exit, warnings, ..picture.outcome(&drawn::figure(&analysis)?)? });
    }
    let (title, sections) = (analysis.title(), table::sections(&analysis));
    let data = json::data(analysis, &pricer.prices);
    Ok(Outcome { exit, warnings, ..Outcome::report(Report { title, sections, data }) })
}

fn top(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| format!("'{text}' is not a number of groups: expected 1 or more, such as '10'"))
}

fn submissions_file(text: &str) -> Result<PathBuf, String> {
    match text {
        STREAM => Err("'-' is standard output, which holds the report: expected a file".to_owned()),
        file => Ok(PathBuf::from(file)),
    }
}

fn check_dimensions(by: &[Dimension]) -> anyhow::Result<()> {
    for (place, dimension) in by.iter().enumerate() {
        if by.iter().take(place).any(|other| other == dimension) {
            return Err(usage_error(format!("'--by' names {dimension} twice")));
        }
    }
    Ok(())
}

/// What is noted of every counted submission.
struct Rows {
    /// The file behind `--submissions`, where one was asked for.
    file: Option<SubmissionsFile>,
    formats: formats::Counts,
}

impl Observer for Rows {
    fn counted(&mut self, counted: &Counted<'_>, names: &Names) {
        self.formats.count(counted, names);
        if let Some(file) = &mut self.file {
            file.counted(counted, names);
        }
    }

    fn takes_sums(&self) -> bool {
        self.file.is_none()
    }

    fn summed(&mut self, source: SourceId, messages: u64, names: &Names) {
        self.formats.add(source, messages, names);
    }
}

/// Reads and counts; writes the submissions where that was asked for and something counts.
fn read(
    args: &Args,
    source: Source,
    options: CountOptions,
    in_force: &[InForce],
) -> anyhow::Result<(Usage, Ingested)> {
    let file = args.submissions.as_deref().map(SubmissionsFile::create).transpose()?;
    let rows = Rows { file, formats: formats::Counts::default() };
    let mut collector = Collector::observed(options.clone(), rows);
    let ingested = source.read(&options, args.submissions.is_some(), &mut collector)?;
    let (usage, Rows { file, formats }) = collector.finish();
    let mut usage = usage?;
    usage.warnings.extend(formats.warning(&ingested));
    unusable::check(&usage, &ingested, in_force, args.allow_empty)?;
    if let Some(file) = file {
        file.finish(&usage.imputed_sizes)?;
    }
    Ok((usage, ingested))
}

impl Analysis {
    /// Whether nothing was counted, and the report is of what stands beside usage.
    fn is_beside_only(&self) -> bool {
        self.usage.total.attempted.messages == 0 && !self.usage.beside.is_empty()
    }

    fn title(&self) -> String {
        if self.is_beside_only() {
            return "Billed charges".to_owned();
        }
        let label = if self.unfiltered { " (unfiltered)" } else { "" };
        match self.usage.period {
            Some((first, last)) if first.date() == last.date() => {
                format!("Usage and cost of {}{label}", first.date())
            }
            Some((first, last)) => format!("Usage and cost of {} to {}{label}", first.date(), last.date()),
            None => format!("Usage and cost{label}"),
        }
    }

    fn exit(&self) -> Exit {
        records::exit(&self.usage.accounting, &self.usage.damages, &self.ingested)
    }

    /// Whether the sources tell of anybody what was delivered.
    fn knows_delivery(&self) -> bool {
        self.usage.total.unknown_recipients < self.usage.total.attempted.recipients
    }

    fn all_warnings(&self, plan: &Plan) -> Vec<String> {
        let usage = &self.usage;
        let mut warnings = usage.warnings.clone();
        warnings.extend(records::unread_warnings(&usage.damages, &self.ingested));
        if !usage.accounting.adds_up() {
            warnings.push("the records used, skipped and rejected do not add up to those read".to_owned());
        }
        if let Some(lines) = usage.accounting.skipped.get(&Skip::OtherMailSystem) {
            warnings.push(format!(
                "lines of another mail system than the one that a file was recognised as: {lines}, not read; read the \
                 file again with --input-format postfix, exim, sendmail or opensmtpd"
            ));
        }
        if self.unfiltered {
            warnings.push(records::unfiltered_warning(usage));
        }
        warnings.extend(unusable::beside_charges(usage));
        if !self.is_beside_only() {
            warnings.extend(plan.warnings.iter().cloned());
        }
        warnings
    }
}
