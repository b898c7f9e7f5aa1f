//! Whether a model means something: every layer's shape follows from what it reads.
use super::model::{Layer, LayerOp, Model, Param, Value};
use assay_core::graph::{Shape, MAX_RANK};
use std::collections::HashSet;

/// What is wrong with a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CheckError {
    /// Two parameters of one name, or one without a name.
    #[error("parameter {0} has no name, or one that an earlier parameter has")]
    Name(usize),
    /// A parameter whose values don't fill its shape.
    #[error("parameter {param} of shape {shape} has {got} values")]
    Values {
        /// Its position.
        param: usize,
        /// Its shape.
        shape: Shape,
        /// How many values there are.
        got: usize,
    },
    /// A parameter that isn't finite.
    #[error("parameter {param} isn't finite at element {index}")]
    NotFinite {
        /// Its position.
        param: usize,
        /// The first such element.
        index: usize,
    },
    /// A layer at fault.
    #[error("layer {layer} ({name}): {fault}")]
    Layer {
        /// Its position.
        layer: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        fault: Fault,
    },
    /// The model's output isn't one of its layers.
    #[error("the output {0:?} is no layer")]
    Output(Value),
}

/// What is wrong with a layer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// It reads what doesn't exist, or not yet.
    #[error("there is no {0:?} before it")]
    NoValue(Value),
    /// It reads more or fewer values than its operation does.
    #[error("{0} inputs")]
    InputCount(usize),
    /// An input that its operation can't read.
    #[error("input {position} has shape {got}")]
    InputShape {
        /// Which.
        position: usize,
        /// Its shape.
        got: Shape,
    },
    /// An attribute out of range.
    #[error("attribute out of range")]
    Attribute,
    /// An input that must be a parameter of a certain kind: running statistics and masks.
    #[error("input {0} isn't a parameter of the kind that it must be")]
    Parameter(usize),
    /// Another shape than follows from its inputs.
    #[error("shape {got} instead of {expected:?}")]
    Shape {
        /// What follows.
        expected: Vec<u32>,
        /// What it says.
        got: Shape,
    },
}

impl Model {
    /// Checks that parameters have their values, that each layer reads earlier ones, and that its shape follows from
    /// theirs.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), CheckError> {
        let mut names = HashSet::new();
        for (index, param) in self.params.iter().enumerate() {
            if param.name.is_empty() || !names.insert(&param.name) {
                return Err(CheckError::Name(index));
            }
            if param.values.len() as u64 != param.shape.elements() {
                return Err(CheckError::Values { param: index, shape: param.shape, got: param.values.len() });
            }
            if let Some(at) = param.values.iter().position(|value| !value.is_finite()) {
                return Err(CheckError::NotFinite { param: index, index: at });
            }
        }
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_layer(index, layer).map_err(|fault| CheckError::Layer {
                layer: index,
                name: layer.name.clone(),
                fault,
            })?;
        }
        match self.output {
            Value::Layer(index) if index < self.layers.len() => Ok(()),
            output => Err(CheckError::Output(output)),
        }
    }

    fn check_layer(&self, index: usize, layer: &Layer) -> Result<(), Fault> {
        let mut shapes = Vec::new();
        for &input in &layer.inputs {
            let exists = match input {
                Value::Input => true,
                Value::Param(param) => param < self.params.len(),
                Value::Layer(earlier) => earlier < index,
            };
            if !exists {
                return Err(Fault::NoValue(input));
            }
            shapes.push(self.shape(input));
        }
        let dims: Vec<&[u32]> = shapes.iter().map(Shape::dims).collect();
        let expected = match infer(&layer.op, &dims, layer.shape.dims()) {
            Ok(expected) => expected,
            Err(Wrong::Count) => return Err(Fault::InputCount(shapes.len())),
            Err(Wrong::Attribute) => return Err(Fault::Attribute),
            Err(Wrong::Input(position)) => {
                let got = shapes.get(position).copied().ok_or(Fault::InputCount(shapes.len()))?;
                return Err(Fault::InputShape { position, got });
            }
        };
        if expected != layer.shape.dims() {
            return Err(Fault::Shape { expected, got: layer.shape });
        }
        self.check_parameters(layer)
    }

    /// Inputs that must be parameters.
    fn check_parameters(&self, layer: &Layer) -> Result<(), Fault> {
        let frozen = |position: usize, fits: fn(&Param) -> bool| match layer.inputs.get(position) {
            Some(Value::Param(index)) if fits(&self.params[*index]) => Ok(()),
            _ => Err(Fault::Parameter(position)),
        };
        match layer.op {
            LayerOp::BatchNorm { .. } => frozen(3, |param| !param.trained).and(frozen(4, |param| !param.trained)),
            LayerOp::Where { .. } => {
                frozen(1, |param| !param.trained && param.values.iter().all(|&item| item == 0.0 || item == 1.0))
            }
            _ => Ok(()),
        }
    }
}

/// Why no shape follows.
enum Wrong {
    Count,
    Input(usize),
    Attribute,
}

/// The shape that follows from inputs of these shapes; `stated` is the layer's own, where that decides.
fn infer(op: &LayerOp, inputs: &[&[u32]], stated: &[u32]) -> Result<Vec<u32>, Wrong> {
    match (op, inputs) {
        (LayerOp::Unary(_), [x]) => Ok(x.to_vec()),
        (LayerOp::Binary(_), [x, y]) => broadcast(x, y).ok_or(Wrong::Input(1)),
        (LayerOp::Where { otherwise }, [x, mask]) => match broadcast(x, mask) {
            _ if otherwise.is_nan() => Err(Wrong::Attribute),
            Some(dims) if dims == *x => Ok(dims),
            _ => Err(Wrong::Input(1)),
        },
        (LayerOp::MatMul { trans_a, trans_b }, [a, b]) => mat_mul((a, *trans_a), (b, *trans_b)),
        (LayerOp::Conv { window, groups }, [x, weight]) => {
            let [n, c, h, w] = **x else { return Err(Wrong::Input(0)) };
            let [o, per_group, kh, kw] = **weight else { return Err(Wrong::Input(1)) };
            let groups = u32::from(*groups);
            if groups == 0 || window.stride.contains(&0) || window.dilation.contains(&0) {
                return Err(Wrong::Attribute);
            }
            if per_group.checked_mul(groups) != Some(c) || o % groups != 0 {
                return Err(Wrong::Input(1));
            }
            let [h, w] = window.output([h, w], [kh, kw]).ok_or(Wrong::Input(0))?;
            Ok(vec![n, o, h, w])
        }
        (LayerOp::Pool { window, kernel, .. }, [x]) => {
            let [n, c, h, w] = **x else { return Err(Wrong::Input(0)) };
            if kernel.contains(&0) || window.stride.contains(&0) || window.dilation.contains(&0) {
                return Err(Wrong::Attribute);
            }
            let [h, w] = window.output([h, w], kernel.map(u32::from)).ok_or(Wrong::Input(0))?;
            Ok(vec![n, c, h, w])
        }
        (LayerOp::Reduce { axes, .. }, [x]) => {
            let named = |axis: usize| axes >> axis & 1 == 1;
            if *axes == 0 || u32::from(*axes) >> x.len() != 0 {
                return Err(Wrong::Attribute);
            }
            Ok(x.iter().enumerate().map(|(axis, &dim)| if named(axis) { 1 } else { dim }).collect())
        }
        (LayerOp::Softmax | LayerOp::LogSoftmax, [[]]) => Err(Wrong::Input(0)),
        (LayerOp::Softmax | LayerOp::LogSoftmax, [x]) => Ok(x.to_vec()),
        (LayerOp::BatchNorm { momentum, epsilon }, [x, rest @ ..]) if rest.len() == 4 => {
            if !(0.0..=1.0).contains(momentum) || !is_epsilon(*epsilon) {
                return Err(Wrong::Attribute);
            }
            let [_, c, ..] = **x else { return Err(Wrong::Input(0)) };
            match rest.iter().position(|input| **input != [c]) {
                Some(position) => Err(Wrong::Input(position + 1)),
                None => Ok(x.to_vec()),
            }
        }
        (LayerOp::LayerNorm { axis, epsilon }, [x, rest @ ..]) if matches!(rest.len(), 1 | 2) => {
            norm((*axis, *epsilon), x, rest)
        }
        (LayerOp::RmsNorm { axis, epsilon }, [x, weight]) => norm((*axis, *epsilon), x, &[weight]),
        (LayerOp::Embed, [table, ids]) => {
            let [_, width] = **table else { return Err(Wrong::Input(0)) };
            Ok([ids, &[width][..]].concat())
        }
        (LayerOp::Dropout { probability }, [x]) => match probability {
            p if *p > 0.0 && *p < 1.0 => Ok(x.to_vec()),
            _ => Err(Wrong::Attribute),
        },
        (LayerOp::Reshape, [x]) if elements(x) == elements(stated) => Ok(stated.to_vec()),
        (LayerOp::Reshape, [_]) => Err(Wrong::Input(0)),
        (LayerOp::Transpose { perm }, [x]) => {
            let mut seen = [false; MAX_RANK];
            for (axis, &from) in perm.iter().enumerate() {
                let place = seen.get_mut(usize::from(from)).ok_or(Wrong::Attribute)?;
                let stays = axis < x.len() || usize::from(from) == axis;
                if std::mem::replace(place, true) || !stays {
                    return Err(Wrong::Attribute);
                }
            }
            perm.iter().take(x.len()).map(|&from| x.get(usize::from(from)).copied().ok_or(Wrong::Attribute)).collect()
        }
        (LayerOp::Slice { axis, start, step }, [x]) => {
            let (length, taken) = along(*axis, x, stated)?;
            let last = u64::from(*start) + u64::from(*step) * u64::from(taken.saturating_sub(1));
            if *step == 0 || last >= u64::from(length) {
                return Err(Wrong::Attribute);
            }
            with(x, *axis, taken)
        }
        (LayerOp::Pad { axis, before }, [x]) => {
            let (length, padded) = along(*axis, x, stated)?;
            if u64::from(*before) + u64::from(length) > u64::from(padded) {
                return Err(Wrong::Attribute);
            }
            with(x, *axis, padded)
        }
        (LayerOp::Concat { axis }, [x, y]) => {
            let (length, _) = along(*axis, x, stated)?;
            let other = *y.get(usize::from(*axis)).ok_or(Wrong::Input(1))?;
            if with(y, *axis, length)? != *x {
                return Err(Wrong::Input(1));
            }
            with(x, *axis, length.saturating_add(other))
        }
        (LayerOp::Expand, [x]) => match broadcast(x, stated) {
            Some(dims) if dims == stated => Ok(dims),
            _ => Err(Wrong::Input(0)),
        },
        _ => Err(Wrong::Count),
    }
}

fn is_epsilon(epsilon: f32) -> bool {
    epsilon.is_finite() && epsilon >= 0.0
}

fn elements(dims: &[u32]) -> u128 {
    dims.iter().fold(1, |product: u128, &dim| product.saturating_mul(u128::from(dim)))
}

fn broadcast(x: &[u32], y: &[u32]) -> Option<Vec<u32>> {
    let (long, short) = if x.len() >= y.len() { (x, y) } else { (y, x) };
    let mut dims = long.to_vec();
    for (dim, &other) in dims.iter_mut().rev().zip(short.iter().rev()) {
        match *dim {
            own if own == other || other == 1 => {}
            1 => *dim = other,
            _ => return None,
        }
    }
    Some(dims)
}

fn mat_mul((a, trans_a): (&[u32], bool), (b, trans_b): (&[u32], bool)) -> Result<Vec<u32>, Wrong> {
    let [lead_a @ .., a0, a1] = a else { return Err(Wrong::Input(0)) };
    let [lead_b @ .., b0, b1] = b else { return Err(Wrong::Input(1)) };
    let (m, k) = if trans_a { (a1, a0) } else { (a0, a1) };
    let (k_b, n) = if trans_b { (b1, b0) } else { (b0, b1) };
    let mut dims = broadcast(lead_a, lead_b).filter(|_| k == k_b).ok_or(Wrong::Input(1))?;
    dims.extend([m, n]);
    Ok(dims)
}

fn norm((axis, epsilon): (u8, f32), x: &[u32], weights: &[&[u32]]) -> Result<Vec<u32>, Wrong> {
    let normalised = x.get(usize::from(axis)..).filter(|dims| !dims.is_empty() && is_epsilon(epsilon));
    let normalised = normalised.ok_or(Wrong::Attribute)?;
    match weights.iter().position(|weight| *weight != normalised) {
        Some(position) => Err(Wrong::Input(position + 1)),
        None => Ok(x.to_vec()),
    }
}

/// Length of an axis before and after.
fn along(axis: u8, x: &[u32], stated: &[u32]) -> Result<(u32, u32), Wrong> {
    match (x.get(usize::from(axis)), stated.get(usize::from(axis))) {
        (Some(&before), Some(&after)) => Ok((before, after)),
        _ => Err(Wrong::Attribute),
    }
}

/// The same with another length of an axis.
fn with(x: &[u32], axis: u8, length: u32) -> Result<Vec<u32>, Wrong> {
    let mut dims = x.to_vec();
    *dims.get_mut(usize::from(axis)).ok_or(Wrong::Attribute)? = length;
    Ok(dims)
}

#[cfg(test)]
mod tests {
    use super::super::model::{Binary, Reduction, Unary};
    use super::*;

    fn shape(dims: &[u32]) -> Shape {
        Shape::new(dims).unwrap()
    }

    fn param(name: &str, dims: &[u32], trained: bool) -> Param {
        let shape = shape(dims);
        Param { name: name.into(), shape, values: vec![1.0; shape.elements() as usize], trained }
    }

    fn layer(op: LayerOp, inputs: &[Value], dims: &[u32]) -> Layer {
        Layer { name: "l".into(), op, inputs: inputs.to_vec(), shape: shape(dims) }
    }

    /// x `[4, 3]` times a weight, and one more layer.
    fn model(last: Layer) -> Model {
        let params = vec![param("w", &[2, 3], true), param("v", &[2], true), param("mask", &[2], false)];
        let product = LayerOp::MatMul { trans_a: false, trans_b: true };
        let layers = vec![layer(product, &[Value::Input, Value::Param(0)], &[4, 2]), last];
        Model { input: shape(&[4, 3]), params, layers, output: Value::Layer(1) }
    }

    fn fault(op: LayerOp, inputs: &[Value], dims: &[u32]) -> Fault {
        match model(layer(op, inputs, dims)).check() {
            Err(CheckError::Layer { layer: 1, fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    const H: Value = Value::Layer(0);

    #[test]
    fn layers_follow_from_what_they_read() {
        let relu = LayerOp::Unary(Unary::Relu);
        model(layer(relu.clone(), &[H], &[4, 2])).check().unwrap();
        model(layer(LayerOp::Where { otherwise: 0.0 }, &[H, Value::Param(2)], &[4, 2])).check().unwrap();
        model(layer(LayerOp::Pad { axis: 1, before: 1 }, &[H], &[4, 9])).check().unwrap();
        let shaped = Fault::Shape { expected: vec![4, 2], got: shape(&[4, 3]) };
        assert_eq!(fault(relu.clone(), &[H], &[4, 3]), shaped);
        assert_eq!(fault(relu.clone(), &[H, H], &[4, 2]), Fault::InputCount(2));
        for value in [Value::Layer(1), Value::Layer(9), Value::Param(3)] {
            assert_eq!(fault(relu.clone(), &[value], &[4, 2]), Fault::NoValue(value));
        }
        let add = LayerOp::Binary(Binary::Add);
        let wrong = |position, dims: &[u32]| Fault::InputShape { position, got: shape(dims) };
        assert_eq!(fault(add, &[H, Value::Param(0)], &[4, 2]), wrong(1, &[2, 3]));
        assert_eq!(fault(LayerOp::Reduce { kind: Reduction::Sum, axes: 4 }, &[H], &[4, 1]), Fault::Attribute);
        assert_eq!(fault(LayerOp::Slice { axis: 1, start: 1, step: 1 }, &[H], &[4, 2]), Fault::Attribute);
        assert_eq!(fault(LayerOp::Transpose { perm: [0, 0, 2, 3, 4, 5] }, &[H], &[4, 4]), Fault::Attribute);
        assert_eq!(fault(LayerOp::Dropout { probability: 1.0 }, &[H], &[4, 2]), Fault::Attribute);
        assert_eq!(fault(LayerOp::Reshape, &[H], &[4, 3]), wrong(0, &[4, 2]));
        assert_eq!(fault(LayerOp::Where { otherwise: 0.0 }, &[H, Value::Param(1)], &[4, 2]), Fault::Parameter(1));
        let norm = LayerOp::BatchNorm { epsilon: 1e-5, momentum: 0.1 };
        let inputs = [H, Value::Param(1), Value::Param(1), Value::Param(1), Value::Param(2)];
        assert_eq!(fault(norm, &inputs, &[4, 2]), Fault::Parameter(3));
    }

    #[test]
    fn parameters_have_names_and_values() {
        let good = model(layer(LayerOp::Softmax, &[H], &[4, 2]));
        let broken = |change: fn(&mut Model)| {
            let mut model = good.clone();
            change(&mut model);
            model.check().unwrap_err()
        };
        assert_eq!(broken(|model| model.params[1].name = "w".into()), CheckError::Name(1));
        assert_eq!(broken(|model| model.params[0].name.clear()), CheckError::Name(0));
        let short = broken(|model| model.params[1].values.truncate(1));
        assert_eq!(short, CheckError::Values { param: 1, shape: shape(&[2]), got: 1 });
        let infinite = broken(|model| model.params[0].values[4] = f32::INFINITY);
        assert_eq!(infinite, CheckError::NotFinite { param: 0, index: 4 });
        assert_eq!(broken(|model| model.output = Value::Input), CheckError::Output(Value::Input));
    }
}
