//! Figures as data: what a picture shows, in exact decimals, without a word on how it is drawn.
//!
//! Callers fill a [`Figure`]; [`svg`](super::svg()), [`png`](super::png) and [`terminal`](super::terminal()) draw it.
//! What the amounts mean is left to the layers that compute them.

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

use crate::money::Currency;
use crate::period::Month;

/// A picture: its words, its unit and what it plots.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// The subject, such as `Cost of application mail`.
    pub title: String,
    /// One line of figures below the title, or empty.
    pub subtitle: String,
    /// What the amounts are of.
    pub unit: Unit,
    /// What is shown.
    pub plot: Plot,
    /// Lines at the foot, such as the price list and its date.
    pub notes: Vec<String>,
    /// The words and signs of the reader's language.
    pub words: Words,
}

impl Figure {
    /// A figure in English without subtitle and notes.
    pub fn new(title: impl Into<String>, unit: Unit, plot: Plot) -> Figure {
        Figure {
            title: title.into(),
            subtitle: String::new(),
            unit,
            plot,
            notes: Vec::new(),
            words: Words::default(),
        }
    }
}

/// What amounts are of, as it stands at the axis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// A currency code or a noun, such as `EUR` or `recipients`.
    pub name: String,
    /// Decimals that an amount is shown with at most.
    pub decimals: u32,
}

impl Unit {
    /// Amounts of a currency, with its decimals.
    pub fn currency(currency: Currency) -> Unit {
        Unit { name: currency.code().to_owned(), decimals: currency.decimals() }
    }

    /// Whole things.
    pub fn count(name: impl Into<String>) -> Unit {
        Unit { name: name.into(), decimals: 0 }
    }
}

/// What a figure shows.
#[derive(Clone, PartialEq, Debug)]
pub enum Plot {
    /// Columns over time or category, stacked by series.
    Columns(Columns),
    /// Horizontal bars, the first on top.
    Ranking(Ranking),
    /// Lines over time: for many points.
    Lines(Lines),
}

/// Columns over time or category, stacked by series.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Columns {
    /// The parts of every column, the lowest first. More than five beside [`Series::other`] are drawn as one.
    pub series: Vec<Series>,
    /// The columns from left to right.
    pub columns: Vec<Column>,
    /// A horizontal line with its label.
    pub budget: Option<Limit>,
    /// Lines beside the end of the fan, such as `12 % chance above budget`.
    pub remarks: Vec<String>,
}

/// A column. Both lists have one amount per series; a missing one is zero.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Where it stands.
    pub label: Label,
    /// What was measured, drawn solid.
    pub measured: Vec<Decimal>,
    /// What is forecast, drawn lighter on top of what was measured.
    pub forecast: Vec<Decimal>,
    /// The prediction intervals of the column's total, those of all columns at the same levels in the same order.
    pub bands: Vec<Band>,
}

impl Column {
    /// A column of measured amounts.
    pub fn measured(label: Label, amounts: Vec<Decimal>) -> Column {
        Column { label, measured: amounts, forecast: Vec::new(), bands: Vec::new() }
    }

    /// A column that is still to come.
    pub fn forecast(label: Label, amounts: Vec<Decimal>, bands: Vec<Band>) -> Column {
        Column { label, measured: Vec::new(), forecast: amounts, bands }
    }

    /// The sum of its parts; an amount that does not fit a decimal counts as the largest that does.
    pub fn total(&self) -> Decimal {
        sum(self.measured.iter().chain(&self.forecast).copied())
    }

    /// Whether anything of it is still to come.
    pub fn is_forecast(&self) -> bool {
        !self.forecast.is_empty()
    }
}

/// A prediction interval of a column's total.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Band {
    /// The share of outcomes that it is meant to hold, in per cent.
    pub level: Decimal,
    /// Its lower end.
    pub low: Decimal,
    /// Its upper end.
    pub high: Decimal,
}

/// A horizontal line.
#[derive(Clone, PartialEq, Debug)]
pub struct Limit {
    /// Where it lies.
    pub amount: Decimal,
    /// What it is, such as `Budget`; the amount is added.
    pub label: String,
}

/// Horizontal bars in the order in which they are given.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ranking {
    /// The bars from the top down.
    pub bars: Vec<Bar>,
    /// The whole that the bars are shares of; no shares are shown without one, or with credits among the bars.
    pub total: Option<Decimal>,
}

/// A bar of a ranking.
#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    /// Whose it is.
    pub label: String,
    /// How much.
    pub amount: Decimal,
    /// Whether it is all others together, drawn grey.
    pub is_other: bool,
}

/// Lines over time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lines {
    /// The lines. More than five beside [`Series::other`] are drawn as one, their sum.
    pub series: Vec<Series>,
    /// The points from left to right, evenly spaced.
    pub points: Vec<Point>,
    /// A horizontal line with its label.
    pub budget: Option<Limit>,
}

/// The amounts of all lines at one place; a missing one is zero.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    /// Where it stands.
    pub label: Label,
    /// One amount per series.
    pub amounts: Vec<Decimal>,
}

/// A part of a stack, or a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Series {
    /// The name in the legend; without one it is not in there.
    pub name: String,
    /// Whether it is all others together, drawn grey.
    pub is_other: bool,
}

impl Series {
    /// A series of its own.
    pub fn new(name: impl Into<String>) -> Series {
        Series { name: name.into(), is_other: false }
    }

    /// All others together.
    pub fn other(name: impl Into<String>) -> Series {
        Series { name: name.into(), is_other: true }
    }
}

/// Series that are drawn in a colour of their own; of more, the largest.
pub const MOST_SERIES: usize = 5;

/// Where a column or a point stands on the horizontal axis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Label {
    /// A category.
    Text(String),
    /// A month.
    Month(Month),
    /// A day.
    Day(NaiveDate),
    /// The hour that begins then, in the display zone.
    Hour(NaiveDateTime),
}

/// Words and signs of the reader's language; English by default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// Between groups of three digits.
    pub thousands: String,
    /// Before the decimals.
    pub decimal: String,
    /// Behind a number of hundredths, with a blank before it where the language has one.
    pub percent: String,
    /// The months, shortened.
    pub months: [String; 12],
    /// Names of a thousand thousands, and of a thousand and a million times as many.
    pub scales: [String; 3],
    /// All series or bars that are not drawn by themselves.
    pub other: String,
    /// What is still to come.
    pub forecast: String,
    /// The mean of what may come.
    pub expected: String,
    /// In place of a picture of nothing.
    pub no_data: String,
}

impl Default for Words {
    fn default() -> Words {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        Words {
            thousands: ",".to_owned(),
            decimal: ".".to_owned(),
            percent: "%".to_owned(),
            months: months.map(str::to_owned),
            scales: ["million", "billion", "trillion"].map(str::to_owned),
            other: "other".to_owned(),
            forecast: "forecast".to_owned(),
            expected: "expected".to_owned(),
            no_data: "Nothing to show".to_owned(),
        }
    }
}

impl Words {
    /// A level in per cent: `80%`.
    pub(super) fn level(&self, level: Decimal) -> String {
        format!("{}{}", level.normalize(), self.percent)
    }
}

/// The sum of amounts, held within what a decimal can hold.
pub(super) fn sum(amounts: impl Iterator<Item = Decimal>) -> Decimal {
    amounts.fold(Decimal::ZERO, Decimal::saturating_add)
}
