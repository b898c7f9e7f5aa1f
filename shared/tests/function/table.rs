//! The tables themselves.
use assay_core::graph::function::{constant, source, Function, Source, CONSTANTS, MAX_ROWS};
use codec::{Decode, Encode};
use std::collections::BTreeSet;

#[test]
fn rows_name_only_what_is_there() {
    let mut constants = BTreeSet::new();
    for &function in Function::ALL {
        let rows = function.rows();
        assert!((1..=MAX_ROWS).contains(&rows.len()), "{function:?}");
        let (mut inputs, mut params, mut read) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (i, (prim, args)) in rows.iter().enumerate() {
            for &arg in &args[..prim.arity()] {
                match source(arg) {
                    Source::Row(row) => {
                        assert!(usize::from(row) < i, "{function:?}, row {i}");
                        read.insert(usize::from(row));
                    }
                    Source::Input(input) => _ = inputs.insert(input),
                    Source::Param(param) => _ = params.insert(param),
                    Source::Column => {}
                    Source::Const(_) => _ = constants.insert(arg),
                }
            }
            assert!(args[prim.arity()..].iter().all(|&arg| arg == 112), "{function:?}, row {i}");
        }
        assert!(inputs.into_iter().eq(0..function.arity()), "{function:?}: inputs");
        assert!(params.into_iter().eq(0..function.params()), "{function:?}: parameters");
        assert!(read.into_iter().eq(0..rows.len() - 1), "{function:?}: a value that nobody reads");
    }
    assert_eq!(constants.len(), CONSTANTS.len(), "a constant that nobody reads");
    assert!(constants.into_iter().map(usize::from).eq(112..112 + CONSTANTS.len()));
    assert!(constant(112).is_zero() && constant(255).is_nan());
    let distinct: BTreeSet<u32> = CONSTANTS.iter().map(|value| value.0).collect();
    assert_eq!(distinct.len(), CONSTANTS.len());
}

#[test]
fn tags_and_names() {
    let names: BTreeSet<&str> = Function::ALL.iter().map(|function| function.name()).collect();
    assert_eq!(names.len(), Function::ALL.len());
    for (tag, &function) in (0..).zip(Function::ALL) {
        assert_eq!((function.tag(), Function::of_tag(tag)), (tag, Some(function)));
        assert_eq!(function.encode(), [tag]);
        assert_eq!(Function::decode(&mut &[tag][..]).unwrap(), function);
        let camel: String = function.name().split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert_eq!(camel, format!("{function:?}"));
    }
    assert_eq!(Function::of_tag(Function::ALL.len() as u8), None);
    assert_eq!(Function::of_tag(255), None);
}

/// All rows and constants. Another hash is another protocol.
#[test]
fn golden() {
    let mut bytes = Vec::new();
    for &function in Function::ALL {
        for &(prim, args) in function.rows() {
            bytes.push(prim as u8);
            bytes.extend(args);
        }
        bytes.push(255);
    }
    bytes.extend(CONSTANTS.iter().flat_map(|value| value.to_le_bytes()));
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "f5be3cbedb312b1a08f5c3dc3c01b96644c5f52d2916e154bd748a2e832f1ab9"
    );
}

/// The list in the documentation.
#[test]
fn documented() {
    let page = std::fs::read_to_string(
        std::path::Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../docs/src/arithmetic.md"),
    )
    .unwrap();
    for &function in Function::ALL {
        let (name, rows) = (function.name(), function.rows().len());
        let line = format!("| `{name}` | {} | {} | {rows} |", function.arity(), function.params());
        assert!(page.contains(&line), "docs/src/arithmetic.md lacks {line}");
    }
    let total: usize = Function::ALL.iter().map(|function| function.rows().len()).sum();
    let line = format!("{} functions, {total} rows, {} constants", Function::ALL.len(), CONSTANTS.len());
    assert!(page.contains(&line), "docs/src/arithmetic.md lacks {line}");
}
