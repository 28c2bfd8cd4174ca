//! The built-in files prove themselves; choice by name, version and date.

use std::path::Path;

use chrono::Datelike;

use super::*;
use crate::money::{Money, parse_amount};
use crate::period::parse_date;
use crate::pricing::Quantities;
use crate::pricing::check::checks;
use crate::units::Megabyte;

fn on(text: &str) -> Option<NaiveDate> {
    Some(parse_date(text).unwrap())
}

fn folder_of_prices() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing")
}

/// A copy of the built-in list with changes, in a folder of its own.
fn copy(name: &str, changes: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, changed_list(changes)).unwrap();
    (folder, path)
}

fn changed_list(changes: &[(&str, &str)]) -> String {
    let mut text = EMBEDDED[0].1.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// The built-in list and one of the same name from 15 June 2026 on, at twice the price of a mail.
fn two_lists() -> Catalog {
    let changes = [("2023-03-31", "2026-06-15"), ("0.00025", "0.0005")];
    let (_folder, path) = copy("next.yaml", &changes);
    Catalog::with_files(&[path]).unwrap()
}

#[test]
fn every_file_of_the_folder_is_built_in_loads_and_reproduces_its_examples() {
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder_of_prices()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    assert_eq!(names, EMBEDDED.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, text) in EMBEDDED {
        let file = file::parse(name, text).unwrap();
        let stem = match &file {
            PriceFile::PriceList(list) => format!("{}-{}", list.name, list.effective),
            PriceFile::ExchangeRates(rates) => format!("{}-{}", rates.name, rates.effective),
            PriceFile::Terms(terms) => panic!("{} is nobody's terms", terms.file),
        };
        assert_eq!(*name, format!("{stem}.yaml"));
        let checks = checks(&file).unwrap();
        assert!(!checks.is_empty(), "{name} has no worked example");
        for check in checks {
            assert!(check.reproduces(), "{}:{}: {}", check.file, check.line, check.computed);
        }
    }
}

#[test]
fn a_changed_price_in_a_copy_changes_the_result_and_fails_its_examples() {
    let (_folder, path) = copy("mine.yaml", &[("0.00025", "0.00026")]);
    let catalog = Catalog::with_files(std::slice::from_ref(&path)).unwrap();
    let list = catalog.list(DEFAULT_LIST, None, None).unwrap();
    let quantities = Quantities::measured(1_000_000, 1_000_000, 200_000_000_000).unwrap();
    let total = list.total(&quantities, Megabyte::Decimal).unwrap();
    assert_eq!(total, Money::new(parse_amount("284").unwrap(), Currency::USD));
    assert_eq!(list.file, path.display().to_string());
    assert_eq!(catalog.lists().count(), 1, "the copy takes the place of the built-in list");
    let failed = crate::pricing::check::list_checks(&list).unwrap();
    assert!(failed.iter().all(|check| !check.reproduces()));
}

#[test]
fn the_newest_list_in_force_is_chosen_unless_a_version_is_named() {
    let catalog = two_lists();
    let version = |version: Option<&str>, on| catalog.list("acs-email", version, on).unwrap().version.clone();
    assert_eq!(version(None, None), "2026-06-15");
    assert_eq!(version(None, on("2026-06-15")), "2026-06-15");
    assert_eq!(version(None, on("2026-06-14")), "2023-03-31");
    assert_eq!(version(None, on("2025-04-11")), "2023-03-31");
    assert_eq!(version(Some("2023-03-31"), on("2026-10-01")), "2023-03-31");
}

#[test]
fn a_month_is_cut_where_another_list_comes_into_force() {
    let catalog = two_lists();
    let days: Vec<String> = catalog.changes(DEFAULT_LIST).iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2023-03-31", "2026-06-15"]);
    let parts = |day: &str| -> Vec<(String, u32)> {
        let segments = catalog.segments(DEFAULT_LIST, Month::of_date(on(day).unwrap()));
        let part = |segment: &Segment| (segment.list.version.clone(), segment.period.start.date().day());
        segments.iter().map(part).collect()
    };
    let (old, new) = ("2023-03-31".to_owned(), "2026-06-15".to_owned());
    assert_eq!(parts("2026-06-01"), [(old.clone(), 1), (new.clone(), 15)]);
    assert_eq!(parts("2026-05-01"), [(old.clone(), 1)]);
    assert_eq!(parts("2026-07-31"), [(new, 1)]);
    assert_eq!(parts("2023-03-01"), [(old, 31)]);
    assert_eq!(parts("2023-02-01"), []);
}

#[test]
fn a_part_of_a_month_has_its_share_of_the_days() {
    let list = Catalog::embedded().unwrap().list(DEFAULT_LIST, None, None).unwrap();
    let month = Month::of_date(on("2026-06-15").unwrap());
    let whole = Segment::whole_month(month, list);
    let period = ChargePeriod::of_dates(on("2026-06-15").unwrap(), on("2026-07-01").unwrap());
    assert_eq!(whole.share(), MonthShare::FULL);
    assert_eq!(Segment { period, ..whole }.share(), MonthShare::of_days(16, 30));
}

#[test]
fn the_newest_rate_not_after_the_day_is_chosen() {
    let catalog = Catalog::embedded().unwrap();
    let rate = |on| catalog.exchange_rate(Currency::USD, Currency::EUR, on).unwrap().rate().to_string();
    assert_eq!(rate(on("2025-04-11")), "1.0798");
    assert_eq!(rate(on("2025-03-31")), "1.08285");
    assert_eq!(rate(on("2024-02-01")), "1.07985");
    assert_eq!(rate(None), "1.0798");
}

#[test]
fn a_rate_of_the_same_day_takes_the_place_of_the_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = EMBEDDED[2].1.replace("\"1.0798\"", "\"1.1\"").replace("253.75", "249.09");
    std::fs::write(folder.path().join("rates.yml"), text).unwrap();
    let catalog = Catalog::with_files(&[folder.path().to_owned()]).unwrap();
    let rate = catalog.exchange_rate(Currency::USD, Currency::EUR, on("2025-04-11")).unwrap();
    assert_eq!(rate.rate().to_string(), "1.1");
    assert_eq!(catalog.rate_files().len(), 2);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let catalog = two_lists();
    let yen = "JPY".parse().unwrap();
    let messages = [
        catalog.list("sendgrid", None, None).unwrap_err().to_string(),
        catalog.list("acs-email", Some("9"), None).unwrap_err().to_string(),
        catalog.list("acs-email", None, on("2014-04-01")).unwrap_err().to_string(),
        catalog.exchange_rate(Currency::USD, yen, None).unwrap_err().to_string(),
        catalog.exchange_rate(Currency::USD, Currency::EUR, on("2023-12-31")).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    'sendgrid' is not a price list: expected one of 'acs-email'
    '9' is not a version of 'acs-email': expected one of '2023-03-31', '2026-06-15'
    no price list 'acs-email' is in force on 2014-04-01: expected a date from 2023-03-31 on
    no exchange rate between USD and JPY is known
    no exchange rate between USD and EUR is known on the day asked for: expected a date from 2024-01-01 on
    "#);
}

#[test]
fn files_that_cannot_be_laid_over_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let list = write("a.yaml", &changed_list(&[]));
    let same_day = write("b.yaml", &changed_list(&[("version: \"2023-03-31\"", "version: b")]));
    let same_version = write("c.yaml", &changed_list(&[("effective: 2023-03-31", "effective: 2023-04-01")]));
    let rates = write("d.yaml", EMBEDDED[2].1);
    let again = write("e.yaml", EMBEDDED[2].1);
    let terms = write(
        "f.yaml",
        "schema_version: 1\nkind: terms\nname: ours\nprice_list: acs-email\ncurrency: USD\n\
         effective: 2026-01-01\ndiscount: 5%\n",
    );
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let sets = [
        vec![list.clone(), same_day],
        vec![list, same_version],
        vec![rates, again],
        vec![terms],
        vec![empty],
    ];
    let messages: Vec<String> = sets
        .iter()
        .map(|paths| Catalog::with_files(paths).unwrap_err().to_string())
        .map(|message| message.replace(&folder.path().display().to_string(), "DIR"))
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @"
    DIR/b.yaml: price list 'acs-email' of 2023-03-31 (version b) is also in DIR/a.yaml: expected it once
    DIR/c.yaml: version '2023-03-31' of price list 'acs-email' is also in DIR/a.yaml: expected it once
    DIR/e.yaml: the rate of USD per EUR on 2025-04-01 is also in DIR/d.yaml: expected it once
    DIR/f.yaml: is of kind 'terms': expected 'price-list' or 'exchange-rates' (terms are given with --terms)
    DIR/empty: holds no price file: expected names that end in .yaml or .yml
    ");
}

#[test]
fn the_schema_for_editors_accepts_what_the_program_reads() {
    let schema = std::fs::read_to_string(folder_of_prices().join("schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let value = |text: &str| serde_saphyr::from_str::<serde_json::Value>(text).unwrap();
    for (name, text) in EMBEDDED {
        let errors: Vec<String> = schema.iter_errors(&value(text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    let readme = std::fs::read_to_string(folder_of_prices().join("README.md")).unwrap();
    let example = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(schema.is_valid(&value(example)));
    assert_eq!(file::parse("README.md", example).unwrap().kind(), "terms");
    for (from, to) in [("0.00025", "-1"), ("price:", "cost:"), ("currency: USD", "currency: dollar")] {
        assert!(!schema.is_valid(&value(&changed_list(&[(from, to)]))), "{to}");
    }
}
