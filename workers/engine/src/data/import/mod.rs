//! Data prepared once for task folders: tables, arrays, images and text become four files of tensors and a manifest.
//!
//! The same sources and options make the same bytes, so their roots name the data; doing it again is noticed and left
//! out. Whatever is read is bounded: what a file unpacks to, what a tensor takes, what an image measures.
mod arrays;
mod classes;
mod csv;
mod elements;
mod error;
mod images;
mod manifest;
mod npy;
mod source;
mod split;
mod text;
mod write;

pub use arrays::Arrays;
pub use csv::Csv;
pub use error::ImportError;
pub use images::{Colour, Images, MAX_SIDE};
pub use manifest::{Counts, Manifest, Tensors, VocabularyFile, FILE as MANIFEST};
pub use source::{Role, Source};
pub use split::Selection;
pub use text::{Text, Tokenizer, Vocabulary};
pub use write::{dtype_name, Tensor};

use elements::{Column, Elements, Table};
use serde::{Deserialize, Serialize};
use split::Plan;
use std::path::{Path, PathBuf};

/// Bytes of a source, unpacked, and of a tensor, unless told otherwise.
pub const DEFAULT_MAX_BYTES: u64 = 8 << 30;
/// Name of a text's vocabulary.
pub const VOCABULARY: &str = "vocab.json";

/// Files with rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The inputs, or everything.
    pub inputs: PathBuf,
    /// The labels, if they are elsewhere.
    pub labels: Option<PathBuf>,
}

/// What to import.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// What is trained on, and tested on unless `test` is there.
    pub train: Inputs,
    /// What is tested on.
    pub test: Option<Inputs>,
    /// A text's vocabulary, of an earlier import.
    pub vocabulary: Option<PathBuf>,
    /// How.
    pub options: Options,
    /// Bytes of a source, unpacked, and of a tensor at most.
    pub max_bytes: u64,
}

/// How to import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    /// What the source is.
    pub format: Format,
    /// Which rows go where.
    pub selection: Selection,
}

/// What a source is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// IDX, NPY, NPZ or safetensors, as the files themselves say.
    Arrays(Arrays),
    /// Comma-separated values, plain or gzip.
    Csv(Csv),
    /// Folders of images.
    Images(Images),
    /// Text, plain or gzip.
    Text(Text),
}

/// What an import is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding out what the sources are; in bytes, or images.
    Hashing,
    /// Turning them into tensors; in bytes, or images.
    Reading,
    /// Writing the files; in rows.
    Writing,
}

/// Told how far a stage is, and of how much.
pub type Watch<'a> = &'a (dyn Fn(Stage, u64, u64) + Sync);

/// What became of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The folder's.
    pub manifest: Manifest,
    /// The folder already held exactly that: nothing was written.
    pub unchanged: bool,
}

impl Import {
    /// Makes the files in `folder`, unless they are there.
    ///
    /// # Errors
    /// A source can't be read or isn't what the options say, a limit is exceeded, or the folder can't be written or holds
    /// files of that name which no import made.
    pub fn run(&self, folder: &Path, watch: Watch<'_>) -> Result<Outcome, ImportError> {
        let sources = self.sources(watch)?;
        match Manifest::read(folder) {
            Ok(manifest) if manifest.is_of(&sources, &self.options) && manifest.holds(folder) => {
                return Ok(Outcome { manifest, unchanged: true });
            }
            Ok(_) => {}
            Err(_) => unoccupied(folder)?,
        }
        let prepared = self.prepare(watch)?;
        std::fs::create_dir_all(folder).map_err(|error| ImportError::Io(error).at(folder))?;
        // Without a manifest, an interrupted import is no import.
        match std::fs::remove_file(folder.join(MANIFEST)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ImportError::Io(error).at(folder.join(MANIFEST)));
            }
            _ => {}
        }
        let manifest = prepared.write(sources, self.options.clone(), folder, watch)?;
        let mut json =
            serde_json::to_vec_pretty(&manifest).map_err(|error| ImportError::Manifest(error.to_string()))?;
        json.push(b'\n');
        write::atomically(&folder.join(MANIFEST), |file| std::io::Write::write_all(file, &json))?;
        Ok(Outcome { manifest, unchanged: false })
    }

    fn sources(&self, watch: Watch<'_>) -> Result<Vec<Source>, ImportError> {
        let test = self.test.as_ref();
        let paths = [
            (Role::Train, Some(&self.train.inputs)),
            (Role::TrainLabels, self.train.labels.as_ref()),
            (Role::Test, test.map(|test| &test.inputs)),
            (Role::TestLabels, test.and_then(|test| test.labels.as_ref())),
            (Role::Vocabulary, self.vocabulary.as_ref()),
        ];
        let there = paths.into_iter().filter_map(|(role, path)| Some((role, path?)));
        there.map(|(role, path)| Source::hash(role, path, watch)).collect()
    }

    /// Reads everything and decides which row goes where.
    fn prepare(&self, watch: Watch<'_>) -> Result<Prepared, ImportError> {
        let limit = self.max_bytes;
        let selection = self.options.selection;
        // What can be known to fail is not begun.
        selection.plan(u64::from(u32::MAX), self.test.is_some())?;
        let both = |read: &dyn Fn(&Inputs, bool) -> Result<Table, ImportError>| {
            Ok::<_, ImportError>((
                read(&self.train, false)?,
                self.test.as_ref().map(|test| read(test, true)).transpose()?,
            ))
        };
        let mut vocabulary = None;
        let (train, test) = match &self.options.format {
            Format::Arrays(arrays) => both(&|paths, test| arrays.read(paths, test, limit, watch))?,
            Format::Csv(csv) => both(&|paths, _| csv.read(&paths.inputs, limit, watch))?,
            Format::Images(_) if selection.test_fraction.is_some() && selection.shuffle.is_none() => {
                return Err(ImportError::SortedRows);
            }
            Format::Images(images) => both(&|paths, _| images.read(&paths.inputs, limit, watch))?,
            Format::Text(text) => {
                let test = self.test.as_ref().map(|test| test.inputs.as_path());
                let read = text.read(&self.train.inputs, test, self.vocabulary.as_deref(), limit, watch)?;
                vocabulary = Some((read.vocabulary, read.replaced));
                (read.train, read.test)
            }
        };
        for (table, paths) in [(Some(&train), Some(&self.train)), (test.as_ref(), self.test.as_ref())] {
            let (Some(table), Some(paths)) = (table, paths) else { continue };
            let (inputs, labels) = (table.inputs.rows(), table.labels.rows());
            if inputs != labels {
                return Err(ImportError::Rows { inputs, labels }.at(&paths.inputs));
            }
        }
        let named = matches!(&self.options.format, Format::Csv(csv) if csv.classes);
        let (test_inputs, test_labels) = test.map_or((None, None), |test| (Some(test.inputs), Some(test.labels)));
        let resolved = classes::resolve(train.labels, test_labels, named)?;
        let plan = selection.plan(train.inputs.rows(), test_inputs.is_some())?;
        let mut prepared = Prepared {
            train: Pair { inputs: train.inputs, labels: resolved.train },
            test: test_inputs.zip(resolved.test).map(|(inputs, labels)| Pair { inputs, labels }),
            plan,
            classes: resolved.classes,
            vocabulary,
        };
        prepared.align(limit)?;
        Ok(prepared)
    }
}

/// An error unless the folder is free of files that an import would write.
fn unoccupied(folder: &Path) -> Result<(), ImportError> {
    let names = ["train-inputs", "train-labels", "test-inputs", "test-labels"];
    let files = names.map(|name| folder.join(format!("{name}.safetensors")));
    match files.into_iter().chain([folder.join(MANIFEST), folder.join(VOCABULARY)]).find(|path| path.exists()) {
        Some(path) => Err(ImportError::Occupied(path)),
        None => Ok(()),
    }
}

/// Rows of inputs and their labels.
struct Pair {
    inputs: Column,
    labels: Column,
}

/// Everything in memory.
struct Prepared {
    train: Pair,
    test: Option<Pair>,
    plan: Plan,
    classes: Option<Vec<String>>,
    vocabulary: Option<(Vocabulary, u64)>,
}

impl Prepared {
    /// Has training and test rows agree in shape and type.
    fn align(&mut self, limit: u64) -> Result<(), ImportError> {
        let Some(test) = &mut self.test else { return Ok(()) };
        for (what, train, test) in
            [("inputs", &mut self.train.inputs, &mut test.inputs), ("labels", &mut self.train.labels, &mut test.labels)]
        {
            if train.row != test.row {
                return Err(ImportError::RowShape { what, train: train.row.clone(), test: test.row.clone() });
            }
            if train.elements.dtype() != test.elements.dtype() {
                train.elements.widen(limit)?;
                test.elements.widen(limit)?;
            }
        }
        Ok(())
    }

    fn write(
        &self,
        sources: Vec<Source>,
        options: Options,
        folder: &Path,
        watch: Watch<'_>,
    ) -> Result<Manifest, ImportError> {
        let tensor = |name: &str, column: &Column, places: Vec<u64>| {
            let total = places.len() as u64;
            let rows = (0..).zip(&places).map(|(done, &row)| {
                if done % 4096 == 0 {
                    watch(Stage::Writing, done, total);
                }
                column.row_bytes(row)
            });
            write::tensor(folder, name, column.elements.dtype(), column.shape(total)?, rows)
        };
        let planned =
            |range: &std::ops::Range<u64>| range.clone().map(|place| self.plan.row(place)).collect::<Vec<_>>();
        let train_rows = planned(&self.plan.train);
        let (test, test_rows) = match &self.test {
            Some(test) => (test, (0..test.inputs.rows()).collect()),
            None => (&self.train, planned(&self.plan.test)),
        };
        let counts = counts(&self.train.labels, &train_rows).zip(counts(&test.labels, &test_rows));
        let tensors = Tensors {
            train_inputs: tensor("train-inputs", &self.train.inputs, train_rows.clone())?,
            train_labels: tensor("train-labels", &self.train.labels, train_rows)?,
            test_inputs: tensor("test-inputs", &test.inputs, test_rows.clone())?,
            test_labels: tensor("test-labels", &test.labels, test_rows)?,
        };
        let mut manifest = Manifest::new(sources, options, tensors);
        manifest.classes = self.classes.clone();
        manifest.counts = counts.map(|(train, test)| Counts { train, test });
        if let Some((vocabulary, replaced)) = &self.vocabulary {
            let mut json = serde_json::to_vec(vocabulary).map_err(|error| ImportError::Manifest(error.to_string()))?;
            json.push(b'\n');
            write::atomically(&folder.join(VOCABULARY), |file| std::io::Write::write_all(file, &json))?;
            manifest.vocabulary = Some(VocabularyFile {
                file: VOCABULARY.into(),
                size: vocabulary.size,
                blake3: crate::bytes::hash_bytes(&json),
                replaced: *replaced,
            });
        }
        Ok(manifest)
    }
}

/// How many of these rows each class has, if labels are one byte a row.
fn counts(labels: &Column, rows: &[u64]) -> Option<Vec<u64>> {
    let (Elements::Bytes(classes), []) = (&labels.elements, labels.row.as_slice()) else { return None };
    let mut counts = Vec::new();
    for class in rows.iter().filter_map(|&row| classes.get(usize::try_from(row).ok()?)) {
        let class = usize::from(*class);
        if counts.len() <= class {
            counts.resize(class + 1, 0_u64);
        }
        if let Some(count) = counts.get_mut(class) {
            *count += 1;
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests;
