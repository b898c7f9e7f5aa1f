//! The referee: what a node is like, and what the last operation of a dispute gives. The only contract that knows
//! operators. It keeps nothing and takes no money; whoever asks the same gets the same answer. Rules:
//! `assay_core::protocol::dispute::Local`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

#[ink::contract]
mod referee {
    use assay_core::arith::F32;
    use assay_core::commit::Opening;
    use assay_core::protocol::dispute::{self, Facts, Fault, Local, OperandProof, Referee as _};
    use ink::prelude::vec::Vec;
    use shell::Sent;

    // Under these names the types are part of the messages' signatures.
    type Record = Sent<dispute::Record>;
    type Question = Sent<dispute::Question>;
    type Openings = Sent<Vec<OperandProof>>;
    type Prior = Sent<Vec<Opening>>;

    /// Nothing.
    #[ink(storage)]
    pub struct Referee {}

    impl Referee {
        /// A referee.
        #[ink(constructor)]
        #[allow(clippy::new_without_default)] // A contract has no default.
        pub fn new() -> Self {
            Self {}
        }

        /// What a game has to know of the node of this record.
        #[ink(message)]
        pub fn inspect(&self, record: Record) -> Result<Facts, Fault> {
            Local.inspect(record.0)
        }

        /// The value that the openings give.
        #[ink(message)]
        pub fn compute(&self, question: Question, openings: Openings, prior: Prior) -> Result<F32, Fault> {
            Local.compute(question.0, openings.0, prior.0)
        }
    }
}
