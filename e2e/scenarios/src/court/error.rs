//! Why a call came to nothing.
use assay_core::protocol;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The contract answered with an error of the protocol.
    #[error("{label} was refused: {error}")]
    Refused {
        /// The message.
        label: &'static str,
        /// What the contract said.
        error: protocol::Error,
    },
    /// The contract answered that it can't read the arguments.
    #[error("{label}: the contract can't read the arguments")]
    Unreadable {
        /// The message.
        label: &'static str,
    },
    /// The pallet ended the contract, or never began it.
    #[error("{label} trapped: {reason}")]
    Trapped {
        /// The message.
        label: &'static str,
        /// What the pallet said.
        reason: String,
    },
    /// The answer isn't of the type that was expected: a mistake of the caller's.
    #[error("{label}: undecodable answer")]
    Undecodable {
        /// The message.
        label: &'static str,
    },
    /// There is no such task or game.
    #[error("there is no {what} {id}")]
    Missing {
        /// Task or game.
        what: &'static str,
        /// Which one.
        id: u32,
    },
    /// The chain's state can't be used.
    #[error("chain: {0}")]
    Chain(#[from] assay_devnet::Error),
}

impl CallError {
    /// What the contract said, if it said something.
    pub fn refusal(&self) -> Option<&protocol::Error> {
        match self {
            CallError::Refused { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether the contract itself answered, instead of being ended.
    pub fn is_answer(&self) -> bool {
        matches!(self, CallError::Refused { .. } | CallError::Unreadable { .. })
    }
}
