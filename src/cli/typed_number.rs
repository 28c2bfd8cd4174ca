//! Numbers as people type them: `1000000`, `1.000.000`, `1 000 000`, `300,50`. What has two readings is refused.
//!
//! What is counted, and with which unit, is left to the flags.

use rust_decimal::Decimal;

use crate::ingest::{DecimalMark, plain_number};
use crate::money::{MoneyError, parse_amount};

/// Why a text is not taken as a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum TypedError {
    /// Not a number.
    Unreadable,
    /// More digits than a decimal holds.
    TooManyDigits,
    /// A point or comma before exactly three digits: thousands, or a fraction.
    Open {
        /// The digits without the sign.
        thousands: String,
        /// The number if the sign begins a fraction.
        fraction: Decimal,
    },
}

/// Reads a number of 0 or more. Thousands are set apart by points, commas, spaces, apostrophes or `_`, always the
/// same; the decimal mark is a point or a comma.
pub(super) fn read(text: &str) -> Result<Decimal, TypedError> {
    let text = text.trim();
    if let Some(open) = open(text) {
        return Err(open);
    }
    let plain = match text.chars().find(|&c| c.is_whitespace() || matches!(c, '\'' | '’' | '_')) {
        Some(separator) => separated(text, separator),
        None if text.starts_with(['.', ',']) => plain_number(&format!("0{text}"), None),
        None => plain_number(text, None),
    };
    let plain = plain.ok_or(TypedError::Unreadable)?;
    parse_amount(&plain).map_err(|error| match error {
        MoneyError::TooManyDigits(_) => TypedError::TooManyDigits,
        _ => TypedError::Unreadable,
    })
}

/// A number with two readings. One that begins with 0 has no thousands.
fn open(text: &str) -> Option<TypedError> {
    let (whole, fraction) = text.split_once(['.', ','])?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || whole.is_empty() || whole.starts_with('0') {
        return None;
    }
    if !is_digits(fraction) || fraction.len() != 3 {
        return None;
    }
    let pointed = parse_amount(&format!("{whole}.{fraction}")).ok()?;
    Some(TypedError::Open { thousands: format!("{whole}{fraction}"), fraction: pointed.normalize() })
}

/// The plain number where a sign that is no decimal mark separates thousands.
fn separated(text: &str, separator: char) -> Option<String> {
    let (mark, thousands) = match (text.contains('.'), text.contains(',')) {
        (true, true) => return None,
        (false, true) => (DecimalMark::Comma, "."),
        (_, false) => (DecimalMark::Point, ","),
    };
    plain_number(&text.replace(separator, thousands), Some(mark))
}

/// How to write the fraction, so that it is not read as thousands.
pub(super) fn clear_fraction(fraction: Decimal) -> String {
    match fraction.scale() {
        3 => format!("{fraction}0"),
        _ => fraction.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_one_reading_are_taken() {
        let cases = [
            ("1000000", "1000000"),
            ("1.000.000", "1000000"),
            ("1,000,000", "1000000"),
            ("1 000 000", "1000000"),
            ("1\u{a0}000\u{a0}000", "1000000"),
            ("1\u{202f}000\u{202f}000", "1000000"),
            ("1'000'000", "1000000"),
            ("1’000’000", "1000000"),
            ("1_000_000", "1000000"),
            (" 12 ", "12"),
            ("1.000,50", "1000.50"),
            ("1,000.50", "1000.50"),
            ("1 000,500", "1000.500"),
            ("1'000.5", "1000.5"),
            ("300,50", "300.50"),
            ("0.125", "0.125"),
            (".5", "0.5"),
            ("273.9999", "273.9999"),
        ];
        for (text, number) in cases {
            assert_eq!(read(text).map(|number| number.to_string()), Ok(number.to_owned()), "{text}");
        }
    }

    #[test]
    fn numbers_with_two_readings_or_none_are_refused() {
        let open = |thousands: &str, fraction: &str| TypedError::Open {
            thousands: thousands.to_owned(),
            fraction: fraction.parse().unwrap(),
        };
        assert_eq!(read("1.000"), Err(open("1000", "1")));
        assert_eq!(read("100,500"), Err(open("100500", "100.5")));
        assert_eq!(read("1000.000"), Err(open("1000000", "1000")));
        let fractions = ["1", "1.5", "1.234"].map(|text| clear_fraction(text.parse().unwrap()));
        assert_eq!(fractions, ["1", "1.5", "1.2340"]);
        for text in [
            "",
            ".",
            "-1",
            "+1",
            "1.",
            "1e3",
            "12.34.567",
            "1 00",
            "1 000'000",
            "1,000.000.000",
            "1.000 000",
            "1 0.0,0",
        ] {
            assert_eq!(read(text), Err(TypedError::Unreadable), "{text}");
        }
        assert_eq!(read(&"9".repeat(30)), Err(TypedError::TooManyDigits));
    }
}
