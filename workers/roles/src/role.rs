//! Running a role: look at the chain, decide, act, at every new block, whatever fails in between.
use crate::{Context, RoleError, RunOptions, Until};
use assay_core::protocol::{self, Balance, TaskId};
use async_trait::async_trait;
use std::time::Duration;

/// The first pause after a failure; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a task ended for a worker that had followed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The task.
    pub task: TaskId,
    /// How it ended.
    pub outcome: protocol::Outcome,
    /// What the worker then took out of the escrow.
    pub withdrawn: Balance,
}

impl Outcome {
    /// Whether the training was paid for, so that there is a result.
    pub fn is_paid(&self) -> bool {
        self.outcome == protocol::Outcome::Paid
    }
}

/// What a reaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// There was nothing to do.
    Idle,
    /// Something was done; there may be more.
    Acted,
    /// A task that the role followed has ended.
    Finished(Outcome),
}

/// A worker. A reaction reads the chain, decides and makes at most a few calls. It remembers nothing that can't be had
/// again from chain, store and home: a role may be stopped and started again between any two reactions.
#[async_trait]
pub trait Role: Send {
    /// Looks at the chain and does what is to be done now.
    async fn react(&mut self) -> Result<Activity, RoleError>;
}

/// Lets a role react at every new block. Failures of node and store are waited out and told in the log, each once.
///
/// # Errors
/// What trying again can't help, or (if `options` say so) too many failures in a row.
pub async fn run<R: Role + ?Sized>(role: &mut R, ctx: &Context, options: RunOptions) -> Result<Outcome, RoleError> {
    let mut failures = 0_u32;
    let mut told = String::new();
    loop {
        match turn(role, ctx, options.poll).await {
            Ok(Activity::Finished(outcome)) if options.until == Until::Finished => return Ok(outcome),
            Ok(_) => {
                if failures > 0 && !told.is_empty() {
                    tracing::info!(failures, "back to work");
                }
                failures = 0;
                told.clear();
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                failures = failures.saturating_add(1);
                let message = error.to_string();
                // What a contract refuses was usually overtaken by somebody else's call: no news.
                if error.is_refusal() && failures == 1 {
                    tracing::debug!("{message}");
                } else if message != told {
                    tracing::warn!(failures, "{message}; trying again");
                    told = message;
                }
                if options.give_up.is_some_and(|limit| failures >= limit) {
                    return Err(RoleError::GaveUp { failures, last: Box::new(error) });
                }
                let doublings = failures.saturating_sub(1).min(10);
                tokio::time::sleep(FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)).await;
            }
        }
    }
}

/// One reaction, and if there was nothing to do, the wait for a new block.
async fn turn<R: Role + ?Sized>(role: &mut R, ctx: &Context, poll: Duration) -> Result<Activity, RoleError> {
    let now = ctx.chain.now().await?;
    let activity = role.react().await?;
    if activity == Activity::Idle {
        // Without a new block the store may still have something new.
        if let Ok(block) = tokio::time::timeout(poll, ctx.chain.next_block(now)).await {
            block?;
        }
    }
    Ok(activity)
}
