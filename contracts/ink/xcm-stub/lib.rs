//! What ink! 5.1.1 needs of `staging-xcm` to compile: three names. No value of these types exists, so `xcm_execute` and
//! `xcm_send` can't be called. The real crate and what it pulls in are half of a contract's build time.
#![no_std]
use codec::{Encode, Output};

/// A message that nobody can have.
pub enum VersionedXcm<Call> {
    #[doc(hidden)]
    Never(core::convert::Infallible, core::marker::PhantomData<Call>),
}

/// A destination that nobody can have.
pub enum VersionedLocation {}

impl<Call> Encode for VersionedXcm<Call> {
    fn encode_to<T: Output + ?Sized>(&self, _: &mut T) {}
}

impl Encode for VersionedLocation {
    fn encode_to<T: Output + ?Sized>(&self, _: &mut T) {}
}

/// The version of the format that ink! refers to.
pub mod v4 {
    /// The hash of a message.
    pub type XcmHash = [u8; 32];
}
