//! Figures for people.
use super::figure::{Bar, Figure};

/// Columns; notes come behind them, as wide as they are.
const HEAD: [&str; 7] = ["", "value", "spread", "reference", "ratio", "bar", ""];

/// The figures as a table; what is left of the last `/` of their names becomes headings.
pub(crate) fn render(figures: &[Figure]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(first) = figures.get(at) {
        let (group, _) = split(&first.name);
        let count = figures[at..].iter().take_while(|figure| split(&figure.name).0 == group).count();
        let mut rows = vec![(HEAD.map(String::from), "")];
        rows[0].0[0] = group.to_string();
        rows.extend(figures[at..at + count].iter().map(|it| (row(it), it.note.as_deref().unwrap_or_default())));
        write_rows(&mut out, &rows);
        at += count;
    }
    let bars: Vec<_> = figures.iter().filter_map(Figure::pass).collect();
    let failed: Vec<&str> = figures.iter().filter(|it| it.pass() == Some(false)).map(|it| it.name.as_str()).collect();
    out.push_str(&format!("{} of {} bars are met\n", bars.len() - failed.len(), bars.len()));
    for name in failed {
        out.push_str(&format!("NOT MET: {name}\n"));
    }
    out
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

fn row(figure: &Figure) -> [String; 7] {
    let with_unit = |value: f64| format!("{} {}", number(value), figure.unit).trim_end().to_string();
    let optional = |value: Option<String>| value.unwrap_or_default();
    [
        format!("  {}", split(&figure.name).1),
        with_unit(figure.value),
        optional(figure.spread.map(|spread| format!("± {}", number(spread / 2.0)))),
        optional(figure.reference.as_ref().map(|it| format!("{} ({})", with_unit(it.value), it.what))),
        optional(figure.ratio().map(|ratio| {
            let spread = figure.paired.map(|paired| format!(" ± {:.1}", 50.0 * paired.spread));
            format!("{:.2}{} %", 100.0 * ratio, spread.unwrap_or_default())
        })),
        optional(figure.bar.map(|bar| match bar {
            Bar::ValueAtMost(limit) => format!("≤ {}", with_unit(limit)),
            Bar::ValueAtLeast(limit) => format!("≥ {}", with_unit(limit)),
            Bar::RatioAtMost(limit) => format!("≤ {} %", number(100.0 * limit)),
            Bar::RatioAtLeast(limit) => format!("≥ {} %", number(100.0 * limit)),
        })),
        optional(figure.pass().map(|pass| if pass { "✓" } else { "✗" }.to_string())),
    ]
}

fn write_rows(out: &mut String, rows: &[([String; 7], &str)]) {
    let width = |column: usize| rows.iter().map(|(row, _)| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    for (row, note) in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            match column {
                0 => line.push_str(&format!("{cell}{padding}")),
                _ => line.push_str(&format!("  {padding}{cell}")),
            }
        }
        if !note.is_empty() {
            line.push_str(&format!("  {note}"));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// Thousands apart, three digits behind the point for what is small.
fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        return format!("{value:.3e}");
    }
    if value.fract() != 0.0 && value.abs() < 1000.0 {
        return format!("{value:.3}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    if value < 0.0 {
        text.insert(0, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_234_567.0), "1 234 567");
        assert_eq!(number(-1234.0), "-1 234");
        assert_eq!(number(0.5), "0.500");
        assert_eq!(number(123.0), "123");
        assert_eq!(number(-0.000_012_5), "-1.250e-5");
    }

    #[test]
    fn groups_and_verdicts() {
        let figures = [
            Figure::new("size/escrow", 10.0, "B").bar(Bar::ValueAtMost(20.0)),
            Figure::new("size/arbiter", 30.0, "B").bar(Bar::ValueAtMost(20.0)),
            Figure::new("cost/play", 3.0, "s").against("a block", 6.0).note("of all moves"),
        ];
        let text = render(&figures);
        assert!(text.contains("1 of 2 bars are met\nNOT MET: size/arbiter\n"), "{text}");
        assert!(text.contains("50.00 %"), "{text}");
        assert!(text.lines().any(|line| line.ends_with("of all moves")), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with(['s', 'c'])).count(), 2, "{text}");
    }
}
