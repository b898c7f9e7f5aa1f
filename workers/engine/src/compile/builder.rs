//! Programs, node by node.
use super::CompileError;
use crate::data::DataTensor;
use assay_core::graph::{Input, Name, Node, Op, Program, Shape, Source, StateDecl};

/// A program that grows.
pub(super) struct Builder {
    program: Program,
}

impl Builder {
    pub(super) fn new(states: &[StateDecl]) -> Builder {
        Builder { program: Program { states: states.to_vec(), data: Vec::new(), nodes: Vec::new() } }
    }

    /// Declares a data set.
    pub(super) fn data(&mut self, name: &str, tensor: &DataTensor) -> Result<Input, CompileError> {
        let index = self.program.data.len() as u32;
        self.program.data.push(tensor.decl(name)?);
        Ok(Input::data(index, tensor.dtype(), tensor.shape()))
    }

    /// A state tensor as an input.
    pub(super) fn state(&self, index: usize) -> Input {
        self.snapshot(0, index)
    }

    /// A state tensor of a snapshot as an input.
    pub(super) fn snapshot(&self, snapshot: u8, index: usize) -> Input {
        let source = Source::State { snapshot, index: index as u32 };
        Input { source, ..Input::state(0, self.program.states[index].shape) }
    }

    /// Adds a node of the shape that its operator gives.
    pub(super) fn node(&mut self, name: &str, op: Op, inputs: impl Into<Vec<Input>>) -> Result<Input, CompileError> {
        let inputs = inputs.into();
        let shape = op.infer(&inputs).map_err(|error| CompileError::Node { name: name.into(), error })?;
        self.node_of_shape(name, op, inputs, shape)
    }

    /// Adds a node of this shape: `Gather`'s says how many rows it takes.
    pub(super) fn node_of_shape(
        &mut self,
        name: &str,
        op: Op,
        inputs: impl Into<Vec<Input>>,
        shape: Shape,
    ) -> Result<Input, CompileError> {
        let node = Node { name: cut(name), op, inputs: inputs.into(), shape };
        node.check().map_err(|error| CompileError::Node { name: name.into(), error })?;
        let index = self.program.nodes.len() as u32;
        self.program.nodes.push(node);
        Ok(Input::node(index, shape))
    }

    /// The program, checked.
    pub(super) fn finish(self) -> Result<Program, CompileError> {
        self.program.validate()?;
        Ok(self.program)
    }
}

/// A node's name, cut to what fits: it is for people.
fn cut(name: &str) -> Name {
    let mut end = name.len().min(Name::MAX_LEN);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Name::new(&name[..end]).unwrap_or_default() // It is short enough now.
}
