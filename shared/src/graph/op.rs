//! The operators: names, numbers of inputs, shapes.
use super::constants::MAX_CLASSES;
use super::{GraphError, Input, Shape};
use crate::arith::F32;
use crate::wire::wire;
use codec::{Decode, Encode};

/// What a node does. Outputs are binary32, row-major; `x[i, j]` is an element of an input.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Op {
    /// A batch of rows of a data set `[rows, c..]`, in the order of [`gather_row`](super::gather_row):
    /// `fma(x, scale, shift)`. The node's shape `[batch, c..]` says how many.
    Gather {
        /// Seed of the order. Inputs and labels share it.
        seed: u64,
        /// Rows of the data set.
        rows: u32,
        /// Factor.
        scale: F32,
        /// Summand.
        shift: F32,
    },
    /// `x · (1 + u · 2^exponent)` with `u` from [`jitter_sign`](super::jitter_sign): the perturbation of a profile.
    Jitter {
        /// Seed of the signs.
        seed: u64,
        /// −23 to −1.
        exponent: i8,
    },
    /// Product of two matrices, each optionally transposed: dot products in blocks.
    MatMul {
        /// The first input is `[k, m]` instead of `[m, k]`.
        trans_a: bool,
        /// The second input is `[n, k]` instead of `[k, n]`.
        trans_b: bool,
    },
    /// `x[i, j] + b[j]`.
    BiasAdd,
    /// `max(x, +0)`.
    Relu,
    /// Inputs dy, x: `x > 0 ? dy : +0`.
    ReluGrad,
    /// Greatest of each row: a chain of `max`.
    RowMax,
    /// Inputs x, m: `exp(x[i, j] − m[i])`.
    SubExp,
    /// Sum of each row: a reduction.
    RowSum,
    /// Inputs x, labels: `x[i, labels[i]]`, by comparing every `j`; +0 for a label that isn't among them.
    Pick,
    /// Inputs sum, max, picked: `(log(sum) + max) − picked`.
    XentLoss,
    /// Inputs e, sum, labels: `(e[i, j] / sum[i] − (labels[i] == j ? 1 : 0)) · scale`.
    XentGrad {
        /// Usually 1 / batch.
        scale: F32,
    },
    /// Sum of all elements (a reduction), times `scale`.
    SumAll {
        /// Usually 1 / batch.
        scale: F32,
    },
    /// Sum of each column: a reduction over the rows.
    ColSum,
    /// Inputs v, w, g: `fma(mu, v, fma(wd, w, g))`.
    SgdMomentum {
        /// Momentum.
        mu: F32,
        /// Weight decay.
        wd: F32,
    },
    /// Inputs w, v: `fma(−lr, v, w)`.
    SgdStep {
        /// Learning rate.
        lr: F32,
    },
    /// Squared distance of two tensors: a reduction of `fma(d, d, acc)` over `d = x − y`.
    SqDist,
    /// `x + y`.
    Add,
    /// `max(x, y)`.
    Max,
    /// `x / max(y, 2^-126)`.
    Ratio,
}

wire!(enum Op or BiasAdd {
    0 => Gather { seed, rows, scale, shift },
    1 => Jitter { seed, exponent },
    2 => MatMul { trans_a, trans_b },
    3 => BiasAdd,
    4 => Relu,
    5 => ReluGrad,
    6 => RowMax,
    7 => SubExp,
    8 => RowSum,
    9 => Pick,
    10 => XentLoss,
    11 => XentGrad { scale },
    12 => SumAll { scale },
    13 => ColSum,
    14 => SgdMomentum { mu, wd },
    15 => SgdStep { lr },
    16 => SqDist,
    17 => Add,
    18 => Max,
    19 => Ratio,
});

impl Op {
    /// Its name, as in the documentation.
    pub const fn name(&self) -> &'static str {
        match self {
            Op::Gather { .. } => "gather",
            Op::Jitter { .. } => "jitter",
            Op::MatMul { .. } => "matmul",
            Op::BiasAdd => "bias_add",
            Op::Relu => "relu",
            Op::ReluGrad => "relu_grad",
            Op::RowMax => "row_max",
            Op::SubExp => "sub_exp",
            Op::RowSum => "row_sum",
            Op::Pick => "pick",
            Op::XentLoss => "xent_loss",
            Op::XentGrad { .. } => "xent_grad",
            Op::SumAll { .. } => "sum_all",
            Op::ColSum => "col_sum",
            Op::SgdMomentum { .. } => "sgd_momentum",
            Op::SgdStep { .. } => "sgd_step",
            Op::SqDist => "sq_dist",
            Op::Add => "add",
            Op::Max => "max",
            Op::Ratio => "ratio",
        }
    }

    /// Inputs it takes.
    pub const fn arity(&self) -> u8 {
        match self {
            Op::Gather { .. }
            | Op::Jitter { .. }
            | Op::Relu
            | Op::RowMax
            | Op::RowSum
            | Op::SumAll { .. }
            | Op::ColSum => 1,
            Op::MatMul { .. }
            | Op::BiasAdd
            | Op::ReluGrad
            | Op::SubExp
            | Op::Pick
            | Op::SgdStep { .. }
            | Op::SqDist
            | Op::Add
            | Op::Max
            | Op::Ratio => 2,
            Op::XentLoss | Op::XentGrad { .. } | Op::SgdMomentum { .. } => 3,
        }
    }

    /// Shape of the output for these inputs.
    ///
    /// For [`Gather`](Op::Gather) that of the greatest batch, all rows: the node may have a smaller first dimension.
    ///
    /// # Errors
    /// A wrong number of inputs, shapes that don't fit, or attributes out of range.
    pub fn infer(&self, inputs: &[Input]) -> Result<Shape, GraphError> {
        if inputs.len() != usize::from(self.arity()) {
            return Err(self.input_count(inputs.len()));
        }
        match (self, inputs) {
            (Op::Gather { rows, .. }, [x]) => {
                let Some(&data) = x.shape.dims().first() else {
                    return Err(input_shape(0, x));
                };
                if data != *rows {
                    return Err(GraphError::GatherRows { attribute: *rows, data });
                }
                Ok(x.shape)
            }
            (Op::Jitter { exponent, .. }, [x]) => {
                if !(-23..=-1).contains(exponent) {
                    return Err(GraphError::JitterExponent(*exponent));
                }
                Ok(x.shape)
            }
            (Op::MatMul { trans_a, trans_b }, [a, b]) => {
                let (m, k) = swap_if(*trans_a, matrix(0, a)?);
                let (k_b, n) = swap_if(*trans_b, matrix(1, b)?);
                if k != k_b {
                    return Err(input_shape(1, b));
                }
                Shape::new(&[m, n])
            }
            (Op::BiasAdd, [x, b]) => {
                let (_, n) = matrix(0, x)?;
                vector(1, b, n)?;
                Ok(x.shape)
            }
            (Op::Relu, [x]) => Ok(x.shape),
            (Op::RowMax | Op::RowSum, [x]) => matrix(0, x).and_then(|(m, _)| Shape::new(&[m])),
            (Op::ColSum, [x]) => matrix(0, x).and_then(|(_, n)| Shape::new(&[n])),
            (Op::SubExp, [x, max]) => {
                let (m, _) = matrix(0, x)?;
                vector(1, max, m)?;
                Ok(x.shape)
            }
            (Op::Pick, [x, labels]) => {
                let (m, n) = matrix(0, x)?;
                vector(1, labels, m)?;
                classes(n)?;
                Shape::new(&[m])
            }
            (Op::XentLoss, [sum, rest @ ..]) => {
                let [m] = *sum.shape.dims() else {
                    return Err(input_shape(0, sum));
                };
                for (position, input) in (1..).zip(rest) {
                    vector(position, input, m)?;
                }
                Ok(sum.shape)
            }
            (Op::XentGrad { .. }, [e, sum, labels]) => {
                let (m, n) = matrix(0, e)?;
                vector(1, sum, m)?;
                vector(2, labels, m)?;
                classes(n)?;
                Ok(e.shape)
            }
            (Op::SumAll { .. }, _) => Ok(Shape::SCALAR),
            (Op::SqDist, inputs) => alike(inputs).map(|_| Shape::SCALAR),
            (_, inputs) => alike(inputs),
        }
    }

    /// The error of a wrong number of inputs.
    pub(super) fn input_count(&self, got: usize) -> GraphError {
        GraphError::InputCount { expected: self.arity(), got: u64::try_from(got).unwrap_or(u64::MAX) }
    }
}

/// The shape that all inputs have.
fn alike(inputs: &[Input]) -> Result<Shape, GraphError> {
    let [first, rest @ ..] = inputs else {
        return Err(GraphError::NoInput(0));
    };
    for (position, input) in (1..).zip(rest) {
        if input.shape != first.shape {
            return Err(input_shape(position, input));
        }
    }
    Ok(first.shape)
}

fn matrix(position: u8, input: &Input) -> Result<(u32, u32), GraphError> {
    input.shape.matrix().ok_or_else(|| input_shape(position, input))
}

fn vector(position: u8, input: &Input, len: u32) -> Result<(), GraphError> {
    if *input.shape.dims() == [len] {
        Ok(())
    } else {
        Err(input_shape(position, input))
    }
}

#[cold]
fn input_shape(position: u8, input: &Input) -> GraphError {
    GraphError::InputShape { input: position, got: input.shape }
}

fn swap_if(swap: bool, (rows, columns): (u32, u32)) -> (u32, u32) {
    if swap {
        (columns, rows)
    } else {
        (rows, columns)
    }
}

fn classes(n: u32) -> Result<(), GraphError> {
    if u64::from(n) > MAX_CLASSES {
        return Err(GraphError::Classes(u64::from(n)));
    }
    Ok(())
}
