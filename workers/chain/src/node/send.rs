//! Sending a transaction: once.
//!
//! A transaction carries its sender's next number, so the chain takes it at most once however often its bytes arrive.
//! What must never happen is that the same *call* is signed again under the next number while the first may still be
//! included. So a call is signed anew only when its number is known to belong to another transaction; when an answer
//! is lost, the chain is searched for the bytes, and they are sent again as they are.
use super::read::Position;
use super::rpc::told;
use super::runtime::blake2;
use super::{odd, Included, Node, Wait};
use crate::{address, ChainError, Result, Signer};
use assay_core::commit::hex_bytes;
use assay_core::protocol::Block;
use std::time::Duration;
use subxt::config::{DefaultExtrinsicParamsBuilder, SubstrateConfig};
use subxt::rpcs::client::RpcSubscription;
use subxt::rpcs::methods::legacy::TransactionStatus;
use subxt::rpcs::{Error as RpcError, UserError};
use subxt::tx::Payload;
use subxt::utils::{AccountId32, H256};
use tokio::sync::Mutex;
use tokio::time::{timeout_at, Instant};

/// How often a call is signed when others keep taking its number.
const SIGNATURES: u32 = 4;
/// Between looks at the chain when nothing is heard.
const LOOK: Duration = Duration::from_millis(500);

/// JSON-RPC codes of Substrate's transaction pool.
mod pool {
    pub(super) const INVALID: i32 = 1010;
    pub(super) const BANNED: i32 = 1012;
    pub(super) const KNOWN: i32 = 1013;
    pub(super) const NUMBER_TAKEN: i32 = 1014;
}

type Watch = RpcSubscription<TransactionStatus<H256>>;

/// A sender and the number of its next transaction, if known. All that sign with one key in a process share this.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) signer: Signer,
    next: Mutex<Option<u64>>,
}

/// A transaction that was handed to the node, or may have been.
struct Sent {
    bytes: Vec<u8>,
    nonce: u64,
    signed: Position,
    /// Its last block.
    until: Block,
}

/// How the node took a transaction.
enum Taken {
    /// It is in the pool.
    Watched(Watch),
    /// It was in the pool already.
    Known,
    /// Its number belongs to a transaction in the pool or in a block: another one, or itself.
    Outrun,
    /// It may have arrived.
    Unsure,
}

/// Where a transaction is.
enum Where {
    In(H256),
    /// In a block that is still to be made final.
    Pending,
    Nowhere,
    Replaced,
    Expired,
}

impl Account {
    pub(crate) fn new(signer: Signer) -> Self {
        Account { signer, next: Mutex::new(None) }
    }

    async fn forget(&self) {
        *self.next.lock().await = None;
    }
}

impl Node {
    /// Signs a call, sends it and waits until it is in a block.
    pub(crate) async fn send<P: Payload + Sync>(
        &self,
        from: &Account,
        label: &'static str,
        call: &P,
    ) -> Result<Included> {
        let (sent, watch) = self.hand_over(from, label, call).await?;
        let result = self.follow(from, label, &sent, watch).await;
        if result.is_err() {
            // Later numbers wait for this one; so ask the node which is next.
            from.forget().await;
        }
        result
    }

    /// Signs and submits. Only one call at a time does, so that numbers are given in order.
    async fn hand_over<P: Payload + Sync>(
        &self,
        from: &Account,
        label: &'static str,
        call: &P,
    ) -> Result<(Sent, Option<Watch>)> {
        let mut next = from.next.lock().await;
        let mut taken = 0;
        loop {
            let nonce = match *next {
                Some(nonce) => nonce,
                None => self.next_nonce(from).await?,
            };
            *next = None;
            let sent = self.sign(from, call, nonce).await?;
            let mut watch = None;
            match self.submit(label, from, &sent.bytes).await? {
                Taken::Watched(watching) => watch = Some(watching),
                Taken::Known | Taken::Unsure => {}
                Taken::Outrun => match self.look(from, &sent).await? {
                    Where::In(_) | Where::Pending => {}
                    // In the pool or in a block is another transaction with this number.
                    _ if taken < SIGNATURES => {
                        taken += 1;
                        tokio::time::sleep(LOOK * (taken - 1)).await;
                        continue;
                    }
                    _ => return Err(ChainError::Replaced { account: address(&from.signer.account()), nonce }),
                },
            }
            *next = Some(nonce.saturating_add(1));
            return Ok((sent, watch));
        }
    }

    /// The number of an account's next transaction, those in the pool counted.
    async fn next_nonce(&self, from: &Account) -> Result<u64> {
        let account = AccountId32(from.signer.account());
        self.inner.rpc.system_account_next_index(&account).await.map_err(self.failed("reading a transaction count"))
    }

    async fn sign<P: Payload>(&self, from: &Account, call: &P, nonce: u64) -> Result<Sent> {
        const DOING: &str = "building a transaction";
        let signed = self.position().await?;
        let runtime = self.runtime().await?;
        let mortality = self.inner.options.mortality;
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .nonce(nonce)
            .mortal_from_unchecked(mortality, signed.number.into(), signed.hash)
            .build();
        let mut signable = runtime.client.tx().create_signable_offline(call, params).map_err(odd(DOING))?;
        let bytes = signable.sign(&from.signer).map_err(odd(DOING))?.into_encoded();
        let until = signed.number.saturating_add(Block::try_from(mortality).unwrap_or(Block::MAX));
        Ok(Sent { bytes, nonce, signed, until })
    }

    async fn submit(&self, label: &'static str, from: &Account, bytes: &[u8]) -> Result<Taken> {
        let refusal = match self.inner.rpc.author_submit_and_watch_extrinsic(bytes).await {
            Ok(watch) => return Ok(Taken::Watched(watch)),
            Err(RpcError::User(refusal)) => refusal,
            Err(error) => match (self.failed("sending a transaction"))(error) {
                ChainError::Unreachable { .. } => return Ok(Taken::Unsure),
                other => return Err(other),
            },
        };
        let message = told(&refusal);
        match refusal.code {
            pool::KNOWN => Ok(Taken::Known),
            pool::NUMBER_TAKEN => Ok(Taken::Outrun),
            pool::BANNED => Ok(Taken::Unsure),
            // Void by age, or so it seems; the chain tells.
            pool::INVALID if message.contains("ancient birth block") => Ok(Taken::Unsure),
            pool::INVALID if message.contains("outdated") => Ok(Taken::Outrun),
            pool::INVALID if message.contains("pay some fees") => {
                let account = address(&from.signer.account());
                Err(ChainError::Funds { account, label, why: message, need_about: 0 })
            }
            _ => {
                let UserError { code, .. } = refusal;
                Err(ChainError::Rejected { label, code, message })
            }
        }
    }

    /// Waits for a transaction's block, by all means.
    async fn follow(
        &self,
        from: &Account,
        label: &'static str,
        sent: &Sent,
        mut watch: Option<Watch>,
    ) -> Result<Included> {
        let start = Instant::now();
        let deadline = start + self.inner.options.inclusion;
        let sender = from.signer.account();
        loop {
            let told = match watch.take() {
                Some(watch) => self.watch(watch, deadline).await,
                None => None,
            };
            let found = match told {
                Some(hash) => Ok(Where::In(hash)),
                None => self.look(from, sent).await,
            };
            match found {
                Ok(Where::In(hash)) => {
                    if let Some(included) = self.outcome(hash, &sender, &sent.bytes).await? {
                        return Ok(included);
                    }
                }
                Ok(Where::Replaced) => {
                    return Err(ChainError::Replaced { account: address(&sender), nonce: sent.nonce });
                }
                Ok(Where::Expired) => return Err(ChainError::Expired { label, until: sent.until }),
                Ok(Where::Nowhere) => {
                    if let Taken::Watched(watching) = self.submit(label, from, &sent.bytes).await? {
                        watch = Some(watching);
                    }
                }
                // The node is away; the transaction may be in a block all the same.
                Ok(Where::Pending) | Err(ChainError::Unreachable { .. }) => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= deadline {
                let tx = hex_bytes::encode(&blake2(&sent.bytes));
                return Err(ChainError::Unknown { label, tx, after: start.elapsed(), until: sent.until });
            }
            if watch.is_none() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Waits for word of a transaction; without word of a block, the chain has to be searched.
    async fn watch(&self, mut watch: Watch, deadline: Instant) -> Option<H256> {
        loop {
            let status = match timeout_at(deadline, watch.next()).await {
                Ok(Some(Ok(status))) => status,
                Ok(Some(Err(error))) => {
                    tracing::debug!(%error, "lost sight of a transaction");
                    return None;
                }
                Ok(None) | Err(_) => return None,
            };
            match status {
                TransactionStatus::InBlock(hash) if self.inner.options.wait == Wait::Best => return Some(hash),
                TransactionStatus::Finalized(hash) => return Some(hash),
                TransactionStatus::Future
                | TransactionStatus::Ready
                | TransactionStatus::Broadcast(_)
                | TransactionStatus::InBlock(_)
                | TransactionStatus::Retracted(_) => {}
                TransactionStatus::FinalityTimeout(_)
                | TransactionStatus::Usurped(_)
                | TransactionStatus::Dropped
                | TransactionStatus::Invalid => return None,
            }
        }
    }

    /// Searches the chain for a transaction, from the block that it was signed in.
    async fn look(&self, from: &Account, sent: &Sent) -> Result<Where> {
        const DOING: &str = "reading a transaction count";
        // In this order: if its number was used by now, the block that used it is among those read afterwards.
        let used: u32 = self.api("AccountNonceApi_account_nonce", &from.signer.account(), DOING).await?;
        let last = self.best().await?;
        if u64::from(used) <= sent.nonce {
            return Ok(if last > sent.until { Where::Expired } else { Where::Nowhere });
        }
        for block in sent.signed.number.saturating_add(1)..=last.min(sent.until) {
            let Some(hash) = self.hash_of(block).await? else { break };
            let body = self.body(hash).await?;
            if body.is_some_and(|(_, body)| body.contains(&sent.bytes)) {
                let done = self.inner.options.wait == Wait::Best || self.finalized().await? >= block;
                return Ok(if done { Where::In(hash) } else { Where::Pending });
            }
        }
        Ok(Where::Replaced)
    }

    async fn finalized(&self) -> Result<Block> {
        let doing = "reading the last final block";
        let hash = self.inner.rpc.chain_get_finalized_head().await.map_err(self.failed(doing))?;
        Block::try_from(self.header(Some(hash)).await?.number).map_err(odd(doing))
    }
}
