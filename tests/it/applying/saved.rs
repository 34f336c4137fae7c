//! Sealed plans: applied once and as they were made, or refused with the reason.

use std::path::Path;
use std::time::Duration;

use recado::api::pb;
use recado::clock::ManualClock;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use super::{BRAZIL, File, PORTUGAL, apply, planned, sealed};
use crate::stage::{Live, Stage, refused, source_files};

const SPAIN: File<'static> = (
    "spain.yaml",
    "kind: Segment\nname: spain\nfilter: user.country == 'ES'\n",
);

/// The reason and the message with which an apply is refused.
async fn why(live: &Live, request: pb::ApplyCampaignsRequest) -> (Code, String, String) {
    let mut client = live.client().await;
    let (code, reason, status) = refused(client.campaigns.apply_campaigns(request)).await;
    (code, reason, status.message().to_owned())
}

async fn back_to(live: &Live, revision: u64) {
    let mut client = live.client().await;
    let request = pb::PlanCampaignsRequest {
        back: Some(pb::RevisionTarget {
            revision,
            ..pb::RevisionTarget::default()
        }),
        ..pb::PlanCampaignsRequest::default()
    };
    let planned = client.campaigns.plan_campaigns(request.clone()).await;
    let request = pb::ApplyCampaignsRequest {
        back: request.back,
        fingerprint: planned.unwrap().into_inner().plan.unwrap().fingerprint,
        ..pb::ApplyCampaignsRequest::default()
    };
    apply(live, request).await;
}

fn drift(percent: &str) -> String {
    format!("kind: Settings\nname: settings\nplan: {{audience_drift: {percent}, max_age: 2h}}\n")
}

fn people(n: usize) -> Vec<(String, serde_json::Value)> {
    let ids = (0..n).map(|n| format!("user-{n}"));
    ids.map(|id| (id, json!({"country": "BR"}))).collect()
}

async fn upsert(live: &Live, n: usize) {
    let people = people(n);
    let people = people.iter().map(|(id, json)| (id.as_str(), json.clone()));
    live.upsert(people).await;
}

#[test]
fn the_same_plan_is_applied_once() {
    Stage::new().run(async |live| {
        let request = sealed(live, &[BRAZIL]).await;
        let first = apply(live, request.clone()).await;
        assert_eq!((first.revision, first.already_applied), (1, false));
        assert!(first.plan.is_some());
        let again = apply(live, request.clone()).await;
        assert_eq!((again.revision, again.already_applied), (1, true));
        live.apply([BRAZIL, PORTUGAL]).await;
        let late = apply(live, request).await;
        assert_eq!((late.revision, late.newest), (1, 2));
        assert_eq!((late.already_applied, late.plan), (true, None));
    });
}

#[test]
fn a_plan_that_was_taken_back_is_not_said_to_be_in_force() {
    Stage::new().run(async |live| {
        live.apply([PORTUGAL]).await;
        let request = sealed(live, &[PORTUGAL, BRAZIL]).await;
        assert_eq!(apply(live, request.clone()).await.revision, 2);
        back_to(live, 1).await;
        let (code, reason, message) = why(live, request.clone()).await;
        assert_eq!((code, reason.as_str()), (Code::Aborted, "STALE_PLAN"));
        for part in [
            "the plan was applied as revision 2, and the state is revision 3",
            "changed since: Segment brazil",
        ] {
            assert!(message.contains(part), "{message}");
        }
        // The state is again what it was, and so is what a new plan does.
        let anew = sealed(live, &[PORTUGAL, BRAZIL]).await;
        assert_eq!(apply(live, anew).await.revision, 4);
        // Somebody else's plan of the same change made it: the first one is settled.
        let again = apply(live, request).await;
        assert_eq!((again.revision, again.already_applied), (2, true));
    });
}

#[test]
fn a_plan_of_a_state_that_is_gone_is_told_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.sqlite");
    let backup = folder.path().join("backup.sqlite");
    let on = |store: &Path| Stage::new().with_store(store.to_owned());
    on(&store).run(async |live| {
        live.apply([PORTUGAL]).await;
    });
    std::fs::copy(&store, &backup).unwrap();
    let mut requests = Vec::new();
    on(&store).run(async |live| {
        live.apply([PORTUGAL, BRAZIL]).await;
        requests.push(sealed(live, &[PORTUGAL, BRAZIL, SPAIN]).await);
    });
    on(&backup).run(async |live| {
        let request = requests.remove(0);
        let behind = why(live, request.clone()).await;
        live.apply([PORTUGAL, SPAIN]).await;
        let other = why(live, request).await;
        for ((code, reason, message), now) in [(behind, 1), (other, 2)] {
            assert_eq!(
                (code, reason.as_str()),
                (Code::FailedPrecondition, "PLAN_FOREIGN")
            );
            let told = format!("this store is at revision {now}: it was set back since");
            assert!(message.contains(&told), "{message}");
        }
    });
}

#[test]
fn a_stale_plan_is_told_what_moved() {
    Stage::new().run(async |live| {
        let request = sealed(live, &[BRAZIL]).await;
        let other = pb::ApplyCampaignsRequest {
            author: "ben".into(),
            commit: "beef".into(),
            message: "for the fair".into(),
            ..sealed(live, &[PORTUGAL]).await
        };
        apply(live, other).await;
        let (code, reason, message) = why(live, request).await;
        assert_eq!((code, reason.as_str()), (Code::Aborted, "STALE_PLAN"));
        for part in [
            "against revision 0, and the state is revision 1",
            "by ben from beef for for the fair",
            "changed since: Segment portugal",
        ] {
            assert!(message.contains(part), "{message}");
        }
    });
}

#[test]
fn nothing_of_a_plan_can_be_changed() {
    Stage::new().run(async |live| {
        let request = sealed(live, &[BRAZIL]).await;
        let edits: [fn(&mut pb::ApplyCampaignsRequest, &mut pb::PlanSeal); 9] = [
            |request, _| request.files[0].text.push('#'),
            |request, _| request.files[0].path.push_str(".yaml"),
            |request, _| request.files.clear(),
            |_, seal| seal.commit = "beef".into(),
            |_, seal| seal.create_time.as_mut().unwrap().seconds += 1,
            |_, seal| seal.changes.clear(),
            |_, seal| seal.changes[0].audience = Some(7),
            |_, seal| seal.version = "9.9.9".into(),
            |_, seal| seal.signature = "no".into(),
        ];
        for (n, edit) in edits.into_iter().enumerate() {
            let mut request = request.clone();
            let mut seal = request.seal.take().unwrap();
            edit(&mut request, &mut seal);
            request.seal = Some(seal);
            let (code, reason, _) = why(live, request).await;
            assert_eq!(code, Code::FailedPrecondition, "edit {n}");
            assert_eq!(reason, "PLAN_EDITED", "edit {n}");
        }
        assert_eq!(apply(live, request).await.revision, 1);
    });
}

#[test]
fn a_plan_of_another_store_is_refused() {
    let mut foreign = None;
    Stage::new().run(async |live| foreign = Some(sealed(live, &[BRAZIL]).await));
    let foreign = foreign.unwrap();
    Stage::new().run(async |live| {
        let (_, reason, message) = why(live, foreign.clone()).await;
        assert_eq!(reason, "PLAN_FOREIGN");
        let made_on = &foreign.seal.as_ref().unwrap().server;
        assert!(message.contains(made_on.as_str()), "{message}");
        // To take the name of this store does not help.
        let own = planned(live, &[BRAZIL]).await.seal.unwrap();
        let mut forged = foreign.clone();
        forged.seal.as_mut().unwrap().server = own.server;
        assert_eq!(why(live, forged).await.1, "PLAN_EDITED");
    });
}

#[test]
fn an_old_plan_is_refused() {
    let clock = ManualClock::at("2026-11-01T08:00:00Z".parse().unwrap());
    Stage::new().with_clock(&clock).run(async |live| {
        let mut request = sealed(live, &[BRAZIL]).await;
        clock.advance(Duration::from_hours(24) + Duration::from_secs(1));
        let (_, reason, message) = why(live, request.clone()).await;
        assert_eq!(reason, "PLAN_EXPIRED");
        assert!(
            message.contains("older than the 1d that are allowed: 1d"),
            "{message}"
        );
        let hours = |n: i64| prost_types::Duration {
            seconds: n * 3_600,
            nanos: 0,
        };
        request.max_age = Some(hours(48));
        assert_eq!(apply(live, request).await.revision, 1);
        // Settings are not overruled.
        let settings = ("settings.yaml", drift("20%"));
        let files = [BRAZIL, (settings.0, settings.1.as_str())];
        live.apply(files).await;
        let mut request = sealed(live, &[BRAZIL, PORTUGAL, files[1]]).await;
        clock.advance(Duration::from_hours(3));
        request.max_age = Some(hours(48));
        let (_, reason, message) = why(live, request).await;
        assert_eq!(reason, "PLAN_EXPIRED");
        assert!(
            message.contains("older than the 2h that are allowed: 3h"),
            "{message}"
        );
    });
}

#[test]
fn a_plan_whose_audience_moved_is_refused() {
    let settings = drift("50%");
    let settings = ("settings.yaml", settings.as_str());
    Stage::new().with_files([settings]).run(async |live| {
        upsert(live, 100).await;
        let request = sealed(live, &[BRAZIL, settings]).await;
        upsert(live, 151).await;
        let mut client = live.client().await;
        let (code, reason, status) =
            refused(client.campaigns.apply_campaigns(request.clone())).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::FailedPrecondition, "AUDIENCE_MOVED")
        );
        let told = "Segment brazil: 100 people when it was planned, 151 now";
        assert!(status.message().contains(told), "{}", status.message());
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["Segment brazil"], "100 -> 151");
        let looser = drift("90%");
        let looser = [BRAZIL, (settings.0, looser.as_str())];
        let mut loosened = sealed(live, &looser).await;
        assert_eq!(loosened.seal.as_ref().unwrap().changes.len(), 2);
        upsert(live, 230).await;
        // What a change brings along loosens nothing for itself.
        assert_eq!(why(live, loosened).await.1, "AUDIENCE_MOVED");
        loosened = sealed(live, &looser).await;
        assert_eq!(apply(live, loosened).await.revision, 2);
    });
}

/// A change may be about nobody, and reach a campaign whose people come later.
#[test]
fn a_plan_whose_reached_campaign_moved_is_refused() {
    Stage::new().run(async |live| {
        upsert(live, 30).await;
        let page = ("hook.yaml", "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n");
        let sale = (
            "sale.yaml",
            "kind: Campaign\nname: sale\nchannel: hook\nsegment: brazil\nfilter: has(user.joined)\ntrigger: {api: {}}\nmessage: {text: Sale}\n",
        );
        live.apply([BRAZIL, page, sale]).await;
        let wider = BRAZIL.1.replace("== 'BR'", "in ['BR', 'AO']");
        let request = sealed(live, &[(BRAZIL.0, &wider), page, sale]).await;
        let joined = (0..30).map(|n| (format!("user-{n}"), serde_json::json!({"joined": true})));
        let joined: Vec<_> = joined.collect();
        live.upsert(joined.iter().map(|(id, json)| (id.as_str(), json.clone()))).await;
        let (_, reason, message) = why(live, request).await;
        assert_eq!(reason, "AUDIENCE_MOVED");
        assert!(message.contains("Campaign sale: 0 people when it was planned, 30 now"), "{message}");
    });
}

#[test]
fn of_two_at_once_one_wins_and_the_other_is_told() {
    Stage::new().run(async |live| {
        let (one, other) = (
            sealed(live, &[BRAZIL]).await,
            sealed(live, &[PORTUGAL]).await,
        );
        let same = one.clone();
        let mut clients = [
            live.client().await,
            live.client().await,
            live.client().await,
        ];
        let [a, b, c] = &mut clients;
        let answers: [_; 3] = tokio::join!(
            a.campaigns.apply_campaigns(one),
            b.campaigns.apply_campaigns(other),
            c.campaigns.apply_campaigns(same),
        )
        .into();
        let [one, other, same] = answers;
        let won = [&one, &same].iter().filter(|it| it.is_ok()).count();
        assert_eq!(
            won == 2,
            other.is_err(),
            "either the first plan or the second"
        );
        let lost = [one, other, same].into_iter().filter_map(Result::err);
        for status in lost {
            assert_eq!(status.code(), Code::Aborted, "{status:?}");
            assert!(status.message().contains("the state is revision 1"));
        }
        let mut client = live.client().await;
        let revisions = client
            .campaigns
            .list_revisions(pb::ListRevisionsRequest::default());
        assert_eq!(revisions.await.unwrap().into_inner().revisions.len(), 1);
    });
}

#[test]
fn callers_who_go_away_leave_the_server_whole() {
    Stage::new().run(async |live| {
        for n in 0..40 {
            let text = format!("kind: Segment\nname: brazil\nfilter: user.n > {n}\n");
            let files = [("brazil.yaml", text.as_str())];
            let request = sealed(live, &files).await;
            let mut client = live.client().await;
            let call = client.campaigns.apply_campaigns(request.clone());
            let left = tokio::time::timeout(Duration::from_micros(200 * n), call).await;
            drop(left);
            // Whether it was applied or not, the same again leads there.
            let answer = apply(live, request).await;
            assert_eq!(answer.revision, n + 1);
            let plan = planned(live, &files).await.plan.unwrap();
            assert_eq!((plan.changes, plan.revision), (Vec::new(), n + 1));
        }
    });
}

#[test]
fn a_seal_and_a_fingerprint_are_one_too_many() {
    Stage::new().run(async |live| {
        let mut request = sealed(live, &[BRAZIL]).await;
        request.fingerprint = "x".into();
        let (code, _, message) = why(live, request).await;
        assert_eq!(code, Code::InvalidArgument);
        assert!(message.contains("leave one out"), "{message}");
        let request = pb::ApplyCampaignsRequest {
            files: source_files([BRAZIL]),
            ..pb::ApplyCampaignsRequest::default()
        };
        assert_eq!(why(live, request).await.0, Code::InvalidArgument);
    });
}
