//! Ratios, drawn as bars.
use crate::figure::{Bar, Figure};
use crate::ink::{picture, text, Area, BAR, INK, PALE};
use anyhow::Result;
use plotters::prelude::*;
use std::path::Path;

const WIDTH: u32 = 1080;
/// Height of a row.
const ROW: i32 = 20;
/// Of one of its bars.
const THICK: i32 = 6;
/// Above the rows.
const HEAD: i32 = 64;
/// Below them.
const FOOT: i32 = 30;
/// Left of the bars: names of about 60 letters.
const NAMES: i32 = 380;
/// Right of the bars: numbers.
const MARGIN: i32 = 90;
/// The ratio at the right end; what is beyond is cut.
const MOST: f64 = 2.0;
/// Of one thread's bars, and of more threads'.
const COLOURS: [RGBColor; 2] = [RGBColor(0x6a, 0xa3, 0xd8), RGBColor(0x12, 0x3a, 0x6b)];

/// Draws the figures that have a ratio: a row for each, whose bars are what left of the first `/` of a name is; red
/// strokes where the figures' own bars are.
///
/// # Errors
/// The file can't be written.
pub(crate) fn draw(path: &Path, title: &str, figures: &[Figure]) -> Result<()> {
    let Chart { series, rows } = chart(figures);
    let bottom = HEAD + ROW * rows.len() as i32;
    picture(path, (WIDTH, (bottom + FOOT).unsigned_abs()), |area| {
        area.draw(&Text::new(title.to_string(), (12, 10), text(16)))?;
        for (at, (name, colour)) in series.iter().zip(COLOURS).enumerate() {
            let left = NAMES + 120 * at as i32;
            area.draw(&Rectangle::new([(left, 38), (left + 22, 38 + THICK)], colour.filled()))?;
            area.draw(&Text::new(name.to_string(), (left + 30, 34), text(12)))?;
        }
        for ratio in [0.0, 0.5, 1.0, 1.5, MOST] {
            let at = x(ratio);
            let colour = if ratio == 1.0 { INK } else { PALE };
            area.draw(&PathElement::new(vec![(at, HEAD), (at, bottom)], colour.stroke_width(1)))?;
            area.draw(&Text::new(format!("{ratio}"), (at - 8, bottom + 8), text(12)))?;
        }
        for (row, top) in rows.iter().zip((HEAD..).step_by(ROW as usize)) {
            draw_row(area, row, top)?;
        }
        Ok(())
    })
}

/// What is drawn.
#[derive(Debug, PartialEq)]
struct Chart<'a> {
    /// Names of the bars of a row.
    series: Vec<&'a str>,
    rows: Vec<Row<'a>>,
}

/// A line of a chart.
#[derive(Debug, PartialEq)]
enum Row<'a> {
    /// A group's name.
    Group(&'a str),
    /// A figure's name, the ratio in each series, and the bar.
    Ratios { name: &'a str, ratios: Vec<Option<f64>>, bar: Option<f64> },
}

/// Group and name, the ratio in each series, and the bar.
type Item<'a> = (&'a str, Vec<Option<f64>>, Option<f64>);

/// Figures of several series, side by side: `series/group/name`.
fn chart(figures: &[Figure]) -> Chart<'_> {
    let split = |figure: &'_ Figure| figure.name.split_once('/').map(|(series, _)| series.len()).unwrap_or(0);
    let mut series: Vec<&str> = Vec::new();
    let mut items: Vec<Item<'_>> = Vec::new();
    for figure in figures {
        let Some(ratio) = figure.ratio() else { continue };
        let (own, name) = figure.name.split_at(split(figure));
        let at = series.iter().position(|series| *series == own).unwrap_or(series.len());
        if at == series.len() {
            series.push(own);
        }
        let bar = match figure.bar {
            Some(Bar::RatioAtLeast(bar)) => Some(bar),
            _ => None,
        };
        let item = items.iter().position(|item| item.0 == name && item.1.get(at).is_none_or(Option::is_none));
        let item = item.unwrap_or_else(|| {
            items.push((name, Vec::new(), bar));
            items.len() - 1
        });
        let ratios = &mut items[item].1;
        ratios.resize(ratios.len().max(at + 1), None);
        ratios[at] = Some(ratio);
    }
    let mut rows = Vec::new();
    let mut last = "";
    for (name, ratios, bar) in items {
        let (group, name) = name.rsplit_once('/').unwrap_or(("", name));
        if group != last {
            rows.push(Row::Group(group.trim_start_matches('/')));
            last = group;
        }
        rows.push(Row::Ratios { name, ratios, bar });
    }
    Chart { series, rows }
}

/// Where a ratio is.
fn x(ratio: f64) -> i32 {
    let width = f64::from(WIDTH as i32 - NAMES - MARGIN);
    NAMES + (ratio.clamp(0.0, MOST) / MOST * width).round() as i32
}

fn draw_row(area: &Area<'_>, row: &Row<'_>, top: i32) -> Result<()> {
    match row {
        Row::Group(name) => area.draw(&Text::new(name.to_string(), (12, top + 3), text(14)))?,
        Row::Ratios { name, ratios, bar } => {
            area.draw(&Text::new(name.to_string(), (28, top + 4), text(12)))?;
            for ((ratio, colour), top) in ratios.iter().zip(COLOURS).zip((top + 4..).step_by(THICK as usize)) {
                let Some(ratio) = *ratio else { continue };
                area.draw(&Rectangle::new([(x(0.0), top), (x(ratio), top + THICK - 1)], colour.filled()))?;
            }
            if let Some(bar) = *bar {
                let stroke = vec![(x(bar), top + 1), (x(bar), top + ROW - 2)];
                area.draw(&PathElement::new(stroke, BAR.stroke_width(2)))?;
            }
            let number = |ratio: &Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
            let numbers = ratios.iter().map(number).collect::<Vec<_>>().join(" · ");
            area.draw(&Text::new(numbers, (x(MOST) + 10, top + 4), text(12)))?;
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
        let figures = [
            ratio("one/a/b", 9.0).bar(Bar::RatioAtLeast(0.8)),
            Figure::new("one/a/none", 1.0, ""),
            ratio("one/d/e", 30.0),
            ratio("two/a/b", 7.0),
        ];
        let rows = vec![
            Row::Group("a"),
            Row::Ratios { name: "b", ratios: vec![Some(0.9), Some(0.7)], bar: Some(0.8) },
            Row::Group("d"),
            Row::Ratios { name: "e", ratios: vec![Some(3.0)], bar: None },
        ];
        assert_eq!(chart(&figures), Chart { series: vec!["one", "two"], rows });
        assert_eq!((x(0.0), x(3.0)), (NAMES, WIDTH as i32 - MARGIN));
        let file = tempfile::NamedTempFile::new().unwrap();
        draw(file.path(), "it", &figures).unwrap();
        assert!(std::fs::read_to_string(file.path()).unwrap().contains("0.90"));
    }
}
