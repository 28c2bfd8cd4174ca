//! `forecast --evaluate`: every forecast of the past beside what came, and the scores of all.

use rust_decimal::Decimal;

use super::Forecast;
use super::grade::{Graded, Row as Tried};
use super::{method, table};
use crate::cli::cost_data::notes;
use crate::forecast::Grade;
use crate::money::Money;
use crate::report::{Cell, Row, RowKind, Section, Table, counted};

/// The title and all sections.
pub(super) fn sections(forecast: &Forecast) -> anyhow::Result<(String, Vec<Section>)> {
    let mut sections = Vec::new();
    if let Some(graded) = &forecast.graded {
        sections.push(Section::Table(scores(forecast, graded)));
        sections.push(Section::Table(tried(forecast, graded)));
    }
    let mut meaning = method::grade_lines(forecast.graded.as_ref());
    if let Some(graded) = &forecast.graded {
        let unit = graded.unit.name();
        meaning.push(format!(
            "Each forecast was made with the days before its origin alone (which days have a log is seen from all), at the \
             newest prices. MASE: the mean \
             error for the mean change from one {unit} to the next. MSIS: the mean width of a band and 2 / (1 - level) \
             times what lies outside it, for the same change."
        ));
    }
    let told = [
        ("Grade", meaning),
        ("Basis", method::lines(forecast)),
        ("Warnings", forecast.warnings.clone()),
        ("Provenance", table::provenance(forecast)),
    ];
    sections.extend(told.into_iter().filter_map(|(heading, lines)| notes(heading, lines)));
    let title = match &forecast.graded {
        Some(graded) => {
            format!("{} of the past, by {}", counted(graded.rows.len(), "forecast"), graded.unit.name())
        }
        None => "Forecasts of the past".to_owned(),
    };
    Ok((title, sections))
}

fn scores(forecast: &Forecast, graded: &Graded) -> Table {
    let unit = graded.unit.name();
    let mut columns: Vec<String> =
        ["Ahead", "Forecasts", "MAE", "Error", "sMAPE", "MASE"].map(str::to_owned).to_vec();
    for level in &forecast.levels {
        columns.extend([format!("{level} held"), format!("{level} MSIS")]);
    }
    let row = |name: String, grade: &Grade, kind| {
        let share = |share: Option<Decimal>| share.map_or(Cell::Empty, Cell::Share);
        let number = |number: Option<Decimal>| number.map_or(Cell::Empty, Cell::Ratio);
        let mut cells = vec![
            Cell::Text(name),
            Cell::Count(grade.count as u128),
            money(forecast, grade.mean_absolute_error),
            share(grade.relative_error),
            share(grade.smape),
            number(grade.mase),
        ];
        for (_, held, score) in &grade.levels {
            let held = Decimal::from(*held).checked_div(Decimal::from(grade.count));
            cells.extend([share(held), number(*score)]);
        }
        Row { kind, cells }
    };
    let mut rows: Vec<Row> = graded
        .by_horizon
        .iter()
        .map(|(horizon, grade)| row(counted(horizon, unit), grade, RowKind::Body))
        .collect();
    rows.extend(graded.grade.as_ref().map(|grade| row("All".to_owned(), grade, RowKind::Total)));
    Table { title: "Scores".to_owned(), columns, rows }
}

fn tried(forecast: &Forecast, graded: &Graded) -> Table {
    let mut columns: Vec<String> =
        ["Origin", "Ahead", "From", "To", "Actual", "Forecast", "Error"].map(str::to_owned).to_vec();
    for level in &forecast.levels {
        columns.extend([format!("{level} from"), format!("{level} to")]);
    }
    let row = |tried: &Tried| {
        let error =
            tried.expected.checked_sub(tried.actual).and_then(|error| error.checked_div(tried.actual));
        let last = tried.trial.days.end.pred_opt().unwrap_or(tried.trial.days.end);
        let mut cells = vec![
            Cell::Text(tried.trial.origin.to_string()),
            Cell::Count(tried.trial.horizon as u128),
            Cell::Text(tried.trial.days.start.to_string()),
            Cell::Text(last.to_string()),
            money(forecast, tried.actual),
            money(forecast, tried.expected),
            error.map_or(Cell::Empty, Cell::Share),
        ];
        for band in &tried.bands {
            cells.extend([money(forecast, band.low), money(forecast, band.high)]);
        }
        Row { kind: RowKind::Body, cells }
    };
    Table { title: "Forecasts".to_owned(), columns, rows: graded.rows.iter().map(row).collect() }
}

fn money(forecast: &Forecast, amount: Decimal) -> Cell {
    Cell::Money(Money::new(amount, forecast.outlook.currency))
}
