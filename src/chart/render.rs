//! The one way from shapes to a picture: through plotters, on whichever backend.
//!
//! Backends have whole coordinates, so a pixel is many of them. Letters are placed by their base line: plotters sets
//! it 0.76 em below the top of a text, and divides sizes by 1.24, which is made up for here.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{BackendColor, DrawingErrorKind};

use super::drawing::{Anchor, Colour, Drawing, Lettering, Shape, Spot};
use super::outline::Face;

/// Coordinates of a backend per pixel; with these, all sizes of letters survive plotters' division.
pub(super) const GRAIN: f64 = 25.0;
/// The distance from the top of a text to its base line that plotters assumes, in ems.
pub(super) const TOP: f64 = 0.76;
/// What plotters divides the size of letters by.
pub(super) const SHRINK: f64 = 1.24;
/// Inter, or what looks like it on systems without: widths are close to those that the layout counts on.
pub(super) const FAMILY: &str =
    "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', 'Noto Sans', sans-serif";

/// Draws all shapes and closes the picture.
pub(super) fn render<B: DrawingBackend>(drawing: &Drawing, backend: B) -> Result<(), DrawError<B>> {
    let area = backend.into_drawing_area();
    for shape in &drawing.shapes {
        match shape {
            Shape::Block { from, to, colour } => {
                area.draw(&Rectangle::new([place(*from), place(*to)], paint(*colour, 1.0).filled()))?;
            }
            Shape::Area { edge, colour, opacity } => {
                area.draw(&Polygon::new(places(edge), paint(*colour, *opacity).filled()))?;
            }
            Shape::Line { path, width, colour } => {
                let style = paint(*colour, 1.0).stroke_width(grains(*width));
                area.draw(&PathElement::new(places(path), style))?;
            }
            Shape::Text(lettering) => {
                let (across, down) = lettering.at;
                let top = place((across, down - TOP * lettering.size));
                area.draw(&Text::new(lettering.text.as_str(), top, style(lettering)))?;
            }
        }
    }
    area.present()
}

/// Why a backend could not draw.
pub(super) type DrawError<B> = DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;

/// The canvas of a picture in a backend's coordinates.
pub(super) fn canvas(drawing: &Drawing) -> (u32, u32) {
    (grains(drawing.width), grains(drawing.height))
}

/// The error that a backend gave; plotters' own cannot occur where nothing is shared.
pub(super) fn cause<E: std::error::Error + Send + Sync>(error: &DrawingAreaErrorKind<E>) -> String {
    match error {
        DrawingAreaErrorKind::BackendError(DrawingErrorKind::DrawingError(cause)) => cause.to_string(),
        error => error.to_string(),
    }
}

fn paint(colour: Colour, opacity: f64) -> ShapeStyle {
    ShapeStyle::from(RGBColor(colour.0, colour.1, colour.2).mix(opacity))
}

fn style(lettering: &Lettering) -> TextStyle<'static> {
    let weight = match lettering.face {
        Face::Regular => FontStyle::Normal,
        Face::Strong => FontStyle::Bold,
    };
    let across = match lettering.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let font = FontDesc::new(FontFamily::Name(FAMILY), enlarged(lettering.size * GRAIN), weight);
    let mut style = TextStyle::from(font);
    style.color = BackendColor { alpha: 1.0, rgb: lettering.colour };
    style.pos = Pos::new(across, VPos::Top);
    style
}

/// A size that plotters makes the wanted one of, to the last bit: it writes all digits.
fn enlarged(size: f64) -> f64 {
    let about = size * SHRINK;
    let near = [about, about.next_down(), about.next_up()];
    near.into_iter().find(|near| near / SHRINK == size).unwrap_or(about)
}

fn places(path: &[Spot]) -> Vec<(i32, i32)> {
    path.iter().map(|spot| place(*spot)).collect()
}

fn place(spot: Spot) -> (i32, i32) {
    (coordinate(spot.0), coordinate(spot.1))
}

/// A backend's coordinate; what lies far outside of any picture stays far outside.
#[expect(clippy::cast_possible_truncation, reason = "held within bounds before")]
fn coordinate(pixels: f64) -> i32 {
    (pixels * GRAIN).round().clamp(-1e6, 1e6) as i32
}

fn grains(pixels: f64) -> u32 {
    coordinate(pixels).unsigned_abs()
}
