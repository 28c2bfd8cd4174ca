//! Files of kind `price-list`.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::fields::{Fields, line};
use super::{PricingError, SourceBlock, Text};
use crate::money::exact_product;
use crate::pricing::list::{BASE_FEE, Example, Limit, PriceList, SkuPrice};
use crate::pricing::quantities::Quantities;
use crate::pricing::rate::{Rate, Scheme, Tier};
use crate::units::MessageSize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListBlock {
    #[serde(rename = "schema_version")]
    _schema_version: Text,
    #[serde(rename = "kind")]
    _kind: Text,
    name: Text,
    version: Text,
    provider: Text,
    currency: Text,
    effective: Text,
    source: SourceBlock,
    #[serde(default)]
    base_fee: Option<Text>,
    meters: Spanned<Vec<MeterBlock>>,
    #[serde(default)]
    limits: Vec<LimitBlock>,
    #[serde(default)]
    examples: Vec<ExampleBlock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterBlock {
    name: Text,
    quantity: Text,
    unit: Text,
    #[serde(default)]
    price: Option<Text>,
    #[serde(default)]
    mode: Option<Text>,
    #[serde(default)]
    tiers: Option<Vec<TierBlock>>,
    #[serde(default)]
    included: Option<Text>,
    #[serde(default)]
    block: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierBlock {
    #[serde(default)]
    up_to: Option<Text>,
    price: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitBlock {
    quantity: Text,
    per_hour: Text,
    note: Text,
    url: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleBlock {
    recipients: Text,
    #[serde(default)]
    messages: Option<Text>,
    size: Text,
    total: Text,
    source: Text,
}

pub(super) fn read(fields: &Fields, block: ListBlock) -> Result<PriceList, PricingError> {
    if block.meters.value.is_empty() {
        let meters = Text::new("[]".to_owned(), block.meters.referenced, block.meters.defined);
        return Err(fields.refuse("meters", &meters, "is empty", "at least one meter"));
    }
    let mut meters: Vec<SkuPrice> = Vec::with_capacity(block.meters.value.len());
    for meter_block in &block.meters.value {
        let meter = meter(fields, meter_block)?;
        if meter.sku_meter == BASE_FEE {
            let expected = "another name, or 'base_fee' beside 'meters'";
            return Err(fields.refuse("name", &meter_block.name, "is that of the base fee", expected));
        }
        if meters.iter().any(|other| other.sku_meter == meter.sku_meter) {
            return Err(fields.refuse("name", &meter_block.name, "is there twice", "each meter once"));
        }
        meters.push(meter);
    }
    Ok(PriceList {
        name: fields.word("name", &block.name)?,
        version: fields.word("version", &block.version)?,
        provider: fields.text("provider", &block.provider)?,
        currency: fields.currency("currency", &block.currency)?,
        effective: fields.date("effective", &block.effective)?,
        source: fields.source(&block.source)?,
        base_fee: fields.amount_or_zero("base_fee", block.base_fee.as_ref())?,
        meters,
        limits: block.limits.iter().map(|block| limit(fields, block)).collect::<Result<_, _>>()?,
        examples: block.examples.iter().map(|block| example(fields, block)).collect::<Result<_, _>>()?,
        file: fields.file.to_owned(),
        sha256: fields.sha256.clone(),
    })
}

fn meter(fields: &Fields, block: &MeterBlock) -> Result<SkuPrice, PricingError> {
    let unit_size = block.block.as_ref().map(|text| fields.whole("block", text)).transpose()?;
    let rate = Rate {
        scheme: scheme(fields, block, unit_size)?,
        included: fields.amount_or_zero("included", block.included.as_ref())?,
        block: unit_size,
    };
    Ok(SkuPrice {
        sku_meter: fields.text("name", &block.name)?,
        metered: fields.metered("quantity", &block.quantity)?,
        pricing_unit: fields.text("unit", &block.unit)?,
        rate,
    })
}

fn scheme(fields: &Fields, block: &MeterBlock, unit_size: Option<Decimal>) -> Result<Scheme, PricingError> {
    match (&block.price, &block.tiers, &block.mode) {
        (Some(price), None, None) => Ok(Scheme::Flat(fields.amount("price", price)?)),
        (None, Some(tiers), Some(mode)) => {
            let tiers = self::tiers(fields, tiers, mode, unit_size)?;
            match mode.value.as_str() {
                "graduated" => Ok(Scheme::Graduated(tiers)),
                "volume" => Ok(Scheme::Volume(tiers)),
                _ => Err(fields.refuse("mode", mode, "is not a mode", "'graduated' or 'volume'")),
            }
        }
        _ => {
            let expected = "either 'price', or 'tiers' with a 'mode'";
            Err(fields.refuse("name", &block.name, "has no clear price", expected))
        }
    }
}

/// Checks that the bounds rise and that the last tier, and no other, is open.
fn tiers(
    fields: &Fields,
    blocks: &[TierBlock],
    mode: &Text,
    unit_size: Option<Decimal>,
) -> Result<Vec<Tier>, PricingError> {
    let mut tiers: Vec<Tier> = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.iter().enumerate() {
        let last = index + 1 == blocks.len();
        let price = fields.amount("price", &block.price)?;
        let up_to = match (&block.up_to, last) {
            (None, true) => None,
            (Some(text), false) => Some(bound(fields, text, tiers.last(), unit_size)?),
            (Some(text), true) => {
                let expected = "no bound, so that every quantity has a price";
                return Err(fields.refuse("up_to", text, "bounds the last tier", expected));
            }
            (None, false) => {
                let expected = "'up_to' in every tier but the last";
                return Err(fields.refuse("price", &block.price, "stands in a tier without bound", expected));
            }
        };
        tiers.push(Tier { up_to, price });
    }
    if tiers.is_empty() {
        return Err(fields.refuse("mode", mode, "has no tiers", "at least one tier"));
    }
    Ok(tiers)
}

fn bound(
    fields: &Fields,
    text: &Text,
    before: Option<&Tier>,
    unit_size: Option<Decimal>,
) -> Result<Decimal, PricingError> {
    let bound = fields.positive("up_to", text)?;
    if let Some(lower) = before.and_then(|tier| tier.up_to).filter(|lower| bound <= *lower) {
        let expected = format!("more than the {lower} of the tier before");
        return Err(fields.refuse("up_to", text, "overlaps the tier before", &expected));
    }
    if let Some(size) = unit_size.filter(|size| bound.checked_rem(*size) != Some(Decimal::ZERO)) {
        let expected = format!("a multiple of {size}");
        return Err(fields.refuse("up_to", text, "cuts a block", &expected));
    }
    Ok(bound)
}

fn limit(fields: &Fields, block: &LimitBlock) -> Result<Limit, PricingError> {
    Ok(Limit {
        metered: fields.metered("quantity", &block.quantity)?,
        per_hour: fields.positive("per_hour", &block.per_hour)?,
        note: fields.text("note", &block.note)?,
        url: fields.url("url", &block.url)?,
    })
}

fn example(fields: &Fields, block: &ExampleBlock) -> Result<Example, PricingError> {
    let recipients = fields.amount("recipients", &block.recipients)?;
    let messages = match &block.messages {
        Some(messages) => fields.amount("messages", messages)?,
        None => recipients,
    };
    let expected = "bytes or a unit, such as '2884' or '0.2MB'";
    let size: MessageSize = block
        .size
        .value
        .parse()
        .map_err(|_| fields.refuse("size", &block.size, "is not a size", expected))?;
    let too_large = |_| fields.refuse("size", &block.size, "is too large for the recipients", "fewer bytes");
    let bytes = exact_product(recipients, size.in_bytes().into()).map_err(too_large)?;
    Ok(Example {
        quantities: Quantities { messages, recipients, recipient_bytes: bytes, ..Quantities::default() },
        total: fields.amount("total", &block.total)?,
        source: fields.text("source", &block.source)?,
        line: line(&block.total),
    })
}
