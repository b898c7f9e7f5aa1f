//! Programs, node by node.
use super::rounding::Rounding;
use super::CompileError;
use crate::data::DataTensor;
use crate::task::Arithmetic;
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Name, Node, Op, Program, ReduceKind, Shape, Source, StateDecl};

/// A program that grows.
pub(super) struct Builder {
    program: Program,
    /// What products do to their operands.
    rounding: Rounding,
}

impl Builder {
    pub(super) fn new(states: &[StateDecl]) -> Builder {
        let program = Program { states: states.to_vec(), data: Vec::new(), nodes: Vec::new() };
        Builder { program, rounding: Rounding::default() }
    }

    /// From now on products and convolutions compute with this.
    pub(super) fn computing(self, arithmetic: Arithmetic) -> Builder {
        Builder { rounding: Rounding::new(arithmetic), ..self }
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

    /// Name of a state tensor.
    pub(super) fn state_name(&self, index: usize) -> String {
        self.program.states[index].name.to_string()
    }

    /// Number of nodes so far.
    pub(super) fn nodes(&self) -> usize {
        self.program.nodes.len()
    }

    /// Adds a node of the shape that its operator gives.
    pub(super) fn node(&mut self, name: &str, op: Op, inputs: impl Into<Vec<Input>>) -> Result<Input, CompileError> {
        let inputs: Vec<Input> = inputs.into();
        let shape = op.infer(&inputs).map_err(|error| CompileError::Node { name: name.into(), error })?;
        self.node_of_shape(name, op, inputs, shape)
    }

    /// Adds a node of this shape, for operators whose inputs don't say it.
    pub(super) fn node_of_shape(
        &mut self,
        name: &str,
        op: Op,
        inputs: impl Into<Vec<Input>>,
        shape: Shape,
    ) -> Result<Input, CompileError> {
        let inputs = inputs.into();
        if !self.rounding.concerns(op) {
            return self.add(name, op, inputs, shape);
        }
        let rounded = inputs.into_iter().map(|input| self.operand(input)).collect::<Result<_, _>>()?;
        let product = self.add(name, op, rounded, shape)?;
        if !self.rounding.of_results() {
            return Ok(product);
        }
        self.rounded(name, product)
    }

    /// An operand of a product, rounded once however many products read it.
    fn operand(&mut self, input: Input) -> Result<Input, CompileError> {
        if let Some(known) = self.rounding.known(input) {
            return Ok(known);
        }
        let rounded = self.rounded("rounded", input)?;
        self.rounding.note(input, rounded);
        Ok(rounded)
    }

    /// The nearest number of fewer bits: with γ = fl(f · x), that is γ + (x − γ).
    fn rounded(&mut self, name: &str, x: Input) -> Result<Input, CompileError> {
        let factor = self.rounding.factor();
        let scaled = self.add(name, with(Function::Scale, &[factor]), vec![x], x.shape)?;
        let rest = self.add(name, Op::map(Function::Sub), vec![x, scaled], x.shape)?;
        self.add(name, Op::map(Function::Add), vec![scaled, rest], x.shape)
    }

    fn add(&mut self, name: &str, op: Op, inputs: Vec<Input>, shape: Shape) -> Result<Input, CompileError> {
        let node = Node { name: cut(name), op, inputs, shape };
        node.check().map_err(|error| CompileError::Node { name: name.into(), error })?;
        let index = self.program.nodes.len() as u32;
        self.program.nodes.push(node);
        Ok(Input::node(index, shape))
    }

    /// Adds an elementwise function.
    pub(super) fn map(
        &mut self,
        name: &str,
        function: Function,
        inputs: impl Into<Vec<Input>>,
    ) -> Result<Input, CompileError> {
        self.node(name, Op::map(function), inputs)
    }

    /// Adds an elementwise function with parameters.
    pub(super) fn map_with(
        &mut self,
        name: &str,
        function: Function,
        params: &[f64],
        inputs: impl Into<Vec<Input>>,
    ) -> Result<Input, CompileError> {
        self.node(name, with(function, params), inputs)
    }

    /// Adds a reduction of these axes; the result is multiplied by `scale`.
    pub(super) fn reduce(
        &mut self,
        name: &str,
        kind: ReduceKind,
        axes: u8,
        scale: f64,
        inputs: impl Into<Vec<Input>>,
    ) -> Result<Input, CompileError> {
        self.node(name, Op::Reduce { kind, axes, scale: bits(scale) }, inputs)
    }

    /// The same elements in another shape.
    pub(super) fn reshape(&mut self, name: &str, x: Input, shape: Shape) -> Result<Input, CompileError> {
        if x.shape == shape {
            return Ok(x);
        }
        self.node_of_shape(name, Op::Reshape, [x], shape)
    }

    /// The sum of what was broadcast from `shape`.
    pub(super) fn unbroadcast(&mut self, name: &str, x: Input, shape: Shape) -> Result<Input, CompileError> {
        if x.shape == shape {
            return Ok(x);
        }
        let missing = x.shape.dims().len() - shape.dims().len();
        let own = std::iter::repeat_n(&1, missing).chain(shape.dims());
        let differs = (0_u8..).zip(own.zip(x.shape.dims())).filter(|(_, (own, dim))| own != dim);
        let axes = differs.fold(0, |axes, (axis, _)| axes | 1 << axis);
        let sum = match axes {
            0 => x,
            axes => self.reduce(name, ReduceKind::Sum, axes, 1.0, [x])?,
        };
        self.reshape(name, sum, shape)
    }

    /// Gives a value a name that others look for.
    pub(super) fn name(&mut self, value: Input, name: &str) -> Result<Input, CompileError> {
        match value.source {
            Source::Node { index } => {
                self.program.nodes[index as usize].name = cut(name);
                Ok(value)
            }
            _ => self.map(name, Function::Copy, [value]),
        }
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

/// The nearest binary32 number.
pub(super) fn bits(x: f64) -> F32 {
    F32((x as f32).to_bits())
}

/// A function with parameters.
pub(super) fn with(function: Function, params: &[f64]) -> Op {
    let mut all = [F32::ZERO; 4];
    all.iter_mut().zip(params).for_each(|(to, &param)| *to = bits(param));
    Op::Map { function, params: all }
}

/// All axes of a shape.
pub(super) fn all_axes(shape: &Shape) -> u8 {
    axes_from(shape, 0)
}

/// The axes from this one on.
pub(super) fn axes_from(shape: &Shape, first: u8) -> u8 {
    (first..shape.rank()).fold(0, |axes, axis| axes | 1 << axis)
}

/// The last axis.
pub(super) fn last_axis(shape: &Shape) -> u8 {
    axes_from(shape, shape.rank().saturating_sub(1))
}
