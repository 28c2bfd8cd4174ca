//! What can go wrong with price files and with the choice of a price. Every message names the file and line, or
//! the value, and what was expected.

use std::io;
use std::sync::Arc;

use chrono::NaiveDate;

use super::list::PriceList;
use crate::money::{Currency, MoneyError};

/// A value in a file that cannot be taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadValue {
    /// The file.
    pub file: String,
    /// The line (1-based).
    pub line: u64,
    /// The key.
    pub key: String,
    /// The value as written.
    pub value: String,
    /// What is wrong with it, such as `is negative`.
    pub problem: &'static str,
    /// What was expected.
    pub expected: String,
}

/// What can go wrong with prices.
#[derive(Debug, thiserror::Error)]
pub enum PricingError {
    /// A value that cannot be taken.
    #[error("{}:{}: {}: '{}' {}: expected {}", .0.file, .0.line, .0.key, .0.value, .0.problem, .0.expected)]
    Value(Box<BadValue>),
    /// A key that has no meaning there.
    #[error("{file}:{line}: '{key}' is not a key here: expected {expected}")]
    UnknownKey {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The key.
        key: String,
        /// The keys that have one.
        expected: String,
    },
    /// A key that must be there.
    #[error("{file}:{line}: the key '{key}' is missing: expected it at the same level as this line")]
    MissingKey {
        /// The file.
        file: String,
        /// The line of another key of the mapping that lacks it.
        line: u64,
        /// The key.
        key: String,
    },
    /// Not YAML, or YAML of another shape.
    #[error("{file}:{line}: cannot be read as a price file: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What the reader says.
        reason: String,
    },
    /// A file too large to be a price file.
    #[error("{file}: is larger than {limit} bytes: expected a price file")]
    TooLarge {
        /// The file.
        file: String,
        /// The most that is read.
        limit: u64,
    },
    /// A file that cannot be opened or read.
    #[error("{file}: {error}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// A folder without price files.
    #[error("{folder}: holds no price file: expected names that end in .yaml or .yml")]
    EmptyFolder {
        /// The folder.
        folder: String,
    },
    /// Two files that say they are the same.
    #[error("{file}: {what} is also in {other}: expected it once")]
    Duplicate {
        /// The later file.
        file: String,
        /// What is there twice.
        what: String,
        /// The earlier file.
        other: String,
    },
    /// Lists of one name in two currencies.
    #[error(
        "{}: price list '{}' is in {}, in {} it is in {}: expected one currency under one name; give the list a name of its own",
        .lists[1].file, .lists[1].name, .lists[1].currency, .lists[0].file, .lists[0].currency
    )]
    OtherCurrency {
        /// The earlier list and the later one.
        lists: Box<[Arc<PriceList>; 2]>,
    },
    /// A file of another kind than the one asked for.
    #[error("{file}: is of kind '{kind}': expected {expected}")]
    WrongKind {
        /// The file.
        file: String,
        /// Its kind.
        kind: &'static str,
        /// The kinds that fit.
        expected: &'static str,
    },
    /// No list of that name.
    #[error("'{name}' is not a price list: expected one of {known}")]
    NoList {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Neither a list nor rates of that name.
    #[error("'{name}' is neither a price list nor a file of exchange rates: expected one of {known}")]
    NoPrices {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No version of that name.
    #[error("'{version}' is not a version of '{name}': expected one of {known}")]
    NoVersion {
        /// The list, or the rates.
        name: String,
        /// The version.
        version: String,
        /// The versions there are.
        known: String,
    },
    /// A day before the first list.
    #[error("no price list '{name}' is in force on {on}: expected a date from {first} on")]
    NotInForce {
        /// The list.
        name: String,
        /// The day.
        on: NaiveDate,
        /// The first day of the first list.
        first: NaiveDate,
    },
    /// No rate between two currencies.
    #[error("no exchange rate between {pricing} and {billing} is known{known}")]
    NoRate {
        /// Currency of the list.
        pricing: Currency,
        /// Currency of the result.
        billing: Currency,
        /// What is known instead: empty, or `: expected a currency among …` or `: … from DATE on`.
        known: String,
    },
    /// Terms outside their time, or for another list or meter.
    #[error("{file}: these terms {problem}")]
    Terms {
        /// The file.
        file: String,
        /// What does not fit.
        problem: String,
    },
    /// A worked example beyond exact calculation.
    #[error("{file}:{line}: this example cannot be calculated: {error}")]
    Example {
        /// The file.
        file: String,
        /// The line of its result (1-based).
        line: u64,
        /// Why.
        error: MoneyError,
    },
    /// An amount beyond exact calculation.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Names in quotes, for messages.
pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// What is known instead of a rate that is asked for too early, for messages.
pub(crate) fn known_from(first: NaiveDate) -> String {
    format!(" on the day asked for: expected a date from {first} on")
}
