//! Results as pictures: what the ending of `--output` asks for, and what is refused.

use tempfile::TempDir;

use crate::{program, shown};

const MAIL: &str = "Date,From,To,Size\n\
    2026-10-05 08:00,app@one.example,a@example.net,200000\n\
    2026-10-05 09:00,app@two.example,b@example.net,100000\n\
    2026-10-07 08:00,app@one.example,c@example.net,300000\n";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.csv"), MAIL).unwrap();
    folder
}

fn run(folder: &TempDir, args: &str) -> String {
    shown(&program().current_dir(folder.path()).args(args.split_whitespace()).output().unwrap())
}

/// The texts of a picture from the bottom up, as they are drawn.
fn texts(folder: &TempDir, file: &str) -> String {
    let svg = std::fs::read_to_string(folder.path().join(file)).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let texts: Vec<&str> = texts.filter_map(|node| node.text()).map(str::trim).collect();
    texts.join(" | ")
}

#[test]
fn days_are_columns_in_parts_by_the_second_dimension() {
    let folder = folder();
    let shown = run(&folder, "analyze mail.csv --by day,sender-domain --output cost.svg");
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    insta::assert_snapshot!(texts(&folder, "cost.svg"), @r##"
    Cost by day and sender domain | 2026-10-05 to 2026-10-07 (unfiltered): USD < 0.01 for 3 recipients of 3 messages | one.example | two.example | USD | relaymeter 0.1.0. | Priced by acs-email version 2023-03-31. | 0.0000 | 0.0001 | 0.0002 | 0.0003 | 0.0004 | 0.0005 | 0.0006 | 0.000536 | 0 | 0.000286 | 5 | Oct 2026 | 6 | 7
    "##);
    let again = run(&folder, "analyze mail.csv --by day,sender-domain --output again.SVG");
    assert!(again.starts_with("exit 0\n"), "{again}");
    let read = |file: &str| std::fs::read(folder.path().join(file)).unwrap();
    assert_eq!(read("cost.svg"), read("again.SVG"));
}

#[test]
fn groups_are_a_ranking() {
    let folder = folder();
    let shown = run(&folder, "analyze mail.csv --by sender-domain --output cost.svg");
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    insta::assert_snapshot!(texts(&folder, "cost.svg"), @r##"
    Cost by sender domain | 2026-10-05 to 2026-10-07 (unfiltered): USD < 0.01 for 3 recipients of 3 messages | USD | relaymeter 0.1.0. | Priced by acs-email version 2023-03-31. | one.example | 0.000560 | 68.1% | two.example | 0.000262 | 31.9%
    "##);
    let shown = run(&folder, "analyze mail.csv --by sender-domain --output cost.png");
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    let png = std::fs::read(folder.path().join("cost.png")).unwrap();
    assert_eq!(png.get(..8), Some(b"\x89PNG\r\n\x1a\n".as_slice()));
}

#[test]
fn what_cannot_be_drawn_is_refused_before_anything_is_read() {
    let folder = folder();
    let first = |args: &str| {
        let shown = run(&folder, args);
        let line = shown.lines().find(|line| line.starts_with("error: ")).unwrap_or_default().to_owned();
        format!("{} {line}", shown.lines().next().unwrap_or_default())
    };
    let refused = [
        "analyze no-such.csv --output cost.svg",
        "analyze no-such.csv --by day --top 3 --output cost.svg",
        "analyze no-such.csv --by day --format json --output cost.png",
        "formats --output formats.png",
    ];
    insta::assert_snapshot!(refused.map(first).join("\n"), @r##"
    exit 2 error: a picture (SVG) needs '--by': time for columns or lines, such as '--by month', or groups for a ranking, such as '--by sender-domain'
    exit 2 error: '--top' leaves out periods, so that a picture by time would have holes: leave it out
    exit 2 error: '--format json' does not apply to a picture: leave it out, or choose another ending than 'cost.png' has
    exit 2 error: '--output formats.png' asks for a picture (PNG), which this command does not draw: choose another ending
    "##);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
