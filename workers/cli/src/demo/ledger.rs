//! Who gained and lost what in a scenario, and why.

use std::collections::BTreeMap;

use anyhow::Result;
use assay_chain::{Chain, ChainEvent, Substrate};
use assay_core::protocol::{
    money::{Direction, Reason},
    AccountId,
};

use super::report::Balance;

/// Wallets and free balances before a scenario.
#[derive(Debug)]
pub(crate) struct Ledger {
    accounts: Vec<(&'static str, AccountId)>,
    before: Vec<u128>,
    jackpot_before: u128,
}

impl Ledger {
    /// Notes what everybody has.
    pub(crate) async fn open(chain: &Substrate, accounts: Vec<(&'static str, AccountId)>) -> Result<Self> {
        let mut before = Vec::new();
        for (_, account) in &accounts {
            before.push(wealth(chain, *account).await?);
        }
        Ok(Self { accounts, before, jackpot_before: chain.jackpot_balance().await? })
    }

    /// The name of an account in the cast.
    pub(crate) fn name(&self, account: &AccountId) -> String {
        let found = self.accounts.iter().find(|(_, known)| known == account);
        found.map_or_else(|| assay_chain::address(account), |(name, _)| (*name).to_owned())
    }

    /// Explains what everybody has now by what the contracts told.
    pub(crate) async fn close(&self, chain: &Substrate, events: &[ChainEvent]) -> Result<Vec<Balance>> {
        let mut rows = Vec::new();
        for ((who, account), before) in self.accounts.iter().zip(&self.before) {
            let after = wealth(chain, *account).await?;
            let mut nets: BTreeMap<String, i128> = BTreeMap::new();
            for event in events {
                if let ChainEvent::Booked { account: whose, amount, direction, reason, .. } = event {
                    let amount = i128::try_from(*amount)?;
                    let signed = match direction {
                        Direction::Lock => -amount,
                        Direction::Credit => amount,
                        Direction::Jackpot => continue, // It was locked before.
                    };
                    if whose == account {
                        *nets.entry(words(*reason, *direction)).or_default() += signed;
                    }
                }
            }
            nets.retain(|_, net| *net != 0);
            let settled: i128 = nets.values().sum();
            let mut reasons: Vec<(String, i128)> = nets.into_iter().collect();
            let fees = i128::try_from(after)? - i128::try_from(*before)? - settled;
            reasons.push(("the chain's fees and storage deposits".into(), fees));
            rows.push(Balance { who: (*who).to_owned(), before: *before, after, settled, fees, reasons });
        }
        rows.push(self.jackpot(chain, events).await?);
        Ok(rows)
    }

    async fn jackpot(&self, chain: &Substrate, events: &[ChainEvent]) -> Result<Balance> {
        let after = chain.jackpot_balance().await?;
        let mut nets: BTreeMap<String, i128> = BTreeMap::new();
        for event in events {
            if let ChainEvent::Booked { account, amount, direction: Direction::Jackpot, reason, .. } = event {
                let why = format!("{} of {}", spaced(&format!("{reason:?}")), self.name(account));
                *nets.entry(why).or_default() += i128::try_from(*amount)?;
            }
        }
        let settled: i128 = nets.values().sum();
        let fees = i128::try_from(after)? - i128::try_from(self.jackpot_before)? - settled;
        let reasons = nets.into_iter().collect();
        Ok(Balance { who: "jackpot".into(), before: self.jackpot_before, after, settled, fees, reasons })
    }
}

async fn wealth(chain: &Substrate, account: AccountId) -> Result<u128> {
    Ok(chain.balance_of(account).await?.saturating_add(chain.free_of(account).await?))
}

/// A reason in words. What is locked and comes back cancels out under one name.
fn words(reason: Reason, direction: Direction) -> String {
    match (reason, direction) {
        // The price limit, and what comes back of it, are two sides of what the submitter paid.
        (Reason::Budget, _) | (Reason::Excess | Reason::Refund, Direction::Credit) => "price, tax and fees".into(),
        (reason, _) => spaced(&format!("{reason:?}")),
    }
}

/// `PartOfSolverBond` as `part of solver bond`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
