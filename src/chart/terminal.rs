//! A figure in characters, to stand beside a table: a bar a row, or a row of heights where there are many.
//!
//! Blocks where the terminal shows Unicode, plain ASCII elsewhere; colours only where asked for. Credits have an
//! amount and no bar.

use rust_decimal::Decimal;

use super::figure::{Bar, Column, Columns, Figure, Lines, Plot, Ranking, sum};
use super::fold::Fold;
use super::lettering::{clean, is_wide};
use super::ranking::folded;
use super::scale::{Style, float};
use super::ticks::written;

/// Columns of a figure up to which each has a row of its own.
const MOST_ROWS: usize = 40;
/// The least characters of a bar: in a narrower terminal lines are longer than it is.
const LEAST_BAR: usize = 10;

/// What characters are shown on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Characters from side to side.
    pub width: usize,
    /// Whether blocks can be shown; otherwise plain ASCII is written.
    pub unicode: bool,
    /// Whether colour codes are written.
    pub colour: bool,
}

/// What a character of a bar stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    Measured,
    Forecast,
    /// Within the widest band, up to the expected sum.
    Likely,
    /// Within the widest band, beyond it.
    Possible,
    Limit,
    Blank,
}

/// A row: its label, what its bar is made of, and what stands behind it.
struct Row {
    label: String,
    measured: f64,
    expected: f64,
    band: Option<(f64, f64)>,
    amount: String,
    /// What else there is to say, behind the amount.
    remark: String,
}

/// Draws a figure in characters, without its title: lines that end with a line feed.
pub fn terminal(figure: &Figure, screen: Screen) -> String {
    let is_empty = match &figure.plot {
        Plot::Columns(plot) => plot.columns.is_empty(),
        Plot::Ranking(plot) => plot.bars.is_empty(),
        Plot::Lines(plot) => plot.points.is_empty(),
    };
    if is_empty {
        return screen.spelled(figure.words.no_data.clone() + "\n");
    }
    match &figure.plot {
        Plot::Columns(plot) if plot.columns.len() <= MOST_ROWS => columns(figure, plot, screen),
        Plot::Columns(plot) => {
            let totals = plot.columns.iter().map(Column::total).collect();
            let ends = ends(figure, plot.columns.iter().map(|column| &column.label));
            heights(figure, &[(figure.unit.name.clone(), totals)], &ends, screen)
        }
        Plot::Ranking(plot) => ranking(figure, plot, screen),
        Plot::Lines(plot) => lines(figure, plot, screen),
    }
}

fn columns(figure: &Figure, plot: &Columns, screen: Screen) -> String {
    let amounts = plot
        .columns
        .iter()
        .flat_map(|column| column.bands.iter().map(|band| band.high).chain([column.total()]));
    let limit = plot.budget.as_ref().map(|budget| budget.amount);
    let largest = amounts.chain(limit).map(float).fold(0.0, f64::max);
    let style = Style::new(largest, &figure.unit, &figure.words);
    let row = |column: &Column| {
        let band = column.bands.iter().max_by_key(|band| band.level);
        let range = band.map(|band| {
            format!(
                " ({}: {} – {})",
                figure.words.level(band.level),
                style.amount(band.low),
                style.amount(band.high)
            )
        });
        Row {
            label: written(&column.label, &figure.words),
            measured: float(sum(column.measured.iter().copied())),
            expected: float(column.total()),
            band: band.map(|band| (float(band.low), float(band.high))),
            amount: style.amount(column.total()),
            remark: range.unwrap_or_default(),
        }
    };
    let rows: Vec<Row> = plot.columns.iter().map(row).collect();
    let text = bars(&rows, largest, limit.map(float), screen) + &key(figure, plot, &style, screen);
    screen.spelled(text)
}

/// What the signs stand for, and the unit.
fn key(figure: &Figure, plot: &Columns, style: &Style, screen: Screen) -> String {
    let mut key = Vec::new();
    if plot.columns.iter().any(Column::is_forecast) {
        key.push(format!("{} {}", screen.plain(Mark::Forecast), figure.words.forecast));
    }
    let levels = plot.columns.iter().flat_map(|column| &column.bands).map(|band| band.level);
    if let Some(level) = levels.max() {
        let (likely, possible) = (screen.plain(Mark::Likely), screen.plain(Mark::Possible));
        key.push(format!("{likely}{possible} {}", figure.words.level(level)));
    }
    if let Some(budget) = &plot.budget {
        let label = clean(&budget.label);
        key.push(format!("{} {label} {}", screen.plain(Mark::Limit), style.amount(budget.amount)));
    }
    key.push(style.unit());
    key.join("   ") + "\n"
}

fn ranking(figure: &Figure, plot: &Ranking, screen: Screen) -> String {
    let shown = folded(&plot.bars, &figure.words.other);
    let largest = shown.iter().map(|bar| float(bar.amount)).fold(0.0, f64::max);
    let style = Style::new(largest, &figure.unit, &figure.words);
    let row = |bar: &Bar| Row {
        label: bar.label.clone(),
        measured: float(bar.amount),
        expected: float(bar.amount),
        band: None,
        amount: style.amount(bar.amount),
        remark: String::new(),
    };
    let rows: Vec<Row> = shown.iter().map(row).collect();
    let text = bars(&rows, largest, None, screen) + &style.unit() + "\n";
    screen.spelled(text)
}

fn lines(figure: &Figure, plot: &Lines, screen: Screen) -> String {
    let rows: Vec<&[Decimal]> = plot.points.iter().map(|point| point.amounts.as_slice()).collect();
    let fold = Fold::new(&plot.series, &rows, &figure.words.other);
    let rows: Vec<Vec<Decimal>> = rows.iter().map(|row| fold.amounts(row)).collect();
    let amounts = |place: usize| rows.iter().filter_map(|row| row.get(place)).copied().collect();
    let series: Vec<(String, Vec<Decimal>)> =
        fold.series.iter().enumerate().map(|(place, one)| (one.name.clone(), amounts(place))).collect();
    let ends = ends(figure, plot.points.iter().map(|point| &point.label));
    heights(figure, &series, &ends, screen)
}

/// The first and the last label.
fn ends<'a>(figure: &Figure, labels: impl Iterator<Item = &'a super::Label>) -> (String, String) {
    let labels: Vec<&super::Label> = labels.collect();
    let shown =
        |label: Option<&&super::Label>| label.map_or(String::new(), |label| written(label, &figure.words));
    (shown(labels.first()), shown(labels.last()))
}

/// Rows of bars to one scale.
fn bars(rows: &[Row], largest: f64, limit: Option<f64>, screen: Screen) -> String {
    let labels = rows.iter().map(|row| columns_of(&clean(&row.label))).max().unwrap_or_default();
    let labels = labels.min(screen.width / 3).max(1);
    let amounts = rows.iter().map(|row| columns_of(&row.amount)).max().unwrap_or_default();
    let remarks = rows.iter().map(|row| columns_of(&row.remark)).max().unwrap_or_default();
    let room = screen.width.saturating_sub(labels + amounts + remarks + 2).max(LEAST_BAR);
    let mut out = String::new();
    for row in rows {
        let bar = screen.bar(&marks(row, largest, limit, room));
        let blank = " ".repeat(amounts.saturating_sub(columns_of(&row.amount)));
        let label = padded(&clean(&row.label), labels);
        out.push_str(&format!("{label} {bar} {blank}{}{}\n", row.amount, row.remark));
    }
    out
}

/// What stands at each place of a bar.
fn marks(row: &Row, largest: f64, limit: Option<f64>, room: usize) -> Vec<Mark> {
    let place = |value: f64| place(value, largest, room);
    let (measured, expected) = (place(row.measured), place(row.expected));
    let band = row.band.map(|(low, high)| (place(low), place(high)));
    let limit = limit.map(|limit| place(limit).min(room.saturating_sub(1)));
    let mark = |at: usize| match band {
        _ if at < measured => Mark::Measured,
        _ if limit == Some(at) => Mark::Limit,
        Some((low, _)) if at < expected && at >= low => Mark::Likely,
        _ if at < expected => Mark::Forecast,
        Some((_, high)) if at < high => Mark::Possible,
        _ => Mark::Blank,
    };
    (0..room).map(mark).collect()
}

/// How many of the places a value fills.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "held between 0 and the room, which is that of a terminal"
)]
fn place(value: f64, largest: f64, room: usize) -> usize {
    let part = if largest > 0.0 { (value / largest).clamp(0.0, 1.0) } else { 0.0 };
    (part * room as f64).round() as usize
}

/// Rows of heights: the largest amount of each place, and the peak behind them.
fn heights(
    figure: &Figure,
    series: &[(String, Vec<Decimal>)],
    ends: &(String, String),
    screen: Screen,
) -> String {
    let largest = series.iter().flat_map(|(_, amounts)| amounts).copied().map(float).fold(0.0, f64::max);
    let style = Style::new(largest, &figure.unit, &figure.words);
    let peak = |amounts: &[Decimal]| style.amount(amounts.iter().copied().max().unwrap_or_default());
    let labels = series.iter().map(|(name, _)| columns_of(&clean(name))).max().unwrap_or_default();
    let labels = labels.min(screen.width / 3).max(1);
    let texts = series.iter().map(|(_, amounts)| columns_of(&peak(amounts))).max().unwrap_or_default();
    let room = screen.width.saturating_sub(labels + texts + 4).max(LEAST_BAR);
    let mut out = String::new();
    for (name, amounts) in series {
        let levels = screen.levels();
        let chunk = amounts.len().div_ceil(room).max(1);
        let highest = |amounts: &[Decimal]| amounts.iter().copied().map(float).fold(0.0, f64::max);
        let level = |amounts: &[Decimal]| {
            let highest = highest(amounts);
            // However little it is, it is not nothing.
            let least = usize::from(highest > 0.0);
            levels.get(place(highest, largest, levels.len() - 1).max(least)).copied().unwrap_or(' ')
        };
        let shown: String = amounts.chunks(chunk).map(level).collect();
        out.push_str(&format!(
            "{} {} ",
            padded(&clean(name), labels),
            screen.painted(&shown, Mark::Measured)
        ));
        out.push_str(&format!("{} {}\n", screen.up(), peak(amounts)));
    }
    let span = if ends.0 == ends.1 { ends.0.clone() } else { format!("{} – {}", ends.0, ends.1) };
    out.push_str(&format!("{} {}   {}\n", " ".repeat(labels), clean(&span), style.unit()));
    screen.spelled(out)
}

impl Screen {
    fn plain(self, mark: Mark) -> char {
        let (block, ascii) = match mark {
            Mark::Measured => ('█', '#'),
            Mark::Forecast => ('▓', '='),
            Mark::Likely => ('▒', '+'),
            Mark::Possible => ('░', '-'),
            Mark::Limit => ('│', '|'),
            Mark::Blank => (' ', ' '),
        };
        if self.unicode { block } else { ascii }
    }

    /// The signs of heights, the lowest first.
    fn levels(self) -> &'static [char] {
        if self.unicode {
            &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
        } else {
            &[' ', '.', ':', '-', '=', '+', '*', '#', '@']
        }
    }

    fn up(self) -> char {
        if self.unicode { '↑' } else { '^' }
    }

    fn bar(self, marks: &[Mark]) -> String {
        let run = |run: &[Mark]| {
            let mark = run.first().copied().unwrap_or(Mark::Blank);
            self.painted(&self.plain(mark).to_string().repeat(run.len()), mark)
        };
        marks.chunk_by(|a, b| a == b).map(run).collect()
    }

    /// A text in the colour of a mark, where colours are asked for.
    fn painted(self, text: &str, mark: Mark) -> String {
        let code = match mark {
            Mark::Measured => 34,
            Mark::Forecast | Mark::Likely => 36,
            Mark::Possible => 90,
            Mark::Limit => 31,
            Mark::Blank => return text.to_owned(),
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A text in ASCII where nothing else can be shown.
    fn spelled(self, text: String) -> String {
        let ascii = |c: char| match c {
            '−' | '–' => '-',
            '…' => '.',
            c if c.is_ascii() => c,
            _ => '?',
        };
        let wide = |c: char| if is_wide(c) { "??".to_owned() } else { ascii(c).to_string() };
        if self.unicode { text } else { text.chars().map(wide).collect() }
    }
}

/// The columns of a terminal that a text takes.
fn columns_of(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// A text of exactly some columns: filled up, or cut.
fn padded(text: &str, columns: usize) -> String {
    let mut kept = String::new();
    let is_cut = columns_of(text) > columns;
    let room = if is_cut { columns.saturating_sub(1) } else { columns };
    let mut taken = 0;
    for c in text.chars() {
        let wide = if is_wide(c) { 2 } else { 1 };
        if taken + wide > room {
            break;
        }
        taken += wide;
        kept.push(c);
    }
    if is_cut {
        kept.push('…');
        taken += 1;
    }
    kept + &" ".repeat(columns.saturating_sub(taken))
}
