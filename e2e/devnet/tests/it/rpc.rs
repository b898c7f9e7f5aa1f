//! Clients.

use crate::support::{remark, signed, signed_at, transfer, Alice, Bob};
use assay_devnet::{spawn, Config, Error, Handle};
use assay_runtime::UNIT;
use jsonrpsee::{
    client_transport::ws::{Url, WsTransportClientBuilder},
    core::{
        client::{Client, ClientBuilder, ClientT, Error as ClientError, Subscription, SubscriptionClientT},
        params::ArrayParams,
    },
    rpc_params,
};
use serde_json::{json, Value};
use sp_core::Bytes;

async fn client(node: &Handle) -> Client {
    let url = Url::parse(&node.url()).unwrap();
    let (sender, receiver) = WsTransportClientBuilder::default().build(url).await.unwrap();
    ClientBuilder::default().build_with_tokio(sender, receiver)
}

async fn ask(client: &Client, method: &str, params: ArrayParams) -> Value {
    client.request(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
}

async fn watch(client: &Client, tx: Vec<u8>) -> Subscription<Value> {
    client.subscribe("author_submitAndWatchExtrinsic", rpc_params![Bytes(tx)], "author_unwatchExtrinsic").await.unwrap()
}

async fn code(client: &Client, method: &str, params: ArrayParams) -> i32 {
    match client.request::<Value, _>(method, params).await {
        Err(ClientError::Call(error)) => error.code(),
        other => panic!("{method}: {other:?}"),
    }
}

#[tokio::test]
async fn two_clients_see_the_same_chain() {
    let node = spawn(Config::default()).unwrap();
    let (one, two) = (client(&node).await, client(&node).await);
    let mut heads: Subscription<Value> =
        two.subscribe("chain_subscribeFinalizedHeads", rpc_params![], "chain_unsubscribeFinalizedHeads").await.unwrap();
    assert_eq!(heads.next().await.unwrap().unwrap()["number"], "0x0");
    let key = Bytes(frame_system::Account::<assay_runtime::Runtime>::hashed_key_for(Bob.to_account_id()));
    let mut storage: Subscription<Value> =
        two.subscribe("state_subscribeStorage", rpc_params![[&key]], "state_unsubscribeStorage").await.unwrap();
    let before = storage.next().await.unwrap().unwrap();

    let from_alice = node.read(|chain| signed(chain, Alice, transfer(Bob, UNIT)));
    let from_bob = node.read(|chain| signed(chain, Bob, remark(10)));
    let (mut first, mut second) = (watch(&one, from_alice).await, watch(&two, from_bob).await);
    for updates in [&mut first, &mut second] {
        assert_eq!(updates.next().await.unwrap().unwrap(), "ready");
        let block = updates.next().await.unwrap().unwrap()["inBlock"].clone();
        assert_eq!(updates.next().await.unwrap().unwrap(), json!({ "finalized": block }));
        assert_eq!(
            ask(&two, "chain_getBlock", rpc_params![&block]).await["block"]["header"]["digest"]["logs"],
            json!([])
        );
    }
    assert_eq!(heads.next().await.unwrap().unwrap()["number"], "0x1");
    let after = storage.next().await.unwrap().unwrap();
    assert_ne!(before["changes"][0][1], after["changes"][0][1]);
    assert_eq!(
        ask(&one, "chain_getFinalizedHead", rpc_params![]).await,
        ask(&two, "chain_getBlockHash", rpc_params![]).await
    );
    assert_eq!(ask(&one, "system_accountNextIndex", rpc_params![Alice.to_account_id().to_string()]).await, 1);
    node.stop().unwrap();
}

#[tokio::test]
async fn blocks_come_by_time_and_on_demand() {
    let config = Config { block_time: Some(std::time::Duration::from_millis(20)), instant: false, ..Config::default() };
    let node = spawn(config).unwrap();
    let client = client(&node).await;
    let tx = node.read(|chain| signed(chain, Alice, transfer(Bob, UNIT)));
    let mut updates = watch(&client, tx).await;
    while updates.next().await.unwrap().unwrap().get("finalized").is_none() {}
    let before = node.read(|chain| chain.best().header.number);
    let hash = ask(&client, "dev_newBlock", rpc_params![json!({ "count": 50 })]).await;
    let header = ask(&client, "chain_getHeader", rpc_params![hash]).await;
    let number = u32::from_str_radix(header["number"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    assert!(number >= before + 50);
}

#[tokio::test]
async fn errors_have_substrates_codes() {
    let config = Config { max_request: 1024 * 1024, ..Config::default() };
    let node = spawn(config).unwrap();
    let client = client(&node).await;
    let submit = |tx: Vec<u8>| code(&client, "author_submitExtrinsic", rpc_params![Bytes(tx)]);
    let stale = node.read(|chain| signed(chain, Alice, transfer(Bob, UNIT)));
    let future = node.read(|chain| signed_at(chain, Alice, transfer(Bob, UNIT), 5, 0));
    let rival = node.read(|chain| signed_at(chain, Alice, transfer(Bob, 2 * UNIT), 5, 0));
    let mut updates = watch(&client, stale.clone()).await;
    while updates.next().await.unwrap().unwrap().get("finalized").is_none() {}
    assert_eq!(submit(vec![1]).await, 1001);
    assert_eq!(submit(stale).await, 1012);
    let old = node.read(|chain| signed_at(chain, Alice, transfer(Bob, 3 * UNIT), 0, 0));
    assert_eq!(submit(old).await, 1010);
    ask(&client, "author_submitExtrinsic", rpc_params![Bytes(future.clone())]).await;
    assert_eq!(submit(future).await, 1013);
    assert_eq!(submit(rival).await, 1014);
    assert_eq!(code(&client, "state_getKeysPaged", rpc_params!["0x", 1_001]).await, 4002);
    assert_eq!(code(&client, "state_call", rpc_params!["No_such", "0x"]).await, 4003);
    assert_eq!(code(&client, "no_such", rpc_params![]).await, -32601);
    let huge = "0x".to_string() + &"00".repeat(1024 * 1024);
    assert!(client.request::<Value, _>("author_submitExtrinsic", rpc_params![huge]).await.is_err());
}

#[tokio::test]
async fn what_clients_ask_first_is_answered() {
    let node = spawn(Config::default()).unwrap();
    let client = client(&node).await;
    let genesis = ask(&client, "chain_getBlockHash", rpc_params![0]).await;
    assert_eq!(
        ask(&client, "chain_getBlockHash", rpc_params![json!([0, "0x0", 9])]).await,
        json!([genesis, genesis, null])
    );
    assert_eq!(ask(&client, "state_getRuntimeVersion", rpc_params![]).await["specName"], "assay-dev");
    assert_eq!(ask(&client, "system_properties", rpc_params![]).await["tokenDecimals"], 12);
    assert!(ask(&client, "state_getMetadata", rpc_params![]).await.as_str().unwrap().starts_with("0x6d657461"));
    let keys = ask(&client, "state_getKeysPaged", rpc_params!["0x26aa", 3]).await;
    assert_eq!(keys.as_array().unwrap().len(), 3);
    let next = ask(&client, "state_getKeysPaged", rpc_params!["0x26aa", 1, &keys[1]]).await;
    assert_eq!(next[0], keys[2]);
    let proof = ask(&client, "state_getReadProof", rpc_params![[&keys[0]]]).await;
    assert_eq!(proof["at"], genesis);
    let tx = node.read(|chain| signed(chain, Alice, transfer(Bob, UNIT)));
    let info = ask(&client, "payment_queryInfo", rpc_params![Bytes(tx.clone())]).await;
    assert_eq!(info["class"], "normal");
    assert!(info["partialFee"].as_str().unwrap().parse::<u128>().unwrap() > 0);
    assert_eq!(ask(&client, "system_dryRun", rpc_params![Bytes(tx)]).await, "0x0000");
    let methods = ask(&client, "rpc_methods", rpc_params![]).await;
    assert!(methods["methods"].as_array().unwrap().contains(&json!("author_submitAndWatchExtrinsic")));
}

#[test]
fn a_taken_port_is_named() {
    let node = spawn(Config::default()).unwrap();
    let taken = Config { port: node.addr().port(), ..Config::default() };
    let error = spawn(taken).unwrap_err();
    assert!(matches!(error, Error::PortTaken { addr } if addr == node.addr()));
    assert!(error.to_string().contains("is taken"));
}
