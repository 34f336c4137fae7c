//! The services put together behind one listener.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::middleware;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::DESCRIPTORS;
use super::campaigns::Campaigns;
use super::deliveries::Deliveries;
use super::entrance::{Entrance, pass};
use super::pb::campaign_service_server::CampaignServiceServer;
use super::pb::delivery_service_server::DeliveryServiceServer;
use super::pb::segment_service_server::SegmentServiceServer;
use super::pb::user_service_server::UserServiceServer;
use super::segments::Segments;
use super::users::Users;
use crate::clock::Clock;
use crate::config::Tokens;
use crate::engine::Engine;
use crate::lifecycle::Tasks;
use crate::model::limits;

/// Calls of one connection that are worked on at once; more wait.
const CALLS_A_CONNECTION: usize = 256;
/// How often a silent connection is asked whether it lives, and how long it may take to say so.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);
const KEEPALIVE_WITHIN: Duration = Duration::from_secs(20);

/// The gRPC door.
#[derive(Debug)]
pub struct Door {
    pub engine: Arc<Engine>,
    pub tokens: Option<Arc<Tokens>>,
    pub clock: Arc<dyn Clock>,
    pub tasks: Tasks,
}

/// Why the door closed early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the descriptors cannot be shown by reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
    #[error("the gRPC door failed")]
    Serve(#[from] tonic::transport::Error),
}

// === impl Door ===

impl Door {
    /// Serves until the tasks are stopping, and finishes what is under way.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        let stopping = self.tasks.stopping();
        let entrance = Arc::new(Entrance {
            tokens: self.tokens.clone(),
            clock: Arc::clone(&self.clock),
            next_id: AtomicU64::new(self.clock.now().as_microsecond().unsigned_abs()),
        });
        let router = self
            .routes()
            .await?
            .into_axum_router()
            .layer(middleware::from_fn_with_state(entrance, pass));
        Server::builder()
            .max_concurrent_streams(limits::STREAMS_MAX)
            .concurrency_limit_per_connection(CALLS_A_CONNECTION)
            .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
            .http2_keepalive_timeout(Some(KEEPALIVE_WITHIN))
            .add_routes(Routes::from(router))
            .serve_with_incoming_shutdown(
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                stopping,
            )
            .await?;
        Ok(())
    }

    async fn routes(self) -> Result<Routes, Error> {
        let bytes = limits::MESSAGE_BYTES_MAX;
        let Self {
            engine,
            tasks,
            clock,
            ..
        } = self;
        let users = UserServiceServer::new(Users {
            engine: Arc::clone(&engine),
            tasks: tasks.clone(),
            clock,
        });
        let segments = SegmentServiceServer::new(Segments {
            engine: Arc::clone(&engine),
            tasks,
        });
        let campaigns = CampaignServiceServer::new(Campaigns {
            engine: Arc::clone(&engine),
        });
        let deliveries = DeliveryServiceServer::new(Deliveries { engine });
        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_serving::<UserServiceServer<Users>>().await;
        health.set_serving::<SegmentServiceServer<Segments>>().await;
        health
            .set_serving::<CampaignServiceServer<Campaigns>>()
            .await;
        health
            .set_serving::<DeliveryServiceServer<Deliveries>>()
            .await;
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        Ok(Routes::new(users.max_decoding_message_size(bytes))
            .add_service(segments.max_decoding_message_size(bytes))
            .add_service(campaigns.max_decoding_message_size(bytes))
            .add_service(deliveries.max_decoding_message_size(bytes))
            .add_service(health_service)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?))
    }
}
