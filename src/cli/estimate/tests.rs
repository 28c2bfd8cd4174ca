//! What `estimate` prints, in whole.

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::cli::{Body, Cli, Settings};
use crate::money::Currency;
use crate::report::{Report, WRITERS};

/// The report, exit and remarks of a command line, with these standing settings.
pub(in crate::cli) fn run_with(
    settings: Settings,
    line: &[&str],
) -> anyhow::Result<(Report, Exit, Vec<String>)> {
    let words = std::iter::once("relaymeter").chain(line.iter().copied());
    let outcome = Cli::try_parse_from(words)?.command.run(&Context::with_settings(settings))?;
    match outcome.body {
        Body::Report(report) => Ok((report, outcome.exit, outcome.warnings)),
        Body::Stream(_) => panic!("expected a report"),
    }
}

/// The same without settings, with a line of words that hold no spaces.
pub(in crate::cli) fn run(line: &str) -> anyhow::Result<(Report, Exit, Vec<String>)> {
    run_with(Settings::default(), &line.split(' ').collect::<Vec<_>>())
}

/// A report as a table for people.
pub(in crate::cli) fn table_of(report: &Report) -> String {
    let mut bytes = Vec::new();
    WRITERS[0].write(report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The error of a command line, with its hints.
pub(in crate::cli) fn error_of(line: &str) -> String {
    let error = run(line).unwrap_err().to_string();
    let wanted: Vec<&str> = error.lines().take_while(|line| !line.is_empty()).collect();
    wanted.join("\n")
}

fn data(line: &str) -> Value {
    run(line).unwrap().0.data.clone()
}

fn notes(report: &Report) -> Vec<String> {
    let notes = |section: &Section| match section {
        Section::Notes { lines, .. } => lines.clone(),
        Section::Table(_) | Section::Figure(_) => Vec::new(),
    };
    report.sections.iter().flat_map(notes).collect()
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn the_published_json() {
    let mut data = data("estimate --messages 3000 --size 1MB --currency EUR --fx 1.0798 --discount 5%");
    assert_eq!(data["provenance"]["version"], env!("CARGO_PKG_VERSION"));
    data["provenance"]["version"] = "VERSION".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&data).unwrap(), @r#"
    {
      "budget": null,
      "charges": [
        {
          "consumed_quantity": "3000",
          "contracted_cost": "0.7125",
          "contracted_unit_price": "0.0002375",
          "currency": "USD",
          "included_quantity": "0",
          "list_cost": "0.75",
          "list_unit_price": "0.00025",
          "pricing_quantity": "3000",
          "pricing_unit": "recipient",
          "sku_meter": "Basic Sent Email",
          "steps": [
            {
              "cost": "0.75",
              "quantity": "3000",
              "unit_price": "0.00025"
            }
          ],
          "unit_price_is_average": false
        },
        {
          "consumed_quantity": "3000",
          "contracted_cost": "0.342",
          "contracted_unit_price": "0.000114",
          "currency": "USD",
          "included_quantity": "0",
          "list_cost": "0.36",
          "list_unit_price": "0.00012",
          "pricing_quantity": "3000",
          "pricing_unit": "MB",
          "sku_meter": "Basic Data Transferred",
          "steps": [
            {
              "cost": "0.36",
              "quantity": "3000",
              "unit_price": "0.00012"
            }
          ],
          "unit_price_is_average": false
        }
      ],
      "contracted_total": {
        "amount": "1.0545",
        "currency": "USD",
        "display": "1.05"
      },
      "exchange_rate": {
        "billing_currency": "EUR",
        "date": null,
        "pricing_currency": "USD",
        "rate": "1.0798",
        "source": "--fx"
      },
      "list_total": {
        "amount": "1.11",
        "currency": "USD",
        "display": "1.11"
      },
      "monthly_total": {
        "amount": "0.9765697351361363215410261159",
        "currency": "EUR",
        "display": "0.98"
      },
      "months": 1,
      "provenance": {
        "chosen_by": {
          "currency": "flag",
          "megabyte": "default",
          "price_list": "default",
          "pricing": "default",
          "terms": "flag"
        },
        "megabyte": "decimal",
        "on": null,
        "price_list": {
          "currency": "USD",
          "effective": "2023-03-31",
          "file": "pricing/acs-email-2023-03-31.yaml",
          "name": "acs-email",
          "provider": "Azure Communication Services",
          "sha256": null,
          "source": {
            "note": "Text of general availability, dated 2023-03-31; it calls its own prices illustrative. Identical in the preview text of 2022-04-15 and, by secondary sources, in the Retail Prices API of 2026-07-27 (southeastasia) and 2026-09-24 (eastus2) and on the live page of 2026-08-29. The text says that data is charged per recipient; that mails are counted per recipient too is how secondary sources read it.",
            "retrieved_on": "2026-11-23",
            "url": "https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md"
          },
          "version": "2023-03-31"
        },
        "settings": [
          {
            "from": "flag",
            "instead_of": null,
            "name": "currency",
            "value": "EUR"
          },
          {
            "from": "flag",
            "instead_of": null,
            "name": "discount",
            "value": "5%"
          }
        ],
        "terms": {
          "discount": "0.05",
          "effective": null,
          "file": "--discount",
          "meters": [],
          "name": "discount",
          "sha256": null,
          "until": null
        },
        "usage": {
          "message_size": "1000000",
          "messages": "3000",
          "recipients_per_message": "1"
        },
        "version": "VERSION"
      },
      "remarks": [],
      "schema_version": 1,
      "total": {
        "amount": "0.9765697351361363215410261159",
        "currency": "EUR",
        "display": "0.98"
      },
      "warnings": []
    }
    "#);
}

#[test]
fn known_figures_follow_from_the_price_files() {
    let amount = |line: &str| data(line)["total"]["amount"].as_str().unwrap().to_owned();
    assert_eq!(amount("estimate --messages 3000 --size 1MB"), "1.11");
    assert_eq!(amount("estimate --messages 500 --size 1MB"), "0.185");
    assert_eq!(amount("estimate --messages 200 --recipients-per-message 2.5 --size 1MB"), "0.185");
    assert_eq!(amount("estimate --messages 0 --size 1MB"), "0");
    let euro = data("estimate --messages 1_000_000 --size 200kB --currency EUR --fx 1.07985");
    assert_eq!(euro["total"]["display"], "253.74");
    assert_eq!(euro["exchange_rate"]["date"], Value::Null);
}

#[test]
fn a_changed_price_in_a_copy_changes_the_result() {
    let built_in = crate::pricing::catalog::EMBEDDED[0].1;
    let (_folder, path) = file("mine.yaml", &built_in.replace("\"0.00012\"", "\"0.00022\""));
    let data = data(&format!("estimate --messages 1M --size 0.2MB --pricing {path}"));
    assert_eq!(data["total"]["display"], "294.00");
    assert_eq!(data["provenance"]["price_list"]["file"], path);
    assert_eq!(data["provenance"]["chosen_by"]["pricing"], "flag");
}

#[test]
fn months_are_priced_one_by_one_and_summed() {
    let line = "estimate --messages 3000 --size 1MB --months 12 --explain";
    let (report, ..) = run(line).unwrap();
    assert_eq!(report.data["total"]["amount"], "13.32");
    assert_eq!(report.data["monthly_total"]["amount"], "1.11");
    assert!(notes(&report).contains(&"One month: USD 1.11.".to_owned()));
    assert!(notes(&report).contains(&"12 months x 1.11 = USD 13.32".to_owned()));
}

#[test]
fn a_budget_that_is_exceeded_fails_the_check() {
    let budget = |text: &str| {
        let line = ["estimate", "--messages", "1M", "--size", "0.2MB", "--budget", text];
        let (report, exit, _) = run_with(Settings::default(), &line).unwrap();
        (notes(&report).remove(0), exit)
    };
    let over = "OVER THE BUDGET of USD 273.99: the total of USD 274.00 exceeds it by USD 0.01.".to_owned();
    assert_eq!(budget("273.99"), (over, Exit::CheckFailed));
    let by_a_trifle =
        "OVER THE BUDGET of USD 273.9999: the total of USD 274.00 exceeds it by USD 0.0001.".to_owned();
    assert_eq!(budget("273.9999"), (by_a_trifle, Exit::CheckFailed));
    let within = "Within the budget of USD 300.00: the total of USD 274.00 leaves USD 26.00.".to_owned();
    assert_eq!(budget("300 USD"), (within, Exit::Done));
    assert_eq!(budget("USD274").1, Exit::Done);
    assert_eq!(
        error_of("estimate --messages 1M --size 0.2MB --budget 300EUR"),
        "the budget is in EUR, the result in USD: expected the same currency\nhint: add --currency EUR"
    );
}

#[test]
fn the_rounded_total_is_what_a_budget_must_hold() {
    let line = "estimate --messages 1M --size 0.2MB --currency EUR --on 2025-04-11 --budget 253.75";
    let (report, exit, _) = run(line).unwrap();
    assert_eq!(exit, Exit::Done);
    assert_eq!(
        notes(&report)[0],
        "Within the budget of EUR 253.75: the total of EUR 253.75 leaves EUR 0.00."
    );
    assert_eq!(report.data["budget"]["compared_total"]["amount"], "253.75");
    assert_eq!(run(&line.replace("253.75", "253.74")).unwrap().1, Exit::CheckFailed);
}

#[test]
fn rows_that_round_to_another_sum_are_explained() {
    let (report, ..) = run("estimate --messages 20 --size 2083334").unwrap();
    assert_eq!(
        notes(&report)[0],
        "Rounding of the cost: USD -0.01 between the rounded rows (USD 0.02) and the total, which is exact before it is rounded."
    );
}

#[test]
fn one_is_singular_and_thousands_are_grouped() {
    let title = |line: &str| run(line).unwrap().0.title;
    assert_eq!(title("estimate --messages 1 --size 1"), "1 message a month of 1 B");
    assert_eq!(
        title("estimate --messages 2k --size 1 --months 1200"),
        "2,000 messages a month of 1 B, 1,200 months"
    );
    let (report, ..) = run("estimate --messages 1 --size 1 --explain").unwrap();
    assert!(notes(&report).contains(&"1 message x 1 per message = 1 recipient".to_owned()));
}

/// Terms until the end of 2023, with these meters.
fn terms(days: &str, discount: &str) -> String {
    format!(
        "schema_version: 1\nkind: terms\nname: ours\nprice_list: acs-email\ncurrency: USD\n{days}\n\
         discount: {discount}\nmeters:\n  - {{ name: Basic Sent Email, price: 0.0002 }}\n"
    )
}

#[test]
fn terms_that_have_ended_are_remarked_on() {
    let (_folder, path) = file("t.yaml", &terms("effective: 2022-01-01\nuntil: 2024-01-01", "3.5%"));
    let line = format!("estimate --messages 1M --size 0.2MB --terms {path}");
    let (report, _, warnings) = run(&line).unwrap();
    assert_eq!(
        warnings.join("\n").replace(&path, "t.yaml"),
        "t.yaml: these terms are no longer in force on 2026-11-23: expected a date before 2024-01-01; they are \
         applied all the same, because the prices are not those of a day: the day is the one on which the price \
         list was read, --on names another"
    );
    let sha256 = report.data["provenance"]["terms"]["sha256"].as_str().unwrap();
    let note = notes(&report).into_iter().find(|line| line.starts_with("Terms:")).unwrap();
    assert_eq!(
        note.replace(&path, "t.yaml").replace(sha256, "…"),
        "Terms: ours (t.yaml, SHA-256 …), in force from 2022-01-01 up to 2024-01-01, exclusive: \
         Basic Sent Email at USD 0.0002, 3.5% off the list price of all else."
    );
    assert!(error_of(&format!("{line} --on 2026-11-23")).contains("no longer in force on 2026-11-23"));
    assert_eq!(run(&format!("{line} --on 2023-12-31")).unwrap().2, Vec::<String>::new());
}

#[test]
fn small_discounts_are_shown_in_full_and_terms_are_derived() {
    let (report, ..) = run("estimate --messages 1M --size 0.2MB --discount 0.0001%").unwrap();
    assert!(notes(&report).contains(&"Terms: discount (--discount): 0.0001% off the list price.".to_owned()));
    let (_folder, path) = file("t.yaml", &terms("effective: 2026-01-01", "5%"));
    let (report, ..) = run(&format!("estimate --messages 1M --size 0.2MB --explain --terms {path}")).unwrap();
    let notes = notes(&report);
    for line in [
        "Basic Sent Email: by the terms 1,000,000 x USD 0.0002 = USD 200 instead of USD 250",
        "Basic Data Transferred: by the terms USD 24 less 5% = USD 22.8",
    ] {
        assert!(notes.contains(&line.to_owned()), "{line}");
    }
}

#[test]
fn a_copy_of_the_built_in_list_is_told_from_it() {
    let built_in = crate::pricing::catalog::EMBEDDED[0].1;
    let (_folder, path) = file("mine.yaml", &built_in.replace("\"0.00025\"", "\"0.00030\""));
    let (report, ..) = run(&format!("estimate --messages 1M --size 0.2MB --pricing {path}")).unwrap();
    let sha256 = report.data["provenance"]["price_list"]["sha256"].as_str().unwrap();
    assert_eq!(sha256.len(), 64);
    let note = notes(&report).into_iter().find(|line| line.starts_with("Price list:")).unwrap();
    assert!(note.ends_with(&format!("; {path}, SHA-256 {sha256}.")), "{note}");
}

#[test]
fn an_old_rate_is_remarked_on() {
    let warnings = |on: &str| run(&format!("estimate --messages 1 --size 1 --currency EUR{on}")).unwrap().2;
    assert_eq!(warnings(" --on 2025-05-16"), Vec::<String>::new());
    assert_eq!(warnings(" --fx 1.1"), Vec::<String>::new());
    insta::assert_snapshot!([warnings(" --on 2025-05-17"), warnings("")].concat().join("\n"), @r#"
    the newest known rate of USD per EUR is of 2025-04-01, 46 days before 2025-05-17, the day of the prices: give a newer one with --fx
    the newest known rate of USD per EUR is of 2025-04-01, 601 days before 2026-11-23, the day on which the price list was read: give a newer one with --fx
    "#);
}

#[test]
fn terms_stand_beside_the_list_price() {
    let text = "schema_version: 1\nkind: terms\nname: ours\nprice_list: acs-email\ncurrency: USD\n\
                effective: 2026-01-01\nmeters:\n  - { name: Basic Sent Email, price: 0.0002 }\n";
    let (_folder, path) = file("terms.yaml", text);
    let line = format!("estimate --messages 1M --size 0.2MB --currency EUR --fx 1.0798 --terms {path}");
    let (report, ..) = run(&line).unwrap();
    assert_eq!(report.data["total"]["display"], "207.45");
    let table = table_of(&report).replace(&path, "terms.yaml");
    insta::assert_snapshot!(table, @"
    1,000,000 messages a month of 200.00 kB

    Cost
    Meter                    Quantity  Unit       List unit price   List cost  Contracted unit price  Contracted cost
    ----------------------  ---------  ---------  ---------------  ----------  ---------------------  ---------------
    Basic Sent Email        1,000,000  recipient      USD 0.00025  USD 250.00             USD 0.0002       USD 200.00
    Basic Data Transferred    200,000  MB             USD 0.00012   USD 24.00            USD 0.00012        USD 24.00
    ----------------------  ---------  ---------  ---------------  ----------  ---------------------  ---------------
    Total                                                          USD 274.00                              USD 224.00
    Total in EUR                                                                                           EUR 207.45

    Remarks
      1,000,000 messages a month need more than 100 an hour, which is 72,000 in 30 days: default limit of a subscription for custom domains, raised by a support request; https://learn.microsoft.com/azure/communication-services/concepts/service-limits.

    Provenance
      relaymeter 0.1.0.
      Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in.
      Exchange rate: USD 1.0798 per EUR, typed with --fx.
      Terms: ours (terms.yaml, SHA-256 af973d04b3bd9134b85d2b8188fc6492d05cf82bab7805d7d54424c9fd4d6cde), in force from 2026-01-01: Basic Sent Email at USD 0.0002.
      A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
      currency: EUR (flag).
      terms: terms.yaml (flag).
    ");
    let early = error_of(&format!("{line} --on 2025-12-31")).replace(&path, "terms.yaml");
    assert_eq!(
        early,
        "terms.yaml: these terms are not in force on 2025-12-31: expected a date from 2026-01-01 on"
    );
}

#[test]
fn settings_stand_where_no_flag_does() {
    let settings = Settings { currency: Some(Currency::EUR), ..Settings::default() };
    let line = |more: &'static str| {
        let words = "estimate --messages 1M --size 0.2MB --on 2025-04-11".split(' ');
        words.chain(more.split_whitespace()).collect::<Vec<_>>()
    };
    let total = |more| run_with(settings.clone(), &line(more)).unwrap().0.data["total"]["display"].clone();
    assert_eq!(total(""), "253.75");
    assert_eq!(total("--currency USD"), "274.00");
}

#[test]
fn numbers_of_messages_are_read_as_people_write_them() {
    let read = ["1000000", "1M", "2.5k", "1_000_000", "0", "1g"].map(|text| messages(text).map(plain));
    let expected =
        ["1000000", "1000000", "2500", "1000000", "0", "1000000000"].map(|text| Ok(text.to_owned()));
    assert_eq!(read, expected);
}

#[test]
fn thousands_are_told_from_fractions() {
    for text in [
        "1.000.000",
        "1,000,000",
        "1 000 000",
        "1\u{a0}000\u{a0}000",
        "1\u{202f}000\u{202f}000",
        "1'000'000",
        "1 000k",
    ] {
        assert_eq!(messages(text), Ok(Decimal::from(1_000_000)), "{text}");
    }
    assert_eq!(messages("1.234k"), Ok(Decimal::from(1_234)));
    assert_eq!(messages("2,5k"), Ok(Decimal::from(2_500)));
    let budget_of = |text: &str| in_full(budget::parse(text).unwrap().within(Currency::EUR).unwrap());
    for text in ["1.000,50 EUR", "1,000.50 EUR", "1 000,50EUR", "EUR 1'000.50", "1000,50"] {
        assert_eq!(budget_of(text), "EUR 1,000.50", "{text}");
    }
    let other = budget::parse("300,50 USD").unwrap().within(Currency::EUR);
    assert!(other.unwrap_err().to_string().starts_with("the budget is in USD, the result in EUR"));
    let refused = |text: &str| messages(text).unwrap_err();
    let refused_budget = |text: &str| budget::parse(text).unwrap_err();
    let errors = [
        refused("1.000"),
        refused("100.000"),
        refused("1,000"),
        refused("1000.000"),
        refused("1.500"),
        refused("1,234k"),
        refused_budget("10.000"),
        refused_budget("10,000 EUR"),
        refused_budget("USD 273.125"),
    ];
    insta::assert_snapshot!(errors.join("\n"), @"
    '1.000' can be read in two ways: write '1000' or '1'
    '100.000' can be read in two ways: write '100000' or '100'
    '1,000' can be read in two ways: write '1000' or '1'
    '1000.000' can be read in two ways: write '1000000' or '1000'
    '1.500' can be read in two ways, one of them not whole: write '1500'
    '1,234k' can be read in two ways: write '1234k' or '1.234k'
    '10.000' can be read in two ways: write '10000' or '10'
    '10,000 EUR' can be read in two ways: write '10000 EUR' or '10 EUR'
    'USD 273.125' can be read in two ways: write 'USD 273125' or 'USD 273.1250'
    ");
}

#[test]
fn wrong_values_are_named_with_what_is_expected() {
    let with = |more: &str| error_of(&format!("estimate --messages 1 --size 1 {more}"));
    let errors = [
        error_of("estimate --messages 1,5 --size 1"),
        error_of("estimate --messages 1.5 --size 1"),
        error_of("estimate --messages -1 --size 1"),
        error_of("estimate --messages 1 --size big"),
        with("--recipients-per-message 0.5"),
        with("--currency EU"),
        with("--fx 0"),
        with("--fx 1.1"),
        with("--discount 5"),
        with("--on 11.4.2025"),
        with("--on 2014-04-01"),
        with("--months 0"),
        with("--budget many"),
        with("--budget 3USD4"),
        with("--megabyte big"),
        with("--price-list sendgrid"),
        with("--price-list acs-email@7"),
        with("--currency JPY"),
        with("--currency EUR --on 2023-12-01"),
        with("--discount 5% --terms x.yaml"),
        with("--discount -5%"),
        with("--budget -1"),
        with("--months -1"),
        with("--months 1.5"),
        error_of("estimate --messages 1 --size -1"),
        error_of("estimate --messages 1 --size 2.884"),
        error_of("estimate --messages 18446744073709551616 --size 1"),
        with("--currency EUR --fx 1_0.5"),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
    error: invalid value '1,5' for '--messages <N>': '1,5' is not a number of messages: expected a whole number such as '1000000', '1M' or '2.5k'
    error: invalid value '1.5' for '--messages <N>': '1.5' is not a number of messages: expected a whole number such as '1000000', '1M' or '2.5k'
    error: invalid value '-1' for '--messages <N>': '-1' is not a number of messages: expected a whole number such as '1000000', '1M' or '2.5k'
    error: invalid value 'big' for '--size <SIZE>': 'big' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'
    error: invalid value '0.5' for '--recipients-per-message <R>': '0.5' is not a number of recipients: expected 1 or more, such as '1' or '2.5'
    error: invalid value 'EU' for '--currency <CODE>': 'EU' is not a currency code: expected three capital letters such as 'EUR'
    error: invalid value '0' for '--fx <RATE>': '0' is not an exchange rate: expected a number above 0 such as '1.0798'
    '--fx' has nothing to convert: the result is in USD, like the price list; name another currency with '--currency'
    error: invalid value '5' for '--discount <PERCENT>': '5' is not a discount: expected 0 to 100 per cent; write '5%'
    error: invalid value '11.4.2025' for '--on <DATE>': '11.4.2025' is not a date: expected year, month and day such as '2026-10-01'
    no price list 'acs-email' is in force on 2014-04-01: expected a date from 2023-03-31 on
    error: invalid value '0' for '--months <N>': '0' is not a number of months: expected a whole number from 1 to 1200
    error: invalid value 'many' for '--budget <AMOUNT>': 'many' is not a budget: expected an amount such as '300' or '300EUR'
    error: invalid value '3USD4' for '--budget <AMOUNT>': '3USD4' is not a budget: expected an amount such as '300' or '300EUR'
    error: invalid value 'big' for '--megabyte <decimal|binary>': 'big' is not a megabyte: expected 'decimal' (10^6 bytes) or 'binary' (2^20)
    'sendgrid' is not a price list: expected one of 'acs-email'
    '7' is not a version of 'acs-email': expected one of '2023-03-31'
    no exchange rate between USD and JPY is known
    hint: give a rate with --fx
    no exchange rate between USD and EUR is known on the day asked for: expected a date from 2024-01-01 on
    hint: give a rate with --fx
    error: the argument '--discount <PERCENT>' cannot be used with '--terms <FILE>'
    error: invalid value '-5%' for '--discount <PERCENT>': '-5%' is not a discount: expected 0 to 100 per cent, such as '5%'
    error: invalid value '-1' for '--budget <AMOUNT>': '-1' is a negative budget: expected 0 or more, such as '300' or '300EUR'
    error: invalid value '-1' for '--months <N>': '-1' is not a number of months: expected a whole number from 1 to 1200
    error: invalid value '1.5' for '--months <N>': '1.5' is not a number of months: expected a whole number from 1 to 1200
    error: invalid value '-1' for '--size <SIZE>': '-1' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'
    error: invalid value '2.884' for '--size <SIZE>': '2.884' is a part of a byte: expected whole bytes or a larger unit, such as '2884' or '2.884 kB'
    error: invalid value '18446744073709551616' for '--messages <N>': '18446744073709551616' is too large for a number of messages: expected 18446744073709551615 at most
    error: invalid value '1_0.5' for '--fx <RATE>': '1_0.5' is not an exchange rate: expected a number above 0 such as '1.0798'
    "#);
}
