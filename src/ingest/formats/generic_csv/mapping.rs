//! The mapping file: which column fills which field, and what the table itself does not say.
//!
//! ```yaml
//! columns:              # column name, or its number counted from 1
//!   Sent at: time
//!   To: recipients
//!   4: size
//! delimiter: ";"        # optional, as are all below
//! header: true
//! date_order: day-month
//! decimal_mark: ","
//! size_unit: kB
//! zone: Europe/Rome
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::fields::{FIELDS, Field};
use crate::ingest::delimited::{DateOrder, DecimalMark};
use crate::ingest::{ReadError, SourceError};
use crate::period::Zone;
use crate::units::MessageSize;
use crate::yaml::{self, Problem, YamlError};

/// A mapping file that was checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapping {
    /// Where it was read.
    pub(super) path: String,
    /// Column names or numbers with their fields.
    pub(super) columns: Vec<(String, Field)>,
    /// The delimiter.
    pub(super) delimiter: Option<u8>,
    /// Whether the table has a header row.
    pub(super) header: bool,
    /// Which of day and month stands first.
    pub(super) date_order: Option<DateOrder>,
    /// The decimal mark of sizes and counts.
    pub(super) decimal_mark: Option<DecimalMark>,
    /// The unit of sizes that state none.
    pub(super) size_unit: String,
    /// The zone of times that state none.
    pub(super) zone: Option<Zone>,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    columns: BTreeMap<String, Spanned<String>>,
    delimiter: Option<Spanned<String>>,
    header: Option<bool>,
    date_order: Option<Spanned<String>>,
    decimal_mark: Option<Spanned<String>>,
    size_unit: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
}

const EXAMPLE: &str = "a mapping has lines such as 'Sent at: time' below 'columns:'";

// What values are, in messages.
const A_DELIMITER: &str = "a delimiter: expected one of , ; | or \\t";
const AN_ORDER: &str = "an order of dates: expected 'day-month' or 'month-day'";
const A_MARK: &str = "a decimal mark: expected '.' or ','";
const A_UNIT: &str = "a unit of size: expected such as 'kB' or 'MiB'";
const A_ZONE: &str =
    "a time zone: expected a name such as 'Europe/Rome', 'UTC' or an offset such as '+02:00'";

impl Mapping {
    /// Reads a mapping file.
    pub fn read(path: &Path) -> Result<Mapping, ReadError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| SourceError::Io { input: name.clone(), error })?;
        Mapping::of_text(&name, &text)
    }

    /// The order of day and month that it states.
    pub fn date_order(&self) -> Option<DateOrder> {
        self.date_order
    }

    /// The zone that it states.
    pub fn zone(&self) -> Option<Zone> {
        self.zone
    }

    /// The mapping without its zone, where a flag says another.
    pub fn without_zone(self) -> Mapping {
        Mapping { zone: None, ..self }
    }

    /// Reads the text of a mapping file.
    pub(super) fn of_text(name: &str, text: &str) -> Result<Mapping, ReadError> {
        let written: Written = yaml::read(text).map_err(|error| unreadable(name, error))?;
        let refused = |value: &Spanned<String>, what: String| ReadError::Undecided {
            input: format!("{name}:{}", value.referenced.line()),
            problem: format!("'{}' is not {what}", value.value),
            hint: EXAMPLE.to_owned(),
        };
        written.checked(name, &refused)
    }
}

impl Written {
    /// The mapping that is written, each value checked.
    fn checked(&self, path: &str, refused: Refused<'_>) -> Result<Mapping, ReadError> {
        let size_unit = checked(&self.size_unit, unit, refused, A_UNIT)?;
        Ok(Mapping {
            path: path.to_owned(),
            columns: columns(self, refused)?,
            delimiter: checked(&self.delimiter, delimiter, refused, A_DELIMITER)?,
            header: self.header.unwrap_or(true),
            date_order: checked(&self.date_order, DateOrder::from_name, refused, AN_ORDER)?,
            decimal_mark: checked(&self.decimal_mark, DecimalMark::from_sign, refused, A_MARK)?,
            size_unit: size_unit.unwrap_or_default(),
            zone: checked(&self.zone, |zone| zone.parse().ok(), refused, A_ZONE)?,
        })
    }
}

type Refused<'a> = &'a dyn Fn(&Spanned<String>, String) -> ReadError;

fn columns(written: &Written, refused: Refused<'_>) -> Result<Vec<(String, Field)>, ReadError> {
    let mut columns: Vec<(String, Field)> = Vec::new();
    for (column, name) in &written.columns {
        let field = Field::from_name(&name.value).ok_or_else(|| {
            let names: Vec<_> = FIELDS.iter().map(|(_, name, _)| *name).collect();
            refused(name, format!("a field: expected one of {}", names.join(", ")))
        })?;
        if let Some((other, _)) = columns.iter().find(|(_, known)| *known == field) {
            return Err(refused(
                name,
                format!("a field for one column only: '{other}' and '{column}' both fill it"),
            ));
        }
        columns.push((column.clone(), field));
    }
    Ok(columns)
}

fn checked<T>(
    value: &Option<Spanned<String>>,
    read: impl Fn(&str) -> Option<T>,
    refused: Refused<'_>,
    what: &str,
) -> Result<Option<T>, ReadError> {
    let Some(value) = value else { return Ok(None) };
    read(&value.value).map(Some).ok_or_else(|| refused(value, what.to_owned()))
}

fn delimiter(text: &str) -> Option<u8> {
    match text {
        "," | ";" | "|" => text.bytes().next(),
        "\t" | "\\t" | "tab" => Some(b'\t'),
        _ => None,
    }
}

fn unit(text: &str) -> Option<String> {
    format!("1 {text}").parse::<MessageSize>().is_ok().then(|| text.to_owned())
}

fn unreadable(name: &str, YamlError { line, problem }: YamlError) -> ReadError {
    let problem = match problem {
        Problem::UnknownKey { key, expected } => {
            format!("'{key}' is not a key of a mapping: expected one of {}", expected.join(", "))
        }
        Problem::MissingKey(key) => format!("the key '{key}' is missing"),
        Problem::Shape { key, value, expected } => {
            format!("{key}: '{value}' does not fit: expected {expected}")
        }
        Problem::Other(reason) => reason,
    };
    ReadError::Undecided { input: format!("{name}:{line}"), problem, hint: EXAMPLE.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Mapping::of_text("map.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_mapping_is_read() {
        let text = "columns:\n  Sent at: time\n  4: size\n  To: recipients\ndelimiter: ';'\nheader: false\n\
                    date_order: day-month\ndecimal_mark: ','\nsize_unit: kB\nzone: Europe/Rome\n";
        let mapping = Mapping::of_text("map.yaml", text).unwrap();
        let columns = [("4", Field::Size), ("Sent at", Field::Time), ("To", Field::Recipients)];
        assert_eq!(mapping.columns, columns.map(|(name, field)| (name.to_owned(), field)));
        assert_eq!((mapping.delimiter, mapping.header), (Some(b';'), false));
        assert_eq!(mapping.date_order, Some(DateOrder::DayMonth));
        assert_eq!(mapping.decimal_mark, Some(DecimalMark::Comma));
        assert_eq!(mapping.size_unit, "kB");
        assert_eq!(mapping.zone.unwrap().to_string(), "Europe/Rome");
        let short = Mapping::of_text("map.yaml", "columns: {Day: time}\ndelimiter: \"\\t\"\n").unwrap();
        assert_eq!((short.delimiter, short.header, short.size_unit.as_str()), (Some(b'\t'), true, ""));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let hint = "\nhint: a mapping has lines such as 'Sent at: time' below 'columns:'";
        let fields = "time, sender, recipients, recipient_count, count, size, client, id, status, relay";
        let cases = [
            ("columns:\n  A: tme\n", format!("map.yaml:2: 'tme' is not a field: expected one of {fields}")),
            (
                "columns:\n  A: time\n  B: time\n",
                "map.yaml:3: 'time' is not a field for one column only: 'A' and 'B' both fill it".to_owned(),
            ),
            (
                "columns: {A: time}\ndelimiter: x\n",
                "map.yaml:2: 'x' is not a delimiter: expected one of , ; | or \\t".to_owned(),
            ),
            (
                "columns: {A: time}\ndate_order: dmy\n",
                "map.yaml:2: 'dmy' is not an order of dates: expected 'day-month' or 'month-day'".to_owned(),
            ),
            (
                "columns: {A: time}\ndecimal_mark: ';'\n",
                "map.yaml:2: ';' is not a decimal mark: expected '.' or ','".to_owned(),
            ),
            (
                "columns: {A: time}\nsize_unit: mails\n",
                "map.yaml:2: 'mails' is not a unit of size: expected such as 'kB' or 'MiB'".to_owned(),
            ),
            (
                "columns: {A: time}\nzone: Roma\n",
                "map.yaml:2: 'Roma' is not a time zone: expected a name such as 'Europe/Rome', 'UTC' or an offset \
                 such as '+02:00'"
                    .to_owned(),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(error(text), format!("{expected}{hint}"));
        }
        let keys = "columns, delimiter, header, date_order, decimal_mark, size_unit, zone";
        for (text, expected) in [
            (
                "columns: {A: time}\ncolour: red\n",
                format!("2: 'colour' is not a key of a mapping: expected one of {keys}"),
            ),
            ("delimiter: x\n", "1: the key 'columns' is missing".to_owned()),
            (
                "columns: {A: [b]}\n",
                "1: columns: '{A: [b]}' does not fit: expected one text or number".to_owned(),
            ),
            ("[]\n", "1: expected keys with values, such as 'key: value'".to_owned()),
        ] {
            assert_eq!(error(text), format!("map.yaml:{expected}{hint}"));
        }
        let missing = Mapping::read(Path::new("no-such-map.yaml")).unwrap_err().to_string();
        assert!(missing.starts_with("no-such-map.yaml: "), "{missing}");
    }
}
