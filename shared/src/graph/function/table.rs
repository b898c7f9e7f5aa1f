//! The functions and their rows.
use super::builder::Builder;
use super::constants::{CLIP_EPS, ERF_SLOPE, GELU_1, GELU_3, GELU_9, HALF, ONE, RATIO_FLOOR, ZERO};
use super::erf::{erf, normal, normal_density};
use super::exp_log::{exp, exp_negative, log, log_positive, minus_magnitude};
use super::tanh::{sigmoid, tanh};
use super::{Arg, Row, COLUMN, P0, P1, P2, X0, X1, X2, X3};
use crate::graph::Prim;
use codec::{Decode, Encode};

/// From the list below: the enumeration, and the rows of each function.
macro_rules! functions {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $arity:literal $params:literal = |$b:ident| $body:expr;)*) => {
        /// An elementwise operator: inputs x, y, … (or as named), parameters p0, p1, …
        ///
        /// Where an input is NaN, so is the result (the canonical one), but for what a comparison chooses: comparisons
        /// with NaN don't hold, and a chosen input is moved as it is.
        #[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
        #[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[repr(u8)]
        pub enum Function {
            $($(#[doc = $doc])* $variant),*
        }

        impl Function {
            /// All of them, in the order of their tags.
            pub const ALL: &'static [Function] = &[$(Function::$variant),*];

            /// The name in snake case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Function::$variant => $name),*
                }
            }

            /// Inputs, 1 to 4.
            pub const fn arity(self) -> u8 {
                match self {
                    $(Function::$variant => $arity),*
                }
            }

            /// Parameters, 0 to 4.
            pub const fn params(self) -> u8 {
                match self {
                    $(Function::$variant => $params),*
                }
            }
        }

        const BUILT: [Builder; Function::ALL.len()] = [$({
            let mut builder = Builder::new();
            let $b = &mut builder;
            let value: Arg = $body;
            assert!(value as usize + 1 == builder.len(), "the value is that of the last row");
            builder
        }),*];
    };
}

impl Function {
    /// The stable number for records, from 0.
    pub const fn tag(self) -> u8 {
        self as u8
    }

    /// The function of this number.
    #[allow(clippy::indexing_slicing)] // The number is below the length.
    pub const fn of_tag(tag: u8) -> Option<Function> {
        if (tag as usize) < Function::ALL.len() {
            Some(Function::ALL[tag as usize])
        } else {
            None
        }
    }

    /// The rows, at most [`MAX_ROWS`](super::MAX_ROWS); the value of the last one is the function's.
    pub fn rows(self) -> &'static [Row] {
        let tag = usize::from(self.tag());
        let bounds = STARTS.get(tag..).and_then(|starts| starts.first_chunk());
        let rows = bounds.and_then(|&[start, end]| ROWS.get(usize::from(start)..usize::from(end)));
        rows.unwrap_or(&[]) // Always there.
    }
}

/// Rows of all functions, one behind the other.
static ROWS: [Row; TOTAL] = join();

/// Where the rows of each function begin, and where the last one's end.
static STARTS: [u16; Function::ALL.len() + 1] = starts();

const TOTAL: usize = {
    let [.., total] = starts();
    total as usize
};

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // Compiler only.
const fn starts() -> [u16; Function::ALL.len() + 1] {
    let mut starts = [0; Function::ALL.len() + 1];
    let mut i = 0;
    while i < BUILT.len() {
        starts[i + 1] = starts[i] + BUILT[i].len() as u16;
        i += 1;
    }
    starts
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // Compiler only.
const fn join<const N: usize>() -> [Row; N] {
    let mut rows = [(Prim::Add, [ZERO; 4]); N];
    let (mut i, mut at) = (0, 0);
    while i < BUILT.len() {
        let mut j = 0;
        while j < BUILT[i].len() {
            rows[at] = BUILT[i].row(j);
            (j, at) = (j + 1, at + 1);
        }
        i += 1;
    }
    rows
}

functions! {
    /// x; the canonical NaN for any NaN.
    Copy "copy" 1 0 = |b| b.max(X0, X0);
    /// x + y.
    Add "add" 2 0 = |b| b.add(X0, X1);
    /// x − y.
    Sub "sub" 2 0 = |b| b.sub(X0, X1);
    /// x·y.
    Mul "mul" 2 0 = |b| b.mul(X0, X1);
    /// x / y.
    Div "div" 2 0 = |b| b.div(X0, X1);
    /// The greater one.
    Max "max" 2 0 = |b| b.max(X0, X1);
    /// x·y + z, rounded once.
    MulAdd "mul_add" 3 0 = |b| b.fma(X0, X1, X2);
    /// x·p0 + p1, rounded once.
    Affine "affine" 1 2 = |b| b.fma(X0, P0, P1);
    /// x·p0.
    Scale "scale" 1 1 = |b| b.mul(X0, P0);
    /// x / max(y, 2⁻¹²⁶).
    Ratio "ratio" 2 0 = |b| {
        let y = b.max(X1, RATIO_FLOOR);
        b.div(X0, y)
    };
    /// p0 / x.
    Inverse "inverse" 1 1 = |b| b.div(P0, X0);
    /// x².
    Square "square" 1 0 = |b| b.mul(X0, X0);
    /// √x.
    Sqrt "sqrt" 1 0 = |b| b.sqrt(X0);
    /// eˣ.
    Exp "exp" 1 0 = |b| exp(b, X0);
    /// ln x.
    Log "log" 1 0 = |b| log(b, X0);
    /// The error function; +0 for −0 too.
    Erf "erf" 1 0 = |b| erf(b, X0);
    /// tanh x; +0 for −0 too.
    Tanh "tanh" 1 0 = |b| tanh(b, X0);
    /// 1 / (1 + e⁻ˣ).
    Sigmoid "sigmoid" 1 0 = |b| sigmoid(b, X0);
    /// 1 / √(x + p0).
    Rsqrt "rsqrt" 1 1 = |b| {
        let y = b.add(X0, P0);
        let root = b.sqrt(y);
        b.div(ONE, root)
    };
    /// max(x, +0).
    Relu "relu" 1 0 = |b| b.max(X0, ZERO);
    /// x > 0 ? x : x·p0.
    LeakyRelu "leaky_relu" 1 1 = |b| {
        let y = b.mul(X0, P0);
        b.select_gt(X0, ZERO, X0, y)
    };
    /// x·Φ(x), Φ by erf.
    Gelu "gelu" 1 0 = |b| {
        let phi = normal(b, X0);
        b.mul(X0, phi)
    };
    /// x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) / 2.
    GeluTanh "gelu_tanh" 1 0 = |b| {
        let (_, s) = gelu_sigmoid(b, X0);
        b.mul(X0, s)
    };
    /// x·sigmoid(x).
    Silu "silu" 1 0 = |b| {
        let s = sigmoid(b, X0);
        b.mul(X0, s)
    };
    /// x, at least p0, at most p1 (p1 where p0 > p1).
    Clamp "clamp" 1 2 = |b| {
        let y = b.max(X0, P0);
        b.at_most(y, P1)
    };
    /// Inputs dy, x: x > 0 ? dy : +0.
    ReluGrad "relu_grad" 2 0 = |b| b.select_gt(X1, ZERO, X0, ZERO);
    /// Inputs dy, x: x > 0 ? dy : dy·p0.
    LeakyReluGrad "leaky_relu_grad" 2 1 = |b| {
        let dx = b.mul(X0, P0);
        b.select_gt(X1, ZERO, X0, dx)
    };
    /// Inputs dy, x: dy·(Φ(x) + x·φ(x)).
    GeluGrad "gelu_grad" 2 0 = |b| {
        let phi = normal(b, X1);
        let density = normal_density(b, X1);
        let slope = b.fma(X1, density, phi);
        b.mul(X0, slope)
    };
    /// Inputs dy, x: dy·(s + s·(1 − s)·x·u′(x)) with s = sigmoid(u(x)), u(x) = 2·√(2/π)·(x + 0.044715·x³).
    GeluTanhGrad "gelu_tanh_grad" 2 0 = |b| {
        let (square, s) = gelu_sigmoid(b, X1);
        let slope = b.fma(square, GELU_9, GELU_1);
        let t = sigmoid_slope(b, s);
        let t = b.mul(t, X1);
        let slope = b.fma(t, slope, s);
        b.mul(X0, slope)
    };
    /// Inputs dy, x: dy·(s + s·(1 − s)·x) with s = sigmoid(x).
    SiluGrad "silu_grad" 2 0 = |b| {
        let s = sigmoid(b, X1);
        let t = sigmoid_slope(b, s);
        let slope = b.fma(t, X1, s);
        b.mul(X0, slope)
    };
    /// Inputs dy, y = tanh(x): dy·(1 − y²).
    TanhGrad "tanh_grad" 2 0 = |b| {
        let minus_y = b.neg(X1);
        let slope = b.fma(minus_y, X1, ONE);
        b.mul(X0, slope)
    };
    /// Inputs dy, y = sigmoid(x): dy·y·(1 − y).
    SigmoidGrad "sigmoid_grad" 2 0 = |b| {
        let rest = b.sub(ONE, X1);
        let dx = b.mul(X0, X1);
        b.mul(dx, rest)
    };
    /// Inputs dy, y = √x: dy/2 / y.
    SqrtGrad "sqrt_grad" 2 0 = |b| {
        let half = b.mul(X0, HALF);
        b.div(half, X1)
    };
    /// Inputs dy, x: p0 <= x <= p1 ? dy : +0.
    ClampGrad "clamp_grad" 2 2 = |b| {
        let dx = b.select_eq(X1, P0, X0, ZERO);
        let dx = b.select_gt(X1, P0, X0, dx);
        b.select_gt(X1, P1, ZERO, dx)
    };
    /// Inputs dy, x: dy·2/√π·exp(−x²).
    ErfGrad "erf_grad" 2 0 = |b| {
        let minus_x = b.neg(X1);
        let y = b.mul(minus_x, X1);
        let e = exp_negative(b, y);
        let slope = b.mul(e, ERF_SLOPE);
        b.mul(X0, slope)
    };
    /// Inputs x, m: exp(x − m).
    SubExp "sub_exp" 2 0 = |b| {
        let y = b.sub(X0, X1);
        exp(b, y)
    };
    /// Inputs sum, max: log(sum) + max.
    LogSumExp "log_sum_exp" 2 0 = |b| {
        let y = log(b, X0);
        b.add(y, X1)
    };
    /// Inputs dy, y, r: (dy − r)·y.
    SoftmaxGrad "softmax_grad" 3 0 = |b| {
        let d = b.sub(X0, X2);
        b.mul(d, X1)
    };
    /// Inputs dy, y, r: dy − exp(y)·r.
    LogSoftmaxGrad "log_softmax_grad" 3 0 = |b| {
        let e = exp(b, X1);
        let d = b.mul(e, X2);
        b.sub(X0, d)
    };
    /// Inputs g, x̂, a, b: (g − a) − x̂·b, the product not rounded.
    NormGrad "norm_grad" 4 0 = |b| {
        let d = b.sub(X0, X2);
        let minus_x = b.neg(X1);
        b.fma(minus_x, X3, d)
    };
    /// Input label: label == p0 ? 0 : 1; p0 is the label that doesn't count.
    Valid "valid" 1 1 = |b| b.select_eq(X0, P0, ZERO, ONE);
    /// Inputs lse, picked, label: label == p0 ? +0 : lse − picked.
    XentLoss "xent_loss" 3 1 = |b| {
        let loss = b.sub(X0, X1);
        b.select_eq(X2, P0, ZERO, loss)
    };
    /// Inputs lse, picked, mean, label: label == p0 ? +0 : lse − (p1·picked + p2·mean), with p1 = 1 − ε, p2 = ε.
    XentSmoothLoss "xent_smooth_loss" 4 3 = |b| {
        let mean = b.mul(P2, X2);
        let target = b.fma(P1, X1, mean);
        let loss = b.sub(X0, target);
        b.select_eq(X3, P0, ZERO, loss)
    };
    /// Inputs e, sum, label, scale: label == p0 ? +0 : (e/sum − (label == column ? p2 : p1))·scale, with p1 = ε/C,
    /// p2 = 1 − ε + ε/C.
    XentGrad "xent_grad" 4 3 = |b| {
        let p = b.div(X0, X1);
        let target = b.select_eq(X2, COLUMN, P2, P1);
        let d = b.sub(p, target);
        let d = b.mul(d, X3);
        b.select_eq(X2, P0, ZERO, d)
    };
    /// (x − y)·p0.
    SubScale "sub_scale" 2 1 = |b| {
        let d = b.sub(X0, X1);
        b.mul(d, P0)
    };
    /// max(x, 0) − x·z + log(1 + exp(−|x|)).
    BceLoss "bce_loss" 2 0 = |b| {
        let a = minus_magnitude(b, X0);
        let e = exp_negative(b, a);
        let s = b.add(e, ONE);
        let log = log_positive(b, s);
        let positive = b.max(X0, ZERO);
        let minus_x = b.neg(X0);
        let linear = b.fma(minus_x, X1, positive);
        b.add(linear, log)
    };
    /// (sigmoid(x) − z)·p0.
    BceGrad "bce_grad" 2 1 = |b| {
        let s = sigmoid(b, X0);
        let d = b.sub(s, X1);
        b.mul(d, P0)
    };
    /// Inputs v, w, g: p0·v + (p1·w + g), with p0 momentum, p1 weight decay.
    SgdMomentum "sgd_momentum" 3 2 = |b| {
        let g = b.fma(P1, X1, X2);
        b.fma(P0, X0, g)
    };
    /// Inputs w, u, a: w − a·u, rounded once.
    Step "step" 3 0 = |b| {
        let minus_a = b.neg(X2);
        b.fma(minus_a, X1, X0)
    };
    /// Inputs g, w: p0·w + g, rounded once.
    DecayedGrad "decayed_grad" 2 1 = |b| b.fma(P0, X1, X0);
    /// Inputs m, g: p0·m + p1·g, with p0 = β₁, p1 = 1 − β₁.
    AdamFirst "adam_first" 2 2 = |b| {
        let g = b.mul(P1, X1);
        b.fma(P0, X0, g)
    };
    /// Inputs v, g: p0·v + (p1·g)·g, with p0 = β₂, p1 = 1 − β₂.
    AdamSecond "adam_second" 2 2 = |b| {
        let g = b.mul(P1, X1);
        let square = b.mul(g, X1);
        b.fma(P0, X0, square)
    };
    /// Inputs m, v, c: m / (√v·c + p0), with p0 = ε.
    AdamDirection "adam_direction" 3 1 = |b| {
        let root = b.sqrt(X1);
        let d = b.fma(root, X2, P0);
        b.div(X0, d)
    };
    /// Inputs w, lr: w·(1 − lr·p0), with p0 weight decay.
    DecayedWeight "decayed_weight" 2 1 = |b| {
        let decay = b.mul(X1, P0);
        let rest = b.sub(ONE, decay);
        b.mul(X0, rest)
    };
    /// Input s, a sum of squares: min(1, p0 / (√s + 10⁻⁶)), with p0 the greatest norm.
    ClipFactor "clip_factor" 1 1 = |b| {
        let norm = b.sqrt(X0);
        let norm = b.add(norm, CLIP_EPS);
        let factor = b.div(P0, norm);
        b.at_most(factor, ONE)
    };
    /// p0·x + p1·y.
    Blend "blend" 2 2 = |b| {
        let y = b.mul(P1, X1);
        b.fma(P0, X0, y)
    };
    /// Inputs x, mask: mask > 0 ? x : p0. Its gradient is ReluGrad.
    Where "where" 2 1 = |b| b.select_gt(X1, ZERO, X0, P0);
    /// x == y ? 1 : 0.
    Equal "equal" 2 0 = |b| b.select_eq(X0, X1, ONE, ZERO);
}

/// x² and sigmoid(2·√(2/π)·(x + 0.044715·x³)), which is (1 + tanh(half of that)) / 2 and keeps its relative error where
/// it is small.
const fn gelu_sigmoid(b: &mut Builder, x: Arg) -> (Arg, Arg) {
    let square = b.mul(x, x);
    let factor = b.fma(square, GELU_3, GELU_1);
    let u = b.mul(x, factor);
    (square, sigmoid(b, u))
}

/// s·(1 − s), the slope of a sigmoid of value s: first of all factors, since it makes 0 of whatever large argument.
const fn sigmoid_slope(b: &mut Builder, s: Arg) -> Arg {
    let rest = b.sub(ONE, s);
    b.mul(s, rest)
}
