//! Broken files, and files made to break what reads them.
use super::super::proto::*;
use super::build::*;
use super::*;
use Attr::{Int, Ints};

/// x · w + b, through a Relu.
fn model() -> Build {
    one(&[3], "Add h b -> s", &[]).weight("b", &[3]).node("Relu s -> y", &[])
}

fn broken(change: impl FnOnce(&mut GraphProto)) -> OnnxError {
    let mut build = model();
    change(build.graph());
    build.error()
}

fn raw(items: &[f32]) -> Bytes {
    items.iter().flat_map(|item| item.to_le_bytes()).collect::<Vec<u8>>().into()
}

#[test]
fn every_truncation_is_an_error_or_the_same_model() {
    for file in ["three.onnx", "matadd_ts.onnx", "mlp.dynamo.onnx"] {
        let bytes = fixture(file);
        let whole = read(&bytes).unwrap();
        for len in 0..bytes.len() {
            // A cut between fields leaves a well-formed message: it lacks something then, or nothing but metadata.
            if let Ok(model) = read(&bytes[..len]) {
                assert_eq!(model, whole, "{file} cut to {len} bytes");
            }
        }
    }
    assert!(matches!(read(b"not an onnx file"), Err(OnnxError::Malformed { .. } | OnnxError::NoGraph)));
    assert!(matches!(read(&[]), Err(OnnxError::NoGraph)));
}

#[test]
fn random_damage_never_panics() {
    for file in ["three.onnx", "gpt.ts14.onnx", "resnet.dynamo.onnx", "mixed.ts.onnx", "llama.dynamo.onnx"] {
        let bytes = fixture(file);
        for round in 0..400 {
            let mut damaged = bytes.clone();
            for [place, value, ..] in (0..2).map(|i| assay_core::arith::random::philox(7, i, round)) {
                let place = place as usize % damaged.len();
                damaged[place] = value as u8;
            }
            let _ = read(&damaged);
        }
    }
}

#[test]
fn weights_must_be_finite_and_fit_their_shape() {
    let nan = broken(|graph| graph.initializer[0].raw_data = raw(&[0.0, f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
    assert!(matches!(&nan, OnnxError::NotFinite { name, index: 1, .. } if name == "w"), "{nan}");
    let infinite = broken(|graph| graph.initializer[1].raw_data = raw(&[0.5, 0.0, f32::INFINITY]));
    assert!(infinite.to_string().contains("\"b\" isn't finite: element 2 is inf"), "{infinite}");
    let tensor = |error: &OnnxError| matches!(error, OnnxError::Tensor { name, .. } if name == "w");
    for dims in [vec![i64::MAX, 3], vec![-3, 3], vec![1 << 30, 1 << 30], vec![i64::MAX, i64::MAX], vec![7], vec![3, 4]]
    {
        let error = broken(|graph| graph.initializer[0].dims = dims.clone());
        assert!(tensor(&error), "{dims:?}: {error}");
    }
    // Declared at 4 TiB, with a few bytes of data: nothing is reserved.
    let error = broken(|graph| graph.initializer[0].dims = vec![1 << 40]);
    assert!(error.to_string().contains("needs 4398046511104 bytes, but it holds 36"), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![9]);
    assert!(error.to_string().contains("[4, 3] and"), "{error}");
    let error = broken(|graph| graph.initializer[0].dims = vec![1, 1, 1, 1, 1, 3, 3]);
    assert!(matches!(error, OnnxError::Shape { .. }), "{error}");
    let error = broken(|graph| {
        graph.initializer[0].data_type = element::FLOAT16;
        graph.initializer[0].raw_data = vec![0; 18].into();
    });
    assert!(error.to_string().contains("model.float()"), "{error}");
    let error = broken(|graph| graph.initializer[0].data_type = 8);
    assert!(error.to_string().contains("element type 8"), "{error}");
}

#[test]
fn graphs_must_be_graphs() {
    let error = broken(|graph| graph.node[0].input[0] = "y".into());
    assert!(matches!(error, OnnxError::Cycle(_)), "{error}");
    let error = broken(|graph| graph.node[1].input[1] = "s".into());
    assert!(matches!(error, OnnxError::Cycle(_)), "{error}");
    let error = broken(|graph| drop(graph.initializer.remove(0)));
    assert!(matches!(&error, OnnxError::Missing { value, .. } if value == "w"), "{error}");
    assert!(error.to_string().starts_with("node 1 of 3, `h`, operator MatMul reads"), "{error}");
    let error = broken(|graph| graph.node[1].output[0] = "h".into());
    assert!(matches!(error, OnnxError::Duplicate(_)), "{error}");
    let error = broken(|graph| graph.node[1].output[0] = "x".into());
    assert!(matches!(error, OnnxError::Duplicate(_)), "{error}");
    let error = broken(|graph| graph.initializer[1].name = "w".into());
    assert!(matches!(error, OnnxError::Duplicate(_)), "{error}");
    let error = broken(|graph| graph.output[0].name = "nothing".into());
    assert!(matches!(error, OnnxError::NoOutput(_)), "{error}");
    let error = broken(|graph| graph.output.clear());
    assert!(matches!(error, OnnxError::Ends { what: "outputs", got: 0, .. }), "{error}");
    let error = broken(|graph| graph.input.push(ValueInfoProto { name: "x2".into(), ..Default::default() }));
    assert!(matches!(error, OnnxError::Ends { what: "inputs", got: 2, .. }), "{error}");
    let error = broken(|graph| graph.node[2].input.clear());
    assert!(error.to_string().contains("input 0 is missing"), "{error}");
    let error = broken(|graph| graph.node[0].input[0] = "w".into());
    assert!(matches!(error, OnnxError::NoOutput(_)), "{error}");
    let none = Build::new(&[3]).node("Relu x -> y", &[]).error();
    assert!(matches!(none, OnnxError::NoWeights), "{none}");
    let error = one(&[3], "Dropout h -> u y", &[]).error();
    assert!(matches!(error, OnnxError::NoOutput(_)), "{error}");
}

#[test]
fn inputs_must_be_batches() {
    let input = |change: fn(&mut TensorTypeProto)| {
        broken(|graph| change(graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap()))
    };

    let error = input(|ty| {
        ty.shape.as_mut().unwrap().dim[1] = DimensionProto { dim_param: Some("seq".into()), dim_value: None }
    });
    assert!(error.to_string().contains("dimension 1 that is \"seq\""), "{error}");
    let error = input(|ty| ty.shape.as_mut().unwrap().dim[1].dim_value = Some(0));
    assert!(error.to_string().contains("dimension 1 that is 0"), "{error}");
    let error = input(|ty| ty.shape.as_mut().unwrap().dim[1].dim_value = Some(1 << 40));
    assert!(error.to_string().contains("dimension 1"), "{error}");
    let error = input(|ty| ty.elem_type = element::DOUBLE);
    assert!(error.to_string().contains("float32 and int64"), "{error}");
    let error = input(|ty| ty.shape = None);
    assert!(error.to_string().contains("no dimensions"), "{error}");
    let error = broken(|graph| graph.input[0].r#type = None);
    assert!(matches!(error, OnnxError::InputType { .. }), "{error}");
    let error = input(|ty| ty.shape.as_mut().unwrap().dim[0].dim_value = Some(5));
    assert!(matches!(error, OnnxError::Batch { got: 5, batch: 4, .. }), "{error}");
    assert!(matches!(model().file().unwrap().model(0), Err(OnnxError::Shape { .. })));
}

#[test]
fn the_first_unsupported_node_is_named() {
    let build = one(&[3], "LSTM h -> a", &[]).node("Loop a -> y", &[]);
    let error = build.error().to_string();
    assert!(error.starts_with("node 2 of 3, `a`, operator LSTM, isn't supported: recurrent"), "{error}");
    assert!(error.contains(SUPPORTED), "{error}");
    let custom = one(&[3], "com.example/Relu h -> y", &[]).error().to_string();
    assert!(custom.contains("operator com.example.Relu, isn't supported (an operator outside"), "{custom}");
    let attention = one(&[3], "Attention h h h -> y", &[]).error().to_string();
    assert!(attention.contains("opset_version=18"), "{attention}");
    let mut old = model();
    old.model.opset_import[0].version = 12;
    assert!(old.error().to_string().contains("13 to 23"), "{}", old.error());
    old.model.opset_import.clear();
    assert!(matches!(old.error(), OnnxError::OperatorSet { got: 0, .. }));
}

#[test]
fn constants_stay_small() {
    let large = |line: &str| one(&[3], line, &[]).ints("d", &[1 << 20, 1 << 20]).node("Add h c -> y", &[]);
    for line in ["ConstantOfShape d -> c", "Expand b d -> c"] {
        let error = large(line).weight("b", &[]).error().to_string();
        assert!(error.contains("constant with more than 67108864 elements") || error.contains("elements"), "{error}");
    }
    let error = one(&[3], "Range a b c -> r", &[]).ints("a", &[0]).ints("b", &[i64::MAX]).ints("c", &[1]);
    assert!(error.node("Gather h r -> y", &[]).error().to_string().contains("67108864"));
    // Doubled 40 times.
    let mut bomb = one(&[3], "Concat d d -> c0", &[("axis", Int(0))]).ints("d", &[1; 64]);
    for i in 0..40 {
        bomb = bomb.node(&format!("Concat c{i} c{i} -> c{}", i + 1), &[("axis", Int(0))]);
    }
    let error = bomb.node("Reshape h c40 -> y", &[]).error().to_string();
    assert!(error.contains("take more than 536870912 bytes"), "{error}");
    // Many of a size that is allowed.
    let mut many = one(&[3], "ConstantOfShape d -> c0", &[]).ints("d", &[1 << 25]);
    for i in 0..64 {
        many = many.node(&format!("Neg c{i} -> c{}", i + 1), &[]);
    }
    assert!(many.node("Add h c64 -> y", &[]).error().to_string().contains("computes more than"));
    let held = (0..8).fold(one(&[3], "Relu h -> r", &[]).ints("d", &[1 << 25]), |build, i| {
        build.node(&format!("ConstantOfShape d -> c{i}"), &[])
    });
    let held = held.node("Sum r c0 c1 c2 c3 c4 c5 c6 c7 -> y", &[]).error().to_string();
    assert!(held.contains("take more than"), "{held}");
}

#[test]
fn layers_stay_in_bounds() {
    let rank = one(&[3], "Unsqueeze h a -> y", &[]).ints("a", &[0, 1, 2, 3, 4]).error();
    assert!(matches!(rank, OnnxError::Shape { .. }), "{rank}");
    let large = one(&[3], "Expand h a -> y", &[]).ints("a", &[1 << 20, 1 << 20, 4, 3]).error();
    assert!(matches!(large, OnnxError::Shape { .. }), "{large}");
    let dim = one(&[3], "Pad h a -> y", &[]).ints("a", &[0, i64::MAX, 0, i64::MAX]).error();
    assert!(matches!(dim, OnnxError::Shape { .. }), "{dim}");
    let tile = one(&[3], "Tile h a -> y", &[]).ints("a", &[1, i64::MAX]).error();
    assert!(matches!(tile, OnnxError::Shape { .. }), "{tile}");
    let perm = one(&[3], "Transpose h -> y", &[("perm", Ints(&[0, 7]))]).error();
    assert!(matches!(perm, OnnxError::Usage { .. }), "{perm}");
    let axis = one(&[3], "Softmax h -> y", &[("axis", Int(i64::MIN))]).error();
    assert!(matches!(axis, OnnxError::Usage { .. }), "{axis}");
}

#[test]
fn deep_and_wide_graphs() {
    let mut deep = one(&[3], "Relu h -> n0", &[]);
    for i in 0..20_000 {
        deep = deep.node(&format!("Relu n{i} -> n{}", i + 1), &[]);
    }
    assert_eq!(deep.node("Identity n20000 -> y", &[]).read().unwrap().layers.len(), 20_002);
    // A chain that a comparison makes constant at its end.
    let mut fixed = one(&[3], "Relu h -> r", &[]).weight("m0", &[3]);
    for i in 0..2_000 {
        fixed = fixed.node(&format!("Neg m{i} -> m{}", i + 1), &[]);
    }
    let fixed = fixed.floats("zero", &[], &[-0.25]).node("Greater m2000 zero -> c", &[]).node("Where c r h -> y", &[]);
    fixed.read().unwrap();
    let wide = vec!["h"; MAX_EDGES + 1].join(" ");
    let error = one(&[3], &format!("Sum {wide} -> y"), &[]).error();
    assert!(matches!(error, OnnxError::TooMany { what: "inputs of one node", .. }), "{error}");
    let long = one(&[3], &format!("Relu h -> {}", "n".repeat(MAX_NAME + 1)), &[]).error();
    assert!(matches!(long, OnnxError::TooMany { what: "bytes in a name", .. }), "{long}");
    let mut nodes = one(&[3], "Relu h -> y", &[]);
    let node = nodes.graph().node[1].clone();
    nodes.graph().node.resize(MAX_RECORDS + 1, node);
    assert!(matches!(nodes.error(), OnnxError::TooMany { what: "nodes", .. }));
}

#[test]
fn structure_is_counted_before_it_is_decoded() {
    // Empty nodes of two bytes each would be two hundred in memory.
    let nodes: Vec<u8> = [0x0a, 0x00].repeat(8 << 20);
    let mut file = vec![0x3a];
    prost::encoding::encode_varint(nodes.len() as u64, &mut file);
    file.extend(nodes);
    assert!(matches!(File::parse(file), Err(OnnxError::TooComplex { .. })));
    // A length beyond the end, a group, and a number without an end.
    for bytes in [&[0x3a, 0xff, 0xff, 0x03][..], &[0x3b, 0x3c], &[0x08, 0xff, 0xff]] {
        assert!(matches!(File::parse(bytes.to_vec()), Err(OnnxError::Malformed { .. })));
    }
}
