//! Results as pictures: which file endings ask for one, and the bytes of it.
//!
//! A command that can draw asks its context whether a picture is wanted; what it shows is left to the command, how
//! it looks to `chart`.

use std::fmt;
use std::path::Path;

use super::Outcome;
use crate::chart::{self, Figure};

/// A kind of picture that a result can be written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Picture {
    /// Scalable, with texts that can be searched.
    Svg,
    /// A bitmap.
    Png,
}

/// The endings of files that ask for a picture, in any case of letters.
const ENDINGS: [(&str, Picture); 2] = [("svg", Picture::Svg), ("png", Picture::Png)];

impl Picture {
    /// The picture that a file's ending asks for.
    pub fn of(file: &Path) -> Option<Picture> {
        let ending = file.extension()?.to_str()?;
        ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, picture)| *picture)
    }

    /// What a command hands back that has nothing to say but a figure.
    pub(super) fn outcome(self, figure: &Figure) -> anyhow::Result<Outcome> {
        Ok(Outcome::bytes(match self {
            Picture::Svg => chart::svg(figure).into_bytes(),
            Picture::Png => chart::png(figure)?,
        }))
    }
}

impl fmt::Display for Picture {
    /// `SVG`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Picture::Svg => "SVG",
            Picture::Png => "PNG",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells() {
        let of = |file: &str| Picture::of(Path::new(file));
        assert_eq!(of("a/cost.svg"), Some(Picture::Svg));
        assert_eq!(of("COST.PNG"), Some(Picture::Png));
        assert_eq!([of("cost.csv"), of("svg"), of("-"), of(".svg"), of("")], [None; 5]);
    }
}
