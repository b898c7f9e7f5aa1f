//! Ratios, drawn as bars.
use crate::figure::{Bar, Figure};
use anyhow::{anyhow, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// A picture of ratios: a row for each figure, named on the left, with a stroke at its bar.
#[derive(Debug)]
pub(crate) struct Bars<'a> {
    /// What is above.
    pub(crate) title: &'a str,
    /// Ratios at which there are lines from top to bottom, beside that at 1.
    pub(crate) lines: &'a [f64],
}

const WIDTH: u32 = 1080;
/// Height of a row.
const ROW: i32 = 18;
/// Above the rows.
const HEAD: i32 = 44;
/// Left of the bars: names of about 60 letters.
const NAMES: i32 = 400;
/// Right of the bars.
const MARGIN: i32 = 60;
/// The ratio at the right end; what is beyond is cut.
const MOST: f64 = 2.0;
const INK: RGBColor = RGBColor(0x1d, 0x24, 0x30);
const PALE: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);
const MET: RGBColor = RGBColor(0x3f, 0x80, 0xc2);
const MISSED: RGBColor = RGBColor(0xd9, 0x7a, 0x1e);
const BAR: RGBColor = RGBColor(0xa5, 0x1d, 0x1d);
const FONT: &str = "sans-serif";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Bars<'_> {
    /// Draws the figures that have a ratio.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn draw(&self, path: &Path, figures: &[Figure]) -> Result<()> {
        let rows: Vec<Row<'_>> = rows(figures);
        let height = HEAD + ROW * rows.len() as i32 + 30;
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (WIDTH, height.unsigned_abs())).into_drawing_area();
            area.fill(&WHITE)?;
            area.draw(&Text::new(self.title, (12, 10), (FONT, 16).into_font().color(&INK)))?;
            let bottom = HEAD + ROW * rows.len() as i32;
            for ratio in self.lines.iter().copied().chain([1.0, MOST]) {
                let at = x(ratio);
                area.draw(&PathElement::new(vec![(at, HEAD), (at, bottom)], PALE.stroke_width(1)))?;
                let label = Text::new(format!("{ratio}"), (at - 8, bottom + 6), (FONT, 12).into_font().color(&INK));
                area.draw(&label)?;
            }
            for (row, top) in rows.iter().zip((HEAD..).step_by(ROW as usize)) {
                draw_row(&area, row, top)?;
            }
            area.present()?;
        }
        std::fs::write(path, svg).map_err(|error| anyhow!("{}: {error}", path.display()))
    }
}

/// What a row shows.
#[derive(Debug, PartialEq)]
enum Row<'a> {
    /// A group's name.
    Group(&'a str),
    /// A figure: its name, ratio and bar.
    Ratio { name: &'a str, ratio: f64, bar: Option<f64> },
}

/// Figures by what stands left of the last `/` of their names.
fn rows(figures: &[Figure]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut last = None;
    for figure in figures {
        let Some(ratio) = figure.ratio() else { continue };
        let (group, name) = figure.name.rsplit_once('/').unwrap_or(("", &figure.name));
        if last != Some(group) {
            rows.push(Row::Group(group));
            last = Some(group);
        }
        let bar = match figure.bar {
            Some(Bar::RatioAtLeast(bar)) => Some(bar),
            _ => None,
        };
        rows.push(Row::Ratio { name, ratio, bar });
    }
    rows
}

/// Where a ratio is.
fn x(ratio: f64) -> i32 {
    let width = f64::from(WIDTH as i32 - NAMES - MARGIN);
    NAMES + (ratio.clamp(0.0, MOST) / MOST * width).round() as i32
}

fn draw_row(area: &Area<'_>, row: &Row<'_>, top: i32) -> Result<()> {
    let text = |size: i32| (FONT, size).into_font().color(&INK);
    match *row {
        Row::Group(name) => area.draw(&Text::new(name, (12, top + 3), text(14)))?,
        Row::Ratio { name, ratio, bar } => {
            area.draw(&Text::new(name, (28, top + 3), text(12)))?;
            let colour = if bar.is_some_and(|bar| ratio < bar) { MISSED } else { MET };
            area.draw(&Rectangle::new([(x(0.0), top + 4), (x(ratio), top + ROW - 4)], colour.filled()))?;
            if let Some(bar) = bar {
                let stroke = vec![(x(bar), top + 1), (x(bar), top + ROW - 1)];
                area.draw(&PathElement::new(stroke, BAR.stroke_width(2)))?;
            }
            area.draw(&Text::new(format!("{ratio:.2}"), (x(ratio.max(bar.unwrap_or(0.0))) + 6, top + 3), text(12)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_become_rows() {
        let ratio = |name: &str, value: f64| Figure::new(name, value, "/s").against("theirs", 10.0);
        let figures =
            [ratio("a/b/c", 9.0).bar(Bar::RatioAtLeast(0.8)), Figure::new("a/b/none", 1.0, ""), ratio("a/d/e", 30.0)];
        let expected = [
            Row::Group("a/b"),
            Row::Ratio { name: "c", ratio: 0.9, bar: Some(0.8) },
            Row::Group("a/d"),
            Row::Ratio { name: "e", ratio: 3.0, bar: None },
        ];
        assert_eq!(rows(&figures), expected);
        assert_eq!((x(0.0), x(3.0)), (NAMES, WIDTH as i32 - MARGIN));
        let file = tempfile::NamedTempFile::new().unwrap();
        Bars { title: "it", lines: &[0.8] }.draw(file.path(), &figures).unwrap();
        assert!(std::fs::read_to_string(file.path()).unwrap().contains("0.90"));
    }
}
