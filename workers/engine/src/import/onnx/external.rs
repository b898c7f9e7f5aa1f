//! Data of tensors in files beside the model file.
use super::proto::EntryProto;
use super::OnnxError;
use prost::bytes::Bytes;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// Bytes that are read from files beside the model, in all.
pub const MAX_EXTERNAL_BYTES: u64 = 1 << 34;

/// The folder of a model file, and what was read from it.
pub(super) struct External {
    /// `None`: the model isn't a file.
    folder: Option<PathBuf>,
    files: HashMap<String, Opened>,
    /// Bytes that may still be read.
    left: u64,
}

/// A file beside the model.
struct Opened {
    file: File,
    path: PathBuf,
    length: u64,
    /// Bytes that tensors may still claim. Tensors don't overlap: so a small file can't become a large model.
    unclaimed: u64,
    /// What was read, by offset and length: tensors with the same data share it.
    parts: HashMap<(u64, u64), Bytes>,
}

impl External {
    /// Files in the folder of this model file, or below.
    pub(super) fn beside(path: &Path) -> External {
        // Of a bare name the parent is the empty path.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        External { folder: Some(folder.into()), files: HashMap::new(), left: MAX_EXTERNAL_BYTES }
    }

    /// No files at all.
    pub(super) fn none() -> External {
        External { folder: None, files: HashMap::new(), left: 0 }
    }

    /// The data of a tensor that must be `length` bytes long.
    ///
    /// # Errors
    /// The entries name no readable part of a file in the folder, or one of another length.
    pub(super) fn read(&mut self, name: &str, entries: &[EntryProto], length: u64) -> Result<Bytes, OnnxError> {
        let bad = |why: String| OnnxError::Tensor { name: super::node::shown(name), why };
        let entry = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &str| match entry(key) {
            None => Ok(None),
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| bad(format!("its {key} {text:?} is no number"))),
        };
        let location = entry("location").ok_or_else(|| bad("it has external data, but no location".into()))?;
        let offset = number("offset")?.unwrap_or(0);
        let stated = number("length")?.unwrap_or(length);
        if stated != length {
            return Err(bad(format!("its shape needs {length} bytes, but {stated} are said to be in {location:?}")));
        }
        let left = self.left;
        let opened = self.open(location).map_err(|why| bad(format!("its data in {location:?}: {why}")))?;
        if let Some(part) = opened.parts.get(&(offset, length)) {
            return Ok(part.clone());
        }
        if offset.checked_add(length).is_none_or(|end| end > opened.length) {
            let got = opened.length;
            return Err(bad(format!("it is at {offset} with {length} bytes, but {location:?} has {got} bytes")));
        }
        if length > left || length > opened.unclaimed {
            let why = format!("the model claims more data than the {MAX_EXTERNAL_BYTES} bytes that are read, or twice");
            return Err(bad(why));
        }
        let part = part(opened, offset, length).map_err(|error| OnnxError::Io { path: opened.path.clone(), error })?;
        opened.unclaimed -= length;
        opened.parts.insert((offset, length), part.clone());
        self.left -= length;
        Ok(part)
    }

    fn open(&mut self, location: &str) -> Result<&mut Opened, String> {
        if !self.files.contains_key(location) {
            let opened = self.opened(location)?;
            self.files.insert(location.into(), opened);
        }
        self.files.get_mut(location).ok_or_else(|| "it isn't open".into())
    }

    fn opened(&self, location: &str) -> Result<Opened, String> {
        let folder = self.folder.as_ref().ok_or("the model isn't a file, so nothing is beside it")?;
        let relative = Path::new(location);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain || location.contains('\0') {
            return Err("a path must stay in the model's folder".into());
        }
        // Symbolic links may lead anywhere inside, but not out.
        let io = |error: std::io::Error| error.to_string();
        let folder = folder.canonicalize().map_err(io)?;
        let path = folder.join(relative).canonicalize().map_err(io)?;
        if !path.starts_with(&folder) {
            return Err("a symbolic link leads out of the model's folder".into());
        }
        // Asked before it is opened: to open a pipe would wait for its writer.
        if !path.metadata().map_err(io)?.is_file() {
            return Err("not a regular file".into());
        }
        let file = File::open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Ok(Opened { file, path, length, unclaimed: length, parts: HashMap::new() })
    }
}

fn part(opened: &mut Opened, offset: u64, length: u64) -> std::io::Result<Bytes> {
    let too_large = |_| std::io::Error::from(std::io::ErrorKind::OutOfMemory);
    let length = usize::try_from(length).map_err(|_| std::io::Error::from(std::io::ErrorKind::OutOfMemory))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(too_large)?;
    bytes.resize(length, 0);
    opened.file.seek(SeekFrom::Start(offset))?;
    opened.file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}
