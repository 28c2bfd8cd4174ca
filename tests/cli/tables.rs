//! Tables of any origin beside other inputs: what is listed, what is refused, and which setting applies.

use tempfile::TempDir;

use crate::{program, shown};

const TABLE: &str = "Date,From,To,Size\n2026-10-05 08:00,app@one.example,a@example.net,1000\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn analyze(folder: &TempDir, args: &str) -> String {
    let args = std::iter::once("analyze").chain(args.split_whitespace());
    shown(&program().current_dir(folder.path()).args(args).output().unwrap())
}

#[test]
fn a_found_table_that_cannot_be_read_is_listed() {
    let mapping = "columns: {Date: time, To: recipients, Size: size}\n";
    let files = [
        ("logs/good.csv", TABLE),
        ("logs/notes.txt", "hello, world\n"),
        ("logs/cost.csv", "Date,Received,To\n2026-10-01,2026-10-02,a@example.net\n"),
        ("map.yaml", mapping),
    ];
    let folder = folder(&files);
    let shown = analyze(&folder, "logs --format csv");
    assert!(shown.starts_with("exit 3\n"), "{shown}");
    assert!(shown.contains("cost.csv: 2 columns can be the time: 'Received' ('2026-10-02')"), "{shown}");
    assert!(shown.contains("\nMessages,1,"), "{shown}");
    let shown = analyze(&folder, "logs --format csv --mapping map.yaml");
    assert!(shown.starts_with("exit 3\n"), "{shown}");
    assert!(shown.contains("notes.txt: it has no column 'Date' for the time"), "{shown}");
    let named = analyze(&folder, "logs/cost.csv");
    assert!(named.starts_with("exit 1\n") && named.contains("cost.csv: 2 columns can be"), "{named}");
}

#[test]
fn a_count_alone_is_not_added_to_mail() {
    let folder = folder(&[("good.csv", TABLE), ("tickets.csv", "Date,Count\n2026-03-23,500000\n")]);
    let shown = analyze(&folder, ". --format csv");
    assert!(shown.starts_with("exit 3\n") && shown.contains("\nMessages,1,"), "{shown}");
    assert!(
        shown.contains("tickets.csv: not recognised, not read: it looks like a table without"),
        "{shown}"
    );
    let named = analyze(&folder, "tickets.csv");
    for text in ["exit 1\n", "a count with a sender or a size", "--mapping"] {
        assert!(named.contains(text), "{named}");
    }
}

#[test]
fn relay_hosts_without_a_column_are_not_passed_over() {
    let folder = folder(&[("table.csv", TABLE)]);
    let shown = analyze(&folder, "table.csv --relay-host smtp.office365.com");
    assert!(shown.starts_with("exit 1\n"), "{shown}");
    assert!(shown.contains("table.csv: --relay-host or 'relay_hosts:' cannot choose its rows"), "{shown}");
    let found = analyze(&folder, ". --relay-host smtp.office365.com");
    assert!(found.starts_with("exit 1\n") && found.contains("cannot choose its rows"), "{found}");
}

#[test]
fn a_flag_beats_the_mapping_file() {
    let mapping =
        "columns: {Date: time, To: recipients, Size: size}\ndate_order: day-month\nzone: '+02:00'\n";
    let table = "Date;To;Size\n03/04/2026 01:00;a@example.net;1000\n";
    let folder = folder(&[("table.csv", table), ("map.yaml", mapping)]);
    let by_mapping = analyze(&folder, "table.csv --mapping map.yaml --by hour --format csv");
    for text in ["2026-04-02T23:00", "date-order: day-month (map.yaml)", "zone: +02:00 (map.yaml)"] {
        assert!(by_mapping.contains(text), "{text}: {by_mapping}");
    }
    let flags = "--date-order month-day --log-timezone +01:00";
    let by_flags = analyze(&folder, &format!("table.csv --mapping map.yaml --by hour --format csv {flags}"));
    for text in [
        "2026-03-04T00:00",
        "date-order: month-day (flag; map.yaml says day-month)",
        "log-timezone: +01:00 (flag; map.yaml says +02:00)",
    ] {
        assert!(by_flags.contains(text), "{text}: {by_flags}");
    }
}

#[test]
fn a_mapping_file_that_cannot_be_read_is_an_error_before_reading() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/message-trace-enhanced.csv");
    let folder = folder(&[("bad.yaml", "columns: 1\n")]);
    for name in ["nonexistent.yaml", "bad.yaml"] {
        let shown = analyze(&folder, &format!("{trace} --mapping {name}"));
        assert!(shown.starts_with("exit 1\n") && shown.contains(&format!("error: {name}:")), "{shown}");
    }
}
