//! Files of kind `exchange-rates`.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::fields::{Fields, line};
use super::{PricingError, SourceBlock, Text};
use crate::money::{Currency, ExchangeRate, RateSource};
use crate::pricing::list::Source;

/// Dated rates of one pair of currencies from one source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateFile {
    /// The name, the same in all files of the same pair, such as `usd-per-eur`.
    pub name: String,
    /// The word that tells files of one name apart.
    pub version: String,
    /// Who publishes the rates.
    pub provider: String,
    /// The currency that is counted, such as USD in "1.0798 USD per EUR".
    pub pricing: Currency,
    /// The currency of which it takes so many for one.
    pub billing: Currency,
    /// The day of the first rate.
    pub effective: NaiveDate,
    /// Where the rates come from.
    pub source: Source,
    /// The rates, oldest first.
    pub rates: Vec<ExchangeRate>,
    /// Conversions with known results.
    pub examples: Vec<RateExample>,
    /// What the rates were derived from, where the source does not print them.
    pub derived_from: Option<String>,
    /// The file they were read from.
    pub file: String,
    /// The SHA-256 of the file in hexadecimal digits; `None` for one that is built in.
    pub sha256: Option<String>,
}

/// A conversion whose result is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateExample {
    /// The day of the rate.
    pub date: NaiveDate,
    /// The amount in the pricing currency.
    pub amount: Decimal,
    /// What it is in the billing currency, rounded to its decimals.
    pub total: Decimal,
    /// Who says so.
    pub source: String,
    /// The line in the file (1-based).
    pub line: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatesBlock {
    #[serde(rename = "schema_version")]
    _schema_version: Text,
    #[serde(rename = "kind")]
    _kind: Text,
    name: Text,
    version: Text,
    provider: Text,
    currency: Text,
    per: Text,
    effective: Text,
    source: SourceBlock,
    #[serde(default)]
    derived_from: Option<Text>,
    rates: Vec<RateBlock>,
    #[serde(default)]
    examples: Vec<ExampleBlock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateBlock {
    date: Text,
    rate: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleBlock {
    date: Text,
    amount: Text,
    total: Text,
    source: Text,
}

pub(super) fn read(fields: &Fields, block: RatesBlock) -> Result<RateFile, PricingError> {
    let pricing = fields.currency("currency", &block.currency)?;
    let billing = fields.currency("per", &block.per)?;
    if pricing == billing {
        return Err(fields.refuse("per", &block.per, "is the same currency", "another one"));
    }
    let effective = fields.date("effective", &block.effective)?;
    let source = fields.source(&block.source)?;
    let derived_from =
        block.derived_from.as_ref().map(|text| fields.text("derived_from", text)).transpose()?;
    let rate_source = RateSource::File {
        url: source.url.clone(),
        derived_from: derived_from.clone(),
        file: fields.file.to_owned(),
        sha256: fields.sha256.clone(),
    };
    let rates = rates(fields, &block.rates, pricing, billing, &rate_source)?;
    if rates.first().map(|first| first.date) != Some(effective) {
        let expected = "the day of the first rate";
        return Err(fields.refuse("effective", &block.effective, "is not that of the rates", expected));
    }
    let examples = block.examples.iter().map(|block| example(fields, block, &rates));
    Ok(RateFile {
        name: fields.word("name", &block.name)?,
        version: fields.word("version", &block.version)?,
        provider: fields.text("provider", &block.provider)?,
        pricing,
        billing,
        effective,
        examples: examples.collect::<Result<_, _>>()?,
        source,
        rates,
        derived_from,
        file: fields.file.to_owned(),
        sha256: fields.sha256.clone(),
    })
}

/// The rates, each of a later day than the one before.
fn rates(
    fields: &Fields,
    blocks: &[RateBlock],
    pricing: Currency,
    billing: Currency,
    source: &RateSource,
) -> Result<Vec<ExchangeRate>, PricingError> {
    let mut rates: Vec<ExchangeRate> = Vec::with_capacity(blocks.len());
    for rate in blocks {
        let date = fields.date("date", &rate.date)?;
        if let Some(before) = rates.last().filter(|before| before.date >= date) {
            let expected = format!("a day after {}", before.date);
            return Err(fields.refuse("date", &rate.date, "is out of order", &expected));
        }
        let value = fields.positive("rate", &rate.rate)?;
        rates.push(ExchangeRate::new(pricing, billing, value, date, source.clone())?);
    }
    Ok(rates)
}

fn example(
    fields: &Fields,
    block: &ExampleBlock,
    rates: &[ExchangeRate],
) -> Result<RateExample, PricingError> {
    let date = fields.date("date", &block.date)?;
    if !rates.iter().any(|rate| rate.date == date) {
        return Err(fields.refuse("date", &block.date, "has no rate", "the day of a rate in this file"));
    }
    Ok(RateExample {
        date,
        amount: fields.amount("amount", &block.amount)?,
        total: fields.amount("total", &block.total)?,
        source: fields.text("source", &block.source)?,
        line: line(&block.total),
    })
}
