//! Products of matrices, many at once.
use super::axes::{count, strides, Axis, Walk};
use crate::exec::gemm::{part_of, share, Factor, Sizes};
use crate::exec::lanes::Isa;
use crate::exec::pool::{Out, Pool};
use assay_core::graph::Node;

/// Products of fewer operations are shared out whole; of greater ones, each is.
const LARGE: usize = 1 << 21;

/// Products, prepared.
#[derive(Debug)]
pub(in crate::exec) struct MatMul {
    sizes: Sizes,
    /// Length of a stored row, and whether it is a column.
    a: (usize, bool),
    b: (usize, bool),
    /// The leading axes, with the strides of a and of b.
    lead: [Vec<Axis>; 2],
    products: usize,
}

impl MatMul {
    /// That of a node.
    pub(in crate::exec) fn new(node: &Node, trans_a: bool, trans_b: bool) -> MatMul {
        let size = |dims: &[u32], back: usize| dims[dims.len() - back] as usize;
        let [a, b] = [0, 1].map(|input| node.inputs[input].shape.dims());
        let (m, k) = if trans_a { (size(a, 1), size(a, 2)) } else { (size(a, 2), size(a, 1)) };
        let n = if trans_b { size(b, 2) } else { size(b, 1) };
        let lead = &node.shape.dims()[..node.shape.dims().len() - 2];
        let axes = [(a, m * k), (b, k * n)].map(|(own, size)| leading(&own[..own.len() - 2], size, lead));
        let products = count(&axes[0]);
        let repeats_b = axes[1].iter().all(|axis| axis.stride == 0 || axis.len == 1);
        let dense_a = a[..a.len() - 2].iter().map(|&dim| dim as usize).product::<usize>() == products;
        let (a, b) = ((size(a, 1), trans_a), (size(b, 1), trans_b));
        if !trans_a && repeats_b && dense_a {
            // The same matrix for all: one product of more rows.
            return MatMul { sizes: Sizes { m: m * products, k, n }, a, b, lead: Default::default(), products: 1 };
        }
        MatMul { sizes: Sizes { m, k, n }, a, b, lead: axes, products }
    }

    /// Computes them.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, [a, b]: [&[f32]; 2], out: &mut [f32]) {
        let Sizes { m, k, n } = self.sizes;
        assert_eq!(out.len(), self.products * m * n);
        let out = Out::new(out);
        let work = m * k * n;
        let product = |walks: &[Walk<'_>; 2], index: usize| {
            let (a, b) = (&a[walks[0].offset..][..m * k], &b[walks[1].offset..][..k * n]);
            let factors = [Factor::new(a, self.a.0, self.a.1), Factor::new(b, self.b.0, self.b.1)];
            (factors, (out, index * m * n))
        };
        let walks = |index| [&self.lead[0], &self.lead[1]].map(|axes| Walk::new(axes, index));
        if work >= LARGE || self.products < pool.threads() {
            let mut at = walks(0);
            for index in 0..self.products {
                let (factors, to) = product(&at, index);
                // SAFETY: the product's own part of the output.
                unsafe { share(isa, pool, self.sizes, factors, to) };
                at.iter_mut().for_each(Walk::step);
            }
            return;
        }
        pool.share(self.products, 1, self.products * work / 16, &|part| {
            let mut at = walks(part.start);
            for index in part {
                let (factors, to) = product(&at, index);
                // SAFETY: the product's own part of the output, which only this thread has.
                unsafe { part_of(isa, self.sizes, (0..m, 0..n), factors, to) };
                at.iter_mut().for_each(Walk::step);
            }
        });
    }
}

/// Leading axes of matrices of `size` values: those of length 1 serve for any.
fn leading(own: &[u32], size: usize, lead: &[u32]) -> Vec<Axis> {
    let strides = strides(own);
    let missing = lead.len() - own.len();
    let axis = |(i, &len): (usize, &u32)| {
        let own = i.checked_sub(missing).filter(|&i| own[i] > 1);
        Axis { len: len as usize, stride: own.map_or(0, |i| strides[i] * size) }
    };
    lead.iter().enumerate().map(axis).collect()
}
