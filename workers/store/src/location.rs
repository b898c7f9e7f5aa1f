//! From text to a store.
use crate::{BlobStore, Folder, HttpOptions, HttpStore, Result, StoreError};
use std::sync::Arc;

/// The store at a location: `http://…` or `https://…` for a server, otherwise a folder (`file://` allowed), which is
/// created if need be.
pub async fn open(location: &str) -> Result<Arc<dyn BlobStore>> {
    let bad = |why: &str| StoreError::Location { location: location.into(), why: why.into() };
    match location.split_once("://") {
        Some(("http" | "https", _)) => Ok(Arc::new(HttpStore::new(location, HttpOptions::default())?)),
        Some(("file", path)) if path.starts_with('/') => Ok(Arc::new(Folder::open(path).await?)),
        Some(("file", _)) => Err(bad("a file address needs an absolute path")),
        Some((scheme, _)) => Err(bad(&format!("{scheme} is not supported; run `assay store serve` beside it"))),
        None if location.is_empty() => Err(bad("it is empty")),
        None => Ok(Arc::new(Folder::open(location).await?)),
    }
}
