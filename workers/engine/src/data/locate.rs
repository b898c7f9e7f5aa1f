//! Where data files are looked for.
use super::DataError;
use std::path::{Path, PathBuf};

/// Folders in which a task's relative paths are looked up, in order.
#[derive(Clone, Debug)]
pub struct Roots(Vec<PathBuf>);

impl Roots {
    /// These folders.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Roots {
        Roots(folders.into_iter().collect())
    }

    /// The task's own folder, those in `ASSAY_DATA` (separated by colons), and where `scripts/datasets` puts things.
    pub fn standard(task_folder: &Path) -> Roots {
        let mut folders = vec![task_folder.to_path_buf()];
        if let Some(named) = std::env::var_os("ASSAY_DATA") {
            folders.extend(std::env::split_paths(&named));
        }
        folders.push("/usr/share/datasets".into());
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let caches =
            || std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).map(|caches| caches.join("assay"));
        if let Some(cache) = std::env::var_os("ASSAY_CACHE").map(PathBuf::from).or_else(caches) {
            let made = cache.join("datasets");
            let unpacked = made.join("dataset-fashion-mnist/usr/share/datasets");
            folders.extend([made, unpacked]);
        }
        Roots(folders)
    }

    /// The first folder's file of this name.
    ///
    /// # Errors
    /// No folder has it.
    pub fn find(&self, file: &str) -> Result<PathBuf, DataError> {
        let candidates = self.0.iter().map(|folder| folder.join(file)); // An absolute path replaces the folder.
        candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
            let searched = self.0.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
            DataError::NotFound { file: file.into(), searched }
        })
    }
}
