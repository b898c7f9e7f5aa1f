//! What can go wrong with a blob, with the values needed to act on it.
use assay_core::commit::Hash;
use std::path::PathBuf;
use std::time::Duration;

/// A result of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What can go wrong with a blob.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store was reached and has no such blob.
    #[error("no blob {hash} in {place}: ask whoever published it to upload it again")]
    NotFound {
        /// The address.
        hash: Hash,
        /// The store.
        place: String,
    },
    /// A whole blob hashes to something else than its address.
    #[error("blob {expected} from {place} hashes to {got}: it was changed; get it from another store")]
    Corrupt {
        /// The address.
        expected: Hash,
        /// What the bytes hash to.
        got: Hash,
        /// The store.
        place: String,
    },
    /// Part of a blob doesn't belong to its address. What came before it was checked and is right.
    #[error("blob {expected} from {place} is false at byte {offset} ({why}): get it from another store")]
    Forged {
        /// The address.
        expected: Hash,
        /// The store.
        place: String,
        /// The first byte of the group that didn't verify.
        offset: u64,
        /// What didn't verify.
        why: String,
    },
    /// The blob is larger than the caller or the store accepts.
    #[error("blob {hash} has {len} bytes, more than the {max} that are accepted here")]
    TooLarge {
        /// The address.
        hash: Hash,
        /// Its length.
        len: u64,
        /// What is accepted.
        max: u64,
    },
    /// The store has no room left.
    #[error("{place} has no room for {len} more bytes: raise its total limit or remove blobs")]
    Full {
        /// The store.
        place: String,
        /// The bytes that didn't fit.
        len: u64,
    },
    /// The range isn't inside the blob.
    #[error("bytes {start}..{end} are not in blob {hash}, which has {len}")]
    OutOfRange {
        /// The address.
        hash: Hash,
        /// The range's start.
        start: u64,
        /// The range's end.
        end: u64,
        /// The blob's length.
        len: u64,
    },
    /// The server can't be reached, or hangs up whatever is tried.
    #[error("can't reach {url} after {attempts} attempts ({why}): {hint}")]
    Unreachable {
        /// The server.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        why: String,
        /// What to try next.
        hint: &'static str,
    },
    /// The server sends too slowly to be of use.
    #[error(
        "{url} was given up after {after:?} with {received} good bytes received: it is too slow; use another store"
    )]
    TooSlow {
        /// The server.
        url: String,
        /// How long it was waited for.
        after: Duration,
        /// What had come.
        received: u64,
    },
    /// The server understood and said no.
    #[error("{url} answered {status}: {message}")]
    Refused {
        /// The request's address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The machine's own file system failed.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A location that names no store.
    #[error("{location:?} is not a store ({why}): give a folder or an http(s) address")]
    Location {
        /// The text given.
        location: String,
        /// What is wrong with it.
        why: String,
    },
    /// A task of this process was stopped or panicked.
    #[error("the store's task was stopped while it was to {doing}")]
    Stopped {
        /// What it was doing.
        doing: &'static str,
    },
}

impl StoreError {
    /// For `map_err` on file operations.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| StoreError::Io { doing, path, source }
    }
}
