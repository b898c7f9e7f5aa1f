//! Which failures pass by themselves, and how long to wait for that.
use super::{HttpOptions, HttpStore};
use crate::{Result, StoreError};
use reqwest::{Response, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is read of a server's explanation.
const MESSAGE: usize = 512;

/// A failure of one attempt.
pub(super) enum Failure {
    /// May pass.
    Passing(String),
    /// Won't.
    Final(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Final(error)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Failure::Passing(causes(&error))
    }
}

/// An error with what is behind it: the outermost message alone hardly ever helps.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Counts failures in a row.
pub(super) struct Retry<'a> {
    options: &'a HttpOptions,
    failures: u32,
}

impl<'a> Retry<'a> {
    pub(super) fn new(options: &'a HttpOptions) -> Self {
        Retry { options, failures: 0 }
    }

    /// Something was gained: start counting again.
    pub(super) fn progress(&mut self) {
        self.failures = 0;
    }

    /// Waits before the next attempt, or says that there is none.
    pub(super) async fn after(&mut self, failure: Failure, url: &str) -> Result<()> {
        let why = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Passing(why) => why,
        };
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.options.attempts {
            let hint = "check the address, that the server runs, and firewalls between";
            return Err(StoreError::Unreachable { url: url.into(), attempts: self.failures, why, hint });
        }
        let wait = self.wait();
        tracing::debug!(url, why, ?wait, "trying again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Doubles up to 32 times, and differs between clients so that they don't come back all at once.
    fn wait(&self) -> Duration {
        let full = self.options.backoff.saturating_mul(1 << self.failures.saturating_sub(1).min(5));
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        full.mul_f64(0.75 + f64::from(nanos % 1000) / 2000.0)
    }
}

impl HttpStore {
    /// Splits answers into good ones and failures.
    pub(super) async fn checked(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let url = response.url().to_string();
        let message = explanation(response).await;
        Err(match status {
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Failure::Passing(format!("it answered {status}: {message}")),
            _ => Failure::Final(StoreError::Refused { url, status: status.as_u16(), message }),
        })
    }
}

/// The start of a server's answer, as one line.
async fn explanation(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MESSAGE {
            break;
        }
    }
    bytes.truncate(MESSAGE);
    String::from_utf8_lossy(&bytes).replace(char::is_control, " ")
}
