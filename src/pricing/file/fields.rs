//! Values of price files: each read from its text, or refused with its place and what was expected.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{PricingError, SourceBlock, Text};
use crate::money::{Currency, MoneyError, parse_amount};
use crate::period::parse_date;
use crate::pricing::error::BadValue;
use crate::pricing::list::Source;
use crate::pricing::quantities::Metered;
use crate::pricing::terms::parse_discount;

/// No price, rate or quantity of a price list comes near; below it, products of them fit a decimal.
const TOO_LARGE: u64 = 1_000_000_000_000;

/// Reads the values of one file.
pub(super) struct Fields<'a> {
    pub(super) file: &'a str,
    /// The SHA-256 of its bytes; `None` for one that is built in.
    pub(super) sha256: Option<String>,
}

impl Fields<'_> {
    /// The error for a value that cannot be taken.
    pub(super) fn refuse(
        &self,
        key: &str,
        value: &Text,
        problem: &'static str,
        expected: &str,
    ) -> PricingError {
        PricingError::Value(Box::new(BadValue {
            file: self.file.to_owned(),
            line: line(value),
            key: key.to_owned(),
            value: value.value.clone(),
            problem,
            expected: expected.to_owned(),
        }))
    }

    fn number(&self, key: &str, value: &Text) -> Result<Decimal, PricingError> {
        let number = parse_amount(&value.value).map_err(|error| match error {
            MoneyError::TooManyDigits(_) => self.refuse(key, value, "has too many digits", "28 at most"),
            _ => self.refuse(key, value, "is not a number", "an exact decimal such as '0.00025'"),
        })?;
        if number >= Decimal::from(TOO_LARGE) {
            return Err(self.refuse(key, value, "is too large", &format!("less than {TOO_LARGE}")));
        }
        Ok(number)
    }

    /// A number of 0 or more.
    pub(super) fn amount(&self, key: &str, value: &Text) -> Result<Decimal, PricingError> {
        let number = self.number(key, value)?;
        if number < Decimal::ZERO {
            return Err(self.refuse(key, value, "is negative", "0 or more"));
        }
        Ok(number)
    }

    /// A number of 0 or more that need not be there; nothing means 0.
    pub(super) fn amount_or_zero(&self, key: &str, value: Option<&Text>) -> Result<Decimal, PricingError> {
        value.map_or(Ok(Decimal::ZERO), |value| self.amount(key, value))
    }

    /// A number above 0.
    pub(super) fn positive(&self, key: &str, value: &Text) -> Result<Decimal, PricingError> {
        let number = self.number(key, value)?;
        if number <= Decimal::ZERO {
            return Err(self.refuse(key, value, "is not above 0", "a number above 0"));
        }
        Ok(number)
    }

    /// A whole number above 0.
    pub(super) fn whole(&self, key: &str, value: &Text) -> Result<Decimal, PricingError> {
        let number = self.positive(key, value)?;
        if !number.is_integer() {
            return Err(self.refuse(key, value, "is not a whole number", "a whole number such as '1000'"));
        }
        Ok(number)
    }

    pub(super) fn date(&self, key: &str, value: &Text) -> Result<NaiveDate, PricingError> {
        let expected = "year, month and day such as '2026-10-01'";
        parse_date(&value.value).map_err(|_| self.refuse(key, value, "is not a date", expected))
    }

    pub(super) fn currency(&self, key: &str, value: &Text) -> Result<Currency, PricingError> {
        let expected = "three capital letters such as 'EUR'";
        value.value.parse().map_err(|_| self.refuse(key, value, "is not a currency code", expected))
    }

    /// A name or version that can stand on the command line and in a file name.
    pub(super) fn word(&self, key: &str, value: &Text) -> Result<String, PricingError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if value.value.is_empty() || !value.value.chars().all(fits) {
            let expected = "small letters, digits, '-' and '.', such as 'acs-email'";
            return Err(self.refuse(key, value, "is not a name", expected));
        }
        Ok(value.value.clone())
    }

    /// A text that says something.
    pub(super) fn text(&self, key: &str, value: &Text) -> Result<String, PricingError> {
        if value.value.trim().is_empty() {
            return Err(self.refuse(key, value, "is empty", "a text"));
        }
        Ok(value.value.trim().to_owned())
    }

    pub(super) fn metered(&self, key: &str, value: &Text) -> Result<Metered, PricingError> {
        let expected = "'recipients', 'messages' or 'megabytes'";
        let found = Metered::ALL.into_iter().find(|metered| metered.name() == value.value);
        found.ok_or_else(|| self.refuse(key, value, "is not a quantity", expected))
    }

    /// A discount as a share of 1.
    pub(super) fn discount(&self, key: &str, value: &Text) -> Result<Decimal, PricingError> {
        let expected = "0 to 100 per cent, such as '5%'";
        parse_discount(&value.value).ok_or_else(|| self.refuse(key, value, "is not a discount", expected))
    }

    pub(super) fn source(&self, block: &SourceBlock) -> Result<Source, PricingError> {
        Ok(Source {
            url: self.url("url", &block.url)?,
            retrieved_on: self.date("retrieved_on", &block.retrieved_on)?,
            note: block.note.as_ref().map(|note| note.value.trim().to_owned()).unwrap_or_default(),
        })
    }

    pub(super) fn url(&self, key: &str, value: &Text) -> Result<String, PricingError> {
        if !value.value.starts_with("https://") {
            let expected = "an address that starts with 'https://'";
            return Err(self.refuse(key, value, "is not a web address", expected));
        }
        Ok(value.value.clone())
    }
}

/// The line on which a value is written; through an alias, where it is defined.
pub(super) fn line(value: &Text) -> u64 {
    value.defined.line().max(1)
}
