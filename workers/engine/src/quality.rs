//! How good a model is, by whatever evaluated it.
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// How good a model is on the test data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// The task's loss: its mean over everything that counts, 0 if nothing does.
    #[serde(deserialize_with = "number_or_nan")]
    pub loss: f64,
    /// Labels that are the greatest logit's, of those that count; `None` where labels aren't classes.
    pub correct: Option<u64>,
    /// What counts: labels that aren't ignored; the output's values where labels aren't classes.
    pub total: u64,
}

impl Quality {
    /// From sums over all batches.
    pub(crate) fn of_sums(loss: f64, correct: Option<u64>, total: u64) -> Quality {
        Quality { loss: loss / total.max(1) as f64, correct, total }
    }

    /// Share of the labels that are the greatest logit's.
    pub fn accuracy(&self) -> Option<f64> {
        self.correct.map(|correct| correct as f64 / self.total.max(1) as f64)
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(share), Some(correct)) = (self.accuracy(), self.correct) {
            write!(f, "accuracy {:.2} % ({correct} of {}), ", 100.0 * share, self.total)?;
        }
        write!(f, "test loss {:.4}", self.loss)
    }
}

/// JSON has no NaN: it is written as null.
fn number_or_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_words_and_json() {
        let classes = Quality::of_sums(5.0, Some(3), 4);
        assert_eq!(classes.to_string(), "accuracy 75.00 % (3 of 4), test loss 1.2500");
        let numbers = Quality::of_sums(5.0, None, 4);
        assert_eq!((numbers.to_string().as_str(), numbers.accuracy()), ("test loss 1.2500", None));
        for quality in [classes, numbers, Quality::of_sums(0.0, Some(0), 0)] {
            assert_eq!(serde_json::from_str::<Quality>(&serde_json::to_string(&quality).unwrap()).unwrap(), quality);
        }
        let diverged = serde_json::to_string(&Quality::of_sums(f64::NAN, None, 4)).unwrap();
        assert!(serde_json::from_str::<Quality>(&diverged).unwrap().loss.is_nan());
    }
}
