//! What differs between two lists' words on one meter, as sentences.
//!
//! Only what differs is said: a sentence never sets a number beside its equal. What the difference costs is left to
//! `diff`.

use super::plain;
use crate::cli::cost_data::shown;
use crate::estimate::Charge;
use crate::pricing::SkuPrice;
use crate::pricing::rate::Scheme;

/// What one list says of a meter, and what the volume costs by it.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) charge: &'a Charge,
    /// The meter in the list; `None` for the base fee.
    pub(super) meter: Option<&'a SkuPrice>,
}

/// All that differs; nothing where the lists say the same.
pub(super) fn changes(a: Side, b: Side) -> Vec<String> {
    let mut found: Vec<String> = price_change(a, b).into_iter().collect();
    if let (Some(a), Some(b)) = (a.meter, b.meter) {
        found.extend(block_change(a, b));
        if a.rate.included != b.rate.included {
            let (a, b) = (shown(a.rate.included), shown(b.rate.included));
            found.push(format!("{b} included each month instead of {a}"));
        }
        if a.metered != b.metered {
            let (a, b) = (a.metered.name(), b.metered.name());
            found.push(format!("counts {a} in A, {b} in B"));
        }
    }
    found
}

/// How price, tiers and the unit that a price buys differ.
fn price_change(a: Side, b: Side) -> Option<String> {
    let same_unit = a.charge.pricing_unit == b.charge.pricing_unit;
    let price = |side: Side| {
        let money = side.charge.list_unit_price;
        let average = if side.charge.is_average() { " on average" } else { "" };
        let unit = if same_unit { String::new() } else { format!(" per {}", side.charge.pricing_unit) };
        format!("{} {}{unit}{average}", money.currency(), plain(money.amount()))
    };
    let same_price = a.charge.list_unit_price == b.charge.list_unit_price;
    let prices = match (same_price, same_unit) {
        (false, _) => Some(format!("{} becomes {}", price(a), price(b))),
        (true, false) => Some(format!("{} in A, per {} in B", price(a), b.charge.pricing_unit)),
        (true, true) => None,
    };
    match (differ_in_tiers(a, b), prices) {
        (false, prices) => prices,
        (true, Some(prices)) => Some(format!("other tiers, at this volume {prices}")),
        (true, None) => Some("other tiers, at this volume the same price".to_owned()),
    }
}

/// Whether the price depends on the quantity in another way.
fn differ_in_tiers(a: Side, b: Side) -> bool {
    match (a.meter.map(|meter| &meter.rate.scheme), b.meter.map(|meter| &meter.rate.scheme)) {
        (Some(Scheme::Flat(_)), Some(Scheme::Flat(_))) => false,
        (a, b) => a != b,
    }
}

fn block_change(a: &SkuPrice, b: &SkuPrice) -> Option<String> {
    if a.rate.block == b.rate.block {
        return None;
    }
    let charged = |meter: &SkuPrice| match meter.rate.block {
        Some(block) => format!("every started {}", shown(block)),
        None => "units as they are".to_owned(),
    };
    Some(format!("charges {} in A, {} in B", charged(a), charged(b)))
}
