//! Lost connections, lost answers, killed nodes, shared keys: each call happens once, and the client comes back.
mod common;

use assay_chain::{deploy, Chain, ChainError, Node, NodeOptions, Substrate};
use assay_core::protocol::Parameters;
use common::{artifacts, client, kept, options, signer, Devnet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

async fn deployed(url: &str) -> Substrate {
    let client = client(url, "Alice").await;
    let (deployment, _) = deploy(&client, &artifacts(), &Parameters::development(), b"faults").await.unwrap();
    Substrate::new(client, deployment).await.unwrap()
}

/// Sends deposits of 1, 2, 4, … at once, so that the balance tells exactly which happened.
async fn deposit_powers(chains: &[Substrate], count: u32) -> Vec<Result<(), ChainError>> {
    let mut sending = JoinSet::new();
    for i in 0..count {
        let chain = chains[i as usize % chains.len()].clone();
        sending.spawn(async move { (i, chain.deposit(1 << i).await.map(drop)) });
    }
    let mut results: Vec<_> = sending.join_all().await;
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Passes bytes on, and breaks each connection after a while: first the answers are swallowed, then it is closed.
async fn unreliable(url: &str) -> (String, Arc<AtomicU64>) {
    let target = url.trim_start_matches("ws://").trim_end_matches('/').to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let broken = Arc::new(AtomicU64::new(0));
    let count = broken.clone();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&target).await.unwrap();
            // Between a handshake's time and a few calls' time, differently each time.
            let n = count.fetch_add(1, Ordering::SeqCst);
            let life = Duration::from_millis(40 + n * 37 % 160);
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let forth = tokio::io::copy(&mut from_client, &mut to_server);
                let back = async {
                    let deaf = tokio::time::Instant::now() + life;
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(Ok(read)) = tokio::time::timeout_at(deaf, from_server.read(&mut buffer)).await {
                        if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                            return;
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(30)).await;
                };
                tokio::select! { _ = forth => {}, () = back => {} }
            });
        }
    });
    (address, broken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_all_happen() {
    let devnet = Devnet::start(&[]);
    let chain = deployed(&devnet.url).await;
    let start = Instant::now();
    for result in deposit_powers(std::slice::from_ref(&chain), 40).await {
        result.unwrap();
    }
    println!("40 calls of one account at once: {:?}", start.elapsed());
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), (1 << 40) - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_in_two_programs_loses_nothing() {
    let devnet = Devnet::start(&[]);
    let first = deployed(&devnet.url).await;
    let other = client(&devnet.url, "Alice").await;
    let second = Substrate::new(other, first.deployment().clone()).await.unwrap();
    let results = deposit_powers(&[first.clone(), second], 24).await;
    let expected = results.iter().enumerate().filter(|(_, result)| result.is_ok()).map(|(i, _)| 1_u128 << i).sum();
    assert_eq!(first.free_of(first.account()).await.unwrap(), expected);
    for result in results {
        match result {
            Ok(()) | Err(ChainError::Replaced { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_happens_once_although_connections_break_all_the_time() {
    let devnet = Devnet::start(&[]);
    let reliable = deployed(&devnet.url).await;
    let (url, broken) = unreliable(&devnet.url).await;
    let options = NodeOptions { answer: Duration::from_secs(2), ..options() };
    let chain = Substrate::connect(&url, signer("Alice"), reliable.deployment().clone(), options).await.unwrap();
    for i in 0..30 {
        chain.deposit(1 << i).await.unwrap();
    }
    println!("{} connections were broken", broken.load(Ordering::SeqCst));
    assert!(broken.load(Ordering::SeqCst) > 5);
    assert_eq!(reliable.free_of(chain.account()).await.unwrap(), (1 << 30) - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_happens_once_although_the_node_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut devnet = Devnet::start(&kept(dir.path()));
    let chain = deployed(&devnet.url).await;
    let sender = chain.clone();
    let sending = tokio::spawn(async move {
        for i in 0..40 {
            sender.deposit(1 << i).await?;
        }
        Ok::<_, ChainError>(())
    });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        tokio::task::block_in_place(|| devnet.restart(&kept(dir.path())));
    }
    sending.await.unwrap().unwrap();
    assert_eq!(chain.free_of(chain.account()).await.unwrap(), (1 << 40) - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocks_are_followed_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut more = kept(dir.path()).to_vec();
    more.extend(["--instant", "--block-time-ms", "100"]);
    let mut devnet = Devnet::start(&more);
    let node = Node::connect(&devnet.url, options()).await.unwrap();
    let mut last = node.next_block(0).await.unwrap();
    for round in 0..30 {
        let next = tokio::time::timeout(Duration::from_secs(10), node.next_block(last)).await.unwrap().unwrap();
        assert!(next > last);
        last = next;
        if round == 10 {
            tokio::task::block_in_place(|| devnet.restart(&more));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_gone_is_told_of_in_time() {
    let mut devnet = Devnet::start(&[]);
    let chain = deployed(&devnet.url).await;
    let options = NodeOptions { patience: Duration::from_secs(1), inclusion: Duration::from_secs(2), ..options() };
    let brief =
        Substrate::connect(&devnet.url, signer("Bob"), chain.deployment().clone(), options.clone()).await.unwrap();
    devnet.kill();
    let start = Instant::now();
    assert!(matches!(brief.now().await, Err(ChainError::Unreachable { .. })));
    assert!(matches!(brief.deposit(1).await, Err(ChainError::Unreachable { .. })));
    assert!(start.elapsed() < Duration::from_secs(6));
    let never = Node::connect(&devnet.url, options.clone()).await;
    assert!(matches!(never, Err(ChainError::Unreachable { .. })), "{never:?}");
    for wrong in ["http://127.0.0.1:9944", "127.0.0.1:9944", ""] {
        assert!(matches!(Node::connect(wrong, options.clone()).await, Err(ChainError::Url { .. })), "{wrong}");
    }
    // Something that speaks another protocol, with and without encryption.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n").await;
        }
    });
    for scheme in ["ws", "wss"] {
        let other = Node::connect(&format!("{scheme}://127.0.0.1:{port}"), options.clone()).await;
        assert!(matches!(other, Err(ChainError::Unreachable { .. })), "{other:?}");
    }
    // A node that began anew has the same first block, but not the contracts.
    devnet.restart(&[]);
    let emptied = chain.deposit(1).await;
    assert!(matches!(emptied, Err(ChainError::NoContract { .. })), "{emptied:?}");
}
