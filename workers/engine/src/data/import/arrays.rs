//! Files of tensors: IDX, NPY, NPZ, safetensors.
use super::elements::{Column, Elements, Table};
use super::{csv, npy, source, ImportError, Inputs, Watch};
use crate::data::{idx, DataTensor};
use assay_core::graph::Dtype;
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use zip::result::ZipError;
use zip::ZipArchive;

const ZIP: [u8; 4] = *b"PK\x03\x04";

/// Which tensors of the files are meant, where they have several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Arrays {
    /// The inputs.
    pub input: Option<String>,
    /// The labels.
    pub label: Option<String>,
    /// The test inputs, if called otherwise.
    pub test_input: Option<String>,
    /// The test labels, if called otherwise.
    pub test_label: Option<String>,
}

impl Arrays {
    pub(super) fn read(&self, paths: &Inputs, test: bool, limit: u64, watch: Watch<'_>) -> Result<Table, ImportError> {
        let of = |train: &Option<String>, other: &Option<String>| match test {
            true => other.clone().or_else(|| train.clone()),
            false => train.clone(),
        };
        let (input, label) = (of(&self.input, &self.test_input), of(&self.label, &self.test_label));
        let inputs = read(&paths.inputs, input.as_deref(), label.as_deref(), limit, watch)?;
        let mut labels = match (&paths.labels, &label) {
            (Some(path), label) => read(path, label.as_deref(), None, limit, watch)?,
            (None, Some(label)) => read(&paths.inputs, Some(label), None, limit, watch)?,
            (None, None) => return Err(ImportError::NoLabels.at(&paths.inputs)),
        };
        if labels.row == [1] {
            labels.row.clear(); // A column of a matrix is a vector here.
        }
        Ok(Table { inputs, labels: labels.into() })
    }
}

/// The array `name` of a file, or the only one besides `other`.
fn read(
    path: &Path,
    name: Option<&str>,
    other: Option<&str>,
    limit: u64,
    watch: Watch<'_>,
) -> Result<Column, ImportError> {
    let read = || -> Result<Column, ImportError> {
        if path.extension().is_some_and(|ending| ending == "safetensors") {
            let bytes = std::fs::metadata(path)?.len();
            if bytes > limit {
                return Err(ImportError::TooLarge { max: limit });
            }
            return Ok(column(&DataTensor::read_file(path, name)?));
        }
        let mut file = source::open(path, limit, watch)?;
        let mut magic = Vec::new();
        file.by_ref().take(6).read_to_end(&mut magic)?;
        if magic.starts_with(&ZIP) {
            return npz(path, name, other, limit, watch);
        }
        let whole = Cursor::new(&magic).chain(file);
        if magic == npy::MAGIC {
            npy::read(whole, limit)
        } else {
            Ok(column(&idx::read(whole)?))
        }
    };
    read().map_err(|error| error.at(path))
}

fn npz(
    path: &Path,
    name: Option<&str>,
    other: Option<&str>,
    limit: u64,
    watch: Watch<'_>,
) -> Result<Column, ImportError> {
    let file = std::fs::File::open(path)?;
    let packed = file.metadata()?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(zip_error)?;
    let files = archive.file_names().collect::<Result<Vec<_>, _>>().map_err(zip_error)?;
    let arrays: Vec<String> = files.iter().filter_map(|file| file.strip_suffix(".npy")).map(str::to_owned).collect();
    let there = |array: &str| match arrays.iter().any(|name| name == array) {
        true => Ok(()),
        false => {
            let there = csv::list(arrays.iter().map(String::as_str));
            Err(ImportError::NoArray { asked: array.into(), there })
        }
    };
    other.map_or(Ok(()), there)?;
    let mut left = arrays.iter().filter(|array| Some(array.as_str()) != other);
    let asked = match (name, left.next(), left.next()) {
        (Some(name), ..) => name,
        (None, Some(only), None) => only,
        _ => "",
    };
    there(asked)?;
    let entry = archive.by_name(&format!("{asked}.npy")).map_err(zip_error)?;
    let size = entry.size();
    watch(super::Stage::Reading, 0, size);
    let column = npy::read(source::Limited::new(entry, limit, Some(packed)), limit);
    watch(super::Stage::Reading, size, size);
    column
}

fn zip_error(error: ZipError) -> ImportError {
    match error {
        ZipError::Io(error) => error.into(),
        other => ImportError::NotNpz(other.to_string().to_lowercase()),
    }
}

fn column(tensor: &DataTensor) -> Column {
    let elements = match tensor.dtype() {
        Dtype::U8 => Elements::Bytes(tensor.bytes().to_vec()),
        Dtype::F32 => {
            let items = tensor.bytes().as_chunks::<4>().0;
            Elements::Floats(items.iter().map(|&item| f32::from_le_bytes(item)).collect())
        }
    };
    Column { elements, row: tensor.shape().dims().get(1..).unwrap_or(&[]).to_vec() }
}
