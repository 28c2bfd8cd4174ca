//! What a quantity costs: flat, graduated and volume prices, included quantities, blocks.
//!
//! Pure arithmetic on exact decimals; which price list applies is left to `catalog`, discounts and conversion to
//! `estimate`.

use rust_decimal::Decimal;

use crate::money::{MoneyError, exact_product};

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
        Ok(Step { quantity, unit_price, cost: cost(quantity, unit_price)? })
    }
}

/// What a quantity costs at one price: exact or refused for a whole quantity. A part of a unit is a quotient
/// already (of bytes by megabyte, of a month by days): its cost holds to 28 digits, like itself.
pub(super) fn cost(quantity: Decimal, unit_price: Decimal) -> Result<Decimal, MoneyError> {
    match quantity.is_integer() {
        true => exact_product(quantity, unit_price),
        false => quantity.checked_mul(unit_price).ok_or(MoneyError::Overflow),
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

    /// The bound of a tier in pricing units; in a part of a month a bound within a block holds to its end.
    fn bound(&self, tier: &Tier, share: MonthShare) -> Result<Option<Decimal>, MoneyError> {
        tier.up_to.map(|up_to| self.pricing_units(share.apply(up_to)?)).transpose()
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

/// The sum, to 28 digits, or an error where it does not fit.
pub(crate) fn sum(mut values: impl Iterator<Item = Decimal>) -> Result<Decimal, MoneyError> {
    values.try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value)).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn tier(up_to: Option<&str>, price: &str) -> Tier {
        Tier { up_to: up_to.map(dec), price: dec(price) }
    }

    fn rate(scheme: Scheme, included: &str, block: Option<&str>) -> Rate {
        Rate { scheme, included: dec(included), block: block.map(dec) }
    }

    /// The tiers of a real provider: 10 million, 100 million, and beyond.
    fn three_tiers() -> Vec<Tier> {
        vec![tier(Some("10000000"), "0.00016"), tier(Some("100000000"), "0.00014"), tier(None, "0.00011")]
    }

    fn cost(rate: &Rate, quantity: &str) -> String {
        rate.price(dec(quantity), MonthShare::FULL).unwrap().cost.normalize().to_string()
    }

    #[test]
    fn graduated_tiers_price_each_unit_where_it_falls() {
        let rate = rate(Scheme::Graduated(three_tiers()), "0", None);
        assert_eq!(cost(&rate, "0"), "0");
        assert_eq!(cost(&rate, "10000000"), "1600");
        assert_eq!(cost(&rate, "10000001"), "1600.00014");
        assert_eq!(cost(&rate, "250000000"), "30700");
        let steps = rate.price(dec("250000000"), MonthShare::FULL).unwrap().steps;
        let quantities: Vec<String> = steps.iter().map(|step| step.quantity.to_string()).collect();
        assert_eq!(quantities, ["10000000", "90000000", "150000000"]);
    }

    #[test]
    fn volume_tiers_price_all_units_alike() {
        let rate = rate(Scheme::Volume(three_tiers()), "0", None);
        assert_eq!(cost(&rate, "10000000"), "1600");
        assert_eq!(cost(&rate, "10000001"), "1400.00014");
        assert_eq!(cost(&rate, "250000000"), "27500");
    }

    #[test]
    fn started_blocks_beyond_the_included_units_are_charged_in_full() {
        let rate = rate(Scheme::Flat(dec("0.90")), "50000", Some("1000"));
        assert_eq!(cost(&rate, "50000"), "0");
        assert_eq!(cost(&rate, "50001"), "0.9");
        assert_eq!(cost(&rate, "51000"), "0.9");
        assert_eq!(cost(&rate, "51000.0000000000000000000001"), "1.8");
        let priced = rate.price(dec("52500"), MonthShare::FULL).unwrap();
        assert_eq!((priced.included, priced.pricing_quantity), (dec("50000"), dec("3")));
    }

    #[test]
    fn tiers_of_blocks_are_bounded_in_units() {
        let tiers = vec![tier(Some("2000"), "1.00"), tier(None, "0.50")];
        let rate = rate(Scheme::Graduated(tiers), "0", Some("1000"));
        assert_eq!(cost(&rate, "2000"), "2");
        assert_eq!(cost(&rate, "2001"), "2.5");
    }

    #[test]
    fn a_part_of_a_month_has_its_part_of_allowances_and_bounds() {
        let half = MonthShare::of_days(15, 30);
        let tiers = vec![tier(Some("100"), "2"), tier(None, "1")];
        let rate = rate(Scheme::Graduated(tiers), "20", None);
        let priced = rate.price(dec("100"), half).unwrap();
        assert_eq!((priced.included, priced.cost), (dec("10"), dec("140")));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let rate = rate(Scheme::Flat(dec("2")), "0", None);
        assert_eq!(rate.price(Decimal::MAX, MonthShare::FULL), Err(MoneyError::Overflow));
        let fine = self::rate(Scheme::Flat(dec("0.1234567890123456789012345678")), "0", None);
        assert_eq!(cost(&fine, "1000000"), "123456.7890123456789012345678");
        assert_eq!(fine.price(dec("1234567"), MonthShare::FULL), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn more_units_never_cost_less_under_graduated_tiers(
            a in 0_u64..1_000_000_000, more in 0_u64..1_000_000, included in 0_u32..100_000, block in 1_u32..5_000,
        ) {
            for block in [None, Some(Decimal::from(block))] {
                let rate =
                    Rate { scheme: Scheme::Graduated(three_tiers()), included: included.into(), block };
                let low = rate.price(a.into(), MonthShare::FULL).unwrap();
                let high = rate.price((a + more).into(), MonthShare::FULL).unwrap();
                prop_assert!(low.cost <= high.cost);
                let units: Decimal = high.steps.iter().map(|step| step.quantity).sum();
                prop_assert_eq!(units, high.pricing_quantity);
            }
        }
    }
}
