//! The report of a forecast for people: months, the running month, domains, the grade, and what all rests on.

use chrono::Datelike;
use rust_decimal::Decimal;

use super::Forecast;
use super::drawn;
use super::method;
use super::months::{MonthAhead, Standing, Together};
use crate::cli::cost_data::{self, in_full, notes};
use crate::cli::records;
use crate::forecast::{Band, LogDays};
use crate::money::{Money, Rounding, round};
use crate::pricing::Quantities;
use crate::report::{Cell, Row, RowKind, Section, Table, amount, counted, per_cent};

/// All sections in the order in which they are read.
pub(super) fn sections(forecast: &Forecast, check: Option<Decimal>) -> anyhow::Result<Vec<Section>> {
    let mut sections =
        vec![Section::Table(months(forecast)?), Section::Figure(Box::new(drawn::figure(forecast)))];
    let usage = &forecast.counted.usage;
    let lines = [
        ("Where the log ends", running(forecast, check)?),
        ("Grade", method::grade_lines(forecast.graded.as_ref())),
        ("Basis", method::lines(forecast)),
        ("Warnings", forecast.warnings.clone()),
    ];
    let mut lines = lines.into_iter().map(|(heading, lines)| notes(heading, lines));
    sections.extend(lines.next().flatten());
    sections.extend(domains(forecast).map(Section::Table));
    sections.extend(lines.flatten());
    let messages = usage.total.attempted.messages;
    sections.push(Section::Table(records::accounting(&usage.accounting, messages)));
    sections.extend(notes("Rejected", records::rejections(&usage.accounting)));
    sections.extend(notes("Provenance", provenance(forecast)));
    Ok(sections)
}

fn months(forecast: &Forecast) -> anyhow::Result<Table> {
    let outlook = &forecast.outlook;
    let mut columns: Vec<String> =
        ["Month", "Known", "Recipients", "Data", "Cost"].map(str::to_owned).to_vec();
    for level in &forecast.levels {
        columns.extend([format!("{level} from"), format!("{level} to")]);
    }
    columns.extend(outlook.limit.map(|_| "Above budget".to_owned()));
    let mut rows = Vec::with_capacity(outlook.months.len() + 1);
    for month in &outlook.months {
        let known = match month.standing {
            Standing::Ahead => Cell::Empty,
            Standing::Measured | Standing::Running => {
                Cell::Text(format!("{} of {} days", month.whole_days, month.days))
            }
        };
        let mut cells = vec![Cell::Text(month.month.to_string()), known];
        let priced = &month.priced;
        cells.extend(match month.standing == Standing::Measured && month.missing_days >= month.days {
            // Nothing is known of it: that is not nothing sent.
            true => vec![Cell::Empty; 3 + 2 * forecast.levels.len()],
            false => figures(&priced.quantities, priced.cost, &month.bands, forecast),
        });
        cells.extend(outlook.limit.map(|_| month.chance.map_or(Cell::Empty, share)));
        rows.push(Row { kind: RowKind::Body, cells });
    }
    let ahead = outlook.ahead();
    let Together { quantities, cost, bands } = outlook.together(&ahead)?;
    let mut cells = vec![Cell::Text(format!("{} ahead", counted(ahead.len(), "month"))), Cell::Empty];
    cells.extend(figures(&quantities, cost, &bands, forecast));
    cells.extend(outlook.limit.map(|_| Cell::Empty));
    rows.push(Row { kind: RowKind::Total, cells });
    Ok(Table { title: "Months".to_owned(), columns, rows })
}

fn figures(quantities: &Quantities, cost: Money, bands: &[Band], forecast: &Forecast) -> Vec<Cell> {
    let mut cells = vec![count(quantities.recipients), data(quantities), Cell::Money(cost)];
    for place in 0..forecast.levels.len() {
        cells.extend(match bands.get(place) {
            Some(band) => [band.low, band.high].map(|end| Cell::Money(Money::new(end, cost.currency()))),
            None => [Cell::Empty, Cell::Empty],
        });
    }
    cells
}

/// A number of recipients, whole.
pub(super) fn count(number: Decimal) -> Cell {
    let whole = round(number, 0, Rounding::HalfUp);
    u128::try_from(whole).map_or(Cell::Number(whole), Cell::Count)
}

/// Bytes to recipients; where the service states megabytes, as if they were 10^6 bytes.
fn data(quantities: &Quantities) -> Cell {
    let stated = quantities.recipient_megabytes.checked_mul(Decimal::from(1_000_000)).unwrap_or_default();
    let bytes = round(quantities.recipient_bytes.saturating_add(stated), 0, Rounding::HalfUp);
    u128::try_from(bytes).map_or(Cell::Number(bytes), Cell::Bytes)
}

fn share(per_cent: Decimal) -> Cell {
    Cell::Share(per_cent.checked_div(Decimal::ONE_HUNDRED).unwrap_or_default())
}

/// What the running month comes to, against the budget; and the year.
fn running(forecast: &Forecast, check: Option<Decimal>) -> anyhow::Result<Vec<String>> {
    let outlook = &forecast.outlook;
    let mut lines = Vec::new();
    if let Some(month) = outlook.running() {
        let days = &forecast.counted.days;
        lines.push(format!(
            "{} up to {}: {}; expected at its end: {}{}{}.",
            month.month,
            known_up_to(days),
            amount(&month.priced.so_far),
            amount(&month.priced.cost),
            band_text(forecast, &month.bands),
            estimated(month.missing_days)
        ));
    }
    let first = outlook.months.iter().find(|month| month.standing != Standing::Measured);
    if let (Some(month), Some(limit), Some(chance)) =
        (first, outlook.limit, first.and_then(|month| month.chance))
    {
        lines.push(budget(month, limit, chance, check));
    }
    lines.extend(year(forecast)?);
    Ok(lines)
}

/// The last instant that is known: within a day that is cut off, else the end of the last day.
fn known_up_to(days: &LogDays) -> String {
    let last = days.date(days.days.len().saturating_sub(1));
    match days.next() == last {
        true => days.span.1.to_string(),
        false => format!("the end of {last}"),
    }
}

fn budget(month: &MonthAhead, limit: Money, chance: Decimal, check: Option<Decimal>) -> String {
    let shown = per_cent(chance.checked_div(Decimal::ONE_HUNDRED).unwrap_or_default());
    let line = format!("Budget of {}: the chance that {} exceeds it is {shown}", in_full(limit), month.month);
    match check {
        Some(most) if chance > most => format!("{line}, above the {}% of --check.", most.normalize()),
        Some(most) => format!("{line}, within the {}% of --check.", most.normalize()),
        None => line + ".",
    }
}

fn band_text(forecast: &Forecast, bands: &[Band]) -> String {
    let currency = forecast.outlook.currency;
    let one = |(level, band): (&crate::forecast::Level, &Band)| {
        let [low, high] = [band.low, band.high].map(|end| amount(&Money::new(end, currency)));
        format!(", {level} between {low} and {high}")
    };
    forecast.levels.iter().zip(bands).map(one).collect()
}

/// The running year to its end.
fn year(forecast: &Forecast) -> anyhow::Result<Option<String>> {
    let Some(year) = forecast.outlook.year_end()? else { return Ok(None) };
    let from = match year.from.ordinal() {
        1 => String::new(),
        _ => format!(" from {} on", year.from),
    };
    let bands = band_text(forecast, &year.bands);
    Ok(Some(format!(
        "{}{from} to its end: {}{bands}{}.",
        year.year,
        amount(&year.cost),
        estimated(year.missing_days)
    )))
}

/// What is said of days that are missing in a sum.
fn estimated(days: usize) -> String {
    match days {
        0 => String::new(),
        days => {
            format!("; {} not wholly in the log and estimated from the days around", counted(days, "day"))
        }
    }
}

fn domains(forecast: &Forecast) -> Option<Table> {
    let domains = forecast.domains.as_ref()?;
    let level = forecast.levels.first()?;
    let columns = [
        "Sender domain".to_owned(),
        "Recipients".to_owned(),
        format!("{level} from"),
        format!("{level} to"),
        "Data".to_owned(),
        "Cost".to_owned(),
    ];
    let row = |domain: &super::domains::DomainAhead| {
        let ends = domain
            .recipients
            .first()
            .map_or([Cell::Empty, Cell::Empty], |band| [count(band.low), count(band.high)]);
        let [low, high] = ends;
        let cells = vec![
            Cell::Text(domain.name.clone()),
            Cell::Count(domain.expected.recipients.into()),
            low,
            high,
            Cell::Bytes(domain.expected.recipient_bytes),
            Cell::Money(domain.cost),
        ];
        Row { kind: RowKind::Body, cells }
    };
    let months = counted(forecast.outlook.ahead().len(), "month");
    Some(Table {
        title: format!("Sender domains, {months} ahead"),
        columns: columns.to_vec(),
        rows: domains.iter().map(row).collect(),
    })
}

/// What the figures rest on.
pub(super) fn provenance(forecast: &Forecast) -> Vec<String> {
    let mut lines = vec![cost_data::version_note()];
    for month in &forecast.outlook.months {
        for note in cost_data::provenance_notes(&month.priced.estimate, false) {
            if !lines.contains(&note) {
                lines.push(note);
            }
        }
    }
    if forecast.domains.is_some() {
        lines.push(
            "Sender domains are forecast by themselves and scaled to the forecast of the whole.".to_owned(),
        );
    }
    let counted = &forecast.counted;
    lines
        .extend(forecast.prices.newest.in_force.iter().chain(&counted.in_force).map(|one| format!("{one}.")));
    lines.extend(records::input_notes(&counted.ingested));
    lines
}
