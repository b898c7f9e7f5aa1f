//! Blobs by content: the address of a blob is the BLAKE3 hash of its bytes, the same 32 bytes that the protocol commits to.
//!
//! [`BlobStore`] is what roles use. Behind it:
//! - [`Folder`]: a directory; a blob appears whole or not at all, whatever crashes;
//! - [`HttpStore`]: a client of [`serve`], which checks every group of 16 KiB against the address *as it arrives*, so a
//!   server that lies, cuts short, sends without end or stalls costs little and gains nothing;
//! - [`serve`]: a folder behind HTTP.
//!
//! [`open`] picks by location. Ranges are verified too: a slice carries the hashes that tie it to the address ([`slice`](mod@slice)).
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod blob;
mod error;
mod folder;
mod http;
mod location;
mod server;
pub mod slice;

pub use assay_core::commit::{hash, Hash};
pub use blob::BlobStore;
pub use bytes::Bytes;
pub use error::{Result, StoreError};
pub use folder::Folder;
pub use http::{HttpOptions, HttpStore};
pub use location::open;
pub use server::{serve, Handle, Limits};
