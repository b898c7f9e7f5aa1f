//! Frozen parameters, adapters, and values from files.
use super::*;
use crate::import::{Binary, Layer, LayerOp, Param, Unary, Value};
use crate::task::Lora;
use ::safetensors::tensor::TensorView;
use ::safetensors::Dtype;
use assay_core::graph::Shape;
use std::path::PathBuf;

fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).unwrap()
}

/// Two linear layers, one stored transposed, a norm whose output is also the model's.
fn model(batch: u32) -> Model {
    let param = |name: &str, dims: &[u32], trained| {
        let shape = shape(dims);
        Param { name: name.into(), shape, values: (0..shape.elements()).map(|i| i as f32).collect(), trained }
    };
    let layer = |name: &str, op, inputs: &[Value], dims: &[u32]| Layer {
        name: name.into(),
        op,
        inputs: inputs.to_vec(),
        shape: shape(dims),
    };
    let product = |trans_b| LayerOp::MatMul { trans_a: false, trans_b };
    Model {
        input: shape(&[batch, 6]),
        params: vec![
            param("h.0.weight", &[8, 6], true),
            param("h.0.bias", &[8], true),
            param("h.1.weight", &[8, 5], true),
            param("norm.weight", &[5], true),
            param("mask", &[5], false),
        ],
        layers: vec![
            layer("h.0", product(true), &[Value::Input, Value::Param(0)], &[batch, 8]),
            layer("h.0+", LayerOp::Binary(Binary::Add), &[Value::Layer(0), Value::Param(1)], &[batch, 8]),
            layer("h.1", product(false), &[Value::Layer(1), Value::Param(2)], &[batch, 5]),
            layer(
                "norm",
                LayerOp::RmsNorm { axis: 1, epsilon: 1e-5 },
                &[Value::Layer(2), Value::Param(3)],
                &[batch, 5],
            ),
        ],
        output: Value::Layer(3),
    }
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|&item| item.into()).collect()
}

fn lora(rank: u32, on: &[&str]) -> Lora {
    Lora { rank, alpha: 6.0, on: strings(on), seed: 3 }
}

fn trained(model: &Model) -> Vec<&str> {
    model.params.iter().filter(|param| param.trained).map(|param| param.name.as_str()).collect()
}

#[test]
fn freezing() {
    let mut model = model(2);
    model.freeze(&strings(&["*.bias", "norm.*"])).unwrap();
    assert_eq!(trained(&model), ["h.0.weight", "h.1.weight"]);
    let error = model.freeze(&strings(&["*.bais"])).unwrap_err().to_string();
    assert!(error.contains("training.parameters.freeze: \"*.bais\"") && error.contains("\"h.0.bias\""), "{error}");
    let all = Parameters { freeze: strings(&["*"]), ..Parameters::default() };
    assert!(matches!(model.adapt(&all, &Roots::new([])), Err(AdaptError::AllFrozen)));
}

#[test]
fn adapters_stand_beside_products() {
    let plain = model(2);
    let mut model = plain.clone();
    model.lora(&lora(3, &["h.*"])).unwrap();
    assert_eq!(trained(&model), ["h.0.weight.lora_A", "h.0.weight.lora_B", "h.1.weight.lora_A", "h.1.weight.lora_B"]);
    let dims = |index: usize| model.params[index].shape.dims().to_vec();
    assert_eq!([dims(5), dims(6), dims(7), dims(8)], [[3, 6], [8, 3], [3, 8], [5, 3]]);
    // A within PyTorch's bounds, different for each weight, and not all alike; B zero.
    let a = &model.params[5].values;
    assert!(
        a.iter().all(|x| x.abs() <= 1.0 / 6_f32.sqrt()) && a.iter().any(|x| *x > 0.2) && a.iter().any(|x| *x < -0.2)
    );
    assert!(model.params[7].values[..18] != a[..]);
    assert!(model.params[6].values.iter().chain(&model.params[8].values).all(|&x| x == 0.0));
    assert_eq!(
        model.params[..5].iter().map(|p| &p.values).collect::<Vec<_>>(),
        plain.params.iter().map(|p| &p.values).collect::<Vec<_>>()
    );
    let names: Vec<&str> = model.layers.iter().map(|layer| layer.name.as_str()).collect();
    let first = ["h.0", "h.0/lora_A", "h.0/lora_B", "h.0/lora_scale", "h.0/lora", "h.0+"];
    assert_eq!(names[..6], first);
    assert_eq!(names[6..], ["h.1", "h.1/lora_A", "h.1/lora_B", "h.1/lora_scale", "h.1/lora", "norm"]);
    assert_eq!(model.layers[1].inputs, [Value::Input, Value::Param(5)]);
    assert_eq!(model.layers[2].inputs, [Value::Layer(1), Value::Param(6)]);
    assert_eq!(model.layers[3].op, LayerOp::Unary(Unary::Affine { scale: 2.0, shift: 0.0 }));
    assert_eq!(model.layers[4].inputs, [Value::Layer(0), Value::Layer(3)]);
    assert_eq!(model.layers[5].inputs, [Value::Layer(4), Value::Param(1)]);
    assert_eq!(model.layers[7].inputs, [Value::Layer(5), Value::Param(7)]);
    assert_eq!(model.layers[7].shape.dims(), [2, 3]);
    assert_eq!((model.output, model.layers.len()), (Value::Layer(11), 12));
    // Another size of batch has the same parameters.
    let mut other = self::model(7);
    other.lora(&lora(3, &["h.*"])).unwrap();
    assert_eq!(other.params, model.params);
}

#[test]
fn what_is_adapted_must_be_a_products_weight() {
    let error = |spec: &Lora| model(2).lora(spec).unwrap_err().to_string();
    let message = error(&lora(3, &["norm.*"]));
    assert!(message.contains("\"norm.*\" matches no weight of a matrix product; close: \"h."), "{message}");
    assert!(error(&lora(5, &["*"])).contains("lora.rank is 5: \"h.1.weight\" of shape"));
    let mut twice = model(2);
    twice.lora(&lora(2, &["h.0*"])).unwrap();
    assert!(twice.lora(&lora(2, &["h.0.weight"])).unwrap_err().to_string().contains("already has a parameter"));
    // The same weight both ways round would need two adapters.
    let mut turned = model(2);
    let back = LayerOp::MatMul { trans_a: false, trans_b: false };
    let inputs = vec![Value::Layer(1), Value::Param(0)];
    turned.layers.push(Layer { name: "back".into(), op: back, inputs, shape: shape(&[2, 6]) });
    assert!(turned.lora(&lora(2, &["h.0*"])).unwrap_err().to_string().contains("both ways"));
}

fn file(folder: &tempfile::TempDir, tensors: &[(&str, Dtype, Vec<usize>, Vec<u8>)]) -> PathBuf {
    let views =
        tensors.iter().map(|(name, dtype, dims, bytes)| (*name, TensorView::new(*dtype, dims.clone(), bytes).unwrap()));
    let path = folder.path().join("start.safetensors");
    std::fs::write(&path, ::safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap()).unwrap();
    path
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn values_come_from_a_file_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        &folder,
        &[
            ("h.0.bias", Dtype::F32, vec![8], floats(&[0.5; 8])),
            ("norm.weight", Dtype::BF16, vec![5], [0x3fc0_u16; 5].iter().flat_map(|x| x.to_le_bytes()).collect()),
            ("h.0.bias.momentum", Dtype::F32, vec![8], floats(&[9.0; 8])),
        ],
    );
    let mut loaded = model(2);
    loaded.load(&path).unwrap();
    assert_eq!((loaded.params[1].values[7], loaded.params[3].values[4]), (0.5, 1.5));
    assert_eq!(loaded.params[0], model(2).params[0]);
    // The way through a task, for adapters too.
    file(&folder, &[("h.0.weight.lora_B", Dtype::F64, vec![8, 2], 1.5_f64.to_le_bytes().repeat(16))]);
    let start = Some("start.safetensors".into());
    let parameters = Parameters { freeze: strings(&["h.1*"]), lora: Some(lora(2, &["*"])), start };
    let mut adapted = model(2);
    adapted.adapt(&parameters, &Roots::new([folder.path().into()])).unwrap();
    assert_eq!(trained(&adapted), ["h.0.weight.lora_A", "h.0.weight.lora_B"]);
    assert_eq!(adapted.params[6].values, [1.5; 16]);
}

#[test]
fn files_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let error = |tensors: &[(&str, Dtype, Vec<usize>, Vec<u8>)]| {
        model(2).load(&file(&folder, tensors)).unwrap_err().to_string()
    };
    let message = error(&[("h.0.bias", Dtype::F32, vec![4], floats(&[0.5; 4]))]);
    assert!(message.contains("\"h.0.bias\" is [4], the model has"), "{message}");
    assert!(error(&[("h.0.bias", Dtype::U8, vec![8], vec![0; 8])]).contains("is U8"));
    assert!(error(&[("h.0.bias", Dtype::F32, vec![8], floats(&[f32::NAN; 8]))]).contains("not finite"));
    assert!(error(&[("other", Dtype::F32, vec![1], floats(&[0.5]))]).contains("it has: other"));
    let missing = model(2).load(&folder.path().join("none")).unwrap_err().to_string();
    assert!(missing.contains("training.parameters.start") && missing.contains("none"), "{missing}");
    let junk = folder.path().join("junk");
    std::fs::write(&junk, b"junk").unwrap();
    assert!(model(2).load(&junk).unwrap_err().to_string().contains("junk"));
    let start = Parameters { start: Some("nowhere.safetensors".into()), ..Parameters::default() };
    let error = model(2).adapt(&start, &Roots::new([folder.path().into()])).unwrap_err().to_string();
    assert!(error.contains("nowhere.safetensors"), "{error}");
}
