//! What belongs to a ledger: its files with their digests and sums, the batches that brought them, and what later
//! batches must agree with. It is one JSON file that is replaced as a whole.
//!
//! Putting files and manifest in place together is left to `commit`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::error::LedgerError;
use super::paths;
use super::schema::{Kind, VERSION};
use crate::money::Money;
use rust_decimal::Decimal;

/// What belongs to a ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the folder: [`VERSION`].
    pub version: u64,
    /// The version of the program that wrote it last.
    pub written_by: String,
    /// The number of the next batch; the first is 1.
    pub next_batch: u64,
    /// Settings with which inputs were read; set with the first batch.
    #[serde(default)]
    pub settings: Option<Settings>,
    /// Zones under which times without a zone were read.
    #[serde(default)]
    pub zones: Vec<SourceZone>,
    /// What was asked to be forgotten.
    #[serde(default)]
    pub forgotten: Forgotten,
    /// What was added, in order.
    #[serde(default)]
    pub batches: Vec<Batch>,
    /// The files, by kind, day and name.
    pub(super) files: Vec<FileEntry>,
}

/// Settings that change what is read out of inputs: all batches of a ledger must agree.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Relay hosts that count, as they were typed.
    #[serde(default)]
    pub relay_hosts: Vec<String>,
    /// The organisation's own domains.
    #[serde(default)]
    pub own_domains: Vec<String>,
    /// Whether local parts of senders are replaced by a keyed digest.
    #[serde(default)]
    pub pseudonymise: bool,
}

/// The zone under which a log without zones was read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct SourceZone {
    /// The format.
    pub format: String,
    /// The first label of the host that wrote the log; empty where it names none.
    pub host: String,
    /// The zone, such as `Europe/Rome` or `UTC`.
    pub zone: String,
}

/// What was asked to be forgotten, so that a later batch does not bring it back.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Forgotten {
    /// Days before this one.
    #[serde(default, with = "maybe_date")]
    pub before: Option<NaiveDate>,
    /// Keyed digests of senders, in hexadecimal.
    #[serde(default)]
    pub senders: Vec<String>,
    /// Domains of which every sender is erased.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Whether the digests of recipients were erased: none are kept any more.
    #[serde(default)]
    pub recipients: bool,
}

/// What a batch brought.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Batch {
    /// Its number.
    pub number: u64,
    /// The inputs that were read.
    #[serde(default)]
    pub inputs: Vec<BatchInput>,
    /// Rows that are new.
    #[serde(default)]
    pub added: u64,
    /// Rows that completed or replaced stored ones.
    #[serde(default)]
    pub merged: u64,
    /// Rows that were there already.
    #[serde(default)]
    pub already_there: u64,
}

/// An input of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BatchInput {
    /// The name under which it is shown.
    pub name: String,
    /// The format as which it was read.
    pub format: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

/// A file of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FileEntry {
    /// What rows it holds.
    #[serde(with = "kind")]
    pub kind: Kind,
    /// The UTC day of its rows; `None` for kinds without days.
    #[serde(default, with = "maybe_date", skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// Where it stands below the ledger, with `/` between folders.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What its rows come to.
    #[serde(flatten)]
    pub sums: Sums,
}

/// What the rows of a file come to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sums {
    /// Messages.
    pub messages: u64,
    /// Recipients.
    pub recipients: u64,
    /// The sum of message size times recipients, where the size is known.
    pub recipient_bytes: u64,
    /// Billed cost by currency.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub billed: BTreeMap<String, Decimal>,
}

impl Sums {
    /// Adds messages of one size.
    pub(super) fn count(&mut self, messages: u64, recipients: u64, size: Option<u64>) {
        self.messages = self.messages.saturating_add(messages);
        self.recipients = self.recipients.saturating_add(recipients);
        let bytes = size.unwrap_or_default().saturating_mul(recipients);
        self.recipient_bytes = self.recipient_bytes.saturating_add(bytes);
    }

    /// Adds a billed cost.
    pub(super) fn bill(&mut self, cost: Money) {
        let sum = self.billed.entry(cost.currency().code().to_owned()).or_default();
        *sum = sum.saturating_add(cost.amount());
    }

    /// Adds the sums of another file.
    pub fn add(&mut self, other: &Sums) {
        self.messages = self.messages.saturating_add(other.messages);
        self.recipients = self.recipients.saturating_add(other.recipients);
        self.recipient_bytes = self.recipient_bytes.saturating_add(other.recipient_bytes);
        for (currency, amount) in &other.billed {
            let sum = self.billed.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sums { messages, recipients, recipient_bytes, billed } = self;
        write!(f, "{messages} messages, {recipients} recipients, {recipient_bytes} recipient bytes")?;
        billed.iter().try_for_each(|(currency, amount)| write!(f, ", {amount} {currency}"))
    }
}

impl Manifest {
    /// Of a ledger without anything in it.
    pub(super) fn new() -> Manifest {
        Manifest {
            version: VERSION,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            next_batch: 1,
            settings: None,
            zones: Vec::new(),
            forgotten: Forgotten::default(),
            batches: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The files, by kind, day and name.
    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// Reads it; `None` where there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Manifest>, LedgerError> {
        let path = folder.join(paths::MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LedgerError::io("read", &path)(error)),
        };
        let manifest: Manifest = parse(&path, &text)?;
        match manifest.files.iter().find(|file| !file.is_placed_well()) {
            Some(file) => {
                let what = format!("'{}' is no place of a file of its kind and day", file.path);
                Err(LedgerError::damaged(&path, what))
            }
            None => Ok(Some(manifest)),
        }
    }

    /// Its text.
    pub(super) fn to_json(&self) -> String {
        to_json(self)
    }
}

impl FileEntry {
    /// Whether its path is one that the program makes, so that no text leads out of the ledger.
    fn is_placed_well(&self) -> bool {
        let name = self.path.rsplit_once('/').map_or("", |(_, name)| name);
        self.day.is_some() == self.kind.is_by_day()
            && paths::is_file_name(name)
            && self.path == format!("{}/{name}", paths::folder_of(self.kind, self.day))
    }
}

/// A version of the ledger, before the rest is understood.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

/// Reads JSON of a version that is known.
pub(super) fn parse<T: for<'a> Deserialize<'a>>(path: &Path, text: &[u8]) -> Result<T, LedgerError> {
    let damaged =
        |error: serde_json::Error| LedgerError::damaged(path, format!("expected its JSON: {error}"));
    let Versioned { version: found } = serde_json::from_slice(text).map_err(damaged)?;
    if found > VERSION {
        return Err(LedgerError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    serde_json::from_slice(text).map_err(damaged)
}

/// The JSON of what has nothing that JSON cannot hold.
pub(super) fn to_json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Days as `2026-10-01`.
mod maybe_date {
    use chrono::NaiveDate;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(date: &Option<NaiveDate>, to: S) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => to.collect_str(date),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| crate::period::parse_date(&text)).transpose().map_err(D::Error::custom)
    }
}

/// Kinds by their words.
mod kind {
    use crate::ledger::schema::Kind;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(kind.name())
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(from)?;
        Kind::of_name(&name).ok_or_else(|| D::Error::custom(format!("'{name}' is no kind of rows")))
    }
}
