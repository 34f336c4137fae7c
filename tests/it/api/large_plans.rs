//! Plans of much at once: they say how much there is, and fit an answer.

use std::fmt::Write;

use futures_util::future::{join_all, select_all};
use recado::api::pb;
use recado::model::limits;
use serde_json::json;
use tonic::Code;

use crate::stage::{Live, Stage, refused, source_files};

const PAGE: &str = "kind: Channel\nname: page\ntype: webhook\nurl: https://hooks.example.com/x\n";
const CAMPAIGNS: usize = 30;

fn request(files: &[(String, String)]) -> pb::PlanCampaignsRequest {
    let files = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    pb::PlanCampaignsRequest {
        files: source_files(files),
        ..pb::PlanCampaignsRequest::default()
    }
}

async fn plan(live: &Live, files: &[(String, String)]) -> pb::Plan {
    let request = request(files);
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

/// A catalog whose nine thousand rows all change, beside a campaign and Settings in which one word does.
fn huge(word: &str, text: &str, percent: &str) -> Vec<(String, String)> {
    let mut rows = "id,text\n".to_owned();
    for n in 0..9_000 {
        writeln!(rows, "{n},{}", word.repeat(100)).unwrap();
    }
    let campaign = format!(
        "kind: Campaign\nname: sale\nchannel: page\ntrigger: {{api: {{}}}}\nmessage: {{text: {text}}}\n"
    );
    let settings = format!("kind: Settings\nname: settings\nplan: {{max_deletes: {percent}}}\n");
    let catalog = "kind: Catalog\nname: shop\nfile: shop.csv\n".to_owned();
    [
        ("page.yaml", PAGE.to_owned()),
        ("shop.yaml", catalog),
        ("shop.csv", rows),
        ("sale.yaml", campaign),
        ("settings.yaml", settings),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into()
}

#[test]
fn fields_that_an_answer_has_no_room_for_hide_no_others() {
    Stage::new().run(async |live| {
        let applied = huge("abc", "Hello", "30%");
        live.apply(
            applied
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
        .await;
        let plan = plan(live, &huge("xyz", "Buy now", "100%")).await;
        let fields: Vec<_> = plan
            .changes
            .iter()
            .map(|change| {
                (
                    change.name.as_str(),
                    change.fields.len(),
                    change.fields_total,
                )
            })
            .collect();
        let [
            ("shop.csv", shown, 9_000),
            ("sale", 1, 1),
            ("settings", 1, 1),
        ] = fields[..]
        else {
            panic!("{fields:?}");
        };
        assert!((1_000..9_000).contains(&shown), "{shown}");
        assert!(prost::Message::encoded_len(&plan) < 5 << 20);
    });
}

#[test]
fn too_many_plans_at_once_are_turned_away_and_nobody_who_leaves_keeps_a_turn() {
    Stage::new().run(async |live| {
        let files = shared("Hello");
        let all = limits::PLANS_MAX + limits::PLANS_WAITING_MAX;
        let asked = (0..3 * all).map(|_| async {
            let mut client = live.client().await;
            client.campaigns.plan_campaigns(request(&files)).await
        });
        let answers = join_all(asked).await;
        let (made, turned_away): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert!(
            made.len() >= all && !turned_away.is_empty(),
            "{}",
            made.len()
        );
        for answer in turned_away {
            let (code, reason, _) = refused(async { answer }).await;
            assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "BUSY"));
        }
        let mut leaving: Vec<_> = (0..all)
            .map(|_| {
                Box::pin(async {
                    let mut client = live.client().await;
                    client.campaigns.plan_campaigns(request(&files)).await
                })
            })
            .collect();
        // The first answer says that the server is at it.
        let (first, ..) = select_all(leaving.iter_mut()).await;
        assert!(first.is_ok());
        drop(leaving);
        assert_eq!(plan(live, &files).await.changes.len(), 2 * CAMPAIGNS + 1);
    });
}

/// Each block is used by all campaigns but one: as many different crowds as there are blocks.
#[test]
fn crowds_that_would_take_too_long_are_not_counted_and_the_plan_says_so() {
    const N: usize = 240;
    let files = |word: &str| {
        let settings = "kind: Settings\nname: settings\nplan: {max_starts: 500}\n";
        let files = [("page.yaml", PAGE), ("settings.yaml", settings)];
        let mut files = Vec::from(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        for n in 0..N {
            let text = format!("kind: ContentBlock\nname: b{n}\ncontent: {word}\n");
            files.push((format!("b{n}.yaml"), text));
            let others = (0..N).filter(|other| *other != n);
            let mut uses = String::new();
            for other in others {
                write!(uses, "{{{{content_blocks.${{b{other}}}}}}}").unwrap();
            }
            let text = format!(
                "kind: Campaign\nname: c{n}\nchannel: page\ntrigger: {{api: {{}}}}\nmessage: {{text: \"{uses}\"}}\n"
            );
            files.push((format!("c{n}.yaml"), text));
        }
        files
    };
    Stage::new().run(async |live| {
        live.upsert([("ana", json!({"age": 3}))]).await;
        let applied = files("a");
        live.apply(
            applied
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
        .await;
        let plan = plan(live, &files("b")).await;
        let counted = plan
            .changes
            .iter()
            .filter(|change| change.audience == Some(1));
        let counted = counted.count();
        assert_eq!(counted, limits::SHARED_CROWDS_MAX / (N - 1));
        assert_eq!(plan.uncounted as usize, N - counted);
        // The campaigns that they reach are counted all the same.
        assert!(plan.reached.iter().all(|one| {
            let effect = one.effect.as_ref().unwrap();
            effect
                .audience
                .as_ref()
                .is_some_and(|audience| audience.after == 1)
        }));
    });
}
