//! Checkpoints: safetensors files, which any PyTorch user can open.
//!
//! The same state always gives the same bytes: tensors lie in the order of the declarations.
use super::direct::write_pieces;
use super::{Draft, State, StateError};
use assay_core::commit::Hash;
use assay_core::graph::StateDecl;
use safetensors::{Dtype, SafeTensors};
use serde_json::{json, Map, Value};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

const STEP: &str = "assay.step";
const ROOT: &str = "assay.state-root";

/// A state and how many steps led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u64,
    /// The state after them.
    pub state: State,
}

impl Checkpoint {
    /// The safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        Draft::new(self.step, &self.state, Vec::new()).seal().1
    }

    /// The checkpoint in a file's bytes, of a program with these declarations. Values may be NaN.
    ///
    /// # Errors
    /// Not safetensors; tensors missing, too many, or of another type or shape; metadata missing or wrong.
    pub fn from_bytes(bytes: &[u8], decls: impl Into<Arc<[StateDecl]>>) -> Result<Checkpoint, StateError> {
        Ok(Checkpoint::read(bytes, decls.into())?.0)
    }

    /// The checkpoint, and its state's root, which is the one that the file tells.
    fn read(bytes: &[u8], decls: Arc<[StateDecl]>) -> Result<(Checkpoint, Hash), StateError> {
        let format = |error: safetensors::SafeTensorError| StateError::Format(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        if file.len() > decls.len() {
            return Err(StateError::Count { expected: decls.len(), got: file.len() });
        }
        let mut tensors = Vec::with_capacity(decls.len());
        for decl in decls.iter() {
            let name = decl.name.as_str();
            let tensor = file.tensor(name).map_err(|_| StateError::Missing(name.into()))?;
            let same =
                tensor.shape().iter().map(|&dim| dim as u64).eq(decl.shape.dims().iter().map(|&dim| u64::from(dim)));
            if tensor.dtype() != Dtype::F32 || !same {
                let got = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
                return Err(StateError::Tensor { name: name.into(), expected: decl.shape, got });
            }
            let (items, _) = tensor.data().as_chunks::<4>();
            tensors.push(items.iter().map(|&item| f32::from_le_bytes(item)).collect());
        }
        let metadata = |key: &'static str| {
            let found = header.metadata().as_ref().and_then(|metadata| metadata.get(key)).cloned();
            found.ok_or(StateError::Metadata { key, got: String::new() })
        };
        let (step, claimed) = (metadata(STEP)?, metadata(ROOT)?);
        let step = step.parse().map_err(|_| StateError::Metadata { key: STEP, got: step })?;
        let expected: Hash = claimed.parse().map_err(|_| StateError::Metadata { key: ROOT, got: claimed })?;
        let state = State::new(decls, tensors)?;
        let got = state.root();
        if got != expected {
            return Err(StateError::Root { expected, got });
        }
        Ok((Checkpoint { step, state }, got))
    }

    /// As [`from_bytes`](Self::from_bytes), and its state has this root.
    ///
    /// # Errors
    /// Those of `from_bytes`, or another root.
    pub fn verified(bytes: &[u8], decls: impl Into<Arc<[StateDecl]>>, root: Hash) -> Result<Checkpoint, StateError> {
        let (checkpoint, got) = Checkpoint::read(bytes, decls.into())?;
        if got != root {
            return Err(StateError::Root { expected: root, got });
        }
        Ok(checkpoint)
    }

    /// Writes the file, or leaves what was there: never half of it. Returns the state's root: every tensor is read once
    /// for both.
    ///
    /// # Errors
    /// The folder can't be written to.
    pub fn write_file(&self, path: &Path) -> Result<Hash, StateError> {
        let io = |error| StateError::Io { path: path.into(), error };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        let root = self.write_to(&mut file).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(path).map_err(|error| io(error.error))?;
        Ok(root)
    }

    /// Writes to a file that is empty.
    fn write_to(&self, file: &mut tempfile::NamedTempFile) -> std::io::Result<Hash> {
        let root = write_pieces(file.as_file(), file.path(), |write| {
            write(&header(self.step, self.state.decls(), Hash::default()));
            self.state.root_while(write)
        })?;
        file.rewind()?;
        file.write_all(&header(self.step, self.state.decls(), root))?;
        Ok(root)
    }

    /// Reads a file, to use what it holds: values must be finite.
    ///
    /// # Errors
    /// It can't be read; those of [`from_bytes`](Self::from_bytes); NaN or infinity.
    pub fn read_file(path: &Path, decls: impl Into<Arc<[StateDecl]>>) -> Result<Checkpoint, StateError> {
        let io = |error| StateError::Io { path: path.into(), error };
        let decls = decls.into();
        // Tensors, a header, and a bit: a longer file isn't read to its end.
        let tensors = decls.iter().map(|decl| decl.shape.elements() * 4).fold(0, u64::saturating_add);
        let limit = tensors.saturating_add(1024 * (decls.len() as u64 + 16) + 1);
        let mut bytes = Vec::new();
        std::fs::File::open(path).map_err(io)?.take(limit).read_to_end(&mut bytes).map_err(io)?;
        let checkpoint = Checkpoint::from_bytes(&bytes, decls)?;
        checkpoint.state.check_finite()?;
        Ok(checkpoint)
    }
}

/// What lies before the tensors of a file; as long for any root.
pub(super) fn header(step: u64, decls: &[StateDecl], root: Hash) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({ "format": "pt", STEP: step.to_string(), ROOT: root.to_string() }));
    let mut offset = 0_u64;
    for decl in decls {
        let end = offset + decl.shape.elements() * 4;
        header.insert(
            decl.name.to_string(),
            json!({ "dtype": "F32", "shape": decl.shape.dims(), "data_offsets": [offset, end] }),
        );
        offset = end;
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    [(text.len() as u64).to_le_bytes().as_slice(), &text].concat()
}
