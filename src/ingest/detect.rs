//! Recognising the format of an input by its content, never by its name.

use super::delimited::DELIMITERS;
use super::formats::azure_cost::is_price_sheet;
use super::source::HEAD_BYTES;
use super::syslog::looks_like_syslog;
use super::{Input, Likelihood, LogFormat, ReadError};

/// What Office documents of before 2007 begin with (MS-CFB, Header Signature).
const OLD_OFFICE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// What an input is.
#[derive(Clone, Copy, Debug)]
pub enum Detected {
    /// A format claims it.
    Recognised(&'static dyn LogFormat),
    /// It has no bytes, or only white space.
    Empty,
    /// No format claims it.
    Unrecognised,
}

/// Asks every format for the start of an input. The surest wins; two that are certain are an error, because
/// either could count wrongly without anyone seeing it. With a mapping file, any other table is of the format that
/// takes one.
pub fn detect(
    input: &Input,
    formats: &[&'static dyn LogFormat],
    mapping: bool,
) -> Result<Detected, ReadError> {
    let head = input.head();
    if is_empty(head) {
        return Ok(Detected::Empty);
    }
    let claims = |wanted: Likelihood| {
        formats.iter().copied().filter(move |format| format.detect(head) == Some(wanted))
    };
    let mut certain = claims(Likelihood::Certain);
    let mut fallback = claims(Likelihood::Fallback);
    match (certain.next(), certain.next()) {
        (Some(one), Some(other)) => Err(conflict(input, one, other)),
        (Some(one), None) => Ok(Detected::Recognised(one)),
        (None, _) => {
            let mapped =
                || formats.iter().copied().find(|one| mapping && one.takes_mapping() && is_table(head));
            Ok(fallback.next().or_else(mapped).map_or(Detected::Unrecognised, Detected::Recognised))
        }
    }
}

/// What a text looks like that no format claims, so that an error can say what was seen.
pub(super) fn resemblance(head: &[u8]) -> &'static str {
    let start = head.trim_ascii_start();
    if let Some(what) = w3c_log(start) {
        what
    } else if looks_like_syslog(head) {
        "a system log in whose first part no line is of a mail system that is known"
    } else if start.starts_with(OLD_OFFICE) {
        "an Office document of the old kind (.xls): save it as .xlsx or CSV"
    } else if head.iter().take(4096).any(|byte| is_binary(*byte)) {
        "binary data"
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        "JSON of another kind"
    } else if is_price_sheet(start) {
        "an Azure price sheet: prices and no charges; a cost export ('Cost and usage details') has these"
    } else if looks_like_table(start) {
        "a table without the columns of a message (a time, and recipients, a recipient count, or a count with a \
         sender or a size), which --mapping can name"
    } else {
        "text of another kind"
    }
}

/// What a text is that begins with the directives of a W3C extended log.
fn w3c_log(start: &[u8]) -> Option<&'static str> {
    let mut lines =
        start.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let mut fields = lines.clone().take_while(|line| line.starts_with(b"#"));
    // Exchange separates by commas: a table.
    let fields =
        fields.find_map(|line| line.strip_prefix(b"#Fields:")).filter(|line| !line.contains(&b','))?;
    let has = |name: &[u8]| fields.split(|&byte| byte == b' ').any(|field| field == name);
    let has_rows = lines.any(|line| !line.starts_with(b"#"));
    Some(match (has(b"cs-method") || has(b"cs-uri-stem"), has_rows) {
        (true, true) => "a web server's W3C log",
        (true, false) => "a W3C log without any row, of a web server or of mail",
        (false, _) => "a W3C log of another kind",
    })
}

/// Whether the first line has three cells or more, or as many as the second.
fn looks_like_table(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n');
    let [first, second] = [(); 2].map(|()| lines.next().unwrap_or_default());
    let count = |line: &[u8], delimiter: u8| memchr::memchr_iter(delimiter, line).count();
    DELIMITERS.iter().any(|&delimiter| match count(first, delimiter) {
        0 => false,
        1 => count(second, delimiter) == 1,
        _ => true,
    })
}

/// Whether a byte stands in no text: a control character but those that lay it out, and the escape of terminals.
/// NULs are never seen here.
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 14..=26 | 28..=31)
}

/// Whether the first line has cells.
fn is_table(head: &[u8]) -> bool {
    first_line(head).iter().any(|byte| DELIMITERS.contains(byte))
}

fn first_line(head: &[u8]) -> &[u8] {
    let start = head.trim_ascii_start();
    &start[..memchr::memchr(b'\n', start).unwrap_or(start.len())]
}

/// Whether an input with this head has nothing to read.
pub(super) fn is_empty(head: &[u8]) -> bool {
    head.len() < HEAD_BYTES && head.trim_ascii().is_empty()
}

fn conflict(input: &Input, one: &dyn LogFormat, other: &dyn LogFormat) -> ReadError {
    let (one, other) = (one.name(), other.name());
    ReadError::Undecided {
        input: input.name().to_owned(),
        problem: format!("both '{one}' and '{other}' are certain that it is theirs"),
        hint: format!("--input-format {one} or --input-format {other} decides"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ingest::{About, ReadOptions, Sink};
    use crate::usage::Skip;

    /// A format that is certain of texts that begin with its mark, and takes any other as a fallback where it
    /// has none. Reads lines, all skipped as events.
    #[derive(Debug)]
    pub(in crate::ingest) struct Marked(
        pub(in crate::ingest) &'static str,
        pub(in crate::ingest) &'static str,
    );

    impl LogFormat for Marked {
        fn name(&self) -> &'static str {
            self.0
        }

        fn about(&self) -> About {
            About { title: "", size: "", recipients: "", direction: "", sender: "", limits: "", export: "" }
        }

        fn detect(&self, head: &[u8]) -> Option<Likelihood> {
            let likelihood = if self.1.is_empty() { Likelihood::Fallback } else { Likelihood::Certain };
            head.starts_with(self.1.as_bytes()).then_some(likelihood)
        }

        fn read(&self, inputs: Vec<Input>, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
            for mut input in inputs {
                let mut lines = crate::ingest::source::Lines::new(input.open()?);
                let mut number = 0;
                loop {
                    match lines.next_line() {
                        Ok(Some(line)) => number = line.number,
                        Ok(None) => break,
                        Err(error) => sink.damage(input.name(), number, error.to_string()),
                    }
                }
                sink.records(number);
                sink.skip(Skip::Event, number);
                sink.warn(format!("{} read {}", self.0, input.name()));
            }
            Ok(())
        }
    }

    pub(in crate::ingest) static ALPHA: Marked = Marked("alpha", "A");
    pub(in crate::ingest) static ALPHABET: Marked = Marked("alphabet", "AB");
    pub(in crate::ingest) static ANY: Marked = Marked("any", "");

    fn found(content: &[u8], formats: &[&'static dyn LogFormat]) -> String {
        match detect(&Input::from_bytes("mail.log", content), formats, false) {
            Ok(Detected::Recognised(format)) => format.name().to_owned(),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    const A_TABLE: &str = "a table without the columns of a message (a time, and recipients, a recipient count, or a \
                           count with a sender or a size), which --mapping can name";

    #[test]
    fn what_is_not_recognised_is_still_described() {
        let seen = [
            "Apr  1 04:52:30 host cron[1]: (root) CMD (x)\n",
            "\0\x01\x02",
            "{\"a\":1}",
            "a,b,c\n1,2,3\n",
            "Date,Count\n2026-03-23,5\n",
            "EnrollmentNumber,MeterID,MeterName,EffectiveStartDate,UnitPrice\n",
            "Dear all,\nno comma\n",
            "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem \n2026-10-01 08:00:00 GET /\n",
            "#Fields: date time cs-method cs-uri-stem \n\n",
            "#Fields: time x-event\n08:00:00 start\n",
        ];
        assert_eq!(
            seen.map(|text| resemblance(text.as_bytes())),
            [
                "a system log in whose first part no line is of a mail system that is known",
                "binary data",
                "JSON of another kind",
                A_TABLE,
                A_TABLE,
                "an Azure price sheet: prices and no charges; a cost export ('Cost and usage details') has these",
                "text of another kind",
                "a web server's W3C log",
                "a W3C log without any row, of a web server or of mail",
                "a W3C log of another kind",
            ]
        );
    }

    #[test]
    fn the_surest_format_wins_wherever_it_stands() {
        assert_eq!(found(b"A", &[&ANY, &ALPHA]), "alpha");
        assert_eq!(found(b"A", &[&ALPHA, &ANY]), "alpha");
        assert_eq!(found(b"B", &[&ALPHA, &ANY]), "any");
        assert_eq!(found(b"B", &[&ALPHA]), "Unrecognised");
        assert_eq!(found(b"B", &[]), "Unrecognised");
    }

    #[test]
    fn nothing_is_no_format() {
        for nothing in [&b""[..], b" \r\n\t\n", b"\0\0\0", b"\xef\xbb\xbf", b"\xff\xfe\r\0\n\0"] {
            assert_eq!(found(nothing, &[&ANY]), "Empty");
        }
    }

    #[test]
    fn only_a_line_with_cells_is_a_table() {
        assert!(is_table(b"\n a;b\n1;2\n") && is_table(b"a|b") && is_table(b"a\tb"));
        assert!(!is_table(b"a b\n1,2\n"));
    }

    #[test]
    fn two_certain_formats_are_a_conflict() {
        assert_eq!(
            found(b"AB", &[&ALPHA, &ANY, &ALPHABET]),
            "mail.log: both 'alpha' and 'alphabet' are certain that it is theirs\n\
             hint: --input-format alpha or --input-format alphabet decides"
        );
    }
}
