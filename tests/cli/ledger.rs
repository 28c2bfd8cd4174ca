//! `relaymeter ingest` and `relaymeter ledger`: what a ledger gives is what its logs give, however they came in.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::samples::{Truth, samples, truths};
use super::{program, relaymeter, shown};

/// Dimensions by which a ledger and its logs must agree.
const DIMENSIONS: [&str; 9] =
    ["month", "day", "hour", "sender-domain", "sender", "client", "outcome", "traffic", "connector"];

fn run(args: &[&str], paths: &[&Path]) -> (i32, Vec<u8>, String) {
    let output = program().current_dir(samples()).args(args).args(paths).output().unwrap();
    (output.status.code().unwrap(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

/// What a report says of usage and bills: all that must be the same, whatever it was read from.
fn content(report: &[u8]) -> Value {
    let mut report: Value = serde_json::from_slice(report).unwrap();
    let report = report.as_object_mut().unwrap();
    for name in ["accounting", "provenance", "warnings", "remarks", "control_totals", "schema_version"] {
        report.remove(name);
    }
    Value::Object(std::mem::take(report))
}

/// Analyses logs and a ledger by every dimension, and compares.
fn assert_same(logs: &[&Path], options: &[&str], ledger: &Path, what: &str) {
    for by in DIMENSIONS {
        let count = ["analyze", "--format", "json", "--allow-empty", "--by", by];
        let (_, expected, error) = run(&[&count[..], options].concat(), logs);
        let (code, found, lost) = run(&count, &[Path::new("--ledger"), ledger]);
        assert!(!expected.is_empty(), "{what}: {error}");
        assert!(matches!(code, 0 | 3) && !found.is_empty(), "{what}: {lost}");
        assert_eq!(content(&found), content(&expected), "{what} by {by}");
    }
}

fn ingest(logs: &[&Path], options: &[&str], ledger: &Path) -> Value {
    let base = ["ingest", "--format", "json", "--allow-empty", "--ledger"];
    let args = [&base[..], &[ledger.to_str().unwrap()], options].concat();
    let (code, report, error) = run(&args, logs);
    assert!(matches!(code, 0 | 3), "{logs:?}: {error}");
    serde_json::from_slice(&report).unwrap()
}

/// The sum of a figure over all days of a batch.
fn sum(report: &Value, became: &str, figure: &str) -> u64 {
    let days = report["days"].as_array().unwrap();
    days.iter().map(|day| day[became][figure].as_u64().unwrap()).sum()
}

/// A text without sizes of files, which change a little with the key of every ledger.
fn without_sizes(text: &str) -> String {
    let is_size = |word: &str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let line = |line: &str| {
        let words: Vec<&str> =
            line.split(' ').map(|word| if is_size(word) { "0.00" } else { word }).collect();
        words.join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn new_ledger() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    (folder, path)
}

#[test]
fn a_batch_is_told_and_the_same_again_adds_nothing() {
    let (folder, ledger) = new_ledger();
    let name = ledger.to_str().unwrap();
    let tell = || {
        let args = ["ingest", "samples/postfix.log", "--ledger", name, "--year", "2026"];
        relaymeter(&args).replace(folder.path().to_str().unwrap(), "DIR")
    };
    insta::assert_snapshot!(tell(), @"
    exit 0
    --- stdout
    Batch 1 of the ledger DIR/ledger

                                      Rows  Messages  Recipients
    -----------  -------------------  ----  --------  ----------
    submissions  added                 229       229         313
    messages     do not count so far    10         0           0

    Accounting
    Became                   Records  Messages
    -----------------------  -------  --------
    used                       1,356       229
    skipped: local-delivery       10         2
    skipped: not-accepted          4         1
    skipped: discarded             5         1
    skipped: session             731
    skipped: other-program        10
    skipped: filter-hop            5
    rejected                       0
    -----------------------  -------  --------
    read                       2,121

    Provenance
      relaymeter 0.1.0.
      samples/postfix.log: postfix, 341702 bytes.
    --- stderr
    ");
    insta::assert_snapshot!(tell(), @"
    exit 0
    --- stdout
    Nothing new for the ledger DIR/ledger

                                      Rows  Messages  Recipients
    -----------  -------------------  ----  --------  ----------
    submissions  already there         229       229         313
    messages     do not count so far    10         0           0

    Accounting
    Became                   Records  Messages
    -----------------------  -------  --------
    used                       1,356       229
    skipped: local-delivery       10         2
    skipped: not-accepted          4         1
    skipped: discarded             5         1
    skipped: session             731
    skipped: other-program        10
    skipped: filter-hop            5
    rejected                       0
    -----------------------  -------  --------
    read                       2,121

    Provenance
      relaymeter 0.1.0.
      samples/postfix.log: postfix, 341702 bytes.
    --- stderr
    ");
    let show = relaymeter(&["ledger", "show", name]).replace(folder.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(without_sizes(&show), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

    By month
    Month    Kind         Rows  Messages  Recipients  Recipient bytes  Files    On disk
    -------  -----------  ----  --------  ----------  ---------------  -----  ---------
    (open)   unfinished     10         9           0              0 B      1    0.00 kB
    2026-10  submissions   229       229         313         0.00 MB     31  0.00 kB
    -------  -----------  ----  --------  ----------  ---------------  -----  ---------
    Total                  239       229         313         0.00 MB     32  0.00 kB

    By source
    Source               Format   Messages  Recipients
    -------------------  -------  --------  ----------
    samples/postfix.log  postfix       229         313

    Batches
    Batch  Inputs  First input          Added  Completed  Already there
    -----  ------  -------------------  -----  ---------  -------------
        1       1  samples/postfix.log    229          0              0
    --- stderr
    ");
    let check = relaymeter(&["ledger", "check", name]).replace(folder.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(without_sizes(&check), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

      Whole: 32 files, 239 rows, 0.00 kB.
    --- stderr
    ");
}

#[test]
fn every_sample_gives_the_same_through_a_ledger() {
    for Truth { sample, options, .. } in truths() {
        let (_folder, ledger) = new_ledger();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let path = Path::new(&sample);
        ingest(&[path], &options, &ledger);
        let again = ingest(&[path], &options, &ledger);
        assert_eq!(again["batch"], Value::Null, "{sample}: {again}");
        if sample.starts_with("control-totals") {
            continue;
        }
        assert_same(&[path], &options, &ledger, &sample);
    }
}

#[test]
fn a_log_in_pieces_and_in_another_compression_is_one_history() {
    let text = std::fs::read(samples().join("postfix.log")).unwrap();
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    for pieces in [2, 5] {
        let (folder, ledger) = new_ledger();
        for (at, piece) in lines.chunks(lines.len().div_ceil(pieces)).enumerate() {
            let path = folder.path().join(format!("mail.log.{at}"));
            std::fs::write(&path, piece.concat()).unwrap();
            ingest(&[&path], &["--year", "2026"], &ledger);
        }
        let log = Path::new("postfix.log");
        let count = ["analyze", "--format", "json", "--year", "2026"];
        let (_, expected, _) = run(&count, &[log]);
        let (_, found, error) = run(&count[..3], &[Path::new("--ledger"), &ledger]);
        let totals = |report: &[u8]| content(report)["totals"].clone();
        assert_eq!(totals(&found), totals(&expected), "{pieces} pieces: {error}");
        let packed = folder.path().join("all.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &text).unwrap();
        std::fs::write(&packed, encoder.finish().unwrap()).unwrap();
        let again = ingest(&[&packed], &["--year", "2026"], &ledger);
        assert_eq!(sum(&again, "added", "messages"), 0, "{again}");
        let (_, found, _) = run(&count[..3], &[Path::new("--ledger"), &ledger]);
        assert_eq!(totals(&found), totals(&expected), "{pieces} pieces and the whole");
    }
}

#[test]
fn another_zone_or_year_is_refused_and_changes_nothing() {
    let (folder, ledger) = new_ledger();
    // Without its message-ids, in which the host's own hold the time, the log does not prove its zone.
    let text = std::fs::read_to_string(samples().join("postfix.log")).unwrap();
    let lines = text.lines().filter(|line| !line.contains("message-id=")).map(|line| line.to_owned() + "\n");
    let log = folder.path().join("mail.log");
    std::fs::write(&log, lines.collect::<String>()).unwrap();
    ingest(&[&log], &["--year", "2026"], &ledger);
    let before = std::fs::read(ledger.join("state/manifest.json")).unwrap();
    let mut told = String::new();
    for options in [["--year", "2025"].as_slice(), &["--year", "2026", "--log-timezone", "Europe/Rome"]] {
        let args = [&["ingest", "--ledger", ledger.to_str().unwrap()][..], options].concat();
        let (code, _, error) = run(&args, &[&log]);
        assert_eq!(code, 1, "{error}");
        told += &error.replace(folder.path().to_str().unwrap(), "DIR");
        assert_eq!(std::fs::read(ledger.join("state/manifest.json")).unwrap(), before);
    }
    insta::assert_snapshot!(told, @"
    error: DIR/mail.log:6: reads 2025-10-01T06:43:28Z for a message that the ledger has at 2026-10-01T06:43:28Z: expected the same time
    hint: read it with the same --log-timezone and --year as before
    error: postfix logs of relay1: times without a zone are read as Europe/Rome: expected UTC, as in earlier batches of the ledger
    hint: give --log-timezone UTC
    ");
    let whole = Path::new("postfix.log");
    let (_other_folder, other) = new_ledger();
    ingest(&[whole], &["--year", "2026"], &other);
    let args = ["ingest", "--year", "2025", "--ledger", other.to_str().unwrap()];
    assert_eq!(run(&args, &[whole]).0, 1, "the year is refused where the log proves its zone, too");
}

#[test]
fn wrong_uses_are_told() {
    let (folder, ledger) = new_ledger();
    let tell = |args: &[&str]| relaymeter(args).replace(folder.path().to_str().unwrap(), "DIR");
    let name = ledger.to_str().unwrap();
    insta::assert_snapshot!(tell(&["analyze", "--ledger", name]), @"
    exit 1
    --- stdout
    --- stderr
    error: DIR/ledger: holds no ledger: expected a folder with state/manifest.json
    hint: 'relaymeter ingest PATH… --ledger DIR/ledger' makes one
    ");
    insta::assert_snapshot!(tell(&["analyze", "--ledger", name, "--year", "2026"]), @"
    exit 2
    --- stdout
    --- stderr
    error: the argument '--ledger <DIR>' cannot be used with:
      --input-format <NAME>
      --mapping <FILE>
      --sheet <NAME>
      --date-order <ORDER>
      --log-timezone <ZONE>
      --year <YEAR>
      --own-domain <DOMAIN>
      --relay-host <HOST>

    Usage: relaymeter analyze [OPTIONS] <PATH>...
           relaymeter analyze [OPTIONS] --ledger <DIR>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(tell(&["analyze", "--ledger", name, "samples/postfix.log"]), @"
    exit 2
    --- stdout
    --- stderr
    error: the argument '--ledger <DIR>' cannot be used with '[PATH]...'

    Usage: relaymeter analyze [OPTIONS] <PATH>...
           relaymeter analyze [OPTIONS] --ledger <DIR>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(tell(&["ledger", "forget", name]), @"
    exit 2
    --- stdout
    --- stderr
    error: the following required arguments were not provided:
      <--before <DATE>|--sender <ADDRESS|@DOMAIN>|--recipients>

    Usage: relaymeter ledger forget <--before <DATE>|--sender <ADDRESS|@DOMAIN>|--recipients> <DIR>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(tell(&["ledger", "forget", name, "--sender", "nobody"]), @"
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'nobody' for '--sender <ADDRESS|@DOMAIN>': 'nobody' is not a sender: expected an address, or '@' and a domain

    For more information, try '--help'.
    ");
    ingest(&[Path::new("postfix.log")], &["--year", "2026"], &ledger);
    insta::assert_snapshot!(tell(&["analyze", name]), @"
    exit 1
    --- stdout
    --- stderr
    error: DIR/ledger: is a ledger, not a folder of logs
    hint: name it with --ledger DIR/ledger
    ");
    insta::assert_snapshot!(tell(&["ingest", "samples/README.md", "--ledger", name]), @"
    exit 1
    --- stdout
    --- stderr
    error: samples/README.md: not recognised: it looks like text of another kind; expected one of postfix, exim, sendmail, opensmtpd, exchange-server, iis-smtp, hmailserver, message-trace, acs-diagnostics, azure-cost, control-totals, generic-csv
    hint: --input-format forces one, and --mapping names the columns of a CSV
    ");
}

#[test]
fn what_is_forgotten_does_not_come_back() {
    let (folder, ledger) = new_ledger();
    let log = Path::new("postfix.log");
    let name = ledger.to_str().unwrap();
    let tell = |args: &[&str]| relaymeter(args).replace(folder.path().to_str().unwrap(), "DIR");
    ingest(&[log], &["--year", "2026"], &ledger);
    let totals = |by: &str| {
        let (_, found, error) = run(&["analyze", "--format", "json", "--by", by, "--ledger", name], &[]);
        assert!(!found.is_empty(), "{error}");
        content(&found)
    };
    let all = totals("sender");
    let sender = "noreply@contoso.com";
    insta::assert_snapshot!(tell(&["ledger", "forget", name, "--sender", sender]), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

      69 rows changed; their volume stays (69 messages, 84 recipients).
    --- stderr
    ");
    let erased = totals("sender");
    assert_eq!(erased["totals"], all["totals"]);
    assert!(!erased["rows"].to_string().contains(sender));
    ingest(&[log], &["--year", "2026"], &ledger);
    assert_eq!(totals("sender"), erased);
    insta::assert_snapshot!(tell(&["ledger", "forget", name, "--recipients"]), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

      169 rows changed; no digest of a recipient is left (168 messages, 229 recipients).
    --- stderr
    ");
    assert_eq!(totals("sender"), erased);
    ingest(&[log], &["--year", "2026"], &ledger);
    assert_eq!(totals("sender"), erased);
    insta::assert_snapshot!(tell(&["ledger", "forget", name, "--before", "2026-10-15"]), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

      113 rows removed, all from before 2026-10-15 (107 messages, 145 recipients).
    --- stderr
    ");
    let rest = totals("day");
    ingest(&[log], &["--year", "2026"], &ledger);
    assert_eq!(totals("day"), rest);
    insta::assert_snapshot!(without_sizes(&tell(&["ledger", "check", name])), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

      Whole: 18 files, 126 rows, 0.00 kB.
    --- stderr
    ");
    insta::assert_snapshot!(tell(&["ledger", "compact", name]), @"
    exit 0
    --- stdout
    Ledger DIR/ledger

      18 files before, 18 now; the same rows.
    --- stderr
    ");
    assert_eq!(totals("day"), rest);
}

#[test]
fn pseudonyms_keep_domains_and_figures() {
    let (_folder, ledger) = new_ledger();
    let log = Path::new("postfix.log");
    ingest(&[log], &["--year", "2026", "--pseudonymise"], &ledger);
    let name = ledger.to_str().unwrap();
    let (_, found, _) = run(&["analyze", "--format", "json", "--by", "sender", "--ledger", name], &[]);
    let (_, expected, _) = run(&["analyze", "--format", "json", "--by", "sender", "--year", "2026"], &[log]);
    let (found, expected) = (content(&found), content(&expected));
    assert_eq!(found["totals"], expected["totals"]);
    assert_eq!(found["rows"].as_array().unwrap().len(), expected["rows"].as_array().unwrap().len());
    assert!(!found.to_string().contains("noreply@"), "{found}");
}

#[test]
fn duckdb_reads_the_same_totals() {
    let python = std::env::var("RELAYMETER_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python).args(["-c", "import duckdb"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        println!("skipped: '{python}' has no duckdb (RELAYMETER_BENCH_PYTHON names another)");
        return;
    }
    let (_folder, ledger) = new_ledger();
    let logs = ["postfix.log", "message-trace-get.csv", "acs-diagnostics.jsonl"].map(Path::new);
    ingest(&logs, &["--year", "2026"], &ledger);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/ledger.py");
    let output = Command::new(&python).arg(script).arg(&ledger).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let [messages, recipients, bytes]: [u64; 3] =
        std::array::from_fn(|at| text.split_whitespace().nth(at).unwrap().parse().unwrap());
    let args = ["analyze", "--include-null-sender", "--format", "json", "--ledger", ledger.to_str().unwrap()];
    let (_, found, _) = run(&args, &[]);
    let totals = &content(&found)["totals"];
    let ours = ["messages", "recipients", "recipient_bytes"].map(|name| totals[name].as_u64().unwrap());
    // Sizes that no log states are imputed when they are counted, and not stored.
    let imputed = content(&found)["imputed"]["recipient_bytes"].as_u64().unwrap();
    assert_eq!([messages, recipients, bytes + imputed], ours);
}

/// Every file of real logs that is recognised, added twice to a ledger of its own.
#[test]
fn real_logs_give_the_same_through_a_ledger() {
    let root = crate::data_folder().join("logs");
    if !root.is_dir() {
        println!("skipped: {} is not there (set RELAYMETER_TEST_DATA)", root.display());
        return;
    }
    let mut found = Vec::new();
    super::real_data::files(&root, &mut found);
    found.sort();
    let mut compared = 0;
    for file in found {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let count = ["analyze", "--format", "json", "--by", "hour,sender"];
        let (code, expected, _) = run(&count, &[&file]);
        if !matches!(code, 0 | 3) {
            continue;
        }
        let (_folder, ledger) = new_ledger();
        for turn in 0..2 {
            let report = ingest(&[&file], &[], &ledger);
            assert!(turn == 0 || report["batch"] == Value::Null, "{name}: {report}");
        }
        let (_, through, error) = run(&[&count[..], &["--ledger", ledger.to_str().unwrap()]].concat(), &[]);
        assert!(!through.is_empty(), "{name}: {error}");
        assert_eq!(content(&through), content(&expected), "{name}");
        compared += 1;
    }
    println!("{compared} files give the same through a ledger");
    assert!(compared > 20, "{compared}");
}

#[test]
fn a_second_writer_is_told_who_is_first() {
    let (_folder, ledger) = new_ledger();
    ingest(&[Path::new("postfix.log")], &["--year", "2026"], &ledger);
    let lock = std::fs::OpenOptions::new().read(true).write(true).open(ledger.join("state/lock")).unwrap();
    lock.try_lock().unwrap();
    let args = ["ingest", "postfix.log", "--year", "2026", "--ledger", ledger.to_str().unwrap()];
    let output = program().current_dir(samples()).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(shown(&output).contains("another writer is at work"), "{}", shown(&output));
    drop(lock);
    program().current_dir(samples()).args(args).assert().success();
}

#[test]
fn every_output_fits_the_published_schema() {
    let (_folder, ledger) = new_ledger();
    let validator = crate::schema("ingest");
    for sample in ["postfix.log", "azure-cost-mca.csv", "exim-syslog.log"] {
        let report = ingest(&[Path::new(sample)], &["--year", "2026"], &ledger);
        assert!(validator.is_valid(&report), "{sample}: {:?}", validator.iter_errors(&report).next());
    }
    let validator = crate::schema("ledger");
    let name = ledger.to_str().unwrap();
    for args in [
        &["show", name][..],
        &["check", name],
        &["compact", name],
        &["forget", name, "--sender", "@contoso.com"],
        &["show", name],
    ] {
        let (code, report, error) = run(&[&["ledger", "--format", "json"], args].concat(), &[]);
        assert_eq!(code, 0, "{args:?}: {error}");
        let report: Value = serde_json::from_slice(&report).unwrap();
        assert!(validator.is_valid(&report), "{args:?}: {:?}", validator.iter_errors(&report).next());
    }
}

#[test]
fn hosts_may_have_zones_of_their_own() {
    let (folder, ledger) = new_ledger();
    let text = std::fs::read_to_string(samples().join("postfix.log")).unwrap();
    let lines = text.lines().filter(|line| !line.contains("message-id=")).map(|line| line.to_owned() + "\n");
    let plain: String = lines.collect();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let one = write("one.log", &plain);
    let other = write("other.log", &plain.replace(" relay1 ", " milano "));
    ingest(&[&one], &["--year", "2026"], &ledger);
    ingest(&[&other], &["--year", "2026", "--log-timezone", "Europe/Rome"], &ledger);
    let (_, show, _) = run(&["ledger", "show", "--format", "json", ledger.to_str().unwrap()], &[]);
    let show: Value = serde_json::from_slice(&show).unwrap();
    let zones = show["zones"].as_array().unwrap().iter();
    let zones: Vec<_> =
        zones.map(|zone| (zone["host"].as_str().unwrap(), zone["zone"].as_str().unwrap())).collect();
    assert_eq!(zones, [("milano", "Europe/Rome"), ("relay1", "UTC")]);
}

#[test]
fn a_later_export_of_the_same_windows_takes_the_place_of_the_first() {
    let (folder, ledger) = new_ledger();
    let table = folder.path().join("counts.csv");
    let export = |rows: &str| {
        std::fs::write(&table, format!("Date,From,Count,Size\n{rows}")).unwrap();
        ingest(&[&table], &[], &ledger)
    };
    let first = export("2026-10-01,app@one.example,100,2000\n2026-10-02,app@one.example,40,2000\n");
    assert_eq!(
        (first["days"][0]["kind"].as_str(), sum(&first, "added", "messages")),
        (Some("summaries"), 140)
    );
    let second = export("2026-10-02,app@one.example,120,2000\n2026-10-03,app@one.example,1,2000\n");
    assert_eq!(["added", "completed"].map(|became| sum(&second, became, "messages")), [1, 120]);
    let (_, found, error) = run(&["analyze", "--format", "json", "--ledger", ledger.to_str().unwrap()], &[]);
    assert_eq!(content(&found)["totals"]["messages"], 221, "{error}");
}

#[test]
fn standing_settings_that_a_ledger_was_not_filled_with_are_not_passed_over() {
    let (folder, ledger) = new_ledger();
    ingest(&[Path::new("postfix.log")], &["--year", "2026"], &ledger);
    let settings = folder.path().join("relaymeter.yaml");
    std::fs::write(&settings, "schema_version: 1\nrelay_hosts: ['*.mail.protection.outlook.com']\n").unwrap();
    let asked = ["analyze", "--config", settings.to_str().unwrap(), "--ledger", ledger.to_str().unwrap()];
    let (code, _, error) = run(&asked, &[]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("--relay-host is '*.mail.protection.outlook.com': expected not given"), "{error}");
    std::fs::write(&settings, "schema_version: 1\ncurrency: USD\n").unwrap();
    assert_eq!(run(&asked, &[]).0, 0);
}
