//! Units of size: bytes as people write them, and the megabyte that is charged.
//!
//! A typed `MB` is always 10^6 bytes and `MiB` 2^20; [`Megabyte`] only says what the provider charges for.
//! Money and prices are left to `money` and `pricing`.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Rounding, round};

/// The size of one message in bytes, with headers and attachments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageSize(u64);

/// A text that is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number with a unit.
    #[error("'{0}' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'")]
    Unreadable(String),
    /// A part of a byte: a missing unit, or a point that separates thousands.
    #[error("'{0}' is a part of a byte: expected whole bytes or a larger unit, such as '2884' or '2.884 kB'")]
    PartOfByte(String),
    /// A comma that can be a decimal comma or a thousands separator.
    #[error("'{0}' can be read in two ways: write '{1}' or '{2}'")]
    Ambiguous(String, String, String),
    /// Beyond what 64 bits hold.
    #[error("'{0}' is too large for a size: expected less than 16 EiB")]
    TooLarge(String),
}

impl MessageSize {
    /// A size of so many bytes.
    pub fn from_bytes(bytes: u64) -> MessageSize {
        MessageSize(bytes)
    }

    /// The size in bytes.
    pub fn in_bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for MessageSize {
    type Err = SizeError;

    /// Reads `2884`, `200 kB`, `0.2MB`, `0,2 MB`, `1.5 MiB`; where a larger unit leaves a part of a byte, it is
    /// rounded to the nearest.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        let unreadable = || SizeError::Unreadable(text.to_owned());
        let trimmed = text.trim();
        let digits_end =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits_end);
        let factor = unit_bytes(unit.trim()).ok_or_else(unreadable)?;
        let number = number_with_point(text, number, unit.trim())?;
        let value = Decimal::from_str_exact(&number).map_err(|_| unreadable())?;
        // Three decimals of a byte are thousands; other whole ones, such as '2884.0', are what programs write.
        let has_thousands = number.split_once('.').is_some_and(|(_, fraction)| fraction.len() == 3);
        if factor == 1 && (has_thousands || !value.is_integer()) {
            return Err(SizeError::PartOfByte(text.to_owned()));
        }
        let bytes =
            value.checked_mul(Decimal::from(factor)).ok_or_else(|| SizeError::TooLarge(text.to_owned()))?;
        let whole = round(bytes, 0, Rounding::HalfUp);
        u64::try_from(whole).map(MessageSize).map_err(|_| SizeError::TooLarge(text.to_owned()))
    }
}

/// Turns a decimal comma into a point, and refuses a comma before three digits: it may separate thousands.
fn number_with_point(text: &str, number: &str, unit: &str) -> Result<String, SizeError> {
    let unreadable = || SizeError::Unreadable(text.to_owned());
    let Some((whole, fraction)) = number.split_once(',') else {
        return Ok(number.to_owned());
    };
    if whole.is_empty() || fraction.contains([',', '.']) || whole.contains('.') {
        return Err(unreadable());
    }
    if fraction.len() == 3 && whole.trim_start_matches('0') == whole {
        // A part of a byte has no meaning: whoever meant one left out a unit.
        let large_unit = if unit_bytes(unit) == Some(1) { "kB" } else { unit };
        let (joined, pointed) =
            (format!("{whole}{fraction}{unit}"), format!("{whole}.{fraction}{large_unit}"));
        return Err(SizeError::Ambiguous(text.to_owned(), joined, pointed));
    }
    Ok(format!("{whole}.{fraction}"))
}

fn unit_bytes(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" | "byte" | "bytes" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        _ => return None,
    })
}

impl fmt::Display for MessageSize {
    /// Whole bytes below 1 kB, else two decimals of the largest unit that fits (powers of 1000).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&display_bytes(u128::from(self.0)))
    }
}

/// A number of bytes for people: `2.88 kB`, `195.39 MB`, with powers of 1000, rounded half up to two decimals.
pub fn display_bytes(bytes: u128) -> String {
    const UNITS: [(&str, u32); 5] = [("kB", 3), ("MB", 6), ("GB", 9), ("TB", 12), ("PB", 15)];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let thousand = Decimal::ONE_THOUSAND;
    let whole = i128::try_from(bytes).unwrap_or(i128::MAX);
    for (unit, digits) in UNITS {
        // Beyond the digits of a decimal nothing but whole petabytes is shown.
        let Ok(exact) = Decimal::try_from_i128_with_scale(whole, digits) else { break };
        let shown = round(exact, 2, Rounding::HalfUp);
        if shown < thousand || unit == "PB" {
            return format!("{shown:.2} {unit}");
        }
    }
    format!("{} PB", bytes / 10_u128.pow(15))
}

/// What one megabyte is where data is charged: the provider does not say, so it is a run-wide setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Megabyte {
    /// 10^6 bytes, the default.
    #[default]
    Decimal,
    /// 2^20 bytes.
    Binary,
}

impl Megabyte {
    /// Bytes in one megabyte.
    pub fn in_bytes(self) -> u64 {
        match self {
            Megabyte::Decimal => 1_000_000,
            Megabyte::Binary => 1 << 20,
        }
    }

    /// Bytes as megabytes, divided once; `None` beyond the 28 digits of a decimal.
    pub fn quantity(self, bytes: u128) -> Option<Decimal> {
        let bytes = Decimal::try_from_i128_with_scale(i128::try_from(bytes).ok()?, 0).ok()?;
        bytes.checked_div(Decimal::from(self.in_bytes())).map(|mb| mb.normalize())
    }

    /// The setting's name on the command line and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Megabyte::Decimal => "decimal",
            Megabyte::Binary => "binary",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases = [
            ("2884", 2_884),
            ("2884.0", 2_884),
            ("0.2MB", 200_000),
            ("0,2 MB", 200_000),
            ("200 kB", 200_000),
            ("1.5 MiB", 1_572_864),
            ("0,200 MB", 200_000),
            ("1 GB", 1_000_000_000),
            ("12k", 12_000),
            ("0.3MiB", 314_573),
            ("0", 0),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse(), Ok(MessageSize(bytes)), "{text}");
        }
    }

    #[test]
    fn bad_sizes_say_what_is_expected() {
        let messages: Vec<String> = [
            "",
            "MB",
            "-1",
            "1 XB",
            "1,500 kB",
            "1,500",
            "1.2.3",
            "2.884",
            "0.4 B",
            "2.000",
            "99999999999 GiB",
        ]
        .into_iter()
        .map(|text| text.parse::<MessageSize>().unwrap_err().to_string())
        .collect();
        assert_eq!(
            messages,
            [
                "'' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'",
                "'MB' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'",
                "'-1' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'",
                "'1 XB' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'",
                "'1,500 kB' can be read in two ways: write '1500kB' or '1.500kB'",
                "'1,500' can be read in two ways: write '1500' or '1.500kB'",
                "'1.2.3' is not a size: expected bytes or a unit, such as '2884', '200 kB', '0.2MB' or '1.5 MiB'",
                "'2.884' is a part of a byte: expected whole bytes or a larger unit, such as '2884' or '2.884 kB'",
                "'0.4 B' is a part of a byte: expected whole bytes or a larger unit, such as '2884' or '2.884 kB'",
                "'2.000' is a part of a byte: expected whole bytes or a larger unit, such as '2884' or '2.884 kB'",
                "'99999999999 GiB' is too large for a size: expected less than 16 EiB",
            ]
        );
    }

    #[test]
    fn a_megabyte_is_ten_to_the_six_unless_told() {
        assert_eq!(Megabyte::default().quantity(198_643_274).unwrap().to_string(), "198.643274");
        assert_eq!(Megabyte::Binary.quantity(1 << 20).unwrap().to_string(), "1");
        assert_eq!(Megabyte::Decimal.quantity(u128::MAX), None);
    }

    #[test]
    fn bytes_for_people() {
        let shown =
            [0, 999, 1_000, 195_390_380, 198_675_327, 999_994, 999_995, 2_000_000_000_000].map(display_bytes);
        let expected =
            ["0 B", "999 B", "1.00 kB", "195.39 MB", "198.68 MB", "999.99 kB", "1.00 MB", "2.00 TB"];
        assert_eq!(shown, expected);
        assert_eq!(display_bytes(u128::from(u64::MAX)), "18446.74 PB");
        assert_eq!(display_bytes(u128::MAX), "340282366920938463463374 PB");
    }
}
