//! Writing what was made, so that a file is there whole or not at all.
use super::ImportError;
use assay_core::commit::Hash;
use assay_core::graph::{Dtype, Shape};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use tempfile::NamedTempFile;

/// Bytes hashed and written at a time.
const BUFFER: usize = 1 << 20;

/// A tensor's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tensor {
    /// Its name in the folder. The tensor in it is called as the file without its ending.
    pub file: String,
    /// Element type.
    #[serde(with = "dtype")]
    pub dtype: Dtype,
    /// Rows first.
    pub shape: Shape,
    /// As [`DataTensor::root`](crate::data::DataTensor::root).
    pub root: Hash,
    /// Smallest and largest element.
    pub range: [f32; 2],
}

/// "u8" and "f32".
mod dtype {
    use super::Dtype;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(dtype: &Dtype, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::dtype_name(*dtype))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Dtype, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "u8" => Ok(Dtype::U8),
            "f32" => Ok(Dtype::F32),
            other => Err(serde::de::Error::custom(format!("element type {other:?} isn't u8 or f32"))),
        }
    }
}

/// As in manifests.
pub fn dtype_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::U8 => "u8",
        Dtype::F32 => "f32",
    }
}

/// Writes the safetensors file `NAME.safetensors` from its rows' bytes.
pub(super) fn tensor<'a>(
    folder: &Path,
    name: &str,
    dtype: Dtype,
    shape: Shape,
    rows: impl Iterator<Item = &'a [u8]>,
) -> Result<Tensor, ImportError> {
    let file = format!("{name}.safetensors");
    let length = shape.elements().saturating_mul(dtype.size());
    let entry = serde_json::json!({
        name: { "dtype": dtype_name(dtype).to_uppercase(), "shape": shape, "data_offsets": [0, length] }
    });
    let mut header = entry.to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' '); // So that the data is aligned.
    }
    let mut hasher = blake3::Hasher::new();
    let mut range = [f32::INFINITY, f32::NEG_INFINITY];
    atomically(&folder.join(&file), |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut flush = |buffer: &mut Vec<u8>| {
            hasher.update(buffer);
            extend(&mut range, dtype, buffer);
            let written = out.write_all(buffer);
            buffer.clear();
            written
        };
        for row in rows {
            buffer.extend_from_slice(row);
            if buffer.len() >= BUFFER {
                flush(&mut buffer)?;
            }
        }
        flush(&mut buffer)
    })?;
    Ok(Tensor { file, dtype, shape, root: Hash(*hasher.finalize().as_bytes()), range })
}

/// Takes more elements into a range.
fn extend([min, max]: &mut [f32; 2], dtype: Dtype, bytes: &[u8]) {
    let mut add = |value: f32| {
        *min = min.min(value);
        *max = max.max(value);
    };
    match dtype {
        Dtype::U8 => bytes.iter().for_each(|&byte| add(byte.into())),
        Dtype::F32 => bytes.as_chunks::<4>().0.iter().for_each(|&item| add(f32::from_le_bytes(item))),
    }
}

/// Writes a file beside where it belongs, and renames it.
pub(super) fn atomically(
    path: &Path,
    write: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
) -> Result<(), ImportError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".import-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // Less the umask, as any file.
        let mut file: NamedTempFile = builder.tempfile_in(folder)?;
        write(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    attempt().map_err(|error| ImportError::Io(error).at(path))
}
