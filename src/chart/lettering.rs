//! How wide texts are, and how they are cut to fit; what no picture may hold is taken out of them.
//!
//! Widths are those of the embedded font with a little slack, because a reader without it sees another. Where texts
//! stand is left to the parts of a picture.

use super::outline::Face;

/// What fonts that may stand in for Inter are wider at most, about.
const SLACK: f64 = 1.06;
const ELLIPSIS: char = '…';

/// A text without characters that XML forbids, that end a line, or that reorder what follows.
pub(super) fn clean(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// The width of a character in ems: measured, or guessed where the font has none.
pub(super) fn em_width(character: char, face: Face) -> f64 {
    match face.glyph(character).and_then(|glyph| face.advance(glyph)) {
        Some(advance) => f64::from(advance),
        None if is_wide(character) => 1.0,
        None => 0.65,
    }
}

/// Whether a character takes the room of two, as those of East Asia and pictures do.
pub(super) fn is_wide(character: char) -> bool {
    matches!(u32::from(character), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

/// The room of a text in pixels.
pub(super) fn width(text: &str, size: f64, face: Face) -> f64 {
    text.chars().map(|c| em_width(c, face)).sum::<f64>() * size * SLACK
}

/// A text of at most some pixels, its end replaced by `…` where it does not fit.
pub(super) fn fitted(text: &str, size: f64, face: Face, room: f64) -> String {
    let text = clean(text);
    if width(&text, size, face) <= room {
        return text;
    }
    let mut left = room - width("…", size, face);
    let mut kept = String::new();
    for c in text.chars() {
        left -= em_width(c, face) * size * SLACK;
        if left < 0.0 {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    kept.push(ELLIPSIS);
    kept
}

/// A text in lines of at most some pixels, broken between words; the last line takes what is left, cut to fit.
pub(super) fn wrapped(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let text = clean(text);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = lines.len() >= most;
        match lines.last_mut() {
            Some(line) if full || width(&format!("{line} {word}"), size, Face::Regular) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fitted(line, size, Face::Regular, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays_and_another_is_cut() {
        assert_eq!(fitted("app.example", 12.0, Face::Regular, 200.0), "app.example");
        let cut = fitted("a-very-long-name.of.a.sender.example", 12.0, Face::Regular, 100.0);
        assert!(cut.ends_with('…') && cut.len() > 8, "{cut}");
        assert!(width(&cut, 12.0, Face::Regular) <= 100.0);
        assert_eq!(fitted("語".repeat(40).as_str(), 10.0, Face::Regular, 60.0).chars().count(), 5);
        assert_eq!(fitted("abc", 12.0, Face::Regular, 0.0), "…");
    }

    #[test]
    fn what_drives_a_display_is_taken_out() {
        assert_eq!(clean("a\u{1b}[2J\u{202e}b\u{0}<&>\n"), "a\u{fffd}[2J\u{fffd}b\u{fffd}<&>\u{fffd}");
    }

    #[test]
    fn lines_break_between_words_and_end() {
        let lines = wrapped("one two three four five six seven eight", 12.0, 90.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert_eq!(wrapped("", 12.0, 90.0, 2), Vec::<String>::new());
    }
}
