//! Accuracy, by an evaluation program (see [`compile`](crate::compile)).
use super::{ExecError, Executor};
use crate::state::State;

/// Name of the node that gives a batch's logits in an evaluation program.
pub const LOGITS: &str = "logits";
/// Name of the node that gives a batch's labels in an evaluation program.
pub const LABELS: &str = "labels";

/// How many samples are classified correctly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// Correct ones.
    pub correct: u64,
    /// All.
    pub total: u64,
}

impl Accuracy {
    /// Correct ones per hundred.
    pub fn percent(&self) -> f64 {
        100.0 * self.correct as f64 / self.total.max(1) as f64
    }
}

impl std::fmt::Display for Accuracy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} % ({} of {})", self.percent(), self.correct, self.total)
    }
}

impl Executor {
    /// Runs the first `batches` steps of an evaluation program.
    ///
    /// # Errors
    /// Not an evaluation program, or a state of another shape.
    pub fn accuracy(&mut self, state: &State, batches: u64) -> Result<Accuracy, ExecError> {
        let find = |name| {
            let found = self.program.nodes.iter().rposition(|node| node.name.as_str() == name);
            found.ok_or(ExecError::NotEvaluation(name))
        };
        let (logits, labels) = (find(LOGITS)?, find(LABELS)?);
        let mut accuracy = Accuracy { correct: 0, total: 0 };
        for batch in 0..batches {
            self.run(&[state], batch)?;
            let labels = &self.outputs[labels];
            let classes = self.outputs[logits].len() / labels.len();
            for (row, &label) in self.outputs[logits].chunks_exact(classes).zip(labels) {
                accuracy.total += 1;
                accuracy.correct += u64::from(greatest(row) as f32 == label);
            }
        }
        Ok(accuracy)
    }
}

/// Position of the first greatest value.
pub(crate) fn greatest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}
