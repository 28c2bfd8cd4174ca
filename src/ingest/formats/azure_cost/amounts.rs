//! Quantities and prices: from the blocks that an export states to single recipients and megabytes.
//!
//! Cost details (EA, MCA, pay-as-you-go) state quantities in blocks of the unit of measure: cost = quantity x price,
//! with `0.0004` of `10K` for four operations. FOCUS states a consumed quantity in single units and a pricing quantity in
//! blocks; Microsoft's own 1.0 sample has blocks in the consumed quantity and divides them once more, so where a
//! block is not 1, the one that gives the cost at the stated price is the number of blocks. The price is
//! `ContractedUnitPrice`, the negotiated one before commitments, else the effective or billed one.

use rust_decimal::Decimal;

use super::unit::Unit;
use crate::pricing::Metered;

/// What a row states.
#[derive(Clone, Debug)]
pub(super) struct Stated {
    /// The quantity, in FOCUS the consumed one.
    pub(super) quantity: Option<Decimal>,
    /// The quantity in blocks (FOCUS).
    pub(super) pricing_quantity: Option<Decimal>,
    /// The unit of the quantity.
    pub(super) unit: String,
    /// The unit of the pricing quantity (FOCUS).
    pub(super) pricing_unit: String,
    /// The unit of measure behind both (FOCUS of Cost Management).
    pub(super) unit_text: String,
    /// How many are priced together (FOCUS of Cost Management).
    pub(super) block: Option<Decimal>,
    /// The price of a block.
    pub(super) price: Option<Decimal>,
    /// Billing currency per unit of the pricing currency.
    pub(super) rate: Option<Decimal>,
    /// The cost, in the billing currency.
    pub(super) cost: Decimal,
    /// Whether the row is of usage; others may have neither quantity nor unit.
    pub(super) is_usage: bool,
}

/// What it comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Amounts {
    /// Recipients or megabytes; of an unknown meter, units.
    pub(super) quantity: Decimal,
    /// The price of one.
    pub(super) unit_price: Option<Decimal>,
    /// The unit as stated.
    pub(super) unit: String,
    /// Whether the quantity was taken as a number of blocks such as `100 MB`. Microsoft's files show that `1K` and
    /// `10K` are blocks; of blocks that are written out they have examples of both.
    pub(super) is_block_assumed: bool,
}

const TOO_LARGE: &str = "the quantity or price is too large to be calculated exactly";

/// The amounts of a row of cost details.
pub(super) fn of_details(stated: &Stated, metered: Option<Metered>) -> Result<Amounts, String> {
    let unit_text = stated.unit.clone();
    let (quantity, is_none) = quantity_or_none(stated.quantity, stated)?;
    let Some(metered) = metered.filter(|_| !is_none) else {
        return Ok(Amounts { quantity, unit_price: stated.price, unit: unit_text, is_block_assumed: false });
    };
    let unit = Unit::parse(&unit_text, metered)?;
    let size = unit.block.checked_mul(unit.each).ok_or(TOO_LARGE)?;
    let quantity = quantity.checked_mul(size).ok_or(TOO_LARGE)?;
    let unit_price = per_one(stated.price, size)?;
    Ok(Amounts { quantity, unit_price, unit: unit_text, is_block_assumed: unit.is_written_out })
}

/// The amounts of a FOCUS row.
pub(super) fn of_focus(stated: &Stated, metered: Option<Metered>) -> Result<Amounts, String> {
    let counted = if stated.unit.is_empty() { &stated.pricing_unit } else { &stated.unit };
    let unit_text = if stated.unit_text.is_empty() { counted } else { &stated.unit_text };
    let (quantity, is_none) = quantity_or_none(stated.quantity.or(stated.pricing_quantity), stated)?;
    let Some(metered) = metered.filter(|_| !is_none) else {
        let unit = unit_text.clone();
        return Ok(Amounts { quantity, unit_price: stated.price, unit, is_block_assumed: false });
    };
    let unit = Unit::parse(counted, metered)?;
    let described = Unit::block_of(&stated.unit_text).filter(|_| !stated.unit_text.is_empty());
    let stated_block = stated.block.filter(|block| *block > Decimal::ZERO).or(described);
    let block = stated_block.unwrap_or(unit.block);
    if stated_block.is_none() && block == Decimal::ONE && !agree(stated) {
        return Err("consumed and pricing quantity differ, and no column states the pricing block".to_owned());
    }
    let units = units(stated, block)?.checked_mul(unit.each).ok_or(TOO_LARGE)?;
    let size = block.checked_mul(unit.each).ok_or(TOO_LARGE)?;
    let unit_price = per_one(stated.price, size)?;
    Ok(Amounts { quantity: units, unit_price, unit: unit_text.clone(), is_block_assumed: false })
}

/// A quantity; zero, and the word that there is none, for a credit or adjustment without one.
fn quantity_or_none(quantity: Option<Decimal>, stated: &Stated) -> Result<(Decimal, bool), String> {
    match quantity {
        Some(quantity) => Ok((quantity, false)),
        None if stated.is_usage => Err("the quantity is missing".to_owned()),
        None => Ok((Decimal::ZERO, true)),
    }
}

fn per_one(price: Option<Decimal>, size: Decimal) -> Result<Option<Decimal>, String> {
    let Some(price) = price else { return Ok(None) };
    Ok(Some(price.checked_div(size).ok_or(TOO_LARGE)?.normalize()))
}

/// Whether consumed and pricing quantity are the same, as far as both are there.
fn agree(stated: &Stated) -> bool {
    match (stated.quantity, stated.pricing_quantity) {
        (Some(consumed), Some(pricing)) => is_near(consumed, pricing),
        _ => true,
    }
}

/// The single units of a FOCUS row with this pricing block.
fn units(stated: &Stated, block: Decimal) -> Result<Decimal, String> {
    let of_blocks = |blocks: Decimal| blocks.checked_mul(block).ok_or(TOO_LARGE.to_owned());
    let (consumed, pricing) = match (stated.quantity, stated.pricing_quantity) {
        (Some(consumed), _) if block == Decimal::ONE => return Ok(consumed),
        (None, Some(pricing)) => return of_blocks(pricing),
        (Some(consumed), None) => (consumed, None),
        (Some(consumed), pricing) => (consumed, pricing),
        (None, None) => return Ok(Decimal::ZERO),
    };
    let price = stated.price.filter(|price| !price.is_zero() && !stated.cost.is_zero());
    let Some(price) = price.and_then(|price| price.checked_mul(stated.rate.unwrap_or(Decimal::ONE))) else {
        return Ok(consumed);
    };
    let costs = |blocks: Decimal| blocks.checked_mul(price).is_some_and(|cost| is_near(cost, stated.cost));
    let singles = consumed.checked_div(block).ok_or(TOO_LARGE)?;
    if pricing.is_some_and(costs) || costs(singles) {
        return Ok(consumed);
    }
    if costs(consumed) {
        return of_blocks(consumed);
    }
    Err("neither the consumed nor the pricing quantity gives the cost at the stated unit price".to_owned())
}

/// Whether two numbers are the same but for rounding and discounts of a percent.
fn is_near(one: Decimal, other: Decimal) -> bool {
    let slack = other.abs().checked_div(Decimal::ONE_HUNDRED).unwrap_or_default();
    one.checked_sub(other).is_some_and(|difference| difference.abs() <= slack)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn stated(quantity: &str, unit: &str, price: &str, cost: &str) -> Stated {
        Stated {
            quantity: Some(decimal(quantity)),
            pricing_quantity: None,
            unit: unit.to_owned(),
            pricing_unit: String::new(),
            unit_text: String::new(),
            block: None,
            price: Some(decimal(price)),
            rate: None,
            cost: decimal(cost),
            is_usage: true,
        }
    }

    #[test]
    fn blocks_of_cost_details_become_single_recipients_and_megabytes() {
        let amounts = of_details(&stated("12.5", "1K", "0.25", "3.125"), Some(Metered::Recipients)).unwrap();
        assert_eq!((amounts.quantity, amounts.unit_price), (12_500.into(), Some(decimal("0.00025"))));
        let amounts = of_details(&stated("3", "100 MB", "0.012", "0.036"), Some(Metered::Megabytes)).unwrap();
        assert_eq!((amounts.quantity, amounts.unit_price), (300.into(), Some(decimal("0.00012"))));
        let amounts = of_details(&stated("3", "1 GB", "0.12", "0.36"), Some(Metered::Megabytes)).unwrap();
        assert_eq!((amounts.quantity, amounts.unit_price), (3_000.into(), Some(decimal("0.00012"))));
        let amounts = of_details(&stated("2", "10K/Month", "1", "2"), None).unwrap();
        assert_eq!((amounts.quantity, amounts.unit_price), (2.into(), Some(1.into())));
        assert!(of_details(&stated("2", "1 Hour", "1", "2"), Some(Metered::Recipients)).is_err());
    }

    fn focus(
        consumed: &str,
        pricing: &str,
        block: Option<&str>,
        price: &str,
        cost: &str,
    ) -> Result<Amounts, String> {
        let stated = Stated {
            pricing_quantity: Some(decimal(pricing)),
            pricing_unit: "Units".to_owned(),
            block: block.map(decimal),
            ..stated(consumed, "Units", price, cost)
        };
        of_focus(&stated, Some(Metered::Recipients))
    }

    #[test]
    fn the_quantity_of_focus_is_the_one_that_gives_the_cost() {
        // By the specification: 20,000 units are 2 blocks.
        let amounts = focus("20000", "2", Some("10000"), "2.5", "5").unwrap();
        assert_eq!((amounts.quantity, amounts.unit_price), (20_000.into(), Some(decimal("0.00025"))));
        // As in Microsoft's sample: 0.0003 blocks, divided once more.
        let amounts = focus("0.0003", "0.00000003", Some("10000"), "0.05", "0.000015").unwrap();
        assert_eq!((amounts.quantity, amounts.unit_price), (3.into(), Some(decimal("0.000005"))));
        let amounts = focus("7", "7", Some("1"), "0.00025", "0.00175").unwrap();
        assert_eq!(amounts.quantity, 7.into());
        assert!(focus("20000", "2", Some("10000"), "9", "5").unwrap_err().starts_with("neither"));
        assert!(focus("20000", "2", None, "2.5", "5").unwrap_err().ends_with("states the pricing block"));
    }

    #[test]
    fn an_adjustment_needs_no_quantity() {
        let none = Stated { quantity: None, is_usage: false, ..stated("1", "", "0", "-5") };
        assert_eq!(of_details(&none, Some(Metered::Recipients)).unwrap().quantity, Decimal::ZERO);
        let usage = Stated { is_usage: true, ..none };
        assert_eq!(of_details(&usage, None).unwrap_err(), "the quantity is missing");
    }
}
