//! Whole imports; each format has a file of its own.
mod arrays;
mod csv;
mod images;
mod text;

use super::*;
use crate::data::{DataError, DataTensor};
use proptest::prelude::*;

const LIMIT: u64 = 1 << 20;

fn quiet(_: Stage, _: u64, _: u64) {}

/// An error without its file.
fn plain(error: ImportError) -> ImportError {
    match error {
        ImportError::File { error, .. } => plain(*error),
        error => error,
    }
}

/// An import with the last fifth as test rows.
fn import(path: impl Into<PathBuf>, format: Format) -> Import {
    Import {
        train: Inputs { inputs: path.into(), labels: None },
        test: None,
        vocabulary: None,
        options: Options { format, selection: Selection { test_fraction: Some(0.2), ..Selection::default() } },
        max_bytes: LIMIT,
    }
}

fn csv_format(label: &str) -> super::Csv {
    super::Csv { header: true, delimiter: ',', label: label.into(), columns: None, classes: false }
}

fn read(folder: &Path, name: &str) -> DataTensor {
    DataTensor::read_file(&folder.join(format!("{name}.safetensors")), None).unwrap()
}

/// A folder with a table of ten rows: i, i/2 and the parity's name.
fn table() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let rows = (0..10).map(|i| format!("{i},{},{}\n", f64::from(i) / 2.0, ["even", "odd"][i as usize % 2]));
    std::fs::write(&path, format!("a,b,kind\n{}", rows.collect::<String>())).unwrap();
    (folder, path)
}

#[test]
fn writes_what_a_task_reads() {
    let (folder, path) = table();
    let out = folder.path().join("made/data");
    let outcome = import(&path, Format::Csv(csv_format("kind"))).run(&out, &quiet).unwrap();
    assert!(!outcome.unchanged);
    let manifest = outcome.manifest;
    for (name, tensor) in manifest.tensors.all() {
        let there = read(&out, name);
        assert_eq!((there.dtype(), there.shape(), there.root()), (tensor.dtype, tensor.shape, tensor.root), "{name}");
        assert_eq!(tensor.file, format!("{name}.safetensors"));
    }
    let inputs = read(&out, "train-inputs");
    assert_eq!((inputs.dtype(), inputs.shape().dims()), (assay_core::graph::Dtype::F32, &[8, 2][..]));
    assert_eq!((inputs.get(14), inputs.get(15)), (Some(7.0), Some(3.5)));
    assert_eq!(&read(&out, "test-labels").bytes()[..], [0, 1]);
    assert_eq!((manifest.tensors.train_inputs.range, manifest.tensors.test_inputs.range), ([0.0, 7.0], [4.0, 9.0]));
    assert_eq!(manifest.classes.as_deref(), Some(&["even".to_owned(), "odd".into()][..]));
    assert_eq!(manifest.counts, Some(Counts { train: vec![4, 4], test: vec![1, 1] }));
    assert_eq!(Manifest::read(&out).unwrap(), manifest);
    let source = &manifest.sources[0];
    assert_eq!(source.blake3, crate::bytes::hash_bytes(&std::fs::read(&path).unwrap()));
    assert_eq!((source.role, source.files, source.bytes), (Role::Train, 1, std::fs::metadata(&path).unwrap().len()));
    let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "no temporary file is left: {left:?}");
}

#[test]
fn does_nothing_twice_and_the_same_everywhere() {
    let (folder, path) = table();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let mut import = import(&path, Format::Csv(csv_format("kind")));
    import.options.selection.shuffle = Some(7);
    let first = import.run(&one, &quiet).unwrap();
    let files = || {
        ["manifest.json", "train-inputs.safetensors"].map(|file| one.join(file).metadata().unwrap().modified().unwrap())
    };
    let before = files();
    let again = import.run(&one, &quiet).unwrap();
    assert_eq!((again.unchanged, &again.manifest, files()), (true, &first.manifest, before));
    // Elsewhere, from a copy of the source: the same bytes.
    let copy = folder.path().join("copy.csv");
    std::fs::copy(&path, &copy).unwrap();
    let mut of_copy = import.clone();
    of_copy.train.inputs = copy.clone();
    assert!(of_copy.run(&one, &quiet).unwrap().unchanged);
    of_copy.run(&two, &quiet).unwrap();
    for (name, _) in first.manifest.tensors.all() {
        let bytes = |folder: &Path| std::fs::read(folder.join(format!("{name}.safetensors"))).unwrap();
        assert_eq!(bytes(&one), bytes(&two), "{name}");
    }
    // Other options, another source, a damaged or a missing file: made anew.
    import.options.selection.shuffle = Some(8);
    let shuffled = import.run(&one, &quiet).unwrap();
    assert!(!shuffled.unchanged);
    assert_ne!(shuffled.manifest.tensors, first.manifest.tensors);
    let mut damaged = std::fs::read(one.join("test-labels.safetensors")).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(one.join("test-labels.safetensors"), damaged).unwrap();
    assert!(!import.run(&one, &quiet).unwrap().unchanged);
    assert!(import.run(&one, &quiet).unwrap().unchanged);
    std::fs::remove_file(one.join("test-labels.safetensors")).unwrap();
    assert!(!import.run(&one, &quiet).unwrap().unchanged);
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("9,4.5", "9,4.25")).unwrap();
    assert!(!import.run(&one, &quiet).unwrap().unchanged);
}

#[test]
fn leaves_files_of_others_alone() {
    let (folder, path) = table();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("train-inputs.safetensors"), "mine").unwrap();
    let import = import(&path, Format::Csv(csv_format("kind")));
    let error = import.run(&out, &quiet).unwrap_err();
    assert!(matches!(error, ImportError::Occupied(_)), "{error}");
    assert!(error.to_string().contains("--out"));
    assert_eq!(std::fs::read(out.join("train-inputs.safetensors")).unwrap(), b"mine");
    std::fs::remove_file(out.join("train-inputs.safetensors")).unwrap();
    std::fs::write(out.join(MANIFEST), "{\"of\": \"something else\"}").unwrap();
    assert!(matches!(import.run(&out, &quiet).unwrap_err(), ImportError::Occupied(_)));
}

#[test]
fn a_failed_import_keeps_the_last_one() {
    let (folder, path) = table();
    let out = folder.path().join("out");
    let import = import(&path, Format::Csv(csv_format("kind")));
    let manifest = import.run(&out, &quiet).unwrap().manifest;
    std::fs::write(&path, "a,b,kind\n1,2\n").unwrap();
    assert!(matches!(
        plain(import.run(&out, &quiet).unwrap_err()),
        ImportError::Ragged { line: 2, expected: 3, got: 2 }
    ));
    assert_eq!(Manifest::read(&out).unwrap(), manifest);
    assert!(manifest.holds(&out));
}

#[test]
fn a_test_set_of_its_own_shares_type_and_classes() {
    let folder = tempfile::tempdir().unwrap();
    let [train, test] = ["train.csv", "test.csv"].map(|name| folder.path().join(name));
    std::fs::write(&train, "x,y\n1,b\n2,c\n").unwrap();
    std::fs::write(&test, "x,y\n0.5,a\n7,b\n").unwrap();
    let mut import = import(&train, Format::Csv(csv_format("y")));
    import.test = Some(Inputs { inputs: test.clone(), labels: None });
    let out = folder.path().join("out");
    assert!(matches!(import.run(&out, &quiet).unwrap_err(), ImportError::TwoTests));
    import.options.selection.test_fraction = None;
    let manifest = import.run(&out, &quiet).unwrap().manifest;
    assert_eq!(manifest.classes.as_deref(), Some(&["a".to_owned(), "b".into(), "c".into()][..]));
    assert_eq!(&read(&out, "train-labels").bytes()[..], [1, 2]);
    assert_eq!(&read(&out, "test-labels").bytes()[..], [0, 1]);
    assert_eq!(read(&out, "train-inputs").dtype(), read(&out, "test-inputs").dtype());
    assert_eq!(manifest.missing(), [(true, "a".to_owned()), (false, "c".into())]);
    std::fs::write(&test, "x,z,y\n1,2,a\n").unwrap();
    let error = import.run(&out, &quiet).unwrap_err();
    assert!(matches!(error, ImportError::RowShape { what: "inputs", .. }), "{error}");
    import.test = None;
    assert!(matches!(import.run(&out, &quiet).unwrap_err(), ImportError::NoTest));
}

#[test]
fn limits_hold() {
    let (folder, path) = table();
    let mut import = import(&path, Format::Csv(csv_format("kind")));
    import.max_bytes = 40;
    let error = import.run(&folder.path().join("out"), &quiet).unwrap_err();
    assert!(matches!(plain(error), ImportError::TooLarge { max: 40 }));
    // A megabyte that unpacks to a gibibyte.
    use std::io::Write;
    let bomb = folder.path().join("bomb.csv.gz");
    let mut file = flate2::write::GzEncoder::new(std::fs::File::create(&bomb).unwrap(), flate2::Compression::best());
    for _ in 0..128 {
        file.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    }
    file.finish().unwrap();
    import.train.inputs = bomb;
    import.max_bytes = DEFAULT_MAX_BYTES;
    let error = import.run(&folder.path().join("out"), &quiet).unwrap_err();
    assert!(matches!(plain(error), ImportError::Ratio { .. }));
    import.train.inputs = "/dev/zero".into();
    assert!(matches!(plain(import.run(&folder.path().join("out"), &quiet).unwrap_err()), ImportError::NotFile));
    import.train.inputs = folder.path().join("nowhere.csv");
    let error = import.run(&folder.path().join("out"), &quiet).unwrap_err();
    assert!(error.to_string().contains("nowhere.csv"), "{error}");
}

#[test]
fn rows_are_divided() {
    let plan = |selection: Selection, rows| selection.plan(rows, false).map(|plan| (plan.train, plan.test));
    let of = |fraction| Selection { test_fraction: Some(fraction), ..Selection::default() };
    assert_eq!(plan(of(0.25), 8).unwrap(), (0..6, 6..8));
    assert_eq!(plan(of(0.001), 8).unwrap(), (0..7, 7..8));
    assert_eq!(plan(of(0.999), 8).unwrap(), (0..1, 1..8));
    assert_eq!(plan(Selection { rows: Some(4), ..of(0.5) }, 8).unwrap(), (0..2, 2..4));
    assert!(matches!(plan(of(0.5), 1).unwrap_err(), ImportError::TooFewRows { rows: 1 }));
    for bad in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(plan(of(bad), 8).unwrap_err(), ImportError::Fraction(_)));
    }
    let shuffled = Selection { shuffle: Some(3), ..of(0.5) }.plan(100, false).unwrap();
    let mut rows: Vec<u64> = (0..100).map(|place| shuffled.row(place)).collect();
    assert_eq!(rows[0], assay_core::arith::random::permute(3, 100, 0));
    assert_ne!(rows, (0..100).collect::<Vec<_>>());
    rows.sort_unstable();
    assert_eq!(rows, (0..100).collect::<Vec<_>>());
}
