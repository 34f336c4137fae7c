//! A client of our own server, for the command line, the benchmarks and the tests.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use super::hearing::Hearing;
use super::pb::campaign_service_client::CampaignServiceClient;
use super::pb::delivery_service_client::DeliveryServiceClient;
use super::pb::segment_service_client::SegmentServiceClient;
use super::pb::user_service_client::UserServiceClient;
use super::version::{self, Release};
use crate::model::limits;

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` is not an address like `127.0.0.1:50051` or `http://127.0.0.1:50051`")]
    Address(String),
    #[error("the token holds characters that cannot travel in a header")]
    Token,
    #[error("no server answers at `{address}`")]
    Connect {
        address: String,
        #[source]
        source: tonic::transport::Error,
    },
}

/// One connection with a client for each service.
#[derive(Debug, Clone)]
pub struct Client {
    pub users: UserServiceClient<Service>,
    pub segments: SegmentServiceClient<Service>,
    pub campaigns: CampaignServiceClient<Service>,
    pub deliveries: DeliveryServiceClient<Service>,
}

/// What to do when a server turns out to be newer than this program.
pub type OnNewer = fn(Release);

/// A connection that adds the bearer token and our version to every call, and hears which version answers.
pub type Service = Hearing<InterceptedService<Channel, Bearer>>;

/// Adds `authorization: Bearer …`, and which version asks.
#[derive(Debug, Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

// === impl Client ===

impl Client {
    /// Connects to `address` (`127.0.0.1:50051` or `http://…`).
    pub async fn connect(address: &str, token: Option<&str>) -> Result<Self, Error> {
        Self::hearing(address, token, |_| {}).await
    }

    /// As [`Self::connect`]; the first answer of a server that is newer than this program is told to `on_newer`.
    pub async fn hearing(
        address: &str,
        token: Option<&str>,
        on_newer: OnNewer,
    ) -> Result<Self, Error> {
        let url = if address.contains("://") {
            address.to_owned()
        } else if address.contains(':') {
            format!("http://{address}")
        } else {
            return Err(Error::Address(address.to_owned()));
        };
        let channel = Endpoint::from_str(&url)
            .map_err(|_| Error::Address(address.to_owned()))?
            .connect_timeout(Duration::from_secs(5))
            // Of who falls silent: a call may take long, and an answer to a ping does not.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .connect()
            .await
            .map_err(|source| Error::Connect {
                address: address.to_owned(),
                source,
            })?;
        let bearer = Bearer(match token {
            None => None,
            Some(token) => {
                let mut value = MetadataValue::from_str(&format!("Bearer {token}"))
                    .map_err(|_| Error::Token)?;
                value.set_sensitive(true);
                Some(value)
            }
        });
        Ok(Self::over(&channel, &bearer, on_newer))
    }

    fn over(channel: &Channel, bearer: &Bearer, on_newer: OnNewer) -> Self {
        let is_said = Arc::default();
        let service = || {
            let inner = InterceptedService::new(channel.clone(), bearer.clone());
            Hearing::new(inner, on_newer, &is_said)
        };
        let bytes = limits::MESSAGE_BYTES_MAX;
        Self {
            users: UserServiceClient::new(service()).max_decoding_message_size(bytes),
            segments: SegmentServiceClient::new(service()).max_decoding_message_size(bytes),
            campaigns: CampaignServiceClient::new(service()).max_decoding_message_size(bytes),
            deliveries: DeliveryServiceClient::new(service()).max_decoding_message_size(bytes),
        }
    }
}

impl Interceptor for Bearer {
    fn call(
        &mut self,
        mut request: tonic::Request<()>,
    ) -> Result<tonic::Request<()>, tonic::Status> {
        let metadata = request.metadata_mut();
        metadata.insert(version::HEADER, MetadataValue::from_static(version::OURS));
        if let Some(value) = &self.0 {
            metadata.insert("authorization", value.clone());
        }
        Ok(request)
    }
}
