//! The report of a forecast as data; its schema is `schemas/forecast.schema.json`.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::domains::DomainAhead;
use super::grade::{Graded, Row};
use super::months::{MonthAhead, Together};
use super::{Args, Forecast, method};
use crate::cli::cost_data::{self, money_json, plain};
use crate::cli::records;
use crate::forecast::{Anomaly, Band, Effect, Grade, Kind, Level, Method, Standing};
use crate::money::{Currency, Money};
use crate::pricing::Quantities;

/// The layout of the data; counted up when a reader would have to change.
const SCHEMA_VERSION: u32 = 1;

/// All data of a forecast.
pub(super) fn data(forecast: &Forecast, args: &Args) -> anyhow::Result<Value> {
    let outlook = &forecast.outlook;
    let together = outlook.together(&outlook.ahead())?;
    let domains = forecast.domains.as_ref();
    Ok(json!({
        "schema_version": SCHEMA_VERSION,
        "levels": forecast.levels.iter().map(level_name).collect::<Vec<_>>(),
        "months": outlook.months.iter().map(|month| month_json(month, forecast)).collect::<Vec<_>>(),
        "ahead": together_json(&together, forecast),
        "year": outlook.year_end()?.map(|year| json!({
            "year": year.year,
            "from": year.from.to_string(),
            "cost": money_json(year.cost),
            "bands": bands_json(&year.bands, forecast, in_currency(outlook.currency)),
            "missing_days": year.missing_days,
        })),
        "budget": outlook.limit.map(|limit| json!({
            "limit": money_json(limit),
            "chance_of_exceeding": outlook.running_chance().map(plain),
            "check": args.check.map(plain),
            "within": args.check.map(|most| outlook.running_chance() <= Some(most)),
        })),
        "sender_domains": domains.map(|domains| {
            domains.iter().map(|domain| domain_json(domain, forecast)).collect::<Vec<_>>()
        }),
        "grade": forecast.graded.as_ref().map(|graded| graded_json(graded, forecast, args.evaluate)),
        "history": history_json(forecast),
        "basis": method::lines(forecast),
        "models": json!({
            "recipients": method_json(&outlook.basis.recipients),
            "recipient_bytes": method_json(&outlook.basis.recipient_size),
            "months": outlook.basis.months.as_ref().map(method_json),
        }),
        "effects": outlook.basis.effects[0].iter().map(effect_json).collect::<Vec<_>>(),
        "size_effects": outlook.basis.effects[1].iter().map(effect_json).collect::<Vec<_>>(),
        "anomalies": outlook.basis.anomalies.iter().map(anomaly_json).collect::<Vec<_>>(),
        "warnings": forecast.warnings,
        "accounting": records::accounting_json(&forecast.counted.usage.accounting),
        "provenance": provenance(forecast),
    }))
}

fn level_name(level: &Level) -> String {
    level.percent().to_string()
}

fn quantities_json(quantities: &Quantities) -> Value {
    json!({
        "messages": plain(quantities.messages),
        "recipients": plain(quantities.recipients),
        "recipient_bytes": plain(quantities.recipient_bytes),
        "recipient_megabytes": plain(quantities.recipient_megabytes),
    })
}

fn bands_json(bands: &[Band], forecast: &Forecast, of: impl Fn(Decimal) -> Value) -> Value {
    let band = |(level, band): (&Level, &Band)| json!({ "level": level_name(level), "low": of(band.low), "high": of(band.high) });
    forecast.levels.iter().zip(bands).map(band).collect()
}

fn in_currency(currency: Currency) -> impl Fn(Decimal) -> Value {
    move |amount| money_json(Money::new(amount, currency))
}

fn month_json(month: &MonthAhead, forecast: &Forecast) -> Value {
    let currency = forecast.outlook.currency;
    let meter = |(meter, so_far, cost): &(String, Money, Money)| json!({ "sku_meter": meter, "so_far": money_json(*so_far), "cost": money_json(*cost) });
    json!({
        "month": month.month.to_string(),
        "standing": month.standing.name(),
        "whole_days": month.whole_days,
        "days": month.days,
        "missing_days": month.missing_days,
        "quantities": quantities_json(&month.priced.quantities),
        "so_far": money_json(month.priced.so_far),
        "cost": money_json(month.priced.cost),
        "meters": month.priced.meters.iter().map(meter).collect::<Vec<_>>(),
        "bands": bands_json(&month.bands, forecast, in_currency(currency)),
        "chance_above_budget": month.chance.map(plain),
    })
}

fn together_json(together: &Together, forecast: &Forecast) -> Value {
    json!({
        "quantities": quantities_json(&together.quantities),
        "cost": money_json(together.cost),
        "bands": bands_json(&together.bands, forecast, in_currency(forecast.outlook.currency)),
    })
}

fn domain_json(domain: &DomainAhead, forecast: &Forecast) -> Value {
    json!({
        "sender_domain": domain.name,
        "recipients": domain.expected.recipients,
        "recipient_bytes": domain.expected.recipient_bytes.to_string(),
        "bands": bands_json(&domain.recipients, forecast, |recipients| json!(plain(recipients))),
        "cost": money_json(domain.cost),
    })
}

fn graded_json(graded: &Graded, forecast: &Forecast, with_rows: bool) -> Value {
    let currency = forecast.outlook.currency;
    let row = |row: &Row| {
        json!({
            "origin": row.trial.origin.to_string(),
            "horizon": row.trial.horizon,
            "first_day": row.trial.days.start.to_string(),
            "end": row.trial.days.end.to_string(),
            "actual": in_currency(currency)(row.actual),
            "forecast": in_currency(currency)(row.expected),
            "bands": bands_json(&row.bands, forecast, in_currency(currency)),
        })
    };
    json!({
        "unit": graded.unit.name(),
        "all": graded.grade.as_ref().map(|grade| grade_json(grade, currency)),
        "by_horizon": graded.by_horizon.iter().map(|(horizon, grade)| {
            json!({ "horizon": horizon, "scores": grade_json(grade, currency) })
        }).collect::<Vec<_>>(),
        "forecasts": with_rows.then(|| graded.rows.iter().map(row).collect::<Vec<_>>()),
    })
}

fn grade_json(grade: &Grade, currency: Currency) -> Value {
    let level = |(level, held, score): &(Level, usize, Option<Decimal>)| json!({ "level": level_name(level), "held": held, "msis": score.map(plain) });
    json!({
        "count": grade.count,
        "mean_absolute_error": in_currency(currency)(grade.mean_absolute_error),
        "relative_error": grade.relative_error.map(plain),
        "smape": grade.smape.map(plain),
        "mase": grade.mase.map(plain),
        "levels": grade.levels.iter().map(level).collect::<Vec<_>>(),
    })
}

fn history_json(forecast: &Forecast) -> Value {
    let days = &forecast.counted.days;
    let dates = |is: fn(&Standing) -> bool| -> Vec<String> {
        let places = (0..days.days.len()).filter(|place| is(&days.days[*place].standing));
        places.map(|place| days.date(place).to_string()).collect()
    };
    json!({
        "first_day": days.first.to_string(),
        "next_day": days.next().to_string(),
        "days": days.days.len(),
        "whole_days": days.whole_days(),
        "cut_off": dates(|standing| matches!(standing, Standing::CutOff { .. })),
        "incomplete": dates(|standing| *standing == Standing::Incomplete),
        "missing": dates(|standing| *standing == Standing::Missing),
        "left_out": days.left_out,
    })
}

fn method_json(method: &Method) -> Value {
    match method {
        Method::Model(choice, calibration) => json!({
            "model": choice.model.name(),
            "rivals": choice.rivals.iter().map(|rival| {
                json!({ "model": rival.model.name(), "error": format!("{:.4}", rival.error) })
            }).collect::<Vec<_>>(),
            "calibrated_by": calibration.origins,
        }),
        Method::Rate => json!({ "model": "rate an hour", "rivals": [], "calibrated_by": 0 }),
    }
}

fn effect_json(effect: &Effect) -> Value {
    json!({ "days": effect.day.plural(), "factor": format!("{:.4}", effect.factor), "seen": effect.days })
}

fn anomaly_json(anomaly: &Anomaly) -> Value {
    json!({
        "date": anomaly.date.to_string(),
        "kind": if anomaly.kind == Kind::Outage { "outage" } else { "campaign" },
        "recipients": format!("{:.0}", anomaly.value),
        "usual": format!("{:.0}", anomaly.usual),
    })
}

fn provenance(forecast: &Forecast) -> Value {
    let mut lists = Vec::new();
    for list in forecast.outlook.months.iter().flat_map(|month| &month.priced.estimate.price_lists) {
        let list = cost_data::price_list_json(list);
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    let newest = &forecast.prices.newest;
    let settings = newest.in_force.iter().chain(&forecast.counted.in_force);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "price_lists": lists,
        "exchange_rate": cost_data::exchange_rate_json(newest.conditions.exchange_rate.as_ref(), false),
        "terms": cost_data::terms_json(&newest.conditions.terms),
        "megabyte": newest.conditions.megabyte.name(),
        "chosen_by": newest.chosen_by,
        "settings": settings.map(|one| one.json()).collect::<Vec<_>>(),
        "inputs": records::inputs_json(&forecast.counted.ingested),
        "damages": records::damages_json(&forecast.counted.usage.damages),
    })
}
