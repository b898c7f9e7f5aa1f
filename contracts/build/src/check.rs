//! What pallet-contracts 51 (wasmi 0.32) refuses in a contract, found here instead of on a chain.
use crate::{host, ENTRY_POINTS, MEMORY_PAGES};
use std::fmt;
use wasmparser::{CompositeInnerType, ExternalKind, Parser, Payload, TypeRef, ValType, Validator, WasmFeatures};

/// The features that the pallet switches on: of all that came after WebAssembly 1.0, sign extension alone; and of 1.0
/// all but floats. (`GC_TYPES` is how wasmparser names its own support for any reference, a table's included.)
const FEATURES: WasmFeatures = WasmFeatures::SIGN_EXTENSION.union(WasmFeatures::GC_TYPES);

/// Why a contract is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a module that the chain's engine runs: floats, bulk memory, more than one result, …
    Invalid(String),
    /// The host has no such function, or it isn't a stable one.
    UnknownImport(String),
    /// A table or a global is imported, or the memory under another name or twice.
    ForbiddenImport(String),
    /// There must be an imported memory: contracts don't bring their own.
    OwnMemory,
    /// No memory is imported.
    NoMemory,
    /// The memory may grow beyond what the chain gives, or has no limit.
    Memory {
        /// Its pages at most.
        maximum: Option<u64>,
    },
    /// Something else than the entry points is exported.
    ExtraExport(String),
    /// An entry point is missing.
    MissingExport(&'static str),
    /// An entry point isn't a function without parameters that returns nothing or an i32.
    Signature(String),
    /// It's larger than it may be.
    Size {
        /// Bytes.
        size: usize,
        /// How many it may be.
        limit: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Invalid(reason) => write!(f, "the chain's engine refuses it: {reason}"),
            Fault::UnknownImport(name) => write!(f, "imports {name}, which is no stable function of pallet-contracts"),
            Fault::ForbiddenImport(name) => {
                write!(f, "imports {name}: only functions and one env.memory may be imported")
            }
            Fault::OwnMemory => write!(f, "has a memory of its own (link with --import-memory)"),
            Fault::NoMemory => write!(f, "imports no memory (link with --import-memory)"),
            Fault::Memory { maximum: Some(pages) } => {
                write!(f, "its memory may grow to {pages} pages, a contract's may to {MEMORY_PAGES}")
            }
            Fault::Memory { maximum: None } => {
                write!(f, "its memory has no limit, a contract's is {MEMORY_PAGES} pages")
            }
            Fault::ExtraExport(name) => write!(f, "exports {name}: only call and deploy may be exported"),
            Fault::MissingExport(name) => write!(f, "doesn't export {name}"),
            Fault::Signature(name) => write!(f, "{name} must take nothing and return nothing or an i32"),
            Fault::Size { size, limit } => write!(
                f,
                "is {size} bytes, {} more than the limit of {limit}: find what is large with \
                 `twiggy top` or `wasm-opt --metrics`; formatting, panics with text and duplicate generics are usual",
                size.saturating_sub(*limit)
            ),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether a chain with a stock pallet-contracts 51 takes this contract, and whether it's at most `limit` bytes.
pub fn check(wasm: &[u8], limit: usize) -> Result<(), Fault> {
    // What the format itself allows comes last, so that a contract linked wrongly hears the cause, not a consequence.
    let module = Interface::read(wasm)?;
    module.check_imports()?;
    module.check_exports()?;
    Validator::new_with_features(FEATURES).validate_all(wasm).map_err(|error| Fault::Invalid(error.to_string()))?;
    if wasm.len() > limit {
        return Err(Fault::Size { size: wasm.len(), limit });
    }
    Ok(())
}

/// What of a module can be seen from outside.
#[derive(Default)]
struct Interface {
    /// Whether the function type is one that an entry point may have, by type index.
    entry_types: Vec<bool>,
    /// Type of each function, imported ones first.
    functions: Vec<u32>,
    imports: Vec<(String, String, TypeRef)>,
    exports: Vec<(String, ExternalKind, u32)>,
    own_memory: bool,
}

impl Interface {
    fn read(wasm: &[u8]) -> Result<Self, Fault> {
        let mut module = Interface::default();
        module.collect(wasm).map_err(|error| Fault::Invalid(error.to_string()))?;
        Ok(module)
    }

    fn collect(&mut self, wasm: &[u8]) -> wasmparser::Result<()> {
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        self.entry_types.extend(group?.types().map(|ty| match &ty.composite_type.inner {
                            CompositeInnerType::Func(function) => {
                                function.params().is_empty() && matches!(function.results(), [] | [ValType::I32])
                            }
                            _ => false,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(ty) = import.ty {
                            self.functions.push(ty);
                        }
                        self.imports.push((import.module.into(), import.name.into(), import.ty));
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        self.functions.push(ty?);
                    }
                }
                Payload::MemorySection(_) => self.own_memory = true,
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        self.exports.push((export.name.into(), export.kind, export.index));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_imports(&self) -> Result<(), Fault> {
        if self.own_memory {
            return Err(Fault::OwnMemory);
        }
        let mut memories = 0_u32;
        for (module, name, ty) in &self.imports {
            match ty {
                TypeRef::Func(_) if host::offers(module, name) => {}
                TypeRef::Func(_) => return Err(Fault::UnknownImport(format!("{module}.{name}"))),
                TypeRef::Memory(memory) if memories == 0 && module == "env" && name == "memory" => {
                    memories = 1;
                    if memory.maximum.is_none_or(|pages| pages > MEMORY_PAGES) {
                        return Err(Fault::Memory { maximum: memory.maximum });
                    }
                }
                _ => return Err(Fault::ForbiddenImport(format!("{module}.{name}"))),
            }
        }
        if memories == 0 {
            return Err(Fault::NoMemory);
        }
        Ok(())
    }

    fn check_exports(&self) -> Result<(), Fault> {
        for (name, kind, index) in &self.exports {
            if *kind != ExternalKind::Func || !ENTRY_POINTS.contains(&name.as_str()) {
                return Err(Fault::ExtraExport(name.clone()));
            }
            let ty = usize::try_from(*index).ok().and_then(|index| self.functions.get(index));
            let fits = ty.and_then(|ty| usize::try_from(*ty).ok()).and_then(|ty| self.entry_types.get(ty));
            if fits != Some(&true) {
                return Err(Fault::Signature(name.clone()));
            }
        }
        for name in ENTRY_POINTS {
            if !self.exports.iter().any(|(exported, _, _)| exported == name) {
                return Err(Fault::MissingExport(name));
            }
        }
        Ok(())
    }
}
