//! A budget on the command line: an amount, with its currency or in that of the result.

use rust_decimal::Decimal;

use super::typed_number::{self, TypedError};
use crate::money::{Currency, Money};

/// A typed limit; without currency it is in that of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    amount: Decimal,
    currency: Option<Currency>,
}

impl Budget {
    /// The limit for results in a currency; an error where it is in another.
    pub fn within(self, currency: Currency) -> anyhow::Result<Money> {
        let limit = Money::new(self.amount, self.currency.unwrap_or(currency));
        if limit.currency() != currency {
            anyhow::bail!(
                "the budget is in {}, the result in {currency}: expected the same currency\nhint: add --currency {}",
                limit.currency(),
                limit.currency()
            );
        }
        Ok(limit)
    }
}

/// Reads `300`, `300,50`, `300EUR`, `1.000,50 EUR` or `EUR 300`.
pub(super) fn parse(text: &str) -> Result<Budget, String> {
    let refuse = || format!("'{text}' is not a budget: expected an amount such as '300' or '300EUR'");
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let trimmed = text.trim();
    let start = trimmed.find(is_number).ok_or_else(refuse)?;
    let end = trimmed.rfind(is_number).map_or(start, |last| last + 1);
    let (before, number, after) = (&trimmed[..start], &trimmed[start..end], &trimmed[end..]);
    if before.contains('-') {
        return Err(format!("'{text}' is a negative budget: expected 0 or more, such as '300' or '300EUR'"));
    }
    let amount = typed_number::read(number).map_err(|error| match error {
        TypedError::Open { thousands, fraction } => {
            let fraction = typed_number::clear_fraction(fraction);
            format!(
                "'{text}' can be read in two ways: write '{before}{thousands}{after}' or \
                 '{before}{fraction}{after}'"
            )
        }
        _ => refuse(),
    })?;
    let currency = match (before.trim(), after.trim()) {
        ("", "") => None,
        ("", code) | (code, "") => Some(code.parse::<Currency>().map_err(|_| refuse())?),
        _ => return Err(refuse()),
    };
    Ok(Budget { amount, currency })
}
