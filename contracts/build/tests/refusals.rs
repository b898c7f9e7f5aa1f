//! Each thing that a chain refuses, in a contract that is otherwise fine.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]
use contract_tool::{check, strip, Fault, MEMORY_PAGES, SIZE_LIMIT};

const MEMORY: &str = r#"(import "env" "memory" (memory 2 16))"#;
const ENTRIES: &str = r#"(func (export "call")) (func (export "deploy"))"#;

fn module(imports: &str, rest: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {imports} {rest})")).unwrap()
}

fn verdict(imports: &str, rest: &str) -> Result<(), Fault> {
    check(&module(imports, rest), SIZE_LIMIT)
}

/// A contract with this function in it is refused by the engine.
fn engine_refuses(function: &str) {
    let verdict = verdict(MEMORY, &format!("{ENTRIES} {function}"));
    assert!(matches!(verdict, Err(Fault::Invalid(_))), "{function}: {verdict:?}");
}

#[test]
fn a_plain_contract_passes() {
    let imports = format!(
        r#"(import "seal0" "input" (func (param i32 i32))) (import "seal0" "seal_return" (func (param i32 i32 i32))) {MEMORY}"#
    );
    let rest = format!(
        "{ENTRIES} (table 1 1 funcref) (elem (i32.const 0) 0) (global (mut i32) (i32.const 65536))
         (func (param i32) (result i32) (i32.extend8_s (local.get 0)))"
    );
    assert_eq!(verdict(&imports, &rest), Ok(()));
    assert_eq!(verdict(MEMORY, r#"(func (export "call") (result i32) i32.const 0) (func (export "deploy"))"#), Ok(()));
}

#[test]
fn floats() {
    engine_refuses("(func (param f32))");
    engine_refuses("(func (result i32) (i32.trunc_f64_s (f64.const 1)))");
    engine_refuses("(func (local f64))");
    engine_refuses("(func (result i32) (i32.trunc_sat_f32_s (f32.const 1)))");
    engine_refuses("(global f32 (f32.const 0))");
}

#[test]
fn what_came_after_webassembly_1() {
    engine_refuses("(func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)))");
    engine_refuses("(func (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)))");
    engine_refuses("(func (result i32 i32) i32.const 0 i32.const 1)");
    engine_refuses("(func $f (return_call $f))");
    engine_refuses("(func (param externref))");
    engine_refuses("(table 1 1 externref)");
    engine_refuses("(table 1 1 funcref) (table 1 1 funcref)");
    engine_refuses("(func (param v128))");
    engine_refuses("(global i32 (i32.add (i32.const 1) (i32.const 2)))");
    engine_refuses("(func (drop (i32.atomic.load (i32.const 0))))");
    engine_refuses("(tag)");
}

#[test]
fn imports() {
    let with = |import: &str| verdict(&format!("{import} {MEMORY}"), ENTRIES);
    for name in [
        "seal0.seal_random",
        "seal1.gas_left",
        "seal0.call_chain_extension",
        "env.input",
        "seal0.set_transient_storage",
    ] {
        let (host, function) = name.split_once('.').unwrap();
        let refused = with(&format!(r#"(import "{host}" "{function}" (func))"#));
        assert_eq!(refused, Err(Fault::UnknownImport(name.into())));
    }
    assert_eq!(with(r#"(import "env" "table" (table 1 funcref))"#), Err(Fault::ForbiddenImport("env.table".into())));
    assert_eq!(with(r#"(import "env" "x" (global i32))"#), Err(Fault::ForbiddenImport("env.x".into())));
    assert_eq!(with(r#"(import "env" "memory" (memory 1 1))"#), Err(Fault::ForbiddenImport("env.memory".into())));
}

#[test]
fn memory() {
    assert_eq!(verdict("", ENTRIES), Err(Fault::NoMemory));
    assert_eq!(verdict("", &format!("(memory 2 16) {ENTRIES}")), Err(Fault::OwnMemory));
    assert_eq!(verdict(MEMORY, &format!("(memory 2 16) {ENTRIES}")), Err(Fault::OwnMemory));
    assert_eq!(verdict(r#"(import "env" "memory" (memory 2))"#, ENTRIES), Err(Fault::Memory { maximum: None }));
    let refused = verdict(r#"(import "env" "memory" (memory 2 17))"#, ENTRIES);
    assert_eq!(refused, Err(Fault::Memory { maximum: Some(17) }));
    assert!(matches!(verdict(r#"(import "env" "memory" (memory 17 16))"#, ENTRIES), Err(Fault::Invalid(_))));
    let refused = verdict(r#"(import "host" "memory" (memory 2 16))"#, ENTRIES);
    assert_eq!(refused, Err(Fault::ForbiddenImport("host.memory".into())));
}

#[test]
fn exports() {
    let with = |export: &str| verdict(MEMORY, &format!("{ENTRIES} {export}"));
    assert_eq!(with(r#"(func (export "sneak"))"#), Err(Fault::ExtraExport("sneak".into())));
    assert_eq!(with(r#"(export "memory" (memory 0))"#), Err(Fault::ExtraExport("memory".into())));
    assert_eq!(
        with(r#"(global (export "__heap_base") i32 (i32.const 1))"#),
        Err(Fault::ExtraExport("__heap_base".into()))
    );
    assert_eq!(verdict(MEMORY, r#"(func (export "call"))"#), Err(Fault::MissingExport("deploy")));
    assert_eq!(verdict(MEMORY, r#"(func (export "deploy"))"#), Err(Fault::MissingExport("call")));
    let refused = verdict(MEMORY, r#"(func (export "call") (param i32)) (func (export "deploy"))"#);
    assert_eq!(refused, Err(Fault::Signature("call".into())));
    let refused = verdict(MEMORY, r#"(func (export "call")) (func (export "deploy") (result i64) i64.const 0)"#);
    assert_eq!(refused, Err(Fault::Signature("deploy".into())));
}

#[test]
fn size() {
    let contract = module(MEMORY, &format!(r#"{ENTRIES} (data (i32.const 0) "{}")"#, "x".repeat(1_000)));
    assert_eq!(check(&contract, contract.len()), Ok(()));
    let size = contract.len();
    assert_eq!(check(&contract, size - 1), Err(Fault::Size { size, limit: size - 1 }));
}

#[test]
fn not_webassembly() {
    assert!(matches!(check(b"", SIZE_LIMIT), Err(Fault::Invalid(_))));
    assert!(matches!(check(b"\0asm\x01\0\0\0\xff\x01\0", SIZE_LIMIT), Err(Fault::Invalid(_))));
    let component = wat::parse_str("(component)").unwrap();
    assert!(matches!(check(&component, SIZE_LIMIT), Err(Fault::Invalid(_)) | Err(Fault::NoMemory)));
    assert!(strip(&component).is_err());
    assert!(strip(b"text").is_err());
}

#[test]
fn stripping_mends_what_a_linker_leaves() {
    let linked = module(
        r#"(import "env" "memory" (memory 2))"#,
        &format!(
            r#"{ENTRIES} (func $named (export "__ink_helper") (nop)) (export "memory" (memory 0))
               (global (export "__heap_base") i32 (i32.const 1)) (data (i32.const 7) "kept")"#
        ),
    );
    assert!(check(&linked, SIZE_LIMIT).is_err());
    let stripped = strip(&linked).unwrap();
    assert_eq!(check(&stripped, SIZE_LIMIT), Ok(()));
    assert_eq!(strip(&stripped).unwrap(), stripped, "a second time changes nothing");
    let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(&linked, b"named") && !holds(&stripped, b"named"), "names are a custom section");
    assert!(holds(&stripped, b"kept"));
    // The memory keeps its start and gets a limit: flags 1, minimum 2, maximum 16.
    assert!(holds(&stripped, &[b'y', 2, 1, 2, u8::try_from(MEMORY_PAGES).unwrap()]));
}
