//! What `prices` prints, in whole.

use super::*;
use crate::cli::estimate::tests::{error_of, run, table_of};
use crate::pricing::catalog::EMBEDDED;

/// A changed copy of the built-in price list, and its path.
fn copy(from: &str, to: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    assert!(EMBEDDED[0].1.contains(from), "{from}");
    std::fs::write(&path, EMBEDDED[0].1.replace(from, to)).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// The report as a table, with the path of the copy as `mine.yaml`, whatever the length of the path.
fn table_with_path(mut report: Report, path: &str) -> String {
    let rename = |text: &mut String| *text = text.replace(path, "mine.yaml");
    for section in &mut report.sections {
        match section {
            Section::Figure(_) => {}
            Section::Notes { lines, .. } => lines.iter_mut().for_each(rename),
            Section::Table(table) => {
                for cell in table.rows.iter_mut().flat_map(|row| &mut row.cells) {
                    if let Cell::Text(text) = cell {
                        rename(text);
                    }
                }
            }
        }
    }
    table_of(&report)
}

#[test]
fn all_lists_and_rates() {
    insta::assert_snapshot!(table_of(&run("prices list").unwrap().0), @r#"
    Prices

    Price lists
    Name       Version     Provider                      Currency  In force from  Read on     File
    ---------  ----------  ----------------------------  --------  -------------  ----------  --------
    acs-email  2023-03-31  Azure Communication Services  USD       2023-03-31     2026-11-23  built in

    Exchange rates
    Name         Version     Provider                    Pair         Dates                     File
    -----------  ----------  --------------------------  -----------  ------------------------  --------
    usd-per-eur  2024-01-01  Microsoft, as published by  USD per EUR  2024-01-01 to 2024-04-01  built in
                             Logicom
    usd-per-eur  2025-04-01  Azure price page            USD per EUR  2025-04-01 to 2025-04-01  built in
    "#);
}

#[test]
fn one_list_in_full() {
    insta::assert_snapshot!(table_of(&run("prices show acs-email@2023-03-31").unwrap().0), @"
    acs-email version 2023-03-31: Azure Communication Services

    Prices
    Meter                   Counts      Unit       Included  Up to   Unit price
    ----------------------  ----------  ---------  --------  -----  -----------
    Basic Sent Email        recipients  recipient                   USD 0.00025
    Basic Data Transferred  megabytes   MB                          USD 0.00012

    Worked examples
     Messages  Recipients  Bytes to recipients       Total  Source
    ---------  ----------  -------------------  ----------  --------------------------------------------
        3,000       3,000        3,000,000,000    USD 1.11  the provider's own example (1 MB to 100
                                                            recipients on each of 30 days), its two
                                                            parts added
    1,000,000   1,000,000      200,000,000,000  USD 274.00  the known month, 250.00 for the mails and
                                                            24.00 for the data
          500         500          500,000,000   USD 0.185  a published secondary calculation, 0.125 for
                                                            the mails and 0.06 for the data

    About
      In force from 2023-03-31, in USD; built in.
      Source: https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23.
      Text of general availability, dated 2023-03-31; it calls its own prices illustrative. Identical in the preview text of 2022-04-15 and, by secondary sources, in the Retail Prices API of 2026-07-27 (southeastasia) and 2026-09-24 (eastus2) and on the live page of 2026-08-29. The text says that data is charged per recipient; that mails are counted per recipient too is how secondary sources read it.
      Limit: 100 messages an hour, default limit of a subscription for custom domains, raised by a support request; https://learn.microsoft.com/azure/communication-services/concepts/service-limits.
    ");
}

#[test]
fn the_rates_of_one_name() {
    let (report, ..) = run("prices show usd-per-eur").unwrap();
    assert_eq!(report.data["exchange_rates"][1]["rates"][0]["rate"], "1.0798");
    let shown = |line: &str| -> Vec<String> {
        let data = run(line).unwrap().0.data;
        let files = data["exchange_rates"].as_array().unwrap().clone();
        let rates = files.iter().flat_map(|file| file["rates"].as_array().unwrap());
        rates.map(|rate| rate["rate"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(shown("prices show usd-per-eur@2025-04-01"), ["1.0798"]);
    assert_eq!(shown("prices show usd-per-eur --on 2024-02-02"), ["1.07985"]);
    assert_eq!(shown("prices show usd-per-eur@2024-01-01 --on 2026-01-01"), ["1.08285"]);
    assert_eq!(
        error_of("prices show usd-per-eur@nonsense"),
        "'nonsense' is not a version of 'usd-per-eur': expected one of '2024-01-01', '2025-04-01'"
    );
    assert_eq!(
        error_of("prices show usd-per-eur --on 2023-12-31"),
        "no exchange rate between USD and EUR is known on the day asked for: expected a date from 2024-01-01 on"
    );
    assert_eq!(
        error_of("prices show sendgrid"),
        "'sendgrid' is neither a price list nor a file of exchange rates: expected one of 'acs-email', \
         'usd-per-eur'"
    );
}

#[test]
fn the_files_of_a_folder_are_checked() {
    let (folder, path) = copy("\"0.00025\"", "\"0.00026\"");
    let (report, exit, _) = run(&format!("prices check {}", folder.path().display())).unwrap();
    assert_eq!(exit, Exit::CheckFailed);
    assert_eq!(report.data["files"], serde_json::json!([path]));
}

#[test]
fn built_in_examples_reproduce() {
    let (report, exit, _) = run("prices check").unwrap();
    assert_eq!(exit, Exit::Done);
    assert_eq!(report.data["reproduces"], true);
    assert_eq!(report.data["examples"].as_array().unwrap().len(), 5);
}

#[test]
fn an_example_that_differs_fails_the_check() {
    let (_folder, path) = copy("\"0.00025\"", "\"0.00026\"");
    let (report, exit, _) = run(&format!("prices check {path}")).unwrap();
    assert_eq!(exit, Exit::CheckFailed);
    insta::assert_snapshot!(table_with_path(report, &path), @"
    Worked examples, calculated again

    Place            Stated  Calculated  Result   Source
    ------------  ---------  ----------  -------  ------------------------------------------------------
    mine.yaml:35   USD 1.11    USD 1.14  DIFFERS  the provider's own example (1 MB to 100 recipients on
                                                  each of 30 days), its two parts added
    mine.yaml:39    USD 274     USD 284  DIFFERS  the known month, 250.00 for the mails and 24.00 for
                                                  the data
    mine.yaml:43  USD 0.185    USD 0.19  DIFFERS  a published secondary calculation, 0.125 for the mails
                                                  and 0.06 for the data

    Result
      Examples: 3, of them different: 3.
    ");
    let (_, exit, _) = run(&format!("prices check --pricing {path}")).unwrap();
    assert_eq!(exit, Exit::CheckFailed);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_not_a_failed_check() {
    let (_folder, path) = copy("\"0.00025\"", "\"-1\"");
    let error = error_of(&format!("prices check {path}")).replace(&path, "mine.yaml");
    assert_eq!(error, "mine.yaml:22: price: '-1' is negative: expected 0 or more");
    assert_eq!(
        error_of(&format!("prices check {path} --pricing {path}")),
        "'--pricing' does not apply where the files to be checked are named"
    );
}

#[test]
fn a_diff_prices_one_volume_with_both() {
    let (_folder, path) = copy("\"0.00012\"", "\"0.00022\"");
    let (report, exit, _) = run(&format!("prices diff acs-email {path} --messages 2k --size 1MB")).unwrap();
    assert_eq!(exit, Exit::Done);
    assert_eq!(report.data["difference"]["amount"], "0.2");
    insta::assert_snapshot!(table_with_path(report, &path), @"
    2,000 messages a month of 1.00 MB, priced with two lists

    Meter                 Unit A     Unit price A  Unit B     Unit price B    Cost A    Cost B  B less A
    --------------------  ---------  ------------  ---------  ------------  --------  --------  --------
    Basic Sent Email      recipient   USD 0.00025  recipient   USD 0.00025  USD 0.50  USD 0.50  USD 0.00
    Basic Data            MB          USD 0.00012  MB          USD 0.00022  USD 0.24  USD 0.44  USD 0.20
    Transferred
    --------------------  ---------  ------------  ---------  ------------  --------  --------  --------
    Total                                                                   USD 0.74  USD 0.94  USD 0.20

    Difference
      A: acs-email version 2023-03-31, in force from 2023-03-31; built in.
      B: acs-email version 2023-03-31, in force from 2023-03-31; mine.yaml, SHA-256 659b02403b6d0a7b8a9e36c4b2de950439e21e7e8d55a3dbfdaeb8b4a1f39c2a.
      Basic Data Transferred: USD 0.00012 becomes USD 0.00022.
      The total rises by USD 0.20 (27.0%).
    ");
    let (same, ..) = run("prices diff acs-email acs-email@2023-03-31").unwrap();
    assert_eq!(same.data["difference"]["amount"], "0");
    assert!(table_of(&same).contains("No price differs."));
}

/// What the diff says of the meters after the mails were priced like this.
fn changes_to(mails: &str) -> String {
    let unit = "unit: recipient\n    price: \"0.00025\"";
    let (_folder, path) = copy(unit, mails);
    let (report, ..) = run(&format!("prices diff acs-email {path} --messages 20k")).unwrap();
    let table = table_with_path(report, &path);
    let notes = table.lines().skip_while(|line| !line.contains("B: ")).skip(1);
    notes.map(str::trim_start).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_diff_says_what_changed_and_never_equates_equal_prices() {
    let tiers = "tiers: [{ up_to: 10000, price: 0.0003 }, { price: 0.0002 }]";
    let high = "tiers: [{ up_to: 1000000, price: 0.00025 }, { price: 0.0002 }]";
    let flat = "unit: recipient\n    price: 0.00025";
    let mails = [
        format!("{flat}\n    included: 10000"),
        "unit: 1,000 recipients\n    block: 1000\n    price: 0.25".to_owned(),
        "unit: 1,000 recipients\n    block: 1000\n    price: 0.00025".to_owned(),
        format!("{flat}\n    block: 1000"),
        format!("unit: recipient\n    mode: graduated\n    {tiers}"),
        format!("unit: recipient\n    mode: volume\n    {tiers}"),
        format!("unit: recipient\n    mode: graduated\n    {high}"),
        "unit: recipient\n    price: 0.0003\n    included: 500".to_owned(),
    ];
    insta::assert_snapshot!(mails.map(|mails| changes_to(&mails)).join("\n\n"), @"
    Basic Sent Email: 10,000 included each month instead of 0.
    The total falls by USD 2.50 (45.6%).

    Basic Sent Email: USD 0.00025 per recipient becomes USD 0.25 per 1,000 recipients; charges units as they are in A, every started 1,000 in B.
    The total is the same.

    Basic Sent Email: USD 0.00025 per recipient in A, per 1,000 recipients in B; charges units as they are in A, every started 1,000 in B.
    The total falls by USD 5.00 (91.1%).

    Basic Sent Email: charges units as they are in A, every started 1,000 in B.
    The total falls by USD 5.00 (91.1%).

    Basic Sent Email: other tiers, at this volume the same price.
    The total is the same.

    Basic Sent Email: other tiers, at this volume USD 0.00025 becomes USD 0.0002.
    The total falls by USD 1.00 (18.2%).

    Basic Sent Email: other tiers, at this volume the same price.
    The total is the same.

    Basic Sent Email: USD 0.00025 becomes USD 0.0003; 500 included each month instead of 0.
    The total rises by USD 0.85 (15.5%).
    ");
    let (_folder, path) = copy("meters:", "base_fee: 10\nmeters:");
    let (_other, other) = copy("meters:", "base_fee: 12\nmeters:");
    let table = |line: &str| table_of(&run(line).unwrap().0);
    assert!(table(&format!("prices diff acs-email {path}")).contains("Monthly base fee: only in B."));
    assert!(
        table(&format!("prices diff {path} {other}")).contains("Monthly base fee: USD 10 becomes USD 12.")
    );
}

#[test]
fn a_diff_shows_the_unit_of_each_price() {
    let (_folder, path) = copy(
        "unit: recipient\n    price: \"0.00025\"",
        "unit: 1,000 recipients\n    block: 1000\n    price: 0.25",
    );
    let (report, ..) = run(&format!("prices diff acs-email {path}")).unwrap();
    let table = table_with_path(report, &path);
    insta::assert_snapshot!(table.split("\n\n").nth(1).unwrap(), @"
    Meter                   Unit A     Unit price A  Unit B            Unit price B      Cost A      Cost B  B less A
    ----------------------  ---------  ------------  ----------------  ------------  ----------  ----------  --------
    Basic Sent Email        recipient   USD 0.00025  1,000 recipients      USD 0.25  USD 250.00  USD 250.00  USD 0.00
    Basic Data Transferred  MB          USD 0.00012  MB                 USD 0.00012   USD 24.00   USD 24.00  USD 0.00
    ----------------------  ---------  ------------  ----------------  ------------  ----------  ----------  --------
    Total                                                                            USD 274.00  USD 274.00  USD 0.00
    ");
}

#[test]
fn lists_in_two_currencies_have_no_difference() {
    let (_folder, path) = copy("currency: USD", "currency: EUR");
    let error = error_of(&format!("prices diff acs-email {path}"));
    assert_eq!(
        error,
        "the price lists are in USD and EUR: expected one currency, since a difference is not converted"
    );
}
