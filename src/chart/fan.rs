//! The fan around forecast sums: bands, the expected line, and the labels at its end.

use rust_decimal::Decimal;

use super::columns::Places;
use super::drawing::{Drawing, FAN, INK, Lettering, Spot, mixed};
use super::figure::{Band, Column, Columns, Figure, Words};
use super::frame::{Entry, Frame};
use super::lettering::fitted;
use super::outline::Face;
use super::scale::{Scale, Style, float};

/// How far bands may stretch the axis, in heights of what else it holds.
pub(super) const REACH: f64 = 1.0;
/// The widest label at the end.
const ROOM: f64 = 210.0;
const SIZE: f64 = 12.0;
/// Of each band: where two overlap, the fan is darker.
const OPACITY: f64 = 0.14;

/// The fan in pixels.
#[derive(Debug, Default)]
pub(super) struct Fan {
    /// The polygons, the widest first.
    bands: Vec<Vec<Spot>>,
    expected: Vec<Spot>,
}

impl Fan {
    /// The fan of the columns that have bands, from the sum of the last measured one.
    pub(super) fn of(plot: &Columns, frame: &Frame, scale: &Scale, places: &Places) -> Fan {
        let ahead: Vec<(usize, &Column)> =
            plot.columns.iter().enumerate().filter(|(_, column)| !column.bands.is_empty()).collect();
        let (Some((first, _)), Some((last, _))) = (ahead.first(), ahead.last()) else {
            return Fan::default();
        };
        let start = first.checked_sub(1).and_then(|index| Some((index, plot.columns.get(index)?)));
        let levels = ahead.iter().map(|(_, column)| column.bands.len()).max().unwrap_or_default();
        // A path through the columns, from the last measured one (or the first edge) to the last edge.
        let path = |amount: &dyn Fn(&Column) -> Option<Decimal>| -> Vec<Spot> {
            let at = |across: f64, column: &Column| Some((across, frame.down(scale, float(amount(column)?))));
            let from = match start {
                Some((index, column)) => {
                    Some((places.middle(index), frame.down(scale, float(column.total()))))
                }
                None => ahead
                    .first()
                    .and_then(|(index, column)| at(places.middle(*index) - places.bar / 2.0, column)),
            };
            let through = ahead.iter().filter_map(|(index, column)| at(places.middle(*index), column));
            let to = ahead.last().and_then(|(_, column)| at(places.middle(*last) + places.bar / 2.0, column));
            from.into_iter().chain(through).chain(to).collect()
        };
        let band = |level: usize| {
            let mut edge = path(&|column| band_at(column, level).map(|band| band.high));
            edge.extend(path(&|column| band_at(column, level).map(|band| band.low)).into_iter().rev());
            edge
        };
        Fan { bands: (0..levels).map(band).collect(), expected: path(&|column| Some(column.total())) }
    }

    pub(super) fn bands(&self, drawing: &mut Drawing) {
        for edge in &self.bands {
            drawing.area(edge.clone(), FAN, OPACITY);
        }
    }

    pub(super) fn expected(&self, drawing: &mut Drawing) {
        drawing.dashes(&self.expected, 1.8, FAN);
    }
}

/// The bands for the legend, the narrowest first, in the colours that they have over the background.
pub(super) fn entries(plot: &Columns, words: &Words) -> Vec<Entry> {
    let Some(column) = plot.columns.iter().find(|column| !column.bands.is_empty()) else { return Vec::new() };
    let mut levels: Vec<Decimal> = column.bands.iter().map(|band| band.level).collect();
    levels.sort();
    let entry = |(place, level): (usize, &Decimal)| {
        let left = (place..levels.len()).fold(1.0, |left, _| left * (1.0 - OPACITY));
        (words.level(*level), mixed(FAN, left))
    };
    levels.iter().enumerate().map(entry).collect()
}

fn band_at(column: &Column, level: usize) -> Option<Band> {
    column.bands.get(level).copied()
}

/// What stands at the end of the fan: the expected sum, each band, the caller's remarks; and about which amount.
pub(super) fn end_labels(
    figure: &Figure,
    plot: &Columns,
    style: &Style,
) -> Option<(Decimal, Vec<Lettering>)> {
    let last = plot.columns.iter().rev().find(|column| column.is_forecast());
    let label = |text: &str, face: Face| {
        let label = Lettering::label((0.0, 0.0), fitted(text, SIZE, face, ROOM), SIZE);
        if face == Face::Strong { label.strong() } else { label }
    };
    let mut lines = Vec::new();
    if let Some(column) = last.filter(|column| !column.bands.is_empty()) {
        let expected = format!("{} {}", figure.words.expected, style.amount(column.total()));
        lines.push(label(&expected, Face::Strong));
        let mut bands = column.bands.clone();
        bands.sort_by_key(|band| band.level);
        for band in bands {
            let (low, high) = (style.amount(band.low), style.amount(band.high));
            lines.push(label(&format!("{}: {low} – {high}", figure.words.level(band.level)), Face::Regular));
        }
    }
    lines.extend(plot.remarks.iter().map(|remark| label(remark, Face::Regular).coloured(INK)));
    let about = last.or(plot.columns.last()).map_or(Decimal::ZERO, Column::total);
    (!lines.is_empty()).then_some((about, lines))
}
