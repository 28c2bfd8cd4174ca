//! `relaymeter prices`: what there is, its proof, differences, and how checks and errors end.

use serde_json::Value;
use tempfile::TempDir;

use crate::{program, shown};

/// A folder with a changed copy of the built-in list as `mine.yaml`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let list = std::fs::read_to_string("pricing/acs-email-2023-03-31.yaml").unwrap();
    std::fs::write(folder.path().join("mine.yaml"), list.replace("\"0.00025\"", "\"0.00026\"")).unwrap();
    std::fs::write(folder.path().join("bad.yaml"), list.replace("\"0.00025\"", "\"-1\"")).unwrap();
    folder
}

fn run(folder: &TempDir, line: &str) -> String {
    shown(&program().current_dir(folder.path()).args(line.split(' ')).output().unwrap())
}

#[test]
fn what_there_is() {
    insta::assert_snapshot!(run(&folder(), "prices list"), @"
    exit 0
    --- stdout
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
    --- stderr
    ");
    insta::assert_snapshot!(run(&folder(), "prices show usd-per-eur --on 2025-04-11"), @r#"
    exit 0
    --- stdout
    Exchange rates usd-per-eur

    From        Pair           Rate  Source
    ----------  -----------  ------  ------------------------------------------------------------
    2025-04-01  USD per EUR  1.0798  https://www.windowserver.it/2026/01/azure-communication-serv
                                     ices-il-sostituto-al-servizio-smtp-auth

    About
      usd-per-eur version 2025-04-01: built in.
      Source: https://www.windowserver.it/2026/01/azure-communication-services-il-sostituto-al-servizio-smtp-auth, read on 2026-11-23.
      EUR 0.370439 per million executions beside USD 0.40, in a document with usage of 2025-04-11, is 1 / 1.0798, as are twelve other prices in it; the article's EUR 253.75 for USD 274.00 needs a rate between 1.07978 and 1.07982. Whether it held for the month or for longer is not known.
      Not published, but derived from prices given both in dollars and in euro.
    --- stderr
    "#);
}

#[test]
fn a_check_decides_the_exit_code() {
    let folder = folder();
    assert!(run(&folder, "prices check").starts_with("exit 0\n"));
    insta::assert_snapshot!(run(&folder, "prices check mine.yaml"), @"
    exit 4
    --- stdout
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
    --- stderr
    ");
    insta::assert_snapshot!(run(&folder, "prices check bad.yaml"), @r#"
    exit 1
    --- stdout
    --- stderr
    error: bad.yaml:22: price: '-1' is negative: expected 0 or more
    "#);
    insta::assert_snapshot!(run(&folder, "prices check ."), @r#"
    exit 1
    --- stdout
    --- stderr
    error: ./bad.yaml:22: price: '-1' is negative: expected 0 or more
    "#);
}

#[test]
fn two_lists_are_compared() {
    insta::assert_snapshot!(run(&folder(), "prices diff acs-email mine.yaml"), @"
    exit 0
    --- stdout
    1,000,000 messages a month of 200.00 kB, priced with two lists

    Meter                   Unit A     Unit price A  Unit B     Unit price B      Cost A      Cost B   B less A
    ----------------------  ---------  ------------  ---------  ------------  ----------  ----------  ---------
    Basic Sent Email        recipient   USD 0.00025  recipient   USD 0.00026  USD 250.00  USD 260.00  USD 10.00
    Basic Data Transferred  MB          USD 0.00012  MB          USD 0.00012   USD 24.00   USD 24.00   USD 0.00
    ----------------------  ---------  ------------  ---------  ------------  ----------  ----------  ---------
    Total                                                                     USD 274.00  USD 284.00  USD 10.00

    Difference
      A: acs-email version 2023-03-31, in force from 2023-03-31; built in.
      B: acs-email version 2023-03-31, in force from 2023-03-31; mine.yaml, SHA-256 8995658d6a41e9eb01afd7a483060ca163a620c70dfd6ad02e349d2752f006bb.
      Basic Sent Email: USD 0.00025 becomes USD 0.00026.
      The total rises by USD 10.00 (3.6%).
    --- stderr
    ");
}

#[test]
fn a_name_that_nothing_has_is_told_with_those_there_are() {
    insta::assert_snapshot!(run(&folder(), "prices show sendgrid"), @r#"
    exit 1
    --- stdout
    --- stderr
    error: 'sendgrid' is neither a price list nor a file of exchange rates: expected one of 'acs-email', 'usd-per-eur'
    "#);
}

#[test]
fn every_output_fits_the_published_schema() {
    let (validator, folder) = (crate::schema("prices"), folder());
    for line in [
        "prices list",
        "prices show acs-email",
        "prices show usd-per-eur",
        "prices check",
        "prices check mine.yaml",
        "prices diff acs-email mine.yaml",
    ] {
        let mut command = program();
        command.current_dir(folder.path()).args(line.split(' ')).args(["--format", "json"]);
        let data: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let errors: Vec<String> = validator.iter_errors(&data).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({})));
}
