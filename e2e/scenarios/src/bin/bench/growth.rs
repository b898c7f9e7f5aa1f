//! How disputes grow with the program, drawn.
use crate::ink::{picture, text, Area, BAR, PALE};
use anyhow::Result;
use plotters::prelude::*;
use std::path::Path;

/// Disputes of programs of several sizes.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

/// One dispute.
#[derive(Debug)]
pub(crate) struct Point {
    /// The program has 10^this parameters.
    pub(crate) power: u32,
    /// Moves of the asserter.
    pub(crate) moves: f64,
    /// Bytes of both sides' messages.
    pub(crate) bytes: f64,
    /// The dearest call's part of a block's time.
    pub(crate) share: f64,
}

/// 10 to this power, in print.
pub(crate) fn power_of_ten(power: u32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match power {
        0 | 1 => 10_u32.pow(power).to_string(),
        _ => "10".chars().chain(power.to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')])).collect(),
    }
}

/// Size of the picture.
const SIZE: (u32, u32) = (1080, 400);
/// Of the legend below.
const LEGEND: u32 = 56;
/// From few steps to many, then many tensors.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x9e, 0xc5, 0xe8),
    RGBColor(0x6a, 0xa3, 0xd8),
    RGBColor(0x3f, 0x80, 0xc2),
    RGBColor(0x25, 0x5f, 0xa3),
    RGBColor(0x12, 0x3a, 0x6b),
    RGBColor(0xd9, 0x7a, 0x1e),
];

/// What a panel shows.
struct Panel {
    title: &'static str,
    of: fn(&Point) -> f64,
    bar: f64,
    bar_name: &'static str,
    top: f64,
    label: fn(&f64) -> String,
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "moves of the asserter",
        of: |point| point.moves,
        bar: 20.0,
        bar_name: "bar: 20",
        top: 24.0,
        label: |value| format!("{value:.0}"),
    },
    Panel {
        title: "bytes of all messages, KiB",
        of: |point| point.bytes / 1024.0,
        bar: 64.0,
        bar_name: "bar: 64 KiB",
        top: 72.0,
        label: |value| format!("{value:.0}"),
    },
    Panel {
        title: "dearest call, of a block's time",
        of: |point| 100.0 * point.share,
        bar: 1.0,
        bar_name: "bar: 1 %",
        top: 1.2,
        label: |value| format!("{value:.1} %"),
    },
];

/// Draws moves, bytes and the dearest call over the number of parameters.
pub(crate) fn draw(path: &Path, lines: &[Line]) -> Result<()> {
    picture(path, SIZE, |area| {
        let (above, below) = area.split_vertically(SIZE.1 - LEGEND);
        for (area, panel) in above.split_evenly((1, PANELS.len())).iter().zip(&PANELS) {
            draw_panel(area, panel, lines)?;
        }
        draw_legend(&below, lines)
    })
}

fn draw_panel(area: &Area<'_>, panel: &Panel, lines: &[Line]) -> Result<()> {
    let powers = lines.iter().flat_map(|line| &line.points).map(|point| point.power);
    let (least, most) = (powers.clone().min().unwrap_or(0), powers.max().unwrap_or(1));
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .caption(panel.title, text(16))
        .x_label_area_size(40)
        .y_label_area_size(46)
        .build_cartesian_2d(f64::from(least) - 0.2..f64::from(most) + 0.2, 0.0..panel.top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(PALE)
        .x_labels((most - least + 1) as usize)
        .x_label_formatter(&|power| power_of_ten(power.round() as u32))
        .y_label_formatter(&panel.label)
        .x_desc("parameters")
        .label_style(text(12))
        .draw()?;
    let (left, right) = (f64::from(least) - 0.2, f64::from(most) + 0.2);
    let dashes = DashedLineSeries::new([(left, panel.bar), (right, panel.bar)], 6, 4, BAR.stroke_width(1));
    chart.draw_series(dashes)?;
    let name = Text::new(panel.bar_name, (left + 0.1, panel.bar + panel.top * 0.05), text(12).color(&BAR));
    chart.draw_series([name])?;
    for (line, colour) in lines.iter().zip(COLOURS) {
        let points: Vec<_> = line.points.iter().map(|point| (f64::from(point.power), (panel.of)(point))).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.into_iter().map(|at| Circle::new(at, 3, colour.filled())))?;
    }
    Ok(())
}

fn draw_legend(area: &Area<'_>, lines: &[Line]) -> Result<()> {
    let style = text(13);
    let mut left = 60;
    for (line, colour) in lines.iter().zip(COLOURS) {
        area.draw(&PathElement::new(vec![(left, 16), (left + 26, 16)], colour.stroke_width(3)))?;
        area.draw(&Text::new(line.name.clone(), (left + 34, 9), style.clone()))?;
        left += 70 + 7 * line.name.chars().count() as i32;
    }
    Ok(())
}
