//! `manifest.json`: what was imported, how, and what came of it.
use super::source::{hash_reader, Source};
use super::write::Tensor;
use super::{ImportError, Options};
use crate::data::DataTensor;
use assay_core::commit::Hash;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;

/// Its name.
pub const FILE: &str = "manifest.json";
/// Grows when another version would make other tensors of the same sources and options.
const VERSION: u32 = 1;
/// Bytes of it at most.
const MAX_BYTES: u64 = 1 << 24;

/// The record of an import. Nothing in it depends on when or where it ran, save the paths of the sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Of the rules of importing.
    pub version: u32,
    /// What was imported.
    pub sources: Vec<Source>,
    /// How.
    pub options: Options,
    /// The four files.
    pub tensors: Tensors,
    /// Names of the classes: each one's place is its number. Only if labels are names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Rows of each class. Only if labels are one byte a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<VocabularyFile>,
}

/// The files of tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tensors {
    /// Samples to train on.
    pub train_inputs: Tensor,
    /// Their labels.
    pub train_labels: Tensor,
    /// Samples to measure on.
    pub test_inputs: Tensor,
    /// Their labels.
    pub test_labels: Tensor,
}

impl Tensors {
    /// With the names that task.toml has for them.
    pub fn all(&self) -> [(&'static str, &Tensor); 4] {
        [
            ("train-inputs", &self.train_inputs),
            ("train-labels", &self.train_labels),
            ("test-inputs", &self.test_inputs),
            ("test-labels", &self.test_labels),
        ]
    }
}

/// Rows of each class, class 0 first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Counts {
    /// Of the training rows.
    pub train: Vec<u64>,
    /// Of the test rows.
    pub test: Vec<u64>,
}

/// The file of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VocabularyFile {
    /// Its name in the folder.
    pub file: String,
    /// Tokens in it.
    pub size: usize,
    /// Of the file.
    pub blake3: Hash,
    /// Characters that `unknown` stands for.
    pub replaced: u64,
}

impl Manifest {
    /// Of these sources and options.
    pub(super) fn new(sources: Vec<Source>, options: Options, tensors: Tensors) -> Manifest {
        Manifest { version: VERSION, sources, options, tensors, classes: None, counts: None, vocabulary: None }
    }

    /// Reads a folder's.
    ///
    /// # Errors
    /// It isn't there, or isn't one.
    pub fn read(folder: &Path) -> Result<Manifest, ImportError> {
        let path = folder.join(FILE);
        let read = || -> Result<Manifest, ImportError> {
            let mut bytes = Vec::new();
            std::fs::File::open(&path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
            serde_json::from_slice(&bytes).map_err(|error| ImportError::Manifest(error.to_string()))
        };
        read().map_err(|error| error.at(&path))
    }

    /// Whether it is of these sources, wherever they lie, and options.
    pub(super) fn is_of(&self, sources: &[Source], options: &Options) -> bool {
        let same = |(mine, other): (&Source, &Source)| mine.same(other);
        self.version == VERSION
            && self.options == *options
            && self.sources.len() == sources.len()
            && self.sources.iter().zip(sources).all(same)
    }

    /// Whether the folder holds what it says.
    pub(super) fn holds(&self, folder: &Path) -> bool {
        let tensor = |tensor: &Tensor| {
            DataTensor::read_file(&folder.join(&tensor.file), None).is_ok_and(|there| {
                (there.dtype(), there.shape(), there.root()) == (tensor.dtype, tensor.shape, tensor.root)
            })
        };
        let vocabulary = |vocabulary: &VocabularyFile| {
            let file = std::fs::File::open(folder.join(&vocabulary.file)).map_err(ImportError::Io);
            file.and_then(hash_reader).is_ok_and(|(_, blake3)| blake3 == vocabulary.blake3)
        };
        self.vocabulary.iter().all(vocabulary) && self.tensors.all().iter().all(|(_, of)| tensor(of))
    }

    /// Classes without a row to train on or to test on: whether it is the former, and the class.
    pub fn missing(&self) -> Vec<(bool, String)> {
        let Some(counts) = &self.counts else { return Vec::new() };
        let classes = counts.train.len().max(counts.test.len());
        let seen = |counts: &[u64], class: usize| counts.get(class).is_some_and(|&count| count > 0);
        let name = |class: usize| {
            let name = self.classes.as_ref().and_then(|names| names.get(class));
            name.cloned().unwrap_or_else(|| class.to_string())
        };
        (0..classes)
            .filter_map(|class| match (seen(&counts.train, class), seen(&counts.test, class)) {
                (false, true) => Some((true, name(class))),
                (true, false) => Some((false, name(class))),
                _ => None,
            })
            .collect()
    }
}
