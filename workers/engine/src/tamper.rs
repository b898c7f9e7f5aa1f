//! Cheating, for tests and demonstrations: see [`Executor::with_tampers`](crate::exec::Executor::with_tampers).

/// A change of one node's output in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Tamper {
    /// In which step.
    pub step: u64,
    /// Position of the node.
    pub node: usize,
    /// What is changed.
    pub change: Change,
}

/// How an output is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Some bits of one element are flipped.
    Flip {
        /// Which element, counted round if there are fewer.
        element: u64,
        /// Which bits.
        bits: u32,
    },
    /// Other values, as many as the output has.
    Replace(Vec<f32>),
}

impl Tamper {
    /// Flips the last bit of one element: the smallest lie there is.
    pub fn flip(step: u64, node: usize, element: u64) -> Tamper {
        Tamper { step, node, change: Change::Flip { element, bits: 1 } }
    }

    /// Whether it changes this output.
    pub(crate) fn applies(&self, step: u64, node: usize) -> bool {
        (self.step, self.node) == (step, node)
    }

    /// Changes the output.
    pub(crate) fn apply(&self, output: &mut [f32]) {
        match &self.change {
            Change::Flip { element, bits } => {
                let index = (element % output.len() as u64) as usize;
                output[index] = f32::from_bits(output[index].to_bits() ^ bits);
            }
            Change::Replace(values) => {
                for (place, value) in output.iter_mut().zip(values) {
                    *place = *value;
                }
            }
        }
    }
}
