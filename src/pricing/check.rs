//! Worked examples: every figure that a price file states is calculated again.

use super::error::PricingError;
use super::file::{PriceFile, RateFile};
use super::list::PriceList;
use crate::money::{Money, MoneyError};
use crate::units::Megabyte;

/// A worked example beside its recalculation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// The file.
    pub file: String,
    /// The line of the stated result (1-based).
    pub line: u64,
    /// Who says so.
    pub source: String,
    /// The result as stated, without trailing zeros.
    pub expected: Money,
    /// The result as calculated: exact for prices, rounded to the currency for conversions.
    pub computed: Money,
}

impl Check {
    /// Whether the calculation gives what is stated.
    pub fn reproduces(&self) -> bool {
        self.expected == self.computed
    }
}

/// Calculates the worked examples of a file again; terms have none.
pub fn checks(file: &PriceFile) -> Result<Vec<Check>, PricingError> {
    match file {
        PriceFile::PriceList(list) => list_checks(list),
        PriceFile::ExchangeRates(rates) => rate_checks(rates),
        PriceFile::Terms(_) => Ok(Vec::new()),
    }
}

/// Calculates the worked examples of a price list again, with megabytes of 10^6 bytes.
pub fn list_checks(list: &PriceList) -> Result<Vec<Check>, PricingError> {
    let check = |example: &super::list::Example| {
        Ok(Check {
            file: list.file.clone(),
            line: example.line,
            source: example.source.clone(),
            expected: Money::new(example.total.normalize(), list.currency),
            computed: list
                .total(&example.quantities, Megabyte::Decimal)
                .map_err(|error| incalculable(&list.file, example.line, error))?,
        })
    };
    list.examples.iter().map(check).collect()
}

/// Calculates the worked examples of a file of exchange rates again.
pub fn rate_checks(file: &RateFile) -> Result<Vec<Check>, PricingError> {
    let mut checks = Vec::with_capacity(file.examples.len());
    for example in &file.examples {
        // The reader has refused an example on a day without rate.
        let Some(rate) = file.rates.iter().find(|rate| rate.date == example.date) else { continue };
        let converted = rate.convert(Money::new(example.amount, file.pricing));
        checks.push(Check {
            file: file.file.clone(),
            line: example.line,
            source: example.source.clone(),
            expected: Money::new(example.total.normalize(), file.billing),
            computed: converted.map_err(|error| incalculable(&file.file, example.line, error))?.rounded(),
        });
    }
    Ok(checks)
}

fn incalculable(file: &str, line: u64, error: MoneyError) -> PricingError {
    PricingError::Example { file: file.to_owned(), line, error }
}
