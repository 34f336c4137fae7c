//! `SendCampaign`: to whom, how often, and to nobody by mistake.

use recado::api::pb;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use super::campaigns::{HELLO, PAGE};
use crate::stage::{Live, Stage, object, refused};

fn to(ids: &[&str]) -> pb::SendCampaignRequest {
    let recipients = ids.iter().map(|id| pb::Recipient {
        external_id: (*id).to_owned(),
        trigger_properties: Some(object(json!({"order": format!("for {id}")}))),
    });
    pb::SendCampaignRequest {
        campaign: "hello".into(),
        recipients: recipients.collect(),
        ..pb::SendCampaignRequest::default()
    }
}

async fn send(live: &Live, request: pb::SendCampaignRequest) -> (pb::Send, bool) {
    let mut client = live.client().await;
    let answer = client
        .campaigns
        .send_campaign(request)
        .await
        .unwrap()
        .into_inner();
    (answer.send.unwrap(), answer.repeated_request)
}

async fn people(live: &Live, n: usize) {
    let names: Vec<_> = (0..n).map(|n| format!("u{n}")).collect();
    for batch in names.chunks(1_000) {
        live.upsert(batch.iter().map(|name| {
            let n = &name[1..];
            (
                name.as_str(),
                json!({"country": "BR", "messenger_id": format!("1{n}"), "first_name": n}),
            )
        }))
        .await;
    }
}

#[test]
fn recipients_get_their_own_message() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        people(live, 2).await;
        let (begun, is_repeated) = send(live, to(&["u0", "u1"])).await;
        assert!(!is_repeated && !begun.whole_audience);
        assert_eq!((begun.revision, begun.campaign.as_str()), (1, "hello"));
        let done = live.until_finished(&begun.id).await;
        assert_eq!(done.phase(), pb::SendPhase::Finished);
        let counts = done.counts.unwrap();
        assert_eq!((counts.sent, counts.total), (2, 2));
        let mut texts: Vec<_> = live
            .sandbox
            .handle
            .messages()
            .iter()
            .map(|m| format!("{m:?}"))
            .collect();
        texts.sort();
        assert!(
            texts.iter().any(|text| text.contains("Hi 0, for u0")),
            "{texts:?}"
        );
    });
}

#[test]
fn a_whole_audience_gets_it_once() {
    let unpaced = format!("{}pace: 100000\n", PAGE.1);
    Stage::new()
        .with_files([(PAGE.0, unpaced.as_str()), HELLO])
        .run(async |live| {
            people(live, 120).await;
            live.upsert([("other", json!({"country": "PT", "messenger_id": "9"}))])
                .await;
            let request = pb::SendCampaignRequest {
                campaign: "hello".into(),
                audience: Some(pb::WholeAudience {}),
                ..pb::SendCampaignRequest::default()
            };
            let (begun, _) = send(live, request).await;
            assert!(begun.whole_audience);
            let counts = live.until_finished(&begun.id).await.counts.unwrap();
            assert_eq!((counts.sent, counts.total), (120, 120));
            assert_eq!(live.sandbox.handle.messages().len(), 120);
        });
}

#[test]
fn an_empty_audience_finishes() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let request = pb::SendCampaignRequest {
            campaign: "hello".into(),
            audience: Some(pb::WholeAudience {}),
            ..pb::SendCampaignRequest::default()
        };
        let (begun, _) = send(live, request).await;
        assert_eq!(
            live.until_finished(&begun.id).await.counts.unwrap().total,
            0
        );
    });
}

#[test]
fn a_repeated_request_sends_nothing_new() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        people(live, 2).await;
        let once = pb::SendCampaignRequest {
            request_id: Some("order-1".into()),
            ..to(&["u0"])
        };
        let (first, _) = send(live, once.clone()).await;
        live.until_finished(&first.id).await;
        // Whatever else it holds: the request id is what was promised. That it holds something else is said.
        let other = pb::SendCampaignRequest {
            request_id: Some("order-1".into()),
            ..to(&["u0", "u1"])
        };
        for (request, differs) in [(once, false), (other, true)] {
            let answer = live.client().await.campaigns.send_campaign(request).await;
            let again = answer.unwrap().into_inner();
            assert_eq!(
                (again.repeated_request, again.request_differs),
                (true, differs)
            );
            assert_eq!(again.send.unwrap().id, first.id);
        }
        assert_eq!(live.sandbox.handle.messages().len(), 1);
    });
}

#[test]
fn a_send_that_breaks_a_rule_sends_nothing() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        people(live, 1).await;
        let mut client = live.client().await;
        let both = pb::SendCampaignRequest {
            audience: Some(pb::WholeAudience {}),
            ..to(&["u0"])
        };
        let unknown = pb::SendCampaignRequest {
            campaign: "none".into(),
            ..to(&["u0"])
        };
        let many: Vec<String> = (0..10_001).map(|n| format!("u{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut heavy = to(&["u0"]);
        heavy.recipients[0].trigger_properties = Some(object(json!({
            "a": "x".repeat(4_000), "b": "x".repeat(4_000), "c": "x".repeat(4_000),
            "d": "x".repeat(4_000), "e": "x".repeat(4_000),
        })));
        let cases = [
            (to(&[]), "INVALID_FIELD", "recipients"),
            (
                to(&["u0", "nobody"]),
                "INVALID_FIELD",
                "recipients[1].external_id",
            ),
            (
                to(&["u0", "u0"]),
                "INVALID_FIELD",
                "recipients[1].external_id",
            ),
            (heavy, "INVALID_FIELD", "recipients[0].trigger_properties"),
            (to(&many), "OVER_LIMIT", "recipients"),
            (both, "INVALID_FIELD", "audience"),
            (unknown, "NOT_FOUND", ""),
        ];
        for (request, reason, field) in cases {
            let (_, r, status) = refused(client.campaigns.send_campaign(request)).await;
            assert_eq!(r, reason);
            let violation = status.get_details_bad_request();
            let named = violation.map_or_else(String::new, |b| b.field_violations[0].field.clone());
            assert_eq!(named, field);
        }
        let request = pb::ListSendsRequest::default();
        let sends = client
            .deliveries
            .list_sends(request)
            .await
            .unwrap()
            .into_inner()
            .sends;
        assert_eq!(sends, []);
        let refusal = refused(client.deliveries.get_send(pb::GetSendRequest {
            send_id: "x".into(),
        }));
        assert_eq!(refusal.await.0, Code::InvalidArgument);
    });
}
