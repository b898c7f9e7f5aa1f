//! How ink! 5 encodes calls and answers, and how pallet-contracts 51 wraps them.
use crate::node::{RawFailure, Weight};
use crate::selector::selector;
use assay_core::protocol::{AccountId, Balance, Error as Refusal};
use codec::{Decode, Encode};

/// Set in an answer's flags when the contract rolled itself back.
const REVERT: u32 = 1;

/// A selector and arguments. (Arguments are a tuple, whose encoding is that of its items in order.)
pub(super) fn input(label: &str, arguments: &impl Encode) -> Vec<u8> {
    let mut input = selector(label).to_vec();
    arguments.encode_to(&mut input);
    input
}

/// Why ink!'s dispatcher didn't come to the message.
#[derive(Clone, Copy, Debug, Decode, PartialEq, Eq)]
pub(super) enum LangError {
    #[codec(index = 1)]
    CouldNotReadInput,
}

/// What a message gives.
pub(super) enum Answer<T> {
    Returned(T),
    Refused(Refusal),
    Misunderstood,
}

/// Money locked for storage, or set free.
#[derive(Clone, Copy, Debug, Decode)]
pub(super) enum StorageDeposit {
    Refund { _amount: Balance },
    Charge(Balance),
}

/// What a contract returned.
#[derive(Debug, Decode)]
pub(super) struct Returned {
    flags: u32,
    data: Vec<u8>,
}

/// A dry run's result. The events that follow are of no interest.
#[derive(Debug, Decode)]
pub(super) struct DryRun<T> {
    pub(super) gas_consumed: Weight,
    pub(super) gas_required: Weight,
    pub(super) storage_deposit: StorageDeposit,
    pub(super) debug_message: Vec<u8>,
    pub(super) result: Result<T, RawFailure>,
}

/// A dry run's result for a constructor.
#[derive(Debug, Decode)]
pub(super) struct Built {
    pub(super) returned: Returned,
    pub(super) account: AccountId,
}

/// Code to instantiate.
#[derive(Encode)]
pub(super) enum Code {
    #[codec(index = 1)]
    Existing([u8; 32]),
}

impl Returned {
    /// Reads the answer of a message that may refuse, which is every one that changes something.
    pub(super) fn fallible<T: Decode>(&self) -> Answer<T> {
        match Result::<Result<T, Refusal>, LangError>::decode(&mut self.data.as_slice()) {
            Ok(Ok(Ok(value))) if !self.reverted() => Answer::Returned(value),
            Ok(Ok(Err(refusal))) => Answer::Refused(refusal),
            _ => Answer::Misunderstood,
        }
    }

    /// Reads the answer of a view.
    pub(super) fn plain<T: Decode>(&self) -> Answer<T> {
        match Result::<T, LangError>::decode(&mut self.data.as_slice()) {
            Ok(Ok(value)) if !self.reverted() => Answer::Returned(value),
            _ => Answer::Misunderstood,
        }
    }

    /// Reads the answer of a constructor, which tells nothing when it succeeds.
    pub(super) fn built(&self) -> Answer<()> {
        if self.reverted() {
            self.fallible()
        } else {
            Answer::Returned(())
        }
    }

    fn reverted(&self) -> bool {
        self.flags & REVERT != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(flags: u32, data: &[u8]) -> Returned {
        Returned { flags, data: data.to_vec() }
    }

    #[test]
    fn answers_are_told_apart() {
        assert!(matches!(returned(0, &[0, 0, 7, 0, 0, 0]).fallible::<u32>(), Answer::Returned(7)));
        let refusal = Ok::<_, ()>(Err::<u32, _>(Refusal::NoTask(9))).encode();
        assert!(matches!(returned(1, &refusal).fallible::<u32>(), Answer::Refused(Refusal::NoTask(9))));
        assert!(matches!(returned(1, &[1, 1]).fallible::<u32>(), Answer::Misunderstood));
        assert!(matches!(returned(0, &[0, 0]).fallible::<u32>(), Answer::Misunderstood));
        assert!(matches!(returned(0, &[0, 7, 0, 0, 0]).plain::<u32>(), Answer::Returned(7)));
        assert!(matches!(returned(1, &[1, 1]).plain::<u32>(), Answer::Misunderstood));
        // A success that rolled back is none.
        assert!(matches!(returned(1, &[0, 0, 7, 0, 0, 0]).fallible::<u32>(), Answer::Misunderstood));
    }

    #[test]
    fn input_is_selector_and_arguments() {
        assert_eq!(input("flip", &()), [0x63, 0x3a, 0xa5, 0x51]);
        assert_eq!(input("flip", &(1_u16, true)), [0x63, 0x3a, 0xa5, 0x51, 1, 0, 1]);
    }
}
