//! Keeps the arrows and fences of the design: which module may import which, and what exists in one place only.
//!
//! [`violations`] takes the sources as texts, so that the tests can plant a violation of every rule and see it
//! reported. Comments, texts and test code are left out of the check.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Modules in dependence order: each may import only those before it.
const LAYERS: [&str; 22] = [
    "money",
    "units",
    "period",
    "random",
    "yaml",
    "pricing",
    "usage",
    "ingest",
    "ledger",
    "estimate",
    "forecast",
    "scenario",
    "sizing",
    "reconcile",
    "locale",
    "chart",
    "report",
    "sample",
    "azure",
    "serve",
    "cli",
    "main",
];

/// Words that may stand only below the named paths (none: nowhere), and why.
const FENCES: [(&[&str], &[&str], &str); 8] = [
    (&["f64", "f32"], FLOATS, "money and counts are exact"),
    (&["tokio"], &["src/azure", "src/serve"], "the rest is plain functions"),
    (&["clap", "clap_complete", "clap_mangen"], &["src/cli"], "only cli parses arguments"),
    (&["serde_saphyr"], YAML, "only where a YAML file is parsed"),
    (ROUNDING, ROUNDED, "others call money::round with a named strategy"),
    (&["print", "println", "eprint", "eprintln", "dbg"], &[], "cli writes to locked handles"),
    (&["stdout", "stderr"], &["src/cli"], "only cli writes to the terminal"),
    (&["unsafe"], &[], "no measurement has earned one"),
];

/// Statistics, pictures and sizes; the XLSX writer, whose cells are doubles; the one place that turns a stored
/// double into a decimal by its shortest text.
const FLOATS: &[&str] =
    &["src/forecast", "src/chart", "src/sizing", "src/report/xlsx.rs", "src/ingest/double.rs"];
/// Amounts are rounded in money alone; forecast and chart have no amounts, but floats of their own.
const ROUNDED: &[&str] = &["src/money.rs", "src/forecast", "src/chart"];
/// The one reader of YAML, and the files that say what shape a YAML file has.
const YAML: &[&str] =
    &["src/yaml.rs", "src/pricing/file", "src/ingest/formats/generic_csv/mapping.rs", "src/cli/settings.rs"];
/// Everything that loses digits of a decimal.
const ROUNDING: &[&str] = &[
    "round",
    "round_dp",
    "round_dp_with_strategy",
    "round_sf",
    "round_sf_with_strategy",
    "trunc",
    "trunc_with_scale",
    "floor",
    "ceil",
    "rescale",
    "RoundingStrategy",
];

/// Lines of a function; what is longer does not fit a screen.
const FUNCTION_CAP: usize = 45;
/// Lines of a file before its tests.
const LINE_CAP: usize = 400;
/// Files that may be longer, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];
/// Names that say nothing about what a module is for.
const EMPTY_NAMES: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "types", "manager", "misc", "shared"];

#[test]
fn the_sources_keep_the_design() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    collect(&root.join("src"), "src", &mut files);
    assert!(files.contains_key("src/lib.rs"));
    let found = violations(&files);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn collect(folder: &Path, name: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{name}/{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &name, files);
        } else if name.ends_with(".rs") {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every breach of the design, as `file:line: what`, for sources by their path from the crate root.
fn violations(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    let tests = test_files(files);
    for (path, text) in files {
        let is_test = tests.contains(path);
        let code = if is_test { Vec::new() } else { without_tests(tokens(text)) };
        let checks = [shape(path, text, is_test), lengths(&code), layers(path, &code), fences(path, &code)];
        found.extend(checks.concat().into_iter().map(|(line, what)| format!("{path}:{line}: {what}")));
    }
    found
}

/// A line and what is wrong there.
type Breach = (usize, String);

/// Module documentation, length and name.
fn shape(path: &str, text: &str, is_test: bool) -> Vec<Breach> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push((1, "the file does not begin with '//!'".to_owned()));
    }
    let opens_tests = |line: &str| line.trim_start().starts_with("#[cfg(test)]");
    let lines = text.lines().take_while(|line| !opens_tests(line)).count();
    if lines > LINE_CAP && !is_test && !LONG_FILES.iter().any(|(long, _)| *long == path) {
        found.push((LINE_CAP + 1, format!("{lines} lines before the tests: at most {LINE_CAP}")));
    }
    for part in module_path(path).iter().filter(|part| EMPTY_NAMES.contains(&part.as_str())) {
        found.push((1, format!("'{part}' does not say what the module is for")));
    }
    found
}

/// Functions that do not fit a screen.
fn lengths(code: &[Token]) -> Vec<Breach> {
    let is_name = |token: &Token| token.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut found = Vec::new();
    for (at, pair) in code.windows(2).enumerate() {
        if pair[0].text == "fn" && is_name(&pair[1]) {
            let (first, last) = (pair[0].line, code[item_end(code, at) - 1].line);
            let lines = last - first + 1;
            if lines > FUNCTION_CAP {
                found.push((first, format!("'{}' has {lines} lines: at most {FUNCTION_CAP}", pair[1].text)));
            }
        }
    }
    found
}

/// Imports of a module that stands at or after the importing one.
fn layers(path: &str, code: &[Token]) -> Vec<Breach> {
    let module = module_path(path);
    let Some(own) = module.first() else {
        return out_of_order(code);
    };
    let Some(place) = place_of(own) else {
        return vec![(1, format!("'{own}' is not a layer of the design"))];
    };
    let mut found = Vec::new();
    for target in references(&module, code) {
        if target.text == "*" {
            found.push((target.line, "the crate is imported whole: name the modules".to_owned()));
        } else if place_of(&target.text).is_some_and(|other| other > place) {
            found.push((target.line, format!("'{own}' imports '{}', which stands after it", target.text)));
        }
    }
    found
}

/// Modules that `lib.rs` declares out of dependence order.
fn out_of_order(code: &[Token]) -> Vec<Breach> {
    let declared = code.windows(2).filter(|pair| pair[0].text == "mod").map(|pair| &pair[1]);
    let declared: Vec<&Token> = declared.collect();
    let late = |pair: &&[&Token]| place_of(&pair[0].text) > place_of(&pair[1].text);
    let found = declared.windows(2).filter(late);
    found.map(|pair| (pair[1].line, format!("'{}' is declared too late", pair[1].text))).collect()
}

fn place_of(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|known| *known == layer)
}

/// `src/usage/names.rs` is `usage`, `names`; `src/lib.rs` is the crate itself.
fn module_path(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let parts = inner.split('/').filter(|part| !matches!(*part, "mod" | "lib"));
    parts.map(str::to_owned).collect()
}

/// The names that follow the crate's root in all paths of a file.
fn references(module: &[String], code: &[Token]) -> Vec<Token> {
    let mut found = Vec::new();
    for (index, token) in code.iter().enumerate() {
        let inside_path = index >= 2 && is_path(code, index - 2) && code[index - 1].text == ":";
        if inside_path && code.get(index.wrapping_sub(3)).is_none_or(|before| before.text != "self") {
            continue;
        }
        match token.text.as_str() {
            "crate" | "relaymeter" if is_path(code, index + 1) => heads(code, index + 3, 0, &mut found),
            "super" if is_path(code, index + 1) => heads(code, index + 3, module.len() - 1, &mut found),
            _ => {}
        }
    }
    found
}

fn is_path(code: &[Token], index: usize) -> bool {
    stands(&[":", ":"], code, index)
}

/// Collects what stands at the crate's root in a path or group of paths that begins `below` levels under it.
fn heads(code: &[Token], index: usize, below: usize, found: &mut Vec<Token>) {
    let Some(token) = code.get(index) else { return };
    match token.text.as_str() {
        "super" => heads(code, index + 3, below.saturating_sub(1), found),
        "{" => {
            let mut depth = 0;
            for (inner, token) in code.iter().enumerate().skip(index) {
                match token.text.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && matches!(token.text.as_str(), "{" | ",") {
                    heads(code, inner + 1, below, found);
                }
            }
        }
        _ if below == 0 => found.push(token.clone()),
        _ => {}
    }
}

/// Words outside the files that may use them.
fn fences(path: &str, code: &[Token]) -> Vec<Breach> {
    let mut found = Vec::new();
    for (words, allowed, reason) in FENCES {
        if allowed.iter().any(|inside| path.starts_with(inside)) {
            continue;
        }
        for (index, token) in code.iter().enumerate() {
            let is_named = words.contains(&token.text.as_str()) && means_it(words, code, index);
            if is_named || words.contains(&"f64") && is_of_floats(&token.text) {
                found.push((token.line, format!("'{}' is not allowed here: {reason}", token.text)));
            }
        }
        let floats = code.iter().filter(|token| words.contains(&"f64") && is_float(&token.text));
        found.extend(floats.map(|token| (token.line, format!("{} is a float: {reason}", token.text))));
    }
    found
}

/// Rounding is meant only where it is called or defined, printing only as a macro; a free function `round` is money's
/// own.
fn means_it(words: &[&str], code: &[Token], index: usize) -> bool {
    let next = |text: &str| code.get(index + 1).is_some_and(|token| token.text == text);
    let before = |text: &str| index > 0 && code[index - 1].text == text;
    let decimal = || index >= 3 && is_path(code, index - 2) && code[index - 3].text != "money";
    match words[0] {
        "round" => match code[index].text.as_str() {
            "RoundingStrategy" => true,
            "round" => before(".") || before("fn") || decimal(),
            _ => before(".") || next("(") || decimal(),
        },
        "print" => next("!"),
        _ => true,
    }
}

/// `f64`, and every name made with it, such as `to_f64` or `as_secs_f32`.
fn is_of_floats(token: &str) -> bool {
    let is_name = token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let token = token.to_lowercase();
    is_name && (token.contains("f64") || token.contains("f32"))
}

/// `0.5`, `1e9`, `1f64`; not `1_000`, `0xe`, `1usize`.
fn is_float(token: &str) -> bool {
    let rest = token.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let is_number = token.starts_with(|c: char| c.is_ascii_digit());
    is_number && (rest.starts_with(['.', 'e', 'E']) || matches!(rest, "f32" | "f64"))
}

/// A word, number or sign of the code.
#[derive(Clone, Debug)]
struct Token {
    line: usize,
    text: String,
}

/// The code without comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens: Vec<Token> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = token_end(&chars, at, tokens.last().is_some_and(|token| token.text == "."));
        let text: String = chars[at..end].iter().collect();
        let is_code = !chars[at].is_whitespace() && !is_comment(&chars, at) && !text.contains(['"', '\'']);
        if is_code {
            tokens.push(Token { line, text: text.clone() });
        }
        line += text.matches('\n').count();
        at = end;
    }
    tokens
}

fn is_comment(chars: &[char], at: usize) -> bool {
    chars[at] == '/' && matches!(chars.get(at + 1), Some('/' | '*'))
}

/// Where the token at a place ends.
fn token_end(chars: &[char], at: usize, after_point: bool) -> usize {
    let get = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let word_end = |start: usize| {
        (start..).find(|&index| !(get(index).is_alphanumeric() || get(index) == '_')).unwrap_or(start)
    };
    match get(at) {
        '/' if get(at + 1) == '/' => (at..chars.len()).find(|&i| chars[i] == '\n').unwrap_or(chars.len()),
        '/' if get(at + 1) == '*' => block_end(chars, at),
        '"' => text_end(chars, at + 1),
        '\'' if get(at + 1) == '\\' => {
            (at + 3..chars.len()).find(|&i| chars[i] == '\'').map_or(chars.len(), |i| i + 1)
        }
        '\'' if get(at + 2) == '\'' => at + 3,
        '\'' => word_end(at + 1),
        digit if digit.is_ascii_digit() => {
            let whole = word_end(at);
            let fraction = !after_point && get(whole) == '.' && get(whole + 1).is_ascii_digit();
            if fraction { word_end(whole + 1) } else { whole }
        }
        letter if letter.is_alphabetic() || letter == '_' => {
            let end = word_end(at);
            let prefix: String = chars[at..end].iter().collect();
            let hashes = (end..).take_while(|&index| get(index) == '#').count();
            match (prefix.as_str(), get(end + hashes)) {
                ("r" | "br" | "cr", '"') => raw_end(chars, end + hashes + 1, hashes),
                ("b" | "c", '"') if hashes == 0 => text_end(chars, end + 1),
                ("b", '\'') if hashes == 0 => token_end(chars, end, false),
                _ => end,
            }
        }
        _ => at + 1,
    }
}

fn block_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut index) = (0, at);
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => (depth, index) = (depth + 1, index + 2),
            ('*', Some('/')) => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index.min(chars.len())
}

fn text_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_end(chars: &[char], at: usize, hashes: usize) -> usize {
    let closes = |&index: &usize| {
        chars[index] == '"' && (1..=hashes).all(|offset| chars.get(index + offset) == Some(&'#'))
    };
    (at..chars.len()).find(closes).map_or(chars.len(), |index| index + 1 + hashes)
}

const TEST_MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

/// The code without items that stand under `#[cfg(test)]`.
fn without_tests(code: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if stands(&TEST_MARK, &code, at) {
            at = item_end(&code, at + TEST_MARK.len());
        } else {
            kept.push(code[at].clone());
            at += 1;
        }
    }
    kept
}

/// Files that are modules of tests as a whole: `#[cfg(test)] mod name;`.
fn test_files(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in files {
        let code = tokens(text);
        for at in (0..code.len()).filter(|&at| stands(&TEST_MARK, &code, at)) {
            let item = &code[at..item_end(&code, at + TEST_MARK.len())];
            if let [.., word, name, end] = item
                && word.text == "mod"
                && end.text == ";"
            {
                let folder = path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
                found.insert(format!("{folder}/{}.rs", name.text));
            }
        }
    }
    found
}

fn stands(words: &[&str], code: &[Token], at: usize) -> bool {
    let found = code.get(at..at + words.len());
    found.is_some_and(|found| found.iter().zip(words).all(|(token, word)| token.text == *word))
}

/// Where the item at a place ends: after its block, or after its semicolon.
fn item_end(code: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (index, token) in code.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(token.text.as_str(), "}" | ";") {
            return index + 1;
        }
    }
    code.len()
}

/// What the check says of one file with this content.
fn planted(path: &str, text: &str) -> Vec<String> {
    violations(&BTreeMap::from([(path.to_owned(), text.to_owned())]))
}

#[test]
fn an_import_against_the_arrows_is_reported() {
    let cases = [
        ("src/money.rs", "use crate::cli::Exit;", "'money' imports 'cli', which stands after it"),
        (
            "src/units.rs",
            "use crate::{money, report::{Cell, Row}};",
            "'units' imports 'report', which stands after it",
        ),
        (
            "src/usage/names.rs",
            "use super::super::estimate;",
            "'usage' imports 'estimate', which stands after it",
        ),
        (
            "src/usage/names.rs",
            "use super::{Skip, super::ingest::Sink};",
            "'usage' imports 'ingest', which stands after it",
        ),
        ("src/usage/mod.rs", "use self::super::ingest;", "'usage' imports 'ingest', which stands after it"),
        (
            "src/report/mod.rs",
            "fn f() { relaymeter::sample::make() }",
            "'report' imports 'sample', which stands after it",
        ),
        ("src/period.rs", "use super::pricing;", "'period' imports 'pricing', which stands after it"),
        ("src/period.rs", "use crate::*;", "the crate is imported whole: name the modules"),
        ("src/shop.rs", "", "'shop' is not a layer of the design"),
    ];
    for (path, code, message) in cases {
        let line = if code.is_empty() { 1 } else { 3 };
        assert_eq!(planted(path, &format!("//! Doc.\n\n{code}\n")), [format!("{path}:{line}: {message}")]);
    }
    let order = "//! Doc.\npub mod units;\npub mod money;\n";
    assert_eq!(planted("src/lib.rs", order), ["src/lib.rs:3: 'money' is declared too late"]);
}

#[test]
fn a_word_outside_its_fence_is_reported() {
    let exact = "money and counts are exact";
    let round = "others call money::round with a named strategy";
    let cases = [
        ("src/units.rs", "fn f(x: f64) {}", format!("'f64' is not allowed here: {exact}")),
        ("src/units.rs", "const X: f32 = y;", format!("'f32' is not allowed here: {exact}")),
        ("src/units.rs", "x.to_f64()", format!("'to_f64' is not allowed here: {exact}")),
        ("src/units.rs", "Decimal::from_f64(x)", format!("'from_f64' is not allowed here: {exact}")),
        ("src/units.rs", "x.as_secs_f32()", format!("'as_secs_f32' is not allowed here: {exact}")),
        ("src/units.rs", "let x = 0.5;", format!("0.5 is a float: {exact}")),
        ("src/units.rs", "let x = 1e9;", format!("1e9 is a float: {exact}")),
        (
            "src/cli/mod.rs",
            "use tokio::spawn;",
            "'tokio' is not allowed here: the rest is plain functions".to_owned(),
        ),
        (
            "src/report/mod.rs",
            "use clap::Parser;",
            "'clap' is not allowed here: only cli parses arguments".to_owned(),
        ),
        (
            "src/ingest/mod.rs",
            "serde_saphyr::from_str(x)",
            "'serde_saphyr' is not allowed here: only where a YAML file is parsed".to_owned(),
        ),
        ("src/units.rs", "x.round_dp(2)", format!("'round_dp' is not allowed here: {round}")),
        ("src/units.rs", "x.trunc()", format!("'trunc' is not allowed here: {round}")),
        ("src/units.rs", "x\n.floor()", format!("'floor' is not allowed here: {round}")),
        ("src/units.rs", "x.rescale(2)", format!("'rescale' is not allowed here: {round}")),
        ("src/units.rs", "Decimal::rescale(&mut x, 2)", format!("'rescale' is not allowed here: {round}")),
        ("src/estimate/mod.rs", "ceil(x)", format!("'ceil' is not allowed here: {round}")),
        ("src/units.rs", "fn trunc(x: u64) {}", format!("'trunc' is not allowed here: {round}")),
        ("src/units.rs", "fn round(x: u64) {}", format!("'round' is not allowed here: {round}")),
        ("src/units.rs", "map(Decimal::ceil)", format!("'ceil' is not allowed here: {round}")),
        (
            "src/units.rs",
            "use rust_decimal::RoundingStrategy;",
            format!("'RoundingStrategy' is not allowed here: {round}"),
        ),
        (
            "src/cli/mod.rs",
            "println!(x)",
            "'println' is not allowed here: cli writes to locked handles".to_owned(),
        ),
        (
            "src/main.rs",
            "eprint!(x)",
            "'eprint' is not allowed here: cli writes to locked handles".to_owned(),
        ),
        (
            "src/report/mod.rs",
            "std::io::stdout().lock()",
            "'stdout' is not allowed here: only cli writes to the terminal".to_owned(),
        ),
        (
            "src/main.rs",
            "use std::io::{self, stderr};",
            "'stderr' is not allowed here: only cli writes to the terminal".to_owned(),
        ),
        (
            "src/money.rs",
            "unsafe { f() }",
            "'unsafe' is not allowed here: no measurement has earned one".to_owned(),
        ),
    ];
    for (path, code, message) in cases {
        let line = 3 + code.matches('\n').count();
        assert_eq!(planted(path, &format!("//! Doc.\n\n{code}\n")), [format!("{path}:{line}: {message}")]);
    }
}

#[test]
fn a_file_without_purpose_or_without_end_is_reported() {
    assert_eq!(
        planted("src/money.rs", "use std::fmt;\n"),
        ["src/money.rs:1: the file does not begin with '//!'"]
    );
    let long = format!("//! Doc.\n{}", "fn f() {}\n".repeat(400));
    assert_eq!(planted("src/money.rs", &long), ["src/money.rs:401: 401 lines before the tests: at most 400"]);
    let tested = format!("//! Doc.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(400));
    assert_eq!(planted("src/money.rs", &tested), Vec::<String>::new());
    assert_eq!(
        planted("src/usage/util.rs", "//! Doc.\n"),
        ["src/usage/util.rs:1: 'util' does not say what the module is for"]
    );
}

#[test]
fn a_function_that_does_not_fit_a_screen_is_reported() {
    let function = |lines: usize| format!("fn f(x: [u8; 2]) {{\n{}}}\n", "x;\n".repeat(lines - 2));
    let check = |code: &str| planted("src/money.rs", &format!("//! Doc.\n{code}"));
    assert_eq!(check(&function(45)), Vec::<String>::new());
    assert_eq!(check(&function(46)), ["src/money.rs:2: 'f' has 46 lines: at most 45"]);
    assert_eq!(check(&format!("#[cfg(test)]\n{}", function(46))), Vec::<String>::new());
    let declared = format!("trait T {{\nfn f();\n{}}}\n", "const X: fn(u8) = y;\n".repeat(50));
    assert_eq!(check(&declared), Vec::<String>::new());
}

#[test]
fn comments_texts_and_tests_are_no_code() {
    let text = r##"//! use crate::cli; f64
// unsafe
/* println!("x") /* f64 */ crate::cli */
use crate::money::{Rounding, round};
use super::money::Money;
const A: &str = "crate::cli \" f64 unsafe";
const B: &str = r#"use "crate::cli" f64"#;
const C: &[u8] = b"unsafe";
const D: [char; 3] = ['"', '\'', '\u{1b}'];
fn f<'a>(pair: &'a ((u8, u8), u8)) -> u8 { round(pair.0.1, 0..5, 1_000) }
fn g() { crate::money::round(self::clap_free()); x.round }
#[cfg(test)]
#[derive(Debug)]
struct Probe { at: f64 }
#[cfg(test)]
mod tests {
    use crate::cli;
    fn f() { println!("{}", 0.5_f64.round()); }
}
"##;
    assert_eq!(
        planted("src/units.rs", text),
        ["src/units.rs:11: 'round' is not allowed here: others call money::round with a named strategy"]
    );
}

#[test]
fn a_file_of_tests_may_import_and_do_what_it_needs() {
    let test = format!("//! Doc.\nuse crate::cli;\n{}", "fn f() { println!(0.5) }\n".repeat(400));
    let files = |module: &str| {
        BTreeMap::from([
            ("src/usage/mod.rs".to_owned(), format!("//! Doc.\n{module}\n")),
            ("src/usage/probe.rs".to_owned(), test.clone()),
        ])
    };
    assert_eq!(violations(&files("#[cfg(test)]\npub(crate) mod probe;")), Vec::<String>::new());
    assert!(violations(&files("pub(crate) mod probe;")).len() > 400);
}
