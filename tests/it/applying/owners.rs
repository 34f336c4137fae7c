//! Teams that share a server: each changes what is its own, and uses what others own.

use recado::api::pb;
use recado::api::pb::preview_message_request::Subject;
use serde_json::json;
use tonic::Code;

use super::{File, apply};
use crate::stage::{Live, Stage, object, refused, source_files};

/// Both keep their Settings under the same path.
pub(super) const GROWTH: File<'static> = (
    "settings.yaml",
    "kind: Settings\nname: growth\nowner: growth\n",
);
pub(super) const ORDERS: File<'static> = (
    "settings.yaml",
    "kind: Settings\nname: orders\nowner: orders\n",
);
pub(super) const PAGE: File<'static> = (
    "page.yaml",
    "kind: Channel\nname: page\ntype: messenger\npage_id: me\ntoken: {env: T}\n",
);
pub(super) const VIP: File<'static> = (
    "vip.yaml",
    "kind: Segment\nname: vip\nfilter: user.n > 1 && !blank(user.messenger_id)\n",
);
pub(super) const SHIPPED: File<'static> = (
    "shipped.yaml",
    "kind: Campaign\nname: shipped\nchannel: page\nsegment: vip\ntrigger: {api: {}}\nmessage: {text: It is on its way}\n",
);

fn wish(files: &[File<'_>]) -> pb::PlanCampaignsRequest {
    pb::PlanCampaignsRequest {
        files: source_files(files.iter().copied()),
        ..pb::PlanCampaignsRequest::default()
    }
}

fn pruning(files: &[File<'_>]) -> pb::PlanCampaignsRequest {
    pb::PlanCampaignsRequest {
        prune: true,
        ..wish(files)
    }
}

fn back(revision: u64, owner: Option<&str>) -> pb::PlanCampaignsRequest {
    pb::PlanCampaignsRequest {
        back: Some(pb::RevisionTarget {
            revision,
            owner: owner.map(str::to_owned),
            all_owners: false,
        }),
        ..pb::PlanCampaignsRequest::default()
    }
}

async fn plan(live: &Live, wish: pb::PlanCampaignsRequest) -> pb::PlanCampaignsResponse {
    let mut client = live.client().await;
    let planned = client.campaigns.plan_campaigns(wish).await;
    planned.unwrap().into_inner()
}

/// What a plan changes, such as `update Segment vip`; or what is wrong, as codes and messages.
async fn changes(live: &Live, wish: pb::PlanCampaignsRequest) -> Result<Vec<String>, Vec<String>> {
    let planned = plan(live, wish).await;
    let Some(plan) = planned.plan else {
        let told = planned.diagnostics.iter();
        return Err(told
            .map(|it| format!("{}: {}: {}", it.file, it.code, it.message))
            .collect());
    };
    assert_eq!(
        planned.diagnostics,
        [],
        "nobody is told of what others wrote"
    );
    let changes = plan.changes.iter().map(|change| {
        let action = change.action().as_str_name().to_lowercase();
        let action = action.rsplit('_').next().unwrap().to_owned();
        format!("{action} {} {}", change.kind, change.name)
    });
    Ok(changes.collect())
}

async fn make(live: &Live, wish: pb::PlanCampaignsRequest) -> pb::ApplyCampaignsResponse {
    let planned = plan(live, wish.clone()).await;
    let plan = planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics));
    let is_sealed = planned.seal.is_some();
    let request = pb::ApplyCampaignsRequest {
        files: wish.files,
        seal: planned.seal,
        fingerprint: if is_sealed {
            String::new()
        } else {
            plan.fingerprint
        },
        prune: wish.prune,
        allow: wish.allow,
        back: wish.back,
        ..pb::ApplyCampaignsRequest::default()
    };
    apply(live, request).await
}

/// What is applied, such as `growth Segment vip.yaml`.
async fn applied(live: &Live) -> Vec<String> {
    let mut client = live.client().await;
    let export = client
        .campaigns
        .export_campaigns(pb::ExportCampaignsRequest::default());
    let export = export.await.unwrap().into_inner();
    let files = export.owners.iter().zip(&export.files);
    files
        .map(|(owner, file)| format!("{owner}: {}", file.path))
        .collect()
}

/// Growth owns a page and a segment, orders a campaign that uses both.
async fn shared(live: &Live) {
    live.upsert([("ana", json!({"n": 2, "messenger_id": "7"}))])
        .await;
    make(live, wish(&[GROWTH, PAGE, VIP])).await;
    make(live, wish(&[ORDERS, SHIPPED])).await;
}

#[test]
fn each_plans_against_its_own_and_uses_what_others_own() {
    Stage::new().run(async |live| {
        shared(live).await;
        for files in [&[GROWTH, PAGE, VIP][..], &[ORDERS, SHIPPED]] {
            let plan = plan(live, wish(files)).await.plan.unwrap();
            assert_eq!(plan.changes, []);
            assert_eq!(plan.orphans, []);
            assert_eq!(plan.unchanged as usize, files.len());
        }
        assert_eq!(
            applied(live).await,
            [
                "growth: page.yaml",
                "growth: settings.yaml",
                "growth: vip.yaml",
                "orders: settings.yaml",
                "orders: shipped.yaml"
            ]
        );
        let wider = VIP.1.replace("> 1", "> 0");
        let planned = plan(live, wish(&[GROWTH, PAGE, (VIP.0, &wider)])).await;
        let change = &planned.plan.unwrap().changes[0];
        assert_eq!(change.used_by, ["Campaign shipped"], "another owner's too");
        // A draft is beside what others own, too.
        let text = SHIPPED.1.replace("on its way", "there");
        let request = pb::PreviewMessageRequest {
            campaign: "shipped".into(),
            subject: Some(Subject::User(pb::User {
                external_id: "x".into(),
                attributes: Some(object(json!({"n": 2, "messenger_id": "7"}))),
            })),
            files: source_files([ORDERS, (SHIPPED.0, text.as_str())]),
            ..pb::PreviewMessageRequest::default()
        };
        let shown = live.client().await.campaigns.preview_message(request).await;
        assert!(
            shown
                .unwrap()
                .into_inner()
                .request
                .unwrap()
                .body
                .contains("It is there")
        );
    });
}

#[test]
fn what_others_own_is_not_changed_and_not_pulled_away() {
    Stage::new().run(async |live| {
        shared(live).await;
        let narrower = ("other.yaml", VIP.1);
        for (settings, hint) in [
            (Some(ORDERS), "`--allow takeover=growth`"),
            (None, "`owner: growth`"),
        ] {
            let files: Vec<_> = settings.into_iter().chain([narrower, SHIPPED]).collect();
            let planned = plan(live, wish(&files)).await;
            let told = &planned.diagnostics[0];
            assert_eq!(planned.plan, None);
            assert_eq!(
                (told.code.as_str(), told.file.as_str(), told.line),
                ("other-owner", "other.yaml", 2)
            );
            assert_eq!(told.message, "the Segment `vip` belongs to `growth`");
            assert!(told.hint.contains(hint), "{}", told.hint);
        }
        let told = changes(live, pruning(&[GROWTH, PAGE])).await.unwrap_err();
        let gone = "`shipped.yaml`, which `orders` owns, would break: there is no segment `vip`";
        assert_eq!(told, [format!(": missing-reference: {gone}")]);
        // Once it is not used any more it may go.
        make(live, pruning(&[ORDERS])).await;
        assert_eq!(
            changes(live, pruning(&[GROWTH, PAGE])).await,
            Ok(vec!["delete Segment vip".into()])
        );
    });
}

#[test]
fn pruning_takes_what_is_ones_own() {
    Stage::new()
        .with_files([("old.yaml", "kind: Segment\nname: old\nfilter: 'true'\n")])
        .run(async |live| {
            shared(live).await;
            let orphan = plan(live, wish(&[GROWTH, PAGE])).await.plan.unwrap();
            assert_eq!((orphan.owner.as_str(), orphan.changes.len()), ("growth", 0));
            assert_eq!(orphan.orphans[0].name, "vip");
            let other = changes(live, pruning(&[ORDERS])).await;
            assert_eq!(other, Ok(vec!["delete Campaign shipped".into()]));
            make(live, pruning(&[ORDERS])).await;
            make(live, pruning(&[GROWTH])).await;
            assert_eq!(
                applied(live).await,
                [
                    ": old.yaml",
                    "growth: settings.yaml",
                    "orders: settings.yaml"
                ]
            );
            let mut client = live.client().await;
            let (code, _, status) = refused(client.campaigns.plan_campaigns(pruning(&[VIP]))).await;
            assert_eq!(code, Code::InvalidArgument);
            assert!(
                status.message().contains("declare `owner:` in Settings"),
                "{status:?}"
            );
        });
}

#[test]
fn what_nobody_owns_is_taken_on_and_what_others_own_when_it_is_said() {
    Stage::new().with_files([PAGE, VIP]).run(async |live| {
        let expected = [
            "update Channel page",
            "update Segment vip",
            "create Settings growth",
        ];
        let taking = changes(live, wish(&[GROWTH, PAGE, VIP])).await.unwrap();
        assert_eq!(taking, expected);
        make(live, wish(&[GROWTH, PAGE, VIP])).await;
        assert_eq!(
            changes(live, wish(&[GROWTH, PAGE, VIP])).await,
            Ok(Vec::new())
        );
        let mut taking = wish(&[ORDERS, VIP]);
        assert!(changes(live, taking.clone()).await.is_err());
        taking.allow = vec!["takeover=growth".into()];
        let planned = plan(live, taking.clone()).await.plan.unwrap();
        let change = planned.changes.iter().find(|it| it.name == "vip").unwrap();
        assert_eq!(
            (
                change.fields[0].path.as_str(),
                change.fields[0].after.as_str()
            ),
            ("(owner)", "orders")
        );
        make(live, taking).await;
        assert_eq!(changes(live, wish(&[GROWTH, PAGE])).await, Ok(Vec::new()));
        assert!(applied(live).await.contains(&"orders: vip.yaml".to_owned()));
        let mut client = live.client().await;
        let unknown = pb::PlanCampaignsRequest {
            allow: vec!["everything".into()],
            ..wish(&[ORDERS])
        };
        let (code, _, status) = refused(client.campaigns.plan_campaigns(unknown)).await;
        assert_eq!(code, Code::InvalidArgument);
        assert!(
            status.message().contains("`everything` cannot be allowed"),
            "{status:?}"
        );
    });
}

#[test]
fn going_back_is_of_one_owner_unless_it_is_said() {
    Stage::new().run(async |live| {
        shared(live).await;
        let wider = VIP.1.replace("> 1", "> 0");
        make(live, wish(&[GROWTH, PAGE, (VIP.0, &wider)])).await;
        make(live, pruning(&[ORDERS])).await;
        let mut client = live.client().await;
        let (code, _, status) = refused(client.campaigns.plan_campaigns(back(2, None))).await;
        assert_eq!(code, Code::InvalidArgument);
        let told = status.message();
        assert!(
            told.contains("resources of `growth` and `orders` changed since"),
            "{told}"
        );
        assert_eq!(
            changes(live, back(2, Some("growth"))).await,
            Ok(vec!["update Segment vip".into()])
        );
        assert_eq!(
            changes(live, back(2, Some("orders"))).await,
            Ok(vec!["create Campaign shipped".into()])
        );
        let mut all = back(2, None);
        all.back.as_mut().unwrap().all_owners = true;
        assert_eq!(changes(live, all.clone()).await.unwrap().len(), 2);
        // Only `orders` changed something since.
        make(live, back(3, None)).await;
        make(live, all).await;
        assert_eq!(
            changes(live, wish(&[GROWTH, PAGE, VIP])).await,
            Ok(Vec::new())
        );
        assert_eq!(
            changes(live, wish(&[ORDERS, SHIPPED])).await,
            Ok(Vec::new())
        );
    });
}

#[test]
fn one_owner_says_what_the_server_may_reach() {
    let reach = |name: &str| {
        format!(
            "kind: Settings\nname: {name}\nowner: {name}\nconnected_content: {{hosts: [a.example]}}\n"
        )
    };
    let (one, other) = (reach("growth"), reach("orders"));
    Stage::new().run(async |live| {
        make(live, wish(&[("s.yaml", &one)])).await;
        let told = changes(live, wish(&[("s.yaml", &other)]))
            .await
            .unwrap_err();
        let expected = "`connected_content` stands in Settings that `growth` owns already";
        assert_eq!(told, [format!("s.yaml: duplicate-resource: {expected}")]);
    });
}

#[test]
fn owners_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let stage = || Stage::new().with_store(folder.path().join("store.sqlite"));
    stage().run(async |live| shared(live).await);
    stage().run(async |live| {
        assert_eq!(
            changes(live, wish(&[GROWTH, PAGE, VIP])).await,
            Ok(Vec::new())
        );
        assert_eq!(
            changes(live, wish(&[ORDERS, SHIPPED])).await,
            Ok(Vec::new())
        );
    });
}

/// A small team declares an owner, and goes back to before it did: nothing of it may go by that.
#[test]
fn to_go_back_past_the_first_owner_deletes_nothing_of_theirs() {
    Stage::new().run(async |live| {
        let unowned = make(live, wish(&[PAGE, VIP])).await.revision;
        let narrower = VIP.1.replace("> 1", "> 5");
        make(live, wish(&[GROWTH, PAGE, (VIP.0, &narrower)])).await;
        for owner in [None, Some("growth")] {
            let told = changes(live, back(unowned, owner)).await.unwrap();
            assert_eq!(told, ["update Segment vip", "delete Settings growth"]);
        }
        make(live, back(unowned, None)).await;
        assert_eq!(
            applied(live).await,
            ["growth: page.yaml", "growth: vip.yaml"]
        );
    });
}
