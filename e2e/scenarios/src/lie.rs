//! The smallest lie about an operator: the last bit of one element of one node in one step.
use crate::testimony::{execute, Testimony};
use crate::workload::Workload;
use anyhow::{bail, Context as _, Result};
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::Program;
use assay_core::protocol::Part;
use assay_engine::exec::Executor;
use assay_engine::state::State;
use assay_engine::tamper::Tamper;
use assay_roles::game::Target;
use std::sync::Arc;

/// Operators beside the elementwise [functions](Function).
const FAMILIES: [&str; 26] = [
    "gather",
    "jitter",
    "dropout",
    "matmul",
    "conv",
    "conv_input_grad",
    "conv_weight_grad",
    "max_pool",
    "argmax_pool",
    "average_pool",
    "max_pool_grad",
    "average_pool_grad",
    "reduce_max",
    "reduce_sum",
    "reduce_dot",
    "squared_distance",
    "pick",
    "embed",
    "embed_grad",
    "reshape",
    "transpose",
    "slice",
    "pad",
    "concat",
    "schedule",
    "bias_correction",
];

/// Names of all operators.
pub fn operators() -> impl Iterator<Item = &'static str> {
    FAMILIES.into_iter().chain(Function::ALL.iter().map(|function| function.name()))
}

/// Elements of one node that [`Lie::about`] tries at most.
const TRIES: u64 = 512;
/// Elements that [`Lie::in_node`] draws at most.
const DRAWS: u64 = 4096;

/// A place in an execution of a segment, and a lie about it.
#[derive(Debug, Clone)]
pub struct Lie {
    /// Which of a report's two claims.
    pub part: Part,
    /// The place: of the micro-steps the middle one.
    pub at: Target,
    /// What the liar changes.
    pub tampers: Vec<Tamper>,
    /// The operator's output doesn't reach the result, so that the liar forges the result of that step besides.
    pub forges_result: bool,
}

impl Lie {
    /// Finds one that changes what the verifier says about the segment, near the middle of a node's output.
    ///
    /// # Errors
    /// When the engine fails. `None`: no program has the operator.
    pub fn about(operator: &str, workload: &Arc<Workload>, segment: u32) -> Result<Option<Lie>> {
        let of = |part| nodes(program(workload, part), operator).collect::<Vec<_>>();
        let execution = of(Part::Execution);
        let (part, nodes) = match execution.is_empty() {
            false => (Part::Execution, execution),
            true => (Part::Distance, of(Part::Distance)),
        };
        let Some(&first) = nodes.first() else { return Ok(None) };
        let search = Search::new(workload, segment, part)?;
        for &node in &nodes {
            let (middle, elements) = (search.middle(node).element, search.elements(node));
            let near = (0..elements.min(TRIES)).map(|at| (middle + at) % elements);
            if let Some(lie) = search.shown(node, near)? {
                return Ok(Some(lie));
            }
        }
        Ok(Some(search.forged(search.middle(first))))
    }

    /// Finds one about a node of the training step after so many tries at most: for models whose steps take long. It
    /// tries elements drawn at random that aren't 0, since the neighbours of one that doesn't matter (because it is
    /// masked, say) seldom do.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn in_node(node: u32, workload: &Arc<Workload>, segment: u32, tries: usize) -> Result<Lie> {
        let search = Search::new(workload, segment, Part::Execution)?;
        let honest = search.honest_output(node)?;
        let drawn = (0..DRAWS).map(|at| u64::from(philox(node.into(), 0, at)[0]) % search.elements(node).max(1));
        let others = drawn.filter(|&element| honest.get(element as usize).is_some_and(|value| *value != 0.0));
        let tried: Vec<u64> = others.take(tries).collect();
        if let Some(lie) = search.shown(node, tried.iter().copied())? {
            return Ok(lie);
        }
        let middle = search.middle(node);
        Ok(search.forged(Target { element: tried.first().copied().unwrap_or(middle.element), ..middle }))
    }

    /// The honest values of the disputed element's micro-steps; the last is the element.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn truth(&self, workload: &Arc<Workload>, segment: u32) -> Result<Vec<F32>> {
        let honest = Testimony::honest(workload, segment)?;
        let (snapshots, data) = match self.part {
            Part::Execution => {
                (vec![honest.accuser(self.part)?.state(self.at.step)?], workload.compiled.training_data().to_vec())
            }
            Part::Distance => {
                let (start, end) = (workload.checkpoint(segment)?, workload.checkpoint(segment + 1)?);
                (vec![start, honest.replayed.clone(), end], Vec::new())
            }
        };
        let snapshots: Vec<_> = snapshots.iter().map(Arc::as_ref).collect();
        let mut executor = Executor::new(program(workload, self.part).clone(), data)?;
        let trace = executor.trace(&snapshots, self.at.step)?;
        let node = self.at.node as usize;
        let micro = executor.micro_trace(&snapshots, &trace, self.at.step, node, self.at.element)?;
        // The kernels and the referee's arithmetic agree, or nothing here means anything.
        let element = trace.output(node).get(self.at.element as usize).context("no such element")?;
        if micro.last() != Some(&F32(element.to_bits())) {
            bail!("the executor has {element} where the micro-program has {:?}", micro.last());
        }
        Ok(micro)
    }
}

fn program(workload: &Workload, part: Part) -> &Program {
    match part {
        Part::Execution => workload.program(),
        Part::Distance => &workload.compiled.distance,
    }
}

fn nodes<'a>(program: &'a Program, operator: &'a str) -> impl Iterator<Item = u32> + 'a {
    (0..).zip(&program.nodes).filter(move |(_, node)| node.op.name() == operator).map(|(at, _)| at)
}

/// Looks for lies that change what a verifier says about a segment.
struct Search<'a> {
    workload: &'a Arc<Workload>,
    part: Part,
    segment: u32,
    /// The step that is lied about, and the state before it.
    step: u64,
    before: Arc<State>,
    honest: Testimony,
}

impl<'a> Search<'a> {
    fn new(workload: &'a Arc<Workload>, segment: u32, part: Part) -> Result<Search<'a>> {
        let honest = Testimony::honest(workload, segment)?;
        let (step, before) = match part {
            Part::Execution => {
                let step = workload.segment(segment).0 + u64::from(workload.size.interval) / 2;
                (step, honest.accuser(part)?.state(step)?)
            }
            Part::Distance => (0, workload.checkpoint(segment)?),
        };
        Ok(Search { workload, part, segment, step, before, honest })
    }

    /// A flip of one of these elements of a node's output that changes the result.
    fn shown(&self, node: u32, elements: impl Iterator<Item = u64>) -> Result<Option<Lie>> {
        for element in elements {
            let tampers = vec![Tamper::flip(self.step, node as usize, element)];
            if self.shows(&tampers)? {
                let at = Target { element, ..self.middle(node) };
                return Ok(Some(Lie { part: self.part, at, tampers, forges_result: false }));
            }
        }
        Ok(None)
    }

    /// A flip that may not matter, and one in the result of that step.
    fn forged(&self, at: Target) -> Lie {
        let last = program(self.workload, self.part).nodes.len() - 1;
        let flip = |(node, element)| Tamper::flip(self.step, node, element);
        let tampers = [(at.node as usize, at.element), (last, 0)].map(flip).to_vec();
        Lie { part: self.part, at, tampers, forges_result: true }
    }

    fn elements(&self, node: u32) -> u64 {
        program(self.workload, self.part).nodes.get(node as usize).map_or(0, |node| node.shape.elements())
    }

    /// What a node of the training step really puts out.
    fn honest_output(&self, node: u32) -> Result<Vec<f32>> {
        let mut executor = Executor::new(self.workload.program().clone(), self.workload.compiled.training_data())?;
        Ok(executor.trace(&[&self.before], self.step)?.output(node as usize).to_vec())
    }

    fn middle(&self, node: u32) -> Target {
        Target::in_node(program(self.workload, self.part), self.step, node)
    }

    /// Whether a verifier with these tampers says something else than an honest one.
    fn shows(&self, tampers: &[Tamper]) -> Result<bool> {
        match self.part {
            Part::Execution => {
                let (first, steps) = self.workload.segment(self.segment);
                let state = State::clone(&self.before);
                let end = execute(self.workload, state, self.step..first + u64::from(steps), tampers.to_vec())?;
                Ok(end != *self.honest.replayed)
            }
            Part::Distance => {
                let claimed = self.workload.checkpoint(self.segment + 1)?;
                let mut meter = self.workload.compiled.meter()?.with_tampers(tampers);
                Ok(meter.distance(&self.before, &self.honest.replayed, &claimed)? != self.honest.value)
            }
        }
    }
}
