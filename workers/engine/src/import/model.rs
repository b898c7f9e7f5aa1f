//! What an imported model is: parameters, and layers that read the batch, earlier layers and parameters.
use assay_core::graph::Shape;

/// A trainable tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// As in the model file.
    pub name: String,
    /// Rank 1 or 2.
    pub shape: Shape,
    /// Initial values, row-major, finite.
    pub values: Vec<f32>,
}

/// What a layer reads: a matrix `[batch, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The batch, each sample as one row.
    Batch,
    /// The output of an earlier layer.
    Layer(usize),
}

/// A differentiable operation on matrices `[batch, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// `x · W`, or `x · Wᵀ` if `transposed`.
    MatMul {
        /// The left factor.
        x: Value,
        /// Position of W among the parameters.
        weight: usize,
        /// W is stored as `[out, in]`, as PyTorch does.
        transposed: bool,
    },
    /// `x + b` for every row.
    Bias {
        /// The matrix.
        x: Value,
        /// Position of b among the parameters.
        bias: usize,
    },
    /// `max(x, 0)`.
    Relu {
        /// The matrix.
        x: Value,
    },
    /// `x + y`, a residual connection.
    Add {
        /// One summand.
        x: Value,
        /// The other.
        y: Value,
    },
}

/// A model: the last layer gives the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Length of a sample as a row.
    pub features: u32,
    /// Columns of the logits.
    pub classes: u32,
    /// In the order of the file.
    pub params: Vec<Param>,
    /// Each reads only earlier ones; at least one.
    pub layers: Vec<Layer>,
}

impl Model {
    /// Number of trainable values.
    pub fn parameters(&self) -> u64 {
        self.params.iter().map(|param| param.shape.elements()).sum()
    }

    /// Drops layers that the last one doesn't depend on, and parameters that no layer reads.
    pub(crate) fn prune(&mut self) {
        let mut live = vec![false; self.layers.len()];
        let mut read = vec![false; self.params.len()];
        if let Some(last) = live.last_mut() {
            *last = true;
        }
        for (index, layer) in self.layers.iter().enumerate().rev() {
            if live[index] {
                let (values, param) = layer.reads();
                values.into_iter().flatten().for_each(|value| live[value] = true);
                param.into_iter().for_each(|param| read[param] = true);
            }
        }
        let (layer_at, param_at) = (positions(&live), positions(&read));
        let mut index = 0..;
        self.layers.retain(|_| index.next().is_some_and(|index: usize| live[index]));
        let mut index = 0..;
        self.params.retain(|_| index.next().is_some_and(|index: usize| read[index]));
        for layer in &mut self.layers {
            layer.renumber(&layer_at, &param_at);
        }
    }
}

/// New positions of what is kept.
fn positions(kept: &[bool]) -> Vec<usize> {
    let mut next = 0;
    let place = |&keep: &bool| {
        let place = next;
        next += usize::from(keep);
        place
    };
    kept.iter().map(place).collect()
}

impl Layer {
    /// Layers and the parameter that it reads.
    fn reads(&self) -> ([Option<usize>; 2], Option<usize>) {
        let layer = |value: Value| match value {
            Value::Batch => None,
            Value::Layer(index) => Some(index),
        };
        match *self {
            Layer::MatMul { x, weight, .. } => ([layer(x), None], Some(weight)),
            Layer::Bias { x, bias } => ([layer(x), None], Some(bias)),
            Layer::Relu { x } => ([layer(x), None], None),
            Layer::Add { x, y } => ([layer(x), layer(y)], None),
        }
    }

    fn renumber(&mut self, layers: &[usize], params: &[usize]) {
        let move_value = |value: &mut Value| {
            if let Value::Layer(index) = value {
                *index = layers[*index];
            }
        };
        match self {
            Layer::MatMul { x, weight, .. } => {
                move_value(x);
                *weight = params[*weight];
            }
            Layer::Bias { x, bias } => {
                move_value(x);
                *bias = params[*bias];
            }
            Layer::Relu { x } => move_value(x),
            Layer::Add { x, y } => {
                move_value(x);
                move_value(y);
            }
        }
    }
}
