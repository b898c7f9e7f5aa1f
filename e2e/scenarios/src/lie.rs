//! The smallest lie about an operator: the last bit of one element of one node in one step.
use crate::testimony::{replay, Testimony};
use crate::workload::Workload;
use anyhow::{bail, Context as _, Result};
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::Program;
use assay_core::protocol::Part;
use assay_engine::exec::Executor;
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

/// Elements of one node that are tried at most.
const TRIES: u64 = 512;

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
        let has = |program| nodes(program, operator).next().is_some();
        let part = if has(workload.program()) { Part::Execution } else { Part::Distance };
        let step = match part {
            Part::Execution => workload.segment(segment).0 + u64::from(workload.size.interval) / 2,
            Part::Distance => 0,
        };
        let program = program(workload, part);
        let honest = Testimony::honest(workload, segment)?;
        let mut first = None;
        for node in nodes(program, operator) {
            let middle = Target::in_node(program, step, node);
            first.get_or_insert(middle);
            let elements = program.nodes.get(node as usize).map_or(0, |node| node.shape.elements());
            for at in 0..elements.min(TRIES) {
                let at = Target { element: (middle.element + at) % elements, ..middle };
                let tampers = vec![Tamper::flip(step, node as usize, at.element)];
                if shows(workload, &honest, part, &tampers)? {
                    return Ok(Some(Lie { part, at, tampers, forges_result: false }));
                }
            }
        }
        let Some(at) = first else { return Ok(None) };
        let last = program.nodes.len() - 1;
        let tampers =
            [(at.node as usize, at.element), (last, 0)].map(|(node, element)| Tamper::flip(step, node, element));
        Ok(Some(Lie { part, at, tampers: tampers.to_vec(), forges_result: true }))
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

/// Whether a verifier with these tampers says something else than an honest one.
fn shows(workload: &Arc<Workload>, honest: &Testimony, part: Part, tampers: &[Tamper]) -> Result<bool> {
    Ok(match part {
        Part::Execution => replay(workload, honest.segment, tampers.to_vec())? != *honest.replayed,
        Part::Distance => Testimony::lying(workload, honest.segment, part, tampers.to_vec())?.value != honest.value,
    })
}
