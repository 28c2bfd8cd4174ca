//! A figure by day, with which days of it are known.

use chrono::{Datelike, NaiveDate};

use super::history::mean;
use super::log_days::after;

/// A week: the season of daily figures.
pub(super) const WEEK: usize = 7;
/// Weeks on either side of a day whose same weekdays say what the day usually has.
const NEAR_WEEKS: usize = 4;
/// Same weekdays nearby that it takes to say it.
const ENOUGH: usize = 3;
/// The same on one side of it.
const ENOUGH_ON_A_SIDE: usize = 2;

/// One figure for each day from the first on.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Daily {
    pub(super) first: NaiveDate,
    pub(super) values: Vec<f64>,
    /// Which of them were seen, and are not stand-ins.
    pub(super) observed: Vec<bool>,
}

impl Daily {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn date(&self, place: usize) -> NaiveDate {
        after(self.first, place as u64)
    }

    /// What the weekday of a day has on other days nearby: their median, of those that `counts` lets count.
    pub(super) fn usual(&self, place: usize, counts: &dyn Fn(usize) -> bool) -> Option<f64> {
        let near = (1..=NEAR_WEEKS).flat_map(|weeks| {
            let distance = weeks * WEEK;
            [place.checked_sub(distance), Some(place + distance)]
        });
        let near = near.flatten().filter(|&near| near < self.len() && self.observed[near] && counts(near));
        let mut near: Vec<f64> = near.map(|near| self.values[near]).collect();
        (near.len() >= ENOUGH).then(|| median(&mut near))
    }

    /// What the weekday of a day has in the weeks before it, and in those after it.
    pub(super) fn usual_on_both_sides(&self, place: usize) -> [Option<f64>; 2] {
        let sides: [&dyn Fn(usize) -> Option<usize>; 2] =
            [&|distance| place.checked_sub(distance), &|distance| Some(place + distance)];
        sides.map(|side| {
            let near = (1..=NEAR_WEEKS).filter_map(|weeks| side(weeks * WEEK));
            let near = near.filter(|&near| near < self.len() && self.observed[near]);
            let mut near: Vec<f64> = near.map(|near| self.values[near]).collect();
            (near.len() >= ENOUGH_ON_A_SIDE).then(|| median(&mut near))
        })
    }

    /// What stands in for days that were not seen: the usual of the weekday nearby, else of all days seen.
    pub(super) fn filled(&self) -> Vec<f64> {
        let seen = |place: usize| self.observed[place];
        let mut all: Vec<f64> = (0..self.len()).filter(|&at| seen(at)).map(|at| self.values[at]).collect();
        let overall = if all.is_empty() { 0.0 } else { median(&mut all) };
        let weekdays: Vec<Option<f64>> = (0..WEEK).map(|weekday| self.weekday(weekday)).collect();
        let fill = |place: usize| {
            let weekday = self.date(place).weekday().num_days_from_monday() as usize;
            self.usual(place, &seen).or(weekdays[weekday]).unwrap_or(overall)
        };
        (0..self.len()).map(|place| if seen(place) { self.values[place] } else { fill(place) }).collect()
    }

    /// What stands in for a day that lies before the first one.
    pub(super) fn usual_before(&self, date: NaiveDate) -> f64 {
        self.weekday(date.weekday().num_days_from_monday() as usize)
            .unwrap_or_else(|| mean(self.filled().into_iter()))
    }

    /// The median of a weekday over the whole history.
    fn weekday(&self, weekday: usize) -> Option<f64> {
        let is = |place: &usize| self.date(*place).weekday().num_days_from_monday() as usize == weekday;
        let mut values: Vec<f64> = (0..self.len())
            .filter(|place| self.observed[*place])
            .filter(is)
            .map(|place| self.values[place])
            .collect();
        (!values.is_empty()).then(|| median(&mut values))
    }
}

/// The middle of some numbers, of which there is at least one.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => 0.0,
        0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}
