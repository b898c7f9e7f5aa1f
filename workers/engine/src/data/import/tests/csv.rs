//! CSV: what is read, and what is said about the rest.
use super::*;
use crate::data::import::elements::Elements;

fn parse(csv: &super::super::Csv, text: &str) -> Result<Table, ImportError> {
    csv.parse(text.as_bytes(), LIMIT)
}

fn floats(column: &Column) -> Vec<f32> {
    match &column.elements {
        Elements::Bytes(bytes) => bytes.iter().map(|&byte| byte.into()).collect(),
        Elements::Floats(floats) => floats.clone(),
    }
}

#[test]
fn columns_by_name_and_number() {
    let text = "\u{feff}a, b ,label\r\n1,2.5,3\r\n\r\n\"4\",-5e-1 ,6\r\n";
    let table = parse(&csv_format("label"), text).unwrap();
    assert_eq!((floats(&table.inputs), table.inputs.row.as_slice()), (vec![1.0, 2.5, 4.0, -0.5], &[2][..]));
    assert_eq!(floats(table.labels.numbers.as_ref().unwrap()), [3.0, 6.0]);
    for label in ["2", "-1"] {
        assert_eq!(floats(&parse(&csv_format(label), text).unwrap().inputs), [1.0, 2.5, 4.0, -0.5]);
    }
    let chosen = super::super::Csv { columns: Some(vec!["b".into(), "0".into()]), ..csv_format("label") };
    assert_eq!(floats(&parse(&chosen, text).unwrap().inputs), [2.5, 1.0, -0.5, 4.0]);
    let bare = super::super::Csv { header: false, delimiter: ';', ..csv_format("0") };
    let table = parse(&bare, "7;1;2\n8;255;0\n").unwrap();
    assert_eq!(table.inputs.elements, Elements::Bytes(vec![1, 2, 255, 0]), "bytes stay bytes");
    let table = parse(&bare, "7;1;2\n8;256;0\n").unwrap();
    assert_eq!(table.inputs.elements, Elements::Floats(vec![1.0, 2.0, 256.0, 0.0]));
}

#[test]
fn labels_are_numbers_or_sorted_names() {
    let resolve = |text: &str, named| {
        let table = parse(&csv_format("y"), &format!("x,y\n{text}")).unwrap();
        let resolved = classes::resolve(table.labels, None, named).unwrap();
        (floats(&resolved.train), resolved.classes)
    };
    assert_eq!(resolve("0,10\n0,9\n", false), (vec![10.0, 9.0], None));
    assert_eq!(resolve("0,1.5\n0,-1\n", false), (vec![1.5, -1.0], None));
    assert_eq!(resolve("0,10\n0,9\n", true), (vec![1.0, 0.0], Some(vec!["9".into(), "10".into()])));
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    assert_eq!(resolve("0,ox\n0,ant\n0,ox\n", false), (vec![1.0, 0.0, 1.0], names(&["ant", "ox"])));
    assert_eq!(resolve("0,2\n0,ant\n", false), (vec![0.0, 1.0], names(&["2", "ant"])));
    let many: String = (0..300).map(|i| format!("0,{i}\n")).collect();
    assert_eq!(resolve(&many, false).0.len(), 300, "numbers may be many");
    let table = parse(&csv_format("y"), &format!("x,y\n{many}")).unwrap();
    assert!(matches!(classes::resolve(table.labels, None, true), Err(ImportError::TooManyClasses { .. })));
    let many: String = (0..300).map(|i| format!("0,n{i}\n")).collect();
    assert!(matches!(parse(&csv_format("y"), &format!("x,y\n{many}")), Err(ImportError::TooManyClasses { .. })));
}

#[test]
fn malformed_tables_are_errors_that_name_the_line() {
    let error = |text: &str| parse(&csv_format("y"), text).unwrap_err().to_string();
    assert!(error("x,y\n1,2\n1,2,3\n").contains("line 3 has 3 fields, the first line has 2"));
    assert!(error("x,y\n\"1\n\",2\n1\n").contains("line 4 has 1 fields"), "a field of two lines counts as two");
    assert!(error("x,y\n1,2\nred,3\n").contains("line 3, column \"x\": \"red\" is not a number"));
    assert!(error("x,y\n,3\n").contains("line 2, column \"x\": \"\" is not a number"));
    for bad in ["nan", "inf", "-Infinity", "1e99"] {
        let message = error(&format!("x,y\n1,2\n{bad},3\n"));
        assert!(message.contains("line 3") && message.contains("not a finite"), "{message}");
        let message = error(&format!("x,y\n1,2\n1,{bad}\n"));
        assert!(message.contains("line 3, column \"y\"") && message.contains("not a finite"), "{message}");
    }
    assert!(error("x,y\n1,\n").contains("line 2 has no label"));
    assert!(error("x,z\n1,2\n").contains("there is no column \"y\"; columns by name or by number from 0: x, z"));
    assert!(error("y,x,y\n1,2,3\n").contains("2 columns are called \"y\""));
    assert!(error("1,2\n3,4\n").contains("--no-header"));
    assert!(error("y\n1\n").contains("at least one other column"));
    assert!(error("x,y\n").contains("no rows"));
    assert!(error("").contains("no rows"));
    let of = |columns: &[&str]| {
        let columns = Some(columns.iter().map(|&column| column.into()).collect());
        parse(&super::super::Csv { columns, ..csv_format("y") }, "x,y\n1,2\n").unwrap_err().to_string()
    };
    assert!(of(&["x", "y"]).contains("can't be an input too"));
    assert!(of(&["7"]).contains("there is no column \"7\""));
    assert!(of(&["-3"]).contains("there is no column \"-3\""));
    let bytes = csv_format("y").parse(&b"x,y\n1,2\n1,\xff\n"[..], LIMIT).unwrap_err().to_string();
    assert!(bytes.contains("line 3 isn't utf-8"), "{bytes}");
    let delimiter = super::super::Csv { delimiter: '→', ..csv_format("y") };
    assert!(parse(&delimiter, "x,y\n").unwrap_err().to_string().contains("one byte"));
    assert!(matches!(csv_format("y").parse(&b"x,y\n1,2\n3,4\n"[..], 1), Err(ImportError::TooLarge { max: 1 })));
}

proptest! {
    /// Any finite numbers, as Rust prints them, come back as they were; bytes if all are.
    #[test]
    fn round_trip(rows in prop::collection::vec((any::<f32>(), any::<u8>(), any::<bool>()), 1..20)) {
        let mut text = String::from("a,b,y\n");
        let mut expected = Vec::new();
        for (float, byte, small) in rows {
            let a = if small || !float.is_finite() { byte.into() } else { float };
            text += &format!("{a:?},{byte},{byte}\n");
            expected.extend([a, byte.into()]);
        }
        let table = parse(&csv_format("y"), &text).unwrap();
        prop_assert_eq!(floats(&table.inputs), expected.clone());
        let bytes = expected.iter().all(|x| x.fract() == 0.0 && (0.0..=255.0).contains(x));
        prop_assert_eq!(matches!(table.inputs.elements, Elements::Bytes(_)), bytes);
    }

    /// Whatever the bytes are: no panic.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
        let csv = super::super::Csv { header, ..csv_format("0") };
        let _ = csv.parse(bytes.as_slice(), LIMIT);
    }
}
