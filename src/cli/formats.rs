//! `relaymeter formats`: what can be read, what each format carries and how to export it.

use serde_json::{Value, json};

use super::{Context, Outcome, usage_error};
use crate::ingest::LogFormat;
use crate::ingest::formats::FORMATS;
use crate::report::{Cell, Report, Row, RowKind, Section, Table};

/// List the log and export formats that can be read
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Show one format and how to export it
    name: Option<String>,
}

/// What is said of a format, in the order in which it is shown.
const FIELDS: [&str; 6] = ["What it is", "Size", "Recipients", "Direction", "Sender", "Limits"];
/// How many of these are in the list of all formats; the others would make it too wide to read.
const LISTED: usize = 3;

/// Lists all formats or shows one.
pub fn run(args: &Args, _: &Context) -> anyhow::Result<Outcome> {
    let Some(name) = &args.name else {
        return Ok(Outcome::report(list(FORMATS)));
    };
    let found = FORMATS.iter().find(|format| format.name() == name);
    let format = found.ok_or_else(|| usage_error(unknown(name, FORMATS)))?;
    Ok(Outcome::report(one(*format)))
}

fn unknown(name: &str, formats: &[&dyn LogFormat]) -> String {
    let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
    format!("'{name}' is not a format: expected one of {}", names.join(", "))
}

fn list(formats: &[&dyn LogFormat]) -> Report {
    let row =
        |format: &&dyn LogFormat| body(std::iter::once(format.name()).chain(facts(*format)).take(1 + LISTED));
    let table = Table {
        title: String::new(),
        columns: std::iter::once("Format").chain(FIELDS).take(1 + LISTED).map(str::to_owned).collect(),
        rows: formats.iter().map(row).collect(),
    };
    let data: Vec<Value> = formats.iter().map(|format| as_json(*format)).collect();
    Report {
        title: "Formats that can be read".to_owned(),
        sections: vec![
            Section::Table(table),
            Section::Notes {
                heading: String::new(),
                lines: vec!["relaymeter formats NAME says more of one, and how to export it.".to_owned()],
            },
        ],
        data: json!({ "formats": data }).into(),
    }
}

fn one(format: &dyn LogFormat) -> Report {
    let rows = FIELDS.into_iter().zip(facts(format)).map(|(field, fact)| body([field, fact])).collect();
    let columns = ["About".to_owned(), format.name().to_owned()].to_vec();
    let export = format.about().export.lines().map(str::to_owned).collect();
    Report {
        title: format!("Format {}", format.name()),
        sections: vec![
            Section::Table(Table { title: String::new(), columns, rows }),
            Section::Notes { heading: "How to export it".to_owned(), lines: export },
        ],
        data: as_json(format).into(),
    }
}

fn facts(format: &dyn LogFormat) -> [&'static str; 6] {
    let about = format.about();
    [about.title, about.size, about.recipients, about.direction, about.sender, about.limits]
}

fn body<'a>(texts: impl IntoIterator<Item = &'a str>) -> Row {
    let cells = texts.into_iter().map(|text| Cell::Text(text.to_owned())).collect();
    Row { kind: RowKind::Body, cells }
}

fn as_json(format: &dyn LogFormat) -> Value {
    let about = format.about();
    json!({
        "name": format.name(),
        "title": about.title,
        "size": about.size,
        "recipients": about.recipients,
        "direction": about.direction,
        "sender": about.sender,
        "limits": about.limits,
        "export": about.export,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{About, Input, Likelihood, ReadError, ReadOptions, Sink};
    use crate::report::WRITERS;

    #[derive(Debug)]
    struct Pigeon;

    impl LogFormat for Pigeon {
        fn name(&self) -> &'static str {
            "pigeon"
        }

        fn about(&self) -> About {
            About {
                title: "log of a pigeon loft",
                size: "grams",
                recipients: "lofts",
                direction: "both",
                sender: "the keeper",
                limits: "one night",
                export: "Open the loft.\nRead the ring.",
            }
        }

        fn detect(&self, _: &[u8]) -> Option<Likelihood> {
            None
        }

        fn read(&self, _: Vec<Input>, _: &ReadOptions, _: &mut dyn Sink) -> Result<(), ReadError> {
            Ok(())
        }
    }

    fn as_table(report: &Report) -> String {
        let mut bytes = Vec::new();
        WRITERS[0].write(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_list_and_one_format() {
        insta::assert_snapshot!(as_table(&list(&[&Pigeon])), @"
        Formats that can be read

        Format  What it is            Size   Recipients
        ------  --------------------  -----  ----------
        pigeon  log of a pigeon loft  grams  lofts

          relaymeter formats NAME says more of one, and how to export it.
        ");
        insta::assert_snapshot!(as_table(&one(&Pigeon)), @"
        Format pigeon

        About       pigeon
        ----------  --------------------
        What it is  log of a pigeon loft
        Size        grams
        Recipients  lofts
        Direction   both
        Sender      the keeper
        Limits      one night

        How to export it
          Open the loft.
          Read the ring.
        ");
        assert_eq!(list(&[&Pigeon]).data["formats"][0], *one(&Pigeon).data);
    }

    #[test]
    fn an_unknown_format_is_named_with_those_that_there_are() {
        assert_eq!(unknown("dove", &[&Pigeon]), "'dove' is not a format: expected one of pigeon");
    }
}
