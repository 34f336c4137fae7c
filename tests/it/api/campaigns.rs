//! `CampaignService`: plan, apply, read, preview and test.

use recado::api::pb;
use recado::api::pb::preview_message_request::Subject;
use serde_json::json;
use tonic::Code;

use crate::stage::{Live, OWNER, Stage, object, refused, source_files};

pub(super) const PAGE: (&str, &str) = (
    "page.yaml",
    "kind: Channel\nname: page\ntype: messenger\npage_id: me\ntoken: {env: T}\n",
);
pub(super) const HELLO: (&str, &str) = (
    "hello.yaml",
    "kind: Campaign\nname: hello\nteam: growth\nchannel: page\n\
     filter: user.country == \"BR\"\ntrigger: {api: {}}\n\
     message: {text: \"Hi {{${first_name}}}, {{api_trigger_properties.${order} | default: 'friend'}}\"}\n",
);

async fn plan(live: &Live, files: &[(&str, &str)]) -> pb::PlanCampaignsResponse {
    let request = pb::PlanCampaignsRequest {
        files: source_files(files.iter().copied()),
        ..pb::PlanCampaignsRequest::default()
    };
    live.client()
        .await
        .campaigns
        .plan_campaigns(request)
        .await
        .unwrap()
        .into_inner()
}

fn apply(files: &[(&str, &str)], fingerprint: String) -> pb::ApplyCampaignsRequest {
    pb::ApplyCampaignsRequest {
        files: source_files(files.iter().copied()),
        fingerprint,
        ..pb::ApplyCampaignsRequest::default()
    }
}

#[test]
fn a_plan_says_what_it_does_to_people() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        live.upsert([
            ("ana", json!({"country": "BR"})),
            ("ben", json!({"country": "PT"})),
        ])
        .await;
        let wider = HELLO.1.replace("== \"BR\"", "in [\"BR\", \"PT\"]");
        let planned = plan(live, &[PAGE, (HELLO.0, &wider)]).await.plan.unwrap();
        assert_eq!(
            (planned.revision, planned.unchanged, planned.changes.len()),
            (1, 1, 1)
        );
        let change = &planned.changes[0];
        assert_eq!(
            (change.kind.as_str(), change.name.as_str()),
            ("Campaign", "hello")
        );
        assert_eq!(change.action(), pb::ChangeAction::Update);
        assert_eq!(
            (change.audience_before, change.audience),
            (Some(1), Some(2))
        );
        assert_eq!(change.fields[0].path, "filter");
        let gone = plan(live, &[PAGE]).await.plan.unwrap();
        assert_eq!(
            (gone.changes.len(), gone.orphans[0].name.as_str()),
            (0, "hello")
        );
        live.apply([PAGE, HELLO, OWNER]).await;
        let request = pb::PlanCampaignsRequest {
            files: source_files([PAGE, OWNER]),
            prune: true,
            ..pb::PlanCampaignsRequest::default()
        };
        let mut client = live.client().await;
        let gone = client.campaigns.plan_campaigns(request).await.unwrap();
        let gone = gone.into_inner().plan.unwrap();
        assert_eq!(gone.changes[0].action(), pb::ChangeAction::Delete);
        assert_eq!(
            (gone.changes[0].audience_before, gone.changes[0].audience),
            (Some(1), None)
        );
    });
}

#[test]
fn only_the_plan_that_was_seen_is_applied() {
    Stage::new().run(async |live| {
        let mut client = live.client().await;
        let fingerprint = plan(live, &[PAGE, HELLO]).await.plan.unwrap().fingerprint;
        let other = apply(&[PAGE], fingerprint.clone());
        let (code, reason, _) = refused(client.campaigns.apply_campaigns(other)).await;
        assert_eq!((code, reason.as_str()), (Code::Aborted, "STALE_PLAN"));
        let request = apply(&[PAGE, HELLO], fingerprint);
        let done = client
            .campaigns
            .apply_campaigns(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(done.revision, 1);
        // Who lost the answer asks again.
        let again = client.campaigns.apply_campaigns(request.clone()).await;
        let again = again.unwrap().into_inner();
        assert_eq!((again.revision, again.already_applied), (1, true));
        let others = apply(&[PAGE], request.fingerprint.clone());
        let others = refused(client.campaigns.apply_campaigns(others)).await;
        assert_eq!(others.0, Code::Aborted, "that plan was of other files");
        // An empty plan makes no revision.
        assert_eq!(live.apply([PAGE, HELLO]).await.revision, 1);
        let commented = format!("{}# new\n", PAGE.1);
        assert_eq!(
            live.apply([(PAGE.0, commented.as_str()), HELLO])
                .await
                .revision,
            2
        );
        let late = refused(client.campaigns.apply_campaigns(request)).await;
        assert_eq!(late.0, Code::Aborted, "the state has moved since that plan");
        let request = pb::GetCampaignRequest {
            campaign: "hello".into(),
        };
        let found = client
            .campaigns
            .get_campaign(request)
            .await
            .unwrap()
            .into_inner();
        let campaign = found.campaign.unwrap();
        assert_eq!((campaign.revision, campaign.team.as_str()), (1, "growth"));
        assert_eq!(found.source, HELLO.1);
    });
}

#[test]
fn broken_files_are_told_with_their_places() {
    Stage::new().run(async |live| {
        let broken = ("x.yaml", "kind: Segment\nname: x\nfilter: user.a = 1\n");
        let planned = plan(live, &[broken]).await;
        assert_eq!(planned.plan, None);
        let problem = &planned.diagnostics[0];
        assert_eq!(problem.severity(), pb::DiagnosticSeverity::Error);
        assert_eq!((problem.file.as_str(), problem.line), ("x.yaml", 3));
        let call = apply(&[broken], "0".repeat(32));
        let (code, reason, _) = refused(live.client().await.campaigns.apply_campaigns(call)).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::FailedPrecondition, "INVALID_FILES")
        );
    });
}

#[test]
fn campaigns_are_listed_by_page() {
    let others = [("b", "b.yaml"), ("c", "c.yaml")].map(|(name, path)| {
        (
            path,
            HELLO.1.replace("name: hello", &format!("name: {name}")),
        )
    });
    let files = others.iter().map(|(path, text)| (*path, text.as_str()));
    Stage::new()
        .with_files([PAGE, HELLO])
        .with_files(files)
        .run(async |live| {
            let mut client = live.client().await;
            let mut request = pb::ListCampaignsRequest {
                page_size: 2,
                page_token: String::new(),
            };
            let first = client
                .campaigns
                .list_campaigns(request.clone())
                .await
                .unwrap()
                .into_inner();
            request.page_token = first.next_page_token;
            let second = client
                .campaigns
                .list_campaigns(request)
                .await
                .unwrap()
                .into_inner();
            let names: Vec<_> = first
                .campaigns
                .iter()
                .chain(&second.campaigns)
                .map(|c| &c.name)
                .collect();
            assert_eq!(names, ["b", "c", "hello"]);
            assert_eq!(second.next_page_token, "");
        });
}

#[test]
fn a_message_is_previewed_for_anybody() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let ana = json!({"country": "BR", "first_name": "Ana", "messenger_id": "1001"});
        live.upsert([("ana", ana)]).await;
        let mut client = live.client().await;
        let mut request = pb::PreviewMessageRequest {
            campaign: "hello".into(),
            subject: Some(Subject::ExternalId("ana".into())),
            trigger_properties: Some(object(json!({"order": "A1"}))),
            ..pb::PreviewMessageRequest::default()
        };
        let shown = client
            .campaigns
            .preview_message(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(shown.reason, None);
        let call = shown.request.unwrap();
        assert!(call.body.contains("Hi Ana, A1") && !format!("{call:?}").contains("sandbox-token"));
        let made = pb::User {
            external_id: "made".into(),
            attributes: Some(object(json!({"messenger_id": "7"}))),
        };
        request.subject = Some(Subject::User(made));
        let shown = client
            .campaigns
            .preview_message(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(shown.misses, ["first_name"]);
        let audience = shown
            .gates
            .iter()
            .find(|gate| gate.name == "not_in_audience")
            .unwrap();
        assert!(!audience.open);
        // The message is shown, and that it would not go out.
        assert!(shown.request.is_some());
        assert_eq!(shown.reason.unwrap().code, "not_in_audience");
        request.subject = Some(Subject::ExternalId("nobody".into()));
        assert_eq!(
            refused(client.campaigns.preview_message(request)).await.0,
            Code::NotFound
        );
        assert!(live.sandbox.handle.messages().is_empty());
    });
}

#[test]
fn a_test_message_is_really_sent() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        live.upsert([("ana", json!({"messenger_id": "1001"})), ("ben", json!({}))])
            .await;
        let mut client = live.client().await;
        let request = |id: &str| pb::SendTestMessageRequest {
            campaign: "hello".into(),
            external_id: id.into(),
            ..pb::SendTestMessageRequest::default()
        };
        let sent = client
            .campaigns
            .send_test_message(request("ana"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((sent.reason, sent.http_status), (None, 200));
        assert!(!sent.message_id.is_empty());
        assert_eq!(live.sandbox.handle.messages().len(), 1);
        let skipped = client
            .campaigns
            .send_test_message(request("ben"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(skipped.reason.unwrap().code, "no_psid");
        assert_eq!((skipped.message_id.as_str(), skipped.http_status), ("", 0));
    });
}

#[test]
fn a_preview_sees_what_the_channel_lacks() {
    let hook = |url: &str| {
        format!(
            "kind: Channel\nname: page\ntype: webhook\nurl: \"{url}\"\nheaders: {{X-Key: {{env: T}}}}\n"
        )
    };
    let (port, fine) = (
        hook("https://acme.example:9000/"),
        hook("https://acme.example/"),
    );
    let cases = [(port.as_str(), Some("port 9000")), (fine.as_str(), None)];
    for (channel, refused) in cases {
        let files = [(PAGE.0, channel), HELLO];
        Stage::new().with_files(files).run(async |live| {
            let ana = json!({"country": "BR", "first_name": "Ana"});
            live.upsert([("ana", ana), ("ben", json!({}))]).await;
            let mut client = live.client().await;
            let mut preview = async |id: &str| {
                let request = pb::PreviewMessageRequest {
                    campaign: "hello".into(),
                    subject: Some(Subject::ExternalId(id.into())),
                    ..pb::PreviewMessageRequest::default()
                };
                let shown = client.campaigns.preview_message(request).await;
                shown.unwrap().into_inner()
            };
            let shown = preview("ana").await;
            assert!(shown.request.is_some(), "it is shown all the same");
            let gate = shown.gates.last().unwrap();
            assert_eq!(gate.name, "channel_misconfigured");
            assert_eq!(gate.open, refused.is_none());
            let reason = shown
                .reason
                .map(|reason| reason.code + ": " + &reason.detail);
            assert_eq!(reason.is_some(), refused.is_some());
            if let (Some(reason), Some(part)) = (reason, refused) {
                assert!(reason.starts_with("channel_misconfigured: "), "{reason}");
                assert!(reason.contains(part), "{reason}");
            }
            // The first closed gate is the reason, as for a real delivery.
            let outside = preview("ben").await;
            assert_eq!(outside.reason.unwrap().code, "not_in_audience");
        });
    }
}

#[test]
fn settings_level_what_only_a_server_sees() {
    Stage::new().run(async |live| {
        live.upsert([("ana", json!({"name": "Ana"}))]).await;
        let vip = (
            "vip.yaml",
            "kind: Segment\nname: vip\nfilter: user.name < now\n",
        );
        for (level, severity, is_planned) in [
            ("warn", Some(pb::DiagnosticSeverity::Warning), true),
            ("error", Some(pb::DiagnosticSeverity::Error), false),
            ("off", None, true),
        ] {
            let settings =
                format!("kind: Settings\nname: settings\nlints: {{filter-never: {level}}}\n");
            let planned = plan(live, &[vip, ("settings.yaml", &settings)]).await;
            let told: Vec<_> = planned
                .diagnostics
                .iter()
                .map(|found| (found.code.as_str(), found.severity()))
                .collect();
            let expected = severity.map(|severity| ("filter-never", severity));
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{level}");
            assert_eq!(planned.plan.is_some(), is_planned, "{level}");
        }
    });
}
