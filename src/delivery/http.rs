//! The one builder of HTTP clients: time-outs, no redirects, no proxy, no silent repeats, bounded answers.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url, redirect, retry};

use super::guard::{PublicOnly, Refused};
use crate::model::limits;

/// Bounds on calls.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The longest a call may take when its channel names nothing shorter.
    pub call_timeout: Duration,
    /// The longest that connecting may take; shorter, so that it is told apart from no answer.
    pub connect_timeout: Duration,
}

/// HTTP as deliveries see it.
#[derive(Debug, Clone)]
pub struct Http {
    /// Reaches every address: the platform's, and channels that allow private networks.
    open: reqwest::Client,
    /// Reaches public addresses only.
    guarded: reqwest::Client,
}

/// A call, ready to be made.
#[derive(Debug)]
pub struct Call {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Shorter than [`Settings::call_timeout`], where the channel says so.
    pub timeout: Option<Duration>,
    pub is_private_allowed: bool,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// At most as many bytes as were asked for.
    pub body: Bytes,
    pub ending: Ending,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// Longer than what is kept; the same call will be answered as long again.
    TooLong,
    /// Something happened on the way, or the time was over.
    BrokenOff,
}

/// Why nothing came back. The texts name no URL: it may hold what a template put there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// Certainly not sent, and never will be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Certainly not sent.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// It may have arrived.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// The clients could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be built")]
pub struct NotBuilt(#[from] reqwest::Error);

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            call_timeout: limits::CALL_TIMEOUT,
            connect_timeout: Duration::from_secs(5),
        }
    }
}

// === impl Http ===

impl Http {
    pub fn new(settings: &Settings) -> Result<Self, NotBuilt> {
        // The client panics without a provider. Installed by who comes first; a second time is no harm.
        drop(rustls::crypto::ring::default_provider().install_default());
        Ok(Self {
            open: builder(settings).build()?,
            guarded: builder(settings).dns_resolver(PublicOnly).build()?,
        })
    }

    /// Makes one call, once.
    pub async fn call(&self, call: Call) -> Result<Answer, Silence> {
        self.fetch(call, limits::RESPONSE_BYTES_MAX).await
    }

    /// As [`Self::call`], keeping so many bytes of the answer.
    pub(super) async fn fetch(&self, call: Call, bytes_max: usize) -> Result<Answer, Silence> {
        super::guard::check(&call.url, call.is_private_allowed)?;
        let client = if call.is_private_allowed {
            &self.open
        } else {
            &self.guarded
        };
        let mut request = reqwest::Request::new(call.method, call.url);
        *request.headers_mut() = call.headers;
        *request.body_mut() = Some(call.body.into());
        *request.timeout_mut() = call.timeout;
        let response = client.execute(request).await.map_err(silence)?;
        Ok(Answer::read(response, bytes_max).await)
    }
}

// === impl Answer ===

impl Answer {
    async fn read(mut response: reqwest::Response, bytes_max: usize) -> Self {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = bytes::BytesMut::new();
        let ending = loop {
            match response.chunk().await {
                Ok(None) => break Ending::Whole,
                Ok(Some(chunk)) if body.len() + chunk.len() <= bytes_max => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => break Ending::TooLong,
                Err(_) => break Ending::BrokenOff,
            }
        };
        Self {
            status,
            headers,
            body: body.freeze(),
            ending,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds clients, with all bounds set"
)]
fn builder(settings: &Settings) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("recado/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .timeout(settings.call_timeout)
        .connect_timeout(settings.connect_timeout)
        // Shorter than the usual keep-alive of servers: a call on a connection that is being closed is
        // a call without an answer.
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(limits::IN_FLIGHT_MAX)
        .tcp_nodelay(true)
}

fn silence(error: reqwest::Error) -> Silence {
    let error = error.without_url();
    if let Some(refused) = causes(&error).find_map(|cause| cause.downcast_ref::<Refused>()) {
        return refused.clone().into();
    }
    // A request that cannot be built was not sent either.
    let text = last_cause(&error);
    if error.is_connect() || error.is_builder() {
        return Silence::NotConnected(text);
    }
    Silence::NoAnswer(if error.is_timeout() {
        "the time is over".to_owned()
    } else {
        text
    })
}

/// The innermost cause: the outer ones only say that there was an error.
fn last_cause(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn call(url: &str) -> Call {
        Call {
            method: Method::POST,
            url: url.parse().unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"{}"),
            timeout: Some(Duration::from_millis(200)),
            is_private_allowed: true,
        }
    }

    fn http() -> Http {
        Http::new(&Settings::default()).unwrap()
    }

    /// Calls a server that reads the request and then writes `answer`, or nothing, and hangs up.
    async fn against(answer: &'static [u8]) -> Result<Answer, Silence> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            socket.write_all(answer).await.unwrap();
        };
        let http = http();
        tokio::join!(http.call(call(&url)), serve).0
    }

    #[tokio::test]
    async fn a_closed_port_is_not_connected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let silence = http().call(call(&url)).await.unwrap_err();
        assert!(matches!(silence, Silence::NotConnected(_)), "{silence:?}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_not_connected() {
        let silence = http().call(call("http://nowhere.invalid/")).await;
        assert!(
            matches!(silence, Err(Silence::NotConnected(_))),
            "{silence:?}"
        );
    }

    #[tokio::test]
    async fn hanging_up_after_the_request_is_no_answer() {
        let silence = against(b"").await.unwrap_err();
        assert!(matches!(silence, Silence::NoAnswer(_)), "{silence:?}");
    }

    #[tokio::test]
    async fn taking_too_long_is_no_answer() {
        // Accepted by the kernel's queue, never read by anybody.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let silence = http().call(call(&url)).await.unwrap_err();
        assert_eq!(silence, Silence::NoAnswer("the time is over".into()));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let answer = against(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        );
        assert_eq!(answer.await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn a_broken_off_answer_says_so() {
        let answer = against(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
            .await
            .unwrap();
        assert_eq!((answer.status, answer.ending), (200, Ending::BrokenOff));
    }

    #[tokio::test]
    async fn a_guarded_call_reaches_no_private_address() {
        let mut guarded = call("http://localhost.localdomain:8080/");
        guarded.is_private_allowed = false;
        let silence = http().call(guarded).await.unwrap_err();
        assert!(
            matches!(
                silence,
                Silence::Refused(Refused::Private) | Silence::NotConnected(_)
            ),
            "{silence:?}"
        );
    }
}
