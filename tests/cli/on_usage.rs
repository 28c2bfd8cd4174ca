//! `relaymeter analyze --on usage`: each day at the prices in force on it, wherever list, terms or rate change.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{program, shown};

/// A table of a thousand mails on each of two days, of no size worth its price.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mails: String = ["2026-10-01", "2026-10-02"]
        .map(|day| format!("{day}T08:00:00Z,app@one.example,a@example.net,1\n").repeat(1_000))
        .concat();
    std::fs::write(folder.path().join("mails.csv"), format!("Date,From,To,Size\n{mails}")).unwrap();
    folder
}

fn write(folder: &TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).unwrap();
}

fn terms(days: &str) -> String {
    format!(
        "schema_version: 1\nkind: terms\nname: ours\nprice_list: acs-email\ncurrency: USD\n{days}\ndiscount: 50%\n"
    )
}

fn output(folder: &Path, args: &str) -> std::process::Output {
    let mut command = program();
    command.current_dir(folder).args(["analyze", "mails.csv", "--format", "json"]);
    command.args(args.split_whitespace()).output().unwrap()
}

/// The costs of the two days, rounded to cents, and what stderr says.
fn costs(folder: &TempDir, args: &str) -> (Vec<String>, String) {
    let output = output(folder.path(), &format!("--by day {args}"));
    let data: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let rows = data["rows"].as_array().unwrap().iter();
    let costs = rows.map(|row| row["cost"]["display"].as_str().unwrap().to_owned()).collect();
    (costs, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn terms_hold_from_their_first_day_to_their_last() {
    let folder = folder();
    write(&folder, "until.yaml", &terms("effective: 2026-01-01\nuntil: 2026-10-02"));
    write(&folder, "from.yaml", &terms("effective: 2026-10-02"));
    let (until, warning) = costs(&folder, "--on usage --terms until.yaml");
    assert_eq!(until, ["0.13", "0.25"]);
    assert!(warning.contains(
        "until.yaml: these terms are no longer in force on 2026-10-02: expected a date before 2026-10-02; \
         usage of such days costs what the list says"
    ));
    let (from, warning) = costs(&folder, "--on usage --terms from.yaml");
    assert_eq!(from, ["0.25", "0.13"]);
    assert_eq!(warning.matches("from.yaml: these terms are not in force on 2026-10-01").count(), 1);
}

#[test]
fn a_rate_holds_from_its_day_on() {
    let folder = folder();
    let rates = "schema_version: 1\nkind: exchange-rates\nname: usd-per-eur\nversion: a\nprovider: Test\n\
                 currency: USD\nper: EUR\neffective: 2026-10-01\n\
                 source: { url: \"https://example.com/rates\", retrieved_on: 2026-10-02 }\n\
                 rates:\n  - { date: 2026-10-01, rate: 1 }\n  - { date: 2026-10-02, rate: 2 }\n";
    write(&folder, "rates.yaml", rates);
    let with =
        |more: &str| costs(&folder, &format!("--on usage --currency EUR --pricing rates.yaml {more}")).0;
    assert_eq!(with(""), ["0.25", "0.13"]);
    assert_eq!(with("--fx 1"), ["0.25", "0.25"]);
}

#[test]
fn a_base_fee_is_cut_with_the_month_and_adds_up() {
    let folder = folder();
    let list = std::fs::read_to_string("pricing/acs-email-2023-03-31.yaml").unwrap();
    let list = list.replace("meters:\n", "base_fee: 31\nmeters:\n");
    write(&folder, "list.yaml", &list[..list.find("examples:").unwrap()]);
    write(&folder, "until.yaml", &terms("effective: 2026-01-01\nuntil: 2026-10-02"));
    let (costs, _) = costs(&folder, "--on usage --pricing list.yaml --terms until.yaml");
    assert_eq!(costs, ["0.63", "30.25"], "one day of 31 at half price, thirty days in full");
}

#[test]
fn a_pinned_version_is_refused_whoever_pinned_it() {
    let folder = folder();
    let message = "error: '--on usage' chooses the version by date: name the price list";
    let flag = output(folder.path(), "--on usage --price-list acs-email@2023-03-31");
    assert!(shown(&flag).contains(&format!("{message} (flag) without '@2023-03-31'")), "{}", shown(&flag));
    write(&folder, "relaymeter.yaml", "schema_version: 1\nprice_list: acs-email@2023-03-31\n");
    let setting = output(folder.path(), "--on usage");
    let expected =
        format!("exit 2\n--- stdout\n--- stderr\n{message} (relaymeter.yaml) without '@2023-03-31'");
    assert!(shown(&setting).starts_with(&expected), "{}", shown(&setting));
}

#[test]
fn one_old_rate_is_remarked_on_once() {
    let folder = folder();
    write(
        &folder,
        "mails.csv",
        "Date,From,To,Size\n2026-08-01,a@one.example,b@example.net,1\n2026-09-01,a@one.example,b@example.net,1\n",
    );
    let (_, warnings) = costs(&folder, "--on usage --currency EUR");
    assert_eq!(
        warnings.matches("the newest known rate of USD per EUR is of 2025-04-01").count(),
        1,
        "{warnings}"
    );
}
