//! The picture of a forecast: months as columns stacked by meter, what is to come lighter, with the bands around it
//! and the budget.

use rust_decimal::Decimal;

use super::Forecast;
use super::method;
use super::months::{MonthAhead, Standing};
use crate::chart::{Band, Column, Columns, Figure, Label, Limit, Plot, Series, Unit};
use crate::cli::cost_data;
use crate::money::Money;
use crate::report::{amount, per_cent};

/// What a forecast shows, as a figure.
pub(super) fn figure(forecast: &Forecast) -> Figure {
    let outlook = &forecast.outlook;
    let mut meters: Vec<&str> = Vec::new();
    for (meter, _, _) in outlook.months.iter().flat_map(|month| &month.priced.meters) {
        if !meters.contains(&meter.as_str()) {
            meters.push(meter);
        }
    }
    let plot = Plot::Columns(Columns {
        series: meters.iter().map(|meter| Series::new(*meter)).collect(),
        columns: outlook.months.iter().map(|month| column(month, &meters, forecast)).collect(),
        budget: outlook.limit.map(|limit| Limit { amount: limit.amount(), label: "Budget".to_owned() }),
        remarks: remarks(forecast),
    });
    let mut figure = Figure::new("Cost of application mail", Unit::currency(outlook.currency), plot);
    figure.subtitle = subtitle(forecast);
    figure.notes = notes(forecast);
    figure
}

fn column(month: &MonthAhead, meters: &[&str], forecast: &Forecast) -> Column {
    let of = |meter: &&str, amount: fn(Money, Money) -> Decimal| {
        let found = month.priced.meters.iter().find(|(name, _, _)| name == meter);
        found.map_or(Decimal::ZERO, |(_, so_far, cost)| amount(*so_far, *cost))
    };
    let amounts =
        |amount: fn(Money, Money) -> Decimal| meters.iter().map(|meter| of(meter, amount)).collect();
    let label = Label::Month(month.month);
    if month.standing == Standing::Measured {
        return Column::measured(label, amounts(|_, cost| cost.amount()));
    }
    let bands = forecast.levels.iter().zip(&month.bands);
    Column {
        label,
        measured: match month.standing {
            Standing::Running => amounts(|so_far, _| so_far.amount()),
            _ => Vec::new(),
        },
        forecast: match month.standing {
            Standing::Running => amounts(|so_far, cost| cost.amount().saturating_sub(so_far.amount())),
            _ => amounts(|_, cost| cost.amount()),
        },
        bands: bands
            .map(|(level, band)| Band { level: level.exact(), low: band.low, high: band.high })
            .collect(),
    }
}

/// The chance that the last month shown exceeds the budget, since it stands beside its band; and the month that is
/// most likely to, where that is another.
fn remarks(forecast: &Forecast) -> Vec<String> {
    let months = &forecast.outlook.months;
    let shown = |chance: Decimal| per_cent(chance.checked_div(Decimal::ONE_HUNDRED).unwrap_or_default());
    let Some(last) = months.last().and_then(|month| month.chance) else { return Vec::new() };
    let mut remarks = vec![format!("{} chance above budget", shown(last))];
    let most = months.iter().rev().filter_map(|month| Some((month.month, month.chance?)));
    if let Some((month, chance)) = most.max_by_key(|(_, chance)| *chance).filter(|(_, chance)| *chance > last)
    {
        remarks.push(format!("(most in {month}: {})", shown(chance)));
    }
    remarks
}

fn subtitle(forecast: &Forecast) -> String {
    let outlook = &forecast.outlook;
    let ahead = outlook.ahead();
    let together = outlook.together(&ahead).ok();
    let months = crate::report::counted(ahead.len(), "month");
    let ahead = together.map(|together| format!("{} expected in the {months} ahead", amount(&together.cost)));
    let running = outlook.running().map(|month| {
        format!(
            "{} so far in {} of {} expected",
            amount(&month.priced.so_far),
            month.month,
            amount(&month.priced.cost)
        )
    });
    running.into_iter().chain(ahead).collect::<Vec<_>>().join("; ")
}

fn notes(forecast: &Forecast) -> Vec<String> {
    let estimates = forecast.outlook.months.iter().map(|month| &month.priced.estimate);
    let mut lists: Vec<String> = Vec::new();
    for list in estimates.flat_map(|estimate| &estimate.price_lists) {
        let name = format!("{} version {}", list.name, list.version);
        if !lists.contains(&name) {
            lists.push(name);
        }
    }
    let grade = method::grade_lines(forecast.graded.as_ref()).into_iter().next();
    let mut lines: Vec<String> =
        vec![format!("Priced by {}. {}", lists.join(", "), cost_data::version_note())];
    lines.extend(grade);
    lines
}
