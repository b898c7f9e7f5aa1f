//! Decoding lists that a stranger sent: the length is checked before anything is allocated.
use alloc::vec::Vec;
use codec::{Compact, Decode, Input};

/// A list of at most `max` items in SCALE's form of a `Vec`.
pub(super) fn decode_list<T: Decode, I: Input>(input: &mut I, max: usize) -> Result<Vec<T>, codec::Error> {
    let len = decode_len(input, max)?;
    (0..len).map(|_| T::decode(input)).collect()
}

/// At most `max` bytes in SCALE's form of a `Vec`.
pub(super) fn decode_bytes<I: Input>(input: &mut I, max: usize) -> Result<Vec<u8>, codec::Error> {
    let len = decode_len(input, max)?;
    let mut bytes = alloc::vec![0; len];
    input.read(&mut bytes)?;
    Ok(bytes)
}

/// The length in front of a SCALE `Vec`, if it is at most `max`.
fn decode_len<I: Input>(input: &mut I, max: usize) -> Result<usize, codec::Error> {
    let len = usize::try_from(Compact::<u32>::decode(input)?.0).unwrap_or(usize::MAX);
    if len > max {
        return Err("list longer than its type allows".into());
    }
    Ok(len)
}
