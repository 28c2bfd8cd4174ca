//! Sizes and counts with thousands separators and decimal marks, which are decided for a whole column.
//!
//! Units are left to [`crate::units`].

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::units::MessageSize;
use crate::usage::names::decode;

/// The sign between the whole and the fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DecimalMark {
    /// `1.5`; a comma separates thousands.
    Point,
    /// `1,5`; a point separates thousands.
    Comma,
}

impl DecimalMark {
    /// The mark of a sign as a mapping file writes it.
    pub(crate) fn from_sign(sign: &str) -> Option<DecimalMark> {
        match sign {
            "." => Some(DecimalMark::Point),
            "," => Some(DecimalMark::Comma),
            _ => None,
        }
    }

    fn byte(self) -> char {
        match self {
            DecimalMark::Point => '.',
            DecimalMark::Comma => ',',
        }
    }

    fn of(sign: char) -> DecimalMark {
        if sign == ',' { DecimalMark::Comma } else { DecimalMark::Point }
    }

    fn other(self) -> DecimalMark {
        match self {
            DecimalMark::Point => DecimalMark::Comma,
            DecimalMark::Comma => DecimalMark::Point,
        }
    }
}

/// What one number shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shows {
    Nothing,
    Mark(DecimalMark),
    /// One sign before exactly three digits: thousands or a fraction.
    Open,
}

fn shows(number: &str) -> Shows {
    let mut signs = number.char_indices().filter(|(_, c)| matches!(c, '.' | ','));
    let (Some((first_at, first)), last) = (signs.next(), signs.next_back()) else { return Shows::Nothing };
    match last {
        Some((_, last)) if last != first => return Shows::Mark(DecimalMark::of(last)),
        Some(_) => return Shows::Mark(DecimalMark::of(first).other()),
        None => {}
    }
    let (whole, fraction) = (&number[..first_at], &number[first_at + 1..]);
    let could_be_thousands = fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    if could_be_thousands { Shows::Open } else { Shows::Mark(DecimalMark::of(first)) }
}

/// What a column of numbers shows about its decimal mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct MarkEvidence {
    points: u64,
    commas: u64,
    open: u64,
}

impl MarkEvidence {
    /// Takes one cell into account.
    pub(crate) fn observe(&mut self, cell: &[u8]) {
        if exact_bytes(cell.trim_ascii()).is_some() {
            return;
        }
        match shows(&number_and_unit(cell).0) {
            Shows::Nothing => {}
            Shows::Mark(DecimalMark::Point) => self.points += 1,
            Shows::Mark(DecimalMark::Comma) => self.commas += 1,
            Shows::Open => self.open += 1,
        }
    }

    /// The mark that the column shows, if it shows one and only one.
    pub(crate) fn decided(&self) -> Option<DecimalMark> {
        match (self.points, self.commas) {
            (1.., 0) => Some(DecimalMark::Point),
            (0, 1..) => Some(DecimalMark::Comma),
            _ => None,
        }
    }

    /// Whether some number has a sign, so that a later one may be open.
    pub(crate) fn has_signs(&self) -> bool {
        self.points + self.commas + self.open > 0
    }

    /// Whether some number can be read in two ways and the column does not show which is meant.
    pub(crate) fn is_open(&self) -> bool {
        self.open > 0 && self.decided().is_none()
    }
}

/// Whether a number can be read in two ways.
pub(crate) fn is_open_number(cell: &[u8]) -> bool {
    shows(&number_and_unit(cell).0) == Shows::Open
}

/// Reads a size in bytes, `22761`, `12 KB`, `1.234,5 kB`, `22.5 KB (23,040 bytes)`; `None` where the cell is
/// empty, `null` or 0. A number without a unit is in units of `unit`, such as `kB` (empty: bytes).
pub(crate) fn parse_size(cell: &[u8], mark: Option<DecimalMark>, unit: &str) -> Result<Option<u64>, String> {
    let cell = cell.trim_ascii();
    if cell.is_empty() || cell.eq_ignore_ascii_case(b"null") {
        return Ok(None);
    }
    let refused = |what: &str| format!("{} is not a size: {what}", super::shown(cell));
    if let Some(bytes) = exact_bytes(cell) {
        return Ok(Some(bytes).filter(|&bytes| bytes > 0));
    }
    let (number, stated) = number_and_unit(cell);
    if mark.is_none() && shows(&number) == Shows::Open {
        return Err(refused(
            "its sign can mean thousands or a fraction, and it is not known which; write it without the sign",
        ));
    }
    let number = plain_number(&number, mark)
        .ok_or_else(|| refused("expected bytes or a unit, such as '2884' or '1.5 MB'"))?;
    let unit = if stated.is_empty() { unit } else { &stated };
    match format!("{number} {unit}").parse::<MessageSize>() {
        Ok(size) => Ok(Some(size.in_bytes()).filter(|&bytes| bytes > 0)),
        Err(_) => Err(refused("expected bytes or a unit, such as '2884' or '1.5 MB'")),
    }
}

/// Reads a whole number with thousands separators; `None` where the cell is empty.
pub(crate) fn parse_count(cell: &[u8], mark: Option<DecimalMark>) -> Result<Option<u64>, String> {
    let cell = cell.trim_ascii();
    if cell.is_empty() {
        return Ok(None);
    }
    let (number, unit) = number_and_unit(cell);
    let count =
        plain_number(&number, mark).filter(|_| unit.is_empty()).and_then(|number| number.parse().ok());
    count.map(Some).ok_or_else(|| format!("{} is not a count: expected a whole number", super::shown(cell)))
}

/// A number as services write doubles: `0.026019`, `2.6E-05`, `3`, and with a comma where a spreadsheet in another
/// language saved it. `None` where it is none, or where signs separate thousands.
pub(crate) fn plain_decimal(cell: &[u8]) -> Option<Decimal> {
    let text = std::str::from_utf8(cell).ok()?;
    let plain = match text.matches([',', '.']).count() {
        0 | 1 => text.replace(',', "."),
        _ => return None,
    };
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+');
    if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '-') || !plain.chars().all(is_number) {
        return None;
    }
    match plain.contains(['e', 'E']) {
        true => Decimal::from_scientific(&plain).ok(),
        false => plain.parse().ok(),
    }
}

/// Reads a number of nothing but digits, as logs write it; `None` where it is none or does not fit.
pub(crate) fn plain_digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// The bytes in `22.5 KB (23,040 bytes)`, as Exchange writes sizes: whole, so every sign separates thousands.
fn exact_bytes(cell: &[u8]) -> Option<u64> {
    let inner = cell.strip_suffix(b")")?.strip_suffix(b" bytes")?;
    let open = memchr::memchr(b'(', inner)?;
    let number = decode(inner.get(open + 1..)?);
    number.replace([',', '.', '\'', '’', ' ', '\u{a0}', '\u{202f}'], "").parse().ok()
}

/// Splits off the unit and takes out spaces and apostrophes between digits.
fn number_and_unit(cell: &[u8]) -> (Cow<'_, str>, Cow<'_, str>) {
    let text = match decode(cell) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    let end = text.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    let (number, unit) = text.split_at(end);
    let separates = |c: char| c.is_whitespace() || matches!(c, '\'' | '’');
    let number: String = number.chars().filter(|&c| !separates(c)).collect();
    (Cow::Owned(number), Cow::Owned(unit.trim().to_owned()))
}

/// The number with a point before its fraction and nothing else; `None` where it is none, or open without a
/// decision.
pub(crate) fn plain_number(number: &str, mark: Option<DecimalMark>) -> Option<String> {
    let mark = match (shows(number), mark) {
        (_, Some(mark)) => mark,
        (Shows::Mark(mark), None) => mark,
        (Shows::Nothing, None) => DecimalMark::Point,
        (Shows::Open, None) => return None,
    };
    let (whole, fraction) = match number.split_once(mark.byte()) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let groups: Vec<&str> = whole.split(mark.other().byte()).collect();
    let grouped =
        groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = groups.concat();
    match fraction {
        _ if !grouped || !digits(&whole) => None,
        Some(fraction) if digits(fraction) => Some(format!("{whole}.{fraction}")),
        Some(_) => None,
        None => Some(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(cell: &str) -> Result<Option<u64>, String> {
        parse_size(cell.as_bytes(), None, "")
    }

    #[test]
    fn sizes_are_read_with_units_and_separators() {
        let cases = [
            ("22761", 22_761),
            ("12 KB", 12_000),
            ("1.5 MB", 1_500_000),
            ("1,5 MB", 1_500_000),
            ("2 KiB", 2_048),
            ("1.234,5 kB", 1_234_500),
            ("1,234.5 kB", 1_234_500),
            ("1.234.567", 1_234_567),
            ("1\u{202f}234 kB", 1_234_000),
            ("1'234 kB", 1_234_000),
            ("0,200 MB", 200_000),
            ("22.5 KB (23,040 bytes)", 23_040),
            ("4294967296", 4_294_967_296),
        ];
        for (cell, bytes) in cases {
            assert_eq!(size(cell), Ok(Some(bytes)), "{cell}");
        }
        assert_eq!(parse_size(b"2,5", None, "kB"), Ok(Some(2_500)));
        assert_eq!(size("0"), Ok(None));
        assert_eq!(size("null"), Ok(None));
        assert_eq!(size(" "), Ok(None));
    }

    #[test]
    fn bad_sizes_say_what_is_expected() {
        let expected = "is not a size: expected bytes or a unit, such as '2884' or '1.5 MB'";
        let open =
            "its sign can mean thousands or a fraction, and it is not known which; write it without the sign";
        for cell in ["1,234 KB", "1.234"] {
            assert_eq!(size(cell), Err(format!("'{cell}' is not a size: {open}")));
        }
        for cell in ["-5", "1.2.3", "12,34,567", "99999999999 GB"] {
            assert_eq!(size(cell), Err(format!("'{cell}' {expected}")));
        }
        for cell in ["5 XB", "MB"] {
            assert_eq!(size(cell), Err(format!("a text of 2 letters {expected}")));
        }
        assert_eq!(size("jo@example.net"), Err(format!("a text of 12 letters {expected}")));
    }

    #[test]
    fn a_column_decides_its_decimal_mark() {
        let decided = |cells: &[&str]| {
            let mut evidence = MarkEvidence::default();
            cells.iter().for_each(|cell| evidence.observe(cell.as_bytes()));
            (evidence.decided(), evidence.is_open())
        };
        assert_eq!(decided(&["1,234", "1,5 MB"]), (Some(DecimalMark::Comma), false));
        assert_eq!(decided(&["1.234", "1.234.567"]), (Some(DecimalMark::Comma), false));
        assert_eq!(decided(&["1,234", "12.5"]), (Some(DecimalMark::Point), false));
        assert_eq!(decided(&["1,234", "2,345"]), (None, true));
        assert_eq!(decided(&["1.5", "1,5", "1,234"]), (None, true));
        assert_eq!(decided(&["1234", "5"]), (None, false));
        assert_eq!(parse_size(b"1,234 KB", Some(DecimalMark::Point), ""), Ok(Some(1_234_000)));
        assert_eq!(parse_size(b"1,234 KB", Some(DecimalMark::Comma), ""), Ok(Some(1_234)));
        assert!(is_open_number(b"1.234"));
    }

    #[test]
    fn numbers_in_windows_1252_are_read() {
        assert_eq!(parse_size(b"1\xa0234", None, ""), Ok(Some(1_234)));
        assert_eq!(parse_size(b"1\x92234 kB", None, ""), Ok(Some(1_234_000)));
        assert_eq!(parse_size(b"22.5 KB (23\xa0040 bytes)", None, ""), Ok(Some(23_040)));
        assert_eq!(parse_count(b"12\xa0345", None), Ok(Some(12_345)));
    }

    #[test]
    fn digits_alone_are_a_number() {
        assert_eq!((plain_digits(b"2884"), plain_digits(b"0")), (Some(2884), Some(0)));
        for other in ["", "-1", "1 ", "1.0", "18446744073709551616"] {
            assert_eq!(plain_digits(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn counts_are_whole() {
        assert_eq!(parse_count(b"1,234", Some(DecimalMark::Point)), Ok(Some(1_234)));
        assert_eq!(parse_count(b"7", None), Ok(Some(7)));
        assert_eq!(parse_count(b"", None), Ok(None));
        let expected = "'1.5' is not a count: expected a whole number";
        assert_eq!(parse_count(b"1.5", None), Err(expected.to_owned()));
        let expected = "'-3' is not a count: expected a whole number";
        assert_eq!(parse_count(b"-3", None), Err(expected.to_owned()));
    }
}
