//! What a worker must remember of a task across restarts, as JSON files in its home.
use crate::RoleError;
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// What a worker remembers of one task.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    folder: PathBuf,
}

impl Memory {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    /// What was stored under a name.
    pub(crate) fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RoleError> {
        let path = self.path(name);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|why| RoleError::Memory { path, why }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RoleError::File { doing: "read", path, source }),
        }
    }

    /// Stores something under a name, whole or not at all.
    pub(crate) fn store<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RoleError> {
        let path = self.path(name);
        let bytes = serde_json::to_vec(value).map_err(|why| RoleError::Memory { path: path.clone(), why })?;
        let write = || {
            std::fs::create_dir_all(&self.folder)?;
            let new = path.with_extension("new");
            let mut file = std::fs::File::create(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)
        };
        write().map_err(|source| RoleError::File { doing: "write", path: path.clone(), source })
    }

    /// Adds a line to a list.
    pub(crate) fn append<T: Serialize>(&self, name: &str, item: &T) -> Result<(), RoleError> {
        let path = self.folder.join(format!("{name}.jsonl"));
        let mut line = serde_json::to_vec(item).map_err(|why| RoleError::Memory { path: path.clone(), why })?;
        line.push(b'\n');
        let write = || {
            std::fs::create_dir_all(&self.folder)?;
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(&line)
        };
        write().map_err(|source| RoleError::File { doing: "write", path: path.clone(), source })
    }

    /// The list's items up to the first that doesn't parse (a crash leaves half a line), which is cut off.
    pub(crate) fn list<T: DeserializeOwned + Serialize>(&self, name: &str) -> Result<Vec<T>, RoleError> {
        let path = self.folder.join(format!("{name}.jsonl"));
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(RoleError::File { doing: "read", path, source }),
        };
        let items: Vec<T> = text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
        if items.len() != text.lines().count() || !(text.is_empty() || text.ends_with('\n')) {
            self.replace(name, &items)?;
        }
        Ok(items)
    }

    /// Replaces a list.
    pub(crate) fn replace<T: Serialize>(&self, name: &str, items: &[T]) -> Result<(), RoleError> {
        let path = self.folder.join(format!("{name}.jsonl"));
        let mut bytes = Vec::new();
        for item in items {
            serde_json::to_writer(&mut bytes, item).map_err(|why| RoleError::Memory { path: path.clone(), why })?;
            bytes.push(b'\n');
        }
        let write = || {
            std::fs::create_dir_all(&self.folder)?;
            let new = path.with_extension("new");
            std::fs::write(&new, &bytes)?;
            std::fs::rename(&new, &path)
        };
        write().map_err(|source| RoleError::File { doing: "write", path: path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_cut_off() {
        let home = tempfile::tempdir().unwrap();
        let memory = Memory::new(home.path().join("0"));
        assert!(memory.list::<u32>("steps").unwrap().is_empty());
        for item in 1..=3 {
            memory.append("steps", &item).unwrap();
        }
        let path = home.path().join("0/steps.jsonl");
        std::fs::write(&path, "1\n2\n{\"ha").unwrap();
        assert_eq!(memory.list::<u32>("steps").unwrap(), [1, 2]);
        memory.append("steps", &9_u32).unwrap();
        assert_eq!(memory.list::<u32>("steps").unwrap(), [1, 2, 9]);
        std::fs::write(&path, "1\n2").unwrap();
        assert_eq!(memory.list::<u32>("steps").unwrap(), [1, 2]);
        memory.append("steps", &9_u32).unwrap();
        assert_eq!(memory.list::<u32>("steps").unwrap(), [1, 2, 9]);
    }

    #[test]
    fn values_are_kept_whole() {
        let home = tempfile::tempdir().unwrap();
        let memory = Memory::new(home.path().join("0"));
        assert_eq!(memory.load::<Vec<u8>>("x").unwrap(), None);
        memory.store("x", &vec![1, 2]).unwrap();
        assert_eq!(memory.load::<Vec<u8>>("x").unwrap(), Some(vec![1, 2]));
        std::fs::write(home.path().join("0/x.json"), "[1").unwrap();
        assert!(matches!(memory.load::<Vec<u8>>("x"), Err(RoleError::Memory { .. })));
    }
}
