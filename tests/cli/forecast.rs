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
    insta::assert_snapshot!(run(folder.path(), "mail.csv --months 3 --budget 40 --check 20 --by sender-domain"), @"
    exit 0
    --- stdout
    Forecast of 2026-09 to 2026-11

    Months
    Month           Known          Recipients      Data       Cost   80% from     80% to   95% from     95% to  Above budget
    --------------  -------------  ----------  --------  ---------  ---------  ---------  ---------  ---------  ------------
    2026-03         30 of 31 days     105,948   5.97 GB  USD 27.20
    2026-04         30 of 30 days     106,904   6.06 GB  USD 27.45
    2026-05         28 of 31 days      98,878   5.63 GB  USD 25.39
    2026-06         30 of 30 days     140,678   8.23 GB  USD 36.16
    2026-07         31 of 31 days     111,986   6.39 GB  USD 28.76
    2026-08         14 of 31 days     106,839   6.08 GB  USD 27.44  USD 27.00  USD 27.89  USD 26.78  USD 28.12          0.0%
    2026-09                           109,054   6.27 GB  USD 28.02  USD 26.42  USD 29.62  USD 25.72  USD 30.59          0.0%
    2026-10                           110,283   6.32 GB  USD 28.33  USD 26.01  USD 30.67  USD 25.09  USD 31.87          0.0%
    2026-11                           106,078   6.08 GB  USD 27.25  USD 24.59  USD 29.99  USD 23.28  USD 31.61          0.0%
    --------------  -------------  ----------  --------  ---------  ---------  ---------  ---------  ---------  ------------
    3 months ahead                    325,415  18.66 GB  USD 83.59  USD 77.24  USD 90.24  USD 74.59  USD 94.04

    Mar 2026 ██████████████████████████████             │ 27.20
    Apr 2026 ██████████████████████████████             │ 27.45
    May 2026 ████████████████████████████               │ 25.39
    Jun 2026 ████████████████████████████████████████   │ 36.16
    Jul 2026 ████████████████████████████████           │ 28.76
    Aug 2026 ██████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒░            │ 27.44 (95%: 26.78 – 28.12)
    Sep 2026 ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒░░░         │ 28.02 (95%: 25.72 – 30.59)
    Oct 2026 ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒░░░░        │ 28.33 (95%: 25.09 – 31.87)
    Nov 2026 ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒░░░░░        │ 27.25 (95%: 23.28 – 31.61)
    ▓ forecast   ▒░ 95%   │ Budget 40.00   USD

    Where the log ends
      2026-08 up to the end of 2026-08-14: USD 12.69; expected at its end: USD 27.44, 80% between USD 27.00 and USD 27.89, 95% between USD 26.78 and USD 28.12.
      Budget of USD 40.00: the chance that 2026-08 exceeds it is 0.0%, within the 20% of --check.

    Sender domains, 3 months ahead
    Sender domain   Recipients  80% from   80% to       Data       Cost
    --------------  ----------  --------  -------  ---------  ---------
    shop.example       296,253   274,672  316,740   18.54 GB  USD 76.29
    alerts.example      29,162    27,014   31,393  117.38 MB   USD 7.30

    Grade
      Last 2 months, each forecast on the day before it began, at the newest prices: error 13.8%, the 80% band held 1 of 2, the 95% band held 1 of 2.
      The error is 0.56 of the mean change from one month to the next: better than to expect the last month again.

    Basis
      History: 2026-03-02 to 2026-08-14, 163 whole days of 166 days.
      Not used as days: there is no log for 2026-05-01, 2026-05-02, 2026-05-03.
      Not seen often enough in so short a history: the year. The bands are wider for it, by a rule of thumb.
      Recipients: mean of ETS and Theta, which is usually best; there is too little to compare models (errors: seasonal naive 1.3%, run-rate 1.6%, ETS 1.2%, Theta 1.1%, mean of ETS and Theta 1.1%); bands set by 8 forecasts of the past.
      Bytes of a recipient: mean of ETS and Theta, which is usually best; there is too little to compare models (errors: seasonal naive 0.9%, run-rate 1.0%, ETS 0.9%, Theta 0.9%, mean of ETS and Theta 0.9%); bands set by 8 forecasts of the past.
      Unlike days, seen as usual days; --anomalies keep leaves them as they are: 2026-06-10 (campaign: 36866 where 4414 are usual).
      Days and months are UTC, as they are billed, and all months are converted at one exchange rate. A month's cost is that of its expected mail; days of months that are over without a log are not in it. Bands come from futures of recipients and sizes drawn together and priced one by one; none adds up the ends of others.

    Warnings
      the total is unfiltered (613812 unknown messages): choose application mail with --client, --sender-domain, --connector or --relay-host

    Accounting
    Became           Records  Messages
    ---------------  -------  --------
    used                 326   613,812
    skipped: header        1
    rejected               0
    ---------------  -------  --------
    read                 327

    Provenance
      relaymeter 0.1.0.
      Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in.
      A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
      Sender domains are forecast by themselves and scaled to the forecast of the whole.
      log-timezone: what the log proves, else UTC (default).
      timezone: UTC (default).
      mail.csv: generic-csv, 13720 bytes.
    --- stderr
    warning: the total is unfiltered (613812 unknown messages): choose application mail with --client, --sender-domain, --connector or --relay-host
    ");
}

#[test]
fn every_forecast_of_the_past_beside_what_came() {
    let folder = folder(166);
    insta::assert_snapshot!(run(folder.path(), "mail.csv --months 1 --level 80 --evaluate"), @"
    exit 0
    --- stdout
    3 forecasts of the past, by month

    Scores
    Ahead     Forecasts       MAE  Error  sMAPE  MASE  80% held  80% MSIS
    --------  ---------  --------  -----  -----  ----  --------  --------
    1 month           2  USD 4.48  13.8%  14.1%  0.56     50.0%      4.83
    2 months          1  USD 0.37   1.3%   1.3%  0.05    100.0%      0.46
    --------  ---------  --------  -----  -----  ----  --------  --------
    All               3  USD 3.11  10.0%   9.8%  0.39     66.7%      3.37

    Forecasts
    Origin      Ahead  From        To             Actual   Forecast   Error   80% from     80% to
    ----------  -----  ----------  ----------  ---------  ---------  ------  ---------  ---------
    2026-06-01      1  2026-06-01  2026-06-30  USD 36.16  USD 27.82  -23.1%  USD 26.92  USD 28.78
    2026-06-01      2  2026-07-01  2026-07-31  USD 28.76  USD 29.13    1.3%  USD 27.38  USD 31.07
    2026-07-01      1  2026-07-01  2026-07-31  USD 28.76  USD 29.38    2.2%  USD 28.34  USD 30.42

    Grade
      Last 2 months, each forecast on the day before it began, at the newest prices: error 13.8%, the 80% band held 1 of 2.
      The error is 0.56 of the mean change from one month to the next: better than to expect the last month again.
      Each forecast was made with the days before its origin alone (which days have a log is seen from all), at the newest prices. MASE: the mean error for the mean change from one month to the next. MSIS: the mean width of a band and 2 / (1 - level) times what lies outside it, for the same change.

    Basis
      History: 2026-03-02 to 2026-08-14, 163 whole days of 166 days.
      Not used as days: there is no log for 2026-05-01, 2026-05-02, 2026-05-03.
      Not seen often enough in so short a history: the year. The bands are wider for it, by a rule of thumb.
      Recipients: mean of ETS and Theta, which no other model clearly beat on this history (errors: seasonal naive 1.1%, run-rate 1.3%, ETS 0.9%, Theta 1.0%, mean of ETS and Theta 0.9%); bands set by 8 forecasts of the past.
      Bytes of a recipient: mean of ETS and Theta, which no other model clearly beat on this history (errors: seasonal naive 0.8%, run-rate 0.8%, ETS 0.8%, Theta 0.8%, mean of ETS and Theta 0.8%); bands set by 8 forecasts of the past.
      Unlike days, seen as usual days; --anomalies keep leaves them as they are: 2026-06-10 (campaign: 36866 where 4414 are usual).
      Days and months are UTC, as they are billed, and all months are converted at one exchange rate. A month's cost is that of its expected mail; days of months that are over without a log are not in it. Bands come from futures of recipients and sizes drawn together and priced one by one; none adds up the ends of others.

    Warnings
      the total is unfiltered (613812 unknown messages): choose application mail with --client, --sender-domain, --connector or --relay-host

    Provenance
      relaymeter 0.1.0.
      Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in.
      A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
      log-timezone: what the log proves, else UTC (default).
      timezone: UTC (default).
      mail.csv: generic-csv, 13720 bytes.
    --- stderr
    warning: the total is unfiltered (613812 unknown messages): choose application mail with --client, --sender-domain, --connector or --relay-host
    ");
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
        (1, "too little log for a forecast (24 hours)"),
        (5, "too few days to tell those of the week apart (5 whole days)"),
    ] {
        let folder = folder(days);
        let report = run(folder.path(), "mail.csv --months 2");
        assert!(report.starts_with("exit 0\n") && report.contains(line), "{report}");
    }
}

/// Hourly mail of 100 messages from a first hour on, without some hours, as `mail.csv`.
fn hourly(hours: std::ops::Range<u32>, is_logged: impl Fn(u32) -> bool) -> TempDir {
    let first: chrono::NaiveDateTime = "2026-03-01T00:00:00".parse().unwrap();
    let mut text = String::from("Date,Sender,Messages,Size\r\n");
    for hour in hours.filter(|hour| is_logged(*hour)) {
        let time = first + chrono::TimeDelta::hours(hour.into());
        text += &format!("{}Z,app@shop.example,100,1000\r\n", time.format("%Y-%m-%dT%H:%M:%S"));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.csv"), text).unwrap();
    folder
}

fn recipients(data: &Value, month: &str) -> u64 {
    let months = data["months"].as_array().unwrap();
    let found = months.iter().find(|one| one["month"] == month).unwrap();
    found["quantities"]["recipients"].as_str().unwrap().parse().unwrap()
}

#[test]
fn days_without_a_log_in_the_running_month_are_no_savings() {
    // From 1 March to 15 May, without the first ten days of May.
    let folder = hourly(0..75 * 24, |hour| !(61..71).contains(&(hour / 24)));
    let data = data(folder.path(), "mail.csv --months 1 --budget 18 --check 20");
    assert!(recipients(&data, "2026-05").abs_diff(31 * 2_400) < 1_500, "{}", recipients(&data, "2026-05"));
    assert_eq!(data["months"][2]["missing_days"], 10);
    assert_eq!(data["budget"]["within"], false);
    let report = run(folder.path(), "mail.csv --months 1 --budget 18 --check 20");
    assert!(
        report.starts_with("exit 4\n") && report.contains("10 days of 2026-05 not wholly in the log"),
        "{report}"
    );
}

#[test]
fn a_log_that_ends_within_the_first_day_of_a_month_has_begun_it() {
    let folder = hourly(0..31 * 24 + 12, |_| true);
    let data = data(folder.path(), "mail.csv --months 1 --by sender-domain");
    let standings: Vec<&Value> =
        data["months"].as_array().unwrap().iter().map(|month| &month["standing"]).collect();
    assert_eq!(standings, ["measured", "running", "ahead"]);
    assert_eq!(data["sender_domains"][0]["recipients"], recipients(&data, "2026-05"));
    assert!(recipients(&data, "2026-04").abs_diff(30 * 2_400) < 1_500);
}

#[test]
fn a_window_that_cuts_days_loses_nothing_of_them() {
    let folder = hourly(0..75 * 24, |_| true);
    let data = data(folder.path(), "mail.csv --months 1 --to 2026-04-15 --timezone America/Los_Angeles");
    assert_eq!(data["anomalies"], serde_json::json!([]));
    assert_eq!(data["history"]["cut_off"], serde_json::json!(["2026-04-15"]));
    assert!(recipients(&data, "2026-04").abs_diff(30 * 2_400) < 1_500, "{}", recipients(&data, "2026-04"));
}

#[test]
fn a_stray_record_years_away_is_named_and_not_followed() {
    let folder = folder(120);
    let path = folder.path().join("mail.csv");
    let with_stray = std::fs::read_to_string(&path).unwrap() + "2099-01-01,orders@shop.example,5,1000\r\n";
    std::fs::write(&path, with_stray).unwrap();
    let report = run(folder.path(), "mail.csv --months 1");
    assert!(report.contains("Forecast of 2026-07"), "{report}");
    assert!(
        report.contains("warning: 1 logged day more than a year away from the others: not used"),
        "{report}"
    );
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
    insta::assert_snapshot!(errors.join("\n"), @"
    error: invalid value '0' for '--months <N>': '0' is not a number of months ahead: expected 1 to 60
    error: invalid value '0.8' for '--level <PERCENT,…>': '0.8' is not a level: expected per cent from 1 to 99.9, such as 80 or 95
    error: '--level' names 80% twice
    error: invalid value 'sender' for '--by <DIMENSION>': 'sender' cannot be forecast apart: expected 'sender-domain'
    error: the following required arguments were not provided:
    error: invalid value '101' for '--check <PERCENT>': '101' is not a chance: expected 0 to 100 per cent, such as '20'
    error: invalid value 'Atlantis' for '--holidays <COUNTRY>': 'Atlantis' is not a country with known public holidays: expected a code such as 'IT', 'DE', 'FR', 'GB' or 'US', or an English name such as 'Italy'
    error: invalid value 'drop' for '--anomalies <replace|keep>': 'drop' is neither 'replace' nor 'keep'
    error: the budget is in GBP, the result in USD: expected the same currency
    error: '--evaluate' is a table and no picture (SVG): choose another ending
    error: mail.csv: recognised as generic-csv, 0 messages usable: 235 records skipped (header 1, outside-window 234)
    ");
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
    assert!(report.contains("too little log for a forecast (30 hours)"), "{report}");
    assert!(report.contains("No grade: the history is too short"), "{report}");
}
