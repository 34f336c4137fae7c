//! Plans of much at once: they say how much there is, and fit an answer.

use std::fmt::Write;

use recado::api::pb;
use serde_json::json;

use crate::stage::{Live, Stage, source_files};

const PAGE: &str = "kind: Channel\nname: page\ntype: webhook\nurl: https://hooks.example.com/x\n";
const CAMPAIGNS: usize = 30;

async fn plan(live: &Live, files: &[(String, String)]) -> pb::Plan {
    let files = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    let request = pb::PlanCampaignsRequest {
        files: source_files(files),
        ..pb::PlanCampaignsRequest::default()
    };
    let mut client = live.client().await;
    let planned = client.campaigns.plan_campaigns(request).await.unwrap();
    let planned = planned.into_inner();
    planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics))
}

/// Thirty blocks that each of thirty campaigns uses; each campaign is for users of one age.
fn shared(word: &str) -> Vec<(String, String)> {
    let mut files = vec![("page.yaml".to_owned(), PAGE.to_owned())];
    let mut uses = String::new();
    for n in 0..CAMPAIGNS {
        let text = format!("kind: ContentBlock\nname: block-{n:02}\ncontent: {word} {n}\n");
        files.push((format!("block-{n:02}.yaml"), text));
        write!(uses, "{{{{content_blocks.${{block-{n:02}}}}}}}").unwrap();
    }
    for n in 0..CAMPAIGNS {
        let text = format!(
            "kind: Campaign\nname: campaign-{n:02}\nchannel: page\nfilter: user.age == {n}\n\
             trigger: {{api: {{}}}}\nmessage: {{text: \"{uses}\"}}\n"
        );
        files.push((format!("campaign-{n:02}.yaml"), text));
    }
    files
}

#[test]
fn what_uses_a_change_is_counted_and_some_of_it_named() {
    Stage::new().run(async |live| {
        let people = (0..40).map(|n| (format!("user-{n}"), json!({"age": n})));
        let people: Vec<_> = people.collect();
        live.upsert(people.iter().map(|(id, json)| (id.as_str(), json.clone())))
            .await;
        let applied = shared("Hello");
        live.apply(
            applied
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
        .await;
        let plan = plan(live, &shared("Welcome")).await;
        assert_eq!(
            (plan.changes.len(), plan.reached.len()),
            (CAMPAIGNS, CAMPAIGNS)
        );
        for change in &plan.changes {
            assert_eq!((change.used_by.len(), change.used_by_total), (20, 30));
            assert_eq!(change.used_by[0], "Campaign campaign-00");
            // Of forty users thirty are in the audience of one of the campaigns.
            assert_eq!(change.audience, Some(30), "{}", change.name);
        }
        for one in &plan.reached {
            assert_eq!((one.through.len(), one.through_total), (20, 30));
            let effect = one.effect.as_ref().unwrap();
            assert_eq!(effect.audience.as_ref().unwrap().after, 1);
            assert_eq!(effect.messages.as_ref().unwrap().differing, 1);
        }
        assert_eq!(plan.uncounted, 0);
    });
}

#[test]
fn fields_that_an_answer_has_no_room_for_are_counted() {
    let catalog = |word: &str| {
        let mut rows = "id,text\n".to_owned();
        for n in 0..9_000 {
            writeln!(rows, "{n},{}", word.repeat(100)).unwrap();
        }
        let catalog = "kind: Catalog\nname: shop\nfile: shop.csv\n";
        [("shop.yaml", catalog.to_owned()), ("shop.csv", rows)]
            .map(|(path, text)| (path.to_owned(), text))
    };
    Stage::new().run(async |live| {
        let applied = catalog("abc");
        live.apply(
            applied
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
        .await;
        let plan = plan(live, &catalog("xyz")).await;
        let change = &plan.changes[0];
        assert_eq!(change.fields_total, 9_000);
        assert!(
            (1_000..9_000).contains(&change.fields.len()),
            "{}",
            change.fields.len()
        );
        assert!(prost::Message::encoded_len(&plan) < 5 << 20);
    });
}
