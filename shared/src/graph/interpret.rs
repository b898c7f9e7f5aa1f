//! The reference interpreter: every element by its micro-program. Slow and obvious; executors are measured against it.
use super::{eval_element, Env, GraphError, Node, Program, Source};
use crate::arith::{Arith, F32};
use alloc::vec::Vec;

/// All elements of a node's output. `inputs` are the tensors that it reads; bytes as numbers
/// ([`from_u32`](crate::arith::from_u32)).
///
/// # Errors
/// A node that [`Node::check`] rejects, or a tensor that is missing or too short.
pub fn eval_node<A: Arith>(node: &Node, env: Env, inputs: &[&[F32]]) -> Result<Vec<F32>, GraphError> {
    node.check()?;
    let fetch = |input: u8, index: u64| {
        let tensor = *inputs.get(usize::from(input)).ok_or(GraphError::NoInput(input))?;
        let element = usize::try_from(index).ok().and_then(|index| tensor.get(index));
        let elements = u64::try_from(tensor.len()).unwrap_or(u64::MAX);
        element.map(|x| A::of_bits(x.0)).ok_or(GraphError::ElementIndex { index, elements })
    };
    let element = |e| eval_element::<A, GraphError>(node, env, e, fetch, None).map(|value| F32(A::bits(value)));
    (0..node.shape.elements()).map(element).collect()
}

/// The outputs of all nodes of a program. `snapshots[s][i]` is state tensor i of snapshot s, `data[i]` a data set, bytes
/// as numbers.
///
/// # Errors
/// As [`eval_node`].
pub fn eval_program<A: Arith>(
    program: &Program,
    env: Env,
    snapshots: &[Vec<Vec<F32>>],
    data: &[Vec<F32>],
) -> Result<Vec<Vec<F32>>, GraphError> {
    let mut outputs: Vec<Vec<F32>> = Vec::new();
    for node in &program.nodes {
        let at = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
        let read = |source: Source| match source {
            Source::State { snapshot, index } => snapshots.get(usize::from(snapshot))?.get(at(index)),
            Source::Data { index } => data.get(at(index)),
            Source::Node { index } => outputs.get(at(index)),
        };
        let inputs: Option<Vec<&[F32]>> =
            node.inputs.iter().map(|input| read(input.source).map(Vec::as_slice)).collect();
        // A missing source is an input that the node lacks.
        outputs.push(eval_node::<A>(node, env, &inputs.unwrap_or_default())?);
    }
    Ok(outputs)
}
