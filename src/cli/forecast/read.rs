//! The history of a forecast: what was sent on each day, which days are known, and what each domain sent.

use std::collections::BTreeMap;

use anyhow::anyhow;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::cli::count_args::{CountArgs, InForce};
use crate::cli::settings::Settings;
use crate::cli::source_args::Source;
use crate::cli::{records, unusable};
use crate::forecast::{DomainDays, LogDays, Sources, Sums};
use crate::ingest::run::Ingested;
use crate::money::{Rounding, round};
use crate::period::{Zone, parse_date};
use crate::usage::{Collector, CountOptions, Dimension, Totals, Traffic, Usage};

/// Decimals of the messages of a recipient.
const RATIO_DECIMALS: u32 = 6;

/// What was counted.
pub(super) struct Counted {
    pub(super) usage: Usage,
    pub(super) ingested: Ingested,
    pub(super) in_force: Vec<InForce>,
    /// What was counted on each day.
    pub(super) totals: BTreeMap<NaiveDate, Totals>,
    /// What the days can be used for.
    pub(super) days: LogDays,
    /// What each domain sent, where that was asked for.
    pub(super) domains: DomainDays,
    options: CountOptions,
    unfiltered: bool,
}

/// Counts by day.
pub(super) fn read(
    source: Source,
    args: &CountArgs,
    settings: &Settings,
    by_domain: bool,
) -> anyhow::Result<Counted> {
    let (mut options, counting) = args.resolve(settings, &[Dimension::Day])?;
    // Days are those of billing; the zone that was asked for decides where the window begins and ends.
    options.zone = Zone::UTC;
    let filtered = options.filters.selects_traffic() || source.selects_relay;
    let in_force: Vec<InForce> = source.in_force.iter().cloned().chain(counting).collect();
    let observer = Split(by_domain.then(DomainDays::default));
    let mut collector = Collector::observed(options.clone(), observer);
    let ingested = source.read(&options, false, &mut collector)?;
    let (usage, Split(domains)) = collector.finish();
    let usage = usage?;
    unusable::check_usage(&usage, &ingested, &in_force)?;
    let totals = totals(&usage)?;
    let sums = totals.iter().map(|(date, totals)| (*date, sums(totals))).collect();
    let unfiltered = !filtered && usage.traffic.keys().any(|kind| *kind != Traffic::Relay);
    let days = log_days(&sums, &usage, &options)
        .ok_or_else(|| anyhow!("no day of the inputs lies in the window of --from and --to"))?;
    let domains = domains.unwrap_or_default();
    Ok(Counted { usage, ingested, in_force, totals, days, domains, options, unfiltered })
}

/// Keeps the days of domains where they are asked for.
struct Split(Option<DomainDays>);

impl crate::usage::Observer for Split {
    fn counted(&mut self, counted: &crate::usage::Counted<'_>, names: &crate::usage::Names) {
        if let Some(domains) = &mut self.0 {
            domains.counted(counted, names);
        }
    }

    fn takes_sums(&self) -> bool {
        self.0.is_none()
    }
}

fn sums(totals: &Totals) -> Sums {
    Sums { recipients: totals.recipients, recipient_bytes: totals.recipient_bytes }
}

/// The totals of each day.
fn totals(usage: &Usage) -> anyhow::Result<BTreeMap<NaiveDate, Totals>> {
    let mut totals = BTreeMap::new();
    for group in &usage.groups {
        let label = group.labels.first().map_or("", AsRef::as_ref);
        let date = parse_date(label)
            .map_err(|_| anyhow!("the times are spread over more days than are kept apart"))?;
        totals.insert(date, group.measures.attempted);
    }
    Ok(totals)
}

fn log_days(sums: &BTreeMap<NaiveDate, Sums>, usage: &Usage, options: &CountOptions) -> Option<LogDays> {
    LogDays::new(&Sources {
        sums,
        coverage: &usage.coverage,
        window: (options.filters.from, options.filters.to),
        has_dates_only: usage.qualities.date_only > 0,
    })
}

impl Counted {
    /// The days of a part of the mail.
    pub(super) fn days_of(&self, sums: &BTreeMap<NaiveDate, Sums>) -> Option<LogDays> {
        log_days(sums, &self.usage, &self.options)
    }

    /// Messages of one recipient.
    pub(super) fn messages_per_recipient(&self) -> Decimal {
        let total = self.usage.total.attempted;
        let ratio = Decimal::from(total.messages).checked_div(Decimal::from(total.recipients));
        round(ratio.unwrap_or(Decimal::ONE), RATIO_DECIMALS, Rounding::HalfUp)
    }

    /// The remark on mail other than that of applications.
    pub(super) fn unfiltered_warning(&self) -> Option<String> {
        self.unfiltered.then(|| records::unfiltered_warning(&self.usage))
    }
}
