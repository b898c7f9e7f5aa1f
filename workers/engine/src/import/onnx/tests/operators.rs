//! One operator at a time.
use super::super::proto::{element, AttributeProto, TensorProto};
use super::build::*;
use super::*;
use crate::import::{Binary, Reduction, Unary, Value};
use assay_core::graph::PoolKind;
use Attr::{Float, Int, Ints, Text};

fn unary(function: Unary) -> LayerOp {
    LayerOp::Unary(function)
}

fn affine(scale: f32, shift: f32) -> LayerOp {
    unary(Unary::Affine { scale, shift })
}

#[test]
fn functions_of_one_element() {
    let names = ["Relu", "Sigmoid", "Tanh", "Exp", "Log", "Sqrt", "Erf", "Reciprocal", "Gelu", "LeakyRelu"];
    use Unary::*;
    let functions = [Relu, Sigmoid, Tanh, Exp, Log, Sqrt, Erf, Reciprocal, Gelu, LeakyRelu(0.01)];
    for (name, function) in names.into_iter().zip(functions) {
        assert_eq!(layers(&one(&[3], &format!("{name} h -> y"), &[])), (vec![unary(function)], vec![4, 3]));
    }
    let tanh = one(&[3], "Gelu h -> y", &[("approximate", Text("tanh"))]);
    assert_eq!(layers(&tanh).0, [unary(GeluTanh)]);
    assert_eq!(layers(&one(&[3], "Neg h -> y", &[])).0, [affine(-1.0, 0.0)]);
    let clip = one(&[3], "Clip h a b -> y", &[]).floats("a", &[], &[0.0]).floats("b", &[], &[6.0]);
    assert_eq!(layers(&clip).0, [unary(Clamp(0.0, 6.0))]);
    assert_eq!(layers(&one(&[3], "Clip h a -> y", &[]).floats("a", &[], &[-1.0])).0, [unary(Clamp(-1.0, f32::MAX))]);
    assert_eq!(layers(&one(&[3], "Max h a -> y", &[]).floats("a", &[], &[2.0])).0, [unary(Clamp(2.0, f32::MAX))]);
    let swapped = one(&[3], "Clip h a b -> y", &[]).floats("a", &[], &[1.0]).floats("b", &[], &[0.0]);
    assert!(swapped.error().to_string().contains("wrong order"));
    let silu = one(&[3], "Sigmoid h -> s", &[]).node("Mul s h -> y", &[]);
    assert_eq!(layers(&silu).0, [unary(Silu)]);
    let drop = one(&[3], "Dropout h r -> y m", &[]).floats("r", &[], &[0.25]);
    assert_eq!(layers(&drop).0, [LayerOp::Dropout { probability: 0.25 }]);
    let prelu = one(&[3], "PRelu h s -> y", &[]).weight("s", &[3]);
    assert_eq!(layers(&prelu).1, [4, 3]);
    assert!(one(&[3], "Dropout h r -> y", &[]).floats("r", &[], &[1.0]).error().to_string().contains("ratio"));
}

#[test]
fn powers() {
    let of = |exponent: f32| one(&[3], "Pow h e -> y", &[]).floats("e", &[], &[exponent]);
    assert_eq!(layers(&of(2.0)).0, [unary(Unary::Square)]);
    assert_eq!(layers(&of(3.0)).0, [unary(Unary::Square), LayerOp::Binary(Binary::Mul)]);
    assert_eq!(layers(&of(0.5)).0, [unary(Unary::Sqrt)]);
    assert_eq!(layers(&of(-0.5)).0, [unary(Unary::Sqrt), unary(Unary::Reciprocal)]);
    assert_eq!(layers(&of(-1.0)).0, [unary(Unary::Reciprocal)]);
    assert!(of(2.5).error().to_string().contains("exponent"));
    assert!(one(&[3], "Pow h h -> y", &[]).error().to_string().contains("depends on the model's input"));
}

#[test]
fn numbers_become_affine() {
    let of = |line: &str, number: f32| layers(&one(&[3], line, &[]).floats("c", &[], &[number])).0;
    assert_eq!(of("Add h c -> y", 2.0), [affine(1.0, 2.0)]);
    assert_eq!(of("Sub h c -> y", 2.0), [affine(1.0, -2.0)]);
    assert_eq!(of("Sub c h -> y", 2.0), [affine(-1.0, 0.0), affine(1.0, 2.0)]);
    assert_eq!(of("Mul c h -> y", 2.0), [affine(2.0, 0.0)]);
    assert_eq!(of("Div h c -> y", 4.0), [affine(0.25, 0.0)]);
    assert_eq!(of("Div c h -> y", 2.0), [unary(Unary::Reciprocal), affine(2.0, 0.0)]);
    assert_eq!(of("Mul h c -> y", 1.0).len(), 0);
}

#[test]
fn sums_that_are_masks() {
    let mask = floats("", &[2, 2], &[0.0, f32::NEG_INFINITY, 0.0, 0.0]);
    let build =
        one(&[2, 2], "Constant -> m", &[("value", Attr::Tensor(mask.clone().into()))]).node("Add h m -> y", &[]);
    let model = build.read().unwrap();
    assert_eq!(model.layers[1].op, LayerOp::Where { otherwise: f32::NEG_INFINITY });
    assert_eq!(model.params[1].values, [1.0, 0.0, 1.0, 1.0]);
    assert!(!model.params[1].trained);
    // As an initialiser, for the attention of a buffer.
    let mut build = one(&[2, 2], "Add m h -> y", &[]);
    build.graph().initializer.push(TensorProto { name: "m".into(), ..mask });
    assert_eq!(build.read().unwrap().layers[1].op, LayerOp::Where { otherwise: f32::NEG_INFINITY });
    let all = floats("", &[2, 2], &[0.0, 0.0, f32::NEG_INFINITY, f32::NEG_INFINITY]);
    let hidden = one(&[2, 2], "Constant -> m", &[("value", Attr::Tensor(all.into()))]).node("Add h m -> y", &[]);
    assert!(hidden.error().to_string().contains("whole row"));
}

#[test]
fn conditions() {
    let bools = |items: &[i32]| TensorProto {
        dims: vec![items.len() as i64],
        data_type: element::BOOL,
        int32_data: items.to_vec(),
        ..Default::default()
    };
    let of = |items: &[i32], line: &str| {
        one(&[3], "Constant -> c", &[("value", Attr::Tensor(bools(items).into()))]).node(line, &[]).floats(
            "n",
            &[],
            &[7.0],
        )
    };
    let first = of(&[1, 0, 1], "Where c h n -> y").read().unwrap();
    assert_eq!(
        (&first.layers[1].op, &first.params[1].values[..]),
        (&LayerOp::Where { otherwise: 7.0 }, &[1.0, 0.0, 1.0][..])
    );
    let second = of(&[1, 0, 1], "Where c n h -> y").read().unwrap();
    assert_eq!(second.params[1].values, [0.0, 1.0, 0.0]);
    assert_eq!(layers(&of(&[1, 1, 1], "Where c h n -> y")).0.len(), 0);
    let both = of(&[1, 0, 1], "Where c h x -> y").read().unwrap();
    assert_eq!(count(&both, |op| *op == LayerOp::Where { otherwise: 0.0 }), 2);
    let data = one(&[3], "Greater h n -> c", &[]).floats("n", &[], &[0.0]).node("Where c h x -> y", &[]);
    assert!(data.error().to_string().contains("only constant masks"), "{}", data.error());
}

#[test]
fn products() {
    let rank = |build: &Build| {
        let (ops, dims) = layers(build);
        (ops.len(), dims)
    };
    let batched = one(&[5, 3], "Transpose h -> t", &[("perm", Ints(&[0, 2, 1]))]).node("MatMul h t -> y", &[]);
    assert_eq!(layers(&batched), (vec![LayerOp::MatMul { trans_a: false, trans_b: true }], vec![4, 5, 5]));
    let vector = one(&[5, 3], "MatMul h v -> y", &[]).weight("v", &[3]);
    assert_eq!(rank(&vector), (3, vec![4, 5]));
    let row = one(&[5, 3], "MatMul v h -> y", &[]).weight("v", &[5]);
    assert_eq!(rank(&row).1, [4, 3]);
    let gemm = one(&[3], "Gemm h v b -> y", &[("alpha", Float(0.5)), ("beta", Float(2.0)), ("transB", Int(1))]);
    let gemm = gemm.weight("v", &[2, 3]).weight("b", &[2]);
    let product = LayerOp::MatMul { trans_a: false, trans_b: true };
    assert_eq!(layers(&gemm).0, [product, affine(0.5, 0.0), affine(2.0, 0.0), LayerOp::Binary(Binary::Add)]);
    let wrong = one(&[3], "MatMul h v -> y", &[]).weight("v", &[4, 2]);
    assert!(wrong.error().to_string().contains("[4, 3] and [4, 2] can't be multiplied"), "{}", wrong.error());
}

#[test]
fn windows() {
    let image = |line: &str, attributes: &[(&str, Attr<'_>)]| one(&[2, 7, 7], line, attributes);
    let (ops, dims) = layers(&image("MaxPool h -> y", &[("kernel_shape", Ints(&[3, 2])), ("strides", Ints(&[2, 1]))]));
    assert!(matches!(&ops[..], [LayerOp::Pool { kind: PoolKind::Max, kernel: [3, 2], .. }]) && dims == [4, 2, 3, 6]);
    let average = |include| {
        let attributes =
            [("kernel_shape", Ints(&[3, 3])), ("pads", Ints(&[1, 1, 1, 1])), ("count_include_pad", Int(include))];
        match layers(&image("AveragePool h -> y", &attributes)).0[..] {
            [LayerOp::Pool { kind, .. }] => kind,
            _ => panic!(),
        }
    };
    assert_eq!((average(0), average(1)), (PoolKind::AverageInside, PoolKind::Average));
    let same = |mode| {
        image("Conv h v -> y", &[("auto_pad", Text(mode)), ("strides", Ints(&[2, 2]))]).weight("v", &[1, 2, 2, 2])
    };
    let pads = |build: &Build| match layers(build).0[..] {
        [LayerOp::Conv { window, .. }] => (window.before, window.after),
        _ => panic!(),
    };
    assert_eq!(pads(&same("SAME_UPPER")), ([0, 0], [1, 1]));
    assert_eq!(pads(&same("SAME_LOWER")), ([1, 1], [0, 0]));
    let uneven = image("Conv h v -> y", &[("pads", Ints(&[0, 1, 2, 3]))]).weight("v", &[1, 2, 2, 2]);
    assert_eq!(pads(&uneven), ([0, 1], [2, 3]));
    let ceil = |size| {
        image(
            "MaxPool h -> y",
            &[("kernel_shape", Ints(&[size, size])), ("strides", Ints(&[2, 2])), ("ceil_mode", Int(1))],
        )
    };
    assert!(ceil(2).error().to_string().contains("ceil_mode"));
    assert_eq!(layers(&ceil(3)).1, [4, 2, 3, 3]);
    for (name, attributes) in [
        ("strides", [("strides", Ints(&[256, 1]))]),
        ("pads", [("pads", Ints(&[0, 0, 0, -1]))]),
        ("dilations", [("dilations", Ints(&[0, 300]))]),
    ] {
        let error = image("Conv h v -> y", &attributes).weight("v", &[1, 2, 2, 2]).error().to_string();
        assert!(error.contains(name) && error.contains("255"), "{error}");
    }
    let groups = image("Conv h v -> y", &[("group", Int(3))]).weight("v", &[3, 1, 2, 2]).error().to_string();
    assert!(groups.contains("2 channels, 3 groups"), "{groups}");
    let large = image("Conv h v -> y", &[]).weight("v", &[1, 2, 8, 8]).error().to_string();
    assert!(large.contains("larger than the padded image"), "{large}");
    let global = layers(&image("GlobalAveragePool h -> y", &[]));
    assert_eq!(global, (vec![LayerOp::Reduce { kind: Reduction::Mean, axes: 0b1100 }], vec![4, 2, 1, 1]));
}

#[test]
fn reductions() {
    let build = one(&[2, 3], "ReduceSum h a -> y", &[("keepdims", Int(0))]).ints("a", &[-1]);
    assert_eq!(layers(&build), (vec![LayerOp::Reduce { kind: Reduction::Sum, axes: 4 }, LayerOp::Reshape], vec![4, 2]));
    let old = one(&[2, 3], "ReduceMax h -> y", &[("axes", Ints(&[1, 2]))]);
    assert_eq!(layers(&old), (vec![LayerOp::Reduce { kind: Reduction::Max, axes: 6 }], vec![4, 1, 1]));
    let norm = one(&[2, 3], "ReduceL2 h a -> y", &[]).ints("a", &[2]);
    let sum = LayerOp::Reduce { kind: Reduction::Sum, axes: 4 };
    assert_eq!(layers(&norm).0, [unary(Unary::Square), sum, unary(Unary::Sqrt)]);
    let wrong = one(&[2, 3], "ReduceSum h a -> y", &[]).ints("a", &[3]).error().to_string();
    assert!(wrong.contains("axis 3 of 3 dimensions"), "{wrong}");
}

#[test]
fn softmax_of_another_axis() {
    let (ops, dims) = layers(&one(&[2, 3], "Softmax h -> y", &[("axis", Int(1))]));
    let turn = LayerOp::Transpose { perm: [0, 2, 1, 3, 4, 5] };
    assert_eq!((ops, dims), (vec![turn.clone(), LayerOp::Softmax, turn], vec![4, 2, 3]));
}

#[test]
fn norms() {
    let norm =
        one(&[2, 3], "LayerNormalization h s b -> y", &[("axis", Int(1))]).weight("s", &[2, 3]).weight("b", &[3]);
    let (ops, _) = layers(&norm);
    assert_eq!(ops, [LayerOp::Expand, LayerOp::LayerNorm { axis: 1, epsilon: 1e-5 }]);
    let rms = one(&[2, 3], "RMSNormalization h s -> y", &[("epsilon", Float(1e-6))]).weight("s", &[3]);
    assert_eq!(layers(&rms).0, [LayerOp::RmsNorm { axis: 2, epsilon: 1e-6 }]);
    let group = |dims| {
        one(&[4, 3], "GroupNormalization h s b -> y", &[("num_groups", Int(2))]).weight("s", dims).weight("b", dims)
    };
    assert_eq!(layers(&group(&[4])).1, [4, 4, 3]);
    assert!(group(&[2]).error().to_string().contains("4 elements"));
    let batch = one(&[2, 3], "BatchNormalization h s b m v -> y", &[("momentum", Float(0.75))]);
    let batch = batch.weight("s", &[2]).weight("b", &[2]).weight("m", &[2]).weight("v", &[2]);
    let model = batch.read().unwrap();
    assert_eq!(model.layers[1].op, LayerOp::BatchNorm { epsilon: 1e-5, momentum: 0.25 });
    assert_eq!(["w", "s", "b", "m", "v"].map(|name| param(&model, name).trained), [true, true, true, false, false]);
}

#[test]
fn parts_and_places() {
    let of = |sample: &[i64], line: &str, attributes: &[(&str, Attr<'_>)], ints: &[(&str, &[i64])]| {
        let build = ints.iter().fold(one(sample, line, attributes), |build, (name, items)| build.ints(name, items));
        layers(&build)
    };
    let slice = of(&[9], "Slice h a b c d -> y", &[], &[("a", &[1]), ("b", &[-1]), ("c", &[1]), ("d", &[3])]);
    assert_eq!(slice, (vec![LayerOp::Slice { axis: 1, start: 1, step: 3 }], vec![4, 3]));
    let pad = of(&[3], "Pad h a -> y", &[], &[("a", &[0, 1, 0, 2])]);
    assert_eq!(pad, (vec![LayerOp::Pad { axis: 1, before: 1 }], vec![4, 6]));
    let tile = of(&[3], "Tile h a -> y", &[], &[("a", &[1, 2])]);
    assert_eq!(tile, (vec![LayerOp::Reshape, LayerOp::Expand, LayerOp::Reshape], vec![4, 6]));
    let first = of(&[2, 3], "Gather h a -> y", &[("axis", Int(1))], &[("a", &[-1])]);
    assert_eq!(first, (vec![LayerOp::Slice { axis: 1, start: 1, step: 1 }], vec![4, 1, 3]));
    let rolled = of(&[3], "Gather h a -> y", &[("axis", Int(1))], &[("a", &[2, 0, 1])]);
    assert_eq!((rolled.0.len(), rolled.1), (3, vec![4, 3]));
    let concat = of(&[3], "Concat h h h -> y", &[("axis", Int(-1))], &[]);
    assert_eq!(concat, (vec![LayerOp::Concat { axis: 1 }; 2], vec![4, 9]));
    let flat = of(&[2, 3], "Flatten h -> y", &[], &[]);
    assert_eq!(flat, (vec![LayerOp::Reshape], vec![4, 6]));
    let there_and_back = one(&[2, 3], "Flatten h -> f", &[]).node("Reshape f s -> y", &[]).ints("s", &[0, 2, -1]);
    assert_eq!(layers(&there_and_back).0.len(), 0);
    let split = one(&[5], "Split h -> u y", &[("axis", Int(1)), ("num_outputs", Int(2))]);
    assert_eq!(layers(&split), (vec![LayerOp::Slice { axis: 1, start: 3, step: 1 }], vec![4, 2]));
    let sequence = one(&[5], "SplitToSequence h s -> q", &[("axis", Int(1))]).ints("s", &[2, 3]);
    let sequence = sequence.node("SequenceAt q i -> y", &[]).node("Constant -> i", &[("value_int", Int(1))]);
    assert_eq!(layers(&sequence), (vec![LayerOp::Slice { axis: 1, start: 2, step: 1 }], vec![4, 3]));
}

#[test]
fn tables() {
    let ids = |line: &str| Build::of(&[6], element::INT64, 17).weight("t", &[9, 3]).node(line, &[]);
    let model = ids("Gather t x -> y").read().unwrap();
    assert_eq!(
        (&model.layers[0].op, &model.layers[0].inputs[..]),
        (&LayerOp::Embed, &[Value::Param(0), Value::Input][..])
    );
    assert_eq!(model.shape(model.output).dims(), [4, 6, 3]);
    let sum = ids("Add x x -> y").error().to_string();
    assert!(sum.contains("integers that depend on the input"), "{sum}");
    // Positions: in order they are a part of the table, otherwise rows.
    let places = |items: &[i64]| {
        one(&[2, 3], "Gather t p -> r", &[]).weight("t", &[9, 3]).ints("p", items).node("Add h r -> y", &[])
    };
    assert_eq!(places(&[3, 4]).read().unwrap().layers[1].op, LayerOp::Slice { axis: 0, start: 3, step: 1 });
    let error = places(&[3, 9]).error().to_string();
    assert!(error.contains("axis 9"), "{error}");
    let long = one(&[6, 3], "Gather t p -> r", &[])
        .weight("t", &[9, 3])
        .ints("p", &[3, 3, 3, 3, 3, 1])
        .node("Add h r -> y", &[]);
    let model = long.read().unwrap();
    assert_eq!(count(&model, |op| *op == LayerOp::Embed), 1);
    assert!(!param(&model, "ids").trained);
}

#[test]
fn shapes_are_computed() {
    // x.reshape(x.shape[0], -1, 2), as the older exporter writes it.
    let build = one(&[6], "Shape h -> s", &[])
        .ints("zero", &[0])
        .ints("rest", &[-1, 2])
        .node("Gather s zero -> n", &[])
        .node("Concat n rest -> t", &[("axis", Int(0))])
        .node("Reshape h t -> y", &[]);
    assert_eq!(layers(&build), (vec![LayerOp::Reshape], vec![4, 3, 2]));
    // sqrt(1 / d): a scale of attention.
    let build = one(&[4], "Shape h -> s", &[("start", Int(-1))])
        .node("Cast s -> f", &[("to", Int(1))])
        .node("Sqrt f -> r", &[])
        .node("Div h r -> y", &[]);
    assert_eq!(layers(&build).0, [affine(0.5, 0.0)]);
}

#[test]
fn nodes_may_come_in_any_order_and_data_in_fields() {
    let bytes = fixture("three_ts.onnx");
    let expected = read(&bytes).unwrap();
    let mut file = ModelProto::decode(bytes.as_slice()).unwrap();
    let graph = file.graph.as_mut().unwrap();
    graph.node.reverse();
    for tensor in &mut graph.initializer {
        tensor.float_data =
            tensor.raw_data.chunks(4).map(|item| f32::from_le_bytes(item.try_into().unwrap())).collect();
        tensor.raw_data = Bytes::new();
    }
    assert_eq!(read(&file.encode_to_vec()).unwrap(), expected);
    // Attributes with their types, as PyTorch writes them; and one with the wrong one.
    let mut build = one(&[2, 3], "Flatten h -> y", &[]);
    let attribute = AttributeProto { name: "axis".into(), i: Some(1), r#type: Some(2), ..Default::default() };
    build.graph().node[1].attribute = vec![attribute.clone()];
    assert_eq!(layers(&build).1, [4, 6]);
    build.graph().node[1].attribute = vec![AttributeProto { r#type: Some(1), ..attribute }];
    assert!(build.error().to_string().contains("axis has the wrong type"));
}

#[test]
fn dead_branches_do_not_matter() {
    let build =
        one(&[3], "Relu h -> y", &[]).weight("unread", &[2]).node("Bogus h -> z", &[]).node("Add z nothing -> u", &[]);
    let model = build.read().unwrap();
    assert_eq!((model.layers.len(), model.params.len()), (2, 1));
}

#[test]
fn ties_that_the_exporter_cut_are_found() {
    use super::super::proto::{EntryProto, ValueInfoProto};
    let table = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let turned = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0];
    let mut build = Build::of(&[6], element::INT64, 18)
        .floats("t", &[3, 2], &table)
        .floats("val_7", &[2, 3], &turned)
        .node("Gather t x -> e", &[]);
    build.graph().initializer[1].name = "val7".into();
    let entry = EntryProto { key: "pkg.torch.export.graph_signature.InputSpec.kind".into(), value: "PARAMETER".into() };
    build.graph().value_info.push(ValueInfoProto {
        name: "t".into(),
        metadata_props: vec![entry],
        ..Default::default()
    });
    let model = build.node("MatMul e val_7 -> y", &[]).read().unwrap();
    assert_eq!(model.params.len(), 1);
    assert_eq!(model.layers[1].op, LayerOp::MatMul { trans_a: false, trans_b: true });
}
