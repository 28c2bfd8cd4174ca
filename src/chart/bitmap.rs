//! A drawing as PNG, at twice the density of its pixels.
//!
//! A backend for plotters on tiny-skia: smooth edges, and letters filled from the outlines of the embedded font, so
//! that the bytes depend on no font of the system. A character that the font does not have is drawn as a box.

use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use super::ChartError;
use super::drawing::Drawing;
use super::lettering::em_width;
use super::outline::{self, Face};
use super::render::{GRAIN, SHRINK, TOP, canvas, cause, render};

/// Pixels of the bitmap per pixel of the drawing.
const DENSITY: f32 = 2.0;

/// Draws on a white bitmap and packs it.
pub(super) fn png(drawing: &Drawing) -> Result<Vec<u8>, ChartError> {
    let mut bitmap = Bitmap::new(drawing).ok_or(ChartError::TooLarge)?;
    render(drawing, &mut bitmap).map_err(|error| ChartError::Bitmap(cause(&error)))?;
    bitmap.pixels.encode_png().map_err(|error| ChartError::Bitmap(error.to_string()))
}

/// The bitmap that is drawn on.
struct Bitmap {
    pixels: Pixmap,
    size: (u32, u32),
    /// From a backend's coordinates to those of the bitmap.
    scale: f32,
}

/// Nothing that is drawn here can fail.
#[derive(Debug, thiserror::Error)]
#[error("the bitmap cannot be drawn")]
struct Never;

type Drawn = Result<(), DrawingErrorKind<Never>>;

impl Bitmap {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture's size is small")]
    fn new(drawing: &Drawing) -> Option<Bitmap> {
        let density = f64::from(DENSITY);
        let (width, height) = (drawing.width * density, drawing.height * density);
        let mut pixels = Pixmap::new(width.ceil() as u32, height.ceil() as u32)?;
        pixels.fill(Color::WHITE);
        Some(Bitmap { pixels, size: canvas(drawing), scale: DENSITY / GRAIN as f32 })
    }

    fn spot(&self, place: BackendCoord) -> (f32, f32) {
        (self.length(place.0), self.length(place.1))
    }

    #[expect(clippy::cast_precision_loss, reason = "coordinates of a picture are small")]
    fn length(&self, grains: i32) -> f32 {
        grains as f32 * self.scale
    }

    fn path(&self, places: impl IntoIterator<Item = BackendCoord>, closed: bool) -> Option<Path> {
        let mut path = PathBuilder::new();
        for (index, place) in places.into_iter().enumerate() {
            let (across, down) = self.spot(place);
            if index == 0 { path.move_to(across, down) } else { path.line_to(across, down) }
        }
        if closed {
            path.close();
        }
        path.finish()
    }

    fn fill(&mut self, path: Option<Path>, colour: BackendColor) {
        if let Some(path) = path {
            self.pixels.fill_path(&path, &paint(colour), FillRule::Winding, Transform::identity(), None);
        }
    }

    fn stroke<S: BackendStyle>(&mut self, path: Option<Path>, style: &S) {
        let width = self.length(i32::try_from(style.stroke_width()).unwrap_or_default());
        let stroke =
            Stroke { width, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
        if let Some(path) = path {
            self.pixels.stroke_path(&path, &paint(style.color()), &stroke, Transform::identity(), None);
        }
    }
}

impl DrawingBackend for &mut Bitmap {
    type ErrorType = Never;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let edge = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| (point.0 + x, point.1 + y));
        let path = self.path(edge, true);
        self.fill(path, color);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        let path = self.path([from, to], false);
        self.stroke(path, style);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let ((left, top), (right, bottom)) = (self.spot(upper_left), self.spot(bottom_right));
        let path = Rect::from_ltrb(left, top, right, bottom).map(PathBuilder::from_rect);
        if fill {
            self.fill(path, style.color())
        } else {
            self.stroke(path, style)
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let path = self.path(path, false);
        self.stroke(path, style);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> Drawn {
        let path = self.path(vert, true);
        self.fill(path, style.color());
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a size of letters is small")]
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, pos: BackendCoord) -> Drawn {
        let face = if matches!(style.style(), FontStyle::Bold) { Face::Strong } else { Face::Regular };
        let size = (style.size() / SHRINK) as f32 * self.scale;
        let advance = |c: char| em_width(c, face) as f32 * size;
        let (across, top) = self.spot(pos);
        let width: f32 = text.chars().map(advance).sum();
        let mut left = match style.anchor().h_pos {
            HPos::Left => across,
            HPos::Center => across - width / 2.0,
            HPos::Right => across - width,
        };
        let base = top + TOP as f32 * size;
        let mut path = PathBuilder::new();
        for character in text.chars() {
            // Glyph 0 is the box for what is missing.
            let strokes = face.outline(face.glyph(character).unwrap_or_default());
            trace(&mut path, &strokes, (left, base), size);
            left += advance(character);
        }
        self.fill(path.finish(), style.color());
        Ok(())
    }
}

/// Adds an outline at a place on the base line.
fn trace(path: &mut PathBuilder, strokes: &[outline::Stroke], origin: (f32, f32), size: f32) {
    let at = |place: outline::Place| (origin.0 + place.0 * size, origin.1 - place.1 * size);
    for stroke in strokes {
        match *stroke {
            outline::Stroke::Move(to) => path.move_to(at(to).0, at(to).1),
            outline::Stroke::Line(to) => path.line_to(at(to).0, at(to).1),
            outline::Stroke::Curve(bend, to) => {
                path.quad_to(at(bend).0, at(bend).1, at(to).0, at(to).1);
            }
            outline::Stroke::Close => path.close(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an opacity is 0 to 1")]
fn paint(colour: BackendColor) -> Paint<'static> {
    let (r, g, b) = colour.rgb;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, (colour.alpha.clamp(0.0, 1.0) * 255.0).round() as u8);
    paint
}
