//! The one table of parameters: name, unit, bounds, reason, and the two sets of values that ship.
//!
//! A task keeps the values it was born with, so governance never changes a contract that is running.
use super::types::{Balance, Block};
use super::Error;
use crate::arith::F32;
use crate::commit::Hash;
use crate::wire::wire;
use codec::{Decode, Encode};

/// A row of the table, for documents and user interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name in [`Parameters`].
    pub name: &'static str,
    /// What the number counts.
    pub unit: &'static str,
    /// Why it exists and why these bounds.
    pub reason: &'static str,
}

macro_rules! table {
    ($($name:ident: $kind:ty, $unit:literal, $least:expr, $most:expr, $default:expr, $development:expr, $reason:literal;)*) => {
        /// The values of the table in [`ROWS`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
        #[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct Parameters {
            /// The chain's identity (its genesis hash), so that a commitment made on one chain is void on another.
            pub chain: Hash,
            $(#[doc = concat!($reason, " Unit: ", $unit, ".")] pub $name: $kind,)*
        }

        wire!(struct Parameters { chain, $($name),* });

        /// Name, unit and reason of each number, in the order of the fields.
        pub const ROWS: &[Row] = &[$(Row { name: stringify!($name), unit: $unit, reason: $reason }),*];

        /// The least and the greatest value of each number, in the order of [`ROWS`]. Apart from the texts, which a
        /// contract doesn't need.
        pub const BOUNDS: &[(u128, u128)] = &[$(($least, $most)),*];

        impl Default for Parameters {
            /// For a public chain with blocks of 6 s.
            fn default() -> Self {
                Parameters { chain: Hash([0; 32]), $($name: $default,)* }
            }
        }

        impl Parameters {
            /// Short windows, for a development chain with blocks of 200 ms and testers who wait.
            pub fn development() -> Self {
                Parameters { $($name: $development,)* ..Parameters::default() }
            }

            /// The bytes of each number, in the order of [`ROWS`].
            #[allow(clippy::cast_possible_truncation)] // 16 at most.
            const WIDTHS: &[u8] = &[$(size_of::<$kind>() as u8),*];
        }
    };
}

/// One token of a chain with 12 decimals.
const UNIT: u128 = 1_000_000_000_000;
const MONEY_MAX: u128 = 1 << 96; // Sums and products of a few of these stay far below 2^128.
const BLOCKS_MAX: u128 = 1 << 24; // Sums of all windows stay far below 2^32.
const HALF: u128 = 500;

// Bit patterns of thresholds squared.
const SQUARED_7E_2: F32 = F32(0x3ba0_902e); // 4.9e-3
const SQUARED_1E_1: F32 = F32(0x3c23_d70a); // 1e-2
const HUNDRED: F32 = F32(0x42c8_0000);

table! {
    open_blocks: Block, "blocks", 1, BLOCKS_MAX, 600, 25,
        "How long verifiers may join and solvers may bid; the whole of it is waited, so that the lowest price wins.";
    profile_blocks: Block, "blocks", 1, BLOCKS_MAX, 600, 30,
        "How long a posted profile may be challenged, and how long after the bids it may still be posted: time to replay two segments.";
    join_blocks: Block, "blocks", 1, BLOCKS_MAX, 300, 75,
        "How long a later round waits for verifiers.";
    seed_blocks: Block, "blocks", 1, BLOCKS_MAX, 100, 150,
        "How long the verifiers have to reveal their seeds; then the submitter has as long. Ends early when all are in.";
    commit_blocks: Block, "blocks", 1, BLOCKS_MAX, 2_400, 3_000,
        "How long verifiers have to fetch checkpoints, replay their segments and commit. Ends early when all have.";
    reveal_blocks: Block, "blocks", 1, BLOCKS_MAX, 200, 300,
        "How long verifiers have to open their commitments. Ends early when all have.";
    challenge_blocks: Block, "blocks", 1, BLOCKS_MAX, 2_400, 40,
        "How long verdicts may be challenged; the whole of it is waited. Time for a whistleblower to replay the drawn segments.";
    game_blocks: Block, "blocks", 1, BLOCKS_MAX, 1_200, 600,
        "Each side's chess clock in a game (the arbiter is given the same number). About 25 moves of both sides, and outages.";
    max_training_blocks: Block, "blocks", 1, 1 << 30, 1 << 26, 1 << 26,
        "The longest clock that a submitter may give a solver: bonds must not be locked without end.";
    solver_bond: Balance, "units", 1, MONEY_MAX, 10 * UNIT, 10 * UNIT,
        "What a solver loses at least when it is refuted, whatever the price.";
    solver_bond_permille: u32, "1/1000 of the price limit", 0, 10_000, 1_000, 1_000,
        "The part of the solver's bond that grows with the price: a cheat must risk more than it may gain.";
    verifier_bond: Balance, "units", 1, MONEY_MAX, 5 * UNIT, 5 * UNIT,
        "What a verifier loses at least when a game convicts it.";
    verifier_bond_permille: u32, "1/1000 of the price limit", 0, 10_000, 250, 250,
        "The part of a verifier's bond that grows with the price: bribing verifiers must cost more.";
    challenger_bond: Balance, "units", 1, MONEY_MAX, UNIT, UNIT,
        "What a challenger loses when its challenge fails: pays the accused for playing, and makes idle challenges dear.";
    challenger_bond_permille: u32, "1/1000 of the price limit", 1, 10_000, 1, 1,
        "The part of a challenger's bond that grows with the price: filling all places against a false claim must cost more than the claim brings in.";
    games_per_claim: u8, "open games", 1, 4, 4, 4,
        "Games at once against one claim for the plain bond; the bond doubles with each one more, so that nobody can fill all places, and nobody is buried in games.";
    seed_bond: Balance, "units", 1, MONEY_MAX, UNIT, UNIT,
        "What the submitter stands to lose by not revealing its seeds.";
    verifier_fee: Balance, "units", 0, MONEY_MAX, UNIT / 10, UNIT / 10,
        "What a standing verdict earns besides the price of the replayed work.";
    replay_permille: u32, "1/1000 of the price limit per work unit", 0, 10_000, 2_000, 2_000,
        "What a replayed operation earns, compared with a trained one: replaying is as much work, and the verifier also hashes and waits.";
    tax_permille: u32, "1/1000 of the price", 0, HALF, 10, 10,
        "What the jackpot gets of each paid task.";
    winner_permille: u32, "1/1000 of the verifier's bond", 1, HALF, 400, 400,
        "What the first winning challenger gets of a convicted verifier's bond. At most half: convicting oneself must not pay.";
    compensation_permille: u32, "1/1000 of the challenger's bond", 0, HALF, 500, 500,
        "What the accused gets of a lost challenge, for its trouble. At most half: challenging oneself must not pay.";
    refuters_permille: u32, "1/1000 of the solver's bond after fees", 0, HALF, 200, 200,
        "What the verifiers that refuted a solver share. With the submitter's part at most half: refuting oneself must not pay.";
    submitter_permille: u32, "1/1000 of the solver's bond after fees", 0, HALF, 200, 200,
        "What the submitter gets of a refuted solver's bond, for the time lost.";
    absent_permille: u32, "1/1000 of the solver's bond", 1, 1_000, 300, 300,
        "What a solver loses whose training clock ran out. Less than for a forged proof: machines fail.";
    absent_submitter_permille: u32, "1/1000 of that", 0, HALF, 500, 500,
        "What the submitter gets of it, for the time lost.";
    silence_permille: u32, "1/1000 of the bond", 1, 1_000, 200, 200,
        "What withholding a seed or a verdict costs, all to the jackpot. More than the choice between two draws is worth.";
    tau_safety2: F32, "factor", 0x3f80_0000, 0x4974_2400, HUNDRED, HUNDRED,
        "The profiled d² times this (the square of a safety factor of 10) is the threshold: profiles see few segments.";
    tau_floor2: F32, "d²", 0x0080_0000, 0x3f80_0000, SQUARED_7E_2, SQUARED_7E_2,
        "The least threshold, squared. Over 1,700 segments honest libtorch came to 1.4e-3 at most (a ReLU flips), whatever the profile says; decision 0005.";
    tau_ceiling2: F32, "d²", 0x0080_0000, 0x3f80_0000, SQUARED_1E_1, SQUARED_1E_1,
        "The greatest threshold, squared. One step skipped in a segment of 25 came to 1.9e-2 at least; decision 0005.";
}

impl Parameters {
    /// The numbers, in the order of [`ROWS`]. Every kind orders as an unsigned integer, thresholds too: positive ones
    /// order as their bit patterns, and what is negative or not a number lies above every bound.
    ///
    /// Read off the encoding, in a loop: field by field it would be a kilobyte of a contract.
    pub fn numbers(&self) -> [u128; ROWS.len()] {
        let mut numbers = [0; ROWS.len()];
        let encoded = self.encode();
        let mut rest = encoded.get(size_of::<Hash>()..).unwrap_or_default();
        for (number, width) in numbers.iter_mut().zip(Self::WIDTHS) {
            let (bytes, behind) = rest.split_at_checked(usize::from(*width)).unwrap_or_default();
            for byte in bytes.iter().rev() {
                *number = *number << 8 | u128::from(*byte);
            }
            rest = behind;
        }
        numbers
    }

    /// Whether every number lies in its bounds and they fit each other.
    pub fn validate(&self) -> Result<(), Error> {
        for (row, (number, (least, most))) in (0_u8..).zip(self.numbers().into_iter().zip(BOUNDS.iter().copied())) {
            if number < least || number > most {
                return Err(Error::Parameter { row, number });
            }
        }
        let shared = self.refuters_permille.saturating_add(self.submitter_permille);
        if u128::from(shared) > HALF {
            return Err(Error::ParametersTogether);
        }
        if self.tau_floor2.0 > self.tau_ceiling2.0 {
            return Err(Error::ParametersTogether);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_sets_are_valid() {
        Parameters::default().validate().unwrap();
        Parameters::development().validate().unwrap();
        assert_eq!(ROWS.len(), BOUNDS.len());
    }

    #[test]
    fn thresholds_are_what_their_names_say() {
        assert_eq!(f32::from_bits(SQUARED_7E_2.0), 4.9e-3);
        assert_eq!(f32::from_bits(SQUARED_1E_1.0), 1e-2);
        assert_eq!(f32::from_bits(HUNDRED.0), 100.0);
        assert_eq!(f32::from_bits(0x4974_2400), 1e6);
    }

    #[test]
    fn numbers_are_the_fields() {
        let parameters = Parameters::default();
        let number_of = |name| parameters.numbers()[ROWS.iter().position(|row| row.name == name).unwrap()];
        assert_eq!(number_of("open_blocks"), u128::from(parameters.open_blocks));
        assert_eq!(number_of("winner_permille"), u128::from(parameters.winner_permille));
        assert_eq!(number_of("seed_bond"), parameters.seed_bond);
        assert_eq!(number_of("games_per_claim"), u128::from(parameters.games_per_claim));
        assert_eq!(number_of("tau_ceiling2"), u128::from(parameters.tau_ceiling2.0));
    }

    #[test]
    fn out_of_bounds_is_named() {
        let row_of = |name| ROWS.iter().position(|row| row.name == name).unwrap() as u8;
        let parameters = Parameters { winner_permille: 501, ..Parameters::default() };
        assert_eq!(parameters.validate(), Err(Error::Parameter { row: row_of("winner_permille"), number: 501 }));
        let parameters = Parameters { open_blocks: 0, ..Parameters::default() };
        assert_eq!(parameters.validate(), Err(Error::Parameter { row: row_of("open_blocks"), number: 0 }));
        let parameters = Parameters { tau_safety2: F32::NAN, ..Parameters::default() };
        assert!(parameters.validate().is_err());
        let parameters = Parameters { refuters_permille: 400, submitter_permille: 200, ..Parameters::default() };
        assert_eq!(parameters.validate(), Err(Error::ParametersTogether));
        let parameters = Parameters { tau_floor2: F32::ONE, ..Parameters::default() };
        assert_eq!(parameters.validate(), Err(Error::ParametersTogether));
    }
}
