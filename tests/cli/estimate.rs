//! `relaymeter estimate`: the known month, its derivation, and how checks and errors end.

use serde_json::Value;

use crate::{program, relaymeter};

/// The output of a command line without quotes.
fn run(line: &str) -> String {
    relaymeter(&line.split(' ').collect::<Vec<_>>())
}

#[test]
fn the_known_month_in_dollars() {
    insta::assert_snapshot!(run("estimate --messages 1M --size 0.2MB"), @"
    exit 0
    --- stdout
    1,000,000 messages a month of 200.00 kB

    Cost
    Meter                    Quantity  Unit        Unit price        Cost
    ----------------------  ---------  ---------  -----------  ----------
    Basic Sent Email        1,000,000  recipient  USD 0.00025  USD 250.00
    Basic Data Transferred    200,000  MB         USD 0.00012   USD 24.00
    ----------------------  ---------  ---------  -----------  ----------
    Total                                                      USD 274.00

    Remarks
      1,000,000 messages a month need more than 100 an hour, which is 72,000 in 30 days: default limit of a subscription for custom domains, raised by a support request; https://learn.microsoft.com/azure/communication-services/concepts/service-limits.

    Provenance
      relaymeter 0.1.0.
      Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in.
      A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
    --- stderr
    ");
}

#[test]
fn the_known_month_in_euro_explained() {
    insta::assert_snapshot!(run("estimate --messages 1M --size 0.2MB --currency EUR --on 2025-04-11 --explain"), @"
    exit 0
    --- stdout
    1,000,000 messages a month of 200.00 kB

    Cost
    Meter                    Quantity  Unit        Unit price        Cost
    ----------------------  ---------  ---------  -----------  ----------
    Basic Sent Email        1,000,000  recipient  USD 0.00025  USD 250.00
    Basic Data Transferred    200,000  MB         USD 0.00012   USD 24.00
    ----------------------  ---------  ---------  -----------  ----------
    Total                                                      USD 274.00
    Total in EUR                                               EUR 253.75

    How the total comes about
      1,000,000 messages x 1 per message = 1,000,000 recipients
      1,000,000 recipients x 200,000 bytes = 200,000,000,000 bytes; divided by 1,000,000 = 200,000 MB
      Basic Sent Email: 1,000,000 x USD 0.00025 = USD 250
      Basic Data Transferred: 200,000 x USD 0.00012 = USD 24
      Sum: 250 + 24 = USD 274
      Converted once, at the end: USD 274 / 1.0798 = EUR 253.75069457306908686793850713
      Rounded once, where it is shown: EUR 253.75

    What unit prices printed in EUR would give
    Meter                    Quantity   List price                        Exact in EUR   As printed  Quantity x printed
    ----------------------  ---------  -----------  ----------------------------------  -----------  ------------------
    Basic Sent Email        1,000,000  USD 0.00025  EUR 0.0002315243563622893128357103  EUR 0.00024          EUR 240.00
    Basic Data Transferred    200,000  USD 0.00012   EUR 0.000111131691053898870161141  EUR 0.00012           EUR 24.00
    ----------------------  ---------  -----------  ----------------------------------  -----------  ------------------
    Total                                                                                                    EUR 264.00

    Conclusion
      240.00 + 24.00 = EUR 264.00: EUR 10.25 (4.0%) more than the EUR 253.75 at list prices.
      Assumed: a price page converts every unit price at 1.0798 and rounds it up at its second significant digit (from 0.1 on, at the third decimal), as Azure's page of April 2025 did with most prices known from it.
      That rounding is then multiplied by the quantity.
      Right is to multiply the published prices, to convert the total, and to round once.

    Remarks
      1,000,000 messages a month need more than 100 an hour, which is 72,000 in 30 days: default limit of a subscription for custom domains, raised by a support request; https://learn.microsoft.com/azure/communication-services/concepts/service-limits.

    Provenance
      relaymeter 0.1.0.
      Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in.
      Exchange rate: USD 1.0798 per EUR, of 2025-04-01, not published but derived from prices given both in dollars and in euro; https://www.windowserver.it/2026/01/azure-communication-services-il-sostituto-al-servizio-smtp-auth; built in.
      A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
      currency: EUR (flag).
    --- stderr
    ");
}

#[test]
fn a_discount_stands_beside_the_list_price() {
    insta::assert_snapshot!(run("estimate --messages 1M --size 0.2MB --discount 3.5% --format csv"), @r#"
    exit 0
    --- stdout
    Cost
    Meter,Quantity,Unit,List unit price,List unit price currency,List cost,List cost currency,Contracted unit price,Contracted unit price currency,Contracted cost,Contracted cost currency
    Basic Sent Email,1000000,recipient,0.00025,USD,250,USD,0.00024125,USD,241.25,USD
    Basic Data Transferred,200000,MB,0.00012,USD,24,USD,0.0001158,USD,23.16,USD
    Total,,,,,274,USD,,,264.41,USD

    Remarks
    Note
    "1,000,000 messages a month need more than 100 an hour, which is 72,000 in 30 days: default limit of a subscription for custom domains, raised by a support request; https://learn.microsoft.com/azure/communication-services/concepts/service-limits."

    Provenance
    Note
    relaymeter 0.1.0.
    "Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in."
    Terms: discount (--discount): 3.5% off the list price.
    "A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it)."
    discount: 3.5% (flag).
    --- stderr
    "#);
}

#[test]
fn a_budget_decides_the_exit_code() {
    insta::assert_snapshot!(run("estimate --messages 20 --size 2083334 --budget 0.005 --format markdown"), @"
    exit 4
    --- stdout
    # 20 messages a month of 2.08 MB

    ## Cost

    | Meter | Quantity | Unit | Unit price | Cost |
    | --- | ---: | --- | ---: | ---: |
    | Basic Sent Email | 20 | recipient | USD 0.00025 | USD 0.01 |
    | Basic Data Transferred | 41.66668 | MB | USD 0.00012 | USD 0.01 |
    | **Total** |  |  |  | **USD 0.01** |

    ## Remarks

    - OVER THE BUDGET of USD 0.005: the total of USD 0.01 exceeds it by USD 0.005.
    - Rounding of the cost: USD -0.01 between the rounded rows (USD 0.02) and the total, which is exact before it is rounded.

    ## Provenance

    - relaymeter 0.1.0.
    - Price list: acs-email version 2023-03-31, Azure Communication Services, in force from 2023-03-31; https://github.com/MicrosoftDocs/azure-docs/blob/ea2b0fef131cf128c0af4021f9de2cd7818f55d9/articles/communication-services/concepts/email-pricing.md, read on 2026-11-23; built in.
    - A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
    --- stderr
    ");
    let code = |line: &str| program().args(line.split(' ')).output().unwrap().status.code();
    assert_eq!(code("estimate --messages 1M --size 0.2MB --budget 274"), Some(0));
    assert_eq!(code("estimate --messages 1M --size 0.2MB --budget 273.99"), Some(4));
}

#[test]
fn what_cannot_be_estimated_says_why() {
    insta::assert_snapshot!(run("estimate --messages 1M --size 0.2MB --pricing README.md"), @"
    exit 1
    --- stdout
    --- stderr
    error: README.md:3: cannot be read as a price file: expected keys with values, such as 'key: value'
    ");
    insta::assert_snapshot!(run("estimate --messages 1M --size 0.2MB --terms no/such.yaml"), @r#"
    exit 1
    --- stdout
    --- stderr
    error: no/such.yaml: No such file or directory (os error 2)
    "#);
    insta::assert_snapshot!(run("estimate --messages 1M --size 2.884"), @r#"
    exit 2
    --- stdout
    --- stderr
    error: invalid value '2.884' for '--size <SIZE>': '2.884' is a part of a byte: expected whole bytes or a larger unit, such as '2884' or '2.884 kB'

    For more information, try '--help'.
    "#);
}

#[test]
fn every_output_fits_the_published_schema() {
    let validator = crate::schema("estimate");
    for line in [
        "estimate --messages 1M --size 0.2MB --format json",
        "estimate --messages 1M --size 0.2MB --currency EUR --explain --budget 300 --months 12 --format json",
        "estimate --messages 1 --size 1 --currency EUR --fx 1.1 --discount 5% --on 2026-10-01 --format json",
    ] {
        let output = program().args(line.split(' ')).output().unwrap();
        let data: Value = serde_json::from_slice(&output.stdout).unwrap();
        let errors: Vec<String> = validator.iter_errors(&data).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
        let mut wrong = data;
        wrong["total"]["amount"] = Value::from(1.5);
        assert!(!validator.is_valid(&wrong), "an amount that is a float does not fit");
    }
}

/// A folder with a price list of another name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let list = std::fs::read_to_string("pricing/acs-email-2023-03-31.yaml").unwrap();
    std::fs::write(folder.path().join("mine.yaml"), list.replace("name: acs-email\n", "name: mine\n"))
        .unwrap();
    folder
}

fn estimate_in(folder: &tempfile::TempDir, args: &str) -> std::process::Output {
    let mut command = program();
    command.current_dir(folder.path()).args(["estimate", "--messages", "1000", "--size", "1kB"]);
    command.args(args.split_whitespace()).output().unwrap()
}

#[test]
fn a_price_file_that_decides_nothing_is_remarked_on() {
    let folder = folder();
    let unused = "nothing that --pricing gives is used (price list 'mine@2023-03-31'): the prices are those of \
                  'acs-email', built in; --price-list names another list";
    let output = estimate_in(&folder, "--pricing mine.yaml --format json");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("warning: {unused}\n"));
    let data: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(data["warnings"], serde_json::json!([unused]));
    let used = estimate_in(&folder, "--pricing mine.yaml --price-list mine");
    assert_eq!(String::from_utf8(used.stderr).unwrap(), "");
}

#[test]
fn every_format_keeps_warnings_and_remarks() {
    let folder = folder();
    for format in ["table", "markdown", "csv"] {
        let output = estimate_in(&folder, &format!("--currency EUR --budget 1EUR --format {format}"));
        let text = String::from_utf8(output.stdout).unwrap();
        for part in [
            "the newest known rate of USD per EUR is of 2025-04-01",
            "budget of EUR 1.00",
            "currency: EUR (flag)",
        ] {
            assert!(text.contains(part), "{format}: {text}");
        }
    }
    let explained = estimate_in(&folder, "--currency EUR --explain --format csv");
    assert!(
        String::from_utf8(explained.stdout).unwrap().contains("Right is to multiply the published prices")
    );
}

#[test]
fn a_flag_that_beats_the_settings_file_is_shown_with_it() {
    let folder = folder();
    std::fs::write(
        folder.path().join("relaymeter.yaml"),
        "schema_version: 1\ncurrency: EUR\nmegabyte: binary\n",
    )
    .unwrap();
    let output = estimate_in(&folder, "--currency USD");
    let text = String::from_utf8(output.stdout).unwrap();
    for line in
        ["  currency: USD (flag; relaymeter.yaml says EUR).\n", "  megabyte: binary (relaymeter.yaml).\n"]
    {
        assert!(text.contains(line), "{text}");
    }
}
