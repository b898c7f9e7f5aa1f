//! Micro-traces: what single elements are made of, in the referee's arithmetic.
use super::{at, check_snapshots, tensor, ExecError, Executor, Trace};
use crate::state::State;
use assay_core::arith::{from_u32, Soft, F32};
use assay_core::graph::{eval_element, Dtype, Env, GraphError, Source};

impl Executor {
    /// The values of all micro-steps of one element, from the inputs that `trace` (of the same step and snapshots) has.
    ///
    /// Keeps 8 bytes for every micro-step. A cheating executor changes the last value so that it is the element.
    ///
    /// # Errors
    /// No such node or element.
    pub fn micro_trace(
        &self,
        snapshots: &[&State],
        trace: &Trace,
        step: u64,
        node: usize,
        element: u64,
    ) -> Result<Vec<F32>, ExecError> {
        check_snapshots(&self.program, snapshots)?;
        let of_node = self.program.nodes.get(node).filter(|_| trace.outputs().len() == self.program.nodes.len());
        let of_node = of_node.ok_or(ExecError::NoNode { node })?;
        let fetch = |input: u8, index: u64| {
            let source = of_node.inputs.get(usize::from(input)).ok_or(GraphError::NoInput(input))?.source;
            let value = |tensor: &[f32]| tensor.get(index as usize).map(|x| F32(x.to_bits()));
            let (found, elements) = match source {
                Source::Data { index: data } => {
                    let data = &self.data[at(data)];
                    let found = match data.dtype() {
                        Dtype::U8 => data.bytes().get(index as usize).map(|&byte| from_u32(byte.into())),
                        Dtype::F32 => data.get(index as usize).map(|x| F32(x.to_bits())),
                    };
                    (found, data.shape().elements())
                }
                other => {
                    let tensor = tensor(other, snapshots, |node| trace.output(node));
                    (value(tensor), tensor.len() as u64)
                }
            };
            found.ok_or(GraphError::ElementIndex { index, elements })
        };
        let mut values = Vec::new();
        eval_element::<Soft, GraphError>(of_node, Env { step }, element, fetch, Some(&mut values))?;
        let tampered = self.tampers.iter().any(|tamper| tamper.applies(step, node));
        if let (true, Some(last), Some(claimed)) =
            (tampered, values.last_mut(), trace.output(node).get(element as usize))
        {
            *last = F32(claimed.to_bits());
        }
        Ok(values)
    }
}
