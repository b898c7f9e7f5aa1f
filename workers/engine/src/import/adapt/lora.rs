//! Low-rank adapters beside the weights of matrix products (E. Hu et al., *LoRA*, 2021).
use super::{select, AdaptError};
use crate::import::{Binary, Layer, LayerOp, Model, Param, Unary, Value};
use crate::task::Lora;
use assay_core::arith::random::philox;
use assay_core::graph::Shape;
use std::collections::BTreeMap;

/// High half of the streams that initial values are drawn from ("lora"); the low one is the weight's position.
const LORA_STREAMS: u64 = 0x6c6f_7261_0000_0000;

/// Where the patterns stand, and what they match.
const FACTORS: (&str, &str) = ("training.parameters.lora.on", "weight of a matrix product");

/// Ends of the names of an adapter's parameters.
const ENDS: [&str; 2] = [".lora_A", ".lora_B"];

/// Whether this is the name of an adapter's parameter.
pub(super) fn is_adapter(name: &str) -> bool {
    ENDS.iter().any(|end| name.ends_with(end))
}

/// An adapter's parameters, by position.
#[derive(Clone, Copy)]
struct Adapter {
    a: usize,
    b: usize,
}

impl Model {
    /// Puts an adapter beside every product with a weight of these names, `y + alpha / rank · (x · Aᵀ) · Bᵀ`, and freezes
    /// everything else. B begins with zeros: at first nothing changes.
    ///
    /// # Errors
    /// A pattern that no product's weight matches, a rank too great, or a name that is taken.
    pub fn lora(&mut self, lora: &Lora) -> Result<(), AdaptError> {
        let weights: Vec<usize> = (0..self.params.len()).filter(|&param| self.is_factor(param)).collect();
        let names: Vec<&str> = weights.iter().map(|&param| self.params[param].name.as_str()).collect();
        let selected = select(FACTORS, &lora.on, &names)?;
        self.params.iter_mut().for_each(|param| param.trained = false);
        let mut adapters = BTreeMap::new();
        for param in selected.into_iter().map(|index| weights[index]) {
            adapters.insert(param, self.add_adapter(param, lora)?);
        }
        self.insert_products(&adapters, lora)
    }

    /// Whether a layer multiplies by this parameter, a matrix.
    fn is_factor(&self, param: usize) -> bool {
        self.params[param].shape.rank() == 2 && self.layers.iter().any(|layer| factor(layer) == Some(param))
    }

    /// The parameters of an adapter, behind all others.
    fn add_adapter(&mut self, weight: usize, lora: &Lora) -> Result<Adapter, AdaptError> {
        let trans = |layer: &Layer| match layer.op {
            LayerOp::MatMul { trans_b, .. } if factor(layer) == Some(weight) => Some(trans_b),
            _ => None,
        };
        // A weight used both ways round is adapted for the first one: shapes are checked when layers are added.
        let stored_transposed = self.layers.iter().find_map(trans).unwrap_or(true);
        let Param { name, shape, .. } = &self.params[weight];
        let (name, shape) = (name.clone(), *shape);
        let &[first, second] = shape.dims() else { return Err(rank_error(lora, &name, shape)) };
        let (outputs, inputs) = if stored_transposed { (first, second) } else { (second, first) };
        if lora.rank >= outputs.min(inputs) {
            return Err(rank_error(lora, &name, shape));
        }
        // As PyTorch begins a linear layer: kaiming_uniform_ with a = √5.
        let bound = 1.0 / f64::from(inputs).sqrt();
        let uniform = |index: u64| {
            let [word, ..] = philox(lora.seed, LORA_STREAMS | weight as u64, index);
            (bound * (f64::from(word) / f64::from(1_u32 << 31) - 1.0)) as f32
        };
        let a_values = (0..u64::from(lora.rank) * u64::from(inputs)).map(uniform).collect();
        let b_values = vec![0.0; outputs as usize * lora.rank as usize];
        let [end_a, end_b] = ENDS;
        let a = self.add_param(format!("{name}{end_a}"), Shape::new(&[lora.rank, inputs])?, a_values)?;
        let b = self.add_param(format!("{name}{end_b}"), Shape::new(&[outputs, lora.rank])?, b_values)?;
        Ok(Adapter { a, b })
    }

    fn add_param(&mut self, name: String, shape: Shape, values: Vec<f32>) -> Result<usize, AdaptError> {
        if self.params.iter().any(|param| param.name == name) {
            return Err(AdaptError::Name(name));
        }
        self.params.push(Param { name, shape, values, trained: true });
        Ok(self.params.len() - 1)
    }

    /// The layers anew, with those of adapters behind each adapted product.
    fn insert_products(&mut self, adapters: &BTreeMap<usize, Adapter>, lora: &Lora) -> Result<(), AdaptError> {
        let old = std::mem::take(&mut self.layers);
        // What stands for the output of an old layer.
        let mut now: Vec<Value> = Vec::with_capacity(old.len());
        let moved = |now: &[Value], value: Value| match value {
            Value::Layer(index) => now.get(index).copied().unwrap_or(value),
            other => other,
        };
        for mut layer in old {
            layer.inputs = layer.inputs.iter().map(|&input| moved(&now, input)).collect();
            let adapter = factor(&layer).and_then(|param| adapters.get(&param));
            let product = layer.clone();
            let mut output = self.push(layer);
            if let Some(adapter) = adapter {
                output = self.adapted(&product, output, adapter, lora)?;
            }
            now.push(output);
        }
        self.output = moved(&now, self.output);
        Ok(())
    }

    /// The layers of an adapter beside `product`, whose output is `y`.
    fn adapted(
        &mut self,
        product: &Layer,
        y: Value,
        &Adapter { a, b }: &Adapter,
        lora: &Lora,
    ) -> Result<Value, AdaptError> {
        let LayerOp::MatMul { trans_a, trans_b } = product.op else { return Ok(y) };
        let mut narrow = product.shape.dims().to_vec();
        narrow.last_mut().into_iter().for_each(|columns| *columns = lora.rank);
        let narrow = Shape::new(&narrow)?;
        let weight = factor(product).map_or(Shape::SCALAR, |param| self.params[param].shape);
        let adapts = if trans_b { weight.dims().first() } else { weight.dims().last() };
        if adapts != self.params[b].shape.dims().first() {
            return Err(AdaptError::BothWays(self.params[b].name.trim_end_matches(".lora_B").into()));
        }
        let name = |part: &str| format!("{}/{part}", product.name);
        let layer =
            |part: &str, op, inputs: &[Value], shape| Layer { name: name(part), op, inputs: inputs.into(), shape };
        let by_a = LayerOp::MatMul { trans_a, trans_b: true };
        let down = self.push(layer("lora_A", by_a, &[product.inputs[0], Value::Param(a)], narrow));
        let by_b = LayerOp::MatMul { trans_a: false, trans_b: true };
        let up = self.push(layer("lora_B", by_b, &[down, Value::Param(b)], product.shape));
        let scale = (lora.alpha / f64::from(lora.rank)) as f32;
        let scaling = LayerOp::Unary(Unary::Affine { scale, shift: 0.0 });
        let scaled = self.push(layer("lora_scale", scaling, &[up], product.shape));
        Ok(self.push(layer("lora", LayerOp::Binary(Binary::Add), &[y, scaled], product.shape)))
    }

    fn push(&mut self, layer: Layer) -> Value {
        self.layers.push(layer);
        Value::Layer(self.layers.len() - 1)
    }
}

/// The parameter that a product is by.
fn factor(layer: &Layer) -> Option<usize> {
    match (&layer.op, &layer.inputs[..]) {
        (LayerOp::MatMul { .. }, &[_, Value::Param(param)]) => Some(param),
        _ => None,
    }
}

fn rank_error(lora: &Lora, name: &str, shape: Shape) -> AdaptError {
    AdaptError::Rank { rank: lora.rank, name: name.into(), shape }
}
