//! From a node to its kernel.
use super::aligned::Buffer;
use super::kernels::conv::Conv;
use super::kernels::gather::{gather, Batch};
use super::kernels::map::{Map, MAX_OUTPUTS};
use super::kernels::matmul::MatMul;
use super::kernels::movement::Movement;
use super::kernels::pooling::Pooling;
use super::kernels::reduce::Reduce;
use super::kernels::{drawn, lookup};
use super::memory::Memory;
use super::schedule::{Chain, Work, MAX_INPUTS as MAX_CHAIN_INPUTS};
use super::{at, tensor, Executor, Isa, Pool, Rows};
use crate::data::DataTensor;
use crate::state::State;
use assay_core::arith::{max, F32};
use assay_core::graph::{bias_correction, scheduled, Node, Op, Source, MAX_INPUTS};

/// What can be known of a node before it runs.
#[derive(Debug)]
pub(super) enum Plan {
    Map(Map),
    MatMul(MatMul),
    Conv(Conv),
    Pooling(Pooling),
    PoolingGradient(Pooling),
    Reduce(Reduce),
    Movement(Movement),
    /// The operator says it all.
    Plain,
}

impl Plan {
    /// That of a valid node.
    pub(super) fn new(node: &Node) -> Plan {
        match node.op {
            Op::Map { function, params } => Plan::Map(Map::new(node, function, params)),
            Op::MatMul { trans_a, trans_b } => Plan::MatMul(MatMul::new(node, trans_a, trans_b)),
            Op::Conv { part, window, groups } => Plan::Conv(Conv::new(node, part, &window, groups)),
            Op::Pool { kind, window, kernel } => Plan::Pooling(Pooling::new(node, kind, window, kernel, false)),
            Op::PoolGrad { kind, window, kernel } => {
                Plan::PoolingGradient(Pooling::new(node, kind, window, kernel, true))
            }
            Op::Reduce { kind, axes, scale } => Plan::Reduce(Reduce::new(node, kind, axes, scale)),
            Op::Reshape | Op::Transpose { .. } | Op::Slice { .. } | Op::Pad { .. } | Op::Concat { .. } => {
                Plan::Movement(Movement::new(node))
            }
            _ => Plan::Plain,
        }
    }
}

impl Executor {
    /// Computes what comes at this place of the schedule. The program is valid and the snapshots fit it.
    pub(super) fn perform(&mut self, memory: &mut Memory, snapshots: &[&State], step: u64, work: usize) {
        // Out of the memory, which the inputs are read from.
        let mut outs: [Buffer; MAX_OUTPUTS] = Default::default();
        let written = memory.schedule().works[work].written().len();
        for (at, out) in outs.iter_mut().enumerate().take(written) {
            *out = memory.take(memory.schedule().works[work].written()[at]);
        }
        let value = |source| {
            let output = |node: usize| memory.output(node, self.program.nodes[node].shape.elements() as usize);
            tensor(source, snapshots, output)
        };
        match &memory.schedule().works[work] {
            Work::One(node, plan) => {
                let node = &self.program.nodes[*node];
                let mut inputs = [[].as_slice(); MAX_INPUTS];
                inputs.iter_mut().zip(&node.inputs).for_each(|(to, input)| *to = value(input.source));
                let len = node.shape.elements() as usize;
                let out = (&mut self.rows, &mut outs[0].values_mut()[..len]);
                let machine = (self.isa, &self.pool);
                one(machine, (node, plan), &self.data, step, &inputs[..node.inputs.len()], out);
            }
            Work::Chain(Chain { map, inputs, written, .. }) => {
                let mut tensors = [[].as_slice(); MAX_CHAIN_INPUTS];
                tensors.iter_mut().zip(inputs).for_each(|(to, &source)| *to = value(source));
                let len = self.program.nodes[written[0]].shape.elements() as usize;
                let mut slices = outs.each_mut().map(|out| out.values_mut().get_mut(..len).unwrap_or_default());
                map.run(self.isa, &self.pool, &tensors[..inputs.len()], &mut slices[..written.len()]);
            }
        }
        for (at, out) in outs.into_iter().enumerate().take(written) {
            memory.put(memory.schedule().works[work].written()[at], out);
        }
    }
}

/// Computes one node from its inputs.
fn one(
    (isa, pool): (Isa, &Pool),
    (node, plan): (&Node, &Plan),
    data: &[DataTensor],
    step: u64,
    inputs: &[&[f32]],
    (of_rows, out): (&mut Rows, &mut [f32]),
) {
    let [a, b] = [0, 1].map(|input| inputs.get(input).copied().unwrap_or_default());
    match plan {
        Plan::Map(map) => return map.run(isa, pool, inputs, &mut [out]),
        Plan::MatMul(products) => return products.run(isa, pool, [a, b], out),
        Plan::Conv(conv) => return conv.run(isa, pool, [a, b], out),
        Plan::Pooling(pooling) => return pooling.run(isa, pool, a, out),
        Plan::PoolingGradient(pooling) => return pooling.run_gradient(isa, pool, inputs, out),
        Plan::Reduce(reduce) => return reduce.run(isa, pool, inputs, out),
        Plan::Movement(movement) => return movement.run(isa, pool, inputs, out),
        Plan::Plain => {}
    }
    match node.op {
        Op::Gather { seed, rows, scale, shift, part, parts } => {
            let Source::Data { index } = node.inputs[0].source else {
                return; // A valid node reads data.
            };
            let batch = node.shape.dims().first().copied().unwrap_or(1);
            let step = step.wrapping_mul(parts.into()).wrapping_add(part.into());
            let rows = of_rows.of(Batch { seed, rows, batch, step });
            gather(isa, pool, &data[at(index)], rows, (scale, shift), out);
        }
        Op::Jitter { seed, exponent } => drawn::jitter(isa, pool, (seed, exponent), step, a, out),
        Op::Dropout { seed, keep_below, scale } => {
            drawn::dropout(isa, pool, (seed, keep_below, scale), step, a, out);
        }
        Op::Pick => lookup::pick(a, b, out),
        Op::Embed => lookup::embed(pool, a, b, out),
        Op::EmbedGrad => lookup::embed_grad(isa, pool, a, b, out),
        Op::Schedule { kind, base, end, warmup, period } => {
            out[0] = number(scheduled(kind, (base, end), (warmup, period), step));
        }
        Op::BiasCorrection { beta } => out[0] = number(bias_correction(beta, step)),
        // They have plans.
        Op::Map { .. }
        | Op::MatMul { .. }
        | Op::Conv { .. }
        | Op::Pool { .. }
        | Op::PoolGrad { .. }
        | Op::Reduce { .. }
        | Op::Reshape
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. } => {}
    }
}
/// `Max(x, x)`.
fn number(x: F32) -> f32 {
    f32::from_bits(max(x, x).0)
}
