//! What a forecast rests on, in sentences: the days it has seen and those it has not, the models and why they were
//! chosen, how good forecasts of the past were, and what cannot be said at all.

use chrono::NaiveDate;

use super::Forecast;
use super::grade::Graded;
use crate::forecast::{
    Anomaly, Choice, FEWEST_DAYS, Grade, Kind, Method, Reason, Standing, TWO_MONTHS, TWO_WEEKS, Treatment,
    covered_hours,
};
use crate::report::{counted, per_cent};

/// Days that are named where something is said of them.
const NAMED_DAYS: usize = 6;
/// What the effects of the calendar are on.
const EFFECTS_ON: [&str; 2] = ["recipients", "bytes of a recipient"];

/// What was too little, for stderr too.
pub(super) fn warnings(forecast: &Forecast) -> Option<String> {
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
    let mut line = format!("Last {}, each forecast from the {unit} before: ", counted(grade.count, unit));
    line += &error_of(grade);
    for (level, held, _) in &grade.levels {
        line += &format!(", the {level} band held {held} of {}", grade.count);
    }
    let mut lines = vec![line + "."];
    lines.extend(grade.mase.map(|mase| match mase < rust_decimal::Decimal::ONE {
        true => format!("That is {mase} of the change from one {unit} to the next in this history: better than the {unit} before, again."),
        false => format!("That is {mase} times the change from one {unit} to the next in this history: no better than the {unit} before, again."),
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
    lines.extend(anomalies(&basis.anomalies, forecast.options.anomalies));
    lines.push(
        "Days and months are UTC, as they are billed. Bands come from futures of recipients and sizes drawn together \
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
        ("the log begins or ends within", dates(|standing| matches!(standing, Standing::CutOff(_)))),
        ("most hours are missing on", dates(|standing| *standing == Standing::Incomplete)),
        ("there is no log for", dates(|standing| *standing == Standing::Missing)),
    ];
    let told = kinds.into_iter().filter(|(_, dates)| !dates.is_empty());
    let mut lines: Vec<String> =
        told.map(|(what, dates)| format!("Not used as days: {what} {}.", named(&dates))).collect();
    if days.left_out > 0 {
        lines.push(format!(
            "Not used: {} before a gap of more than a year.",
            counted(days.left_out, "earlier day")
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
    let rivals: Vec<String> = choice
        .rivals
        .iter()
        .map(|rival| format!("{} {:.1}%", rival.model.name(), rival.error * 100.0))
        .collect();
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

fn anomalies(anomalies: &[Anomaly], treatment: Treatment) -> Option<String> {
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
    let done = match treatment {
        Treatment::Replace => "seen as usual days; --anomalies keep leaves them as they are",
        Treatment::Keep => "kept as they are",
    };
    Some(format!("Unlike days, {done}: {}.", days.join(", ")))
}
