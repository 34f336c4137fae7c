//! What an apply is held to, what lifts it, and what is on record of that.

use recado::api::pb;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use super::{apply, sealed};
use crate::stage::{Live, Stage, refused};

const HOOK: (&str, &str) = (
    "hook.yaml",
    "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n",
);
const VIP: (&str, &str) = ("vip.yaml", "kind: Segment\nname: vip\nfilter: user.n > 8\n");
const SALE: (&str, &str) = (
    "sale.yaml",
    "kind: Campaign\nname: sale\nchannel: hook\nsegment: vip\nmax_audience: 3\ntrigger: {api: {}}\nmessage: {text: Sale}\n",
);

fn settings(plan: &str) -> String {
    format!("kind: Settings\nname: growth\nowner: growth\nplan: {{{plan}}}\n")
}

fn campaigns(n: usize) -> Vec<(String, String)> {
    let campaign = |n| {
        let text = format!(
            "kind: Campaign\nname: c{n}\nchannel: hook\ntrigger: {{api: {{}}}}\nmessage: {{text: Number {n}}}\n"
        );
        (format!("c{n}.yaml"), text)
    };
    (0..n).map(campaign).collect()
}

/// A plan of these files; what is not among them goes.
async fn pruning(live: &Live, files: &[(&str, &str)]) -> pb::ApplyCampaignsRequest {
    let request = pb::PlanCampaignsRequest {
        files: crate::stage::source_files(files.iter().copied()),
        prune: true,
        ..pb::PlanCampaignsRequest::default()
    };
    let mut client = live.client().await;
    let planned = client.campaigns.plan_campaigns(request.clone()).await;
    pb::ApplyCampaignsRequest {
        files: request.files,
        seal: planned.unwrap().into_inner().seal,
        ..pb::ApplyCampaignsRequest::default()
    }
}

/// An apply that is refused until `allow` is given; then what it lifted is on record.
async fn lifted(live: &Live, mut request: pb::ApplyCampaignsRequest, allow: &str, told: &str) {
    let mut client = live.client().await;
    request.allow = vec!["takeover=nobody".into()];
    let (code, reason, status) = refused(client.campaigns.apply_campaigns(request.clone())).await;
    assert_eq!(
        (code, reason.as_str()),
        (Code::FailedPrecondition, "OVER_PLAN_LIMIT")
    );
    let expected = format!("{told}: `--allow {allow}` lifts it");
    assert!(status.message().contains(&expected), "{}", status.message());
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.metadata[allow], told);
    request.allow.push(allow.into());
    request.allow.push("drift".into());
    let applied = apply(live, request).await;
    let plan = applied.plan.unwrap();
    assert_eq!(
        (
            plan.limits[0].allow.as_str(),
            plan.limits[0].message.as_str()
        ),
        (allow, told)
    );
    let revisions = client
        .campaigns
        .list_revisions(pb::ListRevisionsRequest::default());
    let newest = revisions.await.unwrap().into_inner().revisions.remove(0);
    assert_eq!(newest.allowed, [allow], "only what was needed");
}

#[test]
fn an_audience_does_not_grow_past_what_a_campaign_says() {
    Stage::new().run(async |live| {
        let people: Vec<_> = (0..10)
            .map(|n| (format!("user-{n}"), json!({"n": n})))
            .collect();
        live.upsert(people.iter().map(|(id, json)| (id.as_str(), json.clone())))
            .await;
        apply(live, sealed(live, &[HOOK, VIP, SALE]).await).await;
        let up_to = |n| VIP.1.replace("> 8", &format!("> {n}"));
        // By the segment that it goes to.
        let fits = up_to(6);
        apply(live, sealed(live, &[HOOK, (VIP.0, &fits), SALE]).await).await;
        let wide = up_to(4);
        let wide = [HOOK, (VIP.0, wide.as_str()), SALE];
        let told = "campaign `sale` would reach 5 people, 3 before, and its `max_audience` is 3";
        lifted(live, sealed(live, &wide).await, "growth=sale", told).await;
        // What is over it already may change, as long as it does not grow.
        let narrower = up_to(5);
        apply(live, sealed(live, &[HOOK, (VIP.0, &narrower), SALE]).await).await;
        // A new one is held to it, too.
        let other = SALE
            .1
            .replace("name: sale", "name: other")
            .replace("segment: vip\n", "");
        let files = [
            HOOK,
            (VIP.0, narrower.as_str()),
            SALE,
            ("other.yaml", other.as_str()),
        ];
        let told = "campaign `other` would reach 10 people, 0 before, and its `max_audience` is 3";
        lifted(live, sealed(live, &files).await, "growth=other", told).await;
    });
}

#[test]
fn not_too_many_campaigns_go_or_begin_at_once() {
    Stage::new().run(async |live| {
        let all = campaigns(12);
        let files = |n: usize| {
            all.iter()
                .take(n)
                .map(|(path, text)| (path.as_str(), text.as_str()))
        };
        let strict = settings("max_starts: 11, max_deletes: 50%, few_deletes: 2");
        let strict = ("settings.yaml", strict.as_str());
        let many: Vec<_> = [HOOK, strict].into_iter().chain(files(12)).collect();
        let told = "12 campaigns would be new at once; `plan.max_starts` is 11";
        lifted(live, sealed(live, &many).await, "starts", told).await;
        let half: Vec<_> = [HOOK, strict].into_iter().chain(files(6)).collect();
        apply(live, pruning(live, &half).await).await;
        let laxer = settings("max_deletes: 100%");
        let none = [HOOK, ("settings.yaml", laxer.as_str())];
        // What a change brings along loosens nothing for itself.
        let told = "6 of 6 campaigns would be deleted; `plan.max_deletes` is 50%";
        lifted(live, pruning(live, &none).await, "deletes", told).await;
    });
}

#[test]
fn a_rename_is_told_as_one() {
    Stage::new()
        .with_files([HOOK, VIP, SALE])
        .run(async |live| {
            let renamed = SALE.1.replace("name: sale", "name: summer-sale");
            let request = pb::PlanCampaignsRequest {
                files: crate::stage::source_files([HOOK, VIP, ("summer.yaml", renamed.as_str())]),
                ..pb::PlanCampaignsRequest::default()
            };
            let mut client = live.client().await;
            let planned = client
                .campaigns
                .plan_campaigns(request)
                .await
                .unwrap()
                .into_inner();
            let plan = planned.plan.unwrap();
            let change = &plan.changes[0];
            assert_eq!(
                (change.name.as_str(), change.renamed_from.as_str()),
                ("summer-sale", "sale")
            );
            assert_eq!(plan.orphans[0].name, "sale");
        });
}

/// One that names a segment in its filter is reached like one that goes to it.
#[test]
fn an_audience_grows_through_a_filter_too() {
    Stage::new().run(async |live| {
        let people: Vec<_> = (0..10)
            .map(|n| (format!("user-{n}"), json!({"n": n})))
            .collect();
        live.upsert(people.iter().map(|(id, json)| (id.as_str(), json.clone())))
            .await;
        let sale = SALE.1.replace("segment: vip", "filter: in_segment('vip')");
        let sale = (SALE.0, sale.as_str());
        apply(live, sealed(live, &[HOOK, VIP, sale]).await).await;
        let wide = VIP.1.replace("> 8", "> 4");
        let wide = [HOOK, (VIP.0, wide.as_str()), sale];
        let told = "campaign `sale` would reach 5 people, 1 before, and its `max_audience` is 3";
        lifted(live, sealed(live, &wide).await, "growth=sale", told).await;
    });
}

/// To declare an owner is no way out of what holds for the files so far.
#[test]
fn a_new_owner_is_held_to_the_rules_of_what_it_takes_on() {
    Stage::new().run(async |live| {
        let all = campaigns(3);
        let files = |n: usize| {
            all.iter()
                .take(n)
                .map(|(path, text)| (path.as_str(), text.as_str()))
        };
        let unowned = "kind: Settings\nname: all\nplan: {max_starts: 1}\n";
        let first: Vec<_> = [HOOK, ("settings.yaml", unowned)]
            .into_iter()
            .chain(files(1))
            .collect();
        apply(live, sealed(live, &first).await).await;
        let owned = "kind: Settings\nname: all\nowner: growth\n";
        let many: Vec<_> = [HOOK, ("settings.yaml", owned)]
            .into_iter()
            .chain(files(3))
            .collect();
        let told = "2 campaigns would be new at once; `plan.max_starts` is 1";
        lifted(live, sealed(live, &many).await, "starts", told).await;
    });
}
