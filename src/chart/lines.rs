//! Lines over time; a single one with its area below.

use rust_decimal::Decimal;

use super::drawing::{Drawing, LIMIT, Lettering, Spot};
use super::figure::{Figure, Lines};
use super::fold::Fold;
use super::frame::{Beside, Frame, HEIGHT, colours, entries, limit_label};
use super::scale::{Scale, float};
use super::ticks::ticks;

/// Points up to which all are drawn; beyond, the ends and extremes of each pixel.
const MOST_POINTS: usize = 4_000;

/// Draws lines.
pub(super) fn draw(figure: &Figure, plot: &Lines) -> Drawing {
    let rows: Vec<&[Decimal]> = plot.points.iter().map(|point| point.amounts.as_slice()).collect();
    let fold = Fold::new(&plot.series, &rows, &figure.words.other);
    let amounts: Vec<Vec<f64>> =
        rows.iter().map(|row| fold.amounts(row).into_iter().map(float).collect()).collect();
    let ends = amounts.iter().flatten().copied().chain(plot.budget.iter().map(|limit| float(limit.amount)));
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let scale = Scale::new(low, high, &figure.unit, &figure.words);
    let mut frame = Frame::new(figure, &scale.style.unit(), &entries(&fold.series), HEIGHT);
    if plot.points.is_empty() {
        return frame.nothing(&figure.words.no_data);
    }
    let beside = beside(plot, &scale, &frame);
    let room = if beside.width() > 0.0 { beside.width() + 14.0 } else { 0.0 };
    frame.grid(&scale, room);
    let place = places(&frame, plot.points.len());
    draw_lines(&mut frame, &fold, &amounts, &scale, &place);
    frame.base(&scale);
    if let Some(budget) = &plot.budget {
        let down = frame.down(&scale, float(budget.amount));
        frame.drawing.dashes(&[(frame.left, down), (frame.right + 8.0, down)], 1.6, LIMIT);
    }
    let labels: Vec<_> = plot.points.iter().map(|point| &point.label).collect();
    let ticks = ticks(&labels, place(1) - place(0), &figure.words);
    frame.labels_below(&ticks, &place);
    let (right, reach) = (frame.right + 14.0, (frame.top - 8.0, frame.bottom + 8.0));
    let mut drawing = frame.drawing;
    beside.draw(&mut drawing, right, reach);
    drawing
}

/// Where a point lies across: from edge to edge, a single one in the middle.
#[expect(clippy::cast_precision_loss, reason = "a picture has not that many places")]
fn places(frame: &Frame, count: usize) -> impl Fn(usize) -> f64 + use<> {
    let (left, right) = (frame.left, frame.right);
    let pitch = (right - left) / count.saturating_sub(1).max(1) as f64;
    let first = if count == 1 { (left + right) / 2.0 } else { left };
    move |index| first + index as f64 * pitch
}

fn beside(plot: &Lines, scale: &Scale, frame: &Frame) -> Beside {
    let mut beside = Beside::default();
    if let Some(budget) = &plot.budget {
        let bottom = frame.bottom - 48.0;
        let down = bottom - scale.part(float(budget.amount)) * (bottom - frame.top);
        let label = Lettering::label((0.0, 0.0), limit_label(budget, &scale.style), 12.0);
        beside.add(down, vec![label.strong().coloured(LIMIT)]);
    }
    beside
}

fn draw_lines(
    frame: &mut Frame,
    fold: &Fold,
    amounts: &[Vec<f64>],
    scale: &Scale,
    place: &impl Fn(usize) -> f64,
) {
    let series = colours(&fold.series).into_iter().enumerate();
    // The first line is the most looked at: it is drawn last.
    for (which, colour) in series.rev() {
        let at = |(index, row): (usize, &Vec<f64>)| {
            (place(index), frame.down(scale, row.get(which).copied().unwrap_or_default()))
        };
        let path = thinned(amounts.iter().enumerate().map(at).collect());
        if let [only] = path.as_slice() {
            let ((across, down), half) = (*only, 4.0);
            frame.drawing.block((across - half, down - half), (across + half, down + half), colour);
        }
        if let ([first, .., last], 1) = (path.as_slice(), fold.series.len()) {
            let zero = frame.down(scale, 0.0);
            let edge = path.iter().copied().chain([(last.0, zero), (first.0, zero)]).collect();
            frame.drawing.area(edge, colour, 0.12);
        }
        frame.drawing.line(path, 1.6, colour);
    }
}

/// Of many points those that show: the first, lowest, highest and last of each pixel.
fn thinned(path: Vec<Spot>) -> Vec<Spot> {
    if path.len() <= MOST_POINTS {
        return path;
    }
    let mut kept: Vec<Spot> = Vec::new();
    for pixel in path.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let extreme = |wanted: fn(&f64, &f64) -> std::cmp::Ordering| {
            (0..pixel.len()).max_by(|a, b| wanted(&pixel[*a].1, &pixel[*b].1))
        };
        let ends =
            [Some(0), extreme(f64::total_cmp), extreme(|a, b| b.total_cmp(a)), pixel.len().checked_sub(1)];
        let mut places: Vec<usize> = ends.into_iter().flatten().collect();
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|place| pixel[place]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_keep_their_extremes() {
        let path: Vec<Spot> = (0..40_000)
            .map(|n| (f64::from(n) / 50.0, if n == 777 { -99.0 } else { f64::from(n % 7) }))
            .collect();
        let kept = thinned(path.clone());
        assert!(kept.len() <= 4 * 800 && kept.contains(&path[777]), "{}", kept.len());
        assert_eq!((kept.first(), kept.last()), (path.first(), path.last()));
    }
}
