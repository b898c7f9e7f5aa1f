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
