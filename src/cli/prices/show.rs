//! `prices show`: one price list, or the exchange rates of one name, in full.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{body, plain, rate_file_json, table, text};
use crate::cli::cost_data::{self, shown};
use crate::cli::price_args::selection;
use crate::money::{ExchangeRate, Money};
use crate::pricing::error::{known_from, quoted};
use crate::pricing::file::RateFile;
use crate::pricing::list::{Example, Limit, Source};
use crate::pricing::rate::{Scheme, Tier};
use crate::pricing::{BASE_FEE, Catalog, PriceList, PricingError, SkuPrice};
use crate::report::{Cell, Report, Row, Section};

/// Shows the list that a name, a version and a day choose; without such a list, the rates of that name.
pub(super) fn report(catalog: &Catalog, name: &str, on: Option<NaiveDate>) -> Result<Report, PricingError> {
    let (own_name, version) = selection(name);
    let named: Vec<&RateFile> = catalog.rate_files().iter().filter(|file| file.name == own_name).collect();
    match catalog.list(own_name, version, on) {
        Ok(list) => Ok(list_report(&list)),
        Err(PricingError::NoList { .. }) if named.is_empty() => Err(no_prices(catalog, own_name)),
        Err(PricingError::NoList { .. }) => Ok(rates_report(own_name, &chosen_rates(&named, version, on)?)),
        Err(error) => Err(error),
    }
}

/// The error for a name that nothing has.
fn no_prices(catalog: &Catalog, name: &str) -> PricingError {
    let lists = catalog.lists().map(|list| list.name.as_str());
    let mut known: Vec<&str> =
        lists.chain(catalog.rate_files().iter().map(|file| file.name.as_str())).collect();
    known.dedup();
    PricingError::NoPrices { name: name.to_owned(), known: quoted(&known) }
}

/// The rates of a version, or of all files of the name; with a day, the one in force on it.
fn chosen_rates<'a>(
    named: &[&'a RateFile],
    version: Option<&str>,
    on: Option<NaiveDate>,
) -> Result<Vec<(&'a RateFile, &'a ExchangeRate)>, PricingError> {
    let fits = |file: &&RateFile| version.is_none_or(|version| file.version == version);
    let files: Vec<&RateFile> = named.iter().copied().filter(fits).collect();
    if let (Some(version), true, Some(first)) = (version, files.is_empty(), named.first()) {
        let known: Vec<&str> = named.iter().map(|file| file.version.as_str()).collect();
        let (name, version) = (first.name.clone(), version.to_owned());
        return Err(PricingError::NoVersion { name, version, known: quoted(&known) });
    }
    let all = || files.iter().flat_map(|file| file.rates.iter().map(move |rate| (*file, rate)));
    let Some(on) = on else { return Ok(all().collect()) };
    let newest = all().filter(|(_, rate)| rate.date <= on).max_by_key(|(_, rate)| rate.date);
    match (newest, all().min_by_key(|(_, rate)| rate.date)) {
        (None, Some((file, first))) => {
            let (pricing, billing) = (file.pricing, file.billing);
            Err(PricingError::NoRate { pricing, billing, known: known_from(first.date) })
        }
        (newest, _) => Ok(newest.into_iter().collect()),
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
        data: list_data(list).into(),
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
    let file = cost_data::file_note(&list.file, list.sha256.as_deref());
    let mut lines = vec![format!("In force from {}, in {}; {file}.", list.effective, list.currency)];
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

fn rates_report(name: &str, rates: &[(&RateFile, &ExchangeRate)]) -> Report {
    let row = |(file, rate): &(&RateFile, &ExchangeRate)| {
        let pair = format!("{} per {}", rate.pricing, rate.billing);
        body(vec![text(rate.date), text(pair), Cell::Number(rate.rate()), text(&file.source.url)])
    };
    // Every file once, with those of its rates that are shown.
    let mut files: Vec<RateFile> = Vec::new();
    for (file, rate) in rates {
        match files.last_mut().filter(|last| last.file == file.file) {
            Some(last) => last.rates.push((*rate).clone()),
            None => files.push(RateFile { rates: vec![(*rate).clone()], ..(*file).clone() }),
        }
    }
    let lines = files.iter().flat_map(rate_file_notes).collect();
    Report {
        title: format!("Exchange rates {name}"),
        sections: vec![
            table("", ["From", "Pair", "Rate", "Source"], rates.iter().map(row).collect()),
            Section::Notes { heading: "About".to_owned(), lines },
        ],
        data: json!({ "exchange_rates": files.iter().map(rate_file_json).collect::<Vec<_>>() }).into(),
    }
}

fn rate_file_notes(file: &RateFile) -> Vec<String> {
    let origin = cost_data::file_note(&file.file, file.sha256.as_deref());
    let mut lines = vec![format!("{} version {}: {origin}.", file.name, file.version)];
    lines.extend(source_notes(&file.source));
    lines.extend(file.derived_from.iter().map(|from| format!("Not published, but derived from {from}.")));
    lines
}
