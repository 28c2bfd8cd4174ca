//! `relaymeter analyze`: counts, costs, filters, accounting, the published schema, and what ends in an error.

use std::path::Path;

use relaymeter::ingest::formats::FORMATS;
use serde_json::Value;
use tempfile::TempDir;

use crate::{program, shown};

/// A message in a Postfix log: `sent` recipients, then bounced ones.
struct Message {
    id: &'static str,
    day: &'static str,
    client: &'static str,
    from: &'static str,
    size: Option<u64>,
    sent: u32,
    bounced: u32,
}

const MAIL: Message = Message {
    id: "4A1B2C3D01",
    day: "2026-10-05",
    client: "app1.example[10.0.0.5]",
    from: "app@one.example",
    size: Some(2_884),
    sent: 1,
    bounced: 0,
};

/// Three applications in two months, a bounce by the relay itself, and a message without a size.
fn mails() -> Vec<Message> {
    vec![
        MAIL,
        Message { id: "4A1B2C3D02", sent: 2, bounced: 1, size: Some(75_000), ..MAIL },
        Message {
            id: "4A1B2C3D03",
            day: "2026-11-01",
            from: "web@two.example",
            client: "web.example[10.0.1.7]",
            ..MAIL
        },
        Message { id: "4A1B2C3D04", from: "", ..MAIL },
        Message {
            id: "4A1B2C3D05",
            from: "=1@one.example",
            client: "unknown[192.0.2.9]",
            size: Some(4_000),
            ..MAIL
        },
    ]
}

fn log(messages: &[Message]) -> String {
    let mut lines =
        String::from("2026-10-05T07:00:00+00:00 relay postfix/master[1]: daemon started -- version 3.7.0\n");
    for Message { id, day, client, from, size, sent, bounced } in messages {
        let mut line = |daemon: &str, text: String| {
            lines.push_str(&format!("{day}T08:00:00+00:00 relay postfix/{daemon}[9]: {id}: {text}\n"));
        };
        line("smtpd", format!("client={client}"));
        if let Some(size) = size {
            line("qmgr", format!("from=<{from}>, size={size}, nrcpt={} (queue active)", sent + bounced));
        }
        let relay = "relay=x.mail.protection.outlook.com[192.0.2.1]:25, delay=1, delays=0/0/0/1";
        for n in 0..*sent {
            line("smtp", format!("to=<r{n}@example.net>, {relay}, dsn=2.0.0, status=sent (250 ok)"));
        }
        for n in 0..*bounced {
            line("smtp", format!("to=<b{n}@example.net>, {relay}, dsn=5.1.1, status=bounced (550 no)"));
        }
        line("qmgr", "removed".to_owned());
    }
    lines
}

/// A folder with the log as `mail.log`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.log"), log(&mails())).unwrap();
    folder
}

fn run(folder: &Path, args: &str) -> String {
    shown(&program().current_dir(folder).arg("analyze").args(args.split_whitespace()).output().unwrap())
}

fn data(folder: &Path, args: &str) -> Value {
    let mut command = program();
    command.current_dir(folder).args(["analyze", "--format", "json"]).args(args.split_whitespace());
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)))
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).display().to_string()
}

fn totals(data: &Value) -> [u64; 4] {
    ["messages", "recipients", "bytes", "recipient_bytes"].map(|key| data["totals"][key].as_u64().unwrap())
}

fn amount(money: &Value) -> rust_decimal::Decimal {
    money["amount"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_report_for_people() {
    let folder = folder();
    let report = run(folder.path(), "mail.log --by sender-domain,client --log-timezone UTC");
    let without_list = |line: &str| match line.starts_with("  Price list: acs-email version ") {
        true => "  Price list: …".to_owned(),
        false => line.to_owned(),
    };
    let report: Vec<String> = report.lines().map(without_list).collect();
    insta::assert_snapshot!(report.join("\n"), @"
    exit 0
    --- stdout
    Usage and cost of 2026-10-05 to 2026-11-01

    Usage
    Figure                             Attempted  Delivered only
    ----------------------  --------------------  --------------
    Messages                                   4               4
    Recipients                                 6               5
    Recipients per message                  1.50
    Bytes                               84.77 kB        84.77 kB
    Recipient bytes                    234.77 kB       159.77 kB
    Mean size                           21.19 kB
    Size of 50% up to                    2.91 kB
    Size of 95% up to                   75.00 kB
    Size of 99% up to                   75.00 kB
    Largest size                        75.00 kB
    First                   2026-10-05T08:00:00Z
    Last                    2026-11-01T08:00:00Z
    Cost                              USD < 0.01      USD < 0.01

    Cost
    Meter                   Quantity  Unit        Unit price        Cost
    ----------------------  --------  ---------  -----------  ----------
    Basic Sent Email               6  recipient  USD 0.00025  USD < 0.01
    Basic Data Transferred  0.234768  MB         USD 0.00012  USD < 0.01
    ----------------------  --------  ---------  -----------  ----------
    Total                                                     USD < 0.01

    By sender-domain, client
    Sender domain  Client                   Messages  Recipients  Recipients/message     Bytes  Recipient bytes  Mean size  50% up to  95% up to  99% up to   Largest        Cost
    -------------  -----------------------  --------  ----------  ------------------  --------  ---------------  ---------  ---------  ---------  ---------  --------  ----------
    one.example    app1.example [10.0.0.5]         2           4                2.00  77.88 kB        227.88 kB   38.94 kB    2.91 kB   75.00 kB   75.00 kB  75.00 kB  USD < 0.01
    one.example    192.0.2.9                       1           1                1.00   4.00 kB          4.00 kB    4.00 kB    4.00 kB    4.00 kB    4.00 kB   4.00 kB  USD < 0.01
    two.example    web.example [10.0.1.7]          1           1                1.00   2.88 kB          2.88 kB    2.88 kB    2.88 kB    2.88 kB    2.88 kB   2.88 kB  USD < 0.01
    -------------  -----------------------  --------  ----------  ------------------  --------  ---------------  ---------  ---------  ---------  ---------  --------  ----------
    Total                                          4           6                1.50  84.77 kB        234.77 kB   21.19 kB    2.91 kB   75.00 kB   75.00 kB  75.00 kB  USD < 0.01

    Remarks
      '50% up to' and the like are at most 1.6 % above the true sizes; the largest size is exact.

    Accounting
    Became                Records  Messages
    --------------------  -------  --------
    used                       18         4
    skipped: null-sender        4         1
    skipped: session            1
    rejected                    0
    --------------------  -------  --------
    read                       23

    Provenance
      relaymeter 0.1.0.
      Price list: …
      A charged megabyte is 1,000,000 bytes (the provider does not say; --megabyte changes it).
      log-timezone: UTC (flag).
      timezone: UTC (default).
      mail.log: postfix, 2796 bytes.
    --- stderr
    ");
}

#[test]
fn counts_costs_and_filters() {
    let folder = folder();
    let with = |args: &str| totals(&data(folder.path(), &format!("mail.log {args}")));
    assert_eq!(with(""), [4, 6, 84_768, 234_768]);
    assert_eq!(with("--include-null-sender"), [5, 7, 87_652, 237_652]);
    assert_eq!(with("--delivered-only"), [4, 5, 84_768, 159_768]);
    assert_eq!(with("--client 10.0.0.0/16"), [3, 5, 80_768, 230_768]);
    assert_eq!(with("--client *.example --exclude-client web.example"), [2, 4, 77_884, 227_884]);
    assert_eq!(with("--exclude-sender-domain one.example"), [1, 1, 2_884, 2_884]);
    assert_eq!(with("--from 2026-11-01"), [1, 1, 2_884, 2_884]);
    assert_eq!(with("--to 2026-11-01"), [3, 5, 81_884, 231_884]);
    assert_eq!(with("--size-overhead 10 --to 2026-11-01"), [3, 5, 81_914, 231_934]);
    let json = data(folder.path(), "mail.log");
    assert_eq!(json["cost"]["total"]["amount"], "0.00152817216");
    assert_eq!(json["delivered"]["recipient_bytes"], 159_768);
    assert_eq!(json["delivered"]["cost"]["amount"], "0.00126917216");
}

#[test]
fn every_output_fits_the_published_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/analyze.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let folder = folder();
    std::fs::write(folder.path().join("notes.txt"), "nothing\nto be read\n").unwrap();
    for args in [
        "mail.log",
        ".",
        "mail.log mail.log",
        "mail.log --by month,day,hour,sender-domain,sender,client,outcome,source,traffic,connector --top 2",
        "mail.log --currency EUR --fx 1.1 --discount 5% --megabyte binary --on 2026-10-01",
        "mail.log --on usage --by month",
        "mail.log --client 10.9.9.9 --allow-empty",
        &sample("message-trace-enhanced.csv"),
        &sample("azure-cost-ea.csv"),
        &sample("azure-cost-mca.csv"),
        &sample("azure-cost-focus-1.0.csv"),
    ] {
        let data = data(folder.path(), args);
        let errors: Vec<String> = validator.iter_errors(&data).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{args}: {errors:?}");
    }
    let mut wrong = data(folder.path(), "mail.log");
    wrong["cost"]["total"]["amount"] = Value::from(1.5);
    assert!(!validator.is_valid(&wrong), "an amount that is a float does not fit");
}

#[test]
fn rows_add_up_to_the_total() {
    let folder = folder();
    for by in [
        "month",
        "day",
        "hour",
        "sender-domain",
        "sender",
        "client",
        "outcome",
        "source",
        "traffic",
        "connector",
    ] {
        for top in ["", "--top 1", "--currency EUR --fx 1.0798"] {
            let data = data(folder.path(), &format!("mail.log --by {by} {top}"));
            let rows = data["rows"].as_array().unwrap();
            let sum = |key: &str| rows.iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
            let sums = ["messages", "recipients", "bytes", "recipient_bytes"].map(sum);
            assert_eq!(sums, totals(&data), "{by}");
            let costs: rust_decimal::Decimal = rows.iter().map(|row| amount(&row["cost"])).sum();
            assert_eq!(costs, amount(&data["cost"]["total"]), "{by} {top}");
        }
    }
}

#[test]
fn a_month_is_priced_in_parts_where_the_list_changes() {
    let folder = folder();
    let list = std::fs::read_to_string("pricing/acs-email-2023-03-31.yaml").unwrap();
    let later = list
        .replace("2023-03-31\"", "2026-11-01\"")
        .replace("effective: 2023-03-31", "effective: 2026-10-06")
        .replace("\"0.00025\"", "\"0.0005\"");
    let examples = later.find("examples:").unwrap();
    std::fs::write(folder.path().join("later.yaml"), &later[..examples]).unwrap();
    let late = Message { id: "4A1B2C3D06", day: "2026-10-06", ..MAIL };
    std::fs::write(folder.path().join("mail.log"), log(&[MAIL, late])).unwrap();
    let with = |args: &str| data(folder.path(), &format!("mail.log --pricing later.yaml {args}"));
    assert_eq!(with("")["cost"]["total"]["amount"], "0.00100069216");
    assert_eq!(with("--on 2026-10-05")["cost"]["total"]["amount"], "0.00050069216");
    let split = with("--on usage --by day");
    assert_eq!(split["cost"]["total"]["amount"], "0.00075069216");
    let costs: Vec<&Value> =
        split["rows"].as_array().unwrap().iter().map(|row| &row["cost"]["amount"]).collect();
    assert_eq!(costs, ["0.00025034608", "0.00050034608"]);
}

#[test]
fn submissions_add_up_to_the_totals_and_hold_no_recipient() {
    let folder = folder();
    for args in ["", "--delivered-only --size-overhead 3.6%"] {
        let data = data(folder.path(), &format!("mail.log --submissions rows.csv {args}"));
        let text = std::fs::read_to_string(folder.path().join("rows.csv")).unwrap();
        assert!(!text.contains("example.net"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut sums = [0; 4];
        for record in reader.records() {
            let record = record.unwrap();
            let number = |column: usize| record[column].parse::<u64>().unwrap();
            let row = [number(1), number(2), number(1) * number(3), number(4)];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        assert_eq!(sums, totals(&data));
    }
}

#[test]
fn an_empty_input_beside_a_good_one_is_told() {
    let folder = folder();
    for name in ["empty.log", "blank.log"] {
        std::fs::write(folder.path().join(name), if name == "empty.log" { "" } else { " \n" }).unwrap();
    }
    let shown = run(folder.path(), "mail.log empty.log blank.log");
    assert!(shown.starts_with("exit 0"), "{shown}");
    for name in ["empty.log", "blank.log"] {
        assert!(shown.contains(&format!("warning: {name} is empty: it adds nothing")), "{shown}");
    }
    assert!(!run(folder.path(), ".").contains("adds nothing"), "what was only found may be empty");
    assert!(!run(folder.path(), "empty.log").contains("adds nothing"), "the error says it");
}

#[test]
fn what_cannot_be_analyzed_says_why() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("quiet.log", &log(&[]));
    write("bounces.log", &log(&[Message { from: "", ..MAIL }]));
    write("mail.txt", "Dear all,\nnothing to count here\n");
    write("sizeless.log", &log(&[Message { size: None, ..MAIL }]));
    let nowhere = run(folder.path(), "mail.log --submissions no/such/place.csv");
    assert!(nowhere.contains("error: no/such/place.csv: cannot be written: "), "{nowhere}");
    let mut all = String::new();
    for args in [
        "quiet.log",
        "quiet.log --allow-empty",
        "bounces.log",
        "mail.log --client 203.0.113.1",
        "mail.log --from 2030-01-01 --sender-domain one.example",
        "mail.txt",
        "sizeless.log",
        "mail.log --on usage --price-list acs-email@2023-03-31",
        "mail.log --on 2020-01-01",
        "mail.log --by day,day",
        "mail.log --by week",
        "mail.log --top 3",
        "mail.log --by day --top 0",
        "mail.log --year x",
        "mail.log --submissions -",
        "mail.log --client 10.0.0.0/99",
        "mail.log --input-format pigeon",
        "mail.log --missing-size big",
    ] {
        all.push_str(&format!("$ analyze {args}\n{}\n", run(folder.path(), args)));
    }
    let formats: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
    let all = all.replace(&formats.join(", "), "FORMATS");
    insta::assert_snapshot!(all, @"
    $ analyze quiet.log
    exit 1
    --- stdout
    --- stderr
    error: quiet.log: recognised as postfix, 0 messages usable: 1 record skipped (session 1)

    $ analyze quiet.log --allow-empty
    exit 1
    --- stdout
    --- stderr
    error: quiet.log: recognised as postfix, 0 messages usable: 1 record skipped (session 1)

    $ analyze bounces.log
    exit 1
    --- stdout
    --- stderr
    error: bounces.log: recognised as postfix, 0 messages usable: 5 records skipped (null-sender 4, session 1)
    hint: --allow-empty lets this pass as zero

    $ analyze mail.log --client 203.0.113.1
    exit 1
    --- stdout
    --- stderr
    error: mail.log: recognised as postfix, 0 messages usable: 23 records skipped (null-sender 4, session 1, filtered 18)
    hint: no message passes the filters: client: 203.0.113.1 (flag)
    hint: --allow-empty lets this pass as zero

    $ analyze mail.log --from 2030-01-01 --sender-domain one.example
    exit 1
    --- stdout
    --- stderr
    error: mail.log: recognised as postfix, 0 messages usable: 23 records skipped (null-sender 4, session 1, outside-window 18)
    hint: no message passes the filters: sender-domain: one.example (flag); from: 2030-01-01 (flag)
    hint: --allow-empty lets this pass as zero

    $ analyze mail.txt
    exit 1
    --- stdout
    --- stderr
    error: mail.txt: not recognised: it looks like text of another kind; expected one of FORMATS
    hint: --input-format forces one, and --mapping names the columns of a CSV

    $ analyze sizeless.log
    exit 1
    --- stdout
    --- stderr
    error: sizeless.log: no message that counts (1) has a size: expected some to take the mean from
    hint: give one with --missing-size, such as '--missing-size 75kB'; if the input should have sizes, the words that mark them may have been replaced

    $ analyze mail.log --on usage --price-list acs-email@2023-03-31
    exit 2
    --- stdout
    --- stderr
    error: '--on usage' chooses the version by date: name the price list (flag) without '@2023-03-31'

    Usage: relaymeter analyze [OPTIONS] <PATH>...
           relaymeter analyze [OPTIONS] --ledger <DIR>

    For more information, try '--help'.

    $ analyze mail.log --on 2020-01-01
    exit 1
    --- stdout
    --- stderr
    error: no price list 'acs-email' is in force on 2020-01-01: expected a date from 2023-03-31 on

    $ analyze mail.log --by day,day
    exit 2
    --- stdout
    --- stderr
    error: '--by' names day twice

    Usage: relaymeter analyze [OPTIONS] <PATH>...
           relaymeter analyze [OPTIONS] --ledger <DIR>

    For more information, try '--help'.

    $ analyze mail.log --by week
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'week' for '--by <DIMENSION,…>': 'week' is nothing to group by: expected month, day, hour, sender-domain, sender, client, outcome, source, traffic or connector

    For more information, try '--help'.

    $ analyze mail.log --top 3
    exit 2
    --- stdout
    --- stderr
    error: the following required arguments were not provided:
      --by <DIMENSION,…>

    Usage: relaymeter analyze [OPTIONS] <PATH>...
           relaymeter analyze [OPTIONS] --ledger <DIR>

    For more information, try '--help'.

    $ analyze mail.log --by day --top 0
    exit 2
    --- stdout
    --- stderr
    error: invalid value '0' for '--top <N>': '0' is not a number of groups: expected 1 or more, such as '10'

    For more information, try '--help'.

    $ analyze mail.log --year x
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'x' for '--year <YEAR>': 'x' is not a year: expected one from 1970 on, such as '2026'

    For more information, try '--help'.

    $ analyze mail.log --submissions -
    exit 2
    --- stdout
    --- stderr
    error: invalid value '-' for '--submissions <FILE.csv>': '-' is standard output, which holds the report: expected a file

    For more information, try '--help'.

    $ analyze mail.log --client 10.0.0.0/99
    exit 2
    --- stdout
    --- stderr
    error: invalid value '10.0.0.0/99' for '--client <HOST>': '10.0.0.0/99' is not a client: expected an address, a network such as '10.0.0.0/8', a host name or '*.example.com'

    For more information, try '--help'.

    $ analyze mail.log --input-format pigeon
    exit 2
    --- stdout
    --- stderr
    error: 'pigeon' is not a format: expected one of FORMATS

    Usage: relaymeter analyze [OPTIONS] <PATH>...
           relaymeter analyze [OPTIONS] --ledger <DIR>

    For more information, try '--help'.

    $ analyze mail.log --missing-size big
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'big' for '--missing-size <SIZE>': 'big' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'

    For more information, try '--help'.
    ");
}

#[test]
fn a_discount_shows_the_list_cost_beside_the_contracted_one() {
    let folder = folder();
    for args in ["--discount 50%", "--discount 50% --currency EUR --fx 2"] {
        let data = data(folder.path(), &format!("mail.log --by client {args}"));
        let rows = data["rows"].as_array().unwrap();
        for cost in [&data["cost"]["total"], &rows[0]["cost"], &data["delivered"]["cost"]] {
            assert!(amount(cost) > rust_decimal::Decimal::ZERO);
        }
        let two = rust_decimal::Decimal::TWO;
        assert_eq!(amount(&data["cost"]["list_cost"]), two * amount(&data["cost"]["total"]));
        assert_eq!(amount(&data["delivered"]["list_cost"]), two * amount(&data["delivered"]["cost"]));
        let sum = rows.iter().map(|row| amount(&row["list_cost"])).sum::<rust_decimal::Decimal>();
        assert_eq!(sum, amount(&data["cost"]["list_cost"]), "{args}");
        let csv = run(folder.path(), &format!("mail.log --by client --format csv {args}"));
        assert!(
            csv.contains(",List cost,List cost currency,Contracted cost,Contracted cost currency\r\n"),
            "{csv}"
        );
        assert!(csv.contains("\nList cost,") && csv.contains("\nContracted cost,"), "{csv}");
    }
    let plain = data(folder.path(), "mail.log");
    assert_eq!(plain["cost"]["list_cost"], plain["cost"]["total"]);
}

#[test]
fn a_flag_that_beats_the_settings_file_is_shown_with_it() {
    let folder = folder();
    let settings = "schema_version: 1\ncurrency: EUR\nmegabyte: binary\nclients: [192.0.2.0/24]\n";
    std::fs::write(folder.path().join("relaymeter.yaml"), settings).unwrap();
    let args = "mail.log --currency USD --client 10.0.0.0/8";
    let shown = run(folder.path(), args);
    for line in [
        "  currency: USD (flag; relaymeter.yaml says EUR).\n",
        "  megabyte: binary (relaymeter.yaml).\n",
        "  client: 10.0.0.0/8 (flag; relaymeter.yaml says 192.0.2.0/24).\n",
    ] {
        assert!(shown.contains(line), "{shown}");
        assert!(
            run(folder.path(), &format!("{args} --format csv")).contains(line.trim().trim_end_matches('.'))
        );
    }
    let data = data(folder.path(), args);
    let settings = data["provenance"]["settings"].as_array().unwrap();
    let currency = settings.iter().find(|one| one["name"] == "currency").unwrap();
    let instead = serde_json::json!({ "value": "EUR", "from": "relaymeter.yaml" });
    assert_eq!((&currency["from"], &currency["instead_of"]), (&"flag".into(), &instead));
}

#[test]
fn a_mapping_makes_any_table_readable() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("table.txt"), "Quando;A chi\n2026-10-05 08:00;a@example.net\n")
        .unwrap();
    std::fs::write(folder.path().join("map.yaml"), "columns: {Quando: time, A chi: recipients}\n").unwrap();
    let without = run(folder.path(), "table.txt --missing-size 1kB");
    assert!(without.contains("error: table.txt: not recognised"), "{without}");
    let data = data(folder.path(), "table.txt --missing-size 1kB --mapping map.yaml");
    assert_eq!(totals(&data), [1, 1, 1_000, 1_000]);
    assert_eq!(data["provenance"]["inputs"][0]["read_as"], "generic-csv");
}

#[test]
fn ratios_are_exact_for_programs_and_short_for_people() {
    let folder = folder();
    let messages =
        [MAIL, Message { id: "4A1B2C3D08", ..MAIL }, Message { id: "4A1B2C3D09", sent: 2, ..MAIL }];
    std::fs::write(folder.path().join("mail.log"), log(&messages)).unwrap();
    assert_eq!(data(folder.path(), "mail.log")["recipients_per_message"], "1.3333333333333333333333333333");
    let people = run(folder.path(), "mail.log");
    let line = people.lines().find(|line| line.starts_with("Recipients per message")).unwrap();
    assert!(line.ends_with(" 1.33"), "{line}");
}

#[test]
fn an_unrecognised_file_in_a_folder_is_listed_and_told_by_the_exit_code() {
    let folder = folder();
    std::fs::write(folder.path().join("mail.txt"), "Dear all,\nnothing to count here\n").unwrap();
    let shown = run(folder.path(), ". --format csv");
    assert!(shown.starts_with("exit 3\n"), "{shown}");
    assert!(
        shown.contains("mail.txt: not recognised, not read: it looks like text of another kind\n"),
        "{shown}"
    );
}

#[test]
fn a_message_trace_without_filters_is_labelled_split_and_warned_about() {
    let folder = folder();
    let shown = run(folder.path(), &format!("{} --log-timezone UTC", sample("message-trace-enhanced.csv")));
    assert!(
        shown.contains("(unfiltered)\n") && shown.contains("Traffic in the unfiltered total\n"),
        "{shown}"
    );
    assert!(shown.contains("warning: the total is unfiltered ("), "{shown}");
    assert!(shown.contains("--client, --sender-domain, --connector or --relay-host"), "{shown}");
    let unfiltered = data(folder.path(), &sample("message-trace-enhanced.csv"));
    let kinds = unfiltered["traffic"].as_array().unwrap();
    let messages: u64 = kinds.iter().map(|kind| kind["messages"].as_u64().unwrap()).sum();
    assert_eq!(messages, totals(&unfiltered)[0]);
    // To leave some mail out says nothing about the rest; to choose some does.
    for (flag, is_unfiltered) in [
        ("--exclude-client 203.0.113.99", true),
        ("--client 0.0.0.0/0", false),
        ("--relay-host 0.0.0.0/0", false),
    ] {
        let shown = data(folder.path(), &format!("{} {flag}", sample("message-trace-enhanced.csv")));
        assert_eq!(shown["unfiltered"], is_unfiltered, "{flag}");
    }
}

#[test]
fn messages_of_several_kinds_of_logs_are_told() {
    let folder = folder();
    let warned = |args: String| {
        let warnings = data(folder.path(), &args)["warnings"].as_array().unwrap().clone();
        warnings.iter().any(|warning| warning.as_str().unwrap().contains("several kinds of logs"))
    };
    let (exim, acs) = (sample("exim-mainlog.log"), sample("acs-diagnostics.jsonl"));
    let shown = run(folder.path(), &format!("mail.log {exim}"));
    assert!(
        shown.contains("the total adds up messages of several kinds of logs (13 exim, 4 postfix)"),
        "{shown}"
    );
    assert!(warned(format!("mail.log {acs}")));
    // What stands beside usage, or does not count, is not added up.
    assert!(!warned("mail.log".to_owned()));
    assert!(!warned(format!("mail.log {}", sample("azure-cost-mca.csv"))));
    assert!(!warned(format!("mail.log {exim} --client 10.0.0.5")));
}

#[test]
fn lines_of_another_mail_system_further_on_are_told() {
    let folder = folder();
    let one = log(&[MAIL]);
    let postfix: String = (0..1_000).map(|n| one.replace(MAIL.id, &format!("4A1B2C{n:04}"))).collect();
    let sendmail = "2026-10-05T08:00:00+00:00 r2 sm-mta[11]: 69580011002011: from=<app@one.example>, size=1000, class=0, nrcpts=1, relay=[192.0.2.5]\n";
    std::fs::write(folder.path().join("central.log"), postfix + sendmail).unwrap();
    let shown = run(folder.path(), "central.log");
    assert!(shown.contains("skipped: other-mail-system        1"), "{shown}");
    assert!(
        shown
            .contains("lines of another mail system than the one that a file was recognised as: 1, not read"),
        "{shown}"
    );
    assert!(!run(folder.path(), "mail.log").contains("another mail system"));
}

#[test]
fn missing_sizes_are_imputed_and_named() {
    let folder = folder();
    let messages = [MAIL, Message { id: "4A1B2C3D07", size: None, sent: 3, ..MAIL }];
    std::fs::write(folder.path().join("mail.log"), log(&messages)).unwrap();
    let imputed = data(folder.path(), "mail.log");
    assert_eq!(totals(&imputed), [2, 4, 5_768, 11_536]);
    assert_eq!(
        imputed["imputed"],
        serde_json::json!({ "messages": 1, "recipients": 3, "recipient_bytes": 8_652 })
    );
    let typed = data(folder.path(), "mail.log --missing-size 1kB");
    assert_eq!(totals(&typed), [2, 4, 3_884, 5_884]);
    assert_eq!(typed["imputed"]["recipient_bytes"], 3_000);
}

#[test]
fn the_real_log_has_its_known_totals() {
    let path = crate::data_folder().join("logs/postfix/outbound-relay-2014.log");
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return;
    }
    let log = path.display().to_string();
    let here = Path::new(".");
    let all = data(here, &log);
    assert_eq!(totals(&all), [5_019, 5_137, 195_390_380, 198_643_274]);
    assert_eq!(all["cost"]["total"]["amount"], "1.30808719288");
    assert_eq!(all["delivered"]["recipients"], 5_136);
    assert_eq!(all["delivered"]["recipient_bytes"], 198_613_110);
    assert_eq!(all["accounting"]["skipped_messages"], serde_json::json!({ "null-sender": 1 }));
    let with_null = data(here, &format!("{log} --include-null-sender"));
    assert_eq!(totals(&with_null), [5_020, 5_138, 195_422_433, 198_675_327]);
    assert_eq!(totals(&data(here, &format!("{log} {log}"))), totals(&all));
}

/// Compares what is counted in a generated log with what is known of it: totals, days, sender domains.
#[test]
fn generated_logs_have_their_known_counts() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, log) in [("postfix", "postfix.log"), ("message-trace", "message-trace.csv")] {
        let made =
            program().current_dir(folder.path()).args(["sample", kind, ".", "--messages", "400"]).output();
        assert!(made.unwrap().status.success());
        let truth = std::fs::read_to_string(folder.path().join(format!("{kind}.truth.json"))).unwrap();
        let truth = &serde_json::from_str::<Value>(&truth).unwrap()["truth"];
        let measures = |facts: &Value| {
            ["messages", "recipients", "bytes", "recipient_bytes"].map(|key| facts[key].as_u64().unwrap())
        };
        let all = data(folder.path(), log);
        assert_eq!(totals(&all), measures(truth), "{kind}");
        assert_eq!(measures(&all["delivered"]), measures(&truth["delivered"]), "{kind}");
        for (by, known) in [("day", "by_day"), ("sender-domain", "by_sender_domain")] {
            let grouped = data(folder.path(), &format!("{log} --by {by}"));
            let rows = grouped["rows"].as_array().unwrap();
            let known = truth[known].as_object().unwrap();
            assert_eq!(rows.len(), known.len(), "{kind} by {by}");
            for row in rows {
                let label = row["group"][by].as_str().unwrap();
                assert_eq!(measures(row), measures(&known[label]), "{kind} by {by}: {label}");
            }
        }
    }
}

#[test]
fn billed_charges_stand_beside_the_usage_and_are_never_in_it() {
    let folder = folder();
    let alone = data(folder.path(), "mail.log");
    let both = data(folder.path(), &format!("mail.log {}", sample("azure-cost-mca.csv")));
    assert_eq!(both["totals"], alone["totals"]);
    assert_eq!(both["cost"]["total"], alone["cost"]["total"]);
    let charges = both["billed_charges"].as_array().unwrap();
    let sent = &charges[1];
    assert_eq!((&sent["date"], &sent["meter"]), (&"2026-10-01".into(), &"Basic Sent Email".into()));
    assert_eq!((&sent["metered"], &sent["quantity"]), (&"recipients".into(), &"100000".into()));
    assert_eq!((&sent["unit_price"], &sent["exchange_rate"]), (&"0.00025".into(), &"0.9261".into()));
    assert_eq!(sent["billed_cost"]["display"], "23.15");
    let csv = run(folder.path(), &format!("{} --format csv", sample("azure-cost-mca.csv")));
    assert!(
        csv.contains("2026-10,acs-relay,Basic Sent Email,220000,recipients,2,0.00025,USD,0.9261,50.9355,EUR"),
        "{csv}"
    );
}

#[test]
fn resources_of_one_name_are_shown_apart() {
    let folder = tempfile::tempdir().unwrap();
    let row = |group: &str| {
        format!(
            "10/13/2026,Basic Sent Email,1,4,0.001,EUR,/resourceGroups/{group}/Microsoft.Communication/acs\n"
        )
    };
    let header = "Date,MeterName,UnitOfMeasure,Quantity,Cost,BillingCurrency,ResourceId";
    std::fs::write(folder.path().join("a.csv"), format!("{header}\n{}{}", row("a"), row("b"))).unwrap();
    let csv = run(folder.path(), "a.csv --format csv");
    assert!(csv.contains("2026-10,/resourcegroups/b/microsoft.communication/acs,Basic"), "{csv}");
}

#[test]
fn an_export_in_partitions_is_read_with_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let export = std::fs::read_to_string(sample("azure-cost-mca.csv")).unwrap();
    let (header, rows) = export.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let listed =
        "part_0_0001.csv part_1_0001.csv".split(' ').map(|name| format!("{{\"blobName\":\"x/{name}\"}}"));
    let manifest = |time: &str| {
        format!(
            "{{\"exportConfig\":{{\"exportName\":\"mail\",\"type\":\"ActualCost\"}},\"runInfo\":{{\"submittedTime\":\
             \"{time}\",\"runId\":\"{time}\",\"startDate\":\"2026-10-01T00:00:00\"}},\"blobs\":[{}]}}",
            listed.clone().collect::<Vec<_>>().join(",")
        )
    };
    for (run, rows) in [("2026-10-02", &rows[..4]), ("2026-10-03", &rows[..])] {
        let run_folder = folder.path().join("exports").join(run);
        std::fs::create_dir_all(&run_folder).unwrap();
        std::fs::write(run_folder.join("manifest.json"), manifest(run)).unwrap();
        let (first, second) = rows.split_at(rows.len() / 2);
        for (name, part) in [("part_0_0001.csv", first), ("part_1_0001.csv", second)] {
            std::fs::write(run_folder.join(name), format!("{header}\n{}\n", part.join("\n"))).unwrap();
        }
    }
    let whole = data(folder.path(), &sample("azure-cost-mca.csv"));
    let parts = data(folder.path(), "exports");
    assert_eq!(parts["billed_charges"], whole["billed_charges"]);
    assert_eq!(parts["accounting"]["skipped"]["covered"], 4);
    assert!(
        parts["warnings"][0].as_str().unwrap().contains("older runs of an export that a newer one replaces")
    );
    std::fs::remove_file(folder.path().join("exports/2026-10-03/part_1_0001.csv")).unwrap();
    let parts = data(folder.path(), "exports/2026-10-03");
    assert!(parts["warnings"][0].as_str().unwrap().contains("1 of its 2 files are not given"));
}

#[test]
fn a_window_takes_billed_days_by_their_date_in_every_zone() {
    let folder = tempfile::tempdir().unwrap();
    for zone in ["UTC", "America/New_York", "Asia/Tokyo"] {
        let args =
            format!("{} --timezone {zone} --from 2026-10-01 --to 2026-10-02", sample("azure-cost-mca.csv"));
        let charges = data(folder.path(), &args)["billed_charges"].as_array().unwrap().clone();
        let days: Vec<&str> = charges.iter().map(|charge| charge["date"].as_str().unwrap()).collect();
        assert_eq!(days, ["2026-10-01"; 2], "{zone}");
    }
}

#[test]
fn other_rows_of_a_diagnostic_log_are_no_other_subscription() {
    let folder = tempfile::tempdir().unwrap();
    let row = r#"{"time":"2026-10-01T11:10:00Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.COMMUNICATION/COMMUNICATIONSERVICES/A","category":"SMSOperational","operationName":"SMSMessagesSent","correlationId":"x","properties":{}}"#;
    std::fs::write(folder.path().join("PT1H.json"), format!("{row}\n")).unwrap();
    let shown = run(folder.path(), "PT1H.json");
    assert!(shown.contains("recognised as acs-diagnostics") && shown.contains("other-service 1"), "{shown}");
    assert!(!shown.contains("subscription"), "{shown}");
}

#[test]
fn a_cost_export_without_mail_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let header = "Date,MeterName,Quantity,Cost,BillingCurrency,ConsumedService";
    let disk = format!("{header}\n10/01/2026,P10 Disk,1,2,EUR,Microsoft.Compute\n");
    std::fs::write(folder.path().join("disk.csv"), disk).unwrap();
    std::fs::write(folder.path().join("none.csv"), format!("{header}\n")).unwrap();
    std::fs::write(folder.path().join("sheet.csv"), "MeterID,MeterName,UnitPrice,EffectiveStartDate\n")
        .unwrap();
    let shown = run(folder.path(), "disk.csv");
    assert!(shown.contains("recognised as azure-cost, 0 messages usable"), "{shown}");
    assert!(
        shown.contains("hint: 1 row of other services and none of Azure Communication Services"),
        "{shown}"
    );
    assert!(run(folder.path(), "none.csv").contains("--allow-empty lets this pass as zero"));
    assert_eq!(data(folder.path(), "none.csv --allow-empty")["totals"]["messages"], 0);
    let shown = run(folder.path(), "sheet.csv");
    assert!(shown.contains("an Azure price sheet: prices and no charges"), "{shown}");
}

#[test]
fn a_log_of_which_nothing_counts_is_told_of_beside_billed_charges() {
    let folder = tempfile::tempdir().unwrap();
    let cost = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/azure-cost-mca.csv");
    std::fs::copy(cost, folder.path().join("cost.csv")).unwrap();
    let line = "2026-10-01T08:00:00+00:00 relay postfix/smtpd[7]: connect from app[192.0.2.7]\n";
    std::fs::write(folder.path().join("mail.log"), line).unwrap();
    let shown = crate::relaymeter(&["analyze", folder.path().to_str().unwrap()]);
    let warning = "warning: no message counts beside the billed charges: 10 records skipped (session 1, ";
    assert!(shown.starts_with("exit 0\n") && shown.contains(warning), "{shown}");
    assert!(!crate::relaymeter(&["analyze", cost]).contains("warning: no message counts"));
}
