//! What an imported model is: parameters, and layers in an order in which each reads only earlier ones. All shapes are
//! known, the batch's size included.
use assay_core::graph::{PoolKind, Shape, Window};

/// A tensor that the model brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// As in the model file (for a PyTorch user: as in `state_dict`), unique.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Initial values, row-major, finite.
    pub values: Vec<f32>,
    /// Whether training changes it. Buffers, constants and frozen weights are state too, but stay as they are
    /// (running statistics of a [`LayerOp::BatchNorm`] follow the data instead).
    pub trained: bool,
}

/// What a layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// The batch of samples.
    Input,
    /// A parameter, by its position.
    Param(usize),
    /// The output of an earlier layer, by its position.
    Layer(usize),
}

/// One operation of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// As in the model file, for people.
    pub name: String,
    /// What is done.
    pub op: LayerOp,
    /// What it is done to.
    pub inputs: Vec<Value>,
    /// Shape of the output.
    pub shape: Shape,
}

/// A function of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `max(x, 0)`.
    Relu,
    /// `x > 0 ? x : slope · x`.
    LeakyRelu(f32),
    /// `x · Φ(x)`.
    Gelu,
    /// The approximation of [`Gelu`](Self::Gelu) by `tanh`.
    GeluTanh,
    /// `x · sigmoid(x)`.
    Silu,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Exponential.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// Error function.
    Erf,
    /// `x²`.
    Square,
    /// `1 / x`.
    Reciprocal,
    /// Cut to the least and the greatest value.
    Clamp(f32, f32),
    /// `x · scale + shift`.
    Affine {
        /// Factor.
        scale: f32,
        /// Summand.
        shift: f32,
    },
}

/// A function of two elements, broadcast as NumPy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `x + y`.
    Add,
    /// `x − y`.
    Sub,
    /// `x · y`.
    Mul,
    /// `x / y`.
    Div,
}

/// How axes are reduced. They stay, with length 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Sum.
    Sum,
    /// Mean.
    Mean,
    /// Greatest.
    Max,
}

/// A differentiable operation. In brackets: its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerOp {
    /// (x)
    Unary(Unary),
    /// (x, y)
    Binary(Binary),
    /// (x, mask of the same or a broadcast shape) `mask > 0 ? x : otherwise`; the mask is a constant parameter of 0 and 1.
    Where {
        /// What stands where the mask is 0: −∞ in an attention's scores.
        otherwise: f32,
    },
    /// (a, b) Products of matrices, leading axes broadcast.
    MatMul {
        /// a is `[.., k, m]`.
        trans_a: bool,
        /// b is `[.., n, k]`: PyTorch's `nn.Linear`.
        trans_b: bool,
    },
    /// (x `[n, c, h, w]`, weight `[o, c / groups, kh, kw]`) Without bias, which is an addition. One-dimensional ones have
    /// h = kh = 1.
    Conv {
        /// Stride, dilation, padding.
        window: Window,
        /// Groups.
        groups: u16,
    },
    /// (x `[n, c, h, w]`) `Max` or an average.
    Pool {
        /// How.
        kind: PoolKind,
        /// Stride, dilation, padding.
        window: Window,
        /// Height and width.
        kernel: [u8; 2],
    },
    /// (x) Bit i of `axes`: axis i is reduced to length 1.
    Reduce {
        /// How.
        kind: Reduction,
        /// Which axes.
        axes: u8,
    },
    /// (x) Over the last axis.
    Softmax,
    /// (x) Over the last axis.
    LogSoftmax,
    /// (x `[n, c, ..]`, weight `[c]`, bias `[c]`, running mean `[c]`, running variance `[c]`) In training by the batch's own
    /// statistics, in evaluation by the running ones.
    BatchNorm {
        /// Added to the variance.
        epsilon: f32,
        /// Share of a batch's statistics in the running ones (PyTorch's `momentum`; ONNX has 1 − it).
        momentum: f32,
    },
    /// (x, weight, bias if there is one) Over the axes from `axis` on; weight and bias have their shape.
    LayerNorm {
        /// The first axis that is normalised.
        axis: u8,
        /// Added to the variance.
        epsilon: f32,
    },
    /// (x, weight) `x / sqrt(mean(x²) + ε) · weight` over the axes from `axis` on.
    RmsNorm {
        /// The first axis that is normalised.
        axis: u8,
        /// Added to the mean square.
        epsilon: f32,
    },
    /// (table `[v, c]`, ids) Rows of the table.
    Embed,
    /// (x) In training an element is +0 with this probability and scaled up otherwise; in evaluation it stays.
    Dropout {
        /// Of being +0.
        probability: f32,
    },
    /// (x) Into the layer's shape.
    Reshape,
    /// (x) Axis i of the output is axis `perm[i]` of x; the identity beyond the rank.
    Transpose {
        /// The permutation.
        perm: [u8; 6],
    },
    /// (x) Items `start + i · step` of an axis; the layer's shape says how many.
    Slice {
        /// Which axis.
        axis: u8,
        /// The first.
        start: u32,
        /// From one to the next.
        step: u32,
    },
    /// (x) Zeros before and behind along an axis; the layer's shape says how long it becomes.
    Pad {
        /// Which axis.
        axis: u8,
        /// Zeros before.
        before: u32,
    },
    /// (x, y) Behind each other.
    Concat {
        /// Along which axis.
        axis: u8,
    },
    /// (x) Broadcast to the layer's shape.
    Expand,
}

/// A model for one size of batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Shape of the batch of samples: as many as a batch has, then a sample's own dimensions.
    pub input: Shape,
    /// In the order of the file.
    pub params: Vec<Param>,
    /// Each reads only earlier ones; at least one.
    pub layers: Vec<Layer>,
    /// What the model gives: logits or predictions.
    pub output: Value,
}

impl Model {
    /// Number of trained values.
    pub fn parameters(&self) -> u64 {
        self.params.iter().filter(|param| param.trained).map(|param| param.shape.elements()).sum()
    }

    /// Samples of a batch.
    pub fn batch(&self) -> u32 {
        self.input.dims().first().copied().unwrap_or(1)
    }

    /// Shape of a value.
    ///
    /// # Panics
    /// There is no such parameter or layer.
    pub fn shape(&self, value: Value) -> Shape {
        match value {
            Value::Input => self.input,
            Value::Param(index) => self.params[index].shape,
            Value::Layer(index) => self.layers[index].shape,
        }
    }
}
