//! What both of PyTorch's exporters write.
use super::*;
use crate::import::{Reduction, Unary};
use serde_json::Value as Json;

const MODELS: [&str; 11] =
    ["mlp", "lenet", "conv1d", "resnet", "gpt", "gptbuffer", "vit", "encoder", "llama", "groupnorm", "mixed"];

fn state_dict() -> Json {
    serde_json::from_slice(&fixture("state_dict.json")).unwrap()
}

/// Files exported as the documentation says, of a model.
fn recommended(name: &str) -> Vec<String> {
    let kinds = ["ts", "dynamo", "static", "ts14", "dynamo21"];
    let names = kinds.iter().map(|kind| format!("{name}.{kind}.onnx"));
    let exists = |file: &String| {
        Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/models").join(file).exists()
    };
    names.filter(exists).collect()
}

#[test]
fn parameters_are_those_of_state_dict() {
    let notes = state_dict();
    for name in MODELS {
        let files = recommended(name);
        assert!(files.len() >= 2, "{name}");
        for file in files {
            let model = read(&fixture(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(Some(model.parameters()), notes[name]["trained"].as_u64(), "{file}");
            for param in model.params.iter().filter(|param| param.trained) {
                let expected = &notes[name]["shapes"][&param.name];
                assert_eq!(&serde_json::to_value(param.shape.dims()).unwrap(), expected, "{file} {}", param.name);
            }
            // The output depends on the batch, and its first axis is the batch.
            assert_eq!(model.shape(model.output).dims()[0], 4, "{file}");
        }
    }
}

#[test]
fn batches_of_another_size() {
    for name in MODELS {
        for kind in ["ts", "dynamo"] {
            let bytes = fixture(&format!("{name}.{kind}.onnx"));
            let file = File::parse(bytes).unwrap();
            for batch in [1, 2, 7] {
                let model = file.model(batch).unwrap_or_else(|error| panic!("{name} {kind} {batch}: {error}"));
                assert_eq!(model.input.dims()[0], batch);
                assert_eq!(model.shape(model.output).dims()[0], batch, "{name} {kind}");
                let four = file.model(4).unwrap();
                assert_eq!(model.parameters(), four.parameters());
            }
        }
        for file in recommended(name).iter().filter(|file| file.contains("static")) {
            let file = File::parse(fixture(file)).unwrap();
            file.model(4).unwrap();
            let error = file.model(8).unwrap_err();
            assert!(matches!(error, OnnxError::Batch { got: 4, batch: 8, .. }), "{error}");
            assert!(error.to_string().contains("dynamic_axes"), "{error}");
        }
    }
}

#[test]
fn layers_keep_their_meaning() {
    let of = |file: &str| read(&fixture(file)).unwrap();
    for kind in ["ts", "dynamo"] {
        let gpt = of(&format!("gpt.{kind}.onnx"));
        assert_eq!(count(&gpt, |op| matches!(op, LayerOp::LayerNorm { .. })), 5);
        assert_eq!(count(&gpt, |op| *op == LayerOp::Embed), 1);
        assert_eq!(count(&gpt, |op| *op == LayerOp::Softmax), 2);
        assert_eq!(count(&gpt, |op| *op == LayerOp::Unary(Unary::Gelu)), 2);
        assert_eq!(count(&gpt, |op| matches!(op, LayerOp::Dropout { probability } if *probability == 0.1)), 4);
        // The head is the embedding.
        let head = gpt.layers.last().unwrap();
        assert_eq!(head.op, LayerOp::MatMul { trans_a: false, trans_b: true });
        assert_eq!(head.inputs[1], gpt.layers[0].inputs[0]);

        let written = of(&format!("gptbuffer.{kind}.onnx"));
        let masks = written.layers.iter().filter(|layer| matches!(layer.op, LayerOp::Where { .. }));
        let masks: Vec<_> = masks.map(|layer| (layer.op.clone(), layer.inputs[1])).collect();
        assert_eq!((masks.len(), &masks[0].0), (2, &LayerOp::Where { otherwise: f32::NEG_INFINITY }));
        assert_eq!(masks[0], masks[1], "one mask for both blocks");
        let mask = written.params.iter().find(|param| !param.trained).unwrap();
        let lower = (0..36).map(|i| f32::from(u8::from(i % 6 <= i / 6)));
        assert_eq!(mask.values, lower.collect::<Vec<_>>());
        assert_eq!(count(&written, |op| *op == LayerOp::Unary(Unary::GeluTanh)), 2);
        assert_eq!(written.params.iter().filter(|param| !param.trained).count(), 1);

        let resnet = of(&format!("resnet.{kind}.onnx"));
        let momenta = resnet.layers.iter().filter_map(|layer| match layer.op {
            LayerOp::BatchNorm { momentum, epsilon } => Some((momentum, epsilon)),
            _ => None,
        });
        let (usual, slow) = ((0.1, 1e-5), (0.05, 1e-5));
        assert_eq!(momenta.collect::<Vec<_>>(), [usual, usual, slow, usual, slow, usual]);
        assert_eq!(resnet.params.iter().filter(|param| !param.trained).count(), 12, "running statistics only");
        assert!(resnet.params.iter().all(|param| param.trained != param.name.contains("running_")));

        let llama = of(&format!("llama.{kind}.onnx"));
        assert_eq!(count(&llama, |op| *op == LayerOp::Unary(Unary::Silu)), 1);
        let conv1d = of(&format!("conv1d.{kind}.onnx"));
        assert_eq!(
            count(&conv1d, |op| matches!(op, LayerOp::Conv { groups: 2, window } if window.stride == [1, 2]
            && window.dilation == [1, 2] && window.before == [0, 1] && window.after == [0, 1])),
            1
        );
        assert_eq!(count(&conv1d, |op| *op == LayerOp::LogSoftmax), 1);
        let vit = of(&format!("vit.{kind}.onnx"));
        assert!(vit.layers.iter().any(|layer| layer.shape.rank() == 5));
        assert_eq!(count(&vit, |op| matches!(op, LayerOp::Concat { axis: 1 })), 1);
        let groups = of(&format!("groupnorm.{kind}.onnx"));
        assert_eq!(count(&groups, |op| matches!(op, LayerOp::Reduce { kind: Reduction::Mean, .. })), 5);
    }
}

#[test]
fn merged_weights_are_refused() {
    for file in ["gpt.eval.onnx", "gpt.opt.onnx", "encoder.opt.onnx", "llama.eval.onnx", "llama.opt.onnx"] {
        let error = read(&fixture(file)).unwrap_err();
        assert!(matches!(error, OnnxError::Merged(_)), "{file}: {error}");
        assert!(error.to_string().contains("optimize=False"), "{error}");
    }
    // Nothing to merge: these are what they were, under made-up names.
    let notes = state_dict();
    for name in ["mlp", "lenet", "conv1d", "vit", "groupnorm"] {
        for kind in ["eval", "opt"] {
            let model = read(&fixture(&format!("{name}.{kind}.onnx"))).unwrap();
            assert_eq!(Some(model.parameters()), notes[name]["trained"].as_u64(), "{name} {kind}");
        }
    }
}

#[test]
fn both_exporters_agree() {
    // The same seed: the same values under the same names.
    for name in MODELS {
        let (a, b) = (read(&fixture(&format!("{name}.ts.onnx"))), read(&fixture(&format!("{name}.dynamo.onnx"))));
        let (a, b) = (a.unwrap(), b.unwrap());
        for param in a.params.iter().filter(|param| param.trained) {
            if let Some(other) = b.params.iter().find(|other| other.name == param.name) {
                assert_eq!(param, other, "{name}");
            }
        }
        assert_eq!(a.shape(a.output), b.shape(b.output), "{name}");
    }
}

#[test]
fn files_of_the_first_version() {
    for file in ["three.onnx", "three_ts.onnx", "matadd.onnx", "matadd_ts.onnx"] {
        let model = read(&fixture(file)).unwrap();
        assert_eq!(count(&model, |op| matches!(op, LayerOp::MatMul { .. })), model.params.len() / 2, "{file}");
    }
}
