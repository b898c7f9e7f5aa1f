//! Some nodes of a program as a program of their own, with the values that they have there.
use anyhow::{ensure, Context as _, Result};
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::{Dtype, Input, Name, Node, Op, Program, ScheduleKind, Shape, Source, StateDecl};
use assay_engine::exec::{Executor, Trace};
use assay_engine::project::Project;
use assay_engine::state::State;
use std::time::{Duration, Instant};

/// A project, and what a step of its training computes.
pub(super) struct Recorded {
    pub(super) project: Project,
    trace: Trace,
}

impl Recorded {
    /// Runs the first step of a project.
    ///
    /// # Errors
    /// Those of the engine.
    pub(super) fn new(project: Project) -> Result<Recorded> {
        let trace = project.compiled.trainer()?.trace(&[&project.compiled.start], 0)?;
        Ok(Recorded { project, trace })
    }

    /// The training step.
    pub(super) fn program(&self) -> &Program {
        &self.project.compiled.step
    }

    /// Some nodes of the step.
    ///
    /// # Errors
    /// Nodes that aren't there, or that read data.
    pub(super) fn excerpt(&self, nodes: &[usize]) -> Result<Excerpt> {
        Excerpt::of(self.program(), nodes, |source| match source {
            Source::State { index, .. } => self.project.compiled.start.tensor(index as usize).to_vec(),
            Source::Node { index } => self.trace.output(index as usize).to_vec(),
            Source::Data { .. } => Vec::new(), // Refused.
        })
    }
}

/// Some nodes, and what they read.
pub(super) struct Excerpt {
    /// A step whose states are what the nodes read: first a node that does nothing, then they, then copies of all states.
    program: Program,
    /// Values of what is read.
    state: State,
    /// Where each state comes from in the whole program.
    sources: Vec<Source>,
    nodes: usize,
}

impl Excerpt {
    /// Some nodes of a program, in order, with the values of what they read and aren't themselves.
    ///
    /// # Errors
    /// Nodes that aren't there, or that read data; values of another length.
    pub(super) fn of(
        program: &Program,
        nodes: &[usize],
        mut values: impl FnMut(Source) -> Vec<f32>,
    ) -> Result<Excerpt> {
        let (mut states, mut sources, mut tensors): (Vec<StateDecl>, Vec<Source>, Vec<_>) = Default::default();
        let mut own = vec![marker()?];
        for &index in nodes {
            let mut node = program.nodes.get(index).context("no such node")?.clone();
            for input in &mut node.inputs {
                ensure!(input.dtype == Dtype::F32 && !matches!(input.source, Source::Data { .. }), "a node reads data");
                let at_node = |at: usize| matches!(input.source, Source::Node { index } if index as usize == at);
                if let Some(earlier) = nodes.iter().position(|&at| at_node(at)) {
                    input.source = Source::Node { index: 1 + earlier as u32 };
                    continue;
                }
                let known = sources.iter().position(|source| *source == input.source);
                let state = known.unwrap_or_else(|| {
                    sources.push(input.source);
                    tensors.push(values(input.source));
                    sources.len() - 1
                });
                if state == states.len() {
                    states.push(StateDecl { name: Name::new(format!("operand {state}"))?, shape: input.shape });
                }
                *input = Input::state(state as u32, input.shape);
            }
            own.push(node);
        }
        for (index, decl) in (0..).zip(&states) {
            let inputs = vec![Input::state(index, decl.shape)];
            let op = Op::map(Function::Copy);
            own.push(Node { name: decl.name.clone(), op, inputs, shape: decl.shape });
        }
        let state = State::new(states.clone(), tensors)?;
        Ok(Excerpt { program: Program { states, data: Vec::new(), nodes: own }, state, sources, nodes: nodes.len() })
    }

    /// Shape and values of what is read, in order of first use.
    pub(super) fn operands(&self) -> impl Iterator<Item = (Shape, &[f32])> {
        self.program.states.iter().map(|decl| decl.shape).zip(self.state.tensors().iter().map(Vec::as_slice))
    }

    /// Where each operand comes from in the whole program.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The nodes.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.program.nodes[1..=self.nodes]
    }

    /// Runs the nodes that often: the time of them alone, without the copies that make the step whole.
    ///
    /// # Errors
    /// Those of the engine.
    pub(super) fn timed(&self, threads: usize) -> Result<impl FnMut(u64) -> Result<Duration>> {
        let mut executor = Executor::new(self.program.clone(), [])?.with_threads(threads)?;
        let (mut state, last) = (self.state.clone(), self.nodes);
        Ok(move |count| {
            let mut took = Duration::ZERO;
            let mut begin = Instant::now();
            for _ in 0..count {
                executor.step_observed(&mut state, 0, |node| match node {
                    0 => begin = Instant::now(),
                    node if node == last => took += begin.elapsed(),
                    _ => {}
                })?;
            }
            Ok(took)
        })
    }
}

/// A node behind which the clock starts.
fn marker() -> Result<Node> {
    let op = Op::Schedule { kind: ScheduleKind::Constant, base: F32::ONE, end: F32::ONE, warmup: 0, period: 1 };
    Ok(Node { name: Name::new("begin")?, op, inputs: Vec::new(), shape: Shape::SCALAR })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_cut_out_with_what_they_read() {
        let shape = Shape::new(&[2, 2]).unwrap();
        let node = |op: Op, inputs: Vec<Input>| Node { name: Name::default(), op, inputs, shape };
        let states = ["a", "b"].map(|name| StateDecl { name: Name::new(name).unwrap(), shape }).to_vec();
        let product = Op::MatMul { trans_a: false, trans_b: true };
        let nodes = vec![
            node(Op::map(Function::Copy), vec![Input::state(1, shape)]),
            node(product, vec![Input::state(0, shape), Input::node(0, shape)]),
            node(Op::map(Function::Add), vec![Input::node(1, shape), Input::state(0, shape)]),
        ];
        let program = Program { states, data: Vec::new(), nodes };
        let values = |source| match source {
            Source::State { .. } => vec![1.0; 4],
            _ => vec![2.0; 4],
        };
        let excerpt = Excerpt::of(&program, &[1, 2], values).unwrap();
        assert_eq!(excerpt.sources(), [Source::State { snapshot: 0, index: 0 }, Source::Node { index: 0 }]);
        assert_eq!(excerpt.nodes().len(), 2);
        assert_eq!(excerpt.nodes()[1].inputs, [Input::node(1, shape), Input::state(0, shape)]);
        let trace = Executor::new(excerpt.program.clone(), []).unwrap().trace(&[&excerpt.state], 0).unwrap();
        assert_eq!((trace.output(1), trace.output(2)), ([4.0; 4].as_slice(), [5.0; 4].as_slice()));
        assert!(excerpt.timed(2).unwrap()(3).unwrap() > Duration::ZERO);
        assert!(Excerpt::of(&program, &[3], values).is_err());
    }
}
