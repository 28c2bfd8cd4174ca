//! A price list: who charges what for which meter from which day, and how we know.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::quantities::{Metered, Quantities};
use super::rate::{self, MonthShare, Priced, Rate, Step, sum};
use crate::money::{Currency, Money, MoneyError};
use crate::units::Megabyte;

/// The name under which a monthly base fee stands beside the meters.
pub const BASE_FEE: &str = "Monthly base fee";

/// Where a figure comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The page.
    pub url: String,
    /// The day on which it was read.
    pub retrieved_on: NaiveDate,
    /// What else is to be known about it, or empty.
    pub note: String,
}

/// The price of one meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkuPrice {
    /// The provider's name of the meter, such as `Basic Sent Email`.
    pub sku_meter: String,
    /// What is counted.
    pub metered: Metered,
    /// What one price buys, such as `recipient`, `MB` or `1,000 recipients`.
    pub pricing_unit: String,
    /// The price.
    pub rate: Rate,
}

/// A limit that a new customer meets, so that a volume beyond it can be remarked on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// What is limited.
    pub metered: Metered,
    /// How many in an hour.
    pub per_hour: Decimal,
    /// Whose limit it is and how it is raised.
    pub note: String,
    /// The page that says so.
    pub url: String,
}

impl Limit {
    /// The most in a month of 30 days.
    pub fn per_30_days(&self) -> Option<Decimal> {
        self.per_hour.checked_mul(Decimal::from(24 * 30))
    }
}

/// A calculation whose result is known: the proof of a price list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// What is sent in a month.
    pub quantities: Quantities,
    /// What it costs, exactly.
    pub total: Decimal,
    /// Who says so.
    pub source: String,
    /// The line in the file (1-based).
    pub line: u64,
}

/// The published prices of one provider from one day on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceList {
    /// The name by which it is chosen, the same in all its versions, such as `acs-email`.
    pub name: String,
    /// The word that tells its versions apart.
    pub version: String,
    /// Who charges.
    pub provider: String,
    /// The currency in which the prices are published.
    pub currency: Currency,
    /// The first day on which it is in force (UTC).
    pub effective: NaiveDate,
    /// Where the prices come from.
    pub source: Source,
    /// What a month costs before anything is sent.
    pub base_fee: Decimal,
    /// The meters, in the order of the file.
    pub meters: Vec<SkuPrice>,
    /// Limits worth a remark.
    pub limits: Vec<Limit>,
    /// Calculations with known results.
    pub examples: Vec<Example>,
    /// The file it was read from.
    pub file: String,
    /// The SHA-256 of the file in hexadecimal digits; `None` for one that is built in.
    pub sha256: Option<String>,
}

/// What one meter of a list, or its base fee, costs in a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeterCost {
    /// The meter's name, or [`BASE_FEE`].
    pub sku_meter: String,
    /// What is counted; a base fee is shared by recipients.
    pub metered: Metered,
    /// What one price buys.
    pub pricing_unit: String,
    /// Units as measured, the included ones too.
    pub consumed_quantity: Decimal,
    /// The quantity and its price in steps.
    pub priced: Priced,
    /// The price of a single unit, for a quantity of none.
    pub first_price: Decimal,
    /// The part of the month that is priced.
    pub share: MonthShare,
}

impl MeterCost {
    /// What the quantity costs at another price of one unit.
    pub(super) fn at_price(&self, price: Decimal) -> Result<Decimal, MoneyError> {
        match self.sku_meter == BASE_FEE {
            true => self.share.apply(price),
            false => rate::cost(self.priced.pricing_quantity, price),
        }
    }
}

impl PriceList {
    /// Prices a month, or the part of one for which the list is in force: each meter, then the base fee where
    /// there is one.
    pub fn price(
        &self,
        quantities: &Quantities,
        megabyte: Megabyte,
        share: MonthShare,
    ) -> Result<Vec<MeterCost>, MoneyError> {
        let meter_cost = |meter: &SkuPrice| {
            let consumed_quantity = quantities.of(meter.metered, megabyte)?;
            Ok(MeterCost {
                sku_meter: meter.sku_meter.clone(),
                metered: meter.metered,
                pricing_unit: meter.pricing_unit.clone(),
                consumed_quantity,
                priced: meter.rate.price(consumed_quantity, share)?,
                first_price: meter.rate.first_price(),
                share,
            })
        };
        let mut costs = self.meters.iter().map(meter_cost).collect::<Result<Vec<_>, MoneyError>>()?;
        if !self.base_fee.is_zero() {
            costs.push(self.base_fee_cost(share)?);
        }
        Ok(costs)
    }

    /// What a month costs in the list's currency, exactly.
    pub fn total(&self, quantities: &Quantities, megabyte: Megabyte) -> Result<Money, MoneyError> {
        let costs = self.price(quantities, megabyte, MonthShare::FULL)?;
        let total = sum(costs.iter().map(|cost| cost.priced.cost))?;
        Ok(Money::new(total.normalize(), self.currency))
    }

    fn base_fee_cost(&self, share: MonthShare) -> Result<MeterCost, MoneyError> {
        let quantity = share.apply(Decimal::ONE)?;
        // From the fee, not from the quantity, which is no exact decimal for most shares.
        let cost = share.apply(self.base_fee)?;
        let steps = vec![Step { quantity, unit_price: self.base_fee, cost }];
        Ok(MeterCost {
            sku_meter: BASE_FEE.to_owned(),
            metered: Metered::Recipients,
            pricing_unit: "month".to_owned(),
            consumed_quantity: quantity,
            priced: Priced { included: Decimal::ZERO, pricing_quantity: quantity, steps, cost },
            first_price: self.base_fee,
            share,
        })
    }
}
