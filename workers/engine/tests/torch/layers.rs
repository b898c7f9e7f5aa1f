//! What libtorch computes for a layer, against formulas.
use super::build::{bytes, close, data, floats, noise, shape, start, task, Build};
use super::cases::{case_data, cases};
use assay_core::graph::{dropout_word, gather_row, Op, Window};
use assay_engine::import::{Binary, LayerOp, Model, Param, Reduction, Unary, Value};
use assay_engine::task::Lora;
use assay_engine::torch::{gradients, Gradients, TorchError};
use std::f32::consts::LN_2;

/// Output, and gradients of the mean of the output's squares, of a model that reads parameters only.
fn squares(model: &Model) -> Result<Gradients, TorchError> {
    let rows = model.input.dims()[0];
    let task = task("", &format!("loss = \"mse\"\nsteps = 5\nbatch = {rows}"), "");
    let per_sample = model.shape(model.output).elements() as u32 / rows;
    let tensors = || [bytes(&[rows, 1], 9, 1), floats(&[rows, per_sample], |_| 0.0)];
    gradients(model, &task, &data(&task, tensors(), tensors()), &start(model, &task), 0)
}

/// The same of one operation on parameters of these dimensions and values.
fn of(op: LayerOp, inputs: &[(&[u32], &[f32])], dims: &[u32]) -> Gradients {
    let mut build = Build::new(&[1, 1]);
    let params: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, (dims, values))| build.weight_of(&format!("p{index}"), dims, values))
        .collect();
    let y = build.layer(op, &params, dims);
    squares(&build.finish(y)).unwrap()
}

#[test]
fn functions_and_their_slopes() {
    let x = [-2.0_f32, -0.75, -0.1, 0.1, 0.6, 1.5];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let sigmoid_slope = move |x: f64| sigmoid(x) * (1.0 - sigmoid(x));
    let cube = |x: f64| (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
    let gelu = move |x: f64| 0.5 * x * (1.0 + cube(x).tanh());
    let slope = |f: &dyn Fn(f64) -> f64, x: f64| (f(x + 1e-6) - f(x - 1e-6)) / 2e-6;
    type F = Box<dyn Fn(f64) -> f64>;
    let table: Vec<(Unary, F, F)> = vec![
        (Unary::Relu, Box::new(|x| x.max(0.0)), Box::new(|x| f64::from(x > 0.0))),
        (Unary::LeakyRelu(0.25), Box::new(|x| x.max(0.25 * x)), Box::new(|x| if x > 0.0 { 1.0 } else { 0.25 })),
        (Unary::GeluTanh, Box::new(gelu), Box::new(move |x| slope(&gelu, x))),
        (Unary::Sigmoid, Box::new(sigmoid), Box::new(sigmoid_slope)),
        (Unary::Silu, Box::new(move |x| x * sigmoid(x)), Box::new(move |x| sigmoid(x) + x * sigmoid_slope(x))),
        (Unary::Tanh, Box::new(f64::tanh), Box::new(|x| 1.0 - x.tanh().powi(2))),
        (Unary::Exp, Box::new(f64::exp), Box::new(f64::exp)),
        (Unary::Square, Box::new(|x| x * x), Box::new(|x| 2.0 * x)),
        (Unary::Reciprocal, Box::new(|x| 1.0 / x), Box::new(|x| -1.0 / (x * x))),
        (Unary::Clamp(-0.5, 1.0), Box::new(|x| x.clamp(-0.5, 1.0)), Box::new(|x| f64::from(x > -0.5 && x < 1.0))),
        (Unary::Affine { scale: 3.0, shift: -1.0 }, Box::new(|x| 3.0 * x - 1.0), Box::new(|_| 3.0)),
    ];
    for (function, f, slope) in table {
        let found = of(LayerOp::Unary(function), &[(&[6], &x)], &[6]);
        let y: Vec<f64> = x.iter().map(|&x| f(x.into())).collect();
        let expected: Vec<f32> = y.iter().map(|&y| y as f32).collect();
        close(&format!("{function:?}"), &found.output, &expected, 1e-6);
        let slopes: Vec<f32> = x.iter().zip(&y).map(|(&x, y)| (2.0 * y * slope(x.into()) / 6.0) as f32).collect();
        close(&format!("slope of {function:?}"), &found.params[0].1, &slopes, 1e-5);
    }
    let above = [0.5_f32, 4.0];
    assert_eq!(of(LayerOp::Unary(Unary::Sqrt), &[(&[2], &above)], &[2]).output[1], 2.0);
    close("Log", &of(LayerOp::Unary(Unary::Log), &[(&[2], &above)], &[2]).output, &[-LN_2, 2.0 * LN_2], 1e-6);
    // Abramowitz and Stegun, table 7.1.
    close(
        "Erf",
        &of(LayerOp::Unary(Unary::Erf), &[(&[2], &[0.5, 1.0])], &[2]).output,
        &[0.520_499_9, 0.842_700_8],
        1e-6,
    );
    let gelu = 0.5 * 2_f32.sqrt() * (1.0 + 0.842_700_8);
    close("Gelu", &of(LayerOp::Unary(Unary::Gelu), &[(&[1], &[2_f32.sqrt()])], &[1]).output, &[gelu], 1e-6);
}

#[test]
fn products_stored_transposed() {
    // [[1, 2, 3], [4, 5, 6]] · [[1, 0], [0, 1], [2, 2]]
    let (a, a_t) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let (b, b_t) = ([1.0, 0.0, 0.0, 1.0, 2.0, 2.0], [1.0, 0.0, 2.0, 0.0, 1.0, 2.0]);
    for (trans_a, trans_b) in [(false, false), (false, true), (true, false), (true, true)] {
        let a: (&[u32], &[f32]) = if trans_a { (&[3, 2], &a_t) } else { (&[2, 3], &a) };
        let b: (&[u32], &[f32]) = if trans_b { (&[2, 3], &b_t) } else { (&[3, 2], &b) };
        let found = of(LayerOp::MatMul { trans_a, trans_b }, &[a, b], &[2, 2]);
        assert_eq!(found.output, [7.0, 8.0, 16.0, 17.0]);
    }
}

/// Biases, which libtorch's products and convolutions add themselves where nothing else reads the product.
#[test]
fn biases_are_added_once() {
    for read_again in [false, true] {
        let mut b = Build::new(&[2, 1]);
        let (x, w) = (b.weight_of("x", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), b.weight_of("w", &[1, 2], &[10.0, 1.0]));
        let bias = b.weight_of("b", &[1], &[0.5]);
        let y = b.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[x, w], &[2, 1]);
        let mut z = b.same(LayerOp::Binary(Binary::Add), &[y, bias]);
        if read_again {
            z = b.same(LayerOp::Binary(Binary::Sub), &[z, y]);
        }
        let found = squares(&b.finish(z)).unwrap();
        assert_eq!(found.output, if read_again { [0.5, 0.5] } else { [12.5, 34.5] });
        assert_eq!(found.params[2].1, if read_again { [1.0] } else { [47.0] });
    }
    for dims in [&[2, 1, 1][..], &[1, 2, 1, 1], &[1, 1, 2]] {
        let mut b = Build::new(&[2, 1]);
        let x = b.weight_of("x", &[2, 1, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
        let (w, bias) = (b.weight_of("w", &[2, 1, 1, 1], &[1.0, 10.0]), b.weight_of("b", dims, &[0.5, 0.25]));
        let y = b.layer(LayerOp::Conv { window: Window::UNIT, groups: 1 }, &[x, w], &[2, 2, 1, 2]);
        let z = b.same(LayerOp::Binary(Binary::Add), &[y, bias]);
        let found = squares(&b.finish(z)).unwrap().output;
        let last = *dims == [1, 1, 2]; // Along the columns, not the channels.
        assert_eq!(found[..4], if last { [1.5, 2.25, 10.5, 20.25] } else { [1.5, 2.5, 10.25, 20.25] });
    }
}

/// With an adapter a product is that with `W + alpha / rank · B · A`.
#[test]
fn adapters_change_the_weight() {
    let model = |w: &[f32]| {
        let mut b = Build::new(&[2, 1]);
        let (x, w) = (b.weight_of("x", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), b.weight_of("w", &[3, 2], w));
        let y = b.layer(LayerOp::MatMul { trans_a: false, trans_b: false }, &[x, w], &[2, 2]);
        b.finish(y)
    };
    let weight = [1.0, -1.0, 0.5, 2.0, 0.0, 3.0];
    let mut adapted = model(&weight);
    adapted.lora(&Lora { rank: 1, alpha: 2.0, on: vec!["w".into()], seed: 1 }).unwrap();
    let before = squares(&adapted).unwrap();
    assert_eq!(before.output, squares(&model(&weight)).unwrap().output);
    assert_eq!(before.params.iter().map(|(param, _)| *param).collect::<Vec<_>>(), [2, 3]);
    adapted.params[2].values = vec![1.0, 2.0, -1.0];
    adapted.params[3].values = vec![0.5, -0.25];
    let merged: Vec<f32> = (0..6).map(|i| weight[i] + 2.0 * [1.0, 2.0, -1.0][i / 2] * [0.5, -0.25][i % 2]).collect();
    assert_eq!(squares(&adapted).unwrap().output, squares(&model(&merged)).unwrap().output);
}

#[test]
fn moving_elements() {
    let six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let x: (&[u32], &[f32]) = (&[2, 3], &six);
    let one = |op, dims: &[u32]| of(op, &[x], dims).output;
    assert_eq!(one(LayerOp::Transpose { perm: [1, 0, 2, 3, 4, 5] }, &[3, 2]), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(one(LayerOp::Slice { axis: 1, start: 0, step: 2 }, &[2, 2]), [1.0, 3.0, 4.0, 6.0]);
    assert_eq!(one(LayerOp::Pad { axis: 0, before: 1 }, &[4, 3])[2..10], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0]);
    assert_eq!(one(LayerOp::Pad { axis: 1, before: 0 }, &[2, 4]), [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0]);
    assert_eq!(one(LayerOp::Expand, &[2, 2, 3])[6..], six);
    assert_eq!(of(LayerOp::Concat { axis: 1 }, &[x, x], &[2, 6]).output[..6], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    assert_eq!(one(LayerOp::Reduce { kind: Reduction::Max, axes: 2 }, &[2, 1]), [3.0, 6.0]);
    assert_eq!(one(LayerOp::Reduce { kind: Reduction::Sum, axes: 1 }, &[1, 3]), [5.0, 7.0, 9.0]);
    assert_eq!(one(LayerOp::Reduce { kind: Reduction::Mean, axes: 3 }, &[1]), [3.5]);
    let mut build = Build::new(&[2, 1]);
    let (x, mask) = (build.weight_of("x", &[2, 3], &six), build.constant("mask", &[3], |i| (i % 2) as f32));
    let y = build.same(LayerOp::Where { otherwise: -7.0 }, &[x, mask]);
    assert_eq!(squares(&build.finish(y)).unwrap().output, [-7.0, 2.0, -7.0, -7.0, 5.0, -7.0]);
}

/// A layer without what it reads, or with another shape than it has.
#[test]
fn wrong_models_are_errors() {
    let error = |op, inputs: usize, dims: &[u32]| {
        let mut build = Build::new(&[1, 1]);
        let x = build.weight_of("x", &[2, 3], &[1.0; 6]);
        let y = build.layer(op, &vec![x; inputs], dims);
        squares(&build.finish(y)).unwrap_err().to_string()
    };
    assert!(error(LayerOp::Where { otherwise: 0.0 }, 1, &[2, 3]).contains("layer 0 reads"));
    assert!(error(LayerOp::Softmax, 0, &[2, 3]).contains("layer 0 reads"));
    assert!(error(LayerOp::Softmax, 1, &[3, 2]).contains("\"layer0\" gives [2, 3] where the model has"));
    assert!(error(LayerOp::Reshape, 1, &[4, 2]).contains("\"layer0\": libtorch"));
    let mut build = Build::new(&[1, 1]);
    let x = build.weight_of("x", &[2, 3], &[1.0; 6]);
    build.layer(LayerOp::Softmax, &[Value::Layer(1)], &[2, 3]);
    assert!(squares(&build.finish(x)).unwrap_err().to_string().contains("layer 0 reads"));
    let mut build = Build::new(&[2, 1]);
    let (x, _) = (build.weight("x", &[2, 3]), build.weight("unused", &[2]));
    let y = build.same(LayerOp::Softmax, &[x]);
    assert!(squares(&build.finish(y)).unwrap_err().to_string().contains("\"unused\" doesn't influence"));
}

#[test]
fn norms_are_their_formulas() {
    let x: Vec<f32> = (0..12).map(|i| noise(3, i) * 4.0).collect();
    let (weight, bias) = ([1.0_f32, -2.0, 0.5, 3.0], [0.25_f32, 0.0, -1.0, 2.0]);
    let epsilon = 1e-2_f32;
    let mut expected = [Vec::new(), Vec::new()];
    for row in x.chunks(4) {
        let mean = row.iter().sum::<f32>() / 4.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 4.0;
        let square = row.iter().map(|x| x * x).sum::<f32>() / 4.0;
        for (at, x) in row.iter().enumerate() {
            expected[0].push((x - mean) / (variance + epsilon).sqrt() * weight[at] + bias[at]);
            expected[1].push(x / (square + epsilon).sqrt() * weight[at]);
        }
    }
    let inputs: [(&[u32], &[f32]); 3] = [(&[3, 4], &x), (&[4], &weight), (&[4], &bias)];
    close("layer norm", &of(LayerOp::LayerNorm { axis: 1, epsilon }, &inputs, &[3, 4]).output, &expected[0], 1e-5);
    close("RMS norm", &of(LayerOp::RmsNorm { axis: 1, epsilon }, &inputs[..2], &[3, 4]).output, &expected[1], 1e-5);
}

/// As PyTorch's: the batch is normalised by its own variance, the running one moves to the unbiased one.
#[test]
fn batch_norms_move_running_statistics() {
    let x: Vec<f32> = (0..24).map(|i| noise(4, i) * 4.0).collect();
    let (epsilon, momentum) = (1e-3, 0.25);
    let mut build = Build::new(&[4, 1]);
    let value = build.weight_of("x", &[4, 2, 3], &x);
    let (weight, bias) = (build.weight_of("w", &[2], &[1.0, 2.0]), build.weight_of("b", &[2], &[0.5, 0.0]));
    let (mean, variance) = (build.constant("m", &[2], |_| 1.0), build.constant("v", &[2], |i| 2.0 + i as f32));
    let y = build.same(LayerOp::BatchNorm { epsilon, momentum }, &[value, weight, bias, mean, variance]);
    let found = squares(&build.finish(y)).unwrap();
    let mut expected = vec![0.0; 24];
    for channel in 0..2 {
        let places = || (0..24).filter(|i| i / 3 % 2 == channel);
        let mean = places().map(|i| x[i]).sum::<f32>() / 12.0;
        let squares = places().map(|i| (x[i] - mean).powi(2)).sum::<f32>();
        for i in places() {
            let normal = (x[i] - mean) / (squares / 12.0 + epsilon).sqrt();
            expected[i] = if channel == 0 { normal + 0.5 } else { normal * 2.0 };
        }
        let (moved_mean, moved_variance) = (&found.others[0].1[channel], &found.others[1].1[channel]);
        close("running mean", &[*moved_mean], &[0.75 + 0.25 * mean], 1e-5);
        let before = 2.0 + channel as f32;
        close("running variance", &[*moved_variance], &[0.75 * before + 0.25 * squares / 11.0], 1e-5);
    }
    close("output", &found.output, &expected, 1e-5);
}

#[test]
fn dropout_drops_what_the_protocol_says() {
    let mut build = Build::new(&[4, 1]);
    let x = build.weight_of("x", &[4, 50], &[1.0; 200]);
    let y = build.same(LayerOp::Unary(Unary::Affine { scale: 1.0, shift: 0.0 }), &[x]);
    let y = build.same(LayerOp::Dropout { probability: 0.2 }, &[y]);
    let model = build.finish(y);
    let found = squares(&model).unwrap().output;
    let task = task("", "steps = 5\nbatch = 4", "");
    let Op::Dropout { seed, keep_below, .. } = task.training.dropout_op(1, 0, 0.2) else { panic!() };
    let expected: Vec<f32> = (0..200).map(|i| if dropout_word(seed, 0, i) < keep_below { 1.25 } else { 0.0 }).collect();
    assert_eq!(found, expected);
    assert!((20..60).contains(&found.iter().filter(|&&x| x == 0.0).count()));
}

#[test]
fn rows_of_tables_and_of_the_data() {
    let task = task("scale = 2.0\nshift = 1.0", "loss = \"mse\"\nsteps = 5\nbatch = 3", "");
    let model = Model {
        input: shape(&[3, 2]),
        params: vec![Param {
            name: "table".into(),
            shape: shape(&[9, 2]),
            values: (0..18).map(|i| i as f32).collect(),
            trained: true,
        }],
        layers: vec![assay_engine::import::Layer {
            name: "embed".into(),
            op: LayerOp::Embed,
            inputs: vec![Value::Param(0), Value::Input],
            shape: shape(&[3, 2, 2]),
        }],
        output: Value::Layer(0),
    };
    let x = bytes(&[10, 2], 4, 1); // 2x + 1 is 1, 3, 5 or 7.
    let tensors = [x.clone(), floats(&[10, 4], |_| 0.0)];
    let data = data(&task, tensors.clone(), tensors);
    let found = gradients(&model, &task, &data, &start(&model, &task), 1).unwrap();
    let mut expected = Vec::new();
    for item in 0..3 {
        let row = gather_row(5, 10, 3, 1, item) as usize;
        for column in 0..2 {
            let id = 2.0 * x.get(2 * row + column).unwrap() + 1.0;
            expected.extend([2.0 * id, 2.0 * id + 1.0]);
        }
    }
    assert_eq!(found.output, expected);
}

/// Each of the models that ours are compared on is one that libtorch runs, with a gradient for every parameter.
#[test]
fn all_cases_run() {
    for case in cases() {
        let (task, data) = case_data(&case);
        let model = case.model(task.training.batch);
        let found = gradients(&model, &task, &data, &start(&model, &task), 0)
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert!(found.loss.is_finite(), "{}", case.name);
        for (param, gradient) in &found.params {
            assert!(gradient.iter().any(|&x| x != 0.0), "{}: {}", case.name, model.params[*param].name);
        }
    }
}
