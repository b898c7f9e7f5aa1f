//! A transaction whose request or answer is lost, at exactly that moment.
mod common;

use assay_chain::{deploy, Chain, ChainError, NodeOptions, Substrate, Wait};
use assay_core::protocol::Parameters;
use common::proxy::{proxy, Fate};
use common::{artifacts, client, options, signer, Devnet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn deployed(url: &str) -> Substrate {
    let client = client(url, "Alice").await;
    let (deployment, _) = deploy(&client, &artifacts(), &Parameters::development(), b"lost").await.unwrap();
    Substrate::new(client, deployment).await.unwrap()
}

fn submits(request: &str) -> bool {
    request.contains("author_submitAndWatchExtrinsic")
}

/// A chain behind a proxy that decides the fate of the n-th submission.
async fn behind(
    reliable: &Substrate,
    url: &str,
    options: NodeOptions,
    fate: fn(u32) -> Fate,
) -> (Substrate, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let url = proxy(url, move |request| match submits(request) {
        true => fate(counter.fetch_add(1, Ordering::SeqCst)),
        false => Fate::Pass,
    })
    .await;
    let chain = Substrate::connect(&url, signer("Bob"), reliable.deployment().clone(), options).await.unwrap();
    (chain, count)
}

#[tokio::test]
async fn a_lost_request_is_made_again() {
    let devnet = Devnet::start(&[]);
    let reliable = deployed(&devnet.url).await;
    let fate = |n| if n < 2 { Fate::Lose } else { Fate::Pass };
    let (chain, count) = behind(&reliable, &devnet.url, options(), fate).await;
    chain.deposit(7).await.unwrap();
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), 7);
    assert_eq!(count.load(Ordering::SeqCst), 3);
    chain.deposit(8).await.unwrap();
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), 15);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_on_the_chain() {
    let devnet = Devnet::start(&[]);
    let reliable = deployed(&devnet.url).await;
    let fate = |n| if n == 0 { Fate::LoseAnswer } else { Fate::Pass };
    let (chain, _) = behind(&reliable, &devnet.url, options(), fate).await;
    let receipt = chain.deposit(7).await.unwrap();
    assert!(receipt.fee > 0 && !receipt.events.is_empty());
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), 7, "once");
    chain.deposit(8).await.unwrap();
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), 15);
}

#[tokio::test]
async fn silence_is_told_apart_from_failure() {
    let devnet = Devnet::start(&[]);
    let reliable = deployed(&devnet.url).await;
    let brief = NodeOptions {
        answer: Duration::from_millis(300),
        patience: Duration::from_millis(600),
        inclusion: Duration::from_secs(3),
        connect: Duration::from_millis(300),
        ..options()
    };
    // The connection that submits goes deaf; those after it lose every request that matters.
    let count = AtomicU32::new(0);
    let url = proxy(&devnet.url, move |request| match count.load(Ordering::SeqCst) {
        0 if submits(request) => {
            count.store(1, Ordering::SeqCst);
            Fate::GoDeaf
        }
        0 => Fate::Pass,
        _ => Fate::Lose,
    })
    .await;
    let chain = Substrate::connect(&url, signer("Bob"), reliable.deployment().clone(), brief).await.unwrap();
    let start = Instant::now();
    let result = chain.deposit(7).await;
    let Err(ChainError::Unknown { label: "deposit", tx, until, .. }) = result else { panic!("{result:?}") };
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(tx.len(), 64);
    assert!(until > reliable.now().await.unwrap());
    // It had been included, which is why the error says to read the chain first.
    assert_eq!(reliable.free_of(chain.account()).await.unwrap(), 7);
}

#[tokio::test]
async fn what_can_no_longer_be_included_may_be_sent_again() {
    let devnet = Devnet::start(&["--instant", "--block-time-ms", "100"]);
    let reliable = deployed(&devnet.url).await;
    let short = NodeOptions { mortality: 4, patience: Duration::from_secs(1), ..options() };
    let fate = |n| if n < 1000 { Fate::Lose } else { Fate::Pass };
    let (chain, _) = behind(&reliable, &devnet.url, short, fate).await;
    let result = chain.deposit(7).await;
    assert!(matches!(result, Err(ChainError::Expired { label: "deposit", .. })), "{result:?}");
    assert_eq!(reliable.free_of(chain.account()).await.unwrap(), 0);
}

#[tokio::test]
async fn finality_can_be_waited_for() {
    let devnet = Devnet::start(&["--block-time-ms", "300"]);
    let reliable = deployed(&devnet.url).await;
    let options = NodeOptions { wait: Wait::Finalized, ..options() };
    let fate = |n| if n == 1 { Fate::LoseAnswer } else { Fate::Pass };
    let (chain, _) = behind(&reliable, &devnet.url, options, fate).await;
    for amount in [1, 2, 4] {
        chain.deposit(amount).await.unwrap();
    }
    let more = [8, 16, 32].map(|amount| {
        let chain = chain.clone();
        tokio::spawn(async move { chain.deposit(amount).await })
    });
    for sent in more {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), 63);
}
