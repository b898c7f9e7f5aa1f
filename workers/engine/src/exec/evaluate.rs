//! Accuracy and loss, by an evaluation program.
use super::{ExecError, Executor, LOSS};
use crate::state::State;

/// Name of the node that gives a batch's logits in an evaluation program: `[.., classes]`.
pub const LOGITS: &str = "logits";
/// Name of the node that gives a batch's labels in an evaluation program: one for every row of logits.
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

/// What an evaluation finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Correct classifications.
    pub accuracy: Accuracy,
    /// Mean over the batches of the node called [`LOSS`]; NaN if there is none.
    pub loss: f64,
}

impl Executor {
    /// Runs the first `batches` steps of an evaluation program.
    ///
    /// # Errors
    /// Not an evaluation program, or a state of another shape.
    pub fn evaluate(&mut self, state: &State, batches: u64) -> Result<Evaluation, ExecError> {
        let named = |name| self.program.nodes.iter().rposition(|node| node.name.as_str() == name);
        let find = |name| named(name).ok_or(ExecError::NotEvaluation(name));
        let (logits, labels, loss) = (find(LOGITS)?, find(LABELS)?, named(LOSS));
        let mut accuracy = Accuracy { correct: 0, total: 0 };
        let mut losses = 0.0;
        for batch in 0..batches {
            self.run(&[state], batch, |_| ())?;
            let labels = &self.outputs[labels];
            let classes = self.outputs[logits].len() / labels.len();
            for (row, &label) in self.outputs[logits].chunks_exact(classes).zip(labels) {
                accuracy.total += 1;
                accuracy.correct += u64::from(greatest(row) as f32 == label);
            }
            losses += loss.map_or(f64::NAN, |loss| self.outputs[loss][0].into());
        }
        Ok(Evaluation { accuracy, loss: losses / batches as f64 })
    }

    /// The accuracy alone.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn accuracy(&mut self, state: &State, batches: u64) -> Result<Accuracy, ExecError> {
        Ok(self.evaluate(state, batches)?.accuracy)
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
