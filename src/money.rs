//! Money: currencies, exact amounts, dated exchange rates, and the only rounding in the program.
//!
//! Amounts are decimals of 28 significant digits. A whole quantity times a price is exact or refused
//! ([`exact_product`]); quotients, and what is built on them, hold to 28 digits. Nothing else is rounded in a
//! calculation: [`round`] is called once, where a figure is shown, with a named [`Rounding`]. What a price means,
//! and which one applies, is left to `pricing`.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency by its ISO 4217 code of three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar, the currency in which Azure publishes its prices.
    pub const USD: Currency = Currency(*b"USD");
    /// Euro.
    pub const EUR: Currency = Currency(*b"EUR");

    /// The three-letter code.
    pub fn code(&self) -> &str {
        // Only ASCII capitals pass `from_str`, so this cannot fail.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimals of the smallest unit in everyday use (ISO 4217 "minor unit").
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Currency([a, b, c])),
            _ => Err(MoneyError::BadCurrency(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What can go wrong with money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// A text that is not a currency code.
    #[error("'{0}' is not a currency code: expected three capital letters such as 'EUR'")]
    BadCurrency(String),
    /// A text that is not an exact decimal amount.
    #[error("'{0}' is not an amount: expected a number such as '300' or '0.00025'")]
    BadAmount(String),
    /// Two currencies in one sum. Never added, in any build.
    #[error("cannot add {right} to {left}: convert one of them with an exchange rate first")]
    MixedCurrencies {
        /// Currency of the sum so far.
        left: Currency,
        /// Currency of the amount that does not fit.
        right: Currency,
    },
    /// A number with more digits than a decimal holds.
    #[error("'{0}' has more digits than are calculated with: expected 28 at most")]
    TooManyDigits(String),
    /// A result too large for a decimal, or a product of a whole quantity that has more than its 28 digits.
    #[error("the amount is too large to be calculated exactly (more than 28 digits)")]
    Overflow,
    /// An exchange rate of zero or below.
    #[error("'{0}' is not an exchange rate: expected a number above 0 such as '1.0798'")]
    BadRate(String),
}

/// An exact amount in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// An amount of a currency.
    pub fn new(amount: Decimal, currency: Currency) -> Money {
        Money { amount, currency }
    }

    /// Nothing of a currency.
    pub fn zero(currency: Currency) -> Money {
        Money::new(Decimal::ZERO, currency)
    }

    /// The exact amount.
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// The currency of the amount.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The sum, to 28 digits; an error when the currencies differ or the result does not fit.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        let amount = self.amount.checked_add(other.amount);
        Ok(Money::new(amount.ok_or(MoneyError::Overflow)?, self.currency))
    }

    /// The difference, to 28 digits; an error when the currencies differ or the result does not fit.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        let amount = self.amount.checked_sub(other.amount);
        Ok(Money::new(amount.ok_or(MoneyError::Overflow)?, self.currency))
    }

    /// The amount times a factor, to 28 digits; an error when the result does not fit.
    pub fn checked_mul(self, factor: Decimal) -> Result<Money, MoneyError> {
        let amount = self.amount.checked_mul(factor);
        Ok(Money::new(amount.ok_or(MoneyError::Overflow)?, self.currency))
    }

    /// Rounded to the currency's own decimals, halves away from zero: how a total is shown.
    pub fn rounded(self) -> Money {
        let decimals = self.currency.decimals();
        Money::new(round(self.amount, decimals, Rounding::HalfUp), self.currency)
    }

    /// The rounded amount with all its decimals and without the currency, such as `253.75`.
    pub fn display_amount(self) -> String {
        let decimals = self.currency.decimals() as usize;
        format!("{:.decimals$}", self.rounded().amount)
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::MixedCurrencies { left: self.currency, right: other.currency })
    }
}

impl fmt::Display for Money {
    /// The currency and the rounded amount, such as `EUR 253.75`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.display_amount())
    }
}

/// Reads an exact decimal such as `0.00025`: digits with at most one point. Refuses anything else, and what has
/// more digits than a decimal holds, with the text in the error.
pub fn parse_amount(text: &str) -> Result<Decimal, MoneyError> {
    let trimmed = text.trim();
    let unsigned = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut digits = whole.bytes().chain(fraction.bytes()).peekable();
    if digits.peek().is_none() || !digits.all(|digit| digit.is_ascii_digit()) {
        return Err(MoneyError::BadAmount(text.to_owned()));
    }
    Decimal::from_str_exact(trimmed).map_err(|_| MoneyError::TooManyDigits(text.to_owned()))
}

/// The product in all its digits; an error where a decimal does not hold them.
pub fn exact_product(a: Decimal, b: Decimal) -> Result<Decimal, MoneyError> {
    let (a, b) = (a.normalize(), b.normalize());
    let mut scale = a.scale() + b.scale();
    let mut digits = a.mantissa().checked_mul(b.mantissa()).ok_or(MoneyError::Overflow)?;
    while scale > 0 && digits % 10 == 0 {
        (digits, scale) = (digits / 10, scale - 1);
    }
    Decimal::try_from_i128_with_scale(digits, scale).map_err(|_| MoneyError::Overflow)
}

/// Where an exchange rate comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RateSource {
    /// Whoever asked for the calculation gave it.
    Typed,
    /// A file of dated rates.
    File {
        /// The page that the file names.
        url: String,
        /// What the rate was derived from, where the page does not print it.
        derived_from: Option<String>,
        /// The file.
        file: String,
        /// The SHA-256 of the file in hexadecimal digits; `None` for one that is built in.
        sha256: Option<String>,
    },
}

/// Units of the price list's currency for one unit of the result's, on a date, from a named source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExchangeRate {
    /// Currency of the price list.
    pub pricing: Currency,
    /// Currency of the result.
    pub billing: Currency,
    rate: Decimal,
    /// The day for which the rate was published, or the day of the calculation for a typed one.
    pub date: NaiveDate,
    /// Where the rate comes from.
    pub source: RateSource,
}

impl ExchangeRate {
    /// A rate of `rate` units of `pricing` for one of `billing`; refuses zero and below.
    pub fn new(
        pricing: Currency,
        billing: Currency,
        rate: Decimal,
        date: NaiveDate,
        source: RateSource,
    ) -> Result<ExchangeRate, MoneyError> {
        if rate <= Decimal::ZERO {
            return Err(MoneyError::BadRate(rate.to_string()));
        }
        Ok(ExchangeRate { pricing, billing, rate, date, source })
    }

    /// Units of the price list's currency for one of the result's.
    pub fn rate(&self) -> Decimal {
        self.rate
    }

    /// The same value in the result's currency, to 28 digits.
    pub fn convert(&self, money: Money) -> Result<Money, MoneyError> {
        money.same_currency(Money::zero(self.pricing))?;
        let amount = money.amount.checked_div(self.rate).ok_or(MoneyError::Overflow)?;
        Ok(Money::new(amount, self.billing))
    }
}

/// How a figure is rounded where it is shown. Every call names one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// To the nearest, halves away from zero: totals and shares.
    HalfUp,
    /// Away from zero: how Azure's price page shows small converted unit prices.
    Up,
    /// Towards zero, for a whole number of blocks that are full.
    Down,
}

/// Rounds to a number of decimals; the only rounding in the program.
pub fn round(value: Decimal, decimals: u32, rounding: Rounding) -> Decimal {
    let strategy = match rounding {
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::Up => RoundingStrategy::AwayFromZero,
        Rounding::Down => RoundingStrategy::ToZero,
    };
    value.round_dp_with_strategy(decimals, strategy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        parse_amount(text).unwrap()
    }

    #[test]
    fn two_currencies_are_never_added() {
        let error =
            Money::new(dec("1"), Currency::USD).checked_add(Money::new(dec("1"), Currency::EUR)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot add EUR to USD: convert one of them with an exchange rate first"
        );
    }

    #[test]
    fn the_known_month_converts_to_the_cent() {
        let date = NaiveDate::from_ymd_opt(2025, 4, 1).unwrap();
        let rate = ExchangeRate::new(Currency::USD, Currency::EUR, dec("1.0798"), date, RateSource::Typed);
        let month = rate.unwrap().convert(Money::new(dec("274"), Currency::USD)).unwrap();
        assert_eq!(month.to_string(), "EUR 253.75");
        assert!(month.amount().to_string().starts_with("253.750694"));
    }

    #[test]
    fn halves_go_away_from_zero_and_decimals_follow_the_currency() {
        assert_eq!(Money::new(dec("0.125"), Currency::USD).to_string(), "USD 0.13");
        assert_eq!(Money::new(dec("-0.125"), Currency::USD).to_string(), "USD -0.13");
        assert_eq!(Money::new(dec("7"), Currency::USD).to_string(), "USD 7.00");
        assert_eq!(Money::new(dec("2.5"), "JPY".parse().unwrap()).to_string(), "JPY 3");
    }

    #[test]
    fn products_are_exact_or_refused() {
        let product = |a, b| exact_product(dec(a), dec(b)).map(|product| product.to_string());
        assert_eq!(product("1000000", "0.00025"), Ok("250".to_owned()));
        assert_eq!(product("-2.5", "4"), Ok("-10".to_owned()));
        assert_eq!(product("0", "0.0001"), Ok("0".to_owned()));
        assert_eq!(
            product("25000000000000000000000000000", "0.4"),
            Ok("10000000000000000000000000000".to_owned())
        );
        assert_eq!(
            product("3", "0.3333333333333333333333333333"),
            Ok("0.9999999999999999999999999999".to_owned())
        );
        assert_eq!(product("1234567", "0.1234567890123456789012345678"), Err(MoneyError::Overflow));
        assert_eq!(product("99999999999999999999", "99999999999999999999"), Err(MoneyError::Overflow));
    }

    #[test]
    fn amounts_are_digits_with_one_point() {
        let read = ["7", "-0.5", "+1", ".5", "5.", " 300 "].map(|text| parse_amount(text).is_ok());
        assert_eq!(read, [true; 6]);
        for text in ["", ".", "-", "1_000", "1e3", "1.2.3", "٣", "--1"] {
            assert_eq!(parse_amount(text), Err(MoneyError::BadAmount(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn bad_currency_amount_and_rate_are_named() {
        let messages = [
            "EU".parse::<Currency>().unwrap_err().to_string(),
            parse_amount("1,2").unwrap_err().to_string(),
            parse_amount("0.12345678901234567890123456789012345").unwrap_err().to_string(),
            ExchangeRate::new(
                Currency::USD,
                Currency::EUR,
                dec("0"),
                NaiveDate::default(),
                RateSource::Typed,
            )
            .unwrap_err()
            .to_string(),
            Money::new(Decimal::MAX, Currency::USD).checked_mul(dec("2")).unwrap_err().to_string(),
        ];
        assert_eq!(
            messages,
            [
                "'EU' is not a currency code: expected three capital letters such as 'EUR'",
                "'1,2' is not an amount: expected a number such as '300' or '0.00025'",
                "'0.12345678901234567890123456789012345' has more digits than are calculated with: expected 28 at most",
                "'0' is not an exchange rate: expected a number above 0 such as '1.0798'",
                "the amount is too large to be calculated exactly (more than 28 digits)",
            ]
        );
    }
}
