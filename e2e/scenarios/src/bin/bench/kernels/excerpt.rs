//! Some nodes of a program as a program of their own, with the values that they have there.
use crate::clock::Clock;
use anyhow::{ensure, Context as _, Result};
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::{Dtype, Input, Name, Node, Op, Program, ScheduleKind, Shape, Source, StateDecl};
use assay_engine::exec::{Executor, Trace};
use assay_engine::project::Project;
use assay_engine::state::State;
use std::time::Duration;

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
    /// What they read, as states.
    state: State,
    /// Where each state comes from in the whole program.
    sources: Vec<Source>,
    /// The nodes. The first is node 0.
    nodes: Vec<Node>,
    /// Those of them that the rest of the program reads, or that are its results.
    read: Vec<usize>,
}

/// Nodes with less output are done several times between two looks at the clock.
const OUTPUT: u64 = 256 << 10;
/// But not more often.
const TIMES: u64 = 64;
/// Idle nodes of a fence: more than the executor passes over in search of maps to be computed together.
const FENCE: usize = 16;

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
        let mut own = Vec::new();
        let results = program.nodes.len().saturating_sub(program.states.len());
        for &index in nodes {
            let mut node = program.nodes.get(index).context("no such node")?.clone();
            for input in &mut node.inputs {
                ensure!(input.dtype == Dtype::F32 && !matches!(input.source, Source::Data { .. }), "a node reads data");
                if let Some(earlier) = nodes.iter().position(|&at| producer(input) == Some(at)) {
                    input.source = Source::Node { index: earlier as u32 };
                    continue;
                }
                let known = sources.iter().position(|source| *source == input.source);
                let state = known.unwrap_or(sources.len());
                if known.is_none() {
                    sources.push(input.source);
                    tensors.push(values(input.source));
                    states.push(StateDecl { name: Name::new(format!("operand {state}"))?, shape: input.shape });
                }
                *input = Input::state(state as u32, input.shape);
            }
            own.push(node);
        }
        let reads = |node: &Node, at: usize| node.inputs.iter().any(|input| producer(input) == Some(at));
        let others = || program.nodes.iter().enumerate().filter(|(at, _)| !nodes.contains(at));
        let is_read = |at: usize| at >= results || others().any(|(_, node)| reads(node, at));
        // Of nodes that nobody reads the last is what they are for.
        let read = (0..nodes.len()).filter(|&own| is_read(nodes[own]) || own + 1 == nodes.len()).collect();
        Ok(Excerpt { state: State::new(states, tensors)?, sources, nodes: own, read })
    }

    /// A step: a node that does nothing, the nodes that often, then copies of all states, which make it whole. Behind all
    /// of the nodes there is a fence, so that nothing is computed together with what is beyond.
    fn program(&self, times: u64) -> Result<Program> {
        let mut nodes = vec![idle("begin")?];
        for _ in 0..times {
            let first = nodes.len() as u32;
            nodes.extend(self.nodes.iter().cloned().map(|mut node| {
                for input in &mut node.inputs {
                    if let Source::Node { index } = &mut input.source {
                        *index += first;
                    }
                }
                node
            }));
            nodes.extend(vec![idle("fence")?; FENCE]);
        }
        for (index, decl) in (0..).zip(self.state.decls()) {
            let (op, inputs) = (Op::map(Function::Copy), vec![Input::state(index, decl.shape)]);
            nodes.push(Node { name: decl.name.clone(), op, inputs, shape: decl.shape });
        }
        Ok(Program { states: self.state.decls().to_vec(), data: Vec::new(), nodes })
    }

    /// Shape and values of what is read, in order of first use.
    pub(super) fn operands(&self) -> impl Iterator<Item = (Shape, &[f32])> {
        self.state.decls().iter().map(|decl| decl.shape).zip(self.state.tensors().iter().map(Vec::as_slice))
    }

    /// Where each operand comes from in the whole program.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The nodes.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How far apart the repetitions of a node are in [`program`](Self::program).
    fn stride(&self) -> usize {
        self.nodes.len() + FENCE
    }

    /// Runs the nodes that often, as a training step would: the time of them alone, without the copies that make the step
    /// whole.
    ///
    /// # Errors
    /// Those of the engine.
    pub(super) fn timed(&self, threads: usize) -> Result<impl FnMut(u64) -> Result<Duration>> {
        let output: u64 = self.nodes.iter().map(|node| 4 * node.shape.elements()).sum();
        let times = (OUTPUT / output.max(1)).clamp(1, TIMES);
        let starts = (0..times as usize).map(|time| 1 + time * self.stride());
        let read = starts.flat_map(|start| self.read.iter().map(move |own| start + own));
        // What nobody reads isn't computed, and the clock starts behind the first one.
        let kept: Vec<usize> = std::iter::once(0).chain(read).collect();
        let mut executor = Executor::new(self.program(times)?, [])?.keeping(&kept).with_threads(threads)?;
        let mut state = self.state.clone();
        let last = last_before(&mut executor, &mut state, 1 + times as usize * self.stride())?;
        let clock = Clock::of(threads);
        let cost = clock.cost();
        Ok(move |count: u64| {
            let (mut took, mut begin) = (Duration::ZERO, Duration::ZERO);
            let steps = count.div_ceil(times);
            for _ in 0..steps {
                executor.step_observed(&mut state, 0, |node| match node {
                    0 => begin = clock.now(),
                    node if node == last => took += clock.now().saturating_sub(begin).saturating_sub(cost),
                    _ => {}
                })?;
            }
            // Whole steps were made; what is asked for is the time of `count`.
            Ok(took.mul_f64(count as f64 / (steps * times) as f64))
        })
    }
}

/// The node that an input reads, if it reads one.
pub(super) fn producer(input: &Input) -> Option<usize> {
    match input.source {
        Source::Node { index } => Some(index as usize),
        _ => None,
    }
}

/// A node that does nothing.
fn idle(name: &str) -> Result<Node> {
    let op = Op::Schedule { kind: ScheduleKind::Constant, base: F32::ONE, end: F32::ONE, warmup: 0, period: 1 };
    Ok(Node { name: Name::new(name)?, op, inputs: Vec::new(), shape: Shape::SCALAR })
}

/// The node before `end` that is done last, in a step that begins with node 0.
///
/// # Errors
/// Nodes beyond are done earlier, so that their time would be in between; those of the engine.
fn last_before(executor: &mut Executor, state: &mut State, end: usize) -> Result<usize> {
    let mut done = Vec::new();
    executor.step_observed(state, 0, |node| done.push(node))?;
    let own = done.iter().take_while(|&&node| node < end).count();
    ensure!(own > 1 && done[0] == 0 && done[own..].iter().all(|&node| node >= end), "nodes are out of order: {done:?}");
    Ok(done[own - 1])
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
        assert_eq!(excerpt.nodes()[1].inputs, [Input::node(0, shape), Input::state(0, shape)]);
        assert_eq!(excerpt.read, [0, 1]); // Both are results of the program: it has two states.
        let trace = Executor::new(excerpt.program(2).unwrap(), []).unwrap().trace(&[&excerpt.state], 0).unwrap();
        for (product, sum) in [(1, 2), (1 + excerpt.stride(), 2 + excerpt.stride())] {
            assert_eq!((trace.output(product), trace.output(sum)), ([4.0; 4].as_slice(), [5.0; 4].as_slice()));
        }
        assert!(excerpt.timed(2).unwrap()(3).unwrap() > Duration::ZERO);
        assert!(Excerpt::of(&program, &[3], values).is_err());
    }
}
