//! What the contracts share: values of `assay-core` in storage, and calls to each other.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

use assay_core::protocol::{Balance, Checked, Error};
use assay_core::wire::{self, Wire};
use core::marker::PhantomData;
use ink::env::call::{build_call, ExecutionInput, Selector};
use ink::env::{DefaultEnvironment, ReturnFlags};
use ink::prelude::vec::Vec;
use ink::primitives::AccountId;
use ink::scale::{self, Decode, Encode, EncodeLike, Input, Output};

/// A value of `assay-core` as its SCALE bytes: in storage, in an answer, in an event, or as the last argument of a
/// message. Whoever only hands it on never takes it apart.
///
/// Decoding takes all that is left of the input: what follows it as another `Stored` is in its bytes too, and that
/// one's are none.
pub struct Stored<T> {
    bytes: Vec<u8>,
    of: PhantomData<T>,
}

impl<T> Stored<T> {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: Encode> Stored<T> {
    /// A value, packed.
    pub fn of(value: &T) -> Self {
        let mut bytes = Vec::new();
        value.encode_to(&mut bytes);
        Stored { bytes, of: PhantomData }
    }
}

/// The bytes of some value, which whoever gives them answers for.
impl<T> From<Vec<u8>> for Stored<T> {
    fn from(bytes: Vec<u8>) -> Self {
        Stored { bytes, of: PhantomData }
    }
}

impl<T: Wire + 'static> Stored<T> {
    /// The value of bytes that this contract stored.
    pub fn own(&self) -> &'static mut T {
        let Some(value) = wire::read(&mut self.bytes()) else { unreachable!("only `of` gives what is stored") };
        value
    }
}

impl<T> Encode for Stored<T> {
    fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
        output.write(&self.bytes);
    }
}

impl<T> EncodeLike for Stored<T> {}

impl<T> Decode for Stored<T> {
    fn decode<I: Input>(input: &mut I) -> Result<Self, scale::Error> {
        rest(input).map(|bytes| Stored { bytes, of: PhantomData })
    }
}

/// All that is left of an input.
#[inline(never)]
fn rest<I: Input>(input: &mut I) -> Result<Vec<u8>, scale::Error> {
    let mut bytes = ink::prelude::vec![0; input.remaining_len()?.unwrap_or(0)];
    input.read(&mut bytes)?;
    Ok(bytes)
}

/// A large argument, read in place.
pub struct Sent<T: 'static>(pub &'static mut T);

impl<T: Encode> Encode for Sent<T> {
    fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
        self.0.encode_to(output);
    }
}

impl<T: Wire + 'static> Decode for Sent<T> {
    fn decode<I: Input>(input: &mut I) -> Result<Self, scale::Error> {
        wire::read(input).map(Sent).ok_or_else(|| "malformed".into())
    }
}

/// They look like what they hold.
#[cfg(feature = "std")]
macro_rules! transparent {
    ($($name:ident)*) => {$(
        impl<T: ink::scale_info::TypeInfo + 'static> ink::scale_info::TypeInfo for $name<T> {
            type Identity = T::Identity;

            fn type_info() -> ink::scale_info::Type {
                T::type_info()
            }
        }
    )*};
}

#[cfg(feature = "std")]
transparent!(Stored Sent);

#[cfg(feature = "std")]
impl<T: ink::scale_info::TypeInfo + 'static> ink::storage::traits::StorageLayout for Stored<T> {
    fn layout(key: &ink::primitives::Key) -> ink::metadata::layout::Layout {
        use ink::metadata::layout::{Layout, LayoutKey, LeafLayout};
        Layout::Leaf(LeafLayout::from_key::<T>(LayoutKey::from(key)))
    }
}

/// Ends a message as ink! does when it can't read the arguments.
pub fn unreadable() -> ! {
    let answer: ink::MessageResult<()> = Err(ink::LangError::CouldNotReadInput);
    ink::env::return_value(ReturnFlags::REVERT, &answer)
}

/// The 32 bytes of an account, as `assay-core` has them.
pub fn bytes(account: &AccountId) -> [u8; 32] {
    *AsRef::<[u8; 32]>::as_ref(account)
}

/// Ends a message as ink! does when it returns an error, whose bytes are given.
pub fn refuse(error: &[u8]) -> ! {
    let error = Stored::<()>::from(error.to_vec());
    ink::env::return_value(ReturnFlags::REVERT, &ink::MessageResult::<Result<(), _>>::Ok(Err(error)))
}

/// Calls another of the contracts. `arguments` is a tuple.
///
/// None of them refuses another if they are wired rightly, so a refusal isn't passed on (that would take 2 KB of code) but
/// is [`Error::Books`], as a trap or a foreign contract is.
pub fn call<R: Decode>(contract: AccountId, value: Balance, selector: [u8; 4], arguments: impl Encode) -> Checked<R> {
    let answer = build_call::<DefaultEnvironment>()
        .call(contract)
        .transferred_value(value)
        .exec_input(ExecutionInput::new(Selector::new(selector)).push_arg(arguments))
        .returns::<Answer<R>>()
        .try_invoke();
    match answer {
        Ok(Ok(Answer(Some(value)))) => Ok(value),
        _ => Err(Error::Books.into()),
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

/// Calls a contract, for what it returns; `None` if it trapped, ran out of gas, couldn't read the arguments or isn't
/// there. What the call did is undone if the answer is a `Result`'s error. Reentrancy stays off: the caller can't be
/// entered meanwhile.
#[inline(never)]
pub fn ask<T>(contract: AccountId, value: Balance, selector: [u8; 4], arguments: &Stored<T>) -> Option<Vec<u8>> {
    let answer = build_call::<DefaultEnvironment>()
        .call(contract)
        .transferred_value(value)
        .exec_input(ExecutionInput::new(Selector::new(selector)).push_arg(arguments))
        .returns::<Stored<()>>()
        .try_invoke();
    match answer {
        Ok(Ok(answer)) => Some(answer.bytes),
        _ => None,
    }
}
