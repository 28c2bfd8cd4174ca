//! The YAML of price files: bounded reading, and the reader's errors in our words.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, UserMessageFormatter};

use super::PricingError;
use crate::pricing::error::{BadValue, quoted};

/// Nodes to which the aliases of a file may expand; price files need none, and a "billion laughs" ends at once.
const MAX_ALIASED_NODES: usize = 10_000;

pub(super) fn from_yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PricingError> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_ALIASED_NODES },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| explained(&error, file, text))
}

fn explained(error: &Error, file: &str, text: &str) -> PricingError {
    let line = error.location().map_or(1, |place| place.line().max(1));
    let file = file.to_owned();
    match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => {
            PricingError::UnknownKey { file, line, key: field.clone(), expected: quoted(expected) }
        }
        Error::SerdeMissingField { field, .. } => {
            PricingError::MissingKey { file, line, key: (*field).to_owned() }
        }
        Error::Unexpected { expected, .. } => unexpected(file, line, expected, text),
        other => PricingError::Syntax { file, line, reason: reason(other) },
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key '{key}' is there twice, expected once")
        }
        Error::MultipleDocuments { .. } => "it holds several documents, expected one".to_owned(),
        Error::AliasReplayLimitExceeded { .. } => {
            format!("its aliases expand to more than {MAX_ALIASED_NODES} nodes")
        }
        Error::AliasError { error, .. } => reason(error),
        other => {
            let text = other.render_with_formatter(&UserMessageFormatter);
            text.split(" at line ").next().unwrap_or_default().to_owned()
        }
    }
}

/// A list where a text should be, or the like: named by the key and value that stand on the line.
fn unexpected(file: String, line: u64, expected: &str, text: &str) -> PricingError {
    let expected = match expected {
        "string scalar" => "one text or number",
        "sequence start" => "a list",
        "mapping start" => "keys with values",
        other => other,
    };
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    match text.lines().nth(index).and_then(|line| line.split_once(':')) {
        Some((key, value)) => PricingError::Value(Box::new(BadValue {
            file,
            line,
            key: key.trim().trim_start_matches("- ").to_owned(),
            value: value.trim().to_owned(),
            problem: "does not fit",
            expected: expected.to_owned(),
        })),
        None => PricingError::Syntax { file, line, reason: format!("expected {expected}") },
    }
}
