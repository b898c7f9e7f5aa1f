//! Puts the node together from Substrate's parts.

use crate::seal;
use futures::{channel::mpsc, FutureExt};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_manual_seal::{
    rpc::{ManualSeal, ManualSealApiServer},
    run_manual_seal, ManualSealParams,
};
use sc_network::NetworkBackend;
use sc_service::{Configuration, Error, TaskManager};
use sc_transaction_pool_api::TransactionPool;
use std::{sync::Arc, time::Duration};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// Transactions stay bytes outside of the runtime.
type Block = sp_runtime::generic::Block<assay_runtime::Header, sp_runtime::OpaqueExtrinsic>;
type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
type Client = sc_service::TFullClient<Block, assay_runtime::RuntimeApi, Executor>;
type Backend = sc_service::TFullBackend<Block>;

/// Requests for blocks that may wait.
const PENDING_REQUESTS: usize = 1_024;

/// Starts everything; the node lives as long as the task manager.
pub(crate) fn start<N: NetworkBackend<Block, assay_runtime::Hash>>(
    config: Configuration,
    block_time: Option<Duration>,
) -> Result<TaskManager, Error> {
    let executor: Executor = sc_service::new_wasm_executor(&config.executor);
    let (client, backend, keystore, mut task_manager) =
        sc_service::new_full_parts::<Block, assay_runtime::RuntimeApi, _>(&config, None, executor, vec![])?;
    let client: Arc<Client> = Arc::new(client);
    let select_chain = sc_consensus::LongestChain::<Backend, Block>::new(backend.clone());
    let pool = Arc::from(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .build(),
    );
    let import_queue =
        sc_consensus_manual_seal::import_queue(Box::new(client.clone()), &task_manager.spawn_essential_handle(), None);
    let net_config = sc_network::config::FullNetworkConfiguration::<Block, _, N>::new(&config.network, None);
    let metrics = N::register_notification_metrics(None);
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: None,
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    let (requests, request_stream) = mpsc::channel(PENDING_REQUESTS);
    let rpc_builder = {
        let (client, pool) = (client.clone(), pool.clone());
        Box::new(move |_| {
            let failed = |error: jsonrpsee::core::RegisterMethodError| Error::Other(error.to_string());
            let mut module = jsonrpsee::RpcModule::new(());
            module.merge(System::new(client.clone(), pool.clone()).into_rpc()).map_err(failed)?;
            module.merge(TransactionPayment::new(client.clone()).into_rpc()).map_err(failed)?;
            module.merge(ManualSeal::new(requests.clone()).into_rpc()).map_err(failed)?;
            Ok(module)
        })
    };
    sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        client: client.clone(),
        backend,
        task_manager: &mut task_manager,
        keystore: keystore.keystore(),
        transaction_pool: pool.clone(),
        rpc_builder,
        network,
        system_rpc_tx,
        tx_handler_controller,
        sync_service,
        telemetry: None,
        tracing_execute_block: None,
    })?;

    let env = sc_basic_authorship::ProposerFactory::new(
        task_manager.spawn_handle(),
        client.clone(),
        pool.clone(),
        None,
        None,
    );
    let author = run_manual_seal(ManualSealParams {
        block_import: client.clone(),
        env,
        client,
        commands_stream: seal::commands(pool.import_notification_stream(), request_stream, block_time),
        pool,
        select_chain,
        consensus_data_provider: None,
        create_inherent_data_providers: |_, ()| async move { Ok(sp_timestamp::InherentDataProvider::from_system_time()) },
    });
    task_manager.spawn_essential_handle().spawn_blocking("author", None, author.boxed());
    Ok(task_manager)
}
