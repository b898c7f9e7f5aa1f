//! NPY, NPZ, IDX and safetensors.
use super::*;
use crate::data::import::elements::Elements;
use crate::data::import::npy;
use assay_core::graph::Dtype;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array file as NumPy writes it.
fn npy_file(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    npy_header(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"), data)
}

fn npy_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn npz_file(arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn array(bytes: &[u8]) -> Result<Column, ImportError> {
    npy::read(bytes, LIMIT)
}

fn error(bytes: &[u8]) -> String {
    array(bytes).unwrap_err().to_string()
}

#[test]
fn every_element_type() {
    let values = [1_i8, 2, 100];
    let of = |descr: &str, bytes: Vec<u8>| array(&npy_file(descr, false, "(3,)", &bytes)).unwrap().elements;
    let all = [
        ("|u1", values.iter().flat_map(|&x| (x as u8).to_le_bytes()).collect()),
        ("|i1", values.iter().flat_map(|&x| x.to_le_bytes()).collect()),
        ("<i2", values.iter().flat_map(|&x| i16::from(x).to_le_bytes()).collect()),
        (">i2", values.iter().flat_map(|&x| i16::from(x).to_be_bytes()).collect()),
        ("<u2", values.iter().flat_map(|&x| (x as u16).to_le_bytes()).collect()),
        ("<i4", values.iter().flat_map(|&x| i32::from(x).to_le_bytes()).collect()),
        ("<i8", values.iter().flat_map(|&x| i64::from(x).to_le_bytes()).collect()),
        ("<u8", values.iter().flat_map(|&x| (x as u64).to_le_bytes()).collect()),
        ("<f4", values.iter().flat_map(|&x| f32::from(x).to_le_bytes()).collect()),
        ("<f8", values.iter().flat_map(|&x| f64::from(x).to_le_bytes()).collect()),
        (">f8", values.iter().flat_map(|&x| f64::from(x).to_be_bytes()).collect::<Vec<u8>>()),
    ];
    for (descr, bytes) in all {
        assert_eq!(of(descr, bytes), Elements::Bytes(vec![1, 2, 100]), "{descr}");
    }
    assert_eq!(of("|b1", vec![0, 1, 1]), Elements::Bytes(vec![0, 1, 1]));
    assert_eq!(of("|i1", vec![0xff, 0x80, 1]), Elements::Floats(vec![-1.0, -128.0, 1.0]));
    let wide = [-1_i64, 1 << 40, 0].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(of("<i8", wide), Elements::Floats(vec![-1.0, (1_u64 << 40) as f32, 0.0]));
    let rounded = [0.1_f64, 2.0, 3.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(of("<f8", rounded), Elements::Floats(vec![0.1, 2.0, 3.0]));
}

#[test]
fn fortran_order_becomes_row_major() {
    // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)): the first index runs fastest.
    let bytes: Vec<u8> =
        (0..4).flat_map(|k| (0..3).flat_map(move |j| (0..2).map(move |i| i * 12 + j * 4 + k))).collect();
    let column = array(&npy_file("|u1", true, "(2, 3, 4)", &bytes)).unwrap();
    assert_eq!(column, Column { elements: Elements::Bytes((0..24).collect()), row: vec![3, 4] });
}

#[test]
fn malformed_arrays_are_errors() {
    assert!(error(b"").contains("not an npy array"));
    assert!(error(b"\x93NUMPX\x01\x00").contains("not an npy array"));
    assert!(error(b"\x93NUMPY\x09\x00\x00\x00").contains("version 9"));
    assert!(error(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").contains("at most 65536"));
    assert!(error(b"\x93NUMPY\x01\x00\xff\x00{").contains("too early"));
    for (header, expected) in [
        ("", "\"{\" expected"),
        ("{'descr'", "\":\" expected"),
        ("{'descr': '<f4'}", "no fortran_order"),
        ("{'descr': '<f4', 'fortran_order': False}", "no shape"),
        ("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", "\"False\" expected"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", "\")\" expected"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "isn't a dimension"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "behind it"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "\"more\" isn't known"),
        ("{'descr': '<f4", "without an end"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "dimensions"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}", "zero"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,)}", "2^40"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "\"|O\" isn't read"),
        ("{'descr': '<f2', 'fortran_order': False, 'shape': (1,)}", ".astype"),
        ("{'descr': '', 'fortran_order': False, 'shape': (1,)}", "isn't read"),
        ("{'descr': 'é4', 'fortran_order': False, 'shape': (1,)}", "isn't read"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "a record"),
    ] {
        let message = error(&npy_header(header, &[0; 4]));
        assert!(message.contains(expected), "{header}: {message}");
    }
    assert!(error(&npy_file("<f4", false, "(2,)", &[0; 7])).contains("8 bytes of data announced"));
    assert!(error(&npy_file("<f4", false, "(2,)", &[0; 9])).contains("more bytes than the 8"));
    assert!(error(&npy_file("<f4", false, "(1048577,)", &[])).contains("--max-bytes"));
    // Announces a million and holds nothing: nothing is allocated for it.
    assert!(error(&npy_file("<f8", false, "(1000000,)", &[])).contains("announced, 0 there"));
    let at = |descr: &str, bytes: &[u8]| error(&npy_file(descr, false, "(2,)", bytes));
    assert!(at("<f4", &[0.0, f32::NAN].map(f32::to_le_bytes).concat()).contains("element 1 is NaN"));
    assert!(at("<f8", &[0.0, 1e300].map(f64::to_le_bytes).concat()).contains("element 1 is 1000000"));
    assert!(at("<i8", &[0, (1_i64 << 24) + 1].map(i64::to_le_bytes).concat()).contains("element 1 is 16777217"));
    assert!(at("<u8", &[0, u64::MAX].map(u64::to_le_bytes).concat()).contains("can't hold exactly"));
    let many = npy_file("|u1", false, "(2, 2, 2, 2, 2, 2, 2)", &[0; 128]);
    assert!(error(&many).contains("dimensions"));
}

/// Runs an import of arrays.
fn run(
    train: &Path,
    labels: Option<&Path>,
    arrays: super::super::Arrays,
) -> Result<(tempfile::TempDir, Manifest), ImportError> {
    let out = tempfile::tempdir().unwrap();
    let mut import = import(train, Format::Arrays(arrays));
    import.train.labels = labels.map(Into::into);
    let manifest = import.run(out.path(), &quiet)?.manifest;
    Ok((out, manifest))
}

#[test]
fn archives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.npz");
    let images = npy_file("|u1", false, "(5, 2, 2)", &(0..20).collect::<Vec<u8>>());
    let labels = npy_file("<i8", false, "(5, 1)", &[0_i64, 1, 2, 3, 4].map(i64::to_le_bytes).concat());
    let named = |input: Option<&str>, label: Option<&str>| super::super::Arrays {
        input: input.map(Into::into),
        label: label.map(Into::into),
        ..super::super::Arrays::default()
    };
    let mut tensors = Vec::new();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let file = npz_file(&[("images", images.clone()), ("labels", labels.clone())], method);
        std::fs::write(&path, &file).unwrap();
        let (out, manifest) = run(&path, None, named(None, Some("labels"))).unwrap();
        assert_eq!(read(out.path(), "train-inputs").shape().dims(), [4, 2, 2]);
        assert_eq!(
            (read(out.path(), "train-labels").dtype(), &read(out.path(), "train-labels").bytes()[..]),
            (Dtype::U8, &[0, 1, 2, 3][..])
        );
        tensors.push(manifest.tensors);
        // Damaged anywhere: an error or the same, never a panic.
        for round in 0..100 {
            let mut damaged = file.clone();
            let [place, value, ..] = assay_core::arith::random::philox(1, 4, round);
            let place = place as usize % damaged.len();
            damaged[place] = value as u8;
            std::fs::write(&path, damaged).unwrap();
            let _ = run(&path, None, named(None, Some("labels")));
        }
        std::fs::write(&path, &file).unwrap();
    }
    assert_eq!(tensors[0], tensors[1], "packing makes no difference");
    let error = |arrays| plain(run(&path, None, arrays).unwrap_err()).to_string();
    assert!(error(named(None, None)).contains("several"));
    assert!(error(named(None, Some("label"))).contains("no array \"label\" in the archive; name the inputs"));
    assert!(error(named(Some("images"), None)).contains("--labels"));
    assert!(error(named(Some("pictures"), Some("labels"))).contains("no array \"pictures\""));
    // Test arrays in the same archive, as Keras has them.
    let file = ["x_train", "y_train", "x_test", "y_test"]
        .map(|name| (name, if name.starts_with('x') { images.clone() } else { labels.clone() }));
    std::fs::write(&path, npz_file(&file, CompressionMethod::Stored)).unwrap();
    let mut import = import(
        &path,
        Format::Arrays(super::super::Arrays {
            input: Some("x_train".into()),
            label: Some("y_train".into()),
            test_input: Some("x_test".into()),
            test_label: Some("y_test".into()),
        }),
    );
    import.test = Some(import.train.clone());
    import.options.selection.test_fraction = None;
    let manifest = import.run(&folder.path().join("out"), &quiet).unwrap().manifest;
    assert_eq!(manifest.tensors.test_inputs.shape.dims(), [5, 2, 2]);
}

#[test]
fn a_bomb_in_an_archive_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.npz");
    let zeros = npy_file("|u1", false, "(100000000,)", &vec![0; 100_000_000]);
    std::fs::write(&path, npz_file(&[("x", zeros)], CompressionMethod::Deflated)).unwrap();
    let named =
        |label: &str| super::super::Arrays { label: Some(label.into()), input: Some("x".into()), ..Default::default() };
    let mut import = import(&path, Format::Arrays(named("x")));
    assert!(matches!(plain(import.run(&folder.path().join("out"), &quiet).unwrap_err()), ImportError::TooLarge { .. }));
    import.max_bytes = DEFAULT_MAX_BYTES;
    assert!(matches!(plain(import.run(&folder.path().join("out"), &quiet).unwrap_err()), ImportError::Ratio { .. }));
}

#[test]
fn idx_and_safetensors_too() {
    let folder = tempfile::tempdir().unwrap();
    let [images, labels] = ["images-idx", "labels-idx"].map(|name| folder.path().join(name));
    std::fs::write(&images, [&[0, 0, 8, 2, 0, 0, 0, 5, 0, 0, 0, 2][..], &[9; 10]].concat()).unwrap();
    std::fs::write(&labels, [&[0, 0, 8, 1, 0, 0, 0, 5][..], &[0, 1, 2, 3, 4]].concat()).unwrap();
    let (out, manifest) = run(&images, Some(&labels), super::super::Arrays::default()).unwrap();
    assert_eq!(manifest.tensors.train_inputs.shape.dims(), [4, 2]);
    assert_eq!(manifest.sources.iter().map(|source| source.role).collect::<Vec<_>>(), [Role::Train, Role::TrainLabels]);
    // What an import wrote can be imported.
    let inputs = out.path().join("train-inputs.safetensors");
    let (_, again) =
        run(&inputs, Some(&out.path().join("train-labels.safetensors")), super::super::Arrays::default()).unwrap();
    assert_eq!(again.tensors.train_inputs.shape.dims(), [3, 2]);
    let error = plain(run(&inputs, Some(&labels), super::super::Arrays::default()).unwrap_err());
    assert!(matches!(error, ImportError::Rows { inputs: 4, labels: 5 }));
    std::fs::write(&images, b"GIF89a, not an array").unwrap();
    let error = plain(run(&images, Some(&labels), super::super::Arrays::default()).unwrap_err());
    assert!(matches!(error, ImportError::Data(DataError::NotIdx(_))), "{error}");
}

proptest! {
    /// What NumPy would write, in either order of bytes and of indices, comes back.
    #[test]
    fn round_trip(values in prop::collection::vec(-1e30_f64..1e30, 12), whole in any::<bool>(), big in any::<bool>(), fortran in any::<bool>()) {
        let values: Vec<f64> = values.iter().map(|x| if whole { (x.abs() % 256.0).floor() } else { *x }).collect();
        let place = |index: usize| if fortran { (index % 3) * 4 + index / 3 } else { index };
        let bytes: Vec<u8> = (0..12)
            .map(|index| values[place(index)])
            .flat_map(|x| if big { x.to_be_bytes() } else { x.to_le_bytes() })
            .collect();
        let column = array(&npy_file(if big { ">f8" } else { "<f8" }, fortran, "(3, 4)", &bytes)).unwrap();
        prop_assert_eq!(&column.row, &[4]);
        match column.elements {
            Elements::Bytes(got) => prop_assert_eq!(got.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), values),
            Elements::Floats(got) => prop_assert_eq!(got, values.iter().map(|&x| x as f32).collect::<Vec<_>>()),
        }
    }

    /// Whatever the bytes are: no panic, and no more memory than they justify.
    #[test]
    fn any_bytes(header in "[{}()\\[\\]:, '\"a-z0-9<>|]{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = array(&npy_header(&header, &bytes));
        let _ = array(&bytes);
    }
}
