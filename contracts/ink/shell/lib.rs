//! What the three contracts share: values of `assay-core` in storage, and calls to each other.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

use assay_core::protocol::{Balance, Error};
use ink::env::call::{build_call, ExecutionInput, Selector};
use ink::env::DefaultEnvironment;
use ink::prelude::vec::Vec;
use ink::primitives::AccountId;
use ink::scale::{self, Decode, Encode, EncodeLike, Input, Output};

/// A value of `assay-core` in storage, in an answer or in an event: encoded as it is, by way of a vector. (Each kind of
/// output has an encoder of its own in a contract's code, and ink!'s is the larger.)
#[derive(Debug)]
pub struct Stored<T>(pub T);

impl<T: Encode> Encode for Stored<T> {
    fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
        let mut bytes = Vec::new();
        self.0.encode_to(&mut bytes);
        output.write(&bytes);
    }
}

impl<T: Encode> EncodeLike for Stored<T> {}

impl<T: Decode> Decode for Stored<T> {
    fn decode<I: Input>(input: &mut I) -> Result<Self, scale::Error> {
        T::decode(input).map(Stored)
    }
}

#[cfg(feature = "std")]
impl<T: ink::scale_info::TypeInfo + 'static> ink::scale_info::TypeInfo for Stored<T> {
    type Identity = T::Identity;

    fn type_info() -> ink::scale_info::Type {
        T::type_info()
    }
}

#[cfg(feature = "std")]
impl<T: ink::scale_info::TypeInfo + 'static> ink::storage::traits::StorageLayout for Stored<T> {
    fn layout(key: &ink::primitives::Key) -> ink::metadata::layout::Layout {
        use ink::metadata::layout::{Layout, LayoutKey, LeafLayout};
        Layout::Leaf(LeafLayout::from_key::<T>(LayoutKey::from(key)))
    }
}

/// The 32 bytes of an account, as `assay-core` has them.
pub fn bytes(account: &AccountId) -> [u8; 32] {
    *AsRef::<[u8; 32]>::as_ref(account)
}

/// Calls another of the three contracts. `arguments` is a tuple.
///
/// None of them refuses another if they are wired rightly, so a refusal isn't passed on (that would take 2 KB of code) but
/// is [`Error::Books`], as a trap or a foreign contract is. Reentrancy stays off: the caller can't be entered meanwhile.
pub fn call<R: Decode>(
    contract: AccountId,
    value: Balance,
    selector: [u8; 4],
    arguments: impl Encode,
) -> Result<R, Error> {
    let answer = build_call::<DefaultEnvironment>()
        .call(contract)
        .transferred_value(value)
        .exec_input(ExecutionInput::new(Selector::new(selector)).push_arg(arguments))
        .returns::<Answer<R>>()
        .try_invoke();
    match answer {
        Ok(Ok(Answer(Some(value)))) => Ok(value),
        _ => Err(Error::Books),
    }
}

/// A `Result` whose error isn't of interest.
struct Answer<R>(Option<R>);

impl<R: Decode> Decode for Answer<R> {
    fn decode<I: Input>(input: &mut I) -> Result<Self, scale::Error> {
        if input.read_byte()? == 0 {
            return R::decode(input).map(|value| Answer(Some(value)));
        }
        while input.remaining_len()? > Some(0) {
            input.read_byte()?;
        }
        Ok(Answer(None))
    }
}
