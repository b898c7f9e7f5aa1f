//! Which rows are trained on, and which tested.
use super::ImportError;
use assay_core::arith::random::permute;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Which rows go where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Selection {
    /// Share of the rows that is tested on: the last ones. Left out if the test rows have a source of their own.
    pub test_fraction: Option<f64>,
    /// Seed of a shuffle before anything else; the test rows' own source is not shuffled.
    pub shuffle: Option<u64>,
    /// Rows kept at most, the first ones; the test rows' own source is kept whole.
    pub rows: Option<u64>,
}

/// Rows of a source in their new order, and where the test rows begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows there are.
    rows: u64,
    shuffle: Option<u64>,
    pub(super) train: Range<u64>,
    pub(super) test: Range<u64>,
}

impl Plan {
    /// The source's row at place `place`.
    pub(super) fn row(&self, place: u64) -> u64 {
        self.shuffle.map_or(place, |seed| permute(seed, self.rows, place))
    }
}

impl Selection {
    /// Divides so many rows.
    pub(super) fn plan(self, rows: u64, own_test: bool) -> Result<Plan, ImportError> {
        let kept = self.rows.map_or(rows, |most| most.min(rows));
        if kept == 0 {
            return Err(ImportError::Empty);
        }
        let test = match (self.test_fraction, own_test) {
            (None, true) => 0,
            (None, false) => return Err(ImportError::NoTest),
            (Some(_), true) => return Err(ImportError::TwoTests),
            (Some(fraction), false) if fraction > 0.0 && fraction < 1.0 => {
                if kept < 2 {
                    return Err(ImportError::TooFewRows { rows: kept });
                }
                ((kept as f64 * fraction).round() as u64).clamp(1, kept - 1)
            }
            (Some(fraction), false) => return Err(ImportError::Fraction(fraction)),
        };
        Ok(Plan { rows, shuffle: self.shuffle, train: 0..kept - test, test: kept - test..kept })
    }
}
