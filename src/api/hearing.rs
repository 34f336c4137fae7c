//! What a client hears of the server's version, whichever call is answered.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::http::{HeaderMap, Request, Response};
use tower::Service;

use super::client::OnNewer;
use super::version::{self, Release};

/// A connection that notices a newer server by its first answer, and says so once.
#[derive(Debug, Clone)]
pub struct Hearing<S> {
    inner: S,
    on_newer: OnNewer,
    /// One for all services of a client.
    is_said: Arc<AtomicBool>,
}

// === impl Hearing ===

impl<S> Hearing<S> {
    pub(super) fn new(inner: S, on_newer: OnNewer, is_said: &Arc<AtomicBool>) -> Self {
        Self {
            inner,
            on_newer,
            is_said: Arc::clone(is_said),
        }
    }
}

impl<S, B, R> Service<Request<B>> for Hearing<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (on_newer, is_said) = (self.on_newer, Arc::clone(&self.is_said));
        let answered = self.inner.call(request);
        Box::pin(async move {
            let answer = answered.await?;
            if let Some(newer) = newer(answer.headers())
                && !is_said.swap(true, Ordering::Relaxed)
            {
                on_newer(newer);
            }
            Ok(answer)
        })
    }
}

/// The version of a server that is newer; a refusal shows nothing, and says itself which side is old.
fn newer(headers: &HeaderMap) -> Option<Release> {
    let is_refusal = headers.contains_key("grpc-status");
    let said = headers.get(version::HEADER)?.to_str().ok()?;
    Release::parse(said).filter(|said| !is_refusal && said.against_ours().is_gt())
}
