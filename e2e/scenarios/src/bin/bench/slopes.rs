//! How costs grow, drawn: both axes logarithmic, so that what grows in proportion rises by the same angle everywhere, and
//! what doesn't grow is level.
use crate::ink::{picture, text, Area, BAR, PALE};
use anyhow::Result;
use plotters::prelude::*;
use std::path::Path;

/// What grows, and what it costs: positive numbers, all of them.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// What the axis along the bottom is.
    pub(crate) across: &'static str,
    /// What the axis upwards is.
    pub(crate) up: &'static str,
    pub(crate) lines: Vec<Line>,
    /// Where the bar is.
    pub(crate) bar: Line,
}

/// Points from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Line {
    /// One without points.
    pub(crate) fn new(name: &'static str) -> Line {
        Line { name, points: Vec::new() }
    }

    /// What the leftmost one costs.
    pub(crate) fn first(&self) -> Option<f64> {
        self.points.first().map(|point| point.1)
    }
}

/// Of a panel.
const SIZE: (u32, u32) = (540, 400);
const COLOURS: [RGBColor; 3] = [RGBColor(0x12, 0x3a, 0x6b), RGBColor(0x6a, 0xa3, 0xd8), RGBColor(0xd9, 0x7a, 0x1e)];
/// What there is beyond the points, times as far: on either side, below, and above, where the legend is.
const ROOM: (f64, f64, f64) = (1.5, 2.0, 20.0);

/// Draws the panels side by side.
///
/// # Errors
/// The file can't be written.
pub(crate) fn draw(path: &Path, panels: &[Panel]) -> Result<()> {
    picture(path, (SIZE.0 * panels.len() as u32, SIZE.1), |area| {
        let areas = area.split_evenly((1, panels.len()));
        areas.iter().zip(panels).try_for_each(|(area, panel)| draw_panel(area, panel))
    })
}

fn draw_panel(area: &Area<'_>, panel: &Panel) -> Result<()> {
    let (across, up) = panel.ranges();
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .caption(panel.title, text(16))
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d((across.0..across.1).log_scale(), (up.0..up.1).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(PALE)
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .x_desc(panel.across)
        .y_desc(panel.up)
        .label_style(text(12))
        .draw()?;
    let bar = panel.bar.points.iter().copied();
    chart
        .draw_series(DashedLineSeries::new(bar, 6, 4, BAR.stroke_width(1)))?
        .label(panel.bar.name)
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 20, y)], BAR.stroke_width(1)));
    for (line, colour) in panel.lines.iter().zip(COLOURS) {
        let points = || line.points.iter().copied();
        chart.draw_series(points().map(|at| Circle::new(at, 3, colour.filled())))?;
        chart
            .draw_series(LineSeries::new(points(), colour.stroke_width(2)))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(TRANSPARENT)
        .label_font(text(12))
        .draw()?;
    Ok(())
}

impl Panel {
    /// From where to where the axes go.
    fn ranges(&self) -> ((f64, f64), (f64, f64)) {
        let points = || self.lines.iter().chain([&self.bar]).flat_map(|line| &line.points);
        let range = |of: fn(&(f64, f64)) -> f64| {
            let each = || points().map(of);
            (each().fold(f64::INFINITY, f64::min), each().fold(0.0, f64::max))
        };
        let ((left, right), (bottom, top)) = (range(|at| at.0), range(|at| at.1));
        ((left / ROOM.0, right * ROOM.0), (bottom / ROOM.1, top * ROOM.2))
    }
}

/// Powers of ten, in print.
fn number(value: &f64) -> String {
    format!("{}", (value * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_shows_all_points() {
        let line = |name, points: &[(f64, f64)]| Line { name, points: points.to_vec() };
        let panel = Panel {
            title: "costs",
            across: "elements",
            up: "seconds",
            lines: vec![line("level", &[(1.0, 0.1), (10.0, 0.1)]), line("rising", &[(1.0, 1.0), (100.0, 100.0)])],
            bar: line("the bar", &[(1.0, 0.2), (100.0, 0.2)]),
        };
        assert_eq!(panel.ranges(), ((1.0 / 1.5, 150.0), (0.05, 2000.0)));
        assert_eq!((panel.lines[1].first(), Line::new("none").first()), (Some(1.0), None));
        assert_eq!([number(&0.1), number(&0.010_000_000_000_01), number(&100.0)], ["0.1", "0.01", "100"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        draw(file.path(), &[panel.clone(), panel]).unwrap();
        let svg = std::fs::read_to_string(file.path()).unwrap();
        for what in ["costs", "elements", "seconds", "level", "rising", "the bar"] {
            assert_eq!(svg.matches(what).count(), 2, "{what}");
        }
        assert_eq!(svg.matches("<circle").count(), 8);
    }
}
