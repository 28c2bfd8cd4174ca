//! YAML files: bounded reading, and the parser's errors in the words of this program.
//!
//! What a key means, and how an error is introduced, is left to whoever reads the file.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, UserMessageFormatter};

/// Nodes to which the aliases of a file may expand; no file of ours needs any, and a "billion laughs" ends at once.
const MAX_ALIASED_NODES: usize = 10_000;

/// Why a text is not the YAML that was expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct YamlError {
    /// The line (1-based).
    pub line: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong on a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// A key that has no meaning there.
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that have one.
        expected: Vec<&'static str>,
    },
    /// A key that must be there, at the level of this line.
    MissingKey(String),
    /// A list where a text should be, or the like.
    Shape {
        /// The key that stands on the line.
        key: String,
        /// What stands behind it.
        value: String,
        /// What was expected, such as `one text or number`.
        expected: &'static str,
    },
    /// Anything else, as a statement.
    Other(String),
}

/// Reads a text as YAML of one shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_ALIASED_NODES },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| explained(&error, text))
}

fn explained(error: &Error, text: &str) -> YamlError {
    let line = error.location().map_or(1, |place| place.line().max(1));
    let problem = match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => {
            Problem::UnknownKey { key: field.clone(), expected: expected.clone() }
        }
        Error::SerdeMissingField { field, .. } => Problem::MissingKey((*field).to_owned()),
        Error::Unexpected { expected, .. } => unexpected(line, expected, text),
        other => Problem::Other(reason(other)),
    };
    YamlError { line, problem }
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

/// A value of another shape, named by the key and value that stand on the line.
fn unexpected(line: u64, expected: &'static str, text: &str) -> Problem {
    let expected = match expected {
        "string scalar" => "one text or number",
        "sequence start" => "a list such as '[a, b]'",
        "mapping start" => "keys with values, such as 'key: value'",
        other => other,
    };
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    match text.lines().nth(index).and_then(|line| line.split_once(':')) {
        Some((key, value)) => Problem::Shape {
            key: key.trim().trim_start_matches("- ").to_owned(),
            value: value.trim().to_owned(),
            expected,
        },
        None => Problem::Other(format!("expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its shape matters")]
    struct Shape {
        name: String,
        #[serde(default)]
        list: Vec<String>,
        #[serde(default)]
        map: BTreeMap<String, String>,
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let aliases = format!("name: &a x\nlist: [{}]\n", "*a, ".repeat(10_001));
        let texts = [
            "nme: x\n",
            "list: [a]\n",
            "name: x\nlist: a\n",
            "name: [x]\n",
            "name: x\nmap: [a]\n",
            "[]\n",
            "name: x\nname: y\n",
            "name: x\n---\nname: y\n",
            "name: x\n- a\n",
            "",
            &aliases,
        ];
        let shown = |text: &str| match read::<Shape>(text) {
            Ok(shape) => panic!("{shape:?}"),
            Err(YamlError { line, problem }) => format!("{line}: {problem:?}"),
        };
        insta::assert_snapshot!(texts.map(shown).join("\n"), @r#"
        1: UnknownKey { key: "nme", expected: ["name", "list", "map"] }
        1: MissingKey("name")
        2: Shape { key: "list", value: "a", expected: "a list such as '[a, b]'" }
        1: Shape { key: "name", value: "[x]", expected: "one text or number" }
        2: Shape { key: "map", value: "[a]", expected: "keys with values, such as 'key: value'" }
        1: Other("expected keys with values, such as 'key: value'")
        2: Other("the key 'name' is there twice, expected once")
        3: Other("it holds several documents, expected one")
        2: Other("while parsing a block mapping, did not find expected key")
        1: Other("unexpected end of file")
        1: Other("its aliases expand to more than 10000 nodes")
        "#);
    }
}
