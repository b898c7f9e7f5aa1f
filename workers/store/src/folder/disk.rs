//! The folder's work on files; blocking.
use super::outboard::{self, Outboard};
use super::writer::{sweep, Writer};
use crate::slice::{self, Span};
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use bao_tree::io::sync::encode_ranges_validated;
use bao_tree::io::EncodeError;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Bytes read at once.
const BUFFER: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

/// A slice that can be written to a reader.
pub(crate) struct Encoded {
    file: File,
    /// The blob's length.
    pub(crate) len: u64,
    hash: Hash,
    span: Span,
    outboard: Outboard,
}

impl Disk {
    pub(super) fn open(root: PathBuf) -> Result<Self> {
        let disk = Disk { root };
        for folder in [disk.root.join("blobs"), disk.root.join("outboards"), disk.incoming()] {
            fs::create_dir_all(&folder).map_err(StoreError::io("create", folder))?;
        }
        sweep(&disk.incoming())?;
        Ok(disk)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }

    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    pub(crate) fn blob_path(&self, hash: Hash) -> PathBuf {
        self.path("blobs", hash)
    }

    pub(super) fn outboard_path(&self, hash: Hash) -> PathBuf {
        self.path("outboards", hash)
    }

    /// The name is always 64 hexadecimal digits, so it can't lead out of the folder.
    fn path(&self, kind: &str, hash: Hash) -> PathBuf {
        let name = hash.to_string();
        self.root.join(kind).join(format!("{:02x}", hash.as_bytes().first().unwrap_or(&0))).join(name)
    }

    pub(crate) fn writer(&self) -> Result<Writer> {
        Writer::create(&self.incoming())
    }

    /// Publishes what was written, always anew: that also replaces a copy that the disk has spoilt.
    fn publish(&self, writer: Writer) -> Result<Hash> {
        let hash = writer.hash();
        writer.publish(&self.blob_path(hash))?;
        Ok(hash)
    }

    /// The same, if it has this address.
    pub(crate) fn publish_at(&self, hash: Hash, writer: Writer) -> Result<()> {
        let got = writer.hash();
        if got != hash {
            return Err(StoreError::Corrupt { expected: hash, got, place: "the upload".into() });
        }
        writer.publish(&self.blob_path(hash))
    }

    pub(super) fn put_at(&self, hash: Hash, bytes: &[u8]) -> Result<()> {
        let mut writer = self.writer()?;
        writer.write(bytes)?;
        self.publish_at(hash, writer)
    }

    pub(super) fn put(&self, bytes: &[u8]) -> Result<Hash> {
        let mut writer = self.writer()?;
        writer.write(bytes)?;
        self.publish(writer)
    }

    pub(super) fn put_file(&self, path: &Path) -> Result<Hash> {
        let mut file = File::open(path).map_err(StoreError::io("read", path))?;
        let mut writer = self.writer()?;
        copy(&mut file, path, &mut writer)?;
        self.publish(writer)
    }

    pub(crate) fn file(&self, hash: Hash) -> Result<(File, u64)> {
        let path = self.blob_path(hash);
        let file = File::open(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound { hash, place: self.place() },
            _ => StoreError::io("read", &path)(source),
        })?;
        let len = file.metadata().map_err(StoreError::io("read", path))?.len();
        Ok((file, len))
    }

    pub(crate) fn len(&self, hash: Hash) -> Result<u64> {
        self.file(hash).map(|(_, len)| len)
    }

    fn checked(&self, hash: Hash, max: u64) -> Result<(File, u64)> {
        let (file, len) = self.file(hash)?;
        if len > max {
            return Err(StoreError::TooLarge { hash, len, max });
        }
        Ok((file, len))
    }

    pub(super) fn get(&self, hash: Hash, max: u64) -> Result<Vec<u8>> {
        let (file, len) = self.checked(hash, max)?;
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        file.take(len).read_to_end(&mut bytes).map_err(StoreError::io("read", self.blob_path(hash)))?;
        let got = assay_core::commit::hash(&bytes);
        if got != hash {
            return Err(StoreError::Corrupt { expected: hash, got, place: self.place() });
        }
        Ok(bytes)
    }

    pub(super) fn get_file(&self, hash: Hash, to: &Path, max: u64) -> Result<u64> {
        let (mut file, _) = self.checked(hash, max)?;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut writer = Writer::create(parent)?;
        copy(&mut file, &self.blob_path(hash), &mut writer)?;
        let (got, len) = (writer.hash(), writer.len());
        if got != hash {
            return Err(StoreError::Corrupt { expected: hash, got, place: self.place() });
        }
        writer.publish(to)?;
        Ok(len)
    }

    pub(super) fn get_range(&self, hash: Hash, range: Range<u64>) -> Result<Vec<u8>> {
        let encoded = self.slice(hash, Span { start: range.start, end: Some(range.end) })?;
        let Range { start, end } = range;
        let len = encoded.len;
        if start > end || end > len {
            return Err(StoreError::OutOfRange { hash, start, end, len });
        }
        let mut slice = Vec::new();
        self.encode(&encoded, &mut slice)?;
        let (_, bytes) = slice::read(hash, Span { start, end: Some(end) }, &slice, &self.place())?;
        Ok(bytes)
    }

    /// Prepares a slice.
    pub(crate) fn slice(&self, hash: Hash, span: Span) -> Result<Encoded> {
        let (file, len) = self.file(hash)?;
        let outboard = outboard::load(self, hash, &file, len)?;
        Ok(Encoded { file, len, hash, span, outboard })
    }

    /// Writes a slice, checking every group before it goes out. An error after the first byte leaves the slice short.
    pub(crate) fn encode(&self, slice: &Encoded, mut to: impl Write) -> Result<()> {
        let failed = |error: EncodeError| match error {
            EncodeError::ParentHashMismatch(_) | EncodeError::LeafHashMismatch(_) => StoreError::Forged {
                expected: slice.hash,
                place: self.place(),
                offset: slice.span.start,
                why: "the disk's copy is spoilt; put the blob again".into(),
            },
            other => StoreError::io("send", self.blob_path(slice.hash))(other.into()),
        };
        to.write_all(&slice.len.to_le_bytes()).map_err(|error| failed(error.into()))?;
        encode_ranges_validated(&slice.file, &slice.outboard, &slice.span.chunks(), to).map_err(failed)
    }

    /// Bytes in all blobs.
    pub(super) fn used(&self) -> Result<u64> {
        let mut used = 0_u64;
        let blobs = self.root.join("blobs");
        for group in fs::read_dir(&blobs).map_err(StoreError::io("list", &blobs))? {
            let group = group.map_err(StoreError::io("list", &blobs))?.path();
            for blob in fs::read_dir(&group).map_err(StoreError::io("list", &group))? {
                let len = blob.and_then(|blob| blob.metadata()).map_err(StoreError::io("list", &group))?.len();
                used = used.saturating_add(len);
            }
        }
        Ok(used)
    }
}

fn copy(from: &mut File, path: &Path, to: &mut Writer) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::io("read", path)(error)),
        }
    }
}
