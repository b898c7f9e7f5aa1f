//! From a node to its kernel.
use super::gemm::{gemm, Factor, Sizes};
use super::kernels::gather::{gather, Batch};
use super::kernels::lanewise::{self, map};
use super::kernels::{reduce, softmax};
use super::{at, tensor, Executor};
use crate::state::State;
use assay_core::graph::{Op, Shape, Source};

impl Executor {
    /// Computes one node from its inputs. The program is valid and the snapshots fit it.
    pub(super) fn run_node(&mut self, snapshots: &[&State], step: u64, index: usize) {
        let node = &self.program.nodes[index];
        let (earlier, rest) = self.outputs.split_at_mut(index);
        let out = &mut rest[0];
        let (isa, pool) = (self.isa, &self.pool);
        let input = |position: usize| tensor(node.inputs[position].source, snapshots, earlier);
        let columns = || columns(&node.inputs[0].shape);
        match node.op {
            Op::Gather { seed, rows, scale, shift } => {
                let Source::Data { index } = node.inputs[0].source else {
                    return;
                };
                let batch = node.shape.dims().first().copied().unwrap_or(1);
                let rows = self.rows.of(Batch { seed, rows, batch, step });
                gather(isa, &self.data[at(index)], rows, (scale, shift), out);
            }
            Op::Jitter { seed, exponent } => lanewise::jitter(pool, (seed, exponent), step, input(0), out),
            Op::MatMul { trans_a, trans_b } => {
                let (a, b) = (&node.inputs[0].shape, &node.inputs[1].shape);
                let (m, k) = if trans_a { (columns(), rows(a)) } else { (rows(a), columns()) };
                let n = if trans_b { rows(b) } else { self::columns(b) };
                let a = Factor::new(input(0), columns(), trans_a);
                let b = Factor::new(input(1), self::columns(b), trans_b);
                gemm(isa, pool, Sizes { m, k, n }, a, b, out);
            }
            Op::BiasAdd => lanewise::bias_add(isa, pool, input(0), input(1), out),
            Op::Relu => map(isa, pool, lanewise::Relu, [input(0)], out),
            Op::ReluGrad => map(isa, pool, lanewise::ReluGrad, [input(0), input(1)], out),
            Op::RowMax => softmax::row_max(isa, input(0), columns(), out),
            Op::SubExp => softmax::sub_exp(isa, pool, input(0), input(1), columns(), out),
            Op::RowSum => reduce::row_sum(isa, input(0), columns(), out),
            Op::Pick => softmax::pick(input(0), input(1), columns(), out),
            Op::XentLoss => map(isa, pool, lanewise::XentLoss, [input(0), input(1), input(2)], out),
            Op::XentGrad { scale } => {
                softmax::xent_grad(isa, [input(0), input(1), input(2)], f32::from_bits(scale.0), columns(), out);
            }
            Op::SumAll { scale } => {
                let product = reduce::sum(isa, input(0)) * f32::from_bits(scale.0);
                out[0] = if product.is_nan() { super::lanes::NAN } else { product };
            }
            Op::ColSum => reduce::col_sum(isa, input(0), columns(), out),
            Op::SgdMomentum { mu, wd } => {
                map(isa, pool, lanewise::SgdMomentum { mu, wd }, [input(0), input(1), input(2)], out);
            }
            Op::SgdStep { lr } => map(isa, pool, lanewise::SgdStep { lr }, [input(0), input(1)], out),
            Op::SqDist => out[0] = reduce::sq_dist(isa, pool, input(0), input(1)),
            Op::Add => map(isa, pool, lanewise::Add, [input(0), input(1)], out),
            Op::Max => map(isa, pool, lanewise::Max, [input(0), input(1)], out),
            Op::Ratio => map(isa, pool, lanewise::Ratio, [input(0), input(1)], out),
        }
    }
}

/// First dimension of a matrix.
fn rows(shape: &Shape) -> usize {
    shape.dims().first().map_or(1, |&dim| at(dim))
}

/// Second dimension of a matrix.
fn columns(shape: &Shape) -> usize {
    shape.dims().get(1).map_or(1, |&dim| at(dim))
}
