//! Reading logs and exports: from paths to submissions.
//!
//! [`source`] opens, decompresses and decodes inputs; [`detect`] recognises their format by content; a
//! [`LogFormat`] of [`formats::FORMATS`] turns them into [`Record`]s for a [`Sink`]. Filters, counting and
//! pricing are left to `usage` and `estimate`.

mod blocks;
pub mod collect;
mod copies;
mod delimited;
mod grouping;
pub mod detect;
mod double;
pub mod formats;
mod json;
mod handover;
mod lifetimes;
mod origin;
mod others;
pub(crate) mod parallel;
pub mod run;
mod settle;
mod sheets;
mod sink;
pub mod source;
pub mod syslog;
pub mod trail;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::period::Zone;
use crate::usage::{
    Apart, BilledCharge, ControlTotal, CountOptions, Names, Rejection, Skip, SourceId, Submission,
};

pub use delimited::DateOrder;
pub(crate) use delimited::{DecimalMark, plain_number};
pub use formats::generic_csv::Mapping;
pub use settle::{Settled, settle};
pub use source::{Input, SourceError};
pub use trail::Trail;

/// What a format reads out of an input.
#[derive(Clone, PartialEq, Debug)]
pub enum Record {
    /// A message that was handed in.
    Submission(Submission),
    /// A line of an invoice or cost export: money, not usage.
    BilledCharge(BilledCharge),
    /// A provider's own count, to compare with and never to add.
    ControlTotal(ControlTotal),
}

/// Where a format delivers what it reads. Every record of an input is counted with [`Sink::records`] and ends
/// in exactly one of the other calls.
pub trait Sink {
    /// The shared texts of the run.
    fn names(&mut self) -> &mut Names;
    /// Counts records (lines, CSV records or JSON objects) that were read.
    fn records(&mut self, count: u64);
    /// Takes a record that was understood.
    fn accept(&mut self, record: Record);
    /// Takes a submission that was understood.
    fn accept_submission(&mut self, submission: &Submission) {
        self.accept(Record::Submission(*submission));
    }
    /// Whether [`Sink::accept_with`] makes use of trails; formats need not fill them in otherwise.
    fn wants_trails(&self) -> bool {
        false
    }
    /// Takes a submission with what a later read of the same message needs.
    fn accept_with(&mut self, submission: Submission, _: &Trail<'_>) {
        self.accept(Record::Submission(submission));
    }
    /// Takes note of a message that does not count as far as it was read, so that an earlier or a later read can tell
    /// more of it: it has no recipient yet, its beginning is missing, or its recipients turned out not to count. One
    /// that is begun and ended only matters where a part of it is known already. Its records are accounted for by
    /// other calls; formats need not call it where no trails are wanted.
    fn unfinished(&mut self, _: &Submission, _: &Trail<'_>) {}
    /// Takes messages that the source counted for a window of so many seconds, or one such message. The key says of
    /// which window and group, whatever was counted.
    fn accept_summary(&mut self, summary: Submission, _: u32) {
        self.accept(Record::Submission(summary));
    }
    /// Takes note that times without a zone, which a host wrote in logs of a format, were read in that of
    /// [`ReadOptions::log_zone`], else in UTC. The host is the first label of its name in lower case, empty where the
    /// log names none; it can be told more than once.
    fn zone_assumed(&mut self, _: &'static str, _: &str) {}
    /// Takes records that are no submission, by reason.
    fn skip(&mut self, reason: Skip, records: u64);
    /// Takes a whole message, with the records behind it, that the format knows not to be billable.
    fn skip_message(&mut self, reason: Skip, records: u64);
    /// Takes one record that should be a submission and cannot be read.
    fn reject(&mut self, rejection: Rejection);
    /// Takes a remark on the whole input that the user should see: an assumption, a cut export.
    fn warn(&mut self, warning: String);
    /// How a part of the records can be counted apart, on another thread; `None` where each of them is wanted.
    fn counts_apart(&self) -> Option<CountOptions> {
        None
    }
    /// Adds a part that was counted apart, whose inputs are these of the run; `false`, and nothing is added, where its
    /// records must be handed over instead.
    fn absorb(&mut self, _: &Apart, _: &[SourceId]) -> bool {
        false
    }
    /// Takes damage that ended the reading of an input early (a cut archive): what came before it counts, and
    /// the exit code tells.
    fn damage(&mut self, input: &str, line: u64, what: String);
}

/// Settings of a run that change how inputs are read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What a log without a zone means; without it, what the log proves, else UTC.
    pub log_zone: Option<Zone>,
    /// The year of the first record of logs whose timestamps have none.
    pub year: Option<i32>,
    /// Relay hosts that count (`*.mail.protection.outlook.com`, a name or an address); empty: all. In a log of a
    /// relay the host is the next one; in a message trace, which the next host wrote, the one that handed it in.
    pub relay_hosts: Vec<HostPattern>,
    /// The organisation's own domains, lower case: they tell application mail from inbound mail in traces without
    /// direction.
    pub own_domains: Vec<String>,
    /// What dates such as `03/04/2024` mean; without it, what their column proves.
    pub date_order: Option<DateOrder>,
    /// The mapping file of the generic CSV format.
    pub mapping: Option<Mapping>,
    /// The sheets of workbooks that are read, `*` for all of them; empty: the only one that can be.
    pub sheets: Vec<String>,
    /// Whether the SHA-256 of every file is told: hashing takes as long as half of the reading.
    pub digests: bool,
    /// Where the bytes that are read are counted, as they lie on disk: for those who show how far it is.
    pub counter: Option<Arc<AtomicU64>>,
}

/// A host by name, by name with a leading `*.`, by address or by network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostPattern {
    /// Exactly this name, lower case.
    Name(String),
    /// Any name below this domain, lower case, without the `*`, with the leading point.
    Below(String),
    /// An address or network.
    Network(ipnet::IpNet),
}

impl HostPattern {
    /// Whether a host of these names, lower case, or this address is meant.
    pub(crate) fn matches(&self, names: &[&str], address: Option<std::net::IpAddr>) -> bool {
        match self {
            HostPattern::Name(wanted) => names.contains(&wanted.as_str()),
            HostPattern::Below(domain) => names.iter().any(|name| name.ends_with(domain.as_str())),
            HostPattern::Network(network) => address.is_some_and(|address| network.contains(&address)),
        }
    }
}

/// A text that names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a host: expected a name, '*.example.com', an address or a network such as '10.0.0.0/8'"
)]
pub struct BadHost(String);

impl std::str::FromStr for HostPattern {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<HostPattern, BadHost> {
        let bad = || BadHost(text.to_owned());
        let host = text.trim().trim_end_matches('.').to_lowercase();
        if let Some(ip) = crate::usage::names::parse_ip(&host) {
            return Ok(HostPattern::Network(ip.into()));
        }
        if host.contains('/') {
            return host.parse().map(HostPattern::Network).map_err(|_| bad());
        }
        let name = host.strip_prefix('*').unwrap_or(&host);
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        match (name.len() < host.len(), name.starts_with('.')) {
            _ if name.trim_matches('.').is_empty() || !name.chars().all(fits) => Err(bad()),
            (true, true) => Ok(HostPattern::Below(name.to_owned())),
            (false, false) => Ok(HostPattern::Name(host)),
            _ => Err(bad()),
        }
    }
}

/// What a format is and carries; shown by `relaymeter formats`.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// One line: what it is.
    pub title: &'static str,
    /// Where sizes come from, or `none`.
    pub size: &'static str,
    /// Where recipients come from.
    pub recipients: &'static str,
    /// Whether it tells inbound from outbound.
    pub direction: &'static str,
    /// What it knows of the sender and the client.
    pub sender: &'static str,
    /// Its limits, such as age and row caps.
    pub limits: &'static str,
    /// How to export it.
    pub export: &'static str,
}

/// How sure a format is about an input; the surest wins, a tie is an error.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Likelihood {
    /// Could be read if nothing else fits (the generic format).
    Fallback,
    /// Its own marks are there.
    Certain,
}

/// A kind of input. Adding one is a new file in `formats/`, its `mod` line and its entry in `FORMATS`.
pub trait LogFormat: Sync + std::fmt::Debug {
    /// The name for `--input-format`, in kebab-case.
    fn name(&self) -> &'static str;
    /// What it is and carries.
    fn about(&self) -> About;
    /// Whether the start of an input (at most 64 KiB, decompressed, as UTF-8 or raw bytes) is of this kind.
    fn detect(&self, head: &[u8]) -> Option<Likelihood>;
    /// Whether a mapping file can tell it the columns of any table.
    fn takes_mapping(&self) -> bool {
        false
    }
    /// Whether a file that is the same as another is read as well, because its name tells something of its own.
    fn reads_copies(&self) -> bool {
        false
    }
    /// Reads all inputs of this kind as one history, in the order in which they were written.
    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError>;
}

/// Why inputs cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Opening, decompressing or decoding failed before anything was read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The content needs a decision that only the user can make; the message says which option makes it.
    #[error("{input}: {problem}\nhint: {hint}")]
    Undecided {
        /// The input.
        input: String,
        /// What is open.
        problem: String,
        /// The option or step that decides it.
        hint: String,
    },
}

impl ReadError {
    /// What is wrong, for those who show the input apart.
    pub fn reason(&self) -> String {
        match self {
            ReadError::Source(error) => error.parts().1,
            ReadError::Undecided { problem, hint, .. } => format!("{problem}; {hint}"),
        }
    }
}

/// A rejection of a line of an input.
pub fn rejection(input: &Input, line: u64, reason: impl Into<String>) -> Rejection {
    Rejection { file: input.name().to_owned(), line, reason: reason.into() }
}
