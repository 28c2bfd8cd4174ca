//! Files of kind `terms`.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::fields::Fields;
use super::{PricingError, Text};
use crate::pricing::terms::{MeterTerms, Terms};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TermsBlock {
    #[serde(rename = "schema_version")]
    _schema_version: Text,
    #[serde(rename = "kind")]
    _kind: Text,
    name: Text,
    price_list: Text,
    currency: Text,
    effective: Text,
    #[serde(default)]
    until: Option<Text>,
    #[serde(default)]
    discount: Option<Text>,
    #[serde(default)]
    meters: Vec<MeterBlock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterBlock {
    name: Text,
    #[serde(default)]
    price: Option<Text>,
    #[serde(default)]
    discount: Option<Text>,
}

pub(super) fn read(fields: &Fields, block: TermsBlock) -> Result<Terms, PricingError> {
    let effective = fields.date("effective", &block.effective)?;
    let until = block.until.as_ref().map(|text| fields.date("until", text)).transpose()?;
    if let (Some(text), Some(until)) = (&block.until, until)
        && until <= effective
    {
        return Err(fields.refuse("until", text, "is not after 'effective'", "a later day"));
    }
    if block.discount.is_none() && block.meters.is_empty() {
        return Err(fields.refuse("name", &block.name, "changes nothing", "a 'discount' or 'meters'"));
    }
    let discount = block.discount.as_ref().map(|text| fields.discount("discount", text)).transpose()?;
    let mut meters: Vec<(String, MeterTerms)> = Vec::with_capacity(block.meters.len());
    for meter in &block.meters {
        let (name, terms) = meter_terms(fields, meter)?;
        if meters.iter().any(|(other, _)| *other == name) {
            return Err(fields.refuse("name", &meter.name, "is there twice", "each meter once"));
        }
        meters.push((name, terms));
    }
    Ok(Terms {
        name: fields.word("name", &block.name)?,
        price_list: Some(fields.word("price_list", &block.price_list)?),
        currency: Some(fields.currency("currency", &block.currency)?),
        effective: Some(effective),
        until,
        discount: discount.unwrap_or(Decimal::ZERO),
        meters,
        file: fields.file.to_owned(),
        sha256: fields.sha256.clone(),
    })
}

fn meter_terms(fields: &Fields, block: &MeterBlock) -> Result<(String, MeterTerms), PricingError> {
    let terms = match (&block.price, &block.discount) {
        (Some(price), None) => MeterTerms::Price(fields.amount("price", price)?),
        (None, Some(discount)) => MeterTerms::Discount(fields.discount("discount", discount)?),
        _ => {
            let expected = "either a 'price' or a 'discount'";
            return Err(fields.refuse("name", &block.name, "has no clear terms", expected));
        }
    };
    Ok((fields.text("name", &block.name)?, terms))
}
