//! A drawing as SVG.
//!
//! The letters stay text, in Inter or what the reader has like it: embedding the two faces would make each picture
//! 120 KB larger, ten times what most weigh, for a difference that only font lovers see.

use plotters::prelude::SVGBackend;

use super::drawing::Drawing;
use super::render::{FAMILY, canvas, render};

/// Draws on plotters' SVG backend, and gives the picture its size in pixels and its title.
pub(super) fn svg(drawing: &Drawing) -> String {
    let mut text = String::new();
    // A text takes whatever is written to it.
    let _ = render(drawing, SVGBackend::with_string(&mut text, canvas(drawing)));
    let (across, down) = canvas(drawing);
    let body = text.split_once('>').map_or("", |(_, body)| body);
    // What is the same for all letters and shapes is said once, or is the default.
    let family = format!(" font-family=\"{}\"", FAMILY.replace('\'', "&apos;"));
    let body = body.replace(&family, "").replace(" opacity=\"1\"", "");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {across} {down}\" \
         role=\"img\"{family}>\n<title>{}</title>{body}",
        drawing.width,
        drawing.height,
        escaped(&drawing.title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
