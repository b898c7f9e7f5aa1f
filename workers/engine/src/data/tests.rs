//! Well-formed files, and hostile ones.
use super::*;
use assay_core::arith::random::philox;
use flate2::write::GzEncoder;
use std::io::Write;

fn idx_bytes(element: u8, dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, element, dims.len() as u8];
    dims.iter().for_each(|dim| bytes.extend_from_slice(&dim.to_be_bytes()));
    bytes.extend_from_slice(data);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn idx_error(bytes: &[u8]) -> String {
    idx::read(bytes).unwrap_err().to_string()
}

#[test]
fn reads_idx_plain_and_compressed() {
    let file = idx_bytes(8, &[2, 3], &[1, 2, 3, 4, 5, 255]);
    for bytes in [file.clone(), gzip(&file)] {
        let tensor = idx::read(bytes.as_slice()).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape().dims()), (Dtype::U8, &[2, 3][..]));
        assert_eq!(&tensor.bytes()[..], &[1, 2, 3, 4, 5, 255]);
        assert_eq!((tensor.get(5), tensor.get(6)), (Some(255.0), None));
        assert_eq!(tensor.root(), assay_core::commit::hash(&[1, 2, 3, 4, 5, 255]));
    }
    let floats = [1.5_f32, -2.0].map(f32::to_be_bytes).concat();
    let tensor = idx::read(idx_bytes(13, &[2], &floats).as_slice()).unwrap();
    assert_eq!((tensor.get(0), tensor.get(1)), (Some(1.5), Some(-2.0)));
}

#[test]
fn hostile_idx_files_are_errors() {
    assert!(idx_error(&[]).contains("truncated"));
    assert!(idx_error(&[0, 0, 8]).contains("truncated"));
    assert!(idx_error(b"\x89PNG....").contains("not an idx file"));
    assert!(idx_error(&idx_bytes(11, &[1], &[0, 0])).contains("element type 0x0b"));
    assert!(idx_error(&idx_bytes(8, &[], &[0])).contains("dimensions"));
    assert!(idx_error(&idx_bytes(8, &[2, 3], &[0; 5])).contains("6 bytes of data announced, 5 there"));
    assert!(idx_error(&idx_bytes(8, &[2, 3], &[0; 7])).contains("more bytes than the 6 announced"));
    assert!(idx_error(&idx_bytes(8, &[0, 3], &[])).contains("zero"));
    assert!(idx_error(&idx_bytes(8, &[1; 7], &[0])).contains("6 dimensions"));
    assert!(idx_error(&idx_bytes(8, &[u32::MAX, u32::MAX], &[])).contains("2^40"));
    // A header that announces 64 GiB and has nothing behind it allocates nothing.
    assert!(idx_error(&idx_bytes(8, &[1 << 30, 64], &[0; 8])).contains("announced, 8 there"));
    assert!(idx_error(&idx_bytes(8, &[1 << 30, 1 << 7], &[])).contains("at most"));
    assert!(idx_error(&idx_bytes(13, &[2], &[f32::NAN.to_be_bytes(), [0; 4]].concat())).contains("element 0 is NaN"));
    let packed = gzip(&idx_bytes(8, &[100], &[7; 100]));
    assert!(idx::read(&packed[..packed.len() / 2]).is_err());
    for round in 0..2000 {
        let mut damaged = packed.clone();
        let [place, value, ..] = philox(1, 2, round);
        let place = place as usize % damaged.len();
        damaged[place] = value as u8;
        let _ = idx::read(damaged.as_slice());
    }
}

fn safetensors_file(tensors: &[(&str, ::safetensors::Dtype, Vec<usize>, Vec<u8>)]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (*name, ::safetensors::tensor::TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    ::safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap()
}

#[test]
fn reads_safetensors() {
    use ::safetensors::Dtype as D;
    let labels: Vec<u8> = [3_i64, 0, 255].iter().flat_map(|x| x.to_le_bytes()).collect();
    let file = safetensors_file(&[("x", D::U8, vec![2, 2], vec![1, 2, 3, 4]), ("y", D::I64, vec![3], labels)]);
    assert_eq!(&safetensors::read(&file, Some("x")).unwrap().bytes()[..], &[1, 2, 3, 4]);
    let y = safetensors::read(&file, Some("y")).unwrap();
    assert_eq!((y.dtype(), &y.bytes()[..]), (Dtype::U8, &[3, 0, 255][..]));
    let error = |bytes: &[u8], name| safetensors::read(bytes, name).unwrap_err().to_string();
    assert!(error(&file, Some("z")).contains("it has: x, y"));
    assert!(error(&file, None).contains("it has: x, y"));
    let only = safetensors_file(&[("x", D::F32, vec![1], 1.0_f32.to_le_bytes().to_vec())]);
    assert_eq!(safetensors::read(&only, None).unwrap().get(0), Some(1.0));
    let nan = safetensors_file(&[("x", D::F32, vec![1], f32::NAN.to_le_bytes().to_vec())]);
    assert!(error(&nan, None).contains("NaN"));
    let tokens = [50_256_i64, -100].iter().flat_map(|x| x.to_le_bytes()).collect();
    let tokens = safetensors::read(&safetensors_file(&[("x", D::I64, vec![2], tokens)]), None).unwrap();
    assert_eq!((tokens.dtype(), tokens.get(0), tokens.get(1)), (Dtype::F32, Some(50_256.0), Some(-100.0)));
    let big = safetensors_file(&[("x", D::I64, vec![1], (i64::MIN + 5).to_le_bytes().to_vec())]);
    assert!(error(&big, None).contains("element 0 is -9223372036854775803"));
    let half = safetensors_file(&[("x", D::F16, vec![1], vec![0, 0])]);
    assert!(error(&half, None).contains("F16"));
    let scalar = safetensors_file(&[("x", D::U8, vec![], vec![0])]);
    assert!(error(&scalar, None).contains("dimensions"));
    for len in 0..file.len() {
        assert!(safetensors::read(&file[..len], Some("x")).is_err(), "cut to {len} bytes");
    }
    assert!(error(&u64::MAX.to_le_bytes(), None).contains("not a safetensors file"));
    for round in 0..2000 {
        let mut damaged = file.clone();
        let [place, value, ..] = philox(1, 3, round);
        let place = place as usize % damaged.len();
        damaged[place] = value as u8;
        let _ = safetensors::read(&damaged, Some("y"));
    }
}

#[test]
fn names_the_file_and_the_folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.idx");
    std::fs::write(&path, b"not idx!").unwrap();
    let error = DataTensor::read_file(&path, None).unwrap_err().to_string();
    assert!(error.contains("bad.idx") && error.contains("not an idx file"), "{error}");
    let roots = Roots::new([folder.path().into(), "/nowhere".into()]);
    assert_eq!(roots.find("bad.idx").unwrap(), path);
    let error = roots.find("none.idx").unwrap_err().to_string();
    assert!(error.contains("none.idx") && error.contains("/nowhere") && error.contains("scripts/datasets"), "{error}");
}

#[test]
fn flattens_rows_and_checks_roots() {
    let tensor = DataTensor::new(Dtype::U8, Shape::new(&[2, 2, 2]).unwrap(), vec![0; 8]).unwrap();
    assert_eq!(tensor.flattened().unwrap().shape().dims(), [2, 4]);
    let decl = tensor.decl("x").unwrap();
    assert!(DataTensor::of_decl(&decl, vec![0; 8]).is_ok());
    assert!(matches!(DataTensor::of_decl(&decl, vec![1; 8]), Err(DataError::Root { .. })));
    assert!(matches!(DataTensor::of_decl(&decl, vec![0; 7]), Err(DataError::Length { .. })));
}
