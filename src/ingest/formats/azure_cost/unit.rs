//! Units of measure such as `1K`, `100 MB` or `1M`: how many recipients or megabytes one of them is.
//!
//! Cost Management has some 300 unit texts. They are read by rule: a number, perhaps with `K`, `M` or `B` right
//! behind it, and what is counted. A unit that is not one of mails or of data is refused.

use rust_decimal::Decimal;

use crate::ingest::delimited::described;
use crate::pricing::Metered;

/// The longest unit that a message shows.
const SHOWN_CHARS: usize = 24;
/// What a unit of mails may count.
const MAILS: [&str; 12] = [
    "",
    "unit",
    "units",
    "count",
    "email",
    "emails",
    "mail",
    "mails",
    "message",
    "messages",
    "recipient",
    "recipients",
];
/// Megabytes (10^6 bytes) of one, as digits and decimals.
const DATA: [(&str, i64, u32); 8] = [
    ("kb", 1, 3),
    ("mb", 1, 0),
    ("gb", 1_000, 0),
    ("tb", 1_000_000, 0),
    ("kib", 1_024, 6),
    ("mib", 1_048_576, 6),
    ("gib", 1_073_741_824, 6),
    ("tib", 1_099_511_627_776, 6),
];

/// A unit that was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unit {
    /// How many are priced together: 1,000 for `1K`.
    pub(super) block: Decimal,
    /// Recipients or megabytes of one of them: 1,000 for `GB`.
    pub(super) each: Decimal,
    /// Whether the block is written out: `100 MB`, `1000`.
    pub(super) is_written_out: bool,
}

impl Unit {
    /// Reads the unit of a meter.
    pub(super) fn parse(text: &str, metered: Metered) -> Result<Unit, String> {
        let (block, counted) = split(text);
        let counted = counted.to_lowercase();
        let each = match metered {
            Metered::Megabytes => DATA
                .iter()
                .find(|(name, ..)| *name == counted)
                .map(|&(_, digits, decimals)| Decimal::new(digits, decimals)),
            Metered::Messages | Metered::Recipients => {
                let is_mails = MAILS.contains(&counted.as_str()) && !text.trim().is_empty();
                is_mails.then_some(Decimal::ONE)
            }
        };
        match (block, each) {
            (Some(block), Some(each)) if block > Decimal::ZERO => {
                let is_written_out =
                    text.trim().starts_with(block.to_string().as_str()) && block != Decimal::ONE;
                Ok(Unit { block, each, is_written_out })
            }
            _ => Err(refused(text, metered)),
        }
    }

    /// The block of any unit: 10,000 for `10K Transactions`.
    pub(super) fn block_of(text: &str) -> Option<Decimal> {
        split(text).0.filter(|block| *block > Decimal::ZERO)
    }
}

/// The number that a unit begins with, 1 where it has none, and what it counts.
fn split(text: &str) -> (Option<Decimal>, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return (Some(Decimal::ONE), rest);
    }
    let thousands = [('K', 3), ('M', 6), ('B', 9)];
    let power = thousands.iter().find_map(|&(sign, power)| {
        let rest = rest.strip_prefix(sign)?;
        (!rest.starts_with(char::is_alphanumeric)).then_some((power, rest))
    });
    let (power, rest) = power.unwrap_or((0, rest));
    let rest = rest.trim();
    let (power, rest) = if rest.eq_ignore_ascii_case("million") { (6, "") } else { (power, rest) };
    let block = digits.parse::<i64>().ok().and_then(|digits| digits.checked_mul(10_i64.pow(power)));
    (block.map(Decimal::from), rest)
}

/// Says what was expected; a text that may be something else by a shift of columns is only described.
fn refused(text: &str, metered: Metered) -> String {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '/');
    let is_unit = text.starts_with(|c: char| c.is_ascii_digit())
        && text.len() <= SHOWN_CHARS
        && text.chars().all(plain);
    let shown = if is_unit { format!("'{text}'") } else { described(text.as_bytes()) };
    match metered {
        Metered::Megabytes => {
            format!("{shown} is not a unit of data: expected one such as '1 MB' or '100 MB'")
        }
        Metered::Messages | Metered::Recipients => {
            format!("{shown} is not a unit of mails: expected one such as '1' or '1K'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mails(text: &str) -> Option<Decimal> {
        Unit::parse(text, Metered::Recipients).ok().map(|unit| unit.block * unit.each)
    }

    fn megabytes(text: &str) -> Option<Decimal> {
        Unit::parse(text, Metered::Megabytes).ok().map(|unit| unit.block * unit.each)
    }

    #[test]
    fn blocks_are_read_as_cost_management_writes_them() {
        for (text, number) in [
            ("1", 1),
            ("1 ", 1),
            ("1K", 1_000),
            ("10K", 10_000),
            ("1M", 1_000_000),
            ("1B", 1_000_000_000),
            ("1 Million", 1_000_000),
            ("1000000 Messages", 1_000_000),
            ("10000 ", 10_000),
            ("100 Units", 100),
            ("Unit", 1),
            ("1 Emails", 1),
        ] {
            assert_eq!(mails(text), Some(number.into()), "{text}");
        }
        for (text, number) in
            [("1 MB", "1"), ("100 MB", "100"), ("1 GB", "1000"), ("MB", "1"), ("5 TB", "5000000")]
        {
            assert_eq!(megabytes(text), number.parse().ok(), "{text}");
        }
        let is_written_out = |text| Unit::parse(text, Metered::Recipients).unwrap().is_written_out;
        assert_eq!(["1", "1K", "1000"].map(is_written_out), [false, false, true]);
        assert_eq!(megabytes("1 MiB"), "1.048576".parse().ok());
        assert_eq!(Unit::block_of("10K Transactions"), Some(10_000.into()));
    }

    #[test]
    fn what_is_no_unit_of_the_meter_is_refused() {
        let units =
            ["", "1 Hour", "1/Month", "1K/Month", "0 Unassigned", "10000s", "1 MB", "10000 1,000s", "1KB"];
        for text in units {
            assert_eq!(mails(text), None, "{text}");
        }
        for text in ["", "1", "1K", "1 MB/Month", "1 Hour", "0 MB", "99999999999999999999 MB"] {
            assert_eq!(megabytes(text), None, "{text}");
        }
        let refused = |text| Unit::parse(text, Metered::Recipients).unwrap_err();
        assert_eq!(refused("1 Hour"), "'1 Hour' is not a unit of mails: expected one such as '1' or '1K'");
        assert!(refused("jo@example.net").starts_with("a text of 12 letters is not a unit"));
        assert!(refused("").starts_with("an empty cell is not a unit"));
    }
}
