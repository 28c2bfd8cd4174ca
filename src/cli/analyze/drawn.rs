//! The picture of an analysis: cost by its groups or, where nothing is priced, their recipients.
//!
//! By time first: columns, or lines where there are many places, in parts by the second dimension. By anything else
//! first: a ranking of its groups. Further dimensions are summed up.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use rust_decimal::Decimal;

use super::{Analysis, Args, Row};
use crate::chart::{
    Bar, Column, Columns, Figure, Label, Lines, MOST_SERIES, Plot, Point, Ranking, Series, Unit,
};
use crate::cli::{Context, cost_data, usage_error};
use crate::period::Month;
use crate::report::{amount, counted};
use crate::usage::{Dimension, OTHER};

/// Places up to which each has a column.
const MOST_COLUMNS: usize = 62;
/// Places of a time axis up to which it is drawn, empty ones among them.
const MOST_PLACES: usize = 100_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Refuses what cannot be drawn before anything is read.
pub(super) fn check(args: &Args, context: &Context) -> anyhow::Result<()> {
    let Some(picture) = context.picture() else { return Ok(()) };
    let by_time = args.by.first().is_some_and(|dimension| dimension.is_time());
    if args.by.is_empty() {
        return Err(usage_error(format!(
            "a picture ({picture}) needs '--by': time for columns or lines, such as '--by month', or groups for a \
             ranking, such as '--by sender-domain'"
        )));
    }
    if by_time && args.top.is_some() {
        return Err(usage_error(
            "'--top' leaves out periods, so that a picture by time would have holes: leave it out",
        ));
    }
    Ok(())
}

/// What an analysis shows, as a figure.
pub(super) fn figure(analysis: &Analysis) -> anyhow::Result<Figure> {
    if analysis.is_beside_only() {
        anyhow::bail!("there is no usage to draw: the input has billed charges only");
    }
    let by = &analysis.usage.by;
    let unit = if is_priced(analysis) {
        Unit::currency(analysis.cost.total.currency())
    } else {
        Unit::count("recipients")
    };
    let plot = match by.first() {
        Some(first) if first.is_time() => by_time(analysis, *first)?,
        _ => ranking(analysis),
    };
    let names: Vec<String> = by.iter().map(|dimension| dimension.name().replace('-', " ")).collect();
    let what = if is_priced(analysis) { "Cost" } else { "Recipients" };
    let mut figure = Figure::new(format!("{what} by {}", names.join(" and ")), unit, plot);
    figure.subtitle = subtitle(analysis);
    let estimates = analysis.cost.estimates().map(|one| &one.price_lists);
    let mut lists: Vec<String> =
        estimates.flatten().map(|list| format!("{} version {}", list.name, list.version)).collect();
    lists.dedup();
    if is_priced(analysis) && !lists.is_empty() {
        figure.notes.push(format!("Priced by {}.", lists.join(", ")));
    }
    figure.notes.push(cost_data::version_note());
    Ok(figure)
}

fn is_priced(analysis: &Analysis) -> bool {
    !analysis.cost.total.amount().is_zero()
}

fn value(analysis: &Analysis, row: &Row) -> Decimal {
    if is_priced(analysis) { row.cost.amount() } else { row.group.measures.attempted.recipients.into() }
}

/// `2026-10-01 to 2026-10-31: EUR 253.75 for 1,000,000 recipients of 800,000 messages`.
fn subtitle(analysis: &Analysis) -> String {
    let total = &analysis.usage.total.attempted;
    let (recipients, messages) = (counted(total.recipients, "recipient"), counted(total.messages, "message"));
    let cost = amount(&analysis.cost.total);
    let title = analysis.title();
    let period = title.strip_prefix("Usage and cost of ").unwrap_or_default();
    let before = if period.is_empty() { String::new() } else { format!("{period}: ") };
    format!("{before}{cost} for {recipients} of {messages}")
}

fn label(row: &Row, place: usize) -> &str {
    row.group.labels.get(place).map_or("", AsRef::as_ref)
}

fn ranking(analysis: &Analysis) -> Plot {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for row in &analysis.rows {
        add(sums.entry(label(row, 0)).or_default(), value(analysis, row));
    }
    let mut bars: Vec<(&str, Decimal)> = sums.into_iter().collect();
    // What was summed up as the rest stays last.
    bars.sort_by_key(|(name, amount)| (*name == OTHER, std::cmp::Reverse(*amount)));
    let total = if is_priced(analysis) {
        analysis.cost.total.amount()
    } else {
        analysis.usage.total.attempted.recipients.into()
    };
    let bar = |(name, amount): (&str, Decimal)| Bar { label: named(name), amount, is_other: name == OTHER };
    Plot::Ranking(Ranking { bars: bars.into_iter().map(bar).collect(), total: Some(total) })
}

/// What stands for a group without a name.
fn named(name: &str) -> String {
    if name.is_empty() { "(none)".to_owned() } else { name.to_owned() }
}

fn add(sum: &mut Decimal, amount: Decimal) {
    *sum = sum.saturating_add(amount);
}

fn by_time(analysis: &Analysis, dimension: Dimension) -> anyhow::Result<Plot> {
    let (series, places) = series(analysis);
    let mut at: BTreeMap<i64, (Label, Vec<Decimal>)> = BTreeMap::new();
    for row in &analysis.rows {
        // The rest of a run with too many groups has no time.
        if label(row, 0) == OTHER {
            anyhow::bail!(
                "there are too many groups for a picture by time: group by a longer time or by fewer names"
            );
        }
        let (key, time) =
            time(dimension, label(row, 0)).with_context(|| format!("'{}' is no time", label(row, 0)))?;
        let place = places.get(label(row, 1)).copied().unwrap_or(series.len().saturating_sub(1));
        let (_, amounts) = at.entry(key).or_insert_with(|| (time, vec![Decimal::ZERO; series.len()]));
        if let Some(sum) = amounts.get_mut(place) {
            add(sum, value(analysis, row));
        }
    }
    let points = without_gaps(dimension, at, series.len())?;
    if points.len() > MOST_COLUMNS {
        return Ok(Plot::Lines(Lines { series, points, budget: None }));
    }
    let column = |point: Point| Column::measured(point.label, point.amounts);
    Ok(Plot::Columns(Columns {
        series,
        columns: points.into_iter().map(column).collect(),
        ..Columns::default()
    }))
}

/// The largest groups of the second dimension and, as the last, all others; and the place of each that has its own.
fn series(analysis: &Analysis) -> (Vec<Series>, BTreeMap<&str, usize>) {
    if analysis.usage.by.len() < 2 {
        return (vec![Series::new("")], BTreeMap::new());
    }
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for row in &analysis.rows {
        add(sums.entry(label(row, 1)).or_default(), value(analysis, row));
    }
    let mut names: Vec<(&str, Decimal)> = sums.into_iter().collect();
    names.sort_by_key(|(name, amount)| (*name == OTHER, std::cmp::Reverse(*amount)));
    let own = names.iter().filter(|(name, _)| *name != OTHER).take(MOST_SERIES);
    let mut series: Vec<Series> = own.clone().map(|(name, _)| Series::new(named(name))).collect();
    let places = own.enumerate().map(|(place, (name, _))| (*name, place)).collect();
    if series.len() < names.len() {
        series.push(Series::other("other"));
    }
    (series, places)
}

/// The place in time of a label as the report shows it, in seconds, and the label of an axis.
fn time(dimension: Dimension, text: &str) -> Option<(i64, Label)> {
    let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0).map(|time| time.and_utc().timestamp());
    match dimension {
        Dimension::Month => {
            let month: Month = text.parse().ok()?;
            Some((midnight(month.first_day())?, Label::Month(month)))
        }
        Dimension::Day => {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some((midnight(day)?, Label::Day(day)))
        }
        _ => {
            let time = DateTime::parse_from_str(&text.replace('Z', "+00:00"), "%Y-%m-%dT%H:%M%:z").ok()?;
            Some((time.timestamp(), Label::Hour(time.naive_local())))
        }
    }
}

/// Points at all places between the first and the last: where there is no mail, nothing was sent.
fn without_gaps(
    dimension: Dimension,
    at: BTreeMap<i64, (Label, Vec<Decimal>)>,
    series: usize,
) -> anyhow::Result<Vec<Point>> {
    let mut points: Vec<Point> = Vec::new();
    let mut last: Option<(i64, Label)> = None;
    for (key, (label, amounts)) in at {
        while let Some((next_key, next)) =
            last.as_ref().and_then(|(key, label)| after(dimension, *key, label))
        {
            if next_key >= key {
                break;
            }
            if points.len() >= MOST_PLACES {
                anyhow::bail!(
                    "there are more than {MOST_PLACES} {dimension}s from the first to the last: group by a longer time"
                );
            }
            points.push(Point { label: next.clone(), amounts: vec![Decimal::ZERO; series] });
            last = Some((next_key, next));
        }
        last = Some((key, label.clone()));
        points.push(Point { label, amounts });
    }
    Ok(points)
}

/// The place after one.
fn after(dimension: Dimension, key: i64, label: &Label) -> Option<(i64, Label)> {
    match (dimension, label) {
        (Dimension::Month, Label::Month(month)) => {
            let next = month.next();
            let start = next.first_day().and_time(chrono::NaiveTime::MIN);
            Some((start.and_utc().timestamp(), Label::Month(next)))
        }
        (Dimension::Day, Label::Day(day)) => Some((key + DAY, Label::Day(day.succ_opt()?))),
        (Dimension::Hour, Label::Hour(time)) => {
            let next: NaiveDateTime = time.checked_add_signed(TimeDelta::hours(1))?;
            Some((key + HOUR, Label::Hour(next)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(dimension: Dimension, labels: &[&str]) -> Vec<String> {
        let at = labels.iter().map(|text| {
            let (key, label) = time(dimension, text).unwrap();
            (key, (label, vec![Decimal::ONE]))
        });
        let points = without_gaps(dimension, at.collect(), 1).unwrap();
        let shown = |point: &Point| match &point.label {
            Label::Text(text) => text.clone(),
            Label::Month(month) => format!("{month}={}", point.amounts[0]),
            Label::Day(day) => format!("{day}={}", point.amounts[0]),
            Label::Hour(time) => format!("{}={}", time.format("%dT%H:%M"), point.amounts[0]),
        };
        points.iter().map(shown).collect()
    }

    #[test]
    fn empty_periods_are_drawn_as_nothing() {
        assert_eq!(
            filled(Dimension::Month, &["2026-11", "2027-02"]),
            ["2026-11=1", "2026-12=0", "2027-01=0", "2027-02=1"]
        );
        assert_eq!(
            filled(Dimension::Day, &["2028-02-28", "2028-03-01"]),
            ["2028-02-28=1", "2028-02-29=0", "2028-03-01=1"]
        );
    }

    #[test]
    fn an_hour_that_occurs_twice_has_two_places() {
        let hours = ["2026-10-25T01:00+02:00", "2026-10-25T02:00+01:00"];
        assert_eq!(filled(Dimension::Hour, &hours), ["25T01:00=1", "25T02:00=0", "25T02:00=1"]);
        assert_eq!(filled(Dimension::Hour, &["2026-10-25T23:00Z"]), ["25T23:00=1"]);
    }

    #[test]
    fn a_stray_year_is_refused() {
        let at = ["1970-01-01T00:00Z", "2026-01-01T00:00Z"].map(|text| {
            let (key, label) = time(Dimension::Hour, text).unwrap();
            (key, (label, vec![Decimal::ONE]))
        });
        let error = without_gaps(Dimension::Hour, at.into_iter().collect(), 1).unwrap_err().to_string();
        assert_eq!(
            error,
            "there are more than 100000 hours from the first to the last: group by a longer time"
        );
    }
}
