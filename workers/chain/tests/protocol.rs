//! The real contracts on a real pallet, through [`Chain`].
mod common;

use assay_chain::{deploy, Chain, ChainError, ChainEvent, Deployment, Deposit, Substrate};
use assay_core::commit::{hash, Hash};
use assay_core::graph::ProgramRef;
use assay_core::protocol::money::{Direction, Reason};
use assay_core::protocol::task::quote;
use assay_core::protocol::{Error, Event, Mode, Move, Parameters, Phase, TaskSpec};
use common::{artifacts, client, options, signer, Devnet};

const UNIT: u128 = 1_000_000_000_000;

async fn chain(devnet: &Devnet) -> Substrate {
    let client = client(&devnet.url, "Alice").await;
    let (deployment, receipts) = deploy(&client, &artifacts(), &Parameters::development(), b"test").await.unwrap();
    for receipt in &receipts {
        println!(
            "{:<12} ref_time {:>12} proof {:>7} fee {:>12} deposit {:?} bytes {}",
            receipt.label, receipt.gas.ref_time, receipt.gas.proof_size, receipt.fee, receipt.deposit, receipt.tx_bytes
        );
    }
    Substrate::new(client, deployment).await.unwrap()
}

fn spec() -> TaskSpec {
    let program = ProgramRef { root: hash(b"program"), states: 1, data: 1, nodes: 3 };
    TaskSpec {
        metadata: hash(b"bundle"),
        program,
        jitter: program,
        distance: program,
        start: hash(b"start"),
        steps: 100,
        interval: 10,
        work_per_step: 1_000_000_000,
        mode: Mode::Exact,
        max_price: 1_000_000,
        verifiers: 2,
        segments_per_verifier: 2,
        training_blocks: 50,
        seed_commit: hash(b"seed"),
    }
}

#[tokio::test]
async fn a_task_is_submitted_joined_and_told_about() {
    let devnet = Devnet::start(&[]);
    let alice = chain(&devnet).await;
    let bob = alice.as_account(signer("Bob"));
    let before = alice.now().await.unwrap();
    let parameters = alice.parameters().await.unwrap();
    assert_eq!(parameters.chain, alice.deployment().chain);
    let terms = quote(&spec(), &parameters).unwrap();

    let value = terms.budget + terms.seed_bond + 5;
    let native = alice.balance_of(alice.account()).await.unwrap();
    let sent = alice.submit(spec(), value).await.unwrap();
    assert_eq!(sent.output, 0);
    assert_eq!(alice.task_count().await.unwrap(), 1);
    let task = alice.task(0).await.unwrap().unwrap();
    assert_eq!((task.submitter, task.phase, &task.spec), (alice.account(), Phase::Open, &spec()));
    assert_eq!(alice.free_of(alice.account()).await.unwrap(), 5);
    assert!(alice.totals().await.unwrap().conserved());
    assert_eq!(alice.task(1).await.unwrap(), None);

    // The receipt accounts for every unit.
    let receipt = &sent.receipt;
    let Deposit::Charged(deposit) = receipt.deposit else { panic!("{receipt:?}") };
    assert_eq!(native - alice.balance_of(alice.account()).await.unwrap(), value + receipt.fee + deposit);
    assert!(receipt.fee > 0 && deposit > 0 && receipt.gas.ref_time > receipt.contract_gas.ref_time / 2);
    assert!(receipt.tx_bytes > receipt.input_bytes && receipt.input_bytes > 200, "{receipt:?}");
    assert_eq!(receipt.block, alice.now().await.unwrap());

    let joined = bob.join(0, hash(b"bob's seed"), terms.verifier_bond).await.unwrap();
    assert!(joined.events.len() >= 2);
    let again = bob.join(0, hash(b"bob's seed"), terms.verifier_bond).await;
    assert!(matches!(again, Err(ChainError::Refused { label: "join", error: Error::RoleTaken })), "{again:?}");
    assert_eq!(bob.free_of(bob.account()).await.unwrap(), 0, "a refusal takes nothing");

    // The story of all that, from events.
    let (events, until) = alice.events_since(before).await.unwrap();
    assert_eq!(until, alice.now().await.unwrap());
    let told: Vec<_> = events.iter().map(|logged| &logged.event).collect();
    assert!(told.contains(&&ChainEvent::Deposited { account: alice.account(), amount: value }));
    let submitted = Event::Submitted { submitter: alice.account(), metadata: hash(b"bundle") };
    assert!(told.contains(&&ChainEvent::Happened { task: 0, event: submitted }));
    let (task, account, amount) = (0, bob.account(), terms.verifier_bond);
    let (direction, reason) = (Direction::Lock, Reason::VerifierBond);
    assert!(told.contains(&&ChainEvent::Booked { task, account, amount, direction, reason }));
    assert_eq!(alice.events_since(until).await.unwrap(), (vec![], until));
    assert!(alice.events(receipt).iter().any(|event| matches!(event, ChainEvent::Happened { .. })));

    // Each id comes from the transaction's own events, also when two submit at once.
    let (first, second) = tokio::join!(alice.submit(spec(), value), bob.submit(spec(), value));
    let mut ids = [first.unwrap().output, second.unwrap().output];
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    for id in ids {
        let submitter = alice.task(id).await.unwrap().unwrap().submitter;
        assert!([alice.account(), bob.account()].contains(&submitter));
    }

    // Money comes out again.
    let free = bob.free_of(bob.account()).await.unwrap();
    let too_much = bob.withdraw(free + 1).await;
    assert!(
        matches!(too_much, Err(ChainError::Refused { error: Error::Funds { have, need }, .. }) if have == free && need == free + 1)
    );
    bob.deposit(100).await.unwrap();
    let native = bob.balance_of(bob.account()).await.unwrap();
    let receipt = bob.withdraw(100 + free).await.unwrap();
    let gained = bob.balance_of(bob.account()).await.unwrap() + receipt.fee - native;
    let refunded = match receipt.deposit {
        Deposit::Refunded(refunded) => refunded,
        Deposit::Charged(charged) => panic!("charged {charged}"),
    };
    assert_eq!(gained, 100 + free + refunded);
}

#[tokio::test]
async fn refusals_say_why() {
    let devnet = Devnet::start(&[]);
    let alice = chain(&devnet).await;
    let refused = |error: ChainError| match error {
        ChainError::Refused { error, .. } => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(alice.poke(7).await.unwrap_err()), Error::NoTask(7));
    assert_eq!(refused(alice.timeout(3).await.unwrap_err()), Error::NoGame(3));
    assert_eq!(refused(alice.play(0, Move::Pick { index: 0 }).await.unwrap_err()), Error::NoGame(0));
    let unpaid = refused(alice.submit(spec(), 0).await.unwrap_err());
    assert!(matches!(unpaid, Error::Funds { have: 0, .. }), "{unpaid:?}");
    assert_eq!(alice.jackpot_balance().await.unwrap(), 0);
    assert_eq!(alice.game_count().await.unwrap(), 0);
    assert_eq!(alice.game(0).await.unwrap(), None);
    assert_eq!(alice.game_entry(0).await.unwrap(), None);

    // Somebody without money.
    let nobody = alice.as_account(signer("Nobody"));
    let poor = nobody.deposit(UNIT).await;
    assert!(matches!(poor, Err(ChainError::Funds { .. })), "{poor:?}");
    assert_eq!(nobody.balance_of(nobody.account()).await.unwrap(), 0);

    // Something that isn't there, or says something else.
    let client = alice.client();
    let missing = client.call::<()>([9; 32], "deposit", (), 0).await;
    assert!(matches!(missing, Err(ChainError::NoContract { .. })), "{missing:?}");
    let unknown = client.view::<u32>(alice.contract(), "nonsense", ()).await;
    assert!(matches!(unknown, Err(ChainError::Misunderstood { label: "nonsense", .. })), "{unknown:?}");
    let misread = client.view::<Hash>(alice.contract(), "task_count", ()).await;
    assert!(matches!(misread, Err(ChainError::Misunderstood { .. })), "{misread:?}");
    // Attaching money to a message that takes none.
    let unwanted = client.call::<()>(alice.contract(), "withdraw", (1_u128,), 5).await;
    assert!(unwanted.is_err(), "{unwanted:?}");
}

#[tokio::test]
async fn deployments_are_kept_and_checked() {
    let devnet = Devnet::start(&[]);
    let alice = chain(&devnet).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deployment.json");
    alice.deployment().save(&path).unwrap();
    let deployment = Deployment::load(&path).unwrap();
    assert_eq!(&deployment, alice.deployment());
    let bob = Substrate::connect(&devnet.url, signer("Bob"), deployment.clone(), options()).await.unwrap();
    assert_eq!(bob.contract(), alice.contract());

    let connect = |deployment| Substrate::connect(&devnet.url, signer("Bob"), deployment, options());
    let mut other = deployment.clone();
    other.chain = hash(b"another chain");
    assert!(matches!(connect(other).await, Err(ChainError::OtherChain { .. })));
    let mut other = deployment.clone();
    other.escrow.code = hash(b"other code");
    assert!(matches!(connect(other).await, Err(ChainError::OtherCode { .. })));
    let mut other = deployment.clone();
    other.escrow.address = [5; 32];
    assert!(matches!(connect(other).await, Err(ChainError::NoContract { .. })));

    // A second deployment shares the code; mixing the two up is noticed.
    let client = alice.client();
    let (second, receipts) = deploy(client, &artifacts(), &Parameters::development(), b"second").await.unwrap();
    assert!(receipts.iter().all(|receipt| receipt.label != "upload_code"));
    assert_ne!(second.escrow.address, deployment.escrow.address);
    for mixed in [
        Deployment { arbiter: second.arbiter, ..deployment.clone() },
        Deployment { referee: second.referee, ..deployment.clone() },
    ] {
        assert!(matches!(connect(mixed).await, Err(ChainError::Unwired { .. })));
    }
    // The same salt can't be used twice.
    let twice = deploy(client, &artifacts(), &Parameters::development(), b"second").await;
    assert!(matches!(twice, Err(ChainError::Failed { .. })), "{twice:?}");
}
