//! Exact decimals as cost exports write them: `-0.05`, `1E-05`, `0,05` under column evidence.

use rust_decimal::Decimal;

use crate::ingest::delimited::{DecimalMark, plain_number, shown};
use crate::usage::names::decode;

/// The most that an exponent may move the point; a decimal has 28 digits.
const EXPONENT_CAP: i64 = 60;

/// A sign, the digits with their marks, and the exponent.
fn parts(text: &str) -> Option<(bool, &str, i64)> {
    let unsigned = text.strip_prefix(['-', '+', '\u{2212}']);
    let is_negative = unsigned.is_some() && !text.starts_with('+');
    let unsigned = unsigned.unwrap_or(text);
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse().ok()?),
        None => (unsigned, 0),
    };
    (-EXPONENT_CAP..=EXPONENT_CAP).contains(&exponent).then_some((is_negative, digits, exponent))
}

/// The digits of a number with their marks, which show the decimal mark of a column.
pub(super) fn marked_digits(cell: &[u8]) -> Option<String> {
    let text = decode(cell);
    parts(text.trim()).map(|(_, digits, _)| digits.to_owned())
}

/// Reads a number; `None` where the cell is empty.
pub(super) fn parse(cell: &[u8], mark: Option<DecimalMark>) -> Result<Option<Decimal>, String> {
    let text = decode(cell);
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = parts(text).and_then(|(is_negative, digits, exponent)| {
        let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
        let number = exact(&plain_number(&digits, mark)?, exponent)?;
        Some(if is_negative { -number } else { number })
    });
    number.map(Some).ok_or_else(|| {
        format!("{} is not a number: expected one such as '0.00025' of at most 28 digits", shown(cell))
    })
}

/// The decimal of digits with at most one point, moved by an exponent.
fn exact(plain: &str, exponent: i64) -> Option<Decimal> {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(Decimal::ZERO);
    }
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?.checked_sub(dropped)?;
    let mantissa: i128 = significant.parse().ok()?;
    match u32::try_from(scale) {
        Ok(scale) => Decimal::try_from_i128_with_scale(mantissa, scale).ok(),
        Err(_) => {
            let power = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
            Decimal::try_from_i128_with_scale(mantissa.checked_mul(power)?, 0).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<String> {
        parse(text.as_bytes(), Some(DecimalMark::Point)).ok().flatten().map(|number| number.to_string())
    }

    #[test]
    fn numbers_are_exact() {
        for (text, expected) in [
            ("0.00025", "0.00025"),
            ("1E-05", "0.00001"),
            ("5.64902E-05", "0.0000564902"),
            ("1.5e3", "1500"),
            ("-0.0100", "-0.01"),
            ("0.000000144000000000000000", "0.000000144"),
            ("0.161000000000000136", "0.161000000000000136"),
            ("1000000", "1000000"),
            ("1,234.5", "1234.5"),
            ("0E-20", "0"),
            ("\u{2212}3", "-3"),
        ] {
            assert_eq!(number(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(parse(b" ", None), Ok(None));
    }

    #[test]
    fn a_decimal_comma_counts_where_the_column_has_it() {
        let comma =
            |text: &str| parse(text.as_bytes(), Some(DecimalMark::Comma)).unwrap().unwrap().to_string();
        assert_eq!(comma("1.234,50"), "1234.5");
        assert_eq!(comma("1,234"), "1.234");
        assert_eq!(comma("2,5E-03"), "0.0025");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["x", "1.2.3", "--5", "1E", "1E99", "12345678901234567890123456789.5", "1 MB", "1-2"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
