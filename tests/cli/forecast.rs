//! `relaymeter forecast`: the whole report, its data against the published schema, pictures, checks, and what ends in
//! an error.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{program, schema, shown};

/// Messages of two applications by day, from a Monday on: fewer at weekends, a campaign on day 100, and no log for
/// three days.
fn daily(days: u64) -> String {
    let first: chrono::NaiveDate = "2026-03-02".parse().unwrap();
    let mut text = String::from("Date,Sender,Messages,Size\r\n");
    for day in (0..days).filter(|day| !(60..63).contains(day)) {
        let date = first + chrono::Days::new(day);
        let weekday = if day % 7 < 5 { 10 } else { 3 };
        let campaign = if day == 100 { 9 } else { 1 };
        let noise = day * 7_919 % 41;
        let (shop, alerts) = (weekday * (380 + noise) * campaign, 300 + noise);
        text += &format!("{date},orders@shop.example,{shop},{}\r\n", 60_000 + noise * 100);
        text += &format!("{date},root@alerts.example,{alerts},4000\r\n");
    }
    text
}

fn folder(days: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.csv"), daily(days)).unwrap();
    folder
}

fn run(folder: &Path, args: &str) -> String {
    shown(&program().current_dir(folder).arg("forecast").args(args.split_whitespace()).output().unwrap())
}

fn data(folder: &Path, args: &str) -> Value {
    let mut command = program();
    command.current_dir(folder).args(["forecast", "--format", "json"]).args(args.split_whitespace());
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)))
}

#[test]
fn a_report_for_people() {
    let folder = folder(166);
    insta::assert_snapshot!(run(folder.path(), "mail.csv --months 3 --budget 40 --check 20 --by sender-domain"), @"");
}

#[test]
fn every_forecast_of_the_past_beside_what_came() {
    let folder = folder(166);
    insta::assert_snapshot!(run(folder.path(), "mail.csv --months 1 --level 80 --evaluate"), @"");
}

#[test]
fn the_data_follows_the_schema_and_bands_hold_what_is_expected() {
    let folder = folder(166);
    let data = data(folder.path(), "mail.csv --by sender-domain --budget 40USD --evaluate --level 50,80,95");
    let errors: Vec<String> = schema("forecast").iter_errors(&data).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let decimal = |value: &Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    for month in data["months"].as_array().unwrap() {
        let bands: Vec<[_; 2]> = month["bands"]
            .as_array()
            .unwrap()
            .iter()
            .map(|band| [decimal(&band["low"]["amount"]), decimal(&band["high"]["amount"])])
            .collect();
        let cost = decimal(&month["cost"]["amount"]);
        assert!(bands.iter().all(|[low, high]| *low <= cost && cost <= *high), "{month:#}");
        assert!(
            bands.windows(2).all(|pair| pair[0][0] >= pair[1][0] && pair[0][1] <= pair[1][1]),
            "{month:#}"
        );
    }
    // The domains add up to the whole, to the last digit.
    let whole = decimal(&data["ahead"]["cost"]["amount"]);
    let domains = data["sender_domains"].as_array().unwrap();
    let sum: rust_decimal::Decimal = domains.iter().map(|domain| decimal(&domain["cost"]["amount"])).sum();
    assert_eq!(sum, whole);
    let recipients: u64 = domains.iter().map(|domain| domain["recipients"].as_u64().unwrap()).sum();
    assert_eq!(rust_decimal::Decimal::from(recipients), decimal(&data["ahead"]["quantities"]["recipients"]));
}

#[test]
fn measured_months_cost_what_analyze_says() {
    let folder = folder(166);
    let forecast = data(folder.path(), "mail.csv");
    let mut command = program();
    command.current_dir(folder.path()).args(["analyze", "mail.csv", "--by", "month", "--format", "json"]);
    let analysis: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let mut compared = 0;
    for month in forecast["months"].as_array().unwrap() {
        let rows = analysis["rows"].as_array().unwrap().iter();
        let row = rows.into_iter().find(|row| row["group"]["month"] == month["month"]);
        if let Some(row) = row {
            assert_eq!(row["cost"]["amount"], month["so_far"]["amount"], "{}", month["month"]);
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
}

#[test]
fn a_ledger_and_a_second_run_give_the_same() {
    let folder = folder(120);
    let ingested =
        program().current_dir(folder.path()).args(["ingest", "mail.csv", "--ledger", "l"]).output();
    assert!(ingested.unwrap().status.success());
    let numbers = |args: &str| {
        let data = data(folder.path(), args);
        [data["months"].clone(), data["ahead"].clone(), data["grade"].clone(), data["sender_domains"].clone()]
    };
    let from_log = numbers("mail.csv --by sender-domain");
    assert_eq!(from_log, numbers("mail.csv --by sender-domain"));
    assert_eq!(from_log, numbers("--ledger l --by sender-domain"));
}

#[test]
fn a_budget_that_is_likely_exceeded_ends_with_4() {
    let folder = folder(166);
    let exit = |args: &str| {
        run(folder.path(), &format!("mail.csv --months 1 {args}")).lines().next().unwrap().to_owned()
    };
    assert_eq!(
        ["--budget 10 --check 50", "--budget 1000 --check 50", "--budget 10"].map(exit),
        ["exit 4", "exit 0", "exit 0"]
    );
}

#[test]
fn little_history_is_answered_and_said_to_be_little() {
    for (days, line) in [
        (1, "24 hours of log are too little for a forecast"),
        (5, "5 whole days are too few to tell the days of the week apart"),
    ] {
        let folder = folder(days);
        let report = run(folder.path(), "mail.csv --months 2");
        assert!(report.starts_with("exit 0\n") && report.contains(line), "{report}");
    }
}

#[test]
fn a_later_price_list_applies_from_its_day_on() {
    let folder = folder(166);
    let list = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing/acs-email-2023-03-31.yaml"),
    );
    let dearer = list
        .unwrap()
        .replace("effective: 2023-03-31", "effective: 2026-10-16")
        .replace("version: \"2023-03-31\"", "version: \"2026-10-16\"")
        .replace("0.00025", "0.00050");
    std::fs::write(folder.path().join("dearer.yaml"), dearer).unwrap();
    let cost = |data: &Value, month: &str| {
        let months = data["months"].as_array().unwrap();
        let found = months.iter().find(|one| one["month"] == month).unwrap();
        found["cost"]["amount"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap()
    };
    let (before, after) = (
        data(folder.path(), "mail.csv --months 4"),
        data(folder.path(), "mail.csv --months 4 --pricing dearer.yaml"),
    );
    assert_eq!(cost(&before, "2026-09"), cost(&after, "2026-09"));
    let ratio = cost(&after, "2026-10") / cost(&before, "2026-10");
    let full = cost(&after, "2026-11") / cost(&before, "2026-11");
    let dec = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
    assert!(full > dec("1.9") && full < dec("2.0"), "{full}: data costs what it did");
    assert!(ratio > dec("1.4") && ratio < dec("1.6"), "{ratio}: half a month");
}

#[test]
fn pictures_are_drawn_and_what_makes_no_sense_is_refused() {
    let folder = folder(120);
    let drawn = run(folder.path(), "mail.csv --budget 40 --output cost.svg");
    assert!(drawn.starts_with("exit 0\n"), "{drawn}");
    let svg = std::fs::read_to_string(folder.path().join("cost.svg")).unwrap();
    assert!(
        svg.contains("Budget 40.00") && svg.contains("chance above budget") && svg.contains("80%"),
        "{svg}"
    );
    run(folder.path(), "mail.csv --output cost.png");
    assert!(std::fs::read(folder.path().join("cost.png")).unwrap().starts_with(b"\x89PNG"));
    let errors = [
        "mail.csv --months 0",
        "mail.csv --level 0.8",
        "mail.csv --level 80,80",
        "mail.csv --by sender",
        "mail.csv --check 10",
        "mail.csv --budget 40 --check 101",
        "mail.csv --holidays Atlantis",
        "mail.csv --anomalies drop",
        "mail.csv --budget 40GBP",
        "mail.csv --evaluate --output cost.svg",
        "mail.csv --from 2027-01-01",
    ]
    .map(|args| {
        run(folder.path(), args).lines().filter(|line| line.starts_with("error")).collect::<String>()
    });
    insta::assert_snapshot!(errors.join("\n"), @"");
}

#[test]
fn a_log_of_thirty_hours_has_an_answer_and_says_that_it_is_too_little() {
    let log = crate::data_folder().join("logs/postfix/outbound-relay-2014.log");
    if !log.exists() {
        eprintln!("skipped: {} is not there", log.display());
        return;
    }
    let report = run(log.parent().unwrap(), "outbound-relay-2014.log --year 2014");
    assert!(report.starts_with("exit 0\n"), "{report}");
    assert!(report.contains("30 hours of log are too little for a forecast"), "{report}");
    assert!(report.contains("No grade: the history is too short"), "{report}");
}
