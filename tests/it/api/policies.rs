//! Policies over plans: those of the docs fire where they should, and a denied plan is not applied.

use std::collections::BTreeSet;

use recado::api::pb;
use recado::clock::ManualClock;
use serde_json::json;

use super::campaigns::PAGE;
use crate::stage::{Live, Stage, source_files, ticking};

/// The Settings of docs/policies.md, with bounds that few people reach.
fn settings() -> String {
    let page = include_str!("../../../docs/policies.md");
    let fenced = page.split("```yaml\n# settings.yaml\n").nth(1).unwrap();
    let text = fenced.split("```").next().unwrap();
    text.replace("name: settings\n", "name: settings\nowner: growth\n")
        .replace("10,000", "3")
        .replace("10000", "3")
        .replace("1000", "2")
}

fn campaign(name: &str, filter: &str, more: &str) -> (String, String) {
    let text = format!(
        "kind: Campaign\nname: {name}\nchannel: page\nfilter: {filter:?}\ntrigger: {{api: {{}}}}\n\
         message: {{text: Hi}}\n{more}"
    );
    (format!("{name}.yaml"), text)
}

type Files = Vec<(String, String)>;

fn files(campaigns: impl IntoIterator<Item = (String, String)>) -> Files {
    let page = (PAGE.0.to_owned(), PAGE.1.to_owned());
    let settings = ("settings.yaml".to_owned(), settings());
    [page, settings].into_iter().chain(campaigns).collect()
}

fn borrowed(files: &Files) -> impl Iterator<Item = (&str, &str)> {
    files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
}

async fn plan(live: &Live, files: &Files) -> pb::PlanCampaignsResponse {
    let request = pb::PlanCampaignsRequest {
        files: source_files(borrowed(files)),
        // Only what somebody owns can be deleted.
        prune: files.iter().any(|(_, text)| text.contains("owner:")),
        ..pb::PlanCampaignsRequest::default()
    };
    let mut client = live.client().await;
    client
        .campaigns
        .plan_campaigns(request)
        .await
        .unwrap()
        .into_inner()
}

/// The policies that fire, by name, and whether there is a plan.
async fn told(live: &Live, files: &Files) -> (BTreeSet<String>, bool) {
    let answer = plan(live, files).await;
    let own = answer
        .diagnostics
        .iter()
        .filter(|it| it.code.starts_with("policy-"));
    let names = own.map(|it| it.hint.split('`').nth(1).unwrap().to_owned());
    (names.collect(), answer.plan.is_some())
}

/// `n` people with a PSID, all from Brazil and the first two aged 70.
async fn people(live: &Live, n: usize) {
    let ids: Vec<String> = (0..n).map(|n| format!("u{n}")).collect();
    let users = ids.iter().enumerate();
    let users = users.map(|(n, id)| {
        let age = if n < 2 { 70 } else { 30 };
        (
            id.as_str(),
            json!({"messenger_id": format!("1{n}"), "country": "BR", "age": age}),
        )
    });
    live.upsert(users).await;
}

const REACHABLE: &str = "!blank(user.messenger_id) && user.age > 60";
const WIDE: &str = "!blank(user.messenger_id) && user.age > 20";
const NOBODY: &str = "!blank(user.messenger_id) && user.age > 90";

/// The names that fire, beside the plan's files and those that are applied.
fn cases() -> Vec<(&'static [&'static str], bool, Files, Files)> {
    let small = || campaign("small", REACHABLE, "");
    let wide = |more| campaign("small", WIDE, more);
    let many = || (0..6).map(|n| campaign(&format!("c{n}"), REACHABLE, "team: growth\n"));
    vec![
        (&[], true, files([]), files([small()])),
        (
            &["asks-for-psid"],
            false,
            files([]),
            files([campaign("all", "user.age > 60", "")]),
        ),
        (
            &["large-has-team", "most-of-everybody"],
            false,
            files([]),
            files([wide("")]),
        ),
        (
            &["most-of-everybody"],
            true,
            files([]),
            files([wide("team: growth\n")]),
        ),
        (
            &["fast-growth"],
            true,
            files([small()]),
            files([wide("team: growth\n")]),
        ),
        (
            &["nobody-left"],
            false,
            files([small()]),
            files([campaign("small", NOBODY, "")]),
        ),
        (&[], true, files([]), files([campaign("small", NOBODY, "")])),
        (&["few-deletions"], false, files(many()), files([])),
        (&[], true, files(many()), files(many().take(1))),
    ]
}

#[test]
fn the_policies_of_the_docs_fire_where_they_should() {
    for (names, has_plan, applied, wanted) in cases() {
        let clock = ManualClock::at("2026-11-27T12:00:00Z".parse().unwrap());
        let stage = Stage::new()
            .with_clock(&clock)
            .with_files(borrowed(&applied));
        stage.run(async |live| {
            people(live, 8).await;
            let expected: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(
                told(live, &wanted).await,
                (expected, has_plan),
                "{wanted:?}"
            );
        });
    }
}

#[test]
fn nothing_changes_over_the_holidays() {
    let clock = ManualClock::at("2026-12-25T12:00:00Z".parse().unwrap());
    Stage::new().with_clock(&clock).run(async |live| {
        people(live, 8).await;
        let wanted = files([campaign("small", REACHABLE, "")]);
        let (names, has_plan) = told(live, &wanted).await;
        assert_eq!((names.len(), has_plan), (1, false));
        assert!(names.contains("holidays"));
    });
}

#[test]
fn messages_of_past_days_count_for_each_person() {
    let clock = ManualClock::at("2026-11-27T12:00:00Z".parse().unwrap());
    let applied = files([campaign("small", REACHABLE, "")]);
    let stage = Stage::new()
        .with_clock(&clock)
        .with_files(borrowed(&applied));
    stage.run(async |live| {
        people(live, 8).await;
        let wanted = files([campaign("small", REACHABLE, "team: growth\n")]);
        assert!(told(live, &wanted).await.0.is_empty());
        let mut client = live.client().await;
        // Two people, eight messages each: more than one a day over seven days.
        for n in 0..8 {
            let request = pb::SendCampaignRequest {
                campaign: "small".into(),
                request_id: Some(format!("r{n}")),
                audience: Some(pb::WholeAudience {}),
                ..pb::SendCampaignRequest::default()
            };
            let sent = client.campaigns.send_campaign(request).await.unwrap();
            let id = sent.into_inner().send.unwrap().id;
            ticking(
                &clock,
                std::time::Duration::from_millis(200),
                live.until_finished(&id),
            )
            .await;
        }
        let answer = plan(live, &wanted).await;
        let change = &answer.plan.unwrap().changes[0];
        let sends = change.effect.as_ref().unwrap().sends.unwrap();
        assert_eq!((sends.at_once, sends.per_send, sends.days), (0, 2, 7));
        assert!((sends.per_day.unwrap() - 16.0 / 7.0).abs() < 1e-9);
        assert_eq!(answer.diagnostics[0].code, "policy-warned");
        assert_eq!(answer.diagnostics[0].file, "small.yaml");
        assert!(answer.diagnostics[0].hint.contains("`too-often`"));
    });
}

#[test]
fn a_plan_that_was_allowed_is_refused_when_its_audience_outgrew_it() {
    Stage::new().run(async |live| {
        people(live, 3).await;
        let wanted = files([campaign("small", WIDE, "")]);
        let allowed = plan(live, &wanted).await.plan.unwrap();
        people(live, 8).await;
        let mut client = live.client().await;
        let request = pb::ApplyCampaignsRequest {
            files: source_files(borrowed(&wanted)),
            fingerprint: allowed.fingerprint,
            ..pb::ApplyCampaignsRequest::default()
        };
        let status = client.campaigns.apply_campaigns(request).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
        assert!(plan(live, &files([])).await.plan.unwrap().revision == 0);
    });
}

#[test]
fn no_change_loosens_what_it_is_held_against() {
    let applied = files([]);
    Stage::new()
        .with_files(borrowed(&applied))
        .run(async |live| {
            people(live, 8).await;
            let mut loosened = files([campaign("all", "user.age > 60", "")]);
            loosened[1].1 = "kind: Settings\nname: settings\nowner: growth\n".to_owned();
            let (names, has_plan) = told(live, &loosened).await;
            assert!(names.contains("asks-for-psid") && !has_plan, "{names:?}");
            // By themselves they go.
            loosened.pop();
            let (names, has_plan) = told(live, &loosened).await;
            assert!(names.is_empty() && has_plan, "{names:?}");
        });
}

const SEGMENT: &str = "kind: Segment\nname: x\nfilter: user.age > 5\n";

fn denying(owner: &str) -> (String, String) {
    let text = format!(
        "kind: Settings\nname: {owner}\nowner: {owner}\npolicies:\n  - name: no-segments\n    \
         when: resource.kind == 'Segment'\n    level: deny\n    message: No segments.\n"
    );
    ("settings.yaml".into(), text)
}

fn laxer(owner: &str) -> Files {
    let settings = format!("kind: Settings\nname: {owner}\nowner: {owner}\n");
    vec![
        ("settings.yaml".into(), settings),
        (
            format!("{owner}.yaml"),
            SEGMENT.replace("name: x", &format!("name: {owner}")),
        ),
    ]
}

async fn make(live: &Live, files: &Files) {
    let fingerprint = plan(live, files).await.plan.unwrap().fingerprint;
    let mut client = live.client().await;
    let request = pb::ApplyCampaignsRequest {
        files: source_files(borrowed(files)),
        fingerprint,
        prune: true,
        ..pb::ApplyCampaignsRequest::default()
    };
    client.campaigns.apply_campaigns(request).await.unwrap();
}

/// What is applied is kept by its owner: no restart and no other team makes it forgotten, and nobody else is held to it.
#[test]
fn policies_that_are_applied_stay_whatever_happens_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.sqlite");
    let denied = (BTreeSet::from(["no-segments".to_owned()]), false);
    Stage::new().with_store(store.clone()).run(async |live| {
        make(live, &vec![denying("aa")]).await;
        assert_eq!(told(live, &laxer("aa")).await, denied);
        make(live, &laxer("bb")).await;
        assert_eq!(
            told(live, &laxer("aa")).await,
            denied,
            "after another owner's apply"
        );
    });
    Stage::new().with_store(store).run(async |live| {
        assert_eq!(told(live, &laxer("aa")).await, denied, "after a restart");
        assert_eq!(told(live, &laxer("bb")).await, (BTreeSet::new(), true));
    });
}
