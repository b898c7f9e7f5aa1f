//! A file that appears whole or not at all.
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Leftovers older than this are removed: whoever wrote them is gone.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A file in the making. Dropped before [`Writer::publish`], it leaves nothing behind.
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    hasher: blake3::Hasher,
    len: u64,
    published: bool,
}

impl Writer {
    /// A new, empty file in `incoming`.
    pub(crate) fn create(incoming: &Path) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Processes that share the folder may share a process id too (containers), so an existing name is skipped.
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = incoming.join(format!("{}-{count}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Writer { file, path, hasher: blake3::Hasher::new(), len: 0, published: false }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::io("create", path)(error)),
            }
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.file.write_all(bytes).map_err(StoreError::io("write", &self.path))
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The address of what was written so far.
    pub(crate) fn hash(&self) -> Hash {
        Hash(*self.hasher.finalize().as_bytes())
    }

    /// Puts the file at `to`, where it stays after a crash.
    pub(crate) fn publish(mut self, to: &Path) -> Result<()> {
        self.file.sync_all().map_err(StoreError::io("write", &self.path))?;
        let parent = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(StoreError::io("create", parent))?;
        fs::rename(&self.path, to).map_err(StoreError::io("write", to))?;
        self.published = true;
        // The names, too, must reach the disk: the file's and, the first time, its folder's.
        for folder in [Some(parent), parent.parent()].into_iter().flatten() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("write", folder))?;
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.published {
            if let Err(error) = fs::remove_file(&self.path) {
                tracing::warn!(path = %self.path.display(), %error, "a temporary file stays behind");
            }
        }
    }
}

/// Removes what crashed processes left in `incoming`.
pub(super) fn sweep(incoming: &Path) -> Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(incoming).map_err(StoreError::io("list", incoming))? {
        let path = entry.map_err(StoreError::io("list", incoming))?.path();
        let age =
            fs::metadata(&path).and_then(|meta| meta.modified()).ok().and_then(|time| now.duration_since(time).ok());
        if age.is_some_and(|age| age > ABANDONED) {
            // Another process may have been faster: not a failure.
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}
