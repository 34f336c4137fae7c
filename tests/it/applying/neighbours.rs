//! Teams that apply between another's plan and its apply: what does not concern it does not hold it up.

use recado::api::pb;
use tonic::Code;

use super::owners::{GROWTH, ORDERS, PAGE, SHIPPED, VIP};
use super::{File, apply, sealed};
use crate::stage::{Live, Stage, refused, source_files};

const SUMMER: File<'static> = (
    "summer.yaml",
    "kind: Campaign\nname: summer\nchannel: page\ntrigger: {api: {}}\nmessage: {text: It is warm}\n",
);
const SUMMER_HOT: File<'static> = (
    "summer.yaml",
    "kind: Campaign\nname: summer\nchannel: page\ntrigger: {api: {}}\nmessage: {text: It is hot}\n",
);
const SHIPPED_TODAY: File<'static> = (
    "shipped.yaml",
    "kind: Campaign\nname: shipped\nchannel: page\nsegment: vip\ntrigger: {api: {}}\nmessage: {text: It comes today}\n",
);
const VIP_OF_FIVE: File<'static> = (
    "vip.yaml",
    "kind: Segment\nname: vip\nfilter: user.n > 5 && !blank(user.messenger_id)\n",
);
/// Of `orders`, for the segment of `growth`.
const THANKS: File<'static> = (
    "thanks.yaml",
    "kind: Campaign\nname: thanks\nchannel: page\nsegment: vip\ntrigger: {api: {}}\nmessage: {text: Thanks}\n",
);

/// `growth` has a segment and a campaign of its own, `orders` a campaign for the segment.
async fn shared(live: &Live) {
    make(live, &[GROWTH, PAGE, VIP, SUMMER]).await;
    make(live, &[ORDERS, SHIPPED]).await;
}

async fn make(live: &Live, files: &[File<'_>]) -> u64 {
    apply(live, sealed(live, files).await).await.revision
}

/// Why a plan is stale.
async fn stale(live: &Live, request: pb::ApplyCampaignsRequest) -> String {
    let mut client = live.client().await;
    let (code, reason, status) = refused(client.campaigns.apply_campaigns(request)).await;
    assert_eq!((code, reason.as_str()), (Code::Aborted, "STALE_PLAN"));
    status.message().to_owned()
}

#[test]
fn what_does_not_concern_a_plan_does_not_make_it_stale() {
    Stage::new().run(async |live| {
        shared(live).await;
        let request = sealed(live, &[ORDERS, SHIPPED_TODAY]).await;
        assert_eq!(make(live, &[GROWTH, PAGE, VIP, SUMMER_HOT]).await, 3);
        let applied = apply(live, request.clone()).await;
        assert_eq!((applied.revision, applied.already_applied), (4, false));
        assert_eq!(applied.plan.unwrap().changes.len(), 1);
        // Others go on; who asks once more is told which revision it made.
        assert_eq!(make(live, &[GROWTH, PAGE, VIP, SUMMER]).await, 5);
        let again = apply(live, request).await;
        assert_eq!((again.revision, again.newest), (4, 5));
        assert!(again.already_applied);
    });
}

#[test]
fn what_a_changed_resource_uses_makes_its_plan_stale() {
    Stage::new().run(async |live| {
        shared(live).await;
        let request = sealed(live, &[ORDERS, SHIPPED_TODAY]).await;
        make(live, &[GROWTH, PAGE, VIP_OF_FIVE, SUMMER_HOT]).await;
        let message = stale(live, request).await;
        // And not what it has nothing to do with.
        assert!(message.ends_with("changed since: Segment vip"), "{message}");
    });
}

#[test]
fn who_comes_to_use_what_changes_makes_its_plan_stale() {
    Stage::new().run(async |live| {
        shared(live).await;
        let request = sealed(live, &[GROWTH, PAGE, VIP_OF_FIVE, SUMMER]).await;
        make(live, &[ORDERS, SHIPPED, THANKS]).await;
        let message = stale(live, request).await;
        assert!(
            message.contains("changed since: Campaign thanks"),
            "{message}"
        );
    });
}

#[test]
fn settings_of_anybody_make_every_plan_stale() {
    Stage::new().run(async |live| {
        shared(live).await;
        let request = sealed(live, &[ORDERS, SHIPPED_TODAY]).await;
        let stricter = format!("{}plan: {{max_starts: 1}}\n", GROWTH.1);
        make(live, &[(GROWTH.0, &stricter), PAGE, VIP, SUMMER]).await;
        let message = stale(live, request).await;
        assert!(
            message.contains("changed since: Settings growth"),
            "{message}"
        );
    });
}

/// What `growth` has besides, which `orders` uses: itself, or through something else.
const LENT: [File<'static>; 5] = [
    (
        "footer.yaml",
        "kind: ContentBlock\nname: footer\ncontent: Bye\n",
    ),
    ("shop.yaml", "kind: Catalog\nname: shop\nfile: shop.csv\n"),
    ("shop.csv", "id,title\na,Boots\n"),
    (
        "note.yaml",
        "kind: Template\nname: note\nmessage: {text: \"{% catalog_items shop a %}{{items[0].title}}{{content_blocks.${footer}}}\"}\n",
    ),
    (
        "core.yaml",
        "kind: Segment\nname: core\nfilter: user.n > 3\n",
    ),
];
const BORROWER: [File<'static>; 2] = [
    (
        "inner.yaml",
        "kind: Segment\nname: inner\nfilter: in_segment(\"core\")\n",
    ),
    (
        "borrower.yaml",
        "kind: Campaign\nname: borrower\nchannel: page\nsegment: inner\ntrigger: {api: {}}\ntemplate: note\n",
    ),
];

#[test]
fn what_is_used_through_others_makes_a_plan_stale() {
    let with = |edited: Option<File<'static>>| {
        let edit = |file: File<'static>| edited.filter(|it| it.0 == file.0).unwrap_or(file);
        let all = [GROWTH, PAGE].into_iter().chain(LENT);
        all.map(edit).collect::<Vec<_>>()
    };
    let cases = [
        (
            (
                "page.yaml",
                "kind: Channel\nname: page\ntype: messenger\npage_id: me\ntoken: {env: U}\n",
            ),
            "Channel page",
        ),
        (
            (
                "footer.yaml",
                "kind: ContentBlock\nname: footer\ncontent: Ciao\n",
            ),
            "ContentBlock footer",
        ),
        (("shop.csv", "id,title\na,Shoes\n"), "CatalogFile shop.csv"),
        (
            (
                "note.yaml",
                "kind: Template\nname: note\nmessage: {text: Note}\n",
            ),
            "Template note",
        ),
        (
            (
                "core.yaml",
                "kind: Segment\nname: core\nfilter: user.n > 4\n",
            ),
            "Segment core",
        ),
    ];
    Stage::new().run(async |live| {
        let mut changed = BORROWER;
        changed[1].1 = "kind: Campaign\nname: borrower\nchannel: page\nsegment: inner\nfilter: user.n < 90\ntrigger: {api: {}}\ntemplate: note\n";
        for (edited, told) in cases {
            make(live, &with(None)).await;
            make(live, &[&[ORDERS], &BORROWER[..]].concat()).await;
            let request = sealed(live, &[&[ORDERS], &changed[..]].concat()).await;
            make(live, &with(Some(edited))).await;
            let message = stale(live, request).await;
            assert!(message.ends_with(&format!("changed since: {told}")), "{message}");
        }
        let request = sealed(live, &[&[ORDERS], &changed[..]].concat()).await;
        let declared = ("attributes.yaml", "kind: Attributes\nname: profile\nattributes: {n: {type: int}}\n");
        make(live, &[&with(None)[..], &[declared]].concat()).await;
        let message = stale(live, request).await;
        assert!(message.contains("Attributes profile"), "{message}");
    });
}

#[test]
fn a_mistake_in_settings_makes_nobody_else_of_their_owner() {
    Stage::new().run(async |live| {
        shared(live).await;
        let wrong = format!("{}plan: {{max_deletes: many}}\n", ORDERS.1);
        let request = pb::PlanCampaignsRequest {
            files: source_files([(ORDERS.0, wrong.as_str()), SHIPPED]),
            ..pb::PlanCampaignsRequest::default()
        };
        let mut client = live.client().await;
        let planned = client.campaigns.plan_campaigns(request).await.unwrap();
        let told = planned.into_inner().diagnostics;
        let told: Vec<_> = told.iter().map(|it| (&*it.code, &*it.file)).collect();
        assert_eq!(told, [("wrong-value", ORDERS.0)]);
    });
}
