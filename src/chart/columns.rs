//! Columns stacked by series, measured ones solid and forecast ones lighter; over them the limit and the sums.

use rust_decimal::Decimal;

use super::drawing::{Anchor, Drawing, FAN, INK, LIMIT, Lettering, lighter};
use super::fan::{self, Fan};
use super::figure::{Column, Columns, Figure, sum};
use super::fold::folded;
use super::frame::{Beside, Entry, Frame, HEIGHT, colours, entries, limit_label};
use super::lettering::width;
use super::outline::Face;
use super::scale::{Scale, Style, float};
use super::ticks::ticks;

/// The widest bar.
const WIDEST: f64 = 64.0;
/// The part of its place that a bar takes.
const SHARE: f64 = 0.72;
const SUM_SIZE: f64 = 12.0;

/// Draws columns.
pub(super) fn draw(figure: &Figure, plot: &Columns) -> Drawing {
    let plot = &folded(plot, &figure.words.other);
    let scale = scale(figure, plot);
    let legend = legend(figure, plot);
    let mut frame = Frame::new(figure, &scale.style.unit(), &legend, HEIGHT);
    if plot.columns.is_empty() {
        return frame.nothing(&figure.words.no_data);
    }
    let beside = beside(figure, plot, &scale, &frame);
    let room = if beside.width() > 0.0 { beside.width() + 14.0 } else { 0.0 };
    frame.grid(&scale, room);
    let places = Places::new(&frame, plot.columns.len());
    bars(&mut frame, plot, &scale, &places);
    let fan = Fan::of(plot, &frame, &scale, &places);
    fan.bands(&mut frame.drawing);
    frame.base(&scale);
    limit(&mut frame, plot, &scale);
    if !sums(&mut frame, plot, &scale, &places) {
        fan.expected(&mut frame.drawing);
    }
    let labels: Vec<_> = plot.columns.iter().map(|column| &column.label).collect();
    let ticks = ticks(&labels, places.pitch, &figure.words);
    frame.labels_below(&ticks, |index| places.middle(index));
    let (right, reach) = (frame.right + 14.0, (frame.top - 8.0, frame.bottom + 8.0));
    let mut drawing = frame.drawing;
    beside.draw(&mut drawing, right, reach);
    drawing
}

/// Where columns stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    left: f64,
    /// Pixels from column to column.
    pub(super) pitch: f64,
    /// Pixels across a bar.
    pub(super) bar: f64,
}

impl Places {
    #[expect(clippy::cast_precision_loss, reason = "a picture has not that many places")]
    fn new(frame: &Frame, count: usize) -> Places {
        let pitch = (frame.right - frame.left) / count.max(1) as f64;
        Places { left: frame.left, pitch, bar: (pitch * SHARE).min(WIDEST) }
    }

    #[expect(clippy::cast_precision_loss, reason = "a picture has not that many places")]
    pub(super) fn middle(&self, index: usize) -> f64 {
        self.left + (index as f64 + 0.5) * self.pitch
    }
}

/// An axis that holds all stacks, the limit, and of the bands what does not squeeze the rest.
fn scale(figure: &Figure, plot: &Columns) -> Scale {
    let parts = |column: &Column, keep: fn(&Decimal) -> bool| {
        float(sum(column.measured.iter().chain(&column.forecast).copied().filter(keep)))
    };
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for column in &plot.columns {
        low = low.min(parts(column, |part| part.is_sign_negative()));
        high = high.max(parts(column, |part| part.is_sign_positive()));
    }
    high = plot.budget.iter().fold(high, |high, budget| high.max(float(budget.amount)));
    low = plot.budget.iter().fold(low, |low, budget| low.min(float(budget.amount)));
    let (floor, ceiling) = (low - fan::REACH * (high - low), high + fan::REACH * (high - low));
    for band in plot.columns.iter().flat_map(|column| &column.bands) {
        high = high.max(float(band.high).min(ceiling));
        low = low.min(float(band.low).max(floor));
    }
    Scale::new(low, high, &figure.unit, &figure.words)
}

fn legend(figure: &Figure, plot: &Columns) -> Vec<Entry> {
    let mut legend = entries(&plot.series);
    let is_ahead = plot.columns.iter().any(Column::is_forecast);
    if let (true, Some(colour)) = (is_ahead, colours(&plot.series).first()) {
        legend.push((figure.words.forecast.clone(), lighter(*colour)));
    }
    legend.extend(fan::entries(plot, &figure.words));
    legend
}

/// The blocks of text to the right of the plot.
fn beside(figure: &Figure, plot: &Columns, scale: &Scale, frame: &Frame) -> Beside {
    let mut beside = Beside::default();
    // The height is known only roughly before the grid is drawn: the plot ends above its labels.
    let bottom = frame.bottom - 48.0;
    let down = |value: Decimal| bottom - scale.part(float(value)) * (bottom - frame.top);
    if let Some(budget) = &plot.budget {
        let label = Lettering::label((0.0, 0.0), limit_label(budget, &scale.style), SUM_SIZE);
        beside.add(down(budget.amount), vec![label.strong().coloured(LIMIT)]);
    }
    if let Some((about, lines)) = fan::end_labels(figure, plot, &scale.style) {
        beside.add(down(about), lines);
    }
    beside
}

fn bars(frame: &mut Frame, plot: &Columns, scale: &Scale, places: &Places) {
    let colours = colours(&plot.series);
    for (index, column) in plot.columns.iter().enumerate() {
        let (left, right) =
            (places.middle(index) - places.bar / 2.0, places.middle(index) + places.bar / 2.0);
        let measured = column.measured.iter().zip(colours.iter().copied());
        let ahead = column.forecast.iter().zip(colours.iter().map(|colour| lighter(*colour)));
        let (mut up, mut down) = (Decimal::ZERO, Decimal::ZERO);
        for (amount, colour) in measured.chain(ahead).filter(|(amount, _)| !amount.is_zero()) {
            let edge = if amount.is_sign_positive() { &mut up } else { &mut down };
            let from = frame.down(scale, float(*edge));
            *edge = edge.saturating_add(*amount);
            let to = frame.down(scale, float(*edge));
            frame.drawing.block((left, from.min(to)), (right, from.max(to)), colour);
        }
    }
}

fn limit(frame: &mut Frame, plot: &Columns, scale: &Scale) {
    if let Some(budget) = &plot.budget {
        let down = frame.down(scale, float(budget.amount));
        frame.drawing.dashes(&[(frame.left, down), (frame.right + 8.0, down)], 1.6, LIMIT);
    }
}

/// Writes the sums above the columns, where there is room for all of them; whether there is.
fn sums(frame: &mut Frame, plot: &Columns, scale: &Scale, places: &Places) -> bool {
    let totals: Vec<Decimal> = plot.columns.iter().map(Column::total).collect();
    let fits = |style: &Style| {
        let widest = totals.iter().map(|total| width(&style.amount(*total), SUM_SIZE, Face::Regular));
        widest.fold(0.0, f64::max) + 6.0 <= places.pitch
    };
    let Some(style) = [scale.style.clone(), scale.style.short()].into_iter().find(fits) else { return false };
    let limit = plot.budget.as_ref().map(|budget| frame.down(scale, float(budget.amount)));
    for (index, (column, total)) in plot.columns.iter().zip(totals).enumerate() {
        let parts = column.measured.iter().chain(&column.forecast).copied();
        let top = float(sum(parts.filter(Decimal::is_sign_positive)));
        let at = (places.middle(index), clear_of(limit, frame.down(scale, top) - 6.0));
        let label = Lettering::label(at, style.amount(total), SUM_SIZE).anchored(Anchor::Middle);
        let colour = if column.is_forecast() { FAN } else { INK };
        frame.drawing.text(label.coloured(colour));
    }
    true
}

/// The base line of a text, moved above the limit's line where that would cross it out.
fn clear_of(limit: Option<f64>, down: f64) -> f64 {
    match limit {
        Some(limit) if (down - SUM_SIZE..down + 4.0).contains(&limit) => limit - 4.0,
        _ => down,
    }
}
