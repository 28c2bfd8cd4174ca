//! `relaymeter analyze --on usage`: each day at the list in force on it, each month at its terms and rate.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{program, shown};

/// A table of a thousand mails on the first and the second day of each of two months, of no size worth its price.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mails = ["2026-10-01", "2026-10-02", "2026-11-01", "2026-11-02"].map(|day| mails(day, 1_000));
    write(&folder, "mails.csv", &format!("Date,From,To,Size\n{}", mails.concat()));
    folder
}

fn mails(day: &str, count: usize) -> String {
    format!("{day}T08:00:00Z,app@one.example,a@example.net,1\n").repeat(count)
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

/// The costs of the days, rounded to cents, and what stderr says.
fn costs(folder: &TempDir, args: &str) -> (Vec<String>, String) {
    let output = output(folder.path(), &format!("--by day {args}"));
    let data: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let rows = data["rows"].as_array().unwrap().iter();
    let costs = rows.map(|row| row["cost"]["display"].as_str().unwrap().to_owned()).collect();
    (costs, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn terms_hold_for_the_months_on_whose_first_day_they_do() {
    let folder = folder();
    write(&folder, "until.yaml", &terms("effective: 2026-01-01\nuntil: 2026-10-02"));
    write(&folder, "from.yaml", &terms("effective: 2026-10-02"));
    let (until, warning) = costs(&folder, "--on usage --terms until.yaml");
    assert_eq!(until, ["0.13", "0.13", "0.25", "0.25"]);
    assert!(warning.contains(
        "until.yaml: these terms are no longer in force on 2026-11-01: expected a date before 2026-10-02; \
         usage of such months costs what the list says"
    ));
    let (from, warning) = costs(&folder, "--on usage --terms from.yaml");
    assert_eq!(from, ["0.25", "0.25", "0.13", "0.13"]);
    assert_eq!(warning.matches("from.yaml: these terms are not in force on 2026-10-01").count(), 1);
}

/// Rates of two days, the second one the second day of October.
const RATES: &str = "schema_version: 1\nkind: exchange-rates\nname: usd-per-eur\nversion: a\nprovider: Test\n\
                     currency: USD\nper: EUR\neffective: 2026-10-01\n\
                     source: { url: \"https://example.com/rates\", retrieved_on: 2026-10-02 }\n\
                     rates:\n  - { date: 2026-10-01, rate: 1 }\n  - { date: 2026-10-02, rate: 2 }\n";

#[test]
fn the_rate_of_its_first_day_holds_for_a_month() {
    let folder = folder();
    write(&folder, "rates.yaml", RATES);
    let with =
        |more: &str| costs(&folder, &format!("--on usage --currency EUR --pricing rates.yaml {more}")).0;
    assert_eq!(with(""), ["0.25", "0.25", "0.13", "0.13"]);
    assert_eq!(with("--fx 1"), ["0.25"; 4]);
}

/// The built-in list with a base fee, an allowance and no examples, in force from a day.
fn list(effective: &str, version: &str, base_fee: u32) -> String {
    let list = std::fs::read_to_string("pricing/acs-email-2023-03-31.yaml").unwrap();
    let list = list
        .replace("meters:\n", &format!("base_fee: {base_fee}\nmeters:\n"))
        .replace("effective: 2023-03-31", &format!("effective: {effective}"))
        .replace("version: \"2023-03-31\"", &format!("version: \"{version}\""))
        .replace("price: \"0.00025\"", "price: \"0.00025\"\n    included: 1000");
    list[..list.find("examples:").unwrap()].to_owned()
}

#[test]
fn neither_rate_nor_terms_cut_what_a_month_includes() {
    let folder = folder();
    write(&folder, "list.yaml", &list("2023-03-31", "2023-03-31", 15));
    write(&folder, "rates.yaml", RATES);
    write(&folder, "terms.yaml", &terms("effective: 2026-10-02"));
    let total = |args: &str| {
        let output = output(folder.path(), &format!("--pricing list.yaml {args}"));
        let data: Value = serde_json::from_slice(&output.stdout).unwrap();
        data["cost"]["list_total"]["amount"].as_str().unwrap().to_owned()
    };
    let plain = total("--on usage");
    assert_eq!(plain, "30.50000048");
    assert_eq!(total("--on usage --currency EUR --pricing rates.yaml"), plain);
    assert_eq!(total("--on usage --terms terms.yaml"), plain);
    assert_eq!(total(""), plain);
}

#[test]
fn a_base_fee_is_cut_where_the_list_changes_and_due_to_the_end_of_the_month() {
    let folder = folder();
    write(&folder, "later.yaml", &list("2026-10-02", "later", 31));
    write(&folder, "sooner.yaml", &list("2023-03-31", "2023-03-31", 62));
    let args = "--on usage --pricing later.yaml --pricing sooner.yaml";
    // October: one day of 31 at 62, thirty at 31, nothing but fees within what is included; November: 31 again.
    let (both, _) = costs(&folder, args);
    assert_eq!(both, ["2.24", "30.01", "15.63", "15.63"]);
    write(&folder, "mails.csv", &format!("Date,From,To,Size\n{}", mails("2026-10-01", 10)));
    let (first, _) = costs(&folder, args);
    assert_eq!(first, ["32.00"], "the fee of the days without mail is due all the same");
}

#[test]
fn lists_of_one_name_in_two_currencies_are_refused() {
    let folder = folder();
    let pounds = list("2026-10-02", "later", 1).replace("currency: USD", "currency: GBP");
    write(&folder, "pounds.yaml", &pounds);
    let refused = shown(&output(folder.path(), "--pricing pounds.yaml"));
    let expected = "exit 1\n--- stdout\n--- stderr\nerror: pounds.yaml: price list 'acs-email' is in GBP, in \
                    pricing/acs-email-2023-03-31.yaml it is in USD: expected one currency under one name; give the \
                    list a name of its own\n";
    assert_eq!(refused, expected);
    write(&folder, "again.yaml", &list("2026-10-02", "2023-03-31", 1));
    let refused = shown(&output(folder.path(), "--pricing again.yaml"));
    assert!(
        refused.contains(
            "error: again.yaml: version '2023-03-31' of price list 'acs-email' is also in \
             pricing/acs-email-2023-03-31.yaml: expected it once"
        ),
        "{refused}"
    );
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
