//! `DeliveryService`.

use recado::api::client::Client;
use recado::api::pb;
use recado::sandbox::{Fault, Rule};
use serde_json::json;
use tonic::Code;

use super::campaigns::{HELLO, PAGE};
use crate::stage::{Live, Stage, refused};

async fn send(live: &Live, n: usize) -> pb::Send {
    let names: Vec<_> = (0..n).map(|n| format!("u{n}")).collect();
    live.upsert(names.iter().map(|name| {
        (
            name.as_str(),
            json!({"country": "BR", "messenger_id": format!("1{}", &name[1..])}),
        )
    }))
    .await;
    let recipients = names.iter().map(|name| pb::Recipient {
        external_id: name.clone(),
        trigger_properties: None,
    });
    let request = pb::SendCampaignRequest {
        campaign: "hello".into(),
        recipients: recipients.collect(),
        ..pb::SendCampaignRequest::default()
    };
    let answer = live
        .client()
        .await
        .campaigns
        .send_campaign(request)
        .await
        .unwrap();
    answer.into_inner().send.unwrap()
}

/// All of them; the request is left at the last page.
async fn pages(client: &mut Client, request: &mut pb::ListDeliveriesRequest) -> Vec<pb::Delivery> {
    let mut seen = Vec::new();
    loop {
        let page = client.deliveries.list_deliveries(request.clone()).await;
        let page = page.unwrap().into_inner();
        assert!(page.deliveries.len() <= 2);
        seen.extend(page.deliveries);
        if page.next_page_token.is_empty() {
            return seen;
        }
        request.page_token = page.next_page_token;
    }
}

#[test]
fn deliveries_are_listed_by_page() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let begun = send(live, 5).await;
        live.until_finished(&begun.id).await;
        let mut client = live.client().await;
        let mut request = pb::ListDeliveriesRequest {
            send_id: begun.id.clone(),
            page_size: 2,
            ..pb::ListDeliveriesRequest::default()
        };
        let seen = pages(&mut client, &mut request).await;
        let ids: std::collections::BTreeSet<_> = seen.iter().map(|d| d.id.clone()).collect();
        assert_eq!((seen.len(), ids.len()), (5, 5));
        // The other way round, by page too; a page of the one is no page of the other.
        let mut newest = pb::ListDeliveriesRequest {
            newest_first: true,
            page_token: String::new(),
            ..request.clone()
        };
        let mut back = pages(&mut client, &mut newest).await;
        back.reverse();
        assert_eq!(back, seen);
        let turned = pb::ListDeliveriesRequest {
            newest_first: false,
            ..newest
        };
        assert!(
            seen.iter()
                .all(|d| d.state() == pb::DeliveryState::Sent && d.attempts == 1)
        );
        // The same token with another filter, and what is no token.
        let foreign = pb::ListDeliveriesRequest {
            external_id: "u1".into(),
            ..request.clone()
        };
        let broken = pb::ListDeliveriesRequest {
            page_token: "abc".into(),
            ..request
        };
        for request in [foreign, broken, turned] {
            let (code, reason, _) = refused(client.deliveries.list_deliveries(request)).await;
            assert_eq!(
                (code, reason.as_str()),
                (Code::InvalidArgument, "INVALID_PAGE_TOKEN")
            );
        }
        let one = pb::ListDeliveriesRequest {
            external_id: "u1".into(),
            ..pb::ListDeliveriesRequest::default()
        };
        let found = client
            .deliveries
            .list_deliveries(one)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(found.deliveries[0].send_id, begun.id);
    });
}

#[test]
fn sends_are_listed_newest_first() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let first = send(live, 1).await;
        let second = send(live, 1).await;
        live.until_finished(&first.id).await;
        live.until_finished(&second.id).await;
        let mut client = live.client().await;
        let mut request = pb::ListSendsRequest {
            campaign: "hello".into(),
            phase: pb::SendPhase::Finished.into(),
            page_size: 1,
            page_token: String::new(),
        };
        let page = client
            .deliveries
            .list_sends(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.sends[0].id, second.id);
        request.page_token = page.next_page_token;
        let page = client
            .deliveries
            .list_sends(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (page.sends[0].id.as_str(), page.next_page_token.as_str()),
            (first.id.as_str(), "")
        );
        request.page_size = -1;
        assert_eq!(
            refused(client.deliveries.list_sends(request)).await.0,
            Code::InvalidArgument
        );
    });
}

#[test]
fn a_cancelled_send_ends_once_nothing_is_under_way() {
    let slow = format!("{}pace: 1\n", PAGE.1);
    Stage::new()
        .with_files([(PAGE.0, slow.as_str()), HELLO])
        .run(async |live| {
            live.sandbox.handle.add_fault(Rule::always(Fault::Hang));
            let begun = send(live, 50).await;
            let mut client = live.client().await;
            let request = pb::WatchSendRequest {
                send_id: begun.id.clone(),
            };
            let mut seen = client
                .deliveries
                .watch_send(request)
                .await
                .unwrap()
                .into_inner();
            // Until one is under way.
            loop {
                let counts = seen
                    .message()
                    .await
                    .unwrap()
                    .unwrap()
                    .send
                    .unwrap()
                    .counts
                    .unwrap();
                if counts.sending > 0 {
                    break;
                }
            }
            let request = pb::CancelSendRequest {
                send_id: begun.id.clone(),
            };
            let cancelled = client
                .deliveries
                .cancel_send(request)
                .await
                .unwrap()
                .into_inner();
            let cancelled = cancelled.send.unwrap();
            assert_eq!(cancelled.phase(), pb::SendPhase::Cancelled);
            assert!(cancelled.counts.unwrap().cancelled > 0);
            live.sandbox.handle.clear_faults();
            live.sandbox.handle.release();
            let mut last = None;
            while let Some(message) = seen.message().await.unwrap() {
                last = message.send;
            }
            let counts = last.unwrap().counts.unwrap();
            assert_eq!((counts.pending, counts.sending), (0, 0));
            let nobody = format!("snd_{}", "0".repeat(32));
            let request = pb::CancelSendRequest { send_id: nobody };
            assert_eq!(
                refused(client.deliveries.cancel_send(request)).await.0,
                Code::NotFound
            );
        });
}

#[test]
fn deliveries_are_found_by_campaign_and_by_reason() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let begun = send(live, 3).await;
        live.until_finished(&begun.id).await;
        let mut client = live.client().await;
        let of = |campaign: &str, reason: &str| pb::ListDeliveriesRequest {
            campaign: campaign.into(),
            reason: reason.into(),
            ..pb::ListDeliveriesRequest::default()
        };
        for (campaign, reason, n) in [
            ("hello", "", 3),
            ("hello", "no_psid", 0),
            ("", "not_in_audience", 0),
        ] {
            let found = client
                .deliveries
                .list_deliveries(of(campaign, reason))
                .await;
            assert_eq!(
                found.unwrap().into_inner().deliveries.len(),
                n,
                "{campaign} {reason}"
            );
        }
        let unknown = refused(client.deliveries.list_deliveries(of("helo", ""))).await;
        assert_eq!(unknown.0, Code::NotFound);
        assert!(
            unknown.2.message().ends_with("did you mean `hello`?"),
            "{}",
            unknown.2
        );
        let unknown = refused(client.deliveries.list_deliveries(of("", "no_psdi"))).await;
        assert_eq!(unknown.0, Code::InvalidArgument);
        assert!(
            unknown.2.message().contains("did you mean `no_psid`?"),
            "{}",
            unknown.2
        );
        // A token of one list is none of another.
        let page = pb::ListDeliveriesRequest {
            page_size: 1,
            ..of("hello", "")
        };
        let first = client.deliveries.list_deliveries(page).await.unwrap();
        let other = pb::ListDeliveriesRequest {
            page_token: first.into_inner().next_page_token,
            ..of("", "no_psid")
        };
        assert_eq!(
            refused(client.deliveries.list_deliveries(other)).await.0,
            Code::InvalidArgument
        );
    });
}
