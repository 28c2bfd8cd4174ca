//! Days that differ by the calendar: public holidays, the last and the first working day of a month. Their effect is
//! learned from the history where it has enough of them, and applied to the days to come.
//!
//! The week itself is left to the models, which have a season for it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, Weekday};
use holidays_rs::{Calendar, Country};

use super::daily::Daily;
use super::history::mean;
use super::log_days::after;

/// A country whose public holidays are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holidays(Country);

/// A text that is no country with known holidays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a country with known public holidays: expected a code such as 'IT', 'DE', 'FR', 'GB' or 'US', or an \
     English name such as 'Italy'"
)]
pub struct UnknownCountry(String);

/// ISO 3166 codes of countries that are known by name.
const CODES: [(&str, &str); 38] = [
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("BE", "Belgium"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CY", "Cyprus"),
    ("CZ", "Czechia"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("EE", "Estonia"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("GR", "Greece"),
    ("HR", "Croatia"),
    ("ID", "Indonesia"),
    ("IE", "Ireland"),
    ("IS", "Iceland"),
    ("IT", "Italy"),
    ("LI", "Liechtenstein"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("MC", "Monaco"),
    ("MT", "Malta"),
    ("MX", "Mexico"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("NZ", "New Zealand"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("RO", "Romania"),
    ("SE", "Sweden"),
    ("SI", "Slovenia"),
    ("SK", "Slovakia"),
    ("US", "United States"),
];

impl FromStr for Holidays {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Holidays, UnknownCountry> {
        let wanted = text.trim();
        let coded = CODES.iter().find(|(code, _)| code.eq_ignore_ascii_case(wanted));
        let name = coded.map_or(wanted, |(_, name)| name);
        let known = Country::ALL.iter().find(|country| country.name().eq_ignore_ascii_case(name));
        known.map(|country| Holidays(*country)).ok_or_else(|| UnknownCountry(text.to_owned()))
    }
}

impl fmt::Display for Holidays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// A kind of day that the calendar sets apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SpecialDay {
    /// A public holiday.
    Holiday,
    /// The last working day of a month.
    LastWorkingDay,
    /// The first working day of a month.
    FirstWorkingDay,
    /// A day of the month by its number, that is none of the others: a run on every 5th.
    DayOfMonth(u32),
}

impl SpecialDay {
    const BY_CALENDAR: [SpecialDay; 3] =
        [SpecialDay::Holiday, SpecialDay::LastWorkingDay, SpecialDay::FirstWorkingDay];

    /// In words, for several of them.
    pub fn plural(self) -> String {
        match self {
            SpecialDay::Holiday => "public holidays".to_owned(),
            SpecialDay::LastWorkingDay => "last working days of a month".to_owned(),
            SpecialDay::FirstWorkingDay => "first working days of a month".to_owned(),
            SpecialDay::DayOfMonth(day) => format!("days with number {day} of a month"),
        }
    }
}

/// What a kind of day does to the mail.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Effect {
    /// The kind of day.
    pub day: SpecialDay,
    /// Mail of such a day for one of another day of its weekday.
    pub factor: f64,
    /// Days in the history that it was learned from.
    pub days: usize,
}

/// Which days are special.
#[derive(Clone, Debug, Default)]
pub(super) struct SpecialDays {
    holidays: BTreeSet<NaiveDate>,
}

/// Special days that it takes to learn an effect.
const ENOUGH: usize = 3;
/// Effects smaller than this are left out: they are within what a weekday varies by.
const SMALLEST: f64 = 1.15;
/// The same for days by their number, of which there are many to be wrong about.
const SMALLEST_BY_NUMBER: f64 = 2.0;
/// Standard errors that an effect must be away from none, and the same for days by their number.
const SURE: f64 = 2.0;
const SURE_BY_NUMBER: f64 = 4.0;
/// The last number that every month has.
const NUMBERS: u32 = 28;
/// The least share of a usual day that is told apart from nothing.
const LEAST: f64 = 0.01;

impl SpecialDays {
    /// The special days of some years.
    pub(super) fn new(holidays: Option<Holidays>, first: NaiveDate, last: NaiveDate) -> SpecialDays {
        let mut dates = BTreeSet::new();
        if let Some(Holidays(country)) = holidays {
            let calendar = Calendar::new(country);
            for year in first.year()..=last.year() {
                let days = calendar.holidays_in(year).into_iter();
                dates.extend(days.filter_map(|(date, _)| {
                    NaiveDate::from_ymd_opt(date.year, date.month.into(), date.day.into())
                }));
            }
        }
        SpecialDays { holidays: dates }
    }

    /// What sets a day apart.
    pub(super) fn kind(&self, date: NaiveDate) -> Option<SpecialDay> {
        if self.holidays.contains(&date) {
            return Some(SpecialDay::Holiday);
        }
        if !self.is_working(date) {
            return None;
        }
        let none_before =
            (1..date.day()).all(|day| date.with_day(day).is_none_or(|day| !self.is_working(day)));
        let rest = date.iter_days().skip(1).take_while(|day| day.month() == date.month());
        match none_before {
            true => Some(SpecialDay::FirstWorkingDay),
            false if rest.into_iter().all(|day| !self.is_working(day)) => Some(SpecialDay::LastWorkingDay),
            false => None,
        }
    }

    fn is_working(&self, date: NaiveDate) -> bool {
        !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&date)
    }

    /// What special days did to the mail: the effects that the history has enough evidence of.
    pub(super) fn effects(&self, daily: &Daily) -> Vec<Effect> {
        let kinds: Vec<Option<SpecialDay>> = (0..daily.len()).map(|at| self.kind(daily.date(at))).collect();
        let ordinary = |place: usize| kinds[place].is_none();
        let effect = |day: SpecialDay| {
            let is = |place: usize| match day {
                SpecialDay::DayOfMonth(number) => ordinary(place) && daily.date(place).day() == number,
                day => kinds[place] == Some(day),
            };
            let places = (0..daily.len()).filter(|&at| is(at) && daily.observed[at]);
            let ratios = places.filter_map(|place| {
                let usual = daily.usual(place, &ordinary).filter(|usual| *usual > 0.0)?;
                Some((daily.values[place] / usual).max(LEAST).ln())
            });
            let (smallest, sure) = match day {
                SpecialDay::DayOfMonth(_) => (SMALLEST_BY_NUMBER, SURE_BY_NUMBER),
                _ => (SMALLEST, SURE),
            };
            let learned = learned(&ratios.collect::<Vec<f64>>(), smallest, sure);
            learned.map(|(factor, days)| Effect { day, factor, days })
        };
        let by_number = (1..=NUMBERS).map(SpecialDay::DayOfMonth);
        SpecialDay::BY_CALENDAR.into_iter().chain(by_number).filter_map(effect).collect()
    }

    /// What the effects make of each of some days in a row.
    pub(super) fn factors(&self, effects: &[Effect], first: NaiveDate, days: usize) -> Vec<f64> {
        let factor = |place: usize| {
            let date = after(first, place as u64);
            let kind = self.kind(date).unwrap_or(SpecialDay::DayOfMonth(date.day()));
            effects.iter().find(|effect| effect.day == kind).map_or(1.0, |effect| effect.factor)
        };
        if effects.is_empty() { vec![1.0; days] } else { (0..days).map(factor).collect() }
    }
}

/// The factor behind logarithms of ratios, drawn towards none where they are few, and on how many it rests; nothing
/// where it is small or could be chance.
fn learned(ratios: &[f64], smallest: f64, sure: f64) -> Option<(f64, usize)> {
    let count = ratios.len();
    if count < ENOUGH {
        return None;
    }
    let centre = mean(ratios.iter().copied());
    let squares: f64 = ratios.iter().map(|ratio| (ratio - centre).powi(2)).sum();
    let error = (squares / (count - 1) as f64 / count as f64).sqrt();
    let drawn = centre * count as f64 / (count + 1) as f64;
    (drawn.abs() > smallest.ln() && centre.abs() > sure * error).then(|| (drawn.exp(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn countries_are_codes_or_names() {
        for (code, name) in CODES {
            let country: Holidays = code.to_lowercase().parse().unwrap();
            assert_eq!(country.to_string(), name);
        }
        assert!("panama".parse::<Holidays>().is_ok());
        assert!(
            "Atlantis"
                .parse::<Holidays>()
                .unwrap_err()
                .to_string()
                .starts_with("'Atlantis' is not a country")
        );
    }

    #[test]
    fn a_day_is_special_by_its_country_and_its_place_in_the_month() {
        let italy = SpecialDays::new("IT".parse().ok(), date("2026-01-01"), date("2026-12-31"));
        let kinds = ["2026-08-15", "2026-05-01", "2026-05-04", "2026-05-29", "2026-05-31", "2026-10-14"];
        assert_eq!(
            kinds.map(|text| italy.kind(date(text))),
            [
                Some(SpecialDay::Holiday),
                Some(SpecialDay::Holiday),
                Some(SpecialDay::FirstWorkingDay),
                Some(SpecialDay::LastWorkingDay),
                None,
                None
            ]
        );
        let none = SpecialDays::default();
        assert_eq!(none.kind(date("2026-05-01")), Some(SpecialDay::FirstWorkingDay));
    }

    #[test]
    fn an_effect_is_learned_where_there_is_enough_of_it() {
        let days = SpecialDays::default();
        let first = date("2026-01-01");
        let value = |place: usize| {
            let kind = days.kind(after(first, place as u64));
            let noise = 1.0 + 0.05 * ((place * 7919 % 11) as f64 / 11.0 - 0.5);
            100.0 * noise * if kind == Some(SpecialDay::LastWorkingDay) { 3.0 } else { 1.0 }
        };
        let daily = Daily { first, values: (0..200).map(value).collect(), observed: vec![true; 200] };
        let effects = days.effects(&daily);
        assert_eq!(effects.len(), 1, "{effects:?}");
        assert_eq!((effects[0].day, effects[0].days), (SpecialDay::LastWorkingDay, 6));
        assert!((effects[0].factor - 2.6).abs() < 0.15, "{effects:?}");
        let short = Daily { first, values: daily.values[..50].to_vec(), observed: vec![true; 50] };
        assert!(days.effects(&short).is_empty());
        let factors = days.factors(&effects, date("2026-10-28"), 4);
        assert_eq!(factors.iter().filter(|factor| **factor > 2.0).count(), 1);
    }

    #[test]
    fn a_run_on_every_fifth_is_learned_and_one_of_chance_is_not() {
        let days = SpecialDays::default();
        let value = |place: usize, date: NaiveDate| {
            let noise = 1.0 + 0.3 * ((place * 7919 % 23) as f64 / 23.0 - 0.5);
            100.0 * noise * if date.day() == 5 { 10.0 } else { 1.0 }
        };
        let first = date("2026-01-01");
        let values = (0..200).map(|place| value(place, after(first, place as u64))).collect();
        let effects = days.effects(&Daily { first, values, observed: vec![true; 200] });
        assert_eq!(effects.iter().map(|effect| effect.day).collect::<Vec<_>>(), [SpecialDay::DayOfMonth(5)]);
        assert!((6.0..10.5).contains(&effects[0].factor), "{effects:?}");
    }
}
