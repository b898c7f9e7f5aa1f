//! Drops what a chain doesn't want in a contract.
use crate::ENTRY_POINTS;
use wasm_encoder::{EntityType, ExportKind, ExportSection, ImportSection, MemoryType, Module, RawSection};
use wasmparser::{Encoding, Parser, Payload, TypeRef};

/// The memory that the pallet's default schedule gives a contract, in pages of 64 KiB.
pub const MEMORY_PAGES: u64 = 16;

/// Drops custom sections and every export but the entry points, and caps the imported memory at [`MEMORY_PAGES`]. All
/// else stays as it is, byte for byte.
pub fn strip(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let refuse = |error: wasmparser::BinaryReaderError| format!("not WebAssembly: {error}");
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(refuse)?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } => return Err("a component, not a module".into()),
            Payload::CustomSection(_) => {}
            Payload::ImportSection(section) => {
                let mut imports = ImportSection::new();
                for import in section.clone().into_imports() {
                    let import = import.map_err(refuse)?;
                    imports.import(import.module, import.name, import_type(import.ty)?);
                }
                module.section(&imports);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for export in section.clone() {
                    let export = export.map_err(refuse)?;
                    if export.kind == wasmparser::ExternalKind::Func && ENTRY_POINTS.contains(&export.name) {
                        exports.export(export.name, ExportKind::Func, export.index);
                    }
                }
                module.section(&exports);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                    let data = data.and_then(|(start, end)| wasm.get(start..end)).ok_or("a section beyond the end")?;
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(module.finish())
}

/// An import as it was, but for the memory's limit.
fn import_type(ty: TypeRef) -> Result<EntityType, String> {
    match ty {
        TypeRef::Func(index) => Ok(EntityType::Function(index)),
        TypeRef::Memory(memory) => Ok(EntityType::Memory(MemoryType {
            minimum: memory.initial,
            maximum: Some(MEMORY_PAGES),
            memory64: memory.memory64,
            shared: memory.shared,
            page_size_log2: memory.page_size_log2,
        })),
        other => Err(format!("a contract can't import {other:?}")),
    }
}
