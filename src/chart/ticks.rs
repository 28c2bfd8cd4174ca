//! Labels below the horizontal axis: as many as fit, at whole hours, days, months or years.

use chrono::{Datelike, NaiveDate, Timelike};

use super::figure::{Label, Words};
use super::lettering::{fitted, width};
use super::outline::Face;

/// Size of the letters.
pub(super) const SIZE: f64 = 12.0;
/// Pixels between two labels.
const GAP: f64 = 8.0;
/// The least room that a category is worth.
const LEAST_ROOM: f64 = 54.0;

/// A label below the axis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tick {
    /// Which column or point it is of.
    pub(super) index: usize,
    pub(super) upper: String,
    /// What changes less often: the day of an hour, the month of a day, the year of a month.
    pub(super) lower: String,
}

/// The places of a time axis that a kind of label is for.
#[derive(Clone, Copy, Debug)]
enum Step {
    Hours(u32),
    Days,
    Weeks,
    Months(u32),
    Years(i32),
}

const STEPS: [Step; 18] = [
    Step::Hours(1),
    Step::Hours(2),
    Step::Hours(3),
    Step::Hours(6),
    Step::Hours(12),
    Step::Days,
    Step::Weeks,
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(20),
    Step::Years(50),
    Step::Years(100),
];

/// The labels of places that are evenly spaced by some pixels.
pub(super) fn ticks(labels: &[&Label], pitch: f64, words: &Words) -> Vec<Tick> {
    let times: Option<Vec<(NaiveDate, u32)>> = labels.iter().map(|label| time(label)).collect();
    let Some(times) = times else { return categories(labels, pitch, words) };
    let finest = match labels.first() {
        Some(Label::Hour(_)) => 0,
        Some(Label::Day(_)) => 5,
        _ => 7,
    };
    let candidates = STEPS.iter().skip(finest).map(|step| marked(&times, *step, words));
    let fits = |ticks: &Vec<Tick>| !ticks.is_empty() && fit(ticks, pitch);
    let fitting = candidates.into_iter().find(fits);
    let mut ticks = fitting.unwrap_or_else(|| categories(labels, pitch, words));
    thin_lower(&mut ticks, pitch);
    ticks
}

/// A label as a text of its own.
pub(super) fn written(label: &Label, words: &Words) -> String {
    match label {
        Label::Text(text) => text.clone(),
        Label::Month(month) => month_of(month.first_day(), words),
        Label::Day(day) => day_of(*day, words),
        Label::Hour(time) => format!("{} {:02}:00", day_of(time.date(), words), time.hour()),
    }
}

fn time(label: &Label) -> Option<(NaiveDate, u32)> {
    match label {
        Label::Text(_) => None,
        Label::Month(month) => Some((month.first_day(), 0)),
        Label::Day(day) => Some((*day, 0)),
        Label::Hour(time) => Some((time.date(), time.hour())),
    }
}

fn month_of(day: NaiveDate, words: &Words) -> String {
    format!("{} {}", month_name(day, words), day.year())
}

fn month_name(day: NaiveDate, words: &Words) -> &str {
    usize::try_from(day.month0()).ok().and_then(|month| words.months.get(month)).map_or("", String::as_str)
}

fn day_of(day: NaiveDate, words: &Words) -> String {
    format!("{} {}", day.day(), month_of(day, words))
}

/// The labels of one kind; the lower line where it changes.
fn marked(times: &[(NaiveDate, u32)], step: Step, words: &Words) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    let mut last = None;
    for (index, (day, hour)) in times.iter().enumerate() {
        let starts_day = *hour == 0;
        let wanted = match step {
            Step::Hours(hours) => hour % hours == 0,
            Step::Days => starts_day,
            Step::Weeks => starts_day && day.weekday().num_days_from_monday() == 0,
            Step::Months(months) => starts_day && day.day() == 1 && day.month0() % months == 0,
            Step::Years(years) => starts_day && day.ordinal() == 1 && day.year() % years == 0,
        };
        if !wanted {
            continue;
        }
        let (upper, lower) = match step {
            Step::Hours(_) => (format!("{hour:02}:00"), day_of(*day, words)),
            Step::Days | Step::Weeks => (day.day().to_string(), month_of(*day, words)),
            Step::Months(_) => (month_name(*day, words).to_owned(), day.year().to_string()),
            Step::Years(_) => (day.year().to_string(), String::new()),
        };
        let is_new = last.as_ref() != Some(&lower);
        ticks.push(Tick { index, upper, lower: if is_new { lower.clone() } else { String::new() } });
        last = Some(lower);
    }
    ticks
}

fn fit(ticks: &[Tick], pitch: f64) -> bool {
    ticks.windows(2).all(|pair| room(pair, pitch) >= half(&pair[0].upper) + half(&pair[1].upper) + GAP)
}

#[expect(clippy::cast_precision_loss, reason = "a picture has not that many places")]
fn room(pair: &[Tick], pitch: f64) -> f64 {
    (pair[1].index - pair[0].index) as f64 * pitch
}

fn half(text: &str) -> f64 {
    width(text, SIZE, Face::Regular) / 2.0
}

/// Drops a lower line that the next one would touch: the next says more of what follows.
fn thin_lower(ticks: &mut [Tick], pitch: f64) {
    let mut next: Option<Tick> = None;
    for tick in ticks.iter_mut().rev().filter(|tick| !tick.lower.is_empty()) {
        let touches = next.as_ref().is_some_and(|next| {
            room(&[tick.clone(), next.clone()], pitch) < half(&tick.lower) + half(&next.lower) + GAP
        });
        if touches {
            tick.lower.clear();
        } else {
            next = Some(tick.clone());
        }
    }
}

/// Every label or, where they are too many, every second, fifth, tenth, …; cut to the room.
fn categories(labels: &[&Label], pitch: f64, words: &Words) -> Vec<Tick> {
    let (mut step, mut factors) = (1_usize, [2, 5, 10].into_iter().cycle());
    let mut power = 1;
    #[expect(clippy::cast_precision_loss, reason = "a picture has not that many places")]
    while (step as f64) * pitch < LEAST_ROOM && step < labels.len() {
        let factor = factors.next().unwrap_or(10);
        step = power * factor;
        power = if factor == 10 { step } else { power };
    }
    #[expect(clippy::cast_precision_loss, reason = "a picture has not that many places")]
    let room = (step as f64 * pitch - GAP).max(LEAST_ROOM - GAP);
    let tick = |(index, label): (usize, &&Label)| Tick {
        index,
        upper: fitted(&written(label, words), SIZE, Face::Regular, room),
        lower: String::new(),
    };
    labels.iter().enumerate().step_by(step).map(tick).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDateTime, TimeDelta};

    use super::*;
    use crate::period::Month;

    fn shown(labels: &[Label], width: f64) -> String {
        let labels: Vec<&Label> = labels.iter().collect();
        let pitch = width / f64::from(u32::try_from(labels.len()).unwrap());
        let ticks = ticks(&labels, pitch, &Words::default());
        let shown = |tick: &Tick| format!("{}:{}/{}", tick.index, tick.upper, tick.lower);
        ticks.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    fn hours(from: &str, count: i64) -> Vec<Label> {
        let from: NaiveDateTime = format!("{from}:00").parse().unwrap();
        (0..count).map(|hour| Label::Hour(from + TimeDelta::hours(hour))).collect()
    }

    fn months(from: &str, count: usize) -> Vec<Label> {
        let first: Month = from.parse().unwrap();
        std::iter::successors(Some(first), |month| Some(month.next())).take(count).map(Label::Month).collect()
    }

    #[test]
    fn labels_stand_at_whole_units_and_fit() {
        assert_eq!(shown(&months("2026-11", 4), 800.0), "0:Nov/2026 1:Dec/ 2:Jan/2027 3:Feb/");
        assert_eq!(shown(&months("2024-11", 60), 800.0).split(' ').count(), 20);
        assert!(shown(&months("1990-05", 400), 800.0).starts_with("20:1992/ 44:1994/ 68:1996/"));
        let week = shown(&hours("2026-11-02T00:00", 168), 800.0);
        assert!(week.starts_with("0:00:00/2 Nov 2026 12:12:00/ 24:00:00/3 Nov 2026 "), "{week}");
        let single = shown(&hours("2026-11-02T07:00", 1), 800.0);
        assert_eq!(single, "0:07:00/2 Nov 2026");
    }

    #[test]
    fn hours_without_a_midnight_have_labels_too() {
        let labels = hours("2026-11-02T07:00", 9);
        assert_eq!(shown(&labels, 100.0), "5:12:00/2 Nov 2026");
    }

    #[test]
    fn categories_are_thinned_and_cut() {
        let names: Vec<Label> = (0..3000).map(|n| Label::Text(format!("sender-{n}.example"))).collect();
        let ticks = shown(&names, 800.0);
        assert!(ticks.split(' ').count() < 16, "{ticks}");
        assert_eq!(shown(&names[..2], 400.0), "0:sender-0.example/ 1:sender-1.example/");
        assert_eq!(shown(&[], 400.0), "");
    }
}
