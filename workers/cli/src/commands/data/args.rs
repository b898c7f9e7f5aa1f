//! The command line of `assay data`.

use std::path::PathBuf;

use assay_engine::data::import::DEFAULT_MAX_BYTES;
use clap::{Args, Subcommand, ValueEnum};

/// What to do with data.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

/// What can be done with data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Turn a table, arrays, images or a text into the tensors that a task reads.
    #[command(after_help = EXAMPLES)]
    Import(Box<ImportArgs>),
    /// Show shape, type, root and range of a tensor file, or of everything that an import made.
    Inspect(InspectArgs),
}

pub(super) const EXAMPLES: &str = "\
Examples:
  CSV      assay data import iris.csv --label species --test-fraction 0.2 --shuffle 1 --out iris/data
  NPZ      assay data import digits.npz --input images --label labels --test-fraction 0.1 --out digits/data
  NPY      assay data import x.npy --labels y.npy --test x_test.npy --test-labels y_test.npy --out my/data
  IDX      assay data import train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz \\
             --test t10k-images-idx3-ubyte.gz --test-labels t10k-labels-idx1-ubyte.gz --out mnist/data
  images   assay data import photos --size 32x32 --rgb --test-fraction 0.1 --shuffle 1 --out photos-task/data
  text     assay data import shakespeare.txt --tokenizer char --context 64 --test-fraction 0.05 --out play/data
  another text with the same vocabulary, to go on training with
           assay data import milton.txt --vocab play/data/vocab.json --context 64 --test-fraction 0.05 --out poem/data

The folder gets train-inputs, train-labels, test-inputs and test-labels (.safetensors) and manifest.json: sources,
options, shapes, roots, class names. The same sources and options make the same files; they are made only once.";

/// What to import, and how.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// A file, or a folder of images: FOLDER/CLASS/*.png (or .jpg, .bmp). CSV, text and IDX may be packed by gzip.
    pub(crate) source: PathBuf,
    /// Folder for the result; made if missing.
    #[arg(long, env = "ASSAY_IMPORT_OUT")]
    pub(crate) out: PathBuf,
    /// What the source is; told by its name if left out.
    #[arg(long, env = "ASSAY_IMPORT_FORMAT", value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Bytes of a source, unpacked, and of a tensor at most; everything is held in memory.
    #[arg(long, env = "ASSAY_IMPORT_MAX_BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    pub(crate) max_bytes: u64,

    /// Share of the rows to test on: the last ones.
    #[arg(long, env = "ASSAY_IMPORT_TEST_FRACTION", help_heading = "Rows")]
    pub(crate) test_fraction: Option<f64>,
    /// Shuffle the rows with this seed first.
    #[arg(long, env = "ASSAY_IMPORT_SHUFFLE", value_name = "SEED", help_heading = "Rows")]
    pub(crate) shuffle: Option<u64>,
    /// Keep only so many rows: the first ones, after shuffling.
    #[arg(long, env = "ASSAY_IMPORT_ROWS", help_heading = "Rows")]
    pub(crate) rows: Option<u64>,
    /// A file or folder to test on, instead of a share.
    #[arg(long, env = "ASSAY_IMPORT_TEST", value_name = "PATH", help_heading = "Rows")]
    pub(crate) test: Option<PathBuf>,

    /// Column of the labels, by name or by number from 0 (-1 is the last). NPZ and safetensors: array of the labels.
    #[arg(long, env = "ASSAY_IMPORT_LABEL", allow_hyphen_values = true, help_heading = "CSV")]
    pub(crate) label: Option<String>,
    /// Columns of the inputs, by name or number, separated by commas; all but the label if left out.
    #[arg(long, env = "ASSAY_IMPORT_COLUMNS", value_delimiter = ',', help_heading = "CSV")]
    pub(crate) columns: Option<Vec<String>>,
    /// The first line is data.
    #[arg(long, env = "ASSAY_IMPORT_NO_HEADER", help_heading = "CSV")]
    pub(crate) no_header: bool,
    /// What separates fields; a comma, or a tab if the file ends in .tsv.
    #[arg(long, env = "ASSAY_IMPORT_DELIMITER", value_name = "CHAR", help_heading = "CSV")]
    pub(crate) delimiter: Option<char>,
    /// Number the labels from 0 in sorted order even if they are numbers.
    #[arg(long, env = "ASSAY_IMPORT_CLASSES", help_heading = "CSV")]
    pub(crate) classes: bool,

    /// File of the labels.
    #[arg(long, env = "ASSAY_IMPORT_LABELS", value_name = "PATH", help_heading = "Arrays: IDX, NPY, NPZ, safetensors")]
    pub(crate) labels: Option<PathBuf>,
    /// File of the test labels.
    #[arg(
        long,
        env = "ASSAY_IMPORT_TEST_LABELS",
        value_name = "PATH",
        help_heading = "Arrays: IDX, NPY, NPZ, safetensors"
    )]
    pub(crate) test_labels: Option<PathBuf>,
    /// Array of the inputs; the only one besides the label if left out.
    #[arg(long, env = "ASSAY_IMPORT_INPUT", value_name = "NAME", help_heading = "Arrays: IDX, NPY, NPZ, safetensors")]
    pub(crate) input: Option<String>,
    /// Array of the test inputs, in the same file unless there is a --test.
    #[arg(
        long,
        env = "ASSAY_IMPORT_TEST_INPUT",
        value_name = "NAME",
        help_heading = "Arrays: IDX, NPY, NPZ, safetensors"
    )]
    pub(crate) test_input: Option<String>,
    /// Array of the test labels.
    #[arg(
        long,
        env = "ASSAY_IMPORT_TEST_LABEL",
        value_name = "NAME",
        help_heading = "Arrays: IDX, NPY, NPZ, safetensors"
    )]
    pub(crate) test_label: Option<String>,

    /// Bring every image to this size.
    #[arg(long, env = "ASSAY_IMPORT_SIZE", value_name = "HxW", value_parser = size, help_heading = "Images")]
    pub(crate) size: Option<[u32; 2]>,
    /// One channel: brightness. Without --gray and --rgb, as the first image.
    #[arg(long, env = "ASSAY_IMPORT_GRAY", conflicts_with = "rgb", help_heading = "Images")]
    pub(crate) gray: bool,
    /// Three channels: red, green, blue.
    #[arg(long, env = "ASSAY_IMPORT_RGB", help_heading = "Images")]
    pub(crate) rgb: bool,

    /// What a token is; a character if left out, or what the vocabulary says.
    #[arg(long, env = "ASSAY_IMPORT_TOKENIZER", value_enum, help_heading = "Text")]
    pub(crate) tokenizer: Option<TokenizerArg>,
    /// Tokens of a row. Labels are the tokens that follow each of them.
    #[arg(long, env = "ASSAY_IMPORT_CONTEXT", value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Text")]
    pub(crate) context: Option<u32>,
    /// Number the tokens as an earlier import did: its vocab.json.
    #[arg(long, env = "ASSAY_IMPORT_VOCAB", value_name = "FILE", help_heading = "Text")]
    pub(crate) vocab: Option<PathBuf>,
    /// Takes the place of characters that --vocab lacks.
    #[arg(long, env = "ASSAY_IMPORT_UNKNOWN", value_name = "CHAR", requires = "vocab", help_heading = "Text")]
    pub(crate) unknown: Option<char>,
}

/// Kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// IDX, NPY, NPZ or safetensors.
    Arrays,
    /// A table of text.
    Csv,
    /// A folder of folders of images.
    Images,
    /// Any text.
    Text,
}

/// Kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenizerArg {
    /// A byte.
    Byte,
    /// A character.
    Char,
}

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// An IDX or safetensors file, or a folder that `assay data import` made.
    pub(crate) path: PathBuf,
    /// Which tensor of a safetensors file.
    #[arg(long, env = "ASSAY_TENSOR")]
    pub(crate) tensor: Option<String>,
}

/// Height and width.
fn size(text: &str) -> Result<[u32; 2], String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=assay_engine::data::import::MAX_SIDE).contains(side));
    let sides = text.split_once('x').and_then(|(height, width)| Some([side(height)?, side(width)?]));
    sides.ok_or_else(|| {
        format!("not a height and a width, such as 28x28, of at most {} pixels", assay_engine::data::import::MAX_SIDE)
    })
}
