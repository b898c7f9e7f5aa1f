//! A JSON-RPC connection that is made anew when it breaks, and that notices when the other side is another chain.
use super::NodeOptions;
use crate::ChainError;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use subxt::rpcs::client::{
    jsonrpsee_client, rpc_params, JsonrpseeRpcClient, RawRpcFuture, RawRpcSubscription, RawValue, RpcClientT,
};
use subxt::rpcs::Error;
use subxt::utils::H256;
use tokio::sync::Mutex;
use tokio::time::{timeout, timeout_at, Instant};

/// The first wait between attempts; it doubles, up to 16 times this.
const BACKOFF: Duration = Duration::from_millis(100);

/// A connection, or the wish for one.
pub(super) struct Reconnecting {
    url: String,
    connect: Duration,
    answer: Duration,
    patience: Duration,
    genesis: OnceLock<H256>,
    /// Held while connecting, so that only one does.
    current: Mutex<Option<Arc<JsonrpseeRpcClient>>>,
}

/// Why a request can't be made; travels inside the client's own error.
#[derive(Debug)]
enum Broken {
    Away { after: Duration, why: String },
    Foreign { expected: H256, found: H256 },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Broken {}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        Error::Client(Box::new(broken))
    }
}

/// Turns a failure into one that says what to do.
pub(super) fn explain(url: &str, doing: &'static str, error: Error) -> ChainError {
    let why = match error {
        Error::Client(inner) => match inner.downcast::<Broken>().map(|broken| *broken) {
            Ok(Broken::Away { after, why }) => return ChainError::Unreachable { url: url.into(), after, why },
            Ok(Broken::Foreign { expected, found }) => {
                let text = |hash| format!("{hash:?}");
                return ChainError::OtherChain { url: url.into(), expected: text(expected), found: text(found) };
            }
            Err(other) => other.to_string(),
        },
        Error::User(refusal) => told(&refusal),
        other => other.to_string(),
    };
    ChainError::Node { doing, why }
}

/// A JSON-RPC error with its details, in which nodes keep the reason.
pub(super) fn told(refusal: &subxt::rpcs::UserError) -> String {
    let details = refusal.data.as_ref().map_or("", |data| data.get());
    format!("{}: {}", refusal.message, details.trim_matches('"')).trim_end_matches([':', ' ']).into()
}

impl Reconnecting {
    pub(super) fn new(url: &str, options: &NodeOptions) -> Self {
        Reconnecting {
            url: url.into(),
            connect: options.connect,
            answer: options.answer,
            patience: options.patience,
            genesis: OnceLock::new(),
            current: Mutex::new(None),
        }
    }

    /// The chain's first block; connects if need be.
    pub(super) async fn genesis(&self) -> Result<H256, Error> {
        self.client(Instant::now() + self.patience).await?;
        self.genesis.get().copied().ok_or_else(|| self.away("it has no first block".into()))
    }

    fn away(&self, why: String) -> Error {
        Broken::Away { after: self.patience, why }.into()
    }

    /// The connection, made if need be.
    async fn client(&self, until: Instant) -> Result<Arc<JsonrpseeRpcClient>, Error> {
        let busy = |_| self.away("connecting takes long".into());
        let mut current = timeout_at(until, self.current.lock()).await.map_err(busy)?;
        if let Some(client) = current.as_ref().filter(|client| client.is_connected()) {
            return Ok(client.clone());
        }
        let mut wait = BACKOFF;
        loop {
            let why = match timeout(self.connect, self.open()).await {
                Ok(Ok(client)) => {
                    let client = Arc::new(client);
                    *current = Some(client.clone());
                    return Ok(client);
                }
                Ok(Err(Error::Client(error))) if !error.is::<Broken>() => error.to_string(),
                Ok(Err(error)) => return Err(error),
                Err(_) => "no answer".into(),
            };
            if Instant::now() + wait >= until {
                return Err(self.away(why));
            }
            tracing::debug!(url = self.url, why, "connecting again");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(BACKOFF * 16);
        }
    }

    /// Connects once, and checks that the chain is the one from before.
    async fn open(&self) -> Result<JsonrpseeRpcClient, Error> {
        let client = jsonrpsee_client(&self.url).await?;
        let answer = client.request_raw("chain_getBlockHash", rpc_params![0].build()).await?;
        let answer = answer.get().trim_matches('"');
        let found = answer.parse::<H256>().map_err(|_| self.away(format!("its first block is {answer:?}")))?;
        let expected = *self.genesis.get_or_init(|| found);
        if expected != found {
            return Err(Broken::Foreign { expected, found }.into());
        }
        Ok(client)
    }

    /// Makes a request until it is answered. The same bytes may reach the node twice; whoever calls must bear that.
    async fn insist<T, F>(&self, request: impl Fn(Arc<JsonrpseeRpcClient>) -> F) -> Result<T, Error>
    where
        F: std::future::Future<Output = Result<T, Error>>,
    {
        let until = Instant::now() + self.patience;
        loop {
            let client = self.client(until).await?;
            let why = match timeout(self.answer, request(client.clone())).await {
                Ok(Err(Error::Client(error))) => error.to_string(),
                Ok(answer) => return answer,
                Err(_) => "no answer".into(),
            };
            self.forget(&client).await;
            if Instant::now() >= until {
                return Err(self.away(why));
            }
            tracing::debug!(url = self.url, why, "asking again");
            tokio::time::sleep(BACKOFF).await;
        }
    }

    /// Drops a connection that failed, unless another has replaced it.
    async fn forget(&self, client: &Arc<JsonrpseeRpcClient>) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, client)) {
            *current = None;
        }
    }
}

impl RpcClientT for Reconnecting {
    fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move {
            self.insist(|client| {
                let params = params.clone();
                async move { client.request_raw(method, params).await }
            })
            .await
        })
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        params: Option<Box<RawValue>>,
        unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            self.insist(|client| {
                let params = params.clone();
                async move { client.subscribe_raw(sub, params, unsub).await }
            })
            .await
        })
    }
}
