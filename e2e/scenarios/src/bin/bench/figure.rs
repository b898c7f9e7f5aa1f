//! A measured number, what it is compared with, and what it has to be.
use serde_json::{json, Value};

/// A measured number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// What was measured; `/` separates groups.
    pub(crate) name: String,
    /// The number: the median, if it was measured several times.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// What it is compared with.
    pub(crate) reference: Option<Reference>,
    /// Greatest minus least, if it was measured several times.
    pub(crate) spread: Option<f64>,
    /// Value over reference as it was measured, pair by pair, instead of the quotient of the two.
    pub(crate) paired: Option<Paired>,
    /// What it has to be.
    pub(crate) bar: Option<Bar>,
    /// More about it, in words.
    pub(crate) note: Option<String>,
}

/// What a figure is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reference {
    /// In words.
    pub(crate) what: &'static str,
    /// In the figure's unit.
    pub(crate) value: f64,
}

/// Ratios of measurements that follow each other: the machine was as busy for one as for the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paired {
    /// The median.
    pub(crate) ratio: f64,
    /// Greatest minus least.
    pub(crate) spread: f64,
}

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bar {
    /// The value is at most this.
    ValueAtMost(f64),
    /// The value is at least this.
    ValueAtLeast(f64),
    /// Value over reference is at most this.
    RatioAtMost(f64),
    /// Value over reference is at least this.
    #[cfg_attr(not(feature = "torch"), allow(dead_code))] // What is compared with libtorch.
    RatioAtLeast(f64),
}

/// What is said of ratios that spread over more than half of their median.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
const UNSTEADY: &str = "unsteady: the machine has other work";

impl Figure {
    /// A number that is what it is.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { name: name.into(), value, unit, reference: None, spread: None, paired: None, bar: None, note: None }
    }

    /// The median of several measurements, with their spread.
    pub(crate) fn median(name: impl Into<String>, values: Vec<f64>, unit: &'static str) -> Figure {
        let several = values.len() > 1;
        let (value, spread) = median(values);
        Figure { spread: several.then_some(spread), ..Figure::new(name, value, unit) }
    }

    /// Medians of ours and theirs, measured alternately, and the median of their ratios.
    #[cfg_attr(not(feature = "torch"), allow(dead_code))]
    pub(crate) fn pairs(
        name: impl Into<String>,
        pairs: &[(f64, f64)],
        unit: &'static str,
        whose: &'static str,
    ) -> Figure {
        let ours = Figure::median(name, pairs.iter().map(|pair| pair.0).collect(), unit);
        let (theirs, _) = median(pairs.iter().map(|pair| pair.1).collect());
        let (ratio, spread) = median(pairs.iter().map(|(ours, theirs)| ours / theirs).collect());
        let note = (spread > ratio / 2.0).then(|| UNSTEADY.to_string());
        Figure { paired: Some(Paired { ratio, spread }), note, ..ours.against(whose, theirs) }
    }

    pub(crate) fn against(self, what: &'static str, value: f64) -> Figure {
        Figure { reference: Some(Reference { what, value }), ..self }
    }

    pub(crate) fn bar(self, bar: Bar) -> Figure {
        Figure { bar: Some(bar), ..self }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Figure {
        Figure { note: Some(note.into()), ..self }
    }

    /// Value over reference.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let quotient = || self.reference.as_ref().map(|reference| self.value / reference.value);
        self.paired.map(|paired| paired.ratio).or_else(quotient)
    }

    /// Whether the bar is met: a ratio without reference, and what isn't a number, isn't.
    pub(crate) fn pass(&self) -> Option<bool> {
        Some(match self.bar? {
            Bar::ValueAtMost(limit) => self.value <= limit,
            Bar::ValueAtLeast(limit) => self.value >= limit,
            Bar::RatioAtMost(limit) => self.ratio().is_some_and(|ratio| ratio <= limit),
            Bar::RatioAtLeast(limit) => self.ratio().is_some_and(|ratio| ratio >= limit),
        })
    }

    /// As one JSON object.
    pub(crate) fn to_json(&self) -> Value {
        let reference = self.reference.as_ref().map(|it| json!({ "what": it.what, "value": it.value }));
        let bar = self.bar.map(|bar| match bar {
            Bar::ValueAtMost(limit) => json!({ "value_at_most": limit }),
            Bar::ValueAtLeast(limit) => json!({ "value_at_least": limit }),
            Bar::RatioAtMost(limit) => json!({ "ratio_at_most": limit }),
            Bar::RatioAtLeast(limit) => json!({ "ratio_at_least": limit }),
        });
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "reference": reference,
            "ratio": self.ratio(),
            "ratio_spread": self.paired.map(|paired| paired.spread),
            "spread": self.spread,
            "bar": bar,
            "pass": self.pass(),
            "note": self.note,
        })
    }
}

/// The median of several measurements, and greatest minus least; not a number if there is none.
fn median(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let value = match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    };
    (value, values.last().zip(values.first()).map_or(f64::NAN, |(most, least)| most - least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spreads() {
        let of = |values: &[f64]| Figure::median("it", values.to_vec(), "s");
        assert_eq!((of(&[3.0, 1.0, 2.0]).value, of(&[3.0, 1.0, 2.0]).spread), (2.0, Some(2.0)));
        assert_eq!((of(&[4.0, 1.0]).value, of(&[4.0]).spread), (2.5, None));
        assert!(of(&[]).value.is_nan());
    }

    #[test]
    fn pairs_are_compared_with_each_other() {
        // A machine twice as slow for the second pair: the ratios know nothing of it.
        let figure = Figure::pairs("it", &[(9.0, 10.0), (5.0, 5.0), (8.0, 10.0)], "/s", "theirs");
        assert_eq!((figure.value, figure.spread), (8.0, Some(4.0)));
        assert_eq!(figure.reference, Some(Reference { what: "theirs", value: 10.0 }));
        assert_eq!(figure.ratio(), Some(0.9));
        assert!((figure.to_json()["ratio_spread"].as_f64().unwrap() - 0.2).abs() < 1e-9);
        assert_eq!(figure.note, None);
        assert_eq!(Figure::pairs("it", &[(1.0, 1.0), (1.0, 2.0)], "/s", "theirs").note.unwrap(), UNSTEADY);
        assert_eq!(figure.clone().bar(Bar::RatioAtLeast(0.9)).pass(), Some(true));
        assert_eq!(figure.bar(Bar::RatioAtLeast(0.91)).pass(), Some(false));
    }

    #[test]
    fn bars() {
        let figure = Figure::new("it", 3.0, "s");
        assert_eq!(figure.pass(), None);
        assert_eq!(figure.clone().bar(Bar::ValueAtMost(3.0)).pass(), Some(true));
        assert_eq!(figure.clone().bar(Bar::ValueAtMost(2.9)).pass(), Some(false));
        assert_eq!(figure.clone().bar(Bar::ValueAtLeast(3.0)).pass(), Some(true));
        assert_eq!(figure.clone().bar(Bar::ValueAtLeast(3.1)).pass(), Some(false));
        assert_eq!(figure.clone().bar(Bar::RatioAtLeast(0.0)).pass(), Some(false), "no reference");
        assert_eq!(figure.clone().bar(Bar::RatioAtMost(9.0)).pass(), Some(false), "no reference");
        let figure = figure.against("ten", 10.0).bar(Bar::RatioAtMost(0.3));
        assert_eq!((figure.ratio(), figure.pass()), (Some(0.3), Some(true)));
        assert_eq!(Figure::new("it", f64::NAN, "s").bar(Bar::ValueAtMost(1.0)).pass(), Some(false));
        assert_eq!(Figure::new("it", f64::NAN, "s").bar(Bar::ValueAtLeast(1.0)).pass(), Some(false));
        let json = figure.to_json();
        assert_eq!((&json["bar"]["ratio_at_most"], &json["pass"]), (&json!(0.3), &json!(true)));
        assert_eq!(json["spread"], Value::Null);
    }
}
