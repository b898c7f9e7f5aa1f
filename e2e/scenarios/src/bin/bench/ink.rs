//! How pictures look.
use anyhow::{anyhow, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// Letters, and what has no other colour.
pub(crate) const INK: RGBColor = RGBColor(0x1d, 0x24, 0x30);
/// Axes and grids.
pub(crate) const PALE: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);
/// Bars that are to be met.
pub(crate) const BAR: RGBColor = RGBColor(0xa5, 0x1d, 0x1d);
/// What letters are set in.
const FONT: &str = "sans-serif";

/// A picture, or a part of one.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Letters of a height.
pub(crate) fn text(size: i32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

/// A picture of that size on white, written to a file (SVG).
///
/// # Errors
/// It can't be drawn; the file can't be written.
pub(crate) fn picture(path: &Path, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<()> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    std::fs::write(path, svg).map_err(|error| anyhow!("{}: {error}", path.display()))
}
