//! Charges: the lines of an estimate, with list and contracted price side by side.

use rust_decimal::Decimal;

use crate::money::{Currency, Money, MoneyError};
use crate::pricing::list::MeterCost;
use crate::pricing::rate::Step;
use crate::pricing::{Metered, Terms};

/// One line of an estimate (FOCUS "charge"), in the list's currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charge {
    /// The provider's name of the meter, or [`BASE_FEE`](crate::pricing::BASE_FEE).
    pub sku_meter: String,
    /// What is counted; what the charge is shared by.
    pub metered: Metered,
    /// Units as measured, the included ones too.
    pub consumed_quantity: Decimal,
    /// Measured units that are included and cost nothing.
    pub included: Decimal,
    /// Pricing units charged.
    pub pricing_quantity: Decimal,
    /// What one price buys, such as `recipient` or `MB`.
    pub pricing_unit: String,
    /// List price of one pricing unit; where several prices apply, their average over the quantity, to 28 digits.
    pub list_unit_price: Money,
    /// What the quantity costs by the list: the sum of the steps, exactly.
    pub list_cost: Money,
    /// Negotiated price of one pricing unit; an average like the list price.
    pub contracted_unit_price: Money,
    /// What the quantity costs by the terms.
    pub contracted_cost: Money,
    /// The quantity by list price: one step, unless tiers or several months' lists have several prices.
    pub steps: Vec<Step>,
}

impl Charge {
    /// A priced meter under terms.
    pub(super) fn new(cost: MeterCost, currency: Currency, terms: &Terms) -> Result<Charge, MoneyError> {
        let contracted_cost = terms.contracted_cost(&cost)?;
        let quantity = cost.priced.pricing_quantity;
        let list_unit_price = match cost.priced.steps.as_slice() {
            [step] => step.unit_price,
            _ => average(cost.priced.cost, quantity)?.unwrap_or(cost.first_price),
        };
        let contracted_unit_price = terms.contracted_price(&cost.sku_meter, list_unit_price)?;
        let money = |amount: Decimal| Money::new(amount.normalize(), currency);
        Ok(Charge {
            sku_meter: cost.sku_meter,
            metered: cost.metered,
            consumed_quantity: cost.consumed_quantity,
            included: cost.priced.included,
            pricing_quantity: quantity,
            pricing_unit: cost.pricing_unit,
            list_unit_price: money(list_unit_price),
            list_cost: money(cost.priced.cost),
            contracted_unit_price: money(contracted_unit_price),
            contracted_cost: money(contracted_cost),
            steps: cost.priced.steps,
        })
    }

    /// Whether the unit prices are averages over several prices.
    pub fn is_average(&self) -> bool {
        self.steps.len() > 1
    }

    /// Adds the same meter of another month.
    fn add(&mut self, other: &Charge) -> Result<(), MoneyError> {
        let add = |a: Decimal, b: Decimal| a.checked_add(b).ok_or(MoneyError::Overflow);
        self.consumed_quantity = add(self.consumed_quantity, other.consumed_quantity)?;
        self.included = add(self.included, other.included)?;
        self.pricing_quantity = add(self.pricing_quantity, other.pricing_quantity)?;
        self.list_cost = self.list_cost.checked_add(other.list_cost)?;
        self.contracted_cost = self.contracted_cost.checked_add(other.contracted_cost)?;
        for step in &other.steps {
            match self.steps.iter_mut().find(|own| own.unit_price == step.unit_price) {
                Some(own) => {
                    own.quantity = add(own.quantity, step.quantity)?;
                    own.cost = add(own.cost, step.cost)?;
                }
                None => self.steps.push(*step),
            }
        }
        if self.list_unit_price != other.list_unit_price {
            self.list_unit_price = self.mean(self.list_cost, self.list_unit_price)?;
        }
        if self.contracted_unit_price != other.contracted_unit_price {
            self.contracted_unit_price = self.mean(self.contracted_cost, self.contracted_unit_price)?;
        }
        Ok(())
    }

    fn mean(&self, cost: Money, otherwise: Money) -> Result<Money, MoneyError> {
        let mean = average(cost.amount(), self.pricing_quantity)?.unwrap_or(otherwise.amount());
        Ok(Money::new(mean.normalize(), cost.currency()))
    }
}

/// The mean price of a unit; `None` where there is none.
fn average(cost: Decimal, quantity: Decimal) -> Result<Option<Decimal>, MoneyError> {
    if quantity.is_zero() {
        return Ok(None);
    }
    cost.checked_div(quantity).map(Some).ok_or(MoneyError::Overflow)
}

/// One charge per meter and pricing unit, in the order in which they first appear.
pub fn merge_charges<'a>(charges: impl Iterator<Item = &'a Charge>) -> Result<Vec<Charge>, MoneyError> {
    let mut merged: Vec<Charge> = Vec::new();
    for charge in charges {
        let same =
            |own: &&mut Charge| own.sku_meter == charge.sku_meter && own.pricing_unit == charge.pricing_unit;
        match merged.iter_mut().find(same) {
            Some(own) => own.add(charge)?,
            None => merged.push(charge.clone()),
        }
    }
    Ok(merged)
}
