//! The ledger. Money is free (its owner may withdraw it), locked in a task, in the jackpot, or has left.
//!
//! A transition never touches balances: it lists [`Entry`]s, and [`apply`] carries them out. Since a task's `locked` moves
//! by exactly what its entries say, `deposited = free + locked + jackpot + withdrawn` holds after every transition.
use super::dispute::Claim;
use super::error::{books, ensure, overflow, Checked};
use super::event::Event;
use super::task::{GameEntry, Task};
use super::types::{AccountId, Balance};
use super::Error;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Why a balance changed.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reason {
    /// Locked: price limit, tax and fees of a task.
    Budget,
    /// Locked, or back: the submitter's bond for revealing seeds.
    SeedBond,
    /// Locked, or back: a solver's bond.
    SolverBond,
    /// Locked, or back: a verifier's bond.
    VerifierBond,
    /// Locked, or back: a challenger's bond.
    ChallengerBond,
    /// Paid to the solver.
    Price,
    /// Paid to a verifier whose verdict stands.
    VerifierFee,
    /// Paid to the profiler.
    ProfileFee,
    /// Back to the submitter: what was locked and not needed.
    Excess,
    /// Back to the submitter: the task failed.
    Refund,
    /// Part of a refuted or absent solver's bond.
    PartOfSolverBond,
    /// Part of a convicted verifier's bond, to the first who won against it.
    PartOfVerifierBond,
    /// Part of a lost challenger's bond, to the one whom it accused.
    Compensation,
    /// To the jackpot: tax.
    Tax,
    /// To the jackpot: what is left of a confiscated bond.
    Confiscated,
    /// To the jackpot: the price of silence.
    Silence,
}

/// Where the money goes, seen from the task.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// From the account's free balance into the task.
    Lock,
    /// From the task to the account's free balance.
    Credit,
    /// From the task to the jackpot; the account is the one who lost it.
    Jackpot,
}

/// One change of a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// Whose.
    pub account: AccountId,
    /// How much, never 0.
    pub amount: Balance,
    /// Where it goes.
    pub direction: Direction,
    /// Why.
    pub reason: Reason,
}

/// A game that the arbiter has to open.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenGame {
    /// About what.
    pub claim: Claim,
    /// Who stands by the claim.
    pub asserter: AccountId,
    /// Who disagrees.
    pub challenger: AccountId,
    /// What the escrow keeps under the id that the arbiter gives the game, and hands back when it is over.
    pub entry: GameEntry,
}

/// What a transition does besides changing the task. Bounded: a few entries per bid and slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Effects {
    /// Changes of balances, in order.
    pub entries: Vec<Entry>,
    /// Sum of what the jackpot gets, to be transferred in one call.
    pub to_jackpot: Balance,
    /// A game to open.
    pub open_game: Option<OpenGame>,
    /// What happened.
    pub events: Vec<Event>,
}

impl Effects {
    /// Locks from an account's free balance.
    #[inline(never)]
    pub(crate) fn lock(&mut self, task: &mut Task, account: AccountId, amount: Balance, reason: Reason) -> Checked {
        put(&mut task.locked, amount)?;
        self.note(Entry { account, amount, direction: Direction::Lock, reason });
        Ok(())
    }

    /// Pays out of the task to an account's free balance.
    #[inline(never)]
    pub(crate) fn credit(&mut self, task: &mut Task, account: AccountId, amount: Balance, reason: Reason) -> Checked {
        take(&mut task.locked, amount)?;
        self.note(Entry { account, amount, direction: Direction::Credit, reason });
        Ok(())
    }

    /// Pays out of the task to the jackpot what `account` lost.
    #[inline(never)]
    pub(crate) fn jackpot(&mut self, task: &mut Task, account: AccountId, amount: Balance, reason: Reason) -> Checked {
        take(&mut task.locked, amount)?;
        put(&mut self.to_jackpot, amount)?;
        self.note(Entry { account, amount, direction: Direction::Jackpot, reason });
        Ok(())
    }

    /// Records what happened.
    #[inline(never)]
    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    fn note(&mut self, entry: Entry) {
        if entry.amount > 0 {
            self.entries.push(entry);
        }
    }
}

/// Where all the money is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Totals {
    /// Came in.
    pub deposited: Balance,
    /// Left to its owners.
    pub withdrawn: Balance,
    /// Sum of free balances.
    pub free: Balance,
    /// Sum of what tasks hold.
    pub locked: Balance,
    /// Went to the jackpot.
    pub jackpot: Balance,
}

wire!(struct Totals { deposited, withdrawn, free, locked, jackpot });

impl Totals {
    /// Whether nothing is lost and nothing was made.
    pub fn conserved(&self) -> bool {
        let parts = [self.withdrawn, self.free, self.locked, self.jackpot];
        parts.iter().try_fold(0, |sum: Balance, part| sum.checked_add(*part)) == Some(self.deposited)
    }
}

/// Where a contract (or the simulator) keeps balances.
pub trait Book {
    /// An account's free balance, 0 if it has none.
    fn free_of(&self, account: &AccountId) -> Balance;
    /// Replaces it.
    fn set_free(&mut self, account: &AccountId, balance: Balance);
    /// Where all the money is.
    fn totals(&self) -> Totals;
    /// Replaces that.
    fn set_totals(&mut self, totals: Totals);
}

/// Credits money that came with a call.
pub fn deposit(book: &mut impl Book, account: &AccountId, value: Balance) -> Checked {
    if value == 0 {
        return Ok(());
    }
    let mut totals = book.totals();
    put(&mut totals.deposited, value)?;
    add_free(book, &mut totals, account, value)?;
    close(book, totals)
}

/// Takes money out of an account's free balance; the caller of this then transfers it.
pub fn withdraw(book: &mut impl Book, account: &AccountId, amount: Balance) -> Checked {
    let mut totals = book.totals();
    take_free(book, &mut totals, account, amount)?;
    put(&mut totals.withdrawn, amount)?;
    close(book, totals)
}

/// Carries out the entries of a transition. After an error the book may be half changed: the call must be rolled back.
pub fn apply(book: &mut impl Book, effects: &Effects) -> Checked {
    let mut totals = book.totals();
    for entry in &effects.entries {
        match entry.direction {
            Direction::Lock => {
                take_free(book, &mut totals, &entry.account, entry.amount)?;
                put(&mut totals.locked, entry.amount)?;
            }
            Direction::Credit => {
                take(&mut totals.locked, entry.amount)?;
                add_free(book, &mut totals, &entry.account, entry.amount)?;
            }
            Direction::Jackpot => {
                take(&mut totals.locked, entry.amount)?;
                put(&mut totals.jackpot, entry.amount)?;
            }
        }
    }
    close(book, totals)
}

fn add_free(book: &mut impl Book, totals: &mut Totals, account: &AccountId, amount: Balance) -> Checked {
    let free = plus(book.free_of(account), amount)?;
    put(&mut totals.free, amount)?;
    book.set_free(account, free);
    Ok(())
}

fn take_free(book: &mut impl Book, totals: &mut Totals, account: &AccountId, amount: Balance) -> Checked {
    let have = book.free_of(account);
    let Some(free) = have.checked_sub(amount) else {
        return Err(Error::Funds { have, need: amount }.into());
    };
    take(&mut totals.free, amount)?;
    book.set_free(account, free);
    Ok(())
}

fn close(book: &mut impl Book, totals: Totals) -> Checked {
    ensure!(totals.conserved(), Error::Books);
    book.set_totals(totals);
    Ok(())
}

// Sums of money, out of line: in 128 bits each takes 60 bytes of a contract, a call 20.

/// `a + b`.
#[inline(never)]
pub(crate) fn plus(a: Balance, b: Balance) -> Checked<Balance> {
    a.checked_add(b).ok_or_else(overflow)
}

/// `a · b`.
#[inline(never)]
pub(crate) fn times(a: Balance, b: Balance) -> Checked<Balance> {
    a.checked_mul(b).ok_or_else(overflow)
}

/// Puts money where there is some.
#[inline(never)]
pub(crate) fn put(to: &mut Balance, amount: Balance) -> Checked {
    *to = to.checked_add(amount).ok_or_else(overflow)?;
    Ok(())
}

/// Takes money from where it must be.
#[inline(never)]
pub(crate) fn take(from: &mut Balance, amount: Balance) -> Checked {
    *from = from.checked_sub(amount).ok_or_else(books)?;
    Ok(())
}

/// `amount · permille / 1000`, rounded down.
#[inline(never)]
pub(crate) fn permille(amount: Balance, permille: u32) -> Checked<Balance> {
    let product = times(amount, Balance::from(permille))?;
    Ok(product.checked_div(1_000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec;

    #[derive(Default)]
    struct Ledger(BTreeMap<AccountId, Balance>, Totals);

    impl Book for Ledger {
        fn free_of(&self, account: &AccountId) -> Balance {
            self.0.get(account).copied().unwrap_or(0)
        }
        fn set_free(&mut self, account: &AccountId, balance: Balance) {
            self.0.insert(*account, balance);
        }
        fn totals(&self) -> Totals {
            self.1
        }
        fn set_totals(&mut self, totals: Totals) {
            self.1 = totals;
        }
    }

    const ALICE: AccountId = [1; 32];
    const BOB: AccountId = [2; 32];

    fn entry(account: AccountId, amount: Balance, direction: Direction) -> Entry {
        Entry { account, amount, direction, reason: Reason::Budget }
    }

    #[test]
    fn money_moves_and_is_conserved() {
        let mut ledger = Ledger::default();
        deposit(&mut ledger, &ALICE, 100).unwrap();
        let entries = vec![
            entry(ALICE, 60, Direction::Lock),
            entry(BOB, 25, Direction::Credit),
            entry(ALICE, 15, Direction::Jackpot),
        ];
        apply(&mut ledger, &Effects { entries, ..Effects::default() }).unwrap();
        withdraw(&mut ledger, &BOB, 5).unwrap();
        assert_eq!((ledger.free_of(&ALICE), ledger.free_of(&BOB)), (40, 20));
        assert_eq!(ledger.1, Totals { deposited: 100, withdrawn: 5, free: 60, locked: 20, jackpot: 15 });
    }

    #[test]
    fn nothing_is_taken_that_is_not_there() {
        let mut ledger = Ledger::default();
        deposit(&mut ledger, &ALICE, 10).unwrap();
        assert_eq!(withdraw(&mut ledger, &ALICE, 11), Err(Error::Funds { have: 10, need: 11 }.into()));
        assert_eq!(withdraw(&mut ledger, &BOB, 1), Err(Error::Funds { have: 0, need: 1 }.into()));
        assert_eq!(deposit(&mut ledger, &ALICE, Balance::MAX), Err(Error::Overflow.into()));
        for direction in [Direction::Credit, Direction::Jackpot] {
            let effects = Effects { entries: vec![entry(ALICE, 1, direction)], ..Effects::default() };
            assert_eq!(apply(&mut ledger, &effects), Err(Error::Books.into()));
        }
        assert_eq!(permille(Balance::MAX, 2).map_err(Error::from), Err(Error::Overflow));
        assert_eq!(permille(999, 500).unwrap(), 499);
    }
}
