//! The treasury: it gets what is confiscated and the tax. What it may be spent on is governance's to say.
use super::error::{ensure, only, overflow};
use super::types::{AccountId, Balance};
use super::Error;
use crate::wire::wire;
use codec::{Decode, Encode};

/// What the jackpot contract remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Jackpot {
    /// The escrow, the only one to pay in. Set once.
    pub escrow: Option<AccountId>,
    /// Sum of all that came in.
    pub received: Balance,
}

wire!(struct Jackpot { escrow, received });

impl Jackpot {
    /// Names the escrow, once. The shell checks that the deployer calls.
    pub fn set_escrow(self, escrow: AccountId) -> Result<Jackpot, Error> {
        ensure!(self.escrow.is_none(), Error::Already);
        Ok(Jackpot { escrow: Some(escrow), ..self })
    }

    /// Takes money in.
    pub fn receive(self, caller: &AccountId, value: Balance) -> Result<Jackpot, Error> {
        only(caller, &self.escrow.ok_or(Error::NotYours)?)?;
        Ok(Jackpot { received: self.received.checked_add(value).ok_or_else(overflow)?, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_escrow_pays_in() {
        let jackpot = Jackpot::default();
        assert_eq!(jackpot.receive(&[1; 32], 5), Err(Error::NotYours));
        let jackpot = jackpot.set_escrow([1; 32]).unwrap();
        assert_eq!(jackpot.set_escrow([2; 32]), Err(Error::Already));
        assert_eq!(jackpot.receive(&[2; 32], 5), Err(Error::NotYours));
        let jackpot = jackpot.receive(&[1; 32], 5).unwrap();
        assert_eq!(jackpot.received, 5);
        assert_eq!(jackpot.receive(&[1; 32], Balance::MAX), Err(Error::Overflow));
    }
}
