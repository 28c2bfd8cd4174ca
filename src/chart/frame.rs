//! What every picture has around its plot: title, line of figures, legend, unit, notes; and the grid.

use super::drawing::{
    Anchor, BACKGROUND, BASE, Colour, Drawing, GRID, INK, Lettering, OTHER, QUIET, SERIES, Spot,
};
use super::figure::{Figure, Limit, Series};
use super::lettering::{clean, fitted, width, wrapped};
use super::outline::Face;
use super::scale::{Scale, Style};
use super::ticks::{self, Tick};

/// Pixels from side to side.
pub(super) const WIDTH: f64 = 1_000.0;
/// Pixels from top to bottom of a picture with axes.
pub(super) const HEIGHT: f64 = 560.0;
pub(super) const MARGIN: f64 = 32.0;
const TITLE: f64 = 22.0;
const LABEL: f64 = 13.0;
const NOTE: f64 = 11.0;
/// Lines that a note takes at most.
const NOTE_LINES: usize = 3;
/// The widest name in the legend.
const NAME_ROOM: f64 = 220.0;
/// Room below the plot for two lines of labels.
const BELOW: f64 = 48.0;

/// A picture with its edges done and the place that is left for the plot.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) drawing: Drawing,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// An entry of the legend.
pub(super) type Entry = (String, Colour);

impl Frame {
    /// Draws the edges of a picture of some height.
    pub(super) fn new(figure: &Figure, unit: &str, legend: &[Entry], height: f64) -> Frame {
        let title = clean(&figure.title);
        let mut drawing = Drawing { width: WIDTH, height, shapes: Vec::new(), title };
        drawing.block((0.0, 0.0), (WIDTH, height), BACKGROUND);
        let room = WIDTH - 2.0 * MARGIN;
        let text = fitted(&figure.title, TITLE, Face::Strong, room);
        drawing.text(Lettering::label((MARGIN, 44.0), text, TITLE).strong());
        let mut down = 44.0;
        if !figure.subtitle.trim().is_empty() {
            down += 24.0;
            let text = fitted(&figure.subtitle, 14.0, Face::Regular, room);
            drawing.text(Lettering::label((MARGIN, down), text, 14.0));
        }
        if !legend.is_empty() {
            down = draw_legend(&mut drawing, legend, down + 30.0);
        }
        let unit = fitted(unit, 12.0, Face::Regular, room);
        if !unit.is_empty() {
            down += 30.0;
            drawing.text(Lettering::label((MARGIN, down), unit, 12.0));
        }
        let bottom = draw_notes(&mut drawing, &figure.notes, height);
        Frame { drawing, left: MARGIN, top: down + 16.0, right: WIDTH - MARGIN, bottom }
    }

    /// Draws the grid of an axis with its labels on the left, and makes room for them and for labels below.
    pub(super) fn grid(&mut self, scale: &Scale, right: f64) {
        self.bottom -= BELOW;
        self.right -= right;
        let labels: Vec<String> = scale.ticks.iter().map(|tick| scale.style.tick(*tick)).collect();
        let widths = labels.iter().map(|label| width(label, LABEL - 1.0, Face::Regular));
        self.left += widths.fold(0.0, f64::max) + 10.0;
        for (tick, label) in scale.ticks.iter().zip(labels) {
            let down = self.down(scale, *tick);
            let colour = if *tick == 0.0 { BASE } else { GRID };
            self.drawing.line(vec![(self.left, down), (self.right, down)], 1.0, colour);
            let at = (self.left - 10.0, down + 4.3);
            self.drawing.text(Lettering::label(at, label, LABEL - 1.0).anchored(Anchor::End));
        }
    }

    /// The line at zero again, over what stands on it.
    pub(super) fn base(&mut self, scale: &Scale) {
        let down = self.down(scale, 0.0);
        self.drawing.line(vec![(self.left, down), (self.right, down)], 1.0, BASE);
    }

    /// How far down a value lies.
    pub(super) fn down(&self, scale: &Scale, value: f64) -> f64 {
        self.bottom - scale.part(value) * (self.bottom - self.top)
    }

    /// Labels below the plot; `across` says where a place lies.
    pub(super) fn labels_below(&mut self, ticks: &[Tick], across: impl Fn(usize) -> f64) {
        // Where the last label of each line ends: one that the edge pushes onto it is left out.
        let mut ends = [f64::MIN; 2];
        for tick in ticks {
            for (end, (line, text)) in ends.iter_mut().zip([(18.0, &tick.upper), (34.0, &tick.lower)]) {
                let half = width(text, ticks::SIZE, Face::Regular) / 2.0;
                let middle = across(tick.index).max(MARGIN / 2.0 + half).min(WIDTH - MARGIN / 2.0 - half);
                if text.is_empty() || middle - half < *end + 3.0 {
                    continue;
                }
                *end = middle + half;
                let at = (middle, self.bottom + line);
                let label = Lettering::label(at, text.clone(), ticks::SIZE).anchored(Anchor::Middle);
                self.drawing.text(label);
            }
        }
    }

    /// In place of a picture of nothing.
    pub(super) fn nothing(mut self, words: &str) -> Drawing {
        let middle = (WIDTH / 2.0, (self.top + self.bottom) / 2.0);
        let text = fitted(words, 16.0, Face::Regular, WIDTH - 2.0 * MARGIN);
        self.drawing.text(Lettering::label(middle, text, 16.0).anchored(Anchor::Middle));
        self.drawing
    }
}

/// A limit with its amount: `Budget 300.00`.
pub(super) fn limit_label(limit: &Limit, style: &Style) -> String {
    let amount = style.amount(limit.amount);
    let label = fitted(&limit.label, LABEL, Face::Strong, 150.0);
    format!("{label} {amount}").trim().to_owned()
}

/// The colours of series in their order; the others are grey.
pub(super) fn colours(series: &[Series]) -> Vec<Colour> {
    let mut own = SERIES.iter().copied();
    series.iter().map(|one| if one.is_other { OTHER } else { own.next().unwrap_or(OTHER) }).collect()
}

/// Names with their colours; a series without a name needs none.
pub(super) fn entries(series: &[Series]) -> Vec<Entry> {
    let entries = series.iter().map(|one| one.name.clone()).zip(colours(series));
    entries.filter(|(name, _)| !name.trim().is_empty()).collect()
}

/// Squares with names, in as many rows as they need; gives the base line of the last.
fn draw_legend(drawing: &mut Drawing, legend: &[Entry], first: f64) -> f64 {
    let (mut across, mut down) = (MARGIN, first);
    for (name, colour) in legend {
        let name = fitted(name, LABEL, Face::Regular, NAME_ROOM);
        let needed = 18.0 + width(&name, LABEL, Face::Regular);
        if across > MARGIN && across + needed > WIDTH - MARGIN {
            (across, down) = (MARGIN, down + 22.0);
        }
        drawing.block((across, down - 10.5), (across + 12.0, down + 1.5), *colour);
        drawing.text(Lettering::label((across + 18.0, down), name, LABEL).coloured(INK));
        across += needed + 22.0;
    }
    down
}

/// Notes at the foot; gives where they begin.
fn draw_notes(drawing: &mut Drawing, notes: &[String], height: f64) -> f64 {
    let wrap = |note: &String| wrapped(note, NOTE, WIDTH - 2.0 * MARGIN, NOTE_LINES);
    let mut lines: Vec<String> = notes.iter().flat_map(wrap).collect();
    // However much there is to say, the plot keeps its room.
    lines.truncate(2 * NOTE_LINES);
    let mut down = height - 22.0;
    for line in lines.into_iter().rev() {
        drawing.text(Lettering::label((MARGIN, down), line, NOTE).coloured(QUIET));
        down -= 16.0;
    }
    down
}

/// Blocks of lines beside the plot, each near the height that it is about, none over another.
#[derive(Debug, Default)]
pub(super) struct Beside {
    blocks: Vec<(f64, Vec<Lettering>)>,
}

/// Pixels from line to line of a block.
const LINE: f64 = 17.0;

impl Beside {
    /// Adds a block about a height.
    pub(super) fn add(&mut self, about: f64, lines: Vec<Lettering>) {
        if !lines.is_empty() {
            self.blocks.push((about, lines));
        }
    }

    /// The room that the blocks take across.
    pub(super) fn width(&self) -> f64 {
        let lines = self.blocks.iter().flat_map(|(_, lines)| lines);
        let widths = lines.map(|line| width(&line.text, line.size, line.face));
        widths.fold(0.0, f64::max)
    }

    /// Draws the blocks at a place across, between two heights.
    pub(super) fn draw(mut self, drawing: &mut Drawing, across: f64, (top, bottom): Spot) {
        self.blocks.sort_by(|a, b| a.0.total_cmp(&b.0));
        #[expect(clippy::cast_precision_loss, reason = "a block has few lines")]
        let heights: Vec<f64> = self.blocks.iter().map(|(_, lines)| lines.len() as f64 * LINE).collect();
        let mut tops: Vec<f64> = Vec::new();
        let mut free = top;
        for ((about, _), height) in self.blocks.iter().zip(&heights) {
            let at = (about - height / 2.0).max(free);
            free = at + height + 6.0;
            tops.push(at);
        }
        // What was pushed out below goes back up.
        let mut limit = bottom;
        for (at, height) in tops.iter_mut().zip(&heights).rev() {
            *at = at.min(limit - height).max(top);
            limit = *at - 6.0;
        }
        for ((_, lines), at) in self.blocks.into_iter().zip(tops) {
            let mut down = at + LINE * 0.76;
            for line in lines {
                drawing.text(Lettering { at: (across, down), ..line });
                down += LINE;
            }
        }
    }
}
