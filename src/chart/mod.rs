//! Pictures: a [`Figure`] as SVG, as PNG, or as bars of characters for a terminal.
//!
//! Floats and their rounding are at home here: they are places on a picture. Amounts stay exact decimals until they
//! are placed, and labels are written from the decimals. There is one drawing path: a figure becomes shapes, and
//! plotters draws them on its SVG backend or on a bitmap. Deterministic: no font, clock or locale of the system.

mod bitmap;
mod columns;
mod drawing;
mod fan;
mod figure;
mod fold;
mod frame;
mod lettering;
mod lines;
mod outline;
mod ranking;
mod render;
mod scale;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;
mod ticks;

use drawing::Drawing;
pub use figure::{
    Band, Bar, Column, Columns, Figure, Label, Limit, Lines, MOST_SERIES, Plot, Point, Ranking, Series, Unit,
    Words,
};
pub use terminal::{Screen, terminal};

/// Why there is no picture.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChartError {
    /// The bitmap does not fit in memory.
    #[error("the picture is too large for a bitmap")]
    TooLarge,
    /// The bitmap could not be drawn or packed.
    #[error("the bitmap cannot be made: {0}")]
    Bitmap(String),
}

/// Draws a figure as SVG, 1,000 pixels wide.
pub fn svg(figure: &Figure) -> String {
    svg::svg(&draw(figure))
}

/// Draws a figure as PNG at double density, 2,000 pixels wide: the same picture as [`svg()`].
///
/// # Errors
/// Where the bitmap cannot be made.
pub fn png(figure: &Figure) -> Result<Vec<u8>, ChartError> {
    bitmap::png(&draw(figure))
}

fn draw(figure: &Figure) -> Drawing {
    match &figure.plot {
        Plot::Columns(plot) => columns::draw(figure, plot),
        Plot::Ranking(plot) => ranking::draw(figure, plot),
        Plot::Lines(plot) => lines::draw(figure, plot),
    }
}
