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
    use assay_core::protocol::{Checked, Error};
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
            Self { deployer: Self::env().caller(), treasury: Stored::of(&Treasury::default()) }
        }

        /// Names the escrow, the only one to pay in. The deployer calls this, once.
        #[ink(message)]
        pub fn set_escrow(&mut self, escrow: AccountId) -> Checked {
            if self.env().caller() != self.deployer {
                return Err(Error::NotYours.into());
            }
            self.treasury = Stored::of(&self.treasury.own().set_escrow(bytes(&escrow))?);
            Ok(())
        }

        /// Takes money in, from the escrow only.
        #[ink(message, payable)]
        pub fn receive(&mut self) -> Checked {
            let amount = self.env().transferred_value();
            let treasury = self.treasury.own().receive(&bytes(&self.env().caller()), amount)?;
            self.treasury = Stored::of(&treasury);
            self.env().emit_event(Received { total: treasury.received, amount });
            Ok(())
        }

        /// What the account can spend: 0 at first, for the chain's existential deposit isn't counted.
        #[ink(message)]
        pub fn balance(&self) -> Balance {
            self.env().balance()
        }

        /// Sum of all that came in.
        #[ink(message)]
        pub fn received(&self) -> Balance {
            self.treasury.own().received
        }

        /// The escrow, once named.
        #[ink(message)]
        pub fn escrow(&self) -> Option<AccountId> {
            self.treasury.own().escrow.map(AccountId::from)
        }
    }
}
