//! Reports: tables of typed cells and notes, computed once and rendered by one [`Writer`] per format.
//!
//! A command fills a [`Report`]; no command knows an output format. What the figures mean is left to the layers
//! that compute them.

mod cell;
mod csv;
mod data;
mod json;
mod markdown;
mod text;

pub(crate) use self::csv::push_text;
pub use data::Data;

use std::io;

use rust_decimal::Decimal;

use crate::chart::Figure;
use crate::money::Money;

pub(crate) use cell::{amount, counted, grouped, per_cent};

/// All that a command has to say: tables and notes for people, and the same facts as data for programs.
#[derive(Debug)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// Tables and notes in the order in which they are read.
    pub sections: Vec<Section>,
    /// The same for programs.
    pub data: Data,
}

/// A part of a report.
#[derive(Clone, Debug)]
pub enum Section {
    /// A table.
    Table(Table),
    /// A figure beside a table that has its numbers: drawn in characters for people, left out for programs.
    Figure(Box<Figure>),
    /// Lines of text under an optional heading. CSV has those under a heading.
    Notes {
        /// The heading, or empty.
        heading: String,
        /// One statement each.
        lines: Vec<String>,
    },
}

/// A table: named columns and rows of typed cells.
#[derive(Clone, Debug)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// One name per column, as shown and as the CSV header.
    pub columns: Vec<String>,
    /// Rows with as many cells as there are columns.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whether it is one of the items or their sum.
    pub kind: RowKind,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// What a row stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowKind {
    /// An item.
    Body,
    /// The sum of the items, or the difference that rounding leaves.
    Total,
}

/// A value with its meaning; each writer decides how it looks.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// Nothing to show.
    Empty,
    /// A text.
    Text(String),
    /// A whole number of things.
    Count(u128),
    /// A number of bytes: with a unit for people, plain for programs.
    Bytes(u128),
    /// An exact number, shown in full.
    Number(Decimal),
    /// How many of one thing come with one of another: two decimals for people, all digits for programs.
    Ratio(Decimal),
    /// An amount: rounded to the currency for people, exact for programs.
    Money(Money),
    /// A price of one unit: exact, in full, everywhere.
    UnitPrice(Money),
    /// A share of 1, shown in per cent with one decimal.
    Share(Decimal),
}

/// An output format. Adding one is a new file and its entry in [`WRITERS`].
pub trait Writer: Sync + std::fmt::Debug {
    /// The word for `--format`.
    fn name(&self) -> &'static str;
    /// Whether it writes the data of a report in place of its tables.
    fn shows_data(&self) -> bool {
        false
    }
    /// Renders a report.
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()>;
}

/// All output formats; the first is the default.
pub static WRITERS: &[&dyn Writer] = &[&text::Text, &markdown::Markdown, &csv::Csv, &json::Json];

/// Whether a character could drive a terminal or reorder text: controls and bidirectional overrides.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with every unsafe character written out, such as `\n` and `\u{1b}`.
pub(crate) fn harmless(text: &str) -> String {
    let written = |c: char| if is_unsafe(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn money(text: &str, currency: &str) -> Money {
        Money::new(dec(text), currency.parse().unwrap())
    }

    fn table(title: &str, columns: &[&str], rows: Vec<(RowKind, Vec<Cell>)>) -> Section {
        Section::Table(Table {
            title: title.to_owned(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows.into_iter().map(|(kind, cells)| Row { kind, cells }).collect(),
        })
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    /// A report with every kind of cell, row and section.
    fn every_kind() -> Report {
        let item = |name: &str, share: &str| {
            let cells = vec![
                text(name),
                Cell::Count(1_234_567),
                Cell::Bytes(195_390_380),
                Cell::Number(dec("1234.5678")),
                Cell::UnitPrice(money("0.00025", "USD")),
                Cell::Money(money("1308.08719288", "USD")),
                Cell::Share(dec(share)),
                Cell::Ratio(dec(share)),
            ];
            (RowKind::Body, cells)
        };
        let mut total = vec![Cell::Empty; 8];
        total[0] = text("Total");
        total[5] = Cell::Money(money("-253.7506945730690", "EUR"));
        let columns = ["Sender", "Messages", "Size", "MB", "Unit price", "Cost", "Share", "Ratio"];
        let rows = vec![item("app.example", "0.12345"), item("x", "1"), (RowKind::Total, total)];
        Report {
            title: "Every kind".to_owned(),
            sections: vec![
                table("Usage", &columns, rows),
                table("Nothing", &["Day", "Messages"], vec![]),
                Section::Notes { heading: "Notes".to_owned(), lines: vec!["One.".into(), "Two.".into()] },
            ],
            data: serde_json::json!({ "total": { "amount": "253.7506945730690", "currency": "EUR" } }).into(),
        }
    }

    /// A report whose texts try to break out of every format.
    fn hostile() -> Report {
        let attacks = [
            "a|b\nc\r\nd\te",
            "she said \"hi\", \\ twice",
            "=HYPERLINK(\"http://x\")",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m",
            "\u{202e}gnp.exe \u{2028}",
            "<script>alert(1)</script> *b* _i_ [l](u) &amp; `c`",
        ];
        let rows = attacks.iter().map(|attack| (RowKind::Body, vec![text(attack), Cell::Count(1)])).collect();
        Report {
            title: "\u{1b}[31mRed".to_owned(),
            sections: vec![
                table("", &["=Name", "Count"], rows),
                Section::Notes { heading: "a\nb".to_owned(), lines: vec!["\u{1b}c|".to_owned()] },
            ],
            data: serde_json::json!({ "attacks": attacks }).into(),
        }
    }

    /// What every writer makes of a report, one after the other; a carriage return is shown as `␍`.
    fn rendered(report: &Report) -> String {
        let render = |writer: &&dyn Writer| {
            let mut bytes = Vec::new();
            writer.write(report, &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap().replace('\r', "␍");
            format!("=== {}\n{text}", writer.name())
        };
        WRITERS.iter().map(render).collect()
    }

    #[test]
    fn every_kind_of_cell_in_every_format() {
        insta::assert_snapshot!(rendered(&every_kind()), @r#"
        === table
        Every kind

        Usage
        Sender        Messages       Size          MB   Unit price          Cost   Share  Ratio
        -----------  ---------  ---------  ----------  -----------  ------------  ------  -----
        app.example  1,234,567  195.39 MB  1,234.5678  USD 0.00025  USD 1,308.09   12.3%   0.12
        x            1,234,567  195.39 MB  1,234.5678  USD 0.00025  USD 1,308.09  100.0%   1.00
        -----------  ---------  ---------  ----------  -----------  ------------  ------  -----
        Total                                                        EUR -253.75

        Nothing
        Day  Messages
        ---  --------

        Notes
          One.
          Two.
        === markdown
        # Every kind

        ## Usage

        | Sender | Messages | Size | MB | Unit price | Cost | Share | Ratio |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | app.example | 1,234,567 | 195.39 MB | 1,234.5678 | USD 0.00025 | USD 1,308.09 | 12.3% | 0.12 |
        | x | 1,234,567 | 195.39 MB | 1,234.5678 | USD 0.00025 | USD 1,308.09 | 100.0% | 1.00 |
        | **Total** |  |  |  |  | **EUR -253.75** |  |  |

        ## Nothing

        | Day | Messages |
        | --- | --- |

        ## Notes

        - One.
        - Two.
        === csv
        Usage␍
        Sender,Messages,Size,MB,Unit price,Unit price currency,Cost,Cost currency,Share,Ratio␍
        app.example,1234567,195390380,1234.5678,0.00025,USD,1308.08719288,USD,0.12345,0.12345␍
        x,1234567,195390380,1234.5678,0.00025,USD,1308.08719288,USD,1,1␍
        Total,,,,,,-253.7506945730690,EUR,,␍
        ␍
        Nothing␍
        Day,Messages␍
        ␍
        Notes␍
        Note␍
        One.␍
        Two.␍
        === json
        {
          "total": {
            "amount": "253.7506945730690",
            "currency": "EUR"
          }
        }
        "#);
    }

    #[test]
    fn hostile_texts_stay_texts_in_every_format() {
        let shown = rendered(&hostile());
        assert!(!shown.chars().any(|c| is_unsafe(c) && c != '\n' && c != '\t'), "{shown:?}");
        insta::assert_snapshot!(shown, @r#"
        === table
        \u{1b}[31mRed

        =Name                                               Count
        --------------------------------------------------  -----
        a|b\nc\r\nd\te                                          1
        she said "hi", \ twice                                  1
        =HYPERLINK("http://x")                                  1
        +1                                                      1
        -1                                                      1
        @SUM(A1)                                                1
        \t=1                                                    1
        \u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m                   1
        \u{202e}gnp.exe \u{2028}                                1
        <script>alert(1)</script> *b* _i_ [l](u) &amp; `c`      1

        a\nb
          \u{1b}c|
        === markdown
        # \\u{1b}\[31mRed

        | =Name | Count |
        | --- | ---: |
        | a\|b\\nc\\r\\nd\\te | 1 |
        | she said "hi", \\ twice | 1 |
        | =HYPERLINK("http://x") | 1 |
        | +1 | 1 |
        | -1 | 1 |
        | @SUM(A1) | 1 |
        | \\t=1 | 1 |
        | \\u{1b}\[2J\\u{1b}\]0;title\\u{7}\\u{9b}31m | 1 |
        | \\u{202e}gnp.exe \\u{2028} | 1 |
        | \<script\>alert(1)\</script\> \*b\* \_i\_ \[l\](u) \&amp; \`c\` | 1 |

        ## a\\nb

        - \\u{1b}c\|
        === csv
        ""␍
        '=Name,Count␍
        "a|b
        c␍
        d	e",1␍
        "she said ""hi"", \ twice",1␍
        "'=HYPERLINK(""http://x"")",1␍
        '+1,1␍
        '-1,1␍
        '@SUM(A1),1␍
        '	=1,1␍
        \u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m,1␍
        \u{202e}gnp.exe \u{2028},1␍
        <script>alert(1)</script> *b* _i_ [l](u) &amp; `c`,1␍
        ␍
        "a
        b"␍
        Note␍
        \u{1b}c|␍
        === json
        {
          "attacks": [
            "a|b\nc\r\nd\te",
            "she said \"hi\", \\ twice",
            "=HYPERLINK(\"http://x\")",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\u001b[2J\u001b]0;title\u0007\u009b31m",
            "\u202egnp.exe \u2028",
            "<script>alert(1)</script> *b* _i_ [l](u) &amp; `c`"
          ]
        }
        "#);
    }

    #[test]
    fn json_gives_back_what_it_was_given() {
        let report = hostile();
        let mut bytes = Vec::new();
        json::Json.write(&report, &mut bytes).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), *report.data);
    }

    #[test]
    fn a_name_of_5000_characters_is_whole_for_programs_and_short_for_people() {
        let name = "ä".repeat(4_999) + "!";
        let rows = vec![(RowKind::Body, vec![text(&name), Cell::Count(1)])];
        let mut report = hostile();
        report.sections = vec![table("", &["Name", "Count"], rows)];
        report.data = serde_json::json!(name).into();
        for writer in WRITERS {
            let mut bytes = Vec::new();
            writer.write(&report, &mut bytes).unwrap();
            let shown = String::from_utf8(bytes).unwrap();
            assert_eq!(shown.contains(&name), writer.name() != "table", "{}", writer.name());
            if writer.name() == "table" {
                assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
            }
        }
    }

    #[test]
    fn names_of_formats_are_unique() {
        let names: std::collections::BTreeSet<&str> = WRITERS.iter().map(|writer| writer.name()).collect();
        assert_eq!(names.len(), WRITERS.len());
    }
}
