//! Who is let in, what operators are told, and what the doors say about themselves.

use recado::api::pb;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::stage::{self, Live, Stage, refused};

fn tokens() -> String {
    let entry = |name: &str, scopes: &str| {
        let digest = hex::encode(Sha256::digest(name.as_bytes()));
        format!("- {{name: {name}, sha256: {digest}, scopes: [{scopes}]}}\n")
    };
    format!(
        "tokens:\n{}{}",
        entry("reader", "read"),
        entry("writer", "write, send") + &entry("pipeline", "apply")
    )
}

/// One HTTP/1.1 request; the whole answer as text.
async fn get(live: &Live, path: &str, token: Option<&str>) -> String {
    let mut stream = TcpStream::connect(&live.http).await.unwrap();
    let auth = token.map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{auth}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn v1(channel: Channel) -> Result<Vec<String>, tonic::Status> {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let mut answers = client
        .server_reflection_info(tokio_stream::iter([request]))
        .await?
        .into_inner();
    match answers
        .message()
        .await?
        .and_then(|answer| answer.message_response)
    {
        Some(MessageResponse::ListServicesResponse(list)) => Ok(list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect()),
        other => panic!("{other:?}"),
    }
}

async fn v1alpha(channel: Channel) -> Result<Vec<String>, tonic::Status> {
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
    let request = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let mut answers = client
        .server_reflection_info(tokio_stream::iter([request]))
        .await?
        .into_inner();
    match answers
        .message()
        .await?
        .and_then(|answer| answer.message_response)
    {
        Some(MessageResponse::ListServicesResponse(list)) => Ok(list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_reflections_list_every_service() {
    Stage::new().run(async |live| {
        let channel = live.channel().await;
        for names in [
            v1(channel.clone()).await.unwrap(),
            v1alpha(channel).await.unwrap(),
        ] {
            for service in [
                "UserService",
                "SegmentService",
                "CampaignService",
                "DeliveryService",
            ] {
                assert!(names.contains(&format!("recado.v1.{service}")), "{names:?}");
            }
        }
    });
}

#[test]
fn health_is_told_for_each_service() {
    Stage::new().with_tokens(tokens()).run(async |live| {
        let mut client = HealthClient::new(live.channel().await);
        for service in ["", "recado.v1.UserService", "recado.v1.DeliveryService"] {
            let request = HealthCheckRequest {
                service: service.into(),
            };
            assert_eq!(
                client.check(request).await.unwrap().into_inner().status,
                1,
                "{service}"
            );
        }
    });
}

#[test]
fn a_token_allows_its_scopes_only() {
    Stage::new().with_tokens(tokens()).run(async |live| {
        let read = || pb::ListSendsRequest::default();
        let (code, reason, _) = refused(live.client().await.deliveries.list_sends(read())).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::Unauthenticated, "UNAUTHENTICATED")
        );
        let mut stranger = live.client_with("stranger").await;
        assert_eq!(
            refused(stranger.deliveries.list_sends(read())).await.0,
            Code::Unauthenticated
        );
        let mut writer = live.client_with("writer").await;
        let (code, reason, status) = refused(writer.deliveries.list_sends(read())).await;
        assert_eq!(
            (code, reason.as_str(), status.message()),
            (
                Code::PermissionDenied,
                "SCOPE_MISSING",
                "`ListSends` needs a token with the scope read"
            )
        );
        // Who may apply may see what it would do, and nothing else.
        let mut pipeline = live.client_with("pipeline").await;
        let plan = pb::PlanCampaignsRequest::default();
        pipeline.campaigns.plan_campaigns(plan).await.unwrap();
        let list = pb::ListCampaignsRequest::default();
        assert_eq!(
            refused(pipeline.campaigns.list_campaigns(list)).await.0,
            Code::PermissionDenied
        );
        let mut reader = live.client_with("reader").await;
        reader.deliveries.list_sends(read()).await.unwrap();
        // Not told whether the campaign exists.
        let send = pb::SendCampaignRequest::default();
        assert_eq!(
            refused(reader.campaigns.send_campaign(send)).await.0,
            Code::PermissionDenied
        );
        let reflection = v1(live.channel().await).await;
        assert_eq!(reflection.unwrap_err().code(), Code::Unauthenticated);
    });
}

#[test]
fn a_request_id_comes_back() {
    Stage::new().run(async |live| {
        let mut client = live.client().await;
        let mut request = Request::new(pb::ListSendsRequest::default());
        request
            .metadata_mut()
            .insert("x-request-id", MetadataValue::from_static("mine-1"));
        let answer = client.deliveries.list_sends(request).await.unwrap();
        assert_eq!(answer.metadata().get("x-request-id").unwrap(), "mine-1");
        let answer = client
            .deliveries
            .list_sends(pb::ListSendsRequest::default())
            .await
            .unwrap();
        assert!(!answer.metadata().get("x-request-id").unwrap().is_empty());
    });
}

#[test]
fn what_is_applied_is_told_to_prometheus() {
    Stage::new().run(async |live| {
        let files = stage::source_files([("s.yaml", "kind: Segment\nname: s\nfilter: 'true'\n")]);
        let plan = pb::PlanCampaignsRequest {
            files: files.clone(),
            ..pb::PlanCampaignsRequest::default()
        };
        let mut client = live.client().await;
        let planned = client.campaigns.plan_campaigns(plan).await.unwrap();
        let apply = pb::ApplyCampaignsRequest {
            files,
            seal: planned.into_inner().seal,
            commit: "c0f\"fee\n".into(),
            ..pb::ApplyCampaignsRequest::default()
        };
        client.campaigns.apply_campaigns(apply).await.unwrap();
        let metrics = get(live, "/metrics", None).await;
        for line in [
            "recado_applied_revision 1",
            r#"recado_applied_info{revision="1",owner="",commit="c0f\"fee\n"} 1"#,
        ] {
            assert!(metrics.lines().any(|it| it.trim_end() == line), "{metrics}");
        }
    });
}

#[test]
fn operators_are_told_over_http() {
    Stage::new().with_tokens(tokens()).run(async |live| {
        assert!(
            get(live, "/healthz", None)
                .await
                .starts_with("HTTP/1.1 200")
        );
        assert!(get(live, "/readyz", None).await.starts_with("HTTP/1.1 200"));
        assert!(
            get(live, "/metrics", None)
                .await
                .starts_with("HTTP/1.1 401")
        );
        assert!(
            get(live, "/metrics", Some("writer"))
                .await
                .starts_with("HTTP/1.1 403")
        );
        let mut reader = live.client_with("reader").await;
        reader
            .deliveries
            .list_sends(pb::ListSendsRequest::default())
            .await
            .unwrap();
        let metrics = get(live, "/metrics", Some("reader")).await;
        assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
        assert!(metrics.contains("recado_calls_total{"), "{metrics}");
        assert!(metrics.contains("recado_applied_revision 0\n"), "{metrics}");
    });
}
