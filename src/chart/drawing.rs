//! A picture as shapes in pixels, and the colours that they have.
//!
//! The parts of a figure put shapes here; `render` draws them on a backend. The light theme, its palette and the
//! sizes of letters are decided here alone.

use super::figure::MOST_SERIES;
#[cfg(test)]
use super::lettering;
use super::outline::Face;

/// Red, green, blue.
pub(super) type Colour = (u8, u8, u8);
/// Across and down, in pixels.
pub(super) type Spot = (f64, f64);

pub(super) const BACKGROUND: Colour = (255, 255, 255);
/// Letters that carry the message.
pub(super) const INK: Colour = (0x1f, 0x29, 0x33);
/// Letters that explain it.
pub(super) const QUIET: Colour = (0x5f, 0x6b, 0x7a);
pub(super) const GRID: Colour = (0xe6, 0xe9, 0xed);
/// The line at zero.
pub(super) const BASE: Colour = (0x9a, 0xa5, 0xb1);
/// The budget: apart from all series in hue and in lightness.
pub(super) const LIMIT: Colour = (0xa6, 0x1c, 0x3c);
/// The fan.
pub(super) const FAN: Colour = (0x3b, 0x4a, 0x5c);
/// All others together.
pub(super) const OTHER: Colour = (0xb4, 0xba, 0xc2);
/// Series, told apart by lightness as well as hue: after Okabe and Ito, "Color Universal Design" (2008).
pub(super) const SERIES: [Colour; MOST_SERIES] =
    [(0x00, 0x5f, 0x9e), (0xe6, 0x9f, 0x00), (0x00, 0x9e, 0x73), (0xc7, 0x5b, 0x12), (0xb0, 0x70, 0xa8)];

/// The same colour, lighter: what is still to come.
pub(super) fn lighter(colour: Colour) -> Colour {
    mixed(colour, 0.55)
}

/// A colour with a part of white, 0 to 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
pub(super) fn mixed(colour: Colour, white: f64) -> Colour {
    let mix = |part: u8| (f64::from(part) * (1.0 - white) + 255.0 * white).round() as u8;
    (mix(colour.0), mix(colour.1), mix(colour.2))
}

/// Which end of a text its place is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A text on one line.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Lettering {
    /// Where its base line begins, has its middle or ends.
    pub(super) at: Spot,
    pub(super) text: String,
    /// Height of an em in pixels.
    pub(super) size: f64,
    pub(super) face: Face,
    pub(super) colour: Colour,
    pub(super) anchor: Anchor,
}

impl Lettering {
    /// A quiet label.
    pub(super) fn label(at: Spot, text: impl Into<String>, size: f64) -> Lettering {
        Lettering { at, text: text.into(), size, face: Face::Regular, colour: QUIET, anchor: Anchor::Start }
    }

    pub(super) fn strong(self) -> Lettering {
        Lettering { face: Face::Strong, colour: INK, ..self }
    }

    pub(super) fn coloured(self, colour: Colour) -> Lettering {
        Lettering { colour, ..self }
    }

    pub(super) fn anchored(self, anchor: Anchor) -> Lettering {
        Lettering { anchor, ..self }
    }

    /// From where to where it reaches across.
    #[cfg(test)]
    pub(super) fn span(&self) -> (f64, f64) {
        let width = lettering::width(&self.text, self.size, self.face);
        let start = match self.anchor {
            Anchor::Start => self.at.0,
            Anchor::Middle => self.at.0 - width / 2.0,
            Anchor::End => self.at.0 - width,
        };
        (start, start + width)
    }
}

/// A shape.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shape {
    /// A filled box between two corners.
    Block {
        from: Spot,
        to: Spot,
        colour: Colour,
    },
    /// A filled polygon, seen through.
    Area {
        edge: Vec<Spot>,
        colour: Colour,
        opacity: f64,
    },
    /// A line through places.
    Line {
        path: Vec<Spot>,
        width: f64,
        colour: Colour,
    },
    Text(Lettering),
}

/// Shapes on a canvas, the lowest first.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
    /// What the picture is of, for those who do not see it.
    pub(super) title: String,
}

impl Drawing {
    pub(super) fn block(&mut self, from: Spot, to: Spot, colour: Colour) {
        self.shapes.push(Shape::Block { from, to, colour });
    }

    pub(super) fn area(&mut self, edge: Vec<Spot>, colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Area { edge, colour, opacity });
    }

    pub(super) fn line(&mut self, path: Vec<Spot>, width: f64, colour: Colour) {
        if path.len() > 1 {
            self.shapes.push(Shape::Line { path, width, colour });
        }
    }

    /// A line of dashes as long as they are told to be, around corners too.
    pub(super) fn dashes(&mut self, path: &[Spot], width: f64, colour: Colour) {
        for dash in dashes(path, 6.0, 4.0) {
            self.line(dash, width, colour);
        }
    }

    /// A text, where it has any.
    pub(super) fn text(&mut self, lettering: Lettering) {
        if !lettering.text.trim().is_empty() {
            self.shapes.push(Shape::Text(lettering));
        }
    }
}

/// Most dashes of a line: enough for the width of a picture.
const MOST_DASHES: usize = 2_000;

/// Cuts a path into dashes along its length.
fn dashes(path: &[Spot], on: f64, off: f64) -> Vec<Vec<Spot>> {
    let mut found = Vec::new();
    let (mut drawing, mut left) = (true, on);
    let mut dash: Vec<Spot> = path.first().copied().into_iter().collect();
    for pair in path.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length < left || found.len() > MOST_DASHES {
                left -= length;
                dash.push(to);
                break;
            }
            let part = left / length.max(f64::MIN_POSITIVE);
            from = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
            dash.push(from);
            if drawing {
                found.push(std::mem::take(&mut dash));
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
            dash = vec![from];
        }
    }
    if drawing && dash.len() > 1 {
        found.push(dash);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_on_around_corners() {
        let found = dashes(&[(0.0, 0.0), (4.0, 0.0), (4.0, 8.0)], 6.0, 4.0);
        assert_eq!(found, [vec![(0.0, 0.0), (4.0, 0.0), (4.0, 2.0)], vec![(4.0, 6.0), (4.0, 8.0)]]);
        assert_eq!(dashes(&[(1.0, 1.0)], 6.0, 4.0), Vec::<Vec<Spot>>::new());
        assert_eq!(dashes(&[], 6.0, 4.0), Vec::<Vec<Spot>>::new());
        let many: Vec<Spot> = (0..100).map(|x| (f64::from(x), 0.0)).collect();
        assert_eq!(dashes(&many, 6.0, 4.0).len(), 10);
    }

    #[test]
    fn series_differ_in_lightness_and_hue() {
        let grey = |c: Colour| 0.299 * f64::from(c.0) + 0.587 * f64::from(c.1) + 0.114 * f64::from(c.2);
        for (place, colour) in SERIES.iter().enumerate() {
            for other in &SERIES[..place] {
                assert!(colour != other);
            }
            assert!(grey(lighter(*colour)) > grey(*colour) + 40.0);
        }
    }
}
