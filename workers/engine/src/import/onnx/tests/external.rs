//! Data beside the model file.
use super::super::proto::*;
use super::build::*;
use super::*;

fn entry(key: &str, value: impl ToString) -> EntryProto {
    EntryProto { key: key.into(), value: value.to_string() }
}

/// A folder with a model whose weight `w` is described by these entries, and 64 bytes in `data.bin`.
fn folder(entries: &[EntryProto]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("model");
    std::fs::create_dir(&inside).unwrap();
    let data: Vec<u8> = (0..16_u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
    std::fs::write(inside.join("data.bin"), &data).unwrap();
    std::fs::write(folder.path().join("secret.bin"), &data).unwrap();
    let mut build = Build::new(&[3]).weight("w", &[3, 3]).node("MatMul x w -> y", &[]);
    let tensor = &mut build.graph().initializer[0];
    (tensor.raw_data, tensor.data_location, tensor.external_data) = (Bytes::new(), EXTERNAL, entries.to_vec());
    let path = inside.join("model.onnx");
    std::fs::write(&path, build.bytes()).unwrap();
    (folder, path)
}

fn error(entries: &[EntryProto]) -> String {
    let (_folder, path) = folder(entries);
    File::read(&path).expect_err("a broken file was read").to_string()
}

#[test]
fn data_beside_the_file() {
    let (_folder, path) = folder(&[entry("location", "data.bin"), entry("offset", 4), entry("length", 36)]);
    let model = File::read(&path).unwrap().model(4).unwrap();
    assert_eq!(model.params[0].values, (1..10).map(|i| i as f32).collect::<Vec<_>>());
    let bytes = std::fs::read(&path).unwrap();
    assert!(File::parse(bytes).unwrap_err().to_string().contains("nothing is beside it"));
}

#[test]
fn parts_that_are_not_there() {
    let at = |offset: &str, length: &str| {
        error(&[entry("location", "data.bin"), entry("offset", offset), entry("length", length)])
    };
    assert!(at("0", "40").contains("needs 36 bytes, but 40"));
    assert!(at("32", "36").contains("has 64 bytes"));
    assert!(at("18446744073709551615", "36").contains("has 64 bytes"));
    assert!(at("-1", "36").contains("is no number"));
    assert!(error(&[entry("offset", 0)]).contains("no location"));
    assert!(error(&[entry("location", "nothing.bin")]).contains("nothing.bin"));
}

#[test]
fn paths_stay_in_the_folder() {
    for path in ["../secret.bin", "/etc/passwd", "a/../../secret.bin", "\0"] {
        assert!(error(&[entry("location", path)]).contains("stay in the model's folder"), "{path:?}");
    }
    assert!(error(&[entry("location", ".")]).contains("not a regular file"));
}

#[cfg(unix)]
#[test]
fn links_stay_in_the_folder() {
    use std::os::unix::fs::symlink;
    let (folder, path) = folder(&[entry("location", "link.bin")]);
    let inside = folder.path().join("model");
    symlink(folder.path().join("secret.bin"), inside.join("link.bin")).unwrap();
    let error = File::read(&path).unwrap_err().to_string();
    assert!(error.contains("leads out of the model's folder"), "{error}");
    std::fs::remove_file(inside.join("link.bin")).unwrap();
    symlink("data.bin", inside.join("link.bin")).unwrap();
    File::read(&path).unwrap();
}

#[test]
fn tensors_do_not_multiply_a_file() {
    let (_folder, path) = folder(&[entry("location", "data.bin")]);
    let mut file = ModelProto::decode(std::fs::read(&path).unwrap().as_slice()).unwrap();
    let graph = file.graph.as_mut().unwrap();
    for offset in [4, 8, 12] {
        let mut copy = graph.initializer[0].clone();
        copy.name = format!("w{offset}");
        copy.external_data.push(entry("offset", offset));
        graph.initializer.push(copy);
    }
    std::fs::write(&path, file.encode_to_vec()).unwrap();
    assert!(File::read(&path).unwrap_err().to_string().contains("or twice"));
    // The same part twice is one part.
    let graph = file.graph.as_mut().unwrap();
    graph.initializer.truncate(2);
    graph.initializer[1].external_data.truncate(1);
    std::fs::write(&path, file.encode_to_vec()).unwrap();
    File::read(&path).unwrap();
}

/// What [`read_whole`] gives for these files, which are gone then.
fn whole(file: &[u8], beside: &[(&str, &[u8])]) -> Result<Bytes, OnnxError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in beside {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, file).unwrap();
    read_whole(&path)
}

/// A file with all data of its initialisers in `data.bin`, and that file.
fn apart(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut model = ModelProto::decode(file).unwrap();
    let mut data = Vec::new();
    for tensor in &mut model.graph.as_mut().unwrap().initializer {
        let raw = std::mem::take(&mut tensor.raw_data);
        tensor.external_data =
            vec![entry("location", "data.bin"), entry("offset", data.len()), entry("length", raw.len())];
        tensor.data_location = EXTERNAL;
        data.extend(raw);
    }
    (model.encode_to_vec(), data)
}

#[test]
fn pytorchs_external_data_is_put_inside() {
    let name = "lenet.external.onnx";
    let (file, data) = (fixture(name), fixture("lenet.external.onnx.data"));
    let beside = [("lenet.external.onnx.data", &data[..])];
    let bytes = whole(&file, &beside).unwrap();
    let path = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/models").join(name);
    let model = File::parse(bytes.clone()).unwrap().model(4).unwrap();
    assert_eq!(model, File::read(&path).unwrap().model(4).unwrap());
    assert_eq!(model, read(&fixture("lenet.dynamo.onnx")).unwrap());
    // The same every time, and whole now.
    assert_eq!(whole(&file, &beside).unwrap(), bytes);
    assert_eq!(whole(&bytes, &[]).unwrap(), bytes);
    assert!(whole(&file, &[]).unwrap_err().to_string().contains("lenet.external.onnx.data"));
    // Fields that aren't understood stay: this is the graph's name.
    let graph_name = b"\x12\x0amain_graph";
    assert!(bytes.windows(graph_name.len()).any(|window| window == graph_name));
}

#[test]
fn every_model_can_be_taken_apart_and_put_together() {
    for name in ["mlp.ts", "resnet.dynamo", "gpt.dynamo", "gptbuffer.ts", "llama.ts", "mixed.dynamo"] {
        let file = fixture(&format!("{name}.onnx"));
        assert_eq!(whole(&file, &[]).unwrap(), file, "{name}: as it is");
        let (apart, data) = apart(&file);
        let bytes = whole(&apart, &[("data.bin", &data)]).unwrap();
        assert_eq!(read(&bytes).unwrap(), read(&file).unwrap(), "{name}");
        let model = ModelProto::decode(bytes).unwrap();
        for tensor in &model.graph.unwrap().initializer {
            assert_eq!((tensor.data_location, tensor.external_data.len()), (0, 0), "{name}");
        }
    }
}

#[test]
fn other_data_of_an_external_tensor_is_dropped() {
    let mut build = Build::new(&[3]).weight("w", &[3, 3]).node("MatMul x w -> y", &[]);
    let tensor = &mut build.graph().initializer[0];
    let raw = std::mem::take(&mut tensor.raw_data);
    (tensor.data_location, tensor.external_data) = (EXTERNAL, vec![entry("location", "data.bin")]);
    (tensor.float_data, tensor.raw_data) = (vec![7.0; 9], Bytes::from_static(&[1; 36]));
    let bytes = whole(&build.bytes(), &[("data.bin", &raw)]).unwrap();
    let tensor = ModelProto::decode(bytes).unwrap().graph.unwrap().initializer.remove(0);
    assert_eq!((&tensor.raw_data, tensor.float_data.len()), (&raw, 0));
}

#[test]
fn shared_data_cannot_make_a_huge_file() {
    // A file of 32 MiB with no data on the disk, which 65 tensors share: 2 GiB and more.
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("data.bin")).unwrap().set_len(1 << 25).unwrap();
    let mut build = Build::new(&[3]).weight("w", &[3, 3]).node("MatMul x w -> y", &[]);
    for i in 0..65 {
        let mut tensor = build.graph().initializer[0].clone();
        (tensor.name, tensor.dims, tensor.raw_data) = (format!("w{i}"), vec![1 << 23], Bytes::new());
        (tensor.data_location, tensor.external_data) = (EXTERNAL, vec![entry("location", "data.bin")]);
        build.graph().initializer.push(tensor);
    }
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, build.bytes()).unwrap();
    File::read(&path).unwrap();
    assert!(matches!(read_whole(&path), Err(OnnxError::TooLargeWhole { .. })));
}
