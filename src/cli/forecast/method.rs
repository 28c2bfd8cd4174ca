//! What a forecast rests on, in sentences: the days it has seen and those it has not, the models and why they were
//! chosen, how good forecasts of the past were, and what cannot be said at all.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use super::Forecast;
use super::grade::Graded;
use crate::forecast::{
    Anomaly, Choice, FEWEST_DAYS, Grade, Kind, Method, Reason, Standing, TWO_MONTHS, TWO_WEEKS, Treatment,
    covered_hours,
};
use crate::money::{Rounding, round};
use crate::report::{counted, per_cent};

/// Days that are named where something is said of them.
const NAMED_DAYS: usize = 6;
/// Days without a log before the last ones that make these doubtful.
const LONG_GAP: usize = 60;
/// What the effects of the calendar are on.
const EFFECTS_ON: [&str; 2] = ["recipients", "bytes of a recipient"];

/// What is doubtful, for stderr too.
pub(super) fn warnings(forecast: &Forecast) -> Vec<String> {
    let running = forecast.outlook.running().filter(|month| month.missing_days > 0);
    let missing = running.map(|month| {
        format!(
            "{} of {} not wholly in the log: estimated from the days around",
            counted(month.missing_days, "day"),
            month.month
        )
    });
    too_little(forecast).into_iter().chain(far_away(forecast)).chain(missing).collect()
}

/// A log whose last days follow a long gap, and days that are left out.
fn far_away(forecast: &Forecast) -> Option<String> {
    let days = &forecast.counted.days;
    if days.left_out > 0 {
        return Some(format!(
            "{} more than a year away from the others: not used; --from and --to choose others",
            counted(days.left_out, "logged day")
        ));
    }
    let missing = |place: &usize| days.days[*place].standing == Standing::Missing;
    let gap_end = (0..days.days.len()).rev().find(missing)?;
    let gap = (0..=gap_end).rev().take_while(missing).count();
    let since = days.days.len() - 1 - gap_end;
    (gap > LONG_GAP && since < TWO_WEEKS).then(|| {
        format!(
            "the log ends with {} after {} without one: the forecast goes on from there; if they are a stray record, \
             leave them out with --to",
            counted(since, "day"),
            counted(gap, "day")
        )
    })
}

/// What was too little.
fn too_little(forecast: &Forecast) -> Option<String> {
    let days = &forecast.counted.days;
    let whole = days.whole_days();
    let what = match whole {
        _ if whole < FEWEST_DAYS => format!(
            "too little log for a forecast ({}): what follows is the mail an hour, carried on; its bands are a rule \
             of thumb, since weekends and the turn of the month may change everything",
            hours(covered_hours(days))
        ),
        _ if whole < TWO_WEEKS => format!(
            "too few days to tell those of the week apart ({}): the bands are wide, and rest on what is usual for mail",
            counted(whole, "whole day")
        ),
        _ => return None,
    };
    Some(what)
}

fn hours(hours: impl std::fmt::Display) -> String {
    let hours = format!("{hours:.0}");
    counted(hours, "hour")
}

/// How the forecast did on the past.
pub(super) fn grade_lines(graded: Option<&Graded>) -> Vec<String> {
    let Some((graded, grade)) = graded.and_then(|graded| Some((graded, graded.next_unit()?))) else {
        return vec![
            "No grade: the history is too short for a forecast of any part of it that could be compared with what came."
                .to_owned(),
        ];
    };
    let unit = graded.unit.name();
    let mut line = format!(
        "Last {}, each forecast on the day before it began, at the newest prices: ",
        counted(grade.count, unit)
    );
    line += &error_of(grade);
    for (level, held, _) in &grade.levels {
        line += &format!(", the {level} band held {held} of {}", grade.count);
    }
    let mut lines = vec![line + "."];
    lines.extend(grade.mase.map(|mase| {
        let better = if mase < Decimal::ONE { "better" } else { "no better" };
        format!(
            "The error is {} of the mean change from one {unit} to the next: {better} than to expect the last {unit} \
             again.",
            round(mase, 2, Rounding::HalfUp)
        )
    }));
    lines
}

fn error_of(grade: &Grade) -> String {
    match grade.relative_error {
        Some(error) => format!("error {}", per_cent(error)),
        None => "nothing was sent".to_owned(),
    }
}

/// Where the figures come from.
pub(super) fn lines(forecast: &Forecast) -> Vec<String> {
    let basis = &forecast.outlook.basis;
    let mut lines = vec![history(forecast)];
    lines.extend(left_out(forecast));
    lines.extend(unseen(forecast));
    lines.push(method("Recipients", &basis.recipients));
    lines.push(method("Bytes of a recipient", &basis.recipient_size));
    lines.extend(basis.months.as_ref().map(|months| method("Months after the running one", months)));
    for (what, effects) in EFFECTS_ON.into_iter().zip(&basis.effects) {
        lines.extend(effects.iter().map(|effect| {
            format!(
                "Calendar: {what} on {} are {:.2} of those on other days of their weekday ({} seen).",
                effect.day.plural(),
                effect.factor,
                counted(effect.days, "day")
            )
        }));
    }
    lines.extend(anomalies(&basis.anomalies, forecast));
    lines.push(
        "Days and months are UTC, as they are billed, and all months are converted at one exchange rate. A month's cost \
         is that of its expected mail; days of months that are over without a log are not in it. Bands come from futures of recipients and sizes drawn together \
         and priced one by one; none adds up the ends of others."
            .to_owned(),
    );
    lines
}

fn history(forecast: &Forecast) -> String {
    let days = &forecast.counted.days;
    let last = days.date(days.days.len().saturating_sub(1));
    let (whole, all) = (days.whole_days(), counted(days.days.len(), "day"));
    format!("History: {} to {last}, {} of {all}.", days.first, counted(whole, "whole day"))
}

/// The days that the models did not see.
fn left_out(forecast: &Forecast) -> Vec<String> {
    let days = &forecast.counted.days;
    let dates = |is: fn(&Standing) -> bool| -> Vec<NaiveDate> {
        let places = (0..days.days.len()).filter(|place| is(&days.days[*place].standing));
        places.map(|place| days.date(place)).collect()
    };
    let kinds: [(&str, Vec<NaiveDate>); 3] = [
        ("the log begins or ends within", dates(|standing| matches!(standing, Standing::CutOff { .. }))),
        ("most hours are missing on", dates(|standing| *standing == Standing::Incomplete)),
        ("there is no log for", dates(|standing| *standing == Standing::Missing)),
    ];
    let told = kinds.into_iter().filter(|(_, dates)| !dates.is_empty());
    let mut lines: Vec<String> =
        told.map(|(what, dates)| format!("Not used as days: {what} {}.", named(&dates))).collect();
    if days.left_out > 0 {
        lines.push(format!(
            "Not used: {} more than a year away from the others.",
            counted(days.left_out, "logged day")
        ));
    }
    lines
}

fn named(dates: &[NaiveDate]) -> String {
    let mut names: Vec<String> = dates.iter().take(NAMED_DAYS).map(NaiveDate::to_string).collect();
    if dates.len() > NAMED_DAYS {
        names.push(format!("and {} more", dates.len() - NAMED_DAYS));
    }
    names.join(", ")
}

/// What the history is too short to show.
fn unseen(forecast: &Forecast) -> Option<String> {
    let what = match forecast.counted.days.whole_days() {
        days if days < TWO_WEEKS => "the days of the week, the turn of the month and the year",
        days if days < TWO_MONTHS => "the turn of the month and the year",
        _ if forecast.outlook.basis.months.is_none() => "the year",
        _ => return None,
    };
    Some(format!(
        "Not seen often enough in so short a history: {what}. The bands are wider for it, by a rule of thumb."
    ))
}

fn method(what: &str, method: &Method) -> String {
    let Method::Model(choice, calibration) = method else {
        return format!("{what}: the rate an hour over the hours of the log.");
    };
    let mut line = format!("{what}: {}, {}", choice.model.name(), reason(choice));
    let rivals: Vec<String> =
        choice.rivals.iter().map(|rival| format!("{} {}", rival.model.name(), rival.percent())).collect();
    if !rivals.is_empty() {
        line += &format!(" (errors: {})", rivals.join(", "));
    }
    line += &match calibration.origins {
        0 => "; bands as wide as is usual".to_owned(),
        origins => format!("; bands set by {}", counted(origins, "forecast") + " of the past"),
    };
    line + "."
}

fn reason(choice: &Choice) -> &'static str {
    match choice.reason {
        Reason::TooShort => "because there is too little for any other model",
        Reason::MostlyZero => "because most days have none",
        Reason::Unproven => "which is usually best; there is too little to compare models",
        Reason::NotBeaten => "which no other model clearly beat on this history",
        Reason::ClearlyBetter => "which was clearly better on this history than what is usually best",
    }
}

fn anomalies(anomalies: &[Anomaly], forecast: &Forecast) -> Option<String> {
    if anomalies.is_empty() {
        return None;
    }
    let one = |anomaly: &Anomaly| {
        let kind = match anomaly.kind {
            Kind::Outage => "outage",
            Kind::Campaign => "campaign",
        };
        format!("{} ({kind}: {:.0} where {:.0} are usual)", anomaly.date, anomaly.value, anomaly.usual)
    };
    let mut days: Vec<String> = anomalies.iter().take(NAMED_DAYS).map(one).collect();
    if anomalies.len() > NAMED_DAYS {
        days.push(format!("and {} more", anomalies.len() - NAMED_DAYS));
    }
    let done = match forecast.options.anomalies {
        Treatment::Replace => "seen as usual days; --anomalies keep leaves them as they are",
        Treatment::Keep => "kept as they are",
    };
    let week_ago = forecast.counted.days.next() - Days::new(7);
    let late = match anomalies.iter().any(|anomaly| anomaly.date >= week_ago) {
        true => " Those of the last week may be a new level; if they last, the forecast is wrong by as much.",
        false => "",
    };
    Some(format!("Unlike days, {done}: {}.{late}", days.join(", ")))
}
