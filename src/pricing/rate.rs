//! What a quantity costs: flat, graduated and volume prices, included quantities, blocks.
//!
//! Pure arithmetic on exact decimals; which price list applies is left to `catalog`, discounts and conversion to
//! `estimate`.

use rust_decimal::Decimal;

use crate::money::MoneyError;

/// A price that holds up to a bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tier {
    /// The last charged unit of the month at this price; `None` in the last tier. Counted in the meter's own
    /// quantity (recipients, not blocks), from the first unit beyond the included ones.
    pub up_to: Option<Decimal>,
    /// Price of one pricing unit.
    pub price: Decimal,
}

/// How the unit price follows from the quantity of a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// One price for every unit.
    Flat(Decimal),
    /// Each unit at the price of the tier it falls in.
    Graduated(Vec<Tier>),
    /// All units at the price of the tier that the whole quantity falls in.
    Volume(Vec<Tier>),
}

/// The price of one meter. Built by the reader of price files, which refuses negative prices, unsorted tiers
/// and a last tier with a bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How the unit price follows from the quantity.
    pub scheme: Scheme,
    /// Units of each month that are not charged.
    pub included: Decimal,
    /// Units in one pricing unit, of which every started one is charged in full; `None`: units are charged as
    /// they are, parts too.
    pub block: Option<Decimal>,
}

/// The part of a billing month for which a price list is in force; allowances, tier bounds and base fees count
/// by its days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MonthShare {
    days: u32,
    of: u32,
}

impl MonthShare {
    /// The whole month.
    pub const FULL: MonthShare = MonthShare { days: 1, of: 1 };

    /// So many days of a month of `of` days.
    pub fn of_days(days: u32, of: u32) -> MonthShare {
        if days >= of { Self::FULL } else { MonthShare { days, of } }
    }

    /// A monthly figure cut down to the share.
    pub fn apply(self, monthly: Decimal) -> Result<Decimal, MoneyError> {
        if self == Self::FULL {
            return Ok(monthly);
        }
        let times = monthly.checked_mul(Decimal::from(self.days));
        times.and_then(|value| value.checked_div(Decimal::from(self.of))).ok_or(MoneyError::Overflow)
    }
}

/// Units at one price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Pricing units.
    pub quantity: Decimal,
    /// Price of one.
    pub unit_price: Decimal,
    /// Their product.
    pub cost: Decimal,
}

impl Step {
    fn new(quantity: Decimal, unit_price: Decimal) -> Result<Step, MoneyError> {
        let cost = quantity.checked_mul(unit_price).ok_or(MoneyError::Overflow)?;
        Ok(Step { quantity, unit_price, cost })
    }
}

/// A priced quantity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Priced {
    /// Units that were not charged because they are included.
    pub included: Decimal,
    /// Pricing units charged: what is left after the included ones, in started blocks where there are blocks.
    pub pricing_quantity: Decimal,
    /// The charged units by price, at least one step even where nothing is charged.
    pub steps: Vec<Step>,
    /// The sum of the steps.
    pub cost: Decimal,
}

impl Rate {
    /// Prices the quantity of a month, or of the part of one for which the list is in force.
    pub fn price(&self, quantity: Decimal, share: MonthShare) -> Result<Priced, MoneyError> {
        let included = share.apply(self.included)?.min(quantity);
        let charged = quantity.checked_sub(included).ok_or(MoneyError::Overflow)?;
        let pricing_quantity = self.pricing_units(charged)?;
        let steps = match &self.scheme {
            Scheme::Flat(price) => vec![Step::new(pricing_quantity, *price)?],
            Scheme::Volume(tiers) => vec![self.volume_step(tiers, pricing_quantity, share)?],
            Scheme::Graduated(tiers) => self.graduated_steps(tiers, pricing_quantity, share)?,
        };
        let cost = sum(steps.iter().map(|step| step.cost))?;
        Ok(Priced { included, pricing_quantity, steps, cost })
    }

    /// Units as pricing units: as they are, or the number of started blocks.
    fn pricing_units(&self, units: Decimal) -> Result<Decimal, MoneyError> {
        let Some(block) = self.block else { return Ok(units) };
        // By remainder, since a quotient of 28 digits could hide a started block.
        let rest = units.checked_rem(block).ok_or(MoneyError::Overflow)?;
        let full = units.checked_sub(rest).and_then(|whole| whole.checked_div(block));
        let full = full.ok_or(MoneyError::Overflow)?.normalize();
        let started = if rest.is_zero() { Decimal::ZERO } else { Decimal::ONE };
        full.checked_add(started).ok_or(MoneyError::Overflow)
    }

    /// The bound of a tier in pricing units.
    fn bound(&self, tier: &Tier, share: MonthShare) -> Result<Option<Decimal>, MoneyError> {
        let Some(up_to) = tier.up_to else { return Ok(None) };
        let bound = share.apply(up_to)?;
        let block = self.block.unwrap_or(Decimal::ONE);
        bound.checked_div(block).map(Some).ok_or(MoneyError::Overflow)
    }

    fn volume_step(&self, tiers: &[Tier], quantity: Decimal, share: MonthShare) -> Result<Step, MoneyError> {
        for tier in tiers {
            if self.bound(tier, share)?.is_none_or(|bound| quantity <= bound) {
                return Step::new(quantity, tier.price);
            }
        }
        Step::new(quantity, Decimal::ZERO)
    }

    fn graduated_steps(
        &self,
        tiers: &[Tier],
        quantity: Decimal,
        share: MonthShare,
    ) -> Result<Vec<Step>, MoneyError> {
        let mut steps = Vec::new();
        let mut below = Decimal::ZERO;
        for tier in tiers {
            let upper = self.bound(tier, share)?.map_or(quantity, |bound| bound.min(quantity));
            let units = upper.checked_sub(below).ok_or(MoneyError::Overflow)?;
            if units > Decimal::ZERO || steps.is_empty() {
                steps.push(Step::new(units, tier.price)?);
            }
            below = below.max(upper);
        }
        Ok(steps)
    }

    /// The price of one unit where nothing, or one unit, is charged.
    pub fn first_price(&self) -> Decimal {
        match &self.scheme {
            Scheme::Flat(price) => *price,
            Scheme::Graduated(tiers) | Scheme::Volume(tiers) => {
                tiers.first().map_or(Decimal::ZERO, |tier| tier.price)
            }
        }
    }
}

/// The exact sum, or an error where it does not fit.
pub(crate) fn sum(mut values: impl Iterator<Item = Decimal>) -> Result<Decimal, MoneyError> {
    values.try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value)).ok_or(MoneyError::Overflow)
}
