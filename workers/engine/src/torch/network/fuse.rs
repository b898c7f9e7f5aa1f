//! Products and convolutions that add a bias: one call in PyTorch, two layers in a [`Model`].
use crate::import::{Binary, Layer, LayerOp, Model, Value};

/// For every layer the bias that is added to its output by the next one, and by nothing else read.
pub(super) fn biases(model: &Model) -> Vec<Option<usize>> {
    (0..model.layers.len()).map(|index| bias_of(model, index)).collect()
}

/// The layer before, if it added the bias that this layer would add.
pub(super) fn done_by(biases: &[Option<usize>], index: usize) -> Option<usize> {
    index.checked_sub(1).filter(|&before| biases.get(before).is_some_and(Option::is_some))
}

fn layers_read(layer: &Layer) -> impl Iterator<Item = usize> + '_ {
    layer.inputs.iter().filter_map(|input| match input {
        Value::Layer(of) => Some(*of),
        _ => None,
    })
}

fn bias_of(model: &Model, index: usize) -> Option<usize> {
    let (layer, next) = (&model.layers[index], model.layers.get(index + 1)?);
    let readers = model.layers.iter().flat_map(layers_read).filter(|&of| of == index).count();
    if readers != 1 || model.output == Value::Layer(index) || next.op != LayerOp::Binary(Binary::Add) {
        return None;
    }
    if next.shape != layer.shape {
        return None;
    }
    let bias = match next.inputs[..] {
        [Value::Layer(of), Value::Param(bias)] | [Value::Param(bias), Value::Layer(of)] if of == index => bias,
        _ => return None,
    };
    // Which axis of the output the bias lies along, from behind.
    let axis = match (&layer.op, layer.inputs.get(1)) {
        (LayerOp::MatMul { trans_a: false, trans_b: true }, Some(Value::Param(weight)))
            if model.params[*weight].shape.rank() == 2 =>
        {
            0
        }
        (LayerOp::Conv { .. }, _) => 2,
        _ => return None,
    };
    let length = *layer.shape.dims().iter().rev().nth(axis)?;
    let mut dims = model.params[bias].shape.dims().iter().rev().enumerate();
    let fits = dims.len() > axis && dims.all(|(at, &dim)| dim == if at == axis { length } else { 1 });
    fits.then_some(bias)
}
