//! Previews of random members, with events and extras, and of drafts; and how a test is marked.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::post;
use parking_lot::Mutex;
use recado::api::pb;
use recado::api::pb::preview_message_request::Subject;
use recado::lifecycle::Tasks;
use serde_json::json;
use tokio::net::TcpListener;
use tonic::Code;

use super::campaigns::{HELLO, PAGE};
use crate::stage::{Live, Stage, object, refused, source_files};

/// Uses an event, adds extras, and lacks a default once.
const SHIPPED: (&str, &str) = (
    "shipped.yaml",
    "kind: Campaign\nname: shipped\nchannel: page\ntrigger: {api: {}}\n\
     message: {text: \"{% message_extras :key kind :value {{event_properties.${carrier}}} %}\
     Hi {{${first_name} | default: 'you'}} of {{${city}}}, by {{event_properties.${carrier}}}\"}\n",
);

async fn ask(live: &Live, request: pb::PreviewMessageRequest) -> pb::PreviewMessageResponse {
    let mut client = live.client().await;
    let shown = client.campaigns.preview_message(request).await;
    shown.unwrap().into_inner()
}

fn random(campaign: &str, seed: Option<u32>) -> pb::PreviewMessageRequest {
    pb::PreviewMessageRequest {
        campaign: campaign.into(),
        subject: Some(Subject::RandomMember(pb::RandomMember { seed })),
        ..pb::PreviewMessageRequest::default()
    }
}

fn draft(files: &[(&str, &str)]) -> pb::PreviewMessageRequest {
    pb::PreviewMessageRequest {
        campaign: "hello".into(),
        subject: Some(Subject::ExternalId("ana".into())),
        files: source_files(files.iter().copied()),
        ..pb::PreviewMessageRequest::default()
    }
}

#[test]
fn a_random_member_is_named_and_taken_again_by_its_seed() {
    Stage::new()
        .with_files([PAGE, HELLO, SHIPPED])
        .run(async |live| {
            let mut client = live.client().await;
            let nobody = refused(client.campaigns.preview_message(random("hello", None))).await;
            assert_eq!(
                (nobody.0, nobody.1.as_str()),
                (Code::FailedPrecondition, "EMPTY_AUDIENCE")
            );
            let ids: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
            // One half is in the audience.
            let users = ids.iter().enumerate().map(|(n, id)| {
                let country = if n % 2 == 0 { "BR" } else { "PT" };
                let psid = format!("9{n}");
                (
                    id.as_str(),
                    json!({"country": country, "messenger_id": psid}),
                )
            });
            live.upsert(users).await;
            let mut taken = std::collections::BTreeSet::new();
            for seed in 0..20 {
                let shown = ask(live, random("hello", Some(seed))).await;
                assert_eq!(
                    (shown.seed, shown.reason),
                    (Some(seed), None),
                    "it is a member"
                );
                let again = ask(live, random("hello", Some(seed))).await;
                assert_eq!(again.external_id, shown.external_id);
                taken.insert(shown.external_id);
            }
            assert!(taken.len() > 5, "{taken:?}");
            let shown = ask(live, random("hello", None)).await;
            let again = ask(live, random("hello", shown.seed)).await;
            assert_eq!(again.external_id, shown.external_id);
            // A campaign without a filter goes to everybody.
            assert!(
                !ask(live, random("shipped", None))
                    .await
                    .external_id
                    .is_empty()
            );
        });
}

#[test]
fn events_extras_and_what_has_no_default_are_shown() {
    Stage::new().with_files([PAGE, SHIPPED]).run(async |live| {
        let made = pb::User {
            external_id: "made".into(),
            attributes: Some(object(json!({"messenger_id": "7"}))),
        };
        let mut request = pb::PreviewMessageRequest {
            campaign: "shipped".into(),
            subject: Some(Subject::User(made)),
            event_properties: Some(object(json!({"carrier": "ups"}))),
            ..pb::PreviewMessageRequest::default()
        };
        let shown = ask(live, request.clone()).await;
        let body = shown.request.unwrap().body;
        assert!(body.contains("Hi you of , by ups"), "{body}");
        assert_eq!(
            shown.message_extras.get("kind").map(String::as_str),
            Some("ups")
        );
        assert_eq!(shown.misses, ["city", "first_name"]);
        assert_eq!(
            shown.warnings,
            ["`city` is absent and has no `default`: nothing stands in its place"]
        );
        assert_eq!(shown.channel_type, pb::ChannelType::Messenger as i32);
        request.event_properties = Some(object(json!({"carrier": "x".repeat(17_000)})));
        let mut client = live.client().await;
        let (code, reason, _) = refused(client.campaigns.preview_message(request)).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::InvalidArgument, "INVALID_FIELD")
        );
    });
}

#[test]
fn a_draft_is_shown_as_its_files_say_it() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let ana = json!({"country": "PT", "first_name": "Ana", "messenger_id": "1001"});
        live.upsert([("ana", ana)]).await;
        let applied = ask(live, draft(&[])).await;
        assert_eq!(applied.reason.unwrap().code, "not_in_audience");
        let text = HELLO.1.replace("Hi ", "Olá ").replace("\"BR\"", "\"PT\"");
        let shown = ask(live, draft(&[PAGE, (HELLO.0, &text)])).await;
        let codes = shown.diagnostics.iter().map(|found| found.code.as_str());
        let codes: Vec<_> = codes.collect();
        let warned = vec!["messenger-no-psid", "liquid-no-default"];
        assert_eq!((shown.reason, codes), (None, warned));
        assert!(shown.request.unwrap().body.contains("Olá Ana, friend"));
        // A reader of files could otherwise learn what is set on the server.
        let other = PAGE.1.replace("env: T", "env: OTHER");
        let shown = ask(live, draft(&[(PAGE.0, &other), HELLO])).await;
        assert!(
            shown.warnings[0].starts_with("the environment variable `OTHER` is not looked up"),
            "{:?}",
            shown.warnings
        );
        // What is wrong comes with its place, and never looks like a message that would be sent.
        let broken = HELLO.1.replace("'friend'}}", "'friend'");
        let shown = ask(live, draft(&[PAGE, (HELLO.0, &broken)])).await;
        assert_eq!((shown.request, shown.message), (None, None));
        assert_eq!(shown.reason.unwrap().code, "invalid_files");
        let mut errors = shown.diagnostics.iter();
        let error = errors.find(|found| found.severity() == pb::DiagnosticSeverity::Error);
        let error = error.unwrap();
        assert_eq!((error.file.as_str(), error.line), (HELLO.0, 7));
        // Nothing of it was applied.
        let planned = live.apply([PAGE, HELLO]).await;
        assert_eq!(planned.revision, 1);
        let mut client = live.client().await;
        // What is applied and not among the files stays, in a draft too.
        let without = client.campaigns.preview_message(draft(&[PAGE])).await;
        assert!(without.unwrap().into_inner().request.is_some());
        let unknown = pb::PreviewMessageRequest {
            campaign: "bye".into(),
            ..draft(&[PAGE])
        };
        let unknown = refused(client.campaigns.preview_message(unknown)).await;
        assert_eq!(unknown.0, Code::NotFound);
    });
}

#[test]
fn a_draft_opens_no_host() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        live.upsert([("ana", json!({"messenger_id": "1", "country": "BR"}))])
            .await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let fetching = format!(
            "kind: Campaign\nname: hello\nchannel: page\ntrigger: {{api: {{}}}}\n\
             message: {{text: \"{{% connected_content {url} %}}\"}}\n"
        );
        let settings = "kind: Settings\nname: settings\nconnected_content: {hosts: [127.0.0.1], allow_private_network: true}\n";
        let files = [PAGE, (HELLO.0, &fetching), ("settings.yaml", settings)];
        let shown = ask(live, draft(&files)).await;
        let reason = shown.reason.unwrap();
        assert_eq!(reason.code, "render_failed");
        assert!(
            reason
                .detail
                .contains("a host that the applied Settings do not allow"),
            "{}",
            reason.detail
        );
        assert!(reason.detail.contains("apply"), "{}", reason.detail);
        assert_eq!(shown.content_calls[0].result, reason.detail);
        assert_eq!(shown.content_calls[0].end(), pb::ContentEnd::Refused);
        // Its own Settings are no others.
        let shown = ask(live, draft(&files[..2])).await;
        assert_eq!(shown.reason.unwrap().code, "invalid_files");
        // Nobody knocked.
        let accepted = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
        assert!(accepted.is_err());
    });
}

#[test]
fn calls_for_content_are_listed_without_secrets() {
    let tasks = Tasks::new();
    Stage::new().with_files([PAGE]).run(async |live| {
        live.upsert([("ana", json!({"messenger_id": "1", "token": "hunter2"}))])
            .await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(async || r#"{"a": 1}"#);
        tasks.spawn("source", async move {
            axum::serve(listener, router).await.unwrap();
        });
        let hello = format!(
            "kind: Campaign\nname: hello\nchannel: page\ntrigger: {{api: {{}}}}\nmessage:\n  text: >-\n    \
             {{% connected_content {at}/x?token={{{{${{token}}}}}} %}}\n    \
             {{% connected_content {at}/x :method post %}}\n    {{% connected_content http://{{{{${{token}}}}}}.test/ %}}\n"
        );
        let settings = "kind: Settings\nname: settings\n\
                        connected_content: {hosts: [127.0.0.1], allow_private_network: true}\n";
        live.apply([PAGE, ("hello.yaml", &hello), ("settings.yaml", settings)])
            .await;
        for source in [pb::ContentSource::Call, pb::ContentSource::Cache] {
            let shown = ask(live, draft(&[])).await;
            assert_eq!(shown.reason.unwrap().code, "render_failed");
            let post = "it is a POST, which a preview does not make";
            let expected = [
                ("GET", "/x?token=***", source, pb::ContentEnd::Answered, ""),
                ("POST", "/x", pb::ContentSource::None, pb::ContentEnd::Missed, post),
            ];
            let calls = shown.content_calls.iter().map(|call| {
                let path = call.url.strip_prefix(&at).unwrap();
                let (method, why) = (call.method.as_str(), call.problem.as_str());
                (method, path, call.source(), call.end(), why)
            });
            assert_eq!(calls.collect::<Vec<_>>(), expected);
            assert_eq!(shown.content_calls[0].result, "status 200");
            // What could not be made is warned of in nothing.
            assert_eq!(shown.content_calls[1].warning, "");
        }
    });
    tasks.cut();
}

#[test]
fn a_draft_says_what_a_user_made_by_hand_may_have() {
    Stage::new().with_files([PAGE, HELLO]).run(async |live| {
        let declared = "kind: Attributes\nname: all\nattributes:\n  first_name: {type: string}\n  \
                        country: {type: string}\n  messenger_id: {type: string}\n";
        let made = |first_name| {
            let attributes = json!({"messenger_id": "7", "first_name": first_name});
            let user = pb::User {
                external_id: "made".into(),
                attributes: Some(object(attributes)),
            };
            pb::PreviewMessageRequest {
                subject: Some(Subject::User(user)),
                ..draft(&[PAGE, HELLO, ("all.yaml", declared)])
            }
        };
        let mut client = live.client().await;
        let wrong = refused(client.campaigns.preview_message(made(json!(7)))).await;
        assert_eq!(wrong.0, Code::InvalidArgument);
        assert!(
            wrong
                .2
                .message()
                .starts_with("user.attributes.first_name: "),
            "{}",
            wrong.2
        );
        let shown = ask(live, made(json!("Bia"))).await;
        assert!(shown.request.unwrap().body.contains("Hi Bia"));
    });
}

#[test]
fn a_test_says_of_itself_that_it_is_one() {
    Stage::new().with_files([PAGE, SHIPPED]).run(async |live| {
        live.upsert([("ana", json!({"messenger_id": "1001"}))])
            .await;
        let mut client = live.client().await;
        let request = pb::SendTestMessageRequest {
            campaign: "shipped".into(),
            external_id: "ana".into(),
            event_properties: Some(object(json!({"carrier": "ups"}))),
            ..pb::SendTestMessageRequest::default()
        };
        let sent = client
            .campaigns
            .send_test_message(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(sent.reason, None);
        let messages = live.sandbox.handle.messages();
        let mark = format!("test:{}", sent.delivery_id);
        assert_eq!(messages[0].metadata.as_ref(), Some(&mark));
        assert!(sent.delivery_id.starts_with("dlv_"));
        assert_eq!(messages[0].body["message"]["text"], "Hi you of , by ups");
        let list = pb::ListDeliveriesRequest::default();
        let stored = client.deliveries.list_deliveries(list).await.unwrap();
        assert_eq!(stored.into_inner().deliveries, []);
    });
}

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

async fn keep(State(seen): State<Seen>, headers: HeaderMap) {
    seen.lock().push(headers);
}

#[test]
fn a_webhook_is_told_that_it_is_a_test() {
    Stage::new().run(async |live| {
        let (seen, tasks) = (Seen::default(), Tasks::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = format!(
            "kind: Channel\nname: page\ntype: webhook\nurl: 'http://{}/'\nallow_private_network: true\n",
            listener.local_addr().unwrap()
        );
        let router = Router::new()
            .route("/", post(keep))
            .with_state(Seen::clone(&seen));
        tasks.spawn("receiver", async move {
            axum::serve(listener, router).await.unwrap();
        });
        live.apply([(PAGE.0, hook.as_str()), SHIPPED]).await;
        live.upsert([("ana", json!({}))]).await;
        let mut client = live.client().await;
        let request = pb::SendTestMessageRequest {
            campaign: "shipped".into(),
            external_id: "ana".into(),
            ..pb::SendTestMessageRequest::default()
        };
        let sent = client.campaigns.send_test_message(request).await.unwrap();
        let sent = sent.into_inner();
        assert_eq!((sent.reason, sent.http_status), (None, 200));
        let send = pb::SendCampaignRequest {
            campaign: "shipped".into(),
            recipients: vec![pb::Recipient {
                external_id: "ana".into(),
                trigger_properties: None,
            }],
            ..pb::SendCampaignRequest::default()
        };
        let real = client.campaigns.send_campaign(send).await.unwrap();
        live.until_finished(&real.into_inner().send.unwrap().id)
            .await;
        let seen = seen.lock();
        let marks: Vec<_> = seen
            .iter()
            .map(|headers| headers.get("recado-test").map(HeaderValue::as_bytes))
            .collect();
        assert_eq!(marks, [Some(&b"true"[..]), None]);
        assert_eq!(seen[0]["idempotency-key"], sent.delivery_id.as_str());
        tasks.cut();
    });
}

#[test]
fn a_message_that_cannot_be_made_says_what_was_absent_and_nothing_of_other_campaigns() {
    Stage::new().with_files([PAGE]).run(async |live| {
        live.upsert([("ana", json!({"messenger_id": "1"}))]).await;
        let campaign = |name: &str, text: &str| {
            format!("kind: Campaign\nname: {name}\nchannel: page\ntrigger: {{api: {{}}}}\nmessage: {{text: \"{text}\"}}\n")
        };
        // A text that is required comes out empty, since a name is absent.
        let hello = campaign("hello", "{{${city}}}");
        let other = campaign("other", "{{${country}}}");
        let shown = ask(live, draft(&[PAGE, ("hello.yaml", &hello), ("other.yaml", &other)])).await;
        assert_eq!(shown.reason.unwrap().code, "invalid_message");
        assert_eq!(shown.misses, ["city"]);
        let files: Vec<_> = shown.diagnostics.iter().map(|found| found.file.as_str()).collect();
        assert!(!files.is_empty() && files.iter().all(|file| *file == "hello.yaml"), "{files:?}");
    });
}
