//! What a send's messages missed, and what they said of themselves.

use std::sync::Arc;
use std::time::Duration;

use recado::api::pb;
use recado::api::pb::export_user_response::Part;
use recado::clock::ManualClock;
use recado::sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};

use super::campaigns::PAGE;
use crate::stage::{Live, Stage, ticking, value};

const HELLO: (&str, &str) = (
    "hello.yaml",
    "kind: Campaign\nname: hello\nchannel: page\ntrigger: {api: {}}\n\
     message:\n  text: >-\n    \
     Hi {{${first_name}}} of {{${city} | default: 'nowhere'}}: {{${prices}[${plan}]}}\n    \
     {% message_extras :key greeted :value {{${first_name} | default: 'nobody'}} %}\n",
);

/// Twenty: seven without a name, four without a city, one without a price of their plan.
async fn people(live: &Live) -> Vec<String> {
    let names: Vec<String> = (0..20).map(|n| format!("u{n}")).collect();
    let of = |n: usize| -> Json {
        let mut user =
            json!({"messenger_id": format!("1{n}"), "prices": {"basic": 5}, "plan": "basic"});
        if n >= 7 {
            user["first_name"] = json!(format!("N{n}"));
        }
        if n >= 4 {
            user["city"] = json!("Rome");
        }
        if n == 19 {
            user["plan"] = json!("secret plan of u19");
        }
        user
    };
    live.upsert(
        names
            .iter()
            .enumerate()
            .map(|(n, name)| (name.as_str(), of(n))),
    )
    .await;
    names
}

async fn send(live: &Live, people: &[String]) -> String {
    let recipients = people.iter().map(|name| pb::Recipient {
        external_id: name.clone(),
        trigger_properties: None,
    });
    let request = pb::SendCampaignRequest {
        campaign: "hello".into(),
        recipients: recipients.collect(),
        ..pb::SendCampaignRequest::default()
    };
    let answer = live.client().await.campaigns.send_campaign(request).await;
    answer.unwrap().into_inner().send.unwrap().id
}

async fn deliveries(live: &Live, id: &str) -> Vec<pb::Delivery> {
    let request = pb::ListDeliveriesRequest {
        external_id: id.into(),
        ..pb::ListDeliveriesRequest::default()
    };
    let answer = live
        .client()
        .await
        .deliveries
        .list_deliveries(request)
        .await;
    answer.unwrap().into_inner().deliveries
}

fn misses(send: &pb::Send) -> Vec<(&str, i64, i64)> {
    let misses = send.misses.iter();
    misses
        .map(|miss| (miss.name.as_str(), miss.deliveries, miss.without_default))
        .collect()
}

const EXPECTED: [(&str, i64, i64); 3] =
    [("first_name", 7, 7), ("city", 4, 0), ("prices.[…]", 1, 1)];

#[test]
fn each_delivery_counts_once_however_often_it_was_tried_and_a_restart_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("recado.sqlite");
    let clock = ManualClock::at("2027-01-01T00:00:00Z".parse().unwrap());
    let mut id = String::new();
    let stage = Stage::new().with_store(store.clone()).with_clock(&clock);
    stage.with_files([PAGE, HELLO]).run(async |live| {
        let retried = Rule::always(Fault::error(2)).times(2);
        live.sandbox.handle.add_fault(retried.clone().psid("10"));
        live.sandbox.handle.add_fault(retried.psid("12"));
        let names = people(live).await;
        id = send(live, &names).await;
        let finished = live.until_finished(&id);
        let done = ticking(&clock, Duration::from_millis(100), finished).await;
        assert_eq!(done.counts.unwrap().sent, 20);
        assert_eq!(deliveries(live, "u0").await[0].attempts, 3);
        assert_eq!(misses(&done), EXPECTED);
    });
    let again: Arc<ManualClock> = clock;
    Stage::new()
        .with_store(store)
        .with_clock(&again)
        .run(async |live| {
            let request = pb::GetSendRequest {
                send_id: id.clone(),
            };
            let mut client = live.client().await;
            let read = client.deliveries.get_send(request).await.unwrap();
            assert_eq!(misses(&read.into_inner().send.unwrap()), EXPECTED);
            let listed = client
                .deliveries
                .list_sends(pb::ListSendsRequest::default());
            let listed = listed.await.unwrap().into_inner().sends;
            assert_eq!(misses(&listed[0]), EXPECTED);
        });
}

#[test]
fn extras_are_shown_and_exported_and_go_with_the_user() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let names = people(live).await;
        let id = send(live, &names[6..8]).await;
        live.until_finished(&id).await;
        let extras = async |name: &str| deliveries(live, name).await[0].message_extras.clone();
        assert_eq!(extras("u6").await["greeted"], "nobody");
        assert_eq!(extras("u7").await["greeted"], "N7");
        let request = pb::ExportUserRequest {
            external_id: "u7".into(),
        };
        let mut client = live.client().await;
        let mut parts = client
            .users
            .export_user(request)
            .await
            .unwrap()
            .into_inner();
        let mut exported = None;
        while let Some(part) = parts.message().await.unwrap() {
            if let Some(Part::Delivery(delivery)) = part.part {
                exported = Some(delivery.fields["message_extras"].clone());
            }
        }
        assert_eq!(exported, Some(value(json!({"greeted": "N7"}))));
        let gone = pb::DeleteUsersRequest {
            external_ids: vec!["u7".into()],
        };
        client.users.delete_users(gone).await.unwrap();
        let request = pb::ListDeliveriesRequest {
            send_id: id,
            ..pb::ListDeliveriesRequest::default()
        };
        let left = client.deliveries.list_deliveries(request).await.unwrap();
        let left = left.into_inner().deliveries;
        assert_eq!(left.len(), 2);
        let of_gone = left.iter().find(|delivery| delivery.external_id.is_empty());
        assert!(of_gone.unwrap().message_extras.is_empty());
    });
}
