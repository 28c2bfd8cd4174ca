//! The report of an analysis as data; its schema is `schemas/analyze.schema.json`.
//!
//! Counts and bytes are integers, amounts and ratios exact decimals in texts.

use serde_json::{Map, Value, json};

use super::rows::Row;
use super::table::{PERCENTILES, mean_size, per_message, remarks};
use super::{Analysis, beside};
use crate::cli::cost_data::{self, money_json, plain};
use crate::cli::price_book::Prices;
use crate::cli::records;
use crate::report::Data;
use crate::usage::{Dimension, Histogram, Measures, Totals};

/// The layout of the data; counted up when a reader would have to change.
const SCHEMA_VERSION: u32 = 1;
/// The list of groups.
const ROWS: &str = "rows";

/// All data of an analysis.
pub(super) fn data(analysis: Analysis, prices: &Prices) -> Data {
    let value = without_rows(&analysis, prices);
    let Analysis { rows, usage, .. } = analysis;
    let by = usage.by;
    Data::with_list(value, ROWS, rows.len(), move |place| row_json(&by, &rows[place]))
}

fn without_rows(analysis: &Analysis, prices: &Prices) -> Value {
    let usage = &analysis.usage;
    let total = &usage.total;
    let traffic = usage.traffic.iter().map(|(kind, measures)| {
        let mut entry = totals_json(&measures.attempted);
        entry.insert("traffic".to_owned(), json!(kind.name()));
        Value::Object(entry)
    });
    json!({
        "schema_version": SCHEMA_VERSION,
        "totals": totals_json(&total.attempted),
        "recipients_per_message": per_message(total).map(plain),
        "recipients_upper": total.recipients_upper,
        "sizes": sizes_json(total, &usage.sizes),
        "period": usage.period.map(|(first, last)| json!({
            "first": first.to_string(),
            "last": last.to_string(),
        })),
        "delivered": delivered_json(analysis),
        "imputed": imputed_json(&total.imputed),
        "unfiltered": analysis.unfiltered,
        "traffic": traffic.collect::<Vec<_>>(),
        "by": usage.by.iter().map(|dimension| dimension.name()).collect::<Vec<_>>(),
        ROWS: null,
        "cost": cost_json(analysis),
        "billed_charges": beside::charges_json(&usage.beside),
        "control_totals": beside::controls_json(usage),
        "warnings": analysis.warnings,
        "remarks": remarks(analysis),
        "accounting": records::accounting_json(&usage.accounting),
        "provenance": provenance(analysis, prices),
    })
}

/// An integer; beyond 64 bits its digits as a text.
fn integer(number: u128) -> Value {
    u64::try_from(number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
}

fn totals_json(totals: &Totals) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("messages".to_owned(), json!(totals.messages));
    map.insert("recipients".to_owned(), json!(totals.recipients));
    map.insert("bytes".to_owned(), integer(totals.bytes));
    map.insert("recipient_bytes".to_owned(), integer(totals.recipient_bytes));
    map
}

fn sizes_json(measures: &Measures, sizes: &Histogram) -> Value {
    let mut map = Map::new();
    map.insert("mean".to_owned(), json!(mean_size(measures)));
    for percent in PERCENTILES {
        map.insert(format!("p{percent}"), json!(sizes.percentile(percent)));
    }
    map.insert("largest".to_owned(), json!(sizes.largest()));
    Value::Object(map)
}

/// What was delivered; null where the input does not tell.
fn delivered_json(analysis: &Analysis) -> Value {
    if !analysis.knows_delivery() {
        return Value::Null;
    }
    let total = &analysis.usage.total;
    let mut map = totals_json(&total.delivered);
    map.insert("unknown_recipients".to_owned(), json!(total.unknown_recipients));
    map.insert("cost".to_owned(), money_json(analysis.delivered_cost.total));
    let list_cost = analysis.list.as_ref().map_or(&analysis.delivered_cost, |list| &list.delivered_cost);
    map.insert("list_cost".to_owned(), money_json(list_cost.total));
    Value::Object(map)
}

fn imputed_json(imputed: &Totals) -> Value {
    json!({
        "messages": imputed.messages,
        "recipients": imputed.recipients,
        "recipient_bytes": integer(imputed.recipient_bytes),
    })
}

fn row_json(by: &[Dimension], row: &Row) -> Value {
    let measures = &row.group.measures;
    let by = by.iter().map(|dimension| dimension.name().to_owned());
    let group: Map<String, Value> = by.zip(row.group.labels.iter().map(|label| json!(**label))).collect();
    let mut map = totals_json(&measures.attempted);
    map.insert("group".to_owned(), Value::Object(group));
    map.insert("recipients_per_message".to_owned(), json!(per_message(measures).map(plain)));
    map.insert("sizes".to_owned(), sizes_json(measures, &row.group.sizes));
    map.insert("delivered".to_owned(), Value::Object(totals_json(&measures.delivered)));
    map.insert("imputed".to_owned(), imputed_json(&measures.imputed));
    map.insert("cost".to_owned(), money_json(row.cost));
    map.insert("list_cost".to_owned(), money_json(row.list_cost.unwrap_or(row.cost)));
    Value::Object(map)
}

fn cost_json(analysis: &Analysis) -> Value {
    let cost = &analysis.cost;
    let on_given = analysis.on.shown().is_some();
    let estimates = cost.estimates().map(|estimate| {
        let rate = estimate.conditions.exchange_rate.as_ref();
        json!({
            "price_lists": estimate.price_lists.iter().map(|list| json!({
                "name": list.name,
                "version": list.version,
            })).collect::<Vec<_>>(),
            "exchange_rate": cost_data::exchange_rate_json(rate, on_given),
            "list_total": money_json(estimate.list_total),
            "total": money_json(estimate.total),
            "charges": cost_data::charges_json(&estimate.charges),
        })
    });
    json!({
        "total": money_json(cost.total),
        "list_cost": money_json(analysis.list.as_ref().map_or(cost, |list| &list.cost).total),
        "charges": cost_data::charges_json(cost.sums().charges),
        "list_total": money_json(cost.list_total),
        "contracted_total": money_json(cost.contracted_total),
        "estimates": estimates.collect::<Vec<_>>(),
    })
}

fn provenance(analysis: &Analysis, prices: &Prices) -> Value {
    let mut lists = Vec::new();
    for estimate in analysis.cost.estimates() {
        for list in &estimate.price_lists {
            let list = cost_data::price_list_json(list);
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
    }
    if lists.is_empty() {
        lists.push(cost_data::price_list_json(&prices.list));
    }
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "price_lists": lists,
        "terms": cost_data::terms_json(&prices.conditions.terms),
        "megabyte": prices.conditions.megabyte.name(),
        "on": analysis.on.shown(),
        "chosen_by": prices.chosen_by,
        "settings": analysis.in_force.iter().map(|one| one.json()).collect::<Vec<_>>(),
        "inputs": records::inputs_json(&analysis.ingested),
        "damages": records::damages_json(&analysis.usage.damages),
    })
}
