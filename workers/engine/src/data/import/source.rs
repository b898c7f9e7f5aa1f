//! Reading sources: unpacked on the way, within limits, and their content addresses.
use super::{ImportError, Stage, Watch};
use assay_core::commit::Hash;
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// So much may come out of however little.
const FREE_BYTES: u64 = 64 << 20;
/// Beyond that, bytes out for a byte in at most; what people pack has 2 to 50, a bomb 1,000.
const MAX_RATIO: u64 = 256;
/// Bytes between two reports.
const REPORT: u64 = 1 << 20;

/// A reader that ends in an error where there is too much.
pub(super) struct Limited<R> {
    inner: R,
    got: u64,
    max: u64,
    /// Length of what is unpacked.
    packed: Option<u64>,
}

impl<R: Read> Limited<R> {
    pub(super) fn new(inner: R, max: u64, packed: Option<u64>) -> Limited<R> {
        Limited { inner, got: 0, max, packed }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.got = self.got.saturating_add(read as u64);
        if self.got > self.max {
            return Err(std::io::Error::other(ImportError::TooLarge { max: self.max }));
        }
        match self.packed {
            Some(packed) if self.got > FREE_BYTES.max(packed.saturating_mul(MAX_RATIO)) => {
                Err(std::io::Error::other(ImportError::Ratio { packed, got: self.got }))
            }
            _ => Ok(read),
        }
    }
}

/// A file that reports how far it has been read.
pub(super) struct Watched<'a> {
    file: File,
    stage: Stage,
    done: u64,
    reported: u64,
    total: u64,
    watch: Watch<'a>,
}

impl<'a> Watched<'a> {
    pub(super) fn open(path: &Path, stage: Stage, watch: Watch<'a>) -> Result<Watched<'a>, ImportError> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(ImportError::NotFile); // A pipe or a device might never end.
        }
        let file = File::open(path)?;
        let total = file.metadata()?.len();
        Ok(Watched { file, stage, done: 0, reported: 0, total, watch })
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.done = self.done.saturating_add(read as u64);
        if read == 0 || self.done.saturating_sub(self.reported) >= REPORT {
            self.reported = self.done;
            (self.watch)(self.stage, self.done, self.total);
        }
        Ok(read)
    }
}

/// A file, unpacked if it is compressed by gzip, of at most `max` bytes.
pub(super) fn open<'a>(path: &Path, max: u64, watch: Watch<'a>) -> Result<impl Read + use<'a>, ImportError> {
    let file = Watched::open(path, Stage::Reading, watch)?;
    let packed = file.total;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut magic = Vec::new();
    file.by_ref().take(2).read_to_end(&mut magic)?;
    let gzip = magic == GZIP;
    let whole: Chain<_, _> = Cursor::new(magic).chain(file);
    let (plain, unpacked) = if gzip { (None, Some(MultiGzDecoder::new(whole))) } else { (Some(whole), None) };
    let either = Either(plain, unpacked);
    Ok(Limited::new(either, max, gzip.then_some(packed)))
}

/// One of two readers.
struct Either<A, B>(Option<A>, Option<B>);

impl<A: Read, B: Read> Read for Either<A, B> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Either(Some(a), _) => a.read(buffer),
            Either(_, Some(b)) => b.read(buffer),
            Either(None, None) => Ok(0),
        }
    }
}

/// What a source is to an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Inputs of the training rows; with labels, unless they come from elsewhere.
    Train,
    /// Labels of the training rows.
    TrainLabels,
    /// Inputs of the test rows; with labels, unless they come from elsewhere.
    Test,
    /// Labels of the test rows.
    TestLabels,
    /// The numbers of a text's characters.
    Vocabulary,
}

/// A file or folder that was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// What it is to the import.
    pub role: Role,
    /// Where it was.
    pub path: PathBuf,
    /// Files: 1, or those of a folder.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// BLAKE3 of the file; of a folder, that of every file's path in it, a zero byte and its BLAKE3, sorted.
    pub blake3: Hash,
}

impl Source {
    /// Reads it all.
    pub(super) fn hash(role: Role, path: &Path, watch: Watch<'_>) -> Result<Source, ImportError> {
        let source = |files, bytes, blake3| Source { role, path: path.into(), files, bytes, blake3 };
        if path.is_dir() {
            return super::images::hash(path, watch).map(|(files, bytes, blake3)| source(files, bytes, blake3));
        }
        let read = || -> Result<Source, ImportError> {
            let file = Watched::open(path, Stage::Hashing, watch)?;
            let (bytes, blake3) = hash_reader(file)?;
            Ok(source(1, bytes, blake3))
        };
        read().map_err(|error| error.at(path))
    }

    /// Whether it is the same for an import, wherever it lies.
    pub(super) fn same(&self, other: &Source) -> bool {
        let key = |source: &Source| (source.role, source.files, source.bytes, source.blake3);
        key(self) == key(other)
    }
}

/// Length and BLAKE3.
pub(super) fn hash_reader(mut reader: impl Read) -> Result<(u64, Hash), ImportError> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok((hasher.count(), Hash(*hasher.finalize().as_bytes()))),
            read => hasher.update(buffer.get(..read).unwrap_or(&[])),
        };
    }
}
