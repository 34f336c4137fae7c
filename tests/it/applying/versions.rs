//! Programs and plans of other versions.

use recado::api::pb;
use recado::api::pb::campaign_service_client::CampaignServiceClient;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use super::{BRAZIL, planned, sealed};
use crate::stage::{Stage, source_files};

fn from<T>(version: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let version = MetadataValue::from_static(version);
    request.metadata_mut().insert("recado-version", version);
    request
}

/// A field that the server does not know would be left out in silence.
#[test]
fn a_newer_program_may_look_and_neither_plan_nor_send() {
    Stage::new().run(async |live| {
        let mut client = CampaignServiceClient::new(live.channel().await);
        let wish = pb::PlanCampaignsRequest {
            files: source_files([BRAZIL]),
            ..pb::PlanCampaignsRequest::default()
        };
        let plan = client.plan_campaigns(from("9.9.1", wish.clone())).await;
        let apply = sealed(live, &[BRAZIL]).await;
        let apply = client.apply_campaigns(from("9.9.1", apply)).await;
        for status in [plan.unwrap_err(), apply.unwrap_err()] {
            assert_eq!(status.code(), Code::FailedPrecondition);
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, "SERVER_OLDER");
            assert_eq!(info.metadata["caller"], "9.9");
            assert!(
                status
                    .message()
                    .contains("older than the program that asks, 9.9"),
                "{status:?}"
            );
        }
        // What narrows whom it goes to may be among what is new.
        let send = pb::SendCampaignRequest {
            campaign: "hello".to_owned(),
            ..pb::SendCampaignRequest::default()
        };
        let test = pb::SendTestMessageRequest {
            campaign: "hello".to_owned(),
            ..pb::SendTestMessageRequest::default()
        };
        let sent = client.send_campaign(from("9.9.1", send.clone())).await;
        let tested = client.send_test_message(from("9.9.1", test)).await;
        for status in [sent.unwrap_err(), tested.unwrap_err()] {
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, "SERVER_OLDER");
        }
        let sent = client.send_campaign(from("0.0.1", send)).await;
        let info = sent.unwrap_err().get_details_error_info().unwrap();
        assert_ne!(info.reason, "SERVER_OLDER");
        let list = from("9.9.1", pb::ListRevisionsRequest::default());
        let list = client.list_revisions(list).await.unwrap();
        let ours = env!("CARGO_PKG_VERSION");
        assert_eq!(list.metadata().get("recado-version").unwrap(), ours);
        assert_eq!(list.into_inner().revisions, []);
        // What an older one asks is known here, and who says nothing is not asked.
        let older = client.plan_campaigns(from("0.0.1", wish.clone())).await;
        assert!(older.unwrap().into_inner().plan.is_some());
        assert!(
            client
                .plan_campaigns(wish)
                .await
                .unwrap()
                .into_inner()
                .plan
                .is_some()
        );
        assert!(planned(live, &[BRAZIL]).await.seal.is_some());
    });
}
