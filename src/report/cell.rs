//! How a cell reads: for people with separators, units and rounding, for programs exact and plain.
//!
//! Quoting and escaping for one format are left to its writer.

use rust_decimal::Decimal;

use super::{Cell, harmless};
use crate::money::{Money, Rounding, round};
use crate::units::display_bytes;

impl Cell {
    /// `1,000,000`, `195.39 MB`, `EUR 253.75`, `12.5%`; unit prices in full; texts without unsafe characters.
    pub(super) fn for_people(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => harmless(text),
            Cell::Count(count) => grouped(&count.to_string()),
            Cell::Bytes(bytes) => display_bytes(*bytes),
            Cell::Number(number) => grouped(&number.to_string()),
            Cell::Ratio(ratio) => grouped(&format!("{:.2}", round(*ratio, 2, Rounding::HalfUp))),
            Cell::Money(money) => amount(money),
            Cell::UnitPrice(price) => {
                format!("{} {}", price.currency(), grouped(&price.amount().to_string()))
            }
            Cell::Share(share) => per_cent(*share),
        }
    }

    /// Plain decimals without unit, currency or rounding; a share as a part of 1; texts as they are.
    pub(super) fn for_programs(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone(),
            Cell::Count(number) | Cell::Bytes(number) => number.to_string(),
            Cell::Number(number) | Cell::Ratio(number) | Cell::Share(number) => number.to_string(),
            Cell::Money(money) | Cell::UnitPrice(money) => money.amount().to_string(),
        }
    }

    /// The amount of money in it, if it is one.
    pub(super) fn money(&self) -> Option<&Money> {
        match self {
            Cell::Money(money) | Cell::UnitPrice(money) => Some(money),
            _ => None,
        }
    }

    /// Whether it is set flush right.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self, Cell::Empty | Cell::Text(_))
    }
}

/// An amount rounded to its currency. One that is not nothing never reads as nothing.
pub(crate) fn amount(money: &Money) -> String {
    let shown = money.rounded().amount();
    if !shown.is_zero() || money.amount().is_zero() {
        return format!("{} {}", money.currency(), grouped(&money.display_amount()));
    }
    let decimals = money.currency().decimals();
    let sign = if money.amount().is_sign_negative() { "> -" } else { "< " };
    format!("{} {sign}{}", money.currency(), Decimal::new(1, decimals))
}

/// A share of 1 in per cent, with one decimal.
pub(crate) fn per_cent(share: Decimal) -> String {
    match share.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{:.1}%", round(percent, 1, Rounding::HalfUp)),
        None => share.to_string(),
    }
}

/// A plain decimal with commas between thousands of its whole part.
pub(crate) fn grouped(number: &str) -> String {
    let whole_end = number.find('.').unwrap_or(number.len());
    let (whole, fraction) = number.split_at(whole_end);
    let digits = whole.trim_start_matches('-');
    let mut text = whole[..whole.len() - digits.len()].to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// A number of things in words: `1 message`, `1,200 messages`. The noun takes an `s`.
pub(crate) fn counted(count: impl std::fmt::Display, noun: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(&count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_in_the_whole_part_only() {
        let cases = ["0", "999", "1000", "-1000", "-100", "1234567.891011", "0.00025"].map(grouped);
        assert_eq!(cases, ["0", "999", "1,000", "-1,000", "-100", "1,234,567.891011", "0.00025"]);
    }

    #[test]
    fn one_thing_is_no_plural() {
        assert_eq!(
            ["0", "1", "1200"].map(|n| counted(n, "message")),
            ["0 messages", "1 message", "1,200 messages"]
        );
    }

    #[test]
    fn an_amount_that_is_not_nothing_never_reads_as_nothing() {
        let shown = ["0.004", "-0.004", "0", "0.005"].map(|text| {
            Cell::Money(Money::new(text.parse().unwrap(), crate::money::Currency::USD)).for_people()
        });
        assert_eq!(shown, ["USD < 0.01", "USD > -0.01", "USD 0.00", "USD 0.01"]);
    }

    #[test]
    fn a_share_has_one_decimal_and_never_panics() {
        let shares = ["0", "1", "0.12345", "0.1235", "-0.0005"].map(|text| per_cent(text.parse().unwrap()));
        assert_eq!(shares, ["0.0%", "100.0%", "12.3%", "12.4%", "-0.1%"]);
        assert_eq!(per_cent(Decimal::MAX), Decimal::MAX.to_string());
    }
}
