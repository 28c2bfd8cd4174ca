//! `relaymeter forecast`: what the months ahead will cost, with bands, from whatever history there is.
//!
//! Submissions are counted by day, `forecast` says how many recipients and bytes are to come, `prices` prices them
//! like measured usage; `months`, `domains` and `grade` put the figures together, `table`, `json` and `drawn` show.

mod domains;
mod drawn;
mod evaluate;
mod grade;
mod json;
mod method;
mod months;
mod prices;
mod read;
mod table;

use std::num::NonZeroU32;

use rust_decimal::Decimal;

use super::budget::{self, Budget};
use super::count_args::CountArgs;
use super::price_args::PriceArgs;
use super::source_args::SourceArgs;
use super::{Context, Exit, Outcome, records, usage_error};
use crate::forecast::{Extent, Holidays, Level, Options, Treatment, trials};
use crate::report::Report;
use crate::usage::Dimension;
use grade::Graded;
use months::Outlook;
use prices::MonthPrices;
use read::Counted;

/// Futures that are drawn for the whole.
const PATHS: usize = 1_000;
/// Futures that are drawn for a grade, of which there are several.
const GRADE_PATHS: usize = 400;
/// The seed of all that is drawn: the same input gives the same output.
const SEED: u64 = 0x5eed;
/// Forecasts of the past by which a model is chosen.
const ORIGINS: usize = 8;
/// Months ahead at most: past five years a forecast says nothing.
const MOST_MONTHS: u32 = 60;
/// Forecasts of the past that a grade rests on.
const GRADE: Extent = Extent { origins: 6, horizons: 1 };
/// Forecasts of the past that `--evaluate` lists.
const EVALUATION: Extent = Extent { origins: 12, horizons: 6 };

/// Forecast what the months ahead will cost
#[derive(clap::Args, Clone, Debug)]
#[command(
    override_usage = "relaymeter forecast [OPTIONS] <PATH>...\n       relaymeter forecast [OPTIONS] --ledger <DIR>"
)]
pub struct Args {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: SourceArgs,
    /// Whole months ahead, after the running one
    #[arg(long, value_name = "N", default_value = "12", value_parser = months)]
    pub months: NonZeroU32,
    /// Per cent of what may come that the bands are to hold
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',', default_value = "80,95")]
    pub level: Vec<Level>,
    /// Show all months ahead together by sender-domain, too
    #[arg(long, value_name = "DIMENSION", value_parser = dimension)]
    pub by: Option<Dimension>,
    /// Amount that a month should not exceed, such as 300 or 300EUR
    #[arg(long, value_name = "AMOUNT", value_parser = budget::parse, allow_hyphen_values = true)]
    pub budget: Option<Budget>,
    /// End with exit code 4 where the chance that the running month exceeds the budget is above so many per cent
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "budget", allow_hyphen_values = true)]
    pub check: Option<Decimal>,
    /// Learn what the public holidays of a country do, such as IT, DE or "United States"
    #[arg(long, value_name = "COUNTRY")]
    pub holidays: Option<Holidays>,
    /// Outages and one-off campaigns: replace them by what is usual, or keep them
    #[arg(long, value_name = "replace|keep", default_value = "replace", value_parser = treatment)]
    pub anomalies: Treatment,
    /// Show how forecasts of the past compare with what came
    #[arg(long)]
    pub evaluate: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub count: CountArgs,
    #[command(flatten, next_help_heading = "What it costs")]
    #[allow(missing_docs)]
    pub prices: PriceArgs,
}

/// Everything that a run found out.
struct Forecast {
    counted: Counted,
    prices: MonthPrices,
    outlook: Outlook,
    domains: Option<Vec<domains::DomainAhead>>,
    /// The forecasts of the past; `None` where there is too little history to make any.
    graded: Option<Graded>,
    levels: Vec<Level>,
    options: Options,
    warnings: Vec<String>,
}

/// Counts, forecasts and prices.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Outcome> {
    if let (true, Some(picture)) = (args.evaluate, context.picture()) {
        return Err(usage_error(format!(
            "'--evaluate' is a table and no picture ({picture}): choose another ending"
        )));
    }
    let settings = context.settings()?;
    let levels = distinct(&args.level)?;
    // Wrong prices and budgets are told before hours of reading.
    let prices = MonthPrices::new(&args.prices, settings)?;
    let limit = args.budget.map(|budget| budget.within(prices.currency())).transpose()?;
    let source = args.source.open(context)?;
    let counted = read::read(source, &args.count, settings, args.by.is_some())?;
    let options =
        Options { holidays: args.holidays, anomalies: args.anomalies, paths: PATHS, origins: ORIGINS };
    let graded = std::thread::scope(|scope| {
        // The forecasts of the past and the one of the future share the cores.
        let extent = if args.evaluate { EVALUATION } else { GRADE };
        let past = Options { paths: GRADE_PATHS, ..options };
        let days = &counted.days;
        let trials = scope.spawn(move || trials(days, &past, extent, SEED));
        let outlook = Outlook::new(&counted, &prices, args.months, &options, (&levels, limit))?;
        let domains = args.by.map(|_| domains::ahead(&counted, &outlook, &options, &levels)).transpose()?;
        let trials =
            trials.join().map_err(|_| anyhow::anyhow!("the forecasts of the past could not be made"))?;
        let graded = trials.map(|trials| Graded::new(trials, &counted, &prices, &levels)).transpose()?;
        anyhow::Ok((outlook, domains, graded))
    });
    let (outlook, domains, graded) = graded?;
    let mut forecast =
        Forecast { counted, prices, outlook, domains, graded, levels, options, warnings: Vec::new() };
    forecast.warnings = forecast.all_warnings();
    let exceeds = args.check.is_some_and(|most| forecast.outlook.running_chance() > Some(most));
    forecast.outcome(args, context, exceeds)
}

impl Forecast {
    fn outcome(self, args: &Args, context: &Context, exceeds: bool) -> anyhow::Result<Outcome> {
        let counted = &self.counted;
        let read = records::exit(&counted.usage.accounting, &counted.usage.damages, &counted.ingested);
        let exit = if exceeds { Exit::CheckFailed } else { read };
        let warnings = self.warnings.clone();
        if let Some(picture) = context.picture() {
            return Ok(Outcome { exit, warnings, ..picture.outcome(&drawn::figure(&self))? });
        }
        let (title, sections) = match args.evaluate {
            true => evaluate::sections(&self)?,
            false => (self.title(), table::sections(&self, args.check)?),
        };
        let data = json::data(&self, args)?;
        Ok(Outcome { exit, warnings, ..Outcome::report(Report { title, sections, data: data.into() }) })
    }

    fn title(&self) -> String {
        let ahead = self.outlook.ahead();
        match (ahead.first(), ahead.last()) {
            (Some(first), Some(last)) if first.month != last.month => {
                format!("Forecast of {} to {}", first.month, last.month)
            }
            (Some(first), _) => format!("Forecast of {}", first.month),
            _ => "Forecast".to_owned(),
        }
    }

    fn all_warnings(&self) -> Vec<String> {
        let usage = &self.counted.usage;
        let mut warnings = usage.warnings.clone();
        warnings.extend(records::unread_warnings(&usage.damages, &self.counted.ingested));
        if !usage.accounting.adds_up() {
            warnings.push("the records used, skipped and rejected do not add up to those read".to_owned());
        }
        warnings.extend(self.counted.unfiltered_warning());
        warnings.extend(self.prices.warnings.values().cloned());
        warnings.extend(self.outlook.warnings.values().cloned());
        warnings.extend(method::warnings(self));
        warnings
    }
}

fn distinct(levels: &[Level]) -> anyhow::Result<Vec<Level>> {
    let mut sorted = levels.to_vec();
    sorted.sort_by(|a, b| a.percent().total_cmp(&b.percent()));
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(usage_error(format!("'--level' names {} twice", pair[0]))),
        None => Ok(sorted),
    }
}

fn months(text: &str) -> Result<NonZeroU32, String> {
    let months = text.parse().ok().filter(|months: &NonZeroU32| months.get() <= MOST_MONTHS);
    months.ok_or_else(|| format!("'{text}' is not a number of months ahead: expected 1 to {MOST_MONTHS}"))
}

fn dimension(text: &str) -> Result<Dimension, String> {
    let known = text.parse().ok().filter(|dimension| *dimension == Dimension::SenderDomain);
    known.ok_or_else(|| format!("'{text}' cannot be forecast apart: expected 'sender-domain'"))
}

fn percent(text: &str) -> Result<Decimal, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<Decimal>().ok();
    let number = number.filter(|number| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(number));
    number.ok_or_else(|| format!("'{text}' is not a chance: expected 0 to 100 per cent, such as '20'"))
}

fn treatment(text: &str) -> Result<Treatment, String> {
    let known = Treatment::ALL.into_iter().find(|(_, name)| *name == text);
    known.map(|(treatment, _)| treatment).ok_or_else(|| format!("'{text}' is neither 'replace' nor 'keep'"))
}
