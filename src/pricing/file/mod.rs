//! Reading price files: YAML of a published schema (`pricing/schema.json`) into price lists, exchange rates and
//! terms.
//!
//! Every number is read from its own text, quoted or not, never through a binary float. What a value must be is
//! checked here, with file, line, key, value and what was expected; which file applies is left to `catalog`.

mod fields;
mod price_list;
mod rates;
mod terms;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};

use super::error::{BadValue, PricingError, quoted};
use super::list::PriceList;
use super::terms::Terms;
use crate::yaml::{self, Problem, YamlError};
use fields::Fields;

pub use rates::{RateExample, RateFile};

/// The only schema version so far.
const SCHEMA_VERSION: &str = "1";
/// The most bytes of a price file that are read; the largest of ours has a few kilobytes.
const MAX_BYTES: u64 = 1 << 20;

/// A scalar as it is written, with its place.
type Text = Spanned<String>;

/// What a price file holds, by its `kind`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PriceFile {
    /// `price-list`: published prices of one provider from one day on.
    PriceList(PriceList),
    /// `exchange-rates`: dated rates of one pair of currencies.
    ExchangeRates(RateFile),
    /// `terms`: what a customer has negotiated.
    Terms(Terms),
}

impl PriceFile {
    /// The word of the kind in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            PriceFile::PriceList(_) => "price-list",
            PriceFile::ExchangeRates(_) => "exchange-rates",
            PriceFile::Terms(_) => "terms",
        }
    }
}

/// The price files of a path: itself, or all YAML files of a folder by name.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, PricingError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let folder = path.display().to_string();
    let unreadable = |error| PricingError::Read { file: folder.clone(), error };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(PricingError::EmptyFolder { folder });
    }
    files.sort();
    Ok(files)
}

/// Reads a price file from disk, at most `MAX_BYTES` of it.
pub fn read(path: &Path) -> Result<PriceFile, PricingError> {
    let file = path.display().to_string();
    let unreadable = |error| PricingError::Read { file: file.clone(), error };
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(PricingError::TooLarge { file, limit: MAX_BYTES });
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() as u64;
        PricingError::Syntax { file: file.clone(), line, reason: "the text is not UTF-8".to_owned() }
    })?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    parse_fields(&Fields { file: &file, sha256: Some(sha256) }, text)
}

/// Reads the text of a price file that is built in; `file` names it in messages.
pub fn parse(file: &str, text: &str) -> Result<PriceFile, PricingError> {
    parse_fields(&Fields { file, sha256: None }, text)
}

fn parse_fields(fields: &Fields, text: &str) -> Result<PriceFile, PricingError> {
    let file = fields.file;
    let head: Head = from_yaml(file, text)?;
    if head.schema_version.value != SCHEMA_VERSION {
        let expected = format!("'{SCHEMA_VERSION}'");
        return Err(fields.refuse("schema_version", &head.schema_version, "is not supported", &expected));
    }
    match head.kind.value.as_str() {
        "price-list" => price_list::read(fields, from_yaml(file, text)?).map(PriceFile::PriceList),
        "exchange-rates" => rates::read(fields, from_yaml(file, text)?).map(PriceFile::ExchangeRates),
        "terms" => terms::read(fields, from_yaml(file, text)?).map(PriceFile::Terms),
        _ => {
            let expected = "'price-list', 'exchange-rates' or 'terms'";
            Err(fields.refuse("kind", &head.kind, "is not a kind of price file", expected))
        }
    }
}

fn from_yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PricingError> {
    yaml::read(text).map_err(|error| refused(file, error))
}

fn refused(file: &str, YamlError { line, problem }: YamlError) -> PricingError {
    let file = file.to_owned();
    match problem {
        Problem::UnknownKey { key, expected } => {
            PricingError::UnknownKey { file, line, key, expected: quoted(&expected) }
        }
        Problem::MissingKey(key) => PricingError::MissingKey { file, line, key },
        Problem::Shape { key, value, expected } => {
            let (problem, expected) = ("does not fit", expected.to_owned());
            PricingError::Value(Box::new(BadValue { file, line, key, value, problem, expected }))
        }
        Problem::Other(reason) => PricingError::Syntax { file, line, reason },
    }
}

/// The keys that decide how the rest is read.
#[derive(Deserialize)]
struct Head {
    schema_version: Text,
    kind: Text,
}

/// Where figures come from, in every file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceBlock {
    url: Text,
    retrieved_on: Text,
    #[serde(default)]
    note: Option<Text>,
}

#[cfg(test)]
mod tests;
