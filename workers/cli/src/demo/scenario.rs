//! The casts: who takes part in a scenario, and how it has to end.

use clap::ValueEnum;

/// A cast of honest and dishonest roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Everybody does what it should.
    Honest,
    /// The solver forges checkpoints.
    LyingSolver,
    /// The solver forges checkpoints and the verifier approves them; a whistleblower catches it.
    LyingVerifier,
    /// The solver skips steps.
    LazySolver,
    /// The solver wins the task and never delivers.
    AbsentSolver,
    /// A whistleblower attacks an honest verifier.
    FalseAlarm,
}

/// One process of a cast.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Name in tables and of its folder and log.
    pub(crate) name: &'static str,
    /// Secret URI of its development account.
    pub(crate) key: &'static str,
    /// Its subcommand and the arguments that make it what it is.
    pub(crate) args: &'static [&'static str],
}

/// Who can be killed in mid-run by `--kill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Victim {
    /// The submitter's process.
    Submitter,
    /// The solver's process.
    Solver,
    /// The (first) verifier's process.
    Verifier,
    /// The whistleblower's process.
    Whistleblower,
    /// The development node.
    Devnet,
    /// The store.
    Store,
}

impl Victim {
    /// The process name in a cast.
    pub(crate) fn process(self) -> &'static str {
        match self {
            Self::Submitter => SUBMITTER,
            Self::Solver => SOLVER,
            Self::Verifier => VERIFIER,
            Self::Whistleblower => WHISTLEBLOWER,
            Self::Devnet => "devnet",
            Self::Store => "store",
        }
    }
}

/// Names of the cast's members.
pub(crate) const SUBMITTER: &str = "submitter";
pub(crate) const SOLVER: &str = "solver";
pub(crate) const VERIFIER: &str = "verifier";
pub(crate) const SECOND_VERIFIER: &str = "verifier-2";
pub(crate) const WHISTLEBLOWER: &str = "whistleblower";

impl Scenario {
    /// The scenarios of a plain `scripts/demo`.
    pub(crate) const DEFAULT: [Self; 2] = [Self::Honest, Self::LyingVerifier];

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::LyingSolver => "lying-solver",
            Self::LyingVerifier => "lying-verifier",
            Self::LazySolver => "lazy-solver",
            Self::AbsentSolver => "absent-solver",
            Self::FalseAlarm => "false-alarm",
        }
    }

    /// One sentence for the report.
    pub(crate) fn story(self) -> &'static str {
        match self {
            Self::Honest => "A stranger trains the network; a verifier replays drawn segments and finds them right; everybody is paid.",
            Self::LyingSolver => "The solver trains a little and forges the rest of its checkpoints; the verifier's replay refutes it.",
            Self::LyingVerifier => "The solver forges checkpoints and the verifier approves them unseen; a whistleblower takes the verifier to the contract, which re-computes one operation.",
            Self::LazySolver => "The solver skips steps in every segment; the distance of a replayed segment gives it away.",
            Self::AbsentSolver => "The solver wins the task and never delivers; its clock runs out.",
            Self::FalseAlarm => "A whistleblower attacks an honest verifier; the contract re-computes the operation and the verifier was right.",
        }
    }

    /// The processes, in the order in which they are started.
    pub(crate) fn cast(self) -> Vec<Member> {
        let member = |name, key, args| Member { name, key, args };
        let mut cast = vec![
            member(
                SOLVER,
                "//Charlie",
                match self {
                    Self::LyingSolver | Self::LyingVerifier => {
                        &["solve", "--cheat", "forge-checkpoint"] as &'static [&'static str]
                    }
                    Self::LazySolver => &["solve", "--cheat", "skip-steps"],
                    Self::AbsentSolver => &["solve", "--cheat", "absent"],
                    Self::Honest | Self::FalseAlarm => &["solve"],
                },
            ),
            member(
                VERIFIER,
                "//Dave",
                match self {
                    Self::LyingVerifier => &["verify", "--cheat", "approve-forged"],
                    _ => &["verify"],
                },
            ),
        ];
        if self == Self::LyingVerifier {
            cast.push(member(SECOND_VERIFIER, "//Eve", &["verify", "--from-round", "1"]));
        }
        cast.push(member(
            WHISTLEBLOWER,
            "//Ferdie",
            match self {
                Self::FalseAlarm => &["watch", "--cheat", "false-alarm"],
                _ => &["watch"],
            },
        ));
        cast.push(member(SUBMITTER, "//Bob", &["submit"]));
        cast
    }
}
