//! Horizontal bars, the first on top, each with its amount and its share of the whole.

use rust_decimal::Decimal;

use super::drawing::{Anchor, BASE, Drawing, INK, Lettering, OTHER, QUIET, SERIES};
use super::figure::{Bar, Figure, Ranking, Words, sum};
use super::frame::{Frame, HEIGHT, MARGIN, WIDTH};
use super::lettering::{fitted, width};
use super::outline::Face;
use super::scale::{Style, float};

/// Bars that are drawn by themselves at most.
const MOST_BARS: usize = 20;
/// The widest label.
const LABEL_ROOM: f64 = 300.0;
const SIZE: f64 = 13.0;
/// Pixels from bar to bar.
const ROW: f64 = 30.0;

/// Draws a ranking.
pub(super) fn draw(figure: &Figure, plot: &Ranking) -> Drawing {
    let bars = folded(&plot.bars, &figure.words.other);
    let largest = bars.iter().map(|bar| float(bar.amount).abs()).fold(0.0, f64::max);
    let style = Style::new(largest, &figure.unit, &figure.words);
    if bars.is_empty() {
        return Frame::new(figure, &style.unit(), &[], HEIGHT).nothing(&figure.words.no_data);
    }
    // What the frame takes is known from one of any height.
    let probe = Frame::new(figure, &style.unit(), &[], HEIGHT);
    let around = HEIGHT - (probe.bottom - probe.top);
    #[expect(clippy::cast_precision_loss, reason = "there are at most 21 bars")]
    let mut frame = Frame::new(figure, &style.unit(), &[], around + 16.0 + bars.len() as f64 * ROW);
    // With credits among them the parts are more than the whole.
    let has_credit = bars.iter().any(|bar| bar.amount < Decimal::ZERO);
    let total = plot.total.filter(|_| !has_credit);
    let share = |bar: &Bar| share(bar.amount, total, &style, &figure.words);
    let texts: Vec<(String, String)> =
        bars.iter().map(|bar| (style.amount(bar.amount), share(bar))).collect();
    let layout = Layout::new(&bars, &texts);
    let mut top = frame.top + 4.0;
    for (bar, text) in bars.iter().zip(&texts) {
        layout.draw(&mut frame.drawing, bar, text, top);
        top += ROW;
    }
    frame.drawing.line(vec![(layout.zero, frame.top), (layout.zero, top)], 1.0, BASE);
    frame.drawing
}

/// The bars that are drawn: those beyond the most become one.
pub(super) fn folded(bars: &[Bar], other: &str) -> Vec<Bar> {
    let Some((kept, rest)) = bars.split_at_checked(MOST_BARS).filter(|(_, rest)| rest.len() > 1) else {
        return bars.to_vec();
    };
    let rest = Bar {
        label: format!("{other} ({})", rest.len()),
        amount: sum(rest.iter().map(|bar| bar.amount)),
        is_other: true,
    };
    kept.iter().cloned().chain([rest]).collect()
}

/// A share of the whole in per cent; nothing where there is no whole to be a share of.
fn share(amount: Decimal, total: Option<Decimal>, style: &Style, words: &Words) -> String {
    let share = total
        .filter(|total| *total > Decimal::ZERO)
        .and_then(|total| amount.checked_div(total)?.checked_mul(Decimal::ONE_HUNDRED));
    share.map_or(String::new(), |share| style.share(share) + &words.percent)
}

/// Where the parts of all rows stand.
struct Layout {
    zero: f64,
    /// Pixels per unit.
    factor: f64,
    /// Where the shares end.
    shares: f64,
}

impl Layout {
    fn new(bars: &[Bar], texts: &[(String, String)]) -> Layout {
        let widest = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| width(text, SIZE, Face::Regular)).fold(0.0, f64::max)
        };
        let labels = widest(&mut bars.iter().map(|bar| bar.label.as_str())).min(LABEL_ROOM);
        let amounts = widest(&mut texts.iter().map(|(amount, _)| amount.as_str())) + 10.0;
        let shares = widest(&mut texts.iter().map(|(_, share)| share.as_str()));
        let share_room = if shares > 0.0 { shares + 14.0 } else { 0.0 };
        let low = bars.iter().map(|bar| float(bar.amount)).fold(0.0, f64::min);
        let high = bars.iter().map(|bar| float(bar.amount)).fold(0.0, f64::max);
        let before = if low < 0.0 { amounts } else { 0.0 };
        let left = MARGIN + labels + 14.0 + before;
        let right = WIDTH - MARGIN - share_room - amounts;
        let reach = high - low;
        let factor = if reach > 0.0 { (right - left) / reach } else { 0.0 };
        Layout { zero: left - low * factor, factor, shares: WIDTH - MARGIN }
    }

    fn draw(&self, drawing: &mut Drawing, bar: &Bar, (amount, share): &(String, String), top: f64) {
        let base = top + ROW / 2.0 + 4.5;
        let label = fitted(&bar.label, SIZE, Face::Regular, LABEL_ROOM);
        drawing.text(Lettering::label((MARGIN, base), label, SIZE).coloured(INK));
        let end = self.zero + float(bar.amount) * self.factor;
        let colour = if bar.is_other { OTHER } else { SERIES[0] };
        let (from, to) = (self.zero.min(end), self.zero.max(end));
        if to > from {
            drawing.block((from, top + 4.0), (to, top + ROW - 4.0), colour);
        }
        let is_credit = bar.amount.is_sign_negative() && !bar.amount.is_zero();
        let (at, anchor) =
            if is_credit { ((end - 8.0, base), Anchor::End) } else { ((end + 8.0, base), Anchor::Start) };
        drawing.text(Lettering::label(at, amount.as_str(), SIZE).coloured(INK).anchored(anchor));
        let at = (self.shares, base);
        drawing.text(Lettering::label(at, share.as_str(), SIZE).coloured(QUIET).anchored(Anchor::End));
    }
}
