//! The embedded font: advances and outlines of its glyphs.
//!
//! Inter 4.1, cut down to Latin, punctuation and currency signs, with accented letters resolved into plain outlines.
//! It is read here for three things alone (`cmap` format 4, `hmtx`, simple glyphs of `glyf`), because a general font
//! reader costs more to build than all the rest of a chart. Anything that is not there reads as nothing.

/// A face of the embedded font.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Face {
    /// For labels.
    Regular,
    /// For the title and what stands out.
    Strong,
}

/// A part of an outline, in ems from the origin of the glyph, upwards positive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Stroke {
    Move(Place),
    Line(Place),
    /// A quadratic curve: its control and its end.
    Curve(Place, Place),
    Close,
}

/// Across and up.
pub(super) type Place = (f32, f32);

/// A place of a contour and whether the curve passes through it.
type Knot = (Place, bool);

const REGULAR: &[u8] = include_bytes!("font/Inter-Regular.ttf");
const STRONG: &[u8] = include_bytes!("font/Inter-SemiBold.ttf");

impl Face {
    fn data(self) -> &'static [u8] {
        match self {
            Face::Regular => REGULAR,
            Face::Strong => STRONG,
        }
    }

    /// The glyph of a character; `None` where the font has none.
    pub(super) fn glyph(self, character: char) -> Option<u16> {
        let code = u16::try_from(u32::from(character)).ok()?;
        let cmap = self.table(b"cmap")?;
        // The font has one subtable, of format 4.
        let table = cmap.get(usize::try_from(u32_at(cmap, 8)?).ok()?..)?;
        let twice = usize::from(u16_at(table, 6)?);
        let (ends, starts) = (14, 16 + twice);
        let segment =
            (0..twice).step_by(2).find(|at| u16_at(table, ends + at).is_some_and(|end| code <= end))?;
        let start = u16_at(table, starts + segment)?;
        if code < start {
            return None;
        }
        let (delta, offsets) = (u16_at(table, starts + twice + segment)?, starts + 2 * twice + segment);
        let glyph = match u16_at(table, offsets)? {
            0 => code.wrapping_add(delta),
            offset => {
                let at = offsets + usize::from(offset) + 2 * usize::from(code - start);
                match u16_at(table, at)? {
                    0 => 0,
                    glyph => glyph.wrapping_add(delta),
                }
            }
        };
        (glyph != 0).then_some(glyph)
    }

    /// How far a glyph moves on, in ems.
    pub(super) fn advance(self, glyph: u16) -> Option<f32> {
        let last = u16_at(self.table(b"hhea")?, 34)?.checked_sub(1)?;
        let advance = u16_at(self.table(b"hmtx")?, 4 * usize::from(glyph.min(last)))?;
        Some(f32::from(advance) / self.em()?)
    }

    /// The outline of a glyph; empty for a blank one.
    pub(super) fn outline(self, glyph: u16) -> Vec<Stroke> {
        self.contours(glyph).unwrap_or_default().iter().flat_map(|contour| strokes(contour)).collect()
    }

    fn em(self) -> Option<f32> {
        u16_at(self.table(b"head")?, 18).filter(|em| *em > 0).map(f32::from)
    }

    fn table(self, name: &[u8; 4]) -> Option<&'static [u8]> {
        let data = self.data();
        let entries = (0..usize::from(u16_at(data, 4)?)).map(|index| 12 + 16 * index);
        let entry = entries.into_iter().find(|at| data.get(*at..at + 4).is_some_and(|tag| tag == name))?;
        let (start, length) = (u32_at(data, entry + 8)?, u32_at(data, entry + 12)?);
        let start = usize::try_from(start).ok()?;
        data.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }

    fn contours(self, glyph: u16) -> Option<Vec<Vec<Knot>>> {
        let loca = self.table(b"loca")?;
        // The offsets are halves: format 0 of `loca`.
        let at = |index: usize| u16_at(loca, 2 * index).map(|half| 2 * usize::from(half));
        let glyf = self.table(b"glyf")?.get(at(usize::from(glyph))?..at(usize::from(glyph) + 1)?)?;
        let count = usize::from(u16_at(glyf, 0)?);
        let ends: Option<Vec<usize>> =
            (0..count).map(|index| Some(usize::from(u16_at(glyf, 10 + 2 * index)?) + 1)).collect();
        let ends = ends?;
        let hints = usize::from(u16_at(glyf, 10 + 2 * count)?);
        let knots = knots(glyf.get(12 + 2 * count + hints..)?, *ends.last()?, self.em()?)?;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(&ends).map(|(start, end)| Some(knots.get(start..*end)?.to_vec())).collect()
    }
}

/// Reads flags and coordinates, which are stored one kind after the other.
fn knots(data: &[u8], count: usize, em: f32) -> Option<Vec<Knot>> {
    const ON_CURVE: u8 = 1;
    const REPEAT: u8 = 8;
    let (mut flags, mut at) = (Vec::new(), 0);
    while flags.len() < count {
        let flag = *data.get(at)?;
        let times = if flag & REPEAT == 0 { 0 } else { *data.get(at + 1)? };
        at += if flag & REPEAT == 0 { 1 } else { 2 };
        flags.extend(std::iter::repeat_n(flag, 1 + usize::from(times)));
    }
    flags.truncate(count);
    let mut axis = |short: u8, same: u8| -> Option<Vec<f32>> {
        let (mut value, mut values) = (0_i32, Vec::with_capacity(count));
        for flag in &flags {
            let step = match (flag & short != 0, flag & same != 0) {
                (true, positive) => {
                    let step = i32::from(*data.get(at)?);
                    at += 1;
                    if positive { step } else { -step }
                }
                (false, true) => 0,
                (false, false) => {
                    let step = i16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]);
                    at += 2;
                    i32::from(step)
                }
            };
            value = value.saturating_add(step).clamp(i16::MIN.into(), i16::MAX.into());
            values.push(f32::from(i16::try_from(value).ok()?) / em);
        }
        Some(values)
    };
    let (across, up) = (axis(2, 16)?, axis(4, 32)?);
    let on = flags.iter().map(|flag| flag & ON_CURVE != 0);
    Some(across.into_iter().zip(up).zip(on).collect())
}

/// A closed contour. Between two places that the curve does not pass lies one that it does, half-way.
fn strokes(contour: &[Knot]) -> Vec<Stroke> {
    let half = |a: Place, b: Place| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
    let (Some(&first), Some(&last)) = (contour.first(), contour.last()) else { return Vec::new() };
    let start = match (first, last) {
        ((place, true), _) | (_, (place, true)) => place,
        ((first, _), (last, _)) => half(first, last),
    };
    let mut strokes = vec![Stroke::Move(start)];
    let mut control: Option<Place> = None;
    for &(place, on) in contour.iter().chain([&(start, true)]) {
        match (control, on) {
            (None, true) => strokes.push(Stroke::Line(place)),
            (Some(bend), true) => strokes.push(Stroke::Curve(bend, place)),
            (Some(bend), false) => strokes.push(Stroke::Curve(bend, half(bend, place))),
            (None, false) => {}
        }
        control = (!on).then_some(place);
    }
    strokes.push(Stroke::Close);
    strokes
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16_at(data, at)?) << 16 | u32::from(u16_at(data, at + 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_of_the_charts_language_is_there() {
        for face in [Face::Regular, Face::Strong] {
            for character in "AZaz09 ÄÖÜäöüßéèàçñøåœŁřžșț€£¥₹%–−…’“”«»≥≤×↑\u{202f}\u{a0}".chars()
            {
                let glyph = face.glyph(character);
                assert!(glyph.is_some(), "{character:?}");
                let advance = glyph.and_then(|glyph| face.advance(glyph)).unwrap();
                assert!((0.1..1.5).contains(&advance), "{character:?} {advance}");
            }
            for character in ['語', 'ש', '\u{1f600}', '\u{ffff}'] {
                assert_eq!(face.glyph(character), None, "{character:?}");
            }
        }
    }

    #[test]
    fn outlines_are_closed_and_of_the_size_of_a_letter() {
        for glyph in 0..500 {
            for stroke in Face::Regular.outline(glyph) {
                let (Stroke::Move(place) | Stroke::Line(place) | Stroke::Curve(_, place)) = stroke else {
                    continue;
                };
                assert!(place.0.abs() < 2.0 && place.1.abs() < 1.5, "{glyph} {place:?}");
            }
        }
        let bar = Face::Regular.outline(Face::Regular.glyph('l').unwrap());
        assert_eq!(bar.iter().filter(|stroke| matches!(stroke, Stroke::Move(_))).count(), 1);
        assert_eq!(bar.last(), Some(&Stroke::Close));
        let ring = Face::Regular.outline(Face::Regular.glyph('o').unwrap());
        assert_eq!(ring.iter().filter(|stroke| matches!(stroke, Stroke::Close)).count(), 2);
        assert_eq!(Face::Regular.outline(Face::Regular.glyph(' ').unwrap()), []);
    }
}
