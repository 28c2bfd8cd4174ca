//! Azure's own logs and counts, as users meet them where they do not have all they need.

use std::path::Path;

use tempfile::TempDir;

use super::{program, shown};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(folder: &Path, args: &str) -> String {
    shown(&program().current_dir(folder).arg("analyze").args(args.split_whitespace()).output().unwrap())
}

/// The properties as the documentation prints them.
const PROPERTIES: &str = r#"{"OperationType":"SendMail","OperationCategory":"EmailSendMailOperational","Size":0.5,"UniqueRecipientsCount":2}
{"OperationType":"UserEngagementUpdate","OperationCategory":"EmailUserEngagementOperational","EngagementType":"View"}
"#;
const PARTIAL: &str = r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated"},{"name":"CorrelationId"},
{"name":"Size"},{"name":"UniqueRecipientsCount"}],"rows":[
["2026-10-01T00:00:00Z","00000000-0000-4000-8000-000000000001",0.5,2]]}],"error":{"code":"PartialError"}}
"#;
const SMTP_AUTH: &str = "Sender address,Domain,TLS 1.0,TLS 1.1,TLS 1.2,Messages sent\n\
                         erp@contoso.com,contoso.com,0,0,100,20811\n";

#[test]
fn what_cannot_be_counted_says_what_is_missing() {
    let folder = folder(&[("properties.jsonl", PROPERTIES), ("smtp-auth.csv", SMTP_AUTH)]);
    let all = run(folder.path(), "properties.jsonl") + &run(folder.path(), "smtp-auth.csv --allow-empty");
    insta::assert_snapshot!(all, @r#"
    exit 1
    --- stdout
    --- stderr
    error: properties.jsonl: recognised as acs-diagnostics, 0 messages usable: 1 record skipped (event 1), 1 rejected
    properties.jsonl:1: the time and the CorrelationId are missing: these are the properties of a log row without the envelope around them (time, resourceId, category, correlationId)
    exit 1
    --- stdout
    --- stderr
    error: smtp-auth.csv: recognised as control-totals, 0 messages usable: 2 records skipped (header 1, not-usage 1)
    SMTP AUTH clients report: messages sent: 20811
    hint: control totals are to compare with and are no usage: give the logs, traces or exports of the same mail in the same run
    "#);
}

#[test]
fn a_partial_result_is_told_by_the_exit_code() {
    let folder = folder(&[("partial.json", PARTIAL)]);
    let output = run(folder.path(), "partial.json --format csv");
    assert!(output.starts_with("exit 3\n"), "{output}");
    let warning = "partial.json:3: the result of the query is partial (PartialError): rows are missing";
    assert!(output.contains(warning), "{output}");
}

#[test]
fn a_control_total_stands_beside_what_was_counted() {
    let folder =
        folder(&[("result.json", &PARTIAL.replace("PartialError", "x-y")), ("smtp-auth.csv", SMTP_AUTH)]);
    let output = run(folder.path(), "smtp-auth.csv result.json");
    let row = output.lines().find(|line| line.starts_with("SMTP AUTH clients report")).unwrap_or_default();
    assert!(row.contains("20,811") && row.contains("-100.0%"), "{output}");
    assert!(!output.contains("erp"), "{output}");
}
