//! Files of PyTorch's exporters (tests/models), and broken ones.
use super::proto::*;
use super::*;
use crate::import::{Layer, Value};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)).unwrap()
}

fn names(model: &Model) -> Vec<(&str, Vec<u32>)> {
    model.params.iter().map(|param| (param.name.as_str(), param.shape.dims().to_vec())).collect()
}

#[test]
fn reads_linear_and_relu_of_both_exporters() {
    for file in ["three.onnx", "three_ts.onnx"] {
        let model = read(&fixture(file)).unwrap();
        assert_eq!((model.features, model.classes, model.parameters()), (6, 3, 35 + 24 + 15), "{file}");
        let expected = [
            ("a.weight", vec![5, 6]),
            ("a.bias", vec![5]),
            ("b.weight", vec![4, 5]),
            ("b.bias", vec![4]),
            ("c.weight", vec![3, 4]),
            ("c.bias", vec![3]),
        ];
        assert_eq!(names(&model), expected, "{file}");
        assert_eq!(
            model.layers[..4],
            [
                Layer::MatMul { x: Value::Batch, weight: 0, transposed: true },
                Layer::Bias { x: Value::Layer(0), bias: 1 },
                Layer::Relu { x: Value::Layer(1) },
                Layer::MatMul { x: Value::Layer(2), weight: 2, transposed: true },
            ]
        );
        assert_eq!(model.layers.len(), 8);
        assert!(model.params[0].values.iter().any(|&value| value != 0.0));
    }
}

#[test]
fn reads_products_and_sums() {
    for file in ["matadd.onnx", "matadd_ts.onnx"] {
        let model = read(&fixture(file)).unwrap();
        assert_eq!(model.layers[0], Layer::MatMul { x: Value::Batch, weight: 0, transposed: false }, "{file}");
        assert_eq!(model.layers[1], Layer::Bias { x: Value::Layer(0), bias: 1 }, "{file}");
    }
    assert_eq!(names(&read(&fixture("nobias.onnx")).unwrap())[0], ("a.weight", vec![5, 6]));
}

#[test]
fn names_what_it_does_not_support() {
    let message = |file| read(&fixture(file)).unwrap_err().to_string();
    for file in ["tanh.onnx", "tanh_ts.onnx"] {
        let message = message(file);
        assert!(message.contains("Tanh") && message.contains(SUPPORTED), "{message}");
    }
    assert!(message("conv.onnx").contains("Expand"), "{}", message("conv.onnx"));
    assert!(message("nobias_ts.onnx").contains("Shape"), "{}", message("nobias_ts.onnx"));
}

#[test]
fn every_truncation_is_an_error() {
    for file in ["three.onnx", "matadd_ts.onnx"] {
        let bytes = fixture(file);
        for len in 0..bytes.len() {
            // A cut between fields leaves a well-formed message: it lacks something then, or nothing but metadata.
            if let Ok(model) = read(&bytes[..len]) {
                assert_eq!(model, read(&bytes).unwrap(), "{file} cut to {len} bytes");
            }
        }
    }
    assert!(matches!(read(b"not an onnx file"), Err(OnnxError::Decode(_) | OnnxError::NoGraph)));
    assert!(matches!(read(&[]), Err(OnnxError::NoGraph)));
}

#[test]
fn random_damage_never_panics() {
    for file in ["three.onnx", "matadd.onnx", "conv_small.onnx", "three_ts.onnx"] {
        let Ok(bytes) = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(file))
        else {
            continue;
        };
        for round in 0..3000 {
            let mut damaged = bytes.clone();
            let [place, value, ..] = assay_core::arith::random::philox(7, 0, round);
            let place = place as usize % damaged.len();
            damaged[place] = value as u8;
            let _ = read(&damaged);
        }
    }
}

/// A two-layer model to break.
fn model() -> ModelProto {
    ModelProto::decode(fixture("matadd_ts.onnx").as_slice()).unwrap()
}

fn broken(change: impl FnOnce(&mut GraphProto)) -> OnnxError {
    let mut model = model();
    change(model.graph.as_mut().unwrap());
    read(&model.encode_to_vec()).unwrap_err()
}

#[test]
fn malformed_graphs_are_named() {
    let error = broken(|graph| graph.initializer[0].raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(matches!(&error, OnnxError::NotFinite { name, index: 0, .. } if name == "w"), "{error}");
    let error = broken(|graph| graph.initializer[0].raw_data[4..8].copy_from_slice(&f32::INFINITY.to_le_bytes()));
    assert!(error.to_string().contains("\"w\" isn't finite: element 1 is inf"), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![5, 6]);
    assert!(error.to_string().contains("[5, 6]"), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![7, 5]);
    assert!(matches!(&error, OnnxError::Tensor { name, .. } if name == "w"), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![i64::MAX, 5]);
    assert!(matches!(&error, OnnxError::Tensor { .. }), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![-6, 5]);
    assert!(matches!(&error, OnnxError::Tensor { .. }), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![1 << 30, 1 << 30]);
    assert!(matches!(&error, OnnxError::Shape { .. }), "{error}");
    let error = broken(|graph| graph.initializer[0].data_location = EXTERNAL);
    assert!(error.to_string().contains("external_data"), "{error}");
    let error = broken(|graph| graph.initializer[0].data_type = 11);
    assert!(error.to_string().contains("32-bit floats"), "{error}");
    let error = broken(|graph| drop(graph.initializer.remove(0)));
    assert!(matches!(&error, OnnxError::Missing { value, .. } if value == "w"), "{error}");
    let error = broken(|graph| {
        let last = graph.node.last().unwrap().output[0].clone();
        graph.node[1].input[0] = last;
    });
    assert!(matches!(error, OnnxError::Cycle(_)), "{error}");
    let error = broken(|graph| graph.output[0].name = "nothing".into());
    assert!(matches!(error, OnnxError::NoOutput(_)), "{error}");
    let error = broken(|graph| graph.output.clear());
    assert!(matches!(error, OnnxError::Ends { what: "outputs", got: 0, .. }), "{error}");
    let error = broken(|graph| graph.input.clear());
    assert!(matches!(error, OnnxError::Ends { what: "inputs", got: 0, .. }), "{error}");
    let error = broken(|graph| graph.input[0].r#type = None);
    assert!(matches!(error, OnnxError::InputType { .. }), "{error}");
    let error = broken(|graph| graph.node[2].output[0] = graph.node[1].output[0].clone());
    assert!(matches!(error, OnnxError::Duplicate(_)), "{error}");
    let error = broken(|graph| graph.node[0].domain = "com.example".into());
    assert!(error.to_string().contains("com.example.Flatten"), "{error}");
    let error = broken(|graph| graph.node.last_mut().unwrap().attribute[0].f = Some(0.5));
    assert!(error.to_string().contains("alpha is 0.5"), "{error}");
    let error = broken(|graph| graph.node[0].attribute[0].i = Some(0));
    assert!(error.to_string().contains("axis is 0"), "{error}");
    let error = broken(|graph| graph.node[3].input.clear());
    assert!(error.to_string().contains("input 0 is missing"), "{error}");
    let error = broken(|graph| graph.node[1].output.clear());
    assert!(matches!(error, OnnxError::Missing { .. } | OnnxError::Usage { .. }), "{error}");
}

#[test]
fn nodes_may_come_in_any_order_and_weights_transposed_or_in_float_data() {
    let expected = read(&fixture("matadd_ts.onnx")).unwrap();
    let mut reordered = model();
    let graph = reordered.graph.as_mut().unwrap();
    graph.node.reverse();
    let weight = &mut graph.initializer[0];
    weight.float_data = weight.raw_data.chunks(4).map(|item| f32::from_le_bytes(item.try_into().unwrap())).collect();
    weight.raw_data.clear();
    assert_eq!(read(&reordered.encode_to_vec()).unwrap(), expected);

    let mut transposed = model();
    let graph = transposed.graph.as_mut().unwrap();
    let weight = &mut graph.initializer[0];
    weight.dims.reverse();
    let product = graph.node.iter_mut().find(|node| node.op_type == "MatMul").unwrap();
    product.input[1] = "wt".into();
    graph.node.push(NodeProto {
        op_type: "Transpose".into(),
        input: vec!["w".into()],
        output: vec!["wt".into()],
        attribute: vec![AttributeProto { name: "perm".into(), ints: vec![1, 0], ..Default::default() }],
        ..Default::default()
    });
    let model = read(&transposed.encode_to_vec()).unwrap();
    assert_eq!(model.layers[0], Layer::MatMul { x: Value::Batch, weight: 0, transposed: true });
}

#[test]
fn residual_connections_and_dead_branches() {
    let mut file = model();
    let graph = file.graph.as_mut().unwrap();
    // relu(x·W + b) + relu(x·W + b), and a branch that leads nowhere.
    let relu = graph.node.iter().find(|node| node.op_type == "Relu").unwrap().output[0].clone();
    let last = graph.node.last_mut().unwrap();
    last.input[0] = "twice".into();
    let add = |output: &str, a: &str, b: &str| NodeProto {
        op_type: "Add".into(),
        input: vec![a.into(), b.into()],
        output: vec![output.into()],
        ..Default::default()
    };
    graph.node.push(add("twice", &relu, &relu));
    graph.node.push(add("dead", "twice", "b"));
    let model = read(&file.encode_to_vec()).unwrap();
    assert_eq!(model.layers.len(), 6);
    assert_eq!(model.layers[3], Layer::Add { x: Value::Layer(2), y: Value::Layer(2) });
    assert_eq!(model.params.len(), 4);
}
