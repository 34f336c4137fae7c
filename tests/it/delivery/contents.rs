//! Connected content: fetched while a message is made, from real endpoints, and never from where it may not be.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use recado::lifecycle::Tasks;
use recado::model::delivery::{ReasonCode, State};
use recado::model::limits;
use recado::model::resource::Kind;
use tokio::net::TcpListener;

use super::stage::{Builder, Stage, people};

/// A source of content: what it was asked, and how often it still fails.
#[derive(Debug, Clone, Default)]
struct Source {
    asked: Arc<Mutex<Vec<String>>>,
    failures: Arc<Mutex<u32>>,
}

// === impl Source ===

impl Source {
    async fn start(tasks: &Tasks) -> (Self, String) {
        let source = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(source.clone());
        tasks.spawn("source", async move {
            axum::serve(listener, router).await.unwrap();
        });
        (source, url)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock())
    }
}

async fn answer(Shared(source): Shared<Source>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let auth = request.headers().get("authorization");
    let auth = auth.map_or(String::new(), |auth| format!(" {}", auth.to_str().unwrap()));
    source
        .asked
        .lock()
        .push(format!("{} {}{auth}", request.method(), request.uri()));
    {
        let mut failures = source.failures.lock();
        if *failures > 0 {
            *failures -= 1;
            return (axum::http::StatusCode::SERVICE_UNAVAILABLE, "down").into_response();
        }
    }
    match path.as_str() {
        "/json" => r#"{"city": "Lisboa", "temp": 21}"#.into_response(),
        "/half" => half(),
        "/large" => "x".repeat(limits::CONTENT_BYTES_MAX + 1).into_response(),
        "/broken" => vec![b'a', 0xff, b'b'].into_response(),
        "/redirect" => axum::response::Redirect::to("/json").into_response(),
        _ => (axum::http::StatusCode::NOT_FOUND, "nothing").into_response(),
    }
}

/// An answer that promises more than it brings.
fn half() -> Response {
    let begin = stream::once(async { Ok("{") });
    let end = stream::once(async {
        // What was written so far goes out first.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("gone"))
    });
    let parts = begin.chain(end);
    axum::body::Body::from_stream(parts).into_response()
}

/// A stage whose settings allow the source.
fn allowed(text: &str) -> Builder {
    Stage::builder()
        .message(&format!("message: {{text: \"{text}\"}}"))
        .with(
            Kind::Settings,
            "settings",
            "name: settings\nconnected_content:\n  hosts: [127.0.0.1]\n  allow_private_network: true\n  \
             credentials: {source: {hosts: [127.0.0.1], username: me, password: {env: TOKEN}}}\n",
        )
}

fn texts(stage: &Stage) -> Vec<String> {
    let messages = stage.sandbox.handle.messages().into_iter();
    messages
        .map(|message| message.body["message"]["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_becomes_part_of_the_message_and_is_used_again() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    let text = format!(
        "{{% connected_content {url}/json?u={{{{${{first_name}}}}}} :basic_auth source :save w %}}{{{{w.city}}}} {{{{w.temp}}}}"
    );
    let stage = allowed(&text).build().await;
    let send = stage.send("all", &people(1)).await;
    stage.start();
    stage.until_state(send, State::Sent, 1).await;
    // The next ones find the answer, until it is five minutes old.
    let send = stage.send("more", &people(5)).await;
    stage.until_state(send, State::Sent, 5).await;
    assert_eq!(texts(&stage), vec!["Lisboa 21"; 6]);
    let credentials = "Basic bWU6c3RhZ2UtdG9rZW4=";
    assert_eq!(source.asked(), [format!("GET /json?u=Ana {credentials}")]);
    stage.clock.advance(Duration::from_mins(6));
    let send = stage.send("later", &people(1)).await;
    stage.until_state(send, State::Sent, 1).await;
    assert_eq!(source.asked().len(), 1);
    stage.stop().await;
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_good_leaves_the_message_without() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    for path in ["large", "broken", "redirect", "missing"] {
        let text = format!("[{{% connected_content {url}/{path} %}}{{{{connected.city}}}}]");
        let stage = allowed(&text).build().await;
        let send = stage.send(path, &people(1)).await;
        stage.start();
        stage.until_state(send, State::Sent, 1).await;
        assert_eq!(texts(&stage), ["[]"], "{path}");
        // A redirect is not followed.
        assert_eq!(source.asked(), [format!("GET /{path}")]);
        stage.stop().await;
    }
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_must_have_it_waits_and_is_given_up_in_the_end() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    let text = format!("{{% connected_content {url}/json :retry %}}{{{{connected.city}}}}");
    let stage = allowed(&text).build().await;
    *source.failures.lock() = 2;
    let send = stage.send("patient", &people(1)).await;
    stage.start();
    for attempts in 1..=2 {
        let waiting = stage.until_waiting(send, attempts).await;
        let reason = waiting.reason.unwrap();
        assert_eq!(reason.code, ReasonCode::ContentUnavailable);
        assert_eq!(
            reason.detail,
            "connected content from `127.0.0.1`: status 503"
        );
        stage.clock.advance(Duration::from_mins(10));
    }
    stage.until_state(send, State::Sent, 1).await;
    assert_eq!(texts(&stage), ["Lisboa"]);

    // The answer of before is too old by now.
    stage.clock.advance(Duration::from_mins(10));
    *source.failures.lock() = u32::MAX;
    let send = stage.send("hopeless", &people(1)).await;
    for attempts in 1..limits::ATTEMPTS_MAX {
        stage.until_waiting(send, attempts).await;
        stage.clock.advance(Duration::from_mins(10));
    }
    stage.until_state(send, State::Skipped, 1).await;
    let reason = stage.only(send).await.reason.unwrap();
    assert_eq!(reason.code, ReasonCode::ContentUnavailable);
    stage.stop().await;
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    let text = format!("{{% connected_content {url}/half :retry %}}");
    let stage = allowed(&text).build().await;
    let send = stage.send("half", &people(1)).await;
    stage.start();
    let reason = stage.until_waiting(send, 1).await.reason.unwrap();
    assert_eq!(reason.code, ReasonCode::ContentUnavailable);
    assert!(
        reason.detail.ends_with("the answer broke off"),
        "{reason:?}"
    );
    assert_eq!(source.asked().len(), 1);
    stage.stop().await;
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_password_is_the_matter_of_its_message_and_not_of_the_channel() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    let text = format!(
        "{{% if ${{wishes}} %}}{{% connected_content {url}/json :basic_auth source %}}{{{{connected.city}}}}\
         {{% else %}}without{{% endif %}}"
    );
    let settings = "name: settings\nconnected_content:\n  hosts: [127.0.0.1]\n  allow_private_network: true\n  \
         credentials: {source: {hosts: [127.0.0.1], username: me, password: {env: NOBODY_SET_IT}}}\n";
    let builder = Stage::builder().message(&format!("message: {{text: \"{text}\"}}"));
    let stage = builder
        .with(Kind::Settings, "settings", settings)
        .build()
        .await;
    let [first, second] = [&people(2)[0], &people(2)[1]];
    stage.wish(first, &["weather"]).await;
    let held = stage.send("held", std::slice::from_ref(first)).await;
    stage.start();
    let reason = stage.until_waiting(held, 1).await.reason.unwrap();
    assert_eq!(reason.code, ReasonCode::ContentUnavailable);
    assert!(
        reason.detail.contains("`source`") && reason.detail.contains("`NOBODY_SET_IT` is not set"),
        "{reason:?}"
    );
    // The channel goes on: this one asks for nothing.
    let free = stage.send("free", std::slice::from_ref(second)).await;
    stage.until_state(free, State::Sent, 1).await;
    assert_eq!(texts(&stage), ["without"]);
    assert!(source.asked().is_empty());
    stage.stop().await;
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_and_a_host_made_of_data_are_not_asked() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    let hosts = "name: settings\nconnected_content: {hosts: [127.0.0.1]}\n";
    let cases = [
        (format!("{url}/json"), "port"),
        ("http://127.0.0.1/json".to_owned(), "private address"),
        (
            "http://{{${first_name}}}.test/".to_owned(),
            "a host that Settings do not allow",
        ),
    ];
    for (at, (url, why)) in cases.iter().enumerate() {
        let text = format!("message: {{text: \"{{% connected_content {url} %}}\"}}");
        let builder = Stage::builder().message(&text);
        let stage = builder
            .with(Kind::Settings, "settings", hosts)
            .build()
            .await;
        let send = stage.send(&format!("send{at}"), &people(1)).await;
        stage.start();
        stage.until_state(send, State::Failed, 1).await;
        let reason = stage.only(send).await.reason.unwrap();
        assert_eq!(reason.code, ReasonCode::RenderFailed);
        assert!(reason.detail.contains(why), "{}", reason.detail);
        // A reason stays when the person whose data made the host is gone.
        assert!(!reason.detail.contains("Ana"), "{}", reason.detail);
        stage.stop().await;
    }
    assert!(source.asked().is_empty());
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_asks_only_so_often() {
    let tasks = Tasks::new();
    let (source, url) = Source::start(&tasks).await;
    let text = format!(
        "{{% for i in (1..50) %}}{{% connected_content {url}/json?i={{{{i}}}} %}}{{% endfor %}}"
    );
    let stage = allowed(&text).build().await;
    let send = stage.send("loop", &people(1)).await;
    stage.start();
    stage.until_state(send, State::Failed, 1).await;
    let reason = stage.only(send).await.reason.unwrap();
    assert!(
        reason.detail.contains("more than 10 times"),
        "{}",
        reason.detail
    );
    assert_eq!(source.asked().len(), limits::CONTENT_CALLS_MAX);
    stage.stop().await;
    tasks.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_blocks_and_catalogs_come_together_in_a_carousel() {
    let message = "template: offer";
    let template = "name: offer\nmessage:\n  attachment:\n    type: template\n    payload:\n      \
        template_type: generic\n      sharable: \"{{ true }}\"\n      elements:\n        \
        - {title: \"{{content_blocks.${greeting}}}\", subtitle: First}\n        \
        - each: id in custom_attribute.${wishes}\n          \
          do: {title: \"{% catalog_items games {{id}} %}{{items[0].title}}\", \
               subtitle: \"{% catalog_items games {{id}} %}{{items[0].note}}\", image_url: \"https://a.test/{{id}}.png\"}\n";
    let catalog = "name: games\nid: sku\ncsv: |\n  sku,title,note\n  g1,Tales,\n  g2,Regex,Sharp\n";
    let block = "name: greeting\ncontent: \"For {{${first_name} | default: 'you'}}\"\n";
    let stage = Stage::builder()
        .message(message)
        .with(Kind::Template, "offer", template)
        .with(Kind::Catalog, "games", catalog)
        .with(Kind::ContentBlock, "greeting", block)
        .build()
        .await;
    let send = stage.send("carousel", &people(1)).await;
    stage.wish(&people(1)[0], &["g2", "g1"]).await;
    stage.start();
    stage.until_state(send, State::Sent, 1).await;
    let message = stage.sandbox.handle.messages().remove(0);
    let expected = serde_json::json!({
        "template_type": "generic",
        "sharable": true,
        "elements": [
            {"title": "For Ana", "subtitle": "First"},
            {"title": "Regex", "subtitle": "Sharp", "image_url": "https://a.test/g2.png"},
            // A subtitle that came out empty is left out.
            {"title": "Tales", "image_url": "https://a.test/g1.png"},
        ],
    });
    assert_eq!(message.body["message"]["attachment"]["payload"], expected);
    stage.stop().await;
}
