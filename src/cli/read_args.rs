//! The flags that say how inputs are read, and what they mean; and the reading itself.
//!
//! Shared by every command that reads logs; what counts is left to `count_args`.

use std::path::{Path, PathBuf};

use super::count_args::InForce;
use super::progress::Progress;
use super::settings::{self, Choice, Origin, Settings};
use super::{ResultFiles, usage_error};
use crate::ingest::formats::FORMATS;
use crate::ingest::run::{Ingested, Recognition, read_all};
use crate::ingest::source::{Discovery, Origin as Found, discover};
use crate::ingest::{DateOrder, HostPattern, LogFormat, Mapping, ReadOptions, Sink};
use crate::period::Zone;

/// How inputs are read.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "read", multiple = true)]
pub struct ReadArgs {
    /// Read everything as this format instead of recognising it by content
    #[arg(long, value_name = "NAME", help_heading = "How it is read")]
    pub input_format: Option<String>,
    /// Mapping of columns for the generic CSV format, as which tables are read that no other format knows
    #[arg(long, value_name = "FILE", help_heading = "How it is read")]
    pub mapping: Option<PathBuf>,
    /// Sheet of Excel workbooks, '*' for all (repeat for several) [default: the only one that can be read]
    #[arg(long, value_name = "NAME", help_heading = "How it is read")]
    pub sheet: Vec<String>,
    /// What dates such as 03/04/2026 mean: day-month or month-day [default: what their column proves]
    #[arg(long, value_name = "ORDER", value_parser = date_order, help_heading = "How it is read")]
    pub date_order: Option<DateOrder>,
    /// Zone of logs that state none [default: what the log proves, else UTC]
    #[arg(long, value_name = "ZONE", help_heading = "How it is read")]
    pub log_timezone: Option<Zone>,
    /// Year of the first record of logs that state none [default: what the log proves]
    #[arg(long, value_name = "YEAR", value_parser = year, help_heading = "How it is read")]
    pub year: Option<i32>,
    /// The organisation's own domain: tells application mail from inbound mail (repeat for several)
    #[arg(long, value_name = "DOMAIN", value_parser = settings::domain, help_heading = "How it is read")]
    pub own_domain: Vec<String>,
    /// Count only what is handed to this next host: name, *.domain, address or network (repeat for several)
    #[arg(long, value_name = "HOST", help_heading = "What counts")]
    pub relay_host: Vec<HostPattern>,
}

/// How a run reads.
#[derive(Debug)]
pub struct Reading {
    options: ReadOptions,
    forced: Option<&'static dyn LogFormat>,
    /// What is in force because of whom, for provenance.
    pub in_force: Vec<InForce>,
    /// Whether next hosts were chosen.
    pub selects_relay: bool,
}

impl ReadArgs {
    /// What the flags and the settings file mean. A mapping file that cannot be read is an error.
    pub fn resolve(&self, settings: &Settings) -> anyhow::Result<Reading> {
        let mapping = self.mapping.as_deref().map(Mapping::read).transpose()?;
        let log_zone = settings.choose(self.log_timezone.as_ref(), settings.log_timezone.as_ref());
        let relay_hosts = settings.choose_all(&self.relay_host, &settings.relay_hosts);
        let hosts = relay_hosts.map(|hosts| hosts.iter().map(host_name).collect::<Vec<_>>());
        let own_domains = settings.choose_all(&self.own_domain, &settings.own_domains);
        let mut in_force = self.times_in_force(log_zone.clone(), mapping.as_ref());
        in_force.extend(InForce::of_list("own-domain", &own_domains));
        in_force.extend(InForce::of_list("relay-host", &hosts));
        in_force.extend(self.single_flags());
        let selects_relay = !relay_hosts.value.is_empty();
        // The mapping stands nearer to its table than the settings file, but no file beats a flag.
        let mapping = match self.log_timezone {
            Some(_) => mapping.map(Mapping::without_zone),
            None => mapping,
        };
        let options = ReadOptions {
            log_zone: log_zone.map(|zone| zone.value),
            year: self.year,
            relay_hosts: relay_hosts.value,
            own_domains: own_domains.value,
            date_order: self.date_order,
            mapping,
            sheets: self.sheet.clone(),
            digests: false,
            counter: None,
        };
        Ok(Reading { options, forced: self.forced()?, in_force, selects_relay })
    }

    /// What times mean, and which of flag, mapping file and settings file says so.
    fn times_in_force(&self, log_zone: Option<Choice<Zone>>, mapping: Option<&Mapping>) -> Vec<InForce> {
        let file = Settings { file: self.mapping.clone(), ..Settings::default() };
        let zone = file.choose(self.log_timezone.as_ref(), mapping.and_then(Mapping::zone).as_ref());
        let order = file.choose(self.date_order.as_ref(), mapping.and_then(Mapping::date_order).as_ref());
        let order = order.map(|order| order.map(|order| order.name()));
        let (of_flag, of_table) = match zone {
            Some(zone) if zone.from == Origin::Flag => (zone.beaten.is_some().then_some(zone), None),
            of_table => (None, of_table),
        };
        let unstated = || Choice::default_of("what the log proves, else UTC".to_owned());
        let log_zone = of_flag.or(log_zone).map_or_else(unstated, |zone| zone.map(Zone::to_string));
        let of_table = of_table.map(|zone| InForce::new("zone", &zone));
        let order = order.map(|order| InForce::new("date-order", &order));
        [Some(InForce::new("log-timezone", &log_zone)), of_table, order].into_iter().flatten().collect()
    }

    /// Flags that no file knows.
    fn single_flags(&self) -> impl Iterator<Item = InForce> {
        let flag = |name, value: Option<String>| value.map(|value| InForce::of_flag(name, value));
        let flags = [
            flag("year", self.year.map(|year| year.to_string())),
            flag("input-format", self.input_format.clone()),
            flag("sheet", (!self.sheet.is_empty()).then(|| self.sheet.join(", "))),
            flag("mapping", self.mapping.as_ref().map(|path| path.display().to_string())),
        ];
        flags.into_iter().flatten()
    }

    fn forced(&self) -> anyhow::Result<Option<&'static dyn LogFormat>> {
        let Some(name) = &self.input_format else { return Ok(None) };
        let found = FORMATS.iter().find(|format| format.name() == name);
        let unknown = || usage_error(format!("'{name}' is not a format: expected one of {}", format_names()));
        found.map(|format| Some(*format)).ok_or_else(unknown)
    }

    /// Finds the inputs; refuses one that a result would replace.
    pub fn discover(&self, paths: &[PathBuf], results: &ResultFiles) -> anyhow::Result<Discovery> {
        let found = discover(paths)?;
        for input in &found.inputs {
            results.check_read(Path::new(input.file()))?;
        }
        Ok(found)
    }
}

impl Reading {
    /// What formats are told.
    pub fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// The same with the SHA-256 of every file that is read, where that is to be shown.
    pub fn with_digests(mut self, digests: bool) -> Reading {
        self.options.digests = digests;
        self
    }

    /// Reads inputs into a sink. A named input that is not recognised, or cannot be read, is an error.
    pub fn read(&self, found: Discovery, sink: &mut dyn Sink) -> anyhow::Result<Ingested> {
        let progress = Progress::start(found.bytes());
        let options = ReadOptions { counter: progress.counter(), ..self.options.clone() };
        let Discovery { inputs, remarks, problems } = found;
        remarks.into_iter().for_each(|remark| sink.warn(remark));
        let ingested = read_all(inputs, FORMATS, self.forced, &options, sink)?;
        drop(progress);
        for problem in &problems {
            let (input, what) = problem.parts();
            sink.damage(input, 0, what);
        }
        // Where nothing was read at all, the error lists what was empty.
        let any_read = ingested.inputs.iter().any(|input| matches!(input.recognition, Recognition::Read(_)));
        for input in &ingested.inputs {
            match (&input.recognition, input.origin) {
                (Recognition::Unrecognised(what), Found::Named) => anyhow::bail!(
                    "{}: not recognised: it looks like {what}; expected one of {}\nhint: --input-format forces one, and --mapping names the columns of a CSV",
                    input.name,
                    format_names()
                ),
                (Recognition::Unreadable(what), Found::Named) => anyhow::bail!("{}: {what}", input.name),
                (Recognition::Empty, Found::Named) if any_read => {
                    sink.warn(format!("{} is empty: it adds nothing", input.name));
                }
                _ => {}
            }
        }
        Ok(ingested)
    }
}

fn year(text: &str) -> Result<i32, String> {
    let wrong = || format!("'{text}' is not a year: expected one from 1970 on, such as '2026'");
    text.parse().ok().filter(|year| (1970..=9999).contains(year)).ok_or_else(wrong)
}

fn date_order(text: &str) -> Result<DateOrder, String> {
    let wrong = || format!("'{text}' is not an order of dates: expected 'day-month' or 'month-day'");
    DateOrder::from_name(text).ok_or_else(wrong)
}

fn format_names() -> String {
    FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

fn host_name(host: &HostPattern) -> String {
    match host {
        HostPattern::Name(name) => name.clone(),
        HostPattern::Below(domain) => format!("*{domain}"),
        HostPattern::Network(network) => network.to_string(),
    }
}
