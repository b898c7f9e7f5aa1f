//! Accuracy and loss, by an evaluation program.
use super::{ExecError, Executor, LOSS};
use crate::quality::Quality;
use crate::state::State;

/// Name of the node that gives a batch's outputs in an evaluation program; logits of classes: `[.., classes]`.
pub const LOGITS: &str = "logits";
/// Name of the node that gives a batch's labels in an evaluation program: of classes one for every row of logits.
pub const LABELS: &str = "labels";
/// Name of the node that says which labels of a batch count, where they are classes: 1 for these, 0 for others.
pub const VALID: &str = "valid";

impl Executor {
    /// Runs the first `batches` steps of an evaluation program.
    ///
    /// # Errors
    /// Not an evaluation program, or a state of another shape.
    pub fn evaluate(&mut self, state: &State, batches: u64) -> Result<Quality, ExecError> {
        // The last nodes are the new states, whose names are the model's.
        let own = self.program.nodes.len().saturating_sub(self.program.states.len());
        let named = |name| self.program.nodes[..own].iter().rposition(|node| node.name.as_str() == name);
        let find = |name| named(name).ok_or(ExecError::NotEvaluation(name));
        let (logits, labels, loss) = (find(LOGITS)?, find(LABELS)?, find(LOSS)?);
        // What the loss needs follows the model's nodes, which may have any names.
        let valid = named(VALID).filter(|&valid| valid > logits);
        let (mut sum, mut correct, mut total) = (0.0, 0, 0);
        for batch in 0..batches {
            self.run(&[state], batch, |_| ())?;
            let (logits, labels) = (self.output(logits), self.output(labels));
            let counted = match valid {
                Some(valid) => {
                    let rows = logits.chunks_exact(logits.len() / labels.len()).zip(labels).zip(self.output(valid));
                    let counted = || rows.clone().filter(|(_, &valid)| valid != 0.0);
                    correct += counted().filter(|((row, &label), _)| greatest(row) as f32 == label).count() as u64;
                    counted().count()
                }
                None => logits.len(),
            };
            // Of nothing there is no mean.
            if counted > 0 {
                sum += f64::from(self.output(loss)[0]) * counted as f64;
                total += counted as u64;
            }
        }
        Ok(Quality::of_sums(sum, valid.map(|_| correct), total))
    }
}

/// Position of the first greatest value.
fn greatest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}
