//! Where submissions come from: logs and exports, or the ledger to which they were added. Every command that counts
//! takes either, with the same results.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::count_args::InForce;
use super::read_args::{ReadArgs, Reading};
use super::settings::{Choice, Origin, Settings};
use super::{Context, ResultFiles};
use crate::ingest::Sink;
use crate::ingest::formats::FORMATS;
use crate::ingest::run::{Ingested, InputRead, Recognition};
use crate::ingest::source::{Digest, Discovery, Origin as Found};
use crate::ledger::manifest::BatchInput;
use crate::ledger::replay::{Selected, replay};
use crate::ledger::{Store, Wanted};
use crate::usage::{CountOptions, Dimension, Filters, Selection};

/// Logs and exports, or a ledger.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SourceArgs {
    /// Logs and exports: files, folders, globs, or - for standard input
    #[arg(required_unless_present = "ledger", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read this ledger in place of logs; how those are read was said when they were added
    #[arg(long, value_name = "DIR", conflicts_with_all = ["paths", "read"])]
    pub ledger: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub read: ReadArgs,
}

/// An opened source.
#[derive(Debug)]
pub struct Source {
    content: Content,
    /// What is in force because of whom, for provenance.
    pub in_force: Vec<InForce>,
    /// Whether next hosts were chosen.
    pub selects_relay: bool,
}

#[derive(Debug)]
enum Content {
    Logs(Box<Reading>, Discovery),
    Ledger(Store),
}

impl SourceArgs {
    /// Finds the inputs, or opens the ledger; refuses what a result would replace.
    pub fn open(&self, context: &Context) -> anyhow::Result<Source> {
        match &self.ledger {
            Some(folder) => {
                context.results().check_read(folder)?;
                let store = Store::open(folder)?;
                // The flags are refused beside a ledger; what standing settings ask must not be passed over.
                store.manifest().agree_on(self.read.resolve(context.settings()?)?.options())?;
                Ok(Source::of_ledger(store))
            }
            None => self.open_logs(context.settings()?, context.results(), context.shows_data()),
        }
    }

    fn open_logs(&self, settings: &Settings, results: &ResultFiles, digests: bool) -> anyhow::Result<Source> {
        let reading = self.read.resolve(settings)?.with_digests(digests);
        let found = self.read.discover(&self.paths, results)?;
        let (in_force, selects_relay) = (reading.in_force.clone(), reading.selects_relay);
        Ok(Source { content: Content::Logs(Box::new(reading), found), in_force, selects_relay })
    }
}

impl Source {
    fn of_ledger(store: Store) -> Source {
        let manifest = store.folder().join("state/manifest.json");
        let told = store.manifest().settings.clone().unwrap_or_default();
        let list =
            |value: Vec<String>| Choice { value, from: Origin::Settings(manifest.clone()), beaten: None };
        let selects_relay = !told.relay_hosts.is_empty();
        let in_force = [
            Some(InForce::of_flag("ledger", store.folder().display())),
            InForce::of_list("own-domain", &list(told.own_domains)),
            InForce::of_list("relay-host", &list(told.relay_hosts)),
        ];
        Source {
            content: Content::Ledger(store),
            in_force: in_force.into_iter().flatten().collect(),
            selects_relay,
        }
    }

    /// Hands all submissions over that can count with these options. `with_keys`: also what tells them apart.
    pub fn read(
        self,
        options: &CountOptions,
        with_keys: bool,
        sink: &mut dyn Sink,
    ) -> anyhow::Result<Ingested> {
        let store = match self.content {
            Content::Logs(reading, found) => return reading.read(found, sink),
            Content::Ledger(store) => store,
        };
        let selected = Selected { days: days(&options.filters), wanted: wanted(options, with_keys) };
        replay(&store, &selected, sink)?;
        let inputs = store.manifest().batches.iter().flat_map(|batch| &batch.inputs);
        Ok(Ingested { inputs: inputs.map(input_read).collect() })
    }
}

/// The UTC days that can hold anything of a time window; a day more on either side, for what is billed by days of
/// another zone.
fn days(filters: &Filters) -> Option<RangeInclusive<chrono::NaiveDate>> {
    if filters.from.is_none() && filters.to.is_none() {
        return None;
    }
    let first = filters.from.and_then(|from| from.date().pred_opt()).unwrap_or(chrono::NaiveDate::MIN);
    let last = filters.to.and_then(|to| to.date().succ_opt()).unwrap_or(chrono::NaiveDate::MAX);
    Some(first..=last)
}

/// The columns that counting makes use of.
fn wanted(options: &CountOptions, with_keys: bool) -> Wanted {
    let by = |dimension| options.by.contains(&dimension);
    let chosen = |selection: &Selection| !selection.is_empty();
    Wanted {
        // Null senders are told apart, and missing sizes are those of the sender's domain.
        sender: true,
        client: with_keys || by(Dimension::Client) || chosen(&options.filters.clients),
        connector: with_keys || by(Dimension::Connector) || chosen(&options.filters.connectors),
        source: true,
        line: true,
        key: with_keys,
    }
}

/// An input of a batch, as when it was read.
fn input_read(input: &BatchInput) -> InputRead {
    let known = FORMATS.iter().find(|format| format.name() == input.format);
    InputRead {
        name: input.name.clone(),
        origin: Found::Found,
        recognition: Recognition::Read(known.map_or("unknown", |format| format.name())),
        digest: Digest { file: input.name.clone(), bytes: input.bytes, sha256: Some(input.sha256.clone()) },
    }
}
