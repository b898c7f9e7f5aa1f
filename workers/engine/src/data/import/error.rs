//! What can be wrong with a source of data.
use crate::data::DataError;
use assay_core::graph::GraphError;
use std::path::PathBuf;

/// Why a source can't be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is wrong, and with which file.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<ImportError>,
    },
    /// It can't be read or written.
    #[error("{0}")]
    Io(std::io::Error),
    /// A folder, a pipe or a device.
    #[error("not a regular file: save it as one first (a folder is read with --format images)")]
    NotFile,
    /// Not a tensor that can be a data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A shape beyond the protocol's limits.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// More than the limit, unpacked.
    #[error("more than {max} bytes unpacked: split the source, or raise the limit (--max-bytes)")]
    TooLarge {
        /// The limit.
        max: u64,
    },
    /// Packed suspiciously well.
    #[error("{packed} bytes unpack to more than {got}: that looks like a decompression bomb; unpack it yourself if it isn't one")]
    Ratio {
        /// Length of the file.
        packed: u64,
        /// What came out of it so far.
        got: u64,
    },
    /// Nothing in it.
    #[error("no rows of data")]
    Empty,

    /// Not CSV.
    #[error("not csv: {0}")]
    Csv(String),
    /// A row that is longer or shorter than the first line.
    #[error("line {line} has {got} fields, the first line has {expected}: repair the row, or name the separator with --delimiter")]
    Ragged {
        /// Where the row begins, from 1.
        line: u64,
        /// Fields of the first line.
        expected: usize,
        /// Fields of this row.
        got: usize,
    },
    /// A column that isn't there.
    #[error("there is no column {asked:?}; columns by name or by number from 0: {there}")]
    NoColumn {
        /// As given.
        asked: String,
        /// Names of the first columns.
        there: String,
    },
    /// A name of several columns.
    #[error("{count} columns are called {name:?}: name the one you mean by its number from 0")]
    AmbiguousColumn {
        /// The name.
        name: String,
        /// How many columns have it.
        count: usize,
    },
    /// No column is left for the inputs, or the label is among them.
    #[error("column {label:?} is the label and can't be an input too: leave it out of --columns, and keep at least one other column")]
    LabelIsInput {
        /// The label's column.
        label: String,
    },
    /// The first line looks like data.
    #[error("the first line is all numbers: if it is data and not a header, add --no-header")]
    NumericHeader,
    /// A field that should be a number.
    #[error("line {line}, column {column:?}: {text:?} is not a number; leave the column out with --columns, or turn it into numbers first")]
    NotNumber {
        /// Where the row begins, from 1.
        line: u64,
        /// Name or number of the column.
        column: String,
        /// What is there.
        text: String,
    },
    /// NaN, an infinity, or a number beyond binary32.
    #[error(
        "line {line}, column {column:?}: {text:?} is not a finite binary32 number; remove the row or fill in a value"
    )]
    FieldNotFinite {
        /// Where the row begins, from 1.
        line: u64,
        /// Name or number of the column.
        column: String,
        /// What is there.
        text: String,
    },
    /// A row without a label.
    #[error("line {line} has no label in column {column:?}: remove the row or fill it in")]
    NoLabel {
        /// Where the row begins, from 1.
        line: u64,
        /// Name or number of the column.
        column: String,
    },
    /// Labels that are names, and too many of them.
    #[error("more than {max} different labels that aren't all numbers: labels are stored as bytes; is this the column of the labels?")]
    TooManyClasses {
        /// 256.
        max: usize,
    },

    /// Not an NPY file.
    #[error("not an npy array: it begins with {0:02x?}")]
    NotNpy(Vec<u8>),
    /// A header that isn't as NumPy writes it.
    #[error("npy header: {0}; save the array again with numpy.save")]
    NpyHeader(String),
    /// An element type that isn't read.
    #[error("npy element type {0:?} isn't read; convert the array with .astype('float32') or .astype('uint8')")]
    NpyType(String),
    /// An integer that binary32 can't hold.
    #[error("element {index} is {value}, which binary32 can't hold exactly: scale the array down, or convert it with .astype('float32')")]
    Inexact {
        /// The element.
        index: u64,
        /// Its value.
        value: i128,
    },
    /// NaN, an infinity, or a number beyond binary32.
    #[error("element {index} is {value}, not a finite binary32 number")]
    NotFinite {
        /// The element.
        index: u64,
        /// Its value.
        value: f64,
    },
    /// Not a ZIP file, or a damaged one.
    #[error("not an npz archive: {0}")]
    NotNpz(String),
    /// An archive without the array, or several and none named.
    #[error("{} in the archive; name the inputs with --input and the labels with --label; it has: {there}",
        if asked.is_empty() { "which array is meant? there are several".into() } else { format!("there is no array {asked:?}") })]
    NoArray {
        /// Its name, empty if none was given.
        asked: String,
        /// Names of the first arrays.
        there: String,
    },
    /// Labels that are nowhere named.
    #[error("where are the labels? name their file with --labels, or their array in the same archive with --label")]
    NoLabels,
    /// As many labels as rows.
    #[error("{inputs} rows of inputs but {labels} of labels")]
    Rows {
        /// Rows of the inputs.
        inputs: u64,
        /// Rows of the labels.
        labels: u64,
    },
    /// Training and test rows of different shapes.
    #[error(
        "rows of the training {what} have the shape {train:?}, those of the test {what} {test:?}: prepare both alike"
    )]
    RowShape {
        /// Inputs or labels.
        what: &'static str,
        /// Of a training row.
        train: Vec<u32>,
        /// Of a test row.
        test: Vec<u32>,
    },

    /// A folder without one folder per class.
    #[error("no folders in it: put the images of each class into a folder of its own, FOLDER/CLASS/*.png")]
    NoClasses,
    /// A class without images.
    #[error("the folder has no images: fill or remove it")]
    EmptyClass,
    /// A file that isn't an image that is read.
    #[error("not a png, jpeg or bmp file by its name: convert it or move it away")]
    NotImage,
    /// A name that isn't UTF-8.
    #[error("its name isn't utf-8: rename it")]
    NotUtf8Name,
    /// A damaged, huge or unknown image.
    #[error("{0}")]
    Image(String),
    /// Images of different sizes.
    #[error("it is {got_height}x{got_width}, the first image is {height}x{width}: have all brought to one size with --size HxW")]
    ImageSize {
        /// Of the first.
        height: u32,
        /// Of the first.
        width: u32,
        /// Of this one.
        got_height: u32,
        /// Of this one.
        got_width: u32,
    },
    /// Gray and coloured images.
    #[error("it is {}, the first image is {}: say --gray or --rgb", colour(*.got_gray), colour(!*.got_gray))]
    Colour {
        /// Whether this one is gray.
        got_gray: bool,
    },
    /// A last part of rows that are sorted by class.
    #[error("the rows are sorted by class, so the last of them are one class: add --shuffle SEED to --test-fraction")]
    SortedRows,

    /// Bytes that aren't text.
    #[error("not utf-8 at byte {at}: convert it (iconv -t utf-8), or take --tokenizer byte")]
    NotUtf8 {
        /// Offset of the first such byte.
        at: usize,
    },
    /// A text that isn't even one window.
    #[error(
        "{tokens} tokens are too few for one window of {context} and the token after it: choose a smaller --context"
    )]
    TooShort {
        /// Length of the text.
        tokens: u64,
        /// Length of a window.
        context: u32,
    },
    /// Characters beyond what a byte can number.
    #[error("{got} different characters; at most {max} fit into a byte: take --tokenizer byte, or --vocab FILE of a smaller vocabulary with --unknown CHAR")]
    TooManyCharacters {
        /// In the text.
        got: usize,
        /// 256.
        max: usize,
    },
    /// A character that the vocabulary lacks.
    #[error("character {character:?} at character {at} isn't in the vocabulary: map such ones to one of it with --unknown CHAR")]
    UnknownCharacter {
        /// The first such character.
        character: char,
        /// Where it is, in characters from 0.
        at: u64,
    },
    /// A replacement that the vocabulary lacks.
    #[error("--unknown {0:?} isn't in the vocabulary itself: choose a character that is")]
    UnknownIsUnknown(char),
    /// A vocabulary that isn't one of ours.
    #[error("not a vocabulary: {0}; give a vocab.json that an import of text wrote")]
    Vocabulary(String),
    /// A vocabulary for another tokenizer.
    #[error("the vocabulary is for --tokenizer {vocabulary}, not {asked}")]
    Tokenizer {
        /// Of the file.
        vocabulary: &'static str,
        /// As asked for.
        asked: &'static str,
    },

    /// No test rows.
    #[error("which rows are the test set? take a part with --test-fraction 0.1, or name a file or folder with --test")]
    NoTest,
    /// A part that isn't one.
    #[error("a test fraction of {0}: it must lie between 0 and 1")]
    Fraction(f64),
    /// Too few rows to divide.
    #[error("{rows} rows can't be divided into training and test rows")]
    TooFewRows {
        /// How many there are.
        rows: u64,
    },
    /// Both ways of naming test rows.
    #[error("--test-fraction and --test name the test rows twice: leave one of them out")]
    TwoTests,

    /// Another program's files in the output folder.
    #[error("{} is there, but no manifest.json of an import beside it: choose another folder with --out, or move the file away", .0.display())]
    Occupied(PathBuf),
    /// A manifest that can't be read.
    #[error("not a manifest of an import: {0}")]
    Manifest(String),
}

fn colour(gray: bool) -> &'static str {
    if gray {
        "gray"
    } else {
        "coloured"
    }
}

impl ImportError {
    /// This error, with the file that it is about.
    pub(super) fn at(self, path: impl Into<PathBuf>) -> ImportError {
        match self {
            ImportError::File { .. } => self, // Something deeper already named it.
            error => ImportError::File { path: path.into(), error: Box::new(error) },
        }
    }
}

impl From<std::io::Error> for ImportError {
    /// Errors of ours travel through readers of other crates inside of `io::Error`.
    fn from(error: std::io::Error) -> Self {
        error.downcast::<ImportError>().unwrap_or_else(ImportError::Io)
    }
}
