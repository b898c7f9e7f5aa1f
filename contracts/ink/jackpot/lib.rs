//! The jackpot: a treasury that the escrow pays tax and confiscated bonds into. Rules: `assay_core::protocol::jackpot`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

/// Money came in.
#[ink::event]
pub struct Received {
    /// What all came to, with this.
    pub total: assay_core::protocol::Balance,
    /// How much.
    pub amount: assay_core::protocol::Balance,
}

#[ink::contract]
mod jackpot {
    use super::Received;
    use assay_core::protocol::jackpot::Jackpot as Treasury;
    use assay_core::protocol::Error;
    use shell::{bytes, Stored};

    /// The treasury.
    #[ink(storage)]
    pub struct Jackpot {
        deployer: AccountId,
        treasury: Stored<Treasury>,
    }

    impl Jackpot {
        /// An empty jackpot. Its deployer has to name the escrow.
        #[ink(constructor)]
        #[allow(clippy::new_without_default)] // A contract has no default.
        pub fn new() -> Self {
            Self { deployer: Self::env().caller(), treasury: Stored(Treasury::default()) }
        }

        /// Names the escrow, the only one to pay in. The deployer calls this, once.
        #[ink(message)]
        pub fn set_escrow(&mut self, escrow: AccountId) -> Result<(), Error> {
            if self.env().caller() != self.deployer {
                return Err(Error::NotYours);
            }
            self.treasury.0 = self.treasury.0.set_escrow(bytes(&escrow))?;
            Ok(())
        }

        /// Takes money in, from the escrow only.
        #[ink(message, payable)]
        pub fn receive(&mut self) -> Result<(), Error> {
            let amount = self.env().transferred_value();
            self.treasury.0 = self.treasury.0.receive(&bytes(&self.env().caller()), amount)?;
            self.env().emit_event(Received { total: self.treasury.0.received, amount });
            Ok(())
        }

        /// What is there: all that came in, and the chain's existential deposit.
        #[ink(message)]
        pub fn balance(&self) -> Balance {
            self.env().balance()
        }

        /// Sum of all that came in.
        #[ink(message)]
        pub fn received(&self) -> Balance {
            self.treasury.0.received
        }

        /// The escrow, once named.
        #[ink(message)]
        pub fn escrow(&self) -> Option<AccountId> {
            self.treasury.0.escrow.map(AccountId::from)
        }
    }
}
