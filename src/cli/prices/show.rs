//! `prices show`: one price list, or the exchange rates of one name, in full.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{body, plain, rate_file_json, table, text};
use crate::cli::cost_data::{self, shown};
use crate::cli::price_args::selection;
use crate::money::Money;
use crate::pricing::file::RateFile;
use crate::pricing::list::{Example, Limit, Source};
use crate::pricing::rate::{Scheme, Tier};
use crate::pricing::{BASE_FEE, Catalog, PriceList, PricingError, SkuPrice};
use crate::report::{Cell, Report, Row, Section};

/// Shows the list that a name and a day choose; without such a list, the rates of that name.
pub(super) fn report(catalog: &Catalog, name: &str, on: Option<NaiveDate>) -> Result<Report, PricingError> {
    let (list_name, version) = selection(name);
    let rates: Vec<&RateFile> = catalog.rate_files().iter().filter(|file| file.name == list_name).collect();
    match catalog.list(list_name, version, on) {
        Ok(list) => Ok(list_report(&list)),
        Err(PricingError::NoList { .. }) if !rates.is_empty() => Ok(rates_report(list_name, &rates)),
        Err(error) => Err(error),
    }
}

fn list_report(list: &PriceList) -> Report {
    let mut rows: Vec<Row> = list.meters.iter().flat_map(|meter| meter_rows(meter, list)).collect();
    if !list.base_fee.is_zero() {
        let price = Cell::UnitPrice(Money::new(list.base_fee.normalize(), list.currency));
        rows.push(body(vec![text(BASE_FEE), Cell::Empty, text("month"), Cell::Empty, Cell::Empty, price]));
    }
    let examples = list.examples.iter().map(|example| example_row(example, list)).collect();
    Report {
        title: format!("{} version {}: {}", list.name, list.version, list.provider),
        sections: vec![
            table("Prices", ["Meter", "Counts", "Unit", "Included", "Up to", "Unit price"], rows),
            table(
                "Worked examples",
                ["Messages", "Recipients", "Bytes to recipients", "Total", "Source"],
                examples,
            ),
            Section::Notes { heading: "About".to_owned(), lines: list_notes(list) },
        ],
        data: list_data(list),
    }
}

fn example_row(example: &Example, list: &PriceList) -> Row {
    let quantities = &example.quantities;
    let number = |number: Decimal| Cell::Number(number.normalize());
    body(vec![
        number(quantities.messages),
        number(quantities.recipients),
        number(quantities.recipient_bytes),
        Cell::UnitPrice(Money::new(example.total, list.currency)),
        text(&example.source),
    ])
}

/// One row per tier; the name and what is included stand on the first.
fn meter_rows(meter: &SkuPrice, list: &PriceList) -> Vec<Row> {
    let (mode, tiers) = tiers(meter);
    let row = |(index, tier): (usize, &Tier)| {
        let name = match (index, mode) {
            (0, "flat") => text(&meter.sku_meter),
            (0, mode) => text(format!("{} ({mode} tiers)", meter.sku_meter)),
            _ => Cell::Empty,
        };
        let included = meter.rate.included;
        body(vec![
            name,
            text(meter.metered.name()),
            text(&meter.pricing_unit),
            if index == 0 && !included.is_zero() { Cell::Number(included.normalize()) } else { Cell::Empty },
            tier.up_to.map_or(Cell::Empty, |up_to| Cell::Number(up_to.normalize())),
            Cell::UnitPrice(Money::new(tier.price, list.currency)),
        ])
    };
    tiers.iter().enumerate().map(row).collect()
}

/// The word for how a meter is priced, and its tiers; a flat price is one open tier.
fn tiers(meter: &SkuPrice) -> (&'static str, Vec<Tier>) {
    match &meter.rate.scheme {
        Scheme::Flat(price) => ("flat", vec![Tier { up_to: None, price: *price }]),
        Scheme::Graduated(tiers) => ("graduated", tiers.clone()),
        Scheme::Volume(tiers) => ("volume", tiers.clone()),
    }
}

fn list_notes(list: &PriceList) -> Vec<String> {
    let mut lines = vec![format!("In force from {}, in {}; {}.", list.effective, list.currency, list.file)];
    lines.extend(source_notes(&list.source));
    for meter in &list.meters {
        if let Some(block) = meter.rate.block {
            lines.push(format!("{}: every started {} is charged in full.", meter.sku_meter, shown(block)));
        }
    }
    for limit in &list.limits {
        let (most, what) = (shown(limit.per_hour), limit.metered.name());
        lines.push(format!("Limit: {most} {what} an hour, {}; {}.", limit.note, limit.url));
    }
    lines
}

fn source_notes(source: &Source) -> Vec<String> {
    let mut lines = vec![format!("Source: {}, read on {}.", source.url, source.retrieved_on)];
    if !source.note.is_empty() {
        lines.push(source.note.clone());
    }
    lines
}

fn list_data(list: &PriceList) -> Value {
    json!({
        "price_list": cost_data::price_list_json(list),
        "base_fee": plain(list.base_fee),
        "meters": list.meters.iter().map(meter_json).collect::<Vec<_>>(),
        "limits": list.limits.iter().map(limit_json).collect::<Vec<_>>(),
        "examples": list.examples.iter().map(example_json).collect::<Vec<_>>(),
    })
}

fn meter_json(meter: &SkuPrice) -> Value {
    let tier = |tier: &Tier| json!({ "up_to": tier.up_to.map(plain), "price": tier.price.to_string() });
    let (mode, tiers) = tiers(meter);
    json!({
        "sku_meter": meter.sku_meter,
        "quantity": meter.metered.name(),
        "pricing_unit": meter.pricing_unit,
        "mode": mode,
        "tiers": tiers.iter().map(tier).collect::<Vec<_>>(),
        "included": plain(meter.rate.included),
        "block": meter.rate.block.map(plain),
    })
}

fn limit_json(limit: &Limit) -> Value {
    json!({
        "quantity": limit.metered.name(),
        "per_hour": plain(limit.per_hour),
        "note": limit.note,
        "url": limit.url,
    })
}

fn example_json(example: &Example) -> Value {
    json!({
        "messages": plain(example.quantities.messages),
        "recipients": plain(example.quantities.recipients),
        "recipient_bytes": plain(example.quantities.recipient_bytes),
        "total": plain(example.total),
        "source": example.source,
    })
}

fn rates_report(name: &str, files: &[&RateFile]) -> Report {
    let row = |rate: &crate::money::ExchangeRate| {
        let pair = format!("{} per {}", rate.pricing, rate.billing);
        body(vec![text(rate.date), text(pair), Cell::Number(rate.rate()), text(&rate.source)])
    };
    let rows = files.iter().flat_map(|file| &file.rates).map(row).collect();
    let lines = files.iter().flat_map(|file| source_notes(&file.source)).collect();
    Report {
        title: format!("Exchange rates {name}"),
        sections: vec![
            table("", ["From", "Pair", "Rate", "Source"], rows),
            Section::Notes { heading: "About".to_owned(), lines },
        ],
        data: json!({ "exchange_rates": files.iter().map(|file| rate_file_json(file)).collect::<Vec<_>>() }),
    }
}
