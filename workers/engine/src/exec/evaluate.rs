//! Accuracy and loss, by an evaluation program.
use super::{ExecError, Executor, LOSS};
use crate::quality::Quality;
use crate::state::State;
use assay_core::graph::Program;

/// Name of the node that gives a batch's outputs in an evaluation program; logits of classes: `[.., classes]`.
pub const LOGITS: &str = "logits";
/// Name of the node that gives a batch's labels in an evaluation program: of classes one for every row of logits.
pub const LABELS: &str = "labels";
/// Name of the node that says which labels of a batch count, where they are classes: 1 for these, 0 for others.
pub const VALID: &str = "valid";

/// The nodes of an evaluation program that say how good a model is.
pub(crate) struct Measured {
    logits: usize,
    labels: usize,
    loss: usize,
    valid: Option<usize>,
}

impl Measured {
    /// Those of a program.
    pub(crate) fn of(program: &Program) -> Result<Measured, ExecError> {
        // The last nodes are the new states, whose names are the model's.
        let own = program.nodes.len().saturating_sub(program.states.len());
        let named = |name| program.nodes[..own].iter().rposition(|node| node.name.as_str() == name);
        let find = |name| named(name).ok_or(ExecError::NotEvaluation(name));
        let (logits, labels, loss) = (find(LOGITS)?, find(LABELS)?, find(LOSS)?);
        // What the loss needs follows the model's nodes, which may have any names.
        let valid = named(VALID).filter(|&valid| valid > logits);
        Ok(Measured { logits, labels, loss, valid })
    }

    /// Outputs, labels, loss, and which labels count.
    #[cfg(feature = "cuda")]
    pub(crate) fn nodes(&self) -> [Option<usize>; 4] {
        [Some(self.logits), Some(self.labels), Some(self.loss), self.valid]
    }
}

/// Sums over batches.
pub(crate) struct Sums {
    loss: f64,
    correct: u64,
    total: u64,
    classifies: bool,
}

impl Sums {
    /// Those of no batch.
    pub(crate) fn of(measured: &Measured) -> Sums {
        Sums { loss: 0.0, correct: 0, total: 0, classifies: measured.valid.is_some() }
    }

    /// Adds a batch.
    pub(crate) fn add(&mut self, [logits, labels, loss]: [&[f32]; 3], valid: Option<&[f32]>) {
        let counted = match valid {
            Some(valid) => {
                let rows = logits.chunks_exact(logits.len() / labels.len()).zip(labels).zip(valid);
                let counted = || rows.clone().filter(|(_, &valid)| valid != 0.0);
                self.correct += counted().filter(|((row, &label), _)| greatest(row) as f32 == label).count() as u64;
                counted().count()
            }
            None => logits.len(),
        };
        // Of nothing there is no mean.
        if counted > 0 {
            self.loss += f64::from(loss[0]) * counted as f64;
            self.total += counted as u64;
        }
    }

    /// What they come to.
    pub(crate) fn quality(&self) -> Quality {
        Quality::of_sums(self.loss, self.classifies.then_some(self.correct), self.total)
    }
}

impl Executor {
    /// Runs the first `batches` steps of an evaluation program.
    ///
    /// # Errors
    /// Not an evaluation program, or a state of another shape.
    pub fn evaluate(&mut self, state: &State, batches: u64) -> Result<Quality, ExecError> {
        let measured = Measured::of(&self.program)?;
        let mut sums = Sums::of(&measured);
        let Measured { logits, labels, loss, valid } = measured;
        for batch in 0..batches {
            self.run(&[state], batch, |_| ())?;
            let output = |node: usize| self.output(node);
            sums.add([logits, labels, loss].map(output), valid.map(output));
        }
        Ok(sums.quality())
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
