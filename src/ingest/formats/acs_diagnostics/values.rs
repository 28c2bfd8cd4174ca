//! The values in the cells of a row: times, megabytes and counts.
//!
//! The service writes doubles; their digits are kept as they stand and never pass through a binary fraction.

use rust_decimal::Decimal;

use crate::ingest::delimited::{self, DateOrder, DateText, ResolvedDate, plain_decimal};
use crate::money::{Rounding, round};

/// Megabytes of one message beyond which a size is no size in megabytes; the service takes 30 at most.
const MEGABYTE_CAP: u64 = 1_000;
/// Bytes of a megabyte as `message_size` counts them.
const BYTES: u64 = 1_000_000;

/// The time of a row.
pub(super) fn date(cell: &[u8], order: Option<DateOrder>) -> Result<ResolvedDate, String> {
    let refused = |what: &str| format!("{} is not a time: {what}", delimited::shown(cell));
    let date = DateText::parse(cell)
        .ok_or_else(|| refused("expected such as '2026-10-01T12:00:00Z' or '10/21/2026, 5:25:36 PM'"))?;
    date.resolve(order).ok_or_else(|| refused("there is no such day in the order of its column"))
}

/// The size of a message in megabytes; `None` where it is missing or 0, which no message is.
pub(super) fn megabytes(cell: &[u8]) -> Result<Option<Decimal>, String> {
    if is_missing(cell) {
        return Ok(None);
    }
    let refused = |what| format!("{} is not a size: {what}", delimited::shown(cell));
    let size =
        plain_decimal(cell).ok_or_else(|| refused("expected megabytes, such as '0.026019'".to_owned()))?;
    let fits = (Decimal::ZERO..=MEGABYTE_CAP.into()).contains(&size);
    match fits {
        true => Ok(Some(size).filter(|size| !size.is_zero())),
        false => Err(refused(format!("expected megabytes, at most {MEGABYTE_CAP}"))),
    }
}

/// A size in whole bytes.
pub(super) fn bytes(megabytes: Decimal) -> u64 {
    let bytes = megabytes.checked_mul(BYTES.into()).map(|bytes| round(bytes, 0, Rounding::HalfUp));
    bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(0)
}

/// A count of recipients; `None` where it is missing.
pub(super) fn count(cell: &[u8]) -> Result<Option<u32>, String> {
    if is_missing(cell) {
        return Ok(None);
    }
    if cell.len() < 10 && cell.iter().all(u8::is_ascii_digit) {
        return Ok(Some(cell.iter().fold(0, |count, digit| count * 10 + u32::from(digit - b'0'))));
    }
    let whole = plain_decimal(cell).map(|count| count.normalize()).filter(|count| count.scale() == 0);
    let count = whole.and_then(|count| u32::try_from(count).ok());
    count.map(Some).ok_or_else(|| {
        format!("{} is not a count of recipients: expected a whole number", delimited::shown(cell))
    })
}

fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty() || cell.eq_ignore_ascii_case(b"null") || cell.eq_ignore_ascii_case(b"nan")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn megabytes_keep_their_digits() {
        for (cell, expected, whole) in [
            ("0.026019", "0.026019", 26_019),
            ("2.6E-05", "0.000026", 26),
            ("2.6018999999999998e-05", "0.000026018999999999998", 26),
            ("0,0045005", "0.0045005", 4_501),
            ("3", "3", 3_000_000),
            ("1.5e1", "15", 15_000_000),
        ] {
            let size = megabytes(cell.as_bytes()).unwrap().unwrap();
            assert_eq!((size, bytes(size)), (dec(expected), whole), "{cell}");
        }
        assert_eq!(megabytes(b"0.026019").unwrap().unwrap().to_string(), "0.026019");
        for cell in ["", "0", "0.0", "null", "NaN"] {
            assert_eq!(megabytes(cell.as_bytes()), Ok(None), "{cell}");
        }
    }

    #[test]
    fn what_is_no_size_in_megabytes_is_refused() {
        for cell in ["26019", "-1", "1.234.567", "1e99", "12 kB", "jo@example.net", "e5"] {
            let reason = megabytes(cell.as_bytes()).unwrap_err();
            assert!(reason.contains("expected megabytes") && !reason.contains('@'), "{cell}: {reason}");
        }
    }

    #[test]
    fn counts_may_be_written_as_doubles() {
        assert_eq!(count(b"3"), Ok(Some(3)));
        assert_eq!(count(b"3.0"), Ok(Some(3)));
        assert_eq!(count(b"1E2"), Ok(Some(100)));
        assert_eq!(count(b""), Ok(None));
        for cell in ["3.5", "-1", "many", "9999999999999"] {
            assert!(count(cell.as_bytes()).is_err(), "{cell}");
        }
    }
}
