//! The chess clock.
use super::Side;
use crate::protocol::error::{ensure, Checked};
use crate::protocol::types::Block;
use crate::protocol::Error;
use crate::wire::wire;
use codec::{Decode, Encode};

/// What both sides have left. The clock of the one to move runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Clock {
    /// Blocks that the asserter had left when its turn began.
    pub asserter: Block,
    /// Blocks that the challenger had left when its turn began.
    pub challenger: Block,
    /// When the present turn began.
    pub since: Block,
}

wire!(struct Clock { asserter, challenger, since });

impl Clock {
    /// A clock with the same for both.
    pub const fn new(blocks: Block, now: Block) -> Clock {
        Clock { asserter: blocks, challenger: blocks, since: now }
    }

    /// The last block in which the side may move, if its turn doesn't end before.
    pub const fn runs_until(&self, side: Side) -> Block {
        let left = match side {
            Side::Asserter => self.asserter,
            Side::Challenger => self.challenger,
        };
        self.since.saturating_add(left)
    }

    /// The side moves: what its turn took is gone.
    pub(super) fn spend(&mut self, side: Side, now: Block) -> Checked {
        let until = self.runs_until(side);
        ensure!(now <= until, Error::ClockRanOut);
        let left = match side {
            Side::Asserter => &mut self.asserter,
            Side::Challenger => &mut self.challenger,
        };
        *left = left.saturating_sub(now.saturating_sub(self.since));
        self.since = self.since.max(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_spends_its_own() {
        let mut clock = Clock::new(10, 100);
        assert_eq!(clock.runs_until(Side::Asserter), 110);
        clock.spend(Side::Asserter, 104).unwrap();
        clock.spend(Side::Challenger, 114).unwrap();
        assert_eq!(clock, Clock { asserter: 6, challenger: 0, since: 114 });
        clock.spend(Side::Asserter, 120).unwrap();
        clock.spend(Side::Challenger, 120).unwrap();
        assert_eq!(clock.spend(Side::Asserter, 121), Err(Error::ClockRanOut.into()));
        clock.spend(Side::Asserter, 120).unwrap();
        assert_eq!(clock.spend(Side::Challenger, 121), Err(Error::ClockRanOut.into()));
    }
}
